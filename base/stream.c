/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a stream: states, limits, closing, moving between loops. Bytes are moved by stream-io.c and stream-tls.c.
 * Everything runs on the thread of the loop that the stream is in. Over 500 lines, most of them short functions of
 * stream.h.
 */
#include "base/stream-private.h"

#include <errno.h>
#include <gio/gio.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DEFAULT_INPUT (64 * 1024)
#define DEFAULT_LOW (64 * 1024)
#define DEFAULT_HIGH (256 * 1024)
#define DEFAULT_HARD (1024 * 1024)

/* More than this is not left for the end of the turn, so that a big answer does not sit twice in memory. */
#define SEND_AT_ONCE (64 * 1024)
#define LINGER_MS 2000
#define CLIENT_HANDSHAKE_MS 10000

#define EDGE(state) (1u << AL_STREAM_##state)

static const uint16_t allowed_edges[AL_STREAM_STATE_N] = {
  [AL_STREAM_CONNECTING] = EDGE (HANDSHAKE) | EDGE (OPEN) | EDGE (DEAD),
  [AL_STREAM_SNIFF] = EDGE (HANDSHAKE) | EDGE (FIRST) | EDGE (DEAD),
  [AL_STREAM_HANDSHAKE] = EDGE (FIRST) | EDGE (OPEN) | EDGE (DEAD),
  [AL_STREAM_FIRST] = EDGE (OPEN) | EDGE (DEAD),
  [AL_STREAM_OPEN] = EDGE (DETACHED) | EDGE (CLOSING) | EDGE (DEAD),
  [AL_STREAM_DETACHED] = EDGE (OPEN) | EDGE (DEAD),
  [AL_STREAM_CLOSING] = EDGE (LINGER) | EDGE (DEAD),
  [AL_STREAM_LINGER] = EDGE (DEAD),
  [AL_STREAM_DEAD] = 0,
};

static void on_timer (AlTimer *timer, void *user);
static void on_defer (AlDefer *defer, void *user);

void
al_stream_set_state (AlStream *stream, AlStreamState state)
{
  g_assert ((allowed_edges[stream->state] & (1u << state)) != 0);
  stream->state = state;
}

AlStream *
al_stream_new (AlLoop *loop, int fd, const AlAddr *peer, AlStreamState state, AlListenerShared *shared)
{
  AlStream *stream = g_new0 (AlStream, 1);

  stream->watch = (AlWatch){ .fd = fd, .fn = al_stream_on_event, .user = stream };
  stream->defer = (AlDefer){ .fn = on_defer, .user = stream };
  al_timer_init (&stream->timer, on_timer, stream);
  stream->loop = loop;
  stream->state = state;
  stream->input_limit = DEFAULT_INPUT;
  stream->low = DEFAULT_LOW;
  stream->high = DEFAULT_HIGH;
  stream->hard = DEFAULT_HARD;
  if (peer != NULL)
    stream->peer = *peer;
  if (shared != NULL)
    {
      atomic_fetch_add_explicit (&shared->refs, 1, memory_order_relaxed);
      atomic_fetch_add_explicit (&shared->alive, 1, memory_order_relaxed);
      stream->shared = shared;
    }
  return stream;
}

void
al_stream_settle (AlStream *stream)
{
  size_t own = stream->budget != NULL ? stream->queue.bytes - stream->queue.lent_bytes : 0;

  if (own > stream->budgeted)
    (void) atomic_fetch_add_explicit (&stream->budget->bytes, own - stream->budgeted, memory_order_relaxed);
  else if (own < stream->budgeted)
    (void) atomic_fetch_sub_explicit (&stream->budget->bytes, stream->budgeted - own, memory_order_relaxed);
  stream->budgeted = own;
}

