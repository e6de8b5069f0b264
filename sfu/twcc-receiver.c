/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Noting arrivals and writing transport-wide feedback. Arrivals are kept in ticks of 250 us modulo 2^32, which is when the
 * 24 bits of reference time (of 256 ticks) wrap too, so that differences and references need no more care.
 */
#include "sfu/twcc.h"

#include "sfu/rtcp-private.h"
#include "sfu/twcc-private.h"

#define MASK (SFU_TWCC_WINDOW - 1)
#define FIXED_BYTES (FEEDBACK_BYTES + 8)
#define RUN_MAX 0x1fff
#define CHUNKS_MAX (SFU_TWCC_WINDOW / 7 + 4)

_Static_assert ((SFU_TWCC_WINDOW & MASK) == 0, "the window is a power of two");
_Static_assert (SFU_TWCC_WINDOW <= RUN_MAX, "a run covers the window");

/* symbols not in a chunk yet: up to 14, or any number of the same */
typedef struct {
  uint8_t symbols[14];
  unsigned n, n_chunks;
  bool same, large;
} Tail;

typedef struct {
  Tail tail;
  size_t n_deltas; /* bytes */
  uint16_t chunks[CHUNKS_MAX];
  uint8_t deltas[2 * SFU_TWCC_WINDOW];
} Encoder;

void
sfu_twcc_receiver_init (SfuTwccReceiver *receiver)
{
  (void) memset (receiver, 0, sizeof *receiver);
}

static bool
is_there (const SfuTwccReceiver *receiver, int64_t seq)
{
  unsigned at = (unsigned) seq & MASK;

  return (receiver->there[at / 64] >> at % 64 & 1) != 0;
}

static void
move_to (SfuTwccReceiver *receiver, int64_t newest)
{
  if (newest - receiver->newest >= SFU_TWCC_WINDOW)
    (void) memset (receiver->there, 0, sizeof receiver->there);
  else
    for (int64_t seq = receiver->newest + 1; seq <= newest; seq++)
      receiver->there[((unsigned) seq & MASK) / 64] &= ~(UINT64_C (1) << (unsigned) seq % 64);
  receiver->newest = newest;
  if (receiver->next <= newest - SFU_TWCC_WINDOW)
    receiver->next = newest - SFU_TWCC_WINDOW + 1;
}

void
sfu_twcc_receiver_add (SfuTwccReceiver *receiver, uint16_t seq, int64_t time_us)
{
  int64_t unwrapped;
  unsigned at;

  if (!receiver->begun)
    {
      receiver->begun = true;
      receiver->newest = receiver->next = seq;
    }
  unwrapped = receiver->newest + (int16_t) (seq - (uint16_t) receiver->newest);
  if (unwrapped > receiver->newest)
    move_to (receiver, unwrapped);
  else if (unwrapped <= receiver->newest - SFU_TWCC_WINDOW || is_there (receiver, unwrapped))
    return;
  at = (unsigned) unwrapped & MASK;
  receiver->there[at / 64] |= UINT64_C (1) << at % 64;
  receiver->ticks[at] = (uint32_t) (time_us / TWCC_TICK_US);
  if (unwrapped < receiver->next)
    receiver->next = unwrapped;
}

bool
sfu_twcc_receiver_has (const SfuTwccReceiver *receiver)
{
  return receiver->begun && receiver->next <= receiver->newest;
}

static void
note (Tail *tail, uint8_t symbol)
{
  tail->same = tail->n == 0 || (tail->same && tail->symbols[0] == symbol);
  tail->large = (tail->n > 0 && tail->large) || symbol == TWCC_LARGE;
  if (tail->n < sizeof tail->symbols)
    tail->symbols[tail->n] = symbol;
  tail->n++;
}

/* the first symbols of the tail as one chunk; the others stay */
static void
emit (Encoder *encoder)
{
  Tail *tail = &encoder->tail, rest = { .n_chunks = tail->n_chunks + 1 };
  unsigned chunk, used = tail->n;

  if (tail->same)
    chunk = (unsigned) tail->symbols[0] << 13 | tail->n;
  else if (tail->n == 14 || !tail->large)
    {
      chunk = 0x8000;
      for (unsigned i = 0; i < tail->n; i++)
        chunk |= (unsigned) tail->symbols[i] << (13 - i);
    }
  else
    {
      chunk = 0xc000;
      used = tail->n < 7 ? tail->n : 7;
      for (unsigned i = 0; i < used; i++)
        chunk |= (unsigned) tail->symbols[i] << (2 * (6 - i));
    }
  encoder->chunks[tail->n_chunks] = (uint16_t) chunk;
  for (unsigned i = used; i < tail->n && !tail->same; i++)
    note (&rest, tail->symbols[i]);
  *tail = rest;
}

