/* SPDX-License-Identifier: Apache-2.0 */
/* TCP and TLS byte streams on an AlLoop: listeners that look at first bytes, bounded queues, no idle buffers. */
#pragma once

#include <glib.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/loop.h"
#include "base/tls.h"

typedef struct AlStream AlStream;
typedef struct AlListener AlListener;

/** AlStreamClose: why a stream ended; for counters and the log of its owner. */
typedef enum {
  AL_STREAM_CLOSE_EOF,       /* the peer sent FIN (or close_notify) */
  AL_STREAM_CLOSE_LOCAL,     /* al_stream_close() and everything queued was sent */
  AL_STREAM_CLOSE_ABORT,     /* al_stream_abort() */
  AL_STREAM_CLOSE_ERROR,     /* a socket error, or TCP_USER_TIMEOUT: the peer is gone */
  AL_STREAM_CLOSE_TLS,       /* handshake or record error */
  AL_STREAM_CLOSE_TIMEOUT,   /* TLS handshake, first bytes, or lingering close took too long */
  AL_STREAM_CLOSE_OVERFLOW,  /* more than the hard mark was queued: a slow reader */
  AL_STREAM_CLOSE_PROTOCOL,  /* the first bytes belong to no route of the listener */
  AL_STREAM_CLOSE_BUDGET,    /* it does not read, and the queues of its budget hold too much together */
  AL_STREAM_CLOSE_N
} AlStreamClose;

/** AlSend: what became of bytes given to al_stream_send(). */
typedef enum {
  AL_SEND_OK,    /* sent or queued below the high mark */
  AL_SEND_HIGH,  /* queued, above the high mark: stop producing until on_drained */
  AL_SEND_GONE   /* not taken: the stream is closing or just overflowed */
} AlSend;

/**
 * AlStreamOps:
 * @on_data: @data are all bytes not consumed yet, oldest first, in the loop's scratch memory (which the callback must
 *   therefore not use itself); returns how many of them are consumed now. The rest is kept by the stream (at most the
 *   input limit; more stops reading) and shown again together with what comes next. May call any function of the stream,
 *   also al_stream_abort().
 * @on_drained: the queue fell to the low mark after it had been above the high mark. May be NULL.
 * @on_closed: the last callback, exactly once, never from inside a call of the owner; the stream is freed afterwards.
 * @on_open: a client stream is connected, its TLS handshake included. May be NULL.
 *
 * When the peer sends FIN the stream ends: what is queued is still sent, then on_closed (EOF) comes. Half-open use of a
 * connection is not supported.
 */
typedef struct {
  size_t (*on_data) (AlStream *stream, const uint8_t *data, size_t len, void *user);
  void (*on_drained) (AlStream *stream, void *user);
  void (*on_closed) (AlStream *stream, AlStreamClose reason, void *user);
  void (*on_open) (AlStream *stream, void *user);
} AlStreamOps;

/** AlProto: what the first bytes of a connection say (see al_proto_classify()). */
typedef enum {
  AL_PROTO_MORE,     /* not enough bytes yet */
  AL_PROTO_UNKNOWN,
  AL_PROTO_HTTP,     /* an upper-case method token, then a space */
  AL_PROTO_STUN,     /* RFC 8489: two zero bits, magic cookie at offset 4: STUN and TURN over TCP */
  AL_PROTO_ICE_TCP,  /* RFC 4571 length, then STUN: magic cookie at offset 6 */
  AL_PROTO_RTMP,     /* C0 = 3 */
  AL_PROTO_TLS,      /* a TLS handshake record: 0x16 0x03 */
  AL_PROTO_N
} AlProto;

/** al_proto_classify: pure; looks at no more than 16 bytes. Any thread. */
AlProto al_proto_classify (const uint8_t *data, size_t len);

/** AlTlsMode: whether a listener's connections start with TLS. */
typedef enum {
  AL_TLS_NEVER,
  AL_TLS_ALWAYS,
  AL_TLS_DETECT  /* by the first byte: one port serves both */
} AlTlsMode;

/**
 * AlAcceptFn:
 *
 * A connection whose first bytes belong to this route (after TLS, if any). The route sets ops with al_stream_set_ops()
 * before it returns; the bytes seen so far are then delivered to on_data. Without ops the stream is closed.
 */
typedef void (*AlAcceptFn) (AlListener *listener, AlStream *stream, void *user);

