/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that are slow, silent, many or greedy, and files on their way to them. Time is a clock that is moved. */
#include "front-fixture.h"

#define GET(path, fields) "GET " path " HTTP/1.1\r\nHost: localhost\r\n" fields "\r\n"
#define POST(fields, body) "POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" fields "\r\n" body
#define BIG (3 << 20)

static char *
make_big (void)
{
  char *data = g_malloc (BIG);

  for (int i = 0; i < BIG; i++)
    data[i] = (char) (i * 31 + (i >> 12));
  return data;
}

static void
set_up_files (Fixture *fixture, gconstpointer more)
{
  g_autofree char *big = make_big ();

  fixture_set_up (fixture, more);
  fixture_put (fixture, "web/big.bin", big, BIG);
  fixture_put (fixture, "web/app-5XZ2QJ3A.js", "plain", -1);
  fixture_put (fixture, "web/app-5XZ2QJ3A.js.gz", "gzipped!", -1);
  g_assert_true (sig_front_reload (fixture->front, NULL));
}

static Answer
ask (Fixture *fixture, const char *text)
{
  return fixture_ask (fixture, SIG_FRONT_HTTP, text);
}

/* Another client is served while the clients under test do what they do. */
static void
assert_others_are_served (Fixture *fixture)
{
  g_auto (Answer) answer = { 0 };
  Client *client = fixture_connect (fixture, 7, SIG_FRONT_HTTP);

  client_send (client, GET ("/healthz", ""));
  WAIT_FOR (fixture, client_take_answer (client, false, &answer));
  g_assert_cmpuint (answer.status, ==, 200);
}

static void
test_file_fields (Fixture *fixture, gconstpointer data)
{
  g_auto (Answer) plain = ask (fixture, GET ("/app-5XZ2QJ3A.js", ""));
  g_auto (Answer) zipped = ask (fixture, GET ("/app-5XZ2QJ3A.js", "Accept-Encoding: gzip, br\r\n"));
  g_auto (Answer) fresh = { 0 };
  g_autofree char *cache = answer_get (&plain, "Cache-Control"), *vary = answer_get (&plain, "Vary");
  g_autofree char *coding = answer_get (&zipped, "Content-Encoding"), *tag = answer_get (&zipped, "ETag");
  g_autofree char *other = answer_get (&plain, "ETag"), *no_length = NULL, *request = NULL;

  g_assert_cmpstr (plain.body, ==, "plain");
  g_assert_cmpstr (zipped.body, ==, "gzipped!");
  g_assert_cmpstr (cache, ==, "public, max-age=31536000, immutable");
  g_assert_cmpstr (vary, ==, "Accept-Encoding");
  g_assert_cmpstr (coding, ==, "gzip");
  g_assert_cmpstr (tag, !=, other);
  request = g_strdup_printf ("GET /app-5XZ2QJ3A.js HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nIf-None-Match: %s\r\n\r\n", tag);
  fresh = ask (fixture, request);
  no_length = answer_get (&fresh, "Content-Length");
  g_assert_cmpuint (fresh.status, ==, 304);
  g_assert_null (no_length);
}

static void
test_file_whole (Fixture *fixture, gconstpointer data)
{
  static const SigFrontListen kinds[] = { SIG_FRONT_HTTP, SIG_FRONT_HTTPS };
  g_autofree char *big = make_big ();

  for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_auto (Answer) answer = fixture_ask (fixture, kinds[i], GET ("/big.bin", ""));
      g_auto (Answer) next = { 0 };
      Client *client = fixture->clients[0];

      g_assert_cmpuint (answer.status, ==, 200);
      g_assert_cmpmem (answer.body, answer.body_len, big, BIG);
      client_send (client, GET ("/healthz", ""));
      WAIT_FOR (fixture, client_take_answer (client, false, &next));
      g_assert_cmpuint (next.status, ==, 200);
    }
}

static void
test_file_range (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *range;
    unsigned status;
    size_t first, end;
  } cases[] = {
    { "bytes=0-0", 206, 0, 1 },
    { "bytes=65535-65536", 206, 65535, 65537 },
    { "bytes=1000000-2999999", 206, 1000000, 3000000 },
    { "bytes=-100", 206, BIG - 100, BIG },
    { "bytes=5-,7-", 200, 0, BIG },
    { "bytes=3145728-", 416, 0, 0 },
  };
  g_autofree char *big = make_big ();

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *request =
          g_strdup_printf ("GET /big.bin HTTP/1.1\r\nHost: a\r\nRange: %s\r\n\r\n", cases[i].range);
      g_auto (Answer) answer = ask (fixture, request);
      g_autofree char *range = answer_get (&answer, "Content-Range");
      g_autofree char *expected =
          g_strdup_printf ("bytes %zu-%zu/%d", cases[i].first, cases[i].end - 1, BIG);

      g_assert_cmpuint (answer.status, ==, cases[i].status);
      if (answer.status == 206)
        g_assert_cmpstr (range, ==, expected);
      if (answer.status == 416)
        g_assert_cmpstr (range, ==, "bytes */3145728");
      else
        g_assert_cmpmem (answer.body, answer.body_len, big + cases[i].first, cases[i].end - cases[i].first);
    }
}

