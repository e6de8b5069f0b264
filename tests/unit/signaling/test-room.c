/* SPDX-License-Identifier: Apache-2.0 */
/* The state machine of one room on a clock of its own. */
#include <string.h>

#include "signaling/room.h"

#define OWNER 1

typedef struct {
  SigRoom *room;
  int64_t now_us;
  MsgId next;
} Stage;

static Stage
stage_new (bool permanent, bool lobby, unsigned max)
{
  MsgRoom *row = msg_room_new ();

  row->id = 77;
  row->owner_id = OWNER;
  row->title = g_strdup ("Room");
  row->policy = (MsgRoomPolicy){ .lobby = lobby, .guests = true, .permanent = permanent, .entry = MSG_ROOM_SPEAKER,
                                 .max_participants = max, .active_speakers = 3 };
  return (Stage){ sig_room_new (row, 100), 1000, 1000 };
}

static SigRoomAnswer
come (Stage *s, MsgId user, MsgId device, const uint8_t *resume, SigRoomPerson **ret, bool *ret_resumed)
{
  uint8_t secrets[2 * SIG_ROOM_SECRET_BYTES];
  SigRoomJoin join = { .who = { user, device }, .name = "x", .by_link = true, .resume = resume, .now_us = s->now_us,
                       .now_ms = 1, .new_id = ++s->next, .secrets = secrets };

  memset (secrets, (int) s->next, sizeof secrets);
  return sig_room_join (s->room, &join, ret, ret_resumed);
}

static SigRoomPerson *
enter (Stage *s, MsgId user, MsgId device)
{
  SigRoomPerson *person = NULL;
  bool resumed;

  g_assert_cmpint (come (s, user, device, NULL, &person, &resumed), ==, SIG_ROOM_OK);
  g_assert_false (resumed);
  return person;
}

static unsigned
count_actions (Stage *s, SigRoomActionType type)
{
  SigRoomAction action;
  unsigned n = 0;

  while (sig_room_take_action (s->room, &action))
    {
      n += action.type == type;
      sig_room_person_unref (action.person);
    }
  return n;
}

/* an away participant keeps its place for 30 s, exactly */
static void
test_away (void)
{
  Stage s = stage_new (false, false, 10);
  SigRoomPerson *owner = enter (&s, OWNER, 11), *back = NULL;
  uint8_t resume[SIG_ROOM_SECRET_BYTES];
  MsgId id = owner->id;
  bool resumed = false;

  memcpy (resume, owner->resume, sizeof resume);
  sig_room_detached (s.room, 11, s.now_us);
  g_assert_cmpint (sig_room_tick (s.room, s.now_us + SIG_ROOM_AWAY_US - 1), ==, s.now_us + SIG_ROOM_AWAY_US);
  g_assert_nonnull (sig_room_find (s.room, id));
  /* on another device of the same user */
  g_assert_cmpint (come (&s, OWNER, 12, resume, &back, &resumed), ==, SIG_ROOM_OK);
  g_assert_true (resumed);
  g_assert_cmpint (back->id, ==, id);
  g_assert_null (sig_room_find_device (s.room, 11));
  g_assert_cmpint (sig_room_tick (s.room, INT64_MAX - 1), ==, INT64_MAX);
  sig_room_detached (s.room, 12, s.now_us);
  g_assert_cmpint (sig_room_tick (s.room, s.now_us + SIG_ROOM_AWAY_US), ==, INT64_MAX);
  g_assert_null (sig_room_find (s.room, id));
  /* the secret is worth nothing now */
  g_assert_cmpint (come (&s, OWNER, 12, resume, &back, &resumed), ==, SIG_ROOM_OK);
  g_assert_false (resumed);
  sig_room_free (s.room);
}

static void
test_resume_is_of_the_user (void)
{
  Stage s = stage_new (false, false, 10);
  uint8_t resume[SIG_ROOM_SECRET_BYTES];
  SigRoomPerson *other = NULL;
  bool resumed = true;

  memcpy (resume, enter (&s, OWNER, 11)->resume, sizeof resume);
  g_assert_cmpint (come (&s, 2, 21, resume, &other, &resumed), ==, SIG_ROOM_OK);
  g_assert_false (resumed);
  g_assert_cmpuint (sig_room_count_inside (s.room), ==, 2);
  sig_room_free (s.room);
}

static void
test_one_per_device (void)
{
  Stage s = stage_new (false, false, 1);
  SigRoomPerson *first = enter (&s, 2, 21);
  MsgId id = first->id;

  /* its own place is free for it */
  g_assert_cmpint (enter (&s, 2, 21)->id, !=, id);
  g_assert_cmpuint (sig_room_count_inside (s.room), ==, 1);
  g_assert_cmpuint (count_actions (&s, SIG_ROOM_DO_LEAVE), ==, 1);
  sig_room_free (s.room);
}

