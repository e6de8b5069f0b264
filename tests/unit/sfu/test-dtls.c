/* SPDX-License-Identifier: Apache-2.0 */
/* Two ends over a link that loses, reorders and doubles, in virtual time. */
#include <glib.h>
#include <openssl/ssl.h>
#include <string.h>

#include "base/dtls-hello.h"
#include "sfu/dtls.h"
#include "wire.h"

#define MS ((int64_t) 1000)

typedef struct Link Link;

typedef struct {
  Link *link;
  unsigned index; /* 0: server, 1: client */
  SfuIdentity *identity;
  SfuDtls *dtls;
} End;

struct Link {
  End ends[2];
  Wire wire;
};

static void
on_send (const uint8_t *data, size_t len, void *user)
{
  End *end = user;

  g_assert_cmpuint (len, <=, SFU_DTLS_MTU);
  wire_send (&end->link->wire, end->index, data, len);
}

static SfuFingerprint
fingerprint_of (const SfuIdentity *identity)
{
  const char *text = sfu_identity_get_fingerprint (identity);
  SfuFingerprint fingerprint;

  g_assert_true (sfu_fingerprint_parse (text, strlen (text), &fingerprint));
  return fingerprint;
}

static void
link_init (Link *link, unsigned seed)
{
  clock_us = CLOCK_START_US;
  wire_init (&link->wire, seed);
  for (unsigned i = 0; i < 2; i++)
    {
      End *end = &link->ends[i];

      end->link = link;
      end->index = i;
      end->identity = sfu_identity_new (NULL);
      end->dtls = sfu_dtls_new (end->identity, on_send, end);
    }
}

static void
link_clear (Link *link)
{
  for (unsigned i = 0; i < 2; i++)
    {
      sfu_dtls_free (link->ends[i].dtls);
      sfu_identity_free (link->ends[i].identity);
    }
  wire_clear (&link->wire);
}

static void
start (Link *link, unsigned index)
{
  SfuFingerprint peer = fingerprint_of (link->ends[!index].identity);

  sfu_dtls_start (link->ends[index].dtls, index == 1, &peer, 1, clock_us);
}

/* Returns: is there anything to wait for before @until_us; time goes there */
static bool
step (Link *link, int64_t until_us)
{
  int64_t deadline_us = MIN (sfu_dtls_get_deadline (link->ends[0].dtls), sfu_dtls_get_deadline (link->ends[1].dtls));
  g_autofree Datagram *arrived = NULL;

  if (!wire_step (&link->wire, deadline_us, until_us, &arrived))
    return false;
  if (arrived != NULL)
    sfu_dtls_on_datagram (link->ends[arrived->to].dtls, arrived->data, arrived->len, clock_us);
  for (unsigned i = 0; i < 2; i++)
    sfu_dtls_tick (link->ends[i].dtls, clock_us);
  return true;
}

static void
run (Link *link, int64_t for_us)
{
  int64_t until_us = clock_us + for_us;

  while (step (link, until_us))
    ;
}

static bool
both_are (const Link *link, SfuDtlsState state)
{
  return sfu_dtls_get_state (link->ends[0].dtls) == state && sfu_dtls_get_state (link->ends[1].dtls) == state;
}

/* point 10: the same keys at both ends, crosswise, of the profile that stands first */
static void
check_keys (Link *link, SfuSrtpProfile expected)
{
  SfuSrtpKey send[2], receive[2];
  unsigned key_len = sfu_srtp_profile_get_key_len (expected), salt_len = sfu_srtp_profile_get_salt_len (expected);

  for (unsigned i = 0; i < 2; i++)
    g_assert_cmpint (sfu_dtls_export (link->ends[i].dtls, &send[i], &receive[i]), ==, expected);
  for (unsigned i = 0; i < 2; i++)
    {
      g_assert_cmpmem (send[i].key, key_len, receive[!i].key, key_len);
      g_assert_cmpmem (send[i].salt, salt_len, receive[!i].salt, salt_len);
    }
  g_assert_cmpint (memcmp (send[0].key, send[1].key, key_len), !=, 0);
  g_assert_cmpint (memcmp (send[0].salt, send[1].salt, salt_len), !=, 0);
}

static void
test_clean (void)
{
  Link link;

  link_init (&link, 1);
  g_assert_cmpint (sfu_dtls_get_deadline (link.ends[0].dtls), ==, INT64_MAX);
  start (&link, 0);
  start (&link, 1);
  run (&link, 100 * MS);
  g_assert_true (both_are (&link, SFU_DTLS_CONNECTED));
  check_keys (&link, SFU_SRTP_AEAD_AES_128_GCM);
  g_assert_cmpint (sfu_dtls_get_deadline (link.ends[0].dtls), ==, INT64_MAX);
  g_assert_cmpint (sfu_dtls_get_deadline (link.ends[1].dtls), ==, INT64_MAX);
  g_assert_nonnull (sfu_dtls_get_peer (link.ends[0].dtls));
  /* four flights, and no flight twice */
  g_assert_cmpuint (link.wire.n_sent[0] + link.wire.n_sent[1], <=, 6);
  link_clear (&link);
}

