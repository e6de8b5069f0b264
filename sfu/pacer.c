/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/pacer.h"

#include <glib.h>

_Static_assert (sizeof (SfuPacerItem) == 32, "SfuPacerItem is compact");

#define TICK_US INT64_C (5000)
#define FRAME_US INT64_C (40000)
#define FRAME_BYTES 12000
#define SIZE_FIRST 16
#define OWED_US INT64_C (100000) /* audio may owe no more than this: it is not what congests a path */

void
sfu_pacer_init (SfuPacer *pacer, SfuPacerDropFn drop, void *user)
{
  *pacer = (SfuPacer){ .drop = drop, .user = user };
  sfu_pacer_set_rate (pacer, (uint32_t) (2.5 * SFU_START_BPS), SFU_START_BPS, 0);
  pacer->tokens = pacer->burst_bytes;
}

static SfuPacerItem *
get_item (SfuPacer *pacer, unsigned kind, unsigned i)
{
  SfuPacerQueue *queue = &pacer->queues[kind];

  return &queue->items[(queue->head + i) & (queue->size - 1)];
}

/* Returns: is there room for one more. */
static bool
make_room (SfuPacerQueue *queue, unsigned most)
{
  SfuPacerItem *items;
  unsigned size = queue->size == 0 ? SIZE_FIRST : 2u * queue->size;

  if (queue->n < queue->size)
    return true;
  if (queue->size >= most)
    return false;
  items = g_new (SfuPacerItem, size);
  for (unsigned i = 0; i < queue->n; i++)
    items[i] = queue->items[(queue->head + i) & (queue->size - 1)];
  g_free (queue->items);
  *queue = (SfuPacerQueue){ .items = items, .n = queue->n, .size = (uint16_t) size };
  return true;
}

static void
take_head (SfuPacer *pacer, unsigned kind)
{
  SfuPacerQueue *queue = &pacer->queues[kind];

  if (kind != SFU_SEND_AUDIO)
    pacer->waiting_bytes -= get_item (pacer, kind, 0)->bytes;
  queue->head++;
  queue->n--;
}

/* Drops those of @slot (all with @slot UINT16_MAX, a slot that is not used) up to the next keyframe, which stays, if
 * @to_keyframe, and keeps the order of the others. */
static void
drop_some (SfuPacer *pacer, unsigned kind, unsigned slot, bool to_keyframe)
{
  SfuPacerQueue *queue = &pacer->queues[kind];
  unsigned n = queue->n, kept = 0;
  uint32_t frame = n > 0 ? get_item (pacer, kind, 0)->frame : 0;
  bool dropping = true;

  for (unsigned i = 0; i < n; i++)
    {
      SfuPacerItem item = *get_item (pacer, kind, i);

      if (item.slot == slot && to_keyframe && item.keyframe && item.frame != frame)
        dropping = false;
      if (dropping && (item.slot == slot || slot == UINT16_MAX))
        {
          if (kind != SFU_SEND_AUDIO)
            pacer->waiting_bytes -= item.bytes;
          pacer->n_dropped++;
          pacer->drop (&item, pacer->user);
        }
      else
        *get_item (pacer, kind, kept++) = item;
    }
  queue->n = (uint16_t) kept;
}

void
sfu_pacer_clear (SfuPacer *pacer)
{
  for (unsigned kind = 0; kind < G_N_ELEMENTS (pacer->queues); kind++)
    drop_some (pacer, kind, UINT16_MAX, false);
}

void
sfu_pacer_finish (SfuPacer *pacer)
{
  sfu_pacer_clear (pacer);
  for (unsigned kind = 0; kind < G_N_ELEMENTS (pacer->queues); kind++)
    {
      g_free (pacer->queues[kind].items);
      pacer->queues[kind] = (SfuPacerQueue){ 0 };
    }
}

void
sfu_pacer_drop_slot (SfuPacer *pacer, uint16_t slot)
{
  for (unsigned kind = 0; kind < G_N_ELEMENTS (pacer->queues); kind++)
    drop_some (pacer, kind, slot, false);
}

static double
bytes_in (uint32_t bps, int64_t us)
{
  return (double) bps * (double) us / 8e6;
}

static void
fill (SfuPacer *pacer, int64_t now_us)
{
  if (now_us <= pacer->filled_us)
    return;
  pacer->tokens = MIN (pacer->tokens + bytes_in (pacer->pacing_bps, now_us - pacer->filled_us), pacer->burst_bytes);
  pacer->filled_us = now_us;
}

