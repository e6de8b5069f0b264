/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first questions to a server, over plain sockets, with libnice's STUN: who answers, and why nothing is allocated.
 * They wait; many at once each in a thread of its own. No state: any thread.
 */
#pragma once

#include "server/ctl/facts.h"

/** ctl_probe_all: ctl_probe_reach() for every target of @facts at once. Returns within @limit_us and a little. */
void ctl_probe_all (CtlFacts *facts, int64_t limit_us);
/** ctl_probe_refusals: ctl_probe_refusal() at once for every target that should relay, answers, and gave no candidate. */
void ctl_probe_refusals (CtlFacts *facts, int64_t limit_us);

/** ctl_probe_reach: a Binding over UDP, a connection over TCP, a handshake over TLS and DTLS. Fills reach, own, seen_as and
 *  cert. */
void ctl_probe_reach (CtlTarget *target, int64_t deadline_us);
/** ctl_probe_refusal: asks for an allocation, which it gives back at once. Fills refusal and, when nothing answers, reach. */
void ctl_probe_refusal (CtlTarget *target, const char *username, const char *password, int64_t deadline_us);