static void
close_fd (AlStream *stream, bool reset)
{
  if (stream->watch.fd < 0)
    return;
  al_watch_remove (&stream->watch);
  if (reset)
    {
      struct linger linger = { .l_onoff = 1, .l_linger = 0 };

      (void) setsockopt (stream->watch.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
  (void) close (stream->watch.fd);
  stream->watch.fd = -1;
}

void
al_stream_free_now (AlStream *stream)
{
  close_fd (stream, false);
  al_timer_cancel (&stream->timer);
  al_defer_cancel (&stream->defer);
  al_listener_forget_stream (stream);
  al_send_queue_clear (&stream->queue);
  al_stream_settle (stream);
  SSL_free (stream->ssl);
  g_free (stream->input);
  if (stream->shared != NULL)
    {
      const AlAdmission *admission = &stream->shared->admission;

      if (admission->admit != NULL)
        admission->dismiss (&stream->peer, stream->tag, admission->user);
      atomic_fetch_sub_explicit (&stream->shared->alive, 1, memory_order_relaxed);
      al_listener_shared_unref (stream->shared);
    }
  g_free (stream);
}

void
al_stream_die (AlStream *stream, AlStreamClose reason, bool reset)
{
  if (stream->state == AL_STREAM_DEAD)
    return;
  if (stream->listener != NULL)
    al_listener_count_closed (stream->listener, reason);
  /* what made it close counts, not what then happened on the way */
  if (stream->state != AL_STREAM_CLOSING && stream->state != AL_STREAM_LINGER)
    stream->reason = reason;
  else if (reason == AL_STREAM_CLOSE_TIMEOUT || reason == AL_STREAM_CLOSE_ERROR || reason == AL_STREAM_CLOSE_ABORT)
    stream->reason = reason;
  al_stream_set_state (stream, AL_STREAM_DEAD);
  close_fd (stream, reset);
  al_timer_cancel (&stream->timer);
  al_listener_forget_stream (stream);
  al_send_queue_clear (&stream->queue);
  al_stream_settle (stream);
  al_loop_defer (stream->loop, &stream->defer);
}

void
al_stream_set_deadline (AlStream *stream, unsigned ms)
{
  if (ms == 0)
    al_timer_cancel (&stream->timer);
  else
    al_timer_set (al_loop_get_timers (stream->loop), &stream->timer,
                  al_loop_now_us (stream->loop) + (int64_t) ms * 1000);
}

static void
on_timer (AlTimer *timer, void *user)
{
  AlStream *stream = user;

  /* In LINGER everything was sent and only the peer's FIN is missing; the kernel may still deliver what is under way */
  if (stream->state == AL_STREAM_LINGER)
    al_stream_die (stream, stream->reason, false);
  else
    al_stream_die (stream, AL_STREAM_CLOSE_TIMEOUT, true);
}

/* The queue is empty and the owner (or the peer's FIN) wants the end: close_notify, FIN, wait for the peer. */
static void
finish_closing (AlStream *stream)
{
  if (stream->ssl != NULL && al_stream_tls_shutdown (stream) == AL_IO_AGAIN)
    return; /* CLOSING goes on until the socket takes it */
  if (stream->peer_eof)
    {
      al_stream_die (stream, stream->reason, false);
      return;
    }
  if (shutdown (stream->watch.fd, SHUT_WR) < 0)
    {
      al_stream_die (stream, AL_STREAM_CLOSE_ERROR, true);
      return;
    }
  al_stream_set_state (stream, AL_STREAM_LINGER);
  al_stream_set_deadline (stream, LINGER_MS);
}

static void
begin_closing (AlStream *stream, AlStreamClose reason)
{
  al_stream_set_state (stream, AL_STREAM_CLOSING);
  stream->reason = reason;
  g_clear_pointer (&stream->input, g_free);
  stream->input_len = 0;
  al_stream_set_deadline (stream, AL_STREAM_DRAIN_MS);
  al_loop_defer (stream->loop, &stream->defer);
}

void
al_stream_note_eof (AlStream *stream)
{
  stream->peer_eof = true;
  switch (stream->state)
    {
    case AL_STREAM_OPEN:
      if (stream->queue.bytes == 0)
        al_stream_die (stream, AL_STREAM_CLOSE_EOF, false);
      else
        begin_closing (stream, AL_STREAM_CLOSE_EOF);
      break;
    case AL_STREAM_CLOSING:
      break; /* finish_closing() will see it */
    default:
      al_stream_die (stream, stream->state == AL_STREAM_LINGER ? stream->reason : AL_STREAM_CLOSE_EOF, false);
      break;
    }
}

static uint32_t
wanted_events (const AlStream *stream)
{
  bool queued = stream->queue.bytes > 0;

  switch (stream->state)
    {
    case AL_STREAM_CONNECTING:
      return EPOLLOUT;
    case AL_STREAM_HANDSHAKE:
      return stream->tls_wants_write ? EPOLLOUT : EPOLLIN;
    case AL_STREAM_OPEN:
      return (stream->paused || stream->input_len >= stream->input_limit ? 0 : EPOLLIN)
             | (queued || stream->tls_wants_write ? EPOLLOUT : 0);
    case AL_STREAM_CLOSING:
      return (stream->peer_eof || stream->discarded >= AL_STREAM_DISCARD_BYTES ? 0 : EPOLLIN) | EPOLLOUT;
    case AL_STREAM_LINGER:
      return stream->discarded >= AL_STREAM_DISCARD_BYTES ? 0 : EPOLLIN;
    default:
      return EPOLLIN;
    }
}

void
al_stream_update_watch (AlStream *stream)
{
  uint32_t events;

  if (stream->state == AL_STREAM_DEAD || stream->state == AL_STREAM_DETACHED)
    return;
  events = wanted_events (stream);
  if (stream->hung_up)
    {
      if (events == 0)
        return;
      stream->hung_up = false;
      if (!al_loop_watch (stream->loop, &stream->watch, events, NULL))
        al_stream_die (stream, AL_STREAM_CLOSE_ERROR, true);
      return;
    }
  al_watch_modify (&stream->watch, events);
}

static void
finish (AlStream *stream)
{
  if (stream->ops != NULL)
    stream->ops->on_closed (stream, stream->reason, stream->user);
  al_stream_free_now (stream);
}

/* Runs what was put off to the end of the turn. The owner may do anything in its callbacks, so each step looks anew. */
static void
on_defer (AlDefer *defer, void *user)
{
  AlStream *stream = user;

  if (stream->show_again)
    {
      stream->show_again = false;
      if (!al_stream_pump (stream, true))
        return;
    }
  al_stream_flush (stream);
  if (stream->state == AL_STREAM_OPEN && stream->above_high && stream->queue.bytes <= stream->low)
    {
      stream->above_high = false;
      if (stream->ops->on_drained != NULL)
        stream->ops->on_drained (stream, stream->user);
    }
  if (stream->state == AL_STREAM_CLOSING && stream->queue.bytes == 0)
    finish_closing (stream);
  if (stream->state == AL_STREAM_DEAD)
    {
      finish (stream);
      return;
    }
  al_stream_update_watch (stream);
}

static int
open_socket (const AlAddr *address, GError **error)
{
  int one = 1;
  int fd = socket (address->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd >= 0)
    {
      (void) setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      if (connect (fd, &address->sa, al_addr_get_len (address)) == 0 || errno == EINPROGRESS)
        return fd;
    }
  if (error != NULL)
    {
      int code = errno;
      char text[AL_ADDR_STRLEN];

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "cannot connect to %s: %s",
                   al_addr_format (address, true, text), g_strerror (code));
    }
  if (fd >= 0)
    (void) close (fd);
  return -1;
}

AlStream *
al_stream_new_from_fd (AlLoop *loop, int fd, const AlAddr *peer, bool connecting, const AlStreamOps *ops, void *user,
                       GError **error)
{
  AlStream *stream = al_stream_new (loop, fd, peer, connecting ? AL_STREAM_CONNECTING : AL_STREAM_OPEN, NULL);

  al_stream_set_ops (stream, ops, user);
  if (!al_loop_watch (loop, &stream->watch, connecting ? EPOLLOUT : EPOLLIN, error))
    {
      stream->watch.fd = -1;
      al_stream_free_now (stream);
      return NULL;
    }
  return stream;
}

static AlStream *
connect_stream (AlLoop *loop, const AlAddr *address, const AlStreamOps *ops, void *user, GError **error)
{
  AlStream *stream;
  int fd = open_socket (address, error);

  if (fd < 0)
    return NULL;
  stream = al_stream_new_from_fd (loop, fd, address, true, ops, user, error);
  if (stream == NULL)
    (void) close (fd);
  return stream;
}

AlStream *
al_stream_connect (AlLoop *loop, const AlAddr *address, const AlStreamOps *ops, void *user, GError **error)
{
  return connect_stream (loop, address, ops, user, error);
}

AlStream *
al_stream_connect_tls (AlLoop *loop, const AlAddr *address, AlTls *tls, const char *server_name,
                       const AlStreamOps *ops, void *user, GError **error)
{
  AlStream *stream = connect_stream (loop, address, ops, user, error);

  if (stream == NULL)
    return NULL;
  if (!al_stream_tls_connect (stream, tls, server_name))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "cannot use TLS with the server name %s", server_name);
      al_stream_free_now (stream);
      return NULL;
    }
  al_stream_set_deadline (stream, CLIENT_HANDSHAKE_MS);
  return stream;
}

