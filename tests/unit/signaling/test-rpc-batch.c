/* SPDX-License-Identifier: Apache-2.0 */
/* Batches: what may be in one, and how much its answers may be. */
#include "rpc-fixture.h"

static void
test_batch (Fixture *f, gconstpointer data)
{
  say (f, "[" INFO ("1") ",7," FIND ("2") ",{\"jsonrpc\":\"2.0\",\"method\":\"server.info\"}," INFO ("3") "]");
  fake_expect_nothing (&f->fake);
  g_assert_cmpuint (f->n_calls, ==, 4);
  sig_rpc_reply (g_queue_pop_head (&f->held), NULL);
  fake_expect (&f->fake, "send 1 [" RESULT ("1") "," INVALID ("null") "," RESULT ("3") "," RESULT ("2") "]");
  fake_expect (&f->fake, "done 1");
  fake_expect_nothing (&f->fake);
}

static void
test_batch_of_one (Fixture *f, gconstpointer data)
{
  say (f, "[" INFO ("1") "]");
  fake_expect (&f->fake, "send 1 [" RESULT ("1") "]");
  fake_expect (&f->fake, "done 1");
}

static void
test_batch_of_notifications (Fixture *f, gconstpointer data)
{
  say (f, "[{\"jsonrpc\":\"2.0\",\"method\":\"server.info\"},{\"jsonrpc\":\"2.0\",\"method\":\"server.info\"}]");
  g_assert_cmpuint (f->n_calls, ==, 2);
  fake_expect (&f->fake, "done 1");
  fake_expect_nothing (&f->fake);
}

/* nothing of a batch that is too large is done */
static void
test_batch_too_large (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new ("[" INFO ("0"));

  for (unsigned i = 1; i < 51; i++)
    g_string_append (text, "," INFO ("1"));
  g_string_append_c (text, ']');
  say (f, text->str);
  g_assert_cmpuint (f->n_calls, ==, 0);
  fake_expect (&f->fake, "send 1 " ERROR ("null", "-32600", "more than 50 requests", "\"reason\":\"batch_too_large\""));
  fake_expect (&f->fake, "done 1");
}

/* 50 requests whose ids take as much room as ids can */
static void
say_largest_batch (Fixture *f)
{
  g_autoptr (GString) text = g_string_new (NULL), id = g_string_new (NULL);

  for (unsigned i = 0; i < SIG_ENVELOPE_MAX_ID - 2; i++)
    g_string_append (id, "\\u0001");
  for (unsigned i = 0; i < SIG_ENVELOPE_MAX_BATCH; i++)
    g_string_append_printf (text, "%c{\"jsonrpc\":\"2.0\",\"id\":\"%s%02u\",\"method\":\"user.find\","
                            "\"params\":{\"username\":\"bob\"}}", i == 0 ? '[' : ',', id->str, i);
  g_string_append_c (text, ']');
  say (f, text->str);
  g_assert_cmpuint (f->held.length, ==, SIG_ENVELOPE_MAX_BATCH);
}

/* Takes the answers of that batch: one for each request. Returns: how many are errors of @reason. */
static unsigned
take_largest_batch (Fixture *f, const char *reason)
{
  g_autofree char *event = g_queue_pop_head (&f->fake.events);
  g_autoptr (JsonNode) root = NULL;
  unsigned n = 0;
  uint64_t ids = 0;
  JsonArray *list;

  g_assert_true (g_str_has_prefix (event, "send 1 ["));
  g_assert_cmpuint (strlen (event + strlen ("send 1 ")), <=, SIG_EXCHANGE_MAX_LIST);
  root = json_from_string (event + strlen ("send 1 "), NULL);
  list = json_node_get_array (root);
  g_assert_cmpuint (json_array_get_length (list), ==, SIG_ENVELOPE_MAX_BATCH);
  for (unsigned i = 0; i < SIG_ENVELOPE_MAX_BATCH; i++)
    {
      JsonObject *answer = json_array_get_object_element (list, i), *error;
      const char *id = json_object_get_string_member (answer, "id");

      ids |= UINT64_C (1) << g_ascii_strtoull (id + SIG_ENVELOPE_MAX_ID - 2, NULL, 10);
      if (!json_object_has_member (answer, "error"))
        continue;
      error = json_object_get_object_member (json_object_get_object_member (answer, "error"), "data");
      n += g_str_equal (json_object_get_string_member (error, "reason"), reason);
    }
  g_assert_cmphex (ids, ==, (UINT64_C (1) << SIG_ENVELOPE_MAX_BATCH) - 1);
  fake_expect (&f->fake, "done 1");
  return n;
}

static void
reply_bytes (Fixture *f, size_t len)
{
  g_autofree char *fill = g_strnfill (len, 'x'), *text = g_strdup_printf ("{\"x\":\"%s\"}", fill);

  sig_rpc_reply_text (g_queue_pop_head (&f->held), text, strlen (text));
}

/* What does not fit any more is told so, and for being told there is always room. */
static void
test_batch_results (Fixture *f, gconstpointer data)
{
  say_largest_batch (f);
  reply_bytes (f, 300000);
  for (unsigned i = 1; i < SIG_ENVELOPE_MAX_BATCH; i++)
    reply_bytes (f, 200000);
  g_assert_cmpuint (take_largest_batch (f, "answers"), ==, SIG_ENVELOPE_MAX_BATCH - 1);
  say_largest_batch (f);
  for (unsigned i = 0; i < SIG_ENVELOPE_MAX_BATCH; i++)
    reply_bytes (f, 1);
  g_assert_cmpuint (take_largest_batch (f, "answers"), ==, 0);

  /* the limit is the batch's */
  say (f, FIND ("7"));
  reply_bytes (f, 2 * SIG_EXCHANGE_MAX_LIST);
  g_assert_cmpuint (strlen (g_queue_peek_head (&f->fake.events)), >, 2 * SIG_EXCHANGE_MAX_LIST);
}

/* An error takes room like a result does. */
static void
test_batch_errors (Fixture *f, gconstpointer data)
{
  g_autofree char *message = g_strnfill (20000, 'y');
  SigRpcCall *call;
  unsigned n_short;

  say_largest_batch (f);
  reply_bytes (f, 200000);
  while ((call = g_queue_pop_head (&f->held)) != NULL)
    sig_rpc_fail (call, SIG_RPC_NOT_FOUND, "user_not_found", message, 0);
  /* 524,288 bytes have room for the result and 15 such errors at most */
  n_short = take_largest_batch (f, "answers");
  g_assert_cmpuint (n_short, >=, SIG_ENVELOPE_MAX_BATCH - 1 - 15);
  g_assert_cmpuint (n_short, <=, SIG_ENVELOPE_MAX_BATCH - 1 - 10);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("batch", test_batch);
  ADD ("batch-of-one", test_batch_of_one);
  ADD ("batch-of-notifications", test_batch_of_notifications);
  ADD ("batch-too-large", test_batch_too_large);
  ADD ("batch-results", test_batch_results);
  ADD ("batch-errors", test_batch_errors);
  return g_test_run ();
}
