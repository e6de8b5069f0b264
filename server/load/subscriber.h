/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated browser that receives: feedback every 100 ms, reports every second, asks again for what is missing and for
 * keyframes. RTP headers are read of every packet (loss, jitter); payloads are decrypted until the first frame can be decoded,
 * and afterwards only by those that were made to look inside (frames, freezes, latency). Loop's thread.
 */
#pragma once

#include "server/load/arrivals.h"
#include "server/load/peer.h"
#include "server/load/playback.h"
#include "server/load/samples.h"

typedef struct LoadSubscriber LoadSubscriber;

typedef struct {
  bool looks_inside;
  LoadSamples *latency; /* passed in, not owned: of all that look inside */
  const bool *measuring; /* latency is taken while this is set */
} LoadSubscriberConfig;

/** LoadSubscriberStats: sums over its streams, since load_subscriber_restart(). Times in microseconds; 0: not yet. */
typedef struct {
  uint64_t expected, received, repeated, late, recovered, video_pkts, audio_pkts;
  uint64_t other_pkts, not_genuine; /* padding, probes, late retransmissions */
  uint64_t nacks, plis, feedbacks;
  uint64_t frames, freezes;
  int64_t frozen_us, longest_freeze_us;
  double jitter_us; /* mean of its streams */
  unsigned n_streams, n_videos, n_silent; /* silent: got nothing since */
  int64_t offered_us, connected_us, first_us; /* first: decodable frame, or packet without video */
} LoadSubscriberStats;

LoadSubscriber *load_subscriber_new (const LoadPeerHome *home, const LoadSubscriberConfig *config, GError **error);
void load_subscriber_free (LoadSubscriber *subscriber);
/** load_subscriber_begin: the join begins now. */
void load_subscriber_begin (LoadSubscriber *subscriber);
/** load_subscriber_offer: Returns: (transfer full): @n_audio and @n_video sections to receive by. */
char *load_subscriber_offer (LoadSubscriber *subscriber, unsigned n_audio, unsigned n_video);
/** load_subscriber_answered: Returns: false when @sdp cannot be used. */
bool load_subscriber_answered (LoadSubscriber *subscriber, const char *sdp);
/** load_subscriber_answer: where the server offers. Returns: (transfer full) (nullable): the answer. */
char *load_subscriber_answer (LoadSubscriber *subscriber, const char *offer);
void load_subscriber_restart (LoadSubscriber *subscriber);
void load_subscriber_get_stats (LoadSubscriber *subscriber, LoadSubscriberStats *ret_stats);
const char *load_subscriber_get_profile (const LoadSubscriber *subscriber);
