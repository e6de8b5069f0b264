/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/offer.h"

#include <stdarg.h>
#include <string.h>

#include "sfu/offer-private.h"

bool
sfu_offer_fail (SfuOfferReader *reader, SfuError code, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  if (reader->section < 0)
    g_set_error (reader->error, SFU_ERROR, code, "line %u: %s", reader->line, what);
  else
    g_set_error (reader->error, SFU_ERROR, code, "line %u, section %d (mid \"%s\"): %s", reader->line, reader->section,
                 reader->offer->sections[reader->section].mid, what);
  return false;
}

bool
sfu_offer_refuse (SfuOfferReader *reader, const char *what)
{
  return what == NULL || sfu_offer_fail (reader, SFU_ERROR_BAD_OFFER, "%s", what);
}

bool
sfu_direction_read (const char *key, SfuDirection *ret)
{
  static const struct {
    const char *key;
    SfuDirection direction;
  } directions[] = { { "sendrecv", SFU_SENDS_AND_RECEIVES }, { "sendonly", SFU_SENDS }, { "recvonly", SFU_RECEIVES },
                     { "inactive", SFU_INACTIVE } };

  for (unsigned i = 0; i < G_N_ELEMENTS (directions); i++)
    if (strcmp (key, directions[i].key) == 0)
      {
        *ret = directions[i].direction;
        return true;
      }
  return false;
}

/* a=group:BUNDLE <mid>... (RFC 9143 §7.1) */
static const char *
read_group (SfuOfferReader *reader, const char *value)
{
  char mid[SFU_MID_MAX + 1];

  if (!sfu_sdp_take (&value, "BUNDLE") || (*value != ' ' && *value != '\0'))
    return NULL; /* LS and others say nothing to us */
  if (reader->bundle != NULL)
    return "a second BUNDLE group: there is one transport";
  reader->bundle = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  while (*value != '\0')
    {
      reader->offer->steps++;
      if (!sfu_sdp_take (&value, " ") || !sfu_sdp_take_word (&value, " ", mid, sizeof (mid)))
        return "a=group:BUNDLE needs mids with one space between";
      if (!g_hash_table_add (reader->bundle, g_strdup (mid)))
        return "a mid twice in the BUNDLE group";
    }
  return NULL;
}

static void
read_ice_options (SfuOffer *offer, const char *value)
{
  char word[64];

  while (sfu_sdp_take_word (&value, " ", word, sizeof (word)))
    {
      offer->trickle |= strcmp (word, "trickle") == 0;
      offer->ice2 |= strcmp (word, "ice2") == 0;
      (void) sfu_sdp_take (&value, " ");
    }
}

static bool
read_session_attribute (SfuOfferReader *reader, const GstSDPAttribute *attribute)
{
  const char *wrong = NULL;

  if (strcmp (attribute->key, "group") == 0)
    wrong = read_group (reader, attribute->value);
  else if (strcmp (attribute->key, "ice-lite") == 0)
    wrong = "a=ice-lite: we are, and one side has to send checks";
  else if (strcmp (attribute->key, "ice-options") == 0)
    read_ice_options (reader->offer, attribute->value);
  else if (strcmp (attribute->key, "extmap-allow-mixed") == 0)
    reader->mixed_exts = true;
  else if (!sfu_direction_read (attribute->key, &reader->direction))
    (void) sfu_transport_read (&reader->session, attribute->key, attribute->value, &wrong);
  return sfu_offer_refuse (reader, wrong);
}

static bool
read_session (SfuOfferReader *reader)
{
  const GstSDPOrigin *origin = gst_sdp_message_get_origin (reader->message);

  reader->offer->session = g_strdup_printf ("%s %s %s %s", origin->username, origin->sess_id, origin->nettype,
                                            origin->addrtype);
  reader->offer->version = g_ascii_strtoull (origin->sess_version, NULL, 10);
  for (unsigned i = 0; i < gst_sdp_message_attributes_len (reader->message); i++)
    {
      reader->offer->steps++;
      reader->line = g_array_index (reader->lines.attributes, uint32_t, i);
      if (!read_session_attribute (reader, gst_sdp_message_get_attribute (reader->message, i)))
        return false;
    }
  reader->offer->has_bundle = reader->bundle != NULL;
  return true;
}

