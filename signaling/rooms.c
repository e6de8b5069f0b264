/* SPDX-License-Identifier: Apache-2.0 */
/* The table of rooms: what is in memory, and for how long. */
#include "signaling/rooms.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "signaling/rooms-private.h"

#define MINUTE_US (60 * G_USEC_PER_SEC)
#define RATES 16384
#define INVITES_PER_MINUTE 100

void
sig_rooms_config_init (SigRoomsConfig *config)
{
  *config = (SigRoomsConfig){ .max_participants = 1000,
                              .max_participants_total = 10000,
                              .max_rooms_per_user = 100,
                              .join_rate = 60,
                              .ring_us = 60 * G_USEC_PER_SEC };
}

void
sig_rooms_config_read (SigRoomsConfig *config, const AlConfig *keys)
{
  config->max_participants = (unsigned) al_config_get_int (keys, "sfu", "max_participants");
  config->max_participants_total = (unsigned) al_config_get_int (keys, "sfu", "max_participants_total");
  config->max_rooms_per_user = (unsigned) al_config_get_int (keys, "sfu", "max_rooms_per_user");
  config->join_rate = (unsigned) al_config_get_int (keys, "sfu", "room_join_rate");
  config->ring_us = al_config_get_int (keys, "signaling", "ring_timeout_s") * G_USEC_PER_SEC;
}

int64_t
sig_rooms_now_us (const SigRooms *rooms)
{
  return rooms->config.now_us != NULL ? rooms->config.now_us () : al_clock_now_us ();
}

int64_t
sig_rooms_now_ms (const SigRooms *rooms)
{
  return rooms->config.now_ms != NULL ? rooms->config.now_ms () : al_clock_wall_ms ();
}

/* --- timers: one source for all --- */

typedef struct {
  GSource source;
  SigRooms *rooms;
} TickSource;

static gboolean
tick_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  sig_rooms_tick (((TickSource *) source)->rooms);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs tick_source_funcs = { NULL, NULL, tick_source_dispatch, NULL, NULL, NULL };

static void
attach_source (SigRooms *rooms)
{
  rooms->source = g_source_new (&tick_source_funcs, sizeof (TickSource));
  ((TickSource *) rooms->source)->rooms = rooms;
  g_source_set_static_name (rooms->source, "rooms");
  (void) g_source_attach (rooms->source, rooms->config.context);
}

void
sig_rooms_rearm (SigRooms *rooms)
{
  int64_t next_us = al_timer_wheel_next_us (rooms->wheel);

  if (rooms->source != NULL)
    g_source_set_ready_time (rooms->source, next_us == INT64_MAX ? -1 : next_us);
}

void
sig_rooms_tick (SigRooms *rooms)
{
  (void) al_timer_wheel_advance (rooms->wheel, sig_rooms_now_us (rooms));
  sig_rooms_rearm (rooms);
}

/* --- lifecycle --- */

static guint
hash_link (gconstpointer link)
{
  guint hash;

  memcpy (&hash, link, sizeof hash); /* of our own random bytes */
  return hash;
}

static gboolean
equal_link (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, MSG_ROOM_LINK_BYTES) == 0;
}

static AlRateTable *
make_rates (unsigned per_minute)
{
  const AlRateLimit limit = al_rate_limit (per_minute, MINUTE_US);

  return al_rate_table_new (&limit, RATES);
}

SigRooms *
sig_rooms_new (const SigRoomsConfig *config)
{
  SigRooms *rooms = g_new0 (SigRooms, 1);

  g_assert (config->context != NULL && config->core != NULL && config->sessions != NULL && config->guests != NULL);
  rooms->config = *config;
  rooms->by_id = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  rooms->by_link = g_hash_table_new_full (hash_link, equal_link, g_free, NULL);
  rooms->by_media = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  rooms->by_device = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  rooms->by_ringing = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  rooms->dying = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  rooms->verbs = g_ptr_array_new_with_free_func (g_free);
  rooms->joins = make_rates (config->join_rate);
  rooms->guest_joins = make_rates (config->join_rate);
  rooms->invites = make_rates (INVITES_PER_MINUTE);
  rooms->wheel = al_timer_wheel_new (sig_rooms_now_us (rooms));
  sig_room_metrics_init (&rooms->metrics, config->metrics);
  sig_rooms_connect_media (rooms);
  sig_rooms_listen (rooms);
  if (config->now_us == NULL)
    attach_source (rooms);
  return rooms;
}

static void
entry_close (SigRoomEntry *entry)
{
  al_timer_cancel (&entry->timer);
  al_timer_cancel (&entry->speakers_timer);
  al_timer_cancel (&entry->count_timer);
  entry->rooms = NULL;
}

