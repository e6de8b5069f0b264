/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aldisd: the server program. Reads the configuration, owns the data folder, runs the main thread's loop and turns
 * signals into drain (SIGTERM, SIGINT) and reload (SIGHUP). Everything else is in the folders below.
 */
#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "base/config.h"
#include "base/log.h"
#include "base/metrics.h"
#include "server/data-dir.h"
#include "server/heap.h"
#include "server/relay-plane.h"
#include "server/sfu-plane.h"
#include "server/workers.h"
#include "signaling/server.h"

/* what a drain may take before the process leaves anyway */
#define DRAIN_S 10

typedef struct {
  const char *config_path;
  GMainContext *context;
  GMainLoop *loop;
  SigServer *server;
  Workers *workers;
  RelayDesk *desk;
  RelayPlane *relay;
  SfuPlane *sfu;
  HeapTrim trim;
  bool draining;
} Aldisd;

static AlLogLevel
config_log_level (const AlConfig *config)
{
  AlLogLevel level = AL_LOG_INFO;

  (void) al_log_level_parse (al_config_get_string (config, "server", "log_level"), &level);
  return level;
}

static void
attach_source (Aldisd *self, GSource *source, GSourceFunc fn)
{
  g_source_set_callback (source, fn, self, NULL);
  g_source_attach (source, self->context);
  g_source_unref (source);
}

static gboolean
on_drain_timeout (gpointer user)
{
  Aldisd *self = user;

  al_warning ("drain took too long, leaving");
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static void
on_drained (gpointer user)
{
  Aldisd *self = user;

  g_main_loop_quit (self->loop);
}

static gboolean
on_terminate (gpointer user)
{
  Aldisd *self = user;

  if (self->draining)
    {
      al_warning ("second signal, leaving at once");
      g_main_loop_quit (self->loop);
      return G_SOURCE_CONTINUE;
    }
  self->draining = true;
  (void) sd_notify (0, "STOPPING=1\nSTATUS=draining");
  al_info ("draining");
  attach_source (self, g_timeout_source_new_seconds (DRAIN_S), on_drain_timeout);
  sig_server_drain (self->server, on_drained, self);
  return G_SOURCE_CONTINUE;
}

/* SIGHUP: what may change while it runs (docs/operations.md lists it); other keys need a restart */
static gboolean
on_reload (gpointer user)
{
  Aldisd *self = user;
  g_autoptr (GError) error = NULL;
  g_autoptr (AlConfig) config = NULL;

  (void) sd_notifyf (0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());
  config = al_config_load (self->config_path, al_config_keys (), &error);
  if (config == NULL || !relay_plane_check (self->relay, config, &error)
      || !sig_server_reload (self->server, config, &error) || !relay_plane_reload (self->relay, config, &error))
    al_error ("reload failed, the old settings stay", "error", error->message);
  else
    {
      al_info ("reloaded");
      al_log_set_level (config_log_level (config));
    }
  (void) sd_notify (0, "READY=1");
  return G_SOURCE_CONTINUE;
}

static gboolean
on_trim (gpointer user)
{
  (void) heap_trim (&((Aldisd *) user)->trim);
  return G_SOURCE_CONTINUE;
}

/* Every connection is a descriptor; the soft limit of a shell (1,024) would be reached by a small crowd. */
static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max)
    {
      limit.rlim_cur = limit.rlim_max;
      (void) setrlimit (RLIMIT_NOFILE, &limit);
    }
}

static void
announce (Aldisd *self)
{
  g_auto (GStrv) urls = sig_server_get_urls (self->server);
  g_autofree char *joined = g_strjoinv (" ", urls);

  al_info ("ready", "version", ALDIS_VERSION, "open", joined);
  (void) sd_notifyf (0, "READY=1\nSTATUS=%s", joined);
  for (guint i = 0; urls[i] != NULL; i++)
    (void) printf ("%s %s\n", i == 0 ? "Aldis is ready. Open" : "                or", urls[i]);
  (void) fflush (stdout);
}

/* a call has ended: what it was given for the relay serves no more */
static void
on_revoke (const char *id, int64_t until_s, gpointer user)
{
  relay_mesh_revoke (relay_plane_get_mesh (((Aldisd *) user)->relay), id, until_s);
}

