/* SPDX-License-Identifier: Apache-2.0 */
/* A token bucket in eight bytes (the generic cell rate algorithm): what a message costs, and until when reading pauses. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/** The limits of one connection: tokens a second, and how many may be spent at once. */
#define SIG_RATE_PER_S 200
#define SIG_RATE_BURST 400
/** One token each message, one more for each of these many bytes: 512 KiB cost 129, so 800 kB/s go on for ever. */
#define SIG_RATE_BYTES 4096
/** One more for each of these many JSON values: main pays for each, see AL_JSON_MAX_VALUES. */
#define SIG_RATE_VALUES 32

typedef struct {
  int64_t spent_until_us; /* when the bucket is full again; zero it to begin */
} SigRate;

/** sig_rate_spend: a message of @len bytes with @n_values in it came at @now_us. Returns: when the next one may be read:
 *  @now_us or later. */
int64_t sig_rate_spend (SigRate *rate, int64_t now_us, size_t len, uint32_t n_values);

/** SigRateCrowd: such a bucket for each client address, shared by all threads without a lock. */
typedef struct SigRateCrowd SigRateCrowd;

/** sig_rate_crowd_new: @per_s: tokens a second, SIG_RATE_BURST at once; 0: no limit. Returns: (transfer full) */
SigRateCrowd *sig_rate_crowd_new (unsigned per_s);
void sig_rate_crowd_free (SigRateCrowd *crowd);
/**
 * sig_rate_crowd_take:
 * @address: IPv6 counts by /64; one of neither family is not limited
 *
 * Takes what a message of @len bytes with @n_values costs, all or nothing. Any thread.
 *
 * Returns: 0 when it was taken, else the microseconds until it could be.
 */
int64_t sig_rate_crowd_take (SigRateCrowd *crowd, const AlAddr *address, int64_t now_us, size_t len, uint32_t n_values);
