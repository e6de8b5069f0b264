/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64url.h"

static const char alphabet[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Returns: 0..63, or -1 */
static int
value_of (char c)
{
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '-' ? 62 : c == '_' ? 63 : -1;
}

size_t
al_base64url_len (size_t len)
{
  return len / 3 * 4 + (len % 3 == 0 ? 0 : len % 3 + 1);
}

char *
al_base64url_encode (const uint8_t *data, size_t len, char *ret_text)
{
  char *out = ret_text;
  uint32_t bits = 0;
  unsigned n = 0;

  for (size_t i = 0; i < len; i++)
    {
      bits = bits << 8 | data[i];
      for (n += 8; n >= 6; n -= 6)
        *out++ = alphabet[bits >> (n - 6) & 63];
    }
  if (n > 0)
    *out++ = alphabet[bits << (6 - n) & 63];
  *out = '\0';
  return ret_text;
}

ssize_t
al_base64url_decode (const char *text, size_t len, uint8_t *ret_data)
{
  size_t used = 0;
  uint32_t bits = 0;
  unsigned n = 0;

  if (len % 4 == 1)
    return -1;
  for (size_t i = 0; i < len; i++)
    {
      int value = value_of (text[i]);

      if (value < 0)
        return -1;
      bits = bits << 6 | (uint32_t) value;
      n += 6;
      if (n >= 8)
        {
          n -= 8;
          if (ret_data != NULL)
            ret_data[used] = (uint8_t) (bits >> n);
          used++;
        }
    }
  /* RFC 4648 §3.5: two texts for the same bytes would make signatures and ids ambiguous */
  return (bits & ((1u << n) - 1)) == 0 ? (ssize_t) used : -1;
}
