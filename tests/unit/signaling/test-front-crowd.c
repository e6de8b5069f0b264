/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <pthread.h>

#include "signaling/front-crowd.h"

static AlAddr
address_of (const char *text)
{
  g_autoptr (GError) error = NULL;
  AlAddr addr;

  (void) al_addr_parse (text, 0, &addr, &error);
  g_assert_no_error (error);
  return addr;
}

static void
test_crowd_limit (void)
{
  SigCrowd *crowd = sig_crowd_new (1000, 3);
  AlAddr a = address_of ("192.0.2.1:1000"), same = address_of ("192.0.2.1:2000"), b = address_of ("192.0.2.2:1000");

  g_assert_true (sig_crowd_enter (crowd, &a));
  g_assert_true (sig_crowd_enter (crowd, &same));
  g_assert_true (sig_crowd_enter (crowd, &a));
  g_assert_false (sig_crowd_enter (crowd, &a));
  g_assert_false (sig_crowd_enter (crowd, &same));
  g_assert_true (sig_crowd_enter (crowd, &b));
  sig_crowd_leave (crowd, &same);
  g_assert_true (sig_crowd_enter (crowd, &a));
  g_assert_false (sig_crowd_enter (crowd, &a));
  sig_crowd_free (crowd);
  sig_crowd_free (NULL);
}

static void
test_crowd_prefixes (void)
{
  SigCrowd *crowd = sig_crowd_new (1000, 2);
  AlAddr a = address_of ("[2001:db8:0:1::1]:1"), b = address_of ("[2001:db8:0:1:ffff::9]:2");
  AlAddr c = address_of ("[2001:db8:0:2::1]:1"), mapped = address_of ("[::ffff:192.0.2.1]:1");
  AlAddr plain = address_of ("192.0.2.1:1");

  g_assert_true (sig_crowd_enter (crowd, &a));
  g_assert_true (sig_crowd_enter (crowd, &b));
  g_assert_false (sig_crowd_enter (crowd, &b));
  g_assert_true (sig_crowd_enter (crowd, &c));
  g_assert_true (sig_crowd_enter (crowd, &mapped));
  g_assert_true (sig_crowd_enter (crowd, &plain));
  g_assert_false (sig_crowd_enter (crowd, &mapped));
  sig_crowd_free (crowd);
}

/* A full house of different clients must not shut anybody out who is far from the limit. */
static void
test_crowd_collisions (void)
{
  SigCrowd *crowd = sig_crowd_new (20000, 20);
  AlAddr addr = address_of ("10.0.0.0:1");
  unsigned refused = 0;

  for (uint32_t i = 0; i < 20000; i++)
    {
      addr.in4.sin_addr.s_addr = htonl (0x0a000000u + i);
      refused += !sig_crowd_enter (crowd, &addr);
    }
  g_assert_cmpuint (refused, ==, 0);
  sig_crowd_free (crowd);
}

static void *
in_and_out (void *data)
{
  AlAddr addr = address_of ("192.0.2.1:1");

  for (int i = 0; i < 20000; i++)
    if (sig_crowd_enter (data, &addr))
      sig_crowd_leave (data, &addr);
  return NULL;
}

static void
test_crowd_threads (void)
{
  SigCrowd *crowd = sig_crowd_new (10, 3);
  AlAddr addr = address_of ("192.0.2.1:1");
  pthread_t threads[4];

  for (int i = 0; i < 4; i++)
    g_assert_cmpint (pthread_create (&threads[i], NULL, in_and_out, crowd), ==, 0);
  for (int i = 0; i < 4; i++)
    g_assert_cmpint (pthread_join (threads[i], NULL), ==, 0);
  for (int i = 0; i < 3; i++)
    g_assert_true (sig_crowd_enter (crowd, &addr));
  g_assert_false (sig_crowd_enter (crowd, &addr));
  sig_crowd_free (crowd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/front-crowd/limit", test_crowd_limit);
  g_test_add_func ("/signaling/front-crowd/prefixes", test_crowd_prefixes);
  g_test_add_func ("/signaling/front-crowd/collisions", test_crowd_collisions);
  g_test_add_func ("/signaling/front-crowd/threads", test_crowd_threads);
  return g_test_run ();
}
