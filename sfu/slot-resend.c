/* SPDX-License-Identifier: Apache-2.0 */
/* What a slot sends again (RFC 4588): for NACKs, and to fill probes. */
#include <glib.h>

#include "sfu/slot.h"

#define RTT_US 100000
#define RTT_MIN_US 10000

static SfuSentRef
make_ref (const SfuSpan *span, const SfuMunged *munged, uint16_t seq)
{
  return (SfuSentRef){ .track = span->track,
                       .index = span->in_first + (uint32_t) (munged->in - (uint32_t) span->in_first),
                       .epoch = span->epoch,
                       .layer = span->layer,
                       .seq = seq };
}

bool
sfu_slot_find (const SfuSlot *slot, uint16_t seq, int64_t now_us, int64_t rtt_us, SfuSentRef *ret_ref)
{
  const SfuSpan *span;
  const SfuMunged *munged;
  uint64_t index;
  int64_t wait_us = rtt_us <= 0 ? RTT_US : MAX (rtt_us, RTT_MIN_US);

  if (slot->rtx_ssrc == 0 || (munged = sfu_munger_find (&slot->munger, seq, &span, &index)) == NULL)
    return false;
  if (munged->tries >= SFU_SLOT_RTX_TRIES)
    return false;
  if (munged->tries > 0 && (uint16_t) ((uint16_t) (now_us / 1000) - munged->sent_ms) < wait_us / 1000)
    return false;
  *ret_ref = make_ref (span, munged, seq);
  return true;
}

bool
sfu_slot_find_padding (const SfuSlot *slot, SfuSentRef *ret_ref)
{
  const SfuSpan *span;
  const SfuMunged *munged;
  uint64_t index;

  if (slot->rtx_ssrc == 0 || slot->munger.map == NULL)
    return false;
  for (unsigned back = 1; back <= slot->munger.history; back++)
    {
      uint16_t seq = (uint16_t) (slot->munger.next - back);

      if ((munged = sfu_munger_find (&slot->munger, seq, &span, &index)) == NULL)
        continue;
      *ret_ref = make_ref (span, munged, seq);
      return true;
    }
  return false;
}

bool
sfu_slot_resend (SfuSlot *slot, const SfuSentRef *ref, const SfuPacket *packet, bool padding, int64_t now_us,
                 SfuRewrite *ret_rewrite)
{
  SfuMunged *munged;
  const SfuSpan *span;
  uint64_t index;

  munged = (SfuMunged *) sfu_munger_find (&slot->munger, ref->seq, &span, &index);
  if (munged == NULL || span->track != ref->track || span->epoch != ref->epoch || munged->in != (uint32_t) ref->index)
    return false;
  sfu_munger_rewrite (&slot->munger, packet, index, ret_rewrite);
  ret_rewrite->strip_red = ret_rewrite->codec == SFU_CODEC_RED && !slot->red;
  if (ret_rewrite->strip_red)
    ret_rewrite->codec = SFU_CODEC_OPUS;
  if (!padding)
    {
      munged->tries++;
      munged->sent_ms = (uint16_t) (now_us / 1000);
    }
  slot->resent++;
  return true;
}

uint64_t
sfu_slot_next_rtx (SfuSlot *slot)
{
  return slot->rtx_next++;
}
