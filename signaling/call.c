/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state machine of one call. Main thread; no clock, socket, database or log line above debug.
 *
 *            INVITE            ACCEPT                CONNECTED by both
 *   (new) ----------> ringing --------> connecting -------------------> active
 *     |  |               |    (first)     ^  |                            ^ |
 *     |  |               |                |  |                            | |
 *     |  +---------------|--- RESTORE ----+--|----------------------------+ |
 *     | busy             |                   |                              |
 *     v                  v                   v                              v
 *   ended <--------------+-------------------+------------------------------+
 *          declined, cancelled,   hangup, failed (30 s),       hangup, failed,
 *          missed (60 s), glare   disconnected (30 s)          disconnected (30 s)
 *          disconnected (caller gone 30 s)
 *          and from all three: ended_by_admin, disabled, failed (log)
 *
 * A device has one of four roles. The caller's device and, once it accepted, the callee's are the parties. Before that
 * every device of the callee may answer; afterwards the others are losers, and what they say to the ringing they hear
 * answered_elsewhere. To anybody else, the caller's other devices included, and for a verb that is the other side's, the
 * call does not exist.
 *
 * Over 500 lines, since the handlers and the table of who may say what in which state are read together.
 */
#include "signaling/call-private.h"

#include <string.h>

#include "base/base64url.h"
#include "base/log.h"

typedef SigCallAnswer (*Handler) (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role,
                                  SigCallOutput *out);

static const bool edges[SIG_CALL_STATE_N][SIG_CALL_STATE_N] = {
  [SIG_CALL_NEW] = { [SIG_CALL_RINGING] = true, [SIG_CALL_CONNECTING] = true, [SIG_CALL_ACTIVE] = true,
                     [SIG_CALL_ENDED] = true },
  [SIG_CALL_RINGING] = { [SIG_CALL_CONNECTING] = true, [SIG_CALL_ENDED] = true },
  [SIG_CALL_CONNECTING] = { [SIG_CALL_ACTIVE] = true, [SIG_CALL_ENDED] = true },
  [SIG_CALL_ACTIVE] = { [SIG_CALL_ENDED] = true },
};

void
sig_call_limits_init (SigCallLimits *limits)
{
  *limits = (SigCallLimits){
    .ring_us = 60 * G_USEC_PER_SEC,
    .connect_us = 30 * G_USEC_PER_SEC,
    .gone_us = 30 * G_USEC_PER_SEC,
    /* an ICE agent trickles some tens of candidates at once, then little; renegotiations are rare and large */
    .seal_burst = 200,
    .seal_per_s = 20,
    .seal_burst_bytes = 1024 * 1024,
    .seal_bytes_per_s = 64 * 1024,
  };
}

static void
set_state (SigCall *call, SigCallState state)
{
  if (al_log_is_enabled (AL_LOG_DEBUG))
    {
      char id[AL_BASE64URL_LEN (SIG_CALL_ID_BYTES) + 1];

      al_debug ("call changes", "call", al_base64url_write (call->id, sizeof call->id, id), "from",
                sig_call_state_to_string (call->state), "to", sig_call_state_to_string (state));
    }
  g_assert (edges[call->state][state]);
  call->state = state;
}

/* --- actions --- */

static SigCallAction *
add_action (SigCall *call, SigCallOutput *out, SigCallActionType type)
{
  SigCallAction *action;

  g_assert (out->n < SIG_CALL_MAX_ACTIONS);
  action = &out->actions[out->n++];
  *action = (SigCallAction){ .type = type, .state = call->state, .reason = call->reason };
  return action;
}

static SigCallAction *
notify (SigCall *call, SigCallOutput *out, SigCallNote note, uint64_t user, uint64_t device)
{
  SigCallAction *action = add_action (call, out, SIG_CALL_DO_NOTIFY);

  action->note = note;
  action->user = user;
  action->device = device;
  return action;
}

static SigCallAction *
notify_side (SigCall *call, SigCallOutput *out, SigCallNote note, int side)
{
  return side == SIG_CALL_CALLER_SIDE ? notify (call, out, note, call->caller, call->caller_device)
                                      : notify (call, out, note, call->callee, call->callee_device);
}

