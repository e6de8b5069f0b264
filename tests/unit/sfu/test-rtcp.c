/* SPDX-License-Identifier: Apache-2.0 */
/* RTCP: hand-made packets from the RFCs' figures, what must not pass, and each packet written and read again. */
#include "sfu/rtcp.h"

#include "bytes.h"

static const struct {
  const char *name, *hex;
} bad[] = {
  { "nothing", "" },
  { "header cut", "80c800" },
  { "version 1", "40c90001 00000001" },
  { "version 3", "c0c90001 00000001" },
  { "longer than the datagram", "80c90002 00000001" },
  { "length 65535", "80c9ffff 00000001" },
  { "second packet cut", "80c90001 00000001 81" },
  { "second packet of version 0", "80c90001 00000001 00c90001 00000001" },
  { "padding of 0", "a0c90001 00000000" },
  { "padding longer than the body", "a0c90001 00000005" },
  { "padding of 255", "a0c90001 000000ff" },
};

static void
test_bad (gconstpointer index)
{
  g_auto (Bytes) bytes = bytes_of (bad[GPOINTER_TO_UINT (index)].hex);

  g_assert_false (sfu_rtcp_is_valid (bytes.data, bytes.len));
}

/* each has the kind, and nothing to be read in it: too short for what its count says */
static const struct {
  const char *hex;
  SfuRtcpKind kind;
} hollow[] = {
  { "81c80001 00000001", SFU_RTCP_SR },
  { "81c90001 00000001", SFU_RTCP_RR },
  { "81ca0001 00000001", SFU_RTCP_SDES },
  { "81ca0002 00000001 01ff6162", SFU_RTCP_SDES }, /* a text past the end */
  { "81ca0002 00000001 02016100", SFU_RTCP_SDES }, /* a NAME alone */
  { "81cb0000", SFU_RTCP_BYE },
  { "80cb0001 00000001", SFU_RTCP_BYE },
  { "81cd0002 00000001 00000002", SFU_RTCP_NACK },
  { "84ce0002 00000001 00000002", SFU_RTCP_FIR },
  { "84ce0003 00000001 00000002 00000003", SFU_RTCP_FIR },
  { "8ace0004 00000001 00000002 00000003 00000004", SFU_RTCP_LRR },
  { "8fce0003 00000001 00000000 52454d42", SFU_RTCP_OTHER }, /* REMB without its rate */
  { "8fce0004 00000001 00000000 52454d43 00000000", SFU_RTCP_OTHER },
  { "81ce0001 00000001", SFU_RTCP_OTHER }, /* PLI without a media source */
  { "80cf0001 00000001", SFU_RTCP_XR },
  { "80cf0002 00000001 04000002", SFU_RTCP_XR }, /* a block past the end */
  { "80cf0003 00000001 04000001 00000000", SFU_RTCP_XR },
  { "80cf0003 00000001 05000001 00000000", SFU_RTCP_XR },
  { "80cf0002 00000001 0900ffff", SFU_RTCP_XR },
  { "80cc0002 00000001 61626364", SFU_RTCP_OTHER }, /* APP */
  { "80c00000", SFU_RTCP_OTHER },
  { "83cd0003 00000001 00000002 00000003", SFU_RTCP_OTHER },
};

