/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include <string.h>

#define PAYLOAD 1100
#define OVERHEAD 70 /* RTP with extensions, SRTP, UDP, IP */
#define KEYFRAME_FACTOR 4
#define PUBLISHER_US (60 * MS) /* from a PLI to the keyframe's arrival */
#define PADDING_BYTES 255

static const uint32_t layer_bps[MODEL_LAYERS] = { 150000, 500000, 1500000 };

/* of a packet */
enum { FRAME, BEFORE, SHAPE, SEQS };
#define SHAPE_OF(n, i, keyframe) ((uint64_t) (n) << 32 | (uint64_t) (i) << 16 | (keyframe))

static void
on_drop (const SfuPacerItem *item, void *user)
{
  Model *model = user;

  model->n_dropped++;
  if (item->kind == SFU_SEND_MEDIA)
    model->needs_keyframe = true;
}

Model *
model_new (SimLink *link, uint32_t flow, int64_t back_us, uint32_t seed)
{
  Model *model = g_new0 (Model, 1);

  model->link = link;
  model->flow = flow;
  model->back_us = back_us;
  model->feedback_every_us = 60 * MS;
  model->fps = 30;
  model->voices = 1;
  model->random = g_rand_new_with_seed (seed);
  g_queue_init (&model->back);
  model->layer = -1;
  model->target = -1;
  model->next_frame = 1;
  model->demand = (SfuDemand){ .key = 1, .n_encodings = MODEL_LAYERS };
  for (unsigned i = 0; i < MODEL_LAYERS; i++)
    {
      model->active[i] = true;
      model->demand.encodings[i] = (SfuEncoding){ .n_temporal = 1, .width = (uint16_t) (320 << i), .height = (uint16_t) (180 << i) };
    }
  sfu_send_side_init (&model->side, 0);
  sfu_pacer_init (&model->pacer, on_drop, model);
  return model;
}

static void
free_feedback (gpointer data)
{
  ModelFeedback *feedback = data;

  g_clear_pointer (&feedback->packets, g_array_unref);
  g_clear_pointer (&feedback->nacks, g_array_unref);
  g_free (feedback);
}

void
model_free (Model *model)
{
  g_queue_clear_full (&model->back, free_feedback);
  g_rand_free (model->random);
  sfu_send_side_clear (&model->side);
  sfu_pacer_finish (&model->pacer);
  g_free (model);
}

static void
request_keyframe (Model *model, int layer, int64_t now_us)
{
  if (model->wants_keyframe[layer])
    return;
  model->wants_keyframe[layer] = true;
  model->keyframe_at_us[layer] = now_us + PUBLISHER_US;
}

static void
push (Model *model, SfuSendKind kind, uint32_t bytes, uint32_t frame, bool keyframe, const uint64_t *info, int64_t now_us)
{
  SfuPacerItem item = { .kind = (uint8_t) kind, .bytes = (uint16_t) bytes, .frame = frame, .keyframe = keyframe };

  item.info = model->n_queued++ % G_N_ELEMENTS (model->queued);
  memcpy (model->queued[item.info], info, sizeof model->queued[0]);
  if (!sfu_pacer_push (&model->pacer, &item, now_us))
    on_drop (&item, model);
}

static void
push_frame (Model *model, uint32_t bytes, bool keyframe, int64_t now_us)
{
  unsigned n = (bytes + PAYLOAD - 1) / PAYLOAD;
  uint32_t frame = model->next_frame++;

  for (unsigned i = 0; i < n; i++)
    {
      uint64_t info[4] = { [FRAME] = frame, [BEFORE] = model->last_pushed, [SHAPE] = SHAPE_OF (n, i, keyframe) };

      push (model, SFU_SEND_MEDIA, bytes / n + OVERHEAD, frame, keyframe, info, now_us);
    }
  model->last_pushed = frame;
}

/* Every layer has a frame; one of them, or none, is forwarded. */
static void
make_frames (Model *model, int64_t now_us)
{
  for (int i = 0; i < MODEL_LAYERS; i++)
    {
      uint32_t bytes = (uint32_t) ((double) layer_bps[i] / 8 / model->fps * g_rand_double_range (model->random, 0.8, 1.2));
      bool keyframe = model->wants_keyframe[i] && now_us >= model->keyframe_at_us[i];

      if (!model->active[i])
        continue;
      if (keyframe)
        {
          model->wants_keyframe[i] = false;
          bytes *= KEYFRAME_FACTOR;
        }
      if (keyframe && i == model->target)
        {
          if (i < model->layer)
            sfu_pacer_drop_slot (&model->pacer, 0);
          model->layer = i;
          model->needs_keyframe = false;
        }
      if (i == model->layer && !model->needs_keyframe)
        push_frame (model, bytes, keyframe, now_us);
    }
}

