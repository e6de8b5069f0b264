/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/mobility.h"

#include <openssl/crypto.h>
#include <unistd.h>

#include "base/random.h"
#include "base/rate.h"

#define PREVIOUS_US (30 * (int64_t) G_USEC_PER_SEC) /* RFC 8016 §3.2.2 */

void
relay_mobility_begin (RelayAlloc *alloc)
{
  alloc->mobility = g_new0 (RelayMobility, 1);
  al_random_bytes (alloc->mobility->secret, RELAY_TICKET_SECRET);
}

static void
renew_ticket (RelayAlloc *alloc, int64_t now_us)
{
  RelayMobility *mobility = alloc->mobility;

  memcpy (mobility->previous, mobility->secret, RELAY_TICKET_SECRET);
  mobility->previous_until_us = now_us + PREVIOUS_US;
  al_random_bytes (mobility->secret, RELAY_TICKET_SECRET);
}

void
relay_mobility_put_ticket (AlStunWriter *out, const RelayAlloc *alloc)
{
  RelayFamily family = alloc->ends[RELAY_IPV4].socket != NULL ? RELAY_IPV4 : RELAY_IPV6;
  uint16_t port = alloc->ends[family].port;
  uint8_t bytes[RELAY_TICKET_BYTES] = { (uint8_t) family, (uint8_t) (port >> 8), (uint8_t) port };
  char text[RELAY_TICKET_CHARS + 1];

  memcpy (bytes + 3, alloc->mobility->secret, RELAY_TICKET_SECRET);
  (void) al_base64url_write (bytes, sizeof bytes, text);
  al_stun_put (out, AL_STUN_MOBILITY_TICKET, text, RELAY_TICKET_CHARS);
}

bool
relay_ticket_read (const AlStunAttr *attr, RelayTicket *ret_ticket)
{
  uint8_t bytes[RELAY_TICKET_BYTES];

  if (attr->len != RELAY_TICKET_CHARS
      || !al_base64url_decode_exact ((const char *) attr->value, attr->len, bytes, sizeof bytes) || bytes[0] >= RELAY_FAMILY_N)
    return false;
  ret_ticket->family = (RelayFamily) bytes[0];
  ret_ticket->port = (uint16_t) (bytes[1] << 8 | bytes[2]);
  memcpy (ret_ticket->secret, bytes + 3, RELAY_TICKET_SECRET);
  return true;
}

bool
relay_mobility_check (const RelayAlloc *alloc, const RelayTicket *ticket, int64_t now_us)
{
  const RelayMobility *mobility = alloc->mobility;

  if (mobility == NULL)
    return false;
  return CRYPTO_memcmp (ticket->secret, mobility->secret, RELAY_TICKET_SECRET) == 0
         || (now_us < mobility->previous_until_us
             && CRYPTO_memcmp (ticket->secret, mobility->previous, RELAY_TICKET_SECRET) == 0);
}

/* the allocation of a ticket, if it is here, and its user's */
static RelayAlloc *
find (RelayTurn *turn, const RelayMove *move, int64_t now_us)
{
  RelayAlloc **by_port = turn->by_port[move->ticket.family];
  RelayAlloc *alloc = by_port == NULL ? NULL : by_port[move->ticket.port];

  if (alloc == NULL || !relay_mobility_check (alloc, &move->ticket, now_us)
      || alloc->id_len != move->id_len || memcmp (alloc->id, move->id, move->id_len) != 0)
    return NULL;
  return alloc;
}

/* the request that @move stands for, to answer it */
static void
make_request (RelayTurn *turn, const RelayMove *move, AlStunMessage *message, RelayRequest *request, int64_t now_us)
{
  *message = (AlStunMessage){ .method = AL_STUN_REFRESH, .tid = move->tid, .fingerprint = move->fingerprint };
  *request = (RelayRequest){ .turn = turn, .from = &move->tuple, .message = message, .verified = true, .now_us = now_us };
  memcpy (request->login.key, move->key, sizeof move->key);
  request->login.key_len = move->key_len;
  request->login.hash = move->hash;
}

static void
answer (RelayTurn *turn, const RelayMove *move, const RelayAlloc *alloc, int64_t now_us)
{
  AlStunMessage message;
  RelayRequest request;
  AlStunWriter out;

  make_request (turn, move, &message, &request, now_us);
  relay_reply_begin (&request, &out, AL_STUN_SUCCESS);
  al_stun_put_u32 (&out, AL_STUN_LIFETIME, move->lifetime_s);
  if (move->lifetime_s > 0)
    relay_mobility_put_ticket (&out, alloc);
  relay_reply_end (&request, &out);
}

