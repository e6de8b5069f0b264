/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel does to UDP: trains, full buffers, refusals; some by a kernel of our own making. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "udp-fake.h"

#define SECOND_US INT64_C (1000000)

static void
test_trains (void)
{
  Port client, a, others[AL_UDP_TX_WAYS - 1];
  uint8_t data[1300] = { 0 };

  set_up_fake (AL_UDP_OFFLOAD_AUTO);
  if ((al_udp_hub_get_offload (hub) & AL_UDP_GSO) == 0)
    g_error ("this kernel has no UDP_SEGMENT; Linux 4.18 or newer is needed");
  port_open (&client);
  port_open (&a);
  for (unsigned k = 0; k < G_N_ELEMENTS (others); k++)
    port_open (&others[k]);

  /* in between each other, and yet one message for each, wherever their hashes fall */
  for (unsigned i = 0; i < 20; i++)
    {
      al_udp_send (client.udp, &a.address, NULL, data, 1000);
      for (unsigned k = 0; k < G_N_ELEMENTS (others); k++)
        al_udp_send (client.udp, &others[k].address, NULL, data, 500);
    }
  al_udp_hub_flush (hub);
  g_assert_cmpuint (fake.calls, ==, 1);
  g_assert_cmpuint (fake.messages, ==, 1 + G_N_ELEMENTS (others));
  run_until_got (&a, 20);
  for (unsigned k = 0; k < G_N_ELEMENTS (others); k++)
    run_until_got (&others[k], 20);

  /* a shorter one ends a train, a longer one begins the next */
  fake.messages = fake.gso = 0;
  for (unsigned i = 0; i < 3; i++)
    al_udp_send (client.udp, &a.address, NULL, data, 100);
  al_udp_send (client.udp, &a.address, NULL, data, 99);
  al_udp_send (client.udp, &a.address, NULL, data, 99);
  al_udp_send (client.udp, &a.address, NULL, data, 100);
  al_udp_hub_flush (hub);
  g_assert_cmpuint (fake.messages, ==, 3); /* 100 100 100 99, 99, 100 */
  g_assert_cmpuint (fake.gso, ==, 1);

  /* not more than 64 segments, nor than 65,000 bytes */
  fake.messages = fake.gso = 0;
  for (unsigned i = 0; i < 130; i++)
    al_udp_send (client.udp, &a.address, NULL, data, 10);
  al_udp_hub_flush (hub);
  g_assert_cmpuint (fake.messages, ==, 3);
  fake.messages = 0;
  for (unsigned i = 0; i < 51; i++)
    al_udp_send (client.udp, &a.address, NULL, data, 1300);
  al_udp_hub_flush (hub);
  g_assert_cmpuint (fake.messages, ==, 2);
  port_close (&client);
  port_close (&a);
  for (unsigned k = 0; k < G_N_ELEMENTS (others); k++)
    port_close (&others[k]);
  tear_down ();
}

/* More destinations than some of the buckets have slots: those begin new trains, and each gets all of its own in order. */
static void
test_crowd (void)
{
  enum { N = 300, ROUNDS = 3 };
  const AlUdpConfig config = { .rcvbuf_bytes = 4 << 20 };
  unsigned next[N] = { 0 };
  AlAddr hosts[N];
  Port client, server;

  set_up_fake (AL_UDP_OFFLOAD_AUTO);
  port_open_at (&server, "0.0.0.0:0", &config);
  port_open (&client);
  for (unsigned k = 0; k < N; k++)
    {
      hosts[k] = server.address;
      hosts[k].in4.sin_addr.s_addr = htonl ((127U << 24) + 1 + k);
    }
  for (unsigned i = 0; i < ROUNDS; i++)
    for (unsigned k = 0; k < N; k++)
      {
        const uint8_t data[] = { (uint8_t) (k >> 8), (uint8_t) k, (uint8_t) i };

        al_udp_send (client.udp, &hosts[k], NULL, data, sizeof data);
      }
  al_udp_hub_flush (hub);
  g_assert_cmpuint (fake.messages, >=, N);
  g_assert_cmpuint (fake.messages, <, N * ROUNDS / 2);
  run_until_got (&server, N * ROUNDS);
  for (unsigned i = 0; i < N * ROUNDS; i++)
    {
      const uint8_t *got = g_bytes_get_data (server.got->pdata[i], NULL);
      unsigned k = got[0] << 8 | got[1];

      g_assert_cmpuint (k, <, N);
      g_assert_cmpuint (got[2], ==, next[k]++);
    }
  port_close (&client);
  port_close (&server);
  tear_down ();
}

