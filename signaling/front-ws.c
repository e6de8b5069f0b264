/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSockets: the handshake, frames in and out, pings, the close handshake, and back-pressure: who sends faster than he
 * is answered, or than the rate allows, is read more slowly; who does not read is cut off.
 *
 * Frames are given to the receiver one by one, so that reading can stop between two messages.
 */
#include "signaling/front-private.h"

#include <string.h>

#include "base/json.h"

#define PROTOCOL "aldis.v1"

static bool on_message (AlWs *ws, AlWsOp op, const uint8_t *data, size_t len, uint16_t close_code, void *user);

static bool
has_protocol (const AlHttpRequest *request)
{
  for (unsigned i = 0; i < request->n_fields; i++)
    if (al_str_equal_nocase (request->fields[i].name, "Sec-WebSocket-Protocol")
        && al_str_has_token (request->fields[i].value, PROTOCOL))
      return true;
  return false;
}

static AlStr
get_bearer (const AlHttpRequest *request)
{
  static const char scheme[] = "Bearer ";
  AlStr value = al_http_request_get (request, "Authorization");
  size_t len = strlen (scheme);

  if (value.len <= len || value.len > SIG_FRONT_MAX_BEARER || g_ascii_strncasecmp (value.ptr, scheme, len) != 0)
    return (AlStr){ NULL, 0 };
  return (AlStr){ value.ptr + len, value.len - len };
}

static void
answer_handshake (SigFrontConn *conn, const AlHttpRequest *request)
{
  SigFrontHead head;
  char accept[29];

  al_ws_accept_key (request->websocket_key.ptr, request->websocket_key.len, accept);
  conn->keep_alive = true; /* no Connection: close */
  sig_front_head_begin (conn, &head, 101);
  sig_front_head_add (&head, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
                      "Sec-WebSocket-Protocol: " PROTOCOL "\r\n", accept);
  sig_front_head_send (conn, &head, -1);
}

static void
refuse (SigFrontConn *conn, AlCounter *counter, unsigned status, const char *sentence)
{
  al_counter_add (counter, 1);
  conn->keep_alive = false;
  sig_front_answer_error (conn, status, NULL, sentence);
}

void
sig_front_ws_open (SigFrontConn *conn, const AlHttpRequest *request)
{
  SigFrontThread *thread = conn->thread;
  SigFrontMetrics *metrics = &thread->shared->metrics;
  SigFrontUp *up;

  if (!has_protocol (request))
    {
      refuse (conn, metrics->refused_protocol, 400, "The subprotocol must be " PROTOCOL ".");
      return;
    }
  if (!sig_front_door_count_client (conn))
    {
      refuse (conn, metrics->refused_limit, 429, "Too many connections from your address.");
      return;
    }
  conn->id = sig_slots_add (thread->slots, conn);
  if (conn->id == 0)
    {
      refuse (conn, metrics->refused_limit, 503, "Too many connections.");
      return;
    }
  answer_handshake (conn, request);
  sig_front_conn_set_state (conn, SIG_FRONT_WS);
  sig_front_conn_set_deadline (conn, 0);
  conn->ws = g_new0 (SigFrontWs, 1);
  conn->ws->asked_us = sig_front_conn_now_us (conn);
  conn->known = conn->admin;
  al_ws_init (&conn->ws->receiver, conn->known ? SIG_FRONT_MAX_BODY : SIG_FRONT_MAX_STRANGER, on_message, conn);
  al_gauge_add (metrics->http, -1);
  al_gauge_add (metrics->websockets, 1);
  up = sig_front_up_new (thread->shared, SIG_FRONT_UP_OPEN, conn->id, NULL, 0, get_bearer (request));
  up->tls = conn->client_tls;
  up->admin = conn->admin;
  up->address = conn->client;
  sig_front_conn_post (conn, up);
  sig_front_ws_arm (conn);
}

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

static void
send_close (SigFrontConn *conn, uint16_t code, const char *reason)
{
  g_autoptr (AlBuf) frame = al_ws_frame_close (code, reason);

  (void) sig_front_conn_send_buf (conn, frame, 0);
}

