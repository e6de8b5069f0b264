/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells protocols apart by the first bytes of a connection. Pure; any thread.
 *
 *   HTTP     upper-case letters and "-", then a space
 *   TLS      16 03                                        (RFC 8446 §5.1: handshake record, legacy version 3.x)
 *   STUN     00tttttt tttttttt llllllll llllll00 21 12 a4 42   (RFC 8489 §5)
 *   ICE-TCP  LL LL, then STUN                             (RFC 4571 §2, RFC 6544 §3)
 *   RTMP     03                                           (C0: version 3)
 *
 * 03 may also begin STUN or an RFC 4571 length, so RTMP is what is left when no magic cookie can follow any more.
 */
#include "base/stream.h"

#define MAX_LOOK 16

static const uint8_t stun_cookie[4] = { 0x21, 0x12, 0xa4, 0x42 };

typedef enum { MATCH_NO, MATCH_MAYBE, MATCH_YES } Match;

static AlProto
classify_http (const uint8_t *data, size_t len)
{
  for (size_t i = 0; i < len && i < MAX_LOOK; i++)
    {
      if (data[i] == ' ' && i > 0)
        return AL_PROTO_HTTP;
      if (!g_ascii_isupper (data[i]) && data[i] != '-')
        return AL_PROTO_UNKNOWN;
    }
  return len < MAX_LOOK ? AL_PROTO_MORE : AL_PROTO_UNKNOWN;
}

static Match
match_stun (const uint8_t *data, size_t len)
{
  if (len > 0 && (data[0] & 0xc0) != 0)
    return MATCH_NO;
  if (len > 3 && (data[3] & 3) != 0)
    return MATCH_NO;
  for (size_t i = 4; i < 8; i++)
    {
      if (i >= len)
        return MATCH_MAYBE;
      if (data[i] != stun_cookie[i - 4])
        return MATCH_NO;
    }
  return MATCH_YES;
}

static Match
match_ice_tcp (const uint8_t *data, size_t len)
{
  if (len > 0 && (data[0] & 0xc0) != 0)
    return MATCH_NO; /* 16 kB and more: no STUN message is so long */
  if (len >= 2 && (data[0] << 8 | data[1]) < 20)
    return MATCH_NO; /* shorter than a STUN header */
  return len <= 2 ? MATCH_MAYBE : match_stun (data + 2, len - 2);
}

AlProto
al_proto_classify (const uint8_t *data, size_t len)
{
  Match stun, ice_tcp;

  if (len == 0)
    return AL_PROTO_MORE;
  if (g_ascii_isupper (data[0]))
    return classify_http (data, len);
  if (data[0] == 0x16)
    {
      if (len == 1)
        return AL_PROTO_MORE;
      if (data[1] == 0x03)
        return AL_PROTO_TLS;
    }

  stun = match_stun (data, len);
  if (stun == MATCH_YES)
    return AL_PROTO_STUN;
  ice_tcp = match_ice_tcp (data, len);
  if (ice_tcp == MATCH_YES)
    return AL_PROTO_ICE_TCP;
  if (stun == MATCH_MAYBE || ice_tcp == MATCH_MAYBE)
    return AL_PROTO_MORE;
  return data[0] == 0x03 ? AL_PROTO_RTMP : AL_PROTO_UNKNOWN;
}
