/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/munger.h"

#include <glib.h>
#include <string.h>

#define US INT64_C (1000000)
#define HOUR_US (3600 * US)
#define SPANS SFU_MUNGER_SPANS
#define LIMIT_ALL 0xff

void
sfu_munger_init (SfuMunger *munger, uint16_t seq, uint32_t timestamp, unsigned history)
{
  g_assert (history >= 16 && history <= 4096 && (history & (history - 1)) == 0);
  memset (munger, 0, sizeof *munger);
  munger->next = munger->first = seq;
  munger->last_rtp = timestamp;
  munger->last_us = -1;
  munger->history = (uint16_t) history;
}

void
sfu_munger_begin (SfuMunger *munger)
{
  if (munger->map == NULL)
    munger->map = g_malloc0 (sizeof *munger->map + munger->history * sizeof munger->map->sent[0]);
}

void
sfu_munger_grow (SfuMunger *munger)
{
  SfuMungerMap *old = munger->map;
  unsigned n_old = munger->history;

  munger->history = (uint16_t) (2 * n_old);
  if (old == NULL)
    return;
  munger->map = NULL;
  sfu_munger_begin (munger);
  memcpy (munger->map->spans, old->spans, sizeof old->spans);
  for (uint64_t index = munger->first; index < munger->next; index++)
    munger->map->sent[index & (munger->history - 1u)] = old->sent[index & (n_old - 1)];
  g_free (old);
}

void
sfu_munger_clear (SfuMunger *munger)
{
  g_free (munger->map);
  munger->map = NULL;
  munger->first = munger->next;
  munger->span = 0;
}

static SfuMunged *
at (const SfuMunger *munger, uint64_t index)
{
  return &munger->map->sent[index & (munger->history - 1u)];
}

static SfuSpan *
newest (const SfuMunger *munger)
{
  return &munger->map->spans[munger->span % SPANS];
}

static bool
is_of (const SfuSpan *span, const SfuPacket *packet)
{
  return span->track == packet->track && span->layer == packet->layer && span->epoch == packet->epoch;
}

bool
sfu_munger_is_current (const SfuMunger *munger, const SfuPacket *packet)
{
  return munger->span != 0 && is_of (newest (munger), packet);
}

bool
sfu_munger_is_late (const SfuMunger *munger, const SfuPacket *packet)
{
  return packet->index <= munger->last_in;
}

static void
add (SfuMunger *munger, uint64_t in, uint8_t state, uint8_t limits)
{
  *at (munger, munger->next) = (SfuMunged){
    .in = (uint32_t) in,
    .picture = munger->picture,
    .span = (uint8_t) munger->span,
    .state = state,
    .limits = limits,
  };
  munger->next++;
  if (munger->next - munger->first > munger->history)
    munger->first = munger->next - munger->history;
}

/* Returns: timestamp units in @us. */
static uint32_t
to_rtp (int64_t us, uint32_t rate)
{
  /* after an hour of nothing it does not matter how long it was, only that it is ahead */
  return (uint32_t) ((us > HOUR_US ? HOUR_US : us) * (int64_t) rate / US);
}

/* Returns: the offset by which the two layers' reports put @packet on the present timeline, or the arrival's @guess. */
static uint32_t
find_offset (const SfuMunger *munger, const SfuPacket *packet, const SfuMungerSwitch *how, uint32_t guess)
{
  const SfuSpan *before = newest (munger);
  const SfuClock *from, *to;
  uint32_t offset;
  int32_t error;

  if (munger->span == 0 || !how->same_track || how->clock == NULL)
    return guess;
  from = &how->clock->layer[before->layer];
  to = &how->clock->layer[packet->layer];
  if (!from->known || !to->known || from->epoch != before->epoch || to->epoch != packet->epoch)
    return guess;
  offset = sfu_clock_get_rtp (from, how->rate, to->time_us) + before->ts_offset - munger->shift - to->rtp;
  error = (int32_t) (offset - guess);
  return error > (int32_t) how->rate || error < -(int32_t) how->rate ? guess : offset;
}

static uint32_t
continue_time (SfuMunger *munger, const SfuPacket *packet, const SfuMungerSwitch *how)
{
  uint32_t in = packet->rtp.timestamp, least = munger->last_rtp + how->rate / 1000, offset;
  int32_t missing;

  if (munger->last_us < 0)
    return munger->last_rtp - in;
  offset = munger->last_rtp - munger->shift + to_rtp (how->now_us - munger->last_us, how->rate) - in;
  offset = find_offset (munger, packet, how, offset);
  missing = (int32_t) (least - (in + offset));
  munger->shift = missing > 0 ? (uint32_t) missing : 0;
  return offset + munger->shift;
}

