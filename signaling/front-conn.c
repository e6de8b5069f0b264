/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a connection: accepting, counting, its one timer, pausing, the message that waits for main, the end. */
#include "signaling/front-private.h"

#include "signaling/front-proxy.h"

#define EDGE(state) (1u << SIG_FRONT_##state)

static const uint8_t allowed_edges[SIG_FRONT_STATE_N] = {
  [SIG_FRONT_HEAD] = EDGE (BODY) | EDGE (SEND) | EDGE (WS) | EDGE (DONE),
  [SIG_FRONT_BODY] = EDGE (WAIT) | EDGE (DONE),
  [SIG_FRONT_WAIT] = EDGE (HEAD) | EDGE (DONE),
  [SIG_FRONT_SEND] = EDGE (HEAD) | EDGE (DONE),
  [SIG_FRONT_WS] = EDGE (WS_CLOSING) | EDGE (DONE),
  [SIG_FRONT_WS_CLOSING] = EDGE (DONE),
  [SIG_FRONT_DONE] = 0,
};

void
sig_front_conn_set_state (SigFrontConn *conn, SigFrontState state)
{
  g_assert ((allowed_edges[conn->state] & (1u << state)) != 0);
  conn->state = state;
}

int64_t
sig_front_conn_now_us (const SigFrontConn *conn)
{
  return al_loop_now_us (conn->thread->loop);
}

void
sig_front_conn_set_deadline (SigFrontConn *conn, int64_t deadline_us)
{
  if (deadline_us == 0)
    al_timer_cancel (&conn->timer);
  else
    al_timer_set (al_loop_get_timers (conn->thread->loop), &conn->timer, deadline_us);
}

bool
sig_front_conn_spend (SigFrontConn *conn, size_t len, uint32_t n_values)
{
  SigFrontShared *shared = conn->thread->shared;
  int64_t now_us = sig_front_conn_now_us (conn), wait_us = 0;

  conn->rate_until_us = sig_rate_spend (&conn->rate, now_us, len, n_values);
  /* a proxy that does not name its clients is not one of them */
  if (!conn->known && !sig_proxy_is_trusted (shared->trusted, shared->n_trusted, &conn->client))
    wait_us = sig_rate_crowd_take (shared->strangers, &conn->client, now_us, len, n_values);
  if (wait_us == 0)
    return true;
  conn->rate_until_us = MAX (conn->rate_until_us, now_us + MIN (wait_us, SIG_FRONT_S));
  al_counter_add (shared->metrics.refused_rate, 1);
  return false;
}

void
sig_front_conn_pause (SigFrontConn *conn, SigFrontPause reason, bool paused)
{
  uint8_t before = conn->paused, bit = (uint8_t) (1u << reason);

  conn->paused = paused ? before | bit : before & (uint8_t) ~bit;
  if (conn->paused == before)
    return;
  if (paused)
    al_counter_add (conn->thread->shared->metrics.pauses[reason], 1);
  if ((before == 0) == (conn->paused == 0))
    return;
  al_stream_pause (conn->stream, conn->paused != 0);
  /* silence while nobody listened says nothing about the peer */
  if (conn->paused == 0)
    conn->last_rx_us = sig_front_conn_now_us (conn);
}

static bool
note_sent (SigFrontConn *conn, AlSend result, size_t len)
{
  if (result != AL_SEND_GONE)
    al_counter_add (conn->thread->shared->metrics.sent_bytes, len);
  if (result != AL_SEND_HIGH)
    return result == AL_SEND_OK;
  if (conn->ws != NULL && (conn->paused & (1u << SIG_FRONT_PAUSE_OUTPUT)) == 0)
    conn->ws->output_since_us = sig_front_conn_now_us (conn);
  sig_front_conn_pause (conn, SIG_FRONT_PAUSE_OUTPUT, true);
  return false;
}

bool
sig_front_conn_send (SigFrontConn *conn, const void *data, size_t len)
{
  return note_sent (conn, al_stream_send (conn->stream, data, len), len);
}