static void
answer_error (RelayTurn *turn, const RelayMove *move, unsigned code, int64_t now_us)
{
  AlStunMessage message;
  RelayRequest request;

  if (!turn->io.is_open (&move->tuple, turn->user))
    return;
  make_request (turn, move, &message, &request, now_us);
  relay_reply_error (&request, code);
}

/* @alloc is this worker's, and of the move's 5-tuple: what a Refresh does */
static void
settle (RelayTurn *turn, RelayMove *move, RelayAlloc *alloc, int64_t now_us)
{
  bool open = turn->io.is_open (&move->tuple, turn->user);

  memcpy (alloc->key, move->key, sizeof alloc->key);
  alloc->key_len = move->key_len;
  alloc->hash = move->hash;
  alloc->ends_s = move->expires_s;
  alloc->login_config = turn->policies;
  alloc->mobility->parked = false;
  renew_ticket (alloc, now_us);
  turn->stats.moves++;
  if (move->lifetime_s > 0)
    relay_alloc_set_lifetime (alloc, move->lifetime_s, now_us);
  if (open)
    answer (turn, move, alloc, now_us);
  if (move->lifetime_s == 0)
    relay_alloc_end (alloc, RELAY_END_DELETED, now_us);
  else if (!open)
    (void) relay_mobility_park (alloc);
}

/* the quota of source addresses goes along. Returns: false when the new one has no room */
static bool
change_source (RelayTurn *turn, const AlAddr *from, const AlAddr *to)
{
  uint8_t old_key[AL_RATE_ADDR_KEY], new_key[AL_RATE_ADDR_KEY];
  size_t old_len = al_rate_addr_key (from, old_key), new_len = al_rate_addr_key (to, new_key);

  if (old_len == new_len && memcmp (old_key, new_key, old_len) == 0)
    return true;
  if (!relay_quota_take (turn->shared.sources, new_key, new_len, turn->config->source_quota))
    return false;
  relay_quota_give (turn->shared.sources, old_key, old_len);
  return true;
}

/* out of this worker's tables and loop, into @move */
static void
leave (RelayAlloc *alloc, RelayMove *move)
{
  RelayTurn *turn = alloc->turn;

  relay_alloc_remove (alloc);
  for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
    {
      RelayEnd *end = &alloc->ends[family];

      move->fds[family] = -1;
      if (end->socket == NULL)
        continue;
      turn->by_port[family][end->port] = NULL;
      move->fds[family] = turn->io.detach (end->socket, turn->user);
      end->socket = NULL;
    }
  move->alloc = alloc;
}

/* into this worker's. Returns: false when its loop would not have the sockets: it has ended */
static bool
arrive (RelayTurn *turn, RelayMove *move, int64_t now_us)
{
  RelayAlloc *alloc = g_steal_pointer (&move->alloc);
  bool whole = true;

  alloc->turn = turn;
  for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
    {
      RelayEnd *end = &alloc->ends[family];

      if (move->fds[family] < 0)
        continue;
      relay_ports_move (turn->shared.ports, (RelayFamily) family, end->port, turn->worker);
      relay_alloc_set_port (alloc, (RelayFamily) family);
      end->socket = turn->io.attach (alloc, move->fds[family], turn->user);
      move->fds[family] = -1;
      if (end->socket != NULL)
        continue;
      turn->by_port[family][end->port] = NULL;
      relay_ports_give (turn->shared.ports, (RelayFamily) family, end->port, now_us);
      whole = false;
    }
  relay_alloc_insert (alloc);
  for (unsigned i = 0; i < alloc->n_channels; i++)
    alloc->channels[i].checked = 0;
  relay_alloc_apply_policy (alloc);
  if (!whole)
    relay_alloc_end (alloc, RELAY_END_CLOSED, now_us);
  return whole;
}

static void
send_back (RelayTurn *turn, RelayMove *move, RelayMoveStep step)
{
  move->step = step;
  if (!turn->io.move (move->worker, move, turn->user))
    relay_move_free (move); /* the client asks again */
}

static void
refuse (RelayTurn *turn, RelayMove *move, unsigned code, int64_t now_us)
{
  move->code = code;
  if (move->worker != turn->worker)
    {
      send_back (turn, move, RELAY_MOVE_REFUSE);
      return;
    }
  answer_error (turn, move, code, now_us);
  relay_move_free (move);
}

