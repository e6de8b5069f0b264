/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer's connection and, once a ConnectionBind has joined the two, the client's: bytes pass from one to the other
 * (RFC 6062 §5.4, §5.5). Each side is read only while what waits for the other one is below a mark and the allocation has
 * bandwidth; before they are joined the peer is not read at all, and what it sends waits in the kernel. When one side
 * ends, the other is closed behind what was for it.
 */
#include "relay/worker-private.h"

#define INPUT_BYTES (64 * 1024)
#define LOW_BYTES (16 * 1024)
#define HIGH_BYTES (64 * 1024)
#define HARD_BYTES (512 * 1024) /* never reached: a turn reads less than is between the marks */
/* what waits for a slow reader has so long, and as long as this when the allocation has ended */
#define CLOSE_US (60 * (int64_t) G_USEC_PER_SEC)
#define HANG_UP_US (10 * (int64_t) G_USEC_PER_SEC)

typedef enum { CLIENT, PEER, SIDES } SideIndex;

typedef struct {
  RelayPipe *pipe;
  AlStream *stream; /* owned until it is closed; NULL: gone, or not yet there */
  AlTimer timer;    /* no bandwidth: while this side is not read */
  bool full;        /* too much waits for the other side */
} Side;

struct RelayPipe {
  RelayWorker *worker;
  RelayLink *link; /* NULL: the state machine has let go of it */
  Side sides[SIDES];
  AlTimer timer;   /* to close */
  AlAddr client;   /* whose connection the peer's counts as */
  unsigned tag;
  bool connecting;
  RelayPipe *next, **pprev; /* in worker->pipes */
};

static int64_t
now_of (const RelayPipe *pipe)
{
  return al_loop_now_us (pipe->worker->loop);
}

static Side *
other_of (Side *side)
{
  return &side->pipe->sides[side == &side->pipe->sides[CLIENT] ? PEER : CLIENT];
}

/* reads on, or not */
static void
update (Side *side)
{
  if (side->stream != NULL)
    al_stream_pause (side->stream, side->full || al_timer_is_set (&side->timer));
}

static void
on_bandwidth (AlTimer *timer, void *user)
{
  update (user);
}

static void
on_close_timer (AlTimer *timer, void *user)
{
  RelayPipe *pipe = user;

  for (unsigned i = 0; i < SIDES; i++)
    if (pipe->sides[i].stream != NULL)
      al_stream_abort (pipe->sides[i].stream);
}

static void
close_side (Side *side)
{
  al_timer_cancel (&side->timer);
  if (side->stream != NULL)
    al_stream_close (side->stream);
}

static void
set_timer (RelayPipe *pipe, int64_t us)
{
  al_timer_set (al_loop_get_timers (pipe->worker->loop), &pipe->timer, now_of (pipe) + us);
}

static RelayPipe *
pipe_new (RelayListen *listen, RelayLink *link)
{
  RelayWorker *worker = listen->worker;
  const AlAddr *client = &relay_alloc_get_client (listen->alloc)->remote;
  const AlAdmission *door = &worker->config.door;
  RelayPipe *pipe;
  unsigned tag = 0;

  if (door->admit != NULL && !door->admit (client, &tag, door->user))
    return NULL;
  pipe = g_new0 (RelayPipe, 1);
  pipe->worker = worker;
  pipe->link = link;
  for (unsigned i = 0; i < SIDES; i++)
    {
      pipe->sides[i].pipe = pipe;
      al_timer_init (&pipe->sides[i].timer, on_bandwidth, &pipe->sides[i]);
    }
  pipe->client = *client;
  pipe->tag = tag;
  al_timer_init (&pipe->timer, on_close_timer, pipe);
  pipe->next = worker->pipes;
  pipe->pprev = &worker->pipes;
  if (pipe->next != NULL)
    pipe->next->pprev = &pipe->next;
  worker->pipes = pipe;
  return pipe;
}

static void
pipe_free (RelayPipe *pipe)
{
  const AlAdmission *door = &pipe->worker->config.door;

  if (door->dismiss != NULL)
    door->dismiss (&pipe->client, pipe->tag, door->user);
  for (unsigned i = 0; i < SIDES; i++)
    al_timer_cancel (&pipe->sides[i].timer);
  al_timer_cancel (&pipe->timer);
  *pipe->pprev = pipe->next;
  if (pipe->next != NULL)
    pipe->next->pprev = pipe->pprev;
  g_free (pipe);
}

/* the state machine learns that the peer is gone, or was never there */
static void
let_go (RelayPipe *pipe)
{
  RelayLink *link = g_steal_pointer (&pipe->link);

  if (link == NULL)
    return;
  if (pipe->connecting)
    relay_turn_on_connected (pipe->worker->turn, link, false, now_of (pipe));
  else
    relay_turn_on_hung_up (pipe->worker->turn, link, now_of (pipe));
}

