/* SPDX-License-Identifier: Apache-2.0 */
/* Ann asks Bob, who has two devices; Eve is not concerned. */
#include "harness.h"

#include "messaging/privacy.h"
#include "messaging/secret.h"

typedef struct {
  MsgSecretKind kind;
  MsgId user, device, except, from_device;
  int64_t qts;
  MsgSecretEnd reason;
  gsize len;
} Told;

typedef struct {
  Bench bench;
  MsgId ann, bob, eve;                    /* users */
  MsgId ann_1, bob_1, bob_2, eve_1;       /* devices */
  GArray *told;                           /* of Told */
  uint8_t id[MSG_SECRET_ID_BYTES];
} Secrets;

typedef struct {
  Answer answer;
  int64_t ms, qts;
  bool more;
  GArray *rows;    /* of Told */
  GArray *chats;   /* of MsgSecretChat */
  unsigned n_requests;
} Got;

static void
got_clear (Got *got)
{
  answer_clear (&got->answer);
  g_clear_pointer (&got->rows, g_array_unref);
  g_clear_pointer (&got->chats, g_array_unref);
  memset (got, 0, sizeof *got);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Got, got_clear)

static Told
to_told (const MsgSecretEvent *event)
{
  return (Told){ event->kind, event->to_user, event->to_device, event->except_device, event->device_id, event->qts,
                 event->reason, event->blob_len };
}

static void
on_event (const MsgSecretEvent *event, gpointer data)
{
  Secrets *f = data;
  Told told = to_told (event);

  g_array_append_val (f->told, told);
  if (event->kind == MSG_SECRET_REQUESTED && event->to_user == f->bob)
    {
      g_assert_cmpint (event->from->id, ==, f->ann);
      g_assert_cmpint (event->device->id, ==, f->ann_1);
      g_assert_cmpmem (event->blob, event->blob_len, "hello", 5);
    }
}

static MsgId
person (Secrets *f, const char *name, unsigned key, MsgId *ret_device)
{
  g_auto (Answer) answer = { 0 };

  bench_register (&f->bench, name, key, &answer);
  *ret_device = answer.login->device->id;
  return answer.login->user->id;
}

static void
secrets_listen (Secrets *f)
{
  msg_core_set_secret_fn (f->bench.core, on_event, f);
}

static void
set_up (Secrets *f, gconstpointer data)
{
  g_auto (Answer) answer = { 0 };

  bench_init (&f->bench);
  f->bench.options.messages_per_user = f->bench.options.secrets_per_user = (MsgRate){ 0, 0 };
  f->bench.options.secrets_per_device = 4;
  f->bench.options.secret_queue_messages = 6;
  bench_open (&f->bench);
  f->told = g_array_new (FALSE, FALSE, sizeof (Told));
  secrets_listen (f);
  f->ann = person (f, "ann", 1, &f->ann_1);
  f->bob = person (f, "bob", 2, &f->bob_1);
  f->eve = person (f, "eve", 3, &f->eve_1);
  bench_login (&f->bench, "bob", "correct horse", 0, 4, &answer);
  f->bob_2 = answer.login->device->id;
  memset (f->id, 7, sizeof f->id);
}

static void
tear_down (Secrets *f, gconstpointer data)
{
  bench_clear (&f->bench);
  g_array_unref (f->told);
}

/* --- Steps --- */

static void
on_ms (int64_t ms, const GError *error, gpointer data)
{
  Got *got = data;

  g_assert_true ((ms == 0) == (error != NULL));
  answer_take (&got->answer, error);
  got->ms = ms;
}

static MsgSecretAsking
asking (Secrets *f, MsgId user, MsgId device, unsigned number, const char *text)
{
  MsgSecretAsking asking = { .user_id = user, .device_id = device, .blob = (const uint8_t *) text, .blob_len = strlen (text) };

  memcpy (asking.secret_id, f->id, sizeof asking.secret_id);
  asking.secret_id[0] = (uint8_t) number;
  return asking;
}

static void
secrets_request (Secrets *f, MsgId user, MsgId device, MsgId to, unsigned number, Got *got)
{
  MsgSecretAsking ask = asking (f, user, device, number, "hello");

  got_clear (got);
  msg_secret_request (f->bench.core, &ask, to, on_ms, got);
  bench_wait (&f->bench, &got->answer);
}

