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

static void
append_pts (GString *members, const char *name, int64_t pts)
{
  g_string_append_printf (members, ",\"%s\":", name);
  sig_json_append_int (members, pts);
  g_string_append (members, ",\"ptsCount\":1");
}

/* @members: the text of @update without its closing brace, which is written once for all whom it is for */
static void
tell_user (SigServices *self, MsgId user_id, GString *members, int64_t pts)
{
  const Telling telling = { self->config.sessions, members };
  gsize len = members->len;

  if (pts != 0)
    append_pts (members, "pts", pts);
  sig_sessions_foreach_of_user (self->config.sessions, user_id, tell_session, (gpointer) &telling);
  g_string_truncate (members, len);
}

typedef struct {
  Telling telling;
  MsgId except_id;
} Crowd;

static void
tell_one_of (MsgId user_id, gpointer data)
{
  Crowd *crowd = data;

  if (user_id != crowd->except_id)
    sig_sessions_foreach_of_user (crowd->telling.sessions, user_id, tell_session, &crowd->telling);
}

static void
tell_chat (SigServices *self, MsgId chat_id, const GString *members, MsgId except_id)
{
  Crowd crowd = { { self->config.sessions, members }, except_id };

  sig_audience_foreach (self->audience, chat_id, tell_one_of, &crowd);
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

void
sig_service_tell_chat (SigServices *self, MsgId chat_id, JsonObject *update, MsgId except_id)
{
  g_autoptr (GString) members = NULL;

  if (sig_audience_count (self->audience, chat_id) > SIG_SMALL_CROWD)
    return;
  members = write_members (update);
  tell_chat (self, chat_id, members, except_id);
}

/* Who comes into a chat with its own log hears of it from now on, and who is out does not any more. */
static void
keep_audience (SigServices *self, const MsgUpdate *update, MsgId user_id)
{
  if (update->type == MSG_UPDATE_CHAT && msg_chat_has_log (update->chat->kind))
    sig_audience_put (self->audience, user_id, update->chat_id, update->chat->standing.role >= MSG_ROLE_RESTRICTED);
  else if (update->type == MSG_UPDATE_MEMBER && update->user_id == user_id
           && update->standing.role < MSG_ROLE_RESTRICTED)
    sig_audience_put (self->audience, user_id, update->chat_id, false);
}

static void
on_update (const MsgUpdate *update, gpointer user)
{
  g_autoptr (JsonObject) object = sig_update_json (update);
  g_autoptr (GString) members = write_members (object);

  if (update->chat_pts != 0)
    {
      append_pts (members, "chatPts", update->chat_pts);
      tell_chat (user, update->chat_id, members, 0);
    }
  for (unsigned i = 0; i < update->to->len; i++)
    {
      const MsgUpdateTo *to = &g_array_index (update->to, MsgUpdateTo, i);

      tell_user (user, to->user_id, members, to->pts);
      keep_audience (user, update, to->user_id);
    }
  if (((SigServices *) user)->config.push != NULL)
    sig_push_message (((SigServices *) user)->config.push, update);
}

/* --- Asked for --- */

static void
on_state (const MsgUpdateState *state, const GError *error, gpointer call)
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
  json_object_set_int_member (result, "pts", state->pts);
  for (unsigned i = 0; i < state->chats->len; i++)
    {
      const MsgChatPts *chat = &g_array_index (state->chats, MsgChatPts, i);
      JsonObject *entry = json_object_new ();

      sig_json_set_id (entry, "chatId", chat->chat_id);
      json_object_set_int_member (entry, "chatPts", chat->pts);
      json_array_add_object_element (list, entry);
    }
  json_object_set_array_member (result, "chats", list);
  sig_rpc_reply_object (call, result);
}

static void
updates_state (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_updates_state (((SigServices *) user)->config.core, sig_caller (call), on_state, call);
}

/* of a chat's log, or of the user's */
static JsonObject *
entry_json (const MsgUpdate *update)
{
  JsonObject *object = sig_update_json (update);

  if (update->chat_pts != 0)
    json_object_set_int_member (object, "chatPts", update->chat_pts);
  else
    json_object_set_int_member (object, "pts", g_array_index (update->to, MsgUpdateTo, 0).pts);
  json_object_set_int_member (object, "ptsCount", 1);
  return object;
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
    json_array_add_object_element (list, entry_json (difference->updates->pdata[i]));
  json_object_set_array_member (result, "updates", list);
  json_object_set_int_member (result, "pts", difference->pts);
  json_object_set_boolean_member (result, "more", difference->more);
  sig_rpc_reply_object (call, result);
}

static void
updates_difference (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_updates_difference (((SigServices *) user)->config.core, sig_caller (call), json_object_get_int_member (params, "pts"),
                          (unsigned) json_object_get_int_member (params, "limit"), on_difference, call);
}

static void
updates_chat_difference (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_updates_chat_difference (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"),
                               json_object_get_int_member (params, "pts"),
                               (unsigned) json_object_get_int_member (params, "limit"), on_difference, call);
}

void
sig_service_updates_register (SigServices *self)
{
  msg_core_set_update_fn (self->config.core, on_update, self);
  sig_rpc_register (self->config.rpc, "updates.state", SIG_RPC_SESSION, updates_state, self);
  sig_rpc_register (self->config.rpc, "updates.difference", SIG_RPC_SESSION, updates_difference, self);
  sig_rpc_register (self->config.rpc, "updates.chatDifference", SIG_RPC_SESSION, updates_chat_difference, self);
}
