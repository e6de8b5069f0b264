/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chats: private ones of two, saved messages (a chat with oneself), groups, supergroups, channels. Rules:
 * messaging/core.h; who may do what: messaging/chat-rules.h.
 */
#pragma once

#include "messaging/account.h"
#include "messaging/chat-rules.h"

#define MSG_CHAT_TITLE_CHARS 128
#define MSG_CHAT_ABOUT_CHARS 512
/** MSG_CHAT_GROUP_MAX: a row of the log is written for each member: larger chats have a log of their own. */
#define MSG_CHAT_GROUP_MAX 200
/** MSG_CHAT_JOINED_MAX: supergroups and channels that one user may be in: their lists are read at once. */
#define MSG_CHAT_JOINED_MAX 1000
/** MSG_CHAT_UNREAD_EXACT: from so many messages on, unread in a chat with a log counts those deleted, too. */
#define MSG_CHAT_UNREAD_EXACT 200
/** MSG_CHAT_LIST_MAX: chats in one answer. */
#define MSG_CHAT_LIST_MAX 100

/** MsgDraft: what a user has begun to write in a chat; see messaging/draft.h. */
typedef struct {
  int64_t at_ms;   /* when it was written last */
  char *text;      /* "": it is a reply and nothing more yet */
  char *entities;  /* (nullable): JSON, as msg_entities_write() makes it */
  int64_t reply_to; /* 0: none */
} MsgDraft;

MsgDraft *msg_draft_copy (const MsgDraft *draft);
void msg_draft_free (MsgDraft *draft); /* NULL is allowed */

/** MsgChat: a chat as one user sees it. */
typedef struct {
  MsgId id;
  MsgChatKind kind;
  char *title, *about; /* "" where there is none */
  char *username;      /* (nullable): who knows it may read the chat, and join */
  MsgId owner_id;      /* 0: nobody */
  int64_t top_id;      /* newest message */
  unsigned member_count;
  unsigned permissions;
  int64_t created_ms;
  int64_t pts;          /* of the newest row of its own log, if it has one */
  int64_t slow_ms;      /* in which a member sends once; 0: at will */
  bool is_protected;    /* what is in it may not be forwarded */
  int64_t ttl_ms;       /* so long what is written stays; 0: for ever */
  int64_t retention_ms; /* older messages are deleted for all, whenever they were written; 0: none are */
  MsgId linked_id;      /* of a channel: the supergroup its posts are talked about in; of that: the channel; 0: none */
  bool has_topics;      /* a supergroup whose messages stand in threads; see messaging/topic.h */
  int64_t group_top_id; /* the newest message of the time when this supergroup was a group; 0: it never was */

  MsgStanding standing; /* of who asks, as of now */
  int64_t until_ms;     /* of a restriction or ban; 0: for ever */
  int64_t first_id;     /* older messages are not shown */
  int64_t read_id;
  int64_t delivered_id;
  unsigned unread, mentions;
  int64_t sent_ms;      /* the last time in slow mode; 0: not yet */
  int64_t last_id;      /* newest message that came while being in it; 0: none yet */
  int64_t last_ms;      /* its time: the order of lists */
  int64_t pinned_id;    /* the newest of those pinned that the user sees; 0: none. Of msg_chat_fill_in() */

  MsgUser *peer;        /* (nullable): PRIVATE: the other one */
  int64_t peer_read_id, peer_delivered_id;

  MsgDraft *draft;      /* (nullable): the user's */
} MsgChat;

MsgChat *msg_chat_copy (const MsgChat *chat);
void msg_chat_free (MsgChat *chat); /* NULL is allowed */

/** MsgWritten: what a change has put into the log of who asked: the rows pts - count + 1 to pts; likewise into the
 *  chat's own. */
typedef struct {
  int64_t pts;
  unsigned count; /* 0: nothing */
  int64_t chat_pts;
  unsigned chat_count;
} MsgWritten;

