/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>

#include "base/base64url.h"

static const struct {
  const char *bytes, *text;
  size_t len;
} vectors[] = {
  /* RFC 4648 §10, padding dropped */
  { "", "", 0 },
  { "f", "Zg", 1 },
  { "fo", "Zm8", 2 },
  { "foo", "Zm9v", 3 },
  { "foob", "Zm9vYg", 4 },
  { "fooba", "Zm9vYmE", 5 },
  { "foobar", "Zm9vYmFy", 6 },
  { "\xfb\xff\xbf", "-_-_", 3 },
  { "\0\0", "AAA", 2 },
};

static void
test_vectors (void)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      char text[16];
      uint8_t bytes[16];

      g_assert_cmpstr (al_base64url_encode ((const uint8_t *) vectors[i].bytes, vectors[i].len, text), ==, vectors[i].text);
      g_assert_cmpuint (al_base64url_len (vectors[i].len), ==, strlen (text));
      g_assert_cmpint (al_base64url_decode (text, strlen (text), bytes), ==, (ssize_t) vectors[i].len);
      g_assert_cmpmem (bytes, vectors[i].len, vectors[i].bytes, vectors[i].len);
      g_assert_cmpint (al_base64url_decode (text, strlen (text), NULL), ==, (ssize_t) vectors[i].len);
    }
}

static void
test_bad (void)
{
  static const char *const bad[] = { "A", "AAAAA", "Zg==", "Zm8=", "Zh", "Zm9", "Zm 9", "+/+/", "Zg\n", "Zm9v\xc3\xa4", "Z.8" };

  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      uint8_t bytes[16];

      g_test_message ("%s", bad[i]);
      g_assert_cmpint (al_base64url_decode (bad[i], strlen (bad[i]), bytes), ==, -1);
    }
  /* a NUL is a character like any other that is not in the alphabet */
  g_assert_cmpint (al_base64url_decode ("Z\0", 2, NULL), ==, -1);
}

static void
test_all_lengths (void)
{
  uint8_t bytes[100], again[100];
  char text[140];

  for (unsigned i = 0; i < sizeof bytes; i++)
    bytes[i] = (uint8_t) (i * 167 + 13);
  for (size_t len = 0; len <= sizeof bytes; len++)
    {
      al_base64url_encode (bytes, len, text);
      g_assert_cmpint (al_base64url_decode (text, strlen (text), again), ==, (ssize_t) len);
      g_assert_cmpmem (again, len, bytes, len);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/base64url/vectors", test_vectors);
  g_test_add_func ("/base/base64url/bad", test_bad);
  g_test_add_func ("/base/base64url/all-lengths", test_all_lengths);
  return g_test_run ();
}
