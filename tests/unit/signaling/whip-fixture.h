/* SPDX-License-Identifier: Apache-2.0 */
/* WHIP over a front and a media plane that only remember: its symbols stand before those of the SFU. Included once in a program. */
#pragma once

#include "signaling/whip-fragment.h"
#include "signaling/whip-private.h"
#include "whip-sdp.h"

#define KEY "0123456789012345678901234567890a"
#define PLAY_KEY "0123456789012345678901234567890b"
#define OTHER_KEY "0123456789012345678901234567890c"

/* ---- the media plane ---- */

static struct {
  unsigned rooms, peers, published, subscribed, restarts, n_tracks;
  SfuSource sources[4];
  const GError *fails; /* (nullable): of the next offer */
  uint64_t next;
} plane;

uint64_t
sfu_control_add_room (SfuControl *control, const SfuRoomPolicy *policy)
{
  plane.rooms++;
  return ++plane.next;
}

void
sfu_control_remove_room (SfuControl *control, uint64_t room)
{
  plane.rooms--;
}

uint64_t
sfu_control_add_peer (SfuControl *control, uint64_t room)
{
  plane.peers++;
  return ++plane.next;
}

void
sfu_control_remove_peer (SfuControl *control, uint64_t room, uint64_t peer)
{
  plane.peers--;
}

static const char answer_text[] =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=ice-lite\r\n"
    "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:oldu\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"
    "a=end-of-candidates\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n";

static inline char *
answer (GArray **ret, gsize size, GError **error)
{
  if (plane.fails != NULL)
    {
      g_propagate_error (error, g_error_copy (plane.fails));
      return NULL;
    }
  *ret = g_array_new (FALSE, FALSE, (guint) size);
  return g_strdup (answer_text);
}

char *
sfu_control_publish (SfuControl *control, uint64_t room, uint64_t peer, const char *offer, const SfuPublish *tracks, unsigned n,
                     GArray **ret_tracks, GError **error)
{
  plane.published++;
  plane.n_tracks = n;
  for (unsigned i = 0; i < n; i++)
    plane.sources[i] = tracks[i].source;
  return answer (ret_tracks, sizeof (SfuTrackInfo), error);
}

char *
sfu_control_subscribe (SfuControl *control, uint64_t room, uint64_t peer, const char *offer, GArray **ret_slots,
                       GError **error)
{
  plane.subscribed++;
  return answer (ret_slots, sizeof (SfuSlotInfo), error);
}

bool
sfu_control_restart_ice (SfuControl *control, uint64_t room, uint64_t peer, bool publisher, const char *ufrag,
                         const char *pwd, char **ret_ufrag, char **ret_pwd)
{
  if (strcmp (ufrag, "fail") == 0)
    return false;
  plane.restarts++;
  *ret_ufrag = g_strdup ("newu");
  *ret_pwd = g_strdup ("newpnewpnewpnewpnewpne");
  return true;
}

/* ---- the front, the users, the clock ---- */

static int64_t clock_us;

static inline int64_t
now_us (void)
{
  return clock_us;
}

static inline int64_t
wall_ms (void)
{
  return 1700000000000;
}

typedef struct {
  SigWhip *whip;
  AlMetrics *metrics;
  AlConfig *config;
  unsigned status;
  char *fields, *body, *location, *etag;
} Fixture;

static inline void
respond (SigConnId conn, unsigned status, const char *fields, AlBuf *body, gpointer user)
{
  Fixture *fixture = user;

  g_assert_cmpuint (fixture->status, ==, 0); /* once */
  fixture->status = status;
  fixture->fields = g_strdup (fields);
  fixture->body = body != NULL ? g_strndup ((const char *) body->data, body->len) : NULL;
}

static inline void
find_user (const char *token, SigWhipLoginFn fn, gpointer data, gpointer user)
{
  fn (g_str_has_prefix (token, "als_") ? token + 4 : NULL, data);
}

static inline void
clear_answer (Fixture *fixture)
{
  fixture->status = 0;
  g_clear_pointer (&fixture->fields, g_free);
  g_clear_pointer (&fixture->body, g_free);
}

static inline AlConfig *
make_config (const char *streaming)
{
  g_autofree char *text = g_strconcat ("[relay]\nlisten_udp=127.0.0.1:3478\nshared_secrets=secretsecret\n"
                                       "[server]\npublic_address=example.org\n[streaming]\n", streaming, NULL);
  g_autoptr (GError) error = NULL;
  AlConfig *config = al_config_parse (text, strlen (text), "test", al_config_keys (), &error);

  g_assert_no_error (error);
  return config;
}

static inline void
start (Fixture *fixture, const char *streaming, SigTurn *turn, bool media)
{
  SigWhipConfig config = { .control = media ? (SfuControl *) fixture : NULL, .turn = turn, .respond = respond,
                           .metrics = fixture->metrics = al_metrics_new (), .find_user = find_user, .user = fixture, .now_us = now_us, .wall_ms = wall_ms };
  g_autoptr (GError) error = NULL;

  memset (&plane, 0, sizeof plane);
  clock_us = 1000;
  fixture->config = make_config (streaming);
  fixture->whip = sig_whip_new (&config, fixture->config, &error);
  g_assert_no_error (error);
}

static inline void
set_up (Fixture *fixture, gconstpointer data)
{
  start (fixture, "publish_keys=show:" KEY ";other:" OTHER_KEY "\n", NULL, true);
}

static inline void
tear_down (Fixture *fixture, gconstpointer data)
{
  sig_whip_free (fixture->whip);
  al_metrics_free (fixture->metrics);
  al_config_free (fixture->config);
  clear_answer (fixture);
  g_free (fixture->location);
  g_free (fixture->etag);
}

static inline char *
get_field (const Fixture *fixture, const char *name)
{
  g_auto (GStrv) lines = g_strsplit (fixture->fields, "\r\n", -1);

  for (unsigned i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], name) && lines[i][strlen (name)] == ':')
      return g_strdup (lines[i] + strlen (name) + 2);
  return NULL;
}

static inline unsigned
ask (Fixture *fixture, SigWebMethod method, const char *path, const char *bearer, const char *type, const char *if_match,
     const char *body)
{
  SigWebRequest request = { method, (char *) path, (char *) type, (char *) if_match };
  SigPeer peer = { .bearer = bearer };

  clear_answer (fixture);
  sig_whip_request (fixture->whip, 1, &peer, &request, body, strlen (body));
  g_assert_cmpuint (fixture->status, !=, 0);
  return fixture->status;
}

static inline void
begin (Fixture *fixture, const char *path, const char *bearer, const char *offer)
{
  g_assert_cmpuint (ask (fixture, SIG_WEB_POST, path, bearer, SDP, NULL, offer), ==, 201);
  g_free (fixture->location);
  g_free (fixture->etag);
  fixture->location = get_field (fixture, "Location");
  fixture->etag = get_field (fixture, "ETag");
}
