/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the table of calls, for the calls-*.c files. Main thread. */
#pragma once

#include "base/rate.h"
#include "base/siphash.h"
#include "base/timer.h"
#include "signaling/call-metrics.h"
#include "signaling/calls.h"
#include "signaling/recent-calls.h"

enum { SIG_CALLER, SIG_CALLEE, SIG_PARTY_N };

/** SigCallsWait: one action of a machine (or an answer) that waits for its turn. */
typedef struct {
  SigCallActionType type;
  SigCallNote note;
  SigCallState state;
  SigCallReason reason;
  MsgId device, from_device;
  AlBuf *blob;      /* owned */
  MsgCall *row;     /* owned; PERSIST: as it was when the action was given */
  SigCallsFn fn;    /* REPLY */
  gpointer data;
} SigCallsWait;

/** SigCallsEntry: one call with what it needs around its machine. Counted: the table, writes and look-ups hold it. */
typedef struct {
  unsigned refs;
  /* passed in, not owned */
  SigCalls *calls;          /* NULL once the table has let go */
  /* owned */
  SigCall *call;
  MsgUser *users[SIG_PARTY_N];     /* NULL until looked up */
  MsgDevice *devices[SIG_PARTY_N]; /* NULL until accepted, or not known any more */
  JsonObject *stats;               /* (nullable): of the device that ended the call */
  GQueue waits;                    /* (element-type SigCallsWait): in order; those behind a PERSIST wait for it */

  uint64_t key;                    /* keyed hash of the id: the table's index */
  AlTimer timer;
  int64_t anchor_us, anchor_ms;    /* one moment on both clocks: all times of this call are converted by it */
  SigCallState counted;            /* the state that the metrics know */
  SigCallState writing;            /* of the row that is being written; NEW: none */
  bool running;
  bool known;                      /* a row of it is in the log */
  bool given_up;                   /* before it rang */
  unsigned retries;                /* of the row of its end */
  bool retrying;                   /* the timer is for that */
} SigCallsEntry;

struct SigCalls {
  SigCallsOptions options;
  /* owned */
  GHashTable *by_key;  /* SigCallsEntry.key -> SigCallsEntry (a reference) */
  GHashTable *by_user; /* MsgId in its heap copy -> GPtrArray of SigCallsEntry */
  SigRecentCalls *recent;
  AlRateTable *per_user, *per_pair;
  AlTimerWheel *wheel;
  GSource *source; /* (nullable): one, for the earliest deadline of the wheel */
  AlTimer heartbeat;
  AlSipKey sip_key;
  SigCallMetrics metrics;
  SigCallsEventFn event_fn;
  gpointer event_data;
  void (*unbind) (SigCalls *calls); /* (nullable): from what drives the table */
  bool draining;
};

/* --- calls.c: the table --- */

int64_t sig_calls_now_us (const SigCalls *calls);
int64_t sig_calls_now_ms (const SigCalls *calls);
uint64_t sig_calls_make_key (const SigCalls *calls, const uint8_t *id);
/** sig_calls_find: Returns: (transfer none) (nullable) */
SigCallsEntry *sig_calls_find (SigCalls *calls, const uint8_t *id);
/** sig_calls_insert: @entry: (transfer full) */
void sig_calls_insert (SigCalls *calls, SigCallsEntry *entry);
/** sig_calls_remove: lets go of @entry. @remember: it was a call, so its id stays used. */
void sig_calls_remove (SigCalls *calls, SigCallsEntry *entry, bool remember);
/** sig_calls_of_user: Returns: (transfer full) (element-type SigCallsEntry): a list that stays while calls come and go. */
GPtrArray *sig_calls_of_user (SigCalls *calls, MsgId user_id);
/** sig_calls_rearm: to be called when deadlines have changed. */
void sig_calls_rearm (SigCalls *calls);
/** sig_calls_is_busy: Returns: true when the user is in a connecting or active call. */
bool sig_calls_is_busy (SigCalls *calls, MsgId user_id);
/** sig_calls_fail: answers with an error. */
void sig_calls_fail (const SigCallsError *error, SigCallsFn fn, gpointer data);

/* --- calls-invite.c --- */

void sig_calls_invite (SigCalls *calls, const SigCallsRequest *request, SigCallsFn fn, gpointer data);

/* --- calls-entry.c: one call --- */

SigCallsEntry *sig_calls_entry_new (SigCalls *calls, SigCall *call /* (transfer full) */);
SigCallsEntry *sig_calls_entry_ref (SigCallsEntry *entry);
void sig_calls_entry_unref (SigCallsEntry *entry);
/** sig_calls_entry_close: the table lets go: what waits is answered with `closing`. */
void sig_calls_entry_close (SigCallsEntry *entry);
/**
 * sig_calls_entry_step: gives @event to the machine and does what follows, now or when the log has what comes before.
 * @fn: (nullable): told how it went
 */
SigCallAnswer sig_calls_entry_step (SigCallsEntry *entry, const SigCallEvent *event, SigCallsFn fn, gpointer data);
/** sig_calls_entry_to_ms: Returns: @us of the monotonic clock as milliseconds since the epoch. */
int64_t sig_calls_entry_to_ms (const SigCallsEntry *entry, int64_t us);

/* --- calls-log.c: writing, heartbeats --- */

extern const SigCallsLog sig_calls_core_log;

/** sig_calls_entry_make_row: Returns: (transfer full): the call as it is now. */
MsgCall *sig_calls_entry_make_row (const SigCallsEntry *entry);
/** sig_calls_entry_write: writes the row of @wait; sig_calls_entry_written() follows. */
void sig_calls_entry_write (SigCallsEntry *entry, const MsgCall *row);
/** sig_calls_entry_written: goes on with what waited. @error: (nullable) */
void sig_calls_entry_written (SigCallsEntry *entry, const GError *error);
void sig_calls_on_heartbeat (AlTimer *timer, void *calls);

/* --- calls-json.c: what others see --- */

JsonObject *sig_calls_json_note (const SigCallsEntry *entry, const SigCallsWait *wait);
/** sig_calls_json_event: @state: that it has come to; it may have gone on since. */
JsonObject *sig_calls_json_event (const SigCallsEntry *entry, SigCallState state);
/** sig_calls_json_live: LiveCall of docs/openrpc.json, as a device of @user_id sees it. */
JsonObject *sig_calls_json_live (const SigCallsEntry *entry, MsgId user_id);
/** sig_calls_json_backend: BackendCall of docs/openrpc.json. */
JsonObject *sig_calls_json_backend (const SigCallsEntry *entry);

/* --- calls-errors.c --- */

/** sig_calls_error_of_answer: @retry_after_ms: of SIG_CALL_LIMIT. */
SigCallsError sig_calls_error_of_answer (SigCallAnswer answer, int64_t retry_after_ms);
/** sig_calls_error_of_log: @error: of MSG_ERROR. */
SigCallsError sig_calls_error_of_log (const GError *error);
extern const SigCallsError sig_calls_error_closing, sig_calls_error_shutting_down, sig_calls_error_self,
    sig_calls_error_exists, sig_calls_error_in_call, sig_calls_error_user, sig_calls_error_not_found,
    sig_calls_error_gone;
