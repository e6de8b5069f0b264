/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay's state machine: two workers, eight 5-tuples over UDP, TCP and TLS, a clock. The input is a list of commands
 * (run_command()); requests of known users are signed here, so that deep states are reached. A model of what those requests
 * were granted says what may leave: nothing without an allocation, nothing to or from a peer without permission or that the
 * policy denies, and no long answer to a source that has not been verified. At the end everything has come back.
 *
 * One file, though long: what may be follows from the whole of the model.
 */
#include <glib.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/bytes.h"
#include "base/stun.h"
#include "relay/turn.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define REALM "r"
#define SECOND ((int64_t) G_USEC_PER_SEC)
#define N_TUPLES 8
#define N_GHOSTS 16 /* allocations whose client went away without a word, and may come back with its ticket */
#define N_TICKETS 4
#define TICKET_CHARS 24
#define N_USERS 3
#define N_PEERS 16
#define SOCKETS_MAX 64
#define GRANTS_MAX 512
#define CHALLENGE_BYTES (20 + 8 + 8 + 40 + 12 + 8) /* of our realm, with the longest nonce and a fingerprint */

/* what a tuple was granted: a permission (number 0), or a channel */
typedef struct {
  AlAddr peer;
  uint16_t number;
  int64_t until_us;
} Grant;

typedef struct {
  RelayTuple tuple;
  unsigned worker, n_grants;
  bool allocated;
  Grant grants[GRANTS_MAX];
} Client;

typedef struct {
  RelayAlloc *alloc;
  AlAddr address;
  unsigned worker;
} Socket;

static const char *const users[] = { "ann:pa", "bob:pb", NULL }, *const only_bob[] = { "bob:pb", NULL }, *const none[] = { NULL };
static const char *const secrets[] = { "new", "old", NULL }, *const later[] = { "new", NULL };
static const char *const deny[] = { "9.9.9.0/24", "2620:fe::/48", NULL }, *const allow[] = { "10.1.0.0/16", NULL };
static const char *const peer_texts[N_PEERS] = {
  "9.9.9.9:4000", "9.9.9.9:4001",    "20.0.0.1:4000",       "10.1.0.1:4000", "127.0.0.1:4000",           "169.254.169.254:80",
  "9.9.9.9:53",   "[2620:fe::9]:40", "[2620:fe::9]:4000",   "[::1]:4000",    "[::ffff:9.9.9.9]:4000",    "[64:ff9b::9.9.9.9]:4000",
  "20.0.0.2:0",   "192.0.2.1:3478",  "[64:ff9b::c000:201]:50000", "[2a00::1]:4000",
};
static const char *const tuple_texts[N_TUPLES] = { "9.8.7.6:1", "9.8.7.6:2", "9.8.7.5:1", "[2a00::7]:1",
                                                   "9.8.7.6:1", "9.8.7.6:1", "9.8.7.4:1", "[2a00::7]:1" };

/* kept from input to input */
static RelayCredentials *credentials[3];
static RelayPolicy *policies[3];
static RelayNonce *nonce;
static AlHmac *hmac;
static AlAddr peers[N_PEERS], relay_addrs[2];

/* of one input */
static RelayTurn *turns[2];
static RelayTurnConfig configs[2];
static unsigned at_config;
static RelayShared shared;
static AlTimerWheel *wheel;
static int64_t now_us;
static Client clients[N_TUPLES + N_GHOSTS];
static Socket *sockets[SOCKETS_MAX];
static unsigned n_sockets, n_allocs, serial;
static uint8_t token[RELAY_TOKEN_BYTES];
static char tickets[N_TICKETS][TICKET_CHARS];
static unsigned n_tickets;
static struct {
  unsigned worker;
  RelayMove *move;
} moves[8];
static unsigned n_moves;
static size_t asked_bytes; /* of the message that is handled now */
static bool verified;      /* the message that is handled now was signed by a user */
static bool failing_open;
static AlStunClass answer; /* to the last request; AL_STUN_REQUEST: none */
static struct {
  AlAddr from, to;
  unsigned worker;
} hairpins[8];
static unsigned n_hairpins;

static AlAddr
addr_of (const char *text)
{
  AlAddr addr;

  g_assert_true (al_addr_parse (text, 0, &addr, NULL));
  return addr;
}

