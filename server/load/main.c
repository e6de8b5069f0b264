/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aldis-load: a load generator. Opens simulated users against a server and runs the scenarios that it reads from standard
 * input, one a line, answering each with a line:
 *   idle N                 N authenticated connections
 *   echo RATE SECONDS      requests per second over them
 *   calls N RATE AT_ONCE   whole calls between pairs of them
 *   messages RATE SECONDS AT_ONCE, crowd FILE, post N, difference N TIMES, asking RATE SECONDS: chats (messages.c, crowd.c,
 *                          asking.c)
 * With --xmpp DOMAIN, idle and messages are those of an XMPP server's users.
 * `aldis-load rooms ...` is a program of its own: a room of an SFU full of simulated browsers (rooms.h).
 * With --serve-echo it is the peer of these measurements: a bare TCP echo on the same event loop.
 */
#include <openssl/hmac.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/clock.h"
#include "server/load/load.h"
#include "server/load/rooms.h"

typedef struct {
  AlWatch watch;
  GString *text;
  bool ready; /* a whole line, or the end */
  bool eof;
} Input;

static void
on_input (AlWatch *watch, uint32_t events, void *user)
{
  Input *input = user;
  char bytes[256];
  ssize_t n = read (watch->fd, bytes, sizeof bytes);

  if (n > 0)
    g_string_append_len (input->text, bytes, n);
  input->eof = n <= 0;
  input->ready = input->eof || strchr (input->text->str, '\n') != NULL;
}

static char *
take_line (Input *input)
{
  char *end = strchr (input->text->str, '\n');
  char *line;

  if (end == NULL)
    return NULL;
  line = g_strndup (input->text->str, (gsize) (end - input->text->str));
  g_string_erase (input->text, 0, end - input->text->str + 1);
  input->ready = input->eof || strchr (input->text->str, '\n') != NULL;
  return line;
}

bool
load_run_until (Load *load, const bool *flag, int64_t timeout_ms)
{
  int64_t end_us = timeout_ms < 0 ? INT64_MAX : al_clock_now_us () + timeout_ms * 1000;

  while (!*flag && al_clock_now_us () < end_us)
    al_loop_iterate (load->loop, 100);
  return *flag;
}

void
load_send (LoadUser *user, const char *format, ...)
{
  char text[4096];
  va_list args;
  int len;

  va_start (args, format);
  len = g_vsnprintf (text, sizeof text, format, args);
  va_end (args);
  g_assert (len > 0 && len < (int) sizeof text);
  if (user->conn != NULL)
    load_conn_send (user->conn, text, (size_t) len);
}

bool
load_find_string (const char *text, const char *name, char *ret, size_t size)
{
  g_autofree char *quoted = g_strdup_printf ("\"%s\":\"", name);
  const char *at = strstr (text, quoted);
  size_t len;

  if (at == NULL)
    return false;
  at += strlen (quoted);
  len = strcspn (at, "\"");
  if (len >= size)
    return false;
  memcpy (ret, at, len);
  ret[len] = '\0';
  return true;
}

