/* SPDX-License-Identifier: Apache-2.0 */
/* The data path: what passes, in which form, and what does not. */
#include "base/dtls.h"
#include "bench.h"

#define A "9.8.7.6:1000"
#define B "9.8.7.5:1000"

static uint8_t payload[65536];

static void
start (Bench *bench, Client *client, unsigned worker, const char *address)
{
  client_init (client, bench, worker, address);
  g_assert_cmpuint (client_allocate (client), ==, 0);
}

static void
relayed_as (Client *client, char text[AL_ADDR_STRLEN])
{
  (void) al_addr_format (&client->relayed[RELAY_IPV4], true, text);
}

static void
assert_data_indication (const Packet *packet, const char *from, const void *data, size_t len)
{
  AlStunMessage message;
  AlStunAttr attr;
  AlAddr addr, expected = addr_of (from);

  g_assert_false (packet->passed);
  g_assert_true (al_stun_parse (packet->data, packet->len, &message));
  g_assert_cmpint (message.cls, ==, AL_STUN_INDICATION);
  g_assert_cmpint (message.method, ==, AL_STUN_DATA);
  g_assert_true (al_stun_find (&message, AL_STUN_XOR_PEER_ADDRESS, &attr));
  g_assert_true (al_stun_attr_addr (&message, &attr, false, &addr));
  g_assert_true (al_addr_equal (&addr, &expected));
  g_assert_true (al_stun_find (&message, AL_STUN_DATA_VALUE, &attr));
  g_assert_cmpmem (attr.value, attr.len, data, len);
}

static void
test_send_and_data (void)
{
  static const size_t sizes[] = { 0, 1, 2, 3, 4, 5, 1200, 1472, 9000, 65000 };
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  start (bench, &client, 0, A);
  g_assert_cmpuint (client_permit (&client, PEER), ==, 0);
  g_ptr_array_set_size (bench->sent, 0);
  for (unsigned i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (Packet) out = NULL, in = NULL;
      AlAddr peer = addr_of (PEER);

      client_send (&client, PEER, payload, sizes[i]);
      out = bench_take (bench->relayed);
      g_assert_cmpmem (out->data, out->len, payload, sizes[i]);
      g_assert_true (al_addr_equal (&out->peer, &peer));
      g_assert_cmpuint (al_addr_get_port (&out->from), ==, al_addr_get_port (&client.relayed[RELAY_IPV4]));
      bench_from_peer (bench, &client.relayed[RELAY_IPV4], PEER, payload, sizes[i]);
      in = bench_take (bench->sent);
      assert_data_indication (in, PEER, payload, sizes[i]);
      g_assert_true (relay_tuple_equal (&in->to, &client.tuple));
    }
}

static void
test_channel_data (void)
{
  static const size_t sizes[] = { 0, 1, 2, 3, 4, 5, 1200, 65000, 65507 };
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  start (bench, &client, 0, A);
  g_assert_cmpuint (client_bind (&client, 0x4123, PEER), ==, 0);
  g_ptr_array_set_size (bench->sent, 0);
  for (unsigned i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (Packet) out = NULL, in = NULL;
      const uint8_t head[4] = { 0x41, 0x23, (uint8_t) (sizes[i] >> 8), (uint8_t) sizes[i] };

      client_channel_data (&client, 0x4123, payload, sizes[i]);
      out = bench_take (bench->relayed);
      g_assert_cmpmem (out->data, out->len, payload, sizes[i]);
      bench_from_peer (bench, &client.relayed[RELAY_IPV4], PEER, payload, sizes[i]);
      in = bench_take (bench->sent);
      g_assert_true (in->passed);
      g_assert_cmpmem (in->head, 4, head, 4);
      g_assert_cmpmem (in->data, in->len, payload, sizes[i]);
    }
  /* the same host from another port is not in the channel */
  bench_from_peer (bench, &client.relayed[RELAY_IPV4], "9.9.9.9:4001", "x", 1);
  assert_data_indication (bench->sent->pdata[0], "9.9.9.9:4001", "x", 1);
}

