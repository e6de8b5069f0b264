/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole media plane on a bench: control, mesh and workers with sockets of their own on loopback, all run by the test's
 * thread, and peers made of the same parts as the server (ICE, DTLS, SRTP), which offer, send and note what comes. The loops'
 * clocks are moved ahead in steps: seconds of a room take milliseconds.
 */
#pragma once

#include <glib.h>

#include "base/stream.h"
#include "base/udp.h"
#include "sfu/dtls.h"
#include "sfu/plane.h"
#include "sfu/rtcp.h"
#include "sfu/worker-private.h"

#define PLANE_WORKERS_MAX 3
#define PLANE_MS INT64_C (1000)
#define PLANE_STEP_US 5000
#define PLANE_CHECK_US (2 * (int64_t) G_USEC_PER_SEC) /* between checks of consent */
#define PLANE_PKTS 1024 /* of each worker's pool, usually */
#define PLANE_OPUS 111
#define PLANE_VP8 96
#define PLANE_VP8_RTX 97
#define PLANE_VP9 98

typedef struct Plane Plane;
typedef struct PlanePeer PlanePeer;

/** PlaneSection: of an offer. @direction: "rejected": port 0. @rids: (nullable): "q;h;f". @ssrc, @n_ssrcs: announced: @ssrc and those that follow it */
typedef struct {
  SfuKind kind;
  const char *mid, *direction, *rids;
  uint32_t ssrc;
  unsigned n_ssrcs;
} PlaneSection;

/* ids of extensions in the offers: of both, and of video */
#define PLANE_ID_LEVEL 1
#define PLANE_ID_MID 4
#define PLANE_ID_RID 10
#define PLANE_ID_LAYERS 12
#define PLANE_ID_DEPENDENCY 13

/** PlaneStream: what a publisher sends. @mid, @rid: (nullable): written on every packet. @index: of the next packet. @extra_id: of
 *  one extension more, of @extra_len bytes; 0: none */
typedef struct {
  uint32_t ssrc;
  const char *mid, *rid;
  uint64_t index;
  uint32_t timestamp;
  uint16_t picture;
  uint8_t extra_id, extra_len;
  uint8_t extra[64];
} PlaneStream;

/** PlaneGot: a packet that a subscriber got. @from, @index: whose it was: the publisher's SSRC and index */
typedef struct {
  uint32_t ssrc, timestamp;
  uint16_t seq;
  uint8_t payload_type;
  bool marker, keyframe;
  uint32_t from, index;
} PlaneGot;

/** PlaneEvent: what the plane told the owner of the control. */
typedef struct {
  enum { PLANE_SLOTS, PLANE_SPEAKERS, PLANE_LAYERS, PLANE_STATE } what;
  uint64_t room, peer, track;
  SfuPeerState state;
  bool publisher;
  unsigned n; /* slots, speakers or layers in it */
} PlaneEvent;

struct PlanePeer {
  Plane *plane;
  uint64_t room, id;
  bool publisher;
  unsigned worker; /* whose socket it sends to */
  int fd;
  SfuDtls *dtls;
  SfuSrtp *srtp;
  unsigned n_offers, n_sessions; /* the latter: counted by the test, for a new connection of the same peer */
  GByteArray *stream;            /* NULL: UDP. What came and is no whole frame yet */
  char *answer;
  char remote[16]; /* its own ufrag */
  int64_t check_us;
  unsigned n_successes; /* of checks */
  GArray *tracks;  /* SfuTrackInfo */
  GArray *got;     /* PlaneGot */
  unsigned n_plis, n_nacks, n_feedbacks, n_reports;
  uint16_t nacked; /* the last packet that a NACK named */
  bool deaf;       /* reads nothing */
};

