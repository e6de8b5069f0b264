/* SPDX-License-Identifier: Apache-2.0 */
/* The codec against the vectors of RFC 5769, against libnice's, and against what must not pass. */
#include <glib.h>
#include <openssl/evp.h>
#include <stun/stunagent.h>
#include <string.h>

#include "base/stun.h"

#define PASSWORD "VOkJxbRl1RmTxUk/WvJxBt"

static const struct {
  const char *name;
  AlStunClass cls;
  bool long_term;
  const char *mapped;
  const char *hex;
} vectors[] = {
  { "rfc5769-2.1", AL_STUN_REQUEST, false, NULL,
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b1"
    "51263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf" },
  { "rfc5769-2.2", AL_STUN_SUCCESS, false, "192.0.2.1:32853",
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643000800142b91f599"
    "fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96" },
  { "rfc5769-2.3", AL_STUN_SUCCESS, false, "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
    "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f179bc25f4b5"
    "bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c" },
  { "rfc5769-2.4", AL_STUN_REQUEST, true, NULL,
    "000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383aae38383e382afe382b900000015001c662f2f3439396b39"
    "353464364f4c33346f4c394653547679363473410014000b6578616d706c652e6f72670000080014f67024656dd64a3e02b8e0712e85c9a2"
    "8ca89666" },
};

static uint8_t *
bytes_of (const char *hex, size_t *ret_len)
{
  uint8_t *data;

  *ret_len = strlen (hex) / 2;
  data = g_malloc (*ret_len + 1);
  for (size_t i = 0; i < *ret_len; i++)
    data[i] = (uint8_t) (g_ascii_xdigit_value (hex[2 * i]) << 4 | g_ascii_xdigit_value (hex[2 * i + 1]));
  return data;
}

static size_t
vector_key (bool long_term, uint8_t ret_key[64])
{
  static const char text[] = "\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83\xe3\x82\xaf\xe3\x82\xb9:example.org:TheMatrIX";
  unsigned n = 0;

  if (!long_term)
    {
      memcpy (ret_key, PASSWORD, strlen (PASSWORD));
      return strlen (PASSWORD);
    }
  g_assert_true (EVP_Digest (text, strlen (text), ret_key, &n, EVP_md5 (), NULL));
  return n;
}

static void
test_vector (gconstpointer index)
{
  unsigned i = GPOINTER_TO_UINT (index);
  size_t len, key_len;
  g_autofree uint8_t *data = bytes_of (vectors[i].hex, &len);
  g_autoptr (AlHmac) hmac = al_hmac_new ();
  uint8_t key[64];
  AlStunMessage message;
  AlStunAttr attr;

  key_len = vector_key (vectors[i].long_term, key);
  g_assert_true (al_stun_parse (data, len, &message));
  g_assert_cmpint (message.cls, ==, vectors[i].cls);
  g_assert_cmpint (message.method, ==, AL_STUN_BINDING);
  g_assert_true (al_stun_check_integrity (&message, hmac, AL_HMAC_SHA1, key, key_len));
  g_assert_false (al_stun_check_integrity (&message, hmac, AL_HMAC_SHA256, key, key_len));
  g_assert_cmpint (message.fingerprint != 0, ==, !vectors[i].long_term);
  g_assert_true (al_stun_check_fingerprint (&message));
  if (vectors[i].mapped != NULL)
    {
      char text[AL_ADDR_STRLEN];
      AlAddr addr;

      g_assert_true (al_stun_find (&message, AL_STUN_XOR_MAPPED_ADDRESS, &attr));
      g_assert_true (al_stun_attr_addr (&message, &attr, false, &addr));
      g_assert_cmpstr (al_addr_format (&addr, true, text), ==, vectors[i].mapped);
    }

  /* one changed bit anywhere under the integrity breaks it; padding counts too */
  for (size_t at = 8; at < message.integrity; at++)
    {
      AlStunMessage other;

      data[at] ^= 0x10;
      if (al_stun_parse (data, len, &other))
        g_assert_false (al_stun_check_integrity (&other, hmac, AL_HMAC_SHA1, key, key_len));
      data[at] ^= 0x10;
    }
  if (message.fingerprint != 0)
    {
      data[30] ^= 1;
      g_assert_true (al_stun_parse (data, len, &message));
      g_assert_false (al_stun_check_fingerprint (&message));
    }
}

