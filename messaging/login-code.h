/* SPDX-License-Identifier: Apache-2.0 */
/* What people type as their second factor: six digits of an app, or a recovery code from paper. Pure; any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** MSG_RECOVERY_CODES: how many there are at once; each works once. */
#define MSG_RECOVERY_CODES 10
/** MSG_RECOVERY_CODE_STRLEN: 16 letters and digits, 80 bits, so that a plain SHA-256 cannot be searched: in fours with
 *  hyphens between. */
#define MSG_RECOVERY_CODE_STRLEN 19
#define MSG_RECOVERY_HASH_BYTES 32

/** MsgLoginCodeKind: what a text may be. NONE: nothing was typed; BAD: it can be no code. */
typedef enum { MSG_LOGIN_CODE_NONE, MSG_LOGIN_CODE_BAD, MSG_LOGIN_CODE_TOTP, MSG_LOGIN_CODE_RECOVERY } MsgLoginCodeKind;

/** MsgLoginCode: a text as understood. */
typedef struct {
  MsgLoginCodeKind kind;
  char text[17];   /* without spaces and hyphens: 6 digits, or 16 of base32 in upper case */
} MsgLoginCode;

/** msg_login_code_read: @text: (nullable): anything. Case, spaces and hyphens do not matter; the digits 0, 1 and 8, which
 *  base32 leaves out, are read as the letters they look like. */
void msg_login_code_read (const char *text, MsgLoginCode *ret_code);

/** msg_recovery_code_new: @ret_hash: what is stored of it. Returns: (transfer full): free with msg_secret_free(). */
char *msg_recovery_code_new (uint8_t ret_hash[MSG_RECOVERY_HASH_BYTES]);
/** msg_recovery_code_hash: @code: of MSG_LOGIN_CODE_RECOVERY. */
void msg_recovery_code_hash (const MsgLoginCode *code, uint8_t ret_hash[MSG_RECOVERY_HASH_BYTES]);
