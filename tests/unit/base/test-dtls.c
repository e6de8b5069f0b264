/* SPDX-License-Identifier: Apache-2.0 */
/* A client and a server over a link that loses, reorders and doubles, in virtual time; the server with and without a cookie
 * exchange before it. What WebRTC adds is in tests/unit/sfu/test-dtls.c. */
#include <glib.h>
#include <openssl/ssl.h>
#include <string.h>

#include "base/dtls.h"
#include "tls-fixture.h"
#include "wire.h"

#define MS ((int64_t) 1000)
#define MTU 1200
#define FIRST_US (50 * MS)
#define CAP_US (400 * MS)
#define GIVE_UP_US (30000 * MS)

typedef struct Link Link;

typedef struct {
  Link *link;
  unsigned index; /* 0: server, 1: client */
  SSL_CTX *ctx;
  AlDtls *dtls;
  GByteArray *received;
  unsigned n_received;
  bool closes; /* at the first record that comes */
} End;

struct Link {
  End ends[2];
  Wire wire;
  bool cookies;
  unsigned n_stale; /* cookies that are found too old */
  unsigned n_verify;
  GHashTable *numbers; /* of records without keys that the server's side sent */
};

/* RFC 6347 §4.1: no number twice in an epoch, though nobody remembers the HelloVerifyRequests */
static void
check_numbers (Link *link, const uint8_t *data, size_t len)
{
  while (len >= AL_DTLS_RECORD_HEADER)
    {
      size_t record = AL_DTLS_RECORD_HEADER + (size_t) (data[11] << 8 | data[12]);
      unsigned number = (unsigned) (data[9] << 8 | data[10]);

      g_assert_cmpuint (record, <=, len);
      if (data[3] == 0 && data[4] == 0)
        g_assert_true (g_hash_table_add (link->numbers, GUINT_TO_POINTER (number + 1)));
      data += record;
      len -= record;
    }
}

static void
on_send (const uint8_t *data, size_t len, void *user)
{
  End *end = user;
  Link *link = end->link;

  if (al_dtls_get_state (end->dtls) == AL_DTLS_HANDSHAKE)
    g_assert_cmpuint (len, <=, MTU);
  if (end->index == 0)
    check_numbers (link, data, len);
  wire_send (&link->wire, end->index, data, len);
}

static void
on_receive (const uint8_t *data, size_t len, void *user)
{
  End *end = user;

  g_byte_array_append (end->received, data, (guint) len);
  end->n_received++;
  if (end->closes)
    al_dtls_close (end->dtls, clock_us);
}

static const AlDtlsConfig config = { MTU, FIRST_US, CAP_US, GIVE_UP_US };
static const AlDtlsOps ops = { on_send, on_receive };

static void
link_init (Link *link, unsigned seed, bool cookies)
{
  g_autoptr (AlTls) datagram = al_tls_new_datagram (tls, NULL);

  clock_us = CLOCK_START_US;
  *link = (Link){ .cookies = cookies };
  wire_init (&link->wire, seed);
  link->numbers = g_hash_table_new (NULL, NULL);
  link->ends[0].ctx = al_tls_dup_ctx (datagram);
  link->ends[1].ctx = SSL_CTX_new (DTLS_client_method ());
  if (!cookies)
    (void) SSL_CTX_clear_options (link->ends[0].ctx, SSL_OP_COOKIE_EXCHANGE);
  for (unsigned i = 0; i < 2; i++)
    {
      End *end = &link->ends[i];

      end->link = link;
      end->index = i;
      end->dtls = al_dtls_new (end->ctx, &config, &ops, end);
      end->received = g_byte_array_new ();
    }
}

static void
link_clear (Link *link)
{
  for (unsigned i = 0; i < 2; i++)
    {
      al_dtls_free (link->ends[i].dtls);
      SSL_CTX_free (link->ends[i].ctx);
      g_byte_array_unref (link->ends[i].received);
    }
  g_hash_table_unref (link->numbers);
  wire_clear (&link->wire);
}