/* every way to cut or stretch a good message is no message */
static void
test_lengths (void)
{
  size_t len;
  g_autofree uint8_t *data = bytes_of (vectors[0].hex, &len);
  AlStunMessage message;

  for (size_t cut = 0; cut < len; cut++)
    {
      g_autofree uint8_t *exact = g_memdup2 (data, cut); /* for the sanitizer: nothing behind it */

      g_assert_false (al_stun_parse (exact, cut, &message));
    }
  data = g_realloc (data, len + 4);
  g_assert_false (al_stun_parse (data, len + 1, &message));
  g_assert_false (al_stun_parse (data, len + 4, &message));
}

static const struct {
  const char *name, *hex;
} bad[] = {
  { "rtp", "800000002112a442000102030405060708090a0b" },
  { "channel-data", "400000002112a442000102030405060708090a0b" },
  { "no-cookie", "000100002112a443000102030405060708090a0b" },
  { "length-not-in-fours", "000100022112a442000102030405060708090a0b0000" },
  { "length-short", "000100042112a442000102030405060708090a0b" },
  { "attribute-header-cut", "000100042112a442000102030405060708090a0b00060001" },
  { "attribute-past-the-end", "000100082112a442000102030405060708090a0b0006000500000000" },
  { "attribute-length-65535", "000100082112a442000102030405060708090a0b0006ffff00000000" },
  { "integrity-of-16", "000100142112a442000102030405060708090a0b0008001000000000000000000000000000000000" },
  { "integrity-sha256-of-12", "000100102112a442000102030405060708090a0b001c000c000000000000000000000000" },
  { "integrity-sha256-of-18",
    "000100182112a442000102030405060708090a0b001c00120000000000000000000000000000000000000000" },
  { "integrity-sha256-of-36",
    "000100282112a442000102030405060708090a0b001c0024000000000000000000000000000000000000000000000000000000000000000000"
    "000000" },
  { "fingerprint-not-last", "0001000c2112a442000102030405060708090a0b802800040000000080220000" },
  { "fingerprint-of-2", "000100082112a442000102030405060708090a0b8028000200000000" },
};

static void
test_bad (gconstpointer index)
{
  size_t len;
  g_autofree uint8_t *data = bytes_of (bad[GPOINTER_TO_UINT (index)].hex, &len);
  AlStunMessage message;

  g_assert_false (al_stun_parse (data, len, &message));
}

/* what stands behind the integrity is not covered by it: neither found nor iterated */
static void
test_behind_integrity (void)
{
  static const uint8_t tid[AL_STUN_TID_BYTES] = { 1, 2, 3 };
  g_autoptr (AlHmac) hmac = al_hmac_new ();
  uint8_t data[256];
  AlStunWriter out;
  AlStunMessage message;
  AlStunAttr attr = { 0 };
  unsigned n = 0;
  size_t len;

  for (unsigned hash = 0; hash < AL_HMAC_N; hash++)
    {
      al_stun_begin (&out, data, sizeof data, AL_STUN_REQUEST, AL_STUN_REFRESH, tid);
      al_stun_put (&out, AL_STUN_USERNAME, "alice", 5);
      al_stun_put_integrity (&out, hmac, (AlHmacHash) hash, "key", 3);
      al_stun_put_u32 (&out, AL_STUN_LIFETIME, 0);
      al_stun_put (&out, 0x7777, NULL, 0);
      al_stun_put (&out, AL_STUN_MESSAGE_INTEGRITY, data, 20);
      al_stun_put_fingerprint (&out);
      len = al_stun_end (&out);
      g_assert_true (al_stun_parse (data, len, &message));
      g_assert_true (al_stun_check_integrity (&message, hmac, (AlHmacHash) hash, "key", 3));
      g_assert_true (al_stun_check_fingerprint (&message));
      g_assert_false (al_stun_find (&message, AL_STUN_LIFETIME, &attr));
      g_assert_cmpuint (al_stun_list_unknown (&message, NULL, 0, (uint16_t[8]){ 0 }, 8), ==, 1); /* USERNAME alone */
      for (memset (&attr, 0, sizeof attr), n = 0; al_stun_next (&message, &attr); n++)
        g_assert_cmphex (attr.type, ==, AL_STUN_USERNAME);
      g_assert_cmpuint (n, ==, 1);
    }
}

