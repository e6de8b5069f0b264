/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>

#include "base/ws.h"

#define LIMIT 100000

/* What was received, as words: "T(hello) P(x) C1000(bye) !1002" */
typedef struct {
  AlWs ws;
  GString *log;
  unsigned stop_after; /* 0: never */
  unsigned n;
} Conn;

static bool
on_message (AlWs *ws, AlWsOp op, const uint8_t *data, size_t len, uint16_t close_code, void *user)
{
  Conn *conn = user;
  const char *letter = op == AL_WS_OP_TEXT     ? "T"
                       : op == AL_WS_OP_BINARY ? "B"
                       : op == AL_WS_OP_PING   ? "P"
                       : op == AL_WS_OP_PONG   ? "O"
                                               : "C";

  g_assert_true (ws == &conn->ws);
  g_string_append_printf (conn->log, "%s%s", conn->log->len > 0 ? " " : "", letter);
  if (op == AL_WS_OP_CLOSE)
    g_string_append_printf (conn->log, "%u", close_code);
  else
    g_assert_cmpuint (close_code, ==, 0);
  if (len > 100)
    g_string_append_printf (conn->log, "(%" G_GSIZE_FORMAT " bytes)", len);
  else
    g_string_append_printf (conn->log, "(%.*s)", (int) len, (const char *) data);
  return ++conn->n != conn->stop_after;
}

static void
conn_init (Conn *conn, size_t max)
{
  *conn = (Conn){ .log = g_string_new (NULL) };
  al_ws_init (&conn->ws, max, on_message, conn);
}

static void
conn_feed (Conn *conn, AlWsPool *pool, const uint8_t *data, size_t len)
{
  g_autofree uint8_t *exact = g_memdup2 (data, len);
  uint16_t code = al_ws_receive (&conn->ws, pool, exact, len);

  if (code != 0)
    g_string_append_printf (conn->log, "%s!%u", conn->log->len > 0 ? " " : "", code);
}

static void
conn_clear (Conn *conn, AlWsPool *pool)
{
  al_ws_clear (&conn->ws, pool);
  g_string_free (conn->log, TRUE);
}

/* One frame: @first is the first byte (FIN, RSV, opcode); masked with a key that depends on the length. */
static void
append_frame (GByteArray *out, uint8_t first, const void *payload, size_t len)
{
  const uint8_t key[4] = { 0x37, 0xfa, 0x21, (uint8_t) (0x3d ^ len) };
  uint8_t head[14] = { first };
  unsigned n = 2;

  if (len < 126)
    {
      head[1] = (uint8_t) (0x80 | len);
    }
  else
    {
      unsigned bytes = len > 65535 ? 8 : 2;

      head[1] = bytes == 8 ? 0xff : 0xfe;
      for (unsigned i = 0; i < bytes; i++)
        head[n++] = (uint8_t) ((uint64_t) len >> 8 * (bytes - 1 - i));
    }
  memcpy (head + n, key, 4);
  g_byte_array_append (out, head, n + 4);
  for (size_t i = 0; i < len; i++)
    {
      uint8_t c = ((const uint8_t *) payload)[i] ^ key[i % 4];

      g_byte_array_append (out, &c, 1);
    }
}

typedef struct {
  uint8_t first;
  const char *payload;
  size_t fill; /* without a payload: so many times 'x' */
} Frame;

