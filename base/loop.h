/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop of front and worker threads: epoll, one timer wheel, mailboxes, end-of-turn hooks. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/mailbox.h"
#include "base/timer.h"

typedef struct AlLoop AlLoop;
typedef struct AlWatch AlWatch;
typedef struct AlDefer AlDefer;

/** AlWatchFn: @events: the EPOLL bits that are ready. The watch may be removed (and its owner freed) inside. */
typedef void (*AlWatchFn) (AlWatch *watch, uint32_t events, void *user);

/** AlWatch: one fd in a loop; embed it in its owner. The fd stays the owner's. */
struct AlWatch {
  int fd;
  AlWatchFn fn;
  void *user;
  /*< private >*/
  uint32_t events;
  AlLoop *loop;
};

/**
 * AlDefer: work to be done once at the end of the turn (flush a batch, free an object that is in use); embed it, zeroed
 * but for fn and user. It has left the queue when fn runs, so fn may queue it again or free its owner.
 */
struct AlDefer {
  void (*fn) (AlDefer *defer, void *user);
  void *user;
  /*< private >*/
  AlDefer *next, **pprev;
  AlLoop *loop;
  bool queued;
};

/**
 * al_loop_new:
 * @name: at most 15 characters; the thread's name and the label in logs and metrics
 *
 * Returns: (transfer full) (nullable): the loop, or NULL with G_IO_ERROR.
 */
AlLoop *al_loop_new (const char *name, GError **error);
/** al_loop_free: NULL is allowed. It must not run; watches, timers and defers still in it are forgotten, not called. */
void al_loop_free (AlLoop *loop);
const char *al_loop_get_name (const AlLoop *loop);

/**
 * al_loop_run: runs turns on this thread, which takes the loop's name, until al_loop_quit().
 *
 * A turn is: wait, read the clock, call the watches that are ready, fire the timers that are due, run the defers.
 * A quit that came before the run ends it after its first turn.
 */
void al_loop_run (AlLoop *loop);
/** al_loop_iterate: one turn, waiting at most @timeout_ms (-1: until something happens). For tests and embedding. */
void al_loop_iterate (AlLoop *loop, int timeout_ms);
/** al_loop_quit: makes al_loop_run() return after its turn. Any thread. */
void al_loop_quit (AlLoop *loop);

/** al_loop_is_current: Returns: true on the loop's thread, and on any while the loop does not run. Any thread. */
bool al_loop_is_current (const AlLoop *loop);

/** al_loop_now_us: Returns: the monotonic time read once at the start of this turn. Loop's thread. */
int64_t al_loop_now_us (const AlLoop *loop);
/** al_loop_get_turn: Returns: a number that grows by one each turn, for budgets per turn. Loop's thread. */
uint64_t al_loop_get_turn (const AlLoop *loop);
/** al_loop_get_timers: Returns: (transfer none): the loop's wheel. Loop's thread. */
AlTimerWheel *al_loop_get_timers (AlLoop *loop);
/** al_loop_skip_us: moves this loop's clock ahead of the system's: tests of deadlines need not wait for them. */
void al_loop_skip_us (AlLoop *loop, int64_t us);
/** al_loop_get_scratch: Returns: (transfer none): 64 KiB that a callback may use until it returns. Loop's thread. */
uint8_t *al_loop_get_scratch (AlLoop *loop);
#define AL_LOOP_SCRATCH 65536

/** al_loop_watch: adds @watch (fd, fn and user filled in), level-triggered. Loop's thread, or before it runs. */
bool al_loop_watch (AlLoop *loop, AlWatch *watch, uint32_t events, GError **error);
/** al_watch_modify: sets the events waited for; 0 keeps the fd registered but silent, except for EPOLLERR and EPOLLHUP,
 *  which epoll always reports. Cheap when unchanged. */
void al_watch_modify (AlWatch *watch, uint32_t events);
/** al_watch_remove: takes the watch out; events already fetched in this turn are not delivered. Before close(). Nothing
 *  happens when it is in no loop. */
void al_watch_remove (AlWatch *watch);

/** al_loop_defer: queues @defer for the end of this turn; once, however often it is asked for. What defers themselves
 *  defer still runs in this turn, up to 16 rounds; more waits for the next turn, which then comes at once. */
void al_loop_defer (AlLoop *loop, AlDefer *defer);
/** al_defer_cancel: takes it out of the queue; nothing happens when it is not in one. O(1). Loop's thread. */
void al_defer_cancel (AlDefer *defer);

/** al_loop_add_mailbox: drains @box (transfer none) on this loop, at most 1,024 messages a turn, until it is removed or
 *  the loop is freed. */
bool al_loop_add_mailbox (AlLoop *loop, AlMailbox *box, AlMailFn fn, void *user, GError **error);
/** al_loop_remove_mailbox: before @box is freed while the loop lives on. Inside its own callback it may be removed,
 *  but not yet freed. */
void al_loop_remove_mailbox (AlLoop *loop, AlMailbox *box);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlLoop, al_loop_free)
