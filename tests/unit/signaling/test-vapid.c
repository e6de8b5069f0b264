/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/vapid.h"

#include "base/json.h"
#include "p256-open.h"

#define KEY "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
#define NOW_S INT64_C (1700000000)

static SigVapid *
make (const char *subject)
{
  uint8_t key[SIG_P256_PRIVATE_BYTES];

  unbase64 (KEY, key);
  return sig_vapid_new (key, subject);
}

/* RFC 8292 §2.4: the example is good for the one who checks ours */
static void
test_rfc8292 (void)
{
  static const char token[] = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE"
                              "0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuC"
                              "GSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA";
  static const char key[] = "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";
  g_autofree char *claims = check_token (token, key);

  g_assert_cmpstr (claims, ==, "{\"aud\":\"https://push.example.net\",\"exp\":1453523768,\"sub\":\"mailto:push@example.com\"}");
}

static JsonNode *
claims_of (SigVapid *vapid, const char *value)
{
  g_autofree char *tail = g_strconcat (", k=", sig_vapid_get_public (vapid), NULL);
  g_autofree char *token = NULL, *claims = NULL;

  g_assert_true (g_str_has_prefix (value, "vapid t=") && g_str_has_suffix (value, tail));
  token = g_strndup (value + 8, strlen (value) - 8 - strlen (tail));
  claims = check_token (token, sig_vapid_get_public (vapid));
  g_assert_nonnull (claims);
  return al_json_parse (claims, strlen (claims), NULL);
}

static void
test_claims (void)
{
  g_autoptr (SigVapid) vapid = make ("mailto:ops@example.org"), plain = make (NULL);
  g_autoptr (JsonNode) node = claims_of (vapid, sig_vapid_sign (vapid, "https://push.example.org", NOW_S));
  g_autoptr (JsonNode) bare = claims_of (plain, sig_vapid_sign (plain, "https://push.example.org:8443", NOW_S));
  JsonObject *claims = json_node_get_object (node);

  g_assert_cmpstr (json_object_get_string_member (claims, "aud"), ==, "https://push.example.org");
  g_assert_cmpint (json_object_get_int_member (claims, "exp"), ==, NOW_S + SIG_VAPID_TTL_S);
  g_assert_cmpstr (json_object_get_string_member (claims, "sub"), ==, "mailto:ops@example.org");
  g_assert_false (json_object_has_member (json_node_get_object (bare), "sub"));
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (bare), "aud"), ==, "https://push.example.org:8443");
}

/* a token is made once for a push service, and anew when half of its time is over or the clock was set back */
static void
test_kept (void)
{
  g_autoptr (SigVapid) vapid = make (NULL);
  g_autofree char *first = g_strdup (sig_vapid_sign (vapid, "https://a", NOW_S));
  g_autofree char *other = g_strdup (sig_vapid_sign (vapid, "https://b", NOW_S));
  g_autofree char *again = g_strdup (sig_vapid_sign (vapid, "https://a", NOW_S + SIG_VAPID_TTL_S / 2 - 1));
  g_autofree char *later = g_strdup (sig_vapid_sign (vapid, "https://a", NOW_S + SIG_VAPID_TTL_S / 2));
  g_autofree char *back = g_strdup (sig_vapid_sign (vapid, "https://a", NOW_S - SIG_VAPID_TTL_S));

  g_assert_cmpstr (first, !=, other);
  g_assert_cmpstr (first, ==, again);
  g_assert_cmpstr (first, !=, later);
  g_assert_cmpstr (later, !=, back);
  for (unsigned i = 0; i < 1000; i++)
    {
      g_autofree char *origin = g_strdup_printf ("https://%u", i);

      g_assert_nonnull (sig_vapid_sign (vapid, origin, NOW_S));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/vapid/rfc8292", test_rfc8292);
  g_test_add_func ("/signaling/vapid/claims", test_claims);
  g_test_add_func ("/signaling/vapid/kept", test_kept);
  return g_test_run ();
}
