/* SPDX-License-Identifier: Apache-2.0 */
/* topic.*: threads of supergroups. */
#include "messaging/topic.h"
#include "signaling/chat-json.h"
#include "signaling/services-private.h"

static JsonObject *
topic_json (const MsgTopic *topic)
{
  JsonObject *object = json_object_new ();

  sig_json_set_id (object, "threadId", topic->id);
  json_object_set_string_member (object, "title", topic->title);
  sig_json_set_id (object, "lastMessageId", topic->last_id);
  if (topic->closed)
    json_object_set_boolean_member (object, "closed", TRUE);
  if (topic->pinned)
    json_object_set_boolean_member (object, "pinned", TRUE);
  return object;
}

static void
on_topic (const MsgTopic *topic, const MsgWritten *written, const GError *error, gpointer call)
{
  JsonObject *result;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = sig_written_json (written);
  json_object_set_object_member (result, "topic", topic_json (topic));
  sig_rpc_reply_object (call, result);
}

static void
topic_create (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_topic_create (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"),
                    json_object_get_string_member (params, "title"), on_topic, call);
}

static void
topic_update (SigRpcCall *call, JsonObject *params, gpointer user)
{
  const MsgTopicChange change = { .thread_id = sig_json_get_id (params, "threadId"),
                                  .title = sig_json_get_string (params, "title"),
                                  .has_closed = json_object_has_member (params, "closed"),
                                  .closed = json_object_get_boolean_member_with_default (params, "closed", FALSE),
                                  .has_pinned = json_object_has_member (params, "pinned"),
                                  .pinned = json_object_get_boolean_member_with_default (params, "pinned", FALSE) };

  msg_topic_update (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"), &change,
                    on_topic, call);
}

static void
on_topics (const MsgTopicPage *page, const GError *error, gpointer call)
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
  for (unsigned i = 0; i < page->topics->len; i++)
    {
      const MsgTopic *topic = page->topics->pdata[i];
      JsonObject *object = topic_json (topic);

      json_object_set_int_member (object, "unread", topic->unread);
      json_array_add_object_element (list, object);
    }
  json_object_set_array_member (result, "topics", list);
  if (page->next != 0)
    sig_json_set_id (result, "next", page->next);
  sig_rpc_reply_object (call, result);
}

static void
topic_list (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_topic_list (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"),
                  sig_json_get_optional_id (params, "before"), (unsigned) json_object_get_int_member (params, "limit"),
                  on_topics, call);
}

void
sig_service_topic_register (SigServices *self)
{
  sig_rpc_register (self->config.rpc, "topic.create", SIG_RPC_SESSION, topic_create, self);
  sig_rpc_register (self->config.rpc, "topic.update", SIG_RPC_SESSION, topic_update, self);
  sig_rpc_register (self->config.rpc, "topic.list", SIG_RPC_SESSION, topic_list, self);
}