static void
test_gso_refused (void)
{
  static const int codes[] = { EIO, EINVAL, EMSGSIZE };
  uint8_t data[200] = { 0 };

  for (unsigned c = 0; c < G_N_ELEMENTS (codes); c++)
    {
      Port client, server;

      set_up_fake (AL_UDP_OFFLOAD_AUTO);
      port_open (&client);
      port_open (&server);
      fake.fail_gso = codes[c];
      al_udp_send (client.udp, &server.address, NULL, "first", 5);
      for (unsigned i = 0; i < 30; i++)
        {
          data[0] = (uint8_t) i;
          al_udp_send (client.udp, &server.address, NULL, data, 200);
        }
      run_until_got (&server, 31); /* nothing is lost */
      for (unsigned i = 0; i < 30; i++)
        {
          data[0] = (uint8_t) i;
          assert_got (&server, i + 1, data, 200);
        }
      g_assert_cmpuint (stats_of (&client).tx_gso_refused, ==, 1);
      g_assert_cmpuint (stats_of (&client).tx_gso, ==, 0);

      /* remembered for the host, not asked again ... */
      al_udp_send (client.udp, &server.address, NULL, data, 200);
      al_udp_send (client.udp, &server.address, NULL, data, 200);
      run_until_got (&server, 33);
      g_assert_cmpuint (stats_of (&client).tx_gso_refused, ==, 1);
      /* ... for a while */
      fake.fail_gso = 0;
      al_loop_skip_us (loop, 61 * SECOND_US);
      al_loop_iterate (loop, 0);
      al_udp_send (client.udp, &server.address, NULL, data, 200);
      al_udp_send (client.udp, &server.address, NULL, data, 200);
      run_until_got (&server, 35);
      g_assert_cmpuint (stats_of (&client).tx_gso, ==, 1);
      port_close (&client);
      port_close (&server);
      tear_down ();
    }
}

/* Too long for the route even one by one: dropped and counted, and the host is not blamed for it. */
static void
test_too_long_for_route (void)
{
  uint8_t data[200] = { 0 };
  Port client, server;

  set_up_fake (AL_UDP_OFFLOAD_AUTO);
  port_open (&client);
  port_open (&server);
  fake.fail_gso = fake.fail_all = EMSGSIZE;
  for (unsigned i = 0; i < 5; i++)
    al_udp_send (client.udp, &server.address, NULL, data, 200);
  al_udp_hub_flush (hub);
  g_assert_cmpuint (stats_of (&client).tx_dropped_long, ==, 5);
  fake.fail_gso = fake.fail_all = 0;
  for (unsigned i = 0; i < 5; i++)
    al_udp_send (client.udp, &server.address, NULL, data, 100);
  run_until_got (&server, 5);
  g_assert_cmpuint (stats_of (&client).tx_gso, ==, 1);
  port_close (&client);
  port_close (&server);
  tear_down ();
}

