/* SPDX-License-Identifier: Apache-2.0 */
/* chat.*: links, joining, requests, public names, from a group to a supergroup. */
#include <string.h>

#include "base/base64url.h"
#include "messaging/chat-join.h"
#include "signaling/chat-json.h"
#include "signaling/services-private.h"

static MsgCore *
core_of (gpointer user)
{
  return ((SigServices *) user)->config.core;
}

/* --- Links --- */

static JsonObject *
link_json (const MsgChatLink *link)
{
  JsonObject *object = json_object_new ();
  g_autofree char *text = al_base64url_encode (link->link, sizeof link->link);

  json_object_set_string_member (object, "link", text);
  sig_json_set_id (object, "creatorId", link->creator_id);
  json_object_set_int_member (object, "createdAt", link->created_ms);
  if (link->expires_ms != 0)
    json_object_set_int_member (object, "expiresAt", link->expires_ms);
  if (link->max_uses != 0)
    json_object_set_int_member (object, "maxUses", link->max_uses);
  json_object_set_int_member (object, "uses", link->uses);
  json_object_set_boolean_member (object, "approval", link->approval);
  return object;
}

static void
on_links (const GArray *links, const GError *error, gpointer call)
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
  for (unsigned i = 0; i < links->len; i++)
    json_array_add_object_element (list, link_json (&g_array_index (links, MsgChatLink, i)));
  json_object_set_array_member (result, "links", list);
  sig_rpc_reply_object (call, result);
}

static void
on_link (const GArray *links, const GError *error, gpointer call)
{
  if (error != NULL)
    sig_rpc_fail_error (call, error);
  else
    sig_rpc_reply_object (call, link_json (&g_array_index (links, MsgChatLink, 0)));
}

static void
chat_create_link (SigRpcCall *call, JsonObject *params, gpointer user)
{
  const MsgChatLink spec = { .expires_ms = json_object_get_int_member_with_default (params, "expiresAt", 0),
                             .max_uses = (unsigned) json_object_get_int_member_with_default (params, "maxUses", 0),
                             .approval = json_object_get_boolean_member_with_default (params, "approval", FALSE) };

  msg_chat_create_link (core_of (user), sig_caller (call), sig_json_get_id (params, "chatId"), &spec, on_link, call);
}

static void
chat_links (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_chat_get_links (core_of (user), sig_caller (call), sig_json_get_id (params, "chatId"), on_links, call);
}

/* @bytes: what the schema has checked */
static void
read_link (JsonObject *params, uint8_t bytes[MSG_CHAT_LINK_BYTES])
{
  const char *text = json_object_get_string_member (params, "link");
  bool ok = al_base64url_decode_exact (text, strlen (text), bytes, MSG_CHAT_LINK_BYTES);

  g_assert (ok);
}

static void
chat_revoke_link (SigRpcCall *call, JsonObject *params, gpointer user)
{
  uint8_t link[MSG_CHAT_LINK_BYTES];

  read_link (params, link);
  msg_chat_revoke_link (core_of (user), sig_caller (call), sig_json_get_id (params, "chatId"), link, on_links, call);
}

/* --- Ways in --- */

/* Returns: false: @call is answered */
static bool
read_way (SigRpcCall *call, JsonObject *params, MsgChatWay *way, uint8_t bytes[MSG_CHAT_LINK_BYTES])
{
  *way = (MsgChatWay){ .username = sig_json_get_string (params, "username") };
  if (json_object_has_member (params, "link"))
    {
      read_link (params, bytes);
      way->link = bytes;
    }
  if ((way->link != NULL) != (way->username != NULL))
    return true;
  sig_rpc_fail (call, SIG_RPC_INVALID_PARAMS, "invalid_params", "one of link and username", 0);
  return false;
}

static void
on_joined (const MsgChat *chat, const MsgWritten *written, const GError *error, gpointer call)
{
  JsonObject *result;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = sig_written_json (written);
  json_object_set_boolean_member (result, "requested", chat == NULL);
  if (chat != NULL)
    json_object_set_object_member (result, "chat", sig_chat_json (chat));
  sig_rpc_reply_object (call, result);
}

static void
chat_join (SigRpcCall *call, JsonObject *params, gpointer user)
{
  uint8_t link[MSG_CHAT_LINK_BYTES];
  MsgChatWay way;

  if (read_way (call, params, &way, link))
    msg_chat_join (core_of (user), sig_caller (call), &way, on_joined, call);
}

