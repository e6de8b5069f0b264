/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP of the front: routes, files, requests to main, limits of size, pipelining. */
#include "front-fixture.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define POST(fields, body) "POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" fields "\r\n" body

static void
test_index (Fixture *fixture, gconstpointer data)
{
  static const SigFrontListen kinds[] = { SIG_FRONT_HTTP, SIG_FRONT_HTTPS };

  for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_auto (Answer) answer = fixture_ask (fixture, kinds[i], GET ("/"));
      g_autofree char *policy = answer_get (&answer, "Content-Security-Policy");
      g_autofree char *cache = answer_get (&answer, "Cache-Control");
      g_autofree char *hsts = answer_get (&answer, "Strict-Transport-Security");
      g_autofree char *date = answer_get (&answer, "Date");

      g_assert_cmpuint (answer.status, ==, 200);
      g_assert_cmpstr (answer.body, ==, "<!doctype html><title>Test</title>");
      g_assert_true (g_str_has_prefix (policy, "default-src 'none'; script-src 'self';"));
      g_assert_cmpstr (cache, ==, "no-cache");
      g_assert_null (hsts); /* the certificate is self-signed */
      g_assert_cmpuint (strlen (date), ==, 29);
    }
}

static void
test_routes (Fixture *fixture, gconstpointer data)
{
  static const struct {
    SigFrontListen kind;
    const char *request;
    unsigned status;
    const char *allow;
  } cases[] = {
    { SIG_FRONT_HTTP, GET ("/healthz"), 200, NULL },
    { SIG_FRONT_HTTP, "HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 200, NULL },
    { SIG_FRONT_HTTP, GET ("/metrics"), 404, NULL },
    { SIG_FRONT_HTTP, GET ("/nothing"), 404, NULL },
    { SIG_FRONT_HTTP, GET ("/../etc/passwd"), 404, NULL },
    { SIG_FRONT_HTTP, GET ("/rpc"), 426, NULL },
    { SIG_FRONT_HTTP, "PUT /rpc HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405, "GET, POST, OPTIONS" },
    { SIG_FRONT_HTTP, "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 405, "GET, HEAD, OPTIONS" },
    { SIG_FRONT_HTTP, "POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", 405, "GET, HEAD, OPTIONS" },
    { SIG_FRONT_HTTP, "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", 204, "GET, HEAD, OPTIONS" },
    { SIG_FRONT_HTTP, "OPTIONS /rpc HTTP/1.1\r\nHost: a\r\n\r\n", 204, "GET, POST, OPTIONS" },
    { SIG_FRONT_HTTP, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 204, "GET, HEAD, POST, OPTIONS" },
    { SIG_FRONT_HTTP, "GET / HTTP/1.1\r\n\r\n", 400, NULL },
    { SIG_FRONT_HTTP, "GET / HTTP/1.1\nHost: a\n\n", 400, NULL },
    { SIG_FRONT_HTTP, "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, NULL },
    { SIG_FRONT_HTTP, "garbage\r\n\r\n", 400, NULL },
    { SIG_FRONT_HTTPS, GET ("/healthz"), 200, NULL },
    { SIG_FRONT_METRICS, GET ("/metrics"), 200, NULL },
    { SIG_FRONT_METRICS, GET ("/healthz"), 200, NULL },
    { SIG_FRONT_METRICS, GET ("/"), 404, NULL },
    { SIG_FRONT_METRICS, GET ("/rpc"), 404, NULL },
    { SIG_FRONT_ADMIN, GET ("/healthz"), 200, NULL },
    { SIG_FRONT_ADMIN, GET ("/"), 404, NULL },
    { SIG_FRONT_ADMIN, GET ("/metrics"), 404, NULL },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Answer) answer = fixture_ask (fixture, cases[i].kind, cases[i].request);
      g_autofree char *allow = answer_get (&answer, "Allow");

      if (answer.status != cases[i].status || g_strcmp0 (allow, cases[i].allow) != 0)
        g_error ("case %zu: %s", i, answer.head);
      if (answer.status >= 400)
        g_assert_true (g_str_has_prefix (answer.body, "{\"error\":\""));
    }
}

static void
test_metrics (Fixture *fixture, gconstpointer data)
{
  g_auto (Answer) answer = fixture_ask (fixture, SIG_FRONT_METRICS, GET ("/metrics"));
  g_autofree char *type = answer_get (&answer, "Content-Type");

  g_assert_true (g_str_has_prefix (type, "application/openmetrics-text"));
  g_assert_nonnull (strstr (answer.body, "aldis_front_accepted_total{listener=\"metrics\"} 1\n"));
  g_assert_true (g_str_has_suffix (answer.body, "# EOF\n"));
}

/* A page whose name was pointed at this machine is told nothing. */
static void
test_metrics_host (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *host;
    unsigned status;
  } cases[] = { { "localhost", 200 },  { "LOCALHOST:9", 200 }, { "127.0.0.1:9090", 200 }, { "10.1.2.3", 200 },
                { "[::1]:9090", 200 }, { "[::1]", 200 },       { "evil.example", 421 },   { "evil.example:9090", 421 },
                { "localhost.evil.example", 421 }, { "127.0.0.1.evil.example", 421 } };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *request = g_strdup_printf ("GET /metrics HTTP/1.1\r\nHost: %s\r\n\r\n", cases[i].host);
      g_auto (Answer) answer = fixture_ask (fixture, SIG_FRONT_METRICS, request);

      if (answer.status != cases[i].status)
        g_error ("%s: %s", cases[i].host, answer.head);
    }
}

static void
test_post (Fixture *fixture, gconstpointer data)
{
  g_auto (Answer) first = fixture_ask (fixture, SIG_FRONT_HTTP, POST ("Content-Length: 2\r\nAuthorization: bearer s3cret\r\n", "{}"));
  g_auto (Answer) chunked = { 0 };
  g_autofree char *type = answer_get (&first, "Content-Type");
  AlAddr loopback;
  Client *client = fixture->clients[0];

  g_assert_cmpuint (first.status, ==, 200);
  g_assert_cmpstr (first.body, ==, "{\"len\":2}");
  g_assert_cmpstr (type, ==, "application/json");
  g_assert_cmpstr (fixture->last_bearer, ==, "s3cret");
  g_assert_false (fixture->last_peer.tls);
  g_assert_false (fixture->last_peer.admin);
  g_assert_true (al_addr_parse ("127.0.0.1", 0, &loopback, NULL));
  g_assert_true (al_addr_equal_host (&fixture->last_peer.address, &loopback));
  client_send (client, POST ("Transfer-Encoding: chunked\r\n", "3;x=y\r\n[12\r\n2\r\n3]\r\n0\r\nT: x\r\n\r\n"));
  WAIT_FOR (fixture, client_take_answer (client, false, &chunked));
  g_assert_cmpstr (chunked.body, ==, "{\"len\":5}");
  g_assert_null (fixture->last_bearer);
  g_assert_cmpstr (fixture->log->str, ==, "request {}\nrequest [123]\n");
}

static void
test_post_refused (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *request;
    unsigned status;
  } cases[] = {
    { "POST /rpc HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", 415 },
    { "POST /rpc HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 415 },
    { "POST /rpc HTTP/1.1\r\nHost: a\r\nContent-Type: application/jsonx\r\nContent-Length: 2\r\n\r\n{}", 415 },
    { POST ("", ""), 411 },
    { POST ("Content-Length: 16385\r\n", ""), 413 },
    { POST ("Content-Length: 16385\r\nAuthorization: Basic x\r\n", ""), 413 },
    { POST ("Content-Length: 524289\r\nAuthorization: Bearer x\r\n", ""), 413 },
    { POST ("Connection: close\r\nContent-Length: 1\r\n", "{"), 400 },
    { POST ("Connection: close\r\nContent-Length: 0\r\n", ""), 400 },
    { POST ("Content-Length: 1073741824\r\nExpect: 100-continue\r\n", ""), 413 },
    { POST ("Content-Length: 2\r\nContent-Length: 3\r\n", "{}"), 400 },
    { POST ("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "{}"), 400 },
    { POST ("Transfer-Encoding: gzip\r\n", "{}"), 501 },
    { POST ("Transfer-Encoding: chunked\r\n", "x\r\n"), 400 },
    { POST ("Content-Length: 2\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n", "{}"), 400 },
    { POST ("Content-Length: 2\r\nOrigin: https://evil.example\r\n", "{}"), 403 },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Answer) answer = fixture_ask (fixture, SIG_FRONT_HTTP, cases[i].request);

      if (answer.status != cases[i].status)
        g_error ("case %zu: %s", i, answer.head);
      /* what stands behind it is never taken for another request */
      WAIT_FOR (fixture, fixture->clients[0]->eof);
      g_assert_cmpuint (fixture->clients[0]->in->len, ==, 0);
    }
  g_assert_cmpuint (fixture->requests, ==, 0);
  WAIT_FOR (fixture, fixture_count (fixture, "aldis_front_refused", "reason", "origin") == 1);
}

static void
test_post_expect (Fixture *fixture, gconstpointer data)
{
  g_auto (Answer) go_on = fixture_ask (fixture, SIG_FRONT_HTTP, POST ("Content-Length: 2\r\nExpect: 100-continue\r\n", ""));
  g_auto (Answer) answer = { 0 };
  Client *client = fixture->clients[0];

  g_assert_cmpuint (go_on.status, ==, 100);
  client_send (client, "{}");
  WAIT_FOR (fixture, client_take_answer (client, false, &answer));
  g_assert_cmpuint (answer.status, ==, 200);
}

/* A chunked body has no length to refuse beforehand: it ends where the limit is. The server reads no more than that. */
static void
test_post_endless (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_connect (fixture, 0, SIG_FRONT_HTTP);
  g_auto (Answer) answer = { 0 };
  g_autofree char *piece = g_strnfill (4096, 'x');
  size_t sent = 0;

  client_send (client, POST ("Transfer-Encoding: chunked\r\n", ""));
  while (client->in->len == 0 && sent < 16u << 20)
    {
      client_send (client, "1000\r\n");
      client_send_bytes (client, piece, 4096);
      client_send (client, "\r\n");
      sent += 4096;
      client_read (client);
    }
  WAIT_FOR (fixture, client_take_answer (client, false, &answer));
  g_assert_cmpuint (answer.status, ==, 413);
  g_assert_cmpuint (fixture->requests, ==, 0);
  WAIT_FOR (fixture, al_gauge_get (al_metrics_gauge (fixture->metrics, "aldis_front_held_bytes", "", NULL)) == 0);
}

static void
test_post_biggest (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_connect (fixture, 0, SIG_FRONT_HTTPS);
  g_auto (Answer) answer = { 0 };
  g_autofree char *body = g_strnfill (SIG_FRONT_MAX_BODY, ' ');

  body[0] = '1';
  client_send (client, POST ("Content-Length: 524288\r\nAuthorization: Bearer x\r\n", ""));
  client_send (client, body);
  WAIT_FOR (fixture, client_take_answer (client, false, &answer));
  g_assert_cmpstr (answer.body, ==, "{\"len\":524288}");
  g_assert_true (fixture->last_peer.tls);
}

/* Answers come in the order of the requests, though main answers the POST later than the others could be. */
static void
test_pipelining (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_connect (fixture, 0, SIG_FRONT_HTTP);
  static const unsigned expected[] = { 200, 200, 404, 204, 200, 200 };

  client_send (client, "\r\n" GET ("/healthz") POST ("Content-Length: 2\r\n", "{}") "\r\n" GET ("/none"));
  client_send (client, "OPTIONS /rpc HTTP/1.1\r\nHost: a\r\n\r\n" POST ("Content-Length: 3\r\n", "[1]"));
  client_send (client, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET ("/never"));
  for (size_t i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_auto (Answer) answer = { 0 };

      WAIT_FOR (fixture, client_take_answer (client, false, &answer));
      g_assert_cmpuint (answer.status, ==, expected[i]);
    }
  WAIT_FOR (fixture, client->eof);
  g_assert_cmpuint (client->in->len, ==, 0);
}

static void
test_one_byte_at_a_time (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_connect (fixture, 0, SIG_FRONT_HTTP);
  static const char text[] = POST ("Transfer-Encoding: chunked\r\n", "3\r\n123\r\n0\r\n\r\n") GET ("/healthz");
  g_auto (Answer) first = { 0 }, second = { 0 };

  for (size_t i = 0; i < strlen (text); i++)
    client_send_bytes (client, text + i, 1);
  WAIT_FOR (fixture, client_take_answer (client, false, &first));
  WAIT_FOR (fixture, client_take_answer (client, false, &second));
  g_assert_cmpstr (first.body, ==, "{\"len\":3}");
  g_assert_cmpstr (second.body, ==, "{\"status\":\"ok\"}\n");
}

static void
test_http_1_0 (Fixture *fixture, gconstpointer data)
{
  g_auto (Answer) answer = fixture_ask (fixture, SIG_FRONT_HTTP, "GET /healthz HTTP/1.0\r\nHost: a\r\n\r\n");

  g_assert_cmpuint (answer.status, ==, 200);
  WAIT_FOR (fixture, fixture->clients[0]->eof);
}

static void
test_respond (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_connect (fixture, 0, SIG_FRONT_HTTP);
  g_auto (Answer) limited = { 0 }, empty = { 0 }, big = { 0 };
  g_autofree char *retry = NULL, *who = NULL;
  g_autoptr (AlBuf) small_buf = al_buf_new_copy ("{}", 2), big_buf = al_buf_new (3 << 20);
  SigConnId stale;

  fixture->mute = true;
  client_send (client, POST ("Content-Length: 2\r\n", "{}"));
  WAIT_FOR (fixture, fixture->requests == 1);
  stale = fixture->last;
  sig_front_respond (fixture->front, fixture->last, 401, small_buf, 7);
  /* only the first answer counts; names of WebSockets and of nobody are none of requests */
  sig_front_respond (fixture->front, fixture->last, 200, small_buf, 0);
  sig_front_respond (fixture->front, 0, 200, small_buf, 0);
  sig_front_respond (fixture->front, UINT64_MAX, 200, small_buf, 0);
  sig_front_send (fixture->front, fixture->last, small_buf);
  WAIT_FOR (fixture, client_take_answer (client, false, &limited));
  retry = answer_get (&limited, "Retry-After");
  who = answer_get (&limited, "WWW-Authenticate");
  g_assert_cmpuint (limited.status, ==, 401);
  g_assert_cmpstr (retry, ==, "7");
  g_assert_cmpstr (who, ==, "Bearer");

  client_send (client, POST ("Content-Length: 2\r\n", "{}"));
  WAIT_FOR (fixture, fixture->requests == 2);
  g_assert_cmpuint (fixture->last, !=, stale);
  sig_front_respond (fixture->front, stale, 500, small_buf, 0);
  sig_front_respond (fixture->front, fixture->last, 204, NULL, 0);
  WAIT_FOR (fixture, client_take_answer (client, false, &empty));
  g_assert_cmpuint (empty.status, ==, 204);

  /* a big answer is not a slow reader's fault */
  memset (big_buf->data, 'x', big_buf->len);
  client_send (client, POST ("Content-Length: 2\r\nAuthorization: Bearer x\r\n", "{}"));
  WAIT_FOR (fixture, fixture->requests == 3);
  sig_front_respond (fixture->front, fixture->last, 200, big_buf, 0);
  WAIT_FOR (fixture, client_take_answer (client, false, &big));
  g_assert_cmpuint (big.body_len, ==, 3 << 20);
}

static void
test_request_left (Fixture *fixture, gconstpointer data)
{
  g_autoptr (AlBuf) buf = al_buf_new_copy ("{}", 2);
  Client *client = fixture_connect (fixture, 0, SIG_FRONT_HTTP);
  g_auto (Answer) answer = { 0 };

  fixture->mute = true;
  client_send (client, POST ("Content-Length: 2\r\n", "{}"));
  WAIT_FOR (fixture, fixture->requests == 1);
  g_clear_pointer (&fixture->clients[0], client_free);
  sig_front_respond (fixture->front, fixture->last, 200, buf, 0);
  answer = fixture_ask (fixture, SIG_FRONT_HTTP, GET ("/healthz"));
  g_assert_cmpuint (answer.status, ==, 200);
  g_assert_cmpuint (fixture->closed, ==, 0);
}

static void
test_admin (Fixture *fixture, gconstpointer data)
{
  g_auto (Answer) answer = fixture_ask (fixture, SIG_FRONT_ADMIN, POST ("Content-Length: 2\r\n", "{}"));

  g_assert_cmpuint (answer.status, ==, 200);
  g_assert_true (fixture->last_peer.admin);
  g_assert_cmpint (fixture->last_peer.address.sa.sa_family, ==, AF_UNSPEC);
}

static void
test_proxy (Fixture *fixture, gconstpointer data)
{
  g_auto (Answer) answer = fixture_ask (
      fixture, SIG_FRONT_HTTP,
      POST ("Content-Length: 2\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.7\r\nX-Forwarded-Proto: https\r\n", "{}"));
  char text[AL_ADDR_STRLEN];

  g_assert_cmpuint (answer.status, ==, 200);
  g_assert_cmpstr (al_addr_format (&fixture->last_peer.address, false, text), ==, "203.0.113.7");
  g_assert_true (fixture->last_peer.tls);
}

static void
test_proxy_not_trusted (Fixture *fixture, gconstpointer data)
{
  g_auto (Answer) answer = fixture_ask (
      fixture, SIG_FRONT_HTTP, POST ("Content-Length: 2\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n", "{}"));
  char text[AL_ADDR_STRLEN];

  g_assert_cmpuint (answer.status, ==, 200);
  g_assert_cmpstr (al_addr_format (&fixture->last_peer.address, false, text), ==, "127.0.0.1");
  g_assert_false (fixture->last_peer.tls);
}

static void
test_cors (Fixture *fixture, gconstpointer data)
{
  g_auto (Answer) preflight = fixture_ask (
      fixture, SIG_FRONT_HTTP, "OPTIONS /rpc HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n\r\n");
  g_auto (Answer) refused =
      fixture_ask (fixture, SIG_FRONT_HTTP, "OPTIONS /rpc HTTP/1.1\r\nHost: a\r\nOrigin: https://evil.example\r\n\r\n");
  g_auto (Answer) post =
      fixture_ask (fixture, SIG_FRONT_HTTP, POST ("Content-Length: 2\r\nOrigin: https://app.example\r\n", "{}"));
  g_auto (Answer) own =
      fixture_ask (fixture, SIG_FRONT_HTTP, POST ("Content-Length: 2\r\nOrigin: http://localhost\r\n", "{}"));
  g_autofree char *allowed = answer_get (&preflight, "Access-Control-Allow-Origin");
  g_autofree char *methods = answer_get (&preflight, "Access-Control-Allow-Methods");
  g_autofree char *nobody = answer_get (&refused, "Access-Control-Allow-Origin");
  g_autofree char *answer = answer_get (&post, "Access-Control-Allow-Origin");
  g_autofree char *not_needed = answer_get (&own, "Access-Control-Allow-Origin");

  g_assert_cmpstr (allowed, ==, "https://app.example");
  g_assert_cmpstr (methods, ==, "POST");
  g_assert_null (nobody);
  g_assert_cmpuint (post.status, ==, 200);
  g_assert_cmpstr (answer, ==, "https://app.example");
  g_assert_cmpuint (own.status, ==, 200);
  g_assert_null (not_needed);
}

static void
test_drain (Fixture *fixture, gconstpointer data)
{
  Client *open = fixture_connect (fixture, 1, SIG_FRONT_HTTP);
  g_auto (Answer) before = { 0 }, after = { 0 };
  AlAddr address;
  int fd;

  client_send (open, GET ("/healthz"));
  WAIT_FOR (fixture, client_take_answer (open, false, &before));
  g_assert_cmpuint (before.status, ==, 200);
  sig_front_drain (fixture->front);
  client_send (open, GET ("/healthz"));
  WAIT_FOR (fixture, client_take_answer (open, false, &after));
  g_assert_cmpuint (after.status, ==, 503);
  WAIT_FOR (fixture, open->eof); /* a client that keeps alive is told to come back elsewhere */
  g_assert_true (sig_front_get_address (fixture->front, SIG_FRONT_HTTP, &address));
  do
    {
      fixture_turn (fixture);
      fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      /* reset: the listener went while the connection was in its queue */
      if (connect (fd, &address.sa, al_addr_get_len (&address)) < 0 && errno != ECONNRESET)
        {
          g_assert_cmpint (errno, ==, ECONNREFUSED);
          (void) close (fd);
          break;
        }
    }
  while (close (fd) == 0);
}

static void
test_health (Fixture *fixture, gconstpointer data)
{
  g_auto (Answer) answer = { 0 };

  sig_front_set_health (fixture->front, false);
  answer = fixture_ask (fixture, SIG_FRONT_HTTP, GET ("/healthz"));
  g_assert_cmpuint (answer.status, ==, 503);
}

static void
test_urls (Fixture *fixture, gconstpointer data)
{
  g_auto (GStrv) urls = sig_front_get_urls (fixture->front);
  g_autofree char *http = NULL;
  AlAddr address;

  g_assert_true (sig_front_get_address (fixture->front, SIG_FRONT_HTTP, &address));
  http = g_strdup_printf ("http://127.0.0.1:%u/", al_addr_get_port (&address));
  g_assert_cmpuint (g_strv_length (urls), ==, 2);
  g_assert_cmpstr (urls[0], ==, http);
  g_assert_true (g_str_has_prefix (urls[1], "https://127.0.0.1:"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/signaling/front/http/index", NULL, test_index);
  ADD ("/signaling/front/http/routes", NULL, test_routes);
  ADD ("/signaling/front/http/metrics", NULL, test_metrics);
  ADD ("/signaling/front/http/metrics-host", NULL, test_metrics_host);
  ADD ("/signaling/front/http/post", NULL, test_post);
  ADD ("/signaling/front/http/post-refused", NULL, test_post_refused);
  ADD ("/signaling/front/http/post-expect", NULL, test_post_expect);
  ADD ("/signaling/front/http/post-endless", NULL, test_post_endless);
  ADD ("/signaling/front/http/post-biggest", NULL, test_post_biggest);
  ADD ("/signaling/front/http/pipelining", NULL, test_pipelining);
  ADD ("/signaling/front/http/one-byte-at-a-time", NULL, test_one_byte_at_a_time);
  ADD ("/signaling/front/http/http-1.0", NULL, test_http_1_0);
  ADD ("/signaling/front/http/respond", NULL, test_respond);
  ADD ("/signaling/front/http/request-left", NULL, test_request_left);
  ADD ("/signaling/front/http/admin", NULL, test_admin);
  ADD ("/signaling/front/http/proxy", "trusted_proxies=127.0.0.0/8\n", test_proxy);
  ADD ("/signaling/front/http/proxy-not-trusted", "trusted_proxies=10.0.0.0/8\n", test_proxy_not_trusted);
  ADD ("/signaling/front/http/cors", "allowed_origins=https://app.example\n", test_cors);
  ADD ("/signaling/front/http/drain", NULL, test_drain);
  ADD ("/signaling/front/http/health", NULL, test_health);
  ADD ("/signaling/front/http/urls", NULL, test_urls);
  return g_test_run ();
}
