/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open-addressing table under a keyed hash, at most half full. Only addresses that a STUN check with valid integrity
 * came from get in, a bounded number per leg, so its size is bounded by the legs.
 */
#include "sfu/tuples.h"

#include <string.h>

#include "base/siphash.h"
#include "sfu/registry.h"

#define FIRST 64

struct SfuTuples {
  AlSipKey key;
  SfuTuple *slots; /* owned; remote.sa.sa_family AF_UNSPEC: empty */
  unsigned size, n;
};

SfuTuples *
sfu_tuples_new (void)
{
  SfuTuples *tuples = g_new0 (SfuTuples, 1);

  al_sip_key_init_random (&tuples->key);
  tuples->size = FIRST;
  tuples->slots = g_new0 (SfuTuple, FIRST);
  return tuples;
}

void
sfu_tuples_free (SfuTuples *tuples)
{
  if (tuples == NULL)
    return;
  g_free (tuples->slots);
  g_free (tuples);
}

static unsigned
hash (const SfuTuples *tuples, const AlAddr *remote)
{
  struct {
    uint16_t port;
    uint8_t host[16];
  } __attribute__ ((packed)) bytes = { 0 };

  if (remote->sa.sa_family == AF_INET6)
    {
      bytes.port = remote->in6.sin6_port;
      memcpy (bytes.host, &remote->in6.sin6_addr, 16);
    }
  else
    {
      bytes.port = remote->in4.sin_port;
      memcpy (bytes.host, &remote->in4.sin_addr, 4);
    }
  return (unsigned) al_siphash (&tuples->key, &bytes, sizeof bytes) & (tuples->size - 1);
}

static bool
is_empty (const SfuTuple *tuple)
{
  return tuple->remote.sa.sa_family == AF_UNSPEC;
}

/* where @remote is, or would be */
static SfuTuple *
locate (SfuTuples *tuples, const AlAddr *remote)
{
  unsigned at = hash (tuples, remote);

  while (!is_empty (&tuples->slots[at]) && !al_addr_equal (&tuples->slots[at].remote, remote))
    at = (at + 1) & (tuples->size - 1);
  return &tuples->slots[at];
}

SfuTuple *
sfu_tuples_find (SfuTuples *tuples, const AlAddr *remote)
{
  SfuTuple *tuple = locate (tuples, remote);

  return is_empty (tuple) ? NULL : tuple;
}

bool
sfu_tuples_may_set (SfuTuples *tuples, const AlAddr *remote, unsigned worker, const void *leg, int64_t now_us)
{
  const SfuTuple *tuple = sfu_tuples_find (tuples, remote);

  if (tuple == NULL)
    return tuples->n < (worker == SFU_NOBODY ? SFU_TUPLES_MAX / 4 : SFU_TUPLES_MAX);
  return (tuple->leg == leg && tuple->worker == worker) || tuple->worker == SFU_NOBODY
         || now_us - tuple->used_us >= SFU_TUPLE_HELD_US;
}

/* puts all that @keep says into a table of @size */
static void
rebuild (SfuTuples *tuples, unsigned size, bool (*keep) (const SfuTuple *tuple, const void *data), const void *data)
{
  g_autofree SfuTuple *old = tuples->slots;
  unsigned old_size = tuples->size;

  tuples->size = size;
  tuples->slots = g_new0 (SfuTuple, size);
  tuples->n = 0;
  for (unsigned i = 0; i < old_size; i++)
    if (!is_empty (&old[i]) && (keep == NULL || keep (&old[i], data)))
      {
        *locate (tuples, &old[i].remote) = old[i];
        tuples->n++;
      }
}

void
sfu_tuples_set (SfuTuples *tuples, const AlAddr *remote, unsigned worker, void *leg, int64_t now_us)
{
  SfuTuple *tuple = locate (tuples, remote);

  if (is_empty (tuple))
    {
      if (2 * (tuples->n + 1) > tuples->size)
        {
          rebuild (tuples, 2 * tuples->size, NULL, NULL);
          tuple = locate (tuples, remote);
        }
      tuples->n++;
    }
  *tuple = (SfuTuple){ *remote, worker, leg, now_us };
}

/* closes the hole at @tuple: what stands behind it and may move nearer to its own place does */
static void
take_out (SfuTuples *tuples, SfuTuple *tuple)
{
  unsigned mask = tuples->size - 1, hole = (unsigned) (tuple - tuples->slots);

  for (unsigned at = (hole + 1) & mask; !is_empty (&tuples->slots[at]); at = (at + 1) & mask)
    if (((at - hash (tuples, &tuples->slots[at].remote)) & mask) >= ((at - hole) & mask))
      {
        tuples->slots[hole] = tuples->slots[at];
        hole = at;
      }
  tuples->slots[hole] = (SfuTuple){ .remote = { .sa = { .sa_family = AF_UNSPEC } } };
  tuples->n--;
}

void
sfu_tuples_remove (SfuTuples *tuples, const AlAddr *remote, const void *leg)
{
  SfuTuple *tuple = sfu_tuples_find (tuples, remote);

  if (tuple != NULL && tuple->leg == leg)
    take_out (tuples, tuple);
}

static bool
is_fresh (const SfuTuple *tuple, const void *before_us)
{
  return tuple->leg != NULL || tuple->used_us >= *(const int64_t *) before_us;
}

void
sfu_tuples_expire (SfuTuples *tuples, int64_t before_us)
{
  rebuild (tuples, tuples->size, is_fresh, &before_us);
}

unsigned
sfu_tuples_get_n (const SfuTuples *tuples)
{
  return tuples->n;
}
