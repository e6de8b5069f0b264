/* SPDX-License-Identifier: Apache-2.0 */
/* The table of calls over a real log in a database of its own: what survives a restart, and what does not grow. */
#include "signaling/calls.h"

#include <glib/gstdio.h>
#include <malloc.h>
#include <string.h>

#include "base/log.h"
#include "base/random.h"
#include "messaging/session.h"

#define SECOND ((int64_t) G_USEC_PER_SEC)

typedef struct {
  char *folder;
  char *database;
  GMainContext *context;
  AlMetrics *metrics;
  MsgCore *core;
  SigCalls *calls;
  int64_t now_us; /* what the table thinks; the wall clock runs along */
  MsgLogin *logins[2];
  unsigned n_waiting, n_notes;
  bool ok;
} Fixture;

static int64_t
fixture_now_us (gpointer data)
{
  return ((Fixture *) data)->now_us;
}

static int64_t
fixture_now_ms (gpointer data)
{
  return 1700000000000 + ((Fixture *) data)->now_us / 1000;
}

static void
fixture_notify (MsgId device_id, const char *method, JsonObject *params, gpointer data)
{
  ((Fixture *) data)->n_notes++;
  json_object_unref (params);
}

static unsigned
fixture_list_devices (MsgId user_id, uint64_t *ret_devices, unsigned max, gpointer data)
{
  Fixture *f = data;

  for (unsigned i = 0; i < 2; i++)
    if (f->logins[i]->user->id == user_id)
      {
        ret_devices[0] = (uint64_t) f->logins[i]->device->id;
        return 1;
      }
  return 0;
}

static bool
fixture_is_attached (MsgId device_id, gpointer data)
{
  return true;
}

static const SigCallsOutside outside = { fixture_notify, fixture_list_devices, fixture_is_attached };

static void
settle (Fixture *f)
{
  while (f->n_waiting > 0)
    (void) g_main_context_iteration (f->context, TRUE);
}

/* a server starts: core and table, then what was open */
static void
start (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  MsgCoreOptions core_options;
  SigCallsOptions options;

  msg_core_options_init (&core_options);
  core_options.database = f->database;
  core_options.context = f->context;
  core_options.argon2_memory_kib = 64;
  core_options.argon2_passes = 1;
  f->core = msg_core_new (&core_options, &error);
  g_assert_no_error (error);

  sig_calls_options_init (&options);
  options.context = f->context;
  options.core = f->core;
  options.metrics = f->metrics;
  options.outside = &outside;
  options.outside_data = f;
  options.invites_per_user = options.invites_per_pair = 0;
  options.now_us = fixture_now_us;
  options.now_ms = fixture_now_ms;
  options.clock_data = f;
  f->calls = sig_calls_new (&options);
  g_assert_true (sig_calls_recover (f->calls, &error));
  g_assert_no_error (error);
}

/* and goes, without a word: what its memory held is lost, as if it were killed */
static void
stop (Fixture *f)
{
  g_clear_pointer (&f->calls, sig_calls_free);
  g_clear_pointer (&f->core, msg_core_free);
}

static void
on_login (const MsgLogin *login, const GError *error, gpointer data)
{
  Fixture *f = data;
  unsigned i = f->logins[0] != NULL;

  g_assert_no_error (error);
  f->logins[i] = msg_login_copy (login);
  f->n_waiting--;
}

static void
make_user (Fixture *f, const char *name)
{
  /* the base point of Ed25519, and minus it: two valid keys */
  uint8_t key[32];
  MsgCredentials credentials = { .username = name, .password = "correct horse", .device = { .name = name, .platform = "test",
                                 .identity_key = key, .identity_key_len = sizeof key } };

  memset (key, 0x66, sizeof key);
  key[0] = 0x58;
  key[31] = f->logins[0] == NULL ? 0x66 : 0xe6;
  f->n_waiting++;
  msg_account_register (f->core, &credentials, on_login, f);
  settle (f);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  /* in memory where there is such a place: thousands of commits follow, and what a disk does is not the question */
  const char *root = g_file_test ("/dev/shm", G_FILE_TEST_IS_DIR) ? "/dev/shm" : g_get_tmp_dir ();

  f->folder = g_strdup_printf ("%s/aldis-calls-XXXXXX", root);
  g_assert_nonnull (g_mkdtemp (f->folder));
  f->database = g_strdup_printf ("sqlite:%s/aldis.db", f->folder);
  f->context = g_main_context_new ();
  f->metrics = al_metrics_new ();
  f->now_us = 5000 * SECOND;
  start (f);
  make_user (f, "alice");
  make_user (f, "bob");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;

  stop (f);
  msg_login_free (f->logins[0]);
  msg_login_free (f->logins[1]);
  al_metrics_free (f->metrics);
  g_main_context_unref (f->context);
  dir = g_dir_open (f->folder, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (f->folder, name, NULL);

      (void) g_unlink (path);
    }
  (void) g_rmdir (f->folder);
  g_free (f->folder);
  g_free (f->database);
}

