/* SPDX-License-Identifier: Apache-2.0 */
/* Clients of OpenSSL before the sessions of one worker, in virtual time. */
#include "relay/dtls.h"

#include <openssl/srtp.h>
#include <openssl/ssl.h>
#include <string.h>

#include "base/dtls.h"
#include "relay/cookie.h"
#include "relay/door.h"
#include "tls-fixture.h"
#include "virtual-clock.h"

#define MS ((int64_t) 1000)
#define GUESTS 8

typedef struct Bench Bench;

typedef struct {
  Bench *bench;
  RelayTuple path; /* as the server sees it */
  AlDtls *dtls;
  unsigned n_sent, n_received;
  char received[64];
  GBytes *hello; /* the last ClientHello that it sent */
} Guest;

struct Bench {
  AlTls *tls;
  SSL_CTX *ctx; /* of clients */
  AlTimerWheel *wheel;
  RelayDtls *front;
  Guest clients[GUESTS];
  GPtrArray *flying; /* Datagram */
  uint32_t lose;     /* bit i: datagram i of the first client is lost; bit 16 + i: of the server */
  unsigned n_sent, n_answers_left, n_ended, n_drops[RELAY_DROP_N];
  size_t sent_bytes;
  GArray *sent_us;
  const void *used;  /* whose session holds an allocation */
  const void *last;  /* whose the last message was */
};

typedef struct {
  RelayTuple path;
  bool to_server;
  size_t len;
  uint8_t data[AL_DTLS_DATAGRAM_MAX + 512];
} Datagram;

static int sockets[1];

static void
queue (Bench *bench, const RelayTuple *path, bool to_server, const void *data, size_t len)
{
  Datagram *datagram = g_new (Datagram, 1);

  *datagram = (Datagram){ .path = *path, .to_server = to_server, .len = len };
  g_assert_cmpuint (len, <=, sizeof datagram->data);
  memcpy (datagram->data, data, len);
  g_ptr_array_add (bench->flying, datagram);
}

static void
on_client_send (const uint8_t *data, size_t len, void *user)
{
  Guest *client = user;
  unsigned n = client->n_sent++;
  AlDtlsHello hello;

  if (al_dtls_hello_parse (data, len, &hello)) /* not of the other fragments */
    {
      g_clear_pointer (&client->hello, g_bytes_unref);
      client->hello = g_bytes_new (data, len);
    }
  if (client != client->bench->clients || n >= 16 || (client->bench->lose >> n & 1) == 0)
    queue (client->bench, &client->path, true, data, len);
}

static void
on_client_receive (const uint8_t *data, size_t len, void *user)
{
  Guest *client = user;

  client->n_received++;
  memcpy (client->received, data, MIN (len, sizeof client->received));
}

static void
on_send (const RelayTuple *path, const uint8_t *data, size_t len, void *user)
{
  Bench *bench = user;
  unsigned n = bench->n_sent++;

  bench->sent_bytes += len;
  g_array_append_val (bench->sent_us, clock_us);
  if (n >= 16 || (bench->lose >> (16 + n) & 1) == 0)
    queue (bench, path, false, data, len);
}

/* what comes is sent back */
static void
on_receive (const RelayTuple *from, const uint8_t *data, size_t len, int64_t now_us, void *user)
{
  Bench *bench = user;

  g_assert_cmpint (from->transport, ==, RELAY_DTLS);
  g_assert_cmpint (now_us, ==, clock_us);
  g_assert_true (relay_dtls_is_open (bench->front, from));
  bench->last = from->conn;
  relay_dtls_send (from->conn, data, len, now_us);
}

static bool
on_may_answer (const AlAddr *remote, int64_t now_us, void *user)
{
  Bench *bench = user;

  if (bench->n_answers_left == 0)
    return false;
  bench->n_answers_left--;
  return true;
}

static bool
on_is_used (const RelayTuple *client, void *user)
{
  return client->conn == ((const Bench *) user)->used;
}

