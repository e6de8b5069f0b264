/* SPDX-License-Identifier: Apache-2.0 */
/* One m= section of an offer: its attributes, each looked at once. */
#include <string.h>

#include "sfu/offer-private.h"
#include "sfu/sdp-format.h"

/* a=ssrc and a=ssrc-group lines of one section, and a=rid lines: more are an attack */
#define SSRCS_MAX 16
#define RIDS_MAX 16

/* What one section's lines say, before they are put together */
typedef struct {
  SfuSection *section;
  SfuFormats formats;
  const char *ext_uris[256];
  struct {
    char id[SFU_RID_MAX + 1];
    const char *limits; /* (nullable) */
  } rids[RIDS_MAX];
  unsigned n_rids;
  const char *simulcast; /* (nullable): the list behind "send" */
  SfuSsrc ssrcs[SSRCS_MAX];
  bool is_rtx[SSRCS_MAX];
  unsigned n_ssrcs;
  uint32_t sim[SFU_LAYERS_MAX];
  unsigned n_sim;
  const char *cname, *msid, *ssrc_msid;
  bool bundle_only;
  SfuTransportLines transport;
} Lines;

static const char *
read_mid (Lines *lines, const char *value)
{
  if (!sfu_sdp_is_token (value) || strlen (value) > SFU_MID_MAX)
    return "a=mid is a token of 1 to 32 bytes";
  if (lines->section->mid[0] != '\0')
    return "a=mid for the second time";
  (void) strcpy (lines->section->mid, value);
  return NULL;
}

/* a=extmap:<id>[/<direction>] <uri>[ <attributes>] (RFC 8285 §5) */
static const char *
read_extmap (Lines *lines, const char *value)
{
  static const struct {
    const char *text;
    SfuDirection direction;
  } restrictions[] = {
    { "/sendrecv ", SFU_SENDS_AND_RECEIVES }, { "/sendonly ", SFU_SENDS }, { "/recvonly ", SFU_RECEIVES },
    { "/inactive ", SFU_INACTIVE },           { " ", SFU_SENDS_AND_RECEIVES },
  };
  uint64_t id;
  unsigned i = 0;
  char uri[256];
  SfuExt ext;

  if (!sfu_sdp_take_number (&value, 65535, &id) || id == 0)
    return "a=extmap needs an id";
  while (i < G_N_ELEMENTS (restrictions) && !sfu_sdp_take (&value, restrictions[i].text))
    i++;
  if (i == G_N_ELEMENTS (restrictions) || *value == '\0' || *value == ' ')
    return "a=extmap needs a URI";
  if (id > 255 || id == 15) /* cannot be used: for offers with more extensions than ids (RFC 8285 §4.1.2, §5) */
    return NULL;
  if (lines->ext_uris[id] != NULL)
    return "an extension id for the second time";
  lines->ext_uris[id] = value;
  ext = sfu_sdp_take_word (&value, " ", uri, sizeof (uri)) ? sfu_ext_from_uri (uri) : SFU_EXT_N;
  if (ext != SFU_EXT_N && lines->section->exts.id[ext] == 0 && sfu_ext_is_for (ext, lines->section->kind))
    {
      lines->section->exts.id[ext] = (uint8_t) id;
      lines->section->ext_directions.id[ext] = (uint8_t) restrictions[i].direction;
    }
  return NULL;
}

static bool
is_rid (const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && *p != '-' && *p != '_')
      return false;
  return text[0] != '\0';
}

/* a=rid:<id> send|recv[ <restrictions>] (RFC 8851 §10) */
static const char *
read_rid (Lines *lines, const char *value)
{
  char id[SFU_RID_MAX + 1];

  if (!sfu_sdp_take_word (&value, " ", id, sizeof (id)) || !is_rid (id))
    return "a=rid needs an id of 1 to 16 letters, digits, - and _";
  if (sfu_sdp_take (&value, " recv") && (*value == ' ' || *value == '\0'))
    return NULL;
  if (!sfu_sdp_take (&value, " send") || (*value != ' ' && *value != '\0') || strlen (value) > 256)
    return "a=rid needs send or recv";
  for (unsigned i = 0; i < lines->n_rids; i++)
    if (strcmp (lines->rids[i].id, id) == 0)
      return "a=rid for the second time";
  if (lines->n_rids == RIDS_MAX)
    return "more than 16 a=rid lines";
  (void) strcpy (lines->rids[lines->n_rids].id, id);
  lines->rids[lines->n_rids++].limits = *value == ' ' && value[1] != '\0' ? value + 1 : NULL;
  return NULL;
}

