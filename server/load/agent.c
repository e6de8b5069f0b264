/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/agent.h"

#include <agent.h>
#include <string.h>

#define COMPONENT 1
#define TURN_US 1000 /* libnice has a GMainContext: it is looked at so often */

struct LoadAgent {
  /* passed in, not owned */
  AlLoop *loop;
  LoadPortFn on_datagram;
  LoadAgentFn on_state;
  void *user;
  /* owned */
  GMainContext *context;
  NiceAgent *nice;
  guint stream;
  AlTimer timer;
};

static void
on_recv (NiceAgent *nice, guint stream, guint component, guint len, gchar *data, gpointer user)
{
  LoadAgent *agent = user;
  AlAddr unknown = { 0 };

  agent->on_datagram ((uint8_t *) data, len, &unknown, load_now_us (), agent->user);
}

static void
on_state (NiceAgent *nice, guint stream, guint component, guint state, gpointer user)
{
  LoadAgent *agent = user;

  if (state == NICE_COMPONENT_STATE_READY || state == NICE_COMPONENT_STATE_FAILED)
    agent->on_state (state == NICE_COMPONENT_STATE_READY, agent->user);
}

static void
on_turn (AlTimer *timer, void *user)
{
  LoadAgent *agent = user;

  while (g_main_context_iteration (agent->context, FALSE))
    ;
  al_timer_set (al_loop_get_timers (agent->loop), timer, al_loop_now_us (agent->loop) + TURN_US);
}

static bool
gather (LoadAgent *agent, const AlAddr *local)
{
  NiceAddress address;

  nice_address_init (&address);
  nice_address_set_from_sockaddr (&address, &local->sa);
  nice_address_set_port (&address, 0);
  agent->stream = nice_agent_add_stream (agent->nice, 1);
  return agent->stream != 0 && nice_agent_add_local_address (agent->nice, &address)
         && nice_agent_attach_recv (agent->nice, agent->stream, COMPONENT, agent->context, on_recv, agent)
         && nice_agent_gather_candidates (agent->nice, agent->stream);
}

LoadAgent *
load_agent_new (AlLoop *loop, const AlAddr *local, LoadPortFn on_datagram, LoadAgentFn on_state_fn, void *user, GError **error)
{
  LoadAgent *agent = g_new0 (LoadAgent, 1);

  agent->loop = loop;
  agent->on_datagram = on_datagram;
  agent->on_state = on_state_fn;
  agent->user = user;
  agent->context = g_main_context_new ();
  agent->nice = nice_agent_new_full (agent->context, NICE_COMPATIBILITY_RFC5245, NICE_AGENT_OPTION_CONSENT_FRESHNESS);
  g_object_set (agent->nice, "ice-tcp", FALSE, "upnp", FALSE, "controlling-mode", TRUE, NULL);
  (void) g_signal_connect (agent->nice, "component-state-changed", G_CALLBACK (on_state), agent);
  al_timer_init (&agent->timer, on_turn, agent);
  if (!gather (agent, local))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "libnice gathers no candidate");
      load_agent_free (agent);
      return NULL;
    }
  al_timer_set (al_loop_get_timers (loop), &agent->timer, al_loop_now_us (loop) + TURN_US);
  return agent;
}

void
load_agent_free (LoadAgent *agent)
{
  if (agent == NULL)
    return;
  al_timer_cancel (&agent->timer);
  if (agent->stream != 0)
    nice_agent_remove_stream (agent->nice, agent->stream);
  g_object_unref (agent->nice);
  while (g_main_context_iteration (agent->context, FALSE))
    ;
  g_main_context_unref (agent->context);
  g_free (agent);
}

static void
to_addr (const NiceAddress *from, AlAddr *ret_address)
{
  memset (ret_address, 0, sizeof *ret_address);
  nice_address_copy_to_sockaddr (from, &ret_address->sa);
}

void
load_agent_describe (LoadAgent *agent, LoadSdp *sdp)
{
  GSList *candidates = nice_agent_get_local_candidates (agent->nice, agent->stream, COMPONENT);
  g_autofree char *ufrag = NULL, *pwd = NULL;

  (void) nice_agent_get_local_credentials (agent->nice, agent->stream, &ufrag, &pwd);
  (void) g_strlcpy (sdp->ufrag, ufrag, sizeof sdp->ufrag);
  (void) g_strlcpy (sdp->pwd, pwd, sizeof sdp->pwd);
  if (candidates != NULL)
    to_addr (&((NiceCandidate *) candidates->data)->addr, &sdp->candidate);
  g_slist_free_full (candidates, (GDestroyNotify) nice_candidate_free);
}

bool
load_agent_start (LoadAgent *agent, const LoadSdp *remote, bool controlling)
{
  NiceCandidate *candidate = nice_candidate_new (NICE_CANDIDATE_TYPE_HOST);
  g_autoptr (GSList) list = g_slist_append (NULL, candidate);
  int n;

  g_object_set (agent->nice, "controlling-mode", controlling, NULL);
  candidate->component_id = COMPONENT;
  candidate->stream_id = agent->stream;
  candidate->transport = NICE_CANDIDATE_TRANSPORT_UDP;
  candidate->priority = 2130706431;
  (void) g_strlcpy (candidate->foundation, "1", sizeof candidate->foundation);
  nice_address_set_from_sockaddr (&candidate->addr, &remote->candidate.sa);
  n = nice_agent_set_remote_credentials (agent->nice, agent->stream, remote->ufrag, remote->pwd)
          ? nice_agent_set_remote_candidates (agent->nice, agent->stream, COMPONENT, list)
          : -1;
  nice_candidate_free (candidate);
  return n == 1;
}

void
load_agent_send (LoadAgent *agent, const void *data, size_t len)
{
  (void) nice_agent_send (agent->nice, agent->stream, COMPONENT, (guint) len, data);
}
