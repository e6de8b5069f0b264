/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ctl/exam.h"

#include "base/clock.h"
#include "server/ctl/bridge.h"
#include "server/ctl/pair.h"
#include "server/ctl/probe.h"

#define PROBE_US 5000000
#define PAIR_MS 9000
#define CLOSE_US 1000000

/* one pair */
typedef struct {
  CtlTarget *target; /* not owned */
  bool direct;
  CtlBridge *bridge; /* owned; of TLS */
  CtlPair *pair;     /* owned */
  unsigned *running; /* not owned */
} Trial;

static void
trial_free (gpointer data)
{
  Trial *trial = data;

  ctl_pair_free (trial->pair);
  ctl_bridge_free (trial->bridge);
  g_free (trial);
}

static void
on_done (const CtlPairResult *result, gpointer user)
{
  Trial *trial = user;
  CtlTarget *target = trial->target;

  (*trial->running)--;
  if (trial->direct)
    target->inbound = result->round_trip_us >= 0 ? CTL_INBOUND_OK : CTL_INBOUND_FAILED;
  else
    {
      target->relayed = result->relayed;
      target->round_trip_us = result->round_trip_us;
    }
}

static void
start (GPtrArray *trials, GMainContext *context, const CtlFacts *facts, CtlTarget *target, bool direct, unsigned *running)
{
  Trial *trial = g_new0 (Trial, 1);
  CtlPairConfig config = { .server = target->addr,
                           .own = target->own,
                           .tcp = target->way != CTL_WAY_UDP,
                           .direct = direct,
                           .username = facts->username,
                           .password = facts->password,
                           .limit_ms = PAIR_MS,
                           .done = on_done,
                           .user = trial };

  trial->target = target;
  trial->direct = direct;
  trial->running = running;
  g_ptr_array_add (trials, trial);
  if (target->way == CTL_WAY_TLS)
    {
      g_autoptr (GError) error = NULL;

      trial->bridge = ctl_bridge_new (context, &target->addr, target->host, &error);
      if (trial->bridge == NULL)
        {
          g_warning ("%s", error->message);
          return;
        }
      ctl_bridge_get_addr (trial->bridge, &config.server);
      config.own = config.server;
    }
  (*running)++;
  trial->pair = ctl_pair_new (context, &config);
}

static gboolean
on_late (gpointer user)
{
  *(bool *) user = true;
  return G_SOURCE_REMOVE;
}

/* the allocations are given back, if that is soon done */
static void
close_all (GPtrArray *trials, GMainContext *context)
{
  GSource *late = g_timeout_source_new (CLOSE_US / 1000);
  unsigned left = 0;
  bool is_late = false;

  for (guint i = 0; i < trials->len; i++)
    {
      Trial *trial = trials->pdata[i];

      if (trial->pair != NULL)
        ctl_pair_close (trial->pair, &left);
    }
  g_source_set_callback (late, on_late, &is_late, NULL);
  (void) g_source_attach (late, context);
  while (left > 0 && !is_late)
    (void) g_main_context_iteration (context, TRUE);
  g_source_destroy (late);
  g_source_unref (late);
}

/* whether what is sent from here to the relayed address comes from outside: not from the very machine */
static bool
is_outside (const CtlFacts *facts, const CtlTarget *target)
{
  return !facts->local && !al_addr_equal_host (&target->own, &target->addr);
}

static void
run_pairs (CtlFacts *facts)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GPtrArray) trials = g_ptr_array_new_with_free_func (trial_free);
  unsigned running = 0;

  g_main_context_push_thread_default (context);
  for (guint i = 0; i < facts->targets->len; i++)
    {
      CtlTarget *target = facts->targets->pdata[i];

      if (target->way == CTL_WAY_HTTPS || target->way == CTL_WAY_DTLS || target->reach != CTL_REACH_OK)
        continue;
      start (trials, context, facts, target, false, &running);
      if (target->way == CTL_WAY_UDP && is_outside (facts, target))
        start (trials, context, facts, target, true, &running);
    }
  while (running > 0)
    (void) g_main_context_iteration (context, TRUE);
  close_all (trials, context);
  g_ptr_array_set_size (trials, 0);
  g_main_context_pop_thread_default (context);
}

void
ctl_exam_run (CtlFacts *facts)
{
  ctl_probe_all (facts, PROBE_US);
  run_pairs (facts);
  ctl_probe_refusals (facts, PROBE_US);
}
