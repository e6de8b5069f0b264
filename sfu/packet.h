/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A media packet on its way through the SFU: decrypted once by the publisher's worker, then read by every worker that has
 * receivers of it. Lives in the first bytes of an AlPkt; the RTP packet stands behind it in the same AlPkt.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"
#include "sfu/codec.h"
#include "sfu/ext.h"
#include "sfu/rtp.h"

/**
 * SfuPacket: written once, before the first share; read-only then.
 * @track: of the room; unique in this process
 * @layer: which simulcast encoding, from the smallest at 0; 0 for audio and without simulcast
 * @index: sequence number with the cycles before it (RFC 3550 §A.1), of the publisher's SSRC
 * @epoch: grows when the publisher's SSRC of this layer changes: @index and timestamp begin anew
 * @time_us: arrival, on the monotonic clock
 * @recovered: came by RTX, or late
 * @from_red: was in the redundancy of the packet behind it (RFC 2198): for receivers that do not get that
 * @level: RFC 6464: 0 (loudest) to 127 dBov below; 127 when not told. @voice: its V bit
 * @ext_at, @ext_len: values of the publisher's header extensions, from rtp.data; 0: not there
 */
typedef struct {
  uint64_t track;
  uint64_t index;
  int64_t time_us;
  uint32_t epoch;
  uint8_t layer, level;
  bool voice, recovered, from_red;
  uint16_t ext_at[SFU_EXT_N];
  uint8_t ext_len[SFU_EXT_N];
  SfuRtp rtp;
  SfuFrame frame;
} SfuPacket;

/** SFU_PACKET_ROOM: bytes in front of the RTP packet; a multiple of 64. */
#define SFU_PACKET_ROOM 256
_Static_assert (sizeof (SfuPacket) <= SFU_PACKET_ROOM, "the packet's description has its room");

/** sfu_packet_of: the description in @pkt. */
static inline SfuPacket *
sfu_packet_of (AlPkt *pkt)
{
  return (SfuPacket *) (void *) pkt->data;
}