static void
on_ended (const RelayTuple *client, int64_t now_us, void *user)
{
  Bench *bench = user;

  bench->n_ended++;
  g_assert_true (bench->front == NULL || !relay_dtls_is_open (bench->front, client));
}

static void
on_drop (RelayDrop why, void *user)
{
  ((Bench *) user)->n_drops[why]++;
}

static void
connect_client (Bench *bench, unsigned index, const char *from)
{
  static const AlDtlsConfig config = { 1200, 100 * MS, 400 * MS, 60000 * MS };
  static const AlDtlsOps ops = { on_client_send, on_client_receive };
  Guest *client = &bench->clients[index];

  al_dtls_free (client->dtls);
  client->bench = bench;
  client->path = (RelayTuple){ .transport = RELAY_UDP, .conn = &sockets[0] };
  g_assert_true (al_addr_parse (from, 0, &client->path.remote, NULL));
  g_assert_true (al_addr_parse ("192.0.2.1:3478", 0, &client->path.local, NULL));
  client->dtls = al_dtls_new (bench->ctx, &config, &ops, client);
  client->n_received = client->n_sent = 0;
  al_dtls_connect (client->dtls, clock_us);
}

static void
bench_init (Bench *bench, const AlAdmission *door)
{
  static const RelayDtlsIo io = { on_send, on_receive, on_may_answer, on_is_used, on_ended, on_drop };

  clock_us = CLOCK_START_US;
  *bench = (Bench){ .n_answers_left = G_MAXUINT };
  bench->tls = al_tls_new_datagram (tls, NULL);
  bench->ctx = SSL_CTX_new (DTLS_client_method ());
  bench->wheel = al_timer_wheel_new (clock_us);
  bench->flying = g_ptr_array_new_with_free_func (g_free);
  bench->sent_us = g_array_new (FALSE, FALSE, sizeof (int64_t));
  bench->front = relay_dtls_new (bench->tls, bench->wheel, door, &io, bench);
}

static void
bench_clear (Bench *bench)
{
  relay_dtls_free (bench->front);
  for (unsigned i = 0; i < GUESTS; i++)
    {
      al_dtls_free (bench->clients[i].dtls);
      g_clear_pointer (&bench->clients[i].hello, g_bytes_unref);
    }
  g_ptr_array_unref (bench->flying);
  g_array_unref (bench->sent_us);
  al_timer_wheel_free (bench->wheel);
  SSL_CTX_free (bench->ctx);
  al_tls_unref (bench->tls);
}

static void
deliver (Bench *bench)
{
  while (bench->flying->len > 0)
    {
      g_autofree Datagram *datagram = g_ptr_array_steal_index (bench->flying, 0);

      if (datagram->to_server && bench->front != NULL)
        relay_dtls_on_datagram (bench->front, &datagram->path, datagram->data, datagram->len, clock_us);
      for (unsigned i = 0; !datagram->to_server && i < GUESTS; i++)
        if (bench->clients[i].dtls != NULL && relay_tuple_equal (&bench->clients[i].path, &datagram->path))
          al_dtls_on_datagram (bench->clients[i].dtls, datagram->data, datagram->len, clock_us);
    }
}

static void
run (Bench *bench, int64_t for_us)
{
  int64_t until_us = clock_us + for_us;

  for (;; clock_us = MIN (until_us, clock_us + 1 * MS))
    {
      deliver (bench);
      (void) al_timer_wheel_advance (bench->wheel, clock_us);
      for (unsigned i = 0; i < GUESTS; i++)
        if (bench->clients[i].dtls != NULL)
          al_dtls_tick (bench->clients[i].dtls, clock_us);
      if (clock_us == until_us && bench->flying->len == 0)
        return;
    }
}

static AlDtlsState
state_of (const Bench *bench, unsigned index)
{
  return al_dtls_get_state (bench->clients[index].dtls);
}

