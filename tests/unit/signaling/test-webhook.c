/* SPDX-License-Identifier: Apache-2.0 */
/* The webhook against a sink of our own on loopback, which answers by a script and keeps what it got. */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/json.h"
#include "signaling/webhook.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define MAX_REQUESTS 64

typedef struct {
  char *head, *body;
} Request;

typedef struct {
  int fd;
  char url[64];
  pthread_t thread;
  const char *const *answers; /* whole HTTP answers, one per request; the last one for all that follow. "": close */
  pthread_mutex_t lock;
  pthread_cond_t changed;
  /* protected by lock */
  Request requests[MAX_REQUESTS];
  unsigned n;
  bool hold;                  /* answer nothing until it is false */
} Sink;

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#define FAILED "HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#define GONE "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#define MOVED "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

static bool
read_request (int fd, Request *ret)
{
  g_autoptr (GString) in = g_string_new (NULL);
  char *end, *length;

  for (;;)
    {
      char chunk[4096];
      ssize_t n;

      end = strstr (in->str, "\r\n\r\n");
      length = strstr (in->str, "Content-Length: ");
      if (end != NULL && length != NULL && in->len >= (size_t) (end + 4 - in->str) + strtoul (length + 16, NULL, 10))
        break;
      n = recv (fd, chunk, sizeof chunk, 0);
      if (n <= 0)
        return false;
      g_string_append_len (in, chunk, n);
    }
  ret->head = g_strndup (in->str, (gsize) (end + 4 - in->str));
  ret->body = g_strdup (end + 4);
  return true;
}

static void *
serve (void *user)
{
  Sink *sink = user;
  int fd;

  while ((fd = accept (sink->fd, NULL, NULL)) >= 0)
    {
      Request request;

      if (read_request (fd, &request))
        {
          const char *answer;
          unsigned i;

          pthread_mutex_lock (&sink->lock);
          g_assert_cmpuint (sink->n, <, MAX_REQUESTS);
          sink->requests[sink->n++] = request;
          pthread_cond_broadcast (&sink->changed);
          while (sink->hold)
            pthread_cond_wait (&sink->changed, &sink->lock);
          for (i = 0; i + 1 < sink->n && sink->answers[i + 1] != NULL; i++)
            continue;
          answer = sink->answers[i];
          pthread_mutex_unlock (&sink->lock);
          (void) send (fd, answer, strlen (answer), MSG_NOSIGNAL);
        }
      close (fd);
    }
  return NULL;
}

static Sink *
sink_new (const char *const *answers)
{
  Sink *sink = g_new0 (Sink, 1);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t len = sizeof address;

  sink->answers = answers;
  pthread_mutex_init (&sink->lock, NULL);
  pthread_cond_init (&sink->changed, NULL);
  sink->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (sink->fd, (struct sockaddr *) &address, len), ==, 0);
  g_assert_cmpint (listen (sink->fd, 16), ==, 0);
  g_assert_cmpint (getsockname (sink->fd, (struct sockaddr *) &address, &len), ==, 0);
  g_snprintf (sink->url, sizeof sink->url, "http://127.0.0.1:%u/hook", ntohs (address.sin_port));
  g_assert_cmpint (pthread_create (&sink->thread, NULL, serve, sink), ==, 0);
  return sink;
}

static void
sink_wait (Sink *sink, unsigned n)
{
  pthread_mutex_lock (&sink->lock);
  while (sink->n < n)
    pthread_cond_wait (&sink->changed, &sink->lock);
  pthread_mutex_unlock (&sink->lock);
}

static void
sink_set_hold (Sink *sink, bool hold)
{
  pthread_mutex_lock (&sink->lock);
  sink->hold = hold;
  pthread_cond_broadcast (&sink->changed);
  pthread_mutex_unlock (&sink->lock);
}

static void
sink_free (Sink *sink)
{
  sink_set_hold (sink, false);
  shutdown (sink->fd, SHUT_RDWR);
  pthread_join (sink->thread, NULL);
  close (sink->fd);
  for (unsigned i = 0; i < sink->n; i++)
    {
      g_free (sink->requests[i].head);
      g_free (sink->requests[i].body);
    }
  pthread_mutex_destroy (&sink->lock);
  pthread_cond_destroy (&sink->changed);
  g_free (sink);
}

typedef struct {
  AlMetrics *metrics;
  SigWebhookConfig config;
  SigWebhook *webhook;
  Sink *sink;
} Fixture;

static void
fixture_start (Fixture *f, const char *const *answers)
{
  g_autoptr (GError) error = NULL;

  f->sink = sink_new (answers);
  f->metrics = al_metrics_new ();
  sig_webhook_config_init (&f->config);
  f->config.url = f->sink->url;
  f->config.secret = SECRET;
  f->config.metrics = f->metrics;
  f->config.first_retry_ms = 1;
  f->webhook = sig_webhook_new (&f->config, &error);
  g_assert_no_error (error);
}