static void
start (Link *link)
{
  if (!link->cookies)
    al_dtls_accept (link->ends[0].dtls, clock_us);
  al_dtls_connect (link->ends[1].dtls, clock_us);
}

/* what stands before the server, and remembers nothing */
static bool
guard (Link *link, const Datagram *datagram)
{
  AlDtls *server = link->ends[0].dtls;
  uint8_t verify[AL_DTLS_VERIFY_BYTES (4)];
  AlDtlsHello hello;

  if (!link->cookies || al_dtls_get_state (server) != AL_DTLS_NEW)
    return true;
  if (!al_dtls_hello_parse (datagram->data, datagram->len, &hello))
    return false;
  if (hello.cookie_len == 4 && link->n_stale == 0)
    {
      g_assert_cmpmem (hello.cookie, 4, "wxyz", 4);
      al_dtls_accept_verified (server, &hello, clock_us);
      return true;
    }
  link->n_stale -= hello.cookie_len > 0 ? 1 : 0;
  g_assert_cmpuint (sizeof verify, <=, datagram->len);
  (void) al_dtls_verify_write (&hello, (const uint8_t *) "wxyz", 4, verify);
  link->n_verify++;
  g_hash_table_add (link->numbers, GUINT_TO_POINTER ((unsigned) hello.record_seq + 1));
  wire_put (&link->wire, 0, verify, sizeof verify);
  return false;
}

/* Returns: is there anything to wait for before @until_us; time goes there */
static bool
step (Link *link, int64_t until_us)
{
  int64_t deadline_us = MIN (al_dtls_get_deadline (link->ends[0].dtls), al_dtls_get_deadline (link->ends[1].dtls));
  g_autofree Datagram *arrived = NULL;

  if (!wire_step (&link->wire, deadline_us, until_us, &arrived))
    return false;
  if (arrived != NULL && (arrived->to == 1 || guard (link, arrived)))
    al_dtls_on_datagram (link->ends[arrived->to].dtls, arrived->data, arrived->len, clock_us);
  for (unsigned i = 0; i < 2; i++)
    al_dtls_tick (link->ends[i].dtls, clock_us);
  return true;
}

static void
run (Link *link, int64_t for_us)
{
  int64_t until_us = clock_us + for_us;

  while (step (link, until_us))
    ;
}

static bool
both_are (const Link *link, AlDtlsState state)
{
  return al_dtls_get_state (link->ends[0].dtls) == state && al_dtls_get_state (link->ends[1].dtls) == state;
}

/* each end tells the other one something: records as they were, one for each call */
static void
talk (Link *link)
{
  static const uint8_t big[2000] = { 1, 2, 3 };

  link->wire.loss_percent = link->wire.lose = 0;
  for (unsigned i = 0; i < 2; i++)
    {
      g_assert_true (al_dtls_send (link->ends[i].dtls, "one", 3));
      g_assert_true (al_dtls_send (link->ends[i].dtls, big, sizeof big));
      run (link, 100 * MS);
      g_assert_cmpuint (link->ends[!i].n_received, ==, 2);
      g_assert_cmpuint (link->ends[!i].received->len, ==, 2003);
    }
}

static void
test_clean (gconstpointer cookies)
{
  Link link;

  link_init (&link, 1, cookies != NULL);
  g_assert_cmpint (al_dtls_get_deadline (link.ends[0].dtls), ==, INT64_MAX);
  g_assert_false (al_dtls_send (link.ends[1].dtls, "x", 1));
  start (&link);
  run (&link, 100 * MS);
  g_assert_true (both_are (&link, AL_DTLS_OPEN));
  g_assert_cmpint (al_dtls_get_deadline (link.ends[0].dtls), ==, INT64_MAX);
  g_assert_cmpint (al_dtls_get_deadline (link.ends[1].dtls), ==, INT64_MAX);
  g_assert_cmpuint (link.n_verify, ==, cookies != NULL);
  talk (&link);
  g_assert_cmpstr (SSL_get_version (al_dtls_get_ssl (link.ends[0].dtls)), ==, "DTLSv1.2");
  link_clear (&link);
}

