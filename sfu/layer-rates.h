/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each spatial and temporal layer of one encoding takes, as it arrives: measured, not what anybody promised. Pure. The
 * publisher's worker.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sfu/allocator.h"
#include "sfu/codec.h"

/** SfuLayerRates: zeroed is ready. @heard_us: the newest packet; 0: none. @n_spatial, @n_temporal: seen so far. */
typedef struct {
  int64_t heard_us;
  uint8_t n_spatial, n_temporal;
  uint16_t width[SFU_SPATIAL_MAX], height[SFU_SPATIAL_MAX]; /* 0: not told */
  /*< private >*/
  int64_t spatial_us[SFU_SPATIAL_MAX];                 /* the newest packet of each */
  uint32_t bytes[SFU_SPATIAL_MAX][SFU_TEMPORAL_MAX];   /* since the last measurement: of each alone */
  uint32_t frames[SFU_SPATIAL_MAX][SFU_TEMPORAL_MAX];
  uint32_t bps[SFU_SPATIAL_MAX][SFU_TEMPORAL_MAX];     /* with all below */
  uint8_t fps[SFU_SPATIAL_MAX][SFU_TEMPORAL_MAX];      /* of the spatial layer, with the temporal layers below */
} SfuLayerRates;

/** sfu_layer_rates_count: @frame: what the packet is of; its size is remembered. @bytes: on the wire. */
void sfu_layer_rates_count (SfuLayerRates *rates, const SfuFrame *frame, uint32_t bytes, int64_t now_us);
/** sfu_layer_rates_measure: of @elapsed_us, more than 0, since the last time; smoothed over some of them, so that a keyframe
 *  does not look like a new rate. */
void sfu_layer_rates_measure (SfuLayerRates *rates, int64_t elapsed_us);
/** sfu_layer_rates_is_known: Returns: was it measured since it began. */
bool sfu_layer_rates_is_known (const SfuLayerRates *rates);
/** sfu_layer_rates_describe: the encoding with its spatial layers up to @spatial; SFU_SPATIAL_MAX: with all that were heard of
 *  lately. @ret_encoding: its @active: that spatial layer was heard of lately. */
void sfu_layer_rates_describe (const SfuLayerRates *rates, unsigned spatial, int64_t now_us, SfuEncoding *ret_encoding);
