/* SPDX-License-Identifier: Apache-2.0 */
/* JSON-RPC over the server's local admin socket. One thread. */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

typedef struct CtlClient CtlClient;

#define CTL_ERROR (ctl_error_quark ())
GQuark ctl_error_quark (void);
/** CtlError: the server cannot be reached, or it answered with an error of its own (the message says which). */
typedef enum { CTL_ERROR_UNREACHABLE, CTL_ERROR_ANSWER } CtlError;

/** ctl_client_new: @socket_path: admin.sock in the data folder. Returns: (transfer full). */
CtlClient *ctl_client_new (const char *socket_path);
void ctl_client_free (CtlClient *client);

/**
 * ctl_client_call:
 * @params: (transfer full) (nullable): NULL for none
 *
 * Blocks until the answer is there, 60 s at most.
 *
 * Returns: (transfer full) (nullable): the result, or NULL with CTL_ERROR.
 */
JsonObject *ctl_client_call (CtlClient *client, const char *method, JsonObject *params, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CtlClient, ctl_client_free)
