/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/port.h"

#include <errno.h>
#include <gio/gio.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define ROOM 2048
#define GRO_BATCH 8
#define GRO_ROOM 65536
#define CONTROL 128
#define SOCKET_BUFFER (1 << 20)

struct LoadNet {
  AlLoop *loop; /* passed in, not owned */
  bool gro;
  unsigned batch;
  size_t room;
  uint8_t *bytes; /* owned */
  struct mmsghdr messages[BATCH];
  struct iovec iov[BATCH];
  AlAddr from[BATCH];
  _Alignas (struct cmsghdr) uint8_t control[BATCH][CONTROL];
  LoadNetStats stats;
};

struct LoadPort {
  LoadNet *net; /* passed in, not owned */
  AlWatch watch;
  AlAddr address;
  LoadPortFn fn;
  void *user;
};

int64_t
load_now_us (void)
{
  struct timespec t;

  (void) clock_gettime (CLOCK_REALTIME, &t);
  return (int64_t) t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

LoadNet *
load_net_new (AlLoop *loop, bool gro)
{
  LoadNet *net = g_new0 (LoadNet, 1);

  net->loop = loop;
  net->gro = gro;
  net->batch = gro ? GRO_BATCH : BATCH;
  net->room = gro ? GRO_ROOM : ROOM;
  net->bytes = g_malloc (net->batch * net->room);
  return net;
}

void
load_net_free (LoadNet *net)
{
  if (net == NULL)
    return;
  g_free (net->bytes);
  g_free (net);
}

const LoadNetStats *
load_net_get_stats (const LoadNet *net)
{
  return &net->stats;
}

AlLoop *
load_net_get_loop (const LoadNet *net)
{
  return net->loop;
}

static void
read_control (struct msghdr *message, int64_t *ret_at_us, size_t *ret_segment)
{
  for (struct cmsghdr *c = CMSG_FIRSTHDR (message); c != NULL; c = CMSG_NXTHDR (message, c))
    {
      struct timespec t;
      int segment;

      if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
        {
          memcpy (&t, CMSG_DATA (c), sizeof t);
          *ret_at_us = (int64_t) t.tv_sec * 1000000 + t.tv_nsec / 1000;
        }
      else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
        {
          memcpy (&segment, CMSG_DATA (c), sizeof segment);
          *ret_segment = (size_t) segment;
        }
    }
}

static void
deliver (LoadPort *port, unsigned i, size_t len)
{
  LoadNet *net = port->net;
  int64_t at_us = 0;
  size_t segment = len;
  uint8_t *data = net->iov[i].iov_base;

  read_control (&net->messages[i].msg_hdr, &at_us, &segment);
  if (at_us == 0)
    at_us = load_now_us ();
  for (size_t at = 0; at < len; at += segment)
    {
      net->stats.rx_pkts++;
      port->fn (data + at, MIN (segment, len - at), &net->from[i], at_us, port->user);
    }
}

static void
on_readable (AlWatch *watch, uint32_t events, void *user)
{
  LoadPort *port = user;
  LoadNet *net = port->net;
  int n;

  for (unsigned i = 0; i < net->batch; i++)
    {
      net->iov[i] = (struct iovec){ net->bytes + i * net->room, net->room };
      net->messages[i].msg_hdr = (struct msghdr){ .msg_name = &net->from[i], .msg_namelen = sizeof net->from[i],
                                                  .msg_iov = &net->iov[i], .msg_iovlen = 1, .msg_control = net->control[i],
                                                  .msg_controllen = CONTROL };
    }
  n = recvmmsg (watch->fd, net->messages, net->batch, MSG_DONTWAIT, NULL);
  net->stats.rx_calls++;
  for (int i = 0; i < n; i++)
    deliver (port, (unsigned) i, net->messages[i].msg_len);
}

LoadPort *
load_port_new (LoadNet *net, const AlAddr *local, LoadPortFn fn, void *user, GError **error)
{
  int one = 1, bytes = SOCKET_BUFFER, fd = socket (local->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  AlAddr address = *local;
  socklen_t len = sizeof address;
  LoadPort *port;

  al_addr_set_port (&address, 0);
  if (fd < 0 || bind (fd, &address.sa, al_addr_get_len (&address)) < 0 || getsockname (fd, &address.sa, &len) < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "a UDP socket: %s", g_strerror (errno));
      if (fd >= 0)
        (void) close (fd);
      return NULL;
    }
  (void) setsockopt (fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
  if (setsockopt (fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
    (void) setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  if (net->gro)
    (void) setsockopt (fd, IPPROTO_UDP, UDP_GRO, &one, sizeof one);
  port = g_new0 (LoadPort, 1);
  port->net = net;
  port->address = address;
  port->fn = fn;
  port->user = user;
  port->watch = (AlWatch){ .fd = fd, .fn = on_readable, .user = port };
  if (!al_loop_watch (net->loop, &port->watch, EPOLLIN, error))
    {
      (void) close (fd);
      g_free (port);
      return NULL;
    }
  return port;
}

void
load_port_free (LoadPort *port)
{
  if (port == NULL)
    return;
  al_watch_remove (&port->watch);
  (void) close (port->watch.fd);
  g_free (port);
}

void
load_port_get_address (const LoadPort *port, AlAddr *ret_address)
{
  *ret_address = port->address;
}

void
load_port_send_all (LoadPort *port, const AlAddr *to, const struct iovec *datagrams, unsigned n)
{
  struct mmsghdr messages[BATCH] = { 0 };
  struct iovec iov[BATCH];
  unsigned sent = 0;

  g_assert (n <= BATCH);
  for (unsigned i = 0; i < n; i++)
    {
      iov[i] = datagrams[i];
      messages[i].msg_hdr = (struct msghdr){ .msg_name = (void *) (uintptr_t) to, .msg_namelen = al_addr_get_len (to),
                                             .msg_iov = &iov[i], .msg_iovlen = 1 };
    }
  while (sent < n)
    {
      int k = sendmmsg (port->watch.fd, messages + sent, n - sent, MSG_DONTWAIT);

      port->net->stats.tx_calls++;
      if (k <= 0)
        {
          port->net->stats.full++;
          k = 1; /* dropped, as the network would */
        }
      sent += (unsigned) k;
    }
  port->net->stats.tx_pkts += n;
}

void
load_port_send (LoadPort *port, const AlAddr *to, const void *data, size_t len)
{
  struct iovec one = { (void *) (uintptr_t) data, len };

  load_port_send_all (port, to, &one, 1);
}
