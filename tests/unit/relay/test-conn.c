/* SPDX-License-Identifier: Apache-2.0 */
/* Clients over TCP on a worker's loop: real sockets on loopback, and a clock that can be moved ahead. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "relay/worker.h"

#define CHANNEL 0x4001
#define IDLE_US (31 * SECOND)

typedef struct {
  Bench *bench; /* credentials, ports, quotas, and how requests are written */
  AlLoop *loop;
  AlUdpHub *hub;
  RelayMesh *mesh;
  AlMetrics *metrics;
  RelayPolicy *policy;
  RelayTurnConfig config;
  RelayWorker *worker;
  AlListener *listener;
  AlAddr address;
} Relay;

typedef struct {
  Relay *relay;
  int fd;
  Client client; /* its keys and its nonce */
  uint8_t data[70000];
  size_t len; /* that have come and not been taken */
} Tcp;

/* a peer that the allocation may reach */
typedef struct {
  int fd;
  AlAddr address;
} Peer;

static void
relay_open (Relay *relay)
{
  const RelayPolicyConfig policy = { .allow_loopback = true };
  const AlListenerConfig plain = { .tls_mode = AL_TLS_NEVER };
  const AlAddr any = addr_of ("127.0.0.1:0");

  memset (relay, 0, sizeof *relay);
  relay->bench = bench_new (NULL);
  relay->loop = al_loop_new ("test", NULL);
  relay->hub = al_udp_hub_new (relay->loop, AL_UDP_OFFLOAD_AUTO, NULL);
  relay->mesh = relay_mesh_new (1, NULL);
  relay->metrics = al_metrics_new ();
  relay->policy = relay_policy_new (&policy, NULL);
  relay->config = relay->bench->config;
  relay->config.policy = relay->policy;
  relay->config.bind[RELAY_IPV4] = addr_of ("127.0.0.1");
  const RelayWorkerConfig config = { .mesh = relay->mesh, .turn = &relay->config, .shared = &relay->bench->shared,
                                     .epoch_us = EPOCH_S * SECOND, .metrics = relay->metrics };
  relay->worker = relay_worker_new (relay->loop, relay->hub, &config, NULL);
  g_assert_nonnull (relay->worker);
  relay->listener = al_listener_new (relay->loop, &any, &plain, NULL);
  g_assert_nonnull (relay->listener);
  al_listener_get_address (relay->listener, &relay->address);
  al_listener_route (relay->listener, AL_PROTO_STUN, relay_worker_on_accept, relay->worker);
}

static void
relay_close (Relay *relay)
{
  al_listener_free (relay->listener);
  relay_worker_free (relay->worker);
  al_loop_iterate (relay->loop, 0);
  relay_mesh_free (relay->mesh);
  al_udp_hub_free (relay->hub);
  al_loop_free (relay->loop);
  relay_policy_free (relay->policy);
  al_metrics_free (relay->metrics);
  bench_free (relay->bench);
}

static RelayTurnStats
stats_of (Relay *relay)
{
  RelayTurnStats stats;

  relay_turn_get_stats (relay_worker_get_turn (relay->worker), &stats);
  return stats;
}

static void
tcp_open (Tcp *tcp, Relay *relay)
{
  memset (tcp, 0, sizeof *tcp);
  tcp->relay = relay;
  tcp->client.bench = relay->bench;
  client_set_user (&tcp->client, "alice", "secret", false);
  tcp->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (connect (tcp->fd, &relay->address.sa, sizeof relay->address.in4), ==, 0);
  g_assert_cmpint (fcntl (tcp->fd, F_SETFL, O_NONBLOCK), ==, 0);
}

static void
tcp_close (Tcp *tcp)
{
  (void) close (tcp->fd);
  for (unsigned i = 0; i < 5; i++)
    al_loop_iterate (tcp->relay->loop, 0);
}

static void
tcp_write (Tcp *tcp, const void *data, size_t len)
{
  g_assert_cmpint (write (tcp->fd, data, len), ==, (ssize_t) len);
}

