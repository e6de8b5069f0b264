/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials that die before their time. */
#include "bench.h"

static void
test_revoke (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) a, b, other;
  int64_t until_s = EPOCH_S + 2000;

  client_init (&a, bench, 0, "9.8.7.6:1000");
  client_init (&b, bench, 0, "9.8.7.6:1001");
  client_init (&other, bench, 0, "9.8.7.6:1002");
  client_set_rest (&a, EPOCH_S + 9000, "call7", "newer");
  client_set_rest (&b, EPOCH_S + 9001, "call7", "newer"); /* the other side of the call, with an id of its own expiry */
  client_set_rest (&other, EPOCH_S + 9000, "call77", "newer");
  g_assert_cmpuint (client_allocate (&a), ==, 0);
  g_assert_cmpuint (client_allocate (&b), ==, 0);
  g_assert_cmpuint (client_allocate (&other), ==, 0);
  relay_turn_revoke (bench->turns[0], "call7", until_s, bench->now_us);
  g_assert_cmpuint (bench->ended->len, ==, 2);
  for (unsigned i = 0; i < 2; i++)
    {
      g_assert_cmpint (g_array_index (bench->ended, Ended, i).reason, ==, RELAY_END_REVOKED);
      g_assert_cmpstr (g_array_index (bench->ended, Ended, i).info.id, ==, "call7");
    }
  g_assert_cmpuint (client_refresh (&a, 600), ==, 401);
  g_assert_cmpuint (client_allocate (&a), ==, 401);
  g_assert_cmpuint (client_allocate (&b), ==, 401);
  g_assert_cmpuint (client_refresh (&other, 600), ==, 0);
  bench_go (bench, 999 * SECOND);
  g_assert_cmpuint (client_challenge (&a), ==, 401);
  g_assert_cmpuint (client_allocate (&a), ==, 401);
  bench_go (bench, SECOND);
  g_assert_cmpuint (client_allocate (&a), ==, 0); /* until then, and no longer */
}

/* ids longer than lists show are revoked whole */
static void
test_long_id (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) a, b;
  g_autofree char *id = g_strnfill (RELAY_ID_MAX + 40, 'x'), *same = g_strnfill (RELAY_ID_MAX, 'x');

  client_init (&a, bench, 0, "9.8.7.6:1000");
  client_set_rest (&a, EPOCH_S + 9000, id, "newer");
  client_init (&b, bench, 0, "9.8.7.6:1001");
  client_set_rest (&b, EPOCH_S + 9000, same, "newer");
  g_assert_cmpuint (client_allocate (&a), ==, 0);
  relay_turn_revoke (bench->turns[0], same, EPOCH_S + 9000, bench->now_us);
  g_assert_cmpuint (bench->ended->len, ==, 0);
  g_assert_cmpuint (client_allocate (&b), ==, 401);
  relay_turn_revoke (bench->turns[0], id, EPOCH_S + 9000, bench->now_us);
  g_assert_cmpuint (bench->ended->len, ==, 1);
  g_assert_cmpstr (g_array_index (bench->ended, Ended, 0).info.id, ==, same);
  g_assert_cmpuint (client_allocate (&a), ==, 401);
}

static void
test_static_user (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, "9.8.7.6:1000");
  relay_turn_revoke (bench->turns[0], "alice", INT64_MAX, bench->now_us);
  g_assert_cmpuint (client_allocate (&client), ==, 401);
  client_set_user (&client, "bob", "hunter", false);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
}

/* the table is bounded: what is over makes room */
static void
test_bounded (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, "9.8.7.6:1000");
  for (unsigned i = 0; i < 65535; i++)
    {
      char id[16];

      g_snprintf (id, sizeof id, "id%u", i);
      relay_turn_revoke (bench->turns[0], id, EPOCH_S + 1, bench->now_us);
    }
  relay_turn_revoke (bench->turns[0], "alice", INT64_MAX, bench->now_us);
  relay_turn_revoke (bench->turns[0], "one-more", INT64_MAX, bench->now_us);
  g_assert_cmpuint (client_allocate (&client), ==, 401);
  for (unsigned i = 0; i < 65536; i++)
    {
      char id[16];

      g_snprintf (id, sizeof id, "id%u", i);
      relay_turn_revoke (bench->turns[0], id, INT64_MAX, bench->now_us);
    }
  relay_turn_revoke (bench->turns[0], "bob", INT64_MAX, bench->now_us);
  client_set_user (&client, "bob", "hunter", false);
  g_assert_cmpuint (client_allocate (&client), ==, 401); /* the latest is always kept */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/turn-revoke/revoke", test_revoke);
  g_test_add_func ("/relay/turn-revoke/long-id", test_long_id);
  g_test_add_func ("/relay/turn-revoke/static-user", test_static_user);
  g_test_add_func ("/relay/turn-revoke/bounded", test_bounded);
  return g_test_run ();
}
