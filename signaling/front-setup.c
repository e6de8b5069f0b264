/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/front-setup.h"

#include <errno.h>
#include <gio/gio.h>
#include <ifaddrs.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"

#define SELF_SIGNED_DAYS 3650
/* More threads than this only help when thousands of messages a second are framed; main has one core anyway. */
#define DEFAULT_THREADS 4

unsigned
sig_front_setup_threads (const AlConfig *config)
{
  int64_t n = al_config_get_int (config, "signaling", "front_threads");

  if (n == 0)
    n = al_config_get_int (config, "server", "workers");
  if (n == 0)
    n = g_get_num_processors ();
  if (al_config_get_int (config, "signaling", "front_threads") == 0)
    n = MIN (n, DEFAULT_THREADS);
  return (unsigned) CLAMP (n, 1, (int64_t) SIG_FRONT_MAX_THREADS);
}

/* By what others reach this machine: what the operator says, and what it calls itself, in a network with mDNS too. Nobody
 * outside can make these point elsewhere. Returns: (transfer full) */
static char **
make_names (const AlConfig *config)
{
  const char *own = g_get_host_name ();
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  g_ptr_array_add (names, g_strdup (al_config_get_string (config, "server", "public_address")));
  g_ptr_array_add (names, g_strdup (own));
  if (strchr (own, '.') == NULL)
    g_ptr_array_add (names, g_strconcat (own, ".local", NULL));
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

bool
sig_front_setup_shared (SigFrontShared *shared, const AlConfig *config, AlMetrics *metrics, GError **error)
{
  const char *const *nets = al_config_get_list (config, "signaling", "trusted_proxies");
  unsigned n = g_strv_length ((char **) nets);

  shared->trusted = g_new0 (AlNet, n + 1);
  for (; shared->n_trusted < n; shared->n_trusted++)
    if (!al_net_parse (nets[shared->n_trusted], &shared->trusted[shared->n_trusted], error))
      return false;
  shared->allowed_origins = g_strdupv ((char **) al_config_get_list (config, "signaling", "allowed_origins"));
  shared->names = make_names (config);
  shared->origins.allowed = (const char *const *) shared->allowed_origins;
  shared->origins.names = (const char *const *) shared->names;
  shared->max_connections = (unsigned) al_config_get_int (config, "signaling", "max_connections");
  shared->crowd = sig_crowd_new (shared->max_connections,
                                 (unsigned) al_config_get_int (config, "signaling", "max_connections_per_address"));
  shared->surplus_crowd = sig_crowd_new (SIG_FRONT_SURPLUS, SIG_FRONT_SURPLUS_ADDRESS);
  shared->strangers =
      sig_rate_crowd_new ((unsigned) al_config_get_int (config, "signaling", "stranger_rate_address"));
  shared->hsts = *al_config_get_string (config, "signaling", "tls_certificate") != '\0';
  shared->registry = metrics;
  sig_front_metrics_init (&shared->metrics, metrics);
  return true;
}

void
sig_front_setup_clear (SigFrontShared *shared)
{
  g_free (shared->trusted);
  g_strfreev (shared->allowed_origins);
  g_strfreev (shared->names);
  sig_crowd_free (shared->crowd);
  sig_crowd_free (shared->surplus_crowd);
  sig_rate_crowd_free (shared->strangers);
}

/* An address of this machine that others can reach, for people who read the log. Returns: (nullable) */
static char *
find_own_address (void)
{
  struct ifaddrs *list = NULL;
  char *found = NULL;

  if (getifaddrs (&list) < 0)
    return NULL;
  for (struct ifaddrs *item = list; item != NULL && found == NULL; item = item->ifa_next)
    if (item->ifa_addr != NULL && item->ifa_addr->sa_family == AF_INET)
      {
        char text[AL_ADDR_STRLEN];
        AlAddr addr;

        memset (&addr, 0, sizeof addr);
        memcpy (&addr.in4, item->ifa_addr, sizeof addr.in4);
        if (!al_addr_is_loopback (&addr))
          found = g_strdup (al_addr_format (&addr, false, text));
      }
  freeifaddrs (list);
  return found;
}

static AlTls *
load_self_signed (const AlConfig *config, const char *const *alpn, GError **error)
{
  const char *data_dir = al_config_get_string (config, "server", "data_dir");
  const char *public_address = al_config_get_string (config, "server", "public_address");
  g_autofree char *folder = g_build_filename (data_dir, "tls", NULL);
  g_autofree char *certificate = g_build_filename (folder, "cert.pem", NULL);
  g_autofree char *key = g_build_filename (folder, "key.pem", NULL);
  g_autofree char *own = find_own_address ();
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  if (g_mkdir_with_parents (folder, 0700) < 0)
    {
      int saved = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), "%s: %s", folder, g_strerror (saved));
      return NULL;
    }
  if (*public_address != '\0')
    g_ptr_array_add (names, (gpointer) public_address);
  g_ptr_array_add (names, (gpointer) "localhost");
  g_ptr_array_add (names, (gpointer) "127.0.0.1");
  g_ptr_array_add (names, (gpointer) "::1");
  if (own != NULL)
    g_ptr_array_add (names, own);
  g_ptr_array_add (names, NULL);
  if (!g_file_test (certificate, G_FILE_TEST_EXISTS) || !g_file_test (key, G_FILE_TEST_EXISTS))
    {
      if (!al_tls_make_self_signed (certificate, key, (const char *const *) names->pdata, SELF_SIGNED_DAYS, error))
        return NULL;
      al_info ("made a self-signed certificate", "file", certificate);
    }
  return al_tls_new (certificate, key, alpn, error);
}

