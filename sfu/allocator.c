/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/allocator.h"

#include <glib.h>

#include "sfu/demand.h"

#define STEPS_MAX (SFU_LAYERS_MAX * SFU_TEMPORAL_MAX)
#define FPS_MIN 10
#define MARGIN(bps) ((bps) + (bps) *3 / 20)
#define WAIT_US INT64_C (1000000)
#define WAIT_MAX_US INT64_C (4000000)
#define PAUSE_US INT64_C (4000000)
#define PAUSE_MAX_US INT64_C (32000000)
#define SHORT_US INT64_C (10000000) /* a step up that lasted no longer was a mistake */
#define PEACE_US INT64_C (30000000)

/* A way to send a source, from the least to the best. */
typedef struct {
  int8_t layer, temporal;
  uint32_t bps;
} Step;

typedef struct {
  Step steps[STEPS_MAX];
  int n;
  int current; /* what was given last, or what is nearest below; -1: nothing */
  int chosen;
  bool fresh;  /* nothing was given before: no hysteresis */
  bool held;   /* there is room for the next step, but not for long enough */
} Ladder;

static void
add_step (Ladder *ladder, const SfuDemand *demand, unsigned layer, unsigned temporal)
{
  uint32_t bps = demand->encodings[layer].bps[temporal];

  if (bps == 0)
    return; /* not measured yet */
  /* what costs no more and is better replaces what is there */
  while (ladder->n > 0 && ladder->steps[ladder->n - 1].bps >= bps)
    ladder->n--;
  ladder->steps[ladder->n++] = (Step){ (int8_t) layer, (int8_t) temporal, bps };
}

static unsigned
count_temporal (const SfuEncoding *encoding)
{
  return CLAMP (encoding->n_temporal, 1, SFU_TEMPORAL_MAX);
}

/* A camera: by size; each size from its lowest temporal layer of 10 frames a second on, the smallest from its lowest. */
static void
climb_camera (Ladder *ladder, const SfuDemand *demand, uint8_t layers)
{
  for (unsigned layer = 0; layer < demand->n_encodings; layer++)
    {
      const SfuEncoding *encoding = &demand->encodings[layer];
      unsigned n = count_temporal (encoding);

      if (!(layers & (1u << layer)))
        continue;
      for (unsigned temporal = 0; temporal < n; temporal++)
        if (temporal + 1 == n || ladder->n == 0 || encoding->fps[temporal] >= FPS_MIN)
          add_step (ladder, demand, layer, temporal);
    }
}

/* A screen: every size at its lowest frame rate, and then more frames of the largest. */
static void
climb_screen (Ladder *ladder, const SfuDemand *demand, uint8_t layers)
{
  unsigned top = 0;

  for (unsigned layer = 0; layer < demand->n_encodings; layer++)
    if (layers & (1u << layer))
      {
        add_step (ladder, demand, layer, 0);
        top = layer;
      }
  for (unsigned temporal = 1; ladder->n > 0 && temporal < count_temporal (&demand->encodings[top]); temporal++)
    add_step (ladder, demand, top, temporal);
}

static uint8_t
get_active (const SfuDemand *demand)
{
  uint8_t active = 0;

  for (unsigned layer = 0; layer < demand->n_encodings; layer++)
    if (demand->encodings[layer].active)
      active |= (uint8_t) (1u << layer);
  return active;
}

static void
build (Ladder *ladder, const SfuDemand *demand, SfuAllocState *state)
{
  uint8_t active, layers;

  *ladder = (Ladder){ .current = -1, .chosen = -1 };
  if (state->key != demand->key)
    *state = (SfuAllocState){ .key = demand->key };
  if (demand->hidden)
    *state = (SfuAllocState){ .key = demand->key };
  ladder->fresh = state->since_us == 0;
  if (demand->key == 0 || demand->hidden)
    return;
  active = get_active (demand);
  layers = active & sfu_demand_get_layers (demand);
  if (layers == 0)
    layers = active & (uint8_t) -active; /* only larger ones are there: the smallest of them */
  if (demand->screen)
    climb_screen (ladder, demand, layers);
  else
    climb_camera (ladder, demand, layers);
  for (int i = 0; state->given && i < ladder->n; i++)
    if (ladder->steps[i].layer < state->layer ||
        (ladder->steps[i].layer == state->layer && ladder->steps[i].temporal <= state->temporal))
      ladder->current = i;
}

static uint32_t
cost (const Ladder *ladder, int step)
{
  return step < 0 ? 0 : ladder->steps[step].bps;
}

