/* SPDX-License-Identifier: Apache-2.0 */
/* How the server composes the SFU: one mesh, one identity, a worker for each thread, and the main thread's control. */
#pragma once

#include <glib.h>

#include "base/metrics.h"
#include "sfu/answer.h"
#include "sfu/control.h"
#include "sfu/identity.h"
#include "sfu/mesh.h"

/**
 * SfuControlConfig:
 * @candidates: @n_candidates of them: where clients reach us, most wanted first
 * @max_bitrate_bps: of each publisher; 0: no limit
 */
typedef struct {
  SfuMesh *mesh;               /* not owned; freed after it */
  const SfuIdentity *identity; /* not owned; freed after it */
  const SfuLocalCandidate *candidates;
  unsigned n_candidates;
  uint32_t max_bitrate_bps;
} SfuControlConfig;

/** sfu_control_new: @context: the main thread's. Returns: (transfer full) */
SfuControl *sfu_control_new (GMainContext *context, const SfuControlConfig *config);
/** sfu_control_free: no worker may be running any more. NULL is allowed. */
void sfu_control_free (SfuControl *control);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfuControl, sfu_control_free)
