/* SPDX-License-Identifier: Apache-2.0 */
/* secret.*: between two devices, what they say is opaque. */
#include <string.h>

#include "base/base64url.h"
#include "base/log.h"
#include "messaging/secret.h"
#include "signaling/services-private.h"

static const char *
reason_word (MsgSecretEnd reason)
{
  static const char *const words[] = { "discarded", "declined", "cancelled", "expired", "taken", "session" };

  G_STATIC_ASSERT (G_N_ELEMENTS (words) == MSG_SECRET_END_N);
  return (unsigned) reason < MSG_SECRET_END_N ? words[reason] : "discarded";
}

/* --- What is told --- */

static JsonObject *
event_json (const MsgSecretEvent *event)
{
  JsonObject *object = json_object_new ();

  sig_json_set_bytes (object, "secretId", event->secret_id, sizeof event->secret_id);
  json_object_set_int_member (object, "at", event->at_ms);
  switch (event->kind)
    {
    case MSG_SECRET_REQUESTED:
      json_object_set_object_member (object, "from", sig_profile_user (event->from));
      json_object_set_object_member (object, "device", sig_profile_device (event->device));
      sig_json_set_bytes (object, "blob", event->blob, event->blob_len);
      json_object_set_int_member (object, "expiresAt", event->expires_ms);
      break;
    case MSG_SECRET_WITHDRAWN:
      json_object_set_string_member (object, "reason", reason_word (event->reason));
      break;
    case MSG_SECRET_ACCEPTED:
      json_object_set_string_member (object, "type", "accepted");
      sig_json_set_id (object, "deviceId", event->device_id);
      sig_json_set_bytes (object, "blob", event->blob, event->blob_len);
      break;
    case MSG_SECRET_MESSAGE:
      json_object_set_string_member (object, "type", "message");
      sig_json_set_id (object, "deviceId", event->device_id);
      sig_json_set_bytes (object, "payload", event->blob, event->blob_len);
      json_object_set_boolean_member (object, "silent", event->silent);
      break;
    case MSG_SECRET_ENDED:
    default:
      json_object_set_string_member (object, "type", "ended");
      json_object_set_string_member (object, "reason", reason_word (event->reason));
      break;
    }
  if (event->qts != 0)
    json_object_set_int_member (object, "qts", event->qts);
  return object;
}

typedef struct {
  SigSessions *sessions;
  const MsgSecretEvent *event;
} Telling;

static bool
tell_session (SigSession *session, gpointer data)
{
  const Telling *telling = data;
  MsgId device_id = sig_session_get_device_id (session);

  if (device_id != telling->event->except_device)
    sig_sessions_notify (telling->sessions, device_id,
                         telling->event->kind == MSG_SECRET_REQUESTED ? "secret.requested" : "secret.withdrawn",
                         event_json (telling->event));
  return true;
}

static void
on_event (const MsgSecretEvent *event, gpointer user)
{
  SigServices *self = user;
  Telling telling = { self->config.sessions, event };

  if (event->to_device != 0)
    sig_sessions_notify (self->config.sessions, event->to_device, "secret.update", event_json (event));
  else
    sig_sessions_foreach_of_user (self->config.sessions, event->to_user, tell_session, &telling);
  if (self->config.push != NULL)
    sig_push_secret (self->config.push, event);
}

/* --- The two devices --- */

static void
take_id (JsonObject *params, const char *name, uint8_t *ret, size_t size)
{
  const char *text = json_object_get_string_member (params, name);
  bool ok = al_base64url_decode_exact (text, strlen (text), ret, size);

  g_assert (ok); /* the schema allows nothing else */
}

/* @ret_blob: (transfer full): what asking->blob is */
static void
take_asking (SigRpcCall *call, JsonObject *params, const char *blob_name, MsgSecretAsking *asking, uint8_t **ret_blob)
{
  SigSession *session = sig_rpc_call_get_session (call);

  *ret_blob = sig_json_get_bytes (params, blob_name, &asking->blob_len);
  asking->user_id = sig_session_get_user_id (session);
  asking->device_id = sig_session_get_device_id (session);
  asking->blob = *ret_blob;
  take_id (params, "secretId", asking->secret_id, sizeof asking->secret_id);
}

static void
reply_time (SigRpcCall *call, const char *name, int64_t at_ms, const GError *error)
{
  JsonObject *result;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = json_object_new ();
  json_object_set_int_member (result, name, at_ms);
  sig_rpc_reply_object (call, result);
}

static void
on_asked (int64_t expires_ms, const GError *error, gpointer call)
{
  reply_time (call, "expiresAt", expires_ms, error);
}

static void
secret_request (SigRpcCall *call, JsonObject *params, gpointer user)
{
  MsgSecretAsking asking;
  g_autofree uint8_t *blob = NULL;

  take_asking (call, params, "blob", &asking, &blob);
  msg_secret_request (((SigServices *) user)->config.core, &asking, sig_json_get_id (params, "userId"), on_asked, call);
}

