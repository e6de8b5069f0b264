/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <string.h>

/* Sets what must follow the lead byte @c; false for a byte that leads nothing (C0, C1, F5..FF, continuations). */
static bool
start_character (AlUtf8 *utf8, uint8_t c)
{
  utf8->low = 0x80;
  utf8->high = 0xbf;
  if (c >= 0xc2 && c <= 0xdf)
    {
      utf8->left = 1;
    }
  else if ((c & 0xf0) == 0xe0)
    {
      utf8->left = 2;
      if (c == 0xe0)
        utf8->low = 0xa0; /* below: overlong */
      else if (c == 0xed)
        utf8->high = 0x9f; /* above: surrogates */
    }
  else if (c >= 0xf0 && c <= 0xf4)
    {
      utf8->left = 3;
      if (c == 0xf0)
        utf8->low = 0x90; /* below: overlong */
      else if (c == 0xf4)
        utf8->high = 0x8f; /* above: beyond U+10FFFF */
    }
  else
    {
      return false;
    }
  return true;
}

bool
al_utf8_feed (AlUtf8 *utf8, const void *data, size_t len)
{
  const uint8_t *p = data;
  size_t i = 0;

  while (i < len)
    {
      if (utf8->left > 0)
        {
          if (p[i] < utf8->low || p[i] > utf8->high)
            return false;
          utf8->left--;
          utf8->low = 0x80;
          utf8->high = 0xbf;
          i++;
          continue;
        }
      for (; len - i >= 8; i += 8)
        {
          uint64_t word;

          memcpy (&word, p + i, 8);
          if (word & UINT64_C (0x8080808080808080))
            break;
        }
      while (i < len && p[i] < 0x80)
        i++;
      if (i < len && !start_character (utf8, p[i++]))
        return false;
    }
  return true;
}

bool
al_utf8_is_complete (const AlUtf8 *utf8)
{
  return utf8->left == 0;
}

bool
al_utf8_is_valid (const void *data, size_t len)
{
  AlUtf8 utf8 = { 0 };

  return al_utf8_feed (&utf8, data, len) && al_utf8_is_complete (&utf8);
}