static void
on_answer (const SigCallsError *error, const SigCallsReply *reply, gpointer data)
{
  Fixture *f = data;

  f->ok = error == NULL;
  if (error != NULL)
    g_test_message ("%s", error->reason);
  f->n_waiting--;
}

static bool
say (Fixture *f, SigCallEventType type, unsigned who, const uint8_t *id)
{
  g_autoptr (AlBuf) blob = al_buf_new_copy ("YmxvYg", 6);

  f->n_waiting++;
  sig_calls_say (f->calls,
                 &(SigCallsRequest){ .type = type, .id = id, .user = f->logins[who]->user,
                                     .device = f->logins[who]->device, .attached = true, .blob = blob,
                                     .to = f->logins[!who]->user->id },
                 on_answer, f);
  settle (f);
  g_assert_cmpuint (blob->refs, ==, sig_calls_count (f->calls) > 0 && type == SIG_CALL_ON_INVITE && f->ok ? 2 : 1);
  return f->ok;
}

static void
connect_call (Fixture *f, const uint8_t *id)
{
  g_assert_true (say (f, SIG_CALL_ON_INVITE, 0, id));
  g_assert_true (say (f, SIG_CALL_ON_ACCEPT, 1, id));
  g_assert_true (say (f, SIG_CALL_ON_CONNECTED, 0, id));
  g_assert_true (say (f, SIG_CALL_ON_CONNECTED, 1, id));
}

static void
wait (Fixture *f, int64_t seconds)
{
  for (; seconds > 0; seconds--)
    {
      f->now_us += SECOND;
      sig_calls_tick (f->calls);
    }
}

typedef struct {
  Fixture *f;
  MsgCallEntry entry;
  unsigned n;
} History;

static void
on_page (const MsgCallPage *page, const GError *error, gpointer data)
{
  History *history = data;

  g_assert_no_error (error);
  history->n = page->entries->len;
  if (history->n > 0)
    history->entry = *(MsgCallEntry *) page->entries->pdata[0];
  history->f->n_waiting--;
}

/* the newest call of both logs, which must say the same */
static MsgCall
get_newest (Fixture *f)
{
  History histories[2] = { { .f = f }, { .f = f } };

  for (unsigned i = 0; i < 2; i++)
    {
      f->n_waiting++;
      msg_call_history (f->core, f->logins[i]->user->id, NULL, 1, on_page, &histories[i]);
      settle (f);
      g_assert_cmpuint (histories[i].n, ==, 1);
      g_assert_cmpint (histories[i].entry.outgoing, ==, i == 0);
    }
  g_assert_cmpmem (&histories[0].entry.call, sizeof (MsgCall), &histories[1].entry.call, sizeof (MsgCall));
  return histories[0].entry.call;
}

static void
attach (Fixture *f, unsigned who)
{
  sig_calls_device_attached (f->calls, f->logins[who]->user->id, f->logins[who]->device->id, false);
}

static void
test_history (Fixture *f, gconstpointer data)
{
  uint8_t id[SIG_CALL_ID_BYTES];
  MsgCall call;

  al_random_bytes (id, sizeof id);
  connect_call (f, id);
  wait (f, 42);
  g_assert_true (say (f, SIG_CALL_ON_HANGUP, 1, id));
  call = get_newest (f);
  g_assert_cmpmem (call.call_id, sizeof call.call_id, id, sizeof id);
  g_assert_cmpstr (call.reason, ==, "hangup");
  g_assert_cmpint (call.ended_ms - call.active_ms, ==, 42000);
  g_assert_false (say (f, SIG_CALL_ON_INVITE, 1, id)); /* replayed */
}

