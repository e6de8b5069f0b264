/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/chat-rules.h"

#include "messaging/core.h"

MsgStanding
msg_standing_at (MsgChatRole role, unsigned rights, int64_t until_ms, int64_t now_ms)
{
  if (until_ms == 0 || until_ms > now_ms)
    return (MsgStanding){ role, rights };
  if (role == MSG_ROLE_RESTRICTED)
    return (MsgStanding){ MSG_ROLE_MEMBER, 0 };
  return (MsgStanding){ role == MSG_ROLE_BANNED ? MSG_ROLE_LEFT : role, 0 };
}

/* of what only admins may, and only with the right */
static MsgVerdict
judge_admin_right (const MsgStanding *actor, unsigned right)
{
  if (actor->role == MSG_ROLE_OWNER)
    return MSG_VERDICT_ALLOWED;
  if (actor->role != MSG_ROLE_ADMIN)
    return MSG_VERDICT_ADMIN_ONLY;
  return (actor->rights & right) != 0 ? MSG_VERDICT_ALLOWED : MSG_VERDICT_NOT_PERMITTED;
}

static MsgVerdict
judge_right (unsigned permissions, const MsgStanding *actor, unsigned right)
{
  bool of_members = (right & MSG_RIGHTS_MEMBER) != 0;

  switch (actor->role)
    {
    case MSG_ROLE_OWNER:
      return MSG_VERDICT_ALLOWED;
    case MSG_ROLE_ADMIN:
      if (right == MSG_RIGHT_SEND || ((actor->rights | (permissions & MSG_RIGHTS_MEMBER)) & right) != 0)
        return MSG_VERDICT_ALLOWED;
      return MSG_VERDICT_NOT_PERMITTED;
    case MSG_ROLE_MEMBER:
      if (!of_members)
        return MSG_VERDICT_ADMIN_ONLY;
      return (permissions & right) != 0 ? MSG_VERDICT_ALLOWED : MSG_VERDICT_NOT_PERMITTED;
    default: /* restricted */
      if (!of_members)
        return MSG_VERDICT_ADMIN_ONLY;
      return (permissions & actor->rights & right) != 0 ? MSG_VERDICT_ALLOWED : MSG_VERDICT_RESTRICTED;
    }
}

/* of who is in the chat */
static MsgVerdict
judge_target (const MsgStanding *actor, MsgAct act, const MsgStanding *target)
{
  if (target->role == MSG_ROLE_OWNER)
    return MSG_VERDICT_OWNER;
  if (target->role == MSG_ROLE_ADMIN && actor->role != MSG_ROLE_OWNER)
    return MSG_VERDICT_OWNER_ONLY;
  if (target->role < MSG_ROLE_RESTRICTED && act != MSG_ACT_RESTRICT)
    return MSG_VERDICT_NO_MEMBER;
  return MSG_VERDICT_ALLOWED;
}

static MsgVerdict
judge_group (unsigned permissions, const MsgStanding *actor, MsgAct act)
{
  static const unsigned rights[MSG_ACT_N] = {
    [MSG_ACT_SEND] = MSG_RIGHT_SEND,     [MSG_ACT_DELETE_OTHERS] = MSG_RIGHT_DELETE, [MSG_ACT_INVITE] = MSG_RIGHT_INVITE,
    [MSG_ACT_INFO] = MSG_RIGHT_INFO,     [MSG_ACT_PERMISSIONS] = MSG_RIGHT_BAN,      [MSG_ACT_CALL] = MSG_RIGHT_CALLS,
    [MSG_ACT_RESTRICT] = MSG_RIGHT_BAN,  [MSG_ACT_PROMOTE] = MSG_RIGHT_PROMOTE,      [MSG_ACT_PIN] = MSG_RIGHT_PIN,
    [MSG_ACT_TTL] = MSG_RIGHT_INFO,
  };

  if (act == MSG_ACT_LINKS)
    return judge_admin_right (actor, MSG_RIGHT_INVITE);
  /* members who may not write still may, as in a channel; who was restricted only while writing is left to them */
  if (act == MSG_ACT_REACT && actor->role == MSG_ROLE_RESTRICTED && (actor->rights & MSG_RIGHT_SEND) == 0)
    return MSG_VERDICT_RESTRICTED;
  return rights[act] != 0 ? judge_right (permissions, actor, rights[act]) : MSG_VERDICT_ALLOWED;
}

/* In a channel nobody but its admins does anything but read and react, or sees who else does. */
static MsgVerdict
judge_channel (const MsgStanding *actor, MsgAct act)
{
  static const unsigned rights[MSG_ACT_N] = {
    [MSG_ACT_SEND] = MSG_RIGHT_POST,      [MSG_ACT_DELETE_OTHERS] = MSG_RIGHT_DELETE, [MSG_ACT_INVITE] = MSG_RIGHT_INVITE,
    [MSG_ACT_INFO] = MSG_RIGHT_INFO,      [MSG_ACT_CALL] = MSG_RIGHT_CALLS,           [MSG_ACT_RESTRICT] = MSG_RIGHT_BAN,
    [MSG_ACT_PROMOTE] = MSG_RIGHT_PROMOTE, [MSG_ACT_LINKS] = MSG_RIGHT_INVITE,        [MSG_ACT_PIN] = MSG_RIGHT_PIN,
    [MSG_ACT_TTL] = MSG_RIGHT_INFO,
  };

  if (act == MSG_ACT_PERMISSIONS)
    return MSG_VERDICT_CHAT_KIND;
  if (act == MSG_ACT_MEMBERS)
    return actor->role >= MSG_ROLE_ADMIN ? MSG_VERDICT_ALLOWED : MSG_VERDICT_ADMIN_ONLY;
  return rights[act] != 0 ? judge_admin_right (actor, rights[act]) : MSG_VERDICT_ALLOWED;
}

