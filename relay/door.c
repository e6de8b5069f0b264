/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/door.h"

#include "base/rate.h"
#include "relay/quota.h"

/* source addresses that are counted at once; 8 bytes each */
#define SOURCES 65536

struct RelayDoor {
  RelayQuota *sources; /* owned; all connections stand under an empty key */
  unsigned max, max_per_source;
};

RelayDoor *
relay_door_new (unsigned max, unsigned max_per_source)
{
  RelayDoor *door = g_new0 (RelayDoor, 1);

  door->sources = relay_quota_new (SOURCES);
  door->max = max;
  door->max_per_source = max_per_source;
  return door;
}

void
relay_door_free (RelayDoor *door)
{
  if (door == NULL)
    return;
  relay_quota_free (door->sources);
  g_free (door);
}

static bool
admit (const AlAddr *peer, unsigned *ret_tag, void *user)
{
  RelayDoor *door = user;
  uint8_t key[AL_RATE_ADDR_KEY];
  size_t len = al_rate_addr_key (peer, key);

  if (!relay_quota_take (door->sources, "", 0, door->max))
    return false;
  if (relay_quota_take (door->sources, key, len, door->max_per_source))
    return true;
  relay_quota_give (door->sources, "", 0);
  return false;
}

static void
dismiss (const AlAddr *peer, unsigned tag, void *user)
{
  RelayDoor *door = user;
  uint8_t key[AL_RATE_ADDR_KEY];
  size_t len = al_rate_addr_key (peer, key);

  relay_quota_give (door->sources, key, len);
  relay_quota_give (door->sources, "", 0);
}

AlAdmission
relay_door_get_admission (RelayDoor *door)
{
  return (AlAdmission){ admit, dismiss, door };
}
