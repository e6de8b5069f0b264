/* SPDX-License-Identifier: Apache-2.0 */
#include "ice-peer.h"

static SfuIdentity *identity;
static AlHmac *hmac;
static char ufrag[SFU_ICE_UFRAG_LEN + 1], pwd[SFU_ICE_PWD_LEN + 1];

static AlAddr
addr_of (const char *text)
{
  AlAddr addr;

  g_assert_true (al_addr_parse (text, 0, &addr, NULL));
  return addr;
}

/* @data: made from @check. Returns: was it taken */
static bool
take (const IcePeerCheck *check, uint8_t data[512], AlStunMessage *message, SfuIceCheck *ret)
{
  size_t len = ice_peer_write (hmac, check, data, 512);

  g_assert_true (al_stun_parse (data, len, message));
  return sfu_ice_check (identity, hmac, message, ret);
}

/* RFC 8839 §5.4: ice-char, 22 and 4 characters at least; RFC 8445 §5.3: 24 and 128 random bits at least. Point 2 */
static void
test_credentials (void)
{
  g_autoptr (SfuIdentity) other = sfu_identity_new (NULL);
  char text[SFU_ICE_UFRAG_LEN + 8], again[SFU_ICE_PWD_LEN + 1];

  g_assert_cmpuint (strlen (ufrag), ==, SFU_ICE_UFRAG_LEN);
  g_assert_cmpuint (strlen (pwd), ==, SFU_ICE_PWD_LEN);
  g_assert_cmpuint (strspn (ufrag, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"), ==, strlen (ufrag));
  g_assert_cmpuint (strspn (pwd, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"), ==, strlen (pwd));
  sfu_ice_make_password (identity, hmac, ufrag, again);
  g_assert_cmpstr (pwd, ==, again);
  sfu_ice_make_password (other, hmac, ufrag, again);
  g_assert_cmpstr (pwd, !=, again);

  (void) g_snprintf (text, sizeof text, "%s:abcd", ufrag);
  g_assert_true (sfu_ice_is_ours (identity, (const uint8_t *) text, strlen (text)));
  g_assert_true (sfu_ice_is_ours (identity, (const uint8_t *) text, SFU_ICE_UFRAG_LEN + 1));
  g_assert_false (sfu_ice_is_ours (identity, (const uint8_t *) text, SFU_ICE_UFRAG_LEN));
  g_assert_false (sfu_ice_is_ours (identity, (const uint8_t *) text, 0));
  g_assert_false (sfu_ice_is_ours (other, (const uint8_t *) text, strlen (text)));
  for (unsigned i = 0; i <= SFU_ICE_UFRAG_LEN; i++)
    {
      text[i] ^= 1;
      g_assert_false (sfu_ice_is_ours (identity, (const uint8_t *) text, strlen (text)));
      text[i] ^= 1;
    }
  g_assert_false (sfu_ice_is_ours (identity, (const uint8_t *) "1700000000:alice-and-her-friends", 32)); /* TURN's */
}

/* the characters must use all of the bits: two bytes of difference at the end make another password and tag */
static void
test_spread (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  unsigned used[128] = { 0 };

  for (unsigned i = 0; i < 500; i++)
    {
      char text[SFU_ICE_UFRAG_LEN + 1], secret[SFU_ICE_PWD_LEN + 1];

      sfu_ice_make_ufrag (identity, text);
      sfu_ice_make_password (identity, hmac, text, secret);
      for (unsigned at = 0; at < SFU_ICE_PWD_LEN; at++)
        used[secret[at] & 127]++;
      g_assert_true (g_hash_table_add (seen, g_strdup (text)));
      g_assert_true (g_hash_table_add (seen, g_strdup (secret)));
    }
  for (unsigned i = 0; i < 128; i++) /* 12,000 characters: 187 of each on average */
    if (g_ascii_isalnum ((char) i) || i == '+' || i == '/')
      g_assert_cmpuint (used[i], >, 90);
}

/* point 3: a lite agent answers, and understands both ways to nominate */
static void
test_success (void)
{
  const AlAddr from[] = { addr_of ("192.0.2.7:4711"), addr_of ("[2001:db8::7]:4711") };
  uint8_t data[512], reply[SFU_ICE_REPLY_MAX];
  AlStunMessage message, answer;
  SfuIceCheck check;

  for (unsigned i = 0; i < 8; i++)
    {
      const bool use = (i & 1) != 0, nominates = (i & 2) != 0;
      const AlAddr *addr = &from[i >> 2];
      AlStunAttr attr;
      AlAddr mapped;
      size_t len;

      g_assert_true (take (&(IcePeerCheck){ .local = ufrag, .remote = "peer", .pwd = pwd, .use_candidate = use,
                                            .nomination = nominates ? 77 : 0, .priority = 0x6e7f1eff },
                           data, &message, &check));
      g_assert_true (sfu_ice_is_valid (&check));
      g_assert_cmpuint (check.use_candidate, ==, use);
      g_assert_cmpuint (check.has_nomination, ==, nominates);
      g_assert_cmpuint (check.nomination, ==, nominates ? 77 : 0);
      g_assert_cmpuint (check.priority, ==, 0x6e7f1eff);
      g_assert_cmpmem (check.local, SFU_ICE_UFRAG_LEN, ufrag, SFU_ICE_UFRAG_LEN);
      g_assert_cmpmem (check.remote, check.remote_len, "peer", 4);

      len = sfu_ice_answer (identity, hmac, &check, addr, reply, sizeof reply);
      g_assert_true (al_stun_parse (reply, len, &answer));
      g_assert_cmpint (answer.cls, ==, AL_STUN_SUCCESS);
      g_assert_cmpuint (answer.method, ==, AL_STUN_BINDING);
      g_assert_cmpmem (answer.tid, AL_STUN_TID_BYTES, message.tid, AL_STUN_TID_BYTES);
      g_assert_cmpuint (answer.fingerprint, >, 0);
      g_assert_true (al_stun_check_fingerprint (&answer));
      g_assert_true (al_stun_check_integrity (&answer, hmac, AL_HMAC_SHA1, pwd, strlen (pwd)));
      g_assert_true (al_stun_find (&answer, AL_STUN_XOR_MAPPED_ADDRESS, &attr));
      g_assert_true (al_stun_attr_addr (&answer, &attr, false, &mapped));
      g_assert_true (al_addr_equal (&mapped, addr));
      for (size_t size = 0; size < len; size++)
        g_assert_cmpuint (sfu_ice_answer (identity, hmac, &check, addr, reply, size), ==, 0);
    }
}

static unsigned
error_of (const SfuIceCheck *check, AlStunMessage *answer, uint8_t reply[SFU_ICE_REPLY_MAX])
{
  const AlAddr from = addr_of ("192.0.2.7:4711");
  size_t len = sfu_ice_answer (identity, hmac, check, &from, reply, SFU_ICE_REPLY_MAX);
  AlStunAttr attr;

  g_assert_false (sfu_ice_is_valid (check));
  g_assert_true (al_stun_parse (reply, len, answer));
  g_assert_cmpint (answer->cls, ==, AL_STUN_ERROR);
  g_assert_true (al_stun_check_integrity (answer, hmac, AL_HMAC_SHA1, pwd, strlen (pwd)));
  g_assert_true (al_stun_find (answer, AL_STUN_ERROR_CODE, &attr));
  return attr.value[2] * 100u + attr.value[3];
}

/* RFC 8445 §7.3.1.1: a peer that believes to be controlled too must change over (point 3); RFC 8489 §6.3.1: 420 */
static void
test_errors (void)
{
  uint8_t data[512], reply[SFU_ICE_REPLY_MAX];
  AlStunMessage message, answer;
  SfuIceCheck check;
  AlStunAttr attr;

  g_assert_true (take (&(IcePeerCheck){ .local = ufrag, .remote = "peer", .pwd = pwd, .controlled = true,
                                        .use_candidate = true },
                       data, &message, &check));
  g_assert_cmpuint (error_of (&check, &answer, reply), ==, 487);
  g_assert_true (take (&(IcePeerCheck){ .local = ufrag, .remote = "peer", .pwd = pwd, .extra = 0x7f7f }, data, &message,
                       &check));
  g_assert_cmpuint (error_of (&check, &answer, reply), ==, 420);
  g_assert_true (al_stun_find (&answer, AL_STUN_UNKNOWN_ATTRIBUTES, &attr));
  g_assert_cmpmem (attr.value, attr.len, "\x7f\x7f", 2);
  /* what need not be understood is not */
  g_assert_true (take (&(IcePeerCheck){ .local = ufrag, .remote = "peer", .pwd = pwd, .extra = 0xc057 }, data, &message,
                       &check));
  g_assert_true (sfu_ice_is_valid (&check));
}

/* point 2: nobody without the password gets an answer, a path or a byte of memory */
static void
test_strangers (void)
{
  g_autofree char *long_name = g_strnfill (SFU_ICE_REMOTE_MAX + 1, 'x'), *empty = g_strdup ("");
  g_autofree char *other = g_strdup (ufrag);
  const IcePeerCheck good = { .local = ufrag, .remote = "peer", .pwd = pwd };
  IcePeerCheck bad[10];
  uint8_t data[512];
  AlStunMessage message;
  SfuIceCheck check;

  other[0] = other[0] == 'A' ? 'B' : 'A';
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    bad[i] = good;
  bad[0].pwd = "wrongwrongwrongwrongwron";
  bad[1].no_integrity = true;
  bad[2].no_fingerprint = true;
  bad[3].local = other;
  bad[4].local = "short";
  bad[5].remote = long_name;
  bad[6].cls = AL_STUN_INDICATION;
  bad[7].cls = AL_STUN_SUCCESS;
  bad[8].method = AL_STUN_ALLOCATE;
  bad[9].sha256 = true; /* RFC 8445 knows SHA-1 alone; its attribute is not taken for it */
  g_assert_true (take (&good, data, &message, &check));
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (take (&bad[i], data, &message, &check));
  bad[0] = good;
  bad[0].remote = empty;
  g_assert_true (take (&bad[0], data, &message, &check));
  g_assert_cmpuint (check.remote_len, ==, 0);
}

/* any single bit that is turned on the way makes it a stranger's */
static void
test_bits (void)
{
  uint8_t data[512];
  AlStunMessage message;
  SfuIceCheck check;
  size_t len;

  len = ice_peer_write (hmac, &(IcePeerCheck){ .local = ufrag, .remote = "peer", .pwd = pwd, .use_candidate = true }, data,
                        sizeof data);
  for (size_t bit = 0; bit < len * 8; bit++)
    {
      data[bit / 8] ^= (uint8_t) (1u << bit % 8);
      if (al_stun_parse (data, len, &message))
        g_assert_false (sfu_ice_check (identity, hmac, &message, &check));
      data[bit / 8] ^= (uint8_t) (1u << bit % 8);
    }
  g_assert_true (al_stun_parse (data, len, &message) && sfu_ice_check (identity, hmac, &message, &check));
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  identity = sfu_identity_new (NULL);
  hmac = al_hmac_new ();
  sfu_ice_make_ufrag (identity, ufrag);
  sfu_ice_make_password (identity, hmac, ufrag, pwd);
  g_test_add_func ("/sfu/ice/credentials", test_credentials);
  g_test_add_func ("/sfu/ice/spread", test_spread);
  g_test_add_func ("/sfu/ice/success", test_success);
  g_test_add_func ("/sfu/ice/errors", test_errors);
  g_test_add_func ("/sfu/ice/strangers", test_strangers);
  g_test_add_func ("/sfu/ice/bits", test_bits);
  status = g_test_run ();
  al_hmac_free (hmac);
  sfu_identity_free (identity);
  return status;
}