static void
continue_picture (SfuMunger *munger, SfuSpan *span, const SfuFrame *frame)
{
  uint16_t picture = 0;
  uint8_t tl0 = 0;
  bool has_picture = false, has_tl0 = false;

  if (frame->codec == SFU_CODEC_VP8)
    {
      picture = frame->vp8.picture_id;
      tl0 = frame->vp8.tl0_pic_idx;
      has_picture = frame->vp8.picture_id_at != 0;
      has_tl0 = frame->vp8.tl0_at != 0;
    }
  else if (frame->codec == SFU_CODEC_VP9)
    {
      picture = frame->vp9.picture_id;
      tl0 = frame->vp9.tl0_pic_idx;
      has_picture = frame->vp9.picture_id_at != 0;
      has_tl0 = frame->vp9.tl0_at != 0;
    }
  munger->picture = has_picture && munger->has_picture ? (uint16_t) (munger->last_picture + 1 - picture) : 0;
  munger->has_dropped = false;
  span->tl0_offset = has_tl0 && munger->has_tl0 ? (uint8_t) (munger->last_tl0 + 1 - tl0) : 0;
  if (frame->has_dependency && munger->has_frame)
    span->frame_offset = (uint16_t) (munger->last_frame + 1 - frame->dependency.frame_number);
}

void
sfu_munger_switch (SfuMunger *munger, const SfuPacket *packet, const SfuMungerSwitch *how)
{
  uint32_t offset = continue_time (munger, packet, how);
  SfuSpan *span;

  if (how->hole && munger->span != 0)
    add (munger, munger->last_in + 1, SFU_MUNGED_HOLE, 0);
  /* 0 is none, also to the low bits that entries have */
  munger->span++;
  span = newest (munger);
  *span = (SfuSpan){ .track = packet->track, .epoch = packet->epoch, .layer = packet->layer, .ts_offset = offset };
  span->in_first = packet->index;
  span->out_first = munger->next;
  continue_picture (munger, span, &packet->frame);
  munger->last_in = packet->index - 1;
}

bool
sfu_munger_must_resync (const SfuMunger *munger, const SfuPacket *packet, uint32_t rate, int64_t now_us)
{
  uint32_t out = packet->rtp.timestamp + newest (munger)->ts_offset;
  int64_t step = (int32_t) (out - munger->last_rtp);

  return step < -(int64_t) rate / 2 || step > (int64_t) to_rtp (now_us - munger->last_us, rate) + 10 * (int64_t) rate;
}

void
sfu_munger_keep (SfuMunger *munger, const SfuPacket *packet, uint8_t limits)
{
  uint64_t from = munger->last_in + 1;

  /* a gap of any size costs a history at most; the receiver sees that much is missing */
  if (packet->index - from > munger->history - 1u)
    from = packet->index - munger->history + 1;
  for (; from < packet->index; from++)
    add (munger, from, SFU_MUNGED_KEPT, limits);
  munger->last_in = packet->index;
}

void
sfu_munger_skip (SfuMunger *munger, const SfuPacket *packet, bool picture)
{
  const SfuFrame *frame = &packet->frame;

  /* Only VP8: its receivers take a missing picture id for a lost frame. VP9's references count in picture ids (RFC 9628
   * §4.2: P_DIFF, and the group of frames of the scalability structure), so they must stay as far apart as they are. */
  if (!picture || frame->codec != SFU_CODEC_VP8 || frame->vp8.picture_id_at == 0)
    return;
  if (munger->has_dropped && munger->dropped_picture == frame->vp8.picture_id)
    return;
  munger->has_dropped = true;
  munger->dropped_picture = frame->vp8.picture_id;
  munger->picture--;
}

static void
patch (SfuRewrite *rewrite, unsigned at_byte, unsigned value)
{
  rewrite->patches[rewrite->n_patches].at = (uint8_t) at_byte;
  rewrite->patches[rewrite->n_patches].value = (uint8_t) value;
  rewrite->n_patches++;
}

static void
patch_picture (SfuRewrite *rewrite, unsigned at_byte, bool wide, unsigned picture)
{
  if (at_byte == 0)
    return;
  if (!wide)
    {
      patch (rewrite, at_byte, picture & 0x7f);
      return;
    }
  patch (rewrite, at_byte, 0x80 | (picture >> 8 & 0x7f));
  patch (rewrite, at_byte + 1, picture & 0xff);
}

