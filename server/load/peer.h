/* SPDX-License-Identifier: Apache-2.0 */
/* One transport of a simulated browser: socket, ICE, DTLS, SRTP. Loop's thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/hmac.h"
#include "server/load/dtls.h"
#include "server/load/port.h"
#include "server/load/sdp.h"

typedef struct LoadPeer LoadPeer;

/** LoadPeerHome: what all peers share; not owned, outlives them. */
typedef struct {
  LoadNet *net;
  LoadDtlsContext *dtls;
  AlHmac *hmac;
  AlAddr local; /* host of all sockets */
  bool libnice; /* ICE by libnice, not by our own */
} LoadPeerHome;

typedef struct {
  void (*on_connected) (LoadPeer *peer, void *user);
  /* still encrypted; @data: @len bytes that may be changed */
  void (*on_rtp) (LoadPeer *peer, uint8_t *data, size_t len, int64_t at_us, void *user);
  void (*on_rtcp) (LoadPeer *peer, const uint8_t *data, size_t len, int64_t at_us, void *user);
  void (*on_failed) (LoadPeer *peer, const char *why, void *user);
} LoadPeerOps;

LoadPeer *load_peer_new (const LoadPeerHome *home, const LoadPeerOps *ops, void *user, GError **error);
/** load_peer_free: not inside its callbacks. NULL is allowed. */
void load_peer_free (LoadPeer *peer);
/** load_peer_describe: @sdp: sections filled in; the rest is done here. Returns: (transfer full): an offer or answer */
char *load_peer_describe (LoadPeer *peer, LoadSdp *sdp, const char *setup);
/** load_peer_start: @remote: the server's offer or answer. @offerer: the offer was ours: we control (RFC 8445 §6.1.1) */
void load_peer_start (LoadPeer *peer, const LoadSdp *remote, bool offerer);
/** load_peer_get_profile: Returns: (nullable): of SRTP, once connected. */
const char *load_peer_get_profile (const LoadPeer *peer);
/** load_peer_unprotect: an RTP packet of on_rtp, in place. Returns: false when it is not genuine. */
bool load_peer_unprotect (LoadPeer *peer, uint8_t *data, size_t *len);
/** LOAD_PEER_TRAILER: bytes that must be free behind a packet that is encrypted in place. */
#define LOAD_PEER_TRAILER 32
/** load_peer_protect: Returns: bytes of the SRTP packet that @data, @len bytes of RTP, became; 0: not connected. */
size_t load_peer_protect (LoadPeer *peer, uint8_t *data, size_t len);
void load_peer_send_all (LoadPeer *peer, const struct iovec *datagrams, unsigned n);
/** load_peer_send_rtcp: @data: @len bytes, encrypted in place. */
void load_peer_send_rtcp (LoadPeer *peer, uint8_t *data, size_t len);
