/* SPDX-License-Identifier: Apache-2.0 */
/* A front thread: its loop, what main tells it, what it could not tell main yet, its end. */
#include "signaling/front-private.h"

#include <gio/gio.h>
#include <signal.h>

#include "base/json.h"
#include "signaling/envelope.h"
#include "signaling/rpc.h"

static void on_unsent_timer (AlTimer *timer, void *user);
static void on_stop_timer (AlTimer *timer, void *user);
static void on_down (void *message, void *user);

static void
entry_free (gpointer data)
{
  SigFrontEntry *entry = data;

  al_listener_free (entry->listener);
  g_free (entry);
}

static void
down_free (gpointer message)
{
  sig_front_down_free (message);
}

static AlBuf *
make_answer (const SigEnvelopeError *error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  sig_envelope_append_error (text, NULL, error);
  return al_buf_new_copy (text->str, text->len);
}

static void
make_answers (SigFrontThread *thread)
{
  static const SigEnvelopeError not_json = {
    SIG_RPC_PARSE_ERROR, "parse_error", "not strict JSON of at most " G_STRINGIFY (AL_JSON_MAX_VALUES) " values", 0, NULL
  };
  static const SigEnvelopeError too_many = { SIG_RPC_LIMIT, "rate", "too many requests from your address without a session",
                                             1000, NULL };

  thread->not_json = make_answer (&not_json);
  thread->too_many = make_answer (&too_many);
}

SigFrontThread *
sig_front_thread_new (SigFrontShared *shared, unsigned index, SigStatic *files, unsigned mailbox, GError **error)
{
  g_autofree char *name = g_strdup_printf ("front-%u", index);
  SigFrontThread *thread = g_new0 (SigFrontThread, 1);

  thread->shared = shared;
  thread->index = index;
  thread->files = sig_static_ref (files);
  thread->entries = g_ptr_array_new_with_free_func (entry_free);
  thread->slots = sig_slots_new (index);
  thread->ws_pool = al_ws_pool_new ();
  thread->ping = al_ws_frame (AL_WS_OP_PING, "", 0);
  make_answers (thread);
  thread->date_s = -1;
  g_queue_init (&thread->unsent);
  atomic_init (&thread->box_bytes, 0);
  al_timer_init (&thread->unsent_timer, on_unsent_timer, thread);
  al_timer_init (&thread->stop_timer, on_stop_timer, thread);
  thread->loop = al_loop_new (name, error);
  if (thread->loop != NULL)
    thread->box = al_mailbox_new (mailbox, down_free, error);
  if (thread->box == NULL || !al_loop_add_mailbox (thread->loop, thread->box, on_down, thread, error))
    {
      sig_front_thread_free (thread);
      return NULL;
    }
  return thread;
}

static void
close_listeners (SigFrontThread *thread)
{
  g_ptr_array_set_size (thread->entries, 0);
}

static void *
run (void *data)
{
  SigFrontThread *thread = data;

  al_loop_run (thread->loop);
  return NULL;
}

bool
sig_front_thread_start (SigFrontThread *thread, GError **error)
{
  sigset_t all, before;
  int code;

  /* signals are the main thread's business */
  (void) sigfillset (&all);
  (void) pthread_sigmask (SIG_SETMASK, &all, &before);
  code = pthread_create (&thread->pthread, NULL, run, thread);
  (void) pthread_sigmask (SIG_SETMASK, &before, NULL);
  thread->started = code == 0;
  if (code != 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "front thread: %s", g_strerror (code));
  return code == 0;
}

void
sig_front_thread_free (SigFrontThread *thread)
{
  SigFrontUp *up;

  if (thread->started)
    (void) pthread_join (thread->pthread, NULL);
  g_assert (thread->conns == NULL);
  close_listeners (thread);
  g_ptr_array_unref (thread->entries);
  al_timer_cancel (&thread->unsent_timer);
  al_timer_cancel (&thread->stop_timer);
  al_loop_free (thread->loop);
  al_mailbox_free (thread->box);
  while ((up = g_queue_pop_head (&thread->unsent)) != NULL)
    sig_front_up_free (up);
  sig_slots_free (thread->slots);
  al_ws_pool_free (thread->ws_pool);
  al_buf_unref (thread->ping);
  al_buf_unref (thread->not_json);
  al_buf_unref (thread->too_many);
  sig_static_unref (thread->files);
  g_free (thread);
}

static bool
flush_unsent (SigFrontThread *thread)
{
  SigFrontUp *up;

  while ((up = g_queue_peek_head (&thread->unsent)) != NULL)
    {
      if (!sig_front_up_post (up))
        return false;
      (void) g_queue_pop_head (&thread->unsent);
    }
  return true;
}

static void
on_unsent_timer (AlTimer *timer, void *user)
{
  SigFrontThread *thread = user;

  if (!flush_unsent (thread))
    al_timer_set (al_loop_get_timers (thread->loop), timer, al_loop_now_us (thread->loop) + SIG_FRONT_RETRY_US);
}

void
sig_front_thread_hand_up (SigFrontThread *thread, SigFrontUp *up)
{
  g_queue_push_tail (&thread->unsent, up);
  if (!flush_unsent (thread) && !al_timer_is_set (&thread->unsent_timer))
    al_timer_set (al_loop_get_timers (thread->loop), &thread->unsent_timer,
                  al_loop_now_us (thread->loop) + SIG_FRONT_RETRY_US);
}

