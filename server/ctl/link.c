/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ctl/link.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

struct CtlLink {
  int fd;   /* owned */
  SSL *ssl; /* owned; NULL without TLS and DTLS */
};

/* Returns: whether @fd is ready, or has failed, before the deadline */
static bool
wait_for (int fd, short events, int64_t deadline_us)
{
  struct pollfd item = { .fd = fd, .events = events };

  for (;;)
    {
      int64_t left_us = deadline_us - al_clock_now_us ();
      int n = poll (&item, 1, left_us > 0 ? (int) (left_us / 1000 + 1) : 0);

      if (n > 0)
        return true;
      if (n == 0 && left_us <= 0)
        return false;
      if (n < 0 && errno != EINTR)
        return false;
    }
}

static CtlReach
reach_of (int code)
{
  switch (code)
    {
    case ECONNREFUSED:
    case EHOSTUNREACH: /* a router or firewall said so */
    case EACCES:
    case EPERM:
      return CTL_REACH_REFUSED;
    case ENETUNREACH:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return CTL_REACH_NO_ROUTE;
    case ETIMEDOUT:
      return CTL_REACH_TIMEOUT;
    default:
      return CTL_REACH_CLOSED;
    }
}

static CtlReach
connect_socket (CtlLink *link, CtlWay way, const AlAddr *addr, int64_t deadline_us)
{
  int type = ctl_way_is_datagram (way) ? SOCK_DGRAM : SOCK_STREAM, code = 0, on = 1;
  socklen_t len = sizeof code;

  link->fd = socket (addr->sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (link->fd < 0)
    return reach_of (errno);
  if (type == SOCK_STREAM)
    (void) setsockopt (link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect (link->fd, &addr->sa, al_addr_get_len (addr)) == 0)
    return CTL_REACH_OK;
  if (errno != EINPROGRESS)
    return reach_of (errno);
  if (!wait_for (link->fd, POLLOUT, deadline_us))
    return CTL_REACH_TIMEOUT;
  (void) getsockopt (link->fd, SOL_SOCKET, SO_ERROR, &code, &len);
  return code == 0 ? CTL_REACH_OK : reach_of (code);
}

/* a flight of DTLS that finds no answer is sent again. Returns: CTL_REACH_OK when there is something to read, or it was */
static CtlReach
wait_for_read (CtlLink *link, int64_t deadline_us)
{
  struct timeval left;
  int64_t again_us = deadline_us;

  if (SSL_is_dtls (link->ssl) && DTLSv1_get_timeout (link->ssl, &left) == 1)
    again_us = al_clock_now_us () + left.tv_sec * G_USEC_PER_SEC + left.tv_usec;
  if (wait_for (link->fd, POLLIN, MIN (again_us, deadline_us)))
    return CTL_REACH_OK;
  return again_us < deadline_us && DTLSv1_handle_timeout (link->ssl) >= 0 ? CTL_REACH_OK : CTL_REACH_TIMEOUT;
}

/* Returns: CTL_REACH_OK when the operation that gave @result is to be tried again */
static CtlReach
wait_for_tls (CtlLink *link, int result, int64_t deadline_us)
{
  int code = errno; /* before anything else sets it */

  switch (SSL_get_error (link->ssl, result))
    {
    case SSL_ERROR_WANT_READ:
      return wait_for_read (link, deadline_us);
    case SSL_ERROR_WANT_WRITE:
      return wait_for (link->fd, POLLOUT, deadline_us) ? CTL_REACH_OK : CTL_REACH_TIMEOUT;
    case SSL_ERROR_SSL:
      return CTL_REACH_STRANGE;
    case SSL_ERROR_SYSCALL:
      return code == 0 ? CTL_REACH_CLOSED : reach_of (code);
    default:
      return CTL_REACH_CLOSED;
    }
}

/* the fd of @link, of a kind that keeps datagrams apart when they are */
static bool
set_socket (CtlLink *link, const AlAddr *addr)
{
  BIO *bio;

  if (!SSL_is_dtls (link->ssl))
    return SSL_set_fd (link->ssl, link->fd) == 1;
  bio = BIO_new_dgram (link->fd, BIO_NOCLOSE);
  if (bio == NULL)
    return false;
  (void) BIO_ctrl (bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, (void *) addr); /* a BIO_ADDR begins as a sockaddr does */
  SSL_set_bio (link->ssl, bio, bio);
  return true;
}

static CtlReach
shake_hands (CtlLink *link, const char *host, const AlAddr *server, int64_t deadline_us, CtlCert *ret_cert)
{
  SSL_CTX *context = SSL_CTX_new (server != NULL ? DTLS_client_method () : TLS_client_method ());
  CtlReach reach = CTL_REACH_OK;
  AlAddr addr;
  X509 *x509;
  int result;

  if (context == NULL)
    return CTL_REACH_STRANGE;
  (void) SSL_CTX_set_default_verify_paths (context);
  link->ssl = SSL_new (context);
  SSL_CTX_free (context);
  if (link->ssl == NULL || !set_socket (link, server))
    return CTL_REACH_STRANGE;
  if (!al_addr_parse (host, 0, &addr, NULL))
    (void) SSL_set_tlsext_host_name (link->ssl, host); /* RFC 6066 §3: no addresses */
  while (reach == CTL_REACH_OK)
    {
      ERR_clear_error ();
      errno = 0;
      result = SSL_connect (link->ssl);
      if (result == 1)
        break;
      reach = wait_for_tls (link, result, deadline_us);
    }
  x509 = SSL_get1_peer_certificate (link->ssl);
  if (x509 != NULL && ret_cert != NULL)
    ctl_cert_read (ret_cert, x509, SSL_get_verify_result (link->ssl), host);
  X509_free (x509);
  return reach;
}

CtlLink *
ctl_link_open (CtlWay way, const AlAddr *addr, const char *host, int64_t deadline_us, CtlCert *ret_cert,
               CtlReach *ret_reach)
{
  g_autoptr (CtlLink) link = g_new0 (CtlLink, 1);
  CtlReach reach = connect_socket (link, way, addr, deadline_us);

  if (reach == CTL_REACH_OK && (way == CTL_WAY_TLS || way == CTL_WAY_DTLS || way == CTL_WAY_HTTPS))
    reach = shake_hands (link, host, way == CTL_WAY_DTLS ? addr : NULL, deadline_us, ret_cert);
  *ret_reach = reach;
  return reach == CTL_REACH_OK ? g_steal_pointer (&link) : NULL;
}

void
ctl_link_free (CtlLink *link)
{
  if (link == NULL)
    return;
  SSL_free (link->ssl);
  if (link->fd >= 0)
    (void) close (link->fd);
  g_free (link);
}

void
ctl_link_get_own (const CtlLink *link, AlAddr *ret_own)
{
  socklen_t len = sizeof *ret_own;

  memset (ret_own, 0, sizeof *ret_own);
  (void) getsockname (link->fd, &ret_own->sa, &len);
}

int
ctl_link_get_fd (const CtlLink *link)
{
  return link->fd;
}

CtlReach
ctl_link_send (CtlLink *link, const void *data, size_t len, int64_t deadline_us)
{
  const uint8_t *at = data;
  CtlReach reach = CTL_REACH_OK;

  while (len > 0 && reach == CTL_REACH_OK)
    {
      ssize_t n;

      ERR_clear_error ();
      errno = 0;
      n = link->ssl != NULL ? SSL_write (link->ssl, at, (int) len) : send (link->fd, at, len, MSG_NOSIGNAL);
      if (n > 0)
        {
          at += n;
          len -= (size_t) n;
        }
      else if (link->ssl != NULL)
        reach = wait_for_tls (link, (int) n, deadline_us);
      else if (errno != EAGAIN)
        reach = reach_of (errno);
      else if (!wait_for (link->fd, POLLOUT, deadline_us))
        reach = CTL_REACH_TIMEOUT;
    }
  return reach;
}

CtlReach
ctl_link_receive (CtlLink *link, void *data, size_t size, int64_t deadline_us, size_t *ret_len)
{
  for (;;)
    {
      CtlReach reach = CTL_REACH_OK;
      ssize_t n;

      ERR_clear_error ();
      errno = 0;
      n = link->ssl != NULL ? SSL_read (link->ssl, data, (int) size) : recv (link->fd, data, size, 0);
      if (n > 0)
        {
          *ret_len = (size_t) n;
          return CTL_REACH_OK;
        }
      if (link->ssl != NULL)
        reach = wait_for_tls (link, (int) n, deadline_us);
      else if (n == 0)
        reach = CTL_REACH_CLOSED;
      else if (errno != EAGAIN)
        reach = reach_of (errno);
      else if (!wait_for (link->fd, POLLIN, deadline_us))
        reach = CTL_REACH_TIMEOUT;
      if (reach != CTL_REACH_OK)
        return reach;
    }
}