void
al_stream_set_ops (AlStream *stream, const AlStreamOps *ops, void *user)
{
  g_return_if_fail (ops != NULL && ops->on_data != NULL && ops->on_closed != NULL);
  stream->ops = ops;
  stream->user = user;
}

void
al_stream_set_limits (AlStream *stream, size_t input_bytes, size_t low, size_t high, size_t hard)
{
  g_return_if_fail (input_bytes > 0 && input_bytes <= G_MAXINT32);
  g_return_if_fail (low <= high && high <= hard && hard <= G_MAXINT32);
  stream->input_limit = (uint32_t) MAX (input_bytes, stream->input_len);
  stream->low = (uint32_t) low;
  stream->high = (uint32_t) high;
  stream->hard = (uint32_t) hard;
}

void
al_stream_set_budget (AlStream *stream, AlStreamBudget *budget)
{
  if (stream->budget != NULL)
    (void) atomic_fetch_sub_explicit (&stream->budget->bytes, stream->budgeted, memory_order_relaxed);
  stream->budgeted = 0;
  stream->budget = budget;
  al_stream_settle (stream);
}

bool
al_stream_is_connecting (const AlStream *stream)
{
  return stream->state == AL_STREAM_CONNECTING || (stream->state == AL_STREAM_HANDSHAKE && stream->shared == NULL);
}