static void
on_found (const MsgChatFound *found, const GError *error, gpointer call)
{
  JsonObject *result;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = json_object_new ();
  if (found->user != NULL)
    json_object_set_object_member (result, "user", sig_profile_user (found->user));
  else if (found->chat->standing.role >= MSG_ROLE_RESTRICTED || found->chat->standing.of_public)
    json_object_set_object_member (result, "chat", sig_chat_json (found->chat));
  else
    json_object_set_object_member (result, "info", sig_chat_info_json (found->chat));
  if (found->approval)
    json_object_set_boolean_member (result, "approval", TRUE);
  sig_rpc_reply_object (call, result);
}

static void
chat_resolve (SigRpcCall *call, JsonObject *params, gpointer user)
{
  uint8_t link[MSG_CHAT_LINK_BYTES];
  MsgChatWay way;

  if (read_way (call, params, &way, link))
    msg_chat_resolve (core_of (user), sig_caller (call), &way, on_found, call);
}

/* --- Who waits --- */

static void
on_requests (GPtrArray *members, const GError *error, gpointer data)
{
  g_autofree SigServicePage *page = data;
  JsonObject *result;
  JsonArray *list;

  if (error != NULL)
    {
      sig_rpc_fail_error (page->call, error);
      return;
    }
  result = json_object_new ();
  list = json_array_new ();
  for (unsigned i = 0; i < members->len; i++)
    {
      const MsgChatMember *member = members->pdata[i];
      JsonObject *entry = json_object_new ();

      json_object_set_object_member (entry, "user", sig_profile_user (member->user));
      json_object_set_int_member (entry, "at", member->joined_ms);
      json_array_add_object_element (list, entry);
    }
  json_object_set_array_member (result, "requests", list);
  if (members->len == page->limit)
    sig_json_set_id (result, "next", ((const MsgChatMember *) members->pdata[members->len - 1])->user->id);
  sig_rpc_reply_object (page->call, result);
}

static void
chat_requests (SigRpcCall *call, JsonObject *params, gpointer user)
{
  unsigned limit = (unsigned) json_object_get_int_member (params, "limit");
  MsgId after = sig_json_get_optional_id (params, "next");

  msg_chat_get_requests (core_of (user), sig_caller (call), sig_json_get_id (params, "chatId"), after, limit, on_requests,
                         sig_service_page_new (user, call, limit));
}

typedef struct {
  SigSessions *sessions;
  const GString *members;
} Telling;

static bool
tell_session (SigSession *session, gpointer data)
{
  const Telling *telling = data;

  sig_sessions_notify_members (telling->sessions, session, "chat.requests", telling->members->str, telling->members->len);
  return true;
}

/* to the admins who are here; who comes later asks */
static void
on_requests_changed (MsgId chat_id, unsigned n_waiting, const GArray *user_ids, gpointer user)
{
  SigServices *self = user;
  g_autoptr (GString) members = g_string_sized_new (64);
  const Telling telling = { self->config.sessions, members };

  g_string_printf (members, "\"chatId\":\"%" G_GINT64_FORMAT "\",\"count\":%u", chat_id, n_waiting);
  for (unsigned i = 0; i < user_ids->len; i++)
    sig_sessions_foreach_of_user (self->config.sessions, g_array_index (user_ids, MsgId, i), tell_session,
                                  (gpointer) &telling);
}

static void
chat_answer_request (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_chat_answer (core_of (user), sig_caller (call), sig_json_get_id (params, "chatId"), sig_json_get_id (params, "userId"),
                   json_object_get_boolean_member (params, "approve"), sig_service_on_written, call);
}

/* --- What the owner makes of it --- */

static void
chat_set_username (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_chat_set_username (core_of (user), sig_caller (call), sig_json_get_id (params, "chatId"),
                         sig_json_get_string (params, "username"), sig_service_on_written, call);
}

static void
chat_migrate (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_chat_migrate (core_of (user), sig_caller (call), sig_json_get_id (params, "chatId"), sig_service_on_written, call);
}

void
sig_service_join_register (SigServices *self)
{
  static const struct {
    const char *name;
    SigRpcFn fn;
  } methods[] = {
    { "chat.createLink", chat_create_link }, { "chat.links", chat_links },
    { "chat.revokeLink", chat_revoke_link }, { "chat.join", chat_join },
    { "chat.resolve", chat_resolve },        { "chat.requests", chat_requests },
    { "chat.answerRequest", chat_answer_request }, { "chat.setUsername", chat_set_username },
    { "chat.migrate", chat_migrate },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (methods); i++)
    sig_rpc_register (self->config.rpc, methods[i].name, SIG_RPC_SESSION, methods[i].fn, self);
  msg_core_set_requests_fn (self->config.core, on_requests_changed, self);
}
