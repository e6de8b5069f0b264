/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of cells with sequence numbers (after D. Vyukov's bounded queue). A cell whose sequence equals the position is
 * free for the producer that takes the position; position + 1 says that its message may be read.
 *
 * Waking: `signalled` is true from the moment a producer promises to write the eventfd until the consumer begins a
 * drain. The consumer empties the eventfd first and then clears the flag by exchange. A producer publishes its cell first
 * and then sets the flag by exchange. So either the producer's exchange comes second, finds false and writes; or the
 * consumer's comes second, reads from it (or from a later exchange of the same chain), and thereby sees the cell.
 */
#include "base/mailbox.h"

#include <errno.h>
#include <gio/gio.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LINE 64

typedef struct {
  _Atomic size_t sequence;
  void *message;
} Cell;

struct AlMailbox {
  /* read-only after construction */
  Cell *cells;
  size_t mask;
  int fd;
  GDestroyNotify free_message;
  /* producers */
  alignas (LINE) _Atomic size_t tail;
  alignas (LINE) _Atomic bool signalled;
  /* consumer's thread only */
  alignas (LINE) size_t head;
};

AlMailbox *
al_mailbox_new (unsigned capacity, GDestroyNotify free_message, GError **error)
{
  AlMailbox *box;
  size_t size = 2;
  int fd;

  g_return_val_if_fail (capacity >= 2 && capacity <= 1u << 20, NULL);
  fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0)
    {
      int saved = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), "eventfd: %s", g_strerror (saved));
      return NULL;
    }
  while (size < capacity)
    size *= 2;
  box = g_aligned_alloc0 (1, sizeof *box, LINE);
  box->cells = g_new (Cell, size);
  for (size_t i = 0; i < size; i++)
    atomic_init (&box->cells[i].sequence, i);
  box->mask = size - 1;
  box->fd = fd;
  box->free_message = free_message;
  atomic_init (&box->tail, 0);
  atomic_init (&box->signalled, false);
  return box;
}

/* Returns: the next message, or NULL when there is none or its producer is not finished with it. */
static void *
mailbox_take (AlMailbox *box)
{
  Cell *cell = &box->cells[box->head & box->mask];
  void *message;

  if (atomic_load_explicit (&cell->sequence, memory_order_acquire) != box->head + 1)
    return NULL;
  message = cell->message;
  atomic_store_explicit (&cell->sequence, box->head + box->mask + 1, memory_order_release);
  box->head++;
  return message;
}

void
al_mailbox_free (AlMailbox *box)
{
  void *message;

  if (box == NULL)
    return;
  while ((message = mailbox_take (box)) != NULL)
    if (box->free_message != NULL)
      box->free_message (message);
  (void) close (box->fd);
  g_free (box->cells);
  g_aligned_free (box);
}

static void
mailbox_signal (AlMailbox *box)
{
  static const uint64_t one = 1;

  if (atomic_exchange_explicit (&box->signalled, true, memory_order_acq_rel))
    return;
  while (write (box->fd, &one, sizeof one) < 0)
    {
      if (errno == EAGAIN) /* the counter is full, so the fd is readable */
        return;
      if (errno != EINTR)
        g_error ("eventfd: %s", g_strerror (errno));
    }
}

bool
al_mailbox_post (AlMailbox *box, void *message)
{
  size_t tail = atomic_load_explicit (&box->tail, memory_order_relaxed);
  Cell *cell;

  g_return_val_if_fail (message != NULL, false);
  for (;;)
    {
      size_t sequence;

      cell = &box->cells[tail & box->mask];
      sequence = atomic_load_explicit (&cell->sequence, memory_order_acquire);
      if (sequence == tail)
        {
          if (atomic_compare_exchange_weak_explicit (&box->tail, &tail, tail + 1, memory_order_relaxed,
                                                     memory_order_relaxed))
            break;
        }
      else if ((intptr_t) (sequence - tail) < 0)
        return false;
      else
        tail = atomic_load_explicit (&box->tail, memory_order_relaxed);
    }
  cell->message = message;
  atomic_store_explicit (&cell->sequence, tail + 1, memory_order_release);
  mailbox_signal (box);
  return true;
}

unsigned
al_mailbox_drain (AlMailbox *box, AlMailFn fn, void *user, unsigned max)
{
  uint64_t count;
  size_t waiting;
  unsigned n = 0;

  (void) !read (box->fd, &count, sizeof count);
  (void) atomic_exchange_explicit (&box->signalled, false, memory_order_acq_rel);
  waiting = atomic_load_explicit (&box->tail, memory_order_acquire) - box->head;
  if (max > 0 && max < waiting)
    waiting = max;
  while (n < waiting)
    {
      void *message = mailbox_take (box);

      if (message == NULL)
        break;
      n++;
      fn (message, user);
    }
  if (atomic_load_explicit (&box->cells[box->head & box->mask].sequence, memory_order_acquire) == box->head + 1)
    mailbox_signal (box);
  return n;
}

int
al_mailbox_get_fd (const AlMailbox *box)
{
  return box->fd;
}
