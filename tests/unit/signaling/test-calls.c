/* SPDX-License-Identifier: Apache-2.0 */
/* The table of calls on a clock, with devices and with a log of the test's own; the log is durable when the test says. */
#include "signaling/calls.h"

#include <malloc.h>
#include <string.h>

#include "base/log.h"
#include "signaling/rpc.h"

/* user 1 has devices 11, 12, 13; user 9 is disabled, user 8 deleted, there is no user 7 */
enum { A = 1, B = 2, C = 3, D = 4, A1 = 11, A2 = 12, B1 = 21, B2 = 22, C1 = 31, D1 = 41, DEVICE_N = 60 };

#define SECOND ((int64_t) G_USEC_PER_SEC)

/* --- the log --- */

typedef enum { JOB_PUT, JOB_USERS, JOB_DEVICES, JOB_ROWS } JobType;

typedef struct {
  JobType type;
  MsgCall row;
  MsgId user_id;
  union {
    MsgDoneFn done;
    MsgUsersFn users;
    MsgDevicesFn devices;
    MsgCallsFn rows;
  };
  gpointer data;
} Job;

typedef struct {
  GQueue jobs;
  GHashTable *rows; /* id as bytes -> MsgCall */
  GPtrArray *open;  /* what load_open gives */
  unsigned n_puts, n_heartbeats, n_beaten;
  int fail;         /* so many of the next puts fail, */
  MsgError code;    /* with this */
  bool by_idle;     /* jobs are done by the main context */
} Log;

static Log the_log; /* the table's callbacks carry no pointer of ours */

static gboolean
log_step (void)
{
  g_autofree Job *job = g_queue_pop_head (&the_log.jobs);
  g_autoptr (GError) error = NULL;

  if (job == NULL)
    return FALSE;
  if (job->type == JOB_PUT)
    {
      the_log.n_puts++;
      if (the_log.fail > 0)
        {
          the_log.fail--;
          error = msg_error_new (the_log.code, the_log.code == MSG_ERROR_CONFLICT ? "call_exists" : "storage", "no");
        }
      else
        (void) g_hash_table_insert (the_log.rows, g_bytes_new (job->row.call_id, MSG_CALL_ID_BYTES),
                                    msg_call_copy (&job->row));
      job->done (error, job->data);
    }
  else if (job->type == JOB_ROWS)
    job->rows (the_log.open, NULL, job->data);
  else if (job->type == JOB_USERS)
    {
      char name[] = "user_0";
      MsgUser user = { .id = job->user_id, .username = name, .display_name = name, .disabled = job->user_id == 9,
                       .deleted = job->user_id == 8 };
      g_autoptr (GPtrArray) users = g_ptr_array_new ();

      name[5] = (char) ('0' + job->user_id % 10);
      if (job->user_id != 7)
        g_ptr_array_add (users, &user);
      job->users (users, NULL, job->data);
    }
  else
    {
      char name[] = "device";
      MsgDevice device = { .id = job->user_id * 10 + 1, .user_id = job->user_id, .name = name, .platform = name };
      g_autoptr (GPtrArray) devices = g_ptr_array_new ();

      g_ptr_array_add (devices, &device);
      job->devices (devices, NULL, job->data);
    }
  return TRUE;
}

static gboolean
log_on_idle (gpointer data)
{
  return log_step ();
}

static void
log_push (Job job)
{
  g_queue_push_tail (&the_log.jobs, g_memdup2 (&job, sizeof job));
  if (the_log.by_idle)
    {
      g_autoptr (GSource) source = g_idle_source_new ();

      g_source_set_callback (source, log_on_idle, NULL, NULL);
      (void) g_source_attach (source, g_main_context_get_thread_default ());
    }
}

static void
log_put (MsgCore *core, const MsgCall *call, MsgDoneFn fn, gpointer data)
{
  log_push ((Job){ .type = JOB_PUT, .row = *call, .done = fn, .data = data });
}

static void
log_heartbeat (MsgCore *core, const uint8_t (*ids)[MSG_CALL_ID_BYTES], unsigned n, int64_t at_ms, MsgDoneFn fn,
               gpointer data)
{
  the_log.n_heartbeats++;
  the_log.n_beaten = n;
}

static void
log_load_open (MsgCore *core, MsgCallsFn fn, gpointer data)
{
  log_push ((Job){ .type = JOB_ROWS, .rows = fn, .data = data });
}

static void
log_get_users (MsgCore *core, const MsgId *ids, unsigned n, MsgUsersFn fn, gpointer data)
{
  g_assert_cmpuint (n, ==, 1);
  log_push ((Job){ .type = JOB_USERS, .user_id = ids[0], .users = fn, .data = data });
}

static void
log_list_devices (MsgCore *core, MsgId user_id, MsgDevicesFn fn, gpointer data)
{
  log_push ((Job){ .type = JOB_DEVICES, .user_id = user_id, .devices = fn, .data = data });
}

static const SigCallsLog fake_log = { log_put, log_heartbeat, log_load_open, log_get_users, log_list_devices };

/* --- the world --- */

typedef struct {
  GMainContext *context;
  AlMetrics *metrics;
  SigCallsOptions options;
  SigCalls *calls;
  int64_t now_us;
  bool attached[DEVICE_N];
  GString *heard; /* "11:ringing<21 " and so on, since it was last read */
  GString *events;
  AlBuf *blob;
  uint8_t id[SIG_CALL_ID_BYTES];
} Fixture;

/* an answer: exactly one comes */
typedef struct {
  unsigned n;
  bool ok;
  SigCallsError error;
  SigCallsReply reply;
} Answer;

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
  Fixture *f = data;

  g_assert_true (g_str_has_prefix (method, "call."));
  g_string_append_printf (f->heard, "%d:%s", (int) device_id, method + strlen ("call."));
  if (json_object_has_member (params, "reason"))
    g_string_append_printf (f->heard, "/%s", json_object_get_string_member (params, "reason"));
  if (json_object_has_member (params, "deviceId"))
    g_string_append_printf (f->heard, "<%s", json_object_get_string_member (params, "deviceId"));
  g_string_append_c (f->heard, ' ');
  json_object_unref (params);
}

