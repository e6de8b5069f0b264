/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   gathering -- both agents have --> meeting -- both ready --> playing -- ROUNDS times there and back --> over
 *   gathering, meeting, playing -- failed, or too late --> over
 */
#include "server/ctl/pair.h"

#include <nice/agent.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"

#define ROUNDS 5
#define AGAIN_MS 400
#define BALL_BYTES 16
/* of the agents' requests: after 250, 500, 1000 ms, then as long again */
#define FIRST_WAIT_MS 250
#define MAX_TRIES 4
#define STREAM_WAIT_MS 4000

typedef enum { GATHERING, MEETING, PLAYING, OVER } State;

typedef struct {
  CtlPair *pair;
  NiceAgent *agent; /* owned */
  guint stream;
  bool gathered, ready;
} Side;

struct CtlPair {
  CtlPairConfig config;
  GMainContext *context; /* not owned */
  State state;
  Side sides[2];
  GSource *deadline, *again; /* owned */
  CtlPairResult result;
  uint8_t ball[BALL_BYTES];  /* what is thrown now */
  int64_t thrown_us;
  unsigned rounds;
};

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
finish (CtlPair *pair)
{
  if (pair->state == OVER)
    return;
  pair->state = OVER;
  clear_source (&pair->deadline);
  clear_source (&pair->again);
  pair->config.done (&pair->result, pair->config.user);
}

static gboolean
on_deadline (gpointer user)
{
  finish (user);
  return G_SOURCE_REMOVE;
}

static GSource *
start_timer (CtlPair *pair, unsigned ms, GSourceFunc fn)
{
  GSource *source = g_timeout_source_new (ms);

  g_source_set_callback (source, fn, pair, NULL);
  (void) g_source_attach (source, pair->context);
  return source;
}

/* --- there and back --- */

static void
send_ball (Side *side)
{
  (void) nice_agent_send (side->agent, side->stream, 1, BALL_BYTES, (const gchar *) side->pair->ball);
}

static void
throw_ball (CtlPair *pair)
{
  al_random_bytes (pair->ball, sizeof pair->ball);
  pair->thrown_us = al_clock_now_us ();
  send_ball (&pair->sides[0]);
}

/* datagrams are lost now and then */
static gboolean
on_again (gpointer user)
{
  CtlPair *pair = user;

  send_ball (&pair->sides[0]);
  return G_SOURCE_CONTINUE;
}

static void
on_received (NiceAgent *agent, guint stream, guint component, guint len, gchar *data, gpointer user)
{
  Side *side = user;
  CtlPair *pair = side->pair;
  int64_t round_trip_us;

  if (pair->state != PLAYING || len != BALL_BYTES || memcmp (data, pair->ball, BALL_BYTES) != 0)
    return;
  if (side == &pair->sides[1])
    {
      send_ball (side);
      return;
    }
  round_trip_us = al_clock_now_us () - pair->thrown_us;
  if (pair->result.round_trip_us < 0 || round_trip_us < pair->result.round_trip_us)
    pair->result.round_trip_us = round_trip_us;
  if (++pair->rounds == ROUNDS)
    finish (pair);
  else
    throw_ball (pair);
}

/* --- finding each other --- */

static void
on_state (NiceAgent *agent, guint stream, guint component, guint state, gpointer user)
{
  Side *side = user;
  CtlPair *pair = side->pair;

  if (pair->state != MEETING)
    return;
  if (state == NICE_COMPONENT_STATE_FAILED)
    {
      finish (pair);
      return;
    }
  side->ready = side->ready || state == NICE_COMPONENT_STATE_READY;
  if (!pair->sides[0].ready || !pair->sides[1].ready)
    return;
  pair->state = PLAYING;
  pair->again = start_timer (pair, AGAIN_MS, on_again);
  throw_ball (pair);
}

static bool
introduce (Side *side, Side *other)
{
  g_autofree gchar *name = NULL, *password = NULL;
  GSList *candidates = nice_agent_get_local_candidates (other->agent, other->stream, 1);
  bool ok = candidates != NULL && nice_agent_get_local_credentials (other->agent, other->stream, &name, &password)
            && nice_agent_set_remote_credentials (side->agent, side->stream, name, password)
            && nice_agent_set_remote_candidates (side->agent, side->stream, 1, candidates) > 0;

  g_slist_free_full (candidates, (GDestroyNotify) nice_candidate_free);
  return ok;
}

