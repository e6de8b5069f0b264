/* SPDX-License-Identifier: Apache-2.0 */
/* UDP in every mode of offload. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "udp-fixture.h"

/* Datagrams of all lengths by all ways, to several places in between each other: each arrives once, whole, in order. */
static void
check_transfer (gconstpointer mode)
{
  enum { PORTS = 5, EACH = 400 };
  static uint8_t data[PORTS][EACH][1400];
  static size_t len[PORTS][EACH];
  Port sender, ports[PORTS];
  unsigned sent[PORTS] = { 0 }, left = PORTS * EACH;

  set_up (GPOINTER_TO_UINT (mode));
  port_open (&sender);
  for (unsigned p = 0; p < PORTS; p++)
    port_open_at (&ports[p], p % 2 == 0 ? "127.0.0.1:0" : "127.0.0.2:0", NULL);
  while (left > 0)
    {
      unsigned p = (unsigned) g_test_rand_int_range (0, PORTS);
      unsigned run = (unsigned) g_test_rand_int_range (1, 30);
      size_t usual = (size_t) g_test_rand_int_range (0, 1400);

      for (; run > 0 && sent[p] < EACH; run--, left--)
        {
          unsigned i = sent[p]++;

          len[p][i] = g_test_rand_int_range (0, 8) == 0 ? (size_t) g_test_rand_int_range (0, 1400) : usual;
          for (unsigned k = 0; k < len[p][i]; k++)
            data[p][i][k] = (uint8_t) g_test_rand_int ();
          send_some_way (&sender, &ports[p].address, data[p][i], len[p][i], (unsigned) g_test_rand_int_range (0, 1000));
        }
      if (g_test_rand_int_range (0, 6) == 0)
        al_loop_iterate (loop, 0);
    }
  for (unsigned p = 0; p < PORTS; p++)
    {
      run_until_got (&ports[p], EACH);
      for (unsigned i = 0; i < EACH; i++)
        assert_got (&ports[p], i, data[p][i], len[p][i]);
      g_assert_true (al_addr_equal (&ports[p].from, &sender.address));
    }
  g_assert_cmpuint (stats_of (&sender).tx_pkts, ==, PORTS * EACH);
  g_assert_cmpuint (stats_of (&sender).tx_gso > 0, ==, (al_udp_hub_get_offload (hub) & AL_UDP_GSO) != 0);
  for (unsigned p = 0; p < PORTS; p++)
    {
      g_assert_cmpuint (stats_of (&ports[p]).rx_pkts, ==, EACH);
      port_close (&ports[p]);
    }
  port_close (&sender);
  tear_down ();
}

static void
echo (Port *port, const AlUdpDatagram *datagram, unsigned i)
{
  /* without a copy, out of the memory it was received in */
  al_udp_send_view (port->udp, datagram->from, NULL, "abcd", i % 2 * 4, datagram->data, datagram->len);
}

/* Trains long enough that GRO is switched on, echoed from the memory they arrived in. */
static void
check_echo (gconstpointer mode)
{
  enum { ROUNDS = 40, BURST = 50, LEN = 700 };
  static uint8_t data[ROUNDS][BURST][LEN];
  unsigned offload = GPOINTER_TO_UINT (mode), n = 0;
  Port client, server;

  set_up (offload);
  port_open (&client);
  port_open (&server);
  server.react = echo;
  for (unsigned r = 0; r < ROUNDS; r++)
    {
      struct iovec bodies[BURST];
      unsigned count = r % 10 == 9 ? 1 : BURST;

      for (unsigned i = 0; i < count; i++)
        {
          memset (data[r][i], (int) (r * 7 + i), LEN);
          bodies[i] = (struct iovec){ data[r][i], i + 1 < count ? LEN : LEN - r };
        }
      al_udp_send_burst (client.udp, &server.address, NULL, bodies, count);
      n += count;
      run_until_got (&client, n);
      for (unsigned i = 0; i < count; i++)
        assert_got (&server, n - count + i, bodies[i].iov_base, bodies[i].iov_len);
    }
  for (unsigned i = 0; i < n; i++)
    {
      gsize size, expected;
      const uint8_t *bytes = g_bytes_get_data (g_ptr_array_index (client.got, i), &size);
      const uint8_t *original = g_bytes_get_data (g_ptr_array_index (server.got, i), &expected);

      if (size == expected + 4)
        {
          g_assert_cmpmem (bytes, 4, "abcd", 4);
          bytes += 4;
          size -= 4;
        }
      g_assert_cmpmem (bytes, size, original, expected);
    }
  /* on loopback a train comes as one only when it was sent as one, and only a batch shows that there are trains */
  if ((al_udp_hub_get_offload (hub) & ~(unsigned) AL_UDP_SENDMMSG) == (AL_UDP_RECVMMSG | AL_UDP_GSO | AL_UDP_GRO))
    g_assert_cmpuint (stats_of (&server).rx_gro, >, 0);
  else if ((offload & AL_UDP_GRO) == 0)
    g_assert_cmpuint (stats_of (&server).rx_gro, ==, 0);
  if (offload == AL_UDP_OFFLOAD_OFF)
    {
      g_assert_cmpint (al_udp_hub_get_offload (hub), ==, AL_UDP_OFFLOAD_OFF);
      g_assert_cmpuint (stats_of (&server).tx_calls, ==, n);
      g_assert_cmpuint (stats_of (&server).rx_calls, >=, n);
    }
  port_close (&client);
  port_close (&server);
  tear_down ();
}

