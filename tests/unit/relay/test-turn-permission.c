/* SPDX-License-Identifier: Apache-2.0 */
/* CreatePermission (RFC 8656 §10.2): all or none. */
#include "bench.h"

#define A "9.8.7.6:1000"

static unsigned
permit_many (Client *client, unsigned first, unsigned n, const char *last)
{
  Ask ask;

  ask_begin (client, &ask, AL_STUN_CREATE_PERMISSION);
  for (unsigned i = first; i < first + n; i++)
    {
      g_autofree char *peer = g_strdup_printf ("20.0.%u.%u:%u", i / 256, i % 256, i);

      ask_peer (&ask, peer);
    }
  if (last != NULL)
    ask_peer (&ask, last);
  return ask_send (client, &ask);
}

/* Returns: does a datagram of @peer come through */
static bool
is_permitted (Client *client, const char *peer)
{
  const AlAddr addr = addr_of (peer);

  g_ptr_array_set_size (client->bench->sent, 0);
  bench_from_peer (client->bench, &client->relayed[relay_family_of (&addr)], peer, "x", 1);
  return client->bench->sent->len == 1;
}

static void
test_lifetime (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_permit (&client, PEER), ==, 437);
  g_assert_true (client_is_signed (&client));
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_false (is_permitted (&client, PEER));
  g_assert_cmpuint (client_permit (&client, PEER), ==, 0);
  g_assert_true (client_is_signed (&client));
  g_assert_true (is_permitted (&client, PEER));
  g_assert_true (is_permitted (&client, "9.9.9.9:53")); /* any port of the host */
  g_assert_false (is_permitted (&client, "9.9.9.8:4000"));
  bench_go (bench, 299 * SECOND);
  g_assert_true (is_permitted (&client, PEER)); /* and that does not prolong it */
  bench_go (bench, SECOND);
  g_assert_false (is_permitted (&client, PEER));
  g_assert_cmpuint (client_permit (&client, PEER), ==, 0);
  bench_go (bench, 200 * SECOND);
  g_assert_cmpuint (client_permit (&client, PEER), ==, 0);
  bench_go (bench, 50 * SECOND);
  g_assert_true (is_permitted (&client, PEER));
}

static const struct {
  const char *name, *peer;
  unsigned code;
} peers[] = {
  { "public", PEER, 0 },
  { "port-0", "9.9.9.9:0", 0 },
  { "well-known-port", "9.9.9.9:53", 0 }, /* the port is ignored here, and refused when it is sent to */
  { "loopback", "127.0.0.1:4000", 403 },
  { "metadata", "169.254.169.254:4000", 403 },
  { "private", "10.0.0.1:4000", 403 },
  { "any", "0.0.0.0:4000", 403 },
  { "ours", RELAY4 ":50000", 0 },
  { "ipv6", PEER6, 443 },
  { "mapped", "[::ffff:9.9.9.9]:4000", 443 },
};

static void
test_peer (gconstpointer index)
{
  unsigned i = GPOINTER_TO_UINT (index);
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  RelayTurnStats stats;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_cmpuint (client_permit (&client, peers[i].peer), ==, peers[i].code);
  g_assert_true (client_is_signed (&client));
  relay_turn_get_stats (bench->turns[0], &stats);
  g_assert_cmpuint (stats.forbidden, ==, peers[i].code == 403);
}

static void
test_ipv6 (void)
{
  static const uint8_t v6[4] = { 2 };
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, "[2620:fe::77]:9");
  g_assert_cmpuint (client_allocate_with (&client, AL_STUN_REQUESTED_ADDRESS_FAMILY, v6, 4), ==, 0);
  g_assert_cmpuint (client_permit (&client, PEER6), ==, 0);
  g_assert_true (is_permitted (&client, PEER6));
  g_assert_cmpuint (client_permit (&client, PEER), ==, 443);
  g_assert_cmpuint (client_permit (&client, "[::ffff:9.9.9.9]:4000"), ==, 403);
  g_assert_cmpuint (client_permit (&client, "[64:ff9b::10.0.0.1]:4000"), ==, 403);
}

static void
test_malformed (void)
{
  static const uint8_t short_addr[7] = { 0, 1 }, family0[8] = { 0 }, family3[8] = { 0, 3 }, v6_in_8[8] = { 0, 2 };
  static const struct {
    const uint8_t *value;
    size_t len;
  } values[] = { { short_addr, 0 }, { short_addr, 4 }, { short_addr, 7 }, { family0, 8 }, { family3, 8 }, { v6_in_8, 8 } };
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  Ask ask;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  ask_begin (&client, &ask, AL_STUN_CREATE_PERMISSION);
  g_assert_cmpuint (ask_send (&client, &ask), ==, 400);
  for (unsigned i = 0; i < G_N_ELEMENTS (values); i++)
    {
      ask_begin (&client, &ask, AL_STUN_CREATE_PERMISSION);
      ask_peer (&ask, PEER);
      al_stun_put (&ask.out, AL_STUN_XOR_PEER_ADDRESS, values[i].value, values[i].len);
      g_assert_cmpuint (ask_send (&client, &ask), ==, 400);
    }
  g_assert_false (is_permitted (&client, PEER));
}

