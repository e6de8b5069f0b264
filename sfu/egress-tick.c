/* SPDX-License-Identifier: Apache-2.0 */
/* Ten times a second, and when something changes: which layer each slot of a subscriber gets. */
#include <string.h>

#include "sfu/egress-private.h"
#include "sfu/news.h"

#define RATES_US (1000 * 1000)
#define FIRST_BPS 1000000
#define FIRST_MOST_BPS 3000000
#define AUDIO_BPS 40000 /* of a voice, headers and all */

static bool
is_wanted (const SfuLegSetup *setup, uint64_t track, SfuDemand *demand)
{
  if (setup->n_wants == 0)
    return true;
  for (unsigned i = 0; i < setup->n_wants; i++)
    if (setup->wants[i].track == track)
      {
        demand->width = setup->wants[i].width;
        demand->height = setup->wants[i].height;
        demand->priority = setup->wants[i].priority;
        return true;
      }
  return false;
}

/* AV1 itself does not tell a receiver that has no dependency descriptor which frames are of one picture */
static bool
can_tell_layers (const SfuOut *out)
{
  return out->track->facts.codec != SFU_CODEC_AV1
         || out->leg->setup->lanes[out->lane].exts.id[SFU_EXT_DEPENDENCY] != 0;
}

/* who speaks comes before who listens, a screen before both */
static void
make_demand (const SfuOut *out, SfuDemand *demand)
{
  const SfuTrack *track = out->track;

  memset (demand, 0, sizeof *demand);
  if (track == NULL || track->muted)
    return;
  demand->key = track->id;
  demand->screen = track->source == SFU_SOURCE_SCREEN;
  demand->priority = demand->screen ? 2 : 1;
  demand->hidden = !is_wanted (out->leg->setup, track->id, demand);
  demand->n_encodings = track->facts.n_encodings;
  memcpy (demand->encodings, track->facts.encodings, sizeof demand->encodings);
  if (track->facts.spatial && !can_tell_layers (out))
    demand->n_encodings = 1;
}

static void
apply (SfuOut *out, const SfuDemand *demand, const SfuChoice *choice, int64_t now_us)
{
  uint8_t needed = sfu_demand_get_layers (demand);
  unsigned spatial = SFU_SPATIAL_MAX - 1, temporal = choice->temporal < 0 ? 0u : (unsigned) choice->temporal;
  int layer = choice->layer;

  out->choice = *choice;
  if (out->track == NULL)
    return;
  if (out->track->facts.spatial && layer >= 0)
    {
      spatial = (unsigned) layer;
      layer = 0;
    }
  if (out->track->facts.spatial)
    needed = needed != 0;
  sfu_slot_set_target (&out->slot, layer, spatial, temporal);
  if (layer >= 0)
    needed |= (uint8_t) (1u << layer);
  if (out->slot.layer >= 0)
    needed |= (uint8_t) (1u << out->slot.layer);
  if (needed != out->needed)
    {
      out->needed = needed;
      sfu_track_tell_needed (out->track, now_us);
    }
  sfu_egress_ask_keyframe (out, now_us);
}

static void
tell_begun (SfuLeg *leg)
{
  SfuSlotInfo infos[SFU_SLOTS_MAX];
  unsigned n = 0;

  for (unsigned i = 0; i < leg->egress->n_outs && n < SFU_SLOTS_MAX; i++)
    {
      SfuOut *out = &leg->egress->outs[i];

      if (out->track == NULL || out->told_begun || !out->slot.begun)
        continue;
      out->told_begun = true;
      infos[n] = (SfuSlotInfo){ .kind = out->slot.kind, .track = out->track->id, .rtp = out->slot.first_rtp };
      (void) g_strlcpy (infos[n].mid, leg->setup->lanes[out->lane].mid, sizeof infos[n].mid);
      n++;
    }
  if (n > 0)
    sfu_news_slots (leg->worker->config.mesh, leg->setup->room, leg->setup->peer, infos, n);
}

