/* SPDX-License-Identifier: Apache-2.0 */
/* Which web pages may talk to the server (RFC 6454, RFC 6455 §10.2). Pure. Any thread. */
#pragma once

#include <stdbool.h>

#include "base/http.h"
#include "base/tls.h"

typedef enum {
  SIG_ORIGIN_NONE,    /* no Origin field: not a browser's page */
  SIG_ORIGIN_OWN,     /* the page was loaded from this very server */
  SIG_ORIGIN_ALLOWED, /* listed in allowed_origins: gets CORS answers */
  SIG_ORIGIN_UNNAMED, /* loaded from here by a name that is not known to be this server's: refused */
  SIG_ORIGIN_REFUSED
} SigOrigin;

/** SigOriginRules: what the server knows of itself and of others. Everything lives as long as it is used. */
typedef struct {
  const char *const *allowed; /* NULL-terminated: "https://app.example.org", or "*" for all */
  const char *const *names;   /* NULL-terminated: host names of this server */
  AlTls *tls;                 /* (nullable): the names in its certificate are this server's too */
} SigOriginRules;

/**
 * sig_origin_check:
 * @https: the client is known to speak HTTPS; otherwise a proxy may do so without telling, and both schemes count as own
 * @ret_origin: (nullable): the field's value
 *
 * An own origin is the request's Host, with the scheme's default port left out or not, and Host is an IP address, localhost
 * or one of the server's names. Any other name may be somebody else's, who has made it point here (DNS rebinding): to a
 * browser that visits him his pages and this server are then one origin.
 */
SigOrigin sig_origin_check (const SigOriginRules *rules, const AlHttpRequest *request, bool https, AlStr *ret_origin);

/** sig_origin_is_plain_host: Returns: whether @authority ("host" or "host:port") is an IP address or localhost, which nobody
 *  can make point elsewhere. */
bool sig_origin_is_plain_host (AlStr authority);
