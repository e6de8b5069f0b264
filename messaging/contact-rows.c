/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/contact-rows.h"

#include "messaging/privacy-rows.h"

#define HOUR_MS (INT64_C (3600) * 1000)
#define DAY_MS (24 * HOUR_MS)

bool
msg_contact_load (MsgDb *db, const MsgCoreOptions *options, MsgId user_id, int64_t now_ms, MsgLimited *ret_limited,
                  GError **error)
{
  MsgStmt *stmt = msg_db_prepare (
      db, "SELECT COALESCE ((SELECT l.until_ms FROM limited_users l WHERE l.user_id = :user AND l.until_ms > :now), 0),"
          " (SELECT COUNT (*) FROM contact_starts s WHERE s.user_id = :user AND s.at_ms > :hour),"
          " (SELECT COUNT (*) FROM contact_starts s WHERE s.user_id = :user AND s.at_ms > :day)");

  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":now", now_ms);
  msg_stmt_set_int (stmt, ":hour", now_ms - HOUR_MS);
  msg_stmt_set_int (stmt, ":day", now_ms - DAY_MS);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  *ret_limited = (MsgLimited){ .until_ms = msg_stmt_get_int (stmt, 0),
                               .hour = options->contacts_per_hour,
                               .day = options->contacts_per_day,
                               .n_hour = (unsigned) msg_stmt_get_int (stmt, 1),
                               .n_day = (unsigned) msg_stmt_get_int (stmt, 2) };
  if (ret_limited->until_ms != 0)
    ret_limited->hour = ret_limited->day = options->limited_contacts_per_day;
  return true;
}

/* @ret_wait_ms: until one of so many that count in @window_ms has left it */
static bool
find_wait (MsgDb *db, MsgId user_id, unsigned allowed, int64_t window_ms, int64_t now_ms, int64_t *ret_wait_ms,
           GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT at_ms FROM contact_starts WHERE user_id = :user"
                                      " ORDER BY at_ms DESC LIMIT 1 OFFSET :skip");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":skip", allowed - 1);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ROW)
    *ret_wait_ms = MAX (*ret_wait_ms, msg_stmt_get_int (stmt, 0) + window_ms - now_ms);
  return step != MSG_STEP_ERROR;
}

static bool
refuse (int64_t wait_ms, GError **error)
{
  g_propagate_error (error, msg_error_new_retry (MSG_ERROR_LIMIT, "contact_rate", MAX (wait_ms, 1),
                                                 "You have written to many people who do not know you. Wait."));
  return false;
}

static bool
check (MsgDb *db, const MsgLimited *limited, MsgId user_id, int64_t now_ms, GError **error)
{
  bool limits = limited->until_ms != 0;
  int64_t wait_ms = 0;

  if (limits && limited->day == 0)
    return refuse (limited->until_ms - now_ms, error);
  if (limited->hour > 0 && limited->n_hour >= limited->hour
      && !find_wait (db, user_id, limited->hour, HOUR_MS, now_ms, &wait_ms, error))
    return false;
  if (limited->day > 0 && limited->n_day >= limited->day
      && !find_wait (db, user_id, limited->day, DAY_MS, now_ms, &wait_ms, error))
    return false;
  return wait_ms <= 0 || refuse (wait_ms, error);
}

/* @ret_first: nothing of the user stands in the chat yet; what was deleted did */
static bool
is_first (MsgDb *db, const MsgChat *chat, MsgId user_id, bool *ret_first, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT 1 FROM messages WHERE chat_id = :chat AND sender_id = :user"
                                      " AND random_id IS NOT NULL LIMIT 1");
  MsgStep step;

  msg_stmt_set_int (stmt, ":chat", chat->id);
  msg_stmt_set_int (stmt, ":user", user_id);
  step = msg_stmt_step (stmt, error);
  *ret_first = step == MSG_STEP_DONE;
  return step != MSG_STEP_ERROR;
}

/* What is older than a day counts for nothing. */
static bool
put_start (MsgDb *db, const MsgChat *chat, MsgId user_id, int64_t now_ms, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "DELETE FROM contact_starts WHERE user_id = :user AND at_ms <= :day");

  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":day", now_ms - DAY_MS);
  if (!msg_stmt_run (stmt, error))
    return false;
  stmt = msg_db_prepare (db, "INSERT INTO contact_starts (user_id, at_ms, chat_id) VALUES (:user, :now, :chat)"
                             " ON CONFLICT DO NOTHING");
  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":now", now_ms);
  msg_stmt_set_int (stmt, ":chat", chat->id);
  return msg_stmt_run (stmt, error);
}

bool
msg_contact_take (MsgDb *db, const MsgCoreOptions *options, const MsgChat *chat, MsgId user_id, int64_t now_ms,
                  GError **error)
{
  MsgRelation relation;
  MsgLimited limited;
  bool first;

  if (chat->kind != MSG_CHAT_PRIVATE || chat->peer == NULL)
    return true;
  if (!is_first (db, chat, user_id, &first, error))
    return false;
  if (!first)
    return true;
  if (!msg_privacy_load (db, chat->peer->id, user_id, &relation, error))
    return false;
  if (relation.known)
    return true;
  return msg_contact_load (db, options, user_id, now_ms, &limited, error) && check (db, &limited, user_id, now_ms, error)
         && put_start (db, chat, user_id, now_ms, error);
}
