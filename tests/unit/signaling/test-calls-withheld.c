/* SPDX-License-Identifier: Apache-2.0 */
/* A call that its callee does not want: the caller must see what comes of a callee who is not there, the callee nothing. */
#include "calls-fixture.h"

#include "signaling/calls-private.h"

static void
call (Fixture *f, unsigned device, unsigned n, MsgId to, Answer *answer)
{
  ask_full (f, SIG_CALL_ON_INVITE, device, n, to, SIG_CALL_REASON_NONE, NULL, answer);
  settle (f);
}

static unsigned
n_listed (Fixture *f, MsgId user, MsgId device)
{
  g_autoptr (JsonArray) list = sig_calls_of_device (f->calls, user, device);

  return json_array_get_length (list);
}

/* in memory, of whatever state */
static unsigned
n_kept (Fixture *f, MsgId user)
{
  g_autoptr (GPtrArray) list = sig_calls_of_user (f->calls, user);

  return list->len;
}

static void
end_ringing (Fixture *f)
{
  f->now_us += f->options.limits.ring_us;
  sig_calls_tick (f->calls);
  settle (f);
}

/* Both ways the same, member by member: B has blocked, or B has no device. */
static void
test_no_oracle (Fixture *f, gconstpointer data)
{
  Answer answers[2];
  char *heard[2];
  MsgCall rows[2];

  for (unsigned i = 0; i < 2; i++)
    {
      the_log.blocks = i == 0 ? B : 0;
      f->attached[B1] = f->attached[B2] = i == 0;
      call (f, A1, 5 + i, B, &answers[i]);
      g_assert_cmpuint (answers[i].n, ==, 1);
      g_assert_true (answers[i].ok);
      g_assert_cmpint (answers[i].reply.expires_at_ms - fixture_now_ms (f), ==, f->options.limits.ring_us / 1000);
      g_assert_cmpuint (n_listed (f, A, A1), ==, 1);
      end_ringing (f);
      g_assert_cmpuint (n_listed (f, A, A1), ==, 0);
      g_assert_cmpuint (n_kept (f, A), ==, 0);
      g_assert_cmpuint (n_kept (f, B), ==, 0);
      heard[i] = g_strdup (f->heard->str);
      g_string_truncate (f->heard, 0);
      rows[i] = *row (f, 5 + i);
    }
  g_assert_cmpint (answers[0].reply.state, ==, answers[1].reply.state);
  g_assert_cmpuint (answers[0].reply.n_devices, ==, 0);
  g_assert_cmpuint (answers[1].reply.n_devices, ==, 0);
  g_assert_cmpstr (heard[0], ==, heard[1]);
  g_assert_cmpstr (heard[0], ==, "11:ended/missed ");
  g_assert_true (rows[0].withheld);
  g_assert_false (rows[1].withheld);
  g_assert_cmpstr (rows[0].reason, ==, rows[1].reason);
  g_assert_cmpstr (f->events->str, ==, "ringing ended/missed "); /* of the second alone */
  g_free (heard[0]);
  g_free (heard[1]);
}

/* A callee who is in a call is no busier than one who is not there. */
static void
test_busy (Fixture *f, gconstpointer data)
{
  Answer answer;

  call (f, B1, 3, C, &answer);
  ask (f, SIG_CALL_ON_ACCEPT, C1, 3, &answer);
  settle (f);
  g_string_truncate (f->heard, 0);
  the_log.blocks = B;
  call (f, A1, 5, B, &answer);
  g_assert_true (answer.ok);
  g_assert_cmpint (answer.reply.state, ==, SIG_CALL_RINGING);
  assert_heard (f, "");
}

/* Devices that come while it rings hear nothing, see nothing and can say nothing. */
static void
test_device_comes (Fixture *f, gconstpointer data)
{
  Answer answer;

  the_log.blocks = B;
  f->attached[B1] = false;
  call (f, A1, 5, B, &answer);
  f->attached[B1] = true;
  sig_calls_device_attached (f->calls, B, B1, false);
  settle (f);
  assert_heard (f, "");
  g_assert_cmpuint (n_listed (f, B, B1), ==, 0);
  for (SigCallEventType type = SIG_CALL_ON_RING; type <= SIG_CALL_ON_HANGUP; type++)
    {
      ask (f, type, B1, 5, &answer);
      settle (f);
      g_assert_false (answer.ok);
      g_assert_cmpstr (answer.error.reason, ==, "call");
    }
  assert_heard (f, "");
  ask (f, SIG_CALL_ON_CANCEL, A1, 5, &answer);
  settle (f);
  g_assert_true (answer.ok);
  g_assert_cmpstr (row (f, 5)->reason, ==, "cancelled");
  g_assert_true (row (f, 5)->withheld);
}

/* Who blocks may call all the same: what is withheld gives way, whichever id is smaller. */
static void
test_glare (Fixture *f, gconstpointer data)
{
  Answer answer;

  for (unsigned n = 4; n <= 6; n += 2)
    {
      the_log.blocks = B;
      call (f, A1, 100 * n + 5, B, &answer);
      the_log.blocks = 0;
      call (f, B1, 100 * n + n, A, &answer);
      g_assert_true (answer.ok);
      g_assert_cmpint (answer.reply.state, ==, SIG_CALL_RINGING);
      assert_heard (f, "11:ended/glare 11:incoming 12:incoming ");

      the_log.blocks = B;
      call (f, A1, 100 * n + 50, B, &answer);
      g_assert_false (answer.ok);
      g_assert_cmpstr (answer.error.reason, ==, "glare");
      call (f, A1, 100 * n + 1, B, &answer);
      g_assert_false (answer.ok);
      g_assert_cmpstr (answer.error.reason, ==, "glare");
      assert_heard (f, "");
      ask (f, SIG_CALL_ON_CANCEL, B1, 100 * n + n, &answer);
      settle (f);
      g_string_truncate (f->heard, 0);
    }
}

int
main (int argc, char **argv)
{
  static const CallsTest tests[] = {
    { "withheld/no-oracle", test_no_oracle },
    { "withheld/busy", test_busy },
    { "withheld/device-comes", test_device_comes },
    { "withheld/glare", test_glare },
  };

  return calls_run (argc, argv, tests, G_N_ELEMENTS (tests));
}