/* point 10: each profile that the client alone offers; none in common is a failure */
static void
test_profiles (void)
{
  static const struct {
    const char *offer;
    SfuSrtpProfile expected;
  } rows[] = {
    { "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM", SFU_SRTP_AEAD_AES_128_GCM },
    { "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM", SFU_SRTP_AEAD_AES_256_GCM },
    { "SRTP_AES128_CM_SHA1_80", SFU_SRTP_AES128_CM_SHA1_80 },
    { "SRTP_AES128_CM_SHA1_32", SFU_SRTP_NONE },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Link link;

      link_init (&link, i);
      g_assert_cmpint (SSL_CTX_set_tlsext_use_srtp (sfu_identity_get_ssl (link.ends[1].identity), rows[i].offer), ==, 0);
      start (&link, 0);
      start (&link, 1);
      run (&link, 1000 * MS);
      if (rows[i].expected != SFU_SRTP_NONE)
        check_keys (&link, rows[i].expected);
      else
        g_assert_cmpint (sfu_dtls_get_state (link.ends[0].dtls), ==, SFU_DTLS_FAILED);
      link_clear (&link);
    }
}

/* point 8: retransmission: after 50 ms, then twice as long each time, up to the cap */
static void
test_timing (void)
{
  static const int64_t gaps_ms[] = { 50, 100, 200, 400, 800, 1600, 3200, 4000, 4000, 4000 };
  Link link;
  End *client = &link.ends[1];

  link_init (&link, 1);
  link.wire.loss_percent = 100;
  start (&link, 0);
  start (&link, 1);
  run (&link, SFU_DTLS_GIVE_UP_US - 1);
  g_assert_cmpuint (link.wire.n_sent[1], >, G_N_ELEMENTS (gaps_ms));
  for (unsigned i = 0; i < G_N_ELEMENTS (gaps_ms); i++)
    g_assert_cmpint (link.wire.sent_us[1][i + 1] - link.wire.sent_us[1][i], ==, gaps_ms[i] * MS);
  g_assert_cmpuint (link.wire.n_sent[0], ==, 0);
  g_assert_true (both_are (&link, SFU_DTLS_HANDSHAKE));
  run (&link, 1);
  g_assert_true (both_are (&link, SFU_DTLS_FAILED));
  g_assert_cmpstr (sfu_dtls_get_error (client->dtls), !=, "");
  g_assert_cmpint (sfu_dtls_get_deadline (client->dtls), ==, INT64_MAX);
  link_clear (&link);
}

/* point 8: any one of the first datagrams of either side is lost: the handshake is done soon all the same */
static void
test_each_lost (void)
{
  for (unsigned bit = 0; bit < 24; bit++)
    {
      Link link;

      link_init (&link, bit);
      link.wire.lose = 1u << bit;
      start (&link, 0);
      start (&link, 1);
      run (&link, 400 * MS);
      g_assert_true (both_are (&link, SFU_DTLS_CONNECTED));
      check_keys (&link, SFU_SRTP_AEAD_AES_128_GCM);
      link_clear (&link);
    }
}

static void
test_lossy (void)
{
  for (unsigned seed = 0; seed < 60; seed++)
    {
      Link link;

      link_init (&link, seed);
      link.wire.loss_percent = 25;
      link.wire.double_percent = 20;
      link.wire.disorder_ms = seed % 3 * 40;
      start (&link, 0);
      start (&link, 1);
      for (unsigned i = 0; i < 300 && !both_are (&link, SFU_DTLS_CONNECTED); i++)
        run (&link, 100 * MS);
      g_assert_true (both_are (&link, SFU_DTLS_CONNECTED));
      check_keys (&link, SFU_SRTP_AEAD_AES_128_GCM);
      link_clear (&link);
    }
}

/* what the client's context sends first is longer than two datagrams (as with ML-KEM key shares) */
static void
make_hello_long (const Link *link)
{
  uint8_t alpn[2000];

  for (unsigned i = 0; i < sizeof alpn; i += 200)
    {
      alpn[i] = 199;
      memset (alpn + i + 1, 'a' + (int) (i / 200), 199);
    }
  g_assert_cmpint (SSL_CTX_set_alpn_protos (sfu_identity_get_ssl (link->ends[1].identity), alpn, sizeof alpn), ==, 0);
}

