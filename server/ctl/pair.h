/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two agents of libnice that find each other through a TURN server and pass data there and back. All on one GMainContext,
 * which is the thread's default one.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/addr.h"

typedef struct CtlPair CtlPair;

/**
 * CtlPairResult:
 * @relayed: the relayed candidate of the first agent; AF_UNSPEC: none
 * @round_trip_us: the shortest of a few; -1: data did not come back
 */
typedef struct {
  AlAddr relayed;
  int64_t round_trip_us;
} CtlPairResult;

/** CtlPairFn: the only call; the pair is still there. */
typedef void (*CtlPairFn) (const CtlPairResult *result, gpointer user);

/**
 * CtlPairConfig: passed in, copied but for what it points to.
 * @server: of TURN over UDP or, with @tcp, TCP
 * @own: the address of this machine from which @server is reached
 * @direct: the second agent has no relay: what it sends comes to the relayed address from outside
 * @limit_ms: when to give up
 */
typedef struct {
  AlAddr server, own;
  bool tcp, direct;
  const char *username, *password;
  unsigned limit_ms;
  CtlPairFn done;
  gpointer user;
} CtlPairConfig;

/** ctl_pair_new: starts. Returns: (transfer full). */
CtlPair *ctl_pair_new (GMainContext *context, const CtlPairConfig *config);
/** ctl_pair_close: begins to give the allocations back. @left: grows by two, and shrinks again when that is done. */
void ctl_pair_close (CtlPair *pair, unsigned *left);
/** ctl_pair_free: after it was closed, or in a hurry. */
void ctl_pair_free (CtlPair *pair);
