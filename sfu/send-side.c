/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/send-side.h"

#include <glib.h>
#include <string.h>

#define CYCLE_SHIFT 8
_Static_assert (SFU_SEND_HISTORY_MIN == 1 << CYCLE_SHIFT, "the rest of a sequence number fits SfuSent.cycle");
_Static_assert (sizeof (SfuSent) == 8, "SfuSent is compact");

#define BYTES_MAX 2047
#define PATHS 16
/* 2.5 is usual; but a keyframe that leaves so fast only moves the wait into the path's queue, where audio waits as well */
#define PACING 1.5
#define PACING_LEAST 0.3
#define PACING_FIRST_BPS 3000000
#define PACING_BURST 0.9 /* of what the path lets out: it makes no queue, */
#define BURST_LEAST 3    /* where that is so many times the estimate: else there may be others on it */
/* what may be on its way beyond the least round trip: feedback comes every 100 ms, and a queue of 100 ms is one too many */
#define WINDOW_US 200000
#define QUEUE_US INT64_C (250000) /* such a queue is overuse, whatever its trend */
#define STANDING_US INT64_C (30000) /* a queue: what arrives is what the path carries; less is no reason to cut */
#define SILENCE_US INT64_C (700000)
#define SILENCE_EVERY_US INT64_C (300000)
#define SILENCE_FACTOR 0.7
#define SILENCE_LEAST 0.1
#define QUIET_US INT64_C (60000) /* after a cluster: its queue drains */
#define RTT_US INT64_C (200000)   /* as long as it is not known */
#define TICK_US INT64_C (50000)

#define WANTED 1.1 /* more than this times what is wanted has not been tried, and need not be known */
#define FILLED 0.8
#define PEAK_US INT64_C (400000)
#define BURST_US INT64_C (20000)

enum { EMPTY, SENT, LOST, ARRIVED };

void
sfu_send_side_init (SfuSendSide *side, uint32_t start_bps)
{
  memset (side, 0, sizeof *side);
  side->start_bps = CLAMP (start_bps != 0 ? start_bps : SFU_START_BPS, SFU_ESTIMATE_MIN_BPS, SFU_ESTIMATE_MAX_BPS);
  side->estimate_bps = side->start_bps;
  side->push_back = 1;
  sfu_delay_trend_init (&side->delay);
  sfu_rate_control_init (&side->control, side->start_bps);
  sfu_loss_rate_init (&side->loss, side->start_bps);
  sfu_probe_init (&side->probe);
  side->n_history = SFU_SEND_HISTORY_MIN;
  side->history = g_new0 (SfuSent, side->n_history);
}

void
sfu_send_side_clear (SfuSendSide *side)
{
  g_free (side->history);
  memset (side, 0, sizeof *side);
}

static SfuSent *
entry_of (const SfuSendSide *side, uint16_t seq)
{
  return &side->history[seq & (side->n_history - 1)];
}

void
sfu_send_side_make_room (SfuSendSide *side)
{
  SfuSent *old = side->history;
  unsigned n_old = side->n_history;

  if (n_old >= SFU_SEND_HISTORY || (uint16_t) (side->next_seq - side->reported_seq) < n_old / 2)
    return;
  side->n_history = 2 * n_old;
  side->history = g_new0 (SfuSent, side->n_history);
  for (unsigned i = 1; i <= n_old; i++)
    {
      uint16_t seq = (uint16_t) (side->next_seq - i);

      *entry_of (side, seq) = old[seq & (n_old - 1)];
    }
  g_free (old);
}

static int64_t
get_rtt_us (const SfuSendSide *side)
{
  return side->report_rtt_us != 0 ? side->report_rtt_us : side->rtt_us != 0 ? side->rtt_us : RTT_US;
}

