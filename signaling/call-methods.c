/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/call-methods.h"

#include <string.h>

#include "base/base64url.h"
#include "base/clock.h"
#include "signaling/profile.h"

struct SigCallMethods {
  /* passed in, not owned */
  SigCalls *calls;
  MsgCore *core;
  SigTurn *turn;
};

static void
get_call_id (JsonObject *params, const char *name, uint8_t ret_id[SIG_CALL_ID_BYTES])
{
  const char *text = json_object_get_string_member (params, name);
  bool ok = al_base64url_decode_exact (text, strlen (text), ret_id, SIG_CALL_ID_BYTES);

  g_assert (ok); /* the schema has seen to it */
}

static JsonArray *
make_device_ids (const SigCallsReply *reply)
{
  JsonArray *ids = json_array_sized_new (reply->n_devices);

  for (unsigned i = 0; i < reply->n_devices; i++)
    {
      char text[MSG_ID_STRLEN];

      json_array_add_string_element (ids, msg_id_format ((MsgId) reply->devices[i], text));
    }
  return ids;
}

static void
fail (SigRpcCall *rpc_call, const SigCallsError *error)
{
  JsonObject *extra = NULL;

  if (error->has_call_id)
    {
      extra = json_object_new ();
      sig_json_set_bytes (extra, "callId", error->call_id, SIG_CALL_ID_BYTES);
    }
  sig_rpc_fail_with (rpc_call, error->code, error->reason, error->message, error->retry_after_ms, extra);
}

static void
answer_invite (const SigCallsError *error, const SigCallsReply *reply, gpointer data)
{
  JsonObject *result;

  if (error != NULL)
    {
      fail (data, error);
      return;
    }
  result = json_object_new ();
  json_object_set_string_member (result, "state", sig_call_state_to_string (reply->state));
  json_object_set_array_member (result, "devices", make_device_ids (reply));
  json_object_set_int_member (result, "expiresAt", reply->expires_at_ms);
  sig_rpc_reply_object (data, result);
}

static void
answer_state (const SigCallsError *error, const SigCallsReply *reply, gpointer data)
{
  JsonObject *result;

  if (error != NULL)
    {
      fail (data, error);
      return;
    }
  result = json_object_new ();
  json_object_set_string_member (result, "state", sig_call_state_to_string (reply->state));
  sig_rpc_reply_object (data, result);
}

static void
answer_nothing (const SigCallsError *error, const SigCallsReply *reply, gpointer data)
{
  if (error != NULL)
    fail (data, error);
  else
    sig_rpc_reply (data, NULL);
}

/* the members that methods share; those that a method does not have are not there */
static void
say (SigRpcCall *rpc_call, JsonObject *params, SigCallMethods *methods, SigCallEventType type, SigCallsFn fn)
{
  SigSession *session = sig_rpc_call_get_session (rpc_call);
  const char *blob = sig_json_get_string (params, "blob");
  const char *reason = sig_json_get_string (params, "reason");
  uint8_t id[SIG_CALL_ID_BYTES];
  SigCallsRequest request = { .type = type,
                              .id = id,
                              .user = sig_session_get_user (session),
                              .device = sig_session_get_device (session),
                              .attached = sig_session_is_attached (session) };

  get_call_id (params, "callId", id);
  if (type == SIG_CALL_ON_INVITE)
    {
      request.to = sig_json_get_id (params, "to");
      request.video = json_object_get_boolean_member (params, "video");
    }
  if (reason != NULL)
    request.reason = sig_call_reason_parse (reason);
  if (json_object_has_member (params, "stats"))
    request.stats = json_object_get_object_member (params, "stats");
  if (blob != NULL)
    request.blob = al_buf_new_copy (blob, strlen (blob));
  sig_calls_say (methods->calls, &request, fn, rpc_call);
  al_buf_unref (request.blob);
}

#define VERB(name, type, fn) \
  static void name (SigRpcCall *rpc_call, JsonObject *params, gpointer user) \
  { \
    say (rpc_call, params, user, type, fn); \
  }

VERB (on_invite, SIG_CALL_ON_INVITE, answer_invite)
VERB (on_ring, SIG_CALL_ON_RING, answer_nothing)
VERB (on_accept, SIG_CALL_ON_ACCEPT, answer_state)
VERB (on_confirm, SIG_CALL_ON_CONFIRM, answer_nothing)
VERB (on_reveal, SIG_CALL_ON_REVEAL, answer_nothing)
VERB (on_seal, SIG_CALL_ON_SEAL, answer_nothing)
VERB (on_connected, SIG_CALL_ON_CONNECTED, answer_state)
VERB (on_decline, SIG_CALL_ON_DECLINE, answer_nothing)
VERB (on_cancel, SIG_CALL_ON_CANCEL, answer_nothing)
VERB (on_hangup, SIG_CALL_ON_HANGUP, answer_nothing)

