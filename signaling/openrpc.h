/* SPDX-License-Identifier: Apache-2.0 */
/* docs/openrpc.json, compiled into the program: what methods, notifications and error reasons there are. Immutable once
 * made. */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "signaling/rpc.h"
#include "signaling/schema.h"

typedef struct SigOpenrpc SigOpenrpc;

/** SigMethodDoc: what the document says of a method. */
typedef struct {
  const char *name;
  unsigned index; /* 0 .. sig_openrpc_get_n_methods() - 1 */
  SigRpcAccess access;
  const SigSchema *params;
  const SigSchema *result;
  JsonArray *examples; /* (nullable) */
} SigMethodDoc;

/** sig_openrpc_new: reads the document. Returns: (transfer full) (nullable): NULL when it is wrong in itself, or names a
 *  keyword that we do not check (SIG_SCHEMA_ERROR, JSON's errors). */
SigOpenrpc *sig_openrpc_new (GError **error);
void sig_openrpc_free (SigOpenrpc *doc);

/** sig_openrpc_get_text: Returns: (transfer none): the document without white space. */
const char *sig_openrpc_get_text (const SigOpenrpc *doc, size_t *ret_len);
/** sig_openrpc_get_root: Returns: (transfer none): the document as it was read. */
JsonObject *sig_openrpc_get_root (const SigOpenrpc *doc);

unsigned sig_openrpc_get_n_methods (const SigOpenrpc *doc);
const SigMethodDoc *sig_openrpc_get_method (const SigOpenrpc *doc, unsigned index);
/** sig_openrpc_find_method: Returns: (transfer none) (nullable). */
const SigMethodDoc *sig_openrpc_find_method (const SigOpenrpc *doc, const char *name);
/** sig_openrpc_find_notification: Returns: (transfer none) (nullable): the schema of its params. */
const SigSchema *sig_openrpc_find_notification (const SigOpenrpc *doc, const char *name);
/** sig_openrpc_find_webhook: Returns: (transfer none) (nullable): the schema of its data. */
const SigSchema *sig_openrpc_find_webhook (const SigOpenrpc *doc, const char *name);
/** sig_openrpc_has_reason: whether the table of errors (components.errors) has @reason under @code. */
bool sig_openrpc_has_reason (const SigOpenrpc *doc, int code, const char *reason);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigOpenrpc, sig_openrpc_free)
