/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scenario "rooms": simulated browsers that publish into a room and receive from it, and what they measure. How a room is
 * made and joined is the signaling's: one of ours (JSON-RPC, WHIP and WHEP) or Janus's. Loop's thread.
 */
#pragma once

#include <glib.h>

#include "server/load/publisher.h"
#include "server/load/subscriber.h"

typedef struct LoadRooms LoadRooms;

/** LoadMember: one of either. @handle, @id: the signaling's own */
typedef struct {
  LoadRooms *rooms;
  unsigned index;
  LoadPublisher *publisher;
  LoadSubscriber *subscriber;
  bool answered;
  int64_t handle;
  char id[64];
  void *user;
} LoadMember;

/** LoadSignaling: functions return at once; what comes of it is told by load_rooms_*(). */
typedef struct {
  const char *name;
  bool (*open) (LoadRooms *rooms, GError **error);
  void (*publish) (LoadMember *member);
  void (*subscribe) (LoadMember *member);
  void (*close) (LoadRooms *rooms); /* after an open() that did not fail */
} LoadSignaling;

typedef struct {
  char *url, *video_path, *audio_path, *local, *profiles, *jwt_secret, *names, *stream_key, *room, *ice;
  int publishers, subscribers, seconds, warmup, join_ms, sample, server_pid, settle_ms;
  gboolean gro, janus, whip, threads, explain;
} LoadRoomsOptions;

struct LoadRooms {
  AlLoop *loop;
  LoadRoomsOptions options;
  LoadPeerHome home;
  AlAddr server;     /* of the signaling */
  const LoadSignaling *signaling;
  void *signaling_data;
  LoadMember *publishers, *subscribers;
  bool ready;        /* the room is there */
  bool over;         /* connections may end */
  const char *fault; /* (nullable): why it cannot go on */
};

extern const LoadSignaling load_signaling_janus, load_signaling_rpc, load_signaling_whip;

/** load_rooms_main: `aldis-load rooms ...`. Returns: the exit status. */
int load_rooms_main (int argc, char **argv);
/** load_rooms_take_answer: of @member's publisher or subscriber. */
void load_rooms_take_answer (LoadMember *member, const char *sdp);
/** load_rooms_fail: ends the scenario. @what: (transfer none): printed */
void load_rooms_fail (LoadRooms *rooms, const char *what, const char *text);
