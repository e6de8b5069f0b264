/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/publisher.h"

#include <string.h>

#include "base/bytes.h"
#include "base/random.h"
#include "server/load/rtcp.h"
#include "server/load/stamp.h"

#define PACKET 1400
#define PAYLOAD 1160 /* as libwebrtc makes them with these extensions */
#define KEPT 512 /* packets that can be sent again: three seconds */
#define BURST 64
#define AUDIO_US 20000
#define JUMP_US 300000 /* an encoder makes no two keyframes closer than this */
#define REPORT_US 1000000
#define NTP_EPOCH 2208988800u

typedef struct {
  uint16_t seq, len; /* len 0: none */
  uint8_t header_len;
  uint8_t data[PACKET];
} Kept;

typedef struct {
  LoadSection section; /* as negotiated */
  uint16_t seq, rtx_seq;
  uint32_t timestamp, pkts, bytes;
  Kept *kept; /* owned; KEPT of them */
} Track;

struct LoadPublisher {
  /* passed in, not owned */
  LoadPublisherConfig config;
  const LoadPeerHome *home;
  /* owned */
  LoadPeer *peer;
  Track audio, video;
  AlTimer audio_timer, video_timer, report_timer;
  int64_t begin_us, jumped_us;
  uint64_t audio_turns, video_turns;
  unsigned audio_at, video_at;
  uint16_t picture_id, transport_seq;
  bool connected, keyframe_wanted;
  uint8_t burst[BURST][PACKET + LOAD_PEER_TRAILER];
  struct iovec iov[BURST];
  unsigned n_burst;
  LoadPublisherStats stats;
};

static AlLoop *
loop_of (const LoadPublisher *publisher)
{
  return load_net_get_loop (publisher->home->net);
}

static void
put_ext (AlWriter *out, uint8_t id, const void *value, size_t len)
{
  if (id == 0)
    return;
  al_writer_u8 (out, (uint8_t) (id << 4 | (len - 1)));
  al_writer_bytes (out, value, len);
}

/* 6.18 fixed point seconds */
static void
write_send_time (int64_t now_us, uint8_t ret[3])
{
  uint32_t value = (uint32_t) (((uint64_t) (now_us % 64000000) << 18) / 1000000);

  ret[0] = (uint8_t) (value >> 16);
  ret[1] = (uint8_t) (value >> 8);
  ret[2] = (uint8_t) value;
}

/* Returns: length of the header with its extensions (RFC 8285, one-byte form) */
static size_t
write_header (LoadPublisher *publisher, const LoadSection *section, uint8_t *data, bool rtx, bool marker, uint16_t seq,
              uint32_t timestamp, int64_t now_us)
{
  uint8_t send_time[3], transport[2], level = 0x80 | publisher->config.level;
  uint16_t transport_seq = publisher->transport_seq++;
  AlWriter out;

  write_send_time (now_us, send_time);
  transport[0] = (uint8_t) (transport_seq >> 8);
  transport[1] = (uint8_t) transport_seq;
  al_writer_init (&out, data, PACKET);
  al_writer_u8 (&out, 0x90);
  al_writer_u8 (&out, (uint8_t) ((rtx ? section->rtx_pt : section->pt) | (marker ? 0x80 : 0)));
  al_writer_u16 (&out, seq);
  al_writer_u32 (&out, timestamp);
  al_writer_u32 (&out, rtx ? section->rtx_ssrc : section->ssrc);
  al_writer_u16 (&out, 0xbede);
  al_writer_u16 (&out, 0);
  put_ext (&out, section->ext_send_time, send_time, sizeof send_time);
  put_ext (&out, section->ext_transport, transport, sizeof transport);
  put_ext (&out, section->ext_mid, section->mid, strlen (section->mid));
  if (section->audio)
    put_ext (&out, section->ext_level, &level, 1);
  while (al_writer_len (&out) % 4 != 0)
    al_writer_u8 (&out, 0);
  al_writer_patch_u16 (&out, 14, (uint16_t) ((al_writer_len (&out) - 16) / 4));
  return al_writer_len (&out);
}

