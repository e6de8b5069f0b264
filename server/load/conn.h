/* SPDX-License-Identifier: Apache-2.0 */
/* One client connection of the load generator: a WebSocket (or bare TCP) on an AlLoop. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/stream.h"

typedef struct LoadConn LoadConn;

typedef struct {
  void (*on_open) (LoadConn *conn, void *user);
  /* one text message, NUL-terminated for the parser's convenience; in bare mode whatever arrived */
  void (*on_message) (LoadConn *conn, char *text, size_t len, void *user);
  /* the last callback; the connection is freed afterwards */
  void (*on_closed) (LoadConn *conn, void *user);
} LoadConnOps;

/**
 * load_conn_new:
 * @bare: no HTTP, no frames: bytes go and come as they are
 * @tls: (nullable): of al_tls_new_client()
 *
 * Returns: (transfer none): lives until on_closed.
 */
LoadConn *load_conn_new (AlLoop *loop, const AlAddr *address, bool bare, AlTls *tls, const LoadConnOps *ops, void *user,
                         GError **error);
/** load_conn_new_path: a plain WebSocket of another server. @path, @protocol: of its handshake */
LoadConn *load_conn_new_path (AlLoop *loop, const AlAddr *address, const char *path, const char *protocol,
                              const LoadConnOps *ops, void *user, GError **error);
void load_conn_send (LoadConn *conn, const char *text, size_t len);
void load_conn_abort (LoadConn *conn);