/* point 34: what is unknown or empty is passed over silently */
static void
test_hollow (void)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (hollow); i++)
    {
      g_auto (Bytes) bytes = bytes_of (hollow[i].hex);
      SfuRtcp packet = { 0 };
      uint32_t ssrc;
      uint64_t value;
      uint16_t seqs[4];
      uint8_t seq_nr;
      const char *cname;
      size_t len;

      g_assert_true (sfu_rtcp_is_valid (bytes.data, bytes.len));
      g_assert_true (sfu_rtcp_next (bytes.data, bytes.len, &packet));
      g_assert_cmpint (packet.kind, ==, hollow[i].kind);
      g_assert_false (sfu_rtcp_parse_sr (&packet, &(SfuRtcpSr){ 0 }));
      g_assert_false (sfu_rtcp_get_report (&packet, 0, &(SfuRtcpReport){ 0 }));
      g_assert_false (sfu_rtcp_find_cname (&packet, &ssrc, &cname, &len));
      g_assert_false (sfu_rtcp_get_bye (&packet, 0, &ssrc));
      g_assert_cmpuint (sfu_rtcp_list_nacks (&packet, seqs, 4), ==, 0);
      g_assert_false (sfu_rtcp_get_fir (&packet, 0, &ssrc, &seq_nr));
      g_assert_false (sfu_rtcp_get_lrr (&packet, 0, &(SfuRtcpLrr){ 0 }));
      g_assert_false (sfu_rtcp_parse_remb (&packet, &value));
      g_assert_false (sfu_rtcp_find_rrtr (&packet, &value));
      g_assert_false (sfu_rtcp_get_dlrr (&packet, 0, &(SfuRtcpDlrr){ 0 }));
      g_assert_false (sfu_rtcp_next (bytes.data, bytes.len, &packet));
    }
}

static const SfuRtcpReport reports[] = {
  { 10, 0x00010002, 30, 40, 50, -8388608, 255 },
  { 11, 0xffffffff, 0, 0, 0, 8388607, 0 },
  { 12, 1, 2, 3, 4, -1, 128 },
};

static void
check_reports (const SfuRtcp *packet, unsigned n)
{
  SfuRtcpReport report;

  for (unsigned i = 0; i < n; i++)
    {
      g_assert_true (sfu_rtcp_get_report (packet, i, &report));
      g_assert_cmpuint (report.ssrc, ==, reports[i].ssrc);
      g_assert_cmpuint (report.highest_seq, ==, reports[i].highest_seq);
      g_assert_cmpuint (report.jitter, ==, reports[i].jitter);
      g_assert_cmpuint (report.lsr, ==, reports[i].lsr);
      g_assert_cmpuint (report.dlsr, ==, reports[i].dlsr);
      g_assert_cmpint (report.lost, ==, reports[i].lost);
      g_assert_cmpuint (report.fraction_lost, ==, reports[i].fraction_lost);
    }
  g_assert_false (sfu_rtcp_get_report (packet, n, &report));
  g_assert_false (sfu_rtcp_get_report (packet, UINT_MAX, &report));
}

/* SR, SDES and BYE as RFC 3550 §6.1 orders a compound; point 34 */
static void
test_compound (void)
{
  static const SfuRtcpSr sr = { 0xe7a1b2c3d4e5f607, 7, 90000, 100, 120000 };
  static const uint32_t byes[] = { 7, 8 };
  uint8_t data[400];
  SfuRtcpWriter out;
  SfuRtcp packet = { 0 };
  SfuRtcpSr other;
  uint32_t ssrc;
  const char *cname;
  size_t len, cname_len;

  sfu_rtcp_begin (&out, data, sizeof data);
  g_assert_cmpuint (sfu_rtcp_end (&out), ==, 0);
  g_assert_true (sfu_rtcp_put_sr (&out, &sr, reports, 3));
  g_assert_true (sfu_rtcp_put_cname (&out, 7, "aldis@host"));
  g_assert_true (sfu_rtcp_put_bye (&out, byes, 2));
  len = sfu_rtcp_end (&out);
  g_assert_true (sfu_rtcp_is_valid (data, len));

  g_assert_true (sfu_rtcp_next (data, len, &packet));
  g_assert_cmpint (packet.kind, ==, SFU_RTCP_SR);
  g_assert_true (sfu_rtcp_parse_sr (&packet, &other));
  g_assert_cmpuint (other.ntp, ==, sr.ntp);
  g_assert_cmpuint (other.rtp, ==, sr.rtp);
  g_assert_cmpuint (other.pkts, ==, sr.pkts);
  g_assert_cmpuint (other.bytes, ==, sr.bytes);
  g_assert_true (sfu_rtcp_get_sender (&packet, &ssrc) && ssrc == 7);
  g_assert_false (sfu_rtcp_get_media (&packet, &ssrc));
  check_reports (&packet, 3);
  g_assert_true (sfu_rtcp_next (data, len, &packet));
  g_assert_false (sfu_rtcp_get_sender (&packet, &ssrc));
  g_assert_true (sfu_rtcp_find_cname (&packet, &ssrc, &cname, &cname_len));
  g_assert_cmpuint (ssrc, ==, 7);
  g_assert_cmpmem (cname, cname_len, "aldis@host", 10);
  g_assert_true (sfu_rtcp_next (data, len, &packet));
  g_assert_true (sfu_rtcp_get_bye (&packet, 1, &ssrc) && ssrc == 8);
  g_assert_false (sfu_rtcp_get_bye (&packet, 2, &ssrc));
  g_assert_false (sfu_rtcp_next (data, len, &packet));
}

