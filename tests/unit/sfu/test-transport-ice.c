/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses are a peer's, consent, and ICE that begins anew. */
#include "transport-bench.h"

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

/* point 5, RFC 5245 §8.1.1.2: who nominates each pair uses the best of them, and the last to arrive may be another
 * (Firefox on a busy machine): where consent comes, and it alone, is where the peer is */
static void
test_followed (void)
{
  int64_t start_us;
  Bench bench;

  bench_init (&bench);
  connect_peer (&bench);
  g_assert_true (check (&bench, &bench.paths[1], true));
  g_assert_true (check (&bench, &bench.paths[0], true)); /* sent before that one */
  start_us = clock_us;
  tick_at (&bench, start_us + SFU_QUIET_US - 1);
  g_assert_true (check (&bench, &bench.paths[1], false)); /* a path that is kept alive changes nothing */
  g_assert_true (sfu_path_equal (sfu_transport_get_path (bench.transport), &bench.paths[0]));
  for (int i = 0; i < 20; i++)
    {
      tick_at (&bench, clock_us + 6 * SECOND);
      g_assert_true (check (&bench, &bench.paths[1], false));
      g_assert_true (sfu_transport_may_send (bench.transport, clock_us));
    }
  assert_state (&bench, SFU_TRANSPORT_CONNECTED);
  g_assert_true (sfu_path_equal (sfu_transport_get_path (bench.transport), &bench.paths[1]));
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
  g_test_add_func ("/sfu/transport-ice/migration", test_migration);
  g_test_add_func ("/sfu/transport-ice/followed", test_followed);
  g_test_add_func ("/sfu/transport-ice/hijack", test_hijack);
  g_test_add_func ("/sfu/transport-ice/many-paths", test_many_paths);
  g_test_add_func ("/sfu/transport-ice/consent", test_consent);
  g_test_add_func ("/sfu/transport-ice/no-consent", test_no_consent);
  g_test_add_func ("/sfu/transport-ice/never", test_never);
  g_test_add_func ("/sfu/transport-ice/restart", test_restart);
  g_test_add_func ("/sfu/transport-ice/connection-lost", test_connection_lost);
  g_test_add_func ("/sfu/transport-ice/other-stun", test_other_stun);
  return g_test_run ();
}
