/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <gio/gio.h>
#include <string.h>

#include "base/addr.h"

static void
test_addr_parse_good (void)
{
  static const struct {
    const char *in, *out;
  } cases[] = {
    { "1.2.3.4:80", "1.2.3.4:80" },
    { "1.2.3.4", "1.2.3.4:3478" },
    { ":80", "0.0.0.0:80" },
    { "*:80", "0.0.0.0:80" },
    { "*", "0.0.0.0:3478" },
    { "[::1]:80", "[::1]:80" },
    { "[::1]", "[::1]:3478" },
    { "::1", "[::1]:3478" },
    { "::", "[::]:3478" },
    { "[2001:db8::0:1]:65535", "[2001:db8::1]:65535" },
    { "127.0.0.1:0", "127.0.0.1:0" },
    { "[fe80::1%1]:5", "[fe80::1%1]:5" },
    { "[fe80::1%lo]:5", "[fe80::1%1]:5" },
    { "[::ffff:1.2.3.4]:9", "[::ffff:1.2.3.4]:9" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      char text[AL_ADDR_STRLEN];
      AlAddr addr;

      g_assert_true (al_addr_parse (cases[i].in, 3478, &addr, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (al_addr_format (&addr, true, text), ==, cases[i].out);
    }
}

static void
test_addr_parse_bad (void)
{
  static const char *const cases[] = {
    "", ":", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:000080", "1.2.3.4:-1", "1.2.3.4:+1", "1.2.3.4: 80", "1.2.3.4 ",
    "1.2.3", "01.2.3.4", "1.2.3.4.5", "256.1.1.1", "localhost", "localhost:80", "[::1", "::1]", "[::1]80", "[::1]:",
    "[1.2.3.4]:80", "[]:80", ":::1", "[::1%]:80", "[2001:db8::1%1]:80", "[fe80::1%0]:80", "[fe80::1%nosuchlink]:80",
    "[fe80::1%4294967296]:1", "[[::1]]:80", "1.2.3.4:80:81x", "0x7f.0.0.1",
    "1111111111111111111111111111111111111111111111111111111111111111111111111111111111111111",
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      AlAddr addr, untouched;

      memset (&addr, 0x5a, sizeof addr);
      memset (&untouched, 0x5a, sizeof untouched);
      if (al_addr_parse (cases[i], 1, &addr, &error))
        g_error ("taken: \"%s\"", cases[i]);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_cmpmem (&addr, sizeof addr, &untouched, sizeof untouched);
    }
}

static AlAddr
must_parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  AlAddr addr;

  (void) al_addr_parse (text, 0, &addr, &error);
  g_assert_no_error (error);
  return addr;
}

static void
test_addr_format (void)
{
  AlAddr none = { .sa.sa_family = AF_UNSPEC };
  AlAddr v4 = must_parse ("192.0.2.1:5"), v6 = must_parse ("[2001:db8::2]:5");
  AlAddr longest = must_parse ("[fe80:1111:1111:1111:1111:1111:1111:1111%4294967295]:65535");
  char text[AL_ADDR_STRLEN];

  g_assert_cmpstr (al_addr_format (&none, true, text), ==, "none");
  g_assert_cmpstr (al_addr_format (&v4, false, text), ==, "192.0.2.1");
  g_assert_cmpstr (al_addr_format (&v6, false, text), ==, "2001:db8::2");
  g_assert_cmpstr (al_addr_format (&longest, true, text), ==,
                   "[fe80:1111:1111:1111:1111:1111:1111:1111%4294967295]:65535");
}

static void
test_addr_equal (void)
{
  AlAddr a = must_parse ("192.0.2.1:5"), b = must_parse ("192.0.2.1:5"), c = must_parse ("192.0.2.1:6");
  AlAddr d = must_parse ("[2001:db8::1]:5"), e = must_parse ("[2001:db8::1]:5"), f = must_parse ("[::ffff:192.0.2.1]:5");
  AlAddr g = must_parse ("[fe80::1%1]:5"), h = must_parse ("[fe80::1%2]:5"), none = { .sa.sa_family = AF_UNSPEC };

  g_assert_true (al_addr_equal (&a, &b));
  g_assert_cmpuint (al_addr_hash (&a), ==, al_addr_hash (&b));
  g_assert_false (al_addr_equal (&a, &c));
  g_assert_true (al_addr_equal_host (&a, &c));
  g_assert_cmpuint (al_addr_hash (&a), !=, al_addr_hash (&c));
  g_assert_true (al_addr_equal (&d, &e));
  g_assert_false (al_addr_equal (&a, &f));
  g_assert_false (al_addr_equal_host (&g, &h));
  g_assert_true (al_addr_equal (&none, &none));
  g_assert_false (al_addr_equal (&none, &a));
  al_addr_canonicalize (&f);
  g_assert_true (al_addr_equal (&a, &f));
  g_assert_cmpuint (al_addr_get_len (&a), ==, sizeof (struct sockaddr_in));
  g_assert_cmpuint (al_addr_get_len (&d), ==, sizeof (struct sockaddr_in6));
  g_assert_cmpuint (al_addr_get_len (&none), ==, 0);
}

/* Sequential hosts and ports must not pile up in the low bits that tables use. */
static void
test_addr_hash_spread (void)
{
  unsigned buckets[256] = { 0 };
  AlAddr addr = must_parse ("10.0.0.0:1000");

  for (unsigned i = 0; i < 256 * 64; i++)
    {
      addr.in4.sin_addr.s_addr = htonl (0x0a000000u + i / 16);
      al_addr_set_port (&addr, (uint16_t) (1000 + i % 16));
      buckets[al_addr_hash (&addr) & 255]++;
    }
  for (unsigned i = 0; i < 256; i++)
    {
      g_assert_cmpuint (buckets[i], >, 16);
      g_assert_cmpuint (buckets[i], <, 160);
    }
}

static void
test_addr_loopback (void)
{
  static const struct {
    const char *text;
    bool loopback;
  } cases[] = {
    { "127.0.0.1", true }, { "127.255.0.9", true }, { "128.0.0.1", false }, { "::1", true },
    { "::2", false }, { "::ffff:127.0.0.1", true }, { "0.0.0.0", false }, { "::", false },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      AlAddr addr = must_parse (cases[i].text);

      g_assert_cmpint (al_addr_is_loopback (&addr), ==, cases[i].loopback);
    }
}

static void
test_net_contains (void)
{
  static const struct {
    const char *net, *addr;
    bool inside;
  } cases[] = {
    { "10.0.0.0/8", "10.255.255.255", true }, { "10.0.0.0/8", "11.0.0.0", false },
    { "10.0.0.0/8", "::ffff:10.1.2.3", true }, { "10.0.0.0/8", "2001:db8::1", false },
    { "0.0.0.0/0", "255.1.1.1", true }, { "0.0.0.0/0", "::1", false },
    { "192.0.2.128/25", "192.0.2.128", true }, { "192.0.2.128/25", "192.0.2.127", false },
    { "192.0.2.1", "192.0.2.1", true }, { "192.0.2.1", "192.0.2.0", false },
    { "192.0.2.1/32", "192.0.2.1", true }, { "192.0.2.0/31", "192.0.2.1", true },
    { "2001:db8::/33", "2001:db8:7fff::1", true }, { "2001:db8::/33", "2001:db8:8000::1", false },
    { "::1", "::1", true }, { "::/0", "2001::", true },
    { "::ffff:10.0.0.0/104", "10.1.1.1", true }, { "::ffff:10.0.0.0/104", "11.1.1.1", false },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      AlAddr addr = must_parse (cases[i].addr);
      AlNet net;

      (void) al_net_parse (cases[i].net, &net, &error);
      g_assert_no_error (error);
      if (al_net_contains (&net, &addr) != cases[i].inside)
        g_error ("%s in %s", cases[i].addr, cases[i].net);
    }
}

static void
test_net_bad (void)
{
  static const char *const cases[] = { "", "/8", "*/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/8/8", "10/8",
                                       "::1/64", "2001:db8::/129", "[::1]/128", "10.0.0.0:80/8", "10.0.0.0/-1",
                                       "fe80::%1/64", "example.org/8", "::ffff:10.0.0.1/104" };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      AlNet net;

      if (al_net_parse (cases[i], &net, &error))
        g_error ("taken: \"%s\"", cases[i]);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/addr/parse-good", test_addr_parse_good);
  g_test_add_func ("/base/addr/parse-bad", test_addr_parse_bad);
  g_test_add_func ("/base/addr/format", test_addr_format);
  g_test_add_func ("/base/addr/equal", test_addr_equal);
  g_test_add_func ("/base/addr/hash-spread", test_addr_hash_spread);
  g_test_add_func ("/base/addr/loopback", test_addr_loopback);
  g_test_add_func ("/base/addr/net-contains", test_net_contains);
  g_test_add_func ("/base/addr/net-bad", test_net_bad);
  return g_test_run ();
}
