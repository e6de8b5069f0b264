/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   waiting -> (gone)    sent
 *           -> failed    may not be sent; changed -> waiting
 *           -> dropped   by its author; gone a day later, so that a late retry does not bring it back
 */
#include "messaging/schedule-rows.h"

#include <string.h>

#include "messaging/core.h"
#include "messaging/message-send.h"

typedef enum { WAITING = 1, FAILED, DROPPED } State; /* stored as these numbers */

#define DROPPED_FOR_MS (INT64_C (24) * 3600 * 1000)
/* Ids grow, so that what was written first is sent first at the same time: from the time in ms times this. */
#define IDS_PER_MS 1024

#define COLUMNS                                                                                                        \
  "s.id, s.user_id, s.chat_id, s.send_ms, s.at_ms, s.text, s.entities, s.reply_to, s.silent, s.failed, s.ttl_ms,"      \
  " s.quote, s.thread_id"
#define N_COLUMNS 13

MsgScheduled *
msg_scheduled_copy (const MsgScheduled *scheduled)
{
  MsgScheduled *copy;

  g_return_val_if_fail (scheduled != NULL, NULL);
  copy = g_memdup2 (scheduled, sizeof *scheduled);
  copy->text = g_strdup (scheduled->text);
  copy->entities = g_strdup (scheduled->entities);
  copy->quote = g_strdup (scheduled->quote);
  copy->failed = g_strdup (scheduled->failed);
  return copy;
}

void
msg_scheduled_free (MsgScheduled *scheduled)
{
  if (scheduled == NULL)
    return;
  g_free (scheduled->text);
  g_free (scheduled->entities);
  g_free (scheduled->quote);
  g_free (scheduled->failed);
  g_free (scheduled);
}

static void
free_scheduled (gpointer scheduled)
{
  msg_scheduled_free (scheduled);
}

static MsgScheduled *
from_row (MsgStmt *stmt)
{
  MsgScheduled *scheduled = g_new0 (MsgScheduled, 1);

  scheduled->id = msg_stmt_get_int (stmt, 0);
  scheduled->user_id = msg_stmt_get_int (stmt, 1);
  scheduled->chat_id = msg_stmt_get_int (stmt, 2);
  scheduled->send_ms = msg_stmt_get_int (stmt, 3);
  scheduled->at_ms = msg_stmt_get_int (stmt, 4);
  scheduled->text = g_strdup (msg_stmt_get_text (stmt, 5));
  scheduled->entities = g_strdup (msg_stmt_get_text (stmt, 6));
  scheduled->reply_to = msg_stmt_get_int (stmt, 7);
  scheduled->silent = msg_stmt_get_int (stmt, 8) != 0;
  scheduled->failed = g_strdup (msg_stmt_get_text (stmt, 9));
  scheduled->ttl_ms = msg_stmt_get_int (stmt, 10);
  scheduled->quote = g_strdup (msg_stmt_get_text (stmt, 11));
  scheduled->thread_id = msg_stmt_get_int (stmt, 12);
  return scheduled;
}

/* --- Reading --- */

bool
msg_scheduled_load (MsgDb *db, MsgId user_id, MsgId chat_id, MsgId id, MsgScheduled **ret_scheduled, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " COLUMNS " FROM scheduled s"
                                      " WHERE s.id = :id AND s.user_id = :user AND s.chat_id = :chat AND s.state < 3");
  MsgStep step;

  msg_stmt_set_int (stmt, ":id", id);
  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":chat", chat_id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ERROR)
    return false;
  *ret_scheduled = step == MSG_STEP_ROW ? from_row (stmt) : NULL;
  return true;
}

GPtrArray *
msg_scheduled_list_all (MsgDb *db, MsgId user_id, MsgId after, int64_t limit, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " COLUMNS " FROM scheduled s"
                                      " WHERE s.user_id = :user AND s.id > :after AND s.state < 3 ORDER BY s.id LIMIT :limit");
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (free_scheduled);
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":after", after);
  msg_stmt_set_int (stmt, ":limit", limit);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    g_ptr_array_add (list, from_row (stmt));
  return step == MSG_STEP_DONE ? g_steal_pointer (&list) : NULL;
}

