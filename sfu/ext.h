/* SPDX-License-Identifier: Apache-2.0 */
/* RTP header extensions (RFC 8285) that the SFU knows, by URI, and the ids that one peer has given them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sfu/codec.h"

typedef enum {
  SFU_EXT_MID,               /* RFC 9143 */
  SFU_EXT_RID,               /* RFC 8852 */
  SFU_EXT_REPAIRED_RID,      /* RFC 8852 */
  SFU_EXT_AUDIO_LEVEL,       /* RFC 6464 */
  SFU_EXT_ABS_SEND_TIME,
  SFU_EXT_TRANSPORT_CC,      /* draft-holmer-rmcat-transport-wide-cc-extensions-01 */
  SFU_EXT_PLAYOUT_DELAY,
  SFU_EXT_ORIENTATION,       /* 3GPP TS 26.114, urn:3gpp:video-orientation */
  SFU_EXT_ABS_CAPTURE_TIME,
  SFU_EXT_VIDEO_LAYERS,      /* video-layers-allocation00 */
  SFU_EXT_DEPENDENCY,        /* dependency descriptor */
  SFU_EXT_COLOR_SPACE,
  SFU_EXT_CONTENT_TYPE,
  SFU_EXT_N
} SfuExt;

/** SfuExtMap: the ids of one m= section, 1 to 255; 0: not negotiated. */
typedef struct {
  uint8_t id[SFU_EXT_N];
} SfuExtMap;

/** sfu_ext_from_uri: Returns: SFU_EXT_N when it is not known. */
SfuExt sfu_ext_from_uri (const char *uri);
/** sfu_ext_get_uri: Returns: a static text. */
const char *sfu_ext_get_uri (SfuExt ext);
/** sfu_ext_is_for: Returns: may sections of @kind negotiate it. */
bool sfu_ext_is_for (SfuExt ext, SfuKind kind);
