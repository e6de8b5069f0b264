/* SPDX-License-Identifier: Apache-2.0 */
/* Clients of the bench with tickets of mobility (RFC 8016). Included once in a program. */
#pragma once

#include <string.h>

#include "bench.h"
#include "relay/mobility.h"

#define HOME "203.0.113.5:5000"
#define AWAY "198.18.0.9:6000"

typedef struct {
  uint8_t data[RELAY_TICKET_CHARS];
} Ticket;

static inline void
allow (Bench *bench)
{
  bench->config.mobility = true;
}

static inline bool
read_ticket (const Client *client, Ticket *ret_ticket)
{
  AlStunAttr attr;

  if (!al_stun_find (&client->reply, AL_STUN_MOBILITY_TICKET, &attr))
    return false;
  g_assert_cmpuint (attr.len, ==, sizeof ret_ticket->data);
  memcpy (ret_ticket->data, attr.value, attr.len);
  return true;
}

static inline unsigned
allocate (Client *client, Ticket *ret_ticket)
{
  unsigned code = client_allocate_with (client, AL_STUN_MOBILITY_TICKET, "", 0);

  if (code == 0)
    g_assert_true (read_ticket (client, ret_ticket));
  return code;
}

static inline void
begin_refresh (Client *client, Ask *ask, const Ticket *ticket, int64_t lifetime_s)
{
  ask_begin (client, ask, AL_STUN_REFRESH);
  if (lifetime_s >= 0)
    al_stun_put_u32 (&ask->out, AL_STUN_LIFETIME, (uint32_t) lifetime_s);
  al_stun_put (&ask->out, AL_STUN_MOBILITY_TICKET, ticket->data, sizeof ticket->data);
}

static inline unsigned
move (Client *client, const Ticket *ticket)
{
  Ask ask;

  begin_refresh (client, &ask, ticket, -1);
  return ask_send (client, &ask);
}

static inline void
assert_delivers (Client *client, const char *data)
{
  g_autoptr (Packet) packet = NULL;

  g_ptr_array_set_size (client->bench->sent, 0);
  bench_from_peer (client->bench, &client->relayed[RELAY_IPV4], PEER, data, strlen (data));
  packet = bench_take (client->bench->sent);
  g_assert_true (relay_tuple_equal (&packet->to, &client->tuple));
  g_assert_cmpmem (packet->data, packet->len, data, strlen (data));
}

static inline uint64_t
count_moves (Bench *bench, unsigned worker)
{
  RelayTurnStats stats;

  relay_turn_get_stats (bench->turns[worker], &stats);
  return stats.moves;
}
