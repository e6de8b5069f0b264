/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front: listeners, HTTP and WebSocket framing on threads of their own. It parses and frames; what is said is decided
 * on the main thread, which it talks to by mailbox in both directions.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/metrics.h"

typedef struct SigFront SigFront;

/** SigConnId: names one connection (or one HTTP request) for ever: thread, slot, generation. 0 is none. A stale one is
 *  harmless: what is sent to it is dropped. */
typedef uint64_t SigConnId;

/** SigPeer: who is at the other end; valid during the callback. */
typedef struct {
  AlAddr address;    /* the client's, taken from X-Forwarded-For when a trusted proxy says so */
  bool tls;
  bool admin;        /* came in by the local admin socket as root or as the server's own user */
  const char *bearer; /* (nullable): the token of an Authorization: Bearer field */
} SigPeer;

/** SigWebMethod: of requests to /whip/ and /whep/; OPTIONS is answered by the front. */
typedef enum { SIG_WEB_GET, SIG_WEB_HEAD, SIG_WEB_POST, SIG_WEB_PATCH, SIG_WEB_DELETE, SIG_WEB_METHOD_N } SigWebMethod;

/** SigWebRequest: what a request says besides its body. @path: as sent, without a query. @content_type, @if_match:
 *  (nullable) */
typedef struct {
  SigWebMethod method;
  char *path, *content_type, *if_match;
} SigWebRequest;

/** SigFrontOps: all on the main thread, in the order things happened on that connection. */
typedef struct {
  /* a WebSocket was opened on /rpc with the subprotocol aldis.v1 */
  void (*on_open) (SigConnId conn, const SigPeer *peer, gpointer user);
  /* one text message that al_json_check() has passed; not NUL-terminated */
  void (*on_message) (SigConnId conn, const char *text, size_t len, gpointer user);
  /* POST /rpc with its whole body, which al_json_check() has passed; answer once with sig_front_respond() */
  void (*on_request) (SigConnId conn, const SigPeer *peer, const char *body, size_t len, gpointer user);
  /* the WebSocket is gone; @code as received, or 1006; not called for requests */
  void (*on_closed) (SigConnId conn, uint16_t code, gpointer user);
  /* sig_front_probe (@seq) was answered: what was sent to the WebSocket before it has arrived */
  void (*on_proof) (SigConnId conn, uint64_t seq, gpointer user);
  /* (nullable): a request to /whip/ or /whep/ with its whole body, whatever that is; answer once with
   * sig_front_respond_web() */
  void (*on_web) (SigConnId conn, const SigPeer *peer, const SigWebRequest *request, const char *body, size_t len,
                  gpointer user);
} SigFrontOps;

/**
 * sig_front_new: opens the listeners of @config ([signaling] listen, tls_listen; [server] metrics_listen; the admin
 * socket), makes the self-signed certificate if none is configured, starts the threads; callbacks run on @context.
 */
SigFront *sig_front_new (GMainContext *context, const AlConfig *config, AlMetrics *metrics, const SigFrontOps *ops,
                         gpointer user, GError **error);
/** sig_front_free: closes every connection with 1001 and joins the threads. */
void sig_front_free (SigFront *front);

/** sig_front_send: one text message (the front frames it). @text: (transfer none). Main thread, as all below. */
void sig_front_send (SigFront *front, SigConnId conn, AlBuf *text);
/** sig_front_probe: asks a WebSocket, with a ping behind what was sent, whether it has it. Of several questions only the
 *  last is answered. @seq: not 0, given back by on_proof. */
void sig_front_probe (SigFront *front, SigConnId conn, uint64_t seq);
/** sig_front_done: one call that arrived by on_message is answered (or needed no answer): it no longer counts as in flight. */
void sig_front_done (SigFront *front, SigConnId conn);
/** sig_front_known: a WebSocket has a session from now on: the limits for strangers no longer hold for it. */
void sig_front_known (SigFront *front, SigConnId conn);
/** sig_front_respond: answers a POST. @body: JSON; (nullable): none for 204. @retry_after_s: 0 for no Retry-After. */
void sig_front_respond (SigFront *front, SigConnId conn, unsigned status, AlBuf *body, unsigned retry_after_s);
/** SIG_WEB_MAX_FIELDS: bytes of the fields that an answer may add. */
#define SIG_WEB_MAX_FIELDS 2560
/** sig_front_respond_web: answers a request of on_web. @fields: header lines with CR LF, Content-Type among them, at most
 *  SIG_WEB_MAX_FIELDS bytes. @body: (nullable) */
void sig_front_respond_web (SigFront *front, SigConnId conn, unsigned status, const char *fields, AlBuf *body);
/** sig_front_close: closes a WebSocket after what is queued. @reason: at most 123 bytes. */
void sig_front_close (SigFront *front, SigConnId conn, uint16_t code, const char *reason);
/** sig_front_reload: reads certificates and static files again (SIGHUP). */
bool sig_front_reload (SigFront *front, GError **error);
/** sig_front_drain: stops listening; open connections go on. /healthz answers 503 on those. */
void sig_front_drain (SigFront *front);
/** sig_front_set_health: whether /healthz says 200. */
void sig_front_set_health (SigFront *front, bool healthy);
/** sig_front_get_urls: Returns: (transfer full): NULL-terminated addresses a browser can open, http first. */
char **sig_front_get_urls (SigFront *front);
