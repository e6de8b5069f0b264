/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/slots.h"

#include <glib.h>
#include <string.h>

#define NOWHERE UINT_MAX
#define WANTS_MAX 256 /* of one subscriber: more are not looked at */

typedef const SfuSlotsTrack *Track;

/* What is to be shown, and where it stands so far. */
typedef struct {
  const SfuSlots *slots;
  const SfuSlotsRoom *room;
  Track heard[SFU_SLOTS_MAX], seen[SFU_SLOTS_MAX]; /* wanted, in order */
  unsigned n_heard, n_seen;
  Track audio[SFU_SLOTS_MAX], video[SFU_SLOTS_MAX];
} Plan;

void
sfu_slots_init (SfuSlots *slots, uint64_t peer, unsigned n_audio, unsigned n_video)
{
  memset (slots, 0, sizeof *slots);
  slots->peer = peer;
  sfu_slots_resize (slots, n_audio, n_video);
}

void
sfu_slots_resize (SfuSlots *slots, unsigned n_audio, unsigned n_video)
{
  slots->n_audio = MAX (slots->n_audio, MIN (n_audio, SFU_SLOTS_MAX));
  slots->n_video = MAX (slots->n_video, MIN (n_video, SFU_SLOTS_MAX));
}

static unsigned
index_of (const Track *tracks, unsigned n, const SfuSlotsTrack *track)
{
  for (unsigned i = 0; track != NULL && i < n; i++)
    if (tracks[i] == track)
      return i;
  return NOWHERE;
}

static Track
find (const Plan *plan, uint64_t id)
{
  for (unsigned i = 0; i < plan->room->n_tracks; i++)
    if (plan->room->tracks[i].track == id)
      return &plan->room->tracks[i];
  return NULL;
}

/* Returns: (nullable): the face of a voice, the voice of a face. */
static Track
find_partner (const Plan *plan, const SfuSlotsTrack *track)
{
  static const SfuSource partners[SFU_SOURCE_N] = {
    [SFU_SOURCE_MIC] = SFU_SOURCE_CAMERA,
    [SFU_SOURCE_CAMERA] = SFU_SOURCE_MIC,
    [SFU_SOURCE_SCREEN] = SFU_SOURCE_SCREEN_AUDIO,
    [SFU_SOURCE_SCREEN_AUDIO] = SFU_SOURCE_SCREEN,
  };

  for (unsigned i = 0; i < plan->room->n_tracks; i++)
    {
      Track other = &plan->room->tracks[i];

      if (other->peer == track->peer && other->kind != track->kind && other->source == partners[track->source])
        return other;
    }
  return NULL;
}

static void
choose (const Plan *plan, Track *chosen, unsigned *n, unsigned max, SfuKind kind, const SfuSlotsTrack *track)
{
  if (track == NULL || *n >= max || track->kind != kind || track->silent || track->peer == plan->slots->peer ||
      index_of (chosen, *n, track) != NOWHERE)
    return;
  chosen[(*n)++] = track;
}

static void
choose_wanted (Plan *plan, unsigned max)
{
  const SfuWant *wants = plan->room->wants;
  unsigned n = MIN (plan->room->n_wants, WANTS_MAX);
  bool taken[WANTS_MAX] = { false };

  for (unsigned round = 0; round < n && plan->n_seen < max; round++)
    {
      unsigned best = NOWHERE;

      for (unsigned i = 0; i < n; i++)
        {
          uint32_t area = (uint32_t) wants[i].width * wants[i].height;

          if (!taken[i] && (best == NOWHERE || wants[i].priority > wants[best].priority ||
                            (wants[i].priority == wants[best].priority &&
                             area > (uint32_t) wants[best].width * wants[best].height)))
            best = i;
        }
      taken[best] = true;
      choose (plan, plan->seen, &plan->n_seen, max, SFU_VIDEO, find (plan, wants[best].track));
    }
}

static void
choose_seen (Plan *plan)
{
  const SfuSlotsRoom *room = plan->room;
  unsigned max = plan->slots->n_video;

  if (room->last_n != 0 && room->last_n < max)
    max = room->last_n;
  if (room->n_wants > 0)
    {
      choose_wanted (plan, max);
      return;
    }
  for (unsigned i = 0; i < room->n_tracks; i++)
    if (room->tracks[i].source == SFU_SOURCE_SCREEN)
      choose (plan, plan->seen, &plan->n_seen, max, SFU_VIDEO, &room->tracks[i]);
  for (unsigned i = 0; i < room->n_order && plan->n_seen < max; i++)
    {
      Track voice = find (plan, room->order[i]);

      if (voice != NULL)
        choose (plan, plan->seen, &plan->n_seen, max, SFU_VIDEO, find_partner (plan, voice));
    }
  for (unsigned i = 0; i < room->n_tracks && plan->n_seen < max; i++)
    choose (plan, plan->seen, &plan->n_seen, max, SFU_VIDEO, &room->tracks[i]);
}

static void
choose_screen_audio (Plan *plan, unsigned max)
{
  for (unsigned i = 0; i < plan->room->n_tracks && plan->n_heard < max; i++)
    if (plan->room->tracks[i].source == SFU_SOURCE_SCREEN_AUDIO)
      choose (plan, plan->heard, &plan->n_heard, max, SFU_AUDIO, &plan->room->tracks[i]);
}