static unsigned
fixture_list_devices (MsgId user_id, uint64_t *ret_devices, unsigned max, gpointer data)
{
  Fixture *f = data;
  unsigned n = 0;

  for (unsigned device = (unsigned) user_id * 10; device < (unsigned) user_id * 10 + 10 && device < DEVICE_N; device++)
    if (f->attached[device] && n < max)
      ret_devices[n++] = device;
  return n;
}

static bool
fixture_is_attached (MsgId device_id, gpointer data)
{
  return ((Fixture *) data)->attached[device_id];
}

static const SigCallsOutside outside = { fixture_notify, fixture_list_devices, fixture_is_attached };

static void
fixture_on_event (const char *name, JsonObject *payload, gpointer data)
{
  Fixture *f = data;

  g_string_append (f->events, name + strlen ("call."));
  if (json_object_has_member (payload, "reason"))
    g_string_append_printf (f->events, "/%s", json_object_get_string_member (payload, "reason"));
  if (json_object_has_member (payload, "stats"))
    g_string_append (f->events, "+stats");
  g_string_append_c (f->events, ' ');
  json_object_unref (payload);
}

static void
open_table (Fixture *f)
{
  f->calls = sig_calls_new (&f->options);
  sig_calls_set_event_fn (f->calls, fixture_on_event, f);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  the_log = (Log){ .rows = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref,
                                                  (GDestroyNotify) msg_call_free),
                   .open = g_ptr_array_new_with_free_func ((GDestroyNotify) msg_call_free) };
  g_queue_init (&the_log.jobs);
  f->context = g_main_context_new ();
  g_main_context_push_thread_default (f->context);
  f->metrics = al_metrics_new ();
  f->now_us = 1000 * SECOND;
  f->heard = g_string_new (NULL);
  f->events = g_string_new (NULL);
  f->blob = al_buf_new_copy ("YmxvYg", 6);
  memset (f->id, 0x40, sizeof f->id);
  f->attached[A1] = f->attached[A2] = f->attached[B1] = f->attached[B2] = f->attached[C1] = f->attached[D1] = true;
  sig_calls_options_init (&f->options);
  f->options.context = f->context;
  f->options.log = &fake_log;
  f->options.metrics = f->metrics;
  f->options.outside = &outside;
  f->options.outside_data = f;
  f->options.now_us = fixture_now_us;
  f->options.now_ms = fixture_now_ms;
  f->options.clock_data = f;
  open_table (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  sig_calls_free (f->calls);
  while (log_step ())
    ; /* callbacks that come after the table has gone */
  g_assert_cmpuint (f->blob->refs, ==, 1);
  al_buf_unref (f->blob);
  al_metrics_free (f->metrics);
  g_hash_table_unref (the_log.rows);
  g_ptr_array_unref (the_log.open);
  g_string_free (f->heard, TRUE);
  g_string_free (f->events, TRUE);
  g_main_context_pop_thread_default (f->context);
  g_main_context_unref (f->context);
}

static void
on_answer (const SigCallsError *error, const SigCallsReply *reply, gpointer data)
{
  Answer *answer = data;

  answer->n++;
  answer->ok = error == NULL;
  g_assert_true ((error == NULL) != (reply == NULL));
  if (error != NULL)
    answer->error = *error;
  else
    answer->reply = *reply;
}

/* call number @n: they sort by it */
static const uint8_t *
id_of (Fixture *f, unsigned n)
{
  f->id[0] = (uint8_t) (n >> 24);
  f->id[1] = (uint8_t) (n >> 16);
  f->id[2] = (uint8_t) (n >> 8);
  f->id[3] = (uint8_t) n;
  return f->id;
}

static void
ask_full (Fixture *f, SigCallEventType type, unsigned device, unsigned n, MsgId to, SigCallReason reason,
          JsonObject *stats, Answer *answer)
{
  char name[] = "somebody";
  MsgUser user = { .id = device / 10, .username = name, .display_name = name };
  MsgDevice dev = { .id = device, .user_id = device / 10, .name = name, .platform = name };

  *answer = (Answer){ 0 };
  sig_calls_say (f->calls,
                 &(SigCallsRequest){ .type = type, .id = id_of (f, n), .user = &user, .device = &dev,
                                     .attached = f->attached[device], .blob = f->blob, .to = to, .video = true,
                                     .reason = reason, .stats = stats },
                 on_answer, answer);
}

static void
ask (Fixture *f, SigCallEventType type, unsigned device, unsigned n, Answer *answer)
{
  ask_full (f, type, device, n, 0, SIG_CALL_REASON_NONE, NULL, answer);
}

static void
settle (Fixture *f)
{
  while (log_step ())
    ;
}

/* says it and lets the log catch up; "ok", or the reason why not */
static const char *
say (Fixture *f, SigCallEventType type, unsigned device, unsigned n)
{
  static Answer answer;

  ask (f, type, device, n, &answer);
  settle (f);
  g_assert_cmpuint (answer.n, ==, 1);
  return answer.ok ? "ok" : answer.error.reason;
}

static const char *
invite (Fixture *f, unsigned device, unsigned n, MsgId to)
{
  static Answer answer;

  ask_full (f, SIG_CALL_ON_INVITE, device, n, to, SIG_CALL_REASON_NONE, NULL, &answer);
  settle (f);
  g_assert_cmpuint (answer.n, ==, 1);
  return answer.ok ? sig_call_state_to_string (answer.reply.state) : answer.error.reason;
}

#define assert_say(f, type, device, n, expected) g_assert_cmpstr (say (f, SIG_CALL_ON_##type, device, n), ==, expected)
#define assert_invite(f, device, n, to, expected) g_assert_cmpstr (invite (f, device, n, to), ==, expected)

/* what devices heard since the last time */
#define assert_heard(f, expected) \
  G_STMT_START { \
    g_assert_cmpstr ((f)->heard->str, ==, expected); \
    g_string_truncate ((f)->heard, 0); \
  } G_STMT_END

static void
wait (Fixture *f, int64_t seconds)
{
  f->now_us += seconds * SECOND;
  sig_calls_tick (f->calls);
  settle (f);
}

static void
attach (Fixture *f, unsigned device, bool resumed)
{
  f->attached[device] = true;
  sig_calls_device_attached (f->calls, device / 10, device, resumed);
  settle (f);
}

