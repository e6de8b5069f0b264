/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/message-text.h"

#include <string.h>

#include "messaging/core.h"

static void
test_text (void)
{
  static const struct {
    const char *text;
    bool ok;
    unsigned units;
  } rows[] = {
    { "hello", true, 5 },
    { "a\nb\tc", true, 5 },
    { "\xc3\xa4\xe2\x82\xac", true, 2 },     /* a umlaut, euro */
    { "\xf0\x9f\x98\x80!", true, 3 },         /* an emoji is a pair */
    { "", false, 0 },
    { " \n\t\xc2\xa0", false, 0 },
    { "\x01", false, 0 },
    { "a\x1f", false, 0 },
    { "a\rb", false, 0 },
    { "a\x7f", false, 0 },
    { "a\xc3", false, 0 },                    /* half a character */
    { "\xed\xa0\x80", false, 0 },             /* a surrogate */
    { "\xc0\xaf", false, 0 },                 /* overlong */
    { "\xf4\x90\x80\x80", false, 0 },         /* above U+10FFFF */
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      unsigned units = 0;

      g_assert_cmpint (msg_message_text_check (rows[i].text, 10, &units, &error), ==, rows[i].ok);
      g_assert_cmpuint (units, ==, rows[i].units);
      if (!rows[i].ok)
        g_assert_cmpstr (msg_error_get_reason (error), ==, "text");
    }
}

static void
test_length (void)
{
  unsigned units;

  g_assert_true (msg_message_text_check ("12345", 5, &units, NULL));
  g_assert_false (msg_message_text_check ("123456", 5, &units, NULL));
  g_assert_true (msg_message_text_check ("\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 4, &units, NULL));
  g_assert_false (msg_message_text_check ("\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 3, &units, NULL));
  g_assert_true (msg_message_text_check ("\xe2\x82\xac\xe2\x82\xac", 2, &units, NULL));
}

static GArray *
one (MsgEntityType type, unsigned offset, unsigned length, const char *value, MsgId user_id)
{
  GArray *entities = msg_entities_new ();
  MsgEntity entity = { type, offset, length, g_strdup (value), user_id };

  g_array_append_val (entities, entity);
  return entities;
}

/* "a" + an emoji (units 1 and 2) + "b" */
static void
test_entities (void)
{
  static const struct {
    MsgEntityType type;
    unsigned offset, length;
    const char *value;
    MsgId user_id;
    bool ok;
  } rows[] = {
    { MSG_ENTITY_BOLD, 0, 1, NULL, 0, true },
    { MSG_ENTITY_BOLD, 0, 4, NULL, 0, true },
    { MSG_ENTITY_BOLD, 1, 2, NULL, 0, true },
    { MSG_ENTITY_BOLD, 1, 1, NULL, 0, false },
    { MSG_ENTITY_BOLD, 2, 1, NULL, 0, false },
    { MSG_ENTITY_BOLD, 0, 5, NULL, 0, false },
    { MSG_ENTITY_BOLD, 4, 1, NULL, 0, false },
    { MSG_ENTITY_BOLD, 0, 0, NULL, 0, false },
    { MSG_ENTITY_BOLD, G_MAXUINT, 1, NULL, 0, false },
    { MSG_ENTITY_BOLD, 1, G_MAXUINT, NULL, 0, false },
    { MSG_ENTITY_BOLD, 0, 1, "x", 0, false },
    { MSG_ENTITY_BOLD, 0, 1, NULL, 7, false },
    { MSG_ENTITY_N, 0, 1, NULL, 0, false },
    { MSG_ENTITY_LINK, 0, 1, "https://example.org/", 0, true },
    { MSG_ENTITY_LINK, 0, 1, "MAILTO:a@b", 0, true },
    { MSG_ENTITY_LINK, 0, 1, "tel:+1", 0, true },
    { MSG_ENTITY_LINK, 0, 1, "javascript:alert(1)", 0, false },
    { MSG_ENTITY_LINK, 0, 1, "https://", 0, false },
    { MSG_ENTITY_LINK, 0, 1, "https://a b", 0, false },
    { MSG_ENTITY_LINK, 0, 1, NULL, 0, false },
    { MSG_ENTITY_PRE, 0, 1, NULL, 0, true },
    { MSG_ENTITY_PRE, 0, 1, "c++", 0, true },
    { MSG_ENTITY_PRE, 0, 1, "<b>", 0, false },
    { MSG_ENTITY_MENTION, 0, 1, NULL, 7, true },
    { MSG_ENTITY_MENTION, 0, 1, NULL, 0, false },
    { MSG_ENTITY_MENTION, 0, 1, NULL, -1, false },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GArray) entities = one (rows[i].type, rows[i].offset, rows[i].length, rows[i].value, rows[i].user_id);
      g_autoptr (GError) error = NULL;
      bool ok = msg_entities_check ("a\xf0\x9f\x98\x80"
                                    "b",
                                    entities, 10, &error);

      if (ok != rows[i].ok)
        g_error ("row %u: %s", i, ok ? "accepted" : error->message);
      if (!ok)
        g_assert_cmpstr (msg_error_get_reason (error), ==, "entities");
    }
}

static void
test_order (void)
{
  g_autoptr (GArray) entities = one (MSG_ENTITY_BOLD, 1, 1, NULL, 0), read = NULL;
  const MsgEntity more[] = { { MSG_ENTITY_ITALIC, 0, 1, NULL, 0 }, { MSG_ENTITY_CODE, 0, 2, NULL, 0 } };
  g_autofree char *json = NULL;

  g_array_append_vals (entities, more, 2);
  g_assert_true (msg_entities_check ("ab", entities, 3, NULL));
  json = msg_entities_write (entities);
  g_assert_cmpstr (json, ==, "[{\"type\":\"code\",\"offset\":0,\"length\":2},{\"type\":\"italic\",\"offset\":0,\"length\":1},"
                             "{\"type\":\"bold\",\"offset\":1,\"length\":1}]");
  read = msg_entities_parse (json);
  g_assert_cmpuint (read->len, ==, 3);
  g_assert_false (msg_entities_check ("ab", entities, 2, NULL));
  g_array_append_vals (entities, more, 1);
  g_assert_false (msg_entities_check ("ab", entities, 10, NULL)); /* twice */
  g_assert_null (msg_entities_parse ("[{\"type\":\"blink\"}]"));
  g_assert_null (msg_entities_parse ("{}"));
  g_assert_null (msg_entities_parse ("[1]"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messaging/message-text/text", test_text);
  g_test_add_func ("/messaging/message-text/length", test_length);
  g_test_add_func ("/messaging/message-text/entities", test_entities);
  g_test_add_func ("/messaging/message-text/order", test_order);
  return g_test_run ();
}
