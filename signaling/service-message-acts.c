/* SPDX-License-Identifier: Apache-2.0 */
/* message.*: what is done with messages that are there: reactions, pins, forwards. */
#include <string.h>

#include "base/base64url.h"
#include "messaging/message-forward.h"
#include "messaging/message-pin.h"
#include "signaling/chat-json.h"
#include "signaling/services-private.h"

/* --- Reactions --- */

static void
message_react (SigRpcCall *call, JsonObject *params, gpointer user)
{
  const char *emoji = json_object_get_null_member (params, "emoji") ? NULL : json_object_get_string_member (params, "emoji");

  msg_message_react (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"),
                     sig_json_get_id (params, "messageId"), emoji, sig_service_on_written, call);
}

static void
on_reactors (GPtrArray *reactors, const GError *error, gpointer data)
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
  for (unsigned i = 0; i < reactors->len; i++)
    json_array_add_object_element (list, sig_reactor_json (reactors->pdata[i]));
  json_object_set_array_member (result, "reactors", list);
  if (reactors->len == page->limit)
    sig_json_set_id (result, "next", ((const MsgReactor *) reactors->pdata[reactors->len - 1])->user->id);
  sig_rpc_reply_object (page->call, result);
}

static void
message_reactors (SigRpcCall *call, JsonObject *params, gpointer user)
{
  unsigned limit = (unsigned) json_object_get_int_member (params, "limit");

  msg_message_get_reactors (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"),
                            sig_json_get_id (params, "messageId"), sig_json_get_optional_id (params, "next"), limit,
                            on_reactors, sig_service_page_new (user, call, limit));
}

/* --- Pins --- */

static void
message_pin (SigRpcCall *call, JsonObject *params, gpointer user)
{
  const MsgPin pin = { .message_id = sig_json_get_id (params, "messageId"),
                       .pinned = json_object_get_boolean_member (params, "pinned"),
                       .silent = json_object_get_boolean_member_with_default (params, "silent", FALSE) };

  msg_message_pin (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"), &pin,
                   sig_service_on_written, call);
}

static void
message_pinned (SigRpcCall *call, JsonObject *params, gpointer user)
{
  int64_t next = sig_json_get_optional_id (params, "next");

  msg_message_get_pinned (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"),
                          next != 0 ? next : G_MAXINT64, (unsigned) json_object_get_int_member (params, "limit"),
                          sig_service_on_history, call);
}

/* --- Forwards --- */

static void
on_forwarded (GPtrArray *messages, const MsgWritten *written, const GError *error, gpointer call)
{
  JsonObject *result;
  JsonArray *list;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = sig_written_json (written);
  list = json_array_new ();
  for (unsigned i = 0; i < messages->len; i++)
    json_array_add_object_element (list, sig_message_json (messages->pdata[i]));
  json_object_set_array_member (result, "messages", list);
  sig_rpc_reply_object (call, result);
}

static void
message_forward (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigSession *session = sig_rpc_call_get_session (call);
  JsonArray *list = json_object_get_array_member (params, "ids");
  JsonArray *random = json_object_get_array_member (params, "randomIds");
  MsgForwarding forwarding = { .user_id = sig_session_get_user_id (session),
                               .device_id = sig_session_get_device_id (session),
                               .from_id = sig_json_get_id (params, "chatId"),
                               .to_id = sig_json_get_id (params, "toChatId"),
                               .silent = json_object_get_boolean_member_with_default (params, "silent", FALSE),
                               .n = json_array_get_length (list) };

  if (forwarding.n != json_array_get_length (random))
    {
      sig_rpc_fail (call, SIG_RPC_INVALID_PARAMS, "invalid_params", "as many randomIds as ids", 0);
      return;
    }
  g_assert (forwarding.n <= MSG_FORWARD_MAX);
  for (unsigned i = 0; i < forwarding.n; i++)
    {
      const char *text = json_array_get_string_element (random, i);
      bool ok = msg_id_parse (json_array_get_string_element (list, i), &forwarding.ids[i])
                && al_base64url_decode_exact (text, strlen (text), forwarding.random_ids[i], MSG_RANDOM_ID_BYTES);

      g_assert (ok);
    }
  msg_message_forward (((SigServices *) user)->config.core, &forwarding, on_forwarded, call);
}

void
sig_service_message_acts_register (SigServices *self)
{
  static const struct {
    const char *name;
    SigRpcFn fn;
  } methods[] = {
    { "message.react", message_react },
    { "message.reactors", message_reactors },
    { "message.pin", message_pin },
    { "message.pinned", message_pinned },
    { "message.forward", message_forward },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (methods); i++)
    sig_rpc_register (self->config.rpc, methods[i].name, SIG_RPC_SESSION, methods[i].fn, self);
}
