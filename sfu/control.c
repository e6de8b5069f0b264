/* SPDX-License-Identifier: Apache-2.0 */
/* Rooms and peers as the main thread keeps them. Every change goes to the workers as the whole of what is changed. */
#include "sfu/control-private.h"

#include <string.h>

#include "base/clock.h"
#include "base/mailbox-source.h"
#include "sfu/orders.h"

/* a transport that nobody connects to */
#define UNCLAIMED_US (30 * (int64_t) G_USEC_PER_SEC)
#define SWEEP_S 5
/* when a worker's mailbox is full */
#define RETRY_MS 10

static void
clear_leg (SfuLegDesk *leg)
{
  g_clear_pointer (&leg->answer, sfu_answer_free);
  g_clear_pointer (&leg->setup, sfu_leg_setup_unref);
  g_clear_pointer (&leg->ufrag, g_free);
  g_clear_pointer (&leg->pwd, g_free);
}

static void
free_peer (gpointer data)
{
  SfuPeerDesk *peer = data;

  clear_leg (&peer->legs[0]);
  clear_leg (&peer->legs[1]);
  g_array_unref (peer->tracks);
  g_array_unref (peer->wants);
  g_free (peer);
}

static void
free_room (gpointer data)
{
  SfuRoomDesk *room = data;

  g_hash_table_unref (room->peers);
  g_free (room);
}

static void
on_news (void *message, void *user)
{
  SfuNews *news = message;

  news->fn (news, user);
  news->free (news);
}

void
sfu_control_set_events (SfuControl *control, const SfuEvents *events, void *user)
{
  control->events = *events;
  control->user = user;
}

static gboolean
on_retry (gpointer user)
{
  SfuControl *control = user;

  if (sfu_mesh_retry (control->mesh))
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&control->retry, g_source_unref);
  return G_SOURCE_REMOVE;
}

/* after each order */
static void
watch_orders (SfuControl *control)
{
  if (control->retry != NULL || sfu_mesh_get_n_waiting (control->mesh) == 0)
    return;
  control->retry = g_timeout_source_new (RETRY_MS);
  g_source_set_callback (control->retry, on_retry, control, NULL);
  g_source_attach (control->retry, control->context);
}

SfuRoomDesk *
sfu_control_find_room (SfuControl *control, uint64_t room)
{
  return g_hash_table_lookup (control->rooms, &room);
}

SfuPeerDesk *
sfu_control_find_peer (SfuControl *control, uint64_t room, uint64_t peer)
{
  SfuRoomDesk *desk = sfu_control_find_room (control, room);

  return desk != NULL ? g_hash_table_lookup (desk->peers, &peer) : NULL;
}

uint64_t
sfu_control_add_room (SfuControl *control, const SfuRoomPolicy *policy)
{
  SfuRoomDesk *room = g_new0 (SfuRoomDesk, 1);

  room->id = ++control->last_id;
  room->peers = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, free_peer);
  (void) g_hash_table_insert (control->rooms, &room->id, room);
  sfu_order_room (control->mesh, room->id, policy);
  watch_orders (control);
  return room->id;
}

void
sfu_control_tell (SfuControl *control, SfuLegSetup *setup)
{
  unsigned worker;
  SfuLegSetup *told = sfu_registry_set (sfu_mesh_get_registry (control->mesh), setup, &worker);

  if (told != NULL)
    sfu_order_leg (control->mesh, worker, told);
  watch_orders (control);
}

void
sfu_control_end_leg (SfuControl *control, SfuPeerDesk *peer, bool publisher)
{
  SfuLegDesk *leg = &peer->legs[publisher];
  SfuLegSetup *last;

  if (leg->setup == NULL)
    return;
  last = sfu_leg_setup_copy (leg->setup);
  last->ended = true;
  clear_leg (leg);
  sfu_control_tell (control, last);
}

void
sfu_control_tell_track (SfuControl *control, const SfuPeerDesk *peer, const SfuTrackInfo *track, bool muted, bool ended)
{
  const SfuTrackOrder order = { peer->room->id, peer->id, track->id, track->kind, track->source, muted, ended };

  sfu_order_track (control->mesh, &order);
  watch_orders (control);
}