void
sig_rooms_free (SigRooms *rooms)
{
  GHashTableIter iter;
  gpointer value;

  if (rooms == NULL)
    return;
  sig_rooms_unlisten (rooms);
  if (rooms->source != NULL)
    {
      g_source_destroy (rooms->source);
      g_source_unref (rooms->source);
    }
  g_hash_table_iter_init (&iter, rooms->by_id);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      entry_close (value);
      sig_room_entry_unref (value);
    }
  g_hash_table_unref (rooms->by_id);
  g_hash_table_unref (rooms->by_link);
  g_hash_table_unref (rooms->by_media);
  g_hash_table_unref (rooms->by_device);
  g_hash_table_unref (rooms->by_ringing);
  g_hash_table_unref (rooms->dying);
  g_ptr_array_unref (rooms->verbs);
  al_rate_table_free (rooms->joins);
  al_rate_table_free (rooms->guest_joins);
  al_rate_table_free (rooms->invites);
  al_timer_wheel_free (rooms->wheel);
  g_free (rooms);
}

/* --- one room --- */

SigRoomEntry *
sig_room_entry_ref (SigRoomEntry *entry)
{
  entry->refs++;
  return entry;
}

void
sig_room_entry_unref (SigRoomEntry *entry)
{
  if (--entry->refs > 0)
    return;
  g_assert (entry->rooms == NULL);
  sig_room_free (entry->room);
  msg_room_free (entry->draft);
  g_ptr_array_unref (entry->invites);
  g_array_unref (entry->speakers);
  g_array_unref (entry->speakers_told);
  g_free (entry);
}

static void
on_timer (AlTimer *timer, void *user)
{
  SigRoomEntry *entry = user;

  sig_room_entry_ref (entry);
  sig_room_entry_settle (entry);
  sig_room_entry_unref (entry);
}

static void
index_link (SigRooms *rooms, const MsgRoom *row, SigRoomEntry *entry)
{
  if (row->has_link)
    g_hash_table_insert (rooms->by_link, g_memdup2 (row->link, MSG_ROOM_LINK_BYTES), entry);
}

static void
unindex_link (SigRooms *rooms, const MsgRoom *row)
{
  if (row->has_link)
    (void) g_hash_table_remove (rooms->by_link, row->link);
}

SigRoomEntry *
sig_rooms_insert (SigRooms *rooms, MsgRoom *row)
{
  SigRoomEntry *entry = g_new0 (SigRoomEntry, 1);
  MsgId id = row->id;

  g_assert (sig_rooms_find (rooms, id) == NULL);
  entry->refs = 1;
  entry->rooms = rooms;
  index_link (rooms, row, entry);
  entry->room = sig_room_new (row, rooms->config.max_participants);
  entry->invites = g_ptr_array_new_with_free_func (sig_room_invite_free);
  entry->speakers = g_array_new (FALSE, FALSE, sizeof (uint64_t));
  entry->speakers_told = g_array_new (FALSE, FALSE, sizeof (uint64_t));
  entry->empty_since_us = sig_rooms_now_us (rooms);
  al_timer_init (&entry->timer, on_timer, entry);
  al_timer_init (&entry->speakers_timer, sig_room_entry_on_speakers_timer, entry);
  al_timer_init (&entry->count_timer, sig_room_entry_on_count_timer, entry);
  g_hash_table_insert (rooms->by_id, g_memdup2 (&id, sizeof id), entry);
  return entry;
}

SigRoomEntry *
sig_rooms_find (SigRooms *rooms, MsgId id)
{
  return g_hash_table_lookup (rooms->by_id, &id);
}

SigRoomEntry *
sig_rooms_find_link (SigRooms *rooms, const uint8_t *link)
{
  return g_hash_table_lookup (rooms->by_link, link);
}

void
sig_room_entry_set_row (SigRoomEntry *entry, const MsgRoom *row)
{
  unindex_link (entry->rooms, sig_room_get_row (entry->room));
  index_link (entry->rooms, row, entry);
  sig_room_set_row (entry->room, row);
}

void
sig_rooms_bind (GHashTable *table, MsgId id, SigRoomEntry *entry, bool bound)
{
  GPtrArray *list = g_hash_table_lookup (table, &id);

  if (bound)
    {
      if (list == NULL)
        {
          list = g_ptr_array_new ();
          g_hash_table_insert (table, g_memdup2 (&id, sizeof id), list);
        }
      g_ptr_array_add (list, entry);
      return;
    }
  g_assert (list != NULL);
  (void) g_ptr_array_remove_fast (list, entry);
  if (list->len == 0)
    (void) g_hash_table_remove (table, &id);
}

static void
unload (SigRoomEntry *entry)
{
  SigRooms *rooms = entry->rooms;
  MsgId id = sig_room_get_id (entry->room);

  sig_room_entry_remove_media (entry);
  unindex_link (rooms, sig_room_get_row (entry->room));
  entry_close (entry);
  (void) g_hash_table_remove (rooms->by_id, &id);
  sig_room_entry_unref (entry);
}

static bool
is_deserted (const SigRoomEntry *entry)
{
  return sig_room_count_inside (entry->room) == 0 && sig_room_count_waiting (entry->room) == 0;
}

