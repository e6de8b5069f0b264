/* SPDX-License-Identifier: Apache-2.0 */
/* An RTP packet that parses is written again, element by element, and must parse to the same. */
#include <glib.h>

#include "sfu/rtp.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static size_t
write_again (const SfuRtp *rtp, uint8_t *again, size_t size)
{
  SfuRtpExt ext = { 0 };
  SfuRtpWriter out;

  sfu_rtp_begin (&out, again, size, rtp->payload_type, rtp->marker, rtp->seq, rtp->timestamp, rtp->ssrc, true);
  while (sfu_rtp_next_ext (rtp, &ext))
    {
      g_assert_true (ext.value >= rtp->data && ext.value + ext.len <= rtp->data + rtp->header_len);
      g_assert_nonnull (sfu_rtp_put_ext (&out, ext.id, ext.value, ext.len));
    }
  sfu_rtp_put_payload (&out, rtp->data + rtp->header_len, rtp->payload_len);
  return sfu_rtp_end (&out, rtp->padding_len);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static uint8_t again[65536];
  SfuRtpExt ext = { 0 }, other_ext = { 0 };
  SfuRtp rtp, other;
  size_t len;

  (void) sfu_rtp_is_rtcp (data, size);
  if (!sfu_rtp_parse (data, size, &rtp))
    return 0;
  g_assert_cmpuint ((size_t) rtp.header_len + rtp.payload_len + rtp.padding_len, ==, size);
  len = write_again (&rtp, again, sizeof again);
  if (len == 0)
    return 0; /* the two-byte form may have made it too long */
  g_assert_true (sfu_rtp_parse (again, len, &other));
  g_assert_cmpuint (other.ssrc, ==, rtp.ssrc);
  g_assert_cmpuint (other.timestamp, ==, rtp.timestamp);
  g_assert_cmpuint (other.seq, ==, rtp.seq);
  g_assert_cmpuint (other.payload_type, ==, rtp.payload_type);
  g_assert_cmpint (other.marker, ==, rtp.marker);
  g_assert_cmpmem (other.data + other.header_len, other.payload_len, data + rtp.header_len, rtp.payload_len);
  g_assert_cmpuint (other.padding_len, ==, rtp.padding_len);
  while (sfu_rtp_next_ext (&rtp, &ext))
    {
      g_assert_true (sfu_rtp_next_ext (&other, &other_ext));
      g_assert_cmpuint (ext.id, ==, other_ext.id);
      g_assert_cmpmem (ext.value, ext.len, other_ext.value, other_ext.len);
    }
  g_assert_false (sfu_rtp_next_ext (&other, &other_ext));
  return 0;
}
