/* SPDX-License-Identifier: Apache-2.0 */
/* Connections are counted when they are accepted: silent ones and TLS handshakes too, over all threads and listeners. */
#include <arpa/inet.h>

#include "front-fixture.h"

#define GET "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* Returns: (transfer full): a connection from 127.0.0.@host that has said nothing. */
static Client *
connect_from (Fixture *fixture, SigFrontListen kind, unsigned host)
{
  AlAddr address, from = { .in4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (0x7f000000 + host) } };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_true (sig_front_get_address (fixture->front, kind, &address));
  g_assert_cmpint (bind (fd, &from.sa, al_addr_get_len (&from)), ==, 0);
  g_assert_cmpint (connect (fd, &address.sa, al_addr_get_len (&address)), ==, 0);
  g_assert_cmpint (fcntl (fd, F_SETFL, O_NONBLOCK), ==, 0);
  return client_new_fd (fd);
}

/* Asks by @client, which it ends. Returns: the status; 0 when it was closed without a word. */
static unsigned
ask_and_free (Fixture *fixture, Client *client)
{
  g_auto (Answer) answer = { 0 };

  fixture->clients[0] = client;
  client_send (client, GET);
  WAIT_FOR (fixture, client_take_answer (client, false, &answer) || client->eof || client->gone);
  g_clear_pointer (&fixture->clients[0], client_free);
  return answer.status;
}

static unsigned
ask_from (Fixture *fixture, SigFrontListen kind, unsigned host)
{
  Client *client = connect_from (fixture, kind, host);

  if (kind == SIG_FRONT_HTTPS)
    client_start_tls (client, fixture->tls);
  return ask_and_free (fixture, client);
}

/* A listener accepts in the order of connecting, so who connects after the silent ones finds them counted. */
static void
test_silent (Fixture *fixture, gconstpointer data)
{
  Client *silent[3];

  for (int i = 0; i < 3; i++)
    silent[i] = connect_from (fixture, SIG_FRONT_HTTP, 2);
  g_assert_cmpuint (ask_from (fixture, SIG_FRONT_HTTP, 2), ==, 429);
  g_assert_cmpuint (ask_from (fixture, SIG_FRONT_HTTPS, 2), ==, 429);
  g_assert_cmpuint (ask_from (fixture, SIG_FRONT_HTTP, 3), ==, 200);
  g_assert_cmpuint (ask_and_free (fixture, fixture_connect (fixture, 1, SIG_FRONT_ADMIN)), ==, 200);
  fixture->clients[1] = NULL;
  g_assert_cmpuint (fixture_count (fixture, "aldis_front_refused", "reason", "limit"), ==, 2);
  client_free (silent[1]);
  WAIT_FOR (fixture, ask_from (fixture, SIG_FRONT_HTTP, 2) == 200);
  client_free (silent[0]);
  client_free (silent[2]);
}

static void
test_handshake (Fixture *fixture, gconstpointer data)
{
  Client *under_way[3];

  for (int i = 0; i < 3; i++)
    {
      under_way[i] = connect_from (fixture, SIG_FRONT_HTTPS, 2);
      client_send_bytes (under_way[i], "\x16\x03\x01", 3);
    }
  g_assert_cmpuint (ask_from (fixture, SIG_FRONT_HTTPS, 2), ==, 429);
  g_assert_cmpuint (ask_from (fixture, SIG_FRONT_HTTP, 2), ==, 429);
  g_assert_cmpuint (ask_from (fixture, SIG_FRONT_HTTPS, 3), ==, 200);
  client_free (under_way[0]);
  WAIT_FOR (fixture, ask_from (fixture, SIG_FRONT_HTTPS, 2) == 200);
  client_free (under_way[1]);
  client_free (under_way[2]);
}

/* A few over the limit wait to be told so; beyond them the door is closed, for that address alone. */
static void
test_far_over (Fixture *fixture, gconstpointer data)
{
  Client *silent[3 + SIG_FRONT_SURPLUS_ADDRESS];
  Client *over;

  for (size_t i = 0; i < G_N_ELEMENTS (silent); i++)
    silent[i] = connect_from (fixture, SIG_FRONT_HTTP, 2);
  g_assert_cmpuint (ask_from (fixture, SIG_FRONT_HTTP, 2), ==, 0);
  g_assert_cmpuint (ask_from (fixture, SIG_FRONT_HTTP, 3), ==, 200);
  over = g_steal_pointer (&silent[G_N_ELEMENTS (silent) - 1]);
  g_assert_cmpuint (ask_and_free (fixture, over), ==, 429);
  for (size_t i = 0; i < 3; i++)
    client_free (silent[i]);
  WAIT_FOR (fixture, ask_from (fixture, SIG_FRONT_HTTP, 2) == 200);
  for (size_t i = 3; i < G_N_ELEMENTS (silent) - 1; i++)
    client_free (silent[i]);
}

