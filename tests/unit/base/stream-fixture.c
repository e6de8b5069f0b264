/* SPDX-License-Identifier: Apache-2.0 */
#include "stream-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static size_t
on_data (AlStream *stream, const uint8_t *data, size_t len, void *user)
{
  Side *side = user;
  size_t used = side->consume < len ? side->consume : len;

  g_assert_true (stream == side->stream);
  g_assert_false (side->closed);
  side->n_data++;
  g_byte_array_append (side->got, data, (guint) used);
  if (side->echo)
    (void) al_stream_send (stream, data, used);
  if (side->react != NULL)
    side->react (side, data, len);
  return used;
}

static void
on_drained (AlStream *stream, void *user)
{
  Side *side = user;

  side->n_drained++;
}

static void
on_closed (AlStream *stream, AlStreamClose reason, void *user)
{
  Side *side = user;

  g_assert_true (stream == side->stream);
  side->stream = NULL;
  side->closed = true;
  side->n_closed++;
  side->reason = reason;
}

const AlStreamOps side_ops = { on_data, on_drained, on_closed };

Side *
side_new (AlLoop *loop)
{
  Side *side = g_new0 (Side, 1);

  side->loop = loop;
  side->got = g_byte_array_new ();
  side->consume = SIZE_MAX;
  return side;
}

void
side_free (Side *side)
{
  if (side->stream != NULL)
    {
      al_stream_abort (side->stream);
      al_loop_iterate (side->loop, 0);
    }
  g_assert_cmpuint (side->n_closed, <=, 1);
  g_byte_array_unref (side->got);
  g_free (side);
}

Side *
side_connect (Server *server)
{
  g_autoptr (GError) error = NULL;
  Side *side = side_new (server->loop);

  side->stream = al_stream_connect (server->loop, &server->address, &side_ops, side, &error);
  g_assert_no_error (error);
  return side;
}

static void
accept_side (Server *server, AlStream *stream, AlProto proto)
{
  Side *side = side_new (server->loop);

  server->last_proto = proto;
  side->stream = stream;
  g_ptr_array_add (server->sides, side);
  if (server->on_accept != NULL)
    server->on_accept (side);
  if (!server->without_ops)
    al_stream_set_ops (stream, &side_ops, side);
  else
    side->stream = NULL;
}

#define ACCEPT(name, proto)                                                                                            \
  static void name (AlListener *listener, AlStream *stream, void *user)                                                \
  {                                                                                                                    \
    accept_side (user, stream, proto);                                                                                 \
  }
ACCEPT (accept_http, AL_PROTO_HTTP)
ACCEPT (accept_stun, AL_PROTO_STUN)
ACCEPT (accept_ice_tcp, AL_PROTO_ICE_TCP)
ACCEPT (accept_rtmp, AL_PROTO_RTMP)
ACCEPT (accept_unknown, AL_PROTO_UNKNOWN)

void
server_open (Server *server, const AlListenerConfig *config)
{
  g_autoptr (GError) error = NULL;
  AlListenerConfig plain = { .tls_mode = AL_TLS_NEVER };
  AlAddr any;

  memset (server, 0, sizeof *server);
  g_assert_true (al_addr_parse ("127.0.0.1:0", 0, &any, NULL));
  server->loop = al_loop_new ("test", &error);
  g_assert_no_error (error);
  server->sides = g_ptr_array_new_with_free_func ((GDestroyNotify) side_free);
  server->listener = al_listener_new (server->loop, &any, config != NULL ? config : &plain, &error);
  g_assert_no_error (error);
  al_listener_get_address (server->listener, &server->address);
  g_assert_cmpuint (al_addr_get_port (&server->address), !=, 0);
  al_listener_route (server->listener, AL_PROTO_HTTP, accept_http, server);
  al_listener_route (server->listener, AL_PROTO_STUN, accept_stun, server);
  al_listener_route (server->listener, AL_PROTO_ICE_TCP, accept_ice_tcp, server);
  al_listener_route (server->listener, AL_PROTO_RTMP, accept_rtmp, server);
  al_listener_route (server->listener, AL_PROTO_UNKNOWN, accept_unknown, server);
}

void
server_close (Server *server)
{
  g_ptr_array_unref (server->sides);
  al_listener_free (server->listener);
  al_loop_iterate (server->loop, 0);
  al_loop_free (server->loop);
}

Side *
server_get (Server *server, unsigned i)
{
  RUN_UNTIL (server->loop, server->sides->len > i);
  return g_ptr_array_index (server->sides, i);
}

int
raw_connect (const AlAddr *address)
{
  int fd = socket (address->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), ==, 0);
  g_assert_cmpint (connect (fd, &address->sa, al_addr_get_len (address)), ==, 0);
  g_assert_cmpint (fcntl (fd, F_SETFL, O_NONBLOCK), ==, 0);
  return fd;
}

void
raw_write_all (AlLoop *loop, int fd, const void *data, size_t len)
{
  const uint8_t *bytes = data;

  while (len > 0)
    {
      ssize_t n = send (fd, bytes, len, MSG_NOSIGNAL);

      if (n < 0)
        {
          g_assert_cmpint (errno, ==, EAGAIN);
          al_loop_iterate (loop, 1);
          continue;
        }
      bytes += n;
      len -= (size_t) n;
    }
}

ssize_t
raw_read (AlLoop *loop, int fd, void *data, size_t len)
{
  size_t total = 0;

  while (total < len)
    {
      ssize_t n = recv (fd, (uint8_t *) data + total, len - total, 0);

      if (n == 0)
        break;
      if (n < 0 && errno == EAGAIN)
        al_loop_iterate (loop, 1);
      else if (n < 0)
        return -1;
      else
        total += (size_t) n;
    }
  return (ssize_t) total;
}

Side *
open_stuck (Server *server, int *ret_fd)
{
  *ret_fd = raw_connect (&server->address);
  raw_write_all (server->loop, *ret_fd, "GET ", 4);
  return server_get (server, server->sides->len);
}

void
set_echo (Side *side)
{
  side->echo = true;
}
