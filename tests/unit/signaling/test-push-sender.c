/* SPDX-License-Identifier: Apache-2.0 */
/* The sender against a push service of our own on loopback, which answers by a script and keeps what it got. */
#include "signaling/push-sender.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "p256-open.h"

#define MAX_REQUESTS 16
#define TEXT "{\"kind\":\"call\"}"

typedef struct {
  char *head;
  GByteArray *body;
} Request;

typedef struct {
  int fd;
  uint16_t port;
  pthread_t thread;
  const char *const *answers; /* one per request; the last one for all that follow. NULL: none, and the connection stays */
  pthread_mutex_t lock;
  pthread_cond_t changed;
  Request requests[MAX_REQUESTS]; /* protected by lock, as the next */
  unsigned n;
} Service;

#define CREATED "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#define GONE "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#define AWAY "HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#define MOVED "HTTP/1.1 307 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

static bool
read_request (int fd, Request *ret)
{
  g_autoptr (GByteArray) in = g_byte_array_new ();

  for (;;)
    {
      uint8_t chunk[4096];
      ssize_t n;
      const char *end = in->len > 0 ? g_strstr_len ((char *) in->data, in->len, "\r\n\r\n") : NULL;
      const char *length = end != NULL ? g_strstr_len ((char *) in->data, in->len, "Content-Length: ") : NULL;

      if (length != NULL)
        {
          size_t head = (size_t) (end + 4 - (char *) in->data), body = strtoul (length + 16, NULL, 10);

          if (in->len >= head + body)
            {
              ret->head = g_strndup ((char *) in->data, head);
              ret->body = g_byte_array_append (g_byte_array_new (), in->data + head, (guint) body);
              return true;
            }
        }
      n = recv (fd, chunk, sizeof chunk, 0);
      if (n <= 0)
        return false;
      g_byte_array_append (in, chunk, (guint) n);
    }
}

static void *
serve (void *user)
{
  Service *service = user;
  int fd, kept = -1;

  while ((fd = accept (service->fd, NULL, NULL)) >= 0)
    {
      Request request;
      const char *answer = NULL;

      if (read_request (fd, &request))
        {
          unsigned i;

          pthread_mutex_lock (&service->lock);
          g_assert_cmpuint (service->n, <, MAX_REQUESTS);
          service->requests[service->n++] = request;
          for (i = 0; i + 1 < service->n && service->answers[i] != NULL && service->answers[i + 1] != NULL; i++)
            continue;
          answer = service->answers[i];
          pthread_cond_broadcast (&service->changed);
          pthread_mutex_unlock (&service->lock);
          if (answer != NULL)
            (void) send (fd, answer, strlen (answer), MSG_NOSIGNAL);
        }
      if (answer != NULL || kept >= 0)
        close (fd);
      else
        kept = fd;
    }
  if (kept >= 0)
    close (kept);
  return NULL;
}

static void
service_init (Service *service, const char *const *answers)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t len = sizeof address;

  service->answers = answers;
  pthread_mutex_init (&service->lock, NULL);
  pthread_cond_init (&service->changed, NULL);
  service->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (service->fd, (struct sockaddr *) &address, len), ==, 0);
  g_assert_cmpint (listen (service->fd, 16), ==, 0);
  g_assert_cmpint (getsockname (service->fd, (struct sockaddr *) &address, &len), ==, 0);
  service->port = ntohs (address.sin_port);
  g_assert_cmpint (pthread_create (&service->thread, NULL, serve, service), ==, 0);
}

static void
service_clear (Service *service)
{
  shutdown (service->fd, SHUT_RDWR);
  pthread_join (service->thread, NULL);
  close (service->fd);
  for (unsigned i = 0; i < service->n; i++)
    {
      g_free (service->requests[i].head);
      g_byte_array_unref (service->requests[i].body);
    }
  pthread_mutex_destroy (&service->lock);
  pthread_cond_destroy (&service->changed);
}

typedef struct {
  GMainContext *context;
  AlMetrics *metrics;
  SigPushDoor *door;
  SigPushSender *sender;
  Service service;
  EVP_PKEY *browser;
  MsgPushSubscription to;
  unsigned n[SIG_PUSH_OUTCOME_N];
  MsgId last_device;
} Fixture;

static void
on_result (SigPushOutcome outcome, const MsgPushSubscription *to, gpointer user)
{
  Fixture *f = user;

  f->n[outcome]++;
  f->last_device = to->device_id;
}