/* @actor: is in it */
static MsgVerdict
judge_many (MsgChatKind kind, unsigned permissions, const MsgStanding *actor, MsgAct act, const MsgStanding *target)
{
  MsgVerdict verdict;

  if ((act == MSG_ACT_TRANSFER || act == MSG_ACT_SET_UP) && actor->role != MSG_ROLE_OWNER)
    return MSG_VERDICT_OWNER_ONLY;
  verdict = kind == MSG_CHAT_CHANNEL ? judge_channel (actor, act) : judge_group (permissions, actor, act);
  if (verdict == MSG_VERDICT_ALLOWED && target != NULL)
    verdict = judge_target (actor, act, target);
  return verdict;
}

static MsgVerdict
judge_private (MsgAct act)
{
  switch (act)
    {
    case MSG_ACT_READ:
    case MSG_ACT_SEND:
    case MSG_ACT_DELETE_OWN:
    case MSG_ACT_CALL:
    case MSG_ACT_MARK:
    case MSG_ACT_MEMBERS:
    case MSG_ACT_REACT:
    case MSG_ACT_PIN:
    case MSG_ACT_TTL:
      return MSG_VERDICT_ALLOWED;
    case MSG_ACT_DELETE_OTHERS:
      return MSG_VERDICT_NOT_PERMITTED;
    default:
      return MSG_VERDICT_CHAT_KIND;
    }
}

/* @actor: is not in it */
static MsgVerdict
judge_outsider (const MsgStanding *actor, MsgAct act)
{
  if (actor->role == MSG_ROLE_BANNED)
    return MSG_VERDICT_BANNED;
  if (actor->of_public && act == MSG_ACT_READ)
    return MSG_VERDICT_ALLOWED;
  if (actor->role == MSG_ROLE_LEFT)
    return MSG_VERDICT_LEFT;
  return actor->of_public ? MSG_VERDICT_OUTSIDE : MSG_VERDICT_NO_CHAT;
}

MsgVerdict
msg_chat_judge (MsgChatKind kind, unsigned permissions, const MsgStanding *actor, MsgAct act,
                const MsgStanding *target)
{
  g_return_val_if_fail (actor != NULL && act < MSG_ACT_N, MSG_VERDICT_NO_CHAT);
  if (actor->role >= MSG_ROLE_N)
    return MSG_VERDICT_NO_CHAT;
  if (actor->role < MSG_ROLE_RESTRICTED)
    return judge_outsider (actor, act);
  if (kind == MSG_CHAT_PRIVATE || kind == MSG_CHAT_SAVED)
    return judge_private (act);
  return judge_many (kind, permissions, actor, act, target);
}

GError *
msg_verdict_to_error (MsgVerdict verdict)
{
  static const struct {
    MsgError code;
    const char *reason, *message;
  } rows[MSG_VERDICT_N] = {
    [MSG_VERDICT_NO_CHAT] = { MSG_ERROR_NOT_FOUND, "chat", "There is no such chat." },
    [MSG_VERDICT_LEFT] = { MSG_ERROR_FORBIDDEN, "left", "You are not in this chat any more." },
    [MSG_VERDICT_BANNED] = { MSG_ERROR_FORBIDDEN, "banned", "You are banned from this chat." },
    [MSG_VERDICT_RESTRICTED] = { MSG_ERROR_FORBIDDEN, "restricted", "An admin does not let you do this here." },
    [MSG_VERDICT_NOT_PERMITTED] = { MSG_ERROR_FORBIDDEN, "not_permitted", "You may not do this here." },
    [MSG_VERDICT_ADMIN_ONLY] = { MSG_ERROR_FORBIDDEN, "admin_only", "Only admins may do this." },
    [MSG_VERDICT_OWNER_ONLY] = { MSG_ERROR_FORBIDDEN, "owner_only", "Only the owner may do this." },
    [MSG_VERDICT_OWNER] = { MSG_ERROR_FORBIDDEN, "owner", "This cannot be done to the owner." },
    [MSG_VERDICT_NO_MEMBER] = { MSG_ERROR_NOT_FOUND, "member", "The user is not in this chat." },
    [MSG_VERDICT_CHAT_KIND] = { MSG_ERROR_FORBIDDEN, "chat_kind", "This cannot be done in this kind of chat." },
    [MSG_VERDICT_OUTSIDE] = { MSG_ERROR_FORBIDDEN, "not_member", "Only who has joined this chat may do this." },
  };

  g_return_val_if_fail (verdict > MSG_VERDICT_ALLOWED && verdict < MSG_VERDICT_N, NULL);
  return msg_error_new (rows[verdict].code, rows[verdict].reason, "%s", rows[verdict].message);
}

bool
msg_chat_allow (MsgChatKind kind, unsigned permissions, const MsgStanding *actor, MsgAct act,
                const MsgStanding *target, GError **error)
{
  MsgVerdict verdict = msg_chat_judge (kind, permissions, actor, act, target);

  if (verdict == MSG_VERDICT_ALLOWED)
    return true;
  g_propagate_error (error, msg_verdict_to_error (verdict));
  return false;
}
