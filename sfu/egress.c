/* SPDX-License-Identifier: Apache-2.0 */
/* A subscriber: its slots, and the way of a packet through the pacer. */
#include "sfu/egress-private.h"

#include <string.h>

#include "base/random.h"

#define TICK_US (100 * 1000)
#define HISTORY_VIDEO 256
#define HISTORY_AUDIO 64
#define MIDS 50
#define ASK_AGAIN_US G_USEC_PER_SEC /* what was asked for has not come as far as here */
/* of a probe, in one turn */
#define PROBE_PKTS 64

static void
on_pace (AlTimer *timer, void *user)
{
  SfuLeg *leg = user;

  sfu_egress_pump (leg, al_loop_now_us (leg->worker->loop));
}

static void
on_tick (AlTimer *timer, void *user)
{
  SfuLeg *leg = user;
  AlLoop *loop = leg->worker->loop;

  sfu_egress_tick (leg, al_loop_now_us (loop));
  al_timer_set (al_loop_get_timers (loop), timer, al_loop_now_us (loop) + TICK_US);
}

static void
init_out (SfuLeg *leg, SfuOut *out, unsigned lane_index)
{
  const SfuLane *lane = &leg->setup->lanes[lane_index];
  uint16_t random[4];
  SfuSlotConfig config = {
    .kind = lane->kind,
    .ssrc = lane->ssrc,
    .rtx_ssrc = lane->rtx_ssrc,
    .history = lane->kind == SFU_VIDEO ? HISTORY_VIDEO : HISTORY_AUDIO,
    .red = sfu_payload_map_find (&leg->setup->payloads, SFU_CODEC_RED, 0) != NULL,
  };

  al_random_bytes (random, sizeof random);
  config.seq = random[0] & 0x7fff;
  config.rtx_seq = random[1] & 0x7fff;
  config.timestamp = (uint32_t) random[2] << 16 | random[3];
  out->leg = leg;
  out->lane = (uint16_t) lane_index;
  out->asked_layer = -1;
  out->mids_left = MIDS;
  sfu_slot_init (&out->slot, &config);
}

/* Returns: how many slots the setup has; no more of a kind than can be assigned. @ret_lanes: (nullable): of each */
static unsigned
list_lanes (const SfuLegSetup *setup, uint16_t *ret_lanes)
{
  unsigned n = 0, of_kind[SFU_KIND_N] = { 0 };

  for (unsigned i = 0; i < setup->n_lanes; i++)
    {
      const SfuLane *lane = &setup->lanes[i];

      if (lane->ssrc == 0 || of_kind[lane->kind]++ >= SFU_SLOTS_MAX)
        continue;
      if (ret_lanes != NULL)
        ret_lanes[n] = (uint16_t) i;
      n++;
    }
  return n;
}

static SfuOut *
find_out (SfuOut *outs, unsigned n, uint32_t ssrc)
{
  for (unsigned i = 0; i < n; i++)
    if (outs[i].slot.ssrc == ssrc)
      return &outs[i];
  return NULL;
}

/* Returns: are the slots that there were the first of @lanes, with the same SSRCs. */
static bool
only_more (const SfuEgress *egress, const SfuLegSetup *setup, const uint16_t *lanes, unsigned n)
{
  if (n < egress->n_outs)
    return false;
  for (unsigned i = 0; i < egress->n_outs; i++)
    if (egress->outs[i].lane != lanes[i] || egress->outs[i].slot.ssrc != setup->lanes[lanes[i]].ssrc)
      return false;
  return true;
}

/* a slot is gone, or its section is another's now: all of them begin anew, but what keeps its SSRC keeps its numbers */
static void
empty_all (SfuLeg *leg, int64_t now_us)
{
  SfuEgress *egress = leg->egress;

  sfu_pacer_clear (&egress->pacer);
  for (unsigned i = 0; i < egress->n_outs; i++)
    sfu_egress_show (&egress->outs[i], NULL, now_us);
  sfu_slots_init (&egress->slots, leg->setup->peer, 0, 0);
}

/* whoever points to a slot that has moved must know */
static void
follow (SfuOut *from, SfuOut *to)
{
  for (guint i = 0; from->track != NULL && i < from->track->outs->len; i++)
    if (g_ptr_array_index (from->track->outs, i) == from)
      g_ptr_array_index (from->track->outs, i) = to;
}

