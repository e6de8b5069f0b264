/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-search URL MESSAGES: fills an empty database as it was before there was a search with chats of random words (their
 * frequency falls as 1/rank), lets the core make the index, and measures searches by random users. One chat of all users
 * has a fifth of the messages, twenty chats another fifth, the rest is in chats of two. A line per kind of query:
 * milliseconds of the median, of 99 of 100, and of the slowest, from asking to the callback.
 */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "messaging/migrations.h"
#include "messaging/search.h"

#define USERS 2000
#define MEDIUM_CHATS 20
#define SMALL_CHATS 10000
#define SMALL_FIRST 100
#define WORDS 50000
#define WORDS_PER_MESSAGE 9
#define QUERIES 200
#define START_MS INT64_C (1700000000000)
#define BATCH 5000

static MsgId
user_id (unsigned n)
{
  return INT64_C (1000003) * (n + 1);
}

static MsgId
chat_id (unsigned n)
{
  return INT64_C (7919) * (n + 1);
}

/* Syllables: beginnings of words are as common as words are. */
static void
write_word (unsigned rank, GString *out)
{
  static const char consonants[] = "tnshrdlcmwfgypbvk", vowels[] = "aeiou";

  for (unsigned n = rank + 1; n > 0; n /= 85)
    {
      g_string_append_c (out, consonants[n % 85 / 5]);
      g_string_append_c (out, vowels[n % 5]);
    }
}

static unsigned
random_rank (GRand *rand)
{
  return (unsigned) exp (g_rand_double (rand) * log (WORDS)) - 1;
}

static void
must (bool ok, GError *error)
{
  if (!ok)
    g_error ("%s", error->message);
}

static void
add_user (MsgDb *db, unsigned n)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO users (id, name_key, username, display_name, external, disabled,"
                                      " created_ms, deleted_ms) VALUES (:id, :name, :name, :name, 0, 0, 1, 0)");
  g_autofree char *name = g_strdup_printf ("user%u", n);
  GError *error = NULL;

  msg_stmt_set_int (stmt, ":id", user_id (n));
  msg_stmt_set_text (stmt, ":name", name);
  must (msg_stmt_run (stmt, &error), error);
}

static void
add_chat (MsgDb *db, unsigned n, MsgChatKind kind)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO chats (id, kind, title, about, owner_id, top_id, pts, member_count,"
                                      " permissions, slow_ms, ttl_ms, linked_id, migrated_to, created_ms, deleted_ms)"
                                      " VALUES (:id, :kind, '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0)");
  GError *error = NULL;

  msg_stmt_set_int (stmt, ":id", chat_id (n));
  msg_stmt_set_int (stmt, ":kind", kind);
  must (msg_stmt_run (stmt, &error), error);
}

static void
add_member (MsgDb *db, unsigned chat, unsigned user)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO chat_members (chat_id, user_id, role, rights, until_ms, joined_ms,"
                                      " first_id, read_id, delivered_id, unread, mentions, last_id, last_ms)"
                                      " VALUES (:chat, :user, 4, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1) ON CONFLICT DO NOTHING");
  GError *error = NULL;

  msg_stmt_set_int (stmt, ":chat", chat_id (chat));
  msg_stmt_set_int (stmt, ":user", user_id (user));
  must (msg_stmt_run (stmt, &error), error);
}

static void
add_message (MsgDb *db, GRand *rand, unsigned chat, int64_t id, int64_t at_ms)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO messages (chat_id, id, sender_id, device_id, pts, at_ms, kind, text,"
                                      " reply_to, thread_id, edited_ms, silent, expires_ms, deleted_ms)"
                                      " VALUES (:chat, :id, :sender, 1, 1, :at, 1, :text, 0, 0, 0, 0, 0, 0)");
  g_autoptr (GString) text = g_string_new (NULL);
  GError *error = NULL;

  for (unsigned i = (unsigned) g_rand_int_range (rand, 1, 2 * WORDS_PER_MESSAGE); i > 0; i--)
    {
      write_word (random_rank (rand), text);
      g_string_append_c (text, ' ');
    }
  msg_stmt_set_int (stmt, ":chat", chat_id (chat));
  msg_stmt_set_int (stmt, ":id", id);
  msg_stmt_set_int (stmt, ":sender", user_id (chat >= SMALL_FIRST ? (chat * 2 + (unsigned) (id & 1)) % USERS
                                                                  : (unsigned) g_rand_int_range (rand, 0, USERS)));
  msg_stmt_set_int (stmt, ":at", at_ms);
  msg_stmt_set_text (stmt, ":text", text->str);
  must (msg_stmt_run (stmt, &error), error);
}

