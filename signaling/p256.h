/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the curve P-256, as Web Push has them: scalars of 32 bytes and uncompressed points of 65. Any thread. */
#pragma once

#include <glib.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#define SIG_P256_PRIVATE_BYTES 32
#define SIG_P256_PUBLIC_BYTES 65
#define SIG_P256_SIGNATURE_BYTES 64

/** sig_p256_new: a new key pair. Returns: (transfer full). */
EVP_PKEY *sig_p256_new (void);
/** sig_p256_from_private: Returns: (transfer full) (nullable): NULL when the scalar is not in 1 to the order - 1. */
EVP_PKEY *sig_p256_from_private (const uint8_t scalar[SIG_P256_PRIVATE_BYTES]);
/** sig_p256_from_public: Returns: (transfer full) (nullable): NULL when that is no uncompressed point of the curve. */
EVP_PKEY *sig_p256_from_public (const uint8_t point[SIG_P256_PUBLIC_BYTES]);

void sig_p256_get_private (EVP_PKEY *key, uint8_t ret_scalar[SIG_P256_PRIVATE_BYTES]);
void sig_p256_get_public (EVP_PKEY *key, uint8_t ret_point[SIG_P256_PUBLIC_BYTES]);

/** sig_p256_agree: ECDH: the x coordinate of @own's scalar times @other's point. */
void sig_p256_agree (EVP_PKEY *own, EVP_PKEY *other, uint8_t ret_secret[32]);
/** sig_p256_sign: ECDSA with SHA-256, as JWS has it (RFC 7518 §3.4): R and S, 32 bytes each, big-endian. */
void sig_p256_sign (EVP_PKEY *key, const void *data, size_t len, uint8_t ret_signature[SIG_P256_SIGNATURE_BYTES]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