static void
check_ipv6 (gconstpointer mode)
{
  struct iovec bodies[3] = { { (void *) "one", 3 }, { (void *) "two", 3 }, { (void *) "3", 1 } };
  AlUdpConfig config = { .want_local = true, .want_ecn = true };
  Port client, server;
  int ecn = 2;

  set_up (GPOINTER_TO_UINT (mode));
  port_open_at (&client, "[::1]:0", NULL);
  port_open_at (&server, "[::]:0", &config);
  g_assert_cmpint (setsockopt (al_udp_get_fd (client.udp), IPPROTO_IPV6, IPV6_TCLASS, &ecn, sizeof ecn), ==, 0);
  server.address.in6.sin6_addr = in6addr_loopback;
  al_udp_send_burst (client.udp, &server.address, NULL, bodies, 3);
  run_until_got (&server, 3);
  assert_got (&server, 1, "two", 3);
  assert_got (&server, 2, "3", 1);
  g_assert_true (al_addr_equal (&server.from, &client.address));
  g_assert_true (al_addr_equal (&server.local, &server.address));
  g_assert_cmpuint (server.ecn, ==, 2);
  al_udp_send (server.udp, &client.address, &server.local, "back", 4);
  al_udp_send (server.udp, &client.address, &server.local, "more", 4);
  run_until_got (&client, 2);
  g_assert_true (al_addr_equal (&client.from, &server.address));
  port_close (&client);
  port_close (&server);
  tear_down ();
}

/* A socket bound to any address answers from the one that was asked. */
static void
check_local (gconstpointer mode)
{
  AlUdpConfig config = { .want_local = true, .want_ecn = true };
  Port client, server;
  AlAddr a, b;
  int ecn = 1;

  set_up (GPOINTER_TO_UINT (mode));
  port_open (&client);
  port_open_at (&server, "0.0.0.0:0", &config);
  g_assert_cmpint (setsockopt (al_udp_get_fd (client.udp), IPPROTO_IP, IP_TOS, &ecn, sizeof ecn), ==, 0);
  g_assert_true (al_addr_parse ("127.0.0.2", al_addr_get_port (&server.address), &a, NULL));
  g_assert_true (al_addr_parse ("127.0.0.3", al_addr_get_port (&server.address), &b, NULL));
  al_udp_send (client.udp, &a, NULL, "a", 1);
  run_until_got (&server, 1);
  g_assert_true (al_addr_equal (&server.local, &a));
  g_assert_cmpuint (server.ecn, ==, 1);
  al_udp_send (client.udp, &b, NULL, "b", 1);
  run_until_got (&server, 2);
  g_assert_true (al_addr_equal (&server.local, &b));

  /* same receiver and length, but not the same train: they come from different addresses */
  al_udp_send (server.udp, &client.address, &a, "1", 1);
  al_udp_send (server.udp, &client.address, &b, "2", 1);
  run_until_got (&client, 2);
  g_assert_true (al_addr_equal (&client.from_before, &a));
  g_assert_true (al_addr_equal (&client.from, &b));
  port_close (&client);
  port_close (&server);
  tear_down ();
}

