/* SPDX-License-Identifier: Apache-2.0 */
/* What SfuDtls does inside the handshakes of an SfuIdentity's SSL_CTX. Inside sfu only. */
#pragma once

#include <openssl/x509_vfy.h>

/** sfu_dtls_on_certificate: judges the peer's certificate by fingerprint, instead of OpenSSL's own rules. @unused: NULL */
int sfu_dtls_on_certificate (X509_STORE_CTX *store, void *unused);