/* Returns: (nullable) */
static Client *
find_client (const RelayTuple *tuple)
{
  for (unsigned i = 0; i < N_TUPLES + N_GHOSTS; i++)
    if ((i < N_TUPLES || clients[i].allocated) && relay_tuple_equal (&clients[i].tuple, tuple))
      return &clients[i];
  return NULL;
}

static Client *
client_of (const RelayTuple *tuple)
{
  Client *client = find_client (tuple);

  g_assert_nonnull (client);
  return client;
}

static void
note_present (const RelayAllocInfo *info, void *user)
{
  bool *present = user;
  const Client *client = find_client (&info->tuple);

  if (client != NULL)
    present[client - clients] = true;
}

/* the one that the model knows, and the server has under another 5-tuple or not at all. Only one changes at a time */
static Client *
find_lost (void)
{
  bool present[N_TUPLES + N_GHOSTS] = { false };

  for (unsigned i = 0; i < 2; i++)
    relay_turn_foreach (turns[i], note_present, present);
  for (unsigned i = 0; i < N_TUPLES + N_GHOSTS; i++)
    if (clients[i].allocated && !present[i])
      return &clients[i];
  g_assert_not_reached ();
}

static void
hand_over (Client *from, Client *to)
{
  g_assert_false (to->allocated);
  to->allocated = true;
  to->n_grants = from->n_grants;
  memcpy (to->grants, from->grants, from->n_grants * sizeof *from->grants);
  from->allocated = false;
  from->n_grants = 0;
}

/* @number: -1: any permission or channel; 0: a permission; else that channel. Returns: the grant that lets it pass */
static const Grant *
find_grant (const Client *client, const AlAddr *peer, int number)
{
  for (unsigned i = 0; i < client->n_grants; i++)
    {
      const Grant *grant = &client->grants[i];

      if (grant->until_us <= now_us || (number >= 0 && grant->number != number))
        continue;
      if (grant->number == 0 ? peer != NULL && al_addr_equal_host (&grant->peer, peer)
                             : peer == NULL || al_addr_equal (&grant->peer, peer))
        return grant;
    }
  return NULL;
}

/* behaviour discovery: to the host that asked, and longer than its request by no more than four addresses */
static void
on_send_whole (const RelayTuple *to, const void *data, size_t len, void *user)
{
  AlStunMessage message;
  AlStunAttr attr;
  bool known = false;

  g_assert_true (al_stun_parse (data, len, &message));
  g_assert_true (al_stun_check_fingerprint (&message));
  g_assert_true (message.method == AL_STUN_BINDING && message.cls == AL_STUN_SUCCESS && message.integrity == 0);
  g_assert_true (al_stun_find (&message, AL_STUN_OTHER_ADDRESS, &attr));
  g_assert_cmpuint (len, <=, asked_bytes + 4 * 12 + 8);
  for (unsigned i = 0; i < N_TUPLES && !known; i++)
    known = to->transport == RELAY_UDP && al_addr_equal_host (&clients[i].tuple.remote, &to->remote);
  g_assert_true (known);
  answer = message.cls;
}

static bool
on_from_address (RelayTuple *tuple, void *user)
{
  return al_addr_get_port (&tuple->local) != 0 || !al_addr_equal_host (&tuple->local, &relay_addrs[0]);
}

static void
on_send (const RelayTuple *to, const void *data, size_t len, void *user)
{
  AlStunMessage message;
  AlStunAttr attr;
  Client *client;
  AlAddr peer;

  g_assert_true (al_stun_parse (data, len, &message));
  if (al_stun_find (&message, AL_STUN_OTHER_ADDRESS, &attr))
    {
      on_send_whole (to, data, len, user);
      return;
    }
  client = client_of (to);
  g_assert_true (client < &clients[N_TUPLES]);
  g_assert_true (al_stun_check_fingerprint (&message));
  answer = message.cls;
  if (message.cls != AL_STUN_INDICATION)
    {
      g_assert_true (verified || len <= CHALLENGE_BYTES);
      g_assert_true (verified || (message.integrity == 0 && message.integrity_sha256 == 0));
      g_assert_true (verified || message.cls == AL_STUN_ERROR || message.method == AL_STUN_BINDING);
      if (al_stun_find (&message, AL_STUN_RESERVATION_TOKEN, &attr))
        memcpy (token, attr.value, sizeof token);
      if (al_stun_find (&message, AL_STUN_MOBILITY_TICKET, &attr))
        {
          g_assert_true (verified);
          g_assert_cmpuint (attr.len, ==, TICKET_CHARS);
          memcpy (tickets[n_tickets++ % N_TICKETS], attr.value, TICKET_CHARS);
        }
      return;
    }
  g_assert_true (client->allocated);
  g_assert_true (al_stun_find (&message, AL_STUN_XOR_PEER_ADDRESS, &attr));
  g_assert_true (al_stun_attr_addr (&message, &attr, false, &peer));
  g_assert_nonnull (find_grant (client, &peer, 0));
  al_addr_set_port (&peer, 0); /* inwards the host is what counts (RFC 8656 §9) */
  g_assert_cmpint (relay_policy_check (configs[at_config].policy, &peer), !=, RELAY_PEER_DENIED);
}

