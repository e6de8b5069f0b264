/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/push-endpoint.h"

#include <gio/gio.h>

static void
test_good (void)
{
  static const struct {
    const char *text, *url, *origin;
  } rows[] = {
    { "https://fcm.googleapis.com/fcm/send/abc:def-_", "https://fcm.googleapis.com/fcm/send/abc:def-_",
      "https://fcm.googleapis.com" },
    { "https://updates.push.services.mozilla.com/wpush/v2/gAAAA?x=1", "https://updates.push.services.mozilla.com/wpush/v2/gAAAA?x=1",
      "https://updates.push.services.mozilla.com" },
    { "HTTPS://Push.Example.ORG:443/a", NULL, "https://push.example.org" },
    { "https://push.example.org:8443", "https://push.example.org:8443/", "https://push.example.org:8443" },
    { "https://192.0.2.1/x", "https://192.0.2.1/x", "https://192.0.2.1" },
    { "https://[2001:db8::1]:4430/x", "https://[2001:db8::1]:4430/x", "https://[2001:db8::1]:4430" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (SigPushEndpoint) endpoint = { 0 };

      g_assert_true (sig_push_endpoint_parse (rows[i].text, false, &endpoint));
      if (rows[i].url != NULL)
        g_assert_cmpstr (endpoint.url, ==, rows[i].url);
      g_assert_cmpstr (endpoint.origin, ==, rows[i].origin);
    }
}

static void
test_bad (void)
{
  static const char *const rows[] = {
    "", "x", "//push.example.org/", "push.example.org", "http://push.example.org/", "ftp://push.example.org/",
    "file:///etc/passwd", "gopher://push.example.org/", "https://", "https:///x", "https://user@push.example.org/",
    "https://user:password@push.example.org/", "https://push.example.org/#x", "https://push.example.org:22/",
    "https://push.example.org:80/", "https://push.example.org:0/", "https://push.example.org:65536/",
    "https://push.example.org:99999999999/", "https://push.example.org:-1/", "https://push example.org/",
    "https://push.example.org/a b", "https://push.example.org/\r\nX: y", "https://push.example.org/\n",
    "https://push.example.org\\@127.0.0.1/", "https://p\xc3\xbcsh.example.org/", "https://[fe80::1%25lo]/", "https://[::1",
    "https://0x%64.1/", "https://push%2eexample.org/", "javascript:alert(1)", "https:push.example.org", " https://push.example.org/", "https://push.example.org/\x7f",
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      SigPushEndpoint endpoint = { (char *) "untouched", NULL };

      if (sig_push_endpoint_parse (rows[i], false, &endpoint))
        g_error ("%s was taken for %s", rows[i], endpoint.url);
      g_assert_cmpstr (endpoint.url, ==, "untouched");
    }
}

static void
test_http_for_tests (void)
{
  g_auto (SigPushEndpoint) endpoint = { 0 };

  g_assert_true (sig_push_endpoint_parse ("http://127.0.0.1:8080/x", true, &endpoint));
  g_assert_cmpstr (endpoint.origin, ==, "http://127.0.0.1:8080");
  g_assert_false (sig_push_endpoint_parse ("ftp://127.0.0.1:8080/x", true, &endpoint));
}

static AlConfig *
make_config (const char *text)
{
  g_autoptr (GError) error = NULL;
  AlConfig *config = al_config_parse (text, strlen (text), "test", al_config_keys (), &error);

  g_assert_no_error (error);
  return config;
}

/* addresses in an endpoint, however they are written, must be public ones (RFC 6890) and not of the relay's deny_peers */
static void
test_door (void)
{
  static const char *const denied[] = {
    "https://127.0.0.1/", "https://127.1/", "https://0x7f.0.0.1/", "https://2130706433/", "https://0177.0.0.1/",
    "https://10.0.0.1/", "https://192.168.1.1:8443/", "https://172.16.0.1/", "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/", "https://0.0.0.0/", "https://[::1]/", "https://[::]/", "https://[fe80::1]/", "https://[fd00::1]/",
    "https://[::ffff:127.0.0.1]/", "https://[::ffff:8.8.8.8]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/",
    "https://224.0.0.1/", "https://8.8.8.8/",
  };
  g_autoptr (AlConfig) config = make_config ("[relay]\ndeny_peers=8.8.8.0/24\n");
  g_autoptr (AlConfig) open_config = make_config ("[push]\nallow_private=true\n");
  g_autoptr (GError) error = NULL;
  g_autoptr (SigPushDoor) door = sig_push_door_new (config, &error), open = sig_push_door_new (open_config, &error);
  g_auto (SigPushEndpoint) good = { 0 }, name = { 0 }, private = { 0 };
  AlAddr addr;

  g_assert_no_error (error);
  for (unsigned i = 0; i < G_N_ELEMENTS (denied); i++)
    {
      SigPushEndpoint endpoint = { 0 };

      if (sig_push_door_take (door, denied[i], &endpoint))
        g_error ("%s was taken for %s", denied[i], endpoint.url);
    }
  g_assert_true (sig_push_door_take (door, "https://1.1.1.1/x", &good));
  g_assert_true (sig_push_door_take (door, "https://localhost/x", &name)); /* found out when it is connected to */
  g_assert_true (sig_push_door_take (open, "http://10.0.0.1/x", &private));

  g_assert_true (al_addr_parse ("1.1.1.1:443", 0, &addr, NULL));
  g_assert_true (sig_push_door_check (door, &addr));
  g_assert_true (al_addr_parse ("127.0.0.1:443", 0, &addr, NULL));
  g_assert_false (sig_push_door_check (door, &addr));
  g_assert_true (sig_push_door_check (open, &addr));
  g_assert_true (al_addr_parse ("8.8.8.8:443", 0, &addr, NULL));
  g_assert_false (sig_push_door_check (door, &addr));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/push-endpoint/good", test_good);
  g_test_add_func ("/signaling/push-endpoint/bad", test_bad);
  g_test_add_func ("/signaling/push-endpoint/http-for-tests", test_http_for_tests);
  g_test_add_func ("/signaling/push-endpoint/door", test_door);
  return g_test_run ();
}