void
sig_front_thread_conn_gone (SigFrontThread *thread)
{
  thread->n_conns--;
  if (thread->stopping && thread->n_conns == 0)
    al_loop_quit (thread->loop);
}

static void
on_stop_timer (AlTimer *timer, void *user)
{
  SigFrontThread *thread = user;

  for (SigFrontConn *conn = thread->conns; conn != NULL; conn = conn->next)
    sig_front_conn_kill (conn, SIG_FRONT_WHY_STOP);
}

static void
stop (SigFrontThread *thread)
{
  thread->stopping = true;
  close_listeners (thread);
  for (SigFrontConn *conn = thread->conns; conn != NULL; conn = conn->next)
    sig_front_conn_stop (conn);
  al_timer_set (al_loop_get_timers (thread->loop), &thread->stop_timer,
                al_loop_now_us (thread->loop) + SIG_FRONT_STOP_US);
  if (thread->n_conns == 0)
    al_loop_quit (thread->loop);
}

/* What is for one connection: nothing when it is gone. */
static void
tell_conn (SigFrontThread *thread, const SigFrontDown *down)
{
  SigFrontConn *conn = sig_slots_find (thread->slots, down->conn);
  bool websocket = conn != NULL && conn->ws != NULL;

  if (conn == NULL)
    return;
  switch (down->type)
    {
    case SIG_FRONT_DOWN_SEND:
      if (websocket)
        sig_front_ws_send (conn, down->buf);
      break;
    case SIG_FRONT_DOWN_PROBE:
      if (websocket)
        sig_front_ws_probe (conn, down->seq);
      break;
    case SIG_FRONT_DOWN_DONE:
      if (websocket)
        sig_front_ws_done (conn);
      break;
    case SIG_FRONT_DOWN_KNOWN:
      if (websocket)
        sig_front_ws_known (conn);
      break;
    case SIG_FRONT_DOWN_CLOSE:
      if (websocket)
        sig_front_ws_close (conn, down->status, down->reason);
      break;
    case SIG_FRONT_DOWN_RESPOND:
      if (!websocket)
        sig_front_post_respond (conn, down->status, down->buf, down->retry_after_s);
      break;
    case SIG_FRONT_DOWN_WEB:
      if (!websocket)
        sig_front_post_respond_fields (conn, down->status, down->fields, down->buf);
      break;
    default:
      sig_front_conn_kill (conn, SIG_FRONT_WHY_DOOMED);
      break;
    }
}

static void
on_down (void *message, void *user)
{
  SigFrontThread *thread = user;
  SigFrontDown *down = message;

  switch (down->type)
    {
    case SIG_FRONT_DOWN_FILES:
      sig_static_unref (thread->files);
      thread->files = g_steal_pointer (&down->files);
      break;
    case SIG_FRONT_DOWN_DRAIN:
      close_listeners (thread);
      break;
    case SIG_FRONT_DOWN_STOP:
      stop (thread);
      break;
    case SIG_FRONT_DOWN_SKIP:
      al_loop_skip_us (thread->loop, down->us);
      (void) atomic_fetch_add (&thread->shared->skips, 1);
      break;
    default:
      tell_conn (thread, down);
      break;
    }
  if (down->buf != NULL)
    (void) atomic_fetch_sub_explicit (&thread->box_bytes, down->buf->len, memory_order_relaxed);
  sig_front_down_free (down);
}

static AlListener *
add_entry (SigFrontThread *thread, SigFrontListen kind, AlListener *listener)
{
  SigFrontEntry *entry;

  if (listener == NULL)
    return NULL;
  entry = g_new0 (SigFrontEntry, 1);
  entry->thread = thread;
  entry->kind = kind;
  entry->listener = listener;
  /* also what is not HTTP goes there: it is told so */
  al_listener_route (listener, AL_PROTO_UNKNOWN, sig_front_conn_accept, entry);
  g_ptr_array_add (thread->entries, entry);
  return listener;
}

bool
sig_front_thread_listen (SigFrontThread *thread, SigFrontListen kind, AlAddr *address, AlTls *tls, GError **error)
{
  const AlListenerConfig config = {
    .tls_mode = tls != NULL ? AL_TLS_ALWAYS : AL_TLS_NEVER,
    .tls = tls,
    .first = thread->index == 0,
    .max_connections = kind == SIG_FRONT_METRICS ? 64 : 0,
    .admission = kind == SIG_FRONT_METRICS ? (AlAdmission){ 0 } : sig_front_door (thread->shared),
  };
  AlListener *listener = add_entry (thread, kind, al_listener_new (thread->loop, address, &config, error));

  if (listener != NULL)
    al_listener_get_address (listener, address);
  return listener != NULL;
}

bool
sig_front_thread_listen_unix (SigFrontThread *thread, const char *path, GError **error)
{
  const AlListenerConfig config = { .tls_mode = AL_TLS_NEVER, .max_connections = 256 };

  return add_entry (thread, SIG_FRONT_ADMIN, al_listener_new_unix (thread->loop, path, &config, error)) != NULL;
}
