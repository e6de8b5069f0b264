/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>

#include "base/random.h"

static void
test_random_bytes (void)
{
  uint8_t data[1024 + 1] = { 0 };
  unsigned ones = 0;

  al_random_bytes (data, 0);
  g_assert_cmphex (data[0], ==, 0);
  al_random_bytes (data, 1024);
  g_assert_cmphex (data[1024], ==, 0);
  for (unsigned i = 0; i < 1024; i++)
    ones += (unsigned) __builtin_popcount (data[i]);
  /* 4,096 expected, deviation 45: twenty of them */
  g_assert_cmpuint (ones, >, 4096 - 900);
  g_assert_cmpuint (ones, <, 4096 + 900);
}

static void
test_random_id (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  int64_t all = 0;

  for (int i = 0; i < 1000; i++)
    {
      int64_t id = al_random_id ();

      g_assert_cmpint (id, >=, 1);
      g_assert_cmpint (id, <=, (INT64_C (1) << 53) - 1);
      g_assert_true (g_hash_table_add (seen, g_memdup2 (&id, sizeof id)));
      all |= id;
    }
  g_assert_cmphex ((uint64_t) all, ==, (UINT64_C (1) << 53) - 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/random/bytes", test_random_bytes);
  g_test_add_func ("/base/random/id", test_random_id);
  return g_test_run ();
}
