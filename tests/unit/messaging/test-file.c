/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/file.h"

#include "chat-harness.h"
#include "messaging/db.h"
#include "messaging/message-forward.h"
#include "messaging/schedule.h"

/* --- Values --- */

static void
test_tidy (void)
{
  static const struct {
    const char *what;
    bool ok;
    MsgFile file;
    MsgFileKind kind;
  } rows[] = {
    { "photo", true, { .name = (char *) " a.jpg ", .mime = (char *) "Image/JPEG", .width = 3, .height = 4 }, MSG_FILE_PHOTO },
    { "video", true, { .name = (char *) "a", .mime = (char *) "video/mp4", .duration_ms = 7 }, MSG_FILE_VIDEO },
    { "audio", true, { .name = (char *) "a", .mime = (char *) "audio/ogg" }, MSG_FILE_AUDIO },
    { "voice", true, { .name = (char *) "a", .mime = (char *) "audio/ogg", .kind = MSG_FILE_VOICE }, MSG_FILE_VOICE },
    { "file", true, { .name = (char *) "..a", .mime = (char *) "application/vnd.x+json" }, MSG_FILE_FILE },
    { "photo as a file", true, { .name = (char *) "a", .mime = (char *) "image/png", .kind = MSG_FILE_FILE }, MSG_FILE_FILE },
    { "html as a photo", false, { .name = (char *) "a", .mime = (char *) "text/html", .kind = MSG_FILE_PHOTO }, 0 },
    { "video as a voice", false, { .name = (char *) "a", .mime = (char *) "video/mp4", .kind = MSG_FILE_VOICE }, 0 },
    { "no such kind", false, { .name = (char *) "a", .mime = (char *) "video/mp4", .kind = MSG_FILE_KIND_N }, 0 },
    { "no name", false, { .mime = (char *) "text/plain" }, 0 },
    { "blank name", false, { .name = (char *) " ", .mime = (char *) "text/plain" }, 0 },
    { "folder", false, { .name = (char *) "../a", .mime = (char *) "text/plain" }, 0 },
    { "folder of Windows", false, { .name = (char *) "a\\b", .mime = (char *) "text/plain" }, 0 },
    { "the folder above", false, { .name = (char *) "..", .mime = (char *) "text/plain" }, 0 },
    { "override", false, { .name = (char *) "a\xe2\x80\xaegpj.exe", .mime = (char *) "image/jpeg" }, 0 },
    { "control", false, { .name = (char *) "a\nb", .mime = (char *) "text/plain" }, 0 },
    { "not UTF-8", false, { .name = (char *) "a\xff", .mime = (char *) "text/plain" }, 0 },
    { "no type", false, { .name = (char *) "a" }, 0 },
    { "half a type", false, { .name = (char *) "a", .mime = (char *) "text" }, 0 },
    { "no subtype", false, { .name = (char *) "a", .mime = (char *) "text/" }, 0 },
    { "parameters", false, { .name = (char *) "a", .mime = (char *) "text/html;charset=x" }, 0 },
    { "two types", false, { .name = (char *) "a", .mime = (char *) "text/a/b" }, 0 },
    { "width alone", false, { .name = (char *) "a", .mime = (char *) "image/png", .width = 1 }, 0 },
    { "too wide", false, { .name = (char *) "a", .mime = (char *) "image/png", .width = 65536, .height = 1 }, 0 },
    { "less than nothing", false, { .name = (char *) "a", .mime = (char *) "image/png", .size_bytes = -1 }, 0 },
    { "past time", false, { .name = (char *) "a", .mime = (char *) "audio/ogg", .duration_ms = -1 }, 0 },
    { "too long", false, { .name = (char *) "a", .mime = (char *) "audio/ogg", .duration_ms = MSG_FILE_DURATION_MAX_MS + 1 }, 0 },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (MsgFile) file = msg_file_tidy (&rows[i].file, &error);

      g_test_message ("%s", rows[i].what);
      g_assert_true ((file != NULL) == rows[i].ok);
      if (rows[i].ok)
        g_assert_cmpint (file->kind, ==, rows[i].kind);
      else
        {
          g_assert_error (error, MSG_ERROR, MSG_ERROR_INVALID);
          g_assert_cmpstr (msg_error_get_reason (error), ==, "file");
        }
      if (i == 0)
        {
          g_assert_cmpstr (file->name, ==, "a.jpg");
          g_assert_cmpstr (file->mime, ==, "image/jpeg");
        }
    }
}

