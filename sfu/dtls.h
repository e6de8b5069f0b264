/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DTLS 1.2 for SRTP (RFC 5764) as a state machine without I/O: datagrams and times in, datagrams and events out. The peer's
 * certificate is judged by fingerprints inside the handshake, so that no key exists before it is the right one. Nothing but
 * alerts is exchanged afterwards. One thread at a time; may be handed to another one.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sfu/identity.h"
#include "sfu/srtp.h"

typedef struct SfuDtls SfuDtls;

/** SFU_DTLS_MTU: longest datagram that is sent. */
#define SFU_DTLS_MTU 1200
/** SFU_DTLS_QUEUE_MAX: datagrams that are kept before the start; the oldest ones, as a flight begins with what matters. */
#define SFU_DTLS_QUEUE_MAX 8
/** SFU_DTLS_FIRST_US, SFU_DTLS_CAP_US: a flight is sent again after the first; each further time takes twice as long, up to the
 *  cap. RFC 6347 §4.2.4.1 recommends 1 s, where nothing is known of the path; here a STUN check has just passed it. */
#define SFU_DTLS_FIRST_US (50 * 1000)
#define SFU_DTLS_CAP_US (4 * G_USEC_PER_SEC)
/** SFU_DTLS_GIVE_UP_US: from the start. */
#define SFU_DTLS_GIVE_UP_US (30 * G_USEC_PER_SEC)

/** SfuDtlsState: NEW until sfu_dtls_start(); CLOSED: by the peer's close_notify, or ours; FAILED: alert, wrong certificate, no
 *  common profile, or too late. */
typedef enum {
  SFU_DTLS_NEW,
  SFU_DTLS_HANDSHAKE,
  SFU_DTLS_CONNECTED,
  SFU_DTLS_CLOSED,
  SFU_DTLS_FAILED,
  SFU_DTLS_N
} SfuDtlsState;

/** SfuDtlsSendFn: @data: @len bytes, at most SFU_DTLS_MTU, to be sent as one datagram. Must not call back into @dtls. */
typedef void (*SfuDtlsSendFn) (const uint8_t *data, size_t len, void *user);

/**
 * sfu_dtls_new:
 * @identity: not owned; lives longer
 * @send: takes what is to be sent, during the calls below
 *
 * Cheap: OpenSSL's part is made at the start.
 */
SfuDtls *sfu_dtls_new (const SfuIdentity *identity, SfuDtlsSendFn send, void *user);
/** sfu_dtls_free: says nothing to the peer. NULL is allowed. */
void sfu_dtls_free (SfuDtls *dtls);

/**
 * sfu_dtls_start: once.
 * @client: sends the ClientHello (we answered a=setup:active); else waits for one
 * @fingerprints: @n, 1 to SFU_FINGERPRINTS_MAX: one of them must be the peer's certificate's
 *
 * What was queued is handled at once.
 */
void sfu_dtls_start (SfuDtls *dtls, bool client, const SfuFingerprint *fingerprints, unsigned n, int64_t now_us);

/** sfu_dtls_on_datagram: @data: @len bytes that arrived; queued before the start, ignored after the end. */
void sfu_dtls_on_datagram (SfuDtls *dtls, const uint8_t *data, size_t len, int64_t now_us);
/**
 * sfu_dtls_tick: sends the last flight again when it is time, and gives up. Deadlines are of the caller's clock; OpenSSL
 * looks at its own when asked to send again, so that time must really have passed too.
 */
void sfu_dtls_tick (SfuDtls *dtls, int64_t now_us);
/** sfu_dtls_get_deadline: Returns: when to tick next; INT64_MAX: nothing waits. */
int64_t sfu_dtls_get_deadline (const SfuDtls *dtls);
/** sfu_dtls_close: says close_notify when connected, also once released. */
void sfu_dtls_close (SfuDtls *dtls, int64_t now_us);
/**
 * sfu_dtls_release: once, when connected, after sfu_dtls_export(): gives back what OpenSSL holds, over 30 KB. From then on:
 * close_notify, made beforehand, is still said by sfu_dtls_close(). A Finished is answered by our last flight (which the peer,
 * as the client, may have missed), not more often than each SFU_DTLS_FIRST_US and for SFU_DTLS_GIVE_UP_US. Of the peer only an
 * alert that ends the connection is still understood: CLOSED (farewell.h). With ciphers other than AES-GCM it cannot be told
 * from a forgery, and is ignored; al_dtls_is_alert() tells that there is one.
 */
void sfu_dtls_release (SfuDtls *dtls, int64_t now_us);
/** sfu_dtls_drop_flight: the peer has proved that it has our last flight: it uses the keys. */
void sfu_dtls_drop_flight (SfuDtls *dtls);

SfuDtlsState sfu_dtls_get_state (const SfuDtls *dtls);
/** sfu_dtls_get_error: Returns: (transfer none): in plain words why it failed; "" when it did not. */
const char *sfu_dtls_get_error (const SfuDtls *dtls);
/** sfu_dtls_get_peer: Returns: (transfer none) (nullable): the fingerprint that was right; NULL before. */
const SfuFingerprint *sfu_dtls_get_peer (const SfuDtls *dtls);
/**
 * sfu_dtls_export: once connected and not released: the keys of both directions (RFC 5764 §4.2).
 *
 * Returns: the profile that was agreed on; SFU_SRTP_NONE when not connected. Outputs are then undefined.
 */
SfuSrtpProfile sfu_dtls_export (SfuDtls *dtls, SfuSrtpKey *ret_send, SfuSrtpKey *ret_receive);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfuDtls, sfu_dtls_free)
