/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/dialect.h"

static void
test_expand (void)
{
  static const struct {
    const char *script, *sqlite, *postgres;
  } rows[] = {
    { "", "", "" },
    { "SELECT 1", "SELECT 1", "SELECT 1" },
    { "a {text}, b {blob}", "a TEXT, b BLOB", "a TEXT COLLATE \"C\", b BYTEA" },
    { "(x) {clustered};", "(x) WITHOUT ROWID;", "(x) ;" },
    { "{sqlite:one}{postgres:two}", "one", "two" },
    { "a{postgres:b '{c,{d}}' {text}}e", "ae", "ab '{c,{d}}' {text}e" },
    { "{sqlite:}{postgres:}", "", "" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *sqlite = msg_dialect_expand (MSG_DIALECT_SQLITE, rows[i].script);
      g_autofree char *postgres = msg_dialect_expand (MSG_DIALECT_POSTGRES, rows[i].script);

      g_assert_cmpstr (sqlite, ==, rows[i].sqlite);
      g_assert_cmpstr (postgres, ==, rows[i].postgres);
    }
}

static const char *const mistakes[] = { "a {texts}", "a {tex}", "a {}", "a {text", "a {sqlite:{}", "a {oracle:b}" };

static void
test_mistake (gconstpointer data)
{
  if (g_test_subprocess ())
    {
      g_autofree char *never = msg_dialect_expand (MSG_DIALECT_SQLITE, data);

      g_test_message ("%s", never);
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*placeholder*");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messaging/dialect/expand", test_expand);
  for (unsigned i = 0; i < G_N_ELEMENTS (mistakes); i++)
    {
      g_autofree char *path = g_strdup_printf ("/messaging/dialect/mistake/%u", i);

      g_test_add_data_func (path, mistakes[i], test_mistake);
    }
  return g_test_run ();
}
