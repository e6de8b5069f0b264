/* SPDX-License-Identifier: Apache-2.0 */
/* Behaviour discovery: the table of RFC 5780 §6.1, and that it makes nothing grow. */
#include <string.h>

#include "bench.h"

#define FIRST "198.51.100.1"
#define SECOND_HOST "198.51.100.2"
#define CHANGE_HOST 4u
#define CHANGE_PORT 2u

static void
allow (Bench *bench)
{
  bench->config.discovery[RELAY_IPV4][0] = addr_of (FIRST ":3478");
  bench->config.discovery[RELAY_IPV4][1] = addr_of (SECOND_HOST ":3479");
}

static void
init_at (Client *client, Bench *bench, const char *local)
{
  client_init (client, bench, 0, "203.0.113.5:5000");
  client->tuple.local = addr_of (local);
  client->anywhere = true;
}

static AlAddr
get_addr (const Client *client, AlStunType type)
{
  AlStunAttr attr;
  AlAddr addr;

  g_assert_true (al_stun_find (&client->reply, type, &attr));
  g_assert_true (al_stun_attr_addr (&client->reply, &attr, type != AL_STUN_XOR_MAPPED_ADDRESS, &addr));
  return addr;
}

static void
assert_addr (const Client *client, AlStunType type, const char *expected)
{
  const AlAddr addr = get_addr (client, type), wanted = addr_of (expected);

  g_assert_true (al_addr_equal (&addr, &wanted));
}

static unsigned
bind_change (Client *client, unsigned change)
{
  Ask ask;

  ask_begin (client, &ask, AL_STUN_BINDING);
  al_stun_put_u32 (&ask.out, AL_STUN_CHANGE_REQUEST, change);
  return ask_send_raw (client, &ask);
}

