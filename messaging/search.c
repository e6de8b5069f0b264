/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Searching messages. The index gives numbers of messages, newest first, some at a time; each is read where it stands, with
 * what its asker may see as part of the query, and compared with the query. A search ends when its page is full, or when it
 * has looked at enough: what comes then is the next page's.
 */
#include "messaging/search.h"

#include "messaging/chat-rows.h"
#include "messaging/search-op.h"
#include "messaging/search-rows.h"

#define ROUND_ROWS 64       /* of the index at a time */
#define LOOKS_MAX 2048      /* rows of the index looked at by one search */
#define BUDGET_US (100 * 1000)
/* times of messages go up with their numbers, unless the clock was put back: by so much it may have been */
#define CLOCK_SLACK_MS (3600 * 1000)

typedef struct {
  MsgSearchOp base;
  MsgSearch asked;  /* without the query */
  MsgHits page;
  gsize bytes;      /* of the page */
  int64_t from;     /* numbers from here on */
  int64_t below;    /* numbers less than that are still to be looked at */
  char *match;      /* owned */
  MsgHitsFn fn;
  gpointer data;
} HitsOp;

static void
hit_free (gpointer data)
{
  MsgHit *hit = data;

  msg_message_free (hit->message);
  g_array_unref (hit->ranges);
  g_free (hit);
}

static void
hits_reply (MsgOp *ctx, const GError *error)
{
  HitsOp *op = (HitsOp *) ctx;

  op->fn (error == NULL ? &op->page : NULL, error, op->data);
}

static void
hits_clear (MsgOp *ctx)
{
  HitsOp *op = (HitsOp *) ctx;

  msg_query_free (op->base.query);
  g_ptr_array_unref (op->page.hits);
  g_free (op->match);
}

/* --- Where --- */

/* Returns: (transfer full) (nullable) (element-type MsgId): the chats that are looked into */
static GArray *
list_chats (MsgDb *db, const HitsOp *op, GError **error)
{
  g_autoptr (GArray) chats = g_array_new (FALSE, FALSE, sizeof (MsgId));
  g_autoptr (MsgChat) chat = NULL;
  MsgStmt *stmt;
  MsgStep step;

  if (op->asked.chat_id != 0)
    {
      chat = msg_chat_load_for (db, op->asked.chat_id, op->base.user_id, MSG_ACT_READ, op->base.now_ms, error);
      if (chat == NULL)
        return NULL;
      g_array_append_val (chats, chat->id);
      return g_steal_pointer (&chats);
    }
  stmt = msg_db_prepare (db, "SELECT m.chat_id FROM chat_members m JOIN chats c ON c.id = m.chat_id"
                             " WHERE m.user_id = :user AND " MSG_MEMBER_IS_IN " AND c.deleted_ms = 0"
                             " ORDER BY CASE WHEN c.top_ms > m.last_ms THEN c.top_ms ELSE m.last_ms END DESC"
                             " LIMIT :limit");
  msg_stmt_set_int (stmt, ":user", op->base.user_id);
  msg_stmt_set_int (stmt, ":limit", MSG_SEARCH_CHATS);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgId chat_id = msg_stmt_get_int (stmt, 0);

      g_array_append_val (chats, chat_id);
    }
  return step == MSG_STEP_DONE ? g_steal_pointer (&chats) : NULL;
}

/* @ret_seq: of the newest message whose number is at most @seq, and when it was sent; 0 when there is none */
static bool
read_time (MsgDb *db, int64_t seq, int64_t *ret_seq, int64_t *ret_ms, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT seq, at_ms FROM messages WHERE seq <= :seq ORDER BY seq DESC LIMIT 1");
  MsgStep step;

  msg_stmt_set_int (stmt, ":seq", seq);
  step = msg_stmt_step (stmt, error);
  *ret_seq = step == MSG_STEP_ROW ? msg_stmt_get_int (stmt, 0) : 0;
  *ret_ms = step == MSG_STEP_ROW ? msg_stmt_get_int (stmt, 1) : 0;
  return step != MSG_STEP_ERROR;
}

/* Finds by halves the first number whose message was not sent before @at_ms. */
static bool
find_seq (MsgDb *db, int64_t at_ms, int64_t *ret_seq, GError **error)
{
  int64_t low = 0, high, mid_ms;

  if (!read_time (db, G_MAXINT64, &high, &mid_ms, error))
    return false;
  for (high++; high - low > 1;)
    {
      int64_t mid = low + (high - low) / 2, seq;

      if (!read_time (db, mid, &seq, &mid_ms, error))
        return false;
      if (seq <= low || mid_ms < at_ms)
        low = mid;
      else
        high = seq;
    }
  *ret_seq = high;
  return true;
}