static void
check_odd_lengths (gconstpointer mode)
{
  static uint8_t data[AL_UDP_MAX_SEND + 1];
  Port client, server;

  set_up (GPOINTER_TO_UINT (mode));
  port_open (&client);
  port_open (&server);
  for (unsigned i = 0; i < 5; i++)
    al_udp_send (client.udp, &server.address, NULL, NULL, 0);
  al_udp_send (client.udp, &server.address, NULL, data, AL_UDP_MAX_DATAGRAM);
  al_udp_send (client.udp, &server.address, NULL, data, AL_UDP_MAX_DATAGRAM + 1);
  al_udp_send (client.udp, &server.address, NULL, data, AL_UDP_MAX_SEND);
  al_udp_send (client.udp, &server.address, NULL, data, AL_UDP_MAX_SEND + 1);
  al_udp_send_view (client.udp, &server.address, NULL, "h", 1, data, AL_UDP_MAX_SEND);
  al_udp_send (client.udp, &server.address, NULL, "end", 3);
  run_until_got (&server, 7);
  for (unsigned i = 0; i < 5; i++)
    assert_got (&server, i, "", 0);
  assert_got (&server, 5, data, AL_UDP_MAX_DATAGRAM);
  assert_got (&server, 6, "end", 3);
  g_assert_cmpuint (stats_of (&server).rx_dropped_long, ==, 2);
  g_assert_cmpuint (stats_of (&client).tx_dropped_long, ==, 2);
  port_close (&client);
  port_close (&server);
  tear_down ();
}

static void
check_connected (gconstpointer mode)
{
  AlUdpConfig config = { 0 };
  Port client, server, stranger;

  set_up (GPOINTER_TO_UINT (mode));
  port_open (&server);
  port_open (&stranger);
  config.connect = &server.address;
  port_open_at (&client, "127.0.0.1:0", &config);
  for (unsigned i = 0; i < 3; i++)
    al_udp_send (client.udp, NULL, NULL, "hello", 5);
  run_until_got (&server, 3);
  al_udp_send (stranger.udp, &client.address, NULL, "x", 1);
  al_udp_send (server.udp, &client.address, NULL, "answer", 6);
  run_until_got (&client, 1);
  assert_got (&client, 0, "answer", 6);

  /* nobody at home: ICMP errors come back, and the socket lives on */
  port_close (&server);
  for (unsigned i = 0; i < 20; i++)
    {
      al_udp_send (client.udp, NULL, NULL, "anyone?", 7);
      al_udp_send (client.udp, NULL, NULL, "hello?", 6);
      al_loop_iterate (loop, 0);
    }
  {
    g_autoptr (GError) error = NULL;
    AlUdpConfig usual = { 0 };

    server.got = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
    server.udp = al_udp_new (hub, &server.address, &usual, port_on_datagrams, &server, &error);
    g_assert_no_error (error);
  }
  al_udp_send (client.udp, NULL, NULL, "again", 5);
  while (server.got->len == 0)
    al_loop_iterate (loop, 10);
  assert_got (&server, server.got->len - 1, "again", 5);
  al_udp_send (server.udp, &client.address, NULL, "yes", 3);
  run_until_got (&client, 2);
  port_close (&client);
  port_close (&server);
  port_close (&stranger);
  tear_down ();
}

/* What a host or a firewall refuses is counted; what was queued around it arrives. */
static void
check_errors (gconstpointer mode)
{
  Port client, server;
  AlAddr broadcast;

  set_up (GPOINTER_TO_UINT (mode));
  port_open (&client);
  port_open (&server);
  g_assert_true (al_addr_parse ("255.255.255.255:9", 0, &broadcast, NULL)); /* EACCES without SO_BROADCAST */
  for (unsigned i = 0; i < 4; i++)
    {
      al_udp_send (client.udp, &server.address, NULL, "before", 6);
      al_udp_send (client.udp, &broadcast, NULL, "never", 5);
      al_udp_send (client.udp, &server.address, NULL, "after", 5);
    }
  run_until_got (&server, 8);
  g_assert_cmpuint (stats_of (&client).tx_dropped_error, ==, 4);
  port_close (&client);
  port_close (&server);
  tear_down ();
}