/* the bytes of the next message, padding and all, which stay until the one after; 0: the connection has ended */
static size_t
tcp_read (Tcp *tcp, const uint8_t **ret_message)
{
  static uint8_t message[70000];

  for (;;)
    {
      ssize_t frame = relay_turn_frame (tcp->data, tcp->len), n;

      g_assert_cmpint (frame, >=, 0);
      if (frame > 0 && (size_t) frame <= tcp->len)
        {
          memcpy (message, tcp->data, (size_t) frame);
          tcp->len -= (size_t) frame;
          memmove (tcp->data, tcp->data + frame, tcp->len);
          *ret_message = message;
          return (size_t) frame;
        }
      n = read (tcp->fd, tcp->data + tcp->len, sizeof tcp->data - tcp->len);
      if (n == 0 || (n < 0 && errno == ECONNRESET))
        return 0;
      if (n > 0)
        tcp->len += (size_t) n;
      else
        al_loop_iterate (tcp->relay->loop, 20);
    }
}

/* Returns: the error code; 0: success */
static unsigned
read_answer (Tcp *tcp, AlStunMessage *ret_answer)
{
  const uint8_t *data;
  size_t len = tcp_read (tcp, &data);
  AlStunAttr attr;

  g_assert_true (al_stun_parse (data, len, ret_answer));
  if (ret_answer->cls == AL_STUN_SUCCESS)
    return 0;
  g_assert_true (al_stun_find (ret_answer, AL_STUN_ERROR_CODE, &attr));
  if (al_stun_find (ret_answer, AL_STUN_NONCE, &attr))
    memcpy (tcp->client.nonce, attr.value, tcp->client.nonce_len = attr.len);
  al_stun_find (ret_answer, AL_STUN_ERROR_CODE, &attr);
  return attr.value[2] * 100u + attr.value[3];
}

static unsigned
tcp_ask (Tcp *tcp, Ask *ask, AlStunMessage *ret_answer)
{
  if (tcp->client.nonce_len > 0)
    {
      ask_put_auth (&tcp->client, ask);
      al_stun_put_integrity (&ask->out, tcp->relay->bench->hmac, tcp->client.hash, tcp->client.key, tcp->client.key_len);
    }
  tcp_write (tcp, ask->data, al_stun_end (&ask->out));
  return read_answer (tcp, ret_answer);
}

static void
tcp_allocate (Tcp *tcp)
{
  AlStunMessage answer;

  for (unsigned i = 0; i < 2; i++)
    {
      Ask ask;

      ask_begin (&tcp->client, &ask, AL_STUN_ALLOCATE);
      al_stun_put_u32 (&ask.out, AL_STUN_REQUESTED_TRANSPORT, 17u << 24);
      g_assert_cmpuint (tcp_ask (tcp, &ask, &answer), ==, i == 0 ? 401 : 0);
    }
}

static void
tcp_bind (Tcp *tcp, const Peer *peer)
{
  AlStunMessage answer;
  Ask ask;

  ask_begin (&tcp->client, &ask, AL_STUN_CHANNEL_BIND);
  al_stun_put_u32 (&ask.out, AL_STUN_CHANNEL_NUMBER, CHANNEL << 16);
  al_stun_put_addr (&ask.out, AL_STUN_XOR_PEER_ADDRESS, &peer->address, false);
  g_assert_cmpuint (tcp_ask (tcp, &ask, &answer), ==, 0);
}

static void
tcp_refresh (Tcp *tcp, uint32_t lifetime_s)
{
  AlStunMessage answer;
  Ask ask;

  ask_begin (&tcp->client, &ask, AL_STUN_REFRESH);
  al_stun_put_u32 (&ask.out, AL_STUN_LIFETIME, lifetime_s);
  g_assert_cmpuint (tcp_ask (tcp, &ask, &answer), ==, 0);
}

static void
peer_open (Peer *peer)
{
  socklen_t len = sizeof peer->address;

  peer->address = addr_of ("127.0.0.1:0");
  peer->fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  g_assert_cmpint (bind (peer->fd, &peer->address.sa, sizeof peer->address.in4), ==, 0);
  g_assert_cmpint (getsockname (peer->fd, &peer->address.sa, &len), ==, 0);
}

/* what comes to the peer; from where is where it answers then */
static size_t
peer_read (Relay *relay, const Peer *peer, void *data, size_t room)
{
  for (;;)
    {
      AlAddr from;
      socklen_t len = sizeof from;
      ssize_t n = recvfrom (peer->fd, data, room, 0, &from.sa, &len);

      if (n >= 0)
        {
          g_assert_cmpint (connect (peer->fd, &from.sa, len), ==, 0);
          return (size_t) n;
        }
      al_loop_iterate (relay->loop, 20);
    }
}

