/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SSL between two calls: a BIO of our own hands it the one datagram that is there, and what it writes goes out at once,
 * so that the borders of datagrams stay. A ClientHello in several fragments is put together by OpenSSL itself; DTLSv1_listen(),
 * which cannot, and its cookies are not needed: the peer's address has been proved by ICE.
 *
 * The SSL is given back as soon as the keys are taken (sfu_dtls_release()): nothing but alerts would use it. What stays is the
 * record of our close_notify, encrypted beforehand, and, at a server, the flight that the client asks for again by its Finished
 * when ours was lost (RFC 6347 §4.2.4).
 *
 *   NEW --start--> HANDSHAKE --finished--> CONNECTED --close_notify--> CLOSED
 *                      `--alert, certificate, time--> FAILED <--alert--'
 */
#include "sfu/dtls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <string.h>

#include "sfu/dtls-private.h"

#define DATAGRAM_MAX 2048
#define READS_MAX 32 /* records of one datagram */
#define FAREWELL_MAX 64
#define EXPORTER "EXTRACTOR-dtls_srtp" /* RFC 5764 §4.2 */

struct SfuDtls {
  /* passed in, not owned */
  const SfuIdentity *identity;
  SfuDtlsSendFn send;
  void *user;
  /* owned */
  SSL *ssl; /* NULL before the start and after the end */
  struct {
    uint8_t *data;
    size_t len;
  } queue[SFU_DTLS_QUEUE_MAX];
  unsigned n_queued;
  GPtrArray *flight; /* (nullable): of GBytes: what the last step of the handshake sent */
  uint8_t farewell[FAREWELL_MAX]; /* our close_notify, once released */
  size_t farewell_len;
  bool is_released, is_writing_farewell;
  int64_t flight_us, flight_end_us; /* when it was sent last; when it is no longer sent */

  SfuDtlsState state;
  const char *error; /* a static text */
  SfuFingerprint allowed[SFU_FINGERPRINTS_MAX];
  unsigned n_allowed;
  const SfuFingerprint *peer; /* in allowed */
  int64_t now_us;             /* of the call that runs */
  int64_t deadline_us, give_up_us;
  const uint8_t *in; /* the datagram that was not read yet; during a call */
  size_t in_len;
};

static BIO_METHOD *bio_method;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int
on_bio_read (BIO *bio, char *data, size_t size, size_t *ret_len)
{
  SfuDtls *dtls = BIO_get_data (bio);

  BIO_clear_retry_flags (bio);
  if (dtls->in_len == 0)
    {
      BIO_set_retry_read (bio);
      return 0;
    }
  *ret_len = MIN (size, dtls->in_len);
  memcpy (data, dtls->in, *ret_len);
  dtls->in_len = 0; /* what does not fit is lost, as in a socket */
  return 1;
}

static int
on_bio_write (BIO *bio, const char *data, size_t len, size_t *ret_len)
{
  SfuDtls *dtls = BIO_get_data (bio);

  *ret_len = len;
  if (dtls->is_writing_farewell)
    {
      dtls->farewell_len = len <= FAREWELL_MAX ? len : 0;
      memcpy (dtls->farewell, data, dtls->farewell_len);
      return 1;
    }
  if (dtls->flight != NULL)
    g_ptr_array_add (dtls->flight, g_bytes_new (data, len));
  dtls->send ((const uint8_t *) data, len, dtls->user);
  return 1;
}

static long
on_bio_ctrl (BIO *bio, int command, long number, void *pointer)
{
  switch (command)
    {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
      return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
      return SFU_DTLS_MTU;
    default:
      return 0;
    }
}

static void
init (void)
{
  bio_method = BIO_meth_new (BIO_get_new_index () | BIO_TYPE_SOURCE_SINK, "sfu datagram");
  g_assert (bio_method != NULL);
  (void) BIO_meth_set_read_ex (bio_method, on_bio_read);
  (void) BIO_meth_set_write_ex (bio_method, on_bio_write);
  (void) BIO_meth_set_ctrl (bio_method, on_bio_ctrl);
}

/* OpenSSL asks at the beginning of a flight (0), and before it sends it again */
static unsigned
on_timer (SSL *ssl, unsigned before_us)
{
  SfuDtls *dtls = SSL_get_app_data (ssl);
  unsigned next_us = before_us == 0 ? SFU_DTLS_FIRST_US : MIN (before_us * 2, (unsigned) SFU_DTLS_CAP_US);

  dtls->deadline_us = dtls->now_us + next_us;
  return next_us;
}

int
sfu_dtls_on_certificate (X509_STORE_CTX *store, void *unused)
{
  SfuDtls *dtls = SSL_get_app_data (X509_STORE_CTX_get_ex_data (store, SSL_get_ex_data_X509_STORE_CTX_idx ()));
  X509 *certificate = X509_STORE_CTX_get0_cert (store);
  SfuFingerprint found;

  for (unsigned i = 0; certificate != NULL && i < dtls->n_allowed; i++)
    if (sfu_fingerprint_compute (certificate, dtls->allowed[i].hash, &found)
        && sfu_fingerprint_equal (&found, &dtls->allowed[i]))
      {
        dtls->peer = &dtls->allowed[i];
        return 1;
      }
  dtls->error = "the certificate has another fingerprint than was signaled";
  X509_STORE_CTX_set_error (store, X509_V_ERR_CERT_REJECTED); /* the peer is told bad_certificate (RFC 8122 §6.2) */
  return 0;
}

SfuDtls *
sfu_dtls_new (const SfuIdentity *identity, SfuDtlsSendFn send, void *user)
{
  SfuDtls *dtls = g_new0 (SfuDtls, 1);

  (void) pthread_once (&once, init);
  dtls->identity = identity;
  dtls->send = send;
  dtls->user = user;
  dtls->deadline_us = dtls->give_up_us = INT64_MAX;
  return dtls;
}

static void
clear_queue (SfuDtls *dtls)
{
  for (unsigned i = 0; i < dtls->n_queued; i++)
    g_free (dtls->queue[i].data);
  dtls->n_queued = 0;
}

void
sfu_dtls_free (SfuDtls *dtls)
{
  if (dtls == NULL)
    return;
  clear_queue (dtls);
  sfu_dtls_drop_flight (dtls);
  SSL_free (dtls->ssl);
  g_free (dtls);
}

/* not from inside of OpenSSL */
static void
set_state (SfuDtls *dtls, SfuDtlsState state)
{
  static const uint8_t edges[SFU_DTLS_N] = {
    [SFU_DTLS_NEW] = 1 << SFU_DTLS_HANDSHAKE | 1 << SFU_DTLS_CLOSED | 1 << SFU_DTLS_FAILED,
    [SFU_DTLS_HANDSHAKE] = 1 << SFU_DTLS_CONNECTED | 1 << SFU_DTLS_CLOSED | 1 << SFU_DTLS_FAILED,
    [SFU_DTLS_CONNECTED] = 1 << SFU_DTLS_CLOSED | 1 << SFU_DTLS_FAILED,
  };

  g_assert (edges[dtls->state] >> state & 1);
  dtls->state = state;
  if (state != SFU_DTLS_HANDSHAKE)
    dtls->deadline_us = dtls->give_up_us = INT64_MAX;
  if (state >= SFU_DTLS_CLOSED)
    {
      g_clear_pointer (&dtls->ssl, SSL_free);
      sfu_dtls_drop_flight (dtls);
    }
}

/* @why: (nullable): a static text; NULL: as OpenSSL says */
static void
fail (SfuDtls *dtls, const char *why)
{
  if (dtls->error == NULL)
    dtls->error = why != NULL ? why : ERR_reason_error_string (ERR_peek_error ());
  if (dtls->error == NULL)
    dtls->error = "the handshake failed";
  ERR_clear_error ();
  set_state (dtls, SFU_DTLS_FAILED);
}

static void
handshake (SfuDtls *dtls)
{
  struct timeval left;
  int result;

  sfu_dtls_drop_flight (dtls);
  dtls->flight = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  result = SSL_do_handshake (dtls->ssl);
  if (result != 1 || !SSL_is_server (dtls->ssl)) /* a client has had the server's last flight: it is asked for nothing */
    sfu_dtls_drop_flight (dtls);
  if (result == 1 && (SSL_get_selected_srtp_profile (dtls->ssl) == NULL || dtls->peer == NULL))
    {
      (void) SSL_shutdown (dtls->ssl);
      fail (dtls, "no common profile of SRTP");
    }
  else if (result == 1)
    set_state (dtls, SFU_DTLS_CONNECTED);
  else if (SSL_get_error (dtls->ssl, result) != SSL_ERROR_WANT_READ)
    fail (dtls, NULL);
  else if (DTLSv1_get_timeout (dtls->ssl, &left) != 1)
    dtls->deadline_us = INT64_MAX; /* it is the peer's turn */
}

/* alerts, and a Finished that comes again because ours was lost; data has no meaning here */
static void
read_records (SfuDtls *dtls)
{
  uint8_t ignored[DATAGRAM_MAX];

  for (unsigned i = 0; i < READS_MAX; i++)
    {
      int result = SSL_read (dtls->ssl, ignored, sizeof ignored);

      if (result > 0)
        continue;
      switch (SSL_get_error (dtls->ssl, result))
        {
        case SSL_ERROR_WANT_READ:
          return;
        case SSL_ERROR_ZERO_RETURN:
          (void) SSL_shutdown (dtls->ssl); /* RFC 5246 §7.2.1: answered by one's own */
          set_state (dtls, SFU_DTLS_CLOSED);
          return;
        default:
          fail (dtls, NULL);
          return;
        }
    }
}

static void
run (SfuDtls *dtls, const uint8_t *data, size_t len)
{
  ERR_clear_error ();
  dtls->in = data;
  dtls->in_len = len;
  if (dtls->state == SFU_DTLS_HANDSHAKE)
    handshake (dtls);
  if (dtls->state == SFU_DTLS_CONNECTED)
    read_records (dtls);
  dtls->in = NULL;
  dtls->in_len = 0;
  ERR_clear_error ();
}

static bool
make_ssl (SfuDtls *dtls, bool client)
{
  BIO *bio = BIO_new (bio_method);

  dtls->ssl = SSL_new (sfu_identity_get_ssl (dtls->identity));
  if (dtls->ssl == NULL || bio == NULL)
    {
      BIO_free_all (bio);
      return false;
    }
  BIO_set_data (bio, dtls);
  BIO_set_init (bio, 1);
  SSL_set_bio (dtls->ssl, bio, bio);
  (void) SSL_set_app_data (dtls->ssl, dtls);
  SSL_set_verify (dtls->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
  DTLS_set_timer_cb (dtls->ssl, on_timer);
  (void) SSL_set_mtu (dtls->ssl, SFU_DTLS_MTU);
  if (client)
    SSL_set_connect_state (dtls->ssl);
  else
    SSL_set_accept_state (dtls->ssl);
  return true;
}

void
sfu_dtls_start (SfuDtls *dtls, bool client, const SfuFingerprint *fingerprints, unsigned n, int64_t now_us)
{
  g_return_if_fail (dtls->state == SFU_DTLS_NEW && n >= 1 && n <= SFU_FINGERPRINTS_MAX);
  memcpy (dtls->allowed, fingerprints, n * sizeof *fingerprints);
  dtls->n_allowed = n;
  dtls->now_us = now_us;
  ERR_clear_error ();
  if (!make_ssl (dtls, client))
    {
      fail (dtls, NULL);
      return;
    }
  set_state (dtls, SFU_DTLS_HANDSHAKE);
  dtls->give_up_us = now_us + SFU_DTLS_GIVE_UP_US;
  if (client)
    run (dtls, NULL, 0);
  for (unsigned i = 0; i < dtls->n_queued && dtls->ssl != NULL; i++)
    run (dtls, dtls->queue[i].data, dtls->queue[i].len);
  clear_queue (dtls);
}

/* does a record of @type under keys (epoch 1 or later) begin @data */
static bool
is_encrypted (const uint8_t *data, size_t len, uint8_t type)
{
  return len > 13 && data[0] == type && (data[3] != 0 || data[4] != 0);
}

/* does it hold the client's Finished? Before it stand records without keys: certificate, key exchange, ChangeCipherSpec */
static bool
has_finished (const uint8_t *data, size_t len)
{
  while (len > 13)
    {
      size_t record = 13 + (size_t) (data[11] << 8 | data[12]);

      if (is_encrypted (data, len, 22))
        return true;
      if (record >= len)
        return false;
      data += record;
      len -= record;
    }
  return false;
}

/* bounded: nobody knows any more whether it was the peer that asked */
static void
repeat_flight (SfuDtls *dtls)
{
  if (dtls->flight == NULL || dtls->now_us - dtls->flight_us < SFU_DTLS_FIRST_US || dtls->now_us >= dtls->flight_end_us)
    return;
  dtls->flight_us = dtls->now_us;
  for (unsigned i = 0; i < dtls->flight->len; i++)
    {
      gsize len;
      const uint8_t *data = g_bytes_get_data (g_ptr_array_index (dtls->flight, i), &len);

      dtls->send (data, len, dtls->user);
    }
}

void
sfu_dtls_on_datagram (SfuDtls *dtls, const uint8_t *data, size_t len, int64_t now_us)
{
  dtls->now_us = now_us;
  if (len == 0 || len > DATAGRAM_MAX || dtls->state >= SFU_DTLS_CLOSED)
    return;
  if (dtls->is_released)
    {
      if (has_finished (data, len))
        repeat_flight (dtls);
    }
  else if (dtls->state != SFU_DTLS_NEW)
    run (dtls, data, len);
  else if (dtls->n_queued < SFU_DTLS_QUEUE_MAX)
    {
      dtls->queue[dtls->n_queued].data = g_memdup2 (data, len);
      dtls->queue[dtls->n_queued++].len = len;
    }
}

void
sfu_dtls_tick (SfuDtls *dtls, int64_t now_us)
{
  struct timeval left;
  int result;

  dtls->now_us = now_us;
  if (dtls->state != SFU_DTLS_HANDSHAKE)
    return;
  if (now_us >= dtls->give_up_us)
    {
      fail (dtls, "the handshake took too long");
      return;
    }
  if (now_us < dtls->deadline_us)
    return;
  ERR_clear_error ();
  result = DTLSv1_handle_timeout (dtls->ssl);
  if (result < 0)
    fail (dtls, "the peer does not answer");
  else if (result == 0) /* OpenSSL's clock is behind ours, or nothing waits */
    dtls->deadline_us = DTLSv1_get_timeout (dtls->ssl, &left) == 1
                            ? now_us + MAX (1000, left.tv_sec * G_USEC_PER_SEC + left.tv_usec)
                            : INT64_MAX;
}

int64_t
sfu_dtls_get_deadline (const SfuDtls *dtls)
{
  return MIN (dtls->deadline_us, dtls->give_up_us);
}

void
sfu_dtls_close (SfuDtls *dtls, int64_t now_us)
{
  if (dtls->state >= SFU_DTLS_CLOSED)
    return;
  dtls->now_us = now_us;
  ERR_clear_error ();
  if (dtls->farewell_len > 0)
    dtls->send (dtls->farewell, dtls->farewell_len, dtls->user);
  else if (dtls->state == SFU_DTLS_CONNECTED && dtls->ssl != NULL)
    (void) SSL_shutdown (dtls->ssl);
  ERR_clear_error ();
  clear_queue (dtls);
  set_state (dtls, SFU_DTLS_CLOSED);
}

void
sfu_dtls_release (SfuDtls *dtls, int64_t now_us)
{
  g_return_if_fail (dtls->state == SFU_DTLS_CONNECTED && !dtls->is_released);
  ERR_clear_error ();
  dtls->is_writing_farewell = true;
  (void) SSL_shutdown (dtls->ssl);
  dtls->is_writing_farewell = false;
  ERR_clear_error ();
  g_clear_pointer (&dtls->ssl, SSL_free);
  dtls->is_released = true;
  dtls->flight_us = now_us;
  dtls->flight_end_us = now_us + SFU_DTLS_GIVE_UP_US;
}

void
sfu_dtls_drop_flight (SfuDtls *dtls)
{
  g_clear_pointer (&dtls->flight, g_ptr_array_unref);
}

SfuDtlsState
sfu_dtls_get_state (const SfuDtls *dtls)
{
  return dtls->state;
}

const char *
sfu_dtls_get_error (const SfuDtls *dtls)
{
  return dtls->error != NULL ? dtls->error : "";
}

const SfuFingerprint *
sfu_dtls_get_peer (const SfuDtls *dtls)
{
  return dtls->peer;
}

/* client_write_key, server_write_key, client_write_salt, server_write_salt (RFC 5764 §4.2) */
SfuSrtpProfile
sfu_dtls_export (SfuDtls *dtls, SfuSrtpKey *ret_send, SfuSrtpKey *ret_receive)
{
  uint8_t bytes[2 * (SFU_SRTP_KEY_MAX + SFU_SRTP_SALT_MAX)];
  SfuSrtpKey *client, *server;
  SfuSrtpProfile profile;
  unsigned key_len, salt_len;

  if (dtls->state != SFU_DTLS_CONNECTED || dtls->is_released)
    return SFU_SRTP_NONE;
  profile = (SfuSrtpProfile) SSL_get_selected_srtp_profile (dtls->ssl)->id;
  key_len = sfu_srtp_profile_get_key_len (profile);
  salt_len = sfu_srtp_profile_get_salt_len (profile);
  if (SSL_export_keying_material (dtls->ssl, bytes, 2 * (key_len + salt_len), EXPORTER, strlen (EXPORTER), NULL, 0, 0) != 1)
    {
      ERR_clear_error ();
      return SFU_SRTP_NONE;
    }
  client = SSL_is_server (dtls->ssl) ? ret_receive : ret_send;
  server = SSL_is_server (dtls->ssl) ? ret_send : ret_receive;
  memcpy (client->key, bytes, key_len);
  memcpy (server->key, bytes + key_len, key_len);
  memcpy (client->salt, bytes + 2 * key_len, salt_len);
  memcpy (server->salt, bytes + 2 * key_len + salt_len, salt_len);
  OPENSSL_cleanse (bytes, sizeof bytes);
  return profile;
}

/* type 22, version, epoch 0, sequence number, length; then message type 1 (RFC 6347 §4.1, §4.2.2) */
bool
sfu_dtls_is_client_hello (const uint8_t *data, size_t len)
{
  return len > 13 && data[0] == 22 && data[3] == 0 && data[4] == 0 && data[13] == 1;
}

bool
sfu_dtls_is_alert (const uint8_t *data, size_t len)
{
  return is_encrypted (data, len, 21);
}