static void
secrets_accept (Secrets *f, MsgId user, MsgId device, unsigned number, const char *blob, Got *got)
{
  MsgSecretAsking ask = asking (f, user, device, number, blob);

  got_clear (got);
  msg_secret_accept (f->bench.core, &ask, on_done, &got->answer);
  bench_wait (&f->bench, &got->answer);
}

static void
secrets_discard (Secrets *f, MsgId user, MsgId device, unsigned number)
{
  MsgSecretAsking ask = asking (f, user, device, number, "");
  g_auto (Answer) answer = { 0 };

  msg_secret_discard (f->bench.core, user, device, ask.secret_id, on_done, &answer);
  bench_wait (&f->bench, &answer);
  g_assert_no_error (answer.error);
}

static void
secrets_send (Secrets *f, MsgId user, MsgId device, unsigned number, unsigned random, const char *text, Got *got)
{
  MsgSecretAsking ask = asking (f, user, device, number, text);
  uint8_t random_id[MSG_SECRET_RANDOM_BYTES] = { (uint8_t) random, (uint8_t) (random >> 8) };

  got_clear (got);
  msg_secret_send (f->bench.core, &ask, random_id, false, on_ms, got);
  bench_wait (&f->bench, &got->answer);
}

static void
on_queue (const MsgSecretQueue *queue, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  if (queue == NULL)
    return;
  got->rows = g_array_new (FALSE, FALSE, sizeof (Told));
  for (unsigned i = 0; i < queue->events->len; i++)
    {
      Told told = to_told (queue->events->pdata[i]);

      g_array_append_val (got->rows, told);
    }
  got->qts = queue->qts;
  got->more = queue->more;
}

static void
secrets_queue (Secrets *f, MsgId device, int64_t qts, unsigned limit, Got *got)
{
  got_clear (got);
  msg_secret_queue (f->bench.core, device, qts, limit, on_queue, got);
  bench_wait (&f->bench, &got->answer);
}

static void
secrets_ack (Secrets *f, MsgId device, int64_t qts, Got *got)
{
  got_clear (got);
  msg_secret_ack (f->bench.core, device, qts, on_done, &got->answer);
  bench_wait (&f->bench, &got->answer);
}

static void
on_list (const MsgSecretList *list, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  g_assert_no_error (error);
  got->qts = list->qts;
  got->n_requests = list->requests->len;
  got->chats = g_array_copy (list->chats);
}

static void
secrets_list (Secrets *f, MsgId user, MsgId device, Got *got)
{
  got_clear (got);
  msg_secret_list (f->bench.core, user, device, on_list, got);
  bench_wait (&f->bench, &got->answer);
}

static void
secrets_sweep (Secrets *f)
{
  g_auto (Answer) answer = { 0 };

  msg_secret_sweep (f->bench.core, on_done, &answer);
  bench_wait (&f->bench, &answer);
  g_assert_no_error (answer.error);
}

static void
assert_told (Secrets *f, unsigned i, MsgSecretKind kind, MsgId user, MsgId device, int64_t qts, MsgSecretEnd reason)
{
  const Told *told = &g_array_index (f->told, Told, i);

  g_assert_cmpuint (i, <, f->told->len);
  g_assert_cmpint (told->kind, ==, kind);
  g_assert_cmpint (told->user, ==, user);
  g_assert_cmpint (told->device, ==, device);
  g_assert_cmpint (told->qts, ==, qts);
  g_assert_cmpint (told->reason, ==, reason);
}

/* Open between Ann's and Bob's first devices; nothing is remembered of what was told. */
static void
open_chat (Secrets *f, unsigned number)
{
  g_auto (Got) got = { 0 };

  secrets_request (f, f->ann, f->ann_1, f->bob, number, &got);
  g_assert_no_error (got.answer.error);
  secrets_accept (f, f->bob, f->bob_1, number, "yes", &got);
  g_assert_no_error (got.answer.error);
  g_array_set_size (f->told, 0);
}

/* --- Tests --- */

