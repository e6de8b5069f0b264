/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the front: one that runs in this process on a port of its own, and a main thread that records and echoes. */
#pragma once

#include <glib/gstdio.h>

#include "base/json.h"
#include "front-client.h"
#include "signaling/front-private.h"

#define WATCHDOG_US (60 * G_USEC_PER_SEC)

typedef struct {
  GMainContext *context;
  AlConfig *config;
  AlMetrics *metrics;
  SigFront *front;
  SSL_CTX *tls;
  char *folder;
  char *config_text;
  Client *clients[8]; /* whose sockets a turn waits for */
  /* what main saw */
  GString *log; /* a line an event */
  SigConnId last;
  unsigned opened, messages, requests, closed;
  uint16_t last_code;
  SigPeer last_peer;
  char *last_bearer;
  /* what main does */
  bool echo;  /* answers messages with themselves, and says done */
  bool mute;  /* leaves requests without an answer */
  bool strangers; /* leaves WebSockets without a session */
  unsigned mailbox; /* 0: the usual size */
  const char *server; /* (nullable): lines for the section [server] */
} Fixture;

static inline void
on_open (SigConnId conn, const SigPeer *peer, gpointer user)
{
  Fixture *fixture = user;

  fixture->opened++;
  fixture->last = conn;
  fixture->last_peer = *peer;
  g_free (fixture->last_bearer);
  fixture->last_bearer = g_strdup (peer->bearer);
  g_string_append (fixture->log, "open\n");
  if (!fixture->strangers)
    sig_front_known (fixture->front, conn);
}

static inline void
on_message (SigConnId conn, const char *text, size_t len, gpointer user)
{
  Fixture *fixture = user;

  fixture->messages++;
  fixture->last = conn;
  g_string_append_printf (fixture->log, "message %.*s\n", (int) MIN (len, 40), text);
  if (fixture->echo)
    {
      g_autoptr (AlBuf) buf = al_buf_new_copy (text, len);

      sig_front_send (fixture->front, conn, buf);
      sig_front_done (fixture->front, conn);
    }
}

static inline void
on_request (SigConnId conn, const SigPeer *peer, const char *body, size_t len, gpointer user)
{
  Fixture *fixture = user;

  fixture->requests++;
  fixture->last = conn;
  fixture->last_peer = *peer;
  g_free (fixture->last_bearer);
  fixture->last_bearer = g_strdup (peer->bearer);
  g_string_append_printf (fixture->log, "request %.*s\n", (int) MIN (len, 40), body);
  if (!fixture->mute)
    {
      g_autofree char *text = g_strdup_printf ("{\"len\":%zu}", len);
      g_autoptr (AlBuf) buf = al_buf_new_copy (text, strlen (text));

      sig_front_respond (fixture->front, conn, 200, buf, 0);
    }
}

static inline void
on_closed (SigConnId conn, uint16_t code, gpointer user)
{
  Fixture *fixture = user;

  fixture->closed++;
  fixture->last_code = code;
  g_string_append_printf (fixture->log, "closed %u\n", code);
}

static inline void
on_proof (SigConnId conn, uint64_t seq, gpointer user)
{
  g_string_append_printf (((Fixture *) user)->log, "proof %u\n", (unsigned) seq);
}

/* (nullable): SigFrontOps.on_web of all fixtures */
static void (*fixture_on_web) (SigConnId, const SigPeer *, const SigWebRequest *, const char *, size_t, gpointer);

static inline void
fixture_start (Fixture *fixture, const char *more)
{
  const SigFrontOps ops = { on_open, on_message, on_request, on_closed, on_proof, fixture_on_web };
  g_autoptr (GError) error = NULL;

  fixture->config_text = g_strdup_printf ("[server]\ndata_dir=%s/var\nmetrics_listen=127.0.0.1:0\n%s[signaling]\n"
                                          "listen=127.0.0.1:0\ntls_listen=127.0.0.1:0\nweb_root=%s/web\n%s",
                                          fixture->folder, fixture->server != NULL ? fixture->server : "", fixture->folder,
                                          more);
  fixture->config =
      al_config_parse (fixture->config_text, strlen (fixture->config_text), "test", al_config_keys (), &error);
  g_assert_no_error (error);
  fixture->front = sig_front_new_sized (fixture->context, fixture->config, fixture->metrics, &ops, fixture,
                                        fixture->mailbox != 0 ? fixture->mailbox : SIG_FRONT_MAILBOX, &error);
  g_assert_no_error (error);
  sig_front_set_health (fixture->front, true);
}

static inline void
fixture_put (Fixture *fixture, const char *name, const char *text, gssize len)
{
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  (void) g_file_set_contents (path, text, len, &error);
  g_assert_no_error (error);
}

