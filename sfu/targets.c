/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/targets.h"

#include <string.h>

#define TARGETS_US 1000000 /* nobody acknowledges them */

void
sfu_targets_init (SfuTargets *targets)
{
  (void) memset (targets, 0, sizeof *targets);
}

/* Splices active_decode_targets_bitmask into a descriptor that has none and no structure (AV1 RTP specification,
 *   A.8.2): flags and template (8) frame_number (16) | structure, ACTIVE, dtis, fdiffs, chains (1 each) | ACTIVE MASK |
 *   the rest */
static void
splice (const SfuTargets *targets, const SfuPacket *packet, SfuRewrite *rewrite)
{
  const SfuDependency *dependency = &packet->frame.dependency;
  unsigned n = targets->n, len = packet->ext_len[SFU_EXT_DEPENDENCY], bit = 24;
  const uint8_t *from = packet->rtp.data + packet->ext_at[SFU_EXT_DEPENDENCY];
  uint32_t mask = dependency->active_targets & targets->mask;
  uint8_t out[SFU_REWRITE_DEPENDENCY + 1] = { 0 };
  unsigned flags = len > 3 ? from[3] >> 3 : 0, skip = 29;

  if (n != dependency->n_targets || len < 3)
    return;
  if ((flags & 8) != 0)
    skip += n; /* it has a mask of its own, which is in @mask already */
  if (len + SFU_DEPENDENCY_GROWTH > SFU_REWRITE_DEPENDENCY)
    return;
  memcpy (out, rewrite->dependency_len != 0 ? rewrite->dependency : from, 3);
  flags |= 8;
  for (unsigned i = 5; i-- > 0; bit++)
    out[bit / 8] |= (uint8_t) ((flags >> i & 1) << (7 - bit % 8));
  for (unsigned i = n; i-- > 0; bit++)
    out[bit / 8] |= (uint8_t) ((mask >> i & 1) << (7 - bit % 8));
  for (; skip < len * 8; skip++, bit++)
    out[bit / 8] |= (uint8_t) ((from[skip / 8] >> (7 - skip % 8) & 1) << (7 - bit % 8));
  rewrite->dependency_len = (uint8_t) ((bit + 7) / 8);
  memcpy (rewrite->dependency, out, rewrite->dependency_len);
}

/* A structure makes all targets active: what is cut is told along with it. Once per keyframe. */
static void
write_with_structure (const SfuTargets *targets, const SfuPacket *packet, SfuRewrite *rewrite)
{
  const SfuDependency *dependency = &packet->frame.dependency;
  const uint8_t *from = packet->rtp.data + packet->ext_at[SFU_EXT_DEPENDENCY];
  const uint8_t *number = (rewrite->dependency_len != 0 ? rewrite->dependency : from) + 1;
  SfuDependencyState none = { 0 };
  SfuDependencyEdit edit = {
    .frame_number = (uint16_t) (number[0] << 8 | number[1]),
    .active = true,
    .targets = dependency->active_targets & targets->mask,
  };
  uint8_t out[SFU_REWRITE_DEPENDENCY];
  size_t len = sfu_dependency_write (&none, from, packet->ext_len[SFU_EXT_DEPENDENCY], &edit, out, sizeof out);

  if (len == 0)
    return;
  rewrite->dependency_len = (uint8_t) len;
  memcpy (rewrite->dependency, out, len);
}

/* Returns: a bit for each target without a layer above @limits. */
static uint32_t
get_mask (const SfuTargets *targets, uint8_t limits)
{
  uint32_t mask = 0;

  for (unsigned target = 0; target < targets->n; target++)
    if (targets->layers[target] >> 4 <= limits >> 4 && (targets->layers[target] & 15) <= (limits & 15))
      mask |= 1u << target;
  return mask;
}

void
sfu_targets_tell (SfuTargets *targets, const SfuPacket *packet, unsigned spatial, unsigned temporal, int64_t now_us,
                  SfuRewrite *rewrite)
{
  bool structure = packet->frame.dependency.structure;
  uint8_t limits = (uint8_t) (spatial << 4 | temporal);

  if (structure)
    targets->n = (uint8_t) sfu_dependency_read_layers (packet->rtp.data + packet->ext_at[SFU_EXT_DEPENDENCY],
                                                       packet->ext_len[SFU_EXT_DEPENDENCY], targets->layers);
  if (targets->n == 0)
    return;
  if (structure || limits != targets->limits)
    {
      uint32_t mask = get_mask (targets, limits), before = structure ? UINT32_MAX >> (32 - targets->n) : targets->mask;

      if (mask != before)
        targets->until_us = now_us + TARGETS_US;
      else if (structure)
        targets->until_us = 0;
      targets->limits = limits;
      targets->mask = mask;
    }
  if (now_us >= targets->until_us)
    return;
  if (structure)
    write_with_structure (targets, packet, rewrite);
  else
    splice (targets, packet, rewrite);
}
