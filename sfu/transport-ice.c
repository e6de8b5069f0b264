/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses are a peer's, and which of them is used: checks, nominations, generations of credentials (RFC 8445). */
#include "sfu/transport-private.h"

#include <string.h>

int
sfu_transport_find_path (const SfuTransport *transport, const SfuPath *path)
{
  for (unsigned i = 0; i < transport->n_paths; i++)
    if (sfu_path_equal (&transport->paths[i].path, path))
      return (int) i;
  return SFU_NO_PATH;
}

static void
remove_path (SfuTransport *transport, unsigned index)
{
  unsigned last = --transport->n_paths;

  if (transport->selected == (int) index)
    transport->selected = SFU_NO_PATH;
  else if (transport->selected == (int) last)
    transport->selected = (int) index;
  transport->paths[index] = transport->paths[last];
}

/* the one that was checked least recently, but never the one in use */
static void
remove_eldest (SfuTransport *transport)
{
  int eldest = SFU_NO_PATH;

  for (int i = 0; i < (int) transport->n_paths; i++)
    if (i != transport->selected && (eldest == SFU_NO_PATH || transport->paths[i].heard_us < transport->paths[eldest].heard_us))
      eldest = i;
  remove_path (transport, (unsigned) eldest);
}

static int
learn_path (SfuTransport *transport, const SfuPath *path, int64_t now_us)
{
  int index = sfu_transport_find_path (transport, path);

  if (index == SFU_NO_PATH)
    {
      if (transport->n_paths == SFU_PATHS_MAX)
        remove_eldest (transport);
      index = (int) transport->n_paths++;
      transport->paths[index].path = *path;
    }
  transport->paths[index].heard_us = now_us;
  return index;
}

/* RFC 7675 §5.1: consent is each path's own */
void
sfu_transport_forget_old_paths (SfuTransport *transport, int64_t now_us)
{
  for (unsigned i = transport->n_paths; i > 0; i--)
    if (transport->selected != (int) i - 1 && now_us - transport->paths[i - 1].heard_us >= SFU_CONSENT_US)
      remove_path (transport, i - 1);
}

void
sfu_transport_set_generation (SfuGeneration *generation, const char *local, const char *remote)
{
  memcpy (generation->local, local, SFU_ICE_UFRAG_LEN);
  generation->remote = g_strdup (remote);
}

void
sfu_transport_drop_old_generation (SfuTransport *transport)
{
  g_clear_pointer (&transport->generations[1].remote, g_free);
  transport->n_generations = 1;
  transport->overlap_until_us = INT64_MAX;
}

void
sfu_transport_restart_ice (SfuTransport *transport, const char *local_ufrag, const char *remote_ufrag, int64_t now_us)
{
  g_return_if_fail (strlen (local_ufrag) == SFU_ICE_UFRAG_LEN);
  if (transport->state == SFU_TRANSPORT_CLOSED)
    return;
  sfu_transport_drop_old_generation (transport);
  transport->generations[1] = transport->generations[0];
  sfu_transport_set_generation (&transport->generations[0], local_ufrag, remote_ufrag);
  transport->n_generations = 2;
  transport->has_nomination = false;
  transport->restarts++;
}

/* Returns: which generation @check belongs to; SFU_NO_PATH: none */
static int
find_generation (const SfuTransport *transport, const SfuIceCheck *check)
{
  for (unsigned i = 0; i < transport->n_generations; i++)
    {
      const SfuGeneration *generation = &transport->generations[i];

      if (memcmp (generation->local, check->local, SFU_ICE_UFRAG_LEN) == 0)
        return generation->remote == NULL
                       || (strlen (generation->remote) == check->remote_len
                           && memcmp (generation->remote, check->remote, check->remote_len) == 0)
                   ? (int) i
                   : SFU_NO_PATH;
    }
  return SFU_NO_PATH;
}

/* RFC 8445 §8.1.1: the controlling agent chooses; the last word counts. Who numbers nominations (0xC001) is not led back by an
 * older one that comes late, nor by a check that only keeps another path alive; unless there is no path at all */
