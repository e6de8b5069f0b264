/* SPDX-License-Identifier: Apache-2.0 */
/* The handshake with a program that is not ours: openssl s_client over loopback. Each profile, and close_notify. */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/hex.h"
#include "sfu/dtls.h"

#define GIVE_UP_US (20 * (int64_t) G_USEC_PER_SEC)

typedef struct {
  int fd;
  AlAddr peer;
} Pump;

static void
on_send (const uint8_t *data, size_t len, void *user)
{
  const Pump *pump = user;

  g_assert_cmpint (sendto (pump->fd, data, len, 0, &pump->peer.sa, al_addr_get_len (&pump->peer)), ==, (ssize_t) len);
}

/* until @dtls is no longer in @state */
static void
pump_while (Pump *pump, SfuDtls *dtls, SfuDtlsState state)
{
  int64_t until_us = al_clock_now_us () + GIVE_UP_US;

  while (sfu_dtls_get_state (dtls) == state)
    {
      int64_t now_us = al_clock_now_us (), next_us = MIN (sfu_dtls_get_deadline (dtls), until_us);
      struct pollfd event = { .fd = pump->fd, .events = POLLIN };
      uint8_t data[2048];
      socklen_t peer_len = sizeof pump->peer;
      ssize_t len;

      g_assert_cmpint (now_us, <, until_us);
      if (poll (&event, 1, next_us <= now_us ? 0 : (int) ((next_us - now_us) / 1000 + 1)) == 1)
        {
          len = recvfrom (pump->fd, data, sizeof data, 0, &pump->peer.sa, &peer_len);
          if (len > 0) /* else ICMP: the other end is gone */
            sfu_dtls_on_datagram (dtls, data, (size_t) len, al_clock_now_us ());
        }
      sfu_dtls_tick (dtls, al_clock_now_us ());
    }
}

/* the certificate and key of @identity as files for the other program */
static void
write_pem (const SfuIdentity *identity, const char *path)
{
  SSL_CTX *ctx = sfu_identity_get_ssl (identity);
  FILE *file = g_fopen (path, "we");

  g_assert_nonnull (file);
  g_assert_cmpint (PEM_write_X509 (file, SSL_CTX_get0_certificate (ctx)), ==, 1);
  g_assert_cmpint (PEM_write_PrivateKey (file, SSL_CTX_get0_privatekey (ctx), NULL, NULL, 0, NULL, NULL), ==, 1);
  g_assert_cmpint (fclose (file), ==, 0);
}

static uint16_t
open_socket (Pump *pump)
{
  socklen_t len = sizeof pump->peer;

  pump->fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  g_assert_true (al_addr_parse ("127.0.0.1:0", 0, &pump->peer, NULL));
  g_assert_cmpint (bind (pump->fd, &pump->peer.sa, al_addr_get_len (&pump->peer)), ==, 0);
  g_assert_cmpint (getsockname (pump->fd, &pump->peer.sa, &len), ==, 0);
  return al_addr_get_port (&pump->peer);
}

/* what it printed holds the keys that we have (RFC 5764 §4.2: client's key, server's key, client's salt, server's salt) */
static void
compare_keys (const char *output, SfuSrtpProfile profile, const SfuSrtpKey *send, const SfuSrtpKey *receive)
{
  unsigned key_len = sfu_srtp_profile_get_key_len (profile), salt_len = sfu_srtp_profile_get_salt_len (profile);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  const char *at = strstr (output, "Keying material: ");
  g_autofree char *expected = NULL, *printed = NULL;

  g_byte_array_append (bytes, receive->key, key_len);
  g_byte_array_append (bytes, send->key, key_len);
  g_byte_array_append (bytes, receive->salt, salt_len);
  g_byte_array_append (bytes, send->salt, salt_len);
  expected = g_malloc (2 * bytes->len + 1);
  (void) al_hex_write (bytes->data, bytes->len, expected);
  g_assert_nonnull (at);
  at += strlen ("Keying material: ");
  printed = g_ascii_strdown (at, (gssize) strcspn (at, "\r\n"));
  g_assert_cmpstr (printed, ==, expected);
}

/* without GLib's threads, of which ThreadSanitizer sees half. @ret_input, @ret_output: ends of pipes */
static pid_t
spawn (const char *const *argv, int *ret_input, int *ret_output)
{
  posix_spawn_file_actions_t actions;
  int in[2], out[2];
  pid_t pid;

  g_assert_cmpint (pipe2 (in, O_CLOEXEC), ==, 0);
  g_assert_cmpint (pipe2 (out, O_CLOEXEC), ==, 0);
  g_assert_cmpint (posix_spawn_file_actions_init (&actions), ==, 0);
  g_assert_cmpint (posix_spawn_file_actions_adddup2 (&actions, in[0], STDIN_FILENO), ==, 0);
  g_assert_cmpint (posix_spawn_file_actions_adddup2 (&actions, out[1], STDOUT_FILENO), ==, 0);
  g_assert_cmpint (posix_spawn_file_actions_adddup2 (&actions, out[1], STDERR_FILENO), ==, 0);
  g_assert_cmpint (posix_spawnp (&pid, argv[0], &actions, NULL, (char *const *) argv, environ), ==, 0);
  g_assert_cmpint (posix_spawn_file_actions_destroy (&actions), ==, 0);
  g_assert_cmpint (close (in[0]), ==, 0);
  g_assert_cmpint (close (out[1]), ==, 0);
  *ret_input = in[1];
  *ret_output = out[0];
  return pid;
}

