/* SPDX-License-Identifier: Apache-2.0 */
/* The folder that holds everything the server keeps, owned by one process at a time. */
#pragma once

#include <glib.h>

typedef struct DataDir DataDir;

/**
 * data_dir_open:
 * @path: made with mode 0700 when it does not exist
 *
 * Takes an exclusive lock on @path/aldisd.lock, which also holds the owner's process id. The lock goes with the
 * process, however it ends.
 *
 * Returns: (transfer full) (nullable): NULL with G_FILE_ERROR: the folder cannot be used, or another aldisd has it.
 */
DataDir *data_dir_open (const char *path, GError **error);
void data_dir_free (DataDir *dir);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DataDir, data_dir_free)
