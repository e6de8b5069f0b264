/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the core share: a folder and a database of their own, a core with fast passwords and a clock that
 * stands still, and calls that wait for their callback. The database is a file in that folder, or a schema of the
 * PostgreSQL server that ALDIS_TEST_POSTGRES names (tests/lib/with-postgres). */
#pragma once

#include <glib.h>
#include <glib/gstdio.h>
#include <libpq-fe.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "messaging/account.h"
#include "messaging/call-log.h"
#include "messaging/session.h"

#define EVENTS_MAX 64
#define EPOCH_MS INT64_C (1800000000000)

typedef struct {
  MsgId user, device, except;
  MsgEndCause cause;
} Event;

typedef struct {
  char *dir, *path;     /* of a database that is a file */
  char *url;            /* of the database */
  char *schema;         /* NULL: it is a file */
  GMainContext *context;
  MsgCoreOptions options;
  MsgCore *core;
  int64_t now_ms, now_us;
  Event events[EVENTS_MAX];
  unsigned n_events;
} Bench;

/* What a callback brought, copied. */
typedef struct {
  unsigned n;        /* callbacks */
  GError *error;
  MsgUser *user;
  MsgLogin *login;
  GPtrArray *list;   /* copies of the rows */
  MsgImportReport report;
  GPtrArray *problems;
} Answer;

static inline int64_t
bench_now_ms (gpointer data)
{
  return ((Bench *) data)->now_ms;
}

static inline int64_t
bench_now_us (gpointer data)
{
  return ((Bench *) data)->now_us;
}

static inline void
bench_on_ended (MsgId user, MsgId device, MsgId except, MsgEndCause cause, gpointer data)
{
  Bench *bench = data;

  g_assert_cmpuint (bench->n_events, <, EVENTS_MAX);
  bench->events[bench->n_events++] = (Event){ user, device, except, cause };
}

/* On the server, by another connection. */
static inline void
bench_ask_server (const char *sql)
{
  PGconn *handle = PQconnectdb (g_getenv ("ALDIS_TEST_POSTGRES"));
  PGresult *result = PQexec (handle, sql);

  if (PQresultStatus (result) != PGRES_COMMAND_OK)
    g_error ("%s: %s", sql, PQerrorMessage (handle));
  PQclear (result);
  PQfinish (handle);
}

static inline void
bench_init_database (Bench *bench)
{
  static unsigned n;
  const char *server = g_getenv ("ALDIS_TEST_POSTGRES");
  g_autofree char *create = NULL;

  bench->path = g_build_filename (bench->dir, "aldis.db", NULL);
  if (server == NULL)
    {
      bench->url = g_strdup (bench->path);
      return;
    }
  bench->schema = g_strdup_printf ("t%d_%u", (int) getpid (), ++n);
  bench->url = g_strdup_printf ("%s&options=-csearch_path%%3D%s", server, bench->schema);
  create = g_strdup_printf ("CREATE SCHEMA %s", bench->schema);
  bench_ask_server (create);
}

static inline void
bench_init (Bench *bench)
{
  GError *error = NULL;

  (void) alarm (100); /* the watchdog: a callback that never comes */
  memset (bench, 0, sizeof *bench);
  bench->dir = g_dir_make_tmp ("aldis-messaging-XXXXXX", &error);
  g_assert_no_error (error);
  bench_init_database (bench);
  bench->context = g_main_context_new ();
  bench->now_ms = EPOCH_MS;
  bench->now_us = 1;
  msg_core_options_init (&bench->options);
  bench->options.database = bench->url;
  bench->options.context = bench->context;
  bench->options.argon2_memory_kib = 8;
  bench->options.argon2_passes = 1;
  bench->options.login_per_address = bench->options.login_per_name = (MsgRate){ 0, 0 };
  bench->options.registration_per_address = (MsgRate){ 0, 0 };
  bench->options.now_ms = bench_now_ms;
  bench->options.now_us = bench_now_us;
  bench->options.clock_data = bench;
}

static inline void
bench_open (Bench *bench)
{
  GError *error = NULL;

  bench->core = msg_core_new (&bench->options, &error);
  g_assert_no_error (error);
  msg_core_set_sessions_ended_fn (bench->core, bench_on_ended, bench);
}

/* Until nothing is left of who was deleted. */
static inline void
bench_wait_ends (Bench *bench)
{
  while (msg_account_is_ending (bench->core))
    (void) g_main_context_iteration (bench->context, TRUE);
}

static inline void
bench_close (Bench *bench)
{
  g_clear_pointer (&bench->core, msg_core_free);
}

static inline void
bench_reopen (Bench *bench)
{
  bench_close (bench);
  bench_open (bench);
}

static inline void
bench_clear (Bench *bench)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;

  bench_close (bench);
  if (bench->schema != NULL)
    {
      g_autofree char *drop = g_strdup_printf ("SET client_min_messages = warning; DROP SCHEMA %s CASCADE",
                                               bench->schema);

      bench_ask_server (drop);
    }
  dir = g_dir_open (bench->dir, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (bench->dir, name, NULL);

      (void) g_unlink (file);
    }
  g_assert_cmpint (g_rmdir (bench->dir), ==, 0);
  g_main_context_unref (bench->context);
  g_free (bench->path);
  g_free (bench->url);
  g_free (bench->schema);
  g_free (bench->dir);
}