/* padding, of streams and of clients who pad datagrams too, is cut off; a length that lies is refused */
static void
test_channel_lengths (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  unsigned dropped = 0;

  start (bench, &client, 0, A);
  g_assert_cmpuint (client_bind (&client, 0x4000, PEER), ==, 0);
  for (unsigned len = 0; len <= 12; len++)
    for (unsigned said = 0; said <= 12; said++)
      {
        uint8_t data[12] = { 0x40, 0, 0, (uint8_t) said, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' };

        client_tell (&client, data, len);
        if (len < 4 || said > len - 4)
          {
            bench_drop (bench, RELAY_DROP_MALFORMED, ++dropped);
            g_assert_cmpuint (bench->relayed->len, ==, 0);
          }
        else
          {
            g_autoptr (Packet) packet = bench_take (bench->relayed);

            g_assert_cmpmem (packet->data, packet->len, data + 4, said);
          }
      }
}

/* to a client over DTLS: what is longer than a record is dropped, and neither counted as sent nor paid for */
static void
test_record (void)
{
  static const struct {
    const char *peer;
    unsigned around;
  } paths[] = { { PEER, 4 }, { "9.9.9.9:4001", 36 } };
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client = { 0 };

  client_init (&client, bench, 0, A);
  client.tuple.transport = RELAY_DTLS;
  client.tuple.conn = &client;
  g_assert_cmpuint (client_challenge (&client), ==, 401);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_cmpuint (client_bind (&client, 0x4123, PEER), ==, 0);
  g_ptr_array_set_size (bench->sent, 0);
  for (unsigned i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (Packet) in = NULL;
      RelayTurnStats stats;

      bench_from_peer (bench, &client.relayed[RELAY_IPV4], paths[i].peer, payload, AL_DTLS_RECORD_MAX - paths[i].around);
      in = bench_take (bench->sent);
      g_assert_cmpuint (in->len + (in->passed ? 4 : 0), ==, AL_DTLS_RECORD_MAX);
      bench_from_peer (bench, &client.relayed[RELAY_IPV4], paths[i].peer, payload, AL_DTLS_RECORD_MAX - paths[i].around + 1);
      g_assert_cmpuint (bench->sent->len, ==, 0);
      bench_drop (bench, RELAY_DROP_LONG, i + 1);
      relay_turn_get_stats (bench->turns[0], &stats);
      g_assert_cmpuint (stats.traffic[RELAY_DTLS][RELAY_IPV4].tx_pkts, ==, i + 1);
    }
}

static void
test_no_allocation (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client, other;

  client_init (&client, bench, 0, A);
  client_send (&client, PEER, "x", 1);
  client_channel_data (&client, 0x4000, "x", 1);
  bench_drop (bench, RELAY_DROP_UNAUTHORIZED, 2);
  start (bench, &other, 0, B);
  g_assert_cmpuint (client_bind (&other, 0x4000, PEER), ==, 0);
  client_send (&client, PEER, "x", 1);
  client_channel_data (&client, 0x4000, "x", 1);
  bench_drop (bench, RELAY_DROP_UNAUTHORIZED, 4);
  g_assert_cmpuint (bench->relayed->len, ==, 0);
}

/* RFC 8656 §11.2: silently, and counted */
static void
test_bad_sends (void)
{
  static const struct {
    const char *peer;
    RelayDrop reason;
  } peers[] = {
    { "9.9.9.8:4000", RELAY_DROP_PERMISSION }, { PEER6, RELAY_DROP_PERMISSION },   { "9.9.9.9:0", RELAY_DROP_MALFORMED },
    { "9.9.9.9:53", RELAY_DROP_POLICY },       { "9.9.9.9:443", RELAY_DROP_POLICY }, { "9.9.9.9:11211", RELAY_DROP_POLICY },
    { RELAY4 ":49152", RELAY_DROP_POLICY }, /* ours, but nobody's */
    { RELAY4 ":3478", RELAY_DROP_POLICY },  /* our own listener */
    { RELAY4 ":80", RELAY_DROP_POLICY },
  };
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  uint64_t counts[RELAY_DROP_N] = { 0 };

  start (bench, &client, 0, A);
  while (al_addr_get_port (&client.relayed[RELAY_IPV4]) == 49152)
    {
      g_assert_cmpuint (client_refresh (&client, 0), ==, 0);
      g_assert_cmpuint (client_allocate (&client), ==, 0);
    }
  g_assert_cmpuint (client_permit (&client, PEER), ==, 0);
  g_assert_cmpuint (client_permit (&client, RELAY4 ":0"), ==, 0);
  g_ptr_array_set_size (bench->sent, 0);
  for (unsigned i = 0; i < G_N_ELEMENTS (peers); i++)
    {
      client_send (&client, peers[i].peer, "x", 1);
      bench_drop (bench, peers[i].reason, ++counts[peers[i].reason]);
    }
  for (unsigned i = 0; i < 6; i++)
    {
      static const uint8_t tid[AL_STUN_TID_BYTES] = { 0 };
      const AlAddr peer = addr_of (PEER);
      uint8_t data[128];
      AlStunWriter out;

      al_stun_begin (&out, data, sizeof data, AL_STUN_INDICATION, AL_STUN_SEND, tid);
      if (i == 1)
        al_stun_put (&out, AL_STUN_XOR_PEER_ADDRESS, "\0\3\0\0abcd", 8);
      else if (i > 1)
        al_stun_put_addr (&out, AL_STUN_XOR_PEER_ADDRESS, &peer, false);
      if (i == 3)
        al_stun_put (&out, 0x7abc, NULL, 0); /* must be understood */
      if (i != 2)
        al_stun_put (&out, AL_STUN_DATA_VALUE, "x", 1);
      if (i >= 4)
        al_stun_put (&out, i == 4 ? 0xfabc : AL_STUN_DONT_FRAGMENT, NULL, 0);
      client_tell (&client, data, al_stun_end (&out));
      if (i < 4)
        bench_drop (bench, RELAY_DROP_MALFORMED, ++counts[RELAY_DROP_MALFORMED]);
    }
  g_assert_cmpuint (bench->relayed->len, ==, 2);
  g_assert_false (((const Packet *) bench->relayed->pdata[0])->dont_fragment);
  g_assert_true (((const Packet *) bench->relayed->pdata[1])->dont_fragment);
  g_assert_cmpuint (bench->sent->len, ==, 0);
}

static void
test_bad_channels (void)
{
  static const unsigned numbers[] = { 0x4001, 0x5000, 0x7fff };
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  start (bench, &client, 0, A);
  client_channel_data (&client, 0x4000, "x", 1);
  g_assert_cmpuint (client_bind (&client, 0x4000, PEER), ==, 0);
  for (unsigned i = 0; i < G_N_ELEMENTS (numbers); i++)
    client_channel_data (&client, numbers[i], "x", 1);
  bench_drop (bench, RELAY_DROP_CHANNEL, 4);
  /* outside 0x4000 to 0x7fff it is no ChannelData at all */
  client_channel_data (&client, 0x8000, "x", 1);
  client_channel_data (&client, 0xffff, "x", 1);
  bench_drop (bench, RELAY_DROP_MALFORMED, 2);
  g_assert_cmpuint (bench->relayed->len, ==, 0);
}

static void
test_peers_without_permission (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  start (bench, &client, 0, A);
  g_assert_cmpuint (client_permit (&client, PEER), ==, 0);
  g_ptr_array_set_size (bench->sent, 0);
  bench_from_peer (bench, &client.relayed[RELAY_IPV4], "9.9.9.8:4000", "x", 1);
  bench_from_peer (bench, &client.relayed[RELAY_IPV4], "10.0.0.1:4000", "x", 1);
  bench_drop (bench, RELAY_DROP_PERMISSION, 2);
  bench_from_peer (bench, &client.relayed[RELAY_IPV4], PEER, payload, sizeof payload); /* longer than any datagram */
  g_assert_cmpuint (bench->sent->len, ==, 0);
}

/* two clients of one worker: no socket is crossed, and both sides must permit */
static void
test_hairpin (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) a, b;
  char at_a[AL_ADDR_STRLEN], at_b[AL_ADDR_STRLEN];
  RelayTurnStats stats;

  start (bench, &a, 0, A);
  start (bench, &b, 0, B);
  relayed_as (&a, at_a);
  relayed_as (&b, at_b);
  g_assert_cmpuint (client_bind (&a, 0x4000, at_b), ==, 0);
  g_ptr_array_set_size (bench->sent, 0);
  client_channel_data (&a, 0x4000, "one", 3);
  bench_drop (bench, RELAY_DROP_PERMISSION, 1); /* b has not permitted a */
  g_assert_cmpuint (client_permit (&b, at_a), ==, 0);
  g_ptr_array_set_size (bench->sent, 0);
  client_channel_data (&a, 0x4000, "two", 3);
  {
    g_autoptr (Packet) packet = bench_take (bench->sent);

    g_assert_true (relay_tuple_equal (&packet->to, &b.tuple));
    assert_data_indication (packet, at_a, "two", 3);
  }
  client_send (&b, at_a, "three", 5);
  {
    g_autoptr (Packet) packet = bench_take (bench->sent);

    g_assert_true (relay_tuple_equal (&packet->to, &a.tuple));
    g_assert_true (packet->passed);
    g_assert_cmpmem (packet->data, packet->len, "three", 5);
  }
  g_assert_cmpuint (bench->relayed->len, ==, 0);
  relay_turn_get_stats (bench->turns[0], &stats);
  g_assert_cmpuint (stats.hairpins, ==, 3);
  /* who is gone is not reached, not even by the socket of somebody else */
  g_assert_cmpuint (client_refresh (&b, 0), ==, 0);
  g_ptr_array_set_size (bench->sent, 0);
  client_channel_data (&a, 0x4000, "four", 4);
  client_send (&a, at_b, "five", 4);
  bench_drop (bench, RELAY_DROP_POLICY, 2);
  g_assert_cmpuint (bench->sent->len, ==, 0);
  g_assert_cmpuint (bench->relayed->len, ==, 0);
}