static void
notify_incoming (SigCall *call, SigCallOutput *out, uint64_t device)
{
  notify (call, out, SIG_CALL_NOTE_INCOMING, call->callee, device)->blob = call->blob;
}

static void
notify_ringers (SigCall *call, SigCallOutput *out, uint64_t except, SigCallReason reason)
{
  for (unsigned i = 0; i < call->n_ringers; i++)
    if (call->ringers[i].id != except && !call->ringers[i].revoked)
      notify (call, out, SIG_CALL_NOTE_ENDED, call->callee, call->ringers[i].id)->reason = reason;
}

/* --- small helpers --- */

static void
drop_blob (SigCall *call)
{
  al_buf_unref (g_steal_pointer (&call->blob));
}

static bool
blob_is_valid (const AlBuf *blob)
{
  return blob != NULL && blob->len <= SIG_CALL_MAX_BLOB_TEXT;
}

static SigCallRinger *
find_ringer (SigCall *call, uint64_t device)
{
  for (unsigned i = 0; i < call->n_ringers; i++)
    if (call->ringers[i].id == device)
      return &call->ringers[i];
  return NULL;
}

static bool
add_ringer (SigCall *call, uint64_t device)
{
  if (call->n_ringers == SIG_CALL_MAX_DEVICES || find_ringer (call, device) != NULL)
    return false;
  call->ringers[call->n_ringers++] = (SigCallRinger){ .id = device };
  return true;
}

static void
side_attach (SigCall *call, int side)
{
  call->sides[side].attached = true;
  call->sides[side].gone_at_us = INT64_MAX;
}

static void
side_detach (SigCall *call, int side, int64_t now_us)
{
  if (!call->sides[side].attached)
    return; /* the time of grace runs from the first loss */
  call->sides[side].attached = false;
  call->sides[side].gone_at_us = now_us + call->limits->gone_us;
  if (!call->sides[!side].attached)
    call->deserted_us = now_us;
}

static int
get_side (SigCallRole role)
{
  return role == SIG_CALL_ROLE_CALLER ? SIG_CALL_CALLER_SIDE : SIG_CALL_CALLEE_SIDE;
}

/* --- the end --- */

static int64_t
last_time (const SigCall *call)
{
  return call->has_active ? call->active_us : call->has_accepted ? call->accepted_us : call->started_us;
}

/* @reply: the one who ended it is answered when that is durable */
static SigCallAnswer
end_call (SigCall *call, int64_t now_us, SigCallReason reason, bool reply, SigCallOutput *out)
{
  bool deserted = call->has_accepted && !sig_call_is_attended (call);

  /* with nobody there, the call was over when the last one left */
  if (reason == SIG_CALL_REASON_DISCONNECTED && deserted)
    now_us = MIN (now_us, call->deserted_us);
  call->ended_us = MAX (now_us, last_time (call));
  call->reason = reason;
  set_state (call, SIG_CALL_ENDED);
  drop_blob (call);

  (void) add_action (call, out, SIG_CALL_DO_PERSIST);
  if (reply)
    (void) add_action (call, out, SIG_CALL_DO_REPLY);
  (void) notify_side (call, out, SIG_CALL_NOTE_ENDED, SIG_CALL_CALLER_SIDE);
  if (call->has_accepted)
    (void) notify_side (call, out, SIG_CALL_NOTE_ENDED, SIG_CALL_CALLEE_SIDE);
  else
    notify_ringers (call, out, 0, reason);
  (void) add_action (call, out, SIG_CALL_DO_EVENT);
  return SIG_CALL_OK;
}

static void
expire (SigCall *call, int64_t now_us, SigCallOutput *out)
{
  int64_t gone_us = sig_call_get_gone_us (call);

  if (sig_call_next_us (call) > now_us)
    return;
  if (gone_us <= call->deadline_us)
    (void) end_call (call, now_us, SIG_CALL_REASON_DISCONNECTED, false, out);
  else if (call->state == SIG_CALL_RINGING)
    (void) end_call (call, now_us, SIG_CALL_REASON_MISSED, false, out);
  else
    (void) end_call (call, now_us, SIG_CALL_REASON_FAILED, false, out);
}

