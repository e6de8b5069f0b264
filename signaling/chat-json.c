/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/chat-json.h"

#include <string.h>

#include "messaging/message-text.h"
#include "signaling/profile.h"

static const char *const kinds[MSG_CHAT_KIND_N] = {
  [MSG_CHAT_PRIVATE] = "private",       [MSG_CHAT_SAVED] = "saved",     [MSG_CHAT_GROUP] = "group",
  [MSG_CHAT_SUPERGROUP] = "supergroup", [MSG_CHAT_CHANNEL] = "channel",
};

static const char *const roles[MSG_ROLE_N] = {
  [MSG_ROLE_STRANGER] = "left",        [MSG_ROLE_LEFT] = "left",     [MSG_ROLE_BANNED] = "banned",
  [MSG_ROLE_RESTRICTED] = "restricted", [MSG_ROLE_MEMBER] = "member", [MSG_ROLE_ADMIN] = "admin",
  [MSG_ROLE_OWNER] = "owner",
};

static const struct {
  const char *word;
  unsigned bit;
} rights[] = {
  { "send", MSG_RIGHT_SEND },     { "invite", MSG_RIGHT_INVITE }, { "info", MSG_RIGHT_INFO },
  { "calls", MSG_RIGHT_CALLS },   { "delete", MSG_RIGHT_DELETE }, { "ban", MSG_RIGHT_BAN },
  { "promote", MSG_RIGHT_PROMOTE }, { "post", MSG_RIGHT_POST },
  { "pin", MSG_RIGHT_PIN },
};

MsgChatKind
sig_chat_kind_read (const char *word)
{
  unsigned kind = MSG_CHAT_PRIVATE;

  while (kind < MSG_CHAT_CHANNEL && strcmp (word, kinds[kind]) != 0)
    kind++;
  return kind;
}

MsgChatRole
sig_chat_role_read (const char *word)
{
  unsigned role = MSG_ROLE_LEFT;

  while (role < MSG_ROLE_OWNER && strcmp (word, roles[role]) != 0)
    role++;
  return role;
}

static JsonArray *
rights_json (unsigned bits)
{
  JsonArray *list = json_array_new ();

  for (unsigned i = 0; i < G_N_ELEMENTS (rights); i++)
    if ((bits & rights[i].bit) != 0)
      json_array_add_string_element (list, rights[i].word);
  return list;
}

unsigned
sig_rights_read (JsonArray *words)
{
  unsigned bits = 0;

  for (unsigned i = 0; words != NULL && i < json_array_get_length (words); i++)
    for (unsigned k = 0; k < G_N_ELEMENTS (rights); k++)
      if (strcmp (json_array_get_string_element (words, i), rights[k].word) == 0)
        bits |= rights[k].bit;
  return bits;
}

/* role, and rights and until where it has them */
static void
set_standing (JsonObject *object, const MsgStanding *standing, int64_t until_ms)
{
  json_object_set_string_member (object, "role", roles[standing->role]);
  if (standing->role == MSG_ROLE_ADMIN || standing->role == MSG_ROLE_RESTRICTED)
    json_object_set_array_member (object, "rights", rights_json (standing->rights));
  if (until_ms != 0)
    json_object_set_int_member (object, "until", until_ms);
}

static void
set_peer (JsonObject *object, const MsgChat *chat)
{
  if (chat->peer == NULL)
    return;
  json_object_set_object_member (object, "peer", sig_profile_user (chat->peer));
  sig_json_set_id (object, "peerReadUpToId", chat->peer_read_id);
  sig_json_set_id (object, "peerDeliveredUpToId", chat->peer_delivered_id);
}

/* @json: (nullable): what the core has written */
static void
set_entities (JsonObject *object, const char *json)
{
  g_autoptr (JsonNode) node = json != NULL ? json_from_string (json, NULL) : NULL;

  json_object_set_array_member (object, "entities",
                                node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_dup_array (node)
                                                                             : json_array_new ());
}

static void
set_draft (JsonObject *object, const MsgDraft *draft)
{
  JsonObject *inner;

  if (draft == NULL)
    return;
  inner = json_object_new ();
  json_object_set_string_member (inner, "text", draft->text);
  set_entities (inner, draft->entities);
  if (draft->reply_to != 0)
    sig_json_set_id (inner, "replyTo", draft->reply_to);
  json_object_set_int_member (inner, "at", draft->at_ms);
  json_object_set_object_member (object, "draft", inner);
}