/* to oneself: once, and no loop */
static void
test_to_oneself (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) a;
  char at_a[AL_ADDR_STRLEN];

  start (bench, &a, 0, A);
  relayed_as (&a, at_a);
  g_assert_cmpuint (client_bind (&a, 0x4000, at_a), ==, 0);
  g_ptr_array_set_size (bench->sent, 0);
  client_channel_data (&a, 0x4000, "x", 1);
  g_assert_cmpuint (bench->sent->len, ==, 1);
}

static void
test_hairpin_across_workers (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) a, b;
  g_autoptr (Packet) over = NULL, in = NULL;
  char at_a[AL_ADDR_STRLEN], at_b[AL_ADDR_STRLEN];
  const AlAddr stranger = addr_of ("9.9.9.9:4000"), nowhere = addr_of (RELAY4 ":1"), nowhere6 = addr_of ("[" RELAY6 "]:50000");
  RelayTurnStats stats;

  start (bench, &a, 0, A);
  start (bench, &b, 1, B);
  relayed_as (&a, at_a);
  relayed_as (&b, at_b);
  g_assert_cmpuint (client_bind (&a, 0x4000, at_b), ==, 0);
  g_assert_cmpuint (client_permit (&b, at_a), ==, 0);
  g_ptr_array_set_size (bench->sent, 0);
  client_channel_data (&a, 0x4000, "two", 3);
  over = bench_take (bench->hairpins);
  g_assert_true (al_addr_equal (&over->from, &a.relayed[RELAY_IPV4]));
  g_assert_true (al_addr_equal (&over->peer, &b.relayed[RELAY_IPV4]));
  relay_turn_on_hairpin (bench->turns[1], &over->from, &over->peer, over->data, over->len, bench->now_us);
  in = bench_take (bench->sent);
  g_assert_true (relay_tuple_equal (&in->to, &b.tuple));
  assert_data_indication (in, at_a, "two", 3);
  relay_turn_get_stats (bench->turns[1], &stats);
  g_assert_cmpuint (stats.hairpins, ==, 1);
  /* b checks for itself who it comes from, and that it is the one that is meant */
  relay_turn_on_hairpin (bench->turns[1], &stranger, &over->peer, over->data, over->len, bench->now_us);
  relay_turn_on_hairpin (bench->turns[1], &over->from, &nowhere, over->data, over->len, bench->now_us);
  relay_turn_on_hairpin (bench->turns[1], &over->from, &nowhere6, over->data, over->len, bench->now_us);
  g_assert_cmpuint (client_refresh (&b, 0), ==, 0);
  g_ptr_array_set_size (bench->sent, 0);
  relay_turn_on_hairpin (bench->turns[1], &over->from, &over->peer, over->data, over->len, bench->now_us);
  g_assert_cmpuint (bench->sent->len, ==, 0);
  relay_turn_get_stats (bench->turns[1], &stats);
  g_assert_cmpuint (stats.dropped[RELAY_DROP_PERMISSION], ==, 1);
  g_assert_cmpuint (stats.dropped[RELAY_DROP_POLICY], ==, 3);
}

