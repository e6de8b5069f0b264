/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DTLS 1.2 as a state machine without I/O: datagrams and times in, datagrams and the records' bytes out. What the peer's
 * certificate must be, and which versions and ciphers there are, is the SSL_CTX's business. One thread at a time; may be
 * handed to another one.
 */
#pragma once

#include <glib.h>
#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dtls-hello.h"

typedef struct AlDtls AlDtls;

/** AL_DTLS_DATAGRAM_MAX: longer ones are not read. */
#define AL_DTLS_DATAGRAM_MAX 2048
/** AL_DTLS_RECORD_MAX: what one record holds at most that is sent: a datagram of AL_DTLS_DATAGRAM_MAX, and a header. */
#define AL_DTLS_RECORD_MAX 2304
/** AL_DTLS_HELLOS_MAX: ClientHellos before the one with a cookie that is right, see al_dtls_accept_verified(). */
#define AL_DTLS_HELLOS_MAX 3

/** AlDtlsState: CLOSED: by the peer's close_notify, or ours; FAILED: an alert, a wrong certificate, or too late. */
typedef enum { AL_DTLS_NEW, AL_DTLS_HANDSHAKE, AL_DTLS_OPEN, AL_DTLS_CLOSED, AL_DTLS_FAILED, AL_DTLS_N } AlDtlsState;

/**
 * AlDtlsOps:
 * @send: one datagram of @len bytes; records of data may be longer than AlDtlsConfig.mtu
 * @receive: (nullable): what one record held, @len bytes, until the return; NULL: data has no meaning
 *
 * Neither may free the object. @receive may call al_dtls_send() and al_dtls_close(), @send nothing.
 */
typedef struct {
  void (*send) (const uint8_t *data, size_t len, void *user);
  void (*receive) (const uint8_t *data, size_t len, void *user);
} AlDtlsOps;

/**
 * AlDtlsConfig:
 * @mtu: longest datagram of the handshake
 * @first_us, @cap_us: a flight is sent again after the first; each further time takes twice as long, up to the cap
 * @give_up_us: for the whole handshake
 */
typedef struct {
  unsigned mtu;
  int64_t first_us, cap_us, give_up_us;
} AlDtlsConfig;

/**
 * al_dtls_new:
 * @ctx: made by DTLS_method(); a reference is taken
 * @config: plain values, copied
 * @ops: static
 *
 * Returns: (transfer full) (nullable): NULL when OpenSSL has no memory.
 */
AlDtls *al_dtls_new (SSL_CTX *ctx, const AlDtlsConfig *config, const AlDtlsOps *ops, void *user);
/** al_dtls_free: says nothing to the peer. NULL is allowed. */
void al_dtls_free (AlDtls *dtls);

/** al_dtls_connect: as the client: sends the ClientHello. Once, in place of an accept. */
void al_dtls_connect (AlDtls *dtls, int64_t now_us);
/** al_dtls_accept: as the server: waits for a ClientHello, which may come in fragments. */
void al_dtls_accept (AlDtls *dtls, int64_t now_us);
/**
 * al_dtls_accept_verified: as the server, of a client that has sent back the cookie of a HelloVerifyRequest which nobody
 * remembers (RFC 6347 §4.2.1). @ctx must have SSL_OP_COOKIE_EXCHANGE and al_dtls_trust_cookies().
 * @hello: the first fragment of the ClientHello with the cookie, as it was read and judged; the datagram that it came in is
 *   the next one for al_dtls_on_datagram(). AlDtlsHello.message_seq must be 1 to AL_DTLS_HELLOS_MAX
 *
 * Records are counted on from the client's, so that none of ours has a number that a HelloVerifyRequest had.
 */
void al_dtls_accept_verified (AlDtls *dtls, const AlDtlsHello *hello, int64_t now_us);
/** al_dtls_trust_cookies: @ctx: takes any cookie as right: its owner has judged it. */
void al_dtls_trust_cookies (SSL_CTX *ctx);

/** al_dtls_on_datagram: @data: @len bytes that arrived; ignored before the start and after the end. */
void al_dtls_on_datagram (AlDtls *dtls, const uint8_t *data, size_t len, int64_t now_us);
/**
 * al_dtls_tick: sends the last flight again when it is time, and gives up. Deadlines are of the caller's clock; OpenSSL
 * looks at its own when asked to send again, so that time must really have passed too.
 */
void al_dtls_tick (AlDtls *dtls, int64_t now_us);
/** al_dtls_get_deadline: Returns: when to tick next; INT64_MAX: nothing waits. */
int64_t al_dtls_get_deadline (const AlDtls *dtls);
/** al_dtls_send: one record of @len bytes, 1 to AL_DTLS_RECORD_MAX. Returns: false when it is not open, or @data too long. */
bool al_dtls_send (AlDtls *dtls, const void *data, size_t len);
/** al_dtls_close: says close_notify when open. */
void al_dtls_close (AlDtls *dtls, int64_t now_us);

AlDtlsState al_dtls_get_state (const AlDtls *dtls);
/** al_dtls_get_error: Returns: (transfer none): in plain words why it failed; "" when it did not. */
const char *al_dtls_get_error (const AlDtls *dtls);
/** al_dtls_get_ssl: Returns: (transfer none) (nullable): NULL after the end. */
SSL *al_dtls_get_ssl (const AlDtls *dtls);
/** al_dtls_get_user: for callbacks of OpenSSL. Returns: the user of the AlDtls whose @ssl is. */
void *al_dtls_get_user (const SSL *ssl);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlDtls, al_dtls_free)
