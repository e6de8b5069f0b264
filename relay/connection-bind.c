/* SPDX-License-Identifier: Apache-2.0 */
/* Peers that connect (RFC 6062 §5.3), and the client's connections that are joined to theirs (§5.4). */
#include "relay/turn-private.h"

/* a ConnectionAttempt indication. Its transaction id says nothing */
static void
tell (const RelayLink *link)
{
  RelayTurn *turn = link->alloc->turn;
  uint8_t tid[AL_STUN_TID_BYTES] = { 0 };
  AlStunWriter out;
  size_t len;

  turn->n_indications++;
  memcpy (tid + 4, &turn->n_indications, sizeof turn->n_indications);
  al_stun_begin (&out, turn->reply, REPLY_MAX, AL_STUN_INDICATION, AL_STUN_CONNECTION_ATTEMPT, tid);
  al_stun_put_addr (&out, AL_STUN_XOR_PEER_ADDRESS, &link->peer, false);
  al_stun_put_u32 (&out, AL_STUN_CONNECTION_ID, link->id);
  len = al_stun_end (&out);
  turn->io.send (&link->alloc->tuple, turn->reply, len, turn->user);
}

RelayLink *
relay_turn_on_accept (RelayTurn *turn, RelayAlloc *alloc, const AlAddr *from, void *connection, int64_t now_us)
{
  AlAddr peer = relay_link_from_bound (alloc, from);
  RelayLink *link;

  if (relay_alloc_find_permission (alloc, &peer, now_us) == NULL)
    {
      turn->stats.dropped[RELAY_DROP_PERMISSION]++;
      return NULL;
    }
  if (!relay_alloc_may_reach (alloc, &peer))
    {
      turn->stats.dropped[RELAY_DROP_POLICY]++;
      return NULL;
    }
  if (alloc->n_links >= RELAY_MAX_LINKS)
    {
      turn->stats.dropped[RELAY_DROP_CONNECTIONS]++;
      return NULL;
    }
  link = relay_link_new (alloc, &peer, RELAY_LINK_WAITING, now_us);
  link->connection = connection;
  turn->stats.links[RELAY_ACCEPTED]++;
  tell (link);
  return link;
}

/* one that waits, of the same user. What others have waiting is not told from what is not there */
static RelayLink *
find_waiting (const RelayRequest *request)
{
  const RelayLogin *login = &request->login;
  RelayLink *link;
  uint32_t id;

  if (!al_stun_find_u32 (request->message, AL_STUN_CONNECTION_ID, &id))
    return NULL;
  link = g_hash_table_lookup (request->turn->links, GUINT_TO_POINTER (id));
  if (link == NULL || link->state != RELAY_LINK_WAITING || link->alloc->id_len != login->id_len
      || memcmp (link->alloc->id, login->id, login->id_len) != 0)
    return NULL;
  return link;
}

void
relay_connection_bind (RelayRequest *request)
{
  RelayTurn *turn = request->turn;
  RelayLink *link = NULL;
  AlStunWriter out;

  /* over datagrams there is nothing to join, and a connection with an allocation stays one for messages */
  if (relay_is_stream (request->from->transport) && request->alloc == NULL)
    link = find_waiting (request);
  if (link == NULL)
    {
      relay_reply_error (request, 400);
      return;
    }
  relay_link_set_state (link, RELAY_LINK_JOINED, request->now_us);
  relay_reply_begin (request, &out, AL_STUN_SUCCESS);
  relay_reply_end (request, &out);
  turn->io.join (link->connection, request->from, turn->user);
}

int
relay_turn_find_home (const uint8_t *data, size_t len)
{
  AlStunMessage message;
  uint32_t id;

  if (len < AL_STUN_HEADER_BYTES || data[0] != 0 || data[1] != AL_STUN_CONNECTION_BIND
      || !al_stun_parse (data, len, &message) || !al_stun_find_u32 (&message, AL_STUN_CONNECTION_ID, &id))
    return -1;
  return (int) (id & 0xff);
}