static void
flush (LoadPublisher *publisher)
{
  if (publisher->n_burst > 0)
    load_peer_send_all (publisher->peer, publisher->iov, publisher->n_burst);
  publisher->n_burst = 0;
}

/* encrypts what stands in the next buffer of the burst */
static void
add_to_burst (LoadPublisher *publisher, size_t len)
{
  uint8_t *data = publisher->burst[publisher->n_burst];

  len = load_peer_protect (publisher->peer, data, len);
  if (len == 0)
    return;
  publisher->iov[publisher->n_burst++] = (struct iovec){ data, len };
  if (publisher->n_burst == BURST)
    flush (publisher);
}

static void
send_packet (LoadPublisher *publisher, Track *track, const uint8_t *head, size_t head_len, const uint8_t *payload,
             size_t len, bool marker)
{
  uint8_t *data = publisher->burst[publisher->n_burst];
  Kept *kept = &track->kept[track->seq % KEPT];
  size_t header = write_header (publisher, &track->section, data, false, marker, track->seq, track->timestamp, load_now_us ());

  g_assert (header + head_len + len <= PACKET);
  if (head_len > 0)
    memcpy (data + header, head, head_len);
  memcpy (data + header + head_len, payload, len);
  *kept = (Kept){ .seq = track->seq, .len = (uint16_t) (header + head_len + len), .header_len = (uint8_t) header };
  memcpy (kept->data, data, kept->len);
  track->seq++;
  track->pkts++;
  track->bytes += (uint32_t) (head_len + len);
  add_to_burst (publisher, kept->len);
}

/* a frame in packets of nearly equal length, as libwebrtc cuts them */
static void
send_frame (LoadPublisher *publisher, const LoadFrame *frame)
{
  g_autofree uint8_t *bytes = g_malloc (frame->len + LOAD_STAMP_BYTES);
  size_t len = frame->len + LOAD_STAMP_BYTES, n = (len + PAYLOAD - 1) / PAYLOAD, at = 0;
  uint8_t head[4] = { 0x90, 0x80, (uint8_t) (0x80 | publisher->picture_id >> 8), (uint8_t) publisher->picture_id };

  memcpy (bytes, frame->data, frame->len);
  load_stamp_write (bytes + frame->len, load_now_us ());
  for (size_t i = 0; i < n; i++)
    {
      size_t piece = (len - at) / (n - i);

      head[0] = i == 0 ? 0x90 : 0x80; /* RFC 7741 §4.2: X, S; I; a picture id of 15 bits */
      send_packet (publisher, &publisher->video, head, sizeof head, bytes + at, piece, i == n - 1);
      publisher->stats.video_pkts++;
      at += piece;
    }
  flush (publisher);
  publisher->picture_id = (publisher->picture_id + 1) & 0x7fff;
  publisher->stats.frames++;
}

static void
on_video (AlTimer *timer, void *user)
{
  LoadPublisher *publisher = user;
  const LoadClip *clip = publisher->config.video;
  int64_t now_us = al_loop_now_us (loop_of (publisher));

  if (publisher->keyframe_wanted && now_us - publisher->jumped_us >= JUMP_US)
    {
      publisher->video_at = load_clip_next_keyframe (clip, publisher->video_at);
      publisher->jumped_us = now_us;
      publisher->keyframe_wanted = false;
      publisher->stats.jumps++;
    }
  send_frame (publisher, &clip->frames[publisher->video_at]);
  publisher->video_at = (publisher->video_at + 1) % clip->n_frames;
  publisher->video.timestamp += 3000;
  publisher->video_turns++;
  al_timer_set (al_loop_get_timers (loop_of (publisher)), timer,
                publisher->begin_us + (int64_t) (publisher->video_turns * 1000000 / 30));
}

