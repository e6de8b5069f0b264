/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model of one subscriber in virtual time: a publisher with three simulcast layers and a microphone, the SFU's allocator,
 * pacer and estimator as the worker drives them, a link, and a receiver that sends feedback, NACKs and PLIs, decodes what is
 * complete, and notes when it has got no picture. A step is a millisecond.
 */
#pragma once

#include "link.h"
#include "sfu/allocator.h"
#include "sfu/pacer.h"
#include "sfu/send-side.h"

#define MODEL_LAYERS 3
#define MODEL_SECONDS 130
#define MODEL_AUDIO_BPS 40000

/** ModelFrame: as the receiver knows it. */
typedef struct {
  uint32_t id, before; /* @before: the one that it needs, unless it is a keyframe */
  uint16_t n, got;
  bool keyframe;
} ModelFrame;

/** ModelSent: as the sender's cache knows it. */
typedef struct {
  uint64_t info[4];
  int64_t resent_us;
  uint32_t bytes;
  bool used;
} ModelSent;

/** ModelFeedback: on its way back. */
typedef struct {
  int64_t at_us;
  GArray *packets; /* SfuTwccPacket; NULL: none */
  GArray *nacks;   /* uint16_t */
  bool pli;
  uint32_t remb_bps;
  double loss;
} ModelFeedback;

/** Model: what is not private may be changed while it runs. */
typedef struct {
  SimLink *link; /* not owned; of several */
  uint32_t flow;
  int64_t back_us;                   /* delay of feedback */
  int64_t feedback_every_us;
  bool feedback_lost, feedback_reordered, remb_only;
  uint32_t remb_bps;
  bool active[MODEL_LAYERS];         /* does the publisher send it */
  bool elastic;                      /* instead of layers, a source that fills any estimate */
  unsigned fps;
  unsigned voices;                   /* 1 to begin with */
  SfuDemand demand;

  /*< private >*/
  SfuSendSide side;
  SfuPacer pacer;
  uint64_t queued[1024][4]; /* of packets in @pacer; more than it holds */
  unsigned n_queued;
  SfuAllocState state;
  SfuChoice choice;
  GRand *random;
  GQueue back; /* ModelFeedback */
  int64_t next_audio_us, next_frame_us, next_allocate_us, next_feedback_us, next_nack_us;
  int layer, target;
  bool needs_keyframe, wants_keyframe[MODEL_LAYERS];
  int64_t keyframe_at_us[MODEL_LAYERS];
  uint32_t next_frame, last_pushed;
  uint16_t next_seq, keyframe_seq; /* nothing before the latter is sent again */
  ModelSent cache[1024];
  /* receiver */
  uint16_t twcc_base;
  bool twcc_any;
  int64_t twcc_arrival_us[4096];
  uint16_t twcc_newest;
  int64_t nacked_us[65536];
  bool arrived[65536];
  uint8_t tries[65536];
  uint16_t newest_seq;
  bool any_seq;
  uint32_t received, expected;
  ModelFrame frames[512];
  uint32_t decoded, newest_frame;
  int64_t decoded_us, pli_us;
  /* what it was like; by 10 ms and by second */
  uint32_t sent_bytes[MODEL_SECONDS * 100];
  int64_t longest_freeze_us;
  unsigned n_frames, n_dropped, n_plis, n_resent, padding_bytes;
} Model;

/** model_new: @link: not owned. @round_trip_us: twice the link's delay. */
Model *model_new (SimLink *link, uint32_t flow, int64_t back_us, uint32_t seed);
void model_free (Model *model);
/** model_step: the millisecond that begins at @now_us, without receiving. */
void model_step (Model *model, int64_t now_us);
/** model_receive: a packet of its flow has arrived. */
void model_receive (Model *model, const SimPkt *pkt);
/** model_run: some models on one link, from @from_us to @to_us. */
void model_run (Model **models, unsigned n, SimLink *link, int64_t from_us, int64_t to_us);
/** model_get_sent_bps: Returns: what it sent from @from_us to @to_us (multiples of 10 ms). */
uint32_t model_get_sent_bps (const Model *model, int64_t from_us, int64_t to_us);
/** model_take_freeze_us: Returns: the longest time without a picture since the last call. */
int64_t model_take_freeze_us (Model *model, int64_t now_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Model, model_free)