/* A frame as large as the estimate allows, up to 4 Mbit/s. */
static void
make_elastic_frame (Model *model, int64_t now_us)
{
  double bps = sfu_send_side_get_estimate_bps (&model->side) / 1.1;

  bps = CLAMP (bps - model->voices * MODEL_AUDIO_BPS, 50000, 4000000);
  push_frame (model, (uint32_t) (bps / 8 / model->fps * g_rand_double_range (model->random, 0.8, 1.2)),
              model->needs_keyframe || model->next_frame == 1, now_us);
  model->needs_keyframe = false;
}

static void
allocate (Model *model, int64_t now_us)
{
  uint32_t estimate_bps = sfu_send_side_get_estimate_bps (&model->side), audio_bps = model->voices * MODEL_AUDIO_BPS;
  SfuAllocation allocation;

  if (model->elastic)
    {
      sfu_send_side_set_wanted (&model->side, 4000000, now_us);
      return;
    }
  for (unsigned i = 0; i < MODEL_LAYERS; i++)
    {
      SfuEncoding *encoding = &model->demand.encodings[i];

      encoding->active = model->active[i];
      encoding->bps[0] = layer_bps[i] + layer_bps[i] / 8 / PAYLOAD * OVERHEAD * 8;
      encoding->fps[0] = (uint8_t) model->fps;
    }
  allocation = sfu_allocate (&model->demand, 1, estimate_bps - MIN (estimate_bps, audio_bps), &model->state, now_us,
                             &model->choice);
  model->target = model->choice.layer;
  if (model->target < 0)
    model->layer = -1;
  sfu_send_side_set_wanted (&model->side, allocation.wanted_bps + audio_bps, now_us);
}

static void
send_one (Model *model, SfuSendKind kind, uint8_t probe, uint32_t bytes, const uint64_t *info, int64_t now_us)
{
  SimPkt pkt = { .time_us = now_us, .flow = model->flow, .bytes = bytes };
  uint16_t seq = sfu_send_side_on_sent (&model->side, bytes, kind, probe, now_us);

  if (info != NULL)
    memcpy (pkt.info, info, sizeof pkt.info);
  if (kind == SFU_SEND_MEDIA)
    {
      ModelSent *sent = &model->cache[model->next_seq % G_N_ELEMENTS (model->cache)];

      if ((pkt.info[SHAPE] & 0xffff0001) == 1)
        model->keyframe_seq = model->next_seq;
      pkt.info[SEQS] = (uint64_t) model->next_seq++ << 16;
      memcpy (sent->info, pkt.info, sizeof sent->info);
      sent->bytes = bytes;
      sent->resent_us = 0;
      sent->used = true;
    }
  pkt.info[SEQS] = (pkt.info[SEQS] & 0xffff0000) | seq | (uint64_t) kind << 32;
  model->sent_bytes[now_us / (10 * MS)] += bytes;
  sim_link_send (model->link, &pkt);
}

static void
send_all (Model *model, int64_t now_us)
{
  SfuPacerItem item;
  uint32_t rate_bps, bytes;
  uint8_t id;

  sfu_pacer_set_rate (&model->pacer, sfu_send_side_get_pacing_bps (&model->side),
                      sfu_send_side_get_estimate_bps (&model->side), now_us);
  while (sfu_pacer_pop (&model->pacer, now_us, &item))
    send_one (model, (SfuSendKind) item.kind, 0, item.bytes, model->queued[item.info], now_us);
  while (sfu_send_side_next_probe (&model->side, now_us, &rate_bps, &bytes, &id))
    {
      send_one (model, SFU_SEND_PADDING, id, PADDING_BYTES + OVERHEAD, NULL, now_us);
      sfu_pacer_spend (&model->pacer, PADDING_BYTES + OVERHEAD, now_us);
      model->padding_bytes += PADDING_BYTES + OVERHEAD;
    }
}

static void
resend (Model *model, uint16_t seq, int64_t now_us)
{
  ModelSent *sent = &model->cache[seq % G_N_ELEMENTS (model->cache)];

  if ((int16_t) (seq - model->keyframe_seq) < 0)
    return;
  if (!sent->used || (uint16_t) (sent->info[SEQS] >> 16) != seq ||
      now_us - sent->resent_us < sfu_send_side_get_rtt_us (&model->side))
    return;
  sent->resent_us = now_us;
  model->n_resent++;
  push (model, SFU_SEND_RTX, sent->bytes, 0, false, sent->info, now_us);
}

