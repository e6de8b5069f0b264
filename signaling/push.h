/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Web Push: devices that are not connected are woken for calls and messages. Decides what is told to whom; push-sender.h
 * sends it. What is told is in docs/push.md. Main thread.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "base/config.h"
#include "base/metrics.h"
#include "messaging/push.h"
#include "messaging/secret.h"
#include "messaging/update-log.h"
#include "signaling/push-endpoint.h"
#include "signaling/rooms.h"
#include "signaling/session.h"

typedef struct SigPush SigPush;

typedef struct {
  GMainContext *context;
  const AlConfig *config;  /* [push], and what the door needs; read in sig_push_new() */
  MsgCore *core;           /* (transfer none): may be freed before */
  SigSessions *sessions;   /* (transfer none): may be freed before, after the core */
  AlMetrics *metrics;      /* (transfer none): outlives it */
  int64_t (*now_us) (void);
  int64_t (*wall_ms) (void);
} SigPushConfig;

/**
 * sig_push_new: reads the key and who has subscribed; iterates the context until that is done.
 *
 * Returns: (transfer full) (nullable): NULL with @error; and without one when [push] enabled is false.
 */
SigPush *sig_push_new (const SigPushConfig *config, GError **error);
/** sig_push_free: after the core, whose callbacks come to it. Goes on with what is being sent for up to @grace_ms. NULL is
 *  allowed. */
void sig_push_free (SigPush *push, unsigned grace_ms);

/** sig_push_get_key: Returns: (transfer none): the public key that browsers subscribe with, base64url. */
const char *sig_push_get_key (const SigPush *push);
const SigPushDoor *sig_push_get_door (const SigPush *push);
/** sig_push_note_user: the user has a subscription from now on. */
void sig_push_note_user (SigPush *push, MsgId user_id);

/** sig_push_message: an update has been told of; of a new message devices that are not connected are woken. */
void sig_push_message (SigPush *push, const MsgUpdate *update);

/** sig_push_secret: something of a secret chat: its device, or those of who is asked, are woken if they are not connected, and
 *  told nothing but that. */
void sig_push_secret (SigPush *push, const MsgSecretEvent *event);

/** sig_push_call: an event of a call (SigCallsEventFn). @payload: (transfer none). Wakes the callee's devices when it rings,
 *  and ends the ringing there when it does not any more. */
void sig_push_call (SigPush *push, const char *name, JsonObject *payload);

/** sig_push_room: SigRoomsConfig.ring, likewise. */
void sig_push_room (SigPush *push, const SigRoomsRing *ring);
