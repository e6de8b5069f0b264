/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DTLS of a simulated browser (RFC 6347, RFC 5764): either role, one datagram per record flight, keys for SRTP. All share one
 * certificate. Loop's thread.
 */
#pragma once

#include <glib.h>
#include <srtp2/srtp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct LoadDtlsContext LoadDtlsContext;
typedef struct LoadDtls LoadDtls;

/** load_dtls_context_new: @profiles: as OpenSSL takes them, in the order in which they are offered:
 *  "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80". */
LoadDtlsContext *load_dtls_context_new (const char *profiles);
void load_dtls_context_free (LoadDtlsContext *context);
/** load_dtls_context_get_fingerprint: Returns: (transfer none): SHA-256, "AB:CD:...". */
const char *load_dtls_context_get_fingerprint (const LoadDtlsContext *context);

typedef enum { LOAD_DTLS_RUNS, LOAD_DTLS_DONE, LOAD_DTLS_FAILED } LoadDtlsState;

typedef void (*LoadDtlsSendFn) (const void *data, size_t len, void *user);
/** load_dtls_new: @client: who speaks first. @fingerprint: of the peer: SHA-256, any case; copied */
LoadDtls *load_dtls_new (LoadDtlsContext *context, bool client, const char *fingerprint, LoadDtlsSendFn send, void *user);
/** load_dtls_free: says close_notify when the handshake was done. NULL is allowed. */
void load_dtls_free (LoadDtls *dtls);
/** load_dtls_input: @data: (nullable): a datagram; NULL begins, or retransmits when it is time. */
LoadDtlsState load_dtls_input (LoadDtls *dtls, const uint8_t *data, size_t len);
/** load_dtls_get_timeout_us: Returns: until it must be called again; -1: never. */
int64_t load_dtls_get_timeout_us (LoadDtls *dtls);
/**
 * load_dtls_make_srtp: after LOAD_DTLS_DONE.
 * @ret_in, @ret_out: (transfer full): sessions for what comes and what is sent
 *
 * Returns: (transfer none) (nullable): the profile's name; NULL: none was agreed on.
 */
const char *load_dtls_make_srtp (LoadDtls *dtls, srtp_t *ret_in, srtp_t *ret_out);
