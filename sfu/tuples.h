/* SPDX-License-Identifier: Apache-2.0 */
/* Which leg a datagram belongs to, by the address it came from: DTLS and SRTP carry nothing else to tell. One thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/addr.h"

typedef struct SfuTuples SfuTuples;

/** SfuTuple: what an address stands for. @worker: whose it is, SFU_NOBODY: nobody has nominated the leg yet; @leg: (nullable)
 *  there, when that is this one. */
typedef struct {
  AlAddr remote;
  unsigned worker;
  void *leg;
  int64_t used_us; /* when a check came from there last: anything else anybody may send */
} SfuTuple;

SfuTuples *sfu_tuples_new (void);
/** sfu_tuples_free: NULL is allowed. */
void sfu_tuples_free (SfuTuples *tuples);
/** sfu_tuples_find: Returns: (transfer none) (nullable): until the table is changed. */
SfuTuple *sfu_tuples_find (SfuTuples *tuples, const AlAddr *remote);
/** SFU_TUPLES_MAX: addresses in the table. SFU_TUPLE_HELD_US: for so long an address stays with who was heard by it. */
#define SFU_TUPLES_MAX 131072
#define SFU_TUPLE_HELD_US INT64_C (15000000)

/** sfu_tuples_may_set: Returns: false: the table is full, or the address is somebody else's who was heard there lately: who
 *  has a leg of his own could else name another's address by a forged check, and take its media away. */
bool sfu_tuples_may_set (SfuTuples *tuples, const AlAddr *remote, unsigned worker, const void *leg, int64_t now_us);
/** sfu_tuples_set: in place of what it stood for before. */
void sfu_tuples_set (SfuTuples *tuples, const AlAddr *remote, unsigned worker, void *leg, int64_t now_us);
/** sfu_tuples_remove: when it stands for @leg still. */
void sfu_tuples_remove (SfuTuples *tuples, const AlAddr *remote, const void *leg);
/** sfu_tuples_expire: addresses of other workers' and nobody's legs from which no check came since @before_us. */
void sfu_tuples_expire (SfuTuples *tuples, int64_t before_us);
unsigned sfu_tuples_get_n (const SfuTuples *tuples);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfuTuples, sfu_tuples_free)
