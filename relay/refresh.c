/* SPDX-License-Identifier: Apache-2.0 */
/* Refresh (RFC 8656 §8). */
#include "relay/mobility.h"

/* which families are meant: a mask of 1 << RelayFamily. Returns: 0, or the error code */
static unsigned
read_families (const RelayRequest *request, unsigned *ret_mask)
{
  const RelayAlloc *alloc = request->alloc;
  unsigned mask = 0;
  AlStunAttr attr;

  for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
    mask |= alloc->ends[family].socket != NULL ? 1u << family : 0;
  if (al_stun_find (request->message, AL_STUN_REQUESTED_ADDRESS_FAMILY, &attr))
    {
      if (attr.len != 4)
        return 400;
      mask &= attr.value[0] == 1 ? 1u << RELAY_IPV4 : attr.value[0] == 2 ? 1u << RELAY_IPV6 : 0;
      if (mask == 0)
        return 443;
    }
  *ret_mask = mask;
  return 0;
}

/* one of two families, or the allocation. The two share one lifetime: to let one go is all that can be said of it */
static void
end_families (RelayRequest *request, unsigned mask)
{
  RelayAlloc *alloc = request->alloc;

  for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
    if (alloc->ends[family].socket != NULL && (mask & 1u << family) == 0)
      {
        relay_alloc_close_family (alloc, (RelayFamily) !family, request->now_us);
        return;
      }
  relay_alloc_end (alloc, RELAY_END_DELETED, request->now_us);
}

/* RFC 8016 §3.2.2. Returns: 0, or the error code */
static unsigned
read_ticket (const RelayRequest *request, const AlStunAttr *attr, RelayTicket *ret_ticket)
{
  AlStunAttr family;

  if (!request->turn->config->mobility)
    return 405;
  if (!relay_ticket_read (attr, ret_ticket))
    return 400;
  if (request->alloc == NULL) /* it moves as a whole */
    return al_stun_find (request->message, AL_STUN_REQUESTED_ADDRESS_FAMILY, &family) ? 400 : 0;
  return relay_mobility_check (request->alloc, ret_ticket, request->now_us) ? 0 : 400;
}

void
relay_refresh (RelayRequest *request)
{
  RelayAlloc *alloc = request->alloc;
  uint32_t lifetime_s = LIFETIME_DEFAULT_S;
  AlStunAttr attr;
  RelayTicket ticket;
  bool has_ticket = al_stun_find (request->message, AL_STUN_MOBILITY_TICKET, &attr);
  AlStunWriter out;
  unsigned mask = 0, code = has_ticket ? read_ticket (request, &attr, &ticket) : 0;

  if (code == 0 && has_ticket && alloc == NULL)
    {
      relay_mobility_refresh (request, &ticket);
      return;
    }
  if (code == 0)
    code = alloc == NULL ? 437 : read_families (request, &mask);

  if (code != 0)
    {
      relay_reply_error (request, code);
      return;
    }
  if (al_stun_find_u32 (request->message, AL_STUN_LIFETIME, &lifetime_s) && lifetime_s == 0)
    {
      end_families (request, mask);
      has_ticket = false;
    }
  else
    {
      lifetime_s = relay_alloc_choose_lifetime (request);
      relay_alloc_set_lifetime (alloc, lifetime_s, request->now_us);
    }
  relay_reply_begin (request, &out, AL_STUN_SUCCESS);
  al_stun_put_u32 (&out, AL_STUN_LIFETIME, lifetime_s);
  if (has_ticket) /* it came once more */
    relay_mobility_put_ticket (&out, alloc);
  relay_reply_end (request, &out);
}
