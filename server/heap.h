/* SPDX-License-Identifier: Apache-2.0 */
/* glibc's heap, as a server wants it that runs for months. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/** heap_init: bounds how many heaps the threads spread over. Before the first thread. */
void heap_init (void);

/** HeapTrim: what was free after the last trim; embed it, zeroed. */
typedef struct {
  /*< private >*/
  size_t free_bytes;
} HeapTrim;

/**
 * heap_trim: gives memory that was freed since the last time back to the system, when it is much. To be called every
 * HEAP_TRIM_S.
 *
 * Returns: whether it was done. Any thread; others that allocate wait for some milliseconds meanwhile.
 */
bool heap_trim (HeapTrim *trim);

#define HEAP_TRIM_S 10
