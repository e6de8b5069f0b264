/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/account-export.h"

#include <string.h>

#include "messaging/call-rows.h"
#include "messaging/chat-rows.h"
#include "messaging/core-private.h"
#include "messaging/privacy-rows.h"
#include "messaging/rows.h"
#include "messaging/schedule-rows.h"

typedef enum { SECTION_ACCOUNT, SECTION_BLOCKED, SECTION_CHATS, SECTION_CALLS, SECTION_SCHEDULED, SECTION_N } Section;

/* Chats that one page looks into: most of them have nothing new to read, but each is a few statements. */
#define CHATS_MAX 100

typedef struct {
  MsgOp op;
  MsgId user_id;
  int64_t now_ms;
  MsgExportPlace from; /* as asked for: a job may be run again */
  MsgExportPage page;
  gsize bytes;
  GHashTable *people;  /* owned: ids of the senders that stand in the page */
  MsgExportFn fn;
  gpointer data;
} ExportOp;

/* --- Places --- */

char *
msg_export_place_format (const MsgExportPlace *place, char ret_text[MSG_EXPORT_PLACE_STRLEN])
{
  (void) g_snprintf (ret_text, MSG_EXPORT_PLACE_STRLEN, "%u.%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT ".%d", place->section,
                     place->a, place->b, place->inside);
  return ret_text;
}

bool
msg_export_place_parse (const char *text, MsgExportPlace *ret_place)
{
  g_auto (GStrv) parts = g_strsplit (text, ".", 5);
  gint64 section, a, b, inside;

  if (g_strv_length (parts) != 4 || !g_ascii_string_to_signed (parts[0], 10, 0, SECTION_N - 1, &section, NULL)
      || !g_ascii_string_to_signed (parts[1], 10, 0, G_MAXINT64, &a, NULL)
      || !g_ascii_string_to_signed (parts[2], 10, G_MININT64, G_MAXINT64, &b, NULL)
      || !g_ascii_string_to_signed (parts[3], 10, 0, 1, &inside, NULL))
    return false;
  *ret_place = (MsgExportPlace){ (unsigned) section, a, b, inside != 0 };
  return true;
}

/* --- Items --- */

static void
item_free (gpointer data)
{
  MsgExportItem *item = data;

  msg_user_free (item->user);
  msg_device_free (item->device);
  msg_chat_free (item->chat);
  msg_message_free (item->message);
  msg_scheduled_free (item->scheduled);
  g_free (item);
}

static MsgExportItem *
add (ExportOp *op, MsgExportKind kind)
{
  MsgExportItem *item = g_new0 (MsgExportItem, 1);

  item->kind = kind;
  op->bytes += MSG_ROW_WEIGHT;
  g_ptr_array_add (op->page.items, item);
  return item;
}

static bool
is_full (const ExportOp *op)
{
  return op->page.items->len >= MSG_EXPORT_ITEMS || op->bytes > MSG_PAGE_BYTES;
}

/* how many more; one at least, so that each page goes on */
static int64_t
get_room (const ExportOp *op)
{
  return MAX (MSG_EXPORT_ITEMS - (int64_t) op->page.items->len, 1);
}

/* --- The account --- */

static bool
add_account (MsgDb *db, ExportOp *op, GError **error)
{
  g_autoptr (MsgUser) user = msg_user_load (db, op->user_id, error);
  MsgRelation relation;
  MsgExportItem *item;
  MsgStmt *stmt;
  MsgStep step;

  if (user == NULL || !msg_privacy_load (db, op->user_id, 0, &relation, error))
    return false;
  item = add (op, MSG_EXPORT_ACCOUNT);
  item->user = g_steal_pointer (&user);
  item->privacy = relation.privacy;
  stmt = msg_db_prepare (db, "SELECT COUNT (*) FROM two_factor WHERE user_id = :user AND enabled_ms > 0");
  msg_stmt_set_int (stmt, ":user", op->user_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  item->two_factor = msg_stmt_get_int (stmt, 0) > 0;
  stmt = msg_db_prepare (db, "SELECT " MSG_DEVICE_COLUMNS ", d.seen_ms, COALESCE (s.created_ms, 0) FROM devices d"
                             " LEFT JOIN sessions s ON s.device_id = d.id WHERE d.user_id = :user ORDER BY d.added_ms");
  msg_stmt_set_int (stmt, ":user", op->user_id);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      item = add (op, MSG_EXPORT_DEVICE);
      item->device = msg_device_from_row (stmt, 0);
      item->at_ms = msg_stmt_get_int (stmt, MSG_DEVICE_N_COLUMNS);
      item->session_ms = msg_stmt_get_int (stmt, MSG_DEVICE_N_COLUMNS + 1);
    }
  op->page.next = (MsgExportPlace){ .section = SECTION_BLOCKED };
  return step == MSG_STEP_DONE;
}

