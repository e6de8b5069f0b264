/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second factor of an account: codes of an app (TOTP, RFC 6238) and recovery codes. Rules common to all functions:
 * messaging/core.h.
 *
 *             begin               enable {code}
 *   off --------------> begun -----------------> on      begin again gives another secret; the one before is void
 *    ^                                           |
 *    +-------------------------------------------+  disable {password, code}, or an administrator
 */
#pragma once

#include "messaging/core.h"

/** MsgTwoFactorDraft: what an app is to be told. */
typedef struct {
  const char *secret;   /* base32 */
  const char *uri;      /* otpauth://totp/... */
} MsgTwoFactorDraft;

/** MsgTwoFactorDraftFn: @draft: (nullable): NULL with an error. */
typedef void (*MsgTwoFactorDraftFn) (const MsgTwoFactorDraft *draft, const GError *error, gpointer data);
/** MsgTwoFactorCodesFn: @codes: (nullable) (array zero-terminated=1): NULL with an error. */
typedef void (*MsgTwoFactorCodesFn) (const char *const *codes, const GError *error, gpointer data);

/** MsgTwoFactorState: @enabled_at_ms: 0: it is off. */
typedef struct {
  int64_t enabled_at_ms;
  unsigned recovery_codes;   /* not used yet */
} MsgTwoFactorState;

/** MsgTwoFactorStateFn: @state: (nullable): NULL with an error. */
typedef void (*MsgTwoFactorStateFn) (const MsgTwoFactorState *state, const GError *error, gpointer data);

/** msg_two_factor_get: Errors: UNAVAILABLE. */
void msg_two_factor_get (MsgCore *core, MsgId user_id, MsgTwoFactorStateFn fn, gpointer data);

/**
 * msg_two_factor_begin:
 *
 * Gives a new secret, which counts for nothing until a code of it was shown. Asks for the password: with a stolen session
 * nobody shall lock the owner out.
 *
 * Errors: as of msg_proof_start() but for codes; CONFLICT ("two_factor_on").
 */
void msg_two_factor_begin (MsgCore *core, MsgId user_id, const char *password, MsgTwoFactorDraftFn fn, gpointer data);

/** msg_two_factor_enable: from now on logins need a code; gives MSG_RECOVERY_CODES recovery codes, this once. Errors:
 *  UNAUTHENTICATED ("bad_code"), CONFLICT ("two_factor_on", "two_factor_off": not begun), LIMIT ("code_rate"),
 *  UNAVAILABLE. */
void msg_two_factor_enable (MsgCore *core, MsgId user_id, const char *code, MsgTwoFactorCodesFn fn, gpointer data);

/** msg_two_factor_disable: Errors: as of msg_proof_start(); CONFLICT ("two_factor_off"). */
void msg_two_factor_disable (MsgCore *core, MsgId user_id, const char *password, const char *code, MsgDoneFn fn,
                             gpointer data);

/** msg_two_factor_reset: administration: takes it away from who has lost both phone and paper. None is none. Errors:
 *  NOT_FOUND ("user"), UNAVAILABLE. */
void msg_two_factor_reset (MsgCore *core, MsgId user_id, MsgDoneFn fn, gpointer data);
