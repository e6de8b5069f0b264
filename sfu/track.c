/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A track on one worker: its packets of one turn are gathered and then given to each receiver together, so that a frame leaves
 * to each as one message of equal segments.
 */
#include <string.h>

#include "sfu/worker-private.h"

typedef struct {
  SfuMail mail;
  uint64_t track;
  unsigned worker, layer;
  uint8_t needed;
} Demand;

/* to the other workers that want it */
static void
push (SfuTrack *track, AlPkt *pkt)
{
  SfuWorker *worker = track->shard->worker;

  for (uint64_t left = track->forward; left != 0; left &= left - 1)
    if (!sfu_mesh_push (worker->config.mesh, worker->config.index, (unsigned) __builtin_ctzll (left), al_pkt_ref (pkt)))
      worker->counts.dropped[SFU_DROP_RING_FULL]++;
    else
      worker->counts.crossed++;
}

void
sfu_track_on_packet (SfuTrack *track, AlPkt *pkt, int64_t now_us)
{
  SfuWorker *worker = track->shard->worker;
  if (track->published != NULL && track->forward != 0)
    push (track, pkt);
  if (track->outs->len == 0)
    {
      al_pkt_unref (pkt);
      sfu_worker_want_flush (worker);
      return;
    }
  sfu_cache_put (&track->caches[sfu_packet_of (pkt)->layer], pkt);
  sfu_worker_trim (track, sfu_packet_of (pkt)->layer, now_us);
  if (track->n_burst == SFU_TRACK_BURST)
    sfu_track_flush (track, now_us);
  track->burst[track->n_burst++] = pkt;
  if (!track->in_bursts)
    {
      track->in_bursts = true;
      track->next_burst = worker->bursts;
      worker->bursts = track;
    }
  sfu_worker_want_flush (worker);
}

void
sfu_track_flush (SfuTrack *track, int64_t now_us)
{
  for (guint i = 0; i < track->outs->len; i++)
    sfu_egress_forward (g_ptr_array_index (track->outs, i), track->burst, track->n_burst, now_us);
  for (unsigned i = 0; i < track->n_burst; i++)
    al_pkt_unref (track->burst[i]);
  track->n_burst = 0;
}

void
sfu_track_set_facts (SfuTrack *track, const SfuTrackFacts *facts, int64_t now_us)
{
  if (track->facts.owner != facts->owner || track->facts.begun != facts->begun)
    track->told_needed = 0;
  if (track->facts.gone != facts->gone)
    sfu_shard_want_assign (track->shard);
  track->facts = *facts;
  sfu_track_tell_needed (track, now_us);
}

static void
do_needed (SfuMail *mail, SfuWorker *worker, int64_t now_us)
{
  const Demand *demand = (const Demand *) mail;
  SfuTrack *track = g_hash_table_lookup (worker->tracks, &demand->track);

  if (track != NULL && track->published != NULL)
    sfu_ingest_set_needed (track->leg, track->published, demand->worker, demand->needed, now_us);
}

static void
do_keyframe (SfuMail *mail, SfuWorker *worker, int64_t now_us)
{
  const Demand *demand = (const Demand *) mail;
  SfuTrack *track = g_hash_table_lookup (worker->tracks, &demand->track);

  if (track != NULL && track->published != NULL)
    sfu_ingest_want_keyframe (track->leg, track->published, demand->layer, now_us);
}

static void
free_demand (SfuMail *mail)
{
  g_free (mail);
}

/* Returns: false: its owner's mailbox is full. */
static bool
ask (SfuTrack *track, void (*fn) (SfuMail *mail, SfuWorker *worker, int64_t now_us), unsigned layer, uint8_t needed)
{
  SfuWorker *worker = track->shard->worker;
  Demand *demand = g_new (Demand, 1);

  *demand = (Demand){ { fn, free_demand }, track->id, worker->config.index, layer, needed };
  return sfu_mesh_post (worker->config.mesh, track->facts.owner, &demand->mail);
}

void
sfu_track_tell_needed (SfuTrack *track, int64_t now_us)
{
  uint8_t needed = 0;

  for (guint i = 0; i < track->outs->len; i++)
    {
      const SfuOut *out = g_ptr_array_index (track->outs, i);

      needed |= out->needed;
    }
  if (needed == track->told_needed || track->facts.owner == SFU_NOBODY)
    return;
  if (track->published != NULL)
    sfu_ingest_set_needed (track->leg, track->published, track->shard->worker->config.index, needed, now_us);
  else if (!ask (track, do_needed, 0, needed))
    return; /* again with the next facts */
  track->told_needed = needed;
}

bool
sfu_track_want_keyframe (SfuTrack *track, unsigned layer, int64_t now_us)
{
  if (track->published == NULL)
    return track->facts.owner != SFU_NOBODY && ask (track, do_keyframe, layer, 0);
  sfu_ingest_want_keyframe (track->leg, track->published, layer, now_us);
  return true;
}

void
sfu_track_clear (SfuTrack *track)
{
  SfuWorker *worker = track->shard->worker;

  for (unsigned i = 0; i < track->n_burst; i++)
    al_pkt_unref (track->burst[i]);
  track->n_burst = 0;
  for (SfuTrack **at = &worker->bursts; *at != NULL; at = &(*at)->next_burst)
    if (*at == track)
      {
        *at = track->next_burst;
        break;
      }
  track->in_bursts = false;
  for (unsigned i = 0; i < SFU_LAYERS_MAX; i++)
    sfu_cache_clear (&track->caches[i]);
}
