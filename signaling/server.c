/* SPDX-License-Identifier: Apache-2.0 */
/* Composes the server. Made from the ground up: core, sessions and dispatcher, calls, webhooks, and the front last, so that
 * nobody comes in before there is somebody to answer.
 * Over 500 lines: a few for each part that is composed. */
#include "signaling/server.h"

#include "base/base64url.h"
#include "base/clock.h"
#include "base/log.h"
#include "messaging/api-key.h"
#include "messaging/core.h"
#include "messaging/session.h"
#include "signaling/call-methods.h"
#include "signaling/calls.h"
#include "signaling/core-options.h"
#include "signaling/front-setup.h"
#include "signaling/gate.h"
#include "signaling/guests.h"
#include "signaling/push.h"
#include "signaling/rooms.h"
#include "signaling/service-calls.h"
#include "signaling/services.h"
#include "signaling/turn.h"
#include "signaling/webhook.h"
#include "signaling/whip.h"

#define TICK_S 1
/* what a drain waits for requests in flight */
#define DRAIN_MS 5000
/* what a webhook that is being sent gets at the end */
#define WEBHOOK_GRACE_MS 1000
/* what pushes that are being sent get at the end */
#define PUSH_GRACE_MS 1000

struct SigServer {
  /* passed in, not owned */
  GMainContext *context;
  const AlConfig *config;
  AlMetrics *metrics;
  SfuControl *control;      /* (nullable) */
  /* owned */
  MsgCore *core;
  MsgApiKeys *api_keys;
  SigRpc *rpc;
  SigSessions *sessions;
  SigConns *conns;
  SigPush *push;            /* (nullable) */
  SigServices *services;
  GPtrArray *features;      /* of static words, NULL-terminated */
  SigTurn *turn;
  SigCalls *calls;
  SigCallMethods *call_methods;
  SigGuests *guests;
  SigRooms *rooms;
  SigWebhook *webhook;      /* (nullable) */
  SigWebhook *old_webhook;  /* (nullable): of before the last reload: delivers what was queued for it */
  GPtrArray *ended_webhooks; /* SigWebhook: of earlier reloads: told to stop, to be joined when they have */
  char *webhook_url, *webhook_secret;
  SigWhip *whip;
  SigFront *front;
  GSource *tick, *drain_timer;
  /* embedded */
  SigGate gate;
  GSourceOnceFunc drained;
  gpointer drained_user;
};

static void
transport_send (SigConnId conn, AlBuf *text, gpointer user)
{
  sig_front_send (((SigServer *) user)->front, conn, text);
}

static void
transport_known (SigConnId conn, gpointer user)
{
  sig_front_known (((SigServer *) user)->front, conn);
}

static void
transport_done (SigConnId conn, gpointer user)
{
  sig_front_done (((SigServer *) user)->front, conn);
}

static void
transport_respond (SigConnId conn, unsigned status, AlBuf *body, unsigned retry_after_s, gpointer user)
{
  sig_front_respond (((SigServer *) user)->front, conn, status, body, retry_after_s);
}

static void
transport_close (SigConnId conn, uint16_t code, const char *reason, gpointer user)
{
  sig_front_close (((SigServer *) user)->front, conn, code, reason);
}

static void
transport_probe (SigConnId conn, uint64_t seq, gpointer user)
{
  sig_front_probe (((SigServer *) user)->front, conn, seq);
}

static const SigTransport transport = { transport_send,  transport_known, transport_done,
                                        transport_respond, transport_close, transport_probe };

static bool
open_core (SigServer *self, GError **error)
{
  g_autoptr (SigCoreOptions) options = sig_core_options_new (self->config, self->context, error);

  if (options == NULL)
    return false;
  self->core = msg_core_new (sig_core_options_get (options), error);
  self->api_keys = msg_api_keys_new (al_config_get_list (self->config, "signaling", "api_keys"), error);
  return self->core != NULL && self->api_keys != NULL;
}

static bool
is_set (const AlConfig *config, const char *name)
{
  return *al_config_get_string (config, "signaling", name) != '\0';
}

static void
find_features (SigServer *self)
{
  self->features = g_ptr_array_new ();
  g_ptr_array_add (self->features, (gpointer) "calls");
  g_ptr_array_add (self->features, (gpointer) "rooms");
  g_ptr_array_add (self->features, (gpointer) "chats");
  g_ptr_array_add (self->features, (gpointer) "secrets");
  if (self->control != NULL)
    g_ptr_array_add (self->features, (gpointer) "media");
  if (al_config_get_bool (self->config, "signaling", "allow_registration"))
    g_ptr_array_add (self->features, (gpointer) "registration");
  if (is_set (self->config, "jwt_secret") || is_set (self->config, "jwt_public_key"))
    g_ptr_array_add (self->features, (gpointer) "jwt");
  if (self->turn != NULL)
    g_ptr_array_add (self->features, (gpointer) "turn");
  if (self->push != NULL)
    g_ptr_array_add (self->features, (gpointer) "push");
  g_ptr_array_add (self->features, NULL);
}

