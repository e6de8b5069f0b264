/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What main tells front threads. A thread that does not keep up must not make main's memory grow: what does not fit costs
 * the connection that it was for, which is told so by being cut. Main thread, but for freeing.
 */
#include "signaling/front-private.h"

#include <string.h>

void
sig_front_down_free (SigFrontDown *down)
{
  al_buf_unref (down->buf);
  sig_static_unref (down->files);
  g_free (down->fields);
  g_free (down);
}

static bool
try_post (SigFrontOutbox *outbox, SigFrontDown *down)
{
  SigFrontThread *thread = outbox->thread;
  size_t len = down->buf != NULL ? down->buf->len : 0;
  size_t before = atomic_fetch_add_explicit (&thread->box_bytes, len, memory_order_relaxed);

  if (before + len <= SIG_FRONT_MAX_BOX_BYTES && al_mailbox_post (thread->box, down))
    return true;
  (void) atomic_fetch_sub_explicit (&thread->box_bytes, len, memory_order_relaxed);
  return false;
}

void
sig_front_outbox_post_always (SigFrontOutbox *outbox, SigFrontDown *down)
{
  if (outbox->waiting.length > 0 || !try_post (outbox, down))
    g_queue_push_tail (&outbox->waiting, down);
}

static void
doom (SigFrontOutbox *outbox, SigConnId conn)
{
  SigFrontDown *down = g_new0 (SigFrontDown, 1);

  (void) g_hash_table_add (outbox->doomed, g_memdup2 (&conn, sizeof conn));
  down->type = SIG_FRONT_DOWN_ABORT;
  down->conn = conn;
  sig_front_outbox_post_always (outbox, down);
}

void
sig_front_outbox_post (SigFrontOutbox *outbox, SigFrontDown *down)
{
  SigConnId conn = down->conn;

  if (!g_hash_table_contains (outbox->doomed, &conn))
    {
      if (try_post (outbox, down))
        return;
      doom (outbox, conn);
    }
  sig_front_down_free (down);
}

bool
sig_front_outbox_flush (SigFrontOutbox *outbox)
{
  SigFrontDown *down;

  while ((down = g_queue_peek_head (&outbox->waiting)) != NULL)
    {
      SigConnId conn = down->conn;

      if (!try_post (outbox, down))
        return false;
      (void) g_queue_pop_head (&outbox->waiting);
      /* what is sent from now on arrives after the ABORT and finds nobody */
      (void) g_hash_table_remove (outbox->doomed, &conn);
    }
  return true;
}
