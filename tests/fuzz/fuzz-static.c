/* SPDX-License-Identifier: Apache-2.0 */
/* A path finds a file when, decoded by GLib, it is that file's name; nothing else is found, wherever ".." may lead. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "signaling/static.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const char *const names[] = { "index.html", "a.js", "b c%.txt", "deep/index.html", "deep/x.css" };

/* A tree of a few files, read into memory once; nothing of it stays on the disk. */
static SigStatic *
make_tree (void)
{
  g_autofree char *root = g_dir_make_tmp ("aldis-fuzz-XXXXXX", NULL);
  g_autofree char *deep = g_build_filename (root, "deep", NULL);
  SigStatic *tree;

  g_assert_cmpint (g_mkdir (deep, 0700), ==, 0);
  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (root, names[i], NULL);

      g_assert_true (g_file_set_contents (path, names[i], -1, NULL));
    }
  tree = sig_static_load (root, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (root, names[i], NULL);

      (void) g_unlink (path);
    }
  (void) g_rmdir (deep);
  (void) g_rmdir (root);
  return tree;
}

static bool
exists (const char *path, size_t len)
{
  g_autofree char *decoded = g_uri_unescape_segment (path, path + len, NULL);

  if (len == 0 || path[0] != '/' || decoded == NULL)
    return false;
  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++)
    {
      size_t folder = g_str_has_suffix (names[i], "index.html") ? strlen (names[i]) - strlen ("index.html") : SIZE_MAX;

      if (strcmp (decoded + 1, names[i]) == 0
          || (strlen (decoded + 1) == folder && strncmp (decoded + 1, names[i], folder) == 0))
        return true;
    }
  return false;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static SigStatic *tree;

  if (tree == NULL)
    tree = make_tree ();
  if (memchr (data, '\0', size) != NULL)
    g_assert_null (sig_static_find (tree, (const char *) data, size));
  else
    g_assert_cmpint (sig_static_find (tree, (const char *) data, size) != NULL, ==, exists ((const char *) data, size));
  return 0;
}
