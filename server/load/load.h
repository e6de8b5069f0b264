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
  char chat_id[24]; /* with the next user; empty: none yet */
  char crowd_id[24];
  GString *text;    /* of an XMPP stream, what is not complete */
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
  const char *name; /* of the users: name-0, name-1, ... */
  const char *xmpp; /* (nullable): the domain of an XMPP server, which is spoken to instead */
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

/** load_random_id: Returns: (transfer full): of a message, 8 bytes in base64url. */
char *load_random_id (void);
/** load_find_chat: the id of the member "chat". */
bool load_find_chat (const char *text, char ret[24]);

/* Scenarios: print one line of key=value pairs each. */
void load_idle (Load *load, unsigned n);
void load_echo (Load *load, unsigned per_second, unsigned seconds);
/** load_calls: sets up and ends @n calls at @per_second (0: as fast as @at_once allows), at most @at_once alive. */
void load_calls (Load *load, unsigned n, unsigned per_second, unsigned at_once);
/** load_messages: @per_second: 0: @at_once are always on their way */
void load_messages (Load *load, unsigned per_second, unsigned seconds, unsigned at_once);
void load_crowd (Load *load, const char *path);
void load_post (Load *load, unsigned n);
void load_difference (Load *load, unsigned n, unsigned times);
void load_asking (Load *load, unsigned per_second, unsigned seconds);
