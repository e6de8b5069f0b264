/* SPDX-License-Identifier: Apache-2.0 */
/* Messages in a stream (RFC 8656 §12.5). */
#include "bench.h"

static const struct {
  const char *name;
  uint8_t data[10];
  size_t len;
  ssize_t expected;
} frames[] = {
  { "nothing", { 0 }, 0, 0 },
  { "stun-1", { 0x00 }, 1, 0 },
  { "stun-3", { 0x00, 0x01, 0x00 }, 3, 0 },
  { "stun-header", { 0x00, 0x01, 0x00, 0x00 }, 4, 20 },
  { "stun-7", { 0x00, 0x01, 0x00, 0x08, 0x21, 0x12, 0xa4 }, 7, 28 },
  { "stun-8", { 0x00, 0x01, 0x00, 0x08, 0x21, 0x12, 0xa4, 0x42 }, 8, 28 },
  { "stun-longest", { 0x00, 0x01, 0xff, 0xfc, 0x21, 0x12, 0xa4, 0x42 }, 8, 20 + 65532 },
  { "stun-odd-length", { 0x00, 0x01, 0x00, 0x01 }, 4, -1 },
  { "stun-length-2", { 0x00, 0x01, 0x00, 0x02 }, 4, -1 },
  { "stun-no-cookie", { 0x00, 0x01, 0x00, 0x08, 0x21, 0x12, 0xa4, 0x43 }, 8, -1 },
  { "channel-1", { 0x40 }, 1, 0 },
  { "channel-3", { 0x40, 0x00, 0x00 }, 3, 0 },
  { "channel-empty", { 0x40, 0x00, 0x00, 0x00 }, 4, 4 },
  { "channel-of-1", { 0x40, 0x00, 0x00, 0x01 }, 4, 8 },
  { "channel-of-3", { 0x40, 0x00, 0x00, 0x03 }, 4, 8 },
  { "channel-of-4", { 0x7f, 0xff, 0x00, 0x04 }, 4, 8 },
  { "channel-of-5", { 0x4f, 0xff, 0x00, 0x05 }, 4, 12 },
  { "channel-longest", { 0x40, 0x00, 0xff, 0xff }, 4, 4 + 65536 },
  { "rtp-1", { 0x80 }, 1, -1 },
  { "rtp", { 0x80, 0x60, 0x00, 0x01 }, 4, -1 },
  { "top-bits", { 0xff, 0xff, 0xff, 0xff }, 4, -1 },
};

static void
test_frame (gconstpointer index)
{
  unsigned i = GPOINTER_TO_UINT (index);
  g_autofree uint8_t *exact = g_memdup2 (frames[i].data, frames[i].len);

  g_assert_cmpint (relay_turn_frame (exact, frames[i].len), ==, frames[i].expected);
}

/* an answer never changes when more bytes are there, but from "more" to something */
static void
test_steady (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (unsigned round = 0; round < 20000; round++)
    {
      uint8_t data[12] = { 0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42 };
      ssize_t before = 0;

      for (unsigned i = 0; i < 3; i++)
        data[g_rand_int_range (rand, 0, 8)] = (uint8_t) g_rand_int (rand);
      for (unsigned len = 1; len <= 12; len++)
        {
          ssize_t now = relay_turn_frame (data, len);

          g_assert_true (now == before || before == 0 || (now == -1 && len == 8));
          g_assert_true (now <= 0 || now % 4 == 0);
          before = now;
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (frames); i++)
    {
      g_autofree char *path = g_strconcat ("/relay/turn-frame/", frames[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_frame);
    }
  g_test_add_func ("/relay/turn-frame/steady", test_steady);
  return g_test_run ();
}
