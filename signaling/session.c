/* SPDX-License-Identifier: Apache-2.0 */
/* The table of sessions: who is attached, who may still come back, what they missed (session-delivery.c). Main thread. */
#include "signaling/session.h"

#include "signaling/envelope.h"
#include "signaling/session-table.h"

/* ids are keys of GHashTable by value */
G_STATIC_ASSERT (sizeof (gpointer) >= sizeof (MsgId));

static gpointer
key_of (MsgId id)
{
  return (gpointer) (intptr_t) id;
}

SigSession *
sig_session_ref (SigSession *session)
{
  session->refs++;
  return session;
}

void
sig_session_unref (SigSession *session)
{
  if (--session->refs > 0)
    return;
  sig_replay_clear (&session->replay);
  msg_user_free (session->user);
  msg_device_free (session->device);
  g_free (session);
}

SigSession *
sig_session_new_transient (const MsgUser *user, const MsgDevice *device)
{
  SigSession *session = g_new0 (SigSession, 1);

  session->refs = 1;
  session->user = msg_user_copy (user);
  session->device = msg_device_copy (device);
  session->detached_link.data = session->noted_link.data = session->unproven_link.data = session;
  return session;
}

MsgId
sig_session_get_user_id (const SigSession *session)
{
  return session->user->id;
}

MsgId
sig_session_get_device_id (const SigSession *session)
{
  return session->device->id;
}

const MsgUser *
sig_session_get_user (const SigSession *session)
{
  return session->user;
}

const MsgDevice *
sig_session_get_device (const SigSession *session)
{
  return session->device;
}

MsgId
sig_session_get_guest_room (const SigSession *session)
{
  return session->guest_room;
}

void
sig_session_set_guest_room (SigSession *session, MsgId room_id)
{
  session->guest_room = room_id;
}

bool
sig_session_is_attached (const SigSession *session)
{
  return session->conn != 0;
}

SigConnId
sig_session_get_conn (const SigSession *session)
{
  return session->conn;
}

int64_t
sig_session_get_detached_since_us (const SigSession *session)
{
  return session->detached_since_us;
}

SigSessions *
sig_sessions_new (const SigSessionsConfig *config)
{
  SigSessions *sessions = g_new0 (SigSessions, 1);
  AlMetrics *metrics = config->metrics;

  sessions->config = *config;
  if (config->max_replay_bytes == 0)
    sessions->config.max_replay_bytes = SIG_SESSIONS_REPLAY_BYTES;
  sessions->by_device = g_hash_table_new (NULL, NULL);
  sessions->by_user = g_hash_table_new (NULL, NULL);
  g_queue_init (&sessions->detached);
  g_queue_init (&sessions->noted);
  g_queue_init (&sessions->unproven);
  sessions->listeners = g_array_new (FALSE, FALSE, sizeof (SigSessionEar));
  sessions->held = al_metrics_gauge (metrics, "aldis_sessions", "Sessions held, attached or waiting for their device.", NULL);
  sessions->attached = al_metrics_gauge (metrics, "aldis_sessions_attached", "Sessions with a connection.", NULL);
  sessions->notifications = al_metrics_counter (metrics, "aldis_notifications", "Notifications to devices.", NULL);
  sessions->replayed = al_metrics_counter (metrics, "aldis_notifications_replayed", "Notifications sent again.", NULL);
  sessions->resyncs = al_metrics_counter (metrics, "aldis_session_resyncs", "Devices that came back too late.", NULL);
  sessions->takeovers = al_metrics_counter (metrics, "aldis_session_takeovers", "Connections replaced by newer ones.", NULL);
  return sessions;
}

void
sig_sessions_free (SigSessions *sessions)
{
  GHashTableIter iter;
  gpointer value;

  if (sessions == NULL)
    return;
  g_hash_table_iter_init (&iter, sessions->by_device);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      ((SigSession *) value)->sessions = NULL;
      sig_session_unref (value);
    }
  g_hash_table_unref (sessions->by_device);
  g_hash_table_unref (sessions->by_user);
  g_array_unref (sessions->listeners);
  g_free (sessions);
}

SigSession *
sig_sessions_lookup (SigSessions *sessions, MsgId device_id)
{
  return g_hash_table_lookup (sessions->by_device, key_of (device_id));
}

void
sig_sessions_foreach_of_user (SigSessions *sessions, MsgId user_id, SigSessionFn fn, gpointer user)
{
  SigSession *session = g_hash_table_lookup (sessions->by_user, key_of (user_id));

  while (session != NULL && fn (session, user))
    session = session->next_of_user;
}

void
sig_sessions_listen (SigSessions *sessions, const SigSessionListener *listener, gpointer user)
{
  SigSessionEar entry = { listener, user };

  g_array_append_val (sessions->listeners, entry);
}

void
sig_sessions_unlisten (SigSessions *sessions, const SigSessionListener *listener, gpointer user)
{
  for (unsigned i = sessions->listeners->len; i-- > 0;)
    {
      const SigSessionEar *entry = &g_array_index (sessions->listeners, SigSessionEar, i);

      if (entry->listener == listener && entry->user == user)
        (void) g_array_remove_index (sessions->listeners, i);
    }
}

