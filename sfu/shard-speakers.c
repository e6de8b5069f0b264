/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is heard: each worker tells the room's home worker how loud its publishers are; the home worker decides and tells all
 * workers, and the main thread.
 */
#include <string.h>

#include "sfu/news.h"
#include "sfu/worker-private.h"

#define TICK_US (25 * 1000)

typedef struct {
  SfuMail mail;
  uint64_t room;
  int64_t at_us;
  unsigned n;
  struct {
    uint64_t track;
    uint8_t loudness;
  } of[];
} Loudness;

typedef struct {
  SfuMail mail;
  uint64_t room;
  unsigned n_heard, n_order;
  uint64_t heard[SFU_SPEAKERS_ACTIVE_MAX], order[SFU_SLOTS_MAX];
} Heard;

static void
free_plain (SfuMail *mail)
{
  g_free (mail);
}

static void
take_heard (SfuShard *shard, const Heard *heard)
{
  shard->n_heard = heard->n_heard;
  shard->n_order = heard->n_order;
  memcpy (shard->heard, heard->heard, sizeof shard->heard);
  memcpy (shard->order, heard->order, sizeof shard->order);
  sfu_shard_want_assign (shard);
}

static void
do_heard (SfuMail *mail, SfuWorker *worker, int64_t now_us)
{
  const Heard *heard = (const Heard *) mail;
  SfuShard *shard = g_hash_table_lookup (worker->shards, &heard->room);

  if (shard != NULL)
    take_heard (shard, heard);
}

static void
take_loudness (SfuShard *shard, uint64_t id, uint8_t loudness, int64_t now_us)
{
  SfuTrack *track = g_hash_table_lookup (shard->worker->tracks, &id);

  if (track == NULL || shard->speakers == NULL)
    return;
  track->loudness = loudness;
  sfu_speakers_on_loudness (shard->speakers, id, loudness, now_us);
}

static void
do_loudness (SfuMail *mail, SfuWorker *worker, int64_t now_us)
{
  const Loudness *loudness = (const Loudness *) mail;
  SfuShard *shard = g_hash_table_lookup (worker->shards, &loudness->room);

  for (unsigned i = 0; shard != NULL && i < loudness->n; i++)
    take_loudness (shard, loudness->of[i].track, loudness->of[i].loudness, now_us);
  if (shard != NULL)
    sfu_shard_arm (shard);
}

/* the audible ones, who speaks first */
static void
tell_main (SfuShard *shard, const Heard *heard)
{
  uint64_t tracks[SFU_SPEAKERS_ACTIVE_MAX];
  unsigned n = 0;

  for (unsigned i = 0; i < heard->n_order && n < G_N_ELEMENTS (tracks); i++)
    {
      const SfuTrack *track = g_hash_table_lookup (shard->worker->tracks, &heard->order[i]);
      bool active = false;

      for (unsigned at = 0; at < heard->n_heard; at++)
        active |= heard->heard[at] == heard->order[i];
      if (active && track != NULL && track->loudness > 0)
        tracks[n++] = heard->order[i];
    }
  sfu_news_speakers (shard->worker->config.mesh, shard->room, tracks, n);
}

void
sfu_shard_update_speakers (SfuShard *shard, int64_t now_us)
{
  SfuMesh *mesh = shard->worker->config.mesh;
  const uint64_t *active;
  Heard heard = { { do_heard, free_plain }, shard->room };

  if (shard->speakers == NULL || sfu_speakers_update (shard->speakers, now_us) == 0)
    return;
  active = sfu_speakers_get_active (shard->speakers, &heard.n_heard);
  memcpy (heard.heard, active, heard.n_heard * sizeof *active);
  heard.n_order = sfu_speakers_list (shard->speakers, heard.order, SFU_SLOTS_MAX);
  for (unsigned i = 0; i < sfu_mesh_get_n (mesh); i++)
    if (i == shard->worker->config.index)
      take_heard (shard, &heard);
    else
      (void) sfu_mesh_post (mesh, i, &((Heard *) g_memdup2 (&heard, sizeof heard))->mail);
  tell_main (shard, &heard);
}

static bool
has_audio (const SfuShard *shard)
{
  for (guint i = 0; i < shard->tracks->len; i++)
    {
      const SfuTrack *track = g_ptr_array_index (shard->tracks, i);

      if (track->kind == SFU_AUDIO && (track->published != NULL || shard->speakers != NULL))
        return true;
    }
  return false;
}

static void
report (SfuShard *shard, int64_t now_us)
{
  SfuMesh *mesh = shard->worker->config.mesh;
  Loudness *mail = NULL;

  if (shard->speakers == NULL)
    {
      mail = g_malloc0 (sizeof *mail + shard->tracks->len * sizeof mail->of[0]);
      *mail = (Loudness){ .mail = { do_loudness, free_plain }, .room = shard->room };
    }
  for (guint i = 0; i < shard->tracks->len; i++)
    {
      const SfuTrack *track = g_ptr_array_index (shard->tracks, i);
      uint8_t loudness;

      if (track->kind != SFU_AUDIO || track->source != SFU_SOURCE_MIC || track->published == NULL)
        continue;
      loudness = track->muted ? 0 : sfu_audio_get_loudness (&track->published->audio, now_us);
      if (mail == NULL)
        take_loudness (shard, track->id, loudness, now_us);
      else
        {
          mail->of[mail->n].track = track->id;
          mail->of[mail->n++].loudness = loudness;
        }
    }
  if (mail != NULL && mail->n > 0)
    (void) sfu_mesh_post (mesh, (unsigned) (shard->room % sfu_mesh_get_n (mesh)), &mail->mail);
  else
    g_free (mail);
}

void
sfu_shard_tick (AlTimer *timer, void *user)
{
  SfuShard *shard = user;
  int64_t now_us = al_loop_now_us (shard->worker->loop);

  report (shard, now_us);
  sfu_shard_update_speakers (shard, now_us);
  sfu_shard_arm (shard);
}

void
sfu_shard_arm (SfuShard *shard)
{
  AlLoop *loop = shard->worker->loop;

  if (!al_timer_is_set (&shard->tick) && !shard->worker->ended && has_audio (shard))
    al_timer_set (al_loop_get_timers (loop), &shard->tick, al_loop_now_us (loop) + TICK_US);
}
