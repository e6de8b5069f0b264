/* SPDX-License-Identifier: Apache-2.0 */
/* What we write: frames, close frames, the accept key. */
#include <glib.h>

#include "base/ws.h"

/* What is sent, read back by the rules of the other side: unmasked, the shortest length, FIN. */
static void
test_frame (void)
{
  static const size_t lengths[] = { 0, 1, 125, 126, 127, 65535, 65536, 100000 };

  for (unsigned i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      size_t len = lengths[i], head = len < 126 ? 2 : len < 65536 ? 4 : 10;
      g_autofree char *fill = g_strnfill (len, 'z');
      g_autoptr (AlBuf) buf = al_ws_frame (AL_WS_OP_BINARY, fill, len);
      uint64_t value = 0;

      g_assert_cmpuint (buf->len, ==, head + len);
      g_assert_cmphex (buf->data[0], ==, 0x82);
      g_assert_cmpuint (buf->data[1], ==, head == 2 ? len : head == 4 ? 126 : 127);
      for (size_t j = 2; j < head; j++)
        value = value << 8 | buf->data[j];
      g_assert_cmpuint (value, ==, head == 2 ? 0 : len);
      g_assert_cmpmem (buf->data + head, len, fill, len);
    }
}

static void
assert_close (uint16_t code, const char *reason, const char *expect, size_t len)
{
  g_autoptr (AlBuf) buf = al_ws_frame_close (code, reason);

  g_assert_cmpmem (buf->data, buf->len, expect, len);
}

static void
test_frame_close (void)
{
  g_autofree char *text = g_strnfill (200, 'r');
  g_autoptr (AlBuf) cut = al_ws_frame_close (1001, text);

  assert_close (1000, "bye", "\x88\x05\x03\xe8" "bye", 7);
  assert_close (4001, NULL, "\x88\x02\x0f\xa1", 4);
  assert_close (1005, "ignored", "\x88\x00", 2);
  g_assert_cmpuint (cut->len, ==, 2 + 125);
  for (unsigned shift = 0; shift < 4; shift++) /* a four-byte character across byte 123 */
    {
      g_autofree char *wide = g_strdup_printf ("%.*s\xf0\x9f\x98\x80\xf0\x9f\x98\x80", (int) (119 + shift), text);
      g_autoptr (AlBuf) buf = al_ws_frame_close (1001, wide);

      g_assert_cmpuint (buf->len, ==, 4 + 119 + shift + (shift == 0 ? 4 : 0));
      g_assert_true (g_utf8_validate ((char *) buf->data + 4, buf->len - 4, NULL));
    }
}

static void
test_accept_key (void)
{
  char accept[29];

  al_ws_accept_key ("dGhlIHNhbXBsZSBub25jZQ==", 24, accept); /* RFC 6455 §1.3 */
  g_assert_cmpstr (accept, ==, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/ws/frame", test_frame);
  g_test_add_func ("/base/ws/frame-close", test_frame_close);
  g_test_add_func ("/base/ws/accept-key", test_accept_key);
  return g_test_run ();
}
