/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>

#include "server/load/sdp.h"

static void
test_round_trip (void)
{
  g_autofree LoadSdp *sdp = g_new0 (LoadSdp, 1), *read = g_new0 (LoadSdp, 1);
  g_autofree char *text = NULL;

  load_sdp_init_section (&sdp->sections[0], 0, true, LOAD_SENDS, 1000);
  load_sdp_init_section (&sdp->sections[1], 1, false, LOAD_SENDS, 2000);
  load_sdp_init_section (&sdp->sections[2], 2, false, LOAD_RECEIVES, 0);
  sdp->n = 3;
  g_strlcpy (sdp->ufrag, "abcd", sizeof sdp->ufrag);
  g_strlcpy (sdp->pwd, "0123456789012345678901", sizeof sdp->pwd);
  g_strlcpy (sdp->fingerprint, "AB:CD", sizeof sdp->fingerprint);
  g_strlcpy (sdp->setup, "actpass", sizeof sdp->setup);
  g_assert_true (al_addr_parse ("10.1.2.3:4567", 0, &sdp->candidate, NULL));
  text = load_sdp_write (sdp);
  g_assert_true (load_sdp_parse (text, read));
  g_assert_cmpuint (read->n, ==, 3);
  g_assert_true (al_addr_equal (&read->candidate, &sdp->candidate));
  g_assert_cmpstr (read->setup, ==, "actpass");
  for (unsigned i = 0; i < 3; i++)
    {
      g_assert_cmpint (read->sections[i].direction, ==, sdp->sections[i].direction);
      g_assert_cmpstr (read->sections[i].mid, ==, sdp->sections[i].mid);
      g_assert_cmpuint (read->sections[i].pt, ==, sdp->sections[i].pt);
      g_assert_cmpuint (read->sections[i].rtx_pt, ==, sdp->sections[i].rtx_pt);
      g_assert_cmpuint (read->sections[i].ssrc, ==, sdp->sections[i].ssrc);
      g_assert_cmpuint (read->sections[i].rtx_ssrc, ==, sdp->sections[i].rtx_ssrc);
      g_assert_cmpuint (read->sections[i].ext_transport, ==, 3);
      g_assert_cmpuint (read->sections[i].ext_level, ==, i == 0 ? 1 : 0);
      g_assert_cmpint (read->sections[i].nack, ==, i > 0);
      g_assert_true (read->sections[i].transport);
    }
}

/* what servers write: directions in extmap, ICE and fingerprint for the session, candidates of TCP, codecs of others first */
static void
test_server (void)
{
  static const char text[] = "v=0\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\na=fingerprint:sha-256 AA\r\na=setup:passive\r\n"
                             "m=video 9 UDP/TLS/RTP/SAVPF 98 100 101\r\na=rtpmap:98 VP9/90000\r\na=rtpmap:100 VP8/90000\r\n"
                             "a=rtpmap:101 rtx/90000\r\na=fmtp:101 apt=100\r\na=rtcp-fb:100 nack pli\r\n"
                             "a=extmap:7/sendonly http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
                             "a=candidate:1 1 tcp 1 10.0.0.1 9 typ host tcptype passive\r\n"
                             "a=candidate:1 1 UDP 1 10.0.0.2 9 typ host\r\na=candidate:1 1 udp 1 10.0.0.3 9 typ host\r\n"
                             "a=mid:v\r\na=sendonly\r\n";
  g_autofree LoadSdp *sdp = g_new0 (LoadSdp, 1);
  AlAddr second;

  g_assert_true (load_sdp_parse (text, sdp));
  g_assert_true (al_addr_parse ("10.0.0.2:9", 0, &second, NULL));
  g_assert_true (al_addr_equal (&sdp->candidate, &second));
  g_assert_cmpuint (sdp->sections[0].pt, ==, 100);
  g_assert_cmpuint (sdp->sections[0].rtx_pt, ==, 101);
  g_assert_cmpuint (sdp->sections[0].ext_transport, ==, 7);
  g_assert_false (sdp->sections[0].nack);
  g_assert_true (sdp->sections[0].pli);
  g_assert_false (sdp->sections[0].transport);
  g_assert_cmpint (sdp->sections[0].direction, ==, LOAD_SENDS);
}

static void
test_incomplete (void)
{
  static const char *const bad[] = { "", "hello", "v=0\r\nm=audio 9 X 0\r\n",
                                     "a=ice-ufrag:u\r\na=ice-pwd:p\r\na=fingerprint:sha-256 AA\r\nm=audio 9 X 0\r\n" };
  g_autofree LoadSdp *sdp = g_new0 (LoadSdp, 1);

  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (load_sdp_parse (bad[i], sdp));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/sdp/round-trip", test_round_trip);
  g_test_add_func ("/server/sdp/server", test_server);
  g_test_add_func ("/server/sdp/incomplete", test_incomplete);
  return g_test_run ();
}
