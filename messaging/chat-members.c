/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in a chat of many, and as what: inviting, leaving, roles, restrictions, bans. */
#include <string.h>

#include "messaging/discussion-rows.h"
#include "messaging/log-op.h"
#include "messaging/open-words.h"
#include "messaging/rows.h"
#include "messaging/service-data.h"

typedef struct {
  MsgLogOp log;
  GArray *users;            /* owned (nullable): INVITE: of MsgId */
  MsgChatStanding standing; /* SET */
  MsgWrittenFn fn;
  gpointer data;
} MembersOp;

static void
members_reply (MsgOp *ctx, const GError *error)
{
  MembersOp *op = (MembersOp *) ctx;

  msg_log_op_tell (&op->log, error);
  op->fn (error == NULL ? &op->log.log.written : NULL, error, op->data);
}

static void
members_clear (MsgOp *ctx)
{
  MembersOp *op = (MembersOp *) ctx;

  msg_log_op_clear (ctx);
  g_clear_pointer (&op->users, g_array_unref);
}

static MembersOp *
members_op_new (MsgCore *core, MsgId user_id, MsgId chat_id, MsgWrittenFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (MembersOp), members_reply, members_clear };
  MembersOp *op = msg_log_op_new (core, &class, user_id, chat_id);

  op->fn = fn;
  op->data = data;
  return op;
}

static MsgUpdate *
member_update (MsgId chat_id, const MsgChatStanding *standing)
{
  MsgUpdate *update = msg_update_new (MSG_UPDATE_MEMBER, chat_id);

  update->user_id = standing->user_id;
  update->standing = (MsgStanding){ standing->role, standing->rights };
  update->until_ms = standing->until_ms;
  return update;
}

/* What somebody is now: in a group all learn it; where members are many, the one whom it is about. */
static bool
tell_standing (MsgDb *db, MsgLog *log, MsgChat *chat, const MsgChatStanding *standing, GError **error)
{
  MsgUpdate *update = member_update (chat->id, standing);

  return msg_chat_has_log (chat->kind) ? msg_log_append_one (db, log, update, standing->user_id, error)
                                       : msg_log_append (db, log, chat, update, 0, error);
}

/* @data: (transfer full): what a service message says of members coming and going. In a channel nobody sees who does. */
static bool
say (MsgDb *db, MsgLog *log, MsgChat *chat, char *data, GError **error)
{
  if (chat->kind != MSG_CHAT_CHANNEL)
    return msg_message_append_service (db, log, chat, log->user_id, data, error);
  g_free (data);
  return true;
}

/* --- Inviting --- */

static bool
add_one (MsgDb *db, MembersOp *op, const MsgChat *chat, MsgId user_id, GArray *added, GError **error)
{
  g_autoptr (MsgUser) user = msg_user_load (db, user_id, error);
  MsgStanding standing;

  if (user == NULL || !msg_chat_load_standing (db, chat->id, user_id, op->log.log.now_ms, &standing, error))
    return false;
  if (standing.role >= MSG_ROLE_RESTRICTED)
    return true;
  if (!msg_chat_may_add (db, op->log.user_id, user_id, error))
    return false;
  if (standing.role == MSG_ROLE_BANNED)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_FORBIDDEN, "target_banned", "The user is banned here."));
      return false;
    }
  for (unsigned i = 0; i < added->len; i++)
    if (g_array_index (added, MsgId, i) == user_id)
      return true;
  g_array_append_val (added, user_id);
  return true;
}

/* In a group all learn who is new; where members are many, those who are, and the others if somebody has brought them. */
static bool
tell_added (MsgDb *db, MsgLog *log, MsgChat *chat, const GArray *added, GError **error)
{
  bool by_oneself = added->len == 1 && g_array_index (added, MsgId, 0) == log->user_id;

  if (msg_chat_has_log (chat->kind))
    return msg_chat_tell_users (db, log, chat->id, added, error)
           && (by_oneself || say (db, log, chat, msg_service_added (added), error)) && msg_log_finish (db, log, error);
  if (!say (db, log, chat, msg_service_added (added), error))
    return false;
  for (unsigned i = 0; i < added->len; i++)
    {
      const MsgChatStanding standing = { .user_id = g_array_index (added, MsgId, i), .role = MSG_ROLE_MEMBER };

      if (!tell_standing (db, log, chat, &standing, error))
        return false;
    }
  return true;
}

