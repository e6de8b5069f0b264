/* SPDX-License-Identifier: Apache-2.0 */
/* Which peers are reached: by default, by rules, and in every way to write an address. */
#include "bench.h"

static const char *const denied[] = {
  /* the probe table of known attacks */
  "127.0.0.1:4000", "127.255.255.254:4000", "0.0.0.0:4000", "0.0.0.1:4000", "[::1]:4000", "[::]:4000", "169.254.169.254:4000",
  "10.0.0.1:4000", "10.255.255.255:4000", "172.16.0.1:4000", "172.31.255.255:4000", "192.168.0.1:4000", "100.64.0.1:4000",
  "100.127.255.255:4000", "100.100.100.200:4000", "224.0.0.1:4000", "239.255.255.255:4000", "240.0.0.1:4000",
  "255.255.255.255:4000", "[ff02::1]:4000", "[ff0e::1]:4000", "[fe80::1]:4000", "[febf::1]:4000", "[fc00::1]:4000",
  "[fd00:ec2::254]:4000", "[fec0::1]:4000", "168.63.129.16:4000", "192.0.0.192:4000",
  /* documentation, benchmarks, AS112, 6to4 anycast */
  "192.0.2.1:4000", "198.18.0.1:4000", "198.19.255.255:4000", "198.51.100.7:4000", "203.0.113.1:4000", "192.88.99.1:4000",
  "192.31.196.1:4000", "192.52.193.1:4000", "192.175.48.1:4000", "[2001:db8:1::1]:4000", "[3fff::1]:4000", "[2001::1]:4000",
  "[2001:2::1]:4000", "[2001:1ff:ffff::1]:4000", "[100::1]:4000", "[5f00::1]:4000", "[4000::1]:4000", "[1fff::1]:4000",
  /* IPv4 inside IPv6: mapped, compatible, translated (SIIT), NAT64, its local prefix, 6to4, Teredo */
  "[::ffff:127.0.0.1]:4000", "[::ffff:169.254.169.254]:4000", "[::ffff:10.0.0.1]:4000", "[::ffff:0.0.0.0]:4000",
  "[::ffff:9.9.9.9]:4000", "[::127.0.0.1]:4000", "[::10.0.0.1]:4000", "[::9.9.9.9]:4000", "[::ffff:0:127.0.0.1]:4000",
  "[::ffff:0:9.9.9.9]:4000", "[64:ff9b::7f00:1]:4000", "[64:ff9b::10.0.0.1]:4000", "[64:ff9b::169.254.169.254]:4000",
  "[64:ff9b::255.255.255.255]:4000", "[64:ff9b:1::9.9.9.9]:4000", "[2002:7f00:1::]:4000", "[2002:7f00:1::1]:4000",
  "[2002:a00:1::1]:4000", "[2002:c0a8:101::1]:4000", "[2002:a9fe:a9fe::1]:4000", "[2002:e000:1::1]:4000",
  "[2001:0:7f00:1::1]:4000", "[2001:0:909:909::1]:4000",
  /* our relayed address in another form */
  "[64:ff9b::198.51.100.1]:50000", "[2002:c633:6401::1]:50000", "[::ffff:198.51.100.1]:50000",
  /* this host */
  "5.5.5.5:4000", "[2a00::5]:4000", "[64:ff9b::5.5.5.5]:4000", "[2002:505:505::1]:4000", "[::ffff:5.5.5.5]:4000",
  /* ports: well-known ones, and what amplifies */
  "9.9.9.9:1", "9.9.9.9:53", "9.9.9.9:123", "9.9.9.9:443", "9.9.9.9:1023", "[2620:fe::9]:53", "9.9.9.9:1900", "9.9.9.9:5353",
  "9.9.9.9:11211", "[64:ff9b::9.9.9.9]:53", "9.9.9.9:3702", "9.9.9.9:5683", "9.9.9.9:1434", "9.9.9.9:3283", "9.9.9.9:27015",
  "9.9.9.9:37810",
};

static const char *const allowed[] = {
  "9.9.9.9:4000", "9.9.9.9:1024", "9.9.9.9:65535", "9.9.9.9:0", "[2620:fe::9]:4000", "[2620:fe::9]:0", "[2a00:1450::1]:4000",
  "[64:ff9b::9.9.9.9]:4000", "[2002:909:909::1]:4000", "1.1.1.1:50000", "11.0.0.0:4000", "9.255.255.255:4000",
  "172.15.255.255:4000", "172.32.0.0:4000", "100.63.255.255:4000", "100.128.0.0:4000", "126.255.255.255:4000",
  "128.0.0.0:4000", "169.253.255.255:4000", "169.255.0.0:4000", "191.255.255.255:4000", "223.255.255.255:4000",
  "198.17.255.255:4000", "198.20.0.0:4000", "168.63.129.15:4000", "[2001:200::1]:4000", "[2001:db7::1]:4000",
  "[2001:db9::1]:4000", "[2003::1]:4000", "[3ffe::1]:4000", "[2000::1]:4000",
};