/* The least of what delay, loss and, without feedback, the receiver allow. */
static void
update (SfuSendSide *side, int64_t now_us)
{
  uint32_t most_bps = SFU_ESTIMATE_MAX_BPS;

  if (side->has_feedback)
    most_bps = sfu_rate_control_get_bps (&side->control);
  else if (side->remb_bps != 0)
    most_bps = side->remb_bps;
  else
    most_bps = side->start_bps;
  if (sfu_loss_rate_update (&side->loss, most_bps, sfu_acked_rate_get_bps (&side->acked), get_rtt_us (side), now_us))
    side->cut_us = now_us;
  side->estimate_bps = CLAMP (MIN (most_bps, sfu_loss_rate_get_bps (&side->loss)), SFU_ESTIMATE_MIN_BPS,
                              SFU_ESTIMATE_MAX_BPS);
}

/* A large frame leaves faster than the path carries it, and waits there. */
static void
run_ahead (SfuSendSide *side, uint32_t bytes, int64_t now_us)
{
  double rate = side->estimate_bps / 8e6;
  int64_t ahead_us;

  side->ahead_bytes = MAX (side->ahead_bytes - rate * (double) (now_us - side->ahead_us), 0) + bytes;
  side->ahead_us = now_us;
  ahead_us = (int64_t) (side->ahead_bytes / rate);
  if (ahead_us >= side->peak_us || now_us - side->peak_at_us > PEAK_US)
    {
      side->peak_us = ahead_us;
      side->peak_at_us = now_us;
    }
}

static void
start (SfuSendSide *side, int64_t now_us)
{
  if (side->started)
    return;
  side->started = true;
  sfu_probe_start (&side->probe, side->start_bps, now_us);
}

uint16_t
sfu_send_side_on_sent (SfuSendSide *side, uint32_t bytes, SfuSendKind kind, uint8_t probe_id, int64_t now_us)
{
  uint16_t seq = side->next_seq++;
  SfuSent *sent = entry_of (side, seq);

  if (kind == SFU_SEND_MEDIA)
    start (side, now_us);
  /* a whole history without feedback: the oldest is not waited for any more */
  if ((uint16_t) (seq - side->reported_seq) >= side->n_history)
    {
      side->in_flight_bytes -= sent->bytes;
      side->reported_seq++;
    }
  if (probe_id == 0)
    probe_id = sfu_probe_get_running (&side->probe);
  bytes = MIN (bytes, BYTES_MAX);
  if (side->in_flight_bytes == 0)
    side->asked_us = now_us;
  side->in_flight_bytes += bytes;
  *sent = (SfuSent){
    .sent_us = (uint32_t) now_us,
    .bytes = bytes,
    .cycle = seq >> CYCLE_SHIFT,
    .probe = probe_id,
    .path = side->path,
    .state = SENT,
    .kind = kind,
  };
  side->newest_sent_us = now_us;
  run_ahead (side, bytes, now_us);
  if (probe_id != 0)
    {
      sfu_probe_on_sent (&side->probe, probe_id, bytes, now_us);
      side->quiet_us = now_us + QUIET_US;
    }
  else if (now_us < side->quiet_us)
    sent->quiet = 1;
  return seq;
}

/* What is told of, and all that was sent before it, is not on its way any more. */
static void
settle (SfuSendSide *side, uint16_t seq)
{
  if ((uint16_t) (seq - side->reported_seq) >= (uint16_t) (side->next_seq - side->reported_seq))
    return; /* told of before, or never sent */
  while (side->reported_seq != (uint16_t) (seq + 1))
    side->in_flight_bytes -= entry_of (side, side->reported_seq++)->bytes;
}

typedef struct {
  uint32_t expected, lost, found, probe_bps;
  uint8_t probes; /* packets of clusters among them */
  int64_t newest_sent_us;
  bool any;
} Digest;

/* The receiver's times begin anew every 12.4 days. */
static int64_t
unwrap (SfuSendSide *side, int64_t time_us)
{
  int64_t off_us = time_us + side->unwrap_us - side->arrival_us;

  if (side->arrival_us != 0 && off_us < -SFU_TWCC_WRAP_US / 2)
    side->unwrap_us += SFU_TWCC_WRAP_US;
  else if (side->arrival_us != 0 && off_us > SFU_TWCC_WRAP_US / 2)
    side->unwrap_us -= SFU_TWCC_WRAP_US;
  return side->arrival_us = time_us + side->unwrap_us;
}

