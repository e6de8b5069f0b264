/* SPDX-License-Identifier: Apache-2.0 */
/* Framing of ICE, DTLS and SRTP over TCP (RFC 4571): two bytes of length, then a packet. No state. Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SFU_TCP_FRAME_HEADER 2
/** SFU_TCP_FRAME_MAX: longest packet that is taken: longer ones are nothing that ICE, DTLS or SRTP here would send. */
#define SFU_TCP_FRAME_MAX 2048

/**
 * sfu_tcp_frame_next: the frame at the front of a byte stream.
 * @data: @len bytes that were not consumed yet; at most SFU_TCP_FRAME_HEADER + SFU_TCP_FRAME_MAX are ever needed
 * @ret_packet: (transfer none): in @data
 * @ret_packet_len: 0 for an empty frame (a keepalive), to be skipped
 *
 * Returns: bytes of the frame, header and all; 0: more are needed; -1: too long: the connection is to be closed.
 */
ssize_t sfu_tcp_frame_next (const uint8_t *data, size_t len, const uint8_t **ret_packet, size_t *ret_packet_len);
/** sfu_tcp_frame_begin: @packet_len: 1 to 65535. @ret_header: to be sent in front of the packet. */
void sfu_tcp_frame_begin (size_t packet_len, uint8_t ret_header[SFU_TCP_FRAME_HEADER]);
