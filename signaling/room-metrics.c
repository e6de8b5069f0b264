/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/room-metrics.h"

static AlCounter *
make_refused (AlMetrics *registry, const char *reason)
{
  g_autofree char *labels = g_strdup_printf ("reason=\"%s\"", reason);

  return al_metrics_counter (registry, "aldis_room_joins_refused", "Joins that were refused.", labels);
}

void
sig_room_metrics_init (SigRoomMetrics *metrics, AlMetrics *registry)
{
  static const SigRoomAnswer refusals[] = { SIG_ROOM_NOT_FOUND,   SIG_ROOM_IS_BANNED, SIG_ROOM_GUESTS_OFF, SIG_ROOM_LOCKED,
                                            SIG_ROOM_FULL, SIG_ROOM_SERVER_FULL, SIG_ROOM_LOBBY_FULL };

  *metrics = (SigRoomMetrics){ 0 };
  metrics->live = al_metrics_gauge (registry, "aldis_rooms", "Rooms with somebody in them.", NULL);
  metrics->inside = al_metrics_gauge (registry, "aldis_room_participants", "Participants of all rooms.", "place=\"room\"");
  metrics->waiting = al_metrics_gauge (registry, "aldis_room_participants", "Participants of all rooms.", "place=\"lobby\"");
  metrics->joined = al_metrics_counter (registry, "aldis_room_joins", "Participants who came.", "kind=\"new\"");
  metrics->resumed = al_metrics_counter (registry, "aldis_room_joins", "Participants who came.", "kind=\"resumed\"");
  for (unsigned i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      const char *message;
      int code;

      metrics->refused[refusals[i]] = make_refused (registry, sig_room_answer_get (refusals[i], &code, &message));
    }
  metrics->refused_rate = make_refused (registry, "room_rate");
  for (int left = 0; left < SIG_ROOM_LEFT_N; left++)
    {
      g_autofree char *labels = g_strdup_printf ("reason=\"%s\"", sig_room_left_to_string ((SigRoomLeft) left));

      metrics->left[left] = al_metrics_counter (registry, "aldis_room_leaves", "Participants who left.", labels);
    }
}

void
sig_room_metrics_refuse (const SigRoomMetrics *metrics, SigRoomAnswer answer)
{
  if (metrics->refused[answer] != NULL)
    al_counter_add (metrics->refused[answer], 1);
}
