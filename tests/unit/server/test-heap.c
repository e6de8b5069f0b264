/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <malloc.h>

#include "server/heap.h"

#define PIECES 32768
#define PIECE_BYTES 1024

/* 32 MiB that are freed below something that stays; a sanitizer's allocator has no such figures */
static void
test_trim (void)
{
  HeapTrim trim = { 0 };
  void **pieces = g_new (void *, PIECES);
  void *above;
  bool is_glibc;

  heap_init ();
  (void) heap_trim (&trim);
  for (unsigned i = 0; i < PIECES; i++)
    pieces[i] = g_malloc0 (PIECE_BYTES);
  is_glibc = mallinfo2 ().uordblks >= (size_t) PIECES * PIECE_BYTES;
  above = g_malloc (PIECE_BYTES);
  (void) heap_trim (&trim);
  for (unsigned i = 0; i < PIECES; i++)
    g_free (pieces[i]);
  g_assert_true (heap_trim (&trim) == is_glibc);
  /* nothing was freed since */
  g_assert_false (heap_trim (&trim));
  for (unsigned i = 0; i < PIECES; i++)
    pieces[i] = g_malloc0 (PIECE_BYTES);
  g_assert_false (heap_trim (&trim));
  for (unsigned i = 0; i < PIECES; i++)
    g_free (pieces[i]);
  g_assert_true (heap_trim (&trim) == is_glibc);
  g_free (above);
  g_free (pieces);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/heap/trim", test_trim);
  return g_test_run ();
}
