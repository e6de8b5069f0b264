/* SPDX-License-Identifier: Apache-2.0 */
/* Refresh (RFC 8656 §8.2), and how long a credential lets an allocation live. */
#include "bench.h"

#define A "9.8.7.6:1000"

static const uint8_t v4[4] = { 1 }, v6[4] = { 2 };

static unsigned
refresh_family (Client *client, const uint8_t *value, size_t len, int64_t lifetime_s)
{
  Ask ask;

  ask_begin (client, &ask, AL_STUN_REFRESH);
  al_stun_put (&ask.out, AL_STUN_REQUESTED_ADDRESS_FAMILY, value, len);
  if (lifetime_s >= 0)
    al_stun_put_u32 (&ask.out, AL_STUN_LIFETIME, (uint32_t) lifetime_s);
  return ask_send (client, &ask);
}

static void
test_none (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_refresh (&client, 600), ==, 437);
  g_assert_true (client_is_signed (&client));
  g_assert_cmpuint (client_refresh (&client, 0), ==, 437);
  g_assert_cmpuint (refresh_family (&client, v4, 4, 0), ==, 437);
}

static void
test_moves_the_end (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  for (unsigned i = 0; i < 5; i++)
    {
      bench_go (bench, 500 * SECOND);
      g_assert_cmpuint (client_challenge (&client), ==, 401);
      g_assert_cmpuint (client_refresh (&client, -1), ==, 0);
      g_assert_cmpuint (client_lifetime (&client), ==, 600);
      g_assert_true (client_is_signed (&client));
    }
  g_assert_cmpuint (bench->ended->len, ==, 0);
  g_assert_cmpuint (client_refresh (&client, 3600), ==, 0);
  g_assert_cmpuint (client_refresh (&client, 1), ==, 0); /* shorter again, but not below the default */
  bench_go (bench, 601 * SECOND);
  g_assert_cmpuint (bench->ended->len, ==, 1);
}

static void
test_delete (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_cmpuint (client_permit (&client, PEER), ==, 0);
  g_assert_cmpuint (client_refresh (&client, 0), ==, 0);
  g_assert_cmpuint (client_lifetime (&client), ==, 0);
  g_assert_true (client_is_signed (&client));
  g_assert_cmpuint (bench->sockets->len, ==, 0);
  g_assert_cmpint (g_array_index (bench->ended, Ended, 0).reason, ==, RELAY_END_DELETED);
  g_assert_cmpuint (client_refresh (&client, 0), ==, 437); /* a client takes that for a success */
  g_assert_cmpuint (client_permit (&client, PEER), ==, 437);
  client_send (&client, PEER, "x", 1);
  g_assert_cmpuint (bench->relayed->len, ==, 0);
}

static void
test_family (void)
{
  static const uint8_t other[4] = { 3 };
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_cmpuint (refresh_family (&client, v4, 4, 600), ==, 0);
  g_assert_cmpuint (refresh_family (&client, v6, 4, 600), ==, 443);
  g_assert_true (client_is_signed (&client));
  g_assert_cmpuint (refresh_family (&client, v6, 4, 0), ==, 443);
  g_assert_cmpuint (refresh_family (&client, other, 4, 600), ==, 443);
  g_assert_cmpuint (refresh_family (&client, v4, 1, 600), ==, 400);
  g_assert_cmpuint (bench->ended->len, ==, 0);
  g_assert_cmpuint (refresh_family (&client, v4, 4, 0), ==, 0);
  g_assert_cmpuint (bench->ended->len, ==, 1);
}