static void
on_pass (const RelayTuple *to, const uint8_t head[4], const void *data, size_t len, void *user)
{
  Client *client = client_of (to);
  const Grant *grant = find_grant (client, NULL, head[0] << 8 | head[1]);

  g_assert_true (client < &clients[N_TUPLES]);
  g_assert_true (client->allocated);
  g_assert_cmpuint (head[2] << 8 | head[3], ==, len);
  g_assert_nonnull (grant);
  g_assert_nonnull (find_grant (client, &grant->peer, 0));
}

static void *
on_open (RelayAlloc *alloc, const AlAddr *address, void *user)
{
  Socket *socket;

  g_assert_true (verified);
  g_assert_cmpuint (n_sockets, <, SOCKETS_MAX);
  if (failing_open)
    return NULL;
  socket = g_new0 (Socket, 1);
  *socket = (Socket){ alloc, *address, *(unsigned *) user };
  return sockets[n_sockets++] = socket;
}

static void
on_close (void *socket, void *user)
{
  unsigned i = 0;

  while (i < n_sockets && sockets[i] != socket)
    i++;
  g_assert_cmpuint (i, <, n_sockets);
  sockets[i] = sockets[--n_sockets];
  g_free (socket);
}

/* nobody reaches what he may not */
static void
check_outward (const AlAddr *relayed, const AlAddr *peer)
{
  RelayPeer verdict = relay_policy_check (configs[at_config].policy, peer);
  bool granted = false;

  g_assert_cmpint (verdict, !=, RELAY_PEER_DENIED);
  g_assert_true (verdict == RELAY_PEER_ALLOWED
                 || relay_ports_find (shared.ports, relay_family_of (peer), al_addr_get_port (peer)) >= 0);
  for (unsigned i = 0; i < N_TUPLES && !granted; i++)
    granted = clients[i].allocated && find_grant (&clients[i], peer, -1) != NULL;
  g_assert_true (granted);
}

static void
on_relay (void *opaque, const AlAddr *peer, const void *data, size_t len, bool dont_fragment, void *user)
{
  const Socket *socket = opaque;

  g_assert_nonnull (socket);
  g_assert_cmpint (socket->address.sa.sa_family, ==, peer->sa.sa_family);
  g_assert_cmpuint (len, <=, 65535);
  check_outward (&socket->address, peer);
}

static void
on_hairpin (unsigned worker, const AlAddr *from, const AlAddr *to, const void *data, size_t len, void *user)
{
  g_assert_cmpuint (worker, <, 2);
  g_assert_cmpuint (worker, !=, *(unsigned *) user);
  check_outward (from, to);
  if (n_hairpins >= G_N_ELEMENTS (hairpins))
    return;
  hairpins[n_hairpins].from = *from;
  hairpins[n_hairpins].to = *to;
  hairpins[n_hairpins++].worker = worker;
}

static void
on_ended (const RelayAllocInfo *info, RelayEndReason reason, void *user)
{
  Client *client = find_client (&info->tuple);

  if (client == NULL || !client->allocated)
    client = find_lost (); /* it came, and went with the same request */
  client->allocated = false;
  client->n_grants = 0;
  n_allocs--;
}

static bool
on_is_open (const RelayTuple *tuple, void *user)
{
  return true;
}

static bool
on_move (unsigned worker, RelayMove *move, void *user)
{
  g_assert_true (verified);
  g_assert_cmpuint (worker, <, 2);
  g_assert_cmpuint (n_moves, <, G_N_ELEMENTS (moves));
  moves[n_moves].worker = worker;
  moves[n_moves++].move = move;
  return true;
}

