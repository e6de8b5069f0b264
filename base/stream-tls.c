/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS half of a stream. OpenSSL reads and writes the socket through a BIO of our own, for three reasons: send() can
 * say MSG_NOSIGNAL, a short read tells that the socket is empty and saves the read that would only say EAGAIN, and one
 * event cannot read without bound. Reading ahead is on (one read for a record, not two), so SSL_has_pending() is what counts.
 */
#include "base/stream-private.h"

#include <errno.h>
#include <openssl/err.h>
#include <pthread.h>
#include <sys/socket.h>

static int
bio_write (BIO *bio, const char *data, int len)
{
  AlStream *stream = BIO_get_data (bio);
  ssize_t n;

  BIO_clear_retry_flags (bio);
  do
    n = send (stream->watch.fd, data, (size_t) len, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (n < 0 && errno == EAGAIN)
    BIO_set_retry_write (bio);
  return (int) n;
}

static int
bio_read (BIO *bio, char *data, int len)
{
  AlStream *stream = BIO_get_data (bio);
  ssize_t n;

  BIO_clear_retry_flags (bio);
  if (stream->rx_budget == 0)
    {
      BIO_set_retry_read (bio);
      return -1;
    }
  do
    n = recv (stream->watch.fd, data, MIN ((size_t) len, stream->rx_budget), 0);
  while (n < 0 && errno == EINTR);
  if (n < 0 && errno == EAGAIN)
    BIO_set_retry_read (bio);
  if (n == 0)
    stream->peer_eof = true;
  else if (n < len)
    stream->rx_budget = 0; /* the socket is empty; epoll tells when it no longer is */
  else
    stream->rx_budget -= (uint32_t) n;
  return (int) n;
}

static long
bio_ctrl (BIO *bio, int command, long number, void *pointer)
{
  AlStream *stream = BIO_get_data (bio);

  switch (command)
    {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_EOF:
      return stream->peer_eof;
    default:
      return 0;
    }
}

static BIO_METHOD *method; /* for the life of the process */

static void
make_method (void)
{
  method = BIO_meth_new (BIO_get_new_index () | BIO_TYPE_SOURCE_SINK, "aldis stream");
  (void) BIO_meth_set_write (method, bio_write);
  (void) BIO_meth_set_read (method, bio_read);
  (void) BIO_meth_set_ctrl (method, bio_ctrl);
}

static const BIO_METHOD *
get_bio_method (void)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;

  (void) pthread_once (&once, make_method);
  return method;
}

static bool
make_ssl (AlStream *stream, AlTls *tls)
{
  SSL_CTX *ctx = al_tls_dup_ctx (tls);
  BIO *bio = BIO_new (get_bio_method ());

  stream->ssl = SSL_new (ctx);
  SSL_CTX_free (ctx);
  if (stream->ssl == NULL || bio == NULL)
    {
      BIO_free (bio);
      return false;
    }
  BIO_set_data (bio, stream);
  BIO_set_init (bio, 1);
  SSL_set_bio (stream->ssl, bio, bio);
  return true;
}

bool
al_stream_tls_accept (AlStream *stream, AlTls *tls)
{
  if (!make_ssl (stream, tls))
    return false;
  SSL_set_accept_state (stream->ssl);
  return true;
}

bool
al_stream_tls_connect (AlStream *stream, AlTls *tls, const char *server_name)
{
  if (!make_ssl (stream, tls))
    return false;
  SSL_set_connect_state (stream->ssl);
  return server_name == NULL
         || (SSL_set_tlsext_host_name (stream->ssl, server_name) == 1 && SSL_set1_host (stream->ssl, server_name) == 1);
}

/* What a failed call means. @n: what it returned. */
static AlIo
explain (AlStream *stream, int n)
{
  switch (SSL_get_error (stream->ssl, n))
    {
    case SSL_ERROR_WANT_READ:
      return AL_IO_AGAIN;
    case SSL_ERROR_WANT_WRITE:
      stream->tls_wants_write = true;
      return AL_IO_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
      return AL_IO_EOF;
    case SSL_ERROR_SYSCALL:
      return stream->peer_eof ? AL_IO_EOF : AL_IO_ERROR;
    default:
      return AL_IO_TLS_ERROR;
    }
}

AlIo
al_stream_tls_handshake (AlStream *stream)
{
  int n;

  ERR_clear_error ();
  stream->tls_wants_write = false;
  n = SSL_do_handshake (stream->ssl);
  return n == 1 ? AL_IO_OK : explain (stream, n);
}

AlIo
al_stream_tls_read (AlStream *stream, uint8_t *data, size_t room, size_t *ret_n)
{
  AlIo io = AL_IO_OK;
  size_t total = 0;

  ERR_clear_error ();
  stream->tls_wants_write = false;
  while (total < room && io == AL_IO_OK)
    {
      size_t n;

      if (SSL_read_ex (stream->ssl, data + total, room - total, &n) == 1)
        total += n;
      else
        io = explain (stream, 0);
    }
  *ret_n = total;
  /* what came before the end or an error is there to be delivered first */
  return total > 0 && io == AL_IO_AGAIN ? AL_IO_OK : io;
}

bool
al_stream_tls_has_pending (AlStream *stream)
{
  return SSL_has_pending (stream->ssl) == 1;
}

AlIo
al_stream_tls_write (AlStream *stream, const void *data, size_t len, size_t *ret_n)
{
  AlIo io;
  bool wants_write = stream->tls_wants_write;

  ERR_clear_error ();
  if (SSL_write_ex (stream->ssl, data, len, ret_n) == 1)
    return AL_IO_OK;
  io = explain (stream, 0);
  stream->tls_wants_write = wants_write; /* that flag is about reading */
  return io;
}

AlIo
al_stream_tls_shutdown (AlStream *stream)
{
  int n;

  ERR_clear_error ();
  n = SSL_shutdown (stream->ssl);
  return n >= 0 ? AL_IO_OK : explain (stream, n);
}
