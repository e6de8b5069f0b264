/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secret chats: what one device of a user and one device of another say to each other, opaque to the server. It knows who
 * has asked whom and which two devices it is between; what they say lies in a queue of the device that it is for until that
 * device says that it has it, and nowhere else. How the devices agree on keys: docs/e2ee.md.
 *
 *   request          accept (one device of the callee)
 *   -------> waiting -----------------------> open
 *               | discard, decline, expired     | discard, or a session of one of the two ends
 *               +-----> no more <---------------+
 *
 * Who is blocked is not told so (privacy.h): the request waits until it expires, messages seem to be on their way. Rules
 * common to all functions: messaging/core.h.
 */
#pragma once

#include "messaging/core.h"

#define MSG_SECRET_ID_BYTES 16
/** MSG_SECRET_BLOB_MAX: bytes of a handshake; that of docs/e2ee.md has some 1.7 kB. */
#define MSG_SECRET_BLOB_MAX 4096
#define MSG_SECRET_PAYLOAD_MAX 65536
/** MSG_SECRET_REQUEST_MS: how long a request waits for an answer. */
#define MSG_SECRET_REQUEST_MS (INT64_C (7) * 24 * 3600 * 1000)
/** MSG_SECRET_PAIR_MAX: requests of one user to another that wait. */
#define MSG_SECRET_PAIR_MAX 3
/** MSG_SECRET_REQUESTS_MAX: requests to one user that wait. */
#define MSG_SECRET_REQUESTS_MAX 50
/** MSG_SECRET_SENT_MAX: sends of a device in a chat that are known again when they are repeated. */
#define MSG_SECRET_SENT_MAX 128
/** MSG_SECRET_QUEUE_PAGE: rows in one answer. */
#define MSG_SECRET_QUEUE_PAGE 100

/** MsgSecretEnd: why there is no such chat any more; stored as these numbers. */
typedef enum {
  MSG_SECRET_DISCARDED,  /* by one of the two devices */
  MSG_SECRET_DECLINED,   /* by a device of the callee */
  MSG_SECRET_CANCELLED,  /* by who had asked */
  MSG_SECRET_EXPIRED,    /* nobody has answered */
  MSG_SECRET_TAKEN,      /* another device of the callee has accepted it: told to the others */
  MSG_SECRET_SESSION,    /* the session of one of the two devices has ended */
  MSG_SECRET_END_N
} MsgSecretEnd;

/** MsgSecretKind: ACCEPTED, MESSAGE and ENDED are rows of a device's queue, stored as these numbers; the others are told to
 *  who is here, and found in msg_secret_list(). */
typedef enum {
  MSG_SECRET_ACCEPTED = 1,
  MSG_SECRET_MESSAGE,
  MSG_SECRET_ENDED,
  MSG_SECRET_REQUESTED,
  MSG_SECRET_WITHDRAWN,
  MSG_SECRET_KIND_N
} MsgSecretKind;

typedef struct {
  MsgSecretKind kind;
  MsgId to_user;
  MsgId to_device;      /* of rows; of the others 0: all devices of the user */
  MsgId except_device;  /* WITHDRAWN: it knows, or 0 */
  int64_t qts;          /* of rows: the device's count: 1, 2, 3 ... without gaps */
  uint8_t secret_id[MSG_SECRET_ID_BYTES];
  int64_t at_ms;
  MsgId device_id;      /* ACCEPTED: the one that has; MESSAGE: the one it is from */
  MsgSecretEnd reason;  /* ENDED, WITHDRAWN */
  bool silent;          /* MESSAGE */
  uint8_t *blob;        /* REQUESTED, ACCEPTED: the handshake; MESSAGE: what was sent */
  gsize blob_len;
  MsgUser *from;        /* REQUESTED */
  MsgDevice *device;    /* REQUESTED */
  int64_t expires_ms;   /* REQUESTED */
} MsgSecretEvent;

void msg_secret_event_free (MsgSecretEvent *event); /* NULL is allowed */

/** MsgSecretEventFn: called on the core's context when it is durable, before the callback of the function that caused it;
 *  of one device in the order of qts. */
typedef void (*MsgSecretEventFn) (const MsgSecretEvent *event, gpointer data);
/** msg_core_set_secret_fn: @fn: (nullable). One listener; setting replaces it. Main thread. */
void msg_core_set_secret_fn (MsgCore *core, MsgSecretEventFn fn, gpointer data);

/** MsgSecretAsking: a device's own words. @secret_id: random, of the client's: makes a request repeatable. */
typedef struct {
  MsgId user_id, device_id;
  uint8_t secret_id[MSG_SECRET_ID_BYTES];
  const uint8_t *blob;
  gsize blob_len;      /* 1 to MSG_SECRET_BLOB_MAX; of a message to MSG_SECRET_PAYLOAD_MAX */
} MsgSecretAsking;

