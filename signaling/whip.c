/* SPDX-License-Identifier: Apache-2.0 */
/* Streams and sessions, and which of them a request means. */
#include "signaling/whip.h"

#include <string.h>

#include "base/base64url.h"
#include "base/random.h"
#include "signaling/whip-private.h"

static void
session_free (gpointer data)
{
  SigWhipSession *session = data;

  g_free (session->answer);
  g_free (session->ufrag);
  g_free (session->pwd);
  g_free (session);
}

SigWhip *
sig_whip_new (const SigWhipConfig *config, const AlConfig *settings, GError **error)
{
  g_autoptr (SigWhip) whip = g_new0 (SigWhip, 1);

  whip->config = *config;
  whip->streams = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  whip->rooms = g_hash_table_new (g_int64_hash, g_int64_equal);
  whip->sessions = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, session_free);
  if (config->metrics != NULL)
    sig_whip_make_metrics (whip, config->metrics);
  return sig_whip_read_keys (whip, settings, error) ? g_steal_pointer (&whip) : NULL;
}

void
sig_whip_free (SigWhip *whip)
{
  GHashTableIter iter;
  gpointer session;

  if (whip == NULL)
    return;
  g_hash_table_iter_init (&iter, whip->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    sig_whip_count_state (whip, session, SIG_WHIP_STATE_N);
  g_hash_table_unref (whip->sessions);
  g_hash_table_unref (whip->rooms);
  g_hash_table_unref (whip->streams);
  msg_api_keys_free (whip->publish_keys);
  msg_api_keys_free (whip->play_keys);
  g_strfreev (whip->publish_names);
  g_free (whip);
}

bool
sig_whip_check (const AlConfig *settings, GError **error)
{
  static const SigWhipConfig nothing;
  g_autoptr (SigWhip) whip = sig_whip_new (&nothing, settings, error);

  return whip != NULL;
}

void
sig_whip_reload (SigWhip *whip, const AlConfig *settings)
{
  (void) sig_whip_read_keys (whip, settings, NULL);
}

static SigWhipStream *
add_stream (SigWhip *whip, const char *name)
{
  SfuRoomPolicy policy = { .active_speakers = 1 };
  SigWhipStream *stream = g_hash_table_lookup (whip->streams, name);

  if (stream != NULL || g_hash_table_size (whip->streams) >= SIG_WHIP_MAX_STREAMS)
    return stream;
  stream = g_new0 (SigWhipStream, 1);
  (void) g_strlcpy (stream->name, name, sizeof stream->name);
  stream->room = sfu_control_add_room (whip->config.control, &policy);
  g_hash_table_insert (whip->streams, stream->name, stream);
  g_hash_table_insert (whip->rooms, &stream->room, stream);
  return stream;
}

/* A stream is there as long as somebody publishes or waits for it. */
static void
settle_stream (SigWhip *whip, SigWhipStream *stream)
{
  if (stream->n_sessions > 0)
    return;
  sfu_control_remove_room (whip->config.control, stream->room);
  (void) g_hash_table_remove (whip->rooms, &stream->room);
  (void) g_hash_table_remove (whip->streams, stream->name);
}

SigWhipSession *
sig_whip_add_session (const SigWhipAsk *ask)
{
  SigWhip *whip = ask->whip;
  uint8_t id[SIG_WHIP_ID_BYTES];
  SigWhipSession *session;
  SigWhipStream *stream;

  if (g_hash_table_size (whip->sessions) >= SIG_WHIP_MAX_SESSIONS)
    return NULL;
  stream = add_stream (whip, ask->stream);
  if (stream == NULL)
    return NULL;
  session = g_new0 (SigWhipSession, 1);
  session->stream = stream;
  session->publisher = ask->publisher;
  session->state = SIG_WHIP_STATE_N;
  session->deadline_us = whip->config.now_us () + SIG_WHIP_CONNECT_US;
  session->peer = sfu_control_add_peer (whip->config.control, stream->room);
  al_random_bytes (id, sizeof id);
  al_random_bytes (session->turn_id, sizeof session->turn_id);
  (void) al_base64url_write (id, sizeof id, session->id);
  g_hash_table_insert (whip->sessions, session->id, session);
  stream->n_sessions++;
  if (session->publisher)
    stream->publisher = session;
  sig_whip_count_state (whip, session, SIG_WHIP_CONNECTING);
  return session;
}

void
sig_whip_remove_session (SigWhip *whip, SigWhipSession *session)
{
  SigWhipStream *stream = session->stream;

  sfu_control_remove_peer (whip->config.control, stream->room, session->peer);
  if (whip->config.turn != NULL)
    sig_turn_end_call (whip->config.turn, session->turn_id);
  if (stream->publisher == session)
    stream->publisher = NULL;
  stream->n_sessions--;
  sig_whip_count_state (whip, session, SIG_WHIP_STATE_N);
  (void) g_hash_table_remove (whip->sessions, session->id);
  settle_stream (whip, stream);
}

static SigWhipSession *
find_peer (SigWhip *whip, uint64_t room, uint64_t peer)
{
  SigWhipStream *stream = g_hash_table_lookup (whip->rooms, &room);
  GHashTableIter iter;
  gpointer session;

  if (stream == NULL)
    return NULL;
  if (stream->publisher != NULL && stream->publisher->peer == peer)
    return stream->publisher;
  g_hash_table_iter_init (&iter, whip->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    if (((SigWhipSession *) session)->peer == peer && ((SigWhipSession *) session)->stream == stream)
      return session;
  return NULL;
}

void
sig_whip_state (SigWhip *whip, uint64_t room, uint64_t peer, bool publisher, SfuPeerState state)
{
  SigWhipSession *session = find_peer (whip, room, peer);

  if (session == NULL || session->publisher != publisher)
    return;
  if (state == SFU_PEER_CONNECTED)
    {
      session->deadline_us = INT64_MAX;
      sig_whip_count_state (whip, session, SIG_WHIP_CONNECTED);
    }
  else if (state == SFU_PEER_INTERRUPTED)
    sig_whip_count_state (whip, session, SIG_WHIP_INTERRUPTED);
  else if (state == SFU_PEER_CLOSED)
    sig_whip_remove_session (whip, session);
}

void
sig_whip_tick (SigWhip *whip)
{
  g_autoptr (GPtrArray) late = g_ptr_array_new ();
  int64_t now_us = whip->config.now_us ();
  GHashTableIter iter;
  gpointer session;

  g_hash_table_iter_init (&iter, whip->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    if (now_us >= ((SigWhipSession *) session)->deadline_us)
      g_ptr_array_add (late, session);
  for (unsigned i = 0; i < late->len; i++)
    sig_whip_remove_session (whip, g_ptr_array_index (late, i));
}

unsigned
sig_whip_count_sessions (const SigWhip *whip)
{
  return g_hash_table_size (whip->sessions);
}

unsigned
sig_whip_count_streams (const SigWhip *whip)
{
  return g_hash_table_size (whip->streams);
}

void
sig_whip_ask_free (SigWhipAsk *ask)
{
  g_free (ask->content_type);
  g_free (ask->if_match);
  g_free (ask->body);
  g_free (ask);
}

/* One segment of a path: letters, digits, "_", "-" and "." alone, which need no percent-encoding */
static bool
take_segment (const char **at, char *ret, size_t size)
{
  size_t len = strcspn (*at, "/");

  if (len == 0 || len >= size || (*at)[0] == '.')
    return false;
  for (size_t i = 0; i < len; i++)
    if (!g_ascii_isalnum ((*at)[i]) && strchr ("_.-", (*at)[i]) == NULL)
      return false;
  (void) memcpy (ret, *at, len);
  ret[len] = '\0';
  *at += len;
  return true;
}

static bool
parse_path (SigWhipAsk *ask, const char *path)
{
  const char *at = path + strlen ("/whip/");

  ask->publisher = g_str_has_prefix (path, "/whip/");
  if (!take_segment (&at, ask->stream, sizeof ask->stream))
    return false;
  if (*at == '/')
    {
      at++;
      if (!take_segment (&at, ask->session, sizeof ask->session))
        return false;
    }
  return *at == '\0';
}

void
sig_whip_request (SigWhip *whip, SigConnId conn, const SigPeer *peer, const SigWebRequest *request, const char *body,
                  size_t len)
{
  SigWhipAsk *ask = g_new0 (SigWhipAsk, 1);

  ask->whip = whip;
  ask->conn = conn;
  ask->method = request->method;
  ask->content_type = g_strdup (request->content_type);
  ask->if_match = g_strdup (request->if_match);
  ask->body = g_strndup (body, len);
  ask->len = len;
  if (parse_path (ask, request->path))
    sig_whip_authorize (ask, peer->bearer);
  else
    {
      sig_whip_refuse (ask, 404, "Not Found", "A stream's name has 1 to 64 letters, digits, \"_\", \"-\" and \".\".", 0);
      sig_whip_ask_free (ask);
    }
}
