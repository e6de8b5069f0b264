/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/rid-order.h"

#include <string.h>

#define SIDE_MAX 16384
#define BLOCK 256 /* pixels: max-fs counts macroblocks */

static const char *const known[] = { "qhf", "lmh", "012", "123" };

/* Returns: the value of @key in "pt=96;max-width=1280"; 0: none */
static uint32_t
read_limit (const char *limits, const char *key, uint32_t max)
{
  size_t len = strlen (key);

  for (const char *at = limits; at != NULL; at = strchr (at, ';'), at += at != NULL)
    {
      uint32_t value = 0;

      at += strspn (at, " ");
      if (strncmp (at, key, len) != 0 || at[len] != '=')
        continue;
      for (at += len + 1; *at >= '0' && *at <= '9' && value <= max; at++)
        value = value * 10 + (uint32_t) (*at - '0');
      return value <= max && strchr ("; ", *at) != NULL ? value : 0;
    }
  return 0;
}

uint32_t
sfu_rid_order_read_pixels (const char *limits)
{
  uint32_t pixels = read_limit (limits, "max-width", SIDE_MAX) * read_limit (limits, "max-height", SIDE_MAX);

  return pixels != 0 ? pixels : read_limit (limits, "max-fs", SIDE_MAX * SIDE_MAX / BLOCK) * BLOCK;
}

static bool
by_size (const SfuPublication *publication, unsigned rid, unsigned *ret_layer)
{
  unsigned layer = 0;

  for (unsigned i = 0; i < publication->n_rids; i++)
    {
      for (unsigned other = 0; other < i; other++)
        if (publication->rid_pixels[other] == publication->rid_pixels[i])
          return false;
      if (publication->rid_pixels[i] == 0)
        return false;
      layer += publication->rid_pixels[i] < publication->rid_pixels[rid];
    }
  *ret_layer = layer;
  return true;
}

static int
rank_of (const SfuPublication *publication, const char *order, unsigned rid)
{
  const char *text = publication->rids[rid];
  const char *at = text[0] != '\0' && text[1] == '\0' ? strchr (order, text[0]) : NULL;

  return at != NULL ? (int) (at - order) : -1;
}

static bool
by_name (const SfuPublication *publication, const char *order, unsigned rid, unsigned *ret_layer)
{
  unsigned layer = 0;

  for (unsigned other = 0; other < publication->n_rids; other++)
    {
      if (rank_of (publication, order, other) < 0)
        return false;
      layer += rank_of (publication, order, other) < rank_of (publication, order, rid);
    }
  *ret_layer = layer;
  return true;
}

unsigned
sfu_rid_order_get_layer (const SfuPublication *publication, unsigned rid)
{
  unsigned layer;

  if (by_size (publication, rid, &layer))
    return layer;
  for (unsigned i = 0; i < G_N_ELEMENTS (known); i++)
    if (by_name (publication, known[i], rid, &layer))
      return layer;
  return rid;
}
