/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/mesh-private.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/udp.h"

#define CAPACITY 8192 /* datagrams between two workers that may wait */

typedef struct {
  RelayMail mail;
  AlAddr from, to;
  uint32_t len;
  uint8_t data[];
} Hairpin;

typedef struct {
  RelayMail mail;
  RelayMove *move; /* (nullable) owned */
} Move;

typedef struct {
  RelayMail mail;
  int64_t until_s;
  char id[];
} Revocation;

/* shared by the messages to all workers: the last one answers */
typedef struct {
  _Atomic unsigned left;
  pthread_mutex_t lock;
  /* protected by lock */
  RelayTurnStats stats;
  GArray *infos; /* (nullable) */
  /* read-only */
  RelayListFn list;
  GDestroyNotify done;
  const RelayTurnConfig *config;
  int64_t epoch_us;
  void *user;
} Round;

typedef struct {
  RelayMail mail;
  Round *round;
} Turn;

static void
free_mail (gpointer message)
{
  RelayMail *mail = message;

  mail->free (mail);
}

static void
free_plain (RelayMail *mail)
{
  g_free (mail);
}

RelayMesh *
relay_mesh_new (unsigned n, GError **error)
{
  g_autoptr (RelayMesh) mesh = g_new0 (RelayMesh, 1);

  mesh->boxes = g_new0 (AlMailbox *, n);
  for (; mesh->n < n; mesh->n++)
    {
      mesh->boxes[mesh->n] = al_mailbox_new (CAPACITY, free_mail, error);
      if (mesh->boxes[mesh->n] == NULL)
        return NULL;
    }
  return g_steal_pointer (&mesh);
}

void
relay_mesh_free (RelayMesh *mesh)
{
  if (mesh == NULL)
    return;
  for (unsigned i = 0; i < mesh->n; i++)
    al_mailbox_free (mesh->boxes[i]);
  g_free (mesh->boxes);
  g_free (mesh);
}

bool
relay_mesh_has (const RelayMesh *mesh, unsigned worker)
{
  return worker < mesh->n;
}

void
relay_mesh_post (RelayMesh *mesh, unsigned worker, RelayMail *mail)
{
  if (worker >= mesh->n || !al_mailbox_post (mesh->boxes[worker], mail))
    free_mail (mail);
}

static bool
do_hairpin (RelayMail *mail, RelayTurn *turn, int64_t now_us)
{
  Hairpin *hairpin = (Hairpin *) mail;

  relay_turn_on_hairpin (turn, &hairpin->from, &hairpin->to, hairpin->data, hairpin->len, now_us);
  return true;
}

void
relay_mesh_pass (RelayMesh *mesh, unsigned worker, const AlAddr *from, const AlAddr *to, const void *data, size_t len)
{
  Hairpin *hairpin;

  if (len > AL_UDP_MAX_DATAGRAM)
    return; /* as a socket in between would have done: what may wait is bounded */
  hairpin = g_malloc (sizeof *hairpin + len);
  hairpin->mail = (RelayMail){ do_hairpin, free_plain, NULL };
  hairpin->from = *from;
  hairpin->to = *to;
  hairpin->len = (uint32_t) len;
  memcpy (hairpin->data, data, len);
  relay_mesh_post (mesh, worker, &hairpin->mail);
}

static bool
do_move (RelayMail *mail, RelayTurn *turn, int64_t now_us)
{
  relay_turn_on_move (turn, g_steal_pointer (&((Move *) mail)->move), now_us);
  return false;
}

static void
free_move (RelayMail *mail)
{
  relay_move_free (((Move *) mail)->move);
  g_free (mail);
}

bool
relay_mesh_move (RelayMesh *mesh, unsigned worker, RelayMove *move)
{
  Move *mail = g_new (Move, 1);

  *mail = (Move){ { do_move, free_move, NULL }, move };
  if (worker < mesh->n && al_mailbox_post (mesh->boxes[worker], mail))
    return true;
  g_free (mail);
  return false;
}

static bool
do_revoke (RelayMail *mail, RelayTurn *turn, int64_t now_us)
{
  Revocation *revocation = (Revocation *) mail;

  relay_turn_revoke (turn, revocation->id, revocation->until_s, now_us);
  return false;
}

void
relay_mesh_revoke (RelayMesh *mesh, const char *id, int64_t until_s)
{
  for (unsigned i = 0; i < mesh->n; i++)
    {
      Revocation *revocation = g_malloc (sizeof *revocation + strlen (id) + 1);

      revocation->mail = (RelayMail){ do_revoke, free_plain, NULL };
      revocation->until_s = until_s;
      (void) strcpy (revocation->id, id);
      relay_mesh_post (mesh, i, &revocation->mail);
    }
}

