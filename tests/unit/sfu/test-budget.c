/* SPDX-License-Identifier: Apache-2.0 */
/* Point 29: what one receiver may have sent again is a share of what its path carries. */
#include <glib.h>
#include <string.h>

#include "sfu/budget.h"
#include "sfu/egress-private.h"
#include "sfu/rtcp.h"

#define S INT64_C (1000000)
#define ESTIMATE 2000000u
#define SHARE (ESTIMATE / 8 * SFU_BUDGET_PERCENT / 100)

/* A storm gets its share and a second saved up, however long it lasts. */
static void
test_storm (void)
{
  SfuBudget budget = { 0 };
  uint64_t bytes = 0;

  for (int64_t now_us = 100 * S; now_us < 160 * S; now_us += 1000)
    for (unsigned i = 0; i < 10; i++)
      bytes += sfu_budget_take (&budget, ESTIMATE, 1200, now_us) ? 1200 : 0;
  g_assert_cmpuint (bytes, <=, 61 * SHARE);
  g_assert_cmpuint (bytes, >, 60 * SHARE);
}

/* One packet in ten, and after a second of silence a second's share at once: all of it. */
static void
test_losses (void)
{
  SfuBudget budget = { 0 };

  for (int64_t now_us = 100 * S; now_us < 160 * S; now_us += 48000) /* 250 packets a second */
    g_assert_true (sfu_budget_take (&budget, ESTIMATE, 1200, now_us));
  for (unsigned i = 0; i < SHARE / 1200; i++)
    g_assert_true (sfu_budget_take (&budget, ESTIMATE, 1200, 161 * S));
  g_assert_false (sfu_budget_take (&budget, ESTIMATE, 1200, 161 * S));
  g_assert_true (sfu_budget_take (&budget, ESTIMATE, 100, 161 * S)); /* a smaller one has room */
}

/* A path that carries little repairs a frame; when the estimate falls the budget does. */
static void
test_small (void)
{
  SfuBudget budget = { 0 };
  unsigned n = 0;

  while (sfu_budget_take (&budget, 30000, 1200, 100 * S))
    n++;
  g_assert_cmpuint (n, ==, SFU_BUDGET_BYTES / 1200);
  g_assert_false (sfu_budget_take (&budget, 30000, 1200, 101 * S)); /* 937 bytes a second */
  g_assert_true (sfu_budget_take (&budget, 30000, 1200, 102 * S));
  g_assert_false (sfu_budget_take (&budget, 0, 1200, 1000 * S - 1) && sfu_budget_take (&budget, 0, 60000, 1000 * S));
}

/* A subscriber with one video slot and a second of packets in its track's cache; what the pacer is given is counted. */
typedef struct {
  SfuWorker worker;
  SfuTrack track;
  SfuEgress *egress;
  SfuOut out;
  SfuLeg leg;
  unsigned n_pushed;
} Stage;

static void
on_drop (const SfuPacerItem *item, void *user)
{
  Stage *stage = user;

  g_assert_cmpuint (item->kind, ==, SFU_SEND_RTX);
  stage->n_pushed++;
  al_pkt_unref (item->pkt);
}

static void
stage_send (Stage *stage, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    {
      AlPkt *pkt = al_pool_take (stage->worker.pool);
      SfuPacket *packet = sfu_packet_of (pkt);
      SfuRewrite rewrite;

      memset (packet, 0, sizeof *packet);
      pkt->len = 1200;
      packet->track = 7;
      packet->epoch = 1;
      packet->index = 65536 + i;
      packet->time_us = 100 * S;
      packet->rtp.timestamp = 3000 * i;
      packet->rtp.payload_len = 1100;
      packet->rtp.marker = true;
      packet->frame = (SfuFrame){ .codec = SFU_CODEC_VP8, .start = true, .end = true, .keyframe = i == 0 };
      g_assert_cmpint (sfu_slot_on_packet (&stage->out.slot, packet, 100 * S, &rewrite), ==, SFU_SLOT_SEND);
      sfu_cache_put (&stage->track.caches[0], pkt);
      al_pkt_unref (pkt);
    }
}

static void
setup (Stage *stage, gconstpointer unused)
{
  const SfuSlotConfig config = { .kind = SFU_VIDEO, .ssrc = 1, .rtx_ssrc = 2, .seq = 1000, .history = 512 };

  stage->worker.pool = al_pool_new (256, AL_PKT_SIZE, NULL);
  stage->egress = g_new0 (SfuEgress, 1);
  sfu_send_side_init (&stage->egress->side, ESTIMATE);
  sfu_pacer_init (&stage->egress->pacer, on_drop, stage);
  stage->track = (SfuTrack){ .id = 7, .kind = SFU_VIDEO };
  sfu_cache_init (&stage->track.caches[0], 512);
  sfu_slot_init (&stage->out.slot, &config);
  sfu_slot_set_source (&stage->out.slot, 7, SFU_CODEC_VP8, NULL, 100 * S);
  sfu_slot_set_target (&stage->out.slot, 0, 3, 3);
  stage->out.track = &stage->track;
  stage->out.leg = &stage->leg;
  stage->out.keyframe_seq = 1000;
  stage->egress->outs = &stage->out;
  stage->egress->n_outs = 1;
  stage->leg = (SfuLeg){ .worker = &stage->worker, .egress = stage->egress };
  stage_send (stage, 128);
}

static void
teardown (Stage *stage, gconstpointer unused)
{
  sfu_slot_clear (&stage->out.slot);
  sfu_cache_clear (&stage->track.caches[0]);
  sfu_pacer_finish (&stage->egress->pacer);
  sfu_send_side_clear (&stage->egress->side);
  g_free (stage->egress);
  al_pool_free (stage->worker.pool);
}

/* A receiver asks for 50 packets at once, a thousand times in a second. */
static void
test_nacks (Stage *stage, gconstpointer unused)
{
  uint16_t seqs[50];
  uint8_t data[1200];
  SfuRtcpWriter writer;
  size_t len;

  for (unsigned i = 0; i < G_N_ELEMENTS (seqs); i++)
    seqs[i] = (uint16_t) (1010 + i);
  sfu_rtcp_begin (&writer, data, sizeof data);
  g_assert_true (sfu_rtcp_put_nack (&writer, 9, 1, seqs, G_N_ELEMENTS (seqs)));
  len = sfu_rtcp_end (&writer);
  for (unsigned i = 0; i < 1000; i++)
    sfu_egress_on_rtcp (&stage->leg, data, len, 100 * S + i * 1000);
  g_assert_cmpuint (stage->worker.counts.rx_nacks, ==, 50000);
  g_assert_cmpuint (stage->n_pushed, >, SHARE / 1300);
  g_assert_cmpuint (stage->n_pushed, <=, 2 * SHARE / 1200);
  g_assert_cmpuint (stage->n_pushed + stage->worker.counts.dropped[SFU_DROP_RTX_BUDGET], ==, 50000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/budget/storm", test_storm);
  g_test_add_func ("/sfu/budget/losses", test_losses);
  g_test_add_func ("/sfu/budget/small", test_small);
  g_test_add ("/sfu/budget/nacks", Stage, NULL, setup, test_nacks, teardown);
  return g_test_run ();
}