char *
load_make_jwt (const char *secret, const char *sub)
{
  static const char head[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
  g_autofree char *claims = g_strdup_printf ("{\"sub\":\"%s\",\"name\":\"%s\",\"exp\":%lld}", sub, sub,
                                             (long long) time (NULL) + 3600);
  g_autofree char *head64 = al_base64url_encode ((const uint8_t *) head, strlen (head));
  g_autofree char *claims64 = al_base64url_encode ((const uint8_t *) claims, strlen (claims));
  g_autofree char *text = g_strdup_printf ("%s.%s", head64, claims64);
  g_autofree char *mac64 = NULL;
  uint8_t mac[32];
  unsigned mac_len = sizeof mac;

  g_assert (HMAC (EVP_sha256 (), secret, (int) strlen (secret), (const uint8_t *) text, strlen (text), mac, &mac_len) != NULL);
  mac64 = al_base64url_encode (mac, sizeof mac);
  return g_strdup_printf ("%s.%s", text, mac64);
}

static bool
run_line (Load *load, const char *line)
{
  unsigned a, b, c;

  if (sscanf (line, "idle %u", &a) == 1)
    load_idle (load, a);
  else if (sscanf (line, "echo %u %u", &a, &b) == 2 && a > 0)
    load_echo (load, a, b);
  else if (sscanf (line, "calls %u %u %u", &a, &b, &c) == 3)
    load_calls (load, a, b, c);
  else if (sscanf (line, "messages %u %u %u", &a, &b, &c) == 3 && (a > 0 || c > 0))
    load_messages (load, a, b, c);
  else if (g_str_has_prefix (line, "crowd "))
    load_crowd (load, line + strlen ("crowd "));
  else if (sscanf (line, "post %u", &a) == 1)
    load_post (load, a);
  else if (sscanf (line, "difference %u %u", &a, &b) == 2)
    load_difference (load, a, b);
  else if (sscanf (line, "asking %u %u", &a, &b) == 2 && a > 0)
    load_asking (load, a, b);
  else
    return false;
  (void) fflush (stdout);
  return true;
}

static size_t
on_echo_data (AlStream *stream, const uint8_t *data, size_t len, void *user)
{
  (void) al_stream_send (stream, data, len);
  return len;
}

static void
on_echo_closed (AlStream *stream, AlStreamClose reason, void *user)
{
}

static void
on_echo_accept (AlListener *listener, AlStream *stream, void *user)
{
  static const AlStreamOps ops = { .on_data = on_echo_data, .on_closed = on_echo_closed };

  al_stream_set_ops (stream, &ops, NULL);
}

static void
serve_echo (AlLoop *loop, const AlAddr *address)
{
  g_autoptr (GError) error = NULL;
  const AlListenerConfig config = { .tls_mode = AL_TLS_NEVER, .first_bytes_ms = 3600 * 1000 };
  AlListener *listener = al_listener_new (loop, address, &config, &error);
  AlAddr bound;
  char text[AL_ADDR_STRLEN];

  if (listener == NULL)
    g_error ("%s", error->message);
  al_listener_route (listener, AL_PROTO_UNKNOWN, on_echo_accept, NULL);
  al_listener_get_address (listener, &bound);
  g_print ("%s\n", al_addr_format (&bound, true, text));
  (void) fflush (stdout);
  al_loop_run (loop); /* until the process is ended by its starter */
}

static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  g_assert (getrlimit (RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  (void) setrlimit (RLIMIT_NOFILE, &limit);
}

int
main (int argc, char **argv)
{
  g_autofree char *address = NULL, *secret = NULL, *xmpp = NULL, *name = NULL;
  gboolean bare = FALSE, tls = FALSE, echo = FALSE;
  const GOptionEntry entries[] = {
    { "address", 'a', 0, G_OPTION_ARG_STRING, &address, "Server (or where to serve)", "ADDRESS:PORT" },
    { "jwt-secret", 0, 0, G_OPTION_ARG_STRING, &secret, "The server's [signaling] jwt_secret", "SECRET" },
    { "tls", 0, 0, G_OPTION_ARG_NONE, &tls, "Connect with TLS", NULL },
    { "bare", 0, 0, G_OPTION_ARG_NONE, &bare, "The server is a bare echo", NULL },
    { "name", 0, 0, G_OPTION_ARG_STRING, &name, "What the users are called (load)", "NAME" },
    { "xmpp", 0, 0, G_OPTION_ARG_STRING, &xmpp, "The server is one of XMPP, with users u0, u1, ...", "DOMAIN" },
    { "serve-echo", 0, 0, G_OPTION_ARG_NONE, &echo, "Be the bare echo server", NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) options = g_option_context_new ("- load generator; scenarios on standard input");
  g_autoptr (GError) error = NULL;
  g_autoptr (AlLoop) loop = NULL;
  Load load = { .next_id = 1 };
  Input input = { .text = g_string_new (NULL) };

  (void) signal (SIGPIPE, SIG_IGN);
  raise_descriptor_limit ();
  if (argc > 1 && strcmp (argv[1], "rooms") == 0)
    return load_rooms_main (argc - 1, argv + 1);
  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error)
      || !al_addr_parse (address != NULL ? address : "127.0.0.1:0", 8080, &load.address, &error)
      || (loop = al_loop_new ("load", &error)) == NULL)
    {
      g_printerr ("aldis-load: %s\n", error->message);
      return 2;
    }
  if (echo)
    {
      serve_echo (loop, &load.address);
      return 0;
    }
  load.loop = loop;
  load.bare = bare || xmpp != NULL;
  load.xmpp = xmpp;
  load.name = name != NULL ? name : "load";
  if (tls && (load.tls = al_tls_new_client (NULL, &error)) == NULL)
    g_error ("%s", error->message);
  load.jwt_secret = secret != NULL ? secret : "";
  input.watch = (AlWatch){ .fd = STDIN_FILENO, .fn = on_input, .user = &input };
  if (!al_loop_watch (loop, &input.watch, EPOLLIN, &error))
    g_error ("%s", error->message);
  for (;;)
    {
      g_autofree char *line = NULL;

      (void) load_run_until (&load, &input.ready, -1);
      line = take_line (&input);
      if (line == NULL)
        break;
      if (!run_line (&load, line))
        g_printerr ("aldis-load: unknown scenario: %s\n", line);
    }
  return 0; /* the connections go with the process */
}