static void
detach (Fixture *f, unsigned device)
{
  f->attached[device] = false;
  sig_calls_device_detached (f->calls, device / 10, device, false);
  settle (f);
}

static const MsgCall *
row (Fixture *f, unsigned n)
{
  g_autoptr (GBytes) key = g_bytes_new (id_of (f, n), SIG_CALL_ID_BYTES);

  return g_hash_table_lookup (the_log.rows, key);
}

static void
connect_call (Fixture *f, unsigned caller, unsigned n, unsigned callee)
{
  assert_invite (f, caller, n, callee / 10, "ringing");
  assert_say (f, ACCEPT, callee, n, "ok");
  assert_say (f, CONNECTED, caller, n, "ok");
  assert_say (f, CONNECTED, callee, n, "ok");
  g_string_truncate (f->heard, 0);
  g_string_truncate (f->events, 0);
}

/* --- order and durability --- */

static void
test_whole (Fixture *f, gconstpointer data)
{
  Answer answer;

  ask_full (f, SIG_CALL_ON_INVITE, A1, 5, B, SIG_CALL_REASON_NONE, NULL, &answer);
  g_assert_true (log_step ()); /* the callee is looked up */
  g_assert_cmpuint (answer.n, ==, 0);
  assert_heard (f, "");
  g_assert_true (log_step ()); /* the call is durable */
  g_assert_true (answer.ok);
  g_assert_cmpuint (answer.reply.n_devices, ==, 2);
  g_assert_cmpuint (answer.reply.devices[0], ==, B1);
  g_assert_cmpint (answer.reply.expires_at_ms, ==, fixture_now_ms (f) + 60000);
  assert_heard (f, "21:incoming 22:incoming ");
  assert_say (f, RING, B1, 5, "ok");
  assert_heard (f, "11:ringing<21 ");
  ask (f, SIG_CALL_ON_ACCEPT, B1, 5, &answer);
  g_assert_cmpuint (answer.n, ==, 0);
  assert_heard (f, ""); /* not before it is durable */
  settle (f);
  g_assert_cmpint (answer.reply.state, ==, SIG_CALL_CONNECTING);
  assert_heard (f, "11:accepted 22:ended/answered_elsewhere ");
  assert_say (f, CONFIRM, A1, 5, "ok");
  assert_say (f, REVEAL, B1, 5, "ok");
  assert_say (f, SEAL, A1, 5, "ok");
  assert_heard (f, "21:confirmed 11:revealed 21:sealed ");
  assert_say (f, CONNECTED, A1, 5, "ok");
  assert_say (f, CONNECTED, B1, 5, "ok");
  assert_heard (f, "11:active 21:active ");
  wait (f, 7);
  ask (f, SIG_CALL_ON_HANGUP, A1, 5, &answer);
  g_assert_cmpuint (answer.n, ==, 0);
  assert_heard (f, "");
  settle (f);
  g_assert_true (answer.ok);
  assert_heard (f, "11:ended/hangup 21:ended/hangup ");
  g_assert_cmpstr (f->events->str, ==, "ringing connecting active ended/hangup ");
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
  g_assert_cmpint (row (f, 5)->ended_ms - row (f, 5)->active_ms, ==, 7000);
  g_assert_cmpint (row (f, 5)->state, ==, MSG_CALL_ENDED);
  g_assert_cmpint (row (f, 5)->callee_device, ==, B1);
  g_assert_cmpstr (row (f, 5)->reason, ==, "hangup");
}

/* what is said while the log writes keeps its order behind what the log holds up */
static void
test_order_behind_write (Fixture *f, gconstpointer data)
{
  Answer accept, seal, hangup;

  assert_invite (f, A1, 5, B, "ringing");
  g_string_truncate (f->heard, 0);
  ask (f, SIG_CALL_ON_ACCEPT, B1, 5, &accept);
  ask (f, SIG_CALL_ON_SEAL, B1, 5, &seal);
  ask (f, SIG_CALL_ON_HANGUP, B1, 5, &hangup);
  g_assert_cmpuint (accept.n + seal.n + hangup.n, ==, 0);
  assert_heard (f, "");
  (void) log_step ();
  g_assert_true (accept.ok && seal.ok);
  g_assert_cmpuint (hangup.n, ==, 0);
  assert_heard (f, "11:accepted 22:ended/answered_elsewhere 11:sealed ");
  (void) log_step ();
  g_assert_true (hangup.ok);
  assert_heard (f, "11:ended/hangup 21:ended/hangup ");
}

static void
test_stats (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonObject) stats = json_object_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  Answer answer;

  json_object_set_boolean_member (stats, "relayed", TRUE);
  connect_call (f, A1, 5, B1);
  ask_full (f, SIG_CALL_ON_HANGUP, C1, 5, 0, SIG_CALL_REASON_NONE, stats, &answer);
  g_assert_cmpint (answer.error.code, ==, SIG_RPC_NOT_FOUND);
  ask_full (f, SIG_CALL_ON_HANGUP, A1, 5, 0, SIG_CALL_REASON_FAILED, stats, &answer);
  settle (f);
  g_assert_cmpstr (f->events->str, ==, "ended/failed+stats ");
  al_metrics_write (f->metrics, text);
  g_assert_nonnull (strstr (text->str, "aldis_calls_path_total{path=\"relayed\"} 1"));
  g_assert_nonnull (strstr (text->str, "aldis_calls_ended_total{reason=\"failed\"} 1"));
  g_assert_nonnull (strstr (text->str, "aldis_calls_open{state=\"active\"} 0"));
  g_assert_nonnull (strstr (text->str, "aldis_call_setup_seconds_count 1"));
}

/* --- several calls of one user --- */

static void
test_busy (Fixture *f, gconstpointer data)
{
  connect_call (f, A1, 5, B1);
  assert_invite (f, C1, 6, B, "ended");
  assert_heard (f, "31:ended/busy ");
  g_assert_cmpstr (row (f, 6)->reason, ==, "busy");
  assert_invite (f, C1, 7, A, "ended"); /* the caller of a call is as busy */
  assert_invite (f, A2, 8, C, "in_call");
  assert_invite (f, B1, 9, A, "in_call");
  assert_say (f, ACCEPT, B1, 6, "call_ended");
}