static unsigned
count_calls (gpointer user)
{
  return sig_calls_count (((SigServer *) user)->calls);
}

static bool
make_push (SigServer *self, GError **error)
{
  SigPushConfig config = { .context = self->context,
                           .config = self->config,
                           .core = self->core,
                           .sessions = self->sessions,
                           .metrics = self->metrics,
                           .now_us = al_clock_now_us,
                           .wall_ms = al_clock_wall_ms };
  GError *failure = NULL;

  self->push = sig_push_new (&config, &failure);
  if (failure == NULL)
    return true;
  g_propagate_error (error, failure);
  return false;
}

static bool
make_api (SigServer *self, const SigTurnHost *turn_host, GError **error)
{
  SigRpcConfig rpc_config = { &transport, self, self->metrics, al_clock_now_us };
  SigSessionsConfig sessions_config = { &transport, self, self->metrics, al_clock_now_us };
  SigServicesConfig services_config;

  self->rpc = sig_rpc_new (&rpc_config, error);
  if (self->rpc == NULL)
    return false;
  self->sessions = sig_sessions_new (&sessions_config);
  self->conns = sig_conns_new ();
  self->guests = sig_guests_new (self->context, self->sessions, al_clock_now_us);
  self->turn = sig_turn_new (self->config, turn_host);
  if (!make_push (self, error))
    return false;
  find_features (self);
  services_config = (SigServicesConfig){ .rpc = self->rpc,
                                         .sessions = self->sessions,
                                         .conns = self->conns,
                                         .core = self->core,
                                         .guests = self->guests,
                                         .push = self->push,
                                         .context = self->context,
                                         .features = (const char *const *) self->features->pdata,
                                         .wall_ms = al_clock_wall_ms,
                                         .now_us = al_clock_now_us,
                                         .count_calls = count_calls,
                                         .count_calls_user = self,
                                         .n_fronts = sig_front_setup_threads (self->config),
                                         .turn_host = turn_host,
                                         .turn = self->turn,
                                         .turn_config = self->config };
  self->services = sig_services_new (&services_config);
  self->gate = (SigGate){ self->rpc, self->sessions, self->conns, self->core, self->api_keys, NULL };
  return true;
}

/* Streams are rooms of the media plane beside those of people. */
static void
on_other_state (uint64_t media, uint64_t peer, bool publisher, SfuPeerState state, gpointer user)
{
  sig_whip_state (((SigServer *) user)->whip, media, peer, publisher, state);
}

static void
whip_respond (SigConnId conn, unsigned status, const char *fields, AlBuf *body, gpointer user)
{
  sig_front_respond_web (((SigServer *) user)->front, conn, status, fields, body);
}

typedef struct {
  SigWhipLoginFn fn;
  gpointer data;
} WhipLogin;

static void
on_whip_login (const MsgLogin *login, const GError *error, gpointer user)
{
  g_autofree WhipLogin *ask = user;

  ask->fn (error == NULL ? login->user->username : NULL, ask->data);
}

static void
whip_find_user (const char *token, SigWhipLoginFn fn, gpointer data, gpointer user)
{
  WhipLogin *ask = g_new0 (WhipLogin, 1);

  ask->fn = fn;
  ask->data = data;
  msg_session_start (((SigServer *) user)->core, token, on_whip_login, ask);
}

static bool
make_whip (SigServer *self, GError **error)
{
  SigWhipConfig config = { .control = self->control,
                           .turn = self->turn,
                           .metrics = self->metrics,
                           .respond = whip_respond,
                           .find_user = whip_find_user,
                           .user = self,
                           .now_us = al_clock_now_us,
                           .wall_ms = al_clock_wall_ms };

  self->whip = self->gate.whip = sig_whip_new (&config, self->config, error);
  return self->whip != NULL;
}

static void
on_room_ring (const SigRoomsRing *ring, gpointer user)
{
  sig_push_room (user, ring);
}

static void
make_rooms (SigServer *self)
{
  SigRoomsConfig config;

  sig_rooms_config_init (&config);
  sig_rooms_config_read (&config, self->config);
  config.context = self->context;
  config.core = self->core;
  config.sessions = self->sessions;
  config.guests = self->guests;
  config.metrics = self->metrics;
  config.control = self->control;
  config.turn = self->turn;
  config.calls = self->calls;
  config.other_state = on_other_state;
  config.other_user = self;
  config.ring = self->push != NULL ? on_room_ring : NULL;
  config.ring_user = self->push;
  self->rooms = sig_rooms_new (&config);
  sig_rooms_register (self->rooms, self->rpc, self->conns);
}

