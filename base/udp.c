/* SPDX-License-Identifier: Apache-2.0 */
/* Hubs and sockets: making, asking the kernel what it can do, counting, ending. Thread of the loop. */
#include "base/udp-private.h"

#include <errno.h>
#include <gio/gio.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

static const AlUdpSys real_sys = { recvmmsg, recvmsg, sendmmsg, sendmsg };

static bool
call_exists (int result)
{
  return result >= 0 || (errno != ENOSYS && errno != EPERM); /* EPERM: a seccomp filter */
}

/* Before these options existed the control message of UDP_SEGMENT was silently ignored, so they are asked for first. */
static unsigned
probe (unsigned allowed)
{
  unsigned found = 0;
  int zero = 0, one = 1;
  struct mmsghdr none = { 0 };
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  if (fd < 0)
    return 0;
  if (call_exists (recvmmsg (fd, &none, 0, 0, NULL)))
    found |= AL_UDP_RECVMMSG;
  if (call_exists (sendmmsg (fd, &none, 0, 0)))
    found |= AL_UDP_SENDMMSG;
  if (setsockopt (fd, IPPROTO_UDP, UDP_SEGMENT, &zero, sizeof zero) == 0)
    found |= AL_UDP_GSO;
  if (setsockopt (fd, IPPROTO_UDP, UDP_GRO, &one, sizeof one) == 0)
    found |= AL_UDP_GRO;
  (void) close (fd);
  return found & allowed;
}

static void *
map (size_t bytes)
{
  void *memory = mmap (NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  return memory == MAP_FAILED ? NULL : memory;
}

static void
on_turn_end (AlDefer *defer, void *user)
{
  al_udp_hub_flush (user);
}

static void
prepare_messages (AlUdpHub *hub)
{
  for (unsigned i = 0; i < AL_UDP_RX_BATCH; i++)
    {
      struct msghdr *message = &hub->rx_messages[i].msg_hdr;

      message->msg_name = &hub->rx_from[i];
      message->msg_iov = &hub->rx_iov[i];
      message->msg_iovlen = 1;
      message->msg_control = hub->rx_control[i];
    }
}

AlUdpHub *
al_udp_hub_new (AlLoop *loop, AlUdpOffload offload, GError **error)
{
  AlUdpHub *hub = g_new0 (AlUdpHub, 1);

  hub->loop = loop;
  hub->sys = real_sys;
  hub->offload = probe (offload);
  hub->defer = (AlDefer){ .fn = on_turn_end, .user = hub };
  hub->pending_end = &hub->pending;
  hub->rx_arena = map (AL_UDP_RX_ARENA);
  hub->tx_arena = map (AL_UDP_TX_ARENA);
  if (hub->rx_arena == NULL || hub->tx_arena == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "no memory for datagrams: %s", g_strerror (errno));
      al_udp_hub_free (hub);
      return NULL;
    }
  prepare_messages (hub);
  al_udp_tx_init (hub);
  al_udp_wait_init (hub);
  return hub;
}

void
al_udp_hub_free (AlUdpHub *hub)
{
  if (hub == NULL)
    return;
  g_assert (hub->sockets == NULL);
  al_defer_cancel (&hub->defer);
  al_udp_tx_clear (hub);
  al_udp_wait_clear (hub);
  if (hub->rx_arena != NULL)
    (void) munmap (hub->rx_arena, AL_UDP_RX_ARENA);
  if (hub->tx_arena != NULL)
    (void) munmap (hub->tx_arena, AL_UDP_TX_ARENA);
  g_free (hub);
}

AlUdpOffload
al_udp_hub_get_offload (const AlUdpHub *hub)
{
  return (AlUdpOffload) hub->offload;
}

static void
add_stats (AlUdpStats *sum, const AlUdpStats *stats)
{
  G_STATIC_ASSERT (sizeof *sum % sizeof (uint64_t) == 0);
  for (size_t i = 0; i < sizeof *sum / sizeof (uint64_t); i++)
    ((uint64_t *) sum)[i] += ((const uint64_t *) stats)[i];
}

void
al_udp_hub_get_stats (const AlUdpHub *hub, AlUdpStats *ret_stats)
{
  *ret_stats = hub->closed_stats;
  for (const AlUdp *udp = hub->sockets; udp != NULL; udp = udp->next)
    add_stats (ret_stats, &udp->stats);
}

static void
set_option (int fd, int level, int name, int value)
{
  (void) setsockopt (fd, level, name, &value, sizeof value);
}

