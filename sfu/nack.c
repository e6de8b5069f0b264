/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/nack.h"

#include <string.h>

#define RTT_US 100000
#define RTT_MIN_US 10000

void
sfu_nack_init (SfuNack *nack)
{
  uint64_t given_up = nack->given_up, asked = nack->asked;

  memset (nack, 0, sizeof *nack);
  nack->given_up = given_up;
  nack->asked = asked;
}

/* A list entry holds 32 bits of its index; the list spans much less. */
static uint64_t
index_at (const SfuNack *nack, unsigned i)
{
  return nack->highest - (uint32_t) ((uint32_t) nack->highest - nack->missing[i].index);
}

/* Returns: the first entry that is not before @index. */
static unsigned
find (const SfuNack *nack, uint64_t index)
{
  unsigned low = 0, high = nack->n;

  while (low < high)
    {
      unsigned middle = (low + high) / 2;

      if (index_at (nack, middle) < index)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static void
remove_first (SfuNack *nack, unsigned n)
{
  nack->n -= n;
  memmove (nack->missing, nack->missing + n, nack->n * sizeof nack->missing[0]);
}

static void
give_up (SfuNack *nack, unsigned n)
{
  if (n == 0)
    return;
  nack->given_up += n;
  nack->keyframe_wanted = true;
  remove_first (nack, n);
}

static void
add_missing (SfuNack *nack, uint64_t from, uint64_t to, int64_t now_us)
{
  uint64_t n = to - from;

  if (n > SFU_NACK_MAX)
    {
      nack->given_up += n - SFU_NACK_MAX;
      nack->keyframe_wanted = true;
      from = to - SFU_NACK_MAX;
      n = SFU_NACK_MAX;
    }
  if (nack->n + n > SFU_NACK_MAX)
    give_up (nack, (unsigned) (nack->n + n - SFU_NACK_MAX));
  for (uint64_t index = from; index < to; index++, nack->n++)
    {
      nack->missing[nack->n].index = (uint32_t) index;
      nack->missing[nack->n].seen_ms = (uint32_t) (now_us / 1000);
      nack->missing[nack->n].sent_ms = 0;
      nack->missing[nack->n].tries = 0;
    }
}

static void
remove_one (SfuNack *nack, uint64_t index)
{
  unsigned i = find (nack, index);

  if (i == nack->n || index_at (nack, i) != index)
    return;
  nack->n--;
  memmove (nack->missing + i, nack->missing + i + 1, (nack->n - i) * sizeof nack->missing[0]);
}

static void
note_keyframe (SfuNack *nack, uint64_t index, const SfuFrame *frame)
{
  if (frame->keyframe && frame->start && frame->spatial == 0 && index >= nack->keyframe_first)
    {
      nack->keyframe_first = index;
      nack->keyframe_last = 0;
    }
  /* the first end behind its start is its own, if nothing between is missing: that is looked at below */
  if (frame->picture_end && nack->keyframe_first != 0 && index >= nack->keyframe_first &&
      (nack->keyframe_last == 0 || index < nack->keyframe_last))
    nack->keyframe_last = index;
}

static void
forget_before_keyframe (SfuNack *nack)
{
  unsigned before = find (nack, nack->keyframe_first);

  if (nack->keyframe_last == 0 || find (nack, nack->keyframe_last) != before)
    return;
  remove_first (nack, before);
  nack->keyframe_wanted = false;
  nack->keyframe_first = nack->keyframe_last = 0;
}

void
sfu_nack_on_packet (SfuNack *nack, uint64_t index, const SfuFrame *frame, int64_t now_us)
{
  uint64_t from = nack->highest + 1;

  if (!nack->started)
    {
      nack->started = true;
      nack->highest = index;
    }
  else if (index > nack->highest)
    {
      nack->highest = index;
      add_missing (nack, from, index, now_us);
    }
  else
    remove_one (nack, index);
  if (frame == NULL)
    {
      nack->keyframe_wanted = false;
      return;
    }
  note_keyframe (nack, index, frame);
  forget_before_keyframe (nack);
}

static int64_t
retry_us (int64_t rtt_us)
{
  return rtt_us <= 0 ? RTT_US : rtt_us < RTT_MIN_US ? RTT_MIN_US : rtt_us;
}

/* Returns: milliseconds since @then_ms; both wrap. */
static int64_t
since_us (int64_t now_us, uint32_t then_ms)
{
  return (int64_t) (int32_t) ((uint32_t) (now_us / 1000) - then_ms) * 1000;
}

/* Returns: how long until it is due; 0 or less: now. */
static int64_t
wait_us (const SfuNack *nack, unsigned i, int64_t now_us, int64_t rtt_us)
{
  if (nack->missing[i].tries == 0)
    return SFU_NACK_REORDER_US - since_us (now_us, nack->missing[i].seen_ms);
  return retry_us (rtt_us) - since_us (now_us, nack->missing[i].sent_ms);
}

static bool
is_hopeless (const SfuNack *nack, unsigned i, int64_t now_us, int64_t rtt_us)
{
  return nack->highest - index_at (nack, i) > SFU_NACK_BEHIND ||
         since_us (now_us, nack->missing[i].seen_ms) > SFU_NACK_AGE_US ||
         (nack->missing[i].tries >= SFU_NACK_TRIES && wait_us (nack, i, now_us, rtt_us) <= 0);
}

unsigned
sfu_nack_list (SfuNack *nack, int64_t now_us, int64_t rtt_us, uint16_t *ret_seqs, unsigned max)
{
  unsigned n = 0, kept = 0;

  for (unsigned i = 0; i < nack->n; i++)
    {
      if (is_hopeless (nack, i, now_us, rtt_us))
        {
          nack->given_up++;
          nack->keyframe_wanted = true;
          continue;
        }
      if (n < max && wait_us (nack, i, now_us, rtt_us) <= 0)
        {
          ret_seqs[n++] = (uint16_t) nack->missing[i].index;
          nack->missing[i].sent_ms = (uint32_t) (now_us / 1000);
          nack->missing[i].tries++;
        }
      nack->missing[kept++] = nack->missing[i];
    }
  nack->n = kept;
  nack->asked += n;
  return n;
}

int64_t
sfu_nack_get_deadline (const SfuNack *nack, int64_t now_us, int64_t rtt_us)
{
  int64_t least = INT64_MAX;

  for (unsigned i = 0; i < nack->n; i++)
    {
      int64_t wait = wait_us (nack, i, now_us, rtt_us);

      least = wait < least ? wait : least;
    }
  if (least == INT64_MAX)
    return INT64_MAX;
  /* times are kept in whole milliseconds */
  return least <= 0 ? now_us : (now_us / 1000 + (least + 999) / 1000) * 1000;
}

uint64_t
sfu_nack_get_oldest (const SfuNack *nack)
{
  return nack->n > 0 ? index_at (nack, 0) : UINT64_MAX;
}

bool
sfu_nack_take_keyframe_wanted (SfuNack *nack)
{
  bool wanted = nack->keyframe_wanted;

  nack->keyframe_wanted = false;
  return wanted;
}
