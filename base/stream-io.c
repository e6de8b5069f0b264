/* SPDX-License-Identifier: Apache-2.0 */
/* Moves bytes between sockets and streams: events, reading and delivering, flushing. Thread of the stream's loop. */
#include "base/stream-private.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define MAX_IOV 64
#define TLS_RECORD 16384
/* TLS reads until its input is used up; a fast sender must not hold the loop, so an event reads this much at most. */
#define RX_BUDGET 65536

static AlIo
read_plain (AlStream *stream, uint8_t *data, size_t room, size_t *ret_n)
{
  ssize_t n;

  do
    n = recv (stream->watch.fd, data, room, 0);
  while (n < 0 && errno == EINTR);
  if (n > 0)
    {
      *ret_n = (size_t) n;
      return AL_IO_OK;
    }
  if (n == 0)
    return AL_IO_EOF;
  return errno == EAGAIN ? AL_IO_AGAIN : AL_IO_ERROR;
}

static void
die_of_io (AlStream *stream, AlIo io)
{
  if (stream->state == AL_STREAM_LINGER)
    al_stream_die (stream, stream->reason, false);
  else
    al_stream_die (stream, io == AL_IO_TLS_ERROR ? AL_STREAM_CLOSE_TLS : AL_STREAM_CLOSE_ERROR, false);
}

/* Keeps the last @len of the @total bytes at @data, which may be the kept input itself. */
static void
keep_input (AlStream *stream, const uint8_t *data, size_t total, size_t len)
{
  uint8_t *kept = NULL;

  if (len == total && data == stream->input)
    {
      stream->input = g_realloc (stream->input, len);
      stream->input_len = len;
      return;
    }
  if (len > 0)
    kept = g_memdup2 (data + total - len, len);
  g_free (stream->input);
  stream->input = kept;
  stream->input_len = len;
}

/* A stream that its listener has not routed: hands it over as soon as the bytes tell the protocol. */
static void
route (AlStream *stream, const uint8_t *data, size_t len)
{
  AlListener *listener = stream->listener;
  AlProto proto = al_proto_classify (data, len);

  if (proto == AL_PROTO_MORE)
    return;
  al_listener_forget_stream (stream);
  al_stream_set_deadline (stream, 0);
  al_stream_set_state (stream, AL_STREAM_OPEN);
  if (!al_listener_route_stream (listener, stream, proto))
    {
      al_listener_count_closed (listener, AL_STREAM_CLOSE_PROTOCOL);
      al_stream_die (stream, AL_STREAM_CLOSE_PROTOCOL, false);
    }
}

/* Shows @len bytes to whoever is responsible and keeps what is not consumed. Returns: false when it was detached. */
static bool
show (AlStream *stream, const uint8_t *data, size_t len)
{
  bool detached = false;
  size_t used = 0;

  stream->shown = data;
  stream->shown_len = len;
  stream->ret_detached = &detached;
  if (stream->state == AL_STREAM_FIRST)
    {
      route (stream, data, len);
      if (detached)
        return false;
      if (stream->state == AL_STREAM_OPEN && stream->ops == NULL)
        al_stream_die (stream, AL_STREAM_CLOSE_PROTOCOL, false);
    }
  if (stream->state == AL_STREAM_OPEN && !stream->paused)
    {
      used = stream->ops->on_data (stream, data, len, stream->user);
      if (detached)
        return false;
      g_assert (used <= len);
    }
  stream->ret_detached = NULL;
  stream->shown = NULL;
  if (stream->state == AL_STREAM_OPEN || stream->state == AL_STREAM_FIRST)
    keep_input (stream, data, len, len - used);
  return true;
}

/* A buffer with the kept input at its start. Returns: its size; as much as the input limit allows. */
static size_t
assemble (AlStream *stream, uint8_t **ret_data)
{
  if (stream->input_len < AL_LOOP_SCRATCH / 2 || stream->input_limit <= AL_LOOP_SCRATCH)
    {
      *ret_data = al_loop_get_scratch (stream->loop);
      if (stream->input_len > 0)
        memcpy (*ret_data, stream->input, stream->input_len);
      return MIN (stream->input_limit, AL_LOOP_SCRATCH);
    }
  else
    {
      size_t size = MIN (stream->input_limit, stream->input_len + AL_LOOP_SCRATCH);

      stream->input = g_realloc (stream->input, MAX (size, stream->input_len));
      *ret_data = stream->input;
      return size;
    }
}

