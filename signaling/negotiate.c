/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/negotiate.h"

#include <string.h>

/* Cuts the text before the next @separator off @list. */
static AlStr
next_part (AlStr *list, char separator)
{
  const char *at = list->len > 0 ? memchr (list->ptr, separator, list->len) : NULL;
  AlStr part = { list->ptr, at != NULL ? (size_t) (at - list->ptr) : list->len };
  size_t used = part.len + (at != NULL);

  list->ptr += used;
  list->len -= used;
  return al_str_trim (part);
}

/* ";q=0", ";q=0.000": not acceptable. Anything else is: who writes 0.001 may have it. */
static bool
is_refused (AlStr parameters)
{
  while (parameters.len > 0)
    {
      AlStr parameter = next_part (&parameters, ';');

      if (parameter.len >= 3 && g_ascii_strncasecmp (parameter.ptr, "q=0", 3) == 0)
        {
          size_t i = 3;

          while (i < parameter.len && (parameter.ptr[i] == '.' || parameter.ptr[i] == '0'))
            i++;
          return i == parameter.len;
        }
    }
  return false;
}

static bool
accepts (const AlHttpRequest *request, const char *coding)
{
  bool star = false;

  for (unsigned i = 0; i < request->n_fields; i++)
    {
      AlStr list = request->fields[i].value;

      if (!al_str_equal_nocase (request->fields[i].name, "Accept-Encoding"))
        continue;
      while (list.len > 0)
        {
          AlStr parameters = next_part (&list, ','), name = next_part (&parameters, ';');

          if (al_str_equal_nocase (name, coding))
            return !is_refused (parameters);
          if (al_str_equal (name, "*"))
            star = !is_refused (parameters);
        }
    }
  return star;
}

SigCoding
sig_negotiate_coding (const AlHttpRequest *request, const SigStaticFile *file)
{
  if (file->bodies[SIG_CODING_BR].chunks != NULL && accepts (request, "br"))
    return SIG_CODING_BR;
  if (file->bodies[SIG_CODING_GZIP].chunks != NULL && accepts (request, "gzip"))
    return SIG_CODING_GZIP;
  return SIG_CODING_IDENTITY;
}

/* Weak comparison (RFC 9110 §8.8.3.2); a comma inside quotes cannot occur in a tag of ours, so splitting at it is safe. */
bool
sig_negotiate_is_fresh (const AlHttpRequest *request, const char *etag)
{
  for (unsigned i = 0; i < request->n_fields; i++)
    {
      AlStr list = request->fields[i].value;

      if (!al_str_equal_nocase (request->fields[i].name, "If-None-Match"))
        continue;
      if (al_str_equal (al_str_trim (list), "*"))
        return true;
      while (list.len > 0)
        {
          AlStr tag = next_part (&list, ',');

          if (tag.len > 2 && memcmp (tag.ptr, "W/", 2) == 0)
            tag = (AlStr){ tag.ptr + 2, tag.len - 2 };
          if (al_str_equal (tag, etag))
            return true;
        }
    }
  return false;
}

static bool
parse_offset (AlStr text, size_t *ret)
{
  size_t value = 0;

  if (text.len == 0 || text.len > 15)
    return false;
  for (size_t i = 0; i < text.len; i++)
    {
      if (!g_ascii_isdigit (text.ptr[i]))
        return false;
      value = value * 10 + (size_t) (text.ptr[i] - '0');
    }
  *ret = value;
  return true;
}

SigRange
sig_negotiate_range (const AlHttpRequest *request, const char *etag, size_t len, size_t *ret_first, size_t *ret_end)
{
  static const char unit[] = "bytes=";
  AlStr range = al_http_request_get (request, "Range"), if_range = al_http_request_get (request, "If-Range");
  AlStr first_text, last_text;
  size_t first, last = SIZE_MAX;

  if (range.len < strlen (unit) || g_ascii_strncasecmp (range.ptr, unit, strlen (unit)) != 0
      || memchr (range.ptr, '-', range.len) == NULL)
    return SIG_RANGE_ALL;
  if (if_range.ptr != NULL && !al_str_equal (if_range, etag))
    return SIG_RANGE_ALL;
  last_text = (AlStr){ range.ptr + strlen (unit), range.len - strlen (unit) };
  first_text = next_part (&last_text, '-');
  last_text = al_str_trim (last_text);
  if (first_text.len == 0)
    {
      if (!parse_offset (last_text, &last))
        return SIG_RANGE_ALL;
      if (last == 0 || len == 0)
        return SIG_RANGE_UNSATISFIABLE;
      *ret_first = len - MIN (last, len);
      *ret_end = len;
      return SIG_RANGE_PART;
    }
  if (!parse_offset (first_text, &first) || (last_text.len > 0 && !parse_offset (last_text, &last)) || last < first)
    return SIG_RANGE_ALL;
  if (first >= len)
    return SIG_RANGE_UNSATISFIABLE;
  *ret_first = first;
  *ret_end = last < len ? last + 1 : len;
  return SIG_RANGE_PART;
}
