/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of TURN over DTLS: cookies, handshakes, what is refused. */
#include "dtls-bench.h"

static void
test_cookie (void)
{
  Bench bench;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:5000");
  g_assert_cmpuint (bench.clients[0].n_sent, ==, 1);
  {
    g_autofree Datagram *first = g_ptr_array_steal_index (bench.flying, 0);

    relay_dtls_on_datagram (bench.front, &first->path, first->data, first->len, clock_us);
    g_assert_cmpuint (bench.n_sent, ==, 1);
    g_assert_cmpuint (bench.sent_bytes, <, first->len);
    g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 0);
  }
  run (&bench, 10 * MS);
  g_assert_cmpint (state_of (&bench, 0), ==, AL_DTLS_OPEN);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 1);
  g_assert_true (echoes (&bench, 0));
  bench_clear (&bench);
  g_assert_cmpuint (bench.n_ended, ==, 1);
}

/* a flood of ClientHellos in the names of others: nothing is kept, and each gets less than it was sent (RFC 6347 §4.2.1) */
static void
test_flood (void)
{
  Bench bench;
  gsize len;
  const uint8_t *hello;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:5000");
  hello = g_bytes_get_data (bench.clients[0].hello, &len);
  g_ptr_array_set_size (bench.flying, 0);
  for (unsigned i = 0; i < 20000; i++)
    {
      RelayTuple path = bench.clients[0].path;

      path.remote.in4.sin_addr.s_addr = htonl (0x0a000000 + i);
      relay_dtls_on_datagram (bench.front, &path, hello, len, clock_us);
    }
  g_assert_cmpuint (bench.n_sent, ==, 20000);
  g_assert_cmpuint (bench.sent_bytes, <, 20000 * len);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 0);
  g_assert_cmpint (al_timer_wheel_next_us (bench.wheel), ==, INT64_MAX);
  g_ptr_array_set_size (bench.flying, 0);
  bench.n_answers_left = 2; /* the rate of answers to strangers */
  for (unsigned i = 0; i < 10; i++)
    relay_dtls_on_datagram (bench.front, &bench.clients[0].path, hello, len, clock_us);
  g_assert_cmpuint (bench.n_sent, ==, 20002);
  bench_clear (&bench);
}

/* a cookie is good for its address, and for some time */
static void
test_stolen (void)
{
  Bench bench;
  const uint8_t *hello;
  RelayTuple other;
  gsize len;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:5000");
  run (&bench, 0);
  g_assert_cmpint (state_of (&bench, 0), ==, AL_DTLS_OPEN);
  hello = g_bytes_get_data (bench.clients[0].hello, &len);
  other = bench.clients[0].path;
  al_addr_set_port (&other.remote, 5001);
  relay_dtls_on_datagram (bench.front, &other, hello, len, clock_us);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 1);
  /* who saw it on its way: the session that it began stays */
  relay_dtls_on_datagram (bench.front, &bench.clients[0].path, hello, len, clock_us);
  g_assert_cmpuint (bench.n_ended, ==, 0);
  g_assert_true (echoes (&bench, 0));
  al_dtls_close (bench.clients[0].dtls, clock_us);
  run (&bench, RELAY_DTLS_IDLE_US + 1000 * MS);
  g_assert_cmpuint (bench.n_ended, ==, 1);
  relay_dtls_on_datagram (bench.front, &bench.clients[0].path, hello, len, clock_us); /* too old */
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 0);
  bench_clear (&bench);
}

/* on a port that is shared with WebRTC: what is of a session, whatever a forged check of ICE says of its address; but a peer
 * that comes by the address of a client which has vanished is not the relay's */
static void
test_claims (void)
{
  static const uint8_t record[] = { 23, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 1, 0 };
  const uint8_t *hello;
  RelayTuple other;
  Bench bench;
  gsize len;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:5000");
  hello = g_bytes_get_data (bench.clients[0].hello, &len);
  g_assert_false (relay_dtls_claims (bench.front, &bench.clients[0].path, hello, len)); /* it has proved nothing yet */
  run (&bench, 0);
  g_assert_cmpint (state_of (&bench, 0), ==, AL_DTLS_OPEN);
  hello = g_bytes_get_data (bench.clients[0].hello, &len);
  g_assert_true (relay_dtls_claims (bench.front, &bench.clients[0].path, hello, len));
  g_assert_true (relay_dtls_claims (bench.front, &bench.clients[0].path, record, sizeof record));
  other = bench.clients[0].path;
  al_addr_set_port (&other.remote, 5001);
  g_assert_false (relay_dtls_claims (bench.front, &other, record, sizeof record));

  g_assert_cmpint (SSL_CTX_set_tlsext_use_srtp (bench.ctx, "SRTP_AES128_CM_SHA1_80"), ==, 0);
  connect_client (&bench, 1, "198.51.100.1:5000");
  hello = g_bytes_get_data (bench.clients[1].hello, &len);
  g_assert_false (relay_dtls_claims (bench.front, &bench.clients[1].path, hello, len));
  g_ptr_array_set_size (bench.flying, 0);
  bench_clear (&bench);
}

