/* SPDX-License-Identifier: Apache-2.0 */
/* A media plane that only remembers what it was told. Link fake-control.c: its symbols stand in front of the library's. */
#pragma once

#include "sfu/control.h"

typedef struct {
  unsigned rooms, peers;            /* there now */
  unsigned publishes, subscribes, views;
  uint64_t last_room, last_peer;
  uint64_t muted_track, unmuted_track, ended_track;
  bool full;                        /* offers are refused with SFU_ERROR_LIMIT */
  bool behind;                      /* a worker hangs */
} FakeControlLog;

/** fake_control_new: Returns: (transfer full) */
SfuControl *fake_control_new (void);
void fake_control_free (SfuControl *control);
FakeControlLog *fake_control_log (SfuControl *control);
const SfuEvents *fake_control_events (SfuControl *control, void **ret_user);
