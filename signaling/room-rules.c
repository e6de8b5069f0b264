/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what in a room, and what comes of it. */
#include "signaling/room.h"

#include "signaling/room-private.h"

/* what somebody must be */
typedef enum {
  NEED_KNOWN,   /* inside, or of a standing */
  NEED_PRESENT, /* inside or in the lobby */
  NEED_INSIDE,
  NEED_SPEAKER,
  NEED_HOST,
  NEED_OWNER
} Need;

/* what somebody else must be to whom it is done */
typedef enum {
  TARGET_NONE,
  TARGET_INSIDE,
  TARGET_ANY,     /* inside or waiting */
  TARGET_WAITING
} Target;

typedef struct {
  Need need;
  Target target;
  bool spares_owner, spares_self;
} Rule;

static const Rule rules[SIG_ROOM_OP_N] = {
  [SIG_ROOM_OP_GET] = { NEED_KNOWN, TARGET_NONE, false, false },
  [SIG_ROOM_OP_PARTICIPANTS] = { NEED_INSIDE, TARGET_NONE, false, false },
  [SIG_ROOM_OP_LEAVE] = { NEED_PRESENT, TARGET_NONE, false, false },
  [SIG_ROOM_OP_TURN] = { NEED_INSIDE, TARGET_NONE, false, false },
  [SIG_ROOM_OP_PUBLISH] = { NEED_SPEAKER, TARGET_NONE, false, false },
  [SIG_ROOM_OP_SUBSCRIBE] = { NEED_INSIDE, TARGET_NONE, false, false },
  [SIG_ROOM_OP_VIEW] = { NEED_INSIDE, TARGET_NONE, false, false },
  [SIG_ROOM_OP_UPDATE] = { NEED_INSIDE, TARGET_NONE, false, false },
  [SIG_ROOM_OP_STATS] = { NEED_INSIDE, TARGET_NONE, false, false },
  [SIG_ROOM_OP_MUTE] = { NEED_HOST, TARGET_INSIDE, false, false },
  [SIG_ROOM_OP_KICK] = { NEED_HOST, TARGET_ANY, true, true },
  [SIG_ROOM_OP_BAN] = { NEED_HOST, TARGET_ANY, true, true },
  [SIG_ROOM_OP_UNBAN] = { NEED_HOST, TARGET_NONE, false, false },
  [SIG_ROOM_OP_ADMIT] = { NEED_HOST, TARGET_WAITING, false, false },
  [SIG_ROOM_OP_ROLE] = { NEED_HOST, TARGET_INSIDE, true, false },
  [SIG_ROOM_OP_LOCK] = { NEED_HOST, TARGET_NONE, false, false },
  [SIG_ROOM_OP_EDIT] = { NEED_HOST, TARGET_NONE, false, false },
  [SIG_ROOM_OP_LINK] = { NEED_HOST, TARGET_NONE, false, false },
  [SIG_ROOM_OP_INVITE] = { NEED_HOST, TARGET_NONE, false, false },
  [SIG_ROOM_OP_END] = { NEED_HOST, TARGET_NONE, false, false },
  [SIG_ROOM_OP_DELETE] = { NEED_OWNER, TARGET_NONE, false, false },
};

MsgRoomStanding
sig_room_get_standing (const SigRoom *room, MsgId user_id)
{
  if (user_id == 0)
    return MSG_ROOM_NOBODY;
  if (user_id == room->row->owner_id)
    return MSG_ROOM_HOST;
  return (MsgRoomStanding) GPOINTER_TO_INT (g_hash_table_lookup (room->standings, &user_id));
}

GArray *
sig_room_list_standings (const SigRoom *room)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (MsgRoomMember));
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, room->standings);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      MsgRoomMember member = { *(const MsgId *) key, (MsgRoomStanding) GPOINTER_TO_INT (value) };

      g_array_append_val (list, member);
    }
  return list;
}

bool
sig_room_is_host (const SigRoom *room, const SigRoomWho *who)
{
  const SigRoomPerson *person = sig_room_find_device (room, who->device_id);

  if (person != NULL && !person->waiting && person->role == SIG_ROLE_HOST)
    return true;
  return sig_room_get_standing (room, who->user_id) == MSG_ROOM_HOST;
}

static SigRoomAnswer
check_inside (const SigRoomPerson *actor)
{
  if (actor == NULL)
    return SIG_ROOM_NOT_JOINED;
  return actor->waiting ? SIG_ROOM_IN_LOBBY : SIG_ROOM_OK;
}