static int64_t
get_sent_us (const SfuSendSide *side, const SfuSent *sent)
{
  return side->newest_sent_us - (uint32_t) ((uint32_t) side->newest_sent_us - sent->sent_us);
}

static void
arrived (SfuSendSide *side, SfuSent *sent, const SfuTwccPacket *packet, Digest *digest)
{
  int64_t sent_us = get_sent_us (side, sent);
  int64_t arrival_us = unwrap (side, packet->time_us);
  uint32_t bps;

  sfu_acked_rate_add (&side->acked, sent->bytes, arrival_us);
  sfu_burst_rate_add (&side->burst, packet->seq, sent->bytes, sent_us, arrival_us);
  /* a cluster fills the queue on purpose: it says what the path carries, not that media are too much */
  if (sent->probe != 0 || sent->quiet != 0)
    sfu_delay_trend_see (&side->delay, sent_us, arrival_us);
  else
    sfu_delay_trend_add (&side->delay, sent_us, arrival_us);
  if (sent->probe != 0)
    {
      digest->probes = 1;
      bps = sfu_probe_on_arrival (&side->probe, sent->probe, sent->bytes, sent_us, arrival_us);
      digest->probe_bps = MAX (digest->probe_bps, bps);
    }
  digest->newest_sent_us = digest->any ? MAX (digest->newest_sent_us, sent_us) : sent_us;
  digest->any = true;
}

static void
take (SfuSendSide *side, const SfuTwccPacket *packet, Digest *digest)
{
  SfuSent *sent = entry_of (side, packet->seq);
  bool counts;

  if (sent->state == EMPTY || sent->state == ARRIVED || sent->cycle != packet->seq >> CYCLE_SHIFT ||
      sent->path != side->path)
    return;
  /* a cluster may well be too much for the path; and what was sent before a cut was cut for */
  counts = sent->probe == 0 && get_sent_us (side, sent) >= side->cut_us;
  if (!packet->received)
    {
      if (sent->state == SENT && counts)
        {
          digest->expected++;
          digest->lost++;
        }
      sent->state = LOST;
      return;
    }
  if (counts && sent->state == SENT)
    digest->expected++;
  else if (counts)
    digest->found++;
  sent->state = ARRIVED;
  arrived (side, sent, packet, digest);
}

static void
measure_rtt (SfuSendSide *side, const Digest *digest, int64_t now_us)
{
  int64_t rtt_us = now_us - digest->newest_sent_us;

  if (!digest->any || rtt_us < 0)
    return;
  side->rtt_us = side->rtt_us == 0 ? rtt_us : (7 * side->rtt_us + rtt_us) / 8;
  side->least_rtt_us = side->least_rtt_us == 0 ? rtt_us : MIN (side->least_rtt_us + side->least_rtt_us / 1000, rtt_us);
}

static bool
control_rate (SfuSendSide *side, SfuDelayUse use, uint32_t acked_bps, int64_t now_us)
{
  uint32_t before_bps = sfu_rate_control_get_bps (&side->control), after_bps, wanted_bps = side->probe.wanted_bps;
  bool decreased = sfu_rate_control_update (&side->control, use, acked_bps, get_rtt_us (side), now_us);

  after_bps = sfu_rate_control_get_bps (&side->control);
  if (wanted_bps != UINT32_MAX && after_bps > before_bps && after_bps > WANTED * wanted_bps)
    sfu_rate_control_set_bps (&side->control, (uint32_t) MAX (before_bps, MIN (after_bps, WANTED * wanted_bps)), now_us);
  return decreased;
}

