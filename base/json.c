/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 8259 without recursion: one pass, a stack of AL_JSON_MAX_DEPTH entries, a table of member names. */
#include "base/json.h"

#include <math.h>
#include <string.h>

#include "base/json-names.h"
#include "base/utf8.h"

#define MAX_INTEGER ((INT64_C (1) << 53) - 1)

typedef enum { EXPECT_VALUE, EXPECT_VALUE_OR_END, EXPECT_NAME, EXPECT_NAME_OR_END, EXPECT_END_OR_COMMA } Expect;

typedef struct {
  const char *text; /* passed in, not owned */
  size_t len, pos;
  uint32_t stack[AL_JSON_MAX_DEPTH]; /* number of the open object, 0: an array */
  unsigned depth;
  uint32_t n_objects, n_values, max_values;
  Expect expect;
  AlJsonNames names;
  GError **error;
} Check;

G_DEFINE_QUARK (al-json-error-quark, al_json_error)

static bool
fail (Check *check, AlJsonError code, size_t at, const char *what)
{
  g_set_error (check->error, AL_JSON_ERROR, code, "byte %" G_GSIZE_FORMAT ": %s", at, what);
  return false;
}

static bool
fail_here (Check *check, const char *what)
{
  if (check->pos >= check->len)
    what = "the text ends early";
  return fail (check, AL_JSON_ERROR_SYNTAX, check->pos, what);
}

/* Returns: the byte at the cursor, NUL at the end: NUL is part of no token. */
static char
peek (const Check *check)
{
  return check->pos < check->len ? check->text[check->pos] : '\0';
}

static void
skip_space (Check *check)
{
  while (check->pos < check->len && memchr (" \t\n\r", check->text[check->pos], 4) != NULL)
    check->pos++;
}

/* Reads 4 hex digits. */
static bool
read_hex (Check *check, unsigned *ret)
{
  unsigned code = 0;

  for (unsigned i = 0; i < 4; i++, check->pos++)
    {
      int digit = g_ascii_xdigit_value (peek (check));

      if (digit < 0)
        return fail_here (check, "\\u needs four hex digits");
      code = code << 4 | (unsigned) digit;
    }
  *ret = code;
  return true;
}

/* The cursor is behind the backslash. */
static bool
read_escape (Check *check)
{
  size_t start = check->pos - 1;
  unsigned code, low;
  char c = peek (check);

  if (c == '\0' || strchr ("\"\\/bfnrtu", c) == NULL)
    return fail_here (check, "no such escape");
  check->pos++;
  if (c != 'u')
    return true;
  if (!read_hex (check, &code))
    return false;
  if (code == 0)
    return fail (check, AL_JSON_ERROR_TEXT, start, "NUL in a string");
  if (code < 0xd800 || code > 0xdfff)
    return true;
  if (code > 0xdbff || check->len - check->pos < 6 || memcmp (check->text + check->pos, "\\u", 2) != 0)
    return fail (check, AL_JSON_ERROR_TEXT, start, "half a surrogate pair");
  check->pos += 2;
  if (!read_hex (check, &low))
    return false;
  if (low < 0xdc00 || low > 0xdfff)
    return fail (check, AL_JSON_ERROR_TEXT, start, "half a surrogate pair");
  return true;
}

/* The cursor is on the opening quote; afterwards behind the closing one. */
static bool
read_string (Check *check, bool *ret_escaped)
{
  bool escaped = false;

  for (check->pos++; peek (check) != '"';)
    {
      if (check->pos >= check->len)
        return fail_here (check, "");
      if ((uint8_t) check->text[check->pos] < 0x20)
        return fail (check, check->text[check->pos] == '\0' ? AL_JSON_ERROR_TEXT : AL_JSON_ERROR_SYNTAX, check->pos,
                     "a control character in a string");
      if (check->text[check->pos++] != '\\')
        continue;
      escaped = true;
      if (!read_escape (check))
        return false;
    }
  check->pos++;
  *ret_escaped = escaped;
  return true;
}

static size_t
skip_digits (Check *check)
{
  size_t start = check->pos;

  while (g_ascii_isdigit (peek (check)))
    check->pos++;
  return check->pos - start;
}

/* Reads what may follow the integer part. */
static bool
read_fraction (Check *check, bool *ret_is_integer)
{
  if (peek (check) == '.')
    {
      check->pos++;
      *ret_is_integer = false;
      if (skip_digits (check) == 0)
        return fail_here (check, "a digit is missing behind the point");
    }
  if (peek (check) == 'e' || peek (check) == 'E')
    {
      check->pos++;
      *ret_is_integer = false;
      if (peek (check) == '+' || peek (check) == '-')
        check->pos++;
      if (skip_digits (check) == 0)
        return fail_here (check, "a digit is missing in the exponent");
    }
  return true;
}

static bool
read_number (Check *check)
{
  size_t start = check->pos;
  bool is_integer = true, negative = peek (check) == '-', zero;
  char copy[AL_JSON_MAX_NUMBER + 1];
  gint64 value;

  check->pos += negative;
  zero = peek (check) == '0';
  if (zero)
    check->pos++;
  else if (skip_digits (check) == 0)
    return fail_here (check, "a digit is missing");
  if (zero && g_ascii_isdigit (peek (check)))
    return fail_here (check, "a number does not begin with 0");
  if (!read_fraction (check, &is_integer))
    return false;
  if (check->pos - start > AL_JSON_MAX_NUMBER)
    return fail (check, AL_JSON_ERROR_RANGE, start, "a number of too many digits");
  memcpy (copy, check->text + start, check->pos - start);
  copy[check->pos - start] = '\0';
  if (is_integer && !g_ascii_string_to_signed (copy, 10, -MAX_INTEGER, MAX_INTEGER, &value, NULL))
    return fail (check, AL_JSON_ERROR_RANGE, start, "an integer beyond 2^53-1");
  if (!is_integer && !isfinite (g_ascii_strtod (copy, NULL)))
    return fail (check, AL_JSON_ERROR_RANGE, start, "a number beyond what a double holds");
  return true;
}