static void
take_back (Model *model, int64_t now_us)
{
  ModelFeedback *feedback;

  while ((feedback = g_queue_peek_head (&model->back)) != NULL && feedback->at_us <= now_us)
    {
      g_queue_pop_head (&model->back);
      if (feedback->packets != NULL)
        sfu_send_side_on_feedback (&model->side, (const SfuTwccPacket *) (void *) feedback->packets->data,
                                   feedback->packets->len, now_us);
      if (feedback->remb_bps != 0)
        {
          sfu_send_side_on_remb (&model->side, feedback->remb_bps, now_us);
          sfu_send_side_on_report (&model->side, (uint8_t) (feedback->loss * 255), 2 * model->back_us, now_us);
        }
      for (unsigned i = 0; feedback->nacks != NULL && i < feedback->nacks->len; i++)
        resend (model, g_array_index (feedback->nacks, uint16_t, i), now_us);
      if (feedback->pli)
        model->needs_keyframe = true;
      free_feedback (feedback);
    }
}

static int
compare_feedback (gconstpointer a, gconstpointer b, G_GNUC_UNUSED gpointer user)
{
  const ModelFeedback *one = a, *other = b;

  return one->at_us < other->at_us ? -1 : one->at_us > other->at_us;
}

static ModelFeedback *
send_back (Model *model, int64_t at_us)
{
  ModelFeedback *feedback = g_new0 (ModelFeedback, 1);

  feedback->at_us = at_us;
  g_queue_insert_sorted (&model->back, feedback, compare_feedback, NULL);
  return feedback;
}

static void
make_feedback (Model *model, int64_t now_us)
{
  GArray *packets;
  ModelFeedback *feedback;
  int64_t at_us = now_us + model->back_us;

  if (model->remb_only)
    {
      feedback = send_back (model, at_us);
      feedback->remb_bps = model->remb_bps;
      feedback->loss = model->expected > 0 ? 1 - MIN (1, (double) model->received / model->expected) : 0;
      model->received = model->expected = 0;
      return;
    }
  if (!model->twcc_any || (int16_t) (model->twcc_newest - model->twcc_base) < 0)
    return;
  packets = g_array_new (FALSE, FALSE, sizeof (SfuTwccPacket));
  for (uint16_t seq = model->twcc_base; seq != (uint16_t) (model->twcc_newest + 1); seq++)
    {
      int64_t *arrival_us = &model->twcc_arrival_us[seq % G_N_ELEMENTS (model->twcc_arrival_us)];
      SfuTwccPacket packet = { .time_us = *arrival_us, .seq = seq, .received = *arrival_us != 0 };

      *arrival_us = 0;
      g_array_append_val (packets, packet);
    }
  model->twcc_base = (uint16_t) (model->twcc_newest + 1);
  if (model->feedback_lost)
    {
      g_array_unref (packets);
      return;
    }
  if (model->feedback_reordered && g_rand_double (model->random) < 0.2)
    at_us += 100 * MS;
  send_back (model, at_us)->packets = packets;
}

static void
make_nacks (Model *model, int64_t now_us)
{
  GArray *nacks = NULL;

  for (uint16_t back = 200; model->any_seq && back > 0; back--)
    {
      uint16_t seq = (uint16_t) (model->newest_seq - back);

      if (model->arrived[seq] || model->nacked_us[seq] == 0 || model->tries[seq] >= 10 ||
          now_us - model->nacked_us[seq] < 2 * model->back_us + 30 * MS)
        continue;
      model->nacked_us[seq] = now_us;
      model->tries[seq]++;
      if (nacks == NULL)
        nacks = g_array_new (FALSE, FALSE, sizeof (uint16_t));
      g_array_append_val (nacks, seq);
    }
  if (nacks != NULL)
    send_back (model, now_us + model->back_us)->nacks = nacks;
  if (now_us - model->decoded_us > 400 * MS && model->newest_frame > model->decoded && now_us - model->pli_us > 400 * MS)
    {
      model->pli_us = now_us;
      model->n_plis++;
      send_back (model, now_us + model->back_us)->pli = true;
    }
}

