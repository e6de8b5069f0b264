/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ICE over TCP (RFC 6544, passive candidates; frames of RFC 4571). A connection goes to the worker that has its leg; its first
 * check tells which. A queue that is too long drops media instead of growing late.
 */
#include <string.h>

#include "sfu/ice.h"
#include "sfu/tcp-frame.h"
#include "sfu/worker-private.h"

#define INPUT_BYTES (SFU_TCP_FRAME_HEADER + SFU_TCP_FRAME_MAX)
/* media that waits beyond this is dropped: some 100 ms of 5 Mbit/s */
#define QUEUE_BYTES (64 * 1024)
#define QUEUE_HARD (256 * 1024)
#define IDLE_US (15 * (int64_t) G_USEC_PER_SEC)

struct SfuConn {
  SfuVia via; /* first */
  SfuWorker *worker;
  AlStream *stream; /* owned until it is closed */
  SfuLeg *leg;      /* (nullable) */
  AlTimer idle;     /* without a leg */
};

typedef struct {
  SfuMail mail;
  AlStream *stream; /* owned, detached */
} Move;

static const AlStreamOps conn_ops;

static void
do_move (SfuMail *mail, SfuWorker *worker, int64_t now_us)
{
  sfu_conn_adopt (worker, g_steal_pointer (&((Move *) mail)->stream));
}

static void
free_move (SfuMail *mail)
{
  Move *move = (Move *) mail;

  if (move->stream != NULL)
    al_stream_abort (move->stream);
  g_free (move);
}

static void
free_conn (SfuConn *conn)
{
  al_timer_cancel (&conn->idle);
  (void) g_ptr_array_remove_fast (conn->worker->conns, conn);
  g_free (conn);
}

/* the leg does not use it any more */
static void
leave_leg (SfuConn *conn)
{
  SfuLeg *leg = g_steal_pointer (&conn->leg);

  if (leg == NULL)
    return;
  if (leg->path.via == &conn->via)
    leg->path.via = NULL;
  sfu_transport_forget_via (leg->transport, &conn->via, al_loop_now_us (conn->worker->loop));
  sfu_leg_rearm (leg);
}

static void
get_path (SfuConn *conn, SfuPath *ret)
{
  memset (ret, 0, sizeof *ret);
  al_stream_get_peer (conn->stream, &ret->remote);
  al_stream_get_local (conn->stream, &ret->local);
  ret->via = &conn->via;
}

/* Returns: false: the connection is another worker's now, or is of no use. */
static bool
find_leg (SfuConn *conn, const AlStunMessage *message, int64_t now_us)
{
  SfuWorker *worker = conn->worker;
  uint8_t reply[SFU_ICE_REPLY_MAX];
  SfuIceCheck check;
  SfuPath path;
  unsigned owner;
  size_t len;

  if (!sfu_ice_check (worker->config.identity, worker->hmac, message, &check))
    {
      worker->counts.dropped[SFU_DROP_CHECK]++;
      return false;
    }
  conn->leg = sfu_worker_find_leg (worker, check.local, check.use_candidate, &owner, now_us);
  if (conn->leg != NULL)
    {
      al_timer_cancel (&conn->idle);
      return true;
    }
  if (owner == SFU_NO_LEG)
    {
      worker->counts.dropped[SFU_DROP_CHECK]++;
      return false;
    }
  if (owner == worker->config.index)
    return true; /* on its way here, or about to end: a check is not answered for it, but asked again */
  if (owner != SFU_NOBODY)
    {
      Move *move = g_new (Move, 1);

      *move = (Move){ { do_move, free_move }, conn->stream };
      al_stream_detach (conn->stream);
      free_conn (conn);
      (void) sfu_mesh_post (worker->config.mesh, owner, &move->mail);
      return false;
    }
  get_path (conn, &path);
  len = sfu_ice_answer (worker->config.identity, worker->hmac, &check, &path.remote, reply, sizeof reply);
  if (len > 0)
    sfu_conn_send (conn, reply, len);
  return true;
}

