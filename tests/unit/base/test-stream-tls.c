/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls-fixture.h"

#define SECOND_US INT64_C (1000000)

static void
check_echo (gconstpointer version)
{
  Server server;
  Client client;
  Side *side;
  char bytes[16];

  open_tls_server (&server, AL_TLS_ALWAYS);
  server.on_accept = set_echo;
  client_open (&client, &server, GPOINTER_TO_INT (version));
  (void) SSL_set_alpn_protos (client.ssl, (const unsigned char *) "\x02h2\x08http/1.1", 12);
  g_assert_cmpint (client_handshake (&client, &server), ==, 1);
  client_write (&client, &server, "GET / ", 6);
  g_assert_cmpint (client_read (&client, &server, bytes, 6), ==, SSL_ERROR_NONE);
  g_assert_cmpmem (bytes, 6, "GET / ", 6);
  side = server_get (&server, 0);
  g_assert_true (al_stream_is_tls (side->stream));
  g_assert_cmpint (server.last_proto, ==, AL_PROTO_HTTP);

  /* closing: what is queued, close_notify, FIN */
  (void) al_stream_send (side->stream, "bye", 3);
  al_stream_close (side->stream);
  g_assert_cmpint (client_read (&client, &server, bytes, 4), ==, SSL_ERROR_ZERO_RETURN);
  g_assert_cmpmem (bytes, 3, "bye", 3);
  {
    const unsigned char *name;
    unsigned len;

    SSL_get0_alpn_selected (client.ssl, &name, &len);
    g_assert_cmpmem (name, len, "http/1.1", 8);
  }
  client_close (&client);
  RUN_UNTIL (server.loop, side->closed);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_LOCAL);
  server_close (&server);
}

static void
test_eof (void)
{
  for (int notify = 0; notify < 2; notify++)
    {
      Server server;
      Client client;
      Side *side;

      open_tls_server (&server, AL_TLS_ALWAYS);
      client_open (&client, &server, TLS1_3_VERSION);
      g_assert_cmpint (client_handshake (&client, &server), ==, 1);
      client_write (&client, &server, "GET last", 8);
      if (notify)
        (void) SSL_shutdown (client.ssl);
      client_close (&client);
      side = server_get (&server, 0);
      RUN_UNTIL (server.loop, side->closed);
      g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_EOF);
      g_assert_cmpmem (side->got->data, side->got->len, "GET last", 8);
      server_close (&server);
    }
}

static void
react_randomly (Side *side, const uint8_t *data, size_t len)
{
  side->consume = (size_t) g_test_rand_int_range (1, 70000);
  if (g_test_rand_int_range (0, 8) == 0)
    al_stream_pause (side->stream, true);
  al_stream_pause (side->stream, false);
}

static void
echo_randomly (Side *side)
{
  side->echo = true;
  side->consume = 1000;
  side->react = react_randomly;
  al_stream_set_limits (side->stream, 1 + (size_t) g_test_rand_int_range (4096, 200000), 1000, 5000, 64 << 20);
}

/* Megabytes there and back, in pieces of any size, more than the sockets hold. */
static void
check_transfer (gconstpointer version)
{
  const size_t total = 3 << 20;
  g_autofree uint8_t *data = g_malloc (total), *back = g_malloc (total);
  size_t sent = 0, got = 0, piece = 0;
  Server server;
  Client client;

  for (size_t i = 0; i < total; i++)
    data[i] = (uint8_t) g_test_rand_int ();
  memcpy (data, "PUT ", 4);
  open_tls_server (&server, AL_TLS_ALWAYS);
  server.on_accept = echo_randomly;
  client_open (&client, &server, GPOINTER_TO_INT (version));
  g_assert_cmpint (client_handshake (&client, &server), ==, 1);
  while (got < total)
    {
      size_t room = (size_t) g_test_rand_int_range (1, 40000);
      int n;

      if (piece == 0) /* SSL_write wants the same bytes again until it has taken them */
        piece = (size_t) g_test_rand_int_range (1, 40000);
      piece = MIN (piece, total - sent);
      n = piece > 0 ? SSL_write (client.ssl, data + sent, (int) piece) : 0;
      if (n > 0)
        {
          sent += (size_t) n;
          piece = 0;
        }
      n = SSL_read (client.ssl, back + got, (int) MIN (room, total - got));
      if (n > 0)
        got += (size_t) n;
      else
        g_assert_cmpint (SSL_get_error (client.ssl, n), ==, SSL_ERROR_WANT_READ);
      if (g_test_rand_int_range (0, 3) > 0)
        al_loop_iterate (server.loop, 0);
      if (server.sides->len > 0)
        al_stream_pause (server_get (&server, 0)->stream, false);
    }
  g_assert_cmpmem (back, got, data, total);
  client_close (&client);
  server_close (&server);
}