/* any one of the first datagrams of either side is lost */
static void
test_each_lost (gconstpointer cookies)
{
  for (unsigned bit = 0; bit < 24; bit++)
    {
      Link link;

      link_init (&link, bit, cookies != NULL);
      link.wire.lose = 1u << bit;
      start (&link);
      run (&link, 400 * MS);
      g_assert_true (both_are (&link, AL_DTLS_OPEN));
      talk (&link);
      link_clear (&link);
    }
}

static void
test_lossy (gconstpointer cookies)
{
  for (unsigned seed = 0; seed < 60; seed++)
    {
      Link link;

      link_init (&link, seed, cookies != NULL);
      link.wire.loss_percent = 25;
      link.wire.double_percent = 20;
      link.wire.disorder_ms = seed % 3 * 40;
      start (&link);
      for (unsigned i = 0; i < 300 && !both_are (&link, AL_DTLS_OPEN); i++)
        run (&link, 100 * MS);
      g_assert_true (both_are (&link, AL_DTLS_OPEN));
      link.wire.double_percent = 0; /* a record that comes twice is taken once, but this test counts datagrams */
      run (&link, 1000 * MS);
      talk (&link);
      link_clear (&link);
    }
}

/* a ClientHello in several datagrams (as with ML-KEM key shares): its first fragment holds the cookie */
static void
test_fragments (gconstpointer cookies)
{
  for (unsigned i = 0; i < 12; i++)
    {
      uint8_t alpn[2000];
      Link link;

      for (unsigned at = 0; at < sizeof alpn; at += 200)
        {
          alpn[at] = 199;
          memset (alpn + at + 1, 'a' + (int) (at / 200), 199);
        }
      link_init (&link, i, cookies != NULL);
      g_assert_cmpint (SSL_set_alpn_protos (al_dtls_get_ssl (link.ends[1].dtls), alpn, sizeof alpn), ==, 0);
      link.wire.disorder_ms = i < 6 ? 0 : 30;
      link.wire.lose = i == 0 ? 0 : 1u << (i - 1);
      start (&link);
      g_assert_cmpuint (link.wire.n_sent[1], >=, 2);
      run (&link, 3000 * MS);
      g_assert_true (both_are (&link, AL_DTLS_OPEN));
      talk (&link);
      link_clear (&link);
    }
}

/* the first cookies are too old when they come: the client is asked again */
static void
test_stale (void)
{
  for (unsigned n = 1; n < AL_DTLS_HELLOS_MAX; n++)
    {
      Link link;

      link_init (&link, n, true);
      link.n_stale = n;
      start (&link);
      run (&link, 200 * MS);
      g_assert_cmpuint (link.n_verify, ==, n + 1);
      g_assert_true (both_are (&link, AL_DTLS_OPEN));
      talk (&link);
      link_clear (&link);
    }
}

/* a flight is sent again after the first time, then twice as long each time, up to the cap; not for ever */
static void
test_timing (void)
{
  static const int64_t gaps_ms[] = { 50, 100, 200, 400, 400, 400 };
  Link link;
  End *client = &link.ends[1];

  link_init (&link, 1, false);
  link.wire.loss_percent = 100;
  start (&link);
  run (&link, GIVE_UP_US - 1);
  g_assert_true (both_are (&link, AL_DTLS_HANDSHAKE) || al_dtls_get_state (client->dtls) == AL_DTLS_FAILED);
  for (unsigned i = 0; i < G_N_ELEMENTS (gaps_ms); i++)
    g_assert_cmpint (link.wire.sent_us[1][i + 1] - link.wire.sent_us[1][i], ==, gaps_ms[i] * MS);
  g_assert_cmpuint (link.wire.n_sent[0], ==, 0);
  run (&link, 1);
  g_assert_true (both_are (&link, AL_DTLS_FAILED));
  g_assert_cmpstr (al_dtls_get_error (client->dtls), !=, "");
  g_assert_cmpint (al_dtls_get_deadline (client->dtls), ==, INT64_MAX);
  g_assert_null (al_dtls_get_ssl (client->dtls));
  al_dtls_on_datagram (client->dtls, (const uint8_t *) "\x16", 1, clock_us);
  al_dtls_close (client->dtls, clock_us);
  link_clear (&link);
}

