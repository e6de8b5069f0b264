/* SPDX-License-Identifier: Apache-2.0 */
/* Who may open a WebSocket: what the handshake must say, and pages of which origins. */
#include "front-fixture.h"

static unsigned
handshake_status (Fixture *fixture, const char *fields)
{
  g_autofree char *text = g_strdup_printf ("GET /rpc HTTP/1.1\r\nHost: localhost\r\n%s\r\n", fields);
  g_auto (Answer) answer = fixture_ask (fixture, SIG_FRONT_HTTP, text);

  return answer.status;
}

#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define PROTOCOL "Sec-WebSocket-Protocol: aldis.v1\r\n"

static void
test_handshake (Fixture *fixture, gconstpointer data)
{
  static const SigFrontListen kinds[] = { SIG_FRONT_HTTP, SIG_FRONT_HTTPS, SIG_FRONT_ADMIN };

  for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      Client *client = fixture_connect (fixture, 0, kinds[i]);
      g_auto (Answer) answer = { 0 };
      g_autofree char *accept = NULL, *protocol = NULL, *close = NULL;

      client_send (client, HANDSHAKE "Sec-WebSocket-Protocol: other, aldis.v1\r\nAuthorization: Bearer t0ken\r\n"
                                     "Origin: http://localhost\r\n");
      client_send (client, "\r\n");
      WAIT_FOR (fixture, client_take_answer (client, false, &answer));
      if (kinds[i] == SIG_FRONT_HTTPS)
        {
          g_assert_cmpuint (answer.status, ==, 403); /* a page without TLS is a foreign page */
          continue;
        }
      accept = answer_get (&answer, "Sec-WebSocket-Accept");
      protocol = answer_get (&answer, "Sec-WebSocket-Protocol");
      close = answer_get (&answer, "Connection");
      g_assert_cmpuint (answer.status, ==, 101);
      g_assert_cmpstr (accept, ==, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); /* RFC 6455 §1.3 */
      g_assert_cmpstr (protocol, ==, "aldis.v1");
      g_assert_cmpstr (close, ==, "Upgrade");
      WAIT_FOR (fixture, fixture->opened == i / 2 + 1);
      g_assert_cmpint (fixture->last_peer.admin, ==, kinds[i] == SIG_FRONT_ADMIN);
      g_assert_cmpstr (fixture->last_bearer, ==, "t0ken");
    }
}

static void
test_handshake_refused (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpuint (handshake_status (fixture, UPGRADE KEY VERSION), ==, 400);
  g_assert_cmpuint (handshake_status (fixture, UPGRADE KEY VERSION "Sec-WebSocket-Protocol: aldis.v2\r\n"), ==, 400);
  g_assert_cmpuint (handshake_status (fixture, UPGRADE KEY VERSION PROTOCOL "Origin: http://evil.example\r\n"), ==, 403);
  g_assert_cmpuint (handshake_status (fixture, UPGRADE KEY VERSION PROTOCOL "Origin: null\r\n"), ==, 403);
  g_assert_cmpuint (handshake_status (fixture, UPGRADE KEY "Sec-WebSocket-Version: 12\r\n" PROTOCOL), ==, 426);
  g_assert_cmpuint (handshake_status (fixture, UPGRADE VERSION PROTOCOL), >=, 400);
  g_assert_cmpuint (handshake_status (fixture, UPGRADE VERSION PROTOCOL "Sec-WebSocket-Key: short\r\n"), >=, 400);
  g_assert_cmpuint (handshake_status (fixture, PROTOCOL), ==, 426);
  g_assert_cmpuint (fixture_count (fixture, "aldis_front_refused", "reason", "origin"), ==, 2);
  g_assert_cmpuint (fixture_count (fixture, "aldis_front_refused", "reason", "subprotocol"), ==, 2);
  g_assert_cmpuint (fixture->opened, ==, 0);
}

