/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Echoing UDP on loopback: packets per second of the echoing thread's CPU time. AlUdp on AlLoop against bare loops:
 * recvfrom and sendto; recvmmsg and sendmmsg; the same with UDP_GRO and UDP_SEGMENT. One client, which keeps so many
 * packets under way that each of them is always busy; all in one run, in alternating rounds.
 *
 * Many flows are many source addresses (127.0.x.y by IP_PKTINFO) of one client socket, so that the client is cheap.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/udp.h"
#include "bench.h"
#include "forward.h"

#define WINDOW 768
#define BATCH 64
#define BUFFER 65536
#define MAX_ROUNDS 99

typedef enum { OURS, OURS_OFF, BARE_SINGLE, BARE_MMSG, BARE_GSO, N_SERVERS } Kind;

static const char *const kind_names[N_SERVERS] = { "ours", "ours-off", "recvfrom-sendto", "recvmmsg-sendmmsg",
                                                   "recvmmsg-gso" };

typedef struct {
  Kind kind;
  int fd; /* the bare ones' */
  struct sockaddr_in address;
  pthread_t thread;
  AlLoop *loop;
  AlUdpHub *hub;
  AlUdp *udp;
} Server;

typedef struct {
  const char *name;
  unsigned flows, train, size;
} Pattern;

static const Pattern patterns[] = {
  { "f1-160", 1, 32, 160 },          { "f1-1200", 1, 32, 1200 },          { "f1000-160", 1000, 1, 160 },
  { "f1000-1200", 1000, 1, 1200 },   { "f1000-train8-160", 1000, 8, 160 }, { "f1000-train8-1200", 1000, 8, 1200 },
};

static void
die (const char *what)
{
  perror (what);
  exit (1);
}

/* ---- the servers ---- */

static void
on_datagrams (AlUdp *udp, const AlUdpDatagram *datagrams, unsigned n, int64_t now_us, void *user)
{
  for (unsigned i = 0; i < n; i++)
    al_udp_send_view (udp, datagrams[i].from, NULL, NULL, 0, datagrams[i].data, datagrams[i].len);
}

static void *
run_ours (void *user)
{
  Server *server = user;

  bench_pin (0);
  al_loop_run (server->loop);
  return NULL;
}

static void *
run_single (void *user)
{
  Server *server = user;
  static uint8_t buffer[BUFFER];

  bench_pin (0);
  for (;;)
    {
      struct sockaddr_in from;
      socklen_t len = sizeof from;
      ssize_t n = recvfrom (server->fd, buffer, sizeof buffer, 0, (struct sockaddr *) &from, &len);

      if (n > 0)
        (void) sendto (server->fd, buffer, (size_t) n, 0, (struct sockaddr *) &from, len);
    }
  return NULL;
}

static void *
run_mmsg (void *user)
{
  Server *server = user;

  bench_pin (0);
  bench_forward (server->fd, server->kind == BARE_GSO, NULL);
}

static void
open_ours (Server *server)
{
  AlUdpConfig config = { .rcvbuf_bytes = 4 << 20, .sndbuf_bytes = 4 << 20 };
  AlAddr address = { .in4 = server->address };
  GError *error = NULL;

  server->loop = al_loop_new (server->kind == OURS ? "echo" : "echo-off", &error);
  server->hub = al_udp_hub_new (server->loop, server->kind == OURS ? AL_UDP_OFFLOAD_AUTO : AL_UDP_OFFLOAD_OFF, &error);
  server->udp = al_udp_new (server->hub, &address, &config, on_datagrams, NULL, &error);
  if (server->udp == NULL)
    g_error ("%s", error->message);
  server->fd = al_udp_get_fd (server->udp);
}