static void
measure (SfuLeg *leg, int64_t now_us)
{
  SfuEgress *egress = leg->egress;
  int64_t elapsed_us = now_us - egress->rates_us;

  if (elapsed_us < RATES_US)
    return;
  egress->rates_us = now_us;
  egress->sending_bps = (uint32_t) ((leg->tx_bytes - egress->sent_before) * 8 * G_USEC_PER_SEC / (uint64_t) elapsed_us);
  egress->sent_before = leg->tx_bytes;
  for (unsigned i = 0; i < egress->n_outs; i++)
    {
      SfuOut *out = &egress->outs[i];

      out->bps = (uint32_t) ((out->slot.bytes - out->bytes_before) * 8 * G_USEC_PER_SEC / (uint64_t) elapsed_us);
      out->bytes_before = out->slot.bytes;
      sfu_slot_make_room (&out->slot, out->slot.pkts - out->pkts_before);
      out->pkts_before = out->slot.pkts;
    }
}

/* before anything is known of the path, the first pictures are worth a try, and one of a publisher who has but a large one;
 * feedback is there after 100 ms */
static uint32_t
get_budget (const SfuEgress *egress, const SfuDemand *demands, unsigned n)
{
  uint32_t budget_bps = sfu_send_side_get_estimate_bps (&egress->side), least_bps = UINT32_MAX;

  if (sfu_send_side_get_acked_bps (&egress->side) != 0)
    return budget_bps;
  for (unsigned i = 0; i < n; i++)
    for (unsigned j = 0; j < demands[i].n_encodings && !demands[i].hidden; j++)
      if (demands[i].encodings[j].active && demands[i].encodings[j].bps[0] > 0)
        least_bps = MIN (least_bps, demands[i].encodings[j].bps[0]);
  budget_bps = MAX (budget_bps, FIRST_BPS);
  return least_bps < FIRST_MOST_BPS ? MAX (budget_bps, least_bps) : budget_bps;
}

static void
allocate (SfuLeg *leg, int64_t now_us)
{
  SfuEgress *egress = leg->egress;
  SfuDemand demands[SFU_ALLOC_SLOTS_MAX];
  SfuAllocState states[SFU_ALLOC_SLOTS_MAX];
  SfuChoice choices[SFU_ALLOC_SLOTS_MAX];
  uint16_t at[SFU_ALLOC_SLOTS_MAX];
  uint32_t audio_bps = 0, estimate_bps;
  SfuAllocation allocation;
  unsigned n = 0;

  for (unsigned i = 0; i < egress->n_outs; i++)
    {
      SfuOut *out = &egress->outs[i];

      if (out->slot.kind == SFU_AUDIO)
        audio_bps += out->track != NULL ? AUDIO_BPS : 0;
      else if (n < SFU_ALLOC_SLOTS_MAX)
        {
          make_demand (out, &demands[n]);
          states[n] = out->alloc;
          at[n++] = (uint16_t) i;
        }
    }
  estimate_bps = get_budget (egress, demands, n) + (sfu_send_side_get_acked_bps (&egress->side) == 0 ? audio_bps : 0);
  allocation = sfu_allocate (demands, n, estimate_bps > audio_bps ? estimate_bps - audio_bps : 0, states, now_us, choices);
  if (sfu_egress_is_ready (leg, now_us))
    sfu_send_side_set_wanted (&egress->side, allocation.wanted_bps > 0 ? allocation.wanted_bps + audio_bps : 0, now_us);
  for (unsigned i = 0; i < n; i++)
    {
      egress->outs[at[i]].alloc = states[i];
      apply (&egress->outs[at[i]], &demands[i], &choices[i], now_us);
    }
}

void
sfu_egress_tick (SfuLeg *leg, int64_t now_us)
{
  sfu_send_side_make_room (&leg->egress->side);
  allocate (leg, now_us);
  measure (leg, now_us);
  tell_begun (leg);
  if (!sfu_egress_is_ready (leg, now_us))
    return;
  sfu_egress_send_reports (leg, now_us);
  sfu_egress_pump (leg, now_us);
}
