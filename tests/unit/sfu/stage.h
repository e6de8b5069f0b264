/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stage for slots: publishers whose packets are made up (payload descriptors and dependency descriptors are real bytes), and
 * a receiver that keeps what it got by number and judges it. Virtual time, seeded.
 */
#pragma once

#include <glib.h>
#include <string.h>

#include "sfu/slot.h"

#define MS INT64_C (1000)
#define STAGE_MAX 65536

/** A packet as published. @sent: how often the slot sent it; @index: under which number */
typedef struct {
  SfuPacket packet;
  uint8_t data[32];        /* dependency descriptor at 4, payload at 12 */
  uint8_t descriptor[256]; /* another one */
  bool frame_lost;
} StagePacket;

/** One simulcast encoding. */
typedef struct {
  uint64_t index;
  uint32_t rtp_base, epoch;
  uint16_t picture, frame_number;
  uint8_t tl0;
  bool want_key;
} StageLayer;

typedef struct {
  uint64_t track;
  SfuCodec codec;
  unsigned n_layers, n_spatial, n_temporal, n_pkts; /* of a frame */
  bool dependency, long_picture_id, inter_layer_only; /* K-SVC */
  unsigned n_frames;
  StageLayer layers[SFU_LAYERS_MAX];
} StageSource;

/** What came under a number. */
typedef struct {
  const StagePacket *from; /* NULL: nothing */
  SfuRewrite rewrite;
  uint16_t picture, frame_number;
  uint8_t tl0;
  int64_t time_us;
} StageGot;

typedef struct {
  GRand *rand;
  int64_t now_us;
  SfuSlot slot;
  uint64_t first; /* number */
  StageGot *got;  /* STAGE_MAX, by number - first */
  unsigned n_got;
  GPtrArray *pkts; /* owned: all that were published */
} Stage;

static inline void
stage_init (Stage *stage, SfuKind kind, unsigned seed)
{
  SfuSlotConfig config = { .kind = kind, .ssrc = 1, .rtx_ssrc = 2, .seq = 0x7ff0, .rtx_seq = 9, .history = 512 };

  memset (stage, 0, sizeof *stage);
  stage->rand = g_rand_new_with_seed (seed);
  stage->now_us = 5000 * MS;
  config.timestamp = 0xfffffff0;
  sfu_slot_init (&stage->slot, &config);
  stage->first = config.seq;
  stage->got = g_new0 (StageGot, STAGE_MAX);
  stage->pkts = g_ptr_array_new_with_free_func (g_free);
}

static inline void
stage_clear (Stage *stage)
{
  sfu_slot_clear (&stage->slot);
  g_ptr_array_unref (stage->pkts);
  g_free (stage->got);
  g_rand_free (stage->rand);
}

static inline void
source_init (StageSource *source, uint64_t track, SfuCodec codec, unsigned n_layers)
{
  memset (source, 0, sizeof *source);
  source->track = track;
  source->codec = codec;
  source->n_layers = n_layers;
  source->n_spatial = source->n_temporal = 1;
  source->n_pkts = 3;
  source->long_picture_id = true;
  for (unsigned i = 0; i < n_layers; i++)
    source->layers[i] = (StageLayer){
      .index = 65536 + 1000 * track + 100 * i,
      .rtp_base = (uint32_t) (0x12345678 * track + 0x1111111 * i),
      .epoch = 1,
      .picture = (uint16_t) (300 * track + 77 * i),
      .frame_number = (uint16_t) (9000 * track + 500 * i),
      .tl0 = (uint8_t) (50 * track + 5 * i),
      .want_key = true,
    };
}

/** stage_start: a slot that shows @source, with @n_layers encodings, from its first packet on. */
static inline void
stage_start (Stage *stage, SfuKind kind, StageSource *source, SfuCodec codec, unsigned n_layers)
{
  stage_init (stage, kind, 1);
  source_init (source, 1, codec, n_layers);
  sfu_slot_set_source (&stage->slot, 1, codec, NULL, stage->now_us);
}

/* The pattern of libvpx: 0, or 0 1, or 0 2 1 2 */
static inline unsigned
temporal_of (const StageSource *source, unsigned n)
{
  static const uint8_t three[] = { 0, 2, 1, 2 };

  return source->n_temporal == 1 ? 0 : source->n_temporal == 2 ? n % 2 : three[n % 4];
}

static inline void
write_payload (StagePacket *p, const StageSource *source, const StageLayer *layer)
{
  SfuPacket *packet = &p->packet;
  SfuFrame *frame = &packet->frame;
  uint8_t *payload = p->data + 12;
  unsigned at = 1;

  packet->rtp.data = p->data;
  packet->rtp.len = sizeof p->data;
  packet->rtp.header_len = 12;
  packet->rtp.payload_len = 20;
  if (source->dependency)
    {
      frame->has_dependency = true;
      frame->dependency.frame_number = layer->frame_number;
      packet->ext_at[SFU_EXT_DEPENDENCY] = 4;
      packet->ext_len[SFU_EXT_DEPENDENCY] = 3;
      p->data[4] = (uint8_t) (frame->start << 7 | frame->end << 6 | frame->temporal);
      p->data[5] = (uint8_t) (layer->frame_number >> 8);
      p->data[6] = (uint8_t) layer->frame_number;
    }
  if (source->codec != SFU_CODEC_VP8 && source->codec != SFU_CODEC_VP9)
    return;
  if (source->long_picture_id)
    payload[at++] = (uint8_t) (0x80 | (layer->picture >> 8 & 0x7f));
  payload[at++] = (uint8_t) (layer->picture & (source->long_picture_id ? 0xff : 0x7f));
  payload[at] = layer->tl0;
  if (source->codec == SFU_CODEC_VP8)
    frame->vp8 = (SfuVp8){ .picture_id = layer->picture & (source->long_picture_id ? 0x7fff : 0x7f), .picture_id_at = 1,
                           .long_picture_id = source->long_picture_id, .tl0_pic_idx = layer->tl0, .tl0_at = (uint8_t) at };
  else
    frame->vp9 = (SfuVp9){ .picture_id = layer->picture & (source->long_picture_id ? 0x7fff : 0x7f), .picture_id_at = 1,
                           .long_picture_id = source->long_picture_id, .tl0_pic_idx = layer->tl0, .tl0_at = (uint8_t) at };
}