static bool
can_send (const AlStream *stream)
{
  return stream->state == AL_STREAM_OPEN || (al_stream_is_connecting (stream) && !stream->close_on_connect);
}

/* Only who has something of his own in the queue can be the one that exceeds it. */
static bool
is_over_budget (const AlStream *stream)
{
  return stream->budgeted > 0
         && atomic_load_explicit (&stream->budget->bytes, memory_order_relaxed)
                > atomic_load_explicit (&stream->budget->limit, memory_order_relaxed);
}

/* After something was queued: within the budget? Who reads what he gets is not ended for those who do not. */
static void
check_budget (AlStream *stream)
{
  al_stream_settle (stream);
  if (!is_over_budget (stream))
    return;
  al_stream_flush (stream);
  if (stream->state != AL_STREAM_DEAD && is_over_budget (stream))
    al_stream_die (stream, AL_STREAM_CLOSE_BUDGET, true);
}

/* After something was queued: within the marks? */
static AlSend
check_marks (AlStream *stream)
{
  check_budget (stream);
  if (stream->state == AL_STREAM_OPEN && stream->queue.bytes >= MIN (stream->high, SEND_AT_ONCE))
    al_stream_flush (stream);
  if (stream->state == AL_STREAM_DEAD)
    return AL_SEND_GONE;
  if (stream->queue.bytes > stream->hard)
    {
      al_stream_die (stream, AL_STREAM_CLOSE_OVERFLOW, true);
      return AL_SEND_GONE;
    }
  al_loop_defer (stream->loop, &stream->defer);
  if (stream->queue.bytes <= stream->high)
    return AL_SEND_OK;
  stream->above_high = true;
  return AL_SEND_HIGH;
}

AlSend
al_stream_send (AlStream *stream, const void *data, size_t len)
{
  const uint8_t *bytes = data;

  if (!can_send (stream))
    return AL_SEND_GONE;
  if (len == 0)
    return stream->queue.bytes > stream->high ? AL_SEND_HIGH : AL_SEND_OK;
  /* a big piece goes to the socket without a copy, after what waits before it */
  if (len >= SEND_AT_ONCE && stream->state == AL_STREAM_OPEN)
    {
      al_stream_flush (stream);
      while (len > 0 && stream->state == AL_STREAM_OPEN && stream->queue.bytes == 0)
        {
          size_t n;
          AlIo io = al_stream_write (stream, bytes, len, &n);

          if (io != AL_IO_OK)
            break; /* the rest of the bytes is queued, which is what tx_blocked relies on */
          bytes += n;
          len -= n;
        }
      if (stream->state != AL_STREAM_OPEN)
        return AL_SEND_GONE;
      if (stream->queue.bytes + len > stream->hard)
        {
          al_stream_die (stream, AL_STREAM_CLOSE_OVERFLOW, true);
          return AL_SEND_GONE;
        }
    }
  al_send_queue_copy (&stream->queue, bytes, len);
  return check_marks (stream);
}

