/* SPDX-License-Identifier: Apache-2.0 */
/* The methods that are not calls: server.*, account.*, session.*, user.*, device.*, chat.*, message.*,
 * secret.*, updates.*, push.*, backend.user*, backend.session*,
 * admin.*. */
#pragma once

#include "messaging/core.h"
#include "signaling/conns.h"
#include "signaling/guests.h"
#include "signaling/push.h"
#include "signaling/rpc-private.h"
#include "signaling/session-private.h"
#include "signaling/turn.h"

typedef struct SigServices SigServices;

/** SigServicesConfig: what the methods work on; none of it is owned. */
typedef struct {
  SigRpc *rpc;
  SigSessions *sessions;
  SigConns *conns;
  MsgCore *core;                          /* its two listeners are set by sig_services_new() */
  SigGuests *guests;                      /* (nullable): for session.start with a guest's token */
  SigPush *push;                          /* (nullable): browsers are not woken */
  GMainContext *context;                  /* (nullable): of timers; NULL: none run */
  const char *const *features;            /* words for server.info */
  int64_t (*wall_ms) (void);              /* al_clock_wall_ms() but for tests */
  int64_t (*now_us) (void);               /* al_clock_now_us() but for tests */
  unsigned (*count_calls) (gpointer user); /* (nullable): for admin.status */
  gpointer count_calls_user;
  unsigned n_fronts;                      /* for admin.status */
  const SigTurnHost *turn_host;           /* (nullable): for admin.relayList; copied */
  const SigTurn *turn;                    /* (nullable): for admin.relayProbe, with the configuration it was made from */
  const AlConfig *turn_config;
} SigServicesConfig;

/** sig_services_new: registers the methods. @config: copied. Must live until the core is freed: callbacks come to it. */
SigServices *sig_services_new (const SigServicesConfig *config);
void sig_services_free (SigServices *services);
/** sig_services_tick: now and then, at least every few seconds. */
void sig_services_tick (SigServices *services);
/** sig_services_set_workers: how many threads of the media plane there are, for admin.status. */
void sig_services_set_workers (SigServices *services, unsigned n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigServices, sig_services_free)
