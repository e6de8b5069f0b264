/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/sdp.h"

#include <stdio.h>
#include <string.h>

#define OPUS_PT 111
#define VP8_PT 96
#define RTX_PT 97

static const struct {
  const char *uri;
  size_t offset;
  bool audio, video;
} extensions[] = {
  { "urn:ietf:params:rtp-hdrext:ssrc-audio-level", G_STRUCT_OFFSET (LoadSection, ext_level), true, false },
  { "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", G_STRUCT_OFFSET (LoadSection, ext_send_time), true, true },
  { "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    G_STRUCT_OFFSET (LoadSection, ext_transport), true, true },
  { "urn:ietf:params:rtp-hdrext:sdes:mid", G_STRUCT_OFFSET (LoadSection, ext_mid), true, true },
};

static uint8_t *
ext_of (LoadSection *section, unsigned i)
{
  return &G_STRUCT_MEMBER (uint8_t, section, extensions[i].offset);
}

static void
read_candidate (const char *value, AlAddr *candidate)
{
  char protocol[8], host[64], type[8];
  unsigned port;

  if (candidate->sa.sa_family != AF_UNSPEC || sscanf (value, "%*s 1 %7s %*u %63s %u typ %7s", protocol, host, &port, type) != 4
      || g_ascii_strcasecmp (protocol, "udp") != 0 || port > 65535)
    return;
  (void) al_addr_parse (host, (uint16_t) port, candidate, NULL);
}

static void
read_rtpmap (const char *value, LoadSection *section)
{
  char name[32];
  unsigned pt;

  if (sscanf (value, "%u %31[^/]", &pt, name) != 2 || pt == 0 || pt > 127 || section->pt != 0)
    return;
  if (g_ascii_strcasecmp (name, section->audio ? "opus" : "VP8") == 0)
    section->pt = (uint8_t) pt;
}

/* "1 URI" or "1/direction URI" */
static void
read_extmap (const char *value, LoadSection *section)
{
  const char *uri = strchr (value, ' ');

  for (unsigned i = 0; uri != NULL && i < G_N_ELEMENTS (extensions); i++)
    if (strcmp (uri + 1, extensions[i].uri) == 0)
      *ext_of (section, i) = (uint8_t) g_ascii_strtoull (value, NULL, 10);
}

static void
read_attribute (LoadSdp *sdp, LoadSection *section, const char *name, const char *value)
{
  unsigned a, b;

  if (strcmp (name, "ice-ufrag") == 0)
    g_strlcpy (sdp->ufrag, value, sizeof sdp->ufrag);
  else if (strcmp (name, "ice-pwd") == 0)
    g_strlcpy (sdp->pwd, value, sizeof sdp->pwd);
  else if (strcmp (name, "fingerprint") == 0 && g_ascii_strncasecmp (value, "sha-256 ", 8) == 0)
    g_strlcpy (sdp->fingerprint, value + 8, sizeof sdp->fingerprint);
  else if (strcmp (name, "setup") == 0)
    g_strlcpy (sdp->setup, value, sizeof sdp->setup);
  else if (strcmp (name, "candidate") == 0)
    read_candidate (value, &sdp->candidate);
  if (section == NULL)
    return;
  if (strcmp (name, "mid") == 0)
    g_strlcpy (section->mid, value, sizeof section->mid);
  else if (strcmp (name, "rtpmap") == 0)
    read_rtpmap (value, section);
  else if (strcmp (name, "fmtp") == 0 && sscanf (value, "%u apt=%u", &a, &b) == 2 && section->pt != 0 && b == section->pt)
    section->rtx_pt = (uint8_t) a;
  else if (strcmp (name, "rtcp-fb") == 0 && sscanf (value, "%u", &a) == 1 && a == section->pt)
    {
      section->nack |= g_str_has_suffix (value, " nack");
      section->pli |= g_str_has_suffix (value, " nack pli");
      section->transport |= g_str_has_suffix (value, " transport-cc");
    }
  else if (strcmp (name, "extmap") == 0)
    read_extmap (value, section);
  else if (strcmp (name, "ssrc-group") == 0 && sscanf (value, "FID %u %u", &a, &b) == 2)
    {
      section->ssrc = a;
      section->rtx_ssrc = b;
    }
  else if (strcmp (name, "ssrc") == 0 && section->ssrc == 0)
    section->ssrc = (uint32_t) g_ascii_strtoull (value, NULL, 10);
  else if (strcmp (name, "sendonly") == 0)
    section->direction = LOAD_SENDS;
  else if (strcmp (name, "recvonly") == 0)
    section->direction = LOAD_RECEIVES;
  else if (strcmp (name, "inactive") == 0)
    section->direction = LOAD_INACTIVE;
}

bool
load_sdp_parse (const char *text, LoadSdp *ret_sdp)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  LoadSection *section = NULL;

  memset (ret_sdp, 0, sizeof *ret_sdp);
  for (unsigned i = 0; lines[i] != NULL; i++)
    {
      char *line = g_strchomp (lines[i]), *colon;

      if (g_str_has_prefix (line, "m="))
        {
          if (ret_sdp->n == LOAD_SECTIONS_MAX)
            return false;
          section = &ret_sdp->sections[ret_sdp->n++];
          section->audio = g_str_has_prefix (line, "m=audio");
          section->direction = LOAD_BOTH;
        }
      if (!g_str_has_prefix (line, "a="))
        continue;
      colon = strchr (line, ':');
      if (colon != NULL)
        *colon = '\0';
      read_attribute (ret_sdp, section, line + 2, colon != NULL ? colon + 1 : "");
    }
  return ret_sdp->n > 0 && ret_sdp->ufrag[0] != '\0' && ret_sdp->pwd[0] != '\0' && ret_sdp->fingerprint[0] != '\0'
         && ret_sdp->candidate.sa.sa_family != AF_UNSPEC;
}

