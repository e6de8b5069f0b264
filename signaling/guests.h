/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guests: people without an account, each with a session that is good for one room. In memory alone: a token is a secret
 * of 256 bits, "alg_" and base64url, and is kept as its hash. A guest ends with the session: when its participant
 * leaves, when it has not joined a room for SIG_GUEST_IDLE_US, or has been away for as long as sessions are kept. Main
 * thread.
 */
#pragma once

#include "signaling/session-private.h"

typedef struct SigGuests SigGuests;

#define SIG_GUEST_IDLE_US (60 * G_USEC_PER_SEC)

/** SigGuest: to be read. */
typedef struct {
  MsgUser *user;
  MsgDevice *device;
  MsgId room_id;
  /*< private >*/
  uint8_t hash[32];
  int64_t idle_since_us; /* 0: in the room, or in its lobby */
  bool ending;
  GList link;            /* in idle, or in ending */
} SigGuest;

/** sig_guests_new: @context: the main context. @sessions: (transfer none): must outlive it. @now_us: al_clock_now_us() but
 *  for tests. */
SigGuests *sig_guests_new (GMainContext *context, SigSessions *sessions, int64_t (*now_us) (void));
void sig_guests_free (SigGuests *guests);

/**
 * sig_guests_add:
 * @name: tidied
 * @ret_token: (transfer full): given out this once
 *
 * Returns: (transfer none): a guest without a session; sig_sessions_attach() makes one, and
 * sig_session_set_guest_room() is for the caller to do.
 */
const SigGuest *sig_guests_add (SigGuests *guests, MsgId room_id, const char *name, int64_t now_ms, char **ret_token);
/** sig_guests_is_token: whether @token looks like a guest's. */
bool sig_guests_is_token (const char *token);
/** sig_guests_find: Returns: (transfer none) (nullable) */
const SigGuest *sig_guests_find (SigGuests *guests, const char *token);
/** sig_guests_set_inside: whether the guest of that device has a participant. Unknown devices are passed over. */
void sig_guests_set_inside (SigGuests *guests, MsgId device_id, bool inside);
/** sig_guests_end: the token is good for nothing any more, and the connection closes when what is being answered was
 *  sent: in the next turn of the context. Unknown devices are passed over. */
void sig_guests_end (SigGuests *guests, MsgId device_id);
/** sig_guests_tick: ends those who do nothing; every second. */
void sig_guests_tick (SigGuests *guests);
unsigned sig_guests_get_n (const SigGuests *guests);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigGuests, sig_guests_free)