/* adds a symbol; a chunk is made only when the tail with it would not be one */
static void
add_symbol (Encoder *encoder, uint8_t symbol)
{
  Tail *tail = &encoder->tail;

  for (;;)
    {
      bool run = tail->n == 0 || (tail->same && tail->symbols[0] == symbol);

      if (run || tail->n < 7 || (tail->n < 14 && !tail->large && symbol != TWCC_LARGE))
        break;
      if (!tail->same && tail->n < 14)
        tail->large = true; /* 7 of them as a vector of two bits: one of one bit would have to be full */
      emit (encoder);
    }
  note (tail, symbol);
}

/* adds the packets from @seq to the next one received. Returns: the sequence number behind it; @seq: it did not fit */
static int64_t
add_arrival (Encoder *encoder, const SfuTwccReceiver *receiver, int64_t seq, uint32_t *ticks, size_t size)
{
  Tail before = encoder->tail;
  int64_t at = seq;
  int32_t delta;
  bool small;

  for (; !is_there (receiver, at); at++)
    add_symbol (encoder, TWCC_MISSING);
  delta = (int32_t) (receiver->ticks[(unsigned) at & MASK] - *ticks);
  small = delta >= 0 && delta <= UINT8_MAX;
  add_symbol (encoder, small ? TWCC_SMALL : TWCC_LARGE);
  if (delta < INT16_MIN || delta > INT16_MAX
      || FIXED_BYTES + 2u * (encoder->tail.n_chunks + 2) + encoder->n_deltas + 2 > size)
    {
      encoder->tail = before;
      return seq;
    }
  if (!small)
    encoder->deltas[encoder->n_deltas++] = (uint8_t) ((uint32_t) delta >> 8);
  encoder->deltas[encoder->n_deltas++] = (uint8_t) delta;
  *ticks += (uint32_t) delta;
  return at + 1;
}

static void
put_packet (AlWriter *writer, const Encoder *encoder)
{
  size_t bytes, padding;

  for (unsigned i = 0; i < encoder->tail.n_chunks; i++)
    al_writer_u16 (writer, encoder->chunks[i]);
  al_writer_bytes (writer, encoder->deltas, encoder->n_deltas);
  bytes = al_writer_len (writer);
  padding = -bytes & 3;
  if (padding > 0)
    {
      al_writer_zero (writer, padding - 1);
      al_writer_u8 (writer, (uint8_t) padding);
      al_writer_patch_u8 (writer, 0, RTCP_VERSION << 6 | PADDING_BIT | RTPFB_TWCC);
    }
  al_writer_patch_u16 (writer, 2, (uint16_t) ((bytes + padding) / 4 - 1));
}

size_t
sfu_twcc_receiver_write (SfuTwccReceiver *receiver, uint32_t sender, uint32_t media, void *data, size_t size)
{
  int64_t first = receiver->next, seq = first, after;
  Encoder encoder;
  AlWriter writer;
  uint32_t ticks;

  if (!sfu_twcc_receiver_has (receiver) || size < SFU_TWCC_MIN_BYTES)
    return 0;
  encoder.tail = (Tail){ 0 };
  encoder.n_deltas = 0;
  while (!is_there (receiver, seq))
    seq++;
  ticks = receiver->ticks[(unsigned) seq & MASK] & ~0xffu; /* the reference: whole units of 64 ms */
  al_writer_init (&writer, data, size & ~(size_t) 3);
  al_writer_u8 (&writer, RTCP_VERSION << 6 | RTPFB_TWCC);
  al_writer_u8 (&writer, PT_RTPFB);
  al_writer_u16 (&writer, 0);
  al_writer_u32 (&writer, sender);
  al_writer_u32 (&writer, media);
  al_writer_u16 (&writer, (uint16_t) first);
  al_writer_u16 (&writer, 0);
  al_writer_u24 (&writer, ticks >> 8);
  al_writer_u8 (&writer, receiver->count);
  for (seq = first; seq <= receiver->newest; seq = after)
    {
      after = add_arrival (&encoder, receiver, seq, &ticks, size & ~(size_t) 3);
      if (after == seq)
        break;
    }
  while (encoder.tail.n > 0)
    emit (&encoder);
  al_writer_patch_u16 (&writer, FEEDBACK_BYTES + 2, (uint16_t) (seq - first));
  put_packet (&writer, &encoder);
  if (al_writer_failed (&writer) || seq == first)
    return 0;
  receiver->count++;
  receiver->next = seq;
  return al_writer_len (&writer);
}
