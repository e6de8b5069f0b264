/* SPDX-License-Identifier: Apache-2.0 */
/* Writing rooms. */
#include "messaging/room.h"

#include "messaging/log-op.h"
#include "messaging/names.h"
#include "messaging/room-rows.h"
#include "messaging/service-data.h"

typedef struct {
  MsgOp op;
  MsgRoom *room;            /* CREATE, PUT */
  unsigned max_owned;
  MsgId room_id;
  GArray *users;            /* of MsgId */
  MsgRoomStanding standing;
  MsgLog log;               /* CREATE */
  MsgRoomFn room_fn;        /* CREATE */
  MsgDoneFn fn;             /* the others */
  gpointer data;
} RoomOp;

static void
room_op_reply (MsgOp *ctx, const GError *error)
{
  RoomOp *op = (RoomOp *) ctx;

  msg_log_tell (ctx->core, &op->log, error);
  if (op->room_fn != NULL)
    op->room_fn (error == NULL ? op->room : NULL, error, op->data);
  else
    op->fn (error, op->data);
}

static void
room_op_clear (MsgOp *ctx)
{
  RoomOp *op = (RoomOp *) ctx;

  msg_room_free (op->room);
  msg_log_clear (&op->log);
  if (op->users != NULL)
    g_array_unref (op->users);
}

static RoomOp *
room_op_new (MsgCore *core, MsgDoneFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (RoomOp), room_op_reply, room_op_clear };
  RoomOp *op = msg_op_new (core, &class);

  msg_log_init (&op->log, 0, msg_core_now_ms (core));
  op->fn = fn;
  op->data = data;
  return op;
}

char *
msg_room_tidy_title (const char *title, GError **error)
{
  return msg_text_tidy (title, MSG_ROOM_TITLE_CHARS, "title", "The title", error);
}

static bool
room_is_sane (const MsgRoom *room)
{
  const MsgRoomPolicy *policy = &room->policy;

  return room->id > 0 && room->owner_id > 0 && (policy->entry == MSG_ROOM_SPEAKER || policy->entry == MSG_ROOM_LISTENER)
         && policy->max_participants >= 1 && policy->max_participants <= MSG_ROOM_PARTICIPANTS_MAX
         && policy->active_speakers >= 1 && policy->active_speakers <= MSG_ROOM_SPEAKERS_MAX;
}

/* Returns: (nullable): why it cannot be kept */
static GError *
room_op_take (RoomOp *op, const MsgRoom *room)
{
  GError *error = NULL;
  char *title = msg_room_tidy_title (room->title, &error);

  if (title == NULL)
    return error;
  op->room = msg_room_copy (room);
  g_array_set_size (op->room->members, 0);
  g_free (op->room->title);
  op->room->title = title;
  return room_is_sane (room) ? NULL : msg_error_new (MSG_ERROR_INVALID, "room", "These are no rules for a room.");
}

static bool
count_is_below (MsgStmt *stmt, int64_t bound, const char *reason, const char *message, GError **error)
{
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  if (msg_stmt_get_int (stmt, 0) < bound)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_LIMIT, reason, "%s", message));
  return false;
}

/* Members of the room's chat come in without the link. */
static bool
admit_chat (MsgDb *db, const MsgRoom *room, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO room_members (room_id, user_id, standing)"
                                      " SELECT :room, m.user_id, :standing FROM chat_members m"
                                      " WHERE m.chat_id = :chat AND m.role >= 3 AND m.user_id <> :owner");

  msg_stmt_set_int (stmt, ":room", room->id);
  msg_stmt_set_int (stmt, ":standing", room->policy.entry);
  msg_stmt_set_int (stmt, ":chat", room->chat_id);
  msg_stmt_set_int (stmt, ":owner", room->owner_id);
  return msg_stmt_run (stmt, error);
}

/* A voice chat: its owner may start one there, and the chat is told of it. */
static bool
start_in_chat (MsgDb *db, RoomOp *op, GError **error)
{
  MsgRoom *room = op->room;
  g_autoptr (MsgChat) chat = NULL;

  if (room->chat_id == 0)
    return true;
  chat = msg_chat_load_for (db, room->chat_id, room->owner_id, MSG_ACT_CALL, op->log.now_ms, error);
  g_array_set_size (room->members, 0);
  /* of very many there is no list: they come by the link, which the message brings */
  return chat != NULL && (msg_chat_has_log (chat->kind) || admit_chat (db, room, error))
         && msg_room_load_members (db, room, error)
         && msg_message_append_service (db, &op->log, chat, room->owner_id, msg_service_room (room), error);
}

