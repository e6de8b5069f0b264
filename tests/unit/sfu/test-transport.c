/* SPDX-License-Identifier: Apache-2.0 */
/* DTLS and media of a transport: its life from the first flight to the farewell. */
#include "transport-bench.h"

static void
test_connect (void)
{
  Bench bench;

  bench_init (&bench);
  assert_state (&bench, SFU_TRANSPORT_NEW);
  g_assert_null (sfu_transport_get_path (bench.transport));
  g_assert_false (packet_from (&bench, &bench.paths[0], false));
  g_assert_true (check (&bench, &bench.paths[0], false));
  assert_state (&bench, SFU_TRANSPORT_NEW);
  g_assert_true (sfu_transport_has_path (bench.transport, &bench.paths[0]));
  g_assert_false (sfu_transport_has_path (bench.transport, &bench.paths[1]));
  g_assert_cmpuint (take_sent (&bench), ==, 1);
  g_assert_null (sfu_transport_get_srtp (bench.transport));
  g_assert_false (sfu_transport_may_send (bench.transport, clock_us));
  connect_peer (&bench);
  g_assert_cmpuint (bench.n_states, ==, 2);
  g_assert_cmpint (bench.states[0], ==, SFU_TRANSPORT_CONNECTING);
  g_assert_cmpint (bench.states[1], ==, SFU_TRANSPORT_CONNECTED);
  g_assert_cmpuint (bench.n_paths, ==, 1);
  g_assert_true (sfu_transport_may_send (bench.transport, clock_us));
  g_assert_true (packet_from (&bench, &bench.paths[0], false));
  g_assert_true (packet_from (&bench, &bench.paths[0], true));
  g_assert_cmpuint (stats_of (&bench).rx_pkts, ==, 2);
  g_assert_cmpuint (stats_of (&bench).rx_early, ==, 1);
  g_assert_cmpuint (stats_of (&bench).srtp.ok, ==, 2);
  sfu_transport_close (bench.transport, clock_us);
  (void) take_sent (&bench);
  g_assert_cmpint (sfu_dtls_get_state (bench.dtls), ==, SFU_DTLS_CLOSED);
  g_assert_cmpint (sfu_transport_get_end (bench.transport), ==, SFU_END_LOCAL);
  g_assert_cmpint (sfu_transport_get_deadline (bench.transport), ==, INT64_MAX);
  g_assert_false (check (&bench, &bench.paths[0], true));
  g_assert_false (packet_from (&bench, &bench.paths[0], false));
  bench_clear (&bench);
}

/* point 7: setup:active was our answer: we send the ClientHello, once there is a nominated path */
static void
test_active (void)
{
  SfuFingerprint fingerprint;
  Bench bench;

  bench_init (&bench);
  fingerprint = fingerprint_of (bench.identity);
  sfu_transport_free (bench.transport);
  make_transport (&bench, true, true);
  sfu_dtls_start (bench.dtls, false, &fingerprint, 1, clock_us);
  g_assert_cmpuint (bench.n_sent, ==, 0);
  g_assert_true (check (&bench, &bench.paths[0], true));
  run_dtls (&bench);
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  take_keys (&bench);
  g_assert_true (packet_from (&bench, &bench.paths[0], false));
  sfu_dtls_close (bench.dtls, clock_us);
  assert_state (&bench, SFU_TRANSPORT_CLOSED);
  g_assert_cmpint (sfu_transport_get_end (bench.transport), ==, SFU_END_PEER);
  bench_clear (&bench);
}

/* point 8: the ClientHello comes before the fingerprint does */
static void
test_early (void)
{
  SfuFingerprint fingerprint, peer;
  Bench bench;

  bench_init (&bench);
  fingerprint = fingerprint_of (bench.identity);
  peer = fingerprint_of (bench.peer_identity);
  sfu_transport_free (bench.transport);
  make_transport (&bench, false, false);
  g_assert_true (check (&bench, &bench.paths[0], true));
  sfu_dtls_start (bench.dtls, true, &fingerprint, 1, clock_us);
  run_dtls (&bench);
  assert_state (&bench, SFU_TRANSPORT_CONNECTING);
  sfu_transport_set_fingerprints (bench.transport, &peer, 1, clock_us);
  run_dtls (&bench);
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  bench_clear (&bench);
}

