/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/search.h"

#include "chat-harness.h"

#include "messaging/chat-join.h"
#include "messaging/db.h"
#include "messaging/search-rows.h"

typedef struct {
  Answer answer;
  GString *hits;   /* "ID: TEXT [OFFSET+LENGTH ...]\n" */
  GString *names;  /* "TITLE or @USERNAME ..." */
  unsigned n;
  int64_t next;
} Found;

static void
found_clear (Found *found)
{
  answer_clear (&found->answer);
  if (found->hits != NULL)
    g_string_free (found->hits, TRUE);
  if (found->names != NULL)
    g_string_free (found->names, TRUE);
  memset (found, 0, sizeof *found);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Found, found_clear)

static void
on_hits (const MsgHits *hits, const GError *error, gpointer data)
{
  Found *found = data;

  g_assert_true ((hits == NULL) == (error != NULL));
  answer_take (&found->answer, error);
  if (hits == NULL)
    return;
  found->hits = g_string_new (NULL);
  found->n = hits->hits->len;
  found->next = hits->next;
  for (unsigned i = 0; i < hits->hits->len; i++)
    {
      const MsgHit *hit = hits->hits->pdata[i];

      g_string_append_printf (found->hits, "%s%s", i > 0 ? "|" : "", hit->message->text);
      for (unsigned k = 0; k < hit->ranges->len; k++)
        g_string_append_printf (found->hits, " %u+%u", g_array_index (hit->ranges, MsgRange, k).offset,
                                g_array_index (hit->ranges, MsgRange, k).length);
    }
}

static void
search (Chats *f, MsgId user, const MsgSearch *asked, Found *found)
{
  MsgSearch copy = *asked;

  if (copy.limit == 0)
    copy.limit = MSG_SEARCH_MAX;
  msg_search_messages (f->bench.core, user, &copy, on_hits, found);
  bench_wait (&f->bench, &found->answer);
}

#define assert_hits(f, user, wanted, ...)                                                                              \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_auto (Found) found_ = { 0 };                                                                                     \
    const MsgSearch asked_ = { __VA_ARGS__ };                                                                          \
    search ((f), (user), &asked_, &found_);                                                                            \
    g_assert_no_error (found_.answer.error);                                                                           \
    g_assert_cmpstr (found_.hits->str, ==, (wanted));                                                                  \
  }                                                                                                                    \
  G_STMT_END

