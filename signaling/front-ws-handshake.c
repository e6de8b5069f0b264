/* SPDX-License-Identifier: Apache-2.0 */
/* A request becomes a WebSocket (RFC 6455 §4.2). */
#include "signaling/front-private.h"

#include <string.h>

#define PROTOCOL "aldis.v1"

static bool
has_protocol (const AlHttpRequest *request)
{
  for (unsigned i = 0; i < request->n_fields; i++)
    if (al_str_equal_nocase (request->fields[i].name, "Sec-WebSocket-Protocol")
        && al_str_has_token (request->fields[i].value, PROTOCOL))
      return true;
  return false;
}

static AlStr
get_bearer (const AlHttpRequest *request)
{
  static const char scheme[] = "Bearer ";
  AlStr value = al_http_request_get (request, "Authorization");
  size_t len = strlen (scheme);

  if (value.len <= len || value.len > SIG_FRONT_MAX_BEARER || g_ascii_strncasecmp (value.ptr, scheme, len) != 0)
    return (AlStr){ NULL, 0 };
  return (AlStr){ value.ptr + len, value.len - len };
}

static void
answer_handshake (SigFrontConn *conn, const AlHttpRequest *request)
{
  SigFrontHead head;
  char accept[29];

  al_ws_accept_key (request->websocket_key.ptr, request->websocket_key.len, accept);
  conn->keep_alive = true; /* no Connection: close */
  sig_front_head_begin (conn, &head, 101);
  sig_front_head_add (&head, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
                      "Sec-WebSocket-Protocol: " PROTOCOL "\r\n", accept);
  sig_front_head_send (conn, &head, -1);
}

static void
refuse (SigFrontConn *conn, AlCounter *counter, unsigned status, const char *sentence)
{
  al_counter_add (counter, 1);
  conn->keep_alive = false;
  sig_front_answer_error (conn, status, NULL, sentence);
}

void
sig_front_ws_open (SigFrontConn *conn, const AlHttpRequest *request)
{
  SigFrontThread *thread = conn->thread;
  SigFrontMetrics *metrics = &thread->shared->metrics;
  SigFrontUp *up;

  if (!has_protocol (request))
    {
      refuse (conn, metrics->refused_protocol, 400, "The subprotocol must be " PROTOCOL ".");
      return;
    }
  if (!sig_front_door_count_client (conn))
    {
      refuse (conn, metrics->refused_limit, 429, "Too many connections from your address.");
      return;
    }
  conn->id = sig_slots_add (thread->slots, conn);
  if (conn->id == 0)
    {
      refuse (conn, metrics->refused_limit, 503, "Too many connections.");
      return;
    }
  answer_handshake (conn, request);
  sig_front_conn_set_state (conn, SIG_FRONT_WS);
  sig_front_conn_set_deadline (conn, 0);
  conn->ws = g_new0 (SigFrontWs, 1);
  conn->ws->asked_us = sig_front_conn_now_us (conn);
  conn->known = conn->admin;
  al_ws_init (&conn->ws->receiver, conn->known ? SIG_FRONT_MAX_BODY : SIG_FRONT_MAX_STRANGER,
              sig_front_ws_on_message, conn);
  al_gauge_add (metrics->http, -1);
  al_gauge_add (metrics->websockets, 1);
  up = sig_front_up_new (thread->shared, SIG_FRONT_UP_OPEN, conn->id, NULL, 0, get_bearer (request));
  up->tls = conn->client_tls;
  up->admin = conn->admin;
  up->address = conn->client;
  sig_front_conn_post (conn, up);
  sig_front_ws_arm (conn);
}
