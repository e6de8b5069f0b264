/* SPDX-License-Identifier: Apache-2.0 */
/* How much, and how often, somebody is answered whose address nobody has verified. */
#include "bench.h"

#define A "9.8.7.6:1000"

static void
test_sizes (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) v4, v6;
  Ask ask;
  RelayTurnStats stats;

  client_init (&v4, bench, 0, A);
  g_assert_cmpuint (v4.answer->len, ==, 20 + 8 + (4 + 12) + (4 + 36) + 12); /* of a realm of 11, and a nonce of 33 */
  ask_begin (&v4, &ask, AL_STUN_BINDING);
  g_assert_cmpuint (ask_send_raw (&v4, &ask), ==, 0);
  g_assert_cmpuint (v4.answer->len, ==, 32);
  client_init (&v6, bench, 0, "[2620:fe::77]:9");
  ask_begin (&v6, &ask, AL_STUN_BINDING);
  g_assert_cmpuint (ask_send_raw (&v6, &ask), ==, 0);
  g_assert_cmpuint (v6.answer->len, ==, 44);
  v4.fingerprint = true; /* who sends one gets one */
  ask_begin (&v4, &ask, AL_STUN_BINDING);
  g_assert_cmpuint (ask_send_raw (&v4, &ask), ==, 0);
  g_assert_cmpuint (v4.answer->len, ==, 40);
  relay_turn_get_stats (bench->turns[0], &stats);
  g_assert_cmpuint (stats.bindings, ==, 3);
}

static void
test_binding (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  AlStunAttr attr;
  AlAddr addr;
  Ask ask;

  client_init (&client, bench, 0, A);
  ask_begin (&client, &ask, AL_STUN_BINDING);
  al_stun_put (&ask.out, AL_STUN_SOFTWARE, "x", 1);
  al_stun_put (&ask.out, AL_STUN_PRIORITY, "abcd", 4);
  al_stun_put (&ask.out, AL_STUN_USERNAME, "a:b", 3);
  al_stun_put_integrity (&ask.out, bench->hmac, AL_HMAC_SHA1, "anything", 8);
  g_assert_cmpuint (ask_send_raw (&client, &ask), ==, 0);
  g_assert_true (al_stun_find (&client.reply, AL_STUN_XOR_MAPPED_ADDRESS, &attr));
  g_assert_true (al_stun_attr_addr (&client.reply, &attr, false, &addr));
  g_assert_true (al_addr_equal (&addr, &client.tuple.remote));
}

static void
test_unknown_attributes (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  AlStunAttr attr;
  Ask ask;

  client_init (&client, bench, 0, A);
  for (unsigned method = 0; method < 2; method++)
    for (unsigned n = 1; n <= 20; n++)
      {
        size_t asked;

        ask_begin (&client, &ask, method ? AL_STUN_REFRESH : AL_STUN_BINDING);
        for (unsigned i = 0; i < n; i++)
          al_stun_put (&ask.out, (uint16_t) (0x7000 + i / 2), NULL, 0); /* each twice */
        al_stun_put (&ask.out, 0xf000, "may be ignored", 14);
        asked = 20 + 4 * n + 20;
        if (method)
          ask_put_auth (&client, &ask);
        if (method)
          al_stun_put_integrity (&ask.out, bench->hmac, AL_HMAC_SHA1, client.key, client.key_len);
        g_assert_cmpuint (ask_send_raw (&client, &ask), ==, 420);
        g_assert_cmpint (client_is_signed (&client), ==, method == 1);
        g_assert_true (al_stun_find (&client.reply, AL_STUN_UNKNOWN_ATTRIBUTES, &attr));
        g_assert_cmpuint (attr.len, ==, 2 * ((n + 1) / 2));
        for (unsigned i = 0; i < attr.len / 2u; i++)
          g_assert_cmphex (attr.value[2 * i] << 8 | attr.value[2 * i + 1], ==, 0x7000 + i);
        if (!method)
          g_assert_cmpuint (client.answer->len, <=, MAX (asked, 36));
      }
}

static unsigned
ask_unverified (Client *client, unsigned kind)
{
  Ask ask;

  ask_begin (client, &ask, kind == 0 ? AL_STUN_BINDING : AL_STUN_ALLOCATE);
  if (kind == 2) /* 400 */
    al_stun_put_integrity (&ask.out, client->bench->hmac, AL_HMAC_SHA1, "x", 1);
  if (kind == 3) /* 438 */
    {
      al_stun_put (&ask.out, AL_STUN_USERNAME, "alice", 5);
      al_stun_put (&ask.out, AL_STUN_REALM, REALM, strlen (REALM));
      al_stun_put (&ask.out, AL_STUN_NONCE, "n", 1);
      al_stun_put_integrity (&ask.out, client->bench->hmac, AL_HMAC_SHA1, client->key, client->key_len);
    }
  if (kind == 4) /* 401: a wrong password */
    {
      ask_put_auth (client, &ask);
      al_stun_put_integrity (&ask.out, client->bench->hmac, AL_HMAC_SHA1, "wrong", 5);
    }
  if (kind == 5) /* 420 */
    {
      al_stun_begin (&ask.out, ask.data, sizeof ask.data, AL_STUN_REQUEST, AL_STUN_BINDING, ask.tid);
      al_stun_put (&ask.out, 0x7000, NULL, 0);
    }
  return ask_send_raw (client, &ask);
}