bool
al_stream_pump (AlStream *stream, bool show_kept)
{
  while (stream->state == AL_STREAM_FIRST || (stream->state == AL_STREAM_OPEN && !stream->paused))
    {
      uint8_t *data;
      size_t size = assemble (stream, &data);
      size_t kept = stream->input_len, n = 0;
      AlIo io = AL_IO_AGAIN;

      if (size > kept)
        io = stream->ssl != NULL ? al_stream_tls_read (stream, data + kept, size - kept, &n)
                                 : read_plain (stream, data + kept, size - kept, &n);
      if ((n > 0 || (show_kept && kept > 0)) && !show (stream, data, kept + n))
        return false;
      show_kept = false;
      if (stream->state == AL_STREAM_DEAD || stream->paused)
        break; /* when paused, the end of the stream is found again afterwards */
      if (io == AL_IO_EOF)
        al_stream_note_eof (stream);
      else if (io != AL_IO_OK && io != AL_IO_AGAIN)
        die_of_io (stream, io);
      if (n == 0 || stream->ssl == NULL || !al_stream_tls_has_pending (stream))
        break;
    }
  return true;
}

/* Closing: input is read only to find the peer's FIN, and so that a peer that still sends is not reset at once. What it
 * sends on and on stays in the kernel until the deadline. */
static void
discard_input (AlStream *stream)
{
  size_t n;
  AlIo io;

  if (stream->discarded >= AL_STREAM_DISCARD_BYTES)
    return;
  io = read_plain (stream, al_loop_get_scratch (stream->loop), AL_LOOP_SCRATCH, &n);
  if (io == AL_IO_OK)
    stream->discarded += (uint32_t) n;
  if (io == AL_IO_EOF)
    al_stream_note_eof (stream);
  else if (io == AL_IO_ERROR)
    die_of_io (stream, io);
}

/* A client stream may send now. */
static void
finish_open (AlStream *stream)
{
  al_stream_set_deadline (stream, 0);
  al_stream_set_state (stream, AL_STREAM_OPEN);
  if (stream->close_on_connect)
    al_stream_close (stream);
  else if (stream->ops->on_open != NULL)
    stream->ops->on_open (stream, stream->user);
  al_loop_defer (stream->loop, &stream->defer);
}

static void
step_handshake (AlStream *stream)
{
  AlIo io;

  /* a handshake costs far more than a message: a flood of them waits, and streams that are open do not */
  if (stream->listener != NULL && !al_listener_take_tls_step (stream->listener))
    return;
  io = al_stream_tls_handshake (stream);
  if (io == AL_IO_OK && al_stream_is_connecting (stream))
    finish_open (stream);
  else if (io == AL_IO_OK)
    al_stream_set_state (stream, AL_STREAM_FIRST);
  else if (io == AL_IO_EOF)
    al_stream_die (stream, AL_STREAM_CLOSE_EOF, false);
  else if (io != AL_IO_AGAIN)
    die_of_io (stream, io);
}