/* a second chunk's CNAME behind a first one that has none; chunks end at a word (RFC 3550 §6.5) */
static void
test_cname_chunks (void)
{
  g_auto (Bytes) bytes = bytes_of ("82ca0005 00000001 02026162 00000000 00000002 01026364");
  SfuRtcp packet = { 0 };
  const char *cname;
  uint32_t ssrc;
  size_t len;

  g_assert_true (sfu_rtcp_next (bytes.data, bytes.len, &packet));
  g_assert_false (sfu_rtcp_find_cname (&packet, &ssrc, &cname, &len)); /* not terminated */
  g_auto (Bytes) whole = bytes_of ("82ca0006 00000001 02026162 00000000 00000002 01026364 00000000");
  packet = (SfuRtcp){ 0 };
  g_assert_true (sfu_rtcp_next (whole.data, whole.len, &packet));
  g_assert_true (sfu_rtcp_find_cname (&packet, &ssrc, &cname, &len));
  g_assert_cmpuint (ssrc, ==, 2);
  g_assert_cmpmem (cname, len, "cd", 2);
}

static size_t
write_nack (const uint16_t *seqs, size_t n, uint8_t *data, size_t size)
{
  SfuRtcpWriter out;

  sfu_rtcp_begin (&out, data, size);
  return sfu_rtcp_put_nack (&out, 1, 2, seqs, n) ? sfu_rtcp_end (&out) : 0;
}

/* RFC 4585 §6.2.1, over the wrap; bounded (points 29 and 47) */
static void
test_nack (void)
{
  static const uint16_t seqs[] = { 65530, 65531, 65535, 0, 9, 10, 27, 1000 };
  uint8_t data[4000];
  uint16_t back[SFU_RTCP_NACKS_MAX + 100];
  uint32_t ssrc;
  SfuRtcp packet = { 0 };
  size_t len = write_nack (seqs, G_N_ELEMENTS (seqs), data, sizeof data);

  g_assert_cmpuint (len, ==, 12 + 4 * 3);
  g_assert_true (sfu_rtcp_next (data, len, &packet));
  g_assert_cmpint (packet.kind, ==, SFU_RTCP_NACK);
  g_assert_true (sfu_rtcp_get_sender (&packet, &ssrc) && ssrc == 1);
  g_assert_true (sfu_rtcp_get_media (&packet, &ssrc) && ssrc == 2);
  g_assert_cmpuint (sfu_rtcp_list_nacks (&packet, back, 100), ==, G_N_ELEMENTS (seqs));
  g_assert_cmpmem (back, sizeof seqs, seqs, sizeof seqs);
  g_assert_cmpuint (sfu_rtcp_list_nacks (&packet, back, 3), ==, 3);

  memset (data, 0xff, sizeof data);
  memcpy (data, (const uint8_t[]){ 0x81, 205, 3, 0xe7, 0, 0, 0, 1, 0, 0, 0, 2 }, 12);
  packet = (SfuRtcp){ 0 };
  g_assert_true (sfu_rtcp_next (data, 4000, &packet));
  g_assert_cmpuint (sfu_rtcp_list_nacks (&packet, back, G_N_ELEMENTS (back)), ==, SFU_RTCP_NACKS_MAX);
  g_assert_cmpuint (write_nack (seqs, 0, data, sizeof data), ==, 0);
}

