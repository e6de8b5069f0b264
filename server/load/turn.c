/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aldis-turn-load: loads any TURN server over UDP, and says what came through. Commands, with a server ADDRESS:PORT:
 *   relay ADDRESS USER PASSWORD FLOWS SIZE BURST PER_SECOND SECONDS   ChannelData of FLOWS clients to a peer on this host
 *   pairs ...the same...                                              between two allocations, FLOWS pairs
 *   bare ADDRESS SINK_PORT FLOWS SIZE BURST PER_SECOND SECONDS        the same bytes as with relay, to a forwarder that is no
 *                                                                     TURN server and sends them to that port of this host
 *   alloc ADDRESS USER PASSWORD N        N allocations, kept until standard input ends
 *   unauth ADDRESS N                     N requests without credentials, each from a port of its own
 * SIZE is payload in bytes; PER_SECOND packets of all flows together, 0: as fast as it can.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/stun.h"

#define CHANNEL 0x4000
#define TRIES 20
#define WAIT_MS 500
#define MAX_BURST 64

typedef struct {
  int fd;
  AlAddr relayed;
  char realm[128], nonce[128];
  size_t realm_len, nonce_len;
  uint8_t key[16];
} Client;

static AlAddr server;
static const char *user, *password;
static AlHmac *hmac;
static _Atomic uint64_t received;
static _Atomic bool stopping;

static void
die (const char *what)
{
  (void) fprintf (stderr, "aldis-turn-load: %s\n", what);
  exit (1);
}