/* Returns: (transfer full): what @pid wrote until its end */
static char *
read_to_end (pid_t pid, int fd)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char buffer[4096];
  ssize_t len;
  int status;

  while ((len = read (fd, buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, len);
  g_assert_cmpint (close (fd), ==, 0);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* @released: we gave the SSL back. @we_close: else the other program does */
static void
run_client (SfuSrtpProfile profile, bool released, bool we_close)
{
  const char *cipher
      = profile == SFU_SRTP_AEAD_AES_256_GCM ? "ECDHE-ECDSA-AES256-GCM-SHA384" : "ECDHE-ECDSA-AES128-GCM-SHA256";
  const char *name = profile == SFU_SRTP_AES128_CM_SHA1_80 ? "SRTP_AES128_CM_SHA1_80"
                     : profile == SFU_SRTP_AEAD_AES_128_GCM ? "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80"
                                                            : "SRTP_AEAD_AES_256_GCM";
  g_autoptr (SfuIdentity) identity = sfu_identity_new (NULL), peer_identity = sfu_identity_new (NULL);
  g_autofree char *folder = g_dir_make_tmp ("aldis-dtls-XXXXXX", NULL), *pem = g_build_filename (folder, "peer.pem", NULL);
  unsigned material = 2 * (sfu_srtp_profile_get_key_len (profile) + sfu_srtp_profile_get_salt_len (profile));
  g_autofree char *bytes = g_strdup_printf ("%u", material), *target = NULL, *output = NULL;
  int input, child_output;
  pid_t child;
  Pump pump;
  g_autoptr (SfuDtls) dtls = sfu_dtls_new (identity, on_send, &pump);
  SfuFingerprint fingerprint;
  SfuSrtpKey send, receive;

  write_pem (peer_identity, pem);
  g_assert_true (sfu_fingerprint_parse (sfu_identity_get_fingerprint (peer_identity),
                                        strlen (sfu_identity_get_fingerprint (peer_identity)), &fingerprint));
  target = g_strdup_printf ("127.0.0.1:%u", open_socket (&pump));
  {
    const char *const argv[] = { "openssl", "s_client", "-dtls1_2", "-connect", target, "-use_srtp", name, "-cert", pem,
                                 "-key", pem, "-keymatexport", "EXTRACTOR-dtls_srtp", "-keymatexportlen", bytes, "-cipher",
                                 cipher, NULL };

    child = spawn (argv, &input, &child_output);
  }
  sfu_dtls_start (dtls, false, &fingerprint, 1, al_clock_now_us ());
  pump_while (&pump, dtls, SFU_DTLS_HANDSHAKE);
  g_assert_cmpstr (sfu_dtls_get_error (dtls), ==, "");
  g_assert_cmpint (sfu_dtls_get_state (dtls), ==, SFU_DTLS_CONNECTED);
  g_assert_cmpint (sfu_dtls_export (dtls, &send, &receive), ==, profile);
  if (released)
    sfu_dtls_release (dtls, al_clock_now_us ());
  if (we_close)
    {
      sfu_dtls_close (dtls, al_clock_now_us ());
      output = read_to_end (child, child_output); /* our close_notify ends it: its input is still open */
      g_assert_cmpint (close (input), ==, 0);
    }
  else
    {
      /* the end of its input makes it say close_notify */
      g_assert_cmpint (close (input), ==, 0);
      pump_while (&pump, dtls, SFU_DTLS_CONNECTED);
      g_assert_cmpint (sfu_dtls_get_state (dtls), ==, SFU_DTLS_CLOSED);
      output = read_to_end (child, child_output);
    }
  compare_keys (output, profile, &send, &receive);
  g_assert_cmpint (close (pump.fd), ==, 0);
  g_assert_cmpint (g_unlink (pem), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_client (gconstpointer user)
{
  run_client ((SfuSrtpProfile) GPOINTER_TO_UINT (user), false, false);
  run_client ((SfuSrtpProfile) GPOINTER_TO_UINT (user), true, true);
  run_client ((SfuSrtpProfile) GPOINTER_TO_UINT (user), true, false);
}

int
main (int argc, char **argv)
{
  static const SfuSrtpProfile profiles[] = { SFU_SRTP_AEAD_AES_128_GCM, SFU_SRTP_AEAD_AES_256_GCM,
                                             SFU_SRTP_AES128_CM_SHA1_80 };

  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (profiles); i++)
    {
      g_autofree char *name = g_strdup_printf ("/sfu/dtls-foreign/%s", sfu_srtp_profile_get_name (profiles[i]));

      g_test_add_data_func (name, GUINT_TO_POINTER (profiles[i]), test_client);
    }
  return g_test_run ();
}
