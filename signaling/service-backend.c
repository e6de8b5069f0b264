/* SPDX-License-Identifier: Apache-2.0 */
/* backend.user*, backend.session*: for application servers with an API key, and for the administrator */
#include "messaging/session.h"
#include "signaling/services-private.h"

static JsonObject *
account_to_json (const MsgUser *user)
{
  JsonObject *object = sig_profile_user (user);

  json_object_set_boolean_member (object, "disabled", user->disabled);
  json_object_set_boolean_member (object, "external", user->external);
  json_object_set_int_member (object, "createdAt", user->created_at_ms);
  return object;
}

static JsonObject *
session_to_json (SigServices *self, const MsgSession *row)
{
  JsonObject *object = json_object_new ();
  SigSession *session = sig_sessions_lookup (self->config.sessions, row->device->id);
  bool attached = session != NULL && sig_session_is_attached (session);

  json_object_set_object_member (object, "device", sig_profile_device (row->device));
  sig_json_set_id (object, "userId", row->device->user_id);
  json_object_set_string_member (object, "username", row->username);
  json_object_set_int_member (object, "createdAt", row->created_at_ms);
  json_object_set_int_member (object, "lastSeenAt", attached ? self->config.wall_ms () : row->last_seen_ms);
  json_object_set_boolean_member (object, "attached", attached);
  return object;
}

static void
on_user (const MsgUser *found, const GError *error, gpointer call)
{
  JsonObject *result;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = json_object_new ();
  json_object_set_object_member (result, "user", account_to_json (found));
  sig_rpc_reply_object (call, result);
}

static void
user_create (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_account_create (self->config.core, json_object_get_string_member (params, "username"),
                      json_object_get_string_member (params, "password"), sig_json_get_string (params, "displayName"),
                      on_user, call);
}

/* msg_account_get() gives deleted users too, for histories; to an administrator they are gone */
static void
on_one_user (GPtrArray *users, const GError *error, gpointer call)
{
  const MsgUser *found = error == NULL && users->len == 1 ? users->pdata[0] : NULL;

  if (error == NULL && (found == NULL || found->deleted))
    sig_rpc_fail (call, SIG_RPC_NOT_FOUND, "user", "no such user", 0);
  else
    on_user (found, error, call);
}

static void
user_get (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  const char *username = sig_json_get_string (params, "username");
  MsgId id;

  if (username != NULL)
    {
      msg_account_find (self->config.core, username, on_user, call);
      return;
    }
  id = sig_json_get_id (params, "userId");
  msg_account_get (self->config.core, &id, 1, on_one_user, call);
}

SigServicePage *
sig_service_page_new (SigServices *services, SigRpcCall *call, unsigned limit)
{
  SigServicePage *page = g_new0 (SigServicePage, 1);

  page->services = services;
  page->call = call;
  page->limit = limit;
  return page;
}

static void
on_user_page (GPtrArray *users, const GError *error, gpointer user)
{
  g_autofree SigServicePage *page = user;
  JsonObject *result;
  JsonArray *list;

  if (error != NULL)
    {
      sig_rpc_fail_error (page->call, error);
      return;
    }
  result = json_object_new ();
  list = json_array_new ();
  for (unsigned i = 0; i < users->len; i++)
    json_array_add_object_element (list, account_to_json (users->pdata[i]));
  json_object_set_array_member (result, "users", list);
  if (users->len == page->limit)
    json_object_set_string_member (result, "next", ((const MsgUser *) users->pdata[users->len - 1])->username);
  sig_rpc_reply_object (page->call, result);
}

static void
user_list (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  unsigned limit = (unsigned) json_object_get_int_member (params, "limit");

  msg_account_list (self->config.core, sig_json_get_string (params, "after"), limit, on_user_page,
                    sig_service_page_new (self, call, limit));
}

static void
on_renamed (const MsgUser *renamed, const GError *error, gpointer user)
{
  g_autofree SigServicePage *page = user;

  if (error == NULL)
    sig_sessions_update_user (page->services->config.sessions, renamed);
  on_user (renamed, error, page->call);
}

static void
user_update (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_account_rename (self->config.core, sig_json_get_id (params, "userId"),
                      json_object_get_string_member (params, "displayName"), on_renamed,
                      sig_service_page_new (self, call, 0));
}

static void
user_disable (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_account_set_disabled (self->config.core, sig_json_get_id (params, "userId"), true, sig_service_on_done, call);
}

static void
user_enable (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_account_set_disabled (self->config.core, sig_json_get_id (params, "userId"), false, sig_service_on_done, call);
}

static void
user_delete (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_account_delete (self->config.core, sig_json_get_id (params, "userId"),
                      json_object_get_boolean_member_with_default (params, "eraseMessages", FALSE), sig_service_on_done,
                      call);
}