static void
on_audio (AlTimer *timer, void *user)
{
  LoadPublisher *publisher = user;
  const LoadFrame *frame = &publisher->config.audio->frames[publisher->audio_at];
  uint8_t packet[1200];
  size_t len = load_stamp_pad_opus (frame->data, MIN (frame->len, 1100), load_now_us (), packet);

  send_packet (publisher, &publisher->audio, NULL, 0, packet, len, false);
  flush (publisher);
  publisher->stats.audio_pkts++;
  publisher->audio_at = (publisher->audio_at + 1) % publisher->config.audio->n_frames;
  publisher->audio.timestamp += 960;
  publisher->audio_turns++;
  al_timer_set (al_loop_get_timers (loop_of (publisher)), timer,
                publisher->begin_us + (int64_t) publisher->audio_turns * AUDIO_US);
}

static void
send_report (LoadPublisher *publisher, const Track *track)
{
  int64_t now_us = load_now_us ();
  uint64_t ntp = (uint64_t) (now_us / 1000000 + NTP_EPOCH) << 32 | ((uint64_t) (now_us % 1000000) << 32) / 1000000;
  uint8_t data[256];
  size_t len = load_rtcp_write_sr (data, sizeof data - LOAD_PEER_TRAILER, track->section.ssrc, ntp, track->timestamp,
                                   track->pkts, track->bytes, "load");

  load_peer_send_rtcp (publisher->peer, data, len);
}

static void
on_report (AlTimer *timer, void *user)
{
  LoadPublisher *publisher = user;

  send_report (publisher, &publisher->audio);
  if (publisher->config.video != NULL)
    send_report (publisher, &publisher->video);
  al_timer_set (al_loop_get_timers (loop_of (publisher)), timer, al_loop_now_us (loop_of (publisher)) + REPORT_US);
}

static void
on_connected (LoadPeer *peer, void *user)
{
  LoadPublisher *publisher = user;
  AlTimerWheel *timers = al_loop_get_timers (loop_of (publisher));
  int64_t frame_us = 1000000 / 30;

  publisher->connected = true;
  publisher->begin_us = al_loop_now_us (loop_of (publisher))
                        + frame_us * publisher->config.index / MAX (publisher->config.of, 1);
  al_timer_set (timers, &publisher->audio_timer, publisher->begin_us);
  if (publisher->config.video != NULL)
    al_timer_set (timers, &publisher->video_timer, publisher->begin_us);
  al_timer_set (timers, &publisher->report_timer, publisher->begin_us + REPORT_US / 2);
}

static void
on_keyframe (uint32_t media, void *user)
{
  LoadPublisher *publisher = user;

  publisher->stats.keyframe_requests++;
  publisher->keyframe_wanted = true;
}

static void
on_nack (uint32_t media, uint16_t seq, void *user)
{
  LoadPublisher *publisher = user;
  Track *track = media == publisher->audio.section.ssrc ? &publisher->audio : &publisher->video;
  const Kept *kept = track->kept != NULL ? &track->kept[seq % KEPT] : NULL;
  uint8_t *data = publisher->burst[publisher->n_burst];
  size_t header;

  if (kept == NULL || kept->len == 0 || kept->seq != seq || !publisher->connected)
    return;
  publisher->stats.resent++;
  if (track->section.rtx_pt == 0)
    {
      memcpy (data, kept->data, kept->len);
      add_to_burst (publisher, kept->len);
      return;
    }
  /* RFC 4588 §4: the original sequence number, then the payload */
  header = write_header (publisher, &track->section, data, true, (kept->data[1] & 0x80) != 0, track->rtx_seq++,
                         (uint32_t) kept->data[4] << 24 | (uint32_t) kept->data[5] << 16 | (uint32_t) kept->data[6] << 8
                           | kept->data[7],
                         load_now_us ());
  data[header] = (uint8_t) (seq >> 8);
  data[header + 1] = (uint8_t) seq;
  memcpy (data + header + 2, kept->data + kept->header_len, (size_t) kept->len - kept->header_len);
  add_to_burst (publisher, header + 2 + kept->len - kept->header_len);
}

