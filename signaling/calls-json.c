/* SPDX-License-Identifier: Apache-2.0 */
/* Calls as devices, applications and administrators see them: the shapes of docs/openrpc.json. */
#include "signaling/calls-private.h"

#include "base/base64url.h"
#include "signaling/profile.h"

static void
set_call_id (JsonObject *object, const char *name, const uint8_t *id)
{
  char text[AL_BASE64URL_LEN (SIG_CALL_ID_BYTES) + 1];

  json_object_set_string_member (object, name, al_base64url_write (id, SIG_CALL_ID_BYTES, text));
}

static void
set_device (JsonObject *object, const char *name, const MsgDevice *device)
{
  if (device != NULL)
    json_object_set_object_member (object, name, sig_profile_device (device));
}

static void
set_blob (JsonObject *object, const AlBuf *blob)
{
  g_autofree char *text = g_strndup ((const char *) blob->data, blob->len);

  json_object_set_string_member (object, "blob", text);
}

static void
set_ended (JsonObject *object, const SigCallsEntry *entry, SigCallReason reason)
{
  const uint8_t *glare_id = sig_call_get_glare_id (entry->call);
  bool whole = reason == sig_call_get_reason (entry->call);

  json_object_set_string_member (object, "reason", sig_call_reason_to_string (reason));
  /* the call may have ended by now, but for a device where it was answered elsewhere it never began */
  json_object_set_int_member (object, "durationMs", whole ? sig_call_get_duration_ms (entry->call) : 0);
  if (whole && glare_id != NULL)
    set_call_id (object, "otherCallId", glare_id);
}

JsonObject *
sig_calls_json_note (const SigCallsEntry *entry, const SigCallsWait *wait)
{
  JsonObject *params = json_object_new ();

  set_call_id (params, "callId", sig_call_get_id (entry->call));
  switch (wait->note)
    {
    case SIG_CALL_NOTE_INCOMING:
      json_object_set_object_member (params, "from", sig_profile_user (entry->users[SIG_CALLER]));
      set_device (params, "device", entry->devices[SIG_CALLER]);
      json_object_set_boolean_member (params, "video", sig_call_get_video (entry->call));
      json_object_set_int_member (params, "expiresAt",
                                  sig_calls_entry_to_ms (entry, sig_call_get_expires_us (entry->call)));
      set_blob (params, wait->blob);
      break;
    case SIG_CALL_NOTE_RINGING:
      sig_json_set_id (params, "deviceId", wait->from_device);
      break;
    case SIG_CALL_NOTE_ACCEPTED:
      set_device (params, "device", entry->devices[SIG_CALLEE]);
      set_blob (params, wait->blob);
      break;
    case SIG_CALL_NOTE_CONFIRMED:
    case SIG_CALL_NOTE_REVEALED:
    case SIG_CALL_NOTE_SEALED:
      set_blob (params, wait->blob);
      break;
    case SIG_CALL_NOTE_ENDED:
      set_ended (params, entry, wait->reason);
      break;
    case SIG_CALL_NOTE_ACTIVE:
    case SIG_CALL_NOTE_N:
      break;
    }
  return params;
}

static void
set_parties (JsonObject *object, const SigCallsEntry *entry)
{
  set_call_id (object, "callId", sig_call_get_id (entry->call));
  sig_json_set_id (object, "from", (MsgId) sig_call_get_caller (entry->call));
  sig_json_set_id (object, "to", (MsgId) sig_call_get_callee (entry->call));
  json_object_set_boolean_member (object, "video", sig_call_get_video (entry->call));
}

JsonObject *
sig_calls_json_event (const SigCallsEntry *entry, SigCallState state)
{
  JsonObject *payload = json_object_new ();

  set_parties (payload, entry);
  if (state == SIG_CALL_ENDED)
    {
      set_ended (payload, entry, sig_call_get_reason (entry->call));
      if (entry->stats != NULL)
        json_object_set_object_member (payload, "stats", json_object_ref (entry->stats));
    }
  return payload;
}

static void
set_times (JsonObject *object, const SigCallsEntry *entry)
{
  int64_t us;

  json_object_set_int_member (object, "startedAt",
                              sig_calls_entry_to_ms (entry, sig_call_get_started_us (entry->call)));
  if (sig_call_get_accepted_us (entry->call, &us))
    json_object_set_int_member (object, "acceptedAt", sig_calls_entry_to_ms (entry, us));
  if (sig_call_get_active_us (entry->call, &us))
    json_object_set_int_member (object, "activeAt", sig_calls_entry_to_ms (entry, us));
}

JsonObject *
sig_calls_json_live (const SigCallsEntry *entry, MsgId user_id)
{
  bool outgoing = (MsgId) sig_call_get_caller (entry->call) == user_id;
  int peer = outgoing ? SIG_CALLEE : SIG_CALLER;
  SigCallState state = sig_call_get_state (entry->call);
  JsonObject *live = json_object_new ();

  set_call_id (live, "callId", sig_call_get_id (entry->call));
  json_object_set_boolean_member (live, "outgoing", outgoing);
  json_object_set_boolean_member (live, "video", sig_call_get_video (entry->call));
  json_object_set_string_member (live, "state", sig_call_state_to_string (state));
  json_object_set_object_member (live, "peer", sig_profile_user (entry->users[peer]));
  set_device (live, "peerDevice", entry->devices[peer]);
  set_times (live, entry);
  if (state == SIG_CALL_RINGING)
    json_object_set_int_member (live, "expiresAt",
                                sig_calls_entry_to_ms (entry, sig_call_get_expires_us (entry->call)));
  return live;
}

JsonObject *
sig_calls_json_backend (const SigCallsEntry *entry)
{
  uint64_t callee_device = sig_call_get_callee_device (entry->call);
  JsonObject *object = json_object_new ();
  int64_t active_us, duration_ms = 0;

  set_parties (object, entry);
  json_object_set_string_member (object, "state", sig_call_state_to_string (sig_call_get_state (entry->call)));
  sig_json_set_id (object, "fromDevice", (MsgId) sig_call_get_caller_device (entry->call));
  if (callee_device != 0)
    sig_json_set_id (object, "toDevice", (MsgId) callee_device);
  set_times (object, entry);
  if (sig_call_get_active_us (entry->call, &active_us))
    duration_ms = (sig_calls_now_us (entry->calls) - active_us) / 1000;
  json_object_set_int_member (object, "durationMs", duration_ms);
  return object;
}
