/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded multi-producer, single-consumer queue of pointers that wakes its reader through an eventfd. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct AlMailbox AlMailbox;

/**
 * AlMailFn:
 * @message: (transfer full): what a producer posted
 *
 * Runs on the consumer's thread.
 */
typedef void (*AlMailFn) (void *message, void *user);

/**
 * al_mailbox_new:
 * @capacity: messages it can hold, rounded up to a power of two; 2 to 2^20
 * @free_message: (nullable): frees what is left in the box when it is freed
 *
 * Returns: (transfer full) (nullable): the box, or NULL with G_IO_ERROR when no eventfd can be had.
 */
AlMailbox *al_mailbox_new (unsigned capacity, GDestroyNotify free_message, GError **error);

/** al_mailbox_free: frees the box; no producer may be using it. Consumer's thread. */
void al_mailbox_free (AlMailbox *box);

/**
 * al_mailbox_post:
 * @message: not NULL; the box owns it when true is returned
 *
 * Lock-free, never blocks. Writes the eventfd only when the box was empty (one wake-up per batch).
 *
 * Returns: false when the box is full; @message is then still the caller's. Any thread.
 */
bool al_mailbox_post (AlMailbox *box, void *message);

/**
 * al_mailbox_drain:
 * @max: most messages to hand over in this call, 0 for all that are there on entry
 *
 * Hands waiting messages to @fn in the order they were posted (order per producer is kept). If messages remain the
 * eventfd stays readable, so a level-triggered poll comes back.
 *
 * Returns: how many were handed over. Consumer's thread.
 */
unsigned al_mailbox_drain (AlMailbox *box, AlMailFn fn, void *user, unsigned max);

/** al_mailbox_get_fd: Returns: (transfer none): the eventfd, readable while messages wait. Any thread. */
int al_mailbox_get_fd (const AlMailbox *box);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlMailbox, al_mailbox_free)
