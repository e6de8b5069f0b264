/* SPDX-License-Identifier: Apache-2.0 */
/* The dependency descriptor (AV1 RTP specification, A.8.2, A.8.3, A.8.5). Any thread. */
#include "sfu/dependency.h"

#include <string.h>

#include "sfu/dependency-private.h"

/*
 * |S|E| template id (6) |  frame number (16)  |            mandatory: 3 bytes
 * |structure|active|dtis|fdiffs|chains|                   5 flags, if there is more
 * template structure | active targets | dtis | fdiffs | chains | zeros to the byte
 */

void
sfu_dependency_init (SfuDependencyState *state)
{
  (void) memset (state, 0, sizeof *state);
}

static void
read_flags (SfuBits *bits, SfuDescriptor *descriptor)
{
  descriptor->structure = sfu_bits_read (bits, 1) != 0;
  descriptor->active = sfu_bits_read (bits, 1) != 0;
  descriptor->custom_dtis = sfu_bits_read (bits, 1) != 0;
  descriptor->custom_fdiffs = sfu_bits_read (bits, 1) != 0;
  descriptor->custom_chains = sfu_bits_read (bits, 1) != 0;
}

static void
use_template (const SfuDependencyTemplate *template, SfuDescriptor *descriptor)
{
  descriptor->spatial = template->spatial;
  descriptor->temporal = template->temporal;
  descriptor->dtis = template->dtis;
  descriptor->n_fdiffs = template->n_fdiffs;
  for (unsigned i = 0; i < template->n_fdiffs; i++)
    descriptor->fdiffs[i] = template->fdiffs[i];
  (void) memcpy (descriptor->chain_diffs, template->chain_diffs, sizeof descriptor->chain_diffs);
}

/* frame_dependency_definition(): what differs from the template */
static bool
read_custom (SfuBits *bits, const SfuDependencyState *state, SfuDescriptor *descriptor)
{
  uint32_t size;

  descriptor->custom_at = bits->at;
  if (descriptor->custom_dtis)
    {
      descriptor->dtis = 0;
      for (unsigned target = 0; target < state->n_targets; target++)
        descriptor->dtis |= (uint64_t) sfu_bits_read (bits, 2) << (2 * target);
    }
  if (descriptor->custom_fdiffs)
    {
      descriptor->n_fdiffs = 0;
      while ((size = sfu_bits_read (bits, 2)) != 0)
        {
          if (descriptor->n_fdiffs == SFU_FDIFFS_MAX)
            return false;
          descriptor->fdiffs[descriptor->n_fdiffs++] = (uint16_t) (sfu_bits_read (bits, 4 * size) + 1);
        }
    }
  for (unsigned chain = 0; descriptor->custom_chains && chain < state->n_chains; chain++)
    descriptor->chain_diffs[chain] = (uint8_t) sfu_bits_read (bits, 8);
  descriptor->custom_bits = bits->at - descriptor->custom_at;
  return !bits->failed;
}

bool
sfu_dependency_read (const SfuDependencyState *state, SfuDependencyState *scratch, const uint8_t *data, size_t len,
                     SfuDescriptor *ret_descriptor)
{
  SfuDescriptor descriptor = { 0 };
  unsigned template;
  SfuBits bits;

  if (len < DEPENDENCY_MANDATORY_BYTES || len > SFU_DEPENDENCY_MAX)
    return false;
  sfu_bits_init (&bits, data, len);
  descriptor.start = sfu_bits_read (&bits, 1) != 0;
  descriptor.end = sfu_bits_read (&bits, 1) != 0;
  descriptor.template_id = (uint8_t) sfu_bits_read (&bits, 6);
  descriptor.number = (uint16_t) sfu_bits_read (&bits, 16);
  if (len > DEPENDENCY_MANDATORY_BYTES)
    read_flags (&bits, &descriptor);
  if (descriptor.structure)
    {
      descriptor.structure_at = bits.at;
      *scratch = *state;
      if (!sfu_dependency_read_structure (&bits, scratch))
        return false;
      descriptor.structure_bits = scratch->structure_bits;
      state = scratch;
    }
  descriptor.targets = state->active_targets;
  if (descriptor.active)
    {
      /* bit t is target t: the first bit of the mask is the highest target */
      descriptor.targets = sfu_bits_read (&bits, state->n_targets);
    }
  template = (descriptor.template_id + 64u - state->template_offset) % 64;
  if (template >= state->n_templates)
    return false;
  use_template (&state->templates[template], &descriptor);
  if (!read_custom (&bits, state, &descriptor))
    return false;
  *ret_descriptor = descriptor;
  return true;
}

static SfuDependency
describe (const SfuDependencyState *state, const SfuDescriptor *descriptor)
{
  SfuDependency dependency = {
    .frame_number = descriptor->number,
    .template_id = descriptor->template_id,
    .structure = descriptor->structure,
    .active_targets = state->active_targets,
    .n_targets = state->n_targets,
    .n_chains = state->n_chains,
    .n_fdiffs = descriptor->n_fdiffs,
  };

  for (unsigned target = 0; target < state->n_targets; target++)
    {
      unsigned dti = sfu_dependency_get_dti (descriptor->dtis, target);

      dependency.decode_targets |= (dti != DTI_NOT_PRESENT ? 1u : 0u) << target;
      dependency.switch_targets |= (dti == DTI_SWITCH ? 1u : 0u) << target;
    }
  (void) memcpy (dependency.fdiffs, descriptor->fdiffs, descriptor->n_fdiffs * sizeof dependency.fdiffs[0]);
  (void) memcpy (dependency.chain_diffs, descriptor->chain_diffs, state->n_chains);
  return dependency;
}

