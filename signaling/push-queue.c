/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/push-queue.h"

enum { CALLS, MESSAGES, LANE_N };

struct SigPushQueue {
  SigPushQueueConfig config;
  GQueue waiting[LANE_N]; /* SigPushJob by its link, by due_us */
  GHashTable *by_topic;   /* "DEVICE TOPIC" -> SigPushJob that waits */
  GHashTable *devices;    /* MsgId -> count: being sent; so in the next two */
  GHashTable *users;
  GHashTable *origins;    /* text -> count */
  unsigned n_active;
};

void
sig_push_job_free (SigPushJob *job)
{
  if (job == NULL)
    return;
  msg_push_subscription_free (job->to);
  sig_push_endpoint_clear (&job->endpoint);
  g_free (job->text);
  g_free (job);
}

void
sig_push_queue_config_init (SigPushQueueConfig *config)
{
  *config = (SigPushQueueConfig){ .max_waiting = 10000,
                                  .max_active = 64,
                                  .max_per_user = 4,
                                  .max_per_origin = 32,
                                  .max_tries = 4,
                                  .first_retry_us = G_USEC_PER_SEC };
}

SigPushQueue *
sig_push_queue_new (const SigPushQueueConfig *config)
{
  SigPushQueue *self = g_new0 (SigPushQueue, 1);

  self->config = *config;
  for (unsigned i = 0; i < LANE_N; i++)
    g_queue_init (&self->waiting[i]);
  self->by_topic = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->devices = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->users = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->origins = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

/* --- Counting what is being sent --- */

static unsigned
get_count (GHashTable *table, gconstpointer key)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (table, key));
}

/* @key: (transfer full) */
static void
change_count (GHashTable *table, gpointer key, int by)
{
  unsigned n = get_count (table, key) + (unsigned) by;

  if (n > 0)
    {
      (void) g_hash_table_replace (table, key, GUINT_TO_POINTER (n));
      return;
    }
  (void) g_hash_table_remove (table, key);
  g_free (key);
}

static void
count_active (SigPushQueue *self, const SigPushJob *job, int by)
{
  self->n_active += (unsigned) by;
  change_count (self->devices, g_memdup2 (&job->to->device_id, sizeof (MsgId)), by);
  change_count (self->users, g_memdup2 (&job->to->user_id, sizeof (MsgId)), by);
  change_count (self->origins, g_strdup (job->endpoint.origin), by);
}

static bool
has_place (const SigPushQueue *self, const SigPushJob *job)
{
  return get_count (self->devices, &job->to->device_id) == 0
         && get_count (self->users, &job->to->user_id) < self->config.max_per_user
         && get_count (self->origins, job->endpoint.origin) < self->config.max_per_origin;
}

/* --- What waits --- */

static char *
make_key (const SigPushJob *job)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT " %s", job->to->device_id, job->topic);
}

static void
take_out (SigPushQueue *self, SigPushJob *job)
{
  g_autofree char *key = make_key (job);

  g_queue_unlink (&self->waiting[job->urgent ? CALLS : MESSAGES], &job->link);
  (void) g_hash_table_remove (self->by_topic, key);
}

/* @job: (transfer full) */
static void
end_job (SigPushQueue *self, SigPushJob *job, SigPushOutcome outcome)
{
  self->config.outcome (outcome, job, self->config.user);
  sig_push_job_free (job);
}

static void
put_in (SigPushQueue *self, SigPushJob *job)
{
  GQueue *lane = &self->waiting[job->urgent ? CALLS : MESSAGES];
  GList *before = lane->tail;

  while (before != NULL && ((SigPushJob *) before->data)->due_us > job->due_us)
    before = before->prev;
  job->link.data = job;
  job->link.prev = job->link.next = NULL;
  g_queue_insert_after_link (lane, before, &job->link);
  (void) g_hash_table_replace (self->by_topic, make_key (job), job);
}

static void
make_room (SigPushQueue *self)
{
  SigPushJob *oldest;

  if (sig_push_queue_get_n_waiting (self) < self->config.max_waiting)
    return;
  oldest = g_queue_peek_head (&self->waiting[MESSAGES]);
  if (oldest == NULL)
    oldest = g_queue_peek_head (&self->waiting[CALLS]);
  take_out (self, oldest);
  end_job (self, oldest, SIG_PUSH_DROPPED);
}