static void
test_call_waiting (Fixture *f, gconstpointer data)
{
  assert_invite (f, C1, 6, B, "ringing");
  assert_invite (f, A1, 5, B, "ringing");
  assert_say (f, ACCEPT, B1, 5, "ok");
  /* the other one goes on ringing and can be taken when the first is over */
  assert_say (f, ACCEPT, B2, 6, "in_call");
  assert_say (f, HANGUP, B1, 5, "ok");
  assert_say (f, ACCEPT, B2, 6, "ok");
}

static void
test_accepted_cancels_outgoing (Fixture *f, gconstpointer data)
{
  assert_invite (f, B1, 4, C, "ringing");
  assert_invite (f, A1, 5, B, "ringing");
  assert_invite (f, A1, 6, D, "ringing");
  g_string_truncate (f->heard, 0);
  assert_say (f, ACCEPT, B1, 5, "ok");
  g_assert_nonnull (strstr (f->heard->str, "31:ended/cancelled "));
  g_assert_nonnull (strstr (f->heard->str, "41:ended/cancelled "));
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 1);
}

static void
test_glare_smaller_first (Fixture *f, gconstpointer data)
{
  Answer answer;

  assert_invite (f, A1, 5, B, "ringing");
  assert_heard (f, "21:incoming 22:incoming ");
  ask_full (f, SIG_CALL_ON_INVITE, B1, 6, A, SIG_CALL_REASON_NONE, NULL, &answer);
  settle (f);
  g_assert_cmpint (answer.error.code, ==, SIG_RPC_CONFLICT);
  g_assert_cmpstr (answer.error.reason, ==, "glare");
  g_assert_true (answer.error.has_call_id);
  g_assert_cmpmem (answer.error.call_id, SIG_CALL_ID_BYTES, id_of (f, 5), SIG_CALL_ID_BYTES);
  assert_heard (f, "");
  g_assert_null (row (f, 6));
  assert_say (f, ACCEPT, B1, 5, "ok");
}

static void
test_glare_smaller_second (Fixture *f, gconstpointer data)
{
  assert_invite (f, A1, 6, B, "ringing");
  assert_heard (f, "21:incoming 22:incoming ");
  assert_invite (f, B1, 5, A, "ringing");
  assert_heard (f, "11:ended/glare 21:ended/glare 22:ended/glare 11:incoming 12:incoming ");
  g_assert_cmpstr (row (f, 6)->reason, ==, "glare");
  assert_say (f, ACCEPT, A1, 5, "ok");
}

/* both invitations are under way when the first is answered */
static void
test_glare_at_once (Fixture *f, gconstpointer data)
{
  Answer larger, smaller;

  ask_full (f, SIG_CALL_ON_INVITE, A1, 6, B, SIG_CALL_REASON_NONE, NULL, &larger);
  ask_full (f, SIG_CALL_ON_INVITE, B1, 5, A, SIG_CALL_REASON_NONE, NULL, &smaller);
  settle (f);
  g_assert_true (larger.ok && smaller.ok);
  g_assert_nonnull (strstr (f->heard->str, "11:ended/glare "));
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 1);
  assert_say (f, ACCEPT, A1, 5, "ok");
}

/* --- who may not --- */

static void
test_used_ids (Fixture *f, gconstpointer data)
{
  assert_invite (f, A1, 5, B, "ringing");
  assert_invite (f, A1, 5, B, "call_exists");
  assert_invite (f, C1, 5, D, "call_exists");
  assert_say (f, CANCEL, A1, 5, "ok");
  assert_invite (f, A1, 5, B, "call_exists"); /* remembered */
  g_string_truncate (f->heard, 0);
  the_log.fail = 1; /* so long ago that the log alone knows */
  the_log.code = MSG_ERROR_CONFLICT;
  assert_invite (f, A1, 6, B, "call_exists");
  assert_heard (f, "");
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
  assert_invite (f, A1, 6, B, "ringing");
}

static void
test_callee (Fixture *f, gconstpointer data)
{
  assert_invite (f, A1, 5, A, "self");
  for (unsigned user = 7; user <= 9; user++)
    assert_invite (f, A1, user, user, "user");
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
  assert_heard (f, "");
}

static void
test_strangers (Fixture *f, gconstpointer data)
{
  assert_invite (f, A1, 5, B, "ringing");
  for (int type = SIG_CALL_ON_RING; type <= SIG_CALL_ON_HANGUP; type++)
    {
      g_assert_cmpstr (say (f, type, C1, 5), ==, "call");
      g_assert_cmpstr (say (f, type, A2, 5), ==, "call"); /* the caller's other device */
      g_assert_cmpstr (say (f, type, A1, 6), ==, "call"); /* no call at all */
    }
  assert_say (f, CANCEL, A1, 5, "ok");
  assert_say (f, HANGUP, A1, 5, "call_ended");
  assert_say (f, ACCEPT, B2, 5, "call_ended");
  assert_say (f, ACCEPT, C1, 5, "call");
  assert_say (f, HANGUP, A2, 5, "call");
}

static void
test_rates (Fixture *f, gconstpointer data)
{
  Answer answer;
  unsigned n = 10;

  for (unsigned i = 0; i < f->options.invites_per_pair; i++)
    {
      assert_invite (f, A1, ++n, B, "ringing");
      assert_say (f, CANCEL, A1, n, "ok");
    }
  ask_full (f, SIG_CALL_ON_INVITE, A1, ++n, B, SIG_CALL_REASON_NONE, NULL, &answer);
  g_assert_cmpint (answer.error.code, ==, SIG_RPC_LIMIT);
  g_assert_cmpstr (answer.error.reason, ==, "call_rate");
  g_assert_cmpint (answer.error.retry_after_ms, ==, 3000);
  assert_invite (f, A1, ++n, C, "ringing");
  wait (f, 3);
  assert_invite (f, A1, ++n, B, "ringing");
  f->options.invites_per_pair = 0; /* many others */
  sig_calls_free (f->calls);
  open_table (f);
  for (unsigned i = 0; i < f->options.invites_per_user; i++)
    {
      assert_invite (f, D1, ++n, i % 2 == 0 ? A : C, "ringing");
      assert_say (f, CANCEL, D1, n, "ok");
    }
  assert_invite (f, D1, ++n, A, "call_rate");
}