void
sig_sessions_set_state_hook (SigSessions *sessions, SigSessionStateFn fn, gpointer user)
{
  sessions->state = fn;
  sessions->state_user = user;
}

JsonArray *
sig_sessions_get_state (SigSessions *sessions, SigSession *session)
{
  return sessions->state != NULL ? sessions->state (session, sessions->state_user) : json_array_new ();
}

#define TELL(sessions, member, ...)                                                                                    \
  for (unsigned i_ = 0; i_ < (sessions)->listeners->len; i_++)                                                         \
    {                                                                                                                  \
      const SigSessionEar *ear_ = &g_array_index ((sessions)->listeners, SigSessionEar, i_);                           \
                                                                                                                       \
      if (ear_->listener->member != NULL)                                                                              \
        ear_->listener->member (__VA_ARGS__, ear_->user);                                                              \
    }

static SigSession *
add_session (SigSessions *sessions, const MsgUser *user, const MsgDevice *device)
{
  SigSession *session = sig_session_new_transient (user, device);

  session->sessions = sessions;
  session->next_of_user = g_hash_table_lookup (sessions->by_user, key_of (user->id));
  g_hash_table_insert (sessions->by_user, key_of (user->id), session);
  g_hash_table_insert (sessions->by_device, key_of (device->id), session);
  g_queue_push_tail_link (&sessions->detached, &session->detached_link);
  al_gauge_add (sessions->held, 1);
  return session;
}

static void
unchain (SigSessions *sessions, SigSession *session)
{
  gpointer key = key_of (session->user->id);
  SigSession *first = g_hash_table_lookup (sessions->by_user, key);

  if (first == session && session->next_of_user == NULL)
    g_hash_table_remove (sessions->by_user, key);
  else if (first == session)
    g_hash_table_insert (sessions->by_user, key, session->next_of_user);
  else
    {
      while (first->next_of_user != session)
        first = first->next_of_user;
      first->next_of_user = session->next_of_user;
    }
  session->next_of_user = NULL;
}

/* attached -> detached, without a word to the listeners */
static void
lose_connection (SigSessions *sessions, SigSession *session)
{
  session->conn = 0;
  sig_session_stop_proving (session);
  session->detached_since_us = sessions->config.now_us ();
  g_queue_push_tail_link (&sessions->detached, &session->detached_link);
  sessions->n_attached--;
  al_gauge_add (sessions->attached, -1);
}

static void
close_connection (SigSessions *sessions, SigSession *session, uint16_t code, const char *reason)
{
  sessions->config.transport->close (session->conn, code, reason, sessions->config.transport_user);
}

static void
end_session (SigSessions *sessions, SigSession *session, SigSessionEnd reason)
{
  if (session->conn != 0)
    {
      close_connection (sessions, session, SIG_CLOSE_REVOKED, "revoked");
      lose_connection (sessions, session);
    }
  g_queue_unlink (&sessions->detached, &session->detached_link);
  sig_session_forget (session, 0);
  unchain (sessions, session);
  g_hash_table_remove (sessions->by_device, key_of (session->device->id));
  session->sessions = NULL;
  al_gauge_add (sessions->held, -1);
  TELL (sessions, on_ended, session, reason);
  sig_session_unref (session);
}

static void
send_to (SigSessions *sessions, SigSession *session, AlBuf *buf)
{
  sessions->config.transport->send (session->conn, buf, sessions->config.transport_user);
}

static void
notify (SigSessions *sessions, SigSession *session, AlBuf *buf)
{
  sig_session_keep (session, buf);
  if (session->conn != 0)
    send_to (sessions, session, buf);
  al_counter_add (sessions->notifications, 1);
}

void
sig_sessions_notify (SigSessions *sessions, MsgId device_id, const char *method, JsonObject *params)
{
  SigSession *session = sig_sessions_lookup (sessions, device_id);
  G_GNUC_UNUSED g_autoptr (JsonObject) owned = params;
  g_autoptr (AlBuf) buf = NULL;

  if (session == NULL)
    return;
  json_object_set_int_member (params, "seq", (gint64) sig_replay_get_last (&session->replay) + 1);
  buf = sig_envelope_notification (method, params);
  notify (sessions, session, buf);
}

void
sig_sessions_notify_members (SigSessions *sessions, SigSession *session, const char *method, const char *members,
                             size_t len)
{
  g_autoptr (AlBuf) buf = sig_envelope_notification_members (method, members, len,
                                                             sig_replay_get_last (&session->replay) + 1);

  notify (sessions, session, buf);
}

static SigAttach
decide_replay (SigSession *session, bool is_new, int64_t last_seq)
{
  SigAttach attach = { .resumed = !is_new && last_seq != SIG_SEQ_NONE
                                  && sig_replay_has_all (&session->replay, (uint64_t) last_seq) };

  attach.resync = last_seq != SIG_SEQ_NONE && !attach.resumed;
  attach.replay_from = (uint64_t) last_seq + 1;
  return attach;
}