static void
on_call_event (const char *name, JsonObject *payload, gpointer user)
{
  SigServer *self = user;
  uint8_t id[SIG_CALL_ID_BYTES];

  if (g_str_equal (name, "call.ended"))
    {
      const char *text = json_object_get_string_member (payload, "callId");

      if (al_base64url_decode_exact (text, strlen (text), id, sizeof id))
        sig_turn_end_call (self->turn, id);
    }
  if (self->push != NULL)
    sig_push_call (self->push, name, payload);
  sig_server_post_event (self, name, payload);
}

static bool
make_calls (SigServer *self, GError **error)
{
  const char *unserved;

  self->calls = sig_calls_new_for_sessions (self->context, self->config, self->core, self->sessions, self->metrics);
  /* before calls of the last run are ended: their callees are told */
  sig_calls_set_event_fn (self->calls, self->turn != NULL || self->push != NULL ? on_call_event : NULL, self);
  self->call_methods = sig_call_methods_register (self->rpc, self->calls, self->core, self->turn);
  sig_service_calls_register (self->rpc, self->calls);
  make_rooms (self);
  unserved = sig_rpc_find_unserved (self->rpc);
  if (unserved != NULL)
    g_error ("openrpc.json promises %s, and nothing serves it", unserved);
  return sig_calls_recover (self->calls, error) && sig_rooms_recover (self->rooms, error);
}

void
sig_server_post_event (SigServer *self, const char *name, JsonObject *payload)
{
  if (self->webhook != NULL)
    sig_webhook_post (self->webhook, name, payload);
  else
    json_object_unref (payload);
}

/* @ret: NULL when @config wants none */
static bool
make_webhook (SigServer *self, const AlConfig *config, SigWebhook **ret, GError **error)
{
  SigWebhookConfig webhook;

  *ret = NULL;
  if (!is_set (config, "webhook_url"))
    return true;
  sig_webhook_config_init (&webhook);
  webhook.url = al_config_get_string (config, "signaling", "webhook_url");
  webhook.secret = al_config_get_string (config, "signaling", "webhook_secret");
  webhook.metrics = self->metrics;
  if (*webhook.secret == '\0')
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "[signaling] webhook_url needs a webhook_secret");
      return false;
    }
  *ret = sig_webhook_new (&webhook, error);
  return *ret != NULL;
}

static void
webhook_free (gpointer webhook)
{
  sig_webhook_free (webhook, 0);
}

/* @webhook: (transfer full) (nullable): stopped; a reload does not wait for a receiver that hangs. */
static void
retire_webhook (SigServer *self, SigWebhook *webhook)
{
  if (webhook != NULL)
    {
      sig_webhook_stop (webhook, 0);
      g_ptr_array_add (self->ended_webhooks, webhook);
    }
  for (guint i = self->ended_webhooks->len; i > 0; i--)
    if (sig_webhook_has_ended (g_ptr_array_index (self->ended_webhooks, i - 1)))
      g_ptr_array_remove_index_fast (self->ended_webhooks, i - 1);
}

/* @webhook: (transfer full) (nullable): made of @config. What waits in the one before still goes where it was meant for,
 * unless a third comes. */
static void
take_webhook (SigServer *self, const AlConfig *config, SigWebhook *webhook)
{
  retire_webhook (self, self->old_webhook);
  self->old_webhook = self->webhook;
  self->webhook = webhook;
  g_free (self->webhook_url);
  g_free (self->webhook_secret);
  self->webhook_url = g_strdup (al_config_get_string (config, "signaling", "webhook_url"));
  self->webhook_secret = g_strdup (al_config_get_string (config, "signaling", "webhook_secret"));
  sig_calls_set_event_fn (self->calls,
                          webhook != NULL || self->turn != NULL || self->push != NULL ? on_call_event : NULL, self);
}

static bool
start_webhook (SigServer *self, GError **error)
{
  SigWebhook *webhook;

  if (!make_webhook (self, self->config, &webhook, error))
    return false;
  take_webhook (self, self->config, webhook);
  return true;
}

static gboolean
on_tick (gpointer user)
{
  SigServer *self = user;

  sig_sessions_tick (self->sessions);
  sig_services_tick (self->services);
  sig_guests_tick (self->guests);
  sig_whip_tick (self->whip);
  return G_SOURCE_CONTINUE;
}

static GSource *
attach_timer (SigServer *self, GSource *source, GSourceFunc fn)
{
  g_source_set_callback (source, fn, self, NULL);
  (void) g_source_attach (source, self->context);
  return source;
}