static void
test_no_mmsg (void)
{
  Port client, server;

  set_up_fake (AL_UDP_OFFLOAD_AUTO & ~AL_UDP_GSO);
  port_open (&client);
  port_open (&server);
  fake.no_mmsg = true;
  for (unsigned i = 0; i < 10; i++)
    al_udp_send (client.udp, &server.address, NULL, "x", 1);
  run_until_got (&server, 10);
  g_assert_cmpint (al_udp_hub_get_offload (hub) & (AL_UDP_RECVMMSG | AL_UDP_SENDMMSG), ==, 0);
  port_close (&client);
  port_close (&server);
  tear_down ();
}

/* A full socket: the rest waits in order, the oldest make room, and memory that was borrowed is no longer needed. */
static void
test_blocked (void)
{
  enum { N = 100, WAIT = 30 };
  AlUdpConfig config = { .max_waiting = WAIT };
  uint8_t data[N][50];
  Port client, server;

  for (unsigned way = 0; way < 6; way++)
    {
      set_up_fake (AL_UDP_OFFLOAD_AUTO & ~AL_UDP_GSO);
      port_open_at (&client, "127.0.0.1:0", &config);
      port_open (&server);
      fake.fail_all = EAGAIN;
      fake.fail_after = 10;
      for (unsigned i = 0; i < N; i++)
        {
          memset (data[i], (int) i, sizeof data[i]);
          send_some_way (&client, &server.address, data[i], sizeof data[i], way);
          if (i == 60)
            al_udp_hub_flush (hub); /* ten leave, the socket is full; the others come upon that */
        }
      al_udp_hub_flush (hub);
      g_assert_cmpuint (stats_of (&client).tx_blocked, ==, 1);
      g_assert_cmpuint (stats_of (&client).tx_pkts, ==, 10);
      g_assert_cmpuint (stats_of (&client).tx_dropped_full, ==, N - 10 - WAIT);
      g_assert_cmpuint (fake.calls, <=, 2);
      memset (data, 0xee, sizeof data);

      fake.fail_all = 0;
      run_until_got (&server, 10 + WAIT);
      for (unsigned i = 0; i < 10 + WAIT; i++)
        {
          uint8_t expected[50];

          memset (expected, (int) (i < 10 ? i : N - WAIT - 10 + i), sizeof expected);
          assert_got (&server, i, expected, sizeof expected);
        }
      al_udp_send (client.udp, &server.address, NULL, "open", 4);
      run_until_got (&server, 10 + WAIT + 1);
      port_close (&client);
      port_close (&server);
      tear_down ();
    }
}

/* Blocked, opened, and blocked again in the middle of what had waited. */
static void
test_blocked_again (void)
{
  enum { N = 200 };
  Port client, server;

  set_up_fake (AL_UDP_OFFLOAD_AUTO);
  port_open (&client);
  port_open (&server);
  fake.fail_all = EAGAIN;
  for (uint32_t i = 0; i < N; i++)
    al_udp_send (client.udp, &server.address, NULL, &i, i % 7 == 0 ? 4 : 3);
  for (unsigned round = 0; server.got->len < N; round++)
    {
      fake.fail_after = fake.messages + 3;
      al_loop_iterate (loop, 10);
    }
  g_assert_cmpuint (stats_of (&client).tx_dropped_full, ==, 0);
  g_assert_cmpuint (stats_of (&client).tx_blocked, >, 5);
  for (uint32_t i = 0; i < N; i++)
    assert_got (&server, i, &i, i % 7 == 0 ? 4 : 3);
  port_close (&client);
  port_close (&server);
  tear_down ();
}

