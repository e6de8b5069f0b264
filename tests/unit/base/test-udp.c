/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/udp-private.h"

#define SECOND_US INT64_C (1000000)

/* A socket that records what comes, and answers if told to. */
typedef struct Port Port;
struct Port {
  AlUdp *udp;
  AlAddr address;
  GPtrArray *got; /* of GBytes */
  AlAddr from, from_before, local;
  uint8_t ecn;
  unsigned n_calls;
  void (*react) (Port *port, const AlUdpDatagram *datagram, unsigned i);
  Port *other;
};

static AlLoop *loop;
static AlUdpHub *hub;

static void
on_datagrams (AlUdp *udp, const AlUdpDatagram *datagrams, unsigned n, int64_t now_us, void *user)
{
  Port *port = user;

  g_assert_cmpint (now_us, ==, al_loop_now_us (loop));
  g_assert_cmpuint (n, >=, 1);
  g_assert_cmpuint (n, <=, 256);
  port->n_calls++;
  for (unsigned i = 0; i < n; i++)
    {
      g_ptr_array_add (port->got, g_bytes_new (datagrams[i].data, datagrams[i].len));
      port->from_before = port->from;
      port->from = *datagrams[i].from;
      if (datagrams[i].local != NULL)
        port->local = *datagrams[i].local;
      port->ecn = datagrams[i].ecn;
      if (port->react != NULL)
        port->react (port, &datagrams[i], i);
    }
}

static void
port_open_at (Port *port, const char *where, const AlUdpConfig *config)
{
  g_autoptr (GError) error = NULL;
  AlUdpConfig usual = { .rcvbuf_bytes = 4 << 20 };
  AlAddr address;

  memset (port, 0, sizeof *port);
  g_assert_true (al_addr_parse (where, 0, &address, NULL));
  port->got = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  port->udp = al_udp_new (hub, &address, config != NULL ? config : &usual, on_datagrams, port, &error);
  g_assert_no_error (error);
  al_udp_get_address (port->udp, &port->address);
}

static void
port_open (Port *port)
{
  port_open_at (port, "127.0.0.1:0", NULL);
}

static void
port_close (Port *port)
{
  al_udp_free (port->udp);
  g_ptr_array_unref (port->got);
}

static AlUdpStats
stats_of (Port *port)
{
  AlUdpStats stats;

  al_udp_get_stats (port->udp, &stats);
  return stats;
}

static void
set_up (unsigned offload)
{
  g_autoptr (GError) error = NULL;

  loop = al_loop_new ("test", &error);
  g_assert_no_error (error);
  hub = al_udp_hub_new (loop, offload, &error);
  g_assert_no_error (error);
}

static void
tear_down (void)
{
  al_udp_hub_free (hub);
  al_loop_free (loop);
}

static void
run_until_got (Port *port, unsigned n)
{
  while (port->got->len < n)
    al_loop_iterate (loop, 10);
  g_assert_cmpuint (port->got->len, ==, n);
}

static void
assert_got (Port *port, unsigned i, const void *data, size_t len)
{
  gsize size;
  const void *bytes = g_bytes_get_data (g_ptr_array_index (port->got, i), &size);

  g_assert_cmpmem (bytes, size, data, len);
}

/* ---- with a kernel of our own making ---- */

static struct {
  unsigned calls, messages, gso;
  int fail_gso;       /* errno for messages with UDP_SEGMENT */
  int fail_all;       /* errno for each */
  unsigned fail_after; /* fail_all only behind so many messages */
  bool only_once;     /* fail_all once */
  bool no_mmsg;       /* ENOSYS */
} fake;

static bool
has_segment (const struct msghdr *message)
{
  struct msghdr copy = *message;

  for (struct cmsghdr *c = CMSG_FIRSTHDR (&copy); c != NULL; c = CMSG_NXTHDR (&copy, c))
    if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_SEGMENT)
      return true;
  return false;
}

static ssize_t
fake_sendmsg (int fd, const struct msghdr *message, int flags)
{
  fake.calls++;
  if (fake.fail_gso != 0 && has_segment (message))
    {
      errno = fake.fail_gso;
      return -1;
    }
  if (fake.fail_all != 0 && fake.messages >= fake.fail_after)
    {
      errno = fake.fail_all;
      if (fake.only_once)
        fake.fail_all = 0;
      return -1;
    }
  fake.messages++;
  fake.gso += has_segment (message);
  return sendmsg (fd, message, flags);
}

static int
fake_sendmmsg (int fd, struct mmsghdr *messages, unsigned n, int flags)
{
  unsigned calls = fake.calls + 1;

  if (fake.no_mmsg)
    {
      errno = ENOSYS;
      return -1;
    }
  for (unsigned i = 0; i < n; i++)
    if (fake_sendmsg (fd, &messages[i].msg_hdr, flags) < 0)
      {
        fake.calls = calls;
        return i > 0 ? (int) i : -1;
      }
  fake.calls = calls;
  return (int) n;
}

