/* SPDX-License-Identifier: Apache-2.0 */
/* Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), section 2. */
#include "base/siphash.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/random.h>

typedef struct {
  uint64_t v0, v1, v2, v3;
} State;

static inline uint64_t
rotate (uint64_t x, unsigned bits)
{
  return x << bits | x >> (64 - bits);
}

static inline void
sip_rounds (State *s, unsigned n)
{
  while (n-- > 0)
    {
      s->v0 += s->v1;
      s->v2 += s->v3;
      s->v1 = rotate (s->v1, 13) ^ s->v0;
      s->v3 = rotate (s->v3, 16) ^ s->v2;
      s->v0 = rotate (s->v0, 32);
      s->v2 += s->v1;
      s->v0 += s->v3;
      s->v1 = rotate (s->v1, 17) ^ s->v2;
      s->v3 = rotate (s->v3, 21) ^ s->v0;
      s->v2 = rotate (s->v2, 32);
    }
}

static inline void
compress (State *s, uint64_t word)
{
  s->v3 ^= word;
  sip_rounds (s, 2);
  s->v0 ^= word;
}

void
al_sip_key_init_random (AlSipKey *key)
{
  ssize_t n;

  do
    n = getrandom (key, sizeof *key, 0);
  while (n < 0 && errno == EINTR);
  g_assert (n == sizeof *key); /* up to 256 bytes come whole (getrandom(2)) */
}

uint64_t
al_siphash (const AlSipKey *key, const void *data, size_t len)
{
  const uint8_t *p = data;
  State s = { key->k0 ^ UINT64_C (0x736f6d6570736575), key->k1 ^ UINT64_C (0x646f72616e646f6d),
              key->k0 ^ UINT64_C (0x6c7967656e657261), key->k1 ^ UINT64_C (0x7465646279746573) };
  uint64_t word, last = (uint64_t) len << 56;
  size_t whole = len & ~(size_t) 7;

  for (size_t i = 0; i < whole; i += 8)
    {
      memcpy (&word, p + i, 8);
      compress (&s, GUINT64_FROM_LE (word));
    }
  for (size_t i = whole; i < len; i++)
    last |= (uint64_t) p[i] << 8 * (i - whole);
  compress (&s, last);
  s.v2 ^= 0xff;
  sip_rounds (&s, 4);
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
