/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who of those that are here is in which chat with a log of its own: such a chat has more members than could be asked for
 * whenever something happens in it. Kept for users with a session alone, at most MSG_CHAT_JOINED_MAX chats each; loaded
 * before the first session of a user is attached, then changed by what the core tells. Main thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "messaging/update-log.h"

typedef struct SigAudience SigAudience;

SigAudience *sig_audience_new (void);
void sig_audience_free (SigAudience *audience);

/** sig_audience_hold: from now on @user_id is here: what is put is kept. Returns: true when the user's chats are known;
 *  else somebody asks the core for them and calls sig_audience_load(). */
bool sig_audience_hold (SigAudience *audience, MsgId user_id);
/** sig_audience_release: takes a hold back; nothing happens when there is none. */
void sig_audience_release (SigAudience *audience, MsgId user_id);
/** sig_audience_load: @chats: (element-type MsgChatPts): as the core had them at some time since the hold: what was put
 *  since counts more. Nothing happens when they are known. */
void sig_audience_load (SigAudience *audience, MsgId user_id, const GArray *chats);
/** sig_audience_put: @user_id is in @chat_id now, or not any more. Nothing happens for who is not here. */
void sig_audience_put (SigAudience *audience, MsgId user_id, MsgId chat_id, bool inside);

typedef void (*SigAudienceFn) (MsgId user_id, gpointer data);
/** sig_audience_foreach: those who are here and in the chat. @fn must not change the audience. */
void sig_audience_foreach (SigAudience *audience, MsgId chat_id, SigAudienceFn fn, gpointer data);
/** sig_audience_count: Returns: how many are here and in the chat. */
unsigned sig_audience_count (SigAudience *audience, MsgId chat_id);
/** sig_audience_get_n: Returns: how many users are kept. */
unsigned sig_audience_get_n (const SigAudience *audience);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigAudience, sig_audience_free)