static void
secret_accept (SigRpcCall *call, JsonObject *params, gpointer user)
{
  MsgSecretAsking asking;
  g_autofree uint8_t *blob = NULL;

  take_asking (call, params, "blob", &asking, &blob);
  msg_secret_accept (((SigServices *) user)->config.core, &asking, sig_service_on_done, call);
}

static void
secret_discard (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigSession *session = sig_rpc_call_get_session (call);
  uint8_t secret_id[MSG_SECRET_ID_BYTES];

  take_id (params, "secretId", secret_id, sizeof secret_id);
  msg_secret_discard (((SigServices *) user)->config.core, sig_session_get_user_id (session),
                      sig_session_get_device_id (session), secret_id, sig_service_on_done, call);
}

static void
on_sent (int64_t at_ms, const GError *error, gpointer call)
{
  reply_time (call, "at", at_ms, error);
}

static void
secret_send (SigRpcCall *call, JsonObject *params, gpointer user)
{
  MsgSecretAsking asking;
  g_autofree uint8_t *blob = NULL;
  uint8_t random_id[MSG_SECRET_RANDOM_BYTES];

  take_asking (call, params, "payload", &asking, &blob);
  take_id (params, "randomId", random_id, sizeof random_id);
  msg_secret_send (((SigServices *) user)->config.core, &asking, random_id,
                   json_object_get_boolean_member_with_default (params, "silent", FALSE), on_sent, call);
}

/* --- The queue --- */

static void
on_queue (const MsgSecretQueue *queue, const GError *error, gpointer call)
{
  JsonObject *result;
  JsonArray *list;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = json_object_new ();
  list = json_array_new ();
  for (unsigned i = 0; i < queue->events->len; i++)
    json_array_add_object_element (list, event_json (queue->events->pdata[i]));
  json_object_set_array_member (result, "updates", list);
  json_object_set_int_member (result, "qts", queue->qts);
  json_object_set_boolean_member (result, "more", queue->more);
  sig_rpc_reply_object (call, result);
}

static void
secret_queue (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_secret_queue (((SigServices *) user)->config.core, sig_session_get_device_id (sig_rpc_call_get_session (call)),
                    json_object_get_int_member (params, "qts"), (unsigned) json_object_get_int_member (params, "limit"),
                    on_queue, call);
}

static void
secret_ack (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_secret_ack (((SigServices *) user)->config.core, sig_session_get_device_id (sig_rpc_call_get_session (call)),
                  json_object_get_int_member (params, "qts"), sig_service_on_done, call);
}

static JsonObject *
chat_json (const MsgSecretChat *chat)
{
  JsonObject *object = json_object_new ();

  sig_json_set_bytes (object, "secretId", chat->secret_id, sizeof chat->secret_id);
  json_object_set_string_member (object, "state", chat->open ? "open" : "waiting");
  json_object_set_boolean_member (object, "outgoing", chat->outgoing);
  sig_json_set_id (object, "userId", chat->peer_user);
  if (chat->peer_device != 0)
    sig_json_set_id (object, "deviceId", chat->peer_device);
  json_object_set_int_member (object, "at", chat->created_ms);
  if (!chat->open)
    json_object_set_int_member (object, "expiresAt", chat->expires_ms);
  return object;
}

static void
on_list (const MsgSecretList *list, const GError *error, gpointer call)
{
  JsonArray *chats, *requests;
  JsonObject *result;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = json_object_new ();
  chats = json_array_new ();
  requests = json_array_new ();
  for (unsigned i = 0; i < list->chats->len; i++)
    json_array_add_object_element (chats, chat_json (&g_array_index (list->chats, MsgSecretChat, i)));
  for (unsigned i = 0; i < list->requests->len; i++)
    json_array_add_object_element (requests, event_json (list->requests->pdata[i]));
  json_object_set_int_member (result, "qts", list->qts);
  json_object_set_array_member (result, "chats", chats);
  json_object_set_array_member (result, "requests", requests);
  sig_rpc_reply_object (call, result);
}

static void
secret_list (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigSession *session = sig_rpc_call_get_session (call);

  msg_secret_list (((SigServices *) user)->config.core, sig_session_get_user_id (session),
                   sig_session_get_device_id (session), on_list, call);
}

/* --- What is over --- */

static void
on_swept (const GError *error, gpointer data)
{
  if (error != NULL)
    al_debug ("secret chats that are over were not ended", "error", error->message);
}

void
sig_service_secret_sweep (SigServices *self)
{
  self->swept_us = self->config.now_us ();
  msg_secret_sweep (self->config.core, on_swept, NULL);
}

void
sig_service_secret_register (SigServices *self)
{
  static const struct {
    const char *name;
    SigRpcFn fn;
  } methods[] = {
    { "secret.request", secret_request }, { "secret.accept", secret_accept }, { "secret.discard", secret_discard },
    { "secret.send", secret_send },       { "secret.queue", secret_queue },   { "secret.ack", secret_ack },
    { "secret.list", secret_list },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (methods); i++)
    sig_rpc_register (self->config.rpc, methods[i].name, SIG_RPC_SESSION, methods[i].fn, self);
  msg_core_set_secret_fn (self->config.core, on_event, self);
  sig_service_secret_sweep (self);
}
