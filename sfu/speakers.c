/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/speakers.h"

#include <string.h>

#define SILENT_US 500000     /* without news */
#define AUDIBLE 30           /* loudness, in dB above silence: below it is noise */
#define MARGIN 6             /* dB that a challenger must be louder */
#define CHALLENGE_US 100000  /* and for so long */
#define STAY_US 1500000
#define DOMINANT_US 1000000  /* between two changes of the dominant speaker */
/* windows of speech, in ticks; a window's value is the share of its ticks with speech, weighted by loudness */
#define SHORT 15  /* 300 ms */
#define MEDIUM 50 /* 1 s */
#define LONG 150  /* 3 s */
#define TICKS 150

typedef struct {
  uint64_t track;
  bool muted, active;
  uint8_t loudness;
  int64_t at_us;           /* of the loudness; -1: never */
  int64_t challenge_us;    /* louder than the least since; -1: it is not */
  int64_t active_us;       /* since when */
  int64_t spoke_us;        /* last tick with speech; -1: never */
  int64_t turn_us;         /* when it last came in or became dominant; -1: never */
  uint8_t ticks[TICKS];    /* loudness above the threshold, a ring */
  uint32_t sum_short, sum_medium, sum_long;
} Track;

struct SfuSpeakers {
  GArray *tracks; /* Track, in the order of joining */
  unsigned n_active;
  unsigned tick;
  int64_t next_us, dominant_us;
  uint64_t dominant;
  uint64_t active[SFU_SPEAKERS_ACTIVE_MAX]; /* a stable order */
  unsigned n;
  unsigned changed;
};

SfuSpeakers *
sfu_speakers_new (unsigned n_active)
{
  SfuSpeakers *speakers = g_new0 (SfuSpeakers, 1);

  speakers->tracks = g_array_new (FALSE, TRUE, sizeof (Track));
  speakers->next_us = INT64_MIN;
  speakers->dominant_us = INT64_MIN / 2;
  sfu_speakers_set_n_active (speakers, n_active);
  return speakers;
}

void
sfu_speakers_free (SfuSpeakers *speakers)
{
  if (speakers == NULL)
    return;
  g_array_unref (speakers->tracks);
  g_free (speakers);
}

static Track *
at (const SfuSpeakers *speakers, unsigned i)
{
  return &g_array_index (speakers->tracks, Track, i);
}

static Track *
find (const SfuSpeakers *speakers, uint64_t track)
{
  for (unsigned i = 0; i < speakers->tracks->len; i++)
    if (at (speakers, i)->track == track)
      return at (speakers, i);
  return NULL;
}

static void
set_active (SfuSpeakers *speakers, Track *track, int64_t now_us)
{
  track->active = true;
  track->active_us = now_us;
  track->challenge_us = -1;
  speakers->active[speakers->n++] = track->track;
  speakers->changed |= SFU_SPEAKERS_ACTIVE;
}

static void
clear_active (SfuSpeakers *speakers, Track *track)
{
  unsigned i = 0;

  if (!track->active)
    return;
  track->active = false;
  while (speakers->active[i] != track->track)
    i++;
  speakers->n--;
  memmove (speakers->active + i, speakers->active + i + 1, (speakers->n - i) * sizeof speakers->active[0]);
  speakers->changed |= SFU_SPEAKERS_ACTIVE;
}

/* @challenger takes the place of @least, which keeps the order of the others. */
static void
replace (SfuSpeakers *speakers, Track *least, Track *challenger, int64_t now_us)
{
  for (unsigned i = 0; i < speakers->n; i++)
    if (speakers->active[i] == least->track)
      speakers->active[i] = challenger->track;
  least->active = false;
  least->challenge_us = -1;
  challenger->active = true;
  challenger->active_us = challenger->turn_us = now_us;
  challenger->challenge_us = -1;
  speakers->changed |= SFU_SPEAKERS_ACTIVE | SFU_SPEAKERS_ORDER;
}

void
sfu_speakers_set_n_active (SfuSpeakers *speakers, unsigned n_active)
{
  speakers->n_active = CLAMP (n_active, 1, SFU_SPEAKERS_ACTIVE_MAX);
  while (speakers->n > speakers->n_active)
    clear_active (speakers, find (speakers, speakers->active[speakers->n - 1]));
}

