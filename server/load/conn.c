/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client half of RFC 6455, as much as a load generator needs: masked text frames out, text in frames or fragments in,
 * pongs.
 * The mask is fixed: it protects proxies from scripts in browsers, and there is neither here.
 */
#include "server/load/conn.h"

#include <string.h>

/* a frame is taken when all of it is there; a page of the update log has half a megabyte */
#define MAX_FRAME (1 << 20)

struct LoadConn {
  AlStream *stream; /* owned until on_closed */
  bool bare, open;
  GByteArray *parts; /* owned; (nullable): of a message that is not over */
  char host[AL_ADDR_STRLEN];
  /* passed in, not owned */
  const LoadConnOps *ops;
  void *user;
};

static const uint8_t mask[4] = { 0x5a, 0xa5, 0x3c, 0xc3 };

/* FIN and opcode, length, mask, payload; @len below 64 KiB */
static void
send_frame (LoadConn *conn, uint8_t opcode, const uint8_t *data, size_t len)
{
  g_autoptr (AlBuf) buf = al_buf_new (len + (len < 126 ? 6 : 8));
  uint8_t *out = buf->data;

  g_assert (len <= 0xffff);
  *out++ = 0x80 | opcode;
  if (len < 126)
    *out++ = 0x80 | (uint8_t) len;
  else
    {
      *out++ = 0x80 | 126;
      *out++ = (uint8_t) (len >> 8);
      *out++ = (uint8_t) len;
    }
  memcpy (out, mask, sizeof mask);
  out += sizeof mask;
  for (size_t i = 0; i < len; i++)
    out[i] = data[i] ^ mask[i & 3];
  (void) al_stream_send_buf (conn->stream, buf, 0);
}

static void
deliver (LoadConn *conn, const uint8_t *data, size_t len)
{
  g_autofree char *text = g_malloc (len + 1);

  memcpy (text, data, len);
  text[len] = '\0';
  conn->ops->on_message (conn, text, len, conn->user);
}

/* a frame of text, or the next part of one */
static void
take_text (LoadConn *conn, bool last, const uint8_t *data, size_t len)
{
  g_autoptr (GByteArray) whole = NULL;

  if (last && conn->parts == NULL)
    {
      deliver (conn, data, len);
      return;
    }
  if (conn->parts == NULL)
    conn->parts = g_byte_array_new ();
  g_byte_array_append (conn->parts, data, (guint) len);
  if (!last)
    return;
  whole = g_steal_pointer (&conn->parts);
  deliver (conn, whole->data, whole->len);
}

/* Returns: bytes of one whole frame, 0 when it is not all there */
static size_t
take_frame (LoadConn *conn, const uint8_t *data, size_t len)
{
  size_t head = 2, payload;

  if (len < 2)
    return 0;
  payload = data[1] & 0x7f;
  if (payload == 126)
    {
      if (len < 4)
        return 0;
      payload = (size_t) data[2] << 8 | data[3];
      head = 4;
    }
  else if (payload == 127)
    {
      if (len < 10)
        return 0;
      payload = 0;
      for (int i = 2; i < 10; i++)
        payload = payload << 8 | data[i];
      head = 10;
    }
  if (len < head + payload)
    return 0;
  switch (data[0] & 0x0f)
    {
    case 0:
    case 1:
      take_text (conn, (data[0] & 0x80) != 0, data + head, payload);
      break;
    case 9:
      send_frame (conn, 10, data + head, payload);
      break;
    default:
      break;
    }
  return head + payload;
}

static size_t
take_handshake (LoadConn *conn, const uint8_t *data, size_t len)
{
  const uint8_t *end = memmem (data, len, "\r\n\r\n", 4);

  if (end == NULL)
    return 0;
  if (len < 12 || memcmp (data, "HTTP/1.1 101", 12) != 0)
    {
      g_printerr ("aldis-load: handshake refused: %.*s\n", (int) MIN (len, 80), (const char *) data);
      al_stream_abort (conn->stream);
      return len;
    }
  conn->open = true;
  conn->ops->on_open (conn, conn->user);
  return (size_t) (end - data) + 4;
}

static size_t
on_data (AlStream *stream, const uint8_t *data, size_t len, void *user)
{
  LoadConn *conn = user;
  size_t used = 0, n;

  if (conn->bare)
    {
      deliver (conn, data, len);
      return len;
    }
  do
    {
      n = conn->open ? take_frame (conn, data + used, len - used) : take_handshake (conn, data + used, len - used);
      used += n;
    }
  while (n > 0 && used < len);
  return used;
}

static void
on_closed (AlStream *stream, AlStreamClose reason, void *user)
{
  LoadConn *conn = user;

  conn->stream = NULL;
  conn->ops->on_closed (conn, conn->user);
  g_clear_pointer (&conn->parts, g_byte_array_unref);
  g_free (conn);
}

static const AlStreamOps stream_ops = { .on_data = on_data, .on_closed = on_closed };

static LoadConn *
connect_to (AlLoop *loop, const AlAddr *address, AlTls *tls, const LoadConnOps *ops, void *user, GError **error)
{
  LoadConn *conn = g_new0 (LoadConn, 1);

  conn->ops = ops;
  conn->user = user;
  conn->stream = tls != NULL ? al_stream_connect_tls (loop, address, tls, NULL, &stream_ops, conn, error)
                             : al_stream_connect (loop, address, &stream_ops, conn, error);
  if (conn->stream == NULL)
    g_clear_pointer (&conn, g_free);
  else
    al_stream_set_limits (conn->stream, MAX_FRAME, 64 << 10, 256 << 10, 1 << 20);
  return conn;
}

static void
send_handshake (LoadConn *conn, const AlAddr *address, const char *path, const char *protocol)
{
  g_autofree char *request = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                              "Sec-WebSocket-Key: YWxkaXMtbG9hZC1jbGllbg==\r\nSec-WebSocket-Version: 13\r\n"
                                              "Sec-WebSocket-Protocol: %s\r\n\r\n",
                                              path, al_addr_format (address, true, conn->host), protocol);

  (void) al_stream_send (conn->stream, request, strlen (request));
}

LoadConn *
load_conn_new (AlLoop *loop, const AlAddr *address, bool bare, AlTls *tls, const LoadConnOps *ops, void *user, GError **error)
{
  LoadConn *conn = connect_to (loop, address, tls, ops, user, error);

  if (conn == NULL)
    return NULL;
  conn->bare = bare;
  if (!bare)
    send_handshake (conn, address, "/rpc", "aldis.v1");
  return conn;
}

LoadConn *
load_conn_new_path (AlLoop *loop, const AlAddr *address, const char *path, const char *protocol, const LoadConnOps *ops,
                    void *user, GError **error)
{
  LoadConn *conn = connect_to (loop, address, NULL, ops, user, error);

  if (conn != NULL)
    send_handshake (conn, address, path, protocol);
  return conn;
}

void
load_conn_send (LoadConn *conn, const char *text, size_t len)
{
  if (conn->bare)
    (void) al_stream_send (conn->stream, text, len);
  else
    send_frame (conn, 1, (const uint8_t *) text, len);
}

void
load_conn_abort (LoadConn *conn)
{
  al_stream_abort (conn->stream);
}
