/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mobility (RFC 8016): an allocation whose client has another address now. A ticket names one relayed port and holds 15
 * random bytes, which change with every use; base64url, because clients of coturn keep it as text of at most 32:
 *
 *    | family | port, 16 bits | secret, 15 bytes |
 *
 * The client's new address may belong to another worker. The allocation goes there with its sockets: that worker asks
 * (ASK) the one which holds the port; it gives (GIVE) or refuses (REFUSE).
 */
#pragma once

#include "base/base64url.h"
#include "relay/turn-private.h"

#define RELAY_TICKET_SECRET 15
#define RELAY_TICKET_BYTES (3 + RELAY_TICKET_SECRET)
#define RELAY_TICKET_CHARS AL_BASE64URL_LEN (RELAY_TICKET_BYTES)

/** RelayTicket: one that was read. */
typedef struct {
  RelayFamily family;
  uint16_t port;
  uint8_t secret[RELAY_TICKET_SECRET];
} RelayTicket;

/** RelayMobility: of an allocation whose client asked for a ticket. */
typedef struct RelayMobility {
  uint8_t secret[RELAY_TICKET_SECRET];
  /* that of the ticket before: its answer may have been lost (RFC 8016 §3.2.2) */
  uint8_t previous[RELAY_TICKET_SECRET];
  int64_t previous_until_us;
  bool parked; /* the client's connection is gone: nothing can be sent until it comes with its ticket */
} RelayMobility;

typedef enum { RELAY_MOVE_ASK, RELAY_MOVE_GIVE, RELAY_MOVE_REFUSE } RelayMoveStep;

/** RelayMove: a Refresh with a ticket, on its way between workers. */
struct RelayMove {
  RelayMoveStep step;
  unsigned worker;   /* that of the new 5-tuple */
  RelayTuple tuple;
  uint8_t tid[AL_STUN_TID_BYTES];
  bool fingerprint, again;
  RelayTicket ticket;
  uint32_t lifetime_s;
  uint8_t key[32];
  uint8_t key_len;
  AlHmacHash hash;
  int64_t expires_s;
  uint16_t id_len;
  unsigned code;               /* REFUSE */
  RelayAlloc *alloc;           /* GIVE: owned, with the descriptors of its ends; -1: no such end */
  int fds[RELAY_FAMILY_N];
  char id[RELAY_USERNAME_MAX];
};

/* Allocate asked for a ticket */
void relay_mobility_begin (RelayAlloc *alloc);
void relay_mobility_put_ticket (AlStunWriter *out, const RelayAlloc *alloc);
/* Returns: is @ticket that of @alloc, or the one before */
bool relay_mobility_check (const RelayAlloc *alloc, const RelayTicket *ticket, int64_t now_us);
/* Returns: false when @attr is no ticket */
bool relay_ticket_read (const AlStunAttr *attr, RelayTicket *ret_ticket);
/* a verified Refresh with a ticket, from a 5-tuple that has no allocation */
void relay_mobility_refresh (RelayRequest *request, const RelayTicket *ticket);
/* the client's connection ended: Returns: true when the allocation stays, for a client that comes back */
bool relay_mobility_park (RelayAlloc *alloc);
/* Returns: can something be sent to the client */
static inline bool
relay_mobility_is_here (const RelayAlloc *alloc)
{
  return alloc->mobility == NULL || !alloc->mobility->parked;
}
