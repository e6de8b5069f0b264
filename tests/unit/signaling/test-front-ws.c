/* SPDX-License-Identifier: Apache-2.0 */
/* WebSockets of the front: messages, back-pressure, pings, closing. Deadlines by a clock that is moved. */
#include <sched.h>

#include "base/json.h"
#include "front-fixture.h"

static void
test_echo (Fixture *fixture, gconstpointer data)
{
  static const SigFrontListen kinds[] = { SIG_FRONT_HTTP, SIG_FRONT_HTTPS };

  for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      Client *client = fixture_open_ws (fixture, 0, kinds[i], "");
      g_autofree char *big = g_strnfill (SIG_FRONT_MAX_BODY, ' ');
      g_autofree char *one = NULL, *two = NULL, *three = NULL, *four = NULL;

      big[0] = '1';
      client_send_text (client, "\"one\"");
      one = fixture_next_text (fixture, client);
      g_assert_cmpstr (one, ==, "\"one\"");
      client_send_frame (client, 0x01, "\"tw", 3);
      client_send_frame (client, 0x89, "ping", 4);
      client_send_frame (client, 0x80, "o\"", 2);
      /* main answers later than the front answers the ping */
      for (int pongs = 0; pongs == 0 || two == NULL;)
        {
          g_autofree char *payload = NULL;
          size_t len;
          uint8_t first = 0;

          WAIT_FOR (fixture, (first = client_take_frame (client, &payload, &len)) != 0);
          if (first == 0x8a)
            {
              g_assert_cmpstr (payload, ==, "ping");
              pongs++;
            }
          else
            two = g_steal_pointer (&payload);
        }
      g_assert_cmpstr (two, ==, "\"two\"");
      client_send_text (client, "[]");
      three = fixture_next_text (fixture, client);
      g_assert_cmpstr (three, ==, "[]");
      client_send_text (client, big);
      four = fixture_next_text (fixture, client);
      g_assert_cmpstr (four, ==, big);
      g_assert_cmpuint (al_gauge_get (al_metrics_gauge (fixture->metrics, "aldis_front_held_bytes", "", NULL)), ==, 0);
    }
}

/* Many frames in one packet, and one frame in many packets. */
static void
test_pieces (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  g_autoptr (GString) together = g_string_new (NULL);
  static const uint8_t frame[] = { 0x81, 0x83, 'm', 'a', 's', 'k', '1' ^ 'm', '2' ^ 'a', '3' ^ 's' };

  for (int i = 0; i < 300; i++)
    g_string_append_len (together, (const char *) frame, sizeof frame);
  client_send_bytes (client, together->str, together->len);
  for (size_t i = 0; i < sizeof frame; i++)
    {
      client_send_bytes (client, frame + i, 1);
      fixture_turn (fixture);
    }
  for (int i = 0; i < 301; i++)
    {
      g_autofree char *text = fixture_next_text (fixture, client);

      g_assert_cmpstr (text, ==, "123");
    }
}

static void
test_broken (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *bytes;
    size_t len;
    unsigned code;
  } cases[] = {
    { "\x81\x03" "abc", 5, 1002 },                               /* not masked */
    { "\xc1\x80mask", 6, 1002 },                                 /* a reserved bit */
    { "\x83\x80mask", 6, 1002 },                                 /* a reserved opcode */
    { "\x80\x80mask", 6, 1002 },                                 /* goes on with nothing */
    { "\x09\x80mask", 6, 1002 },                                 /* a ping in pieces */
    { "\x81\xff\x00\x00\x00\x00\x00\x08\x00\x01mask", 14, 1009 }, /* one byte too many */
    { "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xffmask", 14, 1009 },
    { "\x81\x81mask\x92", 7, 1007 },                             /* 0xff is not UTF-8 */
    { "\x82\x81mask\x00", 7, 1003 },                             /* binary */
    { "\x88\x81maskx", 7, 1002 },                                /* a close code of one byte */
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Client *client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
      unsigned closed = fixture->closed;

      client_send_bytes (client, cases[i].bytes, cases[i].len);
      client_send_text (client, "\"after\"");
      g_assert_cmpuint (fixture_next_close (fixture, client), ==, cases[i].code);
      WAIT_FOR (fixture, client->eof);
      WAIT_FOR (fixture, fixture->closed == closed + 1);
      g_assert_cmpuint (fixture->last_code, ==, 1006);
    }
  g_assert_cmpuint (fixture->messages, ==, 0);
}

