/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ICE-lite (RFC 8445) as pure functions: no state, no memory. A local ufrag carries a tag under the process's key, and its
 * password is a MAC of it, so that any worker can judge and answer any check. No check is ever sent. Any thread; an AlHmac
 * belongs to the thread that calls.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hmac.h"
#include "base/stun.h"
#include "sfu/identity.h"

/** SFU_ICE_UFRAG_LEN: characters of ours: 8 random ones (48 bits), 8 of the tag. */
#define SFU_ICE_UFRAG_LEN 16
/** SFU_ICE_PWD_LEN: characters of ours: 144 bits. RFC 8445 §5.3 asks for 22 and 128 bits at least. */
#define SFU_ICE_PWD_LEN 24
/** SFU_ICE_REMOTE_MAX: longest ufrag and password of a peer (RFC 8839 §5.4). */
#define SFU_ICE_REMOTE_MAX 256
/** SFU_ICE_REPLY_MAX: room for sfu_ice_answer(). */
#define SFU_ICE_REPLY_MAX 128

/** sfu_ice_make_ufrag: a fresh one, from the kernel's randomness. @ret_ufrag: NUL-terminated. */
void sfu_ice_make_ufrag (const SfuIdentity *identity, char ret_ufrag[SFU_ICE_UFRAG_LEN + 1]);
/** sfu_ice_make_password: of a ufrag of ours; always the same. @ret_pwd: NUL-terminated. */
void sfu_ice_make_password (const SfuIdentity *identity, AlHmac *hmac, const char ufrag[SFU_ICE_UFRAG_LEN],
                            char ret_pwd[SFU_ICE_PWD_LEN + 1]);

/**
 * sfu_ice_is_ours: tells ICE from TURN on a shared port.
 * @username: @len bytes, the value of USERNAME
 *
 * Returns: does it begin with a ufrag made under this key, and a colon.
 */
bool sfu_ice_is_ours (const SfuIdentity *identity, const uint8_t *username, size_t len);

/**
 * SfuIceCheck: a Binding request that carried the right integrity.
 * @local: SFU_ICE_UFRAG_LEN characters, in the message: our ufrag
 * @remote: @remote_len characters, in the message: what the peer says is its own
 * @use_candidate: nominates this path (RFC 8445 §7.1.2)
 * @has_nomination, @nomination: attribute 0xC001 (draft-thatcher-ice-renomination): a later one has a larger number
 * @priority: of PRIORITY (§7.1.1)
 * @conflict: the peer says that it is controlled, which we are: answered by 487 (§7.3.1.1), and nothing follows from it
 * @n_unknown: attributes that had to be understood: answered by 420 (RFC 8489 §6.3.1), and nothing follows from it
 */
typedef struct {
  const AlStunMessage *message;
  const uint8_t *local, *remote;
  size_t remote_len;
  bool use_candidate, has_nomination, conflict;
  uint32_t nomination, priority;
  unsigned n_unknown;
  uint16_t unknown[8];
} SfuIceCheck;

/**
 * sfu_ice_check: RFC 8445 §7.3, RFC 8489 §9.1.3: a Binding request with the right FINGERPRINT, a USERNAME of ours, and the
 * MESSAGE-INTEGRITY that its password gives. Whoever fails gets no answer: strangers shall not find out that there is one,
 * and must not be able to make us send to an address that they forge.
 *
 * Returns: false: to be dropped; @ret_check is then undefined. true: to be answered; valid as long as @message is.
 */
bool sfu_ice_check (const SfuIdentity *identity, AlHmac *hmac, const AlStunMessage *message, SfuIceCheck *ret_check);

/** sfu_ice_is_valid: Returns: is the answer to @check a success, so that it says something about the path it came by. */
static inline bool
sfu_ice_is_valid (const SfuIceCheck *check)
{
  return !check->conflict && check->n_unknown == 0;
}

/**
 * sfu_ice_answer: the response to a check: success with XOR-MAPPED-ADDRESS, 487 or 420; each with MESSAGE-INTEGRITY and
 * FINGERPRINT. Shorter than the request's worth: never more than SFU_ICE_REPLY_MAX bytes.
 * @from: where the request came from
 * @ret_reply: @size bytes of room
 *
 * Returns: bytes written; 0: they did not fit.
 */
size_t sfu_ice_answer (const SfuIdentity *identity, AlHmac *hmac, const SfuIceCheck *check, const AlAddr *from,
                       uint8_t *ret_reply, size_t size);
