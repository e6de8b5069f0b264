/* SPDX-License-Identifier: Apache-2.0 */
/* Which web pages may talk to the server (RFC 6454, RFC 6455 §10.2). Pure. Any thread. */
#pragma once

#include <stdbool.h>

#include "base/http.h"

typedef enum {
  SIG_ORIGIN_NONE,    /* no Origin field: not a browser's page */
  SIG_ORIGIN_OWN,     /* the page was loaded from this very server */
  SIG_ORIGIN_ALLOWED, /* listed in allowed_origins: gets CORS answers */
  SIG_ORIGIN_REFUSED
} SigOrigin;

/**
 * sig_origin_check:
 * @allowed: NULL-terminated: "https://app.example.org", or "*" for all
 * @https: the client is known to speak HTTPS; otherwise a proxy may do so without telling, and both schemes count as own
 * @ret_origin: (nullable): the field's value
 *
 * An own origin is the request's Host, with the scheme's default port left out or not.
 */
SigOrigin sig_origin_check (const char *const *allowed, const AlHttpRequest *request, bool https, AlStr *ret_origin);