/* May @ladder go on to its next step with @left_bps besides what it has? Beyond what it had before only with a margin, and
 * when there has been room for long enough; the room is kept free for it in the meantime. */
static bool
may_raise (const Ladder *ladder, SfuAllocState *state, uint32_t left_bps, int64_t now_us, bool *ret_wait)
{
  int next = ladder->chosen + 1;
  uint32_t has_bps = cost (ladder, ladder->chosen), next_bps;

  *ret_wait = false;
  if (next >= ladder->n)
    return false;
  next_bps = ladder->steps[next].bps;
  if (ladder->fresh || next <= ladder->current)
    return next_bps - has_bps <= left_bps;
  if ((uint64_t) MARGIN ((uint64_t) next_bps) - has_bps > left_bps)
    return false;
  if (state->room_us <= 0)
    state->room_us = now_us;
  *ret_wait = now_us - state->room_us < (state->wait_us != 0 ? state->wait_us : WAIT_US);
  return !*ret_wait;
}

/* One step for each of @priority in turn, as long as there is room. */
static void
raise_all (Ladder *ladders, const SfuDemand *demands, SfuAllocState *states, unsigned n, uint8_t priority, int64_t now_us,
           uint32_t *left_bps)
{
  bool raised = true;

  while (raised)
    {
      raised = false;
      for (unsigned i = 0; i < n; i++)
        {
          Ladder *ladder = &ladders[i];
          bool wait;

          if (demands[i].priority != priority || ladder->chosen < 0 || ladder->held)
            continue;
          if (may_raise (ladder, &states[i], *left_bps, now_us, &wait))
            {
              *left_bps -= cost (ladder, ladder->chosen + 1) - cost (ladder, ladder->chosen);
              ladder->chosen++;
              raised = true;
            }
          else if (wait)
            {
              *left_bps -= cost (ladder, ladder->chosen + 1) - cost (ladder, ladder->chosen);
              ladder->held = true;
            }
        }
    }
}

/* The smallest of each; with one that had nothing until now, only with a margin (a paused one must not come and go), or when it
 * has waited for long enough. */
static void
give_base (Ladder *ladder, const SfuAllocState *state, int64_t now_us, uint32_t *left_bps)
{
  uint32_t bps = cost (ladder, 0);
  bool careful = state->paused_us != 0 && now_us - state->paused_us < (state->pause_us != 0 ? state->pause_us : PAUSE_US);

  if (ladder->n == 0 || (careful ? MARGIN ((uint64_t) bps) : bps) > *left_bps)
    return;
  ladder->chosen = 0;
  *left_bps -= bps;
}

static SfuWhy
explain (const SfuDemand *demand, const Ladder *ladder)
{
  if (demand->key == 0)
    return SFU_WHY_EMPTY;
  if (demand->hidden)
    return SFU_WHY_HIDDEN;
  if (ladder->n == 0)
    return SFU_WHY_INACTIVE;
  if (ladder->chosen < 0)
    return SFU_WHY_PAUSED;
  if (ladder->held)
    return SFU_WHY_WAITING;
  if (ladder->chosen + 1 < ladder->n)
    return SFU_WHY_ESTIMATE;
  return get_active (demand) & ~((2u << ladder->steps[ladder->chosen].layer) - 1) ? SFU_WHY_SIZE : SFU_WHY_BEST;
}

/* How long the pause has lasted; one soon after the last makes the next one longer. */
static void
settle_pause (SfuAllocState *state, bool paused, int64_t now_us)
{
  if (!paused)
    state->paused_us = 0;
  else if (state->paused_us == 0)
    {
      if (state->given && now_us - state->back_us < SHORT_US)
        state->pause_us = MIN (2 * (state->pause_us != 0 ? state->pause_us : PAUSE_US), PAUSE_MAX_US);
      else
        state->pause_us = 0;
      state->paused_us = now_us;
    }
}

