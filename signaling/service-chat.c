/* SPDX-License-Identifier: Apache-2.0 */
/* chat.* */
#include <stdlib.h>
#include <string.h>

#include "signaling/chat-json.h"
#include "signaling/services-private.h"

/* @list: (nullable): of ids. Returns: (transfer full) (element-type MsgId) */
static GArray *
read_ids (JsonArray *list)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (MsgId));

  for (unsigned i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      MsgId id = 0;
      bool ok = msg_id_parse (json_array_get_string_element (list, i), &id);

      g_assert (ok);
      g_array_append_val (ids, id);
    }
  return ids;
}

static int64_t
get_until (JsonObject *params)
{
  return json_object_get_int_member_with_default (params, "until", 0);
}

/* --- Answers --- */

static void
on_chat (const MsgChat *chat, const MsgWritten *written, const GError *error, gpointer call)
{
  JsonObject *result;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = sig_written_json (written);
  json_object_set_object_member (result, "chat", sig_chat_json (chat));
  sig_rpc_reply_object (call, result);
}

static void
on_chats (GPtrArray *chats, const GError *error, gpointer call)
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
  for (unsigned i = 0; i < chats->len; i++)
    json_array_add_object_element (list, sig_chat_json (chats->pdata[i]));
  json_object_set_array_member (result, "chats", list);
  sig_rpc_reply_object (call, result);
}

/* --- Making and finding --- */

static void
chat_open (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_chat_open (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "userId"), on_chat, call);
}

static void
chat_create (SigRpcCall *call, JsonObject *params, gpointer user)
{
  g_autoptr (GArray) members = read_ids (sig_json_get_list (params, "members"));
  const MsgChatSpec spec = { .kind = sig_chat_kind_read (json_object_get_string_member (params, "kind")),
                             .title = json_object_get_string_member (params, "title"),
                             .about = sig_json_get_string (params, "about"),
                             .members = (const MsgId *) (const void *) members->data,
                             .n_members = members->len };

  msg_chat_create (((SigServices *) user)->config.core, sig_caller (call), &spec, on_chat, call);
}

static void
chat_get (SigRpcCall *call, JsonObject *params, gpointer user)
{
  g_autoptr (GArray) ids = read_ids (json_object_get_array_member (params, "ids"));

  msg_chat_get (((SigServices *) user)->config.core, sig_caller (call), (const MsgId *) (const void *) ids->data, ids->len,
                on_chats, call);
}

/* A place in the list, as text: "TIME.CHAT". */
static bool
read_place (const char *text, MsgChatPlace *ret_place)
{
  char *end;

  ret_place->last_ms = g_ascii_strtoll (text, &end, 10);
  return ret_place->last_ms > 0 && *end == '.' && msg_id_parse (end + 1, &ret_place->id);
}

static void
on_page (const MsgChatPage *page, const GError *error, gpointer call)
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
  for (unsigned i = 0; i < page->chats->len; i++)
    {
      JsonObject *entry = json_object_new ();

      json_object_set_object_member (entry, "chat", sig_chat_json (page->chats->pdata[i]));
      if (page->messages->pdata[i] != NULL)
        json_object_set_object_member (entry, "lastMessage", sig_message_json (page->messages->pdata[i]));
      json_array_add_object_element (list, entry);
    }
  json_object_set_array_member (result, "chats", list);
  if (page->has_next)
    {
      const MsgChat *last = page->chats->pdata[page->chats->len - 1];
      g_autofree char *next = g_strdup_printf ("%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT, last->last_ms, last->id);

      json_object_set_string_member (result, "next", next);
    }
  sig_rpc_reply_object (call, result);
}

static void
chat_list (SigRpcCall *call, JsonObject *params, gpointer user)
{
  const char *next = sig_json_get_string (params, "next");
  MsgChatPlace place;

  if (next != NULL && !read_place (next, &place))
    sig_rpc_fail (call, SIG_RPC_INVALID_PARAMS, "cursor", "this is no next of a page before", 0);
  else
    msg_chat_list (((SigServices *) user)->config.core, sig_caller (call), next != NULL ? &place : NULL,
                   (unsigned) json_object_get_int_member (params, "limit"), on_page, call);
}

/* --- Members --- */

static void
on_members (GPtrArray *members, const GError *error, gpointer data)
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
    json_array_add_object_element (list, sig_chat_member_json (members->pdata[i]));
  json_object_set_array_member (result, "members", list);
  if (members->len == page->limit)
    sig_json_set_id (result, "next", ((const MsgChatMember *) members->pdata[members->len - 1])->user->id);
  sig_rpc_reply_object (page->call, result);
}

