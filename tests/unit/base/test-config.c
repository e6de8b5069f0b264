/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"

static const AlConfigKey table[] = {
  { "house", "name", AL_CONFIG_STRING, "lamp", 0, 0, NULL, "A name." },
  { "house", "store", AL_CONFIG_STRING, "", 0, 0, "sqlite:|file:", "A store." },
  { "house", "lit", AL_CONFIG_BOOL, "true", 0, 0, NULL, "A switch." },
  { "house", "rooms", AL_CONFIG_INT, "3", -2, 12, NULL, "A number." },
  { "house", "big", AL_CONFIG_INT, "0", INT64_MIN, INT64_MAX, NULL, "Any number." },
  { "house", "colour", AL_CONFIG_ENUM, "red", 0, 0, "red|green|blue", "A word." },
  { "door", "names", AL_CONFIG_LIST, "", 0, 0, NULL, "Names." },
  { "door", "listen", AL_CONFIG_ADDRESS, "", 0, 0, NULL, "An address." },
  { "door", "listen_all", AL_CONFIG_ADDRESSES, "127.0.0.1:80;[::1]:80", 0, 0, NULL, "Addresses." },
  { "door", "friends", AL_CONFIG_NETS, "10.0.0.0/8", 0, 0, NULL, "Networks." },
  { "door", "key", AL_CONFIG_SECRET, "", 8, 12, NULL, "A secret." },
  { "door", "keys", AL_CONFIG_SECRETS, "", 8, 0, NULL, "Secrets." },
  { NULL }
};

static AlConfig *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  AlConfig *config = al_config_parse (text, strlen (text), "test.conf", table, &error);

  g_assert_no_error (error);
  return config;
}

static void
assert_list (const char *const *list, const char *expect)
{
  g_autofree char *joined = g_strjoinv ("|", (char **) list);

  g_assert_cmpstr (joined, ==, expect);
}

static void
test_defaults (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AlConfig) config = al_config_load (NULL, table, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (al_config_get_string (config, "house", "name"), ==, "lamp");
  g_assert_cmpstr (al_config_get_string (config, "house", "store"), ==, "");
  g_assert_cmpstr (al_config_get_string (config, "house", "colour"), ==, "red");
  g_assert_cmpstr (al_config_get_string (config, "door", "listen"), ==, "");
  g_assert_cmpstr (al_config_get_string (config, "door", "key"), ==, "");
  g_assert_true (al_config_get_bool (config, "house", "lit"));
  g_assert_cmpint (al_config_get_int (config, "house", "rooms"), ==, 3);
  assert_list (al_config_get_list (config, "door", "names"), "");
  assert_list (al_config_get_list (config, "door", "listen_all"), "127.0.0.1:80|[::1]:80");
  g_assert_false (al_config_is_set (config, "house", "name"));
}

static void
test_values (void)
{
  g_autoptr (AlConfig) config = parse ("# a comment\n"
                                       "\n"
                                       "   # another\r\n"
                                       "[house]\r\n"
                                       "  name = a light\\shouse \\\\ \\ttab=\\n\\r\\s  \r\n"
                                       "store=sqlite:x#y\n"
                                       "lit=false\n"
                                       "rooms=-2\n"
                                       "big=-9223372036854775808\n"
                                       "colour=blue\n"
                                       "[door] \n"
                                       "names= a ; b\\;c;\\s;d\\\\;\n"
                                       "listen=[::1]:0\n"
                                       "listen_all=*:80\n"
                                       "friends=192.0.2.7;2001:db8::/32\n"
                                       "key=12345678\n"
                                       "keys=abcdefgh;ijklmnopqrst");

  g_assert_cmpstr (al_config_get_string (config, "house", "name"), ==, "a light house \\ \ttab=\n\r ");
  g_assert_cmpstr (al_config_get_string (config, "house", "store"), ==, "sqlite:x#y");
  g_assert_false (al_config_get_bool (config, "house", "lit"));
  g_assert_cmpint (al_config_get_int (config, "house", "rooms"), ==, -2);
  g_assert_cmpint (al_config_get_int (config, "house", "big"), ==, INT64_MIN);
  g_assert_cmpstr (al_config_get_string (config, "house", "colour"), ==, "blue");
  assert_list (al_config_get_list (config, "door", "names"), "a|b;c| |d\\");
  g_assert_cmpstr (al_config_get_string (config, "door", "listen"), ==, "[::1]:0");
  assert_list (al_config_get_list (config, "door", "listen_all"), "*:80");
  assert_list (al_config_get_list (config, "door", "friends"), "192.0.2.7|2001:db8::/32");
  g_assert_cmpstr (al_config_get_string (config, "door", "key"), ==, "12345678");
  assert_list (al_config_get_list (config, "door", "keys"), "abcdefgh|ijklmnopqrst");
  g_assert_true (al_config_is_set (config, "house", "name"));
}

