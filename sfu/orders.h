/* SPDX-License-Identifier: Apache-2.0 */
/* What the main thread tells workers of rooms, tracks and legs; by sfu_mesh_order(). Main thread; done on the worker's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sfu/control.h"
#include "sfu/mesh.h"
#include "sfu/setup.h"

/** sfu_order_room: to all workers: @policy: (nullable): NULL: the room is no more. */
void sfu_order_room (SfuMesh *mesh, uint64_t room, const SfuRoomPolicy *policy);

typedef struct {
  uint64_t room, peer, track;
  SfuKind kind;
  SfuSource source;
  bool muted, ended;
} SfuTrackOrder;

/** sfu_order_track: to all workers. */
void sfu_order_track (SfuMesh *mesh, const SfuTrackOrder *order);
/** sfu_order_away: to all workers: see sfu_control_set_away(). */
void sfu_order_away (SfuMesh *mesh, uint64_t room, uint64_t peer, bool away);
/** sfu_order_leg: @setup: (transfer full): to the worker that has the leg. */
void sfu_order_leg (SfuMesh *mesh, unsigned worker, SfuLegSetup *setup);
