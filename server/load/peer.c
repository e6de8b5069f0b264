/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/peer.h"

#include <string.h>

#include "server/load/agent.h"
#include "server/load/ice.h"

struct LoadPeer {
  /* passed in, not owned */
  const LoadPeerHome *home;
  const LoadPeerOps *ops;
  void *user;
  /* owned */
  LoadPort *port;   /* and ice; or ... */
  LoadAgent *agent; /* ... this, with home->libnice */
  LoadDtls *dtls; /* (nullable): until the keys are there */
  srtp_t in, out;
  LoadIce ice;
  AlTimer ice_timer, dtls_timer;
  AlAddr remote;
  bool client, begun; /* DTLS: role, and whether it has */
  bool ready;         /* agent: there is a pair */
  char fingerprint[96];
  const char *profile;
};

static AlLoop *
loop_of (const LoadPeer *peer)
{
  return load_net_get_loop (peer->home->net);
}

static void
set_timer (LoadPeer *peer, AlTimer *timer, int64_t after_us)
{
  AlLoop *loop = loop_of (peer);

  al_timer_set (al_loop_get_timers (loop), timer, al_loop_now_us (loop) + after_us);
}

static void
send_one (LoadPeer *peer, const void *data, size_t len)
{
  if (peer->agent != NULL)
    load_agent_send (peer->agent, data, len);
  else
    load_port_send (peer->port, &peer->remote, data, len);
}

static void
send_dtls (const void *data, size_t len, void *user)
{
  send_one (user, data, len);
}

static void
fail (LoadPeer *peer, const char *why)
{
  al_timer_cancel (&peer->dtls_timer);
  al_timer_cancel (&peer->ice_timer);
  if (peer->ops->on_failed != NULL)
    peer->ops->on_failed (peer, why, peer->user);
}

static void
turn_dtls (LoadPeer *peer, const uint8_t *data, size_t len)
{
  LoadDtlsState state = load_dtls_input (peer->dtls, data, len);
  int64_t timeout_us = load_dtls_get_timeout_us (peer->dtls);

  al_timer_cancel (&peer->dtls_timer);
  if (state == LOAD_DTLS_FAILED)
    {
      fail (peer, "DTLS");
      return;
    }
  if (state == LOAD_DTLS_DONE && peer->profile == NULL)
    {
      peer->profile = load_dtls_make_srtp (peer->dtls, &peer->in, &peer->out);
      if (peer->profile == NULL)
        fail (peer, "no SRTP profile");
      else
        peer->ops->on_connected (peer, peer->user);
    }
  else if (state == LOAD_DTLS_RUNS && timeout_us >= 0)
    set_timer (peer, &peer->dtls_timer, timeout_us);
}

static void
begin_dtls (LoadPeer *peer)
{
  if (peer->begun || !(peer->agent != NULL ? peer->ready : load_ice_is_connected (&peer->ice)))
    return;
  peer->begun = true;
  if (peer->client)
    turn_dtls (peer, NULL, 0);
}

static void
on_stun (LoadPeer *peer, const uint8_t *data, size_t len, const AlAddr *from)
{
  uint8_t reply[LOAD_ICE_MESSAGE];
  size_t n = load_ice_input (&peer->ice, peer->home->hmac, data, len, from, reply, load_now_us ());

  if (n > 0)
    load_port_send (peer->port, from, reply, n);
  begin_dtls (peer);
}

static void
on_datagram (uint8_t *data, size_t len, const AlAddr *from, int64_t at_us, void *user)
{
  LoadPeer *peer = user;

  if (len < 2)
    return;
  if (data[0] < 4)
    on_stun (peer, data, len, from);
  else if (data[0] >= 20 && data[0] <= 63 && peer->dtls != NULL)
    turn_dtls (peer, data, len);
  else if (data[0] >= 128 && data[0] <= 191 && peer->profile != NULL)
    {
      if (data[1] < 192 || data[1] > 223)
        peer->ops->on_rtp (peer, data, len, at_us, peer->user);
      else
        {
          int n = (int) len;

          if (srtp_unprotect_rtcp (peer->in, data, &n) == srtp_err_status_ok && peer->ops->on_rtcp != NULL)
            peer->ops->on_rtcp (peer, data, (size_t) n, at_us, peer->user);
        }
    }
}

static void
on_agent (bool ready, void *user)
{
  LoadPeer *peer = user;

  peer->ready = ready;
  if (ready)
    begin_dtls (peer);
  else
    fail (peer, "ICE: nobody answers");
}