/** MsgWrittenFn: @written: (nullable): NULL with an error. */
typedef void (*MsgWrittenFn) (const MsgWritten *written, const GError *error, gpointer data);
/** MsgChatFn: @chat: (nullable): NULL with an error. */
typedef void (*MsgChatFn) (const MsgChat *chat, const MsgWritten *written, const GError *error, gpointer data);
/** MsgChatsFn: @chats: (nullable) (element-type MsgChat). */
typedef void (*MsgChatsFn) (GPtrArray *chats, const GError *error, gpointer data);

/** msg_chat_open: finds or makes the private chat with @peer_id; oneself: saved messages. Nobody is told of it before
 *  something is in it. Errors: NOT_FOUND ("user"), LIMIT ("chat_rate"), UNAVAILABLE. */
void msg_chat_open (MsgCore *core, MsgId user_id, MsgId peer_id, MsgChatFn fn, gpointer data);

/** MsgChatSpec: of a new group, supergroup or channel. */
typedef struct {
  MsgChatKind kind;
  const char *title;
  const char *about;    /* (nullable) */
  const MsgId *members; /* besides the owner */
  unsigned n_members;
} MsgChatSpec;

/** msg_chat_create: Errors: INVALID ("title", "about"), NOT_FOUND ("user"), LIMIT ("too_many_members",
 *  "too_many_chats" (of who makes it, or of a member), "chat_rate"), UNAVAILABLE. */
void msg_chat_create (MsgCore *core, MsgId user_id, const MsgChatSpec *spec, MsgChatFn fn, gpointer data);

/** msg_chat_get: @n at most MSG_CHAT_LIST_MAX. Those that the user is in, and public ones. Errors: INVALID ("limit"),
 *  UNAVAILABLE. */
void msg_chat_get (MsgCore *core, MsgId user_id, const MsgId *ids, unsigned n, MsgChatsFn fn, gpointer data);

/** MsgChatPlace: where a page of a list begins: behind this chat. Zeroed: at the beginning. */
typedef struct {
  int64_t last_ms;
  MsgId id;
} MsgChatPlace;

/** MsgChatPage: the chats with something in them, newest first. */
typedef struct {
  GPtrArray *chats;    /* (element-type MsgChat) */
  GPtrArray *messages; /* (element-type MsgMessage, nullable): the newest that the user sees, one for each chat */
  bool has_next;
} MsgChatPage;

/** MsgChatPageFn: @page: (nullable): NULL with an error. */
typedef void (*MsgChatPageFn) (const MsgChatPage *page, const GError *error, gpointer data);

/** msg_chat_list: @after: (nullable). @limit: 1 to MSG_CHAT_LIST_MAX. Errors: INVALID ("limit"), UNAVAILABLE. */
void msg_chat_list (MsgCore *core, MsgId user_id, const MsgChatPlace *after, unsigned limit, MsgChatPageFn fn,
                    gpointer data);

/** MsgChatMember: a member as other members see it. */
typedef struct {
  MsgUser *user;
  MsgStanding standing;
  int64_t until_ms, joined_ms;
  int64_t read_id, delivered_id;
} MsgChatMember;

/** MsgChatMembersFn: @members: (nullable) (element-type MsgChatMember): in order of their ids. */
typedef void (*MsgChatMembersFn) (GPtrArray *members, const GError *error, gpointer data);

/** MsgChatPick: which members. */
typedef struct {
  MsgChatRole role;  /* STRANGER: all; ADMIN: the owner and admins; RESTRICTED; BANNED */
  const char *query; /* (nullable): the beginning of a username; then in order of usernames, whatever role says */
} MsgChatPick;

/** msg_chat_members: @pick: (nullable): all. @after: the last user of the page before, 0: from the beginning. @limit: 1 to
 *  MSG_CHAT_LIST_MAX. Who is banned comes only to who may lift that. Errors: INVALID ("limit"), NOT_FOUND ("chat"),
 *  FORBIDDEN, UNAVAILABLE. */
void msg_chat_members (MsgCore *core, MsgId user_id, MsgId chat_id, const MsgChatPick *pick, MsgId after, unsigned limit,
                       MsgChatMembersFn fn, gpointer data);

