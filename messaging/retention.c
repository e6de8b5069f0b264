/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/retention.h"

#include "base/log.h"
#include "messaging/discussion-rows.h"
#include "messaging/log-op.h"

/* In one job: chats that are looked at, rows of messages that are read, reports that are dropped: some milliseconds of
 * the writer. */
#define CHATS 50
#define ROWS 64
#define REPORTS 50
/* Between jobs: twice as long as the last one took with its waiting, so that it gives way to a writer that is busy. */
#define PAUSE_MIN_MS 2
#define PAUSE_MAX_MS 50
#define FIRST_MS (10 * 1000)
#define WALK_EVERY_MS (20 * 1000)
/* One walk of so many is for the server's rules, which count in days: every ten minutes. The others look at chats with a
 * rule of their own alone. */
#define FULL_EVERY 30
#define RETRY_MS (30 * 1000)

struct MsgRetention {
  /* passed in, not owned */
  MsgCore *core;
  /* owned */
  GSource *timer;       /* (nullable) */
  MsgId after;          /* done with the chats up to it */
  int64_t begun_us;     /* the job that is under way */
  unsigned walks;
  bool full;            /* this walk is for the server's rules, too */
  bool has_own;         /* this walk has seen a chat with a rule of its own */
  bool hinted, busy, stopped;
};

typedef struct {
  MsgLogOp log;
  bool full;
  MsgId after, last;    /* last: what is done with this job */
  bool has_own, end;
  unsigned rows_left;
} RetentionOp;

typedef struct {
  MsgId id;
  MsgChatKind kind;
  int64_t own_ms, swept_id;
  int64_t oldest_ms;    /* of the message behind swept_id; 0: there is none */
} Kept;

/* --- Rules --- */

static int64_t
rule_of_kind (const MsgCoreOptions *options, MsgChatKind kind)
{
  switch (kind)
    {
    case MSG_CHAT_PRIVATE:
      return options->keep_private_ms;
    case MSG_CHAT_SAVED:
      return options->keep_saved_ms;
    case MSG_CHAT_CHANNEL:
      return options->keep_channel_ms;
    default:
      return options->keep_group_ms;
    }
}

static bool
has_rules (const MsgCoreOptions *options)
{
  return options->keep_private_ms != 0 || options->keep_saved_ms != 0 || options->keep_group_ms != 0
         || options->keep_channel_ms != 0;
}

/* Returns: what was written at that time, or earlier, goes; 0: nothing does */
static int64_t
find_end (const RetentionOp *op, const Kept *chat)
{
  int64_t keep_ms = rule_of_kind (op->log.log.options, chat->kind);

  if (chat->own_ms != 0 && (keep_ms == 0 || chat->own_ms < keep_ms))
    keep_ms = chat->own_ms;
  return keep_ms != 0 ? MAX (op->log.log.now_ms - keep_ms, 0) : 0;
}

/* --- On the writer --- */

static void
free_message (gpointer message)
{
  msg_message_free (message);
}

/* @ret_messages: those that are there still; @ret_last: up to there all go. They go in their order: one from a clock that
 * was ahead keeps those behind it until its time has come. */
static bool
read_old (MsgDb *db, const Kept *kept, int64_t end_ms, RetentionOp *op, GPtrArray *ret_messages, int64_t *ret_last,
          GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_MESSAGE_COLUMNS ", g.deleted_ms FROM messages g"
                                      " WHERE g.chat_id = :chat AND g.id > :swept ORDER BY g.id LIMIT :limit");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", 0);
  msg_stmt_set_int (stmt, ":chat", kept->id);
  msg_stmt_set_int (stmt, ":swept", kept->swept_id);
  msg_stmt_set_int (stmt, ":limit", op->rows_left);
  *ret_last = kept->swept_id;
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      g_autoptr (MsgMessage) message = msg_message_from_row (stmt, 0);

      if (message->at_ms > end_ms)
        break;
      op->rows_left--;
      *ret_last = message->id;
      if (msg_stmt_get_int (stmt, MSG_MESSAGE_N_COLUMNS) == 0)
        g_ptr_array_add (ret_messages, g_steal_pointer (&message));
    }
  return step != MSG_STEP_ERROR;
}