static void
take_connection (SigSessions *sessions, SigSession *session, SigConnId conn)
{
  if (session->conn != 0)
    {
      close_connection (sessions, session, SIG_CLOSE_TAKEN_OVER, "taken over by a newer connection");
      al_counter_add (sessions->takeovers, 1);
    }
  else
    {
      g_queue_unlink (&sessions->detached, &session->detached_link);
      session->detached_since_us = 0;
      sessions->n_attached++;
      al_gauge_add (sessions->attached, 1);
    }
  session->conn = conn;
  sig_session_stop_proving (session);
}

SigSession *
sig_sessions_attach (SigSessions *sessions, SigConnId conn, const MsgUser *user, const MsgDevice *device, int64_t last_seq,
                     SigAttach *ret_attach)
{
  SigSession *session = sig_sessions_lookup (sessions, device->id);
  bool is_new = session == NULL;
  uint64_t newest;

  if (is_new)
    session = add_session (sessions, user, device);
  else
    {
      msg_user_free (session->user);
      msg_device_free (session->device);
      session->user = msg_user_copy (user);
      session->device = msg_device_copy (device);
    }
  take_connection (sessions, session, conn);
  sessions->config.transport->known (conn, sessions->config.transport_user);
  *ret_attach = decide_replay (session, is_new, last_seq);
  newest = sig_replay_get_last (&session->replay);
  if (ret_attach->resync)
    {
      sig_session_forget (session, MAX (newest, (uint64_t) last_seq) + 1);
      al_counter_add (sessions->resyncs, 1);
    }
  else if (!ret_attach->resumed)
    sig_session_forget (session, newest);
  else
    sig_session_drop_delivered (session, (uint64_t) last_seq); /* the client says so itself */
  ret_attach->seq = sig_replay_get_last (&session->replay);
  return session;
}

void
sig_sessions_finish_attach (SigSessions *sessions, SigSession *session, const SigAttach *attach)
{
  AlBuf *buf;

  for (uint64_t seq = attach->replay_from; attach->resumed && (buf = sig_replay_get (&session->replay, seq)) != NULL; seq++)
    {
      send_to (sessions, session, buf);
      al_counter_add (sessions->replayed, 1);
    }
  sig_session_start_proving (session);
  TELL (sessions, on_attached, session, attach->resumed);
}

void
sig_sessions_detach (SigSessions *sessions, SigSession *session, SigConnId conn)
{
  if (session->sessions == NULL || conn == 0 || session->conn != conn)
    return;
  lose_connection (sessions, session);
  TELL (sessions, on_detached, session);
}

unsigned
sig_sessions_revoke_device (SigSessions *sessions, MsgId device_id)
{
  SigSession *session = sig_sessions_lookup (sessions, device_id);

  sessions->revision++;
  if (session == NULL)
    return 0;
  end_session (sessions, session, SIG_SESSION_REVOKED);
  return 1;
}

unsigned
sig_sessions_revoke_user (SigSessions *sessions, MsgId user_id, MsgId except)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  SigSession *session = g_hash_table_lookup (sessions->by_user, key_of (user_id));

  sessions->revision++;
  for (; session != NULL; session = session->next_of_user)
    if (session->device->id != except)
      g_ptr_array_add (found, session);
  for (unsigned i = 0; i < found->len; i++)
    end_session (sessions, found->pdata[i], SIG_SESSION_REVOKED);
  return found->len;
}

unsigned
sig_sessions_bar_user (SigSessions *sessions, MsgId user_id)
{
  TELL (sessions, on_barred, user_id);
  return sig_sessions_revoke_user (sessions, user_id, 0);
}

void
sig_sessions_disconnect_device (SigSessions *sessions, MsgId device_id)
{
  SigSession *session = sig_sessions_lookup (sessions, device_id);

  sessions->revision++;
  if (session == NULL || session->conn == 0)
    return;
  close_connection (sessions, session, SIG_CLOSE_REVOKED, "revoked");
  sig_sessions_detach (sessions, session, session->conn);
}

void
sig_sessions_update_user (SigSessions *sessions, const MsgUser *user)
{
  SigSession *session = g_hash_table_lookup (sessions->by_user, key_of (user->id));

  for (; session != NULL; session = session->next_of_user)
    {
      msg_user_free (session->user);
      session->user = msg_user_copy (user);
    }
}

unsigned
sig_sessions_get_revision (const SigSessions *sessions)
{
  return sessions->revision;
}

void
sig_sessions_tick (SigSessions *sessions)
{
  int64_t now_us = sessions->config.now_us ();
  SigSession *session;

  while ((session = g_queue_peek_head (&sessions->detached)) != NULL
         && now_us - session->detached_since_us >= SIG_SESSION_REATTACH_US)
    end_session (sessions, session, SIG_SESSION_EXPIRED);
  sig_sessions_tick_delivery (sessions);
}

unsigned
sig_sessions_get_n (const SigSessions *sessions)
{
  return g_hash_table_size (sessions->by_device);
}

size_t
sig_sessions_get_replay_bytes (const SigSessions *sessions)
{
  return sessions->replay_bytes;
}

unsigned
sig_sessions_get_n_attached (const SigSessions *sessions)
{
  return sessions->n_attached;
}
