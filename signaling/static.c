/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/static.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "signaling/content-type.h"

#define MAX_DEPTH 16

struct SigStatic {
  atomic_uint refs;
  GHashTable *files; /* path, decoded: SigStaticFile */
  unsigned n_files;
  size_t bytes;
};

static const char placeholder[] =
  "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Aldis</title></head><body>\n"
  "<h1>Aldis is running</h1>\n"
  "<p>The web client is not built. Run <code>scripts/run</code>, or <code>npm ci &amp;&amp; npm run build</code> in"
  " <code>web/</code>, and set <code>web_root</code> in the section <code>[signaling]</code> of the configuration to the"
  " folder <code>web/dist</code>. Then send the server SIGHUP.</p>\n"
  "</body></html>\n";

static void
body_clear (SigStaticBody *body)
{
  for (size_t i = 0; body->chunks != NULL && body->chunks[i] != NULL; i++)
    al_buf_unref (body->chunks[i]);
  g_free (body->chunks);
}

static void
file_free (gpointer data)
{
  SigStaticFile *file = data;

  for (unsigned i = 0; i < SIG_CODING_N; i++)
    body_clear (&file->bodies[i]);
  g_free (file);
}

static void
body_fill (SigStaticBody *body, const uint8_t *data, size_t len)
{
  g_autofree char *hash = g_compute_checksum_for_data (G_CHECKSUM_SHA256, data, len);
  size_t n = (len + SIG_STATIC_CHUNK - 1) / SIG_STATIC_CHUNK;

  body_clear (body);
  body->chunks = g_new0 (AlBuf *, n + 1);
  for (size_t i = 0; i < n; i++)
    body->chunks[i] = al_buf_new_copy (data + i * SIG_STATIC_CHUNK, MIN (len - i * SIG_STATIC_CHUNK, SIG_STATIC_CHUNK));
  body->len = len;
  g_snprintf (body->etag, sizeof body->etag, "\"%s\"", hash);
}

/* esbuild writes NAME-HASH.EXT with eight characters of base32: capitals and digits, so that "app-settings.js" is no match. */
static bool
has_content_hash (const char *name)
{
  for (const char *dash = strchr (name, '-'); dash != NULL; dash = strchr (dash + 1, '-'))
    {
      size_t n = 0;

      while (g_ascii_isupper (dash[1 + n]) || g_ascii_isdigit (dash[1 + n]))
        n++;
      if (n == 8 && dash[9] == '.')
        return true;
    }
  return false;
}

static SigStaticFile *
tree_get_file (SigStatic *tree, const char *path)
{
  SigStaticFile *file = g_hash_table_lookup (tree->files, path);

  if (file != NULL)
    return file;
  file = g_new0 (SigStaticFile, 1);
  file->content_type = sig_content_type (path);
  file->immutable = has_content_hash (strrchr (path, '/'));
  (void) g_hash_table_insert (tree->files, g_strdup (path), file);
  return file;
}

static bool
set_file_error (GError **error, const char *path, int code)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "web_root %s: %s", path, g_strerror (code));
  return false;
}

/* Returns: false without an error when it is nothing to serve: a link, a socket. */
static bool
open_regular (int folder, const char *name, const char *path, int *ret_fd, size_t *ret_size, GError **error)
{
  int fd = openat (folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  struct stat info;
  int code = errno;

  if (fd < 0)
    return code == ELOOP || code == ENXIO ? false : set_file_error (error, path, code);
  code = fstat (fd, &info) < 0 ? errno : 0;
  if (code == 0 && S_ISREG (info.st_mode) && info.st_size > SIG_STATIC_MAX_BYTES)
    code = EFBIG;
  if (code != 0 || !S_ISREG (info.st_mode))
    {
      (void) close (fd);
      return code != 0 ? set_file_error (error, path, code) : false;
    }
  *ret_fd = fd;
  *ret_size = (size_t) info.st_size;
  return true;
}

/* Returns: (transfer full) (nullable): up to @size bytes. */
static uint8_t *
read_all (int fd, const char *path, size_t size, size_t *ret_len, GError **error)
{
  g_autofree uint8_t *data = g_malloc (size + 1);
  size_t len = 0;

  while (len < size)
    {
      ssize_t n = read (fd, data + len, size - len);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          (void) set_file_error (error, path, errno);
          return NULL;
        }
      if (n == 0)
        break;
      len += (size_t) n;
    }
  *ret_len = len;
  return g_steal_pointer (&data);
}

/* Puts a file, or a compressed form of one, under its path. */
static void
tree_add (SigStatic *tree, const char *path, const uint8_t *data, size_t len)
{
  g_autofree char *plain = g_strdup (path);
  SigCoding coding = SIG_CODING_IDENTITY;

  if (g_str_has_suffix (path, ".gz"))
    coding = SIG_CODING_GZIP;
  else if (g_str_has_suffix (path, ".br"))
    coding = SIG_CODING_BR;
  if (coding != SIG_CODING_IDENTITY)
    plain[strlen (plain) - strlen (".gz")] = '\0';
  body_fill (&tree_get_file (tree, plain)->bodies[coding], data, len);
}