static void
test_many_calls (Fixture *f, gconstpointer data)
{
  unsigned n = 10;

  for (unsigned i = 0; i < f->options.max_calls_per_user; i++)
    assert_invite (f, A1, ++n, i % 2 == 0 ? B : C, "ringing");
  assert_invite (f, A1, ++n, D, "too_many_calls");
  assert_invite (f, D1, ++n, A, "ringing"); /* who is called is not kept from calling */
  wait (f, 60);
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
  assert_invite (f, A1, ++n, D, "ringing");
}

static void
test_full (Fixture *f, gconstpointer data)
{
  sig_calls_free (f->calls);
  f->options.max_calls = 1;
  open_table (f);
  assert_invite (f, A1, 5, B, "ringing");
  assert_invite (f, C1, 6, D, "busy");
}

static void
test_drain (Fixture *f, gconstpointer data)
{
  assert_invite (f, A1, 5, B, "ringing");
  sig_calls_drain (f->calls);
  assert_invite (f, C1, 6, D, "shutting_down");
  assert_say (f, ACCEPT, B1, 5, "ok");
}

/* given up before the server had found the callee */
static void
test_given_up (Fixture *f, gconstpointer data)
{
  Answer invited, cancelled;

  ask_full (f, SIG_CALL_ON_INVITE, A1, 5, B, SIG_CALL_REASON_NONE, NULL, &invited);
  ask (f, SIG_CALL_ON_CANCEL, B1, 5, &cancelled);
  g_assert_cmpstr (cancelled.error.reason, ==, "call");
  ask (f, SIG_CALL_ON_CANCEL, A1, 5, &cancelled);
  g_assert_true (cancelled.ok);
  g_assert_cmpuint (invited.n, ==, 0);
  settle (f);
  g_assert_cmpuint (invited.n, ==, 1);
  g_assert_cmpstr (invited.error.reason, ==, "call_ended");
  assert_heard (f, "");
  assert_invite (f, A1, 5, B, "call_exists");
  g_assert_cmpuint (the_log.n_puts, ==, 0);
}

/* --- devices that come and go --- */

static void
test_attach (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonArray) live = NULL;
  JsonObject *call;

  detach (f, B2);
  assert_invite (f, A1, 5, B, "ringing");
  assert_heard (f, "21:incoming ");
  live = sig_calls_of_device (f->calls, B, B2);
  g_assert_cmpuint (json_array_get_length (live), ==, 1);
  call = json_array_get_object_element (live, 0);
  g_assert_cmpstr (json_object_get_string_member (call, "state"), ==, "ringing");
  g_assert_false (json_object_get_boolean_member (call, "outgoing"));
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (call, "peer"), "id"), ==, "1");
  attach (f, B2, false);
  assert_heard (f, "22:incoming ");
  attach (f, B1, true);
  assert_heard (f, "");
  detach (f, A1);
  wait (f, 29);
  assert_heard (f, "");
  attach (f, A1, true);
  wait (f, 30);
  assert_heard (f, "");
  wait (f, 1);
  assert_heard (f, "11:ended/missed 21:ended/missed 22:ended/missed ");
}

static void
test_live_calls (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonArray) callers = NULL, others = NULL, losers = NULL, all = NULL;
  JsonObject *call;

  connect_call (f, A1, 5, B1);
  callers = sig_calls_of_device (f->calls, A, A1);
  others = sig_calls_of_device (f->calls, A, A2);
  losers = sig_calls_of_device (f->calls, B, B2);
  g_assert_cmpuint (json_array_get_length (others) + json_array_get_length (losers), ==, 0);
  call = json_array_get_object_element (callers, 0);
  g_assert_true (json_object_get_boolean_member (call, "outgoing"));
  g_assert_cmpstr (json_object_get_string_member (call, "state"), ==, "active");
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (call, "peerDevice"), "id"), ==, "21");
  g_assert_false (json_object_has_member (call, "expiresAt"));
  all = sig_calls_list (f->calls);
  call = json_array_get_object_element (all, 0);
  g_assert_cmpstr (json_object_get_string_member (call, "toDevice"), ==, "21");
}

static void
test_disconnected (Fixture *f, gconstpointer data)
{
  connect_call (f, A1, 5, B1);
  detach (f, B1);
  wait (f, 30);
  assert_heard (f, "11:ended/disconnected 21:ended/disconnected ");
}

static void
test_revoked (Fixture *f, gconstpointer data)
{
  connect_call (f, A1, 5, B1);
  sig_calls_device_detached (f->calls, B, B1, true);
  settle (f);
  assert_heard (f, "11:ended/disconnected 21:ended/disconnected ");
}

static void
test_disabled (Fixture *f, gconstpointer data)
{
  connect_call (f, A1, 5, B1);
  assert_invite (f, C1, 6, D, "ringing");
  g_string_truncate (f->heard, 0);
  sig_calls_user_disabled (f->calls, B);
  settle (f);
  assert_heard (f, "11:ended/disabled 21:ended/disabled ");
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 1);
}

static void
test_admin_end (Fixture *f, gconstpointer data)
{
  Answer answer = { 0 };

  connect_call (f, A1, 5, B1);
  sig_calls_end (f->calls, id_of (f, 6), on_answer, &answer);
  g_assert_cmpstr (answer.error.reason, ==, "call");
  answer = (Answer){ 0 };
  sig_calls_end (f->calls, id_of (f, 5), on_answer, &answer);
  g_assert_cmpuint (answer.n, ==, 0);
  settle (f);
  g_assert_true (answer.ok);
  assert_heard (f, "11:ended/ended_by_admin 21:ended/ended_by_admin ");
  sig_calls_end (f->calls, id_of (f, 5), on_answer, &answer);
  g_assert_cmpstr (answer.error.reason, ==, "call_ended");
}

