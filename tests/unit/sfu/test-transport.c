/* SPDX-License-Identifier: Apache-2.0 */
/* A transport and a peer made of the same parts, without a network, in virtual time. */
#include <openssl/ssl.h>

#include "base/dtls-hello.h"
#include "ice-peer.h"
#include "sfu/transport.h"
#include "virtual-clock.h"

#define SECOND ((int64_t) G_USEC_PER_SEC)
#define SENT_MAX 64

typedef struct {
  SfuPath to;
  size_t len;
  uint8_t data[SFU_DTLS_MTU];
} Sent;

typedef struct {
  SfuIdentity *identity, *peer_identity;
  AlHmac *hmac;
  SfuTransport *transport;
  char ufrag[SFU_ICE_UFRAG_LEN + 1], pwd[SFU_ICE_PWD_LEN + 1];
  char remote[16];
  uint32_t priority;
  SfuPath paths[12];
  int sockets[2]; /* only their addresses are used */
  Sent sent[SENT_MAX]; /* by the transport, not yet looked at */
  unsigned n_sent;
  SfuTransportState states[16];
  unsigned n_states, n_paths;
  /* the peer */
  SfuDtls *dtls;
  SfuPath dtls_path; /* where the peer sends DTLS from */
  GByteArray *kept, *kept_finished; /* take it instead of the transport: all; ChangeCipherSpec and Finished */
  SfuSrtp *srtp;
  uint64_t index;
} Bench;

static void
on_send (SfuTransport *transport, const SfuPath *path, const uint8_t *data, size_t len, void *user)
{
  Bench *bench = user;
  Sent *sent = &bench->sent[bench->n_sent++];

  g_assert_cmpuint (bench->n_sent, <=, SENT_MAX);
  g_assert_cmpuint (len, <=, sizeof sent->data);
  sent->to = *path;
  sent->len = len;
  memcpy (sent->data, data, len);
}

static void
on_state (SfuTransport *transport, SfuTransportState state, void *user)
{
  Bench *bench = user;

  g_assert_cmpint (sfu_transport_get_state (transport), ==, state);
  g_assert_cmpuint (bench->n_states, <, G_N_ELEMENTS (bench->states));
  bench->states[bench->n_states++] = state;
}

static void
on_path (SfuTransport *transport, const SfuPath *path, void *user)
{
  Bench *bench = user;

  g_assert_true (sfu_path_equal (path, sfu_transport_get_path (transport)));
  bench->n_paths++;
}

static const SfuTransportOps ops = { on_send, on_state, on_path };

