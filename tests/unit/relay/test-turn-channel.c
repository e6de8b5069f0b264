/* SPDX-License-Identifier: Apache-2.0 */
/* ChannelBind (RFC 8656 §12.2). */
#include "bench.h"

#define A "9.8.7.6:1000"

/* Returns: the peer that data in this channel reaches, as text; NULL: none */
static char *
peer_of (Client *client, unsigned number)
{
  g_autoptr (Packet) packet = NULL;
  char text[AL_ADDR_STRLEN];

  g_ptr_array_set_size (client->bench->relayed, 0);
  client_channel_data (client, number, "x", 1);
  if (client->bench->relayed->len == 0)
    return NULL;
  packet = bench_take (client->bench->relayed);
  return g_strdup (al_addr_format (&packet->peer, true, text));
}

static void
assert_peer (Client *client, unsigned number, const char *expected)
{
  g_autofree char *peer = peer_of (client, number);

  g_assert_cmpstr (peer, ==, expected);
}

/* Returns: the channel in which a datagram of @peer comes; 0: it comes as an indication; -1: not at all */
static int
channel_of (Client *client, const char *peer)
{
  const Packet *packet;

  g_ptr_array_set_size (client->bench->sent, 0);
  bench_from_peer (client->bench, &client->relayed[RELAY_IPV4], peer, "x", 1);
  if (client->bench->sent->len == 0)
    return -1;
  packet = client->bench->sent->pdata[0];
  return packet->passed ? packet->head[0] << 8 | packet->head[1] : 0;
}

static const struct {
  const char *name;
  unsigned number;
  const char *peer;
  unsigned code;
} binds[] = {
  { "first", 0x4000, PEER, 0 },
  { "last-of-8656", 0x4fff, PEER, 0 },
  { "of-5766", 0x5000, PEER, 0 },
  { "last-of-5766", 0x7fff, PEER, 0 },
  { "below", 0x3fff, PEER, 400 },
  { "above", 0x8000, PEER, 400 },
  { "zero", 0, PEER, 400 },
  { "highest", 0xffff, PEER, 400 },
  { "port-0", 0x4000, "9.9.9.9:0", 400 },
  { "ipv6", 0x4000, PEER6, 443 },
  { "private", 0x4000, "10.0.0.1:4000", 403 },
  { "metadata", 0x4000, "169.254.169.254:4000", 403 },
  { "well-known-port", 0x4000, "9.9.9.9:53", 403 },
  { "amplifier", 0x4000, "9.9.9.9:11211", 403 },
  { "ours", 0x4000, RELAY4 ":50000", 0 },
};

static void
test_bind (gconstpointer index)
{
  unsigned i = GPOINTER_TO_UINT (index);
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_bind (&client, binds[i].number, binds[i].peer), ==, 437);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_cmpuint (client_bind (&client, binds[i].number, binds[i].peer), ==, binds[i].code);
  g_assert_true (client_is_signed (&client));
  if (binds[i].code != 0 && binds[i].code != 443)
    g_assert_cmpint (channel_of (&client, binds[i].peer), ==, -1); /* no permission either */
}

static void
test_malformed (void)
{
  static const uint8_t number[6] = { 0x40 }, bad_peer[8] = { 0, 7 };
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  Ask ask;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  for (unsigned i = 0; i < 6; i++)
    {
      ask_begin (&client, &ask, AL_STUN_CHANNEL_BIND);
      if (i < 5)
        al_stun_put (&ask.out, AL_STUN_CHANNEL_NUMBER, number, (const size_t[]){ 4, 4, 2, 6, 0 }[i]);
      if (i == 0)
        al_stun_put (&ask.out, AL_STUN_XOR_PEER_ADDRESS, bad_peer, 8);
      else if (i != 1)
        ask_peer (&ask, PEER);
      g_assert_cmpuint (ask_send (&client, &ask), ==, 400);
    }
  g_assert_cmpint (channel_of (&client, PEER), ==, -1);
}

/* neither number nor peer may be bound otherwise; the attempt makes and renews nothing */
static void
test_conflicts (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_cmpuint (client_bind (&client, 0x4000, PEER), ==, 0);
  g_assert_cmpuint (client_bind (&client, 0x4000, "20.0.0.1:4000"), ==, 400);
  g_assert_cmpint (channel_of (&client, "20.0.0.1:4000"), ==, -1); /* no permission came of it */
  bench_go (bench, 200 * SECOND);
  g_assert_cmpuint (client_bind (&client, 0x4001, PEER), ==, 400);
  g_assert_cmpuint (client_bind (&client, 0x4000, "9.9.9.9:4001"), ==, 400);
  bench_go (bench, 100 * SECOND);
  g_assert_cmpint (channel_of (&client, PEER), ==, -1);
  g_assert_cmpuint (client_bind (&client, 0x4001, "9.9.9.9:4001"), ==, 0); /* another port is another peer */
  assert_peer (&client, 0x4000, PEER);
  assert_peer (&client, 0x4001, "9.9.9.9:4001");
}

