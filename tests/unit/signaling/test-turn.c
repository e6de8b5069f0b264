/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/turn.h"

#include <string.h>

static const uint8_t id[16] = "0123456789abcde";
static const uint8_t other[16] = "0123456789abcdf";

static SigTurn *
make (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AlConfig) config = al_config_parse (text, strlen (text), "test", al_config_keys (), &error);

  g_assert_no_error (error);
  return sig_turn_new (config, NULL);
}

static JsonObject *
get_server (JsonObject *result)
{
  JsonArray *servers = json_object_get_array_member (result, "iceServers");

  g_assert_cmpuint (json_array_get_length (servers), ==, 1);
  return json_array_get_object_element (servers, 0);
}

static void
test_off (void)
{
  static const char *const configs[] = {
    "", "[relay]\nlisten_udp=\nlisten_tcp=\nlisten_tls=\nshared_secrets=0123456789abcdef\n"
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (configs); i++)
    {
      g_autoptr (SigTurn) turn = make (configs[i]);
      g_autoptr (JsonObject) result = sig_turn_issue (turn, id, 5, 1000);

      g_assert_null (turn);
      g_assert_cmpuint (json_array_get_length (json_object_get_array_member (result, "iceServers")), ==, 0);
      g_assert_cmpint (json_object_get_int_member (result, "expiresAt"), ==, (1 + SIG_TURN_TTL_S) * 1000);
    }
}

static void
test_urls (void)
{
  g_autoptr (SigTurn) turn = make ("[server]\npublic_address=turn.example.org\n[relay]\nlisten_udp=*:3478;[::1]:3480\n"
                                   "listen_tcp=127.0.0.1:3479\nlisten_tls=*:5349\nshared_secrets=0123456789abcdef\n");
  g_autoptr (SigTurn) bare = make ("[relay]\nlisten_udp=192.0.2.1:3478;[2001:db8::1]:3478\n"
                                   "shared_secrets=0123456789abcdef\n");
  g_autoptr (JsonObject) result = sig_turn_issue (turn, id, 5, 0);
  g_autoptr (JsonObject) bare_result = sig_turn_issue (bare, id, 5, 0);
  JsonArray *urls = json_object_get_array_member (get_server (result), "urls");

  g_assert_cmpuint (json_array_get_length (urls), ==, 4);
  g_assert_cmpstr (json_array_get_string_element (urls, 0), ==, "turn:turn.example.org:3478?transport=udp");
  g_assert_cmpstr (json_array_get_string_element (urls, 1), ==, "turn:turn.example.org:3480?transport=udp");
  g_assert_cmpstr (json_array_get_string_element (urls, 2), ==, "turn:turn.example.org:3479?transport=tcp");
  g_assert_cmpstr (json_array_get_string_element (urls, 3), ==, "turns:turn.example.org:5349?transport=tcp");
  urls = json_object_get_array_member (get_server (bare_result), "urls");
  g_assert_cmpstr (json_array_get_string_element (urls, 0), ==, "turn:192.0.2.1:3478?transport=udp");
  g_assert_cmpstr (json_array_get_string_element (urls, 1), ==, "turn:[2001:db8::1]:3478?transport=udp");
}

/* TURN over DTLS is for those who know of it: browsers mistake its address for another one */
static void
test_dtls (void)
{
  static const char text[] = "[server]\npublic_address=turn.example.org\n[relay]\nlisten_udp=*:3478;[::1]:3480\n"
                             "listen_tcp=\nlisten_tls=\nshared_secrets=0123456789abcdef\ndtls=true\n";
  g_autoptr (AlConfig) config = al_config_parse (text, strlen (text), "test", al_config_keys (), NULL);
  g_autoptr (SigTurn) turn = sig_turn_new (config, NULL);
  g_autoptr (JsonObject) result = sig_turn_issue (turn, id, 5, 0);
  g_autoptr (JsonObject) probe = sig_turn_issue_probe (turn, config, 0);
  g_autoptr (JsonObject) off = sig_turn_issue_probe (NULL, config, 0);
  JsonArray *urls = json_object_get_array_member (get_server (result), "urls");
  JsonArray *dtls = json_object_get_array_member (probe, "dtls");

  g_assert_cmpuint (json_array_get_length (urls), ==, 2);
  for (unsigned i = 0; i < 2; i++)
    g_assert_true (g_str_has_prefix (json_array_get_string_element (urls, i), "turn:"));
  g_assert_cmpuint (json_array_get_length (dtls), ==, 2);
  g_assert_cmpstr (json_array_get_string_element (dtls, 0), ==, "turn.example.org:3478");
  g_assert_cmpstr (json_array_get_string_element (dtls, 1), ==, "turn.example.org:3480");
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (off, "dtls")), ==, 0);
}

