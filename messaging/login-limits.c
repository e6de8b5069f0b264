/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GCRA: one number per client, the time at which its burst would be whole again. The numbers stand in a table of fixed
 * size, four to a row; a full row forgets the one that is nearest to whole, which gives away least. The rows are found
 * by a keyed hash, so nobody can aim at another's.
 */
#include "messaging/login-limits.h"

#include <string.h>

#include "base/siphash.h"

#define ROWS 4096
#define WAYS 4

typedef struct {
  uint64_t hash;      /* 0: empty */
  int64_t whole_us;
} Slot;

typedef struct {
  MsgRate rate;
  Slot *slots;
} Table;

struct MsgLimits {
  AlSipKey key;
  Table login_address, login_name, registration_address;
};

static void
table_init (Table *table, MsgRate rate)
{
  table->rate = rate;
  table->slots = g_new0 (Slot, ROWS * WAYS);
}

/* Returns: 0, or the microseconds until an attempt will be allowed. */
static int64_t
table_take (Table *table, uint64_t hash, int64_t now_us)
{
  Slot *row = &table->slots[hash % ROWS * WAYS];
  Slot *slot = &row[0];
  int64_t period_us = (int64_t) table->rate.period_ms * 1000;
  int64_t slack_us = ((int64_t) table->rate.burst - 1) * period_us;

  if (table->rate.burst == 0)
    return 0;
  for (unsigned i = 0; i < WAYS; i++)
    {
      if (row[i].hash == hash)
        {
          slot = &row[i];
          break;
        }
      if (row[i].whole_us < slot->whole_us)
        slot = &row[i];
    }
  if (slot->hash != hash)
    *slot = (Slot){ hash, now_us };
  if (slot->whole_us - now_us > slack_us)
    return slot->whole_us - now_us - slack_us;
  slot->whole_us = MAX (slot->whole_us, now_us) + period_us;
  return 0;
}

static uint64_t
hash_address (const MsgLimits *limits, const AlAddr *address)
{
  AlAddr plain = *address;
  uint64_t hash;

  al_addr_canonicalize (&plain);
  if (plain.sa.sa_family == AF_INET)
    hash = al_siphash (&limits->key, &plain.in4.sin_addr, sizeof plain.in4.sin_addr);
  else /* one customer has a /64 at least */
    hash = al_siphash (&limits->key, &plain.in6.sin6_addr, 8);
  return hash | 1;
}

static int64_t
round_up_ms (int64_t us)
{
  return (us + 999) / 1000;
}

MsgLimits *
msg_limits_new (const MsgCoreOptions *options)
{
  MsgLimits *limits = g_new0 (MsgLimits, 1);

  al_sip_key_init_random (&limits->key);
  table_init (&limits->login_address, options->login_per_address);
  table_init (&limits->login_name, options->login_per_name);
  table_init (&limits->registration_address, options->registration_per_address);
  return limits;
}

void
msg_limits_free (MsgLimits *limits)
{
  if (limits == NULL)
    return;
  g_free (limits->login_address.slots);
  g_free (limits->login_name.slots);
  g_free (limits->registration_address.slots);
  g_free (limits);
}

int64_t
msg_limits_take_login (MsgLimits *limits, const AlAddr *address, const char *name_key, int64_t now_us)
{
  int64_t wait_us = 0;

  if (address != NULL)
    wait_us = table_take (&limits->login_address, hash_address (limits, address), now_us);
  if (wait_us == 0 && name_key != NULL)
    wait_us = table_take (&limits->login_name, al_siphash (&limits->key, name_key, strlen (name_key)) | 1, now_us);
  return round_up_ms (wait_us);
}

int64_t
msg_limits_take_registration (MsgLimits *limits, const AlAddr *address, int64_t now_us)
{
  if (address == NULL)
    return 0;
  return round_up_ms (table_take (&limits->registration_address, hash_address (limits, address), now_us));
}