static unsigned
random_chat (GRand *rand)
{
  unsigned fifth = (unsigned) g_rand_int_range (rand, 0, 5);

  if (fifth == 0)
    return 0;
  if (fifth == 1)
    return 1 + (unsigned) g_rand_int_range (rand, 0, MEDIUM_CHATS);
  return SMALL_FIRST + (unsigned) g_rand_int_range (rand, 0, SMALL_CHATS);
}

/* Everybody is in the one, in two of the twenty, and in ten of two. */
static void
fill_chats (MsgDb *db)
{
  GError *error = NULL;

  must (msg_db_begin (db, &error), error);
  for (unsigned i = 0; i < USERS; i++)
    add_user (db, i);
  for (unsigned i = 0; i <= MEDIUM_CHATS; i++)
    add_chat (db, i, MSG_CHAT_GROUP);
  for (unsigned i = 0; i < USERS; i++)
    {
      add_member (db, 0, i);
      add_member (db, 1 + i % MEDIUM_CHATS, i);
      add_member (db, 1 + i / MEDIUM_CHATS % MEDIUM_CHATS, i);
    }
  for (unsigned i = SMALL_FIRST; i < SMALL_FIRST + SMALL_CHATS; i++)
    {
      add_chat (db, i, MSG_CHAT_PRIVATE);
      add_member (db, i, i * 2 % USERS);
      add_member (db, i, (i * 2 + 1) % USERS);
    }
  must (msg_db_commit (db, &error), error);
}

static void
fill_messages (MsgDb *db, GRand *rand, unsigned n)
{
  g_autofree int64_t *tops = g_new0 (int64_t, SMALL_FIRST + SMALL_CHATS);
  GError *error = NULL;

  for (unsigned i = 0; i < n; i++)
    {
      unsigned chat = random_chat (rand);

      if (i % BATCH == 0)
        must (msg_db_begin (db, &error), error);
      add_message (db, rand, chat, ++tops[chat], START_MS + (int64_t) i * 1000);
      if (i % BATCH == BATCH - 1 || i + 1 == n)
        must (msg_db_commit (db, &error), error);
    }
}

/* Up to the step before the one called "search". */
static void
fill (const char *url, unsigned n)
{
  GError *error = NULL;
  g_autoptr (MsgDb) db = msg_db_open (url, MSG_DB_WRITE, &error);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autofree MsgMigration *steps = NULL;
  unsigned last = 0;

  must (db != NULL, error);
  while (strcmp (msg_migrations ()[last].name, "search") != 0)
    last++;
  steps = g_memdup2 (msg_migrations (), (last + 1) * sizeof *steps);
  steps[last] = (MsgMigration){ 0, NULL, NULL };
  must (msg_migrations_apply (db, steps, 1, &error), error);
  fill_chats (db);
  fill_messages (db, rand, n);
}

/* --- Asking --- */

typedef struct {
  bool done;
  unsigned hits;
} Answer;

