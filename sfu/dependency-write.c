/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a dependency descriptor again. Any thread. */
#include "sfu/dependency-private.h"

void
sfu_dependency_set_number (uint8_t *data, uint16_t frame_number)
{
  data[1] = (uint8_t) (frame_number >> 8);
  data[2] = (uint8_t) frame_number;
}

static void
put_flags (SfuBitWriter *writer, const SfuDescriptor *descriptor, bool structure, bool active)
{
  sfu_bit_writer_put (writer, structure, 1);
  sfu_bit_writer_put (writer, active, 1);
  sfu_bit_writer_put (writer, descriptor->custom_dtis, 1);
  sfu_bit_writer_put (writer, descriptor->custom_fdiffs, 1);
  sfu_bit_writer_put (writer, descriptor->custom_chains, 1);
}

size_t
sfu_dependency_write (const SfuDependencyState *state, const uint8_t *data, size_t len, const SfuDependencyEdit *edit,
                      uint8_t *ret_data, size_t size)
{
  SfuDependencyState scratch;
  SfuDescriptor descriptor;
  SfuBitWriter writer;
  bool structure, active;
  uint32_t all, targets;

  if (!sfu_dependency_read (state, &scratch, data, len, &descriptor))
    return 0;
  if (descriptor.structure)
    state = &scratch;
  all = sfu_dependency_all_targets (state);
  targets = (edit->active ? edit->targets : descriptor.targets) & all;
  structure = edit->structure || descriptor.structure;
  /* a structure makes all targets active, unless told otherwise */
  active = edit->active || descriptor.active || (structure && targets != all);
  sfu_bit_writer_init (&writer, ret_data, size < SFU_DEPENDENCY_MAX ? size : SFU_DEPENDENCY_MAX);
  sfu_bit_writer_put (&writer, descriptor.start, 1);
  sfu_bit_writer_put (&writer, descriptor.end, 1);
  sfu_bit_writer_put (&writer, descriptor.template_id, 6);
  sfu_bit_writer_put (&writer, edit->frame_number, 16);
  if (structure || active || descriptor.custom_dtis || descriptor.custom_fdiffs || descriptor.custom_chains)
    put_flags (&writer, &descriptor, structure, active);
  if (structure)
    sfu_bit_writer_copy (&writer, state->structure, 0, state->structure_bits);
  if (active)
    sfu_bit_writer_put (&writer, targets, state->n_targets);
  sfu_bit_writer_copy (&writer, data, descriptor.custom_at, descriptor.custom_bits);
  return sfu_bit_writer_end (&writer);
}
