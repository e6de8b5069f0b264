/* SPDX-License-Identifier: Apache-2.0 */
/* Every refusal of a call has the code and the reason of docs/openrpc.json. */
#include "signaling/calls-private.h"
#include "signaling/rpc.h"

static const struct {
  const char *name;
  SigCallAnswer answer;
  int code;
  const char *reason;
} refusals[] = {
  { "not-found", SIG_CALL_NOT_FOUND, SIG_RPC_NOT_FOUND, "call" },
  { "duplicate", SIG_CALL_DUPLICATE, SIG_RPC_CONFLICT, "call_exists" },
  { "answered-elsewhere", SIG_CALL_ANSWERED_ELSEWHERE, SIG_RPC_CONFLICT, "answered_elsewhere" },
  { "already-accepted", SIG_CALL_ALREADY_ACCEPTED, SIG_RPC_CONFLICT, "already_accepted" },
  { "wrong-state", SIG_CALL_WRONG_STATE, SIG_RPC_CONFLICT, "wrong_state" },
  { "out-of-order", SIG_CALL_OUT_OF_ORDER, SIG_RPC_CONFLICT, "out_of_order" },
  { "gone", SIG_CALL_GONE, SIG_RPC_GONE, "call_ended" },
  { "invalid-blob", SIG_CALL_INVALID_BLOB, SIG_RPC_INVALID_PARAMS, "invalid_blob" },
  { "limit", SIG_CALL_LIMIT, SIG_RPC_LIMIT, "seal_rate" },
};

static void
test_answer (gconstpointer data)
{
  unsigned i = GPOINTER_TO_UINT (data);
  SigCallsError error = sig_calls_error_of_answer (refusals[i].answer, 1234);

  g_assert_cmpint (error.code, ==, refusals[i].code);
  g_assert_cmpstr (error.reason, ==, refusals[i].reason);
  g_assert_cmpint (error.retry_after_ms, ==, refusals[i].answer == SIG_CALL_LIMIT ? 1234 : 0);
}

static void
test_log (void)
{
  g_autoptr (GError) conflict = msg_error_new (MSG_ERROR_CONFLICT, "call_exists", "no");
  g_autoptr (GError) unavailable = msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "no");
  SigCallsError error = sig_calls_error_of_log (conflict);

  g_assert_cmpint (error.code, ==, SIG_RPC_CONFLICT);
  error = sig_calls_error_of_log (unavailable);
  g_assert_cmpint (error.code, ==, SIG_RPC_UNAVAILABLE);
  g_assert_cmpstr (error.reason, ==, "storage");
  g_assert_cmpint (error.retry_after_ms, >=, 1000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  G_STATIC_ASSERT (G_N_ELEMENTS (refusals) == SIG_CALL_ANSWER_N - 1); /* all but SIG_CALL_OK */
  for (unsigned i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autofree char *path = g_strdup_printf ("/signaling/calls-errors/%s", refusals[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_answer);
    }
  g_test_add_func ("/signaling/calls-errors/log", test_log);
  return g_test_run ();
}