static RelayPolicy *
make (const char *const *allow, const char *const *deny, bool loopback)
{
  const AlAddr relay[] = { addr_of (RELAY4), addr_of (RELAY6) }, own[] = { addr_of ("5.5.5.5:99"), addr_of ("2a00::5") };
  const RelayPolicyConfig config = {
    .allow = allow, .deny = deny, .allow_loopback = loopback, .relay = relay, .n_relay = 2, .own = own, .n_own = 2,
  };
  RelayPolicy *policy = relay_policy_new (&config, NULL);

  g_assert_nonnull (policy);
  return policy;
}

static RelayPeer
check (const RelayPolicy *policy, const char *text)
{
  const AlAddr addr = addr_of (text);

  return relay_policy_check (policy, &addr);
}

static void
test_defaults (void)
{
  g_autoptr (RelayPolicy) policy = make (NULL, NULL, false);
  static const AlAddr none;

  for (unsigned i = 0; i < G_N_ELEMENTS (denied); i++)
    if (check (policy, denied[i]) != RELAY_PEER_DENIED)
      g_error ("%s is not denied", denied[i]);
  for (unsigned i = 0; i < G_N_ELEMENTS (allowed); i++)
    if (check (policy, allowed[i]) != RELAY_PEER_ALLOWED)
      g_error ("%s is not allowed", allowed[i]);
  g_assert_cmpint (check (policy, RELAY4 ":50000"), ==, RELAY_PEER_OURS);
  g_assert_cmpint (check (policy, "[" RELAY6 "]:0"), ==, RELAY_PEER_OURS);
  g_assert_cmpint (relay_policy_check (policy, &none), ==, RELAY_PEER_DENIED);
}

/* mapped and compatible forms stay denied, whatever the rules say */
static void
test_everything_allowed (void)
{
  static const char *const all[] = { "0.0.0.0/0", "::/0", NULL };
  static const char *const still[] = { "[::ffff:9.9.9.9]:4000", "[::ffff:127.0.0.1]:4000", "[::9.9.9.9]:4000", "[::]:4000",
                                       "127.0.0.1:4000", "[::1]:4000", "[64:ff9b::127.0.0.1]:4000", "9.9.9.9:53",
                                       "5.5.5.5:4000", "[2a00::5]:4000", "[64:ff9b::5.5.5.5]:4000",
                                       "[64:ff9b::198.51.100.1]:50000" };
  static const char *const now[] = { "10.0.0.1:4000", "[fd00::1]:4000", "[64:ff9b::10.0.0.1]:4000", "[2002:a00:1::]:4000" };
  g_autoptr (RelayPolicy) policy = make (all, NULL, false);

  for (unsigned i = 0; i < G_N_ELEMENTS (still); i++)
    if (check (policy, still[i]) != RELAY_PEER_DENIED)
      g_error ("%s is not denied", still[i]);
  for (unsigned i = 0; i < G_N_ELEMENTS (now); i++)
    if (check (policy, now[i]) != RELAY_PEER_ALLOWED)
      g_error ("%s is not allowed", now[i]);
  g_assert_cmpint (check (policy, RELAY4 ":50000"), ==, RELAY_PEER_OURS);
}

