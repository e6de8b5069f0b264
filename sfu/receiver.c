/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/receiver.h"

#include <string.h>

#define WINDOW SFU_RECEIVER_WINDOW
#define BUCKETS SFU_RECEIVER_BUCKETS
#define US INT64_C (1000000)
#define MAX_JUMP 3000 /* RFC 3550 appendix A.1: MAX_DROPOUT */
#define NO_SEQ UINT32_C (0x10000)
#define LOST_MAX 0x7fffff

void
sfu_receiver_init (SfuReceiver *receiver, uint32_t rate)
{
  memset (receiver, 0, sizeof *receiver);
  receiver->rate = rate;
  receiver->bad_seq = NO_SEQ;
}

static uint64_t
count_expected (const SfuReceiver *receiver)
{
  return receiver->started ? receiver->highest - receiver->base + 1 : 0;
}

static uint64_t
count_lost (const SfuReceiver *receiver)
{
  uint64_t expected = count_expected (receiver);

  return expected > receiver->received ? expected - receiver->received : 0;
}

static bool
take_seen (SfuReceiver *receiver, uint64_t index)
{
  uint64_t *word = &receiver->window[index % WINDOW / 64], bit = UINT64_C (1) << index % 64;
  bool seen = (*word & bit) != 0;

  *word |= bit;
  return seen;
}

static void
begin (SfuReceiver *receiver, const SfuRtp *rtp)
{
  receiver->lost_before += count_lost (receiver);
  receiver->epoch++;
  receiver->started = true;
  receiver->ssrc = rtp->ssrc;
  /* one cycle up, so that what comes late from before the first has a place */
  receiver->base = receiver->highest = UINT64_C (0x10000) + rtp->seq;
  receiver->bad_seq = NO_SEQ;
  receiver->received = 0;
  receiver->expected_prior = receiver->received_prior = 0;
  memset (receiver->window, 0, sizeof receiver->window);
  (void) take_seen (receiver, receiver->highest);
  receiver->transit_us = -1;
  receiver->jitter_16 = 0;
  receiver->sr_ntp = 0;
}

/* RFC 3550 appendix A.8 */
static void
measure_jitter (SfuReceiver *receiver, const SfuRtp *rtp, int64_t now_us)
{
  int64_t arrival, moved, d;

  if (receiver->transit_us >= 0)
    {
      arrival = (now_us - receiver->transit_us) * receiver->rate / US;
      moved = (int32_t) (rtp->timestamp - receiver->transit_rtp);
      d = arrival > moved ? arrival - moved : moved - arrival;
      /* a pause (DTX, a switched off camera) or a new clock base is no jitter */
      if (d < 10 * (int64_t) receiver->rate)
        receiver->jitter_16 += (uint32_t) d - ((receiver->jitter_16 + 8) >> 4);
    }
  receiver->transit_us = now_us;
  receiver->transit_rtp = rtp->timestamp;
}

static void
measure_rate (SfuReceiver *receiver, const SfuRtp *rtp, bool new_frame, int64_t now_us)
{
  int64_t at = now_us * BUCKETS / US, n = at - receiver->bucket_at;

  for (int64_t i = 0; i < n && i <= BUCKETS; i++)
    {
      receiver->bucket_bytes[(at - i) % (BUCKETS + 1)] = 0;
      receiver->bucket_frames[(at - i) % (BUCKETS + 1)] = 0;
    }
  if (n > 0)
    receiver->bucket_at = at;
  receiver->bucket_bytes[receiver->bucket_at % (BUCKETS + 1)] += rtp->len;
  receiver->bucket_frames[receiver->bucket_at % (BUCKETS + 1)] += new_frame;
}

static void
account (SfuReceiver *receiver, const SfuRtp *rtp, bool recovered, bool in_order, int64_t now_us)
{
  bool new_frame = in_order && (receiver->pkts == 0 || rtp->timestamp != receiver->newest_rtp);

  receiver->pkts++;
  receiver->bytes += rtp->len;
  receiver->recovered += recovered;
  receiver->received += !recovered;
  if (in_order)
    {
      receiver->newest_rtp = rtp->timestamp;
      if (!recovered)
        measure_jitter (receiver, rtp, now_us);
    }
  measure_rate (receiver, rtp, new_frame, now_us);
}

/* The window's bits of what is skipped on the way to @index are of long ago. */
static void
advance (SfuReceiver *receiver, uint64_t index)
{
  uint64_t from = receiver->highest + 1;

  if (index - from >= WINDOW)
    from = index - WINDOW + 1;
  for (uint64_t i = from; i <= index; i++)
    receiver->window[i % WINDOW / 64] &= ~(UINT64_C (1) << i % 64);
  receiver->highest = index;
}

/* A jump that two packets must agree on (RFC 3550 appendix A.1). */
static SfuReceived
on_jump (SfuReceiver *receiver, const SfuRtp *rtp, bool recovered, int64_t now_us, uint64_t *ret_index)
{
  if (recovered)
    return SFU_RECEIVED_TOO_OLD;
  if (receiver->bad_seq != rtp->seq)
    {
      receiver->bad_seq = (uint16_t) (rtp->seq + 1);
      return SFU_RECEIVED_TOO_OLD;
    }
  begin (receiver, rtp);
  account (receiver, rtp, false, true, now_us);
  *ret_index = receiver->highest;
  return SFU_RECEIVED_RESET;
}

