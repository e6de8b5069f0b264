/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP requests: one head after the other, and what each path leads to. */
#include "signaling/front-private.h"

#include <string.h>

#include "base/log.h"
#include "signaling/front-proxy.h"

#define BIT(kind) (1u << SIG_FRONT_##kind)
#define PUBLIC (BIT (HTTP) | BIT (HTTPS))

typedef struct {
  const char *path;
  unsigned kinds; /* bits of the listeners on which it exists */
  const char *allow;
  void (*handle) (SigFrontConn *conn, const AlHttpRequest *request);
} Route;

static void handle_rpc (SigFrontConn *conn, const AlHttpRequest *request);
static void handle_health (SigFrontConn *conn, const AlHttpRequest *request);
static void handle_metrics (SigFrontConn *conn, const AlHttpRequest *request);

static const Route routes[] = {
  { "/rpc", PUBLIC | BIT (ADMIN), "GET, POST, OPTIONS", handle_rpc },
  { "/healthz", PUBLIC | BIT (ADMIN) | BIT (METRICS), "GET, HEAD, OPTIONS", handle_health },
  { "/metrics", BIT (METRICS), "GET, HEAD, OPTIONS", handle_metrics },
};

static void
answer_method (SigFrontConn *conn, const char *allow)
{
  g_autofree char *extra = g_strdup_printf ("Allow: %s\r\n", allow);

  sig_front_answer_error (conn, 405, extra, "This path does not know that method.");
}

static bool
is_get (SigFrontConn *conn, const AlHttpRequest *request, const char *allow)
{
  if (conn->head_only || al_str_equal (request->method, "GET"))
    return true;
  answer_method (conn, allow);
  return false;
}

static void
handle_health (SigFrontConn *conn, const AlHttpRequest *request)
{
  static const char ok[] = "{\"status\":\"ok\"}\n", down[] = "{\"status\":\"unavailable\"}\n";
  SigFrontShared *shared = conn->thread->shared;
  bool healthy = atomic_load_explicit (&shared->healthy, memory_order_relaxed)
                 && !atomic_load_explicit (&shared->draining, memory_order_relaxed);

  if (!is_get (conn, request, "GET, HEAD, OPTIONS"))
    return;
  if (healthy)
    sig_front_answer (conn, 200, NULL, "application/json", ok, strlen (ok));
  else
    sig_front_answer (conn, 503, "Retry-After: 5\r\n", "application/json", down, strlen (down));
}

static void
handle_metrics (SigFrontConn *conn, const AlHttpRequest *request)
{
  g_autoptr (GString) text = g_string_sized_new (16384);

  /* a page of a name that somebody else points at this machine could read it (DNS rebinding) */
  if (!sig_origin_is_plain_host (al_http_request_get (request, "Host")))
    {
      conn->keep_alive = false;
      sig_front_answer_error (conn, 421, NULL, "Metrics are read by an IP address or localhost, not by another name.");
      return;
    }
  if (!is_get (conn, request, "GET, HEAD, OPTIONS"))
    return;
  al_metrics_write (conn->thread->shared->registry, text);
  sig_front_answer (conn, 200, NULL, "application/openmetrics-text; version=1.0.0; charset=utf-8", text->str, text->len);
}

static bool
is_json (AlStr type)
{
  static const char json[] = "application/json";
  size_t len = strlen (json);

  return type.len >= len && g_ascii_strncasecmp (type.ptr, json, len) == 0
         && (type.len == len || type.ptr[len] == ';' || type.ptr[len] == ' ' || type.ptr[len] == '\t');
}

static unsigned
count_fields (const AlHttpRequest *request, const char *name)
{
  unsigned n = 0;

  for (unsigned i = 0; i < request->n_fields; i++)
    n += al_str_equal_nocase (request->fields[i].name, name);
  return n;
}

static void
begin_post (SigFrontConn *conn, const AlHttpRequest *request, AlStr cors)
{
  /* what is refused here has a body that nobody will read */
  bool keep_alive = conn->keep_alive;

  conn->keep_alive = false;
  sig_front_post_meet (conn, request);
  if (!is_json (al_http_request_get (request, "Content-Type")))
    sig_front_answer_error (conn, 415, NULL, "The Content-Type must be application/json.");
  else if (request->content_length < 0 && !request->chunked)
    sig_front_answer_error (conn, 411, NULL, "The request needs a Content-Length.");
  else if (request->content_length > (int64_t) sig_front_post_get_max (conn))
    sig_front_answer_error (conn, 413, NULL, sig_front_post_get_max_text (conn));
  else if (count_fields (request, "Authorization") > 1)
    sig_front_answer_error (conn, 400, NULL, "There is more than one Authorization field.");
  else
    {
      conn->keep_alive = keep_alive;
      sig_front_post_begin (conn, request, cors, NULL);
    }
}

