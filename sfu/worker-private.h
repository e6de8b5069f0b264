/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the worker share. One worker has
 *
 *   legs      transports that belong to it: of publishers (ingest) and of subscribers (egress)
 *   shards    its part of every room: all tracks of the room, and the subscribers that are here
 *   tracks    of the shards, by id: a publisher's packets come in by its ingest, or over a ring from the worker that has it
 *
 *   datagram ── leg ── ingest ──> track ──┬──> outs of this worker's subscribers ──> pacer ──> SRTP ──> socket
 *                                         └──> rings to workers whose subscribers look at it
 *
 * Everything here is of the worker's thread.
 */
#pragma once

#include "base/hmac.h"
#include "sfu/allocator.h"
#include "sfu/audio.h"
#include "sfu/budget.h"
#include "sfu/cache.h"
#include "sfu/chains.h"
#include "sfu/clock.h"
#include "sfu/counts.h"
#include "sfu/demand.h"
#include "sfu/dependency.h"
#include "sfu/keyframe.h"
#include "sfu/layer-rates.h"
#include "sfu/nack.h"
#include "sfu/pacer.h"
#include "sfu/packet.h"
#include "sfu/receiver.h"
#include "sfu/report.h"
#include "sfu/send-side.h"
#include "sfu/setup.h"
#include "sfu/slot.h"
#include "sfu/slots.h"
#include "sfu/speakers.h"
#include "sfu/transport.h"
#include "sfu/tuples.h"
#include "sfu/twcc.h"
#include "sfu/worker.h"

#define SFU_TRACK_BURST 64
#define SFU_INPUTS_MAX 32
#define SFU_PUBLISHED_MAX 8
/* of video and audio, per layer: a good second */
#define SFU_CACHE_VIDEO 512
#define SFU_CACHE_AUDIO 64
#define SFU_FACTS_US (500 * 1000)
#define SFU_FIRST_FACTS_US (100 * 1000)

typedef struct SfuLeg SfuLeg;
typedef struct SfuShard SfuShard;
typedef struct SfuTrack SfuTrack;
typedef struct SfuIngest SfuIngest;
typedef struct SfuEgress SfuEgress;
typedef struct SfuOut SfuOut;
typedef struct SfuConn SfuConn;

/** SfuVia: what SfuPath.via points to: a socket or a connection. */
typedef struct {
  AlUdp *udp;    /* NULL: @conn */
  SfuConn *conn;
} SfuVia;

/** SfuTrackFacts: what the worker that receives a track tells the others of it. */
typedef struct {
  uint64_t track;
  unsigned owner;
  uint32_t begun; /* grows when the owner begins anew and knows nothing of what others want */
  SfuCodec codec;
  uint32_t profile;
  bool gone;    /* its publisher is away, and nothing comes of it */
  bool spatial; /* the encodings are spatial layers of the only one */
  uint8_t n_encodings;
  SfuEncoding encodings[SFU_LAYERS_MAX];
  SfuTrackClock clock;
} SfuTrackFacts;

/** SfuFeed: one encoding of a published track, where it is received. */
typedef struct {
  uint32_t ssrc, rtx_ssrc; /* 0: not learned */
  SfuReceiver receiver;
  SfuNack nack;
  SfuKeyframe keyframe;
  SfuDependencyState *dependency; /* owned; NULL: none came ... */
  SfuChains *chains;              /* ... owned, beside it */
  SfuLayerRates rates;
  uint8_t codec, payload_type;
  uint32_t profile;
} SfuFeed;

/** SfuPublished: a track at its publisher's worker. */
typedef struct {
  SfuTrack *track; /* not owned; NULL: free */
  unsigned lane;
  uint32_t begun; /* SfuTrackFacts's */
  unsigned n_feeds;
  SfuFeed *feeds;  /* owned: n_feeds */
  SfuAudio audio;
  SfuLayersUsed used;
  uint8_t needed[SFU_WORKERS_MAX]; /* by worker */
} SfuPublished;

/** SfuTrack: of a room, on one worker. */
struct SfuTrack {
  SfuShard *shard;
  uint64_t id, peer;
  SfuKind kind;
  SfuSource source;
  bool muted;
  SfuLeg *leg;               /* (nullable): its publisher's, when that is here */
  SfuPublished *published;   /* (nullable): in @leg */
  uint64_t forward;          /* bit w: worker w wants its packets */
  SfuTrackFacts facts;
  SfuCache caches[SFU_LAYERS_MAX];
  GPtrArray *outs;           /* SfuOut, not owned: this worker's slots that show it */
  uint8_t told_needed;       /* to its owner */
  uint8_t loudness;          /* on the home worker */
  unsigned n_burst;
  AlPkt *burst[SFU_TRACK_BURST]; /* references: of this turn */
  SfuTrack *next_burst;
  bool in_bursts;
};

