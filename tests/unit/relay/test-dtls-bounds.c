/* SPDX-License-Identifier: Apache-2.0 */
/* How many sessions of DTLS there may be, of everybody and of one address, how fast they begin, and which of them end. */
#include "dtls-bench.h"

/* bounded: of one address, and in all; who leaves makes room */
static void
test_bounds (void)
{
  g_autoptr (RelayDoor) door = relay_door_new (3, 2);
  const AlAdmission admission = relay_door_get_admission (door);
  static const char *const from[] = { "198.51.100.1:1", "198.51.100.1:2", "198.51.100.1:3", "198.51.100.2:1", "198.51.100.3:1" };
  static const bool in[] = { true, true, false, true, false };
  Bench bench;

  bench_init (&bench, &admission);
  for (unsigned i = 0; i < G_N_ELEMENTS (from); i++)
    {
      connect_client (&bench, i, from[i]);
      run (&bench, 10 * MS);
      g_assert_cmpint (state_of (&bench, i), ==, in[i] ? AL_DTLS_OPEN : AL_DTLS_HANDSHAKE);
    }
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 3);
  g_assert_cmpuint (bench.n_drops[RELAY_DROP_CONNECTIONS], ==, 2);
  al_dtls_close (bench.clients[0].dtls, clock_us);
  run (&bench, 2000 * MS); /* those who were refused have tried again */
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 3);
  g_assert_true (state_of (&bench, 2) == AL_DTLS_OPEN || state_of (&bench, 4) == AL_DTLS_OPEN);
  bench_clear (&bench);
  for (unsigned i = 0; i < 3; i++) /* everybody has been dismissed */
    {
      unsigned tag;

      g_assert_true (admission.admit (&bench.clients[i].path.remote, &tag, admission.user) || i == 2);
    }
}

static void
test_rate (void)
{
  Bench bench;
  unsigned n = 0;

  bench_init (&bench, NULL);
  for (unsigned i = 0; i < 2 * RELAY_DTLS_PER_S; i++)
    {
      g_autofree char *from = g_strdup_printf ("10.0.%u.%u:1", i / 200, i % 200);

      connect_client (&bench, 0, from);
      deliver (&bench);
      n += state_of (&bench, 0) == AL_DTLS_OPEN;
    }
  g_assert_cmpuint (n, ==, RELAY_DTLS_PER_S / 5);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, n);
  g_assert_cmpuint (bench.n_drops[RELAY_DROP_CONNECTIONS], ==, 2 * RELAY_DTLS_PER_S - n);
  run (&bench, 1000 * MS); /* the last one sends its ClientHello again */
  g_assert_cmpint (state_of (&bench, 0), ==, AL_DTLS_OPEN);
  bench_clear (&bench);
}

/* one client that comes back again and again takes nothing from others; and what it is refused ends nothing of its own */
static void
test_greedy (void)
{
  Bench bench;
  unsigned n = 0;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:1");
  deliver (&bench);
  for (unsigned i = 0; i < RELAY_DTLS_PER_S; i++)
    {
      connect_client (&bench, 1, "198.51.100.1:2");
      deliver (&bench);
      n += state_of (&bench, 1) == AL_DTLS_OPEN;
    }
  g_assert_cmpuint (n, ==, RELAY_DTLS_PER_SOURCE_BURST - 1);
  g_assert_cmpuint (bench.n_ended, ==, n - 1);
  g_assert_cmpuint (bench.n_drops[RELAY_DROP_CONNECTIONS], ==, RELAY_DTLS_PER_S - n);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 2);
  connect_client (&bench, 1, "198.51.100.1:1"); /* in the place of the first */
  deliver (&bench);
  g_assert_cmpint (state_of (&bench, 1), ==, AL_DTLS_HANDSHAKE);
  g_assert_true (echoes (&bench, 0));
  connect_client (&bench, 2, "198.51.100.2:1");
  deliver (&bench);
  g_assert_cmpint (state_of (&bench, 2), ==, AL_DTLS_OPEN);
  run (&bench, 1000 * MS); /* it has asked again */
  g_assert_cmpint (state_of (&bench, 1), ==, AL_DTLS_OPEN);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 3);
  bench_clear (&bench);
}

