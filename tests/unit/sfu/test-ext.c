/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/ext.h"

#include <glib.h>

static void
test_uris (void)
{
  for (SfuExt ext = SFU_EXT_MID; ext < SFU_EXT_N; ext++)
    {
      g_assert_cmpint (sfu_ext_from_uri (sfu_ext_get_uri (ext)), ==, ext);
      g_assert_true (sfu_ext_is_for (ext, SFU_AUDIO) || sfu_ext_is_for (ext, SFU_VIDEO));
    }
  g_assert_cmpint (sfu_ext_from_uri (""), ==, SFU_EXT_N);
  g_assert_cmpint (sfu_ext_from_uri ("urn:ietf:params:rtp-hdrext:sdes:mid2"), ==, SFU_EXT_N);
  g_assert_false (sfu_ext_is_for (SFU_EXT_RID, SFU_AUDIO));
  g_assert_false (sfu_ext_is_for (SFU_EXT_AUDIO_LEVEL, SFU_VIDEO));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/ext/uris", test_uris);
  return g_test_run ();
}
