/* SPDX-License-Identifier: Apache-2.0 */
/* One-time codes from a shared secret: HOTP (RFC 4226) and TOTP (RFC 6238) with SHA-1, as every authenticator app knows
 * them. Pure; any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** MSG_TOTP_SECRET_BYTES: RFC 4226 §4, R6: "a length of 160 bits is RECOMMENDED". */
#define MSG_TOTP_SECRET_BYTES 20
#define MSG_TOTP_DIGITS 6
/** MSG_TOTP_STEP_MS: RFC 6238 §5.2: "a default time-step size of 30 seconds". */
#define MSG_TOTP_STEP_MS 30000

/** msg_hotp: RFC 4226 §5.3. @digits: 6 to 9. Returns: the code as a number below 10^@digits. */
uint32_t msg_hotp (const uint8_t *secret, gsize len, uint64_t counter, unsigned digits);

/**
 * msg_totp_find:
 * @secret: MSG_TOTP_SECRET_BYTES
 * @now_ms: milliseconds since the epoch
 * @code: MSG_TOTP_DIGITS digits and a NUL
 * @last_step: the time step of the last code that was accepted: it and those before are spent (RFC 6238 §5.2: "The
 *   verifier MUST NOT accept the second attempt of the OTP")
 *
 * Looks for @code in the time step of @now_ms and one step either way. Takes the same time whether it is there or not.
 *
 * Returns: true with its time step in @ret_step, else @ret_step is untouched.
 */
bool msg_totp_find (const uint8_t *secret, int64_t now_ms, const char *code, int64_t last_step, int64_t *ret_step);

/** msg_base32_encode: RFC 4648 §6, upper case without padding. Returns: (transfer full). */
char *msg_base32_encode (const uint8_t *data, gsize len);

/** msg_totp_make_uri: what an app reads from a QR code. @username: of letters, digits and underscores. @secret:
 *  MSG_TOTP_SECRET_BYTES. Returns: (transfer full): otpauth://totp/... */
char *msg_totp_make_uri (const char *username, const uint8_t *secret);
