/* SPDX-License-Identifier: Apache-2.0 */
/* What transport*.c share. */
#pragma once

#include "sfu/transport.h"

/** SFU_NO_PATH: none of SfuTransport.paths; also: no generation. */
#define SFU_NO_PATH -1

/** SfuKnownPath: an address that has passed a check. */
typedef struct {
  SfuPath path;
  int64_t heard_us; /* the last valid check */
} SfuKnownPath;

/** SfuGeneration: of ICE credentials. */
typedef struct {
  char local[SFU_ICE_UFRAG_LEN];
  char *remote; /* NULL: not known */
} SfuGeneration;

struct SfuTransport {
  /* passed in, not owned */
  const SfuIdentity *identity;
  const SfuTransportOps *ops;
  void *user;
  AlHmac *hmac;
  /* owned */
  SfuDtls *dtls;
  SfuSrtp *srtp; /* once CONNECTED */
  SfuGeneration generations[2]; /* the present one, the one before */

  SfuTransportState state;
  SfuTransportEnd end;
  bool dtls_client;
  SfuFingerprint fingerprints[SFU_FINGERPRINTS_MAX];
  unsigned n_fingerprints;

  unsigned n_generations;
  unsigned restarts, dtls_restarts; /* how many there were; at the start of DTLS */
  int64_t overlap_until_us;         /* of the generation before; INT64_MAX: the present one has not nominated yet */
  bool has_nomination;
  uint32_t nomination;

  SfuKnownPath paths[SFU_PATHS_MAX];
  unsigned n_paths;
  int selected; /* in paths, or SFU_NO_PATH */

  int64_t made_us;
  int64_t heard_us;   /* anything authentic */
  int64_t consent_us; /* the last valid check by the selected path */
  int64_t farewell_us; /* when an alert came that nobody can authenticate, and nothing authentic since; INT64_MAX: none */
  SfuTransportStats stats;
};

/** sfu_transport_was_connected: Returns: are there keys. */
static inline bool
sfu_transport_was_connected (const SfuTransport *transport)
{
  return transport->state == SFU_TRANSPORT_CONNECTED || transport->state == SFU_TRANSPORT_INTERRUPTED;
}

/* transport.c */
void sfu_transport_set_state (SfuTransport *transport, SfuTransportState state);
/** sfu_transport_finish: CLOSED, for that reason; nothing happens when it is. */
void sfu_transport_finish (SfuTransport *transport, SfuTransportEnd end, int64_t now_us);
/** sfu_transport_start_dtls: when everything for it is there. */
void sfu_transport_start_dtls (SfuTransport *transport, int64_t now_us);
/** sfu_transport_follow_dtls: after anything that may have moved DTLS on. */
void sfu_transport_follow_dtls (SfuTransport *transport, int64_t now_us);

/* transport-ice.c */
/** sfu_transport_find_path: Returns: its index, or SFU_NO_PATH. */
int sfu_transport_find_path (const SfuTransport *transport, const SfuPath *path);
/** sfu_transport_forget_old_paths: without consent (RFC 7675 §5.1). */
void sfu_transport_forget_old_paths (SfuTransport *transport, int64_t now_us);
void sfu_transport_set_generation (SfuGeneration *generation, const char *local, const char *remote);
void sfu_transport_drop_old_generation (SfuTransport *transport);
