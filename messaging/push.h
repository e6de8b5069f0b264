/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Web Push as far as the database knows it: where each device wants to be woken, at most one place a device, and the one
 * key by which push services know this server. Subscriptions end with the session of their device. Rules common to all
 * functions: messaging/core.h.
 */
#pragma once

#include "messaging/core.h"

/** MSG_PUSH_ENDPOINT_MAX: bytes; those of browsers have some 200. */
#define MSG_PUSH_ENDPOINT_MAX 2048
/** MSG_PUSH_P256DH_BYTES: an uncompressed point of P-256 (RFC 8291 §3.2). */
#define MSG_PUSH_P256DH_BYTES 65
#define MSG_PUSH_AUTH_BYTES 16
/** MSG_PUSH_KEY_BYTES: a private key of P-256. */
#define MSG_PUSH_KEY_BYTES 32
/** MSG_PUSH_USERS_MAX: users in one msg_push_load(). */
#define MSG_PUSH_USERS_MAX 200

typedef struct {
  MsgId user_id, device_id;
  char *endpoint;                        /* an https: address, the push service's secret name for the browser */
  uint8_t p256dh[MSG_PUSH_P256DH_BYTES]; /* the browser's public key */
  uint8_t auth[MSG_PUSH_AUTH_BYTES];
  bool preview;                          /* what is pushed may hold what messages say */
  int64_t expires_ms;                    /* 0: not known */
} MsgPushSubscription;

MsgPushSubscription *msg_push_subscription_copy (const MsgPushSubscription *subscription);
void msg_push_subscription_free (MsgPushSubscription *subscription); /* NULL is allowed */

/** MsgPushKeyFn: @key: (nullable): MSG_PUSH_KEY_BYTES; NULL with an error. */
typedef void (*MsgPushKeyFn) (const uint8_t *key, const GError *error, gpointer data);

/** msg_push_get_key: the key that the database keeps; if it has none, @candidate (MSG_PUSH_KEY_BYTES) becomes it. All who
 *  share a database get one key. Errors: UNAVAILABLE. */
void msg_push_get_key (MsgCore *core, const uint8_t *candidate, MsgPushKeyFn fn, gpointer data);

/**
 * msg_push_subscribe: takes the place of what the device had. An endpoint is one browser's: a subscription of another
 * device with the same one ends (somebody else has logged in there).
 *
 * Errors: INVALID ("endpoint", "p256dh"), NOT_FOUND ("session": the device is not logged in), UNAVAILABLE.
 */
void msg_push_subscribe (MsgCore *core, const MsgPushSubscription *subscription, MsgDoneFn fn, gpointer data);

/** msg_push_unsubscribe: @endpoint: (nullable): only if it is still this one. None is none. Errors: UNAVAILABLE. */
void msg_push_unsubscribe (MsgCore *core, MsgId device_id, const char *endpoint, MsgDoneFn fn, gpointer data);

/** MsgPushUsersFn: @users: (nullable) (element-type MsgId): NULL with an error. */
typedef void (*MsgPushUsersFn) (GArray *users, const GError *error, gpointer data);
/** msg_push_list_users: everybody who has a subscription. Errors: UNAVAILABLE. */
void msg_push_list_users (MsgCore *core, MsgPushUsersFn fn, gpointer data);

/** MsgPushLoaded: what is needed to wake somebody. */
typedef struct {
  GPtrArray *subscriptions; /* (element-type MsgPushSubscription): those that have not expired */
  unsigned n_deaf;          /* users who do not hear of it: nobody looked whether they have one */
  MsgUser *from;            /* (nullable): whom it comes from */
  char *title;              /* (nullable): the chat's, if it has one */
} MsgPushLoaded;

/** MsgPushLoadedFn: @loaded: (nullable): NULL with an error. */
typedef void (*MsgPushLoadedFn) (const MsgPushLoaded *loaded, const GError *error, gpointer data);

/** msg_push_load: @users: @n of them, 1 to MSG_PUSH_USERS_MAX. @from, @chat_id: 0: of none; with a chat, of users who are not
 *  in it or have blocked @from there is nothing. Errors: UNAVAILABLE. */
void msg_push_load (MsgCore *core, const MsgId *users, unsigned n, MsgId from, MsgId chat_id, MsgPushLoadedFn fn,
                    gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgPushSubscription, msg_push_subscription_free)