static void
test_both_integrities (void)
{
  static const uint8_t tid[AL_STUN_TID_BYTES] = { 9 };
  g_autoptr (AlHmac) hmac = al_hmac_new ();
  uint8_t data[256];
  AlStunWriter out;
  AlStunMessage message;
  size_t len;

  al_stun_begin (&out, data, sizeof data, AL_STUN_REQUEST, AL_STUN_ALLOCATE, tid);
  al_stun_put (&out, AL_STUN_USERNAME, "bob", 3);
  al_stun_put_integrity (&out, hmac, AL_HMAC_SHA1, "md5 key", 7);
  al_stun_put_integrity (&out, hmac, AL_HMAC_SHA256, "sha256 key", 10);
  al_stun_put_fingerprint (&out);
  len = al_stun_end (&out);
  g_assert_true (al_stun_parse (data, len, &message));
  g_assert_true (al_stun_check_integrity (&message, hmac, AL_HMAC_SHA1, "md5 key", 7));
  g_assert_true (al_stun_check_integrity (&message, hmac, AL_HMAC_SHA256, "sha256 key", 10));
  g_assert_false (al_stun_check_integrity (&message, hmac, AL_HMAC_SHA256, "md5 key", 7));
}

/* RFC 8489 §14.6: the SHA-256 MAC may be cut to 16 bytes */
static void
test_cut_sha256 (void)
{
  static const uint8_t tid[AL_STUN_TID_BYTES] = { 9 };
  g_autoptr (AlHmac) hmac = al_hmac_new ();
  uint8_t data[128], mac[32];
  AlStunWriter out;
  AlStunMessage message;
  struct iovec part;
  size_t len;

  al_stun_begin (&out, data, sizeof data, AL_STUN_REQUEST, AL_STUN_BINDING, tid);
  al_stun_put (&out, AL_STUN_USERNAME, "bobo", 4);
  (void) al_stun_end (&out);
  data[3] = 8 + 4 + 16;
  part = (struct iovec){ data, AL_STUN_HEADER_BYTES + 8 };
  (void) al_hmac_compute (hmac, AL_HMAC_SHA256, "key", 3, &part, 1, mac);
  al_stun_put (&out, AL_STUN_MESSAGE_INTEGRITY_SHA256, mac, 16);
  len = al_stun_end (&out);
  g_assert_true (al_stun_parse (data, len, &message));
  g_assert_true (al_stun_check_integrity (&message, hmac, AL_HMAC_SHA256, "key", 3));
  data[len - 1] ^= 1;
  g_assert_false (al_stun_check_integrity (&message, hmac, AL_HMAC_SHA256, "key", 3));
}

static void
test_unknown (void)
{
  static const uint16_t known[] = { AL_STUN_USERNAME, AL_STUN_LIFETIME };
  static const uint8_t tid[AL_STUN_TID_BYTES] = { 0 };
  uint8_t data[256];
  uint16_t types[4];
  AlStunWriter out;
  AlStunMessage message;
  uint32_t value = 7;
  size_t len;

  al_stun_begin (&out, data, sizeof data, AL_STUN_REQUEST, AL_STUN_ALLOCATE, tid);
  al_stun_put (&out, 0x7ffe, "a", 1);
  al_stun_put (&out, AL_STUN_USERNAME, "u", 1);
  al_stun_put (&out, 0x7ffe, "b", 1);
  al_stun_put_u32 (&out, AL_STUN_LIFETIME, 600);
  al_stun_put_u32 (&out, AL_STUN_LIFETIME, 601);
  al_stun_put (&out, 0xfffe, "optional", 8);
  al_stun_put (&out, 0x0002, "x", 1);
  len = al_stun_end (&out);
  g_assert_true (al_stun_parse (data, len, &message));
  g_assert_cmpuint (al_stun_list_unknown (&message, known, G_N_ELEMENTS (known), types, 4), ==, 2);
  g_assert_cmphex (types[0], ==, 0x7ffe);
  g_assert_cmphex (types[1], ==, 0x0002);
  g_assert_cmpuint (al_stun_list_unknown (&message, known, G_N_ELEMENTS (known), types, 1), ==, 1);
  g_assert_true (al_stun_find_u32 (&message, AL_STUN_LIFETIME, &value));
  g_assert_cmpuint (value, ==, 600); /* of doubles the first */
  g_assert_false (al_stun_find_u32 (&message, AL_STUN_USERNAME, &value));
  g_assert_false (al_stun_find_u32 (&message, AL_STUN_NONCE, &value));
}

