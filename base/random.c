/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"

#include <errno.h>
#include <glib.h>
#include <sys/random.h>

void
al_random_bytes (void *data, size_t len)
{
  uint8_t *next = data;

  while (len > 0)
    {
      ssize_t got = getrandom (next, len, 0);

      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0)
        g_error ("getrandom: %s", g_strerror (errno));
      next += got;
      len -= (size_t) got;
    }
}

int64_t
al_random_id (void)
{
  uint64_t value;

  do
    {
      al_random_bytes (&value, sizeof value);
      value >>= 11;
    }
  while (value == 0);
  return (int64_t) value;
}
