/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/two-factor.h"

#include "harness.h"
#include "messaging/totp.h"

#define PASSWORD "correct horse"

typedef struct {
  Bench bench;
  MsgId user;
  uint8_t secret[MSG_TOTP_SECRET_BYTES];
  char *draft, *uri;   /* of the last begin */
  char **codes;        /* of the last enable */
  MsgTwoFactorState state;
} Fixture;

static void
on_draft (const MsgTwoFactorDraft *draft, const GError *error, gpointer data)
{
  gpointer *pair = data;
  Fixture *f = pair[0];

  answer_take (pair[1], error);
  g_assert_true ((draft == NULL) == (error != NULL));
  if (draft == NULL)
    return;
  g_free (f->draft);
  g_free (f->uri);
  f->draft = g_strdup (draft->secret);
  f->uri = g_strdup (draft->uri);
}

static void
on_codes (const char *const *codes, const GError *error, gpointer data)
{
  gpointer *pair = data;
  Fixture *f = pair[0];

  answer_take (pair[1], error);
  g_assert_true ((codes == NULL) == (error != NULL));
  if (codes == NULL)
    return;
  g_strfreev (f->codes);
  f->codes = g_strdupv ((char **) codes);
}

static void
on_state (const MsgTwoFactorState *state, const GError *error, gpointer data)
{
  gpointer *pair = data;

  answer_take (pair[1], error);
  ((Fixture *) pair[0])->state = *state;
}

static void
begin (Fixture *f, const char *password, Answer *answer)
{
  gpointer pair[] = { f, answer };

  msg_two_factor_begin (f->bench.core, f->user, password, on_draft, pair);
  bench_wait (&f->bench, answer);
}

static void
enable (Fixture *f, const char *code, Answer *answer)
{
  gpointer pair[] = { f, answer };

  msg_two_factor_enable (f->bench.core, f->user, code, on_codes, pair);
  bench_wait (&f->bench, answer);
}

static void
disable (Fixture *f, const char *password, const char *code, Answer *answer)
{
  msg_two_factor_disable (f->bench.core, f->user, password, code, on_done, answer);
  bench_wait (&f->bench, answer);
}

static const MsgTwoFactorState *
get_state (Fixture *f)
{
  g_auto (Answer) answer = { 0 };
  gpointer pair[] = { f, &answer };

  msg_two_factor_get (f->bench.core, f->user, on_state, pair);
  bench_wait (&f->bench, &answer);
  g_assert_no_error (answer.error);
  return &f->state;
}

static void
login (Fixture *f, const char *name, const char *password, const char *code, Answer *answer)
{
  uint8_t key[32];
  MsgCredentials credentials = { .username = name, .password = password, .code = code,
                                 .device = bench_device (0, 2, key) };

  msg_account_login (f->bench.core, &credentials, on_login, answer);
  bench_wait (&f->bench, answer);
}

/* what the app shows @offset steps from now */
static char *
app_code (Fixture *f, int offset)
{
  gsize len = 0;

  /* base32 back to bytes, as an app does it */
  for (unsigned i = 0, bits = 0, n = 0; f->draft[i] != '\0'; i++)
    {
      const char *letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

      bits = (bits << 5 | (unsigned) (strchr (letters, f->draft[i]) - letters)) & 0xfff;
      if ((n += 5) >= 8)
        f->secret[len++] = (uint8_t) (bits >> (n -= 8));
    }
  g_assert_cmpuint (len, ==, sizeof f->secret);
  return g_strdup_printf ("%06u", msg_hotp (f->secret, len, (uint64_t) (f->bench.now_ms / 30000 + offset), 6));
}

static void
turn_on (Fixture *f)
{
  g_auto (Answer) begun = { 0 }, enabled = { 0 };
  g_autofree char *code = NULL;

  begin (f, PASSWORD, &begun);
  g_assert_no_error (begun.error);
  code = app_code (f, 0);
  enable (f, code, &enabled);
  g_assert_no_error (enabled.error);
  f->bench.now_ms += 60000;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_auto (Answer) ann = { 0 };

  bench_init (&f->bench);
  f->bench.options.code_per_user = (MsgRate){ 5, 1000 };
  bench_open (&f->bench);
  bench_register (&f->bench, "ann", 1, &ann);
  f->user = ann.login->user->id;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_strfreev (f->codes);
  g_free (f->draft);
  g_free (f->uri);
  bench_clear (&f->bench);
}