static void
on_peer_send (const uint8_t *data, size_t len, void *user)
{
  Bench *bench = user;

  if (bench->kept != NULL)
    g_byte_array_append (bench->kept, data, (guint) len);
  else if (bench->kept_finished != NULL && (data[0] == 20 || al_dtls_has_finished (data, len)))
    g_byte_array_append (bench->kept_finished, data, (guint) len);
  else
    sfu_transport_on_dtls (bench->transport, &bench->dtls_path, data, len, clock_us);
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
make_transport (Bench *bench, bool dtls_client, bool knows_fingerprint)
{
  SfuFingerprint fingerprint = fingerprint_of (bench->peer_identity);
  const SfuTransportConfig config = { .identity = bench->identity, .local_ufrag = bench->ufrag, .remote_ufrag = bench->remote,
                                      .dtls_client = dtls_client, .fingerprints = &fingerprint,
                                      .n_fingerprints = knows_fingerprint };

  bench->transport = sfu_transport_new (&config, &ops, bench, clock_us);
  sfu_transport_set_owner (bench->transport, bench->hmac, bench);
}

static void
bench_init (Bench *bench)
{
  memset (bench, 0, sizeof *bench);
  clock_us = CLOCK_START_US;
  bench->identity = sfu_identity_new (NULL);
  bench->peer_identity = sfu_identity_new (NULL);
  bench->hmac = al_hmac_new ();
  sfu_ice_make_ufrag (bench->identity, bench->ufrag);
  sfu_ice_make_password (bench->identity, bench->hmac, bench->ufrag, bench->pwd);
  strcpy (bench->remote, "peer");
  for (unsigned i = 0; i < G_N_ELEMENTS (bench->paths); i++)
    {
      g_autofree char *text = i % 2 == 0 ? g_strdup_printf ("192.0.2.%u:5000", i + 1)
                                         : g_strdup_printf ("[2001:db8::%u]:5000", i + 1);

      g_assert_true (al_addr_parse (text, 0, &bench->paths[i].remote, NULL));
      bench->paths[i].via = &bench->sockets[0];
    }
  make_transport (bench, false, true);
  bench->dtls = sfu_dtls_new (bench->peer_identity, on_peer_send, bench);
  bench->dtls_path = bench->paths[0];
}

static void
bench_clear (Bench *bench)
{
  sfu_transport_free (bench->transport);
  sfu_dtls_free (bench->dtls);
  sfu_srtp_free (bench->srtp);
  sfu_identity_free (bench->identity);
  sfu_identity_free (bench->peer_identity);
  al_hmac_free (bench->hmac);
}

/* a check by @path; credentials are the bench's unless @check has its own. Returns: was it valid */
static bool
check_with (Bench *bench, const SfuPath *path, IcePeerCheck check)
{
  AlStunMessage message;
  uint8_t data[512];
  size_t len;

  check.local = check.local != NULL ? check.local : bench->ufrag;
  check.remote = check.remote != NULL ? check.remote : bench->remote;
  check.pwd = check.pwd != NULL ? check.pwd : bench->pwd;
  len = ice_peer_write (bench->hmac, &check, data, sizeof data);
  g_assert_true (al_stun_parse (data, len, &message));
  return sfu_transport_on_stun (bench->transport, &message, path, clock_us);
}

static bool
check (Bench *bench, const SfuPath *path, bool use_candidate)
{
  return check_with (bench, path, (IcePeerCheck){ .use_candidate = use_candidate });
}

/* Returns: how many of what was sent were successes of STUN; DTLS goes to the peer */
static unsigned
take_sent (Bench *bench)
{
  unsigned n_successes = 0;

  for (unsigned i = 0; i < bench->n_sent; i++)
    {
      const Sent *sent = &bench->sent[i];
      AlStunMessage message;

      if (al_stun_parse (sent->data, sent->len, &message))
        n_successes += message.cls == AL_STUN_SUCCESS;
      else
        {
          g_assert_true (sfu_path_equal (&sent->to, sfu_transport_get_path (bench->transport)));
          sfu_dtls_on_datagram (bench->dtls, sent->data, sent->len, clock_us);
        }
    }
  bench->n_sent = 0;
  return n_successes;
}

static void
run_dtls (Bench *bench)
{
  for (unsigned i = 0; i < 10; i++)
    {
      (void) take_sent (bench);
      sfu_dtls_tick (bench->dtls, clock_us);
    }
}

static void
take_keys (Bench *bench)
{
  SfuSrtpKey send, receive;
  SfuSrtpProfile profile = sfu_dtls_export (bench->dtls, &send, &receive);

  g_assert_cmpint (profile, ==, SFU_SRTP_AEAD_AES_128_GCM);
  bench->srtp = sfu_srtp_new (profile, &send, &receive);
}

static void
connect_peer (Bench *bench)
{
  SfuFingerprint fingerprint = fingerprint_of (bench->identity);

  g_assert_true (check (bench, &bench->paths[0], true));
  sfu_dtls_start (bench->dtls, true, &fingerprint, 1, clock_us);
  run_dtls (bench);
  g_assert_cmpint (sfu_transport_get_state (bench->transport), ==, SFU_TRANSPORT_CONNECTED);
  take_keys (bench);
}

/* an RTP or RTCP packet of the peer by @path. Returns: was it taken */
static bool
packet_from (Bench *bench, const SfuPath *path, bool rtcp)
{
  uint8_t data[200] = { 0x80, 96 };
  size_t len;

  bench->index++;
  data[1] = rtcp ? 201 : 96;
  data[2] = rtcp ? 0 : (uint8_t) (bench->index >> 8);
  data[3] = rtcp ? 24 : (uint8_t) bench->index;
  data[rtcp ? 7 : 11] = 77;
  if (bench->srtp == NULL)
    len = 120;
  else if (rtcp)
    len = sfu_srtp_protect_rtcp (bench->srtp, data, 100, sizeof data);
  else
    len = sfu_srtp_protect_rtp (bench->srtp, data, 100, sizeof data, 12, bench->index);
  return (rtcp ? sfu_transport_unprotect_rtcp (bench->transport, path, data, len, clock_us)
               : sfu_transport_unprotect_rtp (bench->transport, path, data, len, clock_us)) == 100;
}

static void
tick_at (Bench *bench, int64_t at_us)
{
  clock_us = at_us;
  sfu_transport_tick (bench->transport, clock_us);
}

static SfuTransportStats
stats_of (const Bench *bench)
{
  SfuTransportStats stats;

  sfu_transport_get_stats (bench->transport, &stats);
  return stats;
}

#define assert_state(bench, state) g_assert_cmpint (sfu_transport_get_state ((bench)->transport), ==, (state))

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

/* points 2 and 3: the last nominated path is where things go; numbers of nominations order them */
static void
test_migration (void)
{
  Bench bench;

  bench_init (&bench);
  connect_peer (&bench);
  g_assert_true (check (&bench, &bench.paths[1], false));
  g_assert_true (sfu_path_equal (sfu_transport_get_path (bench.transport), &bench.paths[0]));
  g_assert_true (packet_from (&bench, &bench.paths[1], false)); /* known: the peer may change over first */
  g_assert_true (check (&bench, &bench.paths[1], true));
  g_assert_true (sfu_path_equal (sfu_transport_get_path (bench.transport), &bench.paths[1]));
  g_assert_true (packet_from (&bench, &bench.paths[0], false));

  /* with numbers: the larger one wins, late ones and such without do not */
  g_assert_true (check_with (&bench, &bench.paths[2], (IcePeerCheck){ .use_candidate = true, .nomination = 5 }));
  g_assert_true (check_with (&bench, &bench.paths[3], (IcePeerCheck){ .use_candidate = true, .nomination = 4 }));
  g_assert_true (check (&bench, &bench.paths[3], true));
  g_assert_true (sfu_path_equal (sfu_transport_get_path (bench.transport), &bench.paths[2]));
  g_assert_true (check_with (&bench, &bench.paths[3], (IcePeerCheck){ .nomination = 6 }));
  g_assert_true (sfu_path_equal (sfu_transport_get_path (bench.transport), &bench.paths[3]));
  g_assert_cmpuint (bench.n_paths, ==, 4);
  g_assert_cmpuint (stats_of (&bench).path_changes, ==, 4);
  /* with no path left, any nomination is better than none */
  sfu_transport_forget_via (bench.transport, &bench.sockets[0], clock_us);
  g_assert_true (check_with (&bench, &bench.paths[2], (IcePeerCheck){ .use_candidate = true, .nomination = 5 }));
  g_assert_true (sfu_path_equal (sfu_transport_get_path (bench.transport), &bench.paths[2]));
  bench_clear (&bench);
}

/* point 2: nothing but a check with integrity makes an address the peer's: not SRTP, DTLS, or a check of a stranger */
static void
test_hijack (void)
{
  uint8_t hello[64] = { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 51, 1 };
  uint8_t alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 0 };
  SfuPath other_socket, other_local;
  Bench bench;

  bench_init (&bench);
  connect_peer (&bench);
  g_assert_false (packet_from (&bench, &bench.paths[5], false));
  g_assert_false (packet_from (&bench, &bench.paths[5], true));
  sfu_transport_on_dtls (bench.transport, &bench.paths[5], hello, sizeof hello, clock_us);
  sfu_transport_on_dtls (bench.transport, &bench.paths[5], alert, sizeof alert, clock_us);
  g_assert_cmpuint (stats_of (&bench).rx_bad_path, ==, 4);
  (void) take_sent (&bench);
  g_assert_false (check_with (&bench, &bench.paths[5], (IcePeerCheck){ .use_candidate = true, .pwd = "not-the-password-at-all" }));
  g_assert_false (check_with (&bench, &bench.paths[5], (IcePeerCheck){ .use_candidate = true, .no_integrity = true }));
  g_assert_false (check_with (&bench, &bench.paths[5], (IcePeerCheck){ .use_candidate = true, .remote = "else" }));
  g_assert_cmpuint (bench.n_sent, ==, 0);
  g_assert_cmpuint (stats_of (&bench).rx_bad_checks, ==, 3);
  /* answered, but with no effect */
  g_assert_false (check_with (&bench, &bench.paths[5], (IcePeerCheck){ .use_candidate = true, .controlled = true }));
  g_assert_false (check_with (&bench, &bench.paths[5], (IcePeerCheck){ .use_candidate = true, .extra = 0x7000 }));
  g_assert_cmpuint (bench.n_sent, ==, 2);
  g_assert_cmpuint (take_sent (&bench), ==, 0);
  g_assert_false (sfu_transport_has_path (bench.transport, &bench.paths[5]));
  g_assert_true (sfu_path_equal (sfu_transport_get_path (bench.transport), &bench.paths[0]));
  /* another socket or connection, or another address of ours, is another path */
  other_socket = other_local = bench.paths[0];
  other_socket.via = &bench.sockets[1];
  other_local.local = bench.paths[2].remote;
  g_assert_false (packet_from (&bench, &other_socket, false));
  g_assert_false (packet_from (&bench, &other_local, false));
  /* an unauthentic packet from the right address is no sign of life either */
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  g_assert_true (packet_from (&bench, &bench.paths[0], false));
  bench_clear (&bench);
}

