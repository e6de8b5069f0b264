/* SPDX-License-Identifier: Apache-2.0 */
/* What ingest*.c share. The worker's thread. */
#pragma once

#include "sfu/video-layers.h"
#include "sfu/worker-private.h"

/** sfu_ingest_get_layer: Returns: from the smallest at 0: the layer of an encoding of the offer. */
unsigned sfu_ingest_get_layer (const SfuPublication *publication, unsigned rid);
/** sfu_ingest_tell_facts: to all workers, this one included. */
void sfu_ingest_tell_facts (SfuLeg *leg, SfuPublished *published, int64_t now_us);
/** sfu_ingest_take_sizes: what the publisher says of its layers. */
void sfu_ingest_take_sizes (SfuPublished *published, const SfuVideoLayers *layers);
void sfu_ingest_skip (SfuLeg *leg, SfuPublished *published, SfuFeed *feed, const SfuRtp *rtp, int64_t now_us);
void sfu_ingest_tick_used (SfuLeg *leg, SfuPublished *published, int64_t now_us);
/** sfu_ingest_measure: rates of the last interval. */
void sfu_ingest_measure (SfuPublished *published, int64_t elapsed_us);
