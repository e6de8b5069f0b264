/* SPDX-License-Identifier: Apache-2.0 */
/* account.export: all that is kept of a user, page by page: each item is a line of the file that a client makes of them */
#include "messaging/account-export.h"
#include "signaling/call-methods.h"
#include "signaling/chat-json.h"
#include "signaling/services-private.h"

static void
set_account (JsonObject *line, const MsgExportItem *item)
{
  json_object_set_object_member (line, "user", sig_profile_user (item->user));
  json_object_set_int_member (line, "createdAt", item->user->created_at_ms);
  json_object_set_object_member (line, "privacy", sig_privacy_json (&item->privacy));
  json_object_set_boolean_member (line, "secondFactor", item->two_factor);
}

static void
set_device (JsonObject *line, const MsgExportItem *item)
{
  json_object_set_object_member (line, "device", sig_profile_device (item->device));
  if (item->at_ms != 0)
    json_object_set_int_member (line, "lastSeenAt", item->at_ms);
  if (item->session_ms != 0)
    json_object_set_int_member (line, "loggedInAt", item->session_ms);
}

static JsonObject *
line_json (const MsgExportItem *item)
{
  static const char *const types[MSG_EXPORT_KIND_N] = { "account", "device", "blocked", "chat", "user", "message", "call",
                                                         "scheduled" };
  JsonObject *line = json_object_new ();

  json_object_set_string_member (line, "type", types[item->kind]);
  switch (item->kind)
    {
    case MSG_EXPORT_ACCOUNT:
      set_account (line, item);
      break;
    case MSG_EXPORT_DEVICE:
      set_device (line, item);
      break;
    case MSG_EXPORT_BLOCKED:
      json_object_set_object_member (line, "user", sig_profile_user (item->user));
      json_object_set_int_member (line, "blockedAt", item->at_ms);
      break;
    case MSG_EXPORT_CHAT:
      json_object_set_object_member (line, "chat", sig_chat_json (item->chat));
      break;
    case MSG_EXPORT_PERSON:
      json_object_set_object_member (line, "user", sig_profile_user (item->user));
      break;
    case MSG_EXPORT_MESSAGE:
      json_object_set_object_member (line, "message", sig_message_json (item->message));
      break;
    case MSG_EXPORT_CALL:
      json_object_set_object_member (
          line, "call",
          sig_call_entry_json (&(MsgCallEntry){ .call = item->call, .outgoing = item->outgoing, .peer = item->user }));
      break;
    case MSG_EXPORT_SCHEDULED:
      json_object_set_object_member (line, "scheduled", sig_scheduled_json (item->scheduled));
      break;
    default:
      g_assert_not_reached ();
    }
  return line;
}

static void
on_page (const MsgExportPage *page, const GError *error, gpointer call)
{
  char place[MSG_EXPORT_PLACE_STRLEN];
  JsonObject *result;
  JsonArray *list;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = json_object_new ();
  list = json_array_new ();
  for (unsigned i = 0; i < page->items->len; i++)
    json_array_add_object_element (list, line_json (page->items->pdata[i]));
  json_object_set_array_member (result, "items", list);
  if (page->has_next)
    json_object_set_string_member (result, "next", msg_export_place_format (&page->next, place));
  sig_rpc_reply_object (call, result);
}

static void
account_export (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  const char *text = sig_json_get_string (params, "next");
  MsgExportPlace place = { 0 };

  if (text != NULL && !msg_export_place_parse (text, &place))
    sig_rpc_fail (call, SIG_RPC_INVALID_PARAMS, "cursor", "This is no next of a page.", 0);
  else
    msg_account_export (self->config.core, sig_caller (call), &place, on_page, call);
}

void
sig_service_export_register (SigServices *self)
{
  sig_rpc_register (self->config.rpc, "account.export", SIG_RPC_SESSION, account_export, self);
}