/* @chat: (nullable): NULL: it is gone, and nobody is there to be told */
static bool
wipe (MsgDb *db, MsgLog *log, MsgChat *chat, const Kept *kept, const GPtrArray *messages, GError **error)
{
  const MsgChat gone = { .id = kept->id, .kind = kept->kind };
  g_autoptr (MsgUpdate) update = msg_update_new (MSG_UPDATE_MESSAGE_DELETED, kept->id);

  update->ids = g_array_new (FALSE, FALSE, sizeof (int64_t));
  for (unsigned i = 0; i < messages->len; i++)
    {
      const MsgMessage *message = messages->pdata[i];

      g_array_append_val (update->ids, message->id);
      if (!msg_message_wipe (db, chat != NULL ? chat : &gone, message, log->now_ms, error))
        return false;
    }
  return chat == NULL || messages->len == 0
         || (msg_discussion_delete (db, log, chat, update->ids, error)
             && msg_log_append (db, log, chat, g_steal_pointer (&update), 0, error));
}

static bool
sweep (MsgDb *db, RetentionOp *op, const Kept *kept, int64_t end_ms, GError **error)
{
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func (free_message);
  g_autoptr (GError) missing = NULL;
  g_autoptr (MsgChat) chat = msg_chat_load (db, kept->id, 0, op->log.log.now_ms, &missing);
  MsgStmt *stmt;
  int64_t last;

  if (chat == NULL && missing->code == MSG_ERROR_UNAVAILABLE)
    {
      g_propagate_error (error, g_steal_pointer (&missing));
      return false;
    }
  if (!read_old (db, kept, end_ms, op, messages, &last, error)
      || !wipe (db, &op->log.log, chat, kept, messages, error))
    return false;
  stmt = msg_db_prepare (db, "UPDATE chats SET swept_id = :last WHERE id = :chat");
  msg_stmt_set_int (stmt, ":last", last);
  msg_stmt_set_int (stmt, ":chat", kept->id);
  return msg_stmt_run (stmt, error);
}

#define LIST(which)                                                                                                    \
  "SELECT c.id, c.kind, c.retention_ms, c.swept_id, COALESCE ((SELECT g.at_ms FROM messages g"                         \
  " WHERE g.chat_id = c.id AND g.id > c.swept_id ORDER BY g.id LIMIT 1), 0)"                                           \
  " FROM chats c WHERE c.id > :after" which " ORDER BY c.id LIMIT :limit"

/* Returns: (nullable) (element-type Kept) */
static GArray *
list_chats (MsgDb *db, const RetentionOp *op, GError **error)
{
  bool all = op->full && has_rules (op->log.log.options);
  g_autoptr (GArray) chats = g_array_new (FALSE, FALSE, sizeof (Kept));
  MsgStmt *stmt = msg_db_prepare (db, all ? LIST ("") : LIST (" AND c.retention_ms > 0"));
  MsgStep step;

  msg_stmt_set_int (stmt, ":after", op->after);
  msg_stmt_set_int (stmt, ":limit", CHATS);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      const Kept kept = { .id = msg_stmt_get_int (stmt, 0),
                          .kind = (MsgChatKind) msg_stmt_get_int (stmt, 1),
                          .own_ms = msg_stmt_get_int (stmt, 2),
                          .swept_id = msg_stmt_get_int (stmt, 3),
                          .oldest_ms = msg_stmt_get_int (stmt, 4) };

      g_array_append_val (chats, kept);
    }
  return step == MSG_STEP_DONE ? g_steal_pointer (&chats) : NULL;
}

/* The newest report stays, so that no number is given twice: the audit log names them. */
static bool
drop_reports (MsgDb *db, const RetentionOp *op, bool *ret_more, GError **error)
{
  int64_t keep_ms = op->log.log.options->report_keep_ms;
  MsgStmt *stmt;

  *ret_more = false;
  if (!op->full || keep_ms == 0)
    return true;
  stmt = msg_db_prepare (db, "DELETE FROM reports WHERE id IN (SELECT id FROM reports"
                             " WHERE state > 0 AND closed_ms <= :end AND id < (SELECT MAX (id) FROM reports)"
                             " ORDER BY closed_ms LIMIT :limit)");
  msg_stmt_set_int (stmt, ":end", op->log.log.now_ms - keep_ms);
  msg_stmt_set_int (stmt, ":limit", REPORTS);
  if (!msg_stmt_run (stmt, error))
    return false;
  *ret_more = msg_db_changes (db) == REPORTS;
  return true;
}