static int
on_detach (void *socket, void *user)
{
  for (unsigned i = 0; i < n_sockets; i++)
    if (sockets[i] == socket)
      return (int) i;
  g_assert_not_reached ();
}

static void *
on_attach (RelayAlloc *alloc, int fd, void *user)
{
  g_assert_cmpuint ((unsigned) fd, <, n_sockets);
  sockets[fd]->alloc = alloc;
  sockets[fd]->worker = *(unsigned *) user;
  return sockets[fd];
}

/* ---- requests ---- */

static void
grant (Client *client, const AlAddr *peer, uint16_t number, int64_t lifetime_s)
{
  Grant *free_one = NULL;

  for (unsigned i = 0; i < client->n_grants; i++)
    {
      Grant *old = &client->grants[i];

      if (number != 0 && old->number != 0 && (old->number == number) != al_addr_equal (&old->peer, peer))
        old->until_us = now_us; /* of what a new policy took away: number or peer are bound anew */
      if (old->number == number && (number == 0 ? al_addr_equal_host (&old->peer, peer) : al_addr_equal (&old->peer, peer)))
        {
          old->until_us = now_us + lifetime_s * SECOND;
          return;
        }
      if (old->until_us <= now_us)
        free_one = old;
    }
  if (free_one == NULL)
    {
      g_assert_cmpuint (client->n_grants, <, GRANTS_MAX);
      free_one = &client->grants[client->n_grants++];
    }
  *free_one = (Grant){ *peer, number, now_us + lifetime_s * SECOND };
}

/* what a request that succeeded gave */
static void
note_success (Client *client, const AlStunMessage *message)
{
  AlStunAttr attr = { 0 };
  uint32_t number = 0;
  AlAddr peer;

  if (message->method == AL_STUN_ALLOCATE && !client->allocated)
    {
      client->allocated = true;
      client->n_grants = 0;
      n_allocs++;
    }
  if (message->method == AL_STUN_REFRESH && !client->allocated)
    {
      uint32_t lifetime_s;

      if (!al_stun_find_u32 (message, AL_STUN_LIFETIME, &lifetime_s) || lifetime_s > 0)
        hand_over (find_lost (), client);
    }
  if (message->method == AL_STUN_CHANNEL_BIND)
    (void) al_stun_find_u32 (message, AL_STUN_CHANNEL_NUMBER, &number);
  if (message->method != AL_STUN_CREATE_PERMISSION && message->method != AL_STUN_CHANNEL_BIND)
    return;
  while (al_stun_next (message, &attr))
    if (attr.type == AL_STUN_XOR_PEER_ADDRESS && al_stun_attr_addr (message, &attr, false, &peer))
      {
        grant (client, &peer, 0, 300);
        if (number == 0)
          continue;
        grant (client, &peer, (uint16_t) (number >> 16), 600);
        break;
      }
}

static void
tell (Client *client, const uint8_t *data, size_t len)
{
  g_autofree uint8_t *exact = g_memdup2 (data, len);
  unsigned sockets_before = n_sockets;

  asked_bytes = len;
  relay_turn_on_message (turns[client->worker], &client->tuple, exact, len, now_us);
  while (n_moves > 0)
    {
      n_moves--;
      relay_turn_on_move (turns[moves[n_moves].worker], moves[n_moves].move, now_us);
    }
  g_assert_true (verified || n_sockets == sockets_before);
}

static void
begin (AlStunWriter *out, uint8_t *data, size_t size, AlStunClass cls, unsigned method)
{
  uint8_t tid[AL_STUN_TID_BYTES] = { 0 };

  serial++;
  memcpy (tid, &serial, sizeof serial);
  al_stun_begin (out, data, size, cls, (uint16_t) (method & 0xfff), tid);
}

