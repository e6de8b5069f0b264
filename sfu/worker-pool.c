/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets of a worker. Most of those in use are kept for retransmission, by this worker's tracks and by those of the workers
 * that they were passed on to. When few are left for what comes, what is kept is kept for a shorter time, and longer again
 * once there is room: a lack of packets costs old retransmissions, not new media. Packets are of the pool of the worker that
 * received them: that one says how long each worker keeps them, so that a pool with room pays for nobody else's.
 */
#include "sfu/worker-private.h"

#define AGE_MIN_US (50 * 1000)
/* a part of the pool: others give theirs back a turn later */
#define FEW 8
/* the shortest time between two words to the others */
#define TELL_US (100 * 1000)

typedef struct {
  SfuMail mail;
  unsigned from;
  int64_t age_us;
} Trim;

/* whose pool its packets are of; SFU_NOBODY: not known yet */
static unsigned
get_owner (const SfuTrack *track)
{
  return track->published != NULL ? track->shard->worker->config.index : track->facts.owner;
}

static int64_t
get_age (const SfuTrack *track)
{
  unsigned owner = get_owner (track);

  return owner != SFU_NOBODY ? track->shard->worker->ages_us[owner] : SFU_CACHE_AGE_US;
}

void
sfu_worker_trim (SfuTrack *track, unsigned layer, int64_t now_us)
{
  int64_t age_us = get_age (track);

  if (age_us < SFU_CACHE_AGE_US)
    sfu_cache_trim (&track->caches[layer], now_us, age_us);
}

/* @owner: of whose pool; SFU_NOBODY: of all */
static void
trim_tracks (SfuWorker *worker, unsigned owner, int64_t now_us)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, worker->tracks);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    for (unsigned layer = 0; layer < SFU_LAYERS_MAX && (owner == SFU_NOBODY || owner == get_owner (value)); layer++)
      sfu_cache_trim (&((SfuTrack *) value)->caches[layer], now_us, get_age (value));
}

static void
do_trim (SfuMail *mail, SfuWorker *worker, int64_t now_us)
{
  const Trim *trim = (const Trim *) mail;
  int64_t before_us = worker->ages_us[trim->from];

  worker->ages_us[trim->from] = trim->age_us;
  if (trim->age_us < before_us)
    trim_tracks (worker, trim->from, now_us);
}

static void
free_trim (SfuMail *mail)
{
  g_free (mail);
}

/* the others hold packets of this worker, too. What one did not hear is said again */
static void
tell_others (SfuWorker *worker, int64_t now_us)
{
  SfuMesh *mesh = worker->config.mesh;
  int64_t age_us = worker->ages_us[worker->config.index];
  bool told = true;

  if (age_us == worker->told_age_us || now_us - worker->told_us < TELL_US)
    return;
  for (unsigned i = 0; i < sfu_mesh_get_n (mesh); i++)
    if (i != worker->config.index)
      {
        Trim *trim = g_new (Trim, 1);

        *trim = (Trim){ { do_trim, free_trim }, worker->config.index, age_us };
        told &= sfu_mesh_post (mesh, i, &trim->mail);
      }
  worker->told_us = now_us;
  if (told)
    worker->told_age_us = age_us;
}

/* at most once a turn; once the age is as short as it gets, tracks give back with each packet, and only silent ones have
 * more */
static void
make_room (SfuWorker *worker)
{
  int64_t *age_us = &worker->ages_us[worker->config.index];
  int64_t now_us = al_loop_now_us (worker->loop);

  if (now_us - worker->made_room_us < (*age_us > AGE_MIN_US ? 1 : AGE_MIN_US / 2))
    return;
  worker->made_room_us = now_us;
  do
    {
      *age_us = MAX (*age_us / 2, AGE_MIN_US);
      trim_tracks (worker, worker->config.index, now_us);
    }
  while (al_pool_count_free (worker->pool) < worker->config.n_pkts / 4 && *age_us > AGE_MIN_US);
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
  tell_others (worker, al_loop_now_us (worker->loop));
}

void
sfu_worker_tick_caches (SfuWorker *worker, int64_t now_us)
{
  int64_t *age_us = &worker->ages_us[worker->config.index];

  trim_tracks (worker, SFU_NOBODY, now_us);
  if (worker->pool_adopted && al_pool_count_free (worker->pool) > worker->config.n_pkts / 2)
    *age_us = MIN (*age_us * 2, SFU_CACHE_AGE_US);
  tell_others (worker, now_us);
}
