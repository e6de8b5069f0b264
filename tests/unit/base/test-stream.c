/* SPDX-License-Identifier: Apache-2.0 */
#include <gio/gio.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream-fixture.h"

#define SECOND_US INT64_C (1000000)

static void
test_echo (void)
{
  Server server;
  Side *client, *side;

  server_open (&server, NULL);
  server.on_accept = set_echo;
  client = side_connect (&server);
  g_assert_cmpint (al_stream_send (client->stream, "GET / ", 6), ==, AL_SEND_OK); /* queued until connected */
  side = server_get (&server, 0);
  RUN_UNTIL (server.loop, client->got->len == 6);
  g_assert_cmpmem (client->got->data, 6, "GET / ", 6);
  g_assert_cmpint (server.last_proto, ==, AL_PROTO_HTTP);
  g_assert_false (al_stream_is_tls (side->stream));
  g_assert_cmpint (al_stream_get_peer_uid (side->stream), ==, -1);

  al_stream_close (client->stream);
  RUN_UNTIL (server.loop, client->closed && side->closed);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_EOF);
  g_assert_cmpint (client->reason, ==, AL_STREAM_CLOSE_LOCAL);
  side_free (client);
  server_close (&server);
}

static void
test_addresses (void)
{
  Server server;
  Side *client, *side;
  AlAddr a, b;

  server_open (&server, NULL);
  client = side_connect (&server);
  (void) al_stream_send (client->stream, "GET ", 4);
  side = server_get (&server, 0);
  al_stream_get_local (side->stream, &a);
  g_assert_true (al_addr_equal (&a, &server.address));
  al_stream_get_peer (client->stream, &a);
  g_assert_true (al_addr_equal (&a, &server.address));
  al_stream_get_peer (side->stream, &a);
  al_stream_get_local (client->stream, &b);
  g_assert_true (al_addr_equal (&a, &b));
  g_assert_true (al_stream_get_loop (side->stream) == server.loop);
  side_free (client);
  server_close (&server);
}

