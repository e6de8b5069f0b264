/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay's state machine on a bench: two workers that share ports, quotas and reservations, a clock that stands still
 * until it is told to go on, sockets that only note what they are asked, and clients that write requests.
 */
#pragma once

#include "base/stun.h"
#include "relay/turn.h"

#define REALM "example.org"
#define EPOCH_S 1700000000
#define SECOND ((int64_t) G_USEC_PER_SEC)
#define WORKERS 2
#define PEER "9.9.9.9:4000"
#define PEER6 "[2620:fe::9]:4000"
#define RELAY4 "198.51.100.1"
#define RELAY6 "2001:db8::1"

/** Packet: something that left. @head: ChannelData's header, for what was passed. */
typedef struct {
  RelayTuple to;   /* to a client */
  AlAddr from, peer; /* to a peer: the relayed address and the peer's */
  uint8_t head[4];
  bool passed, dont_fragment;
  uint8_t *data;
  size_t len;
} Packet;

typedef struct {
  RelayAlloc *alloc;
  AlAddr address;
} Socket;

/** Listening: an allocation's socket of TCP. */
typedef struct {
  RelayAlloc *alloc;
  AlAddr address;
} Listening;

/** Connection: with a peer. */
typedef struct {
  RelayLink *link;   /* NULL: not wanted, or hung up */
  Listening *from;
  AlAddr peer;
  RelayTuple client; /* once it is joined */
  bool joined, hung_up;
} Connection;

/** Ended: an allocation's last event. */
typedef struct {
  RelayAllocInfo info;
  RelayEndReason reason;
} Ended;

typedef struct {
  unsigned worker;
  RelayMove *move;
} BenchMove;

typedef struct Bench Bench;

typedef struct {
  Bench *bench;
  unsigned index;
} BenchWorker;

struct Bench {
  AlTimerWheel *wheel;
  int64_t now_us;
  RelayTurn *turns[WORKERS];
  BenchWorker workers[WORKERS];
  RelayShared shared;
  RelayTurnConfig config;
  RelayCredentials *credentials;
  RelayPolicy *policy;
  AlHmac *hmac;
  GPtrArray *sent, *relayed, *hairpins; /* of Packet */
  GPtrArray *sockets;                   /* of Socket */
  GArray *ended;                        /* of Ended */
  GPtrArray *listening;                 /* of Listening */
  GPtrArray *connections;               /* of Connection, in their order, those that have ended too */
  unsigned failing_opens;               /* so many more fail; listens too */
  bool failing_connects;                /* cannot even begin */
  bool carries_hairpins;                /* hand them to the other worker at once */
  GPtrArray *moves;                     /* of BenchMove: on their way */
  GHashTable *detached;                 /* descriptor -> Socket */
  bool refuses_moves, failing_attach;   /* no worker takes one; no loop takes a socket */
  uint16_t silent_port;                 /* no socket sends from it */
  void *closed_conn;                    /* a connection that is gone */
};

/** bench_new: @tune: (nullable): changes the configuration before it is used. */
Bench *bench_new (void (*tune) (Bench *bench));
/** bench_free: checks that every port, socket and quota has come back. */
void bench_free (Bench *bench);
/** bench_go: time passes; timers fire. */
void bench_go (Bench *bench, int64_t us);
/** bench_carry: hands moves to their workers until there are none. */
void bench_carry (Bench *bench);
void bench_set_policy (Bench *bench, const char *const *allow, const char *const *deny);
/** bench_set_credentials: NULL-terminated lists. */
void bench_set_credentials (Bench *bench, const char *const *users, const char *const *secrets);
void bench_set_config (Bench *bench);
void bench_drop (Bench *bench, RelayDrop reason, uint64_t expected); /* asserts the count on worker 0 */
AlAddr addr_of (const char *text);

/** bench_from_peer: a datagram at the relayed address of @family. */
void bench_from_peer (Bench *bench, const AlAddr *relayed, const char *from, const void *data, size_t len);
/** bench_take: Returns: (transfer full): the only packet of @packets, which is empty then. */
Packet *bench_take (GPtrArray *packets);
void packet_free (Packet *packet);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bench, bench_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Packet, packet_free)