static void
test_whole (Secrets *f, gconstpointer data)
{
  g_auto (Got) got = { 0 };

  secrets_request (f, f->ann, f->ann_1, f->bob, 1, &got);
  g_assert_cmpint (got.ms, ==, EPOCH_MS + MSG_SECRET_REQUEST_MS);
  g_assert_cmpuint (f->told->len, ==, 1);
  assert_told (f, 0, MSG_SECRET_REQUESTED, f->bob, 0, 0, 0);
  secrets_list (f, f->bob, f->bob_2, &got);
  g_assert_cmpuint (got.n_requests, ==, 1);
  secrets_accept (f, f->bob, f->bob_1, 1, "yes", &got);
  g_assert_no_error (got.answer.error);
  assert_told (f, 1, MSG_SECRET_WITHDRAWN, f->bob, 0, 0, MSG_SECRET_TAKEN);
  g_assert_cmpint (g_array_index (f->told, Told, 1).except, ==, f->bob_1);
  assert_told (f, 2, MSG_SECRET_ACCEPTED, f->ann, f->ann_1, 1, 0);
  g_assert_cmpint (g_array_index (f->told, Told, 2).from_device, ==, f->bob_1);
  secrets_list (f, f->bob, f->bob_2, &got);
  g_assert_cmpuint (got.n_requests + got.chats->len, ==, 0);
  secrets_list (f, f->bob, f->bob_1, &got);
  g_assert_cmpuint (got.chats->len, ==, 1);
  g_assert_true (g_array_index (got.chats, MsgSecretChat, 0).open);
  g_assert_false (g_array_index (got.chats, MsgSecretChat, 0).outgoing);
  g_assert_cmpint (g_array_index (got.chats, MsgSecretChat, 0).peer_device, ==, f->ann_1);

  secrets_send (f, f->bob, f->bob_1, 1, 1, "one", &got);
  g_assert_cmpint (got.ms, ==, EPOCH_MS);
  assert_told (f, 3, MSG_SECRET_MESSAGE, f->ann, f->ann_1, 2, 0);
  secrets_discard (f, f->bob, f->bob_1, 1);
  assert_told (f, 4, MSG_SECRET_ENDED, f->ann, f->ann_1, 3, MSG_SECRET_DISCARDED);
  g_assert_cmpuint (f->told->len, ==, 5);
  bench_reopen (&f->bench);
  secrets_queue (f, f->ann_1, 0, 2, &got);
  g_assert_cmpuint (got.rows->len, ==, 2);
  g_assert_true (got.more);
  g_assert_cmpuint (g_array_index (got.rows, Told, 1).len, ==, 3);
  secrets_queue (f, f->ann_1, got.qts, 2, &got);
  g_assert_cmpuint (got.rows->len, ==, 1);
  g_assert_cmpint (g_array_index (got.rows, Told, 0).kind, ==, MSG_SECRET_ENDED);
  g_assert_false (got.more);
  secrets_send (f, f->ann, f->ann_1, 1, 1, "too late", &got);
  assert_reason (&got.answer, MSG_ERROR_NOT_FOUND, "secret");
}

static void
test_accept_once (Secrets *f, gconstpointer data)
{
  g_auto (Got) got = { 0 };

  secrets_request (f, f->ann, f->ann_1, f->bob, 1, &got);
  secrets_accept (f, f->eve, f->eve_1, 1, "yes", &got);
  assert_reason (&got.answer, MSG_ERROR_NOT_FOUND, "secret");
  secrets_accept (f, f->ann, f->ann_1, 1, "yes", &got);
  assert_reason (&got.answer, MSG_ERROR_NOT_FOUND, "secret");
  secrets_accept (f, f->bob, f->bob_1, 1, "yes", &got);
  g_assert_no_error (got.answer.error);
  g_array_set_size (f->told, 0);
  secrets_accept (f, f->bob, f->bob_1, 1, "yes", &got);
  g_assert_no_error (got.answer.error);
  secrets_accept (f, f->bob, f->bob_1, 1, "another", &got);
  assert_reason (&got.answer, MSG_ERROR_CONFLICT, "secret_taken");
  secrets_accept (f, f->bob, f->bob_2, 1, "yes", &got);
  assert_reason (&got.answer, MSG_ERROR_CONFLICT, "secret_taken");
  g_assert_cmpuint (f->told->len, ==, 0);
  /* the other device of Bob has no part in it */
  secrets_send (f, f->bob, f->bob_2, 1, 1, "me too", &got);
  assert_reason (&got.answer, MSG_ERROR_NOT_FOUND, "secret");
  secrets_discard (f, f->bob, f->bob_2, 1);
  secrets_discard (f, f->eve, f->eve_1, 1);
  g_assert_cmpuint (f->told->len, ==, 0);
}