static void
on_hits (const MsgHits *hits, const GError *error, gpointer data)
{
  Answer *answer = data;

  must (error == NULL, (GError *) error);
  answer->done = true;
  answer->hits = hits->hits->len;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

typedef struct {
  const char *name;
  unsigned low, high;   /* ranks of the words */
  unsigned words;
  unsigned letters;     /* only so many of the last word; 0: all, and a blank behind it */
  bool in_one, by_one;  /* in the one chat of all; by one sender */
  bool mixed;           /* the first word is a common one */
  unsigned age;         /* percent of all time that is newer than the hits */
} Kind;

static void
write_query (const Kind *kind, GRand *rand, GString *query)
{
  gsize start = 0;

  for (unsigned i = 0; i < kind->words; i++)
    {
      start = query->len;
      write_word ((unsigned) (kind->mixed && i == 0 ? g_rand_int_range (rand, 0, 5)
                                                    : g_rand_int_range (rand, (int) kind->low, (int) kind->high)),
                  query);
      g_string_append_c (query, ' ');
    }
  if (kind->letters > 0)
    g_string_truncate (query, MIN (start + kind->letters, query->len - 1));
}

static void
measure (MsgCore *core, GMainContext *context, const Kind *kind, unsigned n, GRand *rand)
{
  double ms[QUERIES];
  unsigned hits = 0;

  for (unsigned i = 0; i < QUERIES; i++)
    {
      g_autoptr (GString) query = g_string_new (NULL);
      MsgSearch search = { .chat_id = kind->in_one ? chat_id (0) : 0, .limit = 20 };
      Answer answer = { 0 };
      int64_t start_us;

      write_query (kind, rand, query);
      search.query = query->str;
      search.sender_id = kind->by_one ? user_id ((unsigned) g_rand_int_range (rand, 0, USERS)) : 0;
      search.before_ms = kind->age > 0 ? START_MS + (int64_t) n * 10 * (100 - kind->age) : 0;
      start_us = g_get_monotonic_time ();
      msg_search_messages (core, user_id ((unsigned) g_rand_int_range (rand, 0, USERS)), &search, on_hits, &answer);
      while (!answer.done)
        (void) g_main_context_iteration (context, TRUE);
      ms[i] = (double) (g_get_monotonic_time () - start_us) / 1000;
      hits += answer.hits;
    }
  qsort (ms, QUERIES, sizeof *ms, compare);
  printf ("search %-24s p50=%.1f p99=%.1f max=%.1f hits=%.1f unit=ms\n", kind->name, ms[QUERIES / 2],
          ms[QUERIES * 99 / 100], ms[QUERIES - 1], (double) hits / QUERIES);
  (void) fflush (stdout);
}

static void
measure_all (const char *url, unsigned n)
{
  static const Kind kinds[] = {
    { "rare", 5000, 50000, 1, 0, false, false, false, 0 },
    { "middle", 200, 2000, 1, 0, false, false, false, 0 },
    { "common", 0, 5, 1, 0, false, false, false, 0 },
    { "common-two", 0, 5, 2, 0, false, false, false, 0 },
    { "common-and-rare", 2000, 50000, 2, 0, false, false, true, 0 },
    { "prefix-2", 0, 2000, 1, 2, false, false, false, 0 },
    { "prefix-3", 0, 2000, 1, 3, false, false, false, 0 },
    { "one-chat-rare", 5000, 50000, 1, 0, true, false, false, 0 },
    { "one-chat-common", 0, 5, 1, 0, true, false, false, 0 },
    { "one-chat-common-two", 0, 5, 2, 0, true, false, false, 0 },
    { "one-chat-prefix-2", 0, 2000, 1, 2, true, false, false, 0 },
    { "one-chat-by-sender", 0, 5, 1, 0, true, true, false, 0 },
    { "common-old", 0, 5, 1, 0, false, false, false, 90 },
  };
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  g_autoptr (GError) error = NULL;
  g_autoptr (MsgCore) core = NULL;
  int64_t start_us = g_get_monotonic_time ();
  MsgCoreOptions options;

  msg_core_options_init (&options);
  options.database = url;
  options.context = context;
  options.searches_per_user = (MsgRate){ 0, 0 };
  core = msg_core_new (&options, &error);
  must (core != NULL, error);
  printf ("search index of %u messages: %.1f s\n", n, (double) (g_get_monotonic_time () - start_us) / 1e6);
  for (unsigned i = 0; i < G_N_ELEMENTS (kinds); i++)
    measure (core, context, &kinds[i], n, rand);
}

int
main (int argc, char **argv)
{
  (void) setlocale (LC_ALL, "");
  if (argc < 3)
    {
      (void) fprintf (stderr, "bench-search URL MESSAGES [again: it is full]\n");
      return 2;
    }
  if (argc == 3)
    fill (argv[1], (unsigned) atoi (argv[2]));
  measure_all (argv[1], (unsigned) atoi (argv[2]));
  return 0;
}
