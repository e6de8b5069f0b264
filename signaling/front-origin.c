/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/front-origin.h"

#include <string.h>

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
sig_origin_check (const char *const *allowed, const AlHttpRequest *request, bool https, AlStr *ret_origin)
{
  AlStr origin = { NULL, 0 };

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
  if (is_own (origin, al_http_request_get (request, "Host"), https))
    return SIG_ORIGIN_OWN;
  return is_allowed (allowed, origin) ? SIG_ORIGIN_ALLOWED : SIG_ORIGIN_REFUSED;
}
