/* SPDX-License-Identifier: Apache-2.0 */
/* The small texts of HTTP: views, lists, reason phrases, dates. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/http.h"

bool
al_str_equal (AlStr a, const char *b)
{
  return strlen (b) == a.len && memcmp (a.ptr != NULL ? a.ptr : "", b, a.len) == 0;
}

bool
al_str_equal_nocase (AlStr a, const char *b)
{
  return strlen (b) == a.len && g_ascii_strncasecmp (a.ptr != NULL ? a.ptr : "", b, a.len) == 0;
}

AlStr
al_str_trim (AlStr a)
{
  while (a.len > 0 && (a.ptr[0] == ' ' || a.ptr[0] == '\t'))
    {
      a.ptr++;
      a.len--;
    }
  while (a.len > 0 && (a.ptr[a.len - 1] == ' ' || a.ptr[a.len - 1] == '\t'))
    a.len--;
  return a;
}

bool
al_str_has_token (AlStr list, const char *token)
{
  const char *p = list.ptr != NULL ? list.ptr : "", *end = p + list.len;

  while (p < end)
    {
      const char *comma = memchr (p, ',', (size_t) (end - p));
      const char *stop = comma != NULL ? comma : end, *next = comma != NULL ? comma + 1 : end;

      if (p < stop && al_str_equal_nocase (al_str_trim ((AlStr){ p, (size_t) (stop - p) }), token))
        return true;
      p = next;
    }
  return false;
}

static const struct {
  unsigned status;
  const char *reason;
} reasons[] = {
  { 100, "Continue" },
  { 101, "Switching Protocols" },
  { 200, "OK" },
  { 201, "Created" },
  { 202, "Accepted" },
  { 204, "No Content" },
  { 206, "Partial Content" },
  { 301, "Moved Permanently" },
  { 302, "Found" },
  { 303, "See Other" },
  { 304, "Not Modified" },
  { 307, "Temporary Redirect" },
  { 308, "Permanent Redirect" },
  { 400, "Bad Request" },
  { 401, "Unauthorized" },
  { 403, "Forbidden" },
  { 404, "Not Found" },
  { 405, "Method Not Allowed" },
  { 406, "Not Acceptable" },
  { 408, "Request Timeout" },
  { 409, "Conflict" },
  { 410, "Gone" },
  { 411, "Length Required" },
  { 412, "Precondition Failed" },
  { 413, "Content Too Large" },
  { 414, "URI Too Long" },
  { 415, "Unsupported Media Type" },
  { 416, "Range Not Satisfiable" },
  { 417, "Expectation Failed" },
  { 421, "Misdirected Request" },
  { 422, "Unprocessable Content" },
  { 426, "Upgrade Required" },
  { 428, "Precondition Required" },
  { 429, "Too Many Requests" },
  { 431, "Request Header Fields Too Large" },
  { 500, "Internal Server Error" },
  { 501, "Not Implemented" },
  { 502, "Bad Gateway" },
  { 503, "Service Unavailable" },
  { 504, "Gateway Timeout" },
  { 505, "HTTP Version Not Supported" },
  { 507, "Insufficient Storage" },
};

const char *
al_http_reason (unsigned status)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (reasons); i++)
    if (reasons[i].status == status)
      return reasons[i].reason;
  return "";
}

void
al_http_write_date (int64_t wall_s, char ret[30])
{
  /* not strftime(): its names follow the locale */
  static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
  static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  time_t t = (time_t) CLAMP (wall_s, 0, INT64_C (253402300799)); /* 9999-12-31: four digits of the year */
  char text[96]; /* room for what the compiler thinks an int may be */
  struct tm tm;

  (void) gmtime_r (&t, &tm);
  (void) snprintf (text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
                   tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
  memcpy (ret, text, 30);
}