void
sfu_speakers_add (SfuSpeakers *speakers, uint64_t track)
{
  Track new = { .track = track, .at_us = -1, .challenge_us = -1, .spoke_us = -1, .turn_us = -1 };

  if (find (speakers, track) != NULL)
    return;
  g_array_append_val (speakers->tracks, new);
  speakers->changed |= SFU_SPEAKERS_ORDER;
  if (speakers->n < speakers->n_active)
    set_active (speakers, find (speakers, track), INT64_MIN / 2);
}

static void
leave_dominance (SfuSpeakers *speakers, uint64_t track)
{
  if (speakers->dominant != track)
    return;
  speakers->dominant = 0;
  speakers->dominant_us = INT64_MIN / 2;
  speakers->changed |= SFU_SPEAKERS_DOMINANT | SFU_SPEAKERS_ORDER;
}

void
sfu_speakers_remove (SfuSpeakers *speakers, uint64_t track)
{
  for (unsigned i = 0; i < speakers->tracks->len; i++)
    if (at (speakers, i)->track == track)
      {
        clear_active (speakers, at (speakers, i));
        leave_dominance (speakers, track);
        g_array_remove_index (speakers->tracks, i);
        speakers->changed |= SFU_SPEAKERS_ORDER;
        return;
      }
}

void
sfu_speakers_set_muted (SfuSpeakers *speakers, uint64_t track, bool muted)
{
  Track *found = find (speakers, track);

  if (found == NULL || found->muted == muted)
    return;
  found->muted = muted;
  found->at_us = -1;
  found->challenge_us = -1;
  if (!muted)
    return;
  clear_active (speakers, found);
  leave_dominance (speakers, track);
  memset (found->ticks, 0, sizeof found->ticks);
  found->sum_short = found->sum_medium = found->sum_long = 0;
}

void
sfu_speakers_on_loudness (SfuSpeakers *speakers, uint64_t track, uint8_t loudness, int64_t now_us)
{
  Track *found = find (speakers, track);

  if (found == NULL)
    return;
  found->loudness = MIN (loudness, 127);
  found->at_us = now_us;
}

static uint8_t
get_loudness (const Track *track, int64_t now_us)
{
  return track->muted || track->at_us < 0 || now_us - track->at_us > SILENT_US ? 0 : track->loudness;
}

/* One tick further: what leaves each window is taken out of its sum. */
static void
count_speech (SfuSpeakers *speakers, Track *track, int64_t now_us)
{
  unsigned tick = speakers->tick;
  uint8_t loudness = get_loudness (track, now_us), speech = loudness > AUDIBLE ? (uint8_t) (loudness - AUDIBLE) : 0;

  track->sum_short += speech - track->ticks[(tick + TICKS - SHORT) % TICKS];
  track->sum_medium += speech - track->ticks[(tick + TICKS - MEDIUM) % TICKS];
  track->sum_long += speech - track->ticks[tick % TICKS];
  track->ticks[tick % TICKS] = speech;
  if (speech > 0)
    track->spoke_us = now_us;
}

/* Returns: (nullable): who of the active may go first: the silent, then the quietest that has stayed long enough. */
static Track *
find_least (const SfuSpeakers *speakers, int64_t now_us)
{
  Track *least = NULL;

  for (unsigned i = 0; i < speakers->n; i++)
    {
      Track *track = find (speakers, speakers->active[i]);

      if (track->sum_short > 0 && track->active_us > now_us - STAY_US)
        continue;
      /* of two that are as quiet, who has been silent for longer */
      if (least == NULL || track->sum_short < least->sum_short ||
          (track->sum_short == least->sum_short && track->spoke_us < least->spoke_us))
        least = track;
    }
  return least;
}

/* Returns: (nullable): the loudest that is not active and has been louder than @least for long enough. */
static Track *
find_challenger (SfuSpeakers *speakers, const Track *least, int64_t now_us)
{
  uint8_t bar = least != NULL ? get_loudness (least, now_us) : 127;
  Track *best = NULL;

  for (unsigned i = 0; i < speakers->tracks->len; i++)
    {
      Track *track = at (speakers, i);
      uint8_t loudness = get_loudness (track, now_us);

      if (track->active || track->muted)
        continue;
      if (loudness <= AUDIBLE || loudness < bar + MARGIN)
        {
          track->challenge_us = -1;
          continue;
        }
      if (track->challenge_us < 0)
        track->challenge_us = now_us;
      if (now_us - track->challenge_us >= CHALLENGE_US && (best == NULL || track->sum_short > best->sum_short))
        best = track;
    }
  return best;
}

