/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel accounts to another process: CPU of each thread (schedstat), resident memory. Any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** LoadThread: @waited_ns: it could have run, but the core was taken: what others on the machine cost it */
typedef struct {
  int tid;
  char name[17];
  uint64_t cpu_ns, waited_ns;
} LoadThread;

/** load_process_list_threads: Returns: (transfer full) (element-type LoadThread): empty when there is no such process. */
GArray *load_process_list_threads (int pid);
/** load_process_subtract: @now less @before, by thread; those that used nothing are left out. @ret_sum: of all */
void load_process_subtract (GArray *now, const GArray *before, LoadThread *ret_sum);
/** load_process_get_resident_kb: Returns: 0 when there is no such process. */
uint64_t load_process_get_resident_kb (int pid);
/** load_process_get_cpu_us: Returns: of this process, user and system. */
int64_t load_process_get_cpu_us (void);
