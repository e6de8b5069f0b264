/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/rtcp.h"

#include <string.h>

#include "base/bytes.h"

enum { PT_SR = 200, PT_RR = 201, PT_SDES = 202, PT_RTPFB = 205, PT_PSFB = 206 };

static int64_t *
slot (LoadFeedback *feedback, int64_t index)
{
  return &feedback->at_us[(uint64_t) index % LOAD_FEEDBACK_WINDOW];
}

void
load_feedback_add (LoadFeedback *feedback, uint16_t seq, int64_t now_us)
{
  int64_t index;

  if (!feedback->begun)
    {
      feedback->begun = true;
      feedback->base = (int64_t) 0x10000 + seq;
      feedback->highest = feedback->base - 1;
    }
  index = feedback->highest + (int16_t) (uint16_t) (seq - (uint16_t) feedback->highest);
  if (index < feedback->base)
    return; /* told as lost already */
  if (index >= feedback->base + LOAD_FEEDBACK_WINDOW)
    feedback->base = index - LOAD_FEEDBACK_WINDOW + 1; /* more than one feedback may tell: the oldest are forgotten */
  for (int64_t i = feedback->highest + 1 > feedback->base ? feedback->highest + 1 : feedback->base; i < index; i++)
    *slot (feedback, i) = 0;
  *slot (feedback, index) = now_us;
  if (index > feedback->highest)
    feedback->highest = index;
  feedback->pending = true;
}

static void
begin_packet (AlWriter *out, uint8_t count, uint8_t type)
{
  al_writer_u8 (out, 0x80 | count);
  al_writer_u8 (out, type);
  al_writer_u16 (out, 0);
}

static void
end_packet (AlWriter *out, size_t at)
{
  while ((al_writer_len (out) - at) % 4 != 0 && !al_writer_failed (out))
    al_writer_u8 (out, 0);
  al_writer_patch_u16 (out, at + 2, (uint16_t) ((al_writer_len (out) - at) / 4 - 1));
}

static size_t
finish (const AlWriter *out)
{
  return al_writer_failed (out) ? 0 : al_writer_len (out);
}

/* Symbols: 0 not there, 1 a delta of a byte, 2 of two; in units of 250 us. @ret_delta: from *@clock, which moves along. */
static unsigned
symbol_of (int64_t at_us, int64_t *clock, int16_t *ret_delta)
{
  int64_t delta;

  if (at_us == 0)
    return 0;
  delta = at_us / 250 - *clock;
  if (delta < INT16_MIN || delta > INT16_MAX)
    return 0;
  *clock += delta;
  *ret_delta = (int16_t) delta;
  return delta >= 0 && delta <= 255 ? 1 : 2;
}

size_t
load_feedback_write (LoadFeedback *feedback, uint32_t sender, uint32_t media, uint8_t *data, size_t size)
{
  int64_t first = feedback->base, end = feedback->highest + 1, reference, clock;
  unsigned n = (unsigned) (end - first);
  int16_t delta = 0;
  AlWriter out;

  if (!feedback->pending)
    return 0;
  while (*slot (feedback, first) == 0)
    first++;
  reference = *slot (feedback, first) / 64000;
  al_writer_init (&out, data, size);
  begin_packet (&out, 15, PT_RTPFB);
  al_writer_u32 (&out, sender);
  al_writer_u32 (&out, media);
  al_writer_u16 (&out, (uint16_t) feedback->base);
  al_writer_u16 (&out, (uint16_t) n);
  al_writer_u24 (&out, (uint32_t) reference & 0xffffff);
  al_writer_u8 (&out, feedback->count++);
  clock = reference * 256;
  for (unsigned i = 0; i < n; i += 7) /* status vectors of seven two-bit symbols */
    {
      uint16_t chunk = 0xc000;

      for (unsigned j = 0; j < 7 && i + j < n; j++)
        chunk |= (uint16_t) (symbol_of (*slot (feedback, feedback->base + i + j), &clock, &delta) << (12 - 2 * j));
      al_writer_u16 (&out, chunk);
    }
  clock = reference * 256;
  for (unsigned i = 0; i < n; i++)
    {
      unsigned symbol = symbol_of (*slot (feedback, feedback->base + i), &clock, &delta);

      if (symbol == 1)
        al_writer_u8 (&out, (uint8_t) delta);
      else if (symbol == 2)
        al_writer_u16 (&out, (uint16_t) delta);
    }
  end_packet (&out, 0);
  feedback->base = end;
  feedback->pending = false;
  return finish (&out);
}

static void
put_cname (AlWriter *out, uint32_t ssrc, const char *cname)
{
  size_t at = al_writer_len (out), len = strlen (cname);

  begin_packet (out, 1, PT_SDES);
  al_writer_u32 (out, ssrc);
  al_writer_u8 (out, 1);
  al_writer_u8 (out, (uint8_t) len);
  al_writer_bytes (out, cname, len);
  al_writer_u8 (out, 0);
  end_packet (out, at);
}