static void
test_json (void)
{
  MsgFile file = { .id = 77, .kind = MSG_FILE_VIDEO, .name = (char *) "\"<a>\".mp4", .mime = (char *) "video/mp4", .size_bytes = 9,
                   .width = 3, .height = 4, .duration_ms = 5 };
  g_autoptr (GPtrArray) one = g_ptr_array_new (), back = NULL, bad = NULL, none = msg_files_parse (NULL);
  g_autofree char *json = NULL, *again = NULL;

  g_ptr_array_add (one, &file);
  json = msg_files_write (one);
  back = msg_files_parse (json);
  again = msg_files_write (back);
  g_assert_cmpstr (json, ==, again);
  g_assert_cmpuint (none->len, ==, 0);
  bad = msg_files_parse ("[{\"fileId\":\"x\",\"kind\":\"photo\"},{\"fileId\":\"1\",\"kind\":\"what\"},7]");
  g_assert_cmpuint (bad->len, ==, 0);
}

/* --- In messages --- */

static void
on_file (const MsgFile *file, const GError *error, gpointer data)
{
  Got *got = data;

  g_assert_true ((file == NULL) == (error != NULL));
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

static void
attach (Chats *f, MsgId user, MsgId chat, uint8_t random, const char *text, const MsgId *files, unsigned n, Got *got)
{
  const MsgSending sending = { .user_id = user, .device_id = 1, .chat_id = chat, .random_id = { random }, .text = text,
                               .files = files, .n_files = n };

  msg_message_send (f->bench.core, &sending, on_message, got);
  bench_wait (&f->bench, &got->answer);
}

static int64_t
attach_one (Chats *f, MsgId user, MsgId chat, uint8_t random, MsgId file)
{
  g_auto (Got) got = { 0 };

  attach (f, user, chat, random, "", &file, 1, &got);
  g_assert_no_error (got.answer.error);
  return got.message->id;
}

static void
assert_refused (Chats *f, MsgId user, MsgId chat, MsgId file)
{
  static uint8_t random = 200;
  g_auto (Got) got = { 0 };

  attach (f, user, chat, random++, "", &file, 1, &got);
  assert_reason (&got.answer, MSG_ERROR_NOT_FOUND, "file");
}

/* the names of the newest message's files, in their order; NULL: it carries none */
static char *
newest_names (Chats *f, MsgId user, MsgId chat)
{
  g_autoptr (GPtrArray) files = NULL;
  g_auto (Got) got = { 0 };
  GString *out;

  chats_history (f, user, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 1, &got);
  g_assert_no_error (got.answer.error);
  if (got.messages->len == 0 || ((const MsgMessage *) got.messages->pdata[0])->files == NULL)
    return NULL;
  files = msg_files_parse (((const MsgMessage *) got.messages->pdata[0])->files);
  out = g_string_new (NULL);
  for (unsigned i = 0; i < files->len; i++)
    g_string_append_printf (out, "%s ", ((const MsgFile *) files->pdata[i])->name);
  return g_string_free (out, FALSE);
}

#define assert_newest(f, user, chat, wanted)                                                                           \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_autofree char *names_ = newest_names ((f), (user), (chat));                                                      \
    g_assert_cmpstr (names_, ==, (wanted));                                                                            \
  }                                                                                                                    \
  G_STMT_END

/* One number of the database, which the core has closed meanwhile. */
static int64_t
count (Chats *f, const char *sql)
{
  MsgDb *db;
  MsgStmt *stmt;
  int64_t n;

  bench_close (&f->bench);
  db = msg_db_open (f->bench.url, MSG_DB_WRITE, NULL);
  g_assert_nonnull (db);
  stmt = msg_db_prepare (db, sql);
  g_assert_cmpint (msg_stmt_step (stmt, NULL), ==, MSG_STEP_ROW);
  n = msg_stmt_get_int (stmt, 0);
  msg_db_close (db);
  bench_open (&f->bench);
  chats_listen (f);
  return n;
}

#define N_CARRIED "SELECT COUNT (*) FROM message_files"
#define N_FILES "SELECT COUNT (*) FROM files"