/* What accept() must inherit from the listening socket, since it is set nowhere else. */
static void
test_socket_options (void)
{
  Server server;
  Side *client;
  int found = 0;

  server_open (&server, NULL);
  client = side_connect (&server);
  (void) al_stream_send (client->stream, "GET ", 4);
  (void) server_get (&server, 0);
  for (int fd = 3; fd < 64; fd++)
    {
      AlAddr local = { 0 };
      int listening = 1, nodelay = 0, timeout = 0, lowat = 0;
      socklen_t len = sizeof local, size = sizeof listening;

      if (getsockname (fd, &local.sa, &len) < 0 || !al_addr_equal (&local, &server.address))
        continue;
      g_assert_cmpint (getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size), ==, 0);
      if (listening)
        continue;
      found++;
      g_assert_cmpint (getsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &size), ==, 0);
      g_assert_cmpint (getsockopt (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, &size), ==, 0);
      g_assert_cmpint (getsockopt (fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, &size), ==, 0);
      g_assert_cmpint (nodelay, ==, 1);
      g_assert_cmpint (timeout, ==, 20000);
      g_assert_cmpint (lowat, ==, 128 * 1024);
      g_assert_true ((fcntl (fd, F_GETFL) & O_NONBLOCK) != 0);
      g_assert_true ((fcntl (fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
  g_assert_cmpint (found, ==, 1);
  side_free (client);
  server_close (&server);
}

/* A side that consumes and sends odd amounts, driven by the test's seed. */
static void
consume_randomly (Side *side, const uint8_t *data, size_t len)
{
  side->consume = (size_t) g_test_rand_int_range (1, 70000);
  if (g_test_rand_int_range (0, 8) == 0)
    {
      al_stream_pause (side->stream, true);
      al_stream_pause (side->stream, false);
    }
  /* leftovers would wait for more bytes otherwise */
  al_stream_pause (side->stream, false);
}

static void
echo_randomly (Side *side)
{
  side->echo = true;
  side->consume = 1000;
  side->react = consume_randomly;
  al_stream_set_limits (side->stream, 1 + (size_t) g_test_rand_int_range (4096, 200000), 1000, 5000, 64 << 20);
}

/* Sends through both ways of sending, in pieces of all sizes. */
static void
send_piece (AlStream *stream, const uint8_t *data, size_t len)
{
  if (g_test_rand_bit ())
    g_assert_cmpint (al_stream_send (stream, data, len), !=, AL_SEND_GONE);
  else
    {
      size_t offset = (size_t) g_test_rand_int_range (0, 9);
      g_autoptr (AlBuf) buf = al_buf_new (offset + len);

      memcpy (buf->data + offset, data, len);
      g_assert_cmpint (al_stream_send_buf (stream, buf, offset), !=, AL_SEND_GONE);
    }
}

static void
test_transfer (void)
{
  const size_t total = 6 << 20;
  g_autofree uint8_t *data = g_malloc (total);
  Server server;
  Side *client;
  size_t sent = 4;

  for (size_t i = 0; i < total; i++)
    data[i] = (uint8_t) g_test_rand_int ();
  memcpy (data, "PUT ", 4);
  server_open (&server, NULL);
  server.on_accept = echo_randomly;
  client = side_connect (&server);
  al_stream_set_limits (client->stream, 100000, 10, 1 << 20, 64 << 20);
  client->react = consume_randomly;
  (void) al_stream_send (client->stream, data, 4);
  while (client->got->len < total)
    {
      size_t piece = ((size_t) 1 << g_test_rand_int_range (0, 19)) + (size_t) g_test_rand_int_range (0, 3);

      piece = MIN (piece, total - sent);
      if (piece > 0 && al_stream_get_queued (client->stream) < 1 << 20)
        {
          send_piece (client->stream, data + sent, piece);
          sent += piece;
        }
      if (g_test_rand_bit ())
        al_loop_iterate (server.loop, 0);
      al_stream_pause (client->stream, false);
    }
  g_assert_cmpmem (client->got->data, client->got->len, data, total);
  side_free (client);
  server_close (&server);
}

static void
test_first_bytes_one_by_one (void)
{
  static const struct {
    const char *bytes;
    size_t len;
    AlProto proto;
  } cases[] = {
    { "OPTIONS * HTTP/1.1\r\n", 20, AL_PROTO_HTTP },
    { "\x00\x03\x00\x08\x21\x12\xa4\x42tttttttttttt\0\x19\0\4\x11\0\0\0", 28, AL_PROTO_STUN },
    { "\x00\x14\x00\x01\x00\x00\x21\x12\xa4\x42tttttttttttt", 22, AL_PROTO_ICE_TCP },
    { "\x03\0\0\0\0\0\0\0\0abc", 12, AL_PROTO_RTMP },
    { "nonsense", 8, AL_PROTO_UNKNOWN },
  };
  Server server;

  server_open (&server, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      int fd = raw_connect (&server.address);
      Side *side;

      for (size_t k = 0; k < cases[i].len; k++)
        {
          raw_write_all (server.loop, fd, cases[i].bytes + k, 1);
          al_loop_iterate (server.loop, 0);
        }
      side = server_get (&server, i);
      RUN_UNTIL (server.loop, side->got->len == cases[i].len);
      g_assert_cmpmem (side->got->data, side->got->len, cases[i].bytes, cases[i].len);
      g_assert_cmpint (server.last_proto, ==, cases[i].proto);
      (void) close (fd);
    }
  server_close (&server);
}

static void
test_no_route (void)
{
  Server server;
  AlListenerStats stats;
  int fd;
  char c;

  server_open (&server, NULL);
  al_listener_route (server.listener, AL_PROTO_UNKNOWN, NULL, NULL);
  fd = raw_connect (&server.address);
  raw_write_all (server.loop, fd, "\xff", 1);
  g_assert_cmpint (raw_read (server.loop, fd, &c, 1), ==, 0);
  al_listener_get_stats (server.listener, &stats);
  g_assert_cmpuint (stats.closed[AL_STREAM_CLOSE_PROTOCOL], ==, 1);
  g_assert_cmpuint (stats.accepted, ==, 1);
  (void) close (fd);

  /* a route that takes no interest */
  server.without_ops = true;
  fd = raw_connect (&server.address);
  raw_write_all (server.loop, fd, "GET ", 4);
  g_assert_cmpint (raw_read (server.loop, fd, &c, 1), ==, 0);
  (void) close (fd);
  server_close (&server);
}

static void
test_deadline (void)
{
  Server server;
  AlListenerStats stats;
  int fd, silent;
  char c;

  server_open (&server, NULL);
  silent = raw_connect (&server.address);
  fd = raw_connect (&server.address);
  raw_write_all (server.loop, fd, "GE", 2);
  do
    {
      al_loop_iterate (server.loop, 0);
      al_listener_get_stats (server.listener, &stats);
    }
  while (stats.accepted < 2);
  al_loop_skip_us (server.loop, 9 * SECOND_US);
  al_loop_iterate (server.loop, 0);
  raw_write_all (server.loop, fd, "T", 1); /* a byte now and then buys no time */
  al_loop_iterate (server.loop, 0);
  al_loop_skip_us (server.loop, 2 * SECOND_US);
  g_assert_cmpint (raw_read (server.loop, fd, &c, 1), ==, -1);
  g_assert_cmpint (raw_read (server.loop, silent, &c, 1), ==, -1);
  al_listener_get_stats (server.listener, &stats);
  g_assert_cmpuint (stats.closed[AL_STREAM_CLOSE_TIMEOUT], ==, 2);
  (void) close (fd);
  (void) close (silent);

  /* once routed, time is the owner's affair */
  fd = raw_connect (&server.address);
  raw_write_all (server.loop, fd, "GET ", 4);
  (void) server_get (&server, 0);
  al_loop_skip_us (server.loop, 1000 * SECOND_US);
  al_loop_iterate (server.loop, 0);
  g_assert_false (server_get (&server, 0)->closed);
  (void) close (fd);
  server_close (&server);
}

static void
test_marks (void)
{
  static uint8_t block[10000];
  Server server;
  Side *side;
  AlSend send;
  int fd;
  uint64_t sent = 0, got = 0;
  g_autofree uint8_t *sink = g_malloc (1 << 20);

  server_open (&server, NULL);
  side = open_stuck (&server, &fd);
  al_stream_set_limits (side->stream, 65536, 20000, 50000, 100000);
  do
    {
      send = al_stream_send (side->stream, block, sizeof block);
      sent += sizeof block;
      al_loop_iterate (server.loop, 0);
    }
  while (send == AL_SEND_OK);
  g_assert_cmpint (send, ==, AL_SEND_HIGH);
  g_assert_cmpuint (al_stream_get_queued (side->stream), >, 50000);
  g_assert_cmpuint (al_stream_get_queued (side->stream), <=, 60000);
  g_assert_cmpuint (side->n_drained, ==, 0);
  while (got < sent)
    {
      ssize_t n = recv (fd, sink, 1 << 20, 0);

      if (n > 0)
        got += (uint64_t) n;
      al_loop_iterate (server.loop, 0);
      if (side->n_drained > 0)
        g_assert_cmpuint (al_stream_get_queued (side->stream), <=, 20000);
    }
  g_assert_cmpuint (side->n_drained, ==, 1);
  g_assert_cmpuint (al_stream_get_queued (side->stream), ==, 0);

  /* a slow reader is cut off at the hard mark, not inside the owner's call */
  while (al_stream_send (side->stream, block, sizeof block) != AL_SEND_GONE)
    g_assert_cmpuint (al_stream_get_queued (side->stream), <=, 100000);
  g_assert_false (side->closed);
  g_assert_cmpint (al_stream_send (side->stream, "x", 1), ==, AL_SEND_GONE);
  al_loop_iterate (server.loop, 0);
  g_assert_true (side->closed);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_OVERFLOW);
  (void) close (fd);
  server_close (&server);
}

/* One piece beyond every mark is refused before it is copied. */
static void
test_huge_piece (void)
{
  Server server;
  Side *side;
  int fd;
  const size_t len = 64 << 20;
  g_autofree uint8_t *data = g_malloc0 (len);

  server_open (&server, NULL);
  side = open_stuck (&server, &fd);
  g_assert_cmpint (al_stream_send (side->stream, data, len), ==, AL_SEND_GONE);
  al_loop_iterate (server.loop, 0);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_OVERFLOW);
  (void) close (fd);
  server_close (&server);
}