size_t
load_rtcp_write_rr (uint8_t *data, size_t size, uint32_t sender, const LoadReport *reports, unsigned n, const char *cname)
{
  AlWriter out;

  al_writer_init (&out, data, size);
  begin_packet (&out, (uint8_t) n, PT_RR);
  al_writer_u32 (&out, sender);
  for (unsigned i = 0; i < n; i++)
    {
      al_writer_u32 (&out, reports[i].ssrc);
      al_writer_u8 (&out, reports[i].fraction);
      al_writer_u24 (&out, (uint32_t) reports[i].lost & 0xffffff);
      al_writer_u32 (&out, reports[i].highest);
      al_writer_u32 (&out, reports[i].jitter);
      al_writer_u32 (&out, reports[i].last_sr);
      al_writer_u32 (&out, reports[i].delay);
    }
  end_packet (&out, 0);
  put_cname (&out, sender, cname);
  return finish (&out);
}

size_t
load_rtcp_write_sr (uint8_t *data, size_t size, uint32_t sender, uint64_t ntp, uint32_t timestamp, uint32_t pkts,
                    uint32_t bytes, const char *cname)
{
  AlWriter out;

  al_writer_init (&out, data, size);
  begin_packet (&out, 0, PT_SR);
  al_writer_u32 (&out, sender);
  al_writer_u64 (&out, ntp);
  al_writer_u32 (&out, timestamp);
  al_writer_u32 (&out, pkts);
  al_writer_u32 (&out, bytes);
  end_packet (&out, 0);
  put_cname (&out, sender, cname);
  return finish (&out);
}

size_t
load_rtcp_write_nack (uint8_t *data, size_t size, uint32_t sender, uint32_t media, const uint16_t *seqs, unsigned n)
{
  AlWriter out;

  al_writer_init (&out, data, size);
  begin_packet (&out, 1, PT_RTPFB);
  al_writer_u32 (&out, sender);
  al_writer_u32 (&out, media);
  for (unsigned i = 0; i < n;)
    {
      uint16_t first = seqs[i++], mask = 0;

      for (; i < n && (uint16_t) (seqs[i] - first) <= 16; i++)
        mask |= (uint16_t) (1 << ((uint16_t) (seqs[i] - first) - 1));
      al_writer_u16 (&out, first);
      al_writer_u16 (&out, mask);
    }
  end_packet (&out, 0);
  return finish (&out);
}

size_t
load_rtcp_write_pli (uint8_t *data, size_t size, uint32_t sender, uint32_t media)
{
  AlWriter out;

  al_writer_init (&out, data, size);
  begin_packet (&out, 1, PT_PSFB);
  al_writer_u32 (&out, sender);
  al_writer_u32 (&out, media);
  end_packet (&out, 0);
  return finish (&out);
}

static void
read_nack (AlReader *body, uint32_t media, const LoadRtcpFns *fns, void *user)
{
  while (al_reader_remaining (body) >= 4)
    {
      uint16_t first = al_reader_u16 (body), mask = al_reader_u16 (body);

      fns->nack (media, first, user);
      for (unsigned i = 0; i < 16; i++)
        if ((mask >> i & 1) != 0)
          fns->nack (media, (uint16_t) (first + i + 1), user);
    }
}

static void
read_feedback (AlReader *body, unsigned type, unsigned format, const LoadRtcpFns *fns, void *user)
{
  uint32_t media = (al_reader_skip (body, 4), al_reader_u32 (body));

  if (type == PT_RTPFB && format == 1 && fns->nack != NULL)
    read_nack (body, media, fns, user);
  else if (type == PT_PSFB && format == 1 && fns->keyframe != NULL && !al_reader_failed (body))
    fns->keyframe (media, user);
  else if (type == PT_PSFB && format == 4 && fns->keyframe != NULL) /* FIR, RFC 5104 §4.3.1 */
    {
      media = al_reader_u32 (body);
      if (!al_reader_failed (body))
        fns->keyframe (media, user);
    }
}

void
load_rtcp_read (const uint8_t *data, size_t len, const LoadRtcpFns *fns, void *user)
{
  AlReader in, body;

  al_reader_init (&in, data, len);
  while (al_reader_remaining (&in) >= 4)
    {
      unsigned format = al_reader_u8 (&in) & 31, type = al_reader_u8 (&in);
      uint32_t ssrc, high, low;

      if (!al_reader_sub (&in, (size_t) al_reader_u16 (&in) * 4, &body))
        return;
      if (type == PT_RTPFB || type == PT_PSFB)
        read_feedback (&body, type, format, fns, user);
      else if (type == PT_SR && fns->sender_report != NULL)
        {
          ssrc = al_reader_u32 (&body);
          high = al_reader_u32 (&body);
          low = al_reader_u32 (&body);
          if (!al_reader_failed (&body))
            fns->sender_report (ssrc, high << 16 | low >> 16, user);
        }
    }
}
