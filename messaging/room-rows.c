/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/room-rows.h"

#include <string.h>

MsgRoom *
msg_room_new (void)
{
  MsgRoom *room = g_new0 (MsgRoom, 1);

  room->members = g_array_new (FALSE, FALSE, sizeof (MsgRoomMember));
  return room;
}

MsgRoom *
msg_room_copy (const MsgRoom *room)
{
  MsgRoom *copy;

  g_return_val_if_fail (room != NULL, NULL);
  copy = g_memdup2 (room, sizeof *room);
  copy->title = g_strdup (room->title);
  copy->members = g_array_copy (room->members);
  return copy;
}

void
msg_room_free (MsgRoom *room)
{
  if (room == NULL)
    return;
  g_free (room->title);
  g_array_unref (room->members);
  g_free (room);
}

MsgRoom *
msg_room_from_row (MsgStmt *stmt)
{
  MsgRoom *room = msg_room_new ();
  const void *link;
  gsize len;

  room->id = msg_stmt_get_int (stmt, 0);
  room->owner_id = msg_stmt_get_int (stmt, 1);
  room->chat_id = msg_stmt_get_int (stmt, 2);
  room->title = g_strdup (msg_stmt_get_text (stmt, 3));
  room->policy = (MsgRoomPolicy){ .lobby = msg_stmt_get_int (stmt, 4) != 0,
                                  .guests = msg_stmt_get_int (stmt, 5) != 0,
                                  .permanent = msg_stmt_get_int (stmt, 6) != 0,
                                  .entry = (MsgRoomStanding) msg_stmt_get_int (stmt, 7),
                                  .max_participants = (unsigned) msg_stmt_get_int (stmt, 8),
                                  .active_speakers = (unsigned) msg_stmt_get_int (stmt, 9) };
  room->locked = msg_stmt_get_int (stmt, 10) != 0;
  link = msg_stmt_get_bytes (stmt, 11, &len);
  room->has_link = len == MSG_ROOM_LINK_BYTES;
  if (room->has_link)
    memcpy (room->link, link, len);
  room->created_ms = msg_stmt_get_int (stmt, 12);
  return room;
}

void
msg_room_bind (MsgStmt *stmt, const MsgRoom *room)
{
  msg_stmt_set_int (stmt, ":id", room->id);
  msg_stmt_set_text (stmt, ":title", room->title);
  msg_stmt_set_int (stmt, ":lobby", room->policy.lobby);
  msg_stmt_set_int (stmt, ":guests", room->policy.guests);
  msg_stmt_set_int (stmt, ":permanent", room->policy.permanent);
  msg_stmt_set_int (stmt, ":entry", room->policy.entry);
  msg_stmt_set_int (stmt, ":max", room->policy.max_participants);
  msg_stmt_set_int (stmt, ":speakers", room->policy.active_speakers);
  msg_stmt_set_int (stmt, ":locked", room->locked);
  msg_stmt_set_bytes (stmt, ":link", room->has_link ? room->link : NULL, MSG_ROOM_LINK_BYTES);
}

bool
msg_room_load_members (MsgDb *db, MsgRoom *room, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT user_id, standing FROM room_members WHERE room_id = :room"
                                      " ORDER BY user_id");
  MsgStep step;

  msg_stmt_set_int (stmt, ":room", room->id);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgRoomMember member = { msg_stmt_get_int (stmt, 0), (MsgRoomStanding) msg_stmt_get_int (stmt, 1) };

      g_array_append_val (room->members, member);
    }
  return step == MSG_STEP_DONE;
}

bool
msg_room_drop (MsgDb *db, MsgId room_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "DELETE FROM room_members WHERE room_id = :room");

  msg_stmt_set_int (stmt, ":room", room_id);
  if (!msg_stmt_run (stmt, error))
    return false;
  stmt = msg_db_prepare (db, "DELETE FROM rooms WHERE id = :room");
  msg_stmt_set_int (stmt, ":room", room_id);
  return msg_stmt_run (stmt, error);
}

bool
msg_room_forget_user (MsgDb *db, MsgId user_id, GError **error)
{
  static const char *const scripts[] = {
    "DELETE FROM room_members WHERE user_id = :user",
    "DELETE FROM room_members WHERE room_id IN (SELECT id FROM rooms WHERE owner_id = :user)",
    "DELETE FROM rooms WHERE owner_id = :user",
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      MsgStmt *stmt = msg_db_prepare (db, scripts[i]);

      msg_stmt_set_int (stmt, ":user", user_id);
      if (!msg_stmt_run (stmt, error))
        return false;
    }
  return true;
}