/* The peer broke the protocol: it is told why, and nothing is expected of it any more. */
static void
fail (SigFrontConn *conn, uint16_t code)
{
  sig_front_conn_set_why (conn, SIG_FRONT_WHY_BAD);
  send_close (conn, code, code != 1009 ? "" : conn->known ? "messages are limited to 524288 bytes"
                                                          : "messages before session.start are limited to 16384 bytes");
  sig_front_ws_gone (conn, 1006);
  sig_front_conn_finish (conn);
}

void
sig_front_ws_close (SigFrontConn *conn, uint16_t code, const char *reason)
{
  if (conn->state != SIG_FRONT_WS)
    return;
  send_close (conn, code, reason);
  sig_front_conn_set_state (conn, SIG_FRONT_WS_CLOSING);
  conn->ws->closing_us = sig_front_conn_now_us (conn) + SIG_FRONT_CLOSING_US;
  /* nothing that still comes is passed on, so nothing needs to wait */
  for (unsigned reason_bit = 0; reason_bit < SIG_FRONT_PAUSE_N; reason_bit++)
    sig_front_conn_pause (conn, (SigFrontPause) reason_bit, false);
  sig_front_ws_arm (conn);
}

static void
on_close_frame (SigFrontConn *conn, uint16_t code)
{
  if (conn->state == SIG_FRONT_WS)
    send_close (conn, code, "");
  sig_front_ws_gone (conn, code);
  sig_front_conn_finish (conn);
}

static bool
spend (SigFrontConn *conn, size_t len, uint32_t n_values)
{
  bool ok = sig_front_conn_spend (conn, len, n_values);

  if (conn->rate_until_us > sig_front_conn_now_us (conn))
    sig_front_conn_pause (conn, SIG_FRONT_PAUSE_RATE, true);
  return ok;
}

