/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cookies of DTLS that need no memory (RFC 6347 §4.2.1): the time, and a MAC over it, the two addresses, and what a client
 * must not change between its two ClientHellos. One thread: it has an HMAC context.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/dtls-hello.h"
#include "relay/tuple.h"

/** RELAY_COOKIE_BYTES: short, so that what asks for it is longer than the answer. */
#define RELAY_COOKIE_BYTES 20
/** RELAY_COOKIE_US: for so long one is good: a client sends its ClientHello again for some seconds. */
#define RELAY_COOKIE_US (30 * (int64_t) G_USEC_PER_SEC)

typedef struct RelayCookie RelayCookie;

/** relay_cookie_new: with a random key. Returns: (transfer full) */
RelayCookie *relay_cookie_new (void);
/** relay_cookie_free: NULL is allowed. */
void relay_cookie_free (RelayCookie *cookie);
/** relay_cookie_make: for who sent @hello by @path. */
void relay_cookie_make (RelayCookie *cookie, const RelayTuple *path, const AlDtlsHello *hello, int64_t now_us,
                        uint8_t ret_bytes[RELAY_COOKIE_BYTES]);
/** relay_cookie_check: Returns: does @hello, by @path, hold one that was made for it, at most RELAY_COOKIE_US ago. Constant
 *  time in the MAC. */
bool relay_cookie_check (RelayCookie *cookie, const RelayTuple *path, const AlDtlsHello *hello, int64_t now_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RelayCookie, relay_cookie_free)
