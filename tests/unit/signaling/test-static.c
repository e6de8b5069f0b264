/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "signaling/content-type.h"
#include "signaling/static.h"

typedef struct {
  char *root;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->root = g_dir_make_tmp ("aldis-static-XXXXXX", &error);
  g_assert_no_error (error);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (g_file_test (fixture->root, G_FILE_TEST_EXISTS))
    remove_tree (fixture->root);
  g_free (fixture->root);
}

static void
put (Fixture *fixture, const char *name, const char *text, gssize len)
{
  g_autofree char *path = g_build_filename (fixture->root, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  (void) g_file_set_contents (path, text, len, &error);
  g_assert_no_error (error);
}

static SigStatic *
load (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  SigStatic *tree = sig_static_load (fixture->root, &error);

  g_assert_no_error (error);
  return tree;
}

static const SigStaticFile *
find (SigStatic *tree, const char *path)
{
  return sig_static_find (tree, path, strlen (path));
}

static void
test_static_paths (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SigStatic) tree = NULL;

  put (fixture, "index.html", "<!doctype html>", -1);
  put (fixture, "a/b.js", "b", -1);
  put (fixture, "a/index.html", "a", -1);
  put (fixture, "with space.txt", "s", -1);
  put (fixture, "..secret", "s", -1);
  put (fixture, ".hidden/x", "s", -1);
  put (fixture, ".well-known/security.txt", "s", -1);
  tree = load (fixture);
  g_assert_cmpuint (sig_static_count (tree), ==, 5);
  g_assert_nonnull (find (tree, "/"));
  g_assert_true (find (tree, "/") == find (tree, "/index.html"));
  g_assert_nonnull (find (tree, "/a/b.js"));
  g_assert_nonnull (find (tree, "/a/"));
  g_assert_nonnull (find (tree, "/%61/b%2Ejs"));
  g_assert_nonnull (find (tree, "/with%20space.txt"));
  g_assert_nonnull (find (tree, "/.well-known/security.txt"));
  g_assert_cmpstr (find (tree, "/a/b.js")->content_type, ==, "text/javascript; charset=utf-8");
}

static void
test_static_no_way_out (Fixture *fixture, gconstpointer data)
{
  static const char *const paths[] = {
    "", "index.html", "//", "/a", "/a/", "/../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
    "/./index.html", "/index.html/", "/index.html%00", "/index.html%", "/index.html%2", "/index.html%zz", "/link", "/link.d/x",
    "/INDEX.HTML", "/fifo",
  };
  g_autofree char *link = g_build_filename (fixture->root, "link", NULL);
  g_autofree char *link_d = g_build_filename (fixture->root, "link.d", NULL);
  g_autofree char *fifo = g_build_filename (fixture->root, "fifo", NULL);
  g_autofree char *longest = g_strnfill (5000, 'a');
  g_autoptr (SigStatic) tree = NULL;

  put (fixture, "index.html", "x", -1);
  g_assert_cmpint (symlink ("/etc/hostname", link), ==, 0);
  g_assert_cmpint (symlink ("/etc", link_d), ==, 0);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  tree = load (fixture);
  g_assert_cmpuint (sig_static_count (tree), ==, 1);
  for (size_t i = 0; i < G_N_ELEMENTS (paths); i++)
    if (find (tree, paths[i]) != NULL)
      g_error ("found: %s", paths[i]);
  longest[0] = '/';
  g_assert_null (find (tree, longest));
}

static void
test_static_codings (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SigStatic) tree = NULL;
  const SigStaticFile *file;

  put (fixture, "app.js", "plain", -1);
  put (fixture, "app.js.gz", "gzipped", -1);
  put (fixture, "app.js.br", "br", -1);
  put (fixture, "lone.tar.gz", "lone", -1);
  put (fixture, "plain.css", "p", -1);
  tree = load (fixture);
  g_assert_cmpuint (sig_static_count (tree), ==, 3);
  file = find (tree, "/app.js");
  g_assert_true (file->has_codings);
  g_assert_cmpuint (file->bodies[SIG_CODING_IDENTITY].len, ==, 5);
  g_assert_cmpuint (file->bodies[SIG_CODING_GZIP].len, ==, 7);
  g_assert_cmpuint (file->bodies[SIG_CODING_BR].len, ==, 2);
  g_assert_cmpstr (file->bodies[SIG_CODING_IDENTITY].etag, !=, file->bodies[SIG_CODING_BR].etag);
  g_assert_null (find (tree, "/app.js.gz"));
  g_assert_false (find (tree, "/plain.css")->has_codings);
  file = find (tree, "/lone.tar.gz");
  g_assert_nonnull (file);
  g_assert_cmpuint (file->bodies[SIG_CODING_IDENTITY].len, ==, 4);
  g_assert_null (file->bodies[SIG_CODING_GZIP].chunks);
  g_assert_null (find (tree, "/lone.tar"));
}

