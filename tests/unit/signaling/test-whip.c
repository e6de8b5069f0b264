/* SPDX-License-Identifier: Apache-2.0 */
/* WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-03) with a media plane that only remembers. Point 46 of docs/sfu.md. */
#include "whip-fixture.h"

/* RFC 9725 §4.2: 201, the answer, a URL that cannot be guessed under the same path, a strong ETag. */
static void
test_publish (Fixture *fixture, gconstpointer data)
{
  g_autofree char *type = NULL, *first = NULL;

  begin (fixture, "/whip/show", KEY, SENDS);
  type = get_field (fixture, "Content-Type");
  g_assert_cmpstr (type, ==, SDP);
  g_assert_cmpstr (fixture->body, ==, answer_text);
  g_assert_true (g_str_has_prefix (fixture->location, "/whip/show/"));
  g_assert_cmpuint (strlen (fixture->location), ==, strlen ("/whip/show/") + 32);
  g_assert_true (fixture->etag[0] == '"' && g_str_has_suffix (fixture->etag, "\""));
  g_assert_cmpuint (plane.n_tracks, ==, 2);
  g_assert_true (plane.sources[0] == SFU_SOURCE_MIC && plane.sources[1] == SFU_SOURCE_CAMERA);
  first = g_strdup (fixture->location);
  begin (fixture, "/whip/other", OTHER_KEY, HEAD AUDIO ("sendrecv"));
  g_assert_cmpstr (first + 11, !=, fixture->location + 12);
  g_assert_cmpuint (plane.rooms, ==, 2);
}

static void
test_play (Fixture *fixture, gconstpointer data)
{
  g_autofree char *retry = NULL;

  g_assert_cmpuint (ask (fixture, SIG_WEB_POST, "/whep/show", NULL, SDP, NULL, RECEIVES), ==, 409);
  retry = get_field (fixture, "Retry-After");
  g_assert_nonnull (retry);
  g_assert_cmpuint (plane.rooms, ==, 0);
  begin (fixture, "/whip/show", KEY, SENDS);
  begin (fixture, "/whep/show", NULL, RECEIVES);
  g_assert_true (g_str_has_prefix (fixture->location, "/whep/show/"));
  g_assert_cmpuint (plane.subscribed, ==, 1);
  g_assert_cmpuint (plane.rooms, ==, 1);
  begin (fixture, "/whep/show", NULL, HEAD VIDEO ("recvonly"));
  g_assert_cmpuint (sig_whip_count_sessions (fixture->whip), ==, 3);
}