#define REFUSED(call, code, reason)                                                                                    \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_auto (Answer) answer = { 0 };                                                                                    \
    call;                                                                                                              \
    assert_reason (&answer, code, reason);                                                                             \
  }                                                                                                                    \
  G_STMT_END

#define ACCEPTED(call)                                                                                                 \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_auto (Answer) answer = { 0 };                                                                                    \
    call;                                                                                                              \
    g_assert_no_error (answer.error);                                                                                  \
  }                                                                                                                    \
  G_STMT_END

static void
test_enable (Fixture *f, gconstpointer data)
{
  g_autofree char *first = NULL, *right = NULL, *wrong = NULL;

  REFUSED (enable (f, "123456", &answer), MSG_ERROR_CONFLICT, "two_factor_off");
  REFUSED (begin (f, "wrong wrong", &answer), MSG_ERROR_UNAUTHENTICATED, "bad_password");
  ACCEPTED (begin (f, PASSWORD, &answer));
  g_assert_true (g_str_has_prefix (f->uri, "otpauth://totp/Aldis:ann?secret="));
  g_assert_nonnull (strstr (f->uri, f->draft));
  first = app_code (f, 0);
  ACCEPTED (login (f, "ann", PASSWORD, NULL, &answer)); /* not yet */
  g_assert_cmpint (get_state (f)->enabled_at_ms, ==, 0);

  /* a second begin voids the first */
  ACCEPTED (begin (f, PASSWORD, &answer));
  right = app_code (f, 0);
  wrong = app_code (f, 5);
  if (g_strcmp0 (first, right) != 0)
    REFUSED (enable (f, first, &answer), MSG_ERROR_UNAUTHENTICATED, "bad_code");
  REFUSED (enable (f, wrong, &answer), MSG_ERROR_UNAUTHENTICATED, "bad_code");
  REFUSED (enable (f, "", &answer), MSG_ERROR_UNAUTHENTICATED, "bad_code");
  ACCEPTED (enable (f, right, &answer));
  g_assert_cmpuint (g_strv_length (f->codes), ==, 10);
  g_assert_cmpint (get_state (f)->enabled_at_ms, ==, EPOCH_MS);
  g_assert_cmpuint (f->state.recovery_codes, ==, 10);
  REFUSED (begin (f, PASSWORD, &answer), MSG_ERROR_CONFLICT, "two_factor_on");
  REFUSED (enable (f, right, &answer), MSG_ERROR_CONFLICT, "two_factor_on");
  /* the code that enabled it is spent */
  f->bench.now_us += 10000000;
  REFUSED (login (f, "ann", PASSWORD, right, &answer), MSG_ERROR_UNAUTHENTICATED, "bad_code");
}

/* only the right password opens the question for the code */
static void
test_login (Fixture *f, gconstpointer data)
{
  g_autofree char *code = NULL, *next = NULL;
  g_auto (Answer) unknown = { 0 }, wrong = { 0 };

  turn_on (f);
  code = app_code (f, 0);
  login (f, "nobody", "wrong wrong", code, &unknown);
  login (f, "ann", "wrong wrong", code, &wrong);
  assert_reason (&unknown, MSG_ERROR_UNAUTHENTICATED, "bad_password");
  assert_reason (&wrong, MSG_ERROR_UNAUTHENTICATED, "bad_password");
  g_assert_cmpstr (unknown.error->message, ==, wrong.error->message);
  REFUSED (login (f, "ann", "wrong wrong", NULL, &answer), MSG_ERROR_UNAUTHENTICATED, "bad_password");
  REFUSED (login (f, "ann", PASSWORD, NULL, &answer), MSG_ERROR_UNAUTHENTICATED, "code_required");
  REFUSED (login (f, "ann", PASSWORD, "", &answer), MSG_ERROR_UNAUTHENTICATED, "code_required");
  REFUSED (login (f, "ann", PASSWORD, "not a code", &answer), MSG_ERROR_UNAUTHENTICATED, "bad_code");
  ACCEPTED (login (f, "ann", PASSWORD, code, &answer));
  REFUSED (login (f, "ann", PASSWORD, code, &answer), MSG_ERROR_UNAUTHENTICATED, "bad_code");
  bench_reopen (&f->bench); /* spent is spent, also after a restart */
  REFUSED (login (f, "ann", PASSWORD, code, &answer), MSG_ERROR_UNAUTHENTICATED, "bad_code");
  f->bench.now_ms += 30000;
  next = app_code (f, 0);
  ACCEPTED (login (f, "ann", PASSWORD, next, &answer));
}

