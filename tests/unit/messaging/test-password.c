/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/password.h"

#include <string.h>

static const MsgPasswordCost fast = { 8, 1, 1 };

static void
test_round (void)
{
  g_autofree char *hash = msg_password_hash (&fast, "correct horse");
  g_autofree char *again = msg_password_hash (&fast, "correct horse");
  MsgPasswordCost cost;

  g_assert_true (g_str_has_prefix (hash, "$argon2id$v=19$m=8,t=1,p=1$"));
  g_assert_cmpstr (hash, !=, again); /* a salt of its own */
  g_assert_true (msg_password_verify (hash, "correct horse"));
  g_assert_false (msg_password_verify (hash, "correct horsE"));
  g_assert_false (msg_password_verify (hash, ""));
  g_assert_true (msg_password_parse (hash, &cost));
  g_assert_cmpuint (cost.memory_kib, ==, 8);
  g_assert_false (msg_password_is_outdated (hash, &fast));
}

static void
test_default (void)
{
  static const MsgPasswordCost cost = MSG_PASSWORD_COST_DEFAULT;
  g_autofree char *hash = msg_password_hash (&cost, "x");

  g_assert_true (g_str_has_prefix (hash, "$argon2id$v=19$m=19456,t=2,p=1$"));
  g_assert_true (msg_password_is_outdated (hash, &fast));
}

/* The reference implementation's own test (argon2 1.3, test.c): version 0x13, t=2, m=2^8, p=1. */
static void
test_vector (void)
{
  static const char hash[] = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
  MsgPasswordCost cost;

  g_assert_true (msg_password_parse (hash, &cost));
  g_assert_cmpuint (cost.memory_kib, ==, 256);
  g_assert_cmpuint (cost.passes, ==, 2);
  g_assert_true (msg_password_verify (hash, "password"));
  g_assert_false (msg_password_verify (hash, "passwore"));
}

static void
test_parse (void)
{
#define TAIL "$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
  static const char *const bad[] = {
    "",
    "password",
    "$argon2i$v=19$m=256,t=2,p=1" TAIL,
    "$argon2d$v=19$m=256,t=2,p=1" TAIL,
    "$argon2id$v=16$m=256,t=2,p=1" TAIL,
    "$argon2id$m=256,t=2,p=1" TAIL,
    "$argon2id$v=19$m=262145,t=2,p=1" TAIL,
    "$argon2id$v=19$m=4294967552,t=2,p=1" TAIL,
    "$argon2id$v=19$m=256,t=17,p=1" TAIL,
    "$argon2id$v=19$m=256,t=2,p=17" TAIL,
    "$argon2id$v=19$m=0256,t=2,p=1" TAIL,
    "$argon2id$v=19$m=-1,t=2,p=1" TAIL,
    "$argon2id$v=19$m=7,t=2,p=1" TAIL,
    "$argon2id$v=19$m=256,t=0,p=1" TAIL,
    "$argon2id$v=19$m=256,t=2,p=1" TAIL " ",
    "$argon2id$v=19$m=256,t=2,p=1" TAIL "$",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ",
    "$argon2id$v=19$m=256,t=2,p=1$$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ=$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=256,t=2,p=1,data=eA" TAIL,
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHR$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/5",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQxMR$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
  };
  MsgPasswordCost cost;

  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (msg_password_parse (bad[i], &cost));
  g_assert_true (msg_password_parse ("$argon2id$v=19$m=262144,t=16,p=16" TAIL, &cost));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messaging/password/round", test_round);
  g_test_add_func ("/messaging/password/default", test_default);
  g_test_add_func ("/messaging/password/vector", test_vector);
  g_test_add_func ("/messaging/password/parse", test_parse);
  return g_test_run ();
}
