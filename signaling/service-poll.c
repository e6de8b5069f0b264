/* SPDX-License-Identifier: Apache-2.0 */
/* poll.*, and polls as the API shows them. */
#include "messaging/message-poll.h"
#include "signaling/chat-json.h"
#include "signaling/services-private.h"

/* --- Shapes --- */

static JsonArray *
own_json (const MsgPoll *poll)
{
  JsonArray *list = json_array_new ();

  for (unsigned i = 0; i < poll->n_options; i++)
    if ((poll->own >> i & 1) != 0)
      json_array_add_int_element (list, i);
  return list;
}

static bool
is_over (const MsgPoll *poll)
{
  return poll->closed || (poll->closes_ms != 0 && poll->closes_ms <= g_get_real_time () / 1000);
}

void
sig_poll_set_own (JsonObject *object, const MsgPoll *poll)
{
  json_object_set_array_member (object, "own", own_json (poll));
  if (poll->quiz && (poll->own != 0 || is_over (poll)))
    json_object_set_int_member (object, "correct", poll->correct);
}

JsonObject *
sig_poll_json (const MsgPoll *poll, bool with_own)
{
  JsonObject *object = json_object_new ();
  JsonArray *options = json_array_new ();
  bool over = is_over (poll);

  for (unsigned i = 0; i < poll->n_options; i++)
    {
      JsonObject *option = json_object_new ();

      json_object_set_string_member (option, "text", poll->options[i]);
      json_object_set_int_member (option, "count", poll->counts[i]);
      json_array_add_object_element (options, option);
    }
  json_object_set_array_member (object, "options", options);
  json_object_set_int_member (object, "voters", poll->voters);
  json_object_set_boolean_member (object, "multiple", poll->multiple);
  json_object_set_boolean_member (object, "anonymous", !poll->is_public);
  json_object_set_boolean_member (object, "quiz", poll->quiz);
  json_object_set_boolean_member (object, "closed", over);
  if (poll->closes_ms != 0)
    json_object_set_int_member (object, "closesAt", poll->closes_ms);
  if (with_own)
    sig_poll_set_own (object, poll);
  else if (poll->quiz && over)
    json_object_set_int_member (object, "correct", poll->correct);
  return object;
}

MsgPoll *
sig_poll_read (JsonObject *object)
{
  g_autoptr (MsgPoll) poll = NULL;
  JsonArray *options;

  if (object == NULL)
    return NULL;
  poll = g_new0 (MsgPoll, 1);
  options = json_object_get_array_member (object, "options");
  g_assert (json_array_get_length (options) <= MSG_POLL_OPTIONS_MAX);
  for (; poll->n_options < json_array_get_length (options); poll->n_options++)
    poll->options[poll->n_options] = g_strdup (json_array_get_string_element (options, poll->n_options));
  poll->multiple = json_object_get_boolean_member_with_default (object, "multiple", FALSE);
  poll->is_public = !json_object_get_boolean_member_with_default (object, "anonymous", TRUE);
  poll->quiz = json_object_has_member (object, "quiz");
  if (poll->quiz)
    poll->correct = (unsigned) json_object_get_int_member (json_object_get_object_member (object, "quiz"), "correct");
  poll->closes_ms = json_object_get_int_member_with_default (object, "closesAt", 0);
  return g_steal_pointer (&poll);
}

/* --- Methods --- */

static void
poll_vote (SigRpcCall *call, JsonObject *params, gpointer user)
{
  JsonArray *list = json_object_get_array_member (params, "options");
  unsigned options = 0;

  for (unsigned i = 0; i < json_array_get_length (list); i++)
    options |= 1u << json_array_get_int_element (list, i);
  msg_poll_vote (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"),
                 sig_json_get_id (params, "messageId"), options, sig_service_on_written, call);
}

static void
poll_close (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_poll_close (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"),
                  sig_json_get_id (params, "messageId"), sig_service_on_written, call);
}

static void
on_voters (GPtrArray *voters, const GError *error, gpointer data)
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
  for (unsigned i = 0; i < voters->len; i++)
    {
      const MsgVoter *voter = voters->pdata[i];
      JsonObject *object = json_object_new ();

      json_object_set_object_member (object, "user", sig_profile_user (voter->user));
      json_object_set_int_member (object, "at", voter->at_ms);
      json_array_add_object_element (list, object);
    }
  json_object_set_array_member (result, "voters", list);
  if (voters->len == page->limit)
    sig_json_set_id (result, "next", ((const MsgVoter *) voters->pdata[voters->len - 1])->user->id);
  sig_rpc_reply_object (page->call, result);
}

static void
poll_voters (SigRpcCall *call, JsonObject *params, gpointer user)
{
  const MsgVotersAsked asked = { .message_id = sig_json_get_id (params, "messageId"),
                                 .option = (unsigned) json_object_get_int_member (params, "option"),
                                 .after = sig_json_get_optional_id (params, "next"),
                                 .limit = (unsigned) json_object_get_int_member (params, "limit") };

  msg_poll_get_voters (((SigServices *) user)->config.core, sig_caller (call), sig_json_get_id (params, "chatId"), &asked,
                       on_voters, sig_service_page_new (user, call, asked.limit));
}

void
sig_service_poll_register (SigServices *self)
{
  sig_rpc_register (self->config.rpc, "poll.vote", SIG_RPC_SESSION, poll_vote, self);
  sig_rpc_register (self->config.rpc, "poll.close", SIG_RPC_SESSION, poll_close, self);
  sig_rpc_register (self->config.rpc, "poll.voters", SIG_RPC_SESSION, poll_voters, self);
}