/* point 9: a ClientHello in several datagrams, in order, in disorder, and with each of them lost */
static void
test_fragments (void)
{
  for (unsigned i = 0; i < 8; i++)
    {
      Link link;

      link_init (&link, i);
      make_hello_long (&link);
      link.wire.disorder_ms = i < 4 ? 0 : 30;
      link.wire.lose = i == 0 ? 0 : 1u << (i - 1);
      start (&link, 0);
      start (&link, 1);
      g_assert_cmpuint (link.wire.n_sent[1], >=, 2);
      run (&link, 2000 * MS);
      g_assert_true (both_are (&link, SFU_DTLS_CONNECTED));
      link_clear (&link);
    }
}

/* point 8: the ClientHello is there before the peer's fingerprint is known: kept, up to a bound */
static void
test_early (void)
{
  uint8_t junk[100] = { 22 };
  Link link;

  link_init (&link, 1);
  make_hello_long (&link);
  start (&link, 1);
  run (&link, 40 * MS);
  g_assert_cmpint (sfu_dtls_get_state (link.ends[0].dtls), ==, SFU_DTLS_NEW);
  for (unsigned i = 0; i < 1000; i++)
    sfu_dtls_on_datagram (link.ends[0].dtls, junk, sizeof junk, clock_us);
  start (&link, 0);
  g_assert_cmpuint (link.wire.n_sent[0], >, 0);
  run (&link, 60 * MS);
  g_assert_true (both_are (&link, SFU_DTLS_CONNECTED));
  link_clear (&link);
}

/* point 7: the certificate must be one of those signaled, at both ends; before that there are no keys */
static void
test_fingerprints (void)
{
  for (unsigned wrong = 0; wrong < 2; wrong++)
    {
      SfuFingerprint allowed[3];
      SfuSrtpKey send, receive;
      Link link;

      link_init (&link, wrong);
      allowed[0] = fingerprint_of (link.ends[!wrong].identity);
      allowed[0].value[31] ^= 1;
      sfu_dtls_start (link.ends[wrong].dtls, wrong == 1, allowed, 1, clock_us);
      start (&link, !wrong);
      run (&link, 1000 * MS);
      g_assert_true (both_are (&link, SFU_DTLS_FAILED)); /* by an alert to the other */
      g_assert_null (sfu_dtls_get_peer (link.ends[wrong].dtls));
      g_assert_cmpint (sfu_dtls_export (link.ends[wrong].dtls, &send, &receive), ==, SFU_SRTP_NONE);
      g_assert_nonnull (strstr (sfu_dtls_get_error (link.ends[wrong].dtls), "fingerprint"));
      link_clear (&link);

      link_init (&link, wrong); /* several: one is right, of another hash function */
      allowed[1] = allowed[0];
      g_assert_true (sfu_fingerprint_compute (SSL_CTX_get0_certificate (sfu_identity_get_ssl (link.ends[!wrong].identity)),
                                              wrong ? SFU_HASH_SHA384 : SFU_HASH_SHA512, &allowed[2]));
      sfu_dtls_start (link.ends[wrong].dtls, wrong == 1, allowed, 3, clock_us);
      start (&link, !wrong);
      run (&link, 1000 * MS);
      g_assert_true (both_are (&link, SFU_DTLS_CONNECTED));
      g_assert_true (sfu_fingerprint_equal (sfu_dtls_get_peer (link.ends[wrong].dtls), &allowed[2]));
      link_clear (&link);
    }
}

/* one end gives its SSL back as soon as it is connected; the other one still comes through, over a bad link, and either one
 * can close */
static void
test_release (void)
{
  for (unsigned seed = 0; seed < 60; seed++)
    {
      unsigned who = seed % 2;
      SfuSrtpKey keys[4];
      Link link;
      End *end;

      link_init (&link, seed);
      end = &link.ends[who];
      link.wire.loss_percent = 25;
      link.wire.double_percent = 20;
      link.wire.disorder_ms = seed % 3 * 40;
      start (&link, 0);
      start (&link, 1);
      while (sfu_dtls_get_state (end->dtls) == SFU_DTLS_HANDSHAKE)
        g_assert_true (step (&link, clock_us + 10000 * MS));
      g_assert_cmpint (sfu_dtls_export (end->dtls, &keys[0], &keys[1]), ==, SFU_SRTP_AEAD_AES_128_GCM);
      sfu_dtls_release (end->dtls, clock_us);
      for (unsigned i = 0; i < 300 && !both_are (&link, SFU_DTLS_CONNECTED); i++)
        run (&link, 100 * MS);
      g_assert_true (both_are (&link, SFU_DTLS_CONNECTED));
      g_assert_cmpint (sfu_dtls_export (link.ends[!who].dtls, &keys[2], &keys[3]), ==, SFU_SRTP_AEAD_AES_128_GCM);
      g_assert_cmpmem (keys[0].key, 16, keys[3].key, 16);
      g_assert_cmpmem (keys[1].key, 16, keys[2].key, 16);
      g_assert_cmpint (sfu_dtls_export (end->dtls, &keys[0], &keys[1]), ==, SFU_SRTP_NONE);
      link.wire.loss_percent = 0;
      run (&link, 1000 * MS);
      sfu_dtls_close (link.ends[seed % 4 < 2 ? who : !who].dtls, clock_us);
      run (&link, 1000 * MS);
      g_assert_true (both_are (&link, SFU_DTLS_CLOSED));
      link_clear (&link);
    }
}

