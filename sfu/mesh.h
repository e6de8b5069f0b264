/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the workers of the SFU and the main thread tell each other something: mail for what happens now and then, rings of
 * packets for media.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/mailbox.h"
#include "base/pool.h"
#include "sfu/registry.h"

typedef struct SfuMesh SfuMesh;
typedef struct SfuMail SfuMail;
typedef struct SfuWorker SfuWorker;

/** SfuMail: the first member of what is sent to a worker. @fn: on the worker's thread; @free: afterwards, or when it could not
 *  be delivered: any thread */
struct SfuMail {
  void (*fn) (SfuMail *mail, SfuWorker *worker, int64_t now_us);
  void (*free) (SfuMail *mail);
};

/** SfuNews: the first member of what is sent to the main thread. @fn: there, with the mesh's user */
typedef struct SfuNews SfuNews;
struct SfuNews {
  void (*fn) (SfuNews *news, void *user);
  void (*free) (SfuNews *news);
};

/** SFU_WORKERS_MAX: bits of the masks that say which workers want a packet. */
#define SFU_WORKERS_MAX 64

/** sfu_mesh_new: @n: workers, 1 to SFU_WORKERS_MAX. Returns: (transfer full) (nullable): NULL with G_IO_ERROR. */
SfuMesh *sfu_mesh_new (unsigned n, GError **error);
/** sfu_mesh_free: after its workers. NULL is allowed. */
void sfu_mesh_free (SfuMesh *mesh);
unsigned sfu_mesh_get_n (const SfuMesh *mesh);
SfuRegistry *sfu_mesh_get_registry (SfuMesh *mesh);
/** sfu_mesh_get_box, _get_main_box: Returns: (transfer none): for their readers. */
AlMailbox *sfu_mesh_get_box (SfuMesh *mesh, unsigned worker);
AlMailbox *sfu_mesh_get_main_box (SfuMesh *mesh);

/** sfu_mesh_post: @mail: (transfer full). Any thread. Returns: false: the box is full, the mail is freed. */
bool sfu_mesh_post (SfuMesh *mesh, unsigned worker, SfuMail *mail);
/** sfu_mesh_order: as sfu_mesh_post(), but never lost: what finds the box full waits here, in its order, for sfu_mesh_retry().
 *  Main thread. */
void sfu_mesh_order (SfuMesh *mesh, unsigned worker, SfuMail *mail);
/** sfu_mesh_retry: Returns: do orders still wait. Main thread. */
bool sfu_mesh_retry (SfuMesh *mesh);
/** sfu_mesh_get_n_waiting: Returns: how many orders wait. Main thread. */
unsigned sfu_mesh_get_n_waiting (const SfuMesh *mesh);
/** SFU_ORDERS_MAX: orders that wait for one worker, beyond which nobody new is let in. */
#define SFU_ORDERS_MAX 16384
/** sfu_mesh_is_behind: Returns: do SFU_ORDERS_MAX orders wait for a worker. Main thread. */
bool sfu_mesh_is_behind (const SfuMesh *mesh);
/** sfu_mesh_get_n_refused: Returns: mail to @worker that found its box full; news to the main thread are worker 0's. Any
 *  thread. */
uint64_t sfu_mesh_get_n_refused (const SfuMesh *mesh, unsigned worker);
/** sfu_mesh_tell_main: @news: (transfer full). Any thread. */
bool sfu_mesh_tell_main (SfuMesh *mesh, SfuNews *news);

/** sfu_mesh_push: a packet on its way from one worker to another, which hears of it by sfu_mesh_ring() at the latest.
 *  @pkt: (transfer full). Thread of @from. Returns: false: the ring is full, and the packet dropped. */
bool sfu_mesh_push (SfuMesh *mesh, unsigned from, unsigned to, AlPkt *pkt);
/** sfu_mesh_ring: wakes all workers that something was pushed to since the last call. Thread of @from. */
void sfu_mesh_ring (SfuMesh *mesh, unsigned from);
/** sfu_mesh_pop: @ret_pkts: (transfer full): room for @max. Thread of @to. Returns: how many, 0: none are left. */
unsigned sfu_mesh_pop (SfuMesh *mesh, unsigned from, unsigned to, AlPkt **ret_pkts, unsigned max);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfuMesh, sfu_mesh_free)
