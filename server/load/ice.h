/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ICE of a simulated browser (RFC 8445, RFC 7675) with one candidate on each side: sends checks, answers them, keeps
 * consent. Pure: takes bytes and times, gives bytes. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hmac.h"

#define LOAD_ICE_MESSAGE 256

typedef struct {
  char ufrag[9], pwd[25];
  char remote_ufrag[257], remote_pwd[257];
  bool controlling, valid, nominated;
  uint64_t tie;
  uint8_t tid[12];
  unsigned checks; /* sent without an answer */
  int64_t next_us, lost; /* lost: consents that were not answered */
} LoadIce;

/** load_ice_init: with a fresh ufrag and password of its own. */
void load_ice_init (LoadIce *ice);
/** load_ice_start: @ufrag, @pwd: the peer's. */
void load_ice_start (LoadIce *ice, const char *ufrag, const char *pwd, bool controlling, int64_t now_us);
/** load_ice_tick: at @ice->next_us. Returns: bytes of a check to be sent, in @data of LOAD_ICE_MESSAGE bytes; 0: none. */
size_t load_ice_tick (LoadIce *ice, AlHmac *hmac, uint8_t *data, int64_t now_us);
/** load_ice_input: a STUN message came. Returns: bytes of an answer in @ret_data of LOAD_ICE_MESSAGE bytes; 0: none. */
size_t load_ice_input (LoadIce *ice, AlHmac *hmac, const uint8_t *data, size_t len, const AlAddr *from, uint8_t *ret_data,
                       int64_t now_us);
/** load_ice_is_connected: a check was answered, and the pair is chosen. */
bool load_ice_is_connected (const LoadIce *ice);
