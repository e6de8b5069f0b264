/* SPDX-License-Identifier: Apache-2.0 */
/* message.* */
#include <string.h>

#include "base/base64url.h"
#include "messaging/file.h"
#include "messaging/topic.h"
#include "signaling/chat-json.h"
#include "signaling/services-private.h"

/* Typing is said every few seconds while somebody types. */
#define TYPING_BURST 20
#define TYPING_PERIOD_US (500 * 1000)
#define TYPING_USERS 16384

static void
on_message (const MsgMessage *message, const MsgWritten *written, const GError *error, gpointer call)
{
  JsonObject *result;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = sig_written_json (written);
  json_object_set_object_member (result, "message", sig_message_json (message));
  sig_rpc_reply_object (call, result);
}

/* --- Writing --- */

static unsigned
read_attachments (JsonArray *list, MsgId ret_ids[MSG_FILES_MAX])
{
  unsigned n = list != NULL ? json_array_get_length (list) : 0;

  g_assert (n <= MSG_FILES_MAX);
  for (unsigned i = 0; i < n; i++)
    ret_ids[i] = sig_json_get_id (json_array_get_object_element (list, i), "fileId");
  return n;
}

/* what is not said is "": a poll says its question instead */
static const char *
get_text (JsonObject *params, JsonObject *poll)
{
  return poll != NULL ? json_object_get_string_member (poll, "question")
                      : json_object_get_string_member_with_default (params, "text", "");
}

static void
message_send (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigSession *session = sig_rpc_call_get_session (call);
  const char *random_id = json_object_get_string_member (params, "randomId");
  g_autoptr (GArray) entities = sig_entities_read (sig_json_get_list (params, "entities"));
  JsonObject *asked = json_object_has_member (params, "poll") ? json_object_get_object_member (params, "poll") : NULL;
  g_autoptr (MsgPoll) poll = sig_poll_read (asked);
  JsonObject *quoted = json_object_has_member (params, "quote") ? json_object_get_object_member (params, "quote") : NULL;
  g_autoptr (GArray) marked = quoted != NULL ? sig_entities_read (sig_json_get_list (quoted, "entities")) : NULL;
  MsgQuote quote = { .entities = marked };
  MsgSending sending = { .user_id = sig_session_get_user_id (session),
                         .device_id = sig_session_get_device_id (session),
                         .chat_id = sig_json_get_id (params, "chatId"),
                         .text = get_text (params, asked),
                         .entities = entities,
                         .poll = poll,
                         .reply_to = sig_json_get_optional_id (params, "replyTo"),
                         .thread_id = sig_json_get_optional_id (params, "threadId"),
                         .ttl_ms = json_object_get_int_member_with_default (params, "ttlMs", 0),
                         .silent = json_object_get_boolean_member_with_default (params, "silent", FALSE) };
  bool ok = al_base64url_decode_exact (random_id, strlen (random_id), sending.random_id, sizeof sending.random_id);
  MsgId files[MSG_FILES_MAX];

  g_assert (ok);
  if (quoted != NULL)
    {
      quote.text = json_object_get_string_member (quoted, "text");
      quote.offset = (unsigned) json_object_get_int_member (quoted, "offset");
      sending.quote = &quote;
    }
  sending.files = files;
  sending.n_files = read_attachments (sig_json_get_list (params, "attachments"), files);
  if (json_object_has_member (params, "sendAt"))
    sig_service_schedule (user, call, &sending, json_object_get_int_member (params, "sendAt"));
  else
    msg_message_send (((SigServices *) user)->config.core, &sending, on_message, call);
}

static void
message_edit (SigRpcCall *call, JsonObject *params, gpointer user)
{
  g_autoptr (GArray) entities = sig_entities_read (sig_json_get_list (params, "entities"));

  msg_message_edit (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"),
                    sig_json_get_id (params, "messageId"), json_object_get_string_member (params, "text"), entities,
                    on_message, call);
}

static void
message_delete (SigRpcCall *call, JsonObject *params, gpointer user)
{
  JsonArray *list = json_object_get_array_member (params, "ids");
  unsigned n = json_array_get_length (list);
  int64_t ids[MSG_DELETE_MAX];

  g_assert (n <= G_N_ELEMENTS (ids));
  for (unsigned i = 0; i < n; i++)
    {
      bool ok = msg_id_parse (json_array_get_string_element (list, i), &ids[i]);

      g_assert (ok);
    }
  msg_message_delete (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"), ids, n,
                      json_object_get_boolean_member (params, "forAll"), sig_service_on_written, call);
}

/* --- Reading --- */

static void
on_edits (GPtrArray *edits, const GError *error, gpointer call)
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
  for (unsigned i = 0; i < edits->len; i++)
    json_array_add_object_element (list, sig_message_edit_json (edits->pdata[i]));
  json_object_set_array_member (result, "edits", list);
  sig_rpc_reply_object (call, result);
}