void
sfu_control_close_leg (SfuControl *control, SfuPeerDesk *peer, bool publisher)
{
  uint64_t room = peer->room->id, id = peer->id;

  sfu_control_end_leg (control, peer, publisher);
  for (guint i = 0; publisher && i < peer->tracks->len; i++)
    sfu_control_tell_track (control, peer, &g_array_index (peer->tracks, SfuTrackInfo, i), false, true);
  if (publisher)
    g_array_set_size (peer->tracks, 0);
  if (control->events.state != NULL)
    control->events.state (room, id, publisher, SFU_PEER_CLOSED, control->user);
}

/* Returns: a leg that was answered and to which nobody has connected in time; NULL: none */
static SfuPeerDesk *
find_unclaimed (SfuControl *control, bool *ret_publisher)
{
  int64_t before_us = al_clock_now_us () - UNCLAIMED_US;
  GHashTableIter rooms, peers;
  gpointer room, value;

  g_hash_table_iter_init (&rooms, control->rooms);
  while (g_hash_table_iter_next (&rooms, NULL, &room))
    {
      g_hash_table_iter_init (&peers, ((SfuRoomDesk *) room)->peers);
      while (g_hash_table_iter_next (&peers, NULL, &value))
        for (unsigned i = 0; i < 2; i++)
          {
            const SfuLegDesk *leg = &((SfuPeerDesk *) value)->legs[i];

            *ret_publisher = i == 1;
            if (leg->setup != NULL && !leg->heard && leg->since_us < before_us)
              return value;
          }
    }
  return NULL;
}

static gboolean
on_sweep (gpointer user)
{
  SfuControl *control = user;
  SfuPeerDesk *peer;
  bool publisher;

  while ((peer = find_unclaimed (control, &publisher)) != NULL)
    sfu_control_close_leg (control, peer, publisher);
  return G_SOURCE_CONTINUE;
}

SfuControl *
sfu_control_new (GMainContext *context, const SfuControlConfig *config)
{
  SfuControl *control = g_new0 (SfuControl, 1);

  control->mesh = config->mesh;
  control->identity = config->identity;
  control->max_bitrate_bps = config->max_bitrate_bps;
  control->hmac = al_hmac_new ();
  control->rooms = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, free_room);
  control->candidates = g_array_new (FALSE, FALSE, sizeof (SfuLocalCandidate));
  g_array_append_vals (control->candidates, config->candidates, config->n_candidates);
  control->source = al_mailbox_source_new (sfu_mesh_get_main_box (config->mesh), on_news, control);
  g_source_attach (control->source, context);
  control->context = g_main_context_ref (context);
  control->sweep = g_timeout_source_new_seconds (SWEEP_S);
  g_source_set_callback (control->sweep, on_sweep, control, NULL);
  g_source_attach (control->sweep, context);
  return control;
}

void
sfu_control_free (SfuControl *control)
{
  if (control == NULL)
    return;
  g_source_destroy (control->sweep);
  g_source_unref (control->sweep);
  if (control->retry != NULL)
    {
      g_source_destroy (control->retry);
      g_source_unref (control->retry);
    }
  g_main_context_unref (control->context);
  g_source_destroy (control->source);
  g_source_unref (control->source);
  g_hash_table_unref (control->rooms);
  g_array_unref (control->candidates);
  al_hmac_free (control->hmac);
  g_free (control);
}

/* all but the entry in its room's table */
static void
end_peer (SfuControl *control, SfuPeerDesk *peer)
{
  sfu_control_end_leg (control, peer, true);
  sfu_control_end_leg (control, peer, false);
  for (guint i = 0; i < peer->tracks->len; i++)
    sfu_control_tell_track (control, peer, &g_array_index (peer->tracks, SfuTrackInfo, i), false, true);
}

