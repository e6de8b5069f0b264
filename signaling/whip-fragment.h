/* SPDX-License-Identifier: Apache-2.0 */
/* application/trickle-ice-sdpfrag (RFC 8840): what a client says of its ICE, and what we say after a restart. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#define SIG_FRAGMENT_MAX (32 * 1024)

/** SigFragment: @ufrag, @pwd: (nullable) */
typedef struct {
  char *ufrag, *pwd;
} SigFragment;

/**
 * sig_fragment_parse: @text: @len bytes. Candidates are not kept: we send no checks.
 *
 * Returns: false when it is none: not lines of SDP, two different ufrags, ICE texts out of their range (RFC 8839 §5.4).
 */
bool sig_fragment_parse (const char *text, size_t len, SigFragment *ret);
void sig_fragment_clear (SigFragment *fragment);

/** sig_fragment_write: our credentials and the candidates of @answer, an answer of ours. Returns: (transfer full) */
char *sig_fragment_write (const char *answer, const char *ufrag, const char *pwd);