static void
test_nack_round_trip (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);

  for (unsigned round = 0; round < 500; round++)
    {
      uint16_t seqs[200], back[SFU_RTCP_NACKS_MAX];
      uint8_t data[1200];
      SfuRtcp packet = { 0 };
      uint16_t seq = (uint16_t) g_rand_int (rand);
      size_t n = (size_t) g_rand_int_range (rand, 1, 200), len;

      for (size_t i = 0; i < n; i++)
        seqs[i] = seq = (uint16_t) (seq + g_rand_int_range (rand, 1, 40));
      len = write_nack (seqs, n, data, sizeof data);
      g_assert_cmpuint (len, >, 0);
      g_assert_true (sfu_rtcp_next (data, len, &packet));
      g_assert_cmpuint (sfu_rtcp_list_nacks (&packet, back, G_N_ELEMENTS (back)), ==, n);
      g_assert_cmpmem (back, n * 2, seqs, n * 2);
    }
}

static void
test_keyframe_requests (void)
{
  static const SfuRtcpLrr lrr = { 9, 5, 96, 2, 1, 1, 3, true };
  uint8_t data[200], seq_nr;
  SfuRtcpWriter out;
  SfuRtcp packet = { 0 };
  SfuRtcpLrr other;
  uint32_t ssrc;

  sfu_rtcp_begin (&out, data, sizeof data);
  g_assert_true (sfu_rtcp_put_pli (&out, 1, 2)); /* reduced size: no report in front (RFC 5506) */
  g_assert_true (sfu_rtcp_put_fir (&out, 1, 3, 77));
  g_assert_true (sfu_rtcp_put_lrr (&out, 1, &lrr));
  g_assert_true (sfu_rtcp_next (data, sfu_rtcp_end (&out), &packet));
  g_assert_cmpint (packet.kind, ==, SFU_RTCP_PLI);
  g_assert_true (sfu_rtcp_get_media (&packet, &ssrc) && ssrc == 2);
  g_assert_true (sfu_rtcp_next (data, sfu_rtcp_end (&out), &packet));
  g_assert_cmpint (packet.kind, ==, SFU_RTCP_FIR);
  g_assert_true (sfu_rtcp_get_fir (&packet, 0, &ssrc, &seq_nr)); /* point 33: its own sequence number */
  g_assert_cmpuint (ssrc, ==, 3);
  g_assert_cmpuint (seq_nr, ==, 77);
  g_assert_false (sfu_rtcp_get_fir (&packet, 1, &ssrc, &seq_nr));
  g_assert_true (sfu_rtcp_next (data, sfu_rtcp_end (&out), &packet));
  g_assert_true (sfu_rtcp_get_lrr (&packet, 0, &other));
  g_assert_cmpuint (other.ssrc, ==, 9);
  g_assert_cmpuint (other.seq_nr, ==, 5);
  g_assert_cmpuint (other.payload_type, ==, 96);
  g_assert_cmpuint (other.target_temporal, ==, 2);
  g_assert_cmpuint (other.target_layer, ==, 1);
  g_assert_cmpuint (other.current_temporal, ==, 1);
  g_assert_cmpuint (other.current_layer, ==, 3);
  g_assert_true (other.has_current);
  g_assert_false (sfu_rtcp_get_lrr (&packet, 1, &other));
}

