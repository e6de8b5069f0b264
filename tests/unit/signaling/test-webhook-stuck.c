/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receiver whose name is looked up for ever: nothing on the main thread waits for it. getaddrinfo() here stands before
 * the C library's, also for libcurl.
 */
#include <dlfcn.h>
#include <glib/gstdio.h>
#include <netdb.h>
#include <pthread.h>
#include <string.h>

#include "signaling/server.h"
#include "signaling/webhook.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define HOST "stuck.test"

static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  /* protected by lock */
  unsigned asked;
  bool held;
} resolver = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, true };

int
getaddrinfo (const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
  int (*real) (const char *, const char *, const struct addrinfo *, struct addrinfo **);

  if (node != NULL && strcmp (node, HOST) == 0)
    {
      pthread_mutex_lock (&resolver.lock);
      resolver.asked++;
      pthread_cond_broadcast (&resolver.changed);
      while (resolver.held)
        pthread_cond_wait (&resolver.changed, &resolver.lock);
      pthread_mutex_unlock (&resolver.lock);
      return EAI_NONAME;
    }
  *(void **) &real = dlsym (RTLD_NEXT, "getaddrinfo");
  return real (node, service, hints, ret);
}

static void
hold (void)
{
  pthread_mutex_lock (&resolver.lock);
  resolver.held = true;
  resolver.asked = 0;
  pthread_mutex_unlock (&resolver.lock);
}

static void
wait_until_asked (unsigned n)
{
  pthread_mutex_lock (&resolver.lock);
  while (resolver.asked < n)
    pthread_cond_wait (&resolver.changed, &resolver.lock);
  pthread_mutex_unlock (&resolver.lock);
}

static void
release (void)
{
  pthread_mutex_lock (&resolver.lock);
  resolver.held = false;
  pthread_cond_broadcast (&resolver.changed);
  pthread_mutex_unlock (&resolver.lock);
}

/* Each of these would wait for the name server, and this program for its watchdog, if it were the caller who cleaned up. */
static void
test_stop (void)
{
  SigWebhookConfig config;
  AlMetrics *metrics = al_metrics_new ();
  SigWebhook *webhook;

  sig_webhook_config_init (&config);
  config.url = "http://" HOST "/hook";
  config.secret = SECRET;
  config.metrics = metrics;
  hold ();
  webhook = sig_webhook_new (&config, NULL);
  sig_webhook_post (webhook, "x", json_object_new ());
  wait_until_asked (1);
  sig_webhook_stop (webhook, 0);
  g_assert_false (sig_webhook_has_ended (webhook));
  release ();
  while (!sig_webhook_has_ended (webhook))
    g_usleep (1000);
  sig_webhook_free (webhook, 0);
  al_metrics_free (metrics);
}

static AlConfig *
make_config (const char *dir, const char *path)
{
  g_autofree char *text = g_strdup_printf ("[server]\ndata_dir = %s\nmetrics_listen =\n[signaling]\n"
                                           "listen = 127.0.0.1:0\ntls_listen =\nweb_root =\nfront_threads = 1\n"
                                           "webhook_url = http://" HOST "/%s\nwebhook_secret = " SECRET "\n", dir, path);
  g_autoptr (GError) error = NULL;
  AlConfig *config = al_config_parse (text, strlen (text), "test", al_config_keys (), &error);

  g_assert_no_error (error);
  return config;
}

/* Reloads come and go while every receiver hangs, and are taken over. */
static void
test_reload (void)
{
  g_autofree char *dir = g_dir_make_tmp ("aldis-stuck-XXXXXX", NULL);
  g_autoptr (GMainContext) context = g_main_context_new ();
  AlMetrics *metrics = al_metrics_new ();
  g_autoptr (AlConfig) config = make_config (dir, "0");
  g_autoptr (GError) error = NULL;
  SigServer *server;
  g_autoptr (GDir) entries = NULL;
  const char *name;

  hold ();
  server = sig_server_new (context, config, metrics, NULL, NULL, &error);
  g_assert_no_error (error);
  for (unsigned i = 1; i <= 4; i++)
    {
      g_autofree char *path = g_strdup_printf ("%u", i);
      g_autoptr (AlConfig) next = make_config (dir, path);

      sig_server_post_event (server, "call.ended", json_object_new ());
      wait_until_asked (i); /* the receiver before holds the event */
      g_assert_true (sig_server_reload (server, next, &error));
      g_assert_no_error (error);
    }
  release ();
  sig_server_free (server);
  al_metrics_free (metrics);
  entries = g_dir_open (dir, 0, NULL);
  while ((name = g_dir_read_name (entries)) != NULL)
    {
      g_autofree char *path = g_build_filename (dir, name, NULL);

      (void) g_unlink (path);
    }
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/webhook-stuck/stop", test_stop);
  g_test_add_func ("/signaling/webhook-stuck/reload", test_reload);
  return g_test_run ();
}