static unsigned
make_key (unsigned user, char ret_name[64], uint8_t ret_key[32])
{
  static const char *const passwords[] = { "pa", "pb" };
  g_autofree char *text = NULL, *password = NULL;
  unsigned len = 0;

  if (user < 2)
    g_strlcpy (ret_name, user == 0 ? "ann" : "bob", 64);
  else
    g_strlcpy (ret_name, "5000:cy", 64);
  if (user == 2)
    {
      const struct iovec part = { ret_name, strlen (ret_name) };
      uint8_t mac[AL_HMAC_MAX_BYTES];
      size_t n = al_hmac_compute (hmac, AL_HMAC_SHA1, "old", 3, &part, 1, mac);

      password = g_base64_encode (mac, n);
    }
  text = g_strdup_printf ("%s:%s:%s", ret_name, REALM, user == 2 ? password : passwords[user]);
  g_assert_true (EVP_Digest (text, strlen (text), ret_key, &len, EVP_md5 (), NULL));
  return len;
}

/* signs what @out holds, and sends it. @how: bit 0: SHA-256, bit 1: a fingerprint, bit 2: a wrong key, bit 3: more behind */
static void
ask (Client *client, unsigned user, unsigned how, AlStunWriter *out, uint8_t *data)
{
  char name[64], text[RELAY_NONCE_MAX];
  uint8_t key[32];
  unsigned key_len = make_key (user, name, key);
  unsigned len = relay_nonce_make (nonce, hmac, &client->tuple, now_us / SECOND, text);
  AlStunMessage message;
  size_t n;

  key[0] ^= (how & 4) != 0;
  al_stun_put (out, AL_STUN_USERNAME, name, strlen (name));
  al_stun_put (out, AL_STUN_REALM, REALM, strlen (REALM));
  al_stun_put (out, AL_STUN_NONCE, text, len);
  al_stun_put_integrity (out, hmac, how & 1 ? AL_HMAC_SHA256 : AL_HMAC_SHA1, key, key_len);
  if ((how & 8) != 0)
    al_stun_put_u32 (out, AL_STUN_LIFETIME, 0);
  if ((how & 2) != 0)
    al_stun_put_fingerprint (out);
  n = al_stun_end (out);
  if (n == 0)
    return;
  verified = (how & 4) == 0;
  answer = AL_STUN_REQUEST;
  tell (client, data, n);
  if (answer == AL_STUN_SUCCESS && al_stun_parse (data, n, &message))
    note_success (client, &message);
  verified = false;
}

static void
put_addr (AlStunWriter *out, AlReader *in)
{
  unsigned pick = al_reader_u8 (in);
  AlAddr addr = peers[pick % N_PEERS];

  if (pick >= 128 && n_sockets > 0)
    addr = sockets[pick % n_sockets]->address; /* another allocation: a hairpin */
  al_stun_put_addr (out, AL_STUN_XOR_PEER_ADDRESS, &addr, false);
}

static void
put_any (AlStunWriter *out, AlReader *in)
{
  unsigned n = al_reader_u8 (in) % 8;

  for (; n > 0 && al_reader_remaining (in) >= 4; n--)
    {
      uint16_t type = al_reader_u16 (in);
      size_t said = al_reader_u8 (in), len = MIN (said, al_reader_remaining (in));
      const uint8_t *value = al_reader_slice (in, len);

      if (type != AL_STUN_MESSAGE_INTEGRITY && type != AL_STUN_MESSAGE_INTEGRITY_SHA256 && type != AL_STUN_FINGERPRINT
          && type != AL_STUN_USERNAME && type != AL_STUN_REALM && type != AL_STUN_NONCE && type != AL_STUN_USERHASH
          && type != AL_STUN_PASSWORD_ALGORITHM && type != AL_STUN_PASSWORD_ALGORITHMS)
        al_stun_put (out, type, value, len);
    }
}

static void
put_allocate (AlStunWriter *out, unsigned flags)
{
  al_stun_put_u32 (out, AL_STUN_REQUESTED_TRANSPORT, 17u << 24);
  if ((flags & 1) != 0)
    al_stun_put (out, AL_STUN_EVEN_PORT, (flags & 2) != 0 ? "\x80" : "", 1);
  if ((flags & 4) != 0)
    al_stun_put_u32 (out, AL_STUN_REQUESTED_ADDRESS_FAMILY, (flags & 8) != 0 ? 2u << 24 : 1u << 24);
  if ((flags & 16) != 0)
    al_stun_put_u32 (out, AL_STUN_ADDITIONAL_ADDRESS_FAMILY, 2u << 24);
  if ((flags & 32) != 0)
    al_stun_put (out, AL_STUN_RESERVATION_TOKEN, token, sizeof token);
  if ((flags & 64) != 0)
    al_stun_put_u32 (out, AL_STUN_LIFETIME, 3600);
  failing_open = (flags & 128) != 0;
}

