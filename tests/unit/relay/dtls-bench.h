/* SPDX-License-Identifier: Apache-2.0 */
/* Clients of OpenSSL before the sessions of one worker, in virtual time. Included once in a program. */
#pragma once

#include <openssl/ssl.h>
#include <string.h>

#include "base/dtls.h"
#include "relay/cookie.h"
#include "relay/door.h"
#include "relay/dtls.h"
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

static inline void
queue (Bench *bench, const RelayTuple *path, bool to_server, const void *data, size_t len)
{
  Datagram *datagram = g_new (Datagram, 1);

  *datagram = (Datagram){ .path = *path, .to_server = to_server, .len = len };
  g_assert_cmpuint (len, <=, sizeof datagram->data);
  memcpy (datagram->data, data, len);
  g_ptr_array_add (bench->flying, datagram);
}

static inline void
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

static inline void
on_client_receive (const uint8_t *data, size_t len, void *user)
{
  Guest *client = user;

  client->n_received++;
  memcpy (client->received, data, MIN (len, sizeof client->received));
}

static inline void
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
static inline void
on_receive (const RelayTuple *from, const uint8_t *data, size_t len, int64_t now_us, void *user)
{
  Bench *bench = user;

  g_assert_cmpint (from->transport, ==, RELAY_DTLS);
  g_assert_cmpint (now_us, ==, clock_us);
  g_assert_true (relay_dtls_is_open (bench->front, from));
  bench->last = from->conn;
  relay_dtls_send (from->conn, data, len, now_us);
}

static inline bool
on_may_answer (const AlAddr *remote, int64_t now_us, void *user)
{
  Bench *bench = user;

  if (bench->n_answers_left == 0)
    return false;
  bench->n_answers_left--;
  return true;
}

static inline bool
on_is_used (const RelayTuple *client, void *user)
{
  return client->conn == ((const Bench *) user)->used;
}

static inline void
on_ended (const RelayTuple *client, int64_t now_us, void *user)
{
  Bench *bench = user;

  bench->n_ended++;
  g_assert_true (bench->front == NULL || !relay_dtls_is_open (bench->front, client));
}

static inline void
on_drop (RelayDrop why, void *user)
{
  ((Bench *) user)->n_drops[why]++;
}

static inline void
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

static inline void
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

static inline void
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

static inline void
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

static inline void
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

static inline AlDtlsState
state_of (const Bench *bench, unsigned index)
{
  return al_dtls_get_state (bench->clients[index].dtls);
}

static inline bool
echoes (Bench *bench, unsigned index)
{
  Guest *client = &bench->clients[index];

  client->n_received = 0;
  if (!al_dtls_send (client->dtls, "marco", 6))
    return false;
  deliver (bench);
  return client->n_received == 1 && strcmp (client->received, "marco") == 0;
}