static bool
read_word (Check *check)
{
  static const char *const words[] = { "true", "false", "null" };

  for (unsigned i = 0; i < G_N_ELEMENTS (words); i++)
    {
      size_t n = strlen (words[i]);

      if (check->len - check->pos >= n && memcmp (check->text + check->pos, words[i], n) == 0)
        {
          check->pos += n;
          return true;
        }
    }
  return fail_here (check, "expected a value");
}

static bool
open_container (Check *check, bool is_object)
{
  if (check->depth == AL_JSON_MAX_DEPTH)
    return fail (check, AL_JSON_ERROR_DEPTH, check->pos, "nested too deeply");
  check->stack[check->depth++] = is_object ? ++check->n_objects : 0;
  check->expect = is_object ? EXPECT_NAME_OR_END : EXPECT_VALUE_OR_END;
  check->pos++;
  return true;
}

static void
close_container (Check *check)
{
  check->depth--;
  check->expect = EXPECT_END_OR_COMMA;
  check->pos++;
}

static bool
read_value (Check *check)
{
  char c = peek (check);
  bool escaped;

  if (check->n_values++ == check->max_values)
    return fail (check, AL_JSON_ERROR_RANGE, check->pos, "too many values");
  if (c == '{' || c == '[')
    return open_container (check, c == '{');
  check->expect = EXPECT_END_OR_COMMA;
  if (c == '"')
    return read_string (check, &escaped);
  if (c == '-' || g_ascii_isdigit (c))
    return read_number (check);
  return read_word (check);
}

/* Reads a name and its colon. */
static bool
read_name (Check *check)
{
  size_t start = check->pos + 1, end;
  bool escaped;

  if (peek (check) != '"')
    return fail_here (check, "expected a member name");
  if (!read_string (check, &escaped))
    return false;
  end = check->pos - 1;
  if (!al_json_names_add (&check->names, check->stack[check->depth - 1], (uint32_t) start, end - start, escaped))
    return fail (check, AL_JSON_ERROR_DUPLICATE, start, "the object has this member already");
  skip_space (check);
  if (peek (check) != ':')
    return fail_here (check, "expected a colon");
  check->pos++;
  check->expect = EXPECT_VALUE;
  return true;
}

/* Reads what may stand behind a value inside a container. */
static bool
read_end_or_comma (Check *check)
{
  bool is_object = check->stack[check->depth - 1] != 0;
  char c = peek (check);

  if (c == (is_object ? '}' : ']'))
    {
      close_container (check);
      return true;
    }
  if (c != ',')
    return fail_here (check, is_object ? "expected , or }" : "expected , or ]");
  check->pos++;
  check->expect = is_object ? EXPECT_NAME : EXPECT_VALUE;
  return true;
}

static bool
read_step (Check *check)
{
  switch (check->expect)
    {
    case EXPECT_VALUE_OR_END:
      if (peek (check) == ']')
        break;
      return read_value (check);
    case EXPECT_VALUE:
      return read_value (check);
    case EXPECT_NAME_OR_END:
      if (peek (check) == '}')
        break;
      return read_name (check);
    case EXPECT_NAME:
      return read_name (check);
    case EXPECT_END_OR_COMMA:
      return read_end_or_comma (check);
    }
  close_container (check);
  return true;
}

static bool
check_text (Check *check)
{
  do
    {
      skip_space (check);
      if (!read_step (check))
        return false;
    }
  while (check->depth > 0);
  skip_space (check);
  if (check->pos < check->len)
    return fail_here (check, "more behind the value");
  return true;
}

static size_t
find_bad_utf8 (const char *text, size_t len)
{
  AlUtf8 utf8 = { 0 };
  size_t i = 0;

  while (i < len && al_utf8_feed (&utf8, text + i, 1))
    i++;
  return i;
}

bool
al_json_check_values (const char *text, size_t len, uint32_t max_values, uint32_t *ret_values, GError **error)
{
  Check check = { .text = text, .len = len, .max_values = max_values, .expect = EXPECT_VALUE, .error = error };
  bool ok;

  if (len > UINT32_MAX)
    return fail (&check, AL_JSON_ERROR_RANGE, len, "the text is too long");
  if (!al_utf8_is_valid (text, len))
    return fail (&check, AL_JSON_ERROR_TEXT, find_bad_utf8 (text, len), "not UTF-8");
  al_json_names_init (&check.names, text);
  ok = check_text (&check);
  al_json_names_clear (&check.names);
  if (ok && ret_values != NULL)
    *ret_values = check.n_values;
  return ok;
}

bool
al_json_check (const char *text, size_t len, GError **error)
{
  return al_json_check_values (text, len, AL_JSON_MAX_VALUES, NULL, error);
}

JsonNode *
al_json_parse_values (const char *text, size_t len, uint32_t max_values, GError **error)
{
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GError) reason = NULL;

  if (!al_json_check_values (text, len, max_values, NULL, error))
    return NULL;
  parser = json_parser_new ();
  if (!json_parser_load_from_data (parser, text, (gssize) len, &reason))
    {
      g_set_error (error, AL_JSON_ERROR, AL_JSON_ERROR_SYNTAX, "%s", reason->message);
      return NULL;
    }
  return json_parser_steal_root (parser);
}

JsonNode *
al_json_parse (const char *text, size_t len, GError **error)
{
  return al_json_parse_values (text, len, AL_JSON_MAX_VALUES, error);
}
