/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/pacer.h"

#include <glib.h>

#define TICK_US INT64_C (5000)
#define FRAME_US INT64_C (40000)
#define FRAME_BYTES 12000
#define OWED_US INT64_C (100000) /* audio may owe no more than this: it is not what congests a path */

void
sfu_pacer_init (SfuPacer *pacer, SfuPacerDropFn drop, void *user)
{
  /* what the queues hold is written before it is read */
  pacer->drop = drop;
  pacer->user = user;
  pacer->pacing_bps = pacer->burst_bytes = pacer->waiting_bytes = 0;
  pacer->tokens = 0;
  pacer->filled_us = 0;
  pacer->n_dropped = 0;
  pacer->was_rtx = false;
  for (unsigned i = 0; i < G_N_ELEMENTS (pacer->queues); i++)
    pacer->queues[i] = (SfuPacerQueue){ 0 };
  sfu_pacer_set_rate (pacer, (uint32_t) (2.5 * SFU_START_BPS), SFU_START_BPS, 0);
  pacer->tokens = pacer->burst_bytes;
}

static SfuPacerItem *
get_items (SfuPacer *pacer, unsigned kind, unsigned *ret_size)
{
  *ret_size = kind == SFU_SEND_AUDIO ? SFU_PACER_AUDIO : kind == SFU_SEND_RTX ? SFU_PACER_RTX : SFU_PACER_VIDEO;
  return kind == SFU_SEND_AUDIO ? pacer->audio : kind == SFU_SEND_RTX ? pacer->rtx : pacer->video;
}

static SfuPacerItem *
get_item (SfuPacer *pacer, unsigned kind, unsigned i)
{
  unsigned size;
  SfuPacerItem *items = get_items (pacer, kind, &size);

  return &items[(pacer->queues[kind].head + i) & (size - 1)];
}

static void
take_head (SfuPacer *pacer, unsigned kind)
{
  SfuPacerQueue *queue = &pacer->queues[kind];

  if (kind != SFU_SEND_AUDIO)
    pacer->waiting_bytes -= get_item (pacer, kind, 0)->bytes;
  queue->head++;
  if (--queue->n == 0)
    queue->head = 0;
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
  if (kept == 0)
    queue->head = 0;
}

void
sfu_pacer_clear (SfuPacer *pacer)
{
  for (unsigned kind = 0; kind < G_N_ELEMENTS (pacer->queues); kind++)
    drop_some (pacer, kind, UINT16_MAX, false);
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
  unsigned size;
  SfuPacerQueue *queue;
  SfuPacerItem *items, *place;

  g_return_val_if_fail (item->kind < SFU_SEND_PADDING, false);
  queue = &pacer->queues[item->kind];
  items = get_items (pacer, item->kind, &size);
  if (queue->n == size)
    return false;
  place = &items[(queue->head + queue->n++) & (size - 1)];
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
