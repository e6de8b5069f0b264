/* SPDX-License-Identifier: Apache-2.0 */
/* The long-term credential mechanism (RFC 8489 §9.2.4), as a client meets it. */
#include "bench.h"

#define A "9.8.7.6:1000"

static const uint8_t both[] = { 0, 2, 0, 0, 0, 1, 0, 0 };

/* Returns: did the failure leave nothing behind */
static void
assert_nothing_held (Bench *bench)
{
  g_assert_cmpuint (relay_ports_count (bench->shared.ports), ==, 0);
  g_assert_cmpuint (bench->sockets->len, ==, 0);
}

static void
assert_challenge (Client *client)
{
  AlStunAttr attr;

  g_assert_cmpuint (client->reply.integrity, ==, 0);
  g_assert_cmpuint (client->reply.integrity_sha256, ==, 0);
  g_assert_true (al_stun_find (&client->reply, AL_STUN_REALM, &attr));
  g_assert_cmpmem (attr.value, attr.len, REALM, strlen (REALM));
  g_assert_true (al_stun_find (&client->reply, AL_STUN_NONCE, &attr));
  g_assert_true (al_stun_find (&client->reply, AL_STUN_PASSWORD_ALGORITHMS, &attr));
  g_assert_cmpmem (attr.value, attr.len, both, sizeof both);
  g_assert_false (al_stun_find (&client->reply, AL_STUN_USERNAME, &attr));
  g_assert_false (al_stun_find (&client->reply, AL_STUN_USERHASH, &attr));
}

static void
test_every_verb (void)
{
  static const AlStunMethod methods[] = { AL_STUN_ALLOCATE, AL_STUN_REFRESH, AL_STUN_CREATE_PERMISSION, AL_STUN_CHANNEL_BIND };
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  for (unsigned held = 0; held < 2; held++)
    {
      for (unsigned i = 0; i < G_N_ELEMENTS (methods); i++)
        {
          Ask ask;

          ask_begin (&client, &ask, methods[i]);
          g_assert_cmpuint (ask_send_raw (&client, &ask), ==, 401);
          assert_challenge (&client);
          client_set_user (&client, "alice", "wrong", false);
          ask_begin (&client, &ask, methods[i]);
          g_assert_cmpuint (ask_send (&client, &ask), ==, 401);
          assert_challenge (&client);
          client_set_user (&client, "mallory", "secret", false);
          ask_begin (&client, &ask, methods[i]);
          g_assert_cmpuint (ask_send (&client, &ask), ==, 401);
          assert_challenge (&client);
          client_set_user (&client, "alice", "secret", false);
        }
      if (!held)
        assert_nothing_held (bench);
      g_assert_cmpuint (client_allocate (&client), ==, held ? 437 : 0);
    }
}

static void
test_algorithms (void)
{
  for (unsigned sha256_key = 0; sha256_key < 2; sha256_key++)
    for (unsigned hash = 0; hash < AL_HMAC_N; hash++)
      {
        g_autoptr (Bench) bench = bench_new (NULL);
        g_auto (Client) client;

        client_init (&client, bench, 0, A);
        client_set_user (&client, "alice", "secret", sha256_key);
        client.hash = (AlHmacHash) hash;
        g_assert_cmpuint (client_allocate (&client), ==, 0);
        g_assert_true (client_is_signed (&client));
        g_assert_cmpint (client.reply.integrity_sha256 != 0, ==, hash == AL_HMAC_SHA256);
        g_assert_cmpuint (client_permit (&client, PEER), ==, 0);
        g_assert_true (client_is_signed (&client));
        /* the same user by the other hash, which the allocation does not remember */
        client.hash = (AlHmacHash) !hash;
        g_assert_cmpuint (client_permit (&client, PEER), ==, 0);
        g_assert_true (client_is_signed (&client));
        client_set_user (&client, "alice", "secret", !sha256_key);
        g_assert_cmpuint (client_permit (&client, PEER), ==, 0);
        g_assert_true (client_is_signed (&client));
        client_set_user (&client, "alice", "wrong", sha256_key);
        g_assert_cmpuint (client_permit (&client, PEER), ==, 401);
      }
}