static bool
load_file (SigStatic *tree, int folder, const char *name, const char *path, GError **error)
{
  g_autofree uint8_t *data = NULL;
  GError *failure = NULL;
  size_t size, len = 0;
  int fd;

  if (!open_regular (folder, name, path, &fd, &size, &failure))
    {
      if (failure == NULL)
        return true;
      g_propagate_error (error, failure);
      return false;
    }
  data = read_all (fd, path, size, &len, error);
  (void) close (fd);
  if (data == NULL)
    return false;
  tree->bytes += len;
  if (++tree->n_files > SIG_STATIC_MAX_FILES || tree->bytes > SIG_STATIC_MAX_BYTES)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "web_root holds more than %u files or %u MiB (at %s)",
                   SIG_STATIC_MAX_FILES, SIG_STATIC_MAX_BYTES >> 20, path);
      return false;
    }
  tree_add (tree, path, data, len);
  return true;
}

static bool load_folder (SigStatic *tree, int parent, const char *name, const char *path, unsigned depth, GError **error);

static bool
load_entry (SigStatic *tree, int folder, const char *name, const char *path, unsigned depth, GError **error)
{
  g_autofree char *child = g_strconcat (path, "/", name, NULL);
  struct stat info;

  if (name[0] == '.' && strcmp (name, ".well-known") != 0)
    return true;
  if (fstatat (folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR (info.st_mode))
    return load_folder (tree, folder, name, child, depth + 1, error);
  return load_file (tree, folder, name, child, error);
}

static bool
load_folder (SigStatic *tree, int parent, const char *name, const char *path, unsigned depth, GError **error)
{
  int fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (depth > 0 ? O_NOFOLLOW : 0));
  g_autofree char *self = NULL;
  g_autoptr (GDir) dir = NULL;
  const char *entry;
  bool ok = true;

  if (fd < 0 || depth > MAX_DEPTH)
    {
      (void) set_file_error (error, depth > 0 ? path : name, fd < 0 ? errno : ENAMETOOLONG);
      if (fd >= 0)
        (void) close (fd);
      return false;
    }
  self = g_strdup_printf ("/proc/self/fd/%d", fd);
  dir = g_dir_open (self, 0, error);
  ok = dir != NULL;
  while (ok && (entry = g_dir_read_name (dir)) != NULL)
    ok = load_entry (tree, fd, entry, path, depth, error);
  (void) close (fd);
  return ok;
}

/* Drops compressed files without a plain one (they are files of their own then), marks the others. */
static void
tree_finish (SigStatic *tree)
{
  g_autoptr (GList) paths = g_hash_table_get_keys (tree->files);

  for (GList *item = paths; item != NULL; item = item->next)
    {
      const char *path = item->data;
      SigStaticFile *file = g_hash_table_lookup (tree->files, path);
      bool plain = file->bodies[SIG_CODING_IDENTITY].chunks != NULL;

      for (unsigned coding = SIG_CODING_GZIP; coding < SIG_CODING_N; coding++)
        {
          if (file->bodies[coding].chunks == NULL)
            continue;
          file->has_codings = plain;
          if (!plain)
            {
              g_autofree char *full = g_strconcat (path, coding == SIG_CODING_GZIP ? ".gz" : ".br", NULL);
              SigStaticFile *own = tree_get_file (tree, full);

              own->bodies[SIG_CODING_IDENTITY] = file->bodies[coding];
              file->bodies[coding] = (SigStaticBody){ NULL };
            }
        }
      if (!plain)
        (void) g_hash_table_remove (tree->files, path);
    }
}

SigStatic *
sig_static_load (const char *root, GError **error)
{
  g_autoptr (SigStatic) tree = g_new0 (SigStatic, 1);

  atomic_init (&tree->refs, 1);
  tree->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, file_free);
  if (root[0] == '\0')
    return g_steal_pointer (&tree);
  if (!g_file_test (root, G_FILE_TEST_EXISTS))
    {
      body_fill (&tree_get_file (tree, "/index.html")->bodies[SIG_CODING_IDENTITY], (const uint8_t *) placeholder,
                 strlen (placeholder));
      return g_steal_pointer (&tree);
    }
  if (!load_folder (tree, AT_FDCWD, root, "", 0, error))
    return NULL;
  tree_finish (tree);
  return g_steal_pointer (&tree);
}

SigStatic *
sig_static_ref (SigStatic *tree)
{
  (void) atomic_fetch_add_explicit (&tree->refs, 1, memory_order_relaxed);
  return tree;
}

void
sig_static_unref (SigStatic *tree)
{
  if (tree == NULL || atomic_fetch_sub_explicit (&tree->refs, 1, memory_order_acq_rel) > 1)
    return;
  g_hash_table_unref (tree->files);
  g_free (tree);
}

static bool
decode_path (const char *path, size_t len, char *ret_text, size_t size)
{
  size_t n = 0;

  for (size_t i = 0; i < len; i++, n++)
    {
      char c = path[i];

      if (c == '%')
        {
          int high = i + 2 < len ? g_ascii_xdigit_value (path[i + 1]) : -1;
          int low = i + 2 < len ? g_ascii_xdigit_value (path[i + 2]) : -1;

          if (high < 0 || low < 0)
            return false;
          c = (char) (high << 4 | low);
          i += 2;
        }
      if (c == '\0' || n + 1 >= size)
        return false;
      ret_text[n] = c;
    }
  ret_text[n] = '\0';
  return true;
}

const SigStaticFile *
sig_static_find (const SigStatic *tree, const char *path, size_t len)
{
  static const char index_html[] = "index.html";
  char text[1024];

  if (len == 0 || path[0] != '/' || !decode_path (path, len, text, sizeof text - sizeof index_html))
    return NULL;
  if (g_str_has_suffix (text, "/"))
    (void) g_strlcat (text, index_html, sizeof text);
  return g_hash_table_lookup (tree->files, text);
}

unsigned
sig_static_count (const SigStatic *tree)
{
  return g_hash_table_size (tree->files);
}
