/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/sdp-format.h"

#include <string.h>

#include "sfu/sdp-check.h"

static const struct {
  SfuCodec codec;
  const char *map;
} codecs[] = {
  { SFU_CODEC_OPUS, "opus/48000/2" }, { SFU_CODEC_RED, "red/48000/2" }, { SFU_CODEC_VP8, "VP8/90000" },
  { SFU_CODEC_VP9, "VP9/90000" },     { SFU_CODEC_H264, "H264/90000" }, { SFU_CODEC_AV1, "AV1/90000" },
};

static const struct {
  SfuFeedback feedback;
  const char *text;
} feedbacks[] = {
  { SFU_FEEDBACK_TRANSPORT_CC, "transport-cc" }, { SFU_FEEDBACK_FIR, "ccm fir" },   { SFU_FEEDBACK_NACK, "nack" },
  { SFU_FEEDBACK_PLI, "nack pli" },              { SFU_FEEDBACK_REMB, "goog-remb" },
};

static const char *
codec_get_map (SfuCodec codec)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (codecs); i++)
    if (codecs[i].codec == codec)
      return codecs[i].map;
  return "";
}

/* "<payload type> ", then @ret_rest */
static bool
take_payload_type (const char *value, unsigned *ret, const char **ret_rest)
{
  uint64_t number;

  if (!sfu_sdp_take_number (&value, SFU_PAYLOAD_TYPES - 1, &number) || !sfu_sdp_take (&value, " "))
    return false;
  *ret = (unsigned) number;
  *ret_rest = value;
  return true;
}

const char *
sfu_formats_list (SfuFormats *formats, const char *format)
{
  uint64_t number;

  if (!sfu_sdp_take_number (&format, SFU_PAYLOAD_TYPES - 1, &number) || *format != '\0')
    return "a format is no payload type from 0 to 127";
  if (formats->of[number].listed)
    return "a payload type is listed twice";
  formats->of[number].listed = true;
  formats->order[formats->n++] = (uint8_t) number;
  return NULL;
}

const char *
sfu_formats_add_map (SfuFormats *formats, const char *value)
{
  unsigned type;

  if (!take_payload_type (value, &type, &value) || strchr (value, '/') == NULL)
    return "a=rtpmap needs a payload type, and a codec with its clock";
  if (formats->of[type].mapped)
    return "a=rtpmap for the second time";
  formats->of[type].mapped = true;
  formats->of[type].map = value;
  formats->of[type].is_rtx = g_ascii_strncasecmp (value, "rtx/", 4) == 0;
  for (unsigned i = 0; i < G_N_ELEMENTS (codecs); i++)
    if (g_ascii_strcasecmp (value, codecs[i].map) == 0)
      formats->of[type].codec = codecs[i].codec;
  /* RFC 5761 §4: with the marker bit these look like RTCP */
  if (formats->of[type].codec != SFU_CODEC_NONE && type >= 64 && type <= 95)
    return "payload types 64 to 95 cannot be told from RTCP";
  return NULL;
}

const char *
sfu_formats_add_fmtp (SfuFormats *formats, const char *value)
{
  unsigned type;

  if (!take_payload_type (value, &type, &value))
    return "a=fmtp needs a payload type";
  if (formats->of[type].fmtp == NULL) /* nobody gives two; the first then */
    formats->of[type].fmtp = value;
  return NULL;
}

const char *
sfu_formats_add_feedback (SfuFormats *formats, const char *value)
{
  unsigned type = 0;
  uint8_t *feedback = &formats->feedback_of_all;
  size_t len;

  if (!sfu_sdp_take (&value, "* "))
    {
      if (!take_payload_type (value, &type, &value))
        return "a=rtcp-fb needs a payload type or *";
      feedback = &formats->of[type].feedback;
    }
  for (len = strlen (value); len > 0 && value[len - 1] == ' '; len--) /* some leave a space behind */
    ;
  for (unsigned i = 0; i < G_N_ELEMENTS (feedbacks); i++)
    if (strlen (feedbacks[i].text) == len && strncmp (value, feedbacks[i].text, len) == 0)
      *feedback |= feedbacks[i].feedback;
  return NULL;
}

