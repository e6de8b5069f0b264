/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/file-rows.h"

#include "messaging/chat-rows.h"

bool
msg_file_insert (MsgDb *db, const MsgFile *file, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO files (id, owner_id, kind, name, mime, size_bytes, width, height,"
                                      " duration_ms, sha256, created_ms) VALUES (:id, :owner, :kind, :name, :mime, :size,"
                                      " :width, :height, :duration, :sha256, :created)");

  msg_stmt_set_int (stmt, ":id", file->id);
  msg_stmt_set_int (stmt, ":owner", file->owner_id);
  msg_stmt_set_int (stmt, ":kind", file->kind);
  msg_stmt_set_text (stmt, ":name", file->name);
  msg_stmt_set_text (stmt, ":mime", file->mime);
  msg_stmt_set_int (stmt, ":size", file->size_bytes);
  msg_stmt_set_int (stmt, ":width", file->width);
  msg_stmt_set_int (stmt, ":height", file->height);
  msg_stmt_set_int (stmt, ":duration", file->duration_ms);
  msg_stmt_set_bytes (stmt, ":sha256", file->has_sha256 ? file->sha256 : NULL, MSG_FILE_SHA256_BYTES);
  msg_stmt_set_int (stmt, ":created", file->created_ms);
  return msg_stmt_run (stmt, error);
}

/* --- What may be attached --- */

static bool
load (MsgDb *db, MsgId id, MsgFile **ret_file, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT owner_id, kind, name, mime, size_bytes, width, height, duration_ms, created_ms"
                                      " FROM files WHERE id = :id");
  MsgStep step;
  MsgFile *file;

  msg_stmt_set_int (stmt, ":id", id);
  step = msg_stmt_step (stmt, error);
  *ret_file = NULL;
  if (step != MSG_STEP_ROW)
    return step == MSG_STEP_DONE;
  *ret_file = file = g_new0 (MsgFile, 1);
  file->id = id;
  file->owner_id = msg_stmt_get_int (stmt, 0);
  file->kind = (MsgFileKind) msg_stmt_get_int (stmt, 1);
  file->name = g_strdup (msg_stmt_get_text (stmt, 2));
  file->mime = g_strdup (msg_stmt_get_text (stmt, 3));
  file->size_bytes = msg_stmt_get_int (stmt, 4);
  file->width = (unsigned) msg_stmt_get_int (stmt, 5);
  file->height = (unsigned) msg_stmt_get_int (stmt, 6);
  file->duration_ms = msg_stmt_get_int (stmt, 7);
  file->created_ms = msg_stmt_get_int (stmt, 8);
  return true;
}

/* From the user's chats to the file's messages in each: that is bounded, whoever else has sent the file. */
static bool
is_seen (MsgDb *db, MsgId user_id, MsgId file_id, bool *ret_seen, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (
      db, "SELECT 1 FROM chat_members m CROSS JOIN chats c CROSS JOIN message_files f CROSS JOIN messages g"
          " WHERE m.user_id = :user AND " MSG_MEMBER_IS_IN " AND c.id = m.chat_id AND c.deleted_ms = 0"
          " AND c.is_protected = 0 AND f.file_id = :file AND f.chat_id = m.chat_id AND f.message_id >= m.first_id"
          " AND g.chat_id = f.chat_id AND g.id = f.message_id AND " MSG_MESSAGE_IS_VISIBLE " LIMIT 1");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":file", file_id);
  step = msg_stmt_step (stmt, error);
  *ret_seen = step == MSG_STEP_ROW;
  return step != MSG_STEP_ERROR;
}

static void
free_file (gpointer file)
{
  msg_file_free (file);
}

/* who may not have a file learns nothing of it, not even that there is one */
static bool
resolve_one (MsgDb *db, MsgId user_id, MsgId id, GPtrArray *files, GError **error)
{
  MsgFile *file;
  bool allowed;

  if (!load (db, id, &file, error))
    return false;
  if (file != NULL)
    g_ptr_array_add (files, file);
  allowed = file != NULL && file->owner_id == user_id;
  if (file != NULL && !allowed && !is_seen (db, user_id, id, &allowed, error))
    return false;
  if (!allowed)
    g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "file", "There is no such file."));
  return allowed;
}

bool
msg_files_resolve (MsgDb *db, MsgId user_id, const MsgId *ids, unsigned n, char **ret_json, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (free_file);

  for (unsigned i = 0; i < n; i++)
    if (!resolve_one (db, user_id, ids[i], files, error))
      return false;
  *ret_json = msg_files_write (files);
  return true;
}

/* --- Messages that carry them --- */

bool
msg_files_attach (MsgDb *db, const MsgMessage *message, GError **error)
{
  g_autoptr (GPtrArray) files = NULL;

  if (message->files == NULL)
    return true;
  files = msg_files_parse (message->files);
  for (unsigned i = 0; i < files->len; i++)
    {
      MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO message_files (chat_id, message_id, n, file_id)"
                                          " VALUES (:chat, :id, :n, :file)");

      msg_stmt_set_int (stmt, ":chat", message->chat_id);
      msg_stmt_set_int (stmt, ":id", message->id);
      msg_stmt_set_int (stmt, ":n", i);
      msg_stmt_set_int (stmt, ":file", ((const MsgFile *) files->pdata[i])->id);
      if (!msg_stmt_run (stmt, error))
        return false;
    }
  return true;
}

bool
msg_files_detach (MsgDb *db, MsgId chat_id, int64_t message_id, GError **error)
{
  static const char *const scripts[] = {
    ("DELETE FROM files WHERE owner_id = 0"
     " AND id IN (SELECT f.file_id FROM message_files f WHERE f.chat_id = :chat AND f.message_id = :id)"
     " AND NOT EXISTS (SELECT 1 FROM message_files o WHERE o.file_id = files.id"
     " AND (o.chat_id <> :chat OR o.message_id <> :id))"),
    "DELETE FROM message_files WHERE chat_id = :chat AND message_id = :id",
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      MsgStmt *stmt = msg_db_prepare (db, scripts[i]);

      msg_stmt_set_int (stmt, ":chat", chat_id);
      msg_stmt_set_int (stmt, ":id", message_id);
      if (!msg_stmt_run (stmt, error))
        return false;
    }
  return true;
}

bool
msg_files_disown (MsgDb *db, MsgId user_id, int64_t limit, bool *ret_more, GError **error)
{
  static const char *const scripts[] = {
    ("DELETE FROM files WHERE id IN (SELECT id FROM files WHERE owner_id = :user ORDER BY id LIMIT :limit)"
     " AND NOT EXISTS (SELECT 1 FROM message_files f WHERE f.file_id = files.id)"),
    "UPDATE files SET owner_id = 0 WHERE id IN (SELECT id FROM files WHERE owner_id = :user ORDER BY id LIMIT :limit)",
  };

  *ret_more = false;
  for (unsigned i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      MsgStmt *stmt = msg_db_prepare (db, scripts[i]);

      msg_stmt_set_int (stmt, ":user", user_id);
      msg_stmt_set_int (stmt, ":limit", limit);
      if (!msg_stmt_run (stmt, error))
        return false;
      *ret_more = *ret_more || msg_db_changes (db) > 0;
    }
  return true;
}