/* Nobody who was only told to go away keeps a place that others wait for. */
static void
test_told (Fixture *fixture, gconstpointer data)
{
  Client *silent[3];

  for (int i = 0; i < 3; i++)
    silent[i] = connect_from (fixture, SIG_FRONT_HTTP, 2);
  for (unsigned i = 0; i < 4 * SIG_FRONT_SURPLUS_ADDRESS; i++)
    WAIT_FOR (fixture, ask_from (fixture, SIG_FRONT_HTTP, 2) == 429);
  for (int i = 0; i < 3; i++)
    client_free (silent[i]);
  WAIT_FOR (fixture, ask_from (fixture, SIG_FRONT_HTTP, 2) == 200);
}

/* One count for all threads and both listeners. The handshakes prove that the silent ones were accepted, wherever. */
static void
test_all (Fixture *fixture, gconstpointer data)
{
  Client *silent[8];

  for (unsigned i = 0; i < G_N_ELEMENTS (silent); i++)
    {
      silent[i] = connect_from (fixture, SIG_FRONT_HTTPS, 2 + i);
      client_start_tls (silent[i], fixture->tls);
    }
  g_assert_cmpuint (ask_from (fixture, SIG_FRONT_HTTP, 20), ==, 503);
  g_assert_cmpuint (ask_from (fixture, SIG_FRONT_HTTPS, 21), ==, 503);
  g_assert_cmpuint (ask_and_free (fixture, fixture_connect (fixture, 1, SIG_FRONT_METRICS)), ==, 200);
  fixture->clients[1] = NULL;
  client_free (silent[0]);
  WAIT_FOR (fixture, ask_from (fixture, SIG_FRONT_HTTP, 20) == 200);
  for (unsigned i = 1; i < G_N_ELEMENTS (silent); i++)
    client_free (silent[i]);
}

/* A proxy's own connections count in all, not for its address. */
static void
test_proxy (Fixture *fixture, gconstpointer data)
{
  Client *silent[7];

  for (unsigned i = 0; i < G_N_ELEMENTS (silent); i++)
    silent[i] = connect_from (fixture, SIG_FRONT_HTTP, 2);
  g_assert_cmpuint (ask_from (fixture, SIG_FRONT_HTTP, 2), ==, 200);
  for (unsigned i = 0; i < G_N_ELEMENTS (silent); i++)
    client_free (silent[i]);
}

static void
test_proxy_all (Fixture *fixture, gconstpointer data)
{
  Client *silent[8 + SIG_FRONT_SURPLUS_ADDRESS];

  for (unsigned i = 0; i < G_N_ELEMENTS (silent); i++)
    silent[i] = connect_from (fixture, SIG_FRONT_HTTP, 2);
  g_assert_cmpuint (ask_from (fixture, SIG_FRONT_HTTP, 2), ==, 503);
  for (unsigned i = 0; i < G_N_ELEMENTS (silent); i++)
    client_free (silent[i]);
  WAIT_FOR (fixture, ask_from (fixture, SIG_FRONT_HTTP, 2) == 200);
}

#define ADD_LIMITED(name, more, fn) \
  ADD ("/signaling/front/door/" name, "max_connections_per_address=3\nmax_connections=8\n" more, fn)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_LIMITED ("silent", "front_threads=1\n", test_silent);
  ADD_LIMITED ("handshake", "front_threads=1\n", test_handshake);
  ADD ("/signaling/front/door/far-over", "max_connections_per_address=3\nfront_threads=1\n", test_far_over);
  ADD ("/signaling/front/door/told", "max_connections_per_address=3\nfront_threads=1\n", test_told);
  ADD_LIMITED ("all", "front_threads=3\n", test_all);
  ADD_LIMITED ("proxy", "front_threads=1\ntrusted_proxies=127.0.0.2\n", test_proxy);
  ADD_LIMITED ("proxy-all", "front_threads=1\ntrusted_proxies=127.0.0.2\n", test_proxy_all);
  return g_test_run ();
}
