/* SPDX-License-Identifier: Apache-2.0 */
/* Clients over TCP on a worker's loop: real sockets on loopback, and a clock that can be moved ahead. */
#pragma once

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

static inline void
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

static inline void
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

static inline RelayTurnStats
stats_of (Relay *relay)
{
  RelayTurnStats stats;

  relay_turn_get_stats (relay_worker_get_turn (relay->worker), &stats);
  return stats;
}

static inline void
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

static inline void
tcp_close (Tcp *tcp)
{
  (void) close (tcp->fd);
  for (unsigned i = 0; i < 5; i++)
    al_loop_iterate (tcp->relay->loop, 0);
}

static inline void
tcp_write (Tcp *tcp, const void *data, size_t len)
{
  g_assert_cmpint (write (tcp->fd, data, len), ==, (ssize_t) len);
}

/* the bytes of the next message, padding and all, which stay until the one after; 0: the connection has ended */
static inline size_t
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
static inline unsigned
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

static inline unsigned
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

static inline void
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

static inline void
tcp_bind (Tcp *tcp, const Peer *peer)
{
  AlStunMessage answer;
  Ask ask;

  ask_begin (&tcp->client, &ask, AL_STUN_CHANNEL_BIND);
  al_stun_put_u32 (&ask.out, AL_STUN_CHANNEL_NUMBER, CHANNEL << 16);
  al_stun_put_addr (&ask.out, AL_STUN_XOR_PEER_ADDRESS, &peer->address, false);
  g_assert_cmpuint (tcp_ask (tcp, &ask, &answer), ==, 0);
}

static inline void
tcp_refresh (Tcp *tcp, uint32_t lifetime_s)
{
  AlStunMessage answer;
  Ask ask;

  ask_begin (&tcp->client, &ask, AL_STUN_REFRESH);
  al_stun_put_u32 (&ask.out, AL_STUN_LIFETIME, lifetime_s);
  g_assert_cmpuint (tcp_ask (tcp, &ask, &answer), ==, 0);
}

static inline void
peer_open (Peer *peer)
{
  socklen_t len = sizeof peer->address;

  peer->address = addr_of ("127.0.0.1:0");
  peer->fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  g_assert_cmpint (bind (peer->fd, &peer->address.sa, sizeof peer->address.in4), ==, 0);
  g_assert_cmpint (getsockname (peer->fd, &peer->address.sa, &len), ==, 0);
}

/* what comes to the peer; from where is where it answers then */
static inline size_t
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

static inline void
ask_binding (Tcp *tcp, uint8_t ret_data[20])
{
  Ask ask;

  ask_begin (&tcp->client, &ask, AL_STUN_BINDING);
  g_assert_cmpuint (al_stun_end (&ask.out), ==, 20);
  memcpy (ret_data, ask.data, 20);
}
