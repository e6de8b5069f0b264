/* SPDX-License-Identifier: Apache-2.0 */
/* Sequences of Unicode TS 51, section 1.4.9, and the characters that they are made of. */
#include "messaging/emoji.h"

#include <stdint.h>
#include <string.h>

#include "messaging/core.h"

#define WHOLE 1 /* a picture without being asked: Emoji_Presentation */
#define TONED 2 /* may have a skin tone: Emoji_Modifier_Base */

#define JOINER 0x200d
#define KEYCAP 0x20e3
#define AS_PICTURE 0xfe0f
#define BLACK_FLAG 0x1f3f4
#define TAG_END 0xe007f

/* Unicode 17: Emoji, without digits, regional indicators and skin tones; and what is reserved as Extended_Pictographic. */
static const struct {
  uint32_t first, last;
  unsigned flags;
} pictures[] = {
  /* clang-format off */
  { 0xa9, 0xa9, 0 }, { 0xae, 0xae, 0 }, { 0x203c, 0x203c, 0 }, { 0x2049, 0x2049, 0 }, { 0x2122, 0x2122, 0 },
  { 0x2139, 0x2139, 0 }, { 0x2194, 0x2199, 0 }, { 0x21a9, 0x21aa, 0 }, { 0x231a, 0x231b, WHOLE },
  { 0x2328, 0x2328, 0 }, { 0x23cf, 0x23cf, 0 }, { 0x23e9, 0x23ec, WHOLE }, { 0x23ed, 0x23ef, 0 },
  { 0x23f0, 0x23f0, WHOLE }, { 0x23f1, 0x23f2, 0 }, { 0x23f3, 0x23f3, WHOLE }, { 0x23f8, 0x23fa, 0 },
  { 0x24c2, 0x24c2, 0 }, { 0x25aa, 0x25ab, 0 }, { 0x25b6, 0x25b6, 0 }, { 0x25c0, 0x25c0, 0 }, { 0x25fb, 0x25fc, 0 },
  { 0x25fd, 0x25fe, WHOLE }, { 0x2600, 0x2604, 0 }, { 0x260e, 0x260e, 0 }, { 0x2611, 0x2611, 0 },
  { 0x2614, 0x2615, WHOLE }, { 0x2618, 0x2618, 0 }, { 0x261d, 0x261d, TONED }, { 0x2620, 0x2620, 0 },
  { 0x2622, 0x2623, 0 }, { 0x2626, 0x2626, 0 }, { 0x262a, 0x262a, 0 }, { 0x262e, 0x262f, 0 }, { 0x2638, 0x263a, 0 },
  { 0x2640, 0x2640, 0 }, { 0x2642, 0x2642, 0 }, { 0x2648, 0x2653, WHOLE }, { 0x265f, 0x2660, 0 },
  { 0x2663, 0x2663, 0 }, { 0x2665, 0x2666, 0 }, { 0x2668, 0x2668, 0 }, { 0x267b, 0x267b, 0 }, { 0x267e, 0x267e, 0 },
  { 0x267f, 0x267f, WHOLE }, { 0x2692, 0x2692, 0 }, { 0x2693, 0x2693, WHOLE }, { 0x2694, 0x2697, 0 },
  { 0x2699, 0x2699, 0 }, { 0x269b, 0x269c, 0 }, { 0x26a0, 0x26a0, 0 }, { 0x26a1, 0x26a1, WHOLE },
  { 0x26a7, 0x26a7, 0 }, { 0x26aa, 0x26ab, WHOLE }, { 0x26b0, 0x26b1, 0 }, { 0x26bd, 0x26be, WHOLE },
  { 0x26c4, 0x26c5, WHOLE }, { 0x26c8, 0x26c8, 0 }, { 0x26ce, 0x26ce, WHOLE }, { 0x26cf, 0x26cf, 0 },
  { 0x26d1, 0x26d1, 0 }, { 0x26d3, 0x26d3, 0 }, { 0x26d4, 0x26d4, WHOLE }, { 0x26e9, 0x26e9, 0 },
  { 0x26ea, 0x26ea, WHOLE }, { 0x26f0, 0x26f1, 0 }, { 0x26f2, 0x26f3, WHOLE }, { 0x26f4, 0x26f4, 0 },
  { 0x26f5, 0x26f5, WHOLE }, { 0x26f7, 0x26f8, 0 }, { 0x26f9, 0x26f9, TONED }, { 0x26fa, 0x26fa, WHOLE },
  { 0x26fd, 0x26fd, WHOLE }, { 0x2702, 0x2702, 0 }, { 0x2705, 0x2705, WHOLE }, { 0x2708, 0x2709, 0 },
  { 0x270a, 0x270b, WHOLE | TONED }, { 0x270c, 0x270d, TONED }, { 0x270f, 0x270f, 0 }, { 0x2712, 0x2712, 0 },
  { 0x2714, 0x2714, 0 }, { 0x2716, 0x2716, 0 }, { 0x271d, 0x271d, 0 }, { 0x2721, 0x2721, 0 },
  { 0x2728, 0x2728, WHOLE }, { 0x2733, 0x2734, 0 }, { 0x2744, 0x2744, 0 }, { 0x2747, 0x2747, 0 },
  { 0x274c, 0x274c, WHOLE }, { 0x274e, 0x274e, WHOLE }, { 0x2753, 0x2755, WHOLE }, { 0x2757, 0x2757, WHOLE },
  { 0x2763, 0x2764, 0 }, { 0x2795, 0x2797, WHOLE }, { 0x27a1, 0x27a1, 0 }, { 0x27b0, 0x27b0, WHOLE },
  { 0x27bf, 0x27bf, WHOLE }, { 0x2934, 0x2935, 0 }, { 0x2b05, 0x2b07, 0 }, { 0x2b1b, 0x2b1c, WHOLE },
  { 0x2b50, 0x2b50, WHOLE }, { 0x2b55, 0x2b55, WHOLE }, { 0x3030, 0x3030, 0 }, { 0x303d, 0x303d, 0 },
  { 0x3297, 0x3297, 0 }, { 0x3299, 0x3299, 0 }, { 0x1f004, 0x1f004, WHOLE }, { 0x1f02c, 0x1f02f, WHOLE },
  { 0x1f094, 0x1f09f, WHOLE }, { 0x1f0af, 0x1f0b0, WHOLE }, { 0x1f0c0, 0x1f0c0, WHOLE }, { 0x1f0cf, 0x1f0d0, WHOLE },
  { 0x1f0f6, 0x1f0ff, WHOLE }, { 0x1f170, 0x1f171, 0 }, { 0x1f17e, 0x1f17f, 0 }, { 0x1f18e, 0x1f18e, WHOLE },
  { 0x1f191, 0x1f19a, WHOLE }, { 0x1f1ae, 0x1f1e5, WHOLE }, { 0x1f201, 0x1f201, WHOLE }, { 0x1f202, 0x1f202, 0 },
  { 0x1f203, 0x1f20f, WHOLE }, { 0x1f21a, 0x1f21a, WHOLE }, { 0x1f22f, 0x1f22f, WHOLE }, { 0x1f232, 0x1f236, WHOLE },
  { 0x1f237, 0x1f237, 0 }, { 0x1f238, 0x1f23a, WHOLE }, { 0x1f23c, 0x1f23f, WHOLE }, { 0x1f249, 0x1f25f, WHOLE },
  { 0x1f266, 0x1f320, WHOLE }, { 0x1f321, 0x1f321, 0 }, { 0x1f324, 0x1f32c, 0 }, { 0x1f32d, 0x1f335, WHOLE },
  { 0x1f336, 0x1f336, 0 }, { 0x1f337, 0x1f37c, WHOLE }, { 0x1f37d, 0x1f37d, 0 }, { 0x1f37e, 0x1f384, WHOLE },
  { 0x1f385, 0x1f385, WHOLE | TONED }, { 0x1f386, 0x1f393, WHOLE }, { 0x1f396, 0x1f397, 0 }, { 0x1f399, 0x1f39b, 0 },
  { 0x1f39e, 0x1f39f, 0 }, { 0x1f3a0, 0x1f3c1, WHOLE }, { 0x1f3c2, 0x1f3c4, WHOLE | TONED },
  { 0x1f3c5, 0x1f3c6, WHOLE }, { 0x1f3c7, 0x1f3c7, WHOLE | TONED }, { 0x1f3c8, 0x1f3c9, WHOLE },
  { 0x1f3ca, 0x1f3ca, WHOLE | TONED }, { 0x1f3cb, 0x1f3cc, TONED }, { 0x1f3cd, 0x1f3ce, 0 },
  { 0x1f3cf, 0x1f3d3, WHOLE }, { 0x1f3d4, 0x1f3df, 0 }, { 0x1f3e0, 0x1f3f0, WHOLE }, { 0x1f3f3, 0x1f3f3, 0 },
  { 0x1f3f4, 0x1f3f4, WHOLE }, { 0x1f3f5, 0x1f3f5, 0 }, { 0x1f3f7, 0x1f3f7, 0 }, { 0x1f3f8, 0x1f3fa, WHOLE },
  { 0x1f400, 0x1f43e, WHOLE }, { 0x1f43f, 0x1f43f, 0 }, { 0x1f440, 0x1f440, WHOLE }, { 0x1f441, 0x1f441, 0 },
  { 0x1f442, 0x1f443, WHOLE | TONED }, { 0x1f444, 0x1f445, WHOLE }, { 0x1f446, 0x1f450, WHOLE | TONED },
  { 0x1f451, 0x1f465, WHOLE }, { 0x1f466, 0x1f478, WHOLE | TONED }, { 0x1f479, 0x1f47b, WHOLE },
  { 0x1f47c, 0x1f47c, WHOLE | TONED }, { 0x1f47d, 0x1f480, WHOLE }, { 0x1f481, 0x1f483, WHOLE | TONED },
  { 0x1f484, 0x1f484, WHOLE }, { 0x1f485, 0x1f487, WHOLE | TONED }, { 0x1f488, 0x1f48e, WHOLE },
  { 0x1f48f, 0x1f48f, WHOLE | TONED }, { 0x1f490, 0x1f490, WHOLE }, { 0x1f491, 0x1f491, WHOLE | TONED },
  { 0x1f492, 0x1f4a9, WHOLE }, { 0x1f4aa, 0x1f4aa, WHOLE | TONED }, { 0x1f4ab, 0x1f4fc, WHOLE },
  { 0x1f4fd, 0x1f4fd, 0 }, { 0x1f4ff, 0x1f53d, WHOLE }, { 0x1f549, 0x1f54a, 0 }, { 0x1f54b, 0x1f54e, WHOLE },
  { 0x1f550, 0x1f567, WHOLE }, { 0x1f56f, 0x1f570, 0 }, { 0x1f573, 0x1f573, 0 }, { 0x1f574, 0x1f575, TONED },
  { 0x1f576, 0x1f579, 0 }, { 0x1f57a, 0x1f57a, WHOLE | TONED }, { 0x1f587, 0x1f587, 0 }, { 0x1f58a, 0x1f58d, 0 },
  { 0x1f590, 0x1f590, TONED }, { 0x1f595, 0x1f596, WHOLE | TONED }, { 0x1f5a4, 0x1f5a4, WHOLE },
  { 0x1f5a5, 0x1f5a5, 0 }, { 0x1f5a8, 0x1f5a8, 0 }, { 0x1f5b1, 0x1f5b2, 0 }, { 0x1f5bc, 0x1f5bc, 0 },
  { 0x1f5c2, 0x1f5c4, 0 }, { 0x1f5d1, 0x1f5d3, 0 }, { 0x1f5dc, 0x1f5de, 0 }, { 0x1f5e1, 0x1f5e1, 0 },
  { 0x1f5e3, 0x1f5e3, 0 }, { 0x1f5e8, 0x1f5e8, 0 }, { 0x1f5ef, 0x1f5ef, 0 }, { 0x1f5f3, 0x1f5f3, 0 },
  { 0x1f5fa, 0x1f5fa, 0 }, { 0x1f5fb, 0x1f644, WHOLE }, { 0x1f645, 0x1f647, WHOLE | TONED },
  { 0x1f648, 0x1f64a, WHOLE }, { 0x1f64b, 0x1f64f, WHOLE | TONED }, { 0x1f680, 0x1f6a2, WHOLE },
  { 0x1f6a3, 0x1f6a3, WHOLE | TONED }, { 0x1f6a4, 0x1f6b3, WHOLE }, { 0x1f6b4, 0x1f6b6, WHOLE | TONED },
  { 0x1f6b7, 0x1f6bf, WHOLE }, { 0x1f6c0, 0x1f6c0, WHOLE | TONED }, { 0x1f6c1, 0x1f6c5, WHOLE },
  { 0x1f6cb, 0x1f6cb, 0 }, { 0x1f6cc, 0x1f6cc, WHOLE | TONED }, { 0x1f6cd, 0x1f6cf, 0 }, { 0x1f6d0, 0x1f6d2, WHOLE },
  { 0x1f6d5, 0x1f6df, WHOLE }, { 0x1f6e0, 0x1f6e5, 0 }, { 0x1f6e9, 0x1f6e9, 0 }, { 0x1f6eb, 0x1f6ef, WHOLE },
  { 0x1f6f0, 0x1f6f0, 0 }, { 0x1f6f3, 0x1f6f3, 0 }, { 0x1f6f4, 0x1f6ff, WHOLE }, { 0x1f7da, 0x1f7ff, WHOLE },
  { 0x1f80c, 0x1f80f, WHOLE }, { 0x1f848, 0x1f84f, WHOLE }, { 0x1f85a, 0x1f85f, WHOLE }, { 0x1f888, 0x1f88f, WHOLE },
  { 0x1f8ae, 0x1f8af, WHOLE }, { 0x1f8bc, 0x1f8bf, WHOLE }, { 0x1f8c2, 0x1f8cf, WHOLE }, { 0x1f8d9, 0x1f8ff, WHOLE },
  { 0x1f90c, 0x1f90c, WHOLE | TONED }, { 0x1f90d, 0x1f90e, WHOLE }, { 0x1f90f, 0x1f90f, WHOLE | TONED },
  { 0x1f910, 0x1f917, WHOLE }, { 0x1f918, 0x1f91f, WHOLE | TONED }, { 0x1f920, 0x1f925, WHOLE },
  { 0x1f926, 0x1f926, WHOLE | TONED }, { 0x1f927, 0x1f92f, WHOLE }, { 0x1f930, 0x1f939, WHOLE | TONED },
  { 0x1f93a, 0x1f93a, WHOLE }, { 0x1f93c, 0x1f93e, WHOLE | TONED }, { 0x1f93f, 0x1f945, WHOLE },
  { 0x1f947, 0x1f976, WHOLE }, { 0x1f977, 0x1f977, WHOLE | TONED }, { 0x1f978, 0x1f9b4, WHOLE },
  { 0x1f9b5, 0x1f9b6, WHOLE | TONED }, { 0x1f9b7, 0x1f9b7, WHOLE }, { 0x1f9b8, 0x1f9b9, WHOLE | TONED },
  { 0x1f9ba, 0x1f9ba, WHOLE }, { 0x1f9bb, 0x1f9bb, WHOLE | TONED }, { 0x1f9bc, 0x1f9cc, WHOLE },
  { 0x1f9cd, 0x1f9cf, WHOLE | TONED }, { 0x1f9d0, 0x1f9d0, WHOLE }, { 0x1f9d1, 0x1f9dd, WHOLE | TONED },
  { 0x1f9de, 0x1f9ff, WHOLE }, { 0x1fa58, 0x1fa5f, WHOLE }, { 0x1fa6e, 0x1fac2, WHOLE },
  { 0x1fac3, 0x1fac5, WHOLE | TONED }, { 0x1fac6, 0x1faef, WHOLE }, { 0x1faf0, 0x1faf8, WHOLE | TONED },
  { 0x1faf9, 0x1faff, WHOLE }, { 0x1fc00, 0x1fffd, WHOLE },
  /* clang-format on */
};