/* point 2: at most eight addresses; the one in use stays */
static void
test_many_paths (void)
{
  unsigned known = 0;
  Bench bench;

  bench_init (&bench);
  connect_peer (&bench);
  for (unsigned i = 1; i < G_N_ELEMENTS (bench.paths); i++)
    {
      clock_us += 1000;
      g_assert_true (check (&bench, &bench.paths[i], false));
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (bench.paths); i++)
    known += sfu_transport_has_path (bench.transport, &bench.paths[i]);
  g_assert_cmpuint (known, ==, SFU_PATHS_MAX);
  g_assert_true (sfu_transport_has_path (bench.transport, &bench.paths[0]));
  g_assert_true (sfu_transport_has_path (bench.transport, &bench.paths[11]));
  g_assert_false (sfu_transport_has_path (bench.transport, &bench.paths[1]));
  g_assert_true (sfu_path_equal (sfu_transport_get_path (bench.transport), &bench.paths[0]));
  /* and each is forgotten when it was not checked for 30 s */
  for (unsigned i = 0; i < 8; i++)
    {
      g_assert_true (check (&bench, &bench.paths[0], true));
      tick_at (&bench, clock_us + 5 * SECOND);
    }
  g_assert_false (sfu_transport_has_path (bench.transport, &bench.paths[11]));
  g_assert_true (packet_from (&bench, &bench.paths[0], false));
  bench_clear (&bench);
}