/* A page of a foreign origin asks whether it may POST. Without a yes the browser does not send the POST. */
static void
answer_preflight (SigFrontConn *conn, AlStr origin)
{
  g_autofree char *extra =
      g_strdup_printf ("Access-Control-Allow-Origin: %.*s\r\nVary: Origin\r\nAccess-Control-Allow-Methods: POST\r\n"
                       "Access-Control-Allow-Headers: authorization, content-type\r\nAccess-Control-Max-Age: 600\r\n",
                       (int) MIN (origin.len, 512), origin.ptr);

  sig_front_answer_empty (conn, 204, extra);
}

void
sig_front_refuse_origin (SigFrontConn *conn, SigOrigin who, AlStr origin)
{
  SigFrontShared *shared = conn->thread->shared;

  al_counter_add (shared->metrics.refused_origin, 1);
  conn->keep_alive = false;
  if (who != SIG_ORIGIN_UNNAMED)
    {
      sig_front_answer_error (conn, 403, NULL, "Pages of that origin may not talk to this server.");
      return;
    }
  /* mostly an operator who has not said the server's name yet: browsers show scripts and people no more than that it failed */
  if (!atomic_exchange_explicit (&shared->said_unnamed, true, memory_order_relaxed))
    {
      g_autofree char *text = g_strndup (origin.ptr, MIN (origin.len, 512));

      al_warning ("refused a page by a name that is not known to be this server's: if it is, set public_address or "
                  "allowed_origins; said once", "origin", text);
    }
  sig_front_answer_error (conn, 403, NULL, "This server does not know that name as its own: see public_address and "
                                           "allowed_origins in its configuration.");
}

static void
handle_rpc (SigFrontConn *conn, const AlHttpRequest *request)
{
  SigFrontShared *shared = conn->thread->shared;
  AlStr origin = { NULL, 0 };
  SigOrigin who = sig_origin_check (&shared->origins, request, conn->client_tls, &origin);

  if (al_str_equal (request->method, "OPTIONS") && who == SIG_ORIGIN_ALLOWED && origin.len <= 512)
    answer_preflight (conn, origin);
  else if (al_str_equal (request->method, "OPTIONS"))
    sig_front_answer_empty (conn, 204, "Allow: GET, POST, OPTIONS\r\n");
  else if (!al_str_equal (request->method, "GET") && !al_str_equal (request->method, "POST"))
    answer_method (conn, "GET, POST, OPTIONS");
  else if (who == SIG_ORIGIN_REFUSED || who == SIG_ORIGIN_UNNAMED || origin.len > 512)
    sig_front_refuse_origin (conn, who, origin);
  else if (al_str_equal (request->method, "POST"))
    begin_post (conn, request, who == SIG_ORIGIN_ALLOWED ? origin : (AlStr){ NULL, 0 });
  else if (request->upgrade_websocket)
    sig_front_ws_open (conn, request);
  else
    {
      al_counter_add (shared->metrics.refused_upgrade, 1);
      sig_front_answer_error (conn, 426, "Upgrade: websocket\r\nConnection: Upgrade\r\n",
                              "GET opens a WebSocket here; for single requests use POST.");
    }
}

static void
serve_static (SigFrontConn *conn, const AlHttpRequest *request)
{
  const SigStaticFile *file = NULL;

  if (((1u << conn->kind) & PUBLIC) != 0)
    file = sig_static_find (conn->thread->files, request->path.ptr, request->path.len);
  if (file == NULL)
    sig_front_answer_error (conn, 404, NULL, "There is nothing at that path.");
  else if (al_str_equal (request->method, "OPTIONS"))
    sig_front_answer_empty (conn, 204, "Allow: GET, HEAD, OPTIONS\r\n");
  else if (is_get (conn, request, "GET, HEAD, OPTIONS"))
    sig_front_files_serve (conn, request, file);
}

static void
handle (SigFrontConn *conn, const AlHttpRequest *request)
{
  SigFrontShared *shared = conn->thread->shared;
  bool has_body = request->chunked || request->content_length > 0;
  AlAddr peer;

  conn->head_only = al_str_equal (request->method, "HEAD");
  conn->keep_alive = request->keep_alive && !conn->thread->stopping
                     && !atomic_load_explicit (&shared->draining, memory_order_relaxed);
  if (((1u << conn->kind) & PUBLIC) != 0)
    {
      al_stream_get_peer (conn->stream, &peer);
      conn->client_tls = al_stream_is_tls (conn->stream);
      sig_proxy_resolve (shared->trusted, shared->n_trusted, request, &peer, &conn->client, &conn->client_tls);
    }
  /* only a POST to /rpc and what goes to WHIP and WHEP reads a body; nobody may take another one for the next request */
  if (has_body && !al_str_equal (request->method, "POST") && !sig_front_web_is_path (request->path))
    conn->keep_alive = false;
  if (al_str_equal (request->target, "*"))
    {
      if (al_str_equal (request->method, "OPTIONS"))
        sig_front_answer_empty (conn, 204, "Allow: GET, HEAD, POST, OPTIONS\r\n");
      else
        sig_front_answer_error (conn, 400, NULL, "The target must be a path.");
      return;
    }
  if (((1u << conn->kind) & PUBLIC) != 0 && sig_front_web_is_path (request->path))
    {
      sig_front_web_handle (conn, request);
      return;
    }
  for (size_t i = 0; i < G_N_ELEMENTS (routes); i++)
    if ((routes[i].kinds & (1u << conn->kind)) != 0 && al_str_equal (request->path, routes[i].path))
      {
        if (has_body && routes[i].handle != handle_rpc)
          conn->keep_alive = false;
        if (al_str_equal (request->method, "OPTIONS") && routes[i].handle != handle_rpc)
          {
            g_autofree char *extra = g_strdup_printf ("Allow: %s\r\n", routes[i].allow);

            sig_front_answer_empty (conn, 204, extra);
          }
        else
          routes[i].handle (conn, request);
        return;
      }
  if (has_body)
    conn->keep_alive = false;
  serve_static (conn, request);
}

