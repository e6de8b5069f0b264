/* SPDX-License-Identifier: Apache-2.0 */
/* Writes HTTP answers. */
#include "signaling/front-private.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* The date changes once a second, answers do not wait for it to be formatted. */
static const char *
current_date (SigFrontThread *thread)
{
  int64_t now_s = al_clock_wall_ms () / 1000;

  if (now_s != thread->date_s)
    {
      al_http_write_date (now_s, thread->date);
      thread->date_s = now_s;
    }
  return thread->date;
}

void
sig_front_head_add (SigFrontHead *head, const char *format, ...)
{
  size_t room = sizeof head->text - head->len;
  va_list args;
  int n;

  va_start (args, format);
  n = vsnprintf (head->text + head->len, room, format, args);
  va_end (args);
  if (n < 0 || (size_t) n >= room)
    head->overflow = true;
  else
    head->len += (size_t) n;
}

void
sig_front_head_begin (SigFrontConn *conn, SigFrontHead *head, unsigned status)
{
  SigFrontMetrics *metrics = &conn->thread->shared->metrics;

  head->len = 0;
  head->overflow = false;
  sig_front_head_add (head, "HTTP/1.1 %u %s\r\n", status, al_http_reason (status));
  al_counter_add (metrics->responses[CLAMP (status / 100, 1, 5) - 1], 1);
  if (status < 200)
    return;
  sig_front_head_add (head, "Date: %s\r\n", current_date (conn->thread));
  sig_front_head_add (head, "X-Content-Type-Options: nosniff\r\n");
  if (conn->thread->shared->hsts && al_stream_is_tls (conn->stream))
    sig_front_head_add (head, "Strict-Transport-Security: max-age=31536000\r\n");
  if (!conn->keep_alive)
    sig_front_head_add (head, "Connection: close\r\n");
}

void
sig_front_head_send (SigFrontConn *conn, SigFrontHead *head, int64_t length)
{
  if (length >= 0)
    sig_front_head_add (head, "Content-Length: %" G_GINT64_FORMAT "\r\n", length);
  sig_front_head_add (head, "\r\n");
  /* every variable part is bounded by those who add it */
  g_assert (!head->overflow);
  (void) sig_front_conn_send (conn, head->text, head->len);
}

void
sig_front_answer (SigFrontConn *conn, unsigned status, const char *extra, const char *content_type, const char *text,
                  size_t len)
{
  SigFrontHead head;

  sig_front_head_begin (conn, &head, status);
  sig_front_head_add (&head, "Content-Type: %s\r\nCache-Control: no-store\r\nContent-Security-Policy: default-src 'none'\r\n",
                      content_type);
  if (extra != NULL)
    sig_front_head_add (&head, "%s", extra);
  sig_front_head_send (conn, &head, (int64_t) len);
  if (len > 0 && !conn->head_only)
    (void) sig_front_conn_send (conn, text, len);
  sig_front_http_next (conn);
}

void
sig_front_answer_error (SigFrontConn *conn, unsigned status, const char *extra, const char *sentence)
{
  char text[256];
  int len = snprintf (text, sizeof text, "{\"error\":\"%s\"}\n", sentence);

  /* sentences are ours, and short */
  g_assert (len > 0 && (size_t) len < sizeof text && strchr (sentence, '"') == NULL);
  sig_front_answer (conn, status, extra, "application/json", text, (size_t) len);
}

void
sig_front_answer_empty (SigFrontConn *conn, unsigned status, const char *extra)
{
  SigFrontHead head;

  sig_front_head_begin (conn, &head, status);
  if (extra != NULL)
    sig_front_head_add (&head, "%s", extra);
  sig_front_head_send (conn, &head, -1);
  sig_front_http_next (conn);
}
