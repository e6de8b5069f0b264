/* SPDX-License-Identifier: Apache-2.0 */
/* Every event in every state of a call, said by everybody. */
#include "call-fixture.h"

/* Who, in this order: the caller, its other device, the callee's device that accepts, another of the callee's, a stranger.
 * Answers: O ok, N not found, D duplicate, E answered elsewhere, A already accepted, S wrong state, Q out of order (the
 * sequence), G gone. Then the state each leaves behind: n r c a e. */
static const struct {
  SigCallState state;
  SigCallEventType event;
  const char *answers, *states;
} matrix[] = {
  { SIG_CALL_NEW, SIG_CALL_ON_INVITE, "ONNNN", "rnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_RING, "NNNNN", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_ACCEPT, "NNNNN", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_CONFIRM, "NNNNN", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_REVEAL, "NNNNN", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_SEAL, "NNNNN", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_CONNECTED, "NNNNN", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_DECLINE, "NNNNN", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_CANCEL, "NNNNN", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_HANGUP, "NNNNN", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_ATTACHED, "OOOOO", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_DETACHED, "OOOOO", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_DISABLED, "OOOOO", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_ADMIN_END, "OOOOO", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_GLARE, "OOOOO", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_SUPERSEDED, "OOOOO", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_LOG_FAILED, "OOOOO", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_RESTORE, "OOOOO", "ccccc" },
  { SIG_CALL_NEW, SIG_CALL_ON_TIMER, "OOOOO", "nnnnn" },

  { SIG_CALL_RINGING, SIG_CALL_ON_INVITE, "DNDDN", "rrrrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_RING, "NNOON", "rrrrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_ACCEPT, "NNOON", "rrccr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_CONFIRM, "SNNNN", "rrrrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_REVEAL, "NNSSN", "rrrrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_SEAL, "SNSSN", "rrrrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_CONNECTED, "SNSSN", "rrrrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_DECLINE, "NNOON", "rreer" },
  { SIG_CALL_RINGING, SIG_CALL_ON_CANCEL, "ONNNN", "errrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_HANGUP, "ONOON", "ereer" },
  { SIG_CALL_RINGING, SIG_CALL_ON_ATTACHED, "OOOOO", "rrrrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_DETACHED, "OOOOO", "rrrrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_DISABLED, "OOOOO", "eeeer" },
  { SIG_CALL_RINGING, SIG_CALL_ON_ADMIN_END, "OOOOO", "eeeee" },
  { SIG_CALL_RINGING, SIG_CALL_ON_GLARE, "OOOOO", "eeeee" },
  { SIG_CALL_RINGING, SIG_CALL_ON_SUPERSEDED, "OOOOO", "eeeee" },
  { SIG_CALL_RINGING, SIG_CALL_ON_LOG_FAILED, "OOOOO", "eeeee" },
  { SIG_CALL_RINGING, SIG_CALL_ON_RESTORE, "OOOOO", "rrrrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_TIMER, "OOOOO", "rrrrr" },

  { SIG_CALL_CONNECTING, SIG_CALL_ON_INVITE, "DNDDN", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_RING, "NNSEN", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_ACCEPT, "NNAEN", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_CONFIRM, "ONNNN", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_REVEAL, "NNQNN", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_SEAL, "ONONN", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_CONNECTED, "ONONN", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_DECLINE, "NNSEN", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_CANCEL, "ONNNN", "ecccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_HANGUP, "ONOEN", "ececc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_ATTACHED, "OOOOO", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_DETACHED, "OOOOO", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_DISABLED, "OOOOO", "eeeec" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_ADMIN_END, "OOOOO", "eeeee" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_GLARE, "OOOOO", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_SUPERSEDED, "OOOOO", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_LOG_FAILED, "OOOOO", "eeeee" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_RESTORE, "OOOOO", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_TIMER, "OOOOO", "ccccc" },

  { SIG_CALL_ACTIVE, SIG_CALL_ON_INVITE, "DNDDN", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_RING, "NNSEN", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_ACCEPT, "NNAEN", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_CONFIRM, "ONNNN", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_REVEAL, "NNQNN", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_SEAL, "ONONN", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_CONNECTED, "ONONN", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_DECLINE, "NNSEN", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_CANCEL, "SNNNN", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_HANGUP, "ONOEN", "eaeaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_ATTACHED, "OOOOO", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_DETACHED, "OOOOO", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_DISABLED, "OOOOO", "eeeea" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_ADMIN_END, "OOOOO", "eeeee" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_GLARE, "OOOOO", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_SUPERSEDED, "OOOOO", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_LOG_FAILED, "OOOOO", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_RESTORE, "OOOOO", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_TIMER, "OOOOO", "aaaaa" },

  { SIG_CALL_ENDED, SIG_CALL_ON_INVITE, "DNDDN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_RING, "NNGGN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_ACCEPT, "NNGGN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_CONFIRM, "GNNNN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_REVEAL, "NNGNN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_SEAL, "GNGNN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_CONNECTED, "GNGNN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_DECLINE, "NNGGN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_CANCEL, "GNNNN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_HANGUP, "GNGGN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_ATTACHED, "OOOOO", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_DETACHED, "OOOOO", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_DISABLED, "OOOOO", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_ADMIN_END, "OOOOO", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_GLARE, "OOOOO", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_SUPERSEDED, "OOOOO", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_LOG_FAILED, "OOOOO", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_RESTORE, "OOOOO", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_TIMER, "OOOOO", "eeeee" },
};

static char
answer_letter (SigCallAnswer answer)
{
  static const char letters[SIG_CALL_ANSWER_N] = {
    [SIG_CALL_OK] = 'O',          [SIG_CALL_NOT_FOUND] = 'N',   [SIG_CALL_DUPLICATE] = 'D',
    [SIG_CALL_ANSWERED_ELSEWHERE] = 'E', [SIG_CALL_ALREADY_ACCEPTED] = 'A', [SIG_CALL_WRONG_STATE] = 'S',
    [SIG_CALL_OUT_OF_ORDER] = 'Q', [SIG_CALL_GONE] = 'G',
    [SIG_CALL_INVALID_BLOB] = 'B', [SIG_CALL_LIMIT] = 'L',
  };

  return letters[answer];
}

static void
test_matrix (void)
{
  static const uint64_t who[] = { A1, A2, B1, B2, C1 };

  g_assert_cmpuint (G_N_ELEMENTS (matrix), ==, SIG_CALL_STATE_N * SIG_CALL_EVENT_N);
  for (unsigned i = 0; i < G_N_ELEMENTS (matrix); i++)
    {
      char answers[6] = "", states[6] = "";

      g_assert_cmpuint (i, ==, matrix[i].state * SIG_CALL_EVENT_N + matrix[i].event);
      for (unsigned w = 0; w < G_N_ELEMENTS (who); w++)
        {
          Fixture f;
          bool device_event = matrix[i].event <= SIG_CALL_ON_HANGUP;
          SigCallAnswer answer;

          set_up (&f, NULL);
          reach (&f, matrix[i].state);
          answer = say (&f, matrix[i].event, who[w]);
          answers[w] = answer_letter (answer);
          states[w] = sig_call_state_to_string (sig_call_get_state (f.call))[0];
          /* an OK is said once, a refusal does nothing at all */
          g_assert_cmpuint (count_actions (&f.out, SIG_CALL_DO_REPLY), ==, device_event && answer == SIG_CALL_OK);
          if (answer != SIG_CALL_OK)
            g_assert_cmpuint (f.out.n, ==, 0);
          tear_down (&f, NULL);
        }
      if (strcmp (answers, matrix[i].answers) != 0 || strcmp (states, matrix[i].states) != 0)
        g_error ("state %d event %d: %s -> %s, expected %s -> %s", matrix[i].state, matrix[i].event, answers, states,
                 matrix[i].answers, matrix[i].states);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/call-matrix/all", test_matrix);
  return g_test_run ();
}