/* --- what devices say --- */

static SigCallAnswer
on_invite (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  if (role != SIG_CALL_ROLE_CALLER)
    return SIG_CALL_NOT_FOUND;
  if (!blob_is_valid (event->blob))
    return SIG_CALL_INVALID_BLOB;
  call->started_us = now_us;
  if (event->reason == SIG_CALL_REASON_BUSY)
    return end_call (call, now_us, SIG_CALL_REASON_BUSY, true, out);

  set_state (call, SIG_CALL_RINGING);
  call->blob = al_buf_ref (event->blob);
  call->deadline_us = now_us + call->limits->ring_us;
  side_attach (call, SIG_CALL_CALLER_SIDE);
  if (!event->attached)
    side_detach (call, SIG_CALL_CALLER_SIDE, now_us);
  for (unsigned i = 0; i < event->n_devices; i++)
    (void) add_ringer (call, event->devices[i]);

  (void) add_action (call, out, SIG_CALL_DO_PERSIST);
  (void) add_action (call, out, SIG_CALL_DO_REPLY);
  for (unsigned i = 0; i < call->n_ringers; i++)
    notify_incoming (call, out, call->ringers[i].id);
  (void) add_action (call, out, SIG_CALL_DO_EVENT);
  return SIG_CALL_OK;
}

static SigCallAnswer
on_ring (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  SigCallRinger *ringer = find_ringer (call, event->device);

  (void) add_action (call, out, SIG_CALL_DO_REPLY);
  if (ringer != NULL && !ringer->said_ring)
    {
      ringer->said_ring = true;
      notify_side (call, out, SIG_CALL_NOTE_RINGING, SIG_CALL_CALLER_SIDE)->from_device = event->device;
    }
  return SIG_CALL_OK;
}

static SigCallAnswer
on_accept (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  SigCallAction *accepted;

  if (!blob_is_valid (event->blob))
    return SIG_CALL_INVALID_BLOB;
  set_state (call, SIG_CALL_CONNECTING);
  drop_blob (call);
  call->callee_device = event->device;
  call->accepted_us = now_us;
  call->has_accepted = true;
  call->deadline_us = now_us + call->limits->connect_us;
  side_attach (call, SIG_CALL_CALLEE_SIDE);
  if (!event->attached)
    side_detach (call, SIG_CALL_CALLEE_SIDE, now_us);

  (void) add_action (call, out, SIG_CALL_DO_PERSIST);
  (void) add_action (call, out, SIG_CALL_DO_REPLY);
  accepted = notify_side (call, out, SIG_CALL_NOTE_ACCEPTED, SIG_CALL_CALLER_SIDE);
  accepted->from_device = event->device;
  accepted->blob = event->blob;
  notify_ringers (call, out, event->device, SIG_CALL_REASON_ANSWERED_ELSEWHERE);
  (void) add_action (call, out, SIG_CALL_DO_EVENT);
  return SIG_CALL_OK;
}

static SigCallAnswer
on_accept_again (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  return SIG_CALL_ALREADY_ACCEPTED;
}

static SigCallAnswer
forward (SigCall *call, const SigCallEvent *event, SigCallRole role, SigCallNote note, SigCallOutput *out)
{
  (void) add_action (call, out, SIG_CALL_DO_REPLY);
  notify_side (call, out, note, !get_side (role))->blob = event->blob;
  return SIG_CALL_OK;
}

static SigCallAnswer
on_confirm (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  if (!blob_is_valid (event->blob))
    return SIG_CALL_INVALID_BLOB;
  if (call->confirmed || call->revealed)
    return SIG_CALL_OUT_OF_ORDER;
  call->confirmed = true;
  return forward (call, event, role, SIG_CALL_NOTE_CONFIRMED, out);
}

static SigCallAnswer
on_reveal (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  if (!blob_is_valid (event->blob))
    return SIG_CALL_INVALID_BLOB;
  /* after a restart nobody here knows whether the confirmation went through; the devices do */
  if (call->revealed || !(call->confirmed || call->restored))
    return SIG_CALL_OUT_OF_ORDER;
  call->revealed = true;
  return forward (call, event, role, SIG_CALL_NOTE_REVEALED, out);
}