static bool
echoes (Bench *bench, unsigned index)
{
  Guest *client = &bench->clients[index];

  client->n_received = 0;
  if (!al_dtls_send (client->dtls, "marco", 6))
    return false;
  deliver (bench);
  return client->n_received == 1 && strcmp (client->received, "marco") == 0;
}

static void
test_cookie (void)
{
  Bench bench;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:5000");
  g_assert_cmpuint (bench.clients[0].n_sent, ==, 1);
  {
    g_autofree Datagram *first = g_ptr_array_steal_index (bench.flying, 0);

    relay_dtls_on_datagram (bench.front, &first->path, first->data, first->len, clock_us);
    g_assert_cmpuint (bench.n_sent, ==, 1);
    g_assert_cmpuint (bench.sent_bytes, <, first->len);
    g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 0);
  }
  run (&bench, 10 * MS);
  g_assert_cmpint (state_of (&bench, 0), ==, AL_DTLS_OPEN);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 1);
  g_assert_true (echoes (&bench, 0));
  bench_clear (&bench);
  g_assert_cmpuint (bench.n_ended, ==, 1);
}

/* a flood of ClientHellos in the names of others: nothing is kept, and each gets less than it was sent (RFC 6347 §4.2.1) */
static void
test_flood (void)
{
  Bench bench;
  gsize len;
  const uint8_t *hello;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:5000");
  hello = g_bytes_get_data (bench.clients[0].hello, &len);
  g_ptr_array_set_size (bench.flying, 0);
  for (unsigned i = 0; i < 20000; i++)
    {
      RelayTuple path = bench.clients[0].path;

      path.remote.in4.sin_addr.s_addr = htonl (0x0a000000 + i);
      relay_dtls_on_datagram (bench.front, &path, hello, len, clock_us);
    }
  g_assert_cmpuint (bench.n_sent, ==, 20000);
  g_assert_cmpuint (bench.sent_bytes, <, 20000 * len);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 0);
  g_assert_cmpint (al_timer_wheel_next_us (bench.wheel), ==, INT64_MAX);
  g_ptr_array_set_size (bench.flying, 0);
  bench.n_answers_left = 2; /* the rate of answers to strangers */
  for (unsigned i = 0; i < 10; i++)
    relay_dtls_on_datagram (bench.front, &bench.clients[0].path, hello, len, clock_us);
  g_assert_cmpuint (bench.n_sent, ==, 20002);
  bench_clear (&bench);
}

/* a cookie is good for its address, and for some time */
static void
test_stolen (void)
{
  Bench bench;
  const uint8_t *hello;
  RelayTuple other;
  gsize len;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:5000");
  run (&bench, 0);
  g_assert_cmpint (state_of (&bench, 0), ==, AL_DTLS_OPEN);
  hello = g_bytes_get_data (bench.clients[0].hello, &len);
  other = bench.clients[0].path;
  al_addr_set_port (&other.remote, 5001);
  relay_dtls_on_datagram (bench.front, &other, hello, len, clock_us);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 1);
  /* who saw it on its way: the session that it began stays */
  relay_dtls_on_datagram (bench.front, &bench.clients[0].path, hello, len, clock_us);
  g_assert_cmpuint (bench.n_ended, ==, 0);
  g_assert_true (echoes (&bench, 0));
  al_dtls_close (bench.clients[0].dtls, clock_us);
  run (&bench, RELAY_DTLS_IDLE_US + 1000 * MS);
  g_assert_cmpuint (bench.n_ended, ==, 1);
  relay_dtls_on_datagram (bench.front, &bench.clients[0].path, hello, len, clock_us); /* too old */
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 0);
  bench_clear (&bench);
}

/* on a port that is shared with WebRTC: what is of a session, whatever a forged check of ICE says of its address; but a peer
 * that comes by the address of a client which has vanished is not the relay's */
