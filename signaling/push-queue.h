/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be pushed, when, and what comes of it: no clock, no socket. A device gets one push at a time, so that they
 * arrive in order; of two that wait with the same topic the newer one stays; calls go before messages; nobody takes all
 * places for themselves. Rules of the answers: RFC 8030 §5 and §7.3, RFC 6585 §4. One thread.
 *
 *   add -> waiting -> next -> being sent -> done -> delivered, gone, failed, refused
 *             ^                               |
 *             +-------- later ----------------+
 */
#pragma once

#include "messaging/push.h"
#include "signaling/push-endpoint.h"

/** SIG_PUSH_TOPIC_BYTES: at most 32 characters of base64url (RFC 8030 §5.4). */
#define SIG_PUSH_TOPIC_BYTES 32

/** SigPushJob: one push to one device. */
typedef struct {
  MsgPushSubscription *to;         /* owned */
  SigPushEndpoint endpoint;        /* owned */
  char topic[SIG_PUSH_TOPIC_BYTES + 1];
  bool urgent;                     /* a call */
  int64_t expires_us;              /* after that nobody wants it any more */
  char *text;                      /* owned: what the browser is told */
  size_t padded;                   /* as long as this it seems to be */
  /* the queue's */
  unsigned tries;
  int64_t due_us;
  GList link;
} SigPushJob;

void sig_push_job_free (SigPushJob *job); /* NULL is allowed */

/** SigPushOutcome: what became of a push. @SIG_PUSH_RETRIED: nothing yet: it waits again. @SIG_PUSH_GONE: the push service
 *  knows no such subscription. @SIG_PUSH_REFUSED: its address is none that may be connected to. @SIG_PUSH_SUPERSEDED: by a
 *  newer one of its topic. @SIG_PUSH_DROPPED: there were too many. */
typedef enum {
  SIG_PUSH_DELIVERED,
  SIG_PUSH_RETRIED,
  SIG_PUSH_GONE,
  SIG_PUSH_FAILED,
  SIG_PUSH_REFUSED,
  SIG_PUSH_EXPIRED,
  SIG_PUSH_SUPERSEDED,
  SIG_PUSH_DROPPED,
  SIG_PUSH_OUTCOME_N
} SigPushOutcome;

/** SigPushOutcomeFn: @job: (transfer none). */
typedef void (*SigPushOutcomeFn) (SigPushOutcome outcome, const SigPushJob *job, gpointer user);

typedef struct {
  unsigned max_waiting;    /* more push the oldest message out, or else the oldest call */
  unsigned max_active;     /* being sent */
  unsigned max_per_user;   /* of these */
  unsigned max_per_origin; /* of these: to one push service */
  unsigned max_tries;
  int64_t first_retry_us;  /* then four times as long each time */
  SigPushOutcomeFn outcome;
  gpointer user;
} SigPushQueueConfig;

/** sig_push_queue_config_init: 10,000; 64, 4, 32; 4 tries from 1 s on. */
void sig_push_queue_config_init (SigPushQueueConfig *config);

/** SigPushAnswer: @status: of HTTP, 0: there was none. @retry_after_us: what the push service asked for, 0: nothing. @dice:
 *  any number: spreads the next tries. */
typedef struct {
  unsigned status;
  bool refused;
  int64_t retry_after_us;
  uint16_t dice;
} SigPushAnswer;

typedef struct SigPushQueue SigPushQueue;

SigPushQueue *sig_push_queue_new (const SigPushQueueConfig *config);
/** sig_push_queue_free: what waits is freed; nothing may be being sent. NULL is allowed. */
void sig_push_queue_free (SigPushQueue *queue);

/** sig_push_queue_add: @job: (transfer full). */
void sig_push_queue_add (SigPushQueue *queue, SigPushJob *job, int64_t now_us);
/** sig_push_queue_next: Returns: (transfer full) (nullable): to be sent now, and given to sig_push_queue_done() then. */
SigPushJob *sig_push_queue_next (SigPushQueue *queue, int64_t now_us);
/** sig_push_queue_done: @job: (transfer full). */
void sig_push_queue_done (SigPushQueue *queue, SigPushJob *job, const SigPushAnswer *answer, int64_t now_us);
/** sig_push_queue_next_us: Returns: when to ask for the next one, INT64_MAX: when one is done or added. */
int64_t sig_push_queue_next_us (const SigPushQueue *queue);
unsigned sig_push_queue_get_n_waiting (const SigPushQueue *queue);
unsigned sig_push_queue_get_n_active (const SigPushQueue *queue);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigPushJob, sig_push_job_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigPushQueue, sig_push_queue_free)
