/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Echoing over TCP and TLS on loopback: messages per second of the echoing thread's CPU time, AlStream against a bare
 * epoll loop (with OpenSSL on the socket for TLS), same client, same run, alternating rounds. And what an idle stream
 * costs in resident memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/stream.h"
#include "bench.h"

#define CONNECTIONS 64
#define MAX_ROUNDS 99
#define MAX_MESSAGE 65536

typedef enum { OURS, BARE, OURS_TLS, BARE_TLS, N_SERVERS } Kind;

static const char *const kind_names[N_SERVERS] = { "ours", "bare epoll", "ours, TLS", "bare epoll, TLS" };

static char *cert_path, *key_path;
static AlTls *server_tls, *client_tls;

static void
die (const char *what)
{
  perror (what);
  exit (1);
}

/* ---- our server ---- */

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

static const AlStreamOps echo_ops = { on_echo_data, NULL, on_echo_closed };

static void
on_accept (AlListener *listener, AlStream *stream, void *user)
{
  unsigned *n = user;

  al_stream_set_ops (stream, &echo_ops, NULL);
  *n += 1;
}

typedef struct {
  Kind kind;
  AlAddr address;
  pthread_t thread;
  AlLoop *loop;
  unsigned accepted;
  int fd;
} Server;

static void *
run_ours (void *user)
{
  Server *server = user;

  bench_pin (0);
  al_loop_run (server->loop);
  return NULL;
}

static AlListener *
open_ours (Server *server, bool tls)
{
  AlListenerConfig config = { .tls_mode = tls ? AL_TLS_ALWAYS : AL_TLS_NEVER, .tls = server_tls };
  GError *error = NULL;
  AlListener *listener;
  AlAddr any;

  (void) al_addr_parse ("127.0.0.1:0", 0, &any, NULL);
  server->loop = al_loop_new ("echo", &error);
  listener = al_listener_new (server->loop, &any, &config, &error);
  if (listener == NULL)
    g_error ("%s", error->message);
  al_listener_route (listener, AL_PROTO_UNKNOWN, on_accept, &server->accepted);
  al_listener_get_address (listener, &server->address);
  return listener;
}

/* ---- the bare one ---- */

typedef struct {
  int fd;
  SSL *ssl;
} Bare;

static void
bare_close (Bare *bare)
{
  SSL_free (bare->ssl);
  (void) close (bare->fd);
  free (bare);
}

/* Answers are small enough for the socket, so it never has to wait for room. */
static bool
bare_echo_tls (Bare *bare, char *buffer, int size)
{
  int n;

  if (!SSL_is_init_finished (bare->ssl))
    {
      n = SSL_do_handshake (bare->ssl);
      if (n != 1)
        return SSL_get_error (bare->ssl, n) == SSL_ERROR_WANT_READ;
    }
  while ((n = SSL_read (bare->ssl, buffer, size)) > 0)
    if (SSL_write (bare->ssl, buffer, n) != n)
      return false;
  return SSL_get_error (bare->ssl, n) == SSL_ERROR_WANT_READ;
}

static bool
bare_echo (Bare *bare, char *buffer, size_t size)
{
  ssize_t n = recv (bare->fd, buffer, size, 0);

  if (n < 0)
    return errno == EAGAIN;
  return n > 0 && send (bare->fd, buffer, (size_t) n, MSG_NOSIGNAL) == n;
}

static void
bare_accept (int epoll, int listener, SSL_CTX *ctx)
{
  int fd = accept4 (listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
  Bare *bare = calloc (1, sizeof *bare);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = bare };

  bare->fd = fd;
  (void) setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (ctx != NULL)
    {
      bare->ssl = SSL_new (ctx);
      (void) SSL_set_fd (bare->ssl, fd);
      SSL_set_accept_state (bare->ssl);
    }
  (void) epoll_ctl (epoll, EPOLL_CTL_ADD, fd, &event);
}

static SSL_CTX *
bare_ctx (void)
{
  SSL_CTX *ctx = SSL_CTX_new (TLS_server_method ());

  (void) SSL_CTX_set_mode (ctx, SSL_MODE_RELEASE_BUFFERS);
  (void) SSL_CTX_set_num_tickets (ctx, 1);
  SSL_CTX_set_read_ahead (ctx, 1);
  if (SSL_CTX_use_certificate_chain_file (ctx, cert_path) != 1
      || SSL_CTX_use_PrivateKey_file (ctx, key_path, SSL_FILETYPE_PEM) != 1)
    die ("certificate");
  return ctx;
}

