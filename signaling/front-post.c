/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for main (POST /rpc, WHIP and WHEP): takes the body in within its limits, hands it up, sends main's answer. */
#include "signaling/front-private.h"

#include <string.h>

#include "base/json.h"
#include "base/log.h"

#define SCHEME "Bearer "

static bool
has_bearer (const AlHttpRequest *request)
{
  AlStr value = al_http_request_get (request, "Authorization");

  return value.len > strlen (SCHEME) && value.len <= SIG_FRONT_MAX_BEARER
         && g_ascii_strncasecmp (value.ptr, SCHEME, strlen (SCHEME)) == 0;
}

static char *
get_bearer (const AlHttpRequest *request)
{
  AlStr value = al_http_request_get (request, "Authorization");

  if (!has_bearer (request))
    return NULL;
  return g_strchug (g_strndup (value.ptr + strlen (SCHEME), value.len - strlen (SCHEME)));
}

void
sig_front_post_meet (SigFrontConn *conn, const AlHttpRequest *request)
{
  conn->known = conn->admin || has_bearer (request);
}

size_t
sig_front_post_get_max (const SigFrontConn *conn)
{
  return conn->known ? SIG_FRONT_MAX_BODY : SIG_FRONT_MAX_STRANGER;
}

const char *
sig_front_post_get_max_text (const SigFrontConn *conn)
{
  return conn->known ? "The body is larger than 524288 bytes."
                     : "The body is larger than 16384 bytes, which is the most without a Bearer token.";
}

void
sig_front_post_clear (SigFrontConn *conn)
{
  SigFrontPost *post = conn->post;

  if (post == NULL)
    return;
  if (conn->id != 0)
    sig_slots_remove (conn->thread->slots, conn->id);
  conn->id = 0;
  /* the client is gone before main could take it: nobody would read the answer */
  sig_front_up_free (g_steal_pointer (&conn->parked));
  sig_front_unhold (conn->thread->shared, post->held);
  if (post->body != NULL)
    g_byte_array_unref (post->body);
  g_free (post->bearer);
  g_free (post->cors);
  sig_web_request_free (post->web);
  g_free (g_steal_pointer (&conn->post));
}

static void
refuse (SigFrontConn *conn, unsigned status, SigFrontWhy why, const char *sentence)
{
  sig_front_conn_set_why (conn, why);
  conn->keep_alive = false;
  sig_front_post_clear (conn);
  sig_front_answer_error (conn, status, NULL, sentence);
}

/* Nothing but JSON goes to main, and no more than the rate allows. Returns: false when the body was answered here. */
static bool
check_body (SigFrontConn *conn)
{
  SigFrontThread *thread = conn->thread;
  const GByteArray *body = conn->post->body;
  uint32_t n_values = 0;
  bool ok = conn->post->web != NULL
            || al_json_check_values (body->len > 0 ? (const char *) body->data : "", body->len, AL_JSON_MAX_VALUES, &n_values,
                                  NULL);
  bool allowed = sig_front_conn_spend (conn, body->len, n_values);

  if (ok && allowed)
    return true;
  sig_front_conn_set_state (conn, SIG_FRONT_WAIT);
  if (!allowed)
    {
      sig_front_post_respond (conn, 429, thread->too_many, 1);
      return false;
    }
  al_counter_add (thread->shared->metrics.refused_json, 1);
  sig_front_post_respond (conn, 400, thread->not_json, 0);
  return false;
}