static void
ask_binding (Tcp *tcp, uint8_t ret_data[20])
{
  Ask ask;

  ask_begin (&tcp->client, &ask, AL_STUN_BINDING);
  g_assert_cmpuint (al_stun_end (&ask.out), ==, 20);
  memcpy (ret_data, ask.data, 20);
}

/* ---- cases ---- */

/* messages end where they end, however they come */
static void
test_pieces (void)
{
  uint8_t request[20], twice[40];
  AlStunMessage answer;
  Relay relay;
  Tcp tcp;

  relay_open (&relay);
  tcp_open (&tcp, &relay);
  ask_binding (&tcp, request);
  for (unsigned i = 0; i < sizeof request; i++)
    {
      tcp_write (&tcp, request + i, 1);
      al_loop_iterate (relay.loop, 0);
    }
  g_assert_cmpuint (read_answer (&tcp, &answer), ==, 0);
  memcpy (twice, request, 20);
  memcpy (twice + 20, request, 20);
  tcp_write (&tcp, twice, 40);
  for (unsigned i = 0; i < 2; i++)
    g_assert_cmpuint (read_answer (&tcp, &answer), ==, 0);
  tcp_close (&tcp);
  relay_close (&relay);
}

static void
test_relayed (void)
{
  static const uint8_t data[12] = "\x40\x01\0\5hello\xff\xff\xff";
  uint8_t got[100];
  const uint8_t *message;
  Relay relay;
  Peer peer;
  Tcp tcp;

  relay_open (&relay);
  tcp_open (&tcp, &relay);
  peer_open (&peer);
  tcp_allocate (&tcp);
  tcp_bind (&tcp, &peer);
  tcp_write (&tcp, data, sizeof data);
  g_assert_cmpuint (peer_read (&relay, &peer, got, sizeof got), ==, 5);
  g_assert_cmpmem (got, 5, "hello", 5);
  for (size_t len = 0; len <= 5; len++)
    {
      g_assert_cmpint (send (peer.fd, "world", len, 0), ==, (ssize_t) len);
      g_assert_cmpuint (tcp_read (&tcp, &message), ==, 4 + (len + 3) / 4 * 4); /* RFC 8656 §12.5: padded */
      g_assert_cmpuint (message[0] << 8 | message[1], ==, CHANNEL);
      g_assert_cmpuint (message[3], ==, len);
      g_assert_cmpmem (message + 4, len, "world", len);
      for (size_t i = len; i % 4 != 0; i++)
        g_assert_cmpuint (message[4 + i], ==, 0);
    }
  tcp_close (&tcp);
  g_assert_cmpuint (stats_of (&relay).ended[RELAY_END_CLOSED], ==, 1);
  (void) close (peer.fd);
  relay_close (&relay);
}

