/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/subscriber.h"

#include <string.h>

#include "base/random.h"
#include "server/load/rtcp.h"
#include "server/load/stamp.h"
#include "server/load/stream-in.h"

#define TICK_US 100000
#define REPORT_TICKS 10
#define PLI_US 500000
#define REPORTS_MAX 31
#define RTCP_BYTES 1400
#define SENDER 1 /* what Chromium calls itself when it sends nothing */

struct LoadSubscriber {
  /* passed in, not owned */
  const LoadPeerHome *home;
  LoadSubscriberConfig config;
  /* owned */
  LoadPeer *peer;
  LoadSdp remote;
  LoadStreamIn **streams;
  unsigned n_streams, last; /* last: found before */
  LoadFeedback feedback;
  AlTimer timer;
  uint8_t ext_transport;
  bool transport; /* feedback was negotiated */
  unsigned ticks;
  uint32_t media; /* an SSRC for feedbacks */
  LoadSubscriberStats stats; /* those that are not sums */
};

static AlLoop *
loop_of (const LoadSubscriber *subscriber)
{
  return load_net_get_loop (subscriber->home->net);
}

static const LoadSection *
section_of (const LoadSubscriber *subscriber, uint8_t pt, bool rtx)
{
  for (unsigned i = 0; i < subscriber->remote.n; i++)
    {
      const LoadSection *section = &subscriber->remote.sections[i];

      if (pt != 0 && (rtx ? section->rtx_pt : section->pt) == pt)
        return section;
    }
  return NULL;
}

static LoadStreamIn *
find_stream (LoadSubscriber *subscriber, uint32_t ssrc)
{
  if (subscriber->last < subscriber->n_streams && subscriber->streams[subscriber->last]->ssrc == ssrc)
    return subscriber->streams[subscriber->last];
  for (unsigned i = 0; i < subscriber->n_streams; i++)
    if (subscriber->streams[i]->ssrc == ssrc)
      {
        subscriber->last = i;
        return subscriber->streams[i];
      }
  return NULL;
}

static LoadStreamIn *
add_stream (LoadSubscriber *subscriber, const LoadHeader *header)
{
  const LoadSection *section = section_of (subscriber, header->pt, false);
  LoadStreamIn *stream;

  if (section == NULL || subscriber->n_streams == LOAD_SECTIONS_MAX)
    return NULL;
  stream = load_stream_in_new (header->ssrc, section->audio, section->nack);
  subscriber->streams = g_renew (LoadStreamIn *, subscriber->streams, subscriber->n_streams + 1);
  subscriber->streams[subscriber->n_streams++] = stream;
  return stream;
}

static void
send_nacks (LoadSubscriber *subscriber, LoadStreamIn *stream, int64_t now_us)
{
  uint16_t seqs[128];
  uint8_t data[RTCP_BYTES];
  unsigned n = stream->nack ? load_stream_in_list_missing (stream, now_us, seqs, G_N_ELEMENTS (seqs)) : 0;

  if (n == 0)
    return;
  load_peer_send_rtcp (subscriber->peer, data,
                       load_rtcp_write_nack (data, sizeof data - LOAD_PEER_TRAILER, SENDER, stream->ssrc, seqs, n));
  subscriber->stats.nacks += n;
}

static void
look_inside (LoadSubscriber *subscriber, LoadStreamIn *stream, const LoadHeader *header, const uint8_t *payload, size_t len,
             int64_t at_us)
{
  LoadPlaybackPacket packet = { .timestamp = header->timestamp, .marker = header->marker };
  int64_t sent_us;

  if (*subscriber->config.measuring && subscriber->config.looks_inside && load_stamp_read (payload, len, &sent_us))
    load_samples_add (subscriber->config.latency, at_us - sent_us);
  if (stream->playback == NULL || !load_vp8_read (payload, len, &packet.start, &packet.keyframe))
    return;
  packet.index = load_arrivals_extend (&stream->arrivals, header->seq);
  if (load_playback_add (stream->playback, &packet, at_us) > 0 && stream->first_us == 0)
    {
      stream->first_us = at_us;
      if (subscriber->stats.first_us == 0)
        subscriber->stats.first_us = at_us;
    }
}

static bool
is_looked_into (const LoadSubscriber *subscriber, const LoadStreamIn *stream)
{
  return subscriber->config.looks_inside || (stream->playback != NULL && stream->first_us == 0);
}

