/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "sfu/news.h"
#include "sfu/worker-private.h"

#define ACTIVE 3

static void
on_assign (AlDefer *defer, void *user)
{
  SfuShard *shard = user;

  sfu_shard_assign (shard, al_loop_now_us (shard->worker->loop));
}

SfuShard *
sfu_shard_new (SfuWorker *worker, uint64_t room)
{
  SfuShard *shard = g_new0 (SfuShard, 1);

  shard->worker = worker;
  shard->room = room;
  shard->n_active = ACTIVE;
  shard->tracks = g_ptr_array_new ();
  shard->subs = g_ptr_array_new ();
  shard->assign = (AlDefer){ .fn = on_assign, .user = shard };
  al_timer_init (&shard->tick, sfu_shard_tick, shard);
  if (sfu_shard_is_home (shard))
    shard->speakers = sfu_speakers_new (ACTIVE);
  return shard;
}

bool
sfu_shard_is_home (const SfuShard *shard)
{
  return shard->room % sfu_mesh_get_n (shard->worker->config.mesh) == shard->worker->config.index;
}

void
sfu_shard_set_n_active (SfuShard *shard, unsigned n)
{
  shard->n_active = CLAMP (n, 1, SFU_SPEAKERS_ACTIVE_MAX);
  if (shard->speakers != NULL)
    sfu_speakers_set_n_active (shard->speakers, shard->n_active);
}

static void
free_track (SfuTrack *track)
{
  if (track->published != NULL)
    sfu_ingest_forget_track (track->leg, track);
  while (track->outs->len > 0)
    sfu_egress_show (g_ptr_array_index (track->outs, track->outs->len - 1), NULL,
                     al_loop_now_us (track->shard->worker->loop));
  sfu_track_clear (track);
  (void) g_hash_table_remove (track->shard->worker->tracks, &track->id);
  g_ptr_array_unref (track->outs);
  g_free (track);
}

void
sfu_shard_free (SfuShard *shard)
{
  while (shard->subs->len > 0)
    sfu_leg_free (g_ptr_array_index (shard->subs, shard->subs->len - 1));
  while (shard->tracks->len > 0)
    {
      SfuTrack *track = g_ptr_array_index (shard->tracks, shard->tracks->len - 1);

      if (track->leg != NULL)
        sfu_leg_free (track->leg);
      (void) g_ptr_array_remove_index (shard->tracks, shard->tracks->len - 1);
      free_track (track);
    }
  al_timer_cancel (&shard->tick);
  al_defer_cancel (&shard->assign);
  sfu_speakers_free (shard->speakers);
  g_ptr_array_unref (shard->tracks);
  g_ptr_array_unref (shard->subs);
  g_free (shard);
}

SfuTrack *
sfu_shard_add_track (SfuShard *shard, uint64_t id, uint64_t peer, SfuKind kind, SfuSource source)
{
  SfuTrack *track = g_hash_table_lookup (shard->worker->tracks, &id);

  if (track != NULL)
    return track;
  track = g_new0 (SfuTrack, 1);
  track->shard = shard;
  track->id = id;
  track->peer = peer;
  track->kind = kind;
  track->source = source;
  track->facts.owner = SFU_NOBODY;
  track->facts.track = id;
  track->outs = g_ptr_array_new ();
  for (unsigned i = 0; i < (kind == SFU_VIDEO ? SFU_LAYERS_MAX : 1); i++)
    sfu_cache_init (&track->caches[i], kind == SFU_VIDEO ? SFU_CACHE_VIDEO : SFU_CACHE_AUDIO);
  g_ptr_array_add (shard->tracks, track);
  (void) g_hash_table_insert (shard->worker->tracks, &track->id, track);
  if (shard->speakers != NULL && kind == SFU_AUDIO && source == SFU_SOURCE_MIC)
    sfu_speakers_add (shard->speakers, id);
  sfu_shard_want_assign (shard);
  sfu_shard_arm (shard);
  return track;
}

void
sfu_shard_remove_track (SfuShard *shard, SfuTrack *track)
{
  if (shard->speakers != NULL)
    sfu_speakers_remove (shard->speakers, track->id);
  (void) g_ptr_array_remove (shard->tracks, track);
  free_track (track);
  sfu_shard_want_assign (shard);
}

void
sfu_shard_want_assign (SfuShard *shard)
{
  if (!shard->worker->ended)
    al_loop_defer (shard->worker->loop, &shard->assign);
}

static void
tell_slots (SfuLeg *leg, uint64_t audio, uint64_t video)
{
  SfuEgress *egress = leg->egress;
  SfuSlotInfo infos[2 * SFU_SLOTS_MAX];
  unsigned n = 0;

  for (unsigned i = 0; i < egress->n_outs && n < G_N_ELEMENTS (infos); i++)
    {
      const SfuOut *out = &egress->outs[i];
      uint64_t changed = out->slot.kind == SFU_AUDIO ? audio : video;

      if ((changed >> out->index & 1) == 0)
        continue;
      infos[n] = (SfuSlotInfo){ .kind = out->slot.kind, .track = out->track != NULL ? out->track->id : 0 };
      (void) g_strlcpy (infos[n].mid, leg->setup->lanes[out->lane].mid, sizeof infos[n].mid);
      n++;
    }
  if (n > 0)
    sfu_news_slots (leg->worker->config.mesh, leg->setup->room, leg->setup->peer, infos, n);
}

static void
show (SfuLeg *leg, const SfuSlots *slots, SfuKind kind, uint64_t changed, int64_t now_us)
{
  SfuEgress *egress = leg->egress;
  const uint64_t *ids = kind == SFU_AUDIO ? slots->audio : slots->video;
  const uint16_t *outs = kind == SFU_AUDIO ? egress->audio : egress->video;

  for (uint64_t left = changed; left != 0; left &= left - 1)
    {
      unsigned i = (unsigned) __builtin_ctzll (left);

      sfu_egress_show (&egress->outs[outs[i]],
                       ids[i] != 0 ? g_hash_table_lookup (leg->worker->tracks, &ids[i]) : NULL, now_us);
    }
}

void
sfu_shard_assign (SfuShard *shard, int64_t now_us)
{
  unsigned n = shard->tracks->len;
  g_autofree SfuSlotsTrack *tracks = g_new0 (SfuSlotsTrack, MAX (n, 1));
  SfuSlotsRoom room = {
    .tracks = tracks,
    .n_tracks = n,
    .heard = shard->heard,
    .n_heard = shard->n_heard,
    .order = shard->order,
    .n_order = shard->n_order,
  };

  for (unsigned i = 0; i < n; i++)
    {
      const SfuTrack *track = g_ptr_array_index (shard->tracks, i);

      tracks[i] = (SfuSlotsTrack){ track->id, track->peer, track->kind, track->source,
                                   track->muted || track->facts.gone };
    }
  for (guint i = 0; i < shard->subs->len; i++)
    {
      SfuLeg *leg = g_ptr_array_index (shard->subs, i);
      uint64_t audio = 0, video = 0;

      room.wants = leg->setup->wants;
      room.n_wants = leg->setup->n_wants;
      if (!sfu_slots_assign (&leg->egress->slots, &room, &audio, &video))
        continue;
      show (leg, &leg->egress->slots, SFU_AUDIO, audio, now_us);
      show (leg, &leg->egress->slots, SFU_VIDEO, video, now_us);
      tell_slots (leg, audio, video);
      sfu_egress_tick (leg, now_us);
    }
}
