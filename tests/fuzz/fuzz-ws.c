/* SPDX-License-Identifier: Apache-2.0 */
/* How bytes are cut changes nothing; what was received, framed by us and masked, is received again. */
#include <string.h>

#include "base/ws.h"

#define LIMIT 4096

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

typedef struct {
  GString *log, *frames;
} Seen;

static bool
on_message (AlWs *ws, AlWsOp op, const uint8_t *data, size_t len, uint16_t close_code, void *user)
{
  Seen *seen = user;
  g_autofree char *text = g_strndup ((const char *) data, len);
  g_autoptr (AlBuf) buf = op == AL_WS_OP_CLOSE && close_code != 1005 && strlen (text) == len
                              ? al_ws_frame_close (close_code, text) : NULL;
  size_t head;

  g_assert_cmpuint (len, <=, op >= AL_WS_OP_CLOSE ? 125 : LIMIT);
  g_assert_true (op != AL_WS_OP_TEXT || strlen (text) < len || g_utf8_validate (text, -1, NULL));
  g_string_append_printf (seen->log, "%d %d %zu ", op, close_code, len);
  g_string_append_len (seen->log, text, (gssize) len);
  if (buf == NULL && op == AL_WS_OP_CLOSE)
    return true;
  if (buf == NULL)
    buf = al_ws_frame (op, data, len);
  head = buf->data[1] < 126 ? 2 : 4;
  buf->data[1] |= 0x80;
  g_string_append_len (seen->frames, (const char *) buf->data, (gssize) head);
  g_string_append_len (seen->frames, "\0\0\0\0", 4); /* the mask that changes nothing */
  g_string_append_len (seen->frames, (const char *) buf->data + head, (gssize) (buf->len - head));
  return true;
}

static uint16_t
receive (AlWsPool *pool, const uint8_t *data, size_t size, size_t step, Seen *seen)
{
  uint16_t code = 0;
  AlWs ws;

  seen->log = g_string_new (NULL);
  seen->frames = g_string_new (NULL);
  al_ws_init (&ws, LIMIT, on_message, seen);
  for (size_t pos = 0; pos < size && code == 0; pos += step)
    code = al_ws_receive (&ws, pool, data + pos, MIN (step, size - pos));
  al_ws_clear (&ws, pool);
  g_assert_cmpuint (al_ws_pool_get_used (pool), ==, 0);
  return code;
}

static void
clear (Seen *seen)
{
  g_string_free (seen->log, TRUE);
  g_string_free (seen->frames, TRUE);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  AlWsPool *pool = al_ws_pool_new ();
  Seen whole, bytes, again;
  uint16_t code = receive (pool, data, size, size, &whole);

  g_assert_true (code == 0 || code == 1002 || code == 1007 || code == 1009);
  g_assert_cmpuint (receive (pool, data, size, 1, &bytes), ==, code);
  g_assert_true (g_string_equal (whole.log, bytes.log));
  g_assert_cmpuint (receive (pool, (uint8_t *) whole.frames->str, whole.frames->len, 7, &again), ==, 0);
  g_assert_true (g_string_equal (whole.frames, again.frames));
  clear (&whole);
  clear (&bytes);
  clear (&again);
  al_ws_pool_free (pool);
  return 0;
}
