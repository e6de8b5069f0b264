/* SPDX-License-Identifier: Apache-2.0 */
/* What udp.c, udp-rx.c, udp-tx.c and their test share. */
#pragma once

#include <netinet/udp.h>
#include <sys/socket.h>

#include "base/udp.h"

/* One receive call. More buys little (the calls are a few percent by then) and costs cache. */
#define AL_UDP_RX_BATCH 64
/* A message of UDP_GRO is up to 64 KiB. The odd lines keep such slots from sharing the same few sets of a cache. */
#define AL_UDP_RX_BIG_SLOT (65536 + 320)
#define AL_UDP_RX_BIG_BATCH 32
#define AL_UDP_RX_ARENA (64 * AL_UDP_RX_BIG_SLOT)
/* With so many bytes received and held for sending the queue is flushed: they are then still in the cache. */
#define AL_UDP_RX_HOT (32 * 1024)
#define AL_UDP_VIEWS 256

#define AL_UDP_TX_QUEUE 1024
#define AL_UDP_TX_BATCH 64
#define AL_UDP_TX_IOV 1024
#define AL_UDP_TX_ARENA (512 * 1024)
#define AL_UDP_TX_TABLE 1024
#define AL_UDP_TX_WAYS 4 /* slots that a destination may have: so many in turns never cost each other their trains */
/* UDP_MAX_SEGMENTS before Linux 6.9 */
#define AL_UDP_TX_SEGMENTS 64
/* Datagrams of all sockets that wait for a full one; no more than the queue, into which they go back all at once. */
#define AL_UDP_WAITING 512
#define AL_UDP_NO_GSO 64

#define AL_UDP_NONE UINT32_MAX

/** AlUdpSys: the system calls, so that tests can be a kernel that refuses. */
typedef struct {
  int (*recvmmsg) (int fd, struct mmsghdr *messages, unsigned n, int flags, struct timespec *timeout);
  ssize_t (*recvmsg) (int fd, struct msghdr *message, int flags);
  int (*sendmmsg) (int fd, struct mmsghdr *messages, unsigned n, int flags);
  ssize_t (*sendmsg) (int fd, const struct msghdr *message, int flags);
} AlUdpSys;

/** AlUdpTx: a datagram to be sent: head, then body. */
typedef struct {
  const uint8_t *head, *body;
  AlPkt *pkt; /* owned reference; NULL: the bytes are a view or in the arena */
  uint32_t body_len;
  uint16_t head_len;
  uint32_t next; /* in its train */
} AlUdpTx;

/** AlUdpTrain: datagrams of @udp to one place, all of @segment bytes but perhaps the last. */
typedef struct {
  AlUdp *udp;
  AlAddr to, local;
  uint32_t first, last; /* indices of AlUdpTx */
  uint32_t next;        /* the socket's next train */
  uint32_t bytes;
  uint16_t segment;
  uint8_t n;
  bool closed;  /* nothing may be added */
  bool split;   /* goes out one by one */
  bool refused; /* that is because it was refused just now */
} AlUdpTrain;

/** AlUdpWaiting: a datagram that waits for a full socket. */
typedef struct {
  AlPkt *pkt;
  AlAddr to, local;
  uint32_t next;
} AlUdpWaiting;

/** AlUdpSlot: the newest train of one of the destinations of a bucket. */
typedef struct {
  uint32_t epoch, hash, train;
} AlUdpSlot;

/** AlUdpLoad: what one message of a batch carries: a datagram, or a whole train. */
typedef struct {
  uint32_t train, first, n;
} AlUdpLoad;

/** AlUdpBatch: the arguments of one sendmmsg(). */
typedef struct {
  struct mmsghdr messages[AL_UDP_TX_BATCH];
  AlUdpLoad loads[AL_UDP_TX_BATCH];
  struct iovec iov[AL_UDP_TX_IOV];
  _Alignas (struct cmsghdr) uint8_t control[AL_UDP_TX_BATCH][CMSG_SPACE (sizeof (struct in6_pktinfo))
                                                            + CMSG_SPACE (sizeof (uint16_t))];
  unsigned n;
} AlUdpBatch;

struct AlUdp {
  AlWatch watch;
  /* passed in, not owned */
  AlUdpHub *hub;
  AlUdpFn fn;
  void *user;

