/* SPDX-License-Identifier: Apache-2.0 */
/* RTP (RFC 3550 §5.1) and header extensions (RFC 8285): vectors, what must not pass, and round trips. */
#include "sfu/rtp.h"

#include "bytes.h"
#include "captures.h"

#define FIXED "8060000100000002deadbeef"

static const struct {
  const char *name, *hex;
  unsigned header, payload, padding, n_exts;
} good[] = {
  { "plain", FIXED "aabb", 12, 2, 0, 0 },
  { "empty", FIXED, 12, 0, 0, 0 },
  { "csrc", "8260000100000002deadbeef 00000001 00000002 cc", 20, 1, 0, 0 },
  { "padding", "a060000100000002deadbeef aa 000003", 12, 1, 3, 0 },
  { "padding alone", "a060000100000002deadbeef 01", 12, 0, 1, 0 },
  { "one-byte", "9060000100000002deadbeef bede0002 10aa 21bbcc 000000 dd", 24, 1, 0, 2 },
  { "one-byte, inner padding", "9060000100000002deadbeef bede0002 10aa 0000 21bbcc00", 24, 0, 0, 2 },
  { "one-byte, 15 ends", "9060000100000002deadbeef bede0002 10aa f0bb 21cccc00", 24, 0, 0, 1 },
  { "one-byte, 0 with a length ends", "9060000100000002deadbeef bede0002 10aa 01bb 21cccc00", 24, 0, 0, 1 },
  { "two-byte", "9060000100000002deadbeef 10000002 0100 ff03aabbcc 00", 24, 0, 0, 2 },
  { "two-byte, appbits", "9060000100000002deadbeef 100f0001 0102aabb", 20, 0, 0, 1 },
  { "empty block", "9060000100000002deadbeef bede0000", 16, 0, 0, 0 },
  { "other profile", "9060000100000002deadbeef abcd0001 10aabbcc", 20, 0, 0, 0 },
};

static const struct {
  const char *name, *hex;
} bad[] = {
  { "nothing", "" },
  { "short", "8060000100000002deadbe" },
  { "version 0", "0060000100000002deadbeef" },
  { "version 1", "4060000100000002deadbeef" },
  { "version 3", "c060000100000002deadbeef" },
  { "csrc missing", "8160000100000002deadbeef 000000" },
  { "15 csrc", "8f60000100000002deadbeef 00000000" },
  { "extension missing", "9060000100000002deadbeef" },
  { "extension header cut", "9060000100000002deadbeef bede00" },
  { "extension past the end", "9060000100000002deadbeef bede0002 10aa0000" },
  { "extension of 262140", "9060000100000002deadbeef bedeffff 10aa0000" },
  { "element past the block", "9060000100000002deadbeef bede0001 13aabbcc dddd" },
  { "element of 16 in 4", "9060000100000002deadbeef bede0001 1faabbcc" },
  { "two-byte past the block", "9060000100000002deadbeef 10000001 0103aabb" },
  { "two-byte header cut", "9060000100000002deadbeef 10000001 0101aa02" },
  { "padding of 0", "a060000100000002deadbeef aa00" },
  { "padding past the payload", "a060000100000002deadbeef aa03" },
  { "padding without a byte", "a060000100000002deadbeef" },
  { "padding into the extension", "b060000100000002deadbeef bede0001 10000004" },
};

static void
test_good (gconstpointer index)
{
  unsigned i = GPOINTER_TO_UINT (index), n = 0;
  g_auto (Bytes) bytes = bytes_of (good[i].hex);
  SfuRtpExt ext = { 0 };
  SfuRtp rtp;

  g_assert_true (sfu_rtp_parse (bytes.data, bytes.len, &rtp));
  g_assert_cmpuint (rtp.ssrc, ==, 0xdeadbeef);
  g_assert_cmpuint (rtp.timestamp, ==, 2);
  g_assert_cmpuint (rtp.seq, ==, 1);
  g_assert_cmpuint (rtp.payload_type, ==, 96);
  g_assert_false (rtp.marker);
  g_assert_cmpuint (rtp.header_len, ==, good[i].header);
  g_assert_cmpuint (rtp.payload_len, ==, good[i].payload);
  g_assert_cmpuint (rtp.padding_len, ==, good[i].padding);
  while (sfu_rtp_next_ext (&rtp, &ext))
    {
      n++;
      g_assert_true (ext.value >= bytes.data + 12 && ext.value + ext.len <= bytes.data + rtp.header_len);
    }
  g_assert_cmpuint (n, ==, good[i].n_exts);
  g_assert_false (sfu_rtp_find_ext (&rtp, 0, &ext));
}

