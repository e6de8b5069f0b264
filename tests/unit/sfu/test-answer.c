/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/answer.h"

#include "sdp.h"

static const SfuPublish both[] = { { "0", SFU_SOURCE_MIC }, { "1", SFU_SOURCE_CAMERA } };

static char *
write_answer (const SfuAnswer *answer)
{
  SfuLocalCandidate candidates[4] = { { .tcp = false }, { .tcp = true }, { .tcp = false }, { .tcp = true } };
  SfuLocal local = { .ufrag = "ours", .pwd = "oursoursoursoursoursou", .cname = "aldis", .candidates = candidates,
                     .n_candidates = 4, .fingerprint = { .hash = SFU_HASH_SHA256, .len = 32, .value = { 0xab } } };

  (void) al_addr_parse ("192.0.2.1:3478", 0, &candidates[0].addr, NULL);
  (void) al_addr_parse ("192.0.2.1:3479", 0, &candidates[1].addr, NULL);
  (void) al_addr_parse ("[2001:db8::1]:3478", 0, &candidates[2].addr, NULL);
  (void) al_addr_parse ("192.0.2.1:3480", 0, &candidates[3].addr, NULL);
  return sfu_answer_write (answer, &local);
}

static void
give_ssrcs (SfuAnswer *answer)
{
  for (unsigned i = 0; i < answer->n_sections; i++)
    if (sfu_answer_accepts (&answer->sections[i]) && answer->sections[i].n_ssrcs == 0)
      {
        answer->sections[i].n_ssrcs = 1;
        answer->sections[i].ssrcs[0] = (SfuSsrc){ 7000 + i, 8000 + i };
      }
}

static SfuAnswer *
publish (const char *text, const SfuAnswer *previous, const SfuPublish *tracks, unsigned n)
{
  g_autoptr (SfuOffer) offer = sdp_offer (text);
  g_autoptr (GError) error = NULL;
  SfuAnswer *answer = sfu_answer_new_publisher (offer, previous, tracks, n, &error);

  g_assert_no_error (error);
  g_assert_true (previous == NULL || sfu_answer_continues (previous, offer));
  return answer;
}

static SfuAnswer *
subscribe (const char *text, const SfuAnswer *previous)
{
  g_autoptr (SfuOffer) offer = sdp_offer (text);
  g_autoptr (GError) error = NULL;
  SfuAnswer *answer = sfu_answer_new_subscriber (offer, previous, &error);

  g_assert_no_error (error);
  give_ssrcs (answer);
  return answer;
}

static void
assert_says (const char *text, const char *part)
{
  if (strstr (text, part) == NULL)
    g_error ("\"%s\" does not have \"%s\"", text, part);
}

static void
assert_lacks (const char *text, const char *part)
{
  if (strstr (text, part) != NULL)
    g_error ("\"%s\" has \"%s\"", text, part);
}

/* The m= section with @mid, up to the next */
static char *
cut_section (const char *text, const char *mid)
{
  g_autofree char *line = g_strdup_printf ("\r\na=mid:%s\r\n", mid);
  const char *at = strstr (text, line), *begin, *end;

  g_assert_nonnull (at);
  begin = g_strrstr_len (text, at - text, "\r\nm=") + 2;
  end = strstr (at, "\r\nm=");
  return end != NULL ? g_strndup (begin, (gsize) (end + 2 - begin)) : g_strdup (begin);
}