static void
test_close_by_client (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");

  client_send_text (client, "\"last words\"");
  client_send_frame (client, 0x88, "\x0f\xa0" "bye", 5);
  client_send_text (client, "\"after the end\"");
  WAIT_FOR (fixture, fixture->closed == 1);
  g_assert_cmpstr (fixture->log->str, ==, "open\nmessage \"last words\"\nclosed 4000\n");
  client_read (client);
  WAIT_FOR (fixture, client->eof);
  g_assert_true (client_has (client, "\x88\x02\x0f\xa0"));

  client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  client_send_frame (client, 0x88, "", 0);
  g_assert_cmpuint (fixture_next_close (fixture, client), ==, 1005);
  WAIT_FOR (fixture, fixture->closed == 2);
  g_assert_cmpuint (fixture->last_code, ==, 1005);

  client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  g_clear_pointer (&fixture->clients[0], client_free);
  WAIT_FOR (fixture, fixture->closed == 3);
  g_assert_cmpuint (fixture->last_code, ==, 1006);
}

static void
test_close_by_main (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  g_autoptr (AlBuf) buf = al_buf_new_copy ("first", 5);
  g_autofree char *first = NULL;

  sig_front_send (fixture->front, fixture->last, buf);
  sig_front_close (fixture->front, fixture->last, 4001, "another connection took over");
  sig_front_close (fixture->front, fixture->last, 4002, "again");
  sig_front_send (fixture->front, fixture->last, buf);
  first = fixture_next_text (fixture, client);
  g_assert_cmpstr (first, ==, "first");
  g_assert_cmpuint (fixture_next_close (fixture, client), ==, 4001);
  client_send_text (client, "\"too late\"");
  client_send_frame (client, 0x88, "\x0f\xa1", 2);
  WAIT_FOR (fixture, fixture->closed == 1);
  g_assert_cmpuint (fixture->last_code, ==, 4001);
  WAIT_FOR (fixture, client->eof);
  g_assert_cmpuint (client->in->len, ==, 0);
  g_assert_cmpuint (fixture->messages, ==, 0);
}

/* A client that does not answer a close frame is not waited for. */
static void
test_close_unanswered (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");

  sig_front_close (fixture->front, fixture->last, 1001, "");
  g_assert_cmpuint (fixture_next_close (fixture, client), ==, 1001);
  g_assert_cmpuint (fixture->closed, ==, 0);
  sig_front_skip_us (fixture->front, SIG_FRONT_CLOSING_US);
  WAIT_FOR (fixture, fixture->closed == 1);
  g_assert_cmpuint (fixture->last_code, ==, 1006);
  WAIT_FOR (fixture, client->eof);
}

static void
test_stale (Fixture *fixture, gconstpointer data)
{
  g_autoptr (AlBuf) buf = al_buf_new_copy ("{}", 2);
  g_autofree char *text = NULL;
  SigConnId old;
  Client *client;

  (void) fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  old = fixture->last;
  g_clear_pointer (&fixture->clients[0], client_free);
  WAIT_FOR (fixture, fixture->closed == 1);
  client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  g_assert_cmpuint (fixture->last, !=, old);
  sig_front_send (fixture->front, old, buf);
  sig_front_done (fixture->front, old);
  sig_front_respond (fixture->front, old, 200, buf, 0);
  sig_front_respond (fixture->front, fixture->last, 200, buf, 0); /* a WebSocket is no request */
  sig_front_close (fixture->front, old, 1000, "");
  sig_front_done (fixture->front, fixture->last); /* nothing is in flight */
  client_send_text (client, "\"alive\"");
  text = fixture_next_text (fixture, client);
  g_assert_cmpstr (text, ==, "\"alive\"");
}

