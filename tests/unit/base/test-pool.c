/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "base/pool.h"
#include "base/ring.h"

#define N_PKTS 64u
#define ROUNDS 20000u

static AlPool *
pool_new (unsigned n, unsigned bytes)
{
  g_autoptr (GError) error = NULL;
  AlPool *pool = al_pool_new (n, bytes, &error);

  g_assert_no_error (error);
  return pool;
}

static void
test_pool_exhaust (void)
{
  g_autoptr (AlPool) pool = pool_new (N_PKTS, AL_PKT_SIZE);
  AlPkt *pkts[N_PKTS];

  g_assert_cmpuint (al_pool_get_size (pool), ==, AL_PKT_SIZE);
  for (unsigned i = 0; i < N_PKTS; i++)
    {
      pkts[i] = al_pool_take (pool);
      g_assert_nonnull (pkts[i]);
      g_assert_cmpuint ((uintptr_t) pkts[i]->data % 64, ==, 0);
      (void) memset (pkts[i]->data, (int) i, AL_PKT_SIZE);
      pkts[i]->len = (uint16_t) i;
    }
  g_assert_null (al_pool_take (pool));
  for (unsigned i = 0; i < N_PKTS; i++)
    {
      g_assert_cmpuint (pkts[i]->len, ==, i);
      g_assert_cmphex (pkts[i]->data[0], ==, i);
      g_assert_cmphex (pkts[i]->data[AL_PKT_SIZE - 1], ==, i);
      al_pkt_unref (pkts[i]);
    }
  g_assert_cmpuint (al_pool_count_free (pool), ==, N_PKTS);
}

static void
test_pool_refs (void)
{
  g_autoptr (AlPool) pool = pool_new (1, 100);
  AlPkt *pkt = al_pool_take (pool);

  g_assert_cmpuint (al_pool_get_size (pool), ==, 128);
  pkt->offset = 5;
  g_assert_true (al_pkt_ref (pkt) == pkt);
  al_pkt_unref (pkt);
  g_assert_null (al_pool_take (pool));
  al_pkt_unref (pkt);
  pkt = al_pool_take (pool);
  g_assert_nonnull (pkt);
  g_assert_cmpuint (pkt->offset, ==, 0);
  al_pkt_unref (pkt);
}

static void *
release_all (void *data)
{
  for (unsigned n = 0; n < ROUNDS;)
    {
      void *pkts[8];
      unsigned got = al_ring_pop (data, pkts, 8);

      for (unsigned i = 0; i < got; i++, n++)
        {
          AlPkt *pkt = pkts[i];

          g_assert_cmphex (pkt->data[0], ==, pkt->len & 0xff);
          al_pkt_unref (pkt);
        }
      if (got == 0)
        (void) sched_yield ();
    }
  return NULL;
}

/* Two other threads release; every second packet is shared by both. */
static void
test_pool_threads (void)
{
  g_autoptr (AlPool) pool = pool_new (N_PKTS, 256);
  AlRing *rings[2] = { al_ring_new (N_PKTS), al_ring_new (N_PKTS) };
  pthread_t threads[2];

  for (unsigned t = 0; t < 2; t++)
    g_assert_cmpint (pthread_create (&threads[t], NULL, release_all, rings[t]), ==, 0);
  for (unsigned i = 0; i < ROUNDS; i++)
    {
      AlPkt *pkt;

      while ((pkt = al_pool_take (pool)) == NULL)
        (void) sched_yield ();
      pkt->len = (uint16_t) i;
      pkt->data[0] = (uint8_t) i;
      for (unsigned t = 0; t < 2; t++)
        {
          void *item = t == 0 ? al_pkt_ref (pkt) : pkt;

          while (al_ring_push (rings[t], &item, 1) == 0)
            (void) sched_yield ();
        }
    }
  for (unsigned t = 0; t < 2; t++)
    {
      g_assert_cmpint (pthread_join (threads[t], NULL), ==, 0);
      al_ring_free (rings[t]);
    }
  g_assert_cmpuint (al_pool_count_free (pool), ==, N_PKTS);
}

static void *
adopt_and_take (void *data)
{
  AlPkt *pkt;

  al_pool_adopt (data);
  pkt = al_pool_take (data);
  g_assert_nonnull (pkt);
  al_pkt_unref (pkt);
  return NULL;
}

static void
test_pool_adopt (void)
{
  g_autoptr (AlPool) pool = pool_new (2, 64);
  pthread_t thread;

  g_assert_cmpint (pthread_create (&thread, NULL, adopt_and_take, pool), ==, 0);
  g_assert_cmpint (pthread_join (thread, NULL), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/pool/exhaust", test_pool_exhaust);
  g_test_add_func ("/base/pool/refs", test_pool_refs);
  g_test_add_func ("/base/pool/threads", test_pool_threads);
  g_test_add_func ("/base/pool/adopt", test_pool_adopt);
  return g_test_run ();
}