/* the packet that @data is, or brings again */
static void
take_media (LoadSubscriber *subscriber, LoadStreamIn *stream, const LoadHeader *header, bool rtx, int64_t at_us)
{
  int64_t highest = stream->arrivals.highest;
  uint32_t clock = rtx ? 0 : stream->media_clock;
  LoadArrival what = load_arrivals_add (&stream->arrivals, header->seq, header->timestamp, clock, at_us);

  stream->latest_us = at_us;
  if (what == LOAD_ARRIVAL_LATE && rtx)
    stream->recovered++;
  if (what == LOAD_ARRIVAL_GAP && stream->nack)
    {
      load_stream_in_note_gap (stream, highest + 1, stream->arrivals.highest);
      send_nacks (subscriber, stream, at_us);
    }
  if (subscriber->stats.first_us == 0 && stream->audio && subscriber->stats.n_videos == 0)
    subscriber->stats.first_us = at_us;
}

/* RFC 4588: its first two bytes are the number of the packet that is brought again; padding has none */
static void
take_rtx (LoadSubscriber *subscriber, LoadHeader *header, uint8_t *data, size_t len, int64_t at_us)
{
  LoadStreamIn *stream = NULL;
  uint8_t padding;

  for (unsigned i = 0; i < subscriber->remote.n && stream == NULL; i++)
    if (subscriber->remote.sections[i].rtx_ssrc == header->ssrc)
      stream = find_stream (subscriber, subscriber->remote.sections[i].ssrc);
  if (!load_peer_unprotect (subscriber->peer, data, &len))
    {
      subscriber->stats.not_genuine++;
      return;
    }
  padding = header->padded ? data[len - 1] : 0;
  if (stream == NULL || len < header->len + padding + 3)
    {
      subscriber->stats.other_pkts++;
      return;
    }
  header->seq = (uint16_t) (data[header->len] << 8 | data[header->len + 1]);
  take_media (subscriber, stream, header, true, at_us);
  if (is_looked_into (subscriber, stream))
    look_inside (subscriber, stream, header, data + header->len + 2, len - header->len - 2 - padding, at_us);
}

static void
on_rtp (LoadPeer *peer, uint8_t *data, size_t len, int64_t at_us, void *user)
{
  LoadSubscriber *subscriber = user;
  LoadStreamIn *stream;
  LoadHeader header;

  if (!load_header_read (data, len, subscriber->ext_transport, &header))
    return;
  if (header.has_transport && subscriber->transport)
    load_feedback_add (&subscriber->feedback, header.transport, at_us);
  stream = find_stream (subscriber, header.ssrc);
  if (stream == NULL && section_of (subscriber, header.pt, true) != NULL)
    {
      take_rtx (subscriber, &header, data, len, at_us);
      return;
    }
  if (stream == NULL && (stream = add_stream (subscriber, &header)) == NULL)
    {
      subscriber->stats.other_pkts++;
      return;
    }
  subscriber->media = header.ssrc;
  take_media (subscriber, stream, &header, false, at_us);
  if (!is_looked_into (subscriber, stream))
    return;
  if (!load_peer_unprotect (subscriber->peer, data, &len))
    subscriber->stats.not_genuine++;
  else if (len > header.len + (header.padded ? data[len - 1] : 0))
    look_inside (subscriber, stream, &header, data + header.len, len - header.len - (header.padded ? data[len - 1] : 0), at_us);
}

static void
on_sender_report (uint32_t ssrc, uint32_t middle_ntp, void *user)
{
  LoadStreamIn *stream = find_stream (user, ssrc);

  if (stream == NULL)
    return;
  stream->last_sr = middle_ntp;
  stream->last_sr_us = load_now_us ();
}

static void
on_rtcp (LoadPeer *peer, const uint8_t *data, size_t len, int64_t at_us, void *user)
{
  static const LoadRtcpFns fns = { .sender_report = on_sender_report };

  load_rtcp_read (data, len, &fns, user);
}