static void
test_send (Chats *f, gconstpointer data)
{
  MsgId pair = chats_open (f, f->ann, f->bob);
  MsgId files[MSG_FILES_MAX + 1];
  g_auto (Got) sent = { 0 }, again = { 0 }, many = { 0 }, twice = { 0 }, nothing = { 0 }, missed = { 0 }, poll = { 0 };
  const MsgPoll asked = { .n_options = 2, .options = { (char *) "a", (char *) "b" } };
  MsgSending with_poll = { .user_id = f->ann, .chat_id = pair, .random_id = { 50 }, .text = "?", .poll = &asked };

  for (unsigned i = 0; i < G_N_ELEMENTS (files); i++)
    files[i] = add (f, f->ann, i == 0 ? "one.jpg" : "more.pdf", i == 0 ? "image/jpeg" : "application/pdf");
  attach (f, f->ann, pair, 1, "", files, 2, &sent);
  g_assert_no_error (sent.answer.error);
  g_assert_cmpstr (sent.message->text, ==, "");
  assert_newest (f, f->bob, pair, "one.jpg more.pdf ");
  attach (f, f->ann, pair, 1, "", files, 2, &again);
  g_assert_cmpint (again.message->id, ==, sent.message->id);
  g_assert_cmpstr (again.message->files, ==, sent.message->files);
  chats_difference (f, f->bob, 0, 100, &missed);
  g_assert_cmpstr (((const MsgUpdate *) missed.updates->pdata[missed.updates->len - 1])->message->files, ==, sent.message->files);
  attach (f, f->ann, pair, 2, "x", files, MSG_FILES_MAX + 1, &many);
  assert_reason (&many.answer, MSG_ERROR_INVALID, "attachments");
  attach (f, f->ann, pair, 3, "x", (const MsgId[]){ files[0], files[0] }, 2, &twice);
  assert_reason (&twice.answer, MSG_ERROR_INVALID, "attachments");
  attach (f, f->ann, pair, 4, "", NULL, 0, &nothing);
  assert_reason (&nothing.answer, MSG_ERROR_INVALID, "text");
  with_poll.files = files;
  with_poll.n_files = 1;
  msg_message_send (f->bench.core, &with_poll, on_message, &poll);
  bench_wait (&f->bench, &poll.answer);
  assert_reason (&poll.answer, MSG_ERROR_INVALID, "attachments");
  g_assert_cmpint (count (f, N_CARRIED), ==, 2);
}

/* Whose it is, and who sees a message that carries it, and nobody else. */
static void
test_who (Chats *f, gconstpointer data)
{
  MsgId group = chats_group (f, f->ann, &f->bob, 1), of_bob = chats_open (f, f->bob, f->bob), of_eve = chats_open (f, f->eve, f->eve);
  MsgId file = add (f, f->ann, "a.pdf", "application/pdf"), later = add (f, f->ann, "b.pdf", "application/pdf");
  int64_t id;
  g_auto (Got) added = { 0 }, hidden = { 0 }, gone = { 0 };

  assert_refused (f, f->bob, of_bob, 1);
  assert_refused (f, f->bob, of_bob, file);
  id = attach_one (f, f->ann, group, 1, file);
  attach_one (f, f->bob, of_bob, 1, file);
  assert_refused (f, f->eve, of_eve, file);
  /* who comes later does not see it, but what is said then */
  msg_chat_invite (f->bench.core, f->ann, group, &f->eve, 1, on_written, &added);
  bench_wait (&f->bench, &added.answer);
  g_assert_no_error (added.answer.error);
  assert_refused (f, f->eve, of_eve, file);
  attach_one (f, f->ann, group, 2, later);
  attach_one (f, f->eve, of_eve, 1, later);
  /* who has deleted it for themselves has no claim by it; bob has one by what he has sent */
  msg_message_delete (f->bench.core, f->bob, group, &id, 1, false, on_written, &hidden);
  bench_wait (&f->bench, &hidden.answer);
  attach_one (f, f->bob, of_bob, 2, file);
  msg_message_delete (f->bench.core, f->bob, of_bob, (const int64_t[]){ 1, 2 }, 2, false, on_written, &gone);
  bench_wait (&f->bench, &gone.answer);
  g_assert_no_error (gone.answer.error);
  assert_refused (f, f->bob, of_bob, file);
}

static void
test_left (Chats *f, gconstpointer data)
{
  MsgId group = chats_group (f, f->ann, &f->bob, 1), of_bob = chats_open (f, f->bob, f->bob);
  MsgId file = add (f, f->ann, "a.pdf", "application/pdf");
  g_auto (Got) out = { 0 };

  attach_one (f, f->ann, group, 1, file);
  chats_stand (f, f->ann, group, f->bob, MSG_ROLE_BANNED, 0, 0, &out);
  g_assert_no_error (out.answer.error);
  assert_refused (f, f->bob, of_bob, file);
}

