/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main -> mailbox -> the queue -> transfers of one curl multi handle -> the queue -> mailbox -> main. The thread sleeps in
 * curl_multi_poll() on its transfers and the mailbox.
 */
#include "signaling/push-sender.h"

#include <curl/curl.h>
#include <gio/gio.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mailbox-source.h"
#include "base/random.h"
#include "signaling/push-crypt.h"

#define MAILBOX_JOBS 16384
#define CONNECT_TIMEOUT_MS 5000
/* an answer has nothing to say to us; a push service that sends more is cut off */
#define MAX_ANSWER_BYTES 16384
/* what a push service may ask us to wait */
#define MAX_RETRY_AFTER_S 3600
#define SLEEP_MS 60000

typedef struct {
  SigPushSender *sender;
  SigPushJob *job; /* owned */
  CURL *easy;
  struct curl_slist *headers;
  GBytes *body;
  size_t answer_bytes;
  bool refused;    /* it led to where it may not */
} Transfer;

/* to main */
typedef struct {
  SigPushOutcome outcome;
  MsgPushSubscription *to; /* owned */
} Result;

struct SigPushSender {
  /* owned, immutable after the start */
  SigPushSenderConfig config;
  AlMailbox *box, *results;
  GSource *source;
  CURLM *multi;
  pthread_t thread;
  _Atomic int64_t stop_at_us; /* 0: run on */
  /* the thread's only */
  SigPushQueue *queue;
  GHashTable *active;         /* Transfer */
  /* owned by the registry */
  AlCounter *outcomes[SIG_PUSH_OUTCOME_N];
};

static void
result_free (gpointer data)
{
  Result *result = data;

  msg_push_subscription_free (result->to);
  g_free (result);
}

static void
on_result (void *message, void *user)
{
  SigPushSender *self = user;
  Result *result = message;

  self->config.result (result->outcome, result->to, self->config.user);
  result_free (result);
}

static void
on_outcome (SigPushOutcome outcome, const SigPushJob *job, gpointer user)
{
  SigPushSender *self = user;
  Result *result;

  al_counter_add (self->outcomes[outcome], 1);
  if (outcome != SIG_PUSH_DELIVERED && outcome != SIG_PUSH_GONE && outcome != SIG_PUSH_FAILED && outcome != SIG_PUSH_REFUSED)
    return;
  result = g_new0 (Result, 1);
  result->outcome = outcome;
  result->to = msg_push_subscription_copy (job->to);
  if (!al_mailbox_post (self->results, result))
    result_free (result); /* the next push will say it again */
}

static void
on_mail (void *message, void *user)
{
  sig_push_queue_add (((SigPushSender *) user)->queue, message, al_clock_now_us ());
}

/* --- One transfer --- */

static size_t
on_answer (char *data, size_t size, size_t n, void *user)
{
  Transfer *transfer = user;

  transfer->answer_bytes += size * n;
  return transfer->answer_bytes > MAX_ANSWER_BYTES ? 0 : size * n;
}