static void
send_report (LoadSubscriber *subscriber, int64_t now_us)
{
  LoadReport reports[REPORTS_MAX];
  uint8_t data[RTCP_BYTES];
  unsigned n = MIN (subscriber->n_streams, REPORTS_MAX);

  for (unsigned i = 0; i < n; i++)
    {
      LoadStreamIn *stream = subscriber->streams[i];

      reports[i] = (LoadReport){ .ssrc = stream->ssrc, .highest = (uint32_t) stream->arrivals.highest,
                                 .jitter = stream->arrivals.jitter_q4 >> 4, .last_sr = stream->last_sr };
      if (stream->last_sr_us != 0)
        reports[i].delay = (uint32_t) ((now_us - stream->last_sr_us) * 65536 / 1000000);
      load_arrivals_report (&stream->arrivals, &reports[i].fraction, &reports[i].lost);
    }
  load_peer_send_rtcp (subscriber->peer, data,
                       load_rtcp_write_rr (data, sizeof data - LOAD_PEER_TRAILER, SENDER, reports, n, "load"));
}

static void
ask_for_keyframe (LoadSubscriber *subscriber, LoadStreamIn *stream, int64_t now_us)
{
  uint8_t data[64];

  if (stream->playback == NULL || !is_looked_into (subscriber, stream) || !load_playback_wants_keyframe (stream->playback)
      || now_us - stream->pli_us < PLI_US || now_us - stream->latest_us > PLI_US)
    return;
  stream->pli_us = now_us;
  subscriber->stats.plis++;
  load_peer_send_rtcp (subscriber->peer, data,
                       load_rtcp_write_pli (data, sizeof data - LOAD_PEER_TRAILER, SENDER, stream->ssrc));
}

static void
on_tick (AlTimer *timer, void *user)
{
  LoadSubscriber *subscriber = user;
  int64_t now_us = load_now_us ();
  uint8_t data[RTCP_BYTES];
  size_t len = load_feedback_write (&subscriber->feedback, SENDER, subscriber->media, data, sizeof data - LOAD_PEER_TRAILER);

  if (len > 0)
    {
      load_peer_send_rtcp (subscriber->peer, data, len);
      subscriber->stats.feedbacks++;
    }
  for (unsigned i = 0; i < subscriber->n_streams; i++)
    {
      send_nacks (subscriber, subscriber->streams[i], now_us);
      ask_for_keyframe (subscriber, subscriber->streams[i], now_us);
    }
  if (++subscriber->ticks % REPORT_TICKS == 0)
    send_report (subscriber, now_us);
  al_timer_set (al_loop_get_timers (loop_of (subscriber)), timer, al_loop_now_us (loop_of (subscriber)) + TICK_US);
}

static void
on_connected (LoadPeer *peer, void *user)
{
  LoadSubscriber *subscriber = user;

  subscriber->stats.connected_us = load_now_us ();
  al_timer_set (al_loop_get_timers (loop_of (subscriber)), &subscriber->timer, al_loop_now_us (loop_of (subscriber)) + TICK_US);
}

static void
on_failed (LoadPeer *peer, const char *why, void *user)
{
  g_printerr ("aldis-load: a subscriber failed: %s\n", why);
}

LoadSubscriber *
load_subscriber_new (const LoadPeerHome *home, const LoadSubscriberConfig *config, GError **error)
{
  static const LoadPeerOps ops = { on_connected, on_rtp, on_rtcp, on_failed };
  LoadSubscriber *subscriber = g_new0 (LoadSubscriber, 1);

  subscriber->home = home;
  subscriber->config = *config;
  al_timer_init (&subscriber->timer, on_tick, subscriber);
  subscriber->peer = load_peer_new (home, &ops, subscriber, error);
  if (subscriber->peer == NULL)
    g_clear_pointer (&subscriber, load_subscriber_free);
  return subscriber;
}

void
load_subscriber_free (LoadSubscriber *subscriber)
{
  if (subscriber == NULL)
    return;
  al_timer_cancel (&subscriber->timer);
  for (unsigned i = 0; i < subscriber->n_streams; i++)
    load_stream_in_free (subscriber->streams[i]);
  g_free (subscriber->streams);
  load_peer_free (subscriber->peer);
  g_free (subscriber);
}

void
load_subscriber_begin (LoadSubscriber *subscriber)
{
  subscriber->stats.offered_us = load_now_us ();
}