/* Remembers what was given, and learns from it: a step up that did not last makes the next one wait longer. */
static void
settle (SfuAllocState *state, const Ladder *ladder, int64_t now_us)
{
  bool up = ladder->current >= 0 && ladder->chosen > ladder->current;
  bool down = ladder->current >= 0 && ladder->chosen < ladder->current;

  if (down && state->raised_us != 0 && now_us - state->raised_us < SHORT_US)
    {
      state->wait_us = MIN (2 * (state->wait_us != 0 ? state->wait_us : WAIT_US), WAIT_MAX_US);
      state->raised_us = 0;
    }
  if (now_us - state->since_us > PEACE_US)
    state->wait_us = 0;
  if (up)
    state->raised_us = now_us;
  if (!ladder->held)
    state->room_us = 0;
  if (state->paused_us != 0 && ladder->chosen >= 0)
    state->back_us = now_us;
  settle_pause (state, ladder->chosen < 0 && ladder->n > 0, now_us);
  if (ladder->chosen >= 0)
    {
      const Step *step = &ladder->steps[ladder->chosen];

      if (!state->given || step->layer != state->layer || step->temporal != state->temporal)
        state->since_us = now_us;
      state->layer = step->layer;
      state->temporal = step->temporal;
    }
  state->given = ladder->chosen >= 0;
}

static void
tell (SfuChoice *ret_choice, const SfuDemand *demand, const Ladder *ladder, const SfuAllocState *state, int64_t now_us)
{
  int next = MIN (ladder->chosen + 1, ladder->n - 1);
  bool chosen = ladder->chosen >= 0;

  *ret_choice = (SfuChoice){
    .layer = chosen ? ladder->steps[ladder->chosen].layer : -1,
    .temporal = chosen ? ladder->steps[ladder->chosen].temporal : -1,
    .bps = cost (ladder, ladder->chosen),
    .next_bps = cost (ladder, next),
    .why = (uint8_t) explain (demand, ladder),
  };
  if (ladder->held)
    ret_choice->wait_ms =
        (uint16_t) ((state->room_us + (state->wait_us != 0 ? state->wait_us : WAIT_US) - now_us) / 1000);
}

SfuAllocation
sfu_allocate (const SfuDemand *demands, unsigned n, uint32_t budget_bps, SfuAllocState *states, int64_t now_us,
              SfuChoice *ret_choices)
{
  Ladder ladders[SFU_ALLOC_SLOTS_MAX];
  SfuAllocation allocation = { 0 };
  uint32_t left_bps = budget_bps;

  g_return_val_if_fail (n <= SFU_ALLOC_SLOTS_MAX, allocation);
  for (unsigned i = 0; i < n; i++)
    build (&ladders[i], &demands[i], &states[i]);
  for (int priority = UINT8_MAX; priority >= 0; priority--)
    for (unsigned i = 0; i < n; i++)
      if (demands[i].priority == priority)
        give_base (&ladders[i], &states[i], now_us, &left_bps);
  for (int priority = UINT8_MAX; priority >= 0; priority--)
    raise_all (ladders, demands, states, n, (uint8_t) priority, now_us, &left_bps);
  for (unsigned i = 0; i < n; i++)
    {
      tell (&ret_choices[i], &demands[i], &ladders[i], &states[i], now_us);
      ret_choices[i].budget_bps = budget_bps;
      ret_choices[i].left_bps = left_bps;
      settle (&states[i], &ladders[i], now_us);
      allocation.used_bps += ret_choices[i].bps;
      allocation.wanted_bps += MARGIN (cost (&ladders[i], ladders[i].n - 1));
    }
  return allocation;
}

void
sfu_choice_explain (const SfuChoice *choice, char text[96])
{
  unsigned budget = choice->budget_bps / 1000, next = choice->next_bps / 1000;

  switch ((SfuWhy) choice->why)
    {
    case SFU_WHY_BEST:
      g_snprintf (text, 96, "all that is sent, of an estimate of %u kbit/s", budget);
      break;
    case SFU_WHY_SIZE:
      g_snprintf (text, 96, "large enough for its place");
      break;
    case SFU_WHY_ESTIMATE:
      g_snprintf (text, 96, "estimate %u kbit/s, %u of it left; the next takes %u", budget, choice->left_bps / 1000, next);
      break;
    case SFU_WHY_WAITING:
      g_snprintf (text, 96, "estimate %u kbit/s; goes up to %u in %u ms", budget, next, choice->wait_ms);
      break;
    case SFU_WHY_PAUSED:
      g_snprintf (text, 96, "paused: estimate %u kbit/s, the smallest takes %u", budget, next);
      break;
    case SFU_WHY_HIDDEN:
      g_strlcpy (text, "not shown", 96);
      break;
    case SFU_WHY_INACTIVE:
      g_strlcpy (text, "its publisher sends nothing", 96);
      break;
    case SFU_WHY_EMPTY:
    case SFU_WHY_N:
      g_strlcpy (text, "nothing to show", 96);
      break;
    }
}