static void
settle (Fixture *fixture)
{
  g_autofree char *text = NULL;

  /* another connection's echo says that the thread has seen everything sent before; both are on one thread */
  client_send_text (fixture->clients[7], "\"settle\"");
  text = fixture_next_text (fixture, fixture->clients[7]);
}

static void
test_in_flight (Fixture *fixture, gconstpointer data)
{
  Client *client;
  SigConnId id;

  (void) fixture_open_ws (fixture, 7, SIG_FRONT_HTTP, "");
  client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  id = fixture->last;
  fixture->echo = false;
  for (int i = 0; i < 100; i++)
    client_send_text (client, "\"call\"");
  WAIT_FOR (fixture, fixture->messages == SIG_FRONT_MAX_IN_FLIGHT);
  fixture->echo = true;
  settle (fixture);
  fixture->echo = false;
  g_assert_cmpuint (fixture->messages, ==, SIG_FRONT_MAX_IN_FLIGHT + 1);
  g_assert_cmpuint (fixture_count (fixture, "aldis_front_pauses", "reason", "in_flight"), ==, 1);
  g_clear_pointer (&fixture->clients[7], client_free);
  WAIT_FOR (fixture, fixture->closed == 1);
  /* silence of a connection that is not read is no reason to end it */
  sig_front_skip_us (fixture->front, 5 * SIG_FRONT_HALF_OPEN_US);
  sig_front_done (fixture->front, id);
  WAIT_FOR (fixture, fixture->messages == SIG_FRONT_MAX_IN_FLIGHT + 2);
  for (int i = 0; i < 64; i++)
    sig_front_done (fixture->front, id);
  WAIT_FOR (fixture, fixture->messages == 101);
  g_assert_cmpuint (fixture->closed, ==, 1);
}

static void
test_rate (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  g_autofree char *dear = fixture_dear_json ();
  unsigned skips = 0;

  /* answered at once, so that only the rate can stop it; what it takes beyond the burst takes time */
  for (int i = 0; i < 40; i++)
    client_send_text (client, dear);
  WAIT_FOR (fixture, fixture_count (fixture, "aldis_front_pauses", "reason", "rate") > 0);
  while (fixture->messages < 40)
    {
      fixture_turn (fixture);
      sig_front_skip_us (fixture->front, 100 * 1000);
      skips++;
    }
  g_assert_cmpuint (skips, >, 0);
  g_assert_cmpuint (fixture->closed, ==, 0);
}

/* A client that sends and never reads: the front stops reading from it, and main's sends end it at the hard mark. */
static void
test_slow_reader (Fixture *fixture, gconstpointer data)
{
  g_autoptr (AlBuf) buf = al_buf_new (64 * 1024);
  Client *client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  SigConnId id = fixture->last;
  unsigned sent = 0;

  memset (buf->data, 'x', buf->len);
  fixture->clients[0] = NULL; /* turns do not read it any more */
  while (fixture->closed == 0 && sent < 2000)
    {
      sig_front_send (fixture->front, id, buf);
      sent++;
      fixture_turn (fixture);
    }
  fixture->clients[0] = client;
  g_assert_cmpuint (fixture->closed, ==, 1);
  g_assert_cmpuint (fixture->last_code, ==, 1006);
  g_assert_cmpuint (fixture_count (fixture, "aldis_front_closed", "reason", "overflow"), ==, 1);
  g_assert_cmpuint (fixture_count (fixture, "aldis_front_pauses", "reason", "output"), ==, 1);
}

static void
test_stalled_reader (Fixture *fixture, gconstpointer data)
{
  g_autoptr (AlBuf) buf = al_buf_new (64 * 1024);
  Client *client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  SigConnId id = fixture->last;

  memset (buf->data, 'x', buf->len);
  fixture->clients[0] = NULL;
  while (fixture_count (fixture, "aldis_front_pauses", "reason", "output") == 0)
    {
      sig_front_send (fixture->front, id, buf);
      fixture_turn (fixture);
    }
  sig_front_skip_us (fixture->front, SIG_FRONT_STALL_US);
  WAIT_FOR (fixture, fixture->closed == 1);
  fixture->clients[0] = client;
  g_assert_cmpuint (fixture_count (fixture, "aldis_front_closed", "reason", "slow"), ==, 1);
}