/* point 5, RFC 7675 §5.1: what is not heard is interrupted, then silent, then over */
static void
test_consent (void)
{
  int64_t start_us;
  Bench bench;

  bench_init (&bench);
  connect_peer (&bench);
  start_us = clock_us;
  g_assert_cmpint (sfu_transport_get_deadline (bench.transport), ==, start_us + SFU_QUIET_US);
  tick_at (&bench, start_us + SFU_QUIET_US - 1);
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  tick_at (&bench, start_us + SFU_QUIET_US);
  assert_state (&bench, SFU_TRANSPORT_INTERRUPTED);
  g_assert_true (sfu_transport_may_send (bench.transport, clock_us)); /* consent is still fresh */
  /* media is a sign of life, but no consent */
  g_assert_true (packet_from (&bench, &bench.paths[0], false));
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  while (clock_us < start_us + 59 * SECOND)
    {
      clock_us += SECOND;
      g_assert_true (packet_from (&bench, &bench.paths[0], true));
      sfu_transport_tick (bench.transport, clock_us);
      g_assert_true (sfu_transport_may_send (bench.transport, clock_us) == (clock_us - start_us < SFU_CONSENT_US));
    }
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  g_assert_true (check (&bench, &bench.paths[0], false));
  g_assert_true (sfu_transport_may_send (bench.transport, clock_us));
  (void) take_sent (&bench);
  tick_at (&bench, clock_us + SFU_QUIET_US);
  tick_at (&bench, clock_us - SFU_QUIET_US + SFU_SILENCE_US - 1);
  assert_state (&bench, SFU_TRANSPORT_INTERRUPTED);
  g_assert_cmpint (sfu_transport_get_deadline (bench.transport), ==, clock_us + 1);
  tick_at (&bench, clock_us + 1);
  assert_state (&bench, SFU_TRANSPORT_CLOSED);
  g_assert_cmpint (sfu_transport_get_end (bench.transport), ==, SFU_END_TIMEOUT);
  g_assert_cmpuint (bench.n_sent, ==, 0); /* not even a farewell without consent */
  bench_clear (&bench);
}