static void
index_outs (SfuEgress *egress)
{
  unsigned n_audio = 0, n_video = 0;

  g_free (egress->audio);
  g_free (egress->video);
  egress->audio = g_new0 (uint16_t, MAX (egress->n_outs, 1));
  egress->video = g_new0 (uint16_t, MAX (egress->n_outs, 1));
  for (unsigned i = 0; i < egress->n_outs; i++)
    {
      bool audio = egress->outs[i].slot.kind == SFU_AUDIO;

      egress->outs[i].index = (uint16_t) (audio ? n_audio : n_video);
      (audio ? egress->audio : egress->video)[audio ? n_audio++ : n_video++] = (uint16_t) i;
    }
  sfu_slots_resize (&egress->slots, n_audio, n_video);
}

/* the slots become those of the setup */
static void
take_slots (SfuLeg *leg, int64_t now_us)
{
  SfuEgress *egress = leg->egress;
  const SfuLegSetup *setup = leg->setup;
  uint16_t lanes[2 * SFU_SLOTS_MAX];
  unsigned n = list_lanes (setup, lanes);
  SfuOut *outs;

  if (n == egress->n_outs && only_more (egress, setup, lanes, n))
    return;
  if (!only_more (egress, setup, lanes, n))
    empty_all (leg, now_us);
  outs = g_new0 (SfuOut, MAX (n, 1));
  for (unsigned i = 0; i < n; i++)
    {
      SfuOut *old = find_out (egress->outs, egress->n_outs, setup->lanes[lanes[i]].ssrc);

      if (old == NULL)
        {
          init_out (leg, &outs[i], lanes[i]);
          continue;
        }
      outs[i] = *old;
      outs[i].lane = lanes[i];
      follow (old, &outs[i]);
    }
  for (unsigned i = 0; i < egress->n_outs; i++)
    if (find_out (outs, n, egress->outs[i].slot.ssrc) == NULL)
      sfu_slot_clear (&egress->outs[i].slot);
  g_free (egress->outs);
  egress->outs = outs;
  egress->n_outs = n;
  index_outs (egress);
}

SfuEgress *
sfu_egress_new (SfuLeg *leg, int64_t now_us)
{
  SfuEgress *egress = g_new0 (SfuEgress, 1);

  leg->egress = egress;
  sfu_send_side_init (&egress->side, 0);
  sfu_pacer_init (&egress->pacer, sfu_egress_drop, leg);
  sfu_slots_init (&egress->slots, leg->setup->peer, 0, 0);
  al_timer_init (&egress->pace, on_pace, leg);
  al_timer_init (&egress->tick, on_tick, leg);
  take_slots (leg, now_us);
  al_timer_set (al_loop_get_timers (leg->worker->loop), &egress->tick, now_us + TICK_US);
  return egress;
}

void
sfu_egress_free (SfuLeg *leg)
{
  SfuEgress *egress = leg->egress;

  if (egress == NULL)
    return;
  sfu_pacer_finish (&egress->pacer);
  for (unsigned i = 0; i < egress->n_outs; i++)
    {
      sfu_egress_show (&egress->outs[i], NULL, al_loop_now_us (leg->worker->loop));
      sfu_slot_clear (&egress->outs[i].slot);
    }
  al_timer_cancel (&egress->pace);
  al_timer_cancel (&egress->tick);
  sfu_send_side_clear (&egress->side);
  g_free (egress->outs);
  g_free (egress->audio);
  g_free (egress->video);
  g_clear_pointer (&leg->egress, g_free);
}

void
sfu_egress_update (SfuLeg *leg, int64_t now_us)
{
  take_slots (leg, now_us);
  sfu_shard_want_assign (leg->shard);
}

void
sfu_egress_on_path (SfuLeg *leg, int64_t now_us)
{
  sfu_send_side_on_path (&leg->egress->side, now_us);
}

