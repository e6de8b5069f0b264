/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/rooms-report.h"

#include <stdio.h>

#define TIME G_GINT64_FORMAT

void
load_run_init (LoadRun *run)
{
  load_samples_init (&run->latency);
}

void
load_run_clear (LoadRun *run)
{
  load_samples_clear (&run->latency);
  load_clip_free (run->video);
  load_clip_free (run->audio);
  g_clear_pointer (&run->threads, g_array_unref);
}

void
load_run_note_memory (LoadRun *run, int pid, bool joined)
{
  *(joined ? &run->memory_after_kb : &run->memory_before_kb) = load_process_get_resident_kb (pid);
}

static void
sum_published (const LoadRooms *rooms, LoadPublisherStats *ret_sum)
{
  *ret_sum = (LoadPublisherStats){ 0 };
  for (int i = 0; i < rooms->options.publishers; i++)
    {
      const LoadPublisherStats *stats = load_publisher_get_stats (rooms->publishers[i].publisher);

      ret_sum->video_pkts += stats->video_pkts;
      ret_sum->audio_pkts += stats->audio_pkts;
      ret_sum->frames += stats->frames;
      ret_sum->resent += stats->resent;
      ret_sum->keyframe_requests += stats->keyframe_requests;
      ret_sum->jumps += stats->jumps;
    }
}

void
load_run_begin (LoadRun *run, LoadRooms *rooms)
{
  for (int i = 0; i < rooms->options.subscribers; i++)
    load_subscriber_restart (rooms->subscribers[i].subscriber);
  sum_published (rooms, &run->published);
  run->measuring = true;
  run->begin_us = load_now_us ();
  run->own_cpu_us = load_process_get_cpu_us ();
  run->threads = load_process_list_threads (rooms->options.server_pid);
}

static void
sum_received (const LoadRooms *rooms, LoadSubscriberStats *ret_sum, LoadSamples *joins, unsigned *ret_nothing)
{
  *ret_sum = (LoadSubscriberStats){ 0 };
  *ret_nothing = 0;
  for (int i = 0; i < rooms->options.subscribers; i++)
    {
      LoadSubscriberStats stats;

      load_subscriber_get_stats (rooms->subscribers[i].subscriber, &stats);
      ret_sum->expected += stats.expected;
      ret_sum->received += stats.received;
      ret_sum->repeated += stats.repeated;
      ret_sum->late += stats.late;
      ret_sum->recovered += stats.recovered;
      ret_sum->video_pkts += stats.video_pkts;
      ret_sum->audio_pkts += stats.audio_pkts;
      ret_sum->other_pkts += stats.other_pkts;
      ret_sum->not_genuine += stats.not_genuine;
      ret_sum->nacks += stats.nacks;
      ret_sum->plis += stats.plis;
      ret_sum->feedbacks += stats.feedbacks;
      ret_sum->frames += stats.frames;
      ret_sum->freezes += stats.freezes;
      ret_sum->frozen_us += stats.frozen_us;
      ret_sum->longest_freeze_us = MAX (ret_sum->longest_freeze_us, stats.longest_freeze_us);
      ret_sum->jitter_us += stats.jitter_us / rooms->options.subscribers;
      ret_sum->n_streams += stats.n_streams;
      ret_sum->n_silent += stats.n_silent;
      *ret_nothing += stats.received == 0;
      if (stats.first_us > 0)
        load_samples_add (joins, stats.first_us - stats.offered_us);
    }
}

static void
print_threads (const GArray *threads, int64_t wall_us)
{
  g_print ("threads");
  for (unsigned i = 0; i < threads->len && i < 16; i++)
    {
      const LoadThread *thread = &g_array_index (threads, LoadThread, i);

      g_print (" %s/%d=%.1f%%", thread->name, thread->tid, (double) thread->cpu_ns / 10 / (double) wall_us);
    }
  g_print (" of=%u\n", threads->len);
}