static bool
find_bounds (MsgDb *db, HitsOp *op, GError **error)
{
  const MsgSearch *asked = &op->asked;
  int64_t end;

  op->from = 0;
  op->below = asked->next != 0 ? asked->next : G_MAXINT64;
  if (asked->after_ms > CLOCK_SLACK_MS && !find_seq (db, asked->after_ms - CLOCK_SLACK_MS, &op->from, error))
    return false;
  if (asked->before_ms == 0 || asked->before_ms > G_MAXINT64 - CLOCK_SLACK_MS)
    return true;
  if (!find_seq (db, asked->before_ms + CLOCK_SLACK_MS, &end, error))
    return false;
  op->below = MIN (op->below, end);
  return true;
}

/* --- Looking --- */

/* A row of the index, and beside it the chat's id if the message is one that is wanted and may be seen. PostgreSQL has to
 * know all numbers that fit before it can sort them; each chat by itself it reads from the index, without weighing other
 * plans. */
#define WANTED                                                                                                         \
  " LEFT JOIN messages g ON g.seq = f.seq AND (:one_chat = 0 OR g.chat_id = :one_chat)"                                \
  " AND (:sender = 0 OR g.sender_id = :sender) AND (:kind = 0 OR g.kind = :kind)"                                      \
  " AND (:thread = 0 OR g.thread_id = :thread)"                                                                        \
  " AND g.at_ms >= :after AND g.at_ms < :before"                                                                       \
  " LEFT JOIN chat_members m ON m.chat_id = g.chat_id AND m.user_id = :user AND " MSG_MEMBER_IS_IN                     \
  " AND " MSG_MESSAGE_IS_VISIBLE " ORDER BY f.seq DESC"

static const char *const look_sql[MSG_DIALECT_N] = {
  ("SELECT f.seq, m.chat_id, " MSG_MESSAGE_COLUMNS " FROM"
   " (SELECT rowid AS seq FROM message_words WHERE message_words MATCH :match"
   " AND rowid >= :from AND rowid < :below ORDER BY rowid DESC LIMIT :limit) f" WANTED),
  ("SELECT f.seq, m.chat_id, " MSG_MESSAGE_COLUMNS " FROM (SELECT w.seq"
   " FROM unnest (string_to_array (:match, chr (10))) AS q (words) CROSS JOIN LATERAL"
   " (SELECT n.seq FROM (SELECT t.seq FROM message_words t WHERE t.words @@ CAST (q.words AS TSQUERY) OFFSET 0) n"
   " WHERE n.seq >= :from AND n.seq < :below ORDER BY n.seq DESC LIMIT :limit) w"
   " ORDER BY w.seq DESC LIMIT :limit) f" WANTED),
};

static MsgStmt *
prepare_look (MsgDb *db, const HitsOp *op)
{
  const MsgSearch *asked = &op->asked;
  MsgStmt *stmt = msg_db_prepare (db, look_sql[msg_db_get_dialect (db)]);

  msg_stmt_set_text (stmt, ":match", op->match);
  msg_stmt_set_int (stmt, ":from", op->from);
  msg_stmt_set_int (stmt, ":below", op->below);
  msg_stmt_set_int (stmt, ":limit", ROUND_ROWS);
  msg_stmt_set_int (stmt, ":user", op->base.user_id);
  msg_stmt_set_int (stmt, ":one_chat", asked->chat_id);
  msg_stmt_set_int (stmt, ":sender", asked->sender_id);
  msg_stmt_set_int (stmt, ":kind", asked->kind);
  msg_stmt_set_int (stmt, ":thread", asked->thread_id);
  msg_stmt_set_int (stmt, ":after", asked->after_ms);
  msg_stmt_set_int (stmt, ":before", asked->before_ms != 0 ? asked->before_ms : G_MAXINT64);
  return stmt;
}

/* @end: where the text ends in what was looked at */
static void
keep_in_text (GArray *ranges, unsigned end)
{
  unsigned n = 0;

  while (n < ranges->len
         && g_array_index (ranges, MsgRange, n).offset + g_array_index (ranges, MsgRange, n).length <= end)
    n++;
  g_array_set_size (ranges, n);
}