#define TEXT 0x81
#define BINARY 0x82
#define TEXT_MORE 0x01
#define BINARY_MORE 0x02
#define MORE 0x00
#define LAST 0x80
#define CLOSE 0x88
#define PING 0x89
#define PONG 0x8a
#define X41 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* Autobahn's cases in small, their numbers in the names; every one runs whole, in all cuts in two, and byte by byte */
static const struct {
  const char *name;
  Frame frames[8];
  const char *expect;
} cases[] = {
  { "1.1.1-text-empty", { { TEXT, "" } }, "T()" },
  { "1.1.2-text-125", { { TEXT, NULL, 125 } }, "T(125 bytes)" },
  { "1.1.3-text-126", { { TEXT, NULL, 126 } }, "T(126 bytes)" },
  { "1.1.4-text-127", { { TEXT, NULL, 127 } }, "T(127 bytes)" },
  { "1.1.6-text-65535", { { TEXT, NULL, 65535 } }, "T(65535 bytes)" },
  { "1.1.7-text-65536", { { TEXT, NULL, 65536 } }, "T(65536 bytes)" },
  { "1.2.1-binary-empty", { { BINARY, "" } }, "B()" },
  { "1.2.5-binary-128", { { BINARY, NULL, 128 } }, "B(128 bytes)" },
  { "two", { { TEXT, "a" }, { BINARY, "b" } }, "T(a) B(b)" },
  { "2.1-ping-empty", { { PING, "" } }, "P()" },
  { "2.2-ping", { { PING, "Hello" } }, "P(Hello)" },
  { "2.3-ping-binary", { { PING, "\x01\xff\xfe" } }, "P(\x01\xff\xfe)" },
  { "2.4-ping-125", { { PING, NULL, 125 } }, "P(125 bytes)" },
  { "2.5-ping-126", { { PING, NULL, 126 } }, "!1002" },
  { "2.7-pong", { { PONG, "x" } }, "O(x)" },
  { "2.9-pong-ping", { { PONG, "a" }, { PING, "b" } }, "O(a) P(b)" },
  { "2.10-pings", { { PING, "1" }, { PING, "2" }, { PING, "3" }, { PING, "4" } }, "P(1) P(2) P(3) P(4)" },
  { "3.1-rsv3", { { TEXT | 0x10, "a" } }, "!1002" },
  { "3.2-rsv2", { { TEXT, "a" }, { TEXT | 0x20, "b" }, { PING, "" } }, "T(a) !1002" },
  { "3.4-rsv1", { { TEXT | 0x40, "a" } }, "!1002" },
  { "3.5-rsv-binary", { { BINARY | 0x70, "a" } }, "!1002" },
  { "3.6-rsv-ping", { { PING | 0x10, "a" } }, "!1002" },
  { "3.7-rsv-close", { { CLOSE | 0x20, "\x03\xe8" } }, "!1002" },
  { "rsv-continuation", { { TEXT_MORE, "a" }, { LAST | 0x40, "b" } }, "!1002" },
  { "4.1.1-op-3", { { 0x83, "" } }, "!1002" },
  { "4.1.2-op-4", { { 0x84, "x" } }, "!1002" },
  { "4.1.3-op-5", { { TEXT, "a" }, { 0x85, "" }, { PING, "" } }, "T(a) !1002" },
  { "4.1.4-op-6", { { 0x86, "x" } }, "!1002" },
  { "4.1.5-op-7", { { 0x87, "x" } }, "!1002" },
  { "4.2.1-op-11", { { 0x8b, "" } }, "!1002" },
  { "4.2.2-op-12", { { 0x8c, "x" } }, "!1002" },
  { "4.2.3-op-13", { { 0x8d, "x" } }, "!1002" },
  { "4.2.4-op-14", { { 0x8e, "x" } }, "!1002" },
  { "4.2.5-op-15", { { 0x8f, "x" } }, "!1002" },
  { "5.1-ping-fragmented", { { 0x09, "a" }, { LAST, "b" } }, "!1002" },
  { "5.2-pong-fragmented", { { 0x0a, "a" }, { LAST, "b" } }, "!1002" },
  { "close-fragmented", { { 0x08, "\x03\xe8" } }, "!1002" },
  { "5.3-two-fragments", { { TEXT_MORE, "frag" }, { LAST, "ment" } }, "T(fragment)" },
  { "5.6-ping-between", { { TEXT_MORE, "frag" }, { PING, "p" }, { LAST, "ment" } }, "P(p) T(fragment)" },
  { "pong-between", { { BINARY_MORE, "a" }, { PONG, "p" }, { MORE, "b" }, { PING, "q" }, { LAST, "c" } },
    "O(p) P(q) B(abc)" },
  { "fragments-empty", { { TEXT_MORE, "" }, { MORE, "" }, { MORE, "a" }, { MORE, "" }, { LAST, "" } }, "T(a)" },
  { "fragments-all-empty", { { BINARY_MORE, "" }, { LAST, "" } }, "B()" },
  { "5.9-continuation-first", { { LAST, "a" }, { TEXT, "b" } }, "!1002" },
  { "5.12-continuation-more-first", { { MORE, "a" }, { TEXT, "b" } }, "!1002" },
  { "5.15-continuation-after", { { TEXT_MORE, "a" }, { LAST, "b" }, { MORE, "c" }, { TEXT, "d" } }, "T(ab) !1002" },
  { "5.18-text-in-text", { { TEXT_MORE, "a" }, { TEXT, "b" } }, "!1002" },
  { "binary-in-text", { { TEXT_MORE, "a" }, { BINARY_MORE, "b" } }, "!1002" },
  { "text-in-binary", { { BINARY_MORE, "a" }, { PING, "" }, { TEXT, "b" } }, "P() !1002" },
  { "5.19-pings-between", { { TEXT_MORE, "1" }, { MORE, "2" }, { PING, "p" }, { MORE, "3" }, { PING, "q" }, { LAST, "4" } },
    "P(p) P(q) T(1234)" },
  { "6.1.2-text-empty-fragments", { { TEXT_MORE, "" }, { MORE, "" }, { LAST, "" } }, "T()" },
  { "6.2.1-utf8", { { TEXT, "\xce\xba\xe1\xbd\xb9" } }, "T(\xce\xba\xe1\xbd\xb9)" },
  { "6.2.3-utf8-split-character", { { TEXT_MORE, "\xce" }, { LAST, "\xba" } }, "T(\xce\xba)" },
  { "6.2.4-utf8-split-four",
    { { TEXT_MORE, "\xf0" }, { MORE, "\x9f" }, { PING, "\xff" }, { MORE, "\x98" }, { LAST, "\x80" } },
    "P(\xff) T(\xf0\x9f\x98\x80)" },
  { "6.3.1-utf8-bad", { { TEXT, "\xce\xba\xed\xa0\x80 edited" } }, "!1007" },
  { "6.4.1-utf8-bad-early", { { TEXT_MORE, "\xce\xba\xf4\x90" }, { LAST, "\x80\x80" } }, "!1007" },
  { "6.6.1-utf8-cut", { { TEXT, "\xce" } }, "!1007" },
  { "utf8-cut-fragment", { { TEXT_MORE, "a" }, { LAST, "\xe2\x82" } }, "!1007" },
  { "utf8-cut-then-empty", { { TEXT_MORE, "\xe2\x82" }, { LAST, "" } }, "!1007" },
  { "utf8-fresh-in-next", { { TEXT, "a" }, { TEXT, "\x80" } }, "T(a) !1007" },
  { "6.11-utf8-overlong", { { TEXT, "\xc0\xaf" } }, "!1007" },
  { "6.21-utf8-surrogate", { { TEXT, "\xed\xbf\xbf" } }, "!1007" },
  { "binary-not-utf8", { { BINARY, "\xff\xfe" } }, "B(\xff\xfe)" },
  { "7.1.1-close", { { TEXT, "a" }, { CLOSE, "\x03\xe8" } }, "T(a) C1000()" },
  { "7.1.2-close-twice", { { CLOSE, "\x03\xe8" }, { CLOSE, "\x03\xe8" } }, "C1000()" },
  { "7.1.3-ping-after", { { CLOSE, "\x03\xe8" }, { PING, "" } }, "C1000()" },
  { "7.1.4-text-after", { { CLOSE, "\x03\xe8" }, { TEXT, "a" } }, "C1000()" },
  { "7.1.5-close-in-message", { { TEXT_MORE, "a" }, { CLOSE, "\x03\xe8" }, { LAST, "b" } }, "C1000()" },
  { "bad-after-close", { { CLOSE, "\x03\xe8" }, { 0x83, "" } }, "C1000()" },
  { "7.3.1-close-empty", { { CLOSE, "" } }, "C1005()" },
  { "7.3.2-close-one-byte", { { CLOSE, "a" } }, "!1002" },
  { "7.3.4-close-reason", { { CLOSE, "\x03\xe8Hello" } }, "C1000(Hello)" },
  { "7.3.5-close-125", { { CLOSE, "\x03\xe8" X41 X41 X41 } }, "C1000(123 bytes)" },
  { "7.3.6-close-126", { { CLOSE, NULL, 126 } }, "!1002" },
  { "7.5.1-close-reason-utf8", { { CLOSE, "\x03\xe8\xce\xba\xed\xa0\x80" } }, "!1007" },
  { "close-reason-cut", { { CLOSE, "\x03\xe8\xe2\x82" } }, "!1007" },
  { "limit", { { BINARY, NULL, LIMIT } }, "B(100000 bytes)" },
  { "limit-over", { { PING, "p" }, { BINARY, NULL, LIMIT + 1 } }, "P(p) !1009" },
  { "limit-fragments", { { BINARY_MORE, NULL, LIMIT - 1 }, { LAST, "x" } }, "B(100000 bytes)" },
  { "limit-fragments-over", { { BINARY_MORE, NULL, LIMIT - 1 }, { MORE, "x" }, { LAST, "x" } }, "!1009" },
  { "limit-each-message", { { TEXT, NULL, 60000 }, { TEXT, NULL, 60000 } }, "T(60000 bytes) T(60000 bytes)" },
};

