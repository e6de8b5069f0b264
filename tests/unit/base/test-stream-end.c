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
abort_self (Side *side, const uint8_t *data, size_t len)
{
  g_assert_cmpint (al_stream_send (side->stream, "lost", 4), ==, AL_SEND_OK);
  al_stream_abort (side->stream);
  al_stream_abort (side->stream);
  al_stream_close (side->stream);
  g_assert_cmpint (al_stream_send (side->stream, "x", 1), ==, AL_SEND_GONE);
  g_assert_false (side->closed);
}

static void
close_self (Side *side, const uint8_t *data, size_t len)
{
  g_assert_cmpint (al_stream_send (side->stream, "bye", 3), ==, AL_SEND_OK);
  al_stream_close (side->stream);
  g_assert_cmpint (al_stream_send (side->stream, "x", 1), ==, AL_SEND_GONE);
  g_assert_false (side->closed);
}

static void
abort_on_accept (Side *side)
{
  side->react = abort_self;
}

static void
close_on_accept (Side *side)
{
  side->react = close_self;
}

static void
test_abort_inside (void)
{
  Server server;
  int fd;
  char c;

  server_open (&server, NULL);
  server.on_accept = abort_on_accept;
  fd = raw_connect (&server.address);
  raw_write_all (server.loop, fd, "GET ", 4);
  g_assert_cmpint (raw_read (server.loop, fd, &c, 1), ==, -1); /* a reset */
  g_assert_cmpint (server_get (&server, 0)->reason, ==, AL_STREAM_CLOSE_ABORT);
  g_assert_true (server_get (&server, 0)->closed);
  (void) close (fd);
  server_close (&server);
}

static void
test_close_inside (void)
{
  Server server;
  Side *side;
  int fd;
  char bytes[8];

  server_open (&server, NULL);
  server.on_accept = close_on_accept;
  fd = raw_connect (&server.address);
  raw_write_all (server.loop, fd, "GET ", 4);
  g_assert_cmpint (raw_read (server.loop, fd, bytes, sizeof bytes), ==, 3);
  g_assert_cmpmem (bytes, 3, "bye", 3);
  side = server_get (&server, 0);
  g_assert_cmpuint (side->n_data, ==, 1);

  /* what still comes is thrown away, and the peer's FIN ends it */
  raw_write_all (server.loop, fd, "too late", 8);
  for (unsigned turn = 0; turn < 3; turn++)
    al_loop_iterate (server.loop, 0);
  g_assert_false (side->closed);
  (void) close (fd);
  RUN_UNTIL (server.loop, side->closed);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_LOCAL);
  g_assert_cmpuint (side->n_data, ==, 1);
  server_close (&server);
}

static void
test_linger (void)
{
  Server server;
  Side *side;
  int fd;

  server_open (&server, NULL);
  server.on_accept = close_on_accept;
  fd = raw_connect (&server.address);
  raw_write_all (server.loop, fd, "GET ", 4);
  side = server_get (&server, 0);
  for (unsigned turn = 0; turn < 3; turn++)
    al_loop_iterate (server.loop, 0);
  g_assert_false (side->closed); /* our FIN is sent, the peer keeps its end open */
  al_loop_skip_us (server.loop, 2 * SECOND_US + 10000);
  al_loop_iterate (server.loop, 0);
  al_loop_iterate (server.loop, 0);
  g_assert_true (side->closed);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_LOCAL);
  (void) close (fd);
  server_close (&server);
}

/* A peer that sends on and on after our end is read so far and no further; then it waits for the deadline. */
static void
test_discard (void)
{
  enum { PIECE = 65536 };
  g_autofree uint8_t *piece = g_malloc0 (PIECE);
  Server server;
  Side *side;
  int fd;
  size_t sent = 0;

  server_open (&server, NULL);
  server.on_accept = close_on_accept;
  fd = raw_connect (&server.address);
  raw_write_all (server.loop, fd, "GET ", 4);
  side = server_get (&server, 0);
  for (unsigned idle = 0; idle < 100; al_loop_iterate (server.loop, 0))
    {
      ssize_t n = send (fd, piece, PIECE, MSG_NOSIGNAL | MSG_DONTWAIT);

      idle = n > 0 ? 0 : idle + 1;
      sent += n > 0 ? (size_t) n : 0;
      g_assert_cmpuint (sent, <, 64 * 1024 * 1024); /* what is read, and what the buffers of both ends take */
    }
  g_assert_cmpuint (sent, >=, 16 * 1024 * 1024);
  g_assert_false (side->closed);
  al_loop_skip_us (server.loop, 2 * SECOND_US + 10000);
  RUN_UNTIL (server.loop, side->closed);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_LOCAL);
  (void) close (fd);
  server_close (&server);
}

