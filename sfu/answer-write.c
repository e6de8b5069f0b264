/* SPDX-License-Identifier: Apache-2.0 */
/* The text of an answer. Line forms and order are those of browsers' own answers. */
#include <string.h>

#include "sfu/answer.h"
#include "sfu/sdp-format.h"

/* RFC 8445 §5.1.2.2: 126 for host candidates; by TCP below all that can come by UDP (RFC 6544 §4.2). */
#define TYPE_PREFERENCE_UDP 126u
#define TYPE_PREFERENCE_TCP 90u
/* RFC 6544 §4.2: direction preference of passive host candidates, above 13 bits of order */
#define DIRECTION_PASSIVE 4u

/* (2^24) * type preference + (2^8) * local preference + (256 - component); the component is always 1 (RFC 8445 §5.1.2.1). */
static uint32_t
get_priority (bool tcp, unsigned order)
{
  uint32_t type = tcp ? TYPE_PREFERENCE_TCP : TYPE_PREFERENCE_UDP;
  uint32_t local = tcp ? DIRECTION_PASSIVE << 13 | (8191 - MIN (order, 8191)) : 65535 - MIN (order, 65535);

  return type << 24 | local << 8 | 255;
}

/* The same for candidates of one address and protocol (RFC 8445 §5.1.1.3). */
static unsigned
get_foundation (const SfuLocal *local, unsigned i)
{
  for (unsigned j = 0; j < i; j++)
    if (local->candidates[j].tcp == local->candidates[i].tcp
        && al_addr_equal_host (&local->candidates[j].addr, &local->candidates[i].addr))
      return j + 1;
  return i + 1;
}

static void
write_candidates (const SfuLocal *local, GString *out)
{
  char host[AL_ADDR_STRLEN];

  for (unsigned i = 0; i < local->n_candidates; i++)
    {
      const SfuLocalCandidate *candidate = &local->candidates[i];

      g_string_append_printf (out, "a=candidate:%u 1 %s %u %s %u typ host%s\r\n", get_foundation (local, i),
                              candidate->tcp ? "tcp" : "udp", get_priority (candidate->tcp, i),
                              al_addr_format (&candidate->addr, false, host), al_addr_get_port (&candidate->addr),
                              candidate->tcp ? " tcptype passive" : "");
    }
  g_string_append (out, "a=end-of-candidates\r\n");
}

static void
write_transport (const SfuAnswer *answer, const SfuLocal *local, GString *out)
{
  char fingerprint[SFU_FINGERPRINT_TEXT];

  g_string_append_printf (out, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:%s", local->ufrag, local->pwd,
                          sfu_fingerprint_format (&local->fingerprint, fingerprint));
  g_string_append_printf (out, "\r\na=setup:%s\r\n", answer->we_are_active ? "active" : "passive");
}

static void
write_exts (const SfuSection *section, GString *out)
{
  static const char *const restrictions[] = {
    [SFU_INACTIVE] = "/inactive", [SFU_SENDS] = "/sendonly", [SFU_RECEIVES] = "/recvonly", [SFU_SENDS_AND_RECEIVES] = ""
  };

  if (section->mixed_exts)
    g_string_append (out, "a=extmap-allow-mixed\r\n");
  for (SfuExt ext = 0; ext < SFU_EXT_N; ext++)
    if (section->exts.id[ext] != 0)
      g_string_append_printf (out, "a=extmap:%u%s %s\r\n", section->exts.id[ext],
                              restrictions[section->ext_directions.id[ext]], sfu_ext_get_uri (ext));
}

static void
write_formats (const SfuAnswer *answer, const SfuSection *section, const SfuLocal *local, GString *out)
{
  char start[40] = "";

  if (answer->is_publisher && section->kind == SFU_VIDEO && local->start_bitrate_bps > 0)
    (void) g_snprintf (start, sizeof (start), "x-google-start-bitrate=%u", local->start_bitrate_bps / 1000);
  for (unsigned i = 0; i < section->n_formats; i++)
    sfu_format_write (&section->formats[i], start[0] != '\0' ? start : NULL, out);
}

static void
write_simulcast (const SfuSection *section, GString *out)
{
  for (unsigned i = 0; i < section->n_rids; i++)
    g_string_append_printf (out, "a=rid:%s recv%s%s\r\n", section->rids[i].id, section->rids[i].limits != NULL ? " " : "",
                            section->rids[i].limits != NULL ? section->rids[i].limits : "");
  for (unsigned i = 0; i < section->n_rids; i++)
    g_string_append_printf (out, "%s%s", i > 0 ? ";" : "a=simulcast:recv ", section->rids[i].id);
  if (section->n_rids > 0)
    g_string_append (out, "\r\n");
}