static SfuReceived
on_late (SfuReceiver *receiver, const SfuRtp *rtp, bool recovered, uint64_t index, int64_t now_us, uint64_t *ret_index)
{
  if (take_seen (receiver, index))
    {
      receiver->duplicates++;
      return SFU_RECEIVED_DUPLICATE;
    }
  if (index < receiver->base)
    receiver->base = index;
  account (receiver, rtp, recovered, false, now_us);
  *ret_index = index;
  return SFU_RECEIVED_NEW;
}

SfuReceived
sfu_receiver_on_packet (SfuReceiver *receiver, const SfuRtp *rtp, bool recovered, int64_t now_us, uint64_t *ret_index)
{
  int16_t ahead = (int16_t) (uint16_t) (rtp->seq - (uint16_t) receiver->highest);

  if (!receiver->started || rtp->ssrc != receiver->ssrc)
    {
      bool first = !receiver->started;

      if (recovered)
        return SFU_RECEIVED_TOO_OLD;
      begin (receiver, rtp);
      account (receiver, rtp, false, true, now_us);
      *ret_index = receiver->highest;
      return first ? SFU_RECEIVED_NEW : SFU_RECEIVED_RESET;
    }
  if (ahead >= MAX_JUMP || ahead <= -WINDOW)
    return on_jump (receiver, rtp, recovered, now_us, ret_index);
  if (ahead <= 0)
    return on_late (receiver, rtp, recovered, (uint64_t) ((int64_t) receiver->highest + ahead), now_us, ret_index);
  advance (receiver, receiver->highest + (uint64_t) ahead);
  (void) take_seen (receiver, receiver->highest);
  receiver->bad_seq = NO_SEQ;
  account (receiver, rtp, recovered, true, now_us);
  *ret_index = receiver->highest;
  return SFU_RECEIVED_NEW;
}

unsigned
sfu_receiver_count_missing (const SfuReceiver *receiver, uint32_t ssrc, uint16_t seq, uint32_t *ret_rtp)
{
  uint16_t ahead = (uint16_t) (seq - (uint16_t) receiver->highest);

  if (!receiver->started || ssrc != receiver->ssrc || ahead < 2 || ahead >= MAX_JUMP)
    return 0;
  *ret_rtp = receiver->newest_rtp;
  return ahead - 1u;
}

void
sfu_receiver_on_sr (SfuReceiver *receiver, uint64_t ntp, int64_t now_us)
{
  receiver->sr_ntp = ntp;
  receiver->sr_us = now_us;
}

bool
sfu_receiver_make_report (SfuReceiver *receiver, int64_t now_us, SfuReceiverReport *ret_report)
{
  uint64_t expected = count_expected (receiver), lost = sfu_receiver_get_lost (receiver);
  uint64_t expected_now, received_now, fraction = 0;

  if (!receiver->started)
    return false;
  expected_now = expected - receiver->expected_prior;
  received_now = receiver->received - receiver->received_prior;
  if (expected > receiver->expected_prior && expected_now > received_now)
    fraction = (expected_now - received_now) * 256 / expected_now;
  receiver->expected_prior = expected;
  receiver->received_prior = receiver->received;
  *ret_report = (SfuReceiverReport){
    .ssrc = receiver->ssrc,
    .fraction_lost = (uint8_t) (fraction > 255 ? 255 : fraction),
    .lost = (int32_t) (lost > LOST_MAX ? LOST_MAX : lost),
    .highest_seq = (uint32_t) (receiver->highest - UINT64_C (0x10000)),
    .jitter = receiver->jitter_16 >> 4,
  };
  if (receiver->sr_ntp != 0)
    {
      ret_report->lsr = (uint32_t) (receiver->sr_ntp >> 16);
      ret_report->dlsr = (uint32_t) ((now_us - receiver->sr_us) * 65536 / US);
    }
  return true;
}

/* Of the whole buckets of the last second: the one being filled would make it too little. Returns: false: not one of
 * them. */
static bool
covers (const SfuReceiver *receiver, int64_t now_us, int64_t bucket)
{
  int64_t at = now_us * BUCKETS / US;

  return bucket >= 0 && bucket < at && bucket >= at - BUCKETS;
}

uint32_t
sfu_receiver_get_bitrate (const SfuReceiver *receiver, int64_t now_us)
{
  uint64_t sum = 0;

  for (int64_t bucket = receiver->bucket_at; bucket >= receiver->bucket_at - BUCKETS; bucket--)
    if (covers (receiver, now_us, bucket))
      sum += receiver->bucket_bytes[bucket % (BUCKETS + 1)];
  sum *= 8;
  return (uint32_t) (sum > UINT32_MAX ? UINT32_MAX : sum);
}

uint32_t
sfu_receiver_get_fps (const SfuReceiver *receiver, int64_t now_us)
{
  uint32_t sum = 0;

  for (int64_t bucket = receiver->bucket_at; bucket >= receiver->bucket_at - BUCKETS; bucket--)
    if (covers (receiver, now_us, bucket))
      sum += receiver->bucket_frames[bucket % (BUCKETS + 1)];
  return sum;
}

uint64_t
sfu_receiver_get_lost (const SfuReceiver *receiver)
{
  return receiver->lost_before + count_lost (receiver);
}

uint32_t
sfu_receiver_get_jitter_us (const SfuReceiver *receiver)
{
  return (uint32_t) ((uint64_t) (receiver->jitter_16 >> 4) * (uint64_t) US / receiver->rate);
}