/* The room for all sockets that are full is one and bounded. */
static void
test_many_blocked (void)
{
  Port clients[3], server;
  uint64_t dropped = 0, sent = 0;
  uint8_t big[AL_PKT_SIZE + 1] = { 0 };

  set_up_fake (AL_UDP_OFFLOAD_AUTO & ~AL_UDP_GSO);
  port_open (&server);
  fake.fail_all = EAGAIN;
  for (unsigned c = 0; c < 3; c++)
    port_open (&clients[c]);
  for (uint32_t i = 0; i < 3000; i++)
    al_udp_send (clients[i % 3].udp, &server.address, NULL, &i, 4);
  al_udp_hub_flush (hub);
  al_udp_send (clients[0].udp, &server.address, NULL, big, sizeof big);
  g_assert_cmpuint (stats_of (&clients[0]).tx_dropped_long, ==, 1);
  fake.fail_all = 0;
  run_until_got (&server, AL_UDP_WAITING);
  for (unsigned c = 0; c < 3; c++)
    {
      dropped += stats_of (&clients[c]).tx_dropped_full;
      sent += stats_of (&clients[c]).tx_pkts;
    }
  g_assert_cmpuint (sent, ==, AL_UDP_WAITING);
  g_assert_cmpuint (dropped, ==, 3000 - AL_UDP_WAITING);

  /* freed while it is full */
  fake.fail_all = EAGAIN;
  fake.fail_after = 0;
  al_udp_send (clients[0].udp, &server.address, NULL, "x", 1);
  al_udp_hub_flush (hub);
  for (unsigned c = 0; c < 3; c++)
    port_close (&clients[c]);
  port_close (&server);
  tear_down ();
}

static void
test_interrupted (void)
{
  Port client, server;

  set_up_fake (AL_UDP_OFFLOAD_OFF);
  port_open (&client);
  port_open (&server);
  fake.fail_all = EINTR;
  fake.only_once = true;
  al_udp_send (client.udp, &server.address, NULL, "x", 1);
  run_until_got (&server, 1);
  fake.fail_all = ENOBUFS;
  al_udp_send (client.udp, &server.address, NULL, "y", 1);
  al_udp_send (client.udp, &server.address, NULL, "z", 1);
  run_until_got (&server, 2);
  assert_got (&server, 1, "z", 1);
  g_assert_cmpuint (stats_of (&client).tx_dropped_error, ==, 1);
  port_close (&client);
  port_close (&server);
  tear_down ();
}

static void
test_reuse_port (void)
{
  g_autoptr (GError) error = NULL;
  AlUdpConfig shared = { .reuse_port = true }, alone = { 0 };
  Port first;
  AlUdp *second;
  AlAddr address;

  set_up (AL_UDP_OFFLOAD_AUTO);
  port_open_at (&first, "127.0.0.1:0", &shared);
  second = al_udp_new (hub, &first.address, &shared, port_on_datagrams, &first, &error);
  g_assert_no_error (error);
  al_udp_get_address (second, &address);
  g_assert_true (al_addr_equal (&address, &first.address));
  g_assert_null (al_udp_new (hub, &first.address, &alone, port_on_datagrams, NULL, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "127.0.0.1:"));
  al_udp_free (second);
  port_close (&first);
  tear_down ();
}

/* a socket goes from one loop to another with what waits in it, also a train; what it is to send leaves before */
static void
test_detach (void)
{
  static const uint8_t bytes[4 * 100] = { 1 };
  const AlUdpConfig config = { .rcvbuf_bytes = 4 << 20 };
  const int one = 1;
  AlLoop *loops[2];
  AlUdpHub *hubs[2];
  Port from, to;
  int fd;

  set_up (AL_UDP_OFFLOAD_AUTO);
  loops[0] = loop;
  hubs[0] = hub;
  port_open (&to);
  port_open (&from);
  if (setsockopt (al_udp_get_fd (to.udp), IPPROTO_UDP, UDP_GRO, &one, sizeof one) == 0)
    g_test_message ("with GRO");
  al_udp_send (to.udp, &from.address, NULL, "before", 6);
  fd = al_udp_detach (to.udp);
  g_assert_cmpint (fd, >=, 0);
  run_until_got (&from, 1);
  assert_got (&from, 0, "before", 6);
  for (unsigned i = 0; i < 4; i++)
    al_udp_send (from.udp, &to.address, NULL, bytes + 100 * i, 100);
  al_udp_hub_flush (hub);
  set_up (AL_UDP_OFFLOAD_AUTO);
  loops[1] = loop;
  hubs[1] = hub;
  to.udp = al_udp_attach (hub, fd, &config, port_on_datagrams, &to, NULL);
  g_assert_nonnull (to.udp);
  run_until_got (&to, 4);
  for (unsigned i = 0; i < 4; i++)
    assert_got (&to, i, bytes + 100 * i, 100);
  g_assert_true (al_addr_equal (&to.from, &from.address));
  port_close (&to);
  tear_down ();
  loop = loops[0];
  hub = hubs[0];
  port_close (&from);
  tear_down ();
}

