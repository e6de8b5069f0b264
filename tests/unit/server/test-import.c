/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "server/ctl/import.h"

static void
check_piece (CtlImport *import, gsize max, const char *expect, unsigned expect_line)
{
  g_autoptr (GError) error = NULL;
  unsigned line = 0;
  g_autofree char *piece = ctl_import_next (import, max, &line, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (piece, ==, expect);
  if (expect != NULL)
    g_assert_cmpuint (line, ==, expect_line);
}

static void
test_csv (void)
{
  static const char text[] = "u,p\na,1\nb,2\nc,3\n";
  CtlImport import;

  ctl_import_init (&import, text, strlen (text));
  check_piece (&import, 12, "u,p\na,1\nb,2\n", 0);
  /* the server calls c's line 2 of its piece; in the file it is line 4 */
  check_piece (&import, 12, "u,p\nc,3\n", 2);
  check_piece (&import, 12, NULL, 0);
}

static void
test_quoted_newline_is_not_cut (void)
{
  static const char text[] = "u,p\r\na,\"1\n\"\"2\"\r\nb,3";
  CtlImport import;

  ctl_import_init (&import, text, strlen (text));
  check_piece (&import, 18, "u,p\r\na,\"1\n\"\"2\"\r\n", 0);
  check_piece (&import, 18, "u,p\r\nb,3", 2);
  check_piece (&import, 18, NULL, 0);
}

static void
test_json_lines (void)
{
  static const char text[] = "{\"a\":1}\n{\"b\":\"\\\"\"}\n";
  CtlImport import;

  ctl_import_init (&import, text, strlen (text));
  check_piece (&import, 12, "{\"a\":1}\n", 0);
  check_piece (&import, 12, "{\"b\":\"\\\"\"}\n", 1);
  check_piece (&import, 12, NULL, 0);
}

static void
test_too_long (void)
{
  static const char text[] = "u,p\naaaaaaaaaaaaaaaaaaaaaaaaaa,1\n";
  g_autoptr (GError) error = NULL;
  CtlImport import;
  unsigned line;

  ctl_import_init (&import, text, strlen (text));
  g_assert_null (ctl_import_next (&import, 12, &line, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "line 2"));
}

static void
test_empty (void)
{
  CtlImport import;

  ctl_import_init (&import, "", 0);
  check_piece (&import, 12, NULL, 0);
  ctl_import_init (&import, "u,p\n", 4);
  check_piece (&import, 12, NULL, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/import/csv", test_csv);
  g_test_add_func ("/server/import/quoted-newline-is-not-cut", test_quoted_newline_is_not_cut);
  g_test_add_func ("/server/import/json-lines", test_json_lines);
  g_test_add_func ("/server/import/too-long", test_too_long);
  g_test_add_func ("/server/import/empty", test_empty);
  return g_test_run ();
}