/* an attribute that is missing, although there is integrity: 400, and nothing that helps to guess */
static void
test_missing (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  for (unsigned missing = 0; missing < 3; missing++)
    {
      AlStunAttr attr;
      Ask ask;

      ask_begin (&client, &ask, AL_STUN_ALLOCATE);
      al_stun_put_u32 (&ask.out, AL_STUN_REQUESTED_TRANSPORT, 17u << 24);
      if (missing != 0)
        al_stun_put (&ask.out, AL_STUN_USERNAME, "alice", 5);
      if (missing != 1)
        al_stun_put (&ask.out, AL_STUN_REALM, REALM, strlen (REALM));
      if (missing != 2)
        al_stun_put (&ask.out, AL_STUN_NONCE, client.nonce, client.nonce_len);
      al_stun_put_integrity (&ask.out, bench->hmac, AL_HMAC_SHA1, client.key, client.key_len);
      g_assert_cmpuint (ask_send_raw (&client, &ask), ==, 400);
      g_assert_cmpuint (client.reply.integrity, ==, 0);
      g_assert_false (al_stun_find (&client.reply, AL_STUN_NONCE, &attr));
      g_assert_false (al_stun_find (&client.reply, AL_STUN_REALM, &attr));
    }
  assert_nothing_held (bench);
}

static void
test_realm (void)
{
  static const char *const realms[] = { "", "example.or", "example.org ", "EXAMPLE.ORG", "other" };
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  for (unsigned i = 0; i < G_N_ELEMENTS (realms); i++)
    {
      Ask ask;

      ask_begin (&client, &ask, AL_STUN_ALLOCATE);
      al_stun_put_u32 (&ask.out, AL_STUN_REQUESTED_TRANSPORT, 17u << 24);
      al_stun_put (&ask.out, AL_STUN_USERNAME, "alice", 5);
      al_stun_put (&ask.out, AL_STUN_REALM, realms[i], strlen (realms[i]));
      al_stun_put (&ask.out, AL_STUN_NONCE, client.nonce, client.nonce_len);
      al_stun_put_integrity (&ask.out, bench->hmac, AL_HMAC_SHA1, client.key, client.key_len);
      g_assert_cmpuint (ask_send_raw (&client, &ask), ==, 401);
      assert_challenge (&client);
    }
}

/* RFC 8489 §9.2.4: what we offered comes back whole, with one of it chosen, or the request is refused */
static void
test_bid_down (void)
{
  static const struct {
    uint8_t list_len, list[12], choice_len, choice[8];
    unsigned code;
  } cases[] = {
    { 8, { 0, 2, 0, 0, 0, 1, 0, 0 }, 4, { 0, 2 }, 0 },
    { 8, { 0, 2, 0, 0, 0, 1, 0, 0 }, 4, { 0, 1 }, 0 },
    { 4, { 0, 1, 0, 0 }, 4, { 0, 1 }, 400 },             /* somebody took SHA-256 away */
    { 4, { 0, 2, 0, 0 }, 4, { 0, 2 }, 400 },
    { 8, { 0, 1, 0, 0, 0, 2, 0, 0 }, 4, { 0, 2 }, 400 }, /* or turned it around */
    { 12, { 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0 }, 4, { 0, 2 }, 400 },
    { 8, { 0, 2, 0, 0, 0, 1, 0, 0 }, 0, { 0 }, 400 },
    { 0, { 0 }, 4, { 0, 2 }, 400 },
    { 0, { 0 }, 4, { 0, 1 }, 400 },
    { 8, { 0, 2, 0, 0, 0, 1, 0, 0 }, 4, { 0, 3 }, 400 }, /* not offered */
    { 8, { 0, 2, 0, 0, 0, 1, 0, 0 }, 4, { 0, 0 }, 400 },
    { 8, { 0, 2, 0, 0, 0, 1, 0, 0 }, 4, { 1, 2 }, 400 },
    { 8, { 0, 2, 0, 0, 0, 1, 0, 0 }, 4, { 0, 2, 0, 4 }, 400 },
    { 8, { 0, 2, 0, 0, 0, 1, 0, 0 }, 8, { 0, 2, 0, 4, 1, 1, 1, 1 }, 400 }, /* with parameters */
    { 8, { 0, 2, 0, 0, 0, 1, 0, 0 }, 2, { 0, 2 }, 400 },
    { 0, { 0 }, 0, { 0 }, 0 },                           /* a client of RFC 5389 */
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Bench) bench = bench_new (NULL);
      g_auto (Client) client;
      Ask ask;

      client_init (&client, bench, 0, A);
      client_set_user (&client, "alice", "secret", cases[i].choice[1] == 2);
      client.hash = AL_HMAC_SHA256;
      ask_begin (&client, &ask, AL_STUN_ALLOCATE);
      al_stun_put_u32 (&ask.out, AL_STUN_REQUESTED_TRANSPORT, 17u << 24);
      al_stun_put (&ask.out, AL_STUN_USERNAME, "alice", 5);
      al_stun_put (&ask.out, AL_STUN_REALM, REALM, strlen (REALM));
      al_stun_put (&ask.out, AL_STUN_NONCE, client.nonce, client.nonce_len);
      if (cases[i].list_len > 0)
        al_stun_put (&ask.out, AL_STUN_PASSWORD_ALGORITHMS, cases[i].list, cases[i].list_len);
      if (cases[i].choice_len > 0)
        al_stun_put (&ask.out, AL_STUN_PASSWORD_ALGORITHM, cases[i].choice, cases[i].choice_len);
      al_stun_put_integrity (&ask.out, bench->hmac, client.hash, client.key, client.key_len);
      g_assert_cmpuint (ask_send_raw (&client, &ask), ==, cases[i].code);
      g_assert_cmpint (client_is_signed (&client), ==, cases[i].code == 0);
    }
}