/* a restart revives what was interrupted; another DTLS connection is another transport (RFC 8842 §5) */
static void
test_new_dtls (void)
{
  uint8_t hello[64] = { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 51, 1 };
  SfuFingerprint fingerprints[2];
  Bench bench;

  bench_init (&bench);
  connect_peer (&bench);
  /* without a restart of ICE it is an old copy, or a forgery */
  sfu_transport_on_dtls (bench.transport, &bench.paths[0], hello, sizeof hello, clock_us);
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  tick_at (&bench, clock_us + SFU_QUIET_US);
  assert_state (&bench, SFU_TRANSPORT_INTERRUPTED);
  sfu_ice_make_ufrag (bench.identity, bench.ufrag);
  sfu_ice_make_password (bench.identity, bench.hmac, bench.ufrag, bench.pwd);
  sfu_transport_restart_ice (bench.transport, bench.ufrag, NULL, clock_us);
  g_assert_true (check (&bench, &bench.paths[1], true));
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  fingerprints[0] = fingerprint_of (bench.identity);
  fingerprints[1] = fingerprint_of (bench.peer_identity);
  sfu_transport_set_fingerprints (bench.transport, fingerprints, 2, clock_us); /* the same is among them */
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  sfu_transport_on_dtls (bench.transport, &bench.paths[5], hello, sizeof hello, clock_us); /* from nowhere */
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  sfu_transport_on_dtls (bench.transport, &bench.paths[1], hello, sizeof hello, clock_us);
  g_assert_cmpint (sfu_transport_get_end (bench.transport), ==, SFU_END_RESTARTED);
  bench_clear (&bench);

  bench_init (&bench);
  connect_peer (&bench);
  fingerprints[0] = fingerprint_of (bench.identity);
  sfu_transport_set_fingerprints (bench.transport, fingerprints, 1, clock_us);
  g_assert_cmpint (sfu_transport_get_end (bench.transport), ==, SFU_END_RESTARTED);
  bench_clear (&bench);
}

static void
test_wrong_certificate (void)
{
  SfuFingerprint fingerprint;
  Bench bench;

  bench_init (&bench);
  fingerprint = fingerprint_of (bench.identity);
  sfu_transport_set_fingerprints (bench.transport, &fingerprint, 1, clock_us); /* not the peer's */
  g_assert_true (check (&bench, &bench.paths[0], true));
  sfu_dtls_start (bench.dtls, true, &fingerprint, 1, clock_us);
  run_dtls (&bench);
  g_assert_cmpint (sfu_transport_get_end (bench.transport), ==, SFU_END_DTLS);
  g_assert_null (sfu_transport_get_srtp (bench.transport));
  g_assert_cmpint (sfu_dtls_get_state (bench.dtls), ==, SFU_DTLS_FAILED);
  bench_clear (&bench);
}

/* point 8: media that overtake the end of the handshake, which only a peer that answers our ClientHello can send: dropped,
 * counted, and no hindrance: the same packets are taken when they come again */
static void
test_early_media (void)
{
  g_autoptr (GByteArray) flight = g_byte_array_new ();
  SfuFingerprint fingerprint;
  Bench bench;

  bench_init (&bench);
  fingerprint = fingerprint_of (bench.identity);
  sfu_transport_free (bench.transport);
  make_transport (&bench, true, true);
  sfu_dtls_start (bench.dtls, false, &fingerprint, 1, clock_us);
  g_assert_true (check (&bench, &bench.paths[0], true));
  bench.kept_finished = flight;
  run_dtls (&bench);
  take_keys (&bench);
  assert_state (&bench, SFU_TRANSPORT_CONNECTING);
  for (unsigned i = 0; i < 1000; i++)
    g_assert_false (packet_from (&bench, &bench.paths[0], i % 10 == 0));
  g_assert_cmpuint (stats_of (&bench).rx_early, ==, 1000);
  bench.index -= 2;
  sfu_transport_on_dtls (bench.transport, &bench.paths[0], flight->data, flight->len, clock_us);
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  g_assert_true (packet_from (&bench, &bench.paths[0], false));
  g_assert_cmpuint (stats_of (&bench).rx_early, ==, 1000);
  bench_clear (&bench);
}

