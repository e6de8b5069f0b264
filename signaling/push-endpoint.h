/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a browser wants its pushes: an address that a client chose and this server will connect to. It must be no way into
 * the server's own network: addresses are held against the relay's policy, as text and again when a connection is made, so
 * that no name can be pointed elsewhere in between. Immutable; any thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/addr.h"
#include "base/config.h"

/** SigPushEndpoint: @url: as libcurl will read it, in its own spelling. @origin: scheme, host and port (RFC 6454 §6.1). */
typedef struct {
  char *url, *origin;
} SigPushEndpoint;

/**
 * sig_push_endpoint_parse:
 * @text: anything
 * @allow_http: http: too, for tests
 *
 * Refused: another scheme than https, user names, fragments, zones, characters outside of ASCII, and ports below 1024 but
 * that of the scheme.
 *
 * Returns: false, @ret untouched, when push services have no such address.
 */
bool sig_push_endpoint_parse (const char *text, bool allow_http, SigPushEndpoint *ret);
void sig_push_endpoint_clear (SigPushEndpoint *endpoint);

/** SigPushDoor: to which addresses a connection may be made. */
typedef struct SigPushDoor SigPushDoor;

/** sig_push_door_new: by [push] allow_private and [relay] deny_peers. Returns: (transfer full) (nullable): NULL with
 *  G_IO_ERROR. */
SigPushDoor *sig_push_door_new (const AlConfig *config, GError **error);
/** sig_push_door_new_open: everything may, http: too: for tests. */
SigPushDoor *sig_push_door_new_open (void);
void sig_push_door_free (SigPushDoor *door); /* NULL is allowed */

/** sig_push_door_is_open: [push] allow_private. */
bool sig_push_door_is_open (const SigPushDoor *door);
/** sig_push_door_check: @addr: to which a connection is about to be made. */
bool sig_push_door_check (const SigPushDoor *door, const AlAddr *addr);
/** sig_push_door_take: @text parsed, and its host, when that is an address and no name, checked. */
bool sig_push_door_take (const SigPushDoor *door, const char *text, SigPushEndpoint *ret);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SigPushEndpoint, sig_push_endpoint_clear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigPushDoor, sig_push_door_free)