/* Bytes that OpenSSL holds are not announced by epoll; a pause in their midst must not lose or delay them. */
static void
pause_self (Side *side, const uint8_t *data, size_t len)
{
  al_stream_pause (side->stream, true);
}

static void
pause_on_accept (Side *side)
{
  side->react = pause_self;
  side->consume = 100;
  al_stream_set_limits (side->stream, 4096, 1, 1, 1);
}

static void
test_pending (void)
{
  uint8_t data[16000];
  Server server;
  Client client;
  Side *side;

  for (unsigned i = 0; i < sizeof data; i++)
    data[i] = (uint8_t) (i % 251);
  memcpy (data, "GET ", 4);
  open_tls_server (&server, AL_TLS_ALWAYS);
  server.on_accept = pause_on_accept;
  client_open (&client, &server, TLS1_3_VERSION);
  g_assert_cmpint (client_handshake (&client, &server), ==, 1);
  client_write (&client, &server, data, sizeof data); /* one record, read ahead whole */
  side = server_get (&server, 0);
  while (side->got->len < sizeof data)
    {
      guint before = side->got->len;

      g_assert_cmpuint (before, ==, MIN (100 * side->n_data, sizeof data));
      al_loop_iterate (server.loop, 0);
      g_assert_cmpuint (side->got->len, ==, before); /* paused */
      al_stream_pause (side->stream, false);
      al_loop_iterate (server.loop, 0);
      g_assert_cmpuint (side->got->len, >, before); /* without anything new in the socket */
    }
  g_assert_cmpmem (side->got->data, side->got->len, data, sizeof data);
  client_close (&client);
  server_close (&server);
}

static void
limit_on_accept (Side *side)
{
  al_stream_set_limits (side->stream, 4096, 1, 1, 1);
}

/* A record longer than the input limit, to an owner that takes everything at once: nothing pushes it but the stream. */
static void
test_drained (void)
{
  uint8_t data[16000] = "GET ";
  Server server;
  Client client;
  Side *side;

  open_tls_server (&server, AL_TLS_ALWAYS);
  server.on_accept = limit_on_accept;
  client_open (&client, &server, TLS1_3_VERSION);
  g_assert_cmpint (client_handshake (&client, &server), ==, 1);
  client_write (&client, &server, data, 4);
  side = server_get (&server, 0); /* which lowers the limit */
  client_write (&client, &server, data + 4, sizeof data - 4);
  RUN_UNTIL (server.loop, side->got->len == sizeof data);
  g_assert_cmpmem (side->got->data, side->got->len, data, sizeof data);
  client_close (&client);
  server_close (&server);
}

static void
pause_early (Side *side)
{
  side->react = pause_self;
  side->consume = 5;
}

/* The last bytes and the end are read in one go, and the owner pauses in between: the end waits for it. */
static void
test_paused_eof (void)
{
  Server server;
  Client client;
  Side *side;

  open_tls_server (&server, AL_TLS_ALWAYS);
  server.on_accept = pause_early;
  client_open (&client, &server, TLS1_3_VERSION);
  g_assert_cmpint (client_handshake (&client, &server), ==, 1);
  for (unsigned turn = 0; turn < 5; turn++)
    al_loop_iterate (server.loop, 0);
  client_write (&client, &server, "GET last", 8);
  (void) SSL_shutdown (client.ssl);
  g_assert_cmpint (shutdown (client.fd, SHUT_WR), ==, 0); /* not close(): the unread ticket would make it a reset */
  side = server_get (&server, 0);
  for (unsigned turn = 0; turn < 5; turn++)
    al_loop_iterate (server.loop, 0);
  g_assert_false (side->closed);
  g_assert_cmpuint (side->got->len, ==, 5);
  side->react = NULL;
  al_stream_pause (side->stream, false);
  RUN_UNTIL (server.loop, side->closed);
  g_assert_cmpmem (side->got->data, side->got->len, "GET last", 8);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_EOF);
  client_close (&client);
  server_close (&server);
}

