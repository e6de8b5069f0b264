/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/bucket.h"

#define SECOND ((int64_t) G_USEC_PER_SEC)

static const SigBucketSize ten_a_minute = { .burst = 3, .rate = 10, .period_us = 60 * SECOND };

static void
test_one (void)
{
  SigBucket bucket = { 0 };
  int64_t now_us = 1000 * SECOND;

  for (int i = 0; i < 3; i++)
    g_assert_cmpint (sig_bucket_take (&bucket, &ten_a_minute, now_us, 1), ==, 0);
  g_assert_cmpint (sig_bucket_take (&bucket, &ten_a_minute, now_us, 1), ==, 6 * SECOND);
  g_assert_cmpint (sig_bucket_take (&bucket, &ten_a_minute, now_us + 6 * SECOND - 1, 1), ==, 1);
  g_assert_cmpint (sig_bucket_take (&bucket, &ten_a_minute, now_us + 6 * SECOND, 1), ==, 0);
  g_assert_cmpint (sig_bucket_take (&bucket, &ten_a_minute, now_us + 6 * SECOND, 2), ==, 12 * SECOND);
  /* more than it ever holds */
  g_assert_cmpint (sig_bucket_take (&bucket, &ten_a_minute, now_us + 1000 * SECOND, 4), >, 0);
  g_assert_cmpint (sig_bucket_take (&bucket, &ten_a_minute, now_us + 1000 * SECOND, 3), ==, 0);
}

static void
test_table (void)
{
  g_autoptr (SigBuckets) buckets = sig_buckets_new (&ten_a_minute);

  for (int i = 0; i < 3; i++)
    g_assert_cmpint (sig_buckets_take (buckets, 7, SECOND), ==, 0);
  g_assert_cmpint (sig_buckets_take (buckets, 7, SECOND), ==, 6 * SECOND);
  g_assert_cmpint (sig_buckets_take (buckets, 8, SECOND), ==, 0);
  g_assert_cmpint (sig_buckets_take (buckets, 7, 7 * SECOND), ==, 0);
  g_assert_cmpuint (sig_buckets_count (buckets), ==, 2);
}

/* whoever comes by once does not stay for ever */
static void
test_bounded (void)
{
  g_autoptr (SigBuckets) buckets = sig_buckets_new (&ten_a_minute);

  for (uint64_t key = 0; key < 100000; key++)
    {
      g_assert_cmpint (sig_buckets_take (buckets, key, (int64_t) key * SECOND / 10), ==, 0);
      g_assert_cmpuint (sig_buckets_count (buckets), <=, 1024);
    }
}

static void
test_off (void)
{
  SigBucketSize off = { 0 };
  g_autoptr (SigBuckets) buckets = sig_buckets_new (&off);

  for (int i = 0; i < 1000; i++)
    g_assert_cmpint (sig_buckets_take (buckets, 1, 0), ==, 0);
  g_assert_cmpuint (sig_buckets_count (buckets), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/bucket/one", test_one);
  g_test_add_func ("/signaling/bucket/table", test_table);
  g_test_add_func ("/signaling/bucket/bounded", test_bounded);
  g_test_add_func ("/signaling/bucket/off", test_off);
  return g_test_run ();
}