static void
test_bad (gconstpointer index)
{
  g_auto (Bytes) bytes = bytes_of (bad[GPOINTER_TO_UINT (index)].hex);
  SfuRtp rtp;

  g_assert_false (sfu_rtp_parse (bytes.data, bytes.len, &rtp));
}

/* SFU_RTP_EXT_MAX elements pass, one more does not (point 47: attacker-controlled counts) */
static void
test_limits (void)
{
  g_autofree uint8_t *data = g_malloc0 (70000);
  SfuRtp rtp;

  memcpy (data, (const uint8_t[]){ 0x90, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0x10, 0, 0, 20 }, 16);
  for (unsigned i = 0; i < SFU_RTP_EXT_MAX; i++)
    data[16 + 2 * i] = 1;
  g_assert_true (sfu_rtp_parse (data, 16 + 80, &rtp));
  data[16 + 2 * SFU_RTP_EXT_MAX] = 1;
  g_assert_false (sfu_rtp_parse (data, 16 + 80, &rtp));
  memset (data, 0, 16);
  data[0] = 0x80;
  g_assert_true (sfu_rtp_parse (data, 65535, &rtp));
  g_assert_cmpuint (rtp.payload_len, ==, 65535 - 12);
  g_assert_false (sfu_rtp_parse (data, 65536, &rtp));
}

static void
test_truncated (void)
{
  g_auto (Bytes) whole = bytes_of ("b160000100000002deadbeef 00000001 bede0002 10aa 21bbcc 000000 dd 000003");

  for (size_t len = 0; len <= whole.len; len++)
    {
      g_auto (Bytes) cut = bytes_copy (whole.data, len);
      SfuRtp rtp;

      if (sfu_rtp_parse (cut.data, len, &rtp))
        g_assert_cmpuint (rtp.header_len + rtp.payload_len + rtp.padding_len, ==, len);
    }
}

static void
test_rtcp_range (void)
{
  /* RFC 5761 §4 */
  for (unsigned type = 0; type < 256; type++)
    g_assert_cmpint (sfu_rtp_is_rtcp ((const uint8_t[]){ 0x80, (uint8_t) type }, 2), ==, type >= 192 && type <= 223);
  g_assert_false (sfu_rtp_is_rtcp ((const uint8_t[]){ 0x80, 200 }, 1));
}

static void
round_trip (GRand *rand)
{
  uint8_t data[1500], value[255];
  struct {
    uint8_t id, len;
  } exts[8];
  SfuRtp rtp;
  SfuRtpExt ext = { 0 };
  SfuRtpWriter out;
  bool two_byte = g_rand_boolean (rand);
  unsigned n = (unsigned) g_rand_int_range (rand, 0, 8), payload = (unsigned) g_rand_int_range (rand, 0, 300);
  uint8_t padding = (uint8_t) g_rand_int_range (rand, 0, 256);
  size_t len;

  for (unsigned i = 0; i < sizeof value; i++)
    value[i] = (uint8_t) g_rand_int (rand);
  sfu_rtp_begin (&out, data, sizeof data, 111, true, 65535, 0xffffffff, 7, two_byte);
  for (unsigned i = 0; i < n; i++)
    {
      exts[i].id = (uint8_t) g_rand_int_range (rand, 1, two_byte ? 256 : 15);
      exts[i].len = (uint8_t) g_rand_int_range (rand, two_byte ? 0 : 1, two_byte ? 40 : 17);
      g_assert_nonnull (sfu_rtp_put_ext (&out, exts[i].id, value, exts[i].len));
    }
  g_assert_null (sfu_rtp_put_ext (&out, 0, value, 4));
  g_assert_nonnull (sfu_rtp_put_payload (&out, value, payload / 2));
  g_assert_nonnull (sfu_rtp_put_payload (&out, NULL, payload - payload / 2));
  len = sfu_rtp_end (&out, padding);
  g_auto (Bytes) exact = bytes_copy (data, len);
  g_assert_true (sfu_rtp_parse (exact.data, len, &rtp));
  g_assert_true (rtp.marker);
  g_assert_cmpuint (rtp.payload_type, ==, 111);
  g_assert_cmpuint (rtp.seq, ==, 65535);
  g_assert_cmpuint (rtp.timestamp, ==, 0xffffffff);
  g_assert_cmpuint (rtp.payload_len, ==, payload);
  g_assert_cmpuint (rtp.padding_len, ==, padding);
  for (unsigned i = 0; i < n; i++)
    {
      g_assert_true (sfu_rtp_next_ext (&rtp, &ext));
      g_assert_cmpuint (ext.id, ==, exts[i].id);
      g_assert_cmpmem (ext.value, ext.len, value, exts[i].len);
      g_assert_true (sfu_rtp_find_ext (&rtp, exts[i].id, &(SfuRtpExt){ 0 }));
    }
  g_assert_false (sfu_rtp_next_ext (&rtp, &ext));
}

