/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in a room: coming, being away, going. What they may do there: room-rules.c. */
#include "signaling/room.h"

#include <openssl/crypto.h>
#include <string.h>

#include "signaling/room-private.h"

/* --- one participant --- */

static void
track_free (gpointer data)
{
  SigRoomTrack *track = data;

  g_free (track->name);
  g_free (track);
}

static SigRoomPerson *
person_new (const SigRoomJoin *join, uint64_t order)
{
  SigRoomPerson *person = g_new0 (SigRoomPerson, 1);

  person->refs = 1;
  person->id = join->new_id;
  person->user_id = join->who.user_id;
  person->device_id = join->who.device_id;
  person->name = g_strdup (join->name);
  person->joined_ms = join->now_ms;
  person->order = order;
  memcpy (person->resume, join->secrets, SIG_ROOM_SECRET_BYTES);
  memcpy (person->turn_id, join->secrets + SIG_ROOM_SECRET_BYTES, SIG_ROOM_SECRET_BYTES);
  person->tracks = g_ptr_array_new_with_free_func (track_free);
  return person;
}

SigRoomPerson *
sig_room_person_ref (SigRoomPerson *person)
{
  person->refs++;
  return person;
}

void
sig_room_person_unref (SigRoomPerson *person)
{
  if (--person->refs > 0)
    return;
  g_ptr_array_unref (person->tracks);
  g_free (person->name);
  g_free (person);
}

SigRoomTrack *
sig_room_person_find_track (const SigRoomPerson *person, uint64_t id)
{
  for (unsigned i = 0; i < person->tracks->len; i++)
    if (((SigRoomTrack *) person->tracks->pdata[i])->id == id)
      return person->tracks->pdata[i];
  return NULL;
}

/* --- the room --- */

static void
unref_person (gpointer person)
{
  sig_room_person_unref (person);
}

SigRoom *
sig_room_new (MsgRoom *row, unsigned max)
{
  SigRoom *room = g_new0 (SigRoom, 1);

  room->row = row;
  room->standings = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  for (unsigned i = 0; i < row->members->len; i++)
    {
      const MsgRoomMember *member = &g_array_index (row->members, MsgRoomMember, i);

      g_hash_table_insert (room->standings, g_memdup2 (&member->user_id, sizeof member->user_id),
                           GINT_TO_POINTER (member->standing));
    }
  g_array_set_size (row->members, 0);
  room->inside = g_ptr_array_new_with_free_func (unref_person);
  room->waiting = g_ptr_array_new_with_free_func (unref_person);
  room->by_id = g_hash_table_new (g_int64_hash, g_int64_equal);
  room->by_device = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_queue_init (&room->actions);
  room->max = max;
  return room;
}

void
sig_room_free (SigRoom *room)
{
  SigRoomAction action;

  if (room == NULL)
    return;
  while (sig_room_take_action (room, &action))
    sig_room_person_unref (action.person);
  g_hash_table_unref (room->by_id);
  g_hash_table_unref (room->by_device);
  g_ptr_array_unref (room->inside);
  g_ptr_array_unref (room->waiting);
  g_hash_table_unref (room->standings);
  msg_room_free (room->row);
  g_free (room);
}

SigRoomAction *
sig_room_act (SigRoom *room, SigRoomActionType type, SigRoomPerson *person)
{
  SigRoomAction *action;

  /* what others see of a participant is made when it is told: once is enough */
  for (GList *link = room->actions.tail; type == SIG_ROOM_DO_UPDATE && link != NULL; link = link->prev)
    {
      action = link->data;
      if (action->type == type && action->person == person)
        return action;
    }
  action = g_new0 (SigRoomAction, 1);
  action->type = type;
  action->person = sig_room_person_ref (person);
  g_queue_push_tail (&room->actions, action);
  return action;
}

bool
sig_room_take_action (SigRoom *room, SigRoomAction *ret_action)
{
  g_autofree SigRoomAction *action = g_queue_pop_head (&room->actions);

  if (action == NULL)
    return false;
  *ret_action = *action;
  return true;
}

const MsgRoom *
sig_room_get_row (const SigRoom *room)
{
  return room->row;
}

MsgId
sig_room_get_id (const SigRoom *room)
{
  return room->row->id;
}

unsigned
sig_room_count_inside (const SigRoom *room)
{
  return room->inside->len;
}

unsigned
sig_room_count_waiting (const SigRoom *room)
{
  return room->waiting->len;
}

const GPtrArray *
sig_room_get_inside (const SigRoom *room)
{
  return room->inside;
}

const GPtrArray *
sig_room_get_waiting (const SigRoom *room)
{
  return room->waiting;
}

SigRoomPerson *
sig_room_find (const SigRoom *room, MsgId person_id)
{
  return g_hash_table_lookup (room->by_id, &person_id);
}

