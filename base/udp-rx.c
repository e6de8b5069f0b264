/* SPDX-License-Identifier: Apache-2.0 */
/* Receiving: many messages per call into the hub's arena, GRO messages cut into datagrams. Thread of the loop. */
#include <errno.h>
#include <string.h>

#include "base/udp-private.h"

/* So many full batches, then the other sockets have their turn; epoll is level-triggered and comes back. */
#define MAX_ROUNDS 4
/* Is GRO worth while? Asked each time so many datagrams have come. */
#define GRO_SAMPLE 512

static void
prepare (AlUdp *udp, unsigned batch, size_t slot)
{
  AlUdpHub *hub = udp->hub;
  bool control = udp->gro || udp->want_local || udp->want_ecn;
  size_t room = udp->gro ? 65535 : AL_UDP_MAX_DATAGRAM;
  uint8_t *at = hub->rx_arena + hub->rx_used;

  for (unsigned i = 0; i < batch; i++, at += slot)
    {
      struct msghdr *message = &hub->rx_messages[i].msg_hdr;

      hub->rx_iov[i].iov_base = at;
      hub->rx_iov[i].iov_len = room;
      message->msg_namelen = sizeof hub->rx_from[i];
      message->msg_controllen = control ? sizeof hub->rx_control[i] : 0;
      message->msg_flags = 0;
    }
}

/* Returns: messages received; -1: none, with errno. */
static int
call_kernel (AlUdp *udp, unsigned batch)
{
  AlUdpHub *hub = udp->hub;
  ssize_t n;

  udp->stats.rx_calls++;
  if ((hub->offload & AL_UDP_RECVMMSG) != 0)
    {
      int count = hub->sys.recvmmsg (udp->watch.fd, hub->rx_messages, batch, MSG_DONTWAIT, NULL);

      if (count >= 0 || errno != ENOSYS)
        return count;
      hub->offload &= ~(unsigned) AL_UDP_RECVMMSG;
    }
  n = hub->sys.recvmsg (udp->watch.fd, &hub->rx_messages[0].msg_hdr, MSG_DONTWAIT);
  if (n < 0)
    return -1;
  hub->rx_messages[0].msg_len = (unsigned) n;
  return 1;
}

typedef struct {
  unsigned segment; /* 0: one datagram */
  uint8_t ecn;
  const AlAddr *local;
} Extras;

static void
read_control (AlUdp *udp, unsigned i, Extras *ret)
{
  AlUdpHub *hub = udp->hub;
  struct msghdr *message = &hub->rx_messages[i].msg_hdr;
  AlAddr *local = &hub->rx_local[i];
  int value;

  for (struct cmsghdr *c = CMSG_FIRSTHDR (message); c != NULL; c = CMSG_NXTHDR (message, c))
    {
      if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
        {
          memcpy (&value, CMSG_DATA (c), sizeof value);
          ret->segment = value > 0 ? (unsigned) value : 0;
        }
      else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
        {
          struct in_pktinfo info;

          memcpy (&info, CMSG_DATA (c), sizeof info);
          memset (local, 0, sizeof *local);
          local->in4.sin_family = AF_INET;
          local->in4.sin_addr = info.ipi_addr;
          local->in4.sin_port = udp->port_be;
          ret->local = local;
        }
      else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
        {
          struct in6_pktinfo info;

          memcpy (&info, CMSG_DATA (c), sizeof info);
          memset (local, 0, sizeof *local);
          local->in6.sin6_family = AF_INET6;
          local->in6.sin6_addr = info.ipi6_addr;
          local->in6.sin6_port = udp->port_be;
          if (IN6_IS_ADDR_LINKLOCAL (&info.ipi6_addr))
            local->in6.sin6_scope_id = info.ipi6_ifindex;
          ret->local = local;
        }
      else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS)
        ret->ecn = *(uint8_t *) CMSG_DATA (c) & 3;
      else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS)
        {
          memcpy (&value, CMSG_DATA (c), sizeof value);
          ret->ecn = (uint8_t) value & 3;
        }
    }
}

/* Hands @n views over. Returns: false when the callback freed the socket. */
static bool
hand_over (AlUdp *udp, unsigned n)
{
  if (n == 0)
    return true;
  udp->fn (udp, udp->hub->views, n, al_loop_now_us (udp->hub->loop), udp->user);
  return !udp->dead;
}

/* Do datagrams come in trains: equal length, same sender? Then the kernel shall keep them together from now on. It
 * stays so: switching off would let messages that already wait appear as one datagram each. */
static void
consider_gro (AlUdp *udp)
{
  int one = 1;

  if (udp->rx_seen < GRO_SAMPLE)
    return;
  if (udp->rx_follow * 2 > udp->rx_seen)
    {
      if (setsockopt (udp->watch.fd, IPPROTO_UDP, UDP_GRO, &one, sizeof one) == 0)
        udp->gro = true;
      else
        udp->hub->offload &= ~(unsigned) AL_UDP_GRO;
    }
  udp->rx_seen = udp->rx_follow = 0;
}

