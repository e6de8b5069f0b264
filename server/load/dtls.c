/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/dtls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/time.h>

#define LINK_MTU 1200
#define FINGERPRINT_TEXT 96 /* 32 bytes as "AB:" */
#define REPLAY_WINDOW 1024

struct LoadDtlsContext {
  SSL_CTX *ssl; /* owned */
  BIO_METHOD *method; /* owned */
  char fingerprint[FINGERPRINT_TEXT];
};

struct LoadDtls {
  SSL *ssl; /* owned */
  bool client, done;
  char fingerprint[FINGERPRINT_TEXT];
  /* passed in, not owned */
  LoadDtlsSendFn send;
  void *user;
  const uint8_t *datagram; /* the one to be read; NULL: none */
  size_t datagram_len;
};

static void
write_fingerprint (X509 *cert, char ret[FINGERPRINT_TEXT])
{
  uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned len = 0;

  g_assert (X509_digest (cert, EVP_sha256 (), digest, &len) == 1 && len == 32);
  for (unsigned i = 0; i < len; i++)
    (void) g_snprintf (ret + 3 * i, 4, "%02X%s", digest[i], i + 1 < len ? ":" : "");
}

/* The fingerprint is what the peer is known by; it is compared when the handshake is over. */
static int
accept_any (int ok, X509_STORE_CTX *store)
{
  return 1;
}

static int
bio_write (BIO *bio, const char *data, int len)
{
  LoadDtls *dtls = BIO_get_data (bio);

  dtls->send (data, (size_t) len, dtls->user);
  return len;
}

static int
bio_read (BIO *bio, char *data, int size)
{
  LoadDtls *dtls = BIO_get_data (bio);
  int len = (int) MIN (dtls->datagram_len, (size_t) size);

  BIO_clear_retry_flags (bio);
  if (dtls->datagram == NULL)
    {
      BIO_set_retry_read (bio);
      return -1;
    }
  memcpy (data, dtls->datagram, (size_t) len);
  dtls->datagram = NULL;
  return len;
}

static long
bio_ctrl (BIO *bio, int command, long n, void *data)
{
  switch (command)
    {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD: return 28;
    case BIO_CTRL_DGRAM_QUERY_MTU: return LINK_MTU;
    default: return 0;
    }
}

static X509 *
make_cert (EVP_PKEY *key)
{
  X509 *cert = X509_new ();
  X509_NAME *name = X509_get_subject_name (cert);

  g_assert (X509_set_version (cert, 2) == 1);
  g_assert (ASN1_INTEGER_set (X509_get_serialNumber (cert), 1) == 1);
  (void) X509_gmtime_adj (X509_getm_notBefore (cert), -86400);
  (void) X509_gmtime_adj (X509_getm_notAfter (cert), 30 * 86400);
  g_assert (X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_ASC, (const uint8_t *) "aldis-load", -1, -1, 0) == 1);
  g_assert (X509_set_issuer_name (cert, name) == 1 && X509_set_pubkey (cert, key) == 1);
  g_assert (X509_sign (cert, key, EVP_sha256 ()) > 0);
  return cert;
}