static void
tune_plain (Bench *bench)
{
  bench->config.algorithms = false;
  relay_nonce_free (bench->shared.nonce);
  bench->shared.nonce = relay_nonce_new (NULL, RELAY_NONCE_PLAIN);
}

/* not offered: not in the challenge, and not to be chosen */
static void
test_plain (void)
{
  g_autoptr (Bench) bench = bench_new (tune_plain);
  g_auto (Client) client;
  AlStunAttr attr;

  client_init (&client, bench, 0, A);
  g_assert_false (al_stun_find (&client.reply, AL_STUN_PASSWORD_ALGORITHMS, &attr));
  g_assert_cmpuint (client.nonce_len, ==, 20);
  client_set_user (&client, "alice", "secret", true);
  g_assert_cmpuint (client_allocate (&client), ==, 400);
  client_set_user (&client, "alice", "secret", false);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
}

static void
test_userhash (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_auto (Client) client;
  uint8_t hash[32];
  gsize len = sizeof hash;

  g_checksum_update (sum, (const guchar *) "alice:" REALM, -1);
  g_checksum_get_digest (sum, hash, &len);
  client_init (&client, bench, 0, A);
  client_set_user (&client, "alice", "secret", true);
  client.hash = AL_HMAC_SHA256;
  for (unsigned i = 0; i < 3; i++)
    {
      Ask ask;

      hash[0] ^= i == 1; /* nobody's */
      ask_begin (&client, &ask, i < 2 ? AL_STUN_ALLOCATE : AL_STUN_REFRESH);
      al_stun_put_u32 (&ask.out, AL_STUN_REQUESTED_TRANSPORT, 17u << 24);
      al_stun_put (&ask.out, AL_STUN_USERHASH, hash, 32);
      al_stun_put (&ask.out, AL_STUN_REALM, REALM, strlen (REALM));
      al_stun_put (&ask.out, AL_STUN_NONCE, client.nonce, client.nonce_len);
      al_stun_put (&ask.out, AL_STUN_PASSWORD_ALGORITHMS, both, sizeof both);
      al_stun_put (&ask.out, AL_STUN_PASSWORD_ALGORITHM, both, 4);
      al_stun_put_integrity (&ask.out, bench->hmac, client.hash, client.key, client.key_len);
      g_assert_cmpuint (ask_send_raw (&client, &ask), ==, i == 1 ? 401 : 0);
      hash[0] ^= i == 1;
    }
  g_assert_cmpuint (relay_quota_get (bench->shared.users, "alice", 5), ==, 1);
}

/* with both integrities the SHA-256 one decides, and signs the answer */
static void
test_both_integrities (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  for (unsigned right = 0; right < 4; right++)
    {
      Ask ask;

      ask_begin (&client, &ask, right == 3 ? AL_STUN_REFRESH : AL_STUN_ALLOCATE);
      al_stun_put_u32 (&ask.out, AL_STUN_REQUESTED_TRANSPORT, 17u << 24);
      ask_put_auth (&client, &ask);
      al_stun_put_integrity (&ask.out, bench->hmac, AL_HMAC_SHA1, right & 1 ? client.key : (const void *) "no", right & 1 ? 16 : 2);
      al_stun_put_integrity (&ask.out, bench->hmac, AL_HMAC_SHA256, right & 2 ? client.key : (const void *) "no",
                             right & 2 ? 16 : 2);
      g_assert_cmpuint (ask_send_raw (&client, &ask), ==, right & 2 ? 0 : 401);
      client.hash = AL_HMAC_SHA256;
      g_assert_cmpint (client_is_signed (&client), ==, (right & 2) != 0);
      g_assert_cmpuint (client.reply.integrity, ==, 0);
    }
}

