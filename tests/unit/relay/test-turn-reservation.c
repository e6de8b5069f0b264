/* SPDX-License-Identifier: Apache-2.0 */
/* EVEN-PORT and RESERVATION-TOKEN (RFC 8656 §7.2): a port that waits for its client. */
#include "bench.h"

#define A "9.8.7.6:1000"
#define B "9.8.7.5:1000"

static const uint8_t even[1] = { 0 }, pair[1] = { 0x80 };

static bool
find_token (Client *client, uint8_t ret_token[8])
{
  AlStunAttr attr;

  if (!al_stun_find (&client->reply, AL_STUN_RESERVATION_TOKEN, &attr))
    return false;
  g_assert_cmpuint (attr.len, ==, 8);
  memcpy (ret_token, attr.value, 8);
  return true;
}

static void
test_reservation (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) first, second, third, stranger;
  uint8_t token[8];
  uint16_t port;

  client_init (&first, bench, 0, A);
  client_init (&second, bench, 1, "9.8.7.6:1001"); /* the kernel may send it to another worker */
  client_init (&third, bench, 1, "9.8.7.6:1002");
  client_init (&stranger, bench, 0, B);
  g_assert_cmpuint (client_allocate_with (&first, AL_STUN_EVEN_PORT, even, 1), ==, 0);
  g_assert_false (find_token (&first, token)); /* R is not set: nothing is kept */
  g_assert_cmpuint (relay_ports_count (bench->shared.ports), ==, 1);
  g_assert_cmpuint (client_refresh (&first, 0), ==, 0);

  g_assert_cmpuint (client_allocate_with (&first, AL_STUN_EVEN_PORT, pair, 1), ==, 0);
  g_assert_true (find_token (&first, token));
  port = al_addr_get_port (&first.relayed[RELAY_IPV4]);
  g_assert_cmpuint (client_allocate_with (&stranger, AL_STUN_RESERVATION_TOKEN, token, 8), ==, 508);
  g_assert_cmpuint (client_allocate_with (&second, AL_STUN_RESERVATION_TOKEN, token, 8), ==, 0);
  g_assert_cmpuint (al_addr_get_port (&second.relayed[RELAY_IPV4]), ==, port + 1);
  g_assert_cmpint (relay_ports_find (bench->shared.ports, RELAY_IPV4, (uint16_t) (port + 1)), ==, 1);
  g_assert_cmpuint (client_allocate_with (&third, AL_STUN_RESERVATION_TOKEN, token, 8), ==, 508); /* used up */
}

/* the reserved port or none: another one would be useless to who asks by token */
static void
test_reservation_fails (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) first, second;
  uint8_t token[8];

  client_init (&first, bench, 0, A);
  client_init (&second, bench, 1, "9.8.7.6:1001");
  g_assert_cmpuint (client_allocate_with (&first, AL_STUN_EVEN_PORT, pair, 1), ==, 0);
  g_assert_true (find_token (&first, token));
  bench->failing_opens = 1;
  g_assert_cmpuint (client_allocate_with (&second, AL_STUN_RESERVATION_TOKEN, token, 8), ==, 508);
  g_assert_cmpuint (relay_ports_count (bench->shared.ports), ==, 1);

  g_assert_cmpuint (client_refresh (&first, 0), ==, 0);
  g_assert_cmpuint (client_allocate_with (&first, AL_STUN_EVEN_PORT, pair, 1), ==, 0);
  g_assert_true (find_token (&first, token));
  bench->config.bind[RELAY_IPV4] = (AlAddr){ 0 }; /* a reload in between */
  g_assert_cmpuint (client_allocate_with (&second, AL_STUN_RESERVATION_TOKEN, token, 8), ==, 440);
  g_assert_cmpuint (relay_ports_count (bench->shared.ports), ==, 1);
  bench->config.bind[RELAY_IPV4] = addr_of (RELAY4);

  g_assert_cmpuint (client_refresh (&first, 0), ==, 0);
  g_assert_cmpuint (client_allocate_with (&first, AL_STUN_EVEN_PORT, pair, 1), ==, 0);
  g_assert_true (find_token (&first, token));
  bench_go (bench, RELAY_RESERVATION_US);
  g_assert_cmpuint (relay_ports_count (bench->shared.ports), ==, 1);
  g_assert_cmpuint (client_allocate_with (&second, AL_STUN_RESERVATION_TOKEN, token, 8), ==, 508);
}

static void
test_reservations_full (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  uint8_t token[8];

  client_init (&client, bench, 0, A);
  for (unsigned i = 0; i < 100; i++)
    {
      uint16_t port = relay_ports_take (bench->shared.ports, RELAY_IPV6, 0, false, false, bench->now_us);

      g_assert_true (relay_reservations_make (bench->shared.reservations, RELAY_IPV6, port, &client.tuple.remote,
                                              bench->now_us, token));
    }
  for (unsigned i = 100; i < RELAY_MAX_RESERVATIONS; i++)
    {
      RelayFamily family = i < 200 ? RELAY_IPV6 : RELAY_IPV4;
      uint16_t port = relay_ports_take (bench->shared.ports, family, 0, false, false, bench->now_us);

      g_assert_true (relay_reservations_make (bench->shared.reservations, family, port, &client.tuple.remote, bench->now_us,
                                              token));
    }
  g_assert_cmpuint (client_allocate_with (&client, AL_STUN_EVEN_PORT, pair, 1), ==, 508);
  g_assert_cmpuint (relay_ports_count (bench->shared.ports), ==, RELAY_MAX_RESERVATIONS);
  g_assert_cmpuint (bench->sockets->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/turn-allocate/reservation", test_reservation);
  g_test_add_func ("/relay/turn-allocate/reservation-fails", test_reservation_fails);
  g_test_add_func ("/relay/turn-allocate/reservations-full", test_reservations_full);
  return g_test_run ();
}
