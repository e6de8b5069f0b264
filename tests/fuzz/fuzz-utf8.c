/* SPDX-License-Identifier: Apache-2.0 */
/* As GLib judges, piece by piece as in one go. The first byte says how long the pieces are. */
#include <glib.h>
#include <string.h>

#include "base/utf8.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* NUL, which GLib does not take, stands between characters wherever it stands. */
static bool
is_valid (const char *text, size_t len)
{
  while (len > 0)
    {
      size_t n = strnlen (text, len);

      if (!g_utf8_validate_len (text, n, NULL))
        return false;
      n += n < len;
      text += n;
      len -= n;
    }
  return true;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  size_t step = data[0] % 16 + 1;
  AlUtf8 utf8 = { 0 };
  bool ok = true;

  data++;
  size--;
  for (size_t pos = 0; pos < size && ok; pos += step)
    {
      g_autofree uint8_t *piece = g_memdup2 (data + pos, MIN (step, size - pos));

      ok = al_utf8_feed (&utf8, piece, MIN (step, size - pos));
      /* as soon as it cannot go on, not sooner */
      if (ok && al_utf8_is_complete (&utf8))
        g_assert_true (is_valid ((const char *) data, MIN (pos + step, size)));
    }
  g_assert_cmpint (ok && al_utf8_is_complete (&utf8), ==, is_valid ((const char *) data, size));
  g_assert_cmpint (al_utf8_is_valid (data, size), ==, is_valid ((const char *) data, size));
  return 0;
}
