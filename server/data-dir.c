/* SPDX-License-Identifier: Apache-2.0 */
#include "server/data-dir.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct DataDir {
  int lock_fd;
};

static void
set_errno_error (GError **error, const char *what, const char *path)
{
  int saved = errno;

  g_set_error (error, G_FILE_ERROR, (gint) g_file_error_from_errno (saved), "%s %s: %s", what, path, g_strerror (saved));
}

static void
set_taken_error (GError **error, int fd, const char *path)
{
  char pid[32] = "";
  ssize_t len = pread (fd, pid, sizeof pid - 1, 0);

  if (len > 0)
    pid[strcspn (pid, "\n")] = '\0';
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_EXIST, "data folder %s is in use by another aldisd (process %s)", path,
               len > 0 ? pid : "unknown");
}

DataDir *
data_dir_open (const char *path, GError **error)
{
  g_autofree char *lock_path = g_build_filename (path, "aldisd.lock", NULL);
  DataDir *dir;
  int fd;

  if (g_mkdir_with_parents (path, 0700) != 0)
    {
      set_errno_error (error, "cannot make the data folder", path);
      return NULL;
    }
  fd = open (lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    {
      set_errno_error (error, "cannot open", lock_path);
      return NULL;
    }
  if (flock (fd, LOCK_EX | LOCK_NB) != 0)
    {
      if (errno == EWOULDBLOCK)
        set_taken_error (error, fd, path);
      else
        set_errno_error (error, "cannot lock", lock_path);
      (void) close (fd);
      return NULL;
    }
  if (ftruncate (fd, 0) != 0 || dprintf (fd, "%d\n", getpid ()) < 0)
    {
      set_errno_error (error, "cannot write", lock_path);
      (void) close (fd);
      return NULL;
    }
  dir = g_new (DataDir, 1);
  dir->lock_fd = fd;
  return dir;
}

void
data_dir_free (DataDir *dir)
{
  if (dir == NULL)
    return;
  (void) close (dir->lock_fd);
  g_free (dir);
}
