/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/file.h"

#include "messaging/account-private.h"
#include "messaging/file-rows.h"

typedef struct {
  MsgOp op;
  MsgFile *file; /* owned (nullable) */
  MsgFileFn fn;
  gpointer data;
} FileOp;

static void
file_reply (MsgOp *ctx, const GError *error)
{
  FileOp *op = (FileOp *) ctx;

  op->fn (error == NULL ? op->file : NULL, error, op->data);
}

static void
file_clear (MsgOp *ctx)
{
  msg_file_free (((FileOp *) ctx)->file);
}

static bool
add_run (MsgDb *db, gpointer ctx, GError **error)
{
  FileOp *op = ctx;
  g_autoptr (MsgUser) owner = msg_user_load (db, op->file->owner_id, error);

  return owner != NULL && msg_file_insert (db, op->file, error);
}

void
msg_file_add (MsgCore *core, MsgId owner_id, const MsgFile *file, MsgFileFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (FileOp), file_reply, file_clear };
  FileOp *op;
  GError *error = NULL;

  g_return_if_fail (core != NULL && file != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->fn = fn;
  op->data = data;
  op->file = msg_file_tidy (file, &error);
  if (op->file == NULL)
    {
      msg_op_fail (&op->op, error);
      return;
    }
  op->file->id = msg_id_new ();
  op->file->owner_id = owner_id;
  op->file->created_ms = msg_core_now_ms (core);
  msg_op_write (op, add_run, msg_op_end);
}