/* bound here, shown as something else: both names are ours, and lead only to what is allocated */
static void
test_advertised (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  const AlAddr relay[] = { addr_of (RELAY4), addr_of ("5.6.7.8") };
  const RelayPolicyConfig config = { .relay = relay, .n_relay = 2 };
  g_autoptr (RelayPolicy) policy = relay_policy_new (&config, NULL);
  RelayPolicy *old = bench->policy;
  g_auto (Client) a, b;
  g_autofree char *shown = NULL, *bound = NULL;

  bench->config.policy = policy;
  bench->config.advertised[RELAY_IPV4] = relay[1];
  bench_set_config (bench);
  start (bench, &a, 0, A);
  start (bench, &b, 0, B);
  shown = g_strdup_printf ("5.6.7.8:%u", al_addr_get_port (&b.relayed[RELAY_IPV4]));
  bound = g_strdup_printf (RELAY4 ":%u", al_addr_get_port (&b.relayed[RELAY_IPV4]));
  g_assert_cmpuint (client_bind (&a, 0x4000, shown), ==, 0);
  g_assert_cmpuint (client_bind (&a, 0x4001, bound), ==, 0);
  g_assert_cmpuint (client_permit (&b, "5.6.7.8:1"), ==, 0);
  g_ptr_array_set_size (bench->sent, 0);
  client_channel_data (&a, 0x4000, "x", 1);
  g_assert_cmpuint (bench->sent->len, ==, 1);
  client_channel_data (&a, 0x4001, "x", 1);
  g_assert_cmpuint (bench->relayed->len, ==, 1);
  /* whoever takes the port after b, it is not a who reaches him */
  g_assert_cmpuint (client_refresh (&b, 0), ==, 0);
  g_ptr_array_set_size (bench->sent, 0);
  client_channel_data (&a, 0x4000, "x", 1);
  client_channel_data (&a, 0x4001, "x", 1);
  client_send (&a, bound, "x", 1);
  g_assert_cmpuint (bench->sent->len, ==, 0);
  g_assert_cmpuint (bench->relayed->len, ==, 1);
  g_assert_cmpuint (client_refresh (&a, 0), ==, 0);
  bench->config.policy = old;
  bench_set_config (bench);
}

