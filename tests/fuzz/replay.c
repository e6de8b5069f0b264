/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over the files of its corpus folders (arguments) where libFuzzer is not linked. */
#include <glib.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
replay_folder (gconstpointer path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (path, 0, &error);
  const char *name;
  unsigned n = 0;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);
      g_autofree char *data = NULL;
      gsize len;

      if (!g_file_get_contents (file, &data, &len, &error))
        g_error ("%s: %s", file, error->message);
      /* an exact allocation, so that AddressSanitizer sees a read past the end */
      g_autofree uint8_t *exact = g_memdup2 (data, len);
      (void) LLVMFuzzerTestOneInput (exact, len);
      n++;
    }
  g_test_message ("%u inputs", n);
  g_assert_cmpuint (n, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (int i = 1; i < argc; i++)
    {
      g_autofree char *base = g_path_get_basename (argv[i]);
      g_autofree char *name = g_strdup_printf ("/fuzz/%s", base);

      g_test_add_data_func (name, argv[i], replay_folder);
    }
  return g_test_run ();
}