AlSend
al_stream_send_buf (AlStream *stream, AlBuf *buf, size_t offset)
{
  if (!can_send (stream))
    return AL_SEND_GONE;
  al_send_queue_ref (&stream->queue, buf, offset);
  return check_marks (stream);
}

AlSend
al_stream_lend (AlStream *stream, AlBuf *buf, size_t offset)
{
  if (!can_send (stream))
    return AL_SEND_GONE;
  al_send_queue_lend (&stream->queue, buf, offset);
  return check_marks (stream);
}

size_t
al_stream_get_queued (const AlStream *stream)
{
  return stream->queue.bytes;
}

void
al_stream_pause (AlStream *stream, bool paused)
{
  stream->paused = paused;
  if (stream->state != AL_STREAM_OPEN)
    return;
  if (!paused)
    stream->show_again = true;
  al_loop_defer (stream->loop, &stream->defer);
}

void
al_stream_close (AlStream *stream)
{
  if (al_stream_is_connecting (stream))
    stream->close_on_connect = true;
  else if (stream->state == AL_STREAM_OPEN)
    begin_closing (stream, AL_STREAM_CLOSE_LOCAL);
}

void
al_stream_abort (AlStream *stream)
{
  if (stream->state == AL_STREAM_DETACHED)
    {
      /* in no loop: there is nobody to call */
      al_stream_free_now (stream);
      return;
    }
  al_stream_die (stream, AL_STREAM_CLOSE_ABORT, true);
}

AlLoop *
al_stream_get_loop (const AlStream *stream)
{
  return stream->loop;
}

void
al_stream_get_peer (const AlStream *stream, AlAddr *ret_address)
{
  *ret_address = stream->peer;
}

unsigned
al_stream_get_tag (const AlStream *stream)
{
  return stream->tag;
}

void
al_stream_get_local (const AlStream *stream, AlAddr *ret_address)
{
  struct sockaddr_storage storage = { 0 };
  socklen_t len = sizeof storage;

  memset (ret_address, 0, sizeof *ret_address);
  if (stream->watch.fd < 0 || getsockname (stream->watch.fd, (struct sockaddr *) &storage, &len) < 0)
    return;
  if (storage.ss_family == AF_INET || storage.ss_family == AF_INET6)
    memcpy (ret_address, &storage, sizeof *ret_address);
}

bool
al_stream_is_tls (const AlStream *stream)
{
  return stream->ssl != NULL;
}

int
al_stream_get_fd (const AlStream *stream)
{
  return stream->watch.fd;
}

int64_t
al_stream_get_peer_uid (const AlStream *stream)
{
  struct ucred cred;
  socklen_t len = sizeof cred;

  if (!stream->is_unix || stream->watch.fd < 0
      || getsockopt (stream->watch.fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
    return -1;
  return cred.uid;
}

void
al_stream_detach (AlStream *stream)
{
  g_return_if_fail (stream->state == AL_STREAM_OPEN && stream->ret_detached != NULL);

  /* Whoever attaches it may run at once on another thread: nothing of the stream may be touched after this call. */
  *stream->ret_detached = true;
  stream->ret_detached = NULL;
  if (stream->shown != NULL)
    {
      uint8_t *kept = stream->shown_len > 0 ? g_memdup2 (stream->shown, stream->shown_len) : NULL;

      g_free (stream->input);
      stream->input = kept;
      stream->input_len = stream->shown_len;
      stream->shown = NULL;
    }
  al_watch_remove (&stream->watch);
  al_timer_cancel (&stream->timer);
  al_defer_cancel (&stream->defer);
  al_stream_set_state (stream, AL_STREAM_DETACHED);
  stream->hung_up = false;
  stream->tx_blocked = false;
  stream->loop = NULL;
}

bool
al_stream_attach (AlLoop *loop, AlStream *stream, const AlStreamOps *ops, void *user, GError **error)
{
  g_return_val_if_fail (stream->state == AL_STREAM_DETACHED, false);
  al_stream_set_ops (stream, ops, user);
  stream->loop = loop;
  al_stream_set_state (stream, AL_STREAM_OPEN);
  if (!al_loop_watch (loop, &stream->watch, wanted_events (stream), error))
    {
      al_stream_set_state (stream, AL_STREAM_DETACHED);
      stream->loop = NULL;
      return false;
    }
  stream->show_again = true;
  al_loop_defer (loop, &stream->defer);
  return true;
}