/* one that may not be: none is made, none is renewed */
static void
test_all_or_none (void)
{
  static const char *const bad[] = { "10.0.0.1:1", PEER6 };
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_cmpuint (permit_many (&client, 0, 3, PEER), ==, 0);
  g_assert_true (is_permitted (&client, "20.0.0.0:9"));
  g_assert_true (is_permitted (&client, "20.0.0.2:9"));
  g_assert_true (is_permitted (&client, PEER));
  bench_go (bench, 200 * SECOND);
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_cmpuint (permit_many (&client, 2, 2, bad[i]), ==, i == 0 ? 403 : 443);
      g_assert_false (is_permitted (&client, "20.0.0.3:9"));
    }
  bench_go (bench, 100 * SECOND);
  g_assert_false (is_permitted (&client, "20.0.0.2:9"));
}

static void
test_full (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_cmpuint (permit_many (&client, 0, RELAY_MAX_PEERS + 1, NULL), ==, 508);
  g_assert_false (is_permitted (&client, "20.0.0.0:9"));
  g_assert_cmpuint (permit_many (&client, 0, RELAY_MAX_PEERS - 2, NULL), ==, 0);
  bench_go (bench, 100 * SECOND);
  /* two are new where there is room for two: nine old ones may come along; three are too many, and change nothing */
  g_assert_cmpuint (permit_many (&client, 53, 12, NULL), ==, 508);
  g_assert_false (is_permitted (&client, "20.0.0.62:9"));
  g_assert_cmpuint (permit_many (&client, 53, 11, NULL), ==, 0);
  g_assert_true (is_permitted (&client, "20.0.0.63:9"));
  g_assert_cmpuint (permit_many (&client, 0, 0, PEER), ==, 508);
  g_assert_cmpuint (client_bind (&client, 0x4000, PEER), ==, 508);
  g_assert_cmpuint (permit_many (&client, 5, 1, "20.0.0.5:7"), ==, 0); /* twice the same host */
  /* what has expired makes room, but not what is renewed at the same time */
  bench_go (bench, 200 * SECOND);
  g_assert_false (is_permitted (&client, "20.0.0.0:9"));
  g_assert_true (is_permitted (&client, "20.0.0.5:9"));
  g_assert_cmpuint (permit_many (&client, 0, 53, "30.0.0.1:1"), ==, 508);
  g_assert_false (is_permitted (&client, "20.0.0.0:9"));
  g_assert_cmpuint (permit_many (&client, 1, 52, "30.0.0.1:1"), ==, 0);
  for (unsigned i = 1; i < 64; i++)
    {
      g_autofree char *peer = g_strdup_printf ("20.0.0.%u:1", i);

      g_assert_true (is_permitted (&client, peer));
    }
  g_assert_true (is_permitted (&client, "30.0.0.1:1"));
}

static void
note_info (const RelayAllocInfo *info, void *user)
{
  *(RelayAllocInfo *) user = *info;
}

/* RelayTurnConfig: a new policy takes away what it denies, in both directions, and leaves the rest */
static void
test_new_policy (void)
{
  static const char *const deny[] = { "9.9.9.0/24", NULL };
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  RelayAllocInfo info = { 0 };

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_cmpuint (client_bind (&client, 0x4000, PEER), ==, 0);
  g_assert_cmpuint (client_bind (&client, 0x4001, "20.0.0.1:4000"), ==, 0);
  relay_turn_foreach (bench->turns[0], note_info, &info);
  g_assert_cmpuint (info.permissions, ==, 2);
  g_assert_cmpuint (info.channels, ==, 2);
  bench_set_policy (bench, NULL, deny);
  g_assert_false (is_permitted (&client, PEER));
  g_assert_true (is_permitted (&client, "20.0.0.1:4000"));
  client_channel_data (&client, 0x4000, "x", 1);
  client_send (&client, PEER, "x", 1);
  g_assert_cmpuint (bench->relayed->len, ==, 0);
  client_channel_data (&client, 0x4001, "x", 1);
  g_assert_cmpuint (bench->relayed->len, ==, 1);
  g_assert_cmpuint (client_permit (&client, PEER), ==, 403);
  g_assert_cmpuint (client_bind (&client, 0x4000, PEER), ==, 403);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/turn-permission/lifetime", test_lifetime);
  for (unsigned i = 0; i < G_N_ELEMENTS (peers); i++)
    {
      g_autofree char *path = g_strconcat ("/relay/turn-permission/peer/", peers[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_peer);
    }
  g_test_add_func ("/relay/turn-permission/ipv6", test_ipv6);
  g_test_add_func ("/relay/turn-permission/malformed", test_malformed);
  g_test_add_func ("/relay/turn-permission/all-or-none", test_all_or_none);
  g_test_add_func ("/relay/turn-permission/full", test_full);
  g_test_add_func ("/relay/turn-permission/new-policy", test_new_policy);
  return g_test_run ();
}
