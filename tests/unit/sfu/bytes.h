/* SPDX-License-Identifier: Apache-2.0 */
/* Test vectors as hexadecimal text, and inputs in allocations of exactly their length, so that a read past the end is seen. */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <string.h>

typedef struct {
  uint8_t *data;
  size_t len;
} Bytes;

/* @hex: spaces are skipped */
static inline Bytes
bytes_of (const char *hex)
{
  Bytes bytes = { g_malloc (strlen (hex) / 2 + 1), 0 };
  unsigned n = 0;

  for (; *hex != '\0'; hex++)
    {
      if (*hex == ' ')
        continue;
      bytes.data[bytes.len] = (uint8_t) (n % 2 == 0 ? g_ascii_xdigit_value (*hex) << 4
                                                    : bytes.data[bytes.len] | g_ascii_xdigit_value (*hex));
      bytes.len += n++ % 2;
    }
  bytes.data = g_realloc (bytes.data, bytes.len + (bytes.len == 0));
  return bytes;
}

static inline Bytes
bytes_copy (const uint8_t *data, size_t len)
{
  Bytes bytes = { g_malloc (len + (len == 0)), len };

  if (len > 0)
    memcpy (bytes.data, data, len);
  return bytes;
}

static inline void
bytes_clear (Bytes *bytes)
{
  g_free (bytes->data);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Bytes, bytes_clear)