/* to the worker of the client's new address */
static void
give (RelayTurn *turn, RelayMove *move, RelayAlloc *alloc, int64_t now_us)
{
  RelayTuple old = alloc->tuple;

  leave (alloc, move);
  alloc->tuple = move->tuple;
  move->step = RELAY_MOVE_GIVE;
  if (turn->io.move (move->worker, move, turn->user))
    return;
  /* no room there: it stays, and the client asks again */
  (void) change_source (turn, &alloc->tuple.remote, &old.remote);
  alloc->tuple = old;
  (void) arrive (turn, move, now_us);
  relay_alloc_set_timer (alloc);
  relay_move_free (move);
}

static void
on_ask (RelayTurn *turn, RelayMove *move, int64_t now_us)
{
  RelayAlloc *alloc = find (turn, move, now_us);

  if (alloc == NULL)
    refuse (turn, move, 437, now_us);
  else if (!change_source (turn, &alloc->tuple.remote, &move->tuple.remote))
    refuse (turn, move, 486, now_us);
  else if (move->worker != turn->worker)
    give (turn, move, alloc, now_us);
  else
    {
      relay_alloc_remove (alloc);
      alloc->tuple = move->tuple;
      relay_alloc_insert (alloc);
      settle (turn, move, alloc, now_us);
      relay_move_free (move);
    }
}

/* a second Refresh may have asked a worker that had given the allocation to us already */
static void
on_refuse (RelayTurn *turn, RelayMove *move, int64_t now_us)
{
  if (!move->again && find (turn, move, now_us) != NULL)
    {
      move->again = true;
      on_ask (turn, move, now_us);
      return;
    }
  answer_error (turn, move, move->code, now_us);
  relay_move_free (move);
}

void
relay_turn_on_move (RelayTurn *turn, RelayMove *move, int64_t now_us)
{
  RelayAlloc *alloc = move->alloc;

  switch (move->step)
    {
    case RELAY_MOVE_ASK:
      on_ask (turn, move, now_us);
      return;
    case RELAY_MOVE_REFUSE:
      on_refuse (turn, move, now_us);
      return;
    case RELAY_MOVE_GIVE:
      if (arrive (turn, move, now_us))
        {
          /* it was on its way when its credential was revoked */
          if (relay_auth_is_revoked (turn, (const uint8_t *) alloc->id, alloc->id_len,
                                     (now_us + turn->epoch_us) / G_USEC_PER_SEC))
            relay_alloc_end (alloc, RELAY_END_REVOKED, now_us);
          else
            settle (turn, move, alloc, now_us);
        }
      relay_move_free (move);
    }
}

void
relay_move_free (RelayMove *move)
{
  if (move == NULL)
    return;
  if (move->alloc != NULL)
    {
      for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
        if (move->fds[family] >= 0)
          (void) close (move->fds[family]);
      relay_alloc_free (move->alloc);
    }
  g_free (move);
}

void
relay_mobility_refresh (RelayRequest *request, const RelayTicket *ticket)
{
  RelayTurn *turn = request->turn;
  RelayMove *move;
  uint32_t lifetime_s;
  int worker;

  if (request->login.id_len > RELAY_USERNAME_MAX)
    {
      relay_reply_error (request, 437);
      return;
    }
  move = g_new0 (RelayMove, 1);
  move->step = RELAY_MOVE_ASK;
  move->worker = turn->worker;
  move->tuple = *request->from;
  memcpy (move->tid, request->message->tid, sizeof move->tid);
  move->fingerprint = request->message->fingerprint != 0;
  move->ticket = *ticket;
  move->lifetime_s = relay_alloc_choose_lifetime (request);
  if (al_stun_find_u32 (request->message, AL_STUN_LIFETIME, &lifetime_s) && lifetime_s == 0)
    move->lifetime_s = 0;
  memcpy (move->key, request->login.key, sizeof move->key);
  move->key_len = request->login.key_len;
  move->hash = request->login.hash;
  move->expires_s = request->login.expires_s;
  move->id_len = request->login.id_len;
  memcpy (move->id, request->login.id, move->id_len);
  worker = relay_ports_find (turn->shared.ports, ticket->family, ticket->port);
  if (worker < 0 || worker == (int) turn->worker)
    on_ask (turn, move, request->now_us);
  else if (!turn->io.move ((unsigned) worker, move, turn->user))
    relay_move_free (move); /* the client asks again */
}

bool
relay_mobility_park (RelayAlloc *alloc)
{
  if (alloc->mobility == NULL)
    return false;
  relay_alloc_remove (alloc);
  alloc->mobility->parked = true;
  alloc->tuple.conn = alloc; /* no connection's: nothing that comes finds it */
  relay_alloc_insert (alloc);
  relay_alloc_set_timer (alloc);
  return true;
}
