/* SPDX-License-Identifier: Apache-2.0 */
/* What egress*.c share. The worker's thread. */
#pragma once

#include "sfu/worker-private.h"

/** SFU_WIRE_BYTES: of IP and UDP (and Ethernet's share of an answer to "how much does the path carry"). */
#define SFU_WIRE_BYTES 28
#define SFU_RTCP_BYTES 1200

/** sfu_egress_is_ready: Returns: may media be sent to the leg now. */
bool sfu_egress_is_ready (const SfuLeg *leg, int64_t now_us);
/** sfu_egress_send: one media packet as @rewrite says. Returns: bytes on the wire; 0: none was sent. */
size_t sfu_egress_send (SfuOut *out, const SfuPacket *packet, const SfuRewrite *rewrite, int64_t now_us);
/** SFU_EGRESS_GROWTH: bytes by which the header of a packet may become longer than its publisher's: our MID and transport-wide
 *  number, the dependency descriptor's mask, the two-byte form of thirteen extensions, and padding to the word. */
#define SFU_EGRESS_GROWTH (2 + SFU_MID_MAX + 2 + 2 + SFU_DEPENDENCY_GROWTH + SFU_EXT_N + 3)
/** sfu_egress_needs_two_bytes: @packet: (nullable). Returns: must the extensions be of the two-byte form (RFC 8285 §4.3). */
bool sfu_egress_needs_two_bytes (const SfuOut *out, const SfuLane *lane, const SfuPacket *packet, const SfuRewrite *rewrite);
/**
 * sfu_egress_put_extensions: those that the receiver has negotiated, by its ids. @packet: (nullable): NULL: of padding alone
 *
 * Returns: (nullable): where the transport-wide number is to be written; NULL: it was not negotiated.
 */
uint8_t *sfu_egress_put_extensions (SfuRtpWriter *writer, SfuOut *out, const SfuLane *lane, const SfuPacket *packet,
                                    const SfuRewrite *rewrite, int64_t now_us);
/** sfu_egress_pad: fills a probe. Returns: bytes on the wire; 0: there is nothing to fill with. */
size_t sfu_egress_pad (SfuLeg *leg, uint8_t probe_id, int64_t now_us);
void sfu_egress_drop (const SfuPacerItem *item, void *user);
/** sfu_egress_arm: for the pacer's next packet or probe. */
void sfu_egress_arm (SfuLeg *leg, int64_t now_us);
/** sfu_egress_send_reports: of the slots whose time has come. */
void sfu_egress_send_reports (SfuLeg *leg, int64_t now_us);
/** sfu_egress_ask_keyframe: when the slot waits for one that was not asked for yet. */
void sfu_egress_ask_keyframe (SfuOut *out, int64_t now_us);