static int
fake_recvmmsg (int fd, struct mmsghdr *messages, unsigned n, int flags, struct timespec *timeout)
{
  if (!fake.no_mmsg)
    return recvmmsg (fd, messages, n, flags, timeout);
  errno = ENOSYS;
  return -1;
}

static void
set_up_fake (unsigned offload)
{
  set_up (offload);
  memset (&fake, 0, sizeof fake);
  hub->sys.sendmsg = fake_sendmsg;
  hub->sys.sendmmsg = fake_sendmmsg;
  hub->sys.recvmmsg = fake_recvmmsg;
}

/* ---- sending and receiving, in every mode ---- */

/* Sends @len bytes in one of the ways there are. */
static void
send_some_way (Port *port, const AlAddr *to, const uint8_t *data, size_t len, unsigned way)
{
  static AlPool *pool;

  switch (way % 6)
    {
    case 0:
      al_udp_send (port->udp, to, NULL, data, len);
      break;
    case 1:
      al_udp_send_view (port->udp, to, NULL, NULL, 0, data, len);
      break;
    case 2:
      {
        size_t head = MIN (len, way % 65);
        uint8_t copy[64];

        memcpy (copy, data, head);
        al_udp_send_view (port->udp, to, NULL, copy, head, data + head, len - head);
        memset (copy, 0xee, sizeof copy); /* the head was copied */
      }
      break;
    case 3:
      {
        AlPkt *pkt;

        if (pool == NULL)
          pool = al_pool_new (4096, AL_PKT_SIZE, NULL);
        pkt = al_pool_take (pool);
        pkt->offset = 36;
        pkt->len = (uint16_t) len;
        memcpy (pkt->data + 36, data, len);
        al_udp_send_pkt (port->udp, to, NULL, pkt);
        al_pkt_unref (pkt);
      }
      break;
    case 4:
      {
        uint8_t *room = al_udp_reserve (port->udp, MAX (len, 1));

        memcpy (room, data, len);
        al_udp_commit (port->udp, to, NULL, len);
      }
      break;
    default:
      {
        struct iovec body = { (void *) data, len };

        al_udp_send_burst (port->udp, to, NULL, &body, 1);
      }
      break;
    }
}

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
    server.udp = al_udp_new (hub, &server.address, &usual, on_datagrams, &server, &error);
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

/* ---- single properties ---- */

static void
test_trains (void)
{
  Port client, a, b;
  uint8_t data[1300] = { 0 };

  set_up_fake (AL_UDP_OFFLOAD_AUTO);
  if ((al_udp_hub_get_offload (hub) & AL_UDP_GSO) == 0)
    g_error ("this kernel has no UDP_SEGMENT; Linux 4.18 or newer is needed");
  port_open (&client);
  port_open (&a);
  port_open (&b);

  /* in between each other, and yet one message for each */
  for (unsigned i = 0; i < 20; i++)
    {
      al_udp_send (client.udp, &a.address, NULL, data, 1000);
      al_udp_send (client.udp, &b.address, NULL, data, 500);
    }
  al_udp_hub_flush (hub);
  g_assert_cmpuint (fake.calls, ==, 1);
  g_assert_cmpuint (fake.messages, ==, 2);
  run_until_got (&a, 20);
  run_until_got (&b, 20);

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
  port_close (&b);
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
  second = al_udp_new (hub, &first.address, &shared, on_datagrams, &first, &error);
  g_assert_no_error (error);
  al_udp_get_address (second, &address);
  g_assert_true (al_addr_equal (&address, &first.address));
  g_assert_null (al_udp_new (hub, &first.address, &alone, on_datagrams, NULL, &error));
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
  to.udp = al_udp_attach (hub, fd, &config, on_datagrams, &to, NULL);
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
  g_test_add_func ("/base/udp/trains", test_trains);
  g_test_add_func ("/base/udp/gso-refused", test_gso_refused);
  g_test_add_func ("/base/udp/too-long-for-route", test_too_long_for_route);
  g_test_add_func ("/base/udp/no-mmsg", test_no_mmsg);
  g_test_add_func ("/base/udp/blocked", test_blocked);
  g_test_add_func ("/base/udp/blocked-again", test_blocked_again);
  g_test_add_func ("/base/udp/many-blocked", test_many_blocked);
  g_test_add_func ("/base/udp/interrupted", test_interrupted);
  g_test_add_func ("/base/udp/reuse-port", test_reuse_port);
  g_test_add_func ("/base/udp/detach", test_detach);
  g_test_add_func ("/base/udp/options", test_options);
  g_test_add_func ("/base/udp/kernel-drops", test_kernel_drops);
  return g_test_run ();
}