static void
test_party (Fixture *f, gconstpointer data)
{
  SigCallsError error;
  Answer answer;

  g_assert_false (sig_calls_check_party (f->calls, id_of (f, 5), A, A1, &error));
  g_assert_cmpstr (error.reason, ==, "call");
  assert_invite (f, A1, 5, B, "ringing");
  g_assert_true (sig_calls_check_party (f->calls, id_of (f, 5), A, A1, &error));
  g_assert_true (sig_calls_check_party (f->calls, id_of (f, 5), B, B2, &error));
  assert_say (f, ACCEPT, B1, 5, "ok");
  g_assert_false (sig_calls_check_party (f->calls, id_of (f, 5), B, B2, &error));
  g_assert_cmpstr (error.reason, ==, "call");
  ask (f, SIG_CALL_ON_HANGUP, B1, 5, &answer);
  for (int i = 0; i < 2; i++) /* while the end is written, and after */
    {
      g_assert_false (sig_calls_check_party (f->calls, id_of (f, 5), A, A1, &error));
      g_assert_cmpstr (error.reason, ==, "call_ended");
      g_assert_false (sig_calls_check_party (f->calls, id_of (f, 5), A, A2, &error));
      g_assert_cmpstr (error.reason, ==, "call");
      settle (f);
    }
}

static void
test_heartbeat (Fixture *f, gconstpointer data)
{
  connect_call (f, A1, 5, B1);
  assert_invite (f, C1, 6, D, "ringing");
  for (int i = 0; i < 3; i++)
    wait (f, 10);
  g_assert_cmpuint (the_log.n_heartbeats, ==, 3);
  g_assert_cmpuint (the_log.n_beaten, ==, 1); /* what rings has nothing to survive */
  detach (f, A1);
  detach (f, B1);
  wait (f, 10);
  g_assert_cmpuint (the_log.n_heartbeats, ==, 3); /* nobody there who could say it lives */
}

/* --- a log that fails --- */

static void
test_log_fails_invite (Fixture *f, gconstpointer data)
{
  Answer invited, cancelled;

  the_log.fail = 1;
  the_log.code = MSG_ERROR_UNAVAILABLE;
  ask_full (f, SIG_CALL_ON_INVITE, A1, 5, B, SIG_CALL_REASON_NONE, NULL, &invited);
  (void) log_step ();
  ask (f, SIG_CALL_ON_CANCEL, A1, 5, &cancelled);
  settle (f);
  g_assert_cmpint (invited.error.code, ==, SIG_RPC_UNAVAILABLE);
  g_assert_cmpstr (invited.error.reason, ==, "storage");
  g_assert_cmpuint (cancelled.n, ==, 1);
  assert_heard (f, "");
  g_assert_cmpstr (f->events->str, ==, "");
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
}

static void
test_log_fails_accept (Fixture *f, gconstpointer data)
{
  Answer accept, seal;

  assert_invite (f, A1, 5, B, "ringing");
  g_string_truncate (f->heard, 0);
  the_log.fail = 1;
  the_log.code = MSG_ERROR_UNAVAILABLE;
  ask (f, SIG_CALL_ON_ACCEPT, B1, 5, &accept);
  ask (f, SIG_CALL_ON_SEAL, B1, 5, &seal);
  settle (f);
  g_assert_cmpstr (accept.error.reason, ==, "storage");
  g_assert_cmpstr (seal.error.reason, ==, "storage");
  /* nobody is left ringing, and what nobody may know of was not said */
  assert_heard (f, "22:ended/answered_elsewhere 11:ended/failed 21:ended/failed ");
  g_assert_cmpstr (row (f, 5)->reason, ==, "failed");
}

/* the callee has hung up before the failure is known */
static void
test_log_fails_accept_then_hangup (Fixture *f, gconstpointer data)
{
  Answer accept, hangup;

  assert_invite (f, A1, 5, B, "ringing");
  g_string_truncate (f->heard, 0);
  the_log.fail = 1;
  the_log.code = MSG_ERROR_UNAVAILABLE;
  ask (f, SIG_CALL_ON_ACCEPT, B1, 5, &accept);
  ask (f, SIG_CALL_ON_HANGUP, B1, 5, &hangup);
  settle (f);
  g_assert_cmpstr (accept.error.reason, ==, "storage");
  g_assert_true (hangup.ok);
  assert_heard (f, "22:ended/answered_elsewhere 11:ended/hangup 21:ended/hangup ");
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
}

static void
test_log_fails_end (Fixture *f, gconstpointer data)
{
  Answer answer;

  connect_call (f, A1, 5, B1);
  the_log.fail = 2;
  the_log.code = MSG_ERROR_UNAVAILABLE;
  ask (f, SIG_CALL_ON_HANGUP, A1, 5, &answer);
  settle (f);
  g_assert_cmpuint (answer.n, ==, 0);
  attach (f, A1, true); /* what happens meanwhile does not keep it from trying again */
  wait (f, 1);
  wait (f, 1);
  g_assert_true (answer.ok);
  assert_heard (f, "11:ended/hangup 21:ended/hangup ");
  g_assert_cmpstr (row (f, 5)->reason, ==, "hangup");
}

/* the disk is full for good: the call is over all the same */
static void
test_log_fails_end_for_good (Fixture *f, gconstpointer data)
{
  Answer answer;

  connect_call (f, A1, 5, B1);
  the_log.fail = 1000;
  the_log.code = MSG_ERROR_UNAVAILABLE;
  ask (f, SIG_CALL_ON_HANGUP, A1, 5, &answer);
  for (int i = 0; i < 10; i++)
    wait (f, 1);
  g_assert_cmpuint (answer.n, ==, 1);
  assert_heard (f, "11:ended/hangup 21:ended/hangup ");
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
}

static void
test_log_fails_active (Fixture *f, gconstpointer data)
{
  assert_invite (f, A1, 5, B, "ringing");
  assert_say (f, ACCEPT, B1, 5, "ok");
  the_log.fail = 1;
  the_log.code = MSG_ERROR_UNAVAILABLE;
  assert_say (f, CONNECTED, A1, 5, "ok");
  assert_say (f, CONNECTED, B1, 5, "ok");
  g_assert_nonnull (strstr (f->heard->str, "11:active 21:active "));
  assert_say (f, HANGUP, A1, 5, "ok");
  g_assert_cmpint (row (f, 5)->active_ms, !=, 0);
}