/* One packet more of layer @l. */
static inline StagePacket *
source_put (Stage *stage, const StageSource *source, unsigned l, SfuFrame frame, bool marker, uint32_t rtp)
{
  StageLayer *layer = (StageLayer *) &source->layers[l];
  StagePacket *p = g_new0 (StagePacket, 1);

  g_ptr_array_add (stage->pkts, p);
  frame.codec = source->codec;
  p->packet = (SfuPacket){ .track = source->track, .index = layer->index++, .epoch = layer->epoch, .layer = (uint8_t) l,
                           .time_us = stage->now_us, .frame = frame };
  p->packet.rtp.timestamp = rtp;
  p->packet.rtp.marker = marker;
  write_payload (p, source, layer);
  if (source->codec == SFU_CODEC_VP9)
    p->packet.frame.vp9.inter_picture = !frame.keyframe;
  return p;
}

/* One picture of every layer, appended to @out. */
static inline void
source_picture (Stage *stage, StageSource *source, GPtrArray *out)
{
  for (unsigned l = 0; l < source->n_layers; l++)
    {
      StageLayer *layer = &source->layers[l];
      bool key = layer->want_key;
      unsigned temporal = key ? 0 : temporal_of (source, source->n_frames);
      uint32_t rtp = layer->rtp_base + (uint32_t) (stage->now_us * 90 / 1000);

      layer->want_key = false;
      layer->picture++;
      layer->tl0 += temporal == 0;
      for (unsigned s = 0; s < source->n_spatial; s++)
        {
          layer->frame_number++;
          for (unsigned i = 0; i < source->n_pkts; i++)
            {
              SfuFrame frame = { .start = i == 0, .end = i == source->n_pkts - 1, .keyframe = key, .spatial = (uint8_t) s };

              frame.temporal = (uint8_t) temporal;
              frame.switch_up = key || temporal == 1 || (temporal == 2 && source->n_frames % 4 == 1);
              frame.picture_end = frame.end && s == source->n_spatial - 1;
              g_ptr_array_add (out, source_put (stage, source, l, frame, frame.picture_end, rtp));
            }
        }
    }
  source->n_frames++;
}

/* The slot gets @p; what it sends is kept. Each number comes once (RFC 7714 §8.1: a number is a nonce). */
static inline StageGot *
stage_feed (Stage *stage, const StagePacket *p)
{
  StageGot got = { .from = p, .time_us = stage->now_us };
  uint8_t payload[20];
  SfuRewrite *rewrite = &got.rewrite;
  uint64_t at;

  if (sfu_slot_on_packet (&stage->slot, &p->packet, stage->now_us, rewrite) != SFU_SLOT_SEND)
    return NULL;
  memcpy (payload, p->data + 12, sizeof payload);
  g_assert_cmpuint (rewrite->n_patches, <=, SFU_REWRITE_PATCHES);
  for (unsigned i = 0; i < rewrite->n_patches; i++)
    {
      g_assert_cmpuint (rewrite->patches[i].at, <, 4);
      payload[rewrite->patches[i].at] = rewrite->patches[i].value;
    }
  if (p->packet.frame.codec == SFU_CODEC_VP8 || p->packet.frame.codec == SFU_CODEC_VP9)
    {
      bool wide = (payload[1] & 0x80) != 0;

      g_assert_cmpint (wide, ==, (p->data[13] & 0x80) != 0); /* the width stays (RFC 7741 §4.2) */
      got.picture = wide ? (uint16_t) ((payload[1] & 0x7f) << 8 | payload[2]) : payload[1];
      got.tl0 = payload[wide ? 3 : 2];
    }
  if (p->packet.frame.has_dependency)
    {
      const uint8_t *dependency
          = rewrite->dependency_len > 0 ? rewrite->dependency : p->data + MAX (p->packet.ext_at[SFU_EXT_DEPENDENCY], 4);

      got.frame_number = (uint16_t) (dependency[1] << 8 | dependency[2]);
    }
  at = rewrite->index - stage->first;
  g_assert_cmpuint (at, <, STAGE_MAX);
  g_assert_null (stage->got[at].from);
  stage->got[at] = got;
  stage->n_got = MAX (stage->n_got, (unsigned) at + 1);
  return &stage->got[at];
}

/* A picture of @source at once; time goes on by @after_us. Returns: packets that were sent of it. */
static inline unsigned
stage_picture (Stage *stage, StageSource *source, int64_t after_us)
{
  GPtrArray *pkts = g_ptr_array_new ();
  unsigned sent = 0;

  source_picture (stage, source, pkts);
  for (unsigned i = 0; i < pkts->len; i++)
    sent += stage_feed (stage, g_ptr_array_index (pkts, i)) != NULL;
  g_ptr_array_unref (pkts);
  stage->now_us += after_us;
  return sent;
}

/* Nothing is missing from number @from on. */
static inline void
stage_check_whole (const Stage *stage, unsigned from)
{
  for (unsigned i = from; i < stage->n_got; i++)
    g_assert_nonnull (stage->got[i].from);
}
