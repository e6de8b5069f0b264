/* SPDX-License-Identifier: Apache-2.0 */
#include "tls-fixture.h"

#include <glib/gstdio.h>
#include <openssl/err.h>
#include <unistd.h>

char *tls_dir, *tls_cert_path, *tls_key_path;
AlTls *tls;

void
client_open (Client *client, Server *server, int version)
{
  client->ctx = SSL_CTX_new (TLS_client_method ());
  (void) SSL_CTX_set_min_proto_version (client->ctx, version);
  (void) SSL_CTX_set_max_proto_version (client->ctx, version);
  (void) SSL_CTX_set_mode (client->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  client->ssl = SSL_new (client->ctx);
  client->fd = raw_connect (&server->address);
  (void) SSL_set_fd (client->ssl, client->fd);
  SSL_set_connect_state (client->ssl);
}

void
client_close (Client *client)
{
  SSL_free (client->ssl);
  SSL_CTX_free (client->ctx);
  (void) close (client->fd);
}

int
client_handshake (Client *client, Server *server)
{
  for (;;)
    {
      int n = SSL_do_handshake (client->ssl);
      int code = SSL_get_error (client->ssl, n);

      if (n == 1 || (code != SSL_ERROR_WANT_READ && code != SSL_ERROR_WANT_WRITE))
        {
          ERR_clear_error ();
          return n;
        }
      al_loop_iterate (server->loop, 1);
    }
}

void
client_write (Client *client, Server *server, const void *data, size_t len)
{
  while (len > 0)
    {
      int n = SSL_write (client->ssl, data, (int) len);

      if (n > 0)
        {
          data = (const uint8_t *) data + n;
          len -= (size_t) n;
        }
      else
        {
          g_assert_cmpint (SSL_get_error (client->ssl, n), ==, SSL_ERROR_WANT_WRITE);
          al_loop_iterate (server->loop, 1);
        }
    }
}

int
client_read (Client *client, Server *server, void *data, size_t len)
{
  size_t total = 0;

  while (total < len)
    {
      int n = SSL_read (client->ssl, (uint8_t *) data + total, (int) (len - total));
      int code = SSL_get_error (client->ssl, n);

      if (n > 0)
        total += (size_t) n;
      else if (code == SSL_ERROR_WANT_READ)
        al_loop_iterate (server->loop, 1);
      else
        {
          ERR_clear_error ();
          return code;
        }
    }
  return SSL_ERROR_NONE;
}

void
open_tls_server (Server *server, AlTlsMode mode)
{
  AlListenerConfig config = { .tls_mode = mode, .tls = tls };

  server_open (server, &config);
}

void
tls_set_up (void)
{
  static const char *const alpn[] = { "http/1.1", NULL };
  const char *const names[] = { "localhost", "127.0.0.1", NULL };
  g_autoptr (GError) error = NULL;

  tls_dir = g_dir_make_tmp ("aldis-tls-XXXXXX", &error);
  g_assert_no_error (error);
  tls_cert_path = g_build_filename (tls_dir, "cert.pem", NULL);
  tls_key_path = g_build_filename (tls_dir, "key.pem", NULL);
  g_assert_true (al_tls_make_self_signed (tls_cert_path, tls_key_path, names, 10, &error));
  tls = al_tls_new (tls_cert_path, tls_key_path, alpn, &error);
  g_assert_no_error (error);
}

void
tls_tear_down (void)
{
  static const char *const files[] = { "cert.pem",   "key.pem",   "r-cert.pem", "r-key.pem",
                                       "o-cert.pem", "o-key.pem", "s-cert.pem", "s-key.pem" };

  al_tls_unref (tls);
  for (unsigned i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename (tls_dir, files[i], NULL);

      (void) g_unlink (path);
    }
  g_assert_cmpint (g_rmdir (tls_dir), ==, 0);
  g_free (tls_dir);
  g_free (tls_cert_path);
  g_free (tls_key_path);
}
