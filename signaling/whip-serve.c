/* SPDX-License-Identifier: Apache-2.0 */
/* What WHIP and WHEP do with a request that may be served (RFC 9725 §4.2 to §4.4, draft-ietf-wish-whep-03 §4). */
#include <string.h>

#include "signaling/whip-fragment.h"
#include "signaling/whip-private.h"

/* seconds until a player asks again for a stream that nobody publishes, or a client for a media plane */
#define RETRY_STREAM_S 5
#define RETRY_MEDIA_S 30

static bool
is_type (const char *value, const char *type)
{
  size_t len = strlen (type);

  return value != NULL && g_ascii_strncasecmp (value, type, len) == 0 && strchr ("; \t", value[len]) != NULL;
}

static char *
session_etag (const SigWhipSession *session)
{
  /* strong (RFC 9725 §4.3.1); changes with every restart, and says no more than the URL does */
  return g_strdup_printf ("\"%.8s-%u\"", session->id, session->restarts);
}

/* The sections that are taken: all audio and video ones, which is at most one of each (RFC 9725 §4.2). @ret: of SFU_KIND_N;
 * NULL: none of that kind. Returns: what is wrong. */
static const char *
find_sections (const SfuOffer *offer, SfuDirection direction, const SfuSection *ret[SFU_KIND_N])
{
  ret[SFU_AUDIO] = ret[SFU_VIDEO] = NULL;
  for (unsigned i = 0; i < offer->n_sections; i++)
    {
      const SfuSection *section = &offer->sections[i];

      if (section->is_rejected || strcmp (section->media, "application") == 0)
        continue;
      if (!section->is_rtp)
        return "There is a section that is neither audio nor video over UDP/TLS/RTP/SAVPF.";
      if (ret[section->kind] != NULL)
        return "A stream has at most one audio and one video section.";
      if ((section->direction & direction) == 0)
        return direction == SFU_SENDS ? "There is a section that sends nothing." : "There is a section that receives nothing.";
      if (section->n_formats == 0)
        return "There is a section without a codec that can be forwarded: Opus, VP8, VP9, H264 or AV1.";
      ret[section->kind] = section;
    }
  return ret[SFU_AUDIO] == NULL && ret[SFU_VIDEO] == NULL ? "There is neither audio nor video." : NULL;
}

static char *
publish (const SigWhipAsk *ask, const SigWhipSession *session, const SfuSection *sections[SFU_KIND_N], GError **error)
{
  SfuPublish tracks[SFU_KIND_N];
  unsigned n = 0;
  GArray *made = NULL;
  char *answer;

  if (sections[SFU_AUDIO] != NULL)
    tracks[n++] = (SfuPublish){ sections[SFU_AUDIO]->mid, SFU_SOURCE_MIC };
  if (sections[SFU_VIDEO] != NULL)
    tracks[n++] = (SfuPublish){ sections[SFU_VIDEO]->mid, SFU_SOURCE_CAMERA };
  answer = sfu_control_publish (ask->whip->config.control, session->stream->room, session->peer, ask->body, tracks, n, &made,
                                error);
  if (answer != NULL)
    g_array_unref (made);
  return answer;
}

static char *
subscribe (const SigWhipAsk *ask, const SigWhipSession *session, GError **error)
{
  GArray *slots = NULL;
  char *answer = sfu_control_subscribe (ask->whip->config.control, session->stream->room, session->peer, ask->body, &slots,
                                        error);

  if (answer != NULL)
    g_array_unref (slots);
  return answer;
}

static void
refuse_offer (const SigWhipAsk *ask, const GError *error)
{
  if (g_error_matches (error, SFU_ERROR, SFU_ERROR_BAD_OFFER))
    sig_whip_refuse (ask, 406, "Not Acceptable", error->message, 0);
  else
    sig_whip_refuse (ask, 503, "Service Unavailable", error->message, RETRY_MEDIA_S);
}