static void
test_deadline (void)
{
  AlListenerStats stats;
  Server server;
  Client client;
  char c;

  open_tls_server (&server, AL_TLS_ALWAYS);
  client_open (&client, &server, TLS1_3_VERSION);
  (void) SSL_do_handshake (client.ssl); /* only the first flight */
  do
    {
      al_loop_iterate (server.loop, 1);
      al_listener_get_stats (server.listener, &stats);
    }
  while (stats.accepted == 0);
  al_loop_skip_us (server.loop, 11 * SECOND_US);
  al_loop_iterate (server.loop, 0);
  al_loop_iterate (server.loop, 0);
  while (recv (client.fd, &c, 1, 0) > 0)
    ;
  g_assert_cmpint (errno, ==, ECONNRESET);
  al_listener_get_stats (server.listener, &stats);
  g_assert_cmpuint (stats.closed[AL_STREAM_CLOSE_TIMEOUT], ==, 1);
  client_close (&client);

  /* the handshake is done but not a byte comes */
  client_open (&client, &server, TLS1_3_VERSION);
  g_assert_cmpint (client_handshake (&client, &server), ==, 1);
  for (unsigned turn = 0; turn < 3; turn++)
    al_loop_iterate (server.loop, 1);
  al_loop_skip_us (server.loop, 11 * SECOND_US);
  al_loop_iterate (server.loop, 0);
  al_listener_get_stats (server.listener, &stats);
  g_assert_cmpuint (stats.closed[AL_STREAM_CLOSE_TIMEOUT], ==, 2);
  client_close (&client);
  server_close (&server);
}

/* A slow TLS reader fills the queue and is cut off; one that goes on reading gets everything, FIN and all. */
static void
test_marks (void)
{
  static uint8_t block[20000];
  Server server;
  Client client;
  Side *side;
  uint64_t sent = 0;
  uint8_t c[4096];

  open_tls_server (&server, AL_TLS_ALWAYS);
  client_open (&client, &server, TLS1_3_VERSION);
  g_assert_cmpint (client_handshake (&client, &server), ==, 1);
  client_write (&client, &server, "GET ", 4);
  side = server_get (&server, 0);
  al_stream_set_limits (side->stream, 65536, 20000, 50000, 100000);
  while (al_stream_send (side->stream, block, sizeof block) != AL_SEND_HIGH)
    {
      sent += sizeof block;
      al_loop_iterate (server.loop, 0);
    }
  sent += sizeof block;
  al_stream_close (side->stream);
  while (sent > 0)
    {
      size_t piece = MIN (sent, sizeof c);

      g_assert_cmpint (client_read (&client, &server, c, piece), ==, SSL_ERROR_NONE);
      sent -= piece;
    }
  g_assert_cmpint (client_read (&client, &server, c, 1), ==, SSL_ERROR_ZERO_RETURN);
  client_close (&client);
  RUN_UNTIL (server.loop, side->closed);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_LOCAL);

  client_open (&client, &server, TLS1_3_VERSION);
  g_assert_cmpint (client_handshake (&client, &server), ==, 1);
  client_write (&client, &server, "GET ", 4);
  side = server_get (&server, 1);
  al_stream_set_limits (side->stream, 65536, 20000, 50000, 100000);
  while (al_stream_send (side->stream, block, sizeof block) != AL_SEND_GONE)
    al_loop_iterate (server.loop, 0);
  al_loop_iterate (server.loop, 0);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_OVERFLOW);
  client_close (&client);
  server_close (&server);
}

/* A peer that is gone while TLS still sends: no SIGPIPE. */
static void
test_no_sigpipe (void)
{
  static uint8_t block[100000];
  struct linger linger = { 1, 0 };
  Server server;
  Client client;
  Side *side;

  g_assert_true (signal (SIGPIPE, SIG_DFL) != SIG_ERR);
  open_tls_server (&server, AL_TLS_ALWAYS);
  client_open (&client, &server, TLS1_3_VERSION);
  g_assert_cmpint (client_handshake (&client, &server), ==, 1);
  client_write (&client, &server, "GET ", 4);
  side = server_get (&server, 0);
  al_stream_pause (side->stream, true);
  al_loop_iterate (server.loop, 0);
  (void) setsockopt (client.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  client_close (&client);
  while (!side->closed)
    {
      if (al_stream_send (side->stream, block, sizeof block) == AL_SEND_GONE)
        RUN_UNTIL (server.loop, side->closed);
    }
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_ERROR);
  server_close (&server);
}

