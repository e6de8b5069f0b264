/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call between two users: the rules, without clock, socket or database. What happens goes in as events with the
 * time; what is to be done comes out as a bounded list of actions, and the time at which to look again.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

typedef struct SigCall SigCall;

#define SIG_CALL_ID_BYTES 16
#define SIG_CALL_MAX_BLOB_BYTES 65536
#define SIG_CALL_MAX_BLOB_TEXT 87382 /* 64 KiB as base64url without padding */
#define SIG_CALL_MAX_DEVICES 32      /* of the callee that ring; one more may accept */

typedef enum {
  SIG_CALL_NEW, /* made, not yet invited: never seen outside */
  SIG_CALL_RINGING,
  SIG_CALL_CONNECTING,
  SIG_CALL_ACTIVE,
  SIG_CALL_ENDED,
  SIG_CALL_STATE_N
} SigCallState;

typedef enum {
  SIG_CALL_REASON_NONE,
  SIG_CALL_REASON_HANGUP,             /* a party hung up after the call was accepted */
  SIG_CALL_REASON_DECLINED,           /* a device of the callee said no */
  SIG_CALL_REASON_BUSY,               /* the callee is in a connecting or active call */
  SIG_CALL_REASON_MISSED,             /* nobody answered in time, or the server restarted while it rang */
  SIG_CALL_REASON_CANCELLED,          /* the caller gave up while it rang, or was accepted in or accepted another call */
  SIG_CALL_REASON_FAILED,             /* no media in time, a party said so, or the log could not be written */
  SIG_CALL_REASON_ANSWERED_ELSEWHERE, /* told to a device only: the call goes on at another device of the callee */
  SIG_CALL_REASON_DISCONNECTED,       /* a party was gone for too long */
  SIG_CALL_REASON_ENDED_BY_ADMIN,
  SIG_CALL_REASON_DISABLED,           /* a party's account was disabled */
  SIG_CALL_REASON_GLARE,              /* both called each other; the call with the smaller id goes on */
  SIG_CALL_REASON_N
} SigCallReason;

typedef enum {
  /* what devices say; each needs user and device */
  SIG_CALL_ON_INVITE,
  SIG_CALL_ON_RING,
  SIG_CALL_ON_ACCEPT,
  SIG_CALL_ON_CONFIRM,
  SIG_CALL_ON_REVEAL,
  SIG_CALL_ON_SEAL,
  SIG_CALL_ON_CONNECTED,
  SIG_CALL_ON_DECLINE,
  SIG_CALL_ON_CANCEL,
  SIG_CALL_ON_HANGUP,
  /* what the server knows */
  SIG_CALL_ON_ATTACHED,   /* user, device, resumed */
  SIG_CALL_ON_DETACHED,   /* user, device, forever */
  SIG_CALL_ON_DISABLED,   /* user */
  SIG_CALL_ON_ADMIN_END,
  SIG_CALL_ON_GLARE,      /* other_id */
  SIG_CALL_ON_SUPERSEDED, /* the caller is in another call now */
  SIG_CALL_ON_LOG_FAILED, /* a SIG_CALL_DO_PERSIST could not be done */
  SIG_CALL_ON_RESTORE,    /* restore */
  SIG_CALL_ON_TIMER,
  SIG_CALL_EVENT_N
} SigCallEventType;

/** SigCallRestore: what the log knows of a call that was open when the server stopped. Times on the monotonic clock of
 *  this run (they may lie before its start, and be negative). */
typedef struct {
  SigCallState state; /* RINGING: it ends as missed at seen_us; CONNECTING or ACTIVE */
  uint64_t device;    /* the callee's, that accepted */
  int64_t started_us, accepted_us;
  int64_t active_us;  /* 0 if never active */
  int64_t seen_us;    /* last durable heartbeat */
} SigCallRestore;