static void
test_pings (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  Client *dead = fixture_open_ws (fixture, 1, SIG_FRONT_HTTP, "");

  for (int round = 0; round < 6; round++)
    {
      g_autofree char *payload = NULL;
      size_t len;
      uint8_t first = 0;

      sig_front_skip_us (fixture->front, SIG_FRONT_PING_US + 1000);
      WAIT_FOR (fixture, (first = client_take_frame (client, &payload, &len)) != 0);
      g_assert_cmphex (first, ==, 0x89);
      client_send_frame (client, 0x8a, payload, len);
      /* the pong must be in before the clock moves on */
      client_send_text (client, "\"sync\"");
      g_free (payload);
      payload = fixture_next_text (fixture, client);
      if (round == 1)
        g_assert_cmpuint (fixture->closed, ==, 0);
    }
  WAIT_FOR (fixture, fixture->closed == 1);
  g_assert_cmpuint (fixture->last_code, ==, 1006);
  WAIT_FOR (fixture, dead->gone || dead->eof);
  g_assert_cmpuint (fixture_count (fixture, "aldis_front_closed", "reason", "half_open"), ==, 1);
}

/* questions go out behind what was sent; only the answer to the last one counts, and only once */
static void
test_probe (Fixture *fixture, gconstpointer data)
{
  static const char first_seq[] = { 0, 0, 0, 0, 0, 0, 0, 7 }, second_seq[] = { 0, 0, 0, 0, 0, 0, 1, 2 };
  Client *client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  SigConnId conn = fixture->last;
  g_autoptr (AlBuf) note = al_buf_new_copy ("note", 4);

  sig_front_probe (fixture->front, 0, 7);
  sig_front_send (fixture->front, conn, note);
  sig_front_probe (fixture->front, conn, 7);
  sig_front_probe (fixture->front, conn, 258);
  for (unsigned i = 0; i < 4; i++)
    {
      static const uint8_t types[] = { 0x81, 0x89, 0x89, 0x89 };
      g_autofree char *payload = NULL;
      size_t len;
      uint8_t first = 0;

      if (i == 3) /* an ordinary ping repeats the question */
        sig_front_skip_us (fixture->front, SIG_FRONT_PING_US + 1000);
      WAIT_FOR (fixture, (first = client_take_frame (client, &payload, &len)) != 0);
      g_assert_cmphex (first, ==, types[i]);
      if (i > 0)
        g_assert_cmpmem (payload, len, i == 1 ? first_seq : second_seq, sizeof first_seq);
    }
  client_send_frame (client, 0x8a, "", 0);
  client_send_frame (client, 0x8a, first_seq, sizeof first_seq);
  client_send_frame (client, 0x8a, second_seq, sizeof second_seq);
  client_send_frame (client, 0x8a, second_seq, sizeof second_seq);
  client_send_text (client, "\"sync\"");
  g_free (fixture_next_text (fixture, client));
  g_assert_nonnull (strstr (fixture->log->str, "proof 258\n"));
  g_assert_null (strstr (fixture->log->str, "proof 7\n"));
  g_assert_true (strstr (fixture->log->str, "proof") == g_strrstr (fixture->log->str, "proof"));
}

static uint8_t
skip_frame (Fixture *fixture, Client *client)
{
  g_autofree char *payload = NULL;
  size_t len;
  uint8_t first = 0;

  WAIT_FOR (fixture, (first = client_take_frame (client, &payload, &len)) != 0);
  return first;
}

static void
test_endless_message (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");

  uint8_t first = 0;

  client_send_frame (client, 0x01, "begin", 5);
  for (int i = 0; i < 3; i++)
    {
      /* alive, but the message does not end */
      client_send_frame (client, 0x00, "more", 4);
      client_send_frame (client, 0x89, "", 0);
      do
        first = skip_frame (fixture, client);
      while (first == 0x89);
      g_assert_cmphex (first, ==, 0x8a);
      sig_front_skip_us (fixture->front, SIG_FRONT_MESSAGE_US / 3);
    }
  while (first != 0x88)
    first = skip_frame (fixture, client);
  client_send_frame (client, 0x88, "\x03\xf0", 2);
  WAIT_FOR (fixture, fixture->closed == 1);
  g_assert_cmpuint (fixture->last_code, ==, 1008);
  g_assert_cmpuint (fixture->messages, ==, 0);
}