static void *
run_bare (void *user)
{
  Server *server = user;
  SSL_CTX *ctx = server->kind == BARE_TLS ? bare_ctx () : NULL;
  int epoll = epoll_create1 (EPOLL_CLOEXEC);
  struct epoll_event event = { .events = EPOLLIN }, events[256];
  char *buffer = malloc (MAX_MESSAGE);

  bench_pin (0);
  (void) epoll_ctl (epoll, EPOLL_CTL_ADD, server->fd, &event);
  for (;;)
    {
      int n = epoll_wait (epoll, events, 256, -1);

      for (int i = 0; i < n; i++)
        {
          Bare *bare = events[i].data.ptr;

          if (bare == NULL)
            bare_accept (epoll, server->fd, ctx);
          else if (!(ctx != NULL ? bare_echo_tls (bare, buffer, MAX_MESSAGE) : bare_echo (bare, buffer, MAX_MESSAGE)))
            bare_close (bare);
        }
    }
  return NULL;
}

static void
open_bare (Server *server)
{
  socklen_t len = sizeof server->address;

  (void) al_addr_parse ("127.0.0.1:0", 0, &server->address, NULL);
  server->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind (server->fd, &server->address.sa, al_addr_get_len (&server->address)) < 0 || listen (server->fd, 512) < 0
      || getsockname (server->fd, &server->address.sa, &len) < 0)
    die ("listen");
}

static void
server_start (Server *server, Kind kind)
{
  bool ours = kind == OURS || kind == OURS_TLS;

  memset (server, 0, sizeof *server);
  server->kind = kind;
  if (ours)
    (void) open_ours (server, kind == OURS_TLS);
  else
    open_bare (server);
  if (pthread_create (&server->thread, NULL, ours ? run_ours : run_bare, server) != 0)
    die ("pthread_create");
}

/* ---- the client: each connection sends a message, waits for all of it to come back, sends the next ---- */

typedef struct {
  AlLoop *loop;
  size_t size;
  uint64_t messages;
  unsigned open;
  bool stopping;
} Client;

typedef struct {
  Client *client;
  size_t got;
} Peer;

static const uint8_t message_bytes[MAX_MESSAGE] = "x";

static size_t
on_client_data (AlStream *stream, const uint8_t *data, size_t len, void *user)
{
  Peer *peer = user;
  Client *client = peer->client;

  peer->got += len;
  if (peer->got < client->size)
    return len;
  peer->got = 0;
  client->messages++;
  if (client->stopping)
    al_stream_close (stream);
  else
    (void) al_stream_send (stream, message_bytes, client->size);
  return len;
}

static void
on_client_closed (AlStream *stream, AlStreamClose reason, void *user)
{
  Peer *peer = user;

  if (reason != AL_STREAM_CLOSE_LOCAL && reason != AL_STREAM_CLOSE_EOF)
    g_error ("a connection broke: reason %d", reason);
  peer->client->open--;
}

static const AlStreamOps client_ops = { on_client_data, NULL, on_client_closed };

static AlStream *
connect_to (AlLoop *loop, const AlAddr *address, bool tls, Peer *peer)
{
  GError *error = NULL;
  AlStream *stream = tls ? al_stream_connect_tls (loop, address, client_tls, NULL, &client_ops, peer, &error)
                         : al_stream_connect (loop, address, &client_ops, peer, &error);

  if (stream == NULL)
    g_error ("%s", error->message);
  return stream;
}

/* Returns: messages per CPU second of @server. */
static double
measure (const Server *server, size_t size, double length_s)
{
  Client client = { .size = size };
  Peer peers[CONNECTIONS] = { 0 };
  double until, cpu;
  uint64_t before;

  client.loop = al_loop_new ("client", NULL);
  for (client.open = 0; client.open < CONNECTIONS; client.open++)
    {
      Peer *peer = &peers[client.open];

      peer->client = &client;
      (void) al_stream_send (connect_to (client.loop, &server->address, server->kind >= OURS_TLS, peer), message_bytes,
                             size);
    }
  while (client.messages < 20 * CONNECTIONS) /* handshakes and first pages are not what is measured */
    al_loop_iterate (client.loop, 100);
  before = client.messages;
  cpu = bench_cpu_s (server->thread);
  until = bench_now_s () + length_s;
  while (bench_now_s () < until)
    al_loop_iterate (client.loop, 100);
  cpu = bench_cpu_s (server->thread) - cpu;
  before = client.messages - before;
  client.stopping = true;
  while (client.open > 0)
    al_loop_iterate (client.loop, 100);
  al_loop_free (client.loop);
  return (double) before / cpu;
}

/* ---- memory ---- */

static double
resident_kb (void)
{
  long pages = 0;
  FILE *file = fopen ("/proc/self/statm", "re");

  if (file == NULL || fscanf (file, "%*d %ld", &pages) != 1)
    die ("/proc/self/statm");
  (void) fclose (file);
  return (double) pages * (double) sysconf (_SC_PAGESIZE) / 1024;
}

