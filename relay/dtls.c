/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   client                                        worker
 *     ClientHello ----------------------------->    nothing is kept
 *                 <------- HelloVerifyRequest (cookie)
 *     ClientHello (cookie) -------------------->    RelaySession, HANDSHAKE
 *                 <---------- ServerHello ... Done
 *     ClientKeyExchange ... Finished ---------->
 *                 <--------------------- Finished    OPEN
 *     a STUN message or ChannelData in a record <->  RelayTurn
 */
#include "relay/dtls.h"

#include <openssl/ssl.h>

#include "base/dtls.h"
#include "base/rate.h"
#include "base/siphash.h"
#include "relay/cookie.h"

#define BUCKETS_MIN 64
#define MTU 1200 /* of the handshake's datagrams */
#define SOURCES 4096 /* addresses whose rates are known at once; 16 bytes each */

struct RelaySession {
  RelayDtls *front;
  RelaySession *next; /* in its bucket */
  AlDtls *dtls;       /* owned */
  AlTimer timer;      /* of the handshake; then, from time to time, whether anybody needs it */
  RelayTuple path;    /* of its datagrams */
  RelayTuple client;  /* of its messages */
  uint8_t random[AL_DTLS_RANDOM_BYTES]; /* of its ClientHello */
  int64_t now_us;     /* of the datagram that is read */
  int64_t wake_us;    /* when the timer fires */
  GList unproved;     /* its link in the list; data: NULL when it is not there: it has held an allocation */
  unsigned tag;       /* the door's */
  bool has_place;     /* the door counts it */
};

struct RelayDtls {
  /* passed in, not owned */
  AlTimerWheel *wheel;
  const RelayDtlsIo *io;
  void *user;
  AlAdmission door;
  /* owned */
  AlTls *tls; /* a reference */
  RelayCookie *cookie;
  RelaySession **buckets;
  unsigned n_buckets, n;
  RelaySession *last; /* whose the last datagram was */
  AlSipKey sip;
  AlRate rate;
  AlRateTable *sources;
  GQueue unproved; /* of RelaySession, the oldest first */
};

/* Returns: does @session hold an allocation now. One that ever did is not in the list any more */
static bool
prove (RelaySession *session)
{
  RelayDtls *self = session->front;

  if (!self->io->is_used (&session->client, self->user))
    return false;
  if (session->unproved.data != NULL)
    g_queue_unlink (&self->unproved, &session->unproved);
  session->unproved.data = NULL;
  return true;
}

static void
on_send (const uint8_t *data, size_t len, void *user)
{
  const RelaySession *session = user;

  session->front->io->send (&session->path, data, len, session->front->user);
}

static void
on_receive (const uint8_t *data, size_t len, void *user)
{
  RelaySession *session = user;

  session->front->io->receive (&session->client, data, len, session->now_us, session->front->user);
  if (session->unproved.data != NULL)
    (void) prove (session);
}

/* @path: or the client, whose addresses are the same: a session is found by either */
static unsigned
bucket_of (const RelayDtls *self, const RelayTuple *path)
{
  const RelayTuple addresses = { .remote = path->remote, .local = path->local, .transport = RELAY_UDP };
  uint8_t key[RELAY_TUPLE_KEY];
  size_t len = relay_tuple_write_key (&addresses, key);

  return (unsigned) al_siphash (&self->sip, key, len) & (self->n_buckets - 1);
}

static RelaySession *
find (RelayDtls *self, const RelayTuple *path)
{
  RelaySession *session = self->last;

  if (session != NULL && relay_tuple_equal (&session->path, path))
    return session;
  if (self->n == 0)
    return NULL;
  for (session = self->buckets[bucket_of (self, path)]; session != NULL; session = session->next)
    if (relay_tuple_equal (&session->path, path))
      return self->last = session;
  return NULL;
}

