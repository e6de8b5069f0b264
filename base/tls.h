/* SPDX-License-Identifier: Apache-2.0 */
/* TLS for the streams of base: a certificate (or what to trust), which can be exchanged while connections live. */
#pragma once

#include <glib.h>
#include <openssl/types.h>
#include <stdbool.h>

typedef struct AlTls AlTls;

/**
 * al_tls_new:
 * @certificate: path of a PEM chain, leaf first
 * @key: path of its PEM private key
 * @alpn: (nullable): NULL-terminated protocol names in order of preference, e.g. { "http/1.1", NULL }
 *
 * TLS 1.2 and 1.3, no renegotiation, released read/write buffers (idle memory), one session ticket.
 * Returns: (transfer full) (nullable): NULL with the file and OpenSSL's reason in @error.
 */
AlTls *al_tls_new (const char *certificate, const char *key, const char *const *alpn, GError **error);

/**
 * al_tls_new_datagram:
 * @same: made by al_tls_new()
 *
 * For servers of DTLS 1.2 with the same files, see base/dtls.h: ciphers with forward secrecy and AEAD, no tickets, sessions,
 * renegotiation; cookies of ClientHellos are taken as right (al_dtls_trust_cookies()). Records hold AL_DTLS_RECORD_MAX at most.
 * Returns: (transfer full) (nullable): NULL with the file and OpenSSL's reason in @error.
 */
AlTls *al_tls_new_datagram (const AlTls *same, GError **error);

/**
 * al_tls_new_client:
 * @trust: (nullable): path of a PEM file with the authorities to trust; "" for the system's; NULL trusts any certificate
 *   (tests and load generators that talk to the machine they stand on)
 *
 * For al_stream_connect_tls(). Cannot be reloaded. Returns: (transfer full) (nullable): NULL with the reason in @error.
 */
AlTls *al_tls_new_client (const char *trust, GError **error);

/** al_tls_reload: reads both files again and swaps them in at once; on error the old ones stay in use. Any thread. */
bool al_tls_reload (AlTls *tls, GError **error);

/** al_tls_has_name: Returns: whether the certificate in use names @host, a DNS name without a dot at its end, in its
 *  subjectAltName, also by a wildcard (RFC 6125). Any thread. */
bool al_tls_has_name (AlTls *tls, const char *host);

/** al_tls_dup_ctx: Returns: (transfer full): the settings in use now; SSL_CTX_free() it. Any thread. */
SSL_CTX *al_tls_dup_ctx (AlTls *tls);

AlTls *al_tls_ref (AlTls *tls);
void al_tls_unref (AlTls *tls);

/**
 * al_tls_make_self_signed:
 * @names: NULL-terminated DNS names and IP addresses for subjectAltName
 *
 * Writes an ECDSA P-256 key (mode 0600) and a certificate valid for @days (1 to 3650). Existing files are not
 * overwritten: a @certificate that exists is G_IO_ERROR_EXISTS, a @key that exists is used for the new certificate (it
 * is written first, so it may be left from a start that was cut short). Each file appears whole or not at all.
 */
bool al_tls_make_self_signed (const char *certificate, const char *key, const char *const *names, unsigned days,
                              GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlTls, al_tls_unref)
