/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bytes.h"
#include "server/load/clip.h"
#include "server/load/stamp.h"

/* frames of 10 bytes; 'k' a keyframe, 'd' one that depends on others */
static uint8_t *
make_ivf (const char *frames, size_t *ret_len)
{
  size_t len = 32 + strlen (frames) * 22;
  uint8_t *bytes = g_malloc0 (len);
  AlWriter out;

  al_writer_init (&out, bytes, len);
  al_writer_bytes (&out, "DKIF\0\0\x20\0VP80", 12);
  al_writer_zero (&out, 20);
  for (; *frames != '\0'; frames++)
    {
      al_writer_u32_le (&out, 10);
      al_writer_zero (&out, 8);
      al_writer_u8 (&out, *frames == 'd');
      al_writer_zero (&out, 9);
    }
  *ret_len = al_writer_len (&out);
  return bytes;
}

static void
test_ivf (void)
{
  size_t len;
  uint8_t *bytes = make_ivf ("kddkd", &len);
  g_autoptr (LoadClip) clip = load_clip_parse_ivf (bytes, len, NULL);

  g_assert_nonnull (clip);
  g_assert_cmpuint (clip->n_frames, ==, 5);
  g_assert_cmpuint (clip->frames[4].len, ==, 10);
  g_assert_cmpuint (load_clip_next_keyframe (clip, 0), ==, 0);
  g_assert_cmpuint (load_clip_next_keyframe (clip, 1), ==, 3);
  g_assert_cmpuint (load_clip_next_keyframe (clip, 4), ==, 0);
}

static void
test_bad_ivf (void)
{
  static const char *const bad[] = { "", "dk" };
  size_t len;
  uint8_t *bytes;

  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      bytes = make_ivf (bad[i], &len);
      g_assert_null (load_clip_parse_ivf (bytes, len, NULL));
    }
  for (size_t cut = 1; cut < 22; cut++)
    {
      bytes = make_ivf ("kd", &len);
      g_assert_null (load_clip_parse_ivf (bytes, len - cut, NULL));
    }
  bytes = make_ivf ("k", &len);
  bytes[8] = 'A';
  g_assert_null (load_clip_parse_ivf (bytes, len, NULL));
}

static size_t
put_page (uint8_t *data, uint8_t flags, const uint8_t *lacing, uint8_t n)
{
  size_t body = 0;

  memset (data, 0, 27);
  memcpy (data, "OggS", 4);
  data[5] = flags;
  data[26] = n;
  memcpy (data + 27, lacing, n);
  for (unsigned i = 0; i < n; i++)
    body += lacing[i];
  memset (data + 27 + n, 0x5a, body);
  return 27 + n + body;
}

static void
test_ogg (void)
{
  uint8_t *bytes = g_malloc (4096);
  size_t len = put_page (bytes, 2, (const uint8_t[]){ 19 }, 1);
  g_autoptr (LoadClip) clip = NULL;

  len += put_page (bytes + len, 0, (const uint8_t[]){ 30 }, 1);
  len += put_page (bytes + len, 0, (const uint8_t[]){ 80, 255, 5, 255, 0 }, 5);
  len += put_page (bytes + len, 4, (const uint8_t[]){ 90 }, 1);
  clip = load_clip_parse_ogg (bytes, len, NULL);
  g_assert_nonnull (clip);
  g_assert_cmpuint (clip->n_frames, ==, 4);
  g_assert_cmpuint (clip->frames[0].len, ==, 80);
  g_assert_cmpuint (clip->frames[1].len, ==, 260);
  g_assert_cmpuint (clip->frames[2].len, ==, 255);
  g_assert_cmpuint (clip->frames[3].len, ==, 90);
}

static void
test_bad_ogg (void)
{
  static const struct {
    uint8_t flags, n, lacing[3];
    size_t cut;
  } pages[] = {
    { 1, 1, { 10 }, 0 },      /* goes on from the page before */
    { 0, 1, { 255 }, 0 },     /* goes on in the next */
    { 0, 2, { 10, 10 }, 1 },
    { 0, 1, { 10 }, 25 },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (pages); i++)
    {
      uint8_t *bytes = g_malloc (1024);
      size_t len = put_page (bytes, 2, (const uint8_t[]){ 19, 10, 10 }, 3);

      len += put_page (bytes + len, pages[i].flags, pages[i].lacing, pages[i].n);
      g_assert_null (load_clip_parse_ogg (bytes, len - pages[i].cut, NULL));
    }
}

static void
test_stamp (void)
{
  static const uint8_t opus[] = { 0x78, 1, 2, 3 }, three[] = { 0x7b, 1, 2, 3 };
  uint8_t data[64];
  int64_t us = 0;
  size_t len = load_stamp_pad_opus (opus, sizeof opus, 1234567890123456, data);

  g_assert_cmpuint (len, ==, sizeof opus + 2 + LOAD_STAMP_BYTES);
  g_assert_cmphex (data[0], ==, 0x7b);
  g_assert_cmpmem (data + 3, 3, opus + 1, 3);
  g_assert_true (load_stamp_read (data, len, &us));
  g_assert_cmpint (us, ==, 1234567890123456);
  g_assert_false (load_stamp_read (data, len - 1, &us));
  g_assert_false (load_stamp_read (data, LOAD_STAMP_BYTES - 1, &us));
  g_assert_cmpuint (load_stamp_pad_opus (three, sizeof three, 1, data), ==, sizeof three);
  g_assert_cmpmem (data, sizeof three, three, sizeof three);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/clip/ivf", test_ivf);
  g_test_add_func ("/server/clip/ivf/bad", test_bad_ivf);
  g_test_add_func ("/server/clip/ogg", test_ogg);
  g_test_add_func ("/server/clip/ogg/bad", test_bad_ogg);
  g_test_add_func ("/server/clip/stamp", test_stamp);
  return g_test_run ();
}