/* RFC 8656 §8.1: of two families one may go, and its peers with it */
static void
test_one_of_two (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  for (unsigned gone = 0; gone < RELAY_FAMILY_N; gone++)
    {
      const char *peers[] = { PEER, PEER6 };

      g_assert_cmpuint (client_allocate_with (&client, AL_STUN_ADDITIONAL_ADDRESS_FAMILY, v6, 4), ==, 0);
      g_assert_cmpuint (client_bind (&client, 0x4000, PEER), ==, 0);
      g_assert_cmpuint (client_bind (&client, 0x4001, PEER6), ==, 0);
      g_assert_cmpuint (refresh_family (&client, gone == RELAY_IPV6 ? v6 : v4, 4, 0), ==, 0);
      g_assert_cmpuint (client_lifetime (&client), ==, 0);
      g_assert_cmpuint (bench->sockets->len, ==, 1);
      g_assert_cmpuint (relay_ports_count (bench->shared.ports), ==, 1);
      g_assert_cmpuint (client_permit (&client, peers[gone]), ==, 443);
      g_assert_cmpuint (client_bind (&client, 0x4002, peers[gone]), ==, 443);
      g_assert_cmpuint (refresh_family (&client, gone == RELAY_IPV6 ? v6 : v4, 4, 600), ==, 443);
      client_channel_data (&client, 0x4000 + gone, "x", 1);
      client_send (&client, peers[gone], "x", 1);
      g_assert_cmpuint (bench->relayed->len, ==, 0);
      client_channel_data (&client, 0x4000 + !gone, "x", 1);
      packet_free (bench_take (bench->relayed));
      g_assert_cmpuint (refresh_family (&client, gone == RELAY_IPV6 ? v4 : v6, 4, 0), ==, 0);
      g_assert_cmpuint (bench->sockets->len, ==, 0);
      g_assert_cmpuint (bench->ended->len, ==, gone + 1);
    }
}

/* nothing outlives its credential, however often it is refreshed */
static void
test_credential_ends (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  int64_t now_s = EPOCH_S + 1000;

  client_init (&client, bench, 0, A);
  client_set_rest (&client, now_s + 700, "call", "newer");
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_cmpuint (client_lifetime (&client), ==, 600);
  bench_go (bench, 300 * SECOND);
  for (unsigned i = 0; i < 2; i++)
    {
      g_assert_cmpuint (client_refresh (&client, 3600), ==, 0);
      g_assert_cmpuint (client_lifetime (&client), ==, 400);
    }
  /* a later credential of the same holder prolongs it */
  client_set_rest (&client, now_s + 800, "call", "older");
  g_assert_cmpuint (client_refresh (&client, 3600), ==, 0);
  g_assert_cmpuint (client_lifetime (&client), ==, 500);
  g_assert_cmpuint (client_refresh (&client, 3600), ==, 0);
  g_assert_cmpuint (client_lifetime (&client), ==, 500);
  bench_go (bench, 499 * SECOND);
  g_assert_cmpuint (bench->ended->len, ==, 0);
  g_assert_cmpuint (client_challenge (&client), ==, 401);
  g_assert_cmpuint (client_refresh (&client, 3600), ==, 0);
  g_assert_cmpuint (client_lifetime (&client), ==, 1);
  bench_go (bench, SECOND + 2000);
  g_assert_cmpuint (bench->ended->len, ==, 1);
  g_assert_cmpuint (client_refresh (&client, 3600), ==, 401);
  g_assert_false (client_is_signed (&client));
  g_assert_cmpuint (client_allocate (&client), ==, 401);
}

static void
test_credential_nearly_over (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  client_set_rest (&client, EPOCH_S + 1001, "call", "newer");
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_cmpuint (client_lifetime (&client), ==, 1);
  client_set_rest (&client, EPOCH_S + 1000, "call", "newer");
  g_assert_cmpuint (client_refresh (&client, 600), ==, 401);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/turn-refresh/none", test_none);
  g_test_add_func ("/relay/turn-refresh/moves-the-end", test_moves_the_end);
  g_test_add_func ("/relay/turn-refresh/delete", test_delete);
  g_test_add_func ("/relay/turn-refresh/family", test_family);
  g_test_add_func ("/relay/turn-refresh/one-of-two", test_one_of_two);
  g_test_add_func ("/relay/turn-refresh/credential-ends", test_credential_ends);
  g_test_add_func ("/relay/turn-refresh/credential-nearly-over", test_credential_nearly_over);
  return g_test_run ();
}