/* of a channel nobody but its admins sees whose it is. */
JsonObject *
sig_chat_info_json (const MsgChat *chat)
{
  JsonObject *object = json_object_new ();

  sig_json_set_id (object, "id", chat->id);
  json_object_set_string_member (object, "kind", kinds[chat->kind]);
  json_object_set_string_member (object, "title", chat->title);
  json_object_set_string_member (object, "about", chat->about);
  if (chat->username != NULL)
    json_object_set_string_member (object, "username", chat->username);
  if (chat->owner_id != 0 && (chat->kind != MSG_CHAT_CHANNEL || chat->standing.role >= MSG_ROLE_ADMIN))
    sig_json_set_id (object, "ownerId", chat->owner_id);
  json_object_set_int_member (object, "memberCount", chat->member_count);
  json_object_set_array_member (object, "permissions", rights_json (chat->permissions));
  json_object_set_int_member (object, "createdAt", chat->created_ms);
  if (chat->is_protected)
    json_object_set_boolean_member (object, "protected", TRUE);
  if (chat->has_topics)
    json_object_set_boolean_member (object, "topics", TRUE);
  if (chat->slow_ms != 0)
    json_object_set_int_member (object, "slowModeMs", chat->slow_ms);
  if (chat->ttl_ms != 0)
    json_object_set_int_member (object, "messageTtlMs", chat->ttl_ms);
  if (chat->retention_ms != 0)
    json_object_set_int_member (object, "retentionMs", chat->retention_ms);
  if (chat->linked_id != 0)
    sig_json_set_id (object, "linkedChatId", chat->linked_id);
  return object;
}

JsonObject *
sig_chat_json (const MsgChat *chat)
{
  JsonObject *object = sig_chat_info_json (chat);

  if (msg_chat_has_log (chat->kind))
    json_object_set_int_member (object, "chatPts", chat->pts);
  set_standing (object, &chat->standing, chat->until_ms);
  set_peer (object, chat);
  sig_json_set_id (object, "topId", chat->top_id);
  sig_json_set_id (object, "readUpToId", chat->read_id);
  json_object_set_int_member (object, "unread", chat->unread);
  json_object_set_int_member (object, "mentions", chat->mentions);
  if (chat->pinned_id != 0)
    sig_json_set_id (object, "pinned", chat->pinned_id);
  set_draft (object, chat->draft);
  return object;
}

JsonObject *
sig_chat_member_json (const MsgChatMember *member)
{
  JsonObject *object = json_object_new ();

  json_object_set_object_member (object, "user", sig_profile_user (member->user));
  set_standing (object, &member->standing, member->until_ms);
  json_object_set_int_member (object, "joinedAt", member->joined_ms);
  sig_json_set_id (object, "readUpToId", member->read_id);
  sig_json_set_id (object, "deliveredUpToId", member->delivered_id);
  return object;
}

/* --- Messages --- */

static const char *const message_kinds[MSG_MESSAGE_KIND_N] = {
  [MSG_MESSAGE_TEXT] = "text",
  [MSG_MESSAGE_SERVICE] = "service",
  [MSG_MESSAGE_POLL] = "poll",
};

MsgMessageKind
sig_message_kind_read (const char *word)
{
  unsigned kind = MSG_MESSAGE_TEXT;

  while (kind < MSG_MESSAGE_KIND_N && strcmp (word, message_kinds[kind]) != 0)
    kind++;
  return kind;
}

/* @json: (nullable): likewise */
static void
set_json (JsonObject *object, const char *name, const char *json)
{
  JsonNode *node = json != NULL ? json_from_string (json, NULL) : NULL;

  if (node != NULL)
    json_object_set_member (object, name, node);
}

static JsonArray *
reactions_json (const GArray *reactions, bool with_own)
{
  JsonArray *list = json_array_new ();

  for (unsigned i = 0; reactions != NULL && i < reactions->len; i++)
    {
      const MsgReaction *reaction = &g_array_index (reactions, MsgReaction, i);
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "emoji", reaction->emoji);
      json_object_set_int_member (object, "count", reaction->count);
      if (reaction->own && with_own)
        json_object_set_boolean_member (object, "own", TRUE);
      json_array_add_object_element (list, object);
    }
  return list;
}

static void
set_comments (JsonObject *object, const MsgMessage *message)
{
  JsonObject *inner;

  if (message->discussion_id == 0)
    return;
  inner = json_object_new ();
  sig_json_set_id (inner, "chatId", message->discussion_chat);
  sig_json_set_id (inner, "messageId", message->discussion_id);
  json_object_set_int_member (inner, "count", message->comments);
  json_object_set_object_member (object, "comments", inner);
}

