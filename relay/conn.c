/* SPDX-License-Identifier: Apache-2.0 */
/* A client over TCP or TLS: frames in (RFC 8656 §12.5, RFC 8489 §6.2.2), frames out. */
#include "relay/worker-private.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <sys/ioctl.h>

#include "relay/egress.h"

/* the longest message: a STUN header and 65,535 bytes, in fours */
#define INPUT_BYTES (20 + 65536)
#define QUEUE_HARD (256 * 1024)
/* RFC 8489 §6.2.2 leaves it to the server how long a connection without an allocation may stay */
#define IDLE_US (30 * (int64_t) G_USEC_PER_SEC)
/* written without asking the kernel how much lies there */
#define UNASKED_BYTES 4096
#define MOVES_MAX 4 /* one for each ConnectionBind that names another worker, so that nobody is sent around for ever */

struct RelayConn {
  RelayWorker *worker;
  AlStream *stream; /* owned until it is closed */
  RelayTuple tuple;
  RelayConn *next, **pprev; /* in worker->conns */
  RelayEgress egress;
  AlTimer timer;            /* while something waits in egress */
  AlTimer idle;             /* runs always: ends who holds no allocation */
  size_t credit;            /* may be written before the kernel is asked again */
  unsigned moves;           /* from worker to worker */
  bool joined;              /* its stream is a pipe's now */
  uint64_t counted_stale;
};

/* how much may go to the kernel now; 0: not even @len bytes */
static size_t
get_room (RelayConn *conn, size_t len, int64_t now_us)
{
  int fd = al_stream_get_fd (conn->stream), outq = 0;
  size_t queued = al_stream_get_queued (conn->stream);
  struct tcp_info info = { 0 };
  socklen_t info_len = sizeof info;

  if (fd < 0 || ioctl (fd, SIOCOUTQ, &outq) != 0 || getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &info_len) != 0)
    return 0;
  return relay_egress_get_room (&conn->egress, len, info.tcpi_bytes_acked, (uint32_t) outq + (uint32_t) queued,
                                info.tcpi_min_rtt, now_us);
}

/* @len bytes may be written: the kernel is asked only now and then */
static bool
may_write (RelayConn *conn, size_t len, int64_t now_us)
{
  if (len > conn->credit)
    {
      size_t room = get_room (conn, len, now_us);

      conn->credit = MIN (room, MAX (len, UNASKED_BYTES));
      if (room == 0)
        return false;
    }
  conn->credit -= len;
  return true;
}

/* one message, in a TLS record of its own: clients read record by record and look for one message in each */
static void
write_message (RelayConn *conn, const void *const pieces[3], const size_t lens[3])
{
  for (unsigned i = 0; i < 3; i++)
    if (lens[i] > 0)
      (void) al_stream_send (conn->stream, pieces[i], lens[i]);
  if (conn->tuple.transport == RELAY_TLS)
    al_stream_flush (conn->stream);
}

static void
pump (RelayConn *conn, int64_t now_us)
{
  size_t len;

  while ((len = relay_egress_peek (&conn->egress, now_us, conn->worker->message)) > 0)
    {
      const void *const pieces[3] = { conn->worker->message };
      const size_t lens[3] = { len };

      if (!may_write (conn, len, now_us))
        {
          al_timer_set (al_loop_get_timers (conn->worker->loop), &conn->timer, now_us + RELAY_EGRESS_POLL_US);
          return;
        }
      relay_egress_pop (&conn->egress);
      write_message (conn, pieces, lens);
    }
}

static void
count_stale (RelayConn *conn)
{
  relay_turn_count_drops (conn->worker->turn, RELAY_DROP_STALE, conn->egress.dropped_pkts - conn->counted_stale);
  conn->counted_stale = conn->egress.dropped_pkts;
}

static void
on_timer (AlTimer *timer, void *user)
{
  RelayConn *conn = user;

  pump (conn, al_loop_now_us (conn->worker->loop));
  count_stale (conn);
}

static void
send_message (RelayConn *conn, bool is_media, const void *const pieces[3], const size_t lens[3])
{
  int64_t now_us = al_loop_now_us (conn->worker->loop);
  size_t len = lens[0] + lens[1] + lens[2];

  if (relay_egress_is_empty (&conn->egress) && may_write (conn, len, now_us))
    write_message (conn, pieces, lens);
  else if (!relay_turn_has (conn->worker->turn, &conn->tuple)
           || (!relay_egress_push (&conn->egress, is_media, pieces, lens, now_us) && !is_media))
    al_stream_abort (conn->stream); /* it asks and asks, and reads no answer; for a stranger nothing is kept */
  else
    pump (conn, now_us);
}

static void
on_idle (AlTimer *timer, void *user)
{
  RelayConn *conn = user;

  if (relay_turn_has (conn->worker->turn, &conn->tuple))
    al_timer_set (al_loop_get_timers (conn->worker->loop), timer, al_loop_now_us (conn->worker->loop) + IDLE_US);
  else
    al_stream_abort (conn->stream);
}

/* a connection on its way to another worker */
typedef struct {
  RelayMail mail;
  AlStream *stream; /* owned; NULL: it has arrived */
  unsigned moves;
} Arrival;

static void
free_arrival (RelayMail *mail)
{
  Arrival *arrival = (Arrival *) mail;

  if (arrival->stream != NULL)
    al_stream_abort (arrival->stream);
  g_free (arrival);
}

static void take_arrival (RelayMail *mail, RelayWorker *worker);
static void conn_free (RelayConn *conn);

/* a ConnectionBind is handled where its CONNECTION-ID is from. Who has an allocation here, or answers that wait, stays.
 * Returns: the worker; -1: this one */
