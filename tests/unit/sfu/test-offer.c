/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/offer.h"

#include "sdp.h"

/* Points 42 to 44 and 47 of docs/sfu.md: what an offer may not be. @find, @put: of small_offer; @says: part of the error. */
static const struct {
  const char *name, *find, *put, *says;
} bad[] = {
  { "not-sdp", "*v=0", "hello world", "line 1: not of the form" },
  { "version-1", "v=0", "v=1", "line 1: the version" },
  { "no-version", "v=0\r\n", "", "line 1: an offer begins with" },
  { "origin-late", "s=-\r\n", "t=0 0\r\n", "line 3" },
  { "origin-short", "o=- 4611731400430051336 2", "o=- 4611731400430051336", "line 2: o=" },
  { "origin-id", "4611731400430051336", "a", "line 2: o=" },
  { "origin-id-range", "4611731400430051336", "99999999999999999999", "line 2: o=" },
  { "origin-twice", "t=0 0", "o=- 1 2 IN IP4 127.0.0.1", "line 4: not a line of a session" },
  { "no-time", "t=0 0\r\n", "", "no t=" },
  { "unknown-line", "t=0 0", "x=0 0", "line 4: not a line of a session" },
  { "unknown-line-in-section", "a=rtcp-mux", "t=0 0", "line 20: not a line of an m= section" },
  { "empty-line", "a=sendrecv", "", "line 18: not of the form" },
  { "empty-value", "a=sendrecv", "a=", "line 18: not of the form" },
  { "no-name", "a=sendrecv", "a=:x", "line 18: a= needs a name" },
  { "name-no-token", "a=sendrecv", "a=send recv:x", "a= needs a name" },
  { "control-character", "a=sendrecv", "a=send\x01recv", "line 18: a control character" },
  { "bare-cr", "a=sendrecv\r\n", "a=sendrecv\ra=x\r\n", "line 18: a control character" },
  { "not-utf8", "a=sendrecv", "a=x:\xff\xfe", "not UTF-8" },
  { "overlong-utf8", "a=sendrecv", "a=x:\xc0\xaf", "not UTF-8" },
  { "port-range", "m=audio 9 ", "m=audio 65536 ", "line 8: m= needs" },
  { "port-sign", "m=audio 9 ", "m=audio -9 ", "line 8: m= needs" },
  { "port-space", "m=audio 9 ", "m=audio  9 ", "line 8: m= needs" },
  { "port-count", "m=audio 9 ", "m=audio 9/ ", "line 8: m= needs" },
  { "media-long", "m=audio 9 ", "m=audioaudioaudioa 9 ", "line 8: m= needs" },
  { "no-formats", " 111 63 0", "", "line 8: m= needs 1 to 128" },
  { "formats-two-spaces", " 111 63 0", " 111  63 0", "line 8: m= needs 1 to 128" },
  { "format-range", " 111 63 0", " 111 63 128", "line 8, section 0" },
  { "format-word", " 111 63 0", " 111 opus", "no payload type" },
  { "format-twice", " 111 63 0", " 111 63 111", "listed twice" },
  { "map-twice", "a=rtpmap:0 PCMU/8000", "a=rtpmap:111 opus/48000/2", "second time" },
  { "map-range", "a=rtpmap:0 PCMU/8000", "a=rtpmap:128 PCMU/8000", "a=rtpmap needs" },
  { "map-no-clock", "a=rtpmap:0 PCMU/8000", "a=rtpmap:0 PCMU", "a=rtpmap needs" },
  { "map-like-rtcp", "*96", "72", "cannot be told from RTCP" },
  { "fmtp-no-type", "a=fmtp:63 111/111", "a=fmtp:x 111/111", "a=fmtp needs" },
  { "feedback-no-type", "a=rtcp-fb:111 transport-cc", "a=rtcp-fb:all transport-cc", "a=rtcp-fb needs" },
  { "mid-none", "a=mid:0\r\n", "", "no a=mid" },
  { "mid-twice", "a=mid:0", "a=mid:0\r\na=mid:2", "a=mid for the second time" },
  { "mid-same", "a=mid:0", "a=mid:1", "another section has this mid" },
  { "mid-long", "a=mid:0", "a=mid:012345678901234567890123456789012", "a=mid is a token" },
  { "mid-no-token", "a=mid:0", "a=mid:a b", "a=mid is a token" },
  { "bundle-twice", "a=msid-semantic: WMS", "a=group:BUNDLE 2", "a second BUNDLE" },
  { "bundle-mid-twice", "a=group:BUNDLE 0 1", "a=group:BUNDLE 0 0", "twice in the BUNDLE" },
  { "bundle-spaces", "a=group:BUNDLE 0 1", "a=group:BUNDLE 0  1", "a=group:BUNDLE needs" },
  { "bundle-types", " 96 97 98 99 100 101 102\r\n", " 96 97 98 99 100 101 111\r\na=rtpmap:111 VP9/90000\r\n", "another codec" },
  { "bundle-rtx", " 111 63 0", " 111 63 97", "payload type 97 is another codec" },
  { "bundle-exts", "a=extmap:3/sendonly http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "a=extmap:1 urn:ietf:params:rtp-hdrext:toffset", "extension id 1 is another one" },
  { "ext-twice", "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid",
    "an extension id for the second time" },
  { "ext-zero", "a=extmap:4", "a=extmap:0", "a=extmap needs an id" },
  { "ext-no-uri", "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", "a=extmap:4", "a=extmap needs a URI" },
  { "ext-direction", "a=extmap:3/sendonly", "a=extmap:3/sideways", "a=extmap needs a URI" },
  { "ufrag-short", "*a=ice-ufrag:abcd", "a=ice-ufrag:abc", "a=ice-ufrag has" },
  { "ufrag-characters", "*a=ice-ufrag:abcd", "a=ice-ufrag:ab:d", "a=ice-ufrag has" },
  { "pwd-short", "*a=ice-pwd:abcdefghijklmnopqrstuv", "a=ice-pwd:abcdefghijklmnopqrstu", "a=ice-pwd has" },
  { "no-ice", "*a=ice-ufrag:abcd\r\n", "", "no a=ice-ufrag" },
  { "no-pwd", "*a=ice-pwd:abcdefghijklmnopqrstuv\r\n", "", "no a=ice-ufrag" },
  { "ice-differs", "a=ice-ufrag:abcd", "a=ice-ufrag:efgh", "ICE credentials differ" },
  { "ice-lite", "a=extmap-allow-mixed", "a=ice-lite", "a=ice-lite" },
  { "fingerprint-differs", "a=fingerprint:sha-256 00:", "a=fingerprint:sha-256 01:", "fingerprints differ" },
  { "fingerprint-short", "*:EE:FF\r\n", ":EE\r\n", "not the length" },
  { "fingerprint-form", "*:EE:FF\r\n", ":EEFFF\r\n", "XX:XX" },
  { "fingerprint-weak", "*sha-256", "sha-1", "no a=fingerprint" },
  { "fingerprint-no-value", "*a=fingerprint:sha-256 ", "a=fingerprint:sha-256", "a=fingerprint needs" },
  { "setup-none", "*a=setup:actpass\r\n", "", "no a=setup" },
  { "setup-holdconn", "*a=setup:actpass", "a=setup:holdconn", "a=setup is" },
  { "setup-differs", "a=setup:actpass", "a=setup:passive", "a=setup differs" },
  { "rid-characters", "a=rid:q send", "a=rid:q! send", "a=rid needs an id" },
  { "rid-long", "a=rid:q send", "a=rid:12345678901234567 send", "a=rid needs an id" },
  { "rid-twice", "a=rid:h send", "a=rid:q send", "a=rid for the second time" },
  { "rid-direction", "a=rid:q send", "a=rid:q both", "a=rid needs send or recv" },
  { "simulcast-empty", "send q;~h;f", "send ", "a=simulcast needs" },
  { "simulcast-list", "send q;~h;f", "send q;;f", "a=simulcast has a list" },
  { "simulcast-list-end", "send q;~h;f", "send q;h;", "a=simulcast has a list" },
  { "simulcast-direction", "send q;~h;f", "both q;~h;f", "a=simulcast needs" },
  { "simulcast-twice", "a=simulcast:send q;~h;f", "a=simulcast:send q;h\r\na=simulcast:send f", "a=simulcast for the second" },
  { "ssrc-zero", "a=ssrc:1000 cname:one", "a=ssrc:0 cname:one", "a=ssrc needs" },
  { "ssrc-range", "a=ssrc:1000 cname:one", "a=ssrc:4294967296 cname:one", "a=ssrc needs" },
  { "ssrc-group", "a=ssrc:1000 cname:one", "a=ssrc-group:FID 1000", "a=ssrc-group:FID needs" },
  { "ssrc-group-self", "a=ssrc:1000 cname:one", "a=ssrc-group:FID 1000 1000", "a=ssrc-group:FID needs" },
  { "ssrc-elsewhere", "a=rid:q send", "a=ssrc:1000 cname:two", "announced twice" },
};

static void
test_bad (gconstpointer data)
{
  unsigned i = GPOINTER_TO_UINT (data);
  g_autofree char *text = sdp_change (small_offer, bad[i].find, bad[i].put);
  g_autoptr (GError) error = NULL;
  g_autoptr (SfuOffer) offer = sfu_offer_parse (text, strlen (text), &error);

  g_assert_null (offer);
  g_assert_error (error, SFU_ERROR, SFU_ERROR_BAD_OFFER);
  if (strstr (error->message, bad[i].says) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, bad[i].says);
}

static void
assert_limit (const char *text, size_t len, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (sfu_offer_parse (text, len, &error));
  g_assert_error (error, SFU_ERROR, SFU_ERROR_LIMIT);
  g_assert_nonnull (strstr (error->message, says));
}

/* Point 47: what a peer can make us keep has bounds. */
static void
test_limits (void)
{
  g_autofree char *large = g_malloc (SFU_OFFER_MAX + 1), *filler = g_strnfill (SFU_OFFER_LINE_MAX, 'x'), *text = NULL;
  g_autoptr (GString) many = g_string_new (small_offer);
  g_autoptr (GString) lines = g_string_new (small_offer);
  g_autoptr (GError) error = NULL;

  (void) memset (large, 'a', SFU_OFFER_MAX + 1);
  assert_limit (large, SFU_OFFER_MAX + 1, "524289 bytes");
  text = g_strconcat (small_offer, "a=x:", filler, "\r\n", NULL);
  assert_limit (text, strlen (text), "longer than 4096");
  for (unsigned i = 2; i <= SFU_SECTIONS_MAX; i++)
    g_string_append_printf (many, "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\na=mid:%u\r\n", i);
  assert_limit (many->str, many->len, "128 m= sections");
  while (lines->len < SFU_OFFER_MAX - 8)
    g_string_append (lines, "a=x\n");
  assert_limit (lines->str, lines->len, "32768 lines");
  g_assert_null (sfu_offer_parse ("", 0, &error));
  g_assert_error (error, SFU_ERROR, SFU_ERROR_BAD_OFFER);
  g_clear_error (&error);
  g_assert_null (sfu_offer_parse ("v=0\0\n", 5, &error));
  g_assert_error (error, SFU_ERROR, SFU_ERROR_BAD_OFFER);
  g_clear_error (&error);
  g_assert_null (sfu_offer_parse ("v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\n", 38, &error));
  g_assert_error (error, SFU_ERROR, SFU_ERROR_BAD_OFFER);
}

static void
test_ssrc_limits (void)
{
  g_autoptr (GString) text = g_string_new (small_offer);
  g_autoptr (GError) error = NULL;

  for (unsigned i = 0; i < 17; i++)
    g_string_append_printf (text, "a=ssrc:%u cname:x\r\n", 2000 + i);
  g_assert_null (sfu_offer_parse (text->str, text->len, &error));
  g_assert_nonnull (strstr (error->message, "more than 16 SSRCs"));
  g_clear_error (&error);
  g_string_assign (text, small_offer);
  for (unsigned i = 0; i < 17; i++)
    g_string_append_printf (text, "a=rid:r%u send\r\n", i);
  g_assert_null (sfu_offer_parse (text->str, text->len, &error));
  g_assert_nonnull (strstr (error->message, "more than 16 a=rid"));
}

static void
test_small (void)
{
  g_autoptr (SfuOffer) offer = sdp_offer (small_offer);
  const SfuSection *audio = &offer->sections[0], *video = &offer->sections[1];

  g_assert_cmpuint (offer->n_sections, ==, 2);
  g_assert_true (offer->has_bundle && offer->trickle == false);
  g_assert_cmpstr (offer->session, ==, "- 4611731400430051336 IN IP4");
  g_assert_cmpuint (offer->version, ==, 2);
  g_assert_cmpstr (offer->remote.ufrag, ==, "abcd");
  g_assert_cmpuint (offer->remote.n_fingerprints, ==, 1);
  g_assert_cmpuint (offer->remote.fingerprints[0].value[1], ==, 0x11);
  g_assert_cmpint (offer->remote.setup, ==, SFU_SETUP_ACTPASS);
  g_assert_true (audio->is_rtp && audio->is_bundled && audio->rtcp_mux && audio->reduced_size && audio->mixed_exts);
  g_assert_cmpint (audio->kind, ==, SFU_AUDIO);
  g_assert_cmpint (audio->direction, ==, SFU_SENDS_AND_RECEIVES);
  g_assert_cmpuint (audio->n_formats, ==, 2);
  g_assert_cmpint (audio->formats[1].codec, ==, SFU_CODEC_RED);
  g_assert_cmpuint (audio->formats[1].profile, ==, 111);
  g_assert_cmpuint (audio->exts.id[SFU_EXT_AUDIO_LEVEL], ==, 1);
  g_assert_cmpuint (audio->n_ssrcs, ==, 1);
  g_assert_cmpuint (audio->ssrcs[0].ssrc, ==, 1000);
  g_assert_cmpstr (audio->cname, ==, "one");
  g_assert_cmpstr (audio->msid, ==, "stream audio");
  /* profile-id 1 and packetization-mode 0 are not forwarded; RTX belongs to VP8 alone (point 43) */
  g_assert_cmpuint (video->n_formats, ==, 4);
  g_assert_cmpint (video->formats[0].codec, ==, SFU_CODEC_VP8);
  g_assert_cmpuint (video->formats[0].rtx, ==, 97);
  g_assert_cmpuint (video->formats[0].feedback, ==, 31);
  g_assert_cmpuint (video->formats[1].rtx, ==, 0);
  g_assert_cmpuint (video->formats[2].profile, ==, 0x42e01f);
  g_assert_cmpuint (video->formats[3].profile, ==, 5 << 8);
  g_assert_cmpuint (video->ext_directions.id[SFU_EXT_ABS_SEND_TIME], ==, SFU_SENDS);
  /* point 44: order as offered, "~" begins paused */
  g_assert_cmpuint (video->n_rids, ==, 3);
  g_assert_cmpstr (video->rids[0].id, ==, "q");
  g_assert_true (!video->rids[0].paused && video->rids[1].paused);
  g_assert_cmpstr (video->rids[2].limits, ==, "max-width=1280");
  g_assert_true (sfu_offer_find (offer, "1") == video);
  g_assert_null (sfu_offer_find (offer, ""));
}

/* What differs between clients and is right all the same. */
static const struct {
  const char *name, *find, *put;
} good[] = {
  { "lf", "*\r\n", "\n" },
  { "no-session-name", "s=-", "s=" },
  { "space-session-name", "s=-", "s= " },
  { "empty-lines-behind", "a=simulcast:send q;~h;f\r\n", "a=simulcast:send q;~h;f\r\n\r\n\r\n" },
  { "no-end-of-line", "a=simulcast:send q;~h;f\r\n", "a=simulcast:send q;~h;f" },
  { "rejected-section", "m=audio 9 ", "m=audio 0 " },
  { "unknown-attribute", "a=rtcp-rsize", "a=candidate:1 1 udp 1 192.0.2.1 9 typ host" },
  { "unknown-group", "a=msid-semantic: WMS", "a=group:LS 0 1" },
  { "second-fingerprint", "*a=setup:actpass", "a=fingerprint:sha-1 00:11\r\na=setup:actpass" },
  { "data-section", "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel" },
  { "unknown-media", "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0", "m=text 9 TCP/WSS/BFCP *" },
  { "feedback-of-all", "a=rtcp-fb:96 nack pli", "a=rtcp-fb:* nack pli " },
  { "ext-id-15", "a=extmap:3/sendonly", "a=extmap:15" },
  { "ext-id-4096", "a=extmap:3/sendonly", "a=extmap:4096" },
  { "ext-attributes", "rtp-hdrext:ssrc-audio-level", "rtp-hdrext:ssrc-audio-level vad=on" },
  { "simulcast-both", "send q;~h;f", "recv a;b send q,x;~h;f" },
  { "simulcast-no-rid", "send q;~h;f", "send q;~h;f;g" },
  { "fmtp-spaces", "level-asymmetry-allowed=1;pack", "level-asymmetry-allowed=1; pack" },
  { "setup-passive", "*a=setup:actpass", "a=setup:passive" },
  { "bundle-member-without-setup", "a=setup:actpass\r\na=mid:1", "a=mid:1" },
  { "unlisted-map", "a=rtpmap:102 VP9/90000\r\na=fmtp:102 profile-id=1", "a=rtpmap:111 VP9/90000" },
};

static void
test_good (gconstpointer data)
{
  unsigned i = GPOINTER_TO_UINT (data);
  g_autofree char *text = sdp_change (small_offer, good[i].find, good[i].put);
  g_autoptr (SfuOffer) offer = sdp_offer (text);

  g_assert_cmpuint (offer->n_sections, ==, 2);
  g_assert_cmpuint (offer->sections[1].n_rids, ==, 3);
}

/* Old clients simulcast by SSRC (point 44). */
static void
test_ssrc_simulcast (void)
{
  static const char ssrcs[] = "a=ssrc-group:SIM 1 2 3\r\na=ssrc-group:FID 1 4\r\na=ssrc-group:FID 2 5\r\n"
                              "a=ssrc-group:FID 3 6\r\na=ssrc:4 cname:a\r\na=ssrc:1 cname:a\r\na=ssrc:1 msid:s t\r\n";
  g_autofree char *text = sdp_change (small_offer, "a=simulcast:send q;~h;f\r\n", ssrcs);
  g_autoptr (SfuOffer) offer = sdp_offer (text);
  const SfuSection *video = &offer->sections[1];

  g_assert_cmpuint (video->n_rids, ==, 0);
  g_assert_cmpuint (video->n_ssrcs, ==, 3);
  for (unsigned i = 0; i < 3; i++)
    {
      g_assert_cmpuint (video->ssrcs[i].ssrc, ==, i + 1);
      g_assert_cmpuint (video->ssrcs[i].rtx, ==, i + 4);
    }
  g_assert_cmpstr (video->msid, ==, "s t");
}

static const struct {
  const char *name;
  unsigned sections, video, rids;
  SfuCodec first;
} fixtures[] = {
  { "chromium-publish-vp8", 2, 1, 3, SFU_CODEC_VP8 },
  { "chromium-publish-vp9", 2, 1, 3, SFU_CODEC_VP9 },
  { "chromium-publish-av1", 2, 1, 3, SFU_CODEC_AV1 },
  { "chromium-publish-h264", 2, 1, 3, SFU_CODEC_H264 },
  { "chromium-screen", 4, 1, 3, SFU_CODEC_VP8 },
  { "chromium-data", 3, 1, 3, SFU_CODEC_VP8 },
  { "chromium-subscribe-49", 65, 16, 0, SFU_CODEC_VP8 },
  { "firefox-publish-vp8", 2, 1, 3, SFU_CODEC_VP8 },
  { "firefox-publish-vp9", 2, 1, 3, SFU_CODEC_VP9 },
  { "firefox-publish-av1", 2, 1, 3, SFU_CODEC_AV1 },
  { "firefox-screen", 4, 1, 3, SFU_CODEC_VP8 },
  { "firefox-data", 3, 1, 3, SFU_CODEC_VP8 },
  { "firefox-subscribe-49", 65, 16, 0, SFU_CODEC_VP8 },
  { "safari-publish", 2, 1, 3, SFU_CODEC_H264 },
  { "obs-whip", 2, 1, 2, SFU_CODEC_H264 },
  { "gstreamer-publish", 2, 0, 0, SFU_CODEC_VP8 },
  { "gstreamer-play", 2, 1, 0, SFU_CODEC_VP8 },
};

static const SfuSection *
find_video (const SfuOffer *offer)
{
  for (unsigned i = 0; i < offer->n_sections; i++)
    if (offer->sections[i].is_rtp && offer->sections[i].kind == SFU_VIDEO)
      return &offer->sections[i];
  g_assert_not_reached ();
}

static void
test_fixture (gconstpointer data)
{
  unsigned i = GPOINTER_TO_UINT (data);
  g_autofree char *text = sdp_read (fixtures[i].name);
  g_autoptr (SfuOffer) offer = sdp_offer (text);
  const SfuSection *video = find_video (offer);

  g_assert_true (video == &offer->sections[fixtures[i].video]);
  g_assert_cmpuint (offer->n_sections, ==, fixtures[i].sections);
  g_assert_cmpuint (video->n_rids, ==, fixtures[i].rids);
  g_assert_cmpint (video->formats[0].codec, ==, fixtures[i].first);
  g_assert_true (video->exts.id[SFU_EXT_MID] != 0 || g_str_has_prefix (fixtures[i].name, "gstreamer"));
  for (unsigned j = 0; j < offer->n_sections; j++)
    g_assert_true (offer->sections[j].is_bundled);
}

/* Reading takes steps in proportion to the lines: the offer of 49 slots, and one that is all attributes. */
static void
test_linear (void)
{
  g_autofree char *small = sdp_read ("chromium-publish-vp8"), *large = sdp_read ("chromium-subscribe-49");
  g_autoptr (SfuOffer) few = sdp_offer (small), many = sdp_offer (large);
  double per_byte = (double) few->steps / (double) strlen (small);

  g_assert_cmpfloat ((double) many->steps / (double) strlen (large), <, per_byte * 1.5);
  g_assert_cmpuint (many->steps, <, 32768);
}

static void
add_tables (void)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = g_strconcat ("/sfu/offer/bad/", bad[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_bad);
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *path = g_strconcat ("/sfu/offer/good/", good[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_good);
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (fixtures); i++)
    {
      g_autofree char *path = g_strconcat ("/sfu/offer/fixture/", fixtures[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_fixture);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_tables ();
  g_test_add_func ("/sfu/offer/small", test_small);
  g_test_add_func ("/sfu/offer/limits", test_limits);
  g_test_add_func ("/sfu/offer/ssrc-limits", test_ssrc_limits);
  g_test_add_func ("/sfu/offer/ssrc-simulcast", test_ssrc_simulcast);
  g_test_add_func ("/sfu/offer/linear", test_linear);
  return g_test_run ();
}