SigRoomPerson *
sig_room_find_device (const SigRoom *room, MsgId device_id)
{
  return g_hash_table_lookup (room->by_device, &device_id);
}

SigRoomPerson *
sig_room_find_peer (const SigRoom *room, uint64_t peer)
{
  for (unsigned i = 0; peer != 0 && i < room->inside->len; i++)
    if (((SigRoomPerson *) room->inside->pdata[i])->peer == peer)
      return room->inside->pdata[i];
  return NULL;
}

/* --- coming --- */

static SigRole
role_of (const SigRoom *room, const SigRoomPerson *person)
{
  static const SigRole roles[MSG_ROOM_STANDING_N] = { [MSG_ROOM_LISTENER] = SIG_ROLE_LISTENER,
                                                      [MSG_ROOM_SPEAKER] = SIG_ROLE_SPEAKER,
                                                      [MSG_ROOM_HOST] = SIG_ROLE_HOST };
  MsgRoomStanding standing = sig_room_get_standing (room, person->user_id);

  return roles[standing != MSG_ROOM_NOBODY ? standing : room->row->policy.entry];
}

static void
add_person (SigRoom *room, SigRoomPerson *person)
{
  g_hash_table_insert (room->by_id, &person->id, person);
  g_hash_table_insert (room->by_device, &person->device_id, person);
}

void
sig_room_enter (SigRoom *room, SigRoomPerson *person)
{
  person->waiting = false;
  g_ptr_array_add (room->inside, sig_room_person_ref (person));
  (void) sig_room_act (room, SIG_ROOM_DO_ENTER, person);
}

static SigRoomPerson *
find_resume (const SigRoom *room, const SigRoomJoin *join)
{
  GHashTableIter iter;
  gpointer value;
  SigRoomPerson *found = NULL;

  if (join->resume == NULL)
    return NULL;
  g_hash_table_iter_init (&iter, room->by_id);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      SigRoomPerson *person = value;

      if (CRYPTO_memcmp (person->resume, join->resume, SIG_ROOM_SECRET_BYTES) == 0
          && person->user_id == join->who.user_id)
        found = person;
    }
  return found;
}

/* the participant goes on, maybe on another device */
static void
take_up (SigRoom *room, SigRoomPerson *person, MsgId device_id)
{
  SigRoomPerson *other = sig_room_find_device (room, device_id);

  if (other != NULL && other != person)
    sig_room_leave (room, other, SIG_ROOM_REPLACED);
  if (person->device_id != device_id)
    {
      sig_room_act (room, SIG_ROOM_DO_MOVE, person)->device = person->device_id;
      (void) g_hash_table_remove (room->by_device, &person->device_id);
      person->device_id = device_id;
      g_hash_table_insert (room->by_device, &person->device_id, person);
    }
  if (person->away_since_us != 0)
    {
      person->away_since_us = 0;
      if (!person->waiting)
        (void) sig_room_act (room, SIG_ROOM_DO_UPDATE, person);
    }
}

/* @inside: how many others would be there */
static SigRoomAnswer
check_room (const SigRoom *room, bool is_host, unsigned inside, bool server_full)
{
  if (server_full)
    return SIG_ROOM_SERVER_FULL;
  if (inside >= room->max)
    return SIG_ROOM_FULL;
  return !is_host && inside >= room->row->policy.max_participants ? SIG_ROOM_FULL : SIG_ROOM_OK;
}

static SigRoomAnswer
check_join (const SigRoom *room, const SigRoomJoin *join, const SigRoomPerson *other, bool *ret_waits)
{
  MsgRoomStanding standing = sig_room_get_standing (room, join->who.user_id);
  bool is_host = standing == MSG_ROOM_HOST;
  unsigned inside = room->inside->len - (other != NULL && !other->waiting ? 1 : 0);

  if (standing == MSG_ROOM_BANNED)
    return SIG_ROOM_IS_BANNED;
  if (!join->by_link && standing == MSG_ROOM_NOBODY)
    return SIG_ROOM_NOT_FOUND;
  if (join->who.user_id == 0 && !room->row->policy.guests)
    return SIG_ROOM_GUESTS_OFF;
  if (room->row->locked && !is_host)
    return SIG_ROOM_LOCKED;
  *ret_waits = room->row->policy.lobby && standing == MSG_ROOM_NOBODY;
  if (*ret_waits)
    return room->waiting->len >= SIG_ROOM_LOBBY_MAX ? SIG_ROOM_LOBBY_FULL : SIG_ROOM_OK;
  return check_room (room, is_host, inside, join->server_full);
}