static void
test_full (void)
{
  Stage s = stage_new (false, false, 2);
  SigRoomPerson *person = NULL;
  bool resumed;

  (void) enter (&s, 2, 21);
  (void) enter (&s, 3, 31);
  g_assert_cmpint (come (&s, 4, 41, NULL, &person, &resumed), ==, SIG_ROOM_FULL);
  /* a host is not bound by the room's own rule */
  g_assert_cmpint (come (&s, OWNER, 11, NULL, &person, &resumed), ==, SIG_ROOM_OK);
  sig_room_free (s.room);
}

static void
test_lobby (void)
{
  Stage s = stage_new (false, true, 2);
  SigRoomPerson *waiting, *other;

  (void) enter (&s, OWNER, 11);
  waiting = enter (&s, 0, 21);
  other = enter (&s, 0, 22);
  g_assert_true (waiting->waiting);
  g_assert_cmpuint (sig_room_count_inside (s.room), ==, 1);
  g_assert_cmpint (sig_room_admit (s.room, waiting, false), ==, SIG_ROOM_OK);
  g_assert_false (waiting->waiting);
  g_assert_cmpint (sig_room_admit (s.room, other, false), ==, SIG_ROOM_FULL);
  g_assert_true (other->waiting);
  for (MsgId device = 1000; sig_room_count_waiting (s.room) < SIG_ROOM_LOBBY_MAX; device++)
    (void) enter (&s, 0, device);
  g_assert_cmpint (come (&s, 0, 9999, NULL, &other, &(bool){ false }), ==, SIG_ROOM_LOBBY_FULL);
  sig_room_free (s.room);
}

/* the oldest speaker with an account becomes host; not a guest, not a listener; not in a permanent room */
static void
test_last_host (void)
{
  for (int permanent = 0; permanent < 2; permanent++)
    {
      Stage s = stage_new (permanent != 0, false, 10);
      SigRoomPerson *owner = enter (&s, OWNER, 11), *heir;

      (void) enter (&s, 0, 21);
      sig_room_set_standing (s.room, 3, MSG_ROOM_LISTENER);
      (void) enter (&s, 3, 31);
      heir = enter (&s, 4, 41);
      (void) enter (&s, 5, 51);
      sig_room_leave (s.room, owner, SIG_ROOM_LEFT);
      g_assert_cmpint (heir->role, ==, permanent ? SIG_ROLE_SPEAKER : SIG_ROLE_HOST);
      g_assert_cmpuint (count_actions (&s, SIG_ROOM_DO_HOST), ==, permanent ? 0 : 1);
      /* it is for this stay alone */
      g_assert_cmpint (sig_room_get_standing (s.room, 4), ==, MSG_ROOM_NOBODY);
      sig_room_free (s.room);
    }
}

static void
test_locked_and_banned (void)
{
  Stage s = stage_new (false, false, 10);
  g_autoptr (MsgRoom) row = msg_room_copy (sig_room_get_row (s.room));
  SigRoomPerson *person = enter (&s, 2, 21);
  uint8_t resume[SIG_ROOM_SECRET_BYTES];
  bool resumed;

  memcpy (resume, person->resume, sizeof resume);
  row->locked = true;
  sig_room_set_row (s.room, row);
  g_assert_cmpint (come (&s, 3, 31, NULL, &person, &resumed), ==, SIG_ROOM_LOCKED);
  g_assert_cmpint (come (&s, 2, 21, resume, &person, &resumed), ==, SIG_ROOM_OK);
  g_assert_cmpint (come (&s, OWNER, 11, NULL, &person, &resumed), ==, SIG_ROOM_OK);
  sig_room_set_standing (s.room, 2, MSG_ROOM_BANNED);
  g_assert_null (sig_room_find_device (s.room, 21));
  g_assert_cmpint (come (&s, 2, 21, resume, &person, &resumed), ==, SIG_ROOM_IS_BANNED);
  sig_room_free (s.room);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/room/away", test_away);
  g_test_add_func ("/signaling/room/resume-is-of-the-user", test_resume_is_of_the_user);
  g_test_add_func ("/signaling/room/one-per-device", test_one_per_device);
  g_test_add_func ("/signaling/room/full", test_full);
  g_test_add_func ("/signaling/room/lobby", test_lobby);
  g_test_add_func ("/signaling/room/last-host", test_last_host);
  g_test_add_func ("/signaling/room/locked-and-banned", test_locked_and_banned);
  return g_test_run ();
}
