/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/sdp-check.h"

#include <string.h>

#include "base/utf8.h"
#include "sfu/control.h"
#include "sfu/offer.h"

/* formats of one m= line: payload types are 128 */
#define FORMATS_MAX 128

typedef struct {
  SfuSdpLines lines;
  unsigned line, n_formats;
  bool has_time;
  char previous;
  GError **error;
} Check;

static bool
fail (Check *check, SfuError code, const char *what)
{
  g_set_error (check->error, SFU_ERROR, code, "line %u: %s", check->line, what);
  return false;
}

static bool
refuse (Check *check, const char *what)
{
  return fail (check, SFU_ERROR_BAD_OFFER, what);
}

bool
sfu_sdp_take_number (const char **at, uint64_t max, uint64_t *ret)
{
  const char *p = *at;
  uint64_t value = 0;

  if (!g_ascii_isdigit (*p) || (p[0] == '0' && g_ascii_isdigit (p[1])))
    return false;
  for (; g_ascii_isdigit (*p); p++)
    {
      uint64_t digit = (uint64_t) (*p - '0');

      if (digit > max || value > (max - digit) / 10)
        return false;
      value = value * 10 + digit;
    }
  *ret = value;
  *at = p;
  return true;
}

bool
sfu_sdp_take_word (const char **at, const char *ends, char *ret, size_t size)
{
  size_t len = strcspn (*at, ends);

  if (len == 0 || len >= size)
    return false;
  (void) memcpy (ret, *at, len);
  ret[len] = '\0';
  *at += len;
  return true;
}

bool
sfu_sdp_take (const char **at, const char *text)
{
  size_t len = strlen (text);

  if (strncmp (*at, text, len) != 0)
    return false;
  *at += len;
  return true;
}

bool
sfu_sdp_is_token (const char *text)
{
  static const char others[] = "!#$%&'*+-.^_`{|}~";

  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr (others, *p) == NULL)
      return false;
  return text[0] != '\0';
}

/* o=<username> <sess-id> <sess-version> <nettype> <addrtype> <address> */
static bool
check_origin (Check *check, const char *value)
{
  char word[256];
  uint64_t number;

  if (!sfu_sdp_take_word (&value, " ", word, sizeof (word)) || !sfu_sdp_take (&value, " ")
      || !sfu_sdp_take_number (&value, UINT64_MAX, &number) || !sfu_sdp_take (&value, " ")
      || !sfu_sdp_take_number (&value, UINT64_MAX, &number) || !sfu_sdp_take (&value, " ")
      || !sfu_sdp_take_word (&value, " ", word, sizeof (word)) || !sfu_sdp_take (&value, " ")
      || !sfu_sdp_take_word (&value, " ", word, sizeof (word)) || !sfu_sdp_take (&value, " ")
      || !sfu_sdp_take_word (&value, " ", word, sizeof (word)) || *value != '\0')
    return refuse (check, "o= needs user name, numeric id and version, and an address");
  return true;
}

/* m=<media> <port>[/<count>] <proto> <fmt>...; one space between, so that libgstsdp finds the same words */
static bool
check_media (Check *check, const char *value)
{
  const SfuSection *section = NULL;
  char word[64];
  uint64_t number;

  if (check->lines.sections->len >= SFU_SECTIONS_MAX)
    return fail (check, SFU_ERROR_LIMIT, "more than 128 m= sections");
  if (!sfu_sdp_take_word (&value, " ", word, sizeof (section->media)) || !sfu_sdp_is_token (word) || !sfu_sdp_take (&value, " ")
      || !sfu_sdp_take_number (&value, UINT16_MAX, &number)
      || (sfu_sdp_take (&value, "/") && !sfu_sdp_take_number (&value, UINT16_MAX, &number)) || !sfu_sdp_take (&value, " ")
      || !sfu_sdp_take_word (&value, " ", word, sizeof (section->protocol)))
    return refuse (check, "m= needs media, port, protocol and formats");
  check->n_formats = 0;
  do
    if (!sfu_sdp_take (&value, " ") || !sfu_sdp_take_word (&value, " ", word, sizeof (section->first_format))
        || !sfu_sdp_is_token (word) || ++check->n_formats > FORMATS_MAX)
      return refuse (check, "m= needs 1 to 128 formats, one space before each");
  while (*value != '\0');
  g_array_append_vals (check->lines.sections,
                       &(SfuSdpSectionLine){ check->line, check->lines.attributes->len }, 1);
  return true;
}

