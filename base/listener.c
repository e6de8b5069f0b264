/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets: accept in bursts, then hold each stream until its first bytes name a route. Thread of the loop. */
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/stream-private.h"
#include "base/tcp.h"

#define ACCEPT_BURST 64
#define TLS_STEPS_PER_TURN 16
#define DEFAULT_BACKLOG 4096
#define DEFAULT_FIRST_BYTES_MS 10000
/* Without memory for sockets accept() fails and the listener stays readable: look again a little later. */
#define RETRY_MS 100

typedef struct {
  AlAcceptFn fn;
  void *user;
} Route;

struct AlListener {
  AlWatch watch;
  AlTimer retry_timer;
  /* passed in, not owned */
  AlLoop *loop;
  /* owned */
  AlTls *tls;
  AlListenerShared *shared;
  AlStream *pending; /* accepted, not yet routed */
  char *unix_path;   /* the socket file that is removed with the listener */
  dev_t unix_dev;
  ino_t unix_ino;
  int reserve_fd; /* given up to refuse a connection when there is no other fd left */

  AlListenerConfig config;
  AlAddr address;
  Route routes[AL_PROTO_N];
  AlListenerStats stats;
  uint64_t tls_turn;
  unsigned tls_steps;
};

void
al_listener_shared_unref (AlListenerShared *shared)
{
  if (atomic_fetch_sub_explicit (&shared->refs, 1, memory_order_acq_rel) == 1)
    g_free (shared);
}

