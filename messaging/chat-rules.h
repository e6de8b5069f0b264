/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what in a chat: one pure function, so that a test can walk the whole table. Any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** MsgChatKind: stored as these numbers. */
typedef enum {
  MSG_CHAT_PRIVATE = 1,
  MSG_CHAT_SAVED,
  MSG_CHAT_GROUP,
  MSG_CHAT_SUPERGROUP,
  MSG_CHAT_CHANNEL,
  MSG_CHAT_KIND_N
} MsgChatKind;

/** msg_chat_has_log: Returns: true for supergroups and channels: what happens in one is a row of the chat's own log,
 *  whoever reads it, and nothing is written for each of its members. */
static inline bool
msg_chat_has_log (MsgChatKind kind)
{
  return kind == MSG_CHAT_SUPERGROUP || kind == MSG_CHAT_CHANNEL;
}

/** MsgChatRole: stored as these numbers; from RESTRICTED on somebody is in the chat. */
typedef enum {
  MSG_ROLE_STRANGER,
  MSG_ROLE_LEFT,
  MSG_ROLE_BANNED,
  MSG_ROLE_RESTRICTED,
  MSG_ROLE_MEMBER,
  MSG_ROLE_ADMIN,
  MSG_ROLE_OWNER,
  MSG_ROLE_N
} MsgChatRole;

/** The bits of a chat's permissions (what members may), of a restricted member (what is left of these), and of an admin
 *  (what comes on top of these). Stored as these numbers. */
#define MSG_RIGHT_SEND (1 << 0)    /* write; members only: admins always may */
#define MSG_RIGHT_INVITE (1 << 1)  /* add members */
#define MSG_RIGHT_INFO (1 << 2)    /* change title and about */
#define MSG_RIGHT_CALLS (1 << 3)   /* start a voice chat */
#define MSG_RIGHT_DELETE (1 << 4)  /* delete messages of others for all; admins only, as all below */
#define MSG_RIGHT_BAN (1 << 5)     /* restrict and ban members, and lift that */
#define MSG_RIGHT_PROMOTE (1 << 6) /* make admins with no more rights than one's own */
#define MSG_RIGHT_POST (1 << 7)    /* write in a channel */
#define MSG_RIGHT_PIN (1 << 8)     /* pin messages; members too, where it is permitted */
#define MSG_RIGHTS_MEMBER (MSG_RIGHT_SEND | MSG_RIGHT_INVITE | MSG_RIGHT_INFO | MSG_RIGHT_CALLS | MSG_RIGHT_PIN)
#define MSG_RIGHTS_ADMIN                                                                                               \
  (MSG_RIGHT_INVITE | MSG_RIGHT_INFO | MSG_RIGHT_CALLS | MSG_RIGHT_DELETE | MSG_RIGHT_BAN | MSG_RIGHT_PROMOTE          \
   | MSG_RIGHT_POST | MSG_RIGHT_PIN)
#define MSG_RIGHTS_DEFAULT (MSG_RIGHT_SEND | MSG_RIGHT_INVITE | MSG_RIGHT_CALLS)

/** MsgStanding: what somebody is in a chat, at this time (msg_standing_at()). */
typedef struct {
  MsgChatRole role;
  unsigned rights; /* RESTRICTED, ADMIN */
  bool of_public;  /* STRANGER, LEFT: the chat is public: who is not in it may read it */
} MsgStanding;

/** msg_standing_at: @until_ms: when a restriction or a ban is over, 0: never. Returns: a member again after a restriction,
 *  and somebody who has left after a ban. */
MsgStanding msg_standing_at (MsgChatRole role, unsigned rights, int64_t until_ms, int64_t now_ms);

/** MsgAct: the things that are asked for. */
typedef enum {
  MSG_ACT_READ,          /* history */
  MSG_ACT_SEND,          /* and typing, and editing one's own */
  MSG_ACT_DELETE_OWN,    /* for all */
  MSG_ACT_DELETE_OTHERS, /* for all */
  MSG_ACT_INVITE,
  MSG_ACT_LEAVE,
  MSG_ACT_INFO,
  MSG_ACT_TTL,           /* how long messages stay */
  MSG_ACT_PERMISSIONS,   /* what members may */
  MSG_ACT_CALL,          /* start a voice chat */
  MSG_ACT_RESTRICT,      /* restrict, ban, or lift either; has a target */
  MSG_ACT_PROMOTE,       /* make an admin, or a member of one; has a target */
  MSG_ACT_TRANSFER,      /* make another the owner; has a target */
  MSG_ACT_MARK,          /* how far it was read; delete for oneself */
  MSG_ACT_MEMBERS,       /* see who is in it */
  MSG_ACT_LINKS,         /* make links by which others join, and answer who asks to */
  MSG_ACT_SET_UP,        /* give it a public name, make it a supergroup */
  MSG_ACT_REACT,         /* to a message */
  MSG_ACT_PIN,           /* a message */
  MSG_ACT_N
} MsgAct;

/** MsgVerdict: @MSG_VERDICT_NO_CHAT: also for who must not learn that there is one. */
typedef enum {
  MSG_VERDICT_ALLOWED,
  MSG_VERDICT_NO_CHAT,
  MSG_VERDICT_LEFT,
  MSG_VERDICT_BANNED,
  MSG_VERDICT_RESTRICTED,
  MSG_VERDICT_NOT_PERMITTED, /* not to members here, or not to this admin */
  MSG_VERDICT_ADMIN_ONLY,
  MSG_VERDICT_OWNER_ONLY,
  MSG_VERDICT_OWNER,         /* not to the owner */
  MSG_VERDICT_NO_MEMBER,     /* the target is not in the chat */
  MSG_VERDICT_CHAT_KIND,     /* not in this kind of chat */
  MSG_VERDICT_OUTSIDE,       /* never was in this public chat */
  MSG_VERDICT_N
} MsgVerdict;

/**
 * msg_chat_judge:
 * @permissions: the chat's MSG_RIGHT_* bits
 * @target: (nullable): whom it is done to, for the acts that have a target
 */
MsgVerdict msg_chat_judge (MsgChatKind kind, unsigned permissions, const MsgStanding *actor, MsgAct act,
                           const MsgStanding *target);

/** msg_verdict_to_error: @verdict: not ALLOWED. Returns: (transfer full): NOT_FOUND ("chat", "member") or FORBIDDEN
 *  ("left", "banned", "restricted", "not_permitted", "admin_only", "owner_only", "owner", "chat_kind", "not_member"). */
GError *msg_verdict_to_error (MsgVerdict verdict);

/** msg_chat_allow: msg_chat_judge() as a check. Returns: false with that error. */
bool msg_chat_allow (MsgChatKind kind, unsigned permissions, const MsgStanding *actor, MsgAct act,
                     const MsgStanding *target, GError **error);