static void
count_followers (AlUdp *udp, unsigned n)
{
  const AlUdpHub *hub = udp->hub;

  udp->rx_seen += n;
  for (unsigned i = 1; i < n; i++)
    udp->rx_follow += hub->rx_messages[i].msg_len == hub->rx_messages[i - 1].msg_len
                      && al_udp_same_address (&hub->rx_from[i], &hub->rx_from[i - 1]);
  consider_gro (udp);
}

/* Cuts message @i into views from @n_views on. Returns: how many there are now; AL_UDP_NONE: the socket is gone. */
static unsigned
cut (AlUdp *udp, unsigned i, unsigned n_views)
{
  AlUdpHub *hub = udp->hub;
  struct mmsghdr *message = &hub->rx_messages[i];
  uint8_t *at = hub->rx_iov[i].iov_base;
  unsigned left = message->msg_len, segment;
  Extras extras = { 0 };

  if (message->msg_hdr.msg_controllen > 0)
    read_control (udp, i, &extras);
  segment = extras.segment > 0 ? extras.segment : left;
  if ((message->msg_hdr.msg_flags & MSG_TRUNC) != 0 || segment > AL_UDP_MAX_DATAGRAM)
    {
      udp->stats.rx_dropped_long++;
      return n_views;
    }
  if (hub->rx_from[i].sa.sa_family == AF_INET)
    memset ((uint8_t *) &hub->rx_from[i] + sizeof (struct sockaddr_in), 0,
            sizeof (AlAddr) - sizeof (struct sockaddr_in));
  udp->stats.rx_bytes += left;
  hub->rx_bytes += left;
  udp->stats.rx_gro += left > segment;
  do
    {
      unsigned len = MIN (left, segment);

      if (n_views == AL_UDP_VIEWS)
        {
          if (!hand_over (udp, n_views))
            return AL_UDP_NONE;
          n_views = 0;
        }
      hub->views[n_views++] = (AlUdpDatagram){
        .data = at, .len = len, .ecn = extras.ecn, .from = &hub->rx_from[i], .local = extras.local
      };
      udp->stats.rx_pkts++;
      at += len;
      left -= len;
    }
  while (left > 0);
  return n_views;
}

static bool
deliver (AlUdp *udp, unsigned n)
{
  unsigned n_views = 0;

  for (unsigned i = 0; i < n && n_views != AL_UDP_NONE; i++)
    n_views = cut (udp, i, n_views);
  return n_views != AL_UDP_NONE && hand_over (udp, n_views);
}

/* How many messages to ask for: what came last time and a little more, but no more than stays in the cache. */
static unsigned
choose_batch (const AlUdp *udp)
{
  unsigned batch = udp->rx_batch;

  if ((udp->hub->offload & AL_UDP_RECVMMSG) == 0)
    return 1;
  if (udp->gro)
    batch = CLAMP (2 * AL_UDP_RX_HOT / (udp->rx_mean + 1), 4, MIN (batch, AL_UDP_RX_BIG_BATCH));
  return batch;
}

static void
learn (AlUdp *udp, unsigned batch, unsigned n, size_t bytes)
{
  udp->rx_mean = (uint32_t) ((udp->rx_mean * 7 + bytes / n) / 8);
  if (n == batch)
    udp->rx_batch = (uint8_t) MIN (udp->rx_batch * 2, AL_UDP_RX_BATCH);
  else if (n < batch / 4)
    udp->rx_batch /= 2;
}

/* One call and its callbacks. Returns: whether more may be waiting. */
static bool
receive_batch (AlUdp *udp)
{
  AlUdpHub *hub = udp->hub;
  size_t slot = udp->gro ? AL_UDP_RX_BIG_SLOT : AL_UDP_MAX_DATAGRAM;
  unsigned batch = choose_batch (udp);
  uint64_t bytes_before = udp->stats.rx_bytes;
  size_t begin;
  int n;

  if (hub->rx_used + batch * slot > AL_UDP_RX_ARENA)
    al_udp_hub_flush (hub); /* makes room */
  begin = hub->rx_used;
  prepare (udp, batch, slot);
  n = call_kernel (udp, batch);
  if (n <= 0)
    return n < 0 && errno != EAGAIN; /* an ICMP error or a signal: look again */
  if (!udp->gro && (hub->offload & AL_UDP_GRO) != 0)
    count_followers (udp, (unsigned) n);

  if (!deliver (udp, (unsigned) n))
    return false;
  /* bytes that wait to be sent stay where they are, else the next batch finds this memory in the cache */
  if (!hub->rx_held)
    hub->rx_used = hub->rx_bytes = 0;
  else if (hub->rx_bytes >= AL_UDP_RX_HOT)
    al_udp_hub_flush (hub);
  else
    hub->rx_used = begin + (unsigned) n * slot;
  learn (udp, batch, (unsigned) n, udp->stats.rx_bytes - bytes_before);
  return (unsigned) n == batch;
}

void
al_udp_receive (AlUdp *udp)
{
  unsigned rounds = (udp->hub->offload & AL_UDP_RECVMMSG) != 0 ? MAX_ROUNDS : MAX_ROUNDS * AL_UDP_RX_BATCH;

  udp->in_callback = true;
  while (rounds-- > 0 && receive_batch (udp))
    ;
  udp->in_callback = false;
  if (udp->dead)
    g_free (udp);
}
