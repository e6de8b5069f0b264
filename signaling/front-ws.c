/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a WebSocket once it is open: what is sent, pings, the one timer, the close handshake. Who does not read is
 * cut off. Frames come in in front-ws-receive.c, the handshake is in front-ws-handshake.c.
 */
#include "signaling/front-private.h"

void
sig_front_ws_gone (SigFrontConn *conn, uint16_t code)
{
  SigFrontUp *up;

  if (conn->id == 0)
    return;
  if (conn->parked != NULL)
    sig_front_thread_hand_up (conn->thread, g_steal_pointer (&conn->parked));
  up = sig_front_up_new (conn->thread->shared, SIG_FRONT_UP_CLOSED, conn->id, NULL, 0, (AlStr){ NULL, 0 });
  up->code = code;
  sig_slots_remove (conn->thread->slots, conn->id);
  conn->id = 0;
  sig_front_thread_hand_up (conn->thread, up);
}

void
sig_front_ws_clear (SigFrontConn *conn)
{
  if (conn->ws == NULL)
    return;
  sig_front_ws_gone (conn, 1006);
  al_ws_clear (&conn->ws->receiver, conn->thread->ws_pool);
  sig_front_unhold (conn->thread->shared, conn->ws->held);
  g_free (g_steal_pointer (&conn->ws));
}

void
sig_front_ws_send_close (SigFrontConn *conn, uint16_t code, const char *reason)
{
  g_autoptr (AlBuf) frame = al_ws_frame_close (code, reason);

  (void) sig_front_conn_send_buf (conn, frame, 0);
}

void
sig_front_ws_close (SigFrontConn *conn, uint16_t code, const char *reason)
{
  if (conn->state != SIG_FRONT_WS)
    return;
  sig_front_ws_send_close (conn, code, reason);
  sig_front_conn_set_state (conn, SIG_FRONT_WS_CLOSING);
  conn->ws->closing_us = sig_front_conn_now_us (conn) + SIG_FRONT_CLOSING_US;
  /* nothing that still comes is passed on, so nothing needs to wait */
  for (unsigned reason_bit = 0; reason_bit < SIG_FRONT_PAUSE_N; reason_bit++)
    sig_front_conn_pause (conn, (SigFrontPause) reason_bit, false);
  sig_front_ws_arm (conn);
}

/* A ping says which question it repeats: a client may answer only the last of several (RFC 6455 §5.5.3). */
static void
send_ping (SigFrontConn *conn)
{
  uint64_t seq_be = GUINT64_TO_BE (conn->ws->probe_seq);
  g_autoptr (AlBuf) frame = NULL;

  if (conn->ws->probe_seq != 0)
    frame = al_ws_frame (AL_WS_OP_PING, &seq_be, sizeof seq_be);
  (void) sig_front_conn_send_buf (conn, frame != NULL ? frame : conn->thread->ping, 0);
}

static bool
is_paused (const SigFrontConn *conn, SigFrontPause reason)
{
  return (conn->paused & (1u << reason)) != 0;
}

void
sig_front_ws_arm (SigFrontConn *conn)
{
  SigFrontWs *ws = conn->ws;
  int64_t due_us = INT64_MAX;

  if (conn->parked != NULL || is_paused (conn, SIG_FRONT_PAUSE_HELD))
    due_us = ws->retry_us;
  if (is_paused (conn, SIG_FRONT_PAUSE_RATE))
    due_us = MIN (due_us, conn->rate_until_us);
  if (is_paused (conn, SIG_FRONT_PAUSE_OUTPUT))
    due_us = MIN (due_us, ws->output_since_us + SIG_FRONT_STALL_US);
  if (conn->state == SIG_FRONT_WS_CLOSING)
    due_us = MIN (due_us, ws->closing_us);
  else if (conn->paused == 0)
    {
      int64_t silence_us = ws->pings < 2 ? SIG_FRONT_PING_US * (ws->pings + 1) : SIG_FRONT_HALF_OPEN_US;

      due_us = MIN (due_us, conn->last_rx_us + silence_us);
      if (!conn->known)
        due_us = MIN (due_us, ws->asked_us + SIG_FRONT_STRANGER_US);
      if (ws->message_us != 0)
        due_us = MIN (due_us, ws->message_us + SIG_FRONT_MESSAGE_US);
    }
  /* an idle connection's data moves its deadline all the time: the timer may come early, then it is set again */
  if (due_us != INT64_MAX && (!al_timer_is_set (&conn->timer) || due_us < ws->armed_us))
    {
      ws->armed_us = due_us;
      sig_front_conn_set_deadline (conn, due_us);
    }
}

