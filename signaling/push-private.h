/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of Web Push, for the push*.c files. Main thread. */
#pragma once

#include "signaling/push-sender.h"
#include "signaling/push-text.h"
#include "signaling/push.h"

struct SigPush {
  SigPushConfig config;
  /* owned */
  SigPushDoor *door;
  SigPushSender *sender;
  char *key;                         /* public */
  uint8_t topic_key[MSG_PUSH_KEY_BYTES];
  GHashTable *users;                 /* MsgId: who may have a subscription */
  unsigned revision;                 /* grows with them */
  GHashTable *failures;              /* MsgId of a device -> how many in a row */
  GHashTable *rings;                 /* of push-rings.c: key of what rings -> Ring */
  GHashTable *ringing;               /* MsgId of who is rung -> first Ring */
  GQueue calls, messages;            /* of Wake, that wait for their turn */
  unsigned n_looking;
  int64_t ring_ms;
  /* while it starts */
  unsigned n_starting;
  GError *error;
  uint8_t private_key[MSG_PUSH_KEY_BYTES];
};

/** sig_push_wake: @news: copied. @device_id: 0: all that are not connected. Nothing for a user without a subscription. */
void sig_push_wake (SigPush *push, const SigPushNews *news, MsgId user_id, MsgId device_id);
/** sig_push_news_clear: strings that are owned. */
void sig_push_news_clear (SigPushNews *news);
/** sig_push_news_copy: @ret: owns its strings. */
void sig_push_news_copy (const SigPushNews *news, SigPushNews *ret);

/* --- push-rings.c: what rings --- */

void sig_push_rings_init (SigPush *push);
void sig_push_rings_clear (SigPush *push);
/** sig_push_rings_has: Returns: whether this still rings. */
bool sig_push_rings_has (const SigPush *push, const SigPushNews *news, MsgId to);
/** sig_push_rings_ring_device: a device of the user has left: what rings for the user wakes it. */
void sig_push_rings_ring_device (SigPush *push, MsgId user_id, MsgId device_id);
