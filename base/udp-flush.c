/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending the queue: each socket's trains in batches of sendmmsg, a train of several datagrams as one message with
 * UDP_SEGMENT. Trains that the kernel refuses go out one by one, and the host is remembered. Thread of the loop.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/udp-private.h"

/* A host that refuses trains is asked again after so long: routes and devices change. */
#define NO_GSO_US (60 * G_USEC_PER_SEC)

typedef AlUdpLoad Load;
typedef AlUdpBatch Batch;

typedef struct {
  uint32_t train, datagram;
} Cursor;

static unsigned
no_gso_slot (const AlAddr *to)
{
  return al_addr_hash (to) % AL_UDP_NO_GSO;
}

static void
host_of (const AlUdpTrain *train, AlAddr *ret)
{
  *ret = train->to;
  if (ret->sa.sa_family != AF_UNSPEC)
    al_addr_set_port (ret, 0);
}

/* Once it is so for a train it stays so, or the rest of a train that was begun would be taken for a whole one. */
static bool
must_split (AlUdpHub *hub, AlUdpTrain *train)
{
  AlAddr host;
  unsigned i;

  if (train->split || !hub->any_no_gso)
    return train->split;
  host_of (train, &host);
  i = no_gso_slot (&host);
  train->split = hub->no_gso[i].until_us > al_loop_now_us (hub->loop)
                 && al_udp_same_address (&hub->no_gso[i].host, &host);
  return train->split;
}

/* A train was refused and its first datagram alone was taken: so it was the train, not the destination. */
static void
remember_refusal (AlUdpHub *hub, const AlUdpTrain *train)
{
  AlAddr host;
  unsigned i;

  host_of (train, &host);
  i = no_gso_slot (&host);
  hub->no_gso[i].host = host;
  hub->no_gso[i].until_us = al_loop_now_us (hub->loop) + NO_GSO_US;
  hub->any_no_gso = true;
}

static size_t
put_control (struct msghdr *message, size_t used, int level, int type, const void *data, size_t len)
{
  struct cmsghdr *c = (struct cmsghdr *) ((uint8_t *) message->msg_control + used);

  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN (len);
  memcpy (CMSG_DATA (c), data, len);
  return used + CMSG_SPACE (len);
}