AlTls *
sig_front_setup_tls (const AlConfig *config, GError **error)
{
  static const char *const alpn[] = { "http/1.1", NULL };
  const char *certificate = al_config_get_string (config, "signaling", "tls_certificate");
  const char *key = al_config_get_string (config, "signaling", "tls_key");

  if ((*certificate == '\0') != (*key == '\0'))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "[signaling] tls_certificate and tls_key: one is set and the other is not");
      return NULL;
    }
  return *certificate != '\0' ? al_tls_new (certificate, key, alpn, error) : load_self_signed (config, alpn, error);
}

/* All threads on one address; the first decides the port when it is 0. */
static bool
listen_all (GPtrArray *threads, unsigned n, SigFrontListen kind, AlAddr *address, AlTls *tls, GError **error)
{
  for (unsigned i = 0; i < n; i++)
    if (!sig_front_thread_listen (g_ptr_array_index (threads, i), kind, address, tls, error))
      return false;
  return true;
}

/* "*:PORT" is both families; a machine without IPv6 is content with one. */
static bool
listen_text (const char *text, GPtrArray *threads, unsigned n, SigFrontListen kind, AlTls *tls, GArray *ret_addresses,
             GError **error)
{
  g_autoptr (GError) ignored = NULL;
  AlAddr address, v6;

  if (!al_addr_parse (text, kind == SIG_FRONT_HTTPS ? 443 : 80, &address, error)
      || !listen_all (threads, n, kind, &address, tls, error))
    {
      g_prefix_error (error, "cannot listen on %s: ", text);
      return false;
    }
  g_array_append_val (ret_addresses, address);
  if (text[0] != '*' || !al_addr_parse ("::", al_addr_get_port (&address), &v6, NULL))
    return true;
  if (!listen_all (threads, n, kind, &v6, tls, &ignored))
    al_info ("no IPv6", "address", text, "error", ignored->message);
  return true;
}

static bool
listen_list (const AlConfig *config, const char *key, GPtrArray *threads, SigFrontListen kind, AlTls *tls,
             GArray *ret_addresses, GError **error)
{
  const char *const *list = al_config_get_list (config, "signaling", key);

  for (; *list != NULL; list++)
    if (!listen_text (*list, threads, threads->len, kind, tls, ret_addresses, error))
      return false;
  return true;
}

bool
sig_front_setup_listen (const AlConfig *config, GPtrArray *threads, AlTls *tls, GArray *ret_addresses[], GError **error)
{
  const char *metrics = al_config_get_string (config, "server", "metrics_listen");
  g_autofree char *admin =
      g_build_filename (al_config_get_string (config, "server", "data_dir"), "admin.sock", NULL);

  return listen_list (config, "listen", threads, SIG_FRONT_HTTP, NULL, ret_addresses[SIG_FRONT_HTTP], error)
         && listen_list (config, "tls_listen", threads, SIG_FRONT_HTTPS, tls, ret_addresses[SIG_FRONT_HTTPS], error)
         && (*metrics == '\0'
             || listen_text (metrics, threads, 1, SIG_FRONT_METRICS, NULL, ret_addresses[SIG_FRONT_METRICS], error))
         && sig_front_thread_listen_unix (g_ptr_array_index (threads, 0), admin, error);
}

static bool
is_any (const AlAddr *address)
{
  return address->sa.sa_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED (&address->in6.sin6_addr)
                                           : address->in4.sin_addr.s_addr == INADDR_ANY;
}

static char *
make_url (const AlConfig *config, const AlAddr *address, bool tls)
{
  const char *public_address = al_config_get_string (config, "server", "public_address");
  unsigned port = al_addr_get_port (address);
  g_autofree char *own = NULL;
  g_autofree char *suffix = port == (tls ? 443u : 80u) ? g_strdup ("") : g_strdup_printf (":%u", port);
  char host[AL_ADDR_STRLEN + 2];

  if (is_any (address))
    {
      own = *public_address != '\0' ? g_strdup (public_address) : tls ? find_own_address () : NULL;
      g_strlcpy (host, own != NULL ? own : "localhost", sizeof host);
    }
  else
    {
      char text[AL_ADDR_STRLEN];

      g_snprintf (host, sizeof host, address->sa.sa_family == AF_INET6 ? "[%s]" : "%s",
                  al_addr_format (address, false, text));
    }
  return g_strdup_printf ("%s://%s%s/", tls ? "https" : "http", host, suffix);
}

char **
sig_front_setup_urls (const AlConfig *config, GArray *const addresses[])
{
  g_autoptr (GPtrArray) urls = g_ptr_array_new ();

  for (SigFrontListen kind = SIG_FRONT_HTTP; kind <= SIG_FRONT_HTTPS; kind++)
    for (unsigned i = 0; i < addresses[kind]->len; i++)
      g_ptr_array_add (urls, make_url (config, &g_array_index (addresses[kind], AlAddr, i), kind == SIG_FRONT_HTTPS));
  g_ptr_array_add (urls, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&urls), FALSE);
}
