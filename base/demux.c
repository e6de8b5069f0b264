/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 7983 §7, by the first byte:
 *
 *     0-3  STUN          20-63  DTLS          128-191  RTP, RTCP
 *   16-19  ZRTP (none)   64-127 ChannelData   the rest: nothing that we speak
 *
 * ChannelData has all of 64-127 here: RFC 7983 gives it 64-79, and channel numbers above 0x4fff are refused by who reads
 * them, not mistaken for something else.
 */
#include "base/demux.h"

#include <glib.h>
#include <string.h>

#define STUN_HEADER 20
#define DTLS_HEADER 13
#define CHANNEL_HEADER 4
#define RTCP_HEADER 8

AlDemux
al_demux_classify (const uint8_t *data, size_t len)
{
  static const uint8_t cookie[4] = { 0x21, 0x12, 0xa4, 0x42 };

  if (len == 0)
    return AL_DEMUX_UNKNOWN;
  if (data[0] < 4)
    return len >= STUN_HEADER && memcmp (data + 4, cookie, sizeof cookie) == 0 ? AL_DEMUX_STUN : AL_DEMUX_UNKNOWN;
  if (data[0] >= 20 && data[0] < 64)
    return len >= DTLS_HEADER ? AL_DEMUX_DTLS : AL_DEMUX_UNKNOWN;
  if (data[0] >= 64 && data[0] < 128)
    return len >= CHANNEL_HEADER ? AL_DEMUX_CHANNEL : AL_DEMUX_UNKNOWN;
  if (data[0] >= 128 && data[0] < 192)
    return len >= RTCP_HEADER ? AL_DEMUX_RTP : AL_DEMUX_UNKNOWN;
  return AL_DEMUX_UNKNOWN;
}

const char *
al_demux_name (AlDemux kind)
{
  static const char *const words[AL_DEMUX_N] = { "unknown", "stun", "dtls", "channel", "rtp" };

  g_return_val_if_fail ((unsigned) kind < AL_DEMUX_N, NULL);
  return words[kind];
}