static void
chat_members (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  unsigned limit = (unsigned) json_object_get_int_member (params, "limit");
  MsgId after = sig_json_get_optional_id (params, "next");
  const char *role = sig_json_get_string (params, "role");
  const MsgChatPick pick = { .role = role != NULL ? sig_chat_role_read (role) : MSG_ROLE_STRANGER,
                             .query = sig_json_get_string (params, "query") };

  msg_chat_members (self->config.core, sig_caller (call), sig_json_get_id (params, "chatId"), &pick, after, limit, on_members,
                    sig_service_page_new (self, call, limit));
}

static void
chat_invite (SigRpcCall *call, JsonObject *params, gpointer user)
{
  g_autoptr (GArray) ids = read_ids (json_object_get_array_member (params, "userIds"));

  msg_chat_invite (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"),
                   (const MsgId *) (const void *) ids->data, ids->len, sig_service_on_written, call);
}

static void
chat_leave (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_chat_leave (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"),
                  sig_service_on_written, call);
}

static void
set_standing (SigRpcCall *call, JsonObject *params, MsgChatRole role, gpointer user)
{
  const MsgChatStanding standing = { .user_id = sig_json_get_id (params, "userId"),
                                     .role = role,
                                     .rights = sig_rights_read (sig_json_get_list (params, "rights")),
                                     .until_ms = get_until (params) };

  msg_chat_set_standing (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"),
                         &standing, sig_service_on_written, call);
}

static void
chat_set_role (SigRpcCall *call, JsonObject *params, gpointer user)
{
  set_standing (call, params, sig_chat_role_read (json_object_get_string_member (params, "role")), user);
}

static void
chat_ban (SigRpcCall *call, JsonObject *params, gpointer user)
{
  set_standing (call, params, MSG_ROLE_BANNED, user);
}

static void
chat_unban (SigRpcCall *call, JsonObject *params, gpointer user)
{
  set_standing (call, params, MSG_ROLE_LEFT, user);
}

static void
chat_update (SigRpcCall *call, JsonObject *params, gpointer user)
{
  JsonArray *permissions = sig_json_get_list (params, "permissions");
  bool has_linked = json_object_has_member (params, "linkedChatId");
  bool unlinks = has_linked && json_object_get_null_member (params, "linkedChatId");
  const MsgChatChange change = { .title = sig_json_get_string (params, "title"),
                                 .about = sig_json_get_string (params, "about"),
                                 .has_permissions = permissions != NULL,
                                 .permissions = sig_rights_read (permissions),
                                 .has_slow = json_object_has_member (params, "slowModeMs"),
                                 .slow_ms = json_object_get_int_member_with_default (params, "slowModeMs", 0),
                                 .has_protected = json_object_has_member (params, "protected"),
                                 .is_protected = json_object_get_boolean_member_with_default (params, "protected", FALSE),
                                 .has_topics = json_object_has_member (params, "topics"),
                                 .topics = json_object_get_boolean_member_with_default (params, "topics", FALSE),
                                 .has_ttl = json_object_has_member (params, "messageTtlMs"),
                                 .ttl_ms = json_object_get_int_member_with_default (params, "messageTtlMs", 0),
                                 .has_retention = json_object_has_member (params, "retentionMs"),
                                 .retention_ms = json_object_get_int_member_with_default (params, "retentionMs", 0),
                                 .has_linked = has_linked,
                                 .linked_id = has_linked && !unlinks ? sig_json_get_id (params, "linkedChatId") : 0 };

  msg_chat_update (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"), &change,
                   sig_service_on_written, call);
}

void
sig_service_chat_register (SigServices *self)
{
  static const struct {
    const char *name;
    SigRpcFn fn;
  } methods[] = {
    { "chat.open", chat_open },       { "chat.create", chat_create },   { "chat.get", chat_get },
    { "chat.list", chat_list },       { "chat.members", chat_members }, { "chat.invite", chat_invite },
    { "chat.leave", chat_leave },     { "chat.setRole", chat_set_role }, { "chat.ban", chat_ban },
    { "chat.unban", chat_unban },     { "chat.update", chat_update },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (methods); i++)
    sig_rpc_register (self->config.rpc, methods[i].name, SIG_RPC_SESSION, methods[i].fn, self);
}
