/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is heard, and who is the speaker: of all audio tracks of a room the N loudest, with hysteresis, and the dominant
 * one. Deterministic. One per room, on its home worker; not per packet: it is told loudnesses every 20 to 50 ms.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SFU_SPEAKERS_ACTIVE_MAX 16
/** SFU_SPEAKERS_TICK_US: how often sfu_speakers_update() looks; between that it does nothing. */
#define SFU_SPEAKERS_TICK_US 20000

/** What sfu_speakers_update() found changed. */
enum {
  SFU_SPEAKERS_ACTIVE = 1 << 0,   /* the set of those who are heard */
  SFU_SPEAKERS_DOMINANT = 1 << 1, /* the dominant speaker */
  SFU_SPEAKERS_ORDER = 1 << 2     /* the order in which they spoke last */
};

typedef struct SfuSpeakers SfuSpeakers;

/** sfu_speakers_new: @n_active: how many are heard at once, 1 to SFU_SPEAKERS_ACTIVE_MAX */
SfuSpeakers *sfu_speakers_new (unsigned n_active);
void sfu_speakers_free (SfuSpeakers *speakers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfuSpeakers, sfu_speakers_free)
void sfu_speakers_set_n_active (SfuSpeakers *speakers, unsigned n_active);

/** sfu_speakers_add: an audio track joined; one that is there already stays as it is. As long as there is room it is
 *  active at once, so that in small rooms nobody's first word is cut. */
void sfu_speakers_add (SfuSpeakers *speakers, uint64_t track);
void sfu_speakers_remove (SfuSpeakers *speakers, uint64_t track);
/** sfu_speakers_set_muted: a muted track is never active nor dominant. */
void sfu_speakers_set_muted (SfuSpeakers *speakers, uint64_t track, bool muted);
/** sfu_speakers_on_loudness: @loudness: sfu_audio_get_loudness(); it holds until the next one or for 500 ms. */
void sfu_speakers_on_loudness (SfuSpeakers *speakers, uint64_t track, uint8_t loudness, int64_t now_us);
/**
 * sfu_speakers_update: Returns: what changed since the last call, SFU_SPEAKERS_... bits.
 *
 * Active: a track that is audible and louder than the least of the active for 100 ms takes its place; whoever came in
 * stays for 1.5 s at least, unless he is silent or goes. Dominant: who has had more speech than the present one over a
 * long, a medium and a short window (3 s, 1 s, 300 ms; after Volfin and Cohen), not before 300 ms of it, and not within
 * 1 s of the last change.
 */
unsigned sfu_speakers_update (SfuSpeakers *speakers, int64_t now_us);

/** sfu_speakers_get_active: Returns: (transfer none): @ret_n tracks in a stable order (who stays keeps his place);
 *  valid until the next call of anything. */
const uint64_t *sfu_speakers_get_active (const SfuSpeakers *speakers, unsigned *ret_n);
/** sfu_speakers_get_dominant: Returns: 0: nobody has spoken yet. */
uint64_t sfu_speakers_get_dominant (const SfuSpeakers *speakers);
/** sfu_speakers_list: all tracks, who spoke last first (the dominant at the head), who never spoke in the order of
 *  joining.
 *  @ret_tracks: room for @max. Returns: how many. */
unsigned sfu_speakers_list (const SfuSpeakers *speakers, uint64_t *ret_tracks, unsigned max);
