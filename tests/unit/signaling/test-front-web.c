/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to WHIP and WHEP on their way through the front: methods, limits, CORS, fields of the answer. */
#include "front-fixture.h"

#define ASK(method, fields, body) method " /whip/show HTTP/1.1\r\nHost: localhost\r\n" fields "\r\n" body
#define ORIGIN "Origin: https://app.example.org\r\n"
#define FOREIGN "Origin: https://evil.example\r\n"

static void
on_web (SigConnId conn, const SigPeer *peer, const SigWebRequest *request, const char *body, size_t len, gpointer user)
{
  Fixture *fixture = user;
  g_autofree char *text = g_strdup_printf ("%d %s %s %s %s %.*s", request->method, request->path,
                                           request->content_type != NULL ? request->content_type : "-",
                                           request->if_match != NULL ? request->if_match : "-",
                                           peer->bearer != NULL ? peer->bearer : "-", (int) MIN (len, 40), body);
  g_autoptr (AlBuf) buf = al_buf_new_copy (text, strlen (text));

  if (request->method == SIG_WEB_DELETE)
    sig_front_respond_web (fixture->front, conn, 200, "", NULL);
  else if (request->method == SIG_WEB_GET)
    sig_front_respond_web (fixture->front, conn, 204, "", NULL);
  else
    sig_front_respond_web (fixture->front, conn, 201, "Content-Type: text/plain\r\nETag: \"1\"\r\n", buf);
}

static void
test_requests (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *request;
    unsigned status;
    const char *body;
  } cases[] = {
    { ASK ("POST", "Content-Type: application/sdp\r\nContent-Length: 3\r\nAuthorization: Bearer key\r\n", "v=0"), 201,
      "2 /whip/show application/sdp - key v=0" },
    { ASK ("POST", "Transfer-Encoding: chunked\r\n", "2\r\nv=\r\n1\r\n0\r\n0\r\n\r\n"), 201, "2 /whip/show - - - v=0" },
    { ASK ("PATCH", "If-Match: \"1\"\r\nContent-Length: 1\r\n", "a"), 201, "3 /whip/show - \"1\" - a" },
    { ASK ("DELETE", "", ""), 200, "" },
    { ASK ("DELETE", "Content-Length: 2\r\n", "{}"), 200, "" },
    { ASK ("GET", "", ""), 204, "" },
    { ASK ("HEAD", "", ""), 201, "" },
    { "POST /whep/a/b?x=1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 201, "2 /whep/a/b - - - " },
    { ASK ("PUT", "Content-Length: 0\r\n", ""), 405, NULL },
    { ASK ("POST", "", ""), 411, NULL },
    { ASK ("PATCH", "", ""), 411, NULL },
    { ASK ("POST", "Content-Length: 16385\r\n", ""), 413, NULL },
    { ASK ("POST", "Content-Length: 524289\r\nAuthorization: Bearer key\r\n", ""), 413, NULL },
    { ASK ("DELETE", "Content-Length: 16385\r\n", ""), 413, NULL },
    { ASK ("POST", "Transfer-Encoding: chunked\r\n", "xyz\r\n"), 400, NULL },
    { ASK ("POST", "Content-Length: 0\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n", ""), 400, NULL },
    { ASK ("POST", "Content-Length: 0\r\n" FOREIGN, ""), 403, NULL },
    { "POST /whip/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 404, NULL },
    { "POST /whipx HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 404, NULL },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Answer) answer = fixture_ask (fixture, SIG_FRONT_HTTP, cases[i].request);

      if (answer.status != cases[i].status || (cases[i].body != NULL && g_strcmp0 (answer.body, cases[i].body) != 0))
        g_error ("case %zu: %s%s", i, answer.head, answer.body);
    }
}

/* Not on the listeners of administrators and of metrics. */
static void
test_listeners (Fixture *fixture, gconstpointer data)
{
  g_auto (Answer) metrics = fixture_ask (fixture, SIG_FRONT_METRICS, ASK ("GET", "", ""));
  g_auto (Answer) admin = fixture_ask (fixture, SIG_FRONT_ADMIN, ASK ("GET", "", ""));

  g_assert_cmpuint (metrics.status, ==, 404);
  g_assert_cmpuint (admin.status, ==, 404);
}

/* RFC 9725 §4.2: OPTIONS needs no login and says what is taken; a page's origin has to be allowed. */
static void
test_cors (Fixture *fixture, gconstpointer data)
{
  g_auto (Answer) plain = fixture_ask (fixture, SIG_FRONT_HTTP, ASK ("OPTIONS", "", ""));
  g_auto (Answer) page = fixture_ask (fixture, SIG_FRONT_HTTP, ASK ("OPTIONS", ORIGIN, ""));
  g_auto (Answer) evil = fixture_ask (fixture, SIG_FRONT_HTTP, ASK ("OPTIONS", FOREIGN, ""));
  g_auto (Answer) post = fixture_ask (fixture, SIG_FRONT_HTTP, ASK ("POST", ORIGIN "Content-Length: 0\r\n", ""));
  g_autofree char *accept = answer_get (&plain, "Accept-Post"), *patch = answer_get (&plain, "Accept-Patch");
  g_autofree char *allowed = answer_get (&page, "Access-Control-Allow-Origin");
  g_autofree char *fields = answer_get (&page, "Access-Control-Allow-Headers");
  g_autofree char *nobody = answer_get (&evil, "Access-Control-Allow-Origin");
  g_autofree char *exposed = answer_get (&post, "Access-Control-Expose-Headers"), *etag = answer_get (&post, "ETag");

  g_assert_cmpuint (plain.status, ==, 204);
  g_assert_cmpstr (accept, ==, "application/sdp");
  g_assert_cmpstr (patch, ==, "application/trickle-ice-sdpfrag");
  g_assert_cmpstr (allowed, ==, "https://app.example.org");
  g_assert_cmpstr (fields, ==, "authorization, content-type, etag, if-match");
  g_assert_null (nobody);
  g_assert_cmpstr (exposed, ==, "Location, ETag, Link, Retry-After");
  g_assert_cmpstr (etag, ==, "\"1\"");
}

/* One connection carries several, with bodies of PATCH and DELETE read to their ends. */
static void
test_keep_alive (Fixture *fixture, gconstpointer data)
{
  Client *client = fixture_connect (fixture, 0, SIG_FRONT_HTTP);

  client_send (client, ASK ("PATCH", "Content-Length: 2\r\n", "ab") ASK ("DELETE", "Content-Length: 2\r\n", "cd")
                           ASK ("POST", "Content-Length: 1\r\n", "e"));
  for (unsigned i = 0; i < 3; i++)
    {
      g_auto (Answer) answer = { 0 };

      WAIT_FOR (fixture, client_take_answer (client, false, &answer));
      g_assert_cmpuint (answer.status, ==, i == 1 ? 200 : 201);
    }
  g_assert_false (client->eof);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_on_web = on_web;
#define CASE(name, fn) \
  g_test_add ("/signaling/front-web/" name, Fixture, "allowed_origins=https://app.example.org\n", fixture_set_up, fn, \
              fixture_tear_down)
  CASE ("requests", test_requests);
  CASE ("listeners", test_listeners);
  CASE ("cors", test_cors);
  CASE ("keep-alive", test_keep_alive);
  return g_test_run ();
}