JsonObject *
sig_message_json (const MsgMessage *message)
{
  JsonObject *object = json_object_new ();

  sig_json_set_id (object, "id", message->id);
  sig_json_set_id (object, "chatId", message->chat_id);
  sig_json_set_id (object, "from", message->sender_id);
  json_object_set_int_member (object, "at", message->at_ms);
  json_object_set_string_member (object, "kind", message_kinds[message->kind]);
  json_object_set_string_member (object, "text", message->text);
  set_entities (object, message->entities);
  set_json (object, "data", message->data);
  set_json (object, "forwardedFrom", message->forward);
  set_json (object, "attachments", message->files);
  if (message->poll != NULL)
    json_object_set_object_member (object, "poll", sig_poll_json (message->poll, true));
  if (message->reply_to != 0)
    sig_json_set_id (object, "replyTo", message->reply_to);
  if (message->thread_id != 0)
    sig_json_set_id (object, "threadId", message->thread_id);
  set_json (object, "quote", message->quote);
  if (message->edited_ms != 0)
    json_object_set_int_member (object, "editedAt", message->edited_ms);
  if (message->silent)
    json_object_set_boolean_member (object, "silent", TRUE);
  if (message->reactions != NULL)
    json_object_set_array_member (object, "reactions", reactions_json (message->reactions, true));
  if (message->pinned)
    json_object_set_boolean_member (object, "pinned", TRUE);
  if (message->expires_ms != 0)
    json_object_set_int_member (object, "expiresAt", message->expires_ms);
  set_comments (object, message);
  return object;
}

JsonObject *
sig_scheduled_json (const MsgScheduled *scheduled)
{
  JsonObject *object = json_object_new ();

  sig_json_set_id (object, "id", scheduled->id);
  sig_json_set_id (object, "chatId", scheduled->chat_id);
  json_object_set_int_member (object, "sendAt", scheduled->send_ms);
  json_object_set_int_member (object, "at", scheduled->at_ms);
  json_object_set_string_member (object, "text", scheduled->text);
  set_entities (object, scheduled->entities);
  if (scheduled->reply_to != 0)
    sig_json_set_id (object, "replyTo", scheduled->reply_to);
  if (scheduled->thread_id != 0)
    sig_json_set_id (object, "threadId", scheduled->thread_id);
  set_json (object, "quote", scheduled->quote);
  if (scheduled->silent)
    json_object_set_boolean_member (object, "silent", TRUE);
  if (scheduled->ttl_ms != 0)
    json_object_set_int_member (object, "ttlMs", scheduled->ttl_ms);
  if (scheduled->failed != NULL)
    json_object_set_string_member (object, "failed", scheduled->failed);
  return object;
}

JsonObject *
sig_message_edit_json (const MsgEdit *edit)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "at", edit->at_ms);
  json_object_set_string_member (object, "text", edit->text);
  set_entities (object, edit->entities);
  return object;
}

JsonObject *
sig_reactor_json (const MsgReactor *reactor)
{
  JsonObject *object = json_object_new ();

  json_object_set_object_member (object, "user", sig_profile_user (reactor->user));
  json_object_set_string_member (object, "emoji", reactor->emoji);
  json_object_set_int_member (object, "at", reactor->at_ms);
  return object;
}

GArray *
sig_entities_read (JsonArray *list)
{
  GArray *entities = msg_entities_new ();

  for (unsigned i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      JsonObject *object = json_array_get_object_element (list, i);
      const char *url = sig_json_get_string (object, "url");
      MsgEntity entity = { .type = msg_entity_type_parse (json_object_get_string_member (object, "type")),
                           .offset = (unsigned) json_object_get_int_member (object, "offset"),
                           .length = (unsigned) json_object_get_int_member (object, "length") };

      entity.value = g_strdup (url != NULL ? url : sig_json_get_string (object, "language"));
      entity.user_id = json_object_has_member (object, "userId") ? sig_json_get_id (object, "userId") : 0;
      g_array_append_val (entities, entity);
    }
  return entities;
}

/* --- Updates --- */

JsonObject *
sig_written_json (const MsgWritten *written)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "pts", written->pts);
  json_object_set_int_member (object, "ptsCount", written->count);
  if (written->chat_count == 0)
    return object;
  json_object_set_int_member (object, "chatPts", written->chat_pts);
  json_object_set_int_member (object, "chatPtsCount", written->chat_count);
  return object;
}

