/* SPDX-License-Identifier: Apache-2.0 */
/* Argon2id (RFC 9106) in its encoded form. Slow on purpose: pool's thread. No state. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/**
 * MsgPasswordCost: the default is OWASP's minimum for Argon2id (Password Storage Cheat Sheet: "a minimum configuration
 * of 19 MiB of memory, an iteration count of 2, and 1 degree of parallelism").
 */
typedef struct {
  unsigned memory_kib;
  unsigned passes;
  unsigned lanes;
} MsgPasswordCost;

#define MSG_PASSWORD_COST_DEFAULT { .memory_kib = 19456, .passes = 2, .lanes = 1 }

/* Bounds of what is accepted from an import or an option: a login must not take a gigabyte or a minute. */
#define MSG_PASSWORD_MAX_MEMORY_KIB 262144
#define MSG_PASSWORD_MAX_PASSES 16
#define MSG_PASSWORD_MAX_LANES 16

/** msg_password_hash: Returns: (transfer full) (nullable): "$argon2id$v=19$..." with a new salt; NULL when there is not
 *  enough memory. */
char *msg_password_hash (const MsgPasswordCost *cost, const char *password);

/** msg_password_verify: @encoded: of msg_password_hash() or accepted by msg_password_parse(). Constant-time compare. */
bool msg_password_verify (const char *encoded, const char *password);

/** msg_password_parse: @text: anything. Returns: false when it is no encoded Argon2id string within the bounds. */
bool msg_password_parse (const char *text, MsgPasswordCost *ret_cost);

/** msg_password_is_outdated: Returns: true when @encoded was made with another cost. */
bool msg_password_is_outdated (const char *encoded, const MsgPasswordCost *cost);

/** msg_secret_free: overwrites a string and frees it. NULL is allowed. */
void msg_secret_free (char *secret);
