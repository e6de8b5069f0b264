/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <glib/gstdio.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tls-fixture.h"

static char *
peer_serial (Client *client)
{
  X509 *certificate = SSL_get1_peer_certificate (client->ssl);
  BIGNUM *number = ASN1_INTEGER_to_BN (X509_get0_serialNumber (certificate), NULL);
  char *hex = BN_bn2hex (number);
  char *copy = g_strdup (hex);

  OPENSSL_free (hex);
  BN_free (number);
  X509_free (certificate);
  return copy;
}

static void
test_reload (void)
{
  const char *const names[] = { "localhost", NULL };
  g_autofree char *cert = g_build_filename (tls_dir, "r-cert.pem", NULL);
  g_autofree char *key = g_build_filename (tls_dir, "r-key.pem", NULL);
  g_autofree char *first = NULL, *second = NULL, *third = NULL;
  g_autoptr (GError) error = NULL;
  AlListenerConfig config = { .tls_mode = AL_TLS_ALWAYS };
  Server server;
  Client old, fresh;
  char bytes[8];

  g_assert_true (al_tls_make_self_signed (cert, key, names, 10, &error));
  config.tls = al_tls_new (cert, key, NULL, &error);
  g_assert_no_error (error);
  server_open (&server, &config);
  server.on_accept = set_echo;
  client_open (&old, &server, TLS1_3_VERSION);
  g_assert_cmpint (client_handshake (&old, &server), ==, 1);
  client_write (&old, &server, "GET ", 4);
  (void) server_get (&server, 0);
  first = peer_serial (&old);

  /* files that do not work leave the old certificate in use */
  g_assert_true (g_file_set_contents (cert, "nonsense", -1, NULL));
  g_assert_false (al_tls_reload (config.tls, &error));
  g_assert_nonnull (strstr (error->message, cert));
  g_clear_error (&error);
  client_open (&fresh, &server, TLS1_3_VERSION);
  g_assert_cmpint (client_handshake (&fresh, &server), ==, 1);
  second = peer_serial (&fresh);
  g_assert_cmpstr (second, ==, first);
  client_close (&fresh);

  g_assert_cmpint (g_unlink (cert), ==, 0);
  g_assert_cmpint (g_unlink (key), ==, 0);
  g_assert_true (al_tls_make_self_signed (cert, key, names, 10, &error));
  g_assert_true (al_tls_reload (config.tls, &error));
  client_open (&fresh, &server, TLS1_3_VERSION);
  g_assert_cmpint (client_handshake (&fresh, &server), ==, 1);
  third = peer_serial (&fresh);
  g_assert_cmpstr (third, !=, first);
  client_close (&fresh);

  /* the connection of before goes on */
  client_write (&old, &server, "more", 4);
  g_assert_cmpint (client_read (&old, &server, bytes, 8), ==, SSL_ERROR_NONE);
  g_assert_cmpmem (bytes, 8, "GET more", 8);
  client_close (&old);
  server_close (&server);
  al_tls_unref (config.tls);
}

static void
test_bad_files (void)
{
  const char *const names[] = { "localhost", NULL };
  g_autofree char *other_cert = g_build_filename (tls_dir, "o-cert.pem", NULL);
  g_autofree char *other_key = g_build_filename (tls_dir, "o-key.pem", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (al_tls_new ("/nonexistent.pem", tls_key_path, NULL, &error));
  g_assert_nonnull (strstr (error->message, "/nonexistent.pem: "));
  g_assert_nonnull (strstr (error->message, "No such file"));
  g_clear_error (&error);
  g_assert_null (al_tls_new (tls_cert_path, tls_cert_path, NULL, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_true (al_tls_make_self_signed (other_cert, other_key, names, 10, NULL));
  g_assert_null (al_tls_new (tls_cert_path, other_key, NULL, &error));
  g_assert_nonnull (error);
}

static void
test_self_signed (void)
{
  const char *const names[] = { "aldis.example", "192.0.2.7", "2001:db8::7", NULL };
  g_autofree char *cert = g_build_filename (tls_dir, "s-cert.pem", NULL);
  g_autofree char *key = g_build_filename (tls_dir, "s-key.pem", NULL);
  g_autofree char *before = NULL, *after = NULL;
  g_autoptr (GError) error = NULL;
  struct stat info;
  FILE *file;
  X509 *x509;

  g_assert_true (al_tls_make_self_signed (cert, key, names, 30, &error));
  g_assert_cmpint (stat (key, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 07777, ==, 0600);
  file = fopen (cert, "re");
  x509 = PEM_read_X509 (file, NULL, NULL, NULL);
  (void) fclose (file);
  g_assert_nonnull (x509);
  g_assert_cmpint (X509_check_host (x509, "aldis.example", 0, 0, NULL), ==, 1);
  g_assert_cmpint (X509_check_host (x509, "other.example", 0, 0, NULL), ==, 0);
  g_assert_cmpint (X509_check_ip_asc (x509, "192.0.2.7", 0), ==, 1);
  g_assert_cmpint (X509_check_ip_asc (x509, "2001:db8::7", 0), ==, 1);
  g_assert_cmpint (X509_cmp_current_time (X509_get0_notBefore (x509)), ==, -1);
  g_assert_cmpint (X509_cmp_current_time (X509_get0_notAfter (x509)), ==, 1);
  g_assert_cmpint (X509_verify (x509, X509_get0_pubkey (x509)), ==, 1);
  X509_free (x509);

  /* nothing is overwritten */
  g_assert_true (g_file_get_contents (key, &before, NULL, NULL));
  g_assert_false (al_tls_make_self_signed (cert, key, names, 30, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_cmpint (g_unlink (cert), ==, 0);
  g_assert_true (al_tls_make_self_signed (cert, key, names, 30, &error)); /* the key was there */
  g_assert_true (g_file_get_contents (key, &after, NULL, NULL));
  g_assert_cmpstr (before, ==, after);
  g_assert_false (al_tls_make_self_signed ("/nonexistent/cert.pem", "/nonexistent/key.pem", names, 30, &error));
  g_assert_nonnull (error);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  tls_set_up ();
  g_test_add_func ("/base/tls/reload", test_reload);
  g_test_add_func ("/base/tls/bad-files", test_bad_files);
  g_test_add_func ("/base/tls/self-signed", test_self_signed);
  result = g_test_run ();
  tls_tear_down ();
  return result;
}
