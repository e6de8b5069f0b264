/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SDP as far as a load generator needs it (RFC 8866, RFC 8829): reads a server's offer or answer, writes its own as Chromium
 * does. Each section carries one codec, Opus or VP8. Pure. Any thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

/** LOAD_SECTIONS_MAX: m= sections of one description. */
#define LOAD_SECTIONS_MAX 64

typedef enum { LOAD_INACTIVE, LOAD_SENDS, LOAD_RECEIVES, LOAD_BOTH } LoadDirection;

/** LoadSection: of whoever wrote it. ids of 0: not there. @pt, @rtx_pt: 0: none of ours */
typedef struct {
  bool audio;
  LoadDirection direction;
  char mid[33];
  uint8_t pt, rtx_pt;
  uint8_t ext_mid, ext_send_time, ext_transport, ext_level;
  bool nack, pli, transport;
  uint32_t ssrc, rtx_ssrc;
} LoadSection;

typedef struct {
  LoadSection sections[LOAD_SECTIONS_MAX];
  unsigned n;
  char ufrag[257], pwd[257], fingerprint[96];
  char setup[16];
  AlAddr candidate; /* the first over UDP; AF_UNSPEC: none */
} LoadSdp;

/** load_sdp_parse: Returns: false when something is missing without which nobody can connect. */
bool load_sdp_parse (const char *text, LoadSdp *ret_sdp);
/** load_sdp_init_section: as Chromium offers it. @ssrc: 0: it sends nothing */
void load_sdp_init_section (LoadSection *section, unsigned mid, bool audio, LoadDirection direction, uint32_t ssrc);
/** load_sdp_write: @sdp: all of it filled in. Returns: (transfer full) */
char *load_sdp_write (const LoadSdp *sdp);
