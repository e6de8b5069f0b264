/* SPDX-License-Identifier: Apache-2.0 */
/* Redundant audio (RFC 2198; point 27). */
#include "sfu/red.h"

#include "bytes.h"
#include "captures.h"
#include "sfu/rtp.h"

static const char *const bad[] = {
  "",                        /* nothing */
  "ef",                      /* a header cut */
  "ef0f00",                  /* the same */
  "ef0f0001",                /* no primary header */
  "ef0f0001 6f",             /* the block is missing */
  "ef0f0003 6f aabb",        /* one byte of it is */
  "ef0003ff 6f aabbcc",      /* 1023 bytes */
  "ef000000 ef000000",       /* no end of headers */
  "ef000001 ef000002 6f aabb", /* the second block cut */
  /* eleven blocks */
  "ef000000 ef000000 ef000000 ef000000 ef000000 ef000000 ef000000 ef000000 ef000000 ef000000 6f aa",
};

static void
test_bad (void)
{
  SfuRedBlock blocks[SFU_RED_BLOCKS_MAX], block;
  unsigned n;

  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_auto (Bytes) bytes = bytes_of (bad[i]);

      g_assert_false (sfu_red_parse (bytes.data, bytes.len, blocks, &n));
      g_assert_false (sfu_red_find_primary (bytes.data, bytes.len, &block));
      g_assert_false (sfu_red_find (bytes.data, bytes.len, 0, &block));
    }
  g_autofree uint8_t *huge = g_malloc0 (65536);
  g_assert_true (sfu_red_parse (huge, 65535, blocks, &n));
  g_assert_cmpuint (blocks[0].len, ==, 65534);
  g_assert_false (sfu_red_parse (huge, 65536, blocks, &n));
}

static void
test_blocks (void)
{
  /* 1920 before: aa; 960 before: nothing; the primary: bbcc */
  g_auto (Bytes) bytes = bytes_of ("ef1e0001 ef0f0000 6f aa bbcc");
  SfuRedBlock blocks[SFU_RED_BLOCKS_MAX], block;
  unsigned n;

  g_assert_true (sfu_red_parse (bytes.data, bytes.len, blocks, &n));
  g_assert_cmpuint (n, ==, 3);
  g_assert_true (blocks[0].offset == 1920 && blocks[0].payload_type == 111 && blocks[1].offset == 960 && blocks[2].offset == 0);
  g_assert_true (sfu_red_find_primary (bytes.data, bytes.len, &block));
  g_assert_cmpmem (block.data, block.len, "\xbb\xcc", 2);
  g_assert_true (sfu_red_find (bytes.data, bytes.len, 1920, &block));
  g_assert_cmpmem (block.data, block.len, "\xaa", 1);
  g_assert_false (sfu_red_find (bytes.data, bytes.len, 960, &block)); /* empty: nothing to recover */
  g_assert_false (sfu_red_find (bytes.data, bytes.len, 2880, &block));
  for (size_t len = 0; len <= bytes.len; len++)
    {
      g_auto (Bytes) cut = bytes_copy (bytes.data, len);

      g_assert_cmpint (sfu_red_parse (cut.data, len, blocks, &n), ==, len >= 10);
    }
}

static void
test_round_trip (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  static const uint8_t audio[1200];

  for (unsigned round = 0; round < 1000; round++)
    {
      SfuRedBlock blocks[SFU_RED_BLOCKS_MAX], back[SFU_RED_BLOCKS_MAX];
      unsigned n = (unsigned) g_rand_int_range (rand, 1, SFU_RED_BLOCKS_MAX + 1), m;
      uint8_t data[16000];
      size_t len;

      for (unsigned i = 0; i < n; i++)
        blocks[i] = (SfuRedBlock){ audio, (uint16_t) g_rand_int_range (rand, 0, 1024),
                                   i + 1 < n ? (uint16_t) g_rand_int_range (rand, 0, 16384) : 0,
                                   (uint8_t) g_rand_int_range (rand, 0, 128) };
      len = sfu_red_write (blocks, n, data, sizeof data);
      g_auto (Bytes) exact = bytes_copy (data, len);
      g_assert_true (sfu_red_parse (exact.data, len, back, &m));
      g_assert_cmpuint (m, ==, n);
      for (unsigned i = 0; i < n; i++)
        {
          g_assert_cmpuint (back[i].offset, ==, blocks[i].offset);
          g_assert_cmpuint (back[i].len, ==, blocks[i].len);
          g_assert_cmpuint (back[i].payload_type, ==, blocks[i].payload_type);
        }
      g_assert_cmpuint (sfu_red_write (blocks, n, data, len - 1), ==, 0);
    }
}

static void
test_refused (void)
{
  static const uint8_t audio[1200];
  SfuRedBlock far[] = { { audio, 1, 16384, 111 }, { audio, 1, 0, 111 } };
  SfuRedBlock large[] = { { audio, 1024, 1, 111 }, { audio, 1, 0, 111 } };
  uint8_t data[2000];

  g_assert_cmpuint (sfu_red_write (far, 2, data, sizeof data), ==, 0);
  g_assert_cmpuint (sfu_red_write (large, 2, data, sizeof data), ==, 0);
  g_assert_cmpuint (sfu_red_write (large, 0, data, sizeof data), ==, 0);
  g_assert_cmpuint (sfu_red_write (large, SFU_RED_BLOCKS_MAX + 1, data, sizeof data), ==, 0);
}

