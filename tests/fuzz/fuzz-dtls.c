/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions of TURN over DTLS, before strangers and before clients of the same parts: the input is a list of commands
 * (run_command()): datagrams as they are, ClientHellos with cookies of whomever, clients that connect, talk and leave, with
 * datagrams turned, lost and sent from elsewhere, and time. A model says which addresses have brought back what was sent to
 * them, with the ClientHello that it was sent for, in time: nobody else has a session, gets more bytes than came in his name, or
 * is heard. Longer than a parser's target, since this is one of a state machine, with its clients and the model. Without a
 * dictionary: commands are single bytes, and cookies are put in by the commands.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <openssl/ssl.h>
#include <string.h>

#include "virtual-clock.h"
#include "base/bytes.h"
#include "base/dtls.h"
#include "relay/cookie.h"
#include "relay/dtls.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define N_PATHS 4
#define PENDING_MAX 64
#define COMMANDS_MAX 300

typedef struct {
  unsigned from;
  size_t len;
  uint8_t data[AL_DTLS_DATAGRAM_MAX];
} Datagram;

/* what a client that is asked for a cookie must not change, and when it was asked */
typedef struct {
  uint8_t cookie[RELAY_COOKIE_BYTES], random[AL_DTLS_RANDOM_BYTES], session_id[AL_DTLS_SESSION_ID_MAX];
  uint8_t session_id_len;
  int64_t at_us;
} Question;

typedef struct {
  RelayTuple path;
  AlDtls *client;    /* (nullable) */
  GArray *questions; /* Question, all that it was sent */
  uint8_t cookie[RELAY_COOKIE_BYTES]; /* of the last one */
  bool has_cookie;
  bool verified;     /* a ClientHello with one of them came back from there */
  size_t owed;     /* bytes that may be sent there before */
} Place;

static Place places[N_PATHS];
static Datagram pending[PENDING_MAX];
static unsigned n_pending, n_sessions_ended, at_place;
static RelayDtls *front;
static AlTls *tls;
static SSL_CTX *client_ctx;
static int sockets[1];
static bool is_used;
static Question asked; /* by the datagram that is read */

static void
on_client_send (const uint8_t *data, size_t len, void *user)
{
  if (n_pending == PENDING_MAX)
    return;
  pending[n_pending] = (Datagram){ (unsigned) ((Place *) user - places), len, { 0 } };
  memcpy (pending[n_pending++].data, data, len);
}

static void
on_send (const RelayTuple *path, const uint8_t *data, size_t len, void *user)
{
  unsigned i = 0;

  while (i < N_PATHS && !relay_tuple_equal (&places[i].path, path))
    i++;
  g_assert_cmpuint (i, <, N_PATHS);
  if (!places[i].verified)
    {
      g_assert_cmpuint (i, ==, at_place); /* an answer */
      g_assert_cmpuint (len, <=, places[i].owed);
      places[i].owed -= len;
      g_assert_cmpuint (len, ==, AL_DTLS_VERIFY_BYTES (RELAY_COOKIE_BYTES));
    }
  if (len == AL_DTLS_VERIFY_BYTES (RELAY_COOKIE_BYTES) && data[13] == 3)
    {
      memcpy (places[i].cookie, data + 28, RELAY_COOKIE_BYTES);
      places[i].has_cookie = true;
      memcpy (asked.cookie, data + 28, RELAY_COOKIE_BYTES);
      g_array_append_val (places[i].questions, asked);
    }
  if (places[i].client != NULL)
    al_dtls_on_datagram (places[i].client, data, len, clock_us);
}

/* what is taken was said by a client at that address, who is connected */
static void
on_receive (const RelayTuple *from, const uint8_t *data, size_t len, int64_t now_us, void *user)
{
  const Place *place = &places[at_place];

  g_assert_true (al_addr_equal (&from->remote, &place->path.remote) && place->verified);
  g_assert_cmpuint (len, ==, 5);
  g_assert_cmpmem (data, 4, "said", 4);
  g_assert_cmpuint (data[4], ==, at_place);
  g_assert_true (relay_dtls_is_open (front, from));
  relay_dtls_send (from->conn, data, len, now_us);
}

static bool
on_may_answer (const AlAddr *remote, int64_t now_us, void *user)
{
  return true;
}

static bool
on_is_used (const RelayTuple *client, void *user)
{
  return is_used;
}

static void
on_ended (const RelayTuple *client, int64_t now_us, void *user)
{
  n_sessions_ended++;
}

static void
on_drop (RelayDrop why, void *user)
{
}