static void
test_restart_both_return (Fixture *f, gconstpointer data)
{
  uint8_t id[SIG_CALL_ID_BYTES];
  g_autoptr (JsonArray) live = NULL;

  al_random_bytes (id, sizeof id);
  connect_call (f, id);
  wait (f, 25);
  stop (f);
  f->now_us += 5 * SECOND;
  start (f);
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 1);
  live = sig_calls_of_device (f->calls, f->logins[0]->user->id, f->logins[0]->device->id);
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (
                       json_array_get_object_element (live, 0), "peer"), "username"), ==, "bob");
  g_assert_true (json_object_has_member (json_array_get_object_element (live, 0), "peerDevice"));
  attach (f, 1);
  wait (f, 29);
  attach (f, 0);
  wait (f, 100);
  g_assert_true (say (f, SIG_CALL_ON_SEAL, 0, id));
  g_assert_true (say (f, SIG_CALL_ON_HANGUP, 0, id));
  g_assert_cmpint (get_newest (f).ended_ms - get_newest (f).active_ms, ==, (25 + 5 + 29 + 100) * 1000);
}

static void
test_restart_nobody_returns (Fixture *f, gconstpointer data)
{
  uint8_t id[SIG_CALL_ID_BYTES];

  al_random_bytes (id, sizeof id);
  connect_call (f, id);
  wait (f, 25); /* heartbeats after 10 and 20 */
  stop (f);
  f->now_us += 500 * SECOND;
  start (f);
  wait (f, 30);
  while (sig_calls_count (f->calls) > 0)
    (void) g_main_context_iteration (f->context, TRUE);
  g_assert_cmpstr (get_newest (f).reason, ==, "disconnected");
  g_assert_cmpint (get_newest (f).ended_ms - get_newest (f).active_ms, ==, 20000);
}

static void
test_restart_ringing (Fixture *f, gconstpointer data)
{
  uint8_t id[SIG_CALL_ID_BYTES];

  al_random_bytes (id, sizeof id);
  g_assert_true (say (f, SIG_CALL_ON_INVITE, 0, id));
  stop (f);
  start (f);
  while (sig_calls_count (f->calls) > 0)
    (void) g_main_context_iteration (f->context, TRUE);
  g_assert_cmpstr (get_newest (f).reason, ==, "missed");
  g_assert_false (say (f, SIG_CALL_ON_ACCEPT, 1, id));
  g_assert_false (say (f, SIG_CALL_ON_INVITE, 0, id)); /* the log knows the id still */
}

static void
test_used_id_after_restart (Fixture *f, gconstpointer data)
{
  uint8_t id[SIG_CALL_ID_BYTES];

  al_random_bytes (id, sizeof id);
  connect_call (f, id);
  g_assert_true (say (f, SIG_CALL_ON_HANGUP, 0, id));
  stop (f);
  start (f);
  f->n_notes = 0;
  g_assert_false (say (f, SIG_CALL_ON_INVITE, 1, id));
  g_assert_cmpuint (f->n_notes, ==, 0);
  g_assert_cmpstr (get_newest (f).reason, ==, "hangup"); /* and the log is as it was */
}

static void
test_many (Fixture *f, gconstpointer data)
{
  struct mallinfo2 before = { 0 }, after;
  uint8_t id[SIG_CALL_ID_BYTES];

  for (unsigned i = 0; i < 2000; i++)
    {
      if (i == 1000)
        before = mallinfo2 ();
      al_random_bytes (id, sizeof id);
      g_assert_true (say (f, SIG_CALL_ON_INVITE, i % 2, id));
      g_assert_true (say (f, SIG_CALL_ON_ACCEPT, (i + 1) % 2, id));
      g_assert_true (say (f, SIG_CALL_ON_HANGUP, i % 2, id));
    }
  after = mallinfo2 ();
  g_test_message ("%zu bytes in use, then %zu", before.uordblks, after.uordblks);
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
  /* what grows is the database's page cache (2 MB by itself) and the list of ended calls, both bounded */
  g_assert_cmpuint (after.uordblks, <=, before.uordblks + 1024 * 1024);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "history", test_history },
    { "restart/both-return", test_restart_both_return },
    { "restart/nobody-returns", test_restart_nobody_returns },
    { "restart/ringing", test_restart_ringing },
    { "restart/used-id", test_used_id_after_restart },
    { "many", test_many },
  };

  g_test_init (&argc, &argv, NULL);
  al_log_set_level (AL_LOG_ERROR);
  for (unsigned i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *name = g_strconcat ("/signaling/calls-log/", tests[i].name, NULL);

      g_test_add (name, Fixture, NULL, set_up, tests[i].test, tear_down);
    }
  return g_test_run ();
}
