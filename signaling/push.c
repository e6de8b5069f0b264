/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event becomes a Wake: who, and what is told. It waits for its turn, the database says where those people are to be
 * woken, and each of their devices that is not connected then gets a job of the sender.
 */
#include "signaling/push-private.h"

#include <string.h>

#include "base/log.h"
#include "messaging/message-text.h"
#include "signaling/profile.h"

/* look-ups at once, and events that wait for one: beyond it the oldest message is not pushed */
#define MAX_LOOKING 16
#define MAX_WAITING 4096
/* how long a push service keeps a message for a browser that is off */
#define MESSAGE_TTL_US (INT64_C (3) * 24 * 3600 * G_USEC_PER_SEC)
/* the end of a call may still be of use when the browser comes back: it turns "is calling" into "has called" */
#define ENDED_TTL_US (INT64_C (24) * 3600 * G_USEC_PER_SEC)
/* a device to which this many pushes in a row failed has something else than a push service at its address */
#define MAX_FAILURES 10
/* devices whose failures are remembered */
#define MAX_FAILING 65536

typedef struct {
  SigPush *push;
  SigPushNews news;  /* owned strings */
  GArray *users;     /* owned, of MsgId */
  MsgId device_id;   /* 0: all that are not connected */
  unsigned revision; /* of the users, when the look-up began */
} Wake;

void
sig_push_news_clear (SigPushNews *news)
{
  g_free (news->call_id);
  g_free (news->reason);
  g_free (news->text);
}

void
sig_push_news_copy (const SigPushNews *news, SigPushNews *ret)
{
  *ret = *news;
  ret->call_id = g_strdup (news->call_id);
  ret->reason = g_strdup (news->reason);
  ret->text = g_strdup (news->text);
}

static void
wake_free (gpointer data)
{
  Wake *wake = data;

  sig_push_news_clear (&wake->news);
  g_array_unref (wake->users);
  g_free (wake);
}

/* --- Telling --- */

static bool
is_attached (SigPush *self, MsgId device_id)
{
  SigSession *session = sig_sessions_lookup (self->config.sessions, device_id);

  return session != NULL && sig_session_is_attached (session);
}

static int64_t
find_expiry (SigPush *self, const SigPushNews *news)
{
  int64_t now_us = self->config.now_us ();

  switch (news->kind)
    {
    case SIG_PUSH_CALL:
    case SIG_PUSH_ROOM:
      return now_us + (news->expires_ms - self->config.wall_ms ()) * 1000;
    case SIG_PUSH_CALL_ENDED:
    case SIG_PUSH_ROOM_ENDED:
      return now_us + ENDED_TTL_US;
    case SIG_PUSH_MESSAGE:
    case SIG_PUSH_SECRET:
    default:
      return now_us + MESSAGE_TTL_US;
    }
}

static void
tell (SigPush *self, const Wake *wake, const MsgPushSubscription *to, const MsgPushLoaded *loaded)
{
  SigPushJob *job = g_new0 (SigPushJob, 1);

  /* the rules may have become stricter since it was subscribed */
  if (!sig_push_door_take (self->door, to->endpoint, &job->endpoint))
    {
      sig_push_job_free (job);
      return;
    }
  job->to = msg_push_subscription_copy (to);
  job->urgent = wake->news.kind != SIG_PUSH_MESSAGE && wake->news.kind != SIG_PUSH_SECRET;
  job->expires_us = find_expiry (self, &wake->news);
  job->text = sig_push_text (&wake->news, to->user_id, loaded->from, loaded->title, to->preview, &job->padded);
  sig_push_topic (&wake->news, to->device_id, self->topic_key, sizeof self->topic_key, job->topic);
  sig_push_sender_post (self->sender, job);
}

static void look_up (SigPush *self);

static void
on_loaded (const MsgPushLoaded *loaded, const GError *error, gpointer data)
{
  Wake *wake = data;
  SigPush *self = wake->push;

  self->n_looking--;
  if (error != NULL)
    al_debug ("nobody is woken", "error", error->message);
  else if (sig_push_news_rings (&wake->news) && !sig_push_rings_has (self, &wake->news, g_array_index (wake->users, MsgId, 0)))
    al_debug ("nobody is woken: it does not ring any more");
  else
    for (unsigned i = 0; i < loaded->subscriptions->len; i++)
      {
        const MsgPushSubscription *to = loaded->subscriptions->pdata[i];

        if ((wake->device_id == 0 || wake->device_id == to->device_id) && !is_attached (self, to->device_id))
          tell (self, wake, to, loaded);
      }
  if (error == NULL && loaded->subscriptions->len + loaded->n_deaf == 0 && wake->revision == self->revision)
    for (unsigned i = 0; i < wake->users->len; i++)
      (void) g_hash_table_remove (self->users, &g_array_index (wake->users, MsgId, i)); /* their sessions have ended */
  wake_free (wake);
  look_up (self);
}

