/* SPDX-License-Identifier: Apache-2.0 */
/* A listener that takes both: TLS or not is seen by the first bytes. */
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls-fixture.h"

#define SECOND_US INT64_C (1000000)

static void
test_detect (void)
{
  Server server;
  Client client;
  int fd;

  open_tls_server (&server, AL_TLS_DETECT);
  fd = raw_connect (&server.address);
  raw_write_all (server.loop, fd, "G", 1);
  al_loop_iterate (server.loop, 0);
  raw_write_all (server.loop, fd, "ET ", 3);
  g_assert_false (al_stream_is_tls (server_get (&server, 0)->stream));
  client_open (&client, &server, TLS1_2_VERSION);
  g_assert_cmpint (client_handshake (&client, &server), ==, 1);
  client_write (&client, &server, "\x00\x01\x00\x00\x21\x12\xa4\x42", 8);
  g_assert_true (al_stream_is_tls (server_get (&server, 1)->stream));
  g_assert_cmpint (server.last_proto, ==, AL_PROTO_STUN); /* routes look inside TLS */
  client_close (&client);
  (void) close (fd);
  server_close (&server);
}

/* First bytes inside TLS one by one, and those that come in the same flight as the client's Finished. */
static void
test_first_bytes (void)
{
  Server server;
  Client client;
  Side *side;

  open_tls_server (&server, AL_TLS_ALWAYS);
  client_open (&client, &server, TLS1_3_VERSION);
  g_assert_cmpint (client_handshake (&client, &server), ==, 1);
  for (unsigned i = 0; i < 8; i++)
    {
      client_write (&client, &server, &"OPTIONS "[i], 1);
      al_loop_iterate (server.loop, 0);
    }
  side = server_get (&server, 0);
  RUN_UNTIL (server.loop, side->got->len == 8);
  client_close (&client);

  client_open (&client, &server, TLS1_3_VERSION);
  {
    int cork = 1;

    (void) setsockopt (client.fd, IPPROTO_TCP, TCP_CORK, &cork, sizeof cork);
    while (SSL_do_handshake (client.ssl) != 1)
      {
        cork = 0; /* the first flight has to go */
        (void) setsockopt (client.fd, IPPROTO_TCP, TCP_CORK, &cork, sizeof cork);
        al_loop_iterate (server.loop, 1);
        cork = 1;
        (void) setsockopt (client.fd, IPPROTO_TCP, TCP_CORK, &cork, sizeof cork);
      }
    client_write (&client, &server, "GET both", 8);
    cork = 0;
    (void) setsockopt (client.fd, IPPROTO_TCP, TCP_CORK, &cork, sizeof cork);
  }
  side = server_get (&server, 1);
  RUN_UNTIL (server.loop, side->got->len == 8);
  client_close (&client);
  server_close (&server);
}

static void
test_garbage (void)
{
  static const char hello[] = "\x16\x03\x01\x00\x05garbage, and a good deal of it, as nobody expects of a handshake";
  AlListenerStats stats;
  Server server;
  Client client;
  Side *side;
  char c[64];
  int fd;

  open_tls_server (&server, AL_TLS_ALWAYS);
  fd = raw_connect (&server.address);
  raw_write_all (server.loop, fd, "GET / HTTP/1.1\r\n\r\n", 18);
  while (raw_read (server.loop, fd, c, 1) > 0)
    ;
  (void) close (fd);
  fd = raw_connect (&server.address);
  raw_write_all (server.loop, fd, hello, sizeof hello - 1);
  while (raw_read (server.loop, fd, c, 1) > 0)
    ;
  (void) close (fd);
  al_listener_get_stats (server.listener, &stats);
  g_assert_cmpuint (stats.closed[AL_STREAM_CLOSE_TLS], ==, 2);

  /* a forged record behind a good one: the good one is delivered, then the stream ends */
  client_open (&client, &server, TLS1_3_VERSION);
  g_assert_cmpint (client_handshake (&client, &server), ==, 1);
  client_write (&client, &server, "GET good", 8);
  raw_write_all (server.loop, client.fd, "\x17\x03\x03\x00\x20" "0123456789abcdef0123456789abcdef", 37);
  side = server_get (&server, 0);
  RUN_UNTIL (server.loop, side->closed);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_TLS);
  g_assert_cmpmem (side->got->data, side->got->len, "GET good", 8);
  client_close (&client);
  server_close (&server);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  tls_set_up ();
  g_test_add_func ("/base/stream-tls/detect", test_detect);
  g_test_add_func ("/base/stream-tls/first-bytes", test_first_bytes);
  g_test_add_func ("/base/stream-tls/garbage", test_garbage);
  result = g_test_run ();
  tls_tear_down ();
  return result;
}
