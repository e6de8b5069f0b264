/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which decode targets of one incoming stream are still whole (AV1 RTP specification, A.4: chains): each frame says for each
 * chain which frame was before it there. While all of them have come, what the chain protects can be decoded. Pure; the
 * publisher's worker.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sfu/dependency.h"

/** SFU_CHAINS_FRAMES: as far back as a frame can say (8 bits). */
#define SFU_CHAINS_FRAMES 256
/** SFU_CHAINS_REORDER: packets behind the newest that may come without being asked for. */
#define SFU_CHAINS_REORDER 16
/** SFU_CHAINS_NOTHING: for sfu_chains_on_packet(): no packet is missing. */
#define SFU_CHAINS_NOTHING UINT64_MAX

/** SfuChains: zeroed is ready. */
typedef struct {
  /*< private >*/
  struct {
    uint64_t first;          /* index of its first packet; until that came of the lowest that did */
    uint32_t last;           /* low bits of the index of its last packet */
    uint16_t number, n_pkts; /* frame number; packets that came */
    uint8_t diffs[SFU_CHAINS_MAX];
    uint8_t intact, broken;  /* bit c: known of chain c, up to the frame before this one */
    bool start, end;
  } frames[SFU_CHAINS_FRAMES];
} SfuChains;

/** sfu_chains_init: also when the stream's SSRC has changed. */
void sfu_chains_init (SfuChains *chains);

/**
 * sfu_chains_on_packet: a packet of the stream, each once, in the order of arrival. Fills in pending_layers and
 * broken_layers of its @frame, for which sfu_dependency_parse() has returned true.
 * @state: of the stream, after that parse
 * @index: extended sequence number
 * @awaited: the oldest packet that may still come; SFU_CHAINS_NOTHING: none
 */
void sfu_chains_on_packet (SfuChains *chains, const SfuDependencyState *state, uint64_t index, uint64_t awaited,
                           SfuFrame *frame);