static void
edit (Chats *f, MsgId user, MsgId chat, int64_t id, const char *text)
{
  g_auto (Got) got = { 0 };

  msg_message_edit (f->bench.core, user, chat, id, text, NULL, on_message, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
}

static void
delete (Chats *f, MsgId user, MsgId chat, int64_t id, bool for_all)
{
  g_auto (Got) got = { 0 };

  msg_message_delete (f->bench.core, user, chat, &id, 1, for_all, on_written, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
}

static void
test_find (Chats *f, gconstpointer data)
{
  MsgId pair = chats_open (f, f->ann, f->bob), group = chats_group (f, f->ann, &f->bob, 1);
  MsgId other = chats_open (f, f->bob, f->eve);

  (void) chats_send (f, f->ann, pair, 1, "Hello Bob, how are you?");
  (void) chats_send (f, f->bob, pair, 2, "hello, CAF\xc3\x89?");
  (void) chats_send (f, f->bob, group, 3, "Hello all");
  (void) chats_send (f, f->bob, other, 4, "Hello Eve, hello");

  assert_hits (f, f->ann, "Hello all 0+5|hello, CAF\xc3\x89? 0+5|Hello Bob, how are you? 0+5", .query = "hel");
  assert_hits (f, f->bob, "Hello Eve, hello 0+5 11+5|Hello all 0+5", .query = "HELLO", .limit = 2);
  assert_hits (f, f->eve, "Hello Eve, hello 0+5 11+5", .query = "hello");
  assert_hits (f, f->ann, "hello, CAF\xc3\x89? 0+5 7+4", .query = "cafe h\xc3\xa9llo");
  assert_hits (f, f->ann, "hello, CAF\xc3\x89? 7+4", .query = "cafe\xcc\x81");
  assert_hits (f, f->ann, "", .query = "eve");
  assert_hits (f, f->ann, "", .query = "hel ");
}

/* No word, sign or mark of a query means anything to an engine; none fails, none finds what is not there. */
static void
test_hostile (Chats *f, gconstpointer data)
{
  static const char *const rows[] = {
    "xyz\" OR \"secret", "xyz* OR secret", "NOT xyz", "-xyz", "xyz ^secret", "words:xyz", "message_words:xyz",
    "NEAR(secret xyz)", "{words}: xyz", "xyz' | 'secret", "xyz' OR 1=1 --", "xyz:*|secret", "!xyz", "xyz <-> secret",
    "xyz\\", "\\' xyz", "('xyz')", "xyz\nsecret", "xyz\x01", "%xyz", "_______xyz", "xyz;DROP TABLE messages", "$1 xyz",
    ":chat xyz", "\xef\xbc\x87xyz", "xyz\xe2\x80\xae", "@aaaaaa xyz",
  };
  MsgId chat = chats_open (f, f->ann, f->bob);

  (void) chats_send (f, f->ann, chat, 1, "the secret is kept");
  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      assert_hits (f, f->ann, "", .query = rows[i]);
      assert_hits (f, f->ann, "", .query = rows[i], .chat_id = chat, .sender_id = f->ann);
    }
  assert_hits (f, f->ann, "the secret is kept 4+6", .query = "\"secret\" ^* & |");
  assert_hits (f, f->ann, "the secret is kept 0+3 4+6 11+2 14+4", .query = "the:secret'is\"kept");
}

static void
test_refused (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->bob, f->eve);
  static const char *const queries[] = { "", " ", "?", "\xff", "a b c d e f g h i j k l m n o p q" };
  const MsgSearch strange = { .query = "hello", .chat_id = chat }, unlimited = { .query = "a", .limit = 51 };

  for (unsigned i = 0; i < G_N_ELEMENTS (queries); i++)
    {
      g_auto (Found) found = { 0 };
      const MsgSearch asked = { .query = queries[i] };

      search (f, f->ann, &asked, &found);
      assert_reason (&found.answer, MSG_ERROR_INVALID, "query");
    }
  {
    g_auto (Found) found = { 0 };

    search (f, f->ann, &strange, &found);
    assert_reason (&found.answer, MSG_ERROR_NOT_FOUND, "chat");
  }
  {
    g_auto (Found) found = { 0 };

    search (f, f->ann, &unlimited, &found);
    assert_reason (&found.answer, MSG_ERROR_INVALID, "limit");
  }
}

static void
test_filters (Chats *f, gconstpointer data)
{
  MsgId pair = chats_open (f, f->ann, f->bob), group = chats_group (f, f->ann, &f->bob, 1);
  const int64_t day = INT64_C (24) * 3600 * 1000;

  (void) chats_send (f, f->ann, pair, 1, "word one");
  f->bench.now_ms += day;
  (void) chats_send (f, f->bob, pair, 2, "word two");
  f->bench.now_ms += day;
  (void) chats_send (f, f->bob, group, 3, "word three");
  f->bench.now_ms += day;
  (void) chats_send (f, f->ann, group, 4, "word four");

  assert_hits (f, f->ann, "word two 0+4|word one 0+4", .query = "word", .chat_id = pair);
  assert_hits (f, f->ann, "word three 0+4|word two 0+4", .query = "word", .sender_id = f->bob);
  assert_hits (f, f->ann, "word three 0+4", .query = "word", .sender_id = f->bob, .chat_id = group);
  assert_hits (f, f->ann, "", .query = "word", .sender_id = f->eve);
  assert_hits (f, f->ann, "word four 0+4|word three 0+4", .query = "word", .after_ms = EPOCH_MS + 2 * day);
  assert_hits (f, f->ann, "word two 0+4|word one 0+4", .query = "word", .before_ms = EPOCH_MS + 2 * day);
  assert_hits (f, f->ann, "word two 0+4", .query = "word", .after_ms = EPOCH_MS + 1, .before_ms = EPOCH_MS + day + 1);
  assert_hits (f, f->ann, "", .query = "word", .before_ms = 1);
  assert_hits (f, f->ann, "", .query = "word", .after_ms = G_MAXINT64);
  assert_hits (f, f->ann, "word four 5+4", .query = "four", .kind = MSG_MESSAGE_TEXT);
  assert_hits (f, f->ann, "", .query = "four", .kind = MSG_MESSAGE_SERVICE);
}

