/* SPDX-License-Identifier: Apache-2.0 */
#include "plane.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/demux.h"
#include "ice-peer.h"
#include "sfu/tcp-frame.h"

/* as they stand in the offers */
#define ID_LEVEL 1
#define ID_MID 4
#define ID_RID 10
/* in the payload: whose it is */
#define MARK_AT 24

PlanePeer *
plane_add_peer (Plane *plane, uint64_t room, bool publisher)
{
  PlanePeer *peer = g_new0 (PlanePeer, 1);
  struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
  int bytes = 4 << 20;

  peer->plane = plane;
  peer->room = room;
  peer->publisher = publisher;
  peer->id = sfu_control_add_peer (plane->control, room);
  g_assert_cmpuint (peer->id, !=, 0);
  peer->fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  g_assert_cmpint (peer->fd, >=, 0);
  (void) setsockopt (peer->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  g_assert_cmpint (bind (peer->fd, (const struct sockaddr *) &any, sizeof any), ==, 0);
  (void) g_snprintf (peer->remote, sizeof peer->remote, "peer%u", (unsigned) peer->id);
  peer->got = g_array_new (FALSE, FALSE, sizeof (PlaneGot));
  g_ptr_array_add (plane->peers, peer);
  return peer;
}

void
plane_peer_use_tcp (PlanePeer *peer, unsigned worker)
{
  int bytes = 4096;
  AlAddr to;

  al_listener_get_address (peer->plane->seats[worker].listener, &to);
  (void) close (peer->fd);
  peer->stream = g_byte_array_new ();
  peer->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (peer->fd, >=, 0);
  (void) setsockopt (peer->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  g_assert_cmpint (connect (peer->fd, &to.sa, al_addr_get_len (&to)), ==, 0);
  g_assert_cmpint (fcntl (peer->fd, F_SETFL, O_NONBLOCK), ==, 0);
}

void
plane_peer_vanish (PlanePeer *peer)
{
  (void) g_ptr_array_remove (peer->plane->peers, peer);
  (void) close (peer->fd);
  sfu_dtls_free (peer->dtls);
  sfu_srtp_free (peer->srtp);
  g_free (peer->answer);
  g_array_unref (peer->got);
  g_clear_pointer (&peer->stream, g_byte_array_unref);
  g_clear_pointer (&peer->tracks, g_array_unref);
  g_free (peer);
}

void
plane_peer_leave (PlanePeer *peer)
{
  sfu_control_remove_peer (peer->plane->control, peer->room, peer->id);
  plane_peer_vanish (peer);
}

static void
write_audio (GString *out)
{
  g_string_append_printf (out,
                          "a=rtpmap:111 opus/48000/2\r\n"
                          "a=extmap:%u urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n",
                          ID_LEVEL);
}

static void
write_video (const PlaneSection *section, GString *out)
{
  g_auto (GStrv) rids = g_strsplit (section->rids != NULL ? section->rids : "", ";", -1);

  g_string_append_printf (out,
                          "a=rtpmap:96 VP8/90000\r\n"
                          "a=rtcp-fb:96 nack\r\n"
                          "a=rtcp-fb:96 nack pli\r\n"
                          "a=rtcp-fb:96 goog-remb\r\n"
                          "a=rtpmap:97 rtx/90000\r\n"
                          "a=fmtp:97 apt=96\r\n"
                          "a=rtpmap:98 VP9/90000\r\n"
                          "a=rtcp-fb:98 nack pli\r\n"
                          "a=rtcp-fb:98 goog-remb\r\n"
                          "a=extmap:%u urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"
                          "a=extmap:%u http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00\r\n"
                          "a=extmap:%u https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension\r\n",
                          ID_RID, PLANE_ID_LAYERS, PLANE_ID_DEPENDENCY);
  for (unsigned i = 0; rids[i] != NULL; i++)
    g_string_append_printf (out, "a=rid:%s send\r\n", rids[i]);
  if (section->rids != NULL)
    g_string_append_printf (out, "a=simulcast:send %s\r\n", section->rids);
}

static void
write_ssrcs (const PlaneSection *section, GString *out)
{
  if (section->n_ssrcs > 1)
    {
      g_string_append (out, "a=ssrc-group:SIM");
      for (unsigned i = 0; i < section->n_ssrcs; i++)
        g_string_append_printf (out, " %u", section->ssrc + i);
      g_string_append (out, "\r\n");
    }
  for (unsigned i = 0; i < section->n_ssrcs; i++)
    g_string_append_printf (out, "a=ssrc:%u cname:peer\r\n", section->ssrc + i);
}

static bool
is_rejected (const PlaneSection *section)
{
  return strcmp (section->direction, "rejected") == 0;
}

static char *
write_offer (PlanePeer *peer, const PlaneSection *sections, unsigned n)
{
  GString *out = g_string_new (NULL);

  g_string_append_printf (out, "v=0\r\no=- %" G_GUINT64_FORMAT "%04u %u IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE",
                          peer->id, peer->n_sessions, ++peer->n_offers);
  for (unsigned i = 0; i < n; i++)
    if (!is_rejected (&sections[i]))
      g_string_append_printf (out, " %s", sections[i].mid);
  g_string_append (out, "\r\n");
  for (unsigned i = 0; i < n; i++)
    {
      const PlaneSection *section = &sections[i];

      if (is_rejected (section))
        {
          g_string_append_printf (out, "m=%s 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\na=inactive\r\n",
                                  section->kind == SFU_AUDIO ? "audio" : "video", section->mid);
          continue;
        }
      g_string_append_printf (out,
                              "m=%s 9 UDP/TLS/RTP/SAVPF %s\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\na=%s\r\na=rtcp-mux\r\n"
                              "a=ice-ufrag:%s\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=fingerprint:%s\r\na=setup:actpass\r\n"
                              "a=extmap:%u urn:ietf:params:rtp-hdrext:sdes:mid\r\n",
                              section->kind == SFU_AUDIO ? "audio" : "video", section->kind == SFU_AUDIO ? "111" : "96 97 98",
                              section->mid, section->direction, peer->remote,
                              sfu_identity_get_fingerprint (peer->plane->peer_identity), ID_MID);
      if (section->kind == SFU_AUDIO)
        write_audio (out);
      else
        write_video (section, out);
      write_ssrcs (section, out);
    }
  return g_string_free (out, FALSE);
}

static bool
publish (PlanePeer *peer, const char *offer, const PlaneSection *sections, unsigned n, GError **error)
{
  static const SfuSource sources[SFU_KIND_N][2] = { { SFU_SOURCE_MIC, SFU_SOURCE_SCREEN_AUDIO },
                                                    { SFU_SOURCE_CAMERA, SFU_SOURCE_SCREEN } };
  SfuPublish publishes[SFU_PUBLISHED_MAX];
  unsigned n_publishes = 0, of_kind[SFU_KIND_N] = { 0 };
  GArray *tracks = NULL;
  char *answer;

  for (unsigned i = 0; i < n && n_publishes < SFU_PUBLISHED_MAX; i++)
    {
      SfuKind kind = sections[i].kind;

      if (strcmp (sections[i].direction, "sendonly") == 0)
        publishes[n_publishes++] = (SfuPublish){ sections[i].mid, sources[kind][of_kind[kind]++ > 0] };
    }
  answer = sfu_control_publish (peer->plane->control, peer->room, peer->id, offer, publishes, n_publishes, &tracks, error);
  if (answer == NULL)
    {
      g_test_message ("refused: %s", (*error)->message);
      return false;
    }
  g_clear_pointer (&peer->tracks, g_array_unref);
  peer->tracks = tracks;
  g_free (peer->answer);
  peer->answer = answer;
  return true;
}

bool
plane_peer_offer (PlanePeer *peer, const PlaneSection *sections, unsigned n)
{
  g_autofree char *offer = write_offer (peer, sections, n);
  g_autoptr (GError) error = NULL;
  GArray *slots = NULL;
  char *answer;

  if (peer->publisher)
    return publish (peer, offer, sections, n, &error);
  answer = sfu_control_subscribe (peer->plane->control, peer->room, peer->id, offer, &slots, &error);
  if (answer == NULL)
    return false;
  g_array_unref (slots);
  g_free (peer->answer);
  peer->answer = answer;
  return true;
}

/* Returns: (transfer full): what stands behind @name in the answer */
static char *
read_answer (const PlanePeer *peer, const char *name)
{
  const char *at = strstr (peer->answer, name);

  g_assert_nonnull (at);
  at += strlen (name);
  return g_strndup (at, strcspn (at, "\r\n"));
}

uint32_t
plane_peer_get_ssrc (const PlanePeer *peer, const char *mid, uint32_t *ret_rtx)
{
  g_auto (GStrv) sections = g_strsplit (peer->answer, "\r\nm=", -1);
  g_autofree char *line = g_strdup_printf ("\r\na=mid:%s\r\n", mid);

  for (unsigned i = 1; sections[i] != NULL; i++)
    {
      const char *group = strstr (sections[i], "a=ssrc-group:FID "), *ssrc = strstr (sections[i], "a=ssrc:");
      char *end;

      if (strstr (sections[i], line) == NULL)
        continue;
      if (group == NULL)
        return ssrc != NULL ? (uint32_t) g_ascii_strtoull (ssrc + strlen ("a=ssrc:"), NULL, 10) : 0;
      (void) g_ascii_strtoull (group + strlen ("a=ssrc-group:FID "), &end, 10);
      if (ret_rtx != NULL)
        *ret_rtx = (uint32_t) g_ascii_strtoull (end, NULL, 10);
      return (uint32_t) g_ascii_strtoull (group + strlen ("a=ssrc-group:FID "), NULL, 10);
    }
  return 0;
}

void
plane_peer_send (PlanePeer *peer, const uint8_t *data, size_t len)
{
  const AlAddr *to = &peer->plane->seats[peer->worker].address;
  uint8_t frame[SFU_TCP_FRAME_HEADER + AL_UDP_MAX_DATAGRAM];

  if (peer->stream != NULL)
    {
      sfu_tcp_frame_begin (len, frame);
      memcpy (frame + SFU_TCP_FRAME_HEADER, data, len);
      len += SFU_TCP_FRAME_HEADER;
      g_assert_cmpint (send (peer->fd, frame, len, MSG_NOSIGNAL), ==, (ssize_t) len);
      return;
    }
  g_assert_cmpint (sendto (peer->fd, data, len, 0, &to->sa, al_addr_get_len (to)), ==, (ssize_t) len);
}

static void
send_check (PlanePeer *peer, bool use_candidate)
{
  g_autofree char *ufrag = read_answer (peer, "a=ice-ufrag:"), *pwd = read_answer (peer, "a=ice-pwd:");
  IcePeerCheck check = { .local = ufrag, .remote = peer->remote, .pwd = pwd, .use_candidate = use_candidate };
  uint8_t data[512];

  plane_peer_send (peer, data, ice_peer_write (peer->plane->hmac, &check, data, sizeof data));
}

void
plane_peer_check (PlanePeer *peer)
{
  send_check (peer, true);
}

void
plane_peer_check_unnominated (PlanePeer *peer)
{
  send_check (peer, false);
}

static void
on_dtls_send (const uint8_t *data, size_t len, void *user)
{
  plane_peer_send (user, data, len);
}

static int64_t
get_now (const Plane *plane)
{
  return al_loop_now_us (plane->seats[0].loop);
}

void
plane_peer_connect (PlanePeer *peer, unsigned worker)
{
  const char *text = sfu_identity_get_fingerprint (peer->plane->identity);
  SfuFingerprint fingerprint;
  SfuSrtpKey send, receive;
  SfuSrtpProfile profile;

  g_assert_true (sfu_fingerprint_parse (text, strlen (text), &fingerprint));
  g_clear_pointer (&peer->srtp, sfu_srtp_free);
  g_clear_pointer (&peer->dtls, sfu_dtls_free);
  peer->n_successes = 0;
  peer->worker = worker;
  plane_peer_check (peer);
  peer->check_us = get_now (peer->plane) + PLANE_CHECK_US;
  plane_run (peer->plane, PLANE_STEP_US);
  peer->dtls = sfu_dtls_new (peer->plane->peer_identity, on_dtls_send, peer);
  sfu_dtls_start (peer->dtls, true, &fingerprint, 1, get_now (peer->plane));
  for (unsigned i = 0; i < 100 && sfu_dtls_get_state (peer->dtls) != SFU_DTLS_CONNECTED; i++)
    plane_run (peer->plane, PLANE_STEP_US);
  g_assert_cmpint (sfu_dtls_get_state (peer->dtls), ==, SFU_DTLS_CONNECTED);
  g_assert_cmpuint (peer->n_successes, >, 0);
  profile = sfu_dtls_export (peer->dtls, &send, &receive);
  peer->srtp = sfu_srtp_new (profile, &send, &receive);
  g_assert_nonnull (peer->srtp);
}

static uint32_t
get_u32 (const uint8_t *data)
{
  return (uint32_t) data[0] << 24 | (uint32_t) data[1] << 16 | (uint32_t) data[2] << 8 | data[3];
}

static void
take_rtp (PlanePeer *peer, const uint8_t *data, size_t len)
{
  const uint8_t *payload;
  PlaneGot got;
  SfuRtp rtp;
  size_t payload_len;

  g_assert_true (sfu_rtp_parse (data, len, &rtp));
  payload = data + rtp.header_len;
  payload_len = rtp.payload_len;
  if (rtp.payload_type == PLANE_VP8_RTX)
    {
      payload += 2; /* RFC 4588 §4: the original sequence number */
      payload_len -= 2;
    }
  g_assert_cmpuint (payload_len, >=, MARK_AT + 8);
  got = (PlaneGot){ .ssrc = rtp.ssrc, .timestamp = rtp.timestamp, .seq = rtp.seq, .payload_type = rtp.payload_type,
                    .marker = rtp.marker, .from = get_u32 (payload + MARK_AT), .index = get_u32 (payload + MARK_AT + 4) };
  got.keyframe = rtp.payload_type != PLANE_OPUS && (payload[0] & 0x10) != 0 && (payload[4] & 1) == 0;
  g_array_append_val (peer->got, got);
}

static void
take_rtcp (PlanePeer *peer, const uint8_t *data, size_t len)
{
  uint16_t seqs[SFU_RTCP_NACKS_MAX];
  SfuRtcp packet = { 0 };
  size_t n;

  g_assert_true (sfu_rtcp_is_valid (data, len));
  while (sfu_rtcp_next (data, len, &packet))
    {
      peer->n_plis += packet.kind == SFU_RTCP_PLI || packet.kind == SFU_RTCP_FIR;
      peer->n_feedbacks += packet.kind == SFU_RTCP_TWCC;
      peer->n_reports += packet.kind == SFU_RTCP_SR || packet.kind == SFU_RTCP_RR;
      n = sfu_rtcp_list_nacks (&packet, seqs, G_N_ELEMENTS (seqs));
      peer->n_nacks += (unsigned) n;
      if (n > 0)
        peer->nacked = seqs[n - 1];
    }
}

static void
take (PlanePeer *peer, uint8_t *data, size_t len)
{
  AlStunMessage message;
  bool rtcp;

  switch (al_demux_classify (data, len))
    {
    case AL_DEMUX_STUN:
      g_assert_true (al_stun_parse (data, len, &message));
      peer->n_successes += message.cls == AL_STUN_SUCCESS;
      break;
    case AL_DEMUX_DTLS:
      if (peer->dtls != NULL)
        sfu_dtls_on_datagram (peer->dtls, data, len, get_now (peer->plane));
      break;
    case AL_DEMUX_RTP:
      g_assert_nonnull (peer->srtp);
      rtcp = sfu_rtp_is_rtcp (data, len);
      len = rtcp ? sfu_srtp_unprotect_rtcp (peer->srtp, data, len) : sfu_srtp_unprotect_rtp (peer->srtp, data, len);
      g_assert_cmpuint (len, >, 0); /* authentic, and no packet twice */
      if (rtcp)
        take_rtcp (peer, data, len);
      else
        take_rtp (peer, data, len);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
read_stream (PlanePeer *peer)
{
  uint8_t data[4096], packet[AL_UDP_MAX_DATAGRAM];
  const uint8_t *frame;
  size_t frame_len;
  ssize_t len;

  while (!peer->deaf && (len = recv (peer->fd, data, sizeof data, 0)) > 0)
    (void) g_byte_array_append (peer->stream, data, (guint) len);
  while ((len = sfu_tcp_frame_next (peer->stream->data, peer->stream->len, &frame, &frame_len)) > 0)
    {
      g_assert_cmpuint (frame_len, <=, sizeof packet);
      memcpy (packet, frame, frame_len);
      (void) g_byte_array_remove_range (peer->stream, 0, (guint) len);
      take (peer, packet, frame_len);
    }
}

void
plane_peer_read (PlanePeer *peer)
{
  uint8_t data[AL_UDP_MAX_DATAGRAM];
  ssize_t len;

  if (peer->stream != NULL)
    {
      read_stream (peer);
      return;
    }
  while (!peer->deaf && (len = recv (peer->fd, data, sizeof data, 0)) >= 0)
    take (peer, data, (size_t) len);
}

unsigned
plane_peer_count (const PlanePeer *peer, uint32_t from)
{
  unsigned n = 0;

  for (guint i = 0; i < peer->got->len; i++)
    n += from == 0 || g_array_index (peer->got, PlaneGot, i).from == from;
  return n;
}

void
plane_peer_forget (PlanePeer *peer)
{
  g_array_set_size (peer->got, 0);
  peer->n_plis = peer->n_nacks = peer->n_feedbacks = peer->n_reports = 0;
}

static void
send_rtcp (PlanePeer *peer, SfuRtcpWriter *out, uint8_t *data, size_t size)
{
  size_t len = sfu_srtp_protect_rtcp (peer->srtp, data, sfu_rtcp_end (out), size);

  g_assert_cmpuint (len, >, 0);
  plane_peer_send (peer, data, len);
}

void
plane_peer_pli (PlanePeer *peer, uint32_t ssrc)
{
  uint8_t data[128];
  SfuRtcpWriter out;

  sfu_rtcp_begin (&out, data, sizeof data);
  g_assert_true (sfu_rtcp_put_pli (&out, 1, ssrc));
  send_rtcp (peer, &out, data, sizeof data);
}

void
plane_peer_nack (PlanePeer *peer, uint32_t ssrc, const uint16_t *seqs, size_t n)
{
  uint8_t data[1200 + SFU_SRTCP_OVERHEAD];
  SfuRtcpWriter out;

  sfu_rtcp_begin (&out, data, sizeof data);
  g_assert_true (sfu_rtcp_put_nack (&out, 1, ssrc, seqs, n));
  send_rtcp (peer, &out, data, sizeof data);
}

void
plane_peer_remb (PlanePeer *peer, uint32_t ssrc, uint32_t bps)
{
  uint8_t data[128];
  SfuRtcpWriter out;

  sfu_rtcp_begin (&out, data, sizeof data);
  g_assert_true (sfu_rtcp_put_remb (&out, 1, bps, &ssrc, 1));
  send_rtcp (peer, &out, data, sizeof data);
}

static void
put_u32 (uint8_t *data, uint32_t value)
{
  for (unsigned i = 0; i < 4; i++)
    data[i] = (uint8_t) (value >> (24 - 8 * i));
}

static void
send_marked (PlanePeer *peer, PlaneStream *stream, uint8_t payload_type, bool marker, int level, const uint8_t *head,
             size_t head_len, size_t len)
{
  uint8_t data[AL_UDP_MAX_DATAGRAM], payload[1400] = { 0 };
  SfuRtpWriter out;
  size_t header_len;

  if (head_len > 0)
    memcpy (payload, head, head_len);
  if (len >= MARK_AT + 8)
    {
      put_u32 (payload + MARK_AT, stream->ssrc);
      put_u32 (payload + MARK_AT + 4, (uint32_t) stream->index);
    }
  sfu_rtp_begin (&out, data, sizeof data, payload_type, marker, (uint16_t) stream->index, stream->timestamp, stream->ssrc,
                 stream->extra_id != 0 && (stream->extra_len == 0 || stream->extra_len > 16));
  if (stream->mid != NULL)
    (void) sfu_rtp_put_ext (&out, ID_MID, stream->mid, strlen (stream->mid));
  if (stream->rid != NULL)
    (void) sfu_rtp_put_ext (&out, ID_RID, stream->rid, strlen (stream->rid));
  if (level >= 0)
    (void) sfu_rtp_put_ext (&out, ID_LEVEL, &(uint8_t){ (uint8_t) (0x80 | level) }, 1);
  if (stream->extra_id != 0)
    (void) sfu_rtp_put_ext (&out, stream->extra_id, stream->extra, stream->extra_len);
  header_len = sfu_rtp_get_header_len (&out);
  (void) sfu_rtp_put_payload (&out, payload, len);
  len = sfu_rtp_end (&out, 0);
  g_assert_cmpuint (len, >, 0);
  len = sfu_srtp_protect_rtp (peer->srtp, data, len, sizeof data, header_len, stream->index++);
  g_assert_cmpuint (len, >, 0);
  plane_peer_send (peer, data, len);
}

void
plane_send_packet (PlanePeer *peer, PlaneStream *stream, uint8_t payload_type, bool marker, const uint8_t *head,
                   size_t head_len, size_t len)
{
  send_marked (peer, stream, payload_type, marker, -1, head, head_len, len);
}

void
plane_send_video (PlanePeer *peer, PlaneStream *stream, bool keyframe, unsigned n_pkts)
{
  stream->picture++;
  for (unsigned i = 0; i < n_pkts; i++)
    {
      /* RFC 7741 §4.2: X, S; I; a picture id of 15 bits. Then the frame tag, and of a keyframe its size (RFC 6386 §9.1) */
      const uint8_t head[] = { (uint8_t) (0x80 | (i == 0 ? 0x10 : 0)), 0x80, (uint8_t) (0x80 | stream->picture >> 8),
                               (uint8_t) stream->picture, keyframe ? 0x10 : 0x11, 0, 0, 0x9d, 1, 0x2a, 64, 1, 180, 0 };

      plane_send_packet (peer, stream, PLANE_VP8, i == n_pkts - 1, head, keyframe ? sizeof head : 7, 400);
    }
  stream->timestamp += 3000;
}

void
plane_send_audio (PlanePeer *peer, PlaneStream *stream, uint8_t level)
{
  static const uint8_t head[] = { 0x78 };

  send_marked (peer, stream, PLANE_OPUS, false, level, head, sizeof head, 80);
  stream->timestamp += 960;
}
