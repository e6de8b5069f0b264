/* SPDX-License-Identifier: Apache-2.0 */
/* Queues of many streams with one bound together: who does not read is ended, who reads is not. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream-fixture.h"

#define LIMIT 300000

static uint8_t block[10000];

/* Returns: the server's end of a new connection, whose socket to the other end is @ret_fd. */
static Side *
open_side (Server *server, AlStreamBudget *budget, int *ret_fd)
{
  int small = 4096;
  Side *side;

  *ret_fd = raw_connect (&server->address);
  raw_write_all (server->loop, *ret_fd, "GET ", 4);
  side = server_get (server, server->sides->len);
  (void) setsockopt (al_stream_get_fd (side->stream), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  al_stream_set_limits (side->stream, 65536, 1 << 20, 2 << 20, 4 << 20);
  al_stream_set_budget (side->stream, budget);
  return side;
}

static size_t
get_bytes (AlStreamBudget *budget)
{
  return atomic_load (&budget->bytes);
}

/* Sends to somebody who reads nothing until @bytes are counted in @budget. */
static void
fill (Server *server, Side *side, AlStreamBudget *budget, size_t bytes)
{
  while (get_bytes (budget) < bytes)
    {
      g_assert_cmpint (al_stream_send (side->stream, block, sizeof block), ==, AL_SEND_OK);
      al_loop_iterate (server->loop, 0);
      g_assert_false (side->closed);
    }
}

static void
test_exceeded (void)
{
  AlStreamBudget budget = { .limit = LIMIT };
  Server server;
  Side *stuck, *second, *reader;
  int fds[3];
  char byte;

  server_open (&server, NULL);
  stuck = open_side (&server, &budget, &fds[0]);
  second = open_side (&server, &budget, &fds[1]);
  reader = open_side (&server, &budget, &fds[2]);
  fill (&server, stuck, &budget, LIMIT / 2);
  fill (&server, second, &budget, LIMIT - 2 * sizeof block);
  g_assert_cmpuint (get_bytes (&budget), ==,
                    al_stream_get_queued (stuck->stream) + al_stream_get_queued (second->stream));
  while (al_stream_send (second->stream, block, sizeof block) != AL_SEND_GONE)
    ;
  g_assert_false (second->closed); /* never from inside a call */
  RUN_UNTIL (server.loop, second->closed);
  g_assert_cmpint (second->reason, ==, AL_STREAM_CLOSE_BUDGET);
  g_assert_cmpuint (get_bytes (&budget), ==, al_stream_get_queued (stuck->stream));

  /* with no room left, who reads goes on; who has something in the queue is left alone while he gets no more */
  atomic_store (&budget.limit, 1);
  for (unsigned i = 0; i < 100; i++)
    {
      g_assert_cmpint (al_stream_send (reader->stream, "x", 1), ==, AL_SEND_OK);
      g_assert_cmpint (raw_read (server.loop, fds[2], &byte, 1), ==, 1);
    }
  g_assert_false (stuck->closed);
  g_assert_cmpint (al_stream_send (stuck->stream, "x", 1), ==, AL_SEND_GONE);
  g_assert_cmpuint (get_bytes (&budget), ==, 0);
  RUN_UNTIL (server.loop, stuck->closed);
  g_assert_cmpint (stuck->reason, ==, AL_STREAM_CLOSE_BUDGET);
  for (unsigned i = 0; i < 3; i++)
    (void) close (fds[i]);
  server_close (&server);
}

/* What was taken by the other end no longer counts, and what is queued counts as soon as the stream has a budget. */
static void
test_moves (void)
{
  AlStreamBudget budget = { .limit = SIZE_MAX };
  g_autofree uint8_t *sink = g_malloc (1 << 20);
  Server server;
  Side *side;
  int fd;

  server_open (&server, NULL);
  side = open_side (&server, &budget, &fd);
  fill (&server, side, &budget, LIMIT);
  al_stream_set_budget (side->stream, NULL);
  g_assert_cmpuint (get_bytes (&budget), ==, 0);
  (void) al_stream_send (side->stream, block, sizeof block);
  g_assert_cmpuint (get_bytes (&budget), ==, 0);
  al_stream_set_budget (side->stream, &budget);
  g_assert_cmpuint (get_bytes (&budget), ==, al_stream_get_queued (side->stream));
  while (al_stream_get_queued (side->stream) > 0)
    {
      (void) !recv (fd, sink, 1 << 20, 0);
      al_loop_iterate (server.loop, 0);
      g_assert_cmpuint (get_bytes (&budget), ==, al_stream_get_queued (side->stream));
    }
  fill (&server, side, &budget, LIMIT);
  (void) close (fd);
  RUN_UNTIL (server.loop, side->closed);
  g_assert_cmpuint (get_bytes (&budget), ==, 0);
  server_close (&server);
}

/* A block that is kept for all costs nothing more when it is queued once more. */
static void
test_lent (void)
{
  AlStreamBudget budget = { .limit = 1000 };
  g_autoptr (AlBuf) buf = al_buf_new_copy (block, sizeof block);
  g_autofree uint8_t *sink = g_malloc (1 << 20);
  Server server;
  Side *side;
  int fd;

  server_open (&server, NULL);
  side = open_side (&server, &budget, &fd);
  while (al_stream_get_queued (side->stream) < LIMIT)
    {
      g_assert_cmpint (al_stream_lend (side->stream, buf, 0), ==, AL_SEND_OK);
      al_loop_iterate (server.loop, 0);
    }
  g_assert_cmpuint (get_bytes (&budget), ==, 0);
  g_assert_cmpint (al_stream_send (side->stream, block, 1000), ==, AL_SEND_OK);
  g_assert_cmpuint (get_bytes (&budget), ==, 1000);
  while (al_stream_get_queued (side->stream) > 0)
    {
      (void) !recv (fd, sink, 1 << 20, 0);
      al_loop_iterate (server.loop, 0);
    }
  g_assert_cmpuint (get_bytes (&budget), ==, 0);
  while (al_stream_get_queued (side->stream) < LIMIT)
    {
      (void) al_stream_lend (side->stream, buf, 0);
      al_loop_iterate (server.loop, 0);
    }
  g_assert_cmpint (al_stream_send_buf (side->stream, buf, 0), ==, AL_SEND_GONE);
  RUN_UNTIL (server.loop, side->closed);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_BUDGET);
  g_assert_cmpuint (get_bytes (&budget), ==, 0);
  (void) close (fd);
  server_close (&server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/stream-budget/exceeded", test_exceeded);
  g_test_add_func ("/base/stream-budget/moves", test_moves);
  g_test_add_func ("/base/stream-budget/lent", test_lent);
  return g_test_run ();
}