/* a=simulcast:send <list>[ recv <list>], or the other way round (RFC 8853 §5.1) */
static const char *
read_simulcast (Lines *lines, const char *value)
{
  static const char wrong[] = "a=simulcast needs send or recv, and a list of rids";
  char word[8];

  if (lines->simulcast != NULL)
    return "a=simulcast for the second time";
  for (unsigned i = 0; i < 2 && *value != '\0'; i++)
    {
      bool sends;

      if ((i > 0 && !sfu_sdp_take (&value, " ")) || !sfu_sdp_take_word (&value, " ", word, sizeof (word)))
        return wrong;
      sends = strcmp (word, "send") == 0;
      if ((!sends && strcmp (word, "recv") != 0) || !sfu_sdp_take (&value, " ") || *value == '\0' || *value == ' ')
        return wrong;
      if (sends)
        lines->simulcast = value;
      value += strcspn (value, " ");
    }
  return *value == '\0' ? NULL : wrong;
}

/* Returns: (nullable): the entry of @ssrc, made if need be; NULL: too many. */
static int
find_ssrc (Lines *lines, uint32_t ssrc)
{
  for (unsigned i = 0; i < lines->n_ssrcs; i++)
    if (lines->ssrcs[i].ssrc == ssrc)
      return (int) i;
  if (lines->n_ssrcs == SSRCS_MAX)
    return -1;
  lines->ssrcs[lines->n_ssrcs].ssrc = ssrc;
  return (int) lines->n_ssrcs++;
}

static bool
take_ssrc (const char **at, uint32_t *ret)
{
  uint64_t number;

  if (!sfu_sdp_take_number (at, UINT32_MAX, &number) || number == 0)
    return false;
  *ret = (uint32_t) number;
  return true;
}

/* a=ssrc:<ssrc> <attribute>[:<value>] (RFC 5576 §4.1) */
static const char *
read_ssrc (Lines *lines, const char *value)
{
  uint32_t ssrc;

  if (!take_ssrc (&value, &ssrc) || (*value != '\0' && !sfu_sdp_take (&value, " ")))
    return "a=ssrc needs a number from 1";
  if (find_ssrc (lines, ssrc) < 0)
    return "more than 16 SSRCs in a section";
  if (sfu_sdp_take (&value, "cname:") && lines->cname == NULL)
    lines->cname = value;
  else if (sfu_sdp_take (&value, "msid:") && lines->ssrc_msid == NULL)
    lines->ssrc_msid = value;
  return NULL;
}

/* a=ssrc-group:FID <ssrc> <rtx>, a=ssrc-group:SIM <ssrc>...; others (FEC-FR) are passed over */
static const char *
read_ssrc_group (Lines *lines, const char *value)
{
  uint32_t ssrc, rtx;
  int i, j;

  if (sfu_sdp_take (&value, "FID "))
    {
      if (!take_ssrc (&value, &ssrc) || !sfu_sdp_take (&value, " ") || !take_ssrc (&value, &rtx) || *value != '\0'
          || ssrc == rtx)
        return "a=ssrc-group:FID needs two SSRCs";
      i = find_ssrc (lines, ssrc);
      j = find_ssrc (lines, rtx);
      if (i < 0 || j < 0)
        return "more than 16 SSRCs in a section";
      lines->ssrcs[i].rtx = rtx;
      lines->is_rtx[j] = true;
      return NULL;
    }
  if (!sfu_sdp_take (&value, "SIM") || lines->n_sim > 0)
    return NULL;
  while (*value != '\0')
    {
      if (!sfu_sdp_take (&value, " ") || !take_ssrc (&value, &ssrc))
        return "a=ssrc-group:SIM needs SSRCs";
      if (find_ssrc (lines, ssrc) < 0)
        return "more than 16 SSRCs in a section";
      if (lines->n_sim < SFU_LAYERS_MAX)
        lines->sim[lines->n_sim++] = ssrc;
    }
  return NULL;
}

static const char *
read_msid (Lines *lines, const char *value)
{
  if (lines->msid == NULL)
    lines->msid = value;
  return NULL;
}

/* Flags have no value. */
static bool
read_flag (Lines *lines, const char *key)
{
  if (strcmp (key, "rtcp-mux") == 0)
    lines->section->rtcp_mux = true;
  else if (strcmp (key, "rtcp-rsize") == 0)
    lines->section->reduced_size = true;
  else if (strcmp (key, "extmap-allow-mixed") == 0)
    lines->section->mixed_exts = true;
  else if (strcmp (key, "bundle-only") == 0)
    lines->bundle_only = true;
  else
    return sfu_direction_read (key, &lines->section->direction);
  return true;
}

