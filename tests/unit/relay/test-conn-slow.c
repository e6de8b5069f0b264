/* SPDX-License-Identifier: Apache-2.0 */
/* Clients over TCP that read slowly, or never. */
#include "conn-bench.h"

/* media for a client that reads nothing: some of it lies in the kernel, what is too old is dropped, and what he gets when he
 * reads again is whole and in order */
static void
test_slow (void)
{
  uint8_t data[1000] = { 0 };
  const uint8_t *message;
  uint32_t last = 0, number = 0, n = 0;
  AlStunMessage answer;
  uint8_t request[20];
  int bytes = 4096;
  Relay relay;
  Peer peer;
  size_t len;
  Tcp tcp;

  relay_open (&relay);
  tcp_open (&tcp, &relay);
  (void) setsockopt (tcp.fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  peer_open (&peer);
  tcp_allocate (&tcp);
  tcp_bind (&tcp, &peer);
  tcp_write (&tcp, "\x40\x01\0\1x\0\0\0", 8);
  g_assert_cmpuint (peer_read (&relay, &peer, data, sizeof data), ==, 1);
  for (uint32_t i = 1; i <= 3000; i++)
    {
      memcpy (data, &i, sizeof i);
      g_assert_cmpint (send (peer.fd, data, sizeof data, 0), ==, sizeof data);
      al_loop_skip_us (relay.loop, 1000);
      al_loop_iterate (relay.loop, 0);
    }
  al_loop_skip_us (relay.loop, 10000);
  al_loop_iterate (relay.loop, 0);
  g_assert_cmpuint (stats_of (&relay).dropped[RELAY_DROP_STALE], >, 2000);
  /* an answer comes behind what lies in the kernel, and is not dropped */
  ask_binding (&tcp, request);
  tcp_write (&tcp, request, 20);
  for (;;)
    {
      len = tcp_read (&tcp, &message);
      g_assert_cmpuint (len, >, 0);
      if (message[0] == 0x01)
        break;
      g_assert_cmpuint (len, ==, 1004);
      memcpy (&number, message + 4, sizeof number);
      g_assert_cmpuint (number, >, last);
      last = number;
      n++;
    }
  g_assert_true (al_stun_parse (message, len, &answer));
  g_assert_cmpuint (n, <, 1000);
  tcp_close (&tcp);
  (void) close (peer.fd);
  relay_close (&relay);
}

/* who asks and asks and reads no answer is thrown out, whether he holds an allocation or not */
static void
test_never_reads (gconstpointer allocated)
{
  uint8_t requests[20 * 100];
  int bytes = 4096;
  Relay relay;
  Tcp tcp;

  relay_open (&relay);
  tcp_open (&tcp, &relay);
  (void) setsockopt (tcp.fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  if (GPOINTER_TO_INT (allocated))
    tcp_allocate (&tcp);
  for (unsigned i = 0; i < 100; i++)
    ask_binding (&tcp, requests + 20 * i);
  for (;;)
    {
      ssize_t n = send (tcp.fd, requests, sizeof requests, MSG_NOSIGNAL);

      if (n < 0 && errno != EAGAIN)
        break; /* reset */
      if (n > 0 && n % 20 != 0) /* go on where it stopped */
        while (n % 20 != 0)
          {
            ssize_t more = send (tcp.fd, requests + n % 20, (size_t) (20 - n % 20), MSG_NOSIGNAL);

            n += MAX (more, 0);
            if (more < 0 && errno != EAGAIN)
              break;
            al_loop_iterate (relay.loop, 0);
          }
      al_loop_skip_us (relay.loop, 1000);
      al_loop_iterate (relay.loop, 1);
    }
  g_assert_cmpuint (stats_of (&relay).active[RELAY_TCP], ==, 0);
  tcp_close (&tcp);
  relay_close (&relay);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/conn/slow", test_slow);
  g_test_add_data_func ("/relay/conn/never-reads/stranger", GINT_TO_POINTER (0), test_never_reads);
  g_test_add_data_func ("/relay/conn/never-reads/client", GINT_TO_POINTER (1), test_never_reads);
  return g_test_run ();
}