static void
on_list (SigTurnListFn fn, gpointer data, gpointer user)
{
  Aldisd *self = user;

  relay_desk_list (self->desk, relay_plane_get_mesh (self->relay), fn, data);
}

static void
on_allocation_ended (JsonObject *payload, gpointer user)
{
  sig_server_post_event (((Aldisd *) user)->server, "relay.ended", payload);
}

static bool
serve (Aldisd *self, const AlConfig *config, GError **error)
{
  AlMetrics *metrics = al_metrics_new ();
  bool ok = false;

  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  g_main_context_push_thread_default (self->context);
  self->workers = workers_new (config, metrics, error);
  if (self->workers != NULL)
    self->desk = relay_desk_new (self->context, error);
  if (self->desk != NULL)
    self->relay = relay_plane_new (config, self->workers, self->desk, metrics, error);
  if (self->relay != NULL)
    self->sfu = sfu_plane_new (self->context, config, self->workers, self->relay, metrics, error);
  if (self->sfu != NULL)
    {
      const SigTurnHost host = { relay_plane_get_secret (self->relay), on_revoke, on_list, self };

      self->server = sig_server_new (self->context, config, metrics, workers_get_n (self->workers) > 0 ? &host : NULL,
                                     sfu_plane_get_control (self->sfu), error);
    }
  if (self->server != NULL && workers_start (self->workers, error))
    {
      sig_server_set_workers (self->server, workers_get_n (self->workers));
      relay_desk_set_end_fn (self->desk, on_allocation_ended, self);
      attach_source (self, g_unix_signal_source_new (SIGTERM), on_terminate);
      attach_source (self, g_unix_signal_source_new (SIGINT), on_terminate);
      attach_source (self, g_unix_signal_source_new (SIGHUP), on_reload);
      attach_source (self, g_timeout_source_new_seconds (HEAP_TRIM_S), on_trim);
      announce (self);
      g_main_loop_run (self->loop);
      ok = true;
    }
  if (self->desk != NULL)
    relay_desk_set_end_fn (self->desk, NULL, NULL);
  sig_server_free (self->server);
  workers_stop (self->workers);
  sfu_plane_free (self->sfu);
  relay_plane_free (self->relay);
  relay_desk_free (self->desk);
  workers_free (self->workers);
  if (ok)
    al_info ("stopped");
  g_main_context_pop_thread_default (self->context);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  al_metrics_free (metrics);
  return ok;
}

int
main (int argc, char **argv)
{
  g_autofree char *config_path = NULL;
  gboolean check_only = FALSE, show_version = FALSE;
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &config_path, "Configuration file (default: built-in values)", "FILE" },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &check_only, "Read the configuration, report mistakes, leave", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &show_version, "Print the version", NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) options = g_option_context_new ("- calls, relay, streams and messages in one server");
  g_autoptr (GError) error = NULL;
  g_autoptr (AlConfig) config = NULL;
  g_autoptr (DataDir) data_dir = NULL;
  Aldisd self = { 0 };

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error) || argc > 1)
    {
      (void) fprintf (stderr, "aldisd: %s\n", error != NULL ? error->message : "unexpected argument");
      return 2;
    }
  if (show_version)
    {
      (void) printf ("aldisd %s\n", ALDIS_VERSION);
      return 0;
    }
  config = al_config_load (config_path, al_config_keys (), &error);
  if (config == NULL)
    {
      (void) fprintf (stderr, "aldisd: %s\n", error->message);
      return 1;
    }
  if (check_only)
    {
      (void) printf ("%s: no mistakes found\n", config_path != NULL ? config_path : "built-in configuration");
      return 0;
    }

  heap_init ();
  al_log_init (config_log_level (config));
  /* a peer that closes must be an error of that write, not the end of the process */
  (void) signal (SIGPIPE, SIG_IGN);
  (void) umask (0077);
  raise_descriptor_limit ();
  self.config_path = config_path;
  data_dir = data_dir_open (al_config_get_string (config, "server", "data_dir"), &error);
  if (data_dir == NULL || !serve (&self, config, &error))
    {
      (void) fprintf (stderr, "aldisd: %s\n", error->message);
      return 1;
    }
  return 0;
}
