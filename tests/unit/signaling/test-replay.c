/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/replay.h"

static void
push (SigReplay *replay, const char *text, int64_t now_us, unsigned max_n, size_t max_bytes)
{
  g_autoptr (AlBuf) buf = al_buf_new_copy (text, strlen (text));

  sig_replay_push (replay, buf, now_us, max_n, max_bytes);
}

static void
assert_text (const SigReplay *replay, uint64_t seq, const char *text)
{
  const AlBuf *buf = sig_replay_get (replay, seq);

  g_assert_nonnull (buf);
  g_assert_cmpmem (buf->data, buf->len, text, strlen (text));
}

static void
test_order (void)
{
  SigReplay replay = { 0 };

  g_assert_cmpuint (sig_replay_get_last (&replay), ==, 0);
  g_assert_true (sig_replay_has_all (&replay, 0));
  g_assert_false (sig_replay_has_all (&replay, 1));
  for (unsigned i = 1; i <= 20; i++)
    {
      char text[8];

      g_snprintf (text, sizeof text, "n%u", i);
      push (&replay, text, i, 100, 1000);
      g_assert_cmpuint (sig_replay_get_last (&replay), ==, i);
    }
  assert_text (&replay, 1, "n1");
  assert_text (&replay, 9, "n9");
  assert_text (&replay, 20, "n20");
  g_assert_null (sig_replay_get (&replay, 0));
  g_assert_null (sig_replay_get (&replay, 21));
  g_assert_true (sig_replay_has_all (&replay, 0));
  g_assert_true (sig_replay_has_all (&replay, 20));
  g_assert_false (sig_replay_has_all (&replay, 21));
  sig_replay_clear (&replay);
}

static void
test_bound_count (void)
{
  SigReplay replay = { 0 };

  for (unsigned i = 1; i <= 100; i++)
    push (&replay, "x", i, 10, 1000);
  g_assert_true (sig_replay_has_all (&replay, 90));
  g_assert_false (sig_replay_has_all (&replay, 89));
  g_assert_null (sig_replay_get (&replay, 90));
  assert_text (&replay, 91, "x");
  sig_replay_clear (&replay);
}

static void
test_bound_bytes (void)
{
  SigReplay replay = { 0 };

  push (&replay, "aaaaa", 0, 10, 10);
  push (&replay, "bbbbb", 0, 10, 10);
  push (&replay, "c", 0, 10, 10);
  g_assert_cmpuint (sig_replay_get_bytes (&replay), ==, 6);
  g_assert_null (sig_replay_get (&replay, 1));
  assert_text (&replay, 2, "bbbbb");
  /* too large to be held at all: counted, and everything before it is useless */
  push (&replay, "too large a text", 0, 10, 10);
  g_assert_cmpuint (sig_replay_get_last (&replay), ==, 4);
  g_assert_true (sig_replay_is_empty (&replay));
  g_assert_false (sig_replay_has_all (&replay, 3));
  g_assert_true (sig_replay_has_all (&replay, 4));
  push (&replay, "d", 0, 10, 10);
  assert_text (&replay, 5, "d");
  g_assert_false (sig_replay_has_all (&replay, 3));
  sig_replay_clear (&replay);
}

static void
test_expire (void)
{
  SigReplay replay = { 0 };

  for (unsigned i = 1; i <= 5; i++)
    push (&replay, "x", i * 10, 10, 100);
  sig_replay_expire (&replay, 30);
  g_assert_null (sig_replay_get (&replay, 2));
  assert_text (&replay, 3, "x");
  sig_replay_expire (&replay, 1000);
  g_assert_true (sig_replay_is_empty (&replay));
  g_assert_cmpuint (sig_replay_get_bytes (&replay), ==, 0);
  g_assert_cmpuint (sig_replay_get_last (&replay), ==, 5);
  g_assert_false (sig_replay_has_all (&replay, 4));
}

static void
test_reset (void)
{
  SigReplay replay = { 0 };

  push (&replay, "x", 0, 10, 100);
  sig_replay_reset (&replay, 41);
  g_assert_true (sig_replay_is_empty (&replay));
  push (&replay, "y", 0, 10, 100);
  assert_text (&replay, 42, "y");
  g_assert_true (sig_replay_has_all (&replay, 41));
  g_assert_false (sig_replay_has_all (&replay, 40));
  sig_replay_clear (&replay);
}

static void
test_drop (void)
{
  SigReplay replay = { 0 };

  g_assert_true (sig_replay_drop (&replay, 7));
  for (unsigned i = 0; i < 5; i++)
    push (&replay, "x", 0, 3, 100);
  g_assert_false (sig_replay_drop (&replay, 2)); /* gave way already */
  g_assert_true (sig_replay_has_all (&replay, 2));
  g_assert_false (sig_replay_drop (&replay, 4));
  g_assert_false (sig_replay_has_all (&replay, 3));
  g_assert_true (sig_replay_has_all (&replay, 4));
  g_assert_cmpuint (sig_replay_get_bytes (&replay), ==, 1);
  g_assert_true (sig_replay_drop (&replay, 5));
  g_assert_true (sig_replay_has_all (&replay, 5));
  g_assert_false (sig_replay_has_all (&replay, 4));
  push (&replay, "y", 0, 3, 100);
  assert_text (&replay, 6, "y");
  g_assert_true (sig_replay_drop (&replay, UINT64_MAX));
}

/* against a plain list, with wrap-around at every size of the ring */
static void
test_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  SigReplay replay = { 0 };
  uint64_t first = 1;

  for (unsigned i = 1; i <= 5000; i++)
    {
      unsigned max_n = (unsigned) g_rand_int_range (rand, 1, 40);
      uint64_t last;

      push (&replay, "z", i, max_n, 1000);
      last = sig_replay_get_last (&replay);
      first = MAX (first, last >= max_n ? last - max_n + 1 : 1);
      g_assert_cmpuint (last, ==, i);
      g_assert_nonnull (sig_replay_get (&replay, first));
      g_assert_null (sig_replay_get (&replay, first - 1));
      g_assert_true (sig_replay_has_all (&replay, first - 1));
      g_assert_cmpuint (sig_replay_get_bytes (&replay), ==, last - first + 1);
    }
  sig_replay_clear (&replay);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/replay/order", test_order);
  g_test_add_func ("/signaling/replay/bound-count", test_bound_count);
  g_test_add_func ("/signaling/replay/bound-bytes", test_bound_bytes);
  g_test_add_func ("/signaling/replay/expire", test_expire);
  g_test_add_func ("/signaling/replay/reset", test_reset);
  g_test_add_func ("/signaling/replay/drop", test_drop);
  g_test_add_func ("/signaling/replay/random", test_random);
  return g_test_run ();
}
