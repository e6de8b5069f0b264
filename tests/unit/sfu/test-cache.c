/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/cache.h"

#include <string.h>

#include "sfu/packet.h"

static AlPool *pool;

static void
put (SfuCache *cache, uint32_t epoch, uint64_t index, int64_t time_us)
{
  AlPkt *pkt = al_pool_take (pool);

  g_assert_nonnull (pkt);
  *sfu_packet_of (pkt) = (SfuPacket){ .track = 1, .epoch = epoch, .index = index, .time_us = time_us };
  sfu_cache_put (cache, pkt);
  al_pkt_unref (pkt);
}

static bool
has (const SfuCache *cache, uint32_t epoch, uint64_t index, int64_t now_us)
{
  AlPkt *pkt = sfu_cache_find (cache, epoch, index, now_us);

  g_assert_true (pkt == NULL || sfu_packet_of (pkt)->index == index);
  return pkt != NULL;
}

static void
test_ring (void)
{
  SfuCache cache;
  unsigned all = al_pool_count_free (pool);

  sfu_cache_init (&cache, 16);
  g_assert_false (has (&cache, 1, 0, 0));
  for (uint64_t i = 65530; i < 65560; i++)
    if (i != 65550)
      put (&cache, 1, i, 0);
  g_assert_false (has (&cache, 1, 65543, 0));
  g_assert_true (has (&cache, 1, 65544, 0));
  g_assert_false (has (&cache, 1, 65550, 0));
  put (&cache, 1, 65550, 0); /* late */
  put (&cache, 1, 65534, 0); /* too late: its place is another's */
  g_assert_true (has (&cache, 1, 65550, 0));
  g_assert_false (has (&cache, 1, 65534, 0));
  g_assert_false (has (&cache, 2, 65550, 0));
  g_assert_cmpuint (al_pool_count_free (pool), ==, all - 16);
  put (&cache, 1, 70000, 0); /* far ahead: nothing else is left */
  g_assert_cmpuint (al_pool_count_free (pool), ==, all - 1);
  put (&cache, 1, 69999, 0); /* late, and there is room before */
  g_assert_true (has (&cache, 1, 69999, 0));
  sfu_cache_clear (&cache);
  g_assert_cmpuint (al_pool_count_free (pool), ==, all);
  put (&cache, 1, 1, 0); /* cleared: keeps nothing */
  g_assert_false (has (&cache, 1, 1, 0));
}

static void
test_epochs (void)
{
  SfuCache cache;

  sfu_cache_init (&cache, 16);
  put (&cache, 1, 500, 0);
  put (&cache, 2, 20, 0);
  put (&cache, 1, 501, 0); /* of the SSRC before */
  g_assert_false (has (&cache, 1, 500, 0));
  g_assert_false (has (&cache, 1, 501, 0));
  g_assert_true (has (&cache, 2, 20, 0));
  put (&cache, 2, 20, 5); /* again: one reference */
  g_assert_true (has (&cache, 2, 20, 0));
  sfu_cache_clear (&cache);
}

static void
test_age (void)
{
  SfuCache cache;
  unsigned all = al_pool_count_free (pool);

  sfu_cache_init (&cache, 64);
  for (unsigned i = 0; i < 50; i++)
    put (&cache, 1, 100 + i, i * 100000);
  g_assert_false (has (&cache, 1, 100, 4900000));
  g_assert_true (has (&cache, 1, 129, 4900000));
  sfu_cache_trim (&cache, 4900000, SFU_CACHE_AGE_US);
  g_assert_cmpuint (al_pool_count_free (pool), ==, all - 21);
  sfu_cache_trim (&cache, 100000000, SFU_CACHE_AGE_US);
  g_assert_cmpuint (al_pool_count_free (pool), ==, all);
  put (&cache, 1, 30, 100000000); /* after silence, even from before: no leak */
  g_assert_true (has (&cache, 1, 30, 100000000));
  sfu_cache_clear (&cache);
  g_assert_cmpuint (al_pool_count_free (pool), ==, all);
}

/* Whatever comes, exactly what is held is in use, and what is found is what was asked for. */
static void
test_random (void)
{
  GRand *rand = g_rand_new_with_seed (2);
  SfuCache cache;
  uint64_t index = 1000;
  unsigned all = al_pool_count_free (pool), held;

  sfu_cache_init (&cache, 32);
  for (unsigned i = 0; i < 100000; i++)
    {
      index += (uint64_t) g_rand_int_range (rand, 0, 4);
      put (&cache, 1 + i / 30000, index - (uint64_t) g_rand_int_range (rand, 0, 50), i);
      held = 0;
      for (uint64_t at = index - 64; i % 100 == 0 && at <= index; at++)
        held += has (&cache, 1 + i / 30000, at, i);
      if (i % 100 == 0)
        g_assert_cmpuint (al_pool_count_free (pool), ==, all - held);
      if (i % 1000 == 0)
        sfu_cache_trim (&cache, i, g_rand_int_range (rand, 0, 30));
    }
  sfu_cache_clear (&cache);
  g_assert_cmpuint (al_pool_count_free (pool), ==, all);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  int failed;

  g_test_init (&argc, &argv, NULL);
  pool = al_pool_new (128, AL_PKT_SIZE, NULL);
  g_test_add_func ("/sfu/cache/ring", test_ring);
  g_test_add_func ("/sfu/cache/epochs", test_epochs);
  g_test_add_func ("/sfu/cache/age", test_age);
  g_test_add_func ("/sfu/cache/random", test_random);
  failed = g_test_run ();
  al_pool_free (pool);
  return failed;
}
