/* SPDX-License-Identifier: Apache-2.0 */
/* The way back to the main thread: finished tasks are delivered on one GMainContext. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct MsgMainbox MsgMainbox;
typedef struct MsgTask MsgTask;

/** MsgTask: embed as the first member of what travels. @deliver runs on the main thread and owns the task. */
struct MsgTask {
  void (*deliver) (MsgTask *task);
  MsgTask *next; /*< private >*/
};

/** msg_mainbox_new: @capacity: most tasks that are on their way through msg_mainbox_post() at any time. */
MsgMainbox *msg_mainbox_new (GMainContext *context, unsigned capacity, GError **error);
/** msg_mainbox_free: nothing may be on its way. NULL is allowed. */
void msg_mainbox_free (MsgMainbox *box);

/** msg_mainbox_post: @task: delivered in order per thread. Any thread. */
void msg_mainbox_post (MsgMainbox *box, MsgTask *task);

/** msg_mainbox_later: delivers @task in a later turn of the context, without a thread between; any number. Main
 *  thread. */
void msg_mainbox_later (MsgMainbox *box, MsgTask *task);

/** msg_mainbox_deliver_now: delivers what is there; blocks until something is when @block. For closing. Main thread. */
void msg_mainbox_deliver_now (MsgMainbox *box, bool block);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgMainbox, msg_mainbox_free)
