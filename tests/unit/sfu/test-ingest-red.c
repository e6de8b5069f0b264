/* SPDX-License-Identifier: Apache-2.0 */
/* Point 27: what was lost on the way from a publisher of RED (RFC 2198) reaches receivers that have none. */
#include <glib.h>
#include <string.h>

#include "sfu/ingest-private.h"
#include "sfu/red.h"

#define RED 63
#define OPUS 111
#define SSRC 0x1234

/* A worker with one publisher of one audio track, whose packets stay in the track's burst. */
typedef struct {
  SfuWorker worker;
  SfuShard shard;
  SfuTrack track;
  SfuFeed feed;
  SfuPublication publication;
  SfuLegSetup *setup;
  SfuLeg leg;
  SfuOut out;
} Stage;

static void
add_payload (SfuPayloadMap *map, SfuCodec codec, uint8_t payload_type)
{
  map->of[payload_type] = (uint8_t) map->n;
  map->list[map->n++] = (SfuPayload){ .codec = (uint8_t) codec, .payload_type = payload_type, .rtx = SFU_NO_PT };
}

static void
setup (Stage *stage, gconstpointer unused)
{
  SfuLegSetup *setup = stage->setup = sfu_leg_setup_new (1);

  stage->worker.loop = al_loop_new ("test", NULL);
  stage->worker.pool = al_pool_new (256, AL_PKT_SIZE, NULL);
  memset (setup->payloads.of, SFU_NO_PT, sizeof setup->payloads.of);
  add_payload (&setup->payloads, SFU_CODEC_RED, RED);
  add_payload (&setup->payloads, SFU_CODEC_OPUS, OPUS);
  setup->lanes[0] = (SfuLane){ .mid = "0", .kind = SFU_AUDIO, .active = true };
  stage->leg = (SfuLeg){ .worker = &stage->worker, .shard = &stage->shard, .setup = setup, .ingest = g_new0 (SfuIngest, 1) };
  stage->shard.worker = &stage->worker;
  stage->track = (SfuTrack){ .shard = &stage->shard, .id = 7, .kind = SFU_AUDIO, .outs = g_ptr_array_new () };
  g_ptr_array_add (stage->track.outs, &stage->out);
  stage->track.published = &stage->leg.ingest->published[0];
  stage->leg.ingest->published[0].track = &stage->track;
  stage->leg.ingest->published[0].feeds = &stage->feed;
  stage->leg.ingest->published[0].n_feeds = 1;
  stage->leg.ingest->inputs[0].ssrc = SSRC;
  stage->leg.ingest->n_inputs = 1;
  stage->feed = (SfuFeed){ .ssrc = SSRC, .codec = SFU_CODEC_RED };
  sfu_receiver_init (&stage->feed.receiver, 48000);
  sfu_nack_init (&stage->feed.nack);
}

static void
teardown (Stage *stage, gconstpointer unused)
{
  for (unsigned i = 0; i < stage->track.n_burst; i++)
    al_pkt_unref (stage->track.burst[i]);
  g_ptr_array_unref (stage->track.outs);
  g_free (stage->leg.ingest);
  sfu_leg_setup_unref (stage->setup);
  al_loop_free (stage->worker.loop);
  al_pool_free (stage->worker.pool);
}

/* Packet @n of a voice of 20 ms each, its redundancy the @n_redundant before it: each is one byte, its number. */
static void
feed (Stage *stage, unsigned n, unsigned n_redundant)
{
  SfuRedBlock blocks[SFU_RED_BLOCKS_MAX];
  uint8_t bytes[SFU_RED_BLOCKS_MAX], red[200], data[300];
  SfuRtpWriter writer;
  size_t len;

  for (unsigned i = 0; i <= n_redundant; i++)
    {
      bytes[i] = (uint8_t) (n - n_redundant + i);
      blocks[i] = (SfuRedBlock){ &bytes[i], 1, (uint16_t) (960 * (n_redundant - i)), OPUS };
    }
  len = sfu_red_write (blocks, n_redundant + 1, red, sizeof red);
  sfu_rtp_begin (&writer, data, sizeof data, RED, false, (uint16_t) (65530 + n), 960 * n, SSRC, false);
  (void) sfu_rtp_put_payload (&writer, red, len);
  len = sfu_rtp_end (&writer, 0);
  sfu_ingest_on_rtp (&stage->leg, data, len, 1000000 + 20000 * (int64_t) n);
}

