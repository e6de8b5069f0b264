/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/demand.h"

#include <glib.h>

/* A picture is shown whole: it fills its place as soon as one of its sides does. */
static bool
fills (const SfuDemand *demand, const SfuEncoding *encoding)
{
  if ((demand->width == 0 && demand->height == 0) || (encoding->width == 0 && encoding->height == 0))
    return false;
  return encoding->width >= demand->width || encoding->height >= demand->height;
}

uint8_t
sfu_demand_get_layers (const SfuDemand *demand)
{
  uint8_t layers = 0;

  if (demand->key == 0 || demand->hidden)
    return 0;
  for (unsigned i = 0; i < demand->n_encodings; i++)
    {
      layers |= (uint8_t) (1 << i);
      if (fills (demand, &demand->encodings[i]))
        break;
    }
  return layers;
}

void
sfu_layers_used_init (SfuLayersUsed *used, unsigned n_layers, int64_t now_us)
{
  *used = (SfuLayersUsed){ .told = (uint8_t) ((1u << MIN (n_layers, SFU_LAYERS_MAX)) - 1) };
  for (unsigned i = 0; i < SFU_LAYERS_MAX; i++)
    used->unneeded_us[i] = now_us;
}

bool
sfu_layers_used_set (SfuLayersUsed *used, uint8_t needed, int64_t now_us)
{
  uint8_t before = used->told;

  for (unsigned i = 0; i < SFU_LAYERS_MAX; i++)
    if ((used->needed & ~needed) & (1u << i))
      used->unneeded_us[i] = now_us;
  used->needed = needed;
  used->told |= needed;
  (void) sfu_layers_used_tick (used, now_us);
  return used->told != before;
}

bool
sfu_layers_used_tick (SfuLayersUsed *used, int64_t now_us)
{
  uint8_t before = used->told;

  for (unsigned i = 0; i < SFU_LAYERS_MAX; i++)
    if (!(used->needed & (1u << i)) && now_us - used->unneeded_us[i] >= SFU_LAYER_STOP_US)
      used->told &= (uint8_t) ~(1u << i);
  return used->told != before;
}

uint8_t
sfu_layers_used_get (const SfuLayersUsed *used)
{
  return used->told;
}

int64_t
sfu_layers_used_get_deadline (const SfuLayersUsed *used)
{
  int64_t deadline_us = INT64_MAX;

  for (unsigned i = 0; i < SFU_LAYERS_MAX; i++)
    if ((used->told & ~used->needed) & (1u << i))
      deadline_us = MIN (deadline_us, used->unneeded_us[i] + SFU_LAYER_STOP_US);
  return deadline_us;
}
