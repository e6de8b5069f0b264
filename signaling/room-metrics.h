/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted about rooms. Main thread. */
#pragma once

#include "base/metrics.h"
#include "signaling/room.h"

/** SigRoomMetrics: embed; all (transfer none), of the registry. */
typedef struct {
  AlGauge *live, *inside, *waiting;
  AlCounter *joined, *resumed;
  AlCounter *refused[SIG_ROOM_ANSWER_N]; /* NULL for what refuses no join */
  AlCounter *refused_rate;
  AlCounter *left[SIG_ROOM_LEFT_N];
} SigRoomMetrics;

void sig_room_metrics_init (SigRoomMetrics *metrics, AlMetrics *registry);
/** sig_room_metrics_refuse: a join was answered so. */
void sig_room_metrics_refuse (const SigRoomMetrics *metrics, SigRoomAnswer answer);
