/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compound is walked and everything in it read; reports and NACKs are written again and compared. What feedback says of
 * arrivals is put into a receiver, whose own feedback must say the same.
 */
#include <glib.h>

#include "sfu/twcc.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_reports (const SfuRtcp *packet)
{
  SfuRtcpReport reports[SFU_RTCP_REPORTS_MAX], other;
  uint8_t again[1000];
  SfuRtcpWriter out;
  SfuRtcp back = { 0 };
  unsigned n = 0;

  while (n < SFU_RTCP_REPORTS_MAX && sfu_rtcp_get_report (packet, n, &reports[n]))
    n++;
  sfu_rtcp_begin (&out, again, sizeof again);
  g_assert_true (sfu_rtcp_put_rr (&out, 1, reports, n));
  g_assert_true (sfu_rtcp_next (again, sfu_rtcp_end (&out), &back));
  for (unsigned i = 0; i < n; i++)
    {
      g_assert_true (sfu_rtcp_get_report (&back, i, &other));
      g_assert_cmpint (other.lost, ==, reports[i].lost);
      g_assert_cmpuint (other.highest_seq, ==, reports[i].highest_seq);
    }
}

static void
check_nack (const SfuRtcp *packet)
{
  uint16_t seqs[SFU_RTCP_NACKS_MAX], back_seqs[SFU_RTCP_NACKS_MAX];
  size_t n = sfu_rtcp_list_nacks (packet, seqs, SFU_RTCP_NACKS_MAX), n_back;
  uint8_t again[4096];
  SfuRtcpWriter out;
  SfuRtcp back = { 0 };

  sfu_rtcp_begin (&out, again, sizeof again);
  if (n == 0)
    return;
  g_assert_true (sfu_rtcp_put_nack (&out, 1, 2, seqs, n));
  g_assert_true (sfu_rtcp_next (again, sfu_rtcp_end (&out), &back));
  n_back = sfu_rtcp_list_nacks (&back, back_seqs, SFU_RTCP_NACKS_MAX);
  g_assert_cmpuint (n_back, <=, n); /* doubles may be gone, and neighbours change places */
  for (size_t i = 0; i < n; i++)
    {
      size_t at = 0;

      while (at < n_back && back_seqs[at] != seqs[i])
        at++;
      g_assert_cmpuint (at, <, n_back);
    }
}

static void
check_feedback (const SfuRtcp *packet)
{
  SfuTwccPacket packets[SFU_TWCC_WINDOW], back_packets[SFU_TWCC_WINDOW];
  static SfuTwccReceiver receiver;
  uint8_t again[1500];
  SfuTwcc twcc;
  size_t n, n_back, len;

  if (!sfu_twcc_parse (packet, &twcc, packets, SFU_TWCC_WINDOW, &n))
    return;
  sfu_twcc_receiver_init (&receiver);
  for (size_t i = 0; i < n; i++)
    if (packets[i].received)
      sfu_twcc_receiver_add (&receiver, packets[i].seq, packets[i].time_us + SFU_TWCC_WRAP_US);
  while ((len = sfu_twcc_receiver_write (&receiver, 1, 2, again, sizeof again)) > 0)
    {
      SfuRtcp back = { 0 };

      g_assert_true (sfu_rtcp_next (again, len, &back) && back.kind == SFU_RTCP_TWCC);
      g_assert_true (sfu_twcc_parse (&back, &twcc, back_packets, SFU_TWCC_WINDOW, &n_back));
      for (size_t i = 0; i < n_back; i++)
        {
          const SfuTwccPacket *was = &packets[(uint16_t) (back_packets[i].seq - packets[0].seq)];

          g_assert_cmpint (was->received, ==, back_packets[i].received);
          g_assert_cmpint ((back_packets[i].time_us - was->time_us) % SFU_TWCC_WRAP_US, ==, 0);
        }
    }
}

static void
read_all (const SfuRtcp *packet)
{
  SfuRtcpSr sr;
  SfuRtcpLrr lrr;
  SfuRtcpDlrr dlrr;
  const char *cname;
  uint64_t value;
  uint32_t ssrc;
  uint8_t seq_nr;
  size_t len;

  (void) sfu_rtcp_get_sender (packet, &ssrc);
  (void) sfu_rtcp_get_media (packet, &ssrc);
  (void) sfu_rtcp_parse_sr (packet, &sr);
  if (sfu_rtcp_find_cname (packet, &ssrc, &cname, &len))
    g_assert_true ((const uint8_t *) cname + len <= packet->data + packet->len);
  (void) sfu_rtcp_parse_remb (packet, &value);
  (void) sfu_rtcp_find_rrtr (packet, &value);
  for (unsigned i = 0; i < 40; i++)
    {
      (void) sfu_rtcp_get_bye (packet, i, &ssrc);
      (void) sfu_rtcp_get_fir (packet, i, &ssrc, &seq_nr);
      (void) sfu_rtcp_get_lrr (packet, i, &lrr);
      (void) sfu_rtcp_get_dlrr (packet, i, &dlrr);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  SfuRtcp packet = { 0 };
  bool valid = sfu_rtcp_is_valid (data, size);

  while (sfu_rtcp_next (data, size, &packet))
    {
      read_all (&packet);
      check_reports (&packet);
      check_nack (&packet);
      check_feedback (&packet);
    }
  g_assert_cmpint (valid, ==, size > 0 && packet.next == size);
  return 0;
}
