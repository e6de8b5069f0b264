/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "harness.h"

static void
test_options (void)
{
  Bench bench;

  bench_init (&bench);
  for (int i = 0; i < 9; i++)
    {
      MsgCoreOptions options = bench.options;
      g_autoptr (GError) error = NULL;

      switch (i)
        {
        case 0: options.database = NULL; break;
        case 1: options.database = ""; break;
        case 2: options.jwt_secret = "too short"; break;
        case 3: options.jwt_public_key = "no key"; break;
        case 4: options.argon2_memory_kib = 7; break;
        case 5: options.argon2_passes = 0; break;
        case 6: options.queue_length = 1; break;
        case 7: options.max_devices_per_user = 0; break;
        case 8: options.login_per_name.burst = 2000000; break;
        }
      g_assert_null (msg_core_new (&options, &error));
      g_assert_error (error, MSG_ERROR, MSG_ERROR_INVALID);
      g_assert_cmpstr (msg_error_get_reason (error), ==, "format");
    }
  bench_clear (&bench);
}

static void
test_unopenable (void)
{
  g_autoptr (GError) error = NULL;
  Bench bench;

  bench_init (&bench);
  bench.options.database = "sqlite:/proc/none/aldis.db";
  g_assert_null (msg_core_new (&bench.options, &error));
  g_assert_error (error, MSG_ERROR, MSG_ERROR_UNAVAILABLE);
  g_assert_cmpstr (msg_error_get_reason (error), ==, "storage");
  bench_clear (&bench);
}

static void
test_two_servers (void)
{
  g_autoptr (GError) error = NULL;
  Bench bench;

  bench_init (&bench);
  bench_open (&bench);
  g_assert_null (msg_core_new (&bench.options, &error));
  g_assert_error (error, MSG_ERROR, MSG_ERROR_UNAVAILABLE);
  bench_clear (&bench);
}

typedef struct {
  Bench *bench;
  Answer late;
  unsigned n;
} Chain;

static void
on_registered (const MsgLogin *login, const GError *error, gpointer data)
{
  Chain *chain = data;

  g_assert_no_error (error);
  if (chain->n++ == 0)
    msg_account_find (chain->bench->core, "user0", on_user, &chain->late);
}

/* What was asked for is finished and told; what is asked for meanwhile is refused, also told. */
static void
test_closing (void)
{
  Bench bench;
  Chain chain = { &bench };
  g_auto (Answer) found = { 0 };

  bench_init (&bench);
  bench_open (&bench);
  for (int i = 0; i < 10; i++)
    {
      g_autofree char *name = g_strdup_printf ("user%d", i);
      uint8_t key[32];
      MsgCredentials credentials = { name, "correct horse", NULL, NULL, bench_device (0, (unsigned) i, key) };

      msg_account_register (bench.core, &credentials, on_registered, &chain);
    }
  g_assert_cmpuint (chain.n, ==, 0);
  msg_core_free (bench.core);
  bench.core = NULL;
  g_assert_cmpuint (chain.n, ==, 10);
  g_assert_cmpuint (chain.late.n, ==, 1);
  assert_reason (&chain.late, MSG_ERROR_UNAVAILABLE, "closing");
  answer_clear (&chain.late);
  bench_open (&bench);
  msg_account_find (bench.core, "user9", on_user, &found);
  bench_wait (&bench, &found);
  g_assert_no_error (found.error);
  bench_clear (&bench);
}

/* --- Killed --- */

#define AT_ONCE 50

typedef struct {
  int out;
  long kill_us;      /* after the first acknowledgement */
  unsigned waiting;  /* puts on their way */
} Writer;

typedef struct {
  Writer *writer;
  uint32_t number;
} Ack;

static void
kill_after_us (long us)
{
  struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
  struct itimerspec when = { .it_value = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 } };
  timer_t timer;

  if (timer_create (CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime (timer, 0, &when, NULL) != 0)
    abort ();
}

static void
on_put (const GError *error, gpointer data)
{
  Ack *ack = data;
  Writer *writer = ack->writer;

  if (error == NULL && write (writer->out, &ack->number, sizeof ack->number) != sizeof ack->number)
    _exit (3);
  if (error == NULL && writer->kill_us > 0)
    {
      kill_after_us (writer->kill_us);
      writer->kill_us = 0;
    }
  writer->waiting--;
  g_free (ack);
}

static MsgCall
crash_call (uint32_t number)
{
  MsgCall call = { .caller_user = 1, .caller_device = 2, .callee_user = 3, .started_ms = number };

  memcpy (call.call_id, &number, sizeof number);
  return call;
}

/* Child: puts calls, many on their way at once, and says which were acknowledged; until it is killed. */
static void
write_until_killed (Bench *bench, uint32_t first, int out, long kill_us)
{
  Writer writer = { out, kill_us, 0 };

  bench_open (bench);
  for (uint32_t n = first;; n++)
    {
      Ack *ack = g_new (Ack, 1);
      MsgCall call = crash_call (n);

      *ack = (Ack){ &writer, n };
      writer.waiting++;
      msg_call_put (bench->core, &call, on_put, ack);
      while (writer.waiting >= AT_ONCE)
        (void) g_main_context_iteration (bench->context, TRUE);
    }
}

static void
test_killed (void)
{
  g_autoptr (GHashTable) acked = g_hash_table_new (NULL, NULL);
  Bench bench;

  bench_init (&bench);
  for (unsigned round = 0; round < 8; round++)
    {
      g_auto (Answer) open = { 0 };
      unsigned present = 0;
      uint32_t number;
      int fds[2], status;
      pid_t pid;

      g_assert_cmpint (pipe (fds), ==, 0);
      pid = fork ();
      if (pid == 0)
        {
          (void) close (fds[0]);
          write_until_killed (&bench, 1 + round * 10000000, fds[1], g_test_rand_int_range (1, 80000));
        }
      (void) close (fds[1]);
      while (read (fds[0], &number, sizeof number) == sizeof number)
        (void) g_hash_table_add (acked, GUINT_TO_POINTER (number));
      (void) close (fds[0]);
      g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
      g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);

      bench_open (&bench);
      msg_call_load_open (bench.core, on_calls, &open);
      bench_wait (&bench, &open);
      g_assert_no_error (open.error);
      for (unsigned i = 0; i < open.list->len; i++)
        {
          memcpy (&number, ((MsgCall *) open.list->pdata[i])->call_id, sizeof number);
          g_assert_cmpint (((MsgCall *) open.list->pdata[i])->started_ms, ==, number);
          present += g_hash_table_contains (acked, GUINT_TO_POINTER (number));
        }
      g_assert_cmpuint (present, ==, g_hash_table_size (acked));
      bench_close (&bench);
    }
  g_test_message ("%u acknowledged calls outlived 8 kills", g_hash_table_size (acked));
  g_assert_cmpuint (g_hash_table_size (acked), >=, 8);
  bench_clear (&bench);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messaging/core/options", test_options);
  g_test_add_func ("/messaging/core/unopenable", test_unopenable);
  g_test_add_func ("/messaging/core/two-servers", test_two_servers);
  g_test_add_func ("/messaging/core/closing", test_closing);
  g_test_add_func ("/messaging/core/killed", test_killed);
  return g_test_run ();
}
