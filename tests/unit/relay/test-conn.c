/* SPDX-License-Identifier: Apache-2.0 */
/* Clients over TCP: what comes in pieces, what is relayed, what ends a connection. */
#include "conn-bench.h"

/* messages end where they end, however they come */
static void
test_pieces (void)
{
  uint8_t request[20], twice[40];
  AlStunMessage answer;
  Relay relay;
  Tcp tcp;

  relay_open (&relay);
  tcp_open (&tcp, &relay);
  ask_binding (&tcp, request);
  for (unsigned i = 0; i < sizeof request; i++)
    {
      tcp_write (&tcp, request + i, 1);
      al_loop_iterate (relay.loop, 0);
    }
  g_assert_cmpuint (read_answer (&tcp, &answer), ==, 0);
  memcpy (twice, request, 20);
  memcpy (twice + 20, request, 20);
  tcp_write (&tcp, twice, 40);
  for (unsigned i = 0; i < 2; i++)
    g_assert_cmpuint (read_answer (&tcp, &answer), ==, 0);
  tcp_close (&tcp);
  relay_close (&relay);
}

static void
test_relayed (void)
{
  static const uint8_t data[12] = "\x40\x01\0\5hello\xff\xff\xff";
  uint8_t got[100];
  const uint8_t *message;
  Relay relay;
  Peer peer;
  Tcp tcp;

  relay_open (&relay);
  tcp_open (&tcp, &relay);
  peer_open (&peer);
  tcp_allocate (&tcp);
  tcp_bind (&tcp, &peer);
  tcp_write (&tcp, data, sizeof data);
  g_assert_cmpuint (peer_read (&relay, &peer, got, sizeof got), ==, 5);
  g_assert_cmpmem (got, 5, "hello", 5);
  for (size_t len = 0; len <= 5; len++)
    {
      g_assert_cmpint (send (peer.fd, "world", len, 0), ==, (ssize_t) len);
      g_assert_cmpuint (tcp_read (&tcp, &message), ==, 4 + (len + 3) / 4 * 4); /* RFC 8656 §12.5: padded */
      g_assert_cmpuint (message[0] << 8 | message[1], ==, CHANNEL);
      g_assert_cmpuint (message[3], ==, len);
      g_assert_cmpmem (message + 4, len, "world", len);
      for (size_t i = len; i % 4 != 0; i++)
        g_assert_cmpuint (message[4 + i], ==, 0);
    }
  tcp_close (&tcp);
  g_assert_cmpuint (stats_of (&relay).ended[RELAY_END_CLOSED], ==, 1);
  (void) close (peer.fd);
  relay_close (&relay);
}