static bool
retention_run (MsgDb *db, gpointer ctx, GError **error)
{
  RetentionOp *op = ctx;
  g_autoptr (GArray) chats = list_chats (db, op, error);
  bool more_reports;

  msg_log_reset (&op->log.log);
  op->last = op->after;
  op->rows_left = ROWS;
  op->has_own = false;
  if (chats == NULL || !drop_reports (db, op, &more_reports, error))
    return false;
  for (unsigned i = 0; i < chats->len && op->rows_left > 0; i++)
    {
      const Kept *kept = &g_array_index (chats, Kept, i);
      int64_t end_ms = find_end (op, kept);

      op->has_own |= kept->own_ms != 0;
      if (kept->oldest_ms != 0 && kept->oldest_ms <= end_ms && !sweep (db, op, kept, end_ms, error))
        return false;
      /* a long chat takes the jobs that it needs before the next one is looked at */
      if (op->rows_left > 0)
        op->last = kept->id;
    }
  op->end = op->rows_left > 0 && chats->len < CHATS && !more_reports;
  return true;
}

/* --- Main thread --- */

static gboolean
on_timer (gpointer data)
{
  msg_retention_step (data);
  return G_SOURCE_REMOVE;
}

static void
stop_timer (MsgRetention *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static void
set_timer (MsgRetention *self, guint ms)
{
  stop_timer (self);
  if (self->stopped)
    return;
  self->timer = g_timeout_source_new (ms);
  g_source_set_callback (self->timer, on_timer, self, NULL);
  (void) g_source_attach (self->timer, self->core->context);
}

/* Where there are no rules nothing wakes up until there is one. */
static void
end_walk (MsgRetention *self)
{
  const MsgCoreOptions *options = &self->core->options;
  bool has_any = self->has_own || self->hinted || has_rules (options) || options->report_keep_ms != 0;
  guint pause_ms = self->hinted ? 0 : WALK_EVERY_MS;

  self->walks++;
  self->full = self->walks % FULL_EVERY == 0;
  self->after = 0;
  self->has_own = self->hinted = false;
  if (has_any)
    set_timer (self, pause_ms);
}

static void
retention_reply (MsgOp *ctx, const GError *error)
{
  RetentionOp *op = (RetentionOp *) ctx;
  MsgRetention *self = ctx->core->retention;

  self->busy = false;
  if (error != NULL)
    {
      if (!self->stopped)
        al_warning ("messages that are too old could not be deleted, trying again", "error", error->message);
      set_timer (self, RETRY_MS);
      return;
    }
  msg_log_op_tell (&op->log, NULL);
  self->after = op->last;
  self->has_own |= op->has_own;
  if (op->end)
    end_walk (self);
  else
    set_timer (self, (guint) CLAMP ((g_get_monotonic_time () - self->begun_us) / 500, PAUSE_MIN_MS, PAUSE_MAX_MS));
}

void
msg_retention_step (MsgRetention *self)
{
  static const MsgOpClass class = { sizeof (RetentionOp), retention_reply, msg_log_op_clear };
  RetentionOp *op;

  if (self->stopped || self->busy)
    return;
  stop_timer (self);
  self->busy = true;
  self->begun_us = g_get_monotonic_time ();
  if (self->after == 0)
    self->hinted = false;
  op = msg_log_op_new (self->core, &class, 0, 0);
  op->full = self->full;
  op->after = self->after;
  msg_op_write (op, retention_run, msg_op_end);
}

void
msg_retention_hint (MsgRetention *self)
{
  self->hinted = true;
  if (!self->busy && self->after == 0)
    set_timer (self, 0);
}

MsgRetention *
msg_retention_new (MsgCore *core)
{
  MsgRetention *self = g_new0 (MsgRetention, 1);

  self->core = core;
  self->full = true;
  set_timer (self, FIRST_MS);
  return self;
}

void
msg_retention_stop (MsgRetention *self)
{
  self->stopped = true;
  stop_timer (self);
}

void
msg_retention_free (MsgRetention *self)
{
  if (self == NULL)
    return;
  stop_timer (self);
  g_free (self);
}

unsigned
msg_retention_get_walks (const MsgRetention *self)
{
  return self->walks;
}
