/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An address that is read is written and read again as the same; the C library and GLib read the same out of it. The
 * text up to the first line feed is an address, what follows a network.
 */
#include <arpa/inet.h>
#include <gio/gio.h>
#include <string.h>

#include "base/addr.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_addr (const char *text)
{
  g_autoptr (GError) error = NULL;
  AlAddr addr, again, plain;
  char out[AL_ADDR_STRLEN];
  uint8_t raw[16];
  bool ok = al_addr_parse (text, 7, &addr, &error);

  g_assert_true (ok == (error == NULL));
  /* whatever is an address to the C library, is one to us, and at the default port */
  if (inet_pton (AF_INET, text, raw) == 1)
    g_assert_true (ok && addr.sa.sa_family == AF_INET && memcmp (&addr.in4.sin_addr, raw, 4) == 0
                   && al_addr_get_port (&addr) == 7);
  if (inet_pton (AF_INET6, text, raw) == 1)
    g_assert_true (ok && addr.sa.sa_family == AF_INET6 && memcmp (&addr.in6.sin6_addr, raw, 16) == 0
                   && al_addr_get_port (&addr) == 7);
  if (!ok)
    return;
  g_assert_true (al_addr_parse (al_addr_format (&addr, true, out), 0, &again, NULL));
  g_assert_true (al_addr_equal (&addr, &again) && al_addr_hash (&addr) == al_addr_hash (&again));
  g_assert_true (al_addr_parse (al_addr_format (&addr, false, out), 0, &again, NULL));
  g_assert_true (al_addr_equal_host (&addr, &again));
  if (addr.sa.sa_family != AF_INET6 || addr.in6.sin6_scope_id == 0)
    {
      g_autoptr (GInetAddress) theirs = g_inet_address_new_from_string (out);

      g_assert_nonnull (theirs);
      g_assert_cmpint (g_inet_address_get_is_loopback (theirs), ==,
                       addr.sa.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED (&addr.in6.sin6_addr)
                           ? g_inet_address_get_is_loopback (theirs) : al_addr_is_loopback (&addr));
    }
  plain = addr;
  al_addr_canonicalize (&plain);
  g_assert_cmpuint (al_addr_get_port (&plain), ==, al_addr_get_port (&addr));
}

static void
check_net (const char *text, const AlAddr *probe)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetAddressMask) theirs = g_inet_address_mask_new_from_string (text, NULL);
  g_autoptr (GInetAddress) address = NULL;
  g_autofree char *out = NULL;
  char host[AL_ADDR_STRLEN];
  AlNet net, again;

  if (!al_net_parse (text, &net, &error))
    {
      g_assert_nonnull (error);
      return;
    }
  g_assert_nonnull (theirs);
  out = g_strdup_printf ("%s/%u", al_addr_format (&net.base, false, host), net.prefix);
  g_assert_true (al_net_parse (out, &again, NULL));
  g_assert_true (al_addr_equal (&net.base, &again.base) && net.prefix == again.prefix);
  g_assert_true (al_net_contains (&net, &net.base));
  /* ::ffff:0:0/96 and below are networks of IPv4 to us only */
  address = g_inet_address_new_from_string (al_addr_format (probe, false, host));
  if ((int) g_inet_address_mask_get_length (theirs) == net.prefix)
    g_assert_cmpint (al_net_contains (&net, probe), ==, g_inet_address_mask_matches (theirs, address));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  char *cut = strchr (text, '\n');
  AlAddr probe;

  if (cut != NULL)
    *cut = '\0';
  check_addr (text);
  if (cut == NULL)
    return 0;
  if (!al_addr_parse (text, 0, &probe, NULL) || (probe.sa.sa_family == AF_INET6 && probe.in6.sin6_scope_id != 0))
    (void) al_addr_parse ("10.1.2.3", 0, &probe, NULL);
  al_addr_canonicalize (&probe);
  check_net (cut + 1, &probe);
  return 0;
}