static void
judge (SfuSendSide *side, const Digest *digest, int64_t now_us)
{
  int64_t queue_us = sfu_delay_trend_get_queue_us (&side->delay);
  SfuDelayUse use = sfu_delay_trend_get_use (&side->delay);
  uint32_t acked_bps = sfu_acked_rate_get_bps (&side->acked), recent_bps;

  if (queue_us > QUEUE_US && use == SFU_DELAY_NORMAL)
    use = SFU_DELAY_OVERUSE;
  /* a queue that is no longer than what we ourselves put there with a large frame goes away by itself: wait for it */
  if (use == SFU_DELAY_OVERUSE && queue_us < BURST_US + side->peak_us * 5 / 4)
    use = SFU_DELAY_UNDERUSE;
  if (queue_us > STANDING_US && (recent_bps = sfu_acked_rate_get_recent_bps (&side->acked)) != 0)
    acked_bps = recent_bps;
  if (control_rate (side, use, acked_bps, now_us))
    {
      side->cut_us = now_us;
      side->burst = (SfuBurstRate){ 0 }; /* of a path that may have been another */
    }
  if (use == SFU_DELAY_OVERUSE)
    sfu_probe_cancel (&side->probe, now_us);
  else if (digest->probe_bps > side->estimate_bps)
    {
      sfu_rate_control_set_bps (&side->control, digest->probe_bps, now_us);
      sfu_loss_rate_set_bps (&side->loss, digest->probe_bps);
    }
  if (digest->probe_bps > 0)
    sfu_probe_on_result (&side->probe, digest->probe_bps, now_us);
}

void
sfu_send_side_on_feedback (SfuSendSide *side, const SfuTwccPacket *packets, size_t n, int64_t now_us)
{
  Digest digest = { 0 };

  if (n == 0)
    return;
  if (!side->has_feedback && !side->has_report)
    sfu_loss_rate_init (&side->loss, side->start_bps);
  side->has_feedback = true;
  side->asked_us = now_us;
  side->push_back = 1;
  for (size_t i = 0; i < n; i++)
    take (side, &packets[i], &digest);
  settle (side, packets[n - 1].seq);
  measure_rtt (side, &digest, now_us);
  sfu_loss_rate_count (&side->loss, digest.expected, digest.lost, digest.found);
  judge (side, &digest, now_us);
  update (side, now_us);
  /* little enough is filled by voices alone, and says nothing of what the path carries */
  sfu_probe_set_filled (&side->probe, side->estimate_bps >= SFU_START_BPS &&
                                          sfu_acked_rate_get_bps (&side->acked) > FILLED * side->estimate_bps);
}

void
sfu_send_side_on_report (SfuSendSide *side, uint8_t fraction_lost, int64_t rtt_us, int64_t now_us)
{
  if (rtt_us > 0)
    side->report_rtt_us = rtt_us;
  if (side->has_feedback)
    return;
  side->has_report = true;
  sfu_loss_rate_report (&side->loss, fraction_lost);
  update (side, now_us);
}

void
sfu_send_side_on_remb (SfuSendSide *side, uint32_t bps, int64_t now_us)
{
  if (side->has_feedback)
    return;
  side->remb_bps = CLAMP (bps, SFU_ESTIMATE_MIN_BPS, SFU_ESTIMATE_MAX_BPS);
  update (side, now_us);
}

void
sfu_send_side_on_path (SfuSendSide *side, int64_t now_us)
{
  uint32_t rate_bps = MIN (side->estimate_bps, MAX (side->start_bps, side->estimate_bps / 2));

  side->path = (side->path + 1) % PATHS;
  side->reported_seq = side->next_seq;
  side->in_flight_bytes = 0;
  side->rtt_us = side->least_rtt_us = side->report_rtt_us = 0;
  side->push_back = 1;
  side->asked_us = now_us;
  side->acked = (SfuAckedRate){ 0 };
  side->burst = (SfuBurstRate){ 0 };
  side->remb_bps = 0;
  side->estimate_bps = rate_bps;
  sfu_delay_trend_init (&side->delay);
  sfu_rate_control_init (&side->control, rate_bps);
  sfu_loss_rate_init (&side->loss, rate_bps);
  if (side->started)
    sfu_probe_start (&side->probe, rate_bps, now_us);
}

void
sfu_send_side_set_wanted (SfuSendSide *side, uint32_t wanted_bps, int64_t now_us)
{
  sfu_probe_set_wanted (&side->probe, wanted_bps, side->estimate_bps, now_us);
  if (wanted_bps > side->estimate_bps)
    start (side, now_us); /* the first picture may not fit before more is known */
}