static void
test_file_head (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_connect (fixture, 0, SIG_FRONT_HTTP);
  g_auto (Answer) head = { 0 }, next = { 0 };
  g_autofree char *length = NULL;

  client_send (client, "HEAD /big.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=0-0\r\n\r\n" GET ("/healthz", ""));
  WAIT_FOR (fixture, client_take_answer (client, true, &head));
  WAIT_FOR (fixture, client_take_answer (client, false, &next));
  length = answer_get (&head, "Content-Length");
  g_assert_cmpuint (head.status, ==, 200);
  g_assert_cmpstr (length, ==, "3145728");
  g_assert_cmpuint (next.status, ==, 200);
}

/* A reader that takes nothing for 30 s is cut off. What the kernel's buffers hold is not in our hands: many requests. */
static void
test_file_stalled (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_connect (fixture, 0, SIG_FRONT_HTTP);

  fixture->clients[0] = NULL;
  for (int i = 0; i < 20; i++)
    client_send (client, GET ("/big.bin", ""));
  WAIT_FOR (fixture, fixture_count (fixture, "aldis_front_pauses", "reason", "output") == 1);
  assert_others_are_served (fixture);
  /* the first look may find that bytes moved since the file began */
  for (int i = 0; i < 5 && fixture_count (fixture, "aldis_front_closed", "reason", "slow") == 0; i++)
    {
      sig_front_skip_us (fixture->front, SIG_FRONT_STALL_US + 1000);
      assert_others_are_served (fixture);
    }
  WAIT_FOR (fixture, fixture_count (fixture, "aldis_front_closed", "reason", "slow") == 1);
  fixture->clients[0] = client;
  g_assert_cmpuint (fixture_count (fixture, "aldis_front_closed", "reason", "overflow"), ==, 0);
}

/* The page that is served is the file, byte for byte: its integrity hashes stay true. */
static void
test_file_bytes (Fixture *fixture, gconstpointer data)
{
  g_autofree char *page = g_malloc (70000);
  g_auto (Answer) answer = { 0 };

  for (int i = 0; i < 70000; i++)
    page[i] = (char) i;
  fixture_put (fixture, "web/index.html", page, 70000);
  g_assert_true (sig_front_reload (fixture->front, NULL));
  answer = ask (fixture, GET ("/", ""));
  g_assert_cmpmem (answer.body, answer.body_len, page, 70000);
}

static void
test_slow_head (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_connect (fixture, 0, SIG_FRONT_HTTP);
  g_auto (Answer) answer = { 0 };

  client_send (client, "GET / HTTP/1.1\r\n");
  WAIT_FOR (fixture, fixture_count (fixture, "aldis_front_accepted", "listener", "http") == 1);
  for (int i = 0; i < 3; i++)
    {
      /* a field now and then does not buy time */
      client_send (client, "X: y\r\n");
      assert_others_are_served (fixture);
      sig_front_skip_us (fixture->front, SIG_FRONT_HEAD_US / 3 + 1000);
    }
  WAIT_FOR (fixture, client_take_answer (client, false, &answer));
  g_assert_cmpuint (answer.status, ==, 408);
  WAIT_FOR (fixture, client->eof);
  WAIT_FOR (fixture, fixture_count (fixture, "aldis_front_closed", "reason", "slow") == 1);
}

/* Connected and silent: never a connection of ours, and gone after 10 s. */
static void
test_half_open (Fixture *fixture, gconstpointer data)
{
  enum { N = 300 };
  int fds[N];
  AlAddr address;

  g_assert_true (sig_front_get_address (fixture->front, SIG_FRONT_HTTP, &address));
  for (int i = 0; i < N; i++)
    {
      fds[i] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      g_assert_cmpint (connect (fds[i], &address.sa, al_addr_get_len (&address)), ==, 0);
    }
  assert_others_are_served (fixture);
  sig_front_skip_us (fixture->front, SIG_FRONT_HEAD_US + 1000);
  for (int i = 0; i < N; i++)
    {
      struct pollfd fd = { .fd = fds[i], .events = POLLIN };

      g_assert_cmpint (poll (&fd, 1, 60000), ==, 1);
      (void) close (fds[i]);
    }
  assert_others_are_served (fixture);
}

