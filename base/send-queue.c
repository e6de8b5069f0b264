/* SPDX-License-Identifier: Apache-2.0 */
#include "base/send-queue.h"

#include <string.h>

struct AlChunk {
  AlChunk *next;
  AlBuf *buf; /* owned reference; NULL: the bytes are in copy */
  uint8_t *data;
  size_t start, end;
  size_t room; /* bytes that copy can hold; 0: shared, never written */
  bool lent;
  uint8_t copy[];
};

/* A copied block has at least this much room, so that a turn's small messages become one block and one TLS record. As
 * much as malloc still serves from the thread's own cache (1,032 bytes with what it needs itself). */
#define COPY_BLOCK (1024 - sizeof (AlChunk))

static AlChunk *
append (AlSendQueue *queue, AlBuf *buf, size_t room)
{
  AlChunk *chunk = g_malloc (sizeof *chunk + room);

  chunk->next = NULL;
  chunk->buf = buf;
  chunk->data = buf != NULL ? buf->data : chunk->copy;
  chunk->start = 0;
  chunk->room = room;
  chunk->lent = false;
  if (queue->tail != NULL)
    queue->tail->next = chunk;
  else
    queue->head = chunk;
  queue->tail = chunk;
  return chunk;
}

void
al_send_queue_copy (AlSendQueue *queue, const void *data, size_t len)
{
  const uint8_t *bytes = data;
  AlChunk *tail = queue->tail;

  if (len == 0)
    return;
  queue->bytes += len;
  if (tail != NULL && tail->end < tail->room)
    {
      size_t n = MIN (len, tail->room - tail->end);

      memcpy (tail->data + tail->end, bytes, n);
      tail->end += n;
      bytes += n;
      len -= n;
    }
  if (len == 0)
    return;
  tail = append (queue, NULL, MAX (len, COPY_BLOCK));
  memcpy (tail->data, bytes, len);
  tail->end = len;
}

static void
append_ref (AlSendQueue *queue, AlBuf *buf, size_t offset, bool lent)
{
  AlChunk *chunk;

  if (offset >= buf->len)
    return;
  chunk = append (queue, al_buf_ref (buf), 0);
  chunk->start = offset;
  chunk->end = buf->len;
  chunk->lent = lent;
  queue->bytes += chunk->end - chunk->start;
  queue->lent_bytes += lent ? chunk->end - chunk->start : 0;
}

void
al_send_queue_ref (AlSendQueue *queue, AlBuf *buf, size_t offset)
{
  append_ref (queue, buf, offset, false);
}

void
al_send_queue_lend (AlSendQueue *queue, AlBuf *buf, size_t offset)
{
  append_ref (queue, buf, offset, true);
}

unsigned
al_send_queue_peek (const AlSendQueue *queue, struct iovec *iov, unsigned max)
{
  unsigned n = 0;

  for (const AlChunk *chunk = queue->head; chunk != NULL && n < max; chunk = chunk->next, n++)
    iov[n] = (struct iovec){ .iov_base = chunk->data + chunk->start, .iov_len = chunk->end - chunk->start };
  return n;
}

size_t
al_send_queue_gather (const AlSendQueue *queue, uint8_t *space, size_t room, const uint8_t **ret_data)
{
  const AlChunk *chunk = queue->head;
  size_t n = 0;

  if (chunk == NULL)
    return 0;
  if (chunk->next == NULL || chunk->end - chunk->start >= room)
    {
      *ret_data = chunk->data + chunk->start;
      return MIN (chunk->end - chunk->start, room);
    }
  for (; chunk != NULL && n < room; chunk = chunk->next)
    {
      size_t piece = MIN (chunk->end - chunk->start, room - n);

      memcpy (space + n, chunk->data + chunk->start, piece);
      n += piece;
    }
  *ret_data = space;
  return n;
}

void
al_send_queue_consume (AlSendQueue *queue, size_t n)
{
  g_assert (n <= queue->bytes);
  queue->bytes -= n;
  while (n > 0)
    {
      AlChunk *chunk = queue->head;
      size_t piece = MIN (n, chunk->end - chunk->start);

      chunk->start += piece;
      queue->lent_bytes -= chunk->lent ? piece : 0;
      n -= piece;
      if (chunk->start < chunk->end)
        return;
      queue->head = chunk->next;
      if (queue->head == NULL)
        queue->tail = NULL;
      al_buf_unref (chunk->buf);
      g_free (chunk);
    }
}

void
al_send_queue_clear (AlSendQueue *queue)
{
  al_send_queue_consume (queue, queue->bytes);
}
