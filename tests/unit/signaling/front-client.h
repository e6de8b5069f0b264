/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the front: a client on a raw socket, plain or TLS, that sees every byte; HTTP answers, WebSocket frames. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/addr.h"

typedef struct {
  int fd;
  SSL *ssl;
  GByteArray *in;
  bool eof;  /* the server ended it properly */
  bool gone; /* it was reset */
} Client;

typedef struct {
  unsigned status;
  char *head; /* status line and fields */
  char *body;
  size_t body_len;
} Answer;

static inline Client *
client_new_fd (int fd)
{
  Client *client = g_new0 (Client, 1);

  g_assert_cmpint (fd, >=, 0);
  client->fd = fd;
  client->in = g_byte_array_new ();
  return client;
}

static inline Client *
client_new (const AlAddr *address)
{
  int fd = socket (address->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

  g_assert_cmpint (connect (fd, &address->sa, al_addr_get_len (address)), ==, 0);
  g_assert_cmpint (fcntl (fd, F_SETFL, O_NONBLOCK), ==, 0);
  (void) setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return client_new_fd (fd);
}

static inline Client *
client_new_unix (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  (void) g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (fcntl (fd, F_SETFL, O_NONBLOCK), ==, 0);
  return client_new_fd (fd);
}

static inline void
client_free (Client *client)
{
  SSL_free (client->ssl);
  if (client->fd >= 0)
    (void) close (client->fd);
  g_byte_array_unref (client->in);
  g_free (client);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Client, client_free)

static inline void
client_wait (const Client *client, short events)
{
  struct pollfd fd = { .fd = client->fd, .events = events };

  (void) poll (&fd, 1, 5);
}

static inline void
client_start_tls (Client *client, SSL_CTX *ctx)
{
  int code;

  client->ssl = SSL_new (ctx);
  g_assert_cmpint (SSL_set_fd (client->ssl, client->fd), ==, 1);
  while ((code = SSL_connect (client->ssl)) != 1)
    {
      int reason = SSL_get_error (client->ssl, code);

      g_assert_true (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE);
      client_wait (client, reason == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT);
    }
}

/* Returns: bytes sent, 0 when the socket is full, -1 when the server does not take them any more. */
static inline ssize_t
client_try_send (Client *client, const void *data, size_t len)
{
  ssize_t n;

  if (client->ssl != NULL)
    {
      int code = SSL_write (client->ssl, data, (int) len);
      int reason = code <= 0 ? SSL_get_error (client->ssl, code) : 0;

      ERR_clear_error ();
      return code > 0 ? code : reason == SSL_ERROR_WANT_WRITE || reason == SSL_ERROR_WANT_READ ? 0 : -1;
    }
  n = send (client->fd, data, len, MSG_NOSIGNAL);
  return n < 0 && errno == EAGAIN ? 0 : n;
}

static inline void
client_send_bytes (Client *client, const void *data, size_t len)
{
  while (len > 0)
    {
      ssize_t n = client_try_send (client, data, len);

      if (n < 0)
        return;
      if (n == 0)
        client_wait (client, POLLOUT);
      data = (const uint8_t *) data + n;
      len -= (size_t) n;
    }
}

static inline void
client_send (Client *client, const char *text)
{
  client_send_bytes (client, text, strlen (text));
}

/* Reads what is there. */
static inline void
client_read (Client *client)
{
  uint8_t data[65536];
  ssize_t n;

  while (!client->eof && !client->gone)
    {
      if (client->ssl != NULL)
        {
          int code = SSL_read (client->ssl, data, sizeof data);
          int reason = code <= 0 ? SSL_get_error (client->ssl, code) : 0;

          ERR_clear_error ();
          if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE)
            return;
          client->gone = code <= 0 && reason != SSL_ERROR_ZERO_RETURN;
          n = code > 0 ? code : 0;
        }
      else
        {
          n = recv (client->fd, data, sizeof data, 0);
          if (n < 0 && errno == EAGAIN)
            return;
          client->gone = n < 0;
        }
      client->eof = n == 0 && !client->gone;
      if (n > 0)
        (void) g_byte_array_append (client->in, data, (guint) n);
    }
}

static inline bool
client_has (const Client *client, const char *text)
{
  return client->in->len > 0 && memmem (client->in->data, client->in->len, text, strlen (text)) != NULL;
}

