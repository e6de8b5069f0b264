/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/egress.h"

#include <string.h>

#include "bench.h"

#define MS 1000
#define HEAD 16 /* what a message takes in the ring beside its bytes */

static RelayEgress egress;
static uint8_t got[65560];

static bool
push (bool is_media, uint8_t fill, size_t len, int64_t now_us)
{
  g_autofree uint8_t *data = g_malloc (len + 1);
  const void *const pieces[3] = { data };
  const size_t lens[3] = { len };

  memset (data, fill, len);
  return relay_egress_push (&egress, is_media, pieces, lens, now_us);
}

/* the oldest is @len times @fill; takes it */
static void
expect (uint8_t fill, size_t len, int64_t now_us)
{
  g_assert_cmpuint (relay_egress_peek (&egress, now_us, got), ==, len);
  for (size_t i = 0; i < len; i++)
    g_assert_cmpuint (got[i], ==, fill);
  relay_egress_pop (&egress);
}

static void
begin (void)
{
  relay_egress_clear (&egress);
  memset (&egress, 0, sizeof egress);
}

/* ---- what waits ---- */

static void
test_order (void)
{
  static const char *const pieces[3] = { "chan", "nel data", "pad" };
  const size_t lens[3] = { 4, 8, 3 };

  begin ();
  g_assert_true (relay_egress_is_empty (&egress));
  g_assert_cmpuint (relay_egress_peek (&egress, 0, got), ==, 0);
  g_assert_true (relay_egress_push (&egress, true, (const void *const *) pieces, lens, 0));
  g_assert_true (push (false, 'b', 20, 1));
  g_assert_true (push (true, 'c', 0, 2)); /* no bytes are a message too, of a stream without padding never one */
  g_assert_false (relay_egress_is_empty (&egress));
  g_assert_cmpuint (relay_egress_peek (&egress, 3, got), ==, 15);
  g_assert_cmpuint (relay_egress_peek (&egress, 3, got), ==, 15); /* a look takes nothing away */
  g_assert_cmpmem (got, 15, "channel datapad", 15);
  relay_egress_pop (&egress);
  expect ('b', 20, 3);
  relay_egress_pop (&egress);
  g_assert_true (relay_egress_is_empty (&egress));
  g_assert_null (egress.ring); /* who keeps up costs no memory */
  g_assert_cmpuint (egress.dropped_pkts, ==, 0);
}

/* all sizes, over the end of the ring and beyond it many times */
static void
test_wrap (void)
{
  size_t sizes[] = { 1, 4, 999, 1200, 65560, 17, 40000 };
  unsigned in = 0, out = 0;

  begin ();
  for (unsigned i = 0; i < 500; i++)
    {
      size_t len = sizes[in % G_N_ELEMENTS (sizes)];

      while (in > out && egress.used + HEAD + len > RELAY_EGRESS_BYTES)
        {
          expect ((uint8_t) out, sizes[out % G_N_ELEMENTS (sizes)], 0);
          out++;
        }
      g_assert_true (push (true, (uint8_t) in++, len, 0));
    }
  for (; out < in; out++)
    expect ((uint8_t) out, sizes[out % G_N_ELEMENTS (sizes)], 0);
  g_assert_true (relay_egress_is_empty (&egress));
  g_assert_cmpuint (egress.dropped_pkts, ==, 0);
}

static void
test_age (void)
{
  begin ();
  g_assert_true (push (true, 'a', 100, 0));
  g_assert_true (push (true, 'b', 100, 1 * MS));
  g_assert_true (push (true, 'c', 100, 2 * MS));
  g_assert_cmpuint (relay_egress_peek (&egress, RELAY_EGRESS_AGE_US, got), ==, 100);
  g_assert_cmpuint (got[0], ==, 'a'); /* just young enough */
  expect ('c', 100, RELAY_EGRESS_AGE_US + 2 * MS);
  g_assert_cmpuint (egress.dropped_pkts, ==, 2);
  g_assert_cmpuint (egress.dropped_bytes, ==, 200);
  g_assert_null (egress.ring);
  g_assert_true (push (true, 'd', 100, 0));
  g_assert_cmpuint (relay_egress_peek (&egress, RELAY_EGRESS_AGE_US + 1, got), ==, 0);
  g_assert_null (egress.ring);
}

/* answers wait for ever, and media behind them no longer than it may */
static void
test_answers (void)
{
  begin ();
  g_assert_true (push (false, 'a', 100, 0));
  g_assert_true (push (true, 'm', 100, 0));
  g_assert_true (push (false, 'b', 100, 0));
  expect ('a', 100, 3600 * SECOND);
  expect ('b', 100, 3600 * SECOND);
  g_assert_cmpuint (egress.dropped_pkts, ==, 1);
}