/* the place that a client has before a full door is its next session's */
static void
test_again_full (void)
{
  g_autoptr (RelayDoor) door = relay_door_new (1, 1);
  const AlAdmission admission = relay_door_get_admission (door);
  unsigned tag;
  Bench bench;

  bench_init (&bench, &admission);
  for (unsigned i = 0; i < 3; i++)
    {
      connect_client (&bench, 0, "198.51.100.1:1");
      deliver (&bench);
      g_assert_true (echoes (&bench, 0));
      g_assert_cmpuint (bench.n_ended, ==, i);
      g_assert_false (admission.admit (&bench.clients[0].path.remote, &tag, admission.user));
    }
  bench_clear (&bench);
  g_assert_true (admission.admit (&bench.clients[0].path.remote, &tag, admission.user));
  g_assert_false (admission.admit (&bench.clients[0].path.remote, &tag, admission.user));
}

/* sessions that have held no allocation are bounded: the oldest makes room, and is told */
static void
test_unproved (void)
{
  Bench bench;

  bench_init (&bench, NULL);
  for (unsigned i = 1; i <= 2; i++)
    {
      connect_client (&bench, i, i == 1 ? "198.51.100.1:1" : "198.51.100.2:1");
      deliver (&bench);
      g_assert_true (echoes (&bench, i));
      bench.used = i == 1 ? bench.last : bench.used;
    }
  for (unsigned i = 0; i < RELAY_DTLS_UNPROVED_MAX; i++)
    {
      g_autofree char *from = g_strdup_printf ("10.0.%u.%u:1", i / 200, i % 200);

      g_assert_cmpint (state_of (&bench, 2), ==, AL_DTLS_OPEN);
      clock_us += G_USEC_PER_SEC / RELAY_DTLS_PER_S;
      connect_client (&bench, 0, from);
      deliver (&bench);
      g_assert_cmpint (state_of (&bench, 0), ==, AL_DTLS_OPEN);
    }
  g_assert_cmpint (state_of (&bench, 2), ==, AL_DTLS_CLOSED);
  g_assert_cmpuint (bench.n_ended, ==, 1);
  g_assert_true (echoes (&bench, 0));
  g_assert_true (echoes (&bench, 1));
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, RELAY_DTLS_UNPROVED_MAX + 1);
  bench_clear (&bench);
}

/* who holds no allocation is told that it is over */
static void
test_idle (void)
{
  Bench bench;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:1");
  connect_client (&bench, 1, "198.51.100.1:2");
  run (&bench, 10 * MS);
  g_assert_true (echoes (&bench, 1));
  bench.used = bench.last;
  run (&bench, RELAY_DTLS_IDLE_US - 100 * MS);
  g_assert_true (echoes (&bench, 0)); /* talking alone does not help */
  run (&bench, 200 * MS);
  g_assert_cmpint (state_of (&bench, 0), ==, AL_DTLS_CLOSED);
  run (&bench, 3 * RELAY_DTLS_IDLE_US);
  g_assert_true (echoes (&bench, 1));
  bench.used = NULL;
  run (&bench, RELAY_DTLS_IDLE_US);
  g_assert_cmpint (state_of (&bench, 1), ==, AL_DTLS_CLOSED);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 0);
  g_assert_cmpint (al_timer_wheel_next_us (bench.wheel), ==, INT64_MAX);
  bench_clear (&bench);
  g_assert_cmpuint (bench.n_ended, ==, 2);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  tls_set_up ();
  g_test_add_func ("/relay/dtls/bounds", test_bounds);
  g_test_add_func ("/relay/dtls/rate", test_rate);
  g_test_add_func ("/relay/dtls/greedy", test_greedy);
  g_test_add_func ("/relay/dtls/again-full", test_again_full);
  g_test_add_func ("/relay/dtls/unproved", test_unproved);
  g_test_add_func ("/relay/dtls/idle", test_idle);
  result = g_test_run ();
  tls_tear_down ();
  return result;
}
