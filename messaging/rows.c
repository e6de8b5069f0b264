/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/rows.h"

#include <string.h>

#include "messaging/secret-rows.h"

/* --- Users --- */

MsgUser *
msg_user_from_row (MsgStmt *stmt, int column)
{
  MsgUser *user = g_new0 (MsgUser, 1);

  user->id = msg_stmt_get_int (stmt, column);
  user->username = g_strdup (msg_stmt_get_text (stmt, column + 1));
  user->display_name = g_strdup (msg_stmt_get_text (stmt, column + 2));
  user->disabled = msg_stmt_get_int (stmt, column + 3) != 0;
  user->deleted = msg_stmt_get_int (stmt, column + 4) != 0;
  user->external = msg_stmt_get_int (stmt, column + 5) != 0;
  user->created_at_ms = msg_stmt_get_int (stmt, column + 6);
  return user;
}

MsgUser *
msg_user_load (MsgDb *db, MsgId user_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_USER_COLUMNS " FROM users u WHERE u.id = :id AND u.deleted_ms = 0");

  msg_stmt_set_int (stmt, ":id", user_id);
  switch (msg_stmt_step (stmt, error))
    {
    case MSG_STEP_ROW:
      return msg_user_from_row (stmt, 0);
    case MSG_STEP_DONE:
      g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "user", "There is no such user."));
      return NULL;
    default:
      return NULL;
    }
}

bool
msg_user_load_by_key (MsgDb *db, const char *key, MsgUser **ret_user, char **ret_hash, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_USER_COLUMNS ", u.password_hash FROM users u"
                                      " WHERE u.name_key = :key");

  msg_stmt_set_text (stmt, ":key", key);
  switch (msg_stmt_step (stmt, error))
    {
    case MSG_STEP_ROW:
      *ret_user = msg_user_from_row (stmt, 0);
      if (ret_hash != NULL)
        *ret_hash = g_strdup (msg_stmt_get_text (stmt, MSG_USER_N_COLUMNS));
      return true;
    case MSG_STEP_DONE:
      *ret_user = NULL;
      if (ret_hash != NULL)
        *ret_hash = NULL;
      return true;
    default:
      return false;
    }
}

bool
msg_user_insert (MsgDb *db, const MsgUser *user, const char *key, const char *hash, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO users (id, name_key, username, display_name, password_hash,"
                                      " external, disabled, created_ms, deleted_ms)"
                                      " SELECT :id, :key, :username, :display_name, :hash, :external, 0, :now, 0"
                                      " WHERE NOT EXISTS (SELECT 1 FROM chats WHERE name_key = :key)"
                                      " AND NOT EXISTS (SELECT 1 FROM held_names WHERE name_key = :key"
                                      " AND until_ms > :now)"
                                      " ON CONFLICT (name_key) DO NOTHING");

  msg_stmt_set_int (stmt, ":id", user->id);
  msg_stmt_set_text (stmt, ":key", key);
  msg_stmt_set_text (stmt, ":username", user->username);
  msg_stmt_set_text (stmt, ":display_name", user->display_name);
  msg_stmt_set_text (stmt, ":hash", hash);
  msg_stmt_set_int (stmt, ":external", user->external);
  msg_stmt_set_int (stmt, ":now", user->created_at_ms);
  if (!msg_stmt_run (stmt, error))
    return false;
  if (msg_db_changes (db) == 1)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_CONFLICT, "username_taken", "This username is taken."));
  return false;
}

/* --- Sessions --- */

bool
msg_session_put (MsgDb *db, const MsgDevice *device, const uint8_t *token_hash, int64_t now_ms, bool *ret_replaced,
                 GError **error)
{
  MsgStmt *stmt;

  *ret_replaced = false;
  if (token_hash != NULL)
    {
      stmt = msg_db_prepare (db, "DELETE FROM sessions WHERE device_id = :device");
      msg_stmt_set_int (stmt, ":device", device->id);
      if (!msg_stmt_run (stmt, error))
        return false;
      *ret_replaced = msg_db_changes (db) > 0;
    }
  stmt = msg_db_prepare (db, "INSERT INTO sessions (device_id, user_id, token_hash, created_ms)"
                             " VALUES (:device, :user, :hash, :now) ON CONFLICT (device_id) DO NOTHING");
  msg_stmt_set_int (stmt, ":device", device->id);
  msg_stmt_set_int (stmt, ":user", device->user_id);
  msg_stmt_set_bytes (stmt, ":hash", token_hash, 32);
  msg_stmt_set_int (stmt, ":now", now_ms);
  return msg_stmt_run (stmt, error);
}

bool
msg_session_drop (MsgDb *db, MsgId user_id, MsgId device_id, int64_t now_ms, bool *ret_dropped, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "DELETE FROM sessions WHERE device_id = :device AND user_id = :user");

  msg_stmt_set_int (stmt, ":device", device_id);
  msg_stmt_set_int (stmt, ":user", user_id);
  if (!msg_stmt_run (stmt, error))
    return false;
  *ret_dropped = msg_db_changes (db) > 0;
  if (!*ret_dropped)
    return true;
  stmt = msg_db_prepare (db, "UPDATE devices SET revoked_ms = :now WHERE id = :device");
  msg_stmt_set_int (stmt, ":now", now_ms);
  msg_stmt_set_int (stmt, ":device", device_id);
  return msg_stmt_run (stmt, error) && msg_secret_drop_device (db, device_id, error);
}

bool
msg_session_drop_all (MsgDb *db, MsgId user_id, MsgId except_device_id, int64_t now_ms, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE devices SET revoked_ms = :now WHERE user_id = :user AND id <> :except");

  msg_stmt_set_int (stmt, ":now", now_ms);
  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":except", except_device_id);
  if (!msg_stmt_run (stmt, error))
    return false;
  stmt = msg_db_prepare (db, "DELETE FROM sessions WHERE user_id = :user AND device_id <> :except");
  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":except", except_device_id);
  return msg_stmt_run (stmt, error) && msg_secret_drop_user (db, user_id, except_device_id, error);
}