SigServer *
sig_server_new (GMainContext *context, const AlConfig *config, AlMetrics *metrics, const SigTurnHost *turn_host,
                SfuControl *control, GError **error)
{
  g_autoptr (SigServer) self = g_new0 (SigServer, 1);

  self->context = context;
  self->config = config;
  self->metrics = metrics;
  self->control = control;
  self->ended_webhooks = g_ptr_array_new_with_free_func (webhook_free);
  if (!open_core (self, error) || !make_api (self, turn_host, error) || !make_whip (self, error)
      || !make_calls (self, error)
      || !start_webhook (self, error))
    return NULL;
  self->front = sig_front_new (context, config, metrics, sig_gate_ops (), &self->gate, error);
  if (self->front == NULL)
    return NULL;
  self->tick = attach_timer (self, g_timeout_source_new_seconds (TICK_S), on_tick);
  sig_front_set_health (self->front, true);
  return g_steal_pointer (&self);
}

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
finish_drain (SigServer *self)
{
  GSourceOnceFunc drained = g_steal_pointer (&self->drained);

  clear_source (&self->drain_timer);
  if (drained != NULL)
    drained (self->drained_user);
}

static void
on_idle (gpointer user)
{
  finish_drain (user);
}

static gboolean
on_drain_timeout (gpointer user)
{
  SigServer *self = user;
  g_autofree char *n = g_strdup_printf ("%u", sig_rpc_get_in_flight (self->rpc));

  al_warning ("requests are still in flight, going on without them", "requests", n);
  finish_drain (self);
  return G_SOURCE_REMOVE;
}

void
sig_server_drain (SigServer *self, GSourceOnceFunc done, gpointer user)
{
  g_return_if_fail (self->drained == NULL);
  self->drained = done;
  self->drained_user = user;
  self->drain_timer = attach_timer (self, g_timeout_source_new (DRAIN_MS), on_drain_timeout);
  sig_front_set_health (self->front, false);
  sig_front_drain (self->front);
  sig_calls_drain (self->calls);
  sig_rpc_drain (self->rpc, on_idle, self);
}

void
sig_server_free (SigServer *self)
{
  if (self == NULL)
    return;
  clear_source (&self->tick);
  clear_source (&self->drain_timer);
  /* the core and the calls answer what is open, so they go while there is a front to carry it */
  g_clear_pointer (&self->core, msg_core_free);
  g_clear_pointer (&self->rooms, sig_rooms_free);
  g_clear_pointer (&self->whip, sig_whip_free);
  g_clear_pointer (&self->calls, sig_calls_free);
  g_clear_pointer (&self->front, sig_front_free);
  g_clear_pointer (&self->rpc, sig_rpc_free);
  g_clear_pointer (&self->call_methods, sig_call_methods_free);
  g_clear_pointer (&self->services, sig_services_free);
  g_clear_pointer (&self->conns, sig_conns_free);
  g_clear_pointer (&self->guests, sig_guests_free);
  g_clear_pointer (&self->sessions, sig_sessions_free);
  sig_push_free (self->push, PUSH_GRACE_MS);
  sig_webhook_free (self->old_webhook, 0);
  sig_webhook_free (self->webhook, WEBHOOK_GRACE_MS);
  g_ptr_array_unref (self->ended_webhooks);
  g_free (self->webhook_url);
  g_free (self->webhook_secret);
  g_clear_pointer (&self->turn, sig_turn_free);
  g_clear_pointer (&self->api_keys, msg_api_keys_free);
  g_clear_pointer (&self->features, g_ptr_array_unref);
  g_free (self);
}

bool
sig_server_reload (SigServer *self, const AlConfig *config, GError **error)
{
  g_autoptr (MsgApiKeys) api_keys = msg_api_keys_new (al_config_get_list (config, "signaling", "api_keys"), error);
  bool other_hook =
      g_strcmp0 (self->webhook_url, al_config_get_string (config, "signaling", "webhook_url")) != 0
      || g_strcmp0 (self->webhook_secret, al_config_get_string (config, "signaling", "webhook_secret")) != 0;
  SigWebhook *webhook = NULL;

  if (api_keys == NULL || !sig_whip_check (config, error) || (other_hook && !make_webhook (self, config, &webhook, error)))
    return false;
  if (!sig_front_reload (self->front, error))
    {
      retire_webhook (self, webhook);
      return false;
    }
  if (other_hook)
    take_webhook (self, config, webhook);
  sig_turn_reload (self->turn, config);
  sig_whip_reload (self->whip, config);
  msg_api_keys_free (self->api_keys);
  self->gate.api_keys = self->api_keys = g_steal_pointer (&api_keys);
  return true;
}

void
sig_server_set_workers (SigServer *self, unsigned n)
{
  sig_services_set_workers (self->services, n);
}

char **
sig_server_get_urls (SigServer *self)
{
  return sig_front_get_urls (self->front);
}