static void
test_remb (void)
{
  static const struct {
    uint64_t bps, back;
  } rates[] = { { 0, 0 }, { 1, 1 }, { 0x3ffff, 0x3ffff }, { 0x40001, 0x40000 }, { 2500000, 2500000 },
                { 1234567890, 1234567168 }, { UINT64_MAX, 0xffffc00000000000 } };
  static const uint32_t ssrcs[] = { 1, 2, 3 };
  uint8_t data[200];
  SfuRtcpWriter out;
  uint64_t bps;

  for (unsigned i = 0; i < G_N_ELEMENTS (rates); i++)
    {
      SfuRtcp packet = { 0 };

      sfu_rtcp_begin (&out, data, sizeof data);
      g_assert_true (sfu_rtcp_put_remb (&out, 1, rates[i].bps, ssrcs, 3));
      g_assert_true (sfu_rtcp_next (data, sfu_rtcp_end (&out), &packet));
      g_assert_true (sfu_rtcp_parse_remb (&packet, &bps));
      g_assert_cmpuint (bps, ==, rates[i].back);
    }
  /* an exponent that no 64 bits have */
  g_auto (Bytes) huge = bytes_of ("8fce0004 00000001 00000000 52454d42 00ffffff");
  SfuRtcp packet = { 0 };
  g_assert_true (sfu_rtcp_next (huge.data, huge.len, &packet));
  g_assert_true (sfu_rtcp_parse_remb (&packet, &bps));
  g_assert_cmpuint (bps, ==, UINT64_MAX);
}

/* point 36: RTT of who only receives (RFC 3611 §4.4, §4.5) */
static void
test_xr (void)
{
  static const SfuRtcpDlrr dlrrs[] = { { 1, 2, 3 }, { 4, 5, 6 } };
  g_auto (Bytes) mixed = bytes_of ("80cf000c 00000001 01000001 ffffffff 05000003 00000007 00000008 00000009"
                                   "05000003 0000000a 0000000b 0000000c 0000ffff");
  uint8_t data[200];
  SfuRtcpWriter out;
  SfuRtcp packet = { 0 };
  SfuRtcpDlrr dlrr;
  uint64_t ntp;
  uint32_t ssrc;

  sfu_rtcp_begin (&out, data, sizeof data);
  g_assert_true (sfu_rtcp_put_rrtr (&out, 1, 0x0123456789abcdef));
  g_assert_true (sfu_rtcp_put_dlrr (&out, 2, dlrrs, 2));
  g_assert_true (sfu_rtcp_next (data, sfu_rtcp_end (&out), &packet));
  g_assert_true (sfu_rtcp_find_rrtr (&packet, &ntp));
  g_assert_cmphex (ntp, ==, 0x0123456789abcdef);
  g_assert_false (sfu_rtcp_get_dlrr (&packet, 0, &dlrr));
  g_assert_true (sfu_rtcp_next (data, sfu_rtcp_end (&out), &packet));
  g_assert_true (sfu_rtcp_get_sender (&packet, &ssrc) && ssrc == 2);
  g_assert_false (sfu_rtcp_find_rrtr (&packet, &ntp));
  g_assert_true (sfu_rtcp_get_dlrr (&packet, 1, &dlrr));
  g_assert_true (dlrr.ssrc == 4 && dlrr.lrr == 5 && dlrr.dlrr == 6);
  g_assert_false (sfu_rtcp_get_dlrr (&packet, 2, &dlrr));

  packet = (SfuRtcp){ 0 };
  g_assert_true (sfu_rtcp_next (mixed.data, mixed.len, &packet));
  g_assert_true (sfu_rtcp_get_dlrr (&packet, 1, &dlrr) && dlrr.ssrc == 10);
  g_assert_false (sfu_rtcp_get_dlrr (&packet, 2, &dlrr));
}