static const struct {
  const char *name, *allow[3], *deny[3], *peer;
  RelayPeer expected;
} precedence[] = {
  { "allow-private", { "10.1.0.0/16" }, { NULL }, "10.1.2.3:4000", RELAY_PEER_ALLOWED },
  { "beside-it", { "10.1.0.0/16" }, { NULL }, "10.2.0.1:4000", RELAY_PEER_DENIED },
  { "deny-public", { NULL }, { "9.9.0.0/16" }, "9.9.9.9:4000", RELAY_PEER_DENIED },
  { "deny-inside-allow", { "10.0.0.0/8" }, { "10.1.0.0/16" }, "10.1.2.3:4000", RELAY_PEER_DENIED },
  { "around-the-deny", { "10.0.0.0/8" }, { "10.1.0.0/16" }, "10.2.2.3:4000", RELAY_PEER_ALLOWED },
  { "allow-inside-deny", { "9.9.9.0/24" }, { "9.0.0.0/8" }, "9.9.9.9:4000", RELAY_PEER_ALLOWED },
  { "equal-deny-wins", { "9.9.9.9" }, { "9.9.9.9" }, "9.9.9.9:4000", RELAY_PEER_DENIED },
  { "three-deep", { "9.9.9.9", "9.0.0.0/8" }, { "9.9.0.0/16" }, "9.9.9.9:4000", RELAY_PEER_ALLOWED },
  { "deny-by-nat64", { NULL }, { "9.9.9.9" }, "[64:ff9b::9.9.9.9]:4000", RELAY_PEER_DENIED },
  { "deny-by-6to4", { NULL }, { "9.9.9.9" }, "[2002:909:909::1]:4000", RELAY_PEER_DENIED },
  { "own-by-a-net", { "5.5.0.0/16" }, { NULL }, "5.5.5.5:4000", RELAY_PEER_DENIED },
  { "own-by-name", { "5.5.5.5" }, { NULL }, "5.5.5.5:4000", RELAY_PEER_ALLOWED },
  { "own-by-name-ipv6", { "2a00::5" }, { NULL }, "[2a00::5]:4000", RELAY_PEER_ALLOWED },
  { "own-by-name-denied", { "5.5.5.5" }, { "5.5.5.5" }, "5.5.5.5:4000", RELAY_PEER_DENIED },
  { "port-of-an-allowed", { "10.1.0.0/16" }, { NULL }, "10.1.2.3:53", RELAY_PEER_DENIED },
  { "ipv6-deny", { NULL }, { "2620:fe::/48" }, "[2620:fe::9]:4000", RELAY_PEER_DENIED },
  { "ipv6-allow", { "fd00:1::/32" }, { NULL }, "[fd00:1::9]:4000", RELAY_PEER_ALLOWED },
  { "ipv6-beside", { "fd00:1::/32" }, { NULL }, "[fd00:2::9]:4000", RELAY_PEER_DENIED },
  { "relay-denied-stays-ours", { NULL }, { "198.51.100.1" }, "198.51.100.1:50000", RELAY_PEER_OURS },
};

static void
test_precedence (gconstpointer index)
{
  unsigned i = GPOINTER_TO_UINT (index);
  g_autoptr (RelayPolicy) policy = make (precedence[i].allow, precedence[i].deny, false);

  g_assert_cmpint (check (policy, precedence[i].peer), ==, precedence[i].expected);
}

static void
test_loopback (void)
{
  g_autoptr (RelayPolicy) policy = make (NULL, NULL, true);
  static const char *const still[] = { "10.0.0.1:4000", "[::ffff:127.0.0.1]:4000", "[::127.0.0.1]:4000", "0.0.0.0:4000",
                                       "127.0.0.1:53", "[::1]:53", "169.254.169.254:4000" };

  g_assert_cmpint (check (policy, "127.0.0.1:4000"), ==, RELAY_PEER_ALLOWED);
  g_assert_cmpint (check (policy, "[::1]:4000"), ==, RELAY_PEER_ALLOWED);
  for (unsigned i = 0; i < G_N_ELEMENTS (still); i++)
    g_assert_cmpint (check (policy, still[i]), ==, RELAY_PEER_DENIED);
}

static void
test_bad_networks (void)
{
  static const char *const bad[] = { "", "10.0.0.0/33", "10.0.0.1/8", "::/129", "example.org", "10.0.0.0/", "/8" };

  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    for (unsigned deny = 0; deny < 2; deny++)
      {
        const char *const nets[] = { "9.0.0.0/8", bad[i], NULL };
        const RelayPolicyConfig config = { .allow = deny ? NULL : nets, .deny = deny ? nets : NULL };
        g_autoptr (GError) error = NULL;

        g_assert_null (relay_policy_new (&config, &error));
        g_assert_nonnull (error);
        g_assert_nonnull (strstr (error->message, deny ? "deny_peers: " : "allow_peers: "));
      }
}

static void
test_own_addresses (void)
{
  g_autoptr (GArray) own = relay_policy_own_addresses ();
  bool found = false;

  for (guint i = 0; i < own->len; i++)
    found = found || al_addr_is_loopback (&g_array_index (own, AlAddr, i));
  g_assert_true (found);
  relay_policy_free (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/policy/defaults", test_defaults);
  g_test_add_func ("/relay/policy/everything-allowed", test_everything_allowed);
  for (unsigned i = 0; i < G_N_ELEMENTS (precedence); i++)
    {
      g_autofree char *path = g_strconcat ("/relay/policy/precedence/", precedence[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_precedence);
    }
  g_test_add_func ("/relay/policy/loopback", test_loopback);
  g_test_add_func ("/relay/policy/bad-networks", test_bad_networks);
  g_test_add_func ("/relay/policy/own-addresses", test_own_addresses);
  return g_test_run ();
}