static void
on_forwarded (GPtrArray *messages, const MsgWritten *written, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  got->messages = messages != NULL ? copy_messages (messages) : NULL;
}

static void
forward (Chats *f, MsgId user, MsgId from, int64_t id, MsgId to, Got *got)
{
  const MsgForwarding asked = { .user_id = user, .device_id = 1, .from_id = from, .to_id = to, .n = 1, .ids = { id },
                                .random_ids = { { 99, (uint8_t) to } } };

  msg_message_forward (f->bench.core, &asked, on_forwarded, got);
  bench_wait (&f->bench, &got->answer);
}

static void
test_forward (Chats *f, gconstpointer data)
{
  MsgId group = chats_group (f, f->ann, &f->bob, 1), of_bob = chats_open (f, f->bob, f->bob), other = chats_open (f, f->bob, f->eve);
  MsgId file = add (f, f->ann, "a.pdf", "application/pdf");
  const MsgChatChange protect = { .has_protected = true, .is_protected = true };
  int64_t id = attach_one (f, f->ann, group, 1, file);
  g_auto (Got) there = { 0 }, held = { 0 }, closed = { 0 };

  forward (f, f->bob, group, id, other, &there);
  g_assert_no_error (there.answer.error);
  assert_newest (f, f->eve, other, "a.pdf ");
  attach_one (f, f->eve, other, 1, file); /* which she sees now */
  msg_chat_update (f->bench.core, f->ann, group, &protect, on_written, &closed);
  bench_wait (&f->bench, &closed.answer);
  g_assert_no_error (closed.answer.error);
  forward (f, f->bob, group, id, of_bob, &held);
  assert_reason (&held.answer, MSG_ERROR_FORBIDDEN, "protected");
  g_assert_cmpint (count (f, N_CARRIED), ==, 3);
}

/* A protected chat is no source of files either. */
static void
test_protected (Chats *f, gconstpointer data)
{
  MsgId group = chats_group (f, f->ann, &f->bob, 1), of_bob = chats_open (f, f->bob, f->bob);
  MsgId file = add (f, f->ann, "a.pdf", "application/pdf");
  const MsgChatChange protect = { .has_protected = true, .is_protected = true };
  g_auto (Got) closed = { 0 };

  attach_one (f, f->ann, group, 1, file);
  msg_chat_update (f->bench.core, f->ann, group, &protect, on_written, &closed);
  bench_wait (&f->bench, &closed.answer);
  g_assert_no_error (closed.answer.error);
  assert_refused (f, f->bob, of_bob, file);
  attach_one (f, f->ann, chats_open (f, f->ann, f->ann), 1, file);
}

static void
edit (Chats *f, MsgId user, MsgId chat, int64_t id, const char *text, Got *got)
{
  msg_message_edit (f->bench.core, user, chat, id, text, NULL, on_message, got);
  bench_wait (&f->bench, &got->answer);
}

static void
test_edit_delete (Chats *f, gconstpointer data)
{
  MsgId pair = chats_open (f, f->ann, f->bob), file = add (f, f->ann, "a.pdf", "application/pdf");
  int64_t plain = chats_send (f, f->ann, pair, 7, "plain"), id = attach_one (f, f->ann, pair, 1, file);
  g_auto (Got) titled = { 0 }, bare = { 0 }, empty = { 0 }, deleted = { 0 };

  edit (f, f->ann, pair, id, "look", &titled);
  g_assert_no_error (titled.answer.error);
  assert_newest (f, f->bob, pair, "a.pdf ");
  edit (f, f->ann, pair, id, "", &bare);
  g_assert_no_error (bare.answer.error);
  g_assert_cmpstr (bare.message->text, ==, "");
  assert_newest (f, f->bob, pair, "a.pdf ");
  edit (f, f->ann, pair, plain, "", &empty);
  assert_reason (&empty.answer, MSG_ERROR_INVALID, "text");
  msg_message_delete (f->bench.core, f->ann, pair, &id, 1, true, on_written, &deleted);
  bench_wait (&f->bench, &deleted.answer);
  g_assert_no_error (deleted.answer.error);
  assert_newest (f, f->bob, pair, NULL);
  assert_refused (f, f->bob, pair, file);
  g_assert_cmpint (count (f, N_CARRIED), ==, 0);
  g_assert_cmpint (count (f, "SELECT COUNT (*) FROM messages WHERE files IS NOT NULL"), ==, 0);
  attach_one (f, f->ann, pair, 9, file); /* it is hers all the same */
}