static SigCallAnswer
on_seal (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  const SigCallLimits *limits = call->limits;
  SigCallSide *side = &call->sides[get_side (role)];
  const AlRateLimit seals_limit = { limits->seal_burst, G_USEC_PER_SEC / limits->seal_per_s };
  const AlRateLimit bytes_limit = { limits->seal_burst_bytes, G_USEC_PER_SEC / limits->seal_bytes_per_s };
  AlRate seals = side->seals;
  int64_t wait_us;

  if (!blob_is_valid (event->blob))
    return SIG_CALL_INVALID_BLOB;
  wait_us = al_rate_take (&seals, &seals_limit, 1, now_us);
  if (wait_us == 0)
    wait_us = al_rate_take (&side->seal_bytes, &bytes_limit, (uint32_t) event->blob->len, now_us);
  if (wait_us > 0)
    {
      out->retry_after_ms = (wait_us + 999) / 1000;
      return SIG_CALL_LIMIT;
    }
  side->seals = seals;
  return forward (call, event, role, SIG_CALL_NOTE_SEALED, out);
}

static SigCallAnswer
on_connected (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  bool activate;

  call->sides[get_side (role)].connected = true;
  activate = call->state == SIG_CALL_CONNECTING && call->sides[SIG_CALL_CALLER_SIDE].connected
             && call->sides[SIG_CALL_CALLEE_SIDE].connected;
  if (activate)
    {
      set_state (call, SIG_CALL_ACTIVE);
      call->active_us = now_us;
      call->has_active = true;
      call->deadline_us = INT64_MAX;
    }
  (void) add_action (call, out, SIG_CALL_DO_REPLY);
  if (!activate)
    return SIG_CALL_OK;
  (void) notify_side (call, out, SIG_CALL_NOTE_ACTIVE, SIG_CALL_CALLER_SIDE);
  (void) notify_side (call, out, SIG_CALL_NOTE_ACTIVE, SIG_CALL_CALLEE_SIDE);
  /* behind the notifications: that media flows is true whether it is on disk or not */
  (void) add_action (call, out, SIG_CALL_DO_PERSIST);
  (void) add_action (call, out, SIG_CALL_DO_EVENT);
  return SIG_CALL_OK;
}

static SigCallAnswer
on_decline (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  SigCallReason reason = event->reason == SIG_CALL_REASON_BUSY ? SIG_CALL_REASON_BUSY : SIG_CALL_REASON_DECLINED;

  return end_call (call, now_us, reason, true, out);
}

static SigCallAnswer
on_cancel (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  return end_call (call, now_us, SIG_CALL_REASON_CANCELLED, true, out);
}

static SigCallAnswer
on_hangup (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  SigCallReason reason = event->reason == SIG_CALL_REASON_FAILED ? SIG_CALL_REASON_FAILED : SIG_CALL_REASON_HANGUP;

  return end_call (call, now_us, reason, true, out);
}

/* "I leave" while it rings: the meaning follows from who says it */
static SigCallAnswer
on_leave (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  return end_call (call, now_us, role == SIG_CALL_ROLE_CALLER ? SIG_CALL_REASON_CANCELLED : SIG_CALL_REASON_DECLINED,
                   true, out);
}

/* --- what the server knows --- */

static SigCallAnswer
on_attached_ringing (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  if (role == SIG_CALL_ROLE_CALLER)
    side_attach (call, SIG_CALL_CALLER_SIDE);
  else if (role == SIG_CALL_ROLE_CALLEE)
    {
      SigCallRinger *ringer = find_ringer (call, event->device);

      if (ringer != NULL)
        ringer->revoked = false;
      /* a device that lost what it was told is told again; the same callId twice is one call to it */
      if (add_ringer (call, event->device) || (ringer != NULL && !event->resumed))
        notify_incoming (call, out, event->device);
    }
  return SIG_CALL_OK;
}

static SigCallAnswer
on_attached (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  if (role == SIG_CALL_ROLE_CALLER || role == SIG_CALL_ROLE_CALLEE)
    side_attach (call, get_side (role));
  return SIG_CALL_OK;
}