static bool
is_answer (const Question *question, const AlDtlsHello *hello)
{
  return hello->cookie_len == RELAY_COOKIE_BYTES && memcmp (hello->cookie, question->cookie, RELAY_COOKIE_BYTES) == 0
         && memcmp (hello->random, question->random, AL_DTLS_RANDOM_BYTES) == 0
         && hello->session_id_len == question->session_id_len
         && memcmp (hello->session_id, question->session_id, hello->session_id_len) == 0
         && clock_us - question->at_us < RELAY_COOKIE_US + 1000; /* it has milliseconds */
}

static void
give (unsigned from, const uint8_t *data, size_t len)
{
  g_autofree uint8_t *exact = g_memdup2 (data, len);
  Place *place = &places[from];
  AlDtlsHello hello;

  if (al_dtls_hello_parse (exact, len, &hello))
    {
      AlDtlsHello again;
      uint8_t answer[AL_DTLS_VERIFY_BYTES (AL_DTLS_COOKIE_MAX)];

      g_assert_cmpuint (al_dtls_verify_write (&hello, place->cookie, sizeof place->cookie, answer), <, len);
      g_assert_false (al_dtls_hello_parse (answer, AL_DTLS_VERIFY_BYTES (sizeof place->cookie), &again));
      for (unsigned i = 0; i < place->questions->len; i++)
        place->verified |= is_answer (&g_array_index (place->questions, Question, i), &hello);
      asked = (Question){ .session_id_len = hello.session_id_len, .at_us = clock_us };
      memcpy (asked.random, hello.random, sizeof asked.random);
      memcpy (asked.session_id, hello.session_id, hello.session_id_len);
    }
  at_place = from;
  place->owed = len;
  relay_dtls_on_datagram (front, &place->path, exact, len, clock_us);
}

static void
give_hello (unsigned from, AlReader *in)
{
  const Place *of = &places[al_reader_u8 (in) % N_PATHS];
  uint8_t flags = al_reader_u8 (in), seed = al_reader_u8 (in), data[256], body[160];
  bool with_cookie = (flags & 1) != 0 && of->has_cookie;
  AlWriter out;
  size_t len, part;

  al_writer_init (&out, body, sizeof body);
  al_writer_u16 (&out, 0xfefd);
  for (unsigned i = 0; i < AL_DTLS_RANDOM_BYTES; i++)
    al_writer_u8 (&out, (uint8_t) (seed & 3));
  al_writer_u8 (&out, 0);
  al_writer_u8 (&out, with_cookie ? RELAY_COOKIE_BYTES : 0);
  al_writer_bytes (&out, of->cookie, with_cookie ? RELAY_COOKIE_BYTES : 0);
  al_writer_u32 (&out, 0x0004c02b);
  al_writer_u32 (&out, 0xc02f0100);
  al_writer_u32 (&out, 0x00080000 | (flags & 2 ? 14 : 10)); /* use_srtp, or groups */
  al_writer_u32 (&out, 0x00040002);
  al_writer_u16 (&out, 0x001d);
  len = al_writer_len (&out);
  part = flags & 4 ? MIN (len, (size_t) seed) : len;
  al_writer_init (&out, data, sizeof data);
  al_writer_u24 (&out, 0x16fefd);
  al_writer_u16 (&out, 0);
  al_writer_u48 (&out, seed >> 2);
  al_writer_u16 (&out, (uint16_t) (12 + part));
  al_writer_u8 (&out, 1);
  al_writer_u24 (&out, (uint32_t) len);
  al_writer_u16 (&out, (uint16_t) (flags >> 5));
  al_writer_u24 (&out, 0);
  al_writer_u24 (&out, (uint32_t) part);
  al_writer_bytes (&out, body, part);
  give (from, data, al_writer_len (&out));
}

static void
connect_client (Place *place)
{
  static const AlDtlsConfig config = { 1200, 100 * 1000, 400 * 1000, 60 * G_USEC_PER_SEC };
  static const AlDtlsOps ops = { .send = on_client_send };

  al_dtls_free (place->client);
  place->client = al_dtls_new (client_ctx, &config, &ops, place);
  al_dtls_connect (place->client, clock_us);
}

/* one of the datagrams that wait: in or out of order, twice, turned, from elsewhere, or not at all */
static void
deliver (AlReader *in)
{
  uint8_t how = al_reader_u8 (in), which = al_reader_u8 (in);
  Datagram datagram;

  if (n_pending == 0)
    return;
  which = how & 1 ? (uint8_t) (which % n_pending) : 0;
  datagram = pending[which];
  if ((how & 2) == 0)
    memmove (&pending[which], &pending[which + 1], (--n_pending - which) * sizeof *pending);
  if (how & 4)
    {
      uint16_t bit = al_reader_u16 (in);

      datagram.data[bit / 8 % datagram.len] ^= (uint8_t) (1 << bit % 8);
    }
  if ((how & 8) == 0)
    give (how & 16 ? (datagram.from + 1) % N_PATHS : datagram.from, datagram.data, datagram.len);
}

