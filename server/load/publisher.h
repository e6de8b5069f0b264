/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated browser that publishes: replays a clip of VP8 at 30 frames a second and one of Opus at 50 packets, answers
 * NACK and PLI, reports once a second. Loop's thread.
 */
#pragma once

#include "server/load/clip.h"
#include "server/load/peer.h"

typedef struct LoadPublisher LoadPublisher;

/** LoadPublisherConfig: @video: (nullable): none. @level: RFC 6464, of every audio packet */
typedef struct {
  const LoadClip *video, *audio; /* passed in, not owned */
  unsigned index, of; /* frames of several publishers are spread evenly over time */
  uint8_t level;
} LoadPublisherConfig;

typedef struct {
  uint64_t video_pkts, audio_pkts, frames, resent, keyframe_requests, jumps;
} LoadPublisherStats;

LoadPublisher *load_publisher_new (const LoadPeerHome *home, const LoadPublisherConfig *config, GError **error);
void load_publisher_free (LoadPublisher *publisher);
/** load_publisher_offer: Returns: (transfer full): audio in section "0", video in "1". */
char *load_publisher_offer (LoadPublisher *publisher);
/** load_publisher_answered: Returns: false when @sdp cannot be used. */
bool load_publisher_answered (LoadPublisher *publisher, const char *sdp);
/** load_publisher_is_connected: it sends. */
bool load_publisher_is_connected (const LoadPublisher *publisher);
const char *load_publisher_get_profile (const LoadPublisher *publisher);
const LoadPublisherStats *load_publisher_get_stats (const LoadPublisher *publisher);