/* Edits and deletions are in the index as soon as they are answered. */
static void
test_follows (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t first = chats_send (f, f->ann, chat, 1, "some apples and apples"), second;

  edit (f, f->ann, chat, first, "some pears");
  assert_hits (f, f->bob, "", .query = "apples");
  assert_hits (f, f->bob, "some pears 5+5", .query = "pears");
  second = chats_send (f, f->bob, chat, 2, "more pears");
  delete (f, f->ann, chat, first, true);
  assert_hits (f, f->bob, "more pears 5+5", .query = "pears");
  assert_hits (f, f->bob, "", .query = "some");
  delete (f, f->ann, chat, second, false); /* for her alone */
  assert_hits (f, f->ann, "", .query = "pears");
  assert_hits (f, f->bob, "more pears 5+5", .query = "pears");
  delete (f, f->bob, chat, second, true);
  assert_hits (f, f->bob, "", .query = "pears");
  (void) chats_send (f, f->bob, chat, 3, "pears again");
  assert_hits (f, f->ann, "pears again 0+5", .query = "pears");
}

/* Nobody finds what was said before they came, after they went, or while they were out. */
static void
test_members (Chats *f, gconstpointer data)
{
  MsgId group = chats_group (f, f->ann, &f->bob, 1);
  g_auto (Got) invited = { 0 }, banned = { 0 }, left = { 0 }, again = { 0 };
  const MsgSearch asked = { .query = "word", .chat_id = group };

  (void) chats_send (f, f->ann, group, 1, "word early");
  assert_hits (f, f->eve, "", .query = "word");
  msg_chat_invite (f->bench.core, f->ann, group, &f->eve, 1, on_written, &invited);
  bench_wait (&f->bench, &invited.answer);
  g_assert_no_error (invited.answer.error);
  (void) chats_send (f, f->ann, group, 2, "word late");
  assert_hits (f, f->eve, "word late 0+4", .query = "word");
  assert_hits (f, f->bob, "word late 0+4|word early 0+4", .query = "word");

  chats_stand (f, f->ann, group, f->eve, MSG_ROLE_BANNED, 0, 0, &banned);
  g_assert_no_error (banned.answer.error);
  assert_hits (f, f->eve, "", .query = "word");
  {
    g_auto (Found) found = { 0 };

    search (f, f->eve, &asked, &found);
    assert_reason (&found.answer, MSG_ERROR_FORBIDDEN, "banned");
  }
  msg_chat_leave (f->bench.core, f->bob, group, on_written, &left);
  bench_wait (&f->bench, &left.answer);
  g_assert_no_error (left.answer.error);
  assert_hits (f, f->bob, "", .query = "word");
  {
    g_auto (Found) found = { 0 };

    search (f, f->bob, &asked, &found);
    assert_reason (&found.answer, MSG_ERROR_FORBIDDEN, "left");
  }
  msg_chat_invite (f->bench.core, f->ann, group, &f->bob, 1, on_written, &again);
  bench_wait (&f->bench, &again.answer);
  g_assert_no_error (again.answer.error);
  assert_hits (f, f->bob, "", .query = "word");
}

static void
test_pages (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  MsgSearch asked = { .query = "numb", .limit = 7 };
  unsigned total = 0, pages = 0;

  for (unsigned i = 0; i < 30; i++)
    {
      g_autofree char *text = g_strdup_printf ("number %u", i);

      (void) chats_send (f, i % 2 == 0 ? f->ann : f->bob, chat, (uint8_t) (i + 1), text);
    }
  do
    {
      g_auto (Found) found = { 0 };
      g_autofree char *newest = g_strdup_printf ("number %u 0+6", 29 - total);

      search (f, f->bob, &asked, &found);
      g_assert_no_error (found.answer.error);
      g_assert_true (found.n == 0 || g_str_has_prefix (found.hits->str, newest));
      total += found.n;
      asked.next = found.next;
      pages++;
    }
  while (asked.next != 0);
  g_assert_cmpuint (total, ==, 30);
  g_assert_cmpuint (pages, ==, 5);
}

/* Words that stand apart are a row of the index, but no hit: the walk goes on past many of them, and ends. */
static void
test_candidates (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);

  (void) chats_send (f, f->ann, chat, 1, "\xe6\x9d\xb1\xe4\xba\xac!");
  for (unsigned i = 0; i < 150; i++)
    (void) chats_send (f, f->bob, chat, (uint8_t) i, "\xe6\x9d\xb1 \xe4\xba\xac");
  assert_hits (f, f->ann, "\xe6\x9d\xb1\xe4\xba\xac! 0+2", .query = "\xe6\x9d\xb1\xe4\xba\xac");
}

