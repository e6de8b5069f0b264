/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All 1:1 calls of this server: the table of state machines (signaling/call.h), their timers, the log that makes them
 * outlive a restart, and the rules that need more than one call (busy, glare, limits). Main thread, all of it.
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

#include "base/config.h"
#include "base/metrics.h"
#include "messaging/call-log.h"
#include "messaging/privacy.h"
#include "signaling/call.h"
#include "signaling/session.h"

typedef struct SigCalls SigCalls;

/** SigCallsOutside: how the table reaches devices. @data is outside_data. */
typedef struct {
  /* @params: (transfer full) */
  void (*notify) (MsgId device_id, const char *method, JsonObject *params, gpointer data);
  /* the user's attached devices, at most @max. Returns: how many were written */
  unsigned (*list_devices) (MsgId user_id, uint64_t *ret_devices, unsigned max, gpointer data);
  bool (*is_attached) (MsgId device_id, gpointer data);
} SigCallsOutside;

/** SigCallsLog: what the table needs of the messaging core; tests bring one that fails when they want. */
typedef struct {
  void (*put) (MsgCore *core, const MsgCall *call, MsgDoneFn fn, gpointer data);
  void (*heartbeat) (MsgCore *core, const uint8_t (*ids)[MSG_CALL_ID_BYTES], unsigned n, int64_t at_ms, MsgDoneFn fn,
                     gpointer data);
  void (*load_open) (MsgCore *core, MsgCallsFn fn, gpointer data);
  void (*get_users) (MsgCore *core, const MsgId *ids, unsigned n, MsgUsersFn fn, gpointer data);
  void (*list_devices) (MsgCore *core, MsgId user_id, MsgDevicesFn fn, gpointer data);
  void (*find_callee) (MsgCore *core, MsgId callee, MsgId caller, MsgCalleeFn fn, gpointer data);
} SigCallsLog;

/** SigCallsEventFn: a call is ringing, connecting, active or has ended.
 *  @name: "call.ringing" and so on; @payload: (transfer full): as under x-webhooks in docs/openrpc.json */
typedef void (*SigCallsEventFn) (const char *name, JsonObject *payload, gpointer data);

typedef struct {
  GMainContext *context;          /* required */
  MsgCore *core;                  /* (transfer none): may be freed before or after the table */
  const SigCallsLog *log;         /* static. Default: that of the core, which is then required */
  AlMetrics *metrics;             /* required; (transfer none): outlives the table */
  const SigCallsOutside *outside; /* required; static */
  gpointer outside_data;

  SigCallLimits limits;       /* default: sig_call_limits_init() */
  unsigned invites_per_user;  /* a minute, with as many at once; 0: no limit. Default 60 */
  unsigned invites_per_pair;  /* of one user to one other, likewise. Default 20 */
  unsigned max_calls_per_user; /* not ended, of which the user is the caller. Default 8 */
  unsigned max_calls;          /* not ended, of all. Default 100,000 */

  /* clocks of tests: monotonic microseconds and milliseconds since the epoch. Default NULL: the system's. With a clock of
   * its own nothing wakes the table by itself: see sig_calls_tick() */
  int64_t (*now_us) (gpointer clock_data);
  int64_t (*now_ms) (gpointer clock_data);
  gpointer clock_data;
} SigCallsOptions;

void sig_calls_options_init (SigCallsOptions *options);

/** sig_calls_new: @options: copied. Returns: (transfer full): an empty table. */
SigCalls *sig_calls_new (const SigCallsOptions *options);

/**
 * sig_calls_new_for_sessions: the table of a server: limits and timeouts of [signaling] in @config, devices reached
 * through @sessions, whose listener and state hook it becomes; they must outlive it.
 */
SigCalls *sig_calls_new_for_sessions (GMainContext *context, const AlConfig *config, MsgCore *core,
                                      SigSessions *sessions, AlMetrics *metrics);

/** sig_calls_free: answers what is still waiting with `closing`; the calls stay in the log as they are. NULL is allowed. */
void sig_calls_free (SigCalls *calls);

/**
 * sig_calls_recover:
 *
 * Takes up the calls that were open when the server stopped; once, before any device can come in. Iterates the context
 * until that is done. Those that rang end as missed (their blobs are gone, and the callee should see that somebody
 * called); the others wait for their devices as for any that was lost.
 *
 * Returns: false with @error when the log cannot be read.
 */
bool sig_calls_recover (SigCalls *calls, GError **error);

/** sig_calls_drain: from now on new calls are refused with `shutting_down`; those that are go on. */
void sig_calls_drain (SigCalls *calls);

