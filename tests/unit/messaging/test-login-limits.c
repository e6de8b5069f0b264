/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/login-limits.h"

static AlAddr
address (const char *text)
{
  AlAddr addr;

  g_assert_true (al_addr_parse (text, 0, &addr, NULL));
  return addr;
}

static MsgLimits *
limits_new (MsgRate per_address, MsgRate per_name, MsgRate registration)
{
  MsgCoreOptions options;

  msg_core_options_init (&options);
  options.login_per_address = per_address;
  options.login_per_name = per_name;
  options.registration_per_address = registration;
  return msg_limits_new (&options);
}

static void
test_name (void)
{
  g_autoptr (MsgLimits) limits = limits_new ((MsgRate){ 0, 0 }, (MsgRate){ 3, 1000 }, (MsgRate){ 0, 0 });
  int64_t now_us = 5000000;

  for (int i = 0; i < 3; i++)
    g_assert_cmpint (msg_limits_take_login (limits, NULL, "ann", now_us), ==, 0);
  g_assert_cmpint (msg_limits_take_login (limits, NULL, "ann", now_us), ==, 1000);
  g_assert_cmpint (msg_limits_take_login (limits, NULL, "ann", now_us + 999999), ==, 1);
  g_assert_cmpint (msg_limits_take_login (limits, NULL, "ann", now_us + 1000000), ==, 0);
  g_assert_cmpint (msg_limits_take_login (limits, NULL, "ann", now_us + 1000000), ==, 1000);
  g_assert_cmpint (msg_limits_take_login (limits, NULL, "bob", now_us), ==, 0);
  /* whole again, and not more than that */
  now_us += INT64_C (3600) * G_USEC_PER_SEC;
  for (int i = 0; i < 3; i++)
    g_assert_cmpint (msg_limits_take_login (limits, NULL, "ann", now_us), ==, 0);
  g_assert_cmpint (msg_limits_take_login (limits, NULL, "ann", now_us), >, 0);
}

static void
test_address (void)
{
  g_autoptr (MsgLimits) limits = limits_new ((MsgRate){ 2, 1000 }, (MsgRate){ 0, 0 }, (MsgRate){ 1, 60000 });
  AlAddr v4 = address ("192.0.2.1:1000"), v4_port = address ("192.0.2.1:2000"), other = address ("192.0.2.2:1000");
  AlAddr mapped = address ("[::ffff:192.0.2.1]:3000");
  AlAddr v6 = address ("[2001:db8::1]:1"), v6_near = address ("[2001:db8::ffff:1]:1"),
         v6_far = address ("[2001:db8:0:1::1]:1");

  g_assert_cmpint (msg_limits_take_login (limits, &v4, "a", 1), ==, 0);
  g_assert_cmpint (msg_limits_take_login (limits, &v4_port, "b", 1), ==, 0);
  g_assert_cmpint (msg_limits_take_login (limits, &mapped, "c", 1), ==, 1000);
  g_assert_cmpint (msg_limits_take_login (limits, &other, "c", 1), ==, 0);
  g_assert_cmpint (msg_limits_take_login (limits, &v6, "c", 1), ==, 0);
  g_assert_cmpint (msg_limits_take_login (limits, &v6_near, "c", 1), ==, 0);
  g_assert_cmpint (msg_limits_take_login (limits, &v6, "c", 1), >, 0);
  g_assert_cmpint (msg_limits_take_login (limits, &v6_far, "c", 1), ==, 0);
  g_assert_cmpint (msg_limits_take_login (limits, NULL, "c", 1), ==, 0);
  /* registrations are counted for themselves */
  g_assert_cmpint (msg_limits_take_registration (limits, &v4, 1), ==, 0);
  g_assert_cmpint (msg_limits_take_registration (limits, &v4_port, 1), ==, 60000);
  g_assert_cmpint (msg_limits_take_registration (limits, NULL, 1), ==, 0);
}

/* Who is over the limit of the address does not use up the name's. */
static void
test_lockout (void)
{
  g_autoptr (MsgLimits) limits = limits_new ((MsgRate){ 1, 1000 }, (MsgRate){ 2, 1000 }, (MsgRate){ 0, 0 });
  AlAddr attacker = address ("192.0.2.1:1"), user = address ("192.0.2.2:1");

  for (int i = 0; i < 100; i++)
    (void) msg_limits_take_login (limits, &attacker, "ann", 1);
  g_assert_cmpint (msg_limits_take_login (limits, &user, "ann", 1), ==, 0);
}

/* One address uses up what it has for a name, and nothing of what others have; many together slow the name down. */
static void
test_many (void)
{
  g_autoptr (MsgLimits) limits = limits_new ((MsgRate){ 0, 0 }, (MsgRate){ 2, 1000 }, (MsgRate){ 0, 0 });
  AlAddr user = address ("192.0.2.99:1");
  unsigned allowed = 0;

  for (int i = 1; i <= 9; i++)
    {
      g_autofree char *text = g_strdup_printf ("192.0.2.%d:1", i);
      AlAddr attacker = address (text);

      for (int tries = 0; tries < 100; tries++)
        allowed += msg_limits_take_login (limits, &attacker, "ann", 1) == 0;
    }
  g_assert_cmpuint (allowed, ==, 18);
  g_assert_cmpint (msg_limits_take_login (limits, &user, "ann", 1), ==, 0);
  g_assert_cmpint (msg_limits_take_login (limits, &user, "ann", 1), ==, 0);
  /* ten times two are gone */
  user = address ("192.0.2.100:1");
  g_assert_cmpint (msg_limits_take_login (limits, &user, "ann", 1), ==, 100);
  g_assert_cmpint (msg_limits_take_login (limits, &user, "bob", 1), ==, 0);
}

/* A flood of names neither grows anything nor frees the one that was exhausted before its time. */
static void
test_flood (void)
{
  g_autoptr (MsgLimits) limits = limits_new ((MsgRate){ 0, 0 }, (MsgRate){ 10, 60000 }, (MsgRate){ 0, 0 });
  unsigned refused = 0;

  for (int i = 0; i < 10; i++)
    g_assert_cmpint (msg_limits_take_login (limits, NULL, "ann", 1), ==, 0);
  for (int i = 0; i < 200000; i++)
    {
      g_autofree char *name = g_strdup_printf ("n%d", i);

      refused += msg_limits_take_login (limits, NULL, name, 2) != 0;
    }
  g_assert_cmpuint (refused, ==, 0);
  g_assert_cmpint (msg_limits_take_login (limits, NULL, "ann", 3), >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messaging/login-limits/name", test_name);
  g_test_add_func ("/messaging/login-limits/address", test_address);
  g_test_add_func ("/messaging/login-limits/lockout", test_lockout);
  g_test_add_func ("/messaging/login-limits/many", test_many);
  g_test_add_func ("/messaging/login-limits/flood", test_flood);
  return g_test_run ();
}
