/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/ring.h"

#define TOTAL 200000u

static void
test_ring_bounds (void)
{
  g_autoptr (AlRing) ring = al_ring_new (3); /* rounded to 4 */
  void *in[6], *out[6];

  for (uintptr_t i = 0; i < 6; i++)
    in[i] = (void *) (i + 1);
  g_assert_cmpuint (al_ring_pop (ring, out, 6), ==, 0);
  for (int round = 0; round < 10; round++)
    {
      g_assert_cmpuint (al_ring_push (ring, in, 3), ==, 3);
      g_assert_cmpuint (al_ring_push (ring, in + 3, 3), ==, 1);
      g_assert_cmpuint (al_ring_push (ring, in, 1), ==, 0);
      g_assert_cmpuint (al_ring_pop (ring, out, 2), ==, 2);
      g_assert_true (out[0] == in[0] && out[1] == in[1]);
      g_assert_cmpuint (al_ring_push (ring, in + 4, 2), ==, 2);
      g_assert_cmpuint (al_ring_pop (ring, out, 6), ==, 4);
      for (unsigned i = 0; i < 4; i++)
        g_assert_true (out[i] == in[i + 2]);
      g_assert_cmpuint (al_ring_pop (ring, out, 0), ==, 0);
    }
  al_ring_free (NULL);
}

static void *
push_all (void *data)
{
  uint32_t *value = g_new (uint32_t, TOTAL);
  uint32_t pushed = 0;
  void *batch[5];

  while (pushed < TOTAL)
    {
      unsigned n = MIN (TOTAL - pushed, 1 + pushed % 5), taken;

      for (unsigned i = 0; i < n; i++)
        {
          /* plain writes: only the ring's release orders them for the other thread */
          value[pushed + i] = pushed + i;
          batch[i] = &value[pushed + i];
        }
      taken = al_ring_push (data, batch, n);
      pushed += taken;
      if (taken == 0)
        (void) sched_yield ();
    }
  return value;
}

static void
run_threads (unsigned capacity)
{
  g_autoptr (AlRing) ring = al_ring_new (capacity);
  pthread_t thread;
  uint32_t seen = 0;
  void *values;

  g_assert_cmpint (pthread_create (&thread, NULL, push_all, ring), ==, 0);
  while (seen < TOTAL)
    {
      void *out[7];
      unsigned n = al_ring_pop (ring, out, 1 + seen % 7);

      for (unsigned i = 0; i < n; i++)
        g_assert_cmpuint (*(uint32_t *) out[i], ==, seen++);
      if (n == 0)
        (void) sched_yield ();
    }
  g_assert_cmpint (pthread_join (thread, &values), ==, 0);
  g_free (values);
}

static void
test_ring_threads (void)
{
  run_threads (2);
  run_threads (256);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/ring/bounds", test_ring_bounds);
  g_test_add_func ("/base/ring/threads", test_ring_threads);
  return g_test_run ();
}
