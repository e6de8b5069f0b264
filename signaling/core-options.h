/* SPDX-License-Identifier: Apache-2.0 */
/* From aldis.conf to what the messaging core is told. */
#pragma once

#include "base/config.h"
#include "messaging/core.h"

/** SigCoreOptions: MsgCoreOptions with the strings that they borrow. */
typedef struct SigCoreOptions SigCoreOptions;

/** sig_core_options_new: @config: (transfer none): outlives the options. Reads the file of jwt_public_key. Returns:
 *  (transfer full) (nullable): NULL with G_FILE_ERROR. */
SigCoreOptions *sig_core_options_new (const AlConfig *config, GMainContext *context, GError **error);
const MsgCoreOptions *sig_core_options_get (const SigCoreOptions *self);
void sig_core_options_free (SigCoreOptions *self); /* NULL is allowed */

/** sig_core_options_database: Returns: (transfer full): [messaging] database as the core takes it; a relative path counts
 *  from @data_dir, a URL stays as it is. */
char *sig_core_options_database (const char *database, const char *data_dir);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigCoreOptions, sig_core_options_free)
