/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>

#include "base/demux.h"

static void
test_first_byte (void)
{
  uint8_t data[64] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 };

  for (unsigned first = 0; first < 256; first++)
    {
      AlDemux expected = first < 4     ? AL_DEMUX_STUN
                         : first < 20  ? AL_DEMUX_UNKNOWN
                         : first < 64  ? AL_DEMUX_DTLS
                         : first < 128 ? AL_DEMUX_CHANNEL
                         : first < 192 ? AL_DEMUX_RTP
                                       : AL_DEMUX_UNKNOWN;

      data[0] = (uint8_t) first;
      g_assert_cmpint (al_demux_classify (data, sizeof data), ==, expected);
    }
}

/* exactly the shortest of each kind, and one byte less */
static void
test_short (void)
{
  static const struct {
    uint8_t first;
    size_t len;
    AlDemux kind;
  } cases[] = { { 0, 20, AL_DEMUX_STUN }, { 22, 13, AL_DEMUX_DTLS }, { 64, 4, AL_DEMUX_CHANNEL }, { 128, 8, AL_DEMUX_RTP } };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    for (size_t len = 0; len <= 20; len++)
      {
        /* of its exact size: a sanitizer sees who reads beyond */
        g_autofree uint8_t *data = g_malloc0 (len);

        if (len > 0)
          data[0] = cases[i].first;
        if (len >= 8)
          memcpy (data + 4, "\x21\x12\xa4\x42", 4);
        g_assert_cmpint (al_demux_classify (data, len), ==, len >= cases[i].len ? cases[i].kind : AL_DEMUX_UNKNOWN);
      }
}

static void
test_cookie (void)
{
  for (unsigned i = 4; i < 8; i++)
    {
      uint8_t data[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 };

      data[i] ^= 1;
      g_assert_cmpint (al_demux_classify (data, sizeof data), ==, AL_DEMUX_UNKNOWN);
    }
}

static void
test_names (void)
{
  for (AlDemux a = AL_DEMUX_UNKNOWN; a < AL_DEMUX_N; a++)
    for (AlDemux b = AL_DEMUX_UNKNOWN; b < a; b++)
      g_assert_cmpstr (al_demux_name (a), !=, al_demux_name (b));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/demux/first-byte", test_first_byte);
  g_test_add_func ("/base/demux/short", test_short);
  g_test_add_func ("/base/demux/cookie", test_cookie);
  g_test_add_func ("/base/demux/names", test_names);
  return g_test_run ();
}
