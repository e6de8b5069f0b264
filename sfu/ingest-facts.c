/* SPDX-License-Identifier: Apache-2.0 */
/* What a publisher sends, measured; told to every worker, whose slots choose by it. And which of it somebody wants. */
#include <string.h>

#include "sfu/ingest-private.h"
#include "sfu/news.h"
#include "sfu/rid-order.h"

/* of a publisher who is away, before its tracks give up their slots */
#define SILENT_US (500 * 1000)

typedef struct {
  SfuMail mail;
  SfuTrackFacts facts;
} Facts;

static void
do_facts (SfuMail *mail, SfuWorker *worker, int64_t now_us)
{
  const SfuTrackFacts *facts = &((const Facts *) mail)->facts;
  SfuTrack *track = g_hash_table_lookup (worker->tracks, &facts->track);

  if (track != NULL)
    sfu_track_set_facts (track, facts, now_us);
}

static void
free_facts (SfuMail *mail)
{
  g_free (mail);
}

void
sfu_ingest_take_sizes (SfuPublished *published, const SfuVideoLayers *layers)
{
  for (unsigned i = 0; layers->has_sizes && i < layers->n_layers && layers->n_streams == 1 && published->n_feeds == 1; i++)
    {
      published->feeds[0].rates.width[layers->layers[i].spatial] = layers->layers[i].width;
      published->feeds[0].rates.height[layers->layers[i].spatial] = layers->layers[i].height;
    }
  for (unsigned i = 0; layers->has_sizes && i < layers->n_layers; i++)
    {
      const SfuVideoLayer *layer = &layers->layers[i];
      unsigned n_lower = 0;

      /* by size: encodings stand in the order of the offer there */
      for (unsigned other = 0; other < layers->n_layers; other++)
        n_lower += layers->layers[other].stream != layer->stream && layers->layers[other].width < layer->width;
      if (n_lower < published->n_feeds && layers->n_streams == published->n_feeds
          && layers->n_layers == layers->n_streams)
        {
          published->feeds[n_lower].rates.width[0] = layer->width;
          published->feeds[n_lower].rates.height[0] = layer->height;
        }
    }
}

void
sfu_ingest_measure (SfuPublished *published, int64_t elapsed_us)
{
  for (unsigned i = 0; i < published->n_feeds; i++)
    sfu_layer_rates_measure (&published->feeds[i].rates, elapsed_us);
}

/* one encoding alone may have spatial layers: those are chosen from, then */
static void
describe (const SfuPublished *published, SfuTrackFacts *facts, int64_t now_us)
{
  const SfuFeed *first = &published->feeds[0];

  facts->spatial = published->n_feeds == 1 && first->rates.n_spatial > 1;
  facts->n_encodings = facts->spatial ? first->rates.n_spatial : (uint8_t) published->n_feeds;
  for (unsigned i = 0; i < facts->n_encodings; i++)
    {
      const SfuFeed *feed = facts->spatial ? first : &published->feeds[i];

      sfu_layer_rates_describe (&feed->rates, facts->spatial ? i : SFU_SPATIAL_MAX, now_us, &facts->encodings[i]);
      facts->encodings[i].active &= !published->track->muted;
      if (feed->codec != SFU_CODEC_NONE)
        {
          facts->codec = feed->codec;
          facts->profile = feed->profile;
        }
    }
}

void
sfu_ingest_tell_facts (SfuLeg *leg, SfuPublished *published, int64_t now_us)
{
  SfuMesh *mesh = leg->worker->config.mesh;
  SfuTrack *track = published->track;
  SfuTrackFacts facts = track->facts;

  facts.owner = leg->worker->config.index;
  facts.begun = published->begun;
  facts.gone = leg->ingest->gone;
  describe (published, &facts, now_us);
  for (unsigned i = 0; i < sfu_mesh_get_n (mesh); i++)
    if (i != leg->worker->config.index)
      {
        Facts *mail = g_new (Facts, 1);

        *mail = (Facts){ { do_facts, free_facts }, facts };
        (void) sfu_mesh_post (mesh, i, &mail->mail);
      }
  sfu_track_set_facts (track, &facts, now_us);
}

void
sfu_ingest_tick_away (SfuLeg *leg, int64_t now_us)
{
  SfuIngest *ingest = leg->ingest;
  int64_t heard_us = 0;
  bool gone;

  if (!ingest->away && !ingest->gone)
    return;
  for (unsigned i = 0; i < SFU_PUBLISHED_MAX; i++)
    for (unsigned at = 0; ingest->published[i].track != NULL && at < ingest->published[i].n_feeds; at++)
      heard_us = MAX (heard_us, ingest->published[i].feeds[at].rates.heard_us);
  gone = ingest->away && now_us - heard_us >= SILENT_US;
  if (gone == ingest->gone)
    return;
  ingest->gone = gone;
  for (unsigned i = 0; i < SFU_PUBLISHED_MAX; i++)
    if (ingest->published[i].track != NULL)
      sfu_ingest_tell_facts (leg, &ingest->published[i], now_us);
}

static void
tell_used (SfuLeg *leg, SfuPublished *published)
{
  const SfuPublication *publication = leg->setup->lanes[published->lane].publication;
  uint8_t used = sfu_layers_used_get (&published->used), offered = 0;

  if (publication->n_rids == 0)
    return; /* nothing that could be left out */
  for (unsigned i = 0; i < publication->n_rids; i++)
    if ((used >> sfu_rid_order_get_layer (publication, i) & 1) != 0)
      offered |= (uint8_t) (1u << i);
  sfu_news_layers (leg->worker->config.mesh, leg->setup->room, leg->setup->peer, published->track->id, offered);
}

void
sfu_ingest_tick_used (SfuLeg *leg, SfuPublished *published, int64_t now_us)
{
  if (sfu_layers_used_tick (&published->used, now_us))
    tell_used (leg, published);
}

void
sfu_ingest_set_needed (SfuLeg *leg, SfuPublished *published, unsigned worker, uint8_t needed, int64_t now_us)
{
  SfuTrack *track = published->track;
  uint8_t all = 0;

  published->needed[worker] = needed;
  if (worker != leg->worker->config.index)
    track->forward = needed != 0 ? track->forward | UINT64_C (1) << worker : track->forward & ~(UINT64_C (1) << worker);
  for (unsigned i = 0; i < sfu_mesh_get_n (leg->worker->config.mesh); i++)
    all |= published->needed[i];
  if (track->kind == SFU_VIDEO && sfu_layers_used_set (&published->used, all, now_us))
    tell_used (leg, published);
}