/* What is asked with which token and gets which status: strict, row by row. "S": the publisher's session; "E": its ETag */
static const struct {
  const char *name;
  SigWebMethod method;
  const char *path, *bearer, *type, *if_match, *body;
  unsigned status;
} rows[] = {
  { "unknown-path", SIG_WEB_POST, "/whip/a b", KEY, SDP, NULL, SENDS, 404 },
  { "no-stream", SIG_WEB_POST, "/whip//x", KEY, SDP, NULL, SENDS, 404 },
  { "dot-stream", SIG_WEB_POST, "/whip/..", KEY, SDP, NULL, SENDS, 404 },
  { "deep-path", SIG_WEB_POST, "/whip/show/a/b", KEY, SDP, NULL, SENDS, 404 },
  { "trailing-slash", SIG_WEB_POST, "/whip/show/", KEY, SDP, NULL, SENDS, 404 },
  { "percent", SIG_WEB_POST, "/whip/sh%6fw", KEY, SDP, NULL, SENDS, 404 },
  { "long-stream", SIG_WEB_POST, "/whip/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", KEY, SDP, NULL, SENDS, 404 },
  { "no-token", SIG_WEB_POST, "/whip/show", NULL, SDP, NULL, SENDS, 401 },
  { "wrong-token", SIG_WEB_POST, "/whip/show", "nonsense", SDP, NULL, SENDS, 401 },
  { "other-key", SIG_WEB_POST, "/whip/show", OTHER_KEY, SDP, NULL, SENDS, 403 },
  { "key-of-nothing", SIG_WEB_POST, "/whip/free", KEY, SDP, NULL, SENDS, 403 },
  { "user-of-name-with-key", SIG_WEB_POST, "/whip/show", "als_show", SDP, NULL, SENDS, 403 },
  { "other-user", SIG_WEB_POST, "/whip/alice", "als_bob", SDP, NULL, SENDS, 403 },
  { "own-user", SIG_WEB_POST, "/whip/alice", "als_alice", SDP, NULL, SENDS, 201 },
  { "get-needs-token", SIG_WEB_GET, "/whip/show", NULL, NULL, NULL, "", 401 },
  { "get", SIG_WEB_GET, "/whip/show", KEY, NULL, NULL, "", 204 },
  { "head", SIG_WEB_HEAD, "/whip/show", KEY, NULL, NULL, "", 204 },
  { "patch-endpoint", SIG_WEB_PATCH, "/whip/show", KEY, FRAGMENT, "*", RESTART, 405 },
  { "delete-endpoint", SIG_WEB_DELETE, "/whip/show", KEY, NULL, NULL, "", 405 },
  { "no-type", SIG_WEB_POST, "/whip/other", OTHER_KEY, NULL, NULL, SENDS, 415 },
  { "json", SIG_WEB_POST, "/whip/other", OTHER_KEY, "application/json", NULL, SENDS, 415 },
  { "longer-type", SIG_WEB_POST, "/whip/other", OTHER_KEY, "application/sdpx", NULL, SENDS, 415 },
  { "type-with-parameter", SIG_WEB_POST, "/whip/other", OTHER_KEY, "Application/SDP; charset=utf-8", NULL, SENDS, 201 },
  { "not-sdp", SIG_WEB_POST, "/whip/other", OTHER_KEY, SDP, NULL, "hello world", 400 },
  { "empty", SIG_WEB_POST, "/whip/other", OTHER_KEY, SDP, NULL, "", 400 },
  { "two-videos", SIG_WEB_POST, "/whip/other", OTHER_KEY, SDP, NULL,
    HEAD VIDEO ("sendonly") "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\n" TRANSPORT, 406 },
  { "no-media", SIG_WEB_POST, "/whip/other", OTHER_KEY, SDP, NULL, HEAD DATA, 406 },
  { "receives", SIG_WEB_POST, "/whip/other", OTHER_KEY, SDP, NULL, RECEIVES, 406 },
  { "partly-receives", SIG_WEB_POST, "/whip/other", OTHER_KEY, SDP, NULL, HEAD AUDIO ("sendonly") VIDEO ("recvonly"), 406 },
  { "no-codec", SIG_WEB_POST, "/whip/other", OTHER_KEY, SDP, NULL,
    HEAD "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=rtpmap:96 H265/90000\r\na=sendonly\r\n" TRANSPORT, 406 },
  { "text-section", SIG_WEB_POST, "/whip/other", OTHER_KEY, SDP, NULL, HEAD AUDIO ("sendonly") "m=text 9 RTP/AVP 96\r\na=mid:1\r\n", 406 },
  { "data-beside", SIG_WEB_POST, "/whip/other", OTHER_KEY, SDP, NULL, HEAD AUDIO ("sendonly") DATA, 201 },
  { "second-publisher", SIG_WEB_POST, "/whip/show", KEY, SDP, NULL, SENDS, 409 },
  { "player-sends", SIG_WEB_POST, "/whep/show", NULL, SDP, NULL, SENDS, 406 },
  { "player", SIG_WEB_POST, "/whep/show", NULL, SDP, NULL, RECEIVES, 201 },
  { "player-of-nothing", SIG_WEB_POST, "/whep/other", NULL, SDP, NULL, RECEIVES, 409 },
  { "trickle", SIG_WEB_PATCH, "S", KEY, FRAGMENT, "E", CANDIDATES, 204 },
  { "trickle-no-match", SIG_WEB_PATCH, "S", KEY, FRAGMENT, NULL, CANDIDATES, 428 },
  { "trickle-other-match", SIG_WEB_PATCH, "S", KEY, FRAGMENT, "\"x\"", CANDIDATES, 412 },
  { "trickle-weak-match", SIG_WEB_PATCH, "S", KEY, FRAGMENT, "W/E", CANDIDATES, 412 },
  { "trickle-no-token", SIG_WEB_PATCH, "S", NULL, FRAGMENT, "E", CANDIDATES, 401 },
  { "trickle-other-key", SIG_WEB_PATCH, "S", OTHER_KEY, FRAGMENT, "E", CANDIDATES, 403 },
  { "trickle-type", SIG_WEB_PATCH, "S", KEY, SDP, "E", CANDIDATES, 415 },
  { "trickle-nonsense", SIG_WEB_PATCH, "S", KEY, FRAGMENT, "E", "hello world", 400 },
  { "trickle-empty", SIG_WEB_PATCH, "S", KEY, FRAGMENT, "E", "", 400 },
  { "restart", SIG_WEB_PATCH, "S", KEY, FRAGMENT, "*", RESTART, 200 },
  { "restart-quoted", SIG_WEB_PATCH, "S", KEY, FRAGMENT, "\"*\"", RESTART, 200 },
  { "restart-nothing", SIG_WEB_PATCH, "S", KEY, FRAGMENT, "*", "a=end-of-candidates\r\n", 400 },
  { "restart-same", SIG_WEB_PATCH, "S", KEY, FRAGMENT, "*", CANDIDATES, 422 },
  { "restart-short", SIG_WEB_PATCH, "S", KEY, FRAGMENT, "*", "a=ice-ufrag:ab\r\na=ice-pwd:efghefghijklmnopqrstuv\r\n", 400 },
  { "restart-fails", SIG_WEB_PATCH, "S", KEY, FRAGMENT, "*", "a=ice-ufrag:fail\r\na=ice-pwd:efghefghijklmnopqrstuv\r\n", 503 },
  { "session-post", SIG_WEB_POST, "S", KEY, SDP, NULL, SENDS, 405 },
  { "session-get", SIG_WEB_GET, "S", KEY, NULL, NULL, "", 204 },
  { "session-unknown", SIG_WEB_DELETE, "/whip/show/0123", KEY, NULL, NULL, "", 404 },
  { "session-of-other-stream", SIG_WEB_DELETE, "/whip/other/S", OTHER_KEY, NULL, NULL, "", 404 },
  { "session-as-player", SIG_WEB_DELETE, "/whep/show/S", NULL, NULL, NULL, "", 404 },
  { "delete-no-token", SIG_WEB_DELETE, "S", NULL, NULL, NULL, "", 401 },
  { "delete", SIG_WEB_DELETE, "S", KEY, NULL, NULL, "", 200 },
  { "delete-any-match", SIG_WEB_DELETE, "S", KEY, NULL, "\"x\"", "", 200 },
};