/* a bind renews both, the channel for ten minutes and the permission for five */
static void
test_expiry (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_cmpuint (client_refresh (&client, 3600), ==, 0);
  g_assert_cmpuint (client_bind (&client, 0x4000, PEER), ==, 0);
  bench_go (bench, 299 * SECOND);
  g_assert_cmpint (channel_of (&client, PEER), ==, 0x4000);
  bench_go (bench, SECOND);
  g_assert_cmpint (channel_of (&client, PEER), ==, -1);
  assert_peer (&client, 0x4000, PEER); /* RFC 8656 §12.6: the binding is all that data from the client needs */
  g_assert_cmpuint (client_permit (&client, PEER), ==, 0);
  g_assert_cmpint (channel_of (&client, PEER), ==, 0x4000);
  bench_go (bench, 299 * SECOND);
  assert_peer (&client, 0x4000, PEER);
  bench_go (bench, SECOND);
  assert_peer (&client, 0x4000, NULL); /* and data has renewed nothing */
  g_assert_cmpuint (client_challenge (&client), ==, 401);
  g_assert_cmpuint (client_permit (&client, PEER), ==, 0);
  g_assert_cmpint (channel_of (&client, PEER), ==, 0);
  g_assert_cmpuint (client_bind (&client, 0x4000, PEER), ==, 0);
  bench_go (bench, 250 * SECOND);
  g_assert_cmpuint (client_bind (&client, 0x4000, PEER), ==, 0);
  bench_go (bench, 299 * SECOND);
  g_assert_cmpint (channel_of (&client, PEER), ==, 0x4000);
  bench_go (bench, 300 * SECOND);
  assert_peer (&client, 0x4000, PEER);
  bench_go (bench, SECOND);
  assert_peer (&client, 0x4000, NULL);
}

/* numbers and peers of expired bindings are free for any other, and only the new one counts */
static void
test_rebinding (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_cmpuint (client_refresh (&client, 3600), ==, 0);
  g_assert_cmpuint (client_bind (&client, 0x4000, "20.0.0.1:1024"), ==, 0);
  g_assert_cmpuint (client_bind (&client, 0x4001, "20.0.0.2:1024"), ==, 0);
  g_assert_cmpuint (client_bind (&client, 0x4002, "20.0.0.3:1024"), ==, 0);
  bench_go (bench, 600 * SECOND);
  g_assert_cmpuint (client_challenge (&client), ==, 401);
  g_assert_cmpuint (client_bind (&client, 0x4000, "20.0.0.2:1024"), ==, 0);
  g_assert_cmpuint (client_bind (&client, 0x4002, "20.0.0.1:1024"), ==, 0);
  g_assert_cmpuint (client_bind (&client, 0x4000, "20.0.0.1:1024"), ==, 400);
  g_assert_cmpuint (client_bind (&client, 0x4001, "20.0.0.2:1024"), ==, 400);
  g_assert_cmpuint (client_bind (&client, 0x4002, "20.0.0.3:1024"), ==, 400);
  assert_peer (&client, 0x4000, "20.0.0.2:1024");
  assert_peer (&client, 0x4001, NULL);
  assert_peer (&client, 0x4002, "20.0.0.1:1024");
  g_assert_cmpint (channel_of (&client, "20.0.0.1:1024"), ==, 0x4002);
  g_assert_cmpint (channel_of (&client, "20.0.0.2:1024"), ==, 0x4000);
  g_assert_cmpint (channel_of (&client, "20.0.0.3:1024"), ==, -1);
}

static void
test_full (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_cmpuint (client_refresh (&client, 3600), ==, 0);
  for (unsigned round = 0; round < 2; round++)
    {
      for (unsigned i = 0; i < RELAY_MAX_PEERS; i++)
        {
          g_autofree char *peer = g_strdup_printf ("20.0.0.1:%u", 2000 + round + i); /* one permission for them all */

          g_assert_cmpuint (client_bind (&client, 0x4000 + i, peer), ==, 0);
        }
      g_assert_cmpuint (client_bind (&client, 0x5000, "20.0.0.1:1999"), ==, 508);
      for (unsigned i = 0; i < RELAY_MAX_PEERS; i++)
        {
          unsigned at = i * 13 % RELAY_MAX_PEERS;
          g_autofree char *peer = g_strdup_printf ("20.0.0.1:%u", 2000 + round + at);

          assert_peer (&client, 0x4000 + at, peer);
          g_assert_cmpint (channel_of (&client, peer), ==, 0x4000 + (int) at);
        }
      bench_go (bench, 600 * SECOND);
      g_assert_cmpuint (client_challenge (&client), ==, 401);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (binds); i++)
    {
      g_autofree char *path = g_strconcat ("/relay/turn-channel/bind/", binds[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_bind);
    }
  g_test_add_func ("/relay/turn-channel/malformed", test_malformed);
  g_test_add_func ("/relay/turn-channel/conflicts", test_conflicts);
  g_test_add_func ("/relay/turn-channel/expiry", test_expiry);
  g_test_add_func ("/relay/turn-channel/rebinding", test_rebinding);
  g_test_add_func ("/relay/turn-channel/full", test_full);
  return g_test_run ();
}
