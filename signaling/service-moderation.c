/* SPDX-License-Identifier: Apache-2.0 */
/* report.*, account.limits; moderation.*: for application servers with an API key, and for the administrator */
#include "messaging/report.h"
#include "signaling/services-private.h"

static const char *const reason_words[MSG_REASON_N] = { "spam", "abuse", "violence", "sexual", "children", "illegal",
                                                        "impersonation", "other" };
static const char *const state_words[MSG_REPORT_STATE_N] = { "open", "resolved", "dismissed" };
static const char *const act_words[MSG_MODERATE_N] = { "resolve", "dismiss", "ban", "unban", "deleteMessage", "unlimit" };

#define DAY_MS (INT64_C (24) * 3600 * 1000)

/* Returns: its place; the schema allows no other words */
static unsigned
find_word (const char *const *words, const char *word)
{
  unsigned i = 0;

  while (!g_str_equal (words[i], word))
    i++;
  return i;
}

/* --- Reporting --- */

static void
on_reported (unsigned n, const GError *error, gpointer call)
{
  JsonObject *result;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = json_object_new ();
  json_object_set_int_member (result, "reported", n);
  sig_rpc_reply_object (call, result);
}

static void
report (SigServices *self, SigRpcCall *call, JsonObject *params, MsgReporting *reporting)
{
  reporting->user_id = sig_caller (call);
  reporting->reason = (MsgReportReason) find_word (reason_words, json_object_get_string_member (params, "reason"));
  reporting->comment = sig_json_get_string (params, "comment");
  msg_report_put (self->config.core, reporting, on_reported, call);
}

static void
report_message (SigRpcCall *call, JsonObject *params, gpointer user)
{
  JsonArray *list = json_object_get_array_member (params, "messageIds");
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (int64_t));
  MsgReporting reporting = { .chat_id = sig_json_get_id (params, "chatId") };

  for (unsigned i = 0; i < json_array_get_length (list); i++)
    {
      MsgId id;

      if (msg_id_parse (json_array_get_string_element (list, i), &id))
        g_array_append_val (ids, id);
    }
  reporting.ids = (const int64_t *) (const void *) ids->data;
  reporting.n = ids->len;
  report (user, call, params, &reporting);
}

static void
report_user (SigRpcCall *call, JsonObject *params, gpointer user)
{
  MsgReporting reporting = { .subject_id = sig_json_get_id (params, "userId") };

  report (user, call, params, &reporting);
}

static void
on_limits (const MsgLimited *limited, const GError *error, gpointer call)
{
  JsonObject *result, *contacts;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = json_object_new ();
  contacts = json_object_new ();
  json_object_set_boolean_member (result, "limited", limited->until_ms != 0);
  if (limited->until_ms != 0)
    json_object_set_int_member (result, "until", limited->until_ms);
  if (limited->hour != 0)
    json_object_set_int_member (contacts, "perHour", limited->hour);
  if (limited->day != 0 || limited->until_ms != 0)
    json_object_set_int_member (contacts, "perDay", limited->day);
  json_object_set_int_member (contacts, "lastHour", limited->n_hour);
  json_object_set_int_member (contacts, "lastDay", limited->n_day);
  json_object_set_object_member (result, "contacts", contacts);
  sig_rpc_reply_object (call, result);
}

static void
account_limits (SigRpcCall *call, JsonObject *params, gpointer user)
{
  msg_account_limits (((SigServices *) user)->config.core, sig_caller (call), on_limits, call);
}

/* --- Looking --- */

