/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which packets of a track a subscriber gets. What a layer goes through, for video:
 *
 *   layer -1 ---- keyframe of the target layer ----> layer L ---- target -1, at the next picture ----> layer -1
 *                                                    |    ^
 *                 keyframe of another target layer   +----+   (until then layer L goes on)
 *
 * Audio needs no keyframe: any packet of the source begins it.
 */
#include "sfu/slot.h"

#include <glib.h>
#include <string.h>

#define SR_PATIENCE_US 1000000
#define ALL 15u

void
sfu_slot_init (SfuSlot *slot, const SfuSlotConfig *config)
{
  memset (slot, 0, sizeof *slot);
  slot->ssrc = config->ssrc;
  slot->rtx_ssrc = config->rtx_ssrc;
  slot->rtx_next = config->rtx_seq;
  slot->kind = config->kind;
  slot->red = config->red;
  slot->layer = slot->target_layer = -1;
  slot->sr_due_us = INT64_MAX;
  sfu_munger_init (&slot->munger, config->seq, config->timestamp, config->history);
}

void
sfu_slot_clear (SfuSlot *slot)
{
  sfu_munger_clear (&slot->munger);
}

static uint32_t
get_rate (const SfuSlot *slot)
{
  return slot->kind == SFU_AUDIO ? 48000 : 90000;
}

static void
stop (SfuSlot *slot)
{
  slot->layer = -1;
  slot->frame_known = false;
  slot->sr_due_us = INT64_MAX;
}

void
sfu_slot_set_source (SfuSlot *slot, uint64_t track, SfuCodec codec, const SfuTrackClock *clock, int64_t now_us)
{
  (void) now_us;
  slot->clock = clock;
  if (track == slot->track)
    return;
  slot->track = track;
  slot->codec = codec;
  slot->begun = false;
  slot->target_layer = track != 0 && slot->kind == SFU_AUDIO ? 0 : -1;
  slot->target_spatial = slot->target_temporal = 0;
  memset (slot->seen_epoch, 0, sizeof slot->seen_epoch);
  stop (slot);
  if (track != 0)
    sfu_munger_begin (&slot->munger);
}

void
sfu_slot_make_room (SfuSlot *slot, uint64_t pkts)
{
  while (pkts + pkts / 2 > slot->munger.history && slot->munger.history < SFU_SLOT_HISTORY_MAX)
    sfu_munger_grow (&slot->munger);
}

void
sfu_slot_trim (SfuSlot *slot)
{
  if (slot->track == 0)
    sfu_munger_clear (&slot->munger);
}

void
sfu_slot_set_target (SfuSlot *slot, int layer, unsigned spatial, unsigned temporal)
{
  slot->target_layer = (int8_t) (layer < 0 || layer >= SFU_LAYERS_MAX || slot->track == 0 ? -1 : layer);
  slot->target_spatial = (uint8_t) (spatial < SFU_SPATIAL_MAX ? spatial : SFU_SPATIAL_MAX - 1);
  slot->target_temporal = (uint8_t) (temporal < SFU_TEMPORAL_MAX ? temporal : SFU_TEMPORAL_MAX - 1);
}

int
sfu_slot_needs_keyframe (const SfuSlot *slot)
{
  unsigned spatial;

  if (slot->kind == SFU_AUDIO || slot->track == 0 || slot->target_layer < 0)
    return -1;
  if (slot->layer != slot->target_layer || slot->broken)
    return slot->target_layer;
  spatial = slot->target_spatial < slot->top_spatial ? slot->target_spatial : slot->top_spatial;
  return spatial > slot->spatial ? slot->target_layer : -1;
}

/* Does @packet begin a keyframe in order, nothing of its layer having come before it that belongs behind it (point
 * 18)? */
static bool
is_switch_point (const SfuSlot *slot, const SfuPacket *packet, bool in_order, bool contiguous)
{
  const SfuFrame *frame = &packet->frame;

  if (!in_order || !frame->keyframe || !frame->start || frame->spatial != 0 || packet->rtp.payload_len == 0)
    return false;
  /* H264 says "begins" of each parameter set and slice: the first packet is the one with a new timestamp */
  if (frame->codec == SFU_CODEC_H264 && !frame->has_dependency && slot->seen_epoch[packet->layer] == packet->epoch)
    return contiguous && packet->rtp.timestamp != slot->seen_rtp[packet->layer];
  return true;
}

/* Notes @packet as seen. @ret_in_order: it is the newest of its layer. @ret_contiguous: and the one before it came.
 * Returns: false when it is of an SSRC that is gone. */
