/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mailbox-source.h"

#define MESSAGES_PER_TURN 1024

typedef struct {
  GSource source;
  /* passed in, not owned */
  AlMailbox *box;
  AlMailFn fn;
  void *user;
  /* owned by the source */
  gpointer tag;
} MailSource;

static gboolean
mail_source_check (GSource *source)
{
  return g_source_query_unix_fd (source, ((MailSource *) source)->tag) != 0;
}

static gboolean
mail_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  MailSource *mail = (MailSource *) source;

  (void) al_mailbox_drain (mail->box, mail->fn, mail->user, MESSAGES_PER_TURN);
  return G_SOURCE_CONTINUE;
}

GSource *
al_mailbox_source_new (AlMailbox *box, AlMailFn fn, void *user)
{
  static GSourceFuncs funcs = { .check = mail_source_check, .dispatch = mail_source_dispatch };
  GSource *source = g_source_new (&funcs, sizeof (MailSource));
  MailSource *mail = (MailSource *) source;

  mail->box = box;
  mail->fn = fn;
  mail->user = user;
  mail->tag = g_source_add_unix_fd (source, al_mailbox_get_fd (box), G_IO_IN);
  g_source_set_static_name (source, "mailbox");
  return source;
}
