/* SPDX-License-Identifier: Apache-2.0 */
/* What a call consists of: for call.c, which changes it, and call-query.c, which answers questions about it. */
#pragma once

#include "base/rate.h"
#include "signaling/call.h"

typedef enum {
  SIG_CALL_ROLE_CALLER = 1,
  SIG_CALL_ROLE_CALLEE = 2,
  SIG_CALL_ROLE_BOTH = SIG_CALL_ROLE_CALLER | SIG_CALL_ROLE_CALLEE,
  SIG_CALL_ROLE_LOSER = 4,
  SIG_CALL_ROLE_STRANGER = 8
} SigCallRole;

enum { SIG_CALL_CALLER_SIDE, SIG_CALL_CALLEE_SIDE, SIG_CALL_SIDE_N };

typedef struct {
  uint64_t id;
  bool said_ring; /* call.ringing was forwarded once */
  bool revoked;   /* has no session any more */
} SigCallRinger;

typedef struct {
  bool attached, connected;
  int64_t gone_at_us; /* while not attached: then disconnected */
  AlRate seals, seal_bytes;
} SigCallSide;

struct SigCall {
  /* passed in, not owned */
  const SigCallLimits *limits;
  /* owned */
  AlBuf *blob; /* the invitation's, while it rings */

  uint8_t id[SIG_CALL_ID_BYTES], glare_id[SIG_CALL_ID_BYTES];
  uint64_t caller, caller_device, callee, callee_device;
  bool video, withheld, confirmed, revealed, restored;
  SigCallState state;
  SigCallReason reason;
  int64_t started_us, accepted_us, active_us, ended_us; /* valid by state and the has_ flags */
  bool has_accepted, has_active;
  int64_t deadline_us;  /* ringing: missed; connecting: failed */
  int64_t deserted_us;  /* when the last of both parties left; with none attached */
  SigCallSide sides[SIG_CALL_SIDE_N];
  unsigned n_ringers;
  SigCallRinger ringers[SIG_CALL_MAX_DEVICES];
};

SigCallRole sig_call_get_role (const SigCall *call, uint64_t user, uint64_t device);
/** sig_call_get_gone_us: Returns: when a party will have been gone for too long, INT64_MAX while both are there. */
int64_t sig_call_get_gone_us (const SigCall *call);
