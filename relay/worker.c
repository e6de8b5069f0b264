/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/worker-private.h"

#include <netinet/in.h>

#define PUBLISH_US ((int64_t) G_USEC_PER_SEC)

/* a relayed address's socket */
typedef struct {
  RelayWorker *worker;
  RelayAlloc *alloc;
  AlUdp *udp; /* owned */
  bool dont_fragment; /* as the kernel was told last */
} Socket;

/* @how: IP_PMTUDISC_...; the numbers of IPv6 are the same. What is queued leaves as it was to. Returns: what it was before */
static int
set_fragmenting (AlUdpHub *hub, AlUdp *udp, bool v6, int how)
{
  const int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP, name = v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER;
  int before = IP_PMTUDISC_WANT;
  socklen_t size = sizeof before;

  al_udp_hub_flush (hub);
  (void) getsockopt (al_udp_get_fd (udp), level, name, &before, &size);
  (void) setsockopt (al_udp_get_fd (udp), level, name, &how, sizeof how);
  return before;
}

static void
on_send (const RelayTuple *to, const void *data, size_t len, void *user)
{
  const RelayWorker *worker = user;

  if (to->transport == RELAY_UDP)
    al_udp_send (to->conn, &to->remote, &to->local, data, len);
  else if (to->transport == RELAY_DTLS)
    relay_dtls_send (to->conn, data, len, al_loop_now_us (worker->loop));
  else
    relay_conn_send (to->conn, data, len);
}

/* in fragments where need be: behaviour discovery wants them. Rare, and so not a socket of its own */
static void
on_send_whole (const RelayTuple *to, const void *data, size_t len, void *user)
{
  const bool v6 = to->local.sa.sa_family == AF_INET6;
  RelayWorker *worker = user;
  int before = set_fragmenting (worker->hub, to->conn, v6, IP_PMTUDISC_DONT);

  al_udp_send (to->conn, &to->remote, &to->local, data, len);
  (void) set_fragmenting (worker->hub, to->conn, v6, before);
}

static bool
on_from_address (RelayTuple *tuple, void *user)
{
  const RelayWorker *worker = user;

  for (unsigned i = 0; i < worker->config.n_sockets; i++)
    {
      AlAddr address;

      al_udp_get_address (worker->config.sockets[i], &address);
      if (address.sa.sa_family == tuple->local.sa.sa_family && al_addr_get_port (&address) == al_addr_get_port (&tuple->local)
          && (al_addr_equal_host (&address, &tuple->local) || al_addr_is_any (&address)))
        {
          tuple->conn = worker->config.sockets[i];
          return true;
        }
    }
  return false;
}

static void
on_pass (const RelayTuple *to, const uint8_t head[4], const void *data, size_t len, void *user)
{
  if (to->transport == RELAY_UDP)
    al_udp_send_view (to->conn, &to->remote, &to->local, head, 4, data, len);
  else if (to->transport == RELAY_DTLS)
    relay_worker_pass_dtls (user, to->conn, head, data, len);
  else
    relay_conn_pass (to->conn, head, data, len);
}

static void
on_peer (AlUdp *udp, const AlUdpDatagram *datagrams, unsigned n, int64_t now_us, void *user)
{
  Socket *socket = user;

  for (unsigned i = 0; i < n; i++)
    relay_turn_on_peer (socket->worker->turn, socket->alloc, datagrams[i].from, datagrams[i].data, datagrams[i].len,
                        now_us);
}

/* @fd: of a socket that another worker had, taken in any case; -1: a new one, bound to @address */
static Socket *
socket_new (RelayWorker *worker, RelayAlloc *alloc, const AlAddr *address, int fd)
{
  const AlUdpConfig config = { 0 };
  Socket *socket = g_new0 (Socket, 1);

  socket->worker = worker;
  socket->alloc = alloc;
  socket->udp = fd >= 0 ? al_udp_attach (worker->hub, fd, &config, on_peer, socket, NULL)
                        : al_udp_new (worker->hub, address, &config, on_peer, socket, NULL);
  if (socket->udp == NULL)
    g_clear_pointer (&socket, g_free);
  return socket;
}

static void *
on_open (RelayAlloc *alloc, const AlAddr *address, void *user)
{
  return socket_new (user, alloc, address, -1);
}

static void
on_close (void *opaque, void *user)
{
  Socket *socket = opaque;

  al_udp_free (socket->udp);
  g_free (socket);
}

static void
on_relay (void *opaque, const AlAddr *peer, const void *data, size_t len, bool dont_fragment, void *user)
{
  Socket *socket = opaque;

  if (G_UNLIKELY (dont_fragment != socket->dont_fragment))
    {
      (void) set_fragmenting (socket->worker->hub, socket->udp, peer->sa.sa_family == AF_INET6,
                              dont_fragment ? IP_PMTUDISC_DO : IP_PMTUDISC_WANT);
      socket->dont_fragment = dont_fragment;
    }
  al_udp_send_view (socket->udp, peer, NULL, NULL, 0, data, len);
}

static void
on_hairpin (unsigned index, const AlAddr *from, const AlAddr *to, const void *data, size_t len, void *user)
{
  RelayWorker *worker = user;

  relay_mesh_pass (worker->config.mesh, index, from, to, data, len);
}

static bool
on_is_open (const RelayTuple *tuple, void *user)
{
  RelayWorker *worker = user;

  if (tuple->transport == RELAY_DTLS)
    return worker->dtls != NULL && relay_dtls_is_open (worker->dtls, tuple);
  return tuple->transport == RELAY_UDP || relay_conn_is_open (worker, tuple);
}