static SigCallAnswer
on_detached (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  SigCallRinger *ringer;

  if (role == SIG_CALL_ROLE_CALLER || (role == SIG_CALL_ROLE_CALLEE && call->has_accepted))
    {
      side_detach (call, get_side (role), now_us);
      return event->forever ? end_call (call, now_us, SIG_CALL_REASON_DISCONNECTED, false, out) : SIG_CALL_OK;
    }
  ringer = role == SIG_CALL_ROLE_CALLEE ? find_ringer (call, event->device) : NULL;
  if (ringer != NULL && event->forever)
    ringer->revoked = true;
  return SIG_CALL_OK;
}

static SigCallAnswer
on_disabled (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  if (event->user != call->caller && event->user != call->callee)
    return SIG_CALL_OK;
  return end_call (call, now_us, SIG_CALL_REASON_DISABLED, false, out);
}

static SigCallAnswer
on_admin_end (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  return end_call (call, now_us, SIG_CALL_REASON_ENDED_BY_ADMIN, false, out);
}

static SigCallAnswer
on_glare (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  memcpy (call->glare_id, event->other_id, sizeof call->glare_id);
  return end_call (call, now_us, SIG_CALL_REASON_GLARE, false, out);
}

static SigCallAnswer
on_superseded (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  return end_call (call, now_us, SIG_CALL_REASON_CANCELLED, false, out);
}

static SigCallAnswer
on_log_failed (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  return end_call (call, now_us, SIG_CALL_REASON_FAILED, false, out);
}

static SigCallAnswer
on_restore (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  const SigCallRestore *restore = event->restore;

  call->started_us = MIN (restore->started_us, now_us);
  if (restore->state == SIG_CALL_RINGING) /* the invitation went with the server that had it in memory */
    return end_call (call, CLAMP (restore->seen_us, call->started_us, now_us), SIG_CALL_REASON_MISSED, false, out);

  g_assert (restore->state == SIG_CALL_CONNECTING || restore->state == SIG_CALL_ACTIVE);
  set_state (call, restore->state);
  call->restored = true;
  call->callee_device = restore->device;
  call->accepted_us = CLAMP (restore->accepted_us, call->started_us, now_us);
  call->has_accepted = true;
  call->has_active = restore->state == SIG_CALL_ACTIVE;
  if (call->has_active)
    call->active_us = CLAMP (restore->active_us, call->accepted_us, now_us);
  else
    call->deadline_us = now_us + call->limits->connect_us; /* the server's absence is not the devices' fault */
  call->deserted_us = CLAMP (restore->seen_us, last_time (call), now_us);
  for (int i = 0; i < SIG_CALL_SIDE_N; i++)
    call->sides[i].gone_at_us = now_us + call->limits->gone_us;
  return SIG_CALL_OK;
}

static SigCallAnswer
on_nothing (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallRole role, SigCallOutput *out)
{
  return SIG_CALL_OK;
}

/* --- the rules --- */

/* Who ever has a say; to anybody else there is no such call. The server's own events come from nobody. */
static const uint8_t speakers[SIG_CALL_EVENT_N] = {
  [SIG_CALL_ON_INVITE] = SIG_CALL_ROLE_BOTH | SIG_CALL_ROLE_LOSER,
  [SIG_CALL_ON_RING] = SIG_CALL_ROLE_CALLEE | SIG_CALL_ROLE_LOSER,
  [SIG_CALL_ON_ACCEPT] = SIG_CALL_ROLE_CALLEE | SIG_CALL_ROLE_LOSER,
  [SIG_CALL_ON_CONFIRM] = SIG_CALL_ROLE_CALLER,
  [SIG_CALL_ON_REVEAL] = SIG_CALL_ROLE_CALLEE,
  [SIG_CALL_ON_SEAL] = SIG_CALL_ROLE_BOTH,
  [SIG_CALL_ON_CONNECTED] = SIG_CALL_ROLE_BOTH,
  [SIG_CALL_ON_DECLINE] = SIG_CALL_ROLE_CALLEE | SIG_CALL_ROLE_LOSER,
  [SIG_CALL_ON_CANCEL] = SIG_CALL_ROLE_CALLER,
  [SIG_CALL_ON_HANGUP] = SIG_CALL_ROLE_BOTH | SIG_CALL_ROLE_LOSER,
};