static bool
add_blocked (MsgDb *db, ExportOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT b.at_ms, " MSG_USER_COLUMNS " FROM blocks b JOIN users u"
                                      " ON u.id = b.blocked_id WHERE b.user_id = :user AND b.blocked_id > :after"
                                      " ORDER BY b.blocked_id LIMIT :limit");
  int64_t limit = get_room (op), n = 0;
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":after", op->page.next.a);
  msg_stmt_set_int (stmt, ":limit", limit);
  for (; (step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW; n++)
    {
      MsgExportItem *item = add (op, MSG_EXPORT_BLOCKED);

      item->at_ms = msg_stmt_get_int (stmt, 0);
      item->user = msg_user_from_row (stmt, 1);
      op->page.next.a = item->user->id;
    }
  if (step == MSG_STEP_DONE && n < limit)
    op->page.next = (MsgExportPlace){ .section = SECTION_CHATS };
  return step == MSG_STEP_DONE;
}

/* --- Chats --- */

/* Sets the place to the next chat, or to what follows the last. */
static bool
find_chat (MsgDb *db, ExportOp *op, GError **error)
{
  MsgExportPlace *place = &op->page.next;
  MsgStmt *stmt;
  MsgStep step;

  if (place->inside)
    return true;
  stmt = msg_db_prepare (db, "SELECT MIN (chat_id) FROM chat_members WHERE user_id = :user AND chat_id > :after");
  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":after", place->a);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ROW && msg_stmt_get_int (stmt, 0) != 0)
    *place = (MsgExportPlace){ SECTION_CHATS, msg_stmt_get_int (stmt, 0), G_MININT64, true };
  else
    *place = (MsgExportPlace){ SECTION_CALLS, G_MAXINT64, 0, false };
  return step != MSG_STEP_ERROR;
}

/* who has written it, once in a page */
static bool
add_person (MsgDb *db, ExportOp *op, MsgId user_id, GError **error)
{
  MsgStmt *stmt;
  MsgStep step;

  if (user_id == 0 || !g_hash_table_add (op->people, GSIZE_TO_POINTER (user_id)))
    return true;
  stmt = msg_db_prepare (db, "SELECT " MSG_USER_COLUMNS " FROM users u WHERE u.id = :id");
  msg_stmt_set_int (stmt, ":id", user_id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ROW)
    add (op, MSG_EXPORT_PERSON)->user = msg_user_from_row (stmt, 0);
  return step != MSG_STEP_ERROR;
}

/* In the order of ids, what the user sees. */
static const char seen_sql[] = "SELECT " MSG_MESSAGE_COLUMNS ", g.id FROM messages g WHERE g.chat_id = :chat AND g.id > :from"
                               " AND " MSG_MESSAGE_IS_SHOWN " ORDER BY g.id LIMIT :limit";
/* In the order of the one index by sender. */
static const char own_sql[] = "SELECT " MSG_MESSAGE_COLUMNS ", g.random_id FROM messages g WHERE g.chat_id = :chat"
                              " AND g.sender_id = :user AND g.random_id >= :from AND g.deleted_ms = 0"
                              " ORDER BY g.random_id LIMIT :limit";

/* A random id as a number of the same order. */
static int64_t
to_number (const uint8_t *id)
{
  uint64_t value = 0;

  for (unsigned i = 0; i < MSG_RANDOM_ID_BYTES; i++)
    value = value << 8 | id[i];
  return (int64_t) (value ^ (UINT64_C (1) << 63));
}

