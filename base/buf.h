/* SPDX-License-Identifier: Apache-2.0 */
/* A reference-counted block of bytes that threads may share once it is filled. */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

typedef struct AlBuf AlBuf;

/**
 * AlBuf:
 * @len: bytes in use, at most the size the block was made with
 * @data: the bytes, directly behind the header
 *
 * Written by its maker before the first share, read-only afterwards.
 */
struct AlBuf {
  /*< private >*/
  _Atomic uint32_t refs;
  /*< public >*/
  uint32_t len;
  uint8_t data[];
};

/**
 * al_buf_new:
 * @size: room in bytes, up to 1 GiB
 *
 * Returns: (transfer full): a block with one reference and @len equal to @size, contents undefined. Any thread.
 */
AlBuf *al_buf_new (size_t size);

/**
 * al_buf_new_copy:
 * @data: (nullable): @len bytes
 *
 * Returns: (transfer full): a block holding a copy. Any thread.
 */
AlBuf *al_buf_new_copy (const void *data, size_t len);

/** al_buf_ref: Returns: (transfer full): @buf with one reference more. Any thread. */
AlBuf *al_buf_ref (AlBuf *buf);

/** al_buf_unref: gives one reference back; the last one frees the block. NULL is allowed. Any thread. */
void al_buf_unref (AlBuf *buf);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlBuf, al_buf_unref)