/**
 * AlAdmission: whom a listener lets in. It is asked at accept4(), before a byte was read or a TLS handshake began.
 *
 * @admit: on the thread of the listener's loop. @peer: family AF_UNSPEC for a local socket. @ret_tag: 0 before; kept with
 *   the stream for al_stream_get_tag() and @dismiss. Returns: false: the connection is closed at once without a word, and
 *   not dismissed. NULL: everybody, and nobody is dismissed.
 * @dismiss: an admitted stream is gone, after its on_closed if it had one; once for each that was admitted. On the thread
 *   that the stream was on.
 * @user: outlives every stream that was admitted, also those that live on after the listener.
 */
typedef struct {
  bool (*admit) (const AlAddr *peer, unsigned *ret_tag, void *user);
  void (*dismiss) (const AlAddr *peer, unsigned tag, void *user);
  void *user;
} AlAdmission;

typedef struct {
  AlTlsMode tls_mode;
  AlTls *tls;                   /* needed unless AL_TLS_NEVER; referenced */
  int backlog;                  /* 0: 4,096 */
  unsigned max_connections;     /* accepted and alive at once on this listener; 0: no limit of its own */
  AlAdmission admission;        /* all NULL: everybody */
  bool first;                   /* of those that will share the address: fails when anybody else is there already */
  unsigned first_bytes_ms;      /* TLS handshake and first bytes together; 0: 10,000 */
} AlListenerConfig;

/**
 * al_listener_new:
 * @address: where to listen; port 0 picks one
 *
 * Binds with SO_REUSEPORT (one listener per thread shares the port), SO_REUSEADDR, IPV6_V6ONLY; accepts bursts of at
 * most 64 with accept4; on EMFILE gives up a reserve fd to refuse the connection instead of spinning.
 */
AlListener *al_listener_new (AlLoop *loop, const AlAddr *address, const AlListenerConfig *config, GError **error);
/** al_listener_new_unix: a local socket of mode 0600 at @path; a stale file is replaced, a live one is an error. */
AlListener *al_listener_new_unix (AlLoop *loop, const char *path, const AlListenerConfig *config, GError **error);
/** al_listener_route: connections of @proto go to @fn. AL_PROTO_UNKNOWN: the default, for all without their own. */
void al_listener_route (AlListener *listener, AlProto proto, AlAcceptFn fn, void *user);
void al_listener_get_address (const AlListener *listener, AlAddr *ret_address);
/** AlListenerStats: since the listener was made. */
typedef struct {
  uint64_t accepted;
  uint64_t refused;                    /* over max_connections, not admitted, or no file descriptor was left */
  uint64_t closed[AL_STREAM_CLOSE_N];  /* ended before a route had them */
} AlListenerStats;
/** al_listener_get_stats: Loop's thread. */
void al_listener_get_stats (const AlListener *listener, AlListenerStats *ret_stats);
/** al_listener_free: stops listening; streams that a route had live on, others are closed. NULL is allowed. Loop's
 *  thread. */
void al_listener_free (AlListener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlListener, al_listener_free)

/** al_stream_connect: a client stream (tests, load generator, later restreaming); errors come as on_closed. */
AlStream *al_stream_connect (AlLoop *loop, const AlAddr *address, const AlStreamOps *ops, void *user, GError **error);

/**
 * al_stream_connect_tls:
 * @tls: made by al_tls_new_client(); referenced while needed
 * @server_name: (nullable): sent as SNI and, when @tls verifies, what the certificate must be for
 *
 * Like al_stream_connect(); what is sent waits for the handshake, which has 10 s.
 */
AlStream *al_stream_connect_tls (AlLoop *loop, const AlAddr *address, AlTls *tls, const char *server_name,
                                 const AlStreamOps *ops, void *user, GError **error);

/**
 * al_stream_new_from_fd:
 * @fd: (transfer full): a TCP socket that does not block; the stream's when one is returned
 * @peer: whom it is connected to
 * @connecting: connect() has begun and is not known to be over: on_open comes, or on_closed
 *
 * For sockets that must be bound or accepted in a way of their owner. A stream that is not @connecting shows what has
 * arrived from the next turn on; al_stream_pause() before that keeps it in the socket.
 *
 * Returns: (transfer full) (nullable): NULL with G_IO_ERROR: @fd is still the caller's.
 */
AlStream *al_stream_new_from_fd (AlLoop *loop, int fd, const AlAddr *peer, bool connecting, const AlStreamOps *ops,
                                 void *user, GError **error);

