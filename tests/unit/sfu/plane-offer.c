/* SPDX-License-Identifier: Apache-2.0 */
/* What peers of the bench offer, and what they read in the answers. */
#include "plane.h"

#include <string.h>

static void
write_audio (GString *out)
{
  g_string_append_printf (out,
                          "a=rtpmap:111 opus/48000/2\r\n"
                          "a=extmap:%u urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n",
                          PLANE_ID_LEVEL);
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
                          PLANE_ID_RID, PLANE_ID_LAYERS, PLANE_ID_DEPENDENCY);
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
                              sfu_identity_get_fingerprint (peer->plane->peer_identity), PLANE_ID_MID);
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
char *
plane_peer_read_answer (const PlanePeer *peer, const char *name)
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