static JsonObject *
report_json (const MsgReport *row)
{
  JsonObject *object = json_object_new ();

  sig_json_set_id (object, "id", row->id);
  json_object_set_string_member (object, "state", state_words[row->state]);
  json_object_set_string_member (object, "reason", reason_words[row->reason]);
  json_object_set_object_member (object, "user", sig_profile_user (row->subject));
  json_object_set_object_member (object, "reporter", sig_profile_user (row->reporter));
  json_object_set_int_member (object, "at", row->at_ms);
  json_object_set_int_member (object, "openReports", row->n_of_subject);
  if (*row->comment != '\0')
    json_object_set_string_member (object, "comment", row->comment);
  if (row->closed_ms != 0)
    json_object_set_int_member (object, "closedAt", row->closed_ms);
  if (row->message_id == 0)
    return object;
  sig_json_set_id (object, "chatId", row->chat_id);
  sig_json_set_id (object, "messageId", row->message_id);
  json_object_set_int_member (object, "writtenAt", row->message_ms);
  json_object_set_string_member (object, "text", row->text != NULL ? row->text : "");
  if (row->data != NULL)
    json_object_set_string_member (object, "data", row->data);
  return object;
}

static void
on_reports (GPtrArray *reports, const GError *error, gpointer user)
{
  g_autofree SigServicePage *page = user;
  JsonObject *result;
  JsonArray *list;

  if (error != NULL)
    {
      sig_rpc_fail_error (page->call, error);
      return;
    }
  result = json_object_new ();
  if (page->limit == 0)
    {
      json_object_set_object_member (result, "report", report_json (reports->pdata[0]));
      sig_rpc_reply_object (page->call, result);
      return;
    }
  list = json_array_new ();
  for (unsigned i = 0; i < reports->len; i++)
    json_array_add_object_element (list, report_json (reports->pdata[i]));
  json_object_set_array_member (result, "reports", list);
  if (reports->len == page->limit)
    sig_json_set_id (result, "next", ((const MsgReport *) reports->pdata[reports->len - 1])->id);
  sig_rpc_reply_object (page->call, result);
}

static void
moderation_list (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  const char *state = sig_json_get_string (params, "state");
  unsigned limit = (unsigned) json_object_get_int_member (params, "limit");

  msg_report_list (self->config.core, state != NULL ? (MsgReportState) find_word (state_words, state) : MSG_REPORT_OPEN,
                   sig_json_get_optional_id (params, "next"), limit, on_reports, sig_service_page_new (self, call, limit));
}

static void
moderation_show (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_report_get (self->config.core, sig_json_get_id (params, "reportId"), on_reports, sig_service_page_new (self, call, 0));
}

static JsonObject *
audit_json (const MsgAudit *row)
{
  JsonObject *object = json_object_new ();

  sig_json_set_id (object, "id", row->id);
  json_object_set_int_member (object, "at", row->at_ms);
  json_object_set_string_member (object, "act", act_words[row->act]);
  json_object_set_string_member (object, "actor", row->actor);
  if (*row->moderator != '\0')
    json_object_set_string_member (object, "moderator", row->moderator);
  if (*row->note != '\0')
    json_object_set_string_member (object, "note", row->note);
  if (row->report_id != 0)
    sig_json_set_id (object, "reportId", row->report_id);
  if (row->user_id != 0)
    sig_json_set_id (object, "userId", row->user_id);
  if (row->chat_id != 0)
    sig_json_set_id (object, "chatId", row->chat_id);
  if (row->message_id != 0)
    sig_json_set_id (object, "messageId", row->message_id);
  if (row->until_ms != 0)
    json_object_set_int_member (object, "limitedUntil", row->until_ms);
  return object;
}

static void
on_audit (GPtrArray *log, const GError *error, gpointer user)
{
  g_autofree SigServicePage *page = user;
  JsonObject *result;
  JsonArray *list;

  if (error != NULL)
    {
      sig_rpc_fail_error (page->call, error);
      return;
    }
  result = json_object_new ();
  list = json_array_new ();
  for (unsigned i = 0; i < log->len; i++)
    json_array_add_object_element (list, audit_json (log->pdata[i]));
  json_object_set_array_member (result, "acts", list);
  if (log->len == page->limit)
    sig_json_set_id (result, "next", ((const MsgAudit *) log->pdata[log->len - 1])->id);
  sig_rpc_reply_object (page->call, result);
}