/* Closing with a full queue: time counts from the last progress, and a peer that takes nothing is reset. */
static void
test_close_stuck (void)
{
  static uint8_t block[500000];
  g_autofree uint8_t *sink = g_malloc (1 << 20);
  Server server;
  Side *side;
  int fd;
  size_t before;

  server_open (&server, NULL);
  side = open_stuck (&server, &fd);
  while (al_stream_get_queued (side->stream) < 400000)
    (void) al_stream_send (side->stream, block, sizeof block);
  al_stream_close (side->stream);
  al_loop_iterate (server.loop, 0);
  al_loop_skip_us (server.loop, 9 * SECOND_US);
  al_loop_iterate (server.loop, 0);
  before = al_stream_get_queued (side->stream);
  while (al_stream_get_queued (side->stream) == before)
    {
      (void) !recv (fd, sink, 1 << 20, 0);
      al_loop_iterate (server.loop, 1);
    }
  while (al_stream_get_queued (side->stream) < before)
    {
      before = al_stream_get_queued (side->stream);
      al_loop_iterate (server.loop, 10);
    }
  g_assert_cmpuint (before, >, 0);
  al_loop_skip_us (server.loop, 9 * SECOND_US);
  al_loop_iterate (server.loop, 0);
  g_assert_false (side->closed);
  al_loop_skip_us (server.loop, 2 * SECOND_US);
  al_loop_iterate (server.loop, 0);
  al_loop_iterate (server.loop, 0);
  g_assert_true (side->closed);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_TIMEOUT);
  (void) close (fd);
  server_close (&server);
}

/* The peer's FIN while much is queued: all of it still arrives. */
static void
test_eof_with_queue (void)
{
  static uint8_t block[400000];
  g_autofree uint8_t *sink = g_malloc (8 << 20);
  Server server;
  Side *side;
  int fd;
  ssize_t sent = 0;

  server_open (&server, NULL);
  side = open_stuck (&server, &fd);
  al_stream_set_limits (side->stream, 65536, 1, 2, 64 << 20);
  while (al_stream_get_queued (side->stream) < 300000)
    {
      (void) al_stream_send (side->stream, block, sizeof block);
      sent += sizeof block;
    }
  g_assert_cmpint (shutdown (fd, SHUT_WR), ==, 0);
  al_loop_iterate (server.loop, 0);
  g_assert_false (side->closed);
  g_assert_cmpint (al_stream_send (side->stream, "x", 1), ==, AL_SEND_GONE);
  g_assert_cmpint (raw_read (server.loop, fd, sink, 8 << 20), ==, sent);
  RUN_UNTIL (server.loop, side->closed);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_EOF);
  (void) close (fd);
  server_close (&server);
}

static void
test_reset (void)
{
  struct linger linger = { 1, 0 };

  for (int paused = 0; paused < 2; paused++)
    {
      Server server;
      Side *side;
      int fd;

      server_open (&server, NULL);
      side = open_stuck (&server, &fd);
      al_stream_pause (side->stream, paused);
      al_loop_iterate (server.loop, 0);
      g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), ==, 0);
      (void) close (fd);
      RUN_UNTIL (server.loop, side->closed); /* found even while nothing is read */
      g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_ERROR);
      server_close (&server);
    }
}

static void
test_connect_refused (void)
{
  Server server;
  Side *client;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  socklen_t len = sizeof (AlAddr);

  server_open (&server, NULL);
  /* a port that is ours but does not listen */
  al_addr_set_port (&server.address, 0);
  g_assert_cmpint (bind (fd, &server.address.sa, al_addr_get_len (&server.address)), ==, 0);
  g_assert_cmpint (getsockname (fd, &server.address.sa, &len), ==, 0);
  client = side_connect (&server);
  (void) al_stream_send (client->stream, "x", 1);
  RUN_UNTIL (server.loop, client->closed);
  g_assert_cmpint (client->reason, ==, AL_STREAM_CLOSE_ERROR);
  side_free (client);

  /* closing before it is connected */
  al_listener_get_address (server.listener, &server.address);
  client = side_connect (&server);
  (void) al_stream_send (client->stream, "GET ", 4);
  al_stream_close (client->stream);
  g_assert_cmpint (al_stream_send (client->stream, "x", 1), ==, AL_SEND_GONE);
  g_assert_false (client->closed);
  RUN_UNTIL (server.loop, server.sides->len == 1 && server_get (&server, 0)->closed && client->closed);
  g_assert_cmpmem (server_get (&server, 0)->got->data, server_get (&server, 0)->got->len, "GET ", 4);
  g_assert_cmpint (client->reason, ==, AL_STREAM_CLOSE_LOCAL);
  side_free (client);
  (void) close (fd);
  server_close (&server);
}

/* Two loops on two threads: the first finds out what the stream is and gives it away with all that it holds. */
typedef struct {
  AlLoop *loop;
  AlMailbox *box;
  pthread_t thread;
  Side *side;
  gint64 attached_on;
} Second;

