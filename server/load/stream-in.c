/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/stream-in.h"

#include "base/bytes.h"

LoadStreamIn *
load_stream_in_new (uint32_t ssrc, bool audio, bool nack)
{
  LoadStreamIn *stream = g_new0 (LoadStreamIn, 1);

  stream->ssrc = ssrc;
  stream->audio = audio;
  stream->nack = nack;
  stream->media_clock = audio ? 48000 : 90000;
  if (!audio)
    {
      stream->playback = g_new (LoadPlayback, 1);
      load_playback_init (stream->playback);
    }
  return stream;
}

void
load_stream_in_free (LoadStreamIn *stream)
{
  if (stream == NULL)
    return;
  g_free (stream->playback);
  g_free (stream);
}

void
load_stream_in_note_gap (LoadStreamIn *stream, int64_t from, int64_t to)
{
  for (int64_t i = MAX (from, to - LOAD_MISSING_MAX); i < to && stream->n_missing < LOAD_MISSING_MAX; i++)
    stream->missing[stream->n_missing++] = (LoadMissing){ .index = i };
}

unsigned
load_stream_in_list_missing (LoadStreamIn *stream, int64_t now_us, uint16_t *ret_seqs, unsigned max)
{
  unsigned n = 0, kept = 0;

  for (unsigned i = 0; i < stream->n_missing; i++)
    {
      LoadMissing missing = stream->missing[i];

      if (load_arrivals_has (&stream->arrivals, missing.index) || missing.tries >= LOAD_NACK_TRIES)
        continue;
      if (missing.next_us <= now_us && n < max)
        {
          ret_seqs[n++] = (uint16_t) missing.index;
          missing.next_us = now_us + LOAD_NACK_AGAIN_US;
          missing.tries++;
        }
      stream->missing[kept++] = missing;
    }
  stream->n_missing = kept;
  return n;
}

/* RFC 8285 §4.2, one-byte form: what is read here is of servers that were offered no other */
static void
find_transport (AlReader *block, uint8_t id, LoadHeader *header)
{
  while (al_reader_remaining (block) > 0)
    {
      uint8_t head = al_reader_u8 (block), len = (head & 15) + 1;

      if (head == 0)
        continue;
      if (head >> 4 == id && len == 2)
        {
          header->transport = al_reader_u16 (block);
          header->has_transport = true;
          return;
        }
      if (!al_reader_skip (block, len))
        return;
    }
}

bool
load_header_read (const uint8_t *data, size_t len, uint8_t ext_transport, LoadHeader *ret_header)
{
  AlReader in, block;
  uint8_t first, second;

  al_reader_init (&in, data, len);
  first = al_reader_u8 (&in);
  second = al_reader_u8 (&in);
  *ret_header = (LoadHeader){ .pt = second & 0x7f, .marker = (second & 0x80) != 0, .padded = (first & 0x20) != 0 };
  ret_header->seq = al_reader_u16 (&in);
  ret_header->timestamp = al_reader_u32 (&in);
  ret_header->ssrc = al_reader_u32 (&in);
  al_reader_skip (&in, (size_t) (first & 15) * 4);
  if ((first & 0x10) != 0)
    {
      uint16_t profile = al_reader_u16 (&in);

      if (al_reader_sub (&in, (size_t) al_reader_u16 (&in) * 4, &block) && profile == 0xbede && ext_transport != 0)
        find_transport (&block, ext_transport, ret_header);
    }
  ret_header->len = len - al_reader_remaining (&in);
  return !al_reader_failed (&in) && first >> 6 == 2;
}

bool
load_vp8_read (const uint8_t *payload, size_t len, bool *ret_start, bool *ret_keyframe)
{
  AlReader in;
  uint8_t first, more = 0;

  al_reader_init (&in, payload, len);
  first = al_reader_u8 (&in);
  if ((first & 0x80) != 0)
    {
      more = al_reader_u8 (&in);
      if ((more & 0x80) != 0 && (al_reader_u8 (&in) & 0x80) != 0)
        al_reader_skip (&in, 1);
      if ((more & 0x40) != 0)
        al_reader_skip (&in, 1);
      if ((more & 0x30) != 0)
        al_reader_skip (&in, 1);
    }
  *ret_start = (first & 0x17) == 0x10;
  *ret_keyframe = *ret_start && (al_reader_u8 (&in) & 1) == 0;
  return !al_reader_failed (&in);
}
