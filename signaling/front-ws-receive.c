/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of WebSockets in, and what becomes of their messages. Who sends faster than he is answered, or than the rate
 * allows, is read more slowly. Frames are given to the receiver one by one, so that reading can stop between two messages.
 */
#include "signaling/front-private.h"

#include <string.h>

#include "base/json.h"

/* The peer broke the protocol: it is told why, and nothing is expected of it any more. */
static void
fail (SigFrontConn *conn, uint16_t code)
{
  const char *too_large = conn->known ? "messages are limited to 524288 bytes"
                                      : "messages before session.start are limited to 16384 bytes";

  sig_front_conn_set_why (conn, SIG_FRONT_WHY_BAD);
  sig_front_ws_send_close (conn, code, code == 1009 ? too_large : "");
  sig_front_ws_gone (conn, 1006);
  sig_front_conn_finish (conn);
}

static void
on_close_frame (SigFrontConn *conn, uint16_t code)
{
  if (conn->state == SIG_FRONT_WS)
    sig_front_ws_send_close (conn, code, "");
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

bool
sig_front_ws_on_message (AlWs *ws, AlWsOp op, const uint8_t *data, size_t len, uint16_t close_code, void *user)
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
