/* SPDX-License-Identifier: Apache-2.0 */
/* presence.subscribe */
#include "signaling/services-private.h"

/* each question is some hundred rows */
#define BURST 10
#define PERIOD_US G_USEC_PER_SEC
#define USERS 4096
/* a user whom others are asked about while people change what they let see must not be kept waiting for ever */
#define MAX_LOOKUPS 4

typedef struct {
  SigServices *services;
  SigRpcCall *call;
  GArray *users; /* owned: of MsgId */
  uint64_t revision;
  unsigned n_lookups;
} Ask;

static void
ask_free (Ask *ask)
{
  g_array_unref (ask->users);
  g_free (ask);
}

static JsonObject *
seen_json (SigServices *self, const MsgSeen *seen)
{
  JsonObject *object = json_object_new ();
  bool here = seen->visible && sig_presence_is_here (self->presence, seen->user_id);

  sig_json_set_id (object, "userId", seen->user_id);
  json_object_set_boolean_member (object, "online", here);
  if (!here && seen->seen_ms != 0)
    json_object_set_int_member (object, "lastSeenAt", seen->seen_ms);
  return object;
}

static void
answer (Ask *ask, const GArray *seen)
{
  SigServices *self = ask->services;
  SigSession *session = sig_rpc_call_get_session (ask->call);
  JsonObject *result = json_object_new ();
  JsonArray *list = json_array_new ();

  /* a POST is answered and no more */
  if (sig_rpc_call_is_websocket (ask->call) && sig_session_is_attached (session)
      && sig_sessions_lookup (self->config.sessions, sig_session_get_device_id (session)) == session)
    sig_presence_watch (self->presence, session, seen);
  for (unsigned i = 0; i < seen->len; i++)
    json_array_add_object_element (list, seen_json (self, &g_array_index (seen, MsgSeen, i)));
  json_object_set_array_member (result, "users", list);
  sig_rpc_reply_object (ask->call, result);
}

static void look (Ask *ask);

static void
on_seen (const GArray *seen, const GError *error, gpointer data)
{
  Ask *ask = data;

  if (error != NULL)
    sig_rpc_fail_error (ask->call, error);
  else if (ask->revision == sig_presence_get_revision (ask->services->presence))
    answer (ask, seen);
  else if (ask->n_lookups < MAX_LOOKUPS)
    {
      look (ask);
      return;
    }
  else
    sig_rpc_fail (ask->call, SIG_RPC_UNAVAILABLE, "busy", "people change what others see; try again", 1000);
  ask_free (ask);
}

static void
look (Ask *ask)
{
  ask->n_lookups++;
  ask->revision = sig_presence_get_revision (ask->services->presence);
  msg_presence_look (ask->services->config.core, sig_caller (ask->call), (const MsgId *) (const void *) ask->users->data,
                     ask->users->len, on_seen, ask);
}

static void
presence_subscribe (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  JsonArray *list = json_object_get_array_member (params, "userIds");
  MsgId user_id = sig_caller (call);
  int64_t wait_us = al_rate_table_take (self->presence_asks, &user_id, sizeof user_id, 1, self->config.now_us ());
  Ask *ask;

  if (wait_us > 0)
    {
      sig_rpc_fail (call, SIG_RPC_LIMIT, "rate", "too many requests", wait_us / 1000 + 1);
      return;
    }
  ask = g_new0 (Ask, 1);
  ask->services = self;
  ask->call = call;
  ask->users = g_array_new (FALSE, FALSE, sizeof (MsgId));
  for (unsigned i = 0; i < json_array_get_length (list); i++)
    {
      MsgId id;

      if (msg_id_parse (json_array_get_string_element (list, i), &id))
        g_array_append_val (ask->users, id);
    }
  look (ask);
}

void
sig_service_presence_register (SigServices *self)
{
  static const AlRateLimit limit = { BURST, PERIOD_US };
  const SigPresenceConfig config = { self->config.sessions, self->config.context, self->config.now_us,
                                     self->config.wall_ms };

  self->presence = sig_presence_new (&config);
  self->presence_asks = al_rate_table_new (&limit, USERS);
  sig_rpc_register (self->config.rpc, "presence.subscribe", SIG_RPC_SESSION, presence_subscribe, self);
}
