/* SPDX-License-Identifier: Apache-2.0 */
/* What a client thinks of a server's certificate. Any thread. */
#pragma once

#include <glib.h>
#include <openssl/x509.h>
#include <stdbool.h>

/**
 * CtlCert: plain values; all zero: there was none.
 * @names: (nullable): DNS names and addresses of subjectAltName, separated by ", "; owned
 * @problem: X509_V_OK, or why OpenSSL does not trust the chain: X509_V_ERR_...
 */
typedef struct {
  char *names;
  int64_t begins_ms, ends_ms; /* since the epoch */
  long problem;
  bool self_signed;
  bool is_for_host;
} CtlCert;

/**
 * ctl_cert_read:
 * @x509: the leaf
 * @problem: of SSL_get_verify_result()
 * @host: a name or an address without brackets, that the certificate should be for
 */
void ctl_cert_read (CtlCert *cert, X509 *x509, long problem, const char *host);
void ctl_cert_clear (CtlCert *cert);