static void
start (Fixture *f, SigPushDoor *door, const char *const *answers)
{
  static const uint8_t key[32] = { 1 };
  SigPushSenderConfig config;
  g_autoptr (GError) error = NULL;

  service_init (&f->service, answers);
  f->context = g_main_context_new ();
  f->metrics = al_metrics_new ();
  f->door = door;
  f->browser = sig_p256_new ();
  f->to = (MsgPushSubscription){ .user_id = 1, .device_id = 2, .endpoint = (char *) "x", .auth = { 3 } };
  sig_p256_get_public (f->browser, f->to.p256dh);
  sig_push_sender_config_init (&config);
  config.context = f->context;
  config.door = door;
  config.vapid = sig_vapid_new (key, "mailto:ops@example.org");
  config.metrics = f->metrics;
  config.result = on_result;
  config.user = f;
  config.queue.first_retry_us = 1000;
  f->sender = sig_push_sender_new (&config, &error);
  g_assert_no_error (error);
}

static void
stop (Fixture *f)
{
  sig_push_sender_free (f->sender, 0);
  service_clear (&f->service);
  sig_push_door_free (f->door);
  EVP_PKEY_free (f->browser);
  al_metrics_free (f->metrics);
  g_main_context_unref (f->context);
}

static void
post (Fixture *f, const char *scheme, bool urgent)
{
  SigPushJob *job = g_new0 (SigPushJob, 1);

  job->to = msg_push_subscription_copy (&f->to);
  job->endpoint.url = g_strdup_printf ("%s://127.0.0.1:%u/push/abc?d=e", scheme, f->service.port);
  job->endpoint.origin = g_strdup_printf ("%s://127.0.0.1:%u", scheme, f->service.port);
  g_strlcpy (job->topic, "topic-1_", sizeof job->topic);
  job->urgent = urgent;
  job->expires_us = al_clock_now_us () + 1000 * G_USEC_PER_SEC;
  job->text = g_strdup (TEXT);
  job->padded = 1024;
  sig_push_sender_post (f->sender, job);
}

static void
wait_for (Fixture *f, SigPushOutcome outcome)
{
  while (f->n[outcome] == 0)
    (void) g_main_context_iteration (f->context, TRUE);
}

static char *
get_header (const Request *request, const char *name)
{
  g_autofree char *begin = g_strdup_printf ("\r\n%s: ", name);
  const char *at = strstr (request->head, begin);

  if (at == NULL)
    return NULL;
  at += strlen (begin);
  return g_strndup (at, (gsize) (strstr (at, "\r\n") - at));
}

static void
assert_header (const Request *request, const char *name, const char *value)
{
  g_autofree char *found = get_header (request, name);

  g_assert_cmpstr (found, ==, value);
}

/* RFC 8030 §5 (TTL, Urgency, Topic), RFC 8188 (Content-Encoding), RFC 8292 (who sends), and only the browser reads it */
static void
test_deliver (void)
{
  static const char *const answers[] = { CREATED, NULL };
  Fixture f = { 0 };
  const Request *request;
  g_autofree char *ttl = NULL, *authorization = NULL, *token = NULL, *claims = NULL, *text = NULL, *aud = NULL;
  size_t len;

  start (&f, sig_push_door_new_open (), answers);
  post (&f, "http", true);
  wait_for (&f, SIG_PUSH_DELIVERED);
  g_assert_cmpint (f.last_device, ==, 2);
  request = &f.service.requests[0];
  g_assert_true (g_str_has_prefix (request->head, "POST /push/abc?d=e HTTP/1.1\r\n"));
  assert_header (request, "Content-Encoding", "aes128gcm");
  assert_header (request, "Urgency", "high");
  assert_header (request, "Topic", "topic-1_");
  ttl = get_header (request, "TTL");
  g_assert_cmpint (atoi (ttl), >, 900);
  g_assert_cmpint (atoi (ttl), <=, 1000);
  authorization = get_header (request, "Authorization");
  g_assert_true (g_str_has_prefix (authorization, "vapid t="));
  token = g_strndup (authorization + 8, (gsize) (strstr (authorization, ", k=") - authorization - 8));
  claims = check_token (token, strstr (authorization, ", k=") + 4);
  g_assert_nonnull (claims);
  aud = g_strdup_printf ("\"aud\":\"http://127.0.0.1:%u\"", f.service.port);
  g_assert_nonnull (strstr (claims, aud));
  text = open_push (f.browser, f.to.auth, request->body->data, request->body->len, &len);
  g_assert_cmpstr (text, ==, TEXT);
  g_assert_cmpuint (request->body->len, ==, 86 + 1024 + 1 + 16);
  stop (&f);
}

