/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nine levels of 64 slots; a tick is 1 ms, and 9 * 6 bits hold every int64 of microseconds, so no deadline is too far.
 *
 * A timer lies on the level of the highest group of six bits in which its tick differs from the wheel's tick, in the slot
 * of that group's value. All timers of a level are therefore due before all of the next one, slots of a level are due in
 * order, and a slot never wraps. When the tick reaches the start of a slot above level 0, its timers move down.
 *
 * al_timer_cancel() does not know the wheel, so a bit of an occupancy map may outlive its slot's last timer; it is
 * cleared when the tick gets there.
 */
#include "base/timer.h"

#include <glib.h>

#define LEVELS 9
#define BITS 6
#define SLOTS (1u << BITS)

typedef struct {
  uint64_t occupied;
  AlTimer *slots[SLOTS];
} Level;

struct AlTimerWheel {
  uint64_t tick;   /* everything before has been handed out or lies in `due` */
  uint64_t target; /* what the advance now running goes to; equal to tick otherwise */
  bool advancing;
  AlTimer *due;    /* past when it was set; newest first */
  AlTimer *firing;
  Level levels[LEVELS];
};

static void
list_push (AlTimer **head, AlTimer *timer)
{
  timer->next = *head;
  timer->pprev = head;
  if (timer->next != NULL)
    timer->next->pprev = &timer->next;
  *head = timer;
}

static void
list_remove (AlTimer *timer)
{
  *timer->pprev = timer->next;
  if (timer->next != NULL)
    timer->next->pprev = timer->pprev;
  timer->next = NULL;
  timer->pprev = NULL;
}

static AlTimer *
list_pop (AlTimer **head)
{
  AlTimer *timer = *head;

  if (timer != NULL)
    list_remove (timer);
  return timer;
}

/* Slots are stacks; turning them over keeps the order in which timers of one millisecond were set. */
static void
list_reverse_into (AlTimer **from, AlTimer **to)
{
  AlTimer *timer;

  while ((timer = list_pop (from)) != NULL)
    list_push (to, timer);
}

static uint64_t
tick_floor (int64_t us)
{
  return us <= 0 ? 0 : (uint64_t) us / 1000;
}

static uint64_t
tick_ceil (int64_t us)
{
  return us <= 0 ? 0 : (uint64_t) us / 1000 + ((uint64_t) us % 1000 != 0);
}

static void
wheel_insert (AlTimerWheel *wheel, AlTimer *timer)
{
  uint64_t tick = tick_ceil (timer->deadline_us);
  unsigned level, slot;

  g_assert (tick > wheel->tick);
  level = (63u - (unsigned) __builtin_clzll (tick ^ wheel->tick)) / BITS;
  slot = (unsigned) (tick >> (level * BITS)) & (SLOTS - 1);
  list_push (&wheel->levels[level].slots[slot], timer);
  wheel->levels[level].occupied |= UINT64_C (1) << slot;
}

/* When the slot begins: its group's value on top of the tick's higher groups. */
static uint64_t
slot_tick (const AlTimerWheel *wheel, unsigned level, unsigned slot)
{
  unsigned above = (level + 1) * BITS;

  return (wheel->tick >> above << above) | (uint64_t) slot << (level * BITS);
}

void
al_timer_init (AlTimer *timer, AlTimerFn fn, void *user)
{
  *timer = (AlTimer){ .fn = fn, .user = user };
}

bool
al_timer_is_set (const AlTimer *timer)
{
  return timer->pprev != NULL;
}

void
al_timer_cancel (AlTimer *timer)
{
  if (timer->pprev != NULL)
    list_remove (timer);
}

AlTimerWheel *
al_timer_wheel_new (int64_t now_us)
{
  AlTimerWheel *wheel = g_new0 (AlTimerWheel, 1);

  wheel->tick = wheel->target = tick_floor (now_us);
  return wheel;
}