/* What only sections of media have. Returns: what is wrong. */
static const char *
read_media_attribute (Lines *lines, const char *key, const char *value)
{
  static const struct {
    const char *key;
    const char *(*read) (Lines *lines, const char *value);
  } readers[] = {
    { "ssrc", read_ssrc }, { "extmap", read_extmap },       { "ssrc-group", read_ssrc_group },
    { "rid", read_rid },   { "simulcast", read_simulcast }, { "msid", read_msid },
  };

  if (strcmp (key, "rtcp-fb") == 0)
    return sfu_formats_add_feedback (&lines->formats, value);
  if (strcmp (key, "rtpmap") == 0)
    return sfu_formats_add_map (&lines->formats, value);
  if (strcmp (key, "fmtp") == 0)
    return sfu_formats_add_fmtp (&lines->formats, value);
  for (unsigned i = 0; i < G_N_ELEMENTS (readers); i++)
    if (strcmp (key, readers[i].key) == 0)
      return readers[i].read (lines, value);
  return NULL;
}

static void
add_rid (Lines *lines, const char *id, bool paused)
{
  SfuSection *section = lines->section;

  for (unsigned i = 0; i < section->n_rids; i++)
    if (strcmp (section->rids[i].id, id) == 0)
      return;
  for (unsigned i = 0; i < lines->n_rids && section->n_rids < SFU_LAYERS_MAX; i++)
    if (strcmp (lines->rids[i].id, id) == 0)
      {
        SfuRid *rid = &section->rids[section->n_rids++];

        (void) strcpy (rid->id, id);
        rid->paused = paused;
        rid->limits = g_strdup (lines->rids[i].limits);
      }
}

/* "q;~h;f": the first of each list of alternatives; what has no a=rid line is passed over (RFC 8853 §5.1). */
static bool
end_simulcast (Lines *lines)
{
  const char *at = lines->simulcast;

  while (at != NULL && *at != '\0' && *at != ' ')
    {
      bool paused = sfu_sdp_take (&at, "~");
      char id[SFU_RID_MAX + 1];

      if (!sfu_sdp_take_word (&at, ",; ", id, sizeof (id)) || !is_rid (id))
        return false;
      add_rid (lines, id, paused);
      at += strcspn (at, "; ");
      if (*at == ';' && (*++at == '\0' || *at == ' '))
        return false;
    }
  return true;
}

static void
end_ssrcs (Lines *lines)
{
  SfuSection *section = lines->section;

  for (unsigned i = 0; i < lines->n_sim; i++)
    section->ssrcs[section->n_ssrcs++] = lines->ssrcs[find_ssrc (lines, lines->sim[i])];
  for (unsigned i = 0; i < lines->n_ssrcs && lines->n_sim == 0 && section->n_ssrcs < SFU_LAYERS_MAX; i++)
    if (!lines->is_rtx[i])
      section->ssrcs[section->n_ssrcs++] = lines->ssrcs[i];
  section->cname = g_strdup (lines->cname);
  section->msid = g_strdup (lines->msid != NULL ? lines->msid : lines->ssrc_msid);
}

/* JSEP lets RTP/SAVPF and its relatives through as well (RFC 8829 §5.1.2); all mean DTLS-SRTP with feedback. */
static bool
is_rtp_protocol (const char *protocol)
{
  static const char *const protocols[] = { "UDP/TLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP",
                                           "TCP/DTLS/RTP/SAVP", "RTP/SAVPF" };

  for (unsigned i = 0; i < G_N_ELEMENTS (protocols); i++)
    if (strcmp (protocol, protocols[i]) == 0)
      return true;
  return false;
}

static bool
begin_section (SfuOfferReader *reader, const GstSDPMedia *media, Lines *lines)
{
  SfuSection *section = lines->section;

  (void) g_strlcpy (section->media, gst_sdp_media_get_media (media), sizeof (section->media));
  (void) g_strlcpy (section->protocol, gst_sdp_media_get_proto (media), sizeof (section->protocol));
  (void) g_strlcpy (section->first_format, gst_sdp_media_get_format (media, 0), sizeof (section->first_format));
  section->kind = strcmp (section->media, "audio") == 0 ? SFU_AUDIO : SFU_VIDEO;
  section->is_rtp = is_rtp_protocol (section->protocol)
                    && (section->kind == SFU_AUDIO || strcmp (section->media, "video") == 0);
  for (unsigned i = 0; section->is_rtp && i < gst_sdp_media_formats_len (media); i++)
    {
      reader->offer->steps++;
      if (!sfu_offer_refuse (reader, sfu_formats_list (&lines->formats, gst_sdp_media_get_format (media, i))))
        return false;
    }
  return true;
}

