/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>

#include "base/base64url.h"

/* RFC 4648 §10 without the padding, and the two characters that differ from plain base64 */
static const struct {
  const char *data, *text;
} vectors[] = {
  { "", "" },         { "f", "Zg" },          { "fo", "Zm8" },           { "foo", "Zm9v" },      { "foob", "Zm9vYg" },
  { "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" }, { "\xff\xef\xbe", "_---" }, { "\xfb\xff", "-_8" },
};

static void
test_base64url_vectors (void)
{
  for (size_t i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      size_t len = strlen (vectors[i].data), text_len = strlen (vectors[i].text);
      g_autofree char *text = al_base64url_encode (vectors[i].data, len);
      uint8_t back[16];

      g_assert_cmpstr (text, ==, vectors[i].text);
      g_assert_cmpuint (al_base64url_len (len), ==, text_len);
      g_assert_cmpuint (AL_BASE64URL_LEN (len), ==, text_len);
      g_assert_cmpint (al_base64url_decode (vectors[i].text, text_len, NULL), ==, len);
      g_assert_cmpint (al_base64url_decode (vectors[i].text, text_len, back), ==, len);
      g_assert_cmpmem (back, len, vectors[i].data, len);
    }
}

static void
test_base64url_bad (void)
{
  static const char *const cases[] = {
    "A",    "AAAAA", "Zg==", "Zg=",  "Zm8=", "=",    "====", "Zm9v\n", " Zm9v", "Zm 9v", "+---", "/---",
    "Zh",   "Zj",    "Z_",   "Zm9",  "Zm-",  "AB",   "AAB",  "Zm9vYh", "Zm9v.", "Zm9v\xc3\xa9",
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      uint8_t data[16];

      if (al_base64url_decode (cases[i], strlen (cases[i]), data) >= 0)
        g_error ("taken: %s", cases[i]);
      g_assert_cmpint (al_base64url_decode (cases[i], strlen (cases[i]), NULL), ==, -1);
    }
  g_assert_cmpint (al_base64url_decode ("Zm\0v", 4, NULL), ==, -1);
}

static void
test_base64url_exact (void)
{
  uint8_t data[3] = { 0 };

  g_assert_true (al_base64url_decode_exact ("Zm9v", 4, data, 3));
  g_assert_cmpmem (data, 3, "foo", 3);
  g_assert_false (al_base64url_decode_exact ("Zm8", 3, data, 3));
  g_assert_false (al_base64url_decode_exact ("Zm9vYg", 6, data, 3));
  g_assert_false (al_base64url_decode_exact ("Zm9", 3, data, 2));
  g_assert_false (al_base64url_decode_exact ("Zm9v", 4, data, SIZE_MAX));
  g_assert_true (al_base64url_decode_exact ("", 0, data, 0));
}

static void
test_base64url_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4648);

  for (unsigned round = 0; round < 2000; round++)
    {
      uint8_t data[100];
      size_t len = (size_t) g_rand_int_range (rand, 0, sizeof data);
      g_autofree char *text = NULL, *plain = NULL;
      uint8_t back[100];

      for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t) g_rand_int (rand);
      text = al_base64url_encode (data, len);
      g_assert_cmpuint (strlen (text), ==, AL_BASE64URL_LEN (len));
      g_assert_cmpint (al_base64url_decode (text, strlen (text), back), ==, len);
      g_assert_cmpmem (back, len, data, len);
      plain = g_base64_encode (data, len);
      g_strdelimit (plain, "+", '-');
      g_strdelimit (plain, "/", '_');
      plain[strcspn (plain, "=")] = '\0';
      g_assert_cmpstr (text, ==, plain);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/base64url/rfc4648", test_base64url_vectors);
  g_test_add_func ("/base/base64url/bad", test_base64url_bad);
  g_test_add_func ("/base/base64url/exact", test_base64url_exact);
  g_test_add_func ("/base/base64url/random", test_base64url_random);
  return g_test_run ();
}
