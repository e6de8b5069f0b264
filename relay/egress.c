/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/egress.h"

#include <glib.h>
#include <string.h>

#define WINDOW_MIN 3000   /* two packets: 120 ms at 200 kbit/s */
#define WINDOW_FIRST 6000 /* nothing is known yet: 240 ms there */
#define WINDOW_MAX (512 * 1024)
#define SLACK_US (100 * 1000)
#define MEASURE_US (50 * 1000)
#define MANY_BYTES 8000
#define PAUSE_US (400 * 1000) /* what was known is worth half after this */

/* before each message in the ring */
typedef struct {
  int64_t time_us;
  uint32_t len;
  uint32_t is_media;
} Head;

void
relay_egress_clear (RelayEgress *egress)
{
  g_clear_pointer (&egress->ring, g_free);
  egress->head = egress->used = 0;
}

/* What arrives while something has to wait is what the path can do. Otherwise it can do at least that; what it could do once is
 * forgotten little by little. */
static void
measure (RelayEgress *egress, uint64_t delivered, int64_t rtt_us, int64_t now_us)
{
  int64_t took_us = now_us - egress->then_us;
  uint64_t rate, window;

  if (took_us < MAX (MEASURE_US, rtt_us))
    return;
  rate = (delivered - egress->delivered_then) * G_USEC_PER_SEC / (uint64_t) took_us;
  if (took_us >= PAUSE_US + rtt_us)
    {
      egress->rate_bytes >>= MIN (took_us / (PAUSE_US + rtt_us), 32);
      egress->is_limited = false;
    }
  else if (!egress->is_limited)
    egress->rate_bytes = MAX (rate, egress->rate_bytes - egress->rate_bytes / 8);
  else
    {
      /* of a few packets it depends on when their acknowledgements came */
      uint64_t middle = egress->rate_bytes == 0 ? rate : (egress->rate_bytes + rate) / 2;

      egress->rate_bytes = delivered - egress->delivered_then >= MANY_BYTES ? MAX (rate, middle) : middle;
    }
  window = egress->rate_bytes * (uint64_t) (rtt_us + SLACK_US) / G_USEC_PER_SEC;
  egress->window = (uint32_t) CLAMP (window, egress->is_limited ? WINDOW_MIN : WINDOW_FIRST, WINDOW_MAX);
  egress->is_limited = false;
  egress->delivered_then = delivered;
  egress->then_us = now_us;
}

size_t
relay_egress_get_room (RelayEgress *egress, size_t want, uint64_t delivered, uint32_t outq, int64_t rtt_us, int64_t now_us)
{
  measure (egress, delivered, rtt_us, now_us);
  if (outq == 0 && egress->was_full)
    {
      egress->window = MIN (2 * egress->window, WINDOW_MAX);
      egress->was_full = false;
    }
  if (outq == 0)
    return MAX (egress->window, want); /* a message that is longer has to go, too */
  if (egress->window >= outq + want)
    return egress->window - outq;
  egress->is_limited = egress->was_full = true;
  return 0;
}

static void
write_ring (RelayEgress *egress, const void *data, size_t len)
{
  uint32_t at = (egress->head + egress->used) % RELAY_EGRESS_BYTES;
  size_t first = MIN (len, RELAY_EGRESS_BYTES - at);

  if (len == 0)
    return;
  memcpy (egress->ring + at, data, first);
  if (len > first)
    memcpy (egress->ring, (const uint8_t *) data + first, len - first);
  egress->used += (uint32_t) len;
}

static void
read_ring (const RelayEgress *egress, uint32_t offset, void *ret_data, size_t len)
{
  uint32_t at = (egress->head + offset) % RELAY_EGRESS_BYTES;
  size_t first = MIN (len, RELAY_EGRESS_BYTES - at);

  memcpy (ret_data, egress->ring + at, first);
  if (len > first)
    memcpy ((uint8_t *) ret_data + first, egress->ring, len - first);
}

void
relay_egress_pop (RelayEgress *egress)
{
  Head head;

  g_return_if_fail (egress->used > 0);
  read_ring (egress, 0, &head, sizeof head);
  egress->head = (egress->head + (uint32_t) sizeof head + head.len) % RELAY_EGRESS_BYTES;
  egress->used -= (uint32_t) sizeof head + head.len;
  if (egress->used == 0)
    relay_egress_clear (egress);
}

static void
count_dropped (RelayEgress *egress, const Head *head)
{
  egress->dropped_pkts++;
  egress->dropped_bytes += head->len;
}

/* the oldest, if it is media */
static bool
drop_oldest (RelayEgress *egress)
{
  Head head;

  if (egress->used == 0)
    return false;
  read_ring (egress, 0, &head, sizeof head);
  if (!head.is_media)
    return false;
  count_dropped (egress, &head);
  relay_egress_pop (egress);
  return true;
}

bool
relay_egress_push (RelayEgress *egress, bool is_media, const void *const pieces[3], const size_t lens[3], int64_t now_us)
{
  const Head head = { now_us, (uint32_t) (lens[0] + lens[1] + lens[2]), is_media };

  while (egress->used + sizeof head + head.len > RELAY_EGRESS_BYTES)
    if (!drop_oldest (egress))
      {
        if (is_media)
          count_dropped (egress, &head);
        return false;
      }
  if (egress->ring == NULL)
    egress->ring = g_malloc (RELAY_EGRESS_BYTES);
  write_ring (egress, &head, sizeof head);
  for (unsigned i = 0; i < 3; i++)
    write_ring (egress, pieces[i], lens[i]);
  return true;
}

size_t
relay_egress_peek (RelayEgress *egress, int64_t now_us, uint8_t *ret_data)
{
  Head head;

  while (egress->used > 0)
    {
      read_ring (egress, 0, &head, sizeof head);
      if (head.is_media && now_us - head.time_us > RELAY_EGRESS_AGE_US && drop_oldest (egress))
        continue;
      read_ring (egress, sizeof head, ret_data, head.len);
      return head.len;
    }
  return 0;
}
