/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>
#include <unistd.h>

#include "relay/door.h"

static AlAddr
addr (const char *text)
{
  AlAddr result;

  g_assert_true (al_addr_parse (text, 0, &result, NULL));
  return result;
}

static bool
enter (RelayDoor *door, const char *text)
{
  AlAdmission admission = relay_door_get_admission (door);
  AlAddr peer = addr (text);
  unsigned tag = 0;

  return admission.admit (&peer, &tag, admission.user);
}

static void
leave (RelayDoor *door, const char *text)
{
  AlAdmission admission = relay_door_get_admission (door);
  AlAddr peer = addr (text);

  admission.dismiss (&peer, 0, admission.user);
}

static void
test_source (void)
{
  g_autoptr (RelayDoor) door = relay_door_new (0, 2);

  g_assert_true (enter (door, "192.0.2.1:1000"));
  g_assert_true (enter (door, "192.0.2.1:2000"));
  g_assert_false (enter (door, "192.0.2.1:3000"));
  g_assert_true (enter (door, "192.0.2.2:1000"));
  leave (door, "192.0.2.1:2000");
  g_assert_true (enter (door, "192.0.2.1:3000"));
  g_assert_false (enter (door, "192.0.2.1:4000"));

  /* one /64 is one subscriber */
  g_assert_true (enter (door, "[2001:db8:0:1::1]:1"));
  g_assert_true (enter (door, "[2001:db8:0:1:ffff::2]:1"));
  g_assert_false (enter (door, "[2001:db8:0:1::3]:1"));
  g_assert_true (enter (door, "[2001:db8:0:2::1]:1"));
}

static void
test_all (void)
{
  g_autoptr (RelayDoor) door = relay_door_new (3, 2);

  g_assert_true (enter (door, "192.0.2.1:1"));
  g_assert_true (enter (door, "192.0.2.1:2"));
  /* whoever is refused for his address takes no place of all */
  for (unsigned i = 0; i < 10; i++)
    g_assert_false (enter (door, "192.0.2.1:3"));
  g_assert_true (enter (door, "192.0.2.2:1"));
  g_assert_false (enter (door, "192.0.2.3:1"));
  leave (door, "192.0.2.1:1");
  g_assert_true (enter (door, "192.0.2.3:1"));
}

static void
test_no_limit (void)
{
  g_autoptr (RelayDoor) door = relay_door_new (0, 0);

  for (unsigned i = 0; i < 5000; i++)
    g_assert_true (enter (door, "192.0.2.1:1"));
}

/* Connections that say nothing hold their places, and give them back. */
static void
on_stream (AlListener *listener, AlStream *stream, void *user)
{
  g_assert_not_reached ();
}

static void
test_silent (void)
{
  g_autoptr (RelayDoor) door = relay_door_new (0, 2);
  g_autoptr (AlLoop) loop = al_loop_new ("test", NULL);
  const AlListenerConfig config = { .admission = relay_door_get_admission (door) };
  AlAddr any = addr ("127.0.0.1:0"), address;
  g_autoptr (AlListener) listener = al_listener_new (loop, &any, &config, NULL);
  AlListenerStats stats;
  int fds[3];

  g_assert_nonnull (listener);
  al_listener_route (listener, AL_PROTO_STUN, on_stream, NULL);
  al_listener_get_address (listener, &address);
  for (unsigned i = 0; i < 3; i++)
    {
      fds[i] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      g_assert_cmpint (connect (fds[i], &address.sa, al_addr_get_len (&address)), ==, 0);
    }
  do
    {
      al_loop_iterate (loop, 20);
      al_listener_get_stats (listener, &stats);
    }
  while (stats.accepted + stats.refused < 3);
  g_assert_cmpuint (stats.refused, ==, 1);
  g_assert_false (enter (door, "127.0.0.1:9"));
  (void) close (fds[0]);
  while (!enter (door, "127.0.0.1:9"))
    al_loop_iterate (loop, 20);
  (void) close (fds[1]);
  (void) close (fds[2]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/door/source", test_source);
  g_test_add_func ("/relay/door/all", test_all);
  g_test_add_func ("/relay/door/no-limit", test_no_limit);
  g_test_add_func ("/relay/door/silent", test_silent);
  return g_test_run ();
}
