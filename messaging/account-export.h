/* SPDX-License-Identifier: Apache-2.0 */
/* All that is kept of one user, for that user, in pages. Rules: messaging/core.h. */
#pragma once

#include "messaging/call-log.h"
#include "messaging/message.h"
#include "messaging/privacy.h"
#include "messaging/schedule.h"
#include "messaging/session.h"

/** MSG_EXPORT_ITEMS: most of them in a page; there may be fewer, even none, and more pages. */
#define MSG_EXPORT_ITEMS 500

/** MsgExportKind: in the order in which they come: sections; people stand before the first message of theirs in a page. */
typedef enum {
  MSG_EXPORT_ACCOUNT,
  MSG_EXPORT_DEVICE,
  MSG_EXPORT_BLOCKED,
  MSG_EXPORT_CHAT,
  MSG_EXPORT_PERSON,
  MSG_EXPORT_MESSAGE,
  MSG_EXPORT_CALL,
  MSG_EXPORT_SCHEDULED,
  MSG_EXPORT_KIND_N
} MsgExportKind;

/** MsgExportItem: one of them; what is not of its kind is NULL or 0. */
typedef struct {
  MsgExportKind kind;
  MsgUser *user;       /* ACCOUNT, BLOCKED, PERSON; CALL: the other one */
  MsgPrivacy privacy;  /* ACCOUNT */
  bool two_factor;     /* ACCOUNT */
  MsgDevice *device;   /* DEVICE */
  int64_t at_ms;       /* DEVICE: last seen; BLOCKED: since when */
  int64_t session_ms;  /* DEVICE: logged in since; 0: is not */
  MsgChat *chat;       /* CHAT */
  MsgMessage *message; /* MESSAGE */
  MsgCall call;        /* CALL */
  bool outgoing;       /* CALL */
  MsgScheduled *scheduled; /* SCHEDULED */
} MsgExportItem;

/** MsgExportPlace: where a page begins. Zeroed: at the beginning. */
typedef struct {
  unsigned section;
  int64_t a, b;
  bool inside; /* of the chat a */
} MsgExportPlace;

/** MSG_EXPORT_PLACE_STRLEN: enough for a place as text and its NUL. */
#define MSG_EXPORT_PLACE_STRLEN 64
/** msg_export_place_format: Returns: @ret_text. Any thread. */
char *msg_export_place_format (const MsgExportPlace *place, char ret_text[MSG_EXPORT_PLACE_STRLEN]);
/** msg_export_place_parse: @text: anything. Returns: false, nothing written, when it is no place. Any thread. */
bool msg_export_place_parse (const char *text, MsgExportPlace *ret_place);

typedef struct {
  GPtrArray *items;    /* (element-type MsgExportItem) */
  bool has_next;
  MsgExportPlace next;
} MsgExportPage;

/** MsgExportFn: @page: (nullable): NULL with an error. */
typedef void (*MsgExportFn) (const MsgExportPage *page, const GError *error, gpointer data);

/**
 * msg_account_export:
 * @place: (nullable): where the page before has ended; one of a client may be anything
 *
 * Of private chats, saved messages and groups that the user is in, what the user can read there; of supergroups, channels
 * and chats that were left, what the user has written; and what is scheduled. Drafts are in their chats. Own messages of
 * chats that are not read whole come in no order. A page is read at once; what changes between two pages may be missing, or
 * come as it was.
 *
 * Errors: NOT_FOUND ("user"), LIMIT ("export_rate"), UNAVAILABLE.
 */
void msg_account_export (MsgCore *core, MsgId user_id, const MsgExportPlace *place, MsgExportFn fn, gpointer data);
