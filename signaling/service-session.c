/* SPDX-License-Identifier: Apache-2.0 */
/* session.start, session.list, session.revoke*, session.noticed; what happens here when the core starts and ends sessions */
#include <string.h>

#include "messaging/session.h"
#include "signaling/services-private.h"

/* A token that was looked up while sessions were being ended is looked up again; somebody who ends thousands in a row
 * must not keep others waiting for ever. */
#define MAX_LOOKUPS 8

typedef struct {
  SigServices *services;
  SigRpcCall *call;
  JsonObject *params;  /* lives as long as call */
  MsgLogin *login;     /* owned (nullable): what was found; the user is held in the audience meanwhile */
  unsigned revision;
  unsigned n_lookups;
} Start;

static void look_up (Start *start);

static void
start_forget (Start *start)
{
  if (start->login != NULL)
    sig_audience_release (start->services->audience, start->login->user->id);
  g_clear_pointer (&start->login, msg_login_free);
}

static void
start_free (Start *start)
{
  start_forget (start);
  g_free (start);
}

static JsonObject *
notice_to_json (const MsgNotice *notice)
{
  JsonObject *object = json_object_new ();

  json_object_set_object_member (object, "device", sig_profile_device (notice->device));
  json_object_set_int_member (object, "at", notice->at_ms);
  json_object_set_boolean_member (object, "known", notice->known);
  return object;
}

/* @notices: (nullable) (element-type MsgNotice) */
static JsonObject *
start_result (SigServices *self, SigSession *session, const SigAttach *attach, const GPtrArray *notices)
{
  JsonArray *list = json_array_new ();
  JsonObject *result = json_object_new ();

  json_object_set_object_member (result, "user", sig_profile_user (sig_session_get_user (session)));
  json_object_set_object_member (result, "device", sig_profile_device (sig_session_get_device (session)));
  json_object_set_int_member (result, "serverTime", self->config.wall_ms ());
  json_object_set_int_member (result, "seq", (gint64) attach->seq);
  json_object_set_boolean_member (result, "resumed", attach->resumed);
  json_object_set_boolean_member (result, "resync", attach->resync);
  json_object_set_array_member (result, "calls", sig_sessions_get_state (self->config.sessions, session));
  for (unsigned i = 0; notices != NULL && i < notices->len; i++)
    json_array_add_object_element (list, notice_to_json (notices->pdata[i]));
  json_object_set_array_member (result, "newSessions", list);
  return result;
}

static void
attach (Start *start, SigConn *conn, const MsgUser *user, const MsgDevice *device, const GPtrArray *notices)
{
  SigServices *self = start->services;
  int64_t last_seq = json_object_get_int_member_with_default (start->params, "lastSeq", SIG_SEQ_NONE);
  SigAttach attached;
  SigSession *session = sig_sessions_attach (self->config.sessions, conn->id, user, device, last_seq, &attached);

  sig_conn_set_session (conn, session);
  sig_rpc_reply_object (start->call, start_result (self, session, &attached, notices));
  sig_sessions_finish_attach (self->config.sessions, session, &attached);
}

/* A device that is new here holds the user from now on; one that comes back has done so since. */
static void
attach_user (Start *start, SigConn *conn)
{
  SigServices *self = start->services;
  const MsgLogin *login = start->login;

  if (sig_sessions_lookup (self->config.sessions, login->device->id) == NULL)
    (void) sig_audience_hold (self->audience, login->user->id);
  attach (start, conn, login->user, login->device, login->notices);
}

static void
finish (Start *start)
{
  SigServices *self = start->services;
  SigConn *conn = sig_conns_lookup (self->config.conns, sig_rpc_call_get_conn (start->call));

  if (conn == NULL)
    sig_rpc_fail (start->call, SIG_RPC_UNAVAILABLE, "closing", "the connection is gone", 0);
  else if (conn->session != NULL)
    sig_rpc_fail (start->call, SIG_RPC_CONFLICT, "session_started", "this connection has its session already", 0);
  else if (start->revision == sig_sessions_get_revision (self->config.sessions))
    attach_user (start, conn);
  else if (start->n_lookups < MAX_LOOKUPS)
    {
      start_forget (start);
      look_up (start);
      return;
    }
  else
    sig_rpc_fail (start->call, SIG_RPC_UNAVAILABLE, "busy", "sessions are being ended; try again", 1000);
  start_free (start);
}

