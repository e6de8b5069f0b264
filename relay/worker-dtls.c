/* SPDX-License-Identifier: Apache-2.0 */
/* The sessions of dtls.h on a worker's sockets, in front of its state machine. */
#include "relay/worker-private.h"

static void
on_send (const RelayTuple *path, const uint8_t *data, size_t len, void *user)
{
  al_udp_send (path->conn, &path->remote, &path->local, data, len);
}

/* the state machine passes on views: they stay until the end of the turn, or as many as there is room for */
static void
on_receive (const RelayTuple *from, const uint8_t *data, size_t len, int64_t now_us, void *user)
{
  RelayWorker *worker = user;
  uint8_t *plain;

  if (len > sizeof worker->plain - worker->plain_used)
    {
      al_udp_hub_flush (worker->hub);
      worker->plain_used = 0;
    }
  plain = worker->plain + worker->plain_used;
  memcpy (plain, data, len);
  worker->plain_used += len;
  al_loop_defer (worker->loop, &worker->defer);
  (void) relay_turn_on_message (worker->turn, from, plain, len, now_us);
}

static bool
on_may_answer (const AlAddr *remote, int64_t now_us, void *user)
{
  const RelayWorker *worker = user;

  return relay_turn_may_answer (worker->turn, remote, now_us);
}

static bool
on_is_used (const RelayTuple *client, void *user)
{
  const RelayWorker *worker = user;

  return relay_turn_has (worker->turn, client);
}

static void
on_session_ended (const RelayTuple *client, int64_t now_us, void *user)
{
  const RelayWorker *worker = user;

  relay_turn_on_closed (worker->turn, client, now_us);
}

static void
on_drop (RelayDrop why, void *user)
{
  const RelayWorker *worker = user;

  relay_turn_count_drops (worker->turn, why, 1);
}

void
relay_worker_start_dtls (RelayWorker *worker)
{
  static const RelayDtlsIo io = {
    .send = on_send,
    .receive = on_receive,
    .may_answer = on_may_answer,
    .is_used = on_is_used,
    .ended = on_session_ended,
    .drop = on_drop,
  };

  worker->dtls = relay_dtls_new (worker->config.tls, al_loop_get_timers (worker->loop), &worker->config.door, &io, worker);
}

void
relay_worker_pass_dtls (RelayWorker *worker, RelaySession *session, const uint8_t head[4], const void *data, size_t len)
{
  memcpy (worker->message, head, 4);
  memcpy (worker->message + 4, data, len);
  relay_dtls_send (session, worker->message, 4 + len, al_loop_now_us (worker->loop));
}

static RelayTuple
make_path (AlUdp *udp, const AlUdpDatagram *datagram)
{
  RelayTuple path = { .remote = *datagram->from, .transport = RELAY_UDP, .conn = udp };

  if (datagram->local != NULL)
    path.local = *datagram->local;
  else
    al_udp_get_address (udp, &path.local);
  return path;
}

bool
relay_worker_claims_dtls (RelayWorker *worker, AlUdp *udp, const AlUdpDatagram *datagram)
{
  RelayTuple path;

  if (worker->dtls == NULL)
    return false;
  path = make_path (udp, datagram);
  return relay_dtls_claims (worker->dtls, &path, datagram->data, datagram->len);
}

void
relay_worker_on_dtls (RelayWorker *worker, AlUdp *udp, const AlUdpDatagram *datagram, int64_t now_us)
{
  RelayTuple path;

  if (worker->dtls == NULL)
    {
      relay_turn_count_drops (worker->turn, RELAY_DROP_UNAUTHORIZED, 1);
      return;
    }
  path = make_path (udp, datagram);
  relay_dtls_on_datagram (worker->dtls, &path, datagram->data, datagram->len, now_us);
}
