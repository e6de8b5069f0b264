/* SPDX-License-Identifier: Apache-2.0 */
/* Every method by everybody: who gets what answer. Each cell has a room of its own. */
#include "rooms-bench.h"

enum { STRANGER, BANNED, GUEST, LOBBY, LISTENER, SPEAKER, HOST, OWNER, N_KINDS };

static const char *const kinds[N_KINDS] = { "stranger", "banned", "guest", "lobby", "listener", "speaker", "host", "owner" };

#define INSIDE { "room", "banned", "ok", "in_lobby", "ok", "ok", "ok", "ok" }
#define HOSTS { "room", "banned", "host_only", "in_lobby", "host_only", "host_only", "ok", "ok" }

/* ROOM, TARGET (the speaker's participant), WAITING (the lobby's), OTHER (the banned user) and SELF are filled in */
static const struct {
  const char *name, *method, *params;
  const char *expect[N_KINDS];
} rows[] = {
  { "get", "room.get", "{'roomId':'ROOM'}", INSIDE },
  { "participants", "room.participants", "{'roomId':'ROOM','limit':10}", INSIDE },
  { "turn", "room.turn", "{'roomId':'ROOM'}", INSIDE },
  { "publish", "room.publish", "{'roomId':'ROOM','sdp':'v=0','tracks':[{'mid':'0','source':'mic'}]}",
    { "room", "banned", "ok", "in_lobby", "listener", "ok", "ok", "ok" } },
  { "subscribe", "room.subscribe", "{'roomId':'ROOM','sdp':'v=0'}", INSIDE },
  { "view", "room.view", "{'roomId':'ROOM','want':[]}", INSIDE },
  { "update", "room.update", "{'roomId':'ROOM','hand':true}", INSIDE },
  { "stats", "room.stats", "{'roomId':'ROOM'}", INSIDE },
  { "leave", "room.leave", "{'roomId':'ROOM'}", { "room", "banned", "ok", "ok", "ok", "ok", "ok", "ok" } },
  { "mute", "room.mute", "{'roomId':'ROOM','participantId':'TARGET','kind':'audio'}", HOSTS },
  { "kick", "room.kick", "{'roomId':'ROOM','participantId':'TARGET'}", HOSTS },
  { "kick-waiting", "room.kick", "{'roomId':'ROOM','participantId':'WAITING'}", HOSTS },
  { "ban", "room.ban", "{'roomId':'ROOM','participantId':'TARGET'}", HOSTS },
  { "ban-user", "room.ban", "{'roomId':'ROOM','userId':'OTHER'}", HOSTS },
  { "unban", "room.unban", "{'roomId':'ROOM','userId':'OTHER'}", HOSTS },
  { "admit", "room.admit", "{'roomId':'ROOM','participantId':'WAITING'}", HOSTS },
  { "refuse", "room.admit", "{'roomId':'ROOM','participantId':'WAITING','admit':false}", HOSTS },
  { "role", "room.role", "{'roomId':'ROOM','participantId':'TARGET','role':'listener'}", HOSTS },
  { "lock", "room.lock", "{'roomId':'ROOM','locked':true}", HOSTS },
  { "edit", "room.edit", "{'roomId':'ROOM','title':'Other'}", HOSTS },
  { "link", "room.link", "{'roomId':'ROOM'}", HOSTS },
  { "end", "room.end", "{'roomId':'ROOM'}", HOSTS },
  { "invite", "room.invite", "{'roomId':'ROOM','userIds':['OTHER']}",
    { "room", "banned", "guest", "in_lobby", "host_only", "host_only", "ok", "ok" } },
  { "delete", "room.delete", "{'roomId':'ROOM'}",
    { "room", "banned", "owner_only", "owner_only", "owner_only", "owner_only", "owner_only", "ok" } },
  /* the speaker came by the link and has no standing: by id there is no room */
  { "join-by-id", "room.join", "{'roomId':'ROOM'}", { "room", "banned", "ok", "room", "ok", "room", "ok", "ok" } },
  { "ring", "room.ring", "{'roomId':'ROOM'}",
    { "invitation", "invitation", "guest", "invitation", "invitation", "invitation", "invitation", "invitation" } },
  { "kick-owner", "room.kick", "{'roomId':'ROOM','participantId':'OWNER'}",
    { "room", "banned", "host_only", "in_lobby", "host_only", "host_only", "owner", "self" } },
  { "role-owner", "room.role", "{'roomId':'ROOM','participantId':'OWNER','role':'listener'}",
    { "room", "banned", "host_only", "in_lobby", "host_only", "host_only", "owner", "owner" } },
  { "guest-host", "room.role", "{'roomId':'ROOM','participantId':'GUEST','role':'host'}",
    { "room", "banned", "host_only", "in_lobby", "host_only", "host_only", "guest", "guest" } },
  { "nobody", "room.kick", "{'roomId':'ROOM','participantId':'1'}",
    { "room", "banned", "host_only", "in_lobby", "host_only", "host_only", "participant", "participant" } },
  { "admit-inside", "room.admit", "{'roomId':'ROOM','participantId':'TARGET'}",
    { "room", "banned", "host_only", "in_lobby", "host_only", "host_only", "not_in_lobby", "not_in_lobby" } },
  { "account", "user.get", "{'ids':['OTHER']}", { "ok", "ok", "guest", "ok", "ok", "ok", "ok", "ok" } },
};

