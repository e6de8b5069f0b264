/* SPDX-License-Identifier: Apache-2.0 */
/* What stream*.c and listener.c share. An idle stream is this struct and its TLS state alone. */
#pragma once

#include <openssl/ssl.h>
#include <stdatomic.h>

#include "base/send-queue.h"
#include "base/stream.h"

/* A queue that does not shrink for so long while closing belongs to a peer that does not read. */
#define AL_STREAM_DRAIN_MS 10000
/* what a peer that is being closed may still send before it is no longer read */
#define AL_STREAM_DISCARD_BYTES (16 * 1024 * 1024)

/*
 *  connect() ──> CONNECTING ──> (HANDSHAKE) ───────────┐
 *                                                      v
 *  accept() ─┬─> SNIFF ──┬─> HANDSHAKE ──> FIRST ──> OPEN ──> CLOSING ──> LINGER ──> DEAD
 *            │           └───────────────────^         │^
 *            ├─> HANDSHAKE                   │         v│          (any of them may go to DEAD)
 *            └─> FIRST ──────────────────────┘       DETACHED
 */
typedef enum {
  AL_STREAM_CONNECTING, /* waits for connect() */
  AL_STREAM_SNIFF,      /* AL_TLS_DETECT: waits for the first byte */
  AL_STREAM_HANDSHAKE,  /* TLS */
  AL_STREAM_FIRST,      /* waits for enough bytes to know the protocol */
  AL_STREAM_OPEN,
  AL_STREAM_DETACHED,   /* in no loop */
  AL_STREAM_CLOSING,    /* sends what is queued; input is thrown away */
  AL_STREAM_LINGER,     /* FIN is sent, waits for the peer's */
  AL_STREAM_DEAD,       /* fd closed, on_closed comes at the end of the turn */
  AL_STREAM_STATE_N
} AlStreamState;

typedef enum { AL_IO_OK, AL_IO_AGAIN, AL_IO_EOF, AL_IO_ERROR, AL_IO_TLS_ERROR } AlIo;

/** AlListenerShared: what a listener and its streams share, on whatever threads they are. */
typedef struct {
  AlAdmission admission;
  atomic_uint refs;
  atomic_uint alive;
} AlListenerShared;

struct AlStream {
  AlWatch watch; /* watch.fd: -1 once closed */
  AlTimer timer; /* first bytes, then lingering close */
  AlDefer defer;
  /* passed in, not owned */
  AlLoop *loop;
  const AlStreamOps *ops;
  void *user;
  /* owned */
  SSL *ssl;
  uint8_t *input; /* unconsumed bytes; NULL when there are none */
  size_t input_len;
  AlSendQueue queue;
  /* while the listener has not routed it: in the listener's list of such streams */
  AlListener *listener;
  AlStream *pending_next, **pending_pprev;
  AlListenerShared *shared; /* counted in it */
  AlStreamBudget *budget;
  size_t budgeted; /* what of the queue is counted there */

  /* during on_data and AlAcceptFn: what they were shown, and where to say that the stream went to another loop */
  const uint8_t *shown;
  size_t shown_len;
  bool *ret_detached;

  AlAddr peer;
  uint32_t input_limit, low, high, hard;
  uint32_t tag;       /* of the admission */
  uint32_t rx_budget; /* bytes that TLS may still take from the socket in this event */
  uint32_t discarded; /* bytes of input thrown away while closing */
  AlStreamState state;
  AlStreamClose reason;
  bool is_unix;
  bool paused;
  bool peer_eof;
  bool tx_blocked;      /* the socket is full: nothing to be tried before EPOLLOUT */
  bool above_high;      /* on_drained is owed */
  bool close_on_connect;
  bool show_again;      /* deferred: show kept input and read what TLS holds back */
  bool tls_wants_write; /* SSL_read or the handshake wait for the socket to take bytes */
  bool hung_up;         /* out of epoll: it would report EPOLLHUP for ever */
};

/* stream.c */
AlStream *al_stream_new (AlLoop *loop, int fd, const AlAddr *peer, AlStreamState state, AlListenerShared *shared);
void al_stream_set_state (AlStream *stream, AlStreamState state);
/** al_stream_is_connecting: Returns: true for a client stream that is not open yet, its TLS handshake included. */
bool al_stream_is_connecting (const AlStream *stream);
/** al_stream_die: closes the fd, @reset with RST; on_closed (@reason) and the end of @stream come by defer. */
void al_stream_die (AlStream *stream, AlStreamClose reason, bool reset);
/** al_stream_free_now: without callback; only for a stream that its owner never saw. */
void al_stream_free_now (AlStream *stream);
/** al_stream_set_deadline: @ms from now, 0: none. What it means depends on the state then. */
void al_stream_set_deadline (AlStream *stream, unsigned ms);
/** al_stream_update_watch: asks epoll for what the state, queue and pause need. */
void al_stream_update_watch (AlStream *stream);
/** al_stream_settle: counts in the budget what the queue holds now. */
void al_stream_settle (AlStream *stream);
/** al_stream_note_eof: the peer's FIN was read. */
void al_stream_note_eof (AlStream *stream);

/* stream-io.c */
void al_stream_on_event (AlWatch *watch, uint32_t events, void *user);
/** al_stream_pump: reads and delivers. @show: deliver kept input even when nothing new came. Returns: false when the
 *  owner detached the stream, which must then not be touched. */
bool al_stream_pump (AlStream *stream, bool show);
AlIo al_stream_write (AlStream *stream, const void *data, size_t len, size_t *ret_n);

/* stream-tls.c */
bool al_stream_tls_accept (AlStream *stream, AlTls *tls);
bool al_stream_tls_connect (AlStream *stream, AlTls *tls, const char *server_name);
AlIo al_stream_tls_handshake (AlStream *stream);
AlIo al_stream_tls_read (AlStream *stream, uint8_t *data, size_t room, size_t *ret_n);
AlIo al_stream_tls_write (AlStream *stream, const void *data, size_t len, size_t *ret_n);
/** al_stream_tls_has_pending: bytes that epoll will not announce again. */
bool al_stream_tls_has_pending (AlStream *stream);
/** al_stream_tls_shutdown: AL_IO_AGAIN: close_notify did not fit into the socket. */
AlIo al_stream_tls_shutdown (AlStream *stream);

/* listener.c */
/** al_listener_take_tls_step: Returns: false when this turn's budget for handshakes is used up; try next turn. */
bool al_listener_take_tls_step (AlListener *listener);
AlTls *al_listener_get_tls (AlListener *listener);
/** al_listener_route_stream: calls the route of @proto. Returns: false when there is none. */
bool al_listener_route_stream (AlListener *listener, AlStream *stream, AlProto proto);
/** al_listener_forget_stream: takes a stream out of the list of those not yet routed. */
void al_listener_forget_stream (AlStream *stream);
void al_listener_count_closed (AlListener *listener, AlStreamClose reason);
void al_listener_shared_unref (AlListenerShared *shared);
