/* SPDX-License-Identifier: Apache-2.0 */
/* By what a push service knows who sends: VAPID (RFC 8292). One object serves one thread; any thread. */
#pragma once

#include "signaling/p256.h"

typedef struct SigVapid SigVapid;

/** How long a token serves: at most 24 hours are allowed (RFC 8292 §2); a clock may be wrong. */
#define SIG_VAPID_TTL_S (12 * 3600)

/** sig_vapid_new: @subject: (nullable): "mailto:" or "https:", whom a push service may turn to; copied.
 *  Returns: (transfer full) (nullable): NULL when @key is none. */
SigVapid *sig_vapid_new (const uint8_t key[SIG_P256_PRIVATE_BYTES], const char *subject);
void sig_vapid_free (SigVapid *vapid); /* NULL is allowed */

/** sig_vapid_get_public: Returns: (transfer none): base64url, what a browser subscribes with. */
const char *sig_vapid_get_public (const SigVapid *vapid);

/** sig_vapid_sign: @origin: of the push service ("https://push.example.org"). @now_s: since the epoch. Returns: (transfer
 *  none): the value of Authorization, "vapid t=..., k=..."; kept for as long as it serves; valid until the next call. */
const char *sig_vapid_sign (SigVapid *vapid, const char *origin, int64_t now_s);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigVapid, sig_vapid_free)
