/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SFU as the main thread sees it: rooms, the peers in them, offers and answers, and what the data plane tells. Ids are
 * numbers of this process, never 0, never used twice. What is told of a room or peer that is gone is ignored; workers
 * may be some milliseconds behind. Main thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "sfu/codec.h"

typedef struct SfuControl SfuControl;

#define SFU_MID_MAX 32
#define SFU_RID_MAX 16
/** SFU_OFFER_MAX: bytes of an offer; 49 slots have some 250 KB. */
#define SFU_OFFER_MAX (512 * 1024)

/** SfuSource: what a track shows; a peer publishes at most one of each. */
typedef enum { SFU_SOURCE_MIC, SFU_SOURCE_CAMERA, SFU_SOURCE_SCREEN, SFU_SOURCE_SCREEN_AUDIO, SFU_SOURCE_N } SfuSource;

/** SfuError: of offers. */
typedef enum {
  SFU_ERROR_BAD_OFFER,  /* not SDP, or not one that can be answered: the message says which line or section */
  SFU_ERROR_LIMIT,      /* too many tracks, slots, peers, or no room for the media (admission) */
  SFU_ERROR_NOT_FOUND,  /* no such room or peer */
  SFU_ERROR_UNAVAILABLE /* no media plane in this process */
} SfuError;
#define SFU_ERROR (sfu_error_quark ())
GQuark sfu_error_quark (void);

/** SfuRoomPolicy: @active_speakers: how many are heard at once (1 to 16). */
typedef struct {
  unsigned active_speakers;
} SfuRoomPolicy;

/** SfuTrackInfo: @mid: of the publisher's section. @id: of the track */
typedef struct {
  char mid[SFU_MID_MAX + 1];
  uint64_t id;
  SfuKind kind;
  SfuSource source;
} SfuTrackInfo;

/** SfuSlotInfo: a slot of a subscriber: a section that it offered to receive by. @track: 0: empty.
 *  @rtp: the first RTP timestamp of the new source */
typedef struct {
  char mid[SFU_MID_MAX + 1];
  SfuKind kind;
  uint64_t track;
  uint32_t rtp;
} SfuSlotInfo;

/** SfuWant: of room.view: pixels that the track is shown in; @priority: higher first. */
typedef struct {
  uint64_t track;
  uint16_t width, height;
  uint8_t priority;
} SfuWant;

/** SfuPeerState: of one of a peer's two transports. */
typedef enum {
  SFU_PEER_CONNECTED,
  SFU_PEER_INTERRUPTED, /* nothing heard for some seconds; may come back, or restart ICE */
  SFU_PEER_CLOSED       /* by its DTLS alert, or silent for 30 s: its tracks or slots are gone */
} SfuPeerState;

/** SfuEvents: on the main context; nothing is owned by the callee. */
typedef struct {
  void (*slots) (uint64_t room, uint64_t peer, const SfuSlotInfo *slots, unsigned n, void *user);
  void (*speakers) (uint64_t room, const uint64_t *tracks, unsigned n, void *user); /* loudest first */
  /* to the publisher: which simulcast encodings somebody receives */
  void (*layers) (uint64_t room, uint64_t peer, uint64_t track, const char *const *rids, unsigned n, void *user);
  void (*state) (uint64_t room, uint64_t peer, bool publisher, SfuPeerState state, void *user);
} SfuEvents;

/** sfu_control_set_events: once, before the first room. @events: copied */
void sfu_control_set_events (SfuControl *control, const SfuEvents *events, void *user);

/** sfu_control_add_room: Returns: its id. */
uint64_t sfu_control_add_room (SfuControl *control, const SfuRoomPolicy *policy);
/** sfu_control_remove_room: and everybody in it. */
void sfu_control_remove_room (SfuControl *control, uint64_t room);
/** sfu_control_add_peer: Returns: its id; 0 when there is no such room. */
uint64_t sfu_control_add_peer (SfuControl *control, uint64_t room);
/** sfu_control_remove_peer: its transports, tracks and slots. */
void sfu_control_remove_peer (SfuControl *control, uint64_t room, uint64_t peer);

/** SfuPublish: a section of the offer and what it shows. */
typedef struct {
  const char *mid;
  SfuSource source;
} SfuPublish;