bool
msg_chat_bring_in (MsgDb *db, const MsgCore *core, MsgLog *log, MsgChat *chat, const GArray *added, GError **error)
{
  for (unsigned i = 0; i < added->len; i++)
    {
      MsgId user_id = g_array_index (added, MsgId, i);

      if (!msg_chat_check_joined (db, chat, user_id, error)
          || !msg_chat_put_member (db, chat, user_id, MSG_ROLE_MEMBER, log->now_ms, error))
        return false;
    }
  return msg_chat_count (db, chat, (int) added->len, error)
         && msg_chat_check_size (core, chat->kind, chat->member_count, error)
         && tell_added (db, log, chat, added, error);
}

static bool
invite_run (MsgDb *db, gpointer ctx, GError **error)
{
  MembersOp *op = ctx;
  MsgLog *log = &op->log.log;
  g_autoptr (GArray) added = g_array_new (FALSE, FALSE, sizeof (MsgId));
  g_autoptr (MsgChat) chat = NULL;

  msg_log_reset (log);
  chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, MSG_ACT_INVITE, log->now_ms, error);
  if (chat == NULL)
    return false;
  for (unsigned i = 0; i < op->users->len; i++)
    if (!add_one (db, op, chat, g_array_index (op->users, MsgId, i), added, error))
      return false;
  if (added->len == 0)
    return msg_log_finish (db, log, error);
  return msg_chat_bring_in (db, op->log.op.core, log, chat, added, error);
}

void
msg_chat_invite (MsgCore *core, MsgId user_id, MsgId chat_id, const MsgId *users, unsigned n, MsgWrittenFn fn,
                 gpointer data)
{
  MembersOp *op;

  g_return_if_fail (core != NULL && (users != NULL || n == 0) && fn != NULL);
  op = members_op_new (core, user_id, chat_id, fn, data);
  op->users = g_array_append_vals (g_array_new (FALSE, FALSE, sizeof (MsgId)), users, MIN (n, MSG_CHAT_LIST_MAX));
  if (n < 1 || n > MSG_CHAT_LIST_MAX)
    msg_op_fail (&op->log.op, msg_error_new (MSG_ERROR_INVALID, "limit", "1 to %d users at once.", MSG_CHAT_LIST_MAX));
  else if (msg_log_op_take_chat (&op->log))
    msg_op_write (op, invite_run, msg_op_end);
}

/* --- What somebody is --- */

static bool
put_standing (MsgDb *db, MsgId chat_id, const MsgChatStanding *standing, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE chat_members SET role = :role, rights = :rights, until_ms = :until"
                                      " WHERE chat_id = :chat AND user_id = :user");

  msg_stmt_set_int (stmt, ":role", standing->role);
  msg_stmt_set_int (stmt, ":rights", standing->rights);
  msg_stmt_set_int (stmt, ":until", standing->until_ms);
  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":user", standing->user_id);
  return msg_stmt_run (stmt, error);
}

/* the chat goes out of the list of who is not in it any more */
static bool
forget_list (MsgDb *db, MsgId chat_id, MsgId user_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE chat_members SET unread = 0, mentions = 0, last_id = 0, last_ms = 0"
                                      " WHERE chat_id = :chat AND user_id = :user");

  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":user", user_id);
  return msg_stmt_run (stmt, error);
}

static bool
drop_group (MsgDb *db, const MsgLog *log, MsgId chat_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE chats SET deleted_ms = :now, name_key = NULL, username = NULL"
                                      " WHERE id = :chat");

  msg_stmt_set_int (stmt, ":now", log->now_ms);
  msg_stmt_set_int (stmt, ":chat", chat_id);
  return msg_stmt_run (stmt, error) && msg_open_words_put (db, chat_id, NULL, NULL, error);
}

bool
msg_chat_go_out (MsgDb *db, MsgLog *log, MsgChat *chat, const MsgChatStanding *standing, char *service, GError **error)
{
  g_autofree char *owned = service;
  bool has_log = msg_chat_has_log (chat->kind);
  bool silent = has_log && standing->user_id == log->user_id;

  return put_standing (db, chat->id, standing, error) && forget_list (db, chat->id, standing->user_id, error)
         && msg_log_append_one (db, log, member_update (chat->id, standing), standing->user_id, error)
         && msg_chat_count (db, chat, -1, error) && (has_log || tell_standing (db, log, chat, standing, error))
         && (silent || say (db, log, chat, g_steal_pointer (&owned), error)) && msg_log_finish (db, log, error)
         && (chat->member_count > 0
             || (msg_discussion_end (db, log, chat, error) && drop_group (db, log, chat->id, error)));
}