static void
test_slow_body (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_connect (fixture, 0, SIG_FRONT_HTTP);
  g_auto (Answer) answer = { 0 };

  client_send (client, POST ("Content-Length: 400000\r\nAuthorization: Bearer x\r\n", ""));
  for (int i = 0; i < 11; i++)
    {
      client_send (client, "x");
      assert_others_are_served (fixture);
      sig_front_skip_us (fixture->front, SIG_FRONT_S);
    }
  WAIT_FOR (fixture, client_take_answer (client, false, &answer));
  g_assert_cmpuint (answer.status, ==, 408);
  g_assert_cmpuint (fixture->requests, ==, 0);
}

static void
test_idle (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_connect (fixture, 0, SIG_FRONT_HTTP);
  g_auto (Answer) answer = { 0 };

  client_send (client, GET ("/healthz", ""));
  WAIT_FOR (fixture, client_take_answer (client, false, &answer));
  sig_front_skip_us (fixture->front, SIG_FRONT_IDLE_US - SIG_FRONT_S);
  assert_others_are_served (fixture);
  client_read (client);
  g_assert_false (client->eof);
  sig_front_skip_us (fixture->front, SIG_FRONT_S);
  WAIT_FOR (fixture, client->eof);
  g_assert_cmpuint (client->in->len, ==, 0);
}

static void
test_no_answer (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_connect (fixture, 0, SIG_FRONT_HTTP);
  g_autoptr (AlBuf) late = al_buf_new_copy ("{}", 2);
  g_auto (Answer) answer = { 0 };

  fixture->mute = true;
  client_send (client, POST ("Content-Length: 2\r\n", "{}"));
  WAIT_FOR (fixture, fixture->requests == 1);
  sig_front_skip_us (fixture->front, SIG_FRONT_ANSWER_US + 1000);
  WAIT_FOR (fixture, client_take_answer (client, false, &answer));
  g_assert_cmpuint (answer.status, ==, 504);
  sig_front_respond (fixture->front, fixture->last, 200, late, 0);
  WAIT_FOR (fixture, client->eof);
  g_assert_cmpuint (client->in->len, ==, 0);
}

/* Returns: (transfer full): a request that costs many tokens of a rate */
static char *
make_dear_post (const char *fields)
{
  g_autofree char *json = fixture_dear_json ();
  g_autofree char *length = g_strdup_printf ("Content-Length: %zu\r\n", strlen (json));

  return g_strconcat ("POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n", fields, length,
                      "\r\n", json, NULL);
}

/* A POST has the same bucket as a message: who keeps a connection busy is read more slowly, not refused. */
static void
test_post_rate (Fixture *fixture, gconstpointer data)
{
  enum { N = 40 };
  Client *client = fixture_connect (fixture, 0, SIG_FRONT_HTTP);
  g_autofree char *request = make_dear_post ("Authorization: Bearer x\r\n");

  for (int i = 0; i < N; i++)
    client_send (client, request);
  WAIT_FOR (fixture, fixture_count (fixture, "aldis_front_pauses", "reason", "rate") > 0);
  for (int i = 0; i < N; i++)
    {
      g_auto (Answer) answer = { 0 };

      while (!client_take_answer (client, false, &answer))
        {
          fixture_turn (fixture);
          sig_front_skip_us (fixture->front, 10 * 1000);
        }
      g_assert_cmpuint (answer.status, ==, 200);
    }
}

/* Without a token, new connections do not help: the address has its bucket, and the front refuses what is over it. */
static void
test_stranger_rate (Fixture *fixture, gconstpointer data)
{
  g_autofree char *request = make_dear_post ("Connection: close\r\n");
  unsigned refused = 0, i;

  fixture->strangers = true;
  for (i = 0; i < 2 * SIG_RATE_BURST && refused == 0; i++)
    {
      g_auto (Answer) answer = ask (fixture, request);

      refused = answer.status == 429;
      if (refused != 0)
        g_assert_nonnull (strstr (answer.body, "\"reason\":\"rate\",\"retryAfterMs\":1000"));
    }
  g_assert_cmpuint (refused, ==, 1);
  g_assert_cmpuint (fixture->requests, ==, i - 1);
  for (i = 0; i < 2; i++)
    {
      g_auto (Answer) known = ask (fixture, POST ("Content-Length: 2\r\nAuthorization: Bearer x\r\n", "{}"));

      g_assert_cmpuint (known.status, ==, 200);
    }
  sig_front_skip_us (fixture->front, 60 * SIG_FRONT_S);
  {
    g_auto (Answer) later = ask (fixture, POST ("Content-Length: 2\r\n", "{}"));

    g_assert_cmpuint (later.status, ==, 200);
  }
}