/* A TLS stream changes its loop and thread in the middle of a conversation. */
typedef struct {
  AlLoop *loop;
  AlMailbox *box;
} Second;

static Second second;

static void
detach_side (Side *side, const uint8_t *data, size_t len)
{
  AlStream *stream = side->stream;

  side->stream = NULL;
  side->consume = 0;
  al_stream_detach (stream);
  while (!al_mailbox_post (second.box, stream))
    g_thread_yield ();
}

static void
detach_on_accept (Side *side)
{
  side->consume = 0;
  side->react = detach_side;
}

static size_t
second_on_data (AlStream *stream, const uint8_t *data, size_t len, void *user)
{
  (void) al_stream_send (stream, data, len);
  return len;
}

static void
second_on_closed (AlStream *stream, AlStreamClose reason, void *user)
{
  al_loop_quit (second.loop);
}

static const AlStreamOps second_ops = { second_on_data, NULL, second_on_closed };

static void
on_stream_mail (void *message, void *user)
{
  g_assert_true (al_stream_attach (second.loop, message, &second_ops, NULL, NULL));
}

static void *
run_second (void *user)
{
  al_loop_run (second.loop);
  return NULL;
}

static void
test_detach (void)
{
  g_autofree uint8_t *data = g_malloc (300000), *back = g_malloc (300000);

  for (unsigned i = 0; i < 300000; i++)
    data[i] = (uint8_t) (i % 249);
  memcpy (data, "GET ", 4);
  for (unsigned round = 0; round < 10; round++)
    {
      pthread_t thread;
      Server server;
      Client client;
      size_t sent = 0, got = 0;

      second.loop = al_loop_new ("second", NULL);
      second.box = al_mailbox_new (4, NULL, NULL);
      g_assert_true (al_loop_add_mailbox (second.loop, second.box, on_stream_mail, NULL, NULL));
      g_assert_cmpint (pthread_create (&thread, NULL, run_second, NULL), ==, 0);
      open_tls_server (&server, AL_TLS_ALWAYS);
      server.on_accept = detach_on_accept;
      client_open (&client, &server, round % 2 ? TLS1_2_VERSION : TLS1_3_VERSION);
      g_assert_cmpint (client_handshake (&client, &server), ==, 1);
      while (got < 300000)
        {
          int n = sent < 300000 ? SSL_write (client.ssl, data + sent, (int) MIN (30000, 300000 - sent)) : 0;

          sent += n > 0 ? (size_t) n : 0;
          n = SSL_read (client.ssl, back + got, (int) (300000 - got));
          got += n > 0 ? (size_t) n : 0;
          al_loop_iterate (server.loop, n > 0 ? 0 : 1);
        }
      g_assert_cmpmem (back, got, data, got);
      client_close (&client);
      (void) pthread_join (thread, NULL);
      server_close (&server);
      al_loop_free (second.loop);
      al_mailbox_free (second.box);
    }
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  tls_set_up ();
  g_test_add_data_func ("/base/stream-tls/echo-1.2", GINT_TO_POINTER (TLS1_2_VERSION), check_echo);
  g_test_add_data_func ("/base/stream-tls/echo-1.3", GINT_TO_POINTER (TLS1_3_VERSION), check_echo);
  g_test_add_func ("/base/stream-tls/eof", test_eof);
  g_test_add_data_func ("/base/stream-tls/transfer-1.2", GINT_TO_POINTER (TLS1_2_VERSION), check_transfer);
  g_test_add_data_func ("/base/stream-tls/transfer-1.3", GINT_TO_POINTER (TLS1_3_VERSION), check_transfer);
  g_test_add_func ("/base/stream-tls/pending", test_pending);
  g_test_add_func ("/base/stream-tls/drained", test_drained);
  g_test_add_func ("/base/stream-tls/paused-eof", test_paused_eof);
  g_test_add_func ("/base/stream-tls/deadline", test_deadline);
  g_test_add_func ("/base/stream-tls/marks", test_marks);
  g_test_add_func ("/base/stream-tls/no-sigpipe", test_no_sigpipe);
  g_test_add_func ("/base/stream-tls/detach", test_detach);
  result = g_test_run ();
  tls_tear_down ();
  return result;
}