void al_stream_set_ops (AlStream *stream, const AlStreamOps *ops, void *user);
/** al_stream_set_limits: @input_bytes: most unconsumed input kept; queue marks in bytes, low <= high <= hard.
 *  Defaults: input 64 KiB, low 64 KiB, high 256 KiB, hard 1 MiB. Above the hard mark the stream closes (OVERFLOW). */
void al_stream_set_limits (AlStream *stream, size_t input_bytes, size_t low, size_t high, size_t hard);

/** AlStreamBudget: how much the queues of many streams may hold together, on whatever threads they are. Zero @bytes and set
 *  @limit to begin; the limit may change. */
typedef struct {
  atomic_size_t bytes, limit;
} AlStreamBudget;
/** al_stream_set_budget: @budget: (nullable): what is queued counts in it until it is sent, beginning with what is queued
 *  now; outlives the stream. Who adds to its queue while the budget is exceeded, and whose socket takes no more, is closed
 *  (BUDGET). */
void al_stream_set_budget (AlStream *stream, AlStreamBudget *budget);

/** al_stream_send: sends what the socket takes and copies the rest. Pieces leave together, when on_data has returned or
 *  at the end of the turn; big ones at once. Before a client stream is connected, it queues. Loop's thread. */
AlSend al_stream_send (AlStream *stream, const void *data, size_t len);
/** al_stream_send_buf: like al_stream_send() without a copy: queues a reference to @buf from @offset to its end. */
AlSend al_stream_send_buf (AlStream *stream, AlBuf *buf, size_t offset);
/** al_stream_lend: like al_stream_send_buf(), of a block that is kept for many, whether it is queued or not: it counts in no
 *  budget. */
AlSend al_stream_lend (AlStream *stream, AlBuf *buf, size_t offset);
size_t al_stream_get_queued (const AlStream *stream);
/** al_stream_flush: sends now what is queued, as far as the socket takes it; with TLS as a record that ends here. Never
 *  calls the owner. */
void al_stream_flush (AlStream *stream);
/** al_stream_get_fd: Returns: (transfer none): for asking the kernel about it; -1 when it is closed. */
int al_stream_get_fd (const AlStream *stream);

/** al_stream_pause: @paused: no more on_data (and TCP pushes back) until false. Saying false, also when it was not
 *  paused, shows kept input again at the end of the turn: the way on for an owner that had left bytes for later. */
void al_stream_pause (AlStream *stream, bool paused);

/** al_stream_close: sends what is queued, then FIN (after close_notify), waits for the peer's FIN at most 2 s; then
 *  on_closed (LOCAL). No more on_data. A peer that takes nothing for 10 s is reset: on_closed (TIMEOUT). */
void al_stream_close (AlStream *stream);
/** al_stream_abort: throws the queue away and resets the connection; on_closed (ABORT) at the end of the turn. A
 *  detached stream is freed at once, without on_closed. */
void al_stream_abort (AlStream *stream);

AlLoop *al_stream_get_loop (const AlStream *stream);
/** al_stream_get_peer: @ret_address: family AF_UNSPEC for a local socket. */
void al_stream_get_peer (const AlStream *stream, AlAddr *ret_address);
/** al_stream_get_tag: Returns: what AlAdmission said when it was accepted; 0 without. */
unsigned al_stream_get_tag (const AlStream *stream);
void al_stream_get_local (const AlStream *stream, AlAddr *ret_address);
bool al_stream_is_tls (const AlStream *stream);
/** al_stream_get_peer_uid: Returns: the uid behind a local socket (SO_PEERCRED), -1 for TCP. */
int64_t al_stream_get_peer_uid (const AlStream *stream);

/**
 * al_stream_detach:
 *
 * Takes the stream (fd, TLS state, unconsumed input, queue) out of its loop, without callbacks, so that another thread
 * can go on with it after al_stream_attach(). Only from inside an AlAcceptFn or on_data; on_data then returns 0.
 * Everything last shown counts as unconsumed and is shown again by the new loop. Nothing of the stream may be used
 * between the two calls, except al_stream_abort().
 */
void al_stream_detach (AlStream *stream);
/** al_stream_attach: on the thread of @loop, or before it runs. On error the stream stays detached. */
bool al_stream_attach (AlLoop *loop, AlStream *stream, const AlStreamOps *ops, void *user, GError **error);