/** Rule: @fn: NULL gives @otherwise. */
typedef struct {
  Handler fn;
  SigCallAnswer otherwise;
} Rule;

#define RULE(fn) { fn, SIG_CALL_OK }
#define REFUSE(answer) { NULL, SIG_CALL_##answer }
#define IGNORE { on_nothing, SIG_CALL_OK }

/* clang-format off: one line per event */
static const Rule rules[SIG_CALL_STATE_N][SIG_CALL_EVENT_N] = {
  [SIG_CALL_NEW] = {
    [SIG_CALL_ON_INVITE] = RULE (on_invite),
    [SIG_CALL_ON_RING ... SIG_CALL_ON_HANGUP] = REFUSE (NOT_FOUND),
    [SIG_CALL_ON_ATTACHED ... SIG_CALL_ON_LOG_FAILED] = IGNORE,
    [SIG_CALL_ON_RESTORE] = RULE (on_restore),
    [SIG_CALL_ON_TIMER] = IGNORE,
  },
  [SIG_CALL_RINGING] = {
    [SIG_CALL_ON_INVITE] = REFUSE (DUPLICATE),
    [SIG_CALL_ON_RING] = RULE (on_ring),
    [SIG_CALL_ON_ACCEPT] = RULE (on_accept),
    [SIG_CALL_ON_CONFIRM] = REFUSE (WRONG_STATE),
    [SIG_CALL_ON_REVEAL] = REFUSE (WRONG_STATE),
    [SIG_CALL_ON_SEAL] = REFUSE (WRONG_STATE),
    [SIG_CALL_ON_CONNECTED] = REFUSE (WRONG_STATE),
    [SIG_CALL_ON_DECLINE] = RULE (on_decline),
    [SIG_CALL_ON_CANCEL] = RULE (on_cancel),
    [SIG_CALL_ON_HANGUP] = RULE (on_leave),
    [SIG_CALL_ON_ATTACHED] = RULE (on_attached_ringing),
    [SIG_CALL_ON_DETACHED] = RULE (on_detached),
    [SIG_CALL_ON_DISABLED] = RULE (on_disabled),
    [SIG_CALL_ON_ADMIN_END] = RULE (on_admin_end),
    [SIG_CALL_ON_GLARE] = RULE (on_glare),
    [SIG_CALL_ON_SUPERSEDED] = RULE (on_superseded),
    [SIG_CALL_ON_LOG_FAILED] = RULE (on_log_failed),
    [SIG_CALL_ON_RESTORE ... SIG_CALL_ON_TIMER] = IGNORE,
  },
  [SIG_CALL_CONNECTING] = {
    [SIG_CALL_ON_INVITE] = REFUSE (DUPLICATE),
    [SIG_CALL_ON_RING] = REFUSE (WRONG_STATE),
    [SIG_CALL_ON_ACCEPT] = RULE (on_accept_again),
    [SIG_CALL_ON_CONFIRM] = RULE (on_confirm),
    [SIG_CALL_ON_REVEAL] = RULE (on_reveal),
    [SIG_CALL_ON_SEAL] = RULE (on_seal),
    [SIG_CALL_ON_CONNECTED] = RULE (on_connected),
    [SIG_CALL_ON_DECLINE] = REFUSE (WRONG_STATE),
    /* the caller gave up before it heard that somebody accepted */
    [SIG_CALL_ON_CANCEL] = RULE (on_hangup),
    [SIG_CALL_ON_HANGUP] = RULE (on_hangup),
    [SIG_CALL_ON_ATTACHED] = RULE (on_attached),
    [SIG_CALL_ON_DETACHED] = RULE (on_detached),
    [SIG_CALL_ON_DISABLED] = RULE (on_disabled),
    [SIG_CALL_ON_ADMIN_END] = RULE (on_admin_end),
    [SIG_CALL_ON_GLARE] = IGNORE,
    [SIG_CALL_ON_SUPERSEDED] = IGNORE,
    [SIG_CALL_ON_LOG_FAILED] = RULE (on_log_failed),
    [SIG_CALL_ON_RESTORE ... SIG_CALL_ON_TIMER] = IGNORE,
  },
  [SIG_CALL_ACTIVE] = {
    [SIG_CALL_ON_INVITE] = REFUSE (DUPLICATE),
    [SIG_CALL_ON_RING] = REFUSE (WRONG_STATE),
    [SIG_CALL_ON_ACCEPT] = RULE (on_accept_again),
    /* media may flow a moment before the nonces are through */
    [SIG_CALL_ON_CONFIRM] = RULE (on_confirm),
    [SIG_CALL_ON_REVEAL] = RULE (on_reveal),
    [SIG_CALL_ON_SEAL] = RULE (on_seal),
    [SIG_CALL_ON_CONNECTED] = RULE (on_connected),
    [SIG_CALL_ON_DECLINE] = REFUSE (WRONG_STATE),
    [SIG_CALL_ON_CANCEL] = REFUSE (WRONG_STATE),
    [SIG_CALL_ON_HANGUP] = RULE (on_hangup),
    [SIG_CALL_ON_ATTACHED] = RULE (on_attached),
    [SIG_CALL_ON_DETACHED] = RULE (on_detached),
    [SIG_CALL_ON_DISABLED] = RULE (on_disabled),
    [SIG_CALL_ON_ADMIN_END] = RULE (on_admin_end),
    [SIG_CALL_ON_GLARE] = IGNORE,
    [SIG_CALL_ON_SUPERSEDED] = IGNORE,
    /* media flows; what the log lacks, the end of the call will bring */
    [SIG_CALL_ON_LOG_FAILED] = IGNORE,
    [SIG_CALL_ON_RESTORE ... SIG_CALL_ON_TIMER] = IGNORE,
  },
  [SIG_CALL_ENDED] = {
    [SIG_CALL_ON_INVITE] = REFUSE (DUPLICATE),
    [SIG_CALL_ON_RING ... SIG_CALL_ON_HANGUP] = REFUSE (GONE),
    [SIG_CALL_ON_ATTACHED ... SIG_CALL_ON_TIMER] = IGNORE,
  },
};
/* clang-format on */