static bool
check_attribute (Check *check, const char *value)
{
  char key[64];
  const char *at = value;

  if (!sfu_sdp_take_word (&at, ":", key, sizeof (key)) || !sfu_sdp_is_token (key))
    return refuse (check, "a= needs a name");
  g_array_append_val (check->lines.attributes, check->line);
  return true;
}

/* v=, o= and s= are the first three lines and come once; then session lines until the first m=. */
static bool
check_order (Check *check, char type)
{
  bool in_section = check->lines.sections->len > 0;

  if (check->line <= 3)
    return type == "vos"[check->line - 1] || refuse (check, "an offer begins with v=, o= and s=, in this order");
  if (strchr (in_section ? "micbka" : "iuepcbtrzkam", type) == NULL)
    return refuse (check, in_section ? "not a line of an m= section" : "not a line of a session");
  if (type == 'm' && !check->has_time)
    return refuse (check, "no t= before the first m=");
  return true;
}

static bool
check_line (Check *check, const char *line, size_t len)
{
  char type = line[0];

  if (len > SFU_OFFER_LINE_MAX)
    return fail (check, SFU_ERROR_LIMIT, "longer than 4096 bytes");
  if (len < 2 || line[1] != '=' || (len == 2 && type != 's'))
    return refuse (check, "not of the form x=value");
  for (size_t i = 0; i < len; i++)
    if ((uint8_t) line[i] < ' ' || line[i] == '\x7f')
      return refuse (check, "a control character");
  if (!check_order (check, type))
    return false;
  switch (type)
    {
    case 'v':
      return strcmp (line, "v=0") == 0 || refuse (check, "the version of SDP is 0");
    case 'o':
      return check_origin (check, line + 2);
    case 'm':
      return check_media (check, line + 2);
    case 'a':
      return check_attribute (check, line + 2);
    case 't':
      check->has_time = true;
      return true;
    default:
      return true;
    }
}

static bool
check_lines (Check *check, const char *text, size_t len)
{
  const char *end = text + len;
  char line[SFU_OFFER_LINE_MAX + 3];

  while (text < end)
    {
      const char *newline = memchr (text, '\n', (size_t) (end - text));
      const char *stop = newline != NULL ? newline : end;
      size_t line_len = (size_t) (stop - text);

      check->line++;
      if (check->line > SFU_OFFER_LINES_MAX)
        return fail (check, SFU_ERROR_LIMIT, "more than 32768 lines");
      if (line_len > 0 && text[line_len - 1] == '\r')
        line_len--;
      if (line_len == 0 && strspn (text, "\r\n") == (size_t) (end - text)) /* empty lines at the end */
        break;
      (void) memcpy (line, text, MIN (line_len, sizeof (line) - 1));
      line[MIN (line_len, sizeof (line) - 1)] = '\0';
      if (!check_line (check, line, line_len))
        return false;
      text = newline != NULL ? newline + 1 : end;
    }
  if (check->lines.sections->len == 0)
    return refuse (check, "no m= section");
  return true;
}

bool
sfu_sdp_check (const char *text, size_t len, SfuSdpLines *ret_lines, GError **error)
{
  Check check = { .error = error };
  g_autofree char *copy = NULL;

  if (len > SFU_OFFER_MAX)
    {
      g_set_error (error, SFU_ERROR, SFU_ERROR_LIMIT, "the offer has %zu bytes, more than %d", len, SFU_OFFER_MAX);
      return false;
    }
  if (len == 0 || memchr (text, '\0', len) != NULL || !al_utf8_is_valid (text, len))
    {
      g_set_error (error, SFU_ERROR, SFU_ERROR_BAD_OFFER, "the offer is %s", len == 0 ? "empty" : "not UTF-8, or has a NUL");
      return false;
    }
  copy = g_strndup (text, len); /* for a NUL at its end */
  check.lines.attributes = g_array_new (FALSE, FALSE, sizeof (uint32_t));
  check.lines.sections = g_array_new (FALSE, FALSE, sizeof (SfuSdpSectionLine));
  if (!check_lines (&check, copy, len))
    {
      sfu_sdp_lines_clear (&check.lines);
      return false;
    }
  check.lines.n = check.line;
  *ret_lines = check.lines;
  return true;
}

void
sfu_sdp_lines_clear (SfuSdpLines *lines)
{
  g_clear_pointer (&lines->attributes, g_array_unref);
  g_clear_pointer (&lines->sections, g_array_unref);
}
