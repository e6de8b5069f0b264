/* SPDX-License-Identifier: Apache-2.0 */
/* The transport of an offer: ICE credentials (RFC 8839 §5.4), DTLS certificates and roles (RFC 8122, RFC 8842). */
#include <string.h>

#include "sfu/offer-private.h"

static bool
is_ice_text (const char *text, size_t min)
{
  size_t len = strlen (text);

  for (size_t i = 0; i < len; i++)
    if (!g_ascii_isalnum (text[i]) && text[i] != '+' && text[i] != '/')
      return false;
  return len >= min && len <= 256;
}

static const char *
add_ufrag (SfuRemote *remote, const char *value)
{
  if (!is_ice_text (value, 4))
    return "a=ice-ufrag has 4 to 256 letters, digits, + and /";
  (void) g_strlcpy (remote->ufrag, value, sizeof (remote->ufrag));
  return NULL;
}

static const char *
add_pwd (SfuRemote *remote, const char *value)
{
  if (!is_ice_text (value, 22))
    return "a=ice-pwd has 22 to 256 letters, digits, + and /";
  (void) g_strlcpy (remote->pwd, value, sizeof (remote->pwd));
  return NULL;
}

/* Weaker hashes are passed over: they prove no certificate (RFC 8122 §5). */
static const char *
add_fingerprint (SfuRemote *remote, const char *value)
{
  const char *text = value;
  char hash[16];
  unsigned len;

  if (!sfu_sdp_take_word (&value, " ", hash, sizeof (hash)) || !sfu_sdp_take (&value, " "))
    return "a=fingerprint needs a hash and its value";
  len = sfu_fingerprint_get_bytes (hash);
  if (len == 0)
    return NULL;
  if (strlen (value) != len * 3 - 1)
    return "a=fingerprint has not the length of its hash";
  if (remote->n_fingerprints == SFU_FINGERPRINTS_MAX)
    return "more than 8 fingerprints";
  if (!sfu_fingerprint_parse (text, strlen (text), &remote->fingerprints[remote->n_fingerprints]))
    return "a=fingerprint is not written as XX:XX:...";
  remote->n_fingerprints++;
  return NULL;
}

static const char *
add_setup (SfuTransportLines *lines, const char *value)
{
  static const char *const words[] = {
    [SFU_SETUP_ACTPASS] = "actpass", [SFU_SETUP_ACTIVE] = "active", [SFU_SETUP_PASSIVE] = "passive"
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (value, words[i]) == 0)
      {
        lines->remote.setup = (SfuSetup) i;
        lines->has_setup = true;
        return NULL;
      }
  return "a=setup is actpass, active or passive";
}

static const char *
add_tls_id (SfuRemote *remote, const char *value)
{
  if (strlen (value) > 255)
    return "a=tls-id is too long";
  g_free (remote->tls_id);
  remote->tls_id = g_strdup (value);
  return NULL;
}

bool
sfu_transport_read (SfuTransportLines *lines, const char *key, const char *value, const char **ret_wrong)
{
  *ret_wrong = NULL;
  if (strcmp (key, "ice-ufrag") == 0)
    *ret_wrong = add_ufrag (&lines->remote, value);
  else if (strcmp (key, "ice-pwd") == 0)
    *ret_wrong = add_pwd (&lines->remote, value);
  else if (strcmp (key, "fingerprint") == 0)
    *ret_wrong = add_fingerprint (&lines->remote, value);
  else if (strcmp (key, "setup") == 0)
    *ret_wrong = add_setup (lines, value);
  else if (strcmp (key, "tls-id") == 0)
    *ret_wrong = add_tls_id (&lines->remote, value);
  else
    return false;
  return true;
}

void
sfu_transport_clear (SfuTransportLines *lines)
{
  g_clear_pointer (&lines->remote.tls_id, g_free);
}

static bool
begin (SfuOfferReader *reader, const SfuRemote *remote, bool has_setup)
{
  SfuRemote *own = &reader->offer->remote;

  if (remote->ufrag[0] == '\0' || remote->pwd[0] == '\0')
    return sfu_offer_refuse (reader, "no a=ice-ufrag and a=ice-pwd");
  if (remote->n_fingerprints == 0)
    return sfu_offer_refuse (reader, "no a=fingerprint of sha-256, sha-384 or sha-512");
  if (!has_setup)
    return sfu_offer_refuse (reader, "no a=setup");
  *own = *remote;
  own->tls_id = g_strdup (remote->tls_id);
  return true;
}

bool
sfu_transport_join (SfuOfferReader *reader, const SfuTransportLines *lines)
{
  const SfuTransportLines *session = &reader->session;
  const SfuRemote *own = &reader->offer->remote;
  SfuRemote remote = lines->remote;
  bool has_setup = lines->has_setup;

  if (remote.ufrag[0] == '\0' && remote.pwd[0] == '\0')
    {
      (void) memcpy (remote.ufrag, session->remote.ufrag, sizeof (remote.ufrag));
      (void) memcpy (remote.pwd, session->remote.pwd, sizeof (remote.pwd));
    }
  if (remote.n_fingerprints == 0)
    {
      remote.n_fingerprints = session->remote.n_fingerprints;
      (void) memcpy (remote.fingerprints, session->remote.fingerprints, sizeof (remote.fingerprints));
    }
  if (!has_setup && session->has_setup)
    {
      remote.setup = session->remote.setup;
      has_setup = true;
    }
  if (remote.tls_id == NULL)
    remote.tls_id = session->remote.tls_id;
  if (own->ufrag[0] == '\0')
    return begin (reader, &remote, has_setup);
  /* the others of the bundle may say nothing of the transport (RFC 9143 §7.3.3), but nothing else than the first */
  if (remote.ufrag[0] != '\0' && (strcmp (remote.ufrag, own->ufrag) != 0 || strcmp (remote.pwd, own->pwd) != 0))
    return sfu_offer_refuse (reader, "ICE credentials differ within the bundle");
  if (remote.n_fingerprints > 0
      && (remote.n_fingerprints != own->n_fingerprints
          || memcmp (remote.fingerprints, own->fingerprints, sizeof (own->fingerprints)) != 0))
    return sfu_offer_refuse (reader, "fingerprints differ within the bundle");
  if (has_setup && remote.setup != own->setup)
    return sfu_offer_refuse (reader, "a=setup differs within the bundle");
  return true;
}
