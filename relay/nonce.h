/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nonces that need no memory (RFC 8489 §9.2): the time, and a MAC over it and the client's address, over UDP with the
 * port. One object serves every worker, or with a shared key every server of a fleet. Immutable after making: any thread.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "base/hmac.h"
#include "relay/tuple.h"

/** RELAY_NONCE_MAX: bytes of the longest nonce. */
#define RELAY_NONCE_MAX 33
#define RELAY_NONCE_LIFETIME_S 600

typedef struct RelayNonce RelayNonce;

/** RelayNonceFeature: security features that the nonce announces by its cookie (RFC 8489 §9.2, §18.1). */
typedef enum {
  RELAY_NONCE_PLAIN,      /* no cookie: the shortest nonce */
  RELAY_NONCE_ALGORITHMS  /* PASSWORD-ALGORITHMS */
} RelayNonceFeature;

/** relay_nonce_new: @key: (nullable): 32 bytes; NULL: random ones. */
RelayNonce *relay_nonce_new (const uint8_t *key, RelayNonceFeature features);
void relay_nonce_free (RelayNonce *nonce);

/** relay_nonce_make: @now_s: seconds of any clock that all users of the key share. Returns: bytes in @ret_text (no NUL). */
unsigned relay_nonce_make (const RelayNonce *nonce, AlHmac *hmac, const RelayTuple *tuple, int64_t now_s,
                           char ret_text[RELAY_NONCE_MAX]);

/** relay_nonce_check: Returns: is it one of ours for this client, at most RELAY_NONCE_LIFETIME_S old and at most 5 s
 *  ahead. Constant time in the MAC. */
bool relay_nonce_check (const RelayNonce *nonce, AlHmac *hmac, const RelayTuple *tuple, int64_t now_s,
                        const uint8_t *text, size_t len);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RelayNonce, relay_nonce_free)