/* consent that never comes back ends it, however much media comes */
static void
test_no_consent (void)
{
  int64_t start_us;
  Bench bench;

  bench_init (&bench);
  connect_peer (&bench);
  start_us = clock_us;
  while (sfu_transport_get_state (bench.transport) != SFU_TRANSPORT_CLOSED)
    {
      g_assert_true (packet_from (&bench, &bench.paths[0], true));
      tick_at (&bench, clock_us + SECOND);
    }
  g_assert_cmpint (clock_us - start_us, ==, SFU_CONSENT_US + SFU_SILENCE_US);
  bench_clear (&bench);
}

static void
test_never (void)
{
  Bench bench;

  bench_init (&bench);
  tick_at (&bench, CLOCK_START_US + SFU_SETUP_US - 1);
  g_assert_true (check (&bench, &bench.paths[0], false));
  assert_state (&bench, SFU_TRANSPORT_NEW);
  g_assert_cmpint (sfu_transport_get_deadline (bench.transport), ==, CLOCK_START_US + SFU_SETUP_US);
  tick_at (&bench, CLOCK_START_US + SFU_SETUP_US);
  g_assert_cmpint (sfu_transport_get_end (bench.transport), ==, SFU_END_TIMEOUT);
  bench_clear (&bench);

  bench_init (&bench); /* nominated, checked for ever, but no DTLS */
  for (unsigned i = 0; i <= 30; i++)
    {
      g_assert_cmpint (check (&bench, &bench.paths[0], true), ==, sfu_transport_get_state (bench.transport) != SFU_TRANSPORT_CLOSED);
      bench.n_sent = 0;
      tick_at (&bench, CLOCK_START_US + i * SECOND);
    }
  g_assert_cmpint (sfu_transport_get_end (bench.transport), ==, SFU_END_DTLS);
  g_assert_cmpstr (sfu_transport_get_error (bench.transport), !=, "");
  bench_clear (&bench);
}

