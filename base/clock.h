/* SPDX-License-Identifier: Apache-2.0 */
/* The two clocks. State machines take `now_us` as a parameter; these are for the thin parts that feed them. Any thread. */
#pragma once

#include <stdint.h>

/** al_clock_now_us: Returns: CLOCK_MONOTONIC in microseconds. For deadlines and durations. */
int64_t al_clock_now_us (void);
/** al_clock_wall_ms: Returns: milliseconds since the epoch (UTC). For what is stored and shown; may jump. */
int64_t al_clock_wall_ms (void);
