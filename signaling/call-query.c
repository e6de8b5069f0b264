/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a call; nothing here changes it. Main thread. */
#include "signaling/call-private.h"

SigCallRole
sig_call_get_role (const SigCall *call, uint64_t user, uint64_t device)
{
  if (user == call->caller && device == call->caller_device)
    return SIG_CALL_ROLE_CALLER;
  if (user != call->callee || call->withheld)
    return SIG_CALL_ROLE_STRANGER;
  return call->has_accepted && device != call->callee_device ? SIG_CALL_ROLE_LOSER : SIG_CALL_ROLE_CALLEE;
}

bool
sig_call_is_withheld (const SigCall *call)
{
  return call->withheld;
}

int64_t
sig_call_get_gone_us (const SigCall *call)
{
  int64_t caller_us = call->sides[SIG_CALL_CALLER_SIDE].gone_at_us;

  return call->has_accepted ? MIN (caller_us, call->sides[SIG_CALL_CALLEE_SIDE].gone_at_us) : caller_us;
}

int64_t
sig_call_next_us (const SigCall *call)
{
  if (call->state == SIG_CALL_NEW || call->state == SIG_CALL_ENDED)
    return INT64_MAX;
  return MIN (call->deadline_us, sig_call_get_gone_us (call));
}

SigCallState
sig_call_get_state (const SigCall *call)
{
  return call->state;
}

SigCallReason
sig_call_get_reason (const SigCall *call)
{
  return call->reason;
}

const uint8_t *
sig_call_get_id (const SigCall *call)
{
  return call->id;
}

uint64_t
sig_call_get_caller (const SigCall *call)
{
  return call->caller;
}

uint64_t
sig_call_get_caller_device (const SigCall *call)
{
  return call->caller_device;
}

uint64_t
sig_call_get_callee (const SigCall *call)
{
  return call->callee;
}

uint64_t
sig_call_get_callee_device (const SigCall *call)
{
  return call->callee_device;
}

bool
sig_call_get_video (const SigCall *call)
{
  return call->video;
}

const uint8_t *
sig_call_get_glare_id (const SigCall *call)
{
  return call->reason == SIG_CALL_REASON_GLARE ? call->glare_id : NULL;
}

int64_t
sig_call_get_started_us (const SigCall *call)
{
  return call->started_us;
}

bool
sig_call_get_accepted_us (const SigCall *call, int64_t *ret_us)
{
  if (call->has_accepted)
    *ret_us = call->accepted_us;
  return call->has_accepted;
}

bool
sig_call_get_active_us (const SigCall *call, int64_t *ret_us)
{
  if (call->has_active)
    *ret_us = call->active_us;
  return call->has_active;
}

bool
sig_call_get_ended_us (const SigCall *call, int64_t *ret_us)
{
  if (call->state == SIG_CALL_ENDED)
    *ret_us = call->ended_us;
  return call->state == SIG_CALL_ENDED;
}

int64_t
sig_call_get_expires_us (const SigCall *call)
{
  return call->started_us + call->limits->ring_us;
}

int64_t
sig_call_get_duration_ms (const SigCall *call)
{
  return call->has_active && call->state == SIG_CALL_ENDED ? (call->ended_us - call->active_us) / 1000 : 0;
}

uint64_t
sig_call_get_rung (const SigCall *call, unsigned index)
{
  return index < call->n_ringers ? call->ringers[index].id : 0;
}

bool
sig_call_is_attended (const SigCall *call)
{
  return call->sides[SIG_CALL_CALLER_SIDE].attached || call->sides[SIG_CALL_CALLEE_SIDE].attached;
}

bool
sig_call_concerns (const SigCall *call, uint64_t user, uint64_t device)
{
  SigCallRole role = sig_call_get_role (call, user, device);

  return call->state != SIG_CALL_NEW && call->state != SIG_CALL_ENDED &&
         (role == SIG_CALL_ROLE_CALLER || role == SIG_CALL_ROLE_CALLEE);
}