static void
put (RelayDtls *self, RelaySession *session)
{
  unsigned bucket = bucket_of (self, &session->path);

  session->next = self->buckets[bucket];
  self->buckets[bucket] = session;
}

static void
insert (RelayDtls *self, RelaySession *session)
{
  if (self->n >= self->n_buckets)
    {
      g_autofree RelaySession **old = self->buckets;
      unsigned n = self->n_buckets;

      self->n_buckets = n == 0 ? BUCKETS_MIN : 2 * n;
      self->buckets = g_new0 (RelaySession *, self->n_buckets);
      for (unsigned i = 0; i < n; i++)
        for (RelaySession *other = old[i], *next; other != NULL; other = next)
          {
            next = other->next;
            put (self, other);
          }
    }
  put (self, session);
  self->n++;
  self->last = session;
}

/* without a word to the client */
static void
session_end (RelaySession *session, int64_t now_us)
{
  RelayDtls *self = session->front;
  RelaySession **at = &self->buckets[bucket_of (self, &session->path)];

  while (*at != session)
    at = &(*at)->next;
  *at = session->next;
  self->n--;
  if (self->last == session)
    self->last = NULL;
  al_timer_cancel (&session->timer);
  if (session->unproved.data != NULL)
    g_queue_unlink (&self->unproved, &session->unproved);
  self->io->ended (&session->client, now_us, self->user);
  if (session->has_place && self->door.dismiss != NULL)
    self->door.dismiss (&session->path.remote, session->tag, self->door.user);
  al_dtls_free (session->dtls);
  g_free (session);
}

static void
wake_at (RelaySession *session, int64_t at_us)
{
  session->wake_us = at_us;
  al_timer_set (session->front->wheel, &session->timer, at_us);
}

/* after a step of @session, which was in @before: it may be gone then */
static void
follow (RelaySession *session, AlDtlsState before, int64_t now_us)
{
  AlDtlsState state = al_dtls_get_state (session->dtls);

  if (state >= AL_DTLS_CLOSED)
    session_end (session, now_us);
  else if (state == AL_DTLS_HANDSHAKE)
    wake_at (session, al_dtls_get_deadline (session->dtls));
  else if (before != AL_DTLS_OPEN)
    wake_at (session, now_us + RELAY_DTLS_IDLE_US);
}

static void
on_timer (AlTimer *timer, void *user)
{
  RelaySession *session = user;
  AlDtlsState before = al_dtls_get_state (session->dtls);
  int64_t now_us = session->wake_us;

  if (before == AL_DTLS_OPEN && prove (session))
    wake_at (session, now_us + RELAY_DTLS_IDLE_US);
  else if (before == AL_DTLS_OPEN)
    al_dtls_close (session->dtls, now_us);
  else
    al_dtls_tick (session->dtls, now_us);
  follow (session, before, now_us);
}

static RelaySession *
session_new (RelayDtls *self, const RelayTuple *path, const AlDtlsHello *hello)
{
  static const AlDtlsConfig config = { MTU, RELAY_DTLS_FIRST_US, RELAY_DTLS_CAP_US, RELAY_DTLS_GIVE_UP_US };
  static const AlDtlsOps ops = { on_send, on_receive };
  RelaySession *session = g_new0 (RelaySession, 1);
  SSL_CTX *ctx = al_tls_dup_ctx (self->tls);

  session->front = self;
  session->dtls = al_dtls_new (ctx, &config, &ops, session);
  SSL_CTX_free (ctx);
  if (session->dtls == NULL)
    {
      g_free (session);
      return NULL;
    }
  session->path = session->client = *path;
  session->client.transport = RELAY_DTLS;
  session->client.conn = session;
  memcpy (session->random, hello->random, sizeof session->random);
  al_timer_init (&session->timer, on_timer, session);
  session->unproved.data = session;
  g_queue_push_tail_link (&self->unproved, &session->unproved);
  insert (self, session);
  return session;
}

