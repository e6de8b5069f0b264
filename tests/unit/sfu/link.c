/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#define REORDER_US (20 * MS)

void
sim_link_init (SimLink *link, const SimLinkConfig *config, uint32_t seed)
{
  *link = (SimLink){ .config = *config, .random = g_rand_new_with_seed (seed) };
  g_queue_init (&link->waiting);
  g_queue_init (&link->flying);
}

void
sim_link_clear (SimLink *link)
{
  g_queue_clear_full (&link->waiting, g_free);
  g_queue_clear_full (&link->flying, g_free);
  g_rand_free (link->random);
}

int64_t
sim_link_get_queue_us (const SimLink *link, int64_t now_us)
{
  int64_t bits_us = (int64_t) (link->waiting_bytes * 8 * 1000000 / link->config.rate_bps);

  return MAX (link->busy_us - now_us, 0) + bits_us;
}

static int
compare_times (gconstpointer a, gconstpointer b, G_GNUC_UNUSED gpointer user)
{
  const SimPkt *one = a, *other = b;

  return one->time_us < other->time_us ? -1 : one->time_us > other->time_us;
}

/* What has left the queue by @now_us flies. */
static void
run (SimLink *link, int64_t now_us)
{
  SimPkt *pkt;

  while ((pkt = g_queue_peek_head (&link->waiting)) != NULL)
    {
      int64_t begin_us = MAX (link->busy_us, pkt->time_us), arrival_us;

      if (begin_us >= now_us)
        return;
      g_queue_pop_head (&link->waiting);
      link->waiting_bytes -= pkt->bytes;
      link->busy_us = begin_us + (int64_t) pkt->bytes * 8 * 1000000 / link->config.rate_bps;
      arrival_us = link->busy_us + link->config.delay_us;
      if (link->config.jitter_us > 0)
        arrival_us += (int64_t) (g_rand_double (link->random) * (double) link->config.jitter_us);
      arrival_us = MAX (arrival_us, link->last_us);
      if (link->config.reorder > 0 && g_rand_double (link->random) < link->config.reorder)
        arrival_us += REORDER_US;
      else
        link->last_us = arrival_us;
      pkt->time_us = arrival_us;
      if (link->config.loss > 0 && g_rand_double (link->random) < link->config.loss)
        {
          link->n_lost++;
          g_free (pkt);
        }
      else
        g_queue_insert_sorted (&link->flying, pkt, compare_times, NULL);
    }
}

void
sim_link_send (SimLink *link, const SimPkt *pkt)
{
  run (link, pkt->time_us);
  link->n_sent++;
  if (sim_link_get_queue_us (link, pkt->time_us) > link->config.queue_us)
    {
      link->n_lost++;
      return;
    }
  link->waiting_bytes += pkt->bytes;
  g_queue_push_tail (&link->waiting, g_memdup2 (pkt, sizeof *pkt));
}

bool
sim_link_receive (SimLink *link, int64_t now_us, SimPkt *ret_pkt)
{
  SimPkt *pkt;

  run (link, now_us);
  pkt = g_queue_peek_head (&link->flying);
  if (pkt == NULL || pkt->time_us > now_us)
    return false;
  *ret_pkt = *pkt;
  g_free (g_queue_pop_head (&link->flying));
  return true;
}
