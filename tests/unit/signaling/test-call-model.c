/* SPDX-License-Identifier: Apache-2.0 */
/* Random events of a call against what must always hold. */
#include "call-fixture.h"

typedef struct {
  bool incoming, revoked;
  unsigned ended;
} Told;

typedef struct {
  Fixture f;
  Told told[40];        /* by device */
  unsigned n_accepted;  /* accepts that were OK */
  uint64_t accepted;
  bool over;
  int64_t last_us;
} Model;

static void
model_check_action (Model *m, const SigCallAction *action)
{
  Told *told = &m->told[action->device];

  if (action->type != SIG_CALL_DO_NOTIFY)
    return;
  g_assert_cmpuint (action->user, !=, C);
  g_assert_true (action->device != A2 && action->device != 13);
  g_assert_cmpint (told->ended, ==, 0); /* nothing comes behind the end */
  switch (action->note)
    {
    case SIG_CALL_NOTE_INCOMING:
      g_assert_cmpuint (action->user, ==, B);
      g_assert_cmpuint (m->n_accepted, ==, 0);
      told->incoming = true;
      told->revoked = false;
      break;
    case SIG_CALL_NOTE_ENDED:
      g_assert_true (action->device == A1 || told->incoming || action->device == m->accepted);
      if (action->reason == SIG_CALL_REASON_ANSWERED_ELSEWHERE)
        g_assert_cmpuint (action->device, !=, m->accepted);
      told->ended++;
      break;
    case SIG_CALL_NOTE_RINGING:
    case SIG_CALL_NOTE_ACCEPTED:
    case SIG_CALL_NOTE_REVEALED:
      g_assert_cmpuint (action->device, ==, A1);
      break;
    case SIG_CALL_NOTE_CONFIRMED:
      g_assert_cmpuint (action->device, ==, m->accepted);
      break;
    default:
      g_assert_true (action->device == A1 || action->device == m->accepted);
      break;
    }
}

static void
model_check (Model *m, const SigCallEvent *event)
{
  Fixture *f = &m->f;
  unsigned notes = 0;

  if (event->type == SIG_CALL_ON_ACCEPT && f->out.answer == SIG_CALL_OK)
    {
      m->n_accepted++;
      m->accepted = event->device;
    }
  g_assert_cmpuint (m->n_accepted, <=, 1);
  if (event->type == SIG_CALL_ON_DETACHED && event->forever)
    m->told[event->device].revoked = true;
  if (event->type == SIG_CALL_ON_ATTACHED && sig_call_get_state (f->call) == SIG_CALL_RINGING)
    m->told[event->device].revoked = false;
  if (m->over)
    g_assert_cmpuint (f->out.n, ==, 0); /* ended is final */
  for (unsigned i = 0; i < f->out.n; i++)
    {
      model_check_action (m, &f->out.actions[i]);
      notes += f->out.actions[i].type == SIG_CALL_DO_NOTIFY;
    }
  m->over = sig_call_get_state (f->call) == SIG_CALL_ENDED;
  g_assert_cmpint (sig_call_next_us (f->call), >, f->now_us);
  /* the invitation is held while it rings and not a moment longer */
  g_assert_cmpuint (f->blob->refs, ==, sig_call_get_state (f->call) == SIG_CALL_RINGING ? 2 : 1);
  g_assert_cmpuint (notes, <=, SIG_CALL_MAX_DEVICES + 1);
}