/* Returns: false: @conn is gone. */
static bool
take_frame (SfuConn *conn, const uint8_t *data, size_t len, int64_t now_us)
{
  uint8_t packet[SFU_TCP_FRAME_MAX];
  AlStunMessage message;
  AlStream *stream = conn->stream;
  SfuPath path;

  if (al_stun_is (data, len))
    {
      if (!al_stun_parse (data, len, &message))
        return true;
      if (conn->leg == NULL)
        {
          unsigned conns = conn->worker->conns->len;

          if (!find_leg (conn, &message, now_us))
            {
              /* it moved, or nobody may know what was wrong with it */
              if (conn->worker->conns->len == conns)
                al_stream_abort (stream);
              return false;
            }
        }
      get_path (conn, &path);
      if (conn->leg != NULL)
        sfu_leg_on_stun (conn->leg, &message, &path, now_us);
      return true;
    }
  if (conn->leg == NULL)
    return true;
  get_path (conn, &path);
  memcpy (packet, data, len);
  sfu_leg_on_packet (conn->leg, &path, packet, len, now_us);
  return true;
}

static size_t
on_data (AlStream *stream, const uint8_t *data, size_t len, void *user)
{
  SfuConn *conn = user;
  int64_t now_us = al_loop_now_us (conn->worker->loop);
  size_t used = 0;

  for (;;)
    {
      const uint8_t *packet;
      size_t packet_len;
      ssize_t n = sfu_tcp_frame_next (data + used, len - used, &packet, &packet_len);

      if (n == 0)
        return used;
      if (n < 0)
        {
          al_stream_abort (stream);
          return used;
        }
      if (packet_len > 0 && used == 0 && conn->leg == NULL)
        {
          /* a connection that moves shows everything again: nothing before it may be consumed */
          if (!take_frame (conn, packet, packet_len, now_us))
            return 0;
        }
      else if (packet_len > 0 && conn->leg != NULL)
        (void) take_frame (conn, packet, packet_len, now_us);
      else if (packet_len > 0)
        return used; /* no leg yet: one frame at a time */
      used += (size_t) n;
    }
}

static void
on_closed (AlStream *stream, AlStreamClose reason, void *user)
{
  SfuConn *conn = user;

  leave_leg (conn);
  free_conn (conn);
}

static const AlStreamOps conn_ops = { .on_data = on_data, .on_closed = on_closed };

static void
on_idle (AlTimer *timer, void *user)
{
  al_stream_abort (((SfuConn *) user)->stream);
}

void
sfu_conn_adopt (SfuWorker *worker, AlStream *stream)
{
  SfuConn *conn = g_new0 (SfuConn, 1);
  bool detached = al_stream_get_loop (stream) != worker->loop;

  conn->via.conn = conn;
  conn->worker = worker;
  conn->stream = stream;
  al_timer_init (&conn->idle, on_idle, conn);
  al_timer_set (al_loop_get_timers (worker->loop), &conn->idle, al_loop_now_us (worker->loop) + IDLE_US);
  g_ptr_array_add (worker->conns, conn);
  if (!detached)
    al_stream_set_ops (stream, &conn_ops, conn);
  else if (!al_stream_attach (worker->loop, stream, &conn_ops, conn, NULL))
    {
      al_stream_abort (stream);
      free_conn (conn);
      return;
    }
  al_stream_set_limits (stream, INPUT_BYTES, QUEUE_BYTES / 2, QUEUE_BYTES, QUEUE_HARD);
}

void
sfu_conn_send (SfuConn *conn, const uint8_t *data, size_t len)
{
  uint8_t header[SFU_TCP_FRAME_HEADER];

  if (al_stream_get_queued (conn->stream) + len > QUEUE_BYTES)
    {
      conn->worker->counts.dropped[SFU_DROP_TCP_QUEUE]++;
      return;
    }
  sfu_tcp_frame_begin (len, header);
  (void) al_stream_send (conn->stream, header, sizeof header);
  (void) al_stream_send (conn->stream, data, len);
}

void
sfu_conn_forget_leg (SfuWorker *worker, const SfuLeg *leg)
{
  for (guint i = 0; i < worker->conns->len; i++)
    {
      SfuConn *conn = g_ptr_array_index (worker->conns, i);

      if (conn->leg != leg)
        continue;
      conn->leg = NULL;
      al_stream_close (conn->stream); /* after the close_notify that waits in it */
    }
}

void
sfu_conn_free_all (SfuWorker *worker)
{
  for (guint i = 0; i < worker->conns->len; i++)
    al_stream_abort (((SfuConn *) g_ptr_array_index (worker->conns, i))->stream);
  while (worker->conns->len > 0)
    al_loop_iterate (worker->loop, 0); /* streams end with a turn of their loop, and take their connections along */
}
