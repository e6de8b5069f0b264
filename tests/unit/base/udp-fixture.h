/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of UDP share: one loop with its hub, and sockets on it that record what comes. */
#pragma once

#include "base/udp-private.h"

/* A socket that records what comes, and answers if told to. */
typedef struct Port Port;
struct Port {
  AlUdp *udp;
  AlAddr address;
  GPtrArray *got; /* of GBytes */
  AlAddr from, from_before, local;
  uint8_t ecn;
  unsigned n_calls;
  void (*react) (Port *port, const AlUdpDatagram *datagram, unsigned i);
  Port *other;
};

extern AlLoop *loop;
extern AlUdpHub *hub;

/** port_open_at: @where: "HOST:PORT"; @config: (nullable). */
void port_open_at (Port *port, const char *where, const AlUdpConfig *config);
/** port_open: on loopback. */
void port_open (Port *port);
void port_close (Port *port);
/** port_on_datagrams: an AlUdpFn that records; user: the Port. */
void port_on_datagrams (AlUdp *udp, const AlUdpDatagram *datagrams, unsigned n, int64_t now_us, void *user);
AlUdpStats stats_of (Port *port);
/** set_up: makes loop and hub. */
void set_up (unsigned offload);
void tear_down (void);
/** run_until_got: runs the loop until exactly @n datagrams have come. */
void run_until_got (Port *port, unsigned n);
void assert_got (Port *port, unsigned i, const void *data, size_t len);
/** send_some_way: sends @len bytes in one of the ways there are, @way modulo their number. */
void send_some_way (Port *port, const AlAddr *to, const uint8_t *data, size_t len, unsigned way);
