/* SPDX-License-Identifier: Apache-2.0 */
/* chat.*, message.*, updates.*: results and notifications are held against openrpc.json by the bench. */
#include "rooms-bench.h"

typedef struct {
  RoomsBench bench;
  Person ada, bob, tablet; /* on the connections 1, 2 and 3; the tablet is Bob's too */
  char *chat;
} Chats;

static void
set_up (Chats *f, gconstpointer data)
{
  g_autoptr (JsonObject) opened = NULL;
  g_autofree char *params = NULL;

  rooms_set_up (&f->bench, data);
  f->ada = bench_person (&f->bench.bench, 1, "ada", 0);
  f->bob = bench_person (&f->bench.bench, 2, "bob", 1);
  f->tablet = bench_device (&f->bench.bench, 3, "bob", 2);
  params = g_strdup_printf ("{'userId':'%s'}", f->bob.user_id);
  opened = rooms_call (&f->bench, 1, "chat.open", params);
  f->chat = g_strdup (rooms_get (opened, "chat", "id"));
  g_assert_cmpstr (rooms_get (opened, "chat", "kind"), ==, "private");
}

static void
tear_down (Chats *f, gconstpointer data)
{
  rooms_forget (&f->bench);
  person_clear (&f->ada);
  person_clear (&f->bob);
  person_clear (&f->tablet);
  g_free (f->chat);
  rooms_tear_down (&f->bench, data);
}

static JsonObject *
send_text (Chats *f, SigConnId conn, const char *random_id, const char *text)
{
  g_autofree char *params = g_strdup_printf ("{'chatId':'%s','randomId':'%s','text':'%s'}", f->chat, random_id, text);

  return rooms_call (&f->bench, conn, "message.send", params);
}

/* all devices are told, with the pts that the answer has */
static void
test_send (Chats *f, gconstpointer data)
{
  g_autoptr (JsonObject) sent = send_text (f, 1, "AAAAAAAAAAA", "hello"), again = NULL;

  g_assert_cmpstr (rooms_get (sent, "message", "text"), ==, "hello");
  for (SigConnId conn = 1; conn <= 3; conn++)
    {
      g_autoptr (JsonObject) chat = rooms_take (&f->bench, conn, "update"), message = rooms_take (&f->bench, conn, "update");

      g_assert_cmpstr (json_object_get_string_member (chat, "type"), ==, "chat.updated");
      g_assert_cmpint (json_object_get_int_member (chat, "pts"), ==, 1);
      g_assert_cmpstr (json_object_get_string_member (message, "type"), ==, "message.new");
      g_assert_cmpint (json_object_get_int_member (message, "pts"), ==, json_object_get_int_member (sent, "pts"));
      g_assert_cmpint (json_object_get_int_member (message, "seq"), ==, 2);
    }
  rooms_expect_silence (&f->bench);
  again = send_text (f, 1, "AAAAAAAAAAA", "hello");
  g_assert_true (json_object_equal (sent, again));
  rooms_expect_silence (&f->bench);
}

static void
test_typing (Chats *f, gconstpointer data)
{
  rooms_ok (&f->bench, 1, "message.typing", "{'chatId':'%s','action':'typing'}", f->chat);
  for (SigConnId conn = 2; conn <= 3; conn++)
    rooms_expect_word (&f->bench, conn, "update", "action", "typing");
  rooms_expect_silence (&f->bench);
  for (unsigned i = 1; i < 20; i++)
    rooms_ok (&f->bench, 1, "message.typing", "{'chatId':'%s','action':'typing'}", f->chat);
  rooms_refused (&f->bench, 1, "message.typing", "rate", "{'chatId':'%s','action':'typing'}", f->chat);
}

static void
test_difference (Chats *f, gconstpointer data)
{
  g_autoptr (JsonObject) sent = send_text (f, 1, "AAAAAAAAAAA", "hello"), state = NULL, missed = NULL;
  JsonArray *updates;

  state = rooms_call (&f->bench, 2, "updates.state", "{}");
  g_assert_cmpint (json_object_get_int_member (state, "pts"), ==, 2);
  missed = rooms_call (&f->bench, 3, "updates.difference", "{'pts':0,'limit':10}");
  updates = json_object_get_array_member (missed, "updates");
  g_assert_cmpuint (json_array_get_length (updates), ==, 2);
  g_assert_true (json_object_equal (
      json_object_get_object_member (json_array_get_object_element (updates, 1), "message"),
      json_object_get_object_member (sent, "message")));
  rooms_refused (&f->bench, 3, "updates.difference", "pts", "{'pts':3,'limit':10}");
  rooms_refused (&f->bench, 3, "updates.difference", "invalid_params", "{'pts':0,'limit':1001}");
}