/* the peer's own close_notify is known from forgeries also when OpenSSL's part of the connection is gone: over at once */
static void
test_farewell (void)
{
  Bench bench;

  bench_init (&bench);
  connect_peer (&bench);
  sfu_dtls_close (bench.dtls, clock_us);
  assert_state (&bench, SFU_TRANSPORT_CLOSED);
  g_assert_cmpint (sfu_transport_get_end (bench.transport), ==, SFU_END_PEER);
  bench_clear (&bench);
}

/* each bit of it counts, and so does where it comes from */
static void
test_farewell_changed (void)
{
  g_autoptr (GByteArray) kept = g_byte_array_new ();
  Bench bench;

  bench_init (&bench);
  connect_peer (&bench);
  bench.kept = kept;
  sfu_dtls_close (bench.dtls, clock_us);
  g_assert_cmpuint (kept->len, >, 30);
  sfu_transport_on_dtls (bench.transport, &bench.paths[5], kept->data, kept->len, clock_us);
  for (unsigned bit = 0; bit < 8 * kept->len; bit++)
    {
      kept->data[bit / 8] ^= (uint8_t) (1 << bit % 8);
      sfu_transport_on_dtls (bench.transport, &bench.paths[0], kept->data, kept->len, clock_us);
      kept->data[bit / 8] ^= (uint8_t) (1 << bit % 8);
    }
  for (unsigned len = 0; len < kept->len; len++)
    {
      g_autofree uint8_t *exact = g_memdup2 (kept->data, len);

      sfu_transport_on_dtls (bench.transport, &bench.paths[0], exact, len, clock_us);
    }
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  sfu_transport_on_dtls (bench.transport, &bench.paths[0], kept->data, kept->len, clock_us);
  assert_state (&bench, SFU_TRANSPORT_CLOSED);
  bench_clear (&bench);
}

/* after an ICE restart another connection may follow (RFC 8842 §5.5): the old one's close_notify is not the end yet */
static void
test_farewell_handover (void)
{
  char ufrag[SFU_ICE_UFRAG_LEN + 1];
  int64_t start_us;
  Bench bench;

  bench_init (&bench);
  connect_peer (&bench);
  start_us = clock_us;
  sfu_ice_make_ufrag (bench.identity, ufrag);
  sfu_transport_restart_ice (bench.transport, ufrag, NULL, clock_us);
  sfu_dtls_close (bench.dtls, clock_us);
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  tick_at (&bench, start_us + SFU_FAREWELL_US - 1);
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  tick_at (&bench, start_us + SFU_FAREWELL_US);
  assert_state (&bench, SFU_TRANSPORT_CLOSED);
  g_assert_cmpint (sfu_transport_get_end (bench.transport), ==, SFU_END_PEER);
  bench_clear (&bench);
}

/* alerts that others made do nothing to a peer that lives: consent checks, 6 s apart, or packets contradict them */
static void
test_forged_alerts (void)
{
  uint8_t alert[] = { 21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 26, 1, [38] = 7 };
  uint8_t plain[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40 };
  Bench bench;

  bench_init (&bench);
  connect_peer (&bench);
  for (unsigned i = 0; i < 40; i++)
    {
      for (unsigned copies = 0; copies < 3; copies++)
        sfu_transport_on_dtls (bench.transport, &bench.paths[0], alert, sizeof alert, clock_us);
      tick_at (&bench, clock_us + 6 * SECOND);
      assert_state (&bench, SFU_TRANSPORT_CONNECTED);
      if (i % 4 == 3)
        g_assert_true (packet_from (&bench, &bench.paths[0], i % 8 == 3));
      else
        g_assert_true (check (&bench, &bench.paths[0], true));
      bench.n_sent = 0;
      g_assert_cmpint (sfu_transport_get_deadline (bench.transport), ==, clock_us + SFU_QUIET_US);
    }
  /* without keys, or from where no check came: not even watched */
  sfu_transport_on_dtls (bench.transport, &bench.paths[0], plain, sizeof plain, clock_us);
  sfu_transport_on_dtls (bench.transport, &bench.paths[5], alert, sizeof alert, clock_us);
  tick_at (&bench, clock_us + SFU_FAREWELL_US);
  assert_state (&bench, SFU_TRANSPORT_INTERRUPTED);
  g_assert_cmpuint (bench.n_sent, ==, 0);
  /* a repeated one does not put the end off */
  sfu_transport_on_dtls (bench.transport, &bench.paths[0], alert, sizeof alert, clock_us);
  tick_at (&bench, clock_us + SFU_FAREWELL_US - 1);
  sfu_transport_on_dtls (bench.transport, &bench.paths[0], alert, sizeof alert, clock_us);
  assert_state (&bench, SFU_TRANSPORT_INTERRUPTED);
  tick_at (&bench, clock_us + 1);
  assert_state (&bench, SFU_TRANSPORT_CLOSED);
  bench_clear (&bench);
}