static void
fixture_stop (Fixture *f)
{
  sink_set_hold (f->sink, false);
  sig_webhook_free (f->webhook, 10000);
  sink_free (f->sink);
  al_metrics_free (f->metrics);
}

static uint64_t
count (Fixture *f, const char *outcome)
{
  g_autofree char *labels = g_strdup_printf ("outcome=\"%s\"", outcome);

  return al_counter_get (al_metrics_counter (f->metrics, "aldis_webhook_events", "", labels));
}

/* until the thread has counted it: the answer is on its way to it when the sink has sent it */
static void
wait_for (Fixture *f, const char *outcome, uint64_t n)
{
  while (count (f, outcome) < n)
    g_thread_yield ();
  /* what the sink wrote is ours to read from here */
  sink_wait (f->sink, 1);
}

static void
post (Fixture *f, const char *text)
{
  JsonObject *data = json_object_new ();

  json_object_set_string_member (data, "text", text);
  sig_webhook_post (f->webhook, "call.ended", data);
}

static char *
get_header (const Request *request, const char *name)
{
  g_autofree char *start = g_strdup_printf ("\r\n%s: ", name);
  const char *at = strstr (request->head, start);

  g_assert_nonnull (at);
  at += strlen (start);
  return g_strndup (at, (gsize) (strstr (at, "\r\n") - at));
}

/* as docs/protocol.md tells a receiver to do it */
static void
assert_signed (const Request *request)
{
  g_autofree char *header = get_header (request, "Aldis-Signature");
  g_auto (GStrv) parts = g_strsplit (header, ",", -1);
  g_autofree char *text = NULL;
  g_autofree char *expected = NULL;

  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  g_assert_true (g_str_has_prefix (parts[0], "t=") && g_str_has_prefix (parts[1], "v1="));
  text = g_strdup_printf ("%s.%s", parts[0] + 2, request->body);
  expected = g_compute_hmac_for_string (G_CHECKSUM_SHA256, (const guchar *) SECRET, strlen (SECRET), text, -1);
  g_assert_cmpstr (parts[1] + 3, ==, expected);
  g_assert_cmpint (ABS (g_ascii_strtoll (parts[0] + 2, NULL, 10) - g_get_real_time () / G_USEC_PER_SEC), <, 600);
}

static void
test_deliver (void)
{
  static const char *const answers[] = { OK, NULL };
  Fixture f = { 0 };
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *type = NULL;
  const Request *request;
  JsonObject *body;

  fixture_start (&f, answers);
  post (&f, "a \"quoted\" word");
  wait_for (&f, "delivered", 1);
  request = &f.sink->requests[0];
  g_assert_true (g_str_has_prefix (request->head, "POST /hook HTTP/1.1\r\n"));
  type = get_header (request, "Content-Type");
  g_assert_cmpstr (type, ==, "application/json");
  assert_signed (request);
  node = al_json_parse (request->body, strlen (request->body), NULL);
  body = json_node_get_object (node);
  g_assert_cmpstr (json_object_get_string_member (body, "type"), ==, "call.ended");
  g_assert_cmpuint (strlen (json_object_get_string_member (body, "id")), ==, 24);
  g_assert_cmpint (json_object_get_int_member (body, "time"), >, G_GINT64_CONSTANT (1600000000000));
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (body, "data"), "text"), ==,
                   "a \"quoted\" word");
  fixture_stop (&f);
}

/* an event keeps its id through its tries, so that a receiver can tell a repetition */
static void
test_retry (void)
{
  static const char *const answers[] = { FAILED, "", "HTTP/1.1 not at all\r\n\r\n", OK, NULL };
  Fixture f = { 0 };

  fixture_start (&f, answers);
  post (&f, "x");
  wait_for (&f, "delivered", 1);
  g_assert_cmpuint (f.sink->n, ==, 4);
  for (unsigned i = 0; i < 4; i++)
    {
      g_assert_cmpstr (f.sink->requests[i].body, ==, f.sink->requests[0].body);
      assert_signed (&f.sink->requests[i]);
    }
  g_assert_cmpuint (count (&f, "failed"), ==, 0);
  fixture_stop (&f);
}

static void
test_give_up (void)
{
  static const char *const answers[] = { FAILED, NULL };
  Fixture f = { 0 };

  fixture_start (&f, answers);
  post (&f, "x");
  wait_for (&f, "failed", 1);
  g_assert_cmpuint (f.sink->n, ==, 1 + f.config.max_retries);
  g_assert_cmpuint (count (&f, "delivered"), ==, 0);
  fixture_stop (&f);
}