static void
test_rate (Chats *f, gconstpointer data)
{
  const MsgSearch asked = { .query = "word" };
  g_auto (Found) first = { 0 }, second = { 0 };

  bench_close (&f->bench);
  f->bench.options.searches_per_user = (MsgRate){ 1, 1000 };
  bench_open (&f->bench);
  search (f, f->ann, &asked, &first);
  g_assert_no_error (first.answer.error);
  search (f, f->ann, &asked, &second);
  assert_reason (&second.answer, MSG_ERROR_LIMIT, "search_rate");
}

/* Returns: what the index was, as numbers of schemas go */
static void
run_script (Chats *f, const char *script)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MsgDb) db = msg_db_open (f->bench.url, MSG_DB_WRITE, &error);

  g_assert_no_error (error);
  g_assert_true (msg_db_exec (db, script, &error));
  g_assert_no_error (error);
}

/* A database whose words were folded otherwise, or whose filling was interrupted, is whole after the next start. */
static void
test_filled (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t gone;

  (void) chats_send (f, f->ann, chat, 1, "first word");
  gone = chats_send (f, f->ann, chat, 2, "second word");
  (void) chats_send (f, f->ann, chat, 3, "third word");
  delete (f, f->ann, chat, gone, true);
  bench_close (&f->bench);
  run_script (f, "UPDATE search_state SET version = 0");
  bench_open (&f->bench);
  assert_hits (f, f->bob, "third word 6+4|first word 6+4", .query = "word");

  bench_close (&f->bench);
  run_script (f, "{sqlite:INSERT INTO message_words (message_words) VALUES ('delete-all')}"
                 "{postgres:DROP INDEX message_words_index; TRUNCATE message_words};"
                 "UPDATE search_state SET next_seq = 1");
  bench_open (&f->bench);
  assert_hits (f, f->bob, "third word 6+4|first word 6+4", .query = "word");
  (void) chats_send (f, f->bob, chat, 4, "fourth word");
  assert_hits (f, f->bob, "fourth word 7+4|third word 6+4|first word 6+4", .query = "word");
}

/* --- Names --- */

static void
on_names (const MsgNames *names, const GError *error, gpointer data)
{
  Found *found = data;

  g_assert_true ((names == NULL) == (error != NULL));
  answer_take (&found->answer, error);
  if (names == NULL)
    return;
  found->names = g_string_new (NULL);
  for (unsigned i = 0; i < names->chats->len; i++)
    {
      const MsgChat *chat = names->chats->pdata[i];

      g_string_append_printf (found->names, "%s ", chat->peer != NULL ? chat->peer->username : chat->title);
    }
  for (unsigned i = 0; i < names->open->len; i++)
    g_string_append_printf (found->names, "+%s ", ((const MsgChat *) names->open->pdata[i])->username);
  for (unsigned i = 0; i < names->users->len; i++)
    g_string_append_printf (found->names, "@%s ", ((const MsgUser *) names->users->pdata[i])->username);
}

static void
assert_names (Chats *f, MsgId user, const char *query, const char *wanted)
{
  g_auto (Found) found = { 0 };

  msg_search_names (f->bench.core, user, query, 10, on_names, &found);
  bench_wait (&f->bench, &found.answer);
  g_assert_no_error (found.answer.error);
  g_assert_cmpstr (found.names->str, ==, wanted);
}

static void
set_name (Chats *f, MsgId owner, MsgId chat, const char *name)
{
  g_auto (Got) put = { 0 };

  msg_chat_set_username (f->bench.core, owner, chat, name, on_written, &put);
  bench_wait (&f->bench, &put.answer);
  g_assert_no_error (put.answer.error);
}

static MsgId
make_public (Chats *f, MsgId owner, MsgChatKind kind, const char *name)
{
  MsgId chat = chats_make (f, kind, owner, NULL, 0);

  set_name (f, owner, chat, name);
  return chat;
}

static void
set_title (Chats *f, MsgId owner, MsgId chat, const char *title)
{
  const MsgChatChange change = { .title = title };
  g_auto (Got) put = { 0 };

  msg_chat_update (f->bench.core, owner, chat, &change, on_written, &put);
  bench_wait (&f->bench, &put.answer);
  g_assert_no_error (put.answer.error);
}

