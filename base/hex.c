/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"

#include <glib.h>
#include <stdint.h>

char *
al_hex_write (const void *data, size_t len, char *ret_text)
{
  static const char digits[] = "0123456789abcdef";
  const uint8_t *bytes = data;

  for (size_t i = 0; i < len; i++)
    {
      ret_text[2 * i] = digits[bytes[i] >> 4];
      ret_text[2 * i + 1] = digits[bytes[i] & 15];
    }
  ret_text[2 * len] = '\0';
  return ret_text;
}

bool
al_hex_parse (const char *text, size_t len, void *ret_data, size_t size)
{
  uint8_t *bytes = ret_data;

  if (len % 2 != 0 || len / 2 != size)
    return false;
  for (size_t i = 0; i < size; i++)
    {
      int high = g_ascii_xdigit_value (text[2 * i]), low = g_ascii_xdigit_value (text[2 * i + 1]);

      if (high < 0 || low < 0)
        return false;
      bytes[i] = (uint8_t) (high << 4 | low);
    }
  return true;
}
