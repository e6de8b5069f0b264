/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the state machine share: one file per verb. */
#pragma once

#include "base/rate.h"
#include "base/siphash.h"
#include "relay/turn.h"

#define PERMISSION_US (300 * (int64_t) G_USEC_PER_SEC)  /* RFC 8656 §9 */
#define CHANNEL_US (600 * (int64_t) G_USEC_PER_SEC)     /* RFC 8656 §12 */
#define LIFETIME_DEFAULT_S 600u                         /* RFC 8656 §7.2 */
#define CHANNEL_FIRST 0x4000 /* RFC 8656 §12 ends at 0x4FFF; RFC 5766 §11 at 0x7FFF, and such clients live */
#define CHANNEL_LAST 0x7fff
#define REPLY_MAX 1280

typedef struct {
  AlAddr host; /* port 0 */
  int64_t expires_us;
} RelayPermission;

typedef struct {
  AlAddr peer;
  int64_t expires_us;
  uint32_t checked; /* RelayTurn.policies when the policy last allowed the peer */
  uint16_t number;
} RelayChannel;

/* a token bucket; credit: bytes times a million */
typedef struct {
  int64_t credit, then_us;
} RelayBudget;

typedef struct {
  void *socket;    /* owned through RelayIo; NULL: the family is not allocated */
  AlAddr relayed;  /* as the client is told */
  uint16_t port;   /* as taken from RelayPorts */
} RelayEnd;

/*
 *   Connect ──> CONNECTING ──┐                 (each may end: by its time, the peer, or with its allocation)
 *                            ├──> WAITING ──> JOINED
 *   accept() ────────────────┘
 */
typedef enum { RELAY_LINK_CONNECTING, RELAY_LINK_WAITING, RELAY_LINK_JOINED } RelayLinkState;

struct RelayLink {
  RelayAlloc *alloc;
  RelayLink *next;   /* of alloc */
  void *connection;  /* owned through RelayIo */
  AlAddr peer;       /* as the client is told */
  AlTimer timer;     /* until it is joined */
  uint32_t id;       /* CONNECTION-ID */
  RelayLinkState state;
  /* while it connects: what the answer needs */
  uint8_t tid[AL_STUN_TID_BYTES];
  uint8_t key[32];
  uint8_t key_len;
  AlHmacHash hash;
  bool fingerprint;
};

struct RelayAlloc {
  RelayTurn *turn;
  RelayTuple tuple;
  RelayAlloc *next; /* in its bucket */
  AlTimer timer;    /* its end */
  RelayEnd ends[RELAY_FAMILY_N];
  uint8_t key[32];
  uint8_t key_len;
  AlHmacHash hash;
  uint8_t tid[AL_STUN_TID_BYTES]; /* of the Allocate: it may come again */
  uint8_t token[8];               /* RESERVATION-TOKEN that was given out */
  bool has_token, is_tcp;
  uint8_t n_links;
  uint8_t failed_family;          /* ADDRESS-ERROR-CODE's family; 0: none */
  uint16_t failed_code;
  uint32_t lifetime_s;            /* as the Allocate was answered */
  char *id;                       /* owned; id_len bytes, then NUL */
  uint16_t id_len;
  int64_t ends_s;                 /* when the credential ends, seconds since the epoch */
  uint32_t login_config;          /* RelayTurn.policies when its credentials were last looked up */
  RelayPermission *permissions;   /* owned */
  RelayChannel *channels;         /* owned */
  RelayLink *links;               /* owned */
  uint8_t n_permissions, n_channels, last_permission, last_channel, last_outward;
  struct RelayMobility *mobility; /* (nullable) owned; see mobility.h */
  RelayBudget budgets[RELAY_DIRECTION_N];
  unsigned user_slot;             /* in RelayShared.users and .bandwidth */
  RelayTraffic traffic[RELAY_FAMILY_N];
  int64_t made_us, expires_us;
};

struct RelayTurn {
  /* passed in, not owned */
  const RelayTurnConfig *config;
  RelayShared shared;
  AlTimerWheel *wheel;
  RelayIo io;
  void *user;
  unsigned worker;
  int64_t epoch_us;
  /* owned */
  AlHmac *hmac;
  RelayAlloc **buckets;
  unsigned n_buckets, n_allocs;
  RelayAlloc *last; /* whom the last message belonged to */
  RelayAlloc **by_port[RELAY_FAMILY_N]; /* 65,536 each, touched where used */
  AlRateTable *replies;
  GHashTable *revoked; /* id -> seconds since the epoch; bounded */
  GHashTable *links;   /* CONNECTION-ID -> RelayLink */
  AlTimer sweep; /* of reservations made here */
  int64_t sweep_us;
  AlSipKey sip;
  uint32_t policies; /* grows with every configuration */
  uint64_t n_indications;
  RelayTurnStats stats;
  uint8_t reply[REPLY_MAX];
  uint8_t indication[65536 + 64];
};

/* a request on its way through the checks */
typedef struct {
  RelayTurn *turn;
  const RelayTuple *from;
  const AlStunMessage *message;
  RelayAlloc *alloc; /* (nullable) of this 5-tuple */
  RelayLogin login;
  bool verified;     /* login is filled in: answers are signed */
  int64_t now_us;
} RelayRequest;

