/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate, the settings of DTLS, the keys of ICE: made once per process. */
#include "sfu/identity.h"

#include <gio/gio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/srtp.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/random.h"
#include "sfu/dtls-private.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509, X509_free)

#define DAY_S (24 * 3600)
#define DAYS 30
/* of the peer's certificates and of each handshake message: OpenSSL's 100 KB would be memory for strangers to fill */
#define MESSAGE_MAX (16 * 1024)

struct SfuIdentity {
  SSL_CTX *ssl;
  char fingerprint[SFU_FINGERPRINT_TEXT];
  uint8_t ice_key[SFU_ICE_KEY_BYTES];
  AlSipKey tag_key;
};

/* RFC 8827 §6.5: the certificate says nothing but its key: a random name, so that calls cannot be linked by it */
static X509 *
make_certificate (EVP_PKEY *key)
{
  g_autoptr (X509) certificate = X509_new ();
  X509_NAME *subject = certificate == NULL ? NULL : X509_get_subject_name (certificate);
  uint8_t random[16];
  char name[2 * sizeof random + 1];
  BIGNUM *serial;
  bool ok;

  al_random_bytes (random, sizeof random);
  for (unsigned i = 0; i < sizeof random; i++)
    g_snprintf (name + 2 * i, 3, "%02x", random[i]);
  al_random_bytes (random, sizeof random);
  random[0] = (uint8_t) ((random[0] & 0x3f) | 0x40); /* positive, and of full length (RFC 5280 §4.1.2.2) */
  serial = BN_bin2bn (random, sizeof random, NULL);
  ok = certificate != NULL && serial != NULL && X509_set_version (certificate, X509_VERSION_3) == 1
       && BN_to_ASN1_INTEGER (serial, X509_get_serialNumber (certificate)) != NULL
       && X509_gmtime_adj (X509_getm_notBefore (certificate), -DAY_S) != NULL
       && X509_gmtime_adj (X509_getm_notAfter (certificate), DAYS * DAY_S) != NULL
       && X509_NAME_add_entry_by_txt (subject, "CN", MBSTRING_ASC, (unsigned char *) name, -1, -1, 0) == 1
       && X509_set_issuer_name (certificate, subject) == 1 && X509_set_pubkey (certificate, key) == 1
       && X509_sign (certificate, key, EVP_sha256 ()) != 0;
  BN_free (serial);
  return ok ? g_steal_pointer (&certificate) : NULL;
}

static bool
set_up (SSL_CTX *ctx, X509 *certificate, EVP_PKEY *key)
{
  (void) SSL_CTX_set_options (ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION
                                     | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  (void) SSL_CTX_set_session_cache_mode (ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_cert_verify_callback (ctx, sfu_dtls_on_certificate, NULL);
  (void) SSL_CTX_set_max_cert_list (ctx, MESSAGE_MAX);
  SSL_CTX_set_read_ahead (ctx, 1); /* a datagram is read at once */
  return SSL_CTX_set_min_proto_version (ctx, DTLS1_2_VERSION) == 1
         && SSL_CTX_set_max_proto_version (ctx, DTLS1_2_VERSION) == 1
         /* RFC 8827 §6.5: forward secrecy and AEAD; RSA for peers that are servers with such a certificate */
         && SSL_CTX_set_cipher_list (ctx, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
                                          "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:"
                                          "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384") == 1
         && SSL_CTX_set1_groups_list (ctx, "X25519:P-256:P-384") == 1
         /* 0 is success here */
         && SSL_CTX_set_tlsext_use_srtp (ctx, "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80") == 0
         && SSL_CTX_use_certificate (ctx, certificate) == 1 && SSL_CTX_use_PrivateKey (ctx, key) == 1;
}

static bool
make (SfuIdentity *identity)
{
  g_autoptr (EVP_PKEY) key = EVP_EC_gen ("P-256");
  g_autoptr (X509) certificate = key == NULL ? NULL : make_certificate (key);
  SfuFingerprint fingerprint;

  identity->ssl = SSL_CTX_new (DTLS_method ());
  if (identity->ssl == NULL || certificate == NULL || !set_up (identity->ssl, certificate, key)
      || !sfu_fingerprint_compute (certificate, SFU_HASH_SHA256, &fingerprint))
    return false;
  (void) sfu_fingerprint_format (&fingerprint, identity->fingerprint);
  return true;
}

SfuIdentity *
sfu_identity_new (GError **error)
{
  SfuIdentity *identity = g_new0 (SfuIdentity, 1);
  const char *reason;

  ERR_clear_error ();
  al_random_bytes (identity->ice_key, sizeof identity->ice_key);
  al_sip_key_init_random (&identity->tag_key);
  if (make (identity))
    return identity;
  reason = ERR_reason_error_string (ERR_peek_error ());
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot make a certificate for DTLS: %s",
               reason != NULL ? reason : "unknown error");
  ERR_clear_error ();
  sfu_identity_free (identity);
  return NULL;
}

void
sfu_identity_free (SfuIdentity *identity)
{
  if (identity == NULL)
    return;
  SSL_CTX_free (identity->ssl);
  OPENSSL_cleanse (identity, sizeof *identity);
  g_free (identity);
}

const char *
sfu_identity_get_fingerprint (const SfuIdentity *identity)
{
  return identity->fingerprint;
}

SSL_CTX *
sfu_identity_get_ssl (const SfuIdentity *identity)
{
  return identity->ssl;
}

const uint8_t *
sfu_identity_get_ice_key (const SfuIdentity *identity)
{
  return identity->ice_key;
}

const AlSipKey *
sfu_identity_get_tag_key (const SfuIdentity *identity)
{
  return &identity->tag_key;
}