static void
on_rtcp (LoadPeer *peer, const uint8_t *data, size_t len, int64_t at_us, void *user)
{
  static const LoadRtcpFns fns = { .keyframe = on_keyframe, .nack = on_nack };

  load_rtcp_read (data, len, &fns, user);
  flush (user);
}

static void
on_rtp (LoadPeer *peer, uint8_t *data, size_t len, int64_t at_us, void *user)
{
}

static void
on_failed (LoadPeer *peer, const char *why, void *user)
{
  g_printerr ("aldis-load: a publisher failed: %s\n", why);
}

static void
init_track (Track *track, unsigned mid, bool audio)
{
  uint16_t seq;
  uint32_t ssrc;

  al_random_bytes (&seq, sizeof seq);
  al_random_bytes (&ssrc, sizeof ssrc);
  load_sdp_init_section (&track->section, mid, audio, LOAD_SENDS, ssrc);
  track->seq = seq & 0x7fff; /* far from a wrap: the receiver cannot know the cycles (RFC 3711 §3.3.1) */
  track->rtx_seq = 1;
  track->kept = g_new0 (Kept, KEPT);
}

LoadPublisher *
load_publisher_new (const LoadPeerHome *home, const LoadPublisherConfig *config, GError **error)
{
  static const LoadPeerOps ops = { on_connected, on_rtp, on_rtcp, on_failed };
  LoadPublisher *publisher = g_new0 (LoadPublisher, 1);

  publisher->home = home;
  publisher->config = *config;
  init_track (&publisher->audio, 0, true);
  if (config->video != NULL)
    init_track (&publisher->video, 1, false);
  al_timer_init (&publisher->audio_timer, on_audio, publisher);
  al_timer_init (&publisher->video_timer, on_video, publisher);
  al_timer_init (&publisher->report_timer, on_report, publisher);
  publisher->peer = load_peer_new (home, &ops, publisher, error);
  if (publisher->peer == NULL)
    g_clear_pointer (&publisher, load_publisher_free);
  return publisher;
}

void
load_publisher_free (LoadPublisher *publisher)
{
  if (publisher == NULL)
    return;
  al_timer_cancel (&publisher->audio_timer);
  al_timer_cancel (&publisher->video_timer);
  al_timer_cancel (&publisher->report_timer);
  load_peer_free (publisher->peer);
  g_free (publisher->audio.kept);
  g_free (publisher->video.kept);
  g_free (publisher);
}

char *
load_publisher_offer (LoadPublisher *publisher)
{
  g_autofree LoadSdp *sdp = g_new0 (LoadSdp, 1);

  sdp->sections[sdp->n++] = publisher->audio.section;
  if (publisher->config.video != NULL)
    sdp->sections[sdp->n++] = publisher->video.section;
  return load_peer_describe (publisher->peer, sdp, "actpass");
}

/* what the answer took of the offer: extensions and payload types keep their numbers (RFC 8829 §5.3.1) */
static void
take_answer (LoadSection *section, const LoadSection *answered)
{
  section->ext_mid = answered->ext_mid;
  section->ext_level = answered->ext_level;
  section->ext_send_time = answered->ext_send_time;
  section->ext_transport = answered->ext_transport;
  section->rtx_pt = answered->rtx_pt;
}

bool
load_publisher_answered (LoadPublisher *publisher, const char *text)
{
  g_autofree LoadSdp *sdp = g_new0 (LoadSdp, 1);

  if (!load_sdp_parse (text, sdp))
    return false;
  take_answer (&publisher->audio.section, &sdp->sections[0]);
  if (publisher->config.video != NULL && sdp->n > 1)
    take_answer (&publisher->video.section, &sdp->sections[1]);
  load_peer_start (publisher->peer, sdp, true);
  return true;
}

bool
load_publisher_is_connected (const LoadPublisher *publisher)
{
  return publisher->connected;
}

const char *
load_publisher_get_profile (const LoadPublisher *publisher)
{
  return load_peer_get_profile (publisher->peer);
}

const LoadPublisherStats *
load_publisher_get_stats (const LoadPublisher *publisher)
{
  return &publisher->stats;
}
