/* SPDX-License-Identifier: Apache-2.0 */
/* Three users, what they are told live, and calls into the chats that wait for their callback. */
#pragma once

#include "harness.h"

#include "messaging/update-log.h"

/* user_id 0: to all of a chat with its own log, whose pts it is */
typedef struct {
  MsgUpdateType type;
  MsgId user_id, chat_id;
  int64_t pts, message_id;
} Told;

typedef struct {
  Bench bench;
  MsgId ann, bob, eve;
  GArray *told; /* of Told */
} Chats;

/* What a callback brought. */
typedef struct {
  Answer answer;
  MsgChat *chat;
  MsgMessage *message;
  MsgWritten written;
  GPtrArray *chats, *messages, *updates, *members;
  int64_t next, pts;
  bool more;
} Got;

static inline void
got_clear (Got *got)
{
  answer_clear (&got->answer);
  msg_chat_free (got->chat);
  msg_message_free (got->message);
  g_clear_pointer (&got->chats, g_ptr_array_unref);
  g_clear_pointer (&got->messages, g_ptr_array_unref);
  g_clear_pointer (&got->updates, g_ptr_array_unref);
  memset (got, 0, sizeof *got);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Got, got_clear)

static inline void
on_update (const MsgUpdate *update, gpointer data)
{
  Chats *f = data;
  const Told of_chat = { update->type, 0, update->chat_id, update->chat_pts,
                         update->message != NULL ? update->message->id : 0 };

  if (update->chat_pts != 0)
    g_array_append_val (f->told, of_chat);
  for (unsigned i = 0; i < update->to->len; i++)
    {
      const MsgUpdateTo *to = &g_array_index (update->to, MsgUpdateTo, i);
      Told told = { update->type, to->user_id, update->chat_id, to->pts,
                    update->message != NULL ? update->message->id : 0 };

      g_array_append_val (f->told, told);
    }
}

static inline MsgId
chats_user (Chats *f, const char *name, unsigned key)
{
  g_auto (Answer) answer = { 0 };

  bench_register (&f->bench, name, key, &answer);
  return answer.login->user->id;
}

static inline void
chats_listen (Chats *f)
{
  msg_core_set_update_fn (f->bench.core, on_update, f);
}

static inline void
chats_set_up (Chats *f, gconstpointer data)
{
  bench_init (&f->bench);
  f->bench.options.messages_per_user = f->bench.options.chats_per_user = (MsgRate){ 0, 0 };
  f->bench.options.group_members = 3;
  f->bench.options.groups_per_user = 2;
  bench_open (&f->bench);
  f->told = g_array_new (FALSE, FALSE, sizeof (Told));
  chats_listen (f);
  f->ann = chats_user (f, "ann", 1);
  f->bob = chats_user (f, "bob", 2);
  f->eve = chats_user (f, "eve", 3);
}

static inline void
chats_tear_down (Chats *f, gconstpointer data)
{
  bench_clear (&f->bench);
  g_array_unref (f->told);
}

static inline void
on_chat (const MsgChat *chat, const MsgWritten *written, const GError *error, gpointer data)
{
  Got *got = data;

  g_assert_true ((chat == NULL) == (error != NULL));
  answer_take (&got->answer, error);
  if (chat == NULL)
    return;
  got->chat = msg_chat_copy (chat);
  got->written = *written;
}

static inline void
on_message (const MsgMessage *message, const MsgWritten *written, const GError *error, gpointer data)
{
  Got *got = data;

  g_assert_true ((message == NULL) == (error != NULL));
  answer_take (&got->answer, error);
  if (message == NULL)
    return;
  got->message = msg_message_copy (message);
  got->written = *written;
}

static inline void
on_written (const MsgWritten *written, const GError *error, gpointer data)
{
  Got *got = data;

  g_assert_true ((written == NULL) == (error != NULL));
  answer_take (&got->answer, error);
  if (written != NULL)
    got->written = *written;
}

static inline GPtrArray *
copy_messages (GPtrArray *list)
{
  GPtrArray *copy = g_ptr_array_new_with_free_func ((GDestroyNotify) msg_message_free);

  for (unsigned i = 0; i < list->len; i++)
    g_ptr_array_add (copy, list->pdata[i] != NULL ? msg_message_copy (list->pdata[i]) : NULL);
  return copy;
}