/* loopback peers of a test, on the address on which the server relays */
static void
test_loopback (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  const AlAddr relay[] = { addr_of ("127.0.0.1") };
  const RelayPolicyConfig config = { .relay = relay, .n_relay = 1, .allow_loopback = true };
  g_autoptr (RelayPolicy) policy = relay_policy_new (&config, NULL);
  RelayPolicy *old = bench->policy;
  g_auto (Client) a;

  bench->config.policy = policy;
  bench->config.bind[RELAY_IPV4] = relay[0];
  bench_set_config (bench);
  start (bench, &a, 0, "127.0.0.1:999");
  g_assert_cmpuint (client_permit (&a, "127.0.0.1:4000"), ==, 0);
  client_send (&a, "127.0.0.1:4000", "x", 1);
  g_assert_cmpuint (bench->relayed->len, ==, 1);
  g_assert_cmpuint (client_refresh (&a, 0), ==, 0);
  bench->config.policy = old;
  bench_set_config (bench);
}

static void
test_counts (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  RelayTurnStats stats;
  const RelayAllocInfo *info;

  start (bench, &client, 0, A);
  g_assert_cmpuint (client_bind (&client, 0x4000, PEER), ==, 0);
  client_channel_data (&client, 0x4000, payload, 100);
  client_send (&client, PEER, payload, 50);
  bench_from_peer (bench, &client.relayed[RELAY_IPV4], PEER, payload, 7);
  relay_turn_get_stats (bench->turns[0], &stats);
  g_assert_cmpuint (stats.traffic[RELAY_UDP][RELAY_IPV4].rx_pkts, ==, 2);
  g_assert_cmpuint (stats.traffic[RELAY_UDP][RELAY_IPV4].rx_bytes, ==, 150);
  g_assert_cmpuint (stats.traffic[RELAY_UDP][RELAY_IPV4].tx_pkts, ==, 1);
  g_assert_cmpuint (stats.traffic[RELAY_UDP][RELAY_IPV4].tx_bytes, ==, 7);
  g_assert_cmpuint (client_refresh (&client, 0), ==, 0);
  info = &g_array_index (bench->ended, Ended, 0).info;
  g_assert_cmpuint (info->traffic.rx_bytes, ==, 150);
  g_assert_cmpuint (info->traffic.tx_bytes, ==, 7);
  g_assert_cmpuint (info->channels, ==, 1);
  g_assert_cmpint (info->made_us, ==, 1000 * SECOND);
  g_assert_true (al_addr_equal (&info->relayed[RELAY_IPV4], &client.relayed[RELAY_IPV4]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < sizeof payload; i++)
    payload[i] = (uint8_t) (i * 7 + i / 256);
  g_test_add_func ("/relay/turn-data/send-and-data", test_send_and_data);
  g_test_add_func ("/relay/turn-data/channel-data", test_channel_data);
  g_test_add_func ("/relay/turn-data/channel-lengths", test_channel_lengths);
  g_test_add_func ("/relay/turn-data/record", test_record);
  g_test_add_func ("/relay/turn-data/no-allocation", test_no_allocation);
  g_test_add_func ("/relay/turn-data/bad-sends", test_bad_sends);
  g_test_add_func ("/relay/turn-data/bad-channels", test_bad_channels);
  g_test_add_func ("/relay/turn-data/peers-without-permission", test_peers_without_permission);
  g_test_add_func ("/relay/turn-data/hairpin", test_hairpin);
  g_test_add_func ("/relay/turn-data/to-oneself", test_to_oneself);
  g_test_add_func ("/relay/turn-data/hairpin-across-workers", test_hairpin_across_workers);
  g_test_add_func ("/relay/turn-data/advertised", test_advertised);
  g_test_add_func ("/relay/turn-data/loopback", test_loopback);
  g_test_add_func ("/relay/turn-data/counts", test_counts);
  return g_test_run ();
}