void
sfu_egress_show (SfuOut *out, SfuTrack *track, int64_t now_us)
{
  SfuTrack *old = out->track;

  if (old == track)
    return;
  if (old != NULL)
    {
      sfu_pacer_drop_slot (&out->leg->egress->pacer, (uint16_t) (out - out->leg->egress->outs));
      (void) g_ptr_array_remove_fast (old->outs, out);
    }
  out->track = track;
  out->needed = 0;
  out->asked_layer = -1;
  out->told_begun = false;
  sfu_slot_set_source (&out->slot, track != NULL ? track->id : 0, track != NULL ? track->facts.codec : SFU_CODEC_NONE,
                       track != NULL ? &track->facts.clock : NULL, now_us);
  if (track != NULL)
    {
      g_ptr_array_add (track->outs, out);
      out->needed = track->kind == SFU_AUDIO ? 1 : 0; /* video: as the next allocation says */
      sfu_track_tell_needed (track, now_us);
    }
  if (old != NULL)
    sfu_track_tell_needed (old, now_us);
}

void
sfu_egress_drop (const SfuPacerItem *item, void *user)
{
  SfuLeg *leg = user;

  leg->worker->counts.dropped[SFU_DROP_PACER_LATE]++;
  if (item->pkt != NULL)
    al_pkt_unref (item->pkt);
  if (item->kind != SFU_SEND_MEDIA || item->slot >= leg->egress->n_outs)
    return;
  leg->egress->outs[item->slot].starved = true;
  leg->egress->outs[item->slot].n_waiting--;
}

bool
sfu_egress_is_ready (const SfuLeg *leg, int64_t now_us)
{
  return leg->path.via != NULL && sfu_transport_may_send (leg->transport, now_us);
}

/* it cannot go on: spatial or temporal layers above what is sent and what is aimed at */
static bool
is_too_high (const SfuSlot *slot, const SfuPacket *packet)
{
  return (packet->frame.spatial > slot->spatial && packet->frame.spatial > slot->target_spatial)
         || (packet->frame.temporal > slot->temporal && packet->frame.temporal > slot->target_temporal);
}

/* what waits of a larger encoding is of no use once the smaller one's keyframe is there: it would only come before it */
static void
make_way (SfuOut *out, const SfuPacket *packet)
{
  SfuSlot *slot = &out->slot;

  if (!packet->frame.keyframe || !packet->frame.start || packet->layer != slot->target_layer
      || slot->target_layer >= slot->layer)
    return;
  sfu_pacer_drop_slot (&out->leg->egress->pacer, (uint16_t) (out - out->leg->egress->outs));
  out->starved = false;
}

static void
push (SfuOut *out, AlPkt *pkt, int64_t now_us)
{
  const SfuPacket *packet = sfu_packet_of (pkt);
  SfuEgress *egress = out->leg->egress;
  const SfuPacerItem item = {
    .pkt = al_pkt_ref (pkt),
    .frame = packet->rtp.timestamp,
    /* the slot is going to drop it: it takes a place in the order, and no time */
    .bytes = is_too_high (&out->slot, packet) ? 0 : (uint16_t) (packet->rtp.len + SFU_WIRE_BYTES),
    .slot = (uint16_t) (out - egress->outs),
    .kind = SFU_SEND_MEDIA,
    .keyframe = packet->frame.keyframe,
  };

  make_way (out, packet);
  if (sfu_pacer_push (&egress->pacer, &item, now_us))
    out->n_waiting++;
  else
    {
      out->leg->worker->counts.dropped[SFU_DROP_PACER_FULL]++;
      al_pkt_unref (pkt);
    }
}

/* Audio does, and what is not going to be sent; but of one encoding the slot must see every packet in its order. */
static bool
goes_at_once (const SfuOut *out, const SfuPacket *packet)
{
  const SfuSlot *slot = &out->slot;

  return slot->kind == SFU_AUDIO || (packet->layer != slot->layer && packet->layer != slot->target_layer)
         || (out->n_waiting == 0 && is_too_high (slot, packet));
}

/* nothing can be sent yet: a keyframe that was asked for in advance came too early */
static void
miss (SfuOut *out, AlPkt *const *pkts, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    if (sfu_packet_of (pkts[i])->frame.keyframe && sfu_packet_of (pkts[i])->layer == out->asked_layer)
      out->missed = true;
}