/* Point 44: simulcast is accepted with the offer's rids; point 43: payload types are the offerer's. */
static void
test_publisher (void)
{
  g_autoptr (SfuAnswer) answer = publish (small_offer, NULL, both, 2);
  g_autofree char *text = write_answer (answer), *audio = cut_section (text, "0"), *video = cut_section (text, "1");

  g_assert_true (g_str_has_prefix (text, "v=0\r\no=- "));
  assert_says (text, "\r\na=group:BUNDLE 0 1\r\na=ice-lite\r\n");
  assert_says (audio, "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\n");
  assert_says (audio, "a=recvonly\r\na=rtcp-mux\r\na=rtcp-rsize\r\n");
  assert_says (audio, "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n");
  assert_lacks (audio, "PCMU");
  assert_says (video, "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 101\r\n");
  assert_says (video, "a=rtcp-fb:96 transport-cc\r\na=rtcp-fb:96 ccm fir\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n"
                      "a=rtcp-fb:96 goog-remb\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n");
  assert_says (video, "a=fmtp:99 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n");
  assert_says (video, "a=extmap:3/recvonly http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n");
  assert_says (video, "a=rid:q recv\r\na=rid:h recv\r\na=rid:f recv max-width=1280\r\na=simulcast:recv q;h;f\r\n");
  assert_lacks (text, "a=ssrc");
  g_assert_cmpuint (answer->sections[0].ssrcs[0].ssrc, ==, 1000);
  g_assert_true (answer->sections[1].rids[1].paused);
}

/* RFC 8445 §5.1.2.1 and RFC 6544 §4.2: UDP before TCP, in the order given; foundations by address and protocol. */
static void
test_candidates (void)
{
  g_autoptr (SfuAnswer) answer = publish (small_offer, NULL, both, 2);
  g_autofree char *text = write_answer (answer), *audio = cut_section (text, "0"), *video = cut_section (text, "1");

  assert_says (audio, "a=ice-ufrag:ours\r\na=ice-pwd:oursoursoursoursoursou\r\na=fingerprint:sha-256 AB:00:");
  assert_says (audio, "a=candidate:1 1 udp 2130706431 192.0.2.1 3478 typ host\r\n"
                      "a=candidate:2 1 tcp 1520434943 192.0.2.1 3479 typ host tcptype passive\r\n"
                      "a=candidate:3 1 udp 2130705919 2001:db8::1 3478 typ host\r\n"
                      "a=candidate:2 1 tcp 1520434431 192.0.2.1 3480 typ host tcptype passive\r\n"
                      "a=end-of-candidates\r\n");
  assert_says (video, "a=setup:passive\r\n");
  assert_lacks (video, "a=candidate");
}

/* Point 42: msids pair the slots; point 16: what tells of simulcast is not for subscribers. */
static void
test_subscriber (void)
{
  g_autoptr (SfuAnswer) answer = subscribe (small_offer, NULL);
  g_autofree char *text = write_answer (answer), *audio = cut_section (text, "0"), *video = cut_section (text, "1");

  assert_says (audio, "a=sendonly\r\n");
  assert_says (audio, "a=msid:slot0 audio0\r\na=ssrc:7000 cname:aldis\r\na=ssrc:7000 msid:slot0 audio0\r\n");
  assert_says (video, "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 101\r\n");
  assert_says (video, "a=msid:slot0 video0\r\na=ssrc-group:FID 7001 8001\r\na=ssrc:7001 cname:aldis\r\n");
  assert_says (video, "a=ssrc:8001 cname:aldis\r\n");
  assert_lacks (video, "rtp-stream-id");
  assert_lacks (video, "a=rid");
  assert_lacks (video, "a=simulcast");
  /* the offer restricts it to what the offerer sends */
  assert_lacks (video, "abs-send-time");
}

static void
test_unnamed (void)
{
  static const SfuPublish camera[] = { { "1", SFU_SOURCE_CAMERA } };
  g_autofree char *paused = sdp_change (small_offer, "*a=sendrecv", "a=inactive");
  g_autoptr (SfuAnswer) answer = publish (small_offer, NULL, camera, 1);
  g_autofree char *text = write_answer (answer), *audio = cut_section (text, "0"), *video = cut_section (text, "1");
  g_autoptr (SfuAnswer) still = publish (paused, NULL, NULL, 0);
  g_autofree char *still_text = write_answer (still);

  g_assert_true (answer->sections[0].is_rejected);
  assert_says (text, "a=group:BUNDLE 1\r\n");
  g_assert_cmpstr (audio, ==, "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=inactive\r\n");
  assert_says (video, "a=end-of-candidates\r\n"); /* the first that is left carries them */
  assert_says (still_text, "a=group:BUNDLE 0 1\r\n");
  assert_says (still_text, "a=inactive\r\na=rtcp-mux");
  g_assert_false (sfu_answer_accepts (&still->sections[0]));
}