static SigRoomAnswer
check_actor (const SigRoom *room, const SigRoomWho *who, const SigRoomPerson *actor, Need need)
{
  MsgRoomStanding standing = sig_room_get_standing (room, who->user_id);
  SigRoomAnswer inside = check_inside (actor);

  if (standing == MSG_ROOM_BANNED)
    return SIG_ROOM_IS_BANNED;
  /* to strangers there is no room; a guest knows of it by the link */
  if (actor == NULL && standing == MSG_ROOM_NOBODY && who->user_id != 0)
    return SIG_ROOM_NOT_FOUND;
  switch (need)
    {
    case NEED_KNOWN:
      return standing != MSG_ROOM_NOBODY ? SIG_ROOM_OK : inside;
    case NEED_PRESENT:
      return actor != NULL ? SIG_ROOM_OK : SIG_ROOM_NOT_JOINED;
    case NEED_INSIDE:
      return inside;
    case NEED_SPEAKER:
      return inside == SIG_ROOM_OK && actor->role == SIG_ROLE_LISTENER ? SIG_ROOM_IS_LISTENER : inside;
    case NEED_HOST:
      if (sig_room_is_host (room, who))
        return SIG_ROOM_OK;
      return inside == SIG_ROOM_IN_LOBBY ? inside : SIG_ROOM_HOST_ONLY;
    case NEED_OWNER:
      return who->user_id != 0 && who->user_id == room->row->owner_id ? SIG_ROOM_OK : SIG_ROOM_OWNER_ONLY;
    }
  g_assert_not_reached ();
}

static SigRoomAnswer
check_target (const SigRoom *room, const SigRoomWho *who, const Rule *rule, const SigRoomPerson *target)
{
  if (target == NULL)
    return SIG_ROOM_NO_PERSON;
  if (rule->target == TARGET_INSIDE && target->waiting)
    return SIG_ROOM_IN_LOBBY;
  if (rule->target == TARGET_WAITING && !target->waiting)
    return SIG_ROOM_NOT_IN_LOBBY;
  if (rule->spares_self
      && (target->device_id == who->device_id || (target->user_id != 0 && target->user_id == who->user_id)))
    return SIG_ROOM_IS_SELF;
  return rule->spares_owner && target->user_id == room->row->owner_id ? SIG_ROOM_IS_OWNER : SIG_ROOM_OK;
}

static SigRoomAnswer
check_target_user (const SigRoom *room, const SigRoomWho *who, SigRoomOp op, MsgId user_id)
{
  MsgRoomStanding standing = sig_room_get_standing (room, user_id);

  if (op == SIG_ROOM_OP_UNBAN)
    return standing == MSG_ROOM_BANNED ? SIG_ROOM_OK : SIG_ROOM_NOT_BANNED;
  if (user_id == who->user_id)
    return SIG_ROOM_IS_SELF;
  return user_id == room->row->owner_id ? SIG_ROOM_IS_OWNER : SIG_ROOM_OK;
}

SigRoomAnswer
sig_room_check (const SigRoom *room, const SigRoomWho *who, SigRoomOp op, MsgId target, MsgId target_user,
                SigRoomPerson **ret_actor, SigRoomPerson **ret_target)
{
  SigRoomPerson *actor = sig_room_find_device (room, who->device_id);
  SigRoomPerson *other = target != 0 ? sig_room_find (room, target) : NULL;
  SigRoomAnswer answer = check_actor (room, who, actor, rules[op].need);

  if (answer == SIG_ROOM_OK && target_user != 0)
    answer = check_target_user (room, who, op, target_user);
  else if (answer == SIG_ROOM_OK && rules[op].target != TARGET_NONE)
    answer = check_target (room, who, &rules[op], other);
  if (ret_actor != NULL)
    *ret_actor = actor;
  if (ret_target != NULL)
    *ret_target = other;
  return answer;
}

/* --- roles --- */

static void
end_tracks (SigRoom *room, SigRoomPerson *person)
{
  for (unsigned i = 0; i < person->tracks->len; i++)
    sig_room_act (room, SIG_ROOM_DO_END_TRACK, person)->track = ((SigRoomTrack *) person->tracks->pdata[i])->id;
  g_ptr_array_set_size (person->tracks, 0);
}

void
sig_room_change_role (SigRoom *room, SigRoomPerson *person, SigRole role)
{
  if (person->role == role)
    return;
  person->role = role;
  if (person->waiting)
    return;
  if (role == SIG_ROLE_LISTENER)
    end_tracks (room, person);
  (void) sig_room_act (room, SIG_ROOM_DO_UPDATE, person);
  if (role == SIG_ROLE_HOST)
    (void) sig_room_act (room, SIG_ROOM_DO_HOST, person);
}

void
sig_room_set_role (SigRoom *room, SigRoomPerson *person, SigRole role)
{
  sig_room_change_role (room, person, role);
}

/* those of the user, as a list that stays while they go */
static GPtrArray *
find_user (const SigRoom *room, MsgId user_id)
{
  GPtrArray *found = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, room->by_id);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((SigRoomPerson *) value)->user_id == user_id)
      g_ptr_array_add (found, value);
  return found;
}