static void
end (Chats *f, MsgId user, bool erase)
{
  g_auto (Answer) answer = { 0 };

  msg_account_delete (f->bench.core, user, erase, on_done, &answer);
  bench_wait (&f->bench, &answer);
  g_assert_no_error (answer.error);
  bench_wait_ends (&f->bench);
}

/* What others have got stays, with the file; what nobody has got goes, and the rest with its last message. */
static void
test_end (Chats *f, gconstpointer data)
{
  bool erase = GPOINTER_TO_INT (data) != 0;
  MsgId pair = chats_open (f, f->ann, f->bob), of_bob = chats_open (f, f->bob, f->bob);
  MsgId carried = add (f, f->ann, "a.pdf", "application/pdf"), own = chats_open (f, f->ann, f->ann);
  int64_t id = attach_one (f, f->ann, pair, 1, carried), kept;
  g_auto (Got) deleted = { 0 };

  attach_one (f, f->ann, own, 1, add (f, f->ann, "b.pdf", "application/pdf"));
  (void) add (f, f->ann, "c.pdf", "application/pdf");
  (void) add (f, f->bob, "d.pdf", "application/pdf");
  kept = attach_one (f, f->bob, of_bob, 1, carried);
  end (f, f->ann, erase);
  g_assert_cmpint (count (f, N_FILES), ==, 2);
  g_assert_cmpint (count (f, N_CARRIED), ==, erase ? 1 : 2);
  g_assert_cmpint (count (f, "SELECT COUNT (*) FROM files WHERE owner_id = 0"), ==, 1);
  assert_newest (f, f->bob, pair, erase ? NULL : "a.pdf ");
  attach_one (f, f->bob, of_bob, 2, carried);
  msg_message_delete (f->bench.core, f->bob, of_bob, (const int64_t[]){ kept, kept + 1 }, 2, true, on_written, &deleted);
  bench_wait (&f->bench, &deleted.answer);
  g_assert_no_error (deleted.answer.error);
  g_assert_cmpint (count (f, "SELECT COUNT (*) FROM files WHERE owner_id = 0"), ==, erase ? 0 : 1);
  (void) id;
}

static void
on_scheduled (const MsgScheduled *scheduled, const MsgMessage *message, const MsgWritten *written, const GError *error,
              gpointer data)
{
  answer_take (&((Got *) data)->answer, error);
}

static void
test_refused (Chats *f, gconstpointer data)
{
  MsgId pair = chats_open (f, f->ann, f->bob), file = add (f, f->ann, "a.pdf", "application/pdf");
  const MsgSending sending = { .user_id = f->ann, .chat_id = pair, .random_id = { 1 }, .text = "", .files = &file, .n_files = 1 };
  const MsgFile bad = { .name = (char *) "a/b", .mime = (char *) "text/plain" }, good = { .name = (char *) "a", .mime = (char *) "text/plain" };
  g_auto (Got) later = { 0 }, named = { 0 }, nobody = { 0 };

  msg_schedule_add (f->bench.core, &sending, f->bench.now_ms + 3600000, on_scheduled, &later);
  bench_wait (&f->bench, &later.answer);
  assert_reason (&later.answer, MSG_ERROR_INVALID, "attachments");
  msg_file_add (f->bench.core, f->ann, &bad, on_file, &named);
  bench_wait (&f->bench, &named.answer);
  assert_reason (&named.answer, MSG_ERROR_INVALID, "file");
  msg_file_add (f->bench.core, 1, &good, on_file, &nobody);
  bench_wait (&f->bench, &nobody.answer);
  assert_reason (&nobody.answer, MSG_ERROR_NOT_FOUND, "user");
}

#define ADD(name, data, fn) g_test_add ("/messaging/file/" name, Chats, data, chats_set_up, fn, chats_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messaging/file/tidy", test_tidy);
  g_test_add_func ("/messaging/file/json", test_json);
  ADD ("send", NULL, test_send);
  ADD ("who", NULL, test_who);
  ADD ("left", NULL, test_left);
  ADD ("forward", NULL, test_forward);
  ADD ("protected", NULL, test_protected);
  ADD ("edit-delete", NULL, test_edit_delete);
  ADD ("end", NULL, test_end);
  ADD ("end-erased", GINT_TO_POINTER (1), test_end);
  ADD ("refused", NULL, test_refused);
  return g_test_run ();
}
