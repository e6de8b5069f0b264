/* SPDX-License-Identifier: Apache-2.0 */
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/data-dir.h"

static char *
make_folder (void)
{
  g_autoptr (GError) error = NULL;
  char *path = g_dir_make_tmp ("aldis-data-XXXXXX", &error);

  g_assert_no_error (error);
  return path;
}

static void
remove_folder (const char *path)
{
  g_autofree char *lock = g_build_filename (path, "aldisd.lock", NULL);

  (void) g_unlink (lock);
  (void) g_rmdir (path);
}

static void
test_made_private (void)
{
  g_autofree char *top = make_folder ();
  g_autofree char *path = g_build_filename (top, "var", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (DataDir) dir = data_dir_open (path, &error);
  GStatBuf info;

  g_assert_no_error (error);
  g_assert_nonnull (dir);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0700);
  remove_folder (path);
  remove_folder (top);
}

static void
test_second_is_refused (void)
{
  g_autofree char *path = make_folder ();
  g_autoptr (GError) error = NULL;
  g_autofree char *pid = g_strdup_printf ("%d", (int) getpid ());
  DataDir *first = data_dir_open (path, &error);
  DataDir *second;

  g_assert_no_error (error);
  second = data_dir_open (path, &error);
  g_assert_null (second);
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_EXIST);
  g_assert_nonnull (strstr (error->message, pid));
  g_clear_error (&error);
  data_dir_free (first);
  second = data_dir_open (path, &error);
  g_assert_no_error (error);
  data_dir_free (second);
  remove_folder (path);
}

/* an owner that is killed leaves no lock behind */
static void
test_crash_frees (void)
{
  g_autofree char *path = make_folder ();
  g_autoptr (GError) error = NULL;
  pid_t child = fork ();
  int status;

  if (child == 0)
    {
      (void) data_dir_open (path, NULL);
      (void) kill (getpid (), SIGKILL);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status));
  g_autoptr (DataDir) dir = data_dir_open (path, &error);
  g_assert_no_error (error);
  g_assert_nonnull (dir);
  remove_folder (path);
}

static void
test_not_a_folder (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (data_dir_open ("/dev/null/var", &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "/dev/null/var"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/data-dir/made-private", test_made_private);
  g_test_add_func ("/server/data-dir/second-is-refused", test_second_is_refused);
  g_test_add_func ("/server/data-dir/crash-frees", test_crash_frees);
  g_test_add_func ("/server/data-dir/not-a-folder", test_not_a_folder);
  return g_test_run ();
}