static void
run_request (Client *client, AlReader *in)
{
  static const uint8_t methods[] = { AL_STUN_ALLOCATE, AL_STUN_REFRESH, AL_STUN_CREATE_PERMISSION, AL_STUN_CHANNEL_BIND };
  unsigned kind = al_reader_u8 (in) % 6, who = al_reader_u8 (in), flags;
  uint8_t data[4096];
  AlStunWriter out;

  begin (&out, data, sizeof data, AL_STUN_REQUEST, kind < 4 ? methods[kind] : al_reader_u8 (in));
  flags = al_reader_u8 (in);
  if (kind == 0)
    put_allocate (&out, flags);
  if (kind <= 1 && (who & 8) != 0)
    al_stun_put (&out, AL_STUN_MOBILITY_TICKET, tickets[who % N_TICKETS], kind == 0 ? 0 : TICKET_CHARS);
  else if (kind == 1 && flags < 200)
    al_stun_put_u32 (&out, AL_STUN_LIFETIME, flags * 32);
  if (kind == 1 && (flags & 3) == 3)
    al_stun_put_u32 (&out, AL_STUN_REQUESTED_ADDRESS_FAMILY, (flags & 4) != 0 ? 2u << 24 : 1u << 24);
  if (kind == 2)
    for (unsigned i = 0; i <= flags % 4; i++)
      put_addr (&out, in);
  if (kind == 3)
    {
      al_stun_put_u32 (&out, AL_STUN_CHANNEL_NUMBER, (0x4000u + flags % 8) << 16);
      put_addr (&out, in);
    }
  if (kind >= 4)
    put_any (&out, in);
  /* a wrong key, a fingerprint and what stands behind are rare */
  ask (client, who % N_USERS, (who >> 4 & 3) | (who >> 6 == 3 ? 4u : 0) | (who >> 6 == 2 ? 8u : 0), &out, data);
  failing_open = false;
}

static void
run_data (Client *client, AlReader *in)
{
  unsigned how = al_reader_u8 (in), n = al_reader_u8 (in);
  uint8_t data[512] = { 0x40, (uint8_t) (how & 7), 0, (uint8_t) n };
  AlStunWriter out;

  if (how < 128)
    {
      tell (client, data, MIN (n + 4u + how % 16 / 4 - 1, sizeof data)); /* also one byte short, and padded */
      return;
    }
  begin (&out, data, sizeof data, AL_STUN_INDICATION, AL_STUN_SEND);
  put_addr (&out, in);
  al_stun_put (&out, AL_STUN_DATA_VALUE, "0123456789", n % 10);
  tell (client, data, al_stun_end (&out));
}

static void
run_config (AlReader *in)
{
  unsigned flags = al_reader_u8 (in);
  RelayTurnConfig *config = &configs[!at_config];

  *config = configs[at_config];
  config->policy = policies[flags % 3];
  config->credentials = credentials[flags / 4 % 4 % 3];
  config->max_bps = (flags & 16) != 0 ? 64000 : 0;
  config->replies_per_s = (flags & 32) != 0 ? 5 : 0;
  config->mobility = flags % 8 != 7;
  config->is_draining = (flags & 192) == 192;
  config->alternate[RELAY_IPV4] = addr_of ("5.5.5.5:3478");
  at_config = !at_config;
  for (unsigned i = 0; i < 2; i++)
    relay_turn_set_config (turns[i], config, 0);
}

static void
run_peer (AlReader *in)
{
  unsigned at = al_reader_u8 (in), pick = al_reader_u8 (in);
  AlAddr from = peers[pick % N_PEERS];
  const Socket *socket;

  if (n_sockets == 0)
    return;
  socket = sockets[at % n_sockets];
  if (pick >= 128)
    from = sockets[pick % n_sockets]->address;
  if (from.sa.sa_family == socket->address.sa.sa_family)
    relay_turn_on_peer (turns[socket->worker], socket->alloc, &from, (const uint8_t *) "0123456789", at % 11, now_us);
}

static void
run_hairpins (void)
{
  for (unsigned i = 0; i < n_hairpins; i++)
    relay_turn_on_hairpin (turns[hairpins[i].worker], &hairpins[i].from, &hairpins[i].to, (const uint8_t *) "hairpin", 7, now_us);
  n_hairpins = 0;
}

