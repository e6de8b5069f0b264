/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One WebRTC transport (all bundled media of one peer connection): ICE-lite, DTLS, SRTP, composed as a state machine without
 * I/O. Messages and times go in; datagrams and events come out by SfuTransportOps. One thread at a time; may be handed to
 * another worker (sfu_transport_set_owner()).
 *
 * A peer is where its last nominated check came from, and only checks with the right integrity tell: DTLS and SRTP from any
 * other address are dropped, whatever they say.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sfu/dtls.h"
#include "sfu/ice.h"
#include "sfu/identity.h"
#include "sfu/srtp.h"

typedef struct SfuTransport SfuTransport;

/** SFU_PATHS_MAX: addresses of one peer that have passed a check; the one that was heard least recently makes way. */
#define SFU_PATHS_MAX 8
/** SFU_QUIET_US: nothing authentic heard for so long: INTERRUPTED. Consent checks are up to 6 s apart (RFC 7675 §5.1). */
#define SFU_QUIET_US (7 * G_USEC_PER_SEC)
/** SFU_CONSENT_US: consent is gone when no check came for so long (RFC 7675 §5.1): nothing may be sent. */
#define SFU_CONSENT_US (30 * G_USEC_PER_SEC)
/** SFU_SILENCE_US: nothing authentic heard for so long, or so long without consent: CLOSED. */
#define SFU_SILENCE_US (30 * G_USEC_PER_SEC)
/** SFU_FAREWELL_US: an alert of DTLS came that cannot be authenticated (sfu_dtls_release()), or that came after an ICE restart,
 *  when another connection may follow, and nothing authentic for so long since: CLOSED. As consent checks are up to 6 s apart
 *  (RFC 7675 §5.1), a forged one has no effect on a living peer. One that is the peer's own ends the transport at once. */
#define SFU_FAREWELL_US SFU_QUIET_US
/** SFU_SETUP_US: a transport that nobody has nominated a path of by then is CLOSED. */
#define SFU_SETUP_US (30 * G_USEC_PER_SEC)
/** SFU_OVERLAP_US: how long checks of the generation before an ICE restart are still answered after the new one has
 *  nominated a path; without that, until the next restart. */
#define SFU_OVERLAP_US (5 * G_USEC_PER_SEC)

/**
 * SfuPath: @remote: the peer's address. @local: where it was sent to (AF_UNSPEC: not known). @via: the socket or connection,
 * compared and handed back, never looked into.
 */
typedef struct {
  AlAddr remote, local;
  void *via;
} SfuPath;

/** sfu_path_equal: the same three. */
bool sfu_path_equal (const SfuPath *a, const SfuPath *b);

/** SfuTransportState: see the table of edges in the .c file. */
typedef enum {
  SFU_TRANSPORT_NEW,         /* no nominated path */
  SFU_TRANSPORT_CONNECTING,  /* DTLS is under way */
  SFU_TRANSPORT_CONNECTED,
  SFU_TRANSPORT_INTERRUPTED, /* was connected; nothing heard for SFU_QUIET_US, or its path's connection is gone */
  SFU_TRANSPORT_CLOSED,
  SFU_TRANSPORT_N
} SfuTransportState;

/** SfuTransportEnd: why it is CLOSED. */
typedef enum {
  SFU_END_NONE,
  SFU_END_LOCAL,     /* sfu_transport_close() */
  SFU_END_PEER,      /* close_notify, or another alert that ends the connection */
  SFU_END_DTLS,      /* the handshake failed: sfu_transport_get_error() */
  SFU_END_TIMEOUT,   /* never a nominated path, or silent for too long */
  SFU_END_RESTARTED, /* the peer began another DTLS connection: its offer must be answered by a new transport */
  SFU_END_N
} SfuTransportEnd;

/**
 * SfuTransportOps: called during the calls below. They may call the get functions and protect, but nothing else, and must not
 * free the transport.
 * @send: @data: one datagram of STUN or DTLS, to be sent (in a frame of RFC 4571 on TCP) now or copied
 * @on_state: after each change
 * @on_path: the peer is somewhere else now (also the first time); @path: the same as sfu_transport_get_path()
 */
typedef struct {
  void (*send) (SfuTransport *transport, const SfuPath *path, const uint8_t *data, size_t len, void *user);
  void (*on_state) (SfuTransport *transport, SfuTransportState state, void *user);
  void (*on_path) (SfuTransport *transport, const SfuPath *path, void *user);
} SfuTransportOps;

/** SfuTransportConfig: all copied but @identity, which lives longer. */
typedef struct {
  const SfuIdentity *identity;
  const char *local_ufrag;            /* by sfu_ice_make_ufrag() */
  const char *remote_ufrag;           /* (nullable): not known yet: not compared */
  bool dtls_client;                   /* a=setup:active was our answer; else passive */
  const SfuFingerprint *fingerprints; /* (nullable): may be told later */
  unsigned n_fingerprints;
} SfuTransportConfig;

/** SfuTransportStats: packets and bytes as on the wire, behind IP and UDP. */
typedef struct {
  uint64_t rx_checks;       /* answered */
  uint64_t rx_bad_checks;   /* wrong integrity, wrong user name, or not a request: dropped */
  uint64_t rx_bad_path;     /* DTLS or SRTP from an address that no check came from: dropped */
  uint64_t rx_early;        /* SRTP before CONNECTED: dropped, see sfu_transport_unprotect_rtp() */
  uint64_t rx_pkts, rx_bytes; /* SRTP and SRTCP that were authentic */
  uint64_t path_changes;
  SfuSrtpStats srtp;
} SfuTransportStats;

