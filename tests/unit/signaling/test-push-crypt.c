/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/push-crypt.h"

#include "p256-open.h"

/* RFC 8291 §5 and Appendix A */
#define TEXT "When I grow up, I want to be a watermelon"
#define AS_PRIVATE "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
#define UA_PRIVATE "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
#define UA_PUBLIC "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define SALT "DGv6ra1nlYgDCS1FRnbzlw"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"
#define BODY                                                                                                                \
  "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95b" \
  "Qpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"

static void
test_rfc8291 (void)
{
  g_autoptr (EVP_PKEY) sender = private_key (AS_PRIVATE), browser = private_key (UA_PRIVATE);
  SigPushOnce once = { .key = sender };
  uint8_t point[SIG_P256_PUBLIC_BYTES], derived[SIG_P256_PUBLIC_BYTES], auth[SIG_PUSH_AUTH_BYTES];
  g_autoptr (GBytes) body = NULL;
  g_autofree char *text = NULL, *opened = NULL;
  gsize len, plain_len;
  const uint8_t *data;

  unbase64 (UA_PUBLIC, point);
  sig_p256_get_public (browser, derived);
  g_assert_cmpmem (derived, sizeof derived, point, sizeof point);
  unbase64 (AUTH, auth);
  unbase64 (SALT, once.salt);
  body = sig_push_encrypt (point, auth, TEXT, strlen (TEXT), strlen (TEXT), &once);
  data = g_bytes_get_data (body, &len);
  text = al_base64url_encode (data, len);
  g_assert_cmpstr (text, ==, BODY);
  opened = open_push (browser, auth, data, len, &plain_len);
  g_assert_cmpstr (opened, ==, TEXT);
}

/* what is short looks like what is long; no two are alike; a changed byte is found */
static void
test_padding (void)
{
  static const size_t lens[] = { 0, 1, 100, SIG_PUSH_PLAIN_MAX };
  g_autofree char *text = g_strnfill (SIG_PUSH_PLAIN_MAX, 'x');
  g_autoptr (EVP_PKEY) browser = sig_p256_new ();
  uint8_t point[SIG_P256_PUBLIC_BYTES], auth[SIG_PUSH_AUTH_BYTES] = { 7 };

  sig_p256_get_public (browser, point);
  for (unsigned i = 0; i < G_N_ELEMENTS (lens); i++)
    {
      g_autoptr (GBytes) body = sig_push_encrypt (point, auth, text, lens[i], SIG_PUSH_PLAIN_MAX, NULL);
      g_autoptr (GBytes) other = sig_push_encrypt (point, auth, text, lens[i], SIG_PUSH_PLAIN_MAX, NULL);
      g_autofree uint8_t *data = g_memdup2 (g_bytes_get_data (body, NULL), g_bytes_get_size (body));
      g_autofree char *opened = open_push (browser, auth, data, g_bytes_get_size (body), &(size_t){ 0 });
      g_autofree char *wrong = NULL;

      g_assert_cmpuint (g_bytes_get_size (body), ==, 4096);
      g_assert_false (g_bytes_equal (body, other));
      g_assert_nonnull (opened);
      g_assert_cmpuint (strlen (opened), ==, lens[i]);
      g_assert_true (g_str_has_prefix (text, opened));
      data[100] ^= 1;
      wrong = open_push (browser, auth, data, g_bytes_get_size (body), &(size_t){ 0 });
      g_assert_null (wrong);
    }
}

/* RFC 8291 §3.1 needs a point of the curve: what a client sends need not be one */
static void
test_bad_point (void)
{
  uint8_t point[SIG_P256_PUBLIC_BYTES], auth[SIG_PUSH_AUTH_BYTES] = { 0 };

  unbase64 (UA_PUBLIC, point);
  point[64] ^= 1;
  g_assert_null (sig_push_encrypt (point, auth, "x", 1, 1, NULL));
  memset (point, 0, sizeof point);
  g_assert_null (sig_push_encrypt (point, auth, "x", 1, 1, NULL));
  point[0] = 4;
  g_assert_null (sig_push_encrypt (point, auth, "x", 1, 1, NULL));
  memset (point + 1, 0xff, sizeof point - 1);
  g_assert_null (sig_push_encrypt (point, auth, "x", 1, 1, NULL));
  unbase64 (UA_PUBLIC, point);
  point[0] = 6; /* the hybrid form */
  g_assert_null (sig_push_encrypt (point, auth, "x", 1, 1, NULL));
}

static void
test_bad_scalar (void)
{
  static const uint8_t order[32] = { 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                     0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 };
  uint8_t scalar[SIG_P256_PRIVATE_BYTES] = { 0 };
  g_autoptr (EVP_PKEY) last = NULL;

  g_assert_null (sig_p256_from_private (scalar));
  memcpy (scalar, order, sizeof scalar);
  g_assert_null (sig_p256_from_private (scalar));
  scalar[31]--;
  last = sig_p256_from_private (scalar);
  g_assert_nonnull (last);
  memset (scalar, 0, sizeof scalar);
  sig_p256_get_private (last, scalar);
  g_assert_cmpint (scalar[31], ==, 0x50);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/push-crypt/rfc8291", test_rfc8291);
  g_test_add_func ("/signaling/push-crypt/padding", test_padding);
  g_test_add_func ("/signaling/push-crypt/bad-point", test_bad_point);
  g_test_add_func ("/signaling/push-crypt/bad-scalar", test_bad_scalar);
  return g_test_run ();
}
