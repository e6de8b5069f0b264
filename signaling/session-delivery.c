/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was sent is held until the client is known to have it. A WebSocket keeps order, so a pong to a ping that was sent
 * behind a notification proves that the notification has arrived; then it need not be sent again, ever, and its memory is
 * given back. A session is asked at most once at a time, PROBE_US after the first notification it was not asked about.
 */
#include "signaling/session-table.h"

/* What nobody proves: a notification may be on the way to a connection that is dead and not yet known to be. A minute
 * more than a device may stay away covers that, since half-open connections are found within 30 s. */
#define KEEP_US (SIG_SESSION_REATTACH_US + 60 * G_USEC_PER_SEC)
/* A call is many notifications within seconds: one question covers them. */
#define PROBE_US (1 * G_USEC_PER_SEC)

/* before and after the replay is changed */
static void
begin_change (SigSession *session)
{
  SigSessions *sessions = session->sessions;

  if (!sig_replay_is_empty (&session->replay))
    g_queue_unlink (&sessions->noted, &session->noted_link);
  sessions->replay_bytes -= sig_replay_get_bytes (&session->replay);
}

static void
end_change (SigSession *session)
{
  SigSessions *sessions = session->sessions;

  sessions->replay_bytes += sig_replay_get_bytes (&session->replay);
  if (!sig_replay_is_empty (&session->replay))
    g_queue_push_tail_link (&sessions->noted, &session->noted_link);
}

static void
leave_unproven (SigSession *session)
{
  if (session->is_unproven)
    g_queue_unlink (&session->sessions->unproven, &session->unproven_link);
  session->is_unproven = false;
}

void
sig_session_start_proving (SigSession *session)
{
  SigSessions *sessions = session->sessions;

  if (session->conn == 0 || session->probe_seq != 0 || session->is_unproven || sig_replay_is_empty (&session->replay))
    return;
  session->is_unproven = true;
  session->unproven_us = sessions->config.now_us ();
  g_queue_push_tail_link (&sessions->unproven, &session->unproven_link);
}

void
sig_session_stop_proving (SigSession *session)
{
  leave_unproven (session);
  session->probe_seq = 0;
}

void
sig_session_forget (SigSession *session, uint64_t last_seq)
{
  leave_unproven (session);
  begin_change (session);
  sig_replay_reset (&session->replay, last_seq);
  end_change (session);
}

void
sig_session_drop_delivered (SigSession *session, uint64_t seq)
{
  SigSessions *sessions = session->sessions;

  sessions->replay_bytes -= sig_replay_get_bytes (&session->replay);
  if (!sig_replay_is_empty (&session->replay) && sig_replay_drop (&session->replay, seq))
    g_queue_unlink (&sessions->noted, &session->noted_link);
  sessions->replay_bytes += sig_replay_get_bytes (&session->replay);
}

void
sig_session_keep (SigSession *session, AlBuf *buf)
{
  SigSessions *sessions = session->sessions;

  begin_change (session);
  session->noted_us = sessions->config.now_us ();
  sig_replay_push (&session->replay, buf, session->noted_us, SIG_SESSION_RING_NOTIFICATIONS, SIG_SESSION_RING_BYTES);
  end_change (session);
  sig_session_start_proving (session);
  while (sessions->replay_bytes > sessions->config.max_replay_bytes)
    {
      SigSession *quiet = g_queue_peek_head (&sessions->noted);

      sig_session_forget (quiet, sig_replay_get_last (&quiet->replay));
    }
}

void
sig_sessions_delivered (SigSessions *sessions, SigSession *session, SigConnId conn, uint64_t seq)
{
  /* the answer is for the question that is open, or for none */
  if (session->sessions != sessions || conn == 0 || session->conn != conn || seq != session->probe_seq || seq == 0)
    return;
  session->probe_seq = 0;
  sig_session_drop_delivered (session, seq);
  sig_session_start_proving (session);
}

void
sig_sessions_tick_delivery (SigSessions *sessions)
{
  int64_t now_us = sessions->config.now_us ();
  SigSession *session;

  while ((session = g_queue_peek_head (&sessions->unproven)) != NULL && now_us - session->unproven_us >= PROBE_US)
    {
      leave_unproven (session);
      session->probe_seq = sig_replay_get_last (&session->replay);
      sessions->config.transport->probe (session->conn, session->probe_seq, sessions->config.transport_user);
    }
  /* only who is quiet is looked at: a busy ring bounds itself */
  while ((session = g_queue_peek_head (&sessions->noted)) != NULL && now_us - session->noted_us >= KEEP_US)
    sig_session_forget (session, sig_replay_get_last (&session->replay));
}
