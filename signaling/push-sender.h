/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends pushes: a thread of its own with libcurl around the queue (push-queue.h). Redirects are not followed, proxies of the
 * environment not used, certificates verified, answers bounded, and every address that is connected to is checked first.
 */
#pragma once

#include "base/metrics.h"
#include "signaling/push-queue.h"
#include "signaling/vapid.h"

typedef struct SigPushSender SigPushSender;

/** SigPushResultFn: main thread. @outcome: DELIVERED, GONE, FAILED or REFUSED. @to: (transfer none): whom it was for. */
typedef void (*SigPushResultFn) (SigPushOutcome outcome, const MsgPushSubscription *to, gpointer user);

typedef struct {
  GMainContext *context;   /* where results come */
  const SigPushDoor *door; /* (transfer none): outlives the sender */
  SigVapid *vapid;         /* (transfer full) */
  AlMetrics *metrics;      /* (transfer none): outlives the sender */
  SigPushResultFn result;
  gpointer user;
  unsigned timeout_ms;     /* of one try */
  SigPushQueueConfig queue; /* outcome and user are the sender's */
} SigPushSenderConfig;

/** sig_push_sender_config_init: 10 s; the queue as in push-queue.h. */
void sig_push_sender_config_init (SigPushSenderConfig *config);

/** sig_push_sender_new: @config: copied. Errors: G_IO_ERROR. */
SigPushSender *sig_push_sender_new (const SigPushSenderConfig *config, GError **error);
/** sig_push_sender_free: goes on with what is being sent for up to @grace_ms; the rest is lost. No result comes any more.
 *  NULL is allowed. Main thread. */
void sig_push_sender_free (SigPushSender *sender, unsigned grace_ms);

/** sig_push_sender_post: @job: (transfer full): expires_us counts by al_clock_now_us(). Never blocks. Main thread. */
void sig_push_sender_post (SigPushSender *sender, SigPushJob *job);