bool
sfu_fmtp_get (const char *fmtp, const char *name, char *ret_value, size_t size)
{
  size_t name_len = strlen (name);

  while (fmtp != NULL && *fmtp != '\0')
    {
      size_t len;

      fmtp += strspn (fmtp, "; ");
      len = strcspn (fmtp, ";");
      if (len > name_len && fmtp[name_len] == '=' && g_ascii_strncasecmp (fmtp, name, name_len) == 0)
        {
          const char *value = fmtp + name_len + 1;

          len -= name_len + 1;
          while (len > 0 && value[len - 1] == ' ')
            len--;
          if (len >= size)
            return false;
          (void) memcpy (ret_value, value, len);
          ret_value[len] = '\0';
          return true;
        }
      fmtp += len;
    }
  return false;
}

/* A numeric parameter; @otherwise when it is not there; false when it is no number up to @max. */
static bool
get_number (const char *fmtp, const char *name, unsigned max, unsigned otherwise, unsigned *ret)
{
  char text[16];
  const char *at = text;
  uint64_t number;

  *ret = otherwise;
  if (!sfu_fmtp_get (fmtp, name, text, sizeof (text)))
    return true;
  if (!sfu_sdp_take_number (&at, max, &number) || *at != '\0')
    return false;
  *ret = (unsigned) number;
  return true;
}

/* Packetization mode 1 only: receivers get what the publisher sends, and mode 0 may not be sent fragments (RFC 6184 §6). */
static bool
get_h264 (const char *fmtp, uint32_t *ret)
{
  char text[8];
  unsigned mode;

  if (!get_number (fmtp, "packetization-mode", 2, 0, &mode) || mode != 1)
    return false;
  if (!sfu_fmtp_get (fmtp, "profile-level-id", text, sizeof (text)))
    (void) strcpy (text, "42000a"); /* what its absence means (RFC 6184 §8.1): Baseline, level 1 */
  if (strlen (text) != 6 || strspn (text, "0123456789abcdefABCDEF") != 6)
    return false;
  *ret = (uint32_t) g_ascii_strtoull (text, NULL, 16);
  return true;
}

/* "111/111": only around Opus, so that it can be taken off */
static bool
get_red (const SfuFormats *formats, const char *fmtp, uint32_t *ret)
{
  uint64_t first, next;

  if (fmtp == NULL || !sfu_sdp_take_number (&fmtp, SFU_PAYLOAD_TYPES - 1, &first))
    return false;
  while (sfu_sdp_take (&fmtp, "/"))
    if (!sfu_sdp_take_number (&fmtp, SFU_PAYLOAD_TYPES - 1, &next) || next != first)
      return false;
  *ret = (uint32_t) first;
  return *fmtp == '\0' && formats->of[first].listed && formats->of[first].codec == SFU_CODEC_OPUS;
}

/* Can what this payload type stands for be forwarded: its @ret_profile then. */
static bool
get_profile (const SfuFormats *formats, unsigned type, uint32_t *ret_profile)
{
  const char *fmtp = formats->of[type].fmtp;
  unsigned profile, level, tier;

  *ret_profile = 0;
  switch (formats->of[type].codec)
    {
    case SFU_CODEC_OPUS:
      *ret_profile = get_number (fmtp, "stereo", 1, 0, &profile) && profile == 1;
      return true;
    case SFU_CODEC_RED:
      return get_red (formats, fmtp, ret_profile);
    case SFU_CODEC_VP8:
      return true;
    case SFU_CODEC_VP9: /* 1 and 3 are 4:4:4, which receivers do not all decode */
      if (!get_number (fmtp, "profile-id", 3, 0, &profile) || (profile != 0 && profile != 2))
        return false;
      *ret_profile = profile;
      return true;
    case SFU_CODEC_H264:
      return get_h264 (fmtp, ret_profile);
    case SFU_CODEC_AV1:
      if (!get_number (fmtp, "profile", 2, 0, &profile) || !get_number (fmtp, "level-idx", 31, 5, &level)
          || !get_number (fmtp, "tier", 1, 0, &tier) || profile != 0)
        return false;
      *ret_profile = profile << 16 | level << 8 | tier;
      return true;
    default:
      return false;
    }
}

