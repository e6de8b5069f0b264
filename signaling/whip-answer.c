/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of WHIP and WHEP: problems (RFC 9457), and the fields that all have. */
#include <json-glib/json-glib.h>
#include <string.h>

#include "signaling/whip-private.h"

void
sig_whip_respond (const SigWhipAsk *ask, unsigned status, const char *fields, const char *body)
{
  const SigWhipConfig *config = &ask->whip->config;
  g_autoptr (AlBuf) buf = body != NULL ? al_buf_new_copy (body, strlen (body)) : NULL;

  config->respond (ask->conn, status, fields, buf, config->user);
}

void
sig_whip_refuse (const SigWhipAsk *ask, unsigned status, const char *title, const char *detail, unsigned retry_after_s)
{
  g_autoptr (GString) fields = g_string_new ("Content-Type: application/problem+json\r\n");
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *body = NULL;
  JsonObject *problem = json_object_new ();

  json_object_set_string_member (problem, "type", "about:blank");
  json_object_set_string_member (problem, "title", title);
  json_object_set_int_member (problem, "status", status);
  if (detail != NULL)
    json_object_set_string_member (problem, "detail", detail);
  json_node_take_object (node, problem);
  body = json_to_string (node, FALSE);
  if (retry_after_s > 0)
    g_string_append_printf (fields, "Retry-After: %u\r\n", retry_after_s);
  if (status == 401)
    g_string_append (fields, "WWW-Authenticate: Bearer\r\n");
  if (status == 405)
    g_string_append_printf (fields, "Allow: GET, HEAD, %s, OPTIONS\r\n", ask->session[0] != '\0' ? "PATCH, DELETE" : "POST");
  if (status == 415)
    g_string_append (fields, "Accept-Post: application/sdp\r\nAccept-Patch: application/trickle-ice-sdpfrag\r\n");
  sig_whip_count_refusal (ask->whip, ask->publisher, status);
  sig_whip_respond (ask, status, fields->str, body);
}

/* Quoted strings of fields (RFC 9110 §5.6.4): our names and passwords have neither quotes nor backslashes. */
static bool
is_quotable (const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isprint (*p) || *p == '"' || *p == '\\' || *p == '>')
      return false;
  return true;
}

static void
write_server (JsonObject *server, GString *fields)
{
  JsonArray *urls = json_object_get_array_member (server, "urls");
  const char *username = json_object_get_string_member_with_default (server, "username", "");
  const char *credential = json_object_get_string_member_with_default (server, "credential", "");

  for (unsigned i = 0; i < json_array_get_length (urls); i++)
    {
      const char *url = json_array_get_string_element (urls, i);
      g_autofree char *link = g_strdup_printf ("Link: <%s>; rel=\"ice-server\"; username=\"%s\"; credential=\"%s\"; "
                                               "credential-type=\"password\"\r\n", url, username, credential);

      if (is_quotable (url) && is_quotable (username) && is_quotable (credential)
          && fields->len + strlen (link) <= SIG_WEB_MAX_FIELDS)
        g_string_append (fields, link);
    }
}

void
sig_whip_write_links (SigWhip *whip, const SigWhipSession *session, GString *fields)
{
  g_autoptr (JsonObject) issued = NULL;
  JsonArray *servers;

  if (whip->config.turn == NULL)
    return;
  issued = sig_turn_issue (whip->config.turn, session->turn_id, session->peer, whip->config.wall_ms ());
  servers = json_object_get_array_member (issued, "iceServers");
  for (unsigned i = 0; i < json_array_get_length (servers); i++)
    write_server (json_array_get_object_element (servers, i), fields);
}
