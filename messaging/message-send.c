/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/message-send.h"

#include "messaging/contact-rows.h"
#include "messaging/core.h"
#include "messaging/file-rows.h"
#include "messaging/topic-rows.h"

bool
msg_ttl_check (int64_t ttl_ms, GError **error)
{
  if (ttl_ms == 0 || (ttl_ms >= MSG_TTL_MIN_MS && ttl_ms <= MSG_TTL_MAX_MS))
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "ttl", "A message stays for a second to a year."));
  return false;
}

GError *
msg_send_take_quote (const MsgSending *sending, unsigned max_entities, char **ret_json)
{
  GError *error = NULL;

  if (sending->quote == NULL)
    return NULL;
  if (sending->reply_to == 0)
    return msg_error_new (MSG_ERROR_INVALID, "quote", "A quote is of the message that is answered.");
  *ret_json = msg_quote_write (sending->quote, max_entities, &error);
  return error;
}

bool
msg_send_check_reply (MsgDb *db, const MsgChat *chat, MsgNewMessage *spec, GError **error)
{
  g_autoptr (MsgMessage) replied = NULL;

  if (spec->reply_to == 0)
    return msg_topic_admit (db, chat, spec, NULL, error);
  if (!msg_message_load (db, chat->id, spec->sender_id, spec->reply_to, &replied, error))
    return false;
  if (replied == NULL)
    g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "message", "There is no such message."));
  return replied != NULL
         && (spec->quote == NULL || spec->quote_is_old
             || msg_quote_check (spec->quote, replied->text, replied->entities, error))
         && msg_topic_admit (db, chat, spec, replied, error);
}

const MsgMessage *
msg_send_write (MsgDb *db, MsgLog *log, MsgId chat_id, MsgNewMessage *spec, GError **error)
{
  g_autoptr (MsgChat) chat = msg_chat_load_for (db, chat_id, spec->sender_id, MSG_ACT_SEND, log->now_ms, error);
  g_autofree char *files = NULL;
  const MsgMessage *message;

  if (chat != NULL && spec->public_poll && chat->kind == MSG_CHAT_CHANNEL) /* nobody sees who reads it */
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "poll", "In a channel polls are anonymous."));
      return NULL;
    }
  if (chat == NULL || !msg_send_check_reply (db, chat, spec, error)
      || (spec->n_files > 0 && !msg_files_resolve (db, spec->sender_id, spec->file_ids, spec->n_files, &files, error))
      || !msg_chat_keep_pace (db, chat, log, error)
      || !msg_chat_find_withheld (db, chat, spec->sender_id, &spec->withheld_from, error)
      || !msg_contact_take (db, log->options, chat, spec->sender_id, log->now_ms, error))
    return NULL;
  spec->files = files;
  message = msg_message_append (db, log, chat, spec, error);
  spec->files = NULL;
  if (!msg_chat_has_log (chat->kind))
    log->written.count = 1; /* what comes before it in the log has been told, and a retry is to be answered alike */
  return message;
}
