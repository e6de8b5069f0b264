/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers to offers (RFC 8829 §5.3): what was agreed, and its text. Made in two steps: sfu_answer_new_*() decides, the
 * caller gives SSRCs to the slots that have none yet, sfu_answer_write() writes. The answer is kept as long as the
 * transport: a later offer is held against it. Main thread, though nothing here has state.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "sfu/control.h"
#include "sfu/offer.h"

/**
 * SfuAnswer:
 * @sections: as many as the offer's, in its order; what is not accepted has @is_rejected. Accepted ones: direction is ours,
 *   formats (with RTX), exts and rids as agreed
 * @remote: credentials and certificates of the other side
 * @we_are_active: we send the DTLS ClientHello: the offer said passive
 * @is_restart: ufrag and password differ from those of @previous: ICE begins anew (RFC 8445 §9)
 * @is_new_dtls: certificate or tls-id differ from those of @previous: a new DTLS association (RFC 8842)
 * @version: of our o= line
 */
typedef struct {
  bool is_publisher, we_are_active, is_restart, is_new_dtls;
  char *session;
  uint64_t version;
  SfuRemote remote;
  SfuSection *sections;
  unsigned n_sections;
  GPtrArray *retired; /*< private >*/ /* mids of recycled sections: never used again */
} SfuAnswer;

/** sfu_answer_continues: Returns: whether @offer comes from the connection that @previous answered (RFC 3264 §8: the same
 *  origin). If not, it is a new connection of the same peer, to be answered without @previous on a new transport. */
bool sfu_answer_continues (const SfuAnswer *previous, const SfuOffer *offer);

/**
 * sfu_answer_new_publisher: accepts the sections that @tracks name, to receive. A section that would send and is not named
 * is rejected; one that does not send becomes inactive and can come back.
 * @previous: (nullable): the answer before on the same transport
 *
 * Returns: (transfer full) (nullable): NULL with SFU_ERROR_BAD_OFFER or SFU_ERROR_LIMIT.
 */
SfuAnswer *sfu_answer_new_publisher (const SfuOffer *offer, const SfuAnswer *previous, const SfuPublish *tracks, unsigned n,
                                     GError **error);
/**
 * sfu_answer_new_subscriber: accepts every section that would receive: a slot, with all codecs that we can forward. A slot
 * that was active in @previous keeps its SSRCs; a new one, and one that comes back, has n_ssrcs 0 and waits for the caller's.
 */
SfuAnswer *sfu_answer_new_subscriber (const SfuOffer *offer, const SfuAnswer *previous, GError **error);
void sfu_answer_free (SfuAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfuAnswer, sfu_answer_free)

/** sfu_answer_find: Returns: (transfer none) (nullable): the section with @mid. */
SfuSection *sfu_answer_find (const SfuAnswer *answer, const char *mid);
/** sfu_answer_accepts: Returns: whether media flows by @section: neither rejected nor inactive. */
bool sfu_answer_accepts (const SfuSection *section);

/** SfuLocalCandidate: @addr: as advertised, with port. @tcp: passive (RFC 6544); else UDP */
typedef struct {
  AlAddr addr;
  bool tcp;
} SfuLocalCandidate;

/**
 * SfuLocal: our side of the transport.
 * @candidates: most wanted first
 * @cname: of what we send; of a subscriber's transport
 * @max_bitrate_bps: a publisher's sections: b=; 0: none
 * @start_bitrate_bps: a publisher's video: where Chromium's estimate begins; 0: its own 300 kbit/s
 */
typedef struct {
  const char *ufrag, *pwd, *cname;
  SfuFingerprint fingerprint;
  const SfuLocalCandidate *candidates;
  unsigned n_candidates;
  uint32_t max_bitrate_bps, start_bitrate_bps;
} SfuLocal;

/** sfu_answer_write: every accepted slot has its SSRC by now. Returns: (transfer full): SDP with CR LF and all candidates. */
char *sfu_answer_write (const SfuAnswer *answer, const SfuLocal *local);
