/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for clients that do not read it: a stranger's answers are bounded, each and all together; a user's are his. */
#include "front-fixture.h"

#define POST(fields) \
  "POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n" fields "\r\n{}"
/* more than any kernel keeps for one connection, and than the hard mark of a queue */
#define HUGE_BYTES (24u << 20)

static AlBuf *
make_text (size_t len)
{
  AlBuf *buf = al_buf_new (len);

  memset (buf->data, 'x', len);
  buf->data[0] = buf->data[len - 1] = '"';
  return buf;
}

static uint64_t
count_closed (Fixture *fixture, const char *reason)
{
  return fixture_count (fixture, "aldis_front_closed", "reason", reason);
}

/* A client asks, and main answers with @len bytes. Nothing of it is read while the client is not among the fixture's. */
static Client *
post (Fixture *fixture, const char *request, unsigned status, size_t len)
{
  Client *client = fixture_connect (fixture, 1, SIG_FRONT_HTTP);
  g_autoptr (AlBuf) buf = make_text (len);
  unsigned before = fixture->requests;

  fixture->mute = true;
  client_send (client, request);
  WAIT_FOR (fixture, fixture->requests == before + 1);
  fixture->clients[1] = NULL;
  sig_front_respond (fixture->front, fixture->last, status, buf, 0);
  return client;
}

static void
assert_whole (Fixture *fixture, Client *client, size_t len)
{
  g_auto (Answer) answer = { 0 };

  fixture->clients[1] = client;
  WAIT_FOR (fixture, client_take_answer (client, false, &answer));
  g_assert_cmpuint (answer.body_len, ==, len);
  g_clear_pointer (&fixture->clients[1], client_free);
}

/* Too large an answer for somebody without a token is cut off; the same answer to a user arrives. */
static void
test_cut (Fixture *fixture, gconstpointer data)
{
  Client *stranger = post (fixture, POST (""), 200, HUGE_BYTES);

  WAIT_FOR (fixture, count_closed (fixture, "overflow") == 1);
  client_free (stranger);
  assert_whole (fixture, post (fixture, POST ("Authorization: Bearer x\r\n"), 200, HUGE_BYTES), HUGE_BYTES);
  g_assert_cmpuint (count_closed (fixture, "overflow"), ==, 1);
  g_assert_cmpuint (count_closed (fixture, "budget"), ==, 0);
}

/* Words in an Authorization field prove nothing: what main refuses is a stranger's answer. */
static void
test_token (Fixture *fixture, gconstpointer data)
{
  Client *liar;

  sig_front_set_max_owed (fixture->front, 1000);
  liar = post (fixture, POST ("Authorization: Bearer x\r\n"), 401, HUGE_BYTES);
  WAIT_FOR (fixture, count_closed (fixture, "budget") == 1);
  client_free (liar);
  assert_whole (fixture, post (fixture, POST ("Authorization: Bearer x\r\n"), 200, HUGE_BYTES), HUGE_BYTES);
  g_assert_cmpuint (count_closed (fixture, "budget"), ==, 1);
}

/* Main sends to a WebSocket that reads nothing until it is closed. */
static void
send_until (Fixture *fixture, SigConnId conn, const char *reason)
{
  g_autoptr (AlBuf) text = make_text (100000);

  for (unsigned i = 0; i < HUGE_BYTES / text->len && count_closed (fixture, reason) == 0; i++)
    {
      sig_front_send (fixture->front, conn, text);
      fixture_turn (fixture);
    }
  WAIT_FOR (fixture, count_closed (fixture, reason) == 1);
}

static void
test_websocket (Fixture *fixture, gconstpointer data)
{
  Client *stranger;
  g_autofree char *back = NULL;

  fixture->strangers = true;
  sig_front_set_max_owed (fixture->front, 1000);
  stranger = fixture_open_ws (fixture, 1, SIG_FRONT_HTTP, "");
  fixture->clients[1] = NULL;
  send_until (fixture, fixture->last, "budget");
  WAIT_FOR (fixture, fixture->closed == 1);
  client_free (stranger);

  /* who reads what he asked for is served, whatever the budget */
  stranger = fixture_open_ws (fixture, 1, SIG_FRONT_HTTPS, "");
  client_send_text (stranger, "\"hello\"");
  back = fixture_next_text (fixture, stranger);
  g_assert_cmpstr (back, ==, "\"hello\"");
}

/* With a session its own marks are what bounds it. */
static void
test_session (Fixture *fixture, gconstpointer data)
{
  Client *user;

  sig_front_set_max_owed (fixture->front, 0);
  user = fixture_open_ws (fixture, 1, SIG_FRONT_HTTP, "");
  fixture->clients[1] = NULL;
  send_until (fixture, fixture->last, "overflow");
  g_assert_cmpuint (count_closed (fixture, "budget"), ==, 0);
  client_free (user);
}

/* A file is in memory once, however many read it slowly. */
static void
test_files (Fixture *fixture, gconstpointer data)
{
  g_autofree char *page = g_strnfill (HUGE_BYTES, 'x');
  Client *client;

  fixture_put (fixture, "web/big.bin", page, HUGE_BYTES);
  g_assert_true (sig_front_reload (fixture->front, NULL));
  sig_front_set_max_owed (fixture->front, 1000);
  client = fixture_connect (fixture, 1, SIG_FRONT_HTTP);
  fixture->clients[1] = NULL;
  client_send (client, "GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
  WAIT_FOR (fixture, fixture_count (fixture, "aldis_front_pauses", "reason", "output") > 0);
  assert_whole (fixture, client, HUGE_BYTES);
  g_assert_cmpuint (count_closed (fixture, "budget"), ==, 0);
}

#define ADD_ONE(name, fn) ADD ("/signaling/front/owed/" name, "front_threads=1\n", fn)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_ONE ("cut", test_cut);
  ADD_ONE ("token", test_token);
  ADD_ONE ("websocket", test_websocket);
  ADD_ONE ("session", test_session);
  ADD_ONE ("files", test_files);
  return g_test_run ();
}