static inline void
answer_clear (Answer *answer)
{
  g_clear_error (&answer->error);
  g_clear_pointer (&answer->user, msg_user_free);
  g_clear_pointer (&answer->login, msg_login_free);
  g_clear_pointer (&answer->list, g_ptr_array_unref);
  g_clear_pointer (&answer->problems, g_ptr_array_unref);
  memset (answer, 0, sizeof *answer);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

/* --- Callbacks --- */

static inline void
answer_take (Answer *answer, const GError *error)
{
  answer->n++;
  answer->error = error != NULL ? g_error_copy (error) : NULL;
}

static inline void
on_done (const GError *error, gpointer data)
{
  answer_take (data, error);
}

static inline void
on_user (const MsgUser *user, const GError *error, gpointer data)
{
  g_assert_true ((user == NULL) == (error != NULL));
  answer_take (data, error);
  ((Answer *) data)->user = user != NULL ? msg_user_copy (user) : NULL;
}

static inline void
on_login (const MsgLogin *login, const GError *error, gpointer data)
{
  g_assert_true ((login == NULL) == (error != NULL));
  answer_take (data, error);
  ((Answer *) data)->login = login != NULL ? msg_login_copy (login) : NULL;
}

static inline void
answer_take_list (Answer *answer, GPtrArray *list, gpointer (*copy) (gconstpointer), GDestroyNotify free_row)
{
  if (list == NULL)
    return;
  answer->list = g_ptr_array_new_with_free_func (free_row);
  for (unsigned i = 0; i < list->len; i++)
    g_ptr_array_add (answer->list, copy (list->pdata[i]));
}

#define DEFINE_ON_LIST(name, noun)                                                                                     \
  static inline void name (GPtrArray *list, const GError *error, gpointer data)                                        \
  {                                                                                                                    \
    g_assert_true ((list == NULL) == (error != NULL));                                                                 \
    answer_take (data, error);                                                                                         \
    answer_take_list (data, list, (gpointer (*) (gconstpointer)) msg_##noun##_copy,                                    \
                      (GDestroyNotify) msg_##noun##_free);                                                             \
  }

DEFINE_ON_LIST (on_users, user)
DEFINE_ON_LIST (on_devices, device)
DEFINE_ON_LIST (on_sessions, session)
DEFINE_ON_LIST (on_calls, call)

/* --- Waiting --- */

static inline void
bench_wait (Bench *bench, Answer *answer)
{
  g_assert_cmpuint (answer->n, ==, 0); /* never inside the call */
  while (answer->n == 0)
    (void) g_main_context_iteration (bench->context, TRUE);
  g_assert_cmpuint (answer->n, ==, 1);
  if (answer->error != NULL)
    {
      const char *reason = msg_error_get_reason (answer->error);

      g_assert_true (answer->error->domain == MSG_ERROR);
      g_assert_cmpstr (reason, !=, "");
      g_assert_cmpuint (strspn (reason, "abcdefghijklmnopqrstuvwxyz_0123456789"), ==, strlen (reason));
    }
}

#define assert_reason(answer, wanted_code, wanted_reason)                                                              \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_assert_error ((answer)->error, MSG_ERROR, (int) (wanted_code));                                                  \
    g_assert_cmpstr (msg_error_get_reason ((answer)->error), ==, (wanted_reason));                                     \
  }                                                                                                                    \
  G_STMT_END

/* --- Common steps --- */

/* A valid Ed25519 key, another one for each number. */
static inline void
bench_key (unsigned number, uint8_t ret_key[32])
{
  uint8_t seed[32] = { (uint8_t) number, (uint8_t) (number >> 8), 77 };
  EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key (EVP_PKEY_ED25519, NULL, seed, sizeof seed);
  size_t len = 32;

  g_assert_cmpint (EVP_PKEY_get_raw_public_key (pkey, ret_key, &len), ==, 1);
  EVP_PKEY_free (pkey);
}

/* @key: keeps the bytes alive. */
static inline MsgDeviceSpec
bench_device (MsgId id, unsigned number, uint8_t key[32])
{
  bench_key (number, key);
  return (MsgDeviceSpec){ .id = id, .name = "Laptop", .platform = "web", .identity_key = key, .identity_key_len = 32 };
}

static inline void
bench_register (Bench *bench, const char *username, unsigned key_number, Answer *answer)
{
  uint8_t key[32];
  MsgCredentials credentials = { .username = username, .password = "correct horse",
                                 .device = bench_device (0, key_number, key) };

  msg_account_register (bench->core, &credentials, on_login, answer);
  bench_wait (bench, answer);
}

static inline void
bench_login (Bench *bench, const char *username, const char *password, MsgId device, unsigned key_number,
             Answer *answer)
{
  uint8_t key[32];
  MsgCredentials credentials = { .username = username, .password = password,
                                 .device = bench_device (device, key_number, key) };

  msg_account_login (bench->core, &credentials, on_login, answer);
  bench_wait (bench, answer);
}
