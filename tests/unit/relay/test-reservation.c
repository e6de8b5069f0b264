/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <pthread.h>

static uint16_t
take (RelayPorts *ports)
{
  uint16_t port = relay_ports_take (ports, RELAY_IPV4, 0, false, false, 0);

  g_assert_cmpuint (port, !=, 0);
  return port;
}

static void
test_claim (void)
{
  g_autoptr (RelayPorts) ports = relay_ports_new (50000, 50099);
  RelayReservations *reservations = relay_reservations_new (ports);
  const AlAddr a = addr_of ("9.9.9.9:1"), same = addr_of ("9.9.9.9:2"), other = addr_of ("9.9.9.8:1");
  RelayFamily family = RELAY_IPV6;
  uint8_t token[8], wrong[8];
  uint16_t port = take (ports);

  g_assert_true (relay_reservations_make (reservations, RELAY_IPV4, port, &a, 0, token));
  memcpy (wrong, token, sizeof wrong);
  for (unsigned i = 0; i < 64; i++)
    {
      wrong[i / 8] ^= (uint8_t) (1u << i % 8);
      g_assert_cmpuint (relay_reservations_claim (reservations, wrong, &a, 1, 0, &family), ==, 0);
      wrong[i / 8] ^= (uint8_t) (1u << i % 8);
    }
  g_assert_cmpuint (relay_reservations_claim (reservations, token, &other, 1, 0, &family), ==, 0);
  g_assert_cmpint (family, ==, RELAY_IPV6); /* untouched so far */
  g_assert_cmpuint (relay_reservations_claim (reservations, token, &same, 1, 0, &family), ==, port);
  g_assert_cmpint (family, ==, RELAY_IPV4);
  g_assert_cmpint (relay_ports_find (ports, RELAY_IPV4, port), ==, 1);
  g_assert_cmpuint (relay_reservations_claim (reservations, token, &same, 1, 0, &family), ==, 0);
  g_assert_cmpuint (relay_ports_count (ports), ==, 1);
  relay_reservations_free (reservations);
}

static void
test_expiry (void)
{
  g_autoptr (RelayPorts) ports = relay_ports_new (50000, 50099);
  RelayReservations *reservations = relay_reservations_new (ports);
  const AlAddr a = addr_of ("[2620:fe::9]:1"), neighbour = addr_of ("[2620:fe::abcd:9]:1"), far = addr_of ("[2620:fe:0:1::9]:1");
  RelayFamily family;
  uint8_t token[8], second[8];
  uint16_t port;

  g_assert_true (relay_reservations_make (reservations, RELAY_IPV4, take (ports), &a, 0, token));
  relay_reservations_sweep (reservations, RELAY_RESERVATION_US - 1);
  g_assert_cmpuint (relay_ports_count (ports), ==, 1);
  g_assert_cmpuint (relay_reservations_claim (reservations, token, &a, 1, RELAY_RESERVATION_US, &family), ==, 0);
  relay_reservations_sweep (reservations, RELAY_RESERVATION_US);
  g_assert_cmpuint (relay_ports_count (ports), ==, 0);

  port = take (ports);
  g_assert_true (relay_reservations_make (reservations, RELAY_IPV4, port, &a, 0, second));
  g_assert_cmpuint (relay_reservations_claim (reservations, second, &far, 1, 1, &family), ==, 0);
  g_assert_cmpuint (relay_reservations_claim (reservations, second, &neighbour, 1, 1, &family), ==, port); /* its /64 */
  relay_reservations_free (reservations);
}

static void
test_full (void)
{
  g_autoptr (RelayPorts) ports = relay_ports_new (50000, 50999);
  RelayReservations *reservations = relay_reservations_new (ports);
  const AlAddr a = addr_of ("9.9.9.9:1");
  uint8_t token[8];

  for (unsigned i = 0; i < RELAY_MAX_RESERVATIONS; i++)
    g_assert_true (relay_reservations_make (reservations, RELAY_IPV4, take (ports), &a, 0, token));
  g_assert_false (relay_reservations_make (reservations, RELAY_IPV4, take (ports), &a, 0, token));
  g_assert_cmpuint (relay_ports_count (ports), ==, RELAY_MAX_RESERVATIONS + 1);
  g_assert_true (relay_reservations_make (reservations, RELAY_IPV4, take (ports), &a, RELAY_RESERVATION_US, token));
  g_assert_cmpuint (relay_ports_count (ports), ==, 3 - 1); /* all the others have gone back */
  relay_reservations_free (reservations);
}

typedef struct {
  RelayPorts *ports;
  RelayReservations *reservations;
  unsigned worker;
} Thread;

static void *
make_and_claim (void *user)
{
  Thread *thread = user;
  const AlAddr a = addr_of ("9.9.9.9:1");

  for (unsigned i = 0; i < 5000; i++)
    {
      uint16_t port = relay_ports_take (thread->ports, RELAY_IPV4, thread->worker, false, false, i * 1000 * SECOND);
      RelayFamily family;
      uint8_t token[8];

      if (port == 0)
        continue;
      g_assert_true (relay_reservations_make (thread->reservations, RELAY_IPV4, port, &a, 0, token));
      g_assert_cmpuint (relay_reservations_claim (thread->reservations, token, &a, thread->worker, 0, &family), ==, port);
      relay_ports_give (thread->ports, RELAY_IPV4, port, 0);
    }
  return NULL;
}

/* a token is found although others look at the same slots at once */
static void
test_threads (void)
{
  g_autoptr (RelayPorts) ports = relay_ports_new (50000, 50099);
  RelayReservations *reservations = relay_reservations_new (ports);
  Thread threads[4];
  pthread_t ids[4];

  for (unsigned i = 0; i < 4; i++)
    {
      threads[i] = (Thread){ ports, reservations, i };
      g_assert_cmpint (pthread_create (&ids[i], NULL, make_and_claim, &threads[i]), ==, 0);
    }
  for (unsigned i = 0; i < 4; i++)
    g_assert_cmpint (pthread_join (ids[i], NULL), ==, 0);
  g_assert_cmpuint (relay_ports_count (ports), ==, 0);
  relay_reservations_free (reservations);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/reservation/claim", test_claim);
  g_test_add_func ("/relay/reservation/expiry", test_expiry);
  g_test_add_func ("/relay/reservation/full", test_full);
  g_test_add_func ("/relay/reservation/threads", test_threads);
  return g_test_run ();
}
