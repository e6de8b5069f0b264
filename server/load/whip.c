/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WHIP (RFC 9725) and WHEP: one POST for each transport on a connection of its own. A stream has one publisher, so member N
 * publishes "loadN", with the key KEY-N of --stream-key KEY, and subscribers take them in turn. It deletes no session:
 * they end with the close_notify of their transports.
 */
#include <stdlib.h>
#include <string.h>

#include "base/stream.h"
#include "server/load/load.h"
#include "server/load/rooms.h"

static void
take_answer (LoadMember *member, const char *head, const char *body)
{
  if (strncmp (head, "HTTP/1.1 201", 12) != 0)
    load_rooms_fail (member->rooms, "the server refuses", head);
  else
    load_rooms_take_answer (member, body);
}

static size_t
on_data (AlStream *stream, const uint8_t *data, size_t len, void *user)
{
  g_autofree char *text = g_strndup ((const char *) data, len);
  char *end = strstr (text, "\r\n\r\n");
  const char *length;

  if (end == NULL)
    return 0;
  *end = '\0';
  for (char *at = text; *at != '\0'; at++)
    *at = g_ascii_isalpha (*at) && at > strchr (text, '\n') ? g_ascii_tolower (*at) : *at;
  length = strstr (text, "content-length:");
  if (length != NULL && strlen (end + 4) < strtoul (length + strlen ("content-length:"), NULL, 10))
    return 0;
  take_answer (user, text, end + 4);
  al_stream_close (stream);
  return len;
}

static void
on_closed (AlStream *stream, AlStreamClose reason, void *user)
{
  LoadMember *member = user;

  if (!member->answered && !member->rooms->over)
    load_rooms_fail (member->rooms, "the server has closed a connection", "");
}

static void
post (LoadMember *member, const char *path, unsigned stream_of, const char *offer)
{
  static const AlStreamOps ops = { .on_data = on_data, .on_closed = on_closed };
  g_autoptr (GError) error = NULL;
  AlStream *stream = al_stream_connect (member->rooms->loop, &member->rooms->server, &ops, member, &error);
  g_autofree char *request = g_strdup_printf ("POST /%s/load%u HTTP/1.1\r\nHost: load\r\nAuthorization: Bearer %s-%u\r\n"
                                              "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
                                              path, stream_of, member->rooms->options.stream_key, stream_of, strlen (offer),
                                              offer);

  if (stream == NULL)
    load_rooms_fail (member->rooms, "cannot connect", error->message);
  else
    (void) al_stream_send (stream, request, strlen (request));
}

static bool
open_whip (LoadRooms *rooms, GError **error)
{
  rooms->ready = true;
  return true;
}

static void
publish (LoadMember *member)
{
  g_autofree char *offer = load_publisher_offer (member->publisher);

  post (member, "whip", member->index, offer);
}

static void
subscribe (LoadMember *member)
{
  const LoadRoomsOptions *options = &member->rooms->options;
  g_autofree char *offer = load_subscriber_offer (member->subscriber, 1, options->video_path != NULL ? 1 : 0);

  post (member, "whep", member->index % (unsigned) options->publishers, offer);
}

static void
close_whip (LoadRooms *rooms)
{
}

const LoadSignaling load_signaling_whip = { "whip", open_whip, publish, subscribe, close_whip };