/* a picture's frames are numbered one after the other: those of the layers above a keyframe follow it, and need it alone */
static bool
is_key (SfuDependencyState *state, const SfuDescriptor *descriptor)
{
  uint16_t behind;

  if (descriptor->structure && descriptor->n_fdiffs == 0)
    {
      state->has_key = true;
      state->key_number = descriptor->number;
      (void) memset (state->layer_seen, 0, sizeof state->layer_seen);
      return true;
    }
  behind = (uint16_t) (descriptor->number - state->key_number);
  if (behind >= SFU_SPATIAL_MAX && behind < 0x8000)
    state->has_key = false; /* the picture is over, and its numbers will come again */
  if (!state->has_key || behind != descriptor->spatial)
    return false;
  for (unsigned i = 0; i < descriptor->n_fdiffs; i++)
    if (descriptor->fdiffs[i] > behind)
      return false;
  return true;
}

/* may one who has got lower temporal layers go on with this frame: its own indication says so, or that of the last frame of
 * a lower temporal layer did */
static bool
is_switch_up (const SfuDependencyState *state, const SfuDescriptor *descriptor, uint32_t switches)
{
  const bool *seen = state->layer_seen[descriptor->spatial];
  const uint16_t *numbers = state->layer_number[descriptor->spatial];
  uint32_t targets = 0;
  int newest = -1;

  if (descriptor->temporal == 0)
    return true;
  for (unsigned target = 0; target < state->n_targets; target++)
    if (state->target_spatial[target] == descriptor->spatial && state->target_temporal[target] == descriptor->temporal)
      targets |= 1u << target;
  for (int t = 0; t < descriptor->temporal; t++)
    if (seen[t] && (newest < 0 || (int16_t) (numbers[t] - numbers[newest]) > 0))
      newest = t;
  if (newest >= 0)
    switches |= state->layer_switches[descriptor->spatial][newest];
  return (switches & targets) != 0;
}

static bool
is_discardable (const SfuDependencyState *state, uint64_t dtis)
{
  bool some = false;

  for (unsigned target = 0; target < state->n_targets; target++)
    {
      unsigned dti = sfu_dependency_get_dti (dtis, target);

      if (dti == DTI_SWITCH || dti == DTI_REQUIRED)
        return false;
      some = some || dti == DTI_DISCARDABLE;
    }
  return some;
}

bool
sfu_dependency_parse (SfuDependencyState *state, const uint8_t *data, size_t len, SfuFrame *frame)
{
  SfuDependencyState scratch;
  SfuDescriptor descriptor;
  unsigned spatial, temporal;

  if (!sfu_dependency_read (state, &scratch, data, len, &descriptor))
    return false;
  if (descriptor.structure)
    *state = scratch;
  state->active_targets = descriptor.targets;
  spatial = descriptor.spatial;
  temporal = descriptor.temporal;
  frame->has_dependency = true;
  frame->dependency = describe (state, &descriptor);
  frame->start = descriptor.start;
  frame->end = descriptor.end;
  frame->spatial = (uint8_t) spatial;
  frame->temporal = (uint8_t) temporal;
  frame->keyframe = is_key (state, &descriptor);
  frame->switch_up = frame->keyframe || is_switch_up (state, &descriptor, frame->dependency.switch_targets);
  frame->discardable = is_discardable (state, descriptor.dtis);
  if (!frame->keyframe)
    frame->width = frame->height = 0;
  else if (state->width[spatial] != 0)
    {
      frame->width = state->width[spatial];
      frame->height = state->height[spatial];
    }
  state->layer_seen[spatial][temporal] = true;
  state->layer_number[spatial][temporal] = descriptor.number;
  state->layer_switches[spatial][temporal] = frame->dependency.switch_targets;
  return true;
}

uint32_t
sfu_dependency_get_targets (const SfuDependencyState *state, unsigned spatial, unsigned temporal)
{
  uint32_t targets = 0;

  for (unsigned target = 0; target < state->n_targets; target++)
    if (state->target_spatial[target] <= spatial && state->target_temporal[target] <= temporal)
      targets |= 1u << target;
  return targets;
}

int
sfu_dependency_find_target (const SfuDependencyState *state, unsigned spatial, unsigned temporal)
{
  uint32_t targets = sfu_dependency_get_targets (state, spatial, temporal);
  int found = -1, richest = -1;

  for (unsigned target = 0; target < state->n_targets; target++)
    {
      int rank = state->target_spatial[target] * SFU_TEMPORAL_MAX + state->target_temporal[target];

      if ((targets & 1u << target) != 0 && rank > richest)
        {
          found = (int) target;
          richest = rank;
        }
    }
  return found;
}

unsigned
sfu_dependency_read_layers (const uint8_t *data, size_t len, uint8_t ret_layers[SFU_DEPENDENCY_TARGETS_MAX])
{
  SfuDependencyState none = { 0 }, state;
  SfuDescriptor descriptor;

  if (!sfu_dependency_read (&none, &state, data, len, &descriptor) || !descriptor.structure)
    return 0;
  for (unsigned target = 0; target < state.n_targets; target++)
    ret_layers[target] = (uint8_t) (state.target_spatial[target] << 4 | state.target_temporal[target]);
  return state.n_targets;
}