static void
run_raw (Client *client, AlReader *in)
{
  size_t said = al_reader_u8 (in), len = MIN (said, al_reader_remaining (in));
  const uint8_t *bytes = al_reader_slice (in, len);
  uint8_t data[300] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 };

  tell (client, bytes, len);
  if (len == 0)
    return;
  data[1] = bytes[0];
  len = (len - 1) / 4 * 4;
  memcpy (data + AL_STUN_HEADER_BYTES, bytes + 1, len);
  data[3] = (uint8_t) len;
  data[2] = (uint8_t) (len >> 8);
  tell (client, data, AL_STUN_HEADER_BYTES + len);
}

static void
note_ghost (const RelayAllocInfo *info, void *user)
{
  RelayTuple *tuple = user;

  if (find_client (&info->tuple) == NULL)
    *tuple = info->tuple;
}

static void
run_close (Client *client)
{
  unsigned at = N_TUPLES;

  relay_turn_on_closed (turns[client->worker], &client->tuple, now_us);
  if (!client->allocated)
    return;
  while (clients[at].allocated)
    at++;
  g_assert_cmpuint (at, <, N_TUPLES + N_GHOSTS);
  relay_turn_foreach (turns[client->worker], note_ghost, &clients[at].tuple);
  hand_over (client, &clients[at]);
}

static void
run_command (AlReader *in)
{
  static const char *const ids[] = { "ann", "bob", "cy" };
  unsigned op = al_reader_u8 (in);
  Client *client = &clients[op / 16 % N_TUPLES];

  switch (op % 16)
    {
    case 0:
      run_raw (client, in);
      break;
    case 1:
      now_us += al_reader_u8 (in) * SECOND / 4;
      (void) al_timer_wheel_advance (wheel, now_us);
      break;
    case 2:
      now_us += al_reader_u8 (in) * 10 * SECOND;
      (void) al_timer_wheel_advance (wheel, now_us);
      break;
    case 3:
      run_config (in);
      break;
    case 4:
      for (unsigned i = 0; i < 2; i++)
        relay_turn_revoke (turns[i], ids[op / 16 % 3], now_us / SECOND + al_reader_u8 (in), now_us);
      break;
    case 5:
      run_close (client);
      break;
    case 6:
    case 7:
      run_peer (in);
      break;
    case 8:
      run_hairpins ();
      break;
    case 9:
    case 10:
      run_data (client, in);
      break;
    default:
      run_request (client, in);
      break;
    }
}

/* ---- invariants ---- */

static void
count_alloc (const RelayAllocInfo *info, void *user)
{
  unsigned *counts = user;

  g_assert_true (client_of (&info->tuple)->allocated);
  g_assert_cmpuint (info->permissions, <=, RELAY_MAX_PEERS);
  g_assert_cmpuint (info->channels, <=, RELAY_MAX_PEERS);
  counts[0]++;
  for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
    counts[1] += info->relayed[family].sa.sa_family != AF_UNSPEC;
}

static unsigned
count_held (void)
{
  return relay_quota_get (shared.users, "ann", 3) + relay_quota_get (shared.users, "bob", 3)
         + relay_quota_get (shared.users, "cy", 2);
}

static void
check_all (void)
{
  unsigned counts[2] = { 0 };

  for (unsigned i = 0; i < 2; i++)
    relay_turn_foreach (turns[i], count_alloc, counts);
  g_assert_cmpuint (counts[0], ==, n_allocs);
  g_assert_cmpuint (counts[1], ==, n_sockets);
  g_assert_cmpuint (count_held (), ==, n_allocs);
  g_assert_cmpuint (relay_quota_get (shared.users, "ann", 3), <=, 3);
  g_assert_cmpuint (relay_ports_count (shared.ports), >=, n_sockets);
  g_assert_cmpuint (relay_ports_count (shared.ports), <=, n_sockets + RELAY_MAX_RESERVATIONS);
}