static void
message_edits (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_message_get_edits (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"),
                         sig_json_get_id (params, "messageId"), on_edits, call);
}

void
sig_service_on_history (const MsgHistory *history, const GError *error, gpointer call)
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
  for (unsigned i = 0; i < history->messages->len; i++)
    json_array_add_object_element (list, sig_message_json (history->messages->pdata[i]));
  json_object_set_array_member (result, "messages", list);
  if (history->next != 0)
    sig_json_set_id (result, "next", history->next);
  sig_rpc_reply_object (call, result);
}

static void
message_history (SigRpcCall *call, JsonObject *params, gpointer user)
{
  static const char *const names[] = { "beforeId", "afterId", "aroundId" };
  MsgHistoryFrom from = MSG_HISTORY_BEFORE;
  int64_t id = G_MAXINT64;
  unsigned given = 0;

  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++)
    if (json_object_has_member (params, names[i]))
      {
        given++;
        from = (MsgHistoryFrom) i;
        id = sig_json_get_id (params, names[i]);
      }
  if (given > 1)
    sig_rpc_fail (call, SIG_RPC_INVALID_PARAMS, "invalid_params", "one of beforeId, afterId and aroundId", 0);
  else
    {
      const MsgHistoryPlace place = { .thread_id = sig_json_get_optional_id (params, "threadId"),
                                      .from = from,
                                      .id = id,
                                      .limit = (unsigned) json_object_get_int_member (params, "limit") };

      msg_topic_history (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"),
                         &place, sig_service_on_history, call);
    }
}

/* --- Marks --- */

static void
mark (SigRpcCall *call, JsonObject *params, MsgMark what, gpointer user)
{
  msg_message_mark (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"), what,
                    sig_json_get_id (params, "upToId"), sig_service_on_written, call);
}

static void
message_read (SigRpcCall *call, JsonObject *params, gpointer user)
{
  mark (call, params, MSG_MARK_READ, user);
}

static void
message_delivered (SigRpcCall *call, JsonObject *params, gpointer user)
{
  mark (call, params, MSG_MARK_DELIVERED, user);
}

/* --- Typing: told, not kept --- */

typedef struct {
  SigServices *services;
  SigRpcCall *call;
  JsonObject *params;
} Typing;

static void
on_audience (GArray *users, const GError *error, gpointer data)
{
  g_autofree Typing *typing = data;
  g_autoptr (JsonObject) update = NULL;

  if (error != NULL)
    {
      sig_rpc_fail_error (typing->call, error);
      return;
    }
  update = json_object_new ();
  json_object_set_string_member (update, "type", "typing");
  sig_json_set_id (update, "chatId", sig_json_get_id (typing->params, "chatId"));
  sig_json_set_id (update, "userId", sig_caller (typing->call));
  json_object_set_string_member (update, "action", json_object_get_string_member (typing->params, "action"));
  if (users == NULL)
    sig_service_tell_chat (typing->services, sig_json_get_id (typing->params, "chatId"), update, sig_caller (typing->call));
  for (unsigned i = 0; users != NULL && i < users->len; i++)
    sig_service_tell_user (typing->services, g_array_index (users, MsgId, i), update, 0);
  sig_rpc_reply (typing->call, NULL);
}

static void
message_typing (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  MsgId user_id = sig_caller (call);
  int64_t wait_us = al_rate_table_take (self->typing, &user_id, sizeof user_id, 1, self->config.now_us ());
  Typing *typing;

  if (wait_us > 0)
    {
      sig_rpc_fail (call, SIG_RPC_LIMIT, "rate", "too many requests", wait_us / 1000 + 1);
      return;
    }
  typing = g_new0 (Typing, 1);
  *typing = (Typing){ self, call, params };
  msg_chat_audience (self->config.core, user_id, sig_json_get_id (params, "chatId"), on_audience, typing);
}

void
sig_service_message_register (SigServices *self)
{
  static const AlRateLimit limit = { TYPING_BURST, TYPING_PERIOD_US };
  static const struct {
    const char *name;
    SigRpcFn fn;
  } methods[] = {
    { "message.send", message_send },       { "message.edit", message_edit },
    { "message.edits", message_edits },     { "message.delete", message_delete },
    { "message.history", message_history }, { "message.read", message_read },
    { "message.delivered", message_delivered }, { "message.typing", message_typing },
  };

  self->typing = al_rate_table_new (&limit, TYPING_USERS);
  for (unsigned i = 0; i < G_N_ELEMENTS (methods); i++)
    sig_rpc_register (self->config.rpc, methods[i].name, SIG_RPC_SESSION, methods[i].fn, self);
}