static void
moderation_log (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  unsigned limit = (unsigned) json_object_get_int_member (params, "limit");

  msg_audit_list (self->config.core, sig_json_get_optional_id (params, "next"), limit, on_audit,
                  sig_service_page_new (self, call, limit));
}

/* --- Acting --- */

static void
moderate (gpointer services, SigRpcCall *call, JsonObject *params, MsgModerateAct act)
{
  SigServices *self = services;
  const char *backend = sig_rpc_call_get_backend (call);
  g_autofree char *actor = backend != NULL ? g_strconcat ("backend ", backend, NULL) : g_strdup ("admin");
  const MsgModeration moderation = {
    .act = act,
    .actor = actor,
    .moderator = sig_json_get_string (params, "moderator"),
    .note = sig_json_get_string (params, "note"),
    .report_id = sig_json_get_optional_id (params, "reportId"),
    .user_id = sig_json_get_optional_id (params, "userId"),
    .chat_id = sig_json_get_optional_id (params, "chatId"),
    .message_id = sig_json_get_optional_id (params, "messageId"),
    .limit_ms = json_object_get_int_member_with_default (params, "limitDays", 0) * DAY_MS,
  };

  msg_moderate (self->config.core, &moderation, sig_service_on_done, call);
}

static void
moderation_resolve (SigRpcCall *call, JsonObject *params, gpointer user)
{
  moderate (user, call, params, MSG_MODERATE_RESOLVE);
}

static void
moderation_dismiss (SigRpcCall *call, JsonObject *params, gpointer user)
{
  moderate (user, call, params, MSG_MODERATE_DISMISS);
}

static void
moderation_ban (SigRpcCall *call, JsonObject *params, gpointer user)
{
  moderate (user, call, params, MSG_MODERATE_BAN);
}

static void
moderation_unban (SigRpcCall *call, JsonObject *params, gpointer user)
{
  moderate (user, call, params, MSG_MODERATE_UNBAN);
}

static void
moderation_delete_message (SigRpcCall *call, JsonObject *params, gpointer user)
{
  moderate (user, call, params, MSG_MODERATE_DELETE_MESSAGE);
}

static void
moderation_unlimit (SigRpcCall *call, JsonObject *params, gpointer user)
{
  moderate (user, call, params, MSG_MODERATE_UNLIMIT);
}

void
sig_service_moderation_register (SigServices *self)
{
  SigRpc *rpc = self->config.rpc;

  sig_rpc_register (rpc, "report.message", SIG_RPC_SESSION, report_message, self);
  sig_rpc_register (rpc, "report.user", SIG_RPC_SESSION, report_user, self);
  sig_rpc_register (rpc, "account.limits", SIG_RPC_SESSION, account_limits, self);
  sig_rpc_register (rpc, "moderation.list", SIG_RPC_BACKEND, moderation_list, self);
  sig_rpc_register (rpc, "moderation.show", SIG_RPC_BACKEND, moderation_show, self);
  sig_rpc_register (rpc, "moderation.resolve", SIG_RPC_BACKEND, moderation_resolve, self);
  sig_rpc_register (rpc, "moderation.dismiss", SIG_RPC_BACKEND, moderation_dismiss, self);
  sig_rpc_register (rpc, "moderation.banUser", SIG_RPC_BACKEND, moderation_ban, self);
  sig_rpc_register (rpc, "moderation.unbanUser", SIG_RPC_BACKEND, moderation_unban, self);
  sig_rpc_register (rpc, "moderation.deleteMessage", SIG_RPC_BACKEND, moderation_delete_message, self);
  sig_rpc_register (rpc, "moderation.unlimitUser", SIG_RPC_BACKEND, moderation_unlimit, self);
  sig_rpc_register (rpc, "moderation.log", SIG_RPC_BACKEND, moderation_log, self);
}