static void
test_claims (void)
{
  static const uint8_t record[] = { 23, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 1, 0 };
  const uint8_t *hello;
  RelayTuple other;
  Bench bench;
  gsize len;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:5000");
  hello = g_bytes_get_data (bench.clients[0].hello, &len);
  g_assert_false (relay_dtls_claims (bench.front, &bench.clients[0].path, hello, len)); /* it has proved nothing yet */
  run (&bench, 0);
  g_assert_cmpint (state_of (&bench, 0), ==, AL_DTLS_OPEN);
  hello = g_bytes_get_data (bench.clients[0].hello, &len);
  g_assert_true (relay_dtls_claims (bench.front, &bench.clients[0].path, hello, len));
  g_assert_true (relay_dtls_claims (bench.front, &bench.clients[0].path, record, sizeof record));
  other = bench.clients[0].path;
  al_addr_set_port (&other.remote, 5001);
  g_assert_false (relay_dtls_claims (bench.front, &other, record, sizeof record));

  g_assert_cmpint (SSL_CTX_set_tlsext_use_srtp (bench.ctx, "SRTP_AES128_CM_SHA1_80"), ==, 0);
  connect_client (&bench, 1, "198.51.100.1:5000");
  hello = g_bytes_get_data (bench.clients[1].hello, &len);
  g_assert_false (relay_dtls_claims (bench.front, &bench.clients[1].path, hello, len));
  g_ptr_array_set_size (bench.flying, 0);
  bench_clear (&bench);
}

static void
test_each_lost (void)
{
  for (unsigned bit = 0; bit < 24; bit++)
    {
      Bench bench;

      bench_init (&bench, NULL);
      bench.lose = 1u << bit;
      connect_client (&bench, 0, "[2001:db8::1]:5000");
      run (&bench, 2000 * MS);
      bench.lose = 0;
      g_assert_cmpint (state_of (&bench, 0), ==, AL_DTLS_OPEN);
      g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 1);
      g_assert_true (echoes (&bench, 0));
      bench_clear (&bench);
    }
}

/* a client that sent its cookie and is gone: the flight is sent again, ever more rarely, and then it is over */
static void
test_timing (void)
{
  static const int64_t gaps_ms[] = { 500, 1000, 2000, 4000, 4000 };
  Bench bench;
  int64_t flight_us;
  unsigned n = 0;

  bench_init (&bench, NULL);
  bench.lose = 0xfffe0000; /* all but the HelloVerifyRequest */
  connect_client (&bench, 0, "198.51.100.1:5000");
  run (&bench, 0);
  al_dtls_free (g_steal_pointer (&bench.clients[0].dtls));
  g_assert_cmpuint (bench.n_sent, >=, 2);
  flight_us = clock_us;
  run (&bench, RELAY_DTLS_GIVE_UP_US - 2 * MS);
  for (unsigned i = 1; i < bench.sent_us->len; i++) /* a flight may be several datagrams at once */
    if (g_array_index (bench.sent_us, int64_t, i) != flight_us)
      {
        g_assert_cmpuint (n, <, G_N_ELEMENTS (gaps_ms));
        g_assert_cmpint (g_array_index (bench.sent_us, int64_t, i) - flight_us, ==, gaps_ms[n++] * MS);
        flight_us = g_array_index (bench.sent_us, int64_t, i);
      }
  g_assert_cmpuint (n, ==, G_N_ELEMENTS (gaps_ms));
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 1);
  run (&bench, 4 * MS);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 0);
  g_assert_cmpuint (bench.n_ended, ==, 1);
  bench_clear (&bench);
}

