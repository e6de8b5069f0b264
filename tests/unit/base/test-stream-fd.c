/* SPDX-License-Identifier: Apache-2.0 */
/* Streams of sockets that their owner made: accepted by himself, or bound before they connect. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream-fixture.h"

static unsigned n_open;

static void
on_open (AlStream *stream, void *user)
{
  Side *side = user;

  g_assert_true (side->stream == NULL || side->stream == stream);
  n_open++;
  (void) al_stream_send (stream, "first", 5);
}

static AlStreamOps
ops_with_open (void)
{
  AlStreamOps ops = side_ops;

  ops.on_open = on_open;
  return ops;
}

static int
open_socket (AlAddr *ret_address, bool listens)
{
  socklen_t len = sizeof *ret_address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (al_addr_parse ("127.0.0.1:0", 0, ret_address, NULL));
  g_assert_cmpint (bind (fd, &ret_address->sa, al_addr_get_len (ret_address)), ==, 0);
  if (listens)
    g_assert_cmpint (listen (fd, 8), ==, 0);
  g_assert_cmpint (getsockname (fd, &ret_address->sa, &len), ==, 0);
  return fd;
}

/* a socket that connects, from the port that it is bound to */
static void
test_connecting (void)
{
  g_autoptr (AlLoop) loop = al_loop_new ("fd", NULL);
  const AlStreamOps ops = ops_with_open ();
  Side *side = side_new (loop);
  AlAddr server, bound, from;
  socklen_t len = sizeof from;
  int listener = open_socket (&server, true), fd = open_socket (&bound, false), accepted;
  char bytes[8];

  n_open = 0;
  g_assert_true (connect (fd, &server.sa, al_addr_get_len (&server)) == 0 || errno == EINPROGRESS);
  side->stream = al_stream_new_from_fd (loop, fd, &server, true, &ops, side, NULL);
  g_assert_nonnull (side->stream);
  g_assert_cmpuint (n_open, ==, 0);
  RUN_UNTIL (loop, n_open == 1);
  accepted = accept (listener, &from.sa, &len);
  g_assert_cmpint (accepted, >=, 0);
  g_assert_true (al_addr_equal (&from, &bound));
  g_assert_cmpint (raw_read (loop, accepted, bytes, 5), ==, 5);
  g_assert_cmpmem (bytes, 5, "first", 5);
  raw_write_all (loop, accepted, "answer", 6);
  RUN_UNTIL (loop, side->got->len == 6);
  (void) close (accepted);
  RUN_UNTIL (loop, side->closed);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_EOF);
  g_assert_cmpuint (n_open, ==, 1);
  side_free (side);
  (void) close (listener);
}

static void
test_refused (void)
{
  g_autoptr (AlLoop) loop = al_loop_new ("fd", NULL);
  const AlStreamOps ops = ops_with_open ();
  Side *side = side_new (loop);
  AlAddr nobody, bound;
  int gone = open_socket (&nobody, false), fd = open_socket (&bound, false);

  n_open = 0;
  (void) connect (fd, &nobody.sa, al_addr_get_len (&nobody));
  side->stream = al_stream_new_from_fd (loop, fd, &nobody, true, &ops, side, NULL);
  RUN_UNTIL (loop, side->closed);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_ERROR);
  g_assert_cmpuint (n_open, ==, 0);
  side_free (side);
  (void) close (gone);
}

/* paused before anything came: all of it waits in the socket, the end too */
static void
test_paused (void)
{
  g_autoptr (AlLoop) loop = al_loop_new ("fd", NULL);
  Side *side = side_new (loop);
  AlAddr server, from;
  socklen_t len = sizeof from;
  int listener = open_socket (&server, true), client = raw_connect (&server), fd;

  fd = accept4 (listener, &from.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  side->stream = al_stream_new_from_fd (loop, fd, &from, false, &side_ops, side, NULL);
  al_stream_pause (side->stream, true);
  raw_write_all (loop, client, "kept", 4);
  (void) close (client);
  for (unsigned i = 0; i < 3; i++)
    al_loop_iterate (loop, 5);
  g_assert_false (side->closed);
  g_assert_cmpuint (side->got->len, ==, 0);
  al_stream_pause (side->stream, false);
  RUN_UNTIL (loop, side->closed);
  g_assert_cmpmem (side->got->data, side->got->len, "kept", 4);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_EOF);
  side_free (side);
  (void) close (listener);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/stream-fd/connecting", test_connecting);
  g_test_add_func ("/base/stream-fd/refused", test_refused);
  g_test_add_func ("/base/stream-fd/paused", test_paused);
  return g_test_run ();
}
