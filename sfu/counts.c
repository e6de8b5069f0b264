/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/counts.h"

const char *
sfu_drop_name (SfuDrop drop)
{
  static const char *const names[SFU_DROP_N] = {
    "stranger",  "check",      "unauthentic", "replayed",   "early",      "malformed", "unknown_type", "unknown_ssrc",
    "duplicate", "pool_empty", "ring_full",   "pacer_full", "pacer_late", "rtx_budget", "tcp_queue", "mail",
  };

  return names[drop];
}

const char *
sfu_end_name (SfuTransportEnd end)
{
  static const char *const names[SFU_END_N] = { "none", "local", "peer", "dtls", "timeout", "restarted" };

  return names[end];
}