bool
sig_front_conn_send_buf (SigFrontConn *conn, AlBuf *buf, size_t offset)
{
  return note_sent (conn, al_stream_send_buf (conn->stream, buf, offset), buf->len - offset);
}

bool
sig_front_conn_lend (SigFrontConn *conn, AlBuf *buf, size_t offset)
{
  return note_sent (conn, al_stream_lend (conn->stream, buf, offset), buf->len - offset);
}

void
sig_front_conn_set_proven (SigFrontConn *conn, bool proven)
{
  bool is_public = conn->kind == SIG_FRONT_HTTP || conn->kind == SIG_FRONT_HTTPS;

  al_stream_set_budget (conn->stream, is_public && !proven ? &conn->thread->shared->owed : NULL);
}

void
sig_front_conn_set_why (SigFrontConn *conn, SigFrontWhy why)
{
  /* the first reason is the cause, later ones its effects */
  if (!conn->has_why)
    {
      conn->why = (uint8_t) why;
      conn->has_why = true;
    }
}

void
sig_front_conn_finish (SigFrontConn *conn)
{
  if (conn->state == SIG_FRONT_DONE)
    return;
  sig_front_conn_set_state (conn, SIG_FRONT_DONE);
  sig_front_conn_set_deadline (conn, 0);
  al_stream_close (conn->stream);
}

void
sig_front_conn_kill (SigFrontConn *conn, SigFrontWhy why)
{
  sig_front_conn_set_why (conn, why);
  if (conn->state != SIG_FRONT_DONE)
    sig_front_conn_set_state (conn, SIG_FRONT_DONE);
  sig_front_conn_set_deadline (conn, 0);
  al_stream_abort (conn->stream);
}

void
sig_front_conn_post (SigFrontConn *conn, SigFrontUp *up)
{
  g_assert (conn->parked == NULL);
  if (sig_front_up_post (up))
    return;
  conn->parked = up;
  if (conn->ws != NULL)
    conn->ws->retry_us = sig_front_conn_now_us (conn) + SIG_FRONT_RETRY_US;
  sig_front_conn_pause (conn, SIG_FRONT_PAUSE_MAIN, true);
}

bool
sig_front_conn_retry (SigFrontConn *conn)
{
  if (conn->parked != NULL && !sig_front_up_post (conn->parked))
    return false;
  conn->parked = NULL;
  sig_front_conn_pause (conn, SIG_FRONT_PAUSE_MAIN, false);
  return true;
}

void
sig_front_conn_stop (SigFrontConn *conn)
{
  sig_front_conn_set_why (conn, SIG_FRONT_WHY_STOP);
  conn->keep_alive = false;
  switch (conn->state)
    {
    case SIG_FRONT_HEAD:
      sig_front_conn_finish (conn);
      break;
    case SIG_FRONT_WS:
      sig_front_ws_close (conn, 1001, "the server stops");
      break;
    case SIG_FRONT_BODY:
    case SIG_FRONT_WAIT:
      sig_front_conn_kill (conn, SIG_FRONT_WHY_STOP);
      break;
    default:
      break;
    }
}

static size_t
on_data (AlStream *stream, const uint8_t *data, size_t len, void *user)
{
  SigFrontConn *conn = user;
  size_t used = 0;

  conn->last_rx_us = sig_front_conn_now_us (conn);
  while (used < len && conn->paused == 0 && conn->state != SIG_FRONT_DONE)
    {
      bool websocket = conn->state == SIG_FRONT_WS || conn->state == SIG_FRONT_WS_CLOSING;
      size_t n = websocket ? sig_front_ws_data (conn, data + used, len - used)
                           : sig_front_http_data (conn, data + used, len - used);

      if (n == 0)
        break;
      used += n;
    }
  al_counter_add (conn->thread->shared->metrics.received_bytes, used);
  return used;
}

static void
on_drained (AlStream *stream, void *user)
{
  SigFrontConn *conn = user;

  sig_front_conn_pause (conn, SIG_FRONT_PAUSE_OUTPUT, false);
  if (conn->state == SIG_FRONT_SEND)
    sig_front_files_pump (conn);
}

