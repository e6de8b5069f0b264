/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Web Tokens (RFC 7519) in JWS compact form (RFC 7515), checked the strict way (RFC 8725): the algorithm is that
 * of the key, the header only has to agree. No clock, no I/O, no state but the key: every function may run on any
 * thread. Clients of the core do not need this header; msg_session_start_jwt() uses it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define MSG_JWT_MAX_BYTES 8192
#define MSG_JWT_SECRET_MIN_BYTES 32
#define MSG_JWT_SUB_CHARS 64
#define MSG_JWT_SKEW_S 60

typedef struct MsgJwtKey MsgJwtKey;

/** msg_jwt_key_new_hs256: @secret: @len bytes, at least MSG_JWT_SECRET_MIN_BYTES. Returns: (transfer full) (nullable):
 *  a key that verifies `alg` HS256 alone, or NULL with MSG_ERROR_INVALID ("format"). */
MsgJwtKey *msg_jwt_key_new_hs256 (const void *secret, gsize len, GError **error);

/** msg_jwt_key_new_ed25519: @text: a PEM public key (not a certificate, not a private key), or 32 bytes in base64url.
 *  Returns: (transfer full) (nullable): a key that verifies `alg` EdDSA or Ed25519 (RFC 9864) alone, or NULL with
 *  MSG_ERROR_INVALID ("format"). */
MsgJwtKey *msg_jwt_key_new_ed25519 (const char *text, GError **error);

/** msg_jwt_key_free: NULL is allowed. */
void msg_jwt_key_free (MsgJwtKey *key);

/**
 * msg_jws_open:
 * @token: @len bytes, anything
 *
 * Checks form, header and signature, and looks at nothing inside the payload. Refused: more than MSG_JWT_MAX_BYTES, not
 * three parts of canonical base64url, a header that is no strict JSON object, `alg` other than the key's, `crit`, a
 * `typ` other than JWT.
 *
 * Returns: (transfer full) (nullable): the payload, or NULL with MSG_ERROR_UNAUTHENTICATED ("jwt").
 */
GBytes *msg_jws_open (const MsgJwtKey *key, const char *token, gsize len, GError **error);

/** MsgJwtPolicy: what is expected of the claims. */
typedef struct {
  const char *issuer;    /* (nullable): `iss` must be this */
  const char *audience;  /* (nullable): `aud` must be or hold this */
} MsgJwtPolicy;

/** MsgJwtClaims: the claims that count here. Times are seconds since the epoch, 0 where a claim is missing. */
typedef struct {
  char *sub;   /* 1 to 64 characters, no control characters */
  char *name;  /* (nullable): 1 to 64 characters, no control characters */
  int64_t exp_s, nbf_s, iat_s;
} MsgJwtClaims;

/** msg_jwt_claims_free: NULL is allowed. */
void msg_jwt_claims_free (MsgJwtClaims *claims);

/**
 * msg_jwt_verify:
 * @policy: (nullable): nothing expected of `iss` and `aud`
 * @now_s: seconds since the epoch
 *
 * msg_jws_open(), then the claims: `sub` and `exp` are required; `exp` + 60 s must be later than @now_s, `nbf` and
 * `iat`
 * - 60 s must not be; times may have a fraction, which is cut off.
 *
 * Returns: (transfer full) (nullable): the claims, or NULL with MSG_ERROR_UNAUTHENTICATED ("jwt", "jwt_expired",
 * "jwt_not_yet", "jwt_claims").
 */
MsgJwtClaims *msg_jwt_verify (const MsgJwtKey *key, const MsgJwtPolicy *policy, const char *token, gsize len,
                              int64_t now_s, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgJwtKey, msg_jwt_key_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgJwtClaims, msg_jwt_claims_free)