/* what a stranger may not say ends the connection, behind the answers to what was right; of a client it is dropped */
static const struct {
  const char *name;
  uint8_t data[48];
  size_t len;
  bool ends_clients; /* nothing can be found behind it */
} nonsense[] = {
  { "channel-data", { 0x40, 0x01, 0, 4, 'a', 'b', 'c', 'd' }, 8, false },
  { "send", { 0x00, 0x16, 0, 8, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x00, 0x13, 0, 1, 'x' }, 28, false },
  { "attribute-too-long", { 0x00, 0x01, 0, 4, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x00, 0x13, 0, 9 }, 24, false },
  { "fingerprint", { 0x00, 0x01, 0, 8, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x80, 0x28, 0, 4, 1, 2, 3, 4 }, 28, false },
  { "no-cookie", { 0x00, 0x01, 0, 0, 0x21, 0x12, 0xa4, 0x43, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, 20, true },
  { "length", { 0x00, 0x01, 0, 3, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, 20, true },
  { "http", "GET / HTTP/1.1\r\n\r\n", 18, false /* 'G' is a channel's number, and much is to follow */ },
  { "dtls", { 0x16, 0xfe, 0xff, 0, 0, 0, 0, 0 }, 8, true },
  { "high-bits", { 0x80, 0, 0, 0, 0, 0, 0, 0 }, 8, true },
};

static void
test_nonsense (gconstpointer index)
{
  unsigned i = GPOINTER_TO_UINT (index);
  uint8_t both[20 + sizeof nonsense[i].data];
  const uint8_t *message;
  AlStunMessage answer;
  Relay relay;
  Tcp tcp;

  relay_open (&relay);
  tcp_open (&tcp, &relay);
  ask_binding (&tcp, both);
  memcpy (both + 20, nonsense[i].data, nonsense[i].len);
  if (!g_str_equal (nonsense[i].name, "http")) /* that much is waited for; the idle time ends it */
    {
      tcp_write (&tcp, both, 20 + nonsense[i].len);
      if (!nonsense[i].ends_clients)
        g_assert_cmpuint (read_answer (&tcp, &answer), ==, 0);
      while (tcp_read (&tcp, &message) > 0)
        ;
      tcp_close (&tcp);
      tcp_open (&tcp, &relay);
    }
  tcp_allocate (&tcp);
  tcp_write (&tcp, nonsense[i].data, nonsense[i].len);
  if (nonsense[i].ends_clients)
    {
      g_assert_cmpuint (tcp_read (&tcp, &message), ==, 0);
      g_assert_cmpuint (stats_of (&relay).active[RELAY_TCP], ==, 0);
    }
  else if (!g_str_equal (nonsense[i].name, "http"))
    {
      tcp_write (&tcp, both, 20);
      g_assert_cmpuint (read_answer (&tcp, &answer), ==, 0);
      g_assert_cmpuint (stats_of (&relay).active[RELAY_TCP], ==, 1);
    }
  tcp_close (&tcp);
  relay_close (&relay);
}

/* data that is on its way while the allocation ends does not cost its Refresh the answer */
static void
test_after_refresh (void)
{
  uint8_t all[600];
  const uint8_t *message;
  AlStunMessage answer;
  Relay relay;
  size_t len;
  Tcp tcp;
  Ask ask;

  relay_open (&relay);
  tcp_open (&tcp, &relay);
  tcp_allocate (&tcp);
  ask_begin (&tcp.client, &ask, AL_STUN_REFRESH);
  al_stun_put_u32 (&ask.out, AL_STUN_LIFETIME, 0);
  ask_put_auth (&tcp.client, &ask);
  al_stun_put_integrity (&ask.out, relay.bench->hmac, tcp.client.hash, tcp.client.key, tcp.client.key_len);
  len = al_stun_end (&ask.out);
  g_assert_cmpuint (len + 8, <=, sizeof all);
  memcpy (all, ask.data, len);
  memcpy (all + len, nonsense[0].data, 8);
  tcp_write (&tcp, all, len + 8);
  g_assert_cmpuint (read_answer (&tcp, &answer), ==, 0);
  g_assert_cmpuint (tcp_read (&tcp, &message), ==, 0);
  tcp_close (&tcp);
  relay_close (&relay);
}

/* who holds no allocation for half a minute has to go */
static void
test_idle (void)
{
  const uint8_t *message;
  AlStunMessage answer;
  uint8_t request[20];
  Relay relay;
  Tcp idle, busy;

  relay_open (&relay);
  tcp_open (&idle, &relay);
  tcp_open (&busy, &relay);
  ask_binding (&idle, request);
  tcp_write (&idle, request, 20);
  g_assert_cmpuint (read_answer (&idle, &answer), ==, 0);
  tcp_allocate (&busy);
  al_loop_skip_us (relay.loop, IDLE_US);
  g_assert_cmpuint (tcp_read (&idle, &message), ==, 0);
  for (unsigned i = 0; i < 5; i++)
    {
      al_loop_skip_us (relay.loop, IDLE_US);
      al_loop_iterate (relay.loop, 0);
      tcp_refresh (&busy, 600);
    }
  tcp_refresh (&busy, 0);
  al_loop_skip_us (relay.loop, 2 * IDLE_US);
  g_assert_cmpuint (tcp_read (&busy, &message), ==, 0);
  tcp_close (&idle);
  tcp_close (&busy);
  relay_close (&relay);
}

/* media for a client that reads nothing: some of it lies in the kernel, what is too old is dropped, and what he gets when he
 * reads again is whole and in order */
static void
test_slow (void)
{
  uint8_t data[1000] = { 0 };
  const uint8_t *message;
  uint32_t last = 0, number = 0, n = 0;
  AlStunMessage answer;
  uint8_t request[20];
  int bytes = 4096;
  Relay relay;
  Peer peer;
  size_t len;
  Tcp tcp;

  relay_open (&relay);
  tcp_open (&tcp, &relay);
  (void) setsockopt (tcp.fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  peer_open (&peer);
  tcp_allocate (&tcp);
  tcp_bind (&tcp, &peer);
  tcp_write (&tcp, "\x40\x01\0\1x\0\0\0", 8);
  g_assert_cmpuint (peer_read (&relay, &peer, data, sizeof data), ==, 1);
  for (uint32_t i = 1; i <= 3000; i++)
    {
      memcpy (data, &i, sizeof i);
      g_assert_cmpint (send (peer.fd, data, sizeof data, 0), ==, sizeof data);
      al_loop_skip_us (relay.loop, 1000);
      al_loop_iterate (relay.loop, 0);
    }
  al_loop_skip_us (relay.loop, 10000);
  al_loop_iterate (relay.loop, 0);
  g_assert_cmpuint (stats_of (&relay).dropped[RELAY_DROP_STALE], >, 2000);
  /* an answer comes behind what lies in the kernel, and is not dropped */
  ask_binding (&tcp, request);
  tcp_write (&tcp, request, 20);
  for (;;)
    {
      len = tcp_read (&tcp, &message);
      g_assert_cmpuint (len, >, 0);
      if (message[0] == 0x01)
        break;
      g_assert_cmpuint (len, ==, 1004);
      memcpy (&number, message + 4, sizeof number);
      g_assert_cmpuint (number, >, last);
      last = number;
      n++;
    }
  g_assert_true (al_stun_parse (message, len, &answer));
  g_assert_cmpuint (n, <, 1000);
  tcp_close (&tcp);
  (void) close (peer.fd);
  relay_close (&relay);
}

/* who asks and asks and reads no answer is thrown out, whether he holds an allocation or not */
static void
test_never_reads (gconstpointer allocated)
{
  uint8_t requests[20 * 100];
  int bytes = 4096;
  Relay relay;
  Tcp tcp;

  relay_open (&relay);
  tcp_open (&tcp, &relay);
  (void) setsockopt (tcp.fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  if (GPOINTER_TO_INT (allocated))
    tcp_allocate (&tcp);
  for (unsigned i = 0; i < 100; i++)
    ask_binding (&tcp, requests + 20 * i);
  for (;;)
    {
      ssize_t n = send (tcp.fd, requests, sizeof requests, MSG_NOSIGNAL);

      if (n < 0 && errno != EAGAIN)
        break; /* reset */
      if (n > 0 && n % 20 != 0) /* go on where it stopped */
        while (n % 20 != 0)
          {
            ssize_t more = send (tcp.fd, requests + n % 20, (size_t) (20 - n % 20), MSG_NOSIGNAL);

            n += MAX (more, 0);
            if (more < 0 && errno != EAGAIN)
              break;
            al_loop_iterate (relay.loop, 0);
          }
      al_loop_skip_us (relay.loop, 1000);
      al_loop_iterate (relay.loop, 1);
    }
  g_assert_cmpuint (stats_of (&relay).active[RELAY_TCP], ==, 0);
  tcp_close (&tcp);
  relay_close (&relay);
}

/* the relay ends before its clients */
static void
test_end (void)
{
  Relay relay;
  Peer peer;
  Tcp tcp[3];

  relay_open (&relay);
  peer_open (&peer);
  for (unsigned i = 0; i < 3; i++)
    {
      tcp_open (&tcp[i], &relay);
      tcp_allocate (&tcp[i]);
      tcp_bind (&tcp[i], &peer);
    }
  relay_close (&relay); /* all ports and quotas are back */
  for (unsigned i = 0; i < 3; i++)
    (void) close (tcp[i].fd);
  (void) close (peer.fd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/conn/pieces", test_pieces);
  g_test_add_func ("/relay/conn/relayed", test_relayed);
  for (unsigned i = 0; i < G_N_ELEMENTS (nonsense); i++)
    {
      g_autofree char *name = g_strdup_printf ("/relay/conn/nonsense/%s", nonsense[i].name);

      g_test_add_data_func (name, GUINT_TO_POINTER (i), test_nonsense);
    }
  g_test_add_func ("/relay/conn/after-refresh", test_after_refresh);
  g_test_add_func ("/relay/conn/idle", test_idle);
  g_test_add_func ("/relay/conn/slow", test_slow);
  g_test_add_data_func ("/relay/conn/never-reads/stranger", GINT_TO_POINTER (0), test_never_reads);
  g_test_add_data_func ("/relay/conn/never-reads/client", GINT_TO_POINTER (1), test_never_reads);
  g_test_add_func ("/relay/conn/end", test_end);
  return g_test_run ();
}