static void
pass_time (AlTimerWheel *wheel, int64_t us)
{
  clock_us += us;
  at_place = N_PATHS;
  (void) al_timer_wheel_advance (wheel, clock_us);
  for (unsigned i = 0; i < N_PATHS; i++)
    if (places[i].client != NULL)
      al_dtls_tick (places[i].client, clock_us);
}

static void
run_command (AlReader *in, AlTimerWheel *wheel)
{
  uint8_t op = al_reader_u8 (in);
  unsigned at = op >> 4 & 3, verified = 0;
  Place *place = &places[at];
  uint8_t said[5] = { 's', 'a', 'i', 'd', (uint8_t) at };
  size_t len;

  switch (op & 7)
    {
    case 0:
      len = al_reader_u8 (in);
      len = MIN (len, al_reader_remaining (in));
      give (at, al_reader_slice (in, len), len);
      break;
    case 1:
      give_hello (at, in);
      break;
    case 2:
      connect_client (place);
      break;
    case 3:
    case 4:
      for (unsigned i = op & 8 ? n_pending : 1; i > 0; i--)
        deliver (in);
      break;
    case 5:
      pass_time (wheel, (int64_t) al_reader_u8 (in) * (op & 8 ? G_USEC_PER_SEC : 10 * 1000));
      break;
    case 6:
      if (place->client != NULL)
        (void) al_dtls_send (place->client, said, sizeof said);
      break;
    default:
      if (op & 8)
        is_used = !is_used;
      else if (place->client != NULL)
        al_dtls_close (place->client, clock_us);
    }
  for (unsigned i = 0; i < N_PATHS; i++)
    verified += places[i].verified;
  g_assert_cmpuint (relay_dtls_get_n (front), <=, verified);
}

static void
make_identity (void)
{
  static const char *const names[] = { "localhost", NULL };
  g_autofree char *dir = g_dir_make_tmp ("fuzz-dtls-XXXXXX", NULL);
  g_autofree char *certificate = g_build_filename (dir, "c", NULL), *key = g_build_filename (dir, "k", NULL);
  g_autoptr (AlTls) stream = NULL;

  g_assert_true (al_tls_make_self_signed (certificate, key, names, 30, NULL));
  stream = al_tls_new (certificate, key, NULL, NULL);
  tls = al_tls_new_datagram (stream, NULL);
  g_assert_nonnull (tls);
  client_ctx = SSL_CTX_new (DTLS_client_method ());
  (void) g_unlink (certificate);
  (void) g_unlink (key);
  (void) g_rmdir (dir);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const RelayDtlsIo io = { on_send, on_receive, on_may_answer, on_is_used, on_ended, on_drop };
  AlTimerWheel *wheel;
  AlReader in;

  if (tls == NULL)
    make_identity ();
  clock_us = CLOCK_START_US;
  wheel = al_timer_wheel_new (clock_us);
  front = relay_dtls_new (tls, wheel, NULL, &io, NULL);
  is_used = false;
  n_pending = 0;
  for (unsigned i = 0; i < N_PATHS; i++)
    {
      places[i] = (Place){ .path = { .transport = RELAY_UDP, .conn = &sockets[0] } };
      places[i].questions = g_array_new (FALSE, FALSE, sizeof (Question));
      g_assert_true (al_addr_parse (i < 2 ? "192.0.2.1" : "2001:db8::1", (uint16_t) (1000 + i), &places[i].path.remote, NULL));
      g_assert_true (al_addr_parse (i < 2 ? "192.0.2.9" : "2001:db8::9", 3478, &places[i].path.local, NULL));
    }
  al_reader_init (&in, data, size);
  for (unsigned i = 0; i < COMMANDS_MAX && al_reader_remaining (&in) > 0; i++)
    run_command (&in, wheel);

  /* nobody stays for ever */
  is_used = false;
  for (unsigned i = 0; i < 200; i++)
    pass_time (wheel, G_USEC_PER_SEC);
  g_assert_cmpuint (relay_dtls_get_n (front), ==, 0);
  g_assert_cmpint (al_timer_wheel_next_us (wheel), ==, INT64_MAX);
  relay_dtls_free (front);
  for (unsigned i = 0; i < N_PATHS; i++)
    {
      al_dtls_free (places[i].client);
      g_array_unref (places[i].questions);
    }
  al_timer_wheel_free (wheel);
  return 0;
}
