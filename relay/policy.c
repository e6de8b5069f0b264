/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/policy.h"

#include <gio/gio.h>
#include <ifaddrs.h>
#include <string.h>

/* special-purpose registries of IANA (RFC 6890 and after) that are not globally reachable, multicast, and of IPv6 all that
 * is not global unicast (2000::/3). Cloud metadata services answer on link-local and unique-local addresses, which are
 * among these; that of Azure on 168.63.129.16 */
static const char *const special[] = {
  "0.0.0.0/8",       "10.0.0.0/8",      "100.64.0.0/10",   "127.0.0.0/8",     "168.63.129.16/32", "169.254.0.0/16",
  "172.16.0.0/12",   "192.0.0.0/24",    "192.0.2.0/24",    "192.31.196.0/24", "192.52.193.0/24",  "192.88.99.0/24",
  "192.168.0.0/16",  "192.175.48.0/24", "198.18.0.0/15",   "198.51.100.0/24", "203.0.113.0/24",   "224.0.0.0/4",
  "240.0.0.0/4",     "::/3",            "2001::/23",       "2001:db8::/32",   "3fff::/20",        "4000::/2",
  "8000::/1",
};

/* services over UDP that answer more than they were asked, above the well-known ports */
static const uint16_t amplifiers[] = { 1434, 1900, 3283, 3702, 5353, 5683, 11211, 27015, 37810 };

typedef struct {
  AlNet net;
  bool allow;
  bool own; /* an address of this host, which no wider network opens */
} Rule;

struct RelayPolicy {
  GArray *rules;    /* of Rule: the configuration's, longest prefix first, deny before allow */
  GArray *defaults; /* of AlNet: denied unless a rule says otherwise */
  AlAddr *relay;
  unsigned n_relay;
  bool allow_loopback;
};

static bool
add_rules (RelayPolicy *policy, const char *const *nets, bool allow, GError **error)
{
  for (; nets != NULL && *nets != NULL; nets++)
    {
      Rule rule = { .allow = allow };

      if (!al_net_parse (*nets, &rule.net, error))
        {
          g_prefix_error (error, "%s: ", allow ? "allow_peers" : "deny_peers");
          return false;
        }
      g_array_append_val (policy->rules, rule);
    }
  return true;
}

static gint
compare_rules (gconstpointer a, gconstpointer b)
{
  const Rule *x = a, *y = b;

  if (x->net.prefix != y->net.prefix)
    return (int) y->net.prefix - (int) x->net.prefix;
  return x->own != y->own ? (int) x->own - (int) y->own : (int) x->allow - (int) y->allow;
}

static void
add_defaults (RelayPolicy *policy)
{
  AlNet net;

  for (unsigned i = 0; i < G_N_ELEMENTS (special); i++)
    {
      if (!al_net_parse (special[i], &net, NULL))
        g_assert_not_reached ();
      g_array_append_val (policy->defaults, net);
    }
}

static void
add_own (RelayPolicy *policy, const RelayPolicyConfig *config)
{
  for (unsigned i = 0; i < config->n_own; i++)
    {
      Rule rule = { .own = true };

      rule.net = (AlNet){ .base = config->own[i], .prefix = config->own[i].sa.sa_family == AF_INET ? 32 : 128 };
      al_addr_set_port (&rule.net.base, 0);
      g_array_append_val (policy->rules, rule);
    }
}

RelayPolicy *
relay_policy_new (const RelayPolicyConfig *config, GError **error)
{
  g_autoptr (RelayPolicy) policy = g_new0 (RelayPolicy, 1);

  policy->rules = g_array_new (FALSE, FALSE, sizeof (Rule));
  policy->defaults = g_array_new (FALSE, FALSE, sizeof (AlNet));
  policy->relay = g_memdup2 (config->relay, config->n_relay * sizeof (AlAddr));
  policy->n_relay = config->n_relay;
  policy->allow_loopback = config->allow_loopback;
  if (!add_rules (policy, config->allow, true, error) || !add_rules (policy, config->deny, false, error))
    return NULL;
  add_own (policy, config);
  g_array_sort (policy->rules, compare_rules);
  add_defaults (policy);
  return g_steal_pointer (&policy);
}

