/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time-limited TURN credentials in the REST form that TURN servers understand: the username is
 * "EXPIRY:ID" (seconds since the epoch), the password base64 (HMAC-SHA1 (shared secret, username)). The ID is derived
 * from call and device, so that the relay can tell allocations of one call apart and learns neither. Main thread.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "base/config.h"

typedef struct SigTurn SigTurn;

/** How long a credential serves. Longer than calls are: a relay may check it anew whenever an allocation is refreshed. */
#define SIG_TURN_TTL_S (12 * 3600)

/** SigTurnListFn: @result: (transfer full): the answer of admin.relayList. Main thread. */
typedef void (*SigTurnListFn) (JsonObject *result, gpointer data);

/**
 * SigTurnHost: the relay of this process.
 * @secret: signs when [relay] shared_secrets is empty
 * @revoke: (nullable): credentials with this ID serve no more: their call has ended. @until_s: when they would have
 *   ended by themselves, seconds since the epoch. Main thread
 * @list: (nullable): what is allocated now: calls @fn once. Main thread
 */
typedef struct {
  const char *secret;
  void (*revoke) (const char *id, int64_t until_s, gpointer user);
  void (*list) (SigTurnListFn fn, gpointer data, gpointer user);
  gpointer user;
} SigTurnHost;

/**
 * sig_turn_new: from [relay] listen_* and shared_secrets, and [server] public_address.
 * @host: (nullable): copied, but for what it points to
 *
 * Returns: (transfer full) (nullable): NULL when there are no listeners or no secret: the relay is off.
 */
SigTurn *sig_turn_new (const AlConfig *config, const SigTurnHost *host);
void sig_turn_free (SigTurn *turn); /* NULL is allowed */

/**
 * sig_turn_issue:
 * @turn: (nullable): NULL: the relay is off, and the list is empty
 * @call_id: 16 bytes
 * @now_ms: since the epoch
 *
 * Returns: (transfer full): {iceServers: [{urls, username, credential}], expiresAt}, the answer of call.turn.
 */
JsonObject *sig_turn_issue (SigTurn *turn, const uint8_t *call_id, uint64_t device_id, int64_t now_ms);

/** How long a credential of sig_turn_issue_probe() serves. */
#define SIG_TURN_PROBE_TTL_S 600

/**
 * sig_turn_issue_probe: for a check of the relay by hand: a credential of nobody's call.
 * @turn: (nullable): NULL: the relay is off, and iceServers is empty
 * @config: that @turn was made from
 * @now_ms: since the epoch
 *
 * Returns: (transfer full): {iceServers, dtls, expiresAt, https, relayPorts}, the answer of admin.relayProbe.
 */
JsonObject *sig_turn_issue_probe (const SigTurn *turn, const AlConfig *config, int64_t now_ms);

/** sig_turn_reload: signs with the secret of @config from now on. @turn: (nullable). */
void sig_turn_reload (SigTurn *turn, const AlConfig *config);

/** sig_turn_end_call: what was issued for the call serves no more. @turn: (nullable). */
void sig_turn_end_call (SigTurn *turn, const uint8_t *call_id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigTurn, sig_turn_free)