/* an empty value is a value */
static void
test_empty (void)
{
  g_autoptr (AlConfig) config = parse ("[house]\nname=\n[door]\nlisten_all=\nfriends =\nkey=\n");

  g_assert_cmpstr (al_config_get_string (config, "house", "name"), ==, "");
  assert_list (al_config_get_list (config, "door", "listen_all"), "");
  g_assert_true (al_config_is_set (config, "door", "key"));
}

/* the same text means the same to GKeyFile (which keeps white space at the end of a value) */
static void
test_keyfile (void)
{
  static const char *const lines[] = { "plain", "  spaces  before", "\\sone\\s", "a\\tb\\nc\\rd\\\\e", "x=y", "#no", "" };

  for (unsigned i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autofree char *text = g_strdup_printf ("[house]\nname=%s\n", lines[i]);
      g_autoptr (GKeyFile) file = g_key_file_new ();
      g_autoptr (AlConfig) config = parse (text);
      g_autofree char *value = NULL;

      g_assert_true (g_key_file_load_from_data (file, text, strlen (text), G_KEY_FILE_NONE, NULL));
      value = g_key_file_get_string (file, "house", "name", NULL);
      g_assert_cmpstr (al_config_get_string (config, "house", "name"), ==, value);
    }
}

static const struct {
  const char *name, *text;
  AlConfigError code;
  const char *message;
} bad[] = {
  { "outside", "name=x\n", AL_CONFIG_ERROR_SYNTAX, "test.conf:1: a key outside any section; expected [section] first" },
  { "no-equals", "[house]\n\nname\n", AL_CONFIG_ERROR_SYNTAX,
    "test.conf:3: expected [section], key=value or a # comment" },
  { "no-bracket", "[house\nname=x\n", AL_CONFIG_ERROR_SYNTAX, "test.conf:1: a section header ends with \"]\"" },
  { "section-unknown", "[hose]\n", AL_CONFIG_ERROR_UNKNOWN, "test.conf:1: no section hose, did you mean [house]?" },
  { "section-far", "[garden]\n", AL_CONFIG_ERROR_UNKNOWN, "test.conf:1: no section garden; there are [house], [door]" },
  { "section-empty", "[]\n", AL_CONFIG_ERROR_UNKNOWN, "test.conf:1: no section of this name; there are [house], [door]" },
  { "section-space", "[ house ]\n", AL_CONFIG_ERROR_UNKNOWN,
    "test.conf:1: no section of this name, did you mean [house]?" },
  { "section-twice", "[house]\n[door]\n[house]\n", AL_CONFIG_ERROR_DUPLICATE,
    "test.conf:3: section [house] was opened before, in line 1" },
  { "section-comment", "[house] # mine\n", AL_CONFIG_ERROR_SYNTAX, "test.conf:1: a section header ends with \"]\"" },
  { "key-unknown", "[house]\nroms=4\n", AL_CONFIG_ERROR_UNKNOWN,
    "test.conf:2: [house] has no key roms, did you mean rooms?" },
  { "key-case", "[house]\nName=x\n", AL_CONFIG_ERROR_UNKNOWN,
    "test.conf:2: [house] has no key of this name, did you mean name?" },
  { "key-far", "[house]\nchimney=x\n", AL_CONFIG_ERROR_UNKNOWN, "test.conf:2: [house] has no key chimney" },
  { "key-elsewhere", "[house]\nlisten=:80\n", AL_CONFIG_ERROR_UNKNOWN,
    "test.conf:2: [house] has no key listen, it belongs to [door]" },
  { "key-empty", "[house]\n=x\n", AL_CONFIG_ERROR_UNKNOWN, "test.conf:2: [house] has no key of this name" },
  { "key-locale", "[house]\nname[de]=x\n", AL_CONFIG_ERROR_UNKNOWN, "test.conf:2: [house] has no key of this name" },
  { "key-twice", "[house]\nname=x\nlit=true\nname=x\n", AL_CONFIG_ERROR_DUPLICATE,
    "test.conf:4: [house] name was set before, in line 2" },
  { "utf8", "[house]\nname=caf\xe9\n", AL_CONFIG_ERROR_SYNTAX, "test.conf:2: the line is not UTF-8" },
  { "utf8-comment", "# caf\xe9\n", AL_CONFIG_ERROR_SYNTAX, "test.conf:1: the line is not UTF-8" },
  { "bom", "\xef\xbb\xbf[house]\n", AL_CONFIG_ERROR_SYNTAX, "test.conf:1: expected [section], key=value or a # comment" },
  { "escape", "[house]\nname=a\\xb\n", AL_CONFIG_ERROR_VALUE,
    "test.conf:2: [house] name: a backslash must be followed by one of s n t r \\; expected a text" },
  { "escape-end", "[house]\nname=a\\\n", AL_CONFIG_ERROR_VALUE,
    "test.conf:2: [house] name: a backslash must be followed by one of s n t r \\; expected a text" },
  { "escape-semicolon", "[house]\nname=a\\;b\n", AL_CONFIG_ERROR_VALUE,
    "test.conf:2: [house] name: a backslash must be followed by one of s n t r \\; expected a text" },
  { "prefix", "[house]\nstore=mysql:x\n", AL_CONFIG_ERROR_VALUE,
    "test.conf:2: [house] store: \"mysql:x\" does not do; expected a text that begins with one of: sqlite:, file:" },
  { "bool-yes", "[house]\nlit=yes\n", AL_CONFIG_ERROR_VALUE,
    "test.conf:2: [house] lit: \"yes\" does not do; expected true or false" },
  { "bool-case", "[house]\nlit=True\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "bool-1", "[house]\nlit=1\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "bool-empty", "[house]\nlit=\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "bool-comment", "[house]\nlit=true # no\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "int-high", "[house]\nrooms=13\n", AL_CONFIG_ERROR_VALUE,
    "test.conf:2: [house] rooms: \"13\" does not do; expected an integer from -2 to 12" },
  { "int-low", "[house]\nrooms=-3\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "int-empty", "[house]\nrooms=\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "int-unit", "[house]\nrooms=3k\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "int-plus", "[house]\nrooms=+3\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "int-hex", "[house]\nrooms=0x3\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "int-float", "[house]\nrooms=3.0\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "int-space", "[house]\nrooms=\\s3\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "int-overflow", "[house]\nbig=9223372036854775808\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "int-wrap", "[house]\nrooms=18446744073709551619\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "enum-near", "[house]\ncolour=gren\n", AL_CONFIG_ERROR_VALUE,
    "test.conf:2: [house] colour: \"gren\" is not known, did you mean \"green\"; expected one of: red, green, blue" },
  { "enum-far", "[house]\ncolour=mauve\n", AL_CONFIG_ERROR_VALUE,
    "test.conf:2: [house] colour: \"mauve\" does not do; expected one of: red, green, blue" },
  { "enum-empty", "[house]\ncolour=\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "enum-bar", "[house]\ncolour=red|green\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "list-hole", "[door]\nnames=a;;b\n", AL_CONFIG_ERROR_VALUE,
    "test.conf:2: [door] names: element 2 of the list is empty; expected texts separated by \";\"" },
  { "list-first", "[door]\nnames=;a\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "list-escape", "[door]\nnames=a;b\\,c\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "address-name", "[door]\nlisten=localhost:80\n", AL_CONFIG_ERROR_VALUE,
    "test.conf:2: [door] listen: \"localhost:80\" does not do; expected an address and port such as 127.0.0.1:8080 or "
    "[::1]:8080, or nothing for off" },
  { "address-port", "[door]\nlisten=127.0.0.1\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "address-port-6", "[door]\nlisten=::0\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "address-high", "[door]\nlisten=127.0.0.1:65536\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "address-two", "[door]\nlisten=127.0.0.1:80;127.0.0.1:81\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "addresses", "[door]\nlisten_all=127.0.0.1:80;300.0.0.1:81\n", AL_CONFIG_ERROR_VALUE,
    "test.conf:2: [door] listen_all: \"300.0.0.1:81\" does not do; expected addresses and ports such as 127.0.0.1:8080 "
    "or [::1]:8080, separated by \";\"" },
  { "nets", "[door]\nfriends=10.0.0.1/8\n", AL_CONFIG_ERROR_VALUE,
    "test.conf:2: [door] friends: \"10.0.0.1/8\" does not do; expected networks such as 10.0.0.0/8 or 2001:db8::/32, "
    "separated by \";\"" },
  { "nets-comma", "[door]\nfriends=10.0.0.0/8,127.0.0.1\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "secret-short", "[door]\nkey=hunter2\n", AL_CONFIG_ERROR_VALUE,
    "test.conf:2: [door] key: the secret has 7 bytes; expected a secret of at least 8 bytes" },
  { "secret-long", "[door]\nkey=hunter2hunter2\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "secret-escape", "[door]\nkey=hunter2hun\\q\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "secrets-short", "[door]\nkeys=hunter2hunter2;hunter2\n", AL_CONFIG_ERROR_VALUE,
    "test.conf:2: [door] keys: the secret has 7 bytes; expected secrets of at least 8 bytes each, separated by \";\"" },
  { "secrets-hole", "[door]\nkeys=hunter2hunter2;;\n", AL_CONFIG_ERROR_VALUE, NULL },
  { "secret-twice", "[door]\nkey=hunter2hun\nkey=hunter2hun\n", AL_CONFIG_ERROR_DUPLICATE, NULL },
  { "secret-wrapped", "[door]\nkey=hunter2hun\nHunter2hunter2=\n", AL_CONFIG_ERROR_UNKNOWN, NULL },
  { "secret-line", "[door]\nkey\nhunter2\n", AL_CONFIG_ERROR_SYNTAX, NULL },
};