static void
set_up_small (Fixture *fixture, gconstpointer more)
{
  fixture->mailbox = 4;
  fixture_set_up (fixture, more);
}

/* Main is busy: its mailbox fills up, connections wait, and nothing is lost or reordered when it goes on. */
static void
test_main_busy (Fixture *fixture, gconstpointer data)
{
  enum { CLIENTS = 5, EACH = SIG_FRONT_MAX_IN_FLIGHT - 1 };

  fixture->echo = false;
  for (unsigned i = 0; i < CLIENTS; i++)
    (void) fixture_open_ws (fixture, i, SIG_FRONT_HTTP, "");
  for (unsigned i = 0; i < CLIENTS; i++)
    for (int k = 0; k < EACH; k++)
      {
        g_autofree char *text = g_strdup_printf ("%u.%d", i, k);

        client_send_text (fixture->clients[i], text);
      }
  for (unsigned i = 0; i < CLIENTS; i++)
    g_clear_pointer (&fixture->clients[i], client_free);
  while (fixture_count (fixture, "aldis_front_pauses", "reason", "main_busy") < CLIENTS - 1)
    (void) sched_yield (); /* without main */
  WAIT_FOR (fixture, fixture->closed == CLIENTS);
  g_assert_cmpuint (fixture->messages, ==, CLIENTS * EACH);
  for (unsigned i = 0; i < CLIENTS; i++)
    {
      const char *at = fixture->log->str;

      for (int k = 0; k < EACH; k++)
        {
          g_autofree char *line = g_strdup_printf ("message %u.%d\n", i, k);

          at = strstr (at, line);
          g_assert_nonnull (at);
        }
    }
}

/* A thread that does not keep up: the connection that main could not reach is cut, and main learns of it. */
static void
test_doomed (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  g_autoptr (AlBuf) buf = al_buf_new_copy ("x", 1);
  SigConnId id = fixture->last;

  /* faster than any thread can be: 4 fit */
  while (fixture_count (fixture, "aldis_front_closed", "reason", "doomed") == 0 && fixture->closed == 0)
    {
      for (int i = 0; i < 1000; i++)
        sig_front_send (fixture->front, id, buf);
      fixture_turn (fixture);
    }
  WAIT_FOR (fixture, fixture->closed == 1);
  g_assert_cmpuint (fixture->last_code, ==, 1006);
  WAIT_FOR (fixture, client->gone || client->eof);
  g_assert_cmpuint (fixture_count (fixture, "aldis_front_closed", "reason", "doomed"), ==, 1);
  /* and the next one is served */
  client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  client_send_text (client, "\"hello\"");
  g_free (fixture_next_text (fixture, client));
}

static void
test_reload (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_auto (Answer) answer = { 0 };
  g_autofree char *text = NULL;
  Client *client = fixture_open_ws (fixture, 1, SIG_FRONT_HTTPS, "");

  fixture_put (fixture, "web/index.html", "new", -1);
  g_assert_true (sig_front_reload (fixture->front, &error));
  g_assert_no_error (error);
  answer = fixture_ask (fixture, SIG_FRONT_HTTP, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  g_assert_cmpstr (answer.body, ==, "new");
  client_send_text (client, "\"still here\"");
  text = fixture_next_text (fixture, client);
  g_assert_cmpstr (text, ==, "\"still here\"");
  fixture_put (fixture, "var/tls/cert.pem", "broken", -1);
  g_assert_false (sig_front_reload (fixture->front, &error));
  g_assert_nonnull (error);
  (void) fixture_open_ws (fixture, 2, SIG_FRONT_HTTPS, "");
}

/* What is not strict JSON, or too much of it, is answered by the front: main never sees it. */
static void
test_not_json (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  g_autoptr (GString) many = g_string_new ("[{}");
  const char *texts[] = { "", "{", "{\"a\":1,\"a\":2}", NULL };
  g_autofree char *good = NULL;

  for (unsigned i = 1; i < AL_JSON_MAX_VALUES; i++)
    g_string_append (many, ",{}");
  g_string_append_c (many, ']');
  texts[3] = many->str;
  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *answer = NULL;

      client_send_text (client, texts[i]);
      answer = fixture_next_text (fixture, client);
      g_assert_cmpstr (answer, ==,
                       "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"not strict JSON of at most "
                       "4096 values\",\"data\":{\"reason\":\"parse_error\"}}}");
    }
  client_send_text (client, "{}");
  good = fixture_next_text (fixture, client);
  g_assert_cmpstr (good, ==, "{}");
  g_assert_cmpuint (fixture->messages, ==, 1);
  g_assert_cmpuint (fixture_count (fixture, "aldis_front_refused", "reason", "json"), ==, 4);
}

