/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/ext.h"

#include <string.h>

enum { AUDIO = 1 << SFU_AUDIO, VIDEO = 1 << SFU_VIDEO };

static const struct {
  const char *uri;
  unsigned kinds;
} exts[SFU_EXT_N] = {
  [SFU_EXT_MID] = { "urn:ietf:params:rtp-hdrext:sdes:mid", AUDIO | VIDEO },
  [SFU_EXT_RID] = { "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", VIDEO },
  [SFU_EXT_REPAIRED_RID] = { "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id", VIDEO },
  [SFU_EXT_AUDIO_LEVEL] = { "urn:ietf:params:rtp-hdrext:ssrc-audio-level", AUDIO },
  [SFU_EXT_ABS_SEND_TIME] = { "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", AUDIO | VIDEO },
  [SFU_EXT_TRANSPORT_CC] = { "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01", AUDIO | VIDEO },
  [SFU_EXT_PLAYOUT_DELAY] = { "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay", VIDEO },
  [SFU_EXT_ORIENTATION] = { "urn:3gpp:video-orientation", VIDEO },
  [SFU_EXT_ABS_CAPTURE_TIME] = { "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time", AUDIO | VIDEO },
  [SFU_EXT_VIDEO_LAYERS] = { "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00", VIDEO },
  [SFU_EXT_DEPENDENCY] = { "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
                           VIDEO },
  [SFU_EXT_COLOR_SPACE] = { "http://www.webrtc.org/experiments/rtp-hdrext/color-space", VIDEO },
  [SFU_EXT_CONTENT_TYPE] = { "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type", VIDEO },
};

SfuExt
sfu_ext_from_uri (const char *uri)
{
  for (SfuExt ext = SFU_EXT_MID; ext < SFU_EXT_N; ext++)
    if (strcmp (uri, exts[ext].uri) == 0)
      return ext;
  return SFU_EXT_N;
}

const char *
sfu_ext_get_uri (SfuExt ext)
{
  return exts[ext].uri;
}

bool
sfu_ext_is_for (SfuExt ext, SfuKind kind)
{
  return (exts[ext].kinds & 1u << kind) != 0;
}
