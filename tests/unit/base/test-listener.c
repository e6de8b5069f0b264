/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a listener lets in, what it does without room or descriptors, and local sockets. */
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "stream-fixture.h"

static void
test_max_connections (void)
{
  AlListenerConfig config = { .max_connections = 2 };
  AlListenerStats stats;
  Server server;
  int fds[3];
  char c;

  server_open (&server, &config);
  for (unsigned i = 0; i < 3; i++)
    {
      fds[i] = raw_connect (&server.address);
      if (i < 2)
        {
          raw_write_all (server.loop, fds[i], "GET ", 4);
          (void) server_get (&server, i);
        }
    }
  g_assert_cmpint (raw_read (server.loop, fds[2], &c, 1), <=, 0);
  al_listener_get_stats (server.listener, &stats);
  g_assert_cmpuint (stats.refused, ==, 1);
  (void) close (fds[2]);

  /* a place that becomes free is given again */
  (void) close (fds[0]);
  RUN_UNTIL (server.loop, server_get (&server, 0)->closed);
  fds[0] = raw_connect (&server.address);
  raw_write_all (server.loop, fds[0], "GET ", 4);
  (void) server_get (&server, 2);
  (void) close (fds[0]);
  (void) close (fds[1]);
  server_close (&server);
}

/* A door that knows each connection that it has let in: a tag is given out once and comes back once. */
typedef struct {
  unsigned asked, inside, limit;
  unsigned seen; /* bits of the tags that came back */
} Door;

static bool
admit (const AlAddr *peer, unsigned *ret_tag, void *user)
{
  Door *door = user;

  g_assert_cmpuint (*ret_tag, ==, 0);
  g_assert_cmpint (peer->sa.sa_family, ==, AF_INET);
  g_assert_cmpuint (peer->in4.sin_addr.s_addr, ==, htonl (INADDR_LOOPBACK));
  if (door->inside >= door->limit)
    return false;
  door->inside++;
  *ret_tag = ++door->asked;
  return true;
}

static void
dismiss (const AlAddr *peer, unsigned tag, void *user)
{
  Door *door = user;

  g_assert_cmpuint (peer->in4.sin_addr.s_addr, ==, htonl (INADDR_LOOPBACK));
  g_assert_cmpuint (tag, >, 0);
  g_assert_cmpuint (door->seen & (1u << tag), ==, 0);
  door->seen |= 1u << tag;
  door->inside--;
}