static void
set_options (int fd, bool v6, const AlUdpConfig *config)
{
  if (v6)
    set_option (fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (config->reuse_port)
    set_option (fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (config->rcvbuf_bytes > 0)
    set_option (fd, SOL_SOCKET, SO_RCVBUF, config->rcvbuf_bytes);
  if (config->sndbuf_bytes > 0)
    set_option (fd, SOL_SOCKET, SO_SNDBUF, config->sndbuf_bytes);
  if (config->dont_fragment)
    set_option (fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, IP_PMTUDISC_DO);
  if (config->want_local)
    set_option (fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, 1);
  if (config->want_ecn)
    set_option (fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVTCLASS : IP_RECVTOS, 1);
}

/* Returns: the bound socket, or -1 with errno. */
static int
open_socket (const AlAddr *address, const AlUdpConfig *config)
{
  int fd = socket (address->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return -1;
  set_options (fd, address->sa.sa_family == AF_INET6, config);
  if (bind (fd, &address->sa, al_addr_get_len (address)) == 0
      && (config->connect == NULL || connect (fd, &config->connect->sa, al_addr_get_len (config->connect)) == 0))
    return fd;
  {
    int code = errno;

    (void) close (fd);
    errno = code;
  }
  return -1;
}

static void
on_event (AlWatch *watch, uint32_t events, void *user)
{
  AlUdp *udp = user;

  if ((events & EPOLLERR) != 0)
    {
      int code;
      socklen_t len = sizeof code;

      /* an ICMP error of a connected socket: reading it takes it away, and that is all there is to do */
      (void) getsockopt (watch->fd, SOL_SOCKET, SO_ERROR, &code, &len);
    }
  if ((events & EPOLLOUT) != 0)
    al_udp_unblock (udp);
  if ((events & EPOLLIN) != 0)
    al_udp_receive (udp);
}

/* takes @fd in any case. Returns: NULL with an error when the loop takes no more */
static AlUdp *
make (AlUdpHub *hub, int fd, const AlUdpConfig *config, AlUdpFn fn, void *user, GError **error)
{
  AlUdp *udp = g_new0 (AlUdp, 1);
  AlAddr bound;

  udp->watch = (AlWatch){ .fd = fd, .fn = on_event, .user = udp };
  udp->hub = hub;
  udp->fn = fn;
  udp->user = user;
  udp->want_local = config->want_local;
  udp->want_ecn = config->want_ecn;
  udp->connected = config->connect != NULL;
  udp->rx_batch = 8;
  udp->max_waiting = config->max_waiting > 0 ? MIN (config->max_waiting, AL_UDP_WAITING) : AL_UDP_WAITING;
  udp->first_train = udp->last_train = udp->open_train = AL_UDP_NONE;
  udp->first_waiting = udp->last_waiting = AL_UDP_NONE;
  if (!al_loop_watch (hub->loop, &udp->watch, EPOLLIN, error))
    {
      (void) close (fd);
      g_free (udp);
      return NULL;
    }
  udp->next = hub->sockets;
  udp->pprev = &hub->sockets;
  if (hub->sockets != NULL)
    hub->sockets->pprev = &udp->next;
  hub->sockets = udp;
  al_udp_get_address (udp, &bound);
  udp->port_be = bound.sa.sa_family == AF_INET6 ? bound.in6.sin6_port : bound.in4.sin_port;
  return udp;
}

AlUdp *
al_udp_new (AlUdpHub *hub, const AlAddr *address, const AlUdpConfig *config, AlUdpFn fn, void *user, GError **error)
{
  int fd = open_socket (address, config);

  g_return_val_if_fail (fn != NULL, NULL);
  if (fd < 0)
    {
      int code = errno;
      char text[AL_ADDR_STRLEN];

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "cannot open UDP on %s: %s",
                   al_addr_format (address, true, text), g_strerror (code));
      return NULL;
    }
  return make (hub, fd, config, fn, user, error);
}

AlUdp *
al_udp_attach (AlUdpHub *hub, int fd, const AlUdpConfig *config, AlUdpFn fn, void *user, GError **error)
{
  AlUdp *udp = make (hub, fd, config, fn, user, error);
  int gro = 0;
  socklen_t len = sizeof gro;

  /* what came while it was nobody's may lie in it as a train */
  if (udp != NULL && getsockopt (fd, IPPROTO_UDP, UDP_GRO, &gro, &len) == 0)
    udp->gro = gro != 0;
  return udp;
}

static void
remove_from_hub (AlUdp *udp)
{
  AlUdpStats stats;

  al_udp_hub_flush (udp->hub);
  al_udp_drop_waiting (udp);
  al_udp_get_stats (udp, &stats);
  add_stats (&udp->hub->closed_stats, &stats);
  *udp->pprev = udp->next;
  if (udp->next != NULL)
    udp->next->pprev = udp->pprev;
  al_watch_remove (&udp->watch);
}

int
al_udp_detach (AlUdp *udp)
{
  int fd = udp->watch.fd;

  g_return_val_if_fail (!udp->in_callback, -1);
  remove_from_hub (udp);
  g_free (udp);
  return fd;
}

void
al_udp_free (AlUdp *udp)
{
  if (udp == NULL)
    return;
  if (udp->watch.fd >= 0)
    {
      remove_from_hub (udp);
      (void) close (udp->watch.fd);
      udp->watch.fd = -1;
    }
  if (udp->in_callback)
    udp->dead = true; /* al_udp_receive() frees it */
  else
    g_free (udp);
}

void
al_udp_get_address (const AlUdp *udp, AlAddr *ret_address)
{
  socklen_t len = sizeof *ret_address;

  memset (ret_address, 0, sizeof *ret_address);
  (void) getsockname (udp->watch.fd, &ret_address->sa, &len);
}

int
al_udp_get_fd (const AlUdp *udp)
{
  return udp->watch.fd;
}

void
al_udp_get_stats (AlUdp *udp, AlUdpStats *ret_stats)
{
  uint32_t info[SK_MEMINFO_VARS];
  socklen_t len = sizeof info;

  /* asked for here, and not by SO_RXQ_OVFL, which would add a control message to every datagram */
  if (getsockopt (udp->watch.fd, SOL_SOCKET, SO_MEMINFO, info, &len) == 0 && len > SK_MEMINFO_DROPS * sizeof *info)
    udp->stats.rx_dropped_kernel = info[SK_MEMINFO_DROPS];
  *ret_stats = udp->stats;
}
