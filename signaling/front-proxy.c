/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/front-proxy.h"

#include <string.h>

/* more hops than any installation has; a longer list is somebody's game */
#define MAX_HOPS 32

bool
sig_proxy_is_trusted (const AlNet *trusted, unsigned n, const AlAddr *address)
{
  for (unsigned i = 0; i < n; i++)
    if (al_net_contains (&trusted[i], address))
      return true;
  return false;
}

/* Cuts the last element off @list. Returns: false when there is none. */
static bool
pop_element (AlStr *list, AlStr *ret)
{
  const char *comma;

  if (list->ptr == NULL)
    return false;
  comma = list->len > 0 ? memrchr (list->ptr, ',', list->len) : NULL;
  if (comma == NULL)
    {
      *ret = al_str_trim (*list);
      *list = (AlStr){ NULL, 0 };
      return true;
    }
  *ret = al_str_trim ((AlStr){ comma + 1, (size_t) (list->ptr + list->len - comma - 1) });
  list->len = (size_t) (comma - list->ptr);
  return true;
}

/* An address with or without a port; nothing that al_addr_parse() takes for "any", no link's name. */
static bool
parse_hop (AlStr text, AlAddr *ret)
{
  char copy[AL_ADDR_STRLEN];
  AlAddr hop;

  if (text.len == 0 || text.len >= sizeof copy || memchr (text.ptr, '\0', text.len) != NULL)
    return false;
  memcpy (copy, text.ptr, text.len);
  copy[text.len] = '\0';
  if (strpbrk (copy, "*%") != NULL || (copy[0] == ':' && copy[1] != ':') || !al_addr_parse (copy, 0, &hop, NULL))
    return false;
  al_addr_canonicalize (&hop);
  *ret = hop;
  return true;
}

static void
resolve_client (const AlNet *trusted, unsigned n, const AlHttpRequest *request, AlAddr *client)
{
  unsigned hops = 0;

  for (unsigned i = request->n_fields; i > 0; i--)
    {
      AlStr list = request->fields[i - 1].value, element;

      if (!al_str_equal_nocase (request->fields[i - 1].name, "X-Forwarded-For"))
        continue;
      while (pop_element (&list, &element))
        {
          if (!parse_hop (element, client))
            return;
          if (++hops == MAX_HOPS || !sig_proxy_is_trusted (trusted, n, client))
            return;
        }
    }
}

static void
resolve_https (const AlHttpRequest *request, bool *https)
{
  for (unsigned i = request->n_fields; i > 0; i--)
    {
      AlStr list = request->fields[i - 1].value, element;

      if (!al_str_equal_nocase (request->fields[i - 1].name, "X-Forwarded-Proto"))
        continue;
      if (pop_element (&list, &element))
        *https = al_str_equal_nocase (element, "https") || al_str_equal_nocase (element, "wss");
      return;
    }
}

void
sig_proxy_resolve (const AlNet *trusted, unsigned n, const AlHttpRequest *request, const AlAddr *peer,
                   AlAddr *ret_client, bool *ret_https)
{
  *ret_client = *peer;
  al_addr_canonicalize (ret_client);
  if (!sig_proxy_is_trusted (trusted, n, ret_client))
    return;
  resolve_client (trusted, n, request, ret_client);
  resolve_https (request, ret_https);
}
