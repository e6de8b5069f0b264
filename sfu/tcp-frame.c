/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4571 §2. */
#include "sfu/tcp-frame.h"

ssize_t
sfu_tcp_frame_next (const uint8_t *data, size_t len, const uint8_t **ret_packet, size_t *ret_packet_len)
{
  size_t packet_len;

  if (len < SFU_TCP_FRAME_HEADER)
    return 0;
  packet_len = (size_t) data[0] << 8 | data[1];
  if (packet_len > SFU_TCP_FRAME_MAX)
    return -1;
  if (len - SFU_TCP_FRAME_HEADER < packet_len)
    return 0;
  *ret_packet = data + SFU_TCP_FRAME_HEADER;
  *ret_packet_len = packet_len;
  return (ssize_t) (SFU_TCP_FRAME_HEADER + packet_len);
}

void
sfu_tcp_frame_begin (size_t packet_len, uint8_t ret_header[SFU_TCP_FRAME_HEADER])
{
  ret_header[0] = (uint8_t) (packet_len >> 8);
  ret_header[1] = (uint8_t) packet_len;
}