static void
test_pause (void)
{
  static uint8_t block[65536];
  Server server;
  Side *side;
  int fd;
  ssize_t n;
  uint64_t sent = 4;

  server_open (&server, NULL);
  side = open_stuck (&server, &fd);
  al_stream_pause (side->stream, true);
  for (unsigned turn = 0; turn < 20; turn++)
    {
      al_loop_iterate (server.loop, 0);
      n = send (fd, block, sizeof block, MSG_NOSIGNAL);
      sent += n > 0 ? (uint64_t) n : 0;
    }
  g_assert_cmpuint (side->got->len, ==, 4);
  al_stream_pause (side->stream, false);
  RUN_UNTIL (server.loop, side->got->len == sent);

  /* the end of a paused stream is not lost, and found only after its bytes */
  al_stream_pause (side->stream, true);
  al_loop_iterate (server.loop, 0);
  raw_write_all (server.loop, fd, "last", 4);
  (void) close (fd);
  for (unsigned turn = 0; turn < 5; turn++)
    al_loop_iterate (server.loop, 0);
  g_assert_cmpuint (side->got->len, ==, sent);
  g_assert_false (side->closed);
  al_stream_pause (side->stream, false);
  RUN_UNTIL (server.loop, side->closed);
  g_assert_cmpuint (side->got->len, ==, sent + 4);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_EOF);
  server_close (&server);
}

