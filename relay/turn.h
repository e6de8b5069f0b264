/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TURN server's state machine (RFC 8656) without I/O: messages and times in, messages out through RelayIo. One per
 * worker; everything on its thread. What workers share (ports, quotas, the nonce's key) is lock-free.
 *
 * Not a byte of memory is held for a client before its request carried the right integrity.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/timer.h"
#include "relay/bandwidth.h"
#include "relay/credentials.h"
#include "relay/nonce.h"
#include "relay/policy.h"
#include "relay/ports.h"
#include "relay/quota.h"
#include "relay/reservation.h"
#include "relay/tuple.h"

typedef struct RelayTurn RelayTurn;
typedef struct RelayAlloc RelayAlloc;
typedef struct RelayMove RelayMove;
typedef struct RelayLink RelayLink; /* a peer's connection, of an allocation of TCP (RFC 6062) */

/** RELAY_MAX_PEERS: permissions, and channels, of one allocation. */
#define RELAY_MAX_PEERS 64
/** RELAY_MAX_LINKS: peers' connections of one allocation at once. */
#define RELAY_MAX_LINKS 32
#define RELAY_ID_MAX 64 /* bytes of a user's id that are kept for lists and events; longer ones are cut there */

/** RelayEndReason: why an allocation ended. */
typedef enum {
  RELAY_END_DELETED,   /* Refresh with lifetime 0 */
  RELAY_END_EXPIRED,
  RELAY_END_CLOSED,    /* the client's connection ended */
  RELAY_END_REVOKED,   /* the credential's call ended */
  RELAY_END_SHUTDOWN,
  RELAY_END_N
} RelayEndReason;

/** RelayDrop: why a datagram or message was not passed on; counted per worker. */
typedef enum {
  RELAY_DROP_MALFORMED,      /* no STUN, no ChannelData */
  RELAY_DROP_UNAUTHORIZED,   /* no allocation behind it */
  RELAY_DROP_PERMISSION,     /* no permission for this peer */
  RELAY_DROP_CHANNEL,        /* a channel that is not bound */
  RELAY_DROP_POLICY,         /* a peer that nobody may reach */
  RELAY_DROP_BANDWIDTH,      /* over the allocation's bandwidth */
  RELAY_DROP_USER_BANDWIDTH, /* over its user's */
  RELAY_DROP_REPLY_RATE,     /* unverified requests beyond the rate of their source */
  RELAY_DROP_STALE,          /* media that waited too long for a slow connection */
  RELAY_DROP_AWAY,           /* a mobile client whose connection is gone and who has not come back yet */
  RELAY_DROP_CONNECTIONS,    /* a peer that connects to an allocation that has all it may have; a client over DTLS too many */
  RELAY_DROP_LONG,           /* longer than a record of DTLS may be */
  RELAY_DROP_N
} RelayDrop;

/** RelayTraffic: @rx: from the client to its peers; @tx: from the peers to the client. Bytes of payload. */
typedef struct {
  uint64_t rx_pkts, rx_bytes, tx_pkts, tx_bytes;
} RelayTraffic;

/** RelayHow: a peer's connection came to be. */
typedef enum { RELAY_CONNECTED, RELAY_ACCEPTED, RELAY_HOW_N } RelayHow;

/** RelayTurnStats: since the start; active: now. */
typedef struct {
  uint64_t bindings;                            /* Binding requests answered */
  uint64_t allocations[RELAY_TRANSPORT_N];      /* made */
  unsigned active[RELAY_TRANSPORT_N];
  uint64_t ended[RELAY_END_N];
  uint64_t auth_failures;                       /* wrong user or integrity */
  uint64_t stale_nonces;
  uint64_t refused_quota, refused_capacity;     /* 486, 508 */
  uint64_t forbidden;                           /* 403 */
  uint64_t moves;                               /* allocations that came along with their clients (RFC 8016) */
  uint64_t hairpins;                            /* datagrams between two allocations of this worker */
  uint64_t links[RELAY_HOW_N];                  /* peers' connections that were made */
  uint64_t failed_links;                        /* 447 */
  unsigned active_links;
  uint64_t dropped[RELAY_DROP_N];
  RelayTraffic traffic[RELAY_TRANSPORT_N][RELAY_FAMILY_N]; /* of the client's transport and the relayed family */
} RelayTurnStats;

/** RelayAllocInfo: an allocation as lists and events show it. Plain values. */
typedef struct {
  char id[RELAY_ID_MAX + 1];
  RelayTuple tuple;
  AlAddr relayed[RELAY_FAMILY_N]; /* AF_UNSPEC: none */
  RelayTraffic traffic;
  int64_t made_us, expires_us;
  unsigned permissions, channels, links;
  bool is_tcp;                    /* its peers are reached over TCP */
} RelayAllocInfo;

/**
 * RelayIo: what the state machine asks of its owner, during a call of one of its functions.
 * @send: one message to the client, @len bytes that are copied
 * @send_whole: the same, in fragments where it is longer than the path takes. UDP alone
 * @from_address: makes @tuple leave from its local address. Returns: false when there is no socket for it
 * @pass: ChannelData to the client: 4 bytes of header, then @len bytes that stay as they are until the end of the turn. On
 *   TCP and TLS the owner pads it to fours (RFC 8656 §12.5)
 * @open: a socket bound to @address for @alloc, in which peers' datagrams arrive; NULL when the port is in use
 * @close: the socket of an open
 * @relay: one datagram from the socket to a peer; @dont_fragment: dropped where it is longer than the path takes
 * @hairpin: a datagram for the allocation of port @to, which another worker holds
 * @ended: (nullable): an allocation is gone
 * @is_open: is the connection, or session, of @tuple still there; true for UDP
 * @move: relay_turn_on_move() on that worker. Returns: false when it cannot be told: @move is still the caller's
 * @detach: takes a socket of an open off this worker. Returns: its descriptor, or what else stands for it: 0 or more
 * @attach: such a descriptor, which is taken in any case, as a socket of this worker; NULL when that is not possible
 *
 * The others are asked only for allocations of TCP, RelayTurnConfig.tcp_allocations:
 * @listen: a TCP socket bound to @address that accepts for @alloc; NULL when the port is in use
 * @unlisten: the socket of a listen, whose connections are hung up before
 * @connect: a connection from the address of @socket, a listen's, to @peer; relay_turn_on_connected() says, later, how it
 *   went. NULL: it cannot even begin
 * @join: the client's connection RelayTuple.conn is no longer one for messages: its bytes, those behind the message that
 *   is handled now too, and those of @connection pass from one to the other from now on
 * @hangup: ends @connection of a connect or an accept, with what it is joined to; nothing more is said of it
 */
typedef struct {
  void (*send) (const RelayTuple *to, const void *data, size_t len, void *user);
  void (*send_whole) (const RelayTuple *to, const void *data, size_t len, void *user);
  bool (*from_address) (RelayTuple *tuple, void *user);
  void (*pass) (const RelayTuple *to, const uint8_t head[4], const void *data, size_t len, void *user);
  void *(*open) (RelayAlloc *alloc, const AlAddr *address, void *user);
  void (*close) (void *socket, void *user);
  void (*relay) (void *socket, const AlAddr *peer, const void *data, size_t len, bool dont_fragment, void *user);
  void (*hairpin) (unsigned worker, const AlAddr *from, const AlAddr *to, const void *data, size_t len, void *user);
  void (*ended) (const RelayAllocInfo *info, RelayEndReason reason, void *user);
  bool (*is_open) (const RelayTuple *tuple, void *user);
  bool (*move) (unsigned worker, RelayMove *move, void *user);
  int (*detach) (void *socket, void *user);
  void *(*attach) (RelayAlloc *alloc, int fd, void *user);
  void *(*listen) (RelayAlloc *alloc, const AlAddr *address, void *user);
  void (*unlisten) (void *socket, void *user);
  void *(*connect) (void *socket, RelayLink *link, const AlAddr *peer, void *user);
  void (*join) (void *connection, const RelayTuple *client, void *user);
  void (*hangup) (void *connection, void *user);
} RelayIo;

/**
 * RelayTurnConfig: passed in, not owned; lives as long as it is set.
 * @bind: where relay sockets are bound, by family; AF_UNSPEC: the family is not offered
 * @advertised: what clients are told instead; AF_UNSPEC: the bound address
 * @user_quota, @source_quota: allocations at once of one user, of one source address (/64 of IPv6); 0: no limit
 * @total_quota: of all workers together; 0: no limit
 * @max_lifetime_s: 600 to 3600
 * @max_bps, @max_user_bps: bits per second and direction of one allocation, of all of one user together; 0: no limit
 * @replies_per_s: answers to unverified requests over UDP, per source address; 0: no limit
 * @algorithms: PASSWORD-ALGORITHMS in challenges
 * @discovery: behaviour discovery (RFC 5780) at these two hosts and two ports, by family; AF_UNSPEC: off
 * @mobility: RFC 8016
 * @tcp_allocations: REQUESTED-TRANSPORT may be TCP (RFC 6062)
 * @is_draining: Allocate is answered with 300 and @alternate of the client's family, or without one with 508
 */
typedef struct {
  const RelayCredentials *credentials;
  const RelayPolicy *policy;
  AlAddr bind[RELAY_FAMILY_N], advertised[RELAY_FAMILY_N];
  unsigned user_quota, source_quota, total_quota;
  unsigned max_lifetime_s;
  uint64_t max_bps, max_user_bps;
  unsigned replies_per_s;
  AlAddr discovery[RELAY_FAMILY_N][2];
  bool algorithms, mobility, tcp_allocations, is_draining;
  AlAddr alternate[RELAY_FAMILY_N]; /* AF_UNSPEC: none */
} RelayTurnConfig;

/** RelayShared: of all workers; passed in, not owned. @tcp_ports: (nullable): where there are no allocations of TCP. */
typedef struct {
  RelayNonce *nonce;
  RelayPorts *ports, *tcp_ports;
  RelayQuota *users, *sources;
  RelayBandwidth *bandwidth; /* (nullable): of @users; without it there is no limit of a user's */
  RelayReservations *reservations;
} RelayShared;

/**
 * relay_turn_new:
 * @worker: 0 to 254
 * @wheel: the worker's timers; lives longer
 * @epoch_us: what must be added to monotonic time for the time since the epoch
 */
RelayTurn *relay_turn_new (unsigned worker, const RelayTurnConfig *config, const RelayShared *shared,
                           AlTimerWheel *wheel, int64_t epoch_us, const RelayIo *io, void *user);
/** relay_turn_free: ends every allocation (SHUTDOWN). NULL is allowed. */
void relay_turn_free (RelayTurn *turn);
/** relay_turn_set_config: from now on; allocations that the new policy would refuse keep only peers that it allows. */
void relay_turn_set_config (RelayTurn *turn, const RelayTurnConfig *config, int64_t epoch_us);

/** relay_turn_on_message: @data: one datagram, or one message of a connection: STUN or ChannelData. Returns: false: it is
 *  nothing that somebody without an allocation may say: data, or no STUN that is well formed. */
bool relay_turn_on_message (RelayTurn *turn, const RelayTuple *from, const uint8_t *data, size_t len, int64_t now_us);
/** relay_turn_on_peer: a datagram that arrived at @alloc's socket. @data must stay until the end of the turn. */
void relay_turn_on_peer (RelayTurn *turn, RelayAlloc *alloc, const AlAddr *from, const uint8_t *data, size_t len,
                         int64_t now_us);
/** relay_turn_on_hairpin: what another worker's RelayIo.hairpin was asked to pass on. */
void relay_turn_on_hairpin (RelayTurn *turn, const AlAddr *from, const AlAddr *to, const uint8_t *data, size_t len,
                            int64_t now_us);
/** relay_turn_on_move: (transfer full): what another worker's RelayIo.move was asked to pass on. */
void relay_turn_on_move (RelayTurn *turn, RelayMove *move, int64_t now_us);
/** relay_move_free: one that no worker will take any more; any thread. NULL is allowed. */
void relay_move_free (RelayMove *move);
/** relay_turn_on_closed: the client's connection is gone. */
void relay_turn_on_closed (RelayTurn *turn, const RelayTuple *tuple, int64_t now_us);

/** relay_turn_on_connected: of a RelayIo.connect. @ok: false: it failed, and @link is gone with it. */
void relay_turn_on_connected (RelayTurn *turn, RelayLink *link, bool ok, int64_t now_us);
/** relay_turn_on_accept: @from has connected to @alloc's socket. Nothing of @connection is read before it is joined.
 *  Returns: (nullable): NULL: nobody wants it: the owner closes it. */
RelayLink *relay_turn_on_accept (RelayTurn *turn, RelayAlloc *alloc, const AlAddr *from, void *connection,
                                 int64_t now_us);
/** relay_turn_on_hung_up: the peer's connection has ended; @link is gone. */
void relay_turn_on_hung_up (RelayTurn *turn, RelayLink *link, int64_t now_us);
/** relay_turn_on_carried: @len bytes passed, from the client or to it. Returns: how long nothing more must be read from
 *  where they came, in microseconds; 0: there is bandwidth left. */
int64_t relay_turn_on_carried (RelayTurn *turn, RelayLink *link, bool from_client, size_t len, int64_t now_us);
/** relay_turn_find_home: @data: one message of a connection. Returns: the worker where a ConnectionBind must be handled:
 *  that of its CONNECTION-ID; -1: any other message. Any thread. */
int relay_turn_find_home (const uint8_t *data, size_t len);
/** relay_alloc_get_client: Returns: whose it is. */
const RelayTuple *relay_alloc_get_client (const RelayAlloc *alloc);

/** relay_turn_has: Returns: does @tuple hold an allocation. */
bool relay_turn_has (RelayTurn *turn, const RelayTuple *tuple);

/** relay_turn_revoke: ends what @id (see RelayLogin) holds, and refuses it from now on, until @until_s. */
void relay_turn_revoke (RelayTurn *turn, const char *id, int64_t until_s, int64_t now_us);

/** relay_turn_frame: of a connection. Returns: bytes of the message that begins @data, padding and all (RFC 8656 §12.5);
 *  0: more are needed to know; -1: neither STUN nor ChannelData can begin so. */
ssize_t relay_turn_frame (const uint8_t *data, size_t len);

/** relay_turn_count_drops: @n datagrams or messages that its owner dropped. */
void relay_turn_count_drops (RelayTurn *turn, RelayDrop why, uint64_t n);
/** relay_turn_may_answer: takes one of the answers that unverified requests from @remote get (RelayTurnConfig.replies_per_s).
 *  Returns: false, which has been counted: there are none left. */
bool relay_turn_may_answer (RelayTurn *turn, const AlAddr *remote, int64_t now_us);
void relay_turn_get_stats (const RelayTurn *turn, RelayTurnStats *ret_stats);
/** relay_turn_foreach: shows every allocation. */
void relay_turn_foreach (RelayTurn *turn, void (*fn) (const RelayAllocInfo *info, void *user), void *user);
/** relay_alloc_get_info: of one allocation. */
void relay_alloc_get_info (const RelayAlloc *alloc, RelayAllocInfo *ret_info);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RelayTurn, relay_turn_free)