static SfuBundleType
bundle_type (const Lines *lines, unsigned type)
{
  SfuBundleType result = { lines->formats.of[type].map, true, UINT32_MAX, sfu_formats_get_rtx (&lines->formats, type) };

  for (unsigned i = 0; i < lines->section->n_formats; i++)
    if (lines->section->formats[i].payload_type == type)
      /* how one track wants its Opus is no other codec */
      result.profile = lines->section->formats[i].codec == SFU_CODEC_OPUS ? 0 : lines->section->formats[i].profile;
  return result;
}

/* RFC 9143 §9.1: a payload type, and an extension id, means the same in all sections of the bundle: packets are read before
 * it is known to which section they belong. */
static bool
join_bundle (SfuOfferReader *reader, const Lines *lines)
{
  for (unsigned i = 0; i < lines->formats.n; i++)
    {
      unsigned type = lines->formats.order[i];
      SfuBundleType own = bundle_type (lines, type), *shared = &reader->types[type];

      reader->offer->steps++;
      if (shared->seen && (g_strcmp0 (shared->map, own.map) != 0 || shared->profile != own.profile
                           || shared->rtx_of != own.rtx_of))
        return sfu_offer_fail (reader, SFU_ERROR_BAD_OFFER, "payload type %u is another codec elsewhere in the bundle", type);
      *shared = own;
    }
  for (unsigned id = 1; id < 256; id++)
    if (lines->ext_uris[id] != NULL)
      {
        if (reader->ext_uris[id] != NULL && strcmp (reader->ext_uris[id], lines->ext_uris[id]) != 0)
          return sfu_offer_fail (reader, SFU_ERROR_BAD_OFFER, "extension id %u is another one elsewhere in the bundle", id);
        reader->ext_uris[id] = lines->ext_uris[id];
      }
  return true;
}

static bool
end_media (SfuOfferReader *reader, Lines *lines)
{
  SfuSection *section = lines->section;
  SfuFormat formats[SFU_FORMATS_MAX];

  section->n_formats = (uint8_t) sfu_formats_end (&lines->formats, section->kind, formats);
  section->formats = g_memdup2 (formats, section->n_formats * sizeof (SfuFormat));
  if (!end_simulcast (lines))
    return sfu_offer_refuse (reader, "a=simulcast has a list of rids between ;");
  end_ssrcs (lines);
  return section->is_rejected || !section->is_bundled || join_bundle (reader, lines);
}

static bool
end_section (SfuOfferReader *reader, const GstSDPMedia *media, Lines *lines)
{
  SfuSection *section = lines->section;

  section->is_rejected = gst_sdp_media_get_port (media) == 0 && !lines->bundle_only;
  if (!section->is_rejected && section->mid[0] == '\0')
    return sfu_offer_refuse (reader, "no a=mid");
  section->is_bundled = reader->bundle != NULL && g_hash_table_contains (reader->bundle, section->mid);
  if (section->is_rtp && !end_media (reader, lines))
    return false;
  if (section->is_rejected || (reader->bundle != NULL && !section->is_bundled))
    return true;
  return sfu_transport_join (reader, &lines->transport);
}

static bool
read_attribute (SfuOfferReader *reader, Lines *lines, const GstSDPAttribute *attribute)
{
  const char *wrong = NULL;

  if (strcmp (attribute->key, "mid") == 0)
    wrong = read_mid (lines, attribute->value);
  else if (!read_flag (lines, attribute->key)
           && !sfu_transport_read (&lines->transport, attribute->key, attribute->value, &wrong) && lines->section->is_rtp)
    wrong = read_media_attribute (lines, attribute->key, attribute->value);
  return sfu_offer_refuse (reader, wrong);
}

bool
sfu_offer_read_section (SfuOfferReader *reader, unsigned index)
{
  const GstSDPMedia *media = gst_sdp_message_get_media (reader->message, index);
  const SfuSdpSectionLine *where = &g_array_index (reader->lines.sections, SfuSdpSectionLine, index);
  Lines *lines = g_new0 (Lines, 1);
  bool ok;

  lines->section = &reader->offer->sections[index];
  lines->section->direction = reader->direction;
  lines->section->mixed_exts = reader->mixed_exts;
  lines->section->line = reader->line = where->line;
  ok = begin_section (reader, media, lines);
  for (unsigned i = 0; ok && i < gst_sdp_media_attributes_len (media); i++)
    {
      reader->offer->steps++;
      reader->line = g_array_index (reader->lines.attributes, uint32_t, where->first + i);
      ok = read_attribute (reader, lines, gst_sdp_media_get_attribute (media, i));
    }
  reader->line = where->line;
  ok = ok && end_section (reader, media, lines);
  sfu_transport_clear (&lines->transport);
  g_free (lines);
  return ok;
}
