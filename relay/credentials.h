/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may allocate: users of the configuration, and holders of time-limited credentials in the REST form, whose username is
 * "EXPIRY:ID" (seconds since the epoch) and whose password is base64 (HMAC-SHA1 (secret, username)). Made once per
 * configuration and then immutable: any thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/hmac.h"
#include "base/stun.h"

/** RELAY_MAX_SECRETS: secrets that may overlap while one replaces another. */
#define RELAY_MAX_SECRETS 16
/** RELAY_USERNAME_MAX: RFC 8489 §14.3: fewer than 509 bytes. */
#define RELAY_USERNAME_MAX 508

typedef struct RelayCredentials RelayCredentials;

/**
 * RelayLogin: a user whose request carried the right integrity.
 * @key: @key_len bytes (16: MD5, 32: SHA-256) that sign the answer
 * @hash: of the integrity attribute that was right, and of the answer's
 * @id: the part of the username behind "EXPIRY:", or all of it: who shares it shares quotas. A view into the request
 * @expires_s: when the credential ends, seconds since the epoch; INT64_MAX: never
 */
typedef struct {
  uint8_t key[32];
  uint8_t key_len;
  AlHmacHash hash;
  const uint8_t *id;
  uint16_t id_len;
  int64_t expires_s;
} RelayLogin;

/**
 * relay_credentials_new:
 * @realm: 1 to 127 bytes
 * @users: "name:password" each, NULL-terminated
 * @secrets: NULL-terminated, at most RELAY_MAX_SECRETS
 *
 * Names and passwords are taken as OpaqueString of RFC 8265 for what is ASCII or in NFC already.
 *
 * Returns: (transfer full) (nullable): NULL with G_IO_ERROR_INVALID_ARGUMENT.
 */
RelayCredentials *relay_credentials_new (const char *realm, const char *const *users, const char *const *secrets,
                                         GError **error);
void relay_credentials_free (RelayCredentials *credentials);

const char *relay_credentials_get_realm (const RelayCredentials *credentials);
/** relay_credentials_are_none: Returns: true when nobody could log in: STUN alone is served then. */
bool relay_credentials_are_none (const RelayCredentials *credentials);

/**
 * relay_credentials_check:
 * @message: with USERNAME or USERHASH and an integrity attribute
 * @now_s: seconds since the epoch
 *
 * When both integrity attributes are there the SHA-256 one decides (RFC 8489 §9.2.4). An unknown user takes as long as a
 * known one with a wrong password.
 *
 * Returns: false when the user is unknown, the credential has expired or the integrity is wrong.
 */
bool relay_credentials_check (const RelayCredentials *credentials, AlHmac *hmac, const AlStunMessage *message,
                              int64_t now_s, RelayLogin *ret_login);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RelayCredentials, relay_credentials_free)