/* PASSWORD-ALGORITHMS as offered (RFC 8489 §14.11): SHA-256, then MD5 */
#define RELAY_ALGORITHMS_BYTES 8
extern const uint8_t relay_algorithms[RELAY_ALGORITHMS_BYTES];

/* turn-reply.c: begins an answer; its end signs and sends it */
void relay_reply_begin (RelayRequest *request, AlStunWriter *out, AlStunClass cls);
void relay_reply_end (RelayRequest *request, AlStunWriter *out);
void relay_reply_error (RelayRequest *request, unsigned code);
/* a challenge: 401 or 438 */
void relay_reply_challenge (RelayRequest *request, unsigned code);
bool relay_reply_may (RelayRequest *request);
/* 420 when there are attributes that must be understood and are not; Returns: true when it was sent */
bool relay_reply_unknown (RelayRequest *request, const uint16_t *known, unsigned n_known);
/* those that requests of TURN may carry, ascending */
#define RELAY_KNOWN_N 17
extern const uint16_t relay_known[RELAY_KNOWN_N];

/* turn-auth.c: Returns: true when login is filled in; otherwise the request has been answered or dropped */
bool relay_auth (RelayRequest *request);
bool relay_auth_is_revoked (RelayTurn *turn, const uint8_t *id, size_t len, int64_t now_s);

/* one file per verb */
void relay_binding (RelayRequest *request);
/* discovery.c: Returns: true when the Binding came to one of its addresses, and has been answered */
bool relay_discovery (RelayRequest *request);
void relay_allocate (RelayRequest *request);
void relay_refresh (RelayRequest *request);
void relay_create_permission (RelayRequest *request);
void relay_channel_bind (RelayRequest *request);
void relay_connect (RelayRequest *request);
void relay_connection_bind (RelayRequest *request);

/* alloc.c */
RelayAlloc *relay_alloc_find (RelayTurn *turn, const RelayTuple *tuple);
/* counts against the quotas already; in no family yet */
RelayAlloc *relay_alloc_new (RelayRequest *request);
void relay_alloc_end (RelayAlloc *alloc, RelayEndReason reason, int64_t now_us);
/* one that never came to be: no event, no count */
void relay_alloc_undo (RelayAlloc *alloc, int64_t now_us);
/* in the tables of its turn, found by its 5-tuple; remove() stops its timer, too */
void relay_alloc_insert (RelayAlloc *alloc);
void relay_alloc_remove (RelayAlloc *alloc);
/* the memory alone: of one that is in no table */
void relay_alloc_free (RelayAlloc *alloc);
/* to be found by the port of that end */
void relay_alloc_set_port (RelayAlloc *alloc, RelayFamily family);
/* to its end at expires_us */
void relay_alloc_set_timer (RelayAlloc *alloc);
void relay_alloc_set_lifetime (RelayAlloc *alloc, uint32_t lifetime_s, int64_t now_us);
uint32_t relay_alloc_choose_lifetime (const RelayRequest *request);
/* binds a relay socket of @family. @port: one taken already, which is given back when it fails, or 0. Returns: the error
 * code, 0: done */
unsigned relay_alloc_open (RelayAlloc *alloc, RelayFamily family, uint16_t port, bool even, bool pair, int64_t now_us);
/* ends the relayed address of one of two families, with the permissions and channels of its peers */
void relay_alloc_close_family (RelayAlloc *alloc, RelayFamily family, int64_t now_us);
/* takes permissions and channels away from peers that the policy denies */
void relay_alloc_apply_policy (RelayAlloc *alloc);
/* Returns: is there room for permissions of @n peers, 1 to RELAY_MAX_PEERS */
bool relay_alloc_can_permit (RelayAlloc *alloc, const AlAddr *peers, unsigned n, int64_t now_us);
/* makes or renews them; only when there is room */
void relay_alloc_permit (RelayAlloc *alloc, const AlAddr *peers, unsigned n, int64_t now_us);
RelayPermission *relay_alloc_find_permission (RelayAlloc *alloc, const AlAddr *peer, int64_t now_us);

/* Returns: may this be reached, now, over the transport of @alloc: the policy, and that an address of ours is allocated */
bool relay_alloc_may_reach (const RelayAlloc *alloc, const AlAddr *peer);

/* link.c */
RelayLink *relay_link_new (RelayAlloc *alloc, const AlAddr *peer, RelayLinkState state, int64_t now_us);
RelayLink *relay_link_find (const RelayAlloc *alloc, const AlAddr *peer);
void relay_link_set_state (RelayLink *link, RelayLinkState state, int64_t now_us);
/* out of the tables; the connection is its owner's */
void relay_link_free (RelayLink *link);
/* with its connection */
void relay_link_end (RelayLink *link);
/* an address of ours, as clients are told it, and as it is bound. Any other one stays */
AlAddr relay_link_to_bound (const RelayAlloc *alloc, const AlAddr *peer);
AlAddr relay_link_from_bound (const RelayAlloc *alloc, const AlAddr *peer);
/* those of peers that may no longer be reached */
void relay_link_apply_policy (RelayAlloc *alloc);

/* data.c */
/* of a stream, whose bytes cannot be dropped: Returns: how long to wait with more, in microseconds */
int64_t relay_alloc_charge (RelayAlloc *alloc, RelayDirection direction, size_t len, int64_t now_us);
void relay_data_channel (RelayTurn *turn, const RelayTuple *from, const uint8_t *data, size_t len, int64_t now_us);
void relay_data_send (RelayRequest *request);