/**
 * sfu_transport_new: NEW. Any thread may make it; the first owner is set before anything goes in.
 * @user: of @ops, which must outlive it
 */
SfuTransport *sfu_transport_new (const SfuTransportConfig *config, const SfuTransportOps *ops, void *user,
                                 int64_t now_us);
/** sfu_transport_free: says nothing to the peer: close first. NULL is allowed. */
void sfu_transport_free (SfuTransport *transport);
/** sfu_transport_set_owner: @hmac: of the thread that runs it from now on. @user: of the ops. Paths stay; their @via must mean
 *  the same to the new owner, or be forgotten. */
void sfu_transport_set_owner (SfuTransport *transport, AlHmac *hmac, void *user);

/** sfu_transport_set_fingerprints: of the peer, from its (next) offer; @n: 1 to SFU_FINGERPRINTS_MAX. When the connected
 *  peer's is not among them, another DTLS connection is meant: CLOSED (RFC 8842 §5.5). */
void sfu_transport_set_fingerprints (SfuTransport *transport, const SfuFingerprint *fingerprints, unsigned n,
                                     int64_t now_us);
/**
 * sfu_transport_restart_ice: RFC 8445 §9: a new generation. Checks of both are answered until SFU_OVERLAP_US after the new one
 * nominated a path; DTLS, SRTP and the path in use stay.
 * @local_ufrag: a fresh one of ours
 * @remote_ufrag: (nullable): of the peer's offer
 */
void sfu_transport_restart_ice (SfuTransport *transport, const char *local_ufrag, const char *remote_ufrag,
                                int64_t now_us);

/**
 * sfu_transport_on_stun: a message whose USERNAME begins with one of this transport's ufrags (sfu_transport_has_ufrag()), or
 * anything else of STUN from a path of it. Binding requests are checked and answered, all else is dropped.
 *
 * Returns: was it a valid check: the path belongs to this transport now.
 */
bool sfu_transport_on_stun (SfuTransport *transport, const AlStunMessage *message, const SfuPath *path, int64_t now_us);
/** sfu_transport_on_dtls: @data: a datagram whose first byte says DTLS (al_demux_classify()). */
void sfu_transport_on_dtls (SfuTransport *transport, const SfuPath *path, const uint8_t *data, size_t len,
                            int64_t now_us);
/**
 * sfu_transport_unprotect_rtp: checks and decrypts in place; see sfu_srtp_unprotect_rtp(). Which of the two it is says
 * sfu_rtp_is_rtcp().
 *
 * What comes before the keys is not kept: a DTLS client sends media when it has our Finished, and then we have the keys. Only
 * one that had us send the ClientHello can be early, by the time of one retransmission (SFU_DTLS_FIRST_US), and what was lost
 * then is asked for again; keeping it would mean to hold what nobody has authenticated.
 *
 * Returns: the new length; 0: to be dropped: not CONNECTED or INTERRUPTED, not a path of this peer, or not authentic.
 */
size_t sfu_transport_unprotect_rtp (SfuTransport *transport, const SfuPath *path, uint8_t *rtp, size_t len,
                                    int64_t now_us);
size_t sfu_transport_unprotect_rtcp (SfuTransport *transport, const SfuPath *path, uint8_t *rtcp, size_t len,
                                     int64_t now_us);
/** sfu_transport_forget_via: a connection is gone, and all paths over it. The peer may come back by another one. */
void sfu_transport_forget_via (SfuTransport *transport, const void *via, int64_t now_us);

/** sfu_transport_tick: what is due at @now_us: retransmission, INTERRUPTED, CLOSED, end of the old ICE generation. */
void sfu_transport_tick (SfuTransport *transport, int64_t now_us);
/** sfu_transport_get_deadline: Returns: when to tick next; INT64_MAX: never. May become later without notice (packets came)
 *  and earlier only by the calls above: ask after each of those but unprotect. */
int64_t sfu_transport_get_deadline (const SfuTransport *transport);
/** sfu_transport_close: close_notify when connected; CLOSED. */
void sfu_transport_close (SfuTransport *transport, int64_t now_us);

SfuTransportState sfu_transport_get_state (const SfuTransport *transport);
SfuTransportEnd sfu_transport_get_end (const SfuTransport *transport);
/** sfu_transport_get_error: Returns: (transfer none): why DTLS failed, or "". */
const char *sfu_transport_get_error (const SfuTransport *transport);
/** sfu_transport_state_name: Returns: a static word: "connected". */
const char *sfu_transport_state_name (SfuTransportState state);
/** sfu_transport_get_path: Returns: (transfer none) (nullable): where to send to; NULL: nowhere. */
const SfuPath *sfu_transport_get_path (const SfuTransport *transport);
/** sfu_transport_has_path: Returns: has a valid check come by @path, not too long ago. */
bool sfu_transport_has_path (const SfuTransport *transport, const SfuPath *path);
/** sfu_transport_has_ufrag: Returns: is it one of the (up to two) local ufrags that are answered now. */
bool sfu_transport_has_ufrag (const SfuTransport *transport, const uint8_t ufrag[SFU_ICE_UFRAG_LEN]);
/**
 * sfu_transport_may_send: media may go to sfu_transport_get_path() now: connected once, not closed, and consent is fresh
 * (RFC 7675 §5.1). Ask once per burst.
 */
bool sfu_transport_may_send (const SfuTransport *transport, int64_t now_us);
/** sfu_transport_get_srtp: Returns: (transfer none) (nullable): to protect what is sent; NULL until CONNECTED. */
SfuSrtp *sfu_transport_get_srtp (SfuTransport *transport);
void sfu_transport_get_stats (const SfuTransport *transport, SfuTransportStats *ret_stats);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfuTransport, sfu_transport_free)