/* what stands behind the integrity has no effect: no lifetime, no token, not even a 420 */
static void
test_behind_integrity (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  Ask ask;

  client_init (&client, bench, 0, A);
  ask_begin (&client, &ask, AL_STUN_ALLOCATE);
  ask_put_auth (&client, &ask);
  al_stun_put_integrity (&ask.out, bench->hmac, AL_HMAC_SHA1, client.key, client.key_len);
  al_stun_put_u32 (&ask.out, AL_STUN_REQUESTED_TRANSPORT, 17u << 24);
  g_assert_cmpuint (ask_send_raw (&client, &ask), ==, 400);

  g_assert_cmpuint (client_allocate (&client), ==, 0);
  ask_begin (&client, &ask, AL_STUN_REFRESH);
  ask_put_auth (&client, &ask);
  al_stun_put_integrity (&ask.out, bench->hmac, AL_HMAC_SHA1, client.key, client.key_len);
  al_stun_put_u32 (&ask.out, AL_STUN_LIFETIME, 0);
  al_stun_put (&ask.out, 0x7abc, "x", 1);
  g_assert_cmpuint (ask_send_raw (&client, &ask), ==, 0);
  g_assert_cmpuint (client_lifetime (&client), ==, 600);
  g_assert_cmpuint (bench->ended->len, ==, 0);

  /* a name behind it is no name */
  ask_begin (&client, &ask, AL_STUN_REFRESH);
  al_stun_put (&ask.out, AL_STUN_REALM, REALM, strlen (REALM));
  al_stun_put (&ask.out, AL_STUN_NONCE, client.nonce, client.nonce_len);
  al_stun_put_integrity (&ask.out, bench->hmac, AL_HMAC_SHA1, client.key, client.key_len);
  al_stun_put (&ask.out, AL_STUN_USERNAME, "alice", 5);
  g_assert_cmpuint (ask_send_raw (&client, &ask), ==, 400);
}

static void
test_nonces (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client, other, worker;
  RelayTurnStats stats;

  client_init (&client, bench, 0, A);
  bench_go (bench, 600 * SECOND);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  bench_go (bench, SECOND);
  g_assert_cmpuint (client_refresh (&client, 600), ==, 438);
  assert_challenge (&client);
  relay_turn_get_stats (bench->turns[0], &stats);
  g_assert_cmpuint (stats.stale_nonces, ==, 1);
  g_assert_cmpuint (stats.auth_failures, ==, 0);
  {
    AlStunAttr nonce; /* the answer brings the next one */

    g_assert_true (al_stun_find (&client.reply, AL_STUN_NONCE, &nonce));
    memcpy (client.nonce, nonce.value, nonce.len);
  }
  g_assert_cmpuint (client_refresh (&client, 600), ==, 0);
  /* one of another address, of the same address on another port, over another transport */
  client_init (&other, bench, 0, "9.8.7.7:1000");
  memcpy (other.nonce, client.nonce, client.nonce_len);
  g_assert_cmpuint (client_allocate (&other), ==, 438);
  other.tuple.remote = addr_of ("9.8.7.6:1001");
  g_assert_cmpuint (client_allocate (&other), ==, 438);
  other.tuple.remote = client.tuple.remote;
  other.tuple.transport = RELAY_TCP;
  g_assert_cmpuint (client_allocate (&other), ==, 438);
  /* one that no server made */
  client.nonce[client.nonce_len - 1] ^= 1;
  g_assert_cmpuint (client_refresh (&client, 600), ==, 438);
  client.nonce_len = 0;
  g_assert_cmpuint (client_refresh (&client, 600), ==, 438);
  /* workers share them */
  client_init (&worker, bench, 0, "9.8.7.8:1000");
  worker.worker = 1;
  g_assert_cmpuint (client_allocate (&worker), ==, 0);
}

