/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors, each behind a length byte, in the order of arrival; each that can be read is written again with the structure
 * attached, and must be the same to one who has not seen the ones before. */
#include <glib.h>
#include <string.h>

#include "sfu/chains.h"
#include "sfu/dependency.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* what one target contains is the same to one who knows nothing but this descriptor */
static void
check_layers (const SfuDependencyState *state, const SfuFrame *frame, const uint8_t *data, size_t len)
{
  uint8_t layers[SFU_DEPENDENCY_TARGETS_MAX];
  unsigned n = sfu_dependency_read_layers (data, len, layers);

  g_assert_cmpuint (n, ==, frame->dependency.structure ? state->n_targets : 0);
  for (unsigned target = 0; target < n; target++)
    g_assert_cmpuint (layers[target], ==, state->target_spatial[target] << 4 | state->target_temporal[target]);
}

static void
check (SfuDependencyState *state, SfuChains *chains, uint64_t *index, const uint8_t *data, size_t len)
{
  SfuDependencyState late = { 0 };
  SfuDependencyEdit edit = { .frame_number = 0x1234, .structure = true };
  SfuFrame frame = { 0 }, other = { 0 };
  uint8_t again[SFU_DEPENDENCY_MAX];
  size_t n;

  if (!sfu_dependency_parse (state, data, len, &frame))
    {
      g_assert_false (frame.has_dependency);
      return;
    }
  g_assert_cmpuint (frame.spatial, <, SFU_SPATIAL_MAX);
  g_assert_cmpuint (frame.temporal, <, SFU_TEMPORAL_MAX);
  check_layers (state, &frame, data, len);
  /* the low bits of the number make gaps, and what is behind them is awaited or not */
  *index += 1 + (frame.dependency.frame_number & 1);
  sfu_chains_on_packet (chains, state, *index, (frame.dependency.frame_number & 2) != 0 ? *index - 1 : SFU_CHAINS_NOTHING,
                        &frame);
  g_assert_cmphex (frame.dependency.pending_layers & frame.dependency.broken_layers, ==, 0);
  if (frame.keyframe && frame.dependency.n_fdiffs == 0 && frame.dependency.n_chains == 0)
    g_assert_cmphex (frame.dependency.broken_layers, ==, 0);
  frame.dependency.pending_layers = frame.dependency.broken_layers = 0;
  g_assert_cmpint (sfu_dependency_find_target (state, SFU_SPATIAL_MAX, SFU_TEMPORAL_MAX), >=, 0);
  n = sfu_dependency_write (state, data, len, &edit, again, sizeof again);
  if (n == 0)
    return; /* too long with the structure */
  g_assert_true (sfu_dependency_parse (&late, again, n, &other));
  g_assert_cmpuint (other.dependency.frame_number, ==, 0x1234);
  other.dependency.frame_number = frame.dependency.frame_number;
  other.dependency.structure = frame.dependency.structure;
  g_assert_cmpmem (&other.dependency, sizeof other.dependency, &frame.dependency, sizeof frame.dependency);
  g_assert_cmpmem (late.templates, sizeof late.templates, state->templates, sizeof state->templates);
  g_assert_cmpint (other.discardable, ==, frame.discardable);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree SfuChains *chains = g_new0 (SfuChains, 1);
  SfuDependencyState state;
  uint64_t index = 65536;

  sfu_dependency_init (&state);
  while (size > 0)
    {
      size_t len = MIN ((size_t) data[0], size - 1);
      g_autofree uint8_t *exact = g_memdup2 (data + 1, len);

      check (&state, chains, &index, exact, len);
      data += 1 + len;
      size -= 1 + len;
    }
  return 0;
}