static void
test_allowed_origin (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpuint (handshake_status (fixture, UPGRADE KEY VERSION PROTOCOL "Origin: https://app.example\r\n"), ==, 101);
  g_assert_cmpuint (handshake_status (fixture, UPGRADE KEY VERSION PROTOCOL "Origin: http://localhost\r\n"), ==, 101);
  g_assert_cmpuint (handshake_status (fixture, UPGRADE KEY VERSION PROTOCOL "Origin: https://other.example\r\n"), ==, 403);
}

/* A page from HOST, which it says itself, over TLS or not. */
static unsigned
status_from (Fixture *fixture, SigFrontListen kind, const char *host)
{
  Client *client = fixture_connect (fixture, 0, kind);
  g_auto (Answer) answer = { 0 };
  g_autofree char *text = g_strdup_printf ("GET /rpc HTTP/1.1\r\nHost: %s\r\nOrigin: %s://%s\r\nUpgrade: websocket\r\n"
                                           "Connection: Upgrade\r\n" KEY VERSION PROTOCOL "\r\n", host,
                                           kind == SIG_FRONT_HTTPS ? "https" : "http", host);

  client_send (client, text);
  WAIT_FOR (fixture, client_take_answer (client, false, &answer));
  return answer.status;
}

/* DNS rebinding: to a browser a page of evil.example that leads here is of the same origin as this server. */
static void
test_own_names (Fixture *fixture, gconstpointer data)
{
  static const SigFrontListen kinds[] = { SIG_FRONT_HTTP, SIG_FRONT_HTTPS };
  g_autofree char *local = g_strconcat (g_get_host_name (), ".local", NULL);

  for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_assert_cmpuint (status_from (fixture, kinds[i], "localhost:8443"), ==, 101);
      g_assert_cmpuint (status_from (fixture, kinds[i], "192.168.1.20:8443"), ==, 101);
      g_assert_cmpuint (status_from (fixture, kinds[i], "[fd00::1]:8443"), ==, 101);
      g_assert_cmpuint (status_from (fixture, kinds[i], g_get_host_name ()), ==, 101);
      if (strchr (g_get_host_name (), '.') == NULL)
        g_assert_cmpuint (status_from (fixture, kinds[i], local), ==, 101);
      g_assert_cmpuint (status_from (fixture, kinds[i], "evil.example:8443"), ==, 403);
    }
  g_assert_cmpuint (fixture_count (fixture, "aldis_front_refused", "reason", "origin"), ==, 2);
}

static void
set_up_named (Fixture *fixture, gconstpointer more)
{
  fixture->server = "public_address=calls.example\n";
  fixture_set_up (fixture, more);
}

/* The self-made certificate names what public_address says, and lives on when that is changed: it is still ours. */
static void
test_certificate_names (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpuint (status_from (fixture, SIG_FRONT_HTTPS, "calls.example"), ==, 101);
  g_assert_cmpuint (status_from (fixture, SIG_FRONT_HTTP, "calls.example"), ==, 101);
  fixture_stop (fixture);
  fixture->server = "public_address=192.0.2.1\n";
  fixture_start (fixture, "front_threads=1\n");
  g_assert_cmpuint (status_from (fixture, SIG_FRONT_HTTPS, "calls.example"), ==, 101);
  g_assert_cmpuint (status_from (fixture, SIG_FRONT_HTTPS, "other.example"), ==, 403);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/signaling/front/handshake/opened", "front_threads=1\n", test_handshake);
  ADD ("/signaling/front/handshake/refused", "front_threads=1\n", test_handshake_refused);
  ADD ("/signaling/front/handshake/allowed-origin", "front_threads=1\nallowed_origins=https://app.example\n",
       test_allowed_origin);
  ADD ("/signaling/front/handshake/own-names", "front_threads=1\n", test_own_names);
  g_test_add ("/signaling/front/handshake/certificate-names", Fixture, "front_threads=1\n", set_up_named,
              test_certificate_names, fixture_tear_down);
  return g_test_run ();
}
