/* SPDX-License-Identifier: Apache-2.0 */
#include "server/relay-discovery.h"

#include <gio/gio.h>

/* does a worker hear what comes to @addr */
static bool
is_heard (const Workers *workers, const AlAddr *addr)
{
  AlAddr heard;

  for (unsigned i = 0; workers_get_address (workers, i, &heard); i++)
    if (heard.sa.sa_family == addr->sa.sa_family && al_addr_get_port (&heard) == al_addr_get_port (addr)
        && (al_addr_is_any (&heard) || al_addr_equal_host (&heard, addr)))
      return true;
  return false;
}

/* all four of a pair must be heard: two hosts by two ports (RFC 5780 §6) */
static bool
check_discovery (const Workers *workers, const AlAddr pair[2], GError **error)
{
  for (unsigned i = 0; i < 4; i++)
    {
      AlAddr addr = pair[i / 2];
      char text[AL_ADDR_STRLEN];

      al_addr_set_port (&addr, al_addr_get_port (&pair[i % 2]));
      if (is_heard (workers, &addr))
        continue;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "[relay] discovery: nothing listens on %s: both ports are needed on both addresses; see listen_udp",
                   al_addr_format (&addr, true, text));
      return false;
    }
  return true;
}

static bool
is_pair (const AlAddr pair[2])
{
  return !al_addr_is_any (&pair[0]) && !al_addr_is_any (&pair[1]) && !al_addr_equal_host (&pair[0], &pair[1])
         && al_addr_get_port (&pair[0]) != al_addr_get_port (&pair[1]);
}

bool
relay_discovery_parse (const AlConfig *config, const Workers *workers, AlAddr ret[RELAY_FAMILY_N][2], GError **error)
{
  unsigned counts[RELAY_FAMILY_N] = { 0 };

  for (const char *const *list = al_config_get_list (config, "relay", "discovery"); *list != NULL; list++)
    {
      AlAddr addr;
      RelayFamily family;

      if (!al_addr_parse (*list, 3478, &addr, error))
        {
          g_prefix_error (error, "[relay] discovery: ");
          return false;
        }
      family = relay_family_of (&addr);
      if (counts[family] < 2)
        ret[family][counts[family]] = addr;
      counts[family]++;
    }
  for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
    {
      if (counts[family] == 0)
        continue;
      if (counts[family] != 2 || !is_pair (ret[family]))
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                               "[relay] discovery: expected two different addresses with two different ports");
          return false;
        }
      if (!check_discovery (workers, ret[family], error))
        return false;
    }
  return true;
}
