/* SPDX-License-Identifier: Apache-2.0 */
/* One RTP stream that a simulated browser receives: what is missing of it, and whether it can be shown. Loop's thread. */
#pragma once

#include <glib.h>

#include "server/load/arrivals.h"
#include "server/load/playback.h"

#define LOAD_MISSING_MAX 256

/** LoadMissing: a packet that is asked for. */
typedef struct {
  int64_t index, next_us;
  unsigned tries;
} LoadMissing;

typedef struct {
  uint32_t ssrc, media_clock;
  bool audio, nack;
  LoadArrivals arrivals;
  LoadPlayback *playback; /* owned; NULL for audio */
  LoadMissing missing[LOAD_MISSING_MAX];
  unsigned n_missing;
  uint32_t last_sr;
  int64_t last_sr_us, pli_us, first_us, latest_us;
  uint64_t recovered;
} LoadStreamIn;

LoadStreamIn *load_stream_in_new (uint32_t ssrc, bool audio, bool nack);
void load_stream_in_free (LoadStreamIn *stream);
/** load_stream_in_note_gap: packets from @from up to, not with, @to are missing. */
void load_stream_in_note_gap (LoadStreamIn *stream, int64_t from, int64_t to);
/** load_stream_in_list_missing: what is to be asked for at @now_us. Returns: numbers written to @ret_seqs, at most @max. */
unsigned load_stream_in_list_missing (LoadStreamIn *stream, int64_t now_us, uint16_t *ret_seqs, unsigned max);

/** LoadHeader: of an RTP packet, encrypted or not. @transport: its number, when @has_transport */
typedef struct {
  uint8_t pt;
  bool marker, padded, has_transport;
  uint16_t seq, transport;
  uint32_t timestamp, ssrc;
  size_t len;
} LoadHeader;
/** load_header_read: @ext_transport: id of the extension; 0: none. Returns: false when it is no RTP. */
bool load_header_read (const uint8_t *data, size_t len, uint8_t ext_transport, LoadHeader *ret_header);
/** load_vp8_read: of a payload. @ret_start: a frame's first packet. Returns: false when it is no VP8 */
bool load_vp8_read (const uint8_t *payload, size_t len, bool *ret_start, bool *ret_keyframe);