static void
choose_heard (Plan *plan)
{
  unsigned max = plan->slots->n_audio;

  /* a screen's sound is not measured against voices, but does not take their last place either */
  choose_screen_audio (plan, (max + 1) / 2);
  for (unsigned i = 0; i < plan->room->n_heard; i++)
    choose (plan, plan->heard, &plan->n_heard, max, SFU_AUDIO, find (plan, plan->room->heard[i]));
  choose_screen_audio (plan, max);
}

static void
keep (Track *places, const uint64_t *before, unsigned n, const Track *chosen, unsigned n_chosen)
{
  for (unsigned i = 0; i < n; i++)
    for (unsigned j = 0; before[i] != 0 && j < n_chosen; j++)
      if (chosen[j]->track == before[i])
        places[i] = chosen[j];
}

/* Returns: the best free video slot for @track: beside its voice; else, if it will be heard, where a pair can be formed; else
 * where none can. */
static unsigned
place_video (const Plan *plan, const SfuSlotsTrack *track)
{
  Track voice = find_partner (plan, track);
  unsigned beside = index_of (plan->audio, plan->slots->n_audio, voice), best = NOWHERE, best_rank = 0;
  bool heard = index_of (plan->heard, plan->n_heard, voice) != NOWHERE;

  for (unsigned i = 0; i < plan->slots->n_video; i++)
    {
      bool pairs = i < plan->slots->n_audio, voiced = pairs && plan->audio[i] != NULL;
      unsigned rank = i == beside ? 4 : heard ? (voiced ? 2 : pairs ? 3 : 1) : (!pairs ? 3 : voiced ? 1 : 2);

      if (plan->video[i] == NULL && rank > best_rank)
        {
          best = i;
          best_rank = rank;
        }
    }
  return best;
}

/* Returns: a free audio slot: beside its face, else beside nobody. */
static unsigned
place_audio (const Plan *plan, const SfuSlotsTrack *track)
{
  unsigned beside = index_of (plan->video, plan->slots->n_video, find_partner (plan, track)), best = NOWHERE, best_rank = 0;

  for (unsigned i = 0; i < plan->slots->n_audio; i++)
    {
      bool faced = i < plan->slots->n_video && plan->video[i] != NULL;
      unsigned rank = i == beside ? 3 : faced ? 1 : 2;

      if (plan->audio[i] == NULL && rank > best_rank)
        {
          best = i;
          best_rank = rank;
        }
    }
  return best;
}

static void
place_all (Plan *plan)
{
  for (unsigned i = 0; i < plan->n_seen; i++)
    if (index_of (plan->video, plan->slots->n_video, plan->seen[i]) == NOWHERE)
      plan->video[place_video (plan, plan->seen[i])] = plan->seen[i];
  for (unsigned i = 0; i < plan->n_heard; i++)
    if (index_of (plan->audio, plan->slots->n_audio, plan->heard[i]) == NOWHERE)
      plan->audio[place_audio (plan, plan->heard[i])] = plan->heard[i];
}

/* Tries to bring the voice in slot @i and its face together. No pair is broken for it. Returns: did it move something. */
static bool
pair (Plan *plan, unsigned i)
{
  Track voice = plan->audio[i], other;
  unsigned beside;

  if (voice == NULL)
    return false;
  beside = index_of (plan->video, plan->slots->n_video, find_partner (plan, voice));
  if (beside == NOWHERE || beside == i)
    return false;
  if (beside < plan->slots->n_audio)
    {
      other = plan->audio[beside];
      if (other != NULL && find_partner (plan, other) == plan->video[beside])
        return false;
      plan->audio[beside] = voice;
      plan->audio[i] = other;
      return true;
    }
  if (i >= plan->slots->n_video || plan->video[i] != NULL)
    return false;
  plan->video[i] = plan->video[beside];
  plan->video[beside] = NULL;
  return true;
}

static void
pair_all (Plan *plan)
{
  bool moved = true;

  /* each move makes a pair and breaks none, so there are at most as many rounds as slots */
  while (moved)
    {
      moved = false;
      for (unsigned i = 0; i < plan->slots->n_audio; i++)
        moved |= pair (plan, i);
    }
}

static uint64_t
apply (uint64_t *slots, const Track *places, unsigned n)
{
  uint64_t changed = 0;

  for (unsigned i = 0; i < n; i++)
    {
      uint64_t track = places[i] != NULL ? places[i]->track : 0;

      changed |= (uint64_t) (slots[i] != track) << i;
      slots[i] = track;
    }
  return changed;
}

bool
sfu_slots_assign (SfuSlots *slots, const SfuSlotsRoom *room, uint64_t *ret_audio, uint64_t *ret_video)
{
  Plan plan = { .slots = slots, .room = room };

  choose_seen (&plan);
  choose_heard (&plan);
  keep (plan.audio, slots->audio, slots->n_audio, plan.heard, plan.n_heard);
  keep (plan.video, slots->video, slots->n_video, plan.seen, plan.n_seen);
  place_all (&plan);
  pair_all (&plan);
  *ret_audio = apply (slots->audio, plan.audio, slots->n_audio);
  *ret_video = apply (slots->video, plan.video, slots->n_video);
  return (*ret_audio | *ret_video) != 0;
}
