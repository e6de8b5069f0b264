/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of streams share: a loop with a listener, its accepted ends, and raw sockets that talk to it. */
#pragma once

#include "base/stream.h"

typedef struct Side Side;

/** Side: one end on a loop, its callbacks recorded. */
struct Side {
  AlStream *stream; /* NULL once closed */
  AlLoop *loop;
  GByteArray *got;
  AlStreamClose reason;
  bool closed;
  unsigned n_closed, n_drained, n_data;
  /* what on_data does beside recording: consume at most so much, then call this */
  size_t consume;
  void (*react) (Side *side, const uint8_t *data, size_t len);
  bool echo;
};

typedef struct {
  AlLoop *loop;
  AlListener *listener;
  AlAddr address;
  GPtrArray *sides; /* of Side: accepted */
  AlProto last_proto;
  void (*on_accept) (Side *side); /* (nullable): before ops are set on the side's stream */
  bool without_ops;
} Server;

extern const AlStreamOps side_ops;

Side *side_new (AlLoop *loop);
void side_free (Side *side);
/** side_connect: a client on @server's loop. */
Side *side_connect (Server *server);

void server_open (Server *server, const AlListenerConfig *config);
void server_close (Server *server);
/** server_get: runs the loop until the @i-th stream was routed. */
Side *server_get (Server *server, unsigned i);
/** raw_connect: a nonblocking TCP socket, connected. */
int raw_connect (const AlAddr *address);
/** raw_write_all: writes while running @loop. */
void raw_write_all (AlLoop *loop, int fd, const void *data, size_t len);
/** set_echo: for Server.on_accept: what comes goes back. */
void set_echo (Side *side);
/** open_stuck: Returns: the side of a client that does not read; @ret_fd: the client, the caller's to close. */
Side *open_stuck (Server *server, int *ret_fd);
/** raw_read: runs @loop until @len bytes or EOF came. Returns: bytes read, or -1 for a reset. */
ssize_t raw_read (AlLoop *loop, int fd, void *data, size_t len);

/** RUN_UNTIL: turns of @loop until @condition; no other limit than the watchdog of the program. */
#define RUN_UNTIL(loop, condition)                                                                                     \
  while (!(condition))                                                                                                 \
  al_loop_iterate ((loop), 20)