static void
look_up (SigPush *self)
{
  while (self->n_looking < MAX_LOOKING)
    {
      Wake *wake = g_queue_pop_head (&self->calls);

      if (wake == NULL)
        wake = g_queue_pop_head (&self->messages);
      if (wake == NULL)
        return;
      self->n_looking++;
      wake->revision = self->revision;
      msg_push_load (self->config.core, (const MsgId *) (gpointer) wake->users->data, wake->users->len, wake->news.from,
                     wake->news.chat_id, on_loaded, wake);
    }
}

/* @users: (transfer full): not empty; @news: copied */
static void
add_wake (SigPush *self, const SigPushNews *news, GArray *users, MsgId device_id)
{
  Wake *wake = g_new0 (Wake, 1);
  GQueue *queue = news->kind == SIG_PUSH_MESSAGE || news->kind == SIG_PUSH_SECRET ? &self->messages : &self->calls;

  wake->push = self;
  sig_push_news_copy (news, &wake->news);
  wake->users = users;
  wake->device_id = device_id;
  if (queue->length >= MAX_WAITING)
    wake_free (g_queue_pop_head (queue));
  g_queue_push_tail (queue, wake);
  look_up (self);
}

void
sig_push_wake (SigPush *self, const SigPushNews *news, MsgId user_id, MsgId device_id)
{
  GArray *users;

  if (!g_hash_table_contains (self->users, &user_id))
    return;
  users = g_array_new (FALSE, FALSE, sizeof (MsgId));
  g_array_append_val (users, user_id);
  add_wake (self, news, users, device_id);
}

/* --- Messages --- */

static void
add_user (SigPush *self, GArray *users, MsgId user_id, MsgId except_id)
{
  if (user_id != except_id && users->len < MSG_PUSH_USERS_MAX && g_hash_table_contains (self->users, &user_id))
    g_array_append_val (users, user_id);
}

/* In chats of many only those whom it names: there is no end of what the others would be woken for. Whether they are in the
 * chat is looked up. */
static void
add_mentioned (SigPush *self, GArray *users, const MsgMessage *message)
{
  g_autoptr (GArray) entities = msg_entities_parse (message->entities);

  for (unsigned i = 0; entities != NULL && i < entities->len; i++)
    {
      const MsgEntity *entity = &g_array_index (entities, MsgEntity, i);

      if (entity->type == MSG_ENTITY_MENTION)
        add_user (self, users, entity->user_id, message->sender_id);
    }
}

void
sig_push_message (SigPush *self, const MsgUpdate *update)
{
  const MsgMessage *message = update->message;
  g_autoptr (GArray) users = NULL;
  SigPushNews news;

  if (update->type != MSG_UPDATE_MESSAGE_NEW || message->kind == MSG_MESSAGE_SERVICE || g_hash_table_size (self->users) == 0)
    return;
  users = g_array_new (FALSE, FALSE, sizeof (MsgId));
  for (unsigned i = 0; i < update->to->len; i++)
    add_user (self, users, g_array_index (update->to, MsgUpdateTo, i).user_id, message->sender_id);
  if (update->chat_pts != 0)
    add_mentioned (self, users, message);
  if (users->len == 0)
    return;
  news = (SigPushNews){ .kind = SIG_PUSH_MESSAGE,
                        .from = message->sender_id,
                        .chat_id = message->chat_id,
                        .message_id = message->id,
                        .at_ms = message->at_ms,
                        .text = message->text,
                        .silent = message->silent };
  add_wake (self, &news, g_steal_pointer (&users), 0);
}

void
sig_push_secret (SigPush *self, const MsgSecretEvent *event)
{
  const SigPushNews news = { .kind = SIG_PUSH_SECRET, .at_ms = event->at_ms, .silent = event->silent };

  if ((event->kind == MSG_SECRET_MESSAGE || event->kind == MSG_SECRET_REQUESTED || event->kind == MSG_SECRET_ACCEPTED)
      && (event->to_device == 0 || !is_attached (self, event->to_device)))
    sig_push_wake (self, &news, event->to_user, event->to_device);
}

/* a device that leaves while it rings, or was found to have left */
static void
on_detached (SigSession *session, gpointer user)
{
  sig_push_rings_ring_device (user, sig_session_get_user_id (session), sig_session_get_device_id (session));
}

static const SigSessionListener listener = { .on_detached = on_detached };

/* --- What became of it --- */

static void
on_forgotten (const GError *error, gpointer data)
{
  if (error != NULL)
    al_warning ("a push subscription that is gone was not forgotten", "error", error->message);
}

static void
on_result (SigPushOutcome outcome, const MsgPushSubscription *to, gpointer user)
{
  SigPush *self = user;
  unsigned n = GPOINTER_TO_UINT (g_hash_table_lookup (self->failures, &to->device_id)) + 1;

  if (outcome != SIG_PUSH_DELIVERED && outcome != SIG_PUSH_GONE && n < MAX_FAILURES)
    {
      if (g_hash_table_size (self->failures) >= MAX_FAILING)
        g_hash_table_remove_all (self->failures);
      (void) g_hash_table_replace (self->failures, g_memdup2 (&to->device_id, sizeof (MsgId)), GUINT_TO_POINTER (n));
      return;
    }
  (void) g_hash_table_remove (self->failures, &to->device_id);
  if (outcome != SIG_PUSH_DELIVERED)
    msg_push_unsubscribe (self->config.core, to->device_id, to->endpoint, on_forgotten, NULL);
}