/* bounded: of one address, and in all; who leaves makes room */
static void
test_bounds (void)
{
  g_autoptr (RelayDoor) door = relay_door_new (3, 2);
  const AlAdmission admission = relay_door_get_admission (door);
  static const char *const from[] = { "198.51.100.1:1", "198.51.100.1:2", "198.51.100.1:3", "198.51.100.2:1", "198.51.100.3:1" };
  static const bool in[] = { true, true, false, true, false };
  Bench bench;

  bench_init (&bench, &admission);
  for (unsigned i = 0; i < G_N_ELEMENTS (from); i++)
    {
      connect_client (&bench, i, from[i]);
      run (&bench, 10 * MS);
      g_assert_cmpint (state_of (&bench, i), ==, in[i] ? AL_DTLS_OPEN : AL_DTLS_HANDSHAKE);
    }
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 3);
  g_assert_cmpuint (bench.n_drops[RELAY_DROP_CONNECTIONS], ==, 2);
  al_dtls_close (bench.clients[0].dtls, clock_us);
  run (&bench, 2000 * MS); /* those who were refused have tried again */
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 3);
  g_assert_true (state_of (&bench, 2) == AL_DTLS_OPEN || state_of (&bench, 4) == AL_DTLS_OPEN);
  bench_clear (&bench);
  for (unsigned i = 0; i < 3; i++) /* everybody has been dismissed */
    {
      unsigned tag;

      g_assert_true (admission.admit (&bench.clients[i].path.remote, &tag, admission.user) || i == 2);
    }
}

static void
test_rate (void)
{
  Bench bench;
  unsigned n = 0;

  bench_init (&bench, NULL);
  for (unsigned i = 0; i < 2 * RELAY_DTLS_PER_S; i++)
    {
      g_autofree char *from = g_strdup_printf ("10.0.%u.%u:1", i / 200, i % 200);

      connect_client (&bench, 0, from);
      deliver (&bench);
      n += state_of (&bench, 0) == AL_DTLS_OPEN;
    }
  g_assert_cmpuint (n, ==, RELAY_DTLS_PER_S / 5);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, n);
  g_assert_cmpuint (bench.n_drops[RELAY_DROP_CONNECTIONS], ==, 2 * RELAY_DTLS_PER_S - n);
  run (&bench, 1000 * MS); /* the last one sends its ClientHello again */
  g_assert_cmpint (state_of (&bench, 0), ==, AL_DTLS_OPEN);
  bench_clear (&bench);
}

/* one client that comes back again and again takes nothing from others; and what it is refused ends nothing of its own */
static void
test_greedy (void)
{
  Bench bench;
  unsigned n = 0;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:1");
  deliver (&bench);
  for (unsigned i = 0; i < RELAY_DTLS_PER_S; i++)
    {
      connect_client (&bench, 1, "198.51.100.1:2");
      deliver (&bench);
      n += state_of (&bench, 1) == AL_DTLS_OPEN;
    }
  g_assert_cmpuint (n, ==, RELAY_DTLS_PER_SOURCE_BURST - 1);
  g_assert_cmpuint (bench.n_ended, ==, n - 1);
  g_assert_cmpuint (bench.n_drops[RELAY_DROP_CONNECTIONS], ==, RELAY_DTLS_PER_S - n);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 2);
  connect_client (&bench, 1, "198.51.100.1:1"); /* in the place of the first */
  deliver (&bench);
  g_assert_cmpint (state_of (&bench, 1), ==, AL_DTLS_HANDSHAKE);
  g_assert_true (echoes (&bench, 0));
  connect_client (&bench, 2, "198.51.100.2:1");
  deliver (&bench);
  g_assert_cmpint (state_of (&bench, 2), ==, AL_DTLS_OPEN);
  run (&bench, 1000 * MS); /* it has asked again */
  g_assert_cmpint (state_of (&bench, 1), ==, AL_DTLS_OPEN);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 3);
  bench_clear (&bench);
}

/* the place that a client has before a full door is its next session's */
static void
test_again_full (void)
{
  g_autoptr (RelayDoor) door = relay_door_new (1, 1);
  const AlAdmission admission = relay_door_get_admission (door);
  unsigned tag;
  Bench bench;

  bench_init (&bench, &admission);
  for (unsigned i = 0; i < 3; i++)
    {
      connect_client (&bench, 0, "198.51.100.1:1");
      deliver (&bench);
      g_assert_true (echoes (&bench, 0));
      g_assert_cmpuint (bench.n_ended, ==, i);
      g_assert_false (admission.admit (&bench.clients[0].path.remote, &tag, admission.user));
    }
  bench_clear (&bench);
  g_assert_true (admission.admit (&bench.clients[0].path.remote, &tag, admission.user));
  g_assert_false (admission.admit (&bench.clients[0].path.remote, &tag, admission.user));
}