static void
on_text (SigFrontConn *conn, const uint8_t *data, size_t len)
{
  SigFrontThread *thread = conn->thread;
  uint32_t n_values = 0;
  bool ok = al_json_check_values ((const char *) data, len, AL_JSON_MAX_VALUES, &n_values, NULL);

  conn->ws->asked_us = sig_front_conn_now_us (conn);
  al_counter_add (thread->shared->metrics.messages_in, 1);
  if (!spend (conn, len, n_values))
    {
      sig_front_ws_send (conn, thread->too_many);
      return;
    }
  if (!ok)
    {
      al_counter_add (thread->shared->metrics.refused_json, 1);
      sig_front_ws_send (conn, thread->not_json);
      return;
    }
  if (++conn->ws->in_flight >= SIG_FRONT_MAX_IN_FLIGHT)
    sig_front_conn_pause (conn, SIG_FRONT_PAUSE_IN_FLIGHT, true);
  sig_front_conn_post (conn, sig_front_up_new (thread->shared, SIG_FRONT_UP_MESSAGE, conn->id, data, len,
                                               (AlStr){ NULL, 0 }));
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

static void
on_pong (SigFrontConn *conn, const uint8_t *data, size_t len)
{
  uint64_t seq_be = GUINT64_TO_BE (conn->ws->probe_seq);
  SigFrontUp *up;

  if (conn->ws->probe_seq == 0 || len != sizeof seq_be || memcmp (data, &seq_be, len) != 0)
    return;
  up = sig_front_up_new (conn->thread->shared, SIG_FRONT_UP_PROOF, conn->id, NULL, 0, (AlStr){ NULL, 0 });
  up->seq = conn->ws->probe_seq;
  conn->ws->probe_seq = 0;
  sig_front_conn_post (conn, up);
}

static bool
on_message (AlWs *ws, AlWsOp op, const uint8_t *data, size_t len, uint16_t close_code, void *user)
{
  SigFrontConn *conn = user;

  if (op == AL_WS_OP_CLOSE)
    {
      on_close_frame (conn, close_code);
      return false;
    }
  if (conn->state != SIG_FRONT_WS)
    return true;
  if (op == AL_WS_OP_TEXT)
    {
      on_text (conn, data, len);
      return conn->state != SIG_FRONT_DONE;
    }
  (void) spend (conn, len, 0);
  if (op == AL_WS_OP_BINARY)
    fail (conn, 1003);
  else if (op == AL_WS_OP_PONG)
    on_pong (conn, data, len);
  else if (op == AL_WS_OP_PING)
    {
      g_autoptr (AlBuf) pong = al_ws_frame (AL_WS_OP_PONG, data, len);

      (void) sig_front_conn_send_buf (conn, pong, 0);
    }
  return conn->state != SIG_FRONT_DONE;
}

/* Returns: bytes of the frame that begins at @data (RFC 6455 §5.2), as large as it says; 0: its head is not complete. */
static uint64_t
measure_frame (const uint8_t *data, size_t len, bool *ret_fin, unsigned *ret_op)
{
  size_t head = 2;
  uint64_t payload;

  if (len < head)
    return 0;
  *ret_fin = (data[0] & 0x80) != 0;
  *ret_op = data[0] & 0x0f;
  payload = data[1] & 0x7f;
  head += payload == 126 ? 2 : payload == 127 ? 8 : 0;
  if (len < head)
    return 0;
  if (payload >= 126)
    {
      size_t n = head - 2;

      payload = 0;
      for (size_t i = 0; i < n; i++)
        payload = payload << 8 | data[2 + i];
    }
  head += (data[1] & 0x80) != 0 ? 4 : 0;
  if (len < head)
    return 0;
  /* the receiver refuses such a length as soon as it sees it */
  return MIN (payload, UINT64_MAX / 2) + head;
}

/* Counts what an unfinished message keeps, in big steps. Returns: false: not now. */
static bool
hold_more (SigFrontConn *conn, size_t len)
{
  SigFrontWs *ws = conn->ws;
  size_t needed = MIN (ws->message_bytes + len, SIG_FRONT_MAX_BODY) / SIG_FRONT_HOLD_STEP * SIG_FRONT_HOLD_STEP;

  if (needed <= ws->held)
    return true;
  if (sig_front_hold (conn->thread->shared, needed - ws->held))
    {
      ws->held = (uint32_t) needed;
      return true;
    }
  ws->retry_us = sig_front_conn_now_us (conn) + SIG_FRONT_RETRY_US;
  sig_front_conn_pause (conn, SIG_FRONT_PAUSE_HELD, true);
  return false;
}

/* What is known of the message that is being received, after @n more bytes of a frame. */
static void
note_progress (SigFrontConn *conn, size_t n)
{
  SigFrontWs *ws = conn->ws;

  if (ws->frame_left > 0 || ws->fragmented)
    {
      ws->message_bytes = (uint32_t) MIN (ws->message_bytes + (uint64_t) n, UINT32_MAX);
      if (ws->message_us == 0)
        ws->message_us = sig_front_conn_now_us (conn);
      return;
    }
  sig_front_unhold (conn->thread->shared, ws->held);
  ws->held = 0;
  ws->message_bytes = 0;
  ws->message_us = 0;
}

/* Feeds up to one frame. Returns: bytes consumed, 0 when there is too little or reading has to stop. */
static size_t
feed_frame (SigFrontConn *conn, const uint8_t *data, size_t len)
{
  SigFrontWs *ws = conn->ws;
  uint16_t code;
  size_t n;

  if (ws->frame_left == 0)
    {
      bool fin = true;
      unsigned op = 0;

      ws->frame_left = measure_frame (data, len, &fin, &op);
      if (ws->frame_left == 0)
        return 0;
      if (op < AL_WS_OP_CLOSE)
        ws->fragmented = !fin;
    }
  n = (size_t) MIN (ws->frame_left, len);
  if (!hold_more (conn, n))
    return 0;
  ws->frame_left -= n;
  code = al_ws_receive (&ws->receiver, conn->thread->ws_pool, data, n);
  if (code != 0 && conn->state != SIG_FRONT_DONE)
    fail (conn, code);
  if (conn->state != SIG_FRONT_DONE)
    note_progress (conn, n);
  return n;
}

size_t
sig_front_ws_data (SigFrontConn *conn, const uint8_t *data, size_t len)
{
  size_t used = 0, n = 1;

  conn->ws->pings = 0;
  while (used < len && n > 0 && conn->paused == 0 && conn->state != SIG_FRONT_DONE)
    {
      n = feed_frame (conn, data + used, len - used);
      used += n;
    }
  if (conn->state != SIG_FRONT_DONE)
    sig_front_ws_arm (conn);
  return used;
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