static GByteArray *
make_case (size_t i)
{
  GByteArray *bytes = g_byte_array_new ();

  for (unsigned j = 0; j < G_N_ELEMENTS (cases[i].frames); j++)
    {
      const Frame *frame = &cases[i].frames[j];
      g_autofree char *fill = g_strnfill (frame->fill, 'x');

      if (frame->payload == NULL && frame->fill == 0)
        break;
      append_frame (bytes, frame->first, frame->payload != NULL ? frame->payload : fill,
                    frame->payload != NULL ? strlen (frame->payload) : frame->fill);
    }
  return bytes;
}

/* Feeds @bytes in pieces that end at @cut, then at every multiple of @step behind it. */
static void
run_case (size_t i, const GByteArray *bytes, size_t cut, size_t step)
{
  AlWsPool *pool = al_ws_pool_new ();
  Conn conn;

  conn_init (&conn, LIMIT);
  for (size_t pos = 0; pos < bytes->len;)
    {
      size_t n = MIN (pos < cut ? cut : step, bytes->len - pos);

      conn_feed (&conn, pool, bytes->data + pos, n);
      pos += n;
    }
  g_assert_cmpstr (conn.log->str, ==, cases[i].expect);
  conn_clear (&conn, pool);
  g_assert_cmpuint (al_ws_pool_get_used (pool), ==, 0);
  al_ws_pool_free (pool);
}

