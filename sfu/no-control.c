/* SPDX-License-Identifier: Apache-2.0 */
/* For programs that are linked without the media plane: nobody has a SfuControl there, so nothing of this is called. */
#include "sfu/control.h"

#define NOWHERE G_GNUC_NORETURN __attribute__ ((weak))

NOWHERE void
sfu_control_set_events (SfuControl *control, const SfuEvents *events, void *user)
{
  g_assert_not_reached ();
}

NOWHERE uint64_t
sfu_control_add_room (SfuControl *control, const SfuRoomPolicy *policy)
{
  g_assert_not_reached ();
}

NOWHERE void
sfu_control_remove_room (SfuControl *control, uint64_t room)
{
  g_assert_not_reached ();
}

NOWHERE uint64_t
sfu_control_add_peer (SfuControl *control, uint64_t room)
{
  g_assert_not_reached ();
}

NOWHERE void
sfu_control_remove_peer (SfuControl *control, uint64_t room, uint64_t peer)
{
  g_assert_not_reached ();
}

NOWHERE char *
sfu_control_publish (SfuControl *control, uint64_t room, uint64_t peer, const char *offer, const SfuPublish *tracks,
                     unsigned n, GArray **ret_tracks, GError **error)
{
  g_assert_not_reached ();
}

NOWHERE char *
sfu_control_subscribe (SfuControl *control, uint64_t room, uint64_t peer, const char *offer, GArray **ret_slots,
                       GError **error)
{
  g_assert_not_reached ();
}

NOWHERE void
sfu_control_set_view (SfuControl *control, uint64_t room, uint64_t peer, const SfuWant *wants, unsigned n)
{
  g_assert_not_reached ();
}

NOWHERE void
sfu_control_set_muted (SfuControl *control, uint64_t room, uint64_t track, bool muted)
{
  g_assert_not_reached ();
}

NOWHERE void
sfu_control_end_track (SfuControl *control, uint64_t room, uint64_t track)
{
  g_assert_not_reached ();
}

NOWHERE void
sfu_control_get_stats (SfuControl *control, uint64_t room, SfuStatsFn fn, void *user)
{
  g_assert_not_reached ();
}
