/* SPDX-License-Identifier: Apache-2.0 */
/* What workers tell the main thread, on its way to the events. */
#include "sfu/control-private.h"
#include "sfu/news.h"

#include <string.h>

typedef struct {
  SfuNews news;
  uint64_t room, peer, transport;
  bool publisher;
  SfuPeerState state;
} StateNews;

typedef struct {
  SfuNews news;
  uint64_t room, peer;
  unsigned n;
  SfuSlotInfo slots[];
} SlotsNews;

typedef struct {
  SfuNews news;
  uint64_t room;
  unsigned n;
  uint64_t tracks[];
} SpeakersNews;

typedef struct {
  SfuNews news;
  uint64_t room, peer, track;
  uint8_t layers;
} LayersNews;

static void
free_plain (SfuNews *news)
{
  g_free (news);
}

static void
do_state (SfuNews *news, void *user)
{
  SfuControl *control = user;
  const StateNews *state = (const StateNews *) news;
  SfuPeerDesk *peer = sfu_control_find_peer (control, state->room, state->peer);

  /* of a transport that another one has taken the place of: nothing to do */
  if (peer == NULL || peer->legs[state->publisher].setup == NULL
      || peer->legs[state->publisher].transport != state->transport)
    return;
  peer->legs[state->publisher].heard = true;
  if (state->state == SFU_PEER_CLOSED)
    sfu_control_close_leg (control, peer, state->publisher);
  else if (control->events.state != NULL)
    control->events.state (state->room, state->peer, state->publisher, state->state, control->user);
}

void
sfu_news_state (SfuMesh *mesh, const SfuLegSetup *setup, SfuPeerState state)
{
  StateNews *news = g_new (StateNews, 1);

  *news = (StateNews){ .news = { do_state, free_plain },
                       .room = setup->room,
                       .peer = setup->peer,
                       .transport = setup->transport,
                       .publisher = setup->publisher,
                       .state = state };
  (void) sfu_mesh_tell_main (mesh, &news->news);
}

static void
do_slots (SfuNews *news, void *user)
{
  SfuControl *control = user;
  const SlotsNews *slots = (const SlotsNews *) news;

  if (sfu_control_find_peer (control, slots->room, slots->peer) != NULL && control->events.slots != NULL)
    control->events.slots (slots->room, slots->peer, slots->slots, slots->n, control->user);
}

void
sfu_news_slots (SfuMesh *mesh, uint64_t room, uint64_t peer, const SfuSlotInfo *slots, unsigned n)
{
  SlotsNews *news = g_malloc (sizeof *news + n * sizeof *slots);

  *news = (SlotsNews){ .news = { do_slots, free_plain }, .room = room, .peer = peer, .n = n };
  memcpy (news->slots, slots, n * sizeof *slots);
  (void) sfu_mesh_tell_main (mesh, &news->news);
}

static void
do_speakers (SfuNews *news, void *user)
{
  SfuControl *control = user;
  const SpeakersNews *speakers = (const SpeakersNews *) news;

  if (sfu_control_find_room (control, speakers->room) != NULL && control->events.speakers != NULL)
    control->events.speakers (speakers->room, speakers->tracks, speakers->n, control->user);
}

void
sfu_news_speakers (SfuMesh *mesh, uint64_t room, const uint64_t *tracks, unsigned n)
{
  SpeakersNews *news = g_malloc (sizeof *news + n * sizeof *tracks);

  *news = (SpeakersNews){ .news = { do_speakers, free_plain }, .room = room, .n = n };
  if (n > 0)
    memcpy (news->tracks, tracks, n * sizeof *tracks);
  (void) sfu_mesh_tell_main (mesh, &news->news);
}

static void
do_layers (SfuNews *news, void *user)
{
  SfuControl *control = user;
  const LayersNews *layers = (const LayersNews *) news;
  SfuPeerDesk *peer = sfu_control_find_peer (control, layers->room, layers->peer);
  const SfuLegSetup *setup = peer != NULL ? peer->legs[true].setup : NULL;
  const char *rids[SFU_LAYERS_MAX];
  unsigned n = 0;

  for (unsigned i = 0; setup != NULL && i < setup->n_lanes; i++)
    {
      const SfuPublication *publication = setup->lanes[i].publication;

      if (publication == NULL || publication->track != layers->track)
        continue;
      for (unsigned rid = 0; rid < publication->n_rids; rid++)
        if ((layers->layers >> rid & 1) != 0)
          rids[n++] = publication->rids[rid];
      if (control->events.layers != NULL)
        control->events.layers (layers->room, layers->peer, layers->track, rids, n, control->user);
      return;
    }
}

void
sfu_news_layers (SfuMesh *mesh, uint64_t room, uint64_t peer, uint64_t track, uint8_t layers)
{
  LayersNews *news = g_new (LayersNews, 1);

  *news = (LayersNews){ { do_layers, free_plain }, room, peer, track, layers };
  (void) sfu_mesh_tell_main (mesh, &news->news);
}