static inline void
answer_clear (Answer *answer)
{
  g_free (answer->head);
  g_free (answer->body);
  *answer = (Answer){ 0 };
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

/* Returns: (transfer full) (nullable): the value of a field. */
static inline char *
answer_get (const Answer *answer, const char *name)
{
  g_autofree char *key = g_strdup_printf ("\r\n%s: ", name);
  const char *at = strstr (answer->head, key), *end;

  if (at == NULL)
    return NULL;
  at += strlen (key);
  end = strstr (at, "\r\n");
  return g_strndup (at, (gsize) (end - at));
}

/* Takes one whole answer out of what was read. @no_body: to HEAD. Returns: false when there is none yet. */
static inline bool
client_take_answer (Client *client, bool no_body, Answer *ret)
{
  const char *data = (const char *) client->in->data;
  const char *end = client->in->len > 0 ? memmem (data, client->in->len, "\r\n\r\n", 4) : NULL;
  Answer answer = { 0 };
  size_t used;
  g_autofree char *length = NULL;

  if (end == NULL)
    return false;
  g_assert_true (g_str_has_prefix (data, "HTTP/1.1 "));
  used = (size_t) (end - data) + 4;
  answer.head = g_strndup (data, used - 2);
  answer.status = (unsigned) g_ascii_strtoull (data + strlen ("HTTP/1.1 "), NULL, 10);
  length = answer_get (&answer, "Content-Length");
  answer.body_len = length != NULL && !no_body ? g_ascii_strtoull (length, NULL, 10) : 0;
  if (client->in->len - used < answer.body_len)
    {
      answer_clear (&answer);
      return false;
    }
  answer.body = g_malloc (answer.body_len + 1);
  memcpy (answer.body, data + used, answer.body_len);
  answer.body[answer.body_len] = '\0';
  (void) g_byte_array_remove_range (client->in, 0, (guint) (used + answer.body_len));
  *ret = answer;
  return true;
}

/* A client's frame, masked. */
static inline void
client_send_frame (Client *client, uint8_t first, const void *payload, size_t len)
{
  g_autoptr (GByteArray) frame = g_byte_array_new ();
  uint8_t head[14] = { first };
  size_t n = 2;

  if (len < 126)
    head[1] = (uint8_t) len;
  else if (len < 65536)
    {
      head[1] = 126;
      head[2] = (uint8_t) (len >> 8);
      head[3] = (uint8_t) len;
      n = 4;
    }
  else
    {
      head[1] = 127;
      for (int i = 0; i < 8; i++)
        head[2 + i] = (uint8_t) ((uint64_t) len >> (56 - 8 * i));
      n = 10;
    }
  head[1] |= 0x80;
  memcpy (head + n, "mask", 4);
  (void) g_byte_array_append (frame, head, (guint) n + 4);
  (void) g_byte_array_append (frame, payload, (guint) len);
  for (size_t i = 0; i < len; i++)
    frame->data[n + 4 + i] ^= (uint8_t) "mask"[i % 4];
  client_send_bytes (client, frame->data, frame->len);
}

static inline void
client_send_text (Client *client, const char *text)
{
  client_send_frame (client, 0x81, text, strlen (text));
}

/* Takes one of the server's frames. @ret_payload: (transfer full): NUL added. Returns: its first byte, 0: none yet. */
static inline uint8_t
client_take_frame (Client *client, char **ret_payload, size_t *ret_len)
{
  const uint8_t *data = client->in->data;
  size_t head = 2, len;
  uint8_t first;

  if (client->in->len < 2)
    return 0;
  g_assert_cmpint (data[1] & 0x80, ==, 0); /* a server never masks */
  len = data[1];
  head += len == 126 ? 2 : len == 127 ? 8 : 0;
  if (client->in->len < head)
    return 0;
  if (len >= 126)
    {
      len = 0;
      for (size_t i = 2; i < head; i++)
        len = len << 8 | data[i];
    }
  if (client->in->len < head + len)
    return 0;
  first = data[0];
  *ret_payload = g_malloc0 (len + 1);
  memcpy (*ret_payload, data + head, len);
  *ret_len = len;
  (void) g_byte_array_remove_range (client->in, 0, (guint) (head + len));
  return first;
}