static SigCallEvent
model_random_event (Model *m, GRand *rand, uint64_t *devices)
{
  static const uint64_t who[] = { A1, A1, A1, A2, 13, B1, B1, B2, B2, B3, C1 };
  static const SigCallEventType often[] = { SIG_CALL_ON_RING, SIG_CALL_ON_CONFIRM, SIG_CALL_ON_REVEAL, SIG_CALL_ON_SEAL,
                                            SIG_CALL_ON_CONNECTED, SIG_CALL_ON_ATTACHED, SIG_CALL_ON_DETACHED,
                                            SIG_CALL_ON_TIMER, SIG_CALL_ON_ACCEPT };
  uint64_t device = who[g_rand_int_range (rand, 0, G_N_ELEMENTS (who))];
  SigCallEvent event = {
    .type = g_rand_int_range (rand, 0, 10) > 0 ? often[g_rand_int_range (rand, 0, G_N_ELEMENTS (often))]
                                               : (SigCallEventType) g_rand_int_range (rand, 0, SIG_CALL_ON_RESTORE),
    .user = device / 10,
    .device = device,
    .blob = m->f.blob,
    .attached = g_rand_boolean (rand),
    .resumed = g_rand_boolean (rand),
    .forever = g_rand_int_range (rand, 0, 8) == 0,
    .reason = g_rand_int_range (rand, 0, SIG_CALL_REASON_N),
    .devices = devices,
    .n_devices = g_rand_int_range (rand, 0, 4),
    .other_id = other_id,
  };

  return event;
}

static void
model_run (GRand *rand, unsigned *reasons)
{
  uint64_t devices[] = { B1, B2, B3 };
  Model m = { 0 };
  SigCallEvent event;
  int64_t us;

  set_up (&m.f, NULL);
  event = (SigCallEvent){ .type = SIG_CALL_ON_INVITE, .user = A, .device = A1, .blob = m.f.blob, .devices = devices,
                          .n_devices = g_rand_int_range (rand, 0, 4), .attached = g_rand_boolean (rand) };
  (void) step (&m.f, event);
  model_check (&m, &event);
  for (unsigned i = 0; i < 400 && !(m.over && i > 20); i++)
    {
      unsigned times = g_rand_int_range (rand, 0, 6) == 0 ? 2 : 1; /* duplicates */

      if (g_rand_int_range (rand, 0, 4) == 0)
        m.f.now_us += g_rand_int_range (rand, 0, 12 * SECOND);
      event = model_random_event (&m, rand, devices);
      while (times-- > 0)
        {
          (void) step (&m.f, event);
          model_check (&m, &event);
        }
    }
  if (!m.over)
    {
      (void) step (&m.f, (SigCallEvent){ .type = SIG_CALL_ON_ADMIN_END });
      model_check (&m, &(SigCallEvent){ .type = SIG_CALL_ON_ADMIN_END });
    }

  g_assert_cmpuint (m.told[A1].ended, ==, 1);
  for (unsigned device = B1; device <= B3; device++)
    {
      bool concerned = m.told[device].incoming || device == m.accepted;

      if (!m.told[device].revoked)
        g_assert_cmpuint (m.told[device].ended, ==, concerned);
      g_assert_cmpuint (m.told[device].ended, <=, 1);
    }
  g_assert_cmpint (ended_us (&m.f), >=, START);
  g_assert_cmpint (ended_us (&m.f), <=, m.f.now_us);
  g_assert_cmpint (sig_call_get_duration_ms (m.f.call), <=, (m.f.now_us - START) / 1000);
  if (sig_call_get_active_us (m.f.call, &us))
    g_assert_cmpint (sig_call_get_duration_ms (m.f.call), ==, (ended_us (&m.f) - us) / 1000);
  g_assert_cmpint (sig_call_get_duration_ms (m.f.call), >=, 0);
  reasons[sig_call_get_reason (m.f.call)]++;
  tear_down (&m.f, NULL);
}

static void
test_model (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (20260801);
  unsigned reasons[SIG_CALL_REASON_N] = { 0 };

  for (unsigned i = 0; i < 4000; i++)
    model_run (rand, reasons);
  /* the walk came everywhere */
  for (int reason = SIG_CALL_REASON_HANGUP; reason < SIG_CALL_REASON_N; reason++)
    {
      g_test_message ("%s: %u", sig_call_reason_to_string (reason), reasons[reason]);
      if (reason != SIG_CALL_REASON_ANSWERED_ELSEWHERE)
        g_assert_cmpuint (reasons[reason], >, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/call-model/random", test_model);
  return g_test_run ();
}