void
sig_push_queue_free (SigPushQueue *self)
{
  if (self == NULL)
    return;
  g_assert (self->n_active == 0);
  for (unsigned i = 0; i < LANE_N; i++)
    for (GList *link = self->waiting[i].head, *next; link != NULL; link = next)
      {
        next = link->next;
        sig_push_job_free (link->data);
      }
  g_hash_table_unref (self->by_topic);
  g_hash_table_unref (self->devices);
  g_hash_table_unref (self->users);
  g_hash_table_unref (self->origins);
  g_free (self);
}

void
sig_push_queue_add (SigPushQueue *self, SigPushJob *job, int64_t now_us)
{
  g_autofree char *key = make_key (job);
  SigPushJob *older = g_hash_table_lookup (self->by_topic, key);

  job->tries = 0;
  job->due_us = now_us;
  if (older != NULL)
    {
      /* the push service has asked for a pause, or is away: that is so for this one too */
      job->due_us = MAX (older->due_us, now_us);
      take_out (self, older);
      end_job (self, older, SIG_PUSH_SUPERSEDED);
    }
  make_room (self);
  put_in (self, job);
}

SigPushJob *
sig_push_queue_next (SigPushQueue *self, int64_t now_us)
{
  if (self->n_active >= self->config.max_active)
    return NULL;
  for (unsigned i = 0; i < LANE_N; i++)
    for (GList *link = self->waiting[i].head, *next; link != NULL; link = next)
      {
        SigPushJob *job = link->data;

        next = link->next;
        if (job->due_us > now_us)
          break;
        if (job->expires_us <= now_us)
          {
            take_out (self, job);
            end_job (self, job, SIG_PUSH_EXPIRED);
          }
        else if (has_place (self, job))
          {
            take_out (self, job);
            count_active (self, job, 1);
            return job;
          }
      }
  return NULL;
}

int64_t
sig_push_queue_next_us (const SigPushQueue *self)
{
  int64_t next_us = INT64_MAX;

  if (self->n_active >= self->config.max_active)
    return next_us;
  for (unsigned i = 0; i < LANE_N; i++)
    for (GList *link = self->waiting[i].head; link != NULL; link = link->next)
      {
        const SigPushJob *job = link->data;

        if (!has_place (self, job))
          continue;
        next_us = MIN (next_us, job->due_us);
        break;
      }
  return next_us;
}

/* --- Answers --- */

static SigPushOutcome
judge (const SigPushAnswer *answer)
{
  if (answer->refused)
    return SIG_PUSH_REFUSED;
  if (answer->status >= 200 && answer->status < 300)
    return SIG_PUSH_DELIVERED;
  if (answer->status == 404 || answer->status == 410)
    return SIG_PUSH_GONE;
  if (answer->status == 0 || answer->status == 408 || answer->status == 429 || answer->status >= 500)
    return SIG_PUSH_RETRIED;
  return SIG_PUSH_FAILED;
}

/* half to one and a half of the time, so that a push service that comes back is not run over */
static int64_t
find_pause (const SigPushQueue *self, const SigPushJob *job, const SigPushAnswer *answer)
{
  int64_t wait_us = self->config.first_retry_us;

  for (unsigned i = 1; i < job->tries; i++)
    wait_us *= 4;
  wait_us = wait_us / 2 + wait_us * answer->dice / UINT16_MAX;
  return MAX (wait_us, answer->retry_after_us);
}

void
sig_push_queue_done (SigPushQueue *self, SigPushJob *job, const SigPushAnswer *answer, int64_t now_us)
{
  SigPushOutcome outcome = judge (answer);
  g_autofree char *key = make_key (job);

  count_active (self, job, -1);
  job->tries++;
  if (outcome == SIG_PUSH_RETRIED && job->tries >= self->config.max_tries)
    outcome = SIG_PUSH_FAILED;
  if (outcome == SIG_PUSH_RETRIED)
    {
      job->due_us = now_us + find_pause (self, job, answer);
      if (job->due_us >= job->expires_us)
        outcome = SIG_PUSH_EXPIRED;
      else if (g_hash_table_contains (self->by_topic, key))
        outcome = SIG_PUSH_SUPERSEDED; /* while it was being sent */
    }
  if (outcome != SIG_PUSH_RETRIED)
    {
      end_job (self, job, outcome);
      return;
    }
  self->config.outcome (outcome, job, self->config.user);
  make_room (self);
  put_in (self, job);
}

unsigned
sig_push_queue_get_n_waiting (const SigPushQueue *self)
{
  return self->waiting[CALLS].length + self->waiting[MESSAGES].length;
}

unsigned
sig_push_queue_get_n_active (const SigPushQueue *self)
{
  return self->n_active;
}