static void
test_row (Fixture *fixture, gconstpointer data)
{
  unsigned i = GPOINTER_TO_UINT (data);
  g_autofree char *path = NULL, *if_match = NULL, *type = NULL;

  begin (fixture, "/whip/show", KEY, SENDS);
  if (strcmp (rows[i].path, "S") == 0)
    path = g_strdup (fixture->location);
  else if (g_str_has_suffix (rows[i].path, "/S"))
    path = g_strdup_printf ("%.*s%s", (int) strlen (rows[i].path) - 1, rows[i].path, strrchr (fixture->location, '/') + 1);
  else
    path = g_strdup (rows[i].path);
  if (g_strcmp0 (rows[i].if_match, "E") == 0)
    if_match = g_strdup (fixture->etag);
  else
    if_match = g_strdup (rows[i].if_match);
  g_assert_cmpuint (ask (fixture, rows[i].method, path, rows[i].bearer, rows[i].type, if_match, rows[i].body), ==,
                    rows[i].status);
  type = get_field (fixture, "Content-Type");
  if (rows[i].status >= 400)
    {
      g_autofree char *challenge = get_field (fixture, "WWW-Authenticate"), *allow = get_field (fixture, "Allow");
      g_autofree char *status = g_strdup_printf ("\"status\":%u", rows[i].status);

      g_assert_cmpstr (type, ==, "application/problem+json"); /* RFC 9457 */
      g_assert_nonnull (strstr (fixture->body, status));
      g_assert_true ((challenge != NULL) == (rows[i].status == 401));
      g_assert_true ((allow != NULL) == (rows[i].status == 405));
    }
  else if (rows[i].status != 201 && rows[i].method != SIG_WEB_PATCH)
    g_assert_true (fixture->body == NULL && type == NULL);
}

/* RFC 9725 §4.3.3: a new ETag; the old one no longer serves. */
static void
test_restart (Fixture *fixture, gconstpointer data)
{
  g_autofree char *etag = NULL;

  begin (fixture, "/whip/show", KEY, SENDS);
  g_assert_cmpuint (ask (fixture, SIG_WEB_PATCH, fixture->location, KEY, FRAGMENT, "*", RESTART), ==, 200);
  etag = get_field (fixture, "ETag");
  g_assert_cmpstr (etag, !=, fixture->etag);
  g_assert_cmpstr (fixture->body, ==,
                   "a=ice-lite\r\na=group:BUNDLE 0\r\n"
                   "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:newu\r\na=ice-pwd:newpnewpnewpnewpnewpne\r\n"
                   "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=end-of-candidates\r\n");
  g_assert_cmpuint (ask (fixture, SIG_WEB_PATCH, fixture->location, KEY, FRAGMENT, fixture->etag, CANDIDATES), ==, 412);
  g_assert_cmpuint (ask (fixture, SIG_WEB_PATCH, fixture->location, KEY, FRAGMENT, etag, CANDIDATES), ==, 204);
  /* a restart that fails costs nothing */
  g_assert_cmpuint (ask (fixture, SIG_WEB_PATCH, fixture->location, KEY, FRAGMENT, "*",
                         "a=ice-ufrag:fail\r\na=ice-pwd:failfailfailfailfailfa\r\n"), ==, 503);
  g_assert_cmpuint (ask (fixture, SIG_WEB_PATCH, fixture->location, KEY, FRAGMENT, etag, CANDIDATES), ==, 204);
  g_assert_cmpuint (plane.restarts, ==, 1);
}

