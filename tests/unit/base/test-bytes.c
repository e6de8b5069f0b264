/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>

#include "base/bytes.h"

static void
test_reader_numbers (void)
{
  static const uint8_t wire[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24 };
  AlReader reader;

  al_reader_init (&reader, wire, sizeof wire);
  g_assert_cmphex (al_reader_u8 (&reader), ==, 0x01);
  g_assert_cmphex (al_reader_u16 (&reader), ==, 0x0203);
  g_assert_cmphex (al_reader_u24 (&reader), ==, 0x040506);
  g_assert_cmphex (al_reader_u32 (&reader), ==, 0x0708090a);
  g_assert_cmphex (al_reader_u64 (&reader), ==, UINT64_C (0x0b0c0d0e0f101112));
  g_assert_cmphex (al_reader_u16_le (&reader), ==, 0x1413);
  g_assert_cmpuint (al_reader_remaining (&reader), ==, 4);
  g_assert_true (al_reader_peek (&reader, 4) == wire + 20);
  g_assert_null (al_reader_peek (&reader, 5));
  g_assert_cmphex (al_reader_u32_le (&reader), ==, 0x18171615);
  g_assert_false (al_reader_failed (&reader));
  g_assert_nonnull (al_reader_slice (&reader, 0));
  g_assert_false (al_reader_failed (&reader));
  al_reader_init (&reader, wire, 6);
  g_assert_cmphex (al_reader_u48 (&reader), ==, UINT64_C (0x010203040506));
}

static void
test_reader_sticky (void)
{
  static const uint8_t wire[] = { 0xff, 0xff, 0xff };
  uint8_t copy[4] = { 9, 9, 9, 9 };
  AlReader reader, sub;

  al_reader_init (&reader, wire, sizeof wire);
  g_assert_cmphex (al_reader_u32 (&reader), ==, 0);
  g_assert_true (al_reader_failed (&reader));
  g_assert_cmpuint (al_reader_remaining (&reader), ==, 0);
  g_assert_cmphex (al_reader_u8 (&reader), ==, 0);
  g_assert_null (al_reader_slice (&reader, 0));
  g_assert_null (al_reader_peek (&reader, 0));
  g_assert_false (al_reader_skip (&reader, 0));
  g_assert_false (al_reader_copy (&reader, copy, sizeof copy));
  g_assert_cmphex (copy[0] | copy[3], ==, 0);
  g_assert_false (al_reader_sub (&reader, 1, &sub));
  g_assert_true (al_reader_failed (&sub));

  al_reader_init (&reader, wire, sizeof wire);
  g_assert_false (al_reader_skip (&reader, SIZE_MAX));
  al_reader_init (&reader, NULL, 0);
  g_assert_false (al_reader_failed (&reader));
  g_assert_cmphex (al_reader_u8 (&reader), ==, 0);
  g_assert_true (al_reader_failed (&reader));
}

static void
test_reader_sub (void)
{
  static const uint8_t wire[] = { 2, 0xaa, 0xbb, 0xcc };
  uint8_t copy[2];
  AlReader reader, sub;

  al_reader_init (&reader, wire, sizeof wire);
  g_assert_true (al_reader_sub (&reader, al_reader_u8 (&reader), &sub));
  g_assert_true (al_reader_copy (&sub, copy, 2));
  g_assert_cmpmem (copy, 2, wire + 1, 2);
  g_assert_cmphex (al_reader_u8 (&sub), ==, 0); /* 0xcc belongs to the outer reader */
  g_assert_true (al_reader_failed (&sub));
  g_assert_false (al_reader_failed (&reader));
  g_assert_cmphex (al_reader_u8 (&reader), ==, 0xcc);
  al_reader_fail (&reader);
  g_assert_true (al_reader_failed (&reader));
}

static void
test_writer_numbers (void)
{
  static const uint8_t expect[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 0, 0, 'o', 'k' };
  uint8_t data[sizeof expect + 6];
  AlWriter writer;

  al_writer_init (&writer, data, sizeof data);
  al_writer_u8 (&writer, 0x01);
  al_writer_u16 (&writer, 0x0203);
  al_writer_u24 (&writer, 0x040506);
  al_writer_u32 (&writer, 0x0708090a);
  al_writer_u64 (&writer, UINT64_C (0x0b0c0d0e0f101112));
  g_assert_true (al_writer_zero (&writer, 2));
  g_assert_true (al_writer_bytes (&writer, "ok", 2));
  g_assert_true (al_writer_bytes (&writer, NULL, 0));
  g_assert_false (al_writer_failed (&writer));
  g_assert_cmpmem (data, al_writer_len (&writer), expect, sizeof expect);
  al_writer_u16_le (&writer, 0x0102);
  al_writer_u32_le (&writer, 0x01020304);
  g_assert_cmphex (data[sizeof expect], ==, 2);
  g_assert_cmphex (data[sizeof expect + 2], ==, 4);
  g_assert_cmpuint (al_writer_len (&writer), ==, sizeof data);
}

static void
test_writer_patch (void)
{
  uint8_t data[8];
  AlWriter writer;

  al_writer_init (&writer, data, sizeof data);
  al_writer_u32 (&writer, 0xffffffff);
  al_writer_patch_u16 (&writer, 1, 0x0203);
  al_writer_patch_u8 (&writer, 3, 0x04);
  g_assert_cmpmem (data, al_writer_len (&writer), "\xff\x02\x03\x04", 4);
  al_writer_patch_u24 (&writer, 0, 0x050607);
  al_writer_patch_u32 (&writer, 0, 0x08090a0b);
  g_assert_cmpmem (data, al_writer_len (&writer), "\x08\x09\x0a\x0b", 4);
  g_assert_false (al_writer_failed (&writer));
  al_writer_patch_u16 (&writer, 3, 0); /* its second byte is not written yet */
  g_assert_true (al_writer_failed (&writer));
  g_assert_cmphex (data[3], ==, 0x0b);
  al_writer_init (&writer, data, sizeof data);
  al_writer_patch_u8 (&writer, SIZE_MAX, 0);
  g_assert_true (al_writer_failed (&writer));
}

static void
test_writer_overflow (void)
{
  uint8_t data[4] = { 7, 7, 7, 7 };
  AlWriter writer;

  al_writer_init (&writer, data, 3);
  al_writer_u16 (&writer, 0);
  al_writer_u16 (&writer, 0);
  g_assert_true (al_writer_failed (&writer));
  al_writer_u8 (&writer, 9); /* would fit, but what stands before it is missing */
  g_assert_cmpuint (al_writer_len (&writer), ==, 2);
  g_assert_cmphex (data[2], ==, 7);
  g_assert_null (al_writer_reserve (&writer, 0));
  al_writer_init (&writer, data, 3);
  g_assert_null (al_writer_reserve (&writer, SIZE_MAX));
  al_writer_init (&writer, NULL, 0);
  g_assert_nonnull (al_writer_reserve (&writer, 0));
  g_assert_false (al_writer_bytes (&writer, "x", 1));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/bytes/reader-numbers", test_reader_numbers);
  g_test_add_func ("/base/bytes/reader-sticky", test_reader_sticky);
  g_test_add_func ("/base/bytes/reader-sub", test_reader_sub);
  g_test_add_func ("/base/bytes/writer-numbers", test_writer_numbers);
  g_test_add_func ("/base/bytes/writer-patch", test_writer_patch);
  g_test_add_func ("/base/bytes/writer-overflow", test_writer_overflow);
  return g_test_run ();
}
