/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UDP in batches on an AlLoop: many datagrams per system call, trains of equal datagrams as one (UDP_SEGMENT, UDP_GRO).
 *
 * An AlUdpHub holds what the sockets of one loop share: the memory that datagrams arrive in, the queue of datagrams to
 * send, and what was found out about this kernel. An AlUdp is one socket. Everything runs on the loop's thread, and
 * nothing here allocates, locks, logs or reads a clock per datagram.
 *
 * Sending never fails towards the caller: what cannot be sent is dropped and counted, as the network would do.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/addr.h"
#include "base/loop.h"
#include "base/pool.h"

typedef struct AlUdpHub AlUdpHub;
typedef struct AlUdp AlUdp;

/**
 * AlUdpOffload: what may be used of the kernel's ways to save work; what is not there is found out and left alone.
 * AL_UDP_OFFLOAD_OFF is `udp_offload=off`: one recvmsg and one sendmsg per datagram.
 */
typedef enum {
  AL_UDP_OFFLOAD_OFF = 0,
  AL_UDP_RECVMMSG = 1 << 0,
  AL_UDP_SENDMMSG = 1 << 1,
  AL_UDP_GSO = 1 << 2,
  AL_UDP_GRO = 1 << 3, /* switched on per socket once trains arrive: datagrams that come alone are cheaper without */
  AL_UDP_OFFLOAD_AUTO = 15
} AlUdpOffload;

/** AL_UDP_MAX_DATAGRAM: longer ones (fragmented on the way, or jumbo frames) are not received but counted. */
#define AL_UDP_MAX_DATAGRAM 2048
/** AL_UDP_MAX_SEND: most bytes of a datagram that is sent. */
#define AL_UDP_MAX_SEND 65000

/**
 * AlUdpDatagram: one that arrived; a view, valid until the callback returns.
 * @data: @len bytes, which the callback may change; 0 bytes are possible
 * @from: the sender
 * @local: the address it was sent to, with the socket's port; NULL unless the socket was asked to tell
 * @ecn: the two ECN bits (RFC 3168 §5); 0 unless the socket was asked to tell
 */
typedef struct {
  uint8_t *data;
  uint32_t len;
  uint8_t ecn;
  const AlAddr *from;
  const AlAddr *local;
} AlUdpDatagram;

/**
 * AlUdpFn:
 * @datagrams: @n of them, 1 to 256, in the order of arrival
 * @now_us: al_loop_now_us()
 *
 * May send on any socket of the hub, and free @udp or others.
 */
typedef void (*AlUdpFn) (AlUdp *udp, const AlUdpDatagram *datagrams, unsigned n, int64_t now_us, void *user);

/** AlUdpStats: since the socket (or the hub) was made. A GSO or GRO message counts as the datagrams in it. */
typedef struct {
  uint64_t rx_pkts, rx_bytes;
  uint64_t rx_calls;          /* system calls that received something or found nothing */
  uint64_t rx_gro;            /* messages that held more than one datagram */
  uint64_t rx_dropped_long;   /* over AL_UDP_MAX_DATAGRAM */
  uint64_t rx_dropped_kernel; /* the socket's receive buffer was full (SO_MEMINFO) */
  uint64_t tx_pkts, tx_bytes;
  uint64_t tx_calls;
  uint64_t tx_gso;            /* messages that held more than one datagram */
  uint64_t tx_gso_refused;    /* such messages that the kernel refused; they were sent one by one */
  uint64_t tx_blocked;        /* times the socket's send buffer was full */
  uint64_t tx_dropped_full;   /* waited for a full socket and were pushed out by younger ones */
  uint64_t tx_dropped_long;   /* over AL_UDP_MAX_SEND or the route's MTU, or too long to wait for a full socket */
  uint64_t tx_dropped_error;  /* no route, forbidden by a firewall, ... */
} AlUdpStats;

/**
 * al_udp_hub_new:
 * @loop: not owned; lives longer
 * @offload: what may be used
 *
 * One per loop that uses UDP; takes about 7 MB of address space, most of it untouched without traffic.
 *
 * Returns: (transfer full) (nullable): NULL with G_IO_ERROR.
 */
AlUdpHub *al_udp_hub_new (AlLoop *loop, AlUdpOffload offload, GError **error);
/** al_udp_hub_free: all its sockets must be freed. NULL is allowed. */
void al_udp_hub_free (AlUdpHub *hub);
/** al_udp_hub_get_offload: Returns: what is in use: allowed, and not yet refused by the kernel. */
AlUdpOffload al_udp_hub_get_offload (const AlUdpHub *hub);
/** al_udp_hub_get_stats: @ret_stats: the sum over all sockets, also those already freed (rx_dropped_kernel: as far as
 *  al_udp_get_stats() or al_udp_free() have asked for it). */
void al_udp_hub_get_stats (const AlUdpHub *hub, AlUdpStats *ret_stats);