static void
test_close (void)
{
  for (unsigned who = 0; who < 2; who++)
    {
      Link link;

      link_init (&link, who);
      start (&link, 0);
      start (&link, 1);
      run (&link, 100 * MS);
      sfu_dtls_close (link.ends[who].dtls, clock_us);
      g_assert_cmpint (sfu_dtls_get_state (link.ends[who].dtls), ==, SFU_DTLS_CLOSED);
      run (&link, 100 * MS);
      g_assert_true (both_are (&link, SFU_DTLS_CLOSED));
      sfu_dtls_close (link.ends[who].dtls, clock_us);
      link_clear (&link);
    }
}

/* after the handshake nothing that is not authentic has an effect: not a new ClientHello, not a plain alert */
static void
test_connected (void)
{
  static const uint8_t alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2, 2, 40 };
  static const uint8_t forged[] = { 21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 99, 0, 4, 1, 2, 3, 4 };
  uint8_t hello[64] = { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 51, 1, 0, 0, 39, 0, 0, 0, 0, 0, 0, 0, 39 };
  Link link;

  link_init (&link, 1);
  start (&link, 0);
  start (&link, 1);
  run (&link, 100 * MS);
  g_assert_true (al_dtls_is_client_hello (hello, sizeof hello));
  g_assert_false (al_dtls_is_client_hello (hello, 13));
  g_assert_false (al_dtls_is_client_hello (alert, sizeof alert));
  for (unsigned i = 0; i < 2; i++)
    {
      sfu_dtls_on_datagram (link.ends[i].dtls, alert, sizeof alert, clock_us);
      sfu_dtls_on_datagram (link.ends[i].dtls, forged, sizeof forged, clock_us);
      sfu_dtls_on_datagram (link.ends[i].dtls, hello, sizeof hello, clock_us);
    }
  run (&link, 1000 * MS);
  g_assert_true (both_are (&link, SFU_DTLS_CONNECTED));
  check_keys (&link, SFU_SRTP_AEAD_AES_128_GCM);
  link_clear (&link);
}

/* a peer that speaks nothing but nonsense, or other versions, is not waited for without end */
static void
test_nonsense (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  uint8_t data[1500];
  Link link;

  link_init (&link, 1);
  start (&link, 0);
  for (unsigned i = 0; i < 2000; i++)
    {
      size_t len = (size_t) g_rand_int_range (rand, 0, sizeof data);

      for (size_t at = 0; at < len; at++)
        data[at] = (uint8_t) g_rand_int (rand);
      data[0] = (uint8_t) g_rand_int_range (rand, 20, 64);
      data[1] = 0xfe;
      data[3] = data[4] = 0;
      sfu_dtls_on_datagram (link.ends[0].dtls, data, len, clock_us);
    }
  g_assert_cmpuint (link.wire.n_sent[0], <, 10);
  run (&link, SFU_DTLS_GIVE_UP_US);
  g_assert_cmpint (sfu_dtls_get_state (link.ends[0].dtls), ==, SFU_DTLS_FAILED);
  link_clear (&link);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/dtls/clean", test_clean);
  g_test_add_func ("/sfu/dtls/profiles", test_profiles);
  g_test_add_func ("/sfu/dtls/timing", test_timing);
  g_test_add_func ("/sfu/dtls/each-lost", test_each_lost);
  g_test_add_func ("/sfu/dtls/lossy", test_lossy);
  g_test_add_func ("/sfu/dtls/fragments", test_fragments);
  g_test_add_func ("/sfu/dtls/early", test_early);
  g_test_add_func ("/sfu/dtls/fingerprints", test_fingerprints);
  g_test_add_func ("/sfu/dtls/release", test_release);
  g_test_add_func ("/sfu/dtls/close", test_close);
  g_test_add_func ("/sfu/dtls/connected", test_connected);
  g_test_add_func ("/sfu/dtls/nonsense", test_nonsense);
  return g_test_run ();
}
