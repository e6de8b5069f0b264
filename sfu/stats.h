/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers what a worker knows of a room. The worker's thread. */
#pragma once

#include "sfu/control.h"
#include "sfu/mesh.h"

/** sfu_stats_gather: appends to @stats what is here of @room. Returns: is anything of it here. */
bool sfu_stats_gather (SfuWorker *worker, uint64_t room, SfuStats *stats, int64_t now_us);
