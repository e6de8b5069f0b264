/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main -> mailbox -> the thread's queue, ordered by when each event is due -> at most MAX_ACTIVE transfers of one curl
 * multi handle. The thread sleeps in curl_multi_poll() on its transfers and the mailbox.
 */
#include "signaling/webhook.h"

#include <curl/curl.h>
#include <gio/gio.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "base/random.h"
#include "signaling/json-text.h"

#define MAX_ACTIVE 4
#define MAILBOX_EVENTS 4096
#define CONNECT_TIMEOUT_MS 5000
/* an answer has nothing to say to us; a sink that sends more is cut off */
#define MAX_ANSWER_BYTES 65536
#define EVENT_ID_BYTES 12

typedef struct {
  char id[2 * EVENT_ID_BYTES + 1];
  char *type;    /* owned, for the log */
  char *body;    /* owned */
  size_t len;
  unsigned tries;
  int64_t due_us;
  /* while it is being sent */
  CURL *easy;
  struct curl_slist *headers;
  size_t answer_bytes;
} Event;

struct SigWebhook {
  /* owned, immutable after the start */
  SigWebhookConfig config;
  char *url, *secret;
  AlMailbox *box;
  CURLM *multi;
  pthread_t thread;
  /* main thread only */
  bool stopped;
  /* shared */
  _Atomic int64_t stop_at_us; /* 0: run on; when no try is running, or at that time, the thread ends */
  atomic_bool ended;          /* the thread does nothing any more */
  /* webhook thread only */
  GQueue waiting;             /* Event, by due_us */
  GQueue active;              /* Event */
  bool overflowing;           /* said so in the log */
  /* owned by the registry */
  AlCounter *delivered, *failed, *retried, *dropped;
};

static void
event_free (gpointer data)
{
  Event *event = data;

  g_free (event->type);
  g_free (event->body);
  g_free (event);
}

char *
sig_webhook_sign (const char *secret, int64_t time_s, const char *body, size_t len)
{
  g_autoptr (GString) text = g_string_sized_new (len + 32);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  char hex[2 * EVP_MAX_MD_SIZE + 1];

  g_string_printf (text, "%" G_GINT64_FORMAT ".", time_s);
  g_string_append_len (text, body, (gssize) len);
  if (HMAC (EVP_sha256 (), secret, (int) strlen (secret), (const unsigned char *) text->str, text->len, digest, &n) == NULL)
    g_error ("HMAC-SHA256 is not to be had");
  return g_strdup_printf ("t=%" G_GINT64_FORMAT ",v1=%s", time_s, al_hex_write (digest, n, hex));
}

static gint
compare_due (gconstpointer a, gconstpointer b, gpointer user)
{
  const Event *left = a, *right = b;

  return left->due_us < right->due_us ? -1 : left->due_us > right->due_us;
}

static void
enqueue (SigWebhook *self, Event *event)
{
  if (self->waiting.length >= self->config.max_queued)
    {
      Event *oldest = g_queue_pop_head (&self->waiting);

      al_counter_add (self->dropped, 1);
      if (!self->overflowing)
        al_warning ("webhook queue is full, dropping the oldest events", "event", oldest->id, "type", oldest->type);
      self->overflowing = true;
      event_free (oldest);
    }
  /* new events and retries mostly belong at the end */
  if (g_queue_is_empty (&self->waiting) || ((Event *) g_queue_peek_tail (&self->waiting))->due_us <= event->due_us)
    g_queue_push_tail (&self->waiting, event);
  else
    g_queue_insert_sorted (&self->waiting, event, compare_due, NULL);
}

static void
on_mail (void *message, void *user)
{
  enqueue (user, message);
}

static size_t
on_answer (char *data, size_t size, size_t n, void *user)
{
  Event *event = user;

  event->answer_bytes += size * n;
  return event->answer_bytes > MAX_ANSWER_BYTES ? 0 : size * n;
}