static void
test_each_lost (void)
{
  for (unsigned bit = 0; bit < 24; bit++)
    {
      Bench bench;

      bench_init (&bench, NULL);
      bench.lose = 1u << bit;
      connect_client (&bench, 0, "[2001:db8::1]:5000");
      run (&bench, 2000 * MS);
      bench.lose = 0;
      g_assert_cmpint (state_of (&bench, 0), ==, AL_DTLS_OPEN);
      g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 1);
      g_assert_true (echoes (&bench, 0));
      bench_clear (&bench);
    }
}

/* a client that sent its cookie and is gone: the flight is sent again, ever more rarely, and then it is over */
static void
test_timing (void)
{
  static const int64_t gaps_ms[] = { 500, 1000, 2000, 4000, 4000 };
  Bench bench;
  int64_t flight_us;
  unsigned n = 0;

  bench_init (&bench, NULL);
  bench.lose = 0xfffe0000; /* all but the HelloVerifyRequest */
  connect_client (&bench, 0, "198.51.100.1:5000");
  run (&bench, 0);
  al_dtls_free (g_steal_pointer (&bench.clients[0].dtls));
  g_assert_cmpuint (bench.n_sent, >=, 2);
  flight_us = clock_us;
  run (&bench, RELAY_DTLS_GIVE_UP_US - 2 * MS);
  for (unsigned i = 1; i < bench.sent_us->len; i++) /* a flight may be several datagrams at once */
    if (g_array_index (bench.sent_us, int64_t, i) != flight_us)
      {
        g_assert_cmpuint (n, <, G_N_ELEMENTS (gaps_ms));
        g_assert_cmpint (g_array_index (bench.sent_us, int64_t, i) - flight_us, ==, gaps_ms[n++] * MS);
        flight_us = g_array_index (bench.sent_us, int64_t, i);
      }
  g_assert_cmpuint (n, ==, G_N_ELEMENTS (gaps_ms));
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 1);
  run (&bench, 4 * MS);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 0);
  g_assert_cmpuint (bench.n_ended, ==, 1);
  bench_clear (&bench);
}

static void
test_close (void)
{
  Bench bench;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:1");
  connect_client (&bench, 1, "198.51.100.1:2");
  run (&bench, 10 * MS);
  al_dtls_close (bench.clients[0].dtls, clock_us);
  run (&bench, 0);
  g_assert_cmpuint (bench.n_ended, ==, 1);
  g_assert_true (echoes (&bench, 1));
  relay_dtls_free (g_steal_pointer (&bench.front));
  g_assert_cmpuint (bench.n_ended, ==, 2);
  deliver (&bench);
  g_assert_cmpint (state_of (&bench, 1), ==, AL_DTLS_CLOSED); /* the server says goodbye */
  bench_clear (&bench);
}

/* RFC 6347 §4.2.8: a client that has forgotten its session comes from the same address; only who gets the cookie can do so */
static void
test_again (void)
{
  Bench bench;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:1");
  run (&bench, 10 * MS);
  g_assert_true (echoes (&bench, 0));
  connect_client (&bench, 0, "198.51.100.1:1");
  {
    g_autofree Datagram *first = g_ptr_array_steal_index (bench.flying, 0);

    relay_dtls_on_datagram (bench.front, &first->path, first->data, first->len, clock_us);
  }
  g_assert_cmpuint (bench.n_ended, ==, 0);
  run (&bench, 10 * MS);
  g_assert_cmpuint (bench.n_ended, ==, 1);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 1);
  g_assert_cmpint (state_of (&bench, 0), ==, AL_DTLS_OPEN);
  g_assert_true (echoes (&bench, 0));
  bench_clear (&bench);
}

/* one of WebRTC, which is not for the relay; and ClientHellos in fragments: with the cookie in the first one, or without */
static void
test_hellos (void)
{
  bool is_split = false;
  uint8_t alpn[2000];
  Bench bench;

  bench_init (&bench, NULL);
  g_assert_cmpint (SSL_CTX_set_tlsext_use_srtp (bench.ctx, "SRTP_AEAD_AES_128_GCM"), ==, 0);
  connect_client (&bench, 0, "198.51.100.1:1");
  run (&bench, 10 * MS);
  g_assert_cmpuint (bench.n_sent, ==, 0);
  g_assert_cmpuint (bench.n_drops[RELAY_DROP_UNAUTHORIZED], ==, 1);
  bench_clear (&bench);

  /* use_srtp stands behind the names of ALPN, in the second datagram: WebRTC's are not told apart by the first one */
  for (unsigned at = 0; at < sizeof alpn; at += 200)
    {
      alpn[at] = 199;
      memset (alpn + at + 1, 'a' + (int) (at / 200), 199);
    }
  bench_init (&bench, NULL);
  g_assert_cmpint (SSL_CTX_set_alpn_protos (bench.ctx, alpn, sizeof alpn), ==, 0);
  g_assert_cmpint (SSL_CTX_set_tlsext_use_srtp (bench.ctx, "SRTP_AEAD_AES_128_GCM"), ==, 0);
  connect_client (&bench, 0, "198.51.100.1:1");
  g_assert_cmpuint (bench.clients[0].n_sent, >=, 2);
  run (&bench, 1000 * MS);
  g_assert_cmpuint (bench.n_sent, ==, 0);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 0);
  bench_clear (&bench);

  /* without a cookie it fits a datagram just so, with it not any more */
  bench_init (&bench, NULL);
  for (unsigned last = 1; last < 256 && !is_split; last += RELAY_COOKIE_BYTES - 1)
    {
      g_autofree char *from = g_strdup_printf ("198.51.100.%u:1", last);
      AlDtlsHello hello;

      alpn[800] = (uint8_t) last;
      g_assert_cmpint (SSL_CTX_set_alpn_protos (bench.ctx, alpn, 801 + last), ==, 0);
      connect_client (&bench, 0, from);
      g_assert_cmpuint (bench.flying->len, ==, 1);
      deliver (&bench);
      g_assert_true (echoes (&bench, 0));
      g_assert_true (al_dtls_hello_parse (g_bytes_get_data (bench.clients[0].hello, NULL),
                                          g_bytes_get_size (bench.clients[0].hello), &hello));
      is_split = !hello.is_whole;
    }
  g_assert_true (is_split);
  bench_clear (&bench);
}