static void
test_repeat (Secrets *f, gconstpointer data)
{
  g_auto (Got) got = { 0 };

  secrets_request (f, f->ann, f->ann_1, f->bob, 1, &got);
  f->bench.now_ms += 5;
  secrets_request (f, f->ann, f->ann_1, f->bob, 1, &got);
  g_assert_cmpint (got.ms, ==, EPOCH_MS + MSG_SECRET_REQUEST_MS);
  secrets_request (f, f->ann, f->ann_1, f->eve, 1, &got);
  assert_reason (&got.answer, MSG_ERROR_CONFLICT, "secret_exists");
  secrets_request (f, f->eve, f->eve_1, f->bob, 1, &got);
  assert_reason (&got.answer, MSG_ERROR_CONFLICT, "secret_exists");
  g_assert_cmpuint (f->told->len, ==, 1);
  secrets_discard (f, f->bob, f->bob_2, 1);
  /* its end waits in Ann's queue: she has not heard of it */
  secrets_request (f, f->ann, f->ann_1, f->bob, 1, &got);
  assert_reason (&got.answer, MSG_ERROR_CONFLICT, "secret_exists");

  open_chat (f, 2);
  secrets_send (f, f->ann, f->ann_1, 2, 9, "once", &got);
  f->bench.now_ms += 5;
  bench_reopen (&f->bench);
  secrets_listen (f);
  secrets_send (f, f->ann, f->ann_1, 2, 9, "once", &got);
  g_assert_cmpint (got.ms, ==, EPOCH_MS + 5);
  secrets_ack (f, f->bob_1, 1, &got);
  secrets_send (f, f->ann, f->ann_1, 2, 9, "once", &got); /* also when it is no longer there */
  g_assert_cmpuint (f->told->len, ==, 1);
  secrets_queue (f, f->bob_1, 0, 100, &got);
  g_assert_cmpuint (got.rows->len, ==, 0);
}

static void
test_ack (Secrets *f, gconstpointer data)
{
  g_auto (Got) got = { 0 };

  open_chat (f, 1);
  secrets_queue (f, f->bob_1, 0, 100, &got);
  g_assert_cmpuint (got.rows->len, ==, 0);
  for (unsigned i = 0; i < 3; i++)
    {
      secrets_send (f, f->ann, f->ann_1, 1, i, "text", &got);
      g_assert_no_error (got.answer.error);
    }
  secrets_ack (f, f->bob_1, 4, &got);
  assert_reason (&got.answer, MSG_ERROR_INVALID, "qts");
  secrets_queue (f, f->bob_1, 4, 100, &got);
  assert_reason (&got.answer, MSG_ERROR_INVALID, "qts");
  secrets_ack (f, f->bob_1, 2, &got);
  g_assert_no_error (got.answer.error);
  secrets_queue (f, f->bob_1, 0, 100, &got);
  g_assert_cmpuint (got.rows->len, ==, 1);
  g_assert_cmpint (g_array_index (got.rows, Told, 0).qts, ==, 3);
  secrets_ack (f, f->bob_1, 3, &got);
  bench_reopen (&f->bench);
  secrets_listen (f);
  secrets_send (f, f->ann, f->ann_1, 1, 77, "text", &got);
  assert_told (f, f->told->len - 1, MSG_SECRET_MESSAGE, f->bob, f->bob_1, 4, 0); /* numbers do not begin anew */
  secrets_queue (f, f->bob_2, 0, 100, &got);
  g_assert_cmpuint (got.rows->len, ==, 0);
}

static void
test_full (Secrets *f, gconstpointer data)
{
  g_auto (Got) got = { 0 };
  g_autofree char *big = g_strnfill (MSG_SECRET_PAYLOAD_MAX + 1, 'x');

  open_chat (f, 1);
  open_chat (f, 2);
  secrets_send (f, f->ann, f->ann_1, 1, 1, big, &got);
  assert_reason (&got.answer, MSG_ERROR_INVALID, "payload");
  secrets_send (f, f->ann, f->ann_1, 1, 1, "", &got);
  assert_reason (&got.answer, MSG_ERROR_INVALID, "payload");
  for (unsigned i = 0; i < 3; i++)
    {
      secrets_send (f, f->ann, f->ann_1, 1, i, "text", &got);
      g_assert_no_error (got.answer.error);
    }
  secrets_send (f, f->ann, f->ann_1, 1, 9, "text", &got);
  assert_reason (&got.answer, MSG_ERROR_LIMIT, "secret_queue");
  secrets_send (f, f->ann, f->ann_1, 2, 9, "text", &got); /* the other chat has its half */
  g_assert_no_error (got.answer.error);
  secrets_ack (f, f->bob_1, 1, &got);
  secrets_send (f, f->ann, f->ann_1, 1, 9, "text", &got); /* what was refused was not sent */
  g_assert_no_error (got.answer.error);
  secrets_queue (f, f->bob_1, 0, 100, &got);
  g_assert_cmpuint (got.rows->len, ==, 4);
}

