/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to /whip/ and /whep/ (RFC 9725): their heads. What they say is main's; OPTIONS is answered here, without a login. */
#include <string.h>

#include "signaling/front-private.h"

#define ALLOW "Allow: GET, HEAD, POST, PATCH, DELETE, OPTIONS\r\n"
#define ACCEPT "Accept-Post: application/sdp\r\nAccept-Patch: application/trickle-ice-sdpfrag\r\n"

bool
sig_front_web_is_path (AlStr path)
{
  return path.len > 6 && (memcmp (path.ptr, "/whip/", 6) == 0 || memcmp (path.ptr, "/whep/", 6) == 0);
}

void
sig_web_request_free (SigWebRequest *request)
{
  if (request == NULL)
    return;
  g_free (request->path);
  g_free (request->content_type);
  g_free (request->if_match);
  g_free (request);
}

static bool
find_method (AlStr method, SigWebMethod *ret)
{
  static const char *const names[SIG_WEB_METHOD_N] = { "GET", "HEAD", "POST", "PATCH", "DELETE" };

  for (unsigned i = 0; i < SIG_WEB_METHOD_N; i++)
    if (al_str_equal (method, names[i]))
      {
        *ret = (SigWebMethod) i;
        return true;
      }
  return false;
}

/* A page of another origin asks first; without a yes its browser sends nothing (RFC 9725 §4.1: CORS). */
static void
answer_options (SigFrontConn *conn, SigOrigin who, AlStr origin)
{
  g_autofree char *extra = NULL;

  if (who != SIG_ORIGIN_ALLOWED || origin.len > 512)
    {
      sig_front_answer_empty (conn, 204, ALLOW ACCEPT);
      return;
    }
  extra = g_strdup_printf (ALLOW ACCEPT "Access-Control-Allow-Origin: %.*s\r\nVary: Origin\r\n"
                           "Access-Control-Allow-Methods: GET, POST, PATCH, DELETE, OPTIONS\r\n"
                           "Access-Control-Allow-Headers: authorization, content-type, etag, if-match\r\n"
                           "Access-Control-Max-Age: 600\r\n",
                           (int) origin.len, origin.ptr);
  sig_front_answer_empty (conn, 204, extra);
}

static char *
get_field (const AlHttpRequest *request, const char *name)
{
  AlStr value = al_http_request_get (request, name);

  return value.ptr != NULL && value.len <= 256 ? g_strndup (value.ptr, value.len) : NULL;
}

static void
begin (SigFrontConn *conn, const AlHttpRequest *request, SigWebMethod method, AlStr cors)
{
  bool keep_alive = conn->keep_alive;
  SigWebRequest *web;
  unsigned logins = 0;

  for (unsigned i = 0; i < request->n_fields; i++)
    logins += al_str_equal_nocase (request->fields[i].name, "Authorization");
  conn->keep_alive = false; /* what is refused here may have a body that nobody will read */
  sig_front_post_meet (conn, request);
  if ((method == SIG_WEB_POST || method == SIG_WEB_PATCH) && request->content_length < 0 && !request->chunked)
    sig_front_answer_error (conn, 411, NULL, "The request needs a Content-Length.");
  else if (request->content_length > (int64_t) sig_front_post_get_max (conn))
    sig_front_answer_error (conn, 413, NULL, sig_front_post_get_max_text (conn));
  else if (logins > 1)
    sig_front_answer_error (conn, 400, NULL, "There is more than one Authorization field.");
  else
    {
      conn->keep_alive = keep_alive;
      web = g_new0 (SigWebRequest, 1);
      web->method = method;
      web->path = g_strndup (request->path.ptr, MIN (request->path.len, 256));
      web->content_type = get_field (request, "Content-Type");
      web->if_match = get_field (request, "If-Match");
      sig_front_post_begin (conn, request, cors, web);
    }
}

void
sig_front_web_handle (SigFrontConn *conn, const AlHttpRequest *request)
{
  SigFrontShared *shared = conn->thread->shared;
  AlStr origin = { NULL, 0 }, nobody = { NULL, 0 };
  SigOrigin who = sig_origin_check (&shared->origins, request, conn->client_tls, &origin);
  SigWebMethod method;

  if (al_str_equal (request->method, "OPTIONS"))
    {
      conn->keep_alive = conn->keep_alive && !request->chunked && request->content_length <= 0;
      answer_options (conn, who, origin);
    }
  else if (!find_method (request->method, &method))
    {
      conn->keep_alive = conn->keep_alive && !request->chunked && request->content_length <= 0;
      sig_front_answer_error (conn, 405, ALLOW, "This path does not know that method.");
    }
  else if (who == SIG_ORIGIN_REFUSED || who == SIG_ORIGIN_UNNAMED || origin.len > 512)
    sig_front_refuse_origin (conn, who, origin);
  else
    begin (conn, request, method, who == SIG_ORIGIN_ALLOWED ? origin : nobody);
}