  AlUdp *next, **pprev; /* in hub->sockets */
  AlUdp *next_pending;
  bool pending;         /* in hub->pending: has trains */
  bool in_callback;
  bool dead;            /* freed in its own callback */

  bool want_local, want_ecn, connected;
  bool gro;
  uint8_t rx_batch;            /* adapts to what comes */
  uint32_t rx_mean;            /* bytes of a GRO message, smoothed */
  uint32_t rx_seen, rx_follow; /* datagrams, and those that look like the one before: is GRO worth while? */
  uint16_t port_be;

  uint32_t first_train, last_train, open_train, open_epoch;
  bool blocked; /* the socket is full; datagrams go to the waiting list */
  uint32_t first_waiting, last_waiting, n_waiting, max_waiting;
  AlUdpStats stats;
};

struct AlUdpHub {
  /* passed in, not owned */
  AlLoop *loop;
  AlUdpSys sys;
  unsigned offload; /* AlUdpOffload */
  AlDefer defer;
  AlUdp *sockets;
  AlUdp *pending, **pending_end;
  AlUdpStats closed_stats;

  /* receiving */
  uint8_t *rx_arena;
  size_t rx_used;
  bool rx_held;    /* the queue refers to bytes of the arena */
  size_t rx_bytes; /* received into it since the last flush */
  struct mmsghdr rx_messages[AL_UDP_RX_BATCH];
  struct iovec rx_iov[AL_UDP_RX_BATCH];
  AlAddr rx_from[AL_UDP_RX_BATCH], rx_local[AL_UDP_RX_BATCH];
  _Alignas (struct cmsghdr) uint8_t rx_control[AL_UDP_RX_BATCH][128];
  AlUdpDatagram views[AL_UDP_VIEWS];

  /* sending */
  uint8_t *tx_arena;
  size_t tx_used;
  size_t reserved; /* bytes at tx_used given out by al_udp_reserve() */
  uint32_t n_tx, n_trains, epoch;
  AlUdpTx *tx;
  AlUdpTrain *trains;
  AlUdpBatch *batch;
  AlUdpSlot table[AL_UDP_TX_TABLE]; /* destination to newest train */
  bool flushing;

  /* full sockets */
  AlPool *pool; /* made when first needed */
  AlUdpWaiting *waiting;
  uint32_t free_waiting;

  /* hosts that are reached without GSO (a device without checksum offload, a tunnel), until when */
  struct {
    AlAddr host;
    int64_t until_us;
  } no_gso[AL_UDP_NO_GSO];
  bool any_no_gso;
};

/* udp-rx.c */
void al_udp_receive (AlUdp *udp);

/* udp-tx.c */
void al_udp_tx_init (AlUdpHub *hub);
void al_udp_tx_clear (AlUdpHub *hub);
/** al_udp_enqueue: takes what @tx owns; there is room for one more. */
void al_udp_enqueue (AlUdp *udp, const AlAddr *to, const AlAddr *local, const AlUdpTx *tx);

/* udp-wait.c */
void al_udp_wait_init (AlUdpHub *hub);
void al_udp_wait_clear (AlUdpHub *hub);
/** al_udp_wait: keeps a datagram for a full socket, or drops it or older ones. Takes what @tx owns. */
void al_udp_wait (AlUdp *udp, AlUdpTx *tx, const AlAddr *to, const AlAddr *local);
/** al_udp_unblock: the socket takes datagrams again: queues those that waited. */
void al_udp_unblock (AlUdp *udp);
/** al_udp_drop_waiting: all that wait for @udp. */
void al_udp_drop_waiting (AlUdp *udp);

static inline bool
al_udp_same_address (const AlAddr *a, const AlAddr *b)
{
  if (a->sa.sa_family != b->sa.sa_family)
    return false;
  if (a->sa.sa_family == AF_INET)
    return a->in4.sin_addr.s_addr == b->in4.sin_addr.s_addr && a->in4.sin_port == b->in4.sin_port;
  if (a->sa.sa_family == AF_INET6)
    return a->in6.sin6_port == b->in6.sin6_port && a->in6.sin6_scope_id == b->in6.sin6_scope_id
           && IN6_ARE_ADDR_EQUAL (&a->in6.sin6_addr, &b->in6.sin6_addr);
  return true;
}
