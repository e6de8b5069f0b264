/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/mesh.h"

#include <stdatomic.h>

#include "base/ring.h"

#define BOX 8192
#define MAIN_BOX 65536
/* packets under way between two workers: some 10 ms of 1 Gbit/s */
#define RING 2048

typedef struct {
  AlRing *ring;
  bool pushed;        /* producer's: since it last rang */
  atomic_bool rung;   /* a bell is on its way */
  SfuMail bell;
} Way;

struct SfuMesh {
  unsigned n;
  AlMailbox **boxes; /* owned */
  AlMailbox *main;   /* owned */
  Way *ways;         /* owned: from * n + to */
  GQueue waiting[SFU_WORKERS_MAX]; /* SfuMail, owned; main thread */
  _Atomic uint64_t n_refused[SFU_WORKERS_MAX]; /* by worker */
  SfuRegistry *registry;
};

static void
free_mail (gpointer data)
{
  SfuMail *mail = data;

  mail->free (mail);
}

static void
free_news (gpointer data)
{
  SfuNews *news = data;

  news->free (news);
}

/* the reader looks into its rings at the end of each turn: being woken is enough */
static void
on_bell (SfuMail *mail, SfuWorker *worker, int64_t now_us)
{
}

static void
keep_bell (SfuMail *mail)
{
}

SfuMesh *
sfu_mesh_new (unsigned n, GError **error)
{
  g_autoptr (SfuMesh) mesh = g_new0 (SfuMesh, 1);

  mesh->registry = sfu_registry_new (n);
  mesh->main = al_mailbox_new (MAIN_BOX, free_news, error);
  if (mesh->main == NULL)
    return NULL;
  mesh->boxes = g_new0 (AlMailbox *, n);
  for (; mesh->n < n; mesh->n++)
    {
      mesh->boxes[mesh->n] = al_mailbox_new (BOX, free_mail, error);
      if (mesh->boxes[mesh->n] == NULL)
        return NULL;
    }
  mesh->ways = g_new0 (Way, (gsize) n * n);
  for (unsigned i = 0; i < n * n; i++)
    {
      mesh->ways[i].bell = (SfuMail){ on_bell, keep_bell };
      if (i / n != i % n)
        mesh->ways[i].ring = al_ring_new (RING);
    }
  return g_steal_pointer (&mesh);
}

static void
clear_way (Way *way)
{
  void *pkt;

  while (way->ring != NULL && al_ring_pop (way->ring, &pkt, 1) == 1)
    al_pkt_unref (pkt);
  al_ring_free (way->ring);
}

void
sfu_mesh_free (SfuMesh *mesh)
{
  if (mesh == NULL)
    return;
  for (unsigned i = 0; i < mesh->n; i++)
    {
      g_queue_clear_full (&mesh->waiting[i], free_mail);
      al_mailbox_free (mesh->boxes[i]);
    }
  for (unsigned i = 0; mesh->ways != NULL && i < mesh->n * mesh->n; i++)
    clear_way (&mesh->ways[i]);
  al_mailbox_free (mesh->main);
  sfu_registry_free (mesh->registry);
  g_free (mesh->ways);
  g_free (mesh->boxes);
  g_free (mesh);
}

unsigned
sfu_mesh_get_n (const SfuMesh *mesh)
{
  return mesh->n;
}

SfuRegistry *
sfu_mesh_get_registry (SfuMesh *mesh)
{
  return mesh->registry;
}

AlMailbox *
sfu_mesh_get_box (SfuMesh *mesh, unsigned worker)
{
  return mesh->boxes[worker];
}

AlMailbox *
sfu_mesh_get_main_box (SfuMesh *mesh)
{
  return mesh->main;
}

bool
sfu_mesh_post (SfuMesh *mesh, unsigned worker, SfuMail *mail)
{
  if (al_mailbox_post (mesh->boxes[worker], mail))
    return true;
  atomic_fetch_add_explicit (&mesh->n_refused[worker], 1, memory_order_relaxed);
  mail->free (mail);
  return false;
}

void
sfu_mesh_order (SfuMesh *mesh, unsigned worker, SfuMail *mail)
{
  if (!g_queue_is_empty (&mesh->waiting[worker]) || !al_mailbox_post (mesh->boxes[worker], mail))
    g_queue_push_tail (&mesh->waiting[worker], mail);
}

bool
sfu_mesh_retry (SfuMesh *mesh)
{
  for (unsigned i = 0; i < mesh->n; i++)
    while (!g_queue_is_empty (&mesh->waiting[i])
           && al_mailbox_post (mesh->boxes[i], g_queue_peek_head (&mesh->waiting[i])))
      (void) g_queue_pop_head (&mesh->waiting[i]);
  return sfu_mesh_get_n_waiting (mesh) > 0;
}

unsigned
sfu_mesh_get_n_waiting (const SfuMesh *mesh)
{
  unsigned n = 0;

  for (unsigned i = 0; i < mesh->n; i++)
    n += mesh->waiting[i].length;
  return n;
}

bool
sfu_mesh_is_behind (const SfuMesh *mesh)
{
  for (unsigned i = 0; i < mesh->n; i++)
    if (mesh->waiting[i].length >= SFU_ORDERS_MAX)
      return true;
  return false;
}

bool
sfu_mesh_tell_main (SfuMesh *mesh, SfuNews *news)
{
  if (al_mailbox_post (mesh->main, news))
    return true;
  atomic_fetch_add_explicit (&mesh->n_refused[0], 1, memory_order_relaxed);
  news->free (news);
  return false;
}

uint64_t
sfu_mesh_get_n_refused (const SfuMesh *mesh, unsigned worker)
{
  return atomic_load_explicit (&mesh->n_refused[worker], memory_order_relaxed);
}

bool
sfu_mesh_push (SfuMesh *mesh, unsigned from, unsigned to, AlPkt *pkt)
{
  Way *way = &mesh->ways[from * mesh->n + to];
  void *item = pkt;

  if (al_ring_push (way->ring, &item, 1) == 1)
    {
      way->pushed = true;
      return true;
    }
  al_pkt_unref (pkt);
  return false;
}

void
sfu_mesh_ring (SfuMesh *mesh, unsigned from)
{
  for (unsigned to = 0; to < mesh->n; to++)
    {
      Way *way = &mesh->ways[from * mesh->n + to];

      if (!way->pushed)
        continue;
      way->pushed = false;
      if (!atomic_exchange (&way->rung, true) && !al_mailbox_post (mesh->boxes[to], &way->bell))
        atomic_store (&way->rung, false); /* a full box wakes its reader, too */
    }
}

unsigned
sfu_mesh_pop (SfuMesh *mesh, unsigned from, unsigned to, AlPkt **ret_pkts, unsigned max)
{
  Way *way = &mesh->ways[from * mesh->n + to];

  /* before the ring is looked into: what is pushed afterwards rings again */
  if (atomic_load_explicit (&way->rung, memory_order_relaxed))
    atomic_store (&way->rung, false);
  return al_ring_pop (way->ring, (void **) ret_pkts, max);
}
