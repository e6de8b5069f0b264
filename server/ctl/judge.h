/* SPDX-License-Identifier: Apache-2.0 */
/* Facts into plain words: what is well, what is not, and what to do about it. No state, no I/O. */
#pragma once

#include "server/ctl/facts.h"

/** CtlVerdict: CTL_UNKNOWN: it could not be tried from here. */
typedef enum { CTL_WELL, CTL_UNKNOWN, CTL_ILL } CtlVerdict;

/**
 * CtlFinding:
 * @check: "STUN/UDP", "TURN/UDP", "TURN/TCP", "TURN/TLS", "relayed address", "relay ports", "HTTPS", or the last but three
 *   and "certificate"; static
 * @target: (nullable): where; not owned
 * @words: what was found; owned
 * @advice: (nullable): what to do; owned. A check that is well may have one too
 */
typedef struct {
  const char *check;
  const CtlTarget *target;
  CtlVerdict verdict;
  char *words, *advice;
} CtlFinding;

/** ctl_judge: @now_ms: since the epoch. Returns: (transfer full) (element-type CtlFinding): keep @facts as long. */
GPtrArray *ctl_judge (const CtlFacts *facts, int64_t now_ms);
/** ctl_judge_all: Returns: whether nothing is ill and something is well. */
bool ctl_judge_all (const GPtrArray *findings);
