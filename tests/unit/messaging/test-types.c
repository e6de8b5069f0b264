/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/core.h"
#include "messaging/types.h"

static void
test_id_new (void)
{
  MsgId before = 0;

  for (int i = 0; i < 1000; i++)
    {
      MsgId id = msg_id_new ();

      g_assert_cmpint (id, >, 0);
      g_assert_cmpint (id, <=, MSG_ID_MAX);
      g_assert_cmpint (id, !=, before);
      before = id;
    }
}

static void
test_id_text (void)
{
  static const MsgId good[] = { 1, 9, 10, 1234567890123, MSG_ID_MAX };
  static const char *const bad[] = { "", "0", "-1", "+1", "01", " 1", "1 ", "1a", "0x1", "9007199254740992",
                                     "18446744073709551617", "99999999999999999999999999", "1.0", "1e3" };
  char text[MSG_ID_STRLEN];
  MsgId id;

  for (unsigned i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_assert_true (msg_id_parse (msg_id_format (good[i], text), &id));
      g_assert_cmpint (id, ==, good[i]);
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      id = 77;
      g_assert_false (msg_id_parse (bad[i], &id));
      g_assert_cmpint (id, ==, 77);
    }
}

static void
test_copies (void)
{
  MsgUser user = { .id = 5, .username = (char *) "ann", .display_name = (char *) "Ann", .external = true };
  MsgDevice device = { .id = 6, .user_id = 5, .name = (char *) "a", .platform = (char *) "b", .identity_key = { 9 } };
  g_autoptr (MsgUser) user2 = msg_user_copy (&user);
  g_autoptr (MsgDevice) device2 = msg_device_copy (&device);

  g_assert_cmpint (user2->id, ==, 5);
  g_assert_cmpstr (user2->username, ==, "ann");
  g_assert_true (user2->username != user.username);
  g_assert_cmpstr (user2->display_name, ==, "Ann");
  g_assert_true (user2->external);
  g_assert_cmpint (device2->user_id, ==, 5);
  g_assert_cmpstr (device2->platform, ==, "b");
  g_assert_cmpmem (device2->identity_key, 32, device.identity_key, 32);
  msg_user_free (NULL);
  msg_device_free (NULL);
}

static void
test_error (void)
{
  g_autoptr (GError) error = msg_error_new (MSG_ERROR_CONFLICT, "username_taken", "taken: %s", "ann");
  g_autoptr (GError) limit = msg_error_new_retry (MSG_ERROR_LIMIT, "login_rate", 1500, "slow down");
  g_autoptr (GError) copy = g_error_copy (limit);

  g_assert_error (error, MSG_ERROR, MSG_ERROR_CONFLICT);
  g_assert_cmpstr (error->message, ==, "taken: ann");
  g_assert_cmpstr (msg_error_get_reason (error), ==, "username_taken");
  g_assert_cmpint (msg_error_get_retry_after_ms (error), ==, 0);
  g_assert_cmpstr (msg_error_get_reason (copy), ==, "login_rate");
  g_assert_cmpint (msg_error_get_retry_after_ms (copy), ==, 1500);
  g_prefix_error (&copy, "x: ");
  g_assert_cmpstr (msg_error_get_reason (copy), ==, "login_rate");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messaging/types/id-new", test_id_new);
  g_test_add_func ("/messaging/types/id-text", test_id_text);
  g_test_add_func ("/messaging/types/copies", test_copies);
  g_test_add_func ("/messaging/types/error", test_error);
  return g_test_run ();
}
