/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/replay.h"

#include <glib.h>
#include <string.h>

#define FIRST_CAPACITY 8

struct SigReplayEntry {
  AlBuf *buf;
  int64_t at_us;
};

typedef struct SigReplayEntry Entry;

static Entry *
entry_at (const SigReplay *replay, unsigned i)
{
  return &replay->entries[(replay->head + i) % replay->capacity];
}

static void
drop_oldest (SigReplay *replay)
{
  Entry *entry = entry_at (replay, 0);

  replay->bytes -= entry->buf->len;
  al_buf_unref (entry->buf);
  replay->head = (replay->head + 1) % replay->capacity;
  if (--replay->n == 0)
    {
      g_clear_pointer (&replay->entries, g_free);
      replay->capacity = replay->head = 0;
    }
}

static void
grow (SigReplay *replay)
{
  unsigned capacity = replay->capacity == 0 ? FIRST_CAPACITY : replay->capacity * 2;
  Entry *entries = g_new (Entry, capacity);

  for (unsigned i = 0; i < replay->n; i++)
    entries[i] = *entry_at (replay, i);
  g_free (replay->entries);
  replay->entries = entries;
  replay->capacity = capacity;
  replay->head = 0;
}

void
sig_replay_clear (SigReplay *replay)
{
  while (replay->n > 0)
    drop_oldest (replay);
}

void
sig_replay_reset (SigReplay *replay, uint64_t last_seq)
{
  sig_replay_clear (replay);
  replay->last_seq = last_seq;
}

uint64_t
sig_replay_get_last (const SigReplay *replay)
{
  return replay->last_seq;
}

void
sig_replay_push (SigReplay *replay, AlBuf *buf, int64_t now_us, unsigned max_n, size_t max_bytes)
{
  replay->last_seq++;
  while (replay->n > 0 && (replay->n >= max_n || replay->bytes + buf->len > max_bytes))
    drop_oldest (replay);
  if (buf->len > max_bytes)
    return;
  if (replay->n == replay->capacity)
    grow (replay);
  replay->n++;
  *entry_at (replay, replay->n - 1) = (Entry){ al_buf_ref (buf), now_us };
  replay->bytes += buf->len;
}

void
sig_replay_expire (SigReplay *replay, int64_t before_us)
{
  while (replay->n > 0 && entry_at (replay, 0)->at_us < before_us)
    drop_oldest (replay);
}

bool
sig_replay_drop (SigReplay *replay, uint64_t seq)
{
  while (replay->n > 0 && replay->last_seq - replay->n < seq)
    drop_oldest (replay);
  return replay->n == 0;
}

bool
sig_replay_has_all (const SigReplay *replay, uint64_t seq)
{
  return seq <= replay->last_seq && replay->last_seq - seq <= replay->n;
}

AlBuf *
sig_replay_get (const SigReplay *replay, uint64_t seq)
{
  uint64_t age = replay->last_seq - seq; /* 0: the newest */

  if (seq > replay->last_seq || age >= replay->n)
    return NULL;
  return entry_at (replay, replay->n - 1 - (unsigned) age)->buf;
}

bool
sig_replay_is_empty (const SigReplay *replay)
{
  return replay->n == 0;
}

size_t
sig_replay_get_bytes (const SigReplay *replay)
{
  return replay->bytes;
}
