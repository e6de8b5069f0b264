/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Searching what one may read: messages by their words, chats and people by name. Words are those of search-text.h: case
 * and accents make no difference, the last one may still go on. Rules of what is asynchronous: messaging/core.h.
 */
#pragma once

#include "messaging/file.h"
#include "messaging/message.h"
#include "messaging/search-text.h"

/** MSG_SEARCH_MAX: hits in one page. */
#define MSG_SEARCH_MAX 50
/** MSG_SEARCH_CHATS: chats that are looked into at once: those with the newest messages. One that is named counts alone. */
#define MSG_SEARCH_CHATS 500

/** MsgMedia: what a message has beside words; files as MsgFileKind counts them. */
typedef enum {
  MSG_MEDIA_ANY,
  MSG_MEDIA_PHOTO = MSG_FILE_PHOTO,
  MSG_MEDIA_VIDEO = MSG_FILE_VIDEO,
  MSG_MEDIA_AUDIO = MSG_FILE_AUDIO,
  MSG_MEDIA_VOICE = MSG_FILE_VOICE,
  MSG_MEDIA_FILE = MSG_FILE_FILE,
  MSG_MEDIA_LINK, /* an address of the web in the text, or behind a part of it */
  MSG_MEDIA_POLL,
  MSG_MEDIA_N
} MsgMedia;

/** msg_media_parse: Returns: MSG_MEDIA_N when @word is none. Any thread. */
MsgMedia msg_media_parse (const char *word);

/** MsgSearch: what is copied when it is asked for. */
typedef struct {
  const char *query;  /* (nullable): with a @media: whatever is said */
  MsgId chat_id;      /* 0: all that the user is in */
  MsgId sender_id;    /* 0: anybody */
  MsgMessageKind kind; /* 0: any */
  int64_t thread_id;   /* of that chat; 0: any */
  MsgMedia media;     /* ANY, or one that the message has to have */
  int64_t after_ms;   /* of the time of sending: from here on; 0: from the beginning */
  int64_t before_ms;  /* less than that; 0: until now */
  int64_t next;       /* what a page before has given; 0: the newest */
  unsigned limit;     /* 1 to MSG_SEARCH_MAX */
} MsgSearch;

typedef struct {
  MsgMessage *message;
  GArray *ranges; /* of MsgRange: where the words are in its text; those in the names of its files are not told */
} MsgHit;

/** MsgHits: newest first, by the order of writing. */
typedef struct {
  GPtrArray *hits; /* (element-type MsgHit) */
  int64_t next;    /* what the search goes on with; 0: there is nothing more */
} MsgHits;

/** MsgHitsFn: @hits: (nullable): NULL with an error. */
typedef void (*MsgHitsFn) (const MsgHits *hits, const GError *error, gpointer data);

/**
 * msg_search_messages: by the words of a message, those of its text and of the names of its files together.
 *
 * An answer has fewer hits than its limit, or none, and a next, when much was looked at that does not fit: so one search
 * does not take long, whatever it asks for.
 *
 * Errors: INVALID ("query", "limit"), NOT_FOUND ("chat"), FORBIDDEN, LIMIT ("search_rate"), UNAVAILABLE.
 */
void msg_search_messages (MsgCore *core, MsgId user_id, const MsgSearch *search, MsgHitsFn fn, gpointer data);

/** MsgNames: @chats: one's own, those with the newest messages first. @open: public ones: those whose names begin so, in
 *  the order of their names, then those with the words, the ones with the most members first. @users: who has just
 *  that name. */
typedef struct {
  GPtrArray *chats; /* (element-type MsgChat) */
  GPtrArray *open;  /* (element-type MsgChat): none of @chats */
  GPtrArray *users; /* (element-type MsgUser) */
} MsgNames;

/** MsgNamesFn: @names: (nullable): NULL with an error. */
typedef void (*MsgNamesFn) (const MsgNames *names, const GError *error, gpointer data);

/** msg_search_names: chats by title, private ones by the name of the other one; public supergroups and channels, whoever is
 *  in them, by how their public name begins and by the words of that name and their title; users by their whole username, as
 *  msg_account_find() does. @limit: of chats each, 1 to MSG_SEARCH_MAX. Errors: as above. */
void msg_search_names (MsgCore *core, MsgId user_id, const char *query, unsigned limit, MsgNamesFn fn, gpointer data);