static void
test_table (void)
{
  static const struct {
    const char *at;
    unsigned change;
    const char *origin, *other;
  } rows[] = {
    { FIRST ":3478", 0, FIRST ":3478", SECOND_HOST ":3479" },
    { FIRST ":3478", CHANGE_HOST, SECOND_HOST ":3478", SECOND_HOST ":3479" },
    { FIRST ":3478", CHANGE_PORT, FIRST ":3479", SECOND_HOST ":3479" },
    { FIRST ":3478", CHANGE_HOST | CHANGE_PORT, SECOND_HOST ":3479", SECOND_HOST ":3479" },
    { SECOND_HOST ":3478", 0, SECOND_HOST ":3478", FIRST ":3479" },
    { SECOND_HOST ":3479", CHANGE_HOST | CHANGE_PORT, FIRST ":3478", FIRST ":3478" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (Bench) bench = bench_new (allow);
      g_auto (Client) client = { 0 };
      const AlAddr origin = addr_of (rows[i].origin);

      init_at (&client, bench, rows[i].at);
      g_assert_cmpuint (bind_change (&client, rows[i].change), ==, 0);
      assert_addr (&client, AL_STUN_XOR_MAPPED_ADDRESS, "203.0.113.5:5000");
      assert_addr (&client, AL_STUN_MAPPED_ADDRESS, "203.0.113.5:5000");
      assert_addr (&client, AL_STUN_RESPONSE_ORIGIN, rows[i].origin);
      assert_addr (&client, AL_STUN_OTHER_ADDRESS, rows[i].other);
      g_assert_true (al_addr_equal (&client.answer->to.local, &origin));
      g_assert_true (al_addr_equal (&client.answer->to.remote, &client.tuple.remote));
    }
}

/* no second address: RFC 5780 §6.1 asks for 420 */
static void
test_elsewhere (void)
{
  g_autoptr (Bench) off = bench_new (NULL), on = bench_new (allow);
  g_auto (Client) client = { 0 }, other = { 0 }, tcp = { 0 };
  AlStunAttr attr;
  Ask ask;
  int conn;

  init_at (&client, off, FIRST ":3478");
  g_assert_cmpuint (bind_change (&client, CHANGE_PORT), ==, 420);
  ask_begin (&client, &ask, AL_STUN_BINDING);
  g_assert_cmpuint (ask_send_raw (&client, &ask), ==, 0);
  g_assert_false (al_stun_find (&client.reply, AL_STUN_OTHER_ADDRESS, &attr));
  init_at (&other, on, "198.51.100.3:3478");
  g_assert_cmpuint (bind_change (&other, CHANGE_PORT), ==, 420);
  init_at (&tcp, on, FIRST ":3478");
  tcp.tuple.transport = RELAY_TCP;
  tcp.tuple.conn = &conn;
  g_assert_cmpuint (bind_change (&tcp, CHANGE_PORT), ==, 420);
}

static void
test_no_socket (void)
{
  g_autoptr (Bench) bench = bench_new (allow);
  g_auto (Client) client = { 0 };

  init_at (&client, bench, FIRST ":3478");
  bench->silent_port = 3479;
  g_assert_cmpuint (bind_change (&client, CHANGE_PORT), ==, 500);
}

static unsigned
bind_with (Client *client, AlStunType type, size_t len)
{
  uint8_t value[1500] = { 0x30, 0x39 }; /* as a port: 12345 */
  Ask ask;

  ask_begin (client, &ask, AL_STUN_BINDING);
  al_stun_put (&ask.out, type, value, len);
  return ask_send_raw (client, &ask);
}

static void
test_response_port (void)
{
  g_autoptr (Bench) bench = bench_new (allow);
  g_auto (Client) client = { 0 };
  const AlAddr there = addr_of ("203.0.113.5:12345");
  Ask ask;

  for (size_t len = 2; len <= 4; len += 2)
    {
      init_at (&client, bench, FIRST ":3478");
      g_assert_cmpuint (bind_with (&client, AL_STUN_RESPONSE_PORT, len), ==, 0);
      g_assert_true (al_addr_equal (&client.answer->to.remote, &there));
      assert_addr (&client, AL_STUN_XOR_MAPPED_ADDRESS, "203.0.113.5:5000");
      client_clear (&client);
    }
  init_at (&client, bench, FIRST ":3478");
  g_assert_cmpuint (bind_with (&client, AL_STUN_RESPONSE_PORT, 1), ==, 400);
  ask_begin (&client, &ask, AL_STUN_BINDING);
  al_stun_put (&ask.out, AL_STUN_RESPONSE_PORT, "\0\0", 2);
  g_assert_cmpuint (ask_send_raw (&client, &ask), ==, 400);
  ask_begin (&client, &ask, AL_STUN_BINDING);
  al_stun_put (&ask.out, AL_STUN_PADDING, "1234", 4);
  al_stun_put (&ask.out, AL_STUN_RESPONSE_PORT, "\x30\x39", 2);
  g_assert_cmpuint (ask_send_raw (&client, &ask), ==, 400);
  ask_begin (&client, &ask, AL_STUN_BINDING);
  al_stun_put (&ask.out, AL_STUN_CHANGE_REQUEST, "12", 2);
  g_assert_cmpuint (ask_send_raw (&client, &ask), ==, 400);
  g_assert_cmpuint (bind_with (&client, (AlStunType) 0x0077, 4), ==, 420);
}

static void
test_padding (void)
{
  static const size_t lens[] = { 0, 3, 4, 1000, 1500 };

  for (unsigned i = 0; i < G_N_ELEMENTS (lens); i++)
    {
      g_autoptr (Bench) bench = bench_new (allow);
      g_auto (Client) client = { 0 };
      AlStunAttr attr;

      init_at (&client, bench, FIRST ":3478");
      g_assert_cmpuint (bind_with (&client, AL_STUN_PADDING, lens[i]), ==, 0);
      g_assert_true (al_stun_find (&client.reply, AL_STUN_PADDING, &attr));
      g_assert_cmpuint (attr.len, ==, lens[i] / 4 * 4);
    }
}

static void
tune_rate (Bench *bench)
{
  allow (bench);
  bench->config.replies_per_s = 2;
}

static void
test_rate (void)
{
  g_autoptr (Bench) bench = bench_new (tune_rate);
  g_auto (Client) client = { 0 };

  init_at (&client, bench, FIRST ":3478"); /* that was the first answer */
  g_assert_cmpuint (bind_change (&client, 0), ==, 0);
  g_assert_cmpuint (bind_change (&client, 0), ==, 999);
  bench_drop (bench, RELAY_DROP_REPLY_RATE, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/turn-discovery/table", test_table);
  g_test_add_func ("/relay/turn-discovery/elsewhere", test_elsewhere);
  g_test_add_func ("/relay/turn-discovery/no-socket", test_no_socket);
  g_test_add_func ("/relay/turn-discovery/response-port", test_response_port);
  g_test_add_func ("/relay/turn-discovery/padding", test_padding);
  g_test_add_func ("/relay/turn-discovery/rate", test_rate);
  return g_test_run ();
}