static void
test_round_trip (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (unsigned i = 0; i < 2000; i++)
    round_trip (rand);
}

/* the writer fails as a whole, whatever it is that does not fit or cannot be said */
static void
test_writer_fails (void)
{
  uint8_t data[64], value[300] = { 0 };
  SfuRtpWriter out;

  for (size_t size = 0; size < 12 + 8 + 4 + 3; size++)
    {
      g_autofree uint8_t *room = g_malloc (size + 1);

      sfu_rtp_begin (&out, room, size, 96, false, 1, 2, 3, false);
      sfu_rtp_put_ext (&out, 1, "abc", 3);
      sfu_rtp_put_payload (&out, "defg", 4);
      g_assert_cmpuint (sfu_rtp_end (&out, 3), ==, 0);
    }
  for (unsigned i = 0; i < 5; i++)
    {
      static const struct {
        bool two_byte;
        uint8_t id;
        size_t len;
      } refused[] = { { false, 15, 1 }, { false, 1, 0 }, { false, 1, 17 }, { false, 255, 1 }, { true, 1, 256 } };

      sfu_rtp_begin (&out, data, sizeof data, 96, false, 1, 2, 3, refused[i].two_byte);
      g_assert_null (sfu_rtp_put_ext (&out, refused[i].id, value, refused[i].len));
      g_assert_cmpuint (sfu_rtp_end (&out, 0), ==, 0);
    }
  sfu_rtp_begin (&out, data, sizeof data, 96, false, 1, 2, 3, false);
  sfu_rtp_put_payload (&out, "x", 1);
  g_assert_null (sfu_rtp_put_ext (&out, 1, "y", 1)); /* behind the payload */
  g_assert_cmpuint (sfu_rtp_end (&out, 0), ==, 0);
}

static void
test_captured (void)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (captured_vp8); i++)
    {
      g_auto (Bytes) bytes = bytes_of (captured_vp8[i]);
      SfuRtp rtp;

      g_assert_true (sfu_rtp_parse (bytes.data, bytes.len, &rtp));
      g_assert_cmpuint (rtp.ssrc, ==, 1);
      g_assert_cmpuint (rtp.seq, ==, i + 1);
      g_assert_cmpuint (rtp.payload_type, ==, 96);
      g_assert_cmpint (rtp.marker, ==, bytes.data[1] == 0xe0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *name = g_strdup_printf ("/sfu/rtp/good/%s", good[i].name);
      g_test_add_data_func (name, GUINT_TO_POINTER (i), test_good);
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *name = g_strdup_printf ("/sfu/rtp/bad/%s", bad[i].name);
      g_test_add_data_func (name, GUINT_TO_POINTER (i), test_bad);
    }
  g_test_add_func ("/sfu/rtp/limits", test_limits);
  g_test_add_func ("/sfu/rtp/truncated", test_truncated);
  g_test_add_func ("/sfu/rtp/rtcp-range", test_rtcp_range);
  g_test_add_func ("/sfu/rtp/round-trip", test_round_trip);
  g_test_add_func ("/sfu/rtp/writer-fails", test_writer_fails);
  g_test_add_func ("/sfu/rtp/captured", test_captured);
  return g_test_run ();
}