/* RFC 6347 §4.2.4: our last flight is lost: the peer's Finished, which comes again, is answered by the same; until the peer
 * has used the keys */
static void
test_last_flight (void)
{
  uint8_t finished[61] = { 22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 0, 48 };
  SfuFingerprint fingerprint;
  unsigned n_sent;
  Bench bench;

  bench_init (&bench);
  fingerprint = fingerprint_of (bench.identity);
  g_assert_true (check (&bench, &bench.paths[0], true));
  bench.n_sent = 0;
  sfu_dtls_start (bench.dtls, true, &fingerprint, 1, clock_us);
  n_sent = bench.n_sent;
  for (unsigned i = 0; i < n_sent; i++)
    sfu_dtls_on_datagram (bench.dtls, bench.sent[i].data, bench.sent[i].len, clock_us);
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  g_assert_cmpuint (bench.n_sent, >, n_sent);
  n_sent = bench.n_sent - n_sent;
  bench.n_sent = 0;
  g_assert_cmpint (sfu_dtls_get_state (bench.dtls), ==, SFU_DTLS_HANDSHAKE);
  clock_us += SFU_DTLS_FIRST_US;
  sfu_dtls_tick (bench.dtls, clock_us);
  g_assert_cmpuint (bench.n_sent, ==, n_sent);
  for (unsigned i = 0; i < 100; i++) /* whoever asks: not more often */
    sfu_transport_on_dtls (bench.transport, &bench.paths[0], finished, sizeof finished, clock_us);
  g_assert_cmpuint (bench.n_sent, ==, n_sent);
  (void) take_sent (&bench);
  g_assert_cmpint (sfu_dtls_get_state (bench.dtls), ==, SFU_DTLS_CONNECTED);
  take_keys (&bench);
  g_assert_true (packet_from (&bench, &bench.paths[0], true));
  clock_us += SECOND;
  sfu_transport_on_dtls (bench.transport, &bench.paths[0], finished, sizeof finished, clock_us);
  g_assert_cmpuint (bench.n_sent, ==, 0);
  /* our close_notify, made beforehand, is a good one */
  sfu_transport_close (bench.transport, clock_us);
  g_assert_cmpuint (bench.n_sent, ==, 1);
  sfu_dtls_on_datagram (bench.dtls, bench.sent[0].data, bench.sent[0].len, clock_us);
  g_assert_cmpint (sfu_dtls_get_state (bench.dtls), ==, SFU_DTLS_CLOSED);
  bench_clear (&bench);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/transport/connect", test_connect);
  g_test_add_func ("/sfu/transport/active", test_active);
  g_test_add_func ("/sfu/transport/early", test_early);
  g_test_add_func ("/sfu/transport/new-dtls", test_new_dtls);
  g_test_add_func ("/sfu/transport/wrong-certificate", test_wrong_certificate);
  g_test_add_func ("/sfu/transport/early-media", test_early_media);
  g_test_add_func ("/sfu/transport/farewell", test_farewell);
  g_test_add_func ("/sfu/transport/farewell-changed", test_farewell_changed);
  g_test_add_func ("/sfu/transport/farewell-handover", test_farewell_handover);
  g_test_add_func ("/sfu/transport/forged-alerts", test_forged_alerts);
  g_test_add_func ("/sfu/transport/last-flight", test_last_flight);
  return g_test_run ();
}
