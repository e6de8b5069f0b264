/* SPDX-License-Identifier: Apache-2.0 */
/* The SFU of one server: an SfuWorker on each worker beside the relay's, and the control that the main thread uses. */
#pragma once

#include <glib.h>

#include "base/config.h"
#include "server/relay-plane.h"
#include "server/workers.h"
#include "sfu/control.h"

typedef struct SfuPlane SfuPlane;

/**
 * sfu_plane_new: takes DTLS and RTP of @workers, ICE of what is STUN, and ICE-TCP of @relay's listeners for TCP. After
 * relay_plane_new(), before workers_start().
 * @context: the main thread's
 * @workers, @relay: not owned; freed after this
 * @metrics: not owned; outlives it
 *
 * Returns: (transfer full) (nullable): NULL with what is wrong in @error.
 */
SfuPlane *sfu_plane_new (GMainContext *context, const AlConfig *config, Workers *workers, RelayPlane *relay,
                         AlMetrics *metrics, GError **error);
/** sfu_plane_free: the workers must not run any more. NULL is allowed. */
void sfu_plane_free (SfuPlane *plane);
/** sfu_plane_get_control: Returns: (transfer none) (nullable): NULL: there are no workers. */
SfuControl *sfu_plane_get_control (SfuPlane *plane);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfuPlane, sfu_plane_free)
