/* SPDX-License-Identifier: Apache-2.0 */
/* What a packet's header becomes for one receiver. */
#include <glib.h>
#include <string.h>

#include "sfu/egress-private.h"
#include "sfu/rtp.h"

#define LONGEST (AL_PKT_SIZE - SFU_PACKET_ROOM)

static SfuLane
make_lane (uint8_t first_id)
{
  SfuLane lane = { .kind = SFU_VIDEO, .active = true };

  memset (lane.mid, 'm', SFU_MID_MAX);
  for (unsigned i = 0; i < SFU_EXT_N; i++)
    lane.exts.id[i] = (uint8_t) (first_id + i);
  return lane;
}

/* an RTP packet of @len bytes with all that a publisher may put in front of its media, @dependency bytes of descriptor */
static void
make_packet (SfuPacket *packet, uint8_t *data, size_t len, size_t dependency)
{
  static const uint8_t value[255] = { 0xc0, 0x12, 0x34, 0x80 };
  static const SfuExt sent[] = { SFU_EXT_AUDIO_LEVEL,      SFU_EXT_ORIENTATION, SFU_EXT_PLAYOUT_DELAY,
                                 SFU_EXT_ABS_CAPTURE_TIME, SFU_EXT_COLOR_SPACE, SFU_EXT_CONTENT_TYPE };
  g_autofree uint8_t *payload = g_malloc0 (len);
  SfuRtpWriter writer;
  SfuRtpExt ext = { 0 };
  size_t header_len;

  memset (packet, 0, sizeof *packet);
  sfu_rtp_begin (&writer, data, len, 96, true, 1, 2, 3, dependency > 16);
  for (unsigned i = 0; i < G_N_ELEMENTS (sent); i++)
    g_assert_nonnull (sfu_rtp_put_ext (&writer, (uint8_t) (1 + sent[i]), value, i == 3 || dependency > 16 ? 16 : 1));
  g_assert_nonnull (sfu_rtp_put_ext (&writer, 1 + SFU_EXT_DEPENDENCY, value, dependency));
  header_len = sfu_rtp_get_header_len (&writer);
  g_assert_nonnull (sfu_rtp_put_payload (&writer, payload, len - header_len));
  g_assert_cmpuint (sfu_rtp_end (&writer, 0), ==, len);
  g_assert_true (sfu_rtp_parse (data, len, &packet->rtp));
  while (sfu_rtp_next_ext (&packet->rtp, &ext))
    {
      packet->ext_at[ext.id - 1] = (uint16_t) (ext.value - data);
      packet->ext_len[ext.id - 1] = ext.len;
    }
}

static size_t
write_again (const SfuLane *lane, const SfuPacket *packet, const SfuRewrite *rewrite, uint8_t *data, size_t size)
{
  SfuOut out = { .mids_left = 1 };
  SfuRtpWriter writer;

  sfu_rtp_begin (&writer, data, size, 97, true, 9, 9, 9, sfu_egress_needs_two_bytes (&out, lane, packet, rewrite));
  g_assert_nonnull (sfu_egress_put_extensions (&writer, &out, lane, packet, rewrite, 1));
  (void) sfu_rtp_get_header_len (&writer);
  (void) sfu_rtp_put_payload (&writer, packet->rtp.data + packet->rtp.header_len, packet->rtp.payload_len);
  return sfu_rtp_end (&writer, 0);
}

/* Point 15: the longest packet that is taken in at all goes out again, with our tags, the longest forms of its extensions
 * and a descriptor that has grown; what there was no room for would be lost without a trace. */
static void
test_growth (void)
{
  static const size_t lengths[] = { 3, 4, 12, 16, 17, 100, 250 };

  for (unsigned i = 0; i < G_N_ELEMENTS (lengths); i++)
    for (uint8_t first_id = 1; first_id < 60; first_id += 29)
      for (unsigned grown = 0; grown < 2; grown++)
        {
          uint8_t data[LONGEST], again[AL_UDP_MAX_DATAGRAM];
          SfuLane lane = make_lane (first_id);
          SfuRewrite rewrite = { 0 };
          SfuPacket packet;
          SfuRtpExt ext;
          SfuRtp rtp;
          size_t len;

          make_packet (&packet, data, sizeof data, lengths[i]);
          rewrite.dependency_len = (uint8_t) (grown != 0 ? lengths[i] + SFU_DEPENDENCY_GROWTH : 0);
          memset (rewrite.dependency, 0x5a, rewrite.dependency_len);
          len = write_again (&lane, &packet, &rewrite, again, sizeof again);
          g_assert_cmpuint (len, >, 0);
          g_assert_cmpuint (len, <=, sizeof data + SFU_EGRESS_GROWTH);
          g_assert_true (sfu_rtp_parse (again, len, &rtp));
          g_assert_cmpuint (rtp.payload_len, ==, packet.rtp.payload_len);
          g_assert_true (sfu_rtp_find_ext (&rtp, lane.exts.id[SFU_EXT_MID], &ext));
          g_assert_cmpmem (ext.value, ext.len, lane.mid, SFU_MID_MAX);
          g_assert_true (sfu_rtp_find_ext (&rtp, lane.exts.id[SFU_EXT_DEPENDENCY], &ext));
          g_assert_cmpuint (ext.len, ==, grown != 0 ? rewrite.dependency_len : lengths[i]);
          g_assert_true (sfu_rtp_find_ext (&rtp, lane.exts.id[SFU_EXT_COLOR_SPACE], &ext));
        }
}

/* The one-byte form where it will do: ids to 14, values to 16 bytes (RFC 8285 §4.2); else all are of the two-byte form. */
static void
test_forms (void)
{
  static const struct {
    uint8_t first_id, dependency, rewritten;
    bool two_bytes;
  } cases[] = { { 1, 16, 0, false }, { 1, 17, 0, true }, { 1, 12, 17, true }, { 1, 17, 16, false }, { 3, 4, 0, true } };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SfuLane lane = make_lane (cases[i].first_id);
      SfuRewrite rewrite = { .dependency_len = cases[i].rewritten };
      SfuPacket packet = { 0 };
      SfuOut out = { 0 };

      packet.ext_len[SFU_EXT_DEPENDENCY] = cases[i].dependency;
      g_assert_cmpint (sfu_egress_needs_two_bytes (&out, &lane, &packet, &rewrite), ==, cases[i].two_bytes);
      lane.exts.id[SFU_EXT_DEPENDENCY] = 0;
      g_assert_cmpint (sfu_egress_needs_two_bytes (&out, &lane, &packet, &rewrite), ==, cases[i].first_id > 1);
      g_assert_cmpint (sfu_egress_needs_two_bytes (&out, &lane, NULL, &(SfuRewrite){ 0 }), ==, cases[i].first_id > 1);
      out.mids_left = 1; /* and a long MID, while it is sent */
      g_assert_true (sfu_egress_needs_two_bytes (&out, &lane, NULL, &(SfuRewrite){ 0 }));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/egress-send/growth", test_growth);
  g_test_add_func ("/sfu/egress-send/forms", test_forms);
  return g_test_run ();
}
