/* SPDX-License-Identifier: Apache-2.0 */
/* What control*.c share. Main thread. */
#pragma once

#include "base/hmac.h"
#include "sfu/answer.h"
#include "sfu/control.h"
#include "sfu/mesh.h"
#include "sfu/plane.h"
#include "sfu/setup.h"

/** SfuLegDesk: one transport of a peer, as the main thread keeps it. */
typedef struct {
  SfuAnswer *answer;       /* owned; NULL: no transport */
  SfuLegSetup *setup;      /* a reference: what the workers were told last */
  char *ufrag, *pwd;       /* owned: ours */
  char cname[24];
  uint64_t transport;      /* SfuLegSetup's */
  int64_t since_us;        /* when it was made */
  bool heard;              /* a worker has told of it */
} SfuLegDesk;

typedef struct {
  uint64_t id;
  struct SfuRoomDesk *room; /* not owned */
  SfuLegDesk legs[2];       /* of a subscriber, of a publisher */
  GArray *tracks;           /* owned: SfuTrackInfo */
  GArray *wants;            /* owned: SfuWant */
} SfuPeerDesk;

typedef struct SfuRoomDesk {
  uint64_t id;
  GHashTable *peers; /* owned: &SfuPeerDesk.id -> SfuPeerDesk, owned */
} SfuRoomDesk;

struct SfuControl {
  /* passed in, not owned */
  SfuMesh *mesh;
  const SfuIdentity *identity;
  SfuEvents events;
  void *user;
  /* owned */
  GSource *source, *sweep;
  GSource *retry; /* NULL: no order waits */
  GMainContext *context;
  GHashTable *rooms; /* &SfuRoomDesk.id -> SfuRoomDesk, owned */
  GArray *candidates; /* SfuLocalCandidate */
  AlHmac *hmac;
  uint32_t max_bitrate_bps;
  uint64_t last_id;
};

SfuRoomDesk *sfu_control_find_room (SfuControl *control, uint64_t room);
SfuPeerDesk *sfu_control_find_peer (SfuControl *control, uint64_t room, uint64_t peer);
/** sfu_control_tell: @setup: (transfer full): to the leg's worker, or to wait for one. */
void sfu_control_tell (SfuControl *control, SfuLegSetup *setup);
/** sfu_control_end_leg: tells the workers, and forgets. */
void sfu_control_end_leg (SfuControl *control, SfuPeerDesk *peer, bool publisher);
/** sfu_control_close_leg: it has ended by itself: its tracks end with it, and the owner of the events is told. */
void sfu_control_close_leg (SfuControl *control, SfuPeerDesk *peer, bool publisher);
/** sfu_control_tell_track: to all workers; @ended: it is no more. */
void sfu_control_tell_track (SfuControl *control, const SfuPeerDesk *peer, const SfuTrackInfo *track, bool muted,
                             bool ended);
