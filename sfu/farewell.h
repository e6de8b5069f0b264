/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer's word that its DTLS connection is over, told from a forgery once OpenSSL's part of the connection is given
 * back: the key of its records (RFC 5246 §6.3), kept for this one question. AES-GCM alone (RFC 5288): what browsers agree on
 * with us. Pure; one thread at a time.
 */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SFU_FAREWELL_KEY_MAX 32
#define SFU_FAREWELL_SALT 4

/** SfuFarewell: zeroed knows no key. @key_len: 0: none */
typedef struct {
  /*< private >*/
  uint8_t key_len;
  uint8_t key[SFU_FAREWELL_KEY_MAX], salt[SFU_FAREWELL_SALT];
} SfuFarewell;

/** sfu_farewell_init: @ssl: of a DTLS 1.2 handshake that is finished. Returns: false: it agreed on another cipher; then none is
 *  ever genuine. */
bool sfu_farewell_init (SfuFarewell *farewell, SSL *ssl);
/** sfu_farewell_clear: forgets the key. */
void sfu_farewell_clear (SfuFarewell *farewell);
/** sfu_farewell_is_genuine: Returns: does @data begin with an alert by the peer that ends the connection: close_notify, or any
 *  fatal one (RFC 5246 §7.2). Changes nothing: a copy of it says the same again. */
bool sfu_farewell_is_genuine (const SfuFarewell *farewell, const uint8_t *data, size_t len);