static bool
look (SfuSlot *slot, const SfuPacket *packet, bool *ret_in_order, bool *ret_contiguous)
{
  unsigned layer = packet->layer;
  bool fresh = slot->seen_epoch[layer] == 0 || (int32_t) (packet->epoch - slot->seen_epoch[layer]) > 0;

  if (!fresh && packet->epoch != slot->seen_epoch[layer])
    return false;
  *ret_in_order = fresh || packet->index > slot->seen[layer];
  *ret_contiguous = fresh || packet->index == slot->seen[layer] + 1;
  if (fresh && slot->seen_epoch[layer] != 0 && slot->layer == (int) layer)
    stop (slot); /* the publisher's SSRC has changed: what came before cannot go on */
  return true;
}

static void
note_seen (SfuSlot *slot, const SfuPacket *packet, bool in_order)
{
  if (!in_order)
    return;
  slot->seen[packet->layer] = packet->index;
  slot->seen_epoch[packet->layer] = packet->epoch;
  slot->seen_rtp[packet->layer] = packet->rtp.timestamp;
}

static void
switch_to (SfuSlot *slot, const SfuPacket *packet, int64_t now_us)
{
  SfuMungerSwitch how = {
    .clock = slot->clock,
    .rate = get_rate (slot),
    .hole = slot->picture_open,
    .same_track = slot->begun,
    .now_us = now_us,
  };

  sfu_munger_switch (&slot->munger, packet, &how);
  slot->layer = (int8_t) packet->layer;
  slot->codec = packet->frame.codec;
  slot->spatial = 0;
  slot->temporal = slot->target_temporal;
  slot->top_spatial = 0;
  slot->frame_known = slot->picture_open = false;
  slot->switches++;
  slot->sr_due_us = now_us;
  sfu_targets_init (&slot->targets);
  slot->broken = false;
  if (!slot->begun)
    slot->first_rtp = packet->rtp.timestamp + slot->munger.map->spans[slot->munger.span % SFU_MUNGER_SPANS].ts_offset;
  slot->begun = true;
}

/* May a receiver that has the spatial layer below go up with this frame? */
static bool
can_add_spatial (const SfuFrame *frame)
{
  uint32_t own;

  if (frame->keyframe)
    return true;
  if (frame->has_dependency)
    {
      /* the switch indication of the lowest decode target that has the frame: its own layer's */
      own = frame->dependency.decode_targets & -frame->dependency.decode_targets;
      return (frame->dependency.switch_targets & own) != 0;
    }
  return frame->codec == SFU_CODEC_VP9 && !frame->vp9.inter_picture;
}

/* Has all come so far that what is up to these layers needs? With a keyframe all begins anew. */
static bool
is_whole (const SfuFrame *frame, unsigned spatial, unsigned temporal)
{
  const SfuDependency *dependency = &frame->dependency;

  return frame->keyframe || !frame->has_dependency
         || ((dependency->pending_layers | dependency->broken_layers) & SFU_LAYER_BIT (spatial, temporal)) == 0;
}

/* What can never be decoded again is not sent on: the receiver goes on with the highest spatial layers that can, and sees
 * no more than a smaller picture until the keyframe comes. */
static void
leave_broken (SfuSlot *slot, const SfuFrame *frame)
{
  uint16_t broken = frame->has_dependency ? frame->dependency.broken_layers : 0;
  int spatial = slot->spatial;

  while (spatial >= 0 && (broken & SFU_LAYER_BIT ((unsigned) spatial, slot->temporal)) != 0)
    spatial--;
  slot->broken = spatial < 0;
  if (spatial >= 0)
    slot->spatial = (uint8_t) spatial;
}

/* The first packet that is seen of a frame: is it sent? */
static bool
decide (SfuSlot *slot, const SfuPacket *packet)
{
  const SfuFrame *frame = &packet->frame;
  bool new_picture = !slot->frame_known || packet->rtp.timestamp != slot->frame_rtp;
  bool below = !new_picture && slot->frame_forward && frame->spatial == slot->spatial + 1;
  bool own = slot->target_layer == slot->layer; /* else the target's limits are of another layer */
  uint8_t temporal = slot->temporal;

  if (frame->spatial > slot->top_spatial)
    slot->top_spatial = frame->spatial;
  if (new_picture && own)
    {
      if (temporal > slot->target_temporal || (frame->keyframe && temporal < slot->target_temporal))
        temporal = slot->target_temporal;
      slot->temporal = temporal;
      if (slot->spatial > slot->target_spatial)
        slot->spatial = slot->target_spatial;
    }
  if (new_picture)
    leave_broken (slot, frame);
  if (own && frame->switch_up && frame->temporal > slot->temporal && frame->temporal <= slot->target_temporal &&
      frame->spatial <= slot->spatial && is_whole (frame, slot->spatial, frame->temporal))
    slot->temporal = frame->temporal;
  if (own && below && frame->spatial <= slot->target_spatial && frame->temporal <= slot->temporal &&
      can_add_spatial (frame) && is_whole (frame, frame->spatial, slot->temporal))
    slot->spatial = frame->spatial;
  return frame->spatial <= slot->spatial && frame->temporal <= slot->temporal;
}

