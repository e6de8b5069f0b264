/* SPDX-License-Identifier: Apache-2.0 */
/* al_stream_connect_tls() against a listener of base. */
#include <glib/gstdio.h>
#include <string.h>

#include "base/tls.h"
#include "stream-fixture.h"

static char *dir, *cert_path, *key_path;
static AlTls *tls;

static Side *
connect_tls (Server *server, const char *trust, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AlTls) client = al_tls_new_client (trust, &error);
  Side *side = side_new (server->loop);

  g_assert_no_error (error);
  side->stream = al_stream_connect_tls (server->loop, &server->address, client, name, &side_ops, side, &error);
  g_assert_no_error (error);
  g_assert_nonnull (side->stream);
  return side;
}

static void
open_server (Server *server)
{
  const AlListenerConfig config = { .tls_mode = AL_TLS_ALWAYS, .tls = tls };

  server_open (server, &config);
}

static void
check_echo (const char *trust, const char *name)
{
  Server server;
  Side *client, *accepted;

  open_server (&server);
  client = connect_tls (&server, trust, name);
  g_assert_true (al_stream_is_tls (client->stream));
  /* sent before there is a connection: it waits */
  g_assert_cmpint (al_stream_send (client->stream, "PING / HTTP/1.1\r\n\r\n", 19), ==, AL_SEND_OK);
  accepted = server_get (&server, 0);
  RUN_UNTIL (server.loop, accepted->got->len == 19);
  g_assert_cmpmem (accepted->got->data, 19, "PING / HTTP/1.1\r\n\r\n", 19);
  (void) al_stream_send (accepted->stream, "pong", 4);
  RUN_UNTIL (server.loop, client->got->len == 4);
  al_stream_close (client->stream);
  RUN_UNTIL (server.loop, client->closed && accepted->closed);
  g_assert_cmpint (client->reason, ==, AL_STREAM_CLOSE_LOCAL);
  side_free (client);
  server_close (&server);
}

static void
test_any (void)
{
  check_echo (NULL, NULL);
}

static void
test_trusted (void)
{
  check_echo (cert_path, "localhost");
}

static void
check_refused (const char *trust, const char *name)
{
  Server server;
  Side *client;

  open_server (&server);
  client = connect_tls (&server, trust, name);
  RUN_UNTIL (server.loop, client->closed);
  g_assert_cmpint (client->reason, ==, AL_STREAM_CLOSE_TLS);
  side_free (client);
  server_close (&server);
}

static void
test_untrusted (void)
{
  check_refused ("", "localhost");
}

static void
test_other_name (void)
{
  check_refused (cert_path, "example.org");
}

static void
test_bad_trust (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (al_tls_new_client ("/nonexistent", &error));
  g_assert_nonnull (strstr (error->message, "/nonexistent"));
}

/* closed before the handshake is through: what was queued still goes */
static void
test_close_early (void)
{
  Server server;
  Side *client, *accepted;

  open_server (&server);
  client = connect_tls (&server, NULL, NULL);
  (void) al_stream_send (client->stream, "GET / HTTP/1.1\r\n\r\n", 18);
  al_stream_close (client->stream);
  g_assert_cmpint (al_stream_send (client->stream, "x", 1), ==, AL_SEND_GONE);
  accepted = server_get (&server, 0);
  RUN_UNTIL (server.loop, client->closed && accepted->closed);
  g_assert_cmpuint (accepted->got->len, ==, 18);
  side_free (client);
  server_close (&server);
}

int
main (int argc, char **argv)
{
  static const char *const names[] = { "localhost", NULL };
  g_autoptr (GError) error = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  dir = g_dir_make_tmp ("aldis-tls-XXXXXX", &error);
  g_assert_no_error (error);
  cert_path = g_build_filename (dir, "cert.pem", NULL);
  key_path = g_build_filename (dir, "key.pem", NULL);
  g_assert_true (al_tls_make_self_signed (cert_path, key_path, names, 10, &error));
  tls = al_tls_new (cert_path, key_path, NULL, &error);
  g_assert_no_error (error);
  g_test_add_func ("/base/stream-tls-client/any", test_any);
  g_test_add_func ("/base/stream-tls-client/trusted", test_trusted);
  g_test_add_func ("/base/stream-tls-client/untrusted", test_untrusted);
  g_test_add_func ("/base/stream-tls-client/other-name", test_other_name);
  g_test_add_func ("/base/stream-tls-client/bad-trust", test_bad_trust);
  g_test_add_func ("/base/stream-tls-client/close-early", test_close_early);
  result = g_test_run ();
  al_tls_unref (tls);
  (void) g_unlink (cert_path);
  (void) g_unlink (key_path);
  (void) g_rmdir (dir);
  g_free (dir);
  g_free (cert_path);
  g_free (key_path);
  return result;
}