static SigCallAnswer
judge (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallOutput *out)
{
  const Rule *rule = &rules[call->state][event->type];
  SigCallRole role = sig_call_get_role (call, event->user, event->device);

  if (speakers[event->type] != 0)
    {
      if ((speakers[event->type] & role) == 0)
        return SIG_CALL_NOT_FOUND;
      if (role == SIG_CALL_ROLE_LOSER && event->type != SIG_CALL_ON_INVITE && call->state != SIG_CALL_ENDED)
        return SIG_CALL_ANSWERED_ELSEWHERE;
    }
  return rule->fn != NULL ? rule->fn (call, now_us, event, role, out) : rule->otherwise;
}

/* --- lifecycle --- */

SigCall *
sig_call_new (const SigCallLimits *limits, const uint8_t *id, uint64_t caller, uint64_t caller_device, uint64_t callee,
              bool video)
{
  SigCall *call = g_new0 (SigCall, 1);

  g_assert (caller != callee && caller != 0 && caller_device != 0 && callee != 0);
  call->limits = limits;
  memcpy (call->id, id, sizeof call->id);
  call->caller = caller;
  call->caller_device = caller_device;
  call->callee = callee;
  call->video = video;
  call->deadline_us = INT64_MAX;
  for (int i = 0; i < SIG_CALL_SIDE_N; i++)
    call->sides[i].gone_at_us = INT64_MAX;
  return call;
}

void
sig_call_free (SigCall *call)
{
  if (call == NULL)
    return;
  drop_blob (call);
  g_free (call);
}

void
sig_call_withhold (SigCall *call)
{
  g_assert (call->state == SIG_CALL_NEW);
  call->withheld = true;
}

SigCallAnswer
sig_call_step (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallOutput *ret_out)
{
  g_assert (event->type < SIG_CALL_EVENT_N);
  ret_out->n = 0;
  ret_out->retry_after_ms = 0;
  expire (call, now_us, ret_out);
  ret_out->answer = judge (call, now_us, event, ret_out);
  return ret_out->answer;
}
