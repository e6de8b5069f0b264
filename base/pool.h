/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets: fixed buffers with a reference count, made once at start in one slab. A pool belongs to one thread, which alone
 * takes packets from it; any thread may give one back.
 */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/** AL_PKT_SIZE: the usual room of a packet: an MTU of 1,500 with what SRTP and TURN put around it. */
#define AL_PKT_SIZE 2048

typedef struct AlPool AlPool;
typedef struct AlPkt AlPkt;

/**
 * AlPkt:
 * @len: bytes in use from @offset on
 * @offset: where they begin in @data: room for a header that is put in front later
 * @time_us: when it arrived, on the monotonic clock
 *
 * Written by its holder before the first share, read-only while shared.
 */
struct AlPkt {
  /*< private >*/
  _Atomic uint32_t refs;
  /*< public >*/
  uint16_t len, offset;
  int64_t time_us;
  /*< private >*/
  AlPool *pool;
  AlPkt *next;
  uint8_t reserved[32]; /* to a cache line, so that data begins on one */
  /*< public >*/
  uint8_t data[];
};

/**
 * al_pool_new:
 * @n_pkts: how many, 1 to 2^20
 * @pkt_bytes: room of each, up to 65,535 (rounded up to 64)
 *
 * The slab is mapped and touched at once (no page faults later), on huge pages where the kernel gives them. The calling
 * thread is the owner.
 *
 * Returns: (transfer full) (nullable): NULL with G_IO_ERROR when there is no memory.
 */
AlPool *al_pool_new (unsigned n_pkts, unsigned pkt_bytes, GError **error);

/** al_pool_adopt: the calling thread is the owner from now on; before any packet is in use. */
void al_pool_adopt (AlPool *pool);

/** al_pool_free: every packet must be back. NULL is allowed. */
void al_pool_free (AlPool *pool);

/** al_pool_take: Returns: (transfer full) (nullable): an unshared packet, len and offset 0, data undefined; NULL when all
 *  are in use: the caller drops and counts. Owner's thread. */
AlPkt *al_pool_take (AlPool *pool);

/** al_pool_get_size: Returns: room in bytes of each packet. Any thread. */
unsigned al_pool_get_size (const AlPool *pool);
/** al_pool_count_free: Returns: packets that could be taken now; collects returned ones. Owner's thread. */
unsigned al_pool_count_free (AlPool *pool);

/** al_pkt_ref: Returns: (transfer full): @pkt with one reference more. Any thread. */
AlPkt *al_pkt_ref (AlPkt *pkt);
/** al_pkt_unref: gives one reference back; with the last one the packet goes back to its pool. Any thread. */
void al_pkt_unref (AlPkt *pkt);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlPool, al_pool_free)
