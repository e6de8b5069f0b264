/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the main thread tells the workers of one leg (one transport of a peer): always the whole, so that a later one simply
 * takes the place of the one before. Made by control.c from offer and answer; read-only afterwards.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "sfu/codec.h"
#include "sfu/control.h"
#include "sfu/ext.h"
#include "sfu/fingerprint.h"

#define SFU_WANTS_MAX 128
#define SFU_UFRAG_MAX 256
#define SFU_PWD_MAX 256
#define SFU_PAYLOADS_MAX 32
/** SFU_NO_PT: not negotiated. */
#define SFU_NO_PT 0xff

/** SfuPayload: @rtx: SFU_NO_PT: none. @profile: what packets must have in common with it to be of use: profile-id of VP9,
 *  profile and packetization mode of H264; else 0 */
typedef struct {
  uint8_t codec; /* SfuCodec */
  uint8_t payload_type, rtx;
  uint32_t profile;
} SfuPayload;

/** SfuPayloadMap: payload types mean the same in a whole bundle (RFC 9143 §9.1). @of: a payload type's index in @list; with
 *  SFU_IS_RTX: its retransmissions; SFU_NO_PT: unknown */
#define SFU_IS_RTX 0x80
typedef struct {
  unsigned n;
  SfuPayload list[SFU_PAYLOADS_MAX]; /* most wanted first */
  uint8_t of[128];
} SfuPayloadMap;

/** sfu_payload_map_find: Returns: (transfer none) (nullable) */
const SfuPayload *sfu_payload_map_find (const SfuPayloadMap *map, SfuCodec codec, uint32_t profile);

/** SfuPublication: of a publisher's section. @rids: in the order of the offer; @rid_pixels: sfu_rid_order_read_pixels();
 *  @ssrcs: as announced, 0: not */
typedef struct {
  uint64_t track;
  SfuSource source;
  unsigned n_rids, n_ssrcs;
  char rids[SFU_LAYERS_MAX][SFU_RID_MAX + 1];
  uint32_t rid_pixels[SFU_LAYERS_MAX];
  uint32_t ssrcs[SFU_LAYERS_MAX], rtx_ssrcs[SFU_LAYERS_MAX];
} SfuPublication;

/** SfuLane: an accepted section of the offer. @active: false: ended by a later offer */
typedef struct {
  char mid[SFU_MID_MAX + 1];
  uint8_t kind; /* SfuKind */
  bool active, nack, pli, fir;
  SfuExtMap exts;
  SfuPublication *publication; /* owned (nullable): of a publisher */
  uint32_t ssrc, rtx_ssrc;     /* of a subscriber: ours */
} SfuLane;

typedef struct SfuLegSetup {
  _Atomic unsigned refs;
  uint64_t room, peer;
  uint64_t transport;                   /* unique in this process: a peer may begin another one in its place */
  bool publisher;
  char local_ufrag[SFU_UFRAG_MAX + 1];  /* ours now */
  char remote_ufrag[SFU_UFRAG_MAX + 1], remote_pwd[SFU_PWD_MAX + 1];
  unsigned n_fingerprints;
  SfuFingerprint fingerprints[SFU_FINGERPRINTS_MAX];
  bool dtls_client;                     /* we begin the handshake */
  bool ended;                           /* the leg is to go */
  bool transport_cc, remb;
  SfuPayloadMap payloads;
  unsigned n_lanes;
  SfuLane *lanes;                       /* owned */
  unsigned n_wants;
  SfuWant *wants;                       /* owned */
} SfuLegSetup;

/** sfu_leg_setup_new: empty, @n_lanes of zeros. Returns: (transfer full) */
SfuLegSetup *sfu_leg_setup_new (unsigned n_lanes);
/** sfu_leg_setup_set_wants: before it is given away. */
void sfu_leg_setup_set_wants (SfuLegSetup *setup, const SfuWant *wants, unsigned n);
/** sfu_leg_setup_copy: Returns: (transfer full): its own, to be changed before it is given away. */
SfuLegSetup *sfu_leg_setup_copy (const SfuLegSetup *setup);
/** sfu_leg_setup_ref, _unref: any thread. */
SfuLegSetup *sfu_leg_setup_ref (SfuLegSetup *setup);
void sfu_leg_setup_unref (SfuLegSetup *setup);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfuLegSetup, sfu_leg_setup_unref)
