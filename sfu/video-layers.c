/* SPDX-License-Identifier: Apache-2.0 */
/* Video layers allocation. Any thread. */
#include "sfu/video-layers.h"

#include "sfu/bits.h"

/*
 * |RID| NS| sl_bm |  the packet's stream, streams - 1, which spatial layers each has; 0: they differ, and follow:
 * |sl0_bm |sl1_bm |  for each stream 4 bits, to a whole byte
 * |#tl|#tl| ...      for each active spatial layer: temporal layers - 1, to a whole byte
 * target rates       for each temporal layer of each: kbit/s with all below, LEB128
 * width, height, fps for each active spatial layer, or not at all: 16, 16 (each minus 1), 8
 *
 * One byte of 0: nothing is sent.
 */
#define LEB128_BYTES_MAX 5

static uint32_t
read_leb128 (SfuBits *bits)
{
  uint64_t value = 0;

  for (unsigned i = 0; i < LEB128_BYTES_MAX; i++)
    {
      uint32_t byte = sfu_bits_read (bits, 8);

      value |= (uint64_t) (byte & 0x7f) << (7 * i);
      if ((byte & 0x80) == 0 && value <= UINT32_MAX)
        return (uint32_t) value;
    }
  bits->failed = true;
  return 0;
}

static void
align (SfuBits *bits)
{
  sfu_bits_skip (bits, -bits->at & 7);
}

static void
read_masks (SfuBits *bits, SfuVideoLayers *layers)
{
  uint32_t shared = sfu_bits_read (bits, 4);

  for (unsigned stream = 0; stream < layers->n_streams; stream++)
    {
      uint32_t mask = shared != 0 ? shared : sfu_bits_read (bits, 4);

      for (unsigned spatial = 0; spatial < SFU_SPATIAL_MAX; spatial++)
        if ((mask & 1u << spatial) != 0)
          layers->layers[layers->n_layers++] = (SfuVideoLayer){ .stream = (uint8_t) stream, .spatial = (uint8_t) spatial };
    }
  align (bits);
}

bool
sfu_video_layers_parse (const uint8_t *data, size_t len, SfuVideoLayers *ret_layers)
{
  SfuVideoLayers *layers = ret_layers;
  SfuBits bits;

  *layers = (SfuVideoLayers){ .n_streams = 1 };
  if (len == 1 && data[0] == 0)
    return true;
  sfu_bits_init (&bits, data, len);
  layers->stream = (uint8_t) sfu_bits_read (&bits, 2);
  layers->n_streams = (uint8_t) (sfu_bits_read (&bits, 2) + 1);
  read_masks (&bits, layers);
  for (unsigned i = 0; i < layers->n_layers; i++)
    layers->layers[i].n_temporal = (uint8_t) (sfu_bits_read (&bits, 2) + 1);
  align (&bits);
  for (unsigned i = 0; i < layers->n_layers; i++)
    for (unsigned t = 0; t < layers->layers[i].n_temporal; t++)
      layers->layers[i].kbps[t] = read_leb128 (&bits);
  layers->has_sizes = !bits.failed && layers->n_layers > 0 && bits.at < bits.end;
  for (unsigned i = 0; layers->has_sizes && i < layers->n_layers; i++)
    {
      uint32_t width = sfu_bits_read (&bits, 16) + 1, height = sfu_bits_read (&bits, 16) + 1;

      /* 65,536 has no place, nor a use */
      layers->layers[i].width = (uint16_t) (width <= UINT16_MAX ? width : UINT16_MAX);
      layers->layers[i].height = (uint16_t) (height <= UINT16_MAX ? height : UINT16_MAX);
      layers->layers[i].fps = (uint8_t) sfu_bits_read (&bits, 8);
    }
  return !bits.failed && bits.at == bits.end && layers->stream < layers->n_streams;
}

static void
write_leb128 (SfuBitWriter *writer, uint32_t value)
{
  for (; value >= 0x80; value >>= 7)
    sfu_bit_writer_put (writer, 0x80 | (value & 0x7f), 8);
  sfu_bit_writer_put (writer, value, 8);
}

static void
pad (SfuBitWriter *writer)
{
  sfu_bit_writer_put (writer, 0, -writer->at & 7);
}

/* Returns: false when a layer is none, or stands in the wrong order */
static bool
collect_masks (const SfuVideoLayers *layers, uint32_t masks[SFU_LAYERS_MAX])
{
  int last = -1;

  if (layers->n_streams == 0 || layers->n_streams > SFU_LAYERS_MAX || layers->stream >= layers->n_streams
      || layers->n_layers > SFU_LAYERS_MAX * SFU_SPATIAL_MAX)
    return false;
  for (unsigned i = 0; i < layers->n_layers; i++)
    {
      const SfuVideoLayer *layer = &layers->layers[i];
      int key = layer->stream * SFU_SPATIAL_MAX + layer->spatial;

      if (layer->stream >= layers->n_streams || layer->spatial >= SFU_SPATIAL_MAX || key <= last || layer->n_temporal == 0
          || layer->n_temporal > SFU_TEMPORAL_MAX)
        return false;
      masks[layer->stream] |= 1u << layer->spatial;
      last = key;
    }
  return true;
}

static void
write_masks (SfuBitWriter *writer, const uint32_t *masks, unsigned n)
{
  bool same = true;

  for (unsigned i = 1; i < n; i++)
    same = same && masks[i] == masks[0];
  sfu_bit_writer_put (writer, same ? masks[0] : 0, 4);
  for (unsigned i = 0; (!same || masks[0] == 0) && i < n; i++)
    sfu_bit_writer_put (writer, masks[i], 4);
  pad (writer);
}

size_t
sfu_video_layers_write (const SfuVideoLayers *layers, uint8_t *ret_data, size_t size)
{
  uint32_t masks[SFU_LAYERS_MAX] = { 0 };
  SfuBitWriter writer;

  if (!collect_masks (layers, masks))
    return 0;
  sfu_bit_writer_init (&writer, ret_data, size);
  if (layers->n_layers == 0)
    {
      sfu_bit_writer_put (&writer, 0, 8);
      return sfu_bit_writer_end (&writer);
    }
  sfu_bit_writer_put (&writer, layers->stream, 2);
  sfu_bit_writer_put (&writer, layers->n_streams - 1u, 2);
  write_masks (&writer, masks, layers->n_streams);
  for (unsigned i = 0; i < layers->n_layers; i++)
    sfu_bit_writer_put (&writer, layers->layers[i].n_temporal - 1u, 2);
  pad (&writer);
  for (unsigned i = 0; i < layers->n_layers; i++)
    for (unsigned t = 0; t < layers->layers[i].n_temporal; t++)
      write_leb128 (&writer, layers->layers[i].kbps[t]);
  for (unsigned i = 0; layers->has_sizes && i < layers->n_layers; i++)
    {
      if (layers->layers[i].width == 0 || layers->layers[i].height == 0)
        return 0;
      sfu_bit_writer_put (&writer, layers->layers[i].width - 1u, 16);
      sfu_bit_writer_put (&writer, layers->layers[i].height - 1u, 16);
      sfu_bit_writer_put (&writer, layers->layers[i].fps, 8);
    }
  return sfu_bit_writer_end (&writer);
}