void
sig_room_set_standing (SigRoom *room, MsgId user_id, MsgRoomStanding standing)
{
  g_autoptr (GPtrArray) list = find_user (room, user_id);
  static const SigRole roles[MSG_ROOM_STANDING_N] = { [MSG_ROOM_SPEAKER] = SIG_ROLE_SPEAKER,
                                                      [MSG_ROOM_HOST] = SIG_ROLE_HOST };

  if (standing == MSG_ROOM_NOBODY)
    (void) g_hash_table_remove (room->standings, &user_id);
  else
    g_hash_table_insert (room->standings, g_memdup2 (&user_id, sizeof user_id), GINT_TO_POINTER (standing));
  for (unsigned i = 0; i < list->len && standing != MSG_ROOM_NOBODY; i++)
    if (standing == MSG_ROOM_BANNED)
      sig_room_leave (room, list->pdata[i], SIG_ROOM_BANNED);
    else
      sig_room_change_role (room, list->pdata[i], roles[standing]);
}

void
sig_room_set_row (SigRoom *room, const MsgRoom *row)
{
  MsgRoom *copy = msg_room_copy (row);

  g_array_set_size (copy->members, 0);
  msg_room_free (room->row);
  room->row = copy;
}

/* --- participants --- */

void
sig_room_set_hand (SigRoom *room, SigRoomPerson *person, bool hand)
{
  if (person->hand == hand)
    return;
  person->hand = hand;
  (void) sig_room_act (room, SIG_ROOM_DO_UPDATE, person);
}

void
sig_room_set_name (SigRoom *room, SigRoomPerson *person, const char *name)
{
  if (g_str_equal (person->name, name))
    return;
  g_free (person->name);
  person->name = g_strdup (name);
  (void) sig_room_act (room, SIG_ROOM_DO_UPDATE, person);
}

static void
change_muted (SigRoom *room, SigRoomPerson *person, SigRoomTrack *track, bool muted)
{
  SigRoomAction *action = sig_room_act (room, SIG_ROOM_DO_SET_MUTED, person);

  track->muted = muted;
  action->track = track->id;
  action->muted = muted;
}

void
sig_room_set_muted (SigRoom *room, SigRoomPerson *person, SigRoomTrack *track, bool muted)
{
  if (track->muted == muted)
    return;
  change_muted (room, person, track, muted);
  (void) sig_room_act (room, SIG_ROOM_DO_UPDATE, person);
}

void
sig_room_set_track_name (SigRoom *room, SigRoomPerson *person, SigRoomTrack *track, const char *name)
{
  if (g_strcmp0 (track->name, name) == 0)
    return;
  g_free (track->name);
  track->name = g_strdup (name);
  (void) sig_room_act (room, SIG_ROOM_DO_UPDATE, person);
}

void
sig_room_mute (SigRoom *room, SigRoomPerson *person, SfuKind kind, MsgId by)
{
  bool changed = false;

  for (unsigned i = 0; i < person->tracks->len; i++)
    {
      SigRoomTrack *track = person->tracks->pdata[i];
      SigRoomAction *told;

      if (track->kind != kind || track->muted)
        continue;
      change_muted (room, person, track, true);
      told = sig_room_act (room, SIG_ROOM_DO_MUTED, person);
      told->track = track->id;
      told->by = by;
      changed = true;
    }
  if (changed)
    (void) sig_room_act (room, SIG_ROOM_DO_UPDATE, person);
}

/* takes the track out of the participant, or makes a new one */
static SigRoomTrack *
keep_track (SigRoomPerson *person, const SfuTrackInfo *info)
{
  SigRoomTrack *track = sig_room_person_find_track (person, info->id);
  guint index;

  if (track == NULL)
    track = g_new0 (SigRoomTrack, 1);
  else if (g_ptr_array_find (person->tracks, track, &index))
    (void) g_ptr_array_steal_index (person->tracks, index);
  track->id = info->id;
  track->kind = info->kind;
  track->source = info->source;
  (void) g_strlcpy (track->mid, info->mid, sizeof track->mid);
  return track;
}

void
sig_room_set_tracks (SigRoom *room, SigRoomPerson *person, const GArray *tracks)
{
  g_autoptr (GPtrArray) kept = g_ptr_array_new ();
  unsigned n_before = person->tracks->len;
  bool same;

  for (unsigned i = 0; i < tracks->len && i < SIG_ROOM_TRACKS_MAX; i++)
    if (sig_room_person_find_track (person, g_array_index (tracks, SfuTrackInfo, i).id) == NULL)
      n_before = G_MAXUINT;
  same = n_before == MIN (tracks->len, SIG_ROOM_TRACKS_MAX);
  for (unsigned i = 0; i < tracks->len && i < SIG_ROOM_TRACKS_MAX; i++)
    g_ptr_array_add (kept, keep_track (person, &g_array_index (tracks, SfuTrackInfo, i)));
  g_ptr_array_set_size (person->tracks, 0);
  for (unsigned i = 0; i < kept->len; i++)
    g_ptr_array_add (person->tracks, kept->pdata[i]);
  if (!same)
    (void) sig_room_act (room, SIG_ROOM_DO_UPDATE, person);
}