/* sessions that have held no allocation are bounded: the oldest makes room, and is told */
static void
test_unproved (void)
{
  Bench bench;

  bench_init (&bench, NULL);
  for (unsigned i = 1; i <= 2; i++)
    {
      connect_client (&bench, i, i == 1 ? "198.51.100.1:1" : "198.51.100.2:1");
      deliver (&bench);
      g_assert_true (echoes (&bench, i));
      bench.used = i == 1 ? bench.last : bench.used;
    }
  for (unsigned i = 0; i < RELAY_DTLS_UNPROVED_MAX; i++)
    {
      g_autofree char *from = g_strdup_printf ("10.0.%u.%u:1", i / 200, i % 200);

      g_assert_cmpint (state_of (&bench, 2), ==, AL_DTLS_OPEN);
      clock_us += G_USEC_PER_SEC / RELAY_DTLS_PER_S;
      connect_client (&bench, 0, from);
      deliver (&bench);
      g_assert_cmpint (state_of (&bench, 0), ==, AL_DTLS_OPEN);
    }
  g_assert_cmpint (state_of (&bench, 2), ==, AL_DTLS_CLOSED);
  g_assert_cmpuint (bench.n_ended, ==, 1);
  g_assert_true (echoes (&bench, 0));
  g_assert_true (echoes (&bench, 1));
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, RELAY_DTLS_UNPROVED_MAX + 1);
  bench_clear (&bench);
}

/* who holds no allocation is told that it is over */
static void
test_idle (void)
{
  Bench bench;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:1");
  connect_client (&bench, 1, "198.51.100.1:2");
  run (&bench, 10 * MS);
  g_assert_true (echoes (&bench, 1));
  bench.used = bench.last;
  run (&bench, RELAY_DTLS_IDLE_US - 100 * MS);
  g_assert_true (echoes (&bench, 0)); /* talking alone does not help */
  run (&bench, 200 * MS);
  g_assert_cmpint (state_of (&bench, 0), ==, AL_DTLS_CLOSED);
  run (&bench, 3 * RELAY_DTLS_IDLE_US);
  g_assert_true (echoes (&bench, 1));
  bench.used = NULL;
  run (&bench, RELAY_DTLS_IDLE_US);
  g_assert_cmpint (state_of (&bench, 1), ==, AL_DTLS_CLOSED);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 0);
  g_assert_cmpint (al_timer_wheel_next_us (bench.wheel), ==, INT64_MAX);
  bench_clear (&bench);
  g_assert_cmpuint (bench.n_ended, ==, 2);
}

static void
test_close (void)
{
  Bench bench;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:1");
  connect_client (&bench, 1, "198.51.100.1:2");
  run (&bench, 10 * MS);
  al_dtls_close (bench.clients[0].dtls, clock_us);
  run (&bench, 0);
  g_assert_cmpuint (bench.n_ended, ==, 1);
  g_assert_true (echoes (&bench, 1));
  relay_dtls_free (g_steal_pointer (&bench.front));
  g_assert_cmpuint (bench.n_ended, ==, 2);
  deliver (&bench);
  g_assert_cmpint (state_of (&bench, 1), ==, AL_DTLS_CLOSED); /* the server says goodbye */
  bench_clear (&bench);
}

