/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receiving. wslay reads the frames (lengths, masking, the shape of control frames); what they may be to each other is
 * decided here (RFC 6455 §5, §7.4, §8.1).
 *
 *   idle --bytes--> a receiver of the pool --frame or message incomplete--> held by the connection
 *                                          --nothing left over-----------> back to the pool
 */
#include "base/ws.h"

#include <string.h>
#include <wslay/wslay.h>

#include "base/utf8.h"

#define MAX_CONTROL 125
/* a message buffer that is kept with a spare receiver: most messages fit, and 32 of them do not matter */
#define MAX_KEPT_BUFFER 16384

typedef struct Receiver Receiver;

struct Receiver {
  wslay_frame_context_ptr wslay; /* owned */
  Receiver *next;                /* of the pool's list */

  /* input: passed in, not owned */
  const uint8_t *data;
  size_t left;
  uint64_t pending; /* bytes that wslay was given and that are not part of a frame handed over */

  uint64_t frame_left;       /* payload of the frame in progress still to come */
  uint8_t control[MAX_CONTROL];
  size_t control_len;

  uint8_t message_op;        /* 0: none in progress */
  uint8_t *message;          /* owned */
  size_t message_len, message_size;
  AlUtf8 utf8;
};

struct AlWsPool {
  Receiver *spare; /* owned */
  unsigned n_spare, n_used;
};

/* What became of the bytes. */
typedef enum { GO_ON = 0, STOPPED = 1 } Verdict; /* or the close code to send */

static ssize_t
on_wslay_read (uint8_t *buffer, size_t size, int flags, void *user)
{
  Receiver *receiver = user;
  size_t n = MIN (size, receiver->left);

  if (n == 0)
    return -1;
  memcpy (buffer, receiver->data, n);
  receiver->data += n;
  receiver->left -= n;
  receiver->pending += n;
  return (ssize_t) n;
}

static Receiver *
receiver_new (void)
{
  static const struct wslay_frame_callbacks callbacks = { .recv_callback = on_wslay_read };
  Receiver *receiver = g_new0 (Receiver, 1);

  if (wslay_frame_context_init (&receiver->wslay, &callbacks, receiver) != 0)
    g_error ("out of memory"); /* as GLib's allocators do */
  return receiver;
}

static void
receiver_free (Receiver *receiver)
{
  wslay_frame_context_free (receiver->wslay);
  g_free (receiver->message);
  g_free (receiver);
}

/* Nothing is half received: the next byte begins a frame, which begins a message. */
static bool
receiver_is_idle (const Receiver *receiver)
{
  return receiver->pending == 0 && receiver->frame_left == 0 && receiver->message_op == 0;
}

AlWsPool *
al_ws_pool_new (void)
{
  return g_new0 (AlWsPool, 1);
}

void
al_ws_pool_free (AlWsPool *pool)
{
  if (pool == NULL)
    return;
  g_assert (pool->n_used == 0);
  while (pool->spare != NULL)
    {
      Receiver *receiver = pool->spare;

      pool->spare = receiver->next;
      receiver_free (receiver);
    }
  g_free (pool);
}

unsigned
al_ws_pool_get_used (const AlWsPool *pool)
{
  return pool->n_used;
}

unsigned
al_ws_pool_get_spare (const AlWsPool *pool)
{
  return pool->n_spare;
}

static Receiver *
pool_take (AlWsPool *pool)
{
  Receiver *receiver = pool->spare;

  pool->n_used++;
  if (receiver == NULL)
    return receiver_new ();
  pool->spare = receiver->next;
  pool->n_spare--;
  return receiver;
}

/* wslay cannot be set back in the middle of a frame: such a receiver is freed. */
static void
pool_give (AlWsPool *pool, Receiver *receiver)
{
  pool->n_used--;
  if (!receiver_is_idle (receiver) || pool->n_spare == AL_WS_POOL_MAX)
    {
      receiver_free (receiver);
      return;
    }
  if (receiver->message_size > MAX_KEPT_BUFFER)
    {
      g_clear_pointer (&receiver->message, g_free);
      receiver->message_size = 0;
    }
  receiver->next = pool->spare;
  pool->spare = receiver;
  pool->n_spare++;
}