/* the last of a round answers */
static void
free_turn (RelayMail *mail)
{
  Round *round = ((Turn *) mail)->round;

  g_free (mail);
  if (atomic_fetch_sub (&round->left, 1) != 1)
    return;
  if (round->list != NULL)
    round->list (g_steal_pointer (&round->infos), &round->stats, round->user);
  else if (round->done != NULL)
    round->done (round->user);
  (void) pthread_mutex_destroy (&round->lock);
  g_free (round);
}

static void
start_round (RelayMesh *mesh, Round *round, bool (*fn) (RelayMail *mail, RelayTurn *turn, int64_t now_us))
{
  unsigned n = mesh->n; /* the round may be over before this function is */

  atomic_init (&round->left, n);
  (void) pthread_mutex_init (&round->lock, NULL);
  for (unsigned i = 0; i < n; i++)
    {
      Turn *turn = g_new (Turn, 1);

      *turn = (Turn){ { fn, free_turn, NULL }, round };
      relay_mesh_post (mesh, i, &turn->mail);
    }
}

static bool
do_config (RelayMail *mail, RelayTurn *turn, int64_t now_us)
{
  const Round *round = ((Turn *) mail)->round;

  relay_turn_set_config (turn, round->config, round->epoch_us);
  return false;
}

void
relay_mesh_set_config (RelayMesh *mesh, const RelayTurnConfig *config, int64_t epoch_us, GDestroyNotify done, void *user)
{
  Round *round = g_new0 (Round, 1);

  round->config = config;
  round->epoch_us = epoch_us;
  round->done = done;
  round->user = user;
  start_round (mesh, round, do_config);
}

static void
add_info (const RelayAllocInfo *info, void *user)
{
  GArray *infos = user;

  if (infos->len < RELAY_LIST_MAX)
    g_array_append_val (infos, *info);
}

/* every field of the two is a count of 64 or of 32 bits */
static void
add_stats (RelayTurnStats *sum, const RelayTurnStats *one)
{
  sum->bindings += one->bindings;
  sum->auth_failures += one->auth_failures;
  sum->stale_nonces += one->stale_nonces;
  sum->refused_quota += one->refused_quota;
  sum->refused_capacity += one->refused_capacity;
  sum->forbidden += one->forbidden;
  sum->moves += one->moves;
  sum->hairpins += one->hairpins;
  sum->failed_links += one->failed_links;
  sum->active_links += one->active_links;
  for (unsigned i = 0; i < RELAY_HOW_N; i++)
    sum->links[i] += one->links[i];
  for (unsigned i = 0; i < RELAY_END_N; i++)
    sum->ended[i] += one->ended[i];
  for (unsigned i = 0; i < RELAY_DROP_N; i++)
    sum->dropped[i] += one->dropped[i];
  for (unsigned i = 0; i < RELAY_TRANSPORT_N; i++)
    {
      sum->allocations[i] += one->allocations[i];
      sum->active[i] += one->active[i];
      for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
        {
          sum->traffic[i][family].rx_pkts += one->traffic[i][family].rx_pkts;
          sum->traffic[i][family].rx_bytes += one->traffic[i][family].rx_bytes;
          sum->traffic[i][family].tx_pkts += one->traffic[i][family].tx_pkts;
          sum->traffic[i][family].tx_bytes += one->traffic[i][family].tx_bytes;
        }
    }
}

static bool
do_list (RelayMail *mail, RelayTurn *turn, int64_t now_us)
{
  Round *round = ((Turn *) mail)->round;
  g_autoptr (GArray) infos = g_array_new (FALSE, FALSE, sizeof (RelayAllocInfo));
  RelayTurnStats stats;

  relay_turn_get_stats (turn, &stats);
  if (round->infos != NULL)
    relay_turn_foreach (turn, add_info, infos);
  (void) pthread_mutex_lock (&round->lock);
  add_stats (&round->stats, &stats);
  if (round->infos != NULL && infos->len > 0)
    g_array_append_vals (round->infos, infos->data, infos->len);
  (void) pthread_mutex_unlock (&round->lock);
  return false;
}

void
relay_mesh_list (RelayMesh *mesh, bool with_infos, RelayListFn fn, void *user)
{
  Round *round = g_new0 (Round, 1);

  round->list = fn;
  round->user = user;
  if (with_infos)
    round->infos = g_array_new (FALSE, FALSE, sizeof (RelayAllocInfo));
  start_round (mesh, round, do_list);
}