static bool
leave_run (MsgDb *db, gpointer ctx, GError **error)
{
  MembersOp *op = ctx;
  MsgLog *log = &op->log.log;
  const MsgChatStanding left = { .user_id = op->log.user_id, .role = MSG_ROLE_LEFT };
  g_autoptr (MsgChat) chat = NULL;

  msg_log_reset (log);
  chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, MSG_ACT_LEAVE, log->now_ms, error);
  if (chat == NULL)
    return false;
  if (chat->standing.role == MSG_ROLE_OWNER && chat->member_count > 1)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_FORBIDDEN, "owner", "The owner hands the group over first."));
      return false;
    }
  return msg_chat_go_out (db, log, chat, &left, msg_service_left (), error);
}

void
msg_chat_leave (MsgCore *core, MsgId user_id, MsgId chat_id, MsgWrittenFn fn, gpointer data)
{
  g_return_if_fail (core != NULL && fn != NULL);
  msg_op_write (members_op_new (core, user_id, chat_id, fn, data), leave_run, msg_op_end);
}

/* which right it takes to make @from into @to */
static MsgAct
act_for (MsgChatRole from, MsgChatRole to)
{
  if (to == MSG_ROLE_OWNER)
    return MSG_ACT_TRANSFER;
  if (to == MSG_ROLE_ADMIN || (to == MSG_ROLE_MEMBER && from == MSG_ROLE_ADMIN))
    return MSG_ACT_PROMOTE;
  return MSG_ACT_RESTRICT;
}

static bool
fail_with (MsgVerdict verdict, GError **error)
{
  g_propagate_error (error, msg_verdict_to_error (verdict));
  return false;
}

/* Whether @actor may make @target that; what msg_chat_judge() does not know. */
static bool
check_change (const MsgChat *chat, const MsgStanding *target, const MsgChatStanding *to, GError **error)
{
  MsgAct act = act_for (target->role, to->role);

  if (!msg_chat_allow (chat->kind, chat->permissions, &chat->standing, act, target, error))
    return false;
  if (target->role < MSG_ROLE_RESTRICTED && to->role >= MSG_ROLE_RESTRICTED)
    return fail_with (MSG_VERDICT_NO_MEMBER, error);
  if (to->role == MSG_ROLE_RESTRICTED && chat->kind == MSG_CHAT_CHANNEL)
    return fail_with (MSG_VERDICT_CHAT_KIND, error);
  if (to->role == MSG_ROLE_ADMIN && chat->standing.role != MSG_ROLE_OWNER
      && (to->rights & ~chat->standing.rights) != 0)
    return fail_with (MSG_VERDICT_NOT_PERMITTED, error);
  return true;
}

static bool
put_owner (MsgDb *db, MsgId chat_id, MsgId owner_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE chats SET owner_id = :user WHERE id = :chat");

  msg_stmt_set_int (stmt, ":user", owner_id);
  msg_stmt_set_int (stmt, ":chat", chat_id);
  return msg_stmt_run (stmt, error);
}

static bool
hand_over (MsgDb *db, MembersOp *op, MsgChat *chat, GError **error)
{
  const MsgChatStanding former = { op->log.user_id, MSG_ROLE_ADMIN, MSG_RIGHTS_ADMIN, 0 };

  return put_owner (db, chat->id, op->standing.user_id, error) && put_standing (db, chat->id, &former, error)
         && tell_standing (db, &op->log.log, chat, &former, error)
         && (!msg_chat_has_log (chat->kind) || msg_chat_tell_change (db, &op->log.log, chat, error));
}

bool
msg_chat_inherit (MsgDb *db, MsgLog *log, MsgChat *chat, MsgId heir_id, GError **error)
{
  const MsgChatStanding owner = { .user_id = heir_id, .role = MSG_ROLE_OWNER };

  chat->owner_id = heir_id;
  return put_owner (db, chat->id, heir_id, error)
         && (heir_id == 0
             || (put_standing (db, chat->id, &owner, error) && tell_standing (db, log, chat, &owner, error)))
         && (!msg_chat_has_log (chat->kind) || msg_chat_tell_change (db, log, chat, error));
}