static void
respond_created (const SigWhipAsk *ask, SigWhipSession *session)
{
  g_autoptr (GString) fields = g_string_new ("Content-Type: application/sdp\r\n");
  g_autofree char *etag = session_etag (session);

  g_string_append_printf (fields, "Location: /%s/%s/%s\r\nETag: %s\r\nAccept-Patch: application/trickle-ice-sdpfrag\r\n",
                          session->publisher ? "whip" : "whep", session->stream->name, session->id, etag);
  sig_whip_write_links (ask->whip, session, fields);
  sig_whip_respond (ask, 201, fields->str, session->answer);
}

static void
open_session (const SigWhipAsk *ask, const SfuOffer *offer, const SfuSection *sections[SFU_KIND_N])
{
  SigWhipSession *session = sig_whip_add_session (ask);
  g_autoptr (GError) error = NULL;

  if (session == NULL)
    {
      sig_whip_refuse (ask, 503, "Service Unavailable", "There are too many streams.", RETRY_MEDIA_S);
      return;
    }
  session->answer = ask->publisher ? publish (ask, session, sections, &error) : subscribe (ask, session, &error);
  if (session->answer == NULL)
    {
      refuse_offer (ask, error);
      sig_whip_remove_session (ask->whip, session);
      return;
    }
  session->ufrag = g_strdup (offer->remote.ufrag);
  session->pwd = g_strdup (offer->remote.pwd);
  if (ask->whip->config.metrics != NULL)
    al_counter_add (ask->whip->opened[session->publisher], 1);
  respond_created (ask, session);
}

/* Whether the stream is free for a publisher, or has one for a player. */
static bool
check_stream (const SigWhipAsk *ask)
{
  const SigWhipStream *stream = g_hash_table_lookup (ask->whip->streams, ask->stream);
  bool published = stream != NULL && stream->publisher != NULL;

  if (ask->whip->config.control == NULL)
    sig_whip_refuse (ask, 503, "Service Unavailable", "This server carries no media now.", RETRY_MEDIA_S);
  else if (ask->publisher && published)
    sig_whip_refuse (ask, 409, "Conflict", "Somebody publishes this stream already.", 0);
  else if (!ask->publisher && !published)
    sig_whip_refuse (ask, 409, "Conflict", "Nobody publishes this stream now.", RETRY_STREAM_S);
  else
    return true;
  return false;
}

static void
serve_post (const SigWhipAsk *ask)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SfuOffer) offer = NULL;
  const SfuSection *sections[SFU_KIND_N];
  const char *wrong;

  if (!is_type (ask->content_type, "application/sdp"))
    {
      sig_whip_refuse (ask, 415, "Unsupported Media Type", "An offer comes as application/sdp.", 0);
      return;
    }
  if (!check_stream (ask))
    return;
  offer = sfu_offer_parse (ask->body, ask->len, &error);
  if (offer == NULL)
    {
      sig_whip_refuse (ask, 400, "Bad Request", error->message, 0);
      return;
    }
  wrong = find_sections (offer, ask->publisher ? SFU_SENDS : SFU_RECEIVES, sections);
  if (wrong != NULL)
    sig_whip_refuse (ask, 406, "Not Acceptable", wrong, 0);
  else
    open_session (ask, offer, sections);
}

