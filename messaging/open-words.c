/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/open-words.h"

#include <string.h>

#define FILL_CHATS 1000

/* No word goes on with a character above this one. */
#define LAST_CHARACTER "\xf4\x8f\xbf\xbf"

/* --- Writing --- */

static bool
drop (MsgDb *db, MsgId chat_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "DELETE FROM open_words WHERE chat_id = :chat");

  msg_stmt_set_int (stmt, ":chat", chat_id);
  return msg_stmt_run (stmt, error);
}

static bool
put_word (MsgDb *db, MsgId chat_id, const char *word, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO open_words (word, chat_id) VALUES (:word, :chat)"
                                      " ON CONFLICT (word, chat_id) DO NOTHING");

  msg_stmt_set_text (stmt, ":word", word);
  msg_stmt_set_int (stmt, ":chat", chat_id);
  return msg_stmt_run (stmt, error);
}

bool
msg_open_words_put (MsgDb *db, MsgId chat_id, const char *username, const char *title, GError **error)
{
  g_autofree char *text = username != NULL ? g_strjoin (" ", username, title, NULL) : NULL;
  g_autoptr (GArray) words = NULL;

  if (!drop (db, chat_id, error))
    return false;
  if (text == NULL)
    return true;
  words = msg_words_split (text, MSG_OPEN_WORDS_MAX);
  for (unsigned i = 0; i < words->len; i++)
    if (!put_word (db, chat_id, g_array_index (words, MsgWord, i).text, error))
      return false;
  return true;
}

/* --- Asking --- */

/* The longest one: few chats have it. */
static unsigned
choose_word (const MsgQuery *query)
{
  unsigned best = 0;

  for (unsigned i = 1; i < query->words->len; i++)
    if (strlen (g_array_index (query->words, MsgWord, i).text) > strlen (g_array_index (query->words, MsgWord, best).text))
      best = i;
  return best;
}

GArray *
msg_open_words_find (MsgDb *db, const MsgQuery *query, unsigned limit, GError **error)
{
  unsigned chosen = choose_word (query);
  const char *word = g_array_index (query->words, MsgWord, chosen).text;
  bool prefix = query->prefix && chosen + 1 == query->words->len;
  g_autofree char *end = g_strconcat (word, prefix ? LAST_CHARACTER : "", NULL);
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (MsgId));
  MsgStmt *stmt = msg_db_prepare (db, "SELECT c.id, c.username, c.title FROM (SELECT DISTINCT chat_id FROM open_words"
                                      " WHERE word >= :word AND word <= :end LIMIT :candidates) w"
                                      " JOIN chats c ON c.id = w.chat_id"
                                      " WHERE c.username IS NOT NULL AND c.deleted_ms = 0"
                                      " ORDER BY c.member_count DESC, c.id");
  MsgStep step = MSG_STEP_DONE;

  msg_stmt_set_text (stmt, ":word", word);
  msg_stmt_set_text (stmt, ":end", end);
  msg_stmt_set_int (stmt, ":candidates", MSG_OPEN_CANDIDATES);
  while (found->len < limit && (step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgId chat_id = msg_stmt_get_int (stmt, 0);
      g_autofree char *text = g_strjoin (" ", msg_stmt_get_text (stmt, 1), msg_stmt_get_text (stmt, 2), NULL);

      if (msg_query_match (query, text, NULL))
        g_array_append_val (found, chat_id);
    }
  return step != MSG_STEP_ERROR ? g_steal_pointer (&found) : NULL;
}

/* --- Filling --- */

typedef struct {
  MsgId id;
  char *username, *title; /* owned */
} OpenChat;

static void
open_chat_clear (gpointer data)
{
  OpenChat *chat = data;

  g_free (chat->username);
  g_free (chat->title);
}

/* Returns: (transfer full) (nullable): the next ones behind @after */
static GArray *
fill_read (MsgDb *db, MsgId after, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT id, username, title FROM chats"
                                      " WHERE name_key IS NOT NULL AND deleted_ms = 0 AND id > :after"
                                      " ORDER BY id LIMIT :limit");
  g_autoptr (GArray) chats = g_array_new (FALSE, FALSE, sizeof (OpenChat));
  MsgStep step;

  g_array_set_clear_func (chats, open_chat_clear);
  msg_stmt_set_int (stmt, ":after", after);
  msg_stmt_set_int (stmt, ":limit", FILL_CHATS);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      OpenChat chat = { msg_stmt_get_int (stmt, 0), g_strdup (msg_stmt_get_text (stmt, 1)),
                        g_strdup (msg_stmt_get_text (stmt, 2)) };

      g_array_append_val (chats, chat);
    }
  return step == MSG_STEP_DONE ? g_steal_pointer (&chats) : NULL;
}

static bool
fill_all (MsgDb *db, GError **error)
{
  MsgId after = 0;
  unsigned n;

  do
    {
      g_autoptr (GArray) chats = fill_read (db, after, error);

      if (chats == NULL)
        return false;
      n = chats->len;
      for (unsigned i = 0; i < n; i++)
        {
          const OpenChat *chat = &g_array_index (chats, OpenChat, i);

          if (!msg_open_words_put (db, chat->id, chat->username, chat->title, error))
            return false;
          after = chat->id;
        }
    }
  while (n == FILL_CHATS);
  return true;
}

static bool
fill (MsgDb *db, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT open_version FROM search_state");
  bool same;

  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  same = msg_stmt_get_int (stmt, 0) == MSG_FOLD_VERSION;
  if (same)
    return true;
  stmt = msg_db_prepare (db, "UPDATE search_state SET open_version = :version");
  msg_stmt_set_int (stmt, ":version", MSG_FOLD_VERSION);
  return msg_stmt_run (stmt, error) && msg_db_exec (db, "DELETE FROM open_words", error) && fill_all (db, error);
}

bool
msg_open_words_fill (MsgDb *db, GError **error)
{
  if (!msg_db_begin (db, error))
    return false;
  if (fill (db, error))
    return msg_db_commit (db, error);
  msg_db_rollback (db);
  return false;
}
