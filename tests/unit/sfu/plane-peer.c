/* SPDX-License-Identifier: Apache-2.0 */
/* Peers of the bench: how they connect, what they send, and what they note of what comes. */
#include "plane.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/demux.h"
#include "ice-peer.h"
#include "sfu/tcp-frame.h"

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
  g_autofree char *ufrag = plane_peer_read_answer (peer, "a=ice-ufrag:"), *pwd = plane_peer_read_answer (peer, "a=ice-pwd:");
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
    (void) sfu_rtp_put_ext (&out, PLANE_ID_MID, stream->mid, strlen (stream->mid));
  if (stream->rid != NULL)
    (void) sfu_rtp_put_ext (&out, PLANE_ID_RID, stream->rid, strlen (stream->rid));
  if (level >= 0)
    (void) sfu_rtp_put_ext (&out, PLANE_ID_LEVEL, &(uint8_t){ (uint8_t) (0x80 | level) }, 1);
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
