/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>

#include "signaling/front-slots.h"

static void
test_slots_names (void)
{
  SigSlots *slots = sig_slots_new (5), *other = sig_slots_new (6);
  int a, b;
  SigConnId id_a = sig_slots_add (slots, &a), id_b = sig_slots_add (slots, &b), id_other = sig_slots_add (other, &a);

  g_assert_cmpuint (id_a, !=, 0);
  g_assert_cmpuint (id_a, !=, id_b);
  g_assert_cmpuint (sig_slots_get_thread (id_a), ==, 5);
  g_assert_true (sig_slots_find (slots, id_a) == &a);
  g_assert_true (sig_slots_find (slots, id_b) == &b);
  g_assert_null (sig_slots_find (slots, id_other));
  g_assert_null (sig_slots_find (slots, 0));
  g_assert_null (sig_slots_find (slots, UINT64_MAX));
  sig_slots_free (slots);
  sig_slots_free (other);
  sig_slots_free (NULL);
}

static void
test_slots_stale (void)
{
  SigSlots *slots = sig_slots_new (0);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  int owner;
  SigConnId last = 0;

  for (int i = 0; i < 1000; i++)
    {
      SigConnId id = sig_slots_add (slots, &owner);

      g_assert_null (sig_slots_find (slots, last));
      g_assert_true (g_hash_table_add (seen, g_memdup2 (&id, sizeof id)));
      g_assert_true (sig_slots_find (slots, id) == &owner);
      sig_slots_remove (slots, id);
      last = id;
    }
  sig_slots_free (slots);
}

static void
test_slots_many (void)
{
  SigSlots *slots = sig_slots_new (63);
  enum { N = 5000 };
  g_autofree SigConnId *ids = g_new (SigConnId, N);
  g_autofree int *owners = g_new0 (int, N);
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  for (int i = 0; i < N; i++)
    ids[i] = sig_slots_add (slots, &owners[i]);
  for (int round = 0; round < 20000; round++)
    {
      int i = g_rand_int_range (rand, 0, N);
      SigConnId before = ids[i];

      sig_slots_remove (slots, ids[i]);
      ids[i] = sig_slots_add (slots, &owners[i]);
      g_assert_null (sig_slots_find (slots, before));
    }
  for (int i = 0; i < N; i++)
    g_assert_true (sig_slots_find (slots, ids[i]) == &owners[i]);
  sig_slots_free (slots);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/front-slots/names", test_slots_names);
  g_test_add_func ("/signaling/front-slots/stale", test_slots_stale);
  g_test_add_func ("/signaling/front-slots/many", test_slots_many);
  return g_test_run ();
}