static void
test_close (void)
{
  for (unsigned who = 0; who < 2; who++)
    for (unsigned inside = 0; inside < 2; inside++)
      {
        Link link;

        link_init (&link, who, true);
        start (&link);
        run (&link, 100 * MS);
        link.ends[who].closes = inside == 1;
        if (inside == 1)
          g_assert_true (al_dtls_send (link.ends[!who].dtls, "end", 3));
        else
          al_dtls_close (link.ends[who].dtls, clock_us);
        run (&link, 100 * MS);
        g_assert_true (both_are (&link, AL_DTLS_CLOSED));
        g_assert_cmpstr (al_dtls_get_error (link.ends[who].dtls), ==, "");
        g_assert_false (al_dtls_send (link.ends[who].dtls, "x", 1));
        link_clear (&link);
      }
}

/* what is not authentic has no effect */
static void
test_forged (void)
{
  static const uint8_t alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2, 2, 40 };
  uint8_t data[13 + 40] = { 23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 99 };
  uint8_t two[13 + 2 + 13 + 3] = { 23, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 98, 0, 2, 1, 2, 23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 99, 0, 3 };
  Link link;

  link_init (&link, 1, true);
  start (&link);
  for (int64_t until_us = clock_us + 100 * MS; step (&link, until_us);) /* while it is on its way */
    for (unsigned i = 0; i < 2; i++)
      if (al_dtls_get_state (link.ends[i].dtls) == AL_DTLS_HANDSHAKE)
        al_dtls_on_datagram (link.ends[i].dtls, data, 13, clock_us);
  for (unsigned i = 0; i < 2; i++)
    {
      al_dtls_on_datagram (link.ends[i].dtls, alert, sizeof alert, clock_us);
      al_dtls_on_datagram (link.ends[i].dtls, two, sizeof two, clock_us);
      for (data[12] = 0; data[12] <= 40; data[12]++) /* records shorter than what their cipher adds, and longer */
        al_dtls_on_datagram (link.ends[i].dtls, data, 13 + data[12], clock_us);
    }
  g_assert_true (both_are (&link, AL_DTLS_OPEN));
  g_assert_cmpuint (link.ends[0].n_received, ==, 0);
  talk (&link);
  link_clear (&link);
}

static void
test_versions (void)
{
  Link link;

  link_init (&link, 1, true);
  g_assert_cmpint (SSL_set_min_proto_version (al_dtls_get_ssl (link.ends[1].dtls), DTLS1_VERSION), ==, 1);
  g_assert_cmpint (SSL_set_max_proto_version (al_dtls_get_ssl (link.ends[1].dtls), DTLS1_VERSION), ==, 1);
  SSL_set_security_level (al_dtls_get_ssl (link.ends[1].dtls), 0);
  start (&link);
  run (&link, 1000 * MS);
  g_assert_true (both_are (&link, AL_DTLS_FAILED));
  link_clear (&link);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  tls_set_up ();
  g_test_add_data_func ("/base/dtls/clean", NULL, test_clean);
  g_test_add_data_func ("/base/dtls/clean/cookie", "", test_clean);
  g_test_add_data_func ("/base/dtls/each-lost", NULL, test_each_lost);
  g_test_add_data_func ("/base/dtls/each-lost/cookie", "", test_each_lost);
  g_test_add_data_func ("/base/dtls/lossy", NULL, test_lossy);
  g_test_add_data_func ("/base/dtls/lossy/cookie", "", test_lossy);
  g_test_add_data_func ("/base/dtls/fragments", NULL, test_fragments);
  g_test_add_data_func ("/base/dtls/fragments/cookie", "", test_fragments);
  g_test_add_func ("/base/dtls/stale", test_stale);
  g_test_add_func ("/base/dtls/timing", test_timing);
  g_test_add_func ("/base/dtls/close", test_close);
  g_test_add_func ("/base/dtls/forged", test_forged);
  g_test_add_func ("/base/dtls/versions", test_versions);
  result = g_test_run ();
  tls_tear_down ();
  return result;
}