static void
free_self (Port *port, const AlUdpDatagram *datagram, unsigned i)
{
  al_udp_send (port->udp, datagram->from, NULL, "bye", 3);
  al_udp_free (g_steal_pointer (&port->udp));
  port->react = NULL;
}

static void
free_other (Port *port, const AlUdpDatagram *datagram, unsigned i)
{
  al_udp_free (g_steal_pointer (&port->other->udp));
  port->other->other = NULL;
  port->react = NULL;
}

static void
check_free (gconstpointer mode)
{
  Port client, server, third;
  AlUdpStats stats;

  set_up (GPOINTER_TO_UINT (mode));
  port_open (&client);
  port_open (&server);
  server.react = free_self;
  for (unsigned i = 0; i < 3; i++)
    al_udp_send (client.udp, &server.address, NULL, "hello", 5);
  run_until_got (&client, 1); /* what was queued is sent */
  assert_got (&client, 0, "bye", 3);
  g_assert_null (server.udp);
  al_udp_hub_get_stats (hub, &stats);
  g_assert_cmpuint (stats.tx_pkts, ==, 4); /* freed sockets still count */
  port_close (&server);

  /* two that are ready in the same turn, each of which frees the other */
  port_open (&server);
  port_open (&third);
  server.react = third.react = free_other;
  server.other = &third;
  third.other = &server;
  al_udp_send (client.udp, &server.address, NULL, "x", 1);
  al_udp_send (client.udp, &third.address, NULL, "x", 1);
  al_udp_hub_flush (hub);
  while (server.got->len + third.got->len == 0)
    al_loop_iterate (loop, 10);
  al_loop_iterate (loop, 0);
  g_assert_cmpuint (server.got->len + third.got->len, ==, 1);
  port_close (&server);
  port_close (&third);
  port_close (&client);
  tear_down ();
}

/* More in one turn than the queue, the arenas or a batch can hold. */
static void
flood (Port *port, const AlUdpDatagram *datagram, unsigned i)
{
  for (unsigned k = 0; k < 40; k++)
    al_udp_send_view (port->udp, datagram->from, NULL, (uint8_t[]){ (uint8_t) k }, 1, datagram->data, datagram->len);
}

static void
check_flood (gconstpointer mode)
{
  enum { N = 100, LEN = 600 };
  uint8_t data[LEN];
  Port client, server;

  set_up (GPOINTER_TO_UINT (mode));
  port_open (&client);
  port_open (&server);
  server.react = flood;
  for (unsigned i = 0; i < N; i++)
    {
      memset (data, (int) i, sizeof data);
      al_udp_send (client.udp, &server.address, NULL, data, sizeof data);
    }
  run_until_got (&server, N);
  for (unsigned i = 0; i < N; i++)
    {
      run_until_got (&client, 40 * N);
      for (unsigned k = 0; k < 40; k++)
        {
          gsize size;
          const uint8_t *bytes = g_bytes_get_data (g_ptr_array_index (client.got, i * 40 + k), &size);

          g_assert_cmpuint (size, ==, LEN + 1);
          g_assert_cmpuint (bytes[0], ==, k);
          g_assert_cmpuint (bytes[1], ==, i);
          g_assert_cmpuint (bytes[LEN], ==, i);
        }
    }
  port_close (&client);
  port_close (&server);
  tear_down ();
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    GTestDataFunc fn;
  } checks[] = {
    { "transfer", check_transfer }, { "echo", check_echo },           { "ipv6", check_ipv6 },
    { "local", check_local },       { "lengths", check_odd_lengths }, { "connected", check_connected },
    { "errors", check_errors },     { "free", check_free },           { "flood", check_flood },
  };

  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (checks); i++)
    for (unsigned mode = 0; mode <= AL_UDP_OFFLOAD_AUTO; mode++)
      {
        g_autofree char *path = g_strdup_printf ("/base/udp/%s/%s%s%s%s%s", checks[i].name, mode == 0 ? "off" : "",
                                                 mode & AL_UDP_RECVMMSG ? "r" : "", mode & AL_UDP_SENDMMSG ? "s" : "",
                                                 mode & AL_UDP_GSO ? "-gso" : "", mode & AL_UDP_GRO ? "-gro" : "");

        g_test_add_data_func (path, GUINT_TO_POINTER (mode), checks[i].fn);
      }
  return g_test_run ();
}