static void
test_gone (void)
{
  static const char *const answers[] = { GONE, NULL };
  Fixture f = { 0 };

  fixture_start (&f, answers);
  post (&f, "x");
  wait_for (&f, "failed", 1);
  g_assert_cmpuint (f.sink->n, ==, 1);
  fixture_stop (&f);
}

static void
test_redirect (void)
{
  static const char *const answers[] = { MOVED, OK, NULL };
  Fixture f = { 0 };

  fixture_start (&f, answers);
  post (&f, "x");
  wait_for (&f, "delivered", 1);
  g_assert_cmpuint (f.sink->n, ==, 2);
  for (unsigned i = 0; i < 2; i++)
    g_assert_true (g_str_has_prefix (f.sink->requests[i].head, "POST /hook HTTP/1.1\r\n"));
  fixture_stop (&f);
}

/* a sink that answers with more than anybody reads is cut off and counts as failed */
static void
test_flood (void)
{
  g_autofree char *answer = g_strnfill (300000, 'x');
  const char *answers[] = { answer, NULL };
  Fixture f = { 0 };
  static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 299900\r\n\r\n";

  memcpy (answer, head, sizeof head - 1);
  fixture_start (&f, answers);
  post (&f, "x");
  wait_for (&f, "failed", 1);
  fixture_stop (&f);
}

/* four are being sent and stay, of the others the newest stay */
static void
test_drop_oldest (void)
{
  static const char *const answers[] = { OK, NULL };
  Fixture f = { 0 };
  g_autoptr (GError) error = NULL;
  unsigned n_new = 0;

  fixture_start (&f, answers);
  sig_webhook_free (f.webhook, 0);
  f.config.max_queued = 3;
  f.webhook = sig_webhook_new (&f.config, &error);
  g_assert_no_error (error);
  sink_set_hold (f.sink, true);
  /* one by one, so that each of the first four has left the queue before the next one comes: the sink takes one
   * connection at a time, the others wait in its backlog */
  post (&f, "sent");
  sink_wait (f.sink, 1);
  for (unsigned i = 0; i < 20; i++)
    post (&f, i >= 17 ? "new" : "old");
  /* 1 is held, up to 3 more were taken at once; 3 wait: at least 20 - 3 - 3 were pushed out */
  wait_for (&f, "dropped", 14);
  sink_set_hold (f.sink, false);
  wait_for (&f, "delivered", 21 - count (&f, "dropped"));
  g_assert_cmpuint (count (&f, "dropped"), <=, 17);
  for (unsigned i = 0; i < f.sink->n; i++)
    n_new += strstr (f.sink->requests[i].body, "\"new\"") != NULL;
  g_assert_cmpuint (n_new, ==, 3);
  fixture_stop (&f);
}

/* a receiver that never answers does not hold up the end */
static void
test_stop_while_held (void)
{
  static const char *const answers[] = { OK, NULL };
  Fixture f = { 0 };

  fixture_start (&f, answers);
  sink_set_hold (f.sink, true);
  post (&f, "x");
  sink_wait (f.sink, 1);
  sig_webhook_free (f.webhook, 1);
  sink_free (f.sink);
  al_metrics_free (f.metrics);
}

static void
test_bad_url (void)
{
  static const char *const bad[] = { "ftp://127.0.0.1/", "file:///etc/passwd", "127.0.0.1", "http//x", "" };
  g_autoptr (AlMetrics) metrics = al_metrics_new ();

  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      SigWebhookConfig config;

      sig_webhook_config_init (&config);
      config.url = bad[i];
      config.secret = SECRET;
      config.metrics = metrics;
      g_assert_null (sig_webhook_new (&config, &error));
      g_assert_nonnull (error);
    }
}

static void
test_sign (void)
{
  /* printf '1700000000.{}' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef */
  g_autofree char *signature = sig_webhook_sign (SECRET, 1700000000, "{}", 2);

  g_assert_cmpstr (signature, ==, "t=1700000000,v1=417adf36b901772f658597a76d329694e335e65fc0849d7715c3ca33406309b5");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/webhook/deliver", test_deliver);
  g_test_add_func ("/signaling/webhook/retry", test_retry);
  g_test_add_func ("/signaling/webhook/give-up", test_give_up);
  g_test_add_func ("/signaling/webhook/gone", test_gone);
  g_test_add_func ("/signaling/webhook/redirect", test_redirect);
  g_test_add_func ("/signaling/webhook/flood", test_flood);
  g_test_add_func ("/signaling/webhook/drop-oldest", test_drop_oldest);
  g_test_add_func ("/signaling/webhook/stop-while-held", test_stop_while_held);
  g_test_add_func ("/signaling/webhook/bad-url", test_bad_url);
  g_test_add_func ("/signaling/webhook/sign", test_sign);
  return g_test_run ();
}