/* A process of its own, so that its memory is not counted: opens @n connections, says hello on each, waits to be ended. */
static pid_t
fork_idlers (const Server *server, bool tls, unsigned n)
{
  pid_t pid = fork ();

  if (pid == 0)
    {
      Client client = { .size = SIZE_MAX };
      Peer *peers = g_new0 (Peer, n);

      client.loop = al_loop_new ("idlers", NULL);
      for (unsigned i = 0; i < n; i++)
        {
          peers[i].client = &client;
          client.open++;
          (void) al_stream_send (connect_to (client.loop, &server->address, tls, &peers[i]), message_bytes, 64);
          al_loop_iterate (client.loop, 0);
        }
      for (;;)
        al_loop_iterate (client.loop, -1);
    }
  return pid;
}

static void
run_until_accepted (Server *server, unsigned n)
{
  while (server->accepted < n)
    al_loop_iterate (server->loop, 100);
  for (unsigned turn = 0; turn < 200; turn++)
    al_loop_iterate (server->loop, 1);
}

static bool
measure_idle (bool tls, unsigned n)
{
  Server server = { 0 };
  AlListener *listener = open_ours (&server, tls);
  pid_t few, many;
  double before, each;

  /* the first ones bring pages that all share */
  few = fork_idlers (&server, tls, 100);
  run_until_accepted (&server, 100);
  before = resident_kb ();
  many = fork_idlers (&server, tls, n);
  run_until_accepted (&server, 100 + n);
  each = (resident_kb () - before) / n;
  (void) kill (few, SIGKILL);
  (void) kill (many, SIGKILL);
  (void) waitpid (few, NULL, 0);
  (void) waitpid (many, NULL, 0);
  for (unsigned turn = 0; turn < 2 * n / 256 + 100; turn++)
    al_loop_iterate (server.loop, 1);
  al_listener_free (listener);
  al_loop_free (server.loop);
  return bench_figure (tls ? "stream-idle-tls" : "stream-idle", each, tls ? 20 : 4, 1, false, "kB/connection");
}

static void
make_certificate (void)
{
  const char *const names[] = { "localhost", NULL };
  GError *error = NULL;
  char *dir = g_dir_make_tmp ("aldis-bench-XXXXXX", &error);

  cert_path = g_build_filename (dir, "cert.pem", NULL);
  key_path = g_build_filename (dir, "key.pem", NULL);
  if (!al_tls_make_self_signed (cert_path, key_path, names, 10, &error)
      || (server_tls = al_tls_new (cert_path, key_path, NULL, &error)) == NULL
      || (client_tls = al_tls_new_client (NULL, &error)) == NULL)
    g_error ("%s", error->message);
}

static void
remove_certificate (void)
{
  g_autofree char *dir = g_path_get_dirname (cert_path);

  (void) g_unlink (cert_path);
  (void) g_unlink (key_path);
  (void) g_rmdir (dir);
}

int
main (int argc, char **argv)
{
  static const size_t sizes[] = { 64, 4096 };
  unsigned rounds = argc > 1 ? (unsigned) atoi (argv[1]) : 7;
  double length_s = argc > 2 ? atof (argv[2]) : 0.4;
  Server servers[N_SERVERS];
  bool good = true;

  if (rounds < 1 || rounds > MAX_ROUNDS || length_s <= 0)
    {
      fprintf (stderr, "usage: bench-stream [ROUNDS [SECONDS]]\n");
      return 2;
    }
  make_certificate ();
  good &= measure_idle (false, 4000);
  good &= measure_idle (true, 4000);
  bench_pin (1);
  for (Kind kind = 0; kind < N_SERVERS; kind++)
    server_start (&servers[kind], kind);
  for (unsigned s = 0; s < G_N_ELEMENTS (sizes); s++)
    {
      double values[N_SERVERS][MAX_ROUNDS], medians[N_SERVERS];
      char name[64];

      for (unsigned r = 0; r < rounds; r++)
        for (unsigned k = 0; k < N_SERVERS; k++)
          {
            Kind kind = (Kind) ((k + r) % N_SERVERS);

            values[kind][r] = measure (&servers[kind], sizes[s], length_s);
          }
      for (Kind kind = 0; kind < N_SERVERS; kind++)
        {
          medians[kind] = bench_median (values[kind], rounds);
          printf ("# %zu bytes, %s: %.0f messages per CPU second\n", sizes[s], kind_names[kind], medians[kind]);
        }
      (void) g_snprintf (name, sizeof name, "stream-echo-%zu", sizes[s]);
      good &= bench_figure (name, medians[OURS], medians[BARE], 0.8, true, "messages/cpu-s");
      (void) g_snprintf (name, sizeof name, "stream-echo-tls-%zu", sizes[s]);
      good &= bench_figure (name, medians[OURS_TLS], medians[BARE_TLS], 0.8, true, "messages/cpu-s");
    }
  remove_certificate ();
  fflush (stdout);
  _exit (good ? 0 : 1); /* the servers run for ever */
}