/* what a stranger may not say ends the connection, behind the answers to what was right; of a client it is dropped */
static const struct {
  const char *name;
  uint8_t data[48];
  size_t len;
  bool ends_clients; /* nothing can be found behind it */
} nonsense[] = {
  { "channel-data", { 0x40, 0x01, 0, 4, 'a', 'b', 'c', 'd' }, 8, false },
  { "send", { 0x00, 0x16, 0, 8, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x00, 0x13, 0, 1, 'x' }, 28, false },
  { "attribute-too-long", { 0x00, 0x01, 0, 4, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x00, 0x13, 0, 9 }, 24, false },
  { "fingerprint", { 0x00, 0x01, 0, 8, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x80, 0x28, 0, 4, 1, 2, 3, 4 }, 28, false },
  { "no-cookie", { 0x00, 0x01, 0, 0, 0x21, 0x12, 0xa4, 0x43, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, 20, true },
  { "length", { 0x00, 0x01, 0, 3, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, 20, true },
  { "http", "GET / HTTP/1.1\r\n\r\n", 18, false /* 'G' is a channel's number, and much is to follow */ },
  { "dtls", { 0x16, 0xfe, 0xff, 0, 0, 0, 0, 0 }, 8, true },
  { "high-bits", { 0x80, 0, 0, 0, 0, 0, 0, 0 }, 8, true },
};

static void
test_nonsense (gconstpointer index)
{
  unsigned i = GPOINTER_TO_UINT (index);
  uint8_t both[20 + sizeof nonsense[i].data];
  const uint8_t *message;
  AlStunMessage answer;
  Relay relay;
  Tcp tcp;

  relay_open (&relay);
  tcp_open (&tcp, &relay);
  ask_binding (&tcp, both);
  memcpy (both + 20, nonsense[i].data, nonsense[i].len);
  if (!g_str_equal (nonsense[i].name, "http")) /* that much is waited for; the idle time ends it */
    {
      tcp_write (&tcp, both, 20 + nonsense[i].len);
      if (!nonsense[i].ends_clients)
        g_assert_cmpuint (read_answer (&tcp, &answer), ==, 0);
      while (tcp_read (&tcp, &message) > 0)
        ;
      tcp_close (&tcp);
      tcp_open (&tcp, &relay);
    }
  tcp_allocate (&tcp);
  tcp_write (&tcp, nonsense[i].data, nonsense[i].len);
  if (nonsense[i].ends_clients)
    {
      g_assert_cmpuint (tcp_read (&tcp, &message), ==, 0);
      g_assert_cmpuint (stats_of (&relay).active[RELAY_TCP], ==, 0);
    }
  else if (!g_str_equal (nonsense[i].name, "http"))
    {
      tcp_write (&tcp, both, 20);
      g_assert_cmpuint (read_answer (&tcp, &answer), ==, 0);
      g_assert_cmpuint (stats_of (&relay).active[RELAY_TCP], ==, 1);
    }
  tcp_close (&tcp);
  relay_close (&relay);
}

/* data that is on its way while the allocation ends does not cost its Refresh the answer */
static void
test_after_refresh (void)
{
  uint8_t all[600];
  const uint8_t *message;
  AlStunMessage answer;
  Relay relay;
  size_t len;
  Tcp tcp;
  Ask ask;

  relay_open (&relay);
  tcp_open (&tcp, &relay);
  tcp_allocate (&tcp);
  ask_begin (&tcp.client, &ask, AL_STUN_REFRESH);
  al_stun_put_u32 (&ask.out, AL_STUN_LIFETIME, 0);
  ask_put_auth (&tcp.client, &ask);
  al_stun_put_integrity (&ask.out, relay.bench->hmac, tcp.client.hash, tcp.client.key, tcp.client.key_len);
  len = al_stun_end (&ask.out);
  g_assert_cmpuint (len + 8, <=, sizeof all);
  memcpy (all, ask.data, len);
  memcpy (all + len, nonsense[0].data, 8);
  tcp_write (&tcp, all, len + 8);
  g_assert_cmpuint (read_answer (&tcp, &answer), ==, 0);
  g_assert_cmpuint (tcp_read (&tcp, &message), ==, 0);
  tcp_close (&tcp);
  relay_close (&relay);
}

/* who holds no allocation for half a minute has to go */
static void
test_idle (void)
{
  const uint8_t *message;
  AlStunMessage answer;
  uint8_t request[20];
  Relay relay;
  Tcp idle, busy;

  relay_open (&relay);
  tcp_open (&idle, &relay);
  tcp_open (&busy, &relay);
  ask_binding (&idle, request);
  tcp_write (&idle, request, 20);
  g_assert_cmpuint (read_answer (&idle, &answer), ==, 0);
  tcp_allocate (&busy);
  al_loop_skip_us (relay.loop, IDLE_US);
  g_assert_cmpuint (tcp_read (&idle, &message), ==, 0);
  for (unsigned i = 0; i < 5; i++)
    {
      al_loop_skip_us (relay.loop, IDLE_US);
      al_loop_iterate (relay.loop, 0);
      tcp_refresh (&busy, 600);
    }
  tcp_refresh (&busy, 0);
  al_loop_skip_us (relay.loop, 2 * IDLE_US);
  g_assert_cmpuint (tcp_read (&busy, &message), ==, 0);
  tcp_close (&idle);
  tcp_close (&busy);
  relay_close (&relay);
}

/* the relay ends before its clients */
static void
test_end (void)
{
  Relay relay;
  Peer peer;
  Tcp tcp[3];

  relay_open (&relay);
  peer_open (&peer);
  for (unsigned i = 0; i < 3; i++)
    {
      tcp_open (&tcp[i], &relay);
      tcp_allocate (&tcp[i]);
      tcp_bind (&tcp[i], &peer);
    }
  relay_close (&relay); /* all ports and quotas are back */
  for (unsigned i = 0; i < 3; i++)
    (void) close (tcp[i].fd);
  (void) close (peer.fd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/conn/pieces", test_pieces);
  g_test_add_func ("/relay/conn/relayed", test_relayed);
  for (unsigned i = 0; i < G_N_ELEMENTS (nonsense); i++)
    {
      g_autofree char *name = g_strdup_printf ("/relay/conn/nonsense/%s", nonsense[i].name);

      g_test_add_data_func (name, GUINT_TO_POINTER (i), test_nonsense);
    }
  g_test_add_func ("/relay/conn/after-refresh", test_after_refresh);
  g_test_add_func ("/relay/conn/idle", test_idle);
  g_test_add_func ("/relay/conn/end", test_end);
  return g_test_run ();
}
