/* SPDX-License-Identifier: Apache-2.0 */
/* The table of calls on a clock, with devices and with a log of the test's own; the log is durable when the test says. */
#pragma once

#include "base/log.h"
#include "calls-fake-log.h"
#include "signaling/calls.h"

/* user 1 has devices 11, 12, 13; user 9 is disabled, user 8 deleted, there is no user 7 */
enum { A = 1, B = 2, C = 3, D = 4, A1 = 11, A2 = 12, B1 = 21, B2 = 22, C1 = 31, D1 = 41, DEVICE_N = 60 };

#define SECOND ((int64_t) G_USEC_PER_SEC)

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

static inline int64_t
fixture_now_us (gpointer data)
{
  return ((Fixture *) data)->now_us;
}

static inline int64_t
fixture_now_ms (gpointer data)
{
  return 1700000000000 + ((Fixture *) data)->now_us / 1000;
}

static inline void
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

static inline unsigned
fixture_list_devices (MsgId user_id, uint64_t *ret_devices, unsigned max, gpointer data)
{
  Fixture *f = data;
  unsigned n = 0;

  for (unsigned device = (unsigned) user_id * 10; device < (unsigned) user_id * 10 + 10 && device < DEVICE_N; device++)
    if (f->attached[device] && n < max)
      ret_devices[n++] = device;
  return n;
}

static inline bool
fixture_is_attached (MsgId device_id, gpointer data)
{
  return ((Fixture *) data)->attached[device_id];
}

static const SigCallsOutside outside = { fixture_notify, fixture_list_devices, fixture_is_attached };

static inline void
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

static inline void
open_table (Fixture *f)
{
  f->calls = sig_calls_new (&f->options);
  sig_calls_set_event_fn (f->calls, fixture_on_event, f);
}

static inline void
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

static inline void
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

static inline void
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
static inline const uint8_t *
id_of (Fixture *f, unsigned n)
{
  f->id[0] = (uint8_t) (n >> 24);
  f->id[1] = (uint8_t) (n >> 16);
  f->id[2] = (uint8_t) (n >> 8);
  f->id[3] = (uint8_t) n;
  return f->id;
}

static inline void
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

static inline void
ask (Fixture *f, SigCallEventType type, unsigned device, unsigned n, Answer *answer)
{
  ask_full (f, type, device, n, 0, SIG_CALL_REASON_NONE, NULL, answer);
}

static inline void
settle (Fixture *f)
{
  while (log_step ())
    ;
}

/* says it and lets the log catch up; "ok", or the reason why not */
static inline const char *
say (Fixture *f, SigCallEventType type, unsigned device, unsigned n)
{
  static Answer answer;

  ask (f, type, device, n, &answer);
  settle (f);
  g_assert_cmpuint (answer.n, ==, 1);
  return answer.ok ? "ok" : answer.error.reason;
}

static inline const char *
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

static inline void
wait (Fixture *f, int64_t seconds)
{
  f->now_us += seconds * SECOND;
  sig_calls_tick (f->calls);
  settle (f);
}

static inline void
attach (Fixture *f, unsigned device, bool resumed)
{
  f->attached[device] = true;
  sig_calls_device_attached (f->calls, device / 10, device, resumed);
  settle (f);
}

static inline void
detach (Fixture *f, unsigned device)
{
  f->attached[device] = false;
  sig_calls_device_detached (f->calls, device / 10, device, false);
  settle (f);
}

static inline const MsgCall *
row (Fixture *f, unsigned n)
{
  g_autoptr (GBytes) key = g_bytes_new (id_of (f, n), SIG_CALL_ID_BYTES);

  return g_hash_table_lookup (the_log.rows, key);
}

static inline void
connect_call (Fixture *f, unsigned caller, unsigned n, unsigned callee)
{
  assert_invite (f, caller, n, callee / 10, "ringing");
  assert_say (f, ACCEPT, callee, n, "ok");
  assert_say (f, CONNECTED, caller, n, "ok");
  assert_say (f, CONNECTED, callee, n, "ok");
  g_string_truncate (f->heard, 0);
  g_string_truncate (f->events, 0);
}

typedef struct {
  const char *name;
  void (*test) (Fixture *f, gconstpointer data);
} CallsTest;

/* main() of each program that tests the table of calls */
static inline int
calls_run (int argc, char **argv, const CallsTest *tests, unsigned n_tests)
{
  g_test_init (&argc, &argv, NULL);
  al_log_set_level (AL_LOG_ERROR); /* thousands of calls end here */
  for (unsigned i = 0; i < n_tests; i++)
    {
      g_autofree char *name = g_strconcat ("/signaling/calls/", tests[i].name, NULL);

      g_test_add (name, Fixture, NULL, set_up, tests[i].test, tear_down);
    }
  return g_test_run ();
}