/* A message costs by its values too: a few that are full of them use up what 400 small ones would. */
static void
test_rate_values (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  g_autofree char *many = fixture_dear_json ();

  for (unsigned i = 0; i < 40; i++)
    client_send_text (client, many);
  WAIT_FOR (fixture, fixture_count (fixture, "aldis_front_pauses", "reason", "rate") > 0);
  g_assert_cmpuint (fixture->messages, <, 40);
}

/* Before session.start a message is small; the limit goes with main's word, not with a new connection. */
static void
test_stranger (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fits = g_strnfill (SIG_FRONT_MAX_STRANGER, ' '), *over = g_strnfill (SIG_FRONT_MAX_STRANGER + 1, ' ');
  g_autofree char *first = NULL, *second = NULL;
  Client *client;

  fits[0] = over[0] = '1';
  fixture->strangers = true;
  client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  client_send_text (client, fits);
  first = fixture_next_text (fixture, client);
  g_assert_cmpstr (first, ==, fits);
  sig_front_known (fixture->front, fixture->last);
  /* behind main's word, as the answer to session.start is */
  sig_front_probe (fixture->front, fixture->last, 1);
  g_assert_cmphex (skip_frame (fixture, client), ==, 0x89);
  client_send_text (client, over);
  second = fixture_next_text (fixture, client);
  g_assert_cmpstr (second, ==, over);
  client = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  client_send_text (client, over);
  g_assert_cmpuint (fixture_next_close (fixture, client), ==, 1009);
}

/* Ten seconds pass; pings to either are answered. Returns: the first byte of the frame that @client got. */
static uint8_t
skip_frame_or_skip_time (Fixture *fixture, Client *client, Client *other)
{
  Client *both[] = { other, client };
  uint8_t first = 0;

  sig_front_skip_us (fixture->front, SIG_FRONT_PING_US + 1000);
  for (size_t i = 0; i < G_N_ELEMENTS (both); i++)
    {
      g_autofree char *payload = NULL;
      size_t len;

      first = 0;
      WAIT_FOR (fixture, (first = client_take_frame (both[i], &payload, &len)) != 0);
      if (first == 0x89)
        client_send_frame (both[i], 0x8a, payload, len);
    }
  /* the pongs must be in before the clock moves on: a ping of ours is answered behind them */
  for (size_t i = 0; i < G_N_ELEMENTS (both) && first != 0x88; i++)
    {
      client_send_frame (both[i], 0x89, "", 0);
      g_assert_cmphex (skip_frame (fixture, both[i]), ==, 0x8a);
    }
  return first;
}

/* Answering pings is not enough: who starts no session and asks nothing for a minute has to go; a session stays. */
static void
test_stranger_idle (Fixture *fixture, gconstpointer data)
{
  Client *stranger, *known = fixture_open_ws (fixture, 1, SIG_FRONT_HTTP, "");
  unsigned pings = 0;
  uint8_t first;

  fixture->strangers = true;
  stranger = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  while ((first = skip_frame_or_skip_time (fixture, stranger, known)) == 0x89 && pings < 20)
    pings++;
  g_assert_cmphex (first, ==, 0x88);
  g_assert_cmpuint (pings, <=, 6);
  client_send_frame (stranger, 0x88, "\x03\xf0", 2);
  WAIT_FOR (fixture, fixture->closed == 1);
  g_assert_cmpuint (fixture->last_code, ==, 1008);
  client_send_text (known, "\"still here\"");
  WAIT_FOR (fixture, fixture->messages == 1);
}