/* more pushes out the oldest media; never an answer */
static void
test_full (void)
{
  unsigned n = RELAY_EGRESS_BYTES / (1008 + HEAD);

  begin ();
  for (unsigned i = 0; i < n + 10; i++)
    {
      g_assert_true (push (true, (uint8_t) i, 1008, 0));
      g_assert_cmpuint (egress.used, <=, RELAY_EGRESS_BYTES);
    }
  g_assert_cmpuint (egress.dropped_pkts, ==, 10);
  g_assert_cmpuint (egress.dropped_bytes, ==, 10 * 1008);
  expect (10, 1008, 0);

  begin ();
  for (unsigned i = 0; i < n; i++)
    g_assert_true (push (false, 'a', 1008, 0));
  g_assert_true (push (true, 'm', 64, 0) || egress.used + HEAD + 64 > RELAY_EGRESS_BYTES);
  g_assert_false (push (false, 'a', 1008, 0));
  g_assert_false (push (true, 'm', 1008, 0));
  g_assert_cmpuint (egress.dropped_pkts, >=, 1); /* media that found no room */
  expect ('a', 1008, 0);
  g_assert_true (push (false, 'z', 1008, 0));
  begin ();
}

/* ---- how much may lie in the kernel ---- */

static size_t
room (uint64_t delivered, uint32_t outq, int64_t now_us)
{
  return relay_egress_get_room (&egress, 100, delivered, outq, 10 * MS, now_us);
}

static void
test_room_first (void)
{
  size_t first;

  begin ();
  first = room (0, 0, 100 * SECOND);
  g_assert_cmpuint (first, >, 3000);
  g_assert_cmpuint (first, <=, 25000 * 3 / 10); /* 300 ms at 200 kbit/s: the path may be no better */
  g_assert_cmpuint (room (0, 1000, 100 * SECOND + 1), ==, first - 1000);
  g_assert_cmpuint (room (0, (uint32_t) first - 100, 100 * SECOND + 2), ==, 100);
  g_assert_cmpuint (room (0, (uint32_t) first - 99, 100 * SECOND + 3), ==, 0);
  g_assert_cmpuint (room (0, INT32_MAX, 100 * SECOND + 4), ==, 0);
}

/* a message that is longer than all that may lie there goes alone */
static void
test_room_long (void)
{
  begin ();
  g_assert_cmpuint (relay_egress_get_room (&egress, 65560, 0, 0, 0, SECOND), ==, 65560);
  g_assert_cmpuint (relay_egress_get_room (&egress, 65560, 0, 1, 0, SECOND + 1), ==, 0);
}

/* a kernel that is always empty says nothing about the path while it was never full */
static void
test_room_unlimited (void)
{
  size_t first;
  uint64_t delivered = 0;
  int64_t now_us = SECOND;

  begin ();
  first = room (0, 0, now_us);
  for (unsigned i = 0; i < 1000; i++)
    g_assert_cmpuint (room (delivered += 100, 0, now_us += 20 * MS), ==, first);
}

/* full and then empty: more and more, within a bound; a pause makes it little again */
static void
test_room_grows (void)
{
  size_t first, now = 0;
  int64_t now_us = SECOND;

  begin ();
  first = room (0, 0, now_us);
  for (unsigned i = 0; i < 12; i++)
    {
      g_assert_cmpuint (room (0, INT32_MAX, ++now_us), ==, 0);
      now = room (0, 0, ++now_us);
      g_assert_cmpuint (room (0, 0, ++now_us), ==, now);
      g_assert_cmpuint (now, ==, MIN (first << (i + 1), 512 * 1024));
    }
  g_assert_cmpuint (room (0, 0, now_us + 60 * SECOND), ==, first);
}

/* ---- a path ---- */

/* @bytes_per_s of it, a round trip, and a sender of messages of 1,008 bytes */
typedef struct {
  const char *name;
  unsigned bytes_per_s, sent_bytes_per_s, slower_after_s, slower_bytes_per_s;
  int64_t rtt_us;
  unsigned seconds;
  int64_t most_age_us;    /* at the client */
  unsigned least_percent; /* of what the path, or the sender if that is less, could have */
} Path;

typedef struct {
  int64_t sent_us, due_us;
  size_t bytes;
} InFlight;

typedef struct {
  const Path *path;
  GQueue *flight; /* of InFlight: in the kernel, and on the way */
  uint64_t delivered, arrived;
  int64_t busy_until_us, oldest_us;
  uint32_t outq;
} Link;