static uint8_t
get_limits (const SfuSlot *slot)
{
  return (uint8_t) (slot->spatial << 4 | slot->temporal);
}

static uint8_t
least_limits (uint8_t a, uint8_t b)
{
  return (uint8_t) (MIN (a >> 4, b >> 4) << 4 | MIN (a & ALL, b & ALL));
}

/* With a keyframe the layers above begin, up to what is wanted. */
static uint8_t
get_highest (const SfuSlot *slot, const SfuFrame *frame)
{
  return frame->keyframe && slot->layer == slot->target_layer ? slot->target_spatial : slot->spatial;
}

/* The end of the highest spatial layer that is sent is the picture's end (point 21). */
static bool
is_marked (const SfuSlot *slot, const SfuPacket *packet)
{
  const SfuFrame *frame = &packet->frame;

  if (packet->rtp.marker)
    return true;
  return (frame->codec == SFU_CODEC_VP9 || frame->has_dependency) && frame->end
         && frame->spatial == get_highest (slot, frame);
}

static void
account (SfuSlot *slot, const SfuPacket *packet, const SfuRewrite *rewrite)
{
  slot->pkts++;
  if (!rewrite->empty)
    slot->bytes += packet->rtp.payload_len;
}

static void
tell_targets (SfuSlot *slot, const SfuPacket *packet, int64_t now_us, SfuRewrite *rewrite)
{
  sfu_targets_tell (&slot->targets, packet, get_highest (slot, &packet->frame), slot->temporal, now_us, rewrite);
}

static SfuSlotAction
forward_late (SfuSlot *slot, const SfuPacket *packet, int64_t now_us, SfuRewrite *ret_rewrite)
{
  if (!sfu_munger_put_late (&slot->munger, packet, is_marked (slot, packet), now_us, ret_rewrite))
    return SFU_SLOT_DROP;
  ret_rewrite->strip_red = ret_rewrite->codec == SFU_CODEC_RED && !slot->red;
  if (ret_rewrite->strip_red)
    ret_rewrite->codec = SFU_CODEC_OPUS;
  if (packet->frame.has_dependency && !ret_rewrite->empty && packet->frame.dependency.structure)
    tell_targets (slot, packet, now_us, ret_rewrite);
  account (slot, packet, ret_rewrite);
  return SFU_SLOT_SEND;
}

static SfuSlotAction
send (SfuSlot *slot, const SfuPacket *packet, bool switched, int64_t now_us, SfuRewrite *ret_rewrite)
{
  bool marker = is_marked (slot, packet) || (switched && slot->kind == SFU_AUDIO);

  sfu_munger_put (&slot->munger, packet, marker, now_us, ret_rewrite);
  slot->picture_open = slot->kind == SFU_VIDEO && !marker;
  ret_rewrite->switched = switched;
  ret_rewrite->strip_red = ret_rewrite->codec == SFU_CODEC_RED && !slot->red;
  if (ret_rewrite->strip_red)
    ret_rewrite->codec = SFU_CODEC_OPUS;
  if (packet->frame.has_dependency)
    tell_targets (slot, packet, now_us, ret_rewrite);
  account (slot, packet, ret_rewrite);
  return SFU_SLOT_SEND;
}

/* A packet of the layer that is sent, in order. */
static SfuSlotAction
forward (SfuSlot *slot, const SfuPacket *packet, bool switched, int64_t now_us, SfuRewrite *ret_rewrite)
{
  const SfuFrame *frame = &packet->frame;
  uint8_t limits = get_limits (slot);

  if (packet->rtp.payload_len == 0) /* padding of the publisher's probes (point 25) */
    {
      sfu_munger_keep (&slot->munger, packet, limits);
      return SFU_SLOT_DROP;
    }
  if (slot->kind == SFU_VIDEO &&
      (!slot->frame_known || packet->rtp.timestamp != slot->frame_rtp || frame->spatial != slot->frame_spatial))
    {
      slot->frame_forward = decide (slot, packet);
      slot->frame_known = true;
      slot->frame_rtp = packet->rtp.timestamp;
      slot->frame_spatial = frame->spatial;
    }
  sfu_munger_keep (&slot->munger, packet, least_limits (limits, get_limits (slot)));
  if (slot->kind == SFU_AUDIO || slot->frame_forward)
    return send (slot, packet, switched, now_us, ret_rewrite);
  /* a picture of which a lower spatial layer is sent keeps its id */
  sfu_munger_skip (&slot->munger, packet, frame->spatial == 0);
  return SFU_SLOT_DROP;
}

