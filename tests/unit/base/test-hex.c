/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <stdint.h>
#include <string.h>

#include "base/hex.h"

static void
test_hex_good (void)
{
  static const uint8_t data[] = { 0x00, 0x9f, 0xa0, 0xff };
  char text[9];
  uint8_t back[4];

  g_assert_cmpstr (al_hex_write (data, sizeof data, text), ==, "009fa0ff");
  g_assert_true (al_hex_parse (text, 8, back, sizeof back));
  g_assert_cmpmem (back, sizeof back, data, sizeof data);
  g_assert_true (al_hex_parse ("009FA0Ff", 8, back, sizeof back));
  g_assert_cmpmem (back, sizeof back, data, sizeof data);
  g_assert_cmpstr (al_hex_write (data, 0, text), ==, "");
  g_assert_true (al_hex_parse ("", 0, back, 0));
}

static void
test_hex_bad (void)
{
  static const char *const cases[] = { "009fa0f", "009fa0ff0", "009fa0fg", "009fa0 f", "0x9fa0ff", "009fa0ff00", "-09fa0ff" };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      uint8_t back[4];

      g_assert_false (al_hex_parse (cases[i], strlen (cases[i]), back, sizeof back));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/hex/good", test_hex_good);
  g_test_add_func ("/base/hex/bad", test_hex_bad);
  return g_test_run ();
}