static void
on_closed (AlStream *stream, AlStreamClose reason, void *user)
{
  SigFrontConn *conn = user;
  SigFrontThread *thread = conn->thread;
  SigFrontMetrics *metrics = &thread->shared->metrics;

  al_counter_add (metrics->closed[conn->has_why ? conn->why : (unsigned) reason], 1);
  al_gauge_add (conn->ws != NULL ? metrics->websockets : metrics->http, -1);
  al_timer_cancel (&conn->timer);
  sig_front_ws_clear (conn);
  sig_front_post_clear (conn);
  sig_front_files_clear (conn);
  sig_front_door_uncount_client (conn);
  if (conn->next != NULL)
    conn->next->pprev = conn->pprev;
  *conn->pprev = conn->next;
  g_free (conn);
  sig_front_thread_conn_gone (thread);
}

static void
on_timer (AlTimer *timer, void *user)
{
  SigFrontConn *conn = user;

  switch (conn->state)
    {
    case SIG_FRONT_HEAD:
      sig_front_http_timer (conn);
      break;
    case SIG_FRONT_BODY:
    case SIG_FRONT_WAIT:
      sig_front_post_timer (conn);
      break;
    case SIG_FRONT_SEND:
      sig_front_files_timer (conn);
      break;
    case SIG_FRONT_WS:
    case SIG_FRONT_WS_CLOSING:
      sig_front_ws_timer (conn);
      break;
    default:
      break;
    }
}

static SigFrontConn *
conn_new (SigFrontEntry *entry, AlStream *stream)
{
  SigFrontThread *thread = entry->thread;
  SigFrontConn *conn = g_new0 (SigFrontConn, 1);
  int64_t uid = al_stream_get_peer_uid (stream);

  conn->thread = thread;
  conn->stream = stream;
  conn->kind = entry->kind;
  conn->client_tls = al_stream_is_tls (stream);
  conn->admin = entry->kind == SIG_FRONT_ADMIN && (uid == 0 || uid == (int64_t) geteuid ());
  conn->keep_alive = true;
  al_stream_get_peer (stream, &conn->client);
  al_addr_canonicalize (&conn->client);
  al_timer_init (&conn->timer, on_timer, conn);
  conn->next = thread->conns;
  conn->pprev = &thread->conns;
  if (conn->next != NULL)
    conn->next->pprev = &conn->next;
  thread->conns = conn;
  thread->n_conns++;
  return conn;
}

void
sig_front_conn_accept (AlListener *listener, AlStream *stream, void *user)
{
  static const AlStreamOps ops = { on_data, on_drained, on_closed };
  SigFrontEntry *entry = user;
  SigFrontMetrics *metrics = &entry->thread->shared->metrics;
  SigFrontConn *conn = conn_new (entry, stream);
  unsigned tag = al_stream_get_tag (stream);

  al_counter_add (metrics->accepted[entry->kind], 1);
  al_gauge_add (metrics->http, 1);
  al_stream_set_ops (stream, &ops, conn);
  al_stream_set_limits (stream, SIG_FRONT_INPUT, SIG_FRONT_LOW, SIG_FRONT_HIGH, SIG_FRONT_HARD);
  sig_front_conn_set_proven (conn, false);
  if (tag <= SIG_DOOR_IN && (entry->kind != SIG_FRONT_ADMIN || conn->admin))
    {
      sig_front_conn_set_deadline (conn, sig_front_conn_now_us (conn) + SIG_FRONT_HEAD_US);
      return;
    }
  conn->keep_alive = false;
  if (tag == SIG_DOOR_OVER_ADDRESS)
    sig_front_answer_error (conn, 429, "Retry-After: 10\r\n", "Too many connections from your address.");
  else if (tag == SIG_DOOR_OVER_ALL)
    sig_front_answer_error (conn, 503, "Retry-After: 10\r\n", "Too many connections.");
  else
    sig_front_answer_error (conn, 403, NULL, "This socket is for root and for the user that the server runs as.");
}