/** AlUdpConfig: all zero is a good plain socket. */
typedef struct {
  bool reuse_port;         /* SO_REUSEPORT: one socket per worker on the same port */
  bool dont_fragment;      /* IP_PMTUDISC_DO: what is longer than the path's MTU is dropped, not fragmented */
  bool want_local;         /* tell AlUdpDatagram.local */
  bool want_ecn;           /* tell AlUdpDatagram.ecn */
  int rcvbuf_bytes;        /* SO_RCVBUF; 0: the kernel's default */
  int sndbuf_bytes;        /* SO_SNDBUF */
  unsigned max_waiting;    /* datagrams kept while the socket is full, at most 512; 0: 512 */
  const AlAddr *connect;   /* (nullable): connect() there: only this peer, and a route looked up once */
} AlUdpConfig;

/**
 * al_udp_new:
 * @address: what to bind to; port 0 picks one. IPv6 sockets are IPV6_V6ONLY
 * @fn: takes what arrives
 *
 * On the loop's thread, or before it runs. ICMP errors never end a socket.
 *
 * Returns: (transfer full) (nullable): NULL with G_IO_ERROR, the address in its message.
 */
AlUdp *al_udp_new (AlUdpHub *hub, const AlAddr *address, const AlUdpConfig *config, AlUdpFn fn, void *user,
                   GError **error);
/** al_udp_free: sends what is queued as far as the socket takes it, and closes. NULL is allowed. */
void al_udp_free (AlUdp *udp);
/**
 * al_udp_detach: takes the socket from its loop, for al_udp_attach() on another one; what comes in between waits in it.
 * Not during its own callback. What waited to be sent is dropped. @udp is freed.
 *
 * Returns: (transfer full): the descriptor.
 */
int al_udp_detach (AlUdp *udp);
/**
 * al_udp_attach: as al_udp_new(), for what al_udp_detach() gave.
 * @fd: (transfer full): also when it fails
 * @config: as the socket was made with
 */
AlUdp *al_udp_attach (AlUdpHub *hub, int fd, const AlUdpConfig *config, AlUdpFn fn, void *user, GError **error);
void al_udp_get_address (const AlUdp *udp, AlAddr *ret_address);
int al_udp_get_fd (const AlUdp *udp);
void al_udp_get_stats (AlUdp *udp, AlUdpStats *ret_stats);

/*
 * Sending. Datagrams are queued and leave at the end of the turn (or earlier, when the queue is full). Those to one
 * destination keep their order. Those to one destination that have the same length, the last may be shorter, leave as
 * one message where the kernel can do that, also when datagrams to others were queued in between.
 *
 * @to: (nullable): NULL only on a connected socket
 * @local: (nullable): the address to send from, as AlUdpDatagram.local told; its port is ignored. For sockets bound to
 *   any address on hosts with several
 */

/** al_udp_send: one datagram, copied. */
void al_udp_send (AlUdp *udp, const AlAddr *to, const AlAddr *local, const void *data, size_t len);

/**
 * al_udp_send_view: one datagram out of two pieces, without copying the second.
 * @head: @head_len bytes (0 to 64) to stand in front, copied
 * @body: @body_len bytes that stay unchanged until the end of the turn; or bytes of an AlUdpDatagram of this hub,
 *   during its callback
 */
void al_udp_send_view (AlUdp *udp, const AlAddr *to, const AlAddr *local, const void *head, size_t head_len,
                       const void *body, size_t body_len);

/** al_udp_send_pkt: one datagram, the bytes of @pkt; a reference is held until it is sent or dropped. */
void al_udp_send_pkt (AlUdp *udp, const AlAddr *to, const AlAddr *local, AlPkt *pkt);

/**
 * al_udp_send_burst: @n datagrams to one receiver, in order; like al_udp_send_view() for each, without looking up the
 * destination again. With all the same length (the last may be shorter) they are one system call.
 */
void al_udp_send_burst (AlUdp *udp, const AlAddr *to, const AlAddr *local, const struct iovec *bodies, unsigned n);

/**
 * al_udp_reserve: room to write a datagram into, where it needs no copy and lies beside those of the same burst: the
 * place for an encrypted packet to be made in.
 * @max_len: 1 to AL_UDP_MAX_DATAGRAM
 *
 * Returns: (transfer none): @max_len bytes, until al_udp_commit(), the next al_udp_reserve() or al_udp_send*() of this
 * hub, whichever comes first.
 */
uint8_t *al_udp_reserve (AlUdp *udp, size_t max_len);
/** al_udp_commit: sends the first @len bytes of what al_udp_reserve() gave for the same @udp. */
void al_udp_commit (AlUdp *udp, const AlAddr *to, const AlAddr *local, size_t len);

/** al_udp_hub_flush: sends what is queued now, on all sockets. Views may be changed afterwards. */
void al_udp_hub_flush (AlUdpHub *hub);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlUdpHub, al_udp_hub_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlUdp, al_udp_free)
