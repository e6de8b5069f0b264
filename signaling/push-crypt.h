/* SPDX-License-Identifier: Apache-2.0 */
/* What is pushed, so that the push service cannot read it: RFC 8291, in one record of aes128gcm (RFC 8188). Any thread. */
#pragma once

#include "signaling/p256.h"

#define SIG_PUSH_AUTH_BYTES 16
#define SIG_PUSH_SALT_BYTES 16
/** SIG_PUSH_PLAIN_MAX: what fits into the 4,096 bytes that every push service takes (RFC 8291 §4): a head of 86, the
 *  delimiter, the tag. */
#define SIG_PUSH_PLAIN_MAX 3993

/** SigPushOnce: what is new for every message. */
typedef struct {
  EVP_PKEY *key; /* (transfer none) */
  uint8_t salt[SIG_PUSH_SALT_BYTES];
} SigPushOnce;

/**
 * sig_push_encrypt:
 * @p256dh, @auth: of the subscription
 * @text: @len bytes
 * @padded: at least @len, at most SIG_PUSH_PLAIN_MAX: as long as this the text seems to be
 * @once: (nullable): for test vectors; NULL: a new key and salt
 *
 * Returns: (transfer full) (nullable): the body of the request, with Content-Encoding aes128gcm; NULL when @p256dh is no
 *   point of P-256.
 */
GBytes *sig_push_encrypt (const uint8_t p256dh[SIG_P256_PUBLIC_BYTES], const uint8_t auth[SIG_PUSH_AUTH_BYTES],
                          const char *text, size_t len, size_t padded, const SigPushOnce *once);