/** SfuShard: a room's part here. */
struct SfuShard {
  SfuWorker *worker;
  uint64_t room;
  unsigned n_active;
  GPtrArray *tracks; /* SfuTrack, owned, in the order of joining */
  GPtrArray *subs;   /* SfuLeg, not owned */
  SfuSpeakers *speakers; /* on the home worker */
  AlTimer tick;      /* loudness and speakers */
  AlDefer assign;
  unsigned n_heard, n_order;
  uint64_t heard[SFU_SPEAKERS_ACTIVE_MAX], order[SFU_SLOTS_MAX];
};

/** SfuOut: one slot of a subscriber. */
struct SfuOut {
  SfuLeg *leg;
  SfuTrack *track; /* (nullable) */
  uint16_t lane, index;
  SfuSlot slot;
  uint8_t pt, rtx_pt, pt_codec;
  uint32_t pt_profile;
  uint16_t keyframe_seq; /* video: nobody needs what was before the last keyframe */
  uint8_t mids_left; /* packets that still carry the MID */
  uint16_t n_waiting; /* packets of it in the pacer, retransmissions aside */
  bool starved;      /* the pacer dropped video of it */
  bool told_begun;   /* the main thread knows the first timestamp */
  bool missed;        /* the keyframe that was asked for came before anything could be sent */
  int8_t asked_layer; /* whose keyframe was asked for, at @asked_us; -1: none */
  int64_t asked_us;
  uint8_t needed; /* layers that it may come to be given */
  SfuKeyframeAsker asker;
  SfuAllocState alloc;
  SfuChoice choice;
  uint32_t nacks, plis, loss_256;
  uint64_t bytes_before, pkts_before;
  uint32_t bps;
};

struct SfuEgress {
  unsigned n_outs;
  SfuOut *outs; /* owned */
  uint16_t *audio, *video; /* owned: index of the out of each audio and video slot */
  AlTimer pace, tick;
  uint32_t audio_bps, sending_bps;
  uint64_t sent_before;
  int64_t rates_us;
  SfuSlots slots;
  SfuBudget rtx;
  SfuSendSide side;
  SfuPacer pacer;
};

struct SfuIngest {
  unsigned n_published;
  SfuPublished published[SFU_PUBLISHED_MAX];
  struct {
    uint32_t ssrc;
    uint8_t published, feed;
    bool rtx;
  } inputs[SFU_INPUTS_MAX];
  unsigned n_inputs;
  uint32_t ssrc; /* ours, in RTCP */
  SfuTwccReceiver twcc;
  bool has_twcc;
  uint8_t transport_cc_id;
  SfuPeerClock clock;
  AlTimer feedback;
  int64_t report_us, facts_us, rtt_us;
  uint64_t bytes_before;
  uint32_t receiving_bps;
  bool away, gone; /* the publisher has no connection to the server; and its media have stopped */
};

/** SfuLeg: one transport of a peer, on the worker that it belongs to. */
struct SfuLeg {
  SfuWorker *worker;
  SfuShard *shard;
  SfuLegSetup *setup;      /* a reference */
  SfuTransport *transport; /* owned */
  AlTimer timer;
  AlDefer end;
  SfuPath path;            /* a copy of the transport's; via NULL: nowhere */
  SfuIngest *ingest;       /* owned: of a publisher */
  SfuEgress *egress;       /* owned: of a subscriber */
  unsigned n_remotes;
  AlAddr remotes[SFU_PATHS_MAX]; /* in worker->tuples */
  char ufrags[2][SFU_ICE_UFRAG_LEN + 1]; /* in worker->ufrags */
  uint64_t tx_pkts, tx_bytes;
};

