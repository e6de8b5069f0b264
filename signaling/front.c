/* SPDX-License-Identifier: Apache-2.0 */
/* The front as the main thread sees it: starts and ends the threads, gives out what they tell, tells them what to do. */
#include "signaling/front.h"

#include <string.h>

#include "base/log.h"
#include "base/mailbox-source.h"
#include "signaling/front-private.h"
#include "signaling/front-setup.h"

#define RETRY_MS 10

struct SigFront {
  /* passed in, not owned */
  SigFrontOps ops;
  gpointer user;
  /* owned */
  GMainContext *context;
  SigFrontShared shared;
  GPtrArray *threads;
  SigFrontOutbox outboxes[SIG_FRONT_MAX_THREADS];
  GArray *addresses[SIG_FRONT_LISTEN_N];
  GSource *mail;
  GSource *retry; /* while an outbox has something that must arrive */
  AlTls *tls;
  char *web_root;
  char **urls;
};

static void
up_free (gpointer message)
{
  sig_front_up_free (message);
}

static void
on_up (void *message, void *user)
{
  SigFront *front = user;
  SigFrontUp *up = message;
  const SigPeer peer = { .address = up->address, .tls = up->tls, .admin = up->admin, .bearer = up->bearer };

  switch (up->type)
    {
    case SIG_FRONT_UP_OPEN:
      front->ops.on_open (up->conn, &peer, front->user);
      break;
    case SIG_FRONT_UP_MESSAGE:
      front->ops.on_message (up->conn, up->data, up->len, front->user);
      break;
    case SIG_FRONT_UP_REQUEST:
      front->ops.on_request (up->conn, &peer, up->data, up->len, front->user);
      break;
    case SIG_FRONT_UP_WEB:
      if (front->ops.on_web != NULL)
        front->ops.on_web (up->conn, &peer, up->web, up->data, up->len, front->user);
      else
        sig_front_respond_web (front, up->conn, 404, "", NULL);
      break;
    case SIG_FRONT_UP_CLOSED:
      front->ops.on_closed (up->conn, up->code, front->user);
      break;
    case SIG_FRONT_UP_PROOF:
      front->ops.on_proof (up->conn, up->seq, front->user);
      break;
    }
  sig_front_up_free (up);
}

static SigStatic *
load_files (const char *web_root, GError **error)
{
  SigStatic *files = sig_static_load (web_root, error);

  if (files != NULL && *web_root != '\0')
    {
      g_autofree char *count = g_strdup_printf ("%u", sig_static_count (files));

      al_info ("web client loaded", "folder", web_root, "files", count);
    }
  return files;
}

static bool
make_threads (SigFront *front, const AlConfig *config, unsigned mailbox, GError **error)
{
  g_autoptr (SigStatic) files = load_files (front->web_root, error);
  unsigned n = sig_front_setup_threads (config);

  if (files == NULL)
    return false;
  for (unsigned i = 0; i < n; i++)
    {
      SigFrontThread *thread = sig_front_thread_new (&front->shared, i, files, mailbox, error);

      if (thread == NULL)
        return false;
      g_ptr_array_add (front->threads, thread);
      front->outboxes[i].thread = thread;
      front->outboxes[i].doomed = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
      g_queue_init (&front->outboxes[i].waiting);
    }
  return true;
}

static bool
open_front (SigFront *front, const AlConfig *config, AlMetrics *metrics, unsigned mailbox, GError **error)
{
  if (!sig_front_setup_shared (&front->shared, config, metrics, error))
    return false;
  front->shared.to_main = al_mailbox_new (mailbox, up_free, error);
  if (front->shared.to_main == NULL || !make_threads (front, config, mailbox, error))
    return false;
  if (*al_config_get_list (config, "signaling", "tls_listen") != NULL)
    {
      front->tls = sig_front_setup_tls (config, error);
      if (front->tls == NULL)
        return false;
      front->shared.origins.tls = front->tls;
    }
  if (!sig_front_setup_listen (config, front->threads, front->tls, front->addresses, error))
    return false;
  front->urls = sig_front_setup_urls (config, front->addresses);
  front->mail = al_mailbox_source_new (front->shared.to_main, on_up, front);
  (void) g_source_attach (front->mail, front->context);
  for (unsigned i = 0; i < front->threads->len; i++)
    if (!sig_front_thread_start (g_ptr_array_index (front->threads, i), error))
      return false;
  return true;
}