void
model_step (Model *model, int64_t now_us)
{
  take_back (model, now_us);
  if (now_us >= model->next_allocate_us)
    {
      allocate (model, now_us);
      model->next_allocate_us = now_us + 100 * MS;
    }
  if (model->target >= 0 && (model->needs_keyframe || model->layer != model->target))
    request_keyframe (model, model->target, now_us);
  if (now_us >= model->next_frame_us)
    {
      if (model->elastic)
        make_elastic_frame (model, now_us);
      else
        make_frames (model, now_us);
      model->next_frame_us = now_us + SECOND / model->fps;
    }
  if (now_us >= model->next_audio_us)
    {
      for (unsigned i = 0; i < model->voices; i++)
        push (model, SFU_SEND_AUDIO, MODEL_AUDIO_BPS / 8 / 50, 0, false, (const uint64_t[4]){ 0 }, now_us);
      model->next_audio_us = now_us + 20 * MS;
    }
  send_all (model, now_us);
  if (now_us >= model->next_feedback_us)
    {
      make_feedback (model, now_us);
      model->next_feedback_us = now_us + model->feedback_every_us;
    }
  if (now_us >= model->next_nack_us)
    {
      make_nacks (model, now_us);
      model->next_nack_us = now_us + 20 * MS;
    }
}

static void
decode (Model *model, int64_t now_us)
{
  for (uint32_t id = model->decoded + 1; id <= model->newest_frame; id++)
    {
      ModelFrame *frame = &model->frames[id % G_N_ELEMENTS (model->frames)];

      if (frame->id != id || frame->got < frame->n || (!frame->keyframe && frame->before != model->decoded))
        continue;
      if (model->decoded != 0)
        model->longest_freeze_us = MAX (model->longest_freeze_us, now_us - model->decoded_us);
      model->decoded = id;
      model->decoded_us = now_us;
      model->n_frames++;
    }
}

static void
receive_video (Model *model, const SimPkt *pkt)
{
  uint16_t seq = (uint16_t) (pkt->info[SEQS] >> 16);
  uint32_t id = (uint32_t) pkt->info[FRAME];
  ModelFrame *frame = &model->frames[id % G_N_ELEMENTS (model->frames)];

  if (!model->any_seq)
    model->newest_seq = (uint16_t) (seq - 1);
  model->any_seq = true;
  for (; (int16_t) (seq - model->newest_seq) > 0; model->newest_seq++)
    {
      uint16_t next = (uint16_t) (model->newest_seq + 1);

      model->arrived[next] = false;
      model->tries[next] = 0;
      model->nacked_us[next] = 1;
      model->expected++;
    }
  if (model->arrived[seq])
    return;
  model->arrived[seq] = true;
  model->received++;
  if (id <= model->decoded)
    return;
  if (frame->id != id)
    *frame = (ModelFrame){
      .id = id,
      .before = (uint32_t) pkt->info[BEFORE],
      .n = (uint16_t) (pkt->info[SHAPE] >> 32),
      .keyframe = pkt->info[SHAPE] & 1,
    };
  frame->got++;
  model->newest_frame = MAX (model->newest_frame, id);
  decode (model, pkt->time_us);
}

void
model_receive (Model *model, const SimPkt *pkt)
{
  uint16_t seq = (uint16_t) pkt->info[SEQS];
  SfuSendKind kind = (SfuSendKind) (pkt->info[SEQS] >> 32);

  if (!model->twcc_any)
    model->twcc_base = model->twcc_newest = seq;
  model->twcc_any = true;
  if ((int16_t) (seq - model->twcc_newest) > 0)
    model->twcc_newest = seq;
  if ((int16_t) (seq - model->twcc_base) < 0)
    model->twcc_base = seq; /* it comes late: this and what follows is told again */
  model->twcc_arrival_us[seq % G_N_ELEMENTS (model->twcc_arrival_us)] = pkt->time_us;
  if (kind == SFU_SEND_MEDIA || kind == SFU_SEND_RTX)
    receive_video (model, pkt);
}

void
model_run (Model **models, unsigned n, SimLink *link, int64_t from_us, int64_t to_us)
{
  for (int64_t now_us = from_us; now_us < to_us; now_us += MS)
    {
      SimPkt pkt;

      while (sim_link_receive (link, now_us, &pkt))
        if (pkt.flow < n)
          model_receive (models[pkt.flow], &pkt);
      for (unsigned i = 0; i < n; i++)
        model_step (models[i], now_us);
    }
}

uint32_t
model_get_sent_bps (const Model *model, int64_t from_us, int64_t to_us)
{
  uint64_t bytes = 0;

  for (int64_t i = from_us / (10 * MS); i < to_us / (10 * MS); i++)
    bytes += model->sent_bytes[i];
  return (uint32_t) (bytes * 8 * SECOND / (uint64_t) (to_us - from_us));
}

int64_t
model_take_freeze_us (Model *model, int64_t now_us)
{
  int64_t longest_us = MAX (model->longest_freeze_us, now_us - model->decoded_us);

  model->longest_freeze_us = 0;
  return longest_us;
}