/* @more: lines for the section [signaling] */
static inline void
fixture_set_up (Fixture *fixture, gconstpointer more)
{
  g_autoptr (GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("aldis-front-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->context = g_main_context_new ();
  fixture->metrics = al_metrics_new ();
  fixture->log = g_string_new (NULL);
  fixture->echo = true;
  fixture->tls = SSL_CTX_new (TLS_client_method ());
  fixture_put (fixture, "var/x", "", 0);
  fixture_put (fixture, "web/index.html", "<!doctype html><title>Test</title>", -1);
  fixture_start (fixture, more != NULL ? more : "");
}

static inline void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  (void) g_remove (path);
}

static inline void
fixture_stop (Fixture *fixture)
{
  g_clear_pointer (&fixture->front, sig_front_free);
  g_clear_pointer (&fixture->config, al_config_free);
  g_clear_pointer (&fixture->config_text, g_free);
}

static inline void
fixture_tear_down (Fixture *fixture, gconstpointer more)
{
  for (size_t i = 0; i < G_N_ELEMENTS (fixture->clients); i++)
    g_clear_pointer (&fixture->clients[i], client_free);
  fixture_stop (fixture);
  g_main_context_unref (fixture->context);
  al_metrics_free (fixture->metrics);
  SSL_CTX_free (fixture->tls);
  (void) g_string_free (fixture->log, TRUE);
  g_free (fixture->last_bearer);
  remove_tree (fixture->folder);
  g_free (fixture->folder);
}

/* Main's events, then whatever came for the clients. */
static inline void
fixture_turn (Fixture *fixture)
{
  struct pollfd fds[G_N_ELEMENTS (fixture->clients)];
  nfds_t n = 0;

  while (g_main_context_iteration (fixture->context, FALSE))
    ;
  for (size_t i = 0; i < G_N_ELEMENTS (fixture->clients); i++)
    if (fixture->clients[i] != NULL && !fixture->clients[i]->eof && !fixture->clients[i]->gone)
      fds[n++] = (struct pollfd){ .fd = fixture->clients[i]->fd, .events = POLLIN };
  (void) poll (fds, n, 1);
  for (size_t i = 0; i < G_N_ELEMENTS (fixture->clients); i++)
    if (fixture->clients[i] != NULL)
      client_read (fixture->clients[i]);
}

#define WAIT_FOR(fixture, condition) \
  G_STMT_START \
  { \
    int64_t until_us = g_get_monotonic_time () + WATCHDOG_US; \
    while (!(condition)) \
      { \
        if (g_get_monotonic_time () > until_us) \
          g_error ("%s:%d: waited for %s; main saw:\n%s", __FILE__, __LINE__, #condition, (fixture)->log->str); \
        fixture_turn (fixture); \
      } \
  } \
  G_STMT_END

/* Returns: (transfer none): client @i, a new connection. */
static inline Client *
fixture_connect (Fixture *fixture, unsigned i, SigFrontListen kind)
{
  AlAddr address;

  g_clear_pointer (&fixture->clients[i], client_free);
  if (kind == SIG_FRONT_ADMIN)
    {
      g_autofree char *path = g_build_filename (fixture->folder, "var", "admin.sock", NULL);

      return fixture->clients[i] = client_new_unix (path);
    }
  g_assert_true (sig_front_get_address (fixture->front, kind, &address));
  fixture->clients[i] = client_new (&address);
  if (kind == SIG_FRONT_HTTPS)
    client_start_tls (fixture->clients[i], fixture->tls);
  return fixture->clients[i];
}

/* Sends @text to a new connection and waits for one answer. */
static inline Answer
fixture_ask (Fixture *fixture, SigFrontListen kind, const char *text)
{
  Client *client = fixture_connect (fixture, 0, kind);
  Answer answer = { 0 };

  client_send (client, text);
  WAIT_FOR (fixture, client_take_answer (client, g_str_has_prefix (text, "HEAD "), &answer));
  return answer;
}

#define HANDSHAKE \
  "GET /rpc HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

/* Returns: client @i with an open WebSocket, which main knows. @fields: more of the handshake. */
static inline Client *
fixture_open_ws (Fixture *fixture, unsigned i, SigFrontListen kind, const char *fields)
{
  Client *client = fixture_connect (fixture, i, kind);
  unsigned before = fixture->opened;
  g_auto (Answer) answer = { 0 };

  client_send (client, HANDSHAKE "Sec-WebSocket-Protocol: aldis.v1\r\n");
  client_send (client, fields);
  client_send (client, "\r\n");
  WAIT_FOR (fixture, client_take_answer (client, false, &answer));
  g_assert_cmpuint (answer.status, ==, 101);
  WAIT_FOR (fixture, fixture->opened == before + 1);
  return client;
}

/* An array that costs as much of a rate as some 128 small messages: a few are over the burst, however slowly they are
 * taken. Returns: (transfer full) */
static inline char *
fixture_dear_json (void)
{
  GString *json = g_string_new ("[0");

  for (unsigned i = 1; i < AL_JSON_MAX_VALUES - 1; i++)
    g_string_append (json, ",0");
  g_string_append_c (json, ']');
  return g_string_free (json, FALSE);
}

/* Waits for a text frame. Returns: (transfer full) */
static inline char *
fixture_next_text (Fixture *fixture, Client *client)
{
  char *text = NULL;
  size_t len;
  uint8_t first = 0;

  WAIT_FOR (fixture, (first = client_take_frame (client, &text, &len)) != 0);
  g_assert_cmphex (first, ==, 0x81);
  return text;
}

/* Waits for a close frame. Returns: its code. */
static inline unsigned
fixture_next_close (Fixture *fixture, Client *client)
{
  g_autofree char *payload = NULL;
  size_t len;
  uint8_t first = 0;

  WAIT_FOR (fixture, (first = client_take_frame (client, &payload, &len)) != 0);
  g_assert_cmphex (first, ==, 0x88);
  return len < 2 ? 1005 : (unsigned) (uint8_t) payload[0] << 8 | (uint8_t) payload[1];
}

static inline uint64_t
fixture_count (Fixture *fixture, const char *name, const char *label, const char *value)
{
  g_autofree char *labels = label != NULL ? al_metrics_labels (label, value, NULL) : NULL;

  return al_counter_get (al_metrics_counter (fixture->metrics, name, "", labels));
}

#define ADD(name, more, fn) g_test_add (name, Fixture, more, fixture_set_up, fn, fixture_tear_down)