static void
finish_connect (AlStream *stream)
{
  int code = 0;
  socklen_t len = sizeof code;

  if (getsockopt (stream->watch.fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0 || code != 0)
    {
      al_stream_die (stream, AL_STREAM_CLOSE_ERROR, false);
      return;
    }
  if (stream->ssl == NULL)
    finish_open (stream);
  else
    {
      al_stream_set_state (stream, AL_STREAM_HANDSHAKE);
      step_handshake (stream);
      if (stream->state == AL_STREAM_HANDSHAKE)
        al_stream_update_watch (stream);
    }
}

/* AL_TLS_DETECT: the first byte stays in the socket. Returns: true when the state has changed. */
static bool
sniff (AlStream *stream)
{
  uint8_t first;
  ssize_t n = recv (stream->watch.fd, &first, 1, MSG_PEEK);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return false;
  if (n <= 0)
    {
      al_stream_die (stream, n == 0 ? AL_STREAM_CLOSE_EOF : AL_STREAM_CLOSE_ERROR, false);
      return false;
    }
  if (first != 0x16)
    al_stream_set_state (stream, AL_STREAM_FIRST);
  else if (al_stream_tls_accept (stream, al_listener_get_tls (stream->listener)))
    al_stream_set_state (stream, AL_STREAM_HANDSHAKE);
  else
    al_stream_die (stream, AL_STREAM_CLOSE_TLS, false);
  return stream->state != AL_STREAM_DEAD;
}

/* Not reading (paused, or the input limit is reached), and the peer hung up or the socket failed. */
static void
hang_up (AlStream *stream, uint32_t events)
{
  if ((events & EPOLLERR) != 0)
    {
      al_stream_die (stream, AL_STREAM_CLOSE_ERROR, false);
      return;
    }
  al_watch_remove (&stream->watch);
  stream->hung_up = true;
  stream->tx_blocked = false; /* epoll will not say EPOLLOUT */
}

void
al_stream_on_event (AlWatch *watch, uint32_t events, void *user)
{
  AlStream *stream = user;
  bool readable = (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0;

  stream->rx_budget = RX_BUDGET;
  if (stream->state == AL_STREAM_CONNECTING)
    {
      finish_connect (stream);
      return;
    }
  if (stream->state == AL_STREAM_SNIFF && !sniff (stream))
    return;
  if (stream->state == AL_STREAM_HANDSHAKE)
    {
      step_handshake (stream);
      /* it may have read the first bytes too */
      readable |= stream->state == AL_STREAM_FIRST || stream->state == AL_STREAM_OPEN;
    }

  if ((events & EPOLLOUT) != 0)
    {
      stream->tx_blocked = false;
      al_stream_flush (stream);
      readable |= stream->tls_wants_write;
      if (stream->above_high || stream->state == AL_STREAM_CLOSING)
        al_loop_defer (stream->loop, &stream->defer);
    }
  if (stream->state == AL_STREAM_CLOSING || stream->state == AL_STREAM_LINGER)
    {
      if (stream->discarded >= AL_STREAM_DISCARD_BYTES && (events & (EPOLLERR | EPOLLHUP)) != 0)
        al_stream_die (stream, stream->reason, false);
      else if (readable && !stream->peer_eof)
        discard_input (stream);
    }
  else if (stream->state == AL_STREAM_OPEN && (stream->paused || stream->input_len >= stream->input_limit))
    {
      if ((events & (EPOLLERR | EPOLLHUP)) != 0)
        hang_up (stream, events);
    }
  else if (readable && !al_stream_pump (stream, false))
    return;
  /* what the callback answered leaves now, while all that belongs to this socket is in the cache */
  if (stream->queue.bytes > 0)
    al_stream_flush (stream);
  if (stream->state == AL_STREAM_OPEN && stream->queue.bytes == 0 && !stream->above_high && !stream->show_again)
    al_defer_cancel (&stream->defer);
  if (!stream->hung_up)
    al_stream_update_watch (stream);
}

AlIo
al_stream_write (AlStream *stream, const void *data, size_t len, size_t *ret_n)
{
  AlIo io = AL_IO_OK;

  if (stream->ssl != NULL)
    io = al_stream_tls_write (stream, data, MIN (len, TLS_RECORD), ret_n);
  else
    {
      ssize_t n;

      do
        n = send (stream->watch.fd, data, len, MSG_NOSIGNAL);
      while (n < 0 && errno == EINTR);
      if (n < 0)
        io = errno == EAGAIN ? AL_IO_AGAIN : AL_IO_ERROR;
      else
        *ret_n = (size_t) n;
    }
  if (io == AL_IO_AGAIN)
    stream->tx_blocked = true;
  else if (io != AL_IO_OK)
    die_of_io (stream, io);
  return io;
}

static AlIo
flush_record (AlStream *stream, size_t *ret_n)
{
  uint8_t space[TLS_RECORD];
  const uint8_t *data;
  size_t len = al_send_queue_gather (&stream->queue, space, sizeof space, &data);

  return al_stream_write (stream, data, len, ret_n);
}

/* One step of sending. AL_IO_AGAIN: the socket is full. */
static AlIo
flush_some (AlStream *stream, size_t *ret_n)
{
  struct iovec iov[MAX_IOV];
  struct msghdr message = { .msg_iov = iov };
  ssize_t n;

  if (stream->ssl != NULL)
    return flush_record (stream, ret_n);
  message.msg_iovlen = al_send_queue_peek (&stream->queue, iov, MAX_IOV);
  if (message.msg_iovlen == 1)
    return al_stream_write (stream, iov[0].iov_base, iov[0].iov_len, ret_n);
  do
    n = sendmsg (stream->watch.fd, &message, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (n >= 0)
    {
      *ret_n = (size_t) n;
      return AL_IO_OK;
    }
  if (errno == EAGAIN)
    {
      stream->tx_blocked = true;
      return AL_IO_AGAIN;
    }
  die_of_io (stream, AL_IO_ERROR);
  return AL_IO_ERROR;
}

void
al_stream_flush (AlStream *stream)
{
  bool moved = false;

  if (stream->state != AL_STREAM_OPEN && stream->state != AL_STREAM_CLOSING)
    return;
  while (stream->queue.bytes > 0 && !stream->tx_blocked)
    {
      size_t n;

      if (flush_some (stream, &n) != AL_IO_OK)
        break;
      al_send_queue_consume (&stream->queue, n);
      moved = true;
    }
  if (moved)
    al_stream_settle (stream);
  if (moved && stream->state == AL_STREAM_CLOSING)
    al_stream_set_deadline (stream, AL_STREAM_DRAIN_MS);
}
