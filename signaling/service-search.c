/* SPDX-License-Identifier: Apache-2.0 */
/* search.* */
#include "messaging/search.h"
#include "signaling/chat-json.h"
#include "signaling/services-private.h"

/* --- Messages --- */

static JsonObject *
hit_json (const MsgHit *hit)
{
  JsonObject *object = json_object_new ();
  JsonArray *highlights = json_array_new ();

  for (unsigned i = 0; i < hit->ranges->len; i++)
    {
      const MsgRange *range = &g_array_index (hit->ranges, MsgRange, i);
      JsonArray *pair = json_array_new ();

      json_array_add_int_element (pair, range->offset);
      json_array_add_int_element (pair, range->length);
      json_array_add_array_element (highlights, pair);
    }
  json_object_set_object_member (object, "message", sig_message_json (hit->message));
  json_object_set_array_member (object, "highlights", highlights);
  return object;
}

static void
on_hits (const MsgHits *hits, const GError *error, gpointer call)
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
  for (unsigned i = 0; i < hits->hits->len; i++)
    json_array_add_object_element (list, hit_json (hits->hits->pdata[i]));
  json_object_set_array_member (result, "hits", list);
  if (hits->next != 0)
    sig_json_set_id (result, "next", hits->next);
  sig_rpc_reply_object (call, result);
}

static void
search_messages (SigRpcCall *call, JsonObject *params, gpointer user)
{
  const char *kind = sig_json_get_string (params, "kind");
  MsgMedia media = kind != NULL ? msg_media_parse (kind) : MSG_MEDIA_ANY;
  bool has_media = media != MSG_MEDIA_N; /* text and service are kinds of messages alone */
  const MsgSearch search = { .query = sig_json_get_string (params, "query"),
                             .chat_id = sig_json_get_optional_id (params, "chatId"),
                             .sender_id = sig_json_get_optional_id (params, "from"),
                             .kind = has_media ? 0 : sig_message_kind_read (kind),
                             .media = has_media ? media : MSG_MEDIA_ANY,
                             .thread_id = sig_json_get_optional_id (params, "threadId"),
                             .after_ms = json_object_get_int_member_with_default (params, "after", 0),
                             .before_ms = json_object_get_int_member_with_default (params, "before", 0),
                             .next = sig_json_get_optional_id (params, "next"),
                             .limit = (unsigned) json_object_get_int_member (params, "limit") };

  msg_search_messages (((SigServices *) user)->config.core, sig_caller (call), &search, on_hits, call);
}

/* --- Names --- */

static void
on_names (const MsgNames *names, const GError *error, gpointer call)
{
  JsonObject *result;
  JsonArray *chats, *open, *users;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = json_object_new ();
  chats = json_array_new ();
  open = json_array_new ();
  users = json_array_new ();
  for (unsigned i = 0; i < names->chats->len; i++)
    json_array_add_object_element (chats, sig_chat_json (names->chats->pdata[i]));
  for (unsigned i = 0; i < names->open->len; i++)
    json_array_add_object_element (open, sig_chat_json (names->open->pdata[i]));
  for (unsigned i = 0; i < names->users->len; i++)
    json_array_add_object_element (users, sig_profile_user (names->users->pdata[i]));
  json_object_set_array_member (result, "chats", chats);
  json_object_set_array_member (result, "open", open);
  json_object_set_array_member (result, "users", users);
  sig_rpc_reply_object (call, result);
}

static void
search_chats (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_search_names (((SigServices *) user)->config.core, sig_caller (call), json_object_get_string_member (params, "query"),
                    (unsigned) json_object_get_int_member (params, "limit"), on_names, call);
}

void
sig_service_search_register (SigServices *self)
{
  sig_rpc_register (self->config.rpc, "search.messages", SIG_RPC_SESSION, search_messages, self);
  sig_rpc_register (self->config.rpc, "search.chats", SIG_RPC_SESSION, search_chats, self);
}
