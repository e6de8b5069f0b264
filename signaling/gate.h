/* SPDX-License-Identifier: Apache-2.0 */
/* Where messages come in: knows who is at the other end of a connection or of a POST, and hands both to the dispatcher. */
#pragma once

#include "messaging/api-key.h"
#include "messaging/core.h"
#include "signaling/conns.h"
#include "signaling/rpc-private.h"
#include "signaling/session-private.h"
#include "signaling/whip.h"

/** SigGate: plain; all passed in and not owned. Must stay where it is until the core is freed: tokens are looked up. */
typedef struct {
  SigRpc *rpc;
  SigSessions *sessions;
  SigConns *conns;
  MsgCore *core;
  const MsgApiKeys *api_keys;
  SigWhip *whip; /* (nullable): until it is made */
} SigGate;

/** sig_gate_ops: Returns: (transfer none): the front's callbacks, for a SigGate as `user`. */
const SigFrontOps *sig_gate_ops (void);