/* a client of DTLS 1.0 is told, and leaves nothing behind */
static void
test_version (void)
{
  Bench bench;

  bench_init (&bench, NULL);
  SSL_CTX_set_security_level (bench.ctx, 0);
  (void) SSL_CTX_set_min_proto_version (bench.ctx, DTLS1_VERSION);
  (void) SSL_CTX_set_max_proto_version (bench.ctx, DTLS1_VERSION);
  connect_client (&bench, 0, "198.51.100.1:1");
  run (&bench, 10 * MS);
  g_assert_cmpint (state_of (&bench, 0), ==, AL_DTLS_FAILED);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 0);
  bench_clear (&bench);
}

/* what is longer than a record is dropped, and nothing else happens */
static void
test_lengths (void)
{
  static const uint8_t data[4096] = { 1 };
  Bench bench;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:1");
  run (&bench, 10 * MS);
  g_assert_true (echoes (&bench, 0));
  bench.clients[0].n_received = 0;
  relay_dtls_send ((RelaySession *) bench.last, data, AL_DTLS_RECORD_MAX + 1, clock_us);
  g_assert_cmpuint (bench.n_drops[RELAY_DROP_LONG], ==, 1);
  relay_dtls_on_datagram (bench.front, &bench.clients[0].path, data, AL_DTLS_DATAGRAM_MAX + 1, clock_us);
  g_assert_cmpuint (bench.n_drops[RELAY_DROP_LONG], ==, 2);
  relay_dtls_send ((RelaySession *) bench.last, data, AL_DTLS_RECORD_MAX, clock_us);
  relay_dtls_send ((RelaySession *) bench.last, data, 1900, clock_us);
  run (&bench, 10 * MS);
  g_assert_cmpuint (bench.clients[0].n_received, ==, 1); /* the test's client reads no more than AL_DTLS_DATAGRAM_MAX */
  g_assert_true (echoes (&bench, 0));
  bench_clear (&bench);
}

/* nonsense, from strangers and from the address of a session */
static void
test_nonsense (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  uint8_t data[1500];
  RelayTuple stranger;
  Bench bench;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:1");
  run (&bench, 10 * MS);
  stranger = bench.clients[0].path;
  al_addr_set_port (&stranger.remote, 7);
  bench.n_sent = 0;
  for (unsigned i = 0; i < 4000; i++)
    {
      size_t len = (size_t) g_rand_int_range (rand, 0, sizeof data);

      for (size_t at = 0; at < len; at++)
        data[at] = (uint8_t) g_rand_int (rand);
      data[0] = (uint8_t) g_rand_int_range (rand, 20, 64);
      data[1] = 0xfe;
      data[3] = 0;
      data[4] = (uint8_t) (i & 1);
      relay_dtls_on_datagram (bench.front, i % 3 == 0 ? &stranger : &bench.clients[0].path, data, len, clock_us);
    }
  g_assert_cmpuint (bench.n_sent, ==, 0);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 1);
  g_assert_true (echoes (&bench, 0));
  bench_clear (&bench);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  tls_set_up ();
  g_test_add_func ("/relay/dtls/claims", test_claims);
  g_test_add_func ("/relay/dtls/cookie", test_cookie);
  g_test_add_func ("/relay/dtls/flood", test_flood);
  g_test_add_func ("/relay/dtls/stolen", test_stolen);
  g_test_add_func ("/relay/dtls/each-lost", test_each_lost);
  g_test_add_func ("/relay/dtls/timing", test_timing);
  g_test_add_func ("/relay/dtls/close", test_close);
  g_test_add_func ("/relay/dtls/again", test_again);
  g_test_add_func ("/relay/dtls/hellos", test_hellos);
  g_test_add_func ("/relay/dtls/version", test_version);
  g_test_add_func ("/relay/dtls/lengths", test_lengths);
  g_test_add_func ("/relay/dtls/nonsense", test_nonsense);
  result = g_test_run ();
  tls_tear_down ();
  return result;
}