SigFront *
sig_front_new_sized (GMainContext *context, const AlConfig *config, AlMetrics *metrics, const SigFrontOps *ops,
                     gpointer user, unsigned mailbox, GError **error)
{
  SigFront *front = g_new0 (SigFront, 1);

  front->ops = *ops;
  front->user = user;
  front->context = g_main_context_ref (context);
  front->threads = g_ptr_array_new ();
  front->web_root = g_strdup (al_config_get_string (config, "signaling", "web_root"));
  atomic_init (&front->shared.connections, 0);
  atomic_init (&front->shared.surplus, 0);
  atomic_init (&front->shared.healthy, false);
  atomic_init (&front->shared.draining, false);
  atomic_init (&front->shared.said_unnamed, false);
  atomic_init (&front->shared.held, 0);
  atomic_init (&front->shared.owed.bytes, 0);
  atomic_init (&front->shared.owed.limit, SIG_FRONT_MAX_OWED);
  for (unsigned i = 0; i < SIG_FRONT_LISTEN_N; i++)
    front->addresses[i] = g_array_new (FALSE, TRUE, sizeof (AlAddr));
  if (!open_front (front, config, metrics, mailbox, error))
    {
      sig_front_free (front);
      return NULL;
    }
  return front;
}

SigFront *
sig_front_new (GMainContext *context, const AlConfig *config, AlMetrics *metrics, const SigFrontOps *ops, gpointer user,
               GError **error)
{
  return sig_front_new_sized (context, config, metrics, ops, user, SIG_FRONT_MAILBOX, error);
}

static gboolean
on_retry (gpointer user)
{
  SigFront *front = user;
  bool empty = true;

  for (unsigned i = 0; i < front->threads->len; i++)
    empty = sig_front_outbox_flush (&front->outboxes[i]) && empty;
  if (!empty)
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&front->retry, g_source_unref);
  return G_SOURCE_REMOVE;
}

static void
watch_outbox (SigFront *front, const SigFrontOutbox *outbox)
{
  if (outbox->waiting.length == 0 || front->retry != NULL)
    return;
  front->retry = g_timeout_source_new (RETRY_MS);
  g_source_set_callback (front->retry, on_retry, front, NULL);
  (void) g_source_attach (front->retry, front->context);
}

static SigFrontDown *
down_new (SigFrontDownType type, SigConnId conn)
{
  SigFrontDown *down = g_new0 (SigFrontDown, 1);

  down->type = type;
  down->conn = conn;
  return down;
}

static void
post_to_conn (SigFront *front, SigFrontDown *down)
{
  unsigned thread = sig_slots_get_thread (down->conn);

  if (down->conn == 0 || thread >= front->threads->len)
    {
      sig_front_down_free (down);
      return;
    }
  sig_front_outbox_post (&front->outboxes[thread], down);
  watch_outbox (front, &front->outboxes[thread]);
}

static void
post_to_all (SigFront *front, SigFrontDownType type, SigStatic *files, int64_t us)
{
  for (unsigned i = 0; i < front->threads->len; i++)
    {
      SigFrontDown *down = down_new (type, 0);

      down->files = files != NULL ? sig_static_ref (files) : NULL;
      down->us = us;
      sig_front_outbox_post_always (&front->outboxes[i], down);
      watch_outbox (front, &front->outboxes[i]);
    }
}

void
sig_front_free (SigFront *front)
{
  if (front == NULL)
    return;
  if (front->mail != NULL)
    g_source_destroy (front->mail);
  post_to_all (front, SIG_FRONT_DOWN_STOP, NULL, 0);
  for (unsigned i = 0; i < front->threads->len; i++)
    {
      SigFrontThread *thread = g_ptr_array_index (front->threads, i);
      SigFrontDown *down;

      /* nothing else wants this thread any more, so it may wait for a full mailbox */
      while (thread->started && !sig_front_outbox_flush (&front->outboxes[i]))
        g_usleep (1000);
      sig_front_thread_free (thread);
      while ((down = g_queue_pop_head (&front->outboxes[i].waiting)) != NULL)
        sig_front_down_free (down);
      g_hash_table_unref (front->outboxes[i].doomed);
    }
  if (front->retry != NULL)
    g_source_destroy (front->retry);
  g_clear_pointer (&front->retry, g_source_unref);
  g_clear_pointer (&front->mail, g_source_unref);
  al_mailbox_free (front->shared.to_main);
  sig_front_setup_clear (&front->shared);
  for (unsigned i = 0; i < SIG_FRONT_LISTEN_N; i++)
    g_array_unref (front->addresses[i]);
  g_ptr_array_unref (front->threads);
  g_clear_pointer (&front->tls, al_tls_unref);
  g_main_context_unref (front->context);
  g_strfreev (front->urls);
  g_free (front->web_root);
  g_free (front);
}