static void
test_case (gconstpointer data)
{
  size_t i = GPOINTER_TO_SIZE (data);
  g_autoptr (GByteArray) bytes = make_case (i);
  size_t stride = bytes->len > 2000 ? 9973 : 1;

  run_case (i, bytes, 0, bytes->len);
  run_case (i, bytes, 0, 1);
  run_case (i, bytes, 0, 4096);
  for (size_t cut = 1; cut < bytes->len; cut += cut < 20 || cut + 20 > bytes->len ? 1 : stride)
    run_case (i, bytes, cut, bytes->len);
}

static void
receive_one (AlWsPool *pool, uint8_t first, const void *payload, size_t len, const char *expect)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  Conn conn;

  conn_init (&conn, LIMIT);
  append_frame (bytes, first, payload, len);
  conn_feed (&conn, pool, bytes->data, bytes->len);
  g_assert_cmpstr (conn.log->str, ==, expect);
  conn_clear (&conn, pool);
}

static void
test_close_codes (void)
{
  AlWsPool *pool = al_ws_pool_new ();

  for (unsigned code = 0; code < 65536; code++)
    {
      const uint8_t payload[2] = { (uint8_t) (code >> 8), (uint8_t) code };
      bool good = (code >= 1000 && code < 5000) && (code < 1015 || code >= 3000) && code != 1004 && code != 1005 &&
                  code != 1006;
      char expect[16];

      g_snprintf (expect, sizeof expect, good ? "C%u()" : "!1002", code);
      receive_one (pool, CLOSE, payload, 2, expect);
    }
  al_ws_pool_free (pool);
}