static void
start_try (SigWebhook *self, Event *event)
{
  g_autofree char *signature = sig_webhook_sign (self->secret, al_clock_wall_ms () / 1000, event->body, event->len);
  g_autofree char *header = g_strdup_printf ("Aldis-Signature: %s", signature);

  event->tries++;
  event->answer_bytes = 0;
  event->headers = curl_slist_append (NULL, "Content-Type: application/json");
  event->headers = curl_slist_append (event->headers, header);
  event->headers = curl_slist_append (event->headers, "Expect:");
  event->easy = curl_easy_init ();
  if (event->easy == NULL)
    g_error ("libcurl gives no handle");
  curl_easy_setopt (event->easy, CURLOPT_URL, self->url);
  curl_easy_setopt (event->easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt (event->easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt (event->easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (event->easy, CURLOPT_PROXY, "");
  curl_easy_setopt (event->easy, CURLOPT_USERAGENT, "aldisd/" ALDIS_VERSION);
  curl_easy_setopt (event->easy, CURLOPT_CONNECTTIMEOUT_MS, (long) MIN (CONNECT_TIMEOUT_MS, self->config.timeout_ms));
  curl_easy_setopt (event->easy, CURLOPT_TIMEOUT_MS, (long) self->config.timeout_ms);
  curl_easy_setopt (event->easy, CURLOPT_HTTPHEADER, event->headers);
  curl_easy_setopt (event->easy, CURLOPT_POSTFIELDSIZE, (long) event->len);
  curl_easy_setopt (event->easy, CURLOPT_POSTFIELDS, event->body);
  curl_easy_setopt (event->easy, CURLOPT_WRITEFUNCTION, on_answer);
  curl_easy_setopt (event->easy, CURLOPT_WRITEDATA, event);
  curl_easy_setopt (event->easy, CURLOPT_PRIVATE, event);
  curl_multi_add_handle (self->multi, event->easy);
  g_queue_push_tail (&self->active, event);
}

static void
end_try (SigWebhook *self, Event *event)
{
  g_queue_remove (&self->active, event);
  curl_multi_remove_handle (self->multi, event->easy);
  g_clear_pointer (&event->easy, curl_easy_cleanup);
  g_clear_pointer (&event->headers, curl_slist_free_all);
}

/* four times as long each time, with half to one and a half of it, so that a sink that comes back is not run over */
static int64_t
backoff_us (const SigWebhook *self, unsigned tries)
{
  int64_t wait_us = (int64_t) self->config.first_retry_ms * 1000;
  uint16_t dice;

  for (unsigned i = 1; i < tries; i++)
    wait_us *= 4;
  al_random_bytes (&dice, sizeof dice);
  return wait_us / 2 + wait_us * dice / UINT16_MAX;
}

static void
on_try_done (SigWebhook *self, Event *event, CURLcode code)
{
  long status = 0;
  char status_text[16];

  curl_easy_getinfo (event->easy, CURLINFO_RESPONSE_CODE, &status);
  end_try (self, event);
  if (code == CURLE_OK && status >= 200 && status < 300)
    {
      al_counter_add (self->delivered, 1);
      self->overflowing = false;
      event_free (event);
      return;
    }
  g_snprintf (status_text, sizeof status_text, "%ld", status);
  /* 410: the receiver says that it will never want this */
  if (event->tries <= self->config.max_retries && status != 410)
    {
      al_counter_add (self->retried, 1);
      al_debug ("webhook try failed", "event", event->id, "status", status_text, "error", curl_easy_strerror (code));
      event->due_us = al_clock_now_us () + backoff_us (self, event->tries);
      enqueue (self, event);
      return;
    }
  al_counter_add (self->failed, 1);
  al_warning ("webhook not delivered, giving up", "event", event->id, "type", event->type, "status", status_text, "error",
              curl_easy_strerror (code));
  event_free (event);
}

static void
collect (SigWebhook *self)
{
  CURLMsg *message;
  int left;

  while ((message = curl_multi_info_read (self->multi, &left)) != NULL)
    {
      Event *event = NULL;

      if (message->msg != CURLMSG_DONE)
        continue;
      curl_easy_getinfo (message->easy_handle, CURLINFO_PRIVATE, &event);
      on_try_done (self, event, message->data.result);
    }
}

/* Returns: how long to sleep at most */
static int
start_due (SigWebhook *self)
{
  int64_t now_us = al_clock_now_us ();
  Event *event;

  while (self->active.length < MAX_ACTIVE && (event = g_queue_peek_head (&self->waiting)) != NULL && event->due_us <= now_us)
    start_try (self, g_queue_pop_head (&self->waiting));
  event = g_queue_peek_head (&self->waiting);
  if (event == NULL || self->active.length >= MAX_ACTIVE)
    return 60000;
  return (int) CLAMP ((event->due_us - now_us + 999) / 1000, 0, 60000);
}

/* Not by whoever frees: libcurl waits here for a name that is still being looked up. */
static void
end_all (SigWebhook *self)
{
  Event *event;

  while ((event = g_queue_peek_head (&self->active)) != NULL)
    {
      end_try (self, event);
      event_free (event);
    }
  atomic_store_explicit (&self->ended, true, memory_order_release);
}

static void *
run (void *user)
{
  SigWebhook *self = user;
  struct curl_waitfd wait = { .fd = al_mailbox_get_fd (self->box), .events = CURL_WAIT_POLLIN };

  (void) pthread_setname_np (pthread_self (), "webhooks");
  for (;;)
    {
      int64_t stop_at_us = atomic_load_explicit (&self->stop_at_us, memory_order_acquire);
      int running, sleep_ms;

      (void) al_mailbox_drain (self->box, on_mail, self, 0);
      (void) curl_multi_perform (self->multi, &running);
      collect (self);
      /* last: a try that failed just now may be due again soon; a new transfer makes the poll return at once */
      sleep_ms = start_due (self);
      if (stop_at_us != 0 && (g_queue_is_empty (&self->active) || al_clock_now_us () >= stop_at_us))
        break;
      if (stop_at_us != 0)
        sleep_ms = MIN (sleep_ms, 20);
      (void) curl_multi_poll (self->multi, &wait, 1, sleep_ms, NULL);
    }
  end_all (self);
  return NULL;
}

void
sig_webhook_config_init (SigWebhookConfig *config)
{
  *config = (SigWebhookConfig){ .max_queued = 10000, .max_retries = 5, .first_retry_ms = 1000, .timeout_ms = 10000 };
}

static void
register_counters (SigWebhook *self, AlMetrics *metrics)
{
  static const char name[] = "aldis_webhook_events", help[] = "Events for the webhook, by what became of them.";

  self->delivered = al_metrics_counter (metrics, name, help, "outcome=\"delivered\"");
  self->failed = al_metrics_counter (metrics, name, help, "outcome=\"failed\"");
  self->dropped = al_metrics_counter (metrics, name, help, "outcome=\"dropped\"");
  self->retried = al_metrics_counter (metrics, "aldis_webhook_retries", "Tries after a failed one.", NULL);
}

static void
webhook_destroy (SigWebhook *self)
{
  g_queue_clear_full (&self->waiting, event_free);
  g_clear_pointer (&self->multi, curl_multi_cleanup);
  g_clear_pointer (&self->box, al_mailbox_free);
  g_free (self->url);
  g_free (self->secret);
  g_free (self);
}

static bool
check_url (const char *url, GError **error)
{
  const char *scheme = g_uri_peek_scheme (url);

  if (!g_uri_is_valid (url, G_URI_FLAGS_NONE, error))
    return false;
  if (g_strcmp0 (scheme, "http") == 0 || g_strcmp0 (scheme, "https") == 0)
    return true;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "webhook_url: expected http: or https:");
  return false;
}

SigWebhook *
sig_webhook_new (const SigWebhookConfig *config, GError **error)
{
  SigWebhook *self;
  int failed;

  if (!check_url (config->url, error))
    return NULL;
  curl_global_init (CURL_GLOBAL_DEFAULT);
  self = g_new0 (SigWebhook, 1);
  self->config = *config;
  self->url = g_strdup (config->url);
  self->secret = g_strdup (config->secret);
  self->config.url = self->config.secret = NULL;
  g_queue_init (&self->waiting);
  g_queue_init (&self->active);
  register_counters (self, config->metrics);
  self->multi = curl_multi_init ();
  self->box = al_mailbox_new (MAILBOX_EVENTS, event_free, error);
  if (self->box == NULL)
    {
      webhook_destroy (self);
      return NULL;
    }
  failed = pthread_create (&self->thread, NULL, run, self);
  if (failed != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failed), "no thread for webhooks: %s", g_strerror (failed));
      webhook_destroy (self);
      return NULL;
    }
  return self;
}

