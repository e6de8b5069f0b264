/* SPDX-License-Identifier: Apache-2.0 */
/* The composition: what stops a start, and that a start, a drain and an end leave nothing behind. */
#include <glib/gstdio.h>
#include <string.h>

#include "signaling/server.h"

#define QUIET "listen = 127.0.0.1:0\ntls_listen =\nweb_root =\nfront_threads = 1\n"

typedef struct {
  char *dir;
  GMainContext *context;
  AlMetrics *metrics;
  AlConfig *config;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->dir = g_dir_make_tmp ("aldis-server-XXXXXX", NULL);
  f->context = g_main_context_new ();
  f->metrics = al_metrics_new ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (f->dir, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (f->dir, name, NULL);

      (void) g_unlink (path);
    }
  g_assert_cmpint (g_rmdir (f->dir), ==, 0);
  g_free (f->dir);
  al_config_free (f->config);
  al_metrics_free (f->metrics);
  g_main_context_unref (f->context);
}

static SigServer *
start (Fixture *f, const char *signaling, GError **error)
{
  g_autofree char *text = g_strdup_printf ("[server]\ndata_dir = %s\nmetrics_listen =\n[signaling]\n" QUIET "%s\n", f->dir,
                                           signaling);

  g_clear_pointer (&f->config, al_config_free);
  f->config = al_config_parse (text, strlen (text), "test", al_config_keys (), error);
  g_assert_nonnull (f->config);
  return sig_server_new (f->context, f->config, f->metrics, NULL, NULL, error);
}

static void
on_drained (gpointer user)
{
  (*(unsigned *) user)++;
}

static void
test_life (Fixture *f, gconstpointer data)
{
  for (unsigned i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SigServer) server = start (f, "", &error);
      g_auto (GStrv) urls = NULL;
      unsigned n = 0;

      g_assert_no_error (error);
      urls = sig_server_get_urls (server);
      g_assert_true (g_str_has_prefix (urls[0], "http://127.0.0.1:"));
      sig_server_drain (server, on_drained, &n);
      while (n == 0)
        g_main_context_iteration (f->context, TRUE);
      g_assert_cmpuint (n, ==, 1);
    }
}

static void
test_refused (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *signaling, *says;
  } rows[] = {
    { "webhook_url = http://127.0.0.1:1/", "webhook_secret" },
    { "webhook_url = ftp://127.0.0.1/\nwebhook_secret = 0123456789abcdef0123456789abcdef", "webhook_url" },
    { "jwt_public_key = /no/such/key.pem", "jwt_public_key" },
    { "api_keys = 0123456789abcdef0123456789abcdef-without-a-name", "" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SigServer) server = start (f, rows[i].signaling, &error);

      g_test_message ("%s", rows[i].signaling);
      g_assert_null (server);
      g_assert_nonnull (error);
      g_assert_nonnull (strstr (error->message, rows[i].says));
    }
}

/* a reload takes all of it or nothing */
static void
test_reload (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *signaling;
    bool ok;
  } rows[] = {
    { "api_keys = shop:0123456789abcdef0123456789abcdef", true },
    { "webhook_url = http://127.0.0.1:1/\nwebhook_secret = 0123456789abcdef0123456789abcdef", true },
    { "webhook_url = http://127.0.0.1:1/\nwebhook_secret = 0123456789abcdef0123456789abcdef", true },
    { "webhook_url = http://127.0.0.1:1/", false },
    { "webhook_url = http://127.0.0.1:2/\nwebhook_secret = 0123456789abcdef0123456789abcdef", true },
    { "api_keys = 0123456789abcdef0123456789abcdef-without-a-name", false },
    { "", true },
  };
  g_autoptr (GError) start_error = NULL;
  g_autoptr (SigServer) server = start (f, "", &start_error);

  g_assert_no_error (start_error);
  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = g_strdup_printf ("[signaling]\n%s\n", rows[i].signaling);
      g_autoptr (GError) error = NULL;
      g_autoptr (AlConfig) config = al_config_parse (text, strlen (text), "test", al_config_keys (), &error);

      g_assert_no_error (error);
      g_assert_true (sig_server_reload (server, config, &error) == rows[i].ok);
      g_assert_true ((error == NULL) == rows[i].ok);
    }
}

#define ADD(name, fn) g_test_add ("/signaling/server/" name, Fixture, NULL, set_up, fn, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("life", test_life);
  ADD ("refused", test_refused);
  ADD ("reload", test_reload);
  return g_test_run ();
}
