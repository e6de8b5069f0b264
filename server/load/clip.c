/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/clip.h"

#include <string.h>

#include "base/bytes.h"

#define IVF_HEADER 32
#define OGG_SEGMENTS_MAX 255

G_DEFINE_QUARK (load-clip-error-quark, load_clip_error)

static LoadClip *
finish (GArray *frames, uint8_t *bytes, const char *fault, GError **error)
{
  LoadClip *clip;

  if (fault == NULL && frames->len == 0)
    fault = "it holds no frame";
  if (fault == NULL && !g_array_index (frames, LoadFrame, 0).keyframe)
    fault = "it does not begin with a keyframe";
  if (fault != NULL)
    {
      g_set_error (error, LOAD_CLIP_ERROR, 0, "the clip is not usable: %s", fault);
      g_array_unref (frames);
      g_free (bytes);
      return NULL;
    }
  clip = g_new0 (LoadClip, 1);
  clip->n_frames = frames->len;
  clip->frames = (LoadFrame *) (void *) g_array_free (frames, FALSE);
  clip->bytes = bytes;
  return clip;
}

LoadClip *
load_clip_parse_ivf (uint8_t *bytes, size_t len, GError **error)
{
  GArray *frames = g_array_new (FALSE, FALSE, sizeof (LoadFrame));
  AlReader in;
  const uint8_t *head;

  al_reader_init (&in, bytes, len);
  head = al_reader_slice (&in, IVF_HEADER);
  if (head == NULL || memcmp (head, "DKIF", 4) != 0 || memcmp (head + 8, "VP80", 4) != 0)
    return finish (frames, bytes, "no IVF of VP8", error);
  while (al_reader_remaining (&in) > 0)
    {
      LoadFrame frame = { .len = al_reader_u32_le (&in) };

      (void) al_reader_skip (&in, 8); /* its time: frames are replayed evenly */
      frame.data = al_reader_slice (&in, frame.len);
      if (frame.data == NULL || frame.len < 10)
        return finish (frames, bytes, "a frame is cut off", error);
      frame.keyframe = (frame.data[0] & 1) == 0; /* RFC 6386 §9.1 */
      g_array_append_val (frames, frame);
    }
  return finish (frames, bytes, NULL, error);
}

/* The packets that end in one page; @skip: header packets still to be left out. */
static const char *
parse_page (AlReader *in, GArray *frames, unsigned *skip)
{
  const uint8_t *head = al_reader_slice (in, 27), *lacing;
  uint32_t len = 0;

  if (head == NULL || memcmp (head, "OggS", 4) != 0 || head[4] != 0)
    return "no Ogg page where one must be";
  if ((head[5] & 1) != 0)
    return "a packet goes over pages";
  lacing = al_reader_slice (in, head[26]);
  for (unsigned i = 0; lacing != NULL && i < head[26]; i++)
    {
      LoadFrame frame = { .keyframe = true };

      len += lacing[i];
      if (lacing[i] == OGG_SEGMENTS_MAX)
        continue;
      frame.data = al_reader_slice (in, len);
      frame.len = len;
      len = 0;
      if (frame.data == NULL)
        break;
      if (*skip > 0)
        (*skip)--;
      else if (frame.len > 0)
        g_array_append_val (frames, frame);
    }
  if (len > 0)
    return "a packet goes over pages";
  return al_reader_failed (in) ? "a page is cut off" : NULL;
}

LoadClip *
load_clip_parse_ogg (uint8_t *bytes, size_t len, GError **error)
{
  GArray *frames = g_array_new (FALSE, FALSE, sizeof (LoadFrame));
  const char *fault = NULL;
  unsigned skip = 2; /* OpusHead, OpusTags */
  AlReader in;

  al_reader_init (&in, bytes, len);
  while (fault == NULL && al_reader_remaining (&in) > 0)
    fault = parse_page (&in, frames, &skip);
  return finish (frames, bytes, fault, error);
}

LoadClip *
load_clip_read (const char *path, GError **error)
{
  char *bytes = NULL;
  gsize len = 0;

  if (!g_file_get_contents (path, &bytes, &len, error))
    return NULL;
  return len >= 4 && memcmp (bytes, "OggS", 4) == 0 ? load_clip_parse_ogg ((uint8_t *) bytes, len, error)
                                                    : load_clip_parse_ivf ((uint8_t *) bytes, len, error);
}

void
load_clip_free (LoadClip *clip)
{
  if (clip == NULL)
    return;
  g_free (clip->frames);
  g_free (clip->bytes);
  g_free (clip);
}

unsigned
load_clip_next_keyframe (const LoadClip *clip, unsigned index)
{
  for (unsigned i = index; i < clip->n_frames; i++)
    if (clip->frames[i].keyframe)
      return i;
  return 0; /* the first frame is one */
}
