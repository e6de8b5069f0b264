/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of rooms. Store's threads, inside a job. */
#pragma once

#include "messaging/db.h"
#include "messaging/room.h"

/* Columns in the order in which msg_room_from_row() expects them; the table is called r. */
#define MSG_ROOM_COLUMNS                                                                                               \
  "r.id, r.owner_id, r.chat_id, r.title, r.lobby, r.guests, r.permanent, r.entry_standing, r.max_participants,"        \
  " r.active_speakers, r.locked, r.link, r.created_ms"

/** msg_room_from_row: Returns: (transfer full): without members. */
MsgRoom *msg_room_from_row (MsgStmt *stmt);
/** msg_room_bind: sets the parameters that msg_room_create() and msg_room_put() share. */
void msg_room_bind (MsgStmt *stmt, const MsgRoom *room);
/** msg_room_load_members: Returns: false when the engine fails. */
bool msg_room_load_members (MsgDb *db, MsgRoom *room, GError **error);
/** msg_room_drop: the room and who had a standing in it. */
bool msg_room_drop (MsgDb *db, MsgId room_id, GError **error);
/** msg_room_forget_user: the user is deleted: rooms and standings go. */
bool msg_room_forget_user (MsgDb *db, MsgId user_id, GError **error);
