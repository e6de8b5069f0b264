/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which peers a client may reach through this server. One function decides for CreatePermission, ChannelBind, Send,
 * Connect and accept, after every way to write an IPv4 address inside IPv6 has been undone. Made once per configuration
 * and then immutable: any thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/addr.h"

typedef struct RelayPolicy RelayPolicy;

/** RelayPeer: what the policy says of a peer. */
typedef enum {
  RELAY_PEER_ALLOWED,
  RELAY_PEER_OURS,   /* an address on which this server relays: only to ports that are allocated right now */
  RELAY_PEER_DENIED,
} RelayPeer;

/**
 * RelayPolicyConfig:
 * @allow, @deny: networks, NULL-terminated ("10.1.0.0/16", "2001:db8::1"); the more specific one wins, deny when equal
 * @allow_loopback: 127.0.0.0/8 and ::1 too: for tests on one machine
 * @relay: (array length=n_relay): addresses on which allocations are made
 * @own: (array length=n_own): other addresses of this host: denied, unless @allow names the very address
 *
 * Denied by default: the IANA special-purpose registries (RFC 6890) where not globally reachable, multicast, IPv6 outside
 * 2000::/3. Denied always: IPv4 inside ::/96 and ::ffff:0:0/96; an address of @relay inside NAT64 and 6to4; and peer ports
 * below 1024 and those of UDP services that amplify, except on addresses of @relay.
 */
typedef struct {
  const char *const *allow, *const *deny;
  bool allow_loopback;
  const AlAddr *relay, *own;
  unsigned n_relay, n_own;
} RelayPolicyConfig;

/** relay_policy_new: Returns: (transfer full) (nullable): NULL with G_IO_ERROR_INVALID_ARGUMENT, naming the network. */
RelayPolicy *relay_policy_new (const RelayPolicyConfig *config, GError **error);
void relay_policy_free (RelayPolicy *policy);

/** relay_policy_check: @peer: with its port, or port 0 when only the address matters (CreatePermission). */
RelayPeer relay_policy_check (const RelayPolicy *policy, const AlAddr *peer);

/** relay_policy_own_addresses: Returns: (transfer full) (element-type AlAddr): the addresses of this host's interfaces. */
GArray *relay_policy_own_addresses (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RelayPolicy, relay_policy_free)