static void
test_bytes (Secrets *f, gconstpointer data)
{
  g_auto (Got) got = { 0 };
  g_autofree char *big = g_strnfill (MSG_SECRET_PAYLOAD_MAX, 'x');
  unsigned n = 0;

  bench_close (&f->bench);
  f->bench.options.secret_queue_messages = 1000;
  f->bench.options.secret_queue_bytes = 10 * MSG_SECRET_PAYLOAD_MAX + 1;
  bench_open (&f->bench);
  secrets_listen (f);
  open_chat (f, 1);
  for (secrets_send (f, f->ann, f->ann_1, 1, 0, big, &got); got.answer.error == NULL; secrets_send (f, f->ann, f->ann_1, 1, n, big, &got))
    n++;
  assert_reason (&got.answer, MSG_ERROR_LIMIT, "secret_queue");
  g_assert_cmpuint (n, ==, 5);
  secrets_queue (f, f->bob_1, 0, 100, &got);
  g_assert_cmpuint (got.rows->len, ==, 4); /* an answer has an end */
  g_assert_true (got.more);
}

static void
test_limits (Secrets *f, gconstpointer data)
{
  g_auto (Got) got = { 0 };

  secrets_request (f, f->ann, f->ann_1, f->ann, 1, &got);
  assert_reason (&got.answer, MSG_ERROR_INVALID, "self");
  secrets_request (f, f->ann, f->ann_1, 4711, 1, &got);
  assert_reason (&got.answer, MSG_ERROR_NOT_FOUND, "user");
  secrets_request (f, f->ann, f->bob_1, f->eve, 1, &got);
  assert_reason (&got.answer, MSG_ERROR_NOT_FOUND, "session");
  for (unsigned i = 1; i <= MSG_SECRET_PAIR_MAX; i++)
    {
      secrets_request (f, f->ann, f->ann_1, f->bob, i, &got);
      g_assert_no_error (got.answer.error);
    }
  secrets_request (f, f->ann, f->ann_1, f->bob, 9, &got);
  assert_reason (&got.answer, MSG_ERROR_LIMIT, "too_many_requests");
  secrets_request (f, f->ann, f->ann_1, f->eve, 10, &got);
  g_assert_no_error (got.answer.error);
  secrets_discard (f, f->bob, f->bob_1, 1);
  secrets_request (f, f->ann, f->ann_1, f->bob, 9, &got);
  g_assert_no_error (got.answer.error);
  secrets_request (f, f->ann, f->ann_1, f->eve, 11, &got);
  assert_reason (&got.answer, MSG_ERROR_LIMIT, "too_many_secrets");
}

static void
test_rate (Secrets *f, gconstpointer data)
{
  g_auto (Got) got = { 0 };

  bench_close (&f->bench);
  f->bench.options.secrets_per_user = (MsgRate){ 1, 1000 };
  bench_open (&f->bench);
  secrets_request (f, f->ann, f->ann_1, f->bob, 1, &got);
  g_assert_no_error (got.answer.error);
  secrets_request (f, f->ann, f->ann_1, f->bob, 2, &got);
  assert_reason (&got.answer, MSG_ERROR_LIMIT, "secret_rate");
  g_assert_cmpint (msg_error_get_retry_after_ms (got.answer.error), ==, 1000);
}

static void
secrets_block (Secrets *f, MsgId user, MsgId other, bool on)
{
  g_auto (Answer) answer = { 0 };

  (on ? msg_block_put : msg_block_drop) (f->bench.core, user, other, on_done, &answer);
  bench_wait (&f->bench, &answer);
  g_assert_no_error (answer.error);
}

