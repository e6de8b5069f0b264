/* SPDX-License-Identifier: Apache-2.0 */
/* Video layers allocation (point 28): hand-made values, what must not pass, round trips. */
#include "sfu/video-layers.h"

#include "bytes.h"

static const char *const bad[] = {
  "",
  "01",                   /* a layer, but no temporal layers */
  "0100",                 /* no rate */
  "010080",               /* half a rate */
  "0100ffffffff7f",       /* a rate over 32 bits */
  "01008080808080",       /* a rate without an end */
  "014005",               /* two temporal layers, one rate */
  "0030",                 /* masks follow: two spatial layers, but no temporal layers */
  "10",                   /* masks missing */
  "3010",                 /* half of them */
  "010005 013f00b3",      /* no frame rate */
  "010005 01",            /* half a width */
  "010005 013f00b31e 00", /* one byte too many */
  "410005",               /* the packet's stream is none of those there are */
};

static void
test_bad (void)
{
  SfuVideoLayers layers;

  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_auto (Bytes) bytes = bytes_of (bad[i]);

      g_assert_false (sfu_video_layers_parse (bytes.data, bytes.len, &layers));
    }
}

static void
test_values (void)
{
  /* three simulcast streams with one spatial layer each; this packet is of the second; 2, 2 and 1 temporal layers */
  g_auto (Bytes) hand = bytes_of ("61 50 64 9601 c801 ac02 f403 009f00590a 013f00b314 027f01671e");
  /* two streams, of which only the second is active, with two spatial layers */
  g_auto (Bytes) differ = bytes_of ("10 03 00 6464");
  SfuVideoLayers layers;

  g_assert_true (sfu_video_layers_parse ((const uint8_t[]){ 0 }, 1, &layers));
  g_assert_true (layers.n_layers == 0 && layers.n_streams == 1);
  g_assert_true (sfu_video_layers_parse (hand.data, hand.len, &layers));
  g_assert_cmpuint (layers.stream, ==, 1);
  g_assert_cmpuint (layers.n_streams, ==, 3);
  g_assert_cmpuint (layers.n_layers, ==, 3);
  g_assert_true (layers.has_sizes);
  g_assert_true (layers.layers[0].n_temporal == 2 && layers.layers[0].kbps[0] == 100 && layers.layers[0].kbps[1] == 150);
  g_assert_true (layers.layers[1].n_temporal == 2 && layers.layers[1].kbps[0] == 200 && layers.layers[1].kbps[1] == 300);
  g_assert_true (layers.layers[2].n_temporal == 1 && layers.layers[2].kbps[0] == 500);
  g_assert_true (layers.layers[2].stream == 2 && layers.layers[2].width == 640 && layers.layers[2].height == 360);
  g_assert_cmpuint (layers.layers[2].fps, ==, 30);
  g_assert_true (sfu_video_layers_parse (differ.data, differ.len, &layers));
  g_assert_cmpuint (layers.n_layers, ==, 2);
  g_assert_true (layers.layers[0].stream == 1 && layers.layers[1].spatial == 1 && !layers.has_sizes);
}

static void
test_round_trip (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (6);

  for (unsigned round = 0; round < 3000; round++)
    {
      SfuVideoLayers layers = { .n_streams = (uint8_t) g_rand_int_range (rand, 1, 5), .has_sizes = g_rand_boolean (rand) };
      SfuVideoLayers back;
      uint8_t data[1000];
      uint32_t shared = (uint32_t) g_rand_int_range (rand, 0, 16);
      bool same = g_rand_boolean (rand);
      size_t len;

      layers.stream = (uint8_t) g_rand_int_range (rand, 0, layers.n_streams);
      for (unsigned stream = 0; stream < layers.n_streams; stream++)
        {
          uint32_t mask = same ? shared : (uint32_t) g_rand_int_range (rand, 0, 16);

          for (unsigned spatial = 0; spatial < 4; spatial++)
            {
              SfuVideoLayer *layer = &layers.layers[layers.n_layers];

              if ((mask & 1u << spatial) == 0)
                continue;
              *layer = (SfuVideoLayer){ .stream = (uint8_t) stream, .spatial = (uint8_t) spatial };
              layer->n_temporal = (uint8_t) g_rand_int_range (rand, 1, 5);
              for (unsigned t = 0; t < layer->n_temporal; t++)
                layer->kbps[t] = g_rand_int (rand) >> g_rand_int_range (rand, 0, 32);
              layer->width = layers.has_sizes ? (uint16_t) g_rand_int_range (rand, 1, 65536) : 0;
              layer->height = layers.has_sizes ? (uint16_t) g_rand_int_range (rand, 1, 65536) : 0;
              layer->fps = layers.has_sizes ? (uint8_t) g_rand_int (rand) : 0;
              layers.n_layers++;
            }
        }
      if (layers.n_layers == 0)
        layers = (SfuVideoLayers){ .n_streams = 1 };
      len = sfu_video_layers_write (&layers, data, sizeof data);
      g_assert_cmpuint (len, >, 0);
      g_assert_cmpuint (sfu_video_layers_write (&layers, data, len - 1), ==, 0);
      g_assert_cmpuint (sfu_video_layers_write (&layers, data, len), ==, len);
      for (size_t cut = 0; cut < len; cut += 3)
        {
          g_auto (Bytes) exact = bytes_copy (data, cut);
          (void) sfu_video_layers_parse (exact.data, cut, &back);
        }
      g_auto (Bytes) exact = bytes_copy (data, len);
      g_assert_true (sfu_video_layers_parse (exact.data, len, &back));
      g_assert_cmpmem (&back, sizeof back, &layers, sizeof layers);
    }
}

static void
test_refused (void)
{
  static const SfuVideoLayers refused[] = {
    { .n_streams = 0 },
    { .n_streams = 5 },
    { .n_streams = 1, .stream = 1 },
    { .n_streams = 1, .n_layers = 17 },
    { .n_streams = 1, .n_layers = 1, .layers = { { .n_temporal = 0 } } },
    { .n_streams = 1, .n_layers = 1, .layers = { { .n_temporal = 5 } } },
    { .n_streams = 1, .n_layers = 1, .layers = { { .n_temporal = 1, .stream = 1 } } },
    { .n_streams = 1, .n_layers = 1, .layers = { { .n_temporal = 1, .spatial = 4 } } },
    { .n_streams = 1, .n_layers = 2, .layers = { { .n_temporal = 1 }, { .n_temporal = 1 } } },
    { .n_streams = 1, .n_layers = 1, .has_sizes = true, .layers = { { .n_temporal = 1, .width = 1 } } },
  };
  uint8_t data[100];

  for (unsigned i = 0; i < G_N_ELEMENTS (refused); i++)
    g_assert_cmpuint (sfu_video_layers_write (&refused[i], data, sizeof data), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/video-layers/bad", test_bad);
  g_test_add_func ("/sfu/video-layers/values", test_values);
  g_test_add_func ("/sfu/video-layers/round-trip", test_round_trip);
  g_test_add_func ("/sfu/video-layers/refused", test_refused);
  return g_test_run ();
}
