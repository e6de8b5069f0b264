/* SPDX-License-Identifier: Apache-2.0 */
/* What a request's fields ask of a file: coding, condition, range (RFC 9110 §12.5.3, §13, §14). Pure. Any thread. */
#pragma once

#include <stdbool.h>

#include "base/http.h"
#include "signaling/static.h"

/** sig_negotiate_coding: Returns: the form of @file to send: br before gzip before the plain one, if acceptable. */
SigCoding sig_negotiate_coding (const AlHttpRequest *request, const SigStaticFile *file);

/** sig_negotiate_is_fresh: Returns: true when If-None-Match names @etag (or "*"): answer 304. */
bool sig_negotiate_is_fresh (const AlHttpRequest *request, const char *etag);

typedef enum { SIG_RANGE_ALL, SIG_RANGE_PART, SIG_RANGE_UNSATISFIABLE } SigRange;

/**
 * sig_negotiate_range:
 * @len: of the whole body
 * @ret_first, @ret_end: on SIG_RANGE_PART the bytes from first up to, not including, end
 *
 * One range only: a list of ranges, a malformed one, another unit, or an If-Range that does not name @etag asks for all.
 */
SigRange sig_negotiate_range (const AlHttpRequest *request, const char *etag, size_t len, size_t *ret_first,
                              size_t *ret_end);