/* Silence, while the connection is being read. Returns: false when that ended it. */
static bool
check_peer (SigFrontConn *conn, int64_t now_us)
{
  SigFrontWs *ws = conn->ws;
  int64_t silent_us = now_us - conn->last_rx_us;

  if (silent_us >= SIG_FRONT_HALF_OPEN_US)
    {
      sig_front_conn_kill (conn, SIG_FRONT_WHY_HALF_OPEN);
      return false;
    }
  if (!conn->known && now_us >= ws->asked_us + SIG_FRONT_STRANGER_US)
    {
      sig_front_conn_set_why (conn, SIG_FRONT_WHY_IDLE);
      sig_front_ws_close (conn, 1008, "no session was started");
      return false;
    }
  if (ws->message_us != 0 && now_us >= ws->message_us + SIG_FRONT_MESSAGE_US)
    {
      sig_front_conn_set_why (conn, SIG_FRONT_WHY_SLOW);
      ws->message_us = 0;
      sig_front_ws_close (conn, 1008, "the message took too long");
      return false;
    }
  if (ws->pings < 2 && silent_us >= SIG_FRONT_PING_US * (ws->pings + 1))
    {
      ws->pings++;
      send_ping (conn);
    }
  return true;
}

void
sig_front_ws_timer (SigFrontConn *conn)
{
  SigFrontWs *ws = conn->ws;
  int64_t now_us = sig_front_conn_now_us (conn);

  if (conn->parked != NULL && now_us >= ws->retry_us && !sig_front_conn_retry (conn))
    ws->retry_us = now_us + SIG_FRONT_RETRY_US;
  if (is_paused (conn, SIG_FRONT_PAUSE_HELD) && now_us >= ws->retry_us)
    sig_front_conn_pause (conn, SIG_FRONT_PAUSE_HELD, false);
  if (is_paused (conn, SIG_FRONT_PAUSE_RATE) && now_us >= conn->rate_until_us)
    sig_front_conn_pause (conn, SIG_FRONT_PAUSE_RATE, false);
  if (is_paused (conn, SIG_FRONT_PAUSE_OUTPUT) && now_us >= ws->output_since_us + SIG_FRONT_STALL_US)
    {
      sig_front_conn_kill (conn, SIG_FRONT_WHY_SLOW);
      return;
    }
  if (conn->state == SIG_FRONT_WS_CLOSING)
    {
      if (now_us >= ws->closing_us)
        {
          sig_front_ws_gone (conn, 1006);
          sig_front_conn_finish (conn);
          return;
        }
    }
  else if (conn->paused == 0 && !check_peer (conn, now_us))
    return;
  sig_front_ws_arm (conn);
}

void
sig_front_ws_send (SigFrontConn *conn, AlBuf *text)
{
  g_autoptr (AlBuf) frame = NULL;

  if (conn->state != SIG_FRONT_WS)
    return;
  al_counter_add (conn->thread->shared->metrics.messages_out, 1);
  frame = al_ws_frame (AL_WS_OP_TEXT, text->data, text->len);
  if (!sig_front_conn_send_buf (conn, frame, 0))
    sig_front_ws_arm (conn);
}

void
sig_front_ws_probe (SigFrontConn *conn, uint64_t seq)
{
  if (conn->state != SIG_FRONT_WS)
    return;
  conn->ws->probe_seq = seq;
  send_ping (conn);
}

void
sig_front_ws_done (SigFrontConn *conn)
{
  if (conn->state != SIG_FRONT_WS || conn->ws->in_flight == 0)
    return;
  conn->ws->in_flight--;
  sig_front_conn_pause (conn, SIG_FRONT_PAUSE_IN_FLIGHT, false);
  sig_front_ws_arm (conn);
}

void
sig_front_ws_known (SigFrontConn *conn)
{
  conn->known = true;
  sig_front_conn_set_proven (conn, true);
  if (conn->state == SIG_FRONT_WS)
    al_ws_set_max (&conn->ws->receiver, SIG_FRONT_MAX_BODY);
}