/** Client: one 5-tuple. */
typedef struct {
  Bench *bench;
  unsigned worker;
  RelayTuple tuple;
  char name[600];
  size_t name_len;
  uint8_t key[32];
  unsigned key_len;
  AlHmacHash hash;
  uint8_t nonce[RELAY_NONCE_MAX];
  size_t nonce_len;
  uint32_t serial;           /* makes transaction ids */
  bool fingerprint;
  bool anywhere;             /* answers may leave from, and go to, other addresses */
  /* the last answer; its bytes live until the next */
  Packet *answer;
  AlStunMessage reply;
  AlAddr relayed[RELAY_FAMILY_N]; /* of the last Allocate */
} Client;

/** client_init: of @address, "alice" with her password, who has been given a nonce. */
void client_init (Client *client, Bench *bench, unsigned worker, const char *address);
void client_clear (Client *client);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Client, client_clear)
/** client_set_user: @sha256: the key is a SHA-256 digest. */
void client_set_user (Client *client, const char *name, const char *password, bool sha256);
/** client_set_rest: "EXPIRY:ID" under @secret; @id: (nullable). */
void client_set_rest (Client *client, int64_t expires_s, const char *id, const char *secret);
/** client_challenge: asks without integrity. Returns: the error code; the nonce is kept. */
unsigned client_challenge (Client *client);

/** Ask: a request that is being written. */
typedef struct {
  AlStunWriter out;
  uint8_t data[2048];
  uint8_t tid[AL_STUN_TID_BYTES];
} Ask;

void ask_begin (Client *client, Ask *ask, AlStunMethod method);
/** ask_send: with name, realm, nonce and integrity. Returns: the error code of the answer, 0: success. */
unsigned ask_send (Client *client, Ask *ask);
/** ask_send_raw: as it stands. Returns: as ask_send(), or 999 when there was no answer. */
unsigned ask_send_raw (Client *client, Ask *ask);
void ask_put_auth (Client *client, Ask *ask);
void ask_peer (Ask *ask, const char *peer);
/** client_tell: bytes from this client, with nothing readable behind them. */
void client_tell (Client *client, const void *data, size_t len);

/* bench-tcp.c: peers and clients of allocations of TCP */
void bench_tcp_set_io (RelayIo *io);
void bench_tcp_clear (Bench *bench);
/** bench_accept: a peer connects to @relayed. Returns: (transfer none) */
Connection *bench_accept (Bench *bench, const AlAddr *relayed, const char *peer);
/** bench_connected: how the last connect went. */
void bench_connected (Bench *bench, unsigned worker, bool ok);
/** bench_get: the last connection. */
Connection *bench_get (Bench *bench);
/** client_init_tcp: as client_init(), of a connection. */
void client_init_tcp (Client *client, Bench *bench, unsigned worker, const char *address);
unsigned client_allocate_tcp (Client *client);
/** client_connect: Returns: 999: no answer yet. */
unsigned client_connect (Client *client, const char *peer);
unsigned client_join (Client *client, uint32_t id);
/** client_read: what came unasked, or late, as the answer: its class and method. Returns: the error code, 0: none */
unsigned client_read (Client *client, AlStunClass cls, AlStunMethod method);
uint32_t client_id (const Client *client); /* CONNECTION-ID of the last answer */

/* whole requests. Returns: the error code, 0: success */
unsigned client_allocate (Client *client);
unsigned client_allocate_with (Client *client, AlStunType type, const void *value, size_t len);
unsigned client_refresh (Client *client, int64_t lifetime_s); /* -1: no LIFETIME */
unsigned client_permit (Client *client, const char *peer);
unsigned client_bind (Client *client, unsigned number, const char *peer);
void client_send (Client *client, const char *peer, const void *data, size_t len);
void client_channel_data (Client *client, unsigned number, const void *data, size_t len);
uint32_t client_lifetime (const Client *client); /* of the last answer */
/** client_is_signed: Returns: does the last answer carry the right integrity. */
bool client_is_signed (Client *client);