/* each packet's redundant block is the primary of the one before */
static void
test_captured (void)
{
  SfuRedBlock before = { 0 }, block, primary;
  uint32_t timestamp = 0;

  for (unsigned i = 0; i < G_N_ELEMENTS (captured_red); i++)
    {
      static Bytes kept[G_N_ELEMENTS (captured_red)];
      SfuRtp rtp;

      kept[i] = bytes_of (captured_red[i]);
      g_assert_true (sfu_rtp_parse (kept[i].data, kept[i].len, &rtp));
      g_assert_true (sfu_red_find_primary (rtp.data + rtp.header_len, rtp.payload_len, &primary));
      g_assert_cmpuint (primary.payload_type, ==, 96);
      if (i > 0)
        {
          g_assert_true (sfu_red_find (rtp.data + rtp.header_len, rtp.payload_len, rtp.timestamp - timestamp, &block));
          g_assert_cmpmem (block.data, block.len, before.data, before.len);
          bytes_clear (&kept[i - 1]);
        }
      before = primary;
      timestamp = rtp.timestamp;
      if (i + 1 == G_N_ELEMENTS (captured_red))
        bytes_clear (&kept[i]);
    }
}

/* Which lost packets a block can stand for is told by timestamps alone: RFC 2198 has no sequence numbers. */
static void
test_find_lost (void)
{
  static const struct {
    const char *red;
    unsigned n_lost, span, n_found;
    struct {
      unsigned behind, offset;
    } found[3];
  } cases[] = {
    { "ef0f0001 6f aa bb", 1, 1920, 1, { { 1, 960 } } },
    { "ef1e0001 ef0f0001 6f aa aa bb", 2, 2880, 2, { { 2, 1920 }, { 1, 960 } } },
    { "ef1e0001 ef0f0001 6f aa aa bb", 1, 1920, 1, { { 1, 960 } } },              /* the other one has come */
    { "ef0f0001 6f aa bb", 4, 4800, 1, { { 1, 960 } } },                          /* of several the last */
    { "ef1e0001 6f aa bb", 3, 3840, 1, { { 2, 1920 } } },                         /* redundancy of a distance of two */
    { "ef2d0001 ef0f0001 6f aa aa bb", 2, 6000, 2, { { 2, 2880 }, { 1, 960 } } }, /* after a pause, as many as were lost */
    { "ef0f0001 6f aa bb", 2, 5000, 0, { { 0, 0 } } },                            /* after a pause: one of two, but which? */
    { "ef0f0001 6f aa bb", 2, 1000, 0, { { 0, 0 } } },
    { "ef1e0000 ef0f0001 6f aa bb", 2, 2880, 1, { { 1, 960 } } },                 /* nothing to repeat of the first */
    { "ef0f0001 6f aa bb", 1, 960, 0, { { 0, 0 } } },                             /* the packet that has come */
    { "ef0f0001 6f aa bb", 0, 960, 0, { { 0, 0 } } },
    { "ef000001 6f aa bb", 1, 960, 0, { { 0, 0 } } },                             /* itself */
    { "ef0f0001 ef1e0001 6f aa aa bb", 2, 2880, 0, { { 0, 0 } } },                /* out of their order */
    { "ef0f0001 ef0f0001 6f aa aa bb", 2, 2880, 0, { { 0, 0 } } },
    { "ef1e0001 ef0f0001 6f aa aa bb", 1, 2880, 0, { { 0, 0 } } },                /* more than were lost */
    { "ef0f0001 6f aa bb", 1, 0xfffff000, 0, { { 0, 0 } } },                      /* timestamps that go back */
    { "ef0f0001 6f aa bb", 3000, 100, 0, { { 0, 0 } } },
    { "ef0f0009 6f aa bb", 1, 1920, 0, { { 0, 0 } } },                            /* cut off */
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Bytes) red = bytes_of (cases[i].red);
      SfuRedLost lost[SFU_RED_BLOCKS_MAX];
      unsigned n = sfu_red_find_lost (red.data, red.len, cases[i].n_lost, cases[i].span, lost);

      g_assert_cmpuint (n, ==, cases[i].n_found);
      for (unsigned k = 0; k < n; k++)
        {
          g_assert_cmpuint (lost[k].behind, ==, cases[i].found[k].behind);
          g_assert_cmpuint (lost[k].block.offset, ==, cases[i].found[k].offset);
          g_assert_cmpmem (lost[k].block.data, lost[k].block.len, "\xaa", 1);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/red/bad", test_bad);
  g_test_add_func ("/sfu/red/blocks", test_blocks);
  g_test_add_func ("/sfu/red/round-trip", test_round_trip);
  g_test_add_func ("/sfu/red/refused", test_refused);
  g_test_add_func ("/sfu/red/find-lost", test_find_lost);
  g_test_add_func ("/sfu/red/captured", test_captured);
  return g_test_run ();
}
