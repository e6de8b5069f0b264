/* SPDX-License-Identifier: Apache-2.0 */
/* When others were here, as far as one may see it. Rules: messaging/core.h. */
#pragma once

#include "messaging/privacy.h"

/** MSG_SEEN_GRAIN_MS: nobody learns to the second when somebody was here. */
#define MSG_SEEN_GRAIN_MS (60 * 1000)

/** MsgSeen: somebody as another one may see them. */
typedef struct {
  MsgId user_id;
  bool visible;    /* else nothing is said of them, be they here or not */
  int64_t seen_ms; /* when a device of theirs was last here, in whole minutes; 0: never, or not visible */
} MsgSeen;

/** MsgSeenFn: @seen: (nullable) (element-type MsgSeen): in the order of what was asked; NULL with an error. */
typedef void (*MsgSeenFn) (const GArray *seen, const GError *error, gpointer data);

/** msg_presence_look: @users: @n of them, at most MSG_GET_MAX. Visible is who lets @viewer see it and whom @viewer lets see
 *  the own: who hides from somebody does not see them either. Unknown, deleted and disabled users are not visible. Errors:
 *  INVALID ("limit"), UNAVAILABLE. */
void msg_presence_look (MsgCore *core, MsgId viewer, const MsgId *users, unsigned n, MsgSeenFn fn, gpointer data);