static int
open_reserve (void)
{
  return open ("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Frees the reserve, accepts with it, closes, takes it back. Returns: false when there was nothing to accept. */
static bool
refuse_one (AlListener *listener)
{
  int fd;

  if (listener->reserve_fd >= 0)
    (void) close (listener->reserve_fd);
  fd = accept4 (listener->watch.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd >= 0)
    {
      listener->stats.refused++;
      (void) close (fd);
    }
  listener->reserve_fd = open_reserve ();
  return fd >= 0;
}

static void
add_pending (AlListener *listener, AlStream *stream)
{
  stream->listener = listener;
  stream->pending_next = listener->pending;
  stream->pending_pprev = &listener->pending;
  if (listener->pending != NULL)
    listener->pending->pending_pprev = &stream->pending_next;
  listener->pending = stream;
}

void
al_listener_forget_stream (AlStream *stream)
{
  if (stream->listener == NULL)
    return;
  *stream->pending_pprev = stream->pending_next;
  if (stream->pending_next != NULL)
    stream->pending_next->pending_pprev = stream->pending_pprev;
  stream->listener = NULL;
}

/* Before a byte was read: a connection that says nothing is counted like any other. */
static bool
admit (AlListener *listener, const AlAddr *peer, unsigned *ret_tag)
{
  const AlAdmission *admission = &listener->shared->admission;
  unsigned max = listener->config.max_connections;

  if (max > 0 && atomic_load_explicit (&listener->shared->alive, memory_order_relaxed) >= max)
    return false;
  return admission->admit == NULL || admission->admit (peer, ret_tag, admission->user);
}

static void
take_connection (AlListener *listener, int fd, const struct sockaddr_storage *from)
{
  AlStreamState state = listener->config.tls_mode == AL_TLS_NEVER    ? AL_STREAM_FIRST
                        : listener->config.tls_mode == AL_TLS_ALWAYS ? AL_STREAM_HANDSHAKE
                                                                     : AL_STREAM_SNIFF;
  bool is_ip = from->ss_family == AF_INET || from->ss_family == AF_INET6;
  AlAddr peer = { 0 };
  AlStream *stream;
  unsigned tag = 0;

  if (is_ip)
    memcpy (&peer, from, sizeof peer);
  if (!admit (listener, &peer, &tag))
    {
      listener->stats.refused++;
      (void) close (fd);
      return;
    }
  listener->stats.accepted++;
  stream = al_stream_new (listener->loop, fd, &peer, state, listener->shared);
  stream->tag = tag;
  stream->is_unix = !is_ip;
  if ((state == AL_STREAM_HANDSHAKE && !al_stream_tls_accept (stream, listener->tls))
      || !al_loop_watch (listener->loop, &stream->watch, EPOLLIN, NULL))
    {
      listener->stats.refused++;
      al_stream_free_now (stream);
      return;
    }
  add_pending (listener, stream);
  al_stream_set_deadline (stream, listener->config.first_bytes_ms);
}

static void
on_retry (AlTimer *timer, void *user)
{
  AlListener *listener = user;

  al_watch_modify (&listener->watch, EPOLLIN);
}

/* accept4() failed. Returns: whether to go on with this burst. */
static bool
survive (AlListener *listener, int code)
{
  switch (code)
    {
    case EAGAIN:
      return false;
    case EMFILE:
    case ENFILE:
      if (refuse_one (listener))
        return true;
      G_GNUC_FALLTHROUGH;
    case ENOBUFS:
    case ENOMEM:
      al_watch_modify (&listener->watch, 0);
      al_timer_set (al_loop_get_timers (listener->loop), &listener->retry_timer,
                    al_loop_now_us (listener->loop) + RETRY_MS * 1000);
      return false;
    default:
      return true; /* that connection is gone already (accept(2) lists ECONNABORTED, EPROTO, ENETDOWN, ...) */
    }
}

static void
on_connections (AlWatch *watch, uint32_t events, void *user)
{
  AlListener *listener = user;

  for (unsigned i = 0; i < ACCEPT_BURST; i++)
    {
      struct sockaddr_storage from = { 0 };
      socklen_t len = sizeof from;
      int fd = accept4 (watch->fd, (struct sockaddr *) &from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

      if (fd < 0)
        {
          if (!survive (listener, errno))
            return;
          continue;
        }
      take_connection (listener, fd, &from);
    }
}

static AlListener *
listener_alloc (AlLoop *loop, const AlListenerConfig *config)
{
  AlListener *listener = g_new0 (AlListener, 1);

  listener->watch = (AlWatch){ .fd = -1, .fn = on_connections, .user = listener };
  al_timer_init (&listener->retry_timer, on_retry, listener);
  listener->loop = loop;
  listener->config = *config;
  if (listener->config.backlog == 0)
    listener->config.backlog = DEFAULT_BACKLOG;
  if (listener->config.first_bytes_ms == 0)
    listener->config.first_bytes_ms = DEFAULT_FIRST_BYTES_MS;
  listener->tls = config->tls != NULL ? al_tls_ref (config->tls) : NULL;
  listener->config.tls = listener->tls;
  listener->shared = g_new0 (AlListenerShared, 1);
  listener->shared->admission = config->admission;
  atomic_init (&listener->shared->refs, 1);
  listener->reserve_fd = open_reserve ();
  return listener;
}

static AlListener *
fail (AlListener *listener, const char *what, GError **error)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "cannot listen on %s: %s", what, g_strerror (code));
  al_listener_free (listener);
  return NULL;
}

AlListener *
al_listener_new (AlLoop *loop, const AlAddr *address, const AlListenerConfig *config, GError **error)
{
  AlListener *listener;
  socklen_t len = sizeof (AlAddr);
  char text[AL_ADDR_STRLEN];
  int fd;

  g_return_val_if_fail (config->tls_mode == AL_TLS_NEVER || config->tls != NULL, NULL);
  listener = listener_alloc (loop, config);
  (void) al_addr_format (address, true, text);
  if (config->first && al_addr_get_port (address) != 0 && !al_tcp_is_free (address))
    return fail (listener, text, error);
  fd = listener->watch.fd = socket (address->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return fail (listener, text, error);
  al_tcp_set_options (fd, address);
  if (bind (fd, &address->sa, al_addr_get_len (address)) < 0 || listen (fd, listener->config.backlog) < 0
      || getsockname (fd, &listener->address.sa, &len) < 0)
    return fail (listener, text, error);
  if (!al_loop_watch (loop, &listener->watch, EPOLLIN, error))
    g_clear_pointer (&listener, al_listener_free);
  return listener;
}

/* A socket file without a listener behind it is left over from a process that was killed. */
static void
remove_stale (const struct sockaddr_un *address)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  if (fd < 0)
    return;
  if (connect (fd, (const struct sockaddr *) address, sizeof *address) < 0 && errno == ECONNREFUSED)
    (void) unlink (address->sun_path);
  (void) close (fd);
}

AlListener *
al_listener_new_unix (AlLoop *loop, const char *path, const AlListenerConfig *config, GError **error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  AlListener *listener = listener_alloc (loop, config);
  struct stat info;
  int fd;

  g_return_val_if_fail (config->tls_mode == AL_TLS_NEVER, NULL);
  if (strlen (path) >= sizeof address.sun_path)
    {
      errno = ENAMETOOLONG;
      return fail (listener, path, error);
    }
  memcpy (address.sun_path, path, strlen (path));
  fd = listener->watch.fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return fail (listener, path, error);
  remove_stale (&address);
  /* before bind(), which creates the file with the socket's mode: there is no moment when others may connect */
  if (fchmod (fd, 0600) < 0 || bind (fd, (struct sockaddr *) &address, sizeof address) < 0
      || listen (fd, listener->config.backlog) < 0 || lstat (path, &info) < 0)
    return fail (listener, path, error);
  listener->unix_path = g_strdup (path);
  listener->unix_dev = info.st_dev;
  listener->unix_ino = info.st_ino;
  if (!al_loop_watch (loop, &listener->watch, EPOLLIN, error))
    g_clear_pointer (&listener, al_listener_free);
  return listener;
}

void
al_listener_route (AlListener *listener, AlProto proto, AlAcceptFn fn, void *user)
{
  g_return_if_fail (proto != AL_PROTO_MORE && proto < AL_PROTO_N);
  listener->routes[proto] = (Route){ fn, user };
}

bool
al_listener_route_stream (AlListener *listener, AlStream *stream, AlProto proto)
{
  Route route = listener->routes[proto];

  if (route.fn == NULL)
    route = listener->routes[AL_PROTO_UNKNOWN];
  if (route.fn == NULL)
    return false;
  route.fn (listener, stream, route.user);
  return true;
}

bool
al_listener_take_tls_step (AlListener *listener)
{
  uint64_t turn = al_loop_get_turn (listener->loop);

  if (listener->tls_turn != turn)
    {
      listener->tls_turn = turn;
      listener->tls_steps = 0;
    }
  return listener->tls_steps++ < TLS_STEPS_PER_TURN;
}

AlTls *
al_listener_get_tls (AlListener *listener)
{
  return listener->tls;
}

void
al_listener_count_closed (AlListener *listener, AlStreamClose reason)
{
  listener->stats.closed[reason]++;
}

void
al_listener_get_stats (const AlListener *listener, AlListenerStats *ret_stats)
{
  *ret_stats = listener->stats;
}

void
al_listener_get_address (const AlListener *listener, AlAddr *ret_address)
{
  *ret_address = listener->address;
}

static void
remove_unix_file (AlListener *listener)
{
  struct stat info;

  /* not a file that a successor has put there meanwhile */
  if (listener->unix_path != NULL && lstat (listener->unix_path, &info) == 0 && info.st_dev == listener->unix_dev
      && info.st_ino == listener->unix_ino)
    (void) unlink (listener->unix_path);
  g_free (listener->unix_path);
}

void
al_listener_free (AlListener *listener)
{
  if (listener == NULL)
    return;
  while (listener->pending != NULL)
    al_stream_free_now (listener->pending);
  al_timer_cancel (&listener->retry_timer);
  al_watch_remove (&listener->watch);
  if (listener->watch.fd >= 0)
    (void) close (listener->watch.fd);
  if (listener->reserve_fd >= 0)
    (void) close (listener->reserve_fd);
  remove_unix_file (listener);
  if (listener->tls != NULL)
    al_tls_unref (listener->tls);
  al_listener_shared_unref (listener->shared);
  g_free (listener);
}
