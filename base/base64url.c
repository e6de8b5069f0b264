/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

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
al_base64url_write (const void *data, size_t len, char *ret_text)
{
  const uint8_t *in = data;
  char *out = ret_text;
  size_t i;

  for (i = 0; i + 3 <= len; i += 3)
    {
      *out++ = alphabet[in[i] >> 2];
      *out++ = alphabet[(in[i] & 3) << 4 | in[i + 1] >> 4];
      *out++ = alphabet[(in[i + 1] & 15) << 2 | in[i + 2] >> 6];
      *out++ = alphabet[in[i + 2] & 63];
    }
  if (i < len)
    {
      *out++ = alphabet[in[i] >> 2];
      *out++ = alphabet[(in[i] & 3) << 4 | (i + 1 < len ? in[i + 1] >> 4 : 0)];
      if (i + 1 < len)
        *out++ = alphabet[(in[i + 1] & 15) << 2];
    }
  *out = '\0';
  return ret_text;
}

char *
al_base64url_encode (const void *data, size_t len)
{
  return al_base64url_write (data, len, g_malloc (al_base64url_len (len) + 1));
}

ssize_t
al_base64url_decode (const char *text, size_t len, void *ret_data)
{
  uint8_t *out = ret_data;
  uint32_t bits = 0;
  unsigned n_bits = 0;

  if (len % 4 == 1)
    return -1;
  for (size_t i = 0; i < len; i++)
    {
      int value = value_of (text[i]);

      if (value < 0)
        return -1;
      bits = (bits << 6 | (uint32_t) value) & 0xffff;
      n_bits += 6;
      if (n_bits >= 8)
        {
          n_bits -= 8;
          if (out != NULL)
            *out++ = (uint8_t) (bits >> n_bits);
        }
    }
  if ((bits & ((1u << n_bits) - 1)) != 0)
    return -1;
  return (ssize_t) (len / 4 * 3 + (len % 4 == 0 ? 0 : len % 4 - 1));
}

bool
al_base64url_decode_exact (const char *text, size_t len, void *ret_data, size_t size)
{
  return len == al_base64url_len (size) && al_base64url_decode (text, len, ret_data) == (ssize_t) size;
}