static void
open_bare (Server *server)
{
  int bytes = 4 << 20;

  server->fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  (void) setsockopt (server->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  (void) setsockopt (server->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  if (bind (server->fd, (struct sockaddr *) &server->address, sizeof server->address) < 0)
    die ("bind");
}

static void
server_start (Server *server, Kind kind)
{
  socklen_t len = sizeof server->address;
  bool ours = kind == OURS || kind == OURS_OFF;

  memset (server, 0, sizeof *server);
  server->kind = kind;
  server->address.sin_family = AF_INET;
  /* any address: the many sources are on 127.0.0.0/8, and the answer must come from where the question went */
  server->address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (ours)
    open_ours (server);
  else
    open_bare (server);
  (void) getsockname (server->fd, (struct sockaddr *) &server->address, &len);
  if (pthread_create (&server->thread, NULL, ours ? run_ours : kind == BARE_SINGLE ? run_single : run_mmsg, server) != 0)
    die ("pthread_create");
}

/* ---- the client ---- */

typedef struct {
  int fd;
  unsigned next_flow;
  uint64_t sent, got, lost;
  uint8_t *buffers;
} Client;

static void
client_open (Client *client)
{
  struct sockaddr_in any = { .sin_family = AF_INET };
  int bytes = 4 << 20, one = 1;

  memset (client, 0, sizeof *client);
  client->fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  (void) setsockopt (client->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  (void) setsockopt (client->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  if (setsockopt (client->fd, IPPROTO_UDP, UDP_GRO, &one, sizeof one) < 0)
    die ("UDP_GRO");
  if (bind (client->fd, (struct sockaddr *) &any, sizeof any) < 0)
    die ("bind");
  client->buffers = malloc ((size_t) BATCH * BUFFER);
}

static size_t
put_control (struct msghdr *message, size_t used, int level, int type, const void *data, size_t len)
{
  struct cmsghdr *c = (struct cmsghdr *) ((uint8_t *) message->msg_control + used);

  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN (len);
  memcpy (CMSG_DATA (c), data, len);
  return used + CMSG_SPACE (len);
}

/* Sends up to BATCH messages, so that at most WINDOW packets are under way. */
static void
client_send (Client *client, const Server *server, const Pattern *pattern)
{
  static uint8_t data[32 * 1200];
  struct mmsghdr messages[BATCH];
  struct iovec iov = { data, (size_t) pattern->train * pattern->size };
  _Alignas (struct cmsghdr) uint8_t control[BATCH][64];
  uint64_t under_way = client->sent - client->got;
  unsigned n = 0;
  uint16_t segment = (uint16_t) pattern->size;
  int sent;

  for (; n < BATCH && under_way + (n + 1) * pattern->train <= WINDOW; n++)
    {
      struct msghdr *message = &messages[n].msg_hdr;
      struct in_pktinfo info = { .ipi_spec_dst.s_addr = htonl (0x7f010001 + client->next_flow) };

      *message = (struct msghdr){ .msg_name = (void *) &server->address, .msg_namelen = sizeof server->address,
                                  .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control[n] };
      message->msg_controllen = put_control (message, 0, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
      if (pattern->train > 1)
        message->msg_controllen = put_control (message, message->msg_controllen, IPPROTO_UDP, UDP_SEGMENT, &segment,
                                               sizeof segment);
      client->next_flow = (client->next_flow + 1) % pattern->flows;
    }
  if (n == 0)
    return;
  sent = sendmmsg (client->fd, messages, n, 0);
  if (sent < 0)
    die ("sendmmsg");
  client->sent += (unsigned) sent * pattern->train;
}

static void
client_receive (Client *client, const Pattern *pattern)
{
  struct mmsghdr messages[BATCH];
  struct iovec iov[BATCH];
  struct timeval patience = { .tv_sec = 3 };
  int n;

  (void) setsockopt (client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  memset (messages, 0, sizeof messages);
  for (unsigned i = 0; i < BATCH; i++)
    {
      iov[i] = (struct iovec){ client->buffers + (size_t) i * BUFFER, BUFFER };
      messages[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
    }
  n = recvmmsg (client->fd, messages, BATCH, MSG_WAITFORONE, NULL);
  if (n < 0)
    {
      client->lost += client->sent - client->got;
      client->got = client->sent;
      return;
    }
  for (int i = 0; i < n; i++)
    client->got += (messages[i].msg_len + pattern->size - 1) / pattern->size;
}

/* Returns: packets per CPU second of @server. */
static double
measure (Client *client, const Server *server, const Pattern *pattern, double seconds_long)
{
  double until, cpu;
  uint64_t before;

  client->sent = client->got = 0;
  for (unsigned warm = 0; warm < 50; warm++)
    {
      client_send (client, server, pattern);
      client_receive (client, pattern);
    }
  before = client->got;
  cpu = bench_cpu_s (server->thread);
  until = bench_now_s () + seconds_long;
  while (bench_now_s () < until)
    {
      client_send (client, server, pattern);
      client_receive (client, pattern);
    }
  cpu = bench_cpu_s (server->thread) - cpu;
  until = (double) (client->got - before);
  while (client->got < client->sent)
    client_receive (client, pattern);
  return until / cpu;
}

int
main (int argc, char **argv)
{
  unsigned rounds = argc > 1 ? (unsigned) atoi (argv[1]) : 7;
  double length_s = argc > 2 ? atof (argv[2]) : 0.4;
  const char *only = argc > 3 ? argv[3] : NULL;
  Server servers[N_SERVERS];
  Client client;
  bool good = true;

  if (rounds < 1 || rounds > MAX_ROUNDS || length_s <= 0)
    {
      fprintf (stderr, "usage: bench-udp [ROUNDS [SECONDS [PATTERN]]]\n");
      return 2;
    }
  bench_pin (1);
  client_open (&client);
  for (Kind kind = 0; kind < N_SERVERS; kind++)
    server_start (&servers[kind], kind);
  for (unsigned p = 0; p < G_N_ELEMENTS (patterns); p++)
    {
      const Pattern *pattern = &patterns[p];
      double values[N_SERVERS][MAX_ROUNDS], medians[N_SERVERS], best;
      char name[64];

      if (only != NULL && strcmp (only, pattern->name) != 0)
        continue;
      for (unsigned r = 0; r < rounds; r++)
        for (unsigned k = 0; k < N_SERVERS; k++)
          {
            Kind kind = (Kind) ((k + r) % N_SERVERS); /* nobody is always first */

            values[kind][r] = measure (&client, &servers[kind], pattern, length_s);
          }
      for (Kind kind = 0; kind < N_SERVERS; kind++)
        {
          medians[kind] = bench_median (values[kind], rounds);
          printf ("# %s %s: %.0f packets per CPU second\n", pattern->name, kind_names[kind], medians[kind]);
        }
      best = MAX (medians[BARE_MMSG], medians[BARE_GSO]);
      (void) g_snprintf (name, sizeof name, "udp-echo-%s", pattern->name);
      good &= bench_figure (name, medians[OURS], best, 0.85, true, "packets/cpu-s");
      (void) g_snprintf (name, sizeof name, "udp-echo-%s-sendto", pattern->name);
      good &= bench_figure (name, medians[OURS], medians[BARE_SINGLE], pattern->train > 1 ? 2 : 1, true, "packets/cpu-s");
      (void) g_snprintf (name, sizeof name, "udp-echo-%s-off", pattern->name);
      good &= bench_figure (name, medians[OURS_OFF], medians[BARE_SINGLE], 0.8, true, "packets/cpu-s");
    }
  printf ("# lost on the way: %" G_GUINT64_FORMAT " packets\n", client.lost);
  fflush (stdout);
  _exit (good ? 0 : 1); /* the servers run for ever */
}