static void
print_received (const LoadRun *run, const LoadRooms *rooms, const LoadSubscriberStats *sum, LoadSamples *joins,
                const LoadPublisherStats *published)
{
  uint64_t sent = (published->video_pkts - run->published.video_pkts) + (published->audio_pkts - run->published.audio_pkts);
  uint64_t wanted = sent * (uint64_t) rooms->options.subscribers;

  g_print (" sent=%" G_GUINT64_FORMAT " received=%" G_GUINT64_FORMAT " expected=%" G_GUINT64_FORMAT " lost=%" G_GINT64_FORMAT
           " loss=%.6f delivered=%.4f recovered=%" G_GUINT64_FORMAT " repeated=%" G_GUINT64_FORMAT " other=%" G_GUINT64_FORMAT
           " not_genuine=%" G_GUINT64_FORMAT,
           sent, sum->received, sum->expected, (gint64) sum->expected - (gint64) sum->received,
           sum->expected > 0 ? 1 - (double) sum->received / (double) sum->expected : 0.0,
           wanted > 0 ? (double) sum->received / (double) wanted : 0.0, sum->recovered, sum->repeated, sum->other_pkts,
           sum->not_genuine);
  g_print (" jitter_us=%.0f frames=%" G_GUINT64_FORMAT " freezes=%" G_GUINT64_FORMAT " frozen_ms=%" G_GINT64_FORMAT
           " longest_freeze_ms=%" G_GINT64_FORMAT " nacks=%" G_GUINT64_FORMAT " plis=%" G_GUINT64_FORMAT
           " feedbacks=%" G_GUINT64_FORMAT " resent=%" G_GUINT64_FORMAT " keyframes_asked=%" G_GUINT64_FORMAT,
           sum->jitter_us, sum->frames, sum->freezes, sum->frozen_us / 1000, sum->longest_freeze_us / 1000, sum->nacks,
           sum->plis, sum->feedbacks, published->resent - run->published.resent,
           published->keyframe_requests - run->published.keyframe_requests);
  g_print (" join_p50_ms=%.1f join_p95_ms=%.1f joined=%u", (double) load_samples_percentile (joins, 50) / 1000,
           (double) load_samples_percentile (joins, 95) / 1000, joins->values->len);
}

void
load_run_end (LoadRun *run, LoadRooms *rooms)
{
  int64_t wall_us = load_now_us () - run->begin_us, own_us = load_process_get_cpu_us () - run->own_cpu_us;
  g_autoptr (GArray) threads = load_process_list_threads (rooms->options.server_pid);
  LoadPublisherStats published;
  LoadSubscriberStats sum;
  LoadSamples joins;
  LoadThread server;
  double cpu_us;
  unsigned nothing;

  load_process_subtract (threads, run->threads, &server);
  cpu_us = (double) server.cpu_ns / 1000;
  run->measuring = false;
  load_samples_init (&joins);
  sum_published (rooms, &published);
  sum_received (rooms, &sum, &joins, &nothing);
  g_print ("rooms signaling=%s profile=%s publishing=%s publishers=%d subscribers=%d streams=%u silent=%u nothing=%u"
           " seconds=%.2f",
           rooms->signaling->name,
           rooms->options.subscribers > 0 ? load_subscriber_get_profile (rooms->subscribers[0].subscriber) : "-",
           load_publisher_get_profile (rooms->publishers[0].publisher),
           rooms->options.publishers, rooms->options.subscribers, sum.n_streams, sum.n_silent, nothing,
           (double) wall_us / 1e6);
  print_received (run, rooms, &sum, &joins, &published);
  g_print (" latency_p50_us=%" TIME " latency_p95_us=%" TIME " latency_p99_us=%" TIME " latency_n=%u",
           load_samples_percentile (&run->latency, 50), load_samples_percentile (&run->latency, 95),
           load_samples_percentile (&run->latency, 99), run->latency.values->len);
  g_print (" server_cpu_us=%.0f us_per_packet=%.3f server_busy=%.3f server_waited=%.3f generator_busy=%.3f", cpu_us,
           sum.received > 0 ? cpu_us / (double) sum.received : 0.0, cpu_us / (double) wall_us,
           (double) server.waited_ns / 1000 / (double) wall_us, (double) own_us / (double) wall_us);
  g_print (" memory_kb=%" G_GUINT64_FORMAT " memory_before_kb=%" G_GUINT64_FORMAT " kb_per_subscriber=%.1f\n",
           run->memory_after_kb, run->memory_before_kb,
           rooms->options.subscribers > 0
               ? ((double) run->memory_after_kb - (double) run->memory_before_kb) / rooms->options.subscribers
               : 0.0);
  if (rooms->options.threads)
    print_threads (threads, wall_us);
  load_samples_clear (&joins);
}
