/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of WHIP and WHEP share. */
#pragma once

#include "messaging/api-key.h"
#include "sfu/offer.h"
#include "signaling/front.h"
#include "signaling/whip.h"

#define SIG_WHIP_NAME_MAX 64
#define SIG_WHIP_ID_BYTES 24
#define SIG_WHIP_ID_TEXT (32 + 1)

typedef struct SigWhipStream SigWhipStream;

/** SigWhipState: of a session's transport. */
typedef enum { SIG_WHIP_CONNECTING, SIG_WHIP_CONNECTED, SIG_WHIP_INTERRUPTED, SIG_WHIP_STATE_N } SigWhipState;
/** SIG_WHIP_REFUSALS: kinds of answers that are counted. */
#define SIG_WHIP_REFUSALS 14

/** SigWhipSession: of a publisher or a player. */
typedef struct {
  SigWhipStream *stream;
  bool publisher;
  SigWhipState state; /* N: not counted */
  char id[SIG_WHIP_ID_TEXT];
  uint8_t turn_id[16];
  uint64_t peer;
  unsigned restarts; /* part of the ETag */
  int64_t deadline_us; /* to be connected; INT64_MAX: it is */
  char *answer;
  char *ufrag, *pwd; /* the client's, now */
} SigWhipSession;

struct SigWhipStream {
  char name[SIG_WHIP_NAME_MAX + 1];
  uint64_t room;
  SigWhipSession *publisher; /* (nullable) */
  unsigned n_sessions;
};

struct SigWhip {
  SigWhipConfig config;
  MsgApiKeys *publish_keys, *play_keys;
  char **publish_names; /* of publish_keys */
  bool has_play_keys;
  GHashTable *streams;  /* name -> SigWhipStream, owned */
  GHashTable *rooms;    /* room -> SigWhipStream */
  GHashTable *sessions; /* id -> SigWhipSession, owned */
  /* of players, of publishers; NULL without metrics */
  AlGauge *live[2][SIG_WHIP_STATE_N];
  AlCounter *opened[2], *refused[2][SIG_WHIP_REFUSALS];
};

/** SigWhipAsk: one request while it is looked at. */
typedef struct {
  SigWhip *whip;
  SigConnId conn;
  SigWebMethod method;
  bool publisher; /* /whip/, not /whep/ */
  char stream[SIG_WHIP_NAME_MAX + 1];
  char session[SIG_WHIP_ID_TEXT]; /* empty: the endpoint's URL */
  char *content_type, *if_match;  /* (nullable) */
  char *body;
  size_t len;
} SigWhipAsk;

void sig_whip_ask_free (SigWhipAsk *ask);

/* whip-auth.c */

/** sig_whip_authorize: calls sig_whip_serve() or answers 401 or 403. @ask: (transfer full). @bearer: (nullable). */
void sig_whip_authorize (SigWhipAsk *ask, const char *bearer);
/** sig_whip_read_keys: Returns: false: nothing has changed. */
bool sig_whip_read_keys (SigWhip *whip, const AlConfig *settings, GError **error);

/* whip-serve.c */

/** sig_whip_serve: a request that may be served. @ask: (transfer none). */
void sig_whip_serve (const SigWhipAsk *ask);

/* whip.c */

/** sig_whip_add_session: in the stream's room, which is made if need be. Returns: (nullable): NULL: there are too many. */
SigWhipSession *sig_whip_add_session (const SigWhipAsk *ask);
void sig_whip_remove_session (SigWhip *whip, SigWhipSession *session);

/* whip-metrics.c */

void sig_whip_make_metrics (SigWhip *whip, AlMetrics *metrics);
/** sig_whip_count_state: @session is in @state from now on; N: gone. */
void sig_whip_count_state (const SigWhip *whip, SigWhipSession *session, SigWhipState state);
/** sig_whip_count_refusal: @status: what was answered. */
void sig_whip_count_refusal (const SigWhip *whip, bool publisher, unsigned status);

/* whip-answer.c */

/** sig_whip_refuse: a problem (RFC 9457). @retry_after_s: 0: none. */
void sig_whip_refuse (const SigWhipAsk *ask, unsigned status, const char *title, const char *detail, unsigned retry_after_s);
/** sig_whip_respond: @body: (nullable). */
void sig_whip_respond (const SigWhipAsk *ask, unsigned status, const char *fields, const char *body);
/** sig_whip_write_links: rel="ice-server" fields (RFC 9725 §4.6), as many as fit. */
void sig_whip_write_links (SigWhip *whip, const SigWhipSession *session, GString *fields);