void
sig_webhook_stop (SigWebhook *self, unsigned grace_ms)
{
  if (self->stopped)
    return;
  self->stopped = true;
  atomic_store_explicit (&self->stop_at_us, al_clock_now_us () + (int64_t) grace_ms * 1000, memory_order_release);
  curl_multi_wakeup (self->multi);
}

bool
sig_webhook_has_ended (const SigWebhook *self)
{
  return atomic_load_explicit (&self->ended, memory_order_acquire);
}

void
sig_webhook_free (SigWebhook *self, unsigned grace_ms)
{
  if (self == NULL)
    return;
  sig_webhook_stop (self, grace_ms);
  (void) pthread_join (self->thread, NULL);
  webhook_destroy (self);
}

void
sig_webhook_post (SigWebhook *self, const char *type, JsonObject *data)
{
  Event *event = g_new0 (Event, 1);
  g_autoptr (GString) body = g_string_sized_new (256);
  uint8_t id[EVENT_ID_BYTES];

  al_random_bytes (id, sizeof id);
  (void) al_hex_write (id, sizeof id, event->id);
  g_string_printf (body, "{\"id\":\"%s\",\"type\":", event->id);
  sig_json_append_string (body, type);
  g_string_append_printf (body, ",\"time\":%" G_GINT64_FORMAT ",\"data\":", al_clock_wall_ms ());
  sig_json_append_object (body, data);
  g_string_append_c (body, '}');
  json_object_unref (data);
  event->type = g_strdup (type);
  event->len = body->len;
  event->body = g_string_free (g_steal_pointer (&body), FALSE);
  if (al_mailbox_post (self->box, event))
    return;
  al_counter_add (self->dropped, 1);
  al_warning ("webhook mailbox is full, dropping the event", "event", event->id, "type", type);
  event_free (event);
}
