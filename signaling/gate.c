/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/gate.h"

#include "messaging/session.h"

/* a POST whose token is being looked up */
typedef struct {
  SigGate *gate;
  SigCaller caller;
  GString *body;
} Post;

static void
post_free (Post *post)
{
  g_string_free (post->body, TRUE);
  g_free (post);
}

static void
on_open (SigConnId id, const SigPeer *peer, gpointer user)
{
  SigGate *gate = user;

  (void) sig_conns_add (gate->conns, id, peer);
}

static void
on_message (SigConnId id, const char *text, size_t len, gpointer user)
{
  SigGate *gate = user;
  const SigConn *conn = sig_conns_lookup (gate->conns, id);
  SigCaller caller = { .conn = id, .websocket = true };

  if (conn == NULL)
    return;
  caller.admin = conn->admin;
  caller.address = conn->address;
  caller.session = sig_conn_get_session (conn);
  sig_rpc_dispatch (gate->rpc, &caller, text, len);
}

static void
on_closed (SigConnId id, uint16_t code, gpointer user)
{
  SigGate *gate = user;
  SigConn *conn = sig_conns_lookup (gate->conns, id);

  if (conn == NULL)
    return;
  if (conn->session != NULL)
    sig_sessions_detach (gate->sessions, conn->session, id);
  sig_conns_remove (gate->conns, id);
}

static void
on_proof (SigConnId id, uint64_t seq, gpointer user)
{
  SigGate *gate = user;
  const SigConn *conn = sig_conns_lookup (gate->conns, id);

  if (conn != NULL && conn->session != NULL)
    sig_sessions_delivered (gate->sessions, conn->session, id, seq);
}

static void
on_post_login (const MsgLogin *login, const GError *error, gpointer user)
{
  Post *post = user;
  SigGate *gate = post->gate;
  SigSession *live;
  g_autoptr (SigSession) session = NULL;

  if (error != NULL)
    sig_rpc_refuse (gate->rpc, post->caller.conn, error);
  else
    {
      live = sig_sessions_lookup (gate->sessions, login->device->id);
      session = live != NULL ? sig_session_ref (live) : sig_session_new_transient (login->user, login->device);
      post->caller.session = session;
      sig_rpc_dispatch (gate->rpc, &post->caller, post->body->str, post->body->len);
    }
  post_free (post);
}

static void
on_request (SigConnId id, const SigPeer *peer, const char *body, size_t len, gpointer user)
{
  SigGate *gate = user;
  SigCaller caller = { .conn = id, .admin = peer->admin, .address = peer->address };
  Post *post;

  if (peer->bearer != NULL)
    /* outlives a reload of the keys; the operator's names are few */
    caller.backend = g_intern_string (msg_api_keys_find (gate->api_keys, peer->bearer));
  if (peer->bearer == NULL || caller.backend != NULL)
    {
      sig_rpc_dispatch (gate->rpc, &caller, body, len);
      return;
    }
  post = g_new0 (Post, 1);
  post->gate = gate;
  post->caller = caller;
  post->body = g_string_new_len (body, (gssize) len);
  msg_session_start (gate->core, peer->bearer, on_post_login, post);
}

static void
on_web (SigConnId id, const SigPeer *peer, const SigWebRequest *request, const char *body, size_t len, gpointer user)
{
  sig_whip_request (((SigGate *) user)->whip, id, peer, request, body, len);
}

const SigFrontOps *
sig_gate_ops (void)
{
  static const SigFrontOps ops = { on_open, on_message, on_request, on_closed, on_proof, on_web };

  return &ops;
}