void
sfu_pacer_set_rate (SfuPacer *pacer, uint32_t pacing_bps, uint32_t estimate_bps, int64_t now_us)
{
  double frame_bytes = MIN (bytes_in (estimate_bps, FRAME_US), FRAME_BYTES);

  fill (pacer, now_us);
  pacer->pacing_bps = MAX (pacing_bps, 1000);
  /* held back, it saves nothing up */
  pacer->burst_bytes = (uint32_t) MAX (bytes_in (pacing_bps, TICK_US), pacing_bps > estimate_bps ? frame_bytes : 0);
  pacer->tokens = MIN (pacer->tokens, pacer->burst_bytes);
}

/* The first that waits has waited too long: it goes, and with it what cannot be decoded without it. */
static void
drop_old (SfuPacer *pacer, int64_t now_us)
{
  while (pacer->queues[SFU_SEND_RTX].n > 0 && now_us - get_item (pacer, SFU_SEND_RTX, 0)->queued_us > SFU_PACER_WAIT_US)
    {
      SfuPacerItem item = *get_item (pacer, SFU_SEND_RTX, 0);

      take_head (pacer, SFU_SEND_RTX);
      pacer->n_dropped++;
      pacer->drop (&item, pacer->user);
    }
  while (pacer->queues[SFU_SEND_MEDIA].n > 0 &&
         now_us - get_item (pacer, SFU_SEND_MEDIA, 0)->queued_us > SFU_PACER_WAIT_US)
    drop_some (pacer, SFU_SEND_MEDIA, get_item (pacer, SFU_SEND_MEDIA, 0)->slot, true);
}

bool
sfu_pacer_push (SfuPacer *pacer, const SfuPacerItem *item, int64_t now_us)
{
  static const uint16_t most[] = { [SFU_SEND_AUDIO] = SFU_PACER_AUDIO, [SFU_SEND_RTX] = SFU_PACER_RTX,
                                   [SFU_SEND_MEDIA] = SFU_PACER_VIDEO };
  SfuPacerItem *place;

  g_return_val_if_fail (item->kind < SFU_SEND_PADDING, false);
  if (!make_room (&pacer->queues[item->kind], most[item->kind]))
    return false;
  place = get_item (pacer, item->kind, pacer->queues[item->kind].n++);
  *place = *item;
  place->queued_us = now_us;
  if (item->kind != SFU_SEND_AUDIO)
    pacer->waiting_bytes += item->bytes;
  return true;
}

void
sfu_pacer_spend (SfuPacer *pacer, uint32_t bytes, int64_t now_us)
{
  fill (pacer, now_us);
  pacer->tokens = MAX (pacer->tokens - bytes, -bytes_in (pacer->pacing_bps, OWED_US));
}

bool
sfu_pacer_pop (SfuPacer *pacer, int64_t now_us, SfuPacerItem *ret_item)
{
  unsigned kind = SFU_SEND_AUDIO;

  fill (pacer, now_us);
  if (pacer->queues[SFU_SEND_AUDIO].n == 0)
    {
      drop_old (pacer, now_us);
      if (pacer->tokens <= 0)
        return false;
      kind = SFU_SEND_MEDIA;
      if (pacer->queues[SFU_SEND_RTX].n > 0 && !(pacer->was_rtx && pacer->queues[SFU_SEND_MEDIA].n > 0))
        kind = SFU_SEND_RTX;
      pacer->was_rtx = kind == SFU_SEND_RTX;
    }
  if (pacer->queues[kind].n == 0)
    return false;
  *ret_item = *get_item (pacer, kind, 0);
  take_head (pacer, kind);
  sfu_pacer_spend (pacer, ret_item->bytes, now_us);
  return true;
}

int64_t
sfu_pacer_get_deadline (const SfuPacer *pacer)
{
  if (pacer->queues[SFU_SEND_AUDIO].n > 0)
    return pacer->filled_us;
  if (pacer->queues[SFU_SEND_RTX].n == 0 && pacer->queues[SFU_SEND_MEDIA].n == 0)
    return INT64_MAX;
  if (pacer->tokens > 0)
    return pacer->filled_us;
  return pacer->filled_us + (int64_t) (-pacer->tokens * 8e6 / pacer->pacing_bps) + 1;
}

uint32_t
sfu_pacer_get_queue_ms (const SfuPacer *pacer)
{
  return (uint32_t) ((uint64_t) pacer->waiting_bytes * 8000 / pacer->pacing_bps);
}

unsigned
sfu_pacer_count (const SfuPacer *pacer)
{
  unsigned n = 0;

  for (unsigned kind = 0; kind < G_N_ELEMENTS (pacer->queues); kind++)
    n += pacer->queues[kind].n;
  return n;
}
