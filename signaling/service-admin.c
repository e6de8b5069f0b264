/* SPDX-License-Identifier: Apache-2.0 */
/* admin.*: over the local admin socket alone */
#include <string.h>

#include "base/base64url.h"
#include "messaging/file.h"
#include "messaging/session.h"
#include "messaging/two-factor.h"
#include "signaling/services-private.h"

static void
user_password (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_account_set_password (self->config.core, sig_json_get_id (params, "userId"),
                            json_object_get_string_member (params, "password"), sig_service_on_done, call);
}

static void
user_totp_reset (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_two_factor_reset (self->config.core, sig_json_get_id (params, "userId"), sig_service_on_done, call);
}

static void
on_imported (const MsgImportReport *report, const GError *error, gpointer call)
{
  JsonObject *result;
  JsonArray *problems;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = json_object_new ();
  problems = json_array_new ();
  for (unsigned i = 0; i < report->problems->len; i++)
    {
      const MsgImportProblem *problem = report->problems->pdata[i];
      JsonObject *entry = json_object_new ();

      json_object_set_int_member (entry, "line", problem->line);
      json_object_set_string_member (entry, "message", problem->message);
      json_array_add_object_element (problems, entry);
    }
  json_object_set_int_member (result, "created", report->created);
  json_object_set_int_member (result, "failed", report->failed);
  json_object_set_array_member (result, "problems", problems);
  sig_rpc_reply_object (call, result);
}

static void
user_import (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  const char *text = json_object_get_string_member (params, "text");

  msg_account_import (self->config.core, text, strlen (text), on_imported, call);
}

static void
on_file (const MsgFile *file, const GError *error, gpointer call)
{
  g_autoptr (GPtrArray) one = NULL;
  g_autoptr (JsonNode) list = NULL;
  g_autofree char *text = NULL;
  JsonObject *result;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  one = g_ptr_array_new ();
  g_ptr_array_add (one, (gpointer) file);
  text = msg_files_write (one);
  list = json_from_string (text, NULL);
  result = json_object_new ();
  json_object_set_object_member (result, "file",
                                 json_object_ref (json_array_get_object_element (json_node_get_array (list), 0)));
  sig_rpc_reply_object (call, result);
}

static void
file_add (SigRpcCall *call, JsonObject *params, gpointer user)
{
  const char *kind = sig_json_get_string (params, "kind"), *sha256 = sig_json_get_string (params, "sha256");
  MsgFile file = { .kind = kind != NULL ? msg_file_kind_parse (kind) : 0,
                   .name = (char *) json_object_get_string_member (params, "name"),
                   .mime = (char *) json_object_get_string_member (params, "mime"),
                   .size_bytes = json_object_get_int_member (params, "size"),
                   .width = (unsigned) json_object_get_int_member_with_default (params, "width", 0),
                   .height = (unsigned) json_object_get_int_member_with_default (params, "height", 0),
                   .duration_ms = json_object_get_int_member_with_default (params, "durationMs", 0) };

  file.has_sha256 = sha256 != NULL
                    && al_base64url_decode_exact (sha256, strlen (sha256), file.sha256, sizeof file.sha256);
  msg_file_add (((SigServices *) user)->config.core, sig_json_get_id (params, "userId"), &file, on_file, call);
}

static void
session_list (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  MsgId after = sig_json_get_optional_id (params, "after");
  unsigned limit = (unsigned) json_object_get_int_member (params, "limit");

  msg_session_list_all (self->config.core, after, limit, sig_service_on_session_page,
                        sig_service_page_new (self, call, limit));
}

static void
status (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  const SigServicesConfig *config = &self->config;
  unsigned n_calls = config->count_calls != NULL ? config->count_calls (config->count_calls_user) : 0;
  JsonObject *result = json_object_new ();

  json_object_set_string_member (result, "version", ALDIS_VERSION);
  json_object_set_int_member (result, "uptimeMs", (config->now_us () - self->start_us) / 1000);
  json_object_set_int_member (result, "connections", sig_conns_get_n (config->conns));
  json_object_set_int_member (result, "sessions", sig_sessions_get_n (config->sessions));
  json_object_set_int_member (result, "attached", sig_sessions_get_n_attached (config->sessions));
  json_object_set_int_member (result, "calls", n_calls);
  json_object_set_int_member (result, "frontThreads", config->n_fronts);
  json_object_set_int_member (result, "workers", self->n_workers);
  json_object_set_boolean_member (result, "draining", sig_rpc_is_draining (config->rpc));
  sig_rpc_reply_object (call, result);
}

static void
on_relay_list (JsonObject *result, gpointer call)
{
  sig_rpc_reply_object (call, result);
}

static void
relay_list (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  JsonObject *nothing;

  if (self->turn_host.list != NULL)
    {
      self->turn_host.list (on_relay_list, call, self->turn_host.user);
      return;
    }
  nothing = json_object_new ();
  json_object_set_array_member (nothing, "allocations", json_array_new ());
  json_object_set_int_member (nothing, "active", 0);
  sig_rpc_reply_object (call, nothing);
}

static void
relay_probe (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  const SigServicesConfig *config = &self->config;

  sig_rpc_reply_object (call, sig_turn_issue_probe (config->turn, config->turn_config, config->wall_ms ()));
}

void
sig_service_admin_register (SigServices *self)
{
  SigRpc *rpc = self->config.rpc;

  sig_rpc_register (rpc, "admin.userPassword", SIG_RPC_ADMIN, user_password, self);
  sig_rpc_register (rpc, "admin.userTotpReset", SIG_RPC_ADMIN, user_totp_reset, self);
  sig_rpc_register (rpc, "admin.userImport", SIG_RPC_ADMIN, user_import, self);
  sig_rpc_register (rpc, "admin.fileAdd", SIG_RPC_ADMIN, file_add, self);
  sig_rpc_register (rpc, "admin.sessionList", SIG_RPC_ADMIN, session_list, self);
  sig_rpc_register (rpc, "admin.status", SIG_RPC_ADMIN, status, self);
  sig_rpc_register (rpc, "admin.relayList", SIG_RPC_ADMIN, relay_list, self);
  sig_rpc_register (rpc, "admin.relayProbe", SIG_RPC_ADMIN, relay_probe, self);
}