/** MsgAudienceFn: @users: (nullable) (element-type MsgId): the other members; NULL without an error: all members of a
 *  chat with a log of its own. */
typedef void (*MsgAudienceFn) (GArray *users, const GError *error, gpointer data);
/** msg_chat_audience: who hears that the user is typing. Errors: NOT_FOUND ("chat"), FORBIDDEN, UNAVAILABLE. */
void msg_chat_audience (MsgCore *core, MsgId user_id, MsgId chat_id, MsgAudienceFn fn, gpointer data);

/** msg_chat_invite: adds @n users, 1 to MSG_CHAT_LIST_MAX, all or none; those who are in it already stay as they are.
 *  They see what is written from now on. Errors: INVALID ("limit"), NOT_FOUND ("chat", "user"), FORBIDDEN
 *  ("target_banned", "privacy" too), LIMIT ("too_many_members", "chat_rate"), UNAVAILABLE. */
void msg_chat_invite (MsgCore *core, MsgId user_id, MsgId chat_id, const MsgId *users, unsigned n, MsgWrittenFn fn,
                      gpointer data);
/** msg_chat_leave: the owner leaves as the last one only; the group is then gone. Errors: NOT_FOUND ("chat"), FORBIDDEN
 *  ("owner", "chat_kind", ...), UNAVAILABLE. */
void msg_chat_leave (MsgCore *core, MsgId user_id, MsgId chat_id, MsgWrittenFn fn, gpointer data);

/** MsgChatStanding: what somebody is to become. */
typedef struct {
  MsgId user_id;
  MsgChatRole role; /* RESTRICTED, MEMBER, ADMIN, OWNER; BANNED; LEFT: lifts a ban */
  unsigned rights;  /* RESTRICTED: what is left; ADMIN */
  int64_t until_ms; /* RESTRICTED, BANNED; 0: for ever */
} MsgChatStanding;

/** msg_chat_set_standing: Errors: INVALID ("rights", "until"), NOT_FOUND ("chat", "member"), FORBIDDEN ("self" too),
 *  LIMIT ("chat_rate"), UNAVAILABLE. */
void msg_chat_set_standing (MsgCore *core, MsgId user_id, MsgId chat_id, const MsgChatStanding *standing,
                            MsgWrittenFn fn, gpointer data);

/** MsgChatChange: what is not given stays. */
typedef struct {
  const char *title, *about; /* (nullable) */
  bool has_permissions, has_slow, has_protected, has_ttl, has_retention, has_linked, has_topics;
  MsgId linked_id;           /* of a channel: a supergroup; of either: 0: no more */
  int64_t ttl_ms;            /* 0, or MSG_TTL_MIN_MS to MSG_TTL_MAX_MS: of what is written from now on */
  int64_t retention_ms;      /* 0, or MSG_TTL_MIN_MS to MSG_RETENTION_MAX_MS: of all that was or will be written; not of a
                                private chat */
  unsigned permissions;      /* of MSG_RIGHTS_MEMBER; not of a channel */
  int64_t slow_ms;           /* of a supergroup: 0 to MSG_CHAT_SLOW_MAX_MS */
  bool is_protected;         /* for its owner to say */
  bool topics;               /* of a supergroup */
} MsgChatChange;

#define MSG_RETENTION_MAX_MS (INT64_C (3650) * 24 * 3600 * 1000)
#define MSG_CHAT_SLOW_MAX_MS (INT64_C (24) * 3600 * 1000)

/** msg_chat_update: Errors: INVALID ("title", "about", "rights", "slow", "ttl", "retention", "linked_kind"),
 *  NOT_FOUND ("chat"), FORBIDDEN, CONFLICT ("linked_taken"), LIMIT ("chat_rate"), UNAVAILABLE. */
void msg_chat_update (MsgCore *core, MsgId user_id, MsgId chat_id, const MsgChatChange *change, MsgWrittenFn fn,
                      gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgChat, msg_chat_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgDraft, msg_draft_free)
