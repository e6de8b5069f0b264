/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/orders.h"

#include "sfu/ingest-private.h"

typedef struct {
  SfuMail mail;
  uint64_t room;
  bool ended;
  SfuRoomPolicy policy;
} RoomOrder;

typedef struct {
  SfuMail mail;
  SfuTrackOrder order;
} TrackOrder;

typedef struct {
  SfuMail mail;
  uint64_t room, peer;
  bool away;
} AwayOrder;

typedef struct {
  SfuMail mail;
  SfuLegSetup *setup; /* owned */
} LegOrder;

static void
free_plain (SfuMail *mail)
{
  g_free (mail);
}

static void
do_room (SfuMail *mail, SfuWorker *worker, int64_t now_us)
{
  const RoomOrder *order = (const RoomOrder *) mail;

  if (order->ended)
    (void) g_hash_table_remove (worker->shards, &order->room);
  else
    sfu_shard_set_n_active (sfu_worker_get_shard (worker, order->room), order->policy.active_speakers);
}

void
sfu_order_room (SfuMesh *mesh, uint64_t room, const SfuRoomPolicy *policy)
{
  for (unsigned i = 0; i < sfu_mesh_get_n (mesh); i++)
    {
      RoomOrder *order = g_new0 (RoomOrder, 1);

      order->mail = (SfuMail){ do_room, free_plain };
      order->room = room;
      order->ended = policy == NULL;
      if (policy != NULL)
        order->policy = *policy;
      sfu_mesh_order (mesh, i, &order->mail);
    }
}

static void
do_track (SfuMail *mail, SfuWorker *worker, int64_t now_us)
{
  const SfuTrackOrder *order = &((const TrackOrder *) mail)->order;
  SfuShard *shard;
  SfuTrack *track;

  if (order->ended)
    {
      track = g_hash_table_lookup (worker->tracks, &order->track);
      if (track != NULL)
        sfu_shard_remove_track (track->shard, track);
      return;
    }
  shard = sfu_worker_get_shard (worker, order->room);
  track = sfu_shard_add_track (shard, order->track, order->peer, order->kind, order->source);
  if (track->muted == order->muted)
    return;
  track->muted = order->muted;
  if (shard->speakers != NULL && track->kind == SFU_AUDIO)
    sfu_speakers_set_muted (shard->speakers, track->id, track->muted);
  if (track->published != NULL)
    sfu_ingest_tell_facts (track->leg, track->published, now_us);
  sfu_shard_want_assign (shard);
}

void
sfu_order_track (SfuMesh *mesh, const SfuTrackOrder *order)
{
  for (unsigned i = 0; i < sfu_mesh_get_n (mesh); i++)
    {
      TrackOrder *mail = g_new (TrackOrder, 1);

      *mail = (TrackOrder){ { do_track, free_plain }, *order };
      sfu_mesh_order (mesh, i, &mail->mail);
    }
}

static void
do_away (SfuMail *mail, SfuWorker *worker, int64_t now_us)
{
  const AwayOrder *order = (const AwayOrder *) mail;
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, worker->legs);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      SfuLeg *leg = key;

      if (leg->ingest != NULL && leg->setup->peer == order->peer && leg->setup->room == order->room)
        leg->ingest->away = order->away;
    }
}

void
sfu_order_away (SfuMesh *mesh, uint64_t room, uint64_t peer, bool away)
{
  for (unsigned i = 0; i < sfu_mesh_get_n (mesh); i++)
    {
      AwayOrder *mail = g_new (AwayOrder, 1);

      *mail = (AwayOrder){ { do_away, free_plain }, room, peer, away };
      sfu_mesh_order (mesh, i, &mail->mail);
    }
}

static void
do_leg (SfuMail *mail, SfuWorker *worker, int64_t now_us)
{
  LegOrder *order = (LegOrder *) mail;
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, worker->legs);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      SfuLeg *leg = key;

      if (leg->setup->peer != order->setup->peer || leg->setup->publisher != order->setup->publisher
          || leg->setup->transport != order->setup->transport)
        continue;
      if (order->setup->ended)
        sfu_leg_free (leg);
      else
        sfu_leg_update (leg, g_steal_pointer (&order->setup), now_us);
      return;
    }
}

static void
free_leg_order (SfuMail *mail)
{
  sfu_leg_setup_unref (((LegOrder *) mail)->setup);
  g_free (mail);
}

void
sfu_order_leg (SfuMesh *mesh, unsigned worker, SfuLegSetup *setup)
{
  LegOrder *mail = g_new (LegOrder, 1);

  *mail = (LegOrder){ { do_leg, free_leg_order }, setup };
  sfu_mesh_order (mesh, worker, &mail->mail);
}