/* of one address first: what it is refused takes nothing from the others */
static bool
take_rate (RelayDtls *self, const AlAddr *remote, int64_t now_us)
{
  static const AlRateLimit limit = { RELAY_DTLS_PER_S / 5, G_USEC_PER_SEC / RELAY_DTLS_PER_S };
  uint8_t key[AL_RATE_ADDR_KEY];
  size_t len = al_rate_addr_key (remote, key);

  return al_rate_table_take (self->sources, key, len, 1, now_us) == 0 && al_rate_take (&self->rate, &limit, 1, now_us) == 0;
}

/* the one that comes has shown where it is, the oldest has done no more in a longer time */
static void
make_room (RelayDtls *self, int64_t now_us)
{
  while (self->unproved.length > RELAY_DTLS_UNPROVED_MAX)
    {
      RelaySession *oldest = self->unproved.head->data;

      if (prove (oldest)) /* an allocation came along from another worker */
        continue;
      al_dtls_close (oldest->dtls, now_us);
      session_end (oldest, now_us);
    }
}

/* @hello holds a cookie that is right: the address is the client's. @old: (nullable): the session that this one takes the place
 * of, also before the door; it ends only when there is a new one. Returns: (nullable): NULL: there is no room */
static RelaySession *
admit (RelayDtls *self, RelaySession *old, const RelayTuple *path, const AlDtlsHello *hello, int64_t now_us)
{
  RelaySession *session = NULL;
  unsigned tag = old != NULL ? old->tag : 0;

  if (take_rate (self, &path->remote, now_us)
      && (old != NULL || self->door.admit == NULL || self->door.admit (&path->remote, &tag, self->door.user)))
    {
      session = session_new (self, path, hello);
      if (session == NULL && old == NULL && self->door.dismiss != NULL)
        self->door.dismiss (&path->remote, tag, self->door.user);
    }
  if (session == NULL)
    {
      self->io->drop (RELAY_DROP_CONNECTIONS, self->user);
      return NULL;
    }
  session->tag = tag;
  session->has_place = true;
  if (old != NULL)
    {
      old->has_place = false;
      session_end (old, now_us);
    }
  make_room (self, now_us);
  al_dtls_accept_verified (session->dtls, hello, now_us);
  return session;
}

/* the answer is shorter than any ClientHello, and nothing is kept */
static void
ask_for_cookie (RelayDtls *self, const RelayTuple *path, const AlDtlsHello *hello, int64_t now_us)
{
  uint8_t bytes[RELAY_COOKIE_BYTES], answer[AL_DTLS_VERIFY_BYTES (RELAY_COOKIE_BYTES)];

  relay_cookie_make (self->cookie, path, hello, now_us, bytes);
  (void) al_dtls_verify_write (hello, bytes, sizeof bytes, answer);
  self->io->send (path, answer, sizeof answer, self->user);
}

/* a ClientHello that is not @session's. One without a cookie must be whole: in the rest of one in fragments use_srtp may stand,
 * and a WebRTC peer that was asked for a cookie here could not connect any more: the SFU knows of none.
 * Returns: (nullable): whose the datagram is now */
static RelaySession *
greet (RelayDtls *self, RelaySession *session, const RelayTuple *path, const AlDtlsHello *hello, int64_t now_us)
{
  if (hello->has_use_srtp) /* a WebRTC peer whose check of ICE was lost: it comes again */
    self->io->drop (RELAY_DROP_UNAUTHORIZED, self->user);
  else if (relay_cookie_check (self->cookie, path, hello, now_us) && hello->message_seq >= 1
           && hello->message_seq <= AL_DTLS_HELLOS_MAX)
    {
      /* RFC 6347 §4.2.8: who comes back by the same address, and has proved that it is his, has forgotten the old one */
      return admit (self, session, path, hello, now_us);
    }
  else if (!hello->is_whole)
    self->io->drop (RELAY_DROP_UNAUTHORIZED, self->user);
  else if (self->io->may_answer (&path->remote, now_us, self->user))
    ask_for_cookie (self, path, hello, now_us);
  return NULL;
}