/** MsgSecretAskedFn: @expires_ms: when the request is over; 0 with an error. */
typedef void (*MsgSecretAskedFn) (int64_t expires_ms, const GError *error, gpointer data);

/**
 * msg_secret_request: asks @to for a secret chat with this device.
 *
 * Errors: INVALID ("blob", "self"), NOT_FOUND ("user"; "session": the device is not logged in), CONFLICT ("secret_exists":
 * the id is taken), LIMIT ("secret_rate", "too_many_secrets": of this device; "too_many_requests": to that user),
 * UNAVAILABLE.
 */
void msg_secret_request (MsgCore *core, const MsgSecretAsking *asking, MsgId to, MsgSecretAskedFn fn, gpointer data);

/**
 * msg_secret_accept: a device of the callee takes it; the first one has it. Again with the same blob is as the first time.
 *
 * Errors: INVALID ("blob"), NOT_FOUND ("secret": there is none that waits for this user; "session"), CONFLICT
 * ("secret_taken": another device was first), LIMIT ("too_many_secrets"), UNAVAILABLE.
 */
void msg_secret_accept (MsgCore *core, const MsgSecretAsking *asking, MsgDoneFn fn, gpointer data);

/** msg_secret_discard: by one of the two devices, or of one that waits by any device of the callee. None is none. Errors:
 *  UNAVAILABLE. */
void msg_secret_discard (MsgCore *core, MsgId user_id, MsgId device_id, const uint8_t *secret_id, MsgDoneFn fn,
                         gpointer data);

#define MSG_SECRET_RANDOM_BYTES 8

/** MsgSecretSentFn: @at_ms: when it was queued; 0 with an error. */
typedef void (*MsgSecretSentFn) (int64_t at_ms, const GError *error, gpointer data);

/**
 * msg_secret_send: puts @asking->blob into the queue of the other device.
 * @random_id: MSG_SECRET_RANDOM_BYTES of the client's: the same one again is answered as the first time, and sends nothing;
 *   the newest MSG_SECRET_SENT_MAX are known
 *
 * Errors: INVALID ("payload"), NOT_FOUND ("secret": this device has no such chat that is open), LIMIT ("message_rate";
 * "secret_queue": too much waits for the other device), UNAVAILABLE.
 */
void msg_secret_send (MsgCore *core, const MsgSecretAsking *asking, const uint8_t *random_id, bool silent,
                      MsgSecretSentFn fn, gpointer data);

/** MsgSecretQueue: rows in order. */
typedef struct {
  GPtrArray *events; /* (element-type MsgSecretEvent) */
  int64_t qts;       /* what the asker has reached with them */
  bool more;
} MsgSecretQueue;
/** MsgSecretQueueFn: @queue: (nullable): NULL with an error. */
typedef void (*MsgSecretQueueFn) (const MsgSecretQueue *queue, const GError *error, gpointer data);

/** msg_secret_queue: what waits for the device behind @qts. @limit: 1 to MSG_SECRET_QUEUE_PAGE; an answer ends at some 300
 *  kB. Errors: INVALID ("limit"; "qts": of the future), UNAVAILABLE. */
void msg_secret_queue (MsgCore *core, MsgId device_id, int64_t qts, unsigned limit, MsgSecretQueueFn fn, gpointer data);

/** msg_secret_ack: the device has everything up to @qts: it is deleted. Errors: INVALID ("qts"), UNAVAILABLE. */
void msg_secret_ack (MsgCore *core, MsgId device_id, int64_t qts, MsgDoneFn fn, gpointer data);

/** MsgSecretChat: one of the device's, as it is. */
typedef struct {
  uint8_t secret_id[MSG_SECRET_ID_BYTES];
  bool open;         /* else it waits to be accepted */
  bool outgoing;     /* this device has asked */
  MsgId peer_user;
  MsgId peer_device; /* 0: not known yet */
  int64_t created_ms, expires_ms;
} MsgSecretChat;

/** MsgSecretList: all that there is for a device. */
typedef struct {
  int64_t qts;         /* the newest of its queue, 0: none yet */
  GArray *chats;       /* of MsgSecretChat */
  GPtrArray *requests; /* (element-type MsgSecretEvent): REQUESTED: that wait for its user */
} MsgSecretList;
/** MsgSecretListFn: @list: (nullable): NULL with an error. */
typedef void (*MsgSecretListFn) (const MsgSecretList *list, const GError *error, gpointer data);
/** msg_secret_list: Errors: UNAVAILABLE. */
void msg_secret_list (MsgCore *core, MsgId user_id, MsgId device_id, MsgSecretListFn fn, gpointer data);

/** msg_secret_sweep: ends what is over: requests that have expired, chats of sessions that have ended. To be called when
 *  sessions have ended, and now and then. Errors: UNAVAILABLE. */
void msg_secret_sweep (MsgCore *core, MsgDoneFn fn, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgSecretEvent, msg_secret_event_free)