static void
write_dependency (const SfuPacket *packet, const SfuSpan *span, SfuRewrite *rewrite)
{
  uint8_t len = packet->ext_len[SFU_EXT_DEPENDENCY];
  uint16_t number;

  /* also when the rest of it cannot be read: its structure may still be on the way */
  if (span->frame_offset == 0 || len < 3)
    return;
  memcpy (rewrite->dependency, packet->rtp.data + packet->ext_at[SFU_EXT_DEPENDENCY], len);
  rewrite->dependency_len = len;
  number = (uint16_t) ((rewrite->dependency[1] << 8 | rewrite->dependency[2]) + span->frame_offset);
  rewrite->dependency[1] = (uint8_t) (number >> 8); /* behind the two flags and the template's id */
  rewrite->dependency[2] = (uint8_t) number;
}

static void
write_rewrite (const SfuPacket *packet, const SfuSpan *span, uint16_t picture, bool marker, uint64_t index,
               SfuRewrite *ret_rewrite)
{
  const SfuFrame *frame = &packet->frame;

  ret_rewrite->index = index;
  ret_rewrite->timestamp = packet->rtp.timestamp + span->ts_offset;
  ret_rewrite->codec = frame->codec;
  ret_rewrite->marker = marker;
  ret_rewrite->empty = ret_rewrite->strip_red = ret_rewrite->switched = false;
  ret_rewrite->n_patches = ret_rewrite->dependency_len = 0;
  if (frame->codec == SFU_CODEC_VP8)
    {
      if (picture != 0)
        patch_picture (ret_rewrite, frame->vp8.picture_id_at, frame->vp8.long_picture_id, frame->vp8.picture_id + picture);
      if (span->tl0_offset != 0 && frame->vp8.tl0_at != 0)
        patch (ret_rewrite, frame->vp8.tl0_at, frame->vp8.tl0_pic_idx + span->tl0_offset);
    }
  else if (frame->codec == SFU_CODEC_VP9)
    {
      if (picture != 0)
        patch_picture (ret_rewrite, frame->vp9.picture_id_at, frame->vp9.long_picture_id, frame->vp9.picture_id + picture);
      if (span->tl0_offset != 0 && frame->vp9.tl0_at != 0)
        patch (ret_rewrite, frame->vp9.tl0_at, frame->vp9.tl0_pic_idx + span->tl0_offset);
    }
  write_dependency (packet, span, ret_rewrite);
}

static uint16_t
mask_of (bool wide)
{
  return wide ? 0x7fff : 0x7f;
}

/* What the next span goes on from. */
static void
note_sent (SfuMunger *munger, const SfuPacket *packet, const SfuSpan *span, uint16_t picture)
{
  const SfuFrame *frame = &packet->frame;

  if (frame->codec == SFU_CODEC_VP8 && frame->vp8.picture_id_at != 0)
    {
      munger->last_picture = (frame->vp8.picture_id + picture) & mask_of (frame->vp8.long_picture_id);
      munger->has_picture = true;
    }
  else if (frame->codec == SFU_CODEC_VP9 && frame->vp9.picture_id_at != 0)
    {
      munger->last_picture = (frame->vp9.picture_id + picture) & mask_of (frame->vp9.long_picture_id);
      munger->has_picture = true;
    }
  if (frame->codec == SFU_CODEC_VP8 && frame->vp8.tl0_at != 0)
    munger->last_tl0 = (uint8_t) (frame->vp8.tl0_pic_idx + span->tl0_offset);
  else if (frame->codec == SFU_CODEC_VP9 && frame->vp9.tl0_at != 0)
    munger->last_tl0 = (uint8_t) (frame->vp9.tl0_pic_idx + span->tl0_offset);
  munger->has_tl0 |= (frame->codec == SFU_CODEC_VP8 && frame->vp8.tl0_at != 0) ||
                     (frame->codec == SFU_CODEC_VP9 && frame->vp9.tl0_at != 0);
  if (frame->has_dependency)
    {
      munger->last_frame = (uint16_t) (frame->dependency.frame_number + span->frame_offset);
      munger->has_frame = true;
    }
}

void
sfu_munger_put (SfuMunger *munger, const SfuPacket *packet, bool marker, int64_t now_us, SfuRewrite *ret_rewrite)
{
  const SfuSpan *span = newest (munger);
  uint64_t index = munger->next;

  add (munger, packet->index, (uint8_t) (SFU_MUNGED_SENT | (marker ? SFU_MUNGED_MARKER : 0)), LIMIT_ALL);
  write_rewrite (packet, span, munger->picture, marker, index, ret_rewrite);
  note_sent (munger, packet, span, munger->picture);
  if (munger->last_us < 0 || (int32_t) (ret_rewrite->timestamp - munger->last_rtp) > 0)
    {
      munger->last_rtp = ret_rewrite->timestamp;
      munger->last_us = now_us;
    }
}