static void
test_bad (Chats *f, gconstpointer data)
{
  static const struct {
    const char *rest, *reason;
  } rows[] = {
    { "'randomId':'AAAAAAAAAAA'", "invalid_params" },
    { "'randomId':'AAAAAAAAAAA','text':''", "text" },
    { "'randomId':'AAAAAAAAAAA','text':' '", "text" },
    { "'randomId':'AAAAAAAAAAA','text':'\\u0007'", "text" },
    { "'randomId':'AAAAAAAAAA','text':'x'", "invalid_params" },
    { "'randomId':'AAAAAAAAAAA','text':'x','replyTo':'0'", "invalid_params" },
    { "'randomId':'AAAAAAAAAAA','text':'x','replyTo':'7'", "message" },
    { "'randomId':'AAAAAAAAAAA','text':'x','entities':[{'type':'bold','offset':0,'length':2}]", "entities" },
    { "'randomId':'AAAAAAAAAAA','text':'x','entities':[{'type':'link','offset':0,'length':1,'url':'javascript:x'}]",
      "entities" },
    { "'randomId':'AAAAAAAAAAA','text':'x','entities':[{'type':'blink','offset':0,'length':1}]", "invalid_params" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    rooms_refused (&f->bench, 1, "message.send", rows[i].reason, "{'chatId':'%s',%s}", f->chat, rows[i].rest);
  rooms_refused (&f->bench, 1, "message.history", "invalid_params", "{'chatId':'%s','limit':1,'beforeId':'2','afterId':'1'}",
                 f->chat);
  rooms_refused (&f->bench, 1, "chat.list", "cursor", "{'limit':1,'next':'nonsense'}");
  rooms_expect_silence (&f->bench);
}

static void
test_lists (Chats *f, gconstpointer data)
{
  g_autoptr (JsonObject) sent = send_text (f, 1, "AAAAAAAAAAA", "hello"), list = NULL, members = NULL, rest = NULL;
  g_autofree char *first = g_strdup_printf ("{'chatId':'%s','limit':1}", f->chat), *second = NULL;
  JsonObject *entry;

  rooms_ok (&f->bench, 2, "message.delivered", "{'chatId':'%s','upToId':'1'}", f->chat);
  rooms_ok (&f->bench, 1, "message.edit", "{'chatId':'%s','messageId':'1','text':'hullo'}", f->chat);
  rooms_ok (&f->bench, 2, "message.edits", "{'chatId':'%s','messageId':'1'}", f->chat);
  list = rooms_call (&f->bench, 2, "chat.list", "{'limit':10}");
  entry = json_array_get_object_element (json_object_get_array_member (list, "chats"), 0);
  g_assert_cmpint (json_object_get_int_member (json_object_get_object_member (entry, "chat"), "unread"), ==, 1);
  g_assert_cmpstr (rooms_get (entry, "lastMessage", "text"), ==, "hullo");
  rooms_ok (&f->bench, 2, "message.read", "{'chatId':'%s','upToId':'1'}", f->chat);
  members = rooms_call (&f->bench, 1, "chat.members", first);
  second = g_strdup_printf ("{'chatId':'%s','limit':1,'next':'%s'}", f->chat,
                            json_object_get_string_member (members, "next"));
  rest = rooms_call (&f->bench, 1, "chat.members", second);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (rest, "members")), ==, 1);
  rooms_ok (&f->bench, 1, "message.delete", "{'chatId':'%s','ids':['1'],'forAll':true}", f->chat);
  rooms_ok (&f->bench, 1, "chat.get", "{'ids':['%s','77']}", f->chat);
}

static void
test_group (Chats *f, gconstpointer data)
{
  g_autofree char *params = g_strdup_printf ("{'kind':'group','title':'Team','members':['%s']}", f->bob.user_id);
  g_autoptr (JsonObject) made = rooms_call (&f->bench, 1, "chat.create", params);
  const char *id = rooms_get (made, "chat", "id"), *bob = f->bob.user_id;

  rooms_ok (&f->bench, 1, "chat.setRole", "{'chatId':'%s','userId':'%s','role':'admin','rights':['ban','info']}", id, bob);
  rooms_ok (&f->bench, 2, "chat.update", "{'chatId':'%s','title':'B','about':'x','permissions':['send']}", id);
  rooms_ok (&f->bench, 1, "chat.setRole", "{'chatId':'%s','userId':'%s','role':'restricted','rights':[]}", id, bob);
  rooms_ok (&f->bench, 1, "chat.ban", "{'chatId':'%s','userId':'%s'}", id, bob);
  rooms_refused (&f->bench, 2, "message.history", "banned", "{'chatId':'%s','limit':1}", id);
  rooms_ok (&f->bench, 1, "chat.unban", "{'chatId':'%s','userId':'%s'}", id, bob);
  rooms_ok (&f->bench, 1, "chat.invite", "{'chatId':'%s','userIds':['%s']}", id, bob);
  rooms_ok (&f->bench, 2, "chat.leave", "{'chatId':'%s'}", id);
  rooms_refused (&f->bench, 2, "message.typing", "left", "{'chatId':'%s','action':'typing'}", id);
  rooms_ok (&f->bench, 2, "updates.difference", "{'pts':0,'limit':1000}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/signaling/service-chat/" name, Chats, NULL, set_up, test, tear_down)
  ADD ("send", test_send);
  ADD ("typing", test_typing);
  ADD ("difference", test_difference);
  ADD ("bad", test_bad);
  ADD ("lists", test_lists);
  ADD ("group", test_group);
  return g_test_run ();
}