static void
on_ice_timer (AlTimer *timer, void *user)
{
  LoadPeer *peer = user;
  uint8_t data[LOAD_ICE_MESSAGE];
  size_t len = load_ice_tick (&peer->ice, peer->home->hmac, data, load_now_us ());

  if (len > 0)
    load_port_send (peer->port, &peer->remote, data, len);
  if (!peer->ice.valid && peer->ice.checks > 40)
    fail (peer, "ICE: nobody answers");
  else
    set_timer (peer, timer, MAX (peer->ice.next_us - load_now_us (), 1000));
}

static void
on_dtls_timer (AlTimer *timer, void *user)
{
  turn_dtls (user, NULL, 0);
}

LoadPeer *
load_peer_new (const LoadPeerHome *home, const LoadPeerOps *ops, void *user, GError **error)
{
  LoadPeer *peer = g_new0 (LoadPeer, 1);

  peer->home = home;
  peer->ops = ops;
  peer->user = user;
  load_ice_init (&peer->ice);
  al_timer_init (&peer->ice_timer, on_ice_timer, peer);
  al_timer_init (&peer->dtls_timer, on_dtls_timer, peer);
  if (home->libnice)
    peer->agent = load_agent_new (load_net_get_loop (home->net), &home->local, on_datagram, on_agent, peer, error);
  else
    peer->port = load_port_new (home->net, &home->local, on_datagram, peer, error);
  if (peer->port == NULL && peer->agent == NULL)
    g_clear_pointer (&peer, g_free);
  return peer;
}

void
load_peer_free (LoadPeer *peer)
{
  if (peer == NULL)
    return;
  al_timer_cancel (&peer->ice_timer);
  al_timer_cancel (&peer->dtls_timer);
  load_dtls_free (peer->dtls);
  load_port_free (peer->port);
  load_agent_free (peer->agent);
  if (peer->in != NULL)
    (void) srtp_dealloc (peer->in);
  if (peer->out != NULL)
    (void) srtp_dealloc (peer->out);
  g_free (peer);
}

char *
load_peer_describe (LoadPeer *peer, LoadSdp *sdp, const char *setup)
{
  g_strlcpy (sdp->ufrag, peer->ice.ufrag, sizeof sdp->ufrag);
  g_strlcpy (sdp->pwd, peer->ice.pwd, sizeof sdp->pwd);
  g_strlcpy (sdp->setup, setup, sizeof sdp->setup);
  g_strlcpy (sdp->fingerprint, load_dtls_context_get_fingerprint (peer->home->dtls), sizeof sdp->fingerprint);
  if (peer->agent != NULL)
    load_agent_describe (peer->agent, sdp);
  else
    load_port_get_address (peer->port, &sdp->candidate);
  return load_sdp_write (sdp);
}

void
load_peer_start (LoadPeer *peer, const LoadSdp *remote, bool offerer)
{
  peer->remote = remote->candidate;
  peer->client = strcmp (remote->setup, "active") != 0; /* an offer of actpass is answered with active */
  peer->dtls = load_dtls_new (peer->home->dtls, peer->client, remote->fingerprint, send_dtls, peer);
  if (peer->agent != NULL)
    {
      if (!load_agent_start (peer->agent, remote, offerer))
        fail (peer, "ICE: libnice does not take the candidate");
      return;
    }
  load_ice_start (&peer->ice, remote->ufrag, remote->pwd, offerer, load_now_us ());
  set_timer (peer, &peer->ice_timer, 0);
}

const char *
load_peer_get_profile (const LoadPeer *peer)
{
  return peer->profile;
}

bool
load_peer_unprotect (LoadPeer *peer, uint8_t *data, size_t *len)
{
  int n = (int) *len;

  if (srtp_unprotect (peer->in, data, &n) != srtp_err_status_ok)
    return false;
  *len = (size_t) n;
  return true;
}

size_t
load_peer_protect (LoadPeer *peer, uint8_t *data, size_t len)
{
  int n = (int) len;

  return peer->profile != NULL && srtp_protect (peer->out, data, &n) == srtp_err_status_ok ? (size_t) n : 0;
}

void
load_peer_send_all (LoadPeer *peer, const struct iovec *datagrams, unsigned n)
{
  for (unsigned i = 0; peer->agent != NULL && i < n; i++)
    load_agent_send (peer->agent, datagrams[i].iov_base, datagrams[i].iov_len);
  if (peer->agent == NULL)
    load_port_send_all (peer->port, &peer->remote, datagrams, n);
}

void
load_peer_send_rtcp (LoadPeer *peer, uint8_t *data, size_t len)
{
  int n = (int) len;

  if (peer->profile != NULL && srtp_protect_rtcp (peer->out, data, &n) == srtp_err_status_ok)
    send_one (peer, data, (size_t) n);
}