SigRoomAnswer
sig_room_join (SigRoom *room, const SigRoomJoin *join, SigRoomPerson **ret_person, bool *ret_resumed)
{
  SigRoomPerson *other = sig_room_find_device (room, join->who.device_id);
  SigRoomPerson *person = find_resume (room, join);
  bool waits = false;
  SigRoomAnswer answer;

  if (person != NULL)
    {
      take_up (room, person, join->who.device_id);
      *ret_person = person;
      *ret_resumed = true;
      return SIG_ROOM_OK;
    }
  answer = check_join (room, join, other, &waits);
  if (answer != SIG_ROOM_OK)
    return answer;
  person = person_new (join, ++room->next_order);
  person->role = role_of (room, person);
  if (waits)
    {
      person->waiting = true;
      g_ptr_array_add (room->waiting, person);
      (void) sig_room_act (room, SIG_ROOM_DO_WAIT, person);
    }
  else
    {
      sig_room_enter (room, person);
      sig_room_person_unref (person);
    }
  /* the new one is in first: a room that is handed over is not empty in between */
  if (other != NULL)
    sig_room_leave (room, other, SIG_ROOM_REPLACED);
  add_person (room, person);
  *ret_person = person;
  *ret_resumed = false;
  return SIG_ROOM_OK;
}

SigRoomAnswer
sig_room_admit (SigRoom *room, SigRoomPerson *person, bool server_full)
{
  SigRoomAnswer answer = check_room (room, false, room->inside->len, server_full);

  if (answer != SIG_ROOM_OK)
    return answer;
  person->order = ++room->next_order;
  sig_room_enter (room, person);
  (void) g_ptr_array_remove (room->waiting, person);
  (void) sig_room_act (room, SIG_ROOM_DO_ADMIT, person);
  return SIG_ROOM_OK;
}

/* --- going --- */

static bool
has_host (const SigRoom *room)
{
  for (unsigned i = 0; i < room->inside->len; i++)
    if (((const SigRoomPerson *) room->inside->pdata[i])->role == SIG_ROLE_HOST)
      return true;
  return false;
}

/* see room.h: who moderates when the last host has left */
static void
promote (SigRoom *room)
{
  if (room->row->policy.permanent || has_host (room))
    return;
  for (unsigned i = 0; i < room->inside->len; i++)
    {
      SigRoomPerson *person = room->inside->pdata[i];

      if (person->user_id == 0 || person->role != SIG_ROLE_SPEAKER)
        continue;
      sig_room_change_role (room, person, SIG_ROLE_HOST);
      return;
    }
}

static void
take_out (SigRoom *room, SigRoomPerson *person, SigRoomLeft why)
{
  SigRoomAction *action = sig_room_act (room, SIG_ROOM_DO_LEAVE, person);

  action->left = why;
  action->was_waiting = person->waiting;
  person->gone = true;
  (void) g_hash_table_remove (room->by_id, &person->id);
  if (sig_room_find_device (room, person->device_id) == person)
    (void) g_hash_table_remove (room->by_device, &person->device_id);
  (void) g_ptr_array_remove (person->waiting ? room->waiting : room->inside, person);
}

void
sig_room_leave (SigRoom *room, SigRoomPerson *person, SigRoomLeft why)
{
  bool was_host = person->role == SIG_ROLE_HOST && !person->waiting;

  take_out (room, person, why);
  if (was_host)
    promote (room);
}

void
sig_room_leave_all (SigRoom *room)
{
  while (room->waiting->len > 0)
    take_out (room, room->waiting->pdata[room->waiting->len - 1], SIG_ROOM_OVER);
  while (room->inside->len > 0)
    take_out (room, room->inside->pdata[room->inside->len - 1], SIG_ROOM_OVER);
}

/* --- being away --- */

void
sig_room_detached (SigRoom *room, MsgId device_id, int64_t now_us)
{
  SigRoomPerson *person = sig_room_find_device (room, device_id);

  if (person == NULL || person->away_since_us != 0)
    return;
  person->away_since_us = MAX (now_us, 1);
  if (!person->waiting)
    (void) sig_room_act (room, SIG_ROOM_DO_UPDATE, person);
}

void
sig_room_attached (SigRoom *room, MsgId device_id)
{
  SigRoomPerson *person = sig_room_find_device (room, device_id);

  if (person != NULL)
    take_up (room, person, device_id);
}

int64_t
sig_room_tick (SigRoom *room, int64_t now_us)
{
  g_autoptr (GPtrArray) late = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;
  int64_t next_us = INT64_MAX;

  g_hash_table_iter_init (&iter, room->by_id);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const SigRoomPerson *person = value;

      if (person->away_since_us == 0)
        continue;
      if (person->away_since_us + SIG_ROOM_AWAY_US <= now_us)
        g_ptr_array_add (late, value);
      else
        next_us = MIN (next_us, person->away_since_us + SIG_ROOM_AWAY_US);
    }
  for (unsigned i = 0; i < late->len; i++)
    sig_room_leave (room, late->pdata[i], SIG_ROOM_TIMEOUT);
  return next_us;
}