static void
find_relayed (Side *side, AlAddr *ret_addr)
{
  GSList *candidates = nice_agent_get_local_candidates (side->agent, side->stream, 1);

  for (GSList *i = candidates; i != NULL; i = i->next)
    {
      const NiceCandidate *candidate = i->data;

      if (candidate->type == NICE_CANDIDATE_TYPE_RELAYED)
        nice_address_copy_to_sockaddr (&candidate->addr, &ret_addr->sa);
    }
  g_slist_free_full (candidates, (GDestroyNotify) nice_candidate_free);
}

static void
on_gathered (NiceAgent *agent, guint stream, gpointer user)
{
  Side *side = user;
  CtlPair *pair = side->pair;

  side->gathered = true;
  if (side == &pair->sides[0])
    find_relayed (side, &pair->result.relayed);
  if (pair->state != GATHERING || !pair->sides[0].gathered || !pair->sides[1].gathered)
    return;
  pair->state = MEETING;
  if (pair->result.relayed.sa.sa_family == AF_UNSPEC || !introduce (&pair->sides[0], &pair->sides[1])
      || !introduce (&pair->sides[1], &pair->sides[0]))
    finish (pair);
}

static bool
start_side (Side *side, CtlPair *pair, bool relayed)
{
  const CtlPairConfig *config = &pair->config;
  char host[AL_ADDR_STRLEN];
  NiceAddress own;

  side->pair = pair;
  (void) al_addr_format (&config->server, false, host);
  nice_address_init (&own);
  nice_address_set_from_sockaddr (&own, &config->own.sa);
  nice_address_set_port (&own, 0);
  side->agent = nice_agent_new (pair->context, NICE_COMPATIBILITY_RFC5245);
  g_object_set (side->agent, "controlling-mode", side == pair->sides, "force-relay", relayed, "upnp", FALSE, "ice-tcp", FALSE,
                "stun-initial-timeout", FIRST_WAIT_MS, "stun-max-retransmissions", MAX_TRIES, "stun-reliable-timeout",
                STREAM_WAIT_MS, NULL);
  (void) nice_agent_add_local_address (side->agent, &own);
  side->stream = nice_agent_add_stream (side->agent, 1);
  if (relayed)
    (void) nice_agent_set_relay_info (side->agent, side->stream, 1, host, al_addr_get_port (&config->server), config->username,
                                      config->password, config->tcp ? NICE_RELAY_TYPE_TURN_TCP : NICE_RELAY_TYPE_TURN_UDP);
  else
    g_object_set (side->agent, "stun-server", host, "stun-server-port", (guint) al_addr_get_port (&config->server), NULL);
  g_signal_connect (side->agent, "candidate-gathering-done", G_CALLBACK (on_gathered), side);
  g_signal_connect (side->agent, "component-state-changed", G_CALLBACK (on_state), side);
  (void) nice_agent_attach_recv (side->agent, side->stream, 1, pair->context, on_received, side);
  return nice_agent_gather_candidates (side->agent, side->stream);
}

CtlPair *
ctl_pair_new (GMainContext *context, const CtlPairConfig *config)
{
  CtlPair *pair = g_new0 (CtlPair, 1);
  bool ok;

  pair->config = *config;
  pair->context = context;
  pair->result.round_trip_us = -1;
  ok = start_side (&pair->sides[0], pair, true);
  ok = start_side (&pair->sides[1], pair, !config->direct) && ok;
  /* a pair that could not start ends like any other: by its deadline, from the loop */
  pair->deadline = start_timer (pair, ok ? config->limit_ms : 0, on_deadline);
  return pair;
}

static void
on_closed (GObject *agent, GAsyncResult *result, gpointer user)
{
  unsigned *left = user;

  (*left)--;
}

void
ctl_pair_close (CtlPair *pair, unsigned *left)
{
  pair->state = OVER;
  for (unsigned i = 0; i < 2; i++)
    {
      (*left)++;
      nice_agent_close_async (pair->sides[i].agent, on_closed, left);
    }
}

void
ctl_pair_free (CtlPair *pair)
{
  if (pair == NULL)
    return;
  clear_source (&pair->deadline);
  clear_source (&pair->again);
  for (unsigned i = 0; i < 2; i++)
    {
      (void) nice_agent_attach_recv (pair->sides[i].agent, pair->sides[i].stream, 1, pair->context, NULL, NULL);
      (void) g_signal_handlers_disconnect_by_data (pair->sides[i].agent, &pair->sides[i]);
      g_object_unref (pair->sides[i].agent);
    }
  g_free (pair);
}
