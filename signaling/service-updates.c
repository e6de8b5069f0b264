/* SPDX-License-Identifier: Apache-2.0 */
/* updates.*, and the notification `update`: what is durable is told to all devices of whom it concerns. */
#include "signaling/chat-json.h"
#include "signaling/json-text.h"
#include "signaling/services-private.h"

/* --- Told live --- */

typedef struct {
  SigSessions *sessions;
  const GString *members;
} Telling;

static bool
tell_session (SigSession *session, gpointer data)
{
  const Telling *telling = data;

  sig_sessions_notify_members (telling->sessions, session, "update", telling->members->str, telling->members->len);
  return true;
}

/* @members: the text of @update without its closing brace, which is written once for all whom it is for */
static void
tell_user (SigServices *self, MsgId user_id, GString *members, int64_t pts)
{
  const Telling telling = { self->config.sessions, members };
  gsize len = members->len;

  if (pts != 0)
    {
      g_string_append (members, ",\"pts\":");
      sig_json_append_int (members, pts);
      g_string_append (members, ",\"ptsCount\":1");
    }
  sig_sessions_foreach_of_user (self->config.sessions, user_id, tell_session, (gpointer) &telling);
  g_string_truncate (members, len);
}

static GString *
write_members (JsonObject *update)
{
  GString *members = g_string_sized_new (512);

  sig_json_append_object (members, update);
  g_string_truncate (members, members->len - 1);
  g_string_erase (members, 0, 1);
  return members;
}

void
sig_service_tell_user (SigServices *self, MsgId user_id, JsonObject *update, int64_t pts)
{
  g_autoptr (GString) members = write_members (update);

  tell_user (self, user_id, members, pts);
}

static void
on_update (const MsgUpdate *update, gpointer user)
{
  g_autoptr (JsonObject) object = sig_update_json (update);
  g_autoptr (GString) members = write_members (object);

  for (unsigned i = 0; i < update->to->len; i++)
    {
      const MsgUpdateTo *to = &g_array_index (update->to, MsgUpdateTo, i);

      tell_user (user, to->user_id, members, to->pts);
    }
  if (((SigServices *) user)->config.push != NULL)
    sig_push_message (((SigServices *) user)->config.push, update);
}

/* --- Asked for --- */

static MsgId
caller (SigRpcCall *call)
{
  return sig_session_get_user_id (sig_rpc_call_get_session (call));
}

static void
on_state (int64_t pts, const GError *error, gpointer call)
{
  JsonObject *result;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = json_object_new ();
  json_object_set_int_member (result, "pts", pts);
  sig_rpc_reply_object (call, result);
}

static void
updates_state (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_updates_state (((SigServices *) user)->config.core, caller (call), on_state, call);
}

static void
on_difference (const MsgDifference *difference, const GError *error, gpointer call)
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
  for (unsigned i = 0; i < difference->updates->len; i++)
    {
      const MsgUpdate *update = difference->updates->pdata[i];
      JsonObject *object = sig_update_json (update);

      json_object_set_int_member (object, "pts", g_array_index (update->to, MsgUpdateTo, 0).pts);
      json_object_set_int_member (object, "ptsCount", 1);
      json_array_add_object_element (list, object);
    }
  json_object_set_array_member (result, "updates", list);
  json_object_set_int_member (result, "pts", difference->pts);
  json_object_set_boolean_member (result, "more", difference->more);
  sig_rpc_reply_object (call, result);
}

static void
updates_difference (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_updates_difference (((SigServices *) user)->config.core, caller (call), json_object_get_int_member (params, "pts"),
                          (unsigned) json_object_get_int_member (params, "limit"), on_difference, call);
}

void
sig_service_updates_register (SigServices *self)
{
  msg_core_set_update_fn (self->config.core, on_update, self);
  sig_rpc_register (self->config.rpc, "updates.state", SIG_RPC_SESSION, updates_state, self);
  sig_rpc_register (self->config.rpc, "updates.difference", SIG_RPC_SESSION, updates_difference, self);
}