static void
refuse_head (SigFrontConn *conn, AlHttpStatus status)
{
  sig_front_conn_set_why (conn, SIG_FRONT_WHY_BAD);
  conn->keep_alive = false;
  conn->head_only = false;
  switch (status)
    {
    case AL_HTTP_URI_TOO_LONG:
      sig_front_answer_error (conn, 414, NULL, "The target is too long.");
      break;
    case AL_HTTP_UPGRADE_REQUIRED:
      al_counter_add (conn->thread->shared->metrics.refused_upgrade, 1);
      sig_front_answer_error (conn, 426, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
                              "Only version 13 of WebSocket is spoken here.");
      break;
    case AL_HTTP_FIELDS_TOO_LARGE:
      sig_front_answer_error (conn, 431, NULL, "The request head is too large.");
      break;
    case AL_HTTP_NOT_IMPLEMENTED:
      sig_front_answer_error (conn, 501, NULL, "The only transfer coding is chunked.");
      break;
    case AL_HTTP_VERSION:
      sig_front_answer_error (conn, 505, NULL, "Only HTTP/1.1 is spoken here.");
      break;
    default:
      sig_front_answer_error (conn, 400, NULL, "That is not an HTTP/1.1 request.");
      break;
    }
}

size_t
sig_front_http_data (SigFrontConn *conn, const uint8_t *data, size_t len)
{
  AlHttpRequest request;
  AlHttpStatus status;
  size_t skipped = 0;

  if (conn->state == SIG_FRONT_BODY)
    return sig_front_post_data (conn, data, len);
  if (conn->state != SIG_FRONT_HEAD)
    return 0;
  /* RFC 9112 §2.2: an empty line before a request is ignored */
  while (len - skipped >= 2 && data[skipped] == '\r' && data[skipped + 1] == '\n')
    skipped += 2;
  status = skipped == len ? AL_HTTP_MORE : al_http_request_parse (data + skipped, len - skipped, &request);
  if (status == AL_HTTP_MORE)
    {
      if (!conn->head_started)
        sig_front_conn_set_deadline (conn, sig_front_conn_now_us (conn) + SIG_FRONT_HEAD_US);
      conn->head_started = true;
      return skipped;
    }
  if (status != AL_HTTP_OK)
    {
      refuse_head (conn, status);
      return len;
    }
  conn->head_started = false;
  handle (conn, &request);
  return skipped + request.head_len;
}

void
sig_front_http_next (SigFrontConn *conn)
{
  if (conn->state == SIG_FRONT_DONE)
    return;
  if (!conn->keep_alive)
    {
      sig_front_conn_finish (conn);
      return;
    }
  if (conn->state != SIG_FRONT_HEAD)
    sig_front_conn_set_state (conn, SIG_FRONT_HEAD);
  if (conn->rate_until_us > sig_front_conn_now_us (conn))
    {
      sig_front_conn_set_deadline (conn, conn->rate_until_us);
      sig_front_conn_pause (conn, SIG_FRONT_PAUSE_RATE, true);
    }
  else
    sig_front_conn_set_deadline (conn, sig_front_conn_now_us (conn) + SIG_FRONT_IDLE_US);
  sig_front_conn_pause (conn, SIG_FRONT_PAUSE_REQUEST, false);
}

void
sig_front_http_timer (SigFrontConn *conn)
{
  if ((conn->paused & (1u << SIG_FRONT_PAUSE_RATE)) != 0)
    {
      sig_front_conn_set_deadline (conn, sig_front_conn_now_us (conn) + SIG_FRONT_IDLE_US);
      sig_front_conn_pause (conn, SIG_FRONT_PAUSE_RATE, false);
    }
  else if ((conn->paused & (1u << SIG_FRONT_PAUSE_OUTPUT)) != 0)
    sig_front_conn_kill (conn, SIG_FRONT_WHY_SLOW);
  else if (conn->head_started)
    {
      sig_front_conn_set_why (conn, SIG_FRONT_WHY_SLOW);
      conn->keep_alive = false;
      conn->head_only = false;
      sig_front_answer_error (conn, 408, NULL, "The request head took longer than 10 seconds.");
    }
  else
    {
      sig_front_conn_set_why (conn, SIG_FRONT_WHY_IDLE);
      sig_front_conn_finish (conn);
    }
}
