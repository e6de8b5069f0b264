/* SPDX-License-Identifier: Apache-2.0 */
/* What a datagram on the one UDP port is, by its first bytes (RFC 7983). Pure; any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef enum {
  AL_DEMUX_UNKNOWN,
  AL_DEMUX_STUN,    /* also TURN and ICE: RFC 8489, with its magic cookie */
  AL_DEMUX_DTLS,
  AL_DEMUX_CHANNEL, /* ChannelData of TURN (RFC 8656 §12) */
  AL_DEMUX_RTP,     /* SRTP and SRTCP */
  AL_DEMUX_N
} AlDemux;

/** al_demux_classify: looks at no more than 8 bytes. What is too short for what it seems to be is AL_DEMUX_UNKNOWN. */
AlDemux al_demux_classify (const uint8_t *data, size_t len);
/** al_demux_name: Returns: a static word for logs and metrics: "stun". */
const char *al_demux_name (AlDemux kind);