/* --- the end of the table --- */

static void
test_closing (Fixture *f, gconstpointer data)
{
  Answer looked_up, written, ended;

  connect_call (f, A1, 4, B1);
  ask_full (f, SIG_CALL_ON_INVITE, C1, 5, D, SIG_CALL_REASON_NONE, NULL, &written);
  (void) log_step ();
  ask_full (f, SIG_CALL_ON_INVITE, D1, 6, C, SIG_CALL_REASON_NONE, NULL, &looked_up);
  ask (f, SIG_CALL_ON_HANGUP, A1, 4, &ended);
  sig_calls_free (f->calls);
  f->calls = NULL;
  g_assert_cmpstr (written.error.reason, ==, "closing");
  g_assert_cmpstr (ended.error.reason, ==, "closing");
  settle (f);
  g_assert_cmpstr (looked_up.error.reason, ==, "closing");
  g_assert_cmpuint (written.n + looked_up.n + ended.n, ==, 3);
  assert_heard (f, "");
}

/* --- after a restart --- */

static void
add_open (Fixture *f, unsigned n, MsgCallState state, MsgId caller, MsgId callee)
{
  MsgCall call = { .caller_user = caller, .caller_device = caller * 10 + 1, .callee_user = callee,
                   .callee_device = state == MSG_CALL_RINGING ? 0 : callee * 10 + 1, .video = true, .state = state };

  memcpy (call.call_id, id_of (f, n), MSG_CALL_ID_BYTES);
  call.started_ms = fixture_now_ms (f) - 100000;
  call.accepted_ms = state >= MSG_CALL_CONNECTING ? fixture_now_ms (f) - 90000 : 0;
  call.active_ms = state == MSG_CALL_ACTIVE ? fixture_now_ms (f) - 80000 : 0;
  call.heartbeat_ms = fixture_now_ms (f) - 20000;
  g_ptr_array_add (the_log.open, msg_call_copy (&call));
}

static void
recover (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  memset (f->attached, 0, sizeof f->attached);
  the_log.by_idle = true;
  g_assert_true (sig_calls_recover (f->calls, &error));
  g_assert_no_error (error);
  the_log.by_idle = false;
  settle (f);
}

static void
test_recover (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (JsonArray) live = NULL;

  add_open (f, 5, MSG_CALL_ACTIVE, A, B);
  add_open (f, 6, MSG_CALL_RINGING, C, D);
  recover (f);
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 1);
  g_assert_cmpstr (row (f, 6)->reason, ==, "missed");
  g_assert_cmpint (row (f, 6)->ended_ms, ==, fixture_now_ms (f) - 20000);
  al_metrics_write (f->metrics, text);
  g_assert_nonnull (strstr (text->str, "aldis_calls_open{state=\"active\"} 1"));
  live = sig_calls_of_device (f->calls, A, A1);
  g_assert_cmpuint (json_array_get_length (live), ==, 1);
  attach (f, A1, false);
  attach (f, B1, false);
  wait (f, 100);
  g_string_truncate (f->heard, 0);
  assert_say (f, SEAL, A1, 5, "ok");
  assert_heard (f, "21:sealed ");
  assert_say (f, HANGUP, B1, 5, "ok");
  g_assert_cmpint (row (f, 5)->started_ms, ==, fixture_now_ms (f) - 200000);
  g_assert_cmpint (row (f, 5)->ended_ms - row (f, 5)->active_ms, ==, 180000);
}

static void
test_recover_nobody_returns (Fixture *f, gconstpointer data)
{
  add_open (f, 5, MSG_CALL_ACTIVE, A, B);
  recover (f);
  wait (f, 30);
  g_assert_cmpstr (row (f, 5)->reason, ==, "disconnected");
  g_assert_cmpint (row (f, 5)->ended_ms - row (f, 5)->active_ms, ==, 60000);
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
}

static void
test_recover_users_gone (Fixture *f, gconstpointer data)
{
  add_open (f, 5, MSG_CALL_CONNECTING, A, 8);
  add_open (f, 6, MSG_CALL_ACTIVE, 9, B);
  add_open (f, 7, MSG_CALL_ACTIVE, 7, B);
  recover (f);
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
  g_assert_cmpstr (row (f, 5)->reason, ==, "disabled");
  g_assert_cmpstr (row (f, 6)->reason, ==, "disabled");
}

static void
test_recover_many (Fixture *f, gconstpointer data)
{
  for (unsigned n = 0; n < 1000; n++)
    add_open (f, n, MSG_CALL_ACTIVE, 1000 + 10 * n, 1005 + 10 * n);
  recover (f);
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 1000);
  wait (f, 30);
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
}

/* --- the table's own clock --- */

static void
test_source (Fixture *f, gconstpointer data)
{
  sig_calls_free (f->calls);
  f->options.now_us = NULL;
  f->options.now_ms = NULL;
  f->options.limits.ring_us = 2000;
  open_table (f);
  assert_invite (f, A1, 5, B, "ringing");
  while (sig_calls_count (f->calls) > 0)
    {
      (void) g_main_context_iteration (f->context, TRUE);
      settle (f);
    }
  g_assert_nonnull (strstr (f->heard->str, "11:ended/missed "));
}

/* --- many --- */

static void
one_call (Fixture *f, unsigned n)
{
  assert_invite (f, A1, n, B, "ringing");
  assert_say (f, ACCEPT, B1, n, "ok");
  assert_say (f, SEAL, A1, n, "ok");
  assert_say (f, HANGUP, A1, n, "ok");
  g_string_truncate (f->heard, 0);
  g_string_truncate (f->events, 0);
  g_hash_table_remove_all (the_log.rows);
}

/* as many again as the table remembers at most must leave nothing behind */
static void
test_memory (Fixture *f, gconstpointer data)
{
  struct mallinfo2 before, after;
  unsigned n = 0;

  sig_calls_free (f->calls);
  f->options.invites_per_user = f->options.invites_per_pair = 0;
  open_table (f);
  while (n < 4500)
    one_call (f, n++);
  before = mallinfo2 ();
  while (n < 7000)
    one_call (f, n++);
  after = mallinfo2 ();
  g_test_message ("%zu bytes in use, then %zu", before.uordblks, after.uordblks);
  g_assert_cmpuint (after.uordblks, <=, before.uordblks + before.uordblks / 50);
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
}

