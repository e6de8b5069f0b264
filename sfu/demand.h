/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which encodings of a track somebody needs, so that the publisher can leave out the others (SfuEvents.layers). What is
 * needed starts at once; what nobody needs any more stops after 5 s, so that looking away for a moment costs no keyframe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sfu/allocator.h"

/** SFU_LAYER_STOP_US: before an encoding that nobody needs is told to stop. */
#define SFU_LAYER_STOP_US 5000000

/** sfu_demand_get_layers: Returns: bit l: the subscriber of @demand may come to be given encoding l: all up to the smallest
 *  that fills what it is shown in, whether they are active or not; 0: it is hidden or empty. */
uint8_t sfu_demand_get_layers (const SfuDemand *demand);

/** SfuLayersUsed: of a track; plain; begins with sfu_layers_used_init(). */
typedef struct {
  /*< private >*/
  uint8_t told, needed;
  int64_t unneeded_us[SFU_LAYERS_MAX]; /* since when */
} SfuLayersUsed;

/** sfu_layers_used_init: @n_layers: that it was published with; all are taken for used, and stop after the usual while. */
void sfu_layers_used_init (SfuLayersUsed *used, unsigned n_layers, int64_t now_us);
/** sfu_layers_used_set: @needed: sfu_demand_get_layers() of all subscribers, or'ed. Returns: has sfu_layers_used_get() changed:
 *  the publisher is to be told. */
bool sfu_layers_used_set (SfuLayersUsed *used, uint8_t needed, int64_t now_us);
/** sfu_layers_used_tick: Returns: as sfu_layers_used_set(), at sfu_layers_used_get_deadline(). */
bool sfu_layers_used_tick (SfuLayersUsed *used, int64_t now_us);
/** sfu_layers_used_get: Returns: bit l: encoding l is to be sent. */
uint8_t sfu_layers_used_get (const SfuLayersUsed *used);
/** sfu_layers_used_get_deadline: Returns: INT64_MAX: nothing is going to stop. */
int64_t sfu_layers_used_get_deadline (const SfuLayersUsed *used);