/* a wildcard without a public address still gives something that can be dialled */
static void
test_wildcard (void)
{
  g_autoptr (SigTurn) turn = make ("[relay]\nlisten_udp=*:3478\nshared_secrets=0123456789abcdef\n");
  g_autoptr (JsonObject) result = sig_turn_issue (turn, id, 5, 0);
  const char *url = json_array_get_string_element (json_object_get_array_member (get_server (result), "urls"), 0);

  g_assert_true (g_str_has_prefix (url, "turn:"));
  g_assert_null (strstr (url, "0.0.0.0"));
  g_assert_null (strchr (url, '*'));
}

/* what a TURN server does with the username: RFC 2104 over it with the shared secret, in base64 */
static void
test_credential (void)
{
  static const char secret[] = "0123456789abcdef";
  g_autoptr (SigTurn) turn = make ("[relay]\nlisten_udp=127.0.0.1:3478\nshared_secrets=0123456789abcdef;old-old-old-old-\n");
  g_autoptr (JsonObject) result = sig_turn_issue (turn, id, 5, 1700000000999);
  JsonObject *server = get_server (result);
  const char *username = json_object_get_string_member (server, "username");
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA1, (const guchar *) secret, strlen (secret));
  g_autofree char *expected = NULL;
  guint8 mac[20];
  gsize len = sizeof mac;

  g_assert_true (g_str_has_prefix (username, "1700043200:"));
  g_assert_cmpint (json_object_get_int_member (result, "expiresAt"), ==, 1700043200000);
  g_hmac_update (hmac, (const guchar *) username, (gssize) strlen (username));
  g_hmac_get_digest (hmac, mac, &len);
  expected = g_base64_encode (mac, len);
  g_assert_cmpstr (json_object_get_string_member (server, "credential"), ==, expected);
}

static const char *
get_id (JsonObject *result)
{
  return strchr (json_object_get_string_member (get_server (result), "username"), ':') + 1;
}

static void
test_id (void)
{
  g_autoptr (SigTurn) turn = make ("[relay]\nlisten_udp=127.0.0.1:3478\nshared_secrets=0123456789abcdef\n");
  g_autoptr (JsonObject) first = sig_turn_issue (turn, id, 5, 0);
  g_autoptr (JsonObject) later = sig_turn_issue (turn, id, 5, 1000000);
  g_autoptr (JsonObject) device = sig_turn_issue (turn, id, 6, 0);
  g_autoptr (JsonObject) call = sig_turn_issue (turn, other, 5, 0);

  g_assert_cmpuint (strlen (get_id (first)), ==, 16);
  g_assert_cmpstr (get_id (first), ==, get_id (later));
  g_assert_cmpstr (get_id (first), !=, get_id (device));
  g_assert_cmpstr (get_id (first), !=, get_id (call));
}

static char *
make_credential (SigTurn *turn)
{
  g_autoptr (JsonObject) result = sig_turn_issue (turn, id, 5, 0);

  return g_strdup (json_object_get_string_member (get_server (result), "credential"));
}

/* SIGHUP: the new first secret signs from then on */
static void
test_reload (void)
{
  static const char text[] = "[relay]\nshared_secrets=new-new-new-new-;0123456789abcdef\n";
  g_autoptr (SigTurn) turn = make ("[relay]\nlisten_udp=127.0.0.1:3478\nshared_secrets=0123456789abcdef\n");
  g_autoptr (SigTurn) fresh_turn = make ("[relay]\nlisten_udp=127.0.0.1:3478\nshared_secrets=new-new-new-new-\n");
  g_autoptr (AlConfig) config = al_config_parse (text, strlen (text), "test", al_config_keys (), NULL);
  g_autofree char *before = make_credential (turn), *fresh = NULL, *after = NULL;

  sig_turn_reload (turn, config);
  sig_turn_reload (NULL, config);
  after = make_credential (turn);
  fresh = make_credential (fresh_turn);
  g_assert_cmpstr (before, !=, after);
  g_assert_cmpstr (fresh, !=, before);
}