static void
test_addresses (void)
{
  static const uint8_t tid[AL_STUN_TID_BYTES] = { 0xff, 1, 0x80 };
  static const char *const addrs[] = { "10.1.2.3:1", "255.255.255.255:65535", "[::1]:9", "[fe80::ffff:1]:65535" };
  uint8_t data[256];

  for (unsigned i = 0; i < G_N_ELEMENTS (addrs); i++)
    for (unsigned plain = 0; plain < 2; plain++)
      {
        AlStunWriter out;
        AlStunMessage message;
        AlStunAttr attr;
        AlAddr addr, again;

        g_assert_true (al_addr_parse (addrs[i], 0, &addr, NULL));
        al_stun_begin (&out, data, sizeof data, AL_STUN_SUCCESS, AL_STUN_BINDING, tid);
        al_stun_put_addr (&out, AL_STUN_XOR_MAPPED_ADDRESS, &addr, plain != 0);
        g_assert_true (al_stun_parse (data, al_stun_end (&out), &message));
        g_assert_true (al_stun_find (&message, AL_STUN_XOR_MAPPED_ADDRESS, &attr));
        g_assert_true (al_stun_attr_addr (&message, &attr, plain != 0, &again));
        g_assert_true (al_addr_equal (&addr, &again));
        attr.len -= 1;
        g_assert_false (al_stun_attr_addr (&message, &attr, plain != 0, &again));
        attr.len += 1;
        data[AL_STUN_HEADER_BYTES + 5] ^= 3; /* the other family, with a length that is not its own */
        g_assert_false (al_stun_attr_addr (&message, &attr, plain != 0, &again));
        data[AL_STUN_HEADER_BYTES + 5] = 0;
        g_assert_false (al_stun_attr_addr (&message, &attr, plain != 0, &again));
      }
}

/* every method and class survives */
static void
test_types (void)
{
  static const uint8_t tid[AL_STUN_TID_BYTES] = { 0 };
  uint8_t data[AL_STUN_HEADER_BYTES];

  for (unsigned method = 0; method < 0x1000; method++)
    for (unsigned cls = 0; cls < 4; cls++)
      {
        AlStunWriter out;
        AlStunMessage message;

        al_stun_begin (&out, data, sizeof data, (AlStunClass) cls, (uint16_t) method, tid);
        g_assert_true (al_stun_parse (data, al_stun_end (&out), &message));
        g_assert_cmphex (message.method, ==, method);
        g_assert_cmpuint (message.cls, ==, cls);
      }
}

static void
test_too_small (void)
{
  static const uint8_t tid[AL_STUN_TID_BYTES] = { 0 };
  g_autoptr (AlHmac) hmac = al_hmac_new ();
  AlAddr addr;

  g_assert_true (al_addr_parse ("1.2.3.4:5", 0, &addr, NULL));
  for (size_t size = 0; size < 80; size++)
    {
      g_autofree uint8_t *data = g_malloc (size + 1);
      AlStunWriter out;

      al_stun_begin (&out, data, size, AL_STUN_ERROR, AL_STUN_ALLOCATE, tid);
      al_stun_put_error (&out, 401, "");                                  /* 8 */
      al_stun_put_addr (&out, AL_STUN_XOR_MAPPED_ADDRESS, &addr, false);  /* 12 */
      al_stun_put_integrity (&out, hmac, AL_HMAC_SHA1, "k", 1);           /* 24 */
      al_stun_put_fingerprint (&out);                                     /* 8 */
      g_assert_cmpuint (al_stun_end (&out), ==, size >= 72 ? 72 : 0);
    }
}

