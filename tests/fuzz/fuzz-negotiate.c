/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of the input are Range, If-None-Match and Accept-Encoding. A range that is cut out, asked for anew, is the
 * same; a tag is fresh, a coding accepted, when a reading of the list with GLib finds so.
 */
#include <glib.h>
#include <string.h>

#include "signaling/negotiate.h"

#define TAG "\"tag\""

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static bool
parse (const char *const *lines, char **ret_text, AlHttpRequest *ret)
{
  static const char *const names[] = { "Range", "If-None-Match", "Accept-Encoding" };
  GString *head = g_string_new ("GET / HTTP/1.1\r\nHost: a\r\n");

  for (unsigned i = 0; i < G_N_ELEMENTS (names) && lines[i] != NULL; i++)
    g_string_append_printf (head, "%s: %s\r\n", names[i], lines[i]);
  g_string_append (head, "\r\n");
  *ret_text = g_string_free (head, FALSE);
  return al_http_request_parse ((uint8_t *) *ret_text, strlen (*ret_text), ret) == AL_HTTP_OK
         && ret->n_fields <= 1 + G_N_ELEMENTS (names);
}

static void
check_range (const AlHttpRequest *request, size_t len)
{
  size_t first = 0, end = 0, first2 = 0, end2 = 0;
  SigRange range = sig_negotiate_range (request, TAG, len, &first, &end);
  char line[64];
  const char *const lines[] = { line, NULL };
  g_autofree char *text = NULL;
  AlHttpRequest again;

  if (range != SIG_RANGE_PART)
    {
      g_assert_true (first == 0 && end == 0);
      return;
    }
  g_assert_true (first < end && end <= len);
  g_snprintf (line, sizeof line, "bytes=%zu-%zu", first, end - 1);
  g_assert_true (parse (lines, &text, &again));
  g_assert_cmpint (sig_negotiate_range (&again, TAG, len, &first2, &end2), ==, SIG_RANGE_PART);
  g_assert_true (first == first2 && end == end2);
}

static char *
to_text (AlStr value)
{
  return value.ptr != NULL ? g_strndup (value.ptr, value.len) : g_strdup ("");
}

static bool
names_tag (AlStr value)
{
  g_autofree char *text = to_text (value);
  g_auto (GStrv) tags = g_strsplit (text, ",", -1);
  bool found = strcmp (text, "*") == 0;

  for (unsigned i = 0; tags[i] != NULL; i++)
    {
      const char *tag = g_strstrip (tags[i]);

      found = found || strcmp (tag, TAG) == 0 || strcmp (tag, "W/" TAG) == 0;
    }
  return found;
}

/* "br;q=0.0" is none of ours to send. The first mention of a coding counts, else the last of "*". */
static bool
accepts (AlStr value, const char *coding)
{
  g_autofree char *text = to_text (value);
  g_auto (GStrv) items = g_strsplit (text, ",", -1);
  bool star = false;

  for (unsigned i = 0; items[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (items[i], ";", -1);
      const char *name = parts[0] != NULL ? g_strstrip (parts[0]) : "";
      bool refused = false;

      for (unsigned j = 1; name[0] != '\0' && parts[j] != NULL; j++)
        if (g_ascii_strncasecmp (g_strstrip (parts[j]), "q=0", 3) == 0)
          {
            refused = strspn (parts[j] + 3, ".0") == strlen (parts[j] + 3);
            break;
          }
      if (g_ascii_strcasecmp (name, coding) == 0)
        return !refused;
      if (strcmp (name, "*") == 0)
        star = !refused;
    }
  return star;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *input = g_strndup ((const char *) data, size);
  g_auto (GStrv) lines = g_strsplit (input, "\n", 3);
  g_autofree char *text = NULL;
  AlBuf *chunk = NULL;
  SigStaticFile file = { .has_codings = true };
  AlHttpRequest request;

  if (!parse ((const char *const *) lines, &text, &request))
    return 0;
  check_range (&request, 0);
  check_range (&request, 1000);
  g_assert_cmpint (sig_negotiate_is_fresh (&request, TAG), ==, names_tag (al_http_request_get (&request, "If-None-Match")));
  for (unsigned forms = 0; forms < 4; forms++)
    {
      AlStr value = al_http_request_get (&request, "Accept-Encoding");
      bool br = (forms & 1) != 0, gzip = (forms & 2) != 0;
      SigCoding wanted = br && accepts (value, "br") ? SIG_CODING_BR
                         : gzip && accepts (value, "gzip") ? SIG_CODING_GZIP : SIG_CODING_IDENTITY;

      file.bodies[SIG_CODING_BR].chunks = br ? &chunk : NULL;
      file.bodies[SIG_CODING_GZIP].chunks = gzip ? &chunk : NULL;
      g_assert_cmpint (sig_negotiate_coding (&request, &file), ==, wanted);
    }
  return 0;
}
