/* SPDX-License-Identifier: Apache-2.0 */
/* What ingest*.c share. The worker's thread. */
#pragma once

#include "sfu/video-layers.h"
#include "sfu/worker-private.h"

/** sfu_ingest_tell_facts: to all workers, this one included. */
void sfu_ingest_tell_facts (SfuLeg *leg, SfuPublished *published, int64_t now_us);
/** sfu_ingest_take_sizes: what the publisher says of its layers. */
void sfu_ingest_take_sizes (SfuPublished *published, const SfuVideoLayers *layers);
/** sfu_ingest_take_in: Returns: (transfer full) (nullable): @head, then @len bytes of @data, as a packet of the pool. */
AlPkt *sfu_ingest_take_in (SfuWorker *worker, const uint8_t *head, size_t head_len, const uint8_t *data, size_t len);
/** sfu_ingest_route: @pkt: (transfer full): of sfu_ingest_take_in(), to its receivers. @recovered: by RTX, or from RED */
void sfu_ingest_route (SfuLeg *leg, SfuPublished *published, SfuFeed *feed, AlPkt *pkt, const SfuPayload *payload,
                       bool recovered, int64_t now_us);
/** sfu_ingest_recover: what was lost directly before @rtp, a RED packet that is to be routed next, and stands in it. */
void sfu_ingest_recover (SfuLeg *leg, SfuPublished *published, SfuFeed *feed, const SfuRtp *rtp, int64_t now_us);
void sfu_ingest_skip (SfuLeg *leg, SfuPublished *published, SfuFeed *feed, const SfuRtp *rtp, int64_t now_us);
void sfu_ingest_tick_used (SfuLeg *leg, SfuPublished *published, int64_t now_us);
/** sfu_ingest_tick_away: notices that media of a publisher who is away stop, and come again. */
void sfu_ingest_tick_away (SfuLeg *leg, int64_t now_us);
/** sfu_ingest_measure: rates of the last interval. */
void sfu_ingest_measure (SfuPublished *published, int64_t elapsed_us);