struct SfuWorker {
  /* passed in, not owned */
  AlLoop *loop;
  AlUdpHub *hub;
  SfuWorkerConfig config;
  /* owned */
  AlHmac *hmac;
  AlPool *pool;
  SfuTuples *tuples;
  GHashTable *shards; /* &room -> SfuShard, owned */
  GHashTable *tracks; /* &id -> SfuTrack */
  GHashTable *legs;   /* SfuLeg -> itself, owned */
  GHashTable *ufrags; /* text -> SfuLeg */
  GPtrArray *conns;   /* SfuConn */
  SfuReport *report;
  SfuVia *vias;       /* one for each socket */
  SfuTrack *bursts;
  AlDefer flush;      /* bursts, then rings */
  AlTimer tick;
  int64_t ntp_offset_us; /* wall clock, since 1900, minus monotonic */
  bool pool_adopted, ended;
  int64_t ages_us[SFU_WORKERS_MAX];        /* how long packets of each worker's pool are kept here */
  int64_t made_room_us, told_us, told_age_us; /* of this one's: when that was shortened; when others were told, and what */
  SfuCounts counts;   /* but for what legs and the mesh count for themselves */
  AlTimer publish;
};

/* worker.c */
SfuShard *sfu_worker_get_shard (SfuWorker *worker, uint64_t room);
/** sfu_worker_drain: packets that other workers pushed. */
void sfu_worker_drain (SfuWorker *worker, int64_t now_us);
/** sfu_worker_find_leg: by a ufrag of ours; claims one that is nobody's when @nominated. NULL: it is
 *  another worker's (@ret_owner), nobody's (SFU_NOBODY), has ended (SFU_NO_LEG), or is not here yet (this worker). */
SfuLeg *sfu_worker_find_leg (SfuWorker *worker, const uint8_t *ufrag, bool nominated, unsigned *ret_owner, int64_t now_us);
void sfu_worker_want_flush (SfuWorker *worker);
SfuLeg *sfu_worker_find_local (SfuWorker *worker, const uint8_t *ufrag);

/* worker-pool.c */
/** sfu_worker_take_pkt: Returns: (transfer full) (nullable): of the pool; counted when it is empty. */
AlPkt *sfu_worker_take_pkt (SfuWorker *worker);
/** sfu_worker_check_pool: once a turn: keeps some packets free for what comes. */
void sfu_worker_check_pool (SfuWorker *worker);
/** sfu_worker_trim: gives back what of @track's layer is kept for too long while its pool has few packets left. */
void sfu_worker_trim (SfuTrack *track, unsigned layer, int64_t now_us);
/** sfu_worker_tick_caches: some times a second: gives back what was kept for long enough. */
void sfu_worker_tick_caches (SfuWorker *worker, int64_t now_us);

/* worker-counts.c */
void sfu_worker_begin_report (SfuWorker *worker);
/** sfu_worker_get_counts: of all that there is and was. */
void sfu_worker_get_counts (SfuWorker *worker, SfuCounts *ret_counts);
/** sfu_leg_add_counts: what the leg has counted for itself. */
void sfu_leg_add_counts (const SfuLeg *leg, SfuCounts *counts);

/* leg.c */
/** sfu_leg_new: @setup: (transfer full). */
SfuLeg *sfu_leg_new (SfuWorker *worker, SfuLegSetup *setup, int64_t now_us);
/** sfu_leg_update: @setup: (transfer full): in place of the one before. */
void sfu_leg_update (SfuLeg *leg, SfuLegSetup *setup, int64_t now_us);
/** sfu_leg_free: also takes it out of the worker's tables. */
void sfu_leg_free (SfuLeg *leg);
void sfu_leg_on_stun (SfuLeg *leg, const AlStunMessage *message, const SfuPath *path, int64_t now_us);
/** sfu_leg_on_packet: DTLS, SRTP or SRTCP. @data: may be changed */
void sfu_leg_on_packet (SfuLeg *leg, const SfuPath *path, uint8_t *data, size_t len, int64_t now_us);
/** sfu_leg_rearm: after whatever may have moved the transport's deadline. */
void sfu_leg_rearm (SfuLeg *leg);
/** sfu_leg_send_rtcp: @size: room in @data; encrypts and sends. */
void sfu_leg_send_rtcp (SfuLeg *leg, uint8_t *data, size_t len, size_t size, int64_t now_us);
/** sfu_leg_send: one datagram to @path, copied. */
void sfu_leg_send (SfuLeg *leg, const SfuPath *path, const uint8_t *data, size_t len);

/* conn.c */
void sfu_conn_adopt (SfuWorker *worker, AlStream *stream);
/** sfu_conn_send: a frame; dropped when too much waits. */
void sfu_conn_send (SfuConn *conn, const uint8_t *data, size_t len);
/** sfu_conn_forget_leg: closes the connections of @leg, which is about to be freed. */
void sfu_conn_forget_leg (SfuWorker *worker, const SfuLeg *leg);
void sfu_conn_free_all (SfuWorker *worker);

