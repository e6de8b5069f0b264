/* SPDX-License-Identifier: Apache-2.0 */
/* Sends files of the web client: conditions, ranges, precompressed forms; a big one in pieces as the reader takes them. */
#include "signaling/front-private.h"

#include "signaling/negotiate.h"

/* The page may load nothing but what this server gives it, run no inline script, and be framed by nobody. */
#define POLICY \
  "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " \
  "media-src 'self' blob: mediastream:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; font-src 'self'; " \
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types aldis\r\n" \
  "Referrer-Policy: no-referrer\r\n" \
  "Permissions-Policy: camera=(self), microphone=(self), display-capture=(self), fullscreen=(self)\r\n" \
  "Cross-Origin-Opener-Policy: same-origin\r\n"

void
sig_front_files_clear (SigFrontConn *conn)
{
  if (conn->file == NULL)
    return;
  sig_static_unref (conn->file->tree);
  g_free (g_steal_pointer (&conn->file));
}

/* Sends from @body until @end or until the queue is full. Returns: where it stopped. */
static size_t
send_part (SigFrontConn *conn, const SigStaticBody *body, size_t next, size_t end)
{
  bool more = true;

  while (next < end && more)
    {
      AlBuf *chunk = body->chunks[next / SIG_STATIC_CHUNK];
      size_t offset = next % SIG_STATIC_CHUNK, len = MIN (chunk->len - offset, end - next);

      more = offset + len == chunk->len ? sig_front_conn_lend (conn, chunk, offset)
                                        : sig_front_conn_send (conn, chunk->data + offset, len);
      next += len;
    }
  return next;
}

static size_t
count_taken (const SigFrontConn *conn)
{
  return conn->file->next - MIN (conn->file->next, al_stream_get_queued (conn->stream));
}

void
sig_front_files_pump (SigFrontConn *conn)
{
  SigFrontFile *file = conn->file;

  file->next = send_part (conn, file->body, file->next, file->end);
  if (file->next < file->end)
    return;
  sig_front_files_clear (conn);
  sig_front_http_next (conn);
}

static void
begin_body (SigFrontConn *conn, const SigStaticBody *body, size_t first, size_t end)
{
  size_t next = send_part (conn, body, first, end);

  if (next == end || conn->state == SIG_FRONT_DONE)
    {
      sig_front_http_next (conn);
      return;
    }
  conn->file = g_new0 (SigFrontFile, 1);
  conn->file->tree = sig_static_ref (conn->thread->files);
  conn->file->body = body;
  conn->file->next = next;
  conn->file->end = end;
  conn->file->taken = count_taken (conn);
  sig_front_conn_set_state (conn, SIG_FRONT_SEND);
  sig_front_conn_pause (conn, SIG_FRONT_PAUSE_REQUEST, true);
  sig_front_conn_set_deadline (conn, sig_front_conn_now_us (conn) + SIG_FRONT_STALL_US);
}

void
sig_front_files_timer (SigFrontConn *conn)
{
  size_t taken = count_taken (conn);

  if (taken == conn->file->taken)
    {
      sig_front_conn_kill (conn, SIG_FRONT_WHY_SLOW);
      return;
    }
  conn->file->taken = taken;
  sig_front_conn_set_deadline (conn, sig_front_conn_now_us (conn) + SIG_FRONT_STALL_US);
}

static void
add_fields (SigFrontHead *head, const SigStaticFile *file, SigCoding coding)
{
  static const char *const codings[] = { NULL, "gzip", "br" };

  sig_front_head_add (head, "ETag: %s\r\nAccept-Ranges: bytes\r\nCache-Control: %s\r\n%s", file->bodies[coding].etag,
                      file->immutable ? "public, max-age=31536000, immutable" : "no-cache", POLICY);
  if (file->has_codings)
    sig_front_head_add (head, "Vary: Accept-Encoding\r\n");
  if (codings[coding] != NULL)
    sig_front_head_add (head, "Content-Encoding: %s\r\n", codings[coding]);
}

void
sig_front_files_serve (SigFrontConn *conn, const AlHttpRequest *request, const SigStaticFile *file)
{
  SigCoding coding = sig_negotiate_coding (request, file);
  const SigStaticBody *body = &file->bodies[coding];
  bool fresh = sig_negotiate_is_fresh (request, body->etag);
  size_t first = 0, end = body->len;
  SigRange range = SIG_RANGE_ALL;
  SigFrontHead head;

  /* RFC 9110 §14.2: a range means something for GET alone */
  if (!fresh && !conn->head_only)
    range = sig_negotiate_range (request, body->etag, body->len, &first, &end);
  if (range == SIG_RANGE_UNSATISFIABLE)
    {
      g_autofree char *extra = g_strdup_printf ("Content-Range: bytes */%zu\r\n", body->len);

      sig_front_answer_error (conn, 416, extra, "The file is shorter than that.");
      return;
    }
  sig_front_head_begin (conn, &head, fresh ? 304 : range == SIG_RANGE_PART ? 206 : 200);
  add_fields (&head, file, coding);
  if (range == SIG_RANGE_PART)
    sig_front_head_add (&head, "Content-Range: bytes %zu-%zu/%zu\r\n", first, end - 1, body->len);
  if (!fresh)
    sig_front_head_add (&head, "Content-Type: %s\r\n", file->content_type);
  sig_front_head_send (conn, &head, fresh ? -1 : (int64_t) (end - first));
  begin_body (conn, body, first, fresh || conn->head_only ? first : end);
}
