/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include "messaging/import-parse.h"

/* "password" */
#define HASH "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"

/* --- The parser --- */

/* Each record as "line:username|displayName|password|passwordHash" or "line!problem". */
static char *
parse (const char *text)
{
  GString *out = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (MsgImportReader) reader = msg_import_reader_new (text, strlen (text), &error);
  MsgImportRecord record;
  char *problem;

  if (reader == NULL)
    {
      g_assert_error (error, MSG_ERROR, MSG_ERROR_INVALID);
      return g_string_free (g_string_append (out, "refused"), FALSE);
    }
  while (msg_import_reader_next (reader, &record, &problem))
    {
      if (problem != NULL)
        g_string_append_printf (out, "%u!;", record.line);
      else
        g_string_append_printf (out, "%u:%s|%s|%s|%s;", record.line, record.username ?: "", record.display_name ?: "",
                                record.password ?: "", record.password_hash ?: "");
      msg_import_record_clear (&record);
      g_free (problem);
    }
  return g_string_free (out, FALSE);
}

static void
test_parse (void)
{
  static const struct {
    const char *in, *out;
  } cases[] = {
    { "username,password\nann,secret12\nbob,secret34\n", "2:ann||secret12|;3:bob||secret34|;" },
    { "username,password\r\nann,secret12\r\n\r\nbob,secret34", "2:ann||secret12|;4:bob||secret34|;" },
    { "\357\273\277password,team,username,displayName\nx,red,ann,\"Ann, B. \"\"A\"\"\"\n", "2:ann|Ann, B. \"A\"|x|;" },
    { "username,passwordHash\nann,$argon2id$x\n", "2:ann|||$argon2id$x;" },
    { "username,password\n\"two\nlines\",x\nbob,y\n", "2:two\nlines||x|;4:bob||y|;" },
    { "username,password\nann\nbob,y,z\ncarl,w\n", "2!;3!;4:carl||w|;" },
    { "username,password\n\"ann\"x,y\nbob,z\n", "2!;3:bob||z|;" },
    { "username,password\nan\"n,y\nbob,z\n", "2!;3:bob||z|;" },
    { "username,password\n\"ann,y\nbob,z\n", "2!;" },
    { "username,password\nann,\n", "2:ann|||;" },
    { "username,password\n", "" },
    { "username,password", "" },
    { "", "refused" },
    { "ann,secret12\n", "refused" },
    { "username\nann\n", "refused" },
    { "username,password,username\n", "refused" },
    { "username,displayName\n", "refused" },
    { "\"username,password\n", "refused" },
    { "{\"username\":\"ann\",\"password\":\"x\"}\n"
      "{\"username\":\"bob\",\"displayName\":\"B\",\"passwordHash\":\"h\",\"x\":1}",
      "1:ann||x|;2:bob|B||h;" },
    { "\n\n{\"username\":\"ann\"}\n{\"username\":7}\n[]\n{\n{\"username\":null}\n", "3:ann|||;4!;5!;6!;7:|||;" },
    { "{\"username\":\"a\\u0000b\"}\n", "1!;" },
    { "{\"username\":\"a\",\"username\":\"b\"}\n", "1!;" },
    { "username,password\n\xff,y\n", "refused" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *out = parse (cases[i].in);

      g_assert_cmpstr (out, ==, cases[i].out);
    }
}

static void
test_parse_bounds (void)
{
  g_autofree char *name = g_strnfill (100000, 'a');
  g_autofree char *csv = g_strdup_printf ("username,password\n%s,secret12\nbob,secret34\n", name);
  g_autofree char *json = g_strdup_printf ("{\"username\":\"%s\"}\n{\"username\":\"bob\"}\n", name);
  g_autofree char *many = g_strnfill (40, ',');
  g_autofree char *wide = g_strconcat ("username,password", many, "\n", NULL);
  g_autofree char *csv_out = parse (csv);
  g_autofree char *json_out = parse (json);
  g_autofree char *wide_out = parse (wide);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (csv_out, ==, "2!;3:bob||secret34|;");
  g_assert_cmpstr (json_out, ==, "1!;2:bob|||;");
  g_assert_cmpstr (wide_out, ==, "refused");
  g_assert_null (msg_import_reader_new ("user\0name", 9, &error));
  g_assert_error (error, MSG_ERROR, MSG_ERROR_INVALID);
}

/* --- The import --- */

typedef Bench Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  bench_init (f);
  bench_open (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  bench_clear (f);
}

static void
problem_free (gpointer data)
{
  g_free (((MsgImportProblem *) data)->message);
  g_free (data);
}

static void
on_report (const MsgImportReport *report, const GError *error, gpointer data)
{
  Answer *answer = data;

  answer_take (answer, error);
  if (report == NULL)
    return;
  answer->report = *report;
  answer->problems = g_ptr_array_new_with_free_func (problem_free);
  for (unsigned i = 0; i < report->problems->len; i++)
    {
      const MsgImportProblem *problem = report->problems->pdata[i];
      MsgImportProblem *copy = g_new (MsgImportProblem, 1);

      *copy = (MsgImportProblem){ problem->line, g_strdup (problem->message) };
      g_ptr_array_add (answer->problems, copy);
    }
}

static void
import (Fixture *f, const char *text, Answer *answer)
{
  msg_account_import (f->core, text, strlen (text), on_report, answer);
  bench_wait (f, answer);
}

static void
test_import (Fixture *f, gconstpointer data)
{
  static const char text[] = "username,displayName,password,passwordHash\n"
                             "ann,Ann B.,correct horse,\n"
                             "bob,,," "\"" HASH "\"" "\n"
                             "x,,correct horse,\n"
                             "carl,,short,\n"
                             "dora,,correct horse,\"" HASH "\"\n"
                             "emil,,,$argon2id$v=19$m=99999999\n"
                             "ANN,,correct horse,\n"
                             "fred,,,\n"
                             "gina,\"a\nb\",correct horse,\n"
                             "hal,,correct horse,\n";
  static const unsigned lines[] = { 4, 5, 6, 7, 8, 9, 10 };
  g_auto (Answer) report = { 0 }, again = { 0 }, ann = { 0 }, bob = { 0 }, bob2 = { 0 };

  import (f, text, &report);
  g_assert_no_error (report.error);
  g_assert_cmpuint (report.report.created, ==, 3);
  g_assert_cmpuint (report.report.failed, ==, G_N_ELEMENTS (lines));
  g_assert_cmpuint (report.problems->len, ==, G_N_ELEMENTS (lines));
  for (unsigned i = 0; i < G_N_ELEMENTS (lines); i++)
    g_assert_cmpuint (((MsgImportProblem *) report.problems->pdata[i])->line, ==, lines[i]);
  bench_login (f, "ann", "correct horse", 0, 1, &ann);
  g_assert_cmpstr (ann.login->user->display_name, ==, "Ann B.");
  bench_login (f, "bob", "password", 0, 1, &bob);
  g_assert_no_error (bob.error);
  bench_login (f, "bob", "password", 0, 1, &bob2); /* by the hash that the login has made */
  g_assert_no_error (bob2.error);

  import (f, text, &again); /* running it again is harmless */
  g_assert_cmpuint (again.report.created, ==, 0);
  g_assert_cmpuint (again.report.failed, ==, 10);
}

static void
test_import_many (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_auto (Answer) report = { 0 }, page = { 0 };

  for (int i = 0; i < 2000; i++)
    g_string_append_printf (text, "{\"username\":\"user%04d\",\"passwordHash\":\"" HASH "\"}\n", i);
  for (int i = 0; i < 1000; i++)
    g_string_append (text, "garbage\n");
  g_string_append (text, "{\"username\":\"last_one\",\"password\":\"correct horse\"}\n");
  import (f, text->str, &report);
  g_assert_no_error (report.error);
  g_assert_cmpuint (report.report.created, ==, 2001);
  g_assert_cmpuint (report.report.failed, ==, 1000);
  g_assert_cmpuint (report.problems->len, ==, 100);
  g_assert_cmpuint (((MsgImportProblem *) report.problems->pdata[0])->line, ==, 2001);
  msg_account_list (f->core, "user1998", 100, on_users, &page);
  bench_wait (f, &page);
  g_assert_cmpuint (page.list->len, ==, 1);
}

static void
test_import_bad (Fixture *f, gconstpointer data)
{
  g_auto (Answer) refused = { 0 }, nothing = { 0 };

  import (f, "a shopping list", &refused);
  assert_reason (&refused, MSG_ERROR_INVALID, "format");
  import (f, "username,password\n", &nothing);
  g_assert_no_error (nothing.error);
  g_assert_cmpuint (nothing.report.created + nothing.report.failed, ==, 0);
}

/* Closing does not wait for a long import. */
static void
test_import_closing (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new ("username,password\n");
  g_auto (Answer) report = { 0 };

  for (int i = 0; i < 5000; i++)
    g_string_append_printf (text, "user%d,correct horse\n", i);
  msg_account_import (f->core, text->str, text->len, on_report, &report);
  for (int i = 0; i < 5; i++)
    (void) g_main_context_iteration (f->context, TRUE);
  bench_close (f);
  g_assert_cmpuint (report.n, ==, 1);
  assert_reason (&report, MSG_ERROR_UNAVAILABLE, "closing");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, fn) g_test_add ("/messaging/import/" name, Fixture, NULL, set_up, fn, tear_down)
  g_test_add_func ("/messaging/import/parse", test_parse);
  g_test_add_func ("/messaging/import/parse-bounds", test_parse_bounds);
  ADD ("import", test_import);
  ADD ("many", test_import_many);
  ADD ("bad", test_import_bad);
  ADD ("closing", test_import_closing);
  return g_test_run ();
}