/* ingest.c, ingest-rtcp.c */
SfuIngest *sfu_ingest_new (SfuLeg *leg, int64_t now_us);
void sfu_ingest_free (SfuLeg *leg);
void sfu_ingest_update (SfuLeg *leg, int64_t now_us);
void sfu_ingest_on_rtp (SfuLeg *leg, const uint8_t *data, size_t len, int64_t now_us);
void sfu_ingest_on_rtcp (SfuLeg *leg, const uint8_t *data, size_t len, int64_t now_us);
/** sfu_ingest_want_keyframe: of a track's layer; at once, or when its turn comes. */
void sfu_ingest_want_keyframe (SfuLeg *leg, SfuPublished *published, unsigned layer, int64_t now_us);
void sfu_ingest_set_needed (SfuLeg *leg, SfuPublished *published, unsigned worker, uint8_t needed, int64_t now_us);
void sfu_ingest_tick_feedback (SfuLeg *leg, int64_t now_us);
SfuFeed *sfu_ingest_find_feed (SfuIngest *ingest, uint32_t ssrc, SfuPublished **ret_published);
void sfu_ingest_forget_track (SfuLeg *leg, SfuTrack *track);

/* shard.c, shard-speakers.c, shard-assign.c */
SfuShard *sfu_shard_new (SfuWorker *worker, uint64_t room);
void sfu_shard_free (SfuShard *shard);
SfuTrack *sfu_shard_add_track (SfuShard *shard, uint64_t track, uint64_t peer, SfuKind kind, SfuSource source);
void sfu_shard_remove_track (SfuShard *shard, SfuTrack *track);
void sfu_shard_want_assign (SfuShard *shard);
void sfu_shard_assign (SfuShard *shard, int64_t now_us);
void sfu_shard_set_n_active (SfuShard *shard, unsigned n);
bool sfu_shard_is_home (const SfuShard *shard);
void sfu_shard_update_speakers (SfuShard *shard, int64_t now_us);
void sfu_shard_tick (AlTimer *timer, void *user);
/** sfu_shard_arm: there may be something to tick for. */
void sfu_shard_arm (SfuShard *shard);

/* track.c */
/** sfu_track_on_packet: @pkt: (transfer full): an SfuPacket of it. */
void sfu_track_on_packet (SfuTrack *track, AlPkt *pkt, int64_t now_us);
void sfu_track_flush (SfuTrack *track, int64_t now_us);
void sfu_track_set_facts (SfuTrack *track, const SfuTrackFacts *facts, int64_t now_us);
/** sfu_track_tell_needed: to its owner, when it differs from what was told: the layers that this worker's slots may use. */
void sfu_track_tell_needed (SfuTrack *track, int64_t now_us);
/** sfu_track_want_keyframe: Returns: false: its owner could not be told. */
bool sfu_track_want_keyframe (SfuTrack *track, unsigned layer, int64_t now_us);
/** sfu_track_clear: caches and burst; @track has no outs any more. */
void sfu_track_clear (SfuTrack *track);

/* egress.c, egress-send.c, egress-rtcp.c, egress-tick.c */
SfuEgress *sfu_egress_new (SfuLeg *leg, int64_t now_us);
void sfu_egress_free (SfuLeg *leg);
void sfu_egress_update (SfuLeg *leg, int64_t now_us);
/** sfu_egress_show: the out shows @track (nullable) from now on. */
void sfu_egress_show (SfuOut *out, SfuTrack *track, int64_t now_us);
void sfu_egress_on_rtcp (SfuLeg *leg, const uint8_t *data, size_t len, int64_t now_us);
/** sfu_egress_forward: @pkts: @n packets of the out's track; not owned. */
void sfu_egress_forward (SfuOut *out, AlPkt *const *pkts, unsigned n, int64_t now_us);
/** sfu_egress_pump: sends what the pacer lets go. */
void sfu_egress_pump (SfuLeg *leg, int64_t now_us);
/** sfu_egress_resend: a packet of the cache by RTX. @probe_id: 0: it was asked for. Returns: bytes sent, 0: none */
size_t sfu_egress_resend (SfuOut *out, const SfuSentRef *ref, AlPkt *pkt, uint8_t probe_id, int64_t now_us);
void sfu_egress_tick (SfuLeg *leg, int64_t now_us);
void sfu_egress_on_path (SfuLeg *leg, int64_t now_us);
uint64_t sfu_worker_get_ntp (const SfuWorker *worker, int64_t now_us);