void
relay_dtls_on_datagram (RelayDtls *self, const RelayTuple *path, const uint8_t *data, size_t len, int64_t now_us)
{
  RelaySession *session = find (self, path);
  AlDtlsState before;
  AlDtlsHello hello;

  if (al_dtls_hello_parse (data, len, &hello)
      && (session == NULL || memcmp (hello.random, session->random, sizeof session->random) != 0))
    {
      session = greet (self, session, path, &hello, now_us);
      if (session == NULL)
        return;
    }
  if (session == NULL)
    {
      self->io->drop (RELAY_DROP_UNAUTHORIZED, self->user);
      return;
    }
  if (len > AL_DTLS_DATAGRAM_MAX)
    {
      self->io->drop (RELAY_DROP_LONG, self->user);
      return;
    }
  before = al_dtls_get_state (session->dtls);
  session->now_us = now_us;
  al_dtls_on_datagram (session->dtls, data, len, now_us);
  follow (session, before, now_us);
}

bool
relay_dtls_claims (RelayDtls *self, const RelayTuple *path, const uint8_t *data, size_t len)
{
  AlDtlsHello hello;

  /* a peer may come by the address of a client that has vanished, before that one's session ends */
  return find (self, path) != NULL && !(al_dtls_hello_parse (data, len, &hello) && hello.has_use_srtp);
}

void
relay_dtls_send (RelaySession *session, const void *data, size_t len, int64_t now_us)
{
  if (len > AL_DTLS_RECORD_MAX)
    session->front->io->drop (RELAY_DROP_LONG, session->front->user);
  else if (!al_dtls_send (session->dtls, data, len) && al_dtls_get_state (session->dtls) >= AL_DTLS_CLOSED)
    wake_at (session, now_us); /* it may be in the middle of a call */
}

bool
relay_dtls_is_open (RelayDtls *self, const RelayTuple *client)
{
  const RelaySession *session;

  if (self->n == 0)
    return false;
  session = self->buckets[bucket_of (self, client)];
  while (session != NULL && session != client->conn)
    session = session->next;
  return session != NULL && al_addr_equal (&session->path.remote, &client->remote)
         && al_dtls_get_state (session->dtls) == AL_DTLS_OPEN;
}

unsigned
relay_dtls_get_n (const RelayDtls *self)
{
  return self->n;
}

RelayDtls *
relay_dtls_new (AlTls *tls, AlTimerWheel *wheel, const AlAdmission *door, const RelayDtlsIo *io, void *user)
{
  static const AlRateLimit of_source = { RELAY_DTLS_PER_SOURCE_BURST, G_USEC_PER_SEC / RELAY_DTLS_PER_SOURCE_S };
  RelayDtls *self = g_new0 (RelayDtls, 1);

  self->tls = al_tls_ref (tls);
  self->wheel = wheel;
  if (door != NULL)
    self->door = *door;
  self->io = io;
  self->user = user;
  self->cookie = relay_cookie_new ();
  self->sources = al_rate_table_new (&of_source, SOURCES);
  g_queue_init (&self->unproved);
  al_sip_key_init_random (&self->sip);
  return self;
}

void
relay_dtls_free (RelayDtls *self)
{
  if (self == NULL)
    return;
  for (unsigned i = 0; i < self->n_buckets; i++)
    while (self->buckets[i] != NULL)
      {
        al_dtls_close (self->buckets[i]->dtls, self->buckets[i]->now_us);
        session_end (self->buckets[i], self->buckets[i]->now_us);
      }
  g_free (self->buckets);
  al_rate_table_free (self->sources);
  relay_cookie_free (self->cookie);
  al_tls_unref (self->tls);
  g_free (self);
}
