/* SPDX-License-Identifier: Apache-2.0 */
/* The listening socket of an allocation of TCP (RFC 6062 §5.1). Connections to peers leave from its address too, which is
 * why all of them say SO_REUSEPORT. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/tcp.h"
#include "relay/worker-private.h"

#define BACKLOG 16
#define ACCEPT_BURST 16
/* without a file descriptor accept() fails and the socket stays readable: look again a little later */
#define RETRY_US (100 * 1000)

/* Returns: a socket bound to @address, -1 when it cannot be had. What is accepted inherits the options */
static int
open_socket (const AlAddr *address)
{
  int fd = socket (address->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return -1;
  al_tcp_set_options (fd, address);
  if (bind (fd, &address->sa, al_addr_get_len (address)) == 0)
    return fd;
  (void) close (fd);
  return -1;
}

static void
on_retry (AlTimer *timer, void *user)
{
  RelayListen *self = user;

  al_watch_modify (&self->watch, EPOLLIN);
}

static void
on_connections (AlWatch *watch, uint32_t events, void *user)
{
  RelayListen *self = user;

  for (unsigned i = 0; i < ACCEPT_BURST; i++)
    {
      AlAddr from = { 0 };
      socklen_t len = sizeof from;
      int fd = accept4 (watch->fd, &from.sa, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

      if (fd >= 0)
        relay_pipe_accept (self, fd, &from);
      else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        {
          al_watch_modify (watch, 0);
          al_timer_set (al_loop_get_timers (self->worker->loop), &self->retry,
                        al_loop_now_us (self->worker->loop) + RETRY_US);
          return;
        }
      else if (errno == EAGAIN)
        return;
    }
}

RelayListen *
relay_listen_new (RelayWorker *worker, RelayAlloc *alloc, const AlAddr *address)
{
  RelayListen *self;
  int fd = al_tcp_is_free (address) ? open_socket (address) : -1;

  if (fd < 0)
    return NULL;
  self = g_new0 (RelayListen, 1);
  self->worker = worker;
  self->alloc = alloc;
  self->address = *address;
  self->watch = (AlWatch){ .fd = fd, .fn = on_connections, .user = self };
  al_timer_init (&self->retry, on_retry, self);
  if (listen (fd, BACKLOG) != 0 || !al_loop_watch (worker->loop, &self->watch, EPOLLIN, NULL))
    g_clear_pointer (&self, relay_listen_free);
  return self;
}

void
relay_listen_free (RelayListen *self)
{
  al_timer_cancel (&self->retry);
  al_watch_remove (&self->watch);
  (void) close (self->watch.fd);
  g_free (self);
}

int
relay_listen_connect (const RelayListen *self, const AlAddr *peer)
{
  int fd = open_socket (&self->address);

  if (fd < 0)
    return -1;
  if (connect (fd, &peer->sa, al_addr_get_len (peer)) == 0 || errno == EINPROGRESS)
    return fd;
  (void) close (fd);
  return -1;
}