static void
arm (SigRoomEntry *entry, int64_t next_us)
{
  if (next_us == INT64_MAX)
    al_timer_cancel (&entry->timer);
  else
    al_timer_set (entry->rooms->wheel, &entry->timer, next_us);
  sig_rooms_rearm (entry->rooms);
}

void
sig_room_entry_settle (SigRoomEntry *entry)
{
  const MsgRoom *row;
  int64_t now_us, next_us, empty_us = INT64_MAX;

  if (entry->rooms == NULL)
    return;
  now_us = sig_rooms_now_us (entry->rooms);
  next_us = sig_room_tick (entry->room, now_us);
  sig_room_entry_do_actions (entry);
  next_us = MIN (next_us, sig_room_entry_tick_invites (entry, now_us));
  row = sig_room_get_row (entry->room);
  if (sig_room_count_inside (entry->room) > 0)
    entry->used = true;
  else
    sig_room_entry_remove_media (entry);
  if (!row->policy.permanent && is_deserted (entry) && !entry->used)
    empty_us = entry->empty_since_us + SIG_ROOMS_EMPTY_US;
  if (!row->policy.permanent && sig_room_count_inside (entry->room) == 0 && (entry->used || empty_us <= now_us))
    sig_room_entry_end (entry, SIG_ROOMS_EMPTY);
  else if (row->policy.permanent && is_deserted (entry) && entry->busy == 0 && entry->invites->len == 0)
    unload (entry);
  else
    arm (entry, MIN (next_us, empty_us));
}

typedef struct {
  SigRooms *rooms;
  MsgId id;
} Deletion;

static void
on_deleted (const GError *error, gpointer data)
{
  g_autofree Deletion *deletion = data;

  deletion->rooms->revision++;
  (void) g_hash_table_remove (deletion->rooms->dying, &deletion->id);
  /* a room that is not permanent and comes back at the next start ends again, empty */
  if (error != NULL)
    al_warning ("a room that is over could not be deleted, ignoring", "error", error->message);
}

void
sig_room_entry_end (SigRoomEntry *entry, SigRoomsEnd end)
{
  SigRooms *rooms = entry->rooms;
  MsgId id = sig_room_get_id (entry->room);
  bool over = end == SIG_ROOMS_DELETED || !sig_room_get_row (entry->room)->policy.permanent;

  entry->end = end;
  while (entry->invites->len > 0)
    sig_room_entry_answer_invite (entry, ((SigRoomInvite *) entry->invites->pdata[0])->user_id, NULL, "ended");
  sig_room_leave_all (entry->room);
  sig_room_entry_do_actions (entry);
  entry->used = false;
  if (!over)
    return;
  unload (entry);
  rooms->revision++;
  if (end != SIG_ROOMS_DELETED)
    {
      Deletion *deletion = g_new (Deletion, 1);

      *deletion = (Deletion){ rooms, id };
      (void) g_hash_table_add (rooms->dying, g_memdup2 (&id, sizeof id));
      msg_room_delete (rooms->config.core, id, on_deleted, deletion);
    }
}

bool
sig_rooms_is_dying (const SigRooms *rooms, MsgId id)
{
  return g_hash_table_contains (rooms->dying, &id);
}

unsigned
sig_rooms_count (const SigRooms *rooms)
{
  return rooms->n_live;
}

unsigned
sig_rooms_count_people (const SigRooms *rooms)
{
  return rooms->n_inside;
}

unsigned
sig_rooms_count_loaded (const SigRooms *rooms)
{
  return g_hash_table_size (rooms->by_id);
}

/* --- recovery --- */

typedef struct {
  SigRooms *rooms;
  GError *error;
  bool done;
} Recovery;

static void
on_passing (GPtrArray *list, const GError *error, gpointer data)
{
  Recovery *r = data;

  r->done = true;
  if (error != NULL)
    r->error = g_error_copy (error);
  for (unsigned i = 0; list != NULL && i < list->len; i++)
    sig_room_entry_settle (sig_rooms_insert (r->rooms, msg_room_copy (list->pdata[i])));
}

bool
sig_rooms_recover (SigRooms *rooms, GError **error)
{
  Recovery r = { rooms, NULL, false };

  msg_room_load_passing (rooms->config.core, on_passing, &r);
  while (!r.done)
    (void) g_main_context_iteration (rooms->config.context, TRUE);
  if (r.error == NULL)
    return true;
  g_propagate_error (error, r.error);
  return false;
}

void
sig_rooms_register (SigRooms *rooms, SigRpc *rpc, SigConns *conns)
{
  rooms->conns = conns;
  sig_room_methods_register_own (rooms, rpc);
  sig_room_methods_register_self (rooms, rpc);
  sig_room_methods_register_media (rooms, rpc);
  sig_room_methods_register_host (rooms, rpc);
  sig_room_methods_register_invite (rooms, rpc);
  sig_room_methods_register_guest (rooms, rpc);
  sig_room_methods_register_backend (rooms, rpc);
}
