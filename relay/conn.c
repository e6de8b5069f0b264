/* SPDX-License-Identifier: Apache-2.0 */
/* A client over TCP or TLS: frames in (RFC 8656 §12.5, RFC 8489 §6.2.2), frames out. */
#include "relay/worker-private.h"

/* the longest message: a STUN header and 65,535 bytes, in fours */
#define INPUT_BYTES (20 + 65536)
#define QUEUE_HARD (256 * 1024)

struct RelayConn {
  RelayWorker *worker;
  AlStream *stream; /* owned until it is closed */
  RelayTuple tuple;
  RelayConn *next, **pprev; /* in worker->conns */
};

static size_t
on_data (AlStream *stream, const uint8_t *data, size_t len, void *user)
{
  RelayConn *conn = user;
  int64_t now_us = al_loop_now_us (conn->worker->loop);
  size_t at = 0;

  while (at < len)
    {
      ssize_t frame = relay_turn_frame (data + at, len - at);

      if (frame < 0)
        {
          al_stream_abort (stream);
          return len;
        }
      if (frame == 0 || (size_t) frame > len - at)
        break;
      relay_turn_on_message (conn->worker->turn, &conn->tuple, data + at, (size_t) frame, now_us);
      at += (size_t) frame;
    }
  /* what was relayed lies in the stream's memory */
  al_udp_hub_flush (conn->worker->hub);
  return at;
}

static void
conn_free (RelayConn *conn)
{
  relay_turn_on_closed (conn->worker->turn, &conn->tuple, al_loop_now_us (conn->worker->loop));
  *conn->pprev = conn->next;
  if (conn->next != NULL)
    conn->next->pprev = conn->pprev;
  g_free (conn);
}

static void
on_closed (AlStream *stream, AlStreamClose reason, void *user)
{
  conn_free (user);
}

void
relay_conn_new (RelayWorker *worker, AlStream *stream)
{
  static const AlStreamOps ops = { .on_data = on_data, .on_closed = on_closed };
  RelayConn *conn = g_new0 (RelayConn, 1);

  conn->worker = worker;
  conn->stream = stream;
  conn->tuple.transport = al_stream_is_tls (stream) ? RELAY_TLS : RELAY_TCP;
  conn->tuple.conn = conn;
  al_stream_get_peer (stream, &conn->tuple.remote);
  al_stream_get_local (stream, &conn->tuple.local);
  conn->next = worker->conns;
  conn->pprev = &worker->conns;
  if (conn->next != NULL)
    conn->next->pprev = &conn->next;
  worker->conns = conn;
  al_stream_set_limits (stream, INPUT_BYTES, QUEUE_HARD / 4, QUEUE_HARD / 2, QUEUE_HARD);
  al_stream_set_ops (stream, &ops, conn);
}

void
relay_conn_free_all (RelayWorker *worker)
{
  while (worker->conns != NULL)
    {
      RelayConn *conn = worker->conns;

      al_stream_abort (conn->stream);
      conn_free (conn);
    }
}

void
relay_conn_send (RelayConn *conn, const void *data, size_t len)
{
  (void) al_stream_send (conn->stream, data, len);
}

void
relay_conn_pass (RelayConn *conn, const uint8_t head[4], const void *data, size_t len)
{
  static const uint8_t padding[4];

  if (al_stream_get_queued (conn->stream) > QUEUE_HARD / 2)
    return;
  (void) al_stream_send (conn->stream, head, 4);
  (void) al_stream_send (conn->stream, data, len);
  (void) al_stream_send (conn->stream, padding, -len & 3);
}
