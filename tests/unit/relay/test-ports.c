/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <pthread.h>

#define FIRST 50001 /* odd on purpose */

static void
test_all (void)
{
  g_autoptr (RelayPorts) ports = relay_ports_new (FIRST, FIRST + 9);
  bool seen[10] = { false };

  for (unsigned i = 0; i < 10; i++)
    {
      uint16_t port = relay_ports_take (ports, RELAY_IPV4, 3, false, false, 0);

      g_assert_cmpuint (port, >=, FIRST);
      g_assert_cmpuint (port, <=, FIRST + 9);
      g_assert_false (seen[port - FIRST]);
      seen[port - FIRST] = true;
      g_assert_cmpint (relay_ports_find (ports, RELAY_IPV4, port), ==, 3);
      g_assert_cmpint (relay_ports_find (ports, RELAY_IPV6, port), ==, -1);
    }
  g_assert_cmpuint (relay_ports_take (ports, RELAY_IPV4, 3, false, false, 0), ==, 0);
  g_assert_cmpuint (relay_ports_count (ports), ==, 10);
  g_assert_cmpuint (relay_ports_take (ports, RELAY_IPV6, 254, false, false, 0), !=, 0);
  g_assert_cmpuint (relay_ports_count (ports), ==, 11);
  g_assert_cmpint (relay_ports_find (ports, RELAY_IPV4, FIRST - 1), ==, -1);
  g_assert_cmpint (relay_ports_find (ports, RELAY_IPV4, FIRST + 10), ==, -1);
  g_assert_cmpint (relay_ports_find (ports, RELAY_IPV4, 0), ==, -1);
  relay_ports_move (ports, RELAY_IPV4, FIRST, 254);
  g_assert_cmpint (relay_ports_find (ports, RELAY_IPV4, FIRST), ==, 254);
}

static void
test_even_and_pairs (void)
{
  g_autoptr (RelayPorts) ports = relay_ports_new (FIRST, FIRST + 9); /* even: 50002 to 50010; the last one has no pair */
  uint16_t port;

  for (unsigned i = 0; i < 4; i++)
    {
      port = relay_ports_take (ports, RELAY_IPV4, 1, true, true, 0);
      g_assert_cmpuint (port, !=, 0);
      g_assert_cmpuint (port % 2, ==, 0);
      g_assert_cmpint (relay_ports_find (ports, RELAY_IPV4, (uint16_t) (port + 1)), ==, 1);
      g_assert_cmpuint (relay_ports_count (ports), ==, 2 * (i + 1));
    }
  g_assert_cmpuint (relay_ports_take (ports, RELAY_IPV4, 1, true, true, 0), ==, 0);
  g_assert_cmpuint (relay_ports_count (ports), ==, 8); /* a half that was tried has come back */
  g_assert_cmpuint (relay_ports_take (ports, RELAY_IPV4, 1, true, false, 0), ==, FIRST + 9);
  g_assert_cmpuint (relay_ports_take (ports, RELAY_IPV4, 1, true, false, 0), ==, 0);
  g_assert_cmpuint (relay_ports_take (ports, RELAY_IPV4, 1, false, false, 0), ==, FIRST);
  g_assert_cmpuint (relay_ports_take (ports, RELAY_IPV4, 1, false, false, 0), ==, 0);
}

/* an even port whose neighbour is taken makes no pair, and need not rest after the attempt */
static void
test_half_pair (void)
{
  g_autoptr (RelayPorts) ports = relay_ports_new (50000, 50001);

  g_assert_cmpuint (relay_ports_take (ports, RELAY_IPV4, 0, true, true, 0), ==, 50000);
  relay_ports_give (ports, RELAY_IPV4, 50000, 0);
  g_assert_cmpuint (relay_ports_take (ports, RELAY_IPV4, 0, true, true, 61 * SECOND), ==, 0);
  g_assert_cmpuint (relay_ports_count (ports), ==, 1);
  g_assert_cmpuint (relay_ports_take (ports, RELAY_IPV4, 0, true, false, 61 * SECOND), ==, 50000);
}

static void
test_rest (void)
{
  g_autoptr (RelayPorts) ports = relay_ports_new (50000, 50000);
  int64_t now_us = 7 * SECOND;

  for (unsigned i = 0; i < 3; i++)
    {
      g_assert_cmpuint (relay_ports_take (ports, RELAY_IPV6, 0, false, false, now_us), ==, 50000);
      relay_ports_give (ports, RELAY_IPV6, 50000, now_us);
      g_assert_cmpint (relay_ports_find (ports, RELAY_IPV6, 50000), ==, -1);
      g_assert_cmpuint (relay_ports_take (ports, RELAY_IPV6, 0, false, false, now_us), ==, 0);
      now_us += (RELAY_PORT_REST_S - 1) * SECOND;
      g_assert_cmpuint (relay_ports_take (ports, RELAY_IPV6, 0, false, false, now_us), ==, 0);
      now_us += SECOND;
    }
  g_assert_cmpuint (relay_ports_count (ports), ==, 0);
}

typedef struct {
  RelayPorts *ports;
  _Atomic unsigned *owners;
  unsigned worker;
} Thread;

static void *
take_and_give (void *user)
{
  Thread *thread = user;

  for (unsigned i = 0; i < 20000; i++)
    {
      bool pair = i % 3 == 0;
      /* every round is long after the one before, so that nothing has to rest */
      uint16_t port = relay_ports_take (thread->ports, RELAY_IPV4, thread->worker, pair, pair, i * 1000 * SECOND);

      if (port == 0)
        continue;
      for (unsigned k = 0; k <= pair; k++)
        {
          g_assert_cmpuint (thread->owners[port + k - 50000]++, ==, 0);
          g_assert_cmpint (relay_ports_find (thread->ports, RELAY_IPV4, (uint16_t) (port + k)), ==, (int) thread->worker);
        }
      for (unsigned k = 0; k <= pair; k++)
        {
          g_assert_cmpuint (thread->owners[port + k - 50000]--, ==, 1);
          relay_ports_give (thread->ports, RELAY_IPV4, (uint16_t) (port + k), 0);
        }
    }
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (RelayPorts) ports = relay_ports_new (50000, 50007);
  _Atomic unsigned owners[8] = { 0 };
  Thread threads[4];
  pthread_t ids[4];

  for (unsigned i = 0; i < 4; i++)
    {
      threads[i] = (Thread){ ports, owners, i };
      g_assert_cmpint (pthread_create (&ids[i], NULL, take_and_give, &threads[i]), ==, 0);
    }
  for (unsigned i = 0; i < 4; i++)
    g_assert_cmpint (pthread_join (ids[i], NULL), ==, 0);
  g_assert_cmpuint (relay_ports_count (ports), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/ports/all", test_all);
  g_test_add_func ("/relay/ports/even-and-pairs", test_even_and_pairs);
  g_test_add_func ("/relay/ports/half-pair", test_half_pair);
  g_test_add_func ("/relay/ports/rest", test_rest);
  g_test_add_func ("/relay/ports/threads", test_threads);
  return g_test_run ();
}
