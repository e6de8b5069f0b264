/* SPDX-License-Identifier: Apache-2.0 */
/* WebSockets of the front that ask too much, read too little or say nothing sensible. Deadlines by a clock that is moved. */
#include <sched.h>

#include "front-fixture.h"

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/signaling/front/ws/in-flight", "front_threads=1\n", test_in_flight);
  ADD ("/signaling/front/ws/rate", "front_threads=1\n", test_rate);
  ADD ("/signaling/front/ws/slow-reader", "front_threads=1\n", test_slow_reader);
  ADD ("/signaling/front/ws/stalled-reader", "front_threads=1\n", test_stalled_reader);
  ADD ("/signaling/front/ws/endless-message", "front_threads=1\n", test_endless_message);
  g_test_add ("/signaling/front/ws/main-busy", Fixture, "front_threads=1\n", set_up_small, test_main_busy,
              fixture_tear_down);
  g_test_add ("/signaling/front/ws/doomed", Fixture, "front_threads=1\n", set_up_small, test_doomed, fixture_tear_down);
  ADD ("/signaling/front/ws/not-json", "front_threads=1\n", test_not_json);
  ADD ("/signaling/front/ws/rate-values", "front_threads=1\n", test_rate_values);
  ADD ("/signaling/front/ws/stranger", "front_threads=1\n", test_stranger);
  ADD ("/signaling/front/ws/stranger-idle", "front_threads=1\n", test_stranger_idle);
  return g_test_run ();
}
