/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/mainbox.h"

#include <poll.h>

#include "base/mailbox-source.h"

struct MsgMainbox {
  /* owned */
  AlMailbox *box;
  GSource *posted;
  GSource *later;
  /* main thread only */
  MsgTask *later_first, **later_end;
};

typedef struct {
  GSource source;
  MsgMainbox *box;
} LaterSource;

static void
deliver (void *message, void *user)
{
  MsgTask *task = message;

  task->deliver (task);
}

static void
deliver_later (MsgMainbox *box)
{
  MsgTask *task = box->later_first;

  /* what these ask for anew waits for the next turn, so that a chain of refusals cannot hold the loop */
  box->later_first = NULL;
  box->later_end = &box->later_first;
  g_source_set_ready_time (box->later, -1);
  while (task != NULL)
    {
      MsgTask *next = task->next;

      task->deliver (task);
      task = next;
    }
}

static gboolean
later_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  deliver_later (((LaterSource *) source)->box);
  return G_SOURCE_CONTINUE;
}

MsgMainbox *
msg_mainbox_new (GMainContext *context, unsigned capacity, GError **error)
{
  static GSourceFuncs later_funcs = { .dispatch = later_dispatch };
  AlMailbox *mail = al_mailbox_new (capacity, NULL, error);
  MsgMainbox *box;

  if (mail == NULL)
    return NULL;
  box = g_new0 (MsgMainbox, 1);
  box->box = mail;
  box->later_end = &box->later_first;
  box->posted = al_mailbox_source_new (mail, deliver, NULL);
  box->later = g_source_new (&later_funcs, sizeof (LaterSource));
  ((LaterSource *) box->later)->box = box;
  g_source_set_static_name (box->later, "messaging refusals");
  (void) g_source_attach (box->posted, context);
  (void) g_source_attach (box->later, context);
  return box;
}

void
msg_mainbox_free (MsgMainbox *box)
{
  if (box == NULL)
    return;
  g_assert (box->later_first == NULL);
  g_source_destroy (box->posted);
  g_source_unref (box->posted);
  g_source_destroy (box->later);
  g_source_unref (box->later);
  al_mailbox_free (box->box);
  g_free (box);
}

void
msg_mainbox_post (MsgMainbox *box, MsgTask *task)
{
  /* the senders' queues are bounded and their sum is the capacity */
  if (!al_mailbox_post (box->box, task))
    g_error ("more tasks on their way to the main thread than there is room for");
}

void
msg_mainbox_later (MsgMainbox *box, MsgTask *task)
{
  task->next = NULL;
  *box->later_end = task;
  box->later_end = &task->next;
  g_source_set_ready_time (box->later, 0);
}

void
msg_mainbox_deliver_now (MsgMainbox *box, bool block)
{
  struct pollfd fd = { .fd = al_mailbox_get_fd (box->box), .events = POLLIN };

  if (box->later_first != NULL)
    {
      deliver_later (box);
      block = false;
    }
  if (block)
    (void) poll (&fd, 1, -1);
  (void) al_mailbox_drain (box->box, deliver, NULL, 0);
}
