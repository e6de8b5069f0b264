/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAT behaviour discovery (RFC 5780 §6.1): Binding at one of four addresses, two hosts by two ports, answered from any of
 * them. An answer is four addresses longer than a bare header, and padding is as long as the request's.
 */
#include "relay/turn-private.h"

#define CHANGE_PORT 0x02
#define CHANGE_HOST 0x04
#define PADDING_MAX 2000

/* every attribute of such a request that must be understood, ascending */
static const uint16_t known[] = {
  AL_STUN_CHANGE_REQUEST, AL_STUN_USERNAME, AL_STUN_PRIORITY, AL_STUN_USE_CANDIDATE, AL_STUN_PADDING, AL_STUN_RESPONSE_PORT,
};

typedef struct {
  unsigned host, port; /* which of the two */
  bool has_port, has_padding;
  uint16_t response_port;
  size_t padding;
} Wish;

/* Returns: false when @addr is none of the four */
static bool
find_place (const AlAddr pair[2], const AlAddr *addr, Wish *wish)
{
  for (unsigned i = 0; i < 4; i++)
    if (al_addr_equal_host (&pair[i / 2], addr) && al_addr_get_port (&pair[i % 2]) == al_addr_get_port (addr))
      {
        wish->host = i / 2;
        wish->port = i % 2;
        return true;
      }
  return false;
}

/* Returns: 0, or the error code */
static unsigned
read_wish (const AlStunMessage *message, Wish *wish)
{
  AlStunAttr attr;
  uint32_t change;

  if (al_stun_find (message, AL_STUN_CHANGE_REQUEST, &attr))
    {
      if (!al_stun_find_u32 (message, AL_STUN_CHANGE_REQUEST, &change))
        return 400;
      wish->host ^= (change & CHANGE_HOST) != 0;
      wish->port ^= (change & CHANGE_PORT) != 0;
    }
  if (al_stun_find (message, AL_STUN_RESPONSE_PORT, &attr))
    {
      if (attr.len != 2 && attr.len != 4) /* with its padding, or without */
        return 400;
      wish->has_port = true;
      wish->response_port = (uint16_t) (attr.value[0] << 8 | attr.value[1]);
      if (wish->response_port == 0)
        return 400;
    }
  wish->has_padding = al_stun_find (message, AL_STUN_PADDING, &attr);
  wish->padding = wish->has_padding ? MIN (attr.len, PADDING_MAX) / 4u * 4 : 0;
  return wish->has_padding && wish->has_port ? 400 : 0;
}

static AlAddr
get_address (const AlAddr pair[2], unsigned host, unsigned port)
{
  AlAddr addr = pair[host];

  al_addr_set_port (&addr, al_addr_get_port (&pair[port]));
  return addr;
}

static void
answer (RelayRequest *request, const AlAddr pair[2], const AlAddr *other, const Wish *wish)
{
  static const uint8_t zeros[PADDING_MAX];
  RelayTurn *turn = request->turn;
  RelayTuple to = *request->from;
  AlStunWriter out;
  size_t len;

  to.local = get_address (pair, wish->host, wish->port);
  if (!al_addr_equal (&to.local, &request->from->local) && !turn->io.from_address (&to, turn->user))
    {
      relay_reply_error (request, 500);
      return;
    }
  al_stun_begin (&out, turn->indication, sizeof turn->indication, AL_STUN_SUCCESS, AL_STUN_BINDING, request->message->tid);
  al_stun_put_addr (&out, AL_STUN_XOR_MAPPED_ADDRESS, &to.remote, false);
  al_stun_put_addr (&out, AL_STUN_MAPPED_ADDRESS, &to.remote, true);
  al_stun_put_addr (&out, AL_STUN_RESPONSE_ORIGIN, &to.local, true);
  al_stun_put_addr (&out, AL_STUN_OTHER_ADDRESS, other, true);
  if (wish->has_padding)
    al_stun_put (&out, AL_STUN_PADDING, zeros, wish->padding);
  if (request->message->fingerprint != 0)
    al_stun_put_fingerprint (&out);
  len = al_stun_end (&out);
  if (wish->has_port)
    al_addr_set_port (&to.remote, wish->response_port);
  (wish->has_padding ? turn->io.send_whole : turn->io.send) (&to, turn->indication, len, turn->user);
  turn->stats.bindings++;
}

bool
relay_discovery (RelayRequest *request)
{
  const RelayTuple *from = request->from;
  const AlAddr *pair = request->turn->config->discovery[relay_family_of (&from->local)];
  Wish wish = { 0 };
  AlAddr other;
  unsigned code;

  if (pair[0].sa.sa_family == AF_UNSPEC || from->transport != RELAY_UDP || !find_place (pair, &from->local, &wish))
    return false;
  other = get_address (pair, !wish.host, !wish.port);
  if (relay_reply_unknown (request, known, G_N_ELEMENTS (known)))
    return true;
  code = read_wish (request->message, &wish);
  if (code != 0)
    relay_reply_error (request, code);
  else if (relay_reply_may (request))
    answer (request, pair, &other, &wish);
  return true;
}