char *
load_subscriber_offer (LoadSubscriber *subscriber, unsigned n_audio, unsigned n_video)
{
  g_autofree LoadSdp *sdp = g_new0 (LoadSdp, 1);

  g_assert (n_audio + n_video <= LOAD_SECTIONS_MAX);
  for (unsigned i = 0; i < n_audio + n_video; i++)
    load_sdp_init_section (&sdp->sections[sdp->n++], i, i < n_audio, LOAD_RECEIVES, 0);
  return load_peer_describe (subscriber->peer, sdp, "actpass");
}

static void
learn (LoadSubscriber *subscriber)
{
  for (unsigned i = 0; i < subscriber->remote.n; i++)
    {
      const LoadSection *section = &subscriber->remote.sections[i];

      if (section->pt == 0)
        continue;
      subscriber->stats.n_videos += !section->audio;
      subscriber->ext_transport = section->ext_transport != 0 ? section->ext_transport : subscriber->ext_transport;
      subscriber->transport |= section->transport && section->ext_transport != 0;
    }
}

bool
load_subscriber_answered (LoadSubscriber *subscriber, const char *text)
{
  if (!load_sdp_parse (text, &subscriber->remote))
    return false;
  learn (subscriber);
  load_peer_start (subscriber->peer, &subscriber->remote, true);
  return true;
}

char *
load_subscriber_answer (LoadSubscriber *subscriber, const char *offer)
{
  g_autofree LoadSdp *mine = g_new0 (LoadSdp, 1);
  char *answer;

  if (!load_sdp_parse (offer, &subscriber->remote))
    return NULL;
  learn (subscriber);
  *mine = subscriber->remote;
  for (unsigned i = 0; i < mine->n; i++)
    {
      LoadSection *section = &mine->sections[i];

      section->direction = section->pt != 0 && section->direction != LOAD_INACTIVE ? LOAD_RECEIVES : LOAD_INACTIVE;
      section->ssrc = section->rtx_ssrc = 0;
    }
  answer = load_peer_describe (subscriber->peer, mine, "active");
  load_peer_start (subscriber->peer, &subscriber->remote, false);
  return answer;
}

void
load_subscriber_restart (LoadSubscriber *subscriber)
{
  int64_t now_us = load_now_us ();
  LoadSubscriberStats *stats = &subscriber->stats;

  stats->nacks = stats->plis = stats->feedbacks = stats->other_pkts = stats->not_genuine = 0;
  for (unsigned i = 0; i < subscriber->n_streams; i++)
    {
      load_arrivals_restart (&subscriber->streams[i]->arrivals);
      subscriber->streams[i]->recovered = 0;
      if (subscriber->streams[i]->playback != NULL)
        load_playback_restart (subscriber->streams[i]->playback, now_us);
    }
}

static void
add_video (LoadSubscriberStats *sum, LoadPlayback *playback, int64_t now_us)
{
  load_playback_end (playback, now_us);
  sum->frames += playback->frames;
  sum->freezes += playback->freezes;
  sum->frozen_us += playback->frozen_us;
  sum->longest_freeze_us = MAX (sum->longest_freeze_us, playback->longest_us);
}

void
load_subscriber_get_stats (LoadSubscriber *subscriber, LoadSubscriberStats *ret_stats)
{
  int64_t now_us = load_now_us ();

  *ret_stats = subscriber->stats;
  ret_stats->n_streams = subscriber->n_streams;
  for (unsigned i = 0; i < subscriber->n_streams; i++)
    {
      const LoadStreamIn *stream = subscriber->streams[i];

      ret_stats->expected += load_arrivals_expected (&stream->arrivals);
      ret_stats->received += stream->arrivals.received;
      ret_stats->repeated += stream->arrivals.repeated;
      ret_stats->late += stream->arrivals.late;
      ret_stats->recovered += stream->recovered;
      ret_stats->n_silent += stream->arrivals.received == 0;
      ret_stats->jitter_us += (double) stream->arrivals.jitter_q4 / 16 * 1e6 / stream->media_clock / subscriber->n_streams;
      if (stream->audio)
        ret_stats->audio_pkts += stream->arrivals.received;
      else
        ret_stats->video_pkts += stream->arrivals.received;
      if (stream->playback != NULL && subscriber->config.looks_inside)
        add_video (ret_stats, stream->playback, now_us);
    }
}

const char *
load_subscriber_get_profile (const LoadSubscriber *subscriber)
{
  return load_peer_get_profile (subscriber->peer);
}