/* Point 45: a data channel is refused, and the rest works. */
static void
test_data (void)
{
  g_autofree char *offer = sdp_read ("chromium-data"), *firefox = sdp_read ("firefox-data");
  g_autoptr (SfuAnswer) answer = publish (offer, NULL, both, 2), other = publish (firefox, NULL, both, 2);
  g_autofree char *text = write_answer (answer), *data = cut_section (text, "2");

  g_assert_cmpstr (data, ==, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\n");
  assert_says (text, "a=group:BUNDLE 0 1\r\n");
  g_assert_true (other->sections[2].is_rejected && sfu_answer_accepts (&other->sections[1]));
}

static void
test_stereo (void)
{
  g_autofree char *stereo = sdp_change (small_offer, "useinbandfec=1", "stereo=1;useinbandfec=1");
  g_autoptr (SfuAnswer) answer = publish (stereo, NULL, both, 2);
  g_autofree char *text = write_answer (answer);

  assert_says (text, "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1;stereo=1;sprop-stereo=1\r\n");
}

static void
test_bitrates (void)
{
  g_autoptr (SfuAnswer) answer = publish (small_offer, NULL, both, 2);
  SfuLocal local = { .ufrag = "ours", .pwd = "oursoursoursoursoursou", .fingerprint = { .hash = SFU_HASH_SHA256 },
                     .max_bitrate_bps = 2500000, .start_bitrate_bps = 800000 };
  g_autofree char *text = sfu_answer_write (answer, &local), *audio = cut_section (text, "0"), *video = cut_section (text, "1");

  assert_says (video, "c=IN IP4 0.0.0.0\r\nb=AS:2500\r\nb=TIAS:2500000\r\n");
  assert_says (video, "a=fmtp:96 x-google-start-bitrate=800\r\n");
  assert_says (video, "a=fmtp:98 profile-id=0;x-google-start-bitrate=800\r\n");
  assert_lacks (audio, "b=");
  assert_lacks (audio, "x-google");
}

static void
test_roles (void)
{
  g_autofree char *passive = sdp_change (small_offer, "*a=setup:actpass", "a=setup:passive");
  g_autofree char *active = sdp_change (small_offer, "*a=setup:actpass", "a=setup:active");
  g_autoptr (SfuAnswer) first = publish (passive, NULL, both, 2), other = publish (active, NULL, both, 2), later = NULL;
  g_autofree char *text = write_answer (first);

  assert_says (text, "a=setup:active\r\n");
  g_assert_true (first->we_are_active && !other->we_are_active);
  /* RFC 8842 §5.3: the association goes on, and so do its roles */
  later = publish (small_offer, first, both, 2);
  g_assert_true (later->we_are_active && !later->is_new_dtls && !later->is_restart);
  g_assert_cmpuint (later->version, ==, 2);
}

/* Point 7 of ICE: new credentials are a restart; another certificate is another DTLS association. */
static void
test_restart (void)
{
  g_autofree char *ufrag = sdp_change (small_offer, "*ice-ufrag:abcd", "ice-ufrag:efgh");
  g_autofree char *restarted = sdp_change (ufrag, "*ice-pwd:abcd", "ice-pwd:efgh");
  g_autofree char *certificate = sdp_change (restarted, "*sha-256 00:", "sha-256 01:");
  g_autofree char *elsewhere = sdp_change (small_offer, "4611731400430051336", "4611731400430051337");
  g_autoptr (SfuAnswer) first = publish (small_offer, NULL, both, 2), second = publish (restarted, first, both, 2);
  g_autoptr (SfuAnswer) third = publish (certificate, first, both, 2);
  g_autoptr (SfuOffer) half = sdp_offer (ufrag), other = sdp_offer (elsewhere);
  g_autoptr (GError) error = NULL;

  g_assert_true (!first->is_restart && second->is_restart && !second->is_new_dtls);
  g_assert_cmpstr (second->remote.ufrag, ==, "efgh");
  g_assert_true (third->is_restart && third->is_new_dtls);
  g_assert_null (sfu_answer_new_publisher (half, first, both, 2, &error));
  assert_says (error->message, "a new ufrag and a new password");
  g_assert_false (sfu_answer_continues (first, other));
}

#define MORE \
  "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=recvonly\r\na=rtcp-mux\r\n" \
  "a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"

/* Point 14: a slot that was inactive begins a new stream: its numbers would begin anew under the same keys, and no number of an
 * SSRC may stand for two packets (RFC 7714 §8.1). */
static void
test_slot_comes_back (void)
{
  g_autofree char *paused = sdp_change (small_offer, "*a=sendrecv", "a=inactive");
  g_autoptr (SfuAnswer) first = subscribe (small_offer, NULL), still = subscribe (paused, first);
  g_autoptr (SfuAnswer) longer = subscribe (paused, still);
  g_autoptr (SfuOffer) offer = sdp_offer (small_offer);
  g_autoptr (SfuAnswer) again = sfu_answer_new_subscriber (offer, longer, NULL);

  g_assert_cmpuint (first->sections[1].ssrcs[0].ssrc, ==, 7001);
  g_assert_false (sfu_answer_accepts (&still->sections[1]));
  g_assert_true (sfu_answer_accepts (&again->sections[1]));
  g_assert_cmpuint (again->sections[1].n_ssrcs, ==, 0); /* they are the caller's to give */
  g_assert_cmpuint (again->sections[1].slot, ==, first->sections[1].slot);
}

/* Point 13: a slot keeps its SSRC and its stream; a closed one gives its number away. */
static void
test_slots (void)
{
  g_autofree char *grouped = sdp_change (small_offer, "BUNDLE 0 1", "BUNDLE 0 1 2"), *more = g_strconcat (grouped, MORE, NULL);
  g_autofree char *closed = NULL, *again = NULL, *again_grouped = NULL, *text = NULL, *section = NULL;
  g_autoptr (SfuAnswer) first = subscribe (small_offer, NULL), second = subscribe (more, first), third = NULL, fourth = NULL;

  g_assert_cmpuint (second->sections[1].ssrcs[0].ssrc, ==, 7001);
  g_assert_cmpuint (second->sections[2].ssrcs[0].ssrc, ==, 7002);
  g_assert_cmpuint (second->sections[2].slot, ==, 1);
  closed = sdp_change (more, "m=video 9", "m=video 0");
  third = subscribe (closed, second);
  g_assert_true (third->sections[1].is_rejected && third->sections[2].slot == 1);
  again = sdp_change (more, "a=mid:1\r\n", "a=mid:3\r\n");
  again_grouped = sdp_change (again, "BUNDLE 0 1 2", "BUNDLE 0 3 2");
  fourth = subscribe (again_grouped, third);
  g_assert_cmpuint (fourth->sections[1].slot, ==, 0);
  text = write_answer (fourth);
  section = cut_section (text, "3");
  assert_says (section, "a=msid:slot0 video0\r\n");
}

/* The same offer once more, as after a lost answer: what only we have refused may be named then. */
static void
test_again (void)
{
  static const SfuPublish camera[] = { { "1", SFU_SOURCE_CAMERA } };
  g_autoptr (SfuAnswer) first = publish (small_offer, NULL, camera, 1), second = publish (small_offer, first, camera, 1);
  g_autoptr (SfuAnswer) third = publish (small_offer, second, both, 2);

  g_assert_true (second->sections[0].is_rejected && !second->is_restart);
  g_assert_true (sfu_answer_accepts (&third->sections[0]));
}

static void
test_rejected_all (void)
{
  g_autofree char *no_audio = sdp_change (small_offer, "m=audio 9", "m=audio 0");
  g_autofree char *nothing = sdp_change (no_audio, "m=video 9", "m=video 0");
  g_autoptr (SfuAnswer) first = publish (small_offer, NULL, both, 2), second = publish (nothing, first, NULL, 0);
  g_autofree char *text = write_answer (second);

  g_assert_cmpstr (second->remote.ufrag, ==, "abcd");
  assert_lacks (text, "a=group");
  assert_lacks (text, "a=candidate");
}

/* First offers that are refused. @n: of @tracks; -1: a subscriber's */
static const struct {
  const char *name, *find, *put;
  int n;
  SfuPublish tracks[2];
  const char *says;
} bad[] = {
  { "no-such-mid", "s=-", "s=-", 1, { { "7", SFU_SOURCE_MIC } }, "no section with mid \"7\"" },
  { "mid-twice", "s=-", "s=-", 2, { { "0", SFU_SOURCE_MIC }, { "0", SFU_SOURCE_SCREEN_AUDIO } }, "named twice" },
  { "source-twice", "s=-", "s=-", 2, { { "0", SFU_SOURCE_MIC }, { "1", SFU_SOURCE_MIC } }, "named twice" },
  { "source-of-other-kind", "s=-", "s=-", 1, { { "0", SFU_SOURCE_CAMERA } }, "section 0 (mid \"0\"): its source is none of audio" },
  { "closed", "m=audio 9", "m=audio 0", 1, { { "0", SFU_SOURCE_MIC } }, "its port is 0" },
  { "sends-nothing", "a=sendrecv", "a=recvonly", 1, { { "0", SFU_SOURCE_MIC } }, "it sends nothing" },
  { "data", "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", 1,
    { { "0", SFU_SOURCE_MIC } }, "not audio or video" },
  { "plain-rtp", "m=audio 9 UDP/TLS/RTP/SAVPF", "m=audio 9 RTP/AVP", 1, { { "0", SFU_SOURCE_MIC } }, "not audio or video" },
  { "no-mux", "a=rtcp-mux\r\n", "", 1, { { "0", SFU_SOURCE_MIC } }, "no a=rtcp-mux" },
  { "no-opus", "opus/48000/2", "L16/48000/2", 1, { { "0", SFU_SOURCE_MIC } }, "no codec" },
  { "opus-mono-clock", "opus/48000/2", "opus/48000", 1, { { "0", SFU_SOURCE_MIC } }, "no codec" },
  { "outside-bundle", "BUNDLE 0 1", "BUNDLE 1", 1, { { "0", SFU_SOURCE_MIC } }, "not in the BUNDLE group" },
  { "no-bundle", "a=group:BUNDLE 0 1\r\n", "", 2, { { "0", SFU_SOURCE_MIC }, { "1", SFU_SOURCE_CAMERA } }, "several sections" },
  { "subscriber-no-mux", "a=rtcp-mux\r\n", "", -1, { { NULL, 0 } }, "no a=rtcp-mux" },
  { "subscriber-no-codec", "opus/48000/2", "L16/48000/2", -1, { { NULL, 0 } }, "no codec" },
  { "subscriber-no-bundle", "a=group:BUNDLE 0 1\r\n", "", -1, { { NULL, 0 } }, "several sections" },
};

static void
test_bad (gconstpointer data)
{
  unsigned i = GPOINTER_TO_UINT (data);
  g_autofree char *text = sdp_change (small_offer, bad[i].find, bad[i].put);
  g_autoptr (SfuOffer) offer = sdp_offer (text);
  g_autoptr (GError) error = NULL;

  if (bad[i].n < 0)
    g_assert_null (sfu_answer_new_subscriber (offer, NULL, &error));
  else
    g_assert_null (sfu_answer_new_publisher (offer, NULL, bad[i].tracks, (unsigned) bad[i].n, &error));
  g_assert_error (error, SFU_ERROR, SFU_ERROR_BAD_OFFER);
  assert_says (error->message, bad[i].says);
}

/* Points 42 and 43: later offers that break what was agreed */
static const struct {
  const char *name, *find, *put, *says;
} bad_later[] = {
  { "mid-moved", "*a=mid:0", "a=mid:5", "its mid was \"0\" before" },
  { "media-changed", "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0", "m=video 9 UDP/TLS/RTP/SAVPF 111 63 0", "it was audio before" },
  { "type-changed", "a=rtpmap:96 VP8", "a=rtpmap:96 AV1", "payload type 96 was another codec" },
  { "profile-changed", "a=fmtp:98 profile-id=0", "a=fmtp:98 profile-id=2", "payload type 98 was another codec" },
  { "ext-changed", "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", "a=extmap:10 urn:3gpp:video-orientation",
    "extension id 10 was another" },
  { "role-changed", "*a=setup:actpass", "a=setup:passive", "changes the roles" },
  { "pwd-changed", "*a=ice-pwd:abcd", "a=ice-pwd:efgh", "a new ufrag and a new password" },
};

static void
test_bad_later (gconstpointer data)
{
  unsigned i = GPOINTER_TO_UINT (data);
  g_autofree char *changed = sdp_change (small_offer, bad_later[i].find, bad_later[i].put);
  g_autoptr (SfuAnswer) first = publish (small_offer, NULL, both, 2);
  g_autoptr (SfuOffer) offer = sdp_offer (changed);
  g_autoptr (GError) error = NULL;

  g_assert_null (sfu_answer_new_publisher (offer, first, both + 1, 1, &error));
  g_assert_error (error, SFU_ERROR, SFU_ERROR_BAD_OFFER);
  assert_says (error->message, bad_later[i].says);
}

static void
assert_subscribe_fails (const char *text, const SfuAnswer *previous, const char *says)
{
  g_autoptr (SfuOffer) offer = sdp_offer (text);
  g_autoptr (GError) error = NULL;

  g_assert_null (sfu_answer_new_subscriber (offer, previous, &error));
  assert_says (error->message, says);
}

/* Point 42: sections do not go away, and a closed one comes back under a mid that was never there. */
static void
test_bad_places (void)
{
  g_autofree char *grouped = sdp_change (small_offer, "BUNDLE 0 1", "BUNDLE 0 1 2"), *more = g_strconcat (grouped, MORE, NULL);
  g_autofree char *closed = sdp_change (more, "m=video 9", "m=video 0"), *new_mid = sdp_change (more, "a=mid:1\r\n", "a=mid:3\r\n");
  g_autofree char *reused = sdp_change (new_mid, "BUNDLE 0 1 2", "BUNDLE 0 3 2"), *back = NULL, *moved = NULL;
  g_autoptr (SfuAnswer) first = subscribe (more, NULL), second = subscribe (closed, first), third = subscribe (reused, second);

  assert_subscribe_fails (small_offer, first, "there were 3 sections before");
  assert_subscribe_fails (more, second, "it can be used again with a new mid only");
  back = sdp_change (reused, "a=mid:2\r\n", "a=mid:1\r\n");
  assert_subscribe_fails (back, third, "its mid was \"2\" before");
  moved = g_strconcat (reused, "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n", NULL);
  assert_subscribe_fails (moved, third, "the mid belonged to a section that was closed");
}

/* Every fixture is answered, and what we write can be read again. */
static const struct {
  const char *name;
  bool publisher;
  unsigned accepted;
} fixtures[] = {
  { "chromium-publish-vp8", true, 2 }, { "chromium-publish-vp9", true, 2 }, { "chromium-publish-av1", true, 2 },
  { "chromium-publish-h264", true, 2 }, { "chromium-subscribe-49", false, 65 }, { "firefox-publish-vp8", true, 2 },
  { "firefox-publish-vp9", true, 2 }, { "firefox-publish-av1", true, 2 }, { "firefox-subscribe-49", false, 65 },
  { "safari-publish", true, 2 }, { "obs-whip", true, 2 },
};

static void
assert_same_format (const SfuFormat *own, const SfuFormat *read)
{
  g_assert_cmpint (own->codec, ==, read->codec);
  g_assert_cmpuint (own->payload_type, ==, read->payload_type);
  g_assert_cmpuint (own->rtx, ==, read->rtx);
  g_assert_cmpuint (own->feedback, ==, read->feedback);
  g_assert_cmpuint (own->profile, ==, read->profile);
}

static void
test_fixture (gconstpointer data)
{
  unsigned i = GPOINTER_TO_UINT (data), accepted = 0;
  g_autofree char *offer = sdp_read (fixtures[i].name), *text = NULL, *plain = NULL;
  g_autoptr (SfuAnswer) answer = fixtures[i].publisher ? publish (offer, NULL, both, 2) : subscribe (offer, NULL);
  g_autoptr (SfuOffer) again = NULL;

  text = write_answer (answer);
  plain = sdp_change (text, "a=ice-lite\r\n", ""); /* which an offer may not have */
  again = sdp_offer (plain);
  g_assert_cmpuint (again->n_sections, ==, answer->n_sections);
  for (unsigned j = 0; j < again->n_sections; j++)
    {
      const SfuSection *own = &answer->sections[j], *read = &again->sections[j];

      accepted += sfu_answer_accepts (own);
      g_assert_cmpstr (own->mid, ==, read->mid);
      g_assert_cmpint (own->direction, ==, read->direction);
      g_assert_cmpuint (own->n_formats, ==, read->n_formats);
      for (unsigned k = 0; k < own->n_formats; k++)
        assert_same_format (&own->formats[k], &read->formats[k]);
      g_assert_cmpmem (&own->exts, sizeof (own->exts), &read->exts, sizeof (own->exts));
    }
  g_assert_cmpuint (accepted, ==, fixtures[i].accepted);
}

static void
add_tables (void)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = g_strconcat ("/sfu/answer/bad/", bad[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_bad);
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (bad_later); i++)
    {
      g_autofree char *path = g_strconcat ("/sfu/answer/bad-later/", bad_later[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_bad_later);
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (fixtures); i++)
    {
      g_autofree char *path = g_strconcat ("/sfu/answer/fixture/", fixtures[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_fixture);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_tables ();
  g_test_add_func ("/sfu/answer/publisher", test_publisher);
  g_test_add_func ("/sfu/answer/candidates", test_candidates);
  g_test_add_func ("/sfu/answer/subscriber", test_subscriber);
  g_test_add_func ("/sfu/answer/unnamed", test_unnamed);
  g_test_add_func ("/sfu/answer/data", test_data);
  g_test_add_func ("/sfu/answer/stereo", test_stereo);
  g_test_add_func ("/sfu/answer/bitrates", test_bitrates);
  g_test_add_func ("/sfu/answer/roles", test_roles);
  g_test_add_func ("/sfu/answer/restart", test_restart);
  g_test_add_func ("/sfu/answer/slots", test_slots);
  g_test_add_func ("/sfu/answer/slot-comes-back", test_slot_comes_back);
  g_test_add_func ("/sfu/answer/again", test_again);
  g_test_add_func ("/sfu/answer/rejected-all", test_rejected_all);
  g_test_add_func ("/sfu/answer/bad-places", test_bad_places);
  return g_test_run ();
}
