/* SPDX-License-Identifier: Apache-2.0 */
/* The methods call.*: from params to the table of calls and back. Main thread. */
#pragma once

#include "signaling/calls.h"
#include "signaling/rpc.h"
#include "signaling/turn.h"

typedef struct SigCallMethods SigCallMethods;

/**
 * sig_call_methods_register:
 * @core: for call.history
 * @turn: (transfer none) (nullable): for call.turn; NULL: the relay is off
 *
 * Registers every method call.* with @rpc. Returns: (transfer full): to be freed after @rpc.
 */
SigCallMethods *sig_call_methods_register (SigRpc *rpc, SigCalls *calls, MsgCore *core, SigTurn *turn);
/** sig_call_entry_json: Returns: (transfer full): a row of call.history. */
JsonObject *sig_call_entry_json (const MsgCallEntry *entry);
void sig_call_methods_free (SigCallMethods *methods); /* NULL is allowed */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigCallMethods, sig_call_methods_free)
