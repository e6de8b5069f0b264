/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics of a room: every worker adds what it has, the last one tells the main thread. */
#include <pthread.h>
#include <stdatomic.h>

#include "sfu/control-private.h"
#include "sfu/stats.h"

/* shared by the messages to all workers */
typedef struct {
  SfuNews news; /* when it is complete */
  _Atomic unsigned left;
  SfuMesh *mesh;
  uint64_t room;
  SfuStatsFn fn;
  void *user;
  pthread_mutex_t lock;
  /* protected by lock */
  bool found;
  SfuStats stats;
} Round;

typedef struct {
  SfuMail mail;
  Round *round;
} Turn;

static void
clear_stats (SfuStats *stats)
{
  g_array_unref (stats->transports);
  g_array_unref (stats->tracks);
  g_array_unref (stats->slots);
}

static void
make_stats (SfuStats *stats)
{
  stats->transports = g_array_new (FALSE, FALSE, sizeof (SfuLegStats));
  stats->tracks = g_array_new (FALSE, FALSE, sizeof (SfuTrackStats));
  stats->slots = g_array_new (FALSE, FALSE, sizeof (SfuSlotStats));
}

static void
tell (SfuNews *news, void *user)
{
  Round *round = (Round *) news;
  SfuStatsFn fn = round->fn;

  round->fn = NULL;
  fn (round->found ? &round->stats : NULL, round->user);
}

static void
free_round (SfuNews *news)
{
  Round *round = (Round *) news;

  clear_stats (&round->stats);
  (void) pthread_mutex_destroy (&round->lock);
  g_free (round);
}

static void
move (GArray *to, const GArray *from)
{
  if (from->len > 0)
    g_array_append_vals (to, from->data, from->len);
}

static void
do_turn (SfuMail *mail, SfuWorker *worker, int64_t now_us)
{
  Round *round = ((Turn *) mail)->round;
  SfuStats stats;
  bool found;

  make_stats (&stats);
  found = sfu_stats_gather (worker, round->room, &stats, now_us);
  (void) pthread_mutex_lock (&round->lock);
  round->found |= found;
  move (round->stats.transports, stats.transports);
  move (round->stats.tracks, stats.tracks);
  move (round->stats.slots, stats.slots);
  (void) pthread_mutex_unlock (&round->lock);
  clear_stats (&stats);
}

/* also of mail that could not be delivered: the round ends all the same */
static void
free_turn (SfuMail *mail)
{
  Round *round = ((Turn *) mail)->round;

  g_free (mail);
  if (atomic_fetch_sub (&round->left, 1) == 1)
    (void) sfu_mesh_tell_main (round->mesh, &round->news);
}

void
sfu_control_get_stats (SfuControl *control, uint64_t room, SfuStatsFn fn, void *user)
{
  unsigned n = sfu_mesh_get_n (control->mesh);
  SfuMesh *mesh = control->mesh;
  Round *round;

  if (sfu_control_find_room (control, room) == NULL)
    {
      fn (NULL, user);
      return;
    }
  round = g_new0 (Round, 1);
  round->news = (SfuNews){ tell, free_round };
  atomic_init (&round->left, n);
  round->mesh = mesh;
  round->room = room;
  round->fn = fn;
  round->user = user;
  (void) pthread_mutex_init (&round->lock, NULL);
  make_stats (&round->stats);
  for (unsigned i = 0; i < n; i++)
    {
      Turn *turn = g_new (Turn, 1);

      *turn = (Turn){ { do_turn, free_turn }, round };
      (void) sfu_mesh_post (mesh, i, &turn->mail);
    }
}
