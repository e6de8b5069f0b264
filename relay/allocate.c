/* SPDX-License-Identifier: Apache-2.0 */
/* Allocate (RFC 8656 §7), in the order of its checks. */
#include "relay/mobility.h"

#define TRANSPORT_TCP 6
#define TRANSPORT_UDP 17
#define FAMILY_IPV4 0x01
#define FAMILY_IPV6 0x02

/* what the attributes ask for */
typedef struct {
  RelayFamily family;
  bool tcp, even, pair, both, has_token, mobile;
  uint8_t token[RELAY_TOKEN_BYTES];
} Wish;

static void
reply_success (RelayRequest *request, const RelayAlloc *alloc)
{
  AlStunWriter out;

  relay_reply_begin (request, &out, AL_STUN_SUCCESS);
  for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
    if (alloc->ends[family].socket != NULL)
      al_stun_put_addr (&out, AL_STUN_XOR_RELAYED_ADDRESS, &alloc->ends[family].relayed, false);
  al_stun_put_u32 (&out, AL_STUN_LIFETIME, alloc->lifetime_s);
  al_stun_put_addr (&out, AL_STUN_XOR_MAPPED_ADDRESS, &request->from->remote, false);
  if (alloc->has_token)
    al_stun_put (&out, AL_STUN_RESERVATION_TOKEN, alloc->token, sizeof alloc->token);
  if (alloc->mobility != NULL)
    relay_mobility_put_ticket (&out, alloc);
  if (alloc->failed_family != 0)
    {
      const uint8_t value[4] = { alloc->failed_family, 0, (uint8_t) (alloc->failed_code / 100),
                                 (uint8_t) (alloc->failed_code % 100) };

      al_stun_put (&out, AL_STUN_ADDRESS_ERROR_CODE, value, sizeof value);
    }
  relay_reply_end (request, &out);
}

/* Returns: 0, or the error code (RFC 8656 §7.2, points 3 to 11) */
static unsigned
read_families (const AlStunMessage *message, Wish *wish)
{
  AlStunAttr requested, additional;
  bool has_requested = al_stun_find (message, AL_STUN_REQUESTED_ADDRESS_FAMILY, &requested);
  bool has_additional = al_stun_find (message, AL_STUN_ADDITIONAL_ADDRESS_FAMILY, &additional)
                        || al_stun_find (message, AL_STUN_ADDITIONAL_ADDRESS_FAMILY_DRAFT, &additional);

  if ((has_requested && requested.len != 4) || (has_additional && additional.len != 4))
    return 400;
  if (has_requested && (has_additional || wish->has_token))
    return 400;
  if (has_additional && (additional.value[0] != FAMILY_IPV6 || wish->has_token || wish->pair))
    return 400;
  if (has_requested && requested.value[0] != FAMILY_IPV4 && requested.value[0] != FAMILY_IPV6)
    return 440;
  wish->family = has_requested && requested.value[0] == FAMILY_IPV6 ? RELAY_IPV6 : RELAY_IPV4;
  wish->both = has_additional;
  return 0;
}

/* RFC 6062 §5.1: over a connection only, and without what says something of datagrams or of pairs of ports */
static unsigned
check_tcp (const RelayRequest *request)
{
  AlStunAttr attr;

  if (!request->turn->config->tcp_allocations)
    return 442;
  return !relay_is_stream (request->from->transport) || al_stun_find (request->message, AL_STUN_DONT_FRAGMENT, &attr)
                 || al_stun_find (request->message, AL_STUN_EVEN_PORT, &attr)
                 || al_stun_find (request->message, AL_STUN_RESERVATION_TOKEN, &attr)
             ? 400
             : 0;
}

static unsigned
read_wish (const RelayRequest *request, Wish *wish)
{
  const AlStunMessage *message = request->message;
  AlStunAttr attr;
  unsigned code;

  memset (wish, 0, sizeof *wish);
  if (!al_stun_find (message, AL_STUN_REQUESTED_TRANSPORT, &attr) || attr.len != 4)
    return 400;
  wish->tcp = attr.value[0] == TRANSPORT_TCP;
  if (!wish->tcp && attr.value[0] != TRANSPORT_UDP)
    return 442;
  code = wish->tcp ? check_tcp (request) : 0;
  if (code != 0)
    return code;
  if (al_stun_find (message, AL_STUN_RESERVATION_TOKEN, &attr))
    {
      if (attr.len != RELAY_TOKEN_BYTES)
        return 400;
      wish->has_token = true;
      memcpy (wish->token, attr.value, RELAY_TOKEN_BYTES);
    }
  if (al_stun_find (message, AL_STUN_EVEN_PORT, &attr))
    {
      if (attr.len != 1 || wish->has_token)
        return 400;
      wish->even = true;
      wish->pair = (attr.value[0] & 0x80) != 0;
    }
  /* RFC 8016 §3.1.2 */
  wish->mobile = al_stun_find (message, AL_STUN_MOBILITY_TICKET, &attr);
  if (wish->mobile && attr.len != 0)
    return 400;
  return read_families (message, wish);
}

