/* SPDX-License-Identifier: Apache-2.0 */
/* A mailbox drained by a GMainContext: how the main thread hears from fronts, workers and the store. */
#pragma once

#include <glib.h>

#include "base/mailbox.h"

/**
 * al_mailbox_source_new:
 * @box: (transfer none): must outlive the source; the context's thread is its consumer
 * @fn: called for each message, at most 1,024 in one dispatch so that the context's other sources get their turn
 *
 * Attach it with g_source_attach() to an explicit context; g_source_set_callback() is not used.
 *
 * Returns: (transfer full): a source that wakes the context by the box's eventfd.
 */
GSource *al_mailbox_source_new (AlMailbox *box, AlMailFn fn, void *user);