static inline GPtrArray *
copy_chats (GPtrArray *list)
{
  GPtrArray *copy = g_ptr_array_new_with_free_func ((GDestroyNotify) msg_chat_free);

  for (unsigned i = 0; i < list->len; i++)
    g_ptr_array_add (copy, msg_chat_copy (list->pdata[i]));
  return copy;
}

static inline void
on_chat_list (GPtrArray *chats, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  got->chats = chats != NULL ? copy_chats (chats) : NULL;
}

static inline void
on_chat_page (const MsgChatPage *page, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  if (page == NULL)
    return;
  got->chats = copy_chats (page->chats);
  got->messages = copy_messages (page->messages);
  got->more = page->has_next;
}

static inline void
on_history (const MsgHistory *history, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  if (history == NULL)
    return;
  got->messages = copy_messages (history->messages);
  got->next = history->next;
}

static inline void
on_difference (const MsgDifference *difference, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  if (difference == NULL)
    return;
  got->updates = g_ptr_array_ref (difference->updates); /* of this op alone, which gives it up */
  got->pts = difference->pts;
  got->more = difference->more;
}

static inline MsgId
chats_open (Chats *f, MsgId user, MsgId peer)
{
  g_auto (Got) got = { 0 };

  msg_chat_open (f->bench.core, user, peer, on_chat, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
  return got.chat->id;
}

static inline MsgId
chats_make (Chats *f, MsgChatKind kind, MsgId owner, const MsgId *members, unsigned n)
{
  const MsgChatSpec spec = { .kind = kind, .title = "Group", .members = members, .n_members = n };
  g_auto (Got) got = { 0 };

  msg_chat_create (f->bench.core, owner, &spec, on_chat, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
  return got.chat->id;
}

static inline MsgId
chats_group (Chats *f, MsgId owner, const MsgId *members, unsigned n)
{
  return chats_make (f, MSG_CHAT_GROUP, owner, members, n);
}

static inline void
chats_send_got (Chats *f, MsgId user, MsgId chat, uint8_t random, const char *text, Got *got)
{
  const MsgSending sending = { .user_id = user, .device_id = 1, .chat_id = chat, .random_id = { random }, .text = text };

  msg_message_send (f->bench.core, &sending, on_message, got);
  bench_wait (&f->bench, &got->answer);
}

/* Returns: its id */
static inline int64_t
chats_send (Chats *f, MsgId user, MsgId chat, uint8_t random, const char *text)
{
  g_auto (Got) got = { 0 };

  chats_send_got (f, user, chat, random, text, &got);
  g_assert_no_error (got.answer.error);
  return got.message->id;
}

static inline void
chats_difference (Chats *f, MsgId user, int64_t pts, unsigned limit, Got *got)
{
  msg_updates_difference (f->bench.core, user, pts, limit, on_difference, got);
  bench_wait (&f->bench, &got->answer);
}

static inline void
chats_history (Chats *f, MsgId user, MsgId chat, MsgHistoryFrom from, int64_t id, unsigned limit, Got *got)
{
  msg_message_history (f->bench.core, user, chat, from, id, limit, on_history, got);
  bench_wait (&f->bench, &got->answer);
}

static inline MsgChat *
chats_get (Chats *f, MsgId user, MsgId chat)
{
  g_auto (Got) got = { 0 };

  msg_chat_get (f->bench.core, user, &chat, 1, on_chat_list, &got);
  bench_wait (&f->bench, &got.answer);
  return got.chats->len == 1 ? msg_chat_copy (got.chats->pdata[0]) : NULL;
}

static inline void
chats_stand (Chats *f, MsgId actor, MsgId chat, MsgId target, MsgChatRole role, unsigned rights, int64_t until, Got *got)
{
  const MsgChatStanding standing = { target, role, rights, until };

  msg_chat_set_standing (f->bench.core, actor, chat, &standing, on_written, got);
  bench_wait (&f->bench, &got->answer);
}
