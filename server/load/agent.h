/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ICE by libnice, in the place of ice.h and port.h: an agent that is not ours, against the server's. Slower, and its datagrams
 * bear no time of the kernel: to prove, not to measure. Loop's thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/load/port.h"
#include "server/load/sdp.h"

typedef struct LoadAgent LoadAgent;

/** LoadAgentFn: a pair is chosen, or (@ready false) there is none. Not from within the calls below. */
typedef void (*LoadAgentFn) (bool ready, void *user);

/** load_agent_new: with one host candidate at @local, gathered. @on_datagram: all but STUN */
LoadAgent *load_agent_new (AlLoop *loop, const AlAddr *local, LoadPortFn on_datagram, LoadAgentFn on_state, void *user,
                           GError **error);
/** load_agent_free: not inside its callbacks. NULL is allowed. */
void load_agent_free (LoadAgent *agent);
/** load_agent_describe: ufrag, password and candidate of @sdp. */
void load_agent_describe (LoadAgent *agent, LoadSdp *sdp);
/** load_agent_start: checks begin. Returns: false when @remote cannot be used. */
bool load_agent_start (LoadAgent *agent, const LoadSdp *remote, bool controlling);
void load_agent_send (LoadAgent *agent, const void *data, size_t len);
