/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>

#include "server/load/rtcp.h"
#include "server/load/stream-in.h"

/* 10 arrives at 64 s, 11 not, 12 a millisecond later, 13 a second later: symbols 1 0 1 2 */
static void
test_feedback (void)
{
  static const uint8_t expected[] = { 0x8f, 205, 0, 6, 0, 0, 0, 1, 0, 0, 0, 2, 0, 10, 0, 4, 0, 0x03, 0xe8, 0,
                                      0xd1, 0x80, /* 11 01 00 01 10 ... */
                                      0, 4, 0x0f, 0xa0, 0, 0 };
  g_autofree LoadFeedback *feedback = g_new0 (LoadFeedback, 1);
  uint8_t data[256];

  g_assert_cmpuint (load_feedback_write (feedback, 1, 2, data, sizeof data), ==, 0);
  load_feedback_add (feedback, 10, 64000000);
  load_feedback_add (feedback, 12, 64001000);
  load_feedback_add (feedback, 13, 65001000);
  g_assert_cmpuint (load_feedback_write (feedback, 1, 2, data, sizeof data), ==, sizeof expected);
  g_assert_cmpmem (data, sizeof expected, expected, sizeof expected);
  g_assert_cmpuint (load_feedback_write (feedback, 1, 2, data, sizeof data), ==, 0); /* told already */
  load_feedback_add (feedback, 11, 65002000); /* told as lost */
  g_assert_cmpuint (load_feedback_write (feedback, 1, 2, data, sizeof data), ==, 0);
  load_feedback_add (feedback, 14, 65002000);
  g_assert_cmpuint (load_feedback_write (feedback, 1, 2, data, sizeof data), ==, 24);
  g_assert_cmpuint (data[13], ==, 14);
  g_assert_cmpuint (data[19], ==, 1); /* the second feedback */
}

static void
test_feedback_jump (void)
{
  g_autofree LoadFeedback *feedback = g_new0 (LoadFeedback, 1);
  uint8_t data[2048];

  load_feedback_add (feedback, 65000, 1000000);
  load_feedback_add (feedback, (uint16_t) (65000 + 5 * LOAD_FEEDBACK_WINDOW), 2000000);
  g_assert_cmpuint (load_feedback_write (feedback, 1, 2, data, sizeof data), >, 0);
  g_assert_cmpuint ((unsigned) data[14] << 8 | data[15], ==, LOAD_FEEDBACK_WINDOW);
}

typedef struct {
  unsigned n, keyframes;
  uint16_t seqs[32];
  uint32_t media, middle;
} Seen;

static void
on_nack (uint32_t media, uint16_t seq, void *user)
{
  Seen *seen = user;

  seen->media = media;
  seen->seqs[seen->n++] = seq;
}

static void
on_keyframe (uint32_t media, void *user)
{
  ((Seen *) user)->keyframes++;
  ((Seen *) user)->media = media;
}

static void
on_sender_report (uint32_t ssrc, uint32_t middle_ntp, void *user)
{
  ((Seen *) user)->middle = middle_ntp;
}

static const LoadRtcpFns fns = { on_keyframe, on_nack, on_sender_report };

static void
test_round_trip (void)
{
  static const uint16_t seqs[] = { 65530, 65535, 10, 11, 100 };
  Seen seen = { 0 };
  uint8_t data[256];
  size_t len = load_rtcp_write_nack (data, sizeof data, 1, 77, seqs, G_N_ELEMENTS (seqs));

  g_assert_cmpuint (len, ==, 12 + 3 * 4);
  load_rtcp_read (data, len, &fns, &seen);
  g_assert_cmpuint (seen.n, ==, G_N_ELEMENTS (seqs));
  g_assert_cmpmem (seen.seqs, sizeof seqs, seqs, sizeof seqs);
  g_assert_cmpuint (seen.media, ==, 77);
  len = load_rtcp_write_sr (data, sizeof data, 5, 0x1111222233334444, 9, 1, 1, "name");
  len += load_rtcp_write_pli (data + len, sizeof data - len, 1, 78);
  load_rtcp_read (data, len, &fns, &seen);
  g_assert_cmphex (seen.middle, ==, 0x22223333);
  g_assert_cmpuint (seen.keyframes, ==, 1);
  g_assert_cmpuint (seen.media, ==, 78);
  for (size_t cut = 1; cut < len; cut++)
    load_rtcp_read (data, len - cut, &fns, &seen);
  g_assert_cmpuint (load_rtcp_write_pli (data, 11, 1, 78), ==, 0); /* no room */
}

static void
test_missing (void)
{
  LoadStreamIn *stream = load_stream_in_new (1, false, true);
  uint16_t seqs[8];

  (void) load_arrivals_add (&stream->arrivals, 10, 0, 90000, 0);
  (void) load_arrivals_add (&stream->arrivals, 13, 0, 90000, 0);
  load_stream_in_note_gap (stream, stream->arrivals.highest - 2, stream->arrivals.highest);
  g_assert_cmpuint (load_stream_in_list_missing (stream, 0, seqs, 8), ==, 2);
  g_assert_cmpuint (seqs[0], ==, 11);
  g_assert_cmpuint (load_stream_in_list_missing (stream, LOAD_NACK_AGAIN_US - 1, seqs, 8), ==, 0);
  (void) load_arrivals_add (&stream->arrivals, 11, 0, 90000, 0);
  g_assert_cmpuint (load_stream_in_list_missing (stream, LOAD_NACK_AGAIN_US, seqs, 8), ==, 1);
  g_assert_cmpuint (seqs[0], ==, 12);
  for (int i = 2; i < 2 * LOAD_NACK_TRIES; i++)
    (void) load_stream_in_list_missing (stream, i * LOAD_NACK_AGAIN_US, seqs, 8);
  g_assert_cmpuint (stream->n_missing, ==, 0); /* given up */
  load_stream_in_free (stream);
}

static void
test_header (void)
{
  static const uint8_t packet[] = { 0x90, 0xe0, 0, 7, 0, 0, 0, 8, 0, 0, 0, 9, 0xbe, 0xde, 0, 2, 0x22, 1, 2, 3, 0, 0x31, 0xab, 0xcd,
                                    0x90, 0x80, 0x81, 0x23, 0x10 };
  LoadHeader header;
  bool start, keyframe;

  g_assert_true (load_header_read (packet, sizeof packet, 3, &header));
  g_assert_true (header.marker);
  g_assert_cmpuint (header.pt, ==, 96);
  g_assert_true (header.has_transport);
  g_assert_cmphex (header.transport, ==, 0xabcd);
  g_assert_cmpuint (header.len, ==, 24);
  g_assert_true (load_vp8_read (packet + 24, 5, &start, &keyframe));
  g_assert_true (start && keyframe);
  g_assert_true (load_header_read (packet, sizeof packet, 4, &header));
  g_assert_false (header.has_transport);
  for (size_t len = 0; len < 24; len++)
    g_assert_false (load_header_read (packet, len, 3, &header));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/rtcp/feedback", test_feedback);
  g_test_add_func ("/server/rtcp/feedback/jump", test_feedback_jump);
  g_test_add_func ("/server/rtcp/round-trip", test_round_trip);
  g_test_add_func ("/server/rtcp/missing", test_missing);
  g_test_add_func ("/server/rtcp/header", test_header);
  return g_test_run ();
}
