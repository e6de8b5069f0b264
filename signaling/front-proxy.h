/* SPDX-License-Identifier: Apache-2.0 */
/* Who the client behind reverse proxies is. Pure. Any thread. */
#pragma once

#include <stdbool.h>

#include "base/addr.h"
#include "base/http.h"

/** sig_proxy_is_trusted: is @address in one of the @n networks. */
bool sig_proxy_is_trusted (const AlNet *trusted, unsigned n, const AlAddr *address);

/**
 * sig_proxy_resolve:
 * @peer: the other end of the TCP connection
 * @ret_client: the client
 * @ret_https: (inout): set to whether the client's side is HTTPS when a trusted peer says so; else left alone
 *
 * Each proxy appends the address that it was called from. Only what a trusted one appended is true: from the right,
 * past trusted hops, to the first that is not trusted. An element that is no address ends the walk.
 */
void sig_proxy_resolve (const AlNet *trusted, unsigned n, const AlHttpRequest *request, const AlAddr *peer,
                        AlAddr *ret_client, bool *ret_https);
