/* SPDX-License-Identifier: Apache-2.0 */
/* What parses is written again attribute by attribute, and must parse to the same. */
#include <glib.h>
#include <string.h>

#include "base/stun.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t len);

static void
compare (const AlStunMessage *a, const AlStunMessage *b)
{
  AlStunAttr at_a = { 0 }, at_b = { 0 };

  g_assert_cmphex (a->method, ==, b->method);
  g_assert_cmphex (a->cls, ==, b->cls);
  g_assert_cmpmem (a->tid, AL_STUN_TID_BYTES, b->tid, AL_STUN_TID_BYTES);
  while (al_stun_next (a, &at_a))
    {
      AlAddr addr_a, addr_b;
      bool is_addr;

      g_assert_true (al_stun_next (b, &at_b));
      g_assert_cmphex (at_a.type, ==, at_b.type);
      g_assert_cmpmem (at_a.value, at_a.len, at_b.value, at_b.len);
      is_addr = al_stun_attr_addr (a, &at_a, false, &addr_a);
      g_assert_cmpint (is_addr, ==, al_stun_attr_addr (b, &at_b, false, &addr_b));
      g_assert_true (!is_addr || al_addr_equal (&addr_a, &addr_b));
    }
  g_assert_false (al_stun_next (b, &at_b));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t len)
{
  static uint8_t again[65600];
  static AlHmac *hmac;
  AlStunMessage message, other;
  AlStunWriter out;
  AlStunAttr attr = { 0 };
  uint16_t types[8];
  size_t n;

  if (hmac == NULL)
    hmac = al_hmac_new ();
  if (!al_stun_parse (data, len, &message))
    return 0;
  g_assert_true (al_stun_is (data, len));
  (void) al_stun_check_fingerprint (&message);
  (void) al_stun_check_integrity (&message, hmac, AL_HMAC_SHA1, "k", 1);
  (void) al_stun_check_integrity (&message, hmac, AL_HMAC_SHA256, "k", 1);
  g_assert_cmpuint (al_stun_list_unknown (&message, NULL, 0, types, 8), <=, 8);

  al_stun_begin (&out, again, sizeof again, message.cls, message.method, message.tid);
  while (al_stun_next (&message, &attr))
    al_stun_put (&out, attr.type, attr.value, attr.len);
  if (message.integrity != 0)
    al_stun_put_integrity (&out, hmac, AL_HMAC_SHA1, "key", 3);
  if (message.fingerprint != 0)
    al_stun_put_fingerprint (&out);
  n = al_stun_end (&out);
  if (n == 0)
    return 0; /* with a MAC added it may have become too long */
  g_assert_true (al_stun_parse (again, n, &other));
  compare (&message, &other);
  g_assert_true (al_stun_check_fingerprint (&other));
  g_assert_true (message.integrity == 0 || al_stun_check_integrity (&other, hmac, AL_HMAC_SHA1, "key", 3));
  return 0;
}
