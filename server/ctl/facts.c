/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ctl/facts.h"

#include <gio/gio.h>
#include <netdb.h>
#include <string.h>

#define MAX_OF_FAMILY 2

static void
target_free (gpointer data)
{
  CtlTarget *target = data;

  ctl_cert_clear (&target->cert);
  g_free (target->host);
  g_free (target);
}

CtlFacts *
ctl_facts_new (void)
{
  CtlFacts *facts = g_new0 (CtlFacts, 1);

  facts->targets = g_ptr_array_new_with_free_func (target_free);
  return facts;
}

void
ctl_facts_free (CtlFacts *facts)
{
  if (facts == NULL)
    return;
  if (facts->password != NULL)
    explicit_bzero (facts->password, strlen (facts->password));
  g_free (facts->username);
  g_free (facts->password);
  g_free (facts->relay_ports);
  g_ptr_array_unref (facts->targets);
  g_free (facts);
}

CtlTarget *
ctl_facts_add (CtlFacts *facts, CtlWay way, const char *host, const AlAddr *addr)
{
  CtlTarget *target = g_new0 (CtlTarget, 1);

  target->way = way;
  target->host = g_strdup (host);
  target->addr = *addr;
  target->round_trip_us = -1;
  g_ptr_array_add (facts->targets, target);
  return target;
}

/* whether there is room for @addr: not there yet, nor too many of its family */
static bool
is_wanted (const CtlFacts *facts, CtlWay way, const char *host, const AlAddr *addr)
{
  unsigned of_family = 0;

  for (guint i = 0; i < facts->targets->len; i++)
    {
      const CtlTarget *target = facts->targets->pdata[i];

      if (target->way == way && al_addr_equal (&target->addr, addr))
        return false;
      if (target->way == way && target->addr.sa.sa_family == addr->sa.sa_family && strcmp (target->host, host) == 0
          && al_addr_get_port (&target->addr) == al_addr_get_port (addr))
        of_family++;
    }
  return of_family < MAX_OF_FAMILY;
}

bool
ctl_facts_add_host (CtlFacts *facts, CtlWay way, const char *host, uint16_t port, GError **error)
{
  const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
  struct addrinfo *list = NULL;
  int code = getaddrinfo (host, NULL, &hints, &list);

  if (code != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "%s: %s", host, gai_strerror (code));
      return false;
    }
  for (const struct addrinfo *i = list; i != NULL; i = i->ai_next)
    {
      AlAddr addr = { 0 };

      if (i->ai_family != AF_INET && i->ai_family != AF_INET6)
        continue;
      memcpy (&addr, i->ai_addr, MIN (sizeof addr, i->ai_addrlen));
      al_addr_set_port (&addr, port);
      if (is_wanted (facts, way, host, &addr))
        (void) ctl_facts_add (facts, way, host, &addr);
    }
  freeaddrinfo (list);
  return true;
}

bool
ctl_place_parse (const char *place, uint16_t default_port, char **ret_host, uint16_t *ret_port, GError **error)
{
  const char *host = place, *end, *colon;
  guint64 port = default_port;

  if (*place == '[')
    {
      host = place + 1;
      end = strchr (host, ']');
      colon = end == NULL || end[1] == '\0' ? NULL : end + 1;
    }
  else
    {
      colon = strchr (place, ':');
      if (colon != NULL && strchr (colon + 1, ':') != NULL)
        colon = NULL; /* an IPv6 address without brackets */
      end = colon != NULL ? colon : place + strlen (place);
    }
  if (end == NULL || end == host || (colon != NULL && *colon != ':')
      || (colon != NULL && !g_ascii_string_to_unsigned (colon + 1, 10, 1, 65535, &port, NULL)))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "\"%s\": expected HOST or HOST:PORT", place);
      return false;
    }
  *ret_host = g_strndup (host, (gsize) (end - host));
  *ret_port = (uint16_t) port;
  return true;
}

bool
ctl_facts_add_url (CtlFacts *facts, const char *url, GError **error)
{
  bool tls = g_str_has_prefix (url, "turns:");
  const char *query = strchr (url, '?');
  bool udp = query == NULL ? !tls : strcmp (query, "?transport=udp") == 0;
  g_autofree char *place = NULL, *host = NULL;
  uint16_t port;

  if ((!tls && !g_str_has_prefix (url, "turn:")) || (tls && udp)
      || (query != NULL && !udp && strcmp (query, "?transport=tcp") != 0))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "\"%s\" is no address of a relay over UDP, TCP or TLS", url);
      return false;
    }
  url = strchr (url, ':') + 1;
  place = query != NULL ? g_strndup (url, (gsize) (query - url)) : g_strdup (url);
  return ctl_place_parse (place, tls ? 5349 : 3478, &host, &port, error)
         && ctl_facts_add_host (facts, tls ? CTL_WAY_TLS : udp ? CTL_WAY_UDP : CTL_WAY_TCP, host, port, error);
}

const char *
ctl_way_name (CtlWay way)
{
  static const char *const names[CTL_WAY_N] = { "TURN/UDP", "TURN/TCP", "TURN/TLS", "TURN/DTLS", "HTTPS" };

  return names[way];
}

bool
ctl_way_is_datagram (CtlWay way)
{
  return way == CTL_WAY_UDP || way == CTL_WAY_DTLS;
}