static void
on_start_chats (const MsgUpdateState *state, const GError *error, gpointer user)
{
  Start *start = user;

  if (error != NULL)
    {
      sig_rpc_fail_error (start->call, error);
      start_free (start);
      return;
    }
  sig_audience_load (start->services->audience, start->login->user->id, state->chats);
  finish (start);
}

/* What happens in a chat from the answer on is told: so the chats of the user are known before that. */
static void
on_start_login (const MsgLogin *login, const GError *error, gpointer user)
{
  Start *start = user;
  SigServices *self = start->services;

  if (error != NULL)
    {
      sig_rpc_fail_error (start->call, error);
      start_free (start);
      return;
    }
  start->login = msg_login_copy (login);
  if (sig_audience_hold (self->audience, login->user->id))
    finish (start);
  else
    msg_updates_state (self->config.core, login->user->id, on_start_chats, start);
}

/* a guest is in no database: known or not, at once */
static void
start_guest (Start *start, const char *token)
{
  SigServices *self = start->services;
  SigConn *conn = sig_conns_lookup (self->config.conns, sig_rpc_call_get_conn (start->call));
  const SigGuest *guest = sig_guests_find (self->config.guests, token);

  if (guest == NULL)
    sig_rpc_fail (start->call, SIG_RPC_UNAUTHENTICATED, "bad_token", "the guest's session has ended", 0);
  else
    attach (start, conn, guest->user, guest->device, NULL);
  g_free (start);
}

static void
look_up (Start *start)
{
  SigServices *self = start->services;
  const char *token = sig_json_get_string (start->params, "token");
  const char *jwt = sig_json_get_string (start->params, "jwt");
  MsgDeviceSpec spec;
  uint8_t key[MSG_IDENTITY_KEY_BYTES];

  if (token != NULL && self->config.guests != NULL && sig_guests_is_token (token))
    {
      start_guest (start, token);
      return;
    }
  start->n_lookups++;
  start->revision = sig_sessions_get_revision (self->config.sessions);
  if (token != NULL)
    msg_session_start (self->config.core, token, on_start_login, start);
  else
    {
      sig_service_device_spec (start->params, &spec, key);
      msg_session_start_jwt (self->config.core, jwt, strlen (jwt), &spec, on_start_login, start);
    }
}

static void
session_start (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  const SigConn *conn = sig_conns_lookup (self->config.conns, sig_rpc_call_get_conn (call));
  Start *start;

  if (!sig_rpc_call_is_websocket (call) || conn == NULL)
    sig_rpc_fail (call, SIG_RPC_INVALID_REQUEST, "websocket_only", "session.start needs a WebSocket", 0);
  else if (sig_rpc_call_is_batched (call))
    sig_rpc_fail (call, SIG_RPC_INVALID_REQUEST, "not_in_batch", "session.start stands alone in its message", 0);
  else if (conn->session != NULL)
    sig_rpc_fail (call, SIG_RPC_CONFLICT, "session_started", "this connection has its session already", 0);
  else
    {
      start = g_new0 (Start, 1);
      start->services = self;
      start->call = call;
      start->params = params;
      look_up (start);
    }
}

static JsonObject *
session_to_json (SigServices *self, const MsgSession *row, MsgId own_device)
{
  JsonObject *object = json_object_new ();
  SigSession *session = sig_sessions_lookup (self->config.sessions, row->device->id);
  bool here = session != NULL && sig_session_is_attached (session);

  json_object_set_object_member (object, "device", sig_profile_device (row->device));
  json_object_set_int_member (object, "createdAt", row->created_at_ms);
  json_object_set_int_member (object, "lastSeenAt", here ? self->config.wall_ms () : row->last_seen_ms);
  json_object_set_boolean_member (object, "current", row->device->id == own_device);
  return object;
}

static void
on_list (GPtrArray *rows, const GError *error, gpointer user)
{
  g_autofree SigServicePage *page = user;
  MsgId own_device = sig_session_get_device_id (sig_rpc_call_get_session (page->call));
  JsonObject *result;
  JsonArray *list;

  if (error != NULL)
    {
      sig_rpc_fail_error (page->call, error);
      return;
    }
  result = json_object_new ();
  list = json_array_new ();
  for (unsigned i = 0; i < rows->len; i++)
    json_array_add_object_element (list, session_to_json (page->services, rows->pdata[i], own_device));
  json_object_set_array_member (result, "sessions", list);
  sig_rpc_reply_object (page->call, result);
}

