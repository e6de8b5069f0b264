/* SPDX-License-Identifier: Apache-2.0 */
/* The whole table of who may do what in chats of many, by the letter. */
#include "messaging/chat-rules.h"

#include <glib.h>

#include "messaging/core.h"

enum {
  STRANGER, LEFT, BANNED, RESTRICTED, MEMBER, ADMIN_NONE, ADMIN_DELETE, ADMIN_BAN, ADMIN_INFO, ADMIN_PROMOTE, ADMIN_POST,
  ADMIN_INVITE, OWNER, N_ACTORS
};

static const MsgStanding actors[N_ACTORS] = {
  [STRANGER] = { MSG_ROLE_STRANGER, 0 },
  [LEFT] = { MSG_ROLE_LEFT, 0 },
  [BANNED] = { MSG_ROLE_BANNED, 0 },
  [RESTRICTED] = { MSG_ROLE_RESTRICTED, MSG_RIGHT_INVITE },
  [MEMBER] = { MSG_ROLE_MEMBER, 0 },
  [ADMIN_NONE] = { MSG_ROLE_ADMIN, 0 },
  [ADMIN_DELETE] = { MSG_ROLE_ADMIN, MSG_RIGHT_DELETE },
  [ADMIN_BAN] = { MSG_ROLE_ADMIN, MSG_RIGHT_BAN },
  [ADMIN_INFO] = { MSG_ROLE_ADMIN, MSG_RIGHT_INFO },
  [ADMIN_PROMOTE] = { MSG_ROLE_ADMIN, MSG_RIGHT_PROMOTE },
  [ADMIN_POST] = { MSG_ROLE_ADMIN, MSG_RIGHT_POST },
  [ADMIN_INVITE] = { MSG_ROLE_ADMIN, MSG_RIGHT_INVITE },
  [OWNER] = { MSG_ROLE_OWNER, 0 },
};

/* + allowed, c no such chat, l left, b banned, r restricted, n not permitted, a admins only, o owner only, O not to the
 * owner, m no member, k not in this kind of chat, x never was in this public chat. A letter an actor, in the order above. */
static const char letters[MSG_VERDICT_N + 1] = "+clbrnaoOmkx";

typedef struct {
  const char *name;
  MsgAct act;
  MsgChatRole target; /* STRANGER: of nobody */
  bool has_target;
  const char *expected;
} Row;

/* members may send, invite and call; not change the title */
static const Row group_rows[] = {
  { "read", MSG_ACT_READ, 0, false, "clb++++++++++" },
  { "send", MSG_ACT_SEND, 0, false, "clbr+++++++++" },
  { "delete own", MSG_ACT_DELETE_OWN, 0, false, "clb++++++++++" },
  { "delete others'", MSG_ACT_DELETE_OTHERS, 0, false, "clbaan+nnnnn+" },
  { "invite", MSG_ACT_INVITE, 0, false, "clb++++++++++" },
  { "leave", MSG_ACT_LEAVE, 0, false, "clb++++++++++" },
  { "info", MSG_ACT_INFO, 0, false, "clbrnnnn+nnn+" },
  { "time to live", MSG_ACT_TTL, 0, false, "clbrnnnn+nnn+" },
  { "permissions", MSG_ACT_PERMISSIONS, 0, false, "clbaann+nnnn+" },
  { "call", MSG_ACT_CALL, 0, false, "clbr+++++++++" },
  { "ban a member", MSG_ACT_RESTRICT, MSG_ROLE_MEMBER, true, "clbaann+nnnn+" },
  { "ban a stranger", MSG_ACT_RESTRICT, MSG_ROLE_STRANGER, true, "clbaann+nnnn+" },
  { "ban an admin", MSG_ACT_RESTRICT, MSG_ROLE_ADMIN, true, "clbaannonnnn+" },
  { "ban the owner", MSG_ACT_RESTRICT, MSG_ROLE_OWNER, true, "clbaannOnnnnO" },
  { "promote a member", MSG_ACT_PROMOTE, MSG_ROLE_MEMBER, true, "clbaannnn+nn+" },
  { "promote a stranger", MSG_ACT_PROMOTE, MSG_ROLE_STRANGER, true, "clbaannnnmnnm" },
  { "demote an admin", MSG_ACT_PROMOTE, MSG_ROLE_ADMIN, true, "clbaannnnonn+" },
  { "hand over", MSG_ACT_TRANSFER, MSG_ROLE_MEMBER, true, "clbooooooooo+" },
  { "mark", MSG_ACT_MARK, 0, false, "clb++++++++++" },
  { "members", MSG_ACT_MEMBERS, 0, false, "clb++++++++++" },
  { "links", MSG_ACT_LINKS, 0, false, "clbaannnnnn++" },
  { "set up", MSG_ACT_SET_UP, 0, false, "clbooooooooo+" },
  { "react", MSG_ACT_REACT, 0, false, "clbr+++++++++" },
  { "pin", MSG_ACT_PIN, 0, false, "clbrnnnnnnnn+" },
};

