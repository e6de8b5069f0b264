/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket (RFC 6455), server side, without I/O: wslay reads frames, frames to send are written into shared buffers. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/**
 * AlWsPool: the receivers of one thread. wslay's context holds a 4 KiB buffer, so an idle connection owns none: one is
 * taken from the pool when bytes arrive and goes back when no frame or message is left half received.
 */
typedef struct AlWsPool AlWsPool;
/** AlWs: the receiving side of one connection; embed it, zeroed by al_ws_init(). */
typedef struct AlWs AlWs;

typedef enum {
  AL_WS_OP_TEXT = 1,
  AL_WS_OP_BINARY = 2,
  AL_WS_OP_CLOSE = 8,
  AL_WS_OP_PING = 9,
  AL_WS_OP_PONG = 10
} AlWsOp;

/**
 * AlWsFn: one whole message. For AL_WS_OP_CLOSE, @data is the reason and @close_code its code (1005: none given); it is
 * the last one. Text and close reasons are checked UTF-8. @data is valid during the call.
 *
 * Must not feed or clear @ws. Returns: false to stop: nothing more is delivered, what is fed later is ignored; the
 * owner of @ws may then already be freed.
 */
typedef bool (*AlWsFn) (AlWs *ws, AlWsOp op, const uint8_t *data, size_t len, uint16_t close_code, void *user);

struct AlWs {
  /*< private >*/
  void *receiver;
  size_t max_message_bytes;
  AlWsFn fn;
  void *user;
  bool done; /* closed, refused or stopped: what comes is ignored */
};

/** AL_WS_POOL_MAX: receivers that a pool keeps for reuse; what comes back beyond that is freed. */
#define AL_WS_POOL_MAX 32

AlWsPool *al_ws_pool_new (void);
/** al_ws_pool_free: every AlWs that was fed with it has been cleared. */
void al_ws_pool_free (AlWsPool *pool);
/** al_ws_pool_get_used: Returns: receivers that connections hold: those with a frame or message half received. */
unsigned al_ws_pool_get_used (const AlWsPool *pool);
/** al_ws_pool_get_spare: Returns: receivers that wait for reuse, at most AL_WS_POOL_MAX. */
unsigned al_ws_pool_get_spare (const AlWsPool *pool);

/** al_ws_init: @max_message_bytes: of a message's payload, all its fragments together. */
void al_ws_init (AlWs *ws, size_t max_message_bytes, AlWsFn fn, void *user);
/** al_ws_set_max: another limit, from the next frame on. */
void al_ws_set_max (AlWs *ws, size_t max_message_bytes);
/** al_ws_clear: gives a receiver that is held back to the pool. */
void al_ws_clear (AlWs *ws, AlWsPool *pool);
/**
 * al_ws_receive: feeds @len bytes; all are consumed. Refuses unmasked frames, reserved bits and opcodes, fragmented or
 * long control frames, messages over the limit, bad UTF-8 (as soon as it is seen), close codes that may not be sent.
 *
 * Returns: 0, or the close code to send (1002, 1007, 1009). After that nothing more is delivered.
 */
uint16_t al_ws_receive (AlWs *ws, AlWsPool *pool, const uint8_t *data, size_t len);

/** al_ws_frame: @len: at most 125 for a control frame. Returns: (transfer full): a whole unmasked frame, ready for any
 *  number of connections. Any thread. */
AlBuf *al_ws_frame (AlWsOp op, const void *data, size_t len);
/** al_ws_frame_close: @code: 1005 for a frame without a code. @reason: (nullable): UTF-8, cut to 123 bytes at a character
 *  boundary. Returns: (transfer full): a close frame. Any thread. */
AlBuf *al_ws_frame_close (uint16_t code, const char *reason);
/** al_ws_accept_key: @ret: Sec-WebSocket-Accept for the client's key, 28 characters and NUL (RFC 6455 §4.2.2). */
void al_ws_accept_key (const char *key, size_t len, char ret[29]);
