/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process is to its WebRTC peers: one certificate, made at start and never stored, and the key from which all ICE
 * user names and passwords come. Immutable after it was made. Any thread.
 */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>
#include <stdint.h>

#include "base/siphash.h"
#include "sfu/fingerprint.h"

typedef struct SfuIdentity SfuIdentity;

#define SFU_ICE_KEY_BYTES 32

/**
 * sfu_identity_new: an ECDSA P-256 key, a self-signed certificate (30 days, from yesterday on), the ICE key, and the
 * settings of DTLS: version 1.2; use_srtp with AEAD_AES_128_GCM, AEAD_AES_256_GCM, SRTP_AES128_CM_HMAC_SHA1_80 in this order
 * (RFC 7714, RFC 5764); no tickets, sessions, renegotiation or path MTU queries.
 *
 * Returns: (transfer full) (nullable): NULL with G_IO_ERROR when OpenSSL fails.
 */
SfuIdentity *sfu_identity_new (GError **error);
/** sfu_identity_free: after every transport of it. NULL is allowed. */
void sfu_identity_free (SfuIdentity *identity);

/** sfu_identity_get_fingerprint: Returns: (transfer none): "sha-256 AB:CD:..", for a=fingerprint. */
const char *sfu_identity_get_fingerprint (const SfuIdentity *identity);
/** sfu_identity_get_ssl: Returns: (transfer none): made by DTLS_method(): for both roles. */
SSL_CTX *sfu_identity_get_ssl (const SfuIdentity *identity);
/** sfu_identity_get_ice_key: Returns: (transfer none): SFU_ICE_KEY_BYTES secret bytes, of passwords. */
const uint8_t *sfu_identity_get_ice_key (const SfuIdentity *identity);
/** sfu_identity_get_tag_key: Returns: (transfer none): of the tags in user names. */
const AlSipKey *sfu_identity_get_tag_key (const SfuIdentity *identity);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfuIdentity, sfu_identity_free)