static void
on_turn (SigRpcCall *rpc_call, JsonObject *params, gpointer user)
{
  SigCallMethods *methods = user;
  SigSession *session = sig_rpc_call_get_session (rpc_call);
  MsgId device_id = sig_session_get_device_id (session);
  uint8_t id[SIG_CALL_ID_BYTES];
  SigCallsError error;

  get_call_id (params, "callId", id);
  if (sig_calls_check_party (methods->calls, id, sig_session_get_user_id (session), device_id, &error))
    sig_rpc_reply_object (rpc_call, sig_turn_issue (methods->turn, id, (uint64_t) device_id, al_clock_wall_ms ()));
  else
    fail (rpc_call, &error);
}

/* --- the log --- */

typedef struct {
  SigRpcCall *rpc_call;
  MsgCore *core;
  MsgId user_id;
  unsigned limit;
} HistoryAsk;

JsonObject *
sig_call_entry_json (const MsgCallEntry *entry)
{
  const MsgCall *call = &entry->call;
  JsonObject *object = json_object_new ();

  sig_json_set_bytes (object, "callId", call->call_id, MSG_CALL_ID_BYTES);
  json_object_set_object_member (object, "peer", sig_profile_user (entry->peer));
  json_object_set_boolean_member (object, "outgoing", entry->outgoing);
  json_object_set_boolean_member (object, "video", call->video);
  json_object_set_int_member (object, "startedAt", call->started_ms);
  if (call->accepted_ms != 0)
    json_object_set_int_member (object, "acceptedAt", call->accepted_ms);
  else
    json_object_set_null_member (object, "acceptedAt");
  json_object_set_int_member (object, "endedAt", call->ended_ms);
  json_object_set_int_member (object, "durationMs", call->active_ms != 0 ? MAX (call->ended_ms - call->active_ms, 0) : 0);
  json_object_set_string_member (object, "reason", call->reason);
  return object;
}

static void
on_page (const MsgCallPage *page, const GError *error, gpointer data)
{
  static const char glare[] = "glare";
  g_autofree HistoryAsk *ask = data;
  g_autoptr (JsonArray) calls = json_array_new ();
  JsonObject *result;

  if (error != NULL)
    {
      sig_rpc_fail_error (ask->rpc_call, error);
      return;
    }
  for (unsigned i = 0; i < page->entries->len; i++)
    {
      const MsgCallEntry *entry = page->entries->pdata[i];

      /* two who call each other have had one call: the other one */
      if (strcmp (entry->call.reason, glare) != 0)
        json_array_add_object_element (calls, sig_call_entry_json (entry));
    }
  if (json_array_get_length (calls) == 0 && page->has_next)
    {
      HistoryAsk *again = g_steal_pointer (&ask);

      msg_call_history (again->core, again->user_id, page->next, again->limit, on_page, again);
      return;
    }
  result = json_object_new ();
  if (page->has_next)
    sig_json_set_bytes (result, "next", page->next, MSG_CALL_ID_BYTES);
  json_object_set_array_member (result, "calls", g_steal_pointer (&calls));
  sig_rpc_reply_object (ask->rpc_call, result);
}

static void
on_history (SigRpcCall *rpc_call, JsonObject *params, gpointer user)
{
  SigCallMethods *methods = user;
  bool has_before = json_object_has_member (params, "before");
  uint8_t before[SIG_CALL_ID_BYTES];
  HistoryAsk *ask = g_new0 (HistoryAsk, 1);

  ask->rpc_call = rpc_call;
  ask->core = methods->core;
  ask->user_id = sig_session_get_user_id (sig_rpc_call_get_session (rpc_call));
  ask->limit = (unsigned) json_object_get_int_member (params, "limit");
  if (has_before)
    get_call_id (params, "before", before);
  msg_call_history (methods->core, ask->user_id, has_before ? before : NULL, ask->limit, on_page, ask);
}

SigCallMethods *
sig_call_methods_register (SigRpc *rpc, SigCalls *calls, MsgCore *core, SigTurn *turn)
{
  static const struct {
    const char *name;
    SigRpcFn fn;
  } table[] = {
    { "call.invite", on_invite },
    { "call.ring", on_ring },
    { "call.accept", on_accept },
    { "call.confirm", on_confirm },
    { "call.reveal", on_reveal },
    { "call.seal", on_seal },
    { "call.connected", on_connected },
    { "call.decline", on_decline },
    { "call.cancel", on_cancel },
    { "call.hangup", on_hangup },
    { "call.turn", on_turn },
    { "call.history", on_history },
  };
  SigCallMethods *methods = g_new0 (SigCallMethods, 1);

  methods->calls = calls;
  methods->core = core;
  methods->turn = turn;
  for (unsigned i = 0; i < G_N_ELEMENTS (table); i++)
    sig_rpc_register (rpc, table[i].name, SIG_RPC_SESSION, table[i].fn, methods);
  return methods;
}

void
sig_call_methods_free (SigCallMethods *methods)
{
  g_free (methods);
}
