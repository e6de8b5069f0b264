/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets of a worker. Most of those in use are kept for retransmission, by this worker's tracks and by those of the workers
 * that they were passed on to. When few are left for what comes, what is kept is kept for a shorter time, and longer again
 * once there is room: a lack of packets costs old retransmissions, not new media.
 */
#include "sfu/worker-private.h"

#define AGE_MIN_US (50 * 1000)
/* a part of the pool: others give theirs back a turn later */
#define FEW 8

typedef struct {
  SfuMail mail;
  int64_t age_us;
} Trim;

static void
trim_tracks (SfuWorker *worker, int64_t now_us)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, worker->tracks);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    for (unsigned layer = 0; layer < SFU_LAYERS_MAX; layer++)
      sfu_cache_trim (&((SfuTrack *) value)->caches[layer], now_us, worker->cache_age_us);
}

static void
do_trim (SfuMail *mail, SfuWorker *worker, int64_t now_us)
{
  worker->cache_age_us = MIN (worker->cache_age_us, ((const Trim *) mail)->age_us);
  trim_tracks (worker, now_us);
}

static void
free_trim (SfuMail *mail)
{
  g_free (mail);
}

/* the others hold packets of this worker, too */
static void
tell_others (SfuWorker *worker)
{
  SfuMesh *mesh = worker->config.mesh;

  for (unsigned i = 0; i < sfu_mesh_get_n (mesh); i++)
    if (i != worker->config.index)
      {
        Trim *trim = g_new (Trim, 1);

        *trim = (Trim){ { do_trim, free_trim }, worker->cache_age_us };
        (void) sfu_mesh_post (mesh, i, &trim->mail);
      }
}

/* at most once a turn */
static void
make_room (SfuWorker *worker)
{
  int64_t now_us = al_loop_now_us (worker->loop);

  if (worker->made_room_us == now_us)
    return;
  worker->made_room_us = now_us;
  do
    {
      worker->cache_age_us = MAX (worker->cache_age_us / 2, AGE_MIN_US);
      trim_tracks (worker, now_us);
    }
  while (al_pool_count_free (worker->pool) < worker->config.n_pkts / 4 && worker->cache_age_us > AGE_MIN_US);
  tell_others (worker);
}

AlPkt *
sfu_worker_take_pkt (SfuWorker *worker)
{
  AlPkt *pkt;

  if (!worker->pool_adopted)
    {
      al_pool_adopt (worker->pool); /* it was made on the main thread */
      worker->pool_adopted = true;
    }
  pkt = al_pool_take (worker->pool);
  if (pkt != NULL)
    return pkt;
  make_room (worker);
  pkt = al_pool_take (worker->pool);
  if (pkt == NULL)
    worker->counts.dropped[SFU_DROP_POOL_EMPTY]++;
  return pkt;
}

void
sfu_worker_check_pool (SfuWorker *worker)
{
  if (worker->pool_adopted && al_pool_count_free (worker->pool) < worker->config.n_pkts / FEW)
    make_room (worker);
}

void
sfu_worker_tick_caches (SfuWorker *worker, int64_t now_us)
{
  trim_tracks (worker, now_us);
  if (worker->pool_adopted && al_pool_count_free (worker->pool) > worker->config.n_pkts / 2)
    worker->cache_age_us = MIN (worker->cache_age_us * 2, SFU_CACHE_AGE_US);
}