static void
test_per_address (Fixture *fixture, gconstpointer data)
{
  g_auto (Answer) refused = { 0 }, again = { 0 }, admin = { 0 };
  g_autofree char *retry = NULL;

  for (unsigned i = 1; i <= 3; i++)
    (void) fixture_open_ws (fixture, i, SIG_FRONT_HTTP, "");
  refused = ask (fixture, GET ("/healthz", ""));
  retry = answer_get (&refused, "Retry-After");
  g_assert_cmpuint (refused.status, ==, 429);
  g_assert_cmpstr (retry, ==, "10");
  admin = fixture_ask (fixture, SIG_FRONT_ADMIN, GET ("/healthz", ""));
  g_assert_cmpuint (admin.status, ==, 200);
  g_clear_pointer (&fixture->clients[1], client_free);
  WAIT_FOR (fixture, fixture->closed == 1);
  again = ask (fixture, GET ("/healthz", ""));
  g_assert_cmpuint (again.status, ==, 200);
}

/* Behind a proxy each client counts by itself, not the proxy. */
static void
test_per_address_proxied (Fixture *fixture, gconstpointer data)
{
  g_auto (Answer) refused = { 0 };

  for (unsigned i = 1; i <= 2; i++)
    (void) fixture_open_ws (fixture, i, SIG_FRONT_HTTP, "X-Forwarded-For: 203.0.113.1\r\n");
  (void) fixture_open_ws (fixture, 3, SIG_FRONT_HTTP, "X-Forwarded-For: 203.0.113.2\r\n");
  refused = ask (fixture, HANDSHAKE "Sec-WebSocket-Protocol: aldis.v1\r\nX-Forwarded-For: 203.0.113.1\r\n\r\n");
  g_assert_cmpuint (refused.status, ==, 429);
  g_clear_pointer (&fixture->clients[1], client_free);
  WAIT_FOR (fixture, fixture->closed == 1);
  (void) fixture_open_ws (fixture, 1, SIG_FRONT_HTTP, "X-Forwarded-For: 203.0.113.1\r\n");
}

/* An endless JSON document, a WebSocket that reads nothing, a silent one: side by side, and the echo goes on. */
static void
test_side_by_side (Fixture *fixture, gconstpointer data)
{
  Client *good = fixture_open_ws (fixture, 1, SIG_FRONT_HTTPS, "");
  Client *slow = fixture_connect (fixture, 2, SIG_FRONT_HTTP), *silent = fixture_connect (fixture, 3, SIG_FRONT_HTTP);

  client_send (slow, POST ("Content-Length: 500000\r\nAuthorization: Bearer x\r\n", "["));
  client_send (silent, "G");
  for (int i = 0; i < 100; i++)
    {
      g_autofree char *text = g_strdup_printf ("%d", i), *back = NULL;

      client_send_text (good, text);
      back = fixture_next_text (fixture, good);
      g_assert_cmpstr (back, ==, text);
    }
  g_assert_cmpuint (fixture->requests, ==, 0);
}

#define ADD_FILES(name, fn) \
  g_test_add ("/signaling/front/limits/" name, Fixture, "front_threads=1\n", set_up_files, fn, fixture_tear_down)
#define ADD_ONE(name, more, fn) ADD ("/signaling/front/limits/" name, "front_threads=1\n" more, fn)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_FILES ("file-fields", test_file_fields);
  ADD_FILES ("file-whole", test_file_whole);
  ADD_FILES ("file-range", test_file_range);
  ADD_FILES ("file-head", test_file_head);
  ADD_FILES ("file-stalled", test_file_stalled);
  ADD_FILES ("file-bytes", test_file_bytes);
  ADD_ONE ("slow-head", "", test_slow_head);
  ADD_ONE ("half-open", "", test_half_open);
  ADD_ONE ("slow-body", "", test_slow_body);
  ADD_ONE ("idle", "", test_idle);
  ADD_ONE ("no-answer", "", test_no_answer);
  ADD_ONE ("post-rate", "", test_post_rate);
  ADD_ONE ("stranger-rate", "stranger_rate_address=1\n", test_stranger_rate);
  ADD_ONE ("per-address", "max_connections_per_address=3\n", test_per_address);
  ADD_ONE ("per-address-proxied", "max_connections_per_address=2\ntrusted_proxies=127.0.0.1\n",
           test_per_address_proxied);
  ADD_ONE ("side-by-side", "", test_side_by_side);
  return g_test_run ();
}
