/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/layer-rates.h"

#include <glib.h>

#define SECOND INT64_C (1000000)

/* a second of pictures: 5 of temporal layer 0 and 5 of layer 1; spatial layer s has 1000 << s bytes a frame, in two packets */
static void
feed (SfuLayerRates *rates, unsigned n_spatial, int64_t now_us)
{
  for (unsigned i = 0; i < 10; i++)
    for (unsigned s = 0; s < n_spatial; s++)
      for (unsigned end = 0; end < 2; end++)
        {
          SfuFrame frame = { .spatial = (uint8_t) s, .temporal = i & 1, .end = end != 0,
                             .picture_end = end != 0 && s == n_spatial - 1 };

          if (i == 0 && end == 0)
            {
              frame.width = (uint16_t) (320 << s);
              frame.height = (uint16_t) (180 << s);
            }
          sfu_layer_rates_count (rates, &frame, 500u << s, now_us + i * SECOND / 10);
        }
  sfu_layer_rates_measure (rates, SECOND);
}

static void
assert_encoding (const SfuLayerRates *rates, unsigned spatial, int64_t now_us, bool active, uint16_t width, uint32_t bps)
{
  SfuEncoding encoding;

  sfu_layer_rates_describe (rates, spatial, now_us, &encoding);
  g_assert_true (encoding.active == active);
  g_assert_cmpuint (encoding.width, ==, width);
  g_assert_cmpuint (encoding.height, ==, width * 9 / 16);
  g_assert_cmpuint (encoding.bps[1], ==, bps);
  g_assert_cmpuint (encoding.bps[0], ==, bps / 2);
  g_assert_cmpuint (encoding.fps[0], ==, 5);
  g_assert_cmpuint (encoding.fps[1], ==, 10);
}

/* point 40: a spatial layer costs what those below it cost, too; frames are those of one layer */
static void
test_spatial (void)
{
  SfuLayerRates rates = { 0 };

  g_assert_false (sfu_layer_rates_is_known (&rates));
  feed (&rates, 3, SECOND);
  g_assert_true (sfu_layer_rates_is_known (&rates));
  g_assert_cmpuint (rates.n_spatial, ==, 3);
  g_assert_cmpuint (rates.n_temporal, ==, 2);
  assert_encoding (&rates, 0, 2 * SECOND, true, 320, 80000);
  assert_encoding (&rates, 1, 2 * SECOND, true, 640, 240000);
  assert_encoding (&rates, 2, 2 * SECOND, true, 1280, 560000);
  assert_encoding (&rates, SFU_SPATIAL_MAX, 2 * SECOND, true, 1280, 560000);
}

/* a layer that the publisher leaves out is not there, and comes back */
static void
test_active (void)
{
  SfuLayerRates rates = { 0 };
  SfuEncoding encoding;

  feed (&rates, 2, SECOND);
  feed (&rates, 1, 2 * SECOND);
  feed (&rates, 1, 3 * SECOND);
  sfu_layer_rates_describe (&rates, 1, 4 * SECOND, &encoding);
  g_assert_false (encoding.active);
  assert_encoding (&rates, 0, 4 * SECOND, true, 320, 80000);
  assert_encoding (&rates, SFU_SPATIAL_MAX, 4 * SECOND, true, 320, 80000);
  feed (&rates, 2, 4 * SECOND);
  sfu_layer_rates_describe (&rates, 1, 5 * SECOND, &encoding);
  g_assert_true (encoding.active);
  sfu_layer_rates_describe (&rates, SFU_SPATIAL_MAX, 9 * SECOND, &encoding);
  g_assert_false (encoding.active);
}

/* a keyframe ten times as large moves the rate by a quarter of the way */
static void
test_smooth (void)
{
  SfuLayerRates rates = { 0 };
  SfuFrame frame = { .end = true, .picture_end = true };
  SfuEncoding encoding;

  for (unsigned i = 0; i < 3; i++)
    {
      sfu_layer_rates_count (&rates, &frame, i == 1 ? 10000 : 1000, SECOND);
      sfu_layer_rates_measure (&rates, SECOND);
    }
  sfu_layer_rates_describe (&rates, 0, SECOND, &encoding);
  g_assert_cmpuint (encoding.bps[0], ==, (3 * ((3 * 8000 + 80000) / 4) + 8000) / 4);
  g_assert_cmpuint (encoding.bps[SFU_TEMPORAL_MAX - 1], ==, encoding.bps[0]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/layer-rates/spatial", test_spatial);
  g_test_add_func ("/sfu/layer-rates/active", test_active);
  g_test_add_func ("/sfu/layer-rates/smooth", test_smooth);
  return g_test_run ();
}
