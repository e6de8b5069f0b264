/* SPDX-License-Identifier: Apache-2.0 */
/* The template dependency structure (AV1 RTP specification, A.8.4). Any thread. */
#include <string.h>

#include "sfu/dependency-private.h"

/* next_layer_idc */
enum { SAME_LAYER, NEXT_TEMPORAL, NEXT_SPATIAL, NO_MORE_TEMPLATES };

/* ns(n): a number below @n in as few bits as it needs, all bits of floor(log2 n) or one more (AV1 §4.10.7) */
static uint32_t
read_non_symmetric (SfuBits *bits, uint32_t n)
{
  uint32_t width = 0, few, value;

  for (uint32_t x = n; x != 0; x >>= 1)
    width++;
  few = (1u << width) - n;
  value = sfu_bits_read (bits, width - 1);
  return value < few ? value : (value << 1) - few + sfu_bits_read (bits, 1);
}

static bool
read_layers (SfuBits *bits, SfuDependencyState *state)
{
  unsigned spatial = 0, temporal = 0;
  uint32_t next;

  state->n_templates = 0;
  do
    {
      if (state->n_templates == SFU_DEPENDENCY_TEMPLATES_MAX)
        return false;
      state->templates[state->n_templates++]
          = (SfuDependencyTemplate){ .spatial = (uint8_t) spatial, .temporal = (uint8_t) temporal };
      next = sfu_bits_read (bits, 2);
      if (next == NEXT_TEMPORAL)
        temporal++;
      else if (next == NEXT_SPATIAL)
        {
          temporal = 0;
          spatial++;
        }
      if (bits->failed || spatial >= SFU_SPATIAL_MAX || temporal >= SFU_TEMPORAL_MAX)
        return false;
    }
  while (next != NO_MORE_TEMPLATES);
  state->n_spatial = (uint8_t) (spatial + 1);
  return true;
}

static void
read_dtis (SfuBits *bits, SfuDependencyState *state)
{
  for (unsigned i = 0; i < state->n_templates; i++)
    for (unsigned target = 0; target < state->n_targets; target++)
      state->templates[i].dtis |= (uint64_t) sfu_bits_read (bits, 2) << (2 * target);
}

static bool
read_fdiffs (SfuBits *bits, SfuDependencyState *state)
{
  for (unsigned i = 0; i < state->n_templates; i++)
    while (sfu_bits_read (bits, 1) != 0)
      {
        if (state->templates[i].n_fdiffs == SFU_FDIFFS_MAX)
          return false;
        state->templates[i].fdiffs[state->templates[i].n_fdiffs++] = (uint8_t) (sfu_bits_read (bits, 4) + 1);
      }
  return true;
}

static bool
read_chains (SfuBits *bits, SfuDependencyState *state)
{
  uint32_t n = read_non_symmetric (bits, state->n_targets + 1u);

  if (n > SFU_CHAINS_MAX)
    return false;
  state->n_chains = (uint8_t) n;
  if (n == 0)
    return true;
  for (unsigned target = 0; target < state->n_targets; target++)
    state->chain_of[target] = (uint8_t) read_non_symmetric (bits, n);
  for (unsigned i = 0; i < state->n_templates; i++)
    for (unsigned chain = 0; chain < n; chain++)
      state->templates[i].chain_diffs[chain] = (uint8_t) sfu_bits_read (bits, 4);
  return true;
}

/* what each decode target contains: the highest layers of the frames that are in it (A.8.4, decode_target_layers) */
static void
derive_targets (SfuDependencyState *state)
{
  for (unsigned target = 0; target < state->n_targets; target++)
    {
      uint8_t spatial = 0, temporal = 0;

      for (unsigned i = 0; i < state->n_templates; i++)
        {
          const SfuDependencyTemplate *template = &state->templates[i];

          if (sfu_dependency_get_dti (template->dtis, target) == DTI_NOT_PRESENT)
            continue;
          spatial = template->spatial > spatial ? template->spatial : spatial;
          temporal = template->temporal > temporal ? template->temporal : temporal;
        }
      state->target_spatial[target] = spatial;
      state->target_temporal[target] = temporal;
    }
}

/* what each chain protects, by the limits of a receiver that gets the richest target within them */
static void
derive_chains (SfuDependencyState *state)
{
  (void) memset (state->chain_layers, 0, sizeof state->chain_layers);
  for (unsigned spatial = 0; state->n_chains > 0 && spatial < SFU_SPATIAL_MAX; spatial++)
    for (unsigned temporal = 0; temporal < SFU_TEMPORAL_MAX; temporal++)
      {
        int target = sfu_dependency_find_target (state, spatial, temporal);

        if (target >= 0)
          state->chain_layers[state->chain_of[target]] |= (uint16_t) SFU_LAYER_BIT (spatial, temporal);
      }
}

static void
read_resolutions (SfuBits *bits, SfuDependencyState *state)
{
  bool there = sfu_bits_read (bits, 1) != 0;

  for (unsigned i = 0; i < SFU_SPATIAL_MAX; i++)
    {
      uint32_t width = 0, height = 0;

      if (there && i < state->n_spatial)
        {
          width = sfu_bits_read (bits, 16) + 1;
          height = sfu_bits_read (bits, 16) + 1;
        }
      state->width[i] = (uint16_t) (width <= UINT16_MAX ? width : UINT16_MAX);
      state->height[i] = (uint16_t) (height <= UINT16_MAX ? height : UINT16_MAX);
    }
}

bool
sfu_dependency_read_structure (SfuBits *bits, SfuDependencyState *state)
{
  size_t at = bits->at;
  SfuBitWriter copy;

  (void) memset (state->templates, 0, sizeof state->templates);
  (void) memset (state->target_spatial, 0, sizeof state->target_spatial);
  (void) memset (state->target_temporal, 0, sizeof state->target_temporal);
  (void) memset (state->chain_of, 0, sizeof state->chain_of);
  state->template_offset = (uint8_t) sfu_bits_read (bits, 6);
  state->n_targets = (uint8_t) (sfu_bits_read (bits, 5) + 1);
  if (!read_layers (bits, state))
    return false;
  read_dtis (bits, state);
  if (!read_fdiffs (bits, state) || !read_chains (bits, state))
    return false;
  derive_targets (state);
  derive_chains (state);
  read_resolutions (bits, state);
  if (bits->failed)
    return false;
  state->active_targets = sfu_dependency_all_targets (state);
  state->structure_bits = (uint16_t) (bits->at - at);
  sfu_bit_writer_init (&copy, state->structure, sizeof state->structure);
  sfu_bit_writer_copy (&copy, bits->data, at, state->structure_bits);
  return !copy.failed;
}