/* point 6: ICE restart: both generations are answered for a while; DTLS, SRTP, sequence numbers and the path stay */
static void
test_restart (void)
{
  char old_ufrag[SFU_ICE_UFRAG_LEN + 1], old_pwd[SFU_ICE_PWD_LEN + 1];
  IcePeerCheck old = { .local = old_ufrag, .remote = "peer", .pwd = old_pwd, .use_candidate = true };
  SfuSrtp *srtp;
  Bench bench;

  bench_init (&bench);
  connect_peer (&bench);
  srtp = sfu_transport_get_srtp (bench.transport);
  strcpy (old_ufrag, bench.ufrag);
  strcpy (old_pwd, bench.pwd);
  sfu_ice_make_ufrag (bench.identity, bench.ufrag);
  sfu_ice_make_password (bench.identity, bench.hmac, bench.ufrag, bench.pwd);
  strcpy (bench.remote, "again");
  g_assert_false (check (&bench, &bench.paths[1], true)); /* not known yet */
  sfu_transport_restart_ice (bench.transport, bench.ufrag, bench.remote, clock_us);
  g_assert_true (sfu_transport_has_ufrag (bench.transport, (const uint8_t *) old_ufrag));
  g_assert_true (sfu_transport_has_ufrag (bench.transport, (const uint8_t *) bench.ufrag));
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  g_assert_true (check_with (&bench, &bench.paths[2], old)); /* it may still move by the old one, */
  g_assert_true (sfu_path_equal (sfu_transport_get_path (bench.transport), &bench.paths[2]));
  g_assert_false (check_with (&bench, &bench.paths[2], (IcePeerCheck){ .remote = "peer" })); /* but not by a mixture */
  tick_at (&bench, clock_us + 6 * SECOND); /* nothing nominated: no hurry */
  g_assert_true (check_with (&bench, &bench.paths[2], old));
  g_assert_true (check (&bench, &bench.paths[1], true));
  g_assert_true (sfu_path_equal (sfu_transport_get_path (bench.transport), &bench.paths[1]));
  g_assert_true (check_with (&bench, &bench.paths[2], old)); /* answered, but the new one leads */
  g_assert_true (sfu_path_equal (sfu_transport_get_path (bench.transport), &bench.paths[1]));
  g_assert_true (packet_from (&bench, &bench.paths[1], false));
  g_assert_true (packet_from (&bench, &bench.paths[2], false));
  g_assert_cmpint (sfu_transport_get_deadline (bench.transport), ==, clock_us + SFU_OVERLAP_US);
  tick_at (&bench, clock_us + SFU_OVERLAP_US);
  g_assert_false (check_with (&bench, &bench.paths[2], old));
  g_assert_false (sfu_transport_has_ufrag (bench.transport, (const uint8_t *) old_ufrag));
  g_assert_true (check (&bench, &bench.paths[1], true));
  g_assert_true (sfu_transport_get_srtp (bench.transport) == srtp);
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  g_assert_cmpuint (bench.n_states, ==, 2);
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

/* a TCP connection goes: its paths go with it, and the peer comes back by another one; then another worker takes over */
static void
test_connection_lost (void)
{
  g_autoptr (AlHmac) other = al_hmac_new ();
  SfuPath tcp;
  Bench bench;

  bench_init (&bench);
  tcp = bench.paths[0];
  tcp.via = &bench.sockets[1];
  connect_peer (&bench);
  g_assert_true (check (&bench, &tcp, true));
  sfu_transport_forget_via (bench.transport, &bench.sockets[1], clock_us);
  assert_state (&bench, SFU_TRANSPORT_INTERRUPTED);
  g_assert_null (sfu_transport_get_path (bench.transport));
  g_assert_false (sfu_transport_may_send (bench.transport, clock_us));
  g_assert_false (packet_from (&bench, &tcp, false));
  g_assert_true (packet_from (&bench, &bench.paths[0], false)); /* still a path, but not nominated */
  assert_state (&bench, SFU_TRANSPORT_INTERRUPTED);
  sfu_transport_set_owner (bench.transport, other, &bench);
  g_assert_true (check (&bench, &bench.paths[0], true));
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  g_assert_true (sfu_transport_may_send (bench.transport, clock_us));
  sfu_transport_forget_via (bench.transport, &bench.sockets[0], clock_us);
  g_assert_false (sfu_transport_has_path (bench.transport, &bench.paths[0]));
  tick_at (&bench, clock_us + SFU_SILENCE_US);
  assert_state (&bench, SFU_TRANSPORT_CLOSED);
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

/* what is no check gets no answer */
static void
test_other_stun (void)
{
  Bench bench;

  bench_init (&bench);
  connect_peer (&bench);
  bench.n_sent = 0;
  g_assert_false (check_with (&bench, &bench.paths[0], (IcePeerCheck){ .cls = AL_STUN_INDICATION }));
  g_assert_false (check_with (&bench, &bench.paths[0], (IcePeerCheck){ .cls = AL_STUN_SUCCESS }));
  g_assert_false (check_with (&bench, &bench.paths[0], (IcePeerCheck){ .cls = AL_STUN_ERROR }));
  g_assert_false (check_with (&bench, &bench.paths[0], (IcePeerCheck){ .method = AL_STUN_ALLOCATE }));
  g_assert_false (check_with (&bench, &bench.paths[0], (IcePeerCheck){ .no_fingerprint = true }));
  g_assert_cmpuint (bench.n_sent, ==, 0);
  g_assert_cmpstr (sfu_transport_state_name (SFU_TRANSPORT_CONNECTED), ==, "connected");
  bench_clear (&bench);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/transport/connect", test_connect);
  g_test_add_func ("/sfu/transport/active", test_active);
  g_test_add_func ("/sfu/transport/early", test_early);
  g_test_add_func ("/sfu/transport/migration", test_migration);
  g_test_add_func ("/sfu/transport/hijack", test_hijack);
  g_test_add_func ("/sfu/transport/many-paths", test_many_paths);
  g_test_add_func ("/sfu/transport/consent", test_consent);
  g_test_add_func ("/sfu/transport/no-consent", test_no_consent);
  g_test_add_func ("/sfu/transport/never", test_never);
  g_test_add_func ("/sfu/transport/restart", test_restart);
  g_test_add_func ("/sfu/transport/new-dtls", test_new_dtls);
  g_test_add_func ("/sfu/transport/wrong-certificate", test_wrong_certificate);
  g_test_add_func ("/sfu/transport/connection-lost", test_connection_lost);
  g_test_add_func ("/sfu/transport/early-media", test_early_media);
  g_test_add_func ("/sfu/transport/farewell", test_farewell);
  g_test_add_func ("/sfu/transport/farewell-changed", test_farewell_changed);
  g_test_add_func ("/sfu/transport/farewell-handover", test_farewell_handover);
  g_test_add_func ("/sfu/transport/forged-alerts", test_forged_alerts);
  g_test_add_func ("/sfu/transport/last-flight", test_last_flight);
  g_test_add_func ("/sfu/transport/other-stun", test_other_stun);
  return g_test_run ();
}