static void
fill_control (struct msghdr *message, uint8_t *space, const AlUdpTrain *train, bool whole)
{
  size_t used = 0;

  message->msg_control = space;
  if (train->local.sa.sa_family == AF_INET)
    {
      struct in_pktinfo info = { .ipi_spec_dst = train->local.in4.sin_addr };

      used = put_control (message, used, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
  else if (train->local.sa.sa_family == AF_INET6)
    {
      struct in6_pktinfo info = { .ipi6_addr = train->local.in6.sin6_addr,
                                  .ipi6_ifindex = train->local.in6.sin6_scope_id };

      used = put_control (message, used, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
  if (whole)
    used = put_control (message, used, IPPROTO_UDP, UDP_SEGMENT, &train->segment, sizeof train->segment);
  message->msg_controllen = used;
  if (used == 0)
    message->msg_control = NULL;
}

/* Adds a piece; one that lies directly behind the last is joined to it, so that an echoed train is one vector. */
static inline unsigned
add_piece (struct iovec *iov, unsigned n, const uint8_t *data, size_t len)
{
  if (len == 0)
    return n;
  if (n > 0 && (const uint8_t *) iov[n - 1].iov_base + iov[n - 1].iov_len == data)
    {
      iov[n - 1].iov_len += len;
      return n;
    }
  iov[n] = (struct iovec){ .iov_base = (void *) data, .iov_len = len };
  return n + 1;
}

/* Moves @cursor behind a load: one datagram, or a whole train. */
static void
advance (AlUdpHub *hub, Cursor *cursor, uint32_t n)
{
  cursor->datagram = n > 1 ? AL_UDP_NONE : hub->tx[cursor->datagram].next;
  if (cursor->datagram != AL_UDP_NONE)
    return;
  cursor->train = hub->trains[cursor->train].next;
  if (cursor->train != AL_UDP_NONE)
    cursor->datagram = hub->trains[cursor->train].first;
}

/* Fills @batch from @cursor on. */
static void
build (AlUdpHub *hub, Cursor cursor, Batch *batch)
{
  unsigned n_iov = 0;

  batch->n = 0;
  while (cursor.train != AL_UDP_NONE && batch->n < AL_UDP_TX_BATCH)
    {
      AlUdpTrain *train = &hub->trains[cursor.train];
      bool whole = train->n > 1 && !must_split (hub, train);
      Load load = { cursor.train, cursor.datagram, whole ? train->n : 1 };
      struct msghdr *message = &batch->messages[batch->n].msg_hdr;
      struct iovec *iov = &batch->iov[n_iov];
      unsigned n = 0;

      if (n_iov + 2 * load.n > AL_UDP_TX_IOV)
        break;
      for (uint32_t k = 0; k < load.n; k++)
        {
          const AlUdpTx *tx = &hub->tx[cursor.datagram];

          n = add_piece (iov, n, tx->head, tx->head_len);
          n = add_piece (iov, n, tx->body, tx->body_len);
          cursor.datagram = tx->next;
        }
      cursor.datagram = load.first;
      advance (hub, &cursor, load.n);
      message->msg_name = train->to.sa.sa_family == AF_UNSPEC ? NULL : &train->to;
      message->msg_namelen = message->msg_name == NULL ? 0 : al_addr_get_len (&train->to);
      message->msg_iov = iov;
      message->msg_iovlen = n;
      message->msg_flags = 0;
      fill_control (message, batch->control[batch->n], train, whole);
      n_iov += n;
      batch->loads[batch->n++] = load;
    }
}

/* Returns: messages sent, at least one; -1 with errno. */
static int
call_kernel (AlUdp *udp, Batch *batch, unsigned from)
{
  AlUdpHub *hub = udp->hub;

  udp->stats.tx_calls++;
  if ((hub->offload & AL_UDP_SENDMMSG) != 0 && batch->n - from > 1)
    {
      int n = hub->sys.sendmmsg (udp->watch.fd, &batch->messages[from], batch->n - from, MSG_DONTWAIT);

      if (n >= 0 || errno != ENOSYS)
        return n;
      hub->offload &= ~(unsigned) AL_UDP_SENDMMSG;
    }
  return hub->sys.sendmsg (udp->watch.fd, &batch->messages[from].msg_hdr, MSG_DONTWAIT) < 0 ? -1 : 1;
}

static uint32_t
load_bytes (const AlUdpHub *hub, const Load *load)
{
  const AlUdpTx *tx = &hub->tx[load->first];

  return load->n > 1 ? hub->trains[load->train].bytes : tx->head_len + tx->body_len;
}

static void
count_sent (AlUdp *udp, const Load *load)
{
  AlUdpHub *hub = udp->hub;
  const AlUdpTrain *train = &hub->trains[load->train];

  udp->stats.tx_pkts += load->n;
  udp->stats.tx_bytes += load_bytes (hub, load);
  udp->stats.tx_gso += load->n > 1;
  if (train->refused && load->first == train->first)
    remember_refusal (hub, train);
}

typedef enum { OUTCOME_RETRY, OUTCOME_SKIP, OUTCOME_REBUILD, OUTCOME_BLOCKED } Outcome;

static Outcome
explain (AlUdp *udp, const Load *load, int code)
{
  AlUdpHub *hub = udp->hub;

  if (code == EINTR)
    return OUTCOME_RETRY;
  if (code == EAGAIN)
    return OUTCOME_BLOCKED;
  /* EIO: no checksum offload on the device; EINVAL, EMSGSIZE: the segments are longer than the route's MTU */
  if (load->n > 1 && (code == EIO || code == EINVAL || code == EMSGSIZE || code == EOPNOTSUPP))
    {
      udp->stats.tx_gso_refused++;
      hub->trains[load->train].split = hub->trains[load->train].refused = true;
      return OUTCOME_REBUILD;
    }
  /* the error of an earlier datagram on a connected socket, told now: this one was not tried */
  if (code == ECONNREFUSED && udp->connected)
    return OUTCOME_RETRY;
  if (code == EMSGSIZE)
    udp->stats.tx_dropped_long += load->n;
  else
    udp->stats.tx_dropped_error += load->n;
  return OUTCOME_SKIP;
}

static void
block (AlUdp *udp, Cursor cursor)
{
  AlUdpHub *hub = udp->hub;

  udp->stats.tx_blocked++;
  udp->blocked = true;
  while (cursor.train != AL_UDP_NONE)
    {
      AlUdpTrain *train = &hub->trains[cursor.train];

      al_udp_wait (udp, &hub->tx[cursor.datagram], &train->to, &train->local);
      advance (hub, &cursor, 1);
    }
  al_watch_modify (&udp->watch, EPOLLIN | EPOLLOUT);
}

static void
flush_socket (AlUdp *udp, Batch *batch)
{
  AlUdpHub *hub = udp->hub;
  Cursor cursor = { udp->first_train, hub->trains[udp->first_train].first };

  while (cursor.train != AL_UDP_NONE)
    {
      unsigned i = 0;
      Outcome outcome = OUTCOME_SKIP;

      build (hub, cursor, batch);
      while (i < batch->n && outcome != OUTCOME_REBUILD)
        {
          int n = call_kernel (udp, batch, i);

          if (n < 0)
            outcome = explain (udp, &batch->loads[i], errno);
          if (outcome == OUTCOME_BLOCKED)
            {
              block (udp, cursor);
              return;
            }
          for (int k = 0; k < n; k++)
            count_sent (udp, &batch->loads[i + (unsigned) k]);
          if (n < 0)
            n = outcome == OUTCOME_SKIP;
          for (; n > 0; n--, i++)
            advance (hub, &cursor, batch->loads[i].n);
        }
    }
}

void
al_udp_hub_flush (AlUdpHub *hub)
{
  if (hub->flushing)
    return;
  hub->flushing = true;
  for (AlUdp *udp = hub->pending; udp != NULL; udp = udp->next_pending)
    {
      flush_socket (udp, hub->batch);
      udp->first_train = udp->last_train = AL_UDP_NONE;
      udp->pending = false;
    }
  hub->pending = NULL;
  hub->pending_end = &hub->pending;
  for (uint32_t i = 0; i < hub->n_tx; i++)
    if (hub->tx[i].pkt != NULL)
      al_pkt_unref (hub->tx[i].pkt);
  hub->n_tx = hub->n_trains = 0;
  hub->tx_used = hub->reserved = 0;
  hub->rx_used = hub->rx_bytes = 0;
  hub->rx_held = false;
  hub->epoch++;
  hub->flushing = false;
}
