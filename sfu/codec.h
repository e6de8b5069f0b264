/* SPDX-License-Identifier: Apache-2.0 */
/* The codecs that the SFU forwards, and what forwarding must know of one packet of them. No state. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum {
  SFU_CODEC_NONE,
  SFU_CODEC_OPUS,
  SFU_CODEC_RED, /* RFC 2198 around Opus */
  SFU_CODEC_VP8,
  SFU_CODEC_VP9,
  SFU_CODEC_H264,
  SFU_CODEC_AV1,
  SFU_CODEC_N
} SfuCodec;

/** SfuKind: what an m= section carries. */
typedef enum { SFU_AUDIO, SFU_VIDEO, SFU_KIND_N } SfuKind;

/** SFU_LAYERS_MAX: simulcast encodings (RIDs) of a track; spatial and temporal layers inside each have the same bound. */
#define SFU_LAYERS_MAX 4
#define SFU_SPATIAL_MAX 4
#define SFU_TEMPORAL_MAX 4
/** SFU_LAYER_BIT: of spatial layer @s and temporal layer @t in a mask of 16. */
#define SFU_LAYER_BIT(s, t) (1u << ((s) *SFU_TEMPORAL_MAX + (t)))

/** SfuVp8: of the payload descriptor (RFC 7741 §4.2). Offsets count from the payload's first byte; 0: not there. */
typedef struct {
  uint16_t picture_id;
  uint8_t tl0_pic_idx, key_idx;
  uint8_t picture_id_at, tl0_at;
  bool long_picture_id; /* 15 bits */
} SfuVp8;

/** SfuVp9: of the payload descriptor (RFC 9628 §4.2). */
typedef struct {
  uint16_t picture_id;
  uint8_t tl0_pic_idx;
  uint8_t picture_id_at, tl0_at;
  bool long_picture_id;
  bool flexible;        /* F */
  bool inter_layer;     /* D: this spatial layer's frame depends on the one below of the same picture */
  bool inter_picture;   /* P: depends on earlier pictures */
  bool not_ref_upper;   /* Z: not a reference for upper spatial layers */
  bool scalability;     /* V: the scalability structure follows */
} SfuVp9;

/** SFU_CHAINS_MAX: chains of a template structure; SFU_FDIFFS_MAX: frames that a frame may refer to. */
#define SFU_CHAINS_MAX 8
#define SFU_FDIFFS_MAX 8

/**
 * SfuDependency: what the dependency descriptor says of a frame (AV1 RTP specification, appendix A).
 * @fdiffs: frame numbers back to each frame that it refers to: exactly when all of those were got it can be decoded
 * @chain_diffs: frame numbers back to the frame before on chain c; 0: the chain begins here. A decode target is intact while
 *   each frame of the chain that protects it was got
 * @pending_layers, @broken_layers: bit SFU_LAYER_BIT (s, t): the chain of the richest target up to layers s and t has a gap
 *   before this frame: one that may still be filled, one that never will be
 */
typedef struct {
  uint16_t frame_number;
  uint8_t template_id;
  bool structure;            /* a template structure came with it */
  uint32_t decode_targets;   /* bit t: the frame belongs to (is not "not present" in) decode target t */
  uint32_t switch_targets;   /* bit t: switch indication: from here on target t can be decoded */
  uint32_t active_targets;   /* the last active_decode_targets_bitmask known */
  uint16_t pending_layers, broken_layers;
  uint8_t n_targets, n_chains, n_fdiffs;
  uint8_t chain_diffs[SFU_CHAINS_MAX];
  uint16_t fdiffs[SFU_FDIFFS_MAX];
} SfuDependency;

/**
 * SfuFrame: of one packet, whichever its codec. What the payload does not tell (encrypted, or not part of the codec) comes
 * from the dependency descriptor when there is one.
 * @start, @end: the first and the last packet of the frame (of one spatial layer of a picture)
 * @picture_end: the last packet of the whole picture
 * @keyframe: of a picture that can be decoded without any before (and, for @spatial above 0, of such a superframe)
 * @switch_up: whoever has got lower temporal layers only may get @temporal from here on
 * @discardable: no other frame needs it
 * @spatial, @temporal: 0 when the codec has none
 */
typedef struct {
  SfuCodec codec;
  bool start, end, picture_end, keyframe, switch_up, discardable;
  bool has_dependency;
  uint8_t spatial, temporal;
  uint16_t width, height; /* of a keyframe, as far as the payload tells; 0: unknown */
  union {
    SfuVp8 vp8;
    SfuVp9 vp9;
  };
  SfuDependency dependency;
} SfuFrame;
