/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/search-rows.h"

#include <string.h>

#include "base/log.h"
#include "messaging/message-text.h"

#define FILL_MESSAGES 2000

/* --- What a message is found by --- */

static const char *const media_words[MSG_MEDIA_N] = {
  [MSG_MEDIA_PHOTO] = "photo", [MSG_MEDIA_VIDEO] = "video", [MSG_MEDIA_AUDIO] = "audio", [MSG_MEDIA_VOICE] = "voice",
  [MSG_MEDIA_FILE] = "file",   [MSG_MEDIA_LINK] = "link",   [MSG_MEDIA_POLL] = "poll",
};

MsgMedia
msg_media_parse (const char *word)
{
  unsigned media = MSG_MEDIA_ANY + 1;

  while (media < MSG_MEDIA_N && strcmp (word, media_words[media]) != 0)
    media++;
  return media;
}

char *
msg_search_get_text (const MsgMessage *message, unsigned *ret_units)
{
  g_autoptr (GPtrArray) files = NULL;
  GString *text;

  *ret_units = 0;
  for (const char *p = message->text; *p != '\0'; p = g_utf8_next_char (p))
    *ret_units += g_utf8_get_char (p) > 0xffff ? 2 : 1;
  if (message->files == NULL)
    return g_strdup (message->text);
  files = msg_files_parse (message->files);
  text = g_string_new (message->text);
  for (unsigned i = 0; i < files->len; i++)
    g_string_append_printf (text, "\n%s", ((const MsgFile *) files->pdata[i])->name);
  return g_string_free (text, FALSE);
}

static bool
has_link (const MsgMessage *message)
{
  g_autoptr (GArray) entities = NULL;

  if (strstr (message->text, "https://") != NULL || strstr (message->text, "http://") != NULL)
    return true;
  entities = message->entities != NULL ? msg_entities_parse (message->entities) : NULL;
  for (unsigned i = 0; entities != NULL && i < entities->len; i++)
    {
      MsgEntityType type = g_array_index (entities, MsgEntity, i).type;

      if (type == MSG_ENTITY_LINK || type == MSG_ENTITY_URL)
        return true;
    }
  return false;
}

unsigned
msg_search_get_media (const MsgMessage *message)
{
  g_autoptr (GPtrArray) files = message->files != NULL ? msg_files_parse (message->files) : NULL;
  unsigned media = message->kind == MSG_MESSAGE_POLL ? 1u << MSG_MEDIA_POLL : 0;

  for (unsigned i = 0; files != NULL && i < files->len; i++)
    media |= 1u << ((const MsgFile *) files->pdata[i])->kind;
  return has_link (message) ? media | 1u << MSG_MEDIA_LINK : media;
}

/* --- Words of the index --- */

/* Marks of 30 bits: six digits. Two chats with the same one find each other's messages, which are sorted out as those of
 * chats that the asker is not in. Neither a mark nor '@', which no word holds, can be taken for something else. */
static void
append_mark (GString *out, MsgId id)
{
  static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";

  for (unsigned shift = 0; shift < 30; shift += 5)
    g_string_append_c (out, digits[(id >> shift) & 31]);
}

static void
append_word (GString *out, MsgId chat_id, const char *word, char quote)
{
  g_string_append_c (out, quote);
  append_mark (out, chat_id);
  g_string_append (out, word);
  g_string_append_c (out, quote);
}

static void
append_sender (GString *out, MsgId chat_id, MsgId sender_id, char quote)
{
  g_string_append_c (out, quote);
  append_mark (out, chat_id);
  g_string_append_c (out, '@');
  append_mark (out, sender_id);
  g_string_append_c (out, quote);
}

/* No mark of a sender has as many letters as one of these words. */
static void
append_media (GString *out, MsgId chat_id, MsgMedia media, char quote)
{
  g_string_append_c (out, quote);
  append_mark (out, chat_id);
  g_string_append_printf (out, "@%s", media_words[media]);
  g_string_append_c (out, quote);
}

/* All words of a message, each once. */
static char *
write_words (MsgDialect dialect, const MsgMessage *message)
{
  unsigned media = msg_search_get_media (message), end;
  g_autofree char *text = msg_search_get_text (message, &end);
  g_autoptr (GArray) words = msg_words_split (text, MSG_WORDS_MAX);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GString *out = g_string_sized_new (16 + 16 * words->len);
  char quote = dialect == MSG_DIALECT_POSTGRES ? '\'' : ' ';

  /* a blank between them: two quotes side by side would be one inside of a word */
  append_sender (out, message->chat_id, message->sender_id, quote);
  for (unsigned i = MSG_MEDIA_ANY + 1; i < MSG_MEDIA_N; i++)
    if ((media >> i & 1) != 0)
      {
        g_string_append_c (out, ' ');
        append_media (out, message->chat_id, (MsgMedia) i, quote);
      }
  for (unsigned i = 0; i < words->len; i++)
    {
      char *word = g_array_index (words, MsgWord, i).text;

      if (!g_hash_table_add (seen, word))
        continue;
      g_string_append_c (out, ' ');
      append_word (out, message->chat_id, word, quote);
    }
  return g_string_free (out, FALSE);
}