static Second second;

static void
detach_side (Side *side, const uint8_t *data, size_t len)
{
  AlStream *stream = side->stream;

  side->stream = NULL;
  side->consume = 0;
  al_stream_detach (stream);
  while (!al_mailbox_post (second.box, stream))
    g_thread_yield ();
}

static void
detach_on_data (Side *side)
{
  side->consume = 0;
  side->react = detach_side;
  /* a piece that must travel in the queue */
  (void) al_stream_send (side->stream, "from one, ", 10);
}

static size_t
second_on_data (AlStream *stream, const uint8_t *data, size_t len, void *user)
{
  g_assert_true (al_stream_get_loop (stream) == second.loop);
  g_assert_true (al_loop_is_current (second.loop));
  if (len < 8)
    return 0;
  (void) al_stream_send (stream, data, len);
  return len;
}

static void
second_on_closed (AlStream *stream, AlStreamClose reason, void *user)
{
  g_assert_cmpint (reason, ==, AL_STREAM_CLOSE_EOF);
  al_loop_quit (second.loop);
}

static const AlStreamOps second_ops = { second_on_data, NULL, second_on_closed };

static void
on_stream_mail (void *message, void *user)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (al_stream_attach (second.loop, message, &second_ops, NULL, &error));
}

static void *
run_second (void *user)
{
  al_loop_run (second.loop);
  return NULL;
}

static void
test_detach (void)
{
  for (unsigned round = 0; round < 20; round++)
    {
      char bytes[64];
      Server server;
      int fd;

      second.loop = al_loop_new ("second", NULL);
      second.box = al_mailbox_new (4, NULL, NULL);
      g_assert_true (al_loop_add_mailbox (second.loop, second.box, on_stream_mail, NULL, NULL));
      g_assert_cmpint (pthread_create (&second.thread, NULL, run_second, NULL), ==, 0);

      server_open (&server, NULL);
      server.on_accept = detach_on_data;
      fd = raw_connect (&server.address);
      raw_write_all (server.loop, fd, "GET /abc", round % 2 == 0 ? 8 : 5); /* shown again, alone or with what follows */
      if (round % 2 != 0)
        {
          (void) server_get (&server, 0);
          raw_write_all (server.loop, fd, "abc", 3);
        }
      g_assert_cmpint (raw_read (server.loop, fd, bytes, 18), ==, 18);
      g_assert_cmpmem (bytes, 18, "from one, GET /abc", 18);
      g_assert_cmpint (shutdown (fd, SHUT_WR), ==, 0);
      (void) pthread_join (second.thread, NULL);
      (void) close (fd);
      server_close (&server);
      al_loop_free (second.loop);
      al_mailbox_free (second.box);
    }
}

static void
detach_in_accept (AlListener *listener, AlStream *stream, void *user)
{
  al_stream_detach (stream);
  *(AlStream **) user = stream;
}

/* In AlAcceptFn, without ops; then once to another loop, once to nobody. */
static void
test_detach_in_accept (void)
{
  Server server;

  server_open (&server, NULL);
  for (int kept = 0; kept < 2; kept++)
    {
      AlStream *stream = NULL;
      int fd = raw_connect (&server.address);
      char c;

      al_listener_route (server.listener, AL_PROTO_STUN, detach_in_accept, &stream);
      raw_write_all (server.loop, fd, "\x00\x01\x00\x00\x21\x12\xa4\x42", 8);
      RUN_UNTIL (server.loop, stream != NULL);
      if (kept)
        {
          g_autoptr (AlLoop) other = al_loop_new ("other", NULL);
          Side *side = side_new (other);

          side->stream = stream;
          g_assert_true (al_stream_attach (other, stream, &side_ops, side, NULL));
          RUN_UNTIL (other, side->got->len == 8);
          side_free (side);
        }
      else
        al_stream_abort (stream);
      g_assert_cmpint (raw_read (server.loop, fd, &c, 1), <=, 0);
      (void) close (fd);
    }
  server_close (&server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/stream-end/abort-inside", test_abort_inside);
  g_test_add_func ("/base/stream-end/close-inside", test_close_inside);
  g_test_add_func ("/base/stream-end/linger", test_linger);
  g_test_add_func ("/base/stream-end/discard", test_discard);
  g_test_add_func ("/base/stream-end/close-stuck", test_close_stuck);
  g_test_add_func ("/base/stream-end/eof-with-queue", test_eof_with_queue);
  g_test_add_func ("/base/stream-end/reset", test_reset);
  g_test_add_func ("/base/stream-end/connect", test_connect_refused);
  g_test_add_func ("/base/stream-end/detach", test_detach);
  g_test_add_func ("/base/stream-end/detach-in-accept", test_detach_in_accept);
  return g_test_run ();
}