/* What is not consumed is shown again; beyond the input limit the stream stops reading, and TCP holds the peer. */
static void
test_input_limit (void)
{
  static uint8_t block[65536];
  const uint32_t limits[] = { 10, 60000, 65536, 300000 };

  for (unsigned i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      Server server;
      Side *side;
      uint64_t sent = 4;
      int fd;

      for (unsigned k = 0; k < sizeof block; k++)
        block[k] = (uint8_t) (k * 7 + i);
      server_open (&server, NULL);
      side = open_stuck (&server, &fd);
      al_stream_set_limits (side->stream, limits[i], 1, 2, 3);
      side->consume = 0;
      for (unsigned idle = 0; idle < 3;)
        {
          size_t at = (sent - 4) % sizeof block;
          ssize_t n = send (fd, block + at, sizeof block - at, MSG_NOSIGNAL);

          sent += n > 0 ? (uint64_t) n : 0;
          idle = n > 0 ? 0 : idle + 1;
          al_loop_iterate (server.loop, 0);
        }
      g_assert_cmpuint (sent, >, limits[i]);
      side->n_data = 0;
      al_loop_iterate (server.loop, 0);
      g_assert_cmpuint (side->n_data, ==, 0);
      side->consume = SIZE_MAX;
      al_stream_pause (side->stream, false);
      RUN_UNTIL (server.loop, side->got->len == sent);
      for (uint64_t k = 4; k < sent; k++)
        if (side->got->data[k] != block[(k - 4) % sizeof block])
          g_error ("limit %u: byte %" G_GUINT64_FORMAT " is wrong", limits[i], k);
      (void) close (fd);
      server_close (&server);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/stream/echo", test_echo);
  g_test_add_func ("/base/stream/addresses", test_addresses);
  g_test_add_func ("/base/stream/socket-options", test_socket_options);
  g_test_add_func ("/base/stream/transfer", test_transfer);
  g_test_add_func ("/base/stream/first-bytes-one-by-one", test_first_bytes_one_by_one);
  g_test_add_func ("/base/stream/no-route", test_no_route);
  g_test_add_func ("/base/stream/deadline", test_deadline);
  g_test_add_func ("/base/stream/marks", test_marks);
  g_test_add_func ("/base/stream/huge-piece", test_huge_piece);
  g_test_add_func ("/base/stream/pause", test_pause);
  g_test_add_func ("/base/stream/input-limit", test_input_limit);
  return g_test_run ();
}