/* RFC 6347 §4.2.8: a client that has forgotten its session comes from the same address; only who gets the cookie can do so */
static void
test_again (void)
{
  Bench bench;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:1");
  run (&bench, 10 * MS);
  g_assert_true (echoes (&bench, 0));
  connect_client (&bench, 0, "198.51.100.1:1");
  {
    g_autofree Datagram *first = g_ptr_array_steal_index (bench.flying, 0);

    relay_dtls_on_datagram (bench.front, &first->path, first->data, first->len, clock_us);
  }
  g_assert_cmpuint (bench.n_ended, ==, 0);
  run (&bench, 10 * MS);
  g_assert_cmpuint (bench.n_ended, ==, 1);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 1);
  g_assert_cmpint (state_of (&bench, 0), ==, AL_DTLS_OPEN);
  g_assert_true (echoes (&bench, 0));
  bench_clear (&bench);
}

/* one of WebRTC, which is not for the relay; and ClientHellos in fragments: with the cookie in the first one, or without */
static void
test_hellos (void)
{
  bool is_split = false;
  uint8_t alpn[2000];
  Bench bench;

  bench_init (&bench, NULL);
  g_assert_cmpint (SSL_CTX_set_tlsext_use_srtp (bench.ctx, "SRTP_AEAD_AES_128_GCM"), ==, 0);
  connect_client (&bench, 0, "198.51.100.1:1");
  run (&bench, 10 * MS);
  g_assert_cmpuint (bench.n_sent, ==, 0);
  g_assert_cmpuint (bench.n_drops[RELAY_DROP_UNAUTHORIZED], ==, 1);
  bench_clear (&bench);

  /* use_srtp stands behind the names of ALPN, in the second datagram: WebRTC's are not told apart by the first one */
  for (unsigned at = 0; at < sizeof alpn; at += 200)
    {
      alpn[at] = 199;
      memset (alpn + at + 1, 'a' + (int) (at / 200), 199);
    }
  bench_init (&bench, NULL);
  g_assert_cmpint (SSL_CTX_set_alpn_protos (bench.ctx, alpn, sizeof alpn), ==, 0);
  g_assert_cmpint (SSL_CTX_set_tlsext_use_srtp (bench.ctx, "SRTP_AEAD_AES_128_GCM"), ==, 0);
  connect_client (&bench, 0, "198.51.100.1:1");
  g_assert_cmpuint (bench.clients[0].n_sent, >=, 2);
  run (&bench, 1000 * MS);
  g_assert_cmpuint (bench.n_sent, ==, 0);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 0);
  bench_clear (&bench);

  /* without a cookie it fits a datagram just so, with it not any more */
  bench_init (&bench, NULL);
  for (unsigned last = 1; last < 256 && !is_split; last += RELAY_COOKIE_BYTES - 1)
    {
      g_autofree char *from = g_strdup_printf ("198.51.100.%u:1", last);
      AlDtlsHello hello;

      alpn[800] = (uint8_t) last;
      g_assert_cmpint (SSL_CTX_set_alpn_protos (bench.ctx, alpn, 801 + last), ==, 0);
      connect_client (&bench, 0, from);
      g_assert_cmpuint (bench.flying->len, ==, 1);
      deliver (&bench);
      g_assert_true (echoes (&bench, 0));
      g_assert_true (al_dtls_hello_parse (g_bytes_get_data (bench.clients[0].hello, NULL),
                                          g_bytes_get_size (bench.clients[0].hello), &hello));
      is_split = !hello.is_whole;
    }
  g_assert_true (is_split);
  bench_clear (&bench);
}

/* a client of DTLS 1.0 is told, and leaves nothing behind */
static void
test_version (void)
{
  Bench bench;

  bench_init (&bench, NULL);
  SSL_CTX_set_security_level (bench.ctx, 0);
  (void) SSL_CTX_set_min_proto_version (bench.ctx, DTLS1_VERSION);
  (void) SSL_CTX_set_max_proto_version (bench.ctx, DTLS1_VERSION);
  connect_client (&bench, 0, "198.51.100.1:1");
  run (&bench, 10 * MS);
  g_assert_cmpint (state_of (&bench, 0), ==, AL_DTLS_FAILED);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 0);
  bench_clear (&bench);
}