static int
open_socket (const AlAddr *to)
{
  struct timeval wait = { .tv_usec = WAIT_MS * 1000 };
  int fd = socket (server.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = 4 << 20;

  if (fd < 0 || setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0)
    die ("no socket");
  (void) setsockopt (fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  if (to != NULL && connect (fd, &to->sa, al_addr_get_len (to)) != 0)
    die ("connect failed");
  return fd;
}

static void
compute_key (Client *client)
{
  g_autofree char *text = g_strdup_printf ("%s:%.*s:%s", user, (int) client->realm_len, client->realm, password);

  if (EVP_Digest (text, strlen (text), client->key, NULL, EVP_md5 (), NULL) != 1)
    die ("no MD5");
}

static void
begin (AlStunWriter *out, uint8_t *data, uint16_t method)
{
  uint8_t tid[AL_STUN_TID_BYTES];

  al_random_bytes (tid, sizeof tid);
  al_stun_begin (out, data, 1024, AL_STUN_REQUEST, method, tid);
}

static size_t
finish (Client *client, AlStunWriter *out)
{
  if (client->nonce_len > 0)
    {
      al_stun_put (out, AL_STUN_USERNAME, user, strlen (user));
      al_stun_put (out, AL_STUN_REALM, client->realm, client->realm_len);
      al_stun_put (out, AL_STUN_NONCE, client->nonce, client->nonce_len);
      al_stun_put_integrity (out, hmac, AL_HMAC_SHA1, client->key, sizeof client->key);
    }
  return al_stun_end (out);
}

/* sends until the answer to it comes. Returns: false when none does, or an error; a challenge is remembered */
static bool
ask (Client *client, const uint8_t *data, size_t len, AlStunMessage *ret_answer, uint8_t *ret_data)
{
  for (unsigned i = 0; i < TRIES; i++)
    {
      AlStunAttr attr;
      ssize_t n;

      if (send (client->fd, data, len, 0) < 0)
        continue;
      do
        n = recv (client->fd, ret_data, 2048, 0);
      while (n > 0
             && !(al_stun_parse (ret_data, (size_t) n, ret_answer)
                  && memcmp (ret_answer->tid, data + 8, AL_STUN_TID_BYTES) == 0));
      if (n <= 0)
        continue;
      if (ret_answer->cls == AL_STUN_SUCCESS)
        return true;
      if (al_stun_find (ret_answer, AL_STUN_REALM, &attr) && attr.len < sizeof client->realm)
        memcpy (client->realm, attr.value, client->realm_len = attr.len);
      if (al_stun_find (ret_answer, AL_STUN_NONCE, &attr) && attr.len < sizeof client->nonce)
        memcpy (client->nonce, attr.value, client->nonce_len = attr.len);
      compute_key (client);
      return false;
    }
  return false;
}

static bool
allocate (Client *client)
{
  uint8_t data[1024], answer[2048];
  AlStunMessage message;
  AlStunAttr attr;
  AlStunWriter out;

  *client = (Client){ .fd = open_socket (&server) };
  for (unsigned i = 0; i < 2; i++) /* the first one is challenged */
    {
      begin (&out, data, AL_STUN_ALLOCATE);
      al_stun_put_u32 (&out, AL_STUN_REQUESTED_TRANSPORT, 17u << 24);
      if (ask (client, data, finish (client, &out), &message, answer))
        return al_stun_find (&message, AL_STUN_XOR_RELAYED_ADDRESS, &attr)
               && al_stun_attr_addr (&message, &attr, false, &client->relayed);
    }
  (void) close (client->fd);
  return false;
}

static void
bind_channel (Client *client, const AlAddr *peer)
{
  uint8_t data[1024], answer[2048];
  AlStunMessage message;
  AlStunWriter out;

  for (unsigned i = 0; i < 3; i++)
    {
      begin (&out, data, AL_STUN_CHANNEL_BIND);
      al_stun_put_u32 (&out, AL_STUN_CHANNEL_NUMBER, CHANNEL << 16);
      al_stun_put_addr (&out, AL_STUN_XOR_PEER_ADDRESS, peer, false);
      if (ask (client, data, finish (client, &out), &message, answer))
        return;
    }
  die ("ChannelBind was refused");
}

/* counts what arrives at @fd, trains of GRO in their parts */
static void *
count (void *fd)
{
  static const int on = 1;
  uint8_t *data = g_malloc (65536);
  char control[64];

  (void) setsockopt (GPOINTER_TO_INT (fd), IPPROTO_UDP, UDP_GRO, &on, sizeof on);
  while (!atomic_load_explicit (&stopping, memory_order_relaxed))
    {
      struct iovec iov = { data, 65536 };
      struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
      ssize_t n = recvmsg (GPOINTER_TO_INT (fd), &message, 0);
      const struct cmsghdr *at = n > 0 ? CMSG_FIRSTHDR (&message) : NULL;
      int segment = n > 0 ? (int) n : 1;

      if (at != NULL && at->cmsg_level == IPPROTO_UDP && at->cmsg_type == UDP_GRO)
        memcpy (&segment, CMSG_DATA (at), sizeof segment);
      if (n > 0)
        atomic_fetch_add_explicit (&received, (uint64_t) ((n + segment - 1) / segment), memory_order_relaxed);
    }
  g_free (data);
  return NULL;
}

/* bursts of each client in turn */
static uint64_t
blast (Client *clients, unsigned n, unsigned size, unsigned burst, unsigned per_second, unsigned seconds)
{
  unsigned segment = 4 + size;
  g_autofree uint8_t *data = g_malloc0 ((gsize) segment * MAX_BURST);
  int64_t begin_us = al_clock_now_us (), end_us = begin_us + seconds * (int64_t) G_USEC_PER_SEC;
  uint64_t sent = 0;

  for (unsigned i = 0; i < burst; i++)
    {
      const uint8_t head[4] = { CHANNEL >> 8, CHANNEL & 0xff, (uint8_t) (size >> 8), (uint8_t) size };

      memcpy (data + i * segment, head, sizeof head);
    }
  for (unsigned at = 0;; at = (at + 1) % n)
    {
      union {
        char bytes[CMSG_SPACE (sizeof (uint16_t))];
        struct cmsghdr align;
      } control = { 0 };
      struct iovec iov = { data, (size_t) burst * segment };
      struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
      int64_t now_us = al_clock_now_us ();

      if (now_us >= end_us)
        return sent;
      if (per_second > 0)
        {
          int64_t due_us = begin_us + (int64_t) (sent * G_USEC_PER_SEC / per_second);

          if (due_us > now_us)
            {
              const struct timespec wait = { .tv_nsec = MIN (due_us - now_us, 900000) * 1000 };

              (void) nanosleep (&wait, NULL);
            }
        }
      if (burst > 1)
        {
          message.msg_control = control.bytes;
          message.msg_controllen = sizeof control.bytes;
          control.align = (struct cmsghdr){ CMSG_LEN (sizeof (uint16_t)), IPPROTO_UDP, UDP_SEGMENT };
          *(uint16_t *) (void *) CMSG_DATA (&control.align) = (uint16_t) segment;
        }
      if (sendmsg (clients[at].fd, &message, 0) > 0)
        sent += burst;
    }
}

static int
open_sink (AlAddr *address)
{
  socklen_t len = sizeof *address;
  int fd = open_socket (NULL);

  if (bind (fd, &address->sa, al_addr_get_len (address)) != 0 || getsockname (fd, &address->sa, &len) != 0)
    die ("no peer");
  return fd;
}

/* @kind: 'p': pairs: to the allocation of another client; 'r': relay: to a peer of ours; 'b': bare */
static int
run_flows (char kind, char **args)
{
  bool pairs = kind == 'p';
  unsigned n = (unsigned) atoi (args[0]), size = (unsigned) atoi (args[1]), burst = (unsigned) atoi (args[2]);
  unsigned per_second = (unsigned) atoi (args[3]), seconds = (unsigned) atoi (args[4]), n_sinks = pairs ? n : 1;
  g_autofree Client *from = g_new0 (Client, n), *to = g_new0 (Client, n);
  g_autofree pthread_t *threads = g_new0 (pthread_t, n_sinks);
  g_autofree int *sinks = g_new0 (int, n_sinks);
  AlAddr peer = server;
  uint64_t sent;

  if (n == 0 || burst == 0 || burst > MAX_BURST || size == 0 || (size + 4) * burst > 65000)
    die ("what flows?");
  if (!pairs)
    {
      al_addr_set_port (&peer, kind == 'b' ? (uint16_t) atoi (user) : 0);
      sinks[0] = open_sink (&peer);
    }
  for (unsigned i = 0; i < n; i++)
    {
      if (kind == 'b')
        {
          from[i].fd = open_socket (&server);
          continue;
        }
      if (!allocate (&from[i]) || (pairs && !allocate (&to[i])))
        die ("Allocate was refused");
      bind_channel (&from[i], pairs ? &to[i].relayed : &peer);
      if (!pairs)
        continue;
      bind_channel (&to[i], &from[i].relayed);
      sinks[i] = to[i].fd;
    }
  for (unsigned i = 0; i < n_sinks; i++)
    if (pthread_create (&threads[i], NULL, count, GINT_TO_POINTER (sinks[i])) != 0)
      die ("no thread");
  (void) printf ("ready\n");
  (void) fflush (stdout);
  (void) getchar ();
  sent = blast (from, n, size, burst, per_second, seconds);
  g_usleep (300000); /* what is under way */
  (void) printf ("sent=%" G_GUINT64_FORMAT " received=%" G_GUINT64_FORMAT "\n", sent, atomic_load (&received));
  (void) fflush (stdout);
  atomic_store (&stopping, true);
  for (unsigned i = 0; i < n_sinks; i++)
    (void) pthread_join (threads[i], NULL);
  return 0;
}

static int
run_alloc (unsigned n)
{
  g_autofree Client *clients = g_new0 (Client, n);
  int64_t begin_us = al_clock_now_us ();
  unsigned made = 0, refused = 0;

  for (unsigned i = 0; i < n; i++)
    if (allocate (&clients[made]))
      made++;
    else
      refused++;
  (void) printf ("allocations=%u refused=%u seconds=%.3f\n", made, refused, (double) (al_clock_now_us () - begin_us) / 1e6);
  (void) fflush (stdout);
  while (getchar () != EOF)
    ;
  return 0;
}

static int
run_unauth (unsigned n)
{
  static const uint8_t request[] = { 0x00, 0x03, 0x00, 0x08, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6,
                                     7,    8,    9,    10,   11,   12,   0x00, 0x19, 0, 4, 17, 0, 0, 0 };
  unsigned answered = 0;
  uint8_t answer[2048];

  for (unsigned i = 0; i < n; i++)
    {
      int fd = open_socket (&server);

      if (send (fd, request, sizeof request, 0) > 0 && recv (fd, answer, sizeof answer, i % 64 == 0 ? 0 : MSG_DONTWAIT) > 0)
        answered++;
      (void) close (fd);
    }
  (void) printf ("requests=%u answered=%u\n", n, answered);
  return 0;
}

int
main (int argc, char **argv)
{
  struct rlimit limit;
  g_autoptr (GError) error = NULL;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
    {
      limit.rlim_cur = limit.rlim_max;
      (void) setrlimit (RLIMIT_NOFILE, &limit);
    }
  if (argc < 4 || !al_addr_parse (argv[2], 3478, &server, &error))
    die ("usage: aldis-turn-load relay|pairs|bare|alloc|unauth ADDRESS ... (see its source)");
  hmac = al_hmac_new ();
  if (strcmp (argv[1], "unauth") == 0)
    return run_unauth ((unsigned) atoi (argv[3]));
  if (argc < 6)
    die ("a user and a password are needed");
  user = argv[3];
  password = argv[4];
  if (strcmp (argv[1], "alloc") == 0)
    return run_alloc ((unsigned) atoi (argv[5]));
  if (argc == 10 && (strcmp (argv[1], "relay") == 0 || strcmp (argv[1], "pairs") == 0))
    return run_flows (argv[1][0], argv + 5);
  if (argc == 9 && strcmp (argv[1], "bare") == 0)
    return run_flows ('b', argv + 4);
  die ("what?");
  return 1;
}
