/* SPDX-License-Identifier: Apache-2.0 */
/* A hierarchical timer wheel: O(1) set and cancel, no allocation, no clock of its own. One thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct AlTimer AlTimer;
typedef struct AlTimerWheel AlTimerWheel;

/** AlTimerFn: @timer has left the wheel and may be set again or freed. */
typedef void (*AlTimerFn) (AlTimer *timer, void *user);

/**
 * AlTimer: embed in the owner's struct, al_timer_init() once, al_timer_cancel() before the owner is freed.
 */
struct AlTimer {
  /*< private >*/
  AlTimer *next, **pprev;
  int64_t deadline_us;
  /* passed in, not owned */
  AlTimerFn fn;
  void *user;
};

void al_timer_init (AlTimer *timer, AlTimerFn fn, void *user);

/** al_timer_is_set: Returns: true while it waits in a wheel. */
bool al_timer_is_set (const AlTimer *timer);

/** al_timer_cancel: takes it out of its wheel; nothing happens when it is not in one. O(1). */
void al_timer_cancel (AlTimer *timer);

/** al_timer_wheel_new: @now_us: where its time begins, on the monotonic clock. Resolution 1 ms, range over 49 days. */
AlTimerWheel *al_timer_wheel_new (int64_t now_us);
/** al_timer_wheel_free: timers that still wait are left unset. NULL is allowed. */
void al_timer_wheel_free (AlTimerWheel *wheel);

/**
 * al_timer_set:
 * @deadline_us: absolute monotonic time; a past one fires at the next advance
 *
 * Sets or moves @timer. It never fires before its deadline and, if advance is called often enough, at most 1 ms late.
 * Set inside a callback, it does not fire in the advance that runs, even if its deadline has passed. O(1).
 */
void al_timer_set (AlTimerWheel *wheel, AlTimer *timer, int64_t deadline_us);

/** al_timer_wheel_advance: fires what is due at @now_us, in order of deadline to the millisecond, within one millisecond
 *  in the order of setting; those whose deadline had passed when they were set come first. A @now_us before that of an
 *  earlier call counts as that one. Not from inside a callback. Returns: how many fired. */
unsigned al_timer_wheel_advance (AlTimerWheel *wheel, int64_t now_us);

/** al_timer_wheel_next_us: Returns: when to advance next, a whole millisecond: at most the earliest deadline rounded up
 *  (may be early, never later than that), INT64_MAX when empty. */
int64_t al_timer_wheel_next_us (const AlTimerWheel *wheel);