typedef struct {
  SigCallEventType type;
  uint64_t user, device;
  AlBuf *blob;                /* (transfer none): base64url text; INVITE, ACCEPT, CONFIRM, REVEAL, SEAL */
  const uint64_t *devices;    /* INVITE: the callee's attached devices; those past SIG_CALL_MAX_DEVICES do not ring */
  unsigned n_devices;
  bool attached;              /* INVITE, ACCEPT: the device has a connection whose end will be reported */
  bool resumed;               /* ATTACHED: what was sent to it before is not lost */
  bool forever;               /* DETACHED: it was revoked, there is nothing to wait for */
  /* INVITE: BUSY or NONE. DECLINE: BUSY, else declined. HANGUP: FAILED, else hangup. */
  SigCallReason reason;
  const uint8_t *other_id; /* GLARE: the call that stays */
  const SigCallRestore *restore;
} SigCallEvent;

/** SigCallAnswer: what the one who sent the event hears. Every state has one for every event. */
typedef enum {
  SIG_CALL_OK,
  SIG_CALL_NOT_FOUND,          /* no part in this call, or not this one's to say: exactly as if there were no call */
  SIG_CALL_DUPLICATE,          /* the callId was used before */
  SIG_CALL_ANSWERED_ELSEWHERE, /* another device of the callee has the call */
  SIG_CALL_ALREADY_ACCEPTED,   /* this device has the call */
  SIG_CALL_WRONG_STATE,
  SIG_CALL_OUT_OF_ORDER,       /* confirm or reveal for the second time, or reveal before confirm */
  SIG_CALL_GONE,               /* the call has ended */
  SIG_CALL_INVALID_BLOB,       /* none, or too large */
  SIG_CALL_LIMIT,              /* too many seals; retry_after_ms says when */
  SIG_CALL_ANSWER_N
} SigCallAnswer;

typedef enum {
  SIG_CALL_NOTE_INCOMING,
  SIG_CALL_NOTE_RINGING,
  SIG_CALL_NOTE_ACCEPTED,
  SIG_CALL_NOTE_CONFIRMED,
  SIG_CALL_NOTE_REVEALED,
  SIG_CALL_NOTE_SEALED,
  SIG_CALL_NOTE_ACTIVE,
  SIG_CALL_NOTE_ENDED,
  SIG_CALL_NOTE_N
} SigCallNote;

typedef enum {
  SIG_CALL_DO_PERSIST, /* write state and times to the log; the actions behind it wait until that is durable */
  SIG_CALL_DO_REPLY,   /* answer the event that this step was given; exactly once for a device's event that is OK */
  SIG_CALL_DO_NOTIFY,  /* note, user, device; blob, from_device, reason as the note needs */
  SIG_CALL_DO_EVENT    /* the call is in the new state: webhooks and metrics. With ENDED it is the call's last action */
} SigCallActionType;

/** SigCallAction: blob is (transfer none), valid until the next step and as long as the event's own. */
typedef struct {
  SigCallActionType type;
  SigCallNote note;
  SigCallState state;
  SigCallReason reason;
  uint64_t user, device; /* to whom */
  uint64_t from_device;  /* RINGING and ACCEPTED: the callee's device */
  AlBuf *blob;
} SigCallAction;

#define SIG_CALL_MAX_ACTIONS (2 * SIG_CALL_MAX_DEVICES + 10)

typedef struct {
  SigCallAnswer answer;
  int64_t retry_after_ms; /* with LIMIT */
  unsigned n;
  SigCallAction actions[SIG_CALL_MAX_ACTIONS];
} SigCallOutput;

/** SigCallLimits: all of it from the configuration; sig_call_limits_init() gives the documented defaults. */
typedef struct {
  int64_t ring_us;    /* 60 s: then missed */
  int64_t connect_us; /* 30 s from accept to both connected: then failed */
  int64_t gone_us;    /* 30 s without a party: then disconnected */
  /* seals of one direction: a bucket of messages and one of bytes of text; each at least 1, a burst at most 2^20 */
  unsigned seal_burst, seal_per_s;
  unsigned seal_burst_bytes, seal_bytes_per_s;
} SigCallLimits;