/* --- Writing --- */

static bool
run (MsgDb *db, const char *const sql[MSG_DIALECT_N], const MsgMessage *message, bool with_words, GError **error)
{
  MsgDialect dialect = msg_db_get_dialect (db);
  MsgStmt *stmt;

  if (message->text[0] == '\0' && message->files == NULL)
    return true;
  stmt = msg_db_prepare (db, sql[dialect]);
  msg_stmt_set_int (stmt, ":chat", message->chat_id);
  msg_stmt_set_int (stmt, ":id", message->id);
  if (with_words)
    {
      g_autofree char *words = write_words (dialect, message);

      msg_stmt_set_text (stmt, ":words", words);
    }
  return msg_stmt_run (stmt, error);
}

bool
msg_search_put (MsgDb *db, const MsgMessage *message, GError **error)
{
  static const char *const sql[MSG_DIALECT_N] = {
    ("INSERT INTO message_words (rowid, words) SELECT seq, :words FROM messages WHERE chat_id = :chat AND id = :id"),
    ("INSERT INTO message_words (seq, words) SELECT seq, CAST (:words AS TSVECTOR) FROM messages"
     " WHERE chat_id = :chat AND id = :id"),
  };

  return run (db, sql, message, true, error);
}

bool
msg_search_drop (MsgDb *db, const MsgMessage *message, GError **error)
{
  /* FTS5 keeps no copy of the words, and has to be told which there were */
  static const char *const sql[MSG_DIALECT_N] = {
    ("INSERT INTO message_words (message_words, rowid, words)"
     " SELECT 'delete', seq, :words FROM messages WHERE chat_id = :chat AND id = :id"),
    ("DELETE FROM message_words WHERE seq = (SELECT seq FROM messages WHERE chat_id = :chat AND id = :id)"),
  };

  return run (db, sql, message, msg_db_get_dialect (db) == MSG_DIALECT_SQLITE, error);
}

/* --- Asking --- */

static void
append_query (GString *out, MsgDialect dialect, const MsgQuery *query, MsgId chat_id, MsgId sender_id, MsgMedia media)
{
  bool postgres = dialect == MSG_DIALECT_POSTGRES;
  const char *and = postgres ? " & " : " AND ";
  char quote = postgres ? '\'' : '"';

  if (media != MSG_MEDIA_ANY)
    append_media (out, chat_id, media, quote);
  for (unsigned i = 0; i < query->words->len; i++)
    {
      if (i > 0 || media != MSG_MEDIA_ANY)
        g_string_append (out, and);
      append_word (out, chat_id, g_array_index (query->words, MsgWord, i).text, quote);
      if (query->prefix && i + 1 == query->words->len)
        g_string_append (out, postgres ? ":*" : " *");
    }
  if (sender_id == 0)
    return;
  g_string_append (out, and);
  append_sender (out, chat_id, sender_id, quote);
}

char *
msg_search_write_match (MsgDialect dialect, const MsgQuery *query, const GArray *chats, MsgId sender_id,
                        MsgMedia media)
{
  GString *out = g_string_sized_new (64 * chats->len);

  for (unsigned i = 0; i < chats->len; i++)
    {
      if (i > 0)
        g_string_append (out, dialect == MSG_DIALECT_POSTGRES ? "\n" : " OR ");
      if (dialect == MSG_DIALECT_SQLITE)
        g_string_append_c (out, '(');
      append_query (out, dialect, query, g_array_index (chats, MsgId, i), sender_id, media);
      if (dialect == MSG_DIALECT_SQLITE)
        g_string_append_c (out, ')');
    }
  return g_string_free (out, FALSE);
}

/* --- Filling --- */

typedef struct {
  int64_t seq;
  char *words; /* owned */
} Filling;

static void
filling_clear (gpointer data)
{
  g_free (((Filling *) data)->words);
}