static void
test_end (Fixture *fixture, gconstpointer data)
{
  g_autofree char *publisher = NULL, *player = NULL;

  begin (fixture, "/whip/show", KEY, SENDS);
  publisher = g_strdup (fixture->location);
  begin (fixture, "/whep/show", NULL, RECEIVES);
  player = g_strdup (fixture->location);
  g_assert_cmpuint (ask (fixture, SIG_WEB_DELETE, publisher, KEY, NULL, NULL, ""), ==, 200);
  g_assert_cmpuint (plane.peers, ==, 1);
  g_assert_cmpuint (plane.rooms, ==, 1); /* somebody waits for the next publisher */
  g_assert_cmpuint (ask (fixture, SIG_WEB_DELETE, publisher, KEY, NULL, NULL, ""), ==, 404);
  begin (fixture, "/whip/show", KEY, SENDS);
  g_assert_cmpuint (plane.rooms, ==, 1);
  g_assert_cmpuint (ask (fixture, SIG_WEB_DELETE, fixture->location, KEY, NULL, NULL, ""), ==, 200);
  g_assert_cmpuint (ask (fixture, SIG_WEB_DELETE, player, NULL, NULL, NULL, ""), ==, 200);
  g_assert_cmpuint (plane.peers + plane.rooms + sig_whip_count_streams (fixture->whip), ==, 0);
}

static void
test_play_keys (void)
{
  static const char one[] = "publish_keys=show:" KEY "\nplay_keys=show:" PLAY_KEY "\n";
  Fixture fixture = { 0 };
  g_autoptr (AlConfig) other = NULL, malformed = NULL;

  start (&fixture, one, NULL, true);
  g_assert_cmpuint (ask (&fixture, SIG_WEB_POST, "/whip/show", PLAY_KEY, SDP, NULL, SENDS), ==, 403);
  begin (&fixture, "/whip/show", KEY, SENDS);
  g_assert_cmpuint (ask (&fixture, SIG_WEB_POST, "/whep/show", NULL, SDP, NULL, RECEIVES), ==, 401);
  g_assert_cmpuint (ask (&fixture, SIG_WEB_POST, "/whep/show", "als_bob", SDP, NULL, RECEIVES), ==, 403);
  g_assert_cmpuint (ask (&fixture, SIG_WEB_POST, "/whep/other", PLAY_KEY, SDP, NULL, RECEIVES), ==, 403);
  g_assert_cmpuint (ask (&fixture, SIG_WEB_POST, "/whep/show", KEY, SDP, NULL, RECEIVES), ==, 201);
  begin (&fixture, "/whep/show", PLAY_KEY, RECEIVES);
  /* the key is taken away, and the session with it */
  other = make_config ("publish_keys=show:" OTHER_KEY "\n");
  g_assert_true (sig_whip_check (other, NULL));
  sig_whip_reload (fixture.whip, other);
  g_assert_cmpuint (ask (&fixture, SIG_WEB_POST, "/whip/show", KEY, SDP, NULL, SENDS), ==, 401);
  g_assert_cmpuint (ask (&fixture, SIG_WEB_POST, "/whip/show", OTHER_KEY, SDP, NULL, SENDS), ==, 409);
  malformed = make_config ("publish_keys=no-name-in-front-0123456789012345678901234567890\n");
  g_assert_false (sig_whip_check (malformed, NULL));
  tear_down (&fixture, NULL);
}

/* RFC 9725 §4.6 */
static void
test_links (void)
{
  Fixture fixture = { 0 };
  g_autoptr (AlConfig) config = make_config ("");
  g_autoptr (SigTurn) turn = sig_turn_new (config, NULL);
  g_autofree char *link = NULL;

  g_assert_nonnull (turn);
  start (&fixture, "publish_keys=show:" KEY "\n", turn, true);
  begin (&fixture, "/whip/show", KEY, SENDS);
  link = get_field (&fixture, "Link");
  g_assert_true (g_str_has_prefix (link, "<turn:example.org:3478?transport=udp>; rel=\"ice-server\"; username=\""));
  g_assert_nonnull (strstr (link, "; credential-type=\"password\""));
  g_assert_cmpuint (strlen (fixture.fields), <=, SIG_WEB_MAX_FIELDS);
  tear_down (&fixture, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, fn) g_test_add ("/signaling/whip/" name, Fixture, NULL, set_up, fn, tear_down)
  ADD ("publish", test_publish);
  ADD ("play", test_play);
  ADD ("restart", test_restart);
  ADD ("end", test_end);
  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strconcat ("/signaling/whip/row/", rows[i].name, NULL);

      g_test_add (path, Fixture, GUINT_TO_POINTER (i), set_up, test_row, tear_down);
    }
  g_test_add_func ("/signaling/whip/play-keys", test_play_keys);
  g_test_add_func ("/signaling/whip/links", test_links);
  return g_test_run ();
}
