/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WHIP (RFC 9725) at /whip/STREAM and WHEP (draft-ietf-wish-whep-03) at /whep/STREAM: the two exchanges of the SFU over
 * HTTP. A stream is a room of the media plane with one publishing peer; each player is a peer with its slots. A session's
 * URL is /whip/STREAM/SESSION; who knows it and may publish (or play) the stream may change or end it. Main thread.
 *
 * Who may publish STREAM: the key of that name in [streaming] publish_keys, or, for streams without a key there, the user of
 * that name by a session's token. Who may play: everybody, or with [streaming] play_keys the key of that name and whoever
 * may publish.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/config.h"
#include "base/metrics.h"
#include "messaging/core.h"
#include "sfu/control.h"
#include "signaling/front.h"
#include "signaling/turn.h"

typedef struct SigWhip SigWhip;

#define SIG_WHIP_MAX_STREAMS 1000
#define SIG_WHIP_MAX_SESSIONS 20000
/** SIG_WHIP_CONNECT_US: until a session has to be connected; it is removed then. */
#define SIG_WHIP_CONNECT_US (INT64_C (30) * G_USEC_PER_SEC)

/** SigWhipRespondFn: sig_front_respond_web(). */
typedef void (*SigWhipRespondFn) (SigConnId conn, unsigned status, const char *fields, AlBuf *body, gpointer user);
/** SigWhipLoginFn: @username: (nullable): of the user that the token belongs to; NULL: nobody's. */
typedef void (*SigWhipLoginFn) (const char *username, gpointer data);

/**
 * SigWhipConfig: all passed in and not owned.
 * @control: (nullable): without one every POST is answered 503
 * @turn: (nullable): the relay is off
 * @metrics: (nullable)
 * @find_user: looks a session's token up; calls @fn once, now or later
 */
typedef struct {
  SfuControl *control;
  SigTurn *turn;
  AlMetrics *metrics;
  SigWhipRespondFn respond;
  void (*find_user) (const char *token, SigWhipLoginFn fn, gpointer data, gpointer user);
  gpointer user;
  int64_t (*now_us) (void);
  int64_t (*wall_ms) (void);
} SigWhipConfig;

/** sig_whip_new: Returns: (transfer full) (nullable): NULL when the keys of @settings are malformed. */
SigWhip *sig_whip_new (const SigWhipConfig *config, const AlConfig *settings, GError **error);
/** sig_whip_free: no token is being looked up any more. NULL is allowed. */
void sig_whip_free (SigWhip *whip);
/** sig_whip_check: Returns: whether the keys of @settings are well formed. */
bool sig_whip_check (const AlConfig *settings, GError **error);
/** sig_whip_reload: takes the keys of @settings, which sig_whip_check() has passed. Sessions go on as long as nobody asks
 *  for them with a key that is gone. */
void sig_whip_reload (SigWhip *whip, const AlConfig *settings);

/** sig_whip_request: SigFrontOps.on_web. */
void sig_whip_request (SigWhip *whip, SigConnId conn, const SigPeer *peer, const SigWebRequest *request, const char *body,
                       size_t len);
/** sig_whip_state: SfuEvents.state; rooms that are not a stream's are passed over. */
void sig_whip_state (SigWhip *whip, uint64_t room, uint64_t peer, bool publisher, SfuPeerState state);
/** sig_whip_tick: once a second: sessions that did not connect in time end. */
void sig_whip_tick (SigWhip *whip);
unsigned sig_whip_count_sessions (const SigWhip *whip);
unsigned sig_whip_count_streams (const SigWhip *whip);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigWhip, sig_whip_free)