/* @target: was not in it; a stranger does not learn of a chat that they never saw */
static bool
put_banned (MsgDb *db, MembersOp *op, MsgChat *chat, const MsgStanding *target, GError **error)
{
  g_autoptr (MsgUser) user = msg_user_load (db, op->standing.user_id, error);
  bool knows = !msg_chat_has_log (chat->kind) || target->role != MSG_ROLE_STRANGER;

  return user != NULL
         && msg_chat_put_member (db, chat, op->standing.user_id, MSG_ROLE_BANNED, op->log.log.now_ms, error)
         && put_standing (db, chat->id, &op->standing, error)
         && (!knows || tell_standing (db, &op->log.log, chat, &op->standing, error))
         && msg_log_finish (db, &op->log.log, error);
}

static bool
change (MsgDb *db, MembersOp *op, MsgChat *chat, const MsgStanding *target, GError **error)
{
  const MsgChatStanding *to = &op->standing;
  bool inside = target->role >= MSG_ROLE_RESTRICTED;

  if (to->role == MSG_ROLE_BANNED)
    return inside ? msg_chat_go_out (db, &op->log.log, chat, to, msg_service_removed (to->user_id), error)
                  : put_banned (db, op, chat, target, error);
  if (to->role == MSG_ROLE_LEFT && target->role != MSG_ROLE_BANNED)
    return msg_log_finish (db, &op->log.log, error);
  if (to->role == MSG_ROLE_OWNER && !hand_over (db, op, chat, error))
    return false;
  return put_standing (db, chat->id, to, error) && tell_standing (db, &op->log.log, chat, to, error)
         && msg_log_finish (db, &op->log.log, error);
}

static bool
standing_run (MsgDb *db, gpointer ctx, GError **error)
{
  MembersOp *op = ctx;
  MsgLog *log = &op->log.log;
  g_autoptr (MsgChat) chat = NULL;
  MsgStanding target;

  msg_log_reset (log);
  chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, MSG_ACT_MARK, log->now_ms, error);
  if (chat == NULL || !msg_chat_load_standing (db, chat->id, op->standing.user_id, log->now_ms, &target, error)
      || !check_change (chat, &target, &op->standing, error))
    return false;
  return change (db, op, chat, &target, error);
}

static GError *
check_standing (const MembersOp *op)
{
  const MsgChatStanding *to = &op->standing;
  bool has_end = to->role == MSG_ROLE_RESTRICTED || to->role == MSG_ROLE_BANNED;
  unsigned allowed = to->role == MSG_ROLE_RESTRICTED ? MSG_RIGHTS_MEMBER
                     : to->role == MSG_ROLE_ADMIN    ? MSG_RIGHTS_ADMIN
                                                     : 0;

  if (to->user_id == op->log.user_id)
    return msg_error_new (MSG_ERROR_INVALID, "self", "Nobody changes what they are themselves.");
  if ((to->rights & ~allowed) != 0)
    return msg_error_new (MSG_ERROR_INVALID, "rights", "This role does not have these rights.");
  if (to->until_ms != 0 && (!has_end || to->until_ms <= op->log.log.now_ms || to->until_ms > MSG_ID_MAX))
    return msg_error_new (MSG_ERROR_INVALID, "until", "A restriction or a ban ends at a time to come.");
  return NULL;
}

void
msg_chat_set_standing (MsgCore *core, MsgId user_id, MsgId chat_id, const MsgChatStanding *standing, MsgWrittenFn fn,
                       gpointer data)
{
  MembersOp *op;
  GError *error;

  g_return_if_fail (core != NULL && standing != NULL && standing->role > MSG_ROLE_STRANGER
                    && standing->role < MSG_ROLE_N && fn != NULL);
  op = members_op_new (core, user_id, chat_id, fn, data);
  op->standing = *standing;
  error = check_standing (op);
  if (error != NULL)
    msg_op_fail (&op->log.op, error);
  else if (msg_log_op_take_chat (&op->log))
    msg_op_write (op, standing_run, msg_op_end);
}
