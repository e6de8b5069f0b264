/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How others come into a chat: links, requests to join that an admin answers, public names; and a group that becomes a
 * supergroup. Rules: messaging/core.h; who may do what: messaging/chat-rules.h.
 */
#pragma once

#include "messaging/chat.h"

#define MSG_CHAT_LINK_BYTES 16
/** MSG_CHAT_LINKS_MAX: links of a chat that are not revoked. */
#define MSG_CHAT_LINKS_MAX 100
/** MSG_CHAT_REQUESTS_MAX: users who wait to be let into a chat. */
#define MSG_CHAT_REQUESTS_MAX 10000
/** MSG_CHAT_KEEPERS_MAX: admins who are told of one request. */
#define MSG_CHAT_KEEPERS_MAX 200

/** MsgChatLink: who knows it may join. */
typedef struct {
  uint8_t link[MSG_CHAT_LINK_BYTES]; /* random */
  MsgId creator_id;
  int64_t created_ms;
  int64_t expires_ms;      /* 0: never */
  unsigned max_uses, uses; /* max_uses 0: any number */
  bool approval;           /* who comes by it waits for an admin */
} MsgChatLink;

/** MsgChatLinksFn: @links: (nullable) (element-type MsgChatLink): newest first; NULL with an error. */
typedef void (*MsgChatLinksFn) (const GArray *links, const GError *error, gpointer data);

/** msg_chat_create_link: @spec: expires_ms, max_uses and approval of it. Brings the one link. Errors: INVALID ("until"),
 *  NOT_FOUND ("chat"), FORBIDDEN, LIMIT ("too_many_links", "chat_rate"), UNAVAILABLE. */
void msg_chat_create_link (MsgCore *core, MsgId user_id, MsgId chat_id, const MsgChatLink *spec, MsgChatLinksFn fn,
                           gpointer data);
/** msg_chat_get_links: those that are not revoked. Errors: NOT_FOUND ("chat"), FORBIDDEN, UNAVAILABLE. */
void msg_chat_get_links (MsgCore *core, MsgId user_id, MsgId chat_id, MsgChatLinksFn fn, gpointer data);
/** msg_chat_revoke_link: brings what is left. Errors: NOT_FOUND ("chat", "link"), FORBIDDEN, UNAVAILABLE. */
void msg_chat_revoke_link (MsgCore *core, MsgId user_id, MsgId chat_id, const uint8_t link[MSG_CHAT_LINK_BYTES],
                           MsgChatLinksFn fn, gpointer data);

/** MsgChatWay: into a chat: one of the two. */
typedef struct {
  const uint8_t *link;  /* (nullable): MSG_CHAT_LINK_BYTES */
  const char *username; /* (nullable): of a public chat */
} MsgChatWay;

/**
 * msg_chat_join: brings the chat; of a link that asks for approval, no chat and no error: an admin will answer. Who is in
 * it already stays as they are.
 *
 * Errors: NOT_FOUND ("link": unknown, revoked, over or used up; "chat": no public one has this name), FORBIDDEN
 * ("banned"), LIMIT ("too_many_members", "too_many_chats", "too_many_requests", "chat_rate"), UNAVAILABLE.
 */
void msg_chat_join (MsgCore *core, MsgId user_id, const MsgChatWay *way, MsgChatFn fn, gpointer data);

/** MsgChatFound: what a way leads to: a chat as who asks sees it, not yet in it, or a user who has that name. */
typedef struct {
  MsgChat *chat;
  MsgUser *user;
  bool approval;
} MsgChatFound;

/** MsgChatFoundFn: @found: (nullable): NULL with an error. */
typedef void (*MsgChatFoundFn) (const MsgChatFound *found, const GError *error, gpointer data);
/** msg_chat_resolve: Errors: NOT_FOUND ("link", "username"), FORBIDDEN ("banned"), LIMIT ("chat_rate"), UNAVAILABLE. */
void msg_chat_resolve (MsgCore *core, MsgId user_id, const MsgChatWay *way, MsgChatFoundFn fn, gpointer data);

/** msg_chat_get_requests: @after: the last user of the page before; 0: from the beginning. @limit: 1 to
 *  MSG_CHAT_LIST_MAX. Of the members that are brought, user and joined_ms (since when they wait) are good. Errors: INVALID
 *  ("limit"), NOT_FOUND ("chat"), FORBIDDEN, UNAVAILABLE. */
void msg_chat_get_requests (MsgCore *core, MsgId user_id, MsgId chat_id, MsgId after, unsigned limit,
                            MsgChatMembersFn fn, gpointer data);
/** msg_chat_answer: @approve: else the request is gone. Errors: NOT_FOUND ("chat", "request"), FORBIDDEN, LIMIT
 *  ("too_many_members", "too_many_chats"), UNAVAILABLE. */
void msg_chat_answer (MsgCore *core, MsgId user_id, MsgId chat_id, MsgId target_id, bool approve, MsgWrittenFn fn,
                      gpointer data);

/**
 * MsgRequestsFn:
 * @n_waiting: how many wait to be let into the chat now
 * @user_ids: (element-type MsgId): those who may answer requests, MSG_CHAT_KEEPERS_MAX at most
 *
 * Somebody waits, or no longer does: answered, or come in by another way. Called on the core's context when it is durable,
 * before the callback of the function that caused it. Who was deleted or banned while waiting is not told of.
 */
typedef void (*MsgRequestsFn) (MsgId chat_id, unsigned n_waiting, const GArray *user_ids, gpointer data);
/** msg_core_set_requests_fn: @fn: (nullable). One listener; setting replaces it. Main thread. */
void msg_core_set_requests_fn (MsgCore *core, MsgRequestsFn fn, gpointer data);

/** msg_chat_set_username: @username: (nullable): NULL: it is public no more. One namespace with the names of users. Errors:
 *  INVALID ("username"), CONFLICT ("username_taken"), NOT_FOUND ("chat"), FORBIDDEN ("chat_kind" too: of a group), LIMIT
 *  ("chat_rate"), UNAVAILABLE. */
void msg_chat_set_username (MsgCore *core, MsgId user_id, MsgId chat_id, const char *username, MsgWrittenFn fn,
                            gpointer data);
/** msg_chat_migrate: makes a group a supergroup, which stays the same chat: its messages, marks and members stay.
 *  Errors: NOT_FOUND ("chat"), FORBIDDEN ("owner_only", "chat_kind"), LIMIT ("chat_rate"), UNAVAILABLE. */
void msg_chat_migrate (MsgCore *core, MsgId user_id, MsgId chat_id, MsgWrittenFn fn, gpointer data);