static void
complete (SigFrontConn *conn)
{
  SigFrontThread *thread = conn->thread;
  SigFrontPost *post = conn->post;
  AlStr bearer = { post->bearer, post->bearer != NULL ? strlen (post->bearer) : 0 };
  SigFrontUp *up;

  if (!check_body (conn))
    return;
  conn->id = sig_slots_add (thread->slots, conn);
  if (conn->id == 0)
    {
      refuse (conn, 503, SIG_FRONT_WHY_IDLE, "Too many connections.");
      return;
    }
  up = sig_front_up_new (thread->shared, post->web != NULL ? SIG_FRONT_UP_WEB : SIG_FRONT_UP_REQUEST, conn->id,
                         post->body->data, post->body->len, bearer);
  up->web = g_steal_pointer (&post->web);
  up->tls = conn->client_tls;
  up->admin = conn->admin;
  up->address = conn->client;
  g_byte_array_unref (g_steal_pointer (&post->body));
  sig_front_unhold (thread->shared, post->held);
  post->held = 0;
  post->began_us = sig_front_conn_now_us (conn);
  sig_front_conn_set_state (conn, SIG_FRONT_WAIT);
  sig_front_conn_pause (conn, SIG_FRONT_PAUSE_REQUEST, true);
  sig_front_conn_post (conn, up);
  sig_front_post_timer (conn);
}

void
sig_front_post_begin (SigFrontConn *conn, const AlHttpRequest *request, AlStr cors, SigWebRequest *web)
{
  SigFrontPost *post = g_new0 (SigFrontPost, 1);

  conn->post = post;
  post->body = g_byte_array_new ();
  post->is_chunked = request->chunked;
  post->left = MAX (request->content_length, 0); /* a DELETE has none */
  post->web = web;
  post->began_us = sig_front_conn_now_us (conn);
  post->bearer = get_bearer (request);
  post->cors = cors.ptr != NULL ? g_strndup (cors.ptr, cors.len) : NULL;
  if (request->expect_continue)
    {
      SigFrontHead head;

      sig_front_head_begin (conn, &head, 100);
      sig_front_head_send (conn, &head, -1);
    }
  sig_front_conn_set_state (conn, SIG_FRONT_BODY);
  sig_front_conn_set_deadline (conn, post->began_us + SIG_FRONT_BODY_US);
  if (!post->is_chunked && post->left == 0)
    complete (conn);
}

/* Counts what an unfinished body keeps, in big steps. Returns: false: not now. */
static bool
hold_more (SigFrontConn *conn, size_t len)
{
  SigFrontPost *post = conn->post;
  size_t needed = (post->body->len + len) / SIG_FRONT_HOLD_STEP * SIG_FRONT_HOLD_STEP;

  if (needed <= post->held)
    return true;
  if (sig_front_hold (conn->thread->shared, needed - post->held))
    {
      post->held = needed;
      return true;
    }
  sig_front_conn_pause (conn, SIG_FRONT_PAUSE_HELD, true);
  sig_front_conn_set_deadline (conn, sig_front_conn_now_us (conn) + SIG_FRONT_RETRY_US);
  return false;
}

static size_t
take_plain (SigFrontConn *conn, const uint8_t *data, size_t len)
{
  SigFrontPost *post = conn->post;
  size_t n = (size_t) MIN (post->left, (int64_t) len);

  if (!hold_more (conn, n))
    return 0;
  (void) g_byte_array_append (post->body, data, (guint) n);
  post->left -= (int64_t) n;
  if (post->left == 0)
    complete (conn);
  return n;
}

static size_t
take_chunked (SigFrontConn *conn, const uint8_t *data, size_t len)
{
  SigFrontPost *post = conn->post;
  size_t total = 0;

  while (total < len)
    {
      size_t used = 0;
      AlStr body = { NULL, 0 };

      /* asked before the decoder moves on, because it cannot go back */
      if (!hold_more (conn, len - total))
        return total;
      switch (al_http_chunked_next (&post->chunked, data + total, len - total, &used, &body))
        {
        case AL_CHUNK_DATA:
          if (post->body->len + body.len > sig_front_post_get_max (conn))
            {
              refuse (conn, 413, SIG_FRONT_WHY_BAD, sig_front_post_get_max_text (conn));
              return len;
            }
          (void) g_byte_array_append (post->body, (const uint8_t *) body.ptr, (guint) body.len);
          break;
        case AL_CHUNK_END:
          complete (conn);
          return total + used;
        case AL_CHUNK_ERROR:
          refuse (conn, 400, SIG_FRONT_WHY_BAD, "The chunked body is malformed.");
          return len;
        default:
          break;
        }
      total += used;
      if (used == 0)
        break;
    }
  return total;
}

