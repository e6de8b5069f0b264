/* SPDX-License-Identifier: Apache-2.0 */
/* Sending: whole frames in shared buffers, and the answer to a handshake. */
#include <string.h>

#include "base/ws.h"

/*
 *  0                   1                   2 .. 9
 * |F|R|R|R| opcode|M|  length (7) | length (16 or 64 bits, if 126 or 127) | payload   (RFC 6455 §5.2)
 */
AlBuf *
al_ws_frame (AlWsOp op, const void *data, size_t len)
{
  size_t header = len > 65535 ? 10 : len > 125 ? 4 : 2;
  AlBuf *buf;

  g_assert (op < AL_WS_OP_CLOSE || len <= 125);
  buf = al_buf_new (header + len);
  buf->data[0] = (uint8_t) (0x80 | op);
  if (header == 2)
    {
      buf->data[1] = (uint8_t) len;
    }
  else
    {
      buf->data[1] = header == 4 ? 126 : 127;
      for (size_t i = 2; i < header; i++)
        buf->data[i] = (uint8_t) ((uint64_t) len >> 8 * (header - 1 - i));
    }
  if (len > 0)
    memcpy (buf->data + header, data, len);
  return buf;
}

AlBuf *
al_ws_frame_close (uint16_t code, const char *reason)
{
  uint8_t payload[125] = { (uint8_t) (code >> 8), (uint8_t) code };
  size_t len = reason != NULL ? strlen (reason) : 0;

  if (code == 1005) /* never on the wire (§7.4.1) */
    return al_ws_frame (AL_WS_OP_CLOSE, NULL, 0);
  if (len > sizeof payload - 2)
    for (len = sizeof payload - 2; len > 0 && ((uint8_t) reason[len] & 0xc0) == 0x80;)
      len--;
  if (len > 0)
    memcpy (payload + 2, reason, len);
  return al_ws_frame (AL_WS_OP_CLOSE, payload, len + 2);
}

void
al_ws_accept_key (const char *key, size_t len, char ret[29])
{
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 §1.3 */
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA1);
  g_autofree char *text = NULL;
  uint8_t digest[20];
  gsize n = sizeof digest;

  g_checksum_update (sum, (const guchar *) key, (gssize) len);
  g_checksum_update (sum, (const guchar *) guid, sizeof guid - 1);
  g_checksum_get_digest (sum, digest, &n);
  text = g_base64_encode (digest, n);
  memcpy (ret, text, 29);
}