static void
test_recovery (Fixture *f, gconstpointer data)
{
  turn_on (f);
  ACCEPTED (login (f, "ann", PASSWORD, f->codes[3], &answer));
  REFUSED (login (f, "ann", PASSWORD, f->codes[3], &answer), MSG_ERROR_UNAUTHENTICATED, "bad_code");
  g_assert_cmpuint (get_state (f)->recovery_codes, ==, 9);
  ACCEPTED (login (f, "ann", PASSWORD, f->codes[9], &answer));
  REFUSED (login (f, "ann", PASSWORD, "AAAA-BBBB-CCCC-DDDD", &answer), MSG_ERROR_UNAUTHENTICATED, "bad_code");
}

/* digits are few: they are limited by user, whoever tries, and a recovery code gets the owner in meanwhile */
static void
test_rate (Fixture *f, gconstpointer data)
{
  g_autofree char *wrong = NULL, *right = NULL;

  turn_on (f);
  wrong = app_code (f, 100);
  for (unsigned i = 0; i < 4; i++) /* one was taken by enabling */
    REFUSED (login (f, "ann", PASSWORD, wrong, &answer), MSG_ERROR_UNAUTHENTICATED, "bad_code");
  REFUSED (login (f, "ann", PASSWORD, wrong, &answer), MSG_ERROR_LIMIT, "code_rate");
  right = app_code (f, 0);
  REFUSED (login (f, "ann", PASSWORD, right, &answer), MSG_ERROR_LIMIT, "code_rate");
  /* who does not know the password learns nothing of it */
  REFUSED (login (f, "ann", "wrong wrong", right, &answer), MSG_ERROR_UNAUTHENTICATED, "bad_password");
  ACCEPTED (login (f, "ann", PASSWORD, f->codes[0], &answer));
  f->bench.now_us += 1000000;
  ACCEPTED (login (f, "ann", PASSWORD, right, &answer));
}

static void
test_disable (Fixture *f, gconstpointer data)
{
  g_autofree char *code = NULL;

  REFUSED (disable (f, PASSWORD, "123456", &answer), MSG_ERROR_CONFLICT, "two_factor_off");
  turn_on (f);
  code = app_code (f, 0);
  REFUSED (disable (f, "wrong wrong", code, &answer), MSG_ERROR_UNAUTHENTICATED, "bad_password");
  REFUSED (disable (f, PASSWORD, NULL, &answer), MSG_ERROR_UNAUTHENTICATED, "code_required");
  REFUSED (disable (f, PASSWORD, "AAAA-BBBB-CCCC-DDDD", &answer), MSG_ERROR_UNAUTHENTICATED, "bad_code");
  ACCEPTED (disable (f, PASSWORD, code, &answer));
  ACCEPTED (login (f, "ann", PASSWORD, NULL, &answer));
  g_assert_cmpuint (get_state (f)->recovery_codes, ==, 0);
  turn_on (f); /* and again, with other codes */
  REFUSED (login (f, "ann", PASSWORD, NULL, &answer), MSG_ERROR_UNAUTHENTICATED, "code_required");
}

static void
test_reset (Fixture *f, gconstpointer data)
{
  turn_on (f);
  ACCEPTED ((msg_two_factor_reset (f->bench.core, f->user, on_done, &answer), bench_wait (&f->bench, &answer)));
  ACCEPTED (login (f, "ann", PASSWORD, NULL, &answer));
  REFUSED ((msg_two_factor_reset (f->bench.core, 12345, on_done, &answer), bench_wait (&f->bench, &answer)),
           MSG_ERROR_NOT_FOUND, "user");
}

static void
test_no_user (Fixture *f, gconstpointer data)
{
  f->user = 999;
  REFUSED (begin (f, PASSWORD, &answer), MSG_ERROR_NOT_FOUND, "user");
}

#define ADD(name, fn) g_test_add ("/messaging/two-factor/" name, Fixture, NULL, set_up, fn, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("enable", test_enable);
  ADD ("login", test_login);
  ADD ("recovery", test_recovery);
  ADD ("rate", test_rate);
  ADD ("disable", test_disable);
  ADD ("reset", test_reset);
  ADD ("no-user", test_no_user);
  return g_test_run ();
}