static void
test_withheld (Secrets *f, gconstpointer data)
{
  g_auto (Got) got = { 0 };

  open_chat (f, 2);
  secrets_block (f, f->bob, f->ann, true);
  secrets_request (f, f->ann, f->ann_1, f->bob, 1, &got);
  g_assert_cmpint (got.ms, ==, EPOCH_MS + MSG_SECRET_REQUEST_MS);
  secrets_list (f, f->bob, f->bob_1, &got);
  g_assert_cmpuint (got.n_requests, ==, 0);
  secrets_accept (f, f->bob, f->bob_1, 1, "yes", &got);
  assert_reason (&got.answer, MSG_ERROR_NOT_FOUND, "secret");
  secrets_send (f, f->ann, f->ann_1, 2, 1, "text", &got);
  g_assert_cmpint (got.ms, ==, EPOCH_MS);
  g_assert_cmpuint (f->told->len, ==, 0);
  secrets_block (f, f->bob, f->ann, false);
  secrets_discard (f, f->bob, f->bob_1, 1); /* there is none for Bob, now and later */
  g_assert_cmpuint (f->told->len, ==, 0);
  secrets_send (f, f->ann, f->ann_1, 2, 1, "text", &got); /* a repeat of what was withheld is withheld */
  g_assert_cmpuint (f->told->len, ==, 0);
  f->bench.now_ms += MSG_SECRET_REQUEST_MS;
  secrets_sweep (f);
  g_assert_cmpuint (f->told->len, ==, 1);
  assert_told (f, 0, MSG_SECRET_ENDED, f->ann, f->ann_1, 2, MSG_SECRET_EXPIRED);
}

static void
test_expiry (Secrets *f, gconstpointer data)
{
  g_auto (Got) got = { 0 };

  secrets_request (f, f->ann, f->ann_1, f->bob, 1, &got);
  f->bench.now_ms += MSG_SECRET_REQUEST_MS - 1;
  secrets_sweep (f);
  g_assert_cmpuint (f->told->len, ==, 1);
  f->bench.now_ms += 1;
  secrets_accept (f, f->bob, f->bob_1, 1, "yes", &got);
  assert_reason (&got.answer, MSG_ERROR_NOT_FOUND, "secret");
  secrets_sweep (f);
  g_assert_cmpuint (f->told->len, ==, 3);
  assert_told (f, 1, MSG_SECRET_WITHDRAWN, f->bob, 0, 0, MSG_SECRET_EXPIRED);
  assert_told (f, 2, MSG_SECRET_ENDED, f->ann, f->ann_1, 1, MSG_SECRET_EXPIRED);
  secrets_list (f, f->ann, f->ann_1, &got);
  g_assert_cmpuint (got.chats->len, ==, 0);
  open_chat (f, 2);
  f->bench.now_ms += MSG_SECRET_REQUEST_MS;
  secrets_sweep (f);
  g_assert_cmpuint (f->told->len, ==, 0); /* one that is open stays */
}

static void
secrets_revoke (Secrets *f, MsgId user, MsgId device)
{
  g_auto (Answer) answer = { 0 };

  msg_session_revoke (f->bench.core, user, device, on_done, &answer);
  bench_wait (&f->bench, &answer);
  g_assert_no_error (answer.error);
}

static void
test_session (Secrets *f, gconstpointer data)
{
  g_auto (Got) got = { 0 };
  g_auto (Answer) answer = { 0 };

  open_chat (f, 1);
  secrets_request (f, f->eve, f->eve_1, f->ann, 3, &got);
  secrets_send (f, f->ann, f->ann_1, 1, 1, "text", &got);
  g_array_set_size (f->told, 0);
  secrets_revoke (f, f->bob, f->bob_2); /* not his device's that has the chat */
  secrets_sweep (f);
  g_assert_cmpuint (f->told->len, ==, 0);
  secrets_revoke (f, f->bob, f->bob_1);
  secrets_send (f, f->ann, f->ann_1, 1, 2, "text", &got);
  assert_reason (&got.answer, MSG_ERROR_NOT_FOUND, "secret");
  bench_reopen (&f->bench); /* nobody was told yet */
  secrets_listen (f);
  bench_login (&f->bench, "bob", "correct horse", f->bob_1, 2, &answer);
  secrets_sweep (f);
  g_assert_cmpuint (f->told->len, ==, 2);
  assert_told (f, 0, MSG_SECRET_ENDED, f->ann, f->ann_1, 2, MSG_SECRET_SESSION);
  secrets_queue (f, f->bob_1, 0, 100, &got); /* what waited for that session is gone, its count goes on */
  g_assert_cmpuint (got.rows->len, ==, 1);
  g_assert_cmpint (g_array_index (got.rows, Told, 0).kind, ==, MSG_SECRET_ENDED);
  g_assert_cmpint (g_array_index (got.rows, Told, 0).qts, ==, 2);
  g_array_set_size (f->told, 0);
  secrets_revoke (f, f->eve, f->eve_1);
  secrets_sweep (f);
  g_assert_cmpuint (f->told->len, ==, 1);
  assert_told (f, 0, MSG_SECRET_WITHDRAWN, f->ann, 0, 0, MSG_SECRET_CANCELLED);
}