size_t
sig_front_post_data (SigFrontConn *conn, const uint8_t *data, size_t len)
{
  return conn->post->is_chunked ? take_chunked (conn, data, len) : take_plain (conn, data, len);
}

static void
body_timer (SigFrontConn *conn)
{
  SigFrontPost *post = conn->post;
  int64_t now_us = sig_front_conn_now_us (conn);
  int64_t due_us = post->began_us + SIG_FRONT_BODY_US
                   + (int64_t) post->body->len * SIG_FRONT_S / SIG_FRONT_BODY_BYTES_PER_S;

  if (now_us >= due_us)
    {
      refuse (conn, 408, SIG_FRONT_WHY_SLOW, "The body came too slowly.");
      return;
    }
  sig_front_conn_set_deadline (conn, due_us);
  sig_front_conn_pause (conn, SIG_FRONT_PAUSE_HELD, false);
}

void
sig_front_post_timer (SigFrontConn *conn)
{
  SigFrontPost *post = conn->post;
  int64_t now_us = sig_front_conn_now_us (conn);

  if (conn->state == SIG_FRONT_BODY)
    body_timer (conn);
  else if (now_us >= post->began_us + SIG_FRONT_ANSWER_US)
    {
      al_warning ("a request was not answered in time, giving up on it");
      refuse (conn, 504, SIG_FRONT_WHY_IDLE, "The server did not answer in time.");
    }
  else
    sig_front_conn_set_deadline (conn, sig_front_conn_retry (conn) ? post->began_us + SIG_FRONT_ANSWER_US
                                                                   : now_us + SIG_FRONT_RETRY_US);
}

void
sig_front_post_respond (SigFrontConn *conn, unsigned status, AlBuf *body, unsigned retry_after_s)
{
  char fields[128];

  (void) g_snprintf (fields, sizeof fields, "%s%s", body != NULL && body->len > 0 ? "Content-Type: application/json\r\n" : "",
                     status == 401 ? "WWW-Authenticate: Bearer\r\n" : "");
  if (retry_after_s > 0)
    (void) g_snprintf (fields + strlen (fields), sizeof fields - strlen (fields), "Retry-After: %u\r\n", retry_after_s);
  sig_front_post_respond_fields (conn, status, fields, body);
}

void
sig_front_post_respond_fields (SigFrontConn *conn, unsigned status, const char *fields, AlBuf *body)
{
  SigFrontHead head;
  size_t len = body != NULL ? body->len : 0;

  if (conn->state != SIG_FRONT_WAIT || conn->parked != NULL)
    return;
  /* a Bearer field is only words until main has let it do something */
  sig_front_conn_set_proven (conn, conn->known && status < 300);
  /* a long answer is one shared block: its size is no reason to cut off a reader who may ask for such */
  if (conn->known)
    al_stream_set_limits (conn->stream, SIG_FRONT_INPUT, SIG_FRONT_LOW, SIG_FRONT_HIGH,
                          MAX (SIG_FRONT_HARD, al_stream_get_queued (conn->stream) + len + sizeof head.text));
  sig_front_head_begin (conn, &head, status);
  sig_front_head_add (&head, "Cache-Control: no-store\r\n");
  sig_front_head_add (&head, "%s", fields);
  if (conn->post->cors != NULL)
    sig_front_head_add (&head, "Access-Control-Allow-Origin: %s\r\nVary: Origin\r\n"
                               "Access-Control-Expose-Headers: Location, ETag, Link, Retry-After\r\n", conn->post->cors);
  sig_front_head_send (conn, &head, status == 204 ? -1 : (int64_t) len);
  if (len > 0 && status != 204 && !conn->head_only)
    (void) sig_front_conn_send_buf (conn, body, 0);
  sig_front_post_clear (conn);
  sig_front_http_next (conn);
}