/* RFC 9725 §4.3.3. One that fails leaves the session as it is. */
static void
restart_ice (const SigWhipAsk *ask, SigWhipSession *session, SigFragment *fragment)
{
  g_autofree char *ufrag = NULL, *pwd = NULL, *etag = NULL, *fields = NULL, *body = NULL;

  if (fragment->ufrag == NULL || fragment->pwd == NULL)
    sig_whip_refuse (ask, 400, "Bad Request", "An ICE restart needs a=ice-ufrag and a=ice-pwd.", 0);
  else if (strcmp (fragment->ufrag, session->ufrag) == 0 || strcmp (fragment->pwd, session->pwd) == 0)
    sig_whip_refuse (ask, 422, "Unprocessable Content", "An ICE restart needs a new ufrag and a new password.", 0);
  else if (!sfu_control_restart_ice (ask->whip->config.control, session->stream->room, session->peer, session->publisher,
                                     fragment->ufrag, fragment->pwd, &ufrag, &pwd))
    sig_whip_refuse (ask, 503, "Service Unavailable", "ICE cannot be restarted now.", RETRY_STREAM_S);
  else
    {
      g_free (session->ufrag);
      g_free (session->pwd);
      session->ufrag = g_steal_pointer (&fragment->ufrag);
      session->pwd = g_steal_pointer (&fragment->pwd);
      session->restarts++;
      etag = session_etag (session);
      fields = g_strdup_printf ("Content-Type: application/trickle-ice-sdpfrag\r\nETag: %s\r\n", etag);
      body = sig_fragment_write (session->answer, ufrag, pwd);
      sig_whip_respond (ask, 200, fields, body);
    }
}

static void
serve_patch (const SigWhipAsk *ask, SigWhipSession *session)
{
  g_autofree char *etag = session_etag (session);
  SigFragment fragment = { NULL, NULL };
  bool any = g_strcmp0 (ask->if_match, "*") == 0 || g_strcmp0 (ask->if_match, "\"*\"") == 0; /* the RFC's examples */

  if (!is_type (ask->content_type, "application/trickle-ice-sdpfrag"))
    sig_whip_refuse (ask, 415, "Unsupported Media Type", "A change comes as application/trickle-ice-sdpfrag.", 0);
  else if (ask->if_match == NULL)
    sig_whip_refuse (ask, 428, "Precondition Required", "A change needs If-Match.", 0);
  else if (!any && strcmp (ask->if_match, etag) != 0)
    sig_whip_refuse (ask, 412, "Precondition Failed", "The session has another ETag now.", 0);
  else if (!sig_fragment_parse (ask->body, ask->len, &fragment))
    sig_whip_refuse (ask, 400, "Bad Request", "That is no fragment of SDP.", 0);
  else if (any)
    restart_ice (ask, session, &fragment);
  else
    sig_whip_respond (ask, 204, "", NULL); /* candidates: a lite agent sends no checks */
  sig_fragment_clear (&fragment);
}

static void
serve_session (const SigWhipAsk *ask, SigWhipSession *session)
{
  switch (ask->method)
    {
    case SIG_WEB_PATCH:
      serve_patch (ask, session);
      break;
    case SIG_WEB_DELETE:
      sig_whip_remove_session (ask->whip, session);
      sig_whip_respond (ask, 200, "", NULL);
      break;
    case SIG_WEB_POST:
      sig_whip_refuse (ask, 405, "Method Not Allowed", "A session takes PATCH and DELETE.", 0);
      break;
    default:
      sig_whip_respond (ask, 204, "", NULL);
      break;
    }
}

void
sig_whip_serve (const SigWhipAsk *ask)
{
  SigWhipSession *session;

  if (ask->session[0] != '\0')
    {
      session = g_hash_table_lookup (ask->whip->sessions, ask->session);
      if (session == NULL || session->publisher != ask->publisher || strcmp (session->stream->name, ask->stream) != 0)
        sig_whip_refuse (ask, 404, "Not Found", "There is no such session.", 0);
      else
        serve_session (ask, session);
      return;
    }
  if (ask->method == SIG_WEB_POST)
    serve_post (ask);
  else if (ask->method == SIG_WEB_GET || ask->method == SIG_WEB_HEAD)
    sig_whip_respond (ask, 204, "", NULL); /* RFC 9725 §4.2: no content */
  else
    sig_whip_refuse (ask, 405, "Method Not Allowed", "A stream takes POST; PATCH and DELETE are for its sessions.", 0);
}