static void
take_row (HitsOp *op, MsgStmt *stmt)
{
  g_autoptr (MsgMessage) message = NULL;
  g_autofree char *text = NULL;
  unsigned end;
  GArray *ranges;
  MsgHit *hit;

  if (msg_stmt_get_int (stmt, 1) == 0)
    return;
  message = msg_message_from_row (stmt, 2);
  if (op->asked.media != MSG_MEDIA_ANY && (msg_search_get_media (message) >> op->asked.media & 1) == 0)
    return;
  text = msg_search_get_text (message, &end);
  if (!msg_query_match (op->base.query, text, &ranges))
    return;
  keep_in_text (ranges, end);
  op->bytes += msg_message_weigh (message) + ranges->len * 16;
  hit = g_new0 (MsgHit, 1);
  hit->message = g_steal_pointer (&message);
  hit->ranges = ranges;
  g_ptr_array_add (op->page.hits, hit);
}

/* @ret_rows: looked at; fewer than ROUND_ROWS: the page is full or there are no more */
static bool
look (MsgDb *db, HitsOp *op, unsigned *ret_rows, GError **error)
{
  MsgStmt *stmt = prepare_look (db, op);
  MsgStep step;

  *ret_rows = 0;
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      (*ret_rows)++;
      op->below = msg_stmt_get_int (stmt, 0);
      take_row (op, stmt);
      if (op->page.hits->len < op->base.limit && op->bytes <= MSG_PAGE_BYTES)
        continue;
      op->page.next = op->below;
      break;
    }
  return step != MSG_STEP_ERROR;
}

static bool
hits_run (MsgDb *db, gpointer ctx, GError **error)
{
  HitsOp *op = ctx;
  g_autoptr (GArray) chats = list_chats (db, op, error);
  int64_t start_us = g_get_monotonic_time ();
  unsigned rows = 0, looks = 0;

  if (chats == NULL)
    return false;
  if (chats->len == 0)
    return true;
  if (!find_bounds (db, op, error))
    return false;
  op->match = msg_search_write_match (msg_db_get_dialect (db), op->base.query, chats, op->asked.sender_id,
                                      op->asked.media);
  do
    {
      if (!look (db, op, &rows, error))
        return false;
      looks += rows;
      if (rows == ROUND_ROWS && (looks >= LOOKS_MAX || g_get_monotonic_time () - start_us > BUDGET_US))
        op->page.next = op->below;
    }
  while (rows == ROUND_ROWS && op->page.next == 0);
  return true;
}

/* --- Asking --- */

void
msg_search_op_start (MsgSearchOp *op, const char *query, MsgOpRun run)
{
  MsgCore *core = op->op.core;
  GError *error = NULL;
  int64_t wait_ms;

  op->now_ms = msg_core_now_ms (core);
  if (op->query == NULL)
    op->query = msg_query_parse (query, &error);
  if (op->query != NULL && (op->limit < 1 || op->limit > MSG_SEARCH_MAX))
    error = msg_error_new (MSG_ERROR_INVALID, "limit", "1 to %d at once.", MSG_SEARCH_MAX);
  if (error != NULL)
    {
      msg_op_fail (&op->op, error);
      return;
    }
  wait_ms = msg_limits_take_search (core->limits, op->user_id, core->options.now_us (core->options.clock_data));
  if (wait_ms > 0)
    msg_op_fail (&op->op, msg_error_new_retry (MSG_ERROR_LIMIT, "search_rate", wait_ms,
                                               "Too many searches; try again later."));
  else
    msg_op_read (op, run, msg_op_end);
}

void
msg_search_messages (MsgCore *core, MsgId user_id, const MsgSearch *search, MsgHitsFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (HitsOp), hits_reply, hits_clear };
  HitsOp *op;

  g_return_if_fail (core != NULL && search != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->base.user_id = user_id;
  op->base.limit = search->limit;
  op->asked = *search;
  op->asked.query = NULL;
  op->page.hits = g_ptr_array_new_with_free_func (hit_free);
  op->fn = fn;
  op->data = data;
  if (search->query == NULL && search->media != MSG_MEDIA_ANY)
    op->base.query = msg_query_new ();
  if (search->thread_id != 0 && search->chat_id == 0)
    msg_op_fail (&op->base.op, msg_error_new (MSG_ERROR_INVALID, "thread", "A thread is one of a chat."));
  else
    msg_search_op_start (&op->base, search->query, hits_run);
}
