/* SPDX-License-Identifier: Apache-2.0 */
/* account.block, account.unblock, account.blocked, account.privacy */
#include "signaling/services-private.h"

static const char *const audience_words[MSG_AUDIENCE_N] = { "everybody", "known", "nobody" };

/* What others see of the user may be another than it was. */
static void
on_changed (const GError *error, gpointer user)
{
  g_autofree SigServicePage *page = user;

  if (error == NULL)
    sig_presence_forget (page->services->presence, sig_caller (page->call));
  sig_service_on_done (error, page->call);
}

static void
account_block (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_block_put (self->config.core, sig_caller (call), sig_json_get_id (params, "userId"), on_changed,
                 sig_service_page_new (self, call, 0));
}

static void
account_unblock (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_block_drop (self->config.core, sig_caller (call), sig_json_get_id (params, "userId"), on_changed,
                  sig_service_page_new (self, call, 0));
}

static void
on_blocked (GPtrArray *users, const GError *error, gpointer user)
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
  for (unsigned i = 0; i < users->len; i++)
    json_array_add_object_element (list, sig_profile_user (users->pdata[i]));
  json_object_set_array_member (result, "users", list);
  if (users->len == page->limit)
    sig_json_set_id (result, "next", ((const MsgUser *) users->pdata[users->len - 1])->id);
  sig_rpc_reply_object (page->call, result);
}

static void
account_blocked (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  MsgId after = sig_json_get_optional_id (params, "next");
  unsigned limit = (unsigned) json_object_get_int_member (params, "limit");

  msg_block_list (self->config.core, sig_caller (call), after, limit, on_blocked,
                  sig_service_page_new (self, call, limit));
}

JsonObject *
sig_privacy_json (const MsgPrivacy *privacy)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "calls", audience_words[privacy->calls]);
  json_object_set_string_member (object, "groups", audience_words[privacy->groups]);
  json_object_set_string_member (object, "lastSeen", audience_words[privacy->last_seen]);
  return object;
}

static void
on_privacy (const MsgPrivacy *privacy, const GError *error, gpointer call)
{
  if (error != NULL)
    sig_rpc_fail_error (call, error);
  else
    sig_rpc_reply_object (call, sig_privacy_json (privacy));
}

static void
on_privacy_set (const MsgPrivacy *privacy, const GError *error, gpointer user)
{
  g_autofree SigServicePage *page = user;

  if (error == NULL)
    sig_presence_forget (page->services->presence, sig_caller (page->call));
  on_privacy (privacy, error, page->call);
}

/* Returns: whether it is given; the schema allows no other words */
static bool
get_audience (JsonObject *params, const char *field, MsgAudience *ret_audience)
{
  const char *word = sig_json_get_string (params, field);

  if (word == NULL)
    return false;
  while (!g_str_equal (word, audience_words[*ret_audience]))
    (*ret_audience)++;
  return true;
}

static void
account_privacy (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  MsgPrivacy privacy = { 0 };
  unsigned fields = 0;

  if (get_audience (params, "calls", &privacy.calls))
    fields |= MSG_PRIVACY_CALLS;
  if (get_audience (params, "groups", &privacy.groups))
    fields |= MSG_PRIVACY_GROUPS;
  if (get_audience (params, "lastSeen", &privacy.last_seen))
    fields |= MSG_PRIVACY_LAST_SEEN;
  if (fields == 0)
    msg_privacy_get (self->config.core, sig_caller (call), on_privacy, call);
  else
    msg_privacy_set (self->config.core, sig_caller (call), &privacy, fields, on_privacy_set,
                     sig_service_page_new (self, call, 0));
}

void
sig_service_privacy_register (SigServices *self)
{
  SigRpc *rpc = self->config.rpc;

  sig_rpc_register (rpc, "account.block", SIG_RPC_SESSION, account_block, self);
  sig_rpc_register (rpc, "account.unblock", SIG_RPC_SESSION, account_unblock, self);
  sig_rpc_register (rpc, "account.blocked", SIG_RPC_SESSION, account_blocked, self);
  sig_rpc_register (rpc, "account.privacy", SIG_RPC_SESSION, account_privacy, self);
}