bool
msg_scheduled_find (MsgDb *db, MsgId user_id, MsgId chat_id, const uint8_t *random_id, MsgScheduled **ret_scheduled,
                    GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " COLUMNS ", s.state FROM scheduled s"
                                      " WHERE s.user_id = :user AND s.chat_id = :chat AND s.random_id = :random");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_bytes (stmt, ":random", random_id, MSG_RANDOM_ID_BYTES);
  step = msg_stmt_step (stmt, error);
  *ret_scheduled = NULL;
  if (step != MSG_STEP_ROW)
    return step == MSG_STEP_DONE;
  if (msg_stmt_get_int (stmt, N_COLUMNS) != DROPPED)
    *ret_scheduled = from_row (stmt);
  else
    g_propagate_error (error, msg_error_new (MSG_ERROR_CONFLICT, "message_deleted", "It was scheduled and then deleted."));
  return *ret_scheduled != NULL;
}

GPtrArray *
msg_scheduled_list (MsgDb *db, MsgId user_id, MsgId chat_id, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (free_scheduled);
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " COLUMNS " FROM scheduled s WHERE s.user_id = :user AND s.chat_id = :chat"
                                      " AND s.state < 3 ORDER BY s.send_ms, s.id LIMIT :limit");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":limit", MSG_SCHEDULED_MAX);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    g_ptr_array_add (list, from_row (stmt));
  return step == MSG_STEP_DONE ? g_steal_pointer (&list) : NULL;
}

bool
msg_scheduled_find_next (MsgDb *db, int64_t *ret_ms, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT send_ms FROM scheduled WHERE state <> 2 ORDER BY send_ms, id LIMIT 1");
  MsgStep step = msg_stmt_step (stmt, error);

  *ret_ms = step == MSG_STEP_ROW ? msg_stmt_get_int (stmt, 0) : G_MAXINT64;
  return step != MSG_STEP_ERROR;
}

/* --- Writing --- */

/* @kept: it is there still */
static bool
tell (MsgDb *db, MsgLog *log, const MsgScheduled *scheduled, bool kept, GError **error)
{
  MsgUpdate *update = msg_update_new (MSG_UPDATE_SCHEDULED, scheduled->chat_id);

  update->up_to = scheduled->id;
  update->scheduled = kept ? msg_scheduled_copy (scheduled) : NULL;
  if (kept && scheduled->failed == NULL)
    log->due_ms = MIN (log->due_ms, scheduled->send_ms);
  return msg_log_append_one (db, log, update, scheduled->user_id, error);
}

static bool
check_number (MsgDb *db, const MsgScheduled *scheduled, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT COUNT (*),"
                                      " CAST (COALESCE (SUM (CASE WHEN chat_id = :chat THEN 1 ELSE 0 END), 0) AS BIGINT)"
                                      " FROM scheduled WHERE user_id = :user AND state < 3");

  msg_stmt_set_int (stmt, ":user", scheduled->user_id);
  msg_stmt_set_int (stmt, ":chat", scheduled->chat_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  if (msg_stmt_get_int (stmt, 0) < MSG_SCHEDULED_TOTAL_MAX && msg_stmt_get_int (stmt, 1) < MSG_SCHEDULED_MAX)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_LIMIT, "too_many_scheduled",
                                           "At most %d messages are scheduled in a chat, %d in all.", MSG_SCHEDULED_MAX,
                                           MSG_SCHEDULED_TOTAL_MAX));
  return false;
}

static bool
make_id (MsgDb *db, const MsgLog *log, MsgId *ret_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT COALESCE (MAX (id), 0) FROM scheduled");

  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  *ret_id = MAX (msg_stmt_get_int (stmt, 0) + 1, log->now_ms * IDS_PER_MS);
  return true;
}

