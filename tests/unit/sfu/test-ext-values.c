/* SPDX-License-Identifier: Apache-2.0 */
/* Values of small header extensions (points 16, 26 and 28): read, refused by length, written and read again. */
#include "sfu/ext-values.h"

#include "bytes.h"

static void
test_audio_level (void)
{
  SfuAudioLevel level;
  uint8_t value[1];

  for (unsigned i = 0; i < 256; i++)
    {
      g_assert_true (sfu_audio_level_read ((const uint8_t[]){ (uint8_t) i }, 1, &level));
      g_assert_cmpuint (level.level, ==, i & 127);
      g_assert_cmpint (level.voice, ==, i >= 128);
      sfu_audio_level_write (&level, value);
      g_assert_cmpuint (value[0], ==, i);
    }
  sfu_audio_level_write (&(SfuAudioLevel){ .level = 200 }, value);
  g_assert_cmpuint (value[0], ==, 127);
  g_assert_true (sfu_audio_level_read ((const uint8_t[]){ 0x85, 0 }, 2, &level)); /* padded in the two-byte form */
  g_assert_false (sfu_audio_level_read (NULL, 0, &level));
  g_assert_false (sfu_audio_level_read ((const uint8_t[]){ 1, 2, 3 }, 3, &level));
}

static void
test_abs_send_time (void)
{
  static const int64_t times[] = { 0, 1, 999999, 1000000, 63999999, 64000000, 123456789012345 };
  uint8_t value[3];
  uint32_t us;

  for (unsigned i = 0; i < G_N_ELEMENTS (times); i++)
    {
      sfu_abs_send_time_write (times[i], value);
      g_assert_true (sfu_abs_send_time_read (value, 3, &us));
      g_assert_cmpint (times[i] % 64000000 - us, >=, 0);
      g_assert_cmpint (times[i] % 64000000 - us, <=, 4); /* 2^-18 s */
    }
  g_assert_true (sfu_abs_send_time_read ((const uint8_t[]){ 0x04, 0, 0 }, 3, &us)); /* 1 s */
  g_assert_cmpuint (us, ==, 1000000);
  g_assert_true (sfu_abs_send_time_read ((const uint8_t[]){ 255, 255, 255 }, 3, &us));
  g_assert_cmpuint (us, ==, 63999996);
  g_assert_false (sfu_abs_send_time_read (value, 2, &us));
  g_assert_false (sfu_abs_send_time_read ((const uint8_t[]){ 1, 2, 3, 4 }, 4, &us));
}

static void
test_transport_cc (void)
{
  uint8_t value[4] = { 0 };
  uint16_t seq;

  sfu_transport_cc_write (0xfedc, value);
  g_assert_true (sfu_transport_cc_read (value, 2, &seq) && seq == 0xfedc);
  g_assert_true (sfu_transport_cc_read (value, 4, &seq) && seq == 0xfedc); /* version 2 */
  g_assert_false (sfu_transport_cc_read (value, 1, &seq));
  g_assert_false (sfu_transport_cc_read (value, 3, &seq));
}

static void
test_playout_delay (void)
{
  SfuPlayoutDelay delay;
  uint8_t value[3];

  g_assert_true (sfu_playout_delay_read ((const uint8_t[]){ 0x00, 0xa0, 0x14 }, 3, &delay));
  g_assert_true (delay.min_ms == 100 && delay.max_ms == 200);
  sfu_playout_delay_write (&delay, value);
  g_assert_cmpmem (value, 3, "\x00\xa0\x14", 3);
  sfu_playout_delay_write (&(SfuPlayoutDelay){ 65535, 65535 }, value);
  g_assert_true (sfu_playout_delay_read (value, 3, &delay) && delay.max_ms == 40950 && delay.min_ms == 40950);
  g_assert_false (sfu_playout_delay_read ((const uint8_t[]){ 0x01, 0x50, 0x14 }, 3, &delay)); /* 210 to 200 */
  g_assert_false (sfu_playout_delay_read (value, 2, &delay));
  g_assert_false (sfu_playout_delay_read (value, 0, &delay));
}

static void
test_orientation (void)
{
  SfuOrientation orientation;
  uint8_t value[1];

  for (unsigned i = 0; i < 16; i++)
    {
      g_assert_true (sfu_orientation_read ((const uint8_t[]){ (uint8_t) i }, 1, &orientation));
      g_assert_cmpuint (orientation.rotation, ==, 90 * (i & 3));
      g_assert_cmpint (orientation.flip, ==, (i & 4) != 0);
      g_assert_cmpint (orientation.back_camera, ==, (i & 8) != 0);
      sfu_orientation_write (&orientation, value);
      g_assert_cmpuint (value[0], ==, i);
    }
  g_assert_false (sfu_orientation_read (value, 0, &orientation));
  g_assert_false (sfu_orientation_read ((const uint8_t[]){ 0, 0 }, 2, &orientation));
}

/* point 28: a relay adds to the clock offset, which may be negative */
static void
test_abs_capture_time (void)
{
  SfuAbsCaptureTime time = { .ntp = 0xe7a1b2c3d4e5f607 }, back;
  uint8_t value[SFU_ABS_CAPTURE_TIME_LONG_BYTES];

  g_assert_cmpuint (sfu_abs_capture_time_write (&time, value), ==, 8);
  g_assert_true (sfu_abs_capture_time_read (value, 8, &back));
  g_assert_true (back.ntp == time.ntp && !back.has_offset && back.offset == 0);
  time.has_offset = true;
  time.offset = -0x123456789;
  g_assert_cmpuint (sfu_abs_capture_time_write (&time, value), ==, 16);
  g_assert_true (sfu_abs_capture_time_read (value, 16, &back));
  g_assert_true (back.ntp == time.ntp && back.has_offset && back.offset == time.offset);
  for (size_t len = 0; len < 16; len++)
    {
      g_auto (Bytes) cut = bytes_copy (value, len);

      g_assert_cmpint (sfu_abs_capture_time_read (cut.data, len, &back), ==, len == 8);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/ext-values/audio-level", test_audio_level);
  g_test_add_func ("/sfu/ext-values/abs-send-time", test_abs_send_time);
  g_test_add_func ("/sfu/ext-values/transport-cc", test_transport_cc);
  g_test_add_func ("/sfu/ext-values/playout-delay", test_playout_delay);
  g_test_add_func ("/sfu/ext-values/orientation", test_orientation);
  g_test_add_func ("/sfu/ext-values/abs-capture-time", test_abs_capture_time);
  return g_test_run ();
}
