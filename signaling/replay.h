/* SPDX-License-Identifier: Apache-2.0 */
/* The last notifications of one device, by number, within a bound of count and bytes. Empty, it owns no memory. One thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/** SigReplay: embed it, zeroed. Numbers are consecutive: those held are the last ones. */
typedef struct {
  /*< private >*/
  struct SigReplayEntry *entries; /* a ring of capacity slots */
  unsigned capacity, head, n;
  size_t bytes;
  uint64_t last_seq;              /* of the newest ever pushed, or where sig_replay_reset() put it */
} SigReplay;

/** sig_replay_clear: drops everything held; numbers go on. */
void sig_replay_clear (SigReplay *replay);
/** sig_replay_reset: drops everything and goes on behind @last_seq. */
void sig_replay_reset (SigReplay *replay, uint64_t last_seq);

/** sig_replay_get_last: Returns: the number of the newest notification, 0 before the first. */
uint64_t sig_replay_get_last (const SigReplay *replay);
/** sig_replay_push: @buf: (transfer none): referenced; its number is sig_replay_get_last() + 1. The oldest give way above
 *  @max_n and @max_bytes; one that is larger than @max_bytes alone is counted and not held. */
void sig_replay_push (SigReplay *replay, AlBuf *buf, int64_t now_us, unsigned max_n, size_t max_bytes);
/** sig_replay_expire: drops what was pushed before @before_us. */
void sig_replay_expire (SigReplay *replay, int64_t before_us);
/** sig_replay_drop: drops those up to @seq. Returns: whether nothing is held any more. */
bool sig_replay_drop (SigReplay *replay, uint64_t seq);
/** sig_replay_has_all: whether everything behind @seq is held (nothing may be behind it). False for a @seq of the future. */
bool sig_replay_has_all (const SigReplay *replay, uint64_t seq);
/** sig_replay_get: Returns: (transfer none) (nullable): the notification with that number. */
AlBuf *sig_replay_get (const SigReplay *replay, uint64_t seq);
bool sig_replay_is_empty (const SigReplay *replay);
/** sig_replay_get_bytes: Returns: what is held, for tests and metrics. */
size_t sig_replay_get_bytes (const SigReplay *replay);