/* The address is that to which the connection will be made: whatever the name resolved to before does not count. */
static curl_socket_t
on_socket (void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
  Transfer *transfer = user;
  AlAddr addr = { 0 };

  if (address->addrlen <= sizeof addr)
    memcpy (&addr, &address->addr, address->addrlen);
  if (!sig_push_door_check (transfer->sender->config.door, &addr))
    {
      transfer->refused = true;
      return CURL_SOCKET_BAD;
    }
  return socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void
add_header (Transfer *transfer, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
add_header (Transfer *transfer, const char *format, ...)
{
  g_autofree char *line = NULL;
  va_list args;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  transfer->headers = curl_slist_append (transfer->headers, line);
}

static void
add_headers (SigPushSender *self, Transfer *transfer, int64_t now_us)
{
  const SigPushJob *job = transfer->job;
  int64_t ttl_s = MAX ((job->expires_us - now_us) / G_USEC_PER_SEC, 0);

  add_header (transfer, "Authorization: %s",
              sig_vapid_sign (self->config.vapid, job->endpoint.origin, al_clock_wall_ms () / 1000));
  add_header (transfer, "Content-Type: application/octet-stream");
  add_header (transfer, "Content-Encoding: aes128gcm");
  add_header (transfer, "TTL: %" G_GINT64_FORMAT, ttl_s);
  add_header (transfer, "Urgency: %s", job->urgent ? "high" : "normal");
  if (*job->topic != '\0')
    add_header (transfer, "Topic: %s", job->topic);
  add_header (transfer, "Expect:");
}

static void
set_options (SigPushSender *self, Transfer *transfer)
{
  CURL *easy = transfer->easy;
  bool open = sig_push_door_is_open (self->config.door);

  curl_easy_setopt (easy, CURLOPT_URL, transfer->job->endpoint.url);
  curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, open ? "http,https" : "https");
  curl_easy_setopt (easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (easy, CURLOPT_PROXY, "");
  curl_easy_setopt (easy, CURLOPT_PIPEWAIT, 1L);
  curl_easy_setopt (easy, CURLOPT_USERAGENT, "aldisd/" ALDIS_VERSION);
  curl_easy_setopt (easy, CURLOPT_CONNECTTIMEOUT_MS, (long) MIN (CONNECT_TIMEOUT_MS, self->config.timeout_ms));
  curl_easy_setopt (easy, CURLOPT_TIMEOUT_MS, (long) self->config.timeout_ms);
  curl_easy_setopt (easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
  curl_easy_setopt (easy, CURLOPT_OPENSOCKETDATA, transfer);
  curl_easy_setopt (easy, CURLOPT_HTTPHEADER, transfer->headers);
  curl_easy_setopt (easy, CURLOPT_POSTFIELDSIZE, (long) g_bytes_get_size (transfer->body));
  curl_easy_setopt (easy, CURLOPT_POSTFIELDS, g_bytes_get_data (transfer->body, NULL));
  curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, on_answer);
  curl_easy_setopt (easy, CURLOPT_WRITEDATA, transfer);
  curl_easy_setopt (easy, CURLOPT_PRIVATE, transfer);
}

/* Returns: (transfer full): @transfer's job; the rest of it is freed */
static SigPushJob *
end_transfer (SigPushSender *self, Transfer *transfer)
{
  SigPushJob *job = transfer->job;

  (void) g_hash_table_remove (self->active, transfer);
  curl_multi_remove_handle (self->multi, transfer->easy);
  curl_easy_cleanup (transfer->easy);
  curl_slist_free_all (transfer->headers);
  g_bytes_unref (transfer->body);
  g_free (transfer);
  return job;
}

/* @job: (transfer full) */
static void
start_transfer (SigPushSender *self, SigPushJob *job, int64_t now_us)
{
  GBytes *body = sig_push_encrypt (job->to->p256dh, job->to->auth, job->text, strlen (job->text), job->padded, NULL);
  Transfer *transfer;

  if (body == NULL)
    {
      /* its key is none: it never gets anything */
      sig_push_queue_done (self->queue, job, &(SigPushAnswer){ .status = 410 }, now_us);
      return;
    }
  transfer = g_new0 (Transfer, 1);
  transfer->sender = self;
  transfer->job = job;
  transfer->body = body;
  transfer->easy = curl_easy_init ();
  if (transfer->easy == NULL)
    g_error ("libcurl gives no handle");
  add_headers (self, transfer, now_us);
  set_options (self, transfer);
  (void) g_hash_table_add (self->active, transfer);
  curl_multi_add_handle (self->multi, transfer->easy);
}

static void
log_failure (const SigPushJob *job, unsigned status, bool refused, CURLcode code)
{
  char text[16];

  g_snprintf (text, sizeof text, "%u", status);
  al_debug ("push not delivered", "service", job->endpoint.origin, "status", text, "error",
            refused ? "the address is not a public one" : curl_easy_strerror (code));
}

static void
on_transfer_done (SigPushSender *self, Transfer *transfer, CURLcode code)
{
  SigPushAnswer answer = { .refused = transfer->refused && code != CURLE_OK };
  curl_off_t retry_s = 0;
  long status = 0;

  curl_easy_getinfo (transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo (transfer->easy, CURLINFO_RETRY_AFTER, &retry_s);
  /* a status counts although what comes behind it was cut off */
  answer.status = status >= 200 && status <= 599 ? (unsigned) status : 0;
  answer.retry_after_us = CLAMP (retry_s, 0, MAX_RETRY_AFTER_S) * G_USEC_PER_SEC;
  al_random_bytes (&answer.dice, sizeof answer.dice);
  if (answer.status < 200 || answer.status > 299)
    log_failure (transfer->job, answer.status, answer.refused, code);
  sig_push_queue_done (self->queue, end_transfer (self, transfer), &answer, al_clock_now_us ());
}

/* --- The thread --- */

static void
collect (SigPushSender *self)
{
  CURLMsg *message;
  int left;

  while ((message = curl_multi_info_read (self->multi, &left)) != NULL)
    {
      Transfer *transfer = NULL;

      if (message->msg != CURLMSG_DONE)
        continue;
      curl_easy_getinfo (message->easy_handle, CURLINFO_PRIVATE, &transfer);
      on_transfer_done (self, transfer, message->data.result);
    }
}

/* Returns: how long to sleep at most */
static int
start_due (SigPushSender *self)
{
  int64_t now_us = al_clock_now_us (), next_us;
  SigPushJob *job;

  while ((job = sig_push_queue_next (self->queue, now_us)) != NULL)
    start_transfer (self, job, now_us);
  next_us = sig_push_queue_next_us (self->queue);
  return next_us == INT64_MAX ? SLEEP_MS : (int) CLAMP ((next_us - now_us + 999) / 1000, 0, SLEEP_MS);
}

static void
end_all (SigPushSender *self)
{
  g_autoptr (GList) transfers = g_hash_table_get_keys (self->active);

  for (GList *link = transfers; link != NULL; link = link->next)
    sig_push_queue_done (self->queue, end_transfer (self, link->data), &(SigPushAnswer){ .status = 0 }, al_clock_now_us ());
}

static void *
run (void *user)
{
  SigPushSender *self = user;
  struct curl_waitfd wait = { .fd = al_mailbox_get_fd (self->box), .events = CURL_WAIT_POLLIN };

  (void) pthread_setname_np (pthread_self (), "pushes");
  for (;;)
    {
      int64_t stop_at_us = atomic_load_explicit (&self->stop_at_us, memory_order_acquire);
      int running, sleep_ms = SLEEP_MS;

      (void) al_mailbox_drain (self->box, on_mail, self, 0);
      (void) curl_multi_perform (self->multi, &running);
      collect (self);
      if (stop_at_us == 0)
        sleep_ms = start_due (self);
      else if (g_hash_table_size (self->active) == 0 || al_clock_now_us () >= stop_at_us)
        break;
      else
        sleep_ms = 20;
      (void) curl_multi_poll (self->multi, &wait, 1, sleep_ms, NULL);
    }
  end_all (self);
  return NULL;
}

/* --- Lifecycle --- */

void
sig_push_sender_config_init (SigPushSenderConfig *config)
{
  *config = (SigPushSenderConfig){ .timeout_ms = 10000 };
  sig_push_queue_config_init (&config->queue);
}

static void
register_counters (SigPushSender *self)
{
  static const char *const words[SIG_PUSH_OUTCOME_N] = { "delivered", "retried", "gone", "failed",
                                                         "refused", "expired", "superseded", "dropped" };

  for (unsigned i = 0; i < SIG_PUSH_OUTCOME_N; i++)
    {
      g_autofree char *labels = g_strdup_printf ("outcome=\"%s\"", words[i]);

      self->outcomes[i] = al_metrics_counter (self->config.metrics, "aldis_push",
                                              "Web pushes, by what became of them; retried ones count again.", labels);
    }
}

static void
sender_destroy (SigPushSender *self)
{
  if (self->source != NULL)
    {
      g_source_destroy (self->source);
      g_source_unref (self->source);
    }
  g_clear_pointer (&self->queue, sig_push_queue_free);
  g_clear_pointer (&self->active, g_hash_table_unref);
  g_clear_pointer (&self->multi, curl_multi_cleanup);
  g_clear_pointer (&self->box, al_mailbox_free);
  g_clear_pointer (&self->results, al_mailbox_free);
  sig_vapid_free (self->config.vapid);
  g_free (self);
}

static void
job_free (gpointer job)
{
  sig_push_job_free (job);
}

static bool
start (SigPushSender *self, GError **error)
{
  int failed;

  self->box = al_mailbox_new (MAILBOX_JOBS, job_free, error);
  if (self->box == NULL)
    return false;
  self->results = al_mailbox_new (MAILBOX_JOBS, result_free, error);
  if (self->results == NULL)
    return false;
  self->source = al_mailbox_source_new (self->results, on_result, self);
  (void) g_source_attach (self->source, self->config.context);
  failed = pthread_create (&self->thread, NULL, run, self);
  if (failed == 0)
    return true;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failed), "no thread for pushes: %s", g_strerror (failed));
  return false;
}

SigPushSender *
sig_push_sender_new (const SigPushSenderConfig *config, GError **error)
{
  SigPushSender *self = g_new0 (SigPushSender, 1);

  curl_global_init (CURL_GLOBAL_DEFAULT);
  self->config = *config;
  self->config.queue.outcome = on_outcome;
  self->config.queue.user = self;
  self->queue = sig_push_queue_new (&self->config.queue);
  self->active = g_hash_table_new (g_direct_hash, g_direct_equal);
  self->multi = curl_multi_init ();
  register_counters (self);
  if (start (self, error))
    return self;
  sender_destroy (self);
  return NULL;
}

void
sig_push_sender_free (SigPushSender *self, unsigned grace_ms)
{
  if (self == NULL)
    return;
  atomic_store_explicit (&self->stop_at_us, al_clock_now_us () + (int64_t) grace_ms * 1000, memory_order_release);
  curl_multi_wakeup (self->multi);
  (void) pthread_join (self->thread, NULL);
  sender_destroy (self);
}

void
sig_push_sender_post (SigPushSender *self, SigPushJob *job)
{
  if (al_mailbox_post (self->box, job))
    return;
  al_counter_add (self->outcomes[SIG_PUSH_DROPPED], 1);
  al_warning ("push mailbox is full, dropping the push");
  sig_push_job_free (job);
}