int
sfu_formats_get_rtx (const SfuFormats *formats, unsigned payload_type)
{
  unsigned apt;

  if (!formats->of[payload_type].is_rtx
      || !get_number (formats->of[payload_type].fmtp, "apt", SFU_PAYLOAD_TYPES - 1, SFU_PAYLOAD_TYPES, &apt)
      || apt == SFU_PAYLOAD_TYPES)
    return -1;
  return (int) apt;
}

static SfuKind
codec_get_kind (SfuCodec codec)
{
  return codec == SFU_CODEC_OPUS || codec == SFU_CODEC_RED ? SFU_AUDIO : SFU_VIDEO;
}

unsigned
sfu_formats_end (const SfuFormats *formats, SfuKind kind, SfuFormat *ret)
{
  uint8_t rtx_of[SFU_PAYLOAD_TYPES] = { 0 };
  unsigned n = 0;

  for (unsigned i = 0; i < formats->n; i++)
    {
      int apt = sfu_formats_get_rtx (formats, formats->order[i]);

      if (apt >= 0 && rtx_of[apt] == 0)
        rtx_of[apt] = formats->order[i];
    }
  for (unsigned i = 0; i < formats->n && n < SFU_FORMATS_MAX; i++)
    {
      unsigned type = formats->order[i];
      SfuFormat format = { .codec = formats->of[type].codec, .payload_type = (uint8_t) type };

      if (format.codec == SFU_CODEC_NONE || codec_get_kind (format.codec) != kind
          || !get_profile (formats, type, &format.profile))
        continue;
      format.rtx = kind == SFU_VIDEO ? rtx_of[type] : 0;
      format.feedback = formats->of[type].feedback | formats->feedback_of_all;
      ret[n++] = format;
    }
  return n;
}

static void
write_fmtp (const SfuFormat *format, const char *extra, GString *out)
{
  char text[96] = "";

  switch (format->codec)
    {
    case SFU_CODEC_OPUS:
      (void) g_snprintf (text, sizeof (text), "minptime=10;useinbandfec=1;usedtx=1%s",
                         format->profile != 0 ? ";stereo=1;sprop-stereo=1" : "");
      break;
    case SFU_CODEC_RED:
      (void) g_snprintf (text, sizeof (text), "%u/%u", format->profile, format->profile);
      break;
    case SFU_CODEC_VP9:
      (void) g_snprintf (text, sizeof (text), "profile-id=%u", format->profile);
      break;
    case SFU_CODEC_H264:
      (void) g_snprintf (text, sizeof (text), "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=%06x",
                         format->profile);
      break;
    case SFU_CODEC_AV1:
      (void) g_snprintf (text, sizeof (text), "level-idx=%u;profile=%u;tier=%u", format->profile >> 8 & 0xff,
                         format->profile >> 16, format->profile & 0xff);
      break;
    default:
      break;
    }
  if (text[0] != '\0' || extra != NULL)
    g_string_append_printf (out, "a=fmtp:%u %s%s%s\r\n", format->payload_type, text,
                            text[0] != '\0' && extra != NULL ? ";" : "", extra != NULL ? extra : "");
}

void
sfu_format_write (const SfuFormat *format, const char *extra_fmtp, GString *out)
{
  g_string_append_printf (out, "a=rtpmap:%u %s\r\n", format->payload_type, codec_get_map (format->codec));
  for (unsigned i = 0; i < G_N_ELEMENTS (feedbacks); i++)
    if (format->feedback & feedbacks[i].feedback)
      g_string_append_printf (out, "a=rtcp-fb:%u %s\r\n", format->payload_type, feedbacks[i].text);
  write_fmtp (format, extra_fmtp, out);
  if (format->rtx != 0)
    g_string_append_printf (out, "a=rtpmap:%u rtx/90000\r\na=fmtp:%u apt=%u\r\n", format->rtx, format->rtx,
                            format->payload_type);
}