void sig_call_limits_init (SigCallLimits *limits);

/**
 * sig_call_new:
 * @limits: (transfer none): must outlive the call
 * @id: SIG_CALL_ID_BYTES bytes
 *
 * Users and devices are named by their ids, never 0; caller and callee differ. The call is in SIG_CALL_NEW; the next
 * event is INVITE or RESTORE.
 *
 * Returns: (transfer full). Main thread, as all below.
 */
SigCall *sig_call_new (const SigCallLimits *limits, const uint8_t *id, uint64_t caller, uint64_t caller_device,
                       uint64_t callee, bool video);
void sig_call_free (SigCall *call);

/**
 * sig_call_withhold: before INVITE: the callee is not to know of the call. To all its devices there is no such call, and
 * the caller sees what comes of a callee none of whose devices is connected.
 */
void sig_call_withhold (SigCall *call);
bool sig_call_is_withheld (const SigCall *call);

/**
 * sig_call_step:
 * @now_us: monotonic, never smaller than in the step before
 * @ret_out: overwritten
 *
 * First lets the time that has passed have its effect, then the event. Returns: @ret_out->answer.
 */
SigCallAnswer sig_call_step (SigCall *call, int64_t now_us, const SigCallEvent *event, SigCallOutput *ret_out);

/** sig_call_next_us: Returns: when to give it a TIMER, INT64_MAX for never. */
int64_t sig_call_next_us (const SigCall *call);

SigCallState sig_call_get_state (const SigCall *call);
/** sig_call_get_reason: Returns: why it ended, NONE before. */
SigCallReason sig_call_get_reason (const SigCall *call);
const uint8_t *sig_call_get_id (const SigCall *call);
uint64_t sig_call_get_caller (const SigCall *call);
uint64_t sig_call_get_caller_device (const SigCall *call);
uint64_t sig_call_get_callee (const SigCall *call);
/** sig_call_get_callee_device: Returns: the one that accepted, 0 before. */
uint64_t sig_call_get_callee_device (const SigCall *call);
bool sig_call_get_video (const SigCall *call);
/** sig_call_get_glare_id: Returns: (nullable): the call that stayed, when this one ended by glare. */
const uint8_t *sig_call_get_glare_id (const SigCall *call);
/* Times on the monotonic clock; false and untouched when it has not come to that. */
int64_t sig_call_get_started_us (const SigCall *call);
bool sig_call_get_accepted_us (const SigCall *call, int64_t *ret_us);
bool sig_call_get_active_us (const SigCall *call, int64_t *ret_us);
bool sig_call_get_ended_us (const SigCall *call, int64_t *ret_us);
/** sig_call_get_expires_us: Returns: when it stops ringing. */
int64_t sig_call_get_expires_us (const SigCall *call);
/** sig_call_get_duration_ms: Returns: time in active until the end, 0 if it never was or has not ended. */
int64_t sig_call_get_duration_ms (const SigCall *call);
/** sig_call_get_rung: Returns: the @index-th device of the callee that rang, 0 past the last. */
uint64_t sig_call_get_rung (const SigCall *call, unsigned index);
/** sig_call_is_attended: Returns: whether one of the two parties' devices is attached: then a heartbeat may be written. */
bool sig_call_is_attended (const SigCall *call);
/** sig_call_concerns: Returns: whether the call is live on that device: it is the caller's, is one of the callee's while
 *  it rings, or accepted it. Such a device may ask for TURN credentials and finds the call in session.start. */
bool sig_call_concerns (const SigCall *call, uint64_t user, uint64_t device);

/* Stable words of the API: "ringing", "answered_elsewhere", "call.incoming". */
const char *sig_call_state_to_string (SigCallState state);
const char *sig_call_reason_to_string (SigCallReason reason);
/** sig_call_reason_parse: Returns: NONE for an unknown word. */
SigCallReason sig_call_reason_parse (const char *word);
const char *sig_call_note_to_string (SigCallNote note);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigCall, sig_call_free)
