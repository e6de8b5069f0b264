/* SPDX-License-Identifier: Apache-2.0 */
/* Reading transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1). Any thread. */
#include "sfu/twcc.h"

#include "sfu/twcc-private.h"

/*
 * | base sequence number  | packet status count |
 * | reference time (24 bits)          | count (8) |
 * | chunk | chunk ...  | delta | delta ...         |
 *
 * a chunk: 0 SS LLLLLLLLLLLLL  status S, L times
 *          10 14 bits          1 bit each: not received, small delta
 *          11 7 times 2 bits   1 status each
 */

typedef struct {
  uint16_t chunk;
  unsigned n;
} Chunk;

static Chunk
read_chunk (AlReader *reader)
{
  uint16_t chunk = al_reader_u16 (reader);

  if (chunk >> 15 == 0)
    return (Chunk){ chunk, chunk & 0x1fff };
  return (Chunk){ chunk, (chunk & 0x4000) == 0 ? 14 : 7 };
}

static unsigned
get_status (Chunk chunk, unsigned index)
{
  if (chunk.chunk >> 15 == 0)
    return chunk.chunk >> 13;
  if ((chunk.chunk & 0x4000) == 0)
    return chunk.chunk >> (13 - index) & 1;
  return chunk.chunk >> (2 * (6 - index)) & 3;
}

/* the statuses: of those that the caller has room for, in time_us of its packets for now. Chunks may say more than there are
 * packets: the last vector is full of zeros */
static bool
read_statuses (AlReader *reader, const SfuTwcc *twcc, SfuTwccPacket *packets, size_t max)
{
  unsigned seen = 0;

  while (seen < twcc->n_status)
    {
      Chunk chunk = read_chunk (reader);

      if (al_reader_failed (reader))
        return false;
      for (unsigned i = 0; i < chunk.n && seen < twcc->n_status; i++, seen++)
        {
          unsigned status = get_status (chunk, i);

          if (status == TWCC_RESERVED)
            return false;
          if (seen < max)
            packets[seen] = (SfuTwccPacket){ .time_us = status, .seq = (uint16_t) (twcc->base_seq + seen) };
          else if (chunk.chunk >> 15 == 0)
            {
              seen += chunk.n - i; /* a run of what nobody asks for */
              break;
            }
        }
    }
  return true;
}

static bool
read_deltas (AlReader *reader, const SfuTwcc *twcc, SfuTwccPacket *packets, size_t n)
{
  int64_t time_us = (int64_t) twcc->reference * TWCC_REFERENCE_US;

  for (size_t i = 0; i < n; i++)
    {
      unsigned status = (unsigned) packets[i].time_us;

      packets[i].time_us = 0;
      if (status == TWCC_MISSING)
        continue;
      time_us += TWCC_TICK_US * (status == TWCC_SMALL ? al_reader_u8 (reader) : (int16_t) al_reader_u16 (reader));
      packets[i].received = true;
      packets[i].time_us = time_us;
    }
  return !al_reader_failed (reader);
}

bool
sfu_twcc_parse (const SfuRtcp *packet, SfuTwcc *ret_twcc, SfuTwccPacket *ret_packets, size_t max, size_t *ret_n)
{
  AlReader reader;
  size_t n;

  if (packet->kind != SFU_RTCP_TWCC)
    return false;
  al_reader_init (&reader, packet->data, packet->len);
  al_reader_skip (&reader, 4);
  ret_twcc->sender = al_reader_u32 (&reader);
  ret_twcc->media = al_reader_u32 (&reader);
  ret_twcc->base_seq = al_reader_u16 (&reader);
  ret_twcc->n_status = al_reader_u16 (&reader);
  ret_twcc->reference = al_reader_u24 (&reader);
  ret_twcc->count = al_reader_u8 (&reader);
  if (al_reader_failed (&reader) || ret_twcc->n_status == 0)
    return false;
  n = ret_twcc->n_status < max ? ret_twcc->n_status : max;
  if (!read_statuses (&reader, ret_twcc, ret_packets, max) || !read_deltas (&reader, ret_twcc, ret_packets, n))
    return false;
  *ret_n = n;
  return true;
}
