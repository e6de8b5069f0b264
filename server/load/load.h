/* SPDX-License-Identifier: Apache-2.0 */
/* What the scenarios of aldis-load share: simulated users, each a device with one connection, all on one loop. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/loop.h"
#include "server/load/conn.h"
#include "server/load/samples.h"

typedef struct Load Load;
typedef struct LoadUser LoadUser;

struct LoadUser {
  Load *load;
  LoadConn *conn; /* NULL before and after */
  unsigned index;
  bool ready;     /* session.start has answered (bare: connected) */
  char id[24];    /* as the server gave it */
  /* the call scenario's */
  char call_id[23]; /* base64url of 16 bytes; empty: no call */
  int64_t invited_us;
  LoadUser *peer;
  int step;
};

struct Load {
  AlLoop *loop;
  AlAddr address;
  bool bare;
  AlTls *tls; /* (nullable): owned */
  const char *jwt_secret;
  LoadUser *users;
  unsigned n_users, n_ready, n_lost;
  uint64_t next_id; /* of a request */
  /* the running scenario's, called for every text that is not the answer to session.start */
  void (*on_message) (LoadUser *user, char *text, size_t len);
  void *scenario;
};

/** load_run_until: turns the loop until *@flag or @timeout_ms passed. Returns: whether *@flag is set. */
bool load_run_until (Load *load, const bool *flag, int64_t timeout_ms);
/** load_send: formats one message of at most 4 KiB to @user's connection; dropped when that is gone. */
void load_send (LoadUser *user, const char *format, ...) G_GNUC_PRINTF (2, 3);
/** load_find_string: the value of the first member @name in @text, which must be a string without escapes. */
bool load_find_string (const char *text, const char *name, char *ret, size_t size);
/** load_make_jwt: HS256 for @sub, valid an hour. Returns: (transfer full). */
char *load_make_jwt (const char *secret, const char *sub);

/* Scenarios: print one line of key=value pairs each. */
void load_idle (Load *load, unsigned n);
void load_echo (Load *load, unsigned per_second, unsigned seconds);
/** load_calls: sets up and ends @n calls at @per_second (0: as fast as @at_once allows), at most @at_once alive. */
void load_calls (Load *load, unsigned n, unsigned per_second, unsigned at_once);
