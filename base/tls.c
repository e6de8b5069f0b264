/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: the SSL_CTX in use is behind a lock that is held for a pointer and a reference count. Any thread. */
#include "base/tls.h"

#include <errno.h>
#include <gio/gio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/dtls.h"

struct AlTls {
  atomic_uint refs;
  /* fixed */
  char *certificate, *key;
  uint8_t *alpn; /* wire form: length byte, name, ...; NULL: no ALPN */
  unsigned alpn_len;
  bool is_datagram;
  /* protected by lock */
  pthread_mutex_t lock;
  SSL_CTX *ctx;
};

static void
set_openssl_error (GError **error, const char *file, const char *what)
{
  unsigned long code = ERR_peek_error (); /* the oldest: what really happened; later ones say who noticed */
  const char *reason = ERR_GET_LIB (code) == ERR_LIB_SYS ? g_strerror (ERR_GET_REASON (code))
                                                         : ERR_reason_error_string (code);

  if (code == 0 || reason == NULL)
    reason = "unknown error";
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s: %s", file, what, reason);
  ERR_clear_error ();
}

/* RFC 7301 §3.2: the server's order of preference decides; without a common name the handshake goes on without ALPN,
 * which HTTP/1.1 clients that only name h2 rely on. */
static int
on_alpn (SSL *ssl, const unsigned char **ret_name, unsigned char *ret_len, const unsigned char *offered,
         unsigned offered_len, void *user)
{
  const AlTls *tls = user;
  unsigned char *name;

  if (SSL_select_next_proto (&name, ret_len, tls->alpn, tls->alpn_len, offered, offered_len) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *ret_name = name;
  return SSL_TLSEXT_ERR_OK;
}

/* What both sides want: no old versions, no idle buffers. */
static SSL_CTX *
make_common_ctx (const SSL_METHOD *method)
{
  SSL_CTX *ctx;

  ERR_clear_error ();
  ctx = SSL_CTX_new (method);
  g_assert (ctx != NULL);
  (void) SSL_CTX_set_min_proto_version (ctx, TLS1_2_VERSION);
  /* EOF without close_notify ends a stream like FIN does: HTTP and WebSocket say themselves when they are complete */
  (void) SSL_CTX_set_options (ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION);
  (void) SSL_CTX_set_mode (ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
                                  | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  (void) SSL_CTX_set_session_cache_mode (ctx, SSL_SESS_CACHE_OFF); /* tickets need no memory here */
  SSL_CTX_set_read_ahead (ctx, 1);
  return ctx;
}

/* Forward secrecy and AEAD, as in RFC 9325 §4.2. The length of records makes the buffer for writing small; OpenSSL's for
 * reading is always that of the longest record. */
static SSL_CTX *
make_datagram_ctx (void)
{
  SSL_CTX *ctx;

  ERR_clear_error ();
  ctx = SSL_CTX_new (DTLS_server_method ());
  g_assert (ctx != NULL);
  (void) SSL_CTX_set_min_proto_version (ctx, DTLS1_2_VERSION);
  (void) SSL_CTX_set_options (ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION
                                     | SSL_OP_CIPHER_SERVER_PREFERENCE);
  (void) SSL_CTX_set_session_cache_mode (ctx, SSL_SESS_CACHE_OFF);
  (void) SSL_CTX_set_max_send_fragment (ctx, AL_DTLS_RECORD_MAX);
  SSL_CTX_set_read_ahead (ctx, 1); /* a datagram is read at once */
  if (SSL_CTX_set_cipher_list (ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1
      || SSL_CTX_set1_groups_list (ctx, "X25519:P-256:P-384") != 1)
    g_assert_not_reached ();
  al_dtls_trust_cookies (ctx);
  return ctx;
}

static SSL_CTX *
make_stream_ctx (AlTls *tls)
{
  SSL_CTX *ctx = make_common_ctx (TLS_server_method ());

  (void) SSL_CTX_set_num_tickets (ctx, 1);
  if (tls->alpn != NULL)
    SSL_CTX_set_alpn_select_cb (ctx, on_alpn, tls);
  return ctx;
}

static SSL_CTX *
make_ctx (AlTls *tls, GError **error)
{
  SSL_CTX *ctx = tls->is_datagram ? make_datagram_ctx () : make_stream_ctx (tls);

  if (SSL_CTX_use_certificate_chain_file (ctx, tls->certificate) != 1)
    set_openssl_error (error, tls->certificate, "cannot use this certificate");
  else if (SSL_CTX_use_PrivateKey_file (ctx, tls->key, SSL_FILETYPE_PEM) != 1)
    set_openssl_error (error, tls->key, "cannot use this private key");
  else if (SSL_CTX_check_private_key (ctx) != 1)
    set_openssl_error (error, tls->key, "this key does not belong to the certificate");
  else
    return ctx;
  SSL_CTX_free (ctx);
  return NULL;
}

static void
set_alpn (AlTls *tls, const char *const *names)
{
  GByteArray *wire = g_byte_array_new ();

  for (; names != NULL && *names != NULL; names++)
    {
      uint8_t len = (uint8_t) strlen (*names);

      g_assert (strlen (*names) > 0 && strlen (*names) < 256);
      g_byte_array_append (wire, &len, 1);
      g_byte_array_append (wire, (const uint8_t *) *names, len);
    }
  tls->alpn_len = wire->len;
  tls->alpn = g_byte_array_free (wire, wire->len == 0);
}

static AlTls *
tls_new (const char *certificate, const char *key)
{
  AlTls *tls = g_new0 (AlTls, 1);

  atomic_init (&tls->refs, 1);
  (void) pthread_mutex_init (&tls->lock, NULL);
  tls->certificate = g_strdup (certificate);
  tls->key = g_strdup (key);
  return tls;
}

AlTls *
al_tls_new_datagram (const AlTls *same, GError **error)
{
  AlTls *tls = tls_new (same->certificate, same->key);

  tls->is_datagram = true;
  tls->ctx = make_ctx (tls, error);
  if (tls->ctx == NULL)
    g_clear_pointer (&tls, al_tls_unref);
  return tls;
}

AlTls *
al_tls_new (const char *certificate, const char *key, const char *const *alpn, GError **error)
{
  AlTls *tls = tls_new (certificate, key);

  set_alpn (tls, alpn);
  tls->ctx = make_ctx (tls, error);
  if (tls->ctx == NULL)
    g_clear_pointer (&tls, al_tls_unref);
  return tls;
}

AlTls *
al_tls_new_client (const char *trust, GError **error)
{
  AlTls *tls = tls_new (NULL, NULL);

  tls->ctx = make_common_ctx (TLS_client_method ());
  if (trust == NULL)
    return tls;
  SSL_CTX_set_verify (tls->ctx, SSL_VERIFY_PEER, NULL);
  if ((trust[0] == '\0' ? SSL_CTX_set_default_verify_paths (tls->ctx)
                        : SSL_CTX_load_verify_file (tls->ctx, trust)) == 1)
    return tls;
  set_openssl_error (error, trust, "cannot read the authorities to trust");
  al_tls_unref (tls);
  return NULL;
}

bool
al_tls_reload (AlTls *tls, GError **error)
{
  SSL_CTX *fresh, *old;

  g_return_val_if_fail (tls->certificate != NULL, false);
  fresh = make_ctx (tls, error);
  if (fresh == NULL)
    return false;
  (void) pthread_mutex_lock (&tls->lock);
  old = tls->ctx;
  tls->ctx = fresh;
  (void) pthread_mutex_unlock (&tls->lock);
  SSL_CTX_free (old); /* connections that use it hold references */
  return true;
}

SSL_CTX *
al_tls_dup_ctx (AlTls *tls)
{
  SSL_CTX *ctx;

  (void) pthread_mutex_lock (&tls->lock);
  ctx = tls->ctx;
  (void) SSL_CTX_up_ref (ctx);
  (void) pthread_mutex_unlock (&tls->lock);
  return ctx;
}

bool
al_tls_has_name (AlTls *tls, const char *host)
{
  SSL_CTX *ctx = al_tls_dup_ctx (tls);
  X509 *certificate = SSL_CTX_get0_certificate (ctx);
  bool has_name = certificate != NULL
                  && X509_check_host (certificate, host, 0,
                                      X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL)
                         == 1;

  ERR_clear_error ();
  SSL_CTX_free (ctx);
  return has_name;
}

AlTls *
al_tls_ref (AlTls *tls)
{
  atomic_fetch_add_explicit (&tls->refs, 1, memory_order_relaxed);
  return tls;
}

void
al_tls_unref (AlTls *tls)
{
  if (tls == NULL || atomic_fetch_sub_explicit (&tls->refs, 1, memory_order_acq_rel) != 1)
    return;
  SSL_CTX_free (tls->ctx);
  (void) pthread_mutex_destroy (&tls->lock);
  g_free (tls->certificate);
  g_free (tls->key);
  g_free (tls->alpn);
  g_free (tls);
}