void
load_sdp_init_section (LoadSection *section, unsigned mid, bool audio, LoadDirection direction, uint32_t ssrc)
{
  *section = (LoadSection){ .audio = audio, .direction = direction, .ssrc = ssrc, .pt = audio ? OPUS_PT : VP8_PT,
                            .rtx_pt = audio ? 0 : RTX_PT, .nack = !audio, .pli = !audio, .transport = true,
                            .ext_level = audio ? 1 : 0, .ext_send_time = 2, .ext_transport = 3, .ext_mid = 4,
                            .rtx_ssrc = audio || ssrc == 0 ? 0 : ssrc + 1 };
  (void) g_snprintf (section->mid, sizeof section->mid, "%u", mid);
}

static void
write_codec (GString *out, const LoadSection *section)
{
  g_string_append_printf (out, section->audio ? "a=rtpmap:%u opus/48000/2\r\n" : "a=rtpmap:%u VP8/90000\r\n", section->pt);
  if (section->audio)
    g_string_append_printf (out, "a=fmtp:%u minptime=10;useinbandfec=1\r\n", section->pt);
  if (section->transport)
    g_string_append_printf (out, "a=rtcp-fb:%u transport-cc\r\n", section->pt);
  if (section->nack)
    g_string_append_printf (out, "a=rtcp-fb:%u nack\r\n", section->pt);
  if (section->pli)
    g_string_append_printf (out, "a=rtcp-fb:%u nack pli\r\na=rtcp-fb:%u ccm fir\r\n", section->pt, section->pt);
  if (section->rtx_pt != 0)
    g_string_append_printf (out, "a=rtpmap:%u rtx/90000\r\na=fmtp:%u apt=%u\r\n", section->rtx_pt, section->rtx_pt,
                            section->pt);
}

static void
write_section (GString *out, const LoadSdp *sdp, const LoadSection *section)
{
  static const char *const directions[] = { "inactive", "sendonly", "recvonly", "sendrecv" };
  char host[AL_ADDR_STRLEN];

  g_string_append_printf (out, "m=%s 9 UDP/TLS/RTP/SAVPF %u", section->audio ? "audio" : "video", section->pt);
  if (section->rtx_pt != 0)
    g_string_append_printf (out, " %u", section->rtx_pt);
  (void) al_addr_format (&sdp->candidate, false, host);
  g_string_append_printf (out, "\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
                               "a=candidate:1 1 udp 2130706431 %s %u typ host generation 0\r\na=end-of-candidates\r\n"
                               "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 %s\r\na=setup:%s\r\na=mid:%s\r\n",
                          host, al_addr_get_port (&sdp->candidate), sdp->ufrag, sdp->pwd, sdp->fingerprint, sdp->setup,
                          section->mid);
  for (unsigned i = 0; i < G_N_ELEMENTS (extensions); i++)
    {
      uint8_t id = G_STRUCT_MEMBER (uint8_t, section, extensions[i].offset);

      if (id != 0 && (section->audio ? extensions[i].audio : extensions[i].video))
        g_string_append_printf (out, "a=extmap:%u %s\r\n", id, extensions[i].uri);
    }
  g_string_append_printf (out, "a=%s\r\na=rtcp-mux\r\na=rtcp-rsize\r\n", directions[section->direction]);
  write_codec (out, section);
  if (section->ssrc == 0 || section->direction != LOAD_SENDS)
    return;
  if (section->rtx_ssrc != 0)
    g_string_append_printf (out, "a=ssrc-group:FID %u %u\r\n", section->ssrc, section->rtx_ssrc);
  g_string_append_printf (out, "a=msid:load load-%s\r\na=ssrc:%u cname:load\r\n", section->mid, section->ssrc);
  if (section->rtx_ssrc != 0)
    g_string_append_printf (out, "a=ssrc:%u cname:load\r\n", section->rtx_ssrc);
}

char *
load_sdp_write (const LoadSdp *sdp)
{
  GString *out = g_string_new ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE");

  for (unsigned i = 0; i < sdp->n; i++)
    g_string_append_printf (out, " %s", sdp->sections[i].mid);
  g_string_append (out, "\r\na=msid-semantic: WMS *\r\n");
  for (unsigned i = 0; i < sdp->n; i++)
    write_section (out, sdp, &sdp->sections[i]);
  return g_string_free (out, FALSE);
}
