/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is here, told to those who asked for it. A device asks for some users (presence.subscribe) and hears of their coming
 * and going as long as its connection lasts. A user is here while a device is connected; going is told when nobody has come
 * back for SIG_PRESENCE_GRACE_US, and two things of one user at least SIG_PRESENCE_GAP_US apart, so that a connection that
 * flaps is one change, not many. Main thread.
 */
#pragma once

#include "messaging/presence.h"
#include "signaling/session.h"

#define SIG_PRESENCE_GRACE_US (15 * G_USEC_PER_SEC)
#define SIG_PRESENCE_GAP_US (10 * G_USEC_PER_SEC)
/** SIG_PRESENCE_WATCHERS_MAX: devices that are told of one user; more than that get the answer alone. With the gap this
 *  bounds what anybody's coming and going costs. */
#define SIG_PRESENCE_WATCHERS_MAX 1000

typedef struct SigPresence SigPresence;

/** SigPresenceConfig: none of it is owned. */
typedef struct {
  SigSessions *sessions;
  GMainContext *context;     /* (nullable): of the timer; NULL: sig_presence_tick() is called by hand */
  int64_t (*now_us) (void);
  int64_t (*wall_ms) (void);
} SigPresenceConfig;

SigPresence *sig_presence_new (const SigPresenceConfig *config);
void sig_presence_free (SigPresence *presence); /* NULL is allowed */

/** sig_presence_get_revision: Returns: changes with every sig_presence_forget(): what was looked up before is void. */
uint64_t sig_presence_get_revision (const SigPresence *presence);
/** sig_presence_is_here: Returns: whether @user_id is, as it was told last where somebody is told. */
bool sig_presence_is_here (SigPresence *presence, MsgId user_id);
/** sig_presence_watch: the attached device of @session is told of those of @seen that are visible, and of nobody else any
 *  more. */
void sig_presence_watch (SigPresence *presence, SigSession *session, const GArray *seen);
/** sig_presence_forget: what @user_id lets others see has changed: nobody is told of them, nor they of others, until asked
 *  for again; who was, sees them gone. */
void sig_presence_forget (SigPresence *presence, MsgId user_id);
/** sig_presence_tick: tells what is due. */
void sig_presence_tick (SigPresence *presence);
/** sig_presence_get_n: Returns: users of whom somebody is told. */
unsigned sig_presence_get_n (const SigPresence *presence);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigPresence, sig_presence_free)
