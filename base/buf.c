/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdatomic.h>
#include <string.h>

AlBuf *
al_buf_new (size_t size)
{
  AlBuf *buf;

  g_assert (size <= 1u << 30);
  buf = g_malloc (sizeof *buf + size);
  atomic_init (&buf->refs, 1);
  buf->len = (uint32_t) size;
  return buf;
}

AlBuf *
al_buf_new_copy (const void *data, size_t len)
{
  AlBuf *buf = al_buf_new (len);

  if (len > 0)
    memcpy (buf->data, data, len);
  return buf;
}

AlBuf *
al_buf_ref (AlBuf *buf)
{
  atomic_fetch_add_explicit (&buf->refs, 1, memory_order_relaxed);
  return buf;
}

void
al_buf_unref (AlBuf *buf)
{
  if (buf == NULL)
    return;
  /* acquire-release: the freeing thread must see every write made before the other references were given back */
  if (atomic_fetch_sub_explicit (&buf->refs, 1, memory_order_acq_rel) == 1)
    g_free (buf);
}