static void
on_revoke (const char *revoked, int64_t until_s, gpointer user)
{
  g_assert_cmpint (until_s, >, 0);
  g_ptr_array_add (user, g_strdup (revoked));
}

/* a call that ends takes with it what its devices were given, once each, and nothing of other calls */
static void
test_end_call (void)
{
  g_autoptr (GPtrArray) revoked = g_ptr_array_new_with_free_func (g_free);
  const SigTurnHost host = { "0123456789abcdef", on_revoke, NULL, revoked };
  g_autoptr (AlConfig) config = al_config_parse ("[relay]\n", 8, "test", al_config_keys (), NULL);
  g_autoptr (SigTurn) turn = sig_turn_new (config, &host);
  g_autoptr (JsonObject) first = sig_turn_issue (turn, id, 5, 0), again = sig_turn_issue (turn, id, 5, 1000);
  g_autoptr (JsonObject) second = sig_turn_issue (turn, id, 6, 0), foreign = sig_turn_issue (turn, other, 5, 0);

  sig_turn_end_call (turn, id);
  g_assert_cmpuint (revoked->len, ==, 2);
  g_assert_cmpstr (revoked->pdata[0], ==, get_id (first));
  g_assert_cmpstr (revoked->pdata[1], ==, get_id (second));
  sig_turn_end_call (turn, id);
  sig_turn_end_call (NULL, id);
  g_assert_cmpuint (revoked->len, ==, 2);
  sig_turn_end_call (turn, other);
  g_assert_cmpstr (revoked->pdata[2], ==, get_id (foreign));
}

/* a credential for a check by hand: short-lived, never the same, and the addresses of calls */
static void
test_probe (void)
{
  static const char text[] = "[server]\npublic_address=turn.example.org\n[signaling]\ntls_listen=*:8443;[::1]:443\n"
                             "[relay]\nlisten_udp=*:3478\nlisten_tcp=\nlisten_tls=*:5349\nrelay_ports=50000-50100\n"
                             "shared_secrets=0123456789abcdef\n";
  g_autoptr (AlConfig) config = al_config_parse (text, strlen (text), "test", al_config_keys (), NULL);
  g_autoptr (SigTurn) turn = sig_turn_new (config, NULL);
  g_autoptr (JsonObject) first = sig_turn_issue_probe (turn, config, 1700000000999);
  g_autoptr (JsonObject) second = sig_turn_issue_probe (turn, config, 1700000000999);
  g_autoptr (JsonObject) off = sig_turn_issue_probe (NULL, config, 0);
  JsonArray *urls = json_object_get_array_member (get_server (first), "urls");
  JsonArray *https = json_object_get_array_member (first, "https");

  g_assert_cmpuint (json_array_get_length (urls), ==, 2);
  g_assert_cmpstr (json_array_get_string_element (urls, 1), ==, "turns:turn.example.org:5349?transport=tcp");
  g_assert_true (g_str_has_prefix (json_object_get_string_member (get_server (first), "username"), "1700000600:doctor-"));
  g_assert_cmpstr (get_id (first), !=, get_id (second));
  g_assert_cmpint (json_object_get_int_member (first, "expiresAt"), ==, 1700000600000);
  g_assert_cmpuint (json_array_get_length (https), ==, 2);
  g_assert_cmpstr (json_array_get_string_element (https, 0), ==, "turn.example.org:8443");
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (first, "dtls")), ==, 0);
  g_assert_cmpstr (json_object_get_string_member (first, "relayPorts"), ==, "50000-50100");
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (off, "iceServers")), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/turn/off", test_off);
  g_test_add_func ("/signaling/turn/urls", test_urls);
  g_test_add_func ("/signaling/turn/dtls", test_dtls);
  g_test_add_func ("/signaling/turn/wildcard", test_wildcard);
  g_test_add_func ("/signaling/turn/credential", test_credential);
  g_test_add_func ("/signaling/turn/id", test_id);
  g_test_add_func ("/signaling/turn/reload", test_reload);
  g_test_add_func ("/signaling/turn/end-call", test_end_call);
  g_test_add_func ("/signaling/turn/probe", test_probe);
  return g_test_run ();
}