static AlTls *
make_tls (void)
{
  static const char *const names[] = { "localhost", NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *dir = g_dir_make_tmp ("aldis-listener-XXXXXX", &error);
  g_autofree char *cert = g_build_filename (dir, "cert.pem", NULL), *key = g_build_filename (dir, "key.pem", NULL);
  AlTls *tls;

  g_assert_true (al_tls_make_self_signed (cert, key, names, 10, &error));
  tls = al_tls_new (cert, key, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (unlink (cert), ==, 0);
  g_assert_cmpint (unlink (key), ==, 0);
  g_assert_cmpint (rmdir (dir), ==, 0);
  return tls;
}

/* Silent connections and handshakes under way are asked about like all others; who is not let in reads the end. */
static void
test_admission (gconstpointer mode)
{
  Door door = { .limit = 3 };
  g_autoptr (AlTls) tls = NULL;
  AlListenerConfig config = { .tls_mode = (AlTlsMode) GPOINTER_TO_INT (mode), .admission = { admit, dismiss, &door } };
  AlListenerStats stats;
  Server server;
  int fds[4];
  char c;

  if (config.tls_mode != AL_TLS_NEVER)
    config.tls = tls = make_tls ();
  server_open (&server, &config);
  for (unsigned i = 0; i < 4; i++)
    fds[i] = raw_connect (&server.address);
  raw_write_all (server.loop, fds[1], "\x16", 1); /* the first byte of a ClientHello */
  g_assert_cmpint (raw_read (server.loop, fds[3], &c, 1), <=, 0);
  g_assert_cmpuint (door.inside, ==, 3);
  g_assert_cmpuint (server.sides->len, ==, 0);
  al_listener_get_stats (server.listener, &stats);
  g_assert_cmpuint (stats.accepted, ==, 3);
  g_assert_cmpuint (stats.refused, ==, 1);

  /* a place that becomes free is given again */
  (void) close (fds[0]);
  RUN_UNTIL (server.loop, door.inside == 2);
  g_assert_cmphex (door.seen, ==, 1u << 1);
  fds[0] = raw_connect (&server.address);
  RUN_UNTIL (server.loop, door.inside == 3);
  g_assert_cmpuint (door.asked, ==, 4);
  al_listener_free (g_steal_pointer (&server.listener));
  g_assert_cmpuint (door.inside, ==, 0);
  g_assert_cmphex (door.seen, ==, 0x1e);
  for (unsigned i = 0; i < 4; i++)
    (void) close (fds[i]);
  server_close (&server);
}

/* A stream keeps its place after it was routed, also without its listener, and shows its tag. */
static void
test_admission_routed (void)
{
  Door door = { .limit = 8 };
  AlListenerConfig config = { .admission = { admit, dismiss, &door } };
  Server server;
  int fds[2];

  server_open (&server, &config);
  for (unsigned i = 0; i < 2; i++)
    {
      fds[i] = raw_connect (&server.address);
      raw_write_all (server.loop, fds[i], "GET ", 4);
      g_assert_cmpuint (al_stream_get_tag (server_get (&server, i)->stream), ==, i + 1);
    }
  al_listener_free (g_steal_pointer (&server.listener));
  g_assert_cmpuint (door.inside, ==, 2);
  (void) close (fds[0]);
  RUN_UNTIL (server.loop, server_get (&server, 0)->closed);
  g_assert_cmpuint (door.inside, ==, 1);
  al_stream_abort (server_get (&server, 1)->stream);
  RUN_UNTIL (server.loop, server_get (&server, 1)->closed);
  g_assert_cmpuint (door.inside, ==, 0);
  g_assert_cmphex (door.seen, ==, 0x6);
  (void) close (fds[1]);
  server_close (&server);
}

/* Out of file descriptors: the connection is refused, the loop sleeps again, and life goes on afterwards. */
static void
test_no_fds (void)
{
  struct rlimit limit, tight;
  AlListenerStats stats;
  Server server;
  int fd, more, again;
  char c;

  server_open (&server, NULL);
  fd = raw_connect (&server.address);
  raw_write_all (server.loop, fd, "GET ", 4);
  (void) server_get (&server, 0);
  more = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  tight = limit;
  tight.rlim_cur = (rlim_t) more + 1;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &tight), ==, 0);
  g_assert_cmpint (dup (more), ==, -1);
  g_assert_cmpint (connect (more, &server.address.sa, al_addr_get_len (&server.address)), ==, 0);
  (void) fcntl (more, F_SETFL, O_NONBLOCK);
  g_assert_cmpint (raw_read (server.loop, more, &c, 1), <=, 0);
  al_listener_get_stats (server.listener, &stats);
  g_assert_cmpuint (stats.refused, ==, 1);
  g_assert_false (server_get (&server, 0)->closed);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);

  again = raw_connect (&server.address);
  raw_write_all (server.loop, again, "GET ", 4);
  (void) server_get (&server, 1);
  (void) close (again);
  (void) close (more);
  (void) close (fd);
  server_close (&server);
}

static void
test_listener_free (void)
{
  Server server;
  Side *side;
  int fd, waiting;
  char c;

  server_open (&server, NULL);
  server.on_accept = set_echo;
  fd = raw_connect (&server.address);
  raw_write_all (server.loop, fd, "GET ", 4);
  side = server_get (&server, 0);
  waiting = raw_connect (&server.address);
  raw_write_all (server.loop, waiting, "GE", 2);
  al_loop_iterate (server.loop, 0);
  al_loop_iterate (server.loop, 0);
  al_listener_free (g_steal_pointer (&server.listener));
  g_assert_cmpint (raw_read (server.loop, waiting, &c, 1), <=, 0);
  side->got->len = 0;
  raw_write_all (server.loop, fd, "more", 4);
  RUN_UNTIL (server.loop, side->got->len == 4); /* streams that were routed live on */
  (void) close (fd);
  (void) close (waiting);
  server_close (&server);
}