void
sig_front_send (SigFront *front, SigConnId conn, AlBuf *text)
{
  SigFrontDown *down = down_new (SIG_FRONT_DOWN_SEND, conn);

  down->buf = al_buf_ref (text);
  post_to_conn (front, down);
}

void
sig_front_probe (SigFront *front, SigConnId conn, uint64_t seq)
{
  SigFrontDown *down = down_new (SIG_FRONT_DOWN_PROBE, conn);

  down->seq = seq;
  post_to_conn (front, down);
}

void
sig_front_done (SigFront *front, SigConnId conn)
{
  post_to_conn (front, down_new (SIG_FRONT_DOWN_DONE, conn));
}

void
sig_front_known (SigFront *front, SigConnId conn)
{
  post_to_conn (front, down_new (SIG_FRONT_DOWN_KNOWN, conn));
}

void
sig_front_respond (SigFront *front, SigConnId conn, unsigned status, AlBuf *body, unsigned retry_after_s)
{
  SigFrontDown *down = down_new (SIG_FRONT_DOWN_RESPOND, conn);

  down->status = (uint16_t) status;
  down->buf = body != NULL ? al_buf_ref (body) : NULL;
  down->retry_after_s = retry_after_s;
  post_to_conn (front, down);
}

void
sig_front_respond_web (SigFront *front, SigConnId conn, unsigned status, const char *fields, AlBuf *body)
{
  SigFrontDown *down = down_new (SIG_FRONT_DOWN_WEB, conn);

  g_return_if_fail (strlen (fields) <= SIG_WEB_MAX_FIELDS);
  down->status = (uint16_t) status;
  down->fields = g_strdup (fields);
  down->buf = body != NULL ? al_buf_ref (body) : NULL;
  post_to_conn (front, down);
}

void
sig_front_close (SigFront *front, SigConnId conn, uint16_t code, const char *reason)
{
  SigFrontDown *down = down_new (SIG_FRONT_DOWN_CLOSE, conn);

  down->status = code;
  (void) g_strlcpy (down->reason, reason, sizeof down->reason);
  post_to_conn (front, down);
}

bool
sig_front_reload (SigFront *front, GError **error)
{
  g_autoptr (SigStatic) files = load_files (front->web_root, error);

  if (files == NULL || (front->tls != NULL && !al_tls_reload (front->tls, error)))
    return false;
  post_to_all (front, SIG_FRONT_DOWN_FILES, files, 0);
  return true;
}

void
sig_front_drain (SigFront *front)
{
  atomic_store_explicit (&front->shared.draining, true, memory_order_relaxed);
  post_to_all (front, SIG_FRONT_DOWN_DRAIN, NULL, 0);
}

void
sig_front_set_health (SigFront *front, bool healthy)
{
  atomic_store_explicit (&front->shared.healthy, healthy, memory_order_relaxed);
}

char **
sig_front_get_urls (SigFront *front)
{
  return g_strdupv (front->urls);
}

bool
sig_front_get_address (SigFront *front, SigFrontListen kind, AlAddr *ret_address)
{
  if (front->addresses[kind]->len == 0)
    return false;
  *ret_address = g_array_index (front->addresses[kind], AlAddr, 0);
  return true;
}

void
sig_front_set_max_owed (SigFront *front, size_t bytes)
{
  atomic_store_explicit (&front->shared.owed.limit, bytes, memory_order_relaxed);
}

void
sig_front_skip_us (SigFront *front, int64_t us)
{
  unsigned wanted = atomic_load (&front->shared.skips) + front->threads->len;

  post_to_all (front, SIG_FRONT_DOWN_SKIP, NULL, us);
  while (atomic_load (&front->shared.skips) != wanted)
    {
      if (front->retry != NULL) /* a mailbox was full */
        (void) g_main_context_iteration (front->context, FALSE);
      g_usleep (50);
    }
}
