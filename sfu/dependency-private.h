/* SPDX-License-Identifier: Apache-2.0 */
/* One dependency descriptor taken apart: for whoever reads it and whoever writes it again. */
#pragma once

#include "sfu/bits.h"
#include "sfu/dependency.h"

/* decode target indications */
enum { DTI_NOT_PRESENT, DTI_DISCARDABLE, DTI_SWITCH, DTI_REQUIRED };

#define DEPENDENCY_MANDATORY_BYTES 3

/**
 * SfuDescriptor:
 * @targets: active_decode_targets_bitmask: its own, all of them with @structure, else the state's
 * @structure_at, @structure_bits: where the template structure stands, in bits; 0: it has none
 * @custom_at, @custom_bits: the frame's own definition behind it
 * @frame: the frame's template with what the descriptor says otherwise; @chain_diffs, @fdiffs are the wide ones
 */
typedef struct {
  bool start, end, structure, active, custom_dtis, custom_fdiffs, custom_chains;
  uint8_t template_id;
  uint16_t number;
  uint32_t targets;
  size_t structure_at, structure_bits, custom_at, custom_bits;
  uint64_t dtis;
  uint8_t spatial, temporal, n_fdiffs;
  uint16_t fdiffs[SFU_FDIFFS_MAX];
  uint8_t chain_diffs[SFU_CHAINS_MAX];
} SfuDescriptor;

/** sfu_dependency_read_structure: into the public members of @state and its copy of the bits, from where @bits stands. */
bool sfu_dependency_read_structure (SfuBits *bits, SfuDependencyState *state);
/** sfu_dependency_read: @scratch: becomes a copy of @state with the new structure when the descriptor brings one. */
bool sfu_dependency_read (const SfuDependencyState *state, SfuDependencyState *scratch, const uint8_t *data, size_t len,
                          SfuDescriptor *ret_descriptor);

/** sfu_dependency_all_targets: Returns: a bit for each. */
static inline uint32_t
sfu_dependency_all_targets (const SfuDependencyState *state)
{
  return state->n_targets == 0 ? 0 : UINT32_MAX >> (32 - state->n_targets);
}

/** sfu_dependency_get_dti: of target @target in @dtis. */
static inline unsigned
sfu_dependency_get_dti (uint64_t dtis, unsigned target)
{
  return (unsigned) (dtis >> (2 * target)) & 3;
}
