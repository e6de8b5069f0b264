/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/mesh.h"

#include <stdatomic.h>

typedef struct {
  SfuMail mail;
  unsigned number;
  unsigned *freed;
} Letter;

static void
do_letter (SfuMail *mail, SfuWorker *worker, int64_t now_us)
{
}

static void
free_letter (SfuMail *mail)
{
  (*((Letter *) mail)->freed)++;
  g_free (mail);
}

static SfuMail *
make_letter (unsigned number, unsigned *freed)
{
  Letter *letter = g_new (Letter, 1);

  *letter = (Letter){ { do_letter, free_letter }, number, freed };
  return &letter->mail;
}

typedef struct {
  unsigned next, n;
} Reader;

static void
on_letter (void *message, void *user)
{
  Reader *reader = user;
  SfuMail *mail = message;

  if (mail->fn == do_letter) /* else a bell */
    {
      g_assert_cmpuint (((Letter *) mail)->number, ==, reader->next++);
      reader->n++;
    }
  mail->free (mail);
}

/* what finds a box full is freed, and counted for the worker whose box it is */
static void
test_full_box (void)
{
  g_autoptr (SfuMesh) mesh = sfu_mesh_new (2, NULL);
  Reader reader = { 0 };
  unsigned freed = 0, posted = 0;

  while (sfu_mesh_post (mesh, 1, make_letter (posted, &freed)))
    posted++;
  g_assert_cmpuint (posted, >=, 1000);
  g_assert_cmpuint (freed, ==, 1);
  g_assert_cmpuint (sfu_mesh_get_n_refused (mesh, 1), ==, 1);
  g_assert_cmpuint (sfu_mesh_get_n_refused (mesh, 0), ==, 0);
  g_assert_true (sfu_mesh_post (mesh, 0, make_letter (0, &freed)));
  (void) al_mailbox_drain (sfu_mesh_get_box (mesh, 1), on_letter, &reader, 0);
  g_assert_cmpuint (reader.n, ==, posted);
  g_assert_cmpuint (freed, ==, posted + 1);
  g_assert_true (sfu_mesh_post (mesh, 1, make_letter (0, &freed)));
}

/* what the main thread orders is never lost: it waits, and keeps its place */
static void
test_orders (void)
{
  g_autoptr (SfuMesh) mesh = sfu_mesh_new (2, NULL);
  Reader reader = { 0 };
  unsigned freed = 0, n = 0;

  g_assert_false (sfu_mesh_retry (mesh));
  while (sfu_mesh_get_n_waiting (mesh) < 100)
    sfu_mesh_order (mesh, 1, make_letter (n++, &freed));
  g_assert_true (sfu_mesh_retry (mesh)); /* still no room */
  g_assert_cmpuint (freed, ==, 0);
  (void) al_mailbox_drain (sfu_mesh_get_box (mesh, 1), on_letter, &reader, 10);
  sfu_mesh_order (mesh, 1, make_letter (n++, &freed)); /* there is room, but others came first */
  g_assert_cmpuint (sfu_mesh_get_n_waiting (mesh), ==, 101);
  g_assert_true (sfu_mesh_retry (mesh));
  g_assert_cmpuint (sfu_mesh_get_n_waiting (mesh), ==, 91);
  (void) al_mailbox_drain (sfu_mesh_get_box (mesh, 1), on_letter, &reader, 0);
  g_assert_false (sfu_mesh_retry (mesh));
  (void) al_mailbox_drain (sfu_mesh_get_box (mesh, 1), on_letter, &reader, 0);
  g_assert_cmpuint (reader.n, ==, n);
  g_assert_cmpuint (freed, ==, n);
  /* nobody drains what waits at the end */
  while (sfu_mesh_get_n_waiting (mesh) < 3)
    sfu_mesh_order (mesh, 0, make_letter (0, &freed));
  n = freed;
  g_clear_pointer (&mesh, sfu_mesh_free);
  g_assert_cmpuint (freed, >, n + 3);
}

/* a ring that is full drops what is pushed, and rings its reader once until that looks */
static void
test_rings (void)
{
  g_autoptr (SfuMesh) mesh = sfu_mesh_new (3, NULL);
  g_autoptr (AlPool) pool = al_pool_new (4096, AL_PKT_SIZE, NULL);
  Reader reader = { 0 };
  AlPkt *pkts[64];
  unsigned pushed = 0, popped = 0, n;

  for (AlPkt *pkt; (pkt = al_pool_take (pool)) != NULL; pushed++)
    {
      pkt->len = (uint16_t) pushed;
      if (!sfu_mesh_push (mesh, 0, 2, pkt))
        break;
    }
  g_assert_cmpuint (pushed, >=, 1024);
  g_assert_cmpuint (al_pool_count_free (pool), ==, 4096 - pushed); /* what was dropped is back */
  g_assert_cmpuint (al_mailbox_drain (sfu_mesh_get_box (mesh, 2), on_letter, &reader, 0), ==, 0);
  sfu_mesh_ring (mesh, 0);
  sfu_mesh_ring (mesh, 0);
  g_assert_cmpuint (al_mailbox_drain (sfu_mesh_get_box (mesh, 2), on_letter, &reader, 0), ==, 1);
  g_assert_cmpuint (al_mailbox_drain (sfu_mesh_get_box (mesh, 1), on_letter, &reader, 0), ==, 0);
  g_assert_cmpuint (sfu_mesh_pop (mesh, 0, 1, pkts, 64), ==, 0);
  while ((n = sfu_mesh_pop (mesh, 0, 2, pkts, 64)) > 0)
    for (unsigned i = 0; i < n; i++)
      {
        g_assert_cmpuint (pkts[i]->len, ==, (uint16_t) popped++);
        al_pkt_unref (pkts[i]);
      }
  g_assert_cmpuint (popped, ==, pushed);
  g_assert_true (sfu_mesh_push (mesh, 0, 2, al_pool_take (pool)));
  sfu_mesh_ring (mesh, 0);
  g_assert_cmpuint (al_mailbox_drain (sfu_mesh_get_box (mesh, 2), on_letter, &reader, 0), ==, 1);
  g_clear_pointer (&mesh, sfu_mesh_free); /* gives back what lies in its rings */
  g_assert_cmpuint (al_pool_count_free (pool), ==, 4096);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/mesh/full-box", test_full_box);
  g_test_add_func ("/sfu/mesh/orders", test_orders);
  g_test_add_func ("/sfu/mesh/rings", test_rings);
  return g_test_run ();
}