bool
msg_scheduled_insert (MsgDb *db, MsgLog *log, MsgScheduled *scheduled, MsgId device_id, const uint8_t *random_id,
                      GError **error)
{
  MsgStmt *stmt;

  if (!check_number (db, scheduled, error) || !make_id (db, log, &scheduled->id, error))
    return false;
  stmt = msg_db_prepare (db, "INSERT INTO scheduled (id, user_id, chat_id, device_id, random_id, state, send_ms, at_ms,"
                             " text, entities, reply_to, silent, ttl_ms, quote, thread_id)"
                             " VALUES (:id, :user, :chat, :device, :random, 1, :send, :at, :text, :entities, :reply,"
                             " :silent, :ttl, :quote, :thread)");
  msg_stmt_set_int (stmt, ":id", scheduled->id);
  msg_stmt_set_int (stmt, ":user", scheduled->user_id);
  msg_stmt_set_int (stmt, ":chat", scheduled->chat_id);
  msg_stmt_set_int (stmt, ":device", device_id);
  msg_stmt_set_bytes (stmt, ":random", random_id, MSG_RANDOM_ID_BYTES);
  msg_stmt_set_int (stmt, ":send", scheduled->send_ms);
  msg_stmt_set_int (stmt, ":at", scheduled->at_ms);
  msg_stmt_set_text (stmt, ":text", scheduled->text);
  msg_stmt_set_text (stmt, ":entities", scheduled->entities);
  msg_stmt_set_int (stmt, ":reply", scheduled->reply_to);
  msg_stmt_set_int (stmt, ":silent", scheduled->silent);
  msg_stmt_set_int (stmt, ":ttl", scheduled->ttl_ms);
  msg_stmt_set_text (stmt, ":quote", scheduled->quote);
  msg_stmt_set_int (stmt, ":thread", scheduled->thread_id);
  return msg_stmt_run (stmt, error) && tell (db, log, scheduled, true, error);
}

bool
msg_scheduled_put (MsgDb *db, MsgLog *log, const MsgScheduled *scheduled, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE scheduled SET state = :state, failed = :failed, send_ms = :send,"
                                      " text = :text, entities = :entities WHERE id = :id");

  msg_stmt_set_int (stmt, ":state", scheduled->failed != NULL ? FAILED : WAITING);
  msg_stmt_set_text (stmt, ":failed", scheduled->failed);
  msg_stmt_set_int (stmt, ":send", scheduled->send_ms);
  msg_stmt_set_text (stmt, ":text", scheduled->text);
  msg_stmt_set_text (stmt, ":entities", scheduled->entities);
  msg_stmt_set_int (stmt, ":id", scheduled->id);
  return msg_stmt_run (stmt, error) && tell (db, log, scheduled, true, error);
}

bool
msg_scheduled_drop (MsgDb *db, MsgLog *log, const MsgScheduled *scheduled, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE scheduled SET state = 3, failed = NULL, text = '', entities = NULL, quote = NULL,"
                                      " send_ms = :end WHERE id = :id");

  msg_stmt_set_int (stmt, ":end", log->now_ms + DROPPED_FOR_MS);
  msg_stmt_set_int (stmt, ":id", scheduled->id);
  log->due_ms = MIN (log->due_ms, log->now_ms + DROPPED_FOR_MS);
  return msg_stmt_run (stmt, error) && tell (db, log, scheduled, false, error);
}

static bool
row_delete (MsgDb *db, MsgId id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "DELETE FROM scheduled WHERE id = :id");

  msg_stmt_set_int (stmt, ":id", id);
  return msg_stmt_run (stmt, error);
}

/* --- Sending --- */

/* What is kept of it beside what its author sees. */
typedef struct {
  MsgId device_id;
  uint8_t random_id[MSG_RANDOM_ID_BYTES];
  bool disabled;  /* the author may not do anything now */
} Origin;

static bool
load_origin (MsgDb *db, const MsgScheduled *scheduled, Origin *origin, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT s.device_id, s.random_id, u.disabled FROM scheduled s"
                                      " JOIN users u ON u.id = s.user_id WHERE s.id = :id");
  const void *bytes;
  gsize len;
  MsgStep step;

  msg_stmt_set_int (stmt, ":id", scheduled->id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_DONE)
    g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "user", "Its author is no more."));
  if (step != MSG_STEP_ROW)
    return false;
  origin->device_id = msg_stmt_get_int (stmt, 0);
  bytes = msg_stmt_get_bytes (stmt, 1, &len);
  g_assert (len == sizeof origin->random_id);
  memcpy (origin->random_id, bytes, len);
  origin->disabled = msg_stmt_get_int (stmt, 2) != 0;
  return true;
}

/* A message that is gone since is not answered any more; the rest of what was written is still meant. */
static bool
find_reply (MsgDb *db, const MsgScheduled *scheduled, int64_t *ret_reply_to, GError **error)
{
  g_autoptr (MsgMessage) replied = NULL;

  *ret_reply_to = 0;
  if (scheduled->reply_to == 0)
    return true;
  if (!msg_message_load (db, scheduled->chat_id, scheduled->user_id, scheduled->reply_to, &replied, error))
    return false;
  *ret_reply_to = replied != NULL ? replied->id : 0;
  return true;
}

