/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/registry.h"

#include <glib.h>
#include <string.h>

static SfuLegSetup *
make_setup (uint64_t peer, bool publisher, const char *ufrag)
{
  SfuLegSetup *setup = sfu_leg_setup_new (0);

  setup->room = 1;
  setup->peer = peer;
  setup->publisher = publisher;
  (void) g_strlcpy (setup->local_ufrag, ufrag, sizeof setup->local_ufrag);
  return setup;
}

static void
test_claim (void)
{
  g_autoptr (SfuRegistry) registry = sfu_registry_new (2);
  g_autoptr (SfuLegSetup) claimed = NULL;
  g_autoptr (SfuLegSetup) told = NULL;
  SfuLegSetup *none = NULL;
  unsigned worker = 7;

  g_assert_cmpuint (sfu_registry_claim (registry, "nobody", 6, 0, &none), ==, SFU_NO_LEG);
  g_assert_null (sfu_registry_set (registry, make_setup (1, true, "first"), &worker));
  g_assert_null (sfu_registry_set (registry, make_setup (1, false, "other"), &worker));
  g_assert_cmpuint (sfu_registry_find (registry, "first", 5), ==, SFU_NOBODY);

  /* what is told before it is claimed takes the place of the first */
  g_assert_null (sfu_registry_set (registry, make_setup (1, true, "first"), &worker));
  g_assert_cmpuint (sfu_registry_claim (registry, "first", 5, 1, &claimed), ==, 1);
  g_assert_nonnull (claimed);
  g_assert_cmpuint (sfu_registry_claim (registry, "first", 5, 0, &none), ==, 1);
  g_assert_null (none);

  /* afterwards it goes to the worker */
  told = sfu_registry_set (registry, make_setup (1, true, "second"), &worker);
  g_assert_nonnull (told);
  g_assert_cmpuint (worker, ==, 1);
  g_assert_cmpuint (sfu_registry_find (registry, "second", 6), ==, 1);
  g_assert_cmpuint (sfu_registry_find (registry, "first", 5), ==, 1); /* checks of it are under way */
  g_assert_cmpuint (sfu_registry_get_load (registry, 1), ==, 1);
}

static void
test_end (void)
{
  g_autoptr (SfuRegistry) registry = sfu_registry_new (2);
  g_autoptr (SfuLegSetup) claimed = NULL;
  g_autoptr (SfuLegSetup) told = NULL;
  SfuLegSetup *ended = make_setup (1, true, "a");
  unsigned worker = 7;

  ended->ended = true;
  g_assert_null (sfu_registry_set (registry, sfu_leg_setup_copy (ended), &worker)); /* it never was */
  g_assert_null (sfu_registry_set (registry, make_setup (1, true, "a"), &worker));
  g_assert_cmpuint (sfu_registry_claim (registry, "a", 1, 0, &claimed), ==, 0);
  told = sfu_registry_set (registry, ended, &worker);
  g_assert_true (told == ended);
  g_assert_cmpuint (sfu_registry_find (registry, "a", 1), ==, SFU_NO_LEG);
  g_assert_cmpuint (sfu_registry_get_load (registry, 0), ==, 0);
}

/* who was chosen cannot be told: the claimer has the leg, as it is by then */
static void
test_take_over (void)
{
  g_autoptr (SfuRegistry) registry = sfu_registry_new (2);
  g_autoptr (SfuLegSetup) claimed = NULL;
  g_autoptr (SfuLegSetup) told = NULL;
  g_autoptr (SfuLegSetup) taken = NULL;
  g_autoptr (SfuLegSetup) last = NULL;
  SfuLegSetup *ended = make_setup (1, true, "a");
  unsigned worker = 7;

  g_assert_null (sfu_registry_set (registry, make_setup (1, true, "a"), &worker));
  g_assert_cmpuint (sfu_registry_claim (registry, "a", 1, 0, &claimed), ==, 0);
  told = sfu_registry_set (registry, make_setup (1, true, "a"), &worker);
  g_assert_null (sfu_registry_take_over (registry, "a", 1, 1, 0));
  g_assert_null (sfu_registry_take_over (registry, "b", 1, 0, 1));
  taken = sfu_registry_take_over (registry, "a", 1, 0, 1);
  g_assert_true (taken == told);
  g_assert_cmpuint (sfu_registry_find (registry, "a", 1), ==, 1);
  g_assert_cmpuint (sfu_registry_get_load (registry, 0), ==, 0);
  g_assert_cmpuint (sfu_registry_get_load (registry, 1), ==, 1);
  ended->ended = true;
  last = sfu_registry_set (registry, ended, &worker);
  g_assert_cmpuint (worker, ==, 1);
  g_assert_null (sfu_registry_take_over (registry, "a", 1, 1, 0));
  g_assert_cmpuint (sfu_registry_get_load (registry, 1), ==, 0);
}

/* all checks come to worker 0: the others get their share all the same */
static void
test_balance (void)
{
  g_autoptr (SfuRegistry) registry = sfu_registry_new (4);
  unsigned worker;

  for (uint64_t peer = 1; peer <= 400; peer++)
    {
      g_autoptr (SfuLegSetup) setup = NULL;
      g_autofree char *ufrag = g_strdup_printf ("peer%u", (unsigned) peer);

      g_assert_null (sfu_registry_set (registry, make_setup (peer, false, ufrag), &worker));
      g_assert_cmpuint (sfu_registry_claim (registry, ufrag, strlen (ufrag), 0, &setup), <, 4);
    }
  for (unsigned i = 0; i < 4; i++)
    {
      g_assert_cmpuint (sfu_registry_get_load (registry, i), >=, 90);
      g_assert_cmpuint (sfu_registry_get_load (registry, i), <=, 110);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/registry/claim", test_claim);
  g_test_add_func ("/sfu/registry/end", test_end);
  g_test_add_func ("/sfu/registry/take-over", test_take_over);
  g_test_add_func ("/sfu/registry/balance", test_balance);
  return g_test_run ();
}