static int
find_home (RelayConn *conn, const uint8_t *data, size_t len)
{
  const RelayWorkerConfig *config = &conn->worker->config;
  int home = relay_turn_find_home (data, len);

  if (home < 0 || home == (int) config->index || !relay_mesh_has (config->mesh, (unsigned) home) || conn->moves >= MOVES_MAX
      || relay_turn_has (conn->worker->turn, &conn->tuple) || !relay_egress_is_empty (&conn->egress))
    return -1;
  return home;
}

/* with everything from the ConnectionBind on, which the stream shows again there */
static void
move_to (RelayConn *conn, unsigned home)
{
  Arrival *arrival = g_new0 (Arrival, 1);
  RelayMesh *mesh = conn->worker->config.mesh;

  arrival->mail = (RelayMail){ .free = free_arrival, .take = take_arrival };
  arrival->stream = conn->stream;
  arrival->moves = conn->moves + 1;
  al_stream_detach (conn->stream);
  conn_free (conn);
  relay_mesh_post (mesh, home, &arrival->mail);
}

static size_t
on_data (AlStream *stream, const uint8_t *data, size_t len, void *user)
{
  RelayConn *conn = user;
  int64_t now_us = al_loop_now_us (conn->worker->loop);
  size_t at = 0;
  int home;

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
      home = find_home (conn, data + at, (size_t) frame);
      if (home >= 0 && at == 0)
        {
          move_to (conn, (unsigned) home);
          return 0;
        }
      if (home >= 0)
        {
          al_stream_pause (stream, false); /* shows it again, alone */
          break;
        }
      if (!relay_turn_on_message (conn->worker->turn, &conn->tuple, data + at, (size_t) frame, now_us))
        {
          al_stream_close (stream); /* not at once: it may be what followed a Refresh that ended the allocation */
          at = len;
          break;
        }
      at += (size_t) frame;
      if (conn->joined)
        break;
    }
  /* what was relayed lies in the stream's memory */
  al_udp_hub_flush (conn->worker->hub);
  if (conn->joined)
    conn_free (conn);
  return at;
}

static void
conn_free (RelayConn *conn)
{
  relay_turn_on_closed (conn->worker->turn, &conn->tuple, al_loop_now_us (conn->worker->loop));
  al_timer_cancel (&conn->timer);
  al_timer_cancel (&conn->idle);
  count_stale (conn);
  relay_egress_clear (&conn->egress);
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

static const AlStreamOps ops = { .on_data = on_data, .on_closed = on_closed };

static RelayConn *
conn_new (RelayWorker *worker, AlStream *stream)
{
  RelayConn *conn = g_new0 (RelayConn, 1);

  conn->worker = worker;
  conn->stream = stream;
  conn->tuple.transport = al_stream_is_tls (stream) ? RELAY_TLS : RELAY_TCP;
  conn->tuple.conn = conn;
  al_stream_get_peer (stream, &conn->tuple.remote);
  al_stream_get_local (stream, &conn->tuple.local);
  al_timer_init (&conn->timer, on_timer, conn);
  al_timer_init (&conn->idle, on_idle, conn);
  al_timer_set (al_loop_get_timers (worker->loop), &conn->idle, al_loop_now_us (worker->loop) + IDLE_US);
  conn->next = worker->conns;
  conn->pprev = &worker->conns;
  if (conn->next != NULL)
    conn->next->pprev = &conn->next;
  worker->conns = conn;
  al_stream_set_limits (stream, INPUT_BYTES, QUEUE_HARD / 4, QUEUE_HARD / 2, QUEUE_HARD);
  return conn;
}

void
relay_conn_new (RelayWorker *worker, AlStream *stream)
{
  al_stream_set_ops (stream, &ops, conn_new (worker, stream));
}

/* at its new worker */
static void
take_arrival (RelayMail *mail, RelayWorker *worker)
{
  Arrival *arrival = (Arrival *) mail;
  RelayConn *conn = conn_new (worker, arrival->stream);

  conn->moves = arrival->moves;
  if (al_stream_attach (worker->loop, arrival->stream, &ops, conn, NULL))
    arrival->stream = NULL;
  else
    conn_free (conn);
}

void
relay_conn_join (RelayConn *conn, RelayPipe *pipe)
{
  conn->joined = true;
  relay_pipe_join (pipe, conn->stream);
}

bool
relay_conn_is_open (RelayWorker *worker, const RelayTuple *tuple)
{
  for (const RelayConn *conn = worker->conns; conn != NULL; conn = conn->next)
    if (conn == tuple->conn)
      return al_addr_equal (&conn->tuple.remote, &tuple->remote);
  return false;
}

void
relay_conn_free_all (RelayWorker *worker)
{
  for (RelayConn *conn = worker->conns; conn != NULL; conn = conn->next)
    al_stream_abort (conn->stream);
  while (worker->conns != NULL)
    al_loop_iterate (worker->loop, 0); /* streams end with a turn of their loop, and take their connections along */
}

void
relay_conn_send (RelayConn *conn, const void *data, size_t len)
{
  const uint8_t *bytes = data;
  const void *const pieces[3] = { data };
  const size_t lens[3] = { len };
  /* a Data indication is media, an answer is not; of ConnectionAttempt a peer must not be able to send more than fits */
  bool is_media = len > 2 && bytes[0] == 0x00 && (bytes[1] == 0x17 || bytes[1] == 0x1c);

  send_message (conn, is_media, pieces, lens);
}

void
relay_conn_pass (RelayConn *conn, const uint8_t head[4], const void *data, size_t len)
{
  static const uint8_t padding[4];
  const void *const pieces[3] = { head, data, padding };
  const size_t lens[3] = { 4, len, -len & 3 };

  send_message (conn, true, pieces, lens);
}