void
sfu_egress_forward (SfuOut *out, AlPkt *const *pkts, unsigned n, int64_t now_us)
{
  SfuLeg *leg = out->leg;
  SfuRewrite rewrite;

  if (!sfu_egress_is_ready (leg, now_us))
    {
      miss (out, pkts, n);
      return;
    }
  for (unsigned i = 0; i < n; i++)
    {
      const SfuPacket *packet = sfu_packet_of (pkts[i]);

      if (goes_at_once (out, packet))
        {
          if (sfu_slot_on_packet (&out->slot, packet, now_us, &rewrite) == SFU_SLOT_SEND)
            sfu_pacer_spend (&leg->egress->pacer, (uint32_t) sfu_egress_send (out, packet, &rewrite, now_us), now_us);
        }
      else
        push (out, pkts[i], now_us);
    }
  if (out->slot.kind == SFU_VIDEO)
    {
      sfu_egress_pump (leg, now_us);
      sfu_egress_ask_keyframe (out, now_us);
    }
}

static void
pop (SfuLeg *leg, const SfuPacerItem *item, int64_t now_us)
{
  SfuOut *out = &leg->egress->outs[item->slot];
  const SfuPacket *packet = sfu_packet_of (item->pkt);
  SfuRewrite rewrite;

  out->n_waiting -= item->kind == SFU_SEND_MEDIA;
  if (item->kind == SFU_SEND_RTX)
    {
      const SfuSentRef ref = { .track = packet->track,
                               .index = packet->index,
                               .epoch = packet->epoch,
                               .seq = (uint16_t) item->info,
                               .layer = packet->layer };

      leg->worker->counts.resent += sfu_egress_resend (out, &ref, item->pkt, 0, now_us) > 0;
    }
  else if (sfu_slot_on_packet (&out->slot, packet, now_us, &rewrite) == SFU_SLOT_SEND)
    (void) sfu_egress_send (out, packet, &rewrite, now_us);
  al_pkt_unref (item->pkt);
}

static void
probe (SfuLeg *leg, int64_t now_us)
{
  SfuEgress *egress = leg->egress;
  uint32_t rate_bps, bytes;
  uint8_t id;

  for (unsigned left = PROBE_PKTS; left > 0 && leg->setup->transport_cc
                                   && sfu_send_side_next_probe (&egress->side, now_us, &rate_bps, &bytes, &id);)
    for (uint32_t sent = 0; sent < bytes && left > 0; left--)
      {
        size_t n = sfu_egress_pad (leg, id, now_us);

        if (n == 0)
          return;
        sfu_pacer_spend (&egress->pacer, (uint32_t) n, now_us);
        sent += (uint32_t) n;
      }
}

void
sfu_egress_pump (SfuLeg *leg, int64_t now_us)
{
  SfuEgress *egress = leg->egress;
  SfuPacerItem item;

  if (!sfu_egress_is_ready (leg, now_us))
    {
      sfu_pacer_clear (&egress->pacer);
      return;
    }
  sfu_pacer_set_rate (&egress->pacer, sfu_send_side_get_pacing_bps (&egress->side),
                      sfu_send_side_get_estimate_bps (&egress->side), now_us);
  while (sfu_pacer_pop (&egress->pacer, now_us, &item))
    pop (leg, &item, now_us);
  probe (leg, now_us);
  sfu_egress_arm (leg, now_us);
}

void
sfu_egress_arm (SfuLeg *leg, int64_t now_us)
{
  SfuEgress *egress = leg->egress;
  int64_t deadline_us = sfu_pacer_get_deadline (&egress->pacer);

  deadline_us = MIN (deadline_us, sfu_send_side_get_deadline (&egress->side));
  if (deadline_us == INT64_MAX)
    al_timer_cancel (&egress->pace);
  else
    al_timer_set (al_loop_get_timers (leg->worker->loop), &egress->pace, MAX (deadline_us, now_us + 1000));
}

void
sfu_egress_ask_keyframe (SfuOut *out, int64_t now_us)
{
  int layer = out->track != NULL ? sfu_slot_needs_keyframe (&out->slot) : -1;
  /* it came too early, or not as far as here; as long as it could not be sent, there is no use in another */
  bool again = (out->missed || now_us - out->asked_us >= ASK_AGAIN_US) && sfu_egress_is_ready (out->leg, now_us);

  if (out->starved && layer < 0 && out->track != NULL)
    layer = out->slot.layer;
  if (layer < 0)
    out->asked_layer = -1;
  else if (layer != out->asked_layer || out->starved || again)
    {
      out->asked_layer = sfu_track_want_keyframe (out->track, (unsigned) layer, now_us) ? (int8_t) layer : -1;
      out->asked_us = now_us;
      out->missed = false;
    }
  out->starved = false;
}