static void
test_stop (Fixture *fixture, gconstpointer data)
{
  Client *polite = fixture_open_ws (fixture, 0, SIG_FRONT_HTTP, "");
  Client *idle = fixture_connect (fixture, 1, SIG_FRONT_HTTP);
  Client *secure = fixture_open_ws (fixture, 2, SIG_FRONT_HTTPS, "");

  fixture_stop (fixture);
  client_read (polite);
  client_read (secure);
  client_read (idle);
  g_assert_cmpuint (fixture_next_close (fixture, polite), ==, 1001);
  g_assert_cmpuint (fixture_next_close (fixture, secure), ==, 1001);
  g_assert_true (idle->eof || idle->gone);
  g_assert_true (polite->eof || polite->gone);
}

static void
test_threads (Fixture *fixture, gconstpointer data)
{
  enum { CLIENTS = 8, ROUNDS = 50 };
  unsigned received = 0;

  for (unsigned i = 0; i < CLIENTS; i++)
    (void) fixture_open_ws (fixture, i, i % 2 == 0 ? SIG_FRONT_HTTP : SIG_FRONT_HTTPS, "");
  for (int round = 0; round < ROUNDS; round++)
    for (unsigned i = 0; i < CLIENTS; i++)
      client_send_text (fixture->clients[i], "\"hello\"");
  while (received < CLIENTS * ROUNDS)
    {
      fixture_turn (fixture);
      for (unsigned i = 0; i < CLIENTS; i++)
        {
          g_autofree char *payload = NULL;
          size_t len;

          received += client_take_frame (fixture->clients[i], &payload, &len) == 0x81;
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/signaling/front/ws/echo", "front_threads=1\n", test_echo);
  ADD ("/signaling/front/ws/pieces", "front_threads=1\n", test_pieces);
  ADD ("/signaling/front/ws/broken", "front_threads=1\n", test_broken);
  ADD ("/signaling/front/ws/close-by-client", "front_threads=1\n", test_close_by_client);
  ADD ("/signaling/front/ws/close-by-main", "front_threads=1\n", test_close_by_main);
  ADD ("/signaling/front/ws/close-unanswered", "front_threads=1\n", test_close_unanswered);
  ADD ("/signaling/front/ws/stale", "front_threads=1\n", test_stale);
  ADD ("/signaling/front/ws/in-flight", "front_threads=1\n", test_in_flight);
  ADD ("/signaling/front/ws/rate", "front_threads=1\n", test_rate);
  ADD ("/signaling/front/ws/slow-reader", "front_threads=1\n", test_slow_reader);
  ADD ("/signaling/front/ws/stalled-reader", "front_threads=1\n", test_stalled_reader);
  ADD ("/signaling/front/ws/pings", "front_threads=1\n", test_pings);
  ADD ("/signaling/front/ws/probe", "front_threads=1\n", test_probe);
  ADD ("/signaling/front/ws/endless-message", "front_threads=1\n", test_endless_message);
  g_test_add ("/signaling/front/ws/main-busy", Fixture, "front_threads=1\n", set_up_small, test_main_busy,
              fixture_tear_down);
  g_test_add ("/signaling/front/ws/doomed", Fixture, "front_threads=1\n", set_up_small, test_doomed, fixture_tear_down);
  ADD ("/signaling/front/ws/reload", "front_threads=2\n", test_reload);
  ADD ("/signaling/front/ws/not-json", "front_threads=1\n", test_not_json);
  ADD ("/signaling/front/ws/rate-values", "front_threads=1\n", test_rate_values);
  ADD ("/signaling/front/ws/stranger", "front_threads=1\n", test_stranger);
  ADD ("/signaling/front/ws/stranger-idle", "front_threads=1\n", test_stranger_idle);
  ADD ("/signaling/front/ws/stop", "front_threads=2\n", test_stop);
  ADD ("/signaling/front/ws/threads", "front_threads=3\n", test_threads);
  return g_test_run ();
}
