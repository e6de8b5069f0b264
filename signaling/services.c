/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/services.h"

#include <string.h>

#include "base/base64url.h"
#include "messaging/session.h"
#include "signaling/chat-json.h"
#include "signaling/services-private.h"

/* how often it is looked for what is over by itself */
#define SWEEP_US (INT64_C (60) * G_USEC_PER_SEC)

/* the device was here until now */
static void
on_detached (SigSession *session, gpointer user)
{
  SigServices *self = user;

  if (sig_session_get_guest_room (session) == 0)
    msg_session_touch (self->config.core, sig_session_get_device_id (session));
}

/* Each device holds what its user is in. */
static void
on_ended (SigSession *session, SigSessionEnd reason, gpointer user)
{
  if (sig_session_get_guest_room (session) == 0)
    sig_audience_release (((SigServices *) user)->audience, sig_session_get_user_id (session));
}

static const SigSessionListener listener = { .on_detached = on_detached, .on_ended = on_ended };

SigServices *
sig_services_new (const SigServicesConfig *config)
{
  SigServices *self = g_new0 (SigServices, 1);

  self->config = *config;
  if (config->turn_host != NULL)
    self->turn_host = *config->turn_host;
  self->start_us = config->now_us ();
  g_queue_init (&self->logouts);
  self->audience = sig_audience_new ();
  sig_service_server_register (self);
  sig_service_account_register (self);
  sig_service_privacy_register (self);
  sig_service_export_register (self);
  sig_service_presence_register (self);
  sig_service_moderation_register (self);
  sig_service_two_factor_register (self);
  sig_service_session_register (self);
  sig_service_user_register (self);
  sig_service_chat_register (self);
  sig_service_join_register (self);
  sig_service_message_register (self);
  sig_service_message_acts_register (self);
  sig_service_poll_register (self);
  sig_service_topic_register (self);
  sig_service_compose_register (self);
  sig_service_search_register (self);
  sig_service_updates_register (self);
  sig_service_push_register (self);
  sig_service_secret_register (self);
  sig_service_backend_register (self);
  sig_service_admin_register (self);
  sig_sessions_listen (config->sessions, &listener, self);
  msg_core_set_sessions_ended_fn (config->core, sig_service_session_on_ended, self);
  msg_core_set_logged_in_fn (config->core, sig_service_session_on_logged_in, self);
  return self;
}

void
sig_services_free (SigServices *self)
{
  if (self == NULL)
    return;
  g_queue_clear (&self->logouts);
  g_string_free (self->info, TRUE);
  sig_presence_free (self->presence);
  al_rate_table_free (self->presence_asks);
  al_rate_table_free (self->typing);
  sig_audience_free (self->audience);
  g_free (self);
}

void
sig_services_tick (SigServices *self)
{
  if (self->config.now_us () - self->swept_us >= SWEEP_US)
    sig_service_secret_sweep (self);
}

void
sig_services_set_workers (SigServices *self, unsigned n)
{
  self->n_workers = n;
}

void
sig_service_device_spec (JsonObject *params, MsgDeviceSpec *spec, uint8_t key[MSG_IDENTITY_KEY_BYTES])
{
  JsonObject *device = json_object_get_object_member (params, "device");
  const char *text = json_object_get_string_member (device, "identityKey");
  bool ok = al_base64url_decode_exact (text, strlen (text), key, MSG_IDENTITY_KEY_BYTES);

  g_assert (ok);
  *spec = (MsgDeviceSpec){ .id = json_object_has_member (device, "id") ? sig_json_get_id (device, "id") : 0,
                           .name = json_object_get_string_member (device, "name"),
                           .platform = json_object_get_string_member (device, "platform"),
                           .identity_key = key,
                           .identity_key_len = MSG_IDENTITY_KEY_BYTES };
}

MsgId
sig_caller (SigRpcCall *call)
{
  return sig_session_get_user_id (sig_rpc_call_get_session (call));
}

void
sig_service_on_written (const MsgWritten *written, const GError *error, gpointer call)
{
  if (error != NULL)
    sig_rpc_fail_error (call, error);
  else
    sig_rpc_reply_object (call, sig_written_json (written));
}

void
sig_service_on_done (const GError *error, gpointer call)
{
  if (error != NULL)
    sig_rpc_fail_error (call, error);
  else
    sig_rpc_reply (call, NULL);
}