/* what does not fit is not begun, and what stands before it stays */
static void
test_writer_full (void)
{
  static const uint32_t ssrc = 1;
  static const uint16_t seq = 1;
  char cname[300];
  uint8_t data[12 + 8];
  SfuRtcpWriter out;

  memset (cname, 'a', sizeof cname - 1);
  cname[sizeof cname - 1] = '\0';
  sfu_rtcp_begin (&out, data, sizeof data);
  g_assert_true (sfu_rtcp_put_pli (&out, 1, 2));
  g_assert_false (sfu_rtcp_put_pli (&out, 1, 2));
  g_assert_false (sfu_rtcp_put_sr (&out, &(SfuRtcpSr){ 0 }, NULL, 0));
  g_assert_false (sfu_rtcp_put_rr (&out, 1, reports, 1));
  g_assert_false (sfu_rtcp_put_cname (&out, 1, "abc"));
  g_assert_false (sfu_rtcp_put_cname (&out, 1, cname));
  g_assert_false (sfu_rtcp_put_nack (&out, 1, 2, &seq, 1));
  g_assert_false (sfu_rtcp_put_fir (&out, 1, 2, 3));
  g_assert_false (sfu_rtcp_put_lrr (&out, 1, &(SfuRtcpLrr){ 0 }));
  g_assert_false (sfu_rtcp_put_remb (&out, 1, 2, NULL, 0));
  g_assert_false (sfu_rtcp_put_rrtr (&out, 1, 2));
  g_assert_false (sfu_rtcp_put_dlrr (&out, 1, &(SfuRtcpDlrr){ 0 }, 1));
  g_assert_false (sfu_rtcp_put_bye (&out, &ssrc, 0));
  g_assert_false (sfu_rtcp_put_packet (&out, data, 12));
  g_assert_false (sfu_rtcp_put_packet (&out, data, 7));
  g_assert_cmpuint (sfu_rtcp_end (&out), ==, 12);
  g_assert_true (sfu_rtcp_put_rr (&out, 1, NULL, 0));
  g_assert_cmpuint (sfu_rtcp_end (&out), ==, 20);
  g_assert_true (sfu_rtcp_is_valid (data, 20));
}

static void
test_truncated (void)
{
  uint8_t data[400];
  SfuRtcpWriter out;

  sfu_rtcp_begin (&out, data, sizeof data);
  sfu_rtcp_put_rr (&out, 1, reports, 2);
  sfu_rtcp_put_cname (&out, 1, "abc");
  sfu_rtcp_put_pli (&out, 1, 2);
  for (size_t len = 0; len < sfu_rtcp_end (&out); len++)
    {
      g_auto (Bytes) cut = bytes_copy (data, len);
      SfuRtcp packet = { 0 };
      bool valid = sfu_rtcp_is_valid (cut.data, len);

      while (sfu_rtcp_next (cut.data, len, &packet))
        g_assert_cmpuint (packet.next, <=, len);
      g_assert_cmpint (valid, ==, len > 0 && packet.next == len);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *name = g_strdup_printf ("/sfu/rtcp/bad/%s", bad[i].name);
      g_test_add_data_func (name, GUINT_TO_POINTER (i), test_bad);
    }
  g_test_add_func ("/sfu/rtcp/hollow", test_hollow);
  g_test_add_func ("/sfu/rtcp/compound", test_compound);
  g_test_add_func ("/sfu/rtcp/cname-chunks", test_cname_chunks);
  g_test_add_func ("/sfu/rtcp/nack", test_nack);
  g_test_add_func ("/sfu/rtcp/nack-round-trip", test_nack_round_trip);
  g_test_add_func ("/sfu/rtcp/keyframe-requests", test_keyframe_requests);
  g_test_add_func ("/sfu/rtcp/remb", test_remb);
  g_test_add_func ("/sfu/rtcp/xr", test_xr);
  g_test_add_func ("/sfu/rtcp/writer-full", test_writer_full);
  g_test_add_func ("/sfu/rtcp/truncated", test_truncated);
  return g_test_run ();
}
