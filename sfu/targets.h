/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which decode targets of a stream with dependency descriptors its receiver can still count on: those without a layer that is
 * cut for it (AV1 RTP specification, A.8.2: active_decode_targets_bitmask). Pure; the subscriber's worker.
 */
#pragma once

#include <stdint.h>

#include "sfu/dependency.h"
#include "sfu/munger.h"
#include "sfu/packet.h"

typedef struct {
  /*< private >*/
  uint8_t n;                                  /* of the structure that was sent last; 0: none was */
  uint8_t layers[SFU_DEPENDENCY_TARGETS_MAX]; /* spatial << 4 | temporal of each */
  uint8_t limits;                             /* what was sent, the same way, when ... */
  uint32_t mask;                              /* ... this was told */
  int64_t until_us;                           /* so long it is told */
} SfuTargets;

/** sfu_targets_init: no structure was sent yet. */
void sfu_targets_init (SfuTargets *targets);
/**
 * sfu_targets_tell: @packet, which has a descriptor, is sent with nothing above @spatial and @temporal. Told are the targets
 * that remain: with each structure, which makes all of them active, and for a second from each change.
 * @rewrite: filled in by the munger; its descriptor may change
 */
void sfu_targets_tell (SfuTargets *targets, const SfuPacket *packet, unsigned spatial, unsigned temporal, int64_t now_us,
                       SfuRewrite *rewrite);