static void
from_number (int64_t number, uint8_t *ret_id)
{
  uint64_t value = (uint64_t) number ^ (UINT64_C (1) << 63);

  for (unsigned i = MSG_RANDOM_ID_BYTES; i > 0; i--, value >>= 8)
    ret_id[i - 1] = (uint8_t) value;
}

static MsgStmt *
prepare_messages (MsgDb *db, ExportOp *op, const MsgChat *chat, bool all, int64_t limit)
{
  MsgStmt *stmt = msg_db_prepare (db, all ? seen_sql : own_sql);
  uint8_t random_id[MSG_RANDOM_ID_BYTES];

  msg_stmt_set_int (stmt, ":chat", chat->id);
  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":limit", limit);
  if (all)
    {
      msg_stmt_set_int (stmt, ":from", op->page.next.b);
      msg_stmt_set_int (stmt, ":first", chat->first_id);
      return stmt;
    }
  from_number (op->page.next.b, random_id);
  msg_stmt_set_bytes (stmt, ":from", random_id, sizeof random_id);
  return stmt;
}

/* @ret_more: the chat has more, which goes into the next page */
static bool
add_messages (MsgDb *db, ExportOp *op, const MsgChat *chat, bool all, bool *ret_more, GError **error)
{
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func ((GDestroyNotify) msg_message_free);
  int64_t limit = get_room (op), last = 0;
  gsize bytes = op->bytes, len;
  MsgStmt *stmt = prepare_messages (db, op, chat, all, limit);
  MsgStep step = MSG_STEP_DONE;

  while (bytes <= MSG_PAGE_BYTES && (step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgMessage *message = msg_message_from_row (stmt, 0);

      g_ptr_array_add (messages, message);
      bytes += msg_message_weigh (message);
      last = all ? message->id : to_number (msg_stmt_get_bytes (stmt, MSG_MESSAGE_N_COLUMNS, &len));
      op->page.next.b = all || last == G_MAXINT64 ? last : last + 1;
    }
  if (step == MSG_STEP_ERROR)
    return false;
  *ret_more = (bytes > MSG_PAGE_BYTES || messages->len == limit) && last != G_MAXINT64;
  for (unsigned i = 0; i < messages->len; i++)
    {
      if (!add_person (db, op, ((const MsgMessage *) messages->pdata[i])->sender_id, error))
        return false;
      add (op, MSG_EXPORT_MESSAGE)->message = msg_message_copy (messages->pdata[i]);
    }
  op->bytes = MAX (op->bytes, bytes);
  return true;
}

/* What the chat is to the user stands before its messages, if the user is in it; it may have gone meanwhile. */
static bool
add_chat (MsgDb *db, ExportOp *op, GError **error)
{
  MsgExportPlace *place = &op->page.next;
  g_autoptr (GError) cause = NULL;
  g_autoptr (MsgChat) chat = msg_chat_load (db, place->a, op->user_id, op->now_ms, &cause);
  bool more = false, inside, all;

  if (chat == NULL && !g_error_matches (cause, MSG_ERROR, MSG_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return false;
    }
  if (chat != NULL)
    {
      inside = chat->standing.role >= MSG_ROLE_RESTRICTED;
      all = inside && !msg_chat_has_log (chat->kind);
      if (inside && place->b == G_MININT64)
        {
          if (!msg_chat_fill_in (db, chat, op->user_id, error))
            return false;
          add (op, MSG_EXPORT_CHAT)->chat = msg_chat_copy (chat);
        }
      if (!add_messages (db, op, chat, all, &more, error))
        return false;
    }
  place->inside = more;
  return true;
}

static bool
add_chats (MsgDb *db, ExportOp *op, GError **error)
{
  for (unsigned n = 0; n < CHATS_MAX && !is_full (op); n++)
    {
      if (!find_chat (db, op, error))
        return false;
      if (op->page.next.section != SECTION_CHATS)
        return true;
      if (!add_chat (db, op, error))
        return false;
    }
  return true;
}

/* --- Calls --- */

static bool
add_calls (MsgDb *db, ExportOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (
      db, "SELECT " MSG_CALL_COLUMNS ", c.seq, " MSG_USER_COLUMNS " FROM ("
          "  SELECT * FROM (SELECT * FROM calls WHERE caller_user = :user AND seq < :before AND state = 3"
          "    ORDER BY seq DESC LIMIT :limit) a"
          "  UNION ALL"
          "  SELECT * FROM (SELECT * FROM calls WHERE callee_user = :user AND caller_user <> :user AND seq < :before"
          "    AND state = 3 AND withheld = 0 ORDER BY seq DESC LIMIT :limit) b"
          ") c JOIN users u ON u.id = CASE WHEN c.caller_user = :user THEN c.callee_user ELSE c.caller_user END"
          " ORDER BY c.seq DESC LIMIT :limit");
  int64_t limit = get_room (op), n = 0;
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":before", op->page.next.a);
  msg_stmt_set_int (stmt, ":limit", limit);
  for (; (step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW; n++)
    {
      MsgExportItem *item = add (op, MSG_EXPORT_CALL);

      msg_call_from_row (stmt, &item->call);
      op->page.next.a = msg_stmt_get_int (stmt, MSG_CALL_N_COLUMNS);
      item->user = msg_user_from_row (stmt, MSG_CALL_N_COLUMNS + 1);
      item->outgoing = item->call.caller_user == op->user_id;
    }
  if (step == MSG_STEP_DONE && n < limit)
    op->page.next = (MsgExportPlace){ .section = SECTION_SCHEDULED };
  return step == MSG_STEP_DONE;
}

/* --- What is to be sent --- */

static bool
add_scheduled (MsgDb *db, ExportOp *op, GError **error)
{
  int64_t limit = get_room (op);
  g_autoptr (GPtrArray) list = msg_scheduled_list_all (db, op->user_id, op->page.next.a, limit, error);

  if (list == NULL)
    return false;
  op->page.has_next = list->len == limit;
  for (unsigned i = 0; i < list->len; i++)
    {
      MsgExportItem *item = add (op, MSG_EXPORT_SCHEDULED);

      item->scheduled = msg_scheduled_copy (list->pdata[i]);
      op->page.next.a = item->scheduled->id;
      op->bytes += strlen (item->scheduled->text);
      op->bytes += item->scheduled->entities != NULL ? strlen (item->scheduled->entities) : 0;
      if (op->bytes > MSG_PAGE_BYTES && i + 1 < list->len)
        {
          op->page.has_next = true;
          break;
        }
    }
  return true;
}

/* --- A page --- */

static bool
export_run (MsgDb *db, gpointer ctx, GError **error)
{
  static bool (*const sections[SECTION_N]) (MsgDb *, ExportOp *, GError **) = { add_account, add_blocked, add_chats,
                                                                                add_calls,   add_scheduled };
  ExportOp *op = ctx;
  g_autoptr (MsgUser) user = msg_user_load (db, op->user_id, error);

  if (user == NULL)
    return false;
  op->page.next = op->from;
  op->page.has_next = true;
  /* one section after the other, as long as they fit; the chats themselves say when they stop early */
  for (unsigned section = op->from.section; section == op->page.next.section && !is_full (op) && section < SECTION_N;
       section++)
    if (!sections[section](db, op, error))
      return false;
  return true;
}

static void
export_reply (MsgOp *ctx, const GError *error)
{
  ExportOp *op = (ExportOp *) ctx;

  op->fn (error == NULL ? &op->page : NULL, error, op->data);
}

static void
export_clear (MsgOp *ctx)
{
  ExportOp *op = (ExportOp *) ctx;

  g_ptr_array_unref (op->page.items);
  g_hash_table_unref (op->people);
}

void
msg_account_export (MsgCore *core, MsgId user_id, const MsgExportPlace *place, MsgExportFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (ExportOp), export_reply, export_clear };
  ExportOp *op;
  int64_t wait_ms;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->user_id = user_id;
  op->now_ms = msg_core_now_ms (core);
  if (place != NULL)
    op->from = *place;
  op->page.items = g_ptr_array_new_with_free_func (item_free);
  op->people = g_hash_table_new (NULL, NULL);
  op->fn = fn;
  op->data = data;
  wait_ms = msg_limits_take_export (core->limits, user_id, core->options.now_us (core->options.clock_data));
  if (wait_ms > 0)
    msg_op_fail (&op->op, msg_error_new_retry (MSG_ERROR_LIMIT, "export_rate", wait_ms, "Too many pages at once."));
  else
    msg_op_read (op, export_run, msg_op_end);
}