/* libnice writes, we read: and the other way round */
static void
test_libnice (void)
{
  static const uint16_t known[] = { STUN_ATTRIBUTE_MESSAGE_INTEGRITY, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS, STUN_ATTRIBUTE_FINGERPRINT, 0 };
  g_autoptr (AlHmac) hmac = al_hmac_new ();
  uint8_t data[512];
  StunAgent agent;
  StunMessage theirs;
  AlStunMessage ours;
  AlStunWriter out;
  AlAddr addr;
  uint32_t value;
  size_t len;

  stun_agent_init (&agent, known, STUN_COMPATIBILITY_RFC5389,
                   STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT
                       | STUN_AGENT_USAGE_IGNORE_CREDENTIALS);
  g_assert_true (stun_agent_init_request (&agent, &theirs, data, sizeof data, STUN_ALLOCATE));
  g_assert_cmpint (stun_message_append32 (&theirs, STUN_ATTRIBUTE_LIFETIME, 777), ==, STUN_MESSAGE_RETURN_SUCCESS);
  g_assert_cmpint (stun_message_append_string (&theirs, STUN_ATTRIBUTE_USERNAME, "odd"), ==, STUN_MESSAGE_RETURN_SUCCESS);
  len = stun_agent_finish_message (&agent, &theirs, (const uint8_t *) "secret", 6);
  g_assert_cmpuint (len, >, 0);
  g_assert_true (al_stun_parse (data, len, &ours));
  g_assert_cmphex (ours.method, ==, AL_STUN_ALLOCATE);
  g_assert_true (al_stun_find_u32 (&ours, AL_STUN_LIFETIME, &value));
  g_assert_cmpuint (value, ==, 777);
  g_assert_true (ours.fingerprint != 0 && al_stun_check_fingerprint (&ours));
  g_assert_true (al_stun_check_integrity (&ours, hmac, AL_HMAC_SHA1, "secret", 6));
  g_assert_false (al_stun_check_integrity (&ours, hmac, AL_HMAC_SHA1, "Secret", 6));

  g_assert_true (al_addr_parse ("[2001:db8::7]:4242", 0, &addr, NULL));
  {
    uint8_t tid[AL_STUN_TID_BYTES], answer[512];
    struct sockaddr_storage found;
    socklen_t found_len = sizeof found;

    memcpy (tid, ours.tid, sizeof tid);
    al_stun_begin (&out, answer, sizeof answer, AL_STUN_SUCCESS, AL_STUN_ALLOCATE, tid);
    al_stun_put_addr (&out, AL_STUN_XOR_MAPPED_ADDRESS, &addr, false);
    al_stun_put_integrity (&out, hmac, AL_HMAC_SHA1, "secret", 6);
    al_stun_put_fingerprint (&out);
    len = al_stun_end (&out);
    g_assert_cmpint (stun_agent_validate (&agent, &theirs, answer, len, NULL, NULL), ==, STUN_VALIDATION_SUCCESS);
    g_assert_cmpint (stun_message_find_xor_addr (&theirs, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS, &found, &found_len), ==,
                     STUN_MESSAGE_RETURN_SUCCESS);
    g_assert_cmpmem (&((struct sockaddr_in6 *) &found)->sin6_addr, 16, &addr.in6.sin6_addr, 16);
    g_assert_cmpuint (((struct sockaddr_in6 *) &found)->sin6_port, ==, addr.in6.sin6_port);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strconcat ("/base/stun/vector/", vectors[i].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_vector);
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = g_strconcat ("/base/stun/bad/", bad[i].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_bad);
    }
  g_test_add_func ("/base/stun/lengths", test_lengths);
  g_test_add_func ("/base/stun/behind-integrity", test_behind_integrity);
  g_test_add_func ("/base/stun/both-integrities", test_both_integrities);
  g_test_add_func ("/base/stun/cut-sha256", test_cut_sha256);
  g_test_add_func ("/base/stun/unknown", test_unknown);
  g_test_add_func ("/base/stun/addresses", test_addresses);
  g_test_add_func ("/base/stun/types", test_types);
  g_test_add_func ("/base/stun/too-small", test_too_small);
  g_test_add_func ("/base/stun/libnice", test_libnice);
  return g_test_run ();
}
