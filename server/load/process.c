/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/process.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static bool
read_thread (int pid, const char *tid, LoadThread *ret_thread)
{
  g_autofree char *sched_path = g_strdup_printf ("/proc/%d/task/%s/schedstat", pid, tid);
  g_autofree char *name_path = g_strdup_printf ("/proc/%d/task/%s/comm", pid, tid);
  g_autofree char *sched = NULL, *name = NULL;
  char *rest;

  if (!g_file_get_contents (sched_path, &sched, NULL, NULL) || !g_file_get_contents (name_path, &name, NULL, NULL))
    return false;
  ret_thread->tid = atoi (tid);
  ret_thread->cpu_ns = g_ascii_strtoull (sched, &rest, 10);
  ret_thread->waited_ns = g_ascii_strtoull (rest, NULL, 10);
  g_strlcpy (ret_thread->name, g_strchomp (name), sizeof ret_thread->name);
  (void) g_strdelimit (ret_thread->name, " ", '_');
  return true;
}

GArray *
load_process_list_threads (int pid)
{
  GArray *threads = g_array_new (FALSE, FALSE, sizeof (LoadThread));
  g_autofree char *path = g_strdup_printf ("/proc/%d/task", pid);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *tid;

  while (dir != NULL && (tid = g_dir_read_name (dir)) != NULL)
    {
      LoadThread thread = { 0 };

      if (read_thread (pid, tid, &thread))
        g_array_append_val (threads, thread);
    }
  return threads;
}

static int
compare_cpu (const void *a, const void *b)
{
  uint64_t x = ((const LoadThread *) a)->cpu_ns, y = ((const LoadThread *) b)->cpu_ns;

  return (x < y) - (x > y);
}

void
load_process_subtract (GArray *now, const GArray *before, LoadThread *ret_sum)
{
  unsigned used = 0;

  *ret_sum = (LoadThread){ 0 };
  for (unsigned i = 0; i < now->len; i++)
    {
      LoadThread *thread = &g_array_index (now, LoadThread, i);

      for (unsigned j = 0; j < before->len; j++)
        if (g_array_index (before, LoadThread, j).tid == thread->tid)
          {
            thread->cpu_ns -= g_array_index (before, LoadThread, j).cpu_ns;
            thread->waited_ns -= g_array_index (before, LoadThread, j).waited_ns;
          }
      ret_sum->cpu_ns += thread->cpu_ns;
      ret_sum->waited_ns += thread->waited_ns;
    }
  g_array_sort (now, compare_cpu);
  while (used < now->len && g_array_index (now, LoadThread, used).cpu_ns > 0)
    used++;
  g_array_set_size (now, used);
}

uint64_t
load_process_get_resident_kb (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps_rollup", pid);
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents (path, &text, NULL, NULL) || (line = strstr (text, "\nRss:")) == NULL)
    return 0;
  return g_ascii_strtoull (line + strlen ("\nRss:"), NULL, 10);
}

int64_t
load_process_get_cpu_us (void)
{
  struct rusage usage;

  (void) getrusage (RUSAGE_SELF, &usage);
  return (int64_t) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}
