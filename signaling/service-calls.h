/* SPDX-License-Identifier: Apache-2.0 */
/* backend.callList, backend.callEnd: the table of calls as application servers and the administrator see it. */
#pragma once

#include "signaling/calls.h"
#include "signaling/rpc.h"

/** sig_service_calls_register: @calls: (transfer none): must outlive requests of these methods. */
void sig_service_calls_register (SigRpc *rpc, SigCalls *calls);