static void
test_options (void)
{
  AlUdpConfig config = { .dont_fragment = true, .rcvbuf_bytes = 300000, .sndbuf_bytes = 200000 };
  socklen_t len = sizeof (int);
  Port port;
  int value;

  set_up (AL_UDP_OFFLOAD_AUTO);
  for (unsigned v6 = 0; v6 < 2; v6++)
    {
      port_open_at (&port, v6 ? "[::1]:0" : "127.0.0.1:0", &config);
      g_assert_cmpint (getsockopt (al_udp_get_fd (port.udp), v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                                   v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &value, &len), ==, 0);
      g_assert_cmpint (value, ==, IP_PMTUDISC_DO);
      g_assert_cmpint (getsockopt (al_udp_get_fd (port.udp), SOL_SOCKET, SO_RCVBUF, &value, &len), ==, 0);
      g_assert_cmpint (value, >=, 300000);
      g_assert_cmpint (getsockopt (al_udp_get_fd (port.udp), SOL_SOCKET, SO_SNDBUF, &value, &len), ==, 0);
      g_assert_cmpint (value, >=, 200000);
      port_close (&port);
    }
  tear_down ();
}

/* The kernel's own drops are told apart. */
static void
test_kernel_drops (void)
{
  AlUdpConfig small = { .rcvbuf_bytes = 4096 };
  uint8_t data[1000] = { 0 };
  Port client, server;
  AlUdpStats stats;

  set_up (AL_UDP_OFFLOAD_AUTO);
  port_open (&client);
  port_open_at (&server, "127.0.0.1:0", &small);
  for (unsigned i = 0; i < 100; i++)
    al_udp_send (client.udp, &server.address, NULL, data, sizeof data);
  al_udp_hub_flush (hub);
  for (unsigned turn = 0; turn < 5; turn++)
    al_loop_iterate (loop, 0);
  stats = stats_of (&server);
  g_assert_cmpuint (stats.rx_dropped_kernel, >, 0);
  g_assert_cmpuint (stats.rx_pkts + stats.rx_dropped_kernel, ==, 100);
  port_close (&client);
  port_close (&server);
  tear_down ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/udp-kernel/trains", test_trains);
  g_test_add_func ("/base/udp-kernel/crowd", test_crowd);
  g_test_add_func ("/base/udp-kernel/gso-refused", test_gso_refused);
  g_test_add_func ("/base/udp-kernel/too-long-for-route", test_too_long_for_route);
  g_test_add_func ("/base/udp-kernel/no-mmsg", test_no_mmsg);
  g_test_add_func ("/base/udp-kernel/blocked", test_blocked);
  g_test_add_func ("/base/udp-kernel/blocked-again", test_blocked_again);
  g_test_add_func ("/base/udp-kernel/many-blocked", test_many_blocked);
  g_test_add_func ("/base/udp-kernel/interrupted", test_interrupted);
  g_test_add_func ("/base/udp-kernel/reuse-port", test_reuse_port);
  g_test_add_func ("/base/udp-kernel/detach", test_detach);
  g_test_add_func ("/base/udp-kernel/options", test_options);
  g_test_add_func ("/base/udp-kernel/kernel-drops", test_kernel_drops);
  return g_test_run ();
}