/* what is longer than a record is dropped, and nothing else happens */
static void
test_lengths (void)
{
  static const uint8_t data[4096] = { 1 };
  Bench bench;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:1");
  run (&bench, 10 * MS);
  g_assert_true (echoes (&bench, 0));
  bench.clients[0].n_received = 0;
  relay_dtls_send ((RelaySession *) bench.last, data, AL_DTLS_RECORD_MAX + 1, clock_us);
  g_assert_cmpuint (bench.n_drops[RELAY_DROP_LONG], ==, 1);
  relay_dtls_on_datagram (bench.front, &bench.clients[0].path, data, AL_DTLS_DATAGRAM_MAX + 1, clock_us);
  g_assert_cmpuint (bench.n_drops[RELAY_DROP_LONG], ==, 2);
  relay_dtls_send ((RelaySession *) bench.last, data, AL_DTLS_RECORD_MAX, clock_us);
  relay_dtls_send ((RelaySession *) bench.last, data, 1900, clock_us);
  run (&bench, 10 * MS);
  g_assert_cmpuint (bench.clients[0].n_received, ==, 1); /* the test's client reads no more than AL_DTLS_DATAGRAM_MAX */
  g_assert_true (echoes (&bench, 0));
  bench_clear (&bench);
}

/* nonsense, from strangers and from the address of a session */
static void
test_nonsense (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  uint8_t data[1500];
  RelayTuple stranger;
  Bench bench;

  bench_init (&bench, NULL);
  connect_client (&bench, 0, "198.51.100.1:1");
  run (&bench, 10 * MS);
  stranger = bench.clients[0].path;
  al_addr_set_port (&stranger.remote, 7);
  bench.n_sent = 0;
  for (unsigned i = 0; i < 4000; i++)
    {
      size_t len = (size_t) g_rand_int_range (rand, 0, sizeof data);

      for (size_t at = 0; at < len; at++)
        data[at] = (uint8_t) g_rand_int (rand);
      data[0] = (uint8_t) g_rand_int_range (rand, 20, 64);
      data[1] = 0xfe;
      data[3] = 0;
      data[4] = (uint8_t) (i & 1);
      relay_dtls_on_datagram (bench.front, i % 3 == 0 ? &stranger : &bench.clients[0].path, data, len, clock_us);
    }
  g_assert_cmpuint (bench.n_sent, ==, 0);
  g_assert_cmpuint (relay_dtls_get_n (bench.front), ==, 1);
  g_assert_true (echoes (&bench, 0));
  bench_clear (&bench);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  tls_set_up ();
  g_test_add_func ("/relay/dtls/claims", test_claims);
  g_test_add_func ("/relay/dtls/cookie", test_cookie);
  g_test_add_func ("/relay/dtls/flood", test_flood);
  g_test_add_func ("/relay/dtls/stolen", test_stolen);
  g_test_add_func ("/relay/dtls/each-lost", test_each_lost);
  g_test_add_func ("/relay/dtls/timing", test_timing);
  g_test_add_func ("/relay/dtls/bounds", test_bounds);
  g_test_add_func ("/relay/dtls/rate", test_rate);
  g_test_add_func ("/relay/dtls/greedy", test_greedy);
  g_test_add_func ("/relay/dtls/again-full", test_again_full);
  g_test_add_func ("/relay/dtls/unproved", test_unproved);
  g_test_add_func ("/relay/dtls/idle", test_idle);
  g_test_add_func ("/relay/dtls/close", test_close);
  g_test_add_func ("/relay/dtls/again", test_again);
  g_test_add_func ("/relay/dtls/hellos", test_hellos);
  g_test_add_func ("/relay/dtls/version", test_version);
  g_test_add_func ("/relay/dtls/lengths", test_lengths);
  g_test_add_func ("/relay/dtls/nonsense", test_nonsense);
  result = g_test_run ();
  tls_tear_down ();
  return result;
}
