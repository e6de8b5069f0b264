/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "signaling/front-proxy.h"

static AlNet nets[3];

static void
parse_request (const char *fields, GString *text, AlHttpRequest *ret)
{
  g_string_printf (text, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
  g_assert_cmpint (al_http_request_parse ((const uint8_t *) text->str, text->len, ret), ==, AL_HTTP_OK);
}

static void
test_proxy_address (void)
{
  static const struct {
    const char *peer, *fields, *client;
  } cases[] = {
    /* not through a proxy of ours: what the client says of itself is worth nothing */
    { "198.51.100.1:99", "X-Forwarded-For: 1.2.3.4\r\n", "198.51.100.1:99" },
    { "10.0.0.1:99", "", "10.0.0.1:99" },
    { "10.0.0.1:99", "X-Forwarded-For: 1.2.3.4\r\n", "1.2.3.4:0" },
    { "10.0.0.1:99", "X-Forwarded-For: 1.2.3.4:5555\r\n", "1.2.3.4:5555" },
    { "::1", "X-Forwarded-For: 2001:db8::7\r\n", "[2001:db8::7]:0" },
    { "10.0.0.1:99", "X-Forwarded-For: [2001:db8::7]:443\r\n", "[2001:db8::7]:443" },
    { "10.0.0.1:99", "X-Forwarded-For: ::ffff:1.2.3.4\r\n", "1.2.3.4:0" },
    /* from the right: the left is the client's to invent */
    { "10.0.0.1:99", "X-Forwarded-For: 6.6.6.6, 1.2.3.4\r\n", "1.2.3.4:0" },
    { "10.0.0.1:99", "X-Forwarded-For: 6.6.6.6,1.2.3.4 ,  10.9.9.9\r\n", "1.2.3.4:0" },
    { "10.0.0.1:99", "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 1.2.3.4, 10.0.0.2\r\n", "1.2.3.4:0" },
    { "10.0.0.1:99", "X-Forwarded-For: 1.2.3.4\r\nx-forwarded-for: 10.0.0.2\r\n", "1.2.3.4:0" },
    { "10.0.0.1:99", "X-Forwarded-For: 10.0.0.3, 10.0.0.2\r\n", "10.0.0.3:0" },
    /* what is no address ends the walk at the last thing known */
    { "10.0.0.1:99", "X-Forwarded-For: 1.2.3.4, unknown\r\n", "10.0.0.1:99" },
    { "10.0.0.1:99", "X-Forwarded-For: 1.2.3.4, _hidden, 10.0.0.2\r\n", "10.0.0.2:0" },
    { "10.0.0.1:99", "X-Forwarded-For:\r\n", "10.0.0.1:99" },
    { "10.0.0.1:99", "X-Forwarded-For: 1.2.3.4,\r\n", "10.0.0.1:99" },
    { "10.0.0.1:99", "X-Forwarded-For: *\r\n", "10.0.0.1:99" },
    { "10.0.0.1:99", "X-Forwarded-For: :80\r\n", "10.0.0.1:99" },
    { "10.0.0.1:99", "X-Forwarded-For: fe80::1%lo\r\n", "10.0.0.1:99" },
    { "10.0.0.1:99", "X-Forwarded-For: 1.2.3.4.5\r\n", "10.0.0.1:99" },
    { "192.0.2.5:99", "X-Forwarded-For: 1.2.3.4\r\n", "1.2.3.4:0" },
    { "192.0.2.6:99", "X-Forwarded-For: 1.2.3.4\r\n", "192.0.2.6:99" },
    { "::ffff:10.0.0.1", "X-Forwarded-For: 1.2.3.4\r\n", "1.2.3.4:0" },
  };
  g_autoptr (GString) text = g_string_new (NULL);

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      AlHttpRequest request;
      AlAddr peer, client;
      char got[AL_ADDR_STRLEN];
      bool https = false;

      g_assert_true (al_addr_parse (cases[i].peer, 0, &peer, NULL));
      parse_request (cases[i].fields, text, &request);
      sig_proxy_resolve (nets, G_N_ELEMENTS (nets), &request, &peer, &client, &https);
      if (strcmp (al_addr_format (&client, true, got), cases[i].client) != 0)
        g_error ("case %zu: %s, expected %s", i, got, cases[i].client);
      g_assert_false (https);
    }
}

static void
test_proxy_hops (void)
{
  g_autoptr (GString) text = g_string_new (NULL), field = g_string_new ("X-Forwarded-For: 1.2.3.4");
  AlHttpRequest request;
  AlAddr peer, client;
  char got[AL_ADDR_STRLEN];
  bool https;

  for (int i = 0; i < 200; i++)
    g_string_append (field, ", 10.1.1.1");
  g_string_append (field, "\r\n");
  g_assert_true (al_addr_parse ("10.0.0.1", 0, &peer, NULL));
  parse_request (field->str, text, &request);
  sig_proxy_resolve (nets, G_N_ELEMENTS (nets), &request, &peer, &client, &https);
  g_assert_cmpstr (al_addr_format (&client, false, got), ==, "10.1.1.1");
}

static void
test_proxy_scheme (void)
{
  static const struct {
    const char *peer, *fields;
    bool before, after;
  } cases[] = {
    { "10.0.0.1", "X-Forwarded-Proto: https\r\n", false, true },
    { "10.0.0.1", "X-Forwarded-Proto: HTTPS\r\n", false, true },
    { "10.0.0.1", "X-Forwarded-Proto: wss\r\n", false, true },
    { "10.0.0.1", "X-Forwarded-Proto: http\r\n", true, false },
    { "10.0.0.1", "X-Forwarded-Proto: https, http\r\n", true, false },
    { "10.0.0.1", "X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\n", false, true },
    { "10.0.0.1", "", true, true },
    { "10.0.0.1", "", false, false },
    { "198.51.100.1", "X-Forwarded-Proto: https\r\n", false, false },
    { "198.51.100.1", "X-Forwarded-Proto: http\r\n", true, true },
  };
  g_autoptr (GString) text = g_string_new (NULL);

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      AlHttpRequest request;
      AlAddr peer, client;
      bool https = cases[i].before;

      g_assert_true (al_addr_parse (cases[i].peer, 0, &peer, NULL));
      parse_request (cases[i].fields, text, &request);
      sig_proxy_resolve (nets, G_N_ELEMENTS (nets), &request, &peer, &client, &https);
      g_assert_cmpint (https, ==, cases[i].after);
    }
}

static void
test_proxy_none (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  AlHttpRequest request;
  AlAddr peer, client;
  bool https = false;

  g_assert_true (al_addr_parse ("10.0.0.1", 0, &peer, NULL));
  parse_request ("X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n", text, &request);
  sig_proxy_resolve (NULL, 0, &request, &peer, &client, &https);
  g_assert_true (al_addr_equal (&peer, &client));
  g_assert_false (https);
}

int
main (int argc, char **argv)
{
  g_assert_true (al_net_parse ("10.0.0.0/8", &nets[0], NULL));
  g_assert_true (al_net_parse ("::1", &nets[1], NULL));
  g_assert_true (al_net_parse ("192.0.2.5", &nets[2], NULL));
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/front-proxy/address", test_proxy_address);
  g_test_add_func ("/signaling/front-proxy/hops", test_proxy_hops);
  g_test_add_func ("/signaling/front-proxy/scheme", test_proxy_scheme);
  g_test_add_func ("/signaling/front-proxy/none", test_proxy_none);
  return g_test_run ();
}