/* one secret replaces another: both count for a while; who holds the old one goes when it goes */
static void
test_rotation (void)
{
  static const char *const users[] = { "alice:secret", NULL };
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) old_one, new_one, wrong;

  client_init (&old_one, bench, 0, "9.8.7.6:1000");
  client_init (&new_one, bench, 0, "9.8.7.6:1001");
  client_init (&wrong, bench, 0, "9.8.7.6:1002");
  client_set_rest (&old_one, EPOCH_S + 9000, "a", "older");
  client_set_rest (&new_one, EPOCH_S + 9000, "b", "newer");
  client_set_rest (&wrong, EPOCH_S + 9000, "c", "newest");
  g_assert_cmpuint (client_allocate (&old_one), ==, 0);
  g_assert_cmpuint (client_allocate (&new_one), ==, 0);
  g_assert_cmpuint (client_allocate (&wrong), ==, 401);
  bench_set_credentials (bench, users, (const char *const[]){ "newest", "newer", NULL });
  g_assert_cmpuint (client_refresh (&old_one, 600), ==, 401);
  g_assert_cmpuint (client_refresh (&new_one, 600), ==, 0);
  g_assert_cmpuint (client_refresh (&new_one, 600), ==, 0);
  g_assert_cmpuint (client_allocate (&wrong), ==, 0);
  bench_go (bench, 601 * SECOND);
  g_assert_cmpuint (bench->sockets->len, ==, 0);
}

/* a user who is taken out of the configuration cannot prolong what he has */
static void
test_user_removed (void)
{
  static const char *const users[] = { "bob:hunter", "alice:changed", NULL }, *const none[] = { NULL };
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  bench_set_credentials (bench, users, none);
  g_assert_cmpuint (client_refresh (&client, 600), ==, 401);
  g_assert_cmpuint (client_permit (&client, PEER), ==, 401);
  client_set_user (&client, "alice", "changed", false);
  g_assert_cmpuint (client_refresh (&client, 600), ==, 0);
  bench_set_credentials (bench, none, none);
  g_assert_cmpuint (client_refresh (&client, 600), ==, 403); /* STUN alone is served now */
  g_assert_cmpuint (client_challenge (&client), ==, 403);
}

/* an id with a NUL in it is itself and nobody else */
static void
test_nul (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  const struct iovec part = { (void *) "1800000000:a\0b", 14 };
  g_autoptr (GChecksum) md5 = g_checksum_new (G_CHECKSUM_MD5);
  uint8_t mac[AL_HMAC_MAX_BYTES];
  g_autofree char *password = NULL;
  gsize len = al_hmac_compute (bench->hmac, AL_HMAC_SHA1, "newer", 5, &part, 1, mac);

  client_init (&client, bench, 0, A);
  password = g_base64_encode (mac, len);
  memcpy (client.name, part.iov_base, client.name_len = part.iov_len);
  g_checksum_update (md5, (const guchar *) client.name, (gssize) client.name_len);
  g_checksum_update (md5, (const guchar *) ":" REALM ":", -1);
  g_checksum_update (md5, (const guchar *) password, -1);
  len = sizeof client.key;
  g_checksum_get_digest (md5, client.key, &len);
  relay_turn_revoke (bench->turns[0], "a", INT64_MAX, bench->now_us);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_cmpuint (client_refresh (&client, 600), ==, 0);
  g_assert_cmpuint (relay_quota_get (bench->shared.users, "a\0b", 3), ==, 1);
  relay_turn_revoke (bench->turns[0], "a", INT64_MAX, bench->now_us);
  g_assert_cmpuint (bench->ended->len, ==, 0);
  g_assert_cmpuint (client_refresh (&client, 0), ==, 0);
  g_assert_cmpuint (relay_quota_get (bench->shared.users, "a\0b", 3), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/turn-auth/every-verb", test_every_verb);
  g_test_add_func ("/relay/turn-auth/algorithms", test_algorithms);
  g_test_add_func ("/relay/turn-auth/missing", test_missing);
  g_test_add_func ("/relay/turn-auth/realm", test_realm);
  g_test_add_func ("/relay/turn-auth/bid-down", test_bid_down);
  g_test_add_func ("/relay/turn-auth/plain", test_plain);
  g_test_add_func ("/relay/turn-auth/userhash", test_userhash);
  g_test_add_func ("/relay/turn-auth/both-integrities", test_both_integrities);
  g_test_add_func ("/relay/turn-auth/behind-integrity", test_behind_integrity);
  g_test_add_func ("/relay/turn-auth/nonces", test_nonces);
  g_test_add_func ("/relay/turn-auth/rotation", test_rotation);
  g_test_add_func ("/relay/turn-auth/user-removed", test_user_removed);
  g_test_add_func ("/relay/turn-auth/nul", test_nul);
  return g_test_run ();
}
