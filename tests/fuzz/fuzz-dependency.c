/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors, each behind a length byte, in the order of arrival; each that can be read is written again with the structure
 * attached, and must be the same to one who has not seen the ones before. */
#include <glib.h>
#include <string.h>

#include "sfu/dependency.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check (SfuDependencyState *state, const uint8_t *data, size_t len)
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
  SfuDependencyState state;

  sfu_dependency_init (&state);
  while (size > 0)
    {
      size_t len = MIN ((size_t) data[0], size - 1);
      g_autofree uint8_t *exact = g_memdup2 (data + 1, len);

      check (&state, exact, len);
      data += 1 + len;
      size -= 1 + len;
    }
  return 0;
}
