/* SPDX-License-Identifier: Apache-2.0 */
/* What workers tell the main thread. Any thread; the handlers are control-news.c's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sfu/control.h"
#include "sfu/mesh.h"
#include "sfu/setup.h"

/** sfu_news_state: @setup: of the leg it is about. */
void sfu_news_state (SfuMesh *mesh, const SfuLegSetup *setup, SfuPeerState state);
/** sfu_news_slots: @slots: @n, copied. */
void sfu_news_slots (SfuMesh *mesh, uint64_t room, uint64_t peer, const SfuSlotInfo *slots, unsigned n);
void sfu_news_speakers (SfuMesh *mesh, uint64_t room, const uint64_t *tracks, unsigned n);
/** sfu_news_layers: @layers: bit l: encoding l of the track is wanted. */
void sfu_news_layers (SfuMesh *mesh, uint64_t room, uint64_t peer, uint64_t track, uint8_t layers);