/* in a channel nobody but admins with the right does anything but read */
static const Row channel_rows[] = {
  { "read", MSG_ACT_READ, 0, false, "clb++++++++++" },
  { "mark", MSG_ACT_MARK, 0, false, "clb++++++++++" },
  { "send", MSG_ACT_SEND, 0, false, "clbaannnnn+n+" },
  { "delete own", MSG_ACT_DELETE_OWN, 0, false, "clb++++++++++" },
  { "delete others'", MSG_ACT_DELETE_OTHERS, 0, false, "clbaan+nnnnn+" },
  { "invite", MSG_ACT_INVITE, 0, false, "clbaannnnnn++" },
  { "leave", MSG_ACT_LEAVE, 0, false, "clb++++++++++" },
  { "info", MSG_ACT_INFO, 0, false, "clbaannn+nnn+" },
  { "time to live", MSG_ACT_TTL, 0, false, "clbaannn+nnn+" },
  { "permissions", MSG_ACT_PERMISSIONS, 0, false, "clbkkkkkkkkkk" },
  { "call", MSG_ACT_CALL, 0, false, "clbaannnnnnn+" },
  { "ban a member", MSG_ACT_RESTRICT, MSG_ROLE_MEMBER, true, "clbaann+nnnn+" },
  { "ban an admin", MSG_ACT_RESTRICT, MSG_ROLE_ADMIN, true, "clbaannonnnn+" },
  { "promote a member", MSG_ACT_PROMOTE, MSG_ROLE_MEMBER, true, "clbaannnn+nn+" },
  { "hand over", MSG_ACT_TRANSFER, MSG_ROLE_MEMBER, true, "clbooooooooo+" },
  { "members", MSG_ACT_MEMBERS, 0, false, "clbaa++++++++" },
  { "links", MSG_ACT_LINKS, 0, false, "clbaannnnnn++" },
  { "set up", MSG_ACT_SET_UP, 0, false, "clbooooooooo+" },
  { "react", MSG_ACT_REACT, 0, false, "clb++++++++++" },
  { "pin", MSG_ACT_PIN, 0, false, "clbaannnnnnn+" },
};

static void
walk (MsgChatKind kind, unsigned permissions, const Row *rows, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    for (unsigned actor = 0; actor < N_ACTORS; actor++)
      {
        const Row *row = &rows[i];
        const MsgStanding target = { row->target, 0 };
        MsgVerdict verdict = msg_chat_judge (kind, permissions, &actors[actor], row->act, row->has_target ? &target : NULL);

        if (letters[verdict] != row->expected[actor])
          g_error ("%s by %u: %c, expected %c", row->name, actor, letters[verdict], row->expected[actor]);
      }
}

/* a supergroup has the rules of a group */
static void
test_group (void)
{
  walk (MSG_CHAT_GROUP, MSG_RIGHTS_DEFAULT, group_rows, G_N_ELEMENTS (group_rows));
  walk (MSG_CHAT_SUPERGROUP, MSG_RIGHTS_DEFAULT, group_rows, G_N_ELEMENTS (group_rows));
}

/* whatever members might be permitted */
static void
test_channel (void)
{
  walk (MSG_CHAT_CHANNEL, 0, channel_rows, G_N_ELEMENTS (channel_rows));
  walk (MSG_CHAT_CHANNEL, MSG_RIGHTS_MEMBER, channel_rows, G_N_ELEMENTS (channel_rows));
}

