/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses are read by libcurl, which will use them: there are no two opinions about what a text means. */
#include "signaling/push-endpoint.h"

#include <curl/curl.h>
#include <string.h>

#include "relay/policy.h"

struct SigPushDoor {
  RelayPolicy *policy; /* (nullable): everything may */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CURLU, curl_url_cleanup)

/* Returns: (transfer full) (nullable): a part of the address in memory of GLib's */
static char *
get_part (CURLU *url, CURLUPart part, unsigned flags)
{
  char *text = NULL, *copy;

  if (curl_url_get (url, part, &text, flags) != CURLUE_OK)
    return NULL;
  copy = g_strdup (text);
  curl_free (text);
  return copy;
}

static bool
is_plain (const char *text)
{
  for (; *text != '\0'; text++)
    if (*text <= ' ' || *text >= 0x7f || *text == '\\')
      return false;
  return true;
}

static bool
is_port (const char *text, bool https)
{
  unsigned long port = strtoul (text, NULL, 10);

  return port == (https ? 443 : 80) || (port >= 1024 && port <= 65535);
}

/* libcurl forgives one slash and three; and a percent sign in the host it undoes after it has looked whether the host is a
 * number, so that "0x%64.1" would be another host when it is read again */
static bool
has_authority (const char *text)
{
  const char *colon = strchr (text, ':');

  return colon != NULL && colon[1] == '/' && colon[2] == '/' && colon[3] != '/' && colon[3] != '\0'
         && memchr (colon + 3, '%', strcspn (colon + 3, "/?#")) == NULL;
}

/* Returns: (transfer full) (nullable): NULL when it is refused */
static CURLU *
read_url (const char *text, bool allow_http, bool *ret_https)
{
  g_autoptr (CURLU) url = curl_url ();
  g_autofree char *scheme = NULL, *port = NULL, *host = NULL, *fragment = NULL, *zone = NULL;

  if (url == NULL || !is_plain (text) || !has_authority (text)
      || curl_url_set (url, CURLUPART_URL, text, CURLU_DISALLOW_USER) != CURLUE_OK)
    return NULL;
  scheme = get_part (url, CURLUPART_SCHEME, 0);
  *ret_https = g_strcmp0 (scheme, "https") == 0;
  if (!*ret_https && !(allow_http && g_strcmp0 (scheme, "http") == 0))
    return NULL;
  port = get_part (url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  host = get_part (url, CURLUPART_HOST, 0);
  fragment = get_part (url, CURLUPART_FRAGMENT, 0);
  zone = get_part (url, CURLUPART_ZONEID, 0);
  if (host == NULL || *host == '\0' || port == NULL || !is_port (port, *ret_https) || fragment != NULL || zone != NULL)
    return NULL;
  return g_steal_pointer (&url);
}

bool
sig_push_endpoint_parse (const char *text, bool allow_http, SigPushEndpoint *ret)
{
  bool https;
  g_autoptr (CURLU) url = read_url (text, allow_http, &https);
  g_autofree char *whole = NULL, *host = NULL, *lower = NULL, *port = NULL;

  if (url == NULL)
    return false;
  whole = get_part (url, CURLUPART_URL, 0);
  host = get_part (url, CURLUPART_HOST, 0);
  port = get_part (url, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
  if (whole == NULL || !is_plain (whole))
    return false;
  lower = g_ascii_strdown (host, -1);
  ret->origin = g_strconcat (https ? "https://" : "http://", lower, port != NULL ? ":" : NULL, port, NULL);
  ret->url = g_steal_pointer (&whole);
  return true;
}

void
sig_push_endpoint_clear (SigPushEndpoint *endpoint)
{
  g_clear_pointer (&endpoint->url, g_free);
  g_clear_pointer (&endpoint->origin, g_free);
}

/* --- The door --- */

SigPushDoor *
sig_push_door_new_open (void)
{
  return g_new0 (SigPushDoor, 1);
}

SigPushDoor *
sig_push_door_new (const AlConfig *config, GError **error)
{
  g_autoptr (SigPushDoor) door = sig_push_door_new_open ();
  g_autoptr (GArray) own = NULL;
  RelayPolicyConfig policy = { .deny = al_config_get_list (config, "relay", "deny_peers") };

  if (al_config_get_bool (config, "push", "allow_private"))
    return g_steal_pointer (&door);
  own = relay_policy_own_addresses ();
  policy.own = (const AlAddr *) (gpointer) own->data;
  policy.n_own = own->len;
  door->policy = relay_policy_new (&policy, error);
  return door->policy != NULL ? g_steal_pointer (&door) : NULL;
}

void
sig_push_door_free (SigPushDoor *door)
{
  if (door == NULL)
    return;
  relay_policy_free (door->policy);
  g_free (door);
}

bool
sig_push_door_is_open (const SigPushDoor *door)
{
  return door->policy == NULL;
}

bool
sig_push_door_check (const SigPushDoor *door, const AlAddr *addr)
{
  AlAddr host = *addr;

  if (door->policy == NULL)
    return true;
  al_addr_set_port (&host, 0); /* the relay's rules of ports are for UDP; ours are in the parser */
  return relay_policy_check (door->policy, &host) == RELAY_PEER_ALLOWED;
}

bool
sig_push_door_take (const SigPushDoor *door, const char *text, SigPushEndpoint *ret)
{
  g_auto (SigPushEndpoint) endpoint = { 0 };
  g_autofree char *host = NULL;
  bool https;
  g_autoptr (CURLU) url = read_url (text, sig_push_door_is_open (door), &https);
  size_t len;
  AlAddr addr;

  if (url == NULL || !sig_push_endpoint_parse (text, sig_push_door_is_open (door), &endpoint))
    return false;
  host = get_part (url, CURLUPART_HOST, 0);
  len = strlen (host);
  if (*host == '[' && host[len - 1] == ']')
    {
      host[len - 1] = '\0';
      memmove (host, host + 1, len - 1);
    }
  if (al_addr_parse (host, 0, &addr, NULL) && !sig_push_door_check (door, &addr))
    return false;
  ret->url = g_steal_pointer (&endpoint.url);
  ret->origin = g_steal_pointer (&endpoint.origin);
  return true;
}
