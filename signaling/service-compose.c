/* SPDX-License-Identifier: Apache-2.0 */
/* What is not sent yet: drafts and scheduled messages. */
#include "messaging/draft.h"
#include "messaging/schedule.h"
#include "signaling/chat-json.h"
#include "signaling/services-private.h"

/* --- Drafts --- */

static void
chat_set_draft (SigRpcCall *call, JsonObject *params, gpointer user)
{
  g_autoptr (GArray) entities = sig_entities_read (sig_json_get_list (params, "entities"));
  const MsgDrafting drafting = { .user_id = sig_caller (call),
                                 .chat_id = sig_json_get_id (params, "chatId"),
                                 .text = json_object_get_string_member (params, "text"),
                                 .entities = entities,
                                 .reply_to = sig_json_get_optional_id (params, "replyTo") };

  msg_chat_set_draft (((SigServices *) user)->config.core, &drafting, sig_service_on_written, call);
}

/* --- Scheduled messages --- */

static void
on_scheduled (const MsgScheduled *scheduled, const MsgMessage *message, const MsgWritten *written, const GError *error,
              gpointer call)
{
  JsonObject *result;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = sig_written_json (written);
  if (scheduled != NULL)
    json_object_set_object_member (result, "scheduled", sig_scheduled_json (scheduled));
  else
    json_object_set_object_member (result, "message", sig_message_json (message));
  sig_rpc_reply_object (call, result);
}

void
sig_service_schedule (SigServices *self, SigRpcCall *call, const MsgSending *sending, int64_t send_ms)
{
  msg_schedule_add (self->config.core, sending, send_ms, on_scheduled, call);
}

static void
on_list (GPtrArray *scheduled, const GError *error, gpointer call)
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
  for (unsigned i = 0; i < scheduled->len; i++)
    json_array_add_object_element (list, sig_scheduled_json (scheduled->pdata[i]));
  json_object_set_array_member (result, "scheduled", list);
  sig_rpc_reply_object (call, result);
}

static void
message_scheduled (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_schedule_list (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"), on_list,
                     call);
}

static void
message_edit_scheduled (SigRpcCall *call, JsonObject *params, gpointer user)
{
  g_autoptr (GArray) entities = sig_entities_read (sig_json_get_list (params, "entities"));
  const MsgScheduleChange change = { .text = sig_json_get_string (params, "text"),
                                     .entities = entities,
                                     .send_ms = json_object_get_int_member_with_default (params, "sendAt", 0) };

  msg_schedule_edit (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"),
                     sig_json_get_id (params, "scheduledId"), &change, on_scheduled, call);
}

static void
message_delete_scheduled (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_schedule_drop (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"),
                     sig_json_get_id (params, "scheduledId"), sig_service_on_written, call);
}

static void
message_send_scheduled (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_schedule_send (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"),
                     sig_json_get_id (params, "scheduledId"), on_scheduled, call);
}

void
sig_service_compose_register (SigServices *self)
{
  static const struct {
    const char *name;
    SigRpcFn fn;
  } methods[] = {
    { "chat.setDraft", chat_set_draft },
    { "message.scheduled", message_scheduled },
    { "message.editScheduled", message_edit_scheduled },
    { "message.deleteScheduled", message_delete_scheduled },
    { "message.sendScheduled", message_send_scheduled },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (methods); i++)
    sig_rpc_register (self->config.rpc, methods[i].name, SIG_RPC_SESSION, methods[i].fn, self);
}
