/* SPDX-License-Identifier: Apache-2.0 */
/* A text is accepted when GLib's coder, put into the other alphabet and padded, makes exactly it of what it reads. */
#include <string.h>

#include "base/base64url.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_bytes (const uint8_t *data, size_t size)
{
  g_autofree char *text = al_base64url_encode (data, size);
  g_autofree uint8_t *back = g_malloc (size + 1);

  g_assert_cmpuint (strlen (text), ==, al_base64url_len (size));
  g_assert_cmpint (al_base64url_decode (text, strlen (text), back), ==, (gssize) size);
  g_assert_cmpmem (back, size, data, size);
  g_assert_true (al_base64url_decode_exact (text, strlen (text), back, size));
  g_assert_false (al_base64url_decode_exact (text, strlen (text), back, size + 1));
}

/* Returns: (nullable): what GLib reads, when it writes the same again. */
static uint8_t *
decode (const char *text, size_t len, size_t *ret_len)
{
  g_autofree char *plain = len > 0 ? g_strndup (text, len) : g_strdup ("");
  g_autoptr (GString) padded = NULL;
  g_autofree uint8_t *bytes = NULL;
  g_autofree char *again = NULL;

  if (strspn (plain, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != len || len % 4 == 1)
    return NULL;
  padded = g_string_new (g_strdelimit (g_strdelimit (plain, "-", '+'), "_", '/'));
  while (padded->len % 4 != 0)
    g_string_append_c (padded, '=');
  if (padded->len == 0)
    return g_malloc0 (1);
  bytes = g_base64_decode (padded->str, ret_len);
  again = g_base64_encode (bytes, *ret_len);
  return g_str_equal (again, padded->str) ? g_steal_pointer (&bytes) : NULL;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *) data;
  g_autofree uint8_t *ours = g_malloc (size + 1);
  size_t len = 0;
  g_autofree uint8_t *theirs = decode (text, size, &len);
  gssize n = al_base64url_decode (text, size, ours);

  check_bytes (data, size);
  g_assert_cmpint (al_base64url_decode (text, size, NULL), ==, n);
  if (n >= 0)
    {
      g_assert_nonnull (theirs);
      g_assert_cmpmem (ours, (size_t) n, theirs, len);
    }
  else
    g_assert_null (theirs);
  return 0;
}