/* Audio slot i and video slot i are one MediaStream: browsers keep them in step (RFC 8830). */
static void
write_slot (const SfuSection *section, const SfuLocal *local, GString *out)
{
  const SfuSsrc *ssrc = &section->ssrcs[0];
  g_autofree char *msid = NULL;
  bool has_rtx = false;

  for (unsigned i = 0; i < section->n_formats; i++)
    has_rtx |= section->formats[i].rtx != 0 && ssrc->rtx != 0;
  msid = g_strdup_printf ("slot%u %s%u", section->slot, section->media, section->slot);
  g_string_append_printf (out, "a=msid:%s\r\n", msid);
  if (section->n_ssrcs == 0)
    return;
  if (has_rtx)
    g_string_append_printf (out, "a=ssrc-group:FID %u %u\r\n", ssrc->ssrc, ssrc->rtx);
  g_string_append_printf (out, "a=ssrc:%u cname:%s\r\na=ssrc:%u msid:%s\r\n", ssrc->ssrc, local->cname, ssrc->ssrc, msid);
  if (has_rtx)
    g_string_append_printf (out, "a=ssrc:%u cname:%s\r\na=ssrc:%u msid:%s\r\n", ssrc->rtx, local->cname, ssrc->rtx, msid);
}

static void
write_rejected (const SfuSection *section, GString *out)
{
  g_string_append_printf (out, "m=%s 0 %s %s\r\nc=IN IP4 0.0.0.0\r\n", section->media, section->protocol,
                          section->first_format);
  if (section->mid[0] != '\0')
    g_string_append_printf (out, "a=mid:%s\r\n", section->mid);
  if (section->is_rtp)
    g_string_append (out, "a=inactive\r\n");
}

static void
write_media_line (const SfuSection *section, GString *out)
{
  g_string_append_printf (out, "m=%s 9 %s", section->media, section->protocol);
  for (unsigned i = 0; i < section->n_formats; i++)
    {
      g_string_append_printf (out, " %u", section->formats[i].payload_type);
      if (section->formats[i].rtx != 0)
        g_string_append_printf (out, " %u", section->formats[i].rtx);
    }
  g_string_append (out, "\r\nc=IN IP4 0.0.0.0\r\n");
}

/* @is_first: of those that are not rejected: it carries the candidates of the bundle (RFC 9143 §7.2.1) */
static void
write_section (const SfuAnswer *answer, const SfuSection *section, const SfuLocal *local, bool is_first, GString *out)
{
  static const char *const directions[] = { [SFU_INACTIVE] = "inactive", [SFU_SENDS] = "sendonly",
                                            [SFU_RECEIVES] = "recvonly", [SFU_SENDS_AND_RECEIVES] = "sendrecv" };

  write_media_line (section, out);
  if (answer->is_publisher && local->max_bitrate_bps > 0 && section->kind == SFU_VIDEO)
    g_string_append_printf (out, "b=AS:%u\r\nb=TIAS:%u\r\n", local->max_bitrate_bps / 1000, local->max_bitrate_bps);
  g_string_append_printf (out, "a=mid:%s\r\na=%s\r\na=rtcp-mux\r\n%s", section->mid, directions[section->direction],
                          section->reduced_size ? "a=rtcp-rsize\r\n" : "");
  write_transport (answer, local, out);
  if (is_first)
    write_candidates (local, out);
  write_formats (answer, section, local, out);
  write_exts (section, out);
  if (section->direction == SFU_RECEIVES)
    write_simulcast (section, out);
  if (section->direction == SFU_SENDS)
    write_slot (section, local, out);
}

/* Our o= line has a session id that stays as long as the other side's: made of it (FNV-1a, 63 bits as JSEP wants). */
static uint64_t
get_session_id (const SfuAnswer *answer)
{
  uint64_t hash = 0xcbf29ce484222325;

  for (const char *p = answer->session; *p != '\0'; p++)
    hash = (hash ^ (uint8_t) *p) * 0x100000001b3;
  return hash >> 1;
}

static bool
has_bundle (const SfuAnswer *answer)
{
  for (unsigned i = 0; i < answer->n_sections; i++)
    if (!answer->sections[i].is_rejected && answer->sections[i].is_bundled)
      return true;
  return false;
}

char *
sfu_answer_write (const SfuAnswer *answer, const SfuLocal *local)
{
  GString *out = g_string_sized_new (4096);
  bool is_first = true;

  g_string_append_printf (out, "v=0\r\no=- %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n",
                          get_session_id (answer), answer->version);
  if (has_bundle (answer))
    {
      g_string_append (out, "a=group:BUNDLE");
      for (unsigned i = 0; i < answer->n_sections; i++)
        if (!answer->sections[i].is_rejected)
          g_string_append_printf (out, " %s", answer->sections[i].mid);
      g_string_append (out, "\r\n");
    }
  g_string_append (out, "a=ice-lite\r\na=msid-semantic: WMS *\r\n");
  for (unsigned i = 0; i < answer->n_sections; i++)
    if (answer->sections[i].is_rejected)
      write_rejected (&answer->sections[i], out);
    else
      {
        write_section (answer, &answer->sections[i], local, is_first, out);
        is_first = false;
      }
  return g_string_free (out, FALSE);
}