static bool
should_stop (const SfuSlot *slot, const SfuPacket *packet)
{
  if (slot->target_layer >= 0)
    return false;
  return slot->kind == SFU_AUDIO || !slot->frame_known || packet->rtp.timestamp != slot->frame_rtp;
}

static SfuSlotAction
on_current (SfuSlot *slot, const SfuPacket *packet, int64_t now_us, SfuRewrite *ret_rewrite)
{
  if (sfu_munger_is_late (&slot->munger, packet))
    return forward_late (slot, packet, now_us, ret_rewrite);
  if (should_stop (slot, packet))
    {
      stop (slot);
      return SFU_SLOT_DROP;
    }
  if (sfu_munger_must_resync (&slot->munger, packet, get_rate (slot), now_us))
    {
      SfuMungerSwitch how = { .rate = get_rate (slot), .now_us = now_us, .hole = slot->picture_open };

      sfu_munger_switch (&slot->munger, packet, &how);
      slot->sr_due_us = now_us;
    }
  return forward (slot, packet, false, now_us, ret_rewrite);
}

SfuSlotAction
sfu_slot_on_packet (SfuSlot *slot, const SfuPacket *packet, int64_t now_us, SfuRewrite *ret_rewrite)
{
  bool in_order, contiguous, begins;

  if (packet->track != slot->track || slot->track == 0 || packet->layer >= SFU_LAYERS_MAX)
    return SFU_SLOT_DROP;
  if (packet->from_red && slot->red)
    return SFU_SLOT_DROP; /* the receiver finds it where we have found it */
  if (!look (slot, packet, &in_order, &contiguous))
    return forward_late (slot, packet, now_us, ret_rewrite);
  begins = slot->kind == SFU_AUDIO ? packet->rtp.payload_len > 0 && in_order
                                   : is_switch_point (slot, packet, in_order, contiguous);
  note_seen (slot, packet, in_order);
  if (slot->layer == packet->layer && sfu_munger_is_current (&slot->munger, packet))
    return on_current (slot, packet, now_us, ret_rewrite);
  if (packet->layer == slot->target_layer && begins)
    {
      switch_to (slot, packet, now_us);
      return forward (slot, packet, true, now_us, ret_rewrite);
    }
  return in_order ? SFU_SLOT_DROP : forward_late (slot, packet, now_us, ret_rewrite);
}

/* Returns: (nullable): the publisher's report about what is sent. */
static const SfuClock *
get_clock (const SfuSlot *slot)
{
  const SfuClock *clock;

  if (slot->layer < 0 || slot->clock == NULL)
    return NULL;
  clock = &slot->clock->layer[slot->layer];
  return clock->known && clock->epoch == slot->seen_epoch[slot->layer] ? clock : NULL;
}

bool
sfu_slot_make_sr (SfuSlot *slot, int64_t now_us, uint64_t ntp, SfuSlotSr *ret_sr)
{
  const SfuMunger *munger = &slot->munger;
  const SfuClock *clock = get_clock (slot);
  uint32_t rate = get_rate (slot);

  if (slot->layer < 0 || !slot->begun)
    return false;
  slot->sr_due_us = now_us + SFU_SLOT_SR_US;
  *ret_sr = (SfuSlotSr){ .ntp = ntp, .pkts = (uint32_t) slot->pkts, .bytes = (uint32_t) slot->bytes };
  if (clock != NULL)
    ret_sr->rtp = sfu_clock_get_rtp (clock, rate, now_us) + munger->map->spans[munger->span % SFU_MUNGER_SPANS].ts_offset;
  else
    ret_sr->rtp = munger->last_rtp + (uint32_t) ((now_us - munger->last_us) * (int64_t) rate / 1000000);
  return true;
}

int64_t
sfu_slot_get_sr_deadline (const SfuSlot *slot)
{
  if (slot->sr_due_us == INT64_MAX || get_clock (slot) != NULL)
    return slot->sr_due_us;
  /* a report by the time of arrival would pull lips and voice apart: the publisher's own is worth waiting for */
  return slot->sr_due_us + SR_PATIENCE_US;
}