void
al_ws_init (AlWs *ws, size_t max_message_bytes, AlWsFn fn, void *user)
{
  *ws = (AlWs){ .max_message_bytes = max_message_bytes, .fn = fn, .user = user };
}

void
al_ws_set_max (AlWs *ws, size_t max_message_bytes)
{
  ws->max_message_bytes = max_message_bytes;
}

void
al_ws_clear (AlWs *ws, AlWsPool *pool)
{
  if (ws->receiver != NULL)
    pool_give (pool, g_steal_pointer (&ws->receiver));
  ws->done = true;
}

/* Hands one message over. While the owner has it, @ws counts as done, because it may not be there any more afterwards. */
static unsigned
deliver (AlWs *ws, AlWsOp op, const uint8_t *data, size_t len, uint16_t close_code)
{
  ws->done = true;
  if (!ws->fn (ws, op, data, len, close_code, ws->user) || op == AL_WS_OP_CLOSE)
    return STOPPED;
  ws->done = false;
  return GO_ON;
}

/* Codes that an endpoint may send: RFC 6455 §7.4 and IANA's registry up to 1014; libraries and applications from 3000. */
static bool
is_close_code (unsigned code)
{
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static unsigned
finish_close (AlWs *ws, const uint8_t *data, size_t len)
{
  unsigned code;

  if (len == 0)
    return deliver (ws, AL_WS_OP_CLOSE, data, 0, WSLAY_CODE_NO_STATUS_RCVD);
  if (len == 1)
    return WSLAY_CODE_PROTOCOL_ERROR;
  code = (unsigned) data[0] << 8 | data[1];
  if (!is_close_code (code))
    return WSLAY_CODE_PROTOCOL_ERROR;
  if (!al_utf8_is_valid (data + 2, len - 2))
    return WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA;
  return deliver (ws, AL_WS_OP_CLOSE, data + 2, len - 2, (uint16_t) code);
}

/* What a frame's header says. Returns: 0 or a close code. */
static unsigned
begin_frame (const AlWs *ws, Receiver *receiver, const struct wslay_frame_iocb *frame)
{
  uint8_t op = frame->opcode;

  if (!frame->mask || frame->rsv != 0)
    return WSLAY_CODE_PROTOCOL_ERROR;
  receiver->control_len = 0;
  if (wslay_is_ctrl_frame (op))
    return op <= WSLAY_PONG ? 0 : WSLAY_CODE_PROTOCOL_ERROR;
  if (op > WSLAY_BINARY_FRAME || (op == WSLAY_CONTINUATION_FRAME) != (receiver->message_op != 0))
    return WSLAY_CODE_PROTOCOL_ERROR;
  if (frame->payload_length > ws->max_message_bytes - receiver->message_len)
    return WSLAY_CODE_MESSAGE_TOO_BIG;
  if (op != WSLAY_CONTINUATION_FRAME)
    {
      receiver->message_op = op;
      receiver->utf8 = (AlUtf8){ 0 };
    }
  return 0;
}

static void
append_message (Receiver *receiver, const uint8_t *data, size_t len)
{
  if (len == 0)
    return;
  if (len > receiver->message_size - receiver->message_len)
    {
      /* grows with what has come, not with what a header promises */
      receiver->message_size = MAX (receiver->message_size * 2, receiver->message_len + len);
      receiver->message = g_realloc (receiver->message, receiver->message_size);
    }
  memcpy (receiver->message + receiver->message_len, data, len);
  receiver->message_len += len;
}

/* A piece of a data frame's payload; with the last one of a message the message. */
static unsigned
take_data (AlWs *ws, Receiver *receiver, const struct wslay_frame_iocb *frame)
{
  bool last = frame->fin && receiver->frame_left == 0;
  const uint8_t *data = frame->data;
  size_t len = frame->data_length;
  AlWsOp op = receiver->message_op;

  if (op == AL_WS_OP_TEXT && (!al_utf8_feed (&receiver->utf8, data, len) ||
                              (last && !al_utf8_is_complete (&receiver->utf8))))
    return WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA;
  if (!last || receiver->message_len > 0)
    {
      append_message (receiver, data, len);
      data = receiver->message;
      len = receiver->message_len;
    }
  if (!last)
    return GO_ON;
  receiver->message_op = 0;
  receiver->message_len = 0;
  return deliver (ws, op, data, len, 0);
}

/* A piece of a control frame's payload; with the last one the frame. wslay has checked FIN and the length. */
static unsigned
take_control (AlWs *ws, Receiver *receiver, const struct wslay_frame_iocb *frame)
{
  g_assert (frame->data_length <= MAX_CONTROL - receiver->control_len);
  memcpy (receiver->control + receiver->control_len, frame->data, frame->data_length);
  receiver->control_len += frame->data_length;
  if (receiver->frame_left > 0)
    return GO_ON;
  if (frame->opcode == AL_WS_OP_CLOSE)
    return finish_close (ws, receiver->control, receiver->control_len);
  return deliver (ws, (AlWsOp) frame->opcode, receiver->control, receiver->control_len, 0);
}

/* Bytes of the smallest header that says @payload_length, which is the only one that wslay takes, with its mask. */
static unsigned
get_header_len (uint64_t payload_length)
{
  return 2 + (payload_length > 65535 ? 8 : payload_length > 125 ? 2 : 0) + 4;
}

static unsigned
take_frame (AlWs *ws, Receiver *receiver, const struct wslay_frame_iocb *frame)
{
  if (receiver->frame_left == 0)
    {
      unsigned code = begin_frame (ws, receiver, frame);

      if (code != 0)
        return code;
      receiver->frame_left = frame->payload_length;
      receiver->pending -= get_header_len (frame->payload_length);
    }
  receiver->frame_left -= frame->data_length;
  receiver->pending -= frame->data_length;
  return wslay_is_ctrl_frame (frame->opcode) ? take_control (ws, receiver, frame) : take_data (ws, receiver, frame);
}

/* Returns: GO_ON when all bytes are read, STOPPED when the owner has had its last message, or a close code. */
static unsigned
read_frames (AlWs *ws, Receiver *receiver)
{
  for (;;)
    {
      struct wslay_frame_iocb frame;
      ssize_t n = wslay_frame_recv (receiver->wslay, &frame);
      unsigned verdict;

      if (n == WSLAY_ERR_WANT_READ && receiver->left == 0)
        return GO_ON;
      if (n == WSLAY_ERR_WANT_READ)
        continue;
      if (n < 0)
        return WSLAY_CODE_PROTOCOL_ERROR;
      verdict = take_frame (ws, receiver, &frame);
      if (verdict != GO_ON)
        return verdict;
    }
}

uint16_t
al_ws_receive (AlWs *ws, AlWsPool *pool, const uint8_t *data, size_t len)
{
  Receiver *receiver;
  unsigned verdict;

  if (ws->done || len == 0)
    return 0;
  /* not the connection's while messages are handed over: its owner may free it */
  receiver = ws->receiver != NULL ? g_steal_pointer (&ws->receiver) : pool_take (pool);
  receiver->data = data;
  receiver->left = len;
  verdict = read_frames (ws, receiver);
  if (verdict == GO_ON && !receiver_is_idle (receiver))
    {
      ws->receiver = receiver;
      return 0;
    }
  pool_give (pool, receiver);
  if (verdict == GO_ON || verdict == STOPPED)
    return 0;
  ws->done = true;
  return (uint16_t) verdict;
}
