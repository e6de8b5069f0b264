/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/presence.h"

#include "signaling/profile.h"

#define TICK_MS 1000

/* A device that is told. */
typedef struct {
  MsgId device_id, user_id;
  GPtrArray *targets; /* owned: of Target: not owned */
} Watcher;

/* Somebody of whom others are told. */
typedef struct {
  MsgId user_id;
  GPtrArray *watchers; /* owned: of Watcher: not owned; at least one */
  bool here;           /* as told */
  bool waits;          /* is in the list of those who may have something to be told */
  int64_t told_us;
  int64_t left_us, left_ms; /* when the last device has gone */
} Target;

struct SigPresence {
  SigPresenceConfig config;
  /* owned */
  GHashTable *watchers; /* device_id -> Watcher */
  GHashTable *targets;  /* user_id -> Target */
  GQueue waiting;       /* of Target, not owned */
  GSource *timer;
  uint64_t revision;
};

static void
watcher_free (gpointer data)
{
  Watcher *watcher = data;

  g_ptr_array_unref (watcher->targets);
  g_free (watcher);
}

static void
target_free (gpointer data)
{
  Target *target = data;

  g_ptr_array_unref (target->watchers);
  g_free (target);
}

static bool
is_attached (SigSession *session, gpointer user)
{
  *(bool *) user = sig_session_is_attached (session);
  return !*(bool *) user;
}

/* as it is, whatever was told */
static bool
is_connected (SigPresence *self, MsgId user_id)
{
  bool here = false;

  sig_sessions_foreach_of_user (self->config.sessions, user_id, is_attached, &here);
  return here;
}

/* --- Telling --- */

static void
tell (SigPresence *self, const Watcher *watcher, MsgId user_id, bool here, int64_t seen_ms)
{
  JsonObject *update = json_object_new ();

  json_object_set_string_member (update, "type", "presence");
  sig_json_set_id (update, "userId", user_id);
  json_object_set_boolean_member (update, "online", here);
  if (seen_ms != 0)
    json_object_set_int_member (update, "lastSeenAt", seen_ms / MSG_SEEN_GRAIN_MS * MSG_SEEN_GRAIN_MS);
  sig_sessions_notify (self->config.sessions, watcher->device_id, "update", update);
}

static void
tell_all (SigPresence *self, Target *target, bool here)
{
  target->here = here;
  target->told_us = self->config.now_us ();
  for (unsigned i = 0; i < target->watchers->len; i++)
    tell (self, target->watchers->pdata[i], target->user_id, here, here ? 0 : target->left_ms);
}

/* Returns: whether it has to be looked at again */
static bool
consider (SigPresence *self, Target *target)
{
  int64_t now_us = self->config.now_us ();
  bool here = is_connected (self, target->user_id);
  bool early = now_us < target->told_us + SIG_PRESENCE_GAP_US;

  if (here == target->here)
    return false;
  if (early || (!here && now_us < target->left_us + SIG_PRESENCE_GRACE_US))
    return true;
  tell_all (self, target, here);
  return false;
}

static gboolean
on_timer (gpointer data)
{
  sig_presence_tick (data);
  return G_SOURCE_CONTINUE;
}

