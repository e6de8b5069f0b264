/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An encoded hash that is accepted says the cost that was read, and libargon2 can work with it: a password is wrong, never
 * the text. A user with a hash that nothing can satisfy would be imported for nothing.
 */
#include <argon2.h>
#include <glib.h>
#include <string.h>

#include "messaging/password.h"

#define CHEAP_KIB 64

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autofree char *head = NULL;
  MsgPasswordCost cost, other;

  if (!msg_password_parse (text, &cost))
    return 0;
  head = g_strdup_printf ("$argon2id$v=19$m=%u,t=%u,p=%u$", cost.memory_kib, cost.passes, cost.lanes);
  g_assert_true (g_str_has_prefix (text, head));
  g_assert_cmpuint (cost.memory_kib, <=, MSG_PASSWORD_MAX_MEMORY_KIB);
  g_assert_cmpuint (cost.passes, <=, MSG_PASSWORD_MAX_PASSES);
  g_assert_cmpuint (cost.lanes, <=, MSG_PASSWORD_MAX_LANES);
  other = cost;
  other.passes++;
  g_assert_true (!msg_password_is_outdated (text, &cost) && msg_password_is_outdated (text, &other));
  if (cost.memory_kib <= CHEAP_KIB && cost.passes <= 2)
    {
      int code = argon2id_verify (text, "password", 8);

      if (code != ARGON2_OK && code != ARGON2_VERIFY_MISMATCH)
        g_error ("%s: %s", text, argon2_error_message (code));
    }
  return 0;
}
