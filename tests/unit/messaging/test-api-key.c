/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/api-key.h"

#include <string.h>

#include "messaging/core.h"

#define KEY1 "0123456789abcdef0123456789abcdef"
#define KEY2 "fedcba9876543210fedcba9876543210:with:colons"

static void
test_find (void)
{
  static const char *const entries[] = { "shop:" KEY1, "forum-2:" KEY2, NULL };
  g_autoptr (MsgApiKeys) keys = msg_api_keys_new (entries, NULL);
  g_autoptr (MsgApiKeys) none = msg_api_keys_new (NULL, NULL);

  g_assert_cmpstr (msg_api_keys_find (keys, KEY1), ==, "shop");
  g_assert_cmpstr (msg_api_keys_find (keys, KEY2), ==, "forum-2");
  g_assert_null (msg_api_keys_find (keys, "0123456789abcdef0123456789abcdeF"));
  g_assert_null (msg_api_keys_find (keys, "0123456789abcdef0123456789abcde"));
  g_assert_null (msg_api_keys_find (keys, KEY1 " "));
  g_assert_null (msg_api_keys_find (keys, "shop:" KEY1));
  g_assert_null (msg_api_keys_find (keys, ""));
  g_assert_null (msg_api_keys_find (keys, NULL));
  g_assert_null (msg_api_keys_find (none, KEY1));
}

static void
test_bad (void)
{
  static const char *const bad[] = {
    "", "shop", KEY1, ":" KEY1, "shop:", "shop:0123456789abcdef0123456789abcde", "the shop:" KEY1,
    "shop:0123456789abcdef 0123456789abcdef", "shop:0123456789abcdef0123456789abcdef\303\244", "sh\303\266p:" KEY1,
    "a1234567890123456789012345678901234567890123456789012345678901234:" KEY1,
  };
  static const char *const twice[] = { "shop:" KEY1, "shop:" KEY2, NULL };

  for (unsigned i = 0; i <= G_N_ELEMENTS (bad); i++)
    {
      const char *const one[] = { i < G_N_ELEMENTS (bad) ? bad[i] : NULL, NULL };
      g_autoptr (GError) error = NULL;

      g_assert_null (msg_api_keys_new (one[0] != NULL ? one : twice, &error));
      g_assert_error (error, MSG_ERROR, MSG_ERROR_INVALID);
      g_assert_null (strstr (error->message, "0123456789abc")); /* a log must not tell the key */
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messaging/api-key/find", test_find);
  g_test_add_func ("/messaging/api-key/bad", test_bad);
  return g_test_run ();
}