static void
stop_timer (SigPresence *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static void
start_timer (SigPresence *self)
{
  if (self->timer != NULL || self->config.context == NULL)
    return;
  self->timer = g_timeout_source_new (TICK_MS);
  g_source_set_callback (self->timer, on_timer, self, NULL);
  (void) g_source_attach (self->timer, self->config.context);
}

void
sig_presence_tick (SigPresence *self)
{
  GList *next;

  for (GList *link = self->waiting.head; link != NULL; link = next)
    {
      Target *target = link->data;

      next = link->next;
      if (consider (self, target))
        continue;
      target->waits = false;
      g_queue_delete_link (&self->waiting, link);
    }
  if (self->waiting.length == 0)
    stop_timer (self);
}

/* The devices of @user_id are not those they were. */
static void
look_at (SigPresence *self, MsgId user_id)
{
  Target *target = g_hash_table_lookup (self->targets, &user_id);

  if (target == NULL)
    return;
  if (!is_connected (self, user_id) && target->left_us == 0)
    {
      target->left_us = self->config.now_us ();
      target->left_ms = self->config.wall_ms ();
    }
  else if (is_connected (self, user_id))
    target->left_us = 0;
  if (target->waits || !consider (self, target))
    return;
  target->waits = true;
  g_queue_push_tail (&self->waiting, target);
  start_timer (self);
}

/* --- Who is told of whom --- */

static void
drop_target (SigPresence *self, Target *target)
{
  if (target->waits)
    (void) g_queue_remove (&self->waiting, target);
  (void) g_hash_table_remove (self->targets, &target->user_id);
}

static void
drop_watcher (SigPresence *self, MsgId device_id)
{
  Watcher *watcher = g_hash_table_lookup (self->watchers, &device_id);

  if (watcher == NULL)
    return;
  for (unsigned i = 0; i < watcher->targets->len; i++)
    {
      Target *target = watcher->targets->pdata[i];

      (void) g_ptr_array_remove_fast (target->watchers, watcher);
      if (target->watchers->len == 0)
        drop_target (self, target);
    }
  (void) g_hash_table_remove (self->watchers, &device_id);
}

static Target *
take_target (SigPresence *self, MsgId user_id)
{
  Target *target = g_hash_table_lookup (self->targets, &user_id);

  if (target != NULL)
    return target->watchers->len < SIG_PRESENCE_WATCHERS_MAX ? target : NULL;
  target = g_new0 (Target, 1);
  target->user_id = user_id;
  target->watchers = g_ptr_array_new ();
  target->here = is_connected (self, user_id);
  target->left_us = target->here ? 0 : self->config.now_us ();
  (void) g_hash_table_insert (self->targets, &target->user_id, target);
  return target;
}

void
sig_presence_watch (SigPresence *self, SigSession *session, const GArray *seen)
{
  MsgId device_id = sig_session_get_device_id (session);
  Watcher *watcher;

  drop_watcher (self, device_id);
  watcher = g_new0 (Watcher, 1);
  watcher->device_id = device_id;
  watcher->user_id = sig_session_get_user_id (session);
  watcher->targets = g_ptr_array_new ();
  for (unsigned i = 0; i < seen->len; i++)
    {
      const MsgSeen *one = &g_array_index (seen, MsgSeen, i);
      Target *target = one->visible ? take_target (self, one->user_id) : NULL;

      if (target == NULL || g_ptr_array_find (watcher->targets, target, NULL))
        continue;
      g_ptr_array_add (watcher->targets, target);
      g_ptr_array_add (target->watchers, watcher);
    }
  (void) g_hash_table_insert (self->watchers, &watcher->device_id, watcher);
}

static bool
drop_session (SigSession *session, gpointer self)
{
  drop_watcher (self, sig_session_get_device_id (session));
  return true;
}

void
sig_presence_forget (SigPresence *self, MsgId user_id)
{
  Target *target = g_hash_table_lookup (self->targets, &user_id);

  self->revision++;
  if (target != NULL)
    {
      for (unsigned i = 0; i < target->watchers->len; i++)
        {
          Watcher *watcher = target->watchers->pdata[i];

          tell (self, watcher, user_id, false, 0);
          (void) g_ptr_array_remove_fast (watcher->targets, target);
        }
      drop_target (self, target);
    }
  sig_sessions_foreach_of_user (self->config.sessions, user_id, drop_session, self);
}

uint64_t
sig_presence_get_revision (const SigPresence *self)
{
  return self->revision;
}

bool
sig_presence_is_here (SigPresence *self, MsgId user_id)
{
  const Target *target = g_hash_table_lookup (self->targets, &user_id);

  return target != NULL ? target->here : is_connected (self, user_id);
}

unsigned
sig_presence_get_n (const SigPresence *self)
{
  return g_hash_table_size (self->targets);
}

/* --- Sessions --- */

/* A new connection has asked for nobody yet. */
static void
on_attached (SigSession *session, bool resumed, gpointer user)
{
  drop_watcher (user, sig_session_get_device_id (session));
  look_at (user, sig_session_get_user_id (session));
}

static void
on_detached (SigSession *session, gpointer user)
{
  drop_watcher (user, sig_session_get_device_id (session));
  look_at (user, sig_session_get_user_id (session));
}

static void
on_ended (SigSession *session, SigSessionEnd reason, gpointer user)
{
  on_detached (session, user);
}

static const SigSessionListener listener = { .on_attached = on_attached, .on_detached = on_detached, .on_ended = on_ended };

SigPresence *
sig_presence_new (const SigPresenceConfig *config)
{
  SigPresence *self = g_new0 (SigPresence, 1);

  self->config = *config;
  self->watchers = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, watcher_free);
  self->targets = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, target_free);
  g_queue_init (&self->waiting);
  sig_sessions_listen (config->sessions, &listener, self);
  return self;
}

void
sig_presence_free (SigPresence *self)
{
  if (self == NULL)
    return;
  sig_sessions_unlisten (self->config.sessions, &listener, self);
  stop_timer (self);
  g_queue_clear (&self->waiting);
  g_hash_table_unref (self->watchers);
  g_hash_table_unref (self->targets);
  g_free (self);
}
