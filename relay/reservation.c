/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/reservation.h"

#include <openssl/crypto.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/random.h"
#include "base/rate.h"

/* who holds a slot in state BUSY may read and write it; the others look at SET ones only through a compare-and-set */
enum { FREE, BUSY, SET };

typedef struct {
  _Atomic unsigned state;
  uint8_t token[RELAY_TOKEN_BYTES];
  uint8_t source[AL_RATE_ADDR_KEY], source_len;
  RelayFamily family;
  uint16_t port;
  int64_t expires_us;
} Slot;

struct RelayReservations {
  RelayPorts *ports; /* not owned */
  Slot slots[RELAY_MAX_RESERVATIONS];
};

RelayReservations *
relay_reservations_new (RelayPorts *ports)
{
  RelayReservations *reservations = g_new0 (RelayReservations, 1);

  reservations->ports = ports;
  return reservations;
}

void
relay_reservations_free (RelayReservations *reservations)
{
  g_free (reservations);
}

static bool
enter (Slot *slot, unsigned state)
{
  return atomic_load_explicit (&slot->state, memory_order_relaxed) == state
         && atomic_compare_exchange_strong (&slot->state, &state, BUSY);
}

/* as enter() a SET one, but waits for who looks at it just now: a token must not be missed for that */
static bool
enter_set (Slot *slot)
{
  for (;;)
    {
      unsigned state = atomic_load_explicit (&slot->state, memory_order_relaxed);

      if (state == FREE)
        return false;
      if (state == SET && atomic_compare_exchange_strong (&slot->state, &state, BUSY))
        return true;
      (void) sched_yield ();
    }
}

static void
leave (Slot *slot, unsigned state)
{
  atomic_store (&slot->state, state);
}

bool
relay_reservations_make (RelayReservations *reservations, RelayFamily family, uint16_t port, const AlAddr *source,
                         int64_t now_us, uint8_t ret_token[RELAY_TOKEN_BYTES])
{
  relay_reservations_sweep (reservations, now_us);
  for (unsigned i = 0; i < RELAY_MAX_RESERVATIONS; i++)
    {
      Slot *slot = &reservations->slots[i];

      if (!enter (slot, FREE))
        continue;
      slot->family = family;
      slot->port = port;
      slot->expires_us = now_us + RELAY_RESERVATION_US;
      slot->source_len = (uint8_t) al_rate_addr_key (source, slot->source);
      al_random_bytes (slot->token, sizeof slot->token);
      memcpy (ret_token, slot->token, sizeof slot->token);
      leave (slot, SET);
      return true;
    }
  return false;
}

uint16_t
relay_reservations_claim (RelayReservations *reservations, const uint8_t token[RELAY_TOKEN_BYTES], const AlAddr *source,
                          unsigned worker, int64_t now_us, RelayFamily *ret_family)
{
  uint8_t key[AL_RATE_ADDR_KEY];
  size_t len = al_rate_addr_key (source, key);

  for (unsigned i = 0; i < RELAY_MAX_RESERVATIONS; i++)
    {
      Slot *slot = &reservations->slots[i];
      uint16_t port;

      if (!enter_set (slot))
        continue;
      if (slot->expires_us <= now_us || CRYPTO_memcmp (slot->token, token, RELAY_TOKEN_BYTES) != 0
          || slot->source_len != len || memcmp (slot->source, key, len) != 0)
        {
          leave (slot, SET);
          continue;
        }
      port = slot->port;
      *ret_family = slot->family;
      leave (slot, FREE);
      relay_ports_move (reservations->ports, *ret_family, port, worker);
      return port;
    }
  return 0;
}

void
relay_reservations_sweep (RelayReservations *reservations, int64_t now_us)
{
  for (unsigned i = 0; i < RELAY_MAX_RESERVATIONS; i++)
    {
      Slot *slot = &reservations->slots[i];
      bool is_over;

      if (!enter (slot, SET))
        continue;
      is_over = slot->expires_us <= now_us;
      if (is_over)
        relay_ports_give (reservations->ports, slot->family, slot->port, now_us);
      leave (slot, is_over ? FREE : SET);
    }
}