/* raw bytes that no builder of frames makes */
static void
test_raw (void)
{
  static const struct {
    const char *bytes;
    size_t len;
    const char *expect;
  } raw[] = {
    { "\x81\x05Hello", 7, "!1002" },                                             /* unmasked */
    { "\x89\x00\x89\x00", 4, "!1002" },                                          /* unmasked ping */
    { "\x81\xfe\x00\x05\0\0\0\0Hello", 13, "!1002" },                            /* 16 bits for a short length */
    { "\x81\xfe\x00\x7d\0\0\0\0", 8, "!1002" },                                  /* 125 in 16 bits */
    { "\x81\xff\0\0\0\0\0\0\0\x05\0\0\0\0Hello", 19, "!1002" },                  /* 64 bits for a short length */
    { "\x81\xff\0\0\0\0\0\0\xff\xff\0\0\0\0", 14, "!1002" },                     /* 65535 in 64 bits */
    { "\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0x", 15, "!1002" },                      /* the highest bit of a length */
    { "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0x", 15, "!1009" },        /* the longest message */
    { "\x02\x81\0\0\0\0a\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0x", 22, "!1009" }, /* that would wrap a sum */
    { "\x89\xfe\x00\x7e\0\0\0\0", 8, "!1002" },                                  /* a long ping */
    { "GET / HTTP/1.1\r\n", 16, "!1002" },
    { "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11, "T(Hello)" },          /* RFC 6455 §5.7 */
  };
  AlWsPool *pool = al_ws_pool_new ();

  for (unsigned i = 0; i < G_N_ELEMENTS (raw); i++)
    for (size_t cut = 0; cut <= raw[i].len; cut++)
      {
        Conn conn;

        conn_init (&conn, LIMIT);
        conn_feed (&conn, pool, (const uint8_t *) raw[i].bytes, cut);
        conn_feed (&conn, pool, (const uint8_t *) raw[i].bytes + cut, raw[i].len - cut);
        g_assert_cmpstr (conn.log->str, ==, raw[i].expect);
        conn_clear (&conn, pool);
      }
  receive_one (pool, TEXT, "\0", 1, "T()"); /* a NUL is text */
  al_ws_pool_free (pool);
}

/* idle connections hold nothing; those in the middle of something hold one receiver; spare ones are bounded */
static void
test_pool (void)
{
  AlWsPool *pool = al_ws_pool_new ();
  g_autoptr (GByteArray) ping = g_byte_array_new (), first = g_byte_array_new (), last = g_byte_array_new ();
  g_autofree Conn *conns = g_new (Conn, 1000);

  append_frame (ping, PING, "abc", 3);
  append_frame (first, TEXT_MORE, "abc", 3);
  append_frame (last, LAST, "def", 3);
  for (unsigned i = 0; i < 1000; i++)
    {
      conn_init (&conns[i], LIMIT);
      conn_feed (&conns[i], pool, ping->data, ping->len);
      g_assert_null (conns[i].ws.receiver);
    }
  g_assert_cmpuint (al_ws_pool_get_used (pool), ==, 0);
  g_assert_cmpuint (al_ws_pool_get_spare (pool), ==, 1);

  for (unsigned i = 0; i < 1000; i++) /* half a frame, half a message */
    conn_feed (&conns[i], pool, i % 2 ? ping->data : first->data, i % 2 ? 3 : first->len);
  g_assert_cmpuint (al_ws_pool_get_used (pool), ==, 1000);
  for (unsigned i = 0; i < 1000; i += 2)
    {
      conn_feed (&conns[i], pool, last->data, last->len);
      g_assert_cmpstr (conns[i].log->str, ==, "P(abc) T(abcdef)");
    }
  g_assert_cmpuint (al_ws_pool_get_used (pool), ==, 500);
  g_assert_cmpuint (al_ws_pool_get_spare (pool), ==, AL_WS_POOL_MAX);
  for (unsigned i = 0; i < 1000; i++)
    conn_clear (&conns[i], pool);
  g_assert_cmpuint (al_ws_pool_get_used (pool), ==, 0);
  g_assert_cmpuint (al_ws_pool_get_spare (pool), ==, AL_WS_POOL_MAX);
  al_ws_pool_free (pool);
}

/* a receiver that comes back clean serves another connection, with nothing left over from the first */
static void
test_reuse (void)
{
  AlWsPool *pool = al_ws_pool_new ();
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree char *fill = g_strnfill (90000, 'y');

  append_frame (bytes, TEXT_MORE, "\xe2", 1);
  append_frame (bytes, MORE, "\x82", 1);
  append_frame (bytes, LAST, "\xac", 1);
  append_frame (bytes, BINARY_MORE, fill, 90000);
  append_frame (bytes, LAST, "z", 1);
  for (unsigned i = 0; i < 10; i++)
    {
      Conn conn;

      conn_init (&conn, LIMIT);
      conn_feed (&conn, pool, bytes->data, bytes->len);
      g_assert_cmpstr (conn.log->str, ==, "T(\xe2\x82\xac) B(90001 bytes)");
      g_assert_cmpuint (al_ws_pool_get_spare (pool), ==, 1);
      conn_clear (&conn, pool);
    }
  al_ws_pool_free (pool);
}

/* after the callback says stop, nothing comes any more, and the connection may be freed inside it */
static void
test_stop (void)
{
  AlWsPool *pool = al_ws_pool_new ();
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  Conn conn;

  append_frame (bytes, TEXT, "a", 1);
  append_frame (bytes, TEXT, "b", 1);
  append_frame (bytes, TEXT, "c", 1);
  append_frame (bytes, 0x83, "", 0);
  conn_init (&conn, LIMIT);
  conn.stop_after = 2;
  conn_feed (&conn, pool, bytes->data, bytes->len);
  conn_feed (&conn, pool, bytes->data, bytes->len);
  g_assert_cmpstr (conn.log->str, ==, "T(a) T(b)");
  conn_clear (&conn, pool);
  al_ws_pool_free (pool);
}

static bool
on_message_free (AlWs *ws, AlWsOp op, const uint8_t *data, size_t len, uint16_t close_code, void *user)
{
  memset (ws, 0xa5, sizeof *ws);
  g_free (ws);
  return false;
}

static void
test_free_inside (void)
{
  AlWsPool *pool = al_ws_pool_new ();
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  AlWs *ws = g_new (AlWs, 1);

  append_frame (bytes, TEXT, "a", 1);
  append_frame (bytes, 0x83, "", 0);
  al_ws_init (ws, LIMIT, on_message_free, NULL);
  g_assert_cmpuint (al_ws_receive (ws, pool, bytes->data, bytes->len), ==, 0);
  g_assert_cmpuint (al_ws_pool_get_used (pool), ==, 0);
  al_ws_pool_free (pool);
}

/* an error is said once */
static void
test_after_error (void)
{
  AlWsPool *pool = al_ws_pool_new ();
  Conn conn;

  conn_init (&conn, LIMIT);
  conn_feed (&conn, pool, (const uint8_t *) "\x83\x80....", 6);
  conn_feed (&conn, pool, (const uint8_t *) "\x81\x80....", 6);
  g_assert_cmpstr (conn.log->str, ==, "!1002");
  g_assert_null (conn.ws.receiver);
  conn_clear (&conn, pool);
  al_ws_pool_free (pool);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/base/ws/case/", cases[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_case);
    }
  g_test_add_func ("/base/ws/close-codes", test_close_codes);
  g_test_add_func ("/base/ws/raw", test_raw);
  g_test_add_func ("/base/ws/pool", test_pool);
  g_test_add_func ("/base/ws/reuse", test_reuse);
  g_test_add_func ("/base/ws/stop", test_stop);
  g_test_add_func ("/base/ws/free-inside", test_free_inside);
  g_test_add_func ("/base/ws/after-error", test_after_error);
  return g_test_run ();
}
