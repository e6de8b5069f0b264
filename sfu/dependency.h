/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dependency descriptor (RTP payload format for AV1, appendix A): of any codec, what a frame belongs to and needs, without
 * a look at the payload. No I/O, nothing allocated. Any thread, one at a time per state.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sfu/codec.h"

#define SFU_DEPENDENCY_TEMPLATES_MAX 64
#define SFU_DEPENDENCY_TARGETS_MAX 32
/** SFU_DEPENDENCY_MAX: bytes of a descriptor: of an element's length byte. */
#define SFU_DEPENDENCY_MAX 255
/** SFU_DEPENDENCY_GROWTH: bytes by which sfu_dependency_write() may make a descriptor longer beside the structure itself. */
#define SFU_DEPENDENCY_GROWTH 5

/** SfuDependencyTemplate: @dtis: 2 bits a target, from the lowest: 0 not present, 1 discardable, 2 switch, 3 required */
typedef struct {
  uint64_t dtis;
  uint8_t spatial, temporal, n_fdiffs;
  uint8_t fdiffs[SFU_FDIFFS_MAX];
  uint8_t chain_diffs[SFU_CHAINS_MAX];
} SfuDependencyTemplate;

/**
 * SfuDependencyState: of one SSRC: the template structure that came last, which later descriptors refer to. A plain value: may
 * be copied, so that another worker has its own. Zeroed is ready. Read what is public after a parse.
 * @n_targets: 0: no structure yet
 * @target_spatial, @target_temporal: the layers that decode target t contains
 * @chain_of: the chain that protects decode target t; undefined when @n_chains is 0
 * @chain_layers: bit SFU_LAYER_BIT (s, t): chain c protects the richest target up to these layers
 * @width, @height: of spatial layer s; 0 when not told
 */
typedef struct {
  uint8_t n_templates, n_targets, n_chains, n_spatial;
  uint8_t template_offset;
  uint32_t active_targets;
  uint8_t target_spatial[SFU_DEPENDENCY_TARGETS_MAX], target_temporal[SFU_DEPENDENCY_TARGETS_MAX];
  uint8_t chain_of[SFU_DEPENDENCY_TARGETS_MAX];
  uint16_t chain_layers[SFU_CHAINS_MAX];
  uint16_t width[SFU_SPATIAL_MAX], height[SFU_SPATIAL_MAX];
  SfuDependencyTemplate templates[SFU_DEPENDENCY_TEMPLATES_MAX];
  /*< private >*/
  bool has_key;
  uint16_t key_number;                                              /* frame number of the last keyframe */
  uint16_t layer_number[SFU_SPATIAL_MAX][SFU_TEMPORAL_MAX];         /* the last frame of each layer ... */
  uint32_t layer_switches[SFU_SPATIAL_MAX][SFU_TEMPORAL_MAX];       /* ... and its switch indications */
  bool layer_seen[SFU_SPATIAL_MAX][SFU_TEMPORAL_MAX];
  uint16_t structure_bits;                                          /* the structure as it came, for writing it again */
  uint8_t structure[SFU_DEPENDENCY_MAX];
} SfuDependencyState;

/** sfu_dependency_init: no structure yet. */
void sfu_dependency_init (SfuDependencyState *state);

/**
 * sfu_dependency_parse: a descriptor in the order of arrival. When it can be read it decides, whatever the payload told:
 * start, end, layers, keyframe, switch_up, discardable, and size when the structure has it; also for encrypted payloads.
 * @frame: as sfu_payload_parse() has left it, whatever that returned; untouched when this returns false
 *
 * keyframe: the structure came with it and it needs no other frame; also the other packets of that frame, and the frames of
 * higher spatial layers of the same picture.
 *
 * Returns: false when it is malformed, names a template that no structure has (the keyframe's first packet is missing), or
 * has more than SFU_SPATIAL_MAX, SFU_TEMPORAL_MAX, SFU_CHAINS_MAX or SFU_FDIFFS_MAX of these. A bad structure does not
 * replace the good one.
 */
bool sfu_dependency_parse (SfuDependencyState *state, const uint8_t *data, size_t len, SfuFrame *frame);

/** sfu_dependency_get_targets: Returns: bit t: decode target t has no layer above these. */
uint32_t sfu_dependency_get_targets (const SfuDependencyState *state, unsigned spatial, unsigned temporal);
/** sfu_dependency_find_target: Returns: the richest decode target within these layers (spatial before temporal); -1: none. */
int sfu_dependency_find_target (const SfuDependencyState *state, unsigned spatial, unsigned temporal);

/** sfu_dependency_read_layers: of a descriptor that brings a structure: spatial << 4 | temporal layer of each decode target.
 *  Returns: how many there are; 0: it cannot be read or has no structure. */
unsigned sfu_dependency_read_layers (const uint8_t *data, size_t len, uint8_t ret_layers[SFU_DEPENDENCY_TARGETS_MAX]);

/** sfu_dependency_set_number: another frame_number, in place. @data: a descriptor: at least 3 bytes */
void sfu_dependency_set_number (uint8_t *data, uint16_t frame_number);

/** SfuDependencyEdit: how a descriptor is written again. @structure: with the state's structure attached; @active: with
 *  @targets as active_decode_targets_bitmask. One that had either by itself keeps it; @targets replaces its mask */
typedef struct {
  uint16_t frame_number;
  bool structure, active;
  uint32_t targets;
} SfuDependencyEdit;

/**
 * sfu_dependency_write: @data again, changed as @edit says; custom fields of the frame are kept. Template ids stay as they are.
 * @state: of the SSRC, after @data was parsed with it
 * @ret_data: room for @size, of which at most SFU_DEPENDENCY_MAX are used
 *
 * Returns: bytes; 0: it does not fit, or @data or @state are not good for it.
 */
size_t sfu_dependency_write (const SfuDependencyState *state, const uint8_t *data, size_t len, const SfuDependencyEdit *edit,
                             uint8_t *ret_data, size_t size);