/* Feedback that fails to come may be all that a path still loses, or the path itself. */
static void
watch (SfuSendSide *side, int64_t now_us)
{
  if (!side->has_feedback || side->in_flight_bytes == 0 || now_us - side->asked_us < SILENCE_US + get_rtt_us (side))
    return;
  side->asked_us += SILENCE_EVERY_US;
  side->push_back = MAX (SILENCE_LEAST, side->push_back * SILENCE_FACTOR);
  sfu_probe_cancel (&side->probe, now_us);
}

bool
sfu_send_side_next_probe (SfuSendSide *side, int64_t now_us, uint32_t *ret_rate_bps, uint32_t *ret_bytes, uint8_t *ret_id)
{
  watch (side, now_us);
  if (!side->started)
    return false;
  return sfu_probe_next (&side->probe, side->estimate_bps, now_us, ret_rate_bps, ret_bytes, ret_id);
}

int64_t
sfu_send_side_get_deadline (const SfuSendSide *side)
{
  int64_t deadline_us = side->started ? sfu_probe_get_deadline (&side->probe, side->estimate_bps) : INT64_MAX;

  if (side->has_feedback && side->in_flight_bytes > 0)
    deadline_us = MIN (deadline_us, side->asked_us + SILENCE_US + get_rtt_us (side));
  return deadline_us;
}

uint32_t
sfu_send_side_get_estimate_bps (const SfuSendSide *side)
{
  return MAX ((uint32_t) (side->push_back * side->estimate_bps), SFU_ESTIMATE_MIN_BPS);
}

/* Returns: what the path lets out at once, when that is far more than what is sent; else 0. */
static double
get_burst_bps (const SfuSendSide *side)
{
  uint32_t bps = sfu_burst_rate_get_bps (&side->burst);

  return bps > BURST_LEAST * (double) side->estimate_bps ? MIN (bps, SFU_ESTIMATE_MAX_BPS) : 0;
}

/* Share of what may be on its way that is: above 1 a queue has built up that feedback does not tell of yet. */
static double
get_fill (const SfuSendSide *side)
{
  int64_t window_us = (side->least_rtt_us != 0 ? side->least_rtt_us : RTT_US) + WINDOW_US;
  double bytes = side->in_flight_bytes;

  /* a keyframe that left at the path's own rate */
  if (get_burst_bps (side) > 0)
    bytes -= side->ahead_bytes;
  return side->has_feedback ? bytes * 8e6 / ((double) side->estimate_bps * (double) window_us) : 0;
}

uint32_t
sfu_send_side_get_pacing_bps (const SfuSendSide *side)
{
  uint8_t running = sfu_probe_get_running (&side->probe);
  double estimate_bps = sfu_send_side_get_estimate_bps (side), fill = get_fill (side), pacing_bps = PACING * estimate_bps;

  if (fill > 1)
    pacing_bps = estimate_bps * CLAMP (2 - fill, PACING_LEAST, 1);
  else if (sfu_delay_trend_get_queue_us (&side->delay) > QUEUE_US)
    pacing_bps = estimate_bps;
  else if (sfu_delay_trend_get_queue_us (&side->delay) < STANDING_US)
    pacing_bps = MAX (pacing_bps, PACING_BURST * get_burst_bps (side));
  if (!side->has_feedback && !side->has_report && side->remb_bps == 0)
    pacing_bps = MAX (pacing_bps, PACING_FIRST_BPS);
  if (running != 0)
    pacing_bps = MAX (pacing_bps, side->probe.clusters[running - 1].rate_bps);
  return (uint32_t) pacing_bps;
}

uint32_t
sfu_send_side_get_acked_bps (const SfuSendSide *side)
{
  return sfu_acked_rate_get_bps (&side->acked);
}

int64_t
sfu_send_side_get_rtt_us (const SfuSendSide *side)
{
  return side->report_rtt_us != 0 ? side->report_rtt_us : side->rtt_us;
}

uint32_t
sfu_send_side_get_loss_permille (const SfuSendSide *side)
{
  return sfu_loss_rate_get_permille (&side->loss);
}

int64_t
sfu_send_side_get_queue_us (const SfuSendSide *side)
{
  return sfu_delay_trend_get_queue_us (&side->delay);
}
