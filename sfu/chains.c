/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/chains.h"

#include <string.h>

/* of a chain, up to a frame */
typedef enum { INTACT, PENDING, BROKEN } Link;

void
sfu_chains_init (SfuChains *chains)
{
  (void) memset (chains, 0, sizeof *chains);
}

/* Returns: the place of frame @number, begun anew when another frame, 256 or more away, stands there. */
static unsigned
take_place (SfuChains *chains, uint64_t index, const SfuDependency *dependency)
{
  unsigned at = dependency->frame_number % SFU_CHAINS_FRAMES;

  if (chains->frames[at].n_pkts == 0 || chains->frames[at].number != dependency->frame_number)
    {
      (void) memset (&chains->frames[at], 0, sizeof chains->frames[at]);
      chains->frames[at].number = dependency->frame_number;
      chains->frames[at].first = index;
      (void) memcpy (chains->frames[at].diffs, dependency->chain_diffs, sizeof chains->frames[at].diffs);
    }
  return at;
}

static bool
is_whole (const SfuChains *chains, unsigned at)
{
  return chains->frames[at].start && chains->frames[at].end
         && (uint32_t) (chains->frames[at].last - (uint32_t) chains->frames[at].first) + 1 == chains->frames[at].n_pkts;
}

/* Returns: the place of frame @number when something of it came; else -1. */
static int
find (const SfuChains *chains, uint16_t number)
{
  unsigned at = number % SFU_CHAINS_FRAMES;

  return chains->frames[at].n_pkts > 0 && chains->frames[at].number == number ? (int) at : -1;
}

/* Returns: what is missing of the frame @diff before the one at @at has a lower index than this: that of the first frame
 * behind it that came. */
static uint64_t
get_bound (const SfuChains *chains, unsigned at, unsigned diff)
{
  while (--diff > 0)
    {
      int next = find (chains, (uint16_t) (chains->frames[at].number - diff));

      if (next >= 0)
        return chains->frames[next].first;
    }
  return chains->frames[at].first;
}

/* Back from the frame at @at to one of which it is known, or where the chain begins, or where something is missing. */
static Link
follow (const SfuChains *chains, unsigned at, unsigned chain, uint64_t awaited)
{
  for (unsigned steps = 0; steps < SFU_CHAINS_FRAMES; steps++)
    {
      unsigned diff = chains->frames[at].diffs[chain];
      int before = find (chains, (uint16_t) (chains->frames[at].number - diff));

      if (diff == 0 || (chains->frames[at].intact >> chain & 1) != 0)
        return INTACT;
      if ((chains->frames[at].broken >> chain & 1) != 0)
        return BROKEN;
      if (before < 0 || !is_whole (chains, (unsigned) before))
        return awaited < get_bound (chains, at, diff) ? PENDING : BROKEN;
      at = (unsigned) before;
    }
  return BROKEN;
}

void
sfu_chains_on_packet (SfuChains *chains, const SfuDependencyState *state, uint64_t index, uint64_t awaited, SfuFrame *frame)
{
  SfuDependency *dependency = &frame->dependency;
  unsigned at = take_place (chains, index, dependency);

  chains->frames[at].n_pkts++;
  if (frame->start || index < chains->frames[at].first)
    chains->frames[at].first = index;
  chains->frames[at].start |= frame->start;
  chains->frames[at].end |= frame->end;
  if (frame->end)
    chains->frames[at].last = (uint32_t) index;
  dependency->pending_layers = dependency->broken_layers = 0;
  for (unsigned chain = 0; chain < dependency->n_chains; chain++)
    switch (follow (chains, at, chain, awaited))
      {
      case INTACT:
        chains->frames[at].intact |= (uint8_t) (1u << chain);
        break;
      case PENDING:
        dependency->pending_layers |= state->chain_layers[chain];
        break;
      case BROKEN:
        chains->frames[at].broken |= (uint8_t) (1u << chain);
        dependency->broken_layers |= state->chain_layers[chain];
        break;
      }
}
