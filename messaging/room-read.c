/* SPDX-License-Identifier: Apache-2.0 */
/* Reading rooms: one by id or link, and lists. */
#include <string.h>

#include "messaging/core-private.h"
#include "messaging/room-rows.h"

typedef struct {
  MsgOp op;
  MsgId id;                            /* of the room; for a list of the user */
  uint8_t link[MSG_ROOM_LINK_BYTES];
  MsgRoomFn room_fn;                   /* one of the two */
  MsgRoomsFn rooms_fn;
  gpointer data;
  GPtrArray *rooms;
} ReadOp;

static void
free_room (gpointer room)
{
  msg_room_free (room);
}

static void
read_op_reply (MsgOp *ctx, const GError *error)
{
  ReadOp *op = (ReadOp *) ctx;

  if (op->rooms_fn != NULL)
    op->rooms_fn (error == NULL ? op->rooms : NULL, error, op->data);
  else
    op->room_fn (error == NULL ? op->rooms->pdata[0] : NULL, error, op->data);
}

static void
read_op_clear (MsgOp *ctx)
{
  g_ptr_array_unref (((ReadOp *) ctx)->rooms);
}

static ReadOp *
read_op_new (MsgCore *core, MsgRoomFn room_fn, MsgRoomsFn rooms_fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (ReadOp), read_op_reply, read_op_clear };
  ReadOp *op = msg_op_new (core, &class);

  op->room_fn = room_fn;
  op->rooms_fn = rooms_fn;
  op->data = data;
  op->rooms = g_ptr_array_new_with_free_func (free_room);
  return op;
}

static bool
read_all (ReadOp *op, MsgStmt *stmt, GError **error)
{
  MsgStep step;

  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    g_ptr_array_add (op->rooms, msg_room_from_row (stmt));
  return step == MSG_STEP_DONE;
}

static bool
read_members (MsgDb *db, ReadOp *op, GError **error)
{
  for (unsigned i = 0; i < op->rooms->len; i++)
    if (!msg_room_load_members (db, op->rooms->pdata[i], error))
      return false;
  return true;
}

static bool
read_one (MsgDb *db, ReadOp *op, MsgStmt *stmt, GError **error)
{
  if (!read_all (op, stmt, error) || !read_members (db, op, error))
    return false;
  if (op->rooms->len == 1)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "room", "There is no such room."));
  return false;
}

static bool
load_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_ROOM_COLUMNS " FROM rooms r WHERE r.id = :id");

  msg_stmt_set_int (stmt, ":id", op->id);
  return read_one (db, op, stmt, error);
}

void
msg_room_load (MsgCore *core, MsgId room_id, MsgRoomFn fn, gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = read_op_new (core, fn, NULL, data);
  op->id = room_id;
  msg_op_read (op, load_run, msg_op_end);
}

static bool
link_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_ROOM_COLUMNS " FROM rooms r WHERE r.link = :link");

  msg_stmt_set_bytes (stmt, ":link", op->link, MSG_ROOM_LINK_BYTES);
  return read_one (db, op, stmt, error);
}

void
msg_room_load_by_link (MsgCore *core, const uint8_t *link, MsgRoomFn fn, gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && link != NULL && fn != NULL);
  op = read_op_new (core, fn, NULL, data);
  memcpy (op->link, link, MSG_ROOM_LINK_BYTES);
  msg_op_read (op, link_run, msg_op_end);
}

static bool
passing_run (MsgDb *db, gpointer ctx, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_ROOM_COLUMNS " FROM rooms r WHERE r.permanent = 0 ORDER BY r.id");

  return read_all (ctx, stmt, error) && read_members (db, ctx, error);
}

void
msg_room_load_passing (MsgCore *core, MsgRoomsFn fn, gpointer data)
{
  g_return_if_fail (core != NULL && fn != NULL);
  msg_op_read (read_op_new (core, NULL, fn, data), passing_run, msg_op_end);
}

static bool
list_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (
      db, "SELECT " MSG_ROOM_COLUMNS ", COALESCE (m.standing, 0) FROM rooms r"
          " LEFT JOIN room_members m ON m.room_id = r.id AND m.user_id = :user"
          " WHERE r.id IN (SELECT id FROM rooms WHERE owner_id = :user"
          " UNION SELECT room_id FROM room_members WHERE user_id = :user AND standing <> 4)"
          " ORDER BY r.created_ms DESC, r.id DESC LIMIT 200");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", op->id);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgRoom *room = msg_room_from_row (stmt);
      MsgRoomMember member = { op->id, (MsgRoomStanding) msg_stmt_get_int (stmt, 13) };

      if (member.standing != MSG_ROOM_NOBODY)
        g_array_append_val (room->members, member);
      g_ptr_array_add (op->rooms, room);
    }
  return step == MSG_STEP_DONE;
}

void
msg_room_list (MsgCore *core, MsgId user_id, MsgRoomsFn fn, gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = read_op_new (core, NULL, fn, data);
  op->id = user_id;
  msg_op_read (op, list_run, msg_op_end);
}