typedef struct {
  const char *p;
  GString *out;
} Walk;

static gunichar
peek (const Walk *walk)
{
  return g_utf8_get_char (walk->p);
}

static void
step (Walk *walk, bool keep)
{
  if (keep)
    g_string_append_unichar (walk->out, peek (walk));
  walk->p = g_utf8_next_char (walk->p);
}

/* Returns: whether the next one is @c, which is passed */
static bool
take (Walk *walk, gunichar c, bool keep)
{
  if (peek (walk) != c)
    return false;
  step (walk, keep);
  return true;
}

static bool
find_picture (gunichar c, unsigned *ret_flags)
{
  unsigned low = 0, high = G_N_ELEMENTS (pictures);

  while (low < high)
    {
      unsigned mid = (low + high) / 2;

      if (c > pictures[mid].last)
        low = mid + 1;
      else
        high = mid;
    }
  if (low == G_N_ELEMENTS (pictures) || c < pictures[low].first)
    return false;
  *ret_flags = pictures[low].flags;
  return true;
}

static bool
is_tone (gunichar c)
{
  return c >= 0x1f3fb && c <= 0x1f3ff;
}

static bool
is_region (gunichar c)
{
  return c >= 0x1f1e6 && c <= 0x1f1ff;
}

/* a country */
static bool
take_flag (Walk *walk)
{
  if (!is_region (peek (walk)))
    return false;
  step (walk, true);
  if (!is_region (peek (walk)))
    return false;
  step (walk, true);
  return true;
}

