/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprints of certificates as SDP carries them (RFC 8122). Plain values. Any thread. */
#pragma once

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** SfuHash: the functions that are taken; SHA-1 and MD5 are not (RFC 8122 §5: only stronger ones may be used alone). */
typedef enum { SFU_HASH_SHA256, SFU_HASH_SHA384, SFU_HASH_SHA512, SFU_HASH_N } SfuHash;

#define SFU_FINGERPRINT_MAX_BYTES 64
/** SFU_FINGERPRINTS_MAX: that a transport's peer may name. */
#define SFU_FINGERPRINTS_MAX 8
/** SFU_FINGERPRINT_TEXT: room for "sha-512 ", 64 bytes in hexadecimal with colons, and a NUL. */
#define SFU_FINGERPRINT_TEXT 208

/** SfuFingerprint: @len: bytes of @value: 32, 48 or 64 by @hash. */
typedef struct {
  SfuHash hash;
  uint8_t len;
  uint8_t value[SFU_FINGERPRINT_MAX_BYTES];
} SfuFingerprint;

/**
 * sfu_fingerprint_parse: the value of a=fingerprint: "sha-256 12:DF:..", either case.
 * @text: @len characters, nothing behind
 *
 * Returns: false, @ret untouched, when it is none or of a hash function that is not taken.
 */
bool sfu_fingerprint_parse (const char *text, size_t len, SfuFingerprint *ret);
/** sfu_fingerprint_get_bytes: @hash: a name, either case. Returns: of its values; 0: it is not taken. */
unsigned sfu_fingerprint_get_bytes (const char *hash);
/** sfu_fingerprint_format: hash function in lower case, value in upper case. Returns: @ret_text. */
char *sfu_fingerprint_format (const SfuFingerprint *fingerprint, char ret_text[SFU_FINGERPRINT_TEXT]);
/** sfu_fingerprint_compute: of @certificate's DER form. Returns: false when OpenSSL fails. */
bool sfu_fingerprint_compute (X509 *certificate, SfuHash hash, SfuFingerprint *ret);
bool sfu_fingerprint_equal (const SfuFingerprint *a, const SfuFingerprint *b);