static void
tune_rate (Bench *bench)
{
  bench->config.replies_per_s = 10;
}

static void
test_rate (void)
{
  static const unsigned codes[] = { 0, 401, 400, 438, 401, 420 };

  for (unsigned kind = 0; kind < G_N_ELEMENTS (codes); kind++)
    {
      g_autoptr (Bench) bench = bench_new (tune_rate);
      g_auto (Client) client, neighbour, v6, v6_neighbour, stream;
      RelayTurnConfig other;
      unsigned n = 0;

      client_init (&client, bench, 0, A); /* that is one */
      for (unsigned i = 0; i < 30; i++)
        {
          unsigned code = ask_unverified (&client, kind);

          g_assert_true (code == codes[kind] || code == 999);
          n += code == codes[kind];
        }
      g_assert_cmpuint (n, ==, 9);
      bench_drop (bench, RELAY_DROP_REPLY_RATE, 21);
      client.tuple.remote = addr_of ("9.8.7.6:1001"); /* another port is no other source */
      g_assert_cmpuint (ask_unverified (&client, kind), ==, 999);
      client.tuple.remote = addr_of (A);
      client_init (&neighbour, bench, 0, "9.8.7.7:1000");
      g_assert_cmpuint (ask_unverified (&neighbour, kind), ==, codes[kind]);
      /* of IPv6 the /64 */
      client_init (&v6, bench, 0, "[2620:fe::1]:1");
      for (unsigned i = 0; i < 9; i++)
        g_assert_cmpuint (ask_unverified (&v6, kind), ==, codes[kind]);
      g_assert_cmpuint (ask_unverified (&v6, kind), ==, 999);
      memcpy (&v6_neighbour, &v6, sizeof v6);
      v6_neighbour.answer = NULL;
      v6_neighbour.tuple.remote = addr_of ("[2620:fe::abcd:1]:1");
      g_assert_cmpuint (ask_unverified (&v6_neighbour, kind), ==, 999);
      /* who has come over TCP has an address that is his */
      client_init (&stream, bench, 0, "9.8.7.9:1");
      stream.tuple.transport = RELAY_TCP;
      for (unsigned i = 0; i < 30; i++)
        g_assert_cmpuint (ask_unverified (&stream, kind), ==, kind == 4 ? 438 : codes[kind]);
      /* right integrity is always answered: nobody can shut a client out */
      g_assert_cmpuint (client_allocate (&client), ==, 0);
      g_assert_cmpuint (client_refresh (&client, 600), ==, 0);
      bench_go (bench, SECOND / 10);
      g_assert_cmpuint (ask_unverified (&client, kind), ==, codes[kind]);
      g_assert_cmpuint (ask_unverified (&client, kind), ==, 999);
      other = bench->config;
      other.replies_per_s = 0; /* a reload lifts it */
      relay_turn_set_config (bench->turns[0], &other, EPOCH_S * SECOND);
      g_assert_cmpuint (ask_unverified (&client, kind), ==, codes[kind]);
    }
}

/* what gets no answer, and has no effect */
static void
test_silence (void)
{
  static const uint8_t tid[AL_STUN_TID_BYTES] = { 7 };
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  uint8_t data[64] = { 0 };
  AlStunWriter out;
  Ask ask;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  for (unsigned method = 0; method < 16; method++)
    for (unsigned cls = AL_STUN_INDICATION; cls <= AL_STUN_ERROR; cls++)
      {
        al_stun_begin (&out, data, sizeof data, (AlStunClass) cls, (uint16_t) method, tid);
        al_stun_put_u32 (&out, AL_STUN_LIFETIME, 0);
        client_tell (&client, data, al_stun_end (&out));
      }
  for (unsigned i = 0; i < 256; i++) /* one byte of anything */
    client_tell (&client, &(uint8_t){ (uint8_t) i }, 1);
  client_tell (&client, NULL, 0);
  g_assert_cmpuint (bench->sent->len, ==, 0);
  g_assert_cmpuint (bench->relayed->len, ==, 0);
  /* a fingerprint that is wrong */
  ask_begin (&client, &ask, AL_STUN_BINDING);
  al_stun_put_fingerprint (&ask.out);
  ask.data[27] ^= 1;
  g_assert_cmpuint (ask_send_raw (&client, &ask), ==, 999);
  /* methods that nobody knows (RFC 8489 §6.3), or that are none of requests */
  for (unsigned method = 0; method < 0x1000; method++)
    if (method != AL_STUN_BINDING && method != AL_STUN_ALLOCATE && method != AL_STUN_REFRESH
        && method != AL_STUN_CREATE_PERMISSION && method != AL_STUN_CHANNEL_BIND && method != AL_STUN_CONNECT
        && method != AL_STUN_CONNECTION_BIND)
      {
        ask_begin (&client, &ask, (AlStunMethod) method);
        g_assert_cmpuint (ask_send_raw (&client, &ask), ==, 999);
        g_assert_cmpuint (bench->sockets->len, ==, 1);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/turn-reply/sizes", test_sizes);
  g_test_add_func ("/relay/turn-reply/binding", test_binding);
  g_test_add_func ("/relay/turn-reply/unknown-attributes", test_unknown_attributes);
  g_test_add_func ("/relay/turn-reply/rate", test_rate);
  g_test_add_func ("/relay/turn-reply/silence", test_silence);
  return g_test_run ();
}
