/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/front-origin.h"

#include <string.h>

#include "base/addr.h"

static bool
starts_with (AlStr text, const char *prefix)
{
  size_t len = strlen (prefix);

  return text.len >= len && g_ascii_strncasecmp (text.ptr, prefix, len) == 0;
}

/* "host" of "host:443"; "host:1:443" and "::443" are no host with a port */
static AlStr
without_port (AlStr authority, const char *port)
{
  size_t len = strlen (port);
  AlStr host = { authority.ptr, authority.len - MIN (len, authority.len) };

  if (host.len == 0 || memcmp (host.ptr + host.len, port, len) != 0
      || (host.ptr[host.len - 1] != ']' && memchr (host.ptr, ':', host.len) != NULL))
    return authority;
  return host;
}

/* a DNS name: RFC 1035 §2.3.4 */
#define MAX_NAME 253

/* Returns: (transfer full): without port, brackets and the dot at its end, in lower case; "" when it is too long */
static char *
get_host (AlStr authority)
{
  size_t len = authority.len;

  while (len > 0 && g_ascii_isdigit (authority.ptr[len - 1]))
    len--;
  len = len > 0 && authority.ptr[len - 1] == ':' ? len - 1 : authority.len;
  if (len > 0 && authority.ptr[len - 1] == '.')
    len--;
  return len <= MAX_NAME ? g_ascii_strdown (authority.ptr, (gssize) len) : g_strdup ("");
}

bool
sig_origin_is_plain_host (AlStr authority)
{
  char text[AL_ADDR_STRLEN];
  g_autofree char *host = NULL;
  AlAddr address;

  if (authority.len == 0)
    return false;
  host = get_host (authority);
  if (strcmp (host, "localhost") == 0)
    return true;
  /* "any" is nobody's address */
  if (authority.len >= sizeof text || strchr ("*:", authority.ptr[0]) != NULL
      || memchr (authority.ptr, '\0', authority.len) != NULL)
    return false;
  memcpy (text, authority.ptr, authority.len);
  text[authority.len] = '\0';
  return al_addr_parse (text, 80, &address, NULL);
}

static bool
is_named (const SigOriginRules *rules, AlStr authority)
{
  g_autofree char *host = NULL;

  if (sig_origin_is_plain_host (authority))
    return true;
  host = get_host (authority);
  if (*host == '\0')
    return false;
  for (const char *const *name = rules->names; *name != NULL; name++)
    if (g_ascii_strcasecmp (*name, host) == 0)
      return true;
  return rules->tls != NULL && al_tls_has_name (rules->tls, host);
}

static bool
is_own (AlStr origin, AlStr host, bool https)
{
  bool origin_https = starts_with (origin, "https://");
  const char *port = origin_https ? ":443" : ":80";
  size_t scheme = origin_https ? strlen ("https://") : strlen ("http://");

  if (!origin_https && (https || !starts_with (origin, "http://")))
    return false;
  origin = without_port ((AlStr){ origin.ptr + scheme, origin.len - scheme }, port);
  host = without_port (host, port);
  return origin.len > 0 && origin.len == host.len && g_ascii_strncasecmp (origin.ptr, host.ptr, host.len) == 0;
}

static bool
is_allowed (const char *const *allowed, AlStr origin)
{
  for (; *allowed != NULL; allowed++)
    {
      AlStr entry = { *allowed, strlen (*allowed) };

      if (entry.len > 0 && entry.ptr[entry.len - 1] == '/')
        entry.len--;
      if (strcmp (*allowed, "*") == 0
          || (entry.len == origin.len && g_ascii_strncasecmp (entry.ptr, origin.ptr, entry.len) == 0))
        return true;
    }
  return false;
}

SigOrigin
sig_origin_check (const SigOriginRules *rules, const AlHttpRequest *request, bool https, AlStr *ret_origin)
{
  AlStr origin = { NULL, 0 }, host = al_http_request_get (request, "Host");
  bool own;

  for (unsigned i = 0; i < request->n_fields; i++)
    if (al_str_equal_nocase (request->fields[i].name, "Origin"))
      {
        /* which of two would a page have sent? */
        if (origin.ptr != NULL)
          return SIG_ORIGIN_REFUSED;
        origin = request->fields[i].value;
      }
  if (origin.ptr == NULL)
    return SIG_ORIGIN_NONE;
  if (ret_origin != NULL)
    *ret_origin = origin;
  own = is_own (origin, host, https);
  if (own && is_named (rules, host))
    return SIG_ORIGIN_OWN;
  if (is_allowed (rules->allowed, origin))
    return SIG_ORIGIN_ALLOWED;
  return own ? SIG_ORIGIN_UNNAMED : SIG_ORIGIN_REFUSED;
}