static bool
take_keycap (Walk *walk)
{
  gunichar c = peek (walk);

  if (c == 0 || c > 0x7f || strchr ("0123456789#*", (int) c) == NULL)
    return false;
  step (walk, true);
  (void) take (walk, AS_PICTURE, false);
  g_string_append_unichar (walk->out, AS_PICTURE);
  return take (walk, KEYCAP, true);
}

static bool
take_picture (Walk *walk)
{
  unsigned flags;

  if (!find_picture (peek (walk), &flags))
    return false;
  step (walk, true);
  (void) take (walk, AS_PICTURE, false);
  if ((flags & TONED) != 0 && is_tone (peek (walk)))
    step (walk, true);
  else if ((flags & WHOLE) == 0)
    g_string_append_unichar (walk->out, AS_PICTURE);
  return true;
}

/* a flag of a part of a country: its letters as tags behind a black one */
static bool
take_tags (Walk *walk)
{
  unsigned n = 0;

  if (peek (walk) != BLACK_FLAG)
    return false;
  step (walk, true);
  for (; peek (walk) >= 0xe0020 && peek (walk) < TAG_END; n++)
    step (walk, true);
  return n > 0 && take (walk, TAG_END, true);
}

static bool
take_pictures (Walk *walk)
{
  do
    {
      if (!take_picture (walk))
        return false;
    }
  while (take (walk, JOINER, true));
  return true;
}

bool
msg_emoji_normalise (const char *text, char ret_emoji[MSG_EMOJI_BYTES + 1], GError **error)
{
  static bool (*const ways[]) (Walk * walk) = { take_flag, take_keycap, take_tags, take_pictures };
  g_autoptr (GString) out = g_string_sized_new (MSG_EMOJI_BYTES);
  bool ok = false;

  g_return_val_if_fail (text != NULL && ret_emoji != NULL, false);
  if (strlen (text) <= MSG_EMOJI_BYTES && g_utf8_validate (text, -1, NULL))
    for (unsigned i = 0; i < G_N_ELEMENTS (ways) && !ok; i++)
      {
        Walk walk = { text, out };

        g_string_truncate (out, 0);
        ok = ways[i](&walk) && *walk.p == '\0' && out->len <= MSG_EMOJI_BYTES;
      }
  if (ok)
    memcpy (ret_emoji, out->str, out->len + 1);
  else
    g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "emoji", "A reaction is one emoji."));
  return ok;
}
