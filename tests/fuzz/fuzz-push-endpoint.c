/* SPDX-License-Identifier: Apache-2.0 */
/* A subscription as a client sends it: 65 bytes of a key, then an address. What is taken for an address is taken for the same
 * when it is read again, and to GLib's reader too it leads to that origin; no key makes the encryption fail but a bad one. */
#include <gio/gio.h>
#include <string.h>

#include "signaling/push-crypt.h"
#include "signaling/push-endpoint.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_reader (const SigPushEndpoint *endpoint)
{
  g_autoptr (GUri) uri = g_uri_parse (endpoint->url, G_URI_FLAGS_NONE, NULL);
  g_autofree char *origin = NULL;
  const char *host;
  bool v6;

  if (uri == NULL)
    return; /* stricter than libcurl, which is the one who connects */
  host = g_uri_get_host (uri);
  g_assert_true (host != NULL && g_uri_get_userinfo (uri) == NULL && g_uri_get_fragment (uri) == NULL);
  v6 = strchr (host, ':') != NULL;
  origin = g_strdup_printf ("https://%s%s%s", v6 ? "[" : "", host, v6 ? "]" : "");
  /* GLib undoes percent signs in hosts, libcurl has done so before */
  if (strchr (endpoint->origin, '%') == NULL)
    g_assert_true (g_ascii_strncasecmp (origin, endpoint->origin, strlen (origin)) == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const uint8_t auth[SIG_PUSH_AUTH_BYTES];
  g_auto (SigPushEndpoint) first = { 0 }, second = { 0 }, open = { 0 };
  g_autofree char *text = NULL;

  if (size < SIG_P256_PUBLIC_BYTES)
    return 0;
  g_autoptr (GBytes) body = sig_push_encrypt (data, auth, "x", 1, 10, NULL);
  g_autoptr (EVP_PKEY) point = sig_p256_from_public (data);

  g_assert_true ((body != NULL) == (point != NULL));
  text = g_strndup ((const char *) data + SIG_P256_PUBLIC_BYTES, size - SIG_P256_PUBLIC_BYTES);
  if (!sig_push_endpoint_parse (text, false, &first))
    return 0;
  g_assert_true (sig_push_endpoint_parse (text, true, &open));
  g_assert_cmpstr (first.url, ==, open.url);
  g_assert_true (g_str_has_prefix (first.url, "https://") && g_str_has_prefix (first.origin, "https://"));
  g_assert_true (strpbrk (first.url, "\r\n \\") == NULL && strpbrk (first.origin + 8, "/?#@\r\n ") == NULL);
  g_assert_true (sig_push_endpoint_parse (first.url, false, &second));
  g_assert_cmpstr (second.url, ==, first.url);
  g_assert_cmpstr (second.origin, ==, first.origin);
  check_reader (&first);
  return 0;
}
