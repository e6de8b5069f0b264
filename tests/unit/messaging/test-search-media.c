/* SPDX-License-Identifier: Apache-2.0 */
/* Search by what messages carry: the names of files, and their kinds. */
#include "messaging/search.h"

#include "chat-harness.h"
#include "messaging/db.h"

static void
on_file (const MsgFile *file, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  got->next = file != NULL ? file->id : 0;
}

static MsgId
add (Chats *f, MsgId owner, const char *name, const char *mime)
{
  const MsgFile file = { .name = (char *) name, .mime = (char *) mime, .size_bytes = 1000 };
  g_auto (Got) got = { 0 };

  msg_file_add (f->bench.core, owner, &file, on_file, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
  return got.next;
}

static int64_t
carry (Chats *f, MsgId user, MsgId chat, uint8_t random, const char *text, const char *name, const char *mime)
{
  const MsgId file = add (f, user, name, mime);
  const MsgSending sending = { .user_id = user, .device_id = 1, .chat_id = chat, .random_id = { random }, .text = text,
                               .files = &file, .n_files = 1 };
  g_auto (Got) got = { 0 };

  msg_message_send (f->bench.core, &sending, on_message, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
  return got.message->id;
}

/* --- Asking --- */

typedef struct {
  Answer answer;
  GString *hits; /* "TEXT OFFSET+LENGTH ...|" */
} Found;

static void
found_clear (Found *found)
{
  answer_clear (&found->answer);
  if (found->hits != NULL)
    g_string_free (found->hits, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Found, found_clear)

static void
on_hits (const MsgHits *hits, const GError *error, gpointer data)
{
  Found *found = data;

  answer_take (&found->answer, error);
  found->hits = g_string_new (NULL);
  for (unsigned i = 0; hits != NULL && i < hits->hits->len; i++)
    {
      const MsgHit *hit = hits->hits->pdata[i];

      g_string_append (found->hits, hit->message->text);
      for (unsigned k = 0; k < hit->ranges->len; k++)
        g_string_append_printf (found->hits, " %u+%u", g_array_index (hit->ranges, MsgRange, k).offset,
                                g_array_index (hit->ranges, MsgRange, k).length);
      g_string_append_c (found->hits, '|');
    }
}

static void
assert_hits (Chats *f, MsgId user, const char *query, MsgMedia media, const char *wanted)
{
  const MsgSearch asked = { .query = query, .media = media, .limit = MSG_SEARCH_MAX };
  g_auto (Found) found = { 0 };

  msg_search_messages (f->bench.core, user, &asked, on_hits, &found);
  bench_wait (&f->bench, &found.answer);
  g_assert_no_error (found.answer.error);
  g_assert_cmpstr (found.hits->str, ==, wanted);
}

static void
delete (Chats *f, MsgId user, MsgId chat, int64_t id, bool for_all)
{
  g_auto (Got) got = { 0 };

  msg_message_delete (f->bench.core, user, chat, &id, 1, for_all, on_written, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
}

static void
edit (Chats *f, MsgId user, MsgId chat, int64_t id, const char *text)
{
  g_auto (Got) got = { 0 };

  msg_message_edit (f->bench.core, user, chat, id, text, NULL, on_message, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
}

/* A message is found by the words of its text and of its files' names together; highlights are those of the text. */
static void
test_names (Chats *f, gconstpointer data)
{
  MsgId pair = chats_open (f, f->ann, f->bob);
  int64_t id = carry (f, f->ann, pair, 1, "the plan \xf0\x9f\x98\x80 of Budget", "\xf0\x9f\x98\x80 Budget-2031.PDF", "application/pdf");

  (void) carry (f, f->bob, pair, 2, "", "holiday.jpg", "image/jpeg");
  assert_hits (f, f->bob, "budg", MSG_MEDIA_ANY, "the plan \xf0\x9f\x98\x80 of Budget 15+6|");
  assert_hits (f, f->bob, "2031 pdf plan", MSG_MEDIA_ANY, "the plan \xf0\x9f\x98\x80 of Budget 4+4|");
  assert_hits (f, f->bob, "2031", MSG_MEDIA_PHOTO, "");
  {
    g_autofree char *name = g_strnfill (2 * (MSG_HIGHLIGHTS_MAX + 1), 'z');

    for (unsigned i = 1; i < 2 * (MSG_HIGHLIGHTS_MAX + 1); i += 2)
      name[i] = ' ';
    name[strlen (name) - 1] = 'y';
    (void) carry (f, f->bob, pair, 3, "a z", name, "image/jpeg"); /* the words of the text come first */
    assert_hits (f, f->bob, "z", MSG_MEDIA_ANY, "a z 2+1|");
  }
  assert_hits (f, f->ann, "holiday", MSG_MEDIA_ANY, "|");
  assert_hits (f, f->ann, "HOLIDAY jp", MSG_MEDIA_PHOTO, "|");
  assert_hits (f, f->eve, "holiday", MSG_MEDIA_ANY, "");
  assert_hits (f, f->eve, NULL, MSG_MEDIA_PHOTO, "");
  edit (f, f->ann, pair, id, "other");
  assert_hits (f, f->bob, "plan", MSG_MEDIA_ANY, "");
  assert_hits (f, f->bob, "2031 other", MSG_MEDIA_FILE, "other 0+5|");
  edit (f, f->ann, pair, id, "");
  assert_hits (f, f->bob, "2031", MSG_MEDIA_FILE, "|");
  delete (f, f->bob, pair, id, false);
  assert_hits (f, f->bob, "2031", MSG_MEDIA_FILE, "");
  assert_hits (f, f->ann, "2031", MSG_MEDIA_FILE, "|");
  delete (f, f->ann, pair, id, true);
  assert_hits (f, f->ann, "2031", MSG_MEDIA_ANY, "");
  assert_hits (f, f->ann, NULL, MSG_MEDIA_FILE, "");
}

static void
send_all (Chats *f, MsgId chat)
{
  static const char *const mimes[] = { "image/png", "video/mp4", "audio/ogg", "application/zip" };
  const MsgPoll poll = { .n_options = 2, .options = { (char *) "a", (char *) "b" } };
  const MsgSending asked = { .user_id = f->ann, .chat_id = chat, .random_id = { 90 }, .text = "which photo?", .poll = &poll };
  g_auto (Got) got = { 0 };

  for (unsigned i = 0; i < G_N_ELEMENTS (mimes); i++)
    (void) carry (f, f->ann, chat, (uint8_t) (i + 1), mimes[i], "x", mimes[i]);
  msg_message_send (f->bench.core, &asked, on_message, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
  (void) chats_send (f, f->ann, chat, 91, "see https://example.org/video");
  (void) chats_send (f, f->ann, chat, 92, "photo, video, audio, voice, file, link, poll");
}

static void
assert_kinds (Chats *f, MsgId user)
{
  assert_hits (f, user, NULL, MSG_MEDIA_PHOTO, "image/png|");
  assert_hits (f, user, NULL, MSG_MEDIA_VIDEO, "video/mp4|");
  assert_hits (f, user, NULL, MSG_MEDIA_AUDIO, "audio/ogg|");
  assert_hits (f, user, NULL, MSG_MEDIA_VOICE, "");
  assert_hits (f, user, NULL, MSG_MEDIA_FILE, "application/zip|");
  assert_hits (f, user, NULL, MSG_MEDIA_LINK, "see https://example.org/video|");
  assert_hits (f, user, NULL, MSG_MEDIA_POLL, "which photo?|");
  assert_hits (f, user, "photo", MSG_MEDIA_POLL, "which photo? 6+5|");
  assert_hits (f, user, "video", MSG_MEDIA_LINK, "see https://example.org/video 24+5|");
}

/* By what a message has, with words or without; the word of a kind in a text is a word. Made anew, the index is the same. */
static void
test_kinds (Chats *f, gconstpointer data)
{
  MsgId pair = chats_open (f, f->ann, f->bob);
  g_auto (Found) nothing = { 0 };
  const MsgSearch without = { .limit = 1 };
  MsgDb *db;

  send_all (f, pair);
  assert_kinds (f, f->bob);
  assert_hits (f, f->eve, NULL, MSG_MEDIA_LINK, "");
  msg_search_messages (f->bench.core, f->bob, &without, on_hits, &nothing);
  bench_wait (&f->bench, &nothing.answer);
  assert_reason (&nothing.answer, MSG_ERROR_INVALID, "query");
  bench_close (&f->bench);
  db = msg_db_open (f->bench.url, MSG_DB_WRITE, NULL);
  g_assert_true (msg_db_exec (db, "UPDATE search_state SET version = 1", NULL));
  msg_db_close (db);
  bench_open (&f->bench);
  assert_kinds (f, f->bob);
  assert_hits (f, f->ann, "mp4", MSG_MEDIA_VIDEO, "video/mp4 6+3|");
}

/* Who comes later finds what was sent since; who is out, nothing. */
static void
test_who (Chats *f, gconstpointer data)
{
  MsgId group = chats_group (f, f->ann, &f->bob, 1);
  g_auto (Got) added = { 0 }, out = { 0 };

  (void) carry (f, f->ann, group, 1, "first", "early.png", "image/png");
  msg_chat_invite (f->bench.core, f->ann, group, &f->eve, 1, on_written, &added);
  bench_wait (&f->bench, &added.answer);
  g_assert_no_error (added.answer.error);
  (void) carry (f, f->ann, group, 2, "second", "late.png", "image/png");
  assert_hits (f, f->bob, "png", MSG_MEDIA_ANY, "second|first|");
  assert_hits (f, f->eve, "png", MSG_MEDIA_ANY, "second|");
  assert_hits (f, f->eve, NULL, MSG_MEDIA_PHOTO, "second|");
  chats_stand (f, f->ann, group, f->bob, MSG_ROLE_BANNED, 0, 0, &out);
  g_assert_no_error (out.answer.error);
  assert_hits (f, f->bob, NULL, MSG_MEDIA_PHOTO, "");
  assert_hits (f, f->bob, "png", MSG_MEDIA_ANY, "");
}

#define ADD(name, fn) g_test_add ("/messaging/search-media/" name, Chats, NULL, chats_set_up, fn, chats_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("names", test_names);
  ADD ("kinds", test_kinds);
  ADD ("who", test_who);
  return g_test_run ();
}