static bool
create_run (MsgDb *db, gpointer ctx, GError **error)
{
  RoomOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT COUNT (*) FROM rooms WHERE owner_id = :owner");

  msg_log_reset (&op->log);
  msg_stmt_set_int (stmt, ":owner", op->room->owner_id);
  if (!count_is_below (stmt, op->max_owned, "too_many_rooms", "The user has too many rooms.", error))
    return false;
  stmt = msg_db_prepare (db, "INSERT INTO rooms (id, owner_id, chat_id, title, lobby, guests, permanent, entry_standing,"
                             " max_participants, active_speakers, locked, link, created_ms)"
                             " VALUES (:id, :owner, :chat, :title, :lobby, :guests, :permanent, :entry, :max,"
                             " :speakers, :locked, :link, :now) ON CONFLICT DO NOTHING");
  msg_room_bind (stmt, op->room);
  msg_stmt_set_int (stmt, ":owner", op->room->owner_id);
  if (op->room->chat_id != 0)
    msg_stmt_set_int (stmt, ":chat", op->room->chat_id);
  msg_stmt_set_int (stmt, ":now", op->room->created_ms);
  if (!msg_stmt_run (stmt, error))
    return false;
  if (msg_db_changes (db) == 1)
    return start_in_chat (db, op, error);
  g_propagate_error (error, msg_error_new (MSG_ERROR_CONFLICT, "room_exists", "This room's id was used before."));
  return false;
}

void
msg_room_create (MsgCore *core, const MsgRoom *room, unsigned max_owned, MsgRoomFn fn, gpointer data)
{
  RoomOp *op;
  GError *error;

  g_return_if_fail (core != NULL && room != NULL && fn != NULL);
  op = room_op_new (core, NULL, data);
  op->room_fn = fn;
  op->max_owned = max_owned;
  error = room_op_take (op, room);
  if (error == NULL)
    msg_op_write (op, create_run, msg_op_end);
  else
    msg_op_fail (&op->op, error);
}

static bool
fail_not_found (GError **error)
{
  g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "room", "There is no such room."));
  return false;
}

static bool
put_run (MsgDb *db, gpointer ctx, GError **error)
{
  RoomOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (
      db, "UPDATE rooms SET title = :title, lobby = :lobby, guests = :guests, permanent = :permanent,"
          " entry_standing = :entry, max_participants = :max, active_speakers = :speakers, locked = :locked,"
          " link = :link WHERE id = :id");

  msg_room_bind (stmt, op->room);
  if (!msg_stmt_run (stmt, error))
    return false;
  return msg_db_changes (db) == 1 || fail_not_found (error);
}

void
msg_room_put (MsgCore *core, const MsgRoom *room, MsgDoneFn fn, gpointer data)
{
  RoomOp *op;
  GError *error;

  g_return_if_fail (core != NULL && room != NULL && fn != NULL);
  op = room_op_new (core, fn, data);
  error = room_op_take (op, room);
  if (error == NULL)
    msg_op_write (op, put_run, msg_op_end);
  else
    msg_op_fail (&op->op, error);
}

static bool
set_one (MsgDb *db, const RoomOp *op, MsgId user_id, GError **error)
{
  MsgStmt *stmt;

  if (op->standing == MSG_ROOM_NOBODY)
    stmt = msg_db_prepare (db, "DELETE FROM room_members WHERE room_id = :room AND user_id = :user");
  else
    {
      stmt = msg_db_prepare (db, "INSERT INTO room_members (room_id, user_id, standing)"
                                 " SELECT :room, u.id, :standing FROM users u WHERE u.id = :user AND u.deleted_ms = 0"
                                 " ON CONFLICT (room_id, user_id) DO UPDATE SET standing = :standing");
      msg_stmt_set_int (stmt, ":standing", op->standing);
    }
  msg_stmt_set_int (stmt, ":room", op->room_id);
  msg_stmt_set_int (stmt, ":user", user_id);
  return msg_stmt_run (stmt, error);
}

static bool
standing_run (MsgDb *db, gpointer ctx, GError **error)
{
  RoomOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT 1 FROM rooms WHERE id = :room");

  msg_stmt_set_int (stmt, ":room", op->room_id);
  switch (msg_stmt_step (stmt, error))
    {
    case MSG_STEP_ROW:
      break;
    case MSG_STEP_DONE:
      return fail_not_found (error);
    default:
      return false;
    }
  for (unsigned i = 0; i < op->users->len; i++)
    if (!set_one (db, op, g_array_index (op->users, MsgId, i), error))
      return false;
  stmt = msg_db_prepare (db, "SELECT COUNT (*) FROM room_members WHERE room_id = :room");
  msg_stmt_set_int (stmt, ":room", op->room_id);
  return op->standing == MSG_ROOM_NOBODY
         || count_is_below (stmt, MSG_ROOM_MEMBERS_MAX + 1, "too_many_members",
                            "Too many users have a role or a ban in this room.", error);
}

void
msg_room_set_standing (MsgCore *core, MsgId room_id, const MsgId *users, unsigned n, MsgRoomStanding standing,
                       MsgDoneFn fn, gpointer data)
{
  RoomOp *op;

  g_return_if_fail (core != NULL && (users != NULL || n == 0) && standing < MSG_ROOM_STANDING_N && fn != NULL);
  op = room_op_new (core, fn, data);
  op->room_id = room_id;
  op->users = g_array_append_vals (g_array_new (FALSE, FALSE, sizeof (MsgId)), users, n);
  op->standing = standing;
  msg_op_write (op, standing_run, msg_op_end);
}

static bool
delete_run (MsgDb *db, gpointer ctx, GError **error)
{
  return msg_room_drop (db, ((RoomOp *) ctx)->room_id, error);
}

void
msg_room_delete (MsgCore *core, MsgId room_id, MsgDoneFn fn, gpointer data)
{
  RoomOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = room_op_new (core, fn, data);
  op->room_id = room_id;
  msg_op_write (op, delete_run, msg_op_end);
}
