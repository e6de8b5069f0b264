/* SPDX-License-Identifier: Apache-2.0 */
/* H264's payload structures (RFC 6184; point 23), and the codecs whose payload tells little: AV1, Opus, RED. */
#include "sfu/payload.h"
#include "sfu/rtp.h"

#include "bytes.h"
#include "captures.h"

static const struct {
  const char *name, *hex;
  bool start, keyframe, discardable;
} good[] = {
  { "SPS", "67 42c00a", true, true, false },
  { "PPS", "68 ce3c80", true, false, false },
  { "delimiter", "09 10", true, false, false },
  { "SEI", "06 0001", true, false, false },
  { "IDR", "65 b80004", true, true, false },
  { "IDR, a later slice", "65 4800", false, true, false },
  { "slice", "61 e000", true, false, false },
  { "slice, a later one", "61 6000", false, false, false },
  { "slice that nobody needs", "01 e000", true, false, true },
  { "a header alone", "41", false, false, false },
  { "STAP-A: SPS, PPS", "78 0004 6742c00a 0002 68ce", true, true, false },
  { "STAP-A: slices", "18 0002 0180 0002 0140", true, false, true },
  { "STAP-A: SPS, PPS, IDR", "78 0002 6742 0001 68 0002 65b8", true, true, false },
  { "FU-A, start", "7c 85 b80004", true, true, false },
  { "FU-A, middle", "7c 05 ffff", false, true, false },
  { "FU-A, end", "7c 45 ffff", false, true, false },
  { "FU-A of a slice", "1c 81 e000", true, false, true },
  { "FU-A of a slice, middle", "1c 01 e000", false, false, true },
};

static const struct {
  const char *name, *hex;
} bad[] = {
  { "nothing", "" },
  { "type 0", "60 00" },
  { "STAP-A alone", "78" },
  { "STAP-A, half a size", "78 00" },
  { "STAP-A, a unit of 0", "78 0000" },
  { "STAP-A past the end", "78 0003 6742" },
  { "STAP-A, second past the end", "78 0002 6742 ffff 68" },
  { "STAP-A in STAP-A", "78 0002 7800" },
  { "STAP-A with type 0", "78 0002 6000" },
  { "FU-A alone", "7c" },
  { "FU-A without a fragment", "7c 85" },
  { "FU-A of FU-A", "7c 9c 00" },
  { "FU-A of type 0", "7c 80 00" },
  { "STAP-B", "79 0000 0002 6742" },
  { "MTAP16", "7a 0000 0005 00 0000 6742" },
  { "FU-B", "7d 85 0000 b8" },
  { "type 30", "7e 00" },
  { "type 31", "7f 00" },
};

static void
test_good (gconstpointer index)
{
  unsigned i = GPOINTER_TO_UINT (index);
  g_auto (Bytes) bytes = bytes_of (good[i].hex);
  SfuFrame frame;

  g_assert_true (sfu_payload_parse (SFU_CODEC_H264, bytes.data, bytes.len, true, &frame));
  g_assert_true (frame.end && frame.picture_end && frame.switch_up);
  g_assert_cmpint (frame.start, ==, good[i].start);
  g_assert_cmpint (frame.keyframe, ==, good[i].keyframe);
  g_assert_cmpint (frame.discardable, ==, good[i].discardable);
}

static void
test_bad (gconstpointer index)
{
  g_auto (Bytes) bytes = bytes_of (bad[GPOINTER_TO_UINT (index)].hex);
  SfuFrame frame;

  g_assert_false (sfu_payload_parse (SFU_CODEC_H264, bytes.data, bytes.len, true, &frame));
  g_assert_true (frame.codec == SFU_CODEC_H264 && frame.picture_end && !frame.keyframe && !frame.discardable);
}

static void
test_truncated (void)
{
  g_auto (Bytes) whole = bytes_of ("78 0004 6742c00a 0002 68ce 0003 65b800");

  for (size_t len = 0; len <= whole.len; len++)
    {
      g_auto (Bytes) cut = bytes_copy (whole.data, len);
      SfuFrame frame;

      g_assert_cmpint (sfu_payload_parse (SFU_CODEC_H264, cut.data, len, false, &frame), ==, len == 7 || len == 11 || len == 16);
    }
}

static void
test_captured (void)
{
  uint32_t last = 1;

  for (unsigned i = 0; i < G_N_ELEMENTS (captured_h264); i++)
    {
      g_auto (Bytes) bytes = bytes_of (captured_h264[i]);
      SfuFrame frame;
      SfuRtp rtp;

      g_assert_true (sfu_rtp_parse (bytes.data, bytes.len, &rtp));
      g_assert_true (sfu_payload_parse (SFU_CODEC_H264, rtp.data + rtp.header_len, rtp.payload_len, rtp.marker, &frame));
      g_assert_cmpint (frame.keyframe, ==, rtp.timestamp == 0);
      /* parameter sets and the IDR slice behind them both begin the first picture */
      g_assert_cmpint (frame.start, ==, rtp.timestamp != last || i == 1);
      last = rtp.timestamp;
    }
}

/* point 22: of AV1 the aggregation header alone is read */
static void
test_av1 (void)
{
  static const struct {
    const char *hex;
    bool good, keyframe;
  } packets[] = {
    { "18 0a0b", true, true }, { "10 32aa", true, false }, { "90 aa", true, false }, { "50 32", true, false },
    { "", false, false }, { "18", false, false }, { "98 aa", false, false },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (packets); i++)
    {
      g_auto (Bytes) bytes = bytes_of (packets[i].hex);
      SfuFrame frame;

      g_assert_cmpint (sfu_payload_parse (SFU_CODEC_AV1, bytes.data, bytes.len, true, &frame), ==, packets[i].good);
      g_assert_cmpint (frame.keyframe, ==, packets[i].keyframe);
      g_assert_cmpint (frame.start, ==, packets[i].keyframe);
      g_assert_true (frame.picture_end);
    }
}

static void
test_audio (void)
{
  SfuFrame frame;

  g_assert_true (sfu_payload_parse (SFU_CODEC_OPUS, NULL, 0, false, &frame));
  g_assert_true (frame.start && frame.end && frame.picture_end && !frame.keyframe);
  g_assert_false (sfu_payload_parse (SFU_CODEC_RED, NULL, 0, false, &frame));
  g_assert_true (sfu_payload_parse (SFU_CODEC_RED, (const uint8_t *) "\x6f", 1, false, &frame));
  g_assert_false (sfu_payload_parse (SFU_CODEC_NONE, (const uint8_t *) "\x6f", 1, false, &frame));
  g_assert_false (sfu_payload_parse (SFU_CODEC_N, (const uint8_t *) "\x6f", 1, false, &frame));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *name = g_strdup_printf ("/sfu/h264/good/%s", good[i].name);
      g_test_add_data_func (name, GUINT_TO_POINTER (i), test_good);
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *name = g_strdup_printf ("/sfu/h264/bad/%s", bad[i].name);
      g_test_add_data_func (name, GUINT_TO_POINTER (i), test_bad);
    }
  g_test_add_func ("/sfu/h264/truncated", test_truncated);
  g_test_add_func ("/sfu/h264/captured", test_captured);
  g_test_add_func ("/sfu/payload/av1", test_av1);
  g_test_add_func ("/sfu/payload/audio", test_audio);
  return g_test_run ();
}