/* Free places go to the loudest, then in the order of joining; who got one so makes way at once. */
static void
fill_active (SfuSpeakers *speakers)
{
  while (speakers->n < speakers->n_active)
    {
      Track *best = NULL;

      for (unsigned i = 0; i < speakers->tracks->len; i++)
        {
          Track *track = at (speakers, i);

          if (!track->active && !track->muted && (best == NULL || track->sum_short > best->sum_short))
            best = track;
        }
      if (best == NULL)
        return;
      set_active (speakers, best, INT64_MIN / 2);
    }
}

static void
update_active (SfuSpeakers *speakers, int64_t now_us)
{
  Track *least, *challenger;

  /* each round sets one in place; who came in cannot be thrown out in the same tick */
  for (unsigned round = 0; round < speakers->n_active; round++)
    {
      least = speakers->n < speakers->n_active ? NULL : find_least (speakers, now_us);
      if (least == NULL && speakers->n == speakers->n_active)
        return;
      challenger = find_challenger (speakers, least, now_us);
      if (challenger == NULL || least == NULL)
        return;
      replace (speakers, least, challenger, now_us);
    }
}

/* Volfin and Cohen compare speech activity over three spans, each with a threshold of its own: a cough wins only the
 * short one, an echo of the last sentence only the long one. */
static bool
beats (const Track *track, const Track *present)
{
  return track->sum_short * 2 > present->sum_short * 3 && track->sum_medium * 5 > present->sum_medium * 6 &&
         (track->sum_long > present->sum_long || present->sum_short == 0);
}

static bool
has_spoken (const Track *track)
{
  unsigned n = 0;

  for (unsigned i = 0; i < TICKS; i++)
    n += track->ticks[i] > 0;
  return n >= SHORT;
}

static void
update_dominant (SfuSpeakers *speakers, int64_t now_us)
{
  const Track *present = speakers->dominant != 0 ? find (speakers, speakers->dominant) : NULL;
  Track *best = NULL;

  if (present != NULL && now_us - speakers->dominant_us < DOMINANT_US)
    return;
  for (unsigned i = 0; i < speakers->tracks->len; i++)
    {
      Track *track = at (speakers, i);

      if (track == present || track->sum_short == 0 || !has_spoken (track))
        continue;
      if ((present == NULL || beats (track, present)) && (best == NULL || track->sum_medium > best->sum_medium))
        best = track;
    }
  if (best == NULL)
    return;
  speakers->dominant = best->track;
  speakers->dominant_us = best->turn_us = now_us;
  speakers->changed |= SFU_SPEAKERS_DOMINANT | SFU_SPEAKERS_ORDER;
}

unsigned
sfu_speakers_update (SfuSpeakers *speakers, int64_t now_us)
{
  unsigned changed;

  fill_active (speakers);
  if (now_us >= speakers->next_us)
    {
      speakers->next_us = now_us + SFU_SPEAKERS_TICK_US;
      for (unsigned i = 0; i < speakers->tracks->len; i++)
        count_speech (speakers, at (speakers, i), now_us);
      speakers->tick = (speakers->tick + 1) % TICKS;
      update_active (speakers, now_us);
      update_dominant (speakers, now_us);
    }
  changed = speakers->changed;
  speakers->changed = 0;
  return changed;
}

const uint64_t *
sfu_speakers_get_active (const SfuSpeakers *speakers, unsigned *ret_n)
{
  *ret_n = speakers->n;
  return speakers->active;
}

uint64_t
sfu_speakers_get_dominant (const SfuSpeakers *speakers)
{
  return speakers->dominant;
}

/* The dominant first, then whose turn came last; who never had one keeps the order of joining. */
static bool
comes_before (const SfuSpeakers *speakers, const Track *a, const Track *b)
{
  if ((a->track == speakers->dominant) != (b->track == speakers->dominant))
    return a->track == speakers->dominant;
  return a->turn_us > b->turn_us;
}

unsigned
sfu_speakers_list (const SfuSpeakers *speakers, uint64_t *ret_tracks, unsigned max)
{
  const Track **sorted = g_new (const Track *, speakers->tracks->len + 1);
  unsigned n = 0;

  for (unsigned i = 0; i < speakers->tracks->len; i++, n++)
    {
      unsigned to = n;

      for (; to > 0 && comes_before (speakers, at (speakers, i), sorted[to - 1]); to--)
        sorted[to] = sorted[to - 1];
      sorted[to] = at (speakers, i);
    }
  n = MIN (n, max);
  for (unsigned i = 0; i < n; i++)
    ret_tracks[i] = sorted[i]->track;
  g_free (sorted);
  return n;
}