const MsgMessage *
msg_scheduled_send (MsgDb *db, MsgLog *log, const MsgScheduled *scheduled, GError **error)
{
  Origin origin;
  MsgNewMessage spec = { .sender_id = scheduled->user_id,
                         .random_id = origin.random_id,
                         .kind = MSG_MESSAGE_TEXT,
                         .text = scheduled->text,
                         .entities = scheduled->entities,
                         .thread_id = scheduled->thread_id,
                         .quote_is_old = true,
                         .ttl_ms = scheduled->ttl_ms,
                         .silent = scheduled->silent };
  const MsgMessage *message;

  if (!load_origin (db, scheduled, &origin, error) || !find_reply (db, scheduled, &spec.reply_to, error))
    return NULL;
  if (origin.disabled)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_FORBIDDEN, "disabled", "This account is disabled."));
      return NULL;
    }
  spec.device_id = origin.device_id;
  spec.quote = spec.reply_to != 0 ? scheduled->quote : NULL;
  message = msg_send_write (db, log, scheduled->chat_id, &spec, error);
  if (message == NULL || !row_delete (db, scheduled->id, error) || !tell (db, log, scheduled, false, error))
    return NULL;
  return message;
}

/* Under its random_id a message may have been sent by hand: then there is one, not two. */
static bool
was_sent (MsgDb *db, MsgLog *log, const MsgScheduled *scheduled, bool *ret_sent, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT COUNT (*) FROM messages g JOIN scheduled s ON s.chat_id = g.chat_id"
                                      " AND s.user_id = g.sender_id AND s.random_id = g.random_id WHERE s.id = :id");

  msg_stmt_set_int (stmt, ":id", scheduled->id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  *ret_sent = msg_stmt_get_int (stmt, 0) != 0;
  return !*ret_sent || (row_delete (db, scheduled->id, error) && tell (db, log, scheduled, false, error));
}

static bool
run_one (MsgDb *db, MsgLog *log, MsgScheduled *scheduled, GError **error)
{
  g_autoptr (GError) refused = NULL;
  bool sent;

  log->user_id = scheduled->user_id;
  log->written = (MsgWritten){ 0 };
  if (!was_sent (db, log, scheduled, &sent, error))
    return false;
  if (sent)
    return true;
  if (msg_scheduled_send (db, log, scheduled, &refused) != NULL)
    return true;
  if (refused->code == MSG_ERROR_UNAVAILABLE || refused->code == MSG_ERROR_CONFLICT)
    {
      g_propagate_error (error, g_steal_pointer (&refused));
      return false;
    }
  if (refused->code == MSG_ERROR_LIMIT) /* slow mode: when its time there comes */
    scheduled->send_ms = log->now_ms + MAX (msg_error_get_retry_after_ms (refused), 1);
  else
    scheduled->failed = g_strdup (msg_error_get_reason (refused));
  return msg_scheduled_put (db, log, scheduled, error);
}

bool
msg_scheduled_run_due (MsgDb *db, MsgLog *log, unsigned max, GError **error)
{
  g_autoptr (GPtrArray) due = g_ptr_array_new_with_free_func (free_scheduled);
  g_autoptr (GArray) dropped = g_array_new (FALSE, FALSE, sizeof (MsgId));
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " COLUMNS ", s.state FROM scheduled s"
                                      " WHERE s.state <> 2 AND s.send_ms <= :now ORDER BY s.send_ms, s.id LIMIT :limit");
  MsgStep step;

  msg_stmt_set_int (stmt, ":now", log->now_ms);
  msg_stmt_set_int (stmt, ":limit", max);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgId id = msg_stmt_get_int (stmt, 0);

      if (msg_stmt_get_int (stmt, N_COLUMNS) == DROPPED)
        g_array_append_val (dropped, id);
      else
        g_ptr_array_add (due, from_row (stmt));
    }
  if (step == MSG_STEP_ERROR)
    return false;
  for (unsigned i = 0; i < dropped->len; i++)
    if (!row_delete (db, g_array_index (dropped, MsgId, i), error))
      return false;
  for (unsigned i = 0; i < due->len; i++)
    if (!run_one (db, log, due->pdata[i], error))
      return false;
  return true;
}