static void
test_gone (void)
{
  static const char *const answers[] = { GONE, NULL };
  Fixture f = { 0 };

  start (&f, sig_push_door_new_open (), answers);
  post (&f, "http", false);
  wait_for (&f, SIG_PUSH_GONE);
  g_assert_cmpuint (f.service.n, ==, 1);
  assert_header (&f.service.requests[0], "Urgency", "normal");
  stop (&f);
}

static void
test_retry (void)
{
  static const char *const answers[] = { AWAY, "", CREATED, NULL };
  Fixture f = { 0 };
  unsigned n;

  start (&f, sig_push_door_new_open (), answers);
  post (&f, "http", false);
  wait_for (&f, SIG_PUSH_DELIVERED);
  n = f.service.n;
  g_assert_cmpuint (n, ==, 3);
  stop (&f);
}

/* RFC 8030 knows no redirects, and they would lead past what was checked */
static void
test_redirect (void)
{
  static const char *const answers[] = { MOVED, CREATED, NULL };
  Fixture f = { 0 };

  start (&f, sig_push_door_new_open (), answers);
  post (&f, "http", false);
  wait_for (&f, SIG_PUSH_FAILED);
  g_assert_cmpuint (f.service.n, ==, 1);
  stop (&f);
}

/* a body without an end is not read to it */
static void
test_flood (void)
{
  g_autofree char *answer = g_strnfill (300000, 'x');
  const char *answers[] = { answer, NULL };
  static const char head[] = "HTTP/1.1 201 Created\r\nContent-Length: 90000000\r\n\r\n";
  Fixture f = { 0 };

  memcpy (answer, head, sizeof head - 1);
  start (&f, sig_push_door_new_open (), answers);
  post (&f, "http", false);
  wait_for (&f, SIG_PUSH_DELIVERED);
  stop (&f);
}

/* at connect time, whatever was in the subscription: no byte arrives there */
static void
test_refused (void)
{
  static const char *const answers[] = { CREATED, NULL };
  g_autoptr (AlConfig) config = al_config_parse ("", 0, "test", al_config_keys (), NULL);
  Fixture f = { 0 };

  start (&f, sig_push_door_new (config, NULL), answers);
  post (&f, "https", false);
  wait_for (&f, SIG_PUSH_REFUSED);
  g_assert_cmpuint (f.service.n, ==, 0);
  stop (&f);
}

static void
test_bad_key (void)
{
  static const char *const answers[] = { CREATED, NULL };
  Fixture f = { 0 };

  start (&f, sig_push_door_new_open (), answers);
  f.to.p256dh[64] ^= 1;
  post (&f, "http", false);
  wait_for (&f, SIG_PUSH_GONE);
  g_assert_cmpuint (f.service.n, ==, 0);
  stop (&f);
}

/* a push service that never answers does not hold up the end */
static void
test_stop_while_held (void)
{
  static const char *const answers[] = { NULL };
  Fixture f = { 0 };

  start (&f, sig_push_door_new_open (), answers);
  post (&f, "http", false);
  pthread_mutex_lock (&f.service.lock);
  while (f.service.n == 0)
    pthread_cond_wait (&f.service.changed, &f.service.lock);
  pthread_mutex_unlock (&f.service.lock);
  stop (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  (void) alarm (100); /* the watchdog: a result that never comes */
  g_test_add_func ("/signaling/push-sender/deliver", test_deliver);
  g_test_add_func ("/signaling/push-sender/gone", test_gone);
  g_test_add_func ("/signaling/push-sender/retry", test_retry);
  g_test_add_func ("/signaling/push-sender/redirect", test_redirect);
  g_test_add_func ("/signaling/push-sender/flood", test_flood);
  g_test_add_func ("/signaling/push-sender/refused", test_refused);
  g_test_add_func ("/signaling/push-sender/bad-key", test_bad_key);
  g_test_add_func ("/signaling/push-sender/stop-while-held", test_stop_while_held);
  return g_test_run ();
}
