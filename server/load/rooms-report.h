/* SPDX-License-Identifier: Apache-2.0 */
/* What one run of the scenario "rooms" measured, and the line that says so. Loop's thread. */
#pragma once

#include "server/load/process.h"
#include "server/load/rooms.h"

typedef struct {
  LoadClip *video, *audio; /* owned; video (nullable) */
  LoadSamples latency;
  bool measuring;
  uint64_t memory_before_kb, memory_after_kb;
  GArray *threads; /* of the server, at the begin */
  int64_t begin_us, own_cpu_us;
  LoadPublisherStats published; /* at the begin */
} LoadRun;

void load_run_init (LoadRun *run);
void load_run_clear (LoadRun *run);
/** load_run_note_memory: of @pid; @joined: with all subscribers. */
void load_run_note_memory (LoadRun *run, int pid, bool joined);
void load_run_begin (LoadRun *run, LoadRooms *rooms);
/** load_run_end: prints "rooms key=value ...". */
void load_run_end (LoadRun *run, LoadRooms *rooms);
