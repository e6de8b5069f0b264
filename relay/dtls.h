/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients over DTLS (RFC 7350, RFC 8656 §2.1) of one worker, without I/O: datagrams and times in, datagrams and messages
 * out. A session begins with the second ClientHello, which carries the cookie that the first was answered with: before it,
 * not a byte is kept of anybody. A session without an allocation ends after RELAY_DTLS_IDLE_US, and says so.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/stream.h"
#include "base/timer.h"
#include "base/tls.h"
#include "relay/turn.h"

typedef struct RelayDtls RelayDtls;
typedef struct RelaySession RelaySession;

/** RELAY_DTLS_FIRST_US, _CAP_US, _GIVE_UP_US: of the handshake. A round trip that is longer than the first costs a flight more,
 *  to an address that has proved itself; RFC 6347 §4.2.4.1 recommends 1 s. */
#define RELAY_DTLS_FIRST_US (500 * 1000)
#define RELAY_DTLS_CAP_US (4 * (int64_t) G_USEC_PER_SEC)
#define RELAY_DTLS_GIVE_UP_US (15 * (int64_t) G_USEC_PER_SEC)
/** RELAY_DTLS_IDLE_US: how long a session may be without an allocation, as on TLS. */
#define RELAY_DTLS_IDLE_US (30 * (int64_t) G_USEC_PER_SEC)
/** RELAY_DTLS_PER_S: handshakes that one worker begins in a second; it signs for each. Others wait for their client's next
 *  ClientHello. */
#define RELAY_DTLS_PER_S 500
/** RELAY_DTLS_PER_SOURCE_S, _PER_SOURCE_BURST: of these for one source address (of IPv6: one /64), so that nobody takes them
 *  all by coming back again and again. Many clients may stand behind one NAT. */
#define RELAY_DTLS_PER_SOURCE_S 10
#define RELAY_DTLS_PER_SOURCE_BURST 20
/** RELAY_DTLS_UNPROVED_MAX: sessions that have not held an allocation yet: one more ends the oldest of them. */
#define RELAY_DTLS_UNPROVED_MAX 1000

/**
 * RelayDtlsIo: what is asked of the owner, during a call of a function or in a timer.
 * @send: one datagram of @len bytes by @path
 * @receive: one record: a message of @from, whose transport is RELAY_DTLS, and conn the RelaySession; @data until the return
 * @may_answer: may a ClientHello from @remote, which anybody may have sent in its name, be answered
 * @is_used: does @client hold an allocation
 * @ended: the session is gone
 * @drop: a datagram was not taken
 */
typedef struct {
  void (*send) (const RelayTuple *path, const uint8_t *data, size_t len, void *user);
  void (*receive) (const RelayTuple *from, const uint8_t *data, size_t len, int64_t now_us, void *user);
  bool (*may_answer) (const AlAddr *remote, int64_t now_us, void *user);
  bool (*is_used) (const RelayTuple *client, void *user);
  void (*ended) (const RelayTuple *client, int64_t now_us, void *user);
  void (*drop) (RelayDrop why, void *user);
} RelayDtlsIo;

/**
 * relay_dtls_new:
 * @tls: made by al_tls_new_datagram(); a reference is taken
 * @wheel: the worker's timers; lives longer
 * @door: (nullable): how many sessions there may be; asked when an address has proved itself
 * @io: static
 */
RelayDtls *relay_dtls_new (AlTls *tls, AlTimerWheel *wheel, const AlAdmission *door, const RelayDtlsIo *io, void *user);
/** relay_dtls_free: ends every session with close_notify. NULL is allowed. */
void relay_dtls_free (RelayDtls *self);

/** relay_dtls_on_datagram: @path: addresses, transport RELAY_UDP, and the socket. */
void relay_dtls_on_datagram (RelayDtls *self, const RelayTuple *path, const uint8_t *data, size_t len, int64_t now_us);
/** relay_dtls_claims: for a port that is shared with WebRTC. Returns: is there a session by @path, and the datagram not the
 *  ClientHello of a WebRTC peer (use_srtp, RFC 5764 §4.1). */
bool relay_dtls_claims (RelayDtls *self, const RelayTuple *path, const uint8_t *data, size_t len);
/** relay_dtls_send: one message of @len bytes in a record; one over AL_DTLS_RECORD_MAX is dropped.
 *  @session: RelayTuple.conn of a client that is open. */
void relay_dtls_send (RelaySession *session, const void *data, size_t len, int64_t now_us);
/** relay_dtls_is_open: O(1). Returns: is the session of @client still there. */
bool relay_dtls_is_open (RelayDtls *self, const RelayTuple *client);
/** relay_dtls_get_n: Returns: how many sessions there are. */
unsigned relay_dtls_get_n (const RelayDtls *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RelayDtls, relay_dtls_free)
