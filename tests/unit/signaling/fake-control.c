/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-control.h"

#include <string.h>

struct SfuControl {
  FakeControlLog log;
  SfuEvents events;
  void *user;
  uint64_t next_id;
  GHashTable *tracks; /* peer and source -> track: an offer that repeats a source keeps its track */
};

SfuControl *
fake_control_new (void)
{
  SfuControl *control = g_new0 (SfuControl, 1);

  control->tracks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return control;
}

void
fake_control_free (SfuControl *control)
{
  g_hash_table_unref (control->tracks);
  g_free (control);
}

FakeControlLog *
fake_control_log (SfuControl *control)
{
  return &control->log;
}

const SfuEvents *
fake_control_events (SfuControl *control, void **ret_user)
{
  *ret_user = control->user;
  return &control->events;
}

void
sfu_control_set_events (SfuControl *control, const SfuEvents *events, void *user)
{
  control->events = *events;
  control->user = user;
}

uint64_t
sfu_control_add_room (SfuControl *control, const SfuRoomPolicy *policy)
{
  g_assert_cmpuint (policy->active_speakers, >, 0);
  control->log.rooms++;
  return control->log.last_room = ++control->next_id;
}

void
sfu_control_remove_room (SfuControl *control, uint64_t room)
{
  g_assert_cmpuint (control->log.rooms, >, 0);
  control->log.rooms--;
}

uint64_t
sfu_control_add_peer (SfuControl *control, uint64_t room)
{
  control->log.peers++;
  return control->log.last_peer = ++control->next_id;
}

void
sfu_control_remove_peer (SfuControl *control, uint64_t room, uint64_t peer)
{
  g_assert_cmpuint (control->log.peers, >, 0);
  control->log.peers--;
}

static bool
refuse (const SfuControl *control, const char *offer, GError **error)
{
  if (control->log.full)
    g_set_error (error, SFU_ERROR, SFU_ERROR_LIMIT, "no room for another track");
  else if (!g_str_has_prefix (offer, "v=0"))
    g_set_error (error, SFU_ERROR, SFU_ERROR_BAD_OFFER, "line 1: not SDP");
  return control->log.full || !g_str_has_prefix (offer, "v=0");
}

char *
sfu_control_publish (SfuControl *control, uint64_t room, uint64_t peer, const char *offer, const SfuPublish *tracks,
                     unsigned n, GArray **ret_tracks, GError **error)
{
  GArray *list;

  if (refuse (control, offer, error))
    return NULL;
  control->log.publishes++;
  list = g_array_new (FALSE, TRUE, sizeof (SfuTrackInfo));
  for (unsigned i = 0; i < n; i++)
    {
      g_autofree char *key = g_strdup_printf ("%u %u", (unsigned) peer, (unsigned) tracks[i].source);
      uint64_t id = GPOINTER_TO_SIZE (g_hash_table_lookup (control->tracks, key));
      SfuTrackInfo info = { .source = tracks[i].source };

      if (id == 0)
        g_hash_table_insert (control->tracks, g_steal_pointer (&key), GSIZE_TO_POINTER (id = ++control->next_id));
      info.id = id;
      info.kind = info.source == SFU_SOURCE_MIC || info.source == SFU_SOURCE_SCREEN_AUDIO ? SFU_AUDIO : SFU_VIDEO;
      (void) g_strlcpy (info.mid, tracks[i].mid, sizeof info.mid);
      g_array_append_val (list, info);
    }
  *ret_tracks = list;
  return g_strdup ("v=0 answer");
}

char *
sfu_control_subscribe (SfuControl *control, uint64_t room, uint64_t peer, const char *offer, GArray **ret_slots,
                       GError **error)
{
  SfuSlotInfo slot = { .mid = "0", .kind = SFU_AUDIO };

  if (refuse (control, offer, error))
    return NULL;
  control->log.subscribes++;
  *ret_slots = g_array_new (FALSE, TRUE, sizeof (SfuSlotInfo));
  g_array_append_val (*ret_slots, slot);
  return g_strdup ("v=0 answer");
}

bool
sfu_control_is_behind (const SfuControl *control)
{
  return control->log.behind;
}

void
sfu_control_set_view (SfuControl *control, uint64_t room, uint64_t peer, const SfuWant *wants, unsigned n)
{
  control->log.views++;
}

void
sfu_control_set_muted (SfuControl *control, uint64_t room, uint64_t track, bool muted)
{
  if (muted)
    control->log.muted_track = track;
  else
    control->log.unmuted_track = track;
}

void
sfu_control_set_away (SfuControl *control, uint64_t room, uint64_t peer, bool away)
{
}

void
sfu_control_end_track (SfuControl *control, uint64_t room, uint64_t track)
{
  control->log.ended_track = track;
}

void
sfu_control_get_stats (SfuControl *control, uint64_t room, SfuStatsFn fn, void *user)
{
  g_autoptr (GArray) slots = g_array_new (FALSE, TRUE, sizeof (SfuSlotStats));
  SfuSlotStats slot = { .peer = control->log.last_peer, .mid = "0", .layer = -1, .why = "nobody speaks" };
  SfuStats stats = { .slots = slots };

  g_array_append_val (slots, slot);
  fn (&stats, user);
}

/* Rooms do not ask for it: their clients send an offer. */
bool
sfu_control_restart_ice (SfuControl *control, uint64_t room, uint64_t peer, bool publisher, const char *ufrag,
                         const char *pwd, char **ret_ufrag, char **ret_pwd)
{
  return false;
}