void
sig_service_on_session_page (GPtrArray *rows, const GError *error, gpointer user)
{
  g_autofree SigServicePage *page = user;
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
    json_array_add_object_element (list, session_to_json (page->services, rows->pdata[i]));
  json_object_set_array_member (result, "sessions", list);
  if (page->limit > 0 && rows->len == page->limit)
    sig_json_set_id (result, "next", ((const MsgSession *) rows->pdata[rows->len - 1])->device->id);
  sig_rpc_reply_object (page->call, result);
}

static void
session_list (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_session_list (self->config.core, sig_json_get_id (params, "userId"), sig_service_on_session_page,
                    sig_service_page_new (self, call, 0));
}

/* backend.sessionRevoke: find the sessions, then end one after the other in a row of writes */
typedef struct {
  SigServices *services;
  SigRpcCall *call;
  MsgId device_id;     /* 0: all of the user */
  unsigned waiting;    /* writes not acknowledged yet, and one for the loop that asks for them */
  unsigned revoked;
  GError *error;       /* owned: the first one */
} Revoke;

static void
revoke_release (Revoke *revoke)
{
  JsonObject *result;

  if (--revoke->waiting > 0)
    return;
  if (revoke->error != NULL)
    sig_rpc_fail_error (revoke->call, revoke->error);
  else
    {
      result = json_object_new ();
      json_object_set_int_member (result, "revoked", revoke->revoked);
      sig_rpc_reply_object (revoke->call, result);
    }
  g_clear_error (&revoke->error);
  g_free (revoke);
}

static void
on_revoked (const GError *error, gpointer user)
{
  Revoke *revoke = user;

  if (error == NULL)
    revoke->revoked++;
  else if (revoke->error == NULL && (revoke->device_id != 0 || !g_error_matches (error, MSG_ERROR, MSG_ERROR_NOT_FOUND)))
    /* of all sessions of a user, one that has just ended by itself is as good as revoked */
    revoke->error = g_error_copy (error);
  revoke_release (revoke);
}

static void
on_found_to_revoke (GPtrArray *rows, const GError *error, gpointer user)
{
  Revoke *revoke = user;

  if (error != NULL)
    revoke->error = g_error_copy (error);
  for (unsigned i = 0; error == NULL && i < rows->len; i++)
    {
      const MsgSession *row = rows->pdata[i];

      if (revoke->device_id != 0 && row->device->id != revoke->device_id)
        continue;
      revoke->waiting++;
      msg_session_revoke (revoke->services->config.core, row->device->user_id, row->device->id, on_revoked, revoke);
    }
  if (revoke->device_id != 0 && revoke->waiting == 1 && revoke->error == NULL)
    revoke->error = msg_error_new (MSG_ERROR_NOT_FOUND, "session", "the device is not logged in");
  revoke_release (revoke);
}

static void
session_revoke (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  Revoke *revoke = g_new0 (Revoke, 1);

  revoke->services = self;
  revoke->call = call;
  revoke->waiting = 1;
  if (json_object_has_member (params, "userId"))
    {
      msg_session_list (self->config.core, sig_json_get_id (params, "userId"), on_found_to_revoke, revoke);
      return;
    }
  /* by device alone: the list is in the order of device ids, so the one behind id - 1 is it, or it is not there */
  revoke->device_id = sig_json_get_id (params, "deviceId");
  msg_session_list_all (self->config.core, revoke->device_id - 1, 1, on_found_to_revoke, revoke);
}

void
sig_service_backend_register (SigServices *self)
{
  SigRpc *rpc = self->config.rpc;

  sig_rpc_register (rpc, "backend.userCreate", SIG_RPC_BACKEND, user_create, self);
  sig_rpc_register (rpc, "backend.userGet", SIG_RPC_BACKEND, user_get, self);
  sig_rpc_register (rpc, "backend.userList", SIG_RPC_BACKEND, user_list, self);
  sig_rpc_register (rpc, "backend.userUpdate", SIG_RPC_BACKEND, user_update, self);
  sig_rpc_register (rpc, "backend.userDisable", SIG_RPC_BACKEND, user_disable, self);
  sig_rpc_register (rpc, "backend.userEnable", SIG_RPC_BACKEND, user_enable, self);
  sig_rpc_register (rpc, "backend.userDelete", SIG_RPC_BACKEND, user_delete, self);
  sig_rpc_register (rpc, "backend.sessionList", SIG_RPC_BACKEND, session_list, self);
  sig_rpc_register (rpc, "backend.sessionRevoke", SIG_RPC_BACKEND, session_revoke, self);
}
