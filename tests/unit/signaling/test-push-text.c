/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/push-text.h"

#include "base/json.h"
#include "signaling/push-queue.h"

static const SigPushNews message = { .kind = SIG_PUSH_MESSAGE, .from = 11, .chat_id = 22, .message_id = 33, .at_ms = 44,
                                     .text = (char *) "the secret plan" };
static const SigPushNews call = { .kind = SIG_PUSH_CALL, .from = 11, .call_id = (char *) "AAAAAAAAAAAAAAAAAAAAAA", .video = true,
                                  .expires_ms = 55 };
static const MsgUser ann = { .id = 11, .username = (char *) "ann", .display_name = (char *) "Ann \"A\"" };

static JsonObject *
tell (const SigPushNews *news, const MsgUser *from, const char *title, bool preview, size_t *ret_padded)
{
  g_autofree char *text = sig_push_text (news, 7, from, title, preview, ret_padded);
  g_autoptr (JsonNode) node = al_json_parse (text, strlen (text), NULL);

  g_assert_nonnull (node);
  g_assert_cmpuint (strlen (text), <=, *ret_padded);
  return json_object_ref (json_node_get_object (node));
}

static void
test_message (void)
{
  size_t padded;
  g_autoptr (JsonObject) plain = tell (&message, &ann, NULL, false, &padded);
  g_autoptr (JsonObject) open = NULL;

  g_assert_cmpuint (padded, ==, 1024);
  g_assert_cmpstr (json_object_get_string_member (plain, "kind"), ==, "message");
  g_assert_cmpstr (json_object_get_string_member (plain, "to"), ==, "7");
  g_assert_cmpstr (json_object_get_string_member (plain, "chatId"), ==, "22");
  g_assert_cmpstr (json_object_get_string_member (plain, "messageId"), ==, "33");
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (plain, "from"), "displayName"), ==, "Ann \"A\"");
  g_assert_false (json_object_has_member (plain, "text"));
  g_assert_false (json_object_has_member (plain, "title"));
  open = tell (&message, &ann, "The club", true, &padded);
  g_assert_cmpuint (padded, ==, 2048);
  g_assert_cmpstr (json_object_get_string_member (open, "text"), ==, "the secret plan");
  g_assert_cmpstr (json_object_get_string_member (open, "title"), ==, "The club");
}

/* the longest of everything fits, and is cut between characters */
static void
test_longest (void)
{
  g_autoptr (GString) text = g_string_new (NULL), title = g_string_new (NULL), name = g_string_new (NULL);
  SigPushNews news = message;
  MsgUser user = ann;
  g_autoptr (JsonObject) object = NULL;
  size_t padded;

  for (unsigned i = 0; i < 4096; i++)
    g_string_append (text, "\xf0\x9f\x98\x80");
  for (unsigned i = 0; i < 128; i++)
    g_string_append (title, "\xf0\x9f\x98\x80");
  for (unsigned i = 0; i < MSG_DISPLAY_NAME_CHARS; i++)
    g_string_append (name, "\xf0\x9f\x98\x80");
  news.text = text->str;
  user.display_name = name->str;
  object = tell (&news, &user, title->str, true, &padded);
  g_assert_cmpint (g_utf8_strlen (json_object_get_string_member (object, "text"), -1), ==, SIG_PUSH_PREVIEW_CHARS);
  g_assert_true (g_utf8_validate (json_object_get_string_member (object, "text"), -1, NULL));
}

static void
test_call (void)
{
  SigPushNews ended = call;
  size_t padded;
  g_autoptr (JsonObject) rings = tell (&call, &ann, NULL, true, &padded), ends = NULL;

  g_assert_cmpstr (json_object_get_string_member (rings, "kind"), ==, "call");
  g_assert_cmpstr (json_object_get_string_member (rings, "callId"), ==, call.call_id);
  g_assert_true (json_object_get_boolean_member (rings, "video"));
  g_assert_cmpint (json_object_get_int_member (rings, "expiresAt"), ==, 55);
  ended.kind = SIG_PUSH_CALL_ENDED;
  ended.reason = (char *) "missed";
  ends = tell (&ended, &ann, NULL, false, &padded);
  g_assert_cmpstr (json_object_get_string_member (ends, "kind"), ==, "callEnded");
  g_assert_cmpstr (json_object_get_string_member (ends, "reason"), ==, "missed");
}

/* one for a call and its end, another for each device, chat and key; RFC 8030 §5.4: 32 characters of base64url at most */
static void
test_topic (void)
{
  static const uint8_t key[32] = { 1 }, other_key[32] = { 2 };
  SigPushNews ended = call, other_chat = message, other_message = message;
  char topics[7][SIG_PUSH_TOPIC_BYTES + 1];

  ended.kind = SIG_PUSH_CALL_ENDED;
  other_chat.chat_id++;
  other_message.message_id++;
  sig_push_topic (&call, 1, key, sizeof key, topics[0]);
  sig_push_topic (&ended, 1, key, sizeof key, topics[1]);
  sig_push_topic (&message, 1, key, sizeof key, topics[2]);
  sig_push_topic (&other_message, 1, key, sizeof key, topics[3]);
  sig_push_topic (&other_chat, 1, key, sizeof key, topics[4]);
  sig_push_topic (&message, 2, key, sizeof key, topics[5]);
  sig_push_topic (&message, 1, other_key, sizeof other_key, topics[6]);
  g_assert_cmpstr (topics[0], ==, topics[1]);
  g_assert_cmpstr (topics[2], ==, topics[3]);
  for (unsigned i = 0; i < 7; i++)
    {
      g_assert_cmpuint (strlen (topics[i]), <=, 32);
      for (unsigned j = 0; j < i; j++)
        if (!(i == 1 && j == 0) && !(i == 3 && j == 2))
          g_assert_cmpstr (topics[i], !=, topics[j]);
    }
}

static void
test_room (void)
{
  SigPushNews news = { .kind = SIG_PUSH_ROOM, .from = 11, .room_id = 66, .text = (char *) "Standup", .expires_ms = 55 };
  size_t padded;
  g_autoptr (JsonObject) rings = tell (&news, &ann, NULL, false, &padded), ends = NULL;

  g_assert_cmpuint (padded, ==, 1024);
  g_assert_cmpstr (json_object_get_string_member (rings, "kind"), ==, "room");
  g_assert_cmpstr (json_object_get_string_member (rings, "roomId"), ==, "66");
  g_assert_cmpstr (json_object_get_string_member (rings, "title"), ==, "Standup");
  g_assert_cmpint (json_object_get_int_member (rings, "expiresAt"), ==, 55);
  news.kind = SIG_PUSH_ROOM_ENDED;
  news.reason = (char *) "joined";
  ends = tell (&news, &ann, NULL, false, &padded);
  g_assert_cmpstr (json_object_get_string_member (ends, "kind"), ==, "roomEnded");
  g_assert_cmpstr (json_object_get_string_member (ends, "reason"), ==, "joined");
  g_assert_false (json_object_has_member (ends, "expiresAt"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/push-text/message", test_message);
  g_test_add_func ("/signaling/push-text/longest", test_longest);
  g_test_add_func ("/signaling/push-text/call", test_call);
  g_test_add_func ("/signaling/push-text/room", test_room);
  g_test_add_func ("/signaling/push-text/topic", test_topic);
  return g_test_run ();
}
