/* SPDX-License-Identifier: Apache-2.0 */
#include <glib/gstdio.h>
#include <string.h>

#include "signaling/core-options.h"

static AlConfig *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  AlConfig *config = al_config_parse (text, strlen (text), "test", al_config_keys (), &error);

  g_assert_no_error (error);
  return config;
}

static void
test_database (void)
{
  static const struct {
    const char *in, *out;
  } rows[] = {
    { "sqlite:aldis.db", "sqlite:/data/aldis.db" },
    { "sqlite:sub/aldis.db", "sqlite:/data/sub/aldis.db" },
    { "sqlite:/else/where.db", "sqlite:/else/where.db" },
    { "plain.db", "sqlite:/data/plain.db" },
    { "postgresql://db.example.org/aldis", "postgresql://db.example.org/aldis" },
    { "postgresql:///aldis?host=/run/postgresql", "postgresql:///aldis?host=/run/postgresql" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *database = sig_core_options_database (rows[i].in, "/data");

      g_assert_cmpstr (database, ==, rows[i].out);
    }
}

static void
test_values (void)
{
  g_autoptr (AlConfig) config = parse ("[server]\ndata_dir = /data\n[signaling]\nallow_registration = false\n"
                                       "jwt_secret = 0123456789abcdef0123456789abcdef\njwt_issuer = shop\n"
                                       "[messaging]\nlogin_rate_user = 6\nlogin_rate_address = 0\n"
                                       "registration_rate_address = 60\n");
  g_autoptr (SigCoreOptions) options = sig_core_options_new (config, NULL, NULL);
  const MsgCoreOptions *core = sig_core_options_get (options);

  g_assert_cmpstr (core->database, ==, "sqlite:/data/aldis.db");
  g_assert_false (core->allow_registration);
  g_assert_cmpstr (core->jwt_secret, ==, "0123456789abcdef0123456789abcdef");
  g_assert_cmpstr (core->jwt_issuer, ==, "shop");
  g_assert_null (core->jwt_audience);
  g_assert_null (core->jwt_public_key);
  g_assert_cmpuint (core->login_per_name.burst, ==, 6);
  g_assert_cmpuint (core->login_per_name.period_ms, ==, 10000);
  g_assert_cmpuint (core->login_per_address.burst, ==, 0);
  g_assert_cmpuint (core->registration_per_address.period_ms, ==, 60000);
}

static void
test_public_key (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *dir = g_dir_make_tmp ("aldis-options-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (dir, "key.pem", NULL);
  g_autofree char *text = g_strdup_printf ("[signaling]\njwt_public_key = %s\n", file);
  g_autoptr (AlConfig) config = parse (text);
  g_autoptr (SigCoreOptions) none = sig_core_options_new (config, NULL, &error);
  g_autoptr (SigCoreOptions) options = NULL;

  g_assert_null (none);
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_nonnull (strstr (error->message, "jwt_public_key"));
  g_assert_true (g_file_set_contents (file, "a key", -1, NULL));
  options = sig_core_options_new (config, NULL, NULL);
  g_assert_cmpstr (sig_core_options_get (options)->jwt_public_key, ==, "a key");
  g_assert_cmpint (g_unlink (file), ==, 0);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/core-options/database", test_database);
  g_test_add_func ("/signaling/core-options/values", test_values);
  g_test_add_func ("/signaling/core-options/public-key", test_public_key);
  return g_test_run ();
}