static void
test_bad (gconstpointer data)
{
  size_t i = GPOINTER_TO_SIZE (data);
  g_autoptr (GError) error = NULL;
  AlConfig *config = al_config_parse (bad[i].text, strlen (bad[i].text), "test.conf", table, &error);

  g_assert_null (config);
  g_assert_error (error, AL_CONFIG_ERROR, (int) bad[i].code);
  g_test_message ("%s", error->message);
  if (bad[i].message != NULL)
    g_assert_cmpstr (error->message, ==, bad[i].message);
  g_assert_true (g_str_has_prefix (error->message, "test.conf:"));
  g_assert_null (strstr (error->message, "unter2")); /* no secret of the cases above */
}

static void
assert_fails (const char *text, size_t len, AlConfigError code, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (al_config_parse (text, len, "test.conf", table, &error));
  g_assert_error (error, AL_CONFIG_ERROR, (int) code);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_limits (void)
{
  static const char nul[] = "[house]\nname=a\0b\n";
  g_autofree char *line = g_strnfill (AL_CONFIG_MAX_LINE + 1, 'x');
  g_autofree char *file = g_strnfill (AL_CONFIG_MAX_FILE + 1, '\n');
  g_autofree char *near = NULL;
  g_autoptr (AlConfig) config = NULL;

  assert_fails (nul, sizeof nul - 1, AL_CONFIG_ERROR_SYNTAX, "test.conf:2: the line holds a NUL byte");
  memcpy (line, "#", 1);
  assert_fails (line, AL_CONFIG_MAX_LINE + 1, AL_CONFIG_ERROR_SYNTAX,
                "test.conf:1: the line is longer than 65536 bytes");
  config = al_config_parse (line, AL_CONFIG_MAX_LINE, "test.conf", table, NULL);
  g_assert_nonnull (config);
  assert_fails (file, AL_CONFIG_MAX_FILE + 1, AL_CONFIG_ERROR_FILE, "test.conf: longer than 1048576 bytes");
  g_clear_pointer (&config, al_config_free);
  config = al_config_parse (file, AL_CONFIG_MAX_FILE, "test.conf", table, NULL);
  g_assert_nonnull (config);

  memset (line, 'k', AL_CONFIG_MAX_LINE);
  line[AL_CONFIG_MAX_LINE - 1] = '=';
  near = g_strconcat ("[house]\n", line, NULL);
  near[8 + AL_CONFIG_MAX_LINE] = '\0';
  assert_fails (near, strlen (near), AL_CONFIG_ERROR_UNKNOWN, "test.conf:2: [house] has no key of this name");
}

static void
test_file (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL, *expect = NULL;
  int fd = g_file_open_tmp ("aldis-XXXXXX.conf", &path, &error);
  g_autoptr (AlConfig) config = NULL;

  g_assert_no_error (error);
  g_assert_cmpint (write (fd, "[house]\nname=sea\n", 17), ==, 17);
  config = al_config_load (path, table, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (al_config_get_string (config, "house", "name"), ==, "sea");

  g_assert_cmpint (write (fd, "lit=no\n", 7), ==, 7);
  g_assert_null (al_config_load (path, table, &error));
  expect = g_strdup_printf ("%s:3: [house] lit: \"no\" does not do; expected true or false", path);
  g_assert_cmpstr (error->message, ==, expect);
  g_clear_error (&error);

  g_assert_cmpint (ftruncate (fd, AL_CONFIG_MAX_FILE + 1), ==, 0);
  g_assert_null (al_config_load (path, table, &error));
  g_assert_error (error, AL_CONFIG_ERROR, AL_CONFIG_ERROR_FILE);
  g_clear_error (&error);
  g_assert_cmpint (close (fd), ==, 0);
  g_assert_cmpint (g_unlink (path), ==, 0);

  g_assert_null (al_config_load (path, table, &error));
  g_assert_error (error, AL_CONFIG_ERROR, AL_CONFIG_ERROR_FILE);
  g_clear_error (&error);
  g_assert_null (al_config_load ("/", table, &error)); /* a folder */
  g_assert_error (error, AL_CONFIG_ERROR, AL_CONFIG_ERROR_FILE);
}

static void
test_endless_file (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (al_config_load ("/dev/zero", table, &error));
  g_assert_error (error, AL_CONFIG_ERROR, AL_CONFIG_ERROR_FILE);
}

/* a getter with a wrong name or type is a mistake in the program */
static void
test_getter_asserts (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (AlConfig) config = parse ("");

      (void) al_config_get_bool (config, "house", "rooms");
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*rooms is read as a type that it does not have*");
}

/* The table itself: sections in one block each, names once, a sentence, a fallback that parses. */
static void
test_keys (void)
{
  const AlConfigKey *keys = al_config_keys ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) sections = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (AlConfig) config = NULL;
  g_autoptr (GError) error = NULL;

  for (unsigned i = 0; keys[i].section != NULL; i++)
    {
      g_assert_true (g_hash_table_add (seen, g_strconcat (keys[i].section, ".", keys[i].name, NULL)));
      g_assert_true (g_str_has_suffix (keys[i].about, "."));
      if (i == 0 || !g_str_equal (keys[i].section, keys[i - 1].section))
        g_assert_true (g_hash_table_add (sections, (char *) keys[i].section));
    }
  config = al_config_load (NULL, keys, &error);
  g_assert_no_error (error);
}

/* configs/aldis.conf holds every key, commented out with its default, in the order of the table */
static void
test_reference (void)
{
  const AlConfigKey *key = al_config_keys ();
  g_autoptr (GString) bare = g_string_new (NULL);
  g_autoptr (AlConfig) plain = NULL, config = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) lines = NULL;
  g_autofree char *text = NULL;
  bool explained = false;
  gsize len;

  plain = al_config_load (ALDIS_CONF, key, &error); /* as it is shipped */
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (ALDIS_CONF, &text, &len, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (unsigned i = 0; lines[i] != NULL; i++)
    {
      const char *line = lines[i];

      if (g_str_has_prefix (line, "[") || (line[0] == '#' && g_ascii_islower (line[1])))
        {
          g_string_append_printf (bare, "%s\n", line + (line[0] == '#'));
          if (line[0] == '[')
            continue;
          g_autofree char *expect = g_strdup_printf ("#%s=%s", key->name, key->fallback);
          g_assert_cmpstr (line, ==, expect);
          g_assert_true (explained);
          key++;
          continue;
        }
      g_assert_true (*line == '\0' || g_str_equal (line, "#") || g_str_has_prefix (line, "# "));
      explained = *line != '\0';
      g_assert_cmpuint (strlen (line), <=, 120);
    }
  g_assert_null (key->section);
  config = al_config_parse (bare->str, bare->len, "aldis.conf", al_config_keys (), &error);
  g_assert_no_error (error);
  for (key = al_config_keys (); key->section != NULL; key++)
    g_assert_true (al_config_is_set (config, key->section, key->name));
}

static void
test_help (void)
{
  g_autoptr (GString) out = g_string_new (NULL);

  al_config_write_help (table, out);
  g_assert_nonnull (strstr (out->str, "[house]\nname=lamp\n    A name.\n    Expects a text.\n"));
  g_assert_nonnull (strstr (out->str, "\n\n[door]\nnames=\n    Names.\n    Expects texts separated by \";\".\n"));
  g_assert_nonnull (strstr (out->str, "colour=red\n    A word.\n    Expects one of: red, green, blue.\n"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/config/defaults", test_defaults);
  g_test_add_func ("/base/config/values", test_values);
  g_test_add_func ("/base/config/empty", test_empty);
  g_test_add_func ("/base/config/keyfile", test_keyfile);
  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = g_strconcat ("/base/config/bad/", bad[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_bad);
    }
  g_test_add_func ("/base/config/limits", test_limits);
  g_test_add_func ("/base/config/file", test_file);
  g_test_add_func ("/base/config/endless-file", test_endless_file);
  g_test_add_func ("/base/config/getter-asserts", test_getter_asserts);
  g_test_add_func ("/base/config/keys", test_keys);
  g_test_add_func ("/base/config/reference", test_reference);
  g_test_add_func ("/base/config/help", test_help);
  return g_test_run ();
}
