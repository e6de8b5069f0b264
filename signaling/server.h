/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole server as one object: messaging core, front, JSON-RPC, sessions, calls, webhooks. What server/aldisd.c starts,
 * drains and frees. Main thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/config.h"
#include "base/metrics.h"
#include "sfu/control.h"
#include "signaling/turn.h"

typedef struct SigServer SigServer;

/**
 * sig_server_new:
 * @context: the main context; everything of the main thread runs on it
 * @config: (transfer none): must outlive the server
 * @metrics: (transfer none): must outlive the server
 * @turn_host: (nullable): the relay of this process
 * @control: (nullable) (transfer none): the media plane of rooms; must outlive the server. Without one rooms carry none
 *
 * Opens the database (and migrates it), then the listeners, starts all threads, takes up the calls that the database
 * holds. /healthz says 200 when this returns.
 *
 * Returns: (transfer full) (nullable): NULL with what could not be opened and why in @error.
 */
SigServer *sig_server_new (GMainContext *context, const AlConfig *config, AlMetrics *metrics,
                           const SigTurnHost *turn_host, SfuControl *control, GError **error);

/**
 * sig_server_drain:
 * @done: called once on the main context, when no request is in flight and everything is durable, or after 5 s
 *
 * Stops listening and answers new requests with -32007 `shutting_down`. Calls are left in the database, so that their
 * devices re-attach after the restart.
 */
void sig_server_drain (SigServer *server, GSourceOnceFunc done, gpointer user);

/** sig_server_free: closes what is open, joins all threads. NULL is allowed. Without a drain before it, requests in
 *  flight are not answered. */
void sig_server_free (SigServer *server);

/**
 * sig_server_reload: certificates and static files by the names in use; API keys and the webhook by @config (SIGHUP).
 * @config: (transfer none): read anew; need not live on. What else differs in it is left as it was at the start
 *
 * Returns: false: all old ones stay in use, @error says why.
 */
bool sig_server_reload (SigServer *server, const AlConfig *config, GError **error);

/** sig_server_set_workers: how many threads of the media plane there are, for administration. */
void sig_server_set_workers (SigServer *server, unsigned n);

/** sig_server_post_event: @name, @payload: (transfer full): as under x-webhooks in docs/openrpc.json; to the webhook, if
 *  there is one. Main thread. */
void sig_server_post_event (SigServer *server, const char *name, JsonObject *payload);

/** sig_server_get_urls: Returns: (transfer full): NULL-terminated addresses that a browser can open, http first. */
char **sig_server_get_urls (SigServer *server);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigServer, sig_server_free)
