/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions over a fake front, on a clock, and what their listeners are told. Included once in a program. */
#pragma once

#include "fake-transport.h"
#include "signaling/session-private.h"

#define MINUTE_US (60 * G_USEC_PER_SEC)

static int64_t clock_us;

static inline int64_t
read_clock (void)
{
  return clock_us;
}

typedef struct {
  FakeTransport fake;
  AlMetrics *metrics;
  SigSessions *sessions;
  GString *heard; /* what listeners were told: "attached 11 resumed;" */
} Fixture;

static inline void
on_attached (SigSession *session, bool resumed, gpointer user)
{
  g_string_append_printf (((Fixture *) user)->heard, "attached %d%s;", (int) sig_session_get_device_id (session),
                          resumed ? " resumed" : "");
}

static inline void
on_detached (SigSession *session, gpointer user)
{
  g_assert_false (sig_session_is_attached (session));
  g_assert_cmpint (sig_session_get_detached_since_us (session), ==, clock_us);
  g_string_append_printf (((Fixture *) user)->heard, "detached %d;", (int) sig_session_get_device_id (session));
}

static inline void
on_ended (SigSession *session, SigSessionEnd reason, gpointer user)
{
  Fixture *f = user;

  g_assert_null (sig_sessions_lookup (f->sessions, sig_session_get_device_id (session)));
  g_string_append_printf (f->heard, "ended %d %s;", (int) sig_session_get_device_id (session),
                          reason == SIG_SESSION_EXPIRED ? "expired" : "revoked");
}

static inline void
on_barred (MsgId user_id, gpointer user)
{
  g_string_append_printf (((Fixture *) user)->heard, "barred %d;", (int) user_id);
}

static const SigSessionListener listener = { on_attached, on_detached, on_ended, on_barred };
static const SigSessionListener silent_listener = { NULL };

static inline void
set_up (Fixture *f, gconstpointer data)
{
  SigSessionsConfig config = { &fake_transport, &f->fake, NULL, read_clock, GPOINTER_TO_SIZE (data) };

  clock_us = 1000 * G_USEC_PER_SEC;
  g_queue_init (&f->fake.events);
  f->metrics = config.metrics = al_metrics_new ();
  f->sessions = sig_sessions_new (&config);
  f->heard = g_string_new (NULL);
  sig_sessions_listen (f->sessions, &silent_listener, NULL);
  sig_sessions_listen (f->sessions, &listener, f);
}

static inline void
tear_down (Fixture *f, gconstpointer data)
{
  sig_sessions_free (f->sessions);
  al_metrics_free (f->metrics);
  fake_clear (&f->fake);
  g_string_free (f->heard, TRUE);
}

static inline void
assert_heard (Fixture *f, const char *expected)
{
  g_assert_cmpstr (f->heard->str, ==, expected);
  g_string_truncate (f->heard, 0);
}

/* device 11 is the first of user 1, 12 the second */
static inline SigSession *
attach (Fixture *f, SigConnId conn, MsgId device_id, int64_t last_seq, SigAttach *ret)
{
  char username[] = "alice", name[] = "lamp", platform[] = "test";
  MsgUser user = { .id = device_id / 10, .username = username, .display_name = username };
  MsgDevice device = { .id = device_id, .user_id = user.id, .name = name, .platform = platform };
  SigSession *session = sig_sessions_attach (f->sessions, conn, &user, &device, last_seq, ret);

  sig_sessions_finish_attach (f->sessions, session, ret);
  return session;
}

static inline void
notify (Fixture *f, MsgId device_id, const char *word)
{
  JsonObject *params = json_object_new ();

  json_object_set_string_member (params, "word", word);
  sig_sessions_notify (f->sessions, device_id, "test.note", params);
}

static inline void
expect_note (Fixture *f, unsigned conn, const char *word, unsigned seq)
{
  g_autofree char *expected = g_strdup_printf ("send %u {\"jsonrpc\":\"2.0\",\"method\":\"test.note\",\"params\":"
                                               "{\"word\":\"%s\",\"seq\":%u}}", conn, word, seq);

  fake_expect (&f->fake, expected);
}

#define ADD(name, fn) g_test_add ("/signaling/session/" name, Fixture, NULL, set_up, fn, tear_down)