static void
set_up_once (void)
{
  const RelayPolicyConfig plain = { .relay = relay_addrs, .n_relay = 2 };
  const RelayPolicyConfig strict = { .relay = relay_addrs, .n_relay = 2, .deny = deny };
  const RelayPolicyConfig wide = { .relay = relay_addrs, .n_relay = 2, .allow = allow, .allow_loopback = true };
  static const uint8_t key[32] = { 1 };

  hmac = al_hmac_new ();
  nonce = relay_nonce_new (key, RELAY_NONCE_ALGORITHMS);
  relay_addrs[0] = addr_of ("192.0.2.1");
  relay_addrs[1] = addr_of ("2001:db8::1");
  for (unsigned i = 0; i < N_PEERS; i++)
    peers[i] = addr_of (peer_texts[i]);
  credentials[0] = relay_credentials_new (REALM, users, secrets, NULL);
  credentials[1] = relay_credentials_new (REALM, only_bob, later, NULL);
  credentials[2] = relay_credentials_new (REALM, none, none, NULL);
  policies[0] = relay_policy_new (&plain, NULL);
  policies[1] = relay_policy_new (&strict, NULL);
  policies[2] = relay_policy_new (&wide, NULL);
}

static void
start (void)
{
  static const RelayIo io = { on_send, on_send_whole, on_from_address, on_pass, on_open, on_close, on_relay,
                              on_hairpin, on_ended, on_is_open, on_move,  on_detach, on_attach };
  static unsigned indexes[2] = { 0, 1 };
  static char conns[N_TUPLES];

  now_us = 1000 * SECOND;
  at_config = n_sockets = n_allocs = n_hairpins = n_moves = n_tickets = serial = 0;
  wheel = al_timer_wheel_new (now_us);
  shared.nonce = nonce;
  shared.ports = relay_ports_new (50000, 50011);
  shared.users = relay_quota_new (16);
  shared.sources = relay_quota_new (16);
  shared.reservations = relay_reservations_new (shared.ports);
  configs[0] = (RelayTurnConfig){ .credentials = credentials[0], .policy = policies[0], .user_quota = 3, .source_quota = 5,
                                  .total_quota = 20, .max_lifetime_s = 3600, .algorithms = true, .mobility = true };
  memcpy (configs[0].bind, relay_addrs, sizeof relay_addrs);
  configs[0].discovery[RELAY_IPV4][0] = relay_addrs[0]; /* where the tuples of UDP come */
  configs[0].discovery[RELAY_IPV4][1] = addr_of ("192.0.2.2:3479");
  for (unsigned i = 0; i < 2; i++)
    turns[i] = relay_turn_new (i, &configs[0], &shared, wheel, 0, &io, &indexes[i]);
  for (unsigned i = N_TUPLES; i < N_TUPLES + N_GHOSTS; i++)
    clients[i].allocated = false;
  for (unsigned i = 0; i < N_TUPLES; i++)
    {
      Client *client = &clients[i];

      client->tuple = (RelayTuple){ .remote = addr_of (tuple_texts[i]), .local = relay_addrs[0], .conn = i < 4 ? NULL : &conns[i] };
      client->tuple.transport = i < 4 ? RELAY_UDP : i % 2 != 0 ? RELAY_TLS : RELAY_TCP;
      client->worker = i % 2;
      client->allocated = false;
      client->n_grants = 0;
    }
}

/* everything ends by itself: in time for half of the inputs, by a shutdown for the others */
static void
finish (bool by_time)
{
  if (by_time)
    {
      now_us += 3700 * SECOND;
      (void) al_timer_wheel_advance (wheel, now_us);
      g_assert_cmpuint (relay_ports_count (shared.ports), ==, 0);
      check_all ();
      g_assert_cmpuint (n_allocs, ==, 0);
    }
  for (unsigned i = 0; i < 2; i++)
    relay_turn_free (turns[i]);
  relay_reservations_sweep (shared.reservations, INT64_MAX);
  g_assert_cmpuint (n_sockets, ==, 0);
  g_assert_cmpuint (count_held (), ==, 0);
  g_assert_cmpuint (relay_ports_count (shared.ports), ==, 0);
  relay_reservations_free (shared.reservations);
  relay_quota_free (shared.users);
  relay_quota_free (shared.sources);
  relay_ports_free (shared.ports);
  al_timer_wheel_free (wheel);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  AlReader in;

  if (hmac == NULL)
    set_up_once ();
  start ();
  al_reader_init (&in, data, size);
  for (unsigned i = 0; i < 200 && al_reader_remaining (&in) > 0; i++)
    {
      run_command (&in);
      check_all ();
    }
  finish (size % 2 != 0);
  return 0;
}
