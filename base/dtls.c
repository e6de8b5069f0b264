/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SSL between two calls: a BIO of our own hands it the one datagram that is there, and what it writes goes out at once,
 * so that the borders of datagrams stay. A ClientHello in several fragments is put together by OpenSSL itself; DTLSv1_listen()
 * cannot, and so is not used: al_dtls_accept_verified() takes its place.
 *
 *   NEW --start--> HANDSHAKE --finished--> OPEN --close_notify--> CLOSED
 *                      `--alert, certificate, time--> FAILED <--alert--'
 */
#include "base/dtls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <string.h>

#include "base/bytes.h"

#define RECORD_MAX AL_DTLS_DATAGRAM_MAX /* what a datagram can hold */
#define READS_MAX 32                    /* records of one datagram */

struct AlDtls {
  /* passed in, not owned */
  const AlDtlsOps *ops;
  void *user;
  /* owned */
  SSL *ssl; /* NULL after the end */

  AlDtlsConfig config;
  AlDtlsState state;
  const char *error; /* a static text */
  int64_t now_us;    /* of the call that runs */
  int64_t deadline_us, give_up_us;
  const uint8_t *in; /* the datagram that was not read yet; during a call */
  size_t in_len;
  bool is_mute;      /* what is written goes nowhere */
  uint64_t ahead;    /* added to the numbers of records without keys */
};

static BIO_METHOD *bio_method;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int
on_bio_read (BIO *bio, char *data, size_t size, size_t *ret_len)
{
  AlDtls *dtls = BIO_get_data (bio);

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

/* @data: @len bytes of records, each whole: those without keys (epoch 0) are numbered on from what OpenSSL does not know */
static void
renumber (uint8_t *data, size_t len, uint64_t ahead)
{
  AlReader reader;

  al_reader_init (&reader, data, len);
  while (al_reader_remaining (&reader) >= AL_DTLS_RECORD_HEADER)
    {
      uint8_t *seq = data + (len - al_reader_remaining (&reader)) + 5;
      uint64_t number;
      AlWriter writer;
      uint16_t epoch;

      (void) al_reader_skip (&reader, 3);
      epoch = al_reader_u16 (&reader);
      number = al_reader_u48 (&reader) + ahead;
      al_writer_init (&writer, seq, 6);
      if (epoch == 0)
        al_writer_u48 (&writer, number);
      (void) al_reader_skip (&reader, al_reader_u16 (&reader));
    }
}

static int
on_bio_write (BIO *bio, const char *data, size_t len, size_t *ret_len)
{
  AlDtls *dtls = BIO_get_data (bio);
  uint8_t copy[AL_DTLS_DATAGRAM_MAX];

  *ret_len = len;
  if (dtls->is_mute)
    return 1;
  if (dtls->ahead != 0 && len > AL_DTLS_RECORD_HEADER && len <= sizeof copy && data[3] == 0 && data[4] == 0)
    {
      memcpy (copy, data, len);
      renumber (copy, len, dtls->ahead);
      data = (const char *) copy;
    }
  dtls->ops->send ((const uint8_t *) data, len, dtls->user);
  return 1;
}

static long
on_bio_ctrl (BIO *bio, int command, long number, void *pointer)
{
  const AlDtls *dtls = BIO_get_data (bio);

  switch (command)
    {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
      return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
      return dtls->config.mtu;
    default:
      return 0;
    }
}

static void
init (void)
{
  bio_method = BIO_meth_new (BIO_get_new_index () | BIO_TYPE_SOURCE_SINK, "aldis datagram");
  g_assert (bio_method != NULL);
  (void) BIO_meth_set_read_ex (bio_method, on_bio_read);
  (void) BIO_meth_set_write_ex (bio_method, on_bio_write);
  (void) BIO_meth_set_ctrl (bio_method, on_bio_ctrl);
}

/* OpenSSL asks at the beginning of a flight (0), and before it sends it again */
static unsigned
on_timer (SSL *ssl, unsigned before_us)
{
  AlDtls *dtls = SSL_get_app_data (ssl);
  int64_t next_us = before_us == 0 ? dtls->config.first_us : MIN ((int64_t) before_us * 2, dtls->config.cap_us);

  dtls->deadline_us = dtls->now_us + next_us;
  return (unsigned) next_us;
}

AlDtls *
al_dtls_new (SSL_CTX *ctx, const AlDtlsConfig *config, const AlDtlsOps *ops, void *user)
{
  AlDtls *dtls;
  SSL *ssl;
  BIO *bio;

  (void) pthread_once (&once, init);
  ERR_clear_error ();
  bio = BIO_new (bio_method);
  ssl = SSL_new (ctx);
  ERR_clear_error ();
  if (ssl == NULL || bio == NULL)
    {
      SSL_free (ssl);
      BIO_free_all (bio);
      return NULL;
    }
  dtls = g_new0 (AlDtls, 1);
  dtls->ops = ops;
  dtls->user = user;
  dtls->config = *config;
  dtls->ssl = ssl;
  dtls->deadline_us = dtls->give_up_us = INT64_MAX;
  BIO_set_data (bio, dtls);
  BIO_set_init (bio, 1);
  SSL_set_bio (ssl, bio, bio);
  (void) SSL_set_app_data (ssl, dtls);
  DTLS_set_timer_cb (ssl, on_timer);
  (void) SSL_set_options (ssl, SSL_OP_NO_QUERY_MTU);
  (void) SSL_set_mtu (ssl, config->mtu);
  return dtls;
}

void
al_dtls_free (AlDtls *dtls)
{
  if (dtls == NULL)
    return;
  SSL_free (dtls->ssl);
  g_free (dtls);
}

/* not from inside of OpenSSL */
static void
set_state (AlDtls *dtls, AlDtlsState state)
{
  static const uint8_t edges[AL_DTLS_N] = {
    [AL_DTLS_NEW] = 1 << AL_DTLS_HANDSHAKE | 1 << AL_DTLS_CLOSED,
    [AL_DTLS_HANDSHAKE] = 1 << AL_DTLS_OPEN | 1 << AL_DTLS_CLOSED | 1 << AL_DTLS_FAILED,
    [AL_DTLS_OPEN] = 1 << AL_DTLS_CLOSED | 1 << AL_DTLS_FAILED,
  };

  g_assert (edges[dtls->state] >> state & 1);
  dtls->state = state;
  if (state != AL_DTLS_HANDSHAKE)
    dtls->deadline_us = dtls->give_up_us = INT64_MAX;
  if (state >= AL_DTLS_CLOSED)
    g_clear_pointer (&dtls->ssl, SSL_free);
}

/* @why: (nullable): a static text; NULL: as OpenSSL says */
static void
fail (AlDtls *dtls, const char *why)
{
  dtls->error = why != NULL ? why : ERR_reason_error_string (ERR_peek_error ());
  if (dtls->error == NULL)
    dtls->error = "the handshake failed";
  ERR_clear_error ();
  set_state (dtls, AL_DTLS_FAILED);
}

static void
handshake (AlDtls *dtls)
{
  struct timeval left;
  int result = SSL_do_handshake (dtls->ssl);

  if (result == 1)
    set_state (dtls, AL_DTLS_OPEN);
  else if (SSL_get_error (dtls->ssl, result) != SSL_ERROR_WANT_READ)
    fail (dtls, NULL);
  else if (DTLSv1_get_timeout (dtls->ssl, &left) != 1)
    dtls->deadline_us = INT64_MAX; /* it is the peer's turn */
}

/* data, alerts, and a Finished that comes again because ours was lost */
static void
read_records (AlDtls *dtls)
{
  uint8_t data[RECORD_MAX];

  for (unsigned i = 0; i < READS_MAX && dtls->state == AL_DTLS_OPEN; i++)
    {
      int result = SSL_read (dtls->ssl, data, sizeof data);

      if (result > 0)
        {
          if (dtls->ops->receive != NULL)
            dtls->ops->receive (data, (size_t) result, dtls->user);
          continue;
        }
      switch (SSL_get_error (dtls->ssl, result))
        {
        case SSL_ERROR_WANT_READ:
          return;
        case SSL_ERROR_ZERO_RETURN:
          (void) SSL_shutdown (dtls->ssl); /* RFC 5246 §7.2.1: answered by one's own */
          set_state (dtls, AL_DTLS_CLOSED);
          return;
        default:
          fail (dtls, NULL);
          return;
        }
    }
}

static void
run (AlDtls *dtls, const uint8_t *data, size_t len)
{
  ERR_clear_error ();
  dtls->in = data;
  dtls->in_len = len;
  if (dtls->state == AL_DTLS_HANDSHAKE)
    handshake (dtls);
  if (dtls->state == AL_DTLS_OPEN)
    read_records (dtls);
  dtls->in = NULL;
  dtls->in_len = 0;
  ERR_clear_error ();
}

static void
start (AlDtls *dtls, int64_t now_us)
{
  g_assert (dtls->state == AL_DTLS_NEW);
  dtls->now_us = now_us;
  set_state (dtls, AL_DTLS_HANDSHAKE);
  dtls->give_up_us = now_us + dtls->config.give_up_us;
}

void
al_dtls_connect (AlDtls *dtls, int64_t now_us)
{
  SSL_set_connect_state (dtls->ssl);
  start (dtls, now_us);
  run (dtls, NULL, 0);
}

void
al_dtls_accept (AlDtls *dtls, int64_t now_us)
{
  SSL_set_accept_state (dtls->ssl);
  start (dtls, now_us);
}

/* the shortest one without a cookie that OpenSSL reads */
static size_t
write_hello (unsigned number, uint8_t *ret_data, size_t size)
{
  AlWriter out;

  al_writer_init (&out, ret_data, size);
  al_writer_u8 (&out, 22);
  al_writer_u16 (&out, DTLS1_2_VERSION);
  al_writer_u16 (&out, 0);
  al_writer_u48 (&out, number);
  al_writer_u16 (&out, 12 + 42);
  al_writer_u8 (&out, 1);
  al_writer_u24 (&out, 42);
  al_writer_u16 (&out, (uint16_t) number);
  al_writer_u24 (&out, 0);
  al_writer_u24 (&out, 42);
  al_writer_u16 (&out, DTLS1_2_VERSION);
  al_writer_zero (&out, AL_DTLS_RANDOM_BYTES);
  al_writer_u8 (&out, 0);       /* session id */
  al_writer_u8 (&out, 0);       /* cookie */
  al_writer_u16 (&out, 2);      /* cipher suites */
  al_writer_u16 (&out, 0xc02b); /* any */
  al_writer_u16 (&out, 0x0100); /* compression: none */
  g_assert (!al_writer_failed (&out));
  return al_writer_len (&out);
}

/* OpenSSL takes a ClientHello with a cookie only behind one without: those whom nobody remembers are played to it, and what it
 * answers was sent long ago. None of the two is in the handshake's hash (RFC 6347 §4.2.1). */
void
al_dtls_accept_verified (AlDtls *dtls, const AlDtlsHello *hello, int64_t now_us)
{
  uint8_t data[128];

  g_return_if_fail (hello->message_seq >= 1 && hello->message_seq <= AL_DTLS_HELLOS_MAX);
  al_dtls_accept (dtls, now_us);
  dtls->is_mute = true;
  for (unsigned i = 0; i < hello->message_seq && dtls->state == AL_DTLS_HANDSHAKE; i++)
    run (dtls, data, write_hello (i, data, sizeof data));
  dtls->is_mute = false;
  dtls->ahead = hello->record_seq - hello->message_seq;
}

static int
on_make_cookie (SSL *ssl, unsigned char *cookie, unsigned *ret_len)
{
  cookie[0] = 0;
  *ret_len = 1;
  return 1;
}

static int
on_check_cookie (SSL *ssl, const unsigned char *cookie, unsigned len)
{
  return 1;
}

void
al_dtls_trust_cookies (SSL_CTX *ctx)
{
  (void) SSL_CTX_set_options (ctx, SSL_OP_COOKIE_EXCHANGE);
  SSL_CTX_set_cookie_generate_cb (ctx, on_make_cookie);
  SSL_CTX_set_cookie_verify_cb (ctx, on_check_cookie);
}

/* Returns: bytes that the cipher adds to each record (RFC 5288 §3, RFC 7905 §2, RFC 6655 §3); before one is agreed on the most
 * of them: the first record that is encrypted is a Finished, which has more. */
static size_t
find_overhead (const AlDtls *dtls)
{
  const SSL_CIPHER *cipher = SSL_get_current_cipher (dtls->ssl);

  switch (cipher != NULL ? SSL_CIPHER_get_cipher_nid (cipher) : NID_aes_128_gcm)
    {
    case NID_aes_128_gcm:
    case NID_aes_256_gcm:
    case NID_aes_128_ccm:
    case NID_aes_256_ccm:
      return 8 + 16;
    case NID_chacha20_poly1305:
      return 16;
    default: /* OpenSSL drops what is too short */
      return 0;
    }
}

/* A record that is not authentic is dropped (RFC 6347 §4.1.2.7), but one that is shorter than what its cipher adds ends the
 * session in OpenSSL 3.0.19: whoever can forge an address could. Returns: bytes before the first such record. */
static size_t
find_sound (const AlDtls *dtls, const uint8_t *data, size_t len)
{
  size_t overhead = find_overhead (dtls), at = 0;

  while (len - at >= DTLS1_RT_HEADER_LENGTH)
    {
      bool encrypted = data[at + 3] != 0 || data[at + 4] != 0; /* the epoch */
      size_t record = (size_t) data[at + 11] << 8 | data[at + 12];

      if (encrypted && record < overhead)
        return at;
      if (record > len - at - DTLS1_RT_HEADER_LENGTH)
        break;
      at += DTLS1_RT_HEADER_LENGTH + record;
    }
  return len;
}

void
al_dtls_on_datagram (AlDtls *dtls, const uint8_t *data, size_t len, int64_t now_us)
{
  dtls->now_us = now_us;
  if (len > AL_DTLS_DATAGRAM_MAX || dtls->ssl == NULL)
    return;
  len = find_sound (dtls, data, len);
  if (len > 0)
    run (dtls, data, len);
}

void
al_dtls_tick (AlDtls *dtls, int64_t now_us)
{
  struct timeval left;
  int result;

  dtls->now_us = now_us;
  if (dtls->state != AL_DTLS_HANDSHAKE)
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
  ERR_clear_error ();
}

int64_t
al_dtls_get_deadline (const AlDtls *dtls)
{
  return MIN (dtls->deadline_us, dtls->give_up_us);
}

bool
al_dtls_send (AlDtls *dtls, const void *data, size_t len)
{
  if (dtls->state != AL_DTLS_OPEN || len == 0 || len > AL_DTLS_RECORD_MAX)
    return false;
  ERR_clear_error ();
  if (SSL_write (dtls->ssl, data, (int) len) > 0)
    return true;
  fail (dtls, NULL);
  return false;
}

void
al_dtls_close (AlDtls *dtls, int64_t now_us)
{
  if (dtls->state >= AL_DTLS_CLOSED)
    return;
  dtls->now_us = now_us;
  ERR_clear_error ();
  if (dtls->state == AL_DTLS_OPEN)
    (void) SSL_shutdown (dtls->ssl);
  ERR_clear_error ();
  set_state (dtls, AL_DTLS_CLOSED);
}

AlDtlsState
al_dtls_get_state (const AlDtls *dtls)
{
  return dtls->state;
}

const char *
al_dtls_get_error (const AlDtls *dtls)
{
  return dtls->error != NULL ? dtls->error : "";
}

SSL *
al_dtls_get_ssl (const AlDtls *dtls)
{
  return dtls->ssl;
}

void *
al_dtls_get_user (const SSL *ssl)
{
  return ((const AlDtls *) SSL_get_app_data (ssl))->user;
}