/**
 * sfu_control_publish: answers a publisher's offer; each later one replaces the one before on the same transport (tracks
 * added or ended, ICE restarted). A section that is not named in @tracks is rejected.
 * @offer: SDP, complete; candidates in it are not needed
 * @tracks: @n of them
 * @ret_tracks: (transfer full) (element-type SfuTrackInfo): all tracks of the peer then
 *
 * Returns: (transfer full) (nullable): the answer with all candidates; NULL with SFU_ERROR in @error.
 */
char *sfu_control_publish (SfuControl *control, uint64_t room, uint64_t peer, const char *offer, const SfuPublish *tracks,
                           unsigned n, GArray **ret_tracks, GError **error);
/**
 * sfu_control_subscribe: answers a subscriber's offer, whose recvonly sections are its slots; a later one may have more.
 * @ret_slots: (transfer full) (element-type SfuSlotInfo)
 */
char *sfu_control_subscribe (SfuControl *control, uint64_t room, uint64_t peer, const char *offer, GArray **ret_slots,
                             GError **error);
/**
 * sfu_control_restart_ice: without an offer (WHIP and WHEP's PATCH). @ret_ufrag, @ret_pwd: (transfer full): ours then
 *
 * Returns: false when there is no such transport.
 */
bool sfu_control_restart_ice (SfuControl *control, uint64_t room, uint64_t peer, bool publisher, const char *ufrag,
                              const char *pwd, char **ret_ufrag, char **ret_pwd);

/** sfu_control_is_behind: Returns: do so many orders wait for a worker (it hangs) that offers are refused. Views and mutes
 *  are taken even then: it is the caller who asks first. */
bool sfu_control_is_behind (const SfuControl *control);
/** sfu_control_set_view: what a subscriber looks at, instead of what it looked at before; @n: 0: speakers first, then
 *  whoever is there. */
void sfu_control_set_view (SfuControl *control, uint64_t room, uint64_t peer, const SfuWant *wants, unsigned n);
/** sfu_control_set_muted: nothing of the track is forwarded, whatever the publisher sends. */
void sfu_control_set_muted (SfuControl *control, uint64_t room, uint64_t track, bool muted);
/** sfu_control_set_away: @peer is not connected to the server any more, or is again. While it is away its tracks stand in
 *  no slot once nothing has come of them for half a second. */
void sfu_control_set_away (SfuControl *control, uint64_t room, uint64_t peer, bool away);
/** sfu_control_end_track: as if its publisher had offered without it. */
void sfu_control_end_track (SfuControl *control, uint64_t room, uint64_t track);

/** SfuTrackStats, SfuSlotStats: totals since the beginning; rates over the last second. */
typedef struct {
  uint64_t peer, track;
  SfuKind kind;
  SfuSource source;
  SfuCodec codec;
  bool muted;
  unsigned n_layers;
  struct {
    char rid[SFU_RID_MAX + 1];
    bool active;
    uint16_t width, height;
    uint32_t bitrate_bps, fps;
    uint64_t pkts, bytes, lost, nacks, recovered, keyframes, plis;
    uint32_t jitter_us;
  } layers[SFU_LAYERS_MAX];
} SfuTrackStats;

typedef struct {
  uint64_t peer, track;
  char mid[SFU_MID_MAX + 1];
  SfuKind kind;
  int layer, temporal;            /* what is sent; -1: nothing */
  unsigned n_layers;              /* of the track: encodings, or spatial layers; 0: nothing stands here */
  uint32_t bitrate_bps;
  uint64_t pkts, bytes, retransmitted, nacks, plis;
  uint32_t loss_permille;         /* as the receiver reports */
  char why[96];                   /* in plain words, why this and not more: "estimate 310 kbit/s, next needs 500" */
} SfuSlotStats;

typedef struct {
  uint64_t peer;
  bool publisher;
  unsigned worker;
  char state[16], profile[32], route[64];
  uint32_t rtt_us, estimate_bps, sending_bps, receiving_bps, loss_permille, queue_ms;
  uint64_t rx_pkts, rx_bytes, tx_pkts, tx_bytes;
} SfuLegStats;

typedef struct {
  GArray *transports; /* SfuLegStats */
  GArray *tracks;     /* SfuTrackStats */
  GArray *slots;      /* SfuSlotStats */
} SfuStats;

/** SfuStatsFn: @stats: (transfer none): NULL when the room is gone. */
typedef void (*SfuStatsFn) (const SfuStats *stats, void *user);
/** sfu_control_get_stats: asks all workers; @fn: called once, later. */
void sfu_control_get_stats (SfuControl *control, uint64_t room, SfuStatsFn fn, void *user);