struct Plane {
  SfuIdentity *identity, *peer_identity;
  AlMetrics *metrics;
  SfuMesh *mesh;
  SfuControl *control;
  GMainContext *context;
  AlHmac *hmac;
  unsigned n;
  struct {
    Plane *plane;
    AlLoop *loop;
    AlUdpHub *hub;
    AlUdp *udp;
    AlListener *listener; /* ICE over TCP */
    AlAddr address;
    SfuWorker *worker;
    bool stuck; /* its loop does not run */
  } seats[PLANE_WORKERS_MAX];
  GPtrArray *peers;  /* PlanePeer, owned */
  GArray *events;    /* PlaneEvent */
};

void plane_init (Plane *plane, unsigned n_workers, unsigned n_pkts);
/** plane_clear: everything, peers too; every packet has gone back to its pool by then. */
void plane_clear (Plane *plane);
/** plane_run: @us: of the loops' time goes by, in steps of 5 ms. */
void plane_run (Plane *plane, int64_t us);
/** plane_get_counts: of all workers. */
SfuCounts plane_get_counts (const Plane *plane);
/** plane_count_events: of this kind about @peer; 0: any. */
unsigned plane_count_events (const Plane *plane, int what, uint64_t peer);

/** plane_add_peer: of @room. Returns: (transfer none) */
PlanePeer *plane_add_peer (Plane *plane, uint64_t room, bool publisher);
/** plane_peer_offer: @sections become the peer's; those of a publisher are microphone and camera, else screen sound and
 *  screen. Returns: false: it was refused. */
bool plane_peer_offer (PlanePeer *peer, const PlaneSection *sections, unsigned n);
/** plane_peer_read_answer: Returns: (transfer full): what stands behind @name in the last answer. */
char *plane_peer_read_answer (const PlanePeer *peer, const char *name);
/** plane_peer_connect: to @worker, after its first offer, up to the keys. */
void plane_peer_connect (PlanePeer *peer, unsigned worker);
/** plane_peer_use_tcp: before plane_peer_connect(), to the same worker. */
void plane_peer_use_tcp (PlanePeer *peer, unsigned worker);
/** plane_peer_read: what has come to it. */
void plane_peer_read (PlanePeer *peer);
/** plane_peer_leave: the control is told; the peer is freed. */
void plane_peer_leave (PlanePeer *peer);
/** plane_peer_vanish: nobody is told. */
void plane_peer_vanish (PlanePeer *peer);
void plane_peer_send (PlanePeer *peer, const uint8_t *data, size_t len);
void plane_peer_check (PlanePeer *peer);
/** plane_peer_check_unnominated: the same without USE-CANDIDATE. */
void plane_peer_check_unnominated (PlanePeer *peer);
/** plane_peer_get_ssrc: Returns: of the slot with @mid, as the last answer says; 0: none. @ret_rtx: (nullable) */
uint32_t plane_peer_get_ssrc (const PlanePeer *peer, const char *mid, uint32_t *ret_rtx);
/** plane_peer_count: Returns: packets that came from the publisher's SSRC @from; 0: any. */
unsigned plane_peer_count (const PlanePeer *peer, uint32_t from);
void plane_peer_forget (PlanePeer *peer);
void plane_peer_pli (PlanePeer *peer, uint32_t ssrc);
void plane_peer_nack (PlanePeer *peer, uint32_t ssrc, const uint16_t *seqs, size_t n);
/** plane_peer_remb: what the subscriber says that its path carries. */
void plane_peer_remb (PlanePeer *peer, uint32_t ssrc, uint32_t bps);

/** plane_send_packet: one packet with @len bytes of payload, of which the first @head_len are @head. */
void plane_send_packet (PlanePeer *peer, PlaneStream *stream, uint8_t payload_type, bool marker, const uint8_t *head,
                        size_t head_len, size_t len);
/** plane_send_video: one frame of VP8, in @n_pkts packets. */
void plane_send_video (PlanePeer *peer, PlaneStream *stream, bool keyframe, unsigned n_pkts);
/** plane_send_audio: one packet of Opus. @level: dB below the loudest */
void plane_send_audio (PlanePeer *peer, PlaneStream *stream, uint8_t level);
