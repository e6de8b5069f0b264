/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes waiting for a stream's socket: shared blocks by reference, loose bytes by copy. One thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/buf.h"

typedef struct AlChunk AlChunk;

/** AlSendQueue: zero it to begin. */
typedef struct {
  AlChunk *head, *tail;
  size_t bytes;
  size_t lent_bytes; /* of these: in blocks that are there anyway */
} AlSendQueue;

/** al_send_queue_copy: appends a copy of @len bytes. Small pieces that follow each other share a block. */
void al_send_queue_copy (AlSendQueue *queue, const void *data, size_t len);
/** al_send_queue_ref: appends @buf from @offset to its end; a reference is taken. */
void al_send_queue_ref (AlSendQueue *queue, AlBuf *buf, size_t offset);
/** al_send_queue_lend: like al_send_queue_ref(), of a block that others keep too, whether it is queued or not. */
void al_send_queue_lend (AlSendQueue *queue, AlBuf *buf, size_t offset);
/** al_send_queue_peek: Returns: how many of @iov (at most @max) were filled with the queue's oldest bytes. */
unsigned al_send_queue_peek (const AlSendQueue *queue, struct iovec *iov, unsigned max);
/** al_send_queue_gather: at most @room of the oldest bytes in one piece: a view of the first block when that is
 *  enough, else copied into @room bytes at @space. Returns: how many at @ret_data. */
size_t al_send_queue_gather (const AlSendQueue *queue, uint8_t *space, size_t room, const uint8_t **ret_data);
/** al_send_queue_consume: the oldest @n bytes were sent. */
void al_send_queue_consume (AlSendQueue *queue, size_t n);
void al_send_queue_clear (AlSendQueue *queue);
