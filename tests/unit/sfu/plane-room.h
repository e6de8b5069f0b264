/* SPDX-License-Identifier: Apache-2.0 */
/* A room on the bench of plane.h: a publisher on the first worker, subscribers on the others. */
#pragma once

#include <string.h>

#include "plane.h"

#define ROOM_AUDIO 1000u
#define ROOM_VIDEO 2000u
#define ROOM_FRAME_US (35 * PLANE_MS)

static const PlaneSection room_publishes[] = { { SFU_AUDIO, "a", "sendonly", NULL, ROOM_AUDIO, 1 },
                                               { SFU_VIDEO, "v", "sendonly", NULL, ROOM_VIDEO, 1 } };
static const PlaneSection room_slots[] = { { SFU_AUDIO, "a0", "recvonly" },
                                           { SFU_VIDEO, "v0", "recvonly" },
                                           { SFU_VIDEO, "v1", "recvonly" } };

typedef struct {
  Plane plane;
  uint64_t room;
  PlanePeer *publisher, *subscriber;
  PlaneStream audio, video;
} Room;

/* @worker: whose socket it uses */
static inline PlanePeer *
room_add_subscriber (Room *room, unsigned worker)
{
  PlanePeer *peer = plane_add_peer (&room->plane, room->room, false);

  g_assert_true (plane_peer_offer (peer, room_slots, G_N_ELEMENTS (room_slots)));
  plane_peer_connect (peer, worker);
  return peer;
}

static inline PlanePeer *
room_add_publisher (Room *room, unsigned worker, const PlaneSection *sections, unsigned n)
{
  PlanePeer *peer = plane_add_peer (&room->plane, room->room, true);

  g_assert_true (plane_peer_offer (peer, sections, n));
  plane_peer_connect (peer, worker);
  return peer;
}

/* one publisher, and a subscriber on the last worker */
static inline void
room_init_with (Room *room, unsigned n_workers, unsigned n_pkts, const PlaneSection *sections, unsigned n)
{
  const SfuRoomPolicy policy = { .active_speakers = 3 };

  memset (room, 0, sizeof *room);
  plane_init (&room->plane, n_workers, n_pkts);
  room->room = sfu_control_add_room (room->plane.control, &policy);
  room->publisher = room_add_publisher (room, 0, sections, n);
  room->subscriber = room_add_subscriber (room, n_workers - 1);
  room->audio = (PlaneStream){ .ssrc = ROOM_AUDIO, .mid = "a", .index = 100 };
  room->video = (PlaneStream){ .ssrc = ROOM_VIDEO, .mid = "v", .index = 200 };
}

static inline void
room_init (Room *room, unsigned n_workers)
{
  room_init_with (room, n_workers, PLANE_PKTS, room_publishes, G_N_ELEMENTS (room_publishes));
}

/* @n frames, the first a keyframe when @keyframe; two packets of video and one of audio each */
static inline void
room_send (Room *room, unsigned n, bool keyframe)
{
  for (unsigned i = 0; i < n; i++)
    {
      plane_send_audio (room->publisher, &room->audio, 20);
      plane_send_video (room->publisher, &room->video, keyframe && i == 0, 2);
      plane_run (&room->plane, ROOM_FRAME_US);
    }
}

/* The room goes on for @peer: within two seconds it hears and sees the publisher, and then, of ten frames, it gets every packet,
 * in order, under one SSRC. */
static inline void
room_check (Room *room, PlanePeer *peer)
{
  uint32_t next[2] = { 0 }, ssrcs[2] = { 0 };
  uint16_t seqs[2] = { 0 };

  plane_peer_forget (peer);
  for (unsigned i = 0; i < 60 && (plane_peer_count (peer, room->audio.ssrc) == 0
                                  || plane_peer_count (peer, room->video.ssrc) < 2); i++)
    room_send (room, 1, true);
  plane_run (&room->plane, 600 * PLANE_MS); /* what waits in pacers leaves, or is too old */
  plane_peer_forget (peer);
  room_send (room, 10, true);
  g_assert_cmpuint (plane_peer_count (peer, room->audio.ssrc), ==, 10);
  g_assert_cmpuint (plane_peer_count (peer, room->video.ssrc), ==, 20);
  for (guint i = 0; i < peer->got->len; i++)
    {
      const PlaneGot *got = &g_array_index (peer->got, PlaneGot, i);
      unsigned kind = got->from == room->video.ssrc;

      if (got->from != room->video.ssrc && got->from != room->audio.ssrc)
        continue;
      g_assert_true (next[kind] == 0 || (got->index == next[kind] && got->ssrc == ssrcs[kind] && got->seq == seqs[kind]));
      next[kind] = got->index + 1;
      ssrcs[kind] = got->ssrc;
      seqs[kind] = (uint16_t) (got->seq + 1);
    }
}

static inline uint64_t
room_dropped (const Room *room, SfuDrop why)
{
  return plane_get_counts (&room->plane).dropped[why];
}

static inline void
room_check_no_drops (const Room *room)
{
  for (unsigned i = 0; i < SFU_DROP_N; i++)
    if (room_dropped (room, (SfuDrop) i) != 0)
      g_error ("%" G_GUINT64_FORMAT " dropped: %s", room_dropped (room, (SfuDrop) i), sfu_drop_name ((SfuDrop) i));
}
