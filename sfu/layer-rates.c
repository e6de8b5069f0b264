/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/layer-rates.h"

#include <glib.h>
#include <string.h>

/* a layer that was not heard of for so long is not there */
#define ACTIVE_US (1500 * 1000)

void
sfu_layer_rates_count (SfuLayerRates *rates, const SfuFrame *frame, uint32_t bytes, int64_t now_us)
{
  unsigned spatial = MIN (frame->spatial, SFU_SPATIAL_MAX - 1u), temporal = MIN (frame->temporal, SFU_TEMPORAL_MAX - 1u);

  rates->heard_us = rates->spatial_us[spatial] = now_us;
  rates->bytes[spatial][temporal] += bytes;
  rates->frames[spatial][temporal] += frame->end || frame->picture_end;
  rates->n_spatial = (uint8_t) MAX (rates->n_spatial, spatial + 1);
  rates->n_temporal = (uint8_t) MAX (rates->n_temporal, temporal + 1);
  if (frame->width == 0)
    return;
  rates->width[spatial] = frame->width;
  rates->height[spatial] = frame->height;
}

void
sfu_layer_rates_measure (SfuLayerRates *rates, int64_t elapsed_us)
{
  uint64_t below[SFU_TEMPORAL_MAX] = { 0 };

  for (unsigned s = 0; s < SFU_SPATIAL_MAX; s++)
    {
      uint64_t bytes = 0;
      uint32_t frames = 0;

      for (unsigned t = 0; t < SFU_TEMPORAL_MAX; t++)
        {
          uint32_t bps, fps;

          bytes += rates->bytes[s][t];
          frames += rates->frames[s][t];
          below[t] += bytes;
          bps = (uint32_t) (below[t] * 8 * G_USEC_PER_SEC / (uint64_t) elapsed_us);
          fps = (uint32_t) ((uint64_t) frames * G_USEC_PER_SEC / (uint64_t) elapsed_us);
          rates->bps[s][t] = rates->bps[s][t] == 0 ? bps : (3 * rates->bps[s][t] + bps) / 4;
          rates->fps[s][t] = (uint8_t) MIN (rates->fps[s][t] == 0 ? fps : (rates->fps[s][t] + fps + 1) / 2, 255);
        }
    }
  memset (rates->bytes, 0, sizeof rates->bytes);
  memset (rates->frames, 0, sizeof rates->frames);
}

bool
sfu_layer_rates_is_known (const SfuLayerRates *rates)
{
  return rates->bps[SFU_SPATIAL_MAX - 1][SFU_TEMPORAL_MAX - 1] != 0;
}

static bool
is_active (const SfuLayerRates *rates, unsigned spatial, int64_t now_us)
{
  return rates->spatial_us[spatial] != 0 && now_us - rates->spatial_us[spatial] < ACTIVE_US;
}

void
sfu_layer_rates_describe (const SfuLayerRates *rates, unsigned spatial, int64_t now_us, SfuEncoding *ret_encoding)
{
  unsigned highest = MAX (rates->n_spatial, 1u) - 1;

  if (spatial > highest)
    for (spatial = highest; spatial > 0 && !is_active (rates, spatial, now_us);)
      spatial--;
  *ret_encoding = (SfuEncoding){
    .active = is_active (rates, spatial, now_us),
    .n_temporal = MAX (rates->n_temporal, 1),
    .width = rates->width[spatial],
    .height = rates->height[spatial],
  };
  memcpy (ret_encoding->bps, rates->bps[spatial], sizeof ret_encoding->bps);
  memcpy (ret_encoding->fps, rates->fps[spatial], sizeof ret_encoding->fps);
}