/* as conn.c: what is written leaves at the path's rate; it has been acknowledged a round trip later */
static void
write_link (Link *link, const uint8_t *data, size_t len, int64_t now_us, int64_t began_us)
{
  const Path *path = link->path;
  bool slow = path->slower_after_s > 0 && now_us - began_us >= path->slower_after_s * SECOND;
  unsigned rate = slow ? path->slower_bytes_per_s : path->bytes_per_s;
  InFlight *piece = g_new (InFlight, 1);

  link->busy_until_us = MAX (link->busy_until_us, now_us) + (int64_t) len * SECOND / rate;
  memcpy (&piece->sent_us, data, sizeof piece->sent_us);
  piece->due_us = link->busy_until_us + path->rtt_us;
  piece->bytes = len;
  link->outq += (uint32_t) len;
  g_queue_push_tail (link->flight, piece);
  link->oldest_us = MAX (link->oldest_us, link->busy_until_us + path->rtt_us / 2 - piece->sent_us);
}

static void
acknowledge (Link *link, int64_t now_us)
{
  for (InFlight *piece; (piece = g_queue_peek_head (link->flight)) != NULL && piece->due_us <= now_us;)
    {
      link->delivered += piece->bytes;
      link->outq -= (uint32_t) piece->bytes;
      g_free (g_queue_pop_head (link->flight));
    }
}

static void
pump (Link *link, int64_t now_us, int64_t began_us)
{
  for (size_t len; (len = relay_egress_peek (&egress, now_us, got)) > 0; relay_egress_pop (&egress))
    {
      if (relay_egress_get_room (&egress, len, link->delivered, link->outq, link->path->rtt_us, now_us) == 0)
        return;
      write_link (link, got, len, now_us, began_us);
    }
}

static void
test_path (gconstpointer user)
{
  const Path *path = user;
  Link link = { .path = path, .flight = g_queue_new () };
  const int64_t began_us = 1000 * SECOND;
  uint64_t pushed = 0, possible = 0;

  begin ();
  for (int64_t now_us = began_us; now_us < began_us + path->seconds * SECOND; now_us += MS)
    {
      uint8_t data[1008] = { 0 };
      const void *const pieces[3] = { data };
      const size_t lens[3] = { sizeof data };

      acknowledge (&link, now_us);
      memcpy (data, &now_us, sizeof now_us);
      while (pushed * SECOND < path->sent_bytes_per_s * (uint64_t) (now_us - began_us))
        {
          g_assert_true (relay_egress_push (&egress, true, pieces, lens, now_us));
          pushed += sizeof data;
          pump (&link, now_us, began_us);
        }
      if ((now_us - began_us) % RELAY_EGRESS_POLL_US == 0)
        pump (&link, now_us, began_us);
    }
  for (unsigned second = 0; second < path->seconds; second++)
    possible += MIN (path->sent_bytes_per_s, path->slower_after_s > 0 && second >= path->slower_after_s
                                                 ? path->slower_bytes_per_s
                                                 : path->bytes_per_s);
  g_test_message ("oldest %d ms, %d %% of what was possible", (int) (link.oldest_us / MS),
                  (int) (100 * link.delivered / possible));
  g_assert_cmpint (link.oldest_us, <=, path->most_age_us);
  g_assert_cmpuint (100 * link.delivered, >=, path->least_percent * possible);
  g_queue_free_full (link.flight, g_free);
  begin ();
}

static const Path paths[] = {
  { "slow", 25000, 250000, 0, 0, 1 * MS, 20, 400 * MS, 95 },
  { "very-slow", 8000, 250000, 0, 0, 1 * MS, 20, 800 * MS, 95 },
  { "slow-and-far", 25000, 250000, 0, 0, 100 * MS, 20, 500 * MS, 95 },
  { "enough", 1000000, 250000, 0, 0, 20 * MS, 20, 100 * MS, 99 },
  { "enough-and-far", 1000000, 250000, 0, 0, 200 * MS, 20, 300 * MS, 85 }, /* begins slowly */
  { "just-too-little", 220000, 250000, 0, 0, 30 * MS, 20, 350 * MS, 95 },
  { "fast", 100000000, 20000000, 0, 0, 1 * MS, 5, 160 * MS, 99 },
  /* what lies in the kernel when it happens cannot be taken back */
  { "becomes-slow", 2000000, 250000, 10, 25000, 20 * MS, 20, 1000 * MS, 95 },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/egress/order", test_order);
  g_test_add_func ("/relay/egress/wrap", test_wrap);
  g_test_add_func ("/relay/egress/age", test_age);
  g_test_add_func ("/relay/egress/answers", test_answers);
  g_test_add_func ("/relay/egress/full", test_full);
  g_test_add_func ("/relay/egress/room/first", test_room_first);
  g_test_add_func ("/relay/egress/room/long", test_room_long);
  g_test_add_func ("/relay/egress/room/unlimited", test_room_unlimited);
  g_test_add_func ("/relay/egress/room/grows", test_room_grows);
  for (unsigned i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *name = g_strdup_printf ("/relay/egress/path/%s", paths[i].name);

      g_test_add_data_func (name, &paths[i], test_path);
    }
  return g_test_run ();
}