void
al_timer_wheel_free (AlTimerWheel *wheel)
{
  if (wheel == NULL)
    return;
  g_assert (!wheel->advancing);
  /* their owners may outlive the wheel: leave them unset, not dangling */
  while (list_pop (&wheel->due) != NULL)
    ;
  for (unsigned level = 0; level < LEVELS; level++)
    for (unsigned slot = 0; slot < SLOTS; slot++)
      while (list_pop (&wheel->levels[level].slots[slot]) != NULL)
        ;
  g_free (wheel);
}

void
al_timer_set (AlTimerWheel *wheel, AlTimer *timer, int64_t deadline_us)
{
  al_timer_cancel (timer);
  timer->deadline_us = deadline_us;
  if (tick_ceil (deadline_us) <= wheel->target)
    list_push (&wheel->due, timer);
  else
    wheel_insert (wheel, timer);
}

static unsigned
wheel_fire (AlTimerWheel *wheel, AlTimer **list)
{
  AlTimer *timer;
  unsigned n = 0;

  list_reverse_into (list, &wheel->firing);
  while ((timer = list_pop (&wheel->firing)) != NULL)
    {
      n++;
      timer->fn (timer, timer->user);
    }
  return n;
}

static void
wheel_cascade (AlTimerWheel *wheel, AlTimer **slot)
{
  AlTimer *ordered = NULL, *timer;

  list_reverse_into (slot, &ordered);
  while ((timer = list_pop (&ordered)) != NULL)
    {
      if (tick_ceil (timer->deadline_us) == wheel->tick)
        {
          /* on the slot's first tick: level 0 of this very tick, fired next */
          list_push (&wheel->levels[0].slots[wheel->tick & (SLOTS - 1)], timer);
          wheel->levels[0].occupied |= UINT64_C (1) << (wheel->tick & (SLOTS - 1));
        }
      else
        wheel_insert (wheel, timer);
    }
}

/* Handles the earliest occupied slot that begins at or before the target. Returns: false when there is none. */
static bool
wheel_step (AlTimerWheel *wheel, unsigned *fired)
{
  for (unsigned i = 0; i < LEVELS; i++)
    {
      Level *level = &wheel->levels[i];
      unsigned slot;
      uint64_t tick;

      if (level->occupied == 0)
        continue;
      slot = (unsigned) __builtin_ctzll (level->occupied);
      tick = slot_tick (wheel, i, slot);
      if (tick > wheel->target)
        return false;
      level->occupied &= ~(UINT64_C (1) << slot);
      wheel->tick = tick;
      if (i == 0)
        *fired += wheel_fire (wheel, &level->slots[slot]);
      else
        wheel_cascade (wheel, &level->slots[slot]);
      return true;
    }
  return false;
}

unsigned
al_timer_wheel_advance (AlTimerWheel *wheel, int64_t now_us)
{
  unsigned fired;

  g_assert (!wheel->advancing);
  wheel->advancing = true;
  wheel->target = MAX (wheel->tick, tick_floor (now_us));
  fired = wheel_fire (wheel, &wheel->due);
  while (wheel_step (wheel, &fired))
    ;
  wheel->tick = wheel->target;
  wheel->advancing = false;
  return fired;
}

int64_t
al_timer_wheel_next_us (const AlTimerWheel *wheel)
{
  if (wheel->due != NULL)
    return (int64_t) (wheel->tick * 1000);
  for (unsigned i = 0; i < LEVELS; i++)
    for (uint64_t bits = wheel->levels[i].occupied; bits != 0; bits &= bits - 1)
      {
        unsigned slot = (unsigned) __builtin_ctzll (bits);

        if (wheel->levels[i].slots[slot] == NULL)
          continue;
        /* the last tick's end lies beyond int64 microseconds */
        return (int64_t) MIN (slot_tick (wheel, i, slot), (uint64_t) INT64_MAX / 1000) * 1000;
      }
  return INT64_MAX;
}
