/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads of the media plane: each has a loop, a UDP hub and a socket on every address of [relay] listen_udp, all on
 * the same ports (SO_REUSEPORT), so the kernel's hash keeps one client at one worker. A worker tells datagrams apart by
 * their first bytes and gives them to whoever has asked for that kind; what nobody has asked for is dropped and counted.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/config.h"
#include "base/demux.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "base/udp.h"

typedef struct Workers Workers;

/** WorkersFn: one datagram, on the worker's thread. Data path: no malloc, lock, log line or clock read. */
typedef void (*WorkersFn) (AlUdp *udp, const AlUdpDatagram *datagram, int64_t now_us, void *user);

/**
 * workers_new:
 * @config: [relay] listen_udp, [server] workers, udp_offload
 * @metrics: must outlive them
 *
 * Opens the sockets. There are no workers when nothing is to be listened on.
 *
 * Returns: (transfer full) (nullable): NULL with the address and why in @error.
 */
Workers *workers_new (const AlConfig *config, AlMetrics *metrics, GError **error);
/** workers_stop: ends the threads; loops, hubs and sockets stay until workers_free(). NULL is allowed. Main thread. */
void workers_stop (Workers *workers);
/** workers_free: ends the threads and closes the sockets. NULL is allowed. */
void workers_free (Workers *workers);

/** workers_route: @fn: takes the datagrams of @kind at the worker @index; each worker has its own @user, which no other
 *  thread touches. Before workers_start(). */
void workers_route (Workers *workers, unsigned index, AlDemux kind, WorkersFn fn, void *user);
/** workers_start: Returns: false with G_IO_ERROR when a thread cannot be had. Main thread. */
bool workers_start (Workers *workers, GError **error);

unsigned workers_get_n (const Workers *workers);
/** workers_get_loop, _hub: Returns: (transfer none): of one worker; before workers_start(), or on its thread. */
AlLoop *workers_get_loop (Workers *workers, unsigned index);
AlUdpHub *workers_get_hub (Workers *workers, unsigned index);
/** workers_get_sockets: Returns: (transfer none): those on which one worker listens, @ret_n of them. */
AlUdp *const *workers_get_sockets (const Workers *workers, unsigned index, unsigned *ret_n);
/** workers_get_address: Returns: false when there are not so many addresses. */
bool workers_get_address (const Workers *workers, unsigned n, AlAddr *ret_address);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Workers, workers_free)