static bool
is_nomination (const SfuTransport *transport, const SfuIceCheck *check, int generation)
{
  if (!check->use_candidate && !check->has_nomination)
    return false;
  if (transport->selected == SFU_NO_PATH)
    return true;
  if (generation > 0)
    return transport->overlap_until_us == INT64_MAX; /* until the present generation has one */
  return !transport->has_nomination || (check->has_nomination && check->nomination >= transport->nomination);
}

static void
nominate (SfuTransport *transport, const SfuIceCheck *check, int generation, int path, int64_t now_us)
{
  if (generation == 0)
    {
      if (check->has_nomination)
        transport->nomination = check->nomination;
      transport->has_nomination = transport->has_nomination || check->has_nomination;
      if (transport->n_generations > 1 && transport->overlap_until_us == INT64_MAX)
        transport->overlap_until_us = now_us + SFU_OVERLAP_US;
    }
  if (transport->selected == path)
    return;
  transport->selected = path;
  transport->stats.path_changes++;
  transport->ops->on_path (transport, &transport->paths[path].path, transport->user);
}

/* RFC 5245 §8.1.1.2: who nominates each pair uses the best of them, and the last that arrived may be another: then
 * consent comes by another path alone. Who numbers nominations says where to go. */
static bool
is_elsewhere (const SfuTransport *transport, int generation, int64_t now_us)
{
  return transport->selected != SFU_NO_PATH && generation == 0 && !transport->has_nomination
         && now_us - transport->consent_us >= SFU_QUIET_US;
}

static void
note_check (SfuTransport *transport, const SfuIceCheck *check, int generation, const SfuPath *path, int64_t now_us)
{
  int index = learn_path (transport, path, now_us);

  transport->heard_us = now_us;
  transport->farewell_us = INT64_MAX;
  if (is_nomination (transport, check, generation) || is_elsewhere (transport, generation, now_us))
    nominate (transport, check, generation, index, now_us);
  if (index == transport->selected)
    transport->consent_us = now_us;
  if (transport->state == SFU_TRANSPORT_NEW && transport->selected != SFU_NO_PATH)
    {
      sfu_transport_set_state (transport, SFU_TRANSPORT_CONNECTING);
      sfu_transport_start_dtls (transport, now_us);
    }
  else if (transport->state == SFU_TRANSPORT_INTERRUPTED && transport->selected != SFU_NO_PATH)
    sfu_transport_set_state (transport, SFU_TRANSPORT_CONNECTED);
}

bool
sfu_transport_on_stun (SfuTransport *transport, const AlStunMessage *message, const SfuPath *path, int64_t now_us)
{
  uint8_t reply[SFU_ICE_REPLY_MAX];
  SfuIceCheck check;
  int generation;
  size_t len;

  if (transport->state == SFU_TRANSPORT_CLOSED)
    return false;
  if (!sfu_ice_check (transport->identity, transport->hmac, message, &check)
      || (generation = find_generation (transport, &check)) == SFU_NO_PATH)
    {
      transport->stats.rx_bad_checks++;
      return false;
    }
  len = sfu_ice_answer (transport->identity, transport->hmac, &check, &path->remote, reply, sizeof reply);
  g_assert (len > 0);
  transport->stats.rx_checks++;
  transport->ops->send (transport, path, reply, len, transport->user);
  if (!sfu_ice_is_valid (&check))
    return false;
  note_check (transport, &check, generation, path, now_us);
  return true;
}

void
sfu_transport_forget_via (SfuTransport *transport, const void *via, int64_t now_us)
{
  for (unsigned i = transport->n_paths; i > 0; i--)
    if (transport->paths[i - 1].path.via == via)
      remove_path (transport, i - 1);
  if (transport->selected == SFU_NO_PATH && transport->state == SFU_TRANSPORT_CONNECTED)
    sfu_transport_set_state (transport, SFU_TRANSPORT_INTERRUPTED);
}