LoadDtlsContext *
load_dtls_context_new (const char *profiles)
{
  LoadDtlsContext *context = g_new0 (LoadDtlsContext, 1);
  EVP_PKEY *key = EVP_EC_gen ("P-256");
  X509 *cert;

  g_assert (key != NULL);
  cert = make_cert (key);
  write_fingerprint (cert, context->fingerprint);
  context->ssl = SSL_CTX_new (DTLS_method ());
  g_assert (context->ssl != NULL && SSL_CTX_use_certificate (context->ssl, cert) == 1
            && SSL_CTX_use_PrivateKey (context->ssl, key) == 1);
  if (SSL_CTX_set_tlsext_use_srtp (context->ssl, profiles) != 0)
    g_error ("these SRTP profiles are not known: %s", profiles);
  SSL_CTX_set_verify (context->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
  (void) SSL_CTX_set_options (context->ssl, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET);
  SSL_CTX_set_read_ahead (context->ssl, 1);
  context->method = BIO_meth_new (BIO_get_new_index () | BIO_TYPE_SOURCE_SINK, "datagram");
  g_assert (BIO_meth_set_write (context->method, bio_write) == 1 && BIO_meth_set_read (context->method, bio_read) == 1
            && BIO_meth_set_ctrl (context->method, bio_ctrl) == 1);
  X509_free (cert);
  EVP_PKEY_free (key);
  return context;
}

void
load_dtls_context_free (LoadDtlsContext *context)
{
  if (context == NULL)
    return;
  SSL_CTX_free (context->ssl);
  BIO_meth_free (context->method);
  g_free (context);
}

const char *
load_dtls_context_get_fingerprint (const LoadDtlsContext *context)
{
  return context->fingerprint;
}

/* 100 ms at first, then twice as long each time (RFC 6347 §4.2.4.1 lets real-time media do so) */
static unsigned
on_timer (SSL *ssl, unsigned last_us)
{
  return last_us == 0 ? 100000 : MIN (last_us * 2, 4000000u);
}

LoadDtls *
load_dtls_new (LoadDtlsContext *context, bool client, const char *fingerprint, LoadDtlsSendFn send, void *user)
{
  LoadDtls *dtls = g_new0 (LoadDtls, 1);
  BIO *bio = BIO_new (context->method);

  dtls->client = client;
  dtls->send = send;
  dtls->user = user;
  g_strlcpy (dtls->fingerprint, fingerprint, sizeof dtls->fingerprint);
  dtls->ssl = SSL_new (context->ssl);
  g_assert (bio != NULL && dtls->ssl != NULL);
  BIO_set_data (bio, dtls);
  BIO_set_init (bio, 1);
  SSL_set_bio (dtls->ssl, bio, bio);
  (void) DTLS_set_link_mtu (dtls->ssl, LINK_MTU);
  DTLS_set_timer_cb (dtls->ssl, on_timer);
  if (client)
    SSL_set_connect_state (dtls->ssl);
  else
    SSL_set_accept_state (dtls->ssl);
  return dtls;
}

void
load_dtls_free (LoadDtls *dtls)
{
  if (dtls == NULL)
    return;
  if (dtls->done)
    (void) SSL_shutdown (dtls->ssl);
  SSL_free (dtls->ssl);
  g_free (dtls);
}

static bool
fingerprint_is_right (LoadDtls *dtls)
{
  X509 *cert = SSL_get1_peer_certificate (dtls->ssl);
  char text[FINGERPRINT_TEXT];

  if (cert == NULL)
    return false;
  write_fingerprint (cert, text);
  X509_free (cert);
  return g_ascii_strcasecmp (text, dtls->fingerprint) == 0;
}

LoadDtlsState
load_dtls_input (LoadDtls *dtls, const uint8_t *data, size_t len)
{
  char rest[64];
  int result;

  dtls->datagram = data;
  dtls->datagram_len = len;
  if (dtls->done)
    {
      (void) SSL_read (dtls->ssl, rest, sizeof rest); /* answers a Finished that was sent again */
      dtls->datagram = NULL;
      return LOAD_DTLS_DONE;
    }
  if (data == NULL)
    (void) DTLSv1_handle_timeout (dtls->ssl);
  ERR_clear_error ();
  result = SSL_do_handshake (dtls->ssl);
  dtls->datagram = NULL;
  if (result == 1)
    {
      dtls->done = fingerprint_is_right (dtls);
      return dtls->done ? LOAD_DTLS_DONE : LOAD_DTLS_FAILED;
    }
  return SSL_get_error (dtls->ssl, result) == SSL_ERROR_WANT_READ ? LOAD_DTLS_RUNS : LOAD_DTLS_FAILED;
}

int64_t
load_dtls_get_timeout_us (LoadDtls *dtls)
{
  struct timeval left;

  if (dtls->done || DTLSv1_get_timeout (dtls->ssl, &left) != 1)
    return -1;
  return (int64_t) left.tv_sec * 1000000 + left.tv_usec;
}

static bool
find_profile (unsigned long id, size_t *ret_key_len, size_t *ret_salt_len, srtp_profile_t *ret_profile)
{
  static const struct {
    unsigned long id;
    size_t key_len, salt_len;
    srtp_profile_t profile;
  } profiles[] = {
    { SRTP_AEAD_AES_128_GCM, 16, 12, srtp_profile_aead_aes_128_gcm },
    { SRTP_AEAD_AES_256_GCM, 32, 12, srtp_profile_aead_aes_256_gcm },
    { SRTP_AES128_CM_SHA1_80, 16, 14, srtp_profile_aes128_cm_sha1_80 },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (profiles); i++)
    if (profiles[i].id == id)
      {
        *ret_key_len = profiles[i].key_len;
        *ret_salt_len = profiles[i].salt_len;
        *ret_profile = profiles[i].profile;
        return true;
      }
  return false;
}

static srtp_t
make_session (srtp_profile_t profile, uint8_t *master, bool inbound)
{
  srtp_policy_t policy = { 0 };
  srtp_t session = NULL;

  g_assert (srtp_crypto_policy_set_from_profile_for_rtp (&policy.rtp, profile) == srtp_err_status_ok);
  g_assert (srtp_crypto_policy_set_from_profile_for_rtcp (&policy.rtcp, profile) == srtp_err_status_ok);
  policy.ssrc.type = inbound ? ssrc_any_inbound : ssrc_any_outbound;
  policy.key = master;
  policy.window_size = REPLAY_WINDOW;
  policy.allow_repeat_tx = 1;
  g_assert (srtp_create (&session, &policy) == srtp_err_status_ok);
  return session;
}

const char *
load_dtls_make_srtp (LoadDtls *dtls, srtp_t *ret_in, srtp_t *ret_out)
{
  const SRTP_PROTECTION_PROFILE *agreed = SSL_get_selected_srtp_profile (dtls->ssl);
  uint8_t material[2 * (32 + 14)], master[2][32 + 14];
  size_t key_len, salt_len;
  srtp_profile_t profile;

  if (agreed == NULL || !find_profile (agreed->id, &key_len, &salt_len, &profile)
      || SSL_export_keying_material (dtls->ssl, material, 2 * (key_len + salt_len), "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0) != 1)
    return NULL;
  for (unsigned i = 0; i < 2; i++) /* the client's, then the server's */
    {
      memcpy (master[i], material + i * key_len, key_len);
      memcpy (master[i] + key_len, material + 2 * key_len + i * salt_len, salt_len);
    }
  *ret_out = make_session (profile, master[dtls->client ? 0 : 1], false);
  *ret_in = make_session (profile, master[dtls->client ? 1 : 0], true);
  return agreed->name;
}