/* Returns: (transfer full) (nullable): of the next messages from @from on; no more are left when it is empty */
static GArray *
fill_read (MsgDb *db, int64_t from, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT seq, chat_id, sender_id, text, entities, files, kind FROM messages"
                                      " WHERE seq >= :from AND deleted_ms = 0 AND (text <> '' OR files IS NOT NULL)"
                                      " ORDER BY seq LIMIT :limit");
  g_autoptr (GArray) fillings = g_array_new (FALSE, FALSE, sizeof (Filling));
  MsgStep step;

  g_array_set_clear_func (fillings, filling_clear);
  msg_stmt_set_int (stmt, ":from", from);
  msg_stmt_set_int (stmt, ":limit", FILL_MESSAGES);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      const MsgMessage message = { .chat_id = msg_stmt_get_int (stmt, 1), .sender_id = msg_stmt_get_int (stmt, 2),
                                   .text = (char *) msg_stmt_get_text (stmt, 3),
                                   .entities = (char *) msg_stmt_get_text (stmt, 4),
                                   .files = (char *) msg_stmt_get_text (stmt, 5),
                                   .kind = (MsgMessageKind) msg_stmt_get_int (stmt, 6) };
      Filling filling = { msg_stmt_get_int (stmt, 0), write_words (msg_db_get_dialect (db), &message) };

      g_array_append_val (fillings, filling);
    }
  return step == MSG_STEP_DONE ? g_steal_pointer (&fillings) : NULL;
}

static bool
fill_set (MsgDb *db, int64_t next, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE search_state SET version = :version, next_seq = :next");

  msg_stmt_set_int (stmt, ":version", MSG_FOLD_VERSION);
  msg_stmt_set_int (stmt, ":next", next);
  return msg_stmt_run (stmt, error);
}

/* One index over all is made faster than row by row. What is written later goes into it at once: a list of what is pending
 * would be read by every search, once a chat. */
static bool
fill_end (MsgDb *db, GError **error)
{
  return msg_db_get_dialect (db) == MSG_DIALECT_SQLITE
         || msg_db_exec (db,
                         "CREATE INDEX IF NOT EXISTS message_words_index ON message_words USING GIN (words)"
                         " WITH (fastupdate = off)",
                         error);
}

/* @next: (inout): 0: there is nothing more */
static bool
fill_some (MsgDb *db, int64_t *next, GError **error)
{
  static const char *const sql[MSG_DIALECT_N] = {
    "INSERT INTO message_words (rowid, words) VALUES (:seq, :words)",
    "INSERT INTO message_words (seq, words) VALUES (:seq, CAST (:words AS TSVECTOR))",
  };
  g_autoptr (GArray) fillings = fill_read (db, *next, error);

  if (fillings == NULL)
    return false;
  for (unsigned i = 0; i < fillings->len; i++)
    {
      const Filling *filling = &g_array_index (fillings, Filling, i);
      MsgStmt *stmt = msg_db_prepare (db, sql[msg_db_get_dialect (db)]);

      msg_stmt_set_int (stmt, ":seq", filling->seq);
      msg_stmt_set_text (stmt, ":words", filling->words);
      if (!msg_stmt_run (stmt, error))
        return false;
      *next = filling->seq + 1;
    }
  if (fillings->len < FILL_MESSAGES)
    *next = 0;
  return (*next != 0 || fill_end (db, error)) && fill_set (db, *next, error);
}

static bool
fill_begin (MsgDb *db, GError **error)
{
  return msg_db_exec (db,
                      "{sqlite:INSERT INTO message_words (message_words) VALUES ('delete-all')}"
                      "{postgres:DROP INDEX IF EXISTS message_words_index; TRUNCATE message_words}",
                      error)
         && fill_set (db, 1, error);
}

/* One transaction. @next: (inout): -1: begin if it has to be done */
static bool
fill_step (MsgDb *db, int64_t *next, GError **error)
{
  MsgStmt *stmt;
  bool ok;

  if (!msg_db_begin (db, error))
    return false;
  if (*next == -1)
    {
      stmt = msg_db_prepare (db, "SELECT version, next_seq FROM search_state");
      ok = msg_stmt_step (stmt, error) == MSG_STEP_ROW;
      *next = ok ? msg_stmt_get_int (stmt, 1) : 0;
      if (ok && msg_stmt_get_int (stmt, 0) != MSG_FOLD_VERSION)
        {
          ok = fill_begin (db, error);
          *next = 1;
        }
    }
  else
    ok = fill_some (db, next, error);
  if (ok)
    return msg_db_commit (db, error);
  msg_db_rollback (db);
  return false;
}

bool
msg_search_fill (MsgDb *db, GError **error)
{
  int64_t next = -1, start_us = g_get_monotonic_time ();
  unsigned n = 0;

  do
    {
      if (!fill_step (db, &next, error))
        return false;
      if (n++ == 5) /* it takes its time */
        al_info ("the index of search is being made");
    }
  while (next != 0);
  if (n > 5)
    {
      g_autofree char *seconds = g_strdup_printf ("%.1f", (double) (g_get_monotonic_time () - start_us) / G_USEC_PER_SEC);

      al_info ("the index of search is made", "seconds", seconds);
    }
  return true;
}
