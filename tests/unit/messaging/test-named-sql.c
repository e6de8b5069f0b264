/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/named-sql.h"

static void
test_translate (void)
{
  static const struct {
    const char *sql, *text;
    const char *names; /* joined by spaces */
  } rows[] = {
    { "SELECT 1", "SELECT 1", "" },
    { "SELECT :a, :b", "SELECT $1, $2", ":a :b" },
    { "WHERE x = :x AND y < :x", "WHERE x = $1 AND y < $1", ":x" },
    { ":a:ab:a", "$1$2$1", ":a :ab" },
    { "(:user_id,:now_ms)", "($1,$2)", ":user_id :now_ms" },
    { "SELECT ':a', 'it''s :b', :c", "SELECT ':a', 'it''s :b', $1", ":c" },
    { "SELECT \":a\", :c", "SELECT \":a\", $1", ":c" },
    { "SELECT :a::text", "SELECT $1::text", ":a" },
    { "SELECT 1 -- :a\n, :b", "SELECT 1 -- :a\n, $1", ":b" },
    { "SELECT /* :a */ :b", "SELECT /* :a */ $1", ":b" },
    { "SELECT x[1:2], :3", "SELECT x[1:2], :3", "" },
    { "SELECT :", "SELECT :", "" },
    { "SELECT ':a", "SELECT ':a", "" },
    { "/* :a", "/* :a", "" },
    { "-- :a", "-- :a", "" },
    { "", "", "" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      MsgNamedSql named;
      g_autofree char *names = NULL;

      msg_named_sql_init (&named, rows[i].sql);
      names = g_strjoinv (" ", named.names);
      g_assert_cmpstr (named.text, ==, rows[i].text);
      g_assert_cmpstr (names, ==, rows[i].names);
      g_assert_cmpuint (named.n, ==, g_strv_length (named.names));
      for (unsigned j = 0; j < named.n; j++)
        g_assert_cmpint (msg_named_sql_find (&named, named.names[j]), ==, (int) j);
      g_assert_cmpint (msg_named_sql_find (&named, ":none"), ==, -1);
      msg_named_sql_clear (&named);
    }
}

/* Ten and more: no number is a prefix of another's name. */
static void
test_many (void)
{
  GString *sql = g_string_new (NULL);
  MsgNamedSql named;

  for (int i = 0; i < 40; i++)
    g_string_append_printf (sql, " :p%d :p1", i);
  msg_named_sql_init (&named, sql->str);
  g_assert_cmpuint (named.n, ==, 40);
  g_assert_nonnull (g_strstr_len (named.text, -1, " $40 $2"));
  msg_named_sql_clear (&named);
  g_string_free (sql, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messaging/named-sql/translate", test_translate);
  g_test_add_func ("/messaging/named-sql/many", test_many);
  return g_test_run ();
}
