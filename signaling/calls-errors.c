/* SPDX-License-Identifier: Apache-2.0 */
/* Why not: every refusal of the table of calls, with the codes and reasons of docs/openrpc.json. */
#include "signaling/calls-private.h"
#include "signaling/rpc.h"

const SigCallsError sig_calls_error_closing = { SIG_RPC_UNAVAILABLE, "closing", "The server is closing", 1000, false, { 0 } };
const SigCallsError sig_calls_error_shutting_down = { SIG_RPC_UNAVAILABLE, "shutting_down",
                                                      "The server takes no new calls, connect again", 1000, false, { 0 } };
const SigCallsError sig_calls_error_self = { SIG_RPC_INVALID_PARAMS, "self", "Nobody can call themselves", 0, false, { 0 } };
const SigCallsError sig_calls_error_exists = { SIG_RPC_CONFLICT, "call_exists", "This callId was used before", 0, false,
                                               { 0 } };
const SigCallsError sig_calls_error_in_call = { SIG_RPC_CONFLICT, "in_call", "You are in another call", 0, false, { 0 } };
const SigCallsError sig_calls_error_user = { SIG_RPC_NOT_FOUND, "user", "No such user", 0, false, { 0 } };
const SigCallsError sig_calls_error_not_found = { SIG_RPC_NOT_FOUND, "call", "No such call", 0, false, { 0 } };
const SigCallsError sig_calls_error_gone = { SIG_RPC_GONE, "call_ended", "The call has ended", 0, false, { 0 } };

SigCallsError
sig_calls_error_of_answer (SigCallAnswer answer, int64_t retry_after_ms)
{
  switch (answer)
    {
    case SIG_CALL_NOT_FOUND:
      return sig_calls_error_not_found;
    case SIG_CALL_DUPLICATE:
      return sig_calls_error_exists;
    case SIG_CALL_ANSWERED_ELSEWHERE:
      return (SigCallsError){ SIG_RPC_CONFLICT, "answered_elsewhere", "Another device has taken the call" };
    case SIG_CALL_ALREADY_ACCEPTED:
      return (SigCallsError){ SIG_RPC_CONFLICT, "already_accepted", "This device has taken the call already" };
    case SIG_CALL_WRONG_STATE:
      return (SigCallsError){ SIG_RPC_CONFLICT, "wrong_state", "The call is not in a state for this" };
    case SIG_CALL_OUT_OF_ORDER:
      return (SigCallsError){ SIG_RPC_CONFLICT, "out_of_order", "Confirm and reveal come once each, in this order" };
    case SIG_CALL_GONE:
      return sig_calls_error_gone;
    case SIG_CALL_INVALID_BLOB:
      return (SigCallsError){ SIG_RPC_INVALID_PARAMS, "invalid_blob", "A blob of 1 to 65536 bytes is needed" };
    case SIG_CALL_LIMIT:
      return (SigCallsError){ SIG_RPC_LIMIT, "seal_rate", "Too many or too large sealed messages", retry_after_ms };
    case SIG_CALL_OK:
    case SIG_CALL_ANSWER_N:
      break;
    }
  g_assert_not_reached ();
}

SigCallsError
sig_calls_error_of_log (const GError *error)
{
  if (!g_error_matches (error, MSG_ERROR, MSG_ERROR_UNAVAILABLE))
    return sig_calls_error_exists; /* the log refuses a row only where its id belongs to another call */
  return (SigCallsError){ SIG_RPC_UNAVAILABLE, msg_error_get_reason (error), "The call log could not be written",
                          MAX (msg_error_get_retry_after_ms (error), 1000) };
}
