/* SPDX-License-Identifier: Apache-2.0 */
/* WebSockets of the front: messages, back-pressure, pings, closing. Deadlines by a clock that is moved. */

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
  ADD ("/signaling/front/ws/pings", "front_threads=1\n", test_pings);
  ADD ("/signaling/front/ws/probe", "front_threads=1\n", test_probe);
  ADD ("/signaling/front/ws/reload", "front_threads=2\n", test_reload);
  ADD ("/signaling/front/ws/stop", "front_threads=2\n", test_stop);
  ADD ("/signaling/front/ws/threads", "front_threads=3\n", test_threads);
  return g_test_run ();
}