static void
session_list (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_session_list (self->config.core, sig_session_get_user_id (sig_rpc_call_get_session (call)), on_list,
                    sig_service_page_new (self, call, 0));
}

void
sig_service_on_logged_out (const GError *error, gpointer user)
{
  g_autofree SigServicePage *page = user;

  /* else sig_service_session_on_ended() has answered it */
  if (g_queue_remove (&page->services->logouts, page->call))
    sig_service_on_done (error, page->call);
}

static void
session_revoke (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  SigSession *session = sig_rpc_call_get_session (call);
  MsgId device_id = sig_json_get_id (params, "deviceId");
  MsgId user_id = sig_session_get_user_id (session);

  if (device_id != sig_session_get_device_id (session))
    {
      msg_session_revoke (self->config.core, user_id, device_id, sig_service_on_done, call);
      return;
    }
  g_queue_push_tail (&self->logouts, call);
  msg_session_revoke (self->config.core, user_id, device_id, sig_service_on_logged_out, sig_service_page_new (self, call, 0));
}

static void
session_revoke_others (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  SigSession *session = sig_rpc_call_get_session (call);

  msg_session_revoke_others (self->config.core, sig_session_get_user_id (session), sig_session_get_device_id (session),
                             sig_service_on_done, call);
}

static void
session_noticed (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_notice_dismiss (self->config.core, sig_session_get_device_id (sig_rpc_call_get_session (call)),
                      sig_json_get_id (params, "deviceId"), sig_service_on_done, call);
}

typedef struct {
  SigSessions *sessions;
  const MsgNotice *notice;
} Tell;

static bool
tell_session (SigSession *session, gpointer user)
{
  const Tell *tell = user;
  MsgId device_id = sig_session_get_device_id (session);

  if (device_id != tell->notice->device->id)
    sig_sessions_notify (tell->sessions, device_id, "session.new", notice_to_json (tell->notice));
  return true;
}

void
sig_service_session_on_logged_in (MsgId user_id, const MsgNotice *notice, gpointer user)
{
  SigServices *self = user;
  Tell tell = { self->config.sessions, notice };

  sig_sessions_foreach_of_user (self->config.sessions, user_id, tell_session, &tell);
}

/* A device that logs itself out, or ends its account, hears so before its connection closes. @device_id: 0: all of the
 * user's */
static void
answer_logouts (SigServices *self, MsgId user_id, MsgId device_id)
{
  GList *next;

  for (GList *link = self->logouts.head; link != NULL; link = next)
    {
      SigRpcCall *call = link->data;

      next = link->next;
      if (sig_caller (call) != user_id
          || (device_id != 0 && sig_session_get_device_id (sig_rpc_call_get_session (call)) != device_id))
        continue;
      g_queue_delete_link (&self->logouts, link);
      sig_rpc_reply (call, NULL);
    }
}

void
sig_service_session_on_ended (MsgId user_id, MsgId device_id, MsgId except_device_id, MsgEndCause cause, gpointer user)
{
  SigServices *self = user;
  SigSessions *sessions = self->config.sessions;

  if (device_id != 0 && cause == MSG_END_REPLACED)
    sig_sessions_disconnect_device (sessions, device_id);
  else if (device_id != 0)
    {
      answer_logouts (self, user_id, device_id);
      (void) sig_sessions_revoke_device (sessions, device_id);
    }
  else if (cause == MSG_END_DISABLED || cause == MSG_END_DELETED)
    {
      if (cause == MSG_END_DELETED)
        answer_logouts (self, user_id, 0);
      (void) sig_sessions_bar_user (sessions, user_id);
    }
  else
    (void) sig_sessions_revoke_user (sessions, user_id, except_device_id);
  if (cause != MSG_END_REPLACED)
    sig_service_secret_sweep (self);
}

void
sig_service_session_register (SigServices *self)
{
  sig_rpc_register (self->config.rpc, "session.start", SIG_RPC_ANYONE, session_start, self);
  sig_rpc_register (self->config.rpc, "session.list", SIG_RPC_SESSION, session_list, self);
  sig_rpc_register (self->config.rpc, "session.revoke", SIG_RPC_SESSION, session_revoke, self);
  sig_rpc_register (self->config.rpc, "session.revokeOthers", SIG_RPC_SESSION, session_revoke_others, self);
  sig_rpc_register (self->config.rpc, "session.noticed", SIG_RPC_SESSION, session_noticed, self);
}