/* ... and by the words of their names and titles, in any order, those with more members first. */
static void
test_open_titles (Chats *f, gconstpointer data)
{
  MsgId surf = make_public (f, f->ann, MSG_CHAT_CHANNEL, "surfers_daily");
  MsgId sea = chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, &f->bob, 1);
  MsgId closed = chats_make (f, MSG_CHAT_SUPERGROUP, f->bob, NULL, 0);

  set_name (f, f->ann, sea, "seaside");
  set_title (f, f->ann, surf, "W\303\240ves and Weather");
  set_title (f, f->ann, sea, "The weather by the sea");
  set_title (f, f->bob, closed, "Weather for ourselves");
  assert_names (f, f->eve, "weather", "+seaside +surfers_daily ");
  assert_names (f, f->eve, "weather waves", "+surfers_daily ");
  assert_names (f, f->eve, "DAILY wea", "+surfers_daily ");
  assert_names (f, f->eve, "wea", "+seaside +surfers_daily ");
  assert_names (f, f->eve, "wea ", ""); /* a whole word */
  assert_names (f, f->eve, "seas", "+seaside ");
  assert_names (f, f->eve, "weather storm", "");
  set_title (f, f->ann, sea, "Sunshine");
  assert_names (f, f->eve, "weather", "+surfers_daily ");
  assert_names (f, f->eve, "sunshine", "+seaside ");

  bench_close (&f->bench);
  run_script (f, "UPDATE search_state SET open_version = 0; DELETE FROM open_words WHERE word <> 'weather';"
                 "INSERT INTO open_words (word, chat_id) VALUES ('daily', 7)");
  bench_open (&f->bench);
  assert_names (f, f->eve, "daily", "+surfers_daily ");
  set_name (f, f->ann, surf, NULL);
  assert_names (f, f->eve, "weather", "");
}

/* Public ones are found by whoever may enter them, by how their names begin. */
static void
test_open (Chats *f, gconstpointer data)
{
  MsgId tides = make_public (f, f->ann, MSG_CHAT_CHANNEL, "Tides");
  g_auto (Got) banned = { 0 };

  (void) make_public (f, f->ann, MSG_CHAT_SUPERGROUP, "tide_table");
  (void) make_public (f, f->bob, MSG_CHAT_SUPERGROUP, "tidy");
  assert_names (f, f->bob, "tid", "+tide_table +Tides +tidy ");
  assert_names (f, f->bob, "TIDE", "+tide_table +Tides ");
  assert_names (f, f->bob, "tides", "+Tides ");
  assert_names (f, f->bob, "t", "");
  assert_names (f, f->bob, "ide", "");
  assert_names (f, f->bob, "tidez", "");
  assert_names (f, f->ann, "tides", "+Tides ");
  chats_stand (f, f->ann, tides, f->bob, MSG_ROLE_BANNED, 0, 0, &banned);
  assert_names (f, f->bob, "tides", "");
  set_name (f, f->ann, tides, NULL);
  assert_names (f, f->eve, "tides", "");
}

static void
test_names (Chats *f, gconstpointer data)
{
  MsgId pair = chats_open (f, f->ann, f->bob), group = chats_group (f, f->ann, &f->bob, 1);
  g_auto (Found) refused = { 0 };

  (void) chats_send (f, f->ann, pair, 1, "hello");
  assert_names (f, f->ann, "bob", "bob @bob ");
  assert_names (f, f->ann, "bo", "bob ");
  assert_names (f, f->ann, "eve", "@eve "); /* as by user.find: the whole name alone */
  assert_names (f, f->ann, "ev", "");
  assert_names (f, f->ann, "GRO", "Group ");
  assert_names (f, f->eve, "group", "");
  assert_names (f, f->eve, "\" OR *", "");
  g_assert_cmpint (group, !=, pair);
  msg_search_names (f->bench.core, f->ann, "?", 10, on_names, &refused);
  bench_wait (&f->bench, &refused.answer);
  assert_reason (&refused.answer, MSG_ERROR_INVALID, "query");
}

#define ADD(name, function) g_test_add ("/messaging/search/" name, Chats, NULL, chats_set_up, function, chats_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("find", test_find);
  ADD ("hostile", test_hostile);
  ADD ("refused", test_refused);
  ADD ("filters", test_filters);
  ADD ("follows", test_follows);
  ADD ("members", test_members);
  ADD ("pages", test_pages);
  ADD ("candidates", test_candidates);
  ADD ("rate", test_rate);
  ADD ("filled", test_filled);
  ADD ("names", test_names);
  ADD ("open", test_open);
  ADD ("open-titles", test_open_titles);
  return g_test_run ();
}