static unsigned
count_ports (const RelayShared *shared)
{
  return relay_ports_count (shared->ports) + (shared->tcp_ports != NULL ? relay_ports_count (shared->tcp_ports) : 0);
}

static unsigned
take_quotas (RelayRequest *request)
{
  RelayTurn *turn = request->turn;
  const RelayTurnConfig *config = turn->config;
  uint8_t key[AL_RATE_ADDR_KEY];
  size_t len = al_rate_addr_key (&request->from->remote, key);

  if (config->total_quota > 0 && count_ports (&turn->shared) >= config->total_quota)
    return 508;
  if (!relay_quota_take (turn->shared.users, request->login.id, request->login.id_len, config->user_quota))
    return 486;
  if (!relay_quota_take (turn->shared.sources, key, len, config->source_quota))
    {
      relay_quota_give (turn->shared.users, request->login.id, request->login.id_len);
      return 486;
    }
  return 0;
}

/* the sockets of a new allocation. Returns: 0, or the error code */
static unsigned
open_ends (RelayRequest *request, RelayAlloc *alloc, Wish *wish)
{
  RelayTurn *turn = request->turn;
  uint16_t port = 0;
  unsigned code;

  alloc->is_tcp = wish->tcp;
  if (wish->has_token)
    {
      port = relay_reservations_claim (turn->shared.reservations, wish->token, &request->from->remote, turn->worker,
                                       request->now_us, &wish->family);
      if (port == 0)
        return 508;
    }
  code = relay_alloc_open (alloc, wish->family, port, wish->even, wish->pair, request->now_us);
  if (code == 0 && wish->pair)
    {
      uint16_t next = (uint16_t) (alloc->ends[wish->family].port + 1);

      alloc->has_token = relay_reservations_make (turn->shared.reservations, wish->family, next, &request->from->remote,
                                                  request->now_us, alloc->token);
      if (!alloc->has_token)
        {
          relay_ports_give (turn->shared.ports, wish->family, next, request->now_us);
          return 508;
        }
      turn->sweep_us = request->now_us + RELAY_RESERVATION_US;
      al_timer_set (turn->wheel, &turn->sweep, turn->sweep_us);
    }
  if (wish->both)
    {
      unsigned other = relay_alloc_open (alloc, RELAY_IPV6, 0, wish->even, false, request->now_us);

      if (other != 0 && code != 0)
        return code;
      /* RFC 8656 §7.2: one of the two is enough; the client is told about the other */
      alloc->failed_family = other != 0 ? FAMILY_IPV6 : code != 0 ? FAMILY_IPV4 : 0;
      alloc->failed_code = (uint16_t) (other != 0 ? other : code);
      return 0;
    }
  return code;
}

/* RFC 8489 §14.15: the other server's address MUST be of the family that the request came from */
static void
reply_alternate (RelayRequest *request)
{
  const AlAddr *alternate = &request->turn->config->alternate[relay_family_of (&request->from->remote)];
  AlStunWriter out;

  if (alternate->sa.sa_family == AF_UNSPEC)
    {
      request->turn->stats.refused_capacity++;
      relay_reply_error (request, 508);
      return;
    }
  relay_reply_begin (request, &out, AL_STUN_ERROR);
  al_stun_put_error (&out, 300, "");
  al_stun_put_addr (&out, AL_STUN_ALTERNATE_SERVER, alternate, true);
  relay_reply_end (request, &out);
}

void
relay_allocate (RelayRequest *request)
{
  RelayTurn *turn = request->turn;
  RelayAlloc *alloc = request->alloc;
  Wish wish;
  unsigned code;

  if (alloc != NULL)
    {
      /* RFC 8656 §7.2: the same request once more gets the same answer, another one a mismatch */
      if (memcmp (alloc->tid, request->message->tid, sizeof alloc->tid) == 0 && alloc->id_len == request->login.id_len
          && memcmp (alloc->id, request->login.id, alloc->id_len) == 0)
        reply_success (request, alloc);
      else
        relay_reply_error (request, 437);
      return;
    }
  code = read_wish (request, &wish);
  /* connections with peers cannot move to another worker */
  if (code == 0 && wish.mobile && (!turn->config->mobility || wish.tcp))
    code = 405;
  if (code == 0 && turn->config->is_draining)
    {
      reply_alternate (request);
      return;
    }
  if (code == 0)
    code = take_quotas (request);
  if (code != 0)
    {
      turn->stats.refused_quota += code == 486;
      turn->stats.refused_capacity += code == 508;
      relay_reply_error (request, code);
      return;
    }
  alloc = relay_alloc_new (request);
  code = open_ends (request, alloc, &wish);
  if (code != 0)
    {
      relay_alloc_undo (alloc, request->now_us);
      turn->stats.refused_capacity += code == 508;
      relay_reply_error (request, code);
      return;
    }
  if (wish.mobile)
    relay_mobility_begin (alloc);
  alloc->lifetime_s = relay_alloc_choose_lifetime (request);
  relay_alloc_set_lifetime (alloc, alloc->lifetime_s, request->now_us);
  alloc->made_us = request->now_us;
  reply_success (request, alloc);
}