static void
test_deleted (Secrets *f, gconstpointer data)
{
  g_auto (Got) got = { 0 };
  g_auto (Answer) answer = { 0 };

  open_chat (f, 1);
  secrets_request (f, f->ann, f->ann_1, f->bob, 2, &got);
  secrets_send (f, f->ann, f->ann_1, 1, 1, "text", &got);
  g_array_set_size (f->told, 0);
  msg_account_delete (f->bench.core, f->ann, false, on_done, &answer);
  bench_wait (&f->bench, &answer);
  g_assert_no_error (answer.error);
  secrets_sweep (f);
  g_assert_cmpuint (f->told->len, ==, 2);
  secrets_list (f, f->bob, f->bob_1, &got);
  g_assert_cmpuint (got.n_requests + got.chats->len, ==, 0);
  secrets_queue (f, f->bob_1, 0, 100, &got); /* what she has sent before is still his */
  g_assert_cmpuint (got.rows->len, ==, 2);
  g_assert_cmpint (g_array_index (got.rows, Told, 1).reason, ==, MSG_SECRET_SESSION);
}

/* The device that has the password changed keeps its own, all others of the user lose theirs. */
static void
test_others (Secrets *f, gconstpointer data)
{
  g_auto (Got) got = { 0 };
  g_auto (Answer) answer = { 0 };

  open_chat (f, 1);
  secrets_request (f, f->ann, f->ann_1, f->bob, 2, &got);
  secrets_accept (f, f->bob, f->bob_2, 2, "yes", &got);
  g_array_set_size (f->told, 0);
  msg_session_revoke_others (f->bench.core, f->bob, f->bob_2, on_done, &answer);
  bench_wait (&f->bench, &answer);
  secrets_sweep (f);
  g_assert_cmpuint (f->told->len, ==, 1);
  secrets_list (f, f->bob, f->bob_2, &got);
  g_assert_cmpuint (got.chats->len, ==, 1);
  secrets_send (f, f->ann, f->ann_1, 2, 1, "text", &got);
  g_assert_no_error (got.answer.error);
}

static void
test_known_sends (Secrets *f, gconstpointer data)
{
  g_auto (Got) got = { 0 };

  open_chat (f, 1);
  for (unsigned i = 0; i <= MSG_SECRET_SENT_MAX; i++)
    {
      secrets_send (f, f->ann, f->ann_1, 1, i, "text", &got);
      g_assert_no_error (got.answer.error);
      secrets_ack (f, f->bob_1, i + 1, &got);
    }
  g_array_set_size (f->told, 0);
  secrets_send (f, f->ann, f->ann_1, 1, 1, "text", &got); /* the oldest of those that are known */
  g_assert_cmpuint (f->told->len, ==, 0);
  secrets_send (f, f->ann, f->ann_1, 1, 0, "text", &got);
  g_assert_cmpuint (f->told->len, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, fn) g_test_add ("/messaging/secret/" name, Secrets, NULL, set_up, fn, tear_down)
  ADD ("whole", test_whole);
  ADD ("accept-once", test_accept_once);
  ADD ("repeat", test_repeat);
  ADD ("ack", test_ack);
  ADD ("full", test_full);
  ADD ("bytes", test_bytes);
  ADD ("limits", test_limits);
  ADD ("rate", test_rate);
  ADD ("withheld", test_withheld);
  ADD ("expiry", test_expiry);
  ADD ("session", test_session);
  ADD ("deleted", test_deleted);
  ADD ("others", test_others);
  ADD ("known-sends", test_known_sends);
  return g_test_run ();
}