static JsonArray *
ids_json (const GArray *ids)
{
  JsonArray *list = json_array_new ();
  char text[MSG_ID_STRLEN];

  for (unsigned i = 0; i < ids->len; i++)
    json_array_add_string_element (list, msg_id_format (g_array_index (ids, int64_t, i), text));
  return list;
}

static void
set_mark (JsonObject *object, const MsgUpdate *update)
{
  sig_json_set_id (object, "userId", update->user_id);
  sig_json_set_id (object, "upToId", update->up_to);
  if (!update->has_counts)
    return;
  json_object_set_int_member (object, "unread", update->unread);
  json_object_set_int_member (object, "mentions", update->mentions);
}

static void
set_reactions (JsonObject *object, const MsgUpdate *update)
{
  const char *own = msg_reactions_get_own (update->message->reactions);

  sig_json_set_id (object, "messageId", update->message->id);
  if (!update->own_alone)
    json_object_set_array_member (object, "reactions", reactions_json (update->message->reactions, update->has_own));
  if (update->user_id != 0)
    sig_json_set_id (object, "userId", update->user_id);
  if (update->has_own && own != NULL)
    json_object_set_string_member (object, "own", own);
  else if (update->has_own)
    json_object_set_null_member (object, "own");
}

static void
set_poll (JsonObject *object, const MsgUpdate *update)
{
  const MsgPoll *poll = update->message->poll;

  sig_json_set_id (object, "messageId", update->message->id);
  if (poll != NULL && update->own_alone)
    sig_poll_set_own (object, poll);
  else if (poll != NULL)
    json_object_set_object_member (object, "poll", sig_poll_json (poll, update->has_own));
  if (update->user_id != 0)
    sig_json_set_id (object, "userId", update->user_id);
}

JsonObject *
sig_update_json (const MsgUpdate *update)
{
  static const char *const types[MSG_UPDATE_N] = {
    [MSG_UPDATE_MESSAGE_NEW] = "message.new",
    [MSG_UPDATE_MESSAGE_EDITED] = "message.edited",
    [MSG_UPDATE_MESSAGE_DELETED] = "message.deleted",
    [MSG_UPDATE_CHAT] = "chat.updated",
    [MSG_UPDATE_MEMBER] = "chat.member",
    [MSG_UPDATE_READ] = "read",
    [MSG_UPDATE_DELIVERED] = "delivered",
    [MSG_UPDATE_REACTIONS] = "message.reactions",
    [MSG_UPDATE_PINNED] = "message.pinned",
    [MSG_UPDATE_POLL] = "message.poll",
    [MSG_UPDATE_DRAFT] = "draft",
    [MSG_UPDATE_SCHEDULED] = "scheduled",
  };
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "type", types[update->type]);
  sig_json_set_id (object, "chatId", update->chat_id);
  switch (update->type)
    {
    case MSG_UPDATE_MESSAGE_NEW:
    case MSG_UPDATE_MESSAGE_EDITED:
      json_object_set_object_member (object, "message", sig_message_json (update->message));
      break;
    case MSG_UPDATE_MESSAGE_DELETED:
      json_object_set_array_member (object, "ids", ids_json (update->ids));
      break;
    case MSG_UPDATE_CHAT:
      if (update->chat_pts == 0)
        json_object_set_object_member (object, "chat", sig_chat_json (update->chat));
      else
        json_object_set_object_member (object, "info", sig_chat_info_json (update->chat));
      break;
    case MSG_UPDATE_MEMBER:
      sig_json_set_id (object, "userId", update->user_id);
      set_standing (object, &update->standing, update->until_ms);
      break;
    case MSG_UPDATE_READ:
    case MSG_UPDATE_DELIVERED:
      set_mark (object, update);
      break;
    case MSG_UPDATE_REACTIONS:
      set_reactions (object, update);
      break;
    case MSG_UPDATE_PINNED:
      sig_json_set_id (object, "messageId", update->message->id);
      json_object_set_boolean_member (object, "pinned", update->message->pinned);
      break;
    case MSG_UPDATE_POLL:
      set_poll (object, update);
      break;
    case MSG_UPDATE_SCHEDULED:
      sig_json_set_id (object, "scheduledId", update->up_to);
      if (update->scheduled != NULL)
        json_object_set_object_member (object, "scheduled", sig_scheduled_json (update->scheduled));
      break;
    case MSG_UPDATE_DRAFT:
      set_draft (object, update->draft);
      break;
    case MSG_UPDATE_N:
      break;
    }
  return object;
}
