/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two agents of libnice, each forced onto its relayed candidates, pass messages both ways through a TURN server.
 * Usage: nice-relay HOST PORT udp|tcp COUNT. Exit status 0: every message of both arrived, relay to relay.
 */
#include <nice/agent.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_BYTES 200
#define WINDOW 16 /* messages on the way in one direction */

typedef struct Side Side;
struct Side {
  NiceAgent *agent; /* owned */
  Side *other;
  guint stream;
  unsigned sent, received, count;
  gboolean is_ready;
  GMainLoop *loop; /* not owned */
};

static void
send_some (Side *side)
{
  char message[MESSAGE_BYTES] = { 0 };

  while (side->is_ready && side->other->is_ready && side->sent < side->count
         && side->sent < side->other->received + WINDOW)
    {
      memcpy (message, &side->sent, sizeof side->sent);
      if (nice_agent_send (side->agent, side->stream, 1, sizeof message, message) < 0)
        return; /* on when it can be written again */
      side->sent++;
    }
}

static void
on_received (NiceAgent *agent, guint stream, guint component, guint len, gchar *data, gpointer user)
{
  Side *side = user;
  unsigned number;

  if (len != MESSAGE_BYTES)
    return;
  memcpy (&number, data, sizeof number);
  if (number != side->received)
    {
      g_printerr ("message %u arrived instead of %u\n", number, side->received);
      exit (1);
    }
  side->received++;
  send_some (side->other);
  if (side->received == side->count && side->other->received == side->count)
    g_main_loop_quit (side->loop);
}

static void
on_state (NiceAgent *agent, guint stream, guint component, guint state, gpointer user)
{
  Side *side = user;

  if (state == NICE_COMPONENT_STATE_FAILED)
    {
      g_printerr ("no connection\n");
      exit (1);
    }
  if (state == NICE_COMPONENT_STATE_READY)
    side->is_ready = TRUE;
  send_some (side);
  send_some (side->other);
}

static void
on_writable (NiceAgent *agent, guint stream, guint component, gpointer user)
{
  send_some (user);
}

static void
introduce (Side *side)
{
  g_autofree gchar *name = NULL, *password = NULL;
  GSList *candidates = nice_agent_get_local_candidates (side->other->agent, side->other->stream, 1);

  if (candidates == NULL
      || !nice_agent_get_local_credentials (side->other->agent, side->other->stream, &name, &password)
      || !nice_agent_set_remote_credentials (side->agent, side->stream, name, password)
      || nice_agent_set_remote_candidates (side->agent, side->stream, 1, candidates) <= 0)
    {
      g_printerr ("no relayed candidate\n");
      exit (1);
    }
  g_slist_free_full (candidates, (GDestroyNotify) nice_candidate_free);
}

static void
on_gathered (NiceAgent *agent, guint stream, gpointer user)
{
  unsigned *left = user;

  (*left)--;
}

static void
make (Side *side, Side *other, gboolean is_controlling, char **args, GMainContext *context, unsigned *left)
{
  NiceRelayType type = strcmp (args[3], "udp") == 0 ? NICE_RELAY_TYPE_TURN_UDP : NICE_RELAY_TYPE_TURN_TCP;
  NiceAddress address;

  nice_address_init (&address);
  (void) nice_address_set_from_string (&address, args[1]);
  side->other = other;
  side->count = (unsigned) atoi (args[4]);
  side->agent = nice_agent_new (context, NICE_COMPATIBILITY_RFC5245);
  g_object_set (side->agent, "controlling-mode", is_controlling, "force-relay", TRUE, "upnp", FALSE, NULL);
  (void) nice_agent_add_local_address (side->agent, &address);
  side->stream = nice_agent_add_stream (side->agent, 1);
  (void) nice_agent_set_relay_info (side->agent, side->stream, 1, args[1], (guint) atoi (args[2]), "test", "testpass",
                                    type);
  g_signal_connect (side->agent, "candidate-gathering-done", G_CALLBACK (on_gathered), left);
  g_signal_connect (side->agent, "component-state-changed", G_CALLBACK (on_state), side);
  g_signal_connect (side->agent, "reliable-transport-writable", G_CALLBACK (on_writable), side);
  (void) nice_agent_attach_recv (side->agent, side->stream, 1, context, on_received, side);
  if (!nice_agent_gather_candidates (side->agent, side->stream))
    exit (1);
}

static gboolean
is_relayed (const Side *side)
{
  NiceCandidate *local = NULL, *remote = NULL;

  return nice_agent_get_selected_pair (side->agent, side->stream, 1, &local, &remote)
         && local->type == NICE_CANDIDATE_TYPE_RELAYED && remote->type == NICE_CANDIDATE_TYPE_RELAYED;
}

static gboolean
on_deadline (gpointer user)
{
  const Side *sides = user;

  g_printerr ("too late: %u and %u of %u arrived\n", sides[0].received, sides[1].received, sides[0].count);
  exit (1);
}

int
main (int argc, char **argv)
{
  Side sides[2] = { 0 };
  GMainLoop *loop = g_main_loop_new (NULL, FALSE);
  unsigned left = 2;

  if (argc != 5)
    return 2;
  (void) g_timeout_add_seconds (60, on_deadline, sides);
  for (unsigned i = 0; i < 2; i++)
    {
      sides[i].loop = loop;
      make (&sides[i], &sides[1 - i], i == 0, argv, g_main_loop_get_context (loop), &left);
    }
  while (left > 0)
    (void) g_main_context_iteration (NULL, TRUE);
  introduce (&sides[0]);
  introduce (&sides[1]);
  g_main_loop_run (loop);
  if (!is_relayed (&sides[0]) || !is_relayed (&sides[1]))
    {
      g_printerr ("not relay to relay\n");
      return 1;
    }
  g_print ("%u messages, relay to relay\n", sides[0].received + sides[1].received);
  g_object_unref (sides[0].agent);
  g_object_unref (sides[1].agent);
  g_main_loop_unref (loop);
  return 0;
}