typedef struct {
  Person people[N_KINDS];       /* but for the guest */
  char *room, *ids[N_KINDS];    /* participants */
  SigConnId conns[N_KINDS], next_guest;
} Stage;

static void
stage_set (RoomsBench *b, Stage *stage)
{
  stage->room = rooms_create (b, stage->conns[OWNER], "{'title':'Room','policy':{'guests':true}}");
  for (int kind = 0; kind < N_KINDS; kind++)
    {
      if (kind == GUEST)
        {
          g_autofree char *token = rooms_guest (b, ++stage->next_guest, "Gustav");

          g_assert_nonnull (token);
          stage->conns[GUEST] = stage->next_guest;
        }
      if (kind != STRANGER && kind != LOBBY)
        stage->ids[kind] = rooms_enter (b, stage->conns[kind]);
    }
  rooms_ok (b, stage->conns[OWNER], "room.role", "{'roomId':'%s','participantId':'%s','role':'host'}", stage->room,
            stage->ids[HOST]);
  rooms_ok (b, stage->conns[OWNER], "room.role", "{'roomId':'%s','participantId':'%s','role':'listener'}", stage->room,
            stage->ids[LISTENER]);
  rooms_ok (b, stage->conns[OWNER], "room.ban", "{'roomId':'%s','userId':'%s'}", stage->room,
            stage->people[BANNED].user_id);
  rooms_ok (b, stage->conns[OWNER], "room.edit", "{'roomId':'%s','policy':{'lobby':true}}", stage->room);
  stage->ids[LOBBY] = rooms_enter (b, stage->conns[LOBBY]);
}

static void
stage_clear (RoomsBench *b, Stage *stage)
{
  /* it may be gone already */
  g_autofree char *params = g_strdup_printf ("{'roomId':'%s'}", stage->room);
  g_autofree char *reason = rooms_reason (b, stage->conns[OWNER], "room.delete", params);

  g_assert_nonnull (reason);
  for (int kind = 0; kind < N_KINDS; kind++)
    g_clear_pointer (&stage->ids[kind], g_free);
  g_clear_pointer (&stage->room, g_free);
  rooms_forget (b);
}

static char *
fill_in (const Stage *stage, const char *params)
{
  GString *text = g_string_new (params);

  g_string_replace (text, "ROOM", stage->room, 0);
  g_string_replace (text, "TARGET", stage->ids[SPEAKER], 0);
  g_string_replace (text, "WAITING", stage->ids[LOBBY], 0);
  g_string_replace (text, "OWNER", stage->ids[OWNER], 0);
  g_string_replace (text, "GUEST", stage->ids[GUEST], 0);
  g_string_replace (text, "OTHER", stage->people[BANNED].user_id, 0);
  return g_string_free (text, FALSE);
}

static void
test_table (RoomsBench *b, gconstpointer data)
{
  Stage stage = { .next_guest = 100 };
  unsigned wrong = 0;

  for (int kind = 0; kind < N_KINDS; kind++)
    if (kind != GUEST)
      {
        stage.conns[kind] = (SigConnId) kind + 1;
        stage.people[kind] = bench_person (&b->bench, stage.conns[kind], kinds[kind], (unsigned) kind % 4);
      }
  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    for (int kind = 0; kind < N_KINDS; kind++)
      {
        g_autofree char *params = NULL, *reason = NULL;

        stage_set (b, &stage);
        params = fill_in (&stage, rows[i].params);
        reason = rooms_reason (b, stage.conns[kind], rows[i].method, params);
        if (!g_str_equal (reason, rows[i].expect[kind]))
          {
            g_test_message ("%s by %s: expected %s, got %s", rows[i].name, kinds[kind], rows[i].expect[kind], reason);
            wrong++;
          }
        stage_clear (b, &stage);
      }
  for (int kind = 0; kind < N_KINDS; kind++)
    person_clear (&stage.people[kind]);
  g_assert_cmpuint (wrong, ==, 0);
  g_assert_cmpuint (fake_control_log (b->control)->rooms, ==, 0);
  g_assert_cmpuint (fake_control_log (b->control)->peers, ==, 0);
  g_assert_cmpuint (sig_rooms_count_loaded (b->rooms), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  rooms_add ("/signaling/rooms-rules/table", test_table);
  return g_test_run ();
}