/* Returns: the number under which @index of @span stands, in [@from, @to), which ascends; @to: none. */
static uint64_t
search (const SfuMunger *munger, uint64_t index, uint64_t from, uint64_t to)
{
  uint64_t low = from, high = to;

  while (low < high)
    {
      uint64_t middle = (low + high) / 2;

      if ((int32_t) (at (munger, middle)->in - (uint32_t) index) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return low < to && at (munger, low)->in == (uint32_t) index ? low : to;
}

/* Returns: (nullable): the newest span that @packet can belong to; its numbers in [@ret_from, @ret_to). */
static const SfuSpan *
find_span (const SfuMunger *munger, const SfuPacket *packet, uint64_t *ret_from, uint64_t *ret_to)
{
  uint64_t to = munger->next;

  for (unsigned back = 0; back < SPANS && back < munger->span; back++)
    {
      const SfuSpan *span = &munger->map->spans[(munger->span - back) % SPANS];

      if (is_of (span, packet) && packet->index >= span->in_first && to > munger->first)
        {
          *ret_from = span->out_first > munger->first ? span->out_first : munger->first;
          *ret_to = to;
          return span;
        }
      to = span->out_first;
    }
  return NULL;
}

bool
sfu_munger_put_late (SfuMunger *munger, const SfuPacket *packet, bool marker, int64_t now_us, SfuRewrite *ret_rewrite)
{
  const SfuFrame *frame = &packet->frame;
  uint64_t from, to, index;
  const SfuSpan *span;
  SfuMunged *munged;

  if (munger->map == NULL || (span = find_span (munger, packet, &from, &to)) == NULL)
    return false;
  index = search (munger, packet->index, from, to);
  munged = at (munger, index);
  if (index == to || munged->state != SFU_MUNGED_KEPT)
    return false;
  /* of the span before, even what is wanted: its frame may bear the numbers that the new span has gone on with */
  if (packet->rtp.payload_len == 0 || frame->spatial > munged->limits >> 4 || frame->temporal > (munged->limits & 0xf) ||
      span != newest (munger))
    {
      munged->state = SFU_MUNGED_EMPTY;
      write_rewrite (packet, span, 0, false, index, ret_rewrite);
      ret_rewrite->empty = true;
      ret_rewrite->n_patches = 0;
      return true;
    }
  munged->state = (uint8_t) (SFU_MUNGED_SENT | (marker ? SFU_MUNGED_MARKER : 0));
  write_rewrite (packet, span, munged->picture, marker, index, ret_rewrite);
  /* what came behind it may all have been dropped: then it is the newest that is sent */
  if ((int32_t) (ret_rewrite->timestamp - munger->last_rtp) > 0)
    {
      note_sent (munger, packet, span, munged->picture);
      munger->last_rtp = ret_rewrite->timestamp;
      munger->last_us = now_us;
    }
  return true;
}

const SfuMunged *
sfu_munger_find (const SfuMunger *munger, uint16_t seq, const SfuSpan **ret_span, uint64_t *ret_index)
{
  uint64_t newest_index = munger->next - 1, index = newest_index - (uint16_t) ((uint16_t) newest_index - seq);
  const SfuMunged *munged;
  unsigned back;

  if (munger->map == NULL || index < munger->first || index >= munger->next)
    return NULL;
  munged = at (munger, index);
  back = (uint8_t) ((uint8_t) munger->span - munged->span);
  if ((munged->state & ~SFU_MUNGED_MARKER) != SFU_MUNGED_SENT || back >= SPANS)
    return NULL;
  *ret_span = &munger->map->spans[(munger->span - back) % SPANS];
  *ret_index = index;
  /* entries know only the low bits of their span */
  return index >= (*ret_span)->out_first ? munged : NULL;
}

void
sfu_munger_rewrite (const SfuMunger *munger, const SfuPacket *packet, uint64_t index, SfuRewrite *ret_rewrite)
{
  const SfuMunged *munged = at (munger, index);
  unsigned back = (uint8_t) ((uint8_t) munger->span - munged->span);

  write_rewrite (packet, &munger->map->spans[(munger->span - back) % SPANS], munged->picture,
                 (munged->state & SFU_MUNGED_MARKER) != 0, index, ret_rewrite);
}
