/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <pthread.h>

static void
test_limit (void)
{
  g_autoptr (RelayQuota) quota = relay_quota_new (100);

  for (unsigned i = 0; i < 3; i++)
    g_assert_true (relay_quota_take (quota, "alice", 5, 3));
  g_assert_false (relay_quota_take (quota, "alice", 5, 3));
  g_assert_true (relay_quota_take (quota, "alice", 5, 4)); /* a reload has raised it */
  g_assert_false (relay_quota_take (quota, "alice", 5, 2));
  g_assert_true (relay_quota_take (quota, "bob", 3, 3));
  g_assert_true (relay_quota_take (quota, "alic", 4, 1));
  g_assert_cmpuint (relay_quota_get (quota, "alice", 5), ==, 4);
  g_assert_cmpuint (relay_quota_get (quota, "carol", 5), ==, 0);
  for (unsigned i = 4; i > 0; i--)
    {
      relay_quota_give (quota, "alice", 5);
      g_assert_cmpuint (relay_quota_get (quota, "alice", 5), ==, i - 1);
    }
  g_assert_cmpuint (relay_quota_get (quota, "bob", 3), ==, 1);
}

static void
test_no_limit (void)
{
  g_autoptr (RelayQuota) quota = relay_quota_new (1);

  for (unsigned i = 0; i < RELAY_QUOTA_MAX; i++)
    g_assert_true (relay_quota_take (quota, "a\0b", 3, 0));
  g_assert_false (relay_quota_take (quota, "a\0b", 3, 0));
  for (unsigned i = 0; i < RELAY_QUOTA_MAX; i++)
    relay_quota_give (quota, "a\0b", 3);
  g_assert_cmpuint (relay_quota_get (quota, "a\0b", 3), ==, 0);
}

/* a full table refuses, and forgets nothing */
static void
test_full (void)
{
  g_autoptr (RelayQuota) quota = relay_quota_new (16);
  bool taken[64];
  unsigned n = 0;

  for (unsigned i = 0; i < 64; i++)
    n += taken[i] = relay_quota_take (quota, &i, sizeof i, 5);
  g_assert_cmpuint (n, ==, 16);
  for (unsigned i = 0; i < 64; i++)
    {
      g_assert_cmpuint (relay_quota_get (quota, &i, sizeof i), ==, taken[i]);
      if (taken[i])
        relay_quota_give (quota, &i, sizeof i);
    }
  for (unsigned i = 100; i < 116; i++)
    g_assert_true (relay_quota_take (quota, &i, sizeof i, 5));
}

static void
test_giving_too_much (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (RelayQuota) quota = relay_quota_new (16);

      relay_quota_give (quota, "alice", 5);
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed (); /* a programmer's error is told */
}

typedef struct {
  RelayQuota *quota;
  unsigned seed;
} Thread;

static void *
take_and_give (void *user)
{
  Thread *thread = user;
  g_autoptr (GRand) rand = g_rand_new_with_seed (thread->seed);
  unsigned held[8] = { 0 };

  for (unsigned i = 0; i < 50000; i++)
    {
      unsigned key = (unsigned) g_rand_int_range (rand, 0, 8);

      if (held[key] > 0 && g_rand_boolean (rand))
        {
          held[key]--;
          relay_quota_give (thread->quota, &key, sizeof key);
        }
      else if (relay_quota_take (thread->quota, &key, sizeof key, 0))
        held[key]++;
    }
  for (unsigned key = 0; key < 8; key++)
    for (; held[key] > 0; held[key]--)
      relay_quota_give (thread->quota, &key, sizeof key);
  return NULL;
}

/* keys come and go in every slot at once: all counts end at nothing */
static void
test_threads (void)
{
  g_autoptr (RelayQuota) quota = relay_quota_new (16);
  Thread threads[4];
  pthread_t ids[4];

  for (unsigned i = 0; i < 4; i++)
    {
      threads[i] = (Thread){ quota, i + 1 };
      g_assert_cmpint (pthread_create (&ids[i], NULL, take_and_give, &threads[i]), ==, 0);
    }
  for (unsigned i = 0; i < 4; i++)
    g_assert_cmpint (pthread_join (ids[i], NULL), ==, 0);
  for (unsigned key = 0; key < 8; key++)
    g_assert_cmpuint (relay_quota_get (quota, &key, sizeof key), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/quota/limit", test_limit);
  g_test_add_func ("/relay/quota/no-limit", test_no_limit);
  g_test_add_func ("/relay/quota/full", test_full);
  g_test_add_func ("/relay/quota/giving-too-much", test_giving_too_much);
  g_test_add_func ("/relay/quota/threads", test_threads);
  return g_test_run ();
}
