/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of DTLS 1.2 that are read before there is any state: what a datagram begins with, the ClientHello, and the
 * HelloVerifyRequest that answers it (RFC 6347 §4.1, §4.2). Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AL_DTLS_RECORD_HEADER 13
#define AL_DTLS_RANDOM_BYTES 32
#define AL_DTLS_SESSION_ID_MAX 32
#define AL_DTLS_COOKIE_MAX 255
/** AL_DTLS_VERIFY_BYTES: of a HelloVerifyRequest with a cookie of @len bytes. */
#define AL_DTLS_VERIFY_BYTES(len) (AL_DTLS_RECORD_HEADER + 12 + 3 + (len))

/**
 * AlDtlsHello: the ClientHello that begins a datagram, or the first fragment of one. Pointers are into the datagram.
 * @record_seq: sequence number of its record, 48 bits
 * @message_seq: which message of the handshake it is: 0, then one more for each HelloVerifyRequest that was answered
 * @has_use_srtp: it offers SRTP (RFC 5764), as far as the fragment goes: a WebRTC peer's
 * @is_whole: there is no other fragment
 */
typedef struct {
  uint64_t record_seq;
  uint16_t message_seq;
  const uint8_t *random; /* AL_DTLS_RANDOM_BYTES */
  const uint8_t *session_id, *cookie;
  uint8_t session_id_len, cookie_len;
  bool has_use_srtp, is_whole;
} AlDtlsHello;

/** al_dtls_hello_parse: Returns: false: @data does not begin with a ClientHello without keys (epoch 0), or its first fragment
 *  ends before the cookie does, or lengths contradict each other. */
bool al_dtls_hello_parse (const uint8_t *data, size_t len, AlDtlsHello *ret_hello);

/**
 * al_dtls_verify_write: the HelloVerifyRequest in one record.
 * @hello: what it answers: its record's and message's numbers are those of the answer, so that none needs to be kept
 *   (RFC 6347 §4.2.1)
 * @cookie: @len bytes, 1 to AL_DTLS_COOKIE_MAX
 * @ret_data: room for AL_DTLS_VERIFY_BYTES (len)
 *
 * Returns: AL_DTLS_VERIFY_BYTES (len).
 */
size_t al_dtls_verify_write (const AlDtlsHello *hello, const uint8_t *cookie, size_t len, uint8_t *ret_data);

/** al_dtls_is_client_hello: Returns: do these bytes begin with a ClientHello of a new connection (epoch 0). */
bool al_dtls_is_client_hello (const uint8_t *data, size_t len);
/** al_dtls_is_encrypted: Returns: does a record of @type under keys (epoch 1 or later), by whomever, begin @data. */
bool al_dtls_is_encrypted (const uint8_t *data, size_t len, uint8_t type);
/** al_dtls_is_alert: Returns: do these bytes begin with an alert that is encrypted. */
bool al_dtls_is_alert (const uint8_t *data, size_t len);
/** al_dtls_has_finished: Returns: is there a message of a handshake under keys in @data: a Finished, before which records
 *  without keys may stand: certificate, key exchange, ChangeCipherSpec. */
bool al_dtls_has_finished (const uint8_t *data, size_t len);
