/* SPDX-License-Identifier: Apache-2.0 */
/* [relay] discovery: the addresses of behaviour discovery (RFC 5780). Main thread. */
#pragma once

#include "base/config.h"
#include "relay/turn.h"
#include "server/workers.h"

/**
 * relay_discovery_parse: "HOST:PORT;OTHERHOST:OTHERPORT", for each family.
 * @workers: must listen on both ports of both hosts
 * @ret: zeroed; AF_UNSPEC where it is off
 *
 * Returns: false with G_IO_ERROR_INVALID_ARGUMENT.
 */
bool relay_discovery_parse (const AlConfig *config, const Workers *workers, AlAddr ret[RELAY_FAMILY_N][2], GError **error);
