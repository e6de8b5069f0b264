/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/setup.h"

#include <stdatomic.h>
#include <string.h>

SfuLegSetup *
sfu_leg_setup_new (unsigned n_lanes)
{
  SfuLegSetup *setup = g_new0 (SfuLegSetup, 1);

  atomic_init (&setup->refs, 1);
  memset (setup->payloads.of, SFU_NO_PT, sizeof setup->payloads.of);
  setup->n_lanes = n_lanes;
  setup->lanes = g_new0 (SfuLane, n_lanes);
  return setup;
}

void
sfu_leg_setup_set_wants (SfuLegSetup *setup, const SfuWant *wants, unsigned n)
{
  g_free (setup->wants);
  setup->n_wants = MIN (n, SFU_WANTS_MAX);
  setup->wants = setup->n_wants > 0 ? g_memdup2 (wants, setup->n_wants * sizeof *wants) : NULL;
}

SfuLegSetup *
sfu_leg_setup_copy (const SfuLegSetup *setup)
{
  SfuLegSetup *copy = g_memdup2 (setup, sizeof *setup);

  atomic_init (&copy->refs, 1);
  copy->lanes = g_memdup2 (setup->lanes, setup->n_lanes * sizeof *setup->lanes);
  for (unsigned i = 0; i < copy->n_lanes; i++)
    copy->lanes[i].publication = g_memdup2 (setup->lanes[i].publication, sizeof (SfuPublication));
  copy->wants = g_memdup2 (setup->wants, setup->n_wants * sizeof *setup->wants);
  return copy;
}

SfuLegSetup *
sfu_leg_setup_ref (SfuLegSetup *setup)
{
  atomic_fetch_add_explicit (&setup->refs, 1, memory_order_relaxed);
  return setup;
}

void
sfu_leg_setup_unref (SfuLegSetup *setup)
{
  if (setup == NULL || atomic_fetch_sub_explicit (&setup->refs, 1, memory_order_acq_rel) != 1)
    return;
  for (unsigned i = 0; i < setup->n_lanes; i++)
    g_free (setup->lanes[i].publication);
  g_free (setup->lanes);
  g_free (setup->wants);
  g_free (setup);
}

const SfuPayload *
sfu_payload_map_find (const SfuPayloadMap *map, SfuCodec codec, uint32_t profile)
{
  for (unsigned i = 0; i < map->n; i++)
    if (map->list[i].codec == codec && map->list[i].profile == profile)
      return &map->list[i];
  return NULL;
}
