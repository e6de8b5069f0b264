/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of the sessions of those who are in rooms. */
#include "signaling/rooms-private.h"

typedef void (*DeviceFn) (SigRoomEntry *entry, MsgId device_id, gpointer data);

/* the rooms of a device, as a list that stays while they go */
static void
foreach_room (SigRooms *rooms, MsgId device_id, DeviceFn fn, gpointer data)
{
  const GPtrArray *list = g_hash_table_lookup (rooms->by_device, &device_id);
  g_autoptr (GPtrArray) copy = g_ptr_array_new ();

  for (unsigned i = 0; list != NULL && i < list->len; i++)
    g_ptr_array_add (copy, sig_room_entry_ref (list->pdata[i]));
  for (unsigned i = 0; i < copy->len; i++)
    {
      SigRoomEntry *entry = copy->pdata[i];

      if (entry->rooms != NULL)
        {
          fn (entry, device_id, data);
          sig_room_entry_settle (entry);
        }
      sig_room_entry_unref (entry);
    }
}

static void
attach_one (SigRoomEntry *entry, MsgId device_id, gpointer data)
{
  sig_room_attached (entry->room, device_id);
  sig_room_entry_set_away (entry, device_id, false);
}

static void
detach_one (SigRoomEntry *entry, MsgId device_id, gpointer data)
{
  sig_room_detached (entry->room, device_id, sig_rooms_now_us (entry->rooms));
  sig_room_entry_set_away (entry, device_id, true);
}

static void
leave_one (SigRoomEntry *entry, MsgId device_id, gpointer data)
{
  SigRoomPerson *person = sig_room_find_device (entry->room, device_id);

  if (person != NULL)
    sig_room_leave (entry->room, person, *(const SigRoomLeft *) data);
}

static void
on_attached (SigSession *session, bool resumed, gpointer user)
{
  SigRooms *rooms = user;
  MsgId device_id = sig_session_get_device_id (session);

  if (resumed)
    {
      foreach_room (rooms, device_id, attach_one, NULL);
      return;
    }
  /* it does not know where it was: it takes the participant up by room.join, or that leaves */
  foreach_room (rooms, device_id, detach_one, NULL);
  sig_rooms_ring_device (rooms, sig_session_get_user_id (session), device_id);
}

static void
on_detached (SigSession *session, gpointer user)
{
  foreach_room (user, sig_session_get_device_id (session), detach_one, NULL);
}

static void
on_ended (SigSession *session, SigSessionEnd reason, gpointer user)
{
  SigRoomLeft left = SIG_ROOM_LEFT;

  foreach_room (user, sig_session_get_device_id (session), leave_one, &left);
}

static bool
leave_session (SigSession *session, gpointer user)
{
  g_array_append_vals (user, &(MsgId){ sig_session_get_device_id (session) }, 1);
  return true;
}

static void
on_barred (MsgId user_id, gpointer user)
{
  SigRooms *rooms = user;
  SigRoomLeft left = SIG_ROOM_DISABLED;
  g_autoptr (GArray) devices = g_array_new (FALSE, FALSE, sizeof (MsgId));

  sig_sessions_foreach_of_user (rooms->config.sessions, user_id, leave_session, devices);
  for (unsigned i = 0; i < devices->len; i++)
    foreach_room (rooms, g_array_index (devices, MsgId, i), leave_one, &left);
}

static const SigSessionListener listener = { on_attached, on_detached, on_ended, on_barred };

void
sig_rooms_listen (SigRooms *rooms)
{
  sig_sessions_listen (rooms->config.sessions, &listener, rooms);
}

void
sig_rooms_unlisten (SigRooms *rooms)
{
  sig_sessions_unlisten (rooms->config.sessions, &listener, rooms);
}
