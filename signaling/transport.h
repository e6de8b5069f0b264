/* SPDX-License-Identifier: Apache-2.0 */
/* The way out to clients as the dispatcher and the sessions see it: the front, or what a test puts in its place. */
#pragma once

#include "signaling/front.h"

/** SigTransport: sig_front_*() of the same names; main thread. */
typedef struct {
  void (*send) (SigConnId conn, AlBuf *text, gpointer user);
  void (*known) (SigConnId conn, gpointer user);
  void (*done) (SigConnId conn, gpointer user);
  void (*respond) (SigConnId conn, unsigned status, AlBuf *body, unsigned retry_after_s, gpointer user);
  void (*close) (SigConnId conn, uint16_t code, const char *reason, gpointer user);
  void (*probe) (SigConnId conn, uint64_t seq, gpointer user);
} SigTransport;