void
relay_policy_free (RelayPolicy *policy)
{
  if (policy == NULL)
    return;
  g_array_unref (policy->rules);
  g_array_unref (policy->defaults);
  g_free (policy->relay);
  g_free (policy);
}

static void
set_ipv4 (AlAddr *addr, const uint8_t host[4])
{
  uint16_t port = al_addr_get_port (addr);

  memset (addr, 0, sizeof *addr);
  addr->in4.sin_family = AF_INET;
  memcpy (&addr->in4.sin_addr, host, 4);
  al_addr_set_port (addr, port);
}

/* the IPv4 address that a packet to @addr would reach by NAT64 (RFC 6052 §2.1) or 6to4 (RFC 3056 §2), in its place.
 * Returns: was it one.
 * Mapped and compatible forms (RFC 4291 §2.5.5) reach nothing on an IPv6 socket: they stay, and are denied */
static bool
undo_translation (AlAddr *addr)
{
  static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };
  uint8_t host[16];

  if (addr->sa.sa_family != AF_INET6)
    return false;
  memcpy (host, &addr->in6.sin6_addr, sizeof host);
  if (memcmp (host, nat64, sizeof nat64) == 0)
    set_ipv4 (addr, host + 12);
  else if (host[0] == 0x20 && host[1] == 0x02)
    set_ipv4 (addr, host + 2);
  else
    return false;
  return true;
}

static bool
is_port_denied (uint16_t port)
{
  if (port == 0)
    return false;
  if (port < 1024)
    return true;
  for (unsigned i = 0; i < G_N_ELEMENTS (amplifiers); i++)
    if (amplifiers[i] == port)
      return true;
  return false;
}

/* AlNet matches IPv4 inside IPv6 as IPv4; mapped addresses are refused before it comes to that */
static bool
is_mapped (const AlAddr *addr)
{
  static const uint8_t zero[10];
  const uint8_t *host = (const uint8_t *) &addr->in6.sin6_addr;

  return addr->sa.sa_family == AF_INET6 && memcmp (host, zero, sizeof zero) == 0
         && ((host[10] == 0xff && host[11] == 0xff) || (host[10] == 0 && host[11] == 0 && !al_addr_is_loopback (addr)));
}

RelayPeer
relay_policy_check (const RelayPolicy *policy, const AlAddr *peer)
{
  AlAddr addr = *peer;
  bool translated;

  if ((addr.sa.sa_family != AF_INET && addr.sa.sa_family != AF_INET6) || is_mapped (&addr))
    return RELAY_PEER_DENIED;
  translated = undo_translation (&addr);
  if (al_addr_is_loopback (&addr) && policy->allow_loopback)
    return is_port_denied (al_addr_get_port (&addr)) ? RELAY_PEER_DENIED : RELAY_PEER_ALLOWED;
  for (unsigned i = 0; i < policy->n_relay; i++)
    if (al_addr_equal_host (&policy->relay[i], &addr))
      return translated ? RELAY_PEER_DENIED : RELAY_PEER_OURS; /* its ports are counted by the family of the socket */
  if (al_addr_is_loopback (&addr) || is_port_denied (al_addr_get_port (&addr)))
    return RELAY_PEER_DENIED;
  for (guint i = 0; i < policy->rules->len; i++)
    {
      const Rule *rule = &g_array_index (policy->rules, Rule, i);

      if (al_net_contains (&rule->net, &addr))
        return rule->allow ? RELAY_PEER_ALLOWED : RELAY_PEER_DENIED;
    }
  for (guint i = 0; i < policy->defaults->len; i++)
    if (al_net_contains (&g_array_index (policy->defaults, AlNet, i), &addr))
      return RELAY_PEER_DENIED;
  return RELAY_PEER_ALLOWED;
}

GArray *
relay_policy_own_addresses (void)
{
  GArray *own = g_array_new (FALSE, TRUE, sizeof (AlAddr));
  struct ifaddrs *list = NULL;

  if (getifaddrs (&list) != 0)
    return own;
  for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next)
    {
      AlAddr addr = { 0 };

      if (i->ifa_addr == NULL || (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
        continue;
      memcpy (&addr, i->ifa_addr, i->ifa_addr->sa_family == AF_INET ? sizeof addr.in4 : sizeof addr.in6);
      g_array_append_val (own, addr);
    }
  freeifaddrs (list);
  return own;
}