static void
test_port_in_use (void)
{
  g_autoptr (GError) error = NULL;
  AlListenerConfig config = { 0 };
  Server server;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  AlAddr taken;
  AlListener *second;
  socklen_t len = sizeof taken;

  server_open (&server, NULL);
  second = al_listener_new (server.loop, &server.address, &config, &error); /* SO_REUSEPORT */
  g_assert_no_error (error);
  al_listener_free (second);
  config.first = true;
  g_assert_null (al_listener_new (server.loop, &server.address, &config, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_clear_error (&error);

  g_assert_true (al_addr_parse ("127.0.0.1:0", 0, &taken, NULL));
  g_assert_cmpint (bind (fd, &taken.sa, al_addr_get_len (&taken)), ==, 0);
  g_assert_cmpint (listen (fd, 1), ==, 0);
  g_assert_cmpint (getsockname (fd, &taken.sa, &len), ==, 0);
  g_assert_null (al_listener_new (server.loop, &taken, &config, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "127.0.0.1:"));
  (void) close (fd);
  server_close (&server);
}

static void
test_ipv6 (void)
{
  g_autoptr (GError) error = NULL;
  AlListenerConfig config = { 0 };
  AlListener *listener;
  Server server;
  AlAddr address;

  server_open (&server, NULL);
  g_assert_true (al_addr_parse ("[::1]:0", 0, &address, NULL));
  listener = al_listener_new (server.loop, &address, &config, &error);
  if (listener == NULL)
    g_error ("IPv6 loopback: %s", error->message);
  al_listener_get_address (listener, &address);
  g_assert_cmpint (address.sa.sa_family, ==, AF_INET6);
  al_listener_free (listener);
  server_close (&server);
}

static void
on_unix_accept (AlListener *listener, AlStream *stream, void *user)
{
  Side *side = user;

  side->stream = stream;
  al_stream_set_ops (stream, &side_ops, side);
}

static int
unix_connect (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  if (connect (fd, (struct sockaddr *) &address, sizeof address) == 0)
    return fd;
  (void) close (fd);
  return -1;
}

static void
test_unix (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *dir = g_dir_make_tmp ("aldis-stream-XXXXXX", &error);
  g_autofree char *path = g_build_filename (dir, "admin.sock", NULL);
  g_autofree char *long_path = g_strnfill (200, 'x');
  g_autoptr (AlLoop) loop = al_loop_new ("test", NULL);
  AlListenerConfig config = { 0 };
  AlListener *listener;
  Side *side = side_new (loop);
  struct stat info;
  AlAddr peer;
  int fd;

  listener = al_listener_new_unix (loop, path, &config, &error);
  g_assert_no_error (error);
  g_assert_cmpint (lstat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 07777, ==, 0600);
  al_listener_route (listener, AL_PROTO_UNKNOWN, on_unix_accept, side);

  /* one that lives is not replaced */
  g_assert_null (al_listener_new_unix (loop, path, &config, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);

  fd = unix_connect (path);
  raw_write_all (loop, fd, "GET ", 4);
  RUN_UNTIL (loop, side->stream != NULL && side->got->len == 4);
  g_assert_cmpint (al_stream_get_peer_uid (side->stream), ==, getuid ());
  al_stream_get_peer (side->stream, &peer);
  g_assert_cmpint (peer.sa.sa_family, ==, AF_UNSPEC);
  al_stream_get_local (side->stream, &peer);
  g_assert_cmpint (peer.sa.sa_family, ==, AF_UNSPEC);

  /* EPOLLHUP cannot be masked: a paused stream whose peer is gone must not turn the loop */
  al_stream_pause (side->stream, true);
  (void) close (fd);
  for (unsigned turn = 0; turn < 4; turn++)
    al_loop_iterate (loop, 0);
  g_assert_false (side->closed);
  al_stream_pause (side->stream, false);
  RUN_UNTIL (loop, side->closed);
  g_assert_cmpint (side->reason, ==, AL_STREAM_CLOSE_EOF);

  al_listener_free (listener);
  g_assert_cmpint (lstat (path, &info), ==, -1);

  /* a file that a killed process left */
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  {
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    g_strlcpy (address.sun_path, path, sizeof address.sun_path);
    g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  }
  (void) close (fd);
  listener = al_listener_new_unix (loop, path, &config, &error);
  g_assert_no_error (error);
  al_listener_free (listener);

  g_assert_null (al_listener_new_unix (loop, long_path, &config, &error));
  g_assert_nonnull (error);
  side_free (side);
  g_assert_cmpint (rmdir (dir), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/listener/max-connections", test_max_connections);
  g_test_add_data_func ("/base/listener/admission", GINT_TO_POINTER (AL_TLS_NEVER), test_admission);
  g_test_add_data_func ("/base/listener/admission-tls", GINT_TO_POINTER (AL_TLS_ALWAYS), test_admission);
  g_test_add_data_func ("/base/listener/admission-detect", GINT_TO_POINTER (AL_TLS_DETECT), test_admission);
  g_test_add_func ("/base/listener/admission-routed", test_admission_routed);
  g_test_add_func ("/base/listener/no-fds", test_no_fds);
  g_test_add_func ("/base/listener/free", test_listener_free);
  g_test_add_func ("/base/listener/port-in-use", test_port_in_use);
  g_test_add_func ("/base/listener/ipv6", test_ipv6);
  g_test_add_func ("/base/listener/unix", test_unix);
  return g_test_run ();
}