/* What goes on, in order: @text: numbers, those out of redundancy in brackets. */
static void
check (Stage *stage, const char *text)
{
  g_autoptr (GString) got = g_string_new (NULL);

  for (unsigned i = 0; i < stage->track.n_burst; i++)
    {
      const SfuPacket *packet = sfu_packet_of (stage->track.burst[i]);
      const SfuRtp *rtp = &packet->rtp;
      unsigned n = rtp->timestamp / 960;

      g_assert_cmpuint (rtp->seq, ==, (uint16_t) (65530 + n));
      g_assert_cmpuint (packet->index, ==, 65536 + 65530 + n);
      g_assert_cmpuint (rtp->ssrc, ==, SSRC);
      g_assert_cmpint (packet->from_red, ==, packet->frame.codec == SFU_CODEC_OPUS);
      if (packet->from_red)
        {
          g_assert_cmpuint (rtp->payload_type, ==, OPUS);
          g_assert_cmpuint (rtp->payload_len, ==, 1);
          g_assert_cmpuint (rtp->data[rtp->header_len], ==, n);
        }
      g_string_append_printf (got, packet->from_red ? "(%u)" : "%u ", n);
    }
  g_assert_cmpstr (got->str, ==, text);
}

static void
test_one (Stage *stage, gconstpointer unused)
{
  SfuReceiverReport report;

  feed (stage, 0, 0);
  feed (stage, 1, 1);
  feed (stage, 3, 1);
  feed (stage, 4, 1);
  check (stage, "0 1 (2)3 4 ");
  /* the publisher hears of the loss all the same (point 36) */
  g_assert_true (sfu_receiver_make_report (&stage->feed.receiver, 2000000, &report));
  g_assert_cmpint (report.lost, ==, 1);
  g_assert_cmpuint (stage->feed.codec, ==, SFU_CODEC_RED);
}

/* over the end of the sequence numbers, two at once */
static void
test_two (Stage *stage, gconstpointer unused)
{
  for (unsigned n = 0; n < 4; n++)
    feed (stage, n, MIN (n, 2));
  feed (stage, 6, 2);
  feed (stage, 9, 2);
  check (stage, "0 1 2 3 (4)(5)6 (7)(8)9 ");
}

/* more than the redundancy has: what is there, in order; the rest stays a gap */
static void
test_many (Stage *stage, gconstpointer unused)
{
  for (unsigned n = 0; n < 3; n++)
    feed (stage, n, MIN (n, 2));
  feed (stage, 8, 2);
  check (stage, "0 1 2 (6)(7)8 ");
}

/* the packet itself comes late: it is there already */
static void
test_late (Stage *stage, gconstpointer unused)
{
  feed (stage, 0, 0);
  feed (stage, 1, 1);
  feed (stage, 3, 1);
  feed (stage, 2, 1);
  feed (stage, 4, 1);
  check (stage, "0 1 (2)3 4 ");
  g_assert_cmpuint (stage->worker.counts.dropped[SFU_DROP_DUPLICATE], ==, 1);
}

/* blocks of a type that is not Opus, or was not agreed, are left alone */
static void
test_foreign (Stage *stage, gconstpointer unused)
{
  feed (stage, 0, 0);
  feed (stage, 1, 1);
  stage->setup->payloads.of[OPUS] = SFU_NO_PT;
  feed (stage, 3, 1);
  stage->setup->payloads.of[OPUS] = 0;
  feed (stage, 5, 1);
  check (stage, "0 1 3 5 ");
}

/* nothing was lost, nothing began: nothing to recover */
static void
test_none (Stage *stage, gconstpointer unused)
{
  for (unsigned n = 5; n < 40; n++)
    feed (stage, n, 2);
  for (unsigned i = 0; i < stage->track.n_burst; i++)
    g_assert_false (sfu_packet_of (stage->track.burst[i])->from_red);
  g_assert_cmpuint (stage->track.n_burst, ==, 35);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/sfu/ingest-red/one", Stage, NULL, setup, test_one, teardown);
  g_test_add ("/sfu/ingest-red/two", Stage, NULL, setup, test_two, teardown);
  g_test_add ("/sfu/ingest-red/many", Stage, NULL, setup, test_many, teardown);
  g_test_add ("/sfu/ingest-red/late", Stage, NULL, setup, test_late, teardown);
  g_test_add ("/sfu/ingest-red/foreign", Stage, NULL, setup, test_foreign, teardown);
  g_test_add ("/sfu/ingest-red/none", Stage, NULL, setup, test_none, teardown);
  return g_test_run ();
}