/* Mids are unique (RFC 5888 §5), and so are the SSRCs of what is sent. */
static bool
check_unique (SfuOfferReader *reader)
{
  g_autoptr (GHashTable) mids = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) ssrcs = g_hash_table_new (NULL, NULL);

  for (unsigned i = 0; i < reader->offer->n_sections; i++)
    {
      SfuSection *section = &reader->offer->sections[i];

      reader->section = (int) i;
      reader->line = section->line;
      reader->offer->steps++;
      if (section->mid[0] != '\0' && !g_hash_table_add (mids, section->mid))
        return sfu_offer_refuse (reader, "another section has this mid");
      for (unsigned j = 0; j < section->n_ssrcs && !section->is_rejected; j++)
        if (!g_hash_table_add (ssrcs, GUINT_TO_POINTER (section->ssrcs[j].ssrc))
            || (section->ssrcs[j].rtx != 0 && !g_hash_table_add (ssrcs, GUINT_TO_POINTER (section->ssrcs[j].rtx))))
          return sfu_offer_refuse (reader, "an SSRC is announced twice");
    }
  return true;
}

/* libgstsdp has to have found what the check has found, or line numbers and limits would mean nothing. */
static bool
is_as_checked (const SfuOfferReader *reader)
{
  uint32_t attributes = gst_sdp_message_attributes_len (reader->message);

  if (gst_sdp_message_medias_len (reader->message) != reader->lines.sections->len)
    return false;
  for (unsigned i = 0; i < reader->lines.sections->len; i++)
    {
      if (g_array_index (reader->lines.sections, SfuSdpSectionLine, i).first != attributes)
        return false;
      attributes += gst_sdp_media_attributes_len (gst_sdp_message_get_media (reader->message, i));
    }
  return attributes == reader->lines.attributes->len;
}

static bool
read_offer (SfuOfferReader *reader)
{
  SfuOffer *offer = reader->offer;

  if (!is_as_checked (reader))
    return sfu_offer_refuse (reader, "not understood as a whole");
  if (!read_session (reader))
    return false;
  offer->n_sections = gst_sdp_message_medias_len (reader->message);
  offer->sections = g_new0 (SfuSection, offer->n_sections);
  for (unsigned i = 0; i < offer->n_sections; i++)
    {
      reader->section = (int) i;
      if (!sfu_offer_read_section (reader, i))
        return false;
    }
  return check_unique (reader);
}

SfuOffer *
sfu_offer_parse (const char *text, size_t len, GError **error)
{
  g_autoptr (SfuOffer) offer = g_new0 (SfuOffer, 1);
  SfuOfferReader *reader = NULL;
  bool ok;

  reader = g_new0 (SfuOfferReader, 1);
  reader->offer = offer;
  reader->section = -1;
  reader->direction = SFU_SENDS_AND_RECEIVES;
  reader->error = error;
  ok = sfu_sdp_check (text, len, &reader->lines, error);
  if (ok)
    {
      offer->steps = reader->lines.n;
      (void) gst_sdp_message_new (&reader->message);
      ok = gst_sdp_message_parse_buffer ((const guint8 *) text, (guint) len, reader->message) == GST_SDP_OK
           && read_offer (reader);
      (void) gst_sdp_message_free (reader->message);
    }
  sfu_sdp_lines_clear (&reader->lines);
  sfu_transport_clear (&reader->session);
  g_clear_pointer (&reader->bundle, g_hash_table_unref);
  g_free (reader);
  return ok ? g_steal_pointer (&offer) : NULL;
}

void
sfu_section_clear (SfuSection *section)
{
  for (unsigned i = 0; i < section->n_rids; i++)
    g_free (section->rids[i].limits);
  g_free (section->formats);
  g_free (section->cname);
  g_free (section->msid);
}

void
sfu_offer_free (SfuOffer *offer)
{
  if (offer == NULL)
    return;
  for (unsigned i = 0; i < offer->n_sections; i++)
    sfu_section_clear (&offer->sections[i]);
  g_free (offer->sections);
  g_free (offer->session);
  g_free (offer->remote.tls_id);
  g_free (offer);
}

const SfuSection *
sfu_offer_find (const SfuOffer *offer, const char *mid)
{
  for (unsigned i = 0; i < offer->n_sections; i++)
    if (offer->sections[i].mid[0] != '\0' && strcmp (offer->sections[i].mid, mid) == 0)
      return &offer->sections[i];
  return NULL;
}