void
sfu_control_remove_room (SfuControl *control, uint64_t room)
{
  SfuRoomDesk *desk = sfu_control_find_room (control, room);
  GHashTableIter iter;
  gpointer peer;

  if (desk == NULL)
    return;
  g_hash_table_iter_init (&iter, desk->peers);
  while (g_hash_table_iter_next (&iter, NULL, &peer))
    end_peer (control, peer);
  sfu_order_room (control->mesh, room, NULL);
  watch_orders (control);
  (void) g_hash_table_remove (control->rooms, &room);
}

uint64_t
sfu_control_add_peer (SfuControl *control, uint64_t room)
{
  SfuRoomDesk *desk = sfu_control_find_room (control, room);
  SfuPeerDesk *peer;

  if (desk == NULL)
    return 0;
  peer = g_new0 (SfuPeerDesk, 1);
  peer->id = ++control->last_id;
  peer->room = desk;
  peer->tracks = g_array_new (FALSE, FALSE, sizeof (SfuTrackInfo));
  peer->wants = g_array_new (FALSE, FALSE, sizeof (SfuWant));
  (void) g_hash_table_insert (desk->peers, &peer->id, peer);
  return peer->id;
}

void
sfu_control_remove_peer (SfuControl *control, uint64_t room, uint64_t peer)
{
  SfuPeerDesk *desk = sfu_control_find_peer (control, room, peer);

  if (desk == NULL)
    return;
  end_peer (control, desk);
  (void) g_hash_table_remove (desk->room->peers, &peer);
}

bool
sfu_control_is_behind (const SfuControl *control)
{
  return sfu_mesh_is_behind (control->mesh);
}

void
sfu_control_set_view (SfuControl *control, uint64_t room, uint64_t peer, const SfuWant *wants, unsigned n)
{
  SfuPeerDesk *desk = sfu_control_find_peer (control, room, peer);
  SfuLegDesk *leg;
  SfuLegSetup *setup;

  if (desk == NULL)
    return;
  n = MIN (n, SFU_WANTS_MAX);
  g_array_set_size (desk->wants, 0);
  if (n > 0)
    g_array_append_vals (desk->wants, wants, n);
  leg = &desk->legs[false];
  if (leg->setup == NULL)
    return;
  setup = sfu_leg_setup_copy (leg->setup);
  sfu_leg_setup_set_wants (setup, wants, n);
  sfu_leg_setup_unref (leg->setup);
  leg->setup = sfu_leg_setup_ref (setup);
  sfu_control_tell (control, setup);
}

/* NULL: it is nobody's */
static SfuTrackInfo *
find_track (SfuControl *control, uint64_t room, uint64_t track, SfuPeerDesk **ret_peer)
{
  SfuRoomDesk *desk = sfu_control_find_room (control, room);
  GHashTableIter iter;
  gpointer value;

  if (desk == NULL)
    return NULL;
  g_hash_table_iter_init (&iter, desk->peers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      SfuPeerDesk *peer = value;

      for (guint i = 0; i < peer->tracks->len; i++)
        if (g_array_index (peer->tracks, SfuTrackInfo, i).id == track)
          {
            *ret_peer = peer;
            return &g_array_index (peer->tracks, SfuTrackInfo, i);
          }
    }
  return NULL;
}

void
sfu_control_set_muted (SfuControl *control, uint64_t room, uint64_t track, bool muted)
{
  SfuPeerDesk *peer;
  const SfuTrackInfo *info = find_track (control, room, track, &peer);

  if (info != NULL)
    sfu_control_tell_track (control, peer, info, muted, false);
}

void
sfu_control_set_away (SfuControl *control, uint64_t room, uint64_t peer, bool away)
{
  if (sfu_control_find_peer (control, room, peer) != NULL)
    sfu_order_away (control->mesh, room, peer, away);
}

void
sfu_control_end_track (SfuControl *control, uint64_t room, uint64_t track)
{
  SfuPeerDesk *peer;
  SfuTrackInfo *info = find_track (control, room, track, &peer);

  if (info == NULL)
    return;
  sfu_control_tell_track (control, peer, info, false, true);
  g_array_remove_index (peer->tracks, (guint) (info - (SfuTrackInfo *) (void *) peer->tracks->data));
}