/* who is not in a public chat reads it, and does nothing else */
static void
test_public (void)
{
  static const MsgStanding stranger = { MSG_ROLE_STRANGER, 0, true }, left = { MSG_ROLE_LEFT, 0, true };
  static const MsgStanding banned = { MSG_ROLE_BANNED, 0, true };

  for (unsigned act = 0; act < MSG_ACT_N; act++)
    for (unsigned kind = MSG_CHAT_SUPERGROUP; kind <= MSG_CHAT_CHANNEL; kind++)
      {
        bool reads = act == MSG_ACT_READ;

        g_assert_cmpint (letters[msg_chat_judge (kind, MSG_RIGHTS_MEMBER, &stranger, act, NULL)], ==, reads ? '+' : 'x');
        g_assert_cmpint (letters[msg_chat_judge (kind, MSG_RIGHTS_MEMBER, &left, act, NULL)], ==, reads ? '+' : 'l');
        g_assert_cmpint (letters[msg_chat_judge (kind, MSG_RIGHTS_MEMBER, &banned, act, NULL)], ==, 'b');
      }
}

/* what members may not, admins may not either without the right, but for writing */
static void
test_closed_group (void)
{
  static const MsgAct acts[] = { MSG_ACT_INVITE, MSG_ACT_INFO, MSG_ACT_CALL };

  for (unsigned i = 0; i < G_N_ELEMENTS (acts); i++)
    {
      g_assert_cmpint (msg_chat_judge (MSG_CHAT_GROUP, 0, &actors[MEMBER], acts[i], NULL), ==,
                       MSG_VERDICT_NOT_PERMITTED);
      g_assert_cmpint (msg_chat_judge (MSG_CHAT_GROUP, 0, &actors[ADMIN_DELETE], acts[i], NULL), ==,
                       MSG_VERDICT_NOT_PERMITTED);
      g_assert_cmpint (msg_chat_judge (MSG_CHAT_GROUP, 0, &actors[OWNER], acts[i], NULL), ==, MSG_VERDICT_ALLOWED);
    }
  g_assert_cmpint (msg_chat_judge (MSG_CHAT_GROUP, 0, &actors[MEMBER], MSG_ACT_SEND, NULL), ==,
                   MSG_VERDICT_NOT_PERMITTED);
  g_assert_cmpint (msg_chat_judge (MSG_CHAT_GROUP, 0, &actors[ADMIN_NONE], MSG_ACT_SEND, NULL), ==,
                   MSG_VERDICT_ALLOWED);
}

static void
test_private (void)
{
  static const char expected[MSG_ACT_N + 1] = "+++nkkk+k+kkk++kk++";

  for (unsigned act = 0; act < MSG_ACT_N; act++)
    {
      g_assert_cmpint (letters[msg_chat_judge (MSG_CHAT_PRIVATE, 0, &actors[MEMBER], act, NULL)], ==, expected[act]);
      g_assert_cmpint (letters[msg_chat_judge (MSG_CHAT_SAVED, 0, &actors[MEMBER], act, NULL)], ==, expected[act]);
      g_assert_cmpint (msg_chat_judge (MSG_CHAT_PRIVATE, 0, &actors[STRANGER], act, NULL), ==, MSG_VERDICT_NO_CHAT);
    }
}

static void
test_time (void)
{
  g_assert_cmpint (msg_standing_at (MSG_ROLE_RESTRICTED, 1, 100, 99).role, ==, MSG_ROLE_RESTRICTED);
  g_assert_cmpint (msg_standing_at (MSG_ROLE_RESTRICTED, 1, 100, 100).role, ==, MSG_ROLE_MEMBER);
  g_assert_cmpint (msg_standing_at (MSG_ROLE_BANNED, 0, 100, 100).role, ==, MSG_ROLE_LEFT);
  g_assert_cmpint (msg_standing_at (MSG_ROLE_BANNED, 0, 0, 100).role, ==, MSG_ROLE_BANNED);
}

static void
test_errors (void)
{
  for (unsigned verdict = 1; verdict < MSG_VERDICT_N; verdict++)
    {
      g_autoptr (GError) error = msg_verdict_to_error (verdict);

      g_assert_nonnull (error);
      g_assert_cmpstr (msg_error_get_reason (error), !=, "");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messaging/chat-rules/group", test_group);
  g_test_add_func ("/messaging/chat-rules/channel", test_channel);
  g_test_add_func ("/messaging/chat-rules/public", test_public);
  g_test_add_func ("/messaging/chat-rules/closed-group", test_closed_group);
  g_test_add_func ("/messaging/chat-rules/private", test_private);
  g_test_add_func ("/messaging/chat-rules/time", test_time);
  g_test_add_func ("/messaging/chat-rules/errors", test_errors);
  return g_test_run ();
}