static size_t
on_data (AlStream *stream, const uint8_t *data, size_t len, void *user)
{
  Side *side = user;
  RelayPipe *pipe = side->pipe;
  AlStream *to = other_of (side)->stream;
  int64_t wait_us = 0;

  if (to == NULL || pipe->link == NULL)
    return len;
  side->full = al_stream_send (to, data, len) == AL_SEND_HIGH;
  wait_us = relay_turn_on_carried (pipe->worker->turn, pipe->link, side == &pipe->sides[CLIENT], len, now_of (pipe));
  if (wait_us > 0)
    al_timer_set (al_loop_get_timers (pipe->worker->loop), &side->timer, now_of (pipe) + wait_us);
  if (side->full || wait_us > 0)
    al_stream_pause (stream, true);
  return len;
}

static void
on_drained (AlStream *stream, void *user)
{
  Side *from = other_of (user);

  from->full = false;
  update (from);
}

static void
on_closed (AlStream *stream, AlStreamClose reason, void *user)
{
  Side *side = user;
  RelayPipe *pipe = side->pipe;

  side->stream = NULL;
  if (side == &pipe->sides[PEER])
    let_go (pipe);
  if (other_of (side)->stream == NULL)
    {
      pipe_free (pipe);
      return;
    }
  close_side (other_of (side));
  if (!al_timer_is_set (&pipe->timer))
    set_timer (pipe, CLOSE_US);
}

static void
on_open (AlStream *stream, void *user)
{
  Side *side = user;
  RelayPipe *pipe = side->pipe;

  pipe->connecting = false;
  if (pipe->link != NULL)
    relay_turn_on_connected (pipe->worker->turn, pipe->link, true, now_of (pipe));
}

static const AlStreamOps ops = { .on_data = on_data, .on_drained = on_drained, .on_closed = on_closed, .on_open = on_open };

/* the peer's side; @fd is taken in any case. Nothing is read until the other side is there */
static bool
set_peer (RelayPipe *pipe, int fd, const AlAddr *peer)
{
  Side *side = &pipe->sides[PEER];

  side->stream = al_stream_new_from_fd (pipe->worker->loop, fd, peer, pipe->connecting, &ops, side, NULL);
  if (side->stream == NULL)
    {
      (void) close (fd);
      return false;
    }
  al_stream_set_limits (side->stream, INPUT_BYTES, LOW_BYTES, HIGH_BYTES, HARD_BYTES);
  al_stream_pause (side->stream, true);
  return true;
}

RelayPipe *
relay_pipe_connect (RelayListen *listen, RelayLink *link, const AlAddr *peer)
{
  RelayPipe *pipe = pipe_new (listen, link);
  int fd;

  if (pipe == NULL)
    return NULL;
  pipe->connecting = true;
  fd = relay_listen_connect (listen, peer);
  if (fd >= 0 && set_peer (pipe, fd, peer))
    return pipe;
  pipe_free (pipe);
  return NULL;
}

void
relay_pipe_accept (RelayListen *listen, int fd, const AlAddr *from)
{
  RelayPipe *pipe = pipe_new (listen, NULL);

  if (pipe == NULL || !set_peer (pipe, fd, from))
    {
      if (pipe == NULL)
        (void) close (fd);
      else
        pipe_free (pipe);
      return;
    }
  pipe->link = relay_turn_on_accept (pipe->worker->turn, listen->alloc, from, pipe, now_of (pipe));
  if (pipe->link == NULL)
    al_stream_abort (pipe->sides[PEER].stream);
}

void
relay_pipe_join (RelayPipe *pipe, AlStream *client)
{
  Side *side = &pipe->sides[CLIENT];

  side->stream = client;
  al_stream_set_ops (client, &ops, side);
  al_stream_set_limits (client, INPUT_BYTES, LOW_BYTES, HIGH_BYTES, HARD_BYTES);
  update (side); /* shows what came behind the ConnectionBind */
  update (&pipe->sides[PEER]);
}

void
relay_pipe_hang_up (RelayPipe *pipe)
{
  pipe->link = NULL;
  if (pipe->connecting)
    al_stream_abort (pipe->sides[PEER].stream);
  for (unsigned i = 0; i < SIDES; i++)
    close_side (&pipe->sides[i]);
  set_timer (pipe, HANG_UP_US);
}

void
relay_pipe_free_all (RelayWorker *worker)
{
  for (RelayPipe *pipe = worker->pipes; pipe != NULL; pipe = pipe->next)
    on_close_timer (&pipe->timer, pipe);
  while (worker->pipes != NULL)
    al_loop_iterate (worker->loop, 0); /* as for connections: they end with their streams */
}