/* --- Lifecycle --- */

static void
on_key (const uint8_t *key, const GError *error, gpointer data)
{
  SigPush *self = data;

  self->n_starting--;
  if (key != NULL)
    memcpy (self->private_key, key, sizeof self->private_key);
  if (error != NULL && self->error == NULL)
    self->error = g_error_copy (error);
}

static void
on_users (GArray *users, const GError *error, gpointer data)
{
  SigPush *self = data;

  self->n_starting--;
  for (unsigned i = 0; users != NULL && i < users->len; i++)
    sig_push_note_user (self, g_array_index (users, MsgId, i));
  if (error != NULL && self->error == NULL)
    self->error = g_error_copy (error);
}

static bool
read_database (SigPush *self, GError **error)
{
  g_autoptr (EVP_PKEY) fresh = sig_p256_new ();
  uint8_t candidate[MSG_PUSH_KEY_BYTES];

  sig_p256_get_private (fresh, candidate);
  self->n_starting = 2;
  msg_push_get_key (self->config.core, candidate, on_key, self);
  msg_push_list_users (self->config.core, on_users, self);
  explicit_bzero (candidate, sizeof candidate);
  while (self->n_starting > 0)
    (void) g_main_context_iteration (self->config.context, TRUE);
  if (self->error == NULL)
    return true;
  g_propagate_prefixed_error (error, g_steal_pointer (&self->error), "Web Push: ");
  return false;
}

static char *
find_subject (const AlConfig *config)
{
  const char *subject = al_config_get_string (config, "push", "subject");
  const char *address = al_config_get_string (config, "server", "public_address");

  if (*subject != '\0')
    return g_strdup (subject);
  return *address != '\0' ? g_strconcat ("https://", address, NULL) : NULL;
}

static bool
start_sender (SigPush *self, GError **error)
{
  static const char label[] = "Aldis push topics";
  g_autofree char *subject = find_subject (self->config.config);
  SigPushSenderConfig config;
  GChecksum *sum;
  gsize len = sizeof self->topic_key;

  sig_push_sender_config_init (&config);
  config.context = self->config.context;
  config.door = self->door;
  config.metrics = self->config.metrics;
  config.result = on_result;
  config.user = self;
  config.vapid = sig_vapid_new (self->private_key, subject);
  if (config.vapid == NULL)
    {
      g_set_error (error, MSG_ERROR, MSG_ERROR_UNAVAILABLE, "Web Push: the key in the database is none");
      return false;
    }
  self->key = g_strdup (sig_vapid_get_public (config.vapid));
  sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_checksum_update (sum, (const guchar *) label, sizeof label);
  g_checksum_update (sum, self->private_key, sizeof self->private_key);
  g_checksum_get_digest (sum, self->topic_key, &len);
  g_checksum_free (sum);
  explicit_bzero (self->private_key, sizeof self->private_key);
  self->sender = sig_push_sender_new (&config, error);
  return self->sender != NULL;
}

SigPush *
sig_push_new (const SigPushConfig *config, GError **error)
{
  SigPush *self;

  if (!al_config_get_bool (config->config, "push", "enabled"))
    return NULL;
  self = g_new0 (SigPush, 1);
  self->config = *config;
  self->ring_ms = al_config_get_int (config->config, "signaling", "ring_timeout_s") * 1000;
  self->users = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->failures = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  sig_push_rings_init (self);
  g_queue_init (&self->calls);
  g_queue_init (&self->messages);
  self->door = sig_push_door_new (config->config, error);
  if (self->door == NULL || !read_database (self, error) || !start_sender (self, error))
    {
      sig_push_free (self, 0);
      return NULL;
    }
  sig_sessions_listen (config->sessions, &listener, self);
  return self;
}

void
sig_push_free (SigPush *self, unsigned grace_ms)
{
  if (self == NULL)
    return;
  sig_push_sender_free (self->sender, grace_ms);
  g_queue_clear_full (&self->calls, wake_free);
  g_queue_clear_full (&self->messages, wake_free);
  sig_push_rings_clear (self);
  g_clear_pointer (&self->failures, g_hash_table_unref);
  g_clear_pointer (&self->users, g_hash_table_unref);
  sig_push_door_free (self->door);
  g_free (self->key);
  g_free (self);
}

const char *
sig_push_get_key (const SigPush *self)
{
  return self->key;
}

const SigPushDoor *
sig_push_get_door (const SigPush *self)
{
  return self->door;
}

void
sig_push_note_user (SigPush *self, MsgId user_id)
{
  self->revision++;
  (void) g_hash_table_add (self->users, g_memdup2 (&user_id, sizeof user_id));
}
