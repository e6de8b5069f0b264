/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All rooms of this server: the state machines (signaling/room.h) with what they need around them: the database, the
 * sessions of those inside, the media plane, TURN credentials, timers. In memory are the rooms with somebody in them and
 * those that are not permanent; others are read when somebody asks. Main thread.
 *
 * What a crowd costs is bounded: up to SIG_ROOMS_ANNOUNCE people inside, each is announced to each. Beyond that only
 * those are who do something (a host, a track, a raised hand); the rest are a number (room.count) and pages
 * (room.participants).
 */
#pragma once

#include "base/config.h"
#include "base/metrics.h"
#include "messaging/core.h"
#include "sfu/control.h"
#include "signaling/calls.h"
#include "signaling/conns.h"
#include "signaling/guests.h"
#include "signaling/rpc.h"
#include "signaling/session.h"
#include "signaling/turn.h"

typedef struct SigRooms SigRooms;

/** SIG_ROOMS_ANNOUNCE: so many are announced whatever they do. */
#define SIG_ROOMS_ANNOUNCE 100
/** SIG_ROOMS_PAGE: participants in one answer. */
#define SIG_ROOMS_PAGE 200
/** SIG_ROOMS_EMPTY_US: a room that is not permanent and that nobody has come to ends then. */
#define SIG_ROOMS_EMPTY_US (10 * 60 * G_USEC_PER_SEC)
#define SIG_ROOMS_SPEAKERS_US (200 * 1000)
#define SIG_ROOMS_COUNT_US (1 * G_USEC_PER_SEC)

/** SigRoomsRing: an invitation into a room that rings, or does so no more. */
typedef struct {
  MsgId room_id, from, to;
  const char *title;
  int64_t expires_ms;
  const char *ended; /* (nullable): it rings; else "declined", "joined", "expired", "ended" */
} SigRoomsRing;

/** SigRoomsConfig: fill with sig_rooms_config_init() first. Nothing is owned; all must outlive the table, but for the core. */
typedef struct {
  GMainContext *context;   /* required */
  MsgCore *core;           /* required; may be freed before the table */
  SigSessions *sessions;   /* required */
  SigGuests *guests;       /* required */
  AlMetrics *metrics;      /* required */
  SfuControl *control;     /* (nullable): without one rooms carry no media */
  SigTurn *turn;           /* (nullable) */
  SigCalls *calls;         /* (nullable): for room.create {fromCallId} */
  /* (nullable): states of peers in rooms of the media plane that are none of these */
  void (*other_state) (uint64_t media, uint64_t peer, bool publisher, SfuPeerState state, gpointer user);
  gpointer other_user;
  /* (nullable): of invitations that are not withheld */
  void (*ring) (const SigRoomsRing *ring, gpointer user);
  gpointer ring_user;

  unsigned max_participants;       /* of one room. Default 1,000 */
  unsigned max_participants_total; /* of all. Default 10,000 */
  unsigned max_rooms_per_user;     /* owned. Default 100 */
  unsigned join_rate;              /* a minute; 0: no limit. Default 60 */
  int64_t ring_us;                 /* how long an invitation rings. Default 60 s */

  /* clocks of tests. Default NULL: the system's. With a clock of its own nothing wakes the table by itself: see
   * sig_rooms_tick() */
  int64_t (*now_us) (void);
  int64_t (*now_ms) (void);
} SigRoomsConfig;

void sig_rooms_config_init (SigRoomsConfig *config);
/** sig_rooms_config_read: the limits as in [sfu] and [signaling]. */
void sig_rooms_config_read (SigRoomsConfig *config, const AlConfig *keys);

/** sig_rooms_new: @config: copied. Returns: (transfer full): listens to the sessions and to the media plane. */
SigRooms *sig_rooms_new (const SigRoomsConfig *config);
/** sig_rooms_free: without a word to anybody; after the core. NULL is allowed. */
void sig_rooms_free (SigRooms *rooms);

/**
 * sig_rooms_recover: takes up the rooms that are not permanent, as if they had just been made: whoever was inside comes
 * back by joining. Once, before any device can come in; iterates the context until that is done.
 *
 * Returns: false with @error when the database cannot be read.
 */
bool sig_rooms_recover (SigRooms *rooms, GError **error);

/** sig_rooms_register: session.guest, room.*, backend.room*. */
void sig_rooms_register (SigRooms *rooms, SigRpc *rpc, SigConns *conns);

/** sig_rooms_count: rooms with somebody inside or waiting. */
unsigned sig_rooms_count (const SigRooms *rooms);
/** sig_rooms_count_people: inside, in all rooms. */
unsigned sig_rooms_count_people (const SigRooms *rooms);
/** sig_rooms_count_loaded: rooms in memory. */
unsigned sig_rooms_count_loaded (const SigRooms *rooms);

/** sig_rooms_tick: lets the time that has passed have its effect. For tests that bring their own clock. */
void sig_rooms_tick (SigRooms *rooms);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigRooms, sig_rooms_free)