/** sig_calls_set_event_fn: @fn: (nullable). One listener, called when the event is durable. */
void sig_calls_set_event_fn (SigCalls *calls, SigCallsEventFn fn, gpointer data);

/* --- What devices say --- */

/** SigCallsError: why not. Strings are static. */
typedef struct {
  int code;                /* SIG_RPC_* */
  const char *reason;      /* of x-errors in docs/openrpc.json */
  const char *message;
  int64_t retry_after_ms;  /* 0: none */
  bool has_call_id;        /* glare: the call that goes on */
  uint8_t call_id[SIG_CALL_ID_BYTES];
} SigCallsError;

/** SigCallsReply: what the methods answer from; valid during the callback. */
typedef struct {
  SigCallState state;
  int64_t expires_at_ms;      /* INVITE: when it stops ringing */
  unsigned n_devices;         /* INVITE: those that ring */
  uint64_t devices[SIG_CALL_MAX_DEVICES];
} SigCallsReply;

/** SigCallsFn: exactly once per request, maybe inside it. One of @error and @reply is NULL. */
typedef void (*SigCallsFn) (const SigCallsError *error, const SigCallsReply *reply, gpointer data);

/** SigCallsRequest: everything is copied or referenced as needed. */
typedef struct {
  SigCallEventType type;      /* INVITE to HANGUP */
  const uint8_t *id;          /* SIG_CALL_ID_BYTES */
  const MsgUser *user;        /* who says it, on */
  const MsgDevice *device;    /* which device, */
  bool attached;              /* and whether that has a connection */
  AlBuf *blob;                /* (transfer none) (nullable): base64url text, checked */
  MsgId to;                   /* INVITE */
  bool video;                 /* INVITE */
  SigCallReason reason;       /* DECLINE, HANGUP */
  JsonObject *stats;          /* (transfer none) (nullable): figures of the device, flat, bounded by the schema */
} SigCallsRequest;

/**
 * sig_calls_say:
 *
 * INVITE, ACCEPT and what ends a call are answered when that is durable; the rest at once or, to keep the order, behind
 * it. An invite to somebody who is in a call is answered with the state ENDED and followed by call.ended with `busy`.
 *
 * Glare, where A rings B with call X and B invites A with call Y: if X is the smaller, Y is refused with `glare` and X
 * as data.callId. If Y is the smaller, X ends with the reason `glare` on every device that knows of it, and then Y rings.
 */
void sig_calls_say (SigCalls *calls, const SigCallsRequest *request, SigCallsFn fn, gpointer data);

/**
 * sig_calls_check_party:
 *
 * For call.turn. Returns: true while the call is live on that device, else false with *@ret_error (`call` or
 * `call_ended`).
 */
bool sig_calls_check_party (SigCalls *calls, const uint8_t *id, MsgId user_id, MsgId device_id,
                            SigCallsError *ret_error);

/** sig_calls_get_peer: Returns: the other side of a call that the device is a party of, once it was accepted; else 0. */
MsgId sig_calls_get_peer (SigCalls *calls, const uint8_t *id, MsgId user_id, MsgId device_id);

/* --- What the server knows. sig_calls_new_for_sessions() binds all of it to the sessions. --- */

/** sig_calls_device_attached: @resumed: nothing that was sent to it before is lost. */
void sig_calls_device_attached (SigCalls *calls, MsgId user_id, MsgId device_id, bool resumed);
/** sig_calls_device_detached: @forever: it was revoked: there is no waiting for it. */
void sig_calls_device_detached (SigCalls *calls, MsgId user_id, MsgId device_id, bool forever);
/** sig_calls_of_device: Returns: (transfer full): the live calls of a device, as in the answer of session.start. */
JsonArray *sig_calls_of_device (SigCalls *calls, MsgId user_id, MsgId device_id);
/** sig_calls_user_disabled: ends the calls of a user that was disabled or deleted; before its sessions are revoked. */
void sig_calls_user_disabled (SigCalls *calls, MsgId user_id);

/* --- Administration --- */

/** sig_calls_list: Returns: (transfer full): all calls that have not ended, as BackendCall in docs/openrpc.json. */
JsonArray *sig_calls_list (SigCalls *calls);

/** sig_calls_end: ends a call as `ended_by_admin`. @fn is called when that is durable, maybe inside this function;
 *  errors: `call` (no such call), `call_ended`, `storage`. */
void sig_calls_end (SigCalls *calls, const uint8_t *id, SigCallsFn fn, gpointer data);

/** sig_calls_count: Returns: how many have not ended. */
unsigned sig_calls_count (const SigCalls *calls);

/** sig_calls_tick: lets the time that has passed have its effect. For tests that bring their own clock. */
void sig_calls_tick (SigCalls *calls);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigCalls, sig_calls_free)