static void
test_static_bytes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SigStatic) tree = NULL, again = NULL;
  g_autofree char *big = g_malloc (200000);
  const SigStaticBody *body;
  size_t offset = 0;

  for (int i = 0; i < 200000; i++)
    big[i] = (char) (i * 7);
  put (fixture, "big.bin", big, 200000);
  put (fixture, "empty", "", 0);
  put (fixture, "abc", "abc", 3);
  tree = load (fixture);
  body = &find (tree, "/big.bin")->bodies[SIG_CODING_IDENTITY];
  g_assert_cmpuint (body->len, ==, 200000);
  for (AlBuf **chunk = body->chunks; *chunk != NULL; chunk++)
    {
      g_assert_cmpmem ((*chunk)->data, (*chunk)->len, big + offset, MIN (200000 - offset, SIG_STATIC_CHUNK));
      offset += (*chunk)->len;
    }
  g_assert_cmpuint (offset, ==, 200000);
  g_assert_nonnull (find (tree, "/empty"));
  g_assert_cmpuint (find (tree, "/empty")->bodies[0].len, ==, 0);
  g_assert_cmpstr (find (tree, "/abc")->bodies[0].etag, ==,
                   "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"");
  again = sig_static_ref (tree);
  g_assert_true (again == tree);
}

static void
test_static_hashed_names (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *name;
    bool immutable;
  } cases[] = {
    { "app-5XZ2QJ3A.js", true },    { "app-5XZ2QJ3A.js.map", true }, { "a-b-ABCDEFG2.css", true },
    { "app-settings.js", false },   { "app-5XZ2QJ3.js", false },     { "app-5XZ2QJ3AB.js", false },
    { "app.js", false },            { "5XZ2QJ3A.js", false },        { "app-5XZ2QJ3A", false },
    { "x-5XZ2QJ3A/app.js", false },
  };
  g_autoptr (SigStatic) tree = NULL;

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    put (fixture, cases[i].name, "x", -1);
  tree = load (fixture);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/", cases[i].name, NULL);

      if (find (tree, path)->immutable != cases[i].immutable)
        g_error ("%s", path);
    }
}

static void
test_static_missing (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *nowhere = g_build_filename (fixture->root, "nowhere", NULL);
  g_autoptr (SigStatic) tree = sig_static_load (nowhere, &error);
  g_autoptr (SigStatic) nothing = sig_static_load ("", NULL);

  g_assert_no_error (error);
  g_assert_nonnull (find (tree, "/"));
  g_assert_nonnull (g_strstr_len ((char *) find (tree, "/")->bodies[0].chunks[0]->data,
                                  (gssize) find (tree, "/")->bodies[0].len, "npm run build"));
  g_assert_null (find (tree, "/app.js"));
  g_assert_cmpuint (sig_static_count (nothing), ==, 0);
}

static void
test_static_bounds (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *huge = g_build_filename (fixture->root, "huge", NULL);
  FILE *file = fopen (huge, "w");

  g_assert_nonnull (file);
  g_assert_cmpint (ftruncate (fileno (file), SIG_STATIC_MAX_BYTES + 1), ==, 0);
  (void) fclose (file);
  g_assert_null (sig_static_load (fixture->root, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_cmpint (truncate (huge, SIG_STATIC_MAX_BYTES), ==, 0);
  put (fixture, "one", "x", 1);
  g_assert_null (sig_static_load (fixture->root, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_clear_error (&error);
  g_assert_null (sig_static_load (huge, &error)); /* not a folder */
  g_assert_nonnull (error);
}

static void
test_content_type (void)
{
  g_assert_cmpstr (sig_content_type ("/a.HTML"), ==, "text/html; charset=utf-8");
  g_assert_cmpstr (sig_content_type ("/a.b/c"), ==, "application/octet-stream");
  g_assert_cmpstr (sig_content_type ("/x.woff2"), ==, "font/woff2");
  g_assert_cmpstr (sig_content_type ("/x.webmanifest"), ==, "application/manifest+json");
  g_assert_cmpstr (sig_content_type ("/x."), ==, "application/octet-stream");
}

#define ADD(name, fn) g_test_add ("/signaling/static/" name, Fixture, NULL, set_up, fn, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("paths", test_static_paths);
  ADD ("no-way-out", test_static_no_way_out);
  ADD ("codings", test_static_codings);
  ADD ("bytes", test_static_bytes);
  ADD ("hashed-names", test_static_hashed_names);
  ADD ("missing", test_static_missing);
  ADD ("bounds", test_static_bounds);
  g_test_add_func ("/signaling/static/content-type", test_content_type);
  return g_test_run ();
}