typedef struct {
  Answer answers[4096];
  unsigned n_answers, n_ids;
  unsigned live[8]; /* ids of some calls */
} Walk;

static void
walk_step (Fixture *f, Walk *w, GRand *rand)
{
  static const unsigned devices[] = { A1, A2, B1, B2, C1, D1 };
  unsigned device = devices[g_rand_int_range (rand, 0, G_N_ELEMENTS (devices))];
  unsigned slot = g_rand_int_range (rand, 0, G_N_ELEMENTS (w->live));
  Answer *answer = &w->answers[w->n_answers];
  int what = g_rand_int_range (rand, 0, 12);

  if (what == 0)
    {
      w->live[slot] = g_rand_boolean (rand) ? ++w->n_ids : 1000000 - ++w->n_ids;
      ask_full (f, SIG_CALL_ON_INVITE, device, w->live[slot], g_rand_int_range (rand, A, D + 2), SIG_CALL_REASON_NONE,
                NULL, answer);
      w->n_answers++;
    }
  else if (what <= 7)
    {
      ask (f, g_rand_int_range (rand, SIG_CALL_ON_RING, SIG_CALL_ON_DECLINE + (what == 1 ? 3 : 0)), device, w->live[slot],
           answer);
      w->n_answers++;
    }
  else if (what == 8)
    (f->attached[device] ? detach (f, device) : attach (f, device, g_rand_boolean (rand)));
  else if (what == 9)
    {
      f->now_us += g_rand_int_range (rand, 0, 10 * SECOND);
      sig_calls_tick (f->calls);
    }
  else
    (void) log_step ();
  the_log.fail += g_rand_int_range (rand, 0, 40) == 0;
  the_log.code = g_rand_boolean (rand) ? MSG_ERROR_UNAVAILABLE : MSG_ERROR_CONFLICT;
}

/* nobody is in two calls, whatever is asked in whatever order */
static void
walk_check (Fixture *f)
{
  g_autoptr (JsonArray) all = sig_calls_list (f->calls);
  unsigned n_accepted[10] = { 0 };

  for (unsigned i = 0; i < json_array_get_length (all); i++)
    {
      JsonObject *call = json_array_get_object_element (all, i);

      if (strcmp (json_object_get_string_member (call, "state"), "ringing") == 0)
        continue;
      n_accepted[atoi (json_object_get_string_member (call, "from"))]++;
      n_accepted[atoi (json_object_get_string_member (call, "to"))]++;
    }
  for (unsigned user = 0; user < G_N_ELEMENTS (n_accepted); user++)
    g_assert_cmpuint (n_accepted[user], <=, 1);
}

static void
test_walk (Fixture *f, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (20260802);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree Walk *w = g_new0 (Walk, 1);

  for (unsigned round = 0; round < 40; round++)
    {
      memset (w, 0, sizeof *w);
      w->n_ids = round * 1000;
      for (unsigned i = 0; i < 2000; i++)
        {
          walk_step (f, w, rand);
          walk_check (f);
        }
      the_log.fail = 0;
      for (unsigned i = 0; i < 30; i++)
        wait (f, 10); /* whatever rings or is alone ends; the rest is ended now */
      for (unsigned i = 0; i < G_N_ELEMENTS (w->live); i++)
        sig_calls_end (f->calls, id_of (f, w->live[i]), NULL, NULL);
      for (MsgId user = A; user <= D; user++)
        sig_calls_user_disabled (f->calls, user);
      settle (f);
      g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
      for (unsigned i = 0; i < w->n_answers; i++)
        g_assert_cmpuint (w->answers[i].n, ==, 1);
      g_assert_cmpuint (f->blob->refs, ==, 1);
    }
  al_metrics_write (f->metrics, text);
  g_assert_nonnull (strstr (text->str, "aldis_calls_open{state=\"ringing\"} 0"));
  g_assert_nonnull (strstr (text->str, "aldis_calls_open{state=\"connecting\"} 0"));
  g_assert_nonnull (strstr (text->str, "aldis_calls_open{state=\"active\"} 0"));
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "whole", test_whole },
    { "order-behind-write", test_order_behind_write },
    { "stats", test_stats },
    { "busy", test_busy },
    { "call-waiting", test_call_waiting },
    { "accepted-cancels-outgoing", test_accepted_cancels_outgoing },
    { "glare/smaller-first", test_glare_smaller_first },
    { "glare/smaller-second", test_glare_smaller_second },
    { "glare/at-once", test_glare_at_once },
    { "used-ids", test_used_ids },
    { "callee", test_callee },
    { "strangers", test_strangers },
    { "rates", test_rates },
    { "many-calls", test_many_calls },
    { "full", test_full },
    { "drain", test_drain },
    { "given-up", test_given_up },
    { "attach", test_attach },
    { "live-calls", test_live_calls },
    { "disconnected", test_disconnected },
    { "revoked", test_revoked },
    { "disabled", test_disabled },
    { "admin-end", test_admin_end },
    { "party", test_party },
    { "heartbeat", test_heartbeat },
    { "log-fails/invite", test_log_fails_invite },
    { "log-fails/accept", test_log_fails_accept },
    { "log-fails/accept-then-hangup", test_log_fails_accept_then_hangup },
    { "log-fails/end", test_log_fails_end },
    { "log-fails/end-for-good", test_log_fails_end_for_good },
    { "log-fails/active", test_log_fails_active },
    { "closing", test_closing },
    { "recover/both", test_recover },
    { "recover/nobody-returns", test_recover_nobody_returns },
    { "recover/users-gone", test_recover_users_gone },
    { "recover/many", test_recover_many },
    { "source", test_source },
    { "memory", test_memory },
    { "walk", test_walk },
  };

  g_test_init (&argc, &argv, NULL);
  al_log_set_level (AL_LOG_ERROR); /* thousands of calls end here */
  for (unsigned i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *name = g_strconcat ("/signaling/calls/", tests[i].name, NULL);

      g_test_add (name, Fixture, NULL, set_up, tests[i].test, tear_down);
    }
  return g_test_run ();
}
