/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much may lie in the kernel of one client's connection, and which messages wait here: media over TCP that comes late is
 * worth nothing, so what waits too long is dropped, oldest first, instead of being sent after it (bufferbloat). No I/O, no
 * clock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** RELAY_EGRESS_AGE_US: media that has waited here for so long is dropped. */
#define RELAY_EGRESS_AGE_US (150 * 1000)
/** RELAY_EGRESS_BYTES: what may wait here; more pushes out the oldest media. */
#define RELAY_EGRESS_BYTES (128 * 1024)
/** RELAY_EGRESS_POLL_US: when to ask again while something waits. */
#define RELAY_EGRESS_POLL_US (5 * 1000)

/** RelayEgress: zeroed to begin. */
typedef struct {
  uint64_t dropped_pkts, dropped_bytes; /* media that waited too long, or found no room */
  /*< private >*/
  uint8_t *ring; /* owned; NULL while nothing waits */
  uint32_t head, used;
  uint32_t window;
  bool is_limited; /* there was no room since the last measure */
  bool was_full;   /* ... since the window last grew */
  uint64_t rate_bytes, delivered_then;
  int64_t then_us;
} RelayEgress;

void relay_egress_clear (RelayEgress *egress);

/**
 * relay_egress_get_room:
 * @want: bytes of the next message
 * @delivered: bytes that the peer's kernel has acknowledged so far
 * @outq: bytes on their way to it: in our kernel, sent or not (SIOCOUTQ), and in the stream
 * @rtt_us: least round trip
 *
 * The kernel may hold what the connection delivers in a round trip and 100 ms more, at the rate of late; twice as much each
 * time that it has run empty after it was full.
 *
 * Returns: how many bytes may be written now; 0: not even @want.
 */
size_t relay_egress_get_room (RelayEgress *egress, size_t want, uint64_t delivered, uint32_t outq, int64_t rtt_us,
                              int64_t now_us);

static inline bool
relay_egress_is_empty (const RelayEgress *egress)
{
  return egress->used == 0;
}

/** relay_egress_push: one message in up to three pieces. @is_media: may be dropped when it is late.
 *  Returns: false when there is no room and nothing to push out; media is then counted as dropped. */
bool relay_egress_push (RelayEgress *egress, bool is_media, const void *const pieces[3], const size_t lens[3],
                        int64_t now_us);
/** relay_egress_peek: the oldest message that is not too old, in one piece. Returns: its bytes; 0: nothing waits.
 *  @ret_data: (transfer none): room for 65,560 bytes. */
size_t relay_egress_peek (RelayEgress *egress, int64_t now_us, uint8_t *ret_data);
/** relay_egress_pop: takes the oldest away. */
void relay_egress_pop (RelayEgress *egress);
