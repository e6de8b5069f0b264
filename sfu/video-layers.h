/* SPDX-License-Identifier: Apache-2.0 */
/* Video layers allocation (video-layers-allocation00): which layers a publisher sends, at which rates. No state. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sfu/codec.h"

/**
 * SfuVideoLayer: an active spatial layer.
 * @stream: which simulcast encoding, in the order of the RIDs in the SDP
 * @kbps: target rate with temporal layers 0 to t; @n_temporal of them
 * @width, @height, @fps: 0 when the extension does not tell
 */
typedef struct {
  uint32_t kbps[SFU_TEMPORAL_MAX];
  uint16_t width, height;
  uint8_t stream, spatial, n_temporal, fps;
} SfuVideoLayer;

/** SfuVideoLayers: @stream: the encoding that the packet itself belongs to; @n_streams: encodings there are, 1 to 4, active or
 *  not; 0 layers: nothing is sent */
typedef struct {
  uint8_t stream, n_streams, n_layers;
  bool has_sizes;
  SfuVideoLayer layers[SFU_LAYERS_MAX * SFU_SPATIAL_MAX];
} SfuVideoLayers;

/** sfu_video_layers_parse: Returns: false when it is malformed; @ret_layers is then undefined. */
bool sfu_video_layers_parse (const uint8_t *data, size_t len, SfuVideoLayers *ret_layers);
/** sfu_video_layers_write: @layers: ordered by stream, then spatial. Returns: bytes; 0: it does not fit or cannot be said. */
size_t sfu_video_layers_write (const SfuVideoLayers *layers, uint8_t *ret_data, size_t size);
