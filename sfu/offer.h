/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SDP offers as structs (RFC 8866, RFC 8829). The text is checked line by line, parsed by libgstsdp, and then read into what
 * forwarding can use; everything else in it is left out. Control plane: main thread, though nothing here has state.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sfu/codec.h"
#include "sfu/control.h"
#include "sfu/ext.h"
#include "sfu/fingerprint.h"

/** SFU_SECTIONS_MAX: m= sections; SFU_FORMATS_MAX: payload types of one section that are looked at (known codecs, no RTX). */
#define SFU_SECTIONS_MAX 128
#define SFU_FORMATS_MAX 24
/** SFU_OFFER_LINE_MAX: bytes of a line; SFU_OFFER_LINES_MAX: of them. */
#define SFU_OFFER_LINE_MAX 4096
#define SFU_OFFER_LINES_MAX 32768

/** SfuDirection: of media, as the one who says it sees it. Bits. */
typedef enum {
  SFU_INACTIVE = 0,
  SFU_SENDS = 1 << 0,
  SFU_RECEIVES = 1 << 1,
  SFU_SENDS_AND_RECEIVES = SFU_SENDS | SFU_RECEIVES
} SfuDirection;

/** SfuFeedback: a=rtcp-fb. Bits. */
typedef enum {
  SFU_FEEDBACK_NACK = 1 << 0,
  SFU_FEEDBACK_PLI = 1 << 1,          /* nack pli */
  SFU_FEEDBACK_FIR = 1 << 2,          /* ccm fir */
  SFU_FEEDBACK_TRANSPORT_CC = 1 << 3, /* transport-cc */
  SFU_FEEDBACK_REMB = 1 << 4          /* goog-remb */
} SfuFeedback;

/**
 * SfuFormat: a codec under the offerer's payload types.
 * @rtx: payload type of its retransmissions (RFC 4588); 0: none
 * @profile: Opus: 1 when stereo is asked for. RED: payload type of what it wraps. VP9: profile-id. H264: profile-level-id
 *   (24 bits). AV1: profile << 16 | level-idx << 8 | tier. Else 0.
 * @feedback: of SfuFeedback
 */
typedef struct {
  SfuCodec codec;
  uint8_t payload_type, rtx;
  uint8_t feedback;
  uint32_t profile;
} SfuFormat;

/** SfuRid: a simulcast encoding (RFC 8851, RFC 8853). @limits: (nullable): its restrictions, as offered. */
typedef struct {
  char id[SFU_RID_MAX + 1];
  bool paused; /* "~": begins paused */
  char *limits;
} SfuRid;

/** SfuSsrc: a=ssrc, a=ssrc-group:FID. @rtx: 0: none */
typedef struct {
  uint32_t ssrc, rtx;
} SfuSsrc;

/**
 * SfuSection: an m= section, of an offer or as agreed in an answer.
 * @media, @protocol: the words of the m= line, for the answer
 * @first_format: of the m= line, for an answer that rejects the section
 * @is_rtp: audio or video over DTLS-SRTP; nothing else can be accepted. @kind is valid then
 * @is_rejected: port 0 (and not bundle-only). @is_closed: of an answer: the offerer had rejected it, and not we alone
 * @direction: of the one whose offer or answer this is
 * @formats: in the order of preference
 * @exts: header extensions; @ext_directions: what the offer restricts them to, mostly SFU_SENDS_AND_RECEIVES
 * @rids: of the simulcast that the offerer would send (an offer), that we take (an answer), in the order of the offer
 * @ssrcs: an offer, and an answer to a publisher: announced by the publisher, if any; with several and no @rids they are
 *   simulcast by SSRC (a=ssrc-group:SIM). An answer to a subscriber: the slot's one, given by the caller.
 * @cname: (nullable): of @ssrcs. @msid: (nullable): stream id (and track id) of the offer
 */
typedef struct {
  char mid[SFU_MID_MAX + 1];
  char media[16], protocol[24], first_format[32];
  SfuKind kind;
  SfuDirection direction;
  bool is_rtp, is_rejected, is_closed, is_bundled;
  bool rtcp_mux, reduced_size, mixed_exts; /* a=rtcp-mux, a=rtcp-rsize, a=extmap-allow-mixed */
  uint8_t n_formats, n_rids, n_ssrcs;
  uint32_t line; /* of the m= line, from 1; 0 in an answer */
  SfuExtMap exts;
  SfuExtMap ext_directions;
  SfuFormat *formats;
  SfuRid rids[SFU_LAYERS_MAX];
  SfuSsrc ssrcs[SFU_LAYERS_MAX];
  char *cname, *msid;
  unsigned slot; /* an answer to a subscriber: audio slot i and video slot i are one MediaStream */
} SfuSection;

/** SfuSetup: a=setup of the offer (RFC 8842). */
typedef enum { SFU_SETUP_ACTPASS, SFU_SETUP_ACTIVE, SFU_SETUP_PASSIVE } SfuSetup;

/** SfuRemote: the one transport of all sections (RFC 9143). @tls_id: (nullable) */
typedef struct {
  char ufrag[257], pwd[257];
  SfuSetup setup;
  uint8_t n_fingerprints;
  SfuFingerprint fingerprints[SFU_FINGERPRINTS_MAX];
  char *tls_id;
} SfuRemote;

/**
 * SfuOffer:
 * @session: user name, id and the rest of o= but the version: the same in all offers of one connection
 * @has_bundle: a=group:BUNDLE is there
 * @steps: looks at a line or an attribute that reading took: proves that it is linear
 */
typedef struct {
  char *session;
  uint64_t version;
  bool has_bundle, trickle, ice2;
  SfuRemote remote;
  SfuSection *sections;
  unsigned n_sections;
  uint64_t steps;
} SfuOffer;

/**
 * sfu_offer_parse:
 * @text: @len bytes; CR LF or LF
 *
 * Returns: (transfer full) (nullable): NULL with SFU_ERROR_BAD_OFFER (which line or section, and why) or SFU_ERROR_LIMIT. What
 * it returns has consistent payload types, extension ids and mids within the bundle.
 */
SfuOffer *sfu_offer_parse (const char *text, size_t len, GError **error);
void sfu_offer_free (SfuOffer *offer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfuOffer, sfu_offer_free)

/** sfu_section_clear: what it owns. */
void sfu_section_clear (SfuSection *section);
/** sfu_offer_find: Returns: (transfer none) (nullable): the section with @mid. */
const SfuSection *sfu_offer_find (const SfuOffer *offer, const char *mid);
