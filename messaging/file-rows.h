/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of files, and of the messages that carry them. Store's threads, inside a job. */
#pragma once

#include "messaging/db.h"
#include "messaging/file.h"
#include "messaging/message.h"

bool msg_file_insert (MsgDb *db, const MsgFile *file, GError **error);
/**
 * msg_files_resolve: what @user_id attaches: files of their own, or that a message carries which they see in a chat that they
 * are in and that is not protected.
 * @ids: @n of them
 * @ret_json: (transfer full): as in MsgMessage
 *
 * Returns: false with NOT_FOUND ("file") too.
 */
bool msg_files_resolve (MsgDb *db, MsgId user_id, const MsgId *ids, unsigned n, char **ret_json, GError **error);
/** msg_files_attach: keeps that @message, which is a row, carries its files. */
bool msg_files_attach (MsgDb *db, const MsgMessage *message, GError **error);
/** msg_files_detach: a message goes; with it those files that nobody owns and no other message carries. */
bool msg_files_detach (MsgDb *db, MsgId chat_id, int64_t message_id, GError **error);
/** msg_files_disown: @user_id is deleted: of at most @limit files those that no message carries go, the others are nobody's.
 *  @ret_more: there may be more. */
bool msg_files_disown (MsgDb *db, MsgId user_id, int64_t limit, bool *ret_more, GError **error);
