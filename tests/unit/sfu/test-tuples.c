/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/tuples.h"

#include <arpa/inet.h>
#include <glib.h>

#include "sfu/registry.h"

static AlAddr
make_addr (unsigned host, uint16_t port)
{
  AlAddr addr = { .in4 = { .sin_family = AF_INET, .sin_port = htons (port) } };

  addr.in4.sin_addr.s_addr = htonl (0x0a000000u | host);
  return addr;
}

static void
test_random (void)
{
  enum { N = 500 };
  g_autoptr (SfuTuples) tuples = sfu_tuples_new ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  int legs[8], *model[N] = { NULL };

  for (unsigned round = 0; round < 20000; round++)
    {
      unsigned at = (unsigned) g_rand_int_range (rand, 0, N);
      int *leg = &legs[g_rand_int_range (rand, 0, 8)];
      AlAddr addr = make_addr (at / 10, (uint16_t) (1000 + at % 10));

      if (g_rand_boolean (rand))
        {
          sfu_tuples_set (tuples, &addr, 3, leg, round);
          model[at] = leg;
        }
      else
        {
          sfu_tuples_remove (tuples, &addr, leg);
          if (model[at] == leg)
            model[at] = NULL;
        }
      for (unsigned i = 0; i < 5; i++)
        {
          unsigned other = (unsigned) g_rand_int_range (rand, 0, N);
          AlAddr where = make_addr (other / 10, (uint16_t) (1000 + other % 10));
          const SfuTuple *found = sfu_tuples_find (tuples, &where);

          g_assert_true (found == NULL ? model[other] == NULL : found->leg == model[other]);
        }
    }
  unsigned n = 0;
  for (unsigned i = 0; i < N; i++)
    n += model[i] != NULL;
  g_assert_cmpuint (sfu_tuples_get_n (tuples), ==, n);
}

static void
test_expire (void)
{
  g_autoptr (SfuTuples) tuples = sfu_tuples_new ();
  AlAddr ours = make_addr (1, 1), theirs = make_addr (1, 2), fresh = make_addr (2, 1);
  int leg;

  sfu_tuples_set (tuples, &ours, 0, &leg, 10);
  sfu_tuples_set (tuples, &theirs, 1, NULL, 10);
  sfu_tuples_set (tuples, &fresh, 1, NULL, 20);
  sfu_tuples_expire (tuples, 15);
  g_assert_nonnull (sfu_tuples_find (tuples, &ours));
  g_assert_null (sfu_tuples_find (tuples, &theirs));
  g_assert_cmpuint (sfu_tuples_find (tuples, &fresh)->worker, ==, 1);
}

/* a forged check names the address of somebody who is heard there: it stays his, until he is silent */
static void
test_held (void)
{
  g_autoptr (SfuTuples) tuples = sfu_tuples_new ();
  AlAddr addr = make_addr (1, 1);
  int victim, thief;

  g_assert_true (sfu_tuples_may_set (tuples, &addr, 0, &victim, 0));
  sfu_tuples_set (tuples, &addr, 0, &victim, 0);
  g_assert_true (sfu_tuples_may_set (tuples, &addr, 0, &victim, 1));
  g_assert_false (sfu_tuples_may_set (tuples, &addr, 0, &thief, 1));
  g_assert_false (sfu_tuples_may_set (tuples, &addr, 1, NULL, 1));
  g_assert_false (sfu_tuples_may_set (tuples, &addr, 0, &thief, SFU_TUPLE_HELD_US - 1));
  g_assert_true (sfu_tuples_may_set (tuples, &addr, 0, &thief, SFU_TUPLE_HELD_US));
}

/* a check has come from there, but nobody is nominated yet: it is known, and whoever is nominated takes it at once */
static void
test_nobody (void)
{
  g_autoptr (SfuTuples) tuples = sfu_tuples_new ();
  AlAddr addr = make_addr (1, 1), other = make_addr (1, 2);
  int leg;

  g_assert_true (sfu_tuples_may_set (tuples, &addr, SFU_NOBODY, NULL, 0));
  sfu_tuples_set (tuples, &addr, SFU_NOBODY, NULL, 0);
  g_assert_true (sfu_tuples_may_set (tuples, &addr, 0, &leg, 1));
  sfu_tuples_set (tuples, &addr, 0, &leg, 1);
  g_assert_false (sfu_tuples_may_set (tuples, &addr, SFU_NOBODY, NULL, 2));
  /* they fill a quarter of the table at most: legs find room */
  for (unsigned i = 0; i < SFU_TUPLES_MAX / 4; i++)
    {
      AlAddr at = make_addr (2 + i / 1000, (uint16_t) (1000 + i % 1000));

      sfu_tuples_set (tuples, &at, SFU_NOBODY, NULL, 3);
    }
  g_assert_false (sfu_tuples_may_set (tuples, &other, SFU_NOBODY, NULL, 4));
  g_assert_true (sfu_tuples_may_set (tuples, &other, 0, &leg, 4));
  sfu_tuples_expire (tuples, 5);
  g_assert_cmpuint (sfu_tuples_get_n (tuples), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/tuples/random", test_random);
  g_test_add_func ("/sfu/tuples/expire", test_expire);
  g_test_add_func ("/sfu/tuples/held", test_held);
  g_test_add_func ("/sfu/tuples/nobody", test_nobody);
  return g_test_run ();
}
