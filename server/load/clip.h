/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An encoded clip that publishers replay: the frames of an IVF file of VP8, the packets of an Ogg file of Opus. Frames are
 * views into the file's bytes, which live as long as the clip. Any thread once it is made.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** LoadFrame: @data: @len bytes; @keyframe: of VP8; every Opus packet is one. */
typedef struct {
  const uint8_t *data;
  uint32_t len;
  bool keyframe;
} LoadFrame;

typedef struct {
  LoadFrame *frames; /* owned */
  unsigned n_frames;
  uint8_t *bytes; /* owned: what the frames point into */
} LoadClip;

#define LOAD_CLIP_ERROR (load_clip_error_quark ())
GQuark load_clip_error_quark (void);

/**
 * load_clip_parse_ivf: VP8 in IVF ("DKIF"): a header of 32 bytes, then frames of a length, a time and bytes.
 * @bytes: (transfer full): @len bytes, the clip's also when it fails
 *
 * Returns: (transfer full) (nullable): NULL when it is none, holds no keyframe at its begin, or a frame is cut.
 */
LoadClip *load_clip_parse_ivf (uint8_t *bytes, size_t len, GError **error);
/**
 * load_clip_parse_ogg: Opus in Ogg (RFC 3533, RFC 7845): one stream; its two header packets are left out. Packets that
 * go over pages are refused: those of one speech stream are far shorter than a page.
 */
LoadClip *load_clip_parse_ogg (uint8_t *bytes, size_t len, GError **error);
/** load_clip_read: by the file's first bytes one of the above. */
LoadClip *load_clip_read (const char *path, GError **error);
void load_clip_free (LoadClip *clip);
/** load_clip_next_keyframe: Returns: the first keyframe at or after @index, from the begin when there is none behind. */
unsigned load_clip_next_keyframe (const LoadClip *clip, unsigned index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LoadClip, load_clip_free)