static bool
on_move (unsigned index, RelayMove *move, void *user)
{
  RelayWorker *worker = user;

  return relay_mesh_move (worker->config.mesh, index, move);
}

static int
on_detach (void *opaque, void *user)
{
  Socket *socket = opaque;
  int fd;

  if (socket->dont_fragment)
    {
      AlAddr address;

      al_udp_get_address (socket->udp, &address);
      (void) set_fragmenting (socket->worker->hub, socket->udp, address.sa.sa_family == AF_INET6, IP_PMTUDISC_WANT);
    }
  fd = al_udp_detach (socket->udp);
  g_free (socket);
  return fd;
}

static void *
on_attach (RelayAlloc *alloc, int fd, void *user)
{
  return socket_new (user, alloc, NULL, fd);
}

static void *
on_listen (RelayAlloc *alloc, const AlAddr *address, void *user)
{
  return relay_listen_new (user, alloc, address);
}

static void
on_unlisten (void *socket, void *user)
{
  relay_listen_free (socket);
}

static void *
on_connect (void *socket, RelayLink *link, const AlAddr *peer, void *user)
{
  return relay_pipe_connect (socket, link, peer);
}

static void
on_join (void *connection, const RelayTuple *client, void *user)
{
  relay_conn_join (client->conn, connection);
}

static void
on_hangup (void *connection, void *user)
{
  relay_pipe_hang_up (connection);
}

static void
on_mail (void *message, void *user)
{
  RelayWorker *worker = user;
  RelayMail *mail = message;

  if (mail->take != NULL)
    mail->take (mail, worker);
  if (mail->take != NULL || !mail->fn (mail, worker->turn, al_loop_now_us (worker->loop)))
    {
      mail->free (mail);
      return;
    }
  mail->next = worker->mails;
  worker->mails = mail;
  al_loop_defer (worker->loop, &worker->defer);
}

static void
on_turn_end (AlDefer *defer, void *user)
{
  RelayWorker *worker = user;

  al_udp_hub_flush (worker->hub); /* what is queued may lie in the messages, or where they were decrypted */
  worker->plain_used = 0;
  while (worker->mails != NULL)
    {
      RelayMail *mail = worker->mails;

      worker->mails = mail->next;
      mail->free (mail);
    }
}

static void
on_ended (const RelayAllocInfo *info, RelayEndReason reason, void *user)
{
  RelayWorker *worker = user;

  if (worker->config.ended != NULL)
    worker->config.ended (info, reason, worker->config.user);
}

static void
on_publish (AlTimer *timer, void *user)
{
  RelayWorker *worker = user;
  RelayTurnStats stats;

  relay_turn_get_stats (worker->turn, &stats);
  relay_report_publish (worker->report, &stats);
  al_timer_set (al_loop_get_timers (worker->loop), timer, al_loop_now_us (worker->loop) + PUBLISH_US);
}

RelayWorker *
relay_worker_new (AlLoop *loop, AlUdpHub *hub, const RelayWorkerConfig *config, GError **error)
{
  static const RelayIo io = {
    .send = on_send,
    .send_whole = on_send_whole,
    .from_address = on_from_address,
    .pass = on_pass,
    .open = on_open,
    .close = on_close,
    .relay = on_relay,
    .hairpin = on_hairpin,
    .ended = on_ended,
    .is_open = on_is_open,
    .move = on_move,
    .detach = on_detach,
    .attach = on_attach,
    .listen = on_listen,
    .unlisten = on_unlisten,
    .connect = on_connect,
    .join = on_join,
    .hangup = on_hangup,
  };
  RelayWorker *worker = g_new0 (RelayWorker, 1);

  worker->loop = loop;
  worker->hub = hub;
  worker->config = *config;
  worker->defer = (AlDefer){ .fn = on_turn_end, .user = worker };
  worker->turn = relay_turn_new (config->index, config->turn, config->shared, al_loop_get_timers (loop),
                                 config->epoch_us, &io, worker);
  if (config->tls != NULL)
    relay_worker_start_dtls (worker);
  worker->report = relay_report_new (config->metrics);
  al_timer_init (&worker->timer, on_publish, worker);
  al_timer_set (al_loop_get_timers (loop), &worker->timer, al_loop_now_us (loop) + PUBLISH_US);
  if (!al_loop_add_mailbox (loop, config->mesh->boxes[config->index], on_mail, worker, error))
    g_clear_pointer (&worker, relay_worker_free);
  return worker;
}

void
relay_worker_free (RelayWorker *worker)
{
  if (worker == NULL)
    return;
  al_loop_remove_mailbox (worker->loop, worker->config.mesh->boxes[worker->config.index]);
  al_defer_cancel (&worker->defer);
  al_timer_cancel (&worker->timer);
  on_turn_end (&worker->defer, worker);
  relay_conn_free_all (worker);
  relay_dtls_free (worker->dtls);
  relay_turn_free (worker->turn);
  relay_pipe_free_all (worker);
  relay_report_free (worker->report);
  g_free (worker);
}

RelayTurn *
relay_worker_get_turn (RelayWorker *worker)
{
  return worker->turn;
}

void
relay_worker_on_datagram (RelayWorker *worker, AlUdp *udp, const AlUdpDatagram *datagram, int64_t now_us)
{
  RelayTuple tuple = { .remote = *datagram->from, .transport = RELAY_UDP, .conn = udp };

  if (datagram->local != NULL)
    tuple.local = *datagram->local;
  else
    al_udp_get_address (udp, &tuple.local);
  relay_turn_on_message (worker->turn, &tuple, datagram->data, datagram->len, now_us);
}

void
relay_worker_on_accept (AlListener *listener, AlStream *stream, void *user)
{
  relay_conn_new (user, stream);
}
